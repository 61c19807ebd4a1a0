package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// ReleaseCaseView is a release case as the health unit that leads it sees it.
type ReleaseCaseView struct {
	ID              string                 `json:"id" cat:"releaseCase"`
	ClientCode      string                 `json:"clientCode" cat:"identity"`
	CustodySpell    string                 `json:"custodySpell" cat:"custody"`
	State           string                 `json:"state" cat:"releaseCase"`
	Unplanned       bool                   `json:"unplanned" cat:"releaseCase"`
	Lead            *models.UserID         `json:"lead" cat:"releaseCase"`
	PlannedOn       *models.Date           `json:"plannedOn" cat:"releaseDate"`
	PlannedReleases []PlannedReleaseView   `json:"plannedReleases"`
	Steps           []ReleaseStepView      `json:"steps"`
	ReleasedAt      *time.Time             `json:"releasedAt" cat:"releaseDate"`
	ExitRegion      *string                `json:"exitRegion" cat:"releasePlan"`
	Receiver        *models.OrganisationID `json:"receiver" cat:"releasePlan"` // responsible since the release; null: nobody outside was told
	ByDefault       bool                   `json:"byDefault" cat:"releasePlan"`
	Risk            string                 `json:"risk" cat:"releasePlan"`
	Outcomes        []ReleaseOutcomeView   `json:"outcomes"`
	LinkedOn        *models.Date           `json:"linkedOn" cat:"attendance"` // of a case that is linked
	Allowed         []string               `json:"allowed" cat:"releaseCase"`
	Version         int64                  `json:"version" cat:"releaseCase"`
}

// ReleaseStepView is one step of the preparation and when it should be done.
type ReleaseStepView struct {
	State   string      `json:"state" cat:"releasePlan"`
	Due     models.Date `json:"due" cat:"releasePlan"`
	Overdue bool        `json:"overdue" cat:"releasePlan"`
	Basis   string      `json:"basis" cat:"releasePlan"` // E: editorial default
}

// ReleaseOutcomeView says whether somebody was in care some days after the release.
type ReleaseOutcomeView struct {
	Day    int    `json:"day" cat:"attendance"`
	Result string `json:"result" cat:"attendance"` // linked, not_linked, pending
}

func caseView(c store.SeenCase) ReleaseCaseView {
	v := ReleaseCaseView{
		ID: c.ID, ClientCode: c.ClientCode, CustodySpell: c.SpellID, State: c.StateNow, Unplanned: c.Unplanned, Lead: optional(c.LeadID),
		PlannedOn: optional(c.PlannedOn), PlannedReleases: plannedReleases(c.Planned), Steps: make([]ReleaseStepView, len(c.Steps)),
		ReleasedAt: c.ReleasedAt, ExitRegion: optional(models.RegionOfExit(c.ExitRegion, c.ReleasedAt != nil)), Receiver: optional(c.ReceiverID), ByDefault: c.ByDefault, Risk: c.Risk,
		Outcomes: make([]ReleaseOutcomeView, len(c.Outcomes)), LinkedOn: optional(c.LinkedOn),
		Allowed: orNone(models.ReleaseCaseMachine.Allowed(c.StateNow, models.HealthUnit)), Version: c.Version,
	}
	for i, s := range c.Steps {
		v.Steps[i] = ReleaseStepView(s)
	}
	for i, o := range c.Outcomes {
		v.Outcomes[i] = ReleaseOutcomeView(o)
	}
	return v
}

// OpenReleaseCase opens the release case of a stay before its time.
//
//	@Summary		Open a release case
//	@Description	One opens by itself when the planned release is at most 90 days away at the time it is set.
//	@Tags			release
//	@Security		bearer
//	@Produce		json
//	@Param			id		path		string	true	"spell id"
//	@Success		201		{object}	ReleaseCaseView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/custody-spells/{id}/release-case [post]
func OpenReleaseCase(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	rc, out, err := c.Store.OpenCase(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/release-cases/"+rc.ID, rc.Version, caseView(*rc))
}

// ListReleaseCases lists the health unit's release cases, newest first.
//
//	@Summary	Release cases
//	@Tags		release
//	@Security	bearer
//	@Produce	json
//	@Param		due		query		string	false	"when the next step is due"	Enums(overdue, today, week)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ReleaseCaseView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/release-cases [get]
func ListReleaseCases(c *Call) error {
	due, err := c.choice("due", oneOf("overdue", "today", "week"))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListCases(c.Context, store.CaseFilter{Due: due}, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, caseView)
}

// GetReleaseCase returns one of the health unit's release cases.
//
//	@Summary	One release case
//	@Tags		release
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"case id"
//	@Success	200	{object}	ReleaseCaseView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/release-cases/{id} [get]
func GetReleaseCase(c *Call) error {
	rc, err := c.Store.GetCase(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(rc.Version, caseView(*rc))
}

// MoveReleaseCase makes one move of a release case.
//
//	@Summary	Move a release case
//	@Tags		release
//	@Security	bearer
//	@Produce	json
//	@Param		id		path		string	true	"case id"
//	@Param		action	path		string	true	"action"	Enums(assessment, referrals, readiness, closure)
//	@Success	200		{object}	ReleaseCaseView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/release-cases/{id}/{action} [post]
func MoveReleaseCase(c *Call) error {
	action := c.Param("action")
	if err := models.ReleaseCaseMachine.Unknown(action); err != nil {
		return err
	}
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	rc, err := c.Store.MoveCase(c.Context, c.Param("id"), action)
	if err != nil {
		return err
	}
	return c.Versioned(rc.Version, caseView(*rc))
}

// ReleaseHandoverView is a release case as somebody else sees it: who is responsible since
// the release, or whom a consent names.
type ReleaseHandoverView struct {
	ID               string                `json:"id" cat:"releaseCase"`
	ClientCode       *string               `json:"clientCode" cat:"identity"` // the reader's own record
	FromOrganisation models.OrganisationID `json:"fromOrganisation" cat:"releaseCase"`
	Released         bool                  `json:"released" cat:"releaseCase"`
	PlannedOn        *models.Date          `json:"plannedOn" cat:"releaseDate"`
	ReleasedAt       *time.Time            `json:"releasedAt" cat:"releaseDate"`
	Unplanned        bool                  `json:"unplanned" cat:"releaseCase"`
	ExitRegion       *string               `json:"exitRegion" cat:"releasePlan"`
	Responsible      bool                  `json:"responsible" cat:"releaseCase"`        // the reader's organisation is
	ByDefault        bool                  `json:"byDefault" cat:"releaseCase"`          // because nobody had accepted
	AgonistTreatment *bool                 `json:"agonistTreatment" cat:"treatmentFact"` // null without a dose-continuity consent
	Risk             *string               `json:"risk" cat:"releasePlan"`
}

func handoverView(h store.SeenHandover) ReleaseHandoverView {
	v := ReleaseHandoverView{
		ID: h.ID, ClientCode: optional(h.ClientCode), FromOrganisation: h.OrganisationID, Released: h.ReleasedAt != nil, Unplanned: h.Unplanned,
		ExitRegion: optional(models.RegionOfExit(h.ExitRegion, h.ReleasedAt != nil)), Responsible: h.Responsible, ByDefault: h.ByDefault && h.Responsible, AgonistTreatment: h.Agonist,
	}
	if h.ShowDate {
		v.PlannedOn, v.ReleasedAt, v.Risk = optional(h.PlannedOn), h.ReleasedAt, &h.Risk
	}
	return v
}

// ListReleaseHandovers lists releases that the organisation is responsible for, or that a
// consent lets it see.
//
//	@Summary	Releases handed over to the organisation
//	@Tags		release
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ReleaseHandoverView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/release-handovers [get]
func ListReleaseHandovers(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListHandovers(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, handoverView)
}
