package models

import (
	"slices"
	"time"
)

// Dose transfer states.
const (
	TransferRequested = "requested"
	TransferSent      = "sent"
	TransferConfirmed = "confirmed"
	TransferFirstDose = "first_dose_at_receiver"
	TransferDeclined  = "declined"
	TransferCancelled = "cancelled"
)

// Kinds of dose transfer. A guest is dosed for a while by another site on the home
// site's order: nothing is handed over.
const (
	TransferMove  = "move"
	TransferGuest = "guest"
)

// DoseTransfer carries an agonist treatment from one site to another: what is taken, how
// much, and when last. The sender's order stays open until the receiver has confirmed.
type DoseTransfer struct {
	ID                 string `gorm:"primaryKey"`
	FromOrganisationID OrganisationID
	ToOrganisationID   OrganisationID
	FromClientID       ClientID // named by the sender when it sends
	ToClientID         ClientID // named by a receiver that asks; the joined record from confirmation on
	OtherCode          string   // the client's code in the sector of the party that was asked
	OrderID            string   // of the sender
	ReceiverOrderID    string
	ConsentID          string
	Ground             string
	ClientTold         bool
	NotToldReason      string
	Kind               string
	State              string
	// What the receiver is told, kept current until it confirms.
	Medicine   string
	Schedule   string
	Phase      string
	DoseUg     int64
	LastDoseAt *time.Time
	AnswerDue  time.Time
	UntilDate  Date // of a guest: the last day it is dosed
	Version    int64
	CreatedAt  time.Time
	CreatedBy  UserID
}

// DoseTransferMachine is the life of a transfer. A decline names no reason: a request
// that matches nobody must answer like one that people decline.
var DoseTransferMachine = &Machine{
	Noun:   "dose_transfer",
	States: []string{TransferRequested, TransferSent, TransferConfirmed, TransferFirstDose, TransferDeclined, TransferCancelled},
	Start:  []string{TransferRequested, TransferSent},
	Moves: []Move{
		{"sending", []Party{Sender}, []string{TransferRequested}, TransferSent},
		{"confirmation", []Party{Receiver}, []string{TransferSent}, TransferConfirmed},
		{"decline", []Party{Sender}, []string{TransferRequested}, TransferDeclined},
		{"decline", []Party{Receiver}, []string{TransferSent}, TransferDeclined},
		{"cancellation", []Party{Receiver}, []string{TransferRequested}, TransferCancelled},
		{"cancellation", []Party{Sender}, []string{TransferSent}, TransferCancelled},
		{"consent-withdrawal", nil, []string{TransferRequested, TransferSent}, TransferCancelled},
		{"confirmation-elsewhere", nil, []string{TransferSent}, TransferCancelled},
		{"first-dose", nil, []string{TransferConfirmed}, TransferFirstDose},
	},
}

// PendingTransferStates are those in which somebody is waited for.
var PendingTransferStates = []string{TransferRequested, TransferSent}

// TransferAnswer is how long the asked site has: always urgent [E].
const TransferAnswer = AnswerUrgent

// TransferLapse is how long after the sending a dose that was told on a ground stays told [E]:
// a ground is for an emergency, and by then somebody can be asked.
const TransferLapse = 72 * time.Hour

// GuestDays is how long a guest is dosed at most [E]; who stays longer is sent anew, or moves.
const GuestDays = 31

// HeldBySender is what a request names as its consent when it rests on the dose-continuity
// consent that the asked site recorded at the start of treatment: on the day of an arrest
// nobody can ask the client. The sender sends only if it holds one.
const HeldBySender = "held_by_sender"

// transferGrounds are the grounds on which a dose may be told without a consent.
var transferGrounds = []string{"imminent_danger", "unable_to_consent"}

// Basis is what a disclosure rests on: a consent, or a ground with what the client was told.
type Basis struct {
	Consent       string // of a request: an own consent's id, or HeldBySender
	Ground        string
	ClientTold    bool
	NotToldReason string
}

// check validates a ground, if there is one.
func (b Basis) check(c *Checks) {
	if b.Ground == "" {
		c.Require(!b.ClientTold, "/clientTold", "dose_transfer.told_of_a_ground")
		c.Require(b.NotToldReason == "", "/notToldReason", "dose_transfer.told_of_a_ground")
		return
	}
	c.Require(slices.Contains(transferGrounds, b.Ground), "/ground", "dose_transfer.ground_unknown")
	c.Require(b.ClientTold || InList("not_told_reason", b.NotToldReason), "/notToldReason", "dose_transfer.not_told_reason")
	c.Require(!b.ClientTold || b.NotToldReason == "", "/notToldReason", "dose_transfer.not_told_reason")
}

// NewDoseTransfer asks another site for a client's dose, or sends an own client's to it.
type NewDoseTransfer struct {
	FromOrganisationID OrganisationID // a request by the receiver
	ToOrganisationID   OrganisationID // sent by the sender
	Kind               string
	Until              Date // of a guest
	Basis
}

// Check validates a new transfer, before any record is looked up.
func (n NewDoseTransfer) Check(today Date) error {
	var c Checks
	c.Require((n.FromOrganisationID == "") != (n.ToOrganisationID == ""), "/fromOrganisation", "dose_transfer.one_other_site")
	c.Require(n.Kind == TransferMove || n.Kind == TransferGuest, "/kind", "dose_transfer.kind_unknown")
	if n.Kind == TransferGuest {
		_, ok := ParseDate(string(n.Until))
		c.Require(ok && n.Until >= today && n.Until <= today.AddDays(GuestDays), "/until", "dose_transfer.until_out_of_range")
	} else {
		c.Require(n.Until == "", "/until", "dose_transfer.until_of_a_guest")
	}
	n.check(&c)
	if n.FromOrganisationID != "" {
		c.Require((n.Consent == "") != (n.Ground == ""), "/consent", "dose_transfer.consent_or_ground")
	} else {
		c.Require(n.Consent == "", "/consent", "dose_transfer.consent_is_looked_up")
	}
	return c.Err()
}

// DoseTransferMove carries what an action says.
type DoseTransferMove struct {
	ClientCode      string // sending: the sender's own client, whom a clinician recognised
	SameAs          string // confirmation: the receiver's own record of the person
	Separate        bool   // confirmation: a new record, although a request named one
	IdentityChecked bool   // confirmation
	Basis                  // sending: without a consent
}

// Check validates what an action says, before any record is looked up.
func (m DoseTransferMove) Check(action string) error {
	var c Checks
	switch action {
	case "sending":
		c.Require(m.ClientCode != "", "/clientCode", "dose_transfer.client_required")
		m.check(&c)
	case "confirmation":
		c.Require(m.IdentityChecked, "/identityChecked", "dose_order.identity_not_checked")
		c.Require(m.SameAs == "" || !m.Separate, "/separate", "dose_transfer.same_or_separate")
	}
	return c.Err()
}

// Do makes a party's move of the machine.
func (d *DoseTransfer) Do(action string, by Party) error {
	to, err := DoseTransferMachine.Next(d.State, action, by)
	if err != nil {
		return err
	}
	d.State = to
	d.Version++
	return nil
}

// Carry copies what the receiver is told from the sender's order.
func (d *DoseTransfer) Carry(o *DoseOrder, lastDose *time.Time) {
	d.OrderID, d.Medicine, d.Schedule, d.Phase, d.DoseUg, d.LastDoseAt = o.ID, o.Medicine, o.Schedule, o.Phase, o.DoseUg, lastDose
}

// Overdue reports whether a site has waited for an answer too long.
func (d *DoseTransfer) Overdue(now time.Time) bool {
	return slices.Contains(PendingTransferStates, d.State) && now.After(d.AnswerDue)
}

// LapsesAt is when an offer that rests on a ground ends, if nobody confirms; one that rests
// on a consent ends with the consent.
func (d *DoseTransfer) LapsesAt() *time.Time {
	if d.Ground == "" || d.State != TransferSent {
		return nil
	}
	at := d.AnswerDue.Add(TransferLapse - TransferAnswer)
	return &at
}

// Lapsed reports whether an offer on a ground waited too long: the receiver sees it no more.
func (d *DoseTransfer) Lapsed(now time.Time) bool {
	at := d.LapsesAt()
	return at != nil && now.After(*at)
}

// Doses reports whether a guest is dosed by the receiver on a day.
func (d *DoseTransfer) Doses(on Date) bool {
	return d.Kind == TransferGuest && on <= d.UntilDate && (d.State == TransferConfirmed || d.State == TransferFirstDose)
}

// TellsRelease reports whether the consent lets the organisation know of a release today.
func (c *Consent) TellsRelease(to *Organisation, on Date) bool {
	return c.SharesRelease(on) && c.Names(to.ID, to.Kind)
}

// SharesRelease reports whether the consent lets its recipient know of a release today: it
// shares the release date, or carries the dose.
func (c *Consent) SharesRelease(on Date) bool {
	shares := slices.Contains(c.Categories, CatReleaseDate) && slices.Contains(PurposesFor(CatReleaseDate), c.Purpose)
	return c.CarriesDose(on) || shares && c.InForce(on)
}

// CoversDose reports whether the consent allows telling the organisation the dose today.
func (c *Consent) CoversDose(to *Organisation, on Date) bool {
	return c.CarriesDose(on) && c.Names(to.ID, to.Kind)
}

// CarriesDose reports whether the consent allows telling its recipient the dose today.
func (c *Consent) CarriesDose(on Date) bool {
	purpose := c.Purpose == PurposeDoseContinuity ||
		c.Purpose == PurposeTreatmentContinuity && slices.Contains(c.Categories, CatOAT)
	return purpose && c.InForce(on)
}
