//go:build fhirvalidate

package exchange

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"jol/models"
)

// .ci/fhir/validate runs this test with the two settings it needs. It has a build tag
// because the schema comes with an npm package: without the tag it would have to skip.

// schemas compiles FHIR's JSON schema, which lacks two of the definitions it refers to.
func schemas(t *testing.T) func(kind string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(os.Getenv("JOL_FHIR_SCHEMA"))
	if err != nil {
		t.Fatalf("JOL_FHIR_SCHEMA is not the schema: run .ci/fhir/validate: %v", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	definitions := doc.(map[string]any)["definitions"].(map[string]any)
	definitions["Resource"], definitions["integer64"] = map[string]any{}, map[string]any{}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("fhir.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(kind string) *jsonschema.Schema {
		t.Helper()
		s, err := c.Compile("fhir.json#/definitions/" + kind)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// served is everything under /fhir by file name, and a protocol with conditions in CEL.
func served(t *testing.T) map[string]any {
	t.Helper()
	files := map[string]any{"CapabilityStatement": NewCapabilityStatement()}
	files["OperationOutcome"] = NewOperationOutcome(&models.Error{Kind: models.KindInvalid, Code: "query.unknown_parameter", Detail: "Unknown.",
		Fields: []models.FieldError{{Pointer: "/x", Code: "query.unknown_parameter"}}}, "urn:jol:request:1")
	plans, activities := NewBundle("PlanDefinition"), NewBundle("ActivityDefinition")
	for _, d := range documents(t) {
		p := NewPlanDefinition(d)
		files["PlanDefinition-"+d.Slug] = p
		plans.Add(p.URL, encode(t, p))
		for _, s := range steps(d) {
			a := NewActivityDefinition(d, s)
			files["ActivityDefinition-"+s.ID] = a
			activities.Add(a.URL, encode(t, a))
		}
		computable := *d
		computable.Phases = slices.Clone(d.Phases)
		computable.Phases[0].Steps = slices.Clone(d.Phases[0].Steps)
		step := &computable.Phases[0].Steps[0]
		own := *step.Step // the catalogue shares its steps
		step.Step, step.Branches = &own, slices.Clone(step.Branches)
		step.Branches[0].When, step.Branches[0].Stop = "audit.score >= 20", true
		step.Branches[1].Otherwise, step.Applies, step.Stop = true, "audit.score >= 0", true
		files["PlanDefinition-cel-"+d.Slug] = NewPlanDefinition(&computable)
	}
	for _, period := range []string{"2026Q2", "2026"} {
		reported(t, files, period)
	}
	files["Bundle-plans"], files["Bundle-activities"], files["Bundle-empty"] = plans, activities, NewBundle("PlanDefinition?_id=x")
	return files
}

// reported adds a release: the whole bundle, and its resources one by one.
func reported(t *testing.T, files map[string]any, period string) {
	t.Helper()
	status := map[bool]string{true: "final", false: "annual"}[strings.Contains(period, "Q")]
	s, err := NewSealed(sealedFor(t, period, status))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := s.FHIR()
	if err != nil {
		t.Fatal(err)
	}
	files["Bundle-release-"+period] = bundle
	for _, e := range bundle.Entry {
		files[strings.ReplaceAll(strings.TrimPrefix(e.FullURL, Base+"/"), "/", "-")] = e.Resource
	}
}

// wrong are files with one mistake each. The name says who must refuse it: medplum does
// not see codes outside a required value set, the schema neither invariants nor members
// that are missing.
func wrong(t *testing.T) map[string]any {
	t.Helper()
	d := documents(t)[1]
	spoil := func(resource any, change func(map[string]any)) any {
		var v map[string]any
		if err := json.Unmarshal(encode(t, resource), &v); err != nil {
			t.Fatal(err)
		}
		change(v)
		return v
	}
	plan := func(change func(map[string]any)) any { return spoil(NewPlanDefinition(d), change) }
	step := func(change func(step map[string]any)) any { // of the first step
		return plan(func(v map[string]any) {
			change(first(first(v, "action"), "action"))
		})
	}
	s, err := NewSealed(sealedFor(t, "2026Q2", "final"))
	if err != nil {
		t.Fatal(err)
	}
	release, err := s.FHIR()
	if err != nil {
		t.Fatal(err)
	}
	of := func(kind string, change func(map[string]any)) any {
		at := slices.IndexFunc(release.Entry, func(e CollectionEntry) bool { return strings.HasPrefix(e.FullURL, Base+"/"+kind+"/") })
		return spoil(release.Entry[at].Resource, change)
	}
	return map[string]any{
		"schema-report-status":       of("MeasureReport", func(v map[string]any) { v["status"] = "finished" }),
		"medplum-report-period":      of("MeasureReport", func(v map[string]any) { delete(v, "period") }),
		"both-report-count":          of("MeasureReport", func(v map[string]any) { first(first(v, "group"), "population")["count"] = "<5" }),
		"both-measure-member":        of("Measure", func(v map[string]any) { v["evaluatedResource"] = []any{} }),
		"medplum-measure-population": of("Measure", func(v map[string]any) { delete(first(first(v, "group"), "population"), "criteria") }),
		"medplum-provenance-agent":   of("Provenance", func(v map[string]any) { delete(v, "agent") }),
		"both-unknown-member":        plan(func(v map[string]any) { v["edition"] = "1" }),
		"both-action-no-list":        plan(func(v map[string]any) { v["action"] = map[string]any{"id": "a"} }),
		"both-status-no-text":        plan(func(v map[string]any) { v["status"] = 1 }),
		"both-activity-no-list":      spoil(NewActivityDefinition(d, steps(d)[0]), func(v map[string]any) { v["participant"] = "nurse" }),
		"schema-id-underscore":       plan(func(v map[string]any) { v["id"] = "a_b" }),
		"both-related-id": step(func(v map[string]any) {
			v["relatedAction"] = []any{map[string]any{"actionId": "a_b", "relationship": "after"}}
		}),
		"medplum-no-status":     plan(func(v map[string]any) { delete(v, "status") }),
		"medplum-no-rest":       spoil(NewCapabilityStatement(), func(v map[string]any) { delete(v, "rest") }),
		"medplum-no-language":   step(func(v map[string]any) { delete(firstExpression(v), "_language") }),
		"schema-status-unknown": plan(func(v map[string]any) { v["status"] = "published" }),
		"schema-language-cel":   step(func(v map[string]any) { firstExpression(v)["language"] = celType }),
		"schema-relation": step(func(v map[string]any) {
			v["relatedAction"] = []any{map[string]any{"actionId": "events", "relationship": "later"}}
		}),
		"schema-issue-code":      spoil(NewOperationOutcome(&models.Error{}, "x"), func(v map[string]any) { first(v, "issue")["code"] = "wrong" }),
		"schema-activity-status": spoil(NewActivityDefinition(d, steps(d)[0]), func(v map[string]any) { v["status"] = "approved" }),
	}
}

// first returns the first member of a list of objects.
func first(v map[string]any, name string) map[string]any {
	return v[name].([]any)[0].(map[string]any)
}

// firstExpression finds the first condition among the branches of a step.
func firstExpression(step map[string]any) map[string]any {
	for _, a := range step["action"].([]any) {
		if a := a.(map[string]any); a["condition"] != nil {
			return first(a, "condition")["expression"].(map[string]any)
		}
	}
	return nil
}

// TestFHIR_Schema validates every file with the schema and writes it for medplum.
func TestFHIR_Schema(t *testing.T) {
	t.Parallel()
	out, schema := os.Getenv("JOL_FHIR_OUT"), schemas(t)
	check := func(file string, resource any) error {
		raw := encode(t, resource)
		if err := os.WriteFile(filepath.Join(out, file+".json"), raw, 0o644); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		return schema(v.(map[string]any)["resourceType"].(string)).Validate(v)
	}
	good, bitten := served(t), 0
	for name, resource := range good {
		if err := check(name, resource); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(out, "wrong"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, resource := range wrong(t) {
		err := check("wrong/"+name, resource)
		must := !strings.HasPrefix(name, "medplum-")
		if must && err == nil {
			t.Errorf("wrong/%s passes", name)
		}
		if must && err != nil {
			bitten++
		}
		t.Logf("schema: wrong/%s: refused: %v", name, err != nil)
	}
	t.Logf("schema: %d files valid; %d wrong files refused as they must be", len(good), bitten)
}
