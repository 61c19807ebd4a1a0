package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// AuditEventView is one event of the trail: random ids only, no code and no text.
type AuditEventView struct {
	Seq          int64                 `json:"seq" cat:"audit"`
	At           time.Time             `json:"at" cat:"audit"`
	Actor        models.UserID         `json:"actor" cat:"audit" swaggertype:"string"`
	Role         models.Role           `json:"role" cat:"audit" swaggertype:"string"` // also "system", and "" of who was not known
	Organisation models.OrganisationID `json:"organisation" cat:"audit"`
	Action       string                `json:"action" cat:"audit"`
	Outcome      string                `json:"outcome" cat:"audit"`
	Objects      []string              `json:"objects" cat:"audit"`
	Request      string                `json:"request" cat:"audit"`
}

func auditEventView(e store.AuditEvent) AuditEventView {
	return AuditEventView{
		Seq: e.Seq, At: e.At, Actor: e.ActorID, Role: e.ActorRole, Organisation: e.OrganisationID,
		Action: e.Action, Outcome: e.Outcome, Objects: e.Objects, Request: e.RequestID,
	}
}

// ListAuditEvents lists the trail, newest first. Reading it is itself an event.
//
//	@Summary	Audit trail
//	@Tags		audit
//	@Security	bearer
//	@Produce	json
//	@Param		action	query		string	false	"one action, for example referral.create"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[AuditEventView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/audit-events [get]
func ListAuditEvents(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListAuditEvents(c.Context, c.Query.Get("action"), paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, auditEventView)
}
