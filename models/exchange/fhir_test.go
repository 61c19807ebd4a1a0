package exchange

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"jol/models/protocols"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var catalog = sync.OnceValues(func() (*protocols.Catalog, error) { return protocols.Load(protocols.Embedded()) })

// documents are the embedded protocols.
func documents(t testing.TB) []*protocols.Document {
	t.Helper()
	c, err := catalog()
	if err != nil {
		t.Fatal(err)
	}
	var out []*protocols.Document
	for _, slug := range c.Slugs() {
		d, ok := c.Document(slug)
		if !ok {
			t.Fatalf("%s has no document", slug)
		}
		out = append(out, d)
	}
	return out
}

// steps are the steps of a document.
func steps(d *protocols.Document) []*protocols.DocumentStep {
	var out []*protocols.DocumentStep
	for _, ph := range d.Phases {
		for i := range ph.Steps {
			out = append(out, &ph.Steps[i])
		}
	}
	return out
}

// everyAction visits the actions of a plan, groups before their members.
func everyAction(list []Action, visit func(Action)) {
	for _, a := range list {
		visit(a)
		everyAction(a.Action, visit)
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden_FHIR(t *testing.T) {
	t.Parallel()
	var d *protocols.Document
	for _, d = range documents(t) {
		if d.Slug == "therapeutic-programme" {
			break
		}
	}
	plan := NewPlanDefinition(d)
	excerpt := Action{}
	everyAction(plan.Action, func(a Action) {
		if a.ID == "tp-oat-missed" {
			excerpt = a
		}
	})
	plan.Action, plan.RelatedArtifact, plan.Text = []Action{excerpt}, plan.RelatedArtifact[:2], narrative("#"+plan.Title)
	for name, resource := range map[string]any{
		"PlanDefinition-excerpt":                        plan,
		"ActivityDefinition-tp-oat-induction-methadone": NewActivityDefinition(d, d.Step("tp-oat-induction-methadone")),
		"CapabilityStatement":                           NewCapabilityStatement(),
	} {
		got, file := encode(t, resource), filepath.Join("testdata", name+".golden.json")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs; if the change is meant, run go test ./models/exchange -update\n%s", file, got)
		}
	}
}

func TestPlanDefinition_StepsAndActivitiesAreOneToOne(t *testing.T) {
	t.Parallel()
	total := 0
	for _, d := range documents(t) {
		activities, actions := map[string]bool{}, map[string]bool{}
		for _, s := range steps(d) {
			a := NewActivityDefinition(d, s)
			activities[a.URL+"|"+a.Version] = true
			total++
		}
		everyAction(NewPlanDefinition(d).Action, func(a Action) {
			if strings.Contains(a.Definition, "|") { // a step of another protocol has no version
				if actions[a.Definition] {
					t.Errorf("%s is an action twice", a.Definition)
				}
				actions[a.Definition] = true
			}
		})
		if !maps.Equal(activities, actions) {
			t.Errorf("%s: %d activities, %d actions", d.Slug, len(activities), len(actions))
		}
	}
	if total != 118 {
		t.Errorf("%d steps", total)
	}
}

var fhirID = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)

// The validators do not see what an id refers to, nor the invariants exp-1 and drt-1.
func TestPlanDefinition_ReferencesHold(t *testing.T) {
	t.Parallel()
	all := map[string]bool{}
	for _, d := range documents(t) {
		for _, s := range steps(d) {
			all[Canonical("ActivityDefinition", s.ID)] = true
		}
	}
	branches, offsets, crossing := 0, 0, 0
	for _, d := range documents(t) {
		plan, ids := NewPlanDefinition(d), map[string]bool{}
		everyAction(plan.Action, func(a Action) {
			if ids[a.ID] || a.ID == "" {
				t.Errorf("%s: action id %q is not unique", d.Slug, a.ID)
			}
			ids[a.ID] = true
		})
		everyAction(plan.Action, func(a Action) {
			for _, r := range a.RelatedAction {
				if !ids[r.ActionID] || !fhirID.MatchString(r.ActionID) {
					t.Errorf("%s: related to %q", a.ID, r.ActionID)
				}
				if r.Offset != nil {
					offsets++
					if r.Offset.System != ucum || r.Offset.Code == "" || r.Offset.Value < 0 {
						t.Errorf("%s: offset %+v", a.ID, r.Offset)
					}
				}
			}
			for _, c := range a.Condition {
				if strings.Contains(a.ID, ".") { // not the condition of entering at a step
					branches++
				}
				if e := c.Expression; e.Description == "" || (e.Expression == "") == (e.Reference == "") || len(e.LanguageExt.Extension) == 0 {
					t.Errorf("%s: condition %+v", a.ID, e)
				}
			}
			if a.Definition != "" && !strings.Contains(a.Definition, "|") {
				if crossing++; !all[a.Definition] {
					t.Errorf("%s leads to %s", a.ID, a.Definition)
				}
			}
		})
	}
	if branches != 332 || offsets < 150 || crossing == 0 {
		t.Errorf("%d branches, %d offsets, %d steps of the other protocol", branches, offsets, crossing)
	}
}

// A step proposes a task. Nothing in it could be taken for an order of a medicine.
func TestFHIR_NeverOrdersADose(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)dos(e|age)|quantity|product|dynamicValue|transform|rate`)
	allowed := []string{"resourceType"}
	var walk func(where string, v any)
	walk = func(where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if forbidden.MatchString(key) && !slices.Contains(allowed, key) {
					t.Errorf("%s has a member %s", where, key)
				}
				if s, ok := value.(string); ok && v["system"] == ucum && key == "code" && !slices.Contains([]string{"a", "mo", "d", "h", "min", "s"}, s) {
					t.Errorf("%s has a quantity in %s", where, s)
				}
				walk(where+"."+key, value)
			}
		case []any:
			for _, item := range v {
				walk(where, item)
			}
		}
	}
	for _, d := range documents(t) {
		resources := map[string]any{d.Slug: NewPlanDefinition(d)}
		for _, s := range steps(d) {
			a := NewActivityDefinition(d, s)
			if a.Kind != "Task" || a.Intent != "proposal" {
				t.Errorf("%s is a %s %s", a.ID, a.Kind, a.Intent)
			}
			resources[s.ID] = a
		}
		for name, r := range resources {
			var v any
			if err := json.Unmarshal(encode(t, r), &v); err != nil {
				t.Fatal(err)
			}
			walk(name, v)
		}
	}
}

func TestFHIR_SaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		p := NewPlanDefinition(d)
		if p.Status != "draft" || !p.Experimental || p.Version != d.Edition || !strings.HasPrefix(p.Description, "Reference edition") {
			t.Errorf("%s: %s %v %s", p.ID, p.Status, p.Experimental, p.Description)
		}
		if p.TitleExt == nil || len(p.TitleExt.Extension) != 2 || len(p.Extension) != 2 {
			t.Errorf("%s: translations %+v %+v", p.ID, p.TitleExt, p.Extension)
		}
		published := *d
		published.Reference = false
		if p := NewPlanDefinition(&published); p.Status != "active" || p.Experimental {
			t.Errorf("a published edition is %s %v", p.Status, p.Experimental)
		}
		for _, s := range steps(d) {
			a := NewActivityDefinition(d, s)
			if a.Purpose != p.Description || a.Status != "draft" || !a.Experimental {
				t.Errorf("%s does not carry the notice", a.ID)
			}
			for i, e := range a.RelatedArtifact[:len(s.Sources)] {
				if e.Extension[0].ValueCode != string(s.Sources[i].Basis) || !strings.Contains(e.Citation, "Basis: ") {
					t.Errorf("%s: evidence without basis %+v", a.ID, e)
				}
			}
			if len(a.Extension) < 2 || a.Extension[0].URL != definition("translation-status") || a.Extension[0].Extension[1].ValueCode != "draft" {
				t.Errorf("%s hides that its translations are drafts", a.ID)
			}
		}
	}
}

// What people are asked travels with the step in every language, and a step that asks
// nothing carries no question.
func TestPlanDefinition_CarriesTheQuestions(t *testing.T) {
	t.Parallel()
	asked := 0
	for _, d := range documents(t) {
		for _, s := range steps(d) {
			asks := slices.ContainsFunc(s.Branches, func(b protocols.DocumentBranch) bool { return b.Ask })
			var found []Extension
			for _, e := range stepAction(d, s, nil).Extension {
				if e.URL == definition("question") {
					found = append(found, e)
				}
			}
			if !asks {
				if len(found) != 0 {
					t.Errorf("%s asks nothing and carries %+v", s.ID, found)
				}
				continue
			}
			asked++
			if len(found) != 1 || found[0].ValueString == "" || found[0].ValueStringExt == nil || len(found[0].ValueStringExt.Extension) != 2 {
				t.Errorf("%s: %+v", s.ID, found)
			}
		}
	}
	if asked != 47 {
		t.Errorf("%d steps ask", asked)
	}
}
