package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"jol/handlers"
)

// Header values that never change are shared, not allocated for each request.
var (
	valueNoSniff    = []string{"nosniff"}
	valueNoReferrer = []string{"no-referrer"}
	valueHSTS       = []string{"max-age=31536000; includeSubDomains"}
	valueNoStore    = []string{"no-store"}
	valueJSON       = []string{"application/json"}
	valueProblem    = []string{"application/problem+json"}
	valueCSP        = []string{"default-src 'none'; frame-ancestors 'none'"}
)

// commonHeaders sets what every answer carries, whatever it turns out to be.
func (req *request) commonHeaders() {
	h := req.w.Header()
	h["X-Request-Id"] = []string{req.id}
	h["X-Content-Type-Options"] = valueNoSniff
	h["Referrer-Policy"] = valueNoReferrer
	h["Content-Security-Policy"] = valueCSP
	if req.r.TLS != nil {
		h["Strict-Transport-Security"] = valueHSTS
	}
}

// reply writes what the handler left in the exchange. The body is encoded before the
// status is written, so that a value that cannot be encoded is a 500 and not half a 200.
func (req *request) reply(x *handlers.Exchange, noStore bool) error {
	if x.Status == 0 {
		return errors.New("handler set no status")
	}
	body, h := x.Raw, req.w.Header()
	switch {
	case body != nil:
		if h.Get("Content-Type") == "" {
			return errors.New("raw reply has no content type")
		}
	case x.Value != nil:
		var err error
		if body, err = json.Marshal(x.Value, json.Deterministic(true)); err != nil {
			return fmt.Errorf("encode reply: %w", err)
		}
		if h.Get("Content-Type") == "" {
			h["Content-Type"] = valueJSON
		}
	}
	if noStore && h.Get("Cache-Control") == "" {
		h["Cache-Control"] = valueNoStore
	}
	req.write(x.Status, body)
	return nil
}

// write sends a finished answer. A failed write means that the caller is gone.
func (req *request) write(status int, body []byte) {
	if status == http.StatusNoContent || status == http.StatusNotModified {
		req.w.WriteHeader(status)
		return
	}
	req.w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	req.w.WriteHeader(status)
	if req.r.Method != http.MethodHead {
		_, _ = req.w.Write(body)
	}
}
