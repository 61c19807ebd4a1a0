// Package api assembles the HTTP service: the route table, the path every request
// takes through it, problem documents, limits, the access log and the API pages.
//
// It is the only package that imports the HTTP library. A request goes, in order,
// through: request id, recovery, access log, rate limit, authentication (401), route
// entry, policy (403), body (413, 415, 400), headers (400, 428), query (422), then a
// session bound to the caller and the handler. Everything comes back once, through
// reply.go or problem.go.
package api

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"jol/handlers"
	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
	"jol/policies"
)

// Deps is what the service is made of. Every field is required.
type Deps struct {
	Store     *store.Store
	Accounts  *store.Accounts
	Policies  *policies.Policies
	Protocols *protocols.Live
	Logger    *slog.Logger
	Limits    Limits
	Version   Version
}

// Version is what GET /version tells about the running program.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Country string `json:"country"`
	// Demo says that the data are synthetic.
	Demo bool `json:"demo"`
}

// server carries what a request needs on its way. The functions are what it asks of
// the store and the policies; they are fields so that tests of the path itself, and
// of what happens when one of them fails, need no database.
type server struct {
	log        *slog.Logger
	limits     *limiter
	version    Version
	protocols  *protocols.Live
	drafts     *store.Drafts
	facilities *store.Facilities
	accounts   *store.Accounts

	authenticate func(ctx context.Context, token, device string) (models.Actor, error)
	allow        func(models.Role, models.Category, models.Verb) bool
	session      func(models.Actor, store.Request) *store.Session
	deny         func(ctx context.Context, actor models.Actor, requestID, action, outcome string) error
	ready        func(ctx context.Context) error
	now          models.Clock
}

// New returns the whole service as one handler: the route table, the health
// endpoints and the API pages.
func New(d Deps) http.Handler {
	d.Protocols.Catalog().StartIndex() // beside everything else: until it is built, only the search answers 503
	s := &server{
		log: d.Logger, limits: newLimiter(d.Limits), version: d.Version,
		protocols: d.Protocols, drafts: store.NewDrafts(d.Store), facilities: store.NewFacilities(d.Store), accounts: d.Accounts,
		authenticate: d.Accounts.Authenticate,
		allow:        d.Policies.Allow,
		session: func(actor models.Actor, req store.Request) *store.Session {
			return d.Store.For(actor, d.Policies.Grants(actor.Role), req)
		},
		deny:  d.Store.RecordDenial,
		ready: d.Store.Ready, now: d.Store.Now,
	}
	return s.router(Routes)
}

// router registers a route table and, beside it, the health endpoints and pages.
func (s *server) router(routes []Route) http.Handler {
	e := echo.New()
	methods := map[string][]string{}
	add := func(method, path string, do step) {
		e.Add(method, path, s.handle(path, do))
		methods[path] = append(methods[path], method)
		if method == http.MethodGet { // net/http drops the body
			e.Add(http.MethodHead, path, s.handle(path, do))
			methods[path] = append(methods[path], http.MethodHead)
		}
	}
	for _, route := range routes {
		if route.Scoped != nil {
			add(route.Method, route.Path, s.scoped(route))
		} else {
			add(route.Method, route.Path, s.public(route))
		}
	}
	s.addHealth(add)
	addPages(add)
	// Registered per path, so that the log can name the pattern and OPTIONS, which the
	// library would answer by itself, is refused like any other method.
	for path, allowed := range methods {
		e.RouteNotFound(path, s.handle(path, s.wrongMethod(allowed)))
	}
	// What is left matched nothing; our own steps never return an error to the library.
	unknown := s.handle(unmatched, s.unknownPath)
	e.HTTPErrorHandler = func(_ error, c echo.Context) { _ = unknown(c) }
	return e
}

// publicCall and scopedCall name the two handler types of the route table.
type (
	publicCall = func(*handlers.PublicCall) error
	scopedCall = func(*handlers.Call) error
)
