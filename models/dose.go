package models

import (
	"slices"
	"time"
)

// Dose statuses. "vomited" says that the dose taken before it that day came up again;
// "error" says that the entry it corrects was wrong and nothing stands in its place.
const (
	DoseGiven    = "given"
	DoseMissed   = "missed"
	DoseRefused  = "refused"
	DoseWithheld = "withheld_intoxicated"
	DoseVomited  = "vomited"
	DoseError    = "error"
)

// notTaken are the statuses that close the day's window without a dose.
var notTaken = []string{DoseMissed, DoseRefused, DoseWithheld}

// DoseEvent is what happened at the dispensing window. Events add; none is ever edited
// or removed: a correction is a new event that names the one it corrects.
type DoseEvent struct {
	ID             string `gorm:"primaryKey"`
	OrderID        string
	ClientID       ClientID
	OrganisationID OrganisationID // that recorded it: a guest site records on the home site's order
	Status         string
	At             time.Time
	OnDate         Date // civil day at the facility
	DoseUg         int64
	TakeHomeDays   int // further days handed out with the dose
	Witnessed      bool
	Corrects       string
	Outside        []string `gorm:"serializer:json"`
	GuardReason    string
	CreatedAt      time.Time
	CreatedBy      UserID
}

// maxTakeHome is the most days of take-home doses (data dictionary).
const maxTakeHome = 30

// NewDose is what a worker records.
type NewDose struct {
	Status       string
	At           time.Time
	DoseUg       int64
	HasDose      bool
	TakeHomeDays int
	Witnessed    bool
	GuardReason  string
	Corrects     string
}

// Check validates a dose event at the time now, before any record is looked up.
func (n NewDose) Check(now time.Time) error {
	var c Checks
	c.Require(InList("dose_status", n.Status), "/status", "dose.status_unknown")
	c.Require(!n.At.IsZero(), "/at", "dose.at_required")
	c.Require(!n.At.After(now), "/at", "dose.in_future")
	given := n.Status == DoseGiven
	c.Require(!given || n.DoseUg > 0, "/doseMg", "dose.not_a_dose")
	c.Require(given || !n.HasDose, "/doseMg", "dose.only_of_a_given_dose")
	c.Require(n.TakeHomeDays >= 0 && n.TakeHomeDays <= maxTakeHome, "/takeHomeDays", "dose.take_home_days")
	c.Require(given || n.TakeHomeDays == 0, "/takeHomeDays", "dose.only_of_a_given_dose")
	c.Require(n.Status != DoseError || n.Corrects != "", "/corrects", "dose.error_corrects")
	checkGuardReason(&c, n.GuardReason)
	return c.Err()
}

// DoseDay is what the guards need to know of the order beside the dose itself.
type DoseDay struct {
	On        Date
	GivenUg   int64    // given that civil day already, here or at the site the order came from
	FirstDay  bool     // no dose was taken on an earlier day
	GapBefore *DoseGap // since the last dose taken; nil when none was
}

// Guard lists the guards that a dose lies outside of, and asks for a reason.
func (n NewDose) Guard(o *DoseOrder, day DoseDay, rules DoseRules) (outside []string, err error) {
	outside = []string{}
	if n.Status != DoseGiven {
		return outside, nil
	}
	total := day.GivenUg + n.DoseUg
	anew := day.GapBefore != nil && day.GapBefore.Band == bandReinduct
	outside = rules.above(o.Medicine, total, situation{day.FirstDay || anew, o.LowTolerance})
	if total > o.DoseUg {
		outside = append(outside, GuardAboveOrder)
	}
	if o.State == OrderOnHold || o.State == OrderEnded && n.At.After(*o.EndedAt) {
		outside = append(outside, GuardNotActive)
	}
	if day.GapBefore != nil && day.GapBefore.ToAssess() {
		outside = append(outside, GuardAfterGap)
	}
	return outside, askReason(outside, n.GuardReason)
}

// NotTaken reports whether the event says that the day's dose was not taken.
func (e *DoseEvent) NotTaken() bool { return slices.Contains(notTaken, e.Status) }

// TakenUntil is when the last dose that the event stands for was taken: doses taken home
// are assumed to be taken one a day, at the same hour, as far as they reach by now.
func (e *DoseEvent) TakenUntil(now time.Time) time.Time {
	days := int(now.Sub(e.At) / (24 * time.Hour))
	return e.At.AddDate(0, 0, max(0, min(days, e.TakeHomeDays)))
}

// DoubleDosing says that a client may have been given an agonist at two places on one
// day. Each prescriber is told of its own client and of nothing else.
type DoubleDosing struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	ClientID       ClientID
	OrderID        string
	OnDate         Date
	State          string // open, settled
	Outcome        string // code list double_dosing_outcome
	Version        int64
	CreatedAt      time.Time
}

// DoubleDosingDays is how far back a dose is compared with those of other sites: at five missed
// daily doses a treatment is begun anew [G], so that an older dose says nothing of today's
// danger. Looking further would only answer who was where, and when.
const DoubleDosingDays = 5

// Compares reports whether a dose of the order on a day is compared with other sites': the
// order was not ended then, and the day is near.
func (o *DoseOrder) Compares(on, today Date, zone string) bool {
	return on >= today.AddDays(-DoubleDosingDays) && on >= o.FromDate && (o.EndedAt == nil || on <= DateOf(*o.EndedAt, zone))
}

// TableName keeps the name of the thing: gorm would make a plural of it.
func (DoubleDosing) TableName() string { return "double_dosing" }

// DoubleDosingMachine is the life of a suspicion: people settle it, nothing is blocked.
var DoubleDosingMachine = &Machine{
	Noun: "double_dosing", States: []string{"open", "settled"}, Start: []string{"open"},
	Moves: []Move{{"settlement", []Party{Prescriber}, []string{"open"}, "settled"}},
}

// CheckDoubleDosingOutcome validates an outcome, before any record is looked up.
func CheckDoubleDosingOutcome(outcome string) error {
	var c Checks
	c.Require(InList("double_dosing_outcome", outcome), "/outcome", "double_dosing.outcome_unknown")
	return c.Err()
}

// Settle records what people found out.
func (d *DoubleDosing) Settle(outcome string) error {
	to, err := DoubleDosingMachine.Next(d.State, "settlement", Prescriber)
	if err != nil {
		return err
	}
	d.State, d.Outcome = to, outcome
	d.Version++
	return nil
}
