package handlers

import (
	"net/http"
	"time"

	"jol/models"
)

// OwnFiguresView is what an organisation counts of itself, as of a day. Figures of rows
// that the caller's role may not read are not in the list.
type OwnFiguresView struct {
	AsOf       models.Date     `json:"asOf" cat:"ownFigures"`
	KnownUntil time.Time       `json:"knownUntil" cat:"ownFigures"` // records made later were not looked at
	Figures    []OwnFigureView `json:"figures" cat:"ownFigures"`
}

// OwnFigureView is one exact count.
type OwnFigureView struct {
	Name     string          `json:"name" cat:"ownFigures" enums:"episodes_open,tasks_open,tasks_past_due,tasks_overdue,clients_waiting,clients_waiting_over_3_weeks,referrals_unanswered,referrals_unanswered_past_limit,released,released_linked,released_not_yet_due,items_answered,break_glass_unreviewed,break_glass_unreviewed_past_limit"`
	Part     *string         `json:"part" cat:"ownFigures"`     // of the figure; null for the whole
	Category models.Category `json:"category" cat:"ownFigures"` // whose rows were counted
	From     *models.Date    `json:"from" cat:"ownFigures"`     // first day of the period, where there is one
	Value    *int64          `json:"value" cat:"ownFigures"`    // null where the records cannot tell it for the day
	Of       *int64          `json:"of" cat:"ownFigures"`       // what value is a part of
	Reason   *string         `json:"reason" cat:"ownFigures" enums:"state_history_not_kept,hospital_history_not_kept,consents_of_today_decide,answer_time_not_kept"`
}

// GetOwnFigures counts the caller's own organisation, exactly.
//
//	@Summary		An organisation's own numbers
//	@Description	Exact counts of the caller's own organisation, for work inside it: never to be published. A figure that the role may not read is left out. With a past asOf only what had happened by the end of that day and was recorded by then counts, so that the same day gives the same answer whenever it is asked.
//	@Tags			indicators
//	@Security		bearer
//	@Produce		json
//	@Param			asOf	query		string	false	"civil day, YYYY-MM-DD, today when left out"
//	@Success		200		{object}	OwnFiguresView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/own-figures [get]
func GetOwnFigures(c *Call) error {
	asOf := c.Query.Get("asOf")
	if c.Query.Has("asOf") && asOf == "" {
		return invalid("/asOf", "own_figures.as_of_not_a_date")
	}
	own, err := c.Store.GetOwnFigures(c.Context, models.Date(asOf))
	if err != nil {
		return err
	}
	view := OwnFiguresView{AsOf: own.AsOf, KnownUntil: own.KnownUntil, Figures: make([]OwnFigureView, len(own.Figures))}
	for i, f := range own.Figures {
		view.Figures[i] = OwnFigureView{
			Name: f.Name, Part: optional(f.Part), Category: f.Category, From: optional(f.From), Value: f.Value, Of: f.Of, Reason: optional(f.Reason),
		}
	}
	return c.JSON(http.StatusOK, view)
}
