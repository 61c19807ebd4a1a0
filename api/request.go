package api

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"jol/handlers"
	"jol/models"
	"jol/models/store"
)

// incoming is a request that passed every check that needs no handler.
type incoming struct {
	exchange handlers.Exchange
	store    store.Request
}

// read checks a request against its route entry in the order of the contract: 413,
// 415, 400, 428, 422. It runs after authentication and policy, so a caller who may
// not come in learns nothing about what the route takes.
func (s *server) read(req *request, route *Route) (incoming, error) {
	var in incoming
	params, err := req.params()
	if err != nil {
		return in, err
	}
	body, err := readBody(req.r, route, s.limits.body)
	if err != nil {
		return in, err
	}
	in.store = store.Request{ID: req.id}
	if route.Create {
		if in.store.Key, err = idempotencyKey(req.r.Header); err != nil {
			return in, err
		}
		in.store.BodyHash = bodyHash(req.r, body)
	}
	query, err := readQuery(req.r.URL.RawQuery)
	if err != nil {
		return in, err
	}
	if route.Change {
		if in.store.Base, err = ifMatch(req.r.Header); err != nil {
			return in, err
		}
	}
	if err := checkQuery(query, route); err != nil {
		return in, err
	}
	in.exchange = handlers.Exchange{
		Context: req.r.Context(), Params: params, Query: query, Header: req.r.Header, Body: body,
		Reply: req.w.Header(),
	}
	return in, nil
}

// readBody reads at most the route's limit and checks media type and syntax. Member
// names may repeat here: binding refuses that with a pointer.
func readBody(r *http.Request, route *Route, limit int64) ([]byte, error) {
	if r.ContentLength == 0 || !takesBody(r.Method) {
		return nil, nil
	}
	if route.MaxBody > 0 {
		limit = route.MaxBody
	}
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, errBody.WithCause(err)
	}
	switch {
	case int64(len(body)) > limit:
		return nil, errTooLarge
	case len(body) == 0:
		return nil, nil
	case !isJSON(r.Header):
		return nil, errMedia
	case !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)):
		return nil, errJSON
	}
	return body, nil
}

// isJSON reports whether the body is plain application/json in UTF-8.
func isJSON(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// idempotencyKey returns the key of a POST that creates: 1 to 128 visible ASCII
// characters.
func idempotencyKey(h http.Header) (string, error) {
	values := h["Idempotency-Key"]
	if len(values) == 0 {
		return "", errKeyRequired
	}
	if len(values) > 1 || !goodKey(values[0]) {
		return "", errKeyMalformed
	}
	return values[0], nil
}

func goodKey(key string) bool {
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return len(key) >= 1 && len(key) <= 128
}

// bodyHash identifies what an idempotency key was first used for.
func bodyHash(r *http.Request, body []byte) string {
	return hashOf(r.Method, r.URL.EscapedPath(), body) // escaped: neither holds a line break
}

func hashOf(method, path string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(method + "\n" + path + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// ifMatch returns the version a change is based on. Only the strong tag this service
// hands out, "<version>", is taken: no list, no weak tag, no star.
func ifMatch(h http.Header) (int64, error) {
	values := h["If-Match"]
	if len(values) == 0 {
		return 0, errMatchRequired
	}
	tag, opened := strings.CutPrefix(values[0], `"`)
	tag, closed := strings.CutSuffix(tag, `"`)
	version, err := strconv.ParseInt(tag, 10, 64)
	if len(values) > 1 || !opened || !closed || err != nil || strconv.FormatInt(version, 10) != tag || version < 0 {
		return 0, errMatchMalformed
	}
	return version, nil
}

// readQuery decodes the query; nil when there is none. Values are printable UTF-8: no
// name or code holds anything else, and PostgreSQL cannot even compare a zero byte.
func readQuery(raw string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errQuery
	}
	for _, values := range query {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
				return nil, errQuery
			}
		}
	}
	return query, nil
}

// checkQuery refuses names the route does not take and names given twice: a filter
// that is quietly ignored would answer another question than the one asked.
func checkQuery(query url.Values, route *Route) error {
	if len(query) == 0 || route.FreeQuery {
		return nil
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	var checks models.Checks
	for _, name := range names {
		known := slices.Contains(route.Query, name)
		checks.Require(known, queryPointer(name), "query.unknown_parameter")
		checks.Require(!known || len(query[name]) == 1, queryPointer(name), "query.duplicate_parameter")
	}
	return checks.Err()
}

var plainName = regexp.MustCompile(`^_?[A-Za-z][A-Za-z0-9_]{0,39}$`)

// queryPointer names a parameter, unless the name itself could be somebody's name.
func queryPointer(name string) string {
	if plainName.MatchString(name) {
		return "/" + name
	}
	return "/*"
}
