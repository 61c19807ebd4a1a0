package handlers

import (
	"net/http"

	"jol/models"
	"jol/models/protocols"
)

// ChangeView is one difference between two editions.
type ChangeView struct {
	Kind   string  `json:"kind" enums:"added,removed,moved,branch,limit,citation,wording,role,setting,form,number,phase,step,fact,tool" cat:"protocol"`
	Step   *string `json:"step" cat:"protocol"` // null for what belongs to the protocol as a whole
	Path   string  `json:"path" cat:"protocol"`
	Before *string `json:"before" cat:"protocol"`
	After  *string `json:"after" cat:"protocol"`
	Lang   *string `json:"lang" cat:"protocol"` // of wording
}

// DiffView is what changed from one edition to another, by meaning.
type DiffView struct {
	From    string       `json:"from" cat:"protocol"`
	To      string       `json:"to" cat:"protocol"`
	Changes []ChangeView `json:"changes" cat:"protocol"`
}

// GetDiff compares two editions.
//
//	@Summary		Semantic difference of two editions
//	@Description	Steps, branches and limits are matched by id. Drafts are compared for editors who send a token.
//	@Tags			editions
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			from	query		string	false	"edition; the built-in one unless named"
//	@Param			to		query		string	false	"edition; the one in force unless named"
//	@Success		200		{object}	DiffView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/diff [get]
func GetDiff(c *PublicCall) error {
	from, to, changes, err := compareEditions(&c.Exchange, c.Editions, c.findEdition)
	if err != nil {
		return err
	}
	out := DiffView{From: from.Edition, To: to.Edition, Changes: make([]ChangeView, len(changes))}
	for i, ch := range changes {
		out.Changes[i] = ChangeView{ch.Kind, optional(ch.Step), ch.Path, ch.Before, ch.After, optional(ch.Lang)}
	}
	return c.JSON(http.StatusOK, out)
}

// compareEditions says what differs between the two editions that are asked for.
func compareEditions(x *Exchange, live *protocols.Live, find findEdition) (from, to models.Edition, changes []protocols.Change, err error) {
	if from, to, err = twoEditions(x, live, find); err != nil {
		return from, to, nil, err
	}
	a, err := live.Read(x.Context, from)
	if err != nil {
		return from, to, nil, err
	}
	b, err := live.Read(x.Context, to)
	if err != nil {
		return from, to, nil, err
	}
	changes, ok := protocols.Diff(from.Protocol, a, b)
	if !ok {
		err = models.NotFound("protocol")
	}
	return from, to, changes, err
}

// findEdition finds an edition by its name, as far as the caller may see it.
type findEdition func(slug, name string) (models.Edition, error)

// twoEditions reads from and to: the built-in edition and the one in force, unless named.
func twoEditions(x *Exchange, live *protocols.Live, find findEdition) (from, to models.Edition, err error) {
	slug := x.Param("slug")
	if to, err = live.InForce(slug); err != nil {
		return from, to, err
	}
	if from, err = live.BuiltIn(slug); err != nil {
		return from, to, err
	}
	if name := x.Query.Get("from"); name != "" {
		if from, err = find(slug, name); err != nil {
			return from, to, err
		}
	}
	if name := x.Query.Get("to"); name != "" {
		to, err = find(slug, name)
	}
	return from, to, err
}

// StepImpactView says how one step differs for whoever moves to the newer edition.
type StepImpactView struct {
	Step  string   `json:"step" cat:"protocol"`
	Kinds []string `json:"kinds" cat:"protocol"` // of change, in the order of the difference
}

// EpisodeImpactView is one open episode of the caller's own organisation.
type EpisodeImpactView struct {
	ID         string      `json:"id" cat:"treatmentFact"`
	ClientCode string      `json:"clientCode" cat:"identity"`
	StartDate  models.Date `json:"startDate" cat:"treatmentFact"`
	Version    int64       `json:"version" cat:"treatmentFact"`
}

// EpisodesImpactView counts and lists the caller's own open episodes on the edition.
type EpisodesImpactView struct {
	Open  int64               `json:"open" cat:"treatmentFact"`
	Items []EpisodeImpactView `json:"items" cat:"treatmentFact"`
	Page  PageInfo            `json:"page" cat:"treatmentFact"`
}

// ImpactView says what moving from one edition to another changes. Episodes is null for
// a role that reads none; no other organisation's episodes are ever counted in it.
type ImpactView struct {
	From     string              `json:"from" cat:"protocol"`
	To       string              `json:"to" cat:"protocol"`
	Steps    []StepImpactView    `json:"steps" cat:"protocol"`
	Episodes *EpisodesImpactView `json:"episodes" cat:"treatmentFact"`
}

// GetImpact says which steps change, and which of the caller's own open episodes follow
// the older edition.
//
//	@Summary		Impact of moving to another edition
//	@Description	The changed steps for everybody signed in. For roles that read episodes also the open episodes of their own organisation; nobody learns another organisation's number (docs/adr/0012-impact.md).
//	@Tags			editions
//	@Security		bearer
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			from	query		string	false	"edition that episodes follow; the built-in one unless named"
//	@Param			to		query		string	false	"edition they would move to; the one in force unless named"
//	@Param			limit	query		int		false	"page size, 1 to 200"
//	@Param			cursor	query		string	false	"cursor of the page before"
//	@Success		200		{object}	ImpactView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/impact [get]
func GetImpact(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	from, to, changes, err := compareEditions(&c.Exchange, c.Editions, c.findEdition)
	if err != nil {
		return err
	}
	out := ImpactView{From: from.Edition, To: to.Edition, Steps: stepImpacts(changes)}
	page, total, reads, err := c.Store.EpisodesOn(c.Context, from.Protocol, from.Edition, paging)
	if err != nil {
		return err
	}
	if reads {
		out.Episodes = &EpisodesImpactView{Open: total, Items: []EpisodeImpactView{}, Page: PageInfo{page.Next}}
		for _, e := range page.Items {
			out.Episodes.Items = append(out.Episodes.Items, EpisodeImpactView{e.ID, e.ClientCode, e.StartDate, e.Version})
		}
	}
	return c.JSON(http.StatusOK, out)
}

// findEdition returns a public edition or, for an editor, any: the impact is of interest
// before the publication.
func (c *Call) findEdition(slug, name string) (models.Edition, error) {
	e, err := c.Editions.Find(slug, name)
	if err != nil {
		return c.Store.GetEdition(c.Context, slug, name)
	}
	return e, nil
}

// stepImpacts gathers the kinds of change by step.
func stepImpacts(changes []protocols.Change) []StepImpactView {
	out := []StepImpactView{}
	for _, ch := range changes {
		if ch.Step == "" {
			continue
		}
		last := len(out) - 1
		if last < 0 || out[last].Step != ch.Step {
			out = append(out, StepImpactView{Step: ch.Step})
			last++
		}
		if kinds := out[last].Kinds; len(kinds) == 0 || kinds[len(kinds)-1] != ch.Kind {
			out[last].Kinds = append(kinds, ch.Kind)
		}
	}
	return out
}
