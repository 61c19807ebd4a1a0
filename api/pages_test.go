package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestPages_LoadOfflineUnderTheirCSP(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	index := Scenario{Path: "/docs/", Status: 200, Absent: []string{"http://", "https://", "<style", "onload"}}.Run(t, base)
	if csp := index.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") || !strings.HasPrefix(csp, "default-src 'none'") {
		t.Errorf("CSP %q", csp)
	}
	if strings.Count(string(index.Body), "<script src=") != strings.Count(string(index.Body), "<script") {
		t.Error("an inline script cannot run under the policy")
	}
	for _, name := range []string{"swagger-ui.css", "swagger-ui-bundle.js", "init.js"} {
		if !bytes.Contains(index.Body, []byte(name)) {
			t.Errorf("the page does not use %s", name)
		}
		Scenario{Path: "/docs/" + name, Status: 200}.Run(t, base)
	}
	Scenario{Path: "/docs/init.js", Status: 200, Contains: []string{`"/openapi.json"`, "validatorUrl: null"}}.Run(t, base)
	Scenario{Path: "/docs/swagger-ui.LICENSE.txt", Status: 200, Contains: []string{"Apache License"}}.Run(t, base)
	redirect := Scenario{Path: "/docs", Status: 308}.Run(t, base)
	if redirect.Header.Get("Location") != "/docs/" {
		t.Errorf("Location %q", redirect.Header.Get("Location"))
	}
	Scenario{Path: "/docs/../docs/ui/index.html", Status: 404, Code: "path.not_found"}.Run(t, base)
}

func TestPages_WithAndWithoutGzip(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	for path, p := range pages() {
		plain := Scenario{Path: path, Headers: map[string]string{"Accept-Encoding": "identity"}, Status: 200}.Run(t, base)
		// Set by hand, the client does not decompress.
		packed := Scenario{Path: path, Headers: map[string]string{"Accept-Encoding": "br, gzip;q=0.8"}, Status: 200}.Run(t, base)
		if !p.zipped {
			if !bytes.Equal(plain.Body, packed.Body) || packed.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: a plain file came encoded", path)
			}
			continue
		}
		body, err := unzip(packed.Body)
		if err != nil || !bytes.Equal(body, plain.Body) || len(body) == 0 {
			t.Errorf("%s: %v", path, err)
		}
		if packed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v %v", path, packed.Header, plain.Header)
		}
	}
	for offer, want := range map[string]bool{"": false, "gzip": true, "GZIP": true, "br": false, "gzip;q=0": false, "gzip; q=0.0": false, "br;q=1, gzip ;q=0.1": true, "*": false} {
		if got := takesGzip(http.Header{"Accept-Encoding": {offer}}); got != want {
			t.Errorf("%q: %v", offer, got)
		}
	}
}

func TestPages_ProblemsListEveryFamily(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	want := []string{`id="internal"`}
	for _, f := range families {
		want = append(want, `id="`+f.name+`"`)
	}
	Scenario{Path: "/docs/problems", Status: 200, Contains: want}.Run(t, base)
}

func TestHealth_ReadyFollowsTheStore(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := f.serve(t)
	Scenario{Path: "/livez", Status: 200, Contains: []string{`{"status":"ok"}`}}.Run(t, base)
	Scenario{Path: "/readyz", Status: 200}.Run(t, base)
	Scenario{Path: "/version", Status: 200, Contains: []string{`"version":"test"`}}.Run(t, base)
	broken := newFake()
	broken.ready = func(context.Context) error { return errors.New("canary") }
	base = broken.serve(t)
	Scenario{Path: "/readyz", Status: 503, Code: "service.not_ready", Absent: []string{"canary"}}.Run(t, base)
	Scenario{Path: "/livez", Status: 200}.Run(t, base)
}
