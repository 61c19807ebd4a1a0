package models

import (
	"slices"
	"time"
)

// Disclosure is one entry of the disclosure log: an organisation's record of a client was
// shown or given to somebody else. It names the consent it rested on, or the ground on
// which it happened without one.
type Disclosure struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID // whose record it is
	RecipientID    OrganisationID // empty when the recipient is not in the directory
	Recipient      string         // code list disclosure_recipient, for those
	Categories     []Category     `gorm:"serializer:json"`
	ConsentID      string
	Ground         string // code list disclosure_ground; without one it rested on the consent
	Reference      string // of a lawful request: a random id, never a case number
	ClientTold     bool
	NotToldReason  string
	At             time.Time
	ActorID        UserID
}

// NewDisclosure is what a worker enters who gave something away on a legal ground. The
// service shows the recipient nothing: paper, a call or a visit did.
type NewDisclosure struct {
	Recipient     string // code list disclosure_recipient
	Categories    []Category
	Ground        string // code list disclosure_ground
	ClientTold    *bool
	NotToldReason string // code list disclosure_not_told
}

// groundRecipients is who may be given something on which ground. A relative with a
// "lawful request" is a mistake or a pretext.
var groundRecipients = map[string][]string{
	"imminent_danger":      {"police", "relative", "other_health"},
	"unable_to_consent":    {"relative", "other_health"},
	"communicable_disease": {"epidemiology"},
	"lawful_request":       {"court", "prosecutor", "police", "lawyer", "ombudsman"},
	"court_duty":           {"court"},
}

// Check validates an entry.
func (n NewDisclosure) Check() error {
	var c Checks
	known := InList("disclosure_recipient", n.Recipient)
	c.Require(known, "/recipient", "disclosure.recipient_unknown")
	if recipients, legal := groundRecipients[n.Ground]; !legal { // what opens a record here is nobody's to enter
		c.Add("/ground", "disclosure.ground_unknown")
	} else {
		c.Require(!known || slices.Contains(recipients, n.Recipient), "/ground", "disclosure.ground_not_for_recipient")
	}
	c.Require(len(n.Categories) > 0, "/categories", "disclosure.category_unknown")
	for i, cat := range n.Categories {
		c.Require(slices.Contains(ClientCategories, cat) && !slices.Contains(n.Categories[:i], cat), "/categories", "disclosure.category_unknown")
	}
	c.Require(n.ClientTold != nil, "/clientTold", "disclosure.client_told_required")
	told := n.ClientTold != nil && *n.ClientTold
	c.Require(told == (n.NotToldReason == "") || n.ClientTold == nil, "/notToldReason", "disclosure.not_told_reason")
	c.Require(n.NotToldReason == "" || slices.Contains(reasonsNotTold, n.NotToldReason), "/notToldReason", "disclosure.not_told_reason")
	return c.Err()
}

// reasonsNotTold are those a worker may give. That nobody recorded it is no reason to enter.
var reasonsNotTold = []string{"forbidden_by_law", "danger", "not_reachable", "not_able"}

// Complete says of an entry the service made itself whether the client was told, and if not,
// why. A consent tells: the client was there and named the recipient.
func (d *Disclosure) Complete() {
	switch {
	case d.ClientTold || d.NotToldReason != "":
	case d.ConsentID != "":
		d.ClientTold = true
	case d.Ground == string(Team), d.Ground == string(InCustody):
		d.NotToldReason = "routine_care"
	default:
		d.NotToldReason = "not_recorded"
	}
}

// CourtDuty is a duty to a court, in writing, that names a probation office.
type CourtDuty struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID // that recorded it
	ProbationID    OrganisationID
	FromDate       Date
	UntilDate      Date // inclusive
	EndedAt        *time.Time
	Version        int64
	CreatedAt      time.Time
	CreatedBy      UserID
}

// MaxDutyMonths is how far ahead a court duty may run; longer ones are recorded anew [E].
const MaxDutyMonths = 24

// CheckCourtDuty validates the last day of a duty that begins today.
func CheckCourtDuty(until, today Date) error {
	var c Checks
	checkPeriod(&c, "court_duty", "/until", "/until", today, until, today)
	if _, ok := ParseDate(string(until)); ok {
		c.Require(until <= today.AddMonths(MaxDutyMonths), "/until", "court_duty.until_too_far")
	}
	return c.Err()
}

// InForce reports whether the duty holds on the civil date.
func (d *CourtDuty) InForce(on Date) bool {
	return d.EndedAt == nil && d.FromDate <= on && on <= d.UntilDate
}
