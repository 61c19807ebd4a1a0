package handlers

import (
	"net/http"

	"jol/models"
	"jol/models/indicators"
)

// IndicatorView is one definition of the catalogue: what is counted, by which rule,
// from which source.
type IndicatorView struct {
	ID          string            `json:"id" cat:"indicator"`
	Title       map[string]string `json:"title" cat:"indicator"` // by language: en, ru, kk
	Numerator   string            `json:"numerator" cat:"indicator"`
	Denominator string            `json:"denominator" cat:"indicator"`
	Population  string            `json:"population" cat:"indicator"`
	PeriodLogic string            `json:"periodLogic" cat:"indicator"`
	Breakdowns  []string          `json:"breakdowns" cat:"indicator"`
	Rule        string            `json:"rule" cat:"indicator"`
	Source      string            `json:"source" cat:"indicator"`
}

func indicatorView(i indicators.Indicator) IndicatorView {
	return IndicatorView{
		ID: i.ID, Title: i.Title, Numerator: i.Numerator, Denominator: i.Denominator, Population: i.Population,
		PeriodLogic: i.PeriodLogic, Breakdowns: i.Breakdowns, Rule: i.Rule, Source: i.Source,
	}
}

// ListIndicators returns the catalogue on one page.
//
//	@Summary	Indicator catalogue
//	@Tags		indicators
//	@Security	bearer
//	@Produce	json
//	@Success	200		{object}	Page[IndicatorView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/indicators [get]
func ListIndicators(c *Call) error {
	page := Page[IndicatorView]{Items: []IndicatorView{}}
	for _, i := range indicators.Catalogue {
		page.Items = append(page.Items, indicatorView(i))
	}
	return c.JSON(http.StatusOK, page)
}

// GetIndicator returns one definition.
//
//	@Summary	One indicator
//	@Tags		indicators
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"indicator id, for example TDI01"
//	@Success	200	{object}	IndicatorView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/indicators/{id} [get]
func GetIndicator(c *Call) error {
	i, ok := indicators.ByID(c.Param("id"))
	if !ok {
		return models.NotFound("indicator")
	}
	return c.JSON(http.StatusOK, indicatorView(i))
}
