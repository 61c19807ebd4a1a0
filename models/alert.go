package models

import (
	"strings"
	"time"
)

// Alert warns of a substance or a place, never of a person. Two overdoses near each other
// propose one; people issue and retract it.
type Alert struct {
	ID             string         `gorm:"primaryKey"`
	OrganisationID OrganisationID // that issued it; empty for a proposal, which nobody wrote
	Kind           string
	State          string
	Region         string
	Place          string // code list overdose_place; empty for a whole region
	At             *time.Time
	Substances     []string `gorm:"serializer:json"`
	Advice         []string `gorm:"serializer:json"` // code list alert_advice
	Note           string   // screened
	ValidUntil     Date
	Retraction     string // code list alert_retraction
	Version        int64
	CreatedAt      time.Time
	IssuedAt       *time.Time
}

// Alert states.
const (
	AlertProposed  = "proposed"
	AlertIssued    = "issued"
	AlertRetracted = "retracted"
)

// AlertMachine is the life of an alert. A proposal is retracted when it is none.
var AlertMachine = Machine{
	Noun: "alert", States: []string{AlertProposed, AlertIssued, AlertRetracted}, Start: []string{AlertProposed, AlertIssued},
	Moves: []Move{
		{"issue", holder, []string{AlertProposed}, AlertIssued},
		{"retraction", holder, []string{AlertProposed, AlertIssued}, AlertRetracted},
	},
}

// AlertText is what an alert tells everybody.
type AlertText struct {
	Substances []string
	Advice     []string
	Note       string
	ValidUntil Date
}

// NewAlert is an alert that somebody issues of their own.
type NewAlert struct {
	Kind   string
	Region string
	Place  string
	AlertText
}

// maxAlertDays is how long an alert may run: an old one teaches people not to read them.
const maxAlertDays = 90

// Check validates a new alert in a country.
func (n NewAlert) Check(country string, today Date) error {
	var c Checks
	requireCode(&c, "alert_kind", n.Kind, "/kind")
	c.Require(RegionKnown(country, n.Region, today), "/region", "alert.region_unknown")
	c.Require(n.Place == "" || InList("overdose_place", n.Place), "/place", "entry.code_not_in_list")
	n.check(&c, today)
	return c.Err()
}

// Check validates the text of an alert that is issued.
func (t AlertText) Check(today Date) error {
	var c Checks
	t.check(&c, today)
	return c.Err()
}

func (t AlertText) check(c *Checks, today Date) {
	requireCodes(c, substanceList, t.Substances, "/substances")
	c.Require(len(t.Advice) > 0, "/advice", "alert.advice_required")
	requireCodes(c, "alert_advice", t.Advice, "/advice")
	CheckText(c, "/note", t.Note)
	until, ok := ParseDate(string(t.ValidUntil))
	c.Require(ok, "/validUntil", "entry.not_a_date")
	c.Require(!ok || until >= today && until <= today.AddDays(maxAlertDays), "/validUntil", "alert.until_out_of_range")
}

// CheckRetraction validates why an alert is taken back.
func CheckRetraction(reason string) error {
	var c Checks
	requireCode(&c, "alert_retraction", reason, "/reason")
	return c.Err()
}

// Say puts the text into the alert.
func (a *Alert) Say(t AlertText) {
	a.Substances, a.Advice, a.Note, a.ValidUntil = orNone(t.Substances), orNone(t.Advice), strings.TrimSpace(t.Note), t.ValidUntil
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Issue makes the alert its issuer's.
func (a *Alert) Issue(t AlertText, by OrganisationID, at time.Time) error {
	state, err := AlertMachine.Next(a.State, "issue", Holder)
	if err != nil {
		return err
	}
	a.Say(t)
	a.State, a.OrganisationID, a.IssuedAt = state, by, &at
	a.Version++
	return nil
}

// Retract takes the alert back.
func (a *Alert) Retract(reason string) error {
	state, err := AlertMachine.Next(a.State, "retraction", Holder)
	if err != nil {
		return err
	}
	a.State, a.Retraction = state, reason
	a.Version++
	return nil
}
