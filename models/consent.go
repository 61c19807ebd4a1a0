package models

import (
	"slices"
	"time"
)

// Consent states that are stored. "expired" is never stored: it is computed when
// the consent is looked at.
const (
	ConsentOffered   = "offered"
	ConsentRefused   = "refused"
	ConsentGiven     = "given"
	ConsentWithdrawn = "withdrawn"
	ConsentInvalid   = "invalid"
	ConsentExpired   = "expired"
)

// MaxConsentMonths is how far ahead a consent may run.
const MaxConsentMonths = 24

// Consent is a client's permission: to whom, for what, which categories, until
// when. It is checked at the moment of use, never copied into what rests on it.
type Consent struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID // that recorded it
	Purpose        Purpose
	// RecipientID or RecipientKind names the recipient; linkage purposes have none.
	RecipientID   OrganisationID
	RecipientKind OrganisationKind
	Categories    []Category `gorm:"serializer:json"`
	FromDate      Date
	UntilDate     Date // inclusive
	State         string
	WithdrawnAt   *time.Time
	Version       int64
	CreatedAt     time.Time
	CreatedBy     UserID
}

// NewConsent is what a worker records with the client present.
type NewConsent struct {
	// State is what the client answered: given when empty, offered while there is no
	// answer, refused.
	State         string
	Purpose       Purpose
	RecipientID   OrganisationID
	RecipientKind OrganisationKind
	Categories    []Category
	Until         Date
}

// Counting reports whether the purpose allows counting only, without a recipient.
func (p Purpose) Counting() bool { return p == PurposeLinkageFacility || p == PurposeLinkageSector }

// Check validates a new consent on the civil date today.
func (n NewConsent) Check(today Date) error {
	var c Checks
	c.Require(slices.Contains([]string{"", ConsentGiven, ConsentOffered, ConsentRefused}, n.State), "/state", "consent.state_unknown")
	c.Require(slices.Contains(Purposes, n.Purpose) && n.Purpose != PurposeResearch, "/purpose", "consent.purpose_unknown")
	for _, cat := range n.Categories {
		c.Require(slices.Contains(ClientCategories, cat), "/categories", "consent.category_unknown")
	}
	if n.Purpose.Counting() {
		c.Require(n.RecipientID == "" && n.RecipientKind == "", "/recipient", "consent.recipient_not_for_counting")
		c.Require(len(n.Categories) == 0, "/categories", "consent.categories_not_for_counting")
	} else {
		c.Require((n.RecipientID == "") != (n.RecipientKind == ""), "/recipient", "consent.one_recipient")
		if n.RecipientKind != "" {
			_, cares := n.RecipientKind.Sector()
			c.Require(cares || n.RecipientKind == KindProbation, "/recipient/kind", "consent.recipient_not_care")
		}
	}
	checkUntil(&c, n.Until, today)
	return c.Err()
}

// checkUntil holds the last day of a consent between today and 24 months ahead.
func checkUntil(c *Checks, day, today Date) {
	until, ok := ParseDate(string(day))
	if !ok {
		c.Add("/until", "consent.until_not_a_date")
		return
	}
	c.Require(until >= today, "/until", "consent.until_past")
	c.Require(until <= today.AddMonths(MaxConsentMonths), "/until", "consent.until_too_far")
}

// InForce reports whether the consent holds on the civil date.
func (c *Consent) InForce(on Date) bool {
	return c.State == ConsentGiven && c.FromDate <= on && on <= c.UntilDate
}

// StateOn returns the state with expiry computed.
func (c *Consent) StateOn(on Date) string {
	if c.State == ConsentGiven && on > c.UntilDate {
		return ConsentExpired
	}
	return c.State
}

// Names reports whether the consent's recipient is the organisation.
func (c *Consent) Names(id OrganisationID, kind OrganisationKind) bool {
	return c.RecipientID == id && id != "" || c.RecipientKind == kind && kind != ""
}

// CoversReferral reports whether the consent allows sending a referral with the
// reason to the organisation. A dose-continuity consent is enough for an agonist
// transfer, whose recipient it was signed for.
func (c *Consent) CoversReferral(to *Organisation, reason string, on Date) bool {
	purpose := c.Purpose == PurposeReferral || c.Purpose == PurposeTreatmentContinuity ||
		c.Purpose == PurposeDoseContinuity && reason == "oat_transfer"
	return purpose && c.InForce(on) && c.Names(to.ID, to.Kind)
}

// CoversTreatment reports whether the client agreed to be treated by the organisation.
func (c *Consent) CoversTreatment(id OrganisationID, kind OrganisationKind, on Date) bool {
	return c.Purpose == PurposeTreatment && c.InForce(on) && (c.RecipientID == "" && c.RecipientKind == "" || c.Names(id, kind))
}

// Withdraw ends the consent at once. Withdrawing twice changes nothing.
func (c *Consent) Withdraw(at time.Time) (changed bool, err error) {
	switch c.State {
	case ConsentWithdrawn:
		return false, nil
	case ConsentGiven, ConsentOffered:
		c.State, c.WithdrawnAt = ConsentWithdrawn, &at
		c.Version++
		return true, nil
	}
	return false, Fail(KindConflict, "consent.not_given", "Only a consent that was given can be withdrawn.")
}

// Invalidate ends a consent that was never the client's free answer. It acts like a
// withdrawal on what rests on it. Doing it twice changes nothing.
func (c *Consent) Invalidate(at time.Time) (changed bool, err error) {
	switch c.State {
	case ConsentInvalid:
		return false, nil
	case ConsentGiven, ConsentOffered:
		c.State, c.WithdrawnAt = ConsentInvalid, &at
		c.Version++
		return true, nil
	}
	return false, Fail(KindConflict, "consent.not_given", "Only a consent that was given can be found invalid.")
}

// ConsentMachine is the life of a consent. Expiry is no move: it is computed.
var ConsentMachine = &Machine{
	Noun:   "consent",
	States: []string{ConsentOffered, ConsentRefused, ConsentGiven, ConsentWithdrawn, ConsentInvalid},
	Start:  []string{ConsentOffered, ConsentRefused, ConsentGiven},
	Moves: []Move{
		{"acceptance", []Party{Sender}, []string{ConsentOffered}, ConsentGiven},
		{"refusal", []Party{Sender}, []string{ConsentOffered}, ConsentRefused},
		{"narrowing", []Party{Sender}, []string{ConsentGiven}, ConsentGiven},
		{"renewal", []Party{Sender}, []string{ConsentGiven}, ConsentGiven},
		{"withdrawal", []Party{Sender}, []string{ConsentOffered, ConsentGiven}, ConsentWithdrawn},
		{"invalidity", []Party{Sender}, []string{ConsentOffered, ConsentGiven}, ConsentInvalid},
	},
}

// ConsentMove carries what a change of a consent says: what is left of it, or how long
// it now runs.
type ConsentMove struct {
	Categories *[]Category // narrowing
	Until      Date        // narrowing, renewal
}

// Check looks at the input only, on the civil date today.
func (m ConsentMove) Check(name string, today Date) error {
	var c Checks
	switch name {
	case "narrowing":
		c.Require(m.Categories != nil || m.Until != "", "/categories", "consent.nothing_narrowed")
		if m.Categories != nil {
			for _, cat := range *m.Categories {
				c.Require(slices.Contains(ClientCategories, cat), "/categories", "consent.category_unknown")
			}
		}
		if m.Until != "" {
			checkUntil(&c, m.Until, today)
		}
	case "renewal":
		checkUntil(&c, m.Until, today)
	}
	return c.Err()
}

// Do makes a move that leaves the consent in force or answers an offer. Narrowing only
// ever takes away: a category more, or a day more, needs a consent of its own or a
// renewal. A renewal after the last day begins today, so that the history does not say
// that the days between were covered.
func (c *Consent) Do(name string, m ConsentMove, today Date) error {
	next, err := ConsentMachine.Next(c.State, name, Sender)
	if err != nil {
		return err
	}
	switch name {
	case "acceptance":
		if c.UntilDate < today {
			return Fail(KindConflict, "consent.offer_lapsed", "The offer ran until a day that has passed; record a new consent.")
		}
		c.FromDate = today
	case "narrowing":
		if err := c.narrow(m, today); err != nil {
			return err
		}
	case "renewal":
		if m.Until <= c.UntilDate {
			var checks Checks
			checks.Add("/until", "consent.not_longer")
			return checks.Err()
		}
		if c.UntilDate < today {
			c.FromDate = today
		}
		c.UntilDate = m.Until
	}
	c.State = next
	c.Version++
	return nil
}

func (c *Consent) narrow(m ConsentMove, today Date) error {
	if !c.InForce(today) {
		return Fail(KindConflict, "consent.not_in_force", "The consent is not in force; there is nothing to narrow.")
	}
	var checks Checks
	left := c.Categories
	if m.Categories != nil {
		left = []Category{}
		for _, cat := range *m.Categories {
			checks.Require(slices.Contains(c.Categories, cat), "/categories", "consent.not_narrower")
			if !slices.Contains(left, cat) {
				left = append(left, cat)
			}
		}
	}
	checks.Require(m.Until == "" || m.Until <= c.UntilDate, "/until", "consent.not_narrower")
	if err := checks.Err(); err != nil {
		return err
	}
	c.Categories = left
	if m.Until != "" {
		c.UntilDate = m.Until
	}
	return nil
}

// ConsentVersion is what a consent said before a change of it, and what the change ended.
type ConsentVersion struct {
	ConsentID  string `gorm:"primaryKey"`
	Version    int64  `gorm:"primaryKey"`
	ClientID   ClientID
	Categories []Category `gorm:"serializer:json"`
	FromDate   Date
	UntilDate  Date
	State      string
	Change     string   // the move that ended this version
	Reason     string   // of an invalidity: code list consent_invalid_reason
	Deliveries []string `gorm:"serializer:json"` // cancelled by the change
	Transfers  []string `gorm:"serializer:json"` // cancelled by the change
	ChangedAt  time.Time
	ChangedBy  UserID
}

// WithdrawalReceipt lists what a withdrawal closed.
type WithdrawalReceipt struct {
	Consent             Consent
	ClosedReferrals     []string
	EndedShares         []OrganisationID
	EndedShareKinds     []OrganisationKind
	CancelledDeliveries []string
	CancelledTransfers  []string
}
