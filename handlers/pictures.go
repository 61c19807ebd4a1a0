package handlers

import (
	"crypto/sha256"
	"encoding/hex"

	"jol/models"
	"jol/models/exchange"
	"jol/models/protocols"
)

// readingLanguage is the best of Accept-Language: a sealed release takes no ?lang=.
func (c *Call) readingLanguage() string {
	return protocols.Negotiate(c.Header.Get("Accept-Language"), exchange.Languages)
}

// drawTable replies with a table as a picture.
func drawTable(c *Call, id string) error {
	if _, err := accepted(c.Header.Get("Accept"), mediaSVG); err != nil {
		return err
	}
	r, err := c.Store.GetRelease(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	stored, err := c.releaseTable(r.ID, id)
	if err != nil {
		return err
	}
	t, err := exchange.ReadTable(stored.JSON)
	if err != nil {
		return err
	}
	if t.Period == "" {
		t.Period = r.Period
	}
	s := exchange.NewSealedFrame(r)
	lang := c.readingLanguage()
	if !t.IsTotal() {
		return c.drawn(s.BarChart(&t, lang), mediaSVG, "'none'", lang, "private, immutable")
	}
	series, err := c.series(r, t.BaseID())
	if err != nil {
		return err
	}
	// A line can grow: an earlier period may be sealed after this one.
	return c.drawn(s.LineChart(append(series, t), lang), mediaSVG, "'none'", lang, "private, no-cache")
}

// series reads one line of the plan from the releases up to this one.
func (c *Call) series(r *models.Release, table string) ([]exchange.SealedTable, error) {
	stored, err := c.Store.ReleaseSeries(c.Context, r, table)
	if err != nil {
		return nil, err
	}
	var series []exchange.SealedTable
	for _, s := range stored {
		t, err := exchange.ReadTable(s.JSON)
		if err != nil {
			return nil, err
		}
		if t.Period != "" && t.BaseID() == table {
			series = append(series, t)
		}
	}
	return series, nil
}

// drawn replies with something for people to look at.
func (c *Call) drawn(body []byte, media, style, lang, caching string) error {
	sum := sha256.Sum256(body)
	h := c.Reply
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	h.Set("Cache-Control", caching)
	h.Set("Vary", "Accept, Accept-Language")
	h.Set("Content-Language", lang)
	h.Set("Content-Type", media)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+style+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return c.sendRaw(body)
}

// GetSituationReport returns the situation page of a release.
//
//	@Summary		Situation report
//	@Description	One page of HTML that prints on one sheet: the totals of the release, a few pictures, and how to read them, in the language of Accept-Language.
//	@Tags			indicators
//	@Security		bearer
//	@Produce		html
//	@Param			id				path		string	true	"release id"
//	@Param			Accept-Language	header		string	false	"en, ru, kk"
//	@Success		200				{string}	string
//	@Success		304
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/releases/{id}/report [get]
func GetSituationReport(c *Call) error {
	if _, err := accepted(c.Header.Get("Accept"), mediaHTML); err != nil {
		return err
	}
	r, err := c.Store.GetReleaseContent(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	s, err := exchange.NewSealed(r)
	if err != nil {
		return err
	}
	series, err := c.series(r, exchange.ReportLine)
	if err != nil {
		return err
	}
	for _, t := range s.Tables {
		if t.ID == exchange.ReportLine {
			series = append(series, t)
		}
	}
	lang := c.readingLanguage()
	body, err := s.Report(series, lang)
	if err != nil {
		return err
	}
	return c.drawn(body, mediaHTML+"; charset=utf-8", "'"+exchange.ReportStyle+"'", lang, "private, no-cache")
}
