package api

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"
)

func TestReply_Headers(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	for _, c := range []struct{ method, path, token, cache string }{
		{"GET", "/api/v1/things", nurseToken, "no-store"},
		{"GET", "/api/v1/open/1", "", ""},
		{"POST", "/api/v1/open", "", "no-store"},
		{"GET", "/livez", "", "no-store"},
	} {
		a := Scenario{Method: c.method, Path: c.path, Token: c.token, Status: 200}.Run(t, base)
		if got := a.Header.Get("Cache-Control"); got != c.cache {
			t.Errorf("%s %s: Cache-Control %q, want %q", c.method, c.path, got, c.cache)
		}
		if got := a.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", c.path, got)
		}
		if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Content-Security-Policy") != "default-src 'none'; frame-ancestors 'none'" {
			t.Errorf("%s: %v", c.path, a.Header)
		}
		if a.Header.Get("Strict-Transport-Security") != "" {
			t.Error("HSTS without TLS")
		}
	}
	a := Scenario{Path: "/api/v1/empty", Token: nurseToken, Status: 204}.Run(t, base)
	if len(a.Body) > 0 || a.Header.Get("Content-Type") != "" {
		t.Errorf("204 with %q %v", a.Body, a.Header)
	}
}

func TestReply_HSTSUnderTLS(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest("GET", "/livez", nil)
	req.TLS = &tls.ConnectionState{}
	w := httptest.NewRecorder()
	newFake().router(nil).ServeHTTP(w, req)
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
}

func TestReply_HeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	for _, path := range []string{"/api/v1/open/1", "/livez", "/docs/", "/openapi.json"} {
		get := Scenario{Path: path, Status: 200}.Run(t, base)
		head := Scenario{Method: "HEAD", Path: path, Status: 200}.Run(t, base)
		if len(head.Body) > 0 || head.Header.Get("Content-Length") == "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %q %v", path, head.Body, head.Header)
		}
	}
	Scenario{Method: "HEAD", Path: "/api/v1/things", Status: 401}.Run(t, base)
	Scenario{Method: "HEAD", Path: "/api/v1/things", Token: nurseToken, Status: 200}.Run(t, base)
}
