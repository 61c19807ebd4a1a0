package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// AccessPassView is an application for a pass, or the pass that came of it. Overdue says
// that the institution owes a decision; an application never lapses in silence.
type AccessPassView struct {
	ID          string                `json:"id" cat:"accessPass"`
	NGO         models.OrganisationID `json:"ngo" cat:"accessPass"`
	Institution models.OrganisationID `json:"institution" cat:"accessPass"`
	User        models.UserID         `json:"user" cat:"accessPass"`
	Agreement   string                `json:"agreement" cat:"accessPass"`
	Purpose     string                `json:"purpose" cat:"accessPass"`
	Conditions  []string              `json:"conditions" cat:"accessPass"`
	State       string                `json:"state" cat:"accessPass"`
	Reason      *string               `json:"reason" cat:"accessPass"`
	RequestedAt time.Time             `json:"requestedAt" cat:"accessPass"`
	DecideBy    time.Time             `json:"decideBy" cat:"accessPass"`
	Overdue     bool                  `json:"overdue" cat:"accessPass"`
	From        models.Date           `json:"from" cat:"accessPass"`
	Until       models.Date           `json:"until" cat:"accessPass"`
	InductedOn  *models.Date          `json:"inductedOn" cat:"accessPass"`
	Allowed     []string              `json:"allowed" cat:"accessPass"`
	Version     int64                 `json:"version" cat:"accessPass"`
}

func accessPassView(p store.SeenPass) AccessPassView {
	return AccessPassView{
		ID: p.ID, NGO: p.NGOID, Institution: p.InstitutionID, User: p.UserID, Agreement: p.AgreementID, Purpose: p.Purpose,
		Conditions: p.Conditions, State: p.StateOn(p.Today), Reason: optional(p.Reason), RequestedAt: p.RequestedAt, DecideBy: p.DecideBy,
		Overdue: p.Overdue(p.Now), From: p.ValidFrom, Until: p.ValidUntil, InductedOn: optional(p.InductedOn), Allowed: p.Allowed, Version: p.Version,
	}
}

type accessPassRequest struct {
	User        models.UserID         `json:"user" validate:"required" format:"uuid"`                                   // the worker, an account of your NGO
	Institution models.OrganisationID `json:"institution" validate:"required"`                                          // the prison to be visited
	Purpose     string                `json:"purpose" validate:"required" extensions:"x-code-list=partnership_service"` // a service of the agreement
	From        models.Date           `json:"from" validate:"required"`                                                 // first day
	Until       models.Date           `json:"until" validate:"required"`                                                // last day
}

// ApplyForPass asks an institution to let a worker in.
//
//	@Summary	Apply for an access pass
//	@Tags		access
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		accessPassRequest	true	"which worker, where, what for, when"
//	@Success	201		{object}	AccessPassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes [post]
func ApplyForPass(c *Call) error {
	in, err := bind[accessPassRequest](&c.Exchange)
	if err != nil {
		return err
	}
	p, out, err := c.Store.ApplyForPass(c.Context, models.NewPass{UserID: in.User, InstitutionID: in.Institution, Purpose: in.Purpose, ValidFrom: in.From, ValidUntil: in.Until})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/access-passes/"+p.ID, p.Version, accessPassView(*p))
}

// ListPasses lists the passes between the caller's organisation and others.
//
//	@Summary	Access passes
//	@Tags		access
//	@Security	bearer
//	@Produce	json
//	@Param		overdue	query		bool	false	"true: applications that wait longer than 10 days"
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[AccessPassView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes [get]
func ListPasses(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	overdue, err := c.choice("overdue", oneOf("true", "false"))
	if err != nil {
		return err
	}
	page, err := c.Store.ListPasses(c.Context, overdue == "true", p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, accessPassView)
}

// GetPass returns one pass to the NGO or the institution.
//
//	@Summary	One access pass
//	@Tags		access
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"pass id"
//	@Success	200	{object}	AccessPassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes/{id} [get]
func GetPass(c *Call) error {
	p, err := c.Store.GetPass(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(p.Version, accessPassView(*p))
}

type passMoveRequest struct {
	Reason string      `json:"reason" extensions:"x-code-list=access_refusal"` // suspension, revocation: why; required there
	On     models.Date `json:"on"`                                             // induction: the day; required there
}

// MovePass makes one move that is no decision.
//
//	@Summary	Move an access pass
//	@Tags		access
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string			true	"pass id"
//	@Param		action	path		string			true	"action"	Enums(appeal, induction, activation, suspension, resumption, revocation)
//	@Param		body	body		passMoveRequest	false	"what the action says"
//	@Success	200		{object}	AccessPassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes/{id}/{action} [post]
func MovePass(c *Call) error {
	action := c.Param("action")
	if err := models.PassMachine.Unknown(action, models.PassDecisions...); err != nil {
		return err
	}
	in, err := bind[passMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var checks models.Checks
	checks.Require(in.Reason == "" || action == "suspension" || action == "revocation", "/reason", "body.unknown_field")
	checks.Require(in.On == "" || action == "induction", "/on", "body.unknown_field")
	if err := checks.Err(); err != nil {
		return err
	}
	return c.movePass(action, models.Change, models.PassMove{Reason: in.Reason, On: in.On})
}

func (c *Call) movePass(action string, verb models.Verb, m models.PassMove) error {
	p, err := c.Store.MovePass(c.Context, c.Param("id"), action, verb, m)
	if err != nil {
		return err
	}
	return c.Versioned(p.Version, accessPassView(*p))
}

// ApprovePass lets the worker in.
//
//	@Summary	Approve an access pass
//	@Tags		access
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"pass id"
//	@Success	200	{object}	AccessPassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes/{id}/approval [post]
func ApprovePass(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	return c.movePass("approval", models.Approve, models.PassMove{})
}

type passConditionsRequest struct {
	Conditions []string `json:"conditions" validate:"required" extensions:"x-code-list=access_condition"` // on which the worker is let in
}

// ApprovePassOnConditions lets the worker in on conditions of a closed list.
//
//	@Summary	Approve an access pass on conditions
//	@Tags		access
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"pass id"
//	@Param		body	body		passConditionsRequest	true	"conditions, of the list access_condition"
//	@Success	200		{object}	AccessPassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes/{id}/conditional-approval [post]
func ApprovePassOnConditions(c *Call) error {
	in, err := bind[passConditionsRequest](&c.Exchange)
	if err != nil {
		return err
	}
	return c.movePass("conditional-approval", models.Approve, models.PassMove{Conditions: in.Conditions})
}

type passRefusalRequest struct {
	Reason string `json:"reason" validate:"required" extensions:"x-code-list=access_refusal"` // why not
}

// RefusePass refuses an application, with a reason that can be appealed.
//
//	@Summary	Refuse an access pass
//	@Tags		access
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"pass id"
//	@Param		body	body		passRefusalRequest	true	"reason, of the list access_refusal"
//	@Success	200		{object}	AccessPassView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/access-passes/{id}/refusal [post]
func RefusePass(c *Call) error {
	in, err := bind[passRefusalRequest](&c.Exchange)
	if err != nil {
		return err
	}
	return c.movePass("refusal", models.Approve, models.PassMove{Reason: in.Reason})
}
