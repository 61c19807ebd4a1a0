package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"jol/models"
	"jol/models/protocols"
)

// maxQuestion is the longest search text, in characters.
const maxQuestion = 200

// errSearchNotReady is answered between the start of the service and the end of
// building the index, which takes less than a second.
var errSearchNotReady = models.Fail(models.KindUnavailable, "search.not_ready", "The search index is being built; try again in a moment.")

// SearchView is the answer of a search. What was asked is not repeated in it.
type SearchView struct {
	Items  []SearchHitView  `json:"items"`
	Facets SearchFacetsView `json:"facets"`
}

// SearchHitView is one step found. Lang is the language of title and highlights: another
// than asked for when nothing was found in that one.
type SearchHitView struct {
	Protocol   string                `json:"protocol" cat:"protocol"`
	Step       string                `json:"step" cat:"protocol"`
	Phase      string                `json:"phase" cat:"protocol"`
	Title      string                `json:"title" cat:"protocol"`
	Lang       string                `json:"lang" cat:"protocol"`
	Score      float64               `json:"score" cat:"protocol"` // comparable within one answer only
	Highlights []SearchHighlightView `json:"highlights" cat:"protocol"`
}

// SearchHighlightView is a passage that matches, as HTML: escaped, with no element but em.
type SearchHighlightView struct {
	Field string `json:"field" cat:"protocol"`
	HTML  string `json:"html" cat:"protocol"`
}

// SearchFacetsView counts the steps found by what they could be narrowed to. Each facet
// counts as if its own filter were not set.
type SearchFacetsView struct {
	Protocol []FacetCountView `json:"protocol"`
	Phase    []FacetCountView `json:"phase"`
	Role     []FacetCountView `json:"role"`
	Setting  []FacetCountView `json:"setting"`
}

// FacetCountView is a value and how many steps have it.
type FacetCountView struct {
	Value string `json:"value" cat:"protocol"`
	Count int    `json:"count" cat:"protocol"`
}

// SearchProtocols finds steps by words in any of the languages, also misspelt,
// unfinished, or of the street.
//
//	@Summary		Search the protocols
//	@Description	Words are stemmed, small typing errors and unfinished words tolerated, Kazakh letters found from a Russian keyboard, and terms of the field and of the street understood. Searches the texts of one language and, when nothing is found there, of all others. What is asked is never logged.
//	@Tags			protocols
//	@Produce		json
//	@Param			q				query		string	true	"what to look for"	minlength(1)	maxlength(200)
//	@Param			lang			query		string	false	"language of the texts; the default follows Accept-Language"
//	@Param			role			query		string	false	"only steps this role takes part in"
//	@Param			setting			query		string	false	"only steps for this setting or for any"
//	@Param			phase			query		string	false	"only steps of this phase"
//	@Param			limit			query		int		false	"at most so many, 20 when not given"	minimum(1)	maximum(50)
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{object}	SearchView
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/protocol-search [get]
func SearchProtocols(c *PublicCall) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	index, ok := c.Protocols.Index()
	if !ok {
		return errSearchNotReady
	}
	if q.Phase != "" && !index.HasPhase(q.Phase) {
		return invalid("/phase", "phase.unknown")
	}
	// A question can tell something about who asks it: no cache keeps it with the address.
	c.Reply.Set("Cache-Control", "no-store")
	c.Reply.Set("Vary", "Accept-Language")
	return c.JSON(http.StatusOK, searchView(index.Search(q)))
}

// question reads and checks the query; the phase is checked against the index.
func (c *PublicCall) question() (protocols.Query, error) {
	get := c.Query.Get
	q := protocols.Query{Text: strings.TrimSpace(get("q")), Lang: get("lang"), Role: get("role"), Setting: get("setting"),
		Phase: get("phase"), Limit: 20}
	var checks models.Checks
	checks.Require(q.Text != "", "/q", "q.required")
	checks.Require(utf8.RuneCountInString(get("q")) <= maxQuestion, "/q", "q.too_long")
	if q.Lang == "" {
		q.Lang = protocols.Negotiate(c.Header.Get("Accept-Language"), c.Protocols.Languages())
	}
	checks.Require(slices.Contains(c.Protocols.Languages(), q.Lang), "/lang", "lang.unknown")
	checks.Require(q.Role == "" || protocols.KnownRole(q.Role), "/role", "role.unknown")
	checks.Require(q.Setting == "" || protocols.KnownSetting(q.Setting), "/setting", "setting.unknown")
	if s := get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		checks.Require(err == nil && n >= 1 && n <= 50, "/limit", "limit.out_of_range")
		q.Limit = n
	}
	return q, checks.Err()
}

func searchView(r protocols.Results) SearchView {
	v := SearchView{Items: []SearchHitView{}, Facets: SearchFacetsView{
		Protocol: facetView(r.Facets.Protocol), Phase: facetView(r.Facets.Phase),
		Role: facetView(r.Facets.Role), Setting: facetView(r.Facets.Setting)}}
	for _, h := range r.Items {
		hit := SearchHitView{Protocol: h.Protocol, Step: h.Step, Phase: h.Phase, Title: h.Title, Lang: h.Lang, Score: h.Score,
			Highlights: []SearchHighlightView{}}
		for _, m := range h.Highlights {
			hit.Highlights = append(hit.Highlights, SearchHighlightView(m))
		}
		v.Items = append(v.Items, hit)
	}
	return v
}

func facetView(counts []protocols.Count) []FacetCountView {
	v := []FacetCountView{}
	for _, c := range counts {
		v = append(v, FacetCountView(c))
	}
	return v
}
