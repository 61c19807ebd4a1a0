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
	if until, ok := ParseDate(string(n.Until)); !ok {
		c.Add("/until", "consent.until_not_a_date")
	} else {
		c.Require(until >= today, "/until", "consent.until_past")
		c.Require(until <= today.AddMonths(MaxConsentMonths), "/until", "consent.until_too_far")
	}
	return c.Err()
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

// WithdrawalReceipt lists what a withdrawal closed.
type WithdrawalReceipt struct {
	Consent             Consent
	ClosedReferrals     []string
	EndedShares         []string
	CancelledDeliveries []string
}
