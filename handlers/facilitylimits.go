package handlers

import (
	"time"

	"jol/models"
)

// FacilityLimitView is a time limit that a facility has in place of a protocol's. InForce
// is false once it has ended, and while another edition is served than it was made for.
type FacilityLimitView struct {
	ID           string                `json:"id" cat:"protocol"`
	Organisation models.OrganisationID `json:"organisation" cat:"protocol"`
	Protocol     string                `json:"protocol" cat:"protocol"`
	Edition      string                `json:"edition" cat:"protocol"`
	Step         string                `json:"step" cat:"protocol"`
	Limit        string                `json:"limit" cat:"protocol"`
	Duration     string                `json:"duration" cat:"protocol"`
	Reason       string                `json:"reason" cat:"protocol"`
	InForce      bool                  `json:"inForce" cat:"protocol"`
	CreatedAt    time.Time             `json:"createdAt" cat:"protocol"`
	EndedAt      *time.Time            `json:"endedAt" cat:"protocol"`
	Version      int64                 `json:"version" cat:"protocol"`
}

func (c *Call) facilityLimitView(l models.FacilityLimit) FacilityLimitView {
	edition, _ := c.Protocols.Edition(l.Protocol)
	return FacilityLimitView{
		ID: l.ID, Organisation: l.OrganisationID, Protocol: l.Protocol, Edition: l.Edition, Step: l.Step, Limit: l.LimitID, Duration: l.Duration,
		Reason: l.Reason, InForce: l.EndedAt == nil && l.Edition == edition, CreatedAt: l.CreatedAt, EndedAt: l.EndedAt, Version: l.Version,
	}
}

// ListFacilityLimits lists the limits that facilities have of their own.
//
//	@Summary	Limits of facilities
//	@Tags		editions
//	@Security	bearer
//	@Produce	json
//	@Param		organisation	query		string	false	"organisation id"
//	@Param		limit			query		int		false	"page size, 1 to 200"
//	@Param		cursor			query		string	false	"cursor of the page before"
//	@Success	200				{object}	Page[FacilityLimitView]
//	@Failure	default			{object}	ProblemView
//	@Router		/api/v1/facility-limits [get]
func ListFacilityLimits(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListFacilityLimits(c.Context, c.Query.Get("organisation"), paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, c.facilityLimitView)
}

// GetFacilityLimit returns one limit of a facility.
//
//	@Summary	One limit of a facility
//	@Tags		editions
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"limit id"
//	@Success	200	{object}	FacilityLimitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/facility-limits/{id} [get]
func GetFacilityLimit(c *Call) error {
	l, err := c.Store.GetFacilityLimit(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(l.Version, c.facilityLimitView(*l))
}

type facilityLimitRequest struct {
	Organisation models.OrganisationID `json:"organisation" validate:"required"`           // whose limit it is
	Protocol     string                `json:"protocol" validate:"required" format:"slug"` // whose edition in force has the limit
	Step         string                `json:"step" validate:"required" format:"slug"`     // of the protocol
	// Limit is the id of the limit within the step.
	Limit string `json:"limit" validate:"required" format:"slug"`
	// Duration takes the place of the limit's offset, or of its interval when it recurs:
	// ISO 8601 of one unit, such as PT12H or P3D.
	Duration string `json:"duration" validate:"required" format:"duration"`
	Reason   string `json:"reason" validate:"required" maxLength:"500"` // why here, screened
}

// SetFacilityLimit gives a facility its own limit.
//
//	@Summary		Give a facility its own limit
//	@Description	In place of a limit of the edition in force, and of that edition only; it replaces the one the facility had. A hard limit can be made stricter, never looser. Evaluations that name the organisation use it and repeat the reason.
//	@Tags			editions
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		facilityLimitRequest	true	"facility, limit, duration, reason"
//	@Success		201		{object}	FacilityLimitView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/facility-limits [post]
func SetFacilityLimit(c *Call) error {
	in, err := bind[facilityLimitRequest](&c.Exchange)
	if err != nil {
		return err
	}
	n := models.NewFacilityLimit{OrganisationID: in.Organisation, Protocol: in.Protocol, Step: in.Step, LimitID: in.Limit, Duration: in.Duration, Reason: in.Reason}
	if err := c.Protocols.CheckFacilityLimit(&n); err != nil {
		return err
	}
	l, out, err := c.Store.SetFacilityLimit(c.Context, n)
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/facility-limits/"+l.ID, l.Version, c.facilityLimitView(*l))
}

// EndFacilityLimit gives the protocol's own limit back to a facility.
//
//	@Summary	End the limit of a facility
//	@Tags		editions
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"limit id"
//	@Success	200	{object}	FacilityLimitView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/facility-limits/{id}/end [post]
func EndFacilityLimit(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	l, err := c.Store.EndFacilityLimit(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(l.Version, c.facilityLimitView(*l))
}
