package handlers

import (
	"strconv"
	"time"

	"jol/models"
)

// DenominatorView is a published estimate of a population, with its source.
type DenominatorView struct {
	ID       string    `json:"id" cat:"indicator"`
	Country  string    `json:"country" cat:"indicator"`
	Region   *string   `json:"region" cat:"indicator"` // null: the country
	Year     int       `json:"year" cat:"indicator"`
	Kind     string    `json:"kind" cat:"indicator"`
	Value    int64     `json:"value" cat:"indicator"`
	Low      *int64    `json:"low" cat:"indicator"` // null where the source states no interval
	High     *int64    `json:"high" cat:"indicator"`
	Source   string    `json:"source" cat:"indicator"`
	Method   string    `json:"method" cat:"indicator"`
	LoadedAt time.Time `json:"loadedAt" cat:"indicator"`
	Version  int64     `json:"version" cat:"indicator"`
}

func denominatorView(d models.Denominator) DenominatorView {
	e := d.Estimate
	v := DenominatorView{
		ID: d.ID, Country: e.Country, Region: optional(e.Region), Year: e.Year, Kind: e.Kind, Value: e.Value, Source: e.Source, Method: e.Method,
		LoadedAt: d.CreatedAt, Version: d.Version,
	}
	if e.High > 0 {
		v.Low, v.High = &e.Low, &e.High
	}
	return v
}

// ListDenominators lists the population estimates.
//
//	@Summary	Population estimates
//	@Tags		indicators
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DenominatorView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/denominators [get]
func ListDenominators(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDenominators(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, denominatorView)
}

// whole is a number that says of itself when it was none, so that a load tells what is wrong
// with every item and not with the first alone.
type whole int64

// UnmarshalJSON reads a JSON number without decimals and keeps everything else for the check.
func (w *whole) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		n = models.NotWhole
	}
	*w = whole(n)
	return nil
}

// denominatorRequest has no required members: the rules name what is missing together with whatever else is wrong.
type denominatorRequest struct {
	Country string `json:"country" enums:"KZ,KG,TJ,TM,UZ"`                                                                               // of the estimate
	Region  string `json:"region" extensions:"x-code-list=region"`                                                                       // empty: the country
	Year    whole  `json:"year" swaggertype:"integer" minimum:"1990"`                                                                    // of the estimate
	Kind    string `json:"kind" enums:"pwid,opioid_dependent,drug_use_disorder,alcohol_use_disorder,prison_population,population_15_64"` // which population
	Value   whole  `json:"value" swaggertype:"integer" minimum:"1"`                                                                      // people
	Low     whole  `json:"low" swaggertype:"integer"`                                                                                    // of the interval that the source states
	High    whole  `json:"high" swaggertype:"integer"`                                                                                   // the end of that interval
	Source  string `json:"source" maxLength:"300"`                                                                                       // where it was published, screened
	Method  string `json:"method" maxLength:"300"`                                                                                       // how it was made, screened
}

type denominatorsRequest struct {
	Items []denominatorRequest `json:"items" validate:"required"` // 1 to 2,000 estimates
}

// LoadedView says how many estimates were loaded.
type LoadedView struct {
	Loaded int `json:"loaded" cat:"indicator"`
}

// LoadDenominators loads population estimates: all of them or none.
//
//	@Summary		Load population estimates
//	@Description	All problems are told at once and nothing is half loaded. An estimate needs a source, which names nobody, and the interval it states; kinds are those of the code list estimate_kind; one of the same place, year and kind is replaced.
//	@Tags			indicators
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		denominatorsRequest	true	"1 to 2000 estimates"
//	@Success		201		{object}	LoadedView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/denominators [post]
func LoadDenominators(c *Call) error {
	in, err := bind[denominatorsRequest](&c.Exchange)
	if err != nil {
		return err
	}
	all := make([]models.Estimate, len(in.Items))
	for i, d := range in.Items {
		all[i] = models.Estimate{
			Kind: d.Kind, Country: d.Country, Region: d.Region, Year: int(d.Year), Value: int64(d.Value), Low: int64(d.Low), High: int64(d.High), Source: d.Source, Method: d.Method,
		}
	}
	out, err := c.Store.LoadDenominators(c.Context, all)
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/denominators", 1, LoadedView{len(all)})
}
