package handlers

import (
	"time"

	"jol/models"
)

type alertRequest struct {
	Kind       string      `json:"kind" validate:"required" extensions:"x-code-list=alert_kind"`     // what is warned of
	Region     string      `json:"region" extensions:"x-code-list=region"`                           // empty: your organisation's
	Place      string      `json:"place" extensions:"x-code-list=overdose_place"`                    // empty: the whole region
	Substances []string    `json:"substances" extensions:"x-code-list=substance"`                    // what it is about
	Advice     []string    `json:"advice" validate:"required" extensions:"x-code-list=alert_advice"` // what people can do
	Note       string      `json:"note" maxLength:"500"`                                             // free text, screened
	ValidUntil models.Date `json:"validUntil" validate:"required"`                                   // last day, at most 90 days ahead
}

type alertIssueRequest struct {
	Substances []string    `json:"substances" extensions:"x-code-list=substance"`                    // what it is about
	Advice     []string    `json:"advice" validate:"required" extensions:"x-code-list=alert_advice"` // what people can do
	Note       string      `json:"note" maxLength:"500"`                                             // free text, screened
	ValidUntil models.Date `json:"validUntil" validate:"required"`                                   // last day, at most 90 days ahead
}

// AlertView is a warning of a substance or a place. A proposal has no issuer and no text:
// it says that there were two or more overdoses, or that reports of a class or a name rise,
// and nothing of any of them.
type AlertView struct {
	ID           string                 `json:"id" cat:"alert"`
	Organisation *models.OrganisationID `json:"organisation" cat:"alert"`
	Kind         string                 `json:"kind" cat:"alert"`
	State        string                 `json:"state" cat:"alert"`
	Region       string                 `json:"region" cat:"alert"` // empty: the whole country
	Place        *string                `json:"place" cat:"alert"`
	NPSClass     *string                `json:"npsClass" cat:"alert"`
	Name         *string                `json:"name" cat:"alert"`
	Weakened     bool                   `json:"weakened" cat:"alert"` // reports it rests on were retracted; false for all but the programme
	Substances   []string               `json:"substances" cat:"alert"`
	Advice       []string               `json:"advice" cat:"alert"`
	Note         string                 `json:"note" cat:"alert"`
	ValidUntil   *models.Date           `json:"validUntil" cat:"alert"`
	IssuedAt     *time.Time             `json:"issuedAt" cat:"alert"`
	Retraction   *string                `json:"retraction" cat:"alert"`
	Version      int64                  `json:"version" cat:"alert"`
}

func alertView(a models.Alert) AlertView {
	return AlertView{
		ID: a.ID, Organisation: optional(a.OrganisationID), Kind: a.Kind, State: a.State, Region: a.Region, Place: optional(a.Place),
		NPSClass: optional(a.NPSClass), Name: optional(a.Name), Weakened: a.Weakened, Substances: a.Substances, Advice: a.Advice, Note: a.Note, ValidUntil: optional(a.ValidUntil), IssuedAt: a.IssuedAt,
		Retraction: optional(a.Retraction), Version: a.Version,
	}
}

// IssueAlert issues an alert.
//
//	@Summary	Issue an alert
//	@Tags		alerts
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		alertRequest	true	"advice from the code list; the note is screened"
//	@Success	201		{object}	AlertView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/alerts [post]
func IssueAlert(c *Call) error {
	in, err := bind[alertRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Region == "" {
		in.Region = c.Actor.Region
	}
	a, out, err := c.Store.IssueAlert(c.Context, models.NewAlert{
		Kind: in.Kind, Region: in.Region, Place: in.Place,
		AlertText: models.AlertText{Substances: in.Substances, Advice: in.Advice, Note: in.Note, ValidUntil: in.ValidUntil},
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/alerts/"+a.ID, a.Version, alertView(*a))
}

// ListAlerts lists the alerts in force, and proposals to the programme, who issues them.
//
//	@Summary	Alerts
//	@Tags		alerts
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"only these; others than issued for those who may change alerts, proposed for the programme"	Enums(proposed, issued, retracted)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[AlertView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/alerts [get]
func ListAlerts(c *Call) error {
	state, err := c.choice("state", oneOf(models.AlertMachine.States...))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListAlerts(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, alertView)
}

// GetAlert returns one alert.
//
//	@Summary	One alert
//	@Tags		alerts
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"alert id"
//	@Success	200	{object}	AlertView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/alerts/{id} [get]
func GetAlert(c *Call) error {
	a, err := c.Store.GetAlert(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(a.Version, alertView(*a))
}

// IssueProposal issues a proposed alert.
//
//	@Summary	Issue a proposed alert
//	@Tags		alerts
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"alert id"
//	@Param		body	body		alertIssueRequest	true	"what it says; the note is screened"
//	@Success	200		{object}	AlertView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/alerts/{id}/issue [post]
func IssueProposal(c *Call) error {
	in, err := bind[alertIssueRequest](&c.Exchange)
	if err != nil {
		return err
	}
	a, err := c.Store.IssueProposal(c.Context, c.Param("id"), models.AlertText(in))
	if err != nil {
		return err
	}
	return c.Versioned(a.Version, alertView(*a))
}

type alertRetractionRequest struct {
	Reason string `json:"reason" validate:"required" extensions:"x-code-list=alert_retraction"` // why it is taken back
}

// RetractAlert takes an alert or a proposal back.
//
//	@Summary	Retract an alert
//	@Tags		alerts
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"alert id"
//	@Param		body	body		alertRetractionRequest	true	"reason"
//	@Success	200		{object}	AlertView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/alerts/{id}/retraction [post]
func RetractAlert(c *Call) error {
	in, err := bind[alertRetractionRequest](&c.Exchange)
	if err != nil {
		return err
	}
	a, err := c.Store.RetractAlert(c.Context, c.Param("id"), in.Reason)
	if err != nil {
		return err
	}
	return c.Versioned(a.Version, alertView(*a))
}
