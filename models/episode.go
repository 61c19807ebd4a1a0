package models

import (
	"slices"
	"time"
)

// Episode is one client's continuous contact with one organisation, pinned to a
// protocol edition. It carries the TDI entry items that indicators count.
type Episode struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID
	Structured     bool // treatment in the TDI sense
	StartDate      Date
	EndDate        Date       // empty while open
	EndReason      string     // code list end_reason, with EndDate
	ClosedAt       *time.Time // when the end was recorded
	LastContact    Date
	LegalBasis     string
	// Protocol and Edition pin the reference edition the episode follows.
	Protocol string
	Edition  string
	// Sex and AgeAtStart are taken at entry and stay; the birth year stays in the
	// linkage store.
	Sex               string
	AgeAtStart        int // completed years as far as the birth year tells; -1 unknown
	CentreType        string
	PreviousTreatment string
	ReferralSource    string
	PrimaryDrug       string
	Route             string
	Injecting         string
	State             string
	SuspendedFor      string     // code list suspension_reason, while suspended
	SuspendedAt       *time.Time // since when
	Reopens           string     // the closed episode that this one takes up again
	Version           int64
	CreatedAt         time.Time
}

// Episode states.
const (
	EpisodeScreened    = "screened"
	EpisodeAssessed    = "assessed"
	EpisodePlanned     = "planned"
	EpisodeInTreatment = "in_treatment"
	EpisodeSuspended   = "suspended"
	EpisodeAftercare   = "aftercare"
	EpisodeClosed      = "closed"
)

var openEpisodeStates = []string{EpisodeScreened, EpisodeAssessed, EpisodePlanned, EpisodeInTreatment, EpisodeSuspended, EpisodeAftercare}

// Holder is the organisation that wrote a record which has one party only.
const Holder Party = "holder"

// EpisodeMachine is the life of an episode. Custody, hospital and travel suspend and never
// close. A reopening leaves the closed episode as it was counted and starts another, in
// assessed, that names it.
var EpisodeMachine = &Machine{
	Noun:   "episode",
	States: append(slices.Clone(openEpisodeStates), EpisodeClosed),
	Start:  []string{EpisodeScreened, EpisodeAssessed, EpisodePlanned, EpisodeInTreatment},
	Moves: []Move{
		{"assessment", []Party{Holder}, []string{EpisodeScreened}, EpisodeAssessed},
		{"plan", []Party{Holder}, []string{EpisodeAssessed}, EpisodePlanned},
		{"treatment", []Party{Holder}, []string{EpisodePlanned}, EpisodeInTreatment},
		{"suspension", []Party{Holder}, []string{EpisodeInTreatment}, EpisodeSuspended},
		{"resumption", []Party{Holder}, []string{EpisodeSuspended}, EpisodeInTreatment},
		{"aftercare", []Party{Holder}, []string{EpisodeInTreatment, EpisodeSuspended}, EpisodeAftercare},
		{"closure", []Party{Holder}, openEpisodeStates, EpisodeClosed},
		{"reopening", []Party{Holder}, []string{EpisodeClosed}, EpisodeAssessed},
	},
}

// EpisodeMove carries what a move says beyond its name.
type EpisodeMove struct {
	Reason    string // suspension: code list suspension_reason
	Emergency string // treatment without consent: code list emergency_ground
}

// Check validates what a move says, before any record is looked up.
func (m EpisodeMove) Check(name string) error {
	var c Checks
	if name == "suspension" {
		c.Require(InList("suspension_reason", m.Reason), "/reason", "episode.suspension_reason_unknown")
	}
	if m.Emergency != "" {
		c.Require(InList("emergency_ground", m.Emergency), "/emergency", "episode.emergency_ground_unknown")
	}
	return c.Err()
}

// Do makes a move. Treatment starts on a treatment consent in force or an order of a
// court; may says whether there is one. An emergency does not wait for either.
func (e *Episode) Do(name string, m EpisodeMove, may bool, at time.Time) error {
	next, err := EpisodeMachine.Next(e.State, name, Holder)
	if err != nil {
		return err
	}
	if name == "treatment" && !may && m.Emergency == "" {
		return Fail(KindConflict, "episode.consent_required", "Treatment starts on a consent to treatment in force or an order of a court; in an emergency, name its ground.")
	}
	e.State, e.SuspendedFor, e.SuspendedAt = next, "", nil
	if name == "suspension" {
		e.suspended(m.Reason, at)
	}
	e.Version++
	return nil
}

// Suspend suspends because of something that happened elsewhere, and reports whether that
// changed anything: only treatment that runs can be suspended, and a person may go from
// one place to another, from hospital to custody.
func (e *Episode) Suspend(why string, at time.Time) bool {
	switch {
	case e.State == EpisodeInTreatment:
		e.State = EpisodeSuspended
	case e.State == EpisodeSuspended && e.SuspendedFor != why:
	default:
		return false
	}
	e.suspended(why, at)
	e.Version++
	return true
}

func (e *Episode) suspended(why string, at time.Time) { e.SuspendedFor, e.SuspendedAt = why, &at }

// ByCourt reports whether a court ordered the treatment.
func (e *Episode) ByCourt() bool { return e.LegalBasis == "court_ordered" }

// InHospital reports whether the client is in hospital, so that soft limits stand still.
func (e *Episode) InHospital() bool { return e.SuspendedFor == "hospital" }

// CheckReopening validates the day on which an episode is taken up again.
func CheckReopening(on, today Date) error {
	var c Checks
	_, ok := ParseDate(string(on))
	c.Require(ok, "/startDate", "episode.start_not_a_date")
	c.Require(!ok || on <= today, "/startDate", "episode.start_in_future")
	return c.Err()
}

// Allowed lists the moves that can be made now, as far as the state tells.
func (e *Episode) Allowed() []string { return EpisodeMachine.Allowed(e.State, Holder) }

// ReopenMonths is how long after its end an episode may be taken up again (editorial).
const ReopenMonths = 12

// Reopened is the episode that takes this one up again on a date: a new record, because
// the old one was counted as it ended. What was asked at entry is kept, but whoever comes
// back has been treated before.
func (e *Episode) Reopened(id string, on Date, edition string) (*Episode, error) {
	if _, err := EpisodeMachine.Next(e.State, "reopening", Holder); err != nil {
		return nil, err
	}
	switch {
	case e.EndReason == "8" || e.EndReason == "11":
		return nil, Fail(KindConflict, "episode.not_reopenable", "An episode that ended by death or was opened in error is not taken up again.")
	case on > e.EndDate.AddMonths(ReopenMonths):
		return nil, Fail(KindConflict, "episode.reopen_too_late", "An episode is taken up again within %d months of its end; start a new one.", ReopenMonths)
	case on < e.EndDate:
		var c Checks
		c.Add("/startDate", "episode.start_before_end")
		return nil, c.Err()
	}
	again := *e
	again.ID, again.Reopens, again.Edition, again.State = id, e.ID, edition, EpisodeAssessed
	again.StartDate, again.EndDate, again.EndReason, again.LastContact = on, "", "", on
	again.Version, again.SuspendedFor, again.SuspendedAt, again.ClosedAt = 1, "", nil, nil
	if e.Structured {
		again.PreviousTreatment = "2"
	}
	return &again, nil
}

// NewEpisode is what a worker records when an episode starts. Items not asked are
// "99", as TDI has it; leaving one out is an error, so that nobody forgets to ask.
type NewEpisode struct {
	StartDate         Date
	State             string // where the episode comes in; empty: treatment that runs already
	Structured        *bool
	LegalBasis        string
	Protocol          string
	PreviousTreatment string
	ReferralSource    string
	PrimaryDrug       string
	Route             string
	Injecting         string
}

// Begins is the state in which the episode comes in.
func (n NewEpisode) Begins() string {
	if n.State == "" {
		return EpisodeInTreatment
	}
	return n.State
}

// Check validates a new episode on the civil date today. The organisation decides
// whether structured treatment is possible.
func (n NewEpisode) Check(today Date, org *Organisation) error {
	var c Checks
	start, ok := ParseDate(string(n.StartDate))
	c.Require(ok, "/startDate", "episode.start_not_a_date")
	c.Require(!ok || start <= today, "/startDate", "episode.start_in_future")
	c.Require(n.State == "" || slices.Contains(EpisodeMachine.Start, n.State), "/state", "episode.start_state_unknown")
	c.Require(n.Structured == nil || !*n.Structured || org.ReportsStructured, "/structured", "episode.organisation_gives_no_structured_treatment")
	for _, item := range []struct{ pointer, list, code string }{
		{"/legalBasis", "legal_basis", n.LegalBasis},
		{"/previousTreatment", "tdi_previous_treatment", n.PreviousTreatment},
		{"/referralSource", "tdi_referral_source", n.ReferralSource},
		{"/primaryDrug", "substance", n.PrimaryDrug},
		{"/route", "tdi_route", n.Route},
		{"/injecting", "tdi_injecting", n.Injecting},
	} {
		c.Require(InList(item.list, item.code), item.pointer, "episode.code_not_in_list")
	}
	if n.Route == "1" { // injecting the primary drug is injecting (data dictionary A.0)
		c.Require(slices.Contains([]string{"2.1", "2.2", "2.3", "99"}, n.Injecting), "/injecting", "episode.route_implies_injecting")
	}
	return c.Err()
}

// AgeFromYear returns completed years on a date as far as a birth year can tell: before
// July the birthday is taken to lie ahead, so that errors of one year go both ways.
func AgeFromYear(birthYear int, on Date) int {
	age := on.Year() - birthYear
	if on.Time().Month() < 7 {
		age--
	}
	return age
}

// EpisodeContact is a face-to-face contact noted within an episode, beside those that are
// entries of the record.
type EpisodeContact struct {
	ID        string `gorm:"primaryKey"`
	EpisodeID string
	ClientID  ClientID
	OnDate    Date
	CreatedAt time.Time
}

// CheckContact validates the day of a contact, before any record is looked up.
func CheckContact(on, today Date) error {
	var c Checks
	_, ok := ParseDate(string(on))
	c.Require(ok, "/on", "episode.contact_not_a_date")
	c.Require(!ok || on <= today, "/on", "episode.contact_in_future")
	return c.Err()
}

// Contact records that the client was seen face to face on a day. Contacts may be entered
// late and in any order; the last one is what the inactivity rule looks at.
func (e *Episode) Contact(on Date) error {
	if !e.Open() {
		return Fail(KindConflict, "episode.closed", "The episode is closed already.")
	}
	if on < e.StartDate {
		var c Checks
		c.Add("/on", "episode.contact_before_start")
		return c.Err()
	}
	e.LastContact = max(e.LastContact, on)
	e.Version++
	return nil
}

// Open reports whether the episode has not ended.
func (e *Episode) Open() bool { return e.EndDate == "" }

// EpisodeClosure ends an episode.
type EpisodeClosure struct {
	On     Date
	Reason string // code list end_reason
}

// Check validates a closure on the civil date today, before any record is looked up.
func (cl EpisodeClosure) Check(today Date) error {
	var c Checks
	end, ok := ParseDate(string(cl.On))
	c.Require(ok, "/endDate", "episode.end_not_a_date")
	c.Require(!ok || end <= today, "/endDate", "episode.end_in_future")
	c.Require(InList("end_reason", cl.Reason), "/endReason", "episode.code_not_in_list")
	c.Require(cl.Reason != "9", "/endReason", "episode.reason_of_the_inactivity_rule")
	return c.Err()
}

// Close ends the episode. transferAccepted says that a receiver accepted the client:
// without it nobody can be "transferred" (reasons 3 and 4).
func (e *Episode) Close(cl EpisodeClosure, transferAccepted bool) error {
	if !e.Open() {
		return Fail(KindConflict, "episode.closed", "The episode is closed already.")
	}
	if cl.On < e.StartDate {
		var c Checks
		c.Add("/endDate", "episode.end_before_start")
		return c.Err()
	}
	if (cl.Reason == "3" || cl.Reason == "4") && !transferAccepted {
		return Fail(KindConflict, "episode.transfer_not_accepted", "A client is transferred only after the receiver has accepted.")
	}
	e.EndDate, e.EndReason, e.LastContact = cl.On, cl.Reason, max(e.LastContact, cl.On)
	e.State, e.SuspendedFor, e.SuspendedAt = EpisodeClosed, "", nil
	e.Version++
	return nil
}

// Follow moves an open episode to another edition of its protocol.
func (e *Episode) Follow(edition string) error {
	if !e.Open() {
		return Fail(KindConflict, "episode.closed", "The episode is closed already.")
	}
	if e.Edition == edition {
		return Fail(KindConflict, "episode.edition_same", "The episode follows this edition already.")
	}
	e.Edition = edition
	e.Version++
	return nil
}
