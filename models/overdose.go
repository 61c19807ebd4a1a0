package models

import (
	"slices"
	"strings"
	"time"
)

// Overdose is one overdose, of a known client or of nobody known. Where it happened is a
// kind of place in a region, never an address.
type Overdose struct {
	ID             string   `gorm:"primaryKey"`
	ClientID       ClientID // empty without a known client
	OrganisationID OrganisationID
	Region         string
	Place          string // code list overdose_place
	At             time.Time
	Substances     []string `gorm:"serializer:json"` // suspected
	NaloxoneDoses  int
	Ambulance      string // code list ambulance; empty in a report of place and time
	Outcome        string // code list overdose_outcome; empty in a report of place and time
	State          string
	FollowedUpOn   Date
	ReviewedOn     Date
	Version        int64
	CreatedAt      time.Time
	CreatedBy      UserID
}

// Overdose states.
const (
	OverdoseReported    = "reported"
	OverdoseResponse    = "response"
	OverdoseSurvived    = "survived"
	OverdoseDied        = "died"
	OverdoseFollowUp    = "follow_up_24h"
	OverdosePlanReview  = "plan_review_7d"
	OverdoseDeathReview = "death_review"
	OverdoseClosed      = "closed"
)

var holder = []Party{Holder}

// OverdoseMachine is the life of an overdose. What is not known can be closed: not
// everybody can be followed up.
var OverdoseMachine = &Machine{
	Noun: "overdose",
	States: []string{OverdoseReported, OverdoseResponse, OverdoseSurvived, OverdoseDied, OverdoseFollowUp, OverdosePlanReview,
		OverdoseDeathReview, OverdoseClosed},
	Start: []string{OverdoseReported, OverdoseResponse, OverdoseSurvived, OverdoseDied},
	Moves: []Move{
		{"response", holder, []string{OverdoseReported}, OverdoseResponse},
		{"survival", holder, []string{OverdoseReported, OverdoseResponse}, OverdoseSurvived},
		{"death", holder, []string{OverdoseReported, OverdoseResponse, OverdoseSurvived, OverdoseFollowUp}, OverdoseDied},
		{"follow-up", holder, []string{OverdoseSurvived}, OverdoseFollowUp},
		{"plan-review", holder, []string{OverdoseFollowUp}, OverdosePlanReview},
		{"death-review", holder, []string{OverdoseDied}, OverdoseDeathReview},
		{"closure", holder, []string{OverdoseReported, OverdoseResponse, OverdoseSurvived, OverdosePlanReview, OverdoseDeathReview}, OverdoseClosed},
	},
}

// NewOverdose is what a worker reports. A prison's security reports region, place and time.
type NewOverdose struct {
	Region        string
	Place         string
	At            time.Time
	Substances    []string
	NaloxoneDoses int
	Ambulance     string
	Outcome       string
}

// Limits of a report, decisions of this project.
const (
	MaxNaloxoneDoses  = 20
	overdoseReportAge = 366 * 24 * time.Hour
)

// Check validates a report in a country. placeOnly is a report by an organisation that
// keeps no records of people: it says place and time, and nothing about anybody.
func (n NewOverdose) Check(country string, now time.Time, today Date, placeOnly bool) error {
	var c Checks
	c.Require(RegionKnown(country, n.Region, today), "/region", "overdose.region_unknown")
	requireCode(&c, "overdose_place", n.Place, "/place")
	c.Require(!n.At.After(now), "/at", "overdose.in_future")
	c.Require(n.At.After(now.Add(-overdoseReportAge)), "/at", "overdose.too_long_ago")
	if placeOnly {
		c.Require(len(n.Substances) == 0, "/substances", "overdose.place_and_time_only")
		c.Require(n.NaloxoneDoses == 0, "/naloxoneDoses", "overdose.place_and_time_only")
		c.Require(n.Ambulance == "", "/ambulance", "overdose.place_and_time_only")
		c.Require(n.Outcome == "", "/outcome", "overdose.place_and_time_only")
		return c.Err()
	}
	requireCodes(&c, substanceList, n.Substances, "/substances")
	checkResponse(&c, n.NaloxoneDoses, n.Ambulance)
	requireCode(&c, "overdose_outcome", n.Outcome, "/outcome")
	return c.Err()
}

func checkResponse(c *Checks, doses int, ambulance string) {
	c.Require(doses >= 0 && doses <= MaxNaloxoneDoses, "/naloxoneDoses", "overdose.doses_out_of_range")
	requireCode(c, "ambulance", ambulance, "/ambulance")
}

// State is where the record of a report starts.
func (n NewOverdose) State() string {
	switch {
	case n.Outcome == "survived":
		return OverdoseSurvived
	case n.Outcome == "died":
		return OverdoseDied
	case n.NaloxoneDoses > 0 || n.Ambulance == "yes":
		return OverdoseResponse
	}
	return OverdoseReported
}

// OverdoseMove carries what a move says beyond its name.
type OverdoseMove struct {
	NaloxoneDoses int    // response: in all
	Ambulance     string // response
	On            Date   // follow-up, plan-review, death-review
}

// Check validates what a move says.
func (m OverdoseMove) Check(name string, today Date) error {
	var c Checks
	switch name {
	case "response":
		checkResponse(&c, m.NaloxoneDoses, m.Ambulance)
	case "follow-up", "plan-review", "death-review":
		checkOn(&c, m.On, today)
	}
	return c.Err()
}

// Do makes a move; what it says was checked before. zone is the facility's.
func (o *Overdose) Do(name string, m OverdoseMove, zone string) error {
	state, err := OverdoseMachine.Next(o.State, name, Holder)
	if err != nil {
		return err
	}
	if m.On != "" && m.On < DateOf(o.At, zone) {
		var c Checks
		c.Add("/on", "overdose.before_event")
		return c.Err()
	}
	o.State = state
	o.Version++
	switch name {
	case "response":
		o.NaloxoneDoses, o.Ambulance = m.NaloxoneDoses, m.Ambulance
	case "survival":
		o.Outcome = "survived"
	case "death":
		o.Outcome = "died"
	case "follow-up":
		o.FollowedUpOn = m.On
	case "plan-review", "death-review":
		o.ReviewedOn = m.On
	}
	return nil
}

// overdoseRisk is how long the risk is high after an overdose: an editorial default.
const overdoseRisk = 28 * 24 * time.Hour

// HighRiskUntil is when the risk of a client who had an overdose is no longer rated high
// for it; nil without a client, and for the dead.
func (o *Overdose) HighRiskUntil() *time.Time {
	if o.ClientID == "" || o.Outcome == "died" {
		return nil
	}
	until := o.At.Add(overdoseRisk)
	return &until
}

// Offers lists what a survivor should be offered: naloxone again when no kit was given
// since, and agonist treatment without waiting after an opioid.
func (o *Overdose) Offers(hasKit bool) []string {
	offers := []string{}
	if o.ClientID == "" || o.Outcome == "died" {
		return offers
	}
	if !hasKit {
		offers = append(offers, "naloxone_refill")
	}
	if slices.ContainsFunc(o.Substances, func(s string) bool { return SubstanceGroup3(s) == "opioids" }) {
		offers = append(offers, "oat_fast_track")
	}
	return offers
}

// ClusterWindow is how near two overdoses in one place lie that propose an alert: an
// editorial default.
const ClusterWindow = 72 * time.Hour

// NaloxoneKit is one kit of take-home naloxone: in stock, with a client or somebody
// unknown, used or lost.
type NaloxoneKit struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	ClientID       ClientID // whom it was given to; empty for stock and for anybody unknown
	Lot            string
	ExpiresOn      Date
	GivenOn        Date
	State          string
	UsedOn         Date
	OverdoseID     string // where it was used
	Version        int64
	CreatedAt      time.Time
}

// Kit states; expired is computed.
const (
	KitStocked = "stocked"
	KitGiven   = "given"
	KitUsed    = "used"
	KitLost    = "lost"
	KitExpired = "expired"
)

// KitMachine is the life of a kit.
var KitMachine = &Machine{
	Noun: "naloxone_kit", States: []string{KitStocked, KitGiven, KitUsed, KitLost}, Start: []string{KitStocked},
	Moves: []Move{
		{"handover", holder, []string{KitStocked}, KitGiven},
		{"use", holder, []string{KitStocked, KitGiven}, KitUsed},
		{"loss", holder, []string{KitStocked, KitGiven}, KitLost},
	},
}

// NewNaloxoneKit is a kit that comes into stock.
type NewNaloxoneKit struct {
	Lot       string
	ExpiresOn Date
}

// Check validates a new kit. A lot is a maker's number: few letters and digits.
func (n NewNaloxoneKit) Check(today Date) error {
	var c Checks
	odd := strings.ContainsFunc(n.Lot, func(r rune) bool {
		return !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
	})
	if odd || len(n.Lot) > 16 || !strings.ContainsAny(n.Lot, "0123456789") { // a name has no digit
		c.Add("/lot", "naloxone_kit.lot_form")
	} else {
		CheckText(&c, "/lot", n.Lot)
	}
	expires, ok := ParseDate(string(n.ExpiresOn))
	c.Require(ok, "/expiresOn", "entry.not_a_date")
	c.Require(!ok || expires >= today, "/expiresOn", "naloxone_kit.expired")
	return c.Err()
}

// KitMove carries what a move of a kit says: the day it happened.
type KitMove struct{ On Date }

// Check validates a move of a kit.
func (m KitMove) Check(today Date) error {
	var c Checks
	checkOn(&c, m.On, today)
	return c.Err()
}

// Do makes a move. An expired kit is not handed out; using one in need is recorded.
func (k *NaloxoneKit) Do(name string, m KitMove) error {
	state, err := KitMachine.Next(k.State, name, Holder)
	if err != nil {
		return err
	}
	var c Checks
	c.Require(m.On >= k.GivenOn, "/on", "naloxone_kit.before_handover")
	if err := c.Err(); err != nil {
		return err
	}
	switch name {
	case "handover":
		if m.On > k.ExpiresOn {
			return Fail(KindConflict, "naloxone_kit.expired", "The kit is past its date; give another one.")
		}
		k.GivenOn = m.On
	case "use":
		k.UsedOn = m.On
	}
	k.State = state
	k.Version++
	return nil
}

// StateOn returns the state with expiry computed.
func (k *NaloxoneKit) StateOn(today Date) string {
	if (k.State == KitStocked || k.State == KitGiven) && today > k.ExpiresOn {
		return KitExpired
	}
	return k.State
}
