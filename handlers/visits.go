package handlers

import (
	"jol/models"
)

// VisitView is a line of the gate log: no client is in it.
type VisitView struct {
	ID          string                `json:"id" cat:"accessPass"`
	Pass        string                `json:"pass" cat:"accessPass"`
	NGO         models.OrganisationID `json:"ngo" cat:"accessPass"`
	Institution models.OrganisationID `json:"institution" cat:"accessPass"`
	Purpose     string                `json:"purpose" cat:"accessPass"`
	On          models.Date           `json:"on" cat:"accessPass"`
	State       string                `json:"state" cat:"accessPass"`
	Reason      *string               `json:"reason" cat:"accessPass"`
	Version     int64                 `json:"version" cat:"accessPass"`
}

func visitView(v models.Visit) VisitView {
	return VisitView{ID: v.ID, Pass: v.PassID, NGO: v.NGOID, Institution: v.InstitutionID, Purpose: v.Purpose, On: v.OnDate, State: v.State, Reason: optional(v.Reason), Version: v.Version}
}

type visitRequest struct {
	Pass    string      `json:"pass" validate:"required" format:"uuid"`                             // the access pass it rests on
	Purpose string      `json:"purpose" validate:"required" extensions:"x-code-list=visit_purpose"` // what for
	On      models.Date `json:"on" validate:"required"`                                             // the day, today or later
}

// PlanVisit announces a visit.
//
//	@Summary	Plan a visit
//	@Tags		access
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		visitRequest	true	"pass, kind of visit, day; never whom it is for"
//	@Success	201		{object}	VisitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/visits [post]
func PlanVisit(c *Call) error {
	in, err := bind[visitRequest](&c.Exchange)
	if err != nil {
		return err
	}
	v, out, err := c.Store.PlanVisit(c.Context, models.NewVisit{PassID: in.Pass, Purpose: in.Purpose, On: in.On})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/visits/"+v.ID, v.Version, visitView(*v))
}

// ListVisits lists visits.
//
//	@Summary	Visits
//	@Tags		access
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[VisitView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/visits [get]
func ListVisits(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListVisits(c.Context, p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, visitView)
}

// GetVisit returns one visit.
//
//	@Summary	One visit
//	@Tags		access
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"visit id"
//	@Success	200	{object}	VisitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/visits/{id} [get]
func GetVisit(c *Call) error {
	v, err := c.Store.GetVisit(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(v.Version, visitView(*v))
}

type visitMoveRequest struct {
	Reason string `json:"reason" extensions:"x-code-list=visit_cancellation"` // cancellation: why; required there
}

// MoveVisit records that a visit was made or cancelled.
//
//	@Summary	Move a visit
//	@Tags		access
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"visit id"
//	@Param		action	path		string				true	"action"	Enums(completion, cancellation)
//	@Param		body	body		visitMoveRequest	false	"cancellation: reason, of the list visit_cancellation"
//	@Success	200		{object}	VisitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/visits/{id}/{action} [post]
func MoveVisit(c *Call) error {
	action := c.Param("action")
	if err := models.VisitMachine.Unknown(action); err != nil {
		return err
	}
	in, err := bind[visitMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Reason != "" && action != "cancellation" {
		return invalid("/reason", "body.unknown_field")
	}
	v, err := c.Store.MoveVisit(c.Context, c.Param("id"), action, in.Reason)
	if err != nil {
		return err
	}
	return c.Versioned(v.Version, visitView(*v))
}
