package models

import (
	"slices"
	"time"
)

// Parties of agreements and passes.
const (
	PartyNGO         Party = "ngo"
	PartyInstitution Party = "institution"
	PartyProgramme   Party = "programme"
)

// Agreement states that are stored. expiring and expired are computed when it is read.
const (
	AgreementDraft       = "draft"
	AgreementNegotiating = "negotiating"
	AgreementSigned      = "signed"
	AgreementActive      = "active"
	AgreementSuspended   = "suspended"
	AgreementEnded       = "ended"
	AgreementExpiring    = "expiring"
	AgreementExpired     = "expired"
)

// RenewalDays is how long before its end an agreement is shown as expiring (rule
// agreement.renew, basis editorial).
const RenewalDays = 60

// Agreement lets an NGO work in an institution. Its NGO reads nothing of somebody who is
// held there unless the agreement is active and has its annex on data.
type Agreement struct {
	ID                  string `gorm:"primaryKey"`
	NGOID               OrganisationID
	InstitutionID       OrganisationID
	Services            []string `gorm:"serializer:json"` // code list partnership_service
	DataAnnex           bool
	State               string
	ValidFrom           Date
	ValidUntil          Date   // inclusive
	Renews              string // the agreement that this one follows
	SignedByNGO         UserID
	SignedByInstitution UserID
	Transition          string // code list agreement_transition, when it ended
	Version             int64
	CreatedAt           time.Time
}

var (
	agreementParties = []Party{PartyNGO, PartyInstitution, PartyProgramme}
	agreementOffice  = []Party{PartyNGO, PartyProgramme}
)

// AgreementMachine is the life of an agreement. Both sides sign, the NGO first; either
// side and the programme may stop it at any time.
var AgreementMachine = &Machine{
	Noun:   "agreement",
	States: []string{AgreementDraft, AgreementNegotiating, AgreementSigned, AgreementActive, AgreementSuspended, AgreementEnded},
	Start:  []string{AgreementDraft},
	Moves: []Move{
		{"negotiation", agreementOffice, []string{AgreementDraft}, AgreementNegotiating},
		{"signature", []Party{PartyNGO}, []string{AgreementNegotiating}, AgreementNegotiating},
		{"countersignature", []Party{PartyInstitution}, []string{AgreementNegotiating}, AgreementSigned},
		{"activation", agreementOffice, []string{AgreementSigned}, AgreementActive},
		{"suspension", agreementParties, []string{AgreementActive}, AgreementSuspended},
		{"resumption", agreementParties, []string{AgreementSuspended}, AgreementActive},
		{"ending", agreementParties, []string{AgreementDraft, AgreementNegotiating, AgreementSigned, AgreementActive, AgreementSuspended}, AgreementEnded},
		{"renewed", nil, []string{AgreementActive, AgreementSuspended}, AgreementEnded},
	},
}

// NewAgreement is what a coordinator proposes.
type NewAgreement struct {
	NGOID, InstitutionID  OrganisationID
	Services              []string
	DataAnnex             bool
	ValidFrom, ValidUntil Date
	Renews                string
}

// Check validates a proposal on the civil date today.
func (n NewAgreement) Check(today Date) error {
	var c Checks
	c.Require(n.NGOID != "", "/ngo", "agreement.ngo_unknown")
	c.Require(n.InstitutionID != "", "/institution", "agreement.institution_unknown")
	c.Require(len(n.Services) > 0, "/services", "agreement.service_unknown")
	for i, s := range n.Services {
		c.Require(InList("partnership_service", s) && !slices.Contains(n.Services[:i], s), "/services", "agreement.service_unknown")
	}
	checkPeriod(&c, "agreement", "/validFrom", "/validUntil", n.ValidFrom, n.ValidUntil, today)
	return c.Err()
}

// checkPeriod holds two civil dates to their order: noun.from_not_a_date,
// noun.until_not_a_date, noun.ends_before_it_begins, noun.until_past.
func checkPeriod(c *Checks, noun, fromAt, untilAt string, from, until, today Date) {
	_, okFrom := ParseDate(string(from))
	_, okUntil := ParseDate(string(until))
	c.Require(okFrom, fromAt, noun+".from_not_a_date")
	c.Require(okUntil, untilAt, noun+".until_not_a_date")
	if okFrom && okUntil {
		c.Require(from <= until, untilAt, noun+".ends_before_it_begins")
		c.Require(until >= today, untilAt, noun+".until_past")
	}
}

// AgreementMove carries what a move says beyond its name.
type AgreementMove struct {
	By         UserID
	Transition string // ending
}

// Check looks at the input only.
func (m AgreementMove) Check(name string) error {
	var c Checks
	c.Require(name != "ending" || InList("agreement_transition", m.Transition), "/transition", "agreement.transition_unknown")
	return c.Err()
}

// Do makes a move on the civil date today.
func (a *Agreement) Do(name string, by Party, m AgreementMove, today Date) error {
	next, err := AgreementMachine.Next(a.State, name, by)
	if err != nil {
		return err
	}
	switch name {
	case "signature":
		if a.SignedByNGO != "" {
			return Fail(KindConflict, "agreement.signed_already", "The NGO has signed; the institution signs next.")
		}
		a.SignedByNGO = m.By
	case "countersignature":
		if a.SignedByNGO == "" || a.SignedByNGO == m.By {
			return Fail(KindConflict, "agreement.ngo_signs_first", "The NGO's coordinator signs first.")
		}
		a.SignedByInstitution = m.By
	case "activation", "resumption":
		if today < a.ValidFrom || today > a.ValidUntil {
			return Fail(KindConflict, "agreement.not_valid_now", "The agreement is not valid today; it can be active from its first day to its last.")
		}
	case "ending":
		a.Transition = m.Transition
	}
	a.State = next
	a.Version++
	return nil
}

// StateOn returns the state with expiring and expired computed.
func (a *Agreement) StateOn(today Date) string {
	live := a.State == AgreementActive || a.State == AgreementSuspended || a.State == AgreementSigned
	switch {
	case live && today > a.ValidUntil:
		return AgreementExpired
	case a.State == AgreementActive && today >= a.ValidUntil.AddDays(-RenewalDays):
		return AgreementExpiring
	}
	return a.State
}

// InForce reports whether the agreement holds on the civil date.
func (a *Agreement) InForce(today Date) bool {
	return a.State == AgreementActive && a.ValidFrom <= today && today <= a.ValidUntil
}
