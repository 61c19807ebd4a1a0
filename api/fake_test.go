package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"jol/handlers"
	"jol/models"
	"jol/models/store"
)

// fake is the service with a table of trivial routes and without a database: the
// path itself is what these tests are about.
type fake struct {
	*server
	log     *syncBuffer
	mu      sync.Mutex
	denials []string // action + outcome
}

// syncBuffer collects log lines of concurrent requests.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Two callers: the nurse may do everything the table asks for, the guard nothing.
const (
	nurseToken = "jol_nurse"
	guardToken = "jol_guard"
)

func newFake() *fake {
	f := &fake{log: &syncBuffer{}}
	f.server = &server{
		log:     slog.New(slog.NewJSONHandler(f.log, nil)),
		limits:  newLimiter(DefaultLimits()),
		version: Version{Version: "test"},
		authenticate: func(_ context.Context, token, _ string) (models.Actor, error) {
			switch token {
			case nurseToken:
				return models.Actor{UserID: "u-nurse", Username: "canary-username", Role: models.RoleNurse}, nil
			case guardToken:
				return models.Actor{UserID: "u-guard", Role: models.RolePrisonSecurity}, nil
			}
			return models.Actor{}, errNoToken
		},
		allow: func(role models.Role, category models.Category, _ models.Verb) bool {
			return role == models.RoleNurse && category == models.CatReferral
		},
		session: func(models.Actor, store.Request) *store.Session { return nil },
		ready:   func(context.Context) error { return nil },
	}
	f.deny = func(_ context.Context, _ models.Actor, _, action, outcome string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.denials = append(f.denials, action+" "+outcome)
		return nil
	}
	return f
}

// echoed is what the fake handlers reply with: how they were called.
type echoed struct {
	ID   string   `json:"id"`
	Body string   `json:"body"`
	Q    []string `json:"q"`
}

func reflectCall(x *handlers.Exchange) error {
	return x.JSON(http.StatusOK, echoed{ID: x.Param("id"), Body: string(x.Body), Q: x.Query["limit"]})
}

func fakeRoutes() []Route {
	scoped := func(c *handlers.Call) error { return reflectCall(&c.Exchange) }
	failing := func(err error) scopedCall {
		return func(c *handlers.Call) error {
			c.Reply.Set("ETag", `"1"`) // must not survive the failure
			return err
		}
	}
	route := func(method, path string, do scopedCall) Route {
		return Route{Method: method, Path: "/api/v1" + path, Scoped: do,
			Category: models.CatReferral, Verb: models.Read, Action: "thing.test"}
	}
	create := route("POST", "/things", scoped)
	create.Create, create.MaxBody = true, 1000
	change := route("PATCH", "/things/:id", scoped)
	change.Change = true
	list := route("GET", "/things", scoped)
	list.Query = []string{"limit"}
	me := route("GET", "/me", scoped)
	me.Category, me.Verb, me.AnyRole = "", "", true
	return []Route{
		{Method: "GET", Path: "/api/v1/open/:id", Public: func(c *handlers.PublicCall) error { return reflectCall(&c.Exchange) }},
		{Method: "POST", Path: "/api/v1/open", Public: func(c *handlers.PublicCall) error { return reflectCall(&c.Exchange) }},
		create, change, list, me,
		route("GET", "/things/:id", scoped),
		route("GET", "/absent/:id", failing(models.NotFound("thing"))),
		route("GET", "/broken", failing(errors.New("canary-cause"))),
		route("GET", "/unavailable", failing(models.Fail(models.KindUnavailable, "x.y", "z").WithCause(errors.New("canary-cause")))),
		route("GET", "/panic", func(*handlers.Call) error { panic("canary-panic") }),
		route("GET", "/gone", failing(context.Canceled)),
		route("GET", "/statusless", func(*handlers.Call) error { return nil }),
		route("GET", "/unencodable", func(c *handlers.Call) error { return c.JSON(200, func() {}) }),
		route("GET", "/raw", func(c *handlers.Call) error { c.Status, c.Raw = 200, []byte("x"); return nil }),
		route("GET", "/empty", func(c *handlers.Call) error { return c.NoContent() }),
	}
}

// serve starts the fake service on a real socket.
func (f *fake) serve(t *testing.T) string {
	t.Helper()
	return f.serveRoutes(t, fakeRoutes())
}

func (f *fake) serveRoutes(t *testing.T, routes []Route) string {
	t.Helper()
	srv := httptest.NewServer(f.router(routes))
	t.Cleanup(srv.Close)
	return srv.URL
}

// body is n bytes of valid JSON.
func bodyOf(n int) string { return `"` + strings.Repeat("a", n-2) + `"` }

func readAll(t testing.TB, r io.ReadCloser) []byte {
	t.Helper()
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
