package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// episodeMoveRequest is the body of every move; each reads its own field and refuses the
// other.
type episodeMoveRequest struct {
	Reason    string `json:"reason" extensions:"x-code-list=suspension_reason"`   // suspension: why; required there
	Emergency string `json:"emergency" extensions:"x-code-list=emergency_ground"` // treatment: the ground where there is no consent
}

// ChangeEpisodeState makes one move of the life of an episode.
//
//	@Summary		Move an episode
//	@Description	assessment, plan, treatment (needs a consent to treatment in force or an order of a court; an emergency names its ground instead and leaves a task to ask for the consent), suspension (custody, hospital, travel, lost_contact), resumption, aftercare.
//	@Tags			episodes
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"episode id"
//	@Param			action	path		string				true	"action"	Enums(assessment, plan, treatment, suspension, resumption, aftercare)
//	@Param			body	body		episodeMoveRequest	false	"what the action says"
//	@Success		200		{object}	EpisodeView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/episodes/{id}/{action} [post]
func ChangeEpisodeState(c *Call) error {
	action := c.Param("action")
	if err := models.EpisodeMachine.Unknown(action, "closure", "reopening"); err != nil {
		return err
	}
	in, err := bind[episodeMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var checks models.Checks
	checks.Require(in.Reason == "" || action == "suspension", "/reason", "body.unknown_field")
	checks.Require(in.Emergency == "" || action == "treatment", "/emergency", "body.unknown_field")
	if err := checks.Err(); err != nil {
		return err
	}
	e, err := c.Store.ChangeEpisodeState(c.Context, c.Param("id"), action, models.EpisodeMove{Reason: in.Reason, Emergency: in.Emergency})
	if err != nil {
		return err
	}
	return c.Versioned(e.Version, episodeView(*e))
}

type reopeningRequest struct {
	StartDate models.Date `json:"startDate"` // today when left out
}

// ReopenEpisode takes a closed episode up again: a new episode that names the old one.
//
//	@Summary		Reopen an episode
//	@Description	Within 12 months of the end. The closed episode stays as it was counted; the new one is assessed, keeps what was asked at entry and follows the edition served now.
//	@Tags			episodes
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"id of the closed episode"
//	@Param			body	body		reopeningRequest	false	"when"
//	@Success		201		{object}	EpisodeView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/episodes/{id}/reopening [post]
func ReopenEpisode(c *Call) error {
	in, err := bind[reopeningRequest](&c.Exchange)
	if err != nil {
		return err
	}
	e, out, err := c.Store.ReopenEpisode(c.Context, c.Param("id"), in.StartDate, c.Protocols.Edition)
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/episodes/"+e.ID, e.Version, episodeView(*e))
}

// AnchorView is a value that an anchor of an episode has or had: an event that limits
// count from.
type AnchorView struct {
	ID         string        `json:"id" cat:"episode"`
	Episode    string        `json:"episode" cat:"episode"`
	Name       string        `json:"name" cat:"episode"`
	At         *time.Time    `json:"at" cat:"episode"` // null when only the day is known
	On         *models.Date  `json:"on" cat:"episode"`
	Current    bool          `json:"current" cat:"episode"` // false: what it was before
	Version    int64         `json:"version" cat:"episode"`
	RecordedAt time.Time     `json:"recordedAt" cat:"episode"`
	RecordedBy models.UserID `json:"recordedBy" cat:"episode"`
}

func anchorView(a models.Anchor, current bool) AnchorView {
	return AnchorView{ID: a.ID, Episode: a.EpisodeID, Name: a.Name, At: a.At, On: optional(a.OnDate), Current: current, Version: a.Version,
		RecordedAt: a.CreatedAt, RecordedBy: a.CreatedBy}
}

// ListAnchors lists the anchors of an episode with their history.
//
//	@Summary	Anchors of an episode
//	@Tags		episodes
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"episode id"
//	@Success	200	{object}	Page[AnchorView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/episodes/{id}/anchors [get]
func ListAnchors(c *Call) error {
	anchors, err := c.Store.ListAnchors(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	latest := models.LatestAnchors(anchors)
	return list(&c.Exchange, store.Page[models.Anchor]{Items: anchors}, func(a models.Anchor) AnchorView { return anchorView(a, latest[a.Name].ID == a.ID) })
}

type anchorRequest struct {
	Name string      `json:"name" validate:"required" format:"slug" maxLength:"64"` // an event that limits of the edition count from
	At   *time.Time  `json:"at"`                                                    // when it happened or will; or on
	On   models.Date `json:"on"`                                                    // the day, when the time is not known
}

// RecordAnchor records when an event that limits count from happened, or will. Recording
// it again moves it and what is undone with it.
//
//	@Summary	Record or move an anchor
//	@Tags		episodes
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string			true	"episode id"
//	@Param		body	body		anchorRequest	true	"an anchor of the protocol and its time or day"
//	@Success	201		{object}	AnchorView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/episodes/{id}/anchors [post]
func RecordAnchor(c *Call) error {
	in, err := bind[anchorRequest](&c.Exchange)
	if err != nil {
		return err
	}
	a, out, err := c.Store.RecordAnchor(c.Context, c.Param("id"), models.NewAnchor{Name: in.Name, At: in.At, On: in.On})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/episodes/"+a.EpisodeID+"/anchors", a.Version, anchorView(*a, true))
}
