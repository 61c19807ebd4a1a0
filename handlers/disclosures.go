package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// DisclosureView is one entry of the disclosure log: what of the client's record was shown
// or given to whom, and on what it rested: a consent, or a ground of code list
// disclosure_ground. Role and ActorOrganisation are of the user by whose act it was given:
// who sent it, or who read.
type DisclosureView struct {
	ID                    string                 `json:"id" cat:"disclosureLog"`
	ClientCode            string                 `json:"clientCode" cat:"disclosureLog"`
	At                    time.Time              `json:"at" cat:"disclosureLog"`
	RecipientOrganisation *models.OrganisationID `json:"recipientOrganisation" cat:"disclosureLog"`
	Recipient             *string                `json:"recipient" cat:"disclosureLog"`
	Role                  *models.Role           `json:"role" cat:"disclosureLog"`
	ActorOrganisation     *models.OrganisationID `json:"actorOrganisation" cat:"disclosureLog"`
	Categories            []models.Category      `json:"categories" cat:"disclosureLog"`
	Consent               *string                `json:"consent" cat:"disclosureLog"`
	Ground                *string                `json:"ground" cat:"disclosureLog"`
	Reference             *string                `json:"reference" cat:"disclosureLog"`
	ClientTold            bool                   `json:"clientTold" cat:"disclosureLog"`
	NotToldReason         *string                `json:"notToldReason" cat:"disclosureLog"`
}

func disclosureView(d store.SeenDisclosure) DisclosureView {
	return DisclosureView{
		ID: d.ID, ClientCode: d.ClientCode, At: d.At, RecipientOrganisation: optional(d.RecipientID), Recipient: optional(d.Recipient), Role: optional(d.ActorRole), ActorOrganisation: optional(d.ActorOrganisation),
		Categories: d.Categories, Consent: optional(d.ConsentID), Ground: optional(d.Ground), Reference: optional(d.Reference),
		ClientTold: d.ClientTold, NotToldReason: optional(d.NotToldReason),
	}
}

// ListDisclosures lists what of a client's record went to whom.
//
//	@Summary	What was disclosed of a client
//	@Tags		disclosures
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[DisclosureView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/disclosures [get]
func ListDisclosures(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDisclosures(c.Context, c.Param("code"), p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, disclosureView)
}

type disclosureRequest struct {
	Recipient     string            `json:"recipient" validate:"required" extensions:"x-code-list=disclosure_recipient"` // who got it
	Categories    []models.Category `json:"categories" validate:"required"`                                              // what was given
	Ground        string            `json:"ground" validate:"required" extensions:"x-code-list=disclosure_ground"`       // what allowed it
	ClientTold    *bool             `json:"clientTold" validate:"required"`                                              // whether the client was told
	NotToldReason string            `json:"notToldReason" extensions:"x-code-list=disclosure_not_told"`                  // why not; required when the client was not told
}

// EnterDisclosure enters something that was given away on a legal ground.
//
//	@Summary		Enter a disclosure on a legal ground
//	@Description	The service gives the recipient nothing; this is the entry that the law asks for. The answer has a random reference to write on the paper.
//	@Tags			disclosures
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			code	path		string				true	"client code of your sector"
//	@Param			body	body		disclosureRequest	true	"recipient, categories, ground; whether the client was told, or why not"
//	@Success		201		{object}	DisclosureView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/clients/{code}/disclosures [post]
func EnterDisclosure(c *Call) error {
	in, err := bind[disclosureRequest](&c.Exchange)
	if err != nil {
		return err
	}
	d, out, err := c.Store.EnterDisclosure(c.Context, c.Param("code"), models.NewDisclosure{
		Recipient: in.Recipient, Categories: in.Categories, Ground: in.Ground, ClientTold: in.ClientTold, NotToldReason: in.NotToldReason,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/clients/"+d.ClientCode+"/disclosures", 1, disclosureView(*d))
}
