package models

import (
	"slices"
	"time"
)

// Pass states that are stored. overdue and expired are computed when it is read.
const (
	PassRequested  = "requested"
	PassApproved   = "approved"
	PassConditions = "approved_with_conditions"
	PassRefused    = "refused"
	PassAppealed   = "appealed"
	PassInducted   = "induction_done"
	PassActive     = "active"
	PassSuspended  = "suspended"
	PassRevoked    = "revoked"
	PassExpired    = "expired"
)

// DecisionDays is how long an institution may take over an application (rule
// access.decision, basis editorial). An application never lapses by itself.
const DecisionDays = 10

// AccessPass lets one worker of an NGO into one institution under one agreement.
type AccessPass struct {
	ID            string `gorm:"primaryKey"`
	NGOID         OrganisationID
	InstitutionID OrganisationID
	UserID        UserID
	AgreementID   string
	Purpose       string   // code list partnership_service
	Conditions    []string `gorm:"serializer:json"` // code list access_condition
	State         string
	Reason        string // of a refusal, a suspension or a revocation: code list access_refusal
	RequestedAt   time.Time
	DecideBy      time.Time
	ValidFrom     Date
	ValidUntil    Date // inclusive
	InductedOn    Date
	Version       int64
}

var (
	passUndecided = []string{PassRequested, PassAppealed}
	passGranted   = []string{PassApproved, PassConditions}
	passDecides   = []Party{PartyInstitution}
	passBoth      = []Party{PartyNGO, PartyInstitution}
)

// PassMachine is the life of an access pass.
var PassMachine = &Machine{
	Noun:   "access_pass",
	States: []string{PassRequested, PassApproved, PassConditions, PassRefused, PassAppealed, PassInducted, PassActive, PassSuspended, PassRevoked},
	Start:  []string{PassRequested},
	Moves: []Move{
		{"approval", passDecides, passUndecided, PassApproved},
		{"conditional-approval", passDecides, passUndecided, PassConditions},
		{"refusal", passDecides, passUndecided, PassRefused},
		{"appeal", []Party{PartyNGO}, []string{PassRefused}, PassAppealed},
		{"induction", passDecides, passGranted, PassInducted},
		{"activation", passDecides, []string{PassInducted}, PassActive},
		{"suspension", passBoth, []string{PassActive}, PassSuspended},
		{"resumption", passDecides, []string{PassSuspended}, PassActive},
		{"revocation", passBoth, slices.Concat(passUndecided, passGranted, []string{PassInducted, PassActive, PassSuspended}), PassRevoked},
	},
}

// PassDecisions are the moves that only the head of an institution makes.
var PassDecisions = []string{"approval", "conditional-approval", "refusal"}

// NewPass is an application.
type NewPass struct {
	UserID                UserID
	InstitutionID         OrganisationID
	Purpose               string
	ValidFrom, ValidUntil Date
}

// Check validates an application on the civil date today.
func (n NewPass) Check(today Date) error {
	var c Checks
	c.Require(n.UserID != "", "/user", "access_pass.user_unknown")
	c.Require(n.InstitutionID != "", "/institution", "access_pass.institution_unknown")
	c.Require(InList("partnership_service", n.Purpose), "/purpose", "access_pass.purpose_unknown")
	checkPeriod(&c, "access_pass", "/from", "/until", n.ValidFrom, n.ValidUntil, today)
	return c.Err()
}

// PassMove carries what a move says beyond its name.
type PassMove struct {
	Conditions []string // conditional-approval
	Reason     string   // refusal, suspension, revocation
	On         Date     // induction
}

// Check looks at the input only.
func (m PassMove) Check(name string, today Date) error {
	var c Checks
	switch name {
	case "conditional-approval":
		c.Require(len(m.Conditions) > 0, "/conditions", "access_pass.condition_unknown")
		for i, v := range m.Conditions {
			c.Require(InList("access_condition", v) && !slices.Contains(m.Conditions[:i], v), "/conditions", "access_pass.condition_unknown")
		}
	case "refusal", "suspension", "revocation":
		c.Require(InList("access_refusal", m.Reason), "/reason", "access_pass.reason_unknown")
	case "induction":
		on, ok := ParseDate(string(m.On))
		c.Require(ok, "/on", "access_pass.inducted_on_not_a_date")
		c.Require(!ok || on <= today, "/on", "access_pass.inducted_in_future")
	}
	return c.Err()
}

// Do makes a move at the time now, on the civil date today.
func (p *AccessPass) Do(name string, by Party, m PassMove, now time.Time, today Date) error {
	next, err := PassMachine.Next(p.State, name, by)
	if err != nil {
		return err
	}
	switch name {
	case "conditional-approval":
		p.Conditions, p.Reason = m.Conditions, ""
	case "approval":
		p.Conditions, p.Reason = []string{}, ""
	case "refusal", "suspension", "revocation":
		p.Reason = m.Reason
	case "appeal":
		p.DecideBy = now.AddDate(0, 0, DecisionDays)
	case "induction":
		if m.On < DateOf(p.RequestedAt, "UTC").AddDays(-1) { // one day for zones
			return Fail(KindConflict, "access_pass.inducted_before_request", "Nobody is inducted before the application.")
		}
		p.InductedOn = m.On
	case "activation", "resumption":
		if today > p.ValidUntil {
			return Fail(KindConflict, "access_pass.not_valid_now", "The pass has ended; apply anew.")
		}
		p.Reason = ""
	}
	p.State = next
	p.Version++
	return nil
}

// Overdue reports whether the institution owes a decision. An application that is too
// late stays open: silence is no refusal and no approval.
func (p *AccessPass) Overdue(now time.Time) bool {
	return slices.Contains(passUndecided, p.State) && now.After(p.DecideBy)
}

// StateOn returns the state with expiry computed; an application does not expire.
func (p *AccessPass) StateOn(today Date) string {
	ends := slices.Contains([]string{PassApproved, PassConditions, PassInducted, PassActive, PassSuspended}, p.State)
	if ends && today > p.ValidUntil {
		return PassExpired
	}
	return p.State
}

// InForce reports whether the pass opens the gate on the civil date.
func (p *AccessPass) InForce(on Date) bool {
	return p.State == PassActive && p.ValidFrom <= on && on <= p.ValidUntil
}

// Visit is a line of the gate log: who of an NGO was where and what for, never whom they met.
type Visit struct {
	ID            string `gorm:"primaryKey"`
	PassID        string
	NGOID         OrganisationID
	InstitutionID OrganisationID
	Purpose       string // code list visit_purpose
	OnDate        Date
	State         string // planned, made, cancelled
	Reason        string // code list visit_cancellation
	Version       int64
	CreatedAt     time.Time
}

// VisitMachine is the life of a visit.
var VisitMachine = &Machine{
	Noun:   "visit",
	States: []string{"planned", "made", "cancelled"},
	Start:  []string{"planned"},
	Moves: []Move{
		{"completion", passBoth, []string{"planned"}, "made"},
		{"cancellation", passBoth, []string{"planned"}, "cancelled"},
	},
}

// NewVisit announces a visit on a pass.
type NewVisit struct {
	PassID  string
	Purpose string
	On      Date
}

// Check validates a visit on the civil date today.
func (n NewVisit) Check(today Date) error {
	var c Checks
	_, ok := ParseDate(string(n.On))
	c.Require(ok, "/on", "visit.on_not_a_date")
	c.Require(!ok || n.On >= today, "/on", "visit.on_past")
	c.Require(InList("visit_purpose", n.Purpose), "/purpose", "visit.purpose_unknown")
	c.Require(n.PassID != "", "/pass", "visit.pass_required")
	return c.Err()
}

// Do makes a move on the civil date today; reason is that of a cancellation.
func (v *Visit) Do(name string, by Party, reason string, today Date) error {
	next, err := VisitMachine.Next(v.State, name, by)
	if err != nil {
		return err
	}
	if name == "completion" && v.OnDate > today {
		return Fail(KindConflict, "visit.in_future", "The visit is planned for a later day.")
	}
	v.State, v.Reason = next, reason
	v.Version++
	return nil
}
