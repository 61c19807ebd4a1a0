package handlers

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"jol/models/store"
)

// PathwayView is the timeline of a person as far as the caller may see it, oldest first.
type PathwayView struct {
	ClientCode string        `json:"clientCode" cat:"identity"`
	Items      []PathwayItem `json:"items"`
}

// PathwayItem is one entry. Record has the shape that its kind has elsewhere, cut to
// what this caller may see of it.
type PathwayItem struct {
	Kind   string `json:"kind" enums:"registration,consent,referral,episode,screening,assessment,diagnosis,social_plan,clinical_plan,infection_test,drug_test,observation,mental_health_check,reproductive_status,counselling_note,contact,naloxone_training,overdose,naloxone_kit"`
	Date   string `json:"date"` // RFC 3339 time, or a civil date
	Record any    `json:"record"`
}

// GetPathway returns the timeline behind one of the caller's clients.
//
//	@Summary	A client's pathway
//	@Tags		clients
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Success	200		{object}	PathwayView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/pathway [get]
func GetPathway(c *Call) error {
	p, err := c.Store.GetPathway(c.Context, c.Param("code"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, pathwayView(p))
}

func pathwayView(p *store.Pathway) PathwayView {
	items := []PathwayItem{{Kind: "registration", Date: stamp(p.Client.CreatedAt), Record: clientView(&p.Client)}}
	for _, k := range p.Consents {
		items = append(items, PathwayItem{Kind: "consent", Date: stamp(k.CreatedAt), Record: consentView(k)})
	}
	for _, r := range p.Referrals {
		items = append(items, PathwayItem{Kind: "referral", Date: referralDate(r), Record: referralAnswer(r)})
	}
	for _, e := range p.Episodes {
		items = append(items, PathwayItem{Kind: "episode", Date: string(e.StartDate), Record: episodeAnswer(e)})
	}
	for _, e := range p.Entries {
		items = append(items, PathwayItem{Kind: string(e.Kind), Date: string(e.OnDate), Record: entryAnswer(e)})
	}
	for _, o := range p.Overdoses {
		items = append(items, PathwayItem{Kind: "overdose", Date: stamp(o.At), Record: overdoseAnswer(o)})
	}
	for _, k := range p.Kits {
		items = append(items, PathwayItem{Kind: "naloxone_kit", Date: string(k.GivenOn), Record: kitView(k)})
	}
	slices.SortStableFunc(items, func(a, b PathwayItem) int { return strings.Compare(a.Date, b.Date) })
	return PathwayView{ClientCode: p.Client.Handle(), Items: items}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// referralDate is when a referral was sent, or of a stub when the consent was withdrawn:
// it must not tell more than the stub does.
func referralDate(r store.SeenReferral) string {
	if r.Whole {
		return stamp(r.SentAt)
	}
	if r.WithdrawnAt == nil {
		return ""
	}
	return stamp(*r.WithdrawnAt)
}
