package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// logAccess writes one line per request. It holds the route pattern and never the
// path or the query, the role and never the user: the audit trail says who saw what,
// under its own access rules; a log that could say it too would be a second trail
// without them.
func (s *server) logAccess(req *request) {
	status := req.status
	if status == 0 {
		status = req.w.Status
	}
	attrs := [...]slog.Attr{
		slog.String("request", req.id),
		slog.String("method", plainMethod(req.r.Method)),
		slog.String("route", req.pattern),
		slog.Int("status", status),
		slog.Int64("micros", time.Since(req.start).Microseconds()),
		slog.Int64("bytes", req.w.Size),
		slog.String("role", string(req.role)),
	}
	s.log.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs[:]...)
}

// plainMethod keeps made-up methods, which are free text, out of the log.
func plainMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}
