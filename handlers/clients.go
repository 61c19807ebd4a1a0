package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

type clientRequest struct {
	Country        string `json:"country" validate:"required" enums:"KZ,KG,TJ,TM,UZ"` // the deployment's
	Sex            string `json:"sex" validate:"required" enums:"F,M"`                // as in the code
	BirthYear      int    `json:"birthYear" validate:"required"`                      // age 5 to 110
	MotherInitials string `json:"motherInitials" maxLength:"2"`                       // two letters of one script; empty: not known
	FatherInitials string `json:"fatherInitials" maxLength:"2"`                       // two letters of one script; empty: not known
	Distinct       bool   `json:"distinct"`                                           // another person than the records with the same code
}

// RegisteredClientView answers a registration. SameCode lists the organisation's own
// records with this code: the worker says whether it is the same person or, with
// distinct, a new one.
type RegisteredClientView struct {
	Code                    string                 `json:"code" cat:"identity"`
	LocalNo                 int                    `json:"localNo" cat:"identity"`
	Sex                     string                 `json:"sex" cat:"identity"`
	LowQuality              bool                   `json:"lowQuality" cat:"identity"`
	SameCode                []string               `json:"sameCode" cat:"identity"`
	ResponsibleOrganisation *models.OrganisationID `json:"responsibleOrganisation" cat:"treatmentFact"`
	Version                 int64                  `json:"version" cat:"identity"`
}

// RegisterClient finds or makes the caller's own organisation's client. Initials and
// birth year are used in memory and forgotten.
//
//	@Summary		Register or find a client
//	@Description	201 when the client is new to your organisation, 200 when it has that client already. What other organisations hold changes nothing in the answer.
//	@Tags			clients
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		clientRequest	true	"two letters of each parent's first name, nothing else"
//	@Success		200		{object}	RegisteredClientView
//	@Success		201		{object}	RegisteredClientView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/clients [post]
func RegisterClient(c *Call) error {
	in, err := bind[clientRequest](&c.Exchange)
	if err != nil {
		return err
	}
	client, out, err := c.Store.RegisterClient(c.Context, models.Registration{
		Country: in.Country, Sex: in.Sex, BirthYear: in.BirthYear, MotherInitials: in.MotherInitials,
		FatherInitials: in.FatherInitials, Distinct: in.Distinct,
	})
	if err != nil {
		return err
	}
	view := RegisteredClientView{
		Code: client.Handle(), LocalNo: client.LocalNo, Sex: client.Sex, LowQuality: client.LowQuality,
		SameCode: client.SameCode, Version: client.Version,
	}
	if client.ResponsibleID == c.Actor.OrganisationID {
		view.ResponsibleOrganisation = &client.ResponsibleID
	}
	return c.Created(out, "/api/v1/clients/"+view.Code, client.Version, view)
}

// ClientView is a client record of the caller's organisation. ResponsibleOrganisation
// is null for those who need not know it.
type ClientView struct {
	Code                    string                 `json:"code" cat:"identity"`
	LocalNo                 int                    `json:"localNo" cat:"identity"`
	Sex                     string                 `json:"sex" cat:"identity"`
	LowQuality              bool                   `json:"lowQuality" cat:"identity"`
	ResponsibleOrganisation *models.OrganisationID `json:"responsibleOrganisation" cat:"treatmentFact"`
	CreatedAt               time.Time              `json:"createdAt" cat:"identity"`
	Version                 int64                  `json:"version" cat:"identity"`
}

func clientView(seen *store.SeenClient) ClientView {
	v := ClientView{Code: seen.Handle(), LocalNo: seen.LocalNo, Sex: seen.Sex, LowQuality: seen.LowQuality, CreatedAt: seen.CreatedAt, Version: seen.Version}
	if seen.ShowResponsible {
		v.ResponsibleOrganisation = &seen.ResponsibleID
	}
	return v
}

// GetClient returns a client of the caller's organisation.
//
//	@Summary	One client
//	@Tags		clients
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Success	200		{object}	ClientView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code} [get]
func GetClient(c *Call) error {
	seen, err := c.Store.GetClient(c.Context, c.Param("code"))
	if err != nil {
		return err
	}
	return c.Versioned(seen.Version, clientView(seen))
}

type identityChangeRequest struct {
	Kind string `json:"kind" validate:"required" enums:"merge,split"` // join with another record, or part from what it was joined to
	With string `json:"with" format:"client-code"`                    // merge: the other record; required there
}

// IdentityChangeView is a merge or split waiting for, or with, its second signature.
type IdentityChangeView struct {
	ID         string    `json:"id" cat:"identity"`
	Kind       string    `json:"kind" cat:"identity"`
	ClientCode string    `json:"clientCode" cat:"identity"`
	WithCode   *string   `json:"withCode" cat:"identity"`
	State      string    `json:"state" cat:"identity"`
	CreatedAt  time.Time `json:"createdAt" cat:"identity"`
	Version    int64     `json:"version" cat:"identity"`
}

func identityChangeView(ic store.SeenIdentityChange) IdentityChangeView {
	return IdentityChangeView{
		ID: ic.ID, Kind: ic.Kind, ClientCode: ic.ClientCode, WithCode: optional(ic.WithCode), State: ic.State,
		CreatedAt: ic.CreatedAt, Version: ic.Version,
	}
}

// RequestIdentityChange asks for a merge with another of the organisation's records, or
// for a split. A second user approves it.
//
//	@Summary	Ask for a merge or split
//	@Tags		clients
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string					true	"client code of your sector"
//	@Param		body	body		identityChangeRequest	true	"kind, and for a merge the other client's code"
//	@Success	201		{object}	IdentityChangeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/identity-changes [post]
func RequestIdentityChange(c *Call) error {
	in, err := bind[identityChangeRequest](&c.Exchange)
	if err != nil {
		return err
	}
	ic, out, err := c.Store.RequestIdentityChange(c.Context, c.Param("code"), in.Kind, in.With)
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/identity-changes/"+ic.ID, ic.Version, identityChangeView(*ic))
}

// ListIdentityChanges lists merges and splits, newest first, for those who approve them.
//
//	@Summary	Merges and splits
//	@Tags		clients
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"requested or approved"	Enums(requested, approved)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[IdentityChangeView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/identity-changes [get]
func ListIdentityChanges(c *Call) error {
	state, err := c.choice("state", oneOf("requested", "approved"))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListIdentityChanges(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, identityChangeView)
}

// ApproveIdentityChange carries a merge or split out; the asker cannot approve it.
//
//	@Summary	Approve a merge or split
//	@Tags		clients
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"identity change id"
//	@Success	200	{object}	IdentityChangeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/identity-changes/{id}/approval [post]
func ApproveIdentityChange(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	ic, err := c.Store.ApproveIdentityChange(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(ic.Version, identityChangeView(*ic))
}
