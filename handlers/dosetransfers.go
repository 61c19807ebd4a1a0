package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

type doseTransferRequest struct {
	ClientCode       string                `json:"clientCode" validate:"required" format:"client-code"`    // own client
	FromOrganisation models.OrganisationID `json:"fromOrganisation"`                                       // a request by the receiver
	ToOrganisation   models.OrganisationID `json:"toOrganisation"`                                         // sent by the sender
	Kind             string                `json:"kind" enums:"move,guest"`                                // move when left out
	Until            models.Date           `json:"until"`                                                  // of a guest, required there: the last day, at most 31 days ahead
	Consent          string                `json:"consent" maxLength:"36"`                                 // of a request: an own consent, or held_by_sender
	Ground           string                `json:"ground" enums:"imminent_danger,unable_to_consent"`       // instead of a consent
	ClientTold       bool                  `json:"clientTold"`                                             // of a ground
	NotToldReason    string                `json:"notToldReason" extensions:"x-code-list=not_told_reason"` // of a ground, when the client was not told
}

// DoseTransferView is a transfer as one party sees it. The dose is there for the sender,
// and for the receiver from sending on, while the basis holds; nothing else of the record.
type DoseTransferView struct {
	ID               string                `json:"id" cat:"transfer"`
	ClientCode       string                `json:"clientCode" cat:"transfer"` // in the reader's own sector
	FromOrganisation models.OrganisationID `json:"fromOrganisation" cat:"transfer"`
	ToOrganisation   models.OrganisationID `json:"toOrganisation" cat:"transfer"`
	Kind             string                `json:"kind" cat:"transfer"`
	State            string                `json:"state" cat:"transfer"`
	Overdue          bool                  `json:"overdue" cat:"transfer"`
	AnswerDue        time.Time             `json:"answerDue" cat:"transfer"`
	LapsesAt         *time.Time            `json:"lapsesAt" cat:"transfer"` // an offer on a ground: 72 hours after the sending
	Until            *models.Date          `json:"until" cat:"transfer"`    // of a guest: the last day it is dosed
	Consent          *string               `json:"consent" cat:"transfer"`
	Ground           *string               `json:"ground" cat:"transfer"`
	Medicine         *string               `json:"medicine" cat:"oat"`
	DoseMg           *float64              `json:"doseMg" cat:"oat"`
	Phase            *string               `json:"phase" cat:"oat"`
	LastDoseAt       *time.Time            `json:"lastDoseAt" cat:"oat"`
	Order            *string               `json:"order" cat:"transfer"` // the reader's own; a guest site's: where it records doses
	Allowed          []string              `json:"allowed" cat:"transfer"`
	Version          int64                 `json:"version" cat:"transfer"`
}

// DoseTransferStubView is all a receiver sees of an offer that was taken back or whose
// consent is not in force.
type DoseTransferStubView struct {
	ID    string `json:"id" cat:"transfer"`
	State string `json:"state" cat:"transfer"`
}

func doseTransferAnswer(d store.SeenDoseTransfer) any {
	if !d.Whole {
		return DoseTransferStubView{ID: d.ID, State: d.State}
	}
	v := DoseTransferView{
		ID: d.ID, ClientCode: d.ClientCode, FromOrganisation: d.FromOrganisationID, ToOrganisation: d.ToOrganisationID, Kind: d.Kind, State: d.State,
		Overdue: d.Overdue, AnswerDue: d.AnswerDue, LapsesAt: d.LapsesAt(), Until: optional(d.UntilDate), Consent: optional(d.ConsentID), Ground: optional(d.Ground),
		Allowed: append([]string{}, models.DoseTransferMachine.Allowed(d.State, d.Party)...), Version: d.Version,
	}
	if d.Dose {
		mg := milligrams(d.DoseUg)
		v.Medicine, v.DoseMg, v.Phase, v.LastDoseAt = &d.Medicine, &mg, &d.Phase, d.LastDoseAt
	}
	switch confirmed := d.State == models.TransferConfirmed || d.State == models.TransferFirstDose; {
	case d.Party == models.Sender, d.Hosts:
		v.Order = optional(d.OrderID)
	case confirmed && d.Kind == models.TransferMove:
		v.Order = optional(d.ReceiverOrderID)
	}
	return v
}

// CreateDoseTransfer asks another site for a client's dose, or sends an own client's.
//
//	@Summary		Ask for or send an agonist dose
//	@Description	A request names fromOrganisation and rests on an own consent, on held_by_sender (the dose-continuity consent that the asked site recorded at the start of treatment), or on a ground. Sending names toOrganisation; the consent is looked up. The asked site answers within 24 hours; nothing tells whether it knows the code.
//	@Tags			agonist treatment
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		doseTransferRequest	true	"transfer"
//	@Success		201		{object}	DoseTransferView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/dose-transfers [post]
func CreateDoseTransfer(c *Call) error {
	in, err := bind[doseTransferRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Kind == "" {
		in.Kind = models.TransferMove
	}
	d, out, err := c.Store.CreateDoseTransfer(c.Context, in.ClientCode, models.NewDoseTransfer{
		FromOrganisationID: in.FromOrganisation, ToOrganisationID: in.ToOrganisation, Kind: in.Kind, Until: in.Until,
		Basis: models.Basis{Consent: in.Consent, Ground: in.Ground, ClientTold: in.ClientTold, NotToldReason: in.NotToldReason},
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/dose-transfers/"+d.ID, d.Version, doseTransferAnswer(*d))
}

// ListDoseTransfers lists the organisation's transfers, newest first.
//
//	@Summary	Dose transfers
//	@Tags		agonist treatment
//	@Security	bearer
//	@Produce	json
//	@Param		direction	query		string	false	"in: doses that come here, and requests of others that wait for an answer here; out: doses that leave here, asked for or sent"	Enums(in, out)
//	@Param		state		query		string	false	"state"
//	@Param		overdue		query		string	false	"true: only those waiting too long"	Enums(true, false)
//	@Param		limit		query		int		false	"page size, 1 to 200"
//	@Param		cursor		query		string	false	"cursor of the page before"
//	@Success	200			{object}	Page[DoseTransferView]
//	@Failure	default		{object}	ProblemView
//	@Router		/api/v1/dose-transfers [get]
func ListDoseTransfers(c *Call) error {
	filter, err := partyFilter(&c.Exchange, models.DoseTransferMachine.States)
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDoseTransfers(c.Context, filter, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, doseTransferAnswer)
}

// GetDoseTransfer returns one transfer to one of its parties.
//
//	@Summary	One dose transfer
//	@Tags		agonist treatment
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"dose transfer id"
//	@Success	200	{object}	DoseTransferView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/dose-transfers/{id} [get]
func GetDoseTransfer(c *Call) error {
	d, err := c.Store.GetDoseTransfer(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, doseTransferAnswer(*d))
}

// doseTransferMoveRequest is the body of every action; each action reads its own fields
// and refuses the others.
type doseTransferMoveRequest struct {
	ClientCode      string `json:"clientCode" format:"client-code"`                        // sending: the own client whom a clinician recognised
	Ground          string `json:"ground" enums:"imminent_danger,unable_to_consent"`       // sending, without a consent
	ClientTold      bool   `json:"clientTold"`                                             // sending, of a ground
	NotToldReason   string `json:"notToldReason" extensions:"x-code-list=not_told_reason"` // sending, of a ground, when the client was not told
	SameAs          string `json:"sameAs" format:"client-code"`                            // confirmation: the receiver's own record of the person
	Separate        bool   `json:"separate"`                                               // confirmation: a new record, although the request named one
	IdentityChecked bool   `json:"identityChecked"`                                        // confirmation, on paper
}

func (in doseTransferMoveRequest) checkFields(action string) error {
	var c models.Checks
	sending, confirmation := action == "sending", action == "confirmation"
	c.Require(in.ClientCode == "" || sending, "/clientCode", "body.unknown_field")
	c.Require(in.Ground == "" || sending, "/ground", "body.unknown_field")
	c.Require(!in.ClientTold || sending, "/clientTold", "body.unknown_field")
	c.Require(in.NotToldReason == "" || sending, "/notToldReason", "body.unknown_field")
	c.Require(in.SameAs == "" || confirmation, "/sameAs", "body.unknown_field")
	c.Require(!in.Separate || confirmation, "/separate", "body.unknown_field")
	c.Require(!in.IdentityChecked || confirmation, "/identityChecked", "body.unknown_field")
	return c.Err()
}

// MoveDoseTransfer makes one move of a transfer.
//
//	@Summary		Move a dose transfer
//	@Description	sending (by the asked site: a clinician names the client it recognised), confirmation (by the receiver: ends the sender's order and opens the receiver's), decline, cancellation. Until the confirmation the sender's order stays open.
//	@Tags			agonist treatment
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string					true	"dose transfer id"
//	@Param			action	path		string					true	"action"	Enums(sending, confirmation, decline, cancellation)
//	@Param			body	body		doseTransferMoveRequest	false	"what the action says"
//	@Success		200		{object}	DoseTransferView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/dose-transfers/{id}/{action} [post]
func MoveDoseTransfer(c *Call) error {
	action := c.Param("action")
	if err := models.DoseTransferMachine.Unknown(action); err != nil {
		return err
	}
	in, err := bind[doseTransferMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if err := in.checkFields(action); err != nil {
		return err
	}
	d, err := c.Store.MoveDoseTransfer(c.Context, c.Param("id"), action, models.DoseTransferMove{
		ClientCode: in.ClientCode, SameAs: in.SameAs, Separate: in.Separate, IdentityChecked: in.IdentityChecked,
		Basis: models.Basis{Ground: in.Ground, ClientTold: in.ClientTold, NotToldReason: in.NotToldReason},
	}, c.Protocols.DoseRules())
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, doseTransferAnswer(*d))
}
