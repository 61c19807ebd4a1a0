package api

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"jol/handlers"
	"jol/models"
)

// family is what all problems of one kind have in common.
type family struct {
	status int
	name   string // the fragment of type
	title  string
}

// families is the only table from kinds to statuses.
var families = map[models.Kind]family{
	models.KindUnauthenticated:      {http.StatusUnauthorized, "unauthenticated", "Not signed in"},
	models.KindForbidden:            {http.StatusForbidden, "forbidden", "Not allowed for this role"},
	models.KindTooLarge:             {http.StatusRequestEntityTooLarge, "too-large", "Body too large"},
	models.KindUnsupportedMedia:     {http.StatusUnsupportedMediaType, "unsupported-media", "Media type not supported"},
	models.KindMalformed:            {http.StatusBadRequest, "malformed", "Malformed request"},
	models.KindPreconditionRequired: {http.StatusPreconditionRequired, "precondition-required", "Precondition required"},
	models.KindInvalid:              {http.StatusUnprocessableEntity, "invalid", "Invalid input"},
	models.KindNotFound:             {http.StatusNotFound, "not-found", "Not found"},
	models.KindPreconditionFailed:   {http.StatusPreconditionFailed, "precondition-failed", "Changed by somebody else"},
	models.KindConflict:             {http.StatusConflict, "conflict", "Not possible in the present state"},
	models.KindTooMany:              {http.StatusTooManyRequests, "too-many", "Too many requests"},
	models.KindUnavailable:          {http.StatusServiceUnavailable, "unavailable", "Temporarily unavailable"},
	models.KindNotAcceptable:        {http.StatusNotAcceptable, "not-acceptable", "No acceptable representation"},
	models.KindMethodNotAllowed:     {http.StatusMethodNotAllowed, "method-not-allowed", "Method not allowed"},
}

var internalFamily = family{http.StatusInternalServerError, "internal", "Internal error"}

// Errors of the request path itself.
var (
	errNoToken        = models.Fail(models.KindUnauthenticated, "token.invalid", "The bearer token is missing, unknown, expired or revoked.")
	errForbidden      = models.Fail(models.KindForbidden, "role.not_allowed", "Your role may not do this.")
	errTooMany        = models.Fail(models.KindTooMany, "rate.exceeded", "Too many requests; wait as long as Retry-After says.")
	errTooLarge       = models.Fail(models.KindTooLarge, "body.too_large", "The body is larger than this endpoint takes.")
	errMedia          = models.Fail(models.KindUnsupportedMedia, "body.media_type", "Send application/json in UTF-8, without a content encoding.")
	errBody           = models.Fail(models.KindMalformed, "body.incomplete", "The body could not be read to its end.")
	errJSON           = models.Fail(models.KindMalformed, "body.malformed", "The body is not valid JSON.")
	errKeyRequired    = models.Fail(models.KindMalformed, "idempotency.key_required", "This request needs an Idempotency-Key header.")
	errKeyMalformed   = models.Fail(models.KindMalformed, "idempotency.key_malformed", "An Idempotency-Key has 1 to 128 visible ASCII characters.")
	errQuery          = models.Fail(models.KindMalformed, "query.malformed", "The query is not valid.")
	errMatchRequired  = models.Fail(models.KindPreconditionRequired, "precondition.required", "This request needs an If-Match header with the ETag you read.")
	errMatchMalformed = models.Fail(models.KindMalformed, "precondition.malformed", "If-Match takes one strong ETag as this service issues it.")
	errPath           = models.Fail(models.KindNotFound, "path.not_found", "There is nothing at this path.")
	errMethod         = models.Fail(models.KindMethodNotAllowed, "method.not_allowed", "This path does not take this method; Allow lists those it takes.")
	errAudit          = models.Fail(models.KindUnavailable, "audit.unavailable", "The request could not be recorded, so it is not answered; try again.")
	errNotReady       = models.Fail(models.KindUnavailable, "service.not_ready", "The service cannot answer requests now.")
	errInternal       = &models.Error{Code: "internal.error", Detail: "Something failed on our side; quote the instance when you report it."}
)

// allowing is a 405 together with the methods it must list.
type allowing struct {
	error
	methods string
}

// Unwrap returns the problem itself.
func (a allowing) Unwrap() error { return a.error }

// fail answers an error. Whoever hung up gets nothing: an empty 200, which is what
// writing nothing would become, could be taken for success by a half-closed client.
func (s *server) fail(req *request, err error) {
	if req.hungUp(err) {
		req.status = statusClientGone
		panic(http.ErrAbortHandler)
	}
	known := s.known(req, err)
	// What the handler prepared for a success must not adorn a failure.
	clear(req.w.Header())
	req.commonHeaders()
	var a allowing
	if errors.As(err, &a) {
		req.w.Header().Set("Allow", a.methods)
	}
	s.writeProblem(req, known)
}

// writeProblem is the only writer of failures. Type and title name the family, which
// /docs/problems describes; code is the precise reason. No value the caller sent is in it.
func (s *server) writeProblem(req *request, e *models.Error) {
	problem := problemOf(req, e)
	view, contentType := failure(req.r, e, problem)
	body, err := json.Marshal(view)
	if err != nil { // a pointer or detail that is not UTF-8
		s.logCause(req, slog.LevelError, err)
		panic(http.ErrAbortHandler)
	}
	h := req.w.Header()
	h["Content-Type"] = contentType
	h["Cache-Control"] = valueNoStore
	switch e.Kind {
	case models.KindUnauthenticated:
		h.Set("WWW-Authenticate", `Bearer realm="jol"`)
	case models.KindTooMany:
		h.Set("Retry-After", "10")
	case models.KindUnavailable:
		h.Set("Retry-After", "5")
	}
	req.write(problem.Status, body)
}

// known is the error to show: what is no *models.Error of a known kind is logged and shown
// as an internal error.
func (s *server) known(req *request, err error) *models.Error {
	var known *models.Error
	if !errors.As(err, &known) || known != errInternal && families[known.Kind].status == 0 {
		s.logCause(req, slog.LevelError, err)
		return errInternal
	}
	if known.Kind == models.KindUnavailable {
		s.logCause(req, slog.LevelWarn, err)
	}
	return known
}

// problemOf is the document of an error.
func problemOf(req *request, e *models.Error) handlers.ProblemView {
	f, ok := families[e.Kind]
	if !ok {
		f = internalFamily
	}
	return handlers.ProblemView{
		Type: "/docs/problems#" + f.name, Title: f.title, Status: f.status,
		Code: e.Code, Detail: e.Detail, Instance: "urn:jol:request:" + req.id, Errors: e.Fields,
	}
}

// logCause records why a request failed without its values: error messages of
// databases and decoders quote what they choked on, so only types, SQLSTATEs and
// well-known sentinels are printed.
func (s *server) logCause(req *request, level slog.Level, err error) {
	s.log.LogAttrs(context.Background(), level, "request failed",
		slog.String("request", req.id), slog.String("route", req.pattern), slog.String("cause", causes(err, 8)))
}

func (s *server) logPanic(req *request, value any) {
	kind := fmt.Sprintf("%T", value)
	if err, ok := value.(error); ok {
		kind = causes(err, 8)
	}
	s.log.LogAttrs(context.Background(), slog.LevelError, "panic",
		slog.String("request", req.id), slog.String("route", req.pattern), slog.String("cause", kind),
		slog.Any("frames", frames()))
}

// sentinels are errors whose text is fixed.
var sentinels = []error{
	sql.ErrNoRows, sql.ErrTxDone, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded,
}

// causes prints an error chain by type.
func causes(err error, depth int) string {
	if err == nil || depth == 0 {
		return ""
	}
	text := reflect.TypeOf(err).String()
	for _, known := range sentinels {
		if err == known {
			text = known.Error()
		}
	}
	switch e := err.(type) {
	case *models.Error:
		text += "(" + e.Code + ")"
	case interface{ SQLState() string }:
		text += "(" + e.SQLState() + ")"
	case interface{ Code() int }: // SQLite's result code
		text += "(" + strconv.Itoa(e.Code()) + ")"
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := causes(e.Unwrap(), depth-1); inner != "" {
			text += " > " + inner
		}
	case interface{ Unwrap() []error }:
		var inner []string
		for _, one := range e.Unwrap() {
			inner = append(inner, causes(one, depth-1))
		}
		text += " > [" + strings.Join(inner, ", ") + "]"
	}
	return text
}
