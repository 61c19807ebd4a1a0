package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// BreakGlassView is one doctor's emergency access. State is computed: open, to_review,
// overdue or reviewed. Opened names the records that nothing else opened; it is filled
// where one access is asked for.
type BreakGlassView struct {
	ID         string        `json:"id" cat:"breakGlass"`
	ClientCode string        `json:"clientCode" cat:"breakGlass"`
	User       models.UserID `json:"user" cat:"breakGlass"`
	Reason     string        `json:"reason" cat:"breakGlass"`
	Note       string        `json:"note" cat:"breakGlass"`
	Hours      int           `json:"hours" cat:"breakGlass"`
	StartedAt  time.Time     `json:"startedAt" cat:"breakGlass"`
	ExpiresAt  time.Time     `json:"expiresAt" cat:"breakGlass"`
	ReviewDue  time.Time     `json:"reviewDue" cat:"breakGlass"`
	ReviewedAt *time.Time    `json:"reviewedAt" cat:"breakGlass"`
	Outcome    *string       `json:"outcome" cat:"breakGlass"`
	State      string        `json:"state" cat:"breakGlass"`
	Opened     []string      `json:"opened" cat:"breakGlass"`
	Version    int64         `json:"version" cat:"breakGlass"`
}

func breakGlassView(b store.SeenBreakGlass) BreakGlassView {
	return BreakGlassView{
		ID: b.ID, ClientCode: b.ClientCode, User: b.UserID, Reason: b.Reason, Note: b.Note, Hours: b.Hours, StartedAt: b.StartedAt, ExpiresAt: b.ExpiresAt,
		ReviewDue: b.ReviewDue, ReviewedAt: b.ReviewedAt, Outcome: optional(b.Outcome), State: b.StateAt(b.Now), Opened: b.Opened, Version: b.Version,
	}
}

type breakGlassRequest struct {
	ClientCode string `json:"clientCode" validate:"required" format:"client-code"`                    // own client whose records elsewhere are needed
	Reason     string `json:"reason" validate:"required" extensions:"x-code-list=break_glass_reason"` // the emergency
	Note       string `json:"note" validate:"required" maxLength:"500"`                               // what happened, screened
	Hours      int    `json:"hours" validate:"required" minimum:"1" maximum:"24"`                     // how long
}

// BreakGlass opens the records of a confirmed person in an emergency.
//
//	@Summary		Open records in an emergency
//	@Description	For the doctor who asks and for nobody else, for 1 to 24 hours. Reproductive history, counselling, complaints and incidents stay shut. Every record opened leaves an event and an entry in the disclosure log; the responsible organisation and those whose records are opened are told; a colleague reviews it within 72 hours.
//	@Tags			break-glass
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		breakGlassRequest	true	"reason of the list break_glass_reason; the note is screened for identifying text"
//	@Success		201		{object}	BreakGlassView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/break-glass [post]
func BreakGlass(c *Call) error {
	in, err := bind[breakGlassRequest](&c.Exchange)
	if err != nil {
		return err
	}
	b, out, err := c.Store.BreakGlass(c.Context, in.ClientCode, models.NewBreakGlass{Reason: in.Reason, Note: in.Note, Hours: in.Hours})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/break-glass/"+b.ID, b.Version, breakGlassView(*b))
}

// ListBreakGlass lists the organisation's emergency accesses.
//
//	@Summary	Emergency accesses
//	@Tags		break-glass
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"computed state"	Enums(open, to_review, overdue, reviewed)
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[BreakGlassView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/break-glass [get]
func ListBreakGlass(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	state, err := c.choice("state", oneOf(models.BreakGlassStates...))
	if err != nil {
		return err
	}
	page, err := c.Store.ListBreakGlass(c.Context, state, p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, breakGlassView)
}

// GetBreakGlass returns one emergency access with every record it opened.
//
//	@Summary	One emergency access
//	@Tags		break-glass
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"id"
//	@Success	200	{object}	BreakGlassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/break-glass/{id} [get]
func GetBreakGlass(c *Call) error {
	b, err := c.Store.GetBreakGlass(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(b.Version, breakGlassView(*b))
}

// EndBreakGlass closes an emergency access early. It needs no If-Match and may be repeated.
//
//	@Summary	End an emergency access
//	@Tags		break-glass
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"id"
//	@Success	200	{object}	BreakGlassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/break-glass/{id}/end [post]
func EndBreakGlass(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	b, err := c.Store.EndBreakGlass(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(b.Version, breakGlassView(*b))
}

type breakGlassReviewRequest struct {
	Outcome string `json:"outcome" validate:"required" extensions:"x-code-list=break_glass_outcome"` // what the reviewer found
}

// ReviewBreakGlass records a colleague's finding.
//
//	@Summary	Review an emergency access
//	@Tags		break-glass
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"id"
//	@Param		body	body		breakGlassReviewRequest	true	"outcome, of the list break_glass_outcome"
//	@Success	200		{object}	BreakGlassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/break-glass/{id}/review [post]
func ReviewBreakGlass(c *Call) error {
	in, err := bind[breakGlassReviewRequest](&c.Exchange)
	if err != nil {
		return err
	}
	b, err := c.Store.ReviewBreakGlass(c.Context, c.Param("id"), in.Outcome)
	if err != nil {
		return err
	}
	return c.Versioned(b.Version, breakGlassView(*b))
}
