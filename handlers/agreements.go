package handlers

import (
	"jol/models"
	"jol/models/store"
)

// AgreementView is a partnership agreement. State is "expiring" in the last 60 days and
// "expired" after validUntil, although nothing was stored.
type AgreementView struct {
	ID                  string                `json:"id" cat:"agreement"`
	NGO                 models.OrganisationID `json:"ngo" cat:"agreement"`
	Institution         models.OrganisationID `json:"institution" cat:"agreement"`
	Services            []string              `json:"services" cat:"agreement"`
	DataAnnex           bool                  `json:"dataAnnex" cat:"agreement"`
	State               string                `json:"state" cat:"agreement"`
	ValidFrom           models.Date           `json:"validFrom" cat:"agreement"`
	ValidUntil          models.Date           `json:"validUntil" cat:"agreement"`
	Renews              *string               `json:"renews" cat:"agreement"`
	SignedByNGO         bool                  `json:"signedByNgo" cat:"agreement"`
	SignedByInstitution bool                  `json:"signedByInstitution" cat:"agreement"`
	Transition          *string               `json:"transition" cat:"agreement"`
	Allowed             []string              `json:"allowed" cat:"agreement"`
	Version             int64                 `json:"version" cat:"agreement"`
}

func agreementView(a store.SeenAgreement) AgreementView {
	return AgreementView{
		ID: a.ID, NGO: a.NGOID, Institution: a.InstitutionID, Services: a.Services, DataAnnex: a.DataAnnex, State: a.StateOn(a.Today),
		ValidFrom: a.ValidFrom, ValidUntil: a.ValidUntil, Renews: optional(a.Renews), SignedByNGO: a.SignedByNGO != "",
		SignedByInstitution: a.SignedByInstitution != "", Transition: optional(a.Transition), Allowed: a.Allowed, Version: a.Version,
	}
}

type agreementRequest struct {
	NGO         models.OrganisationID `json:"ngo"`                                                                       // the caller's own when left out
	Institution models.OrganisationID `json:"institution" validate:"required"`                                           // a prison
	Services    []string              `json:"services" validate:"required" extensions:"x-code-list=partnership_service"` // what for
	DataAnnex   bool                  `json:"dataAnnex"`                                                                 // whether it rules who tells whom what of clients
	ValidFrom   models.Date           `json:"validFrom" validate:"required"`                                             // first day
	ValidUntil  models.Date           `json:"validUntil" validate:"required"`                                            // last day
	Renews      string                `json:"renews" format:"uuid"`                                                      // the agreement that it takes the place of
}

// CreateAgreement proposes a partnership agreement.
//
//	@Summary	Propose a partnership agreement
//	@Tags		agreements
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		agreementRequest	true	"who with whom, what for, until when; renews names the agreement it follows"
//	@Success	201		{object}	AgreementView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/agreements [post]
func CreateAgreement(c *Call) error {
	in, err := bind[agreementRequest](&c.Exchange)
	if err != nil {
		return err
	}
	a, out, err := c.Store.CreateAgreement(c.Context, models.NewAgreement{
		NGOID: in.NGO, InstitutionID: in.Institution, Services: in.Services, DataAnnex: in.DataAnnex, ValidFrom: in.ValidFrom, ValidUntil: in.ValidUntil, Renews: in.Renews,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/agreements/"+a.ID, a.Version, agreementView(*a))
}

// ListAgreements lists the agreements of the caller's organisation; the programme's
// coordinator sees those of the country.
//
//	@Summary	Partnership agreements
//	@Tags		agreements
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[AgreementView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/agreements [get]
func ListAgreements(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListAgreements(c.Context, p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, agreementView)
}

// GetAgreement returns one agreement to its parties.
//
//	@Summary	One partnership agreement
//	@Tags		agreements
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"agreement id"
//	@Success	200	{object}	AgreementView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/agreements/{id} [get]
func GetAgreement(c *Call) error {
	a, err := c.Store.GetAgreement(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(a.Version, agreementView(*a))
}

type agreementMoveRequest struct {
	Transition string `json:"transition" extensions:"x-code-list=agreement_transition"` // ending: what becomes of the clients; required there
}

// MoveAgreement makes one move of an agreement.
//
//	@Summary	Move a partnership agreement
//	@Tags		agreements
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"agreement id"
//	@Param		action	path		string					true	"action"	Enums(negotiation, signature, activation, suspension, resumption, ending)
//	@Param		body	body		agreementMoveRequest	false	"ending: transition, of the list agreement_transition"
//	@Success	200		{object}	AgreementView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/agreements/{id}/{action} [post]
func MoveAgreement(c *Call) error {
	action := c.Param("action")
	if err := models.AgreementMachine.Unknown(action, "countersignature"); err != nil {
		return err
	}
	in, err := bind[agreementMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Transition != "" && action != "ending" {
		return invalid("/transition", "body.unknown_field")
	}
	return c.moveAgreement(action, models.AgreementMove{Transition: in.Transition})
}

// CountersignAgreement is the institution's signature, by its head, after the NGO's.
//
//	@Summary	Countersign a partnership agreement
//	@Tags		agreements
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"agreement id"
//	@Success	200	{object}	AgreementView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/agreements/{id}/countersignature [post]
func CountersignAgreement(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	return c.moveAgreement("countersignature", models.AgreementMove{})
}

func (c *Call) moveAgreement(action string, m models.AgreementMove) error {
	a, err := c.Store.MoveAgreement(c.Context, c.Param("id"), action, m)
	if err != nil {
		return err
	}
	return c.Versioned(a.Version, agreementView(*a))
}
