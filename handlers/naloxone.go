package handlers

import (
	"jol/models"
	"jol/models/store"
)

type kitRequest struct {
	Lot       string      `json:"lot" validate:"required" maxLength:"16"` // the maker's number: capitals, digits, hyphens
	ExpiresOn models.Date `json:"expiresOn" validate:"required"`          // last day of use
}

// NaloxoneKitView is a kit. State is "expired" past its date, although nothing was stored.
type NaloxoneKitView struct {
	ID           string                `json:"id" cat:"naloxone"`
	Organisation models.OrganisationID `json:"organisation" cat:"naloxone"`
	ClientCode   *string               `json:"clientCode" cat:"naloxone"`
	Lot          string                `json:"lot" cat:"naloxone"`
	ExpiresOn    models.Date           `json:"expiresOn" cat:"naloxone"`
	GivenOn      *models.Date          `json:"givenOn" cat:"naloxone"`
	UsedOn       *models.Date          `json:"usedOn" cat:"naloxone"`
	Overdose     *string               `json:"overdose" cat:"naloxone"`
	State        string                `json:"state" cat:"naloxone"`
	Allowed      []string              `json:"allowed" cat:"naloxone"`
	Version      int64                 `json:"version" cat:"naloxone"`
}

func kitView(k store.SeenKit) NaloxoneKitView {
	v := NaloxoneKitView{
		ID: k.ID, Organisation: k.OrganisationID, ClientCode: optional(k.ClientCode), Lot: k.Lot, ExpiresOn: k.ExpiresOn,
		GivenOn: optional(k.GivenOn), UsedOn: optional(k.UsedOn), Overdose: optional(k.OverdoseID), State: k.StateOn(k.Today),
		Allowed: []string{}, Version: k.Version,
	}
	if k.Own {
		v.Allowed = orNone(models.KitMachine.Allowed(k.State, models.Holder))
	}
	return v
}

// StockKit takes a kit into stock.
//
//	@Summary	Take a naloxone kit into stock
//	@Tags		naloxone
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		kitRequest	true	"maker's lot and date"
//	@Success	201		{object}	NaloxoneKitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/naloxone-kits [post]
func StockKit(c *Call) error {
	in, err := bind[kitRequest](&c.Exchange)
	if err != nil {
		return err
	}
	k, out, err := c.Store.StockKit(c.Context, models.NewNaloxoneKit{Lot: in.Lot, ExpiresOn: in.ExpiresOn})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/naloxone-kits/"+k.ID, k.Version, kitView(*k))
}

// ListKits lists the organisation's kits, newest first.
//
//	@Summary	Naloxone kits
//	@Tags		naloxone
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"stored state"	Enums(stocked, given, used, lost)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[NaloxoneKitView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/naloxone-kits [get]
func ListKits(c *Call) error {
	state, err := c.choice("state", func(s string) bool { return models.InList("naloxone_kit_state", s) })
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListKits(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, kitView)
}

// GetKit returns one of the organisation's kits.
//
//	@Summary	One naloxone kit
//	@Tags		naloxone
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"kit id"
//	@Success	200	{object}	NaloxoneKitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/naloxone-kits/{id} [get]
func GetKit(c *Call) error {
	k, err := c.Store.GetKit(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(k.Version, kitView(*k))
}

type kitMoveRequest struct {
	On         models.Date `json:"on" validate:"required"`          // the day it was handed out, used or lost
	ClientCode string      `json:"clientCode" format:"client-code"` // handover; empty: somebody unknown
	Overdose   string      `json:"overdose" format:"uuid"`          // use: your report of it
}

// MoveKit hands a kit out, or records its use or loss.
//
//	@Summary		Move a naloxone kit
//	@Description	handover (to a client, or to somebody unknown), use (may name an overdose), loss.
//	@Tags			naloxone
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string			true	"kit id"
//	@Param			action	path		string			true	"action"	Enums(handover, use, loss)
//	@Param			body	body		kitMoveRequest	true	"the day, and what the action names"
//	@Success		200		{object}	NaloxoneKitView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/naloxone-kits/{id}/{action} [post]
func MoveKit(c *Call) error {
	in, err := bind[kitMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	action := c.Param("action")
	var checks models.Checks
	checks.Require(in.ClientCode == "" || action == "handover", "/clientCode", "body.unknown_field")
	checks.Require(in.Overdose == "" || action == "use", "/overdose", "body.unknown_field")
	if err := checks.Err(); err != nil {
		return err
	}
	k, err := c.Store.MoveKit(c.Context, c.Param("id"), action, models.KitMove{On: in.On}, store.KitSubject{ClientCode: in.ClientCode, Overdose: in.Overdose})
	if err != nil {
		return err
	}
	return c.Versioned(k.Version, kitView(*k))
}
