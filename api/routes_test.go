package api

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// key names a route in test output and in the samples.
func (r Route) key() string { return r.Method + " " + r.Path }

// The table is data; this is its grammar.
func TestRoutes_AreWellFormed(t *testing.T) {
	t.Parallel()
	checkRoutes(t, Routes)
	checkRoutes(t, fakeRoutes())
}

var actionForm = regexp.MustCompile(`^[a-z][a-z_]*\.[a-z][a-z_]*$`)

func checkRoutes(t *testing.T, routes []Route) {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range routes {
		fail := func(what string) { t.Errorf("%s: %s", r.key(), what) }
		if seen[r.key()] {
			fail("listed twice")
		}
		seen[r.key()] = true
		if !strings.HasPrefix(r.Path, "/api/v1/") && !strings.HasPrefix(r.Path, fhirRoot) || strings.HasSuffix(r.Path, "/") {
			fail("paths are /api/v1/… or /fhir/… without a slash at the end")
		}
		if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, r.Method) {
			fail("unknown method")
		}
		if (r.Public == nil) == (r.Scoped == nil) {
			fail("exactly one of Public and Scoped")
		}
		gated := slices.Contains(models.Categories, r.Category) && slices.Contains(models.Verbs, r.Verb)
		ungated := r.Category == "" && r.Verb == ""
		if r.Scoped != nil && !(gated && !r.AnyRole || ungated && r.AnyRole) {
			fail("a scoped route has a known category and verb, or is for any role")
		}
		if r.Drafts && r.Public == nil {
			fail("only a public route has drafts to add")
		}
		if r.Scoped != nil && !actionForm.MatchString(r.Action) {
			fail("a scoped route has an audit action noun.verb")
		}
		if r.Public != nil && !(ungated && !r.AnyRole && r.Action == "" && !r.Change && !r.Create) {
			fail("a public route has no gate, audit, key or precondition")
		}
		if r.Create && r.Method != "POST" || r.Change && !takesBody(r.Method) || r.Create && r.Change {
			fail("Create is for POST, Change for writes, never both")
		}
		if r.FreeQuery && len(r.Query) > 0 || r.MaxBody < 0 {
			fail("contradictory query or body limit")
		}
	}
}
