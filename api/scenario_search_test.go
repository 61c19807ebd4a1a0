package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"jol/handlers"
	"jol/models/protocols"
)

// serveSearch serves the search and the words over the shipped content. With ready, the
// index is built before; without, it never is.
func serveSearch(t *testing.T, ready bool) (f *fake, base string) {
	t.Helper()
	f = newFake()
	if ready {
		f.protocols = builtInOnly(t)
		<-f.protocols.Catalog().StartIndex()
	} else {
		c, err := protocols.Load(protocols.Embedded())
		if err != nil {
			t.Fatal(err)
		}
		f.protocols = serving(t, c)
	}
	var routes []Route
	for _, r := range Routes {
		if r.Path == "/api/v1/protocol-search" || r.Path == "/api/v1/interface-words" {
			routes = append(routes, r)
		}
	}
	srv := httptest.NewServer(f.router(routes))
	t.Cleanup(srv.Close)
	return f, srv.URL
}

// search runs a scenario, which must be as described, and decodes what it found.
func search(t *testing.T, base string, query url.Values, language string) handlers.SearchView {
	t.Helper()
	sc := Scenario{Method: "GET", Path: "/api/v1/protocol-search?" + query.Encode(), Headers: map[string]string{"Accept-Language": language}, Status: 200}
	a := sc.Run(t, base)
	conform(t, sc, a)
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Vary") != "Accept-Language" {
		t.Errorf("headers %v", a.Header)
	}
	var v handlers.SearchView
	a.Into(t, &v)
	return v
}

func TestSearch_FindsInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	_, base := serveSearch(t, true)
	for _, c := range []struct{ q, lang, header, step, found string }{
		{"missed doses", "", "", "tp-oat-missed", "en"},
		{"пропущенные дозы", "", "ru-KZ, en;q=0.5", "tp-oat-missed", "ru"},
		{"дозаны откизип алу", "", "kk", "tp-oat-missed", "kk"},
		{"спайс", "ru", "en", "tp-specific-nps", "ru"},
		{"обезвоживание", "en", "", "tp-acute-opioid-wd", "ru"}, // nothing in English
	} {
		v := search(t, base, url.Values{"q": {c.q}, "lang": {c.lang}, "limit": {"3"}}, c.header)
		if len(v.Items) == 0 || len(v.Items) > 3 {
			t.Errorf("%s: %d items", c.q, len(v.Items))
			continue
		}
		first := v.Items[0]
		if first.Step != c.step || first.Lang != c.found || first.Score <= 0 || len(first.Highlights) == 0 || !strings.Contains(first.Highlights[0].HTML, "<em>") {
			t.Errorf("%s: %+v", c.q, first)
		}
	}
}

func TestSearch_FiltersAndCounts(t *testing.T) {
	t.Parallel()
	_, base := serveSearch(t, true)
	all := search(t, base, url.Values{"q": {"naloxone"}, "limit": {"50"}}, "")
	some := search(t, base, url.Values{"q": {"naloxone"}, "role": {"narcologist"}, "setting": {"clinic"}, "limit": {"50"}}, "")
	if len(some.Items) == 0 || len(some.Items) >= len(all.Items) {
		t.Errorf("%d of %d", len(some.Items), len(all.Items))
	}
	i := slices.IndexFunc(some.Facets.Role, func(f handlers.FacetCountView) bool { return f.Value == "narcologist" })
	if i < 0 || some.Facets.Role[i].Count != len(some.Items) || len(some.Facets.Role) < 2 {
		t.Errorf("roles %+v of %d items", some.Facets.Role, len(some.Items))
	}
	total := 0
	for _, f := range all.Facets.Protocol {
		total += f.Count
	}
	if total != len(all.Items) {
		t.Errorf("%d counted, %d found", total, len(all.Items))
	}
	phase := search(t, base, url.Values{"q": {"naloxone"}, "phase": {"tp-health"}}, "")
	for _, h := range phase.Items {
		if h.Phase != "tp-health" {
			t.Errorf("%+v", h)
		}
	}
	none := search(t, base, url.Values{"q": {"!?"}}, "")
	if len(none.Items) != 0 {
		t.Errorf("%+v", none)
	}
}

func TestSearch_RefusesBadQuestions(t *testing.T) {
	t.Parallel()
	f, base := serveSearch(t, true)
	const path = "/api/v1/protocol-search?"
	long := strings.Repeat("ж", 201)
	RunAll(t, base, []Scenario{
		{Path: path, Status: 422, Code: "q.required"},
		{Path: path + "q=%20", Status: 422, Code: "q.required"},
		{Path: path + "q=" + long, Status: 422, Code: "q.too_long", Absent: []string{long}},
		{Path: path + "q=%ff", Status: 400, Code: "query.malformed"},
		{Path: path + "q=a&lang=zqx", Status: 422, Code: "lang.unknown", Contains: []string{`"/lang"`}, Absent: []string{"zqx"}},
		{Path: path + "q=a&lang=ky", Status: 422, Code: "lang.unknown"}, // interface words only
		{Path: path + "q=a&role=zqx", Status: 422, Code: "role.unknown"},
		{Path: path + "q=a&setting=zqx", Status: 422, Code: "setting.unknown"},
		{Path: path + "q=a&phase=zqx", Status: 422, Code: "phase.unknown"},
		{Path: path + "q=a&limit=0", Status: 422, Code: "limit.out_of_range"},
		{Path: path + "q=a&limit=51", Status: 422, Code: "limit.out_of_range"},
		{Path: path + "q=a&limit=x", Status: 422, Code: "limit.out_of_range"},
		{Path: path + "q=a&x=1", Status: 422, Code: "query.unknown_parameter"},
		{Path: path + "q=" + strings.Repeat("ж", 200), Status: 200},
	})
	search(t, base, url.Values{"q": {"canary-question"}}, "")
	t.Cleanup(func() {
		if log := f.log.String(); strings.Contains(log, "canary") || strings.Contains(log, "zqx") {
			t.Error("what was asked is in the log")
		}
	})
}

func TestSearch_NotReadyBeforeTheIndexIsBuilt(t *testing.T) {
	t.Parallel()
	f, base := serveSearch(t, false)
	sc := Scenario{Path: "/api/v1/protocol-search?q=naloxone", Status: 503, Code: "search.not_ready"}
	a := sc.Run(t, base)
	conform(t, sc, a)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	Scenario{Path: "/api/v1/protocol-search?q=a&role=zqx", Status: 422, Code: "role.unknown"}.Run(t, base)
	<-f.protocols.Catalog().StartIndex()
	Scenario{Path: "/api/v1/protocol-search?q=naloxone", Status: 200, Contains: []string{"tp-health-naloxone"}}.Run(t, base)
}

func TestInterfaceWords_InSevenLanguages(t *testing.T) {
	t.Parallel()
	_, base := serveSearch(t, true)
	ask := func(query, header, lang string, words ...string) {
		t.Helper()
		sc := Scenario{Method: http.MethodGet, Path: "/api/v1/interface-words" + query, Headers: map[string]string{"Accept-Language": header}, Status: 200,
			Contains: append(words, `"lang":"`+lang+`"`, `"status":"draft"`)}
		a := sc.Run(t, base)
		conform(t, sc, a)
		if a.Header.Get("Content-Language") != lang || a.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s %s: %v", query, header, a.Header)
		}
	}
	ask("", "", "en", "narcologist")
	ask("?lang=ky", "ru", "ky", "кардар")
	ask("", "uz", "uz", "hamshira")
	ask("", "tg, ru;q=0.5", "tg", "мизоҷ")
	ask("", "tk", "tk", "lukman")
	Scenario{Path: "/api/v1/interface-words?lang=zqx", Status: 422, Code: "lang.unknown", Absent: []string{"zqx"}}.Run(t, base)
}
