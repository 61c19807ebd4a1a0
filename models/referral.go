package models

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Referral asks another organisation to take over or add care. It rests on one
// consent, looked at again at every use.
type Referral struct {
	ID                 string `gorm:"primaryKey"`
	FromOrganisationID OrganisationID
	ToOrganisationID   OrganisationID
	FromClientID       ClientID
	ToClientID         ClientID // the receiver's own record, from acceptance on
	ToCode             string   // the client's code in the receiver's sector
	// ConsentID is empty when it rests on the court duty that SupervisionID names.
	ConsentID string `gorm:"default:null"`
	// SupervisionID is the consent or court duty by which a probation office supervises the
	// person; empty when a care organisation sends its own client.
	SupervisionID string
	Reason        string
	Urgency       string
	Needs         []string `gorm:"serializer:json"`
	Note          string   // screened
	State         string
	SentAt        time.Time
	AnswerDue     time.Time
	AppointmentAt *time.Time
	AttendedOn    Date
	SettledAt     *time.Time // when it reached a state it does not leave
	DeclineReason string
	Alternative   string
	WithdrawnAt   *time.Time
	Version       int64
	CreatedBy     UserID
}

// Referral states. A referral is created in "sent"; reading never changes a state.
const (
	ReferralSent             = "sent"
	ReferralReceived         = "received"
	ReferralAccepted         = "accepted"
	ReferralDeclined         = "declined"
	ReferralInfoRequested    = "info_requested"
	ReferralAppointmentFixed = "appointment_fixed"
	ReferralAttended         = "attended"
	ReferralNoShow           = "no_show"
	ReferralReEngagement     = "re_engagement"
	ReferralClosedLost       = "closed_lost"
	ReferralCancelled        = "cancelled"
	ReferralConsentWithdrawn = "consent_withdrawn"
)

// ReferralStates lists every state.
var ReferralStates = []string{
	ReferralSent, ReferralReceived, ReferralAccepted, ReferralDeclined, ReferralInfoRequested,
	ReferralAppointmentFixed, ReferralAttended, ReferralNoShow, ReferralReEngagement, ReferralClosedLost,
	ReferralCancelled, ReferralConsentWithdrawn,
}

// MaxRefusedTries is how often on one day a probation office that was refused a referral for
// one person is answered anew [E]: enough for a slip of the hand, too few to ask about a
// list of organisations.
const MaxRefusedTries = 3

// OpenReferralStates are the states a withdrawal of consent closes.
var OpenReferralStates = []string{
	ReferralSent, ReferralReceived, ReferralAccepted, ReferralInfoRequested, ReferralAppointmentFixed,
	ReferralNoShow, ReferralReEngagement,
}

// Party says which side of a referral acts.
type Party string

// Parties.
const (
	Sender   Party = "sender"
	Receiver Party = "receiver"
)

var unanswered = []string{ReferralSent, ReferralReceived, ReferralInfoRequested}

// ReferralMachine is the life of a referral. Withdrawal of its consent is the one move
// that nobody makes by hand, see Withdrawn.
var ReferralMachine = &Machine{
	Noun: "referral", States: ReferralStates, Start: []string{ReferralSent},
	Moves: []Move{
		{"receipt", []Party{Receiver}, []string{ReferralSent}, ReferralReceived},
		{"acceptance", []Party{Receiver}, unanswered, ReferralAccepted},
		{"decline", []Party{Receiver}, unanswered, ReferralDeclined},
		{"info-request", []Party{Receiver}, []string{ReferralSent, ReferralReceived}, ReferralInfoRequested},
		{"appointment", []Party{Receiver}, []string{ReferralAccepted, ReferralAppointmentFixed, ReferralNoShow, ReferralReEngagement}, ReferralAppointmentFixed},
		{"attendance", []Party{Receiver}, []string{ReferralAccepted, ReferralAppointmentFixed}, ReferralAttended},
		{"no-show", []Party{Receiver}, []string{ReferralAccepted, ReferralAppointmentFixed}, ReferralNoShow},
		{"re-engagement", []Party{Sender, Receiver}, []string{ReferralNoShow}, ReferralReEngagement},
		{"closure", []Party{Sender, Receiver}, []string{ReferralNoShow, ReferralReEngagement}, ReferralClosedLost},
		{"cancellation", []Party{Sender}, []string{ReferralSent, ReferralReceived, ReferralInfoRequested, ReferralAccepted, ReferralAppointmentFixed}, ReferralCancelled},
		{"consent-withdrawal", nil, OpenReferralStates, ReferralConsentWithdrawn},
	},
}

// Time to answer a referral, editorial defaults of the reference edition (rule
// referral.answer, basis editorial): not a standard.
const (
	AnswerRoutine = 3 * 24 * time.Hour
	AnswerUrgent  = 24 * time.Hour
)

// NewReferral is what a worker sends.
type NewReferral struct {
	SupervisionID    string // of a probation office, instead of a client's code
	ToOrganisationID OrganisationID
	Reason           string
	Urgency          string
	Needs            []string
	Note             string
}

// needsOfCare are judged by those who treat: a probation office does not ask for them.
var needsOfCare = []string{"oat", "hiv_test", "hcv_test", "tb_test"}

// checkSupervised holds what a probation office sends to who needs what: no words, nothing
// that says a finding, and no reason by which care is handed over.
func (n NewReferral) checkSupervised(c *Checks) {
	c.Require(n.Reason == "other", "/reason", "referral.reason_not_for_supervision")
	c.Require(!slices.ContainsFunc(n.Needs, func(need string) bool { return slices.Contains(needsOfCare, need) }), "/needs", "referral.need_not_for_supervision")
	c.Require(strings.TrimSpace(n.Note) == "", "/note", "referral.note_not_for_supervision")
}

// Check validates a new referral; the note is screened and never echoed.
func (n NewReferral) Check() error {
	var c Checks
	if n.SupervisionID != "" {
		n.checkSupervised(&c)
	}
	c.Require(n.ToOrganisationID != "", "/toOrganisation", "referral.receiver_required")
	c.Require(InList("referral_reason", n.Reason), "/reason", "referral.reason_unknown")
	c.Require(InList("referral_urgency", n.Urgency), "/urgency", "referral.urgency_unknown")
	for i, need := range n.Needs {
		c.Require(InList("referral_need", need) && !slices.Contains(n.Needs[:i], need), "/needs", "referral.need_unknown")
	}
	CheckText(&c, "/note", n.Note)
	return c.Err()
}

// ReferralMove carries what an action says beyond its name.
type ReferralMove struct {
	AppointmentAt time.Time // appointment
	On            Date      // attendance
	Reason        string    // decline: code list decline_reason
	Alternative   string    // decline: what is offered instead, screened text
}

// Do makes a move of the state machine; the move itself was checked before.
func (r *Referral) Do(name string, by Party, m ReferralMove) error {
	next, err := ReferralMachine.Next(r.State, name, by)
	var refused *Error
	if errors.As(err, &refused) && refused.Code == "referral.not_possible" && (name == "acceptance" || name == "decline" || name == "receipt") {
		refused.Code = "referral.not_pending"
	}
	if err != nil {
		return err
	}
	if name == "attendance" && m.On < DateOf(r.SentAt, "UTC").AddDays(-1) { // one day for zones
		return Fail(KindConflict, "referral.attended_before_sent", "Nobody attends before the referral was sent.")
	}
	r.State = next
	r.Version++
	switch name {
	case "appointment":
		at := m.AppointmentAt.UTC().Truncate(time.Millisecond) // TIMESTAMP has no zone
		r.AppointmentAt = &at
	case "attendance":
		r.AttendedOn = m.On
	case "decline":
		r.DeclineReason, r.Alternative = m.Reason, m.Alternative
	}
	return nil
}

// Check validates what a move says, at the time now and the civil date today. It looks
// at the input only, so that a bad one is refused before any record is looked up.
func (m ReferralMove) Check(name string, now time.Time, today Date) error {
	var c Checks
	switch name {
	case "appointment":
		c.Require(m.AppointmentAt.After(now), "/at", "referral.appointment_in_past")
	case "attendance":
		on, ok := ParseDate(string(m.On))
		c.Require(ok, "/on", "referral.attended_on_not_a_date")
		c.Require(!ok || on <= today, "/on", "referral.attended_in_future")
	case "decline":
		c.Require(InList("decline_reason", m.Reason), "/reason", "referral.decline_reason_unknown")
		c.Require(strings.TrimSpace(m.Alternative) != "", "/alternative", "referral.alternative_required")
		CheckText(&c, "/alternative", m.Alternative)
	}
	return c.Err()
}

// CheckNoShow refuses to say that somebody did not come before the time they were asked for.
func (r *Referral) CheckNoShow(action string, now time.Time) error {
	if action == "no-show" && r.State == ReferralAppointmentFixed && r.AppointmentAt != nil && now.Before(*r.AppointmentAt) {
		return Fail(KindConflict, "referral.appointment_ahead", "The time of the appointment has not come yet.")
	}
	return nil
}

// Allowed lists the moves the party can make now.
func (r *Referral) Allowed(by Party) []string { return ReferralMachine.Allowed(r.State, by) }

// Withdrawn closes an open referral because its consent was withdrawn.
func (r *Referral) Withdrawn(at time.Time) {
	r.State, r.WithdrawnAt = ReferralConsentWithdrawn, &at
	r.Version++
}

// DutyEnded takes back an open referral because the court duty it rests on has ended.
func (r *Referral) DutyEnded(at time.Time) {
	r.State, r.SettledAt = ReferralCancelled, &at
	r.Version++
}

// Overdue reports whether somebody waits too long: for an answer, or past a fixed
// appointment that nobody recorded. It is computed when read, never stored.
func (r *Referral) Overdue(now time.Time) bool {
	if slices.Contains(unanswered, r.State) {
		return now.After(r.AnswerDue)
	}
	return r.State == ReferralAppointmentFixed && r.AppointmentAt != nil && now.After(r.AppointmentAt.Add(24*time.Hour))
}

// HandsOver reports whether accepting the referral makes the receiver responsible for
// the person: only the organisation that is responsible can hand over, and a link to
// infection care adds care without moving it.
func (r *Referral) HandsOver(responsible OrganisationID) bool {
	return r.FromOrganisationID == responsible && !r.AddsCare()
}

// Supervised reports whether a probation office sent it: it adds care and never moves
// responsibility, which is no court's to give.
func (r *Referral) Supervised() bool { return r.SupervisionID != "" }

// OnDuty reports whether it rests on a court duty and no consent.
func (r *Referral) OnDuty() bool { return r.ConsentID == "" }

// Given is the entry of the disclosure log for what the referral gives of the record it was
// sent from.
func (r *Referral) Given(from *Client, categories ...Category) Disclosure {
	d := Disclosure{ClientID: from.ID, OrganisationID: from.OrganisationID, RecipientID: r.ToOrganisationID, Categories: categories, ConsentID: r.ConsentID}
	if r.OnDuty() {
		d.Ground, d.Reference = "court_duty", r.SupervisionID
	}
	return d
}

// AddsCare reports whether the referral asks for a test or its treatment beside the care
// there is: it takes nobody over.
func (r *Referral) AddsCare() bool { return r.Reason == "infection_link" }

// LeavesCustody reports whether accepting the referral of a prison health unit may make the
// receiver responsible for somebody who is held: it is for the release, or takes over the
// agonist treatment. Any other adds care: the unit goes on being responsible for whom it holds.
func (r *Referral) LeavesCustody() bool { return r.Reason == ReasonRelease || r.Reason == reasonDoses }

// Reasons of code list referral_reason that custody asks for.
const (
	ReasonRelease = "release"
	reasonDoses   = "oat_transfer"
)

// unseenEnds are the ends of a referral that a probation office is not told apart: that a
// clinic declined is a health fact, and that the client withdrew is nobody's to punish.
var unseenEnds = []string{ReferralDeclined, ReferralCancelled, ReferralConsentWithdrawn, ReferralClosedLost}

// SeenAs is the state of a referral as the probation office sees that sent it.
func SeenAs(state string) string {
	if slices.Contains(unseenEnds, state) {
		return ReferralClosedLost
	}
	return state
}

// StatesSeenAs are the states that a probation office sees as the one.
func StatesSeenAs(state string) []string {
	switch {
	case state == ReferralClosedLost:
		return unseenEnds
	case slices.Contains(unseenEnds, state):
		return []string{}
	}
	return []string{state}
}
