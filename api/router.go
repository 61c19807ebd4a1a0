package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"jol/handlers"
	"jol/models"
	"jol/models/store"
)

// step is what one route does with a request. It either replies and returns nil, or
// writes nothing and returns an error.
type step func(*request) error

// request is one request on its way through the service.
type request struct {
	c       echo.Context
	r       *http.Request
	w       *echo.Response
	id      string
	pattern string
	start   time.Time
	role    models.Role // for the access log, once known
	status  int         // for the access log, when nothing was written
}

// statusClientGone is logged when the caller hung up before there was an answer. It
// is never sent.
const statusClientGone = 499

const unmatched = "unmatched"

// handle wraps a step in what every request gets: an id of our own (an incoming one
// could link requests or carry text into the log), recovery, the access log, the
// common headers and the one place that answers errors.
func (s *server) handle(pattern string, do step) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := &request{c: c, r: c.Request(), w: c.Response(), pattern: pattern, start: time.Now(), id: newID()}
		defer s.finish(req)
		req.commonHeaders()
		if err := do(req); err != nil {
			s.fail(req, err)
		}
		return nil
	}
}

// newID returns a time-ordered random id.
func newID() string {
	id, err := uuid.NewV7()
	if err != nil { // crypto/rand does not fail on any supported platform
		panic(http.ErrAbortHandler)
	}
	return id.String()
}

// finish ends every request: a panic becomes a 500, and the access log line is
// written. The panic's value may hold input and is never printed.
func (s *server) finish(req *request) {
	cause := recover()
	if cause != nil && cause != http.ErrAbortHandler {
		s.logPanic(req, cause)
		if req.w.Committed {
			cause = http.ErrAbortHandler // half an answer must not look whole
		} else {
			s.writeProblem(req, errInternal)
		}
	}
	s.logAccess(req)
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
}

// frames lists function and line of the panicking goroutine, without the argument
// words a full stack trace would print.
func frames() []string {
	pcs := make([]uintptr, 32)
	found := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var out []string
	for {
		f, more := found.Next()
		out = append(out, f.Function+":"+strconv.Itoa(f.Line))
		if !more {
			return out
		}
	}
}

// public serves a route that needs no account.
func (s *server) public(route Route) step {
	return func(req *request) error {
		client := s.limits.client(req.r)
		if !s.limits.anonymous(client) {
			return errTooMany
		}
		drafts, facilities, err := s.openTo(req, &route)
		if err != nil {
			return err
		}
		in, err := s.read(req, &route)
		if err != nil {
			return err
		}
		call := &handlers.PublicCall{Exchange: in.exchange, Editions: s.protocols, Drafts: drafts, Facilities: facilities, Accounts: s.accounts, Client: client}
		if s.protocols != nil {
			call.Protocols = s.protocols.Catalog()
		}
		if err := route.Public(call); err != nil {
			return err
		}
		// A public read may be cached; the answer to a public POST holds a token or
		// somebody's answers, and the one to an editor may hold a draft.
		return req.reply(&call.Exchange, takesBody(route.Method) || call.Drafts != nil)
	}
}

// openTo opens what a public route has for callers who send a token: the drafts to a
// protocol editor, the facilities to who may read the directory. Anybody else with a token
// reads what the public reads; a bad token is an error, because its owner would otherwise
// get less without knowing why.
func (s *server) openTo(req *request, route *Route) (drafts *store.Drafts, facilities *store.Facilities, err error) {
	if !route.Drafts && !route.Facilities || len(req.r.Header["Authorization"]) == 0 {
		return nil, nil, nil
	}
	actor, err := s.signIn(req)
	if err != nil {
		return nil, nil, err
	}
	if route.Drafts && s.allow(actor.Role, models.CatProtocol, models.Change) {
		drafts = s.drafts
	}
	if route.Facilities && s.allow(actor.Role, models.CatOrganisation, models.Read) {
		facilities = s.facilities
	}
	return drafts, facilities, nil
}

// scoped serves a route that needs an account. The session it hands to the handler is
// made here, after the gate, and nowhere else.
func (s *server) scoped(route Route) step {
	return func(req *request) error {
		actor, err := s.signIn(req)
		if err != nil {
			return err
		}
		if !route.AnyRole && !s.allow(actor.Role, route.Category, route.Verb) {
			return s.denied(req, actor, route.Action, "forbidden", errForbidden)
		}
		in, err := s.read(req, &route)
		if err != nil {
			return err
		}
		call := &handlers.Call{Exchange: in.exchange, Actor: actor, Store: s.session(actor, in.store), Editions: s.protocols}
		if s.protocols != nil {
			call.Protocols = s.protocols.Catalog()
		}
		if route.Runs {
			call.Commands = s.commands(req, actor)
		}
		err = route.Scoped(call)
		if models.IsKind(err, models.KindNotFound) {
			return s.denied(req, actor, route.Action, "not_found", err)
		}
		if models.IsKind(err, models.KindForbidden) {
			return s.denied(req, actor, route.Action, "forbidden", err)
		}
		if err != nil {
			return err
		}
		return req.reply(&call.Exchange, true)
	}
}

// signIn authenticates the request. An address that keeps sending bad tokens is
// slowed down before the database is asked; a user has a rate of their own. A good token
// with the wrong device, or without its own, may be a stolen one: that leaves a trace.
func (s *server) signIn(req *request) (models.Actor, error) {
	client := s.limits.client(req.r)
	if s.limits.guessing(client) {
		return models.Actor{}, errTooMany
	}
	token, ok := bearer(req.r.Header)
	if !ok {
		s.limits.guessed(client)
		return models.Actor{}, errNoToken
	}
	actor, err := s.authenticate(req.r.Context(), token, deviceToken(req))
	if err != nil {
		if models.IsKind(err, models.KindUnauthenticated) || models.IsKind(err, models.KindForbidden) {
			s.limits.guessed(client)
		}
		if actor.UserID != "" {
			err = s.denied(req, actor, "device.use", "forbidden", err)
		}
		return models.Actor{}, err
	}
	req.role = actor.Role
	if !s.limits.user(actor.UserID) {
		return models.Actor{}, errTooMany
	}
	return actor, nil
}

// deviceToken is what the request names as its device; empty without one. Two are none that
// anybody has.
func deviceToken(req *request) string { return strings.Join(req.r.Header["Device-Token"], ",") }

// bearer takes the token from the one Authorization header.
func bearer(h http.Header) (string, bool) {
	values := h["Authorization"]
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != "" && len(token) <= 256
}

// denied records a refusal in the audit trail before answering it, also when the
// caller has hung up: probing and disconnecting leaves a trace. Absent and
// out-of-scope both come through here, so neither takes longer than the other.
func (s *server) denied(req *request, actor models.Actor, action, outcome string, answer error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.r.Context()), 5*time.Second)
	defer cancel()
	if err := s.deny(ctx, actor, req.id, action, outcome); err != nil {
		return errAudit.WithCause(err)
	}
	return answer
}

// wrongMethod answers a path of the table asked with another method.
func (s *server) wrongMethod(allowed []string) step {
	allow := strings.Join(allowed, ", ")
	return func(req *request) error {
		if err := s.signedInUnderAPI(req); err != nil {
			return err
		}
		return allowing{errMethod, allow}
	}
}

// unknownPath answers a path that is not in the table.
func (s *server) unknownPath(req *request) error {
	if err := s.signedInUnderAPI(req); err != nil {
		return err
	}
	return errPath
}

// signedInUnderAPI keeps the shape of the API from callers without an account:
// under /api everything that is not a public route asks for a token first.
func (s *server) signedInUnderAPI(req *request) error {
	if path := req.r.URL.Path; path != "/api" && !strings.HasPrefix(path, "/api/") {
		if !s.limits.anonymous(s.limits.client(req.r)) {
			return errTooMany
		}
		return nil
	}
	_, err := s.signIn(req)
	return err
}

// params returns the path parameters, decoded; nil when the path has none.
func (req *request) params() (map[string]string, error) {
	names := req.c.ParamNames()
	if len(names) == 0 {
		return nil, nil
	}
	values := req.c.ParamValues()
	params := make(map[string]string, len(names))
	for i, name := range names {
		value := values[i]
		if req.r.URL.RawPath != "" { // then the library matched the escaped path
			decoded, err := url.PathUnescape(value)
			if err != nil {
				return nil, errPath
			}
			value = decoded
		}
		params[name] = value
	}
	return params, nil
}

// hungUp reports whether the request failed because the caller is gone.
func (req *request) hungUp(err error) bool {
	return errors.Is(err, context.Canceled) && req.r.Context().Err() != nil
}
