package models

import (
	"slices"
	"time"
)

// Dose order states.
const (
	OrderActive = "active"
	OrderOnHold = "on_hold"
	OrderEnded  = "ended"
)

// End reasons that no prescriber chooses: the first is a confirmed transfer's.
const orderEndTransferred = "transferred"

// DoseOrder is one person's agonist treatment as a prescriber ordered it. A confirmed
// person has at most one that is not ended, over all sites: the database holds that.
// No consent stops it: consent decides who reads, not who is treated.
type DoseOrder struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	PersonID       PersonID // follows the client when records are joined or parted
	OrganisationID OrganisationID
	EpisodeID      string // the open episode at the start, if any
	Medicine       string // code list oat_medicine
	Schedule       string // code list oat_schedule
	Phase          string // code list oat_phase
	DoseUg         int64  // of one dose; a day's dose on a daily schedule
	LowTolerance   bool
	FromDate       Date
	State          string
	Reason         string // of the hold or the end
	EndedAt        *time.Time
	TransferID     string // that opened the order here
	// PriorDoseAt and PriorDoseUg are the last dose at the site the order came from.
	PriorDoseAt       *time.Time
	PriorDoseUg       int64
	Outside           []string `gorm:"serializer:json"` // guards the dose in force lies outside of
	GuardReason       string
	IdentityCheckedAt time.Time // on paper: only that it was done, when and by whom
	IdentityCheckedBy UserID
	Version           int64
	CreatedAt         time.Time
	CreatedBy         UserID
}

// DoseOrderVersion is one version of an order; none is ever changed.
type DoseOrderVersion struct {
	OrderID     string `gorm:"primaryKey"`
	Version     int64  `gorm:"primaryKey"`
	Action      string
	Phase       string
	DoseUg      int64
	State       string
	Reason      string
	Outside     []string `gorm:"serializer:json"`
	GuardReason string
	At          time.Time
	ByUser      UserID
}

// AsVersion is the order's present state for its history.
func (o *DoseOrder) AsVersion(action string, at time.Time, by UserID) *DoseOrderVersion {
	return &DoseOrderVersion{OrderID: o.ID, Version: o.Version, Action: action, Phase: o.Phase, DoseUg: o.DoseUg, State: o.State,
		Reason: o.Reason, Outside: o.Outside, GuardReason: o.GuardReason, At: at, ByUser: by}
}

// Prescriber is the party that moves an order.
const Prescriber Party = "prescriber"

// DoseOrderMachine is the life of a dose order. A confirmed transfer ends the sender's
// order; nothing else that happens elsewhere touches it.
var DoseOrderMachine = &Machine{
	Noun: "dose_order", States: []string{OrderActive, OrderOnHold, OrderEnded}, Start: []string{OrderActive},
	Moves: []Move{
		{"dose-change", []Party{Prescriber}, []string{OrderActive}, OrderActive},
		{"phase-change", []Party{Prescriber}, []string{OrderActive}, OrderActive},
		{"taper", []Party{Prescriber}, []string{OrderActive}, OrderActive},
		{"hold", []Party{Prescriber}, []string{OrderActive}, OrderOnHold},
		{"resumption", []Party{Prescriber}, []string{OrderOnHold}, OrderActive},
		{"ending", []Party{Prescriber}, []string{OrderActive, OrderOnHold}, OrderEnded},
		{"transfer", nil, []string{OrderActive, OrderOnHold}, OrderEnded},
	},
}

// schedulesOf says which schedules a medicine has; models/protocols describes the same.
var schedulesOf = map[string][]string{
	"methadone":           {"daily"},
	"buprenorphine":       {"daily", "alternate_day"},
	"buprenorphine_depot": {"weekly_depot", "monthly_depot"},
}

// maxOrderAhead is how many days ahead an order may begin [E].
const maxOrderAhead = 30

// NewDoseOrder is what a prescriber orders.
type NewDoseOrder struct {
	Medicine, Schedule, Phase string
	DoseUg                    int64 // 0: not a dose
	From                      Date
	LowTolerance              bool
	IdentityChecked           bool
	GuardReason               string
}

// Check validates a new order on the civil date today.
func (n NewDoseOrder) Check(today Date) error {
	var c Checks
	schedules, known := schedulesOf[n.Medicine]
	c.Require(known, "/medicine", "dose_order.medicine_unknown")
	c.Require(InList("oat_schedule", n.Schedule), "/schedule", "dose_order.schedule_unknown")
	c.Require(!known || !InList("oat_schedule", n.Schedule) || slices.Contains(schedules, n.Schedule), "/schedule", "dose_order.schedule_not_of_medicine")
	c.Require(InList("oat_phase", n.Phase), "/phase", "dose_order.phase_unknown")
	c.Require(n.DoseUg > 0, "/doseMg", "dose.not_a_dose")
	from, ok := ParseDate(string(n.From))
	c.Require(ok, "/from", "dose_order.from_not_a_date")
	c.Require(!ok || from <= today.AddDays(maxOrderAhead), "/from", "dose_order.from_too_far")
	c.Require(n.IdentityChecked, "/identityChecked", "dose_order.identity_not_checked")
	checkGuardReason(&c, n.GuardReason)
	return c.Err()
}

// Guard asks for a reason when the dose is outside a guard. A new order is a first day
// wherever the treatment went on before: only a confirmed transfer carries that over.
func (n NewDoseOrder) Guard(rules DoseRules) (outside []string, err error) {
	outside = rules.above(n.Medicine, n.DoseUg, situation{true, n.LowTolerance})
	return outside, askReason(outside, n.GuardReason)
}

// DoseOrderChange carries what an action on an order says.
type DoseOrderChange struct {
	DoseUg      int64  // dose-change; resumption: 0 keeps the dose
	HasDose     bool   // a dose was sent
	Phase       string // phase-change
	Reason      string // hold, ending
	GuardReason string // dose-change, resumption
}

// Check validates what an action says, before any record is looked up.
func (ch DoseOrderChange) Check(action string) error {
	var c Checks
	switch action {
	case "dose-change":
		c.Require(ch.DoseUg > 0, "/doseMg", "dose.not_a_dose")
	case "resumption":
		c.Require(!ch.HasDose || ch.DoseUg > 0, "/doseMg", "dose.not_a_dose")
	case "phase-change":
		c.Require(InList("oat_phase", ch.Phase), "/phase", "dose_order.phase_unknown")
	case "hold":
		c.Require(InList("oat_hold_reason", ch.Reason), "/reason", "dose_order.reason_unknown")
	case "ending":
		c.Require(InList("oat_end_reason", ch.Reason), "/reason", "dose_order.reason_unknown")
		c.Require(ch.Reason != orderEndTransferred, "/reason", "dose_order.reason_of_a_transfer")
	}
	checkGuardReason(&c, ch.GuardReason)
	return c.Err()
}

// Do makes a move of the order. firstDay says that no dose was taken on an earlier day.
func (o *DoseOrder) Do(action string, ch DoseOrderChange, rules DoseRules, firstDay bool, at time.Time) error {
	to, err := DoseOrderMachine.Next(o.State, action, Prescriber)
	if err != nil {
		return err
	}
	switch action {
	case "dose-change", "resumption":
		if ch.DoseUg > 0 {
			outside := rules.above(o.Medicine, ch.DoseUg, situation{firstDay, o.LowTolerance})
			if ch.DoseUg > 2*o.DoseUg {
				outside = append(outside, GuardMoreThanTwice)
			}
			if err := askReason(outside, ch.GuardReason); err != nil {
				return err
			}
			o.DoseUg, o.Outside, o.GuardReason = ch.DoseUg, outside, ch.GuardReason
		}
		o.Reason = ""
	case "phase-change":
		o.Phase = ch.Phase
	case "taper":
		o.Phase = "reducing"
	case "hold":
		o.Reason = ch.Reason
	case "ending":
		o.Reason, o.EndedAt = ch.Reason, &at
	}
	o.State = to
	o.Version++
	return nil
}

// HandedOver ends the order because another site has confirmed that it goes on there.
func (o *DoseOrder) HandedOver(at time.Time) {
	o.State, o.Reason, o.EndedAt = OrderEnded, orderEndTransferred, &at
	o.Version++
}
