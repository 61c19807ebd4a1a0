package api

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"jol/models"
)

// requestSchemas calls visit for the schema of each object that a request may hold.
func requestSchemas(doc *openapi3.T, visit func(name string, schema *openapi3.Schema)) {
	seen := map[*openapi3.Schema]bool{}
	var walk func(name string, ref *openapi3.SchemaRef)
	walk = func(name string, ref *openapi3.SchemaRef) {
		if ref == nil || seen[ref.Value] {
			return
		}
		seen[ref.Value] = true
		if ref.Ref != "" {
			name = ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]
		}
		if len(ref.Value.Properties) > 0 {
			visit(name, ref.Value)
		}
		for property, of := range ref.Value.Properties {
			walk(name+"."+property, of)
		}
		walk(name, ref.Value.Items)
		for _, of := range ref.Value.AllOf {
			walk(name, of)
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				walk("", op.RequestBody.Value.Content["application/json"].Schema)
			}
		}
	}
}

var namedList = regexp.MustCompile("(?:ode list\\s+`|/code-lists/)([a-z0-9_]+)")

// A code list that a document names can be read at /code-lists/{id}.
func TestDocs_CodeListsExist(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range namedList.FindAllStringSubmatch(string(text), -1) {
			named++
			if _, known := models.CodeListByID(m[1]); !known {
				t.Errorf("%s: there is no code list %q", name, m[1])
			}
		}
	}
	if named < 40 {
		t.Errorf("only %d code lists found: the search is broken", named)
	}
}

// requestOf is the schema of the body of a route; nil when it takes none.
func requestOf(r Route) *openapi3.Schema {
	op := described().Paths.Value(pathParam.ReplaceAllString(r.Path, "{$1}")).GetOperation(r.Method)
	if op.RequestBody == nil {
		return nil
	}
	return op.RequestBody.Value.Content["application/json"].Schema.Value
}

// Whoever writes a client reads here what a field means and what it may hold.
func TestOpenAPI_RequestFieldsAreDescribed(t *testing.T) {
	t.Parallel()
	fields := 0
	requestSchemas(described(), func(name string, schema *openapi3.Schema) {
		for property, ref := range schema.Properties {
			fields++
			if ref.Value.Description == "" {
				t.Errorf("%s.%s: no description; write what it means behind the field", name, property)
			}
			for _, list := range codeListsOf(ref) {
				if _, known := models.CodeListByID(list); !known {
					t.Errorf("%s.%s: there is no code list %q", name, property, list)
				}
			}
			if !bounded(ref) {
				t.Errorf("%s.%s: any text at all? Give it extensions:\"x-code-list=…\", enums, format or maxLength", name, property)
			}
		}
	})
	if fields < 300 {
		t.Errorf("only %d fields seen: the search is broken", fields)
	}
}

// codeListsOf lists the code lists that a member names: mostly one, and where it depends on
// another part of the request, all of them.
func codeListsOf(ref *openapi3.SchemaRef) []string {
	lists, _ := ref.Value.Extensions["x-code-list"].(string)
	return strings.Fields(lists)
}

// bounded reports whether a text, or each of a list, says what it may be.
func bounded(ref *openapi3.SchemaRef) bool {
	v := ref.Value
	if v.Items != nil && bounded(v.Items) {
		return true
	}
	for _, of := range v.AllOf {
		if bounded(of) {
			return true
		}
	}
	text := v.Type.Is("string") || v.Type.Is("array") && v.Items.Value.Type.Is("string")
	return !text && len(v.AllOf) == 0 || len(v.Enum) > 0 || v.Format != "" || v.MaxLength != nil || len(codeListsOf(ref)) > 0
}

// The list that is named is the one the service looks into.
func TestRequired_SampleCodesAreOfTheirList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		seen := 0
		samples := p.samples(t)
		for _, r := range Routes {
			schema, body := requestOf(r), map[string]any{}
			if schema == nil || json.Unmarshal([]byte(samples[r.key()].body), &body) != nil {
				continue
			}
			for name, ref := range schema.Properties {
				lists := codeListsOf(ref)
				values, many := body[name].([]any)
				if value, text := body[name].(string); text && value != "" && !many {
					values = []any{value}
				}
				for _, value := range values {
					code, _ := value.(string)
					if len(lists) == 0 {
						continue
					}
					if seen++; !slices.ContainsFunc(lists, func(list string) bool { return models.InList(list, code) }) {
						t.Errorf("%s: %s is accepted and not in %v, named for %s", r.key(), code, lists, name)
					}
				}
			}
		}
		if seen < 40 {
			t.Errorf("only %d codes compared", seen)
		}
	})
}

// The description and the service agree on what is required: of an empty object exactly
// that is refused, all of it at once, as absent and not as wrong. Null is absent too, but
// where the description allows it.
func TestRequired_AnEmptyObjectNamesEachMember(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, p *population, r Route, s sample, good Scenario) {
		schema := requestOf(r)
		if schema == nil || len(schema.Required) == 0 {
			return
		}
		code := "body.field_required"
		if r.key() == "POST /api/v1/sync" {
			code = "sync.commands_required" // it takes its body apart by itself
		}
		unchanged := p.unwritten(t)
		nulls, notNull := object{}, []string{}
		for _, name := range schema.Required {
			nulls[name] = nil
			if !schema.Properties[name].Value.Nullable {
				notNull = append(notNull, name)
			}
		}
		bodies := map[string][]string{"{}": schema.Required, "": schema.Required}
		if len(notNull) > 0 { // otherwise null is what may be said
			bodies[nulls.String()] = notNull
		}
		if code != "body.field_required" {
			bodies = map[string][]string{"{}": schema.Required}
		}
		for body, want := range bodies {
			got := refusedMembers(t, p.run(t, good.sending(body).fails(422, code)))
			for _, name := range want {
				if got["/"+name] != code {
					t.Errorf("%s: absent %s is refused as %q, not as %s", r.key(), name, got["/"+name], code)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: required are %v, refused %v", r.key(), want, slices.Sorted(maps.Keys(got)))
			}
		}
		unchanged()
	})
}

func refusedMembers(t *testing.T, a Answer) map[string]string {
	t.Helper()
	var problem struct{ Errors []models.FieldError }
	a.Into(t, &problem)
	out := map[string]string{}
	for _, e := range problem.Errors {
		out[e.Pointer] = e.Code
	}
	return out
}

// sometimesRequired are members that depend on another one, or on who asks; their
// description says when.
var sometimesRequired = map[string][]string{
	"POST /api/v1/overdoses":                    {"ambulance", "outcome"},
	"POST /api/v1/episodes/:id/anchors":         {"at"}, // or on
	"POST /api/v1/dose-transfers":               {"fromOrganisation"},
	"POST /api/v1/referrals":                    {"clientCode"}, // or supervision
	"POST /api/v1/dose-orders/:id/doses":        {"doseMg"},
	"POST /api/v1/clients/:code/tasks":          {"step"}, // or kind
	"POST /api/v1/clients/:code/screenings":     {"score"},
	"POST /api/v1/clients/:code/observations":   {"score"},
	"POST /api/v1/clients/:code/dose-orders":    {"guardReason"},
	"POST /api/v1/clients/:code/custody-spells": {"admittedAt"}, // or expected
	"POST /api/v1/clients/:code/consents":       {"recipient"},
	"POST /api/v1/clients/:code/assessments":    {"ageFirstOst"},
}

// What the description does not require may be absent.
func TestRequired_WhatIsNotMayBeAbsent(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, p *population, r Route, s sample, good Scenario) {
		var body map[string]json.RawMessage
		schema := requestOf(r)
		if !r.Create || schema == nil || json.Unmarshal([]byte(s.body), &body) != nil {
			return
		}
		maps.DeleteFunc(body, func(name string, _ json.RawMessage) bool { return !slices.Contains(schema.Required, name) })
		bare, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		a := good.sending(string(bare)).send(t, p.base)
		if a.Status != 422 {
			return
		}
		for pointer, code := range refusedMembers(t, a) {
			name, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
			if _, given := body[name]; !given && !slices.Contains(sometimesRequired[r.key()], name) {
				t.Errorf("%s: without %s it is refused (%s), and the description does not require it", r.key(), name, code)
			}
		}
	})
}
