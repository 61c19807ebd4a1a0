package handlers

import (
	"encoding/hex"
	"time"

	"jol/models"
	"jol/models/store"
)

// NoticeView is an urgent item of the organisation. What it is about is read elsewhere, by
// whoever may.
type NoticeView struct {
	ID             string     `json:"id" cat:"notice"`
	Kind           string     `json:"kind" cat:"notice"`
	Subject        string     `json:"subject" cat:"notice"`
	State          string     `json:"state" cat:"notice"`
	Level          int        `json:"level" cat:"notice"`
	CreatedAt      time.Time  `json:"createdAt" cat:"notice"`
	EscalatesAt    *time.Time `json:"escalatesAt" cat:"notice"` // null once it is acknowledged
	AcknowledgedAt *time.Time `json:"acknowledgedAt" cat:"notice"`
	Version        int64      `json:"version" cat:"notice"`
}

func noticeView(n models.Notice) NoticeView {
	v := NoticeView{ID: n.ID, Kind: n.Kind, Subject: n.SubjectID, State: n.State, Level: n.Level, CreatedAt: n.CreatedAt, AcknowledgedAt: n.AcknowledgedAt, Version: n.Version}
	if n.State == models.NoticeOpen {
		v.EscalatesAt = &n.EscalateAt
	}
	return v
}

// ListNotices lists what the organisation was told, newest first.
//
//	@Summary	Urgent notices
//	@Tags		notices
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"open or acknowledged"	Enums(open, acknowledged)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[NoticeView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/notices [get]
func ListNotices(c *Call) error {
	state, err := c.choice("state", oneOf(models.NoticeOpen, models.NoticeAcknowledged))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListNotices(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, noticeView)
}

// AcknowledgeNotice ends the escalation: somebody takes care of it. It may be repeated.
//
//	@Summary	Acknowledge a notice
//	@Tags		notices
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"notice id"
//	@Success	200	{object}	NoticeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/notices/{id}/acknowledgement [post]
func AcknowledgeNotice(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	n, err := c.Store.AcknowledgeNotice(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(n.Version, noticeView(*n))
}

// DutyContactView is where an organisation's duty worker is told.
type DutyContactView struct {
	ID      string `json:"id" cat:"user"`
	Channel string `json:"channel" cat:"user"`
	Target  string `json:"target" cat:"user"`
	Level   int    `json:"level" cat:"user"`
	Active  bool   `json:"active" cat:"user"`
	// SigningKey checks that a webhook is ours, in hexadecimal; null for e-mail.
	SigningKey *string `json:"signingKey" cat:"user"`
	Version    int64   `json:"version" cat:"user"`
}

func contactView(c *Call) func(models.DutyContact) DutyContactView {
	return func(d models.DutyContact) DutyContactView {
		v := DutyContactView{ID: d.ID, Channel: d.Channel, Target: d.Target, Level: d.Level, Active: d.Active, Version: d.Version}
		if d.Channel == models.ChannelWebhook {
			key := hex.EncodeToString(c.Store.WebhookKey(d))
			v.SigningKey = &key
		}
		return v
	}
}

// ListDutyContacts lists where an organisation is told.
//
//	@Summary	Duty contacts of an organisation
//	@Tags		notices
//	@Security	bearer
//	@Produce	json
//	@Param		id		path		string	true	"organisation id"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DutyContactView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations/{id}/duty-contacts [get]
func ListDutyContacts(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDutyContacts(c.Context, c.Param("id"), paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, contactView(c))
}

type dutyContactRequest struct {
	Channel string `json:"channel" validate:"required" enums:"webhook,email"` // how it is told
	Target  string `json:"target" validate:"required" maxLength:"300"`        // a role mailbox, or an address of https
	Level   int    `json:"level" validate:"required" minimum:"1" maximum:"3"` // from which level of escalation on
}

// AddDutyContact adds a shared mailbox or a program's address.
//
//	@Summary	Add a duty contact
//	@Tags		notices
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"organisation id"
//	@Param		body	body		dutyContactRequest	true	"webhook or email, its address, and the level: 1 is told first"
//	@Success	201		{object}	DutyContactView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations/{id}/duty-contacts [post]
func AddDutyContact(c *Call) error {
	in, err := bind[dutyContactRequest](&c.Exchange)
	if err != nil {
		return err
	}
	d, out, err := c.Store.AddDutyContact(c.Context, c.Param("id"), store.NewDutyContact{Channel: in.Channel, Target: in.Target, Level: in.Level})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/organisations/"+string(d.OrganisationID)+"/duty-contacts/"+d.ID, d.Version, contactView(c)(*d))
}

type dutyContactChangeRequest struct {
	Target *string `json:"target" maxLength:"300"`        // a role mailbox, or an address of https
	Level  *int    `json:"level" minimum:"1" maximum:"3"` // from which level of escalation on
	Active *bool   `json:"active"`                        // false: it is told no more
}

// ChangeDutyContact changes a duty contact.
//
//	@Summary	Change a duty contact
//	@Tags		notices
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string						true	"organisation id"
//	@Param		contact	path		string						true	"contact id"
//	@Param		body	body		dutyContactChangeRequest	true	"what changes"
//	@Success	200		{object}	DutyContactView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations/{id}/duty-contacts/{contact} [patch]
func ChangeDutyContact(c *Call) error {
	in, err := bind[dutyContactChangeRequest](&c.Exchange)
	if err != nil {
		return err
	}
	d, err := c.Store.ChangeDutyContact(c.Context, c.Param("id"), c.Param("contact"), models.DutyContactChange{Target: in.Target, Level: in.Level, Active: in.Active})
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, contactView(c)(*d))
}

// RegionDefaultView names the clinic that releases into a region fall to when nobody
// accepted.
type RegionDefaultView struct {
	Region       string                 `json:"region" cat:"organisation"`
	Organisation *models.OrganisationID `json:"organisation" cat:"organisation"`
	Version      int64                  `json:"version" cat:"organisation"` // 0: none was ever named
}

func regionDefaultView(d models.RegionDefault) RegionDefaultView {
	return RegionDefaultView{Region: d.Region, Organisation: optional(d.OrganisationID), Version: d.Version}
}

// GetDefaultClinic returns the default clinic of a region.
//
//	@Summary	Default clinic of a region
//	@Tags		release
//	@Security	bearer
//	@Produce	json
//	@Param		region	path		string	true	"ISO 3166-2 region"
//	@Success	200		{object}	RegionDefaultView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/regions/{region}/default-clinic [get]
func GetDefaultClinic(c *Call) error {
	d, err := c.Store.GetDefaultClinic(c.Context, c.Param("region"))
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, regionDefaultView(d))
}

type defaultClinicRequest struct {
	Organisation *models.OrganisationID `json:"organisation" validate:"required" extensions:"x-nullable"` // an active clinic of the region; null: none
}

// SetDefaultClinic names the default clinic of a region or takes it back; only the ministry does.
//
//	@Summary		Name the default clinic of a region, or none
//	@Description	null takes it back: a release that nobody accepts then stays with its health unit, which is told, as is the ministry. Who fell to the clinic before stays with it.
//	@Tags			release
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			region	path		string					true	"ISO 3166-2 region"
//	@Param			body	body		defaultClinicRequest	true	"a clinic of the region, or null"
//	@Success		200		{object}	RegionDefaultView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/regions/{region}/default-clinic [put]
func SetDefaultClinic(c *Call) error {
	in, err := bind[defaultClinicRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var clinic models.OrganisationID
	if in.Organisation != nil {
		clinic = *in.Organisation
	}
	d, err := c.Store.SetDefaultClinic(c.Context, c.Param("region"), clinic)
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, regionDefaultView(d))
}
