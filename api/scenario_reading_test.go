package api

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
)

func init() {
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("image/svg+xml", openapi3filter.PlainBodyDecoder)
}

// reader serves the public routes of the protocols without a database.
func reader(t testing.TB) (base string, run func(testing.TB, Scenario) Answer) {
	t.Helper()
	f := newFake()
	f.protocols = builtInOnly(t)
	var routes []Route
	for _, r := range Routes {
		if r.Public != nil && r.Method == http.MethodGet && strings.HasPrefix(r.Path, "/api/v1/protocols") {
			routes = append(routes, r)
		}
	}
	srv := httptest.NewServer(f.router(routes))
	t.Cleanup(srv.Close)
	return srv.URL, func(t testing.TB, sc Scenario) Answer {
		t.Helper()
		a := sc.Run(t, srv.URL)
		conform(t, sc, a)
		return a
	}
}

const (
	wholePath = "/api/v1/protocols/therapeutic-programme"
	stepPath  = wholePath + "/steps/tp-oat-missed"
	// What a browser sends when somebody follows a link.
	browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
)

func TestReading_AcceptChoosesPageOrJSON(t *testing.T) {
	t.Parallel()
	_, run := reader(t)
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "application/json": "application/json", "application/*": "application/json",
		"text/html": "text/html; charset=utf-8", browserAccept: "text/html; charset=utf-8", "text/*": "text/html; charset=utf-8",
		"Text/HTML;charset=utf-8": "text/html; charset=utf-8", "application/json;q=0.4, text/html;q=0.5": "text/html; charset=utf-8",
		"text/html;q=0, */*": "application/json", "*/*, application/json;q=0": "text/html; charset=utf-8",
		"application/xml": "", "text/html;q=0": "", "text/html;q=2": "", "image/png, text/csv": "",
	} {
		for _, path := range []string{"/api/v1/protocols", wholePath, stepPath} {
			sc := Scenario{Name: accept + " " + path, Path: path, Headers: map[string]string{"Accept": accept}, Status: 200}
			if accept == "" {
				sc.Headers = nil
			}
			if want == "" {
				sc.Status, sc.Code = 406, "media.not_acceptable"
			}
			if a := run(t, sc); want != "" && a.Header.Get("Content-Type") != want {
				t.Errorf("%s: %q gave %q", path, accept, a.Header.Get("Content-Type"))
			}
		}
	}
	run(t, Scenario{Path: wholePath + "/graph.svg", Headers: map[string]string{"Accept": "application/json"}, Status: 406, Code: "media.not_acceptable"})
	run(t, Scenario{Path: stepPath + "zqx", Headers: map[string]string{"Accept": "text/html"}, Status: 404, Code: "step.not_found"})
	run(t, Scenario{Path: wholePath + "zqx", Headers: map[string]string{"Accept": "text/html"}, Status: 404, Code: "protocol.not_found"})
	run(t, Scenario{Path: wholePath + "zqx?role=nurse", Status: 404, Code: "protocol.not_found"})
	run(t, Scenario{Path: wholePath + "zqx/graph.svg", Status: 404, Code: "protocol.not_found"})
}

func TestReading_PagesAreCachedCompressedAndUnderTheirPolicy(t *testing.T) {
	t.Parallel()
	_, run := reader(t)
	for _, path := range []string{"/api/v1/protocols", wholePath, wholePath + "?role=nurse&setting=prison", stepPath, wholePath + "/graph.svg"} {
		ask := func(status int, more ...string) Answer {
			h := map[string]string{"Accept": browserAccept, "Accept-Language": "ru", "Accept-Encoding": "identity"}
			for i := 0; i < len(more); i += 2 {
				h[more[i]] = more[i+1]
			}
			return run(t, Scenario{Path: path, Headers: h, Status: status})
		}
		page, packed := ask(200), ask(200, "Accept-Encoding", "gzip")
		body, err := unzip(packed.Body)
		if err != nil || string(body) != string(page.Body) {
			t.Fatalf("%s: gzip differs: %v", path, err)
		}
		data := ask(200, "Accept", "*/*")
		tags := map[string]bool{page.Header.Get("ETag"): true, packed.Header.Get("ETag"): true, data.Header.Get("ETag"): true}
		if svg := strings.HasSuffix(path, ".svg"); len(tags) != 3 && !svg || strings.HasPrefix(page.Header.Get("ETag"), "W/") {
			t.Errorf("%s: tags %v", path, tags)
		}
		if page.Header.Get("Vary") != "Accept, Accept-Language, Accept-Encoding" || page.Header.Get("Content-Language") != "ru" ||
			page.Header.Get("Cache-Control") != "public, no-cache" {
			t.Errorf("%s: %v", path, page.Header)
		}
		if csp := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		_, css, _ := strings.Cut(string(page.Body), "<style>")
		css, _, _ = strings.Cut(css, "</style>")
		sum := sha256.Sum256([]byte(css))
		if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(page.Header.Get("Content-Security-Policy"), hash) {
			t.Errorf("%s: the policy refuses the style sheet, whose hash is %s", path, hash)
		}
		if known := ask(304, "If-None-Match", page.Header.Get("ETag")); len(known.Body) > 0 || known.Header.Get("Vary") == "" {
			t.Errorf("%s: 304 %v", path, known.Header)
		}
		ask(304, "If-None-Match", packed.Header.Get("ETag"), "Accept-Encoding", "gzip")
		ask(200, "If-None-Match", data.Header.Get("ETag")+"x")
		run(t, Scenario{Method: http.MethodHead, Path: path, Headers: map[string]string{"Accept": browserAccept}, Status: 200})
	}
}

func TestReading_LangInTheAddressGoesBeforeTheHeader(t *testing.T) {
	t.Parallel()
	_, run := reader(t)
	for _, accept := range []string{"application/json", "text/html"} {
		for _, path := range []string{"/api/v1/protocols", wholePath, stepPath} {
			a := run(t, Scenario{Path: path + "?lang=kk", Headers: map[string]string{"Accept": accept, "Accept-Language": "ru"}, Status: 200})
			if a.Header.Get("Content-Language") != "kk" {
				t.Errorf("%s as %s: %v", path, accept, a.Header)
			}
		}
	}
	run(t, Scenario{Path: wholePath + "/graph.svg?lang=kk", Status: 200, Contains: []string{`lang="kk"`, "Қабылдау"}})
	run(t, Scenario{Path: stepPath + "?lang=zqx", Status: 422, Code: "lang.unknown", Absent: []string{"zqx"}})
	run(t, Scenario{Path: stepPath + "?role=nurse", Status: 422, Code: "query.unknown_parameter"})
}

func TestReading_OneRolesView(t *testing.T) {
	t.Parallel()
	_, run := reader(t)
	whole := run(t, Scenario{Path: wholePath, Status: 200, Contains: []string{`"role":null,"setting":null`}})
	view := run(t, Scenario{Path: wholePath + "?role=nurse&setting=prison", Status: 200, Contains: []string{`"role":"nurse","setting":"prison"`}})
	type protocol struct {
		Phases []struct {
			Steps []struct {
				ID      string
				Who     []string
				Setting []string
			}
		}
	}
	var all, some protocol
	whole.Into(t, &all)
	view.Into(t, &some)
	if len(some.Phases) == 0 || len(some.Phases) >= len(all.Phases) {
		t.Errorf("%d of %d phases", len(some.Phases), len(all.Phases))
	}
	for _, ph := range some.Phases {
		for _, s := range ph.Steps {
			if who := strings.Join(s.Who, " "); !strings.Contains(who, "nurse") {
				t.Errorf("%s is for %s", s.ID, who)
			}
		}
	}
	run(t, Scenario{Path: wholePath + "?role=&setting=", Status: 200, Contains: []string{`"role":null`}})
	run(t, Scenario{Path: wholePath + "?role=auditor", Status: 200, Contains: []string{`"phases":[]`}})
	run(t, Scenario{Path: wholePath + "?role=zqx", Status: 422, Code: "role.unknown", Contains: []string{`"/role"`}, Absent: []string{"zqx"}})
	run(t, Scenario{Path: wholePath + "?setting=zqx", Status: 422, Code: "setting.unknown", Contains: []string{`"/setting"`}})
	run(t, Scenario{Path: wholePath + "?role=nurse&role=client", Status: 422, Code: "query.duplicate_parameter"})
}

func BenchmarkPageRead(b *testing.B) {
	f := newFake()
	f.protocols, f.limits = builtInOnly(b), newLimiter(Limits{Body: 1 << 10, Rate: 1e9, Burst: 1e9})
	h := f.router(Routes)
	req := httptest.NewRequest(http.MethodGet, stepPath+"?lang=ru", nil)
	req.Header.Set("Accept", browserAccept)
	req.Header.Set("Accept-Encoding", "gzip")
	for b.Loop() {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, req); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
