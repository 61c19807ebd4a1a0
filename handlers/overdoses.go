package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

type overdoseRequest struct {
	ClientCode    string    `json:"clientCode" format:"client-code"`                                   // empty: nobody known
	Region        string    `json:"region" extensions:"x-code-list=region"`                            // empty: your organisation's
	Place         string    `json:"place" validate:"required" extensions:"x-code-list=overdose_place"` // where
	At            time.Time `json:"at" validate:"required"`                                            // when, at most a year ago
	Substances    []string  `json:"substances" extensions:"x-code-list=substance"`                     // taken, as far as known
	NaloxoneDoses int       `json:"naloxoneDoses" minimum:"0" maximum:"20"`                            // given, in all
	Ambulance     string    `json:"ambulance" extensions:"x-code-list=ambulance"`                      // required but where place and time only may be said
	Outcome       string    `json:"outcome" extensions:"x-code-list=overdose_outcome"`                 // required but where place and time only may be said
}

// OverdoseView is an overdose with its clinical part.
type OverdoseView struct {
	ID            string                `json:"id" cat:"overdoseEvent"`
	Organisation  models.OrganisationID `json:"organisation" cat:"overdoseEvent"`
	Region        string                `json:"region" cat:"overdoseEvent"`
	Place         string                `json:"place" cat:"overdoseEvent"`
	At            time.Time             `json:"at" cat:"overdoseEvent"`
	ClientCode    *string               `json:"clientCode" cat:"overdoseClinical"`
	Substances    []string              `json:"substances" cat:"overdoseClinical"`
	NaloxoneDoses int                   `json:"naloxoneDoses" cat:"overdoseClinical"`
	Ambulance     string                `json:"ambulance" cat:"overdoseClinical"`
	Outcome       string                `json:"outcome" cat:"overdoseClinical"`
	State         string                `json:"state" cat:"overdoseClinical"`
	FollowedUpOn  *models.Date          `json:"followedUpOn" cat:"overdoseClinical"`
	ReviewedOn    *models.Date          `json:"reviewedOn" cat:"overdoseClinical"`
	HighRiskUntil *time.Time            `json:"highRiskUntil" cat:"overdoseClinical"`
	Offers        []string              `json:"offers" cat:"overdoseClinical"`
	Allowed       []string              `json:"allowed" cat:"overdoseClinical"`
	Version       int64                 `json:"version" cat:"overdoseEvent"`
}

// OverdosePlaceView is the event alone: where and when.
type OverdosePlaceView struct {
	ID      string    `json:"id" cat:"overdoseEvent"`
	Region  string    `json:"region" cat:"overdoseEvent"`
	Place   string    `json:"place" cat:"overdoseEvent"`
	At      time.Time `json:"at" cat:"overdoseEvent"`
	Version int64     `json:"version" cat:"overdoseEvent"`
}

// overdoseAnswer picks the response type for what may be seen.
func overdoseAnswer(o store.SeenOverdose) any {
	if !o.Whole {
		return OverdosePlaceView{ID: o.ID, Region: o.Region, Place: o.Place, At: o.At, Version: o.Version}
	}
	v := OverdoseView{
		ID: o.ID, Organisation: o.OrganisationID, Region: o.Region, Place: o.Place, At: o.At, ClientCode: optional(o.ClientCode),
		Substances: o.Substances, NaloxoneDoses: o.NaloxoneDoses, Ambulance: o.Ambulance, Outcome: o.Outcome, State: o.State,
		FollowedUpOn: optional(o.FollowedUpOn), ReviewedOn: optional(o.ReviewedOn), HighRiskUntil: o.HighRiskUntil(),
		Offers: o.Offers(o.HasKit), Allowed: []string{}, Version: o.Version,
	}
	if o.Own {
		v.Allowed = orNone(models.OverdoseMachine.Allowed(o.State, models.Holder))
	}
	return v
}

// ReportOverdose records an overdose, of a client or of nobody known.
//
//	@Summary		Report an overdose
//	@Description	A prison's security reports region, place and time and nothing else. Two reports in one place within 72 hours propose an alert.
//	@Tags			overdoses
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		overdoseRequest	true	"what happened"
//	@Success		201		{object}	OverdoseView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/overdoses [post]
func ReportOverdose(c *Call) error {
	in, err := bind[overdoseRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Region == "" {
		in.Region = c.Actor.Region
	}
	o, out, err := c.Store.ReportOverdose(c.Context, in.ClientCode, models.NewOverdose{
		Region: in.Region, Place: in.Place, At: in.At.UTC().Truncate(time.Millisecond), Substances: in.Substances,
		NaloxoneDoses: in.NaloxoneDoses, Ambulance: in.Ambulance, Outcome: in.Outcome,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/overdoses/"+o.ID, o.Version, overdoseAnswer(*o))
}

// ListOverdoses lists the organisation's own reports, newest first.
//
//	@Summary	Overdoses your organisation reported
//	@Tags		overdoses
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[OverdoseView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/overdoses [get]
func ListOverdoses(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListOverdoses(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, overdoseAnswer)
}

// GetOverdose returns one overdose, or its place and time.
//
//	@Summary	One overdose
//	@Tags		overdoses
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"overdose id"
//	@Success	200	{object}	OverdoseView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/overdoses/{id} [get]
func GetOverdose(c *Call) error {
	o, err := c.Store.GetOverdose(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(o.Version, overdoseAnswer(*o))
}

type overdoseMoveRequest struct {
	NaloxoneDoses *int        `json:"naloxoneDoses" minimum:"0" maximum:"20"`       // response: given, in all
	Ambulance     string      `json:"ambulance" extensions:"x-code-list=ambulance"` // response: required there
	On            models.Date `json:"on"`                                           // follow-up, plan-review, death-review: the day; required there
}

// MoveOverdose makes one move of the state machine.
//
//	@Summary		Move an overdose
//	@Description	response, survival, death, follow-up, plan-review, death-review, closure.
//	@Tags			overdoses
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"overdose id"
//	@Param			action	path		string				true	"action"	Enums(response, survival, death, follow-up, plan-review, death-review, closure)
//	@Param			body	body		overdoseMoveRequest	false	"what the action says"
//	@Success		200		{object}	OverdoseView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/overdoses/{id}/{action} [post]
func MoveOverdose(c *Call) error {
	in, err := bind[overdoseMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	action := c.Param("action")
	var checks models.Checks
	dated := action == "follow-up" || action == "plan-review" || action == "death-review"
	checks.Require(in.NaloxoneDoses == nil || action == "response", "/naloxoneDoses", "body.unknown_field")
	checks.Require(in.Ambulance == "" || action == "response", "/ambulance", "body.unknown_field")
	checks.Require(in.On == "" || dated, "/on", "body.unknown_field")
	if err := checks.Err(); err != nil {
		return err
	}
	move := models.OverdoseMove{Ambulance: in.Ambulance, On: in.On}
	if in.NaloxoneDoses != nil {
		move.NaloxoneDoses = *in.NaloxoneDoses
	}
	o, err := c.Store.MoveOverdose(c.Context, c.Param("id"), action, move)
	if err != nil {
		return err
	}
	return c.Versioned(o.Version, overdoseAnswer(*o))
}
