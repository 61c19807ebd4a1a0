package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"jol/docs"
)

// covered remembers the routes that a scenario has used with success.
var covered sync.Map

// TestMain fails a complete run in which a route had no scenario.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && completeRun() {
		for _, r := range slices.Concat(Routes, operational) {
			if _, ok := covered.Load(r.key()); !ok {
				fmt.Fprintf(os.Stderr, "FAIL: %s has no scenario that succeeds\n", r.key())
				code = 1
			}
		}
	}
	os.Exit(code)
}

// completeRun reports whether no flag left tests out.
func completeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// described is the published description, as /openapi.json serves it.
var described = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(docs.OpenAPI)
	if err != nil {
		panic(err)
	}
	return doc
})

// routeOf finds the table entry of a request, and its path parameters.
func routeOf(method, path string) (Route, map[string]string, bool) {
	if method == "" {
		method = http.MethodGet
	}
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for _, r := range slices.Concat(Routes, operational) {
		pattern := strings.Split(r.Path, "/")
		if r.Method != method || len(pattern) != len(parts) {
			continue
		}
		params := map[string]string{}
		for i, p := range pattern {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				params[name] = parts[i]
			} else if p != parts[i] {
				params = nil
				break
			}
		}
		if params != nil {
			return r, params, true
		}
	}
	return Route{}, nil, false
}

// conform holds an exchange to the description: the answer always, the request when it
// was a good one.
func conform(t testing.TB, sc Scenario, a Answer) {
	t.Helper()
	route, params, ok := routeOf(sc.Method, sc.Path)
	if !ok {
		return // no such route, or another method: there is nothing to hold it to
	}
	path := pathParam.ReplaceAllString(route.Path, "{$1}")
	doc := described()
	item := doc.Paths.Value(path)
	if item == nil || item.GetOperation(route.Method) == nil {
		t.Errorf("%s: not described in docs/openapi.json", route.key())
		return
	}
	sc.Body = saying(sc.Body)
	req := sc.request(t, "http://jol")
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params,
		Route:   &routers.Route{Spec: doc, Server: doc.Servers[0], Path: path, PathItem: item, Method: route.Method, Operation: item.GetOperation(route.Method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if a.Status < 400 {
		covered.Store(route.key(), true)
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s: accepted a request that the description refuses: %v", sc.label(), err)
		}
	}
	if a.Header.Get("Content-Encoding") != "" {
		return // compressed: compared with the plain one elsewhere
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.Status, Header: a.Header, Options: in.Options}
	out.SetBodyBytes(bytes.Clone(a.Body))
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s: the answer is not as described: %v", sc.label(), err)
	}
}

// saying is a body without the members that say nothing: "" is taken for absent, and the
// description speaks of what is said.
func saying(body string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &members) != nil || !strings.Contains(body, `""`) {
		return body
	}
	maps.DeleteFunc(members, func(_ string, value json.RawMessage) bool { return string(value) == `""` })
	said, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(said)
}

// conforming runs the scenario and holds it to the description.
func (sc Scenario) conforming(t testing.TB, base string) Answer {
	t.Helper()
	a := sc.Run(t, base)
	conform(t, sc, a)
	return a
}

// anonymous is an answer, header and body, without what names the one request: what is
// left must not tell two reasons apart.
func anonymous(a Answer) string {
	h := a.Header.Clone()
	id := h.Get("X-Request-Id")
	h.Del("X-Request-Id")
	h.Del("Date")
	var b strings.Builder
	fmt.Fprintln(&b, a.Status)
	_ = h.Write(&b) // sorted
	b.WriteString(strings.ReplaceAll(string(a.Body), id, ""))
	return b.String()
}
