package handlers

import (
	"net/http"
	"slices"
	"time"

	"jol/models"
	"jol/models/store"
)

// CourtDutyView is a duty to a court that names a probation office.
type CourtDutyView struct {
	ID         string                `json:"id" cat:"disclosureLog"`
	ClientCode string                `json:"clientCode" cat:"disclosureLog"`
	Probation  models.OrganisationID `json:"probation" cat:"disclosureLog"`
	From       models.Date           `json:"from" cat:"disclosureLog"`
	Until      models.Date           `json:"until" cat:"disclosureLog"`
	EndedAt    *time.Time            `json:"endedAt" cat:"disclosureLog"`
	InForce    bool                  `json:"inForce" cat:"disclosureLog"`
	Version    int64                 `json:"version" cat:"disclosureLog"`
}

func courtDutyView(d store.SeenDuty) CourtDutyView {
	return CourtDutyView{ID: d.ID, ClientCode: d.ClientCode, Probation: d.ProbationID, From: d.FromDate, Until: d.UntilDate, EndedAt: d.EndedAt, InForce: d.InForce(d.Today), Version: d.Version}
}

type courtDutyRequest struct {
	Probation models.OrganisationID `json:"probation" validate:"required"` // the office that the court named
	Until     models.Date           `json:"until" validate:"required"`     // last day, at most 24 months ahead
}

// RecordDuty records a duty to a court.
//
//	@Summary		Record a court duty
//	@Description	The probation office named reads attendance and the social plan until the duty ends. Its id is what the office asks with; it is entered in the disclosure log.
//	@Tags			disclosures
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			code	path		string				true	"client code of your sector"
//	@Param			body	body		courtDutyRequest	true	"probation office and last day"
//	@Success		201		{object}	CourtDutyView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/clients/{code}/court-duties [post]
func RecordDuty(c *Call) error {
	in, err := bind[courtDutyRequest](&c.Exchange)
	if err != nil {
		return err
	}
	d, out, err := c.Store.RecordDuty(c.Context, c.Param("code"), in.Probation, in.Until)
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/clients/"+d.ClientCode+"/court-duties", d.Version, courtDutyView(*d))
}

// EndDuty ends a court duty at once.
//
//	@Summary	End a court duty
//	@Tags		disclosures
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"duty id"
//	@Success	200	{object}	CourtDutyView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/court-duties/{id}/ending [post]
func EndDuty(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	d, err := c.Store.EndDuty(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, courtDutyView(*d))
}

// SupervisionView is what a probation office knows somebody by: the consent or court duty
// that names the office.
type SupervisionView struct {
	ID    string      `json:"id" cat:"attendance"`
	Basis string      `json:"basis" cat:"attendance"`
	From  models.Date `json:"from" cat:"attendance"`
	Until models.Date `json:"until" cat:"attendance"`
}

func supervisionView(v store.Supervision) SupervisionView {
	return SupervisionView{ID: v.ID, Basis: v.Basis, From: v.From, Until: v.Until}
}

// SupervisedPersonView is the whole of what probation sees: days of attendance and the
// social part of the plan. Where the person attends, and what for, is not in it.
type SupervisedPersonView struct {
	ID         string               `json:"id" cat:"attendance"`
	Basis      string               `json:"basis" cat:"attendance"`
	From       models.Date          `json:"from" cat:"attendance"`
	Until      models.Date          `json:"until" cat:"attendance"`
	Attendance []AttendedDayView    `json:"attendance"`
	SocialPlan []SocialPlanLineView `json:"socialPlan"`
}

// AttendedDayView is one day of attendance.
type AttendedDayView struct {
	On     models.Date `json:"on" cat:"attendance"`
	Result *string     `json:"result" cat:"attendance"`
}

// SocialPlanLineView is one version of the social part of a plan, as it was written: goals of
// code list plan_goal_social with their state, and when they are looked at again.
type SocialPlanLineView struct {
	On               models.Date       `json:"on" cat:"planSocial"`
	Goals            []models.PlanGoal `json:"goals" cat:"planSocial"`
	ReviewOn         *models.Date      `json:"reviewOn" cat:"planSocial"`
	AgreedWithClient bool              `json:"agreedWithClient" cat:"planSocial"`
}

// ListSupervisions lists what names the caller's probation office now.
//
//	@Summary	Supervisions
//	@Tags		supervisions
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[SupervisionView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/supervisions [get]
func ListSupervisions(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListSupervisions(c.Context, p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, supervisionView)
}

// GetSupervision returns attendance and the social plan of one person.
//
//	@Summary	Attendance and social plan of one person under supervision
//	@Tags		supervisions
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"id of the consent or court duty that names the office"
//	@Success	200	{object}	SupervisedPersonView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/supervisions/{id} [get]
func GetSupervision(c *Call) error {
	v, err := c.Store.GetSupervision(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	out := SupervisedPersonView{ID: v.ID, Basis: v.Basis, From: v.From, Until: v.Until, Attendance: []AttendedDayView{}, SocialPlan: []SocialPlanLineView{}}
	for _, e := range v.Entries {
		if e.Category == models.CatAttendance {
			out.Attendance = append(out.Attendance, AttendedDayView{On: e.OnDate, Result: optional(e.Result)})
		} else {
			out.SocialPlan = append(out.SocialPlan, SocialPlanLineView{On: e.OnDate, Goals: slices.Concat([]models.PlanGoal{}, e.Plan.Goals), ReviewOn: optional(e.Plan.ReviewOn), AgreedWithClient: e.Plan.AgreedWithClient})
		}
	}
	return c.JSON(http.StatusOK, out)
}
