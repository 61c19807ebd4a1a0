package api

import (
	"net/http"
	"strings"
	"testing"

	"jol/models"
	"jol/models/store/storetest"
)

func TestProtocol_CachedCompressedTranslated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines[0]) // no engine is asked
	const path = "/api/v1/protocols/therapeutic-programme"
	ask := func(path, status, language, encoding string, more ...string) Answer {
		t.Helper()
		h := map[string]string{"Accept-Encoding": encoding, "Accept-Language": language}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		code := map[string]int{"ok": 200, "known": 304}[status]
		return w.run(t, Scenario{Path: path, Headers: h, Status: code})
	}
	for _, path := range []string{"/api/v1/protocols", path, path + "/steps/tp-oat-missed"} {
		plain, packed := ask(path, "ok", "en", "identity"), ask(path, "ok", "en", "gzip")
		body, err := unzip(packed.Body)
		if err != nil || string(body) != string(plain.Body) {
			t.Fatalf("%s: gzip differs: %v", path, err)
		}
		if plain.Header.Get("ETag") == "" || plain.Header.Get("ETag") == packed.Header.Get("ETag") || strings.HasPrefix(plain.Header.Get("ETag"), "W/") {
			t.Errorf("%s: ETags %q %q", path, plain.Header.Get("ETag"), packed.Header.Get("ETag"))
		}
		for _, a := range []Answer{plain, packed} {
			if a.Header.Get("Vary") != "Accept, Accept-Language, Accept-Encoding" || a.Header.Get("Content-Language") != "en" || a.Header.Get("Cache-Control") != "public, no-cache" {
				t.Errorf("%s: %v", path, a.Header)
			}
		}
		known := ask(path, "known", "en", "identity", "If-None-Match", `"other", `+plain.Header.Get("ETag"))
		if len(known.Body) > 0 || known.Header.Get("ETag") != plain.Header.Get("ETag") || known.Header.Get("Vary") == "" {
			t.Errorf("%s: 304 %v", path, known.Header)
		}
		ask(path, "known", "en", "gzip", "If-None-Match", packed.Header.Get("ETag"))
		ask(path, "ok", "en", "gzip", "If-None-Match", plain.Header.Get("ETag"))
		russian := ask(path, "ok", "ru", "identity")
		if l := russian.Header.Get("Content-Language"); l != "ru" && l != "en" || russian.Header.Get("ETag") == plain.Header.Get("ETag") && l == "ru" {
			t.Errorf("%s: ru gave %q, ETag %q", path, l, russian.Header.Get("ETag"))
		}
		if l := ask(path, "ok", "zqx", "identity").Header.Get("Content-Language"); l != "en" {
			t.Errorf("%s: an unknown language gave %q", path, l)
		}
	}
	w.run(t, Scenario{Path: path + "/steps/zqx", Status: 404, Code: "step.not_found"})
	w.run(t, Scenario{Path: "/api/v1/protocols/zqx", Status: 404, Code: "protocol.not_found"})
	w.run(t, Scenario{Path: "/api/v1/protocols/zqx/steps/zqx", Status: 404, Code: "step.not_found"})
}

func TestCodeList_ListAndOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Engines[0])
	list := w.run(t, Scenario{Path: "/api/v1/code-lists", Status: 200})
	if list.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%v", list.Header)
	}
	for _, l := range models.CodeLists() {
		if !strings.Contains(string(list.Body), `"id":"`+l.ID+`"`) {
			t.Errorf("%s is not listed", l.ID)
		}
	}
	w.run(t, Scenario{Path: "/api/v1/code-lists/substance", Status: 200, Contains: []string{`"icd11"`}})
	w.run(t, Scenario{Path: "/api/v1/code-lists/zqx", Status: 404, Code: "code_list.not_found"})
}

func TestService_HealthOnBothEngines(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, path := range []string{"/livez", "/readyz"} {
			w.run(t, Scenario{Path: path, Status: 200, Contains: []string{`"status":"ok"`}})
		}
		w.run(t, Scenario{Path: "/version", Status: 200, Contains: []string{`"country":"KZ"`, `"demo":false`}})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w.run(t, Scenario{Path: "/readyz", Status: 503, Code: "service.not_ready"})
		w.run(t, Scenario{Method: http.MethodGet, Path: "/livez", Status: 200})
	})
}
