// Package handlers has one file per resource: its request and response types and
// one function per endpoint.
//
// A handler takes a *Call (signed in, with a store session bound to the caller) or
// a *PublicCall (no account; by type it cannot reach client data). It binds the
// body, calls one session method and replies. It never sees the HTTP library.
package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

// Exchange is one HTTP request and the reply to it, without the HTTP library. api
// fills the request half and writes the reply half after the handler returned nil.
type Exchange struct {
	Context context.Context
	Params  map[string]string // path parameters by name
	Query   url.Values        // only names the route table allows
	Header  http.Header       // of the request
	Body    []byte            // of the request, syntactically valid JSON when the route takes one

	Status int         // of the reply
	Reply  http.Header // of the reply
	Value  any         // encoded as JSON, unless Raw is set
	Raw    []byte      // sent as it is, with the Content-Type in Reply
}

// PublicCall is a request to an endpoint that needs no account.
type PublicCall struct {
	Exchange
	Protocols *protocols.Catalog // what is served at this moment
	Editions  *protocols.Live    // other editions, by name
	// Drafts is set when the caller is a signed-in protocol editor, and nil otherwise.
	Drafts *store.Drafts
	// Facilities is set when the caller is signed in and the route takes an organisation.
	Facilities *store.Facilities
	Accounts   *store.Accounts
	// Client is the caller's network address, for throttling sign-in only.
	Client string
}

// Call is a request of a signed-in user whose role may do what the route does.
type Call struct {
	Exchange
	Actor     models.Actor
	Store     *store.Session
	Protocols *protocols.Catalog // editions to pin episodes to; public content
	Editions  *protocols.Live
	Commands  *Commands // of routes that carry out commands from the field
}

// Param returns a path parameter.
func (x *Exchange) Param(name string) string { return x.Params[name] }

// JSON sets the reply.
func (x *Exchange) JSON(status int, value any) error {
	x.Status, x.Value = status, value
	return nil
}

// sendRaw replies with a body rendered before, or 304 when the caller has it already.
// ETag and Content-Type are set in Reply.
func (x *Exchange) sendRaw(body []byte) error {
	if matches(x.Header.Get("If-None-Match"), x.Reply.Get("ETag")) {
		x.Status = http.StatusNotModified
		return nil
	}
	x.Status, x.Raw = http.StatusOK, body
	return nil
}

// matches compares If-None-Match weakly (RFC 9110, 13.1.2).
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == etag {
			return true
		}
	}
	return false
}

// NoContent replies 204.
func (x *Exchange) NoContent() error {
	x.Status = http.StatusNoContent
	return nil
}

// Versioned sets the ETag of a mutable resource and replies 200.
func (x *Exchange) Versioned(version int64, value any) error {
	x.Reply.Set("ETag", `"`+strconv.FormatInt(version, 10)+`"`)
	return x.JSON(http.StatusOK, value)
}

// Created replies to a POST that creates: with the first status and, when the
// idempotency key was seen before, the header that says so.
func (x *Exchange) Created(outcome store.Outcome, location string, version int64, value any) error {
	x.Reply.Set("ETag", `"`+strconv.FormatInt(version, 10)+`"`)
	x.Reply.Set("Location", location)
	if outcome.Replayed {
		x.Reply.Set("Idempotency-Replayed", "true")
	}
	return x.JSON(outcome.Status, value)
}

// Page is the envelope of every list.
type Page[T any] struct {
	Items []T      `json:"items"`
	Page  PageInfo `json:"page"`
}

// PageInfo carries the cursor of the next page, empty on the last one.
type PageInfo struct {
	Next string `json:"next"`
}

// list turns stored records into a page of views.
func list[R, V any](x *Exchange, page store.Page[R], view func(R) V) error {
	out := Page[V]{Items: make([]V, len(page.Items)), Page: PageInfo{Next: page.Next}}
	for i, item := range page.Items {
		out.Items[i] = view(item)
	}
	if page.Next != "" {
		q := url.Values{}
		for k, v := range x.Query {
			q[k] = v
		}
		q.Set("cursor", page.Next)
		x.Reply.Set("Link", `<?`+q.Encode()+`>; rel="next"`)
	}
	return x.JSON(http.StatusOK, out)
}

// optional is null in JSON for what is not known.
func optional[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

// paging reads limit and cursor. The default page has 50 items, the largest 200.
func (x *Exchange) paging() (store.Paging, error) {
	p := store.Paging{Limit: 50, Cursor: x.Query.Get("cursor")}
	if s := x.Query.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 200 {
			return p, invalid("/limit", "limit.out_of_range")
		}
		p.Limit = n
	}
	return p, nil
}

// choice reads an optional query parameter that must be one of a closed list.
func (x *Exchange) choice(name string, allowed func(string) bool) (string, error) {
	if !x.Query.Has(name) {
		return "", nil
	}
	s := x.Query.Get(name)
	if s == "" || !allowed(s) { // an empty one is a form that lost its value, not "all"
		return "", invalid("/"+name, name+".unknown")
	}
	return s, nil
}

// oneOf are the values of a closed list, for choice.
func oneOf(list ...string) func(string) bool {
	return func(s string) bool { return slices.Contains(list, s) }
}

func invalid(pointer, code string) error {
	var c models.Checks
	c.Add(pointer, code)
	return c.Err()
}

// bind decodes the body strictly: unknown members, duplicate members, wrong types and then
// absent members are refused with a pointer, and no value is echoed.
func bind[T any](x *Exchange) (T, error) {
	body := x.Body
	if len(body) == 0 {
		body = []byte("{}") // an empty body is an empty object
	}
	v, err := decode[T](body)
	if err != nil {
		return v, err
	}
	var absent models.Checks
	requireMembers(&absent, reflect.TypeFor[T](), body, "")
	return v, absent.Err()
}

func decode[T any](body []byte) (T, error) {
	var v T
	err := json.Unmarshal(body, &v, json.RejectUnknownMembers(true))
	if err == nil {
		return v, nil
	}
	pointer, code := "", "body.wrong_type"
	var semantic *json.SemanticError
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic):
		pointer = string(semantic.JSONPointer)
		if errors.Is(err, json.ErrUnknownName) {
			code = "body.unknown_field"
		}
	case errors.As(err, &syntax):
		pointer, code = string(syntax.JSONPointer), "body.duplicate_field"
	}
	var c models.Checks
	c.Add(safePointer(pointer), code)
	return v, c.Err()
}

// bindNothing refuses any member in the body of an action that takes none: a field that
// is quietly dropped is lost without anybody knowing.
func bindNothing(x *Exchange) error {
	_, err := bind[struct{}](x)
	return err
}

var plainName = regexp.MustCompile(`^([a-z][A-Za-z]{0,23}[0-9]{0,2}|[0-9]{1,3})$`)

// safePointer keeps pointer segments that look like field names or indexes. A member
// name is input too: one that does not look like ours could be a name or a number.
func safePointer(pointer string) string {
	parts := strings.Split(pointer, "/")
	for i, p := range parts[1:] {
		if !plainName.MatchString(p) {
			parts[i+1] = "*"
		}
	}
	return strings.Join(parts, "/")
}
