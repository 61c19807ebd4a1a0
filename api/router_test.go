package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// Each step of the ladder breaks everything below it, so that only the promised
// order explains the answer.
func TestRouter_OrderOfAnswers(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	text := map[string]string{"Content-Type": "text/plain"}
	RunAll(t, base, []Scenario{
		{Name: "401 first", Method: "POST", Path: "/api/v1/things?x=1", Headers: text, Body: bodyOf(2000), Status: 401, Code: "token.invalid"},
		{Name: "403 before 413", Method: "POST", Path: "/api/v1/things?x=1", Token: guardToken, Headers: text, Body: bodyOf(2000), Status: 403, Code: "role.not_allowed"},
		{Name: "413 before 415", Method: "POST", Path: "/api/v1/things?x=1", Token: nurseToken, Headers: text, Body: bodyOf(2000), Status: 413, Code: "body.too_large"},
		{Name: "415 before 400", Method: "POST", Path: "/api/v1/things?x=1", Token: nurseToken, Headers: text, Body: "{", Status: 415, Code: "body.media_type"},
		{Name: "400 JSON before 400 key", Method: "POST", Path: "/api/v1/things?x=1", Token: nurseToken, Body: "{", Status: 400, Code: "body.malformed"},
		{Name: "400 key before 422", Method: "POST", Path: "/api/v1/things?x=1", Token: nurseToken, Body: "{}", Status: 400, Code: "idempotency.key_required"},
		{Name: "400 before 428", Method: "PATCH", Path: "/api/v1/things/1?x=1", Token: nurseToken, Body: "{", Status: 400, Code: "body.malformed"},
		{Name: "428 before 422", Method: "PATCH", Path: "/api/v1/things/1?x=1", Token: nurseToken, Body: "{}", Status: 428, Code: "precondition.required"},
		{Name: "422 before the handler", Path: "/api/v1/absent/1?x=1", Token: nurseToken, Status: 422, Code: "query.unknown_parameter"},
		{Name: "404 from the handler", Path: "/api/v1/absent/1", Token: nurseToken, Status: 404, Code: "thing.not_found"},
		{Name: "reached", Method: "POST", Path: "/api/v1/things", Token: nurseToken, Body: `{"a":1}`, Status: 200,
			Headers: map[string]string{"Idempotency-Key": "k1"}, Contains: []string{`{\"a\":1}`}},
	})
}

func TestRouter_NothingUnderAPIWithoutToken(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MADEUP"} {
		for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/none", "/api/v2/x", "/api/v1/me", "/%61pi/v1/me", "/api/v1/things/1/x"} {
			for _, token := range []string{"", "jol_wrong", strings.Repeat("x", 300)} {
				Scenario{Method: method, Path: path, Token: token, Status: 401, Code: "token.invalid"}.Run(t, base)
			}
		}
	}
	// A public path is public for its own method only.
	Scenario{Method: "DELETE", Path: "/api/v1/open/1", Status: 401, Code: "token.invalid"}.Run(t, base)
	Scenario{Method: "OPTIONS", Path: "/api/v1/open/1", Status: 401, Code: "token.invalid"}.Run(t, base)
	Scenario{Path: "/api/v1/open/1", Status: 200}.Run(t, base)
	a := Scenario{Path: "/api/v1/me", Headers: map[string]string{"Authorization": "Basic " + nurseToken}, Status: 401, Code: "token.invalid"}.Run(t, base)
	if a.Header.Get("WWW-Authenticate") != `Bearer realm="jol"` {
		t.Errorf("no challenge: %v", a.Header)
	}
}

func TestRouter_UnknownPathAndWrongMethod(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	Scenario{Path: "/api/v1/none", Token: nurseToken, Status: 404, Code: "path.not_found"}.Run(t, base)
	Scenario{Path: "/none", Status: 404, Code: "path.not_found"}.Run(t, base)
	Scenario{Path: "/", Status: 404, Code: "path.not_found"}.Run(t, base)
	for _, method := range []string{"DELETE", "OPTIONS"} {
		a := Scenario{Method: method, Path: "/api/v1/things", Token: nurseToken, Status: 405, Code: "method.not_allowed"}.Run(t, base)
		if got := a.Header.Get("Allow"); got != "POST, GET, HEAD" {
			t.Errorf("Allow: %q", got)
		}
	}
	Scenario{Method: "POST", Path: "/livez", Status: 405, Code: "method.not_allowed"}.Run(t, base)
}

func TestRouter_AnyRoleIsForEverySignedInUser(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := f.serve(t)
	Scenario{Path: "/api/v1/me", Token: guardToken, Status: 200}.Run(t, base)
	Scenario{Path: "/api/v1/me", Status: 401, Code: "token.invalid"}.Run(t, base)
	// An entry that forgot both category and AnyRole lets nobody in.
	req := httptest.NewRequest("GET", "/api/v1/me", nil)
	req.Header.Set("Authorization", "Bearer "+nurseToken)
	routes := fakeRoutes()
	i := slices.IndexFunc(routes, func(r Route) bool { return r.AnyRole })
	routes[i].AnyRole = false
	w := httptest.NewRecorder()
	f.router(routes).ServeHTTP(w, req)
	if w.Code != 403 {
		t.Errorf("status %d", w.Code)
	}
}

func TestRouter_DenialsAreAudited(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := f.serve(t)
	Scenario{Path: "/api/v1/things/1", Token: guardToken, Status: 403, Code: "role.not_allowed"}.Run(t, base)
	Scenario{Path: "/api/v1/absent/1", Token: nurseToken, Status: 404, Code: "thing.not_found"}.Run(t, base)
	Scenario{Path: "/api/v1/none", Token: nurseToken, Status: 404, Code: "path.not_found"}.Run(t, base)
	if want := []string{"thing.test forbidden", "thing.test not_found"}; !reflect.DeepEqual(f.denials, want) {
		t.Errorf("denials %v", f.denials)
	}
	f.deny = func(context.Context, models.Actor, string, string, string) error { return errors.New("canary-cause") }
	for path, token := range map[string]string{"/api/v1/things/1": guardToken, "/api/v1/absent/1": nurseToken} {
		a := Scenario{Path: path, Token: token, Status: 503, Code: "audit.unavailable", Absent: []string{"canary"}}.Run(t, base)
		if a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
}

// A denial is recorded although the caller has hung up.
func TestRouter_DenialOutlivesTheCaller(t *testing.T) {
	t.Parallel()
	f := newFake()
	recorded := false
	f.deny = func(ctx context.Context, _ models.Actor, _, _, _ string) error {
		recorded = ctx.Err() == nil
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/absent/1", nil)
	req.Header.Set("Authorization", "Bearer "+nurseToken)
	f.router(fakeRoutes()).ServeHTTP(httptest.NewRecorder(), req)
	if !recorded {
		t.Error("not recorded")
	}
}

func TestRouter_AbsentAnswersAreAlike(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	one := Scenario{Path: "/api/v1/absent/1", Token: nurseToken, Status: 404, Code: "thing.not_found"}.Run(t, base)
	two := Scenario{Path: "/api/v1/absent/2", Token: nurseToken, Status: 404, Code: "thing.not_found"}.Run(t, base)
	blank := func(a Answer) string {
		id := a.Header.Get("X-Request-Id")
		a.Header.Del("X-Request-Id")
		a.Header.Del("Date")
		return strings.ReplaceAll(string(a.Body), id, "")
	}
	if blank(one) != blank(two) || !reflect.DeepEqual(one.Header, two.Header) {
		t.Errorf("answers differ:\n%s %v\n%s %v", one.Body, one.Header, two.Body, two.Header)
	}
}

func TestRouter_Params(t *testing.T) {
	t.Parallel()
	base := newFake().serve(t)
	RunAll(t, base, []Scenario{
		{Path: "/api/v1/open/KZ-C1%2F7", Status: 200, Contains: []string{`"id":"KZ-C1/7"`}},
		{Path: "/api/v1/open/a%20b", Status: 200, Contains: []string{`"id":"a b"`}},
		{Path: "/api/v1/open/%D0%B6%D0%BE%D0%BB", Status: 200, Contains: []string{`"id":"жол"`}},
	})
}

func TestRouter_RequestIDIsOurs(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := f.serve(t)
	const theirs = "01900000-0000-7000-8000-000000000000"
	a := Scenario{Path: "/livez", Headers: map[string]string{"X-Request-Id": theirs}, Status: 200}.Run(t, base)
	if a.Header.Get("X-Request-Id") == theirs || strings.Contains(f.log.String(), theirs) {
		t.Error("an incoming request id was used")
	}
}

// Whoever hung up gets a broken connection, never an empty 200.
func TestRouter_CallerGone(t *testing.T) {
	t.Parallel()
	f := newFake()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/gone", nil)
	req.Header.Set("Authorization", "Bearer "+nurseToken)
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the connection was not aborted")
			}
		}()
		f.router(fakeRoutes()).ServeHTTP(w, req)
	}()
	if w.Body.Len() > 0 || !strings.Contains(f.log.String(), `"status":499`) {
		t.Errorf("body %q, log %s", w.Body, f.log)
	}
	// The same error while the caller still waits is our own failure.
	Scenario{Path: "/api/v1/gone", Token: nurseToken, Status: 500, Code: "internal.error"}.Run(t, f.serve(t))
}
