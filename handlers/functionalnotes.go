package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// FunctionalSlipView is all that security and management see: a number for one civil day,
// when, where, and what to watch for.
type FunctionalSlipView struct {
	Slip     string    `json:"slip" cat:"functionalNote"`
	From     time.Time `json:"from" cat:"functionalNote"`
	Until    time.Time `json:"until" cat:"functionalNote"`
	Place    string    `json:"place" cat:"functionalNote"`
	WatchFor []string  `json:"watchFor" cat:"functionalNote"`
}

func functionalSlipView(n store.SeenNote) FunctionalSlipView {
	return FunctionalSlipView{Slip: n.Slip, From: n.FromAt, Until: n.UntilAt, Place: n.Place, WatchFor: n.WatchFor}
}

// FunctionalNoteView is the same note as its author, the health unit, keeps it.
type FunctionalNoteView struct {
	ID        string    `json:"id" cat:"functionalNote"`
	Spell     string    `json:"spell" cat:"functionalNote"`
	Slip      string    `json:"slip" cat:"functionalNote"`
	From      time.Time `json:"from" cat:"functionalNote"`
	Until     time.Time `json:"until" cat:"functionalNote"`
	Place     string    `json:"place" cat:"functionalNote"`
	WatchFor  []string  `json:"watchFor" cat:"functionalNote"`
	Cancelled bool      `json:"cancelled" cat:"functionalNote"`
	Version   int64     `json:"version" cat:"functionalNote"`
}

func functionalNoteView(n store.SeenNote) FunctionalNoteView {
	return FunctionalNoteView{
		ID: n.ID, Spell: n.SpellID, Slip: n.Slip, From: n.FromAt, Until: n.UntilAt, Place: n.Place, WatchFor: n.WatchFor, Cancelled: n.Cancelled, Version: n.Version,
	}
}

type functionalNoteRequest struct {
	Spell    string     `json:"spell" validate:"required" format:"uuid"`                                // the stay
	From     *time.Time `json:"from" validate:"required"`                                               // when it begins
	Until    *time.Time `json:"until" validate:"required"`                                              // when it ends, at most 31 days later
	Place    string     `json:"place" validate:"required" extensions:"x-code-list=functional_place"`    // where
	WatchFor []string   `json:"watchFor" validate:"required" extensions:"x-code-list=functional_watch"` // what to watch for
}

// WriteNote tells the institution what to watch for, from closed lists.
//
//	@Summary	Write a functional note
//	@Tags		functional-notes
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		functionalNoteRequest	true	"stay, time, place, what to watch for: codes only"
//	@Success	201		{object}	FunctionalNoteView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/functional-notes [post]
func WriteNote(c *Call) error {
	in, err := bind[functionalNoteRequest](&c.Exchange)
	if err != nil {
		return err
	}
	n, out, err := c.Store.WriteNote(c.Context, models.NewFunctionalNote{SpellID: in.Spell, Place: in.Place, WatchFor: in.WatchFor, From: moment(in.From), Until: moment(in.Until)})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/functional-notes/"+n.ID, n.Version, functionalNoteView(*n))
}

// moment is a time as both databases keep it; zero when there is none.
func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *instant(t)
}

// ListNotes lists the notes that stand now at the caller's institution.
//
//	@Summary	Functional notes
//	@Tags		functional-notes
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[FunctionalSlipView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/functional-notes [get]
func ListNotes(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListNotes(c.Context, p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, functionalSlipView)
}

// ListClientNotes lists the notes of one of the health unit's clients.
//
//	@Summary	A client's functional notes
//	@Tags		functional-notes
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Success	200		{object}	Page[FunctionalNoteView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/functional-notes [get]
func ListClientNotes(c *Call) error {
	notes, err := c.Store.ListClientNotes(c.Context, c.Param("code"))
	if err != nil {
		return err
	}
	return list(&c.Exchange, store.Page[store.SeenNote]{Items: notes}, functionalNoteView)
}

// CancelNote takes a note away.
//
//	@Summary	Cancel a functional note
//	@Tags		functional-notes
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"note id"
//	@Success	200	{object}	FunctionalNoteView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/functional-notes/{id}/cancellation [post]
func CancelNote(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	n, err := c.Store.CancelNote(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(n.Version, functionalNoteView(*n))
}
