package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Scenario is one request through real HTTP and what must, and must not, come back.
type Scenario struct {
	Name    string
	Method  string // GET when empty
	Path    string
	Token   string
	Headers map[string]string
	Body    string // sent as application/json unless Headers say otherwise
	Status  int
	Code    string // of the problem document, for failures
	// Contains and Absent are looked for in the body as plain text.
	Contains, Absent []string
}

// Answer is what came back, for scenarios that build on each other.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Into decodes the body.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("decode: %v", err)
	}
}

// Run sends the scenario to base and checks it. Every answer is also held to what
// all answers promise: a request id, the security headers and, for a failure, a
// complete problem document.
func (sc Scenario) Run(t testing.TB, base string) Answer {
	t.Helper()
	a := sc.send(t, base)
	if a.Status != sc.Status {
		t.Errorf("%s: status %d, want %d; body %s", sc.label(), a.Status, sc.Status, a.Body)
	}
	if a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s: security headers are missing: %v", sc.label(), a.Header)
	}
	id := a.Header.Get("X-Request-Id")
	if len(id) != 36 || id[14] != '7' {
		t.Errorf("%s: request id %q is not a UUIDv7", sc.label(), id)
	}
	if a.Status >= 400 && sc.Method != http.MethodHead {
		sc.checkProblem(t, a, id)
	}
	for _, s := range sc.Contains {
		if !strings.Contains(string(a.Body), s) {
			t.Errorf("%s: body lacks %q: %s", sc.label(), s, a.Body)
		}
	}
	for _, s := range sc.Absent {
		if strings.Contains(string(a.Body), s) {
			t.Errorf("%s: body has %q: %s", sc.label(), s, a.Body)
		}
	}
	return a
}

// RunAll runs scenarios that do not depend on each other as parallel subtests.
func RunAll(t *testing.T, base string, scenarios []Scenario) {
	t.Helper()
	for _, sc := range scenarios {
		t.Run(sc.label(), func(t *testing.T) {
			t.Parallel()
			sc.Run(t, base)
		})
	}
}

func (sc Scenario) label() string {
	if sc.Name != "" {
		return sc.Name
	}
	return strings.TrimSpace(sc.Method + " " + sc.Path)
}

func (sc Scenario) send(t testing.TB, base string) Answer {
	t.Helper()
	res, err := noRedirects.Do(sc.request(t, base))
	if err != nil {
		t.Fatalf("%s: %v", sc.label(), err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: readAll(t, res.Body)}
}

func (sc Scenario) request(t testing.TB, base string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), sc.Method, base+sc.Path, strings.NewReader(sc.Body))
	if err != nil {
		t.Fatal(err)
	}
	if sc.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if sc.Token != "" {
		req.Header.Set("Authorization", "Bearer "+sc.Token)
	}
	for name, value := range sc.Headers {
		req.Header.Set(name, value)
	}
	return req
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (sc Scenario) checkProblem(t testing.TB, a Answer, id string) {
	t.Helper()
	var p map[string]any
	a.Into(t, &p)
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: content type %q", sc.label(), got)
	}
	if p["status"] != float64(a.Status) || p["instance"] != "urn:jol:request:"+id {
		t.Errorf("%s: problem does not fit its answer: %s", sc.label(), a.Body)
	}
	if _, ok := p["errors"].([]any); !ok || p["type"] == "" || p["title"] == "" || p["detail"] == "" {
		t.Errorf("%s: incomplete problem: %s", sc.label(), a.Body)
	}
	if p["code"] != sc.Code {
		t.Errorf("%s: code %v, want %q", sc.label(), p["code"], sc.Code)
	}
}
