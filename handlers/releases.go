package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"jol/models"
	"jol/models/exchange"
	"jol/models/indicators"
)

// ReleaseView describes a sealed release and lists its tables.
type ReleaseView struct {
	ID      string `json:"id" cat:"indicator"`
	Country string `json:"country" cat:"indicator"`
	Period  string `json:"period" cat:"indicator"`
	Status  string `json:"status" cat:"indicator"`
	Profile string `json:"profile" cat:"indicator"`
	Plan    string `json:"plan" cat:"indicator"`
	// Definitions is the SHA-256 of the definitions and rules by which it was counted, null
	// in releases that were sealed before this was kept: their tables name it.
	Definitions *string `json:"definitions" cat:"indicator"`
	// Cutoff is the moment up to which records were counted.
	Cutoff   time.Time          `json:"cutoff" cat:"indicator"`
	SealedAt time.Time          `json:"sealedAt" cat:"indicator"`
	SHA256   string             `json:"sha256" cat:"indicator"`
	Budget   float64            `json:"budget" cat:"indicator"`
	Tables   []ReleaseTableView `json:"tables" cat:"indicator"`
}

// ReleaseTableView names one table of a release.
type ReleaseTableView struct {
	ID         string   `json:"id" cat:"indicator"`
	Title      string   `json:"title" cat:"indicator"`
	Dimensions []string `json:"dimensions" cat:"indicator"`
}

func releaseView(r models.Release) ReleaseView {
	v := ReleaseView{
		ID: r.ID, Country: r.Country, Period: r.Period, Status: r.Status, Profile: r.Profile, Plan: r.Plan,
		Definitions: optional(r.Definitions), Cutoff: r.Cutoff, SealedAt: r.SealedAt, SHA256: r.SHA256, Budget: r.Budget, Tables: []ReleaseTableView{},
	}
	for _, t := range r.Tables {
		v.Tables = append(v.Tables, ReleaseTableView{ID: t.TableID, Title: t.Title, Dimensions: t.Dimensions})
	}
	return v
}

// ListReleases lists sealed releases, newest first.
//
//	@Summary	Sealed releases
//	@Tags		indicators
//	@Security	bearer
//	@Produce	json
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ReleaseView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/releases [get]
func ListReleases(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListReleases(c.Context, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, releaseView)
}

// GetRelease returns one sealed release.
//
//	@Summary	One sealed release
//	@Tags		indicators
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"release id, for example KZ-2026Q1-final"
//	@Success	200	{object}	ReleaseView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/releases/{id} [get]
func GetRelease(c *Call) error {
	r, err := c.Store.GetRelease(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	c.Reply.Set("Cache-Control", "private, immutable")
	return c.JSON(http.StatusOK, releaseView(*r))
}

// GetReleaseTable returns a sealed table as JSON or, for Accept: text/csv, as CSV; with
// .svg behind its id as a picture. It takes no query parameter: only what was sealed can
// be asked for.
//
//	@Summary		A sealed table
//	@Description	All counts carry random noise; below the floor they are not shown. Tables do not add up. value, lo95 and hi95 are perturbed counts; rates are apart, in percent. Accept: text/csv gives CSV with the columns of the export, and links (describedby) to the method. With .svg behind the table's id it is a picture, in the language of Accept-Language: bars, or for a total a line over the periods published before.
//	@Tags			indicators
//	@Security		bearer
//	@Produce		json,text/csv,image/svg+xml
//	@Param			id				path		string	true	"release id"
//	@Param			table			path		string	true	"table id, for example TDI01.region or TDI01.region.svg"
//	@Param			Accept-Language	header		string	false	"language of a picture: en, ru, kk"
//	@Success		200		{object}	object
//	@Success		304
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/releases/{id}/tables/{table} [get]
func GetReleaseTable(c *Call) error {
	if err := notInPlan(c.Query); err != nil {
		return err
	}
	if table, ok := strings.CutSuffix(c.Param("table"), ".svg"); ok {
		return drawTable(c, table)
	}
	wanted, err := accepted(c.Header.Get("Accept"), mediaJSON, mediaCSV)
	if err != nil {
		return err
	}
	t, err := c.releaseTable(c.Param("id"), c.Param("table"))
	if err != nil {
		return err
	}
	body, media := t.JSON, mediaJSON
	if wanted == mediaCSV {
		if body, err = c.tableCSV(t); err != nil {
			return err
		}
		media = "text/csv; charset=utf-8"
		// The method in words stands in the JSON, and for people on the page.
		c.Reply.Add("Link", "<"+methodPage(t.ReleaseID)+`>; rel="describedby"; type="text/html"`)
		c.Reply.Add("Link", "<"+"/api/v1/releases/"+t.ReleaseID+"/tables/"+t.TableID+`>; rel="describedby"; type="application/json"`)
	}
	sum := sha256.Sum256([]byte(body))
	c.Reply.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	c.Reply.Set("Vary", "Accept")
	c.Reply.Set("Cache-Control", "private, immutable")
	c.Reply.Set("Content-Type", media)
	return c.sendRaw([]byte(body))
}

// releaseTable reads a table. To who may read the release and asks it for a table that the
// plan keeps for years, it says so.
func (c *Call) releaseTable(release, table string) (*models.ReleaseTable, error) {
	t, err := c.Store.GetReleaseTable(c.Context, release, table)
	var missing *models.Error
	if !errors.As(err, &missing) || missing.Code != "release.not_in_plan" {
		return t, err
	}
	r, err := c.Store.GetRelease(c.Context, release)
	if err != nil {
		return nil, err
	}
	if strings.Contains(r.Period, "Q") && indicators.OnlyAnnual(indicators.Profile(r.Profile), table) {
		return nil, models.Fail(missing.Kind, missing.Code, "%s Annual releases hold the table that was asked for, those of quarters do not.", missing.Detail)
	}
	return nil, missing
}

// methodPage says in the reader's language how the numbers of a release were made.
func methodPage(release string) string { return "/api/v1/releases/" + release + "/report" }

// tableCSV writes a table as the export of its release does, the one way there is.
func (c *Call) tableCSV(t *models.ReleaseTable) (string, error) {
	r, err := c.Store.GetRelease(c.Context, t.ReleaseID)
	if err != nil {
		return "", err
	}
	r.Tables = []models.ReleaseTable{*t}
	s, err := exchange.NewSealed(r)
	if err != nil {
		return "", err
	}
	return string(s.CSV()), nil
}

// notInPlan refuses every query parameter of a sealed table, and names each.
func notInPlan(query url.Values) error {
	if len(query) == 0 {
		return nil
	}
	e := models.Fail(models.KindInvalid, "release.not_in_plan", "A sealed table takes no query parameter; GET /api/v1/releases/{id} lists the tables there are.")
	for _, name := range slices.Sorted(maps.Keys(query)) {
		e.Fields = append(e.Fields, models.FieldError{Pointer: safePointer("/" + strings.ReplaceAll(name, "/", "~1")), Code: e.Code})
	}
	return e
}

type releaseRequest struct {
	Country string `json:"country" enums:"KZ,KG,TJ,TM,UZ"`                                       // the deployment's when left out
	Period  string `json:"period" validate:"required" format:"period"`                           // a year (2026) or a quarter (2026Q1)
	Status  string `json:"status" validate:"required" enums:"provisional,final,annual,revision"` // how final it is
	Profile string `json:"profile" enums:"ministry,open_data,both"`                              // both when left out; a revision has no open data
}

// sealFields are the fields that the refusals of a sealing are about; counting knows
// periods and profiles, and nothing of requests.
var sealFields = map[string]string{
	"release.period_unknown": "/period", "release.status_unknown": "/status",
	"release.status_not_for_period": "/status", "release.profile_unknown": "/profile",
}

// pointed adds to a refusal without fields the field it is about.
func pointed(err error, fields map[string]string) error {
	var e *models.Error
	if !errors.As(err, &e) || len(e.Fields) > 0 || fields[e.Code] == "" {
		return err
	}
	c := *e
	c.Fields = []models.FieldError{{Pointer: fields[e.Code], Code: e.Code}}
	return &c
}

// SealRelease seals a release: once, from its date on, for ever.
//
//	@Summary		Seal a release
//	@Description	Sealed once, in the order provisional, final, annual, revision: after a later one of the period or its year 409 release.superseded. The two profiles of a release rest on one counting: the profile both seals them together and answers with the ministry's; the second alone is sealed only on the same day and while no record changed, otherwise 409 release.counted_apart.
//	@Tags			indicators
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		releaseRequest	true	"period and status; country defaults to the deployment's, profile to both"
//	@Success		201		{object}	ReleaseView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/releases [post]
func SealRelease(c *Call) error {
	in, err := bind[releaseRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Country == "" {
		in.Country = c.Actor.Country
	}
	if in.Profile == "" {
		in.Profile = models.ProfileBoth
	}
	r, out, err := c.Store.SealRelease(c.Context, models.SealRequest{Country: in.Country, Period: in.Period, Status: in.Status, Profile: in.Profile})
	if err != nil {
		return pointed(err, sealFields)
	}
	return c.Created(out, "/api/v1/releases/"+r.ID, 1, releaseView(*r))
}
