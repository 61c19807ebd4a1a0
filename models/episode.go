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
	EndDate        Date   // empty while open
	EndReason      string // code list end_reason, with EndDate
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
	Version           int64
	CreatedAt         time.Time
}

// NewEpisode is what a worker records when an episode starts. Items not asked are
// "99", as TDI has it; leaving one out is an error, so that nobody forgets to ask.
type NewEpisode struct {
	StartDate         Date
	Structured        *bool
	LegalBasis        string
	Protocol          string
	PreviousTreatment string
	ReferralSource    string
	PrimaryDrug       string
	Route             string
	Injecting         string
}

// Check validates a new episode on the civil date today. The organisation decides
// whether structured treatment is possible.
func (n NewEpisode) Check(today Date, org *Organisation) error {
	var c Checks
	start, ok := ParseDate(string(n.StartDate))
	c.Require(ok, "/startDate", "episode.start_not_a_date")
	c.Require(!ok || start <= today, "/startDate", "episode.start_in_future")
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
	e.EndDate, e.EndReason, e.LastContact = cl.On, cl.Reason, cl.On
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
