package protocols

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// demoBundle is the protocol of the small content as a complete edition.
func demoBundle(edition string) models.Bundle {
	b := models.Bundle{Protocol: "demo", Edition: edition, ChangeNote: "test", Files: map[string]string{}}
	for name, file := range small() {
		if path, ok := strings.CutPrefix(name, "demo/"); ok {
			b.Files[path] = strings.Replace(string(file.Data), "edition: 1.0.0", "edition: "+edition, 1)
		}
	}
	return b
}

// overlaid puts files over the small protocol.
func overlaid(files map[string]string) models.EditionSet {
	return models.EditionSet{"demo": {demoBundle("1.0.0"), {Protocol: "demo", Edition: "KZ-1", Base: "1.0.0", Files: files}}}
}

func compiled(t testing.TB, set models.EditionSet) *Catalog {
	t.Helper()
	c, err := Compile(small(), set)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// step returns a step as it is served in a language.
func stepOf(t testing.TB, c *Catalog, step, lang string) stepView {
	t.Helper()
	b, ok := c.Step("demo", step, lang)
	if !ok {
		t.Fatalf("%s is not served", step)
	}
	var v stepView
	decodeStrict(t, b.JSON, &v)
	return v
}

func TestCompile_EditionTakesThePlaceOfTheBuiltInOne(t *testing.T) {
	t.Parallel()
	b := demoBundle("2.0.0")
	b.State = models.EditionDraft
	b.Files["text/en/p-one.yaml"] = strings.Replace(b.Files["text/en/p-one.yaml"], "title: First", "title: Newer", 1)
	c := compiled(t, models.EditionSet{"demo": {b}})
	v := stepOf(t, c, "s-one", "en")
	if v.Title != "Newer" || v.Edition != "2.0.0" || v.State != models.EditionDraft {
		t.Errorf("%+v", v)
	}
	if v := stepOf(t, compiled(t, nil), "s-one", "en"); v.Title != "First" || v.State != models.EditionPublished {
		t.Errorf("%+v", v)
	}
}

func TestCompile_SharedListsGrow(t *testing.T) {
	t.Parallel()
	b := demoBundle("2.0.0")
	b.Files["shared/sources.yaml"] = "sources:\n  - {code: SRC-1, title: A source, seen: true}\n  - {code: ORDER-7, title: An order, seen: true}\n"
	b.Files["shared/outcomes.yaml"] = "outcomes: [inpatient_care, day_care]\n"
	b.Files["shared/text/en/more.yaml"] = "outcomes:\n  day_care: Day care\n"
	b.Files["steps/p-one.yaml"] = strings.NewReplacer("code: SRC-2, basis: general", "code: ORDER-7, basis: seen",
		"id: always, ask: true, outcome: inpatient_care", "id: always, ask: true, outcome: day_care").Replace(b.Files["steps/p-one.yaml"])
	v := stepOf(t, compiled(t, models.EditionSet{"demo": {b}}), "s-two", "en")
	if v.Sources[0].Title != "An order" || v.Branches[0].Outcome.Label != "Day care" {
		t.Errorf("%+v", v)
	}
	b.Files["shared/sources.yaml"] = "sources:\n  - {code: SRC-1, title: Another, seen: true}\n"
	b.Files["shared/text/en/more.yaml"] = "outcomes:\n  day_care: Day care\n  inpatient_care: Prison\n"
	b.Files["shared/notes.yaml"] = "a: b\n"
	b.Files["steps/p-one.yaml"] = demoBundle("2.0.0").Files["steps/p-one.yaml"]
	wantProblems(t, models.EditionSet{"demo": {b}}, "shared/sources.yaml:2: source SRC-1 is listed in sources.yaml",
		"shared/text/en/more.yaml:3: the text of inpatient_care is given", "shared/notes.yaml: has no place")
}

// wantProblems compiles what must be refused and looks for each message at its place.
func wantProblems(t testing.TB, set models.EditionSet, want ...string) {
	t.Helper()
	c, err := gather(small(), set, "demo")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.catalog()
	var refused *ContentError
	if !errors.As(err, &refused) {
		t.Fatalf("not refused: %v", err)
	}
	for _, w := range want {
		if !slices.ContainsFunc(refused.Problems, func(p Problem) bool { return strings.Contains(p.String(), w) }) {
			t.Errorf("want %q in %v", w, refused.Problems)
		}
	}
	if len(refused.Problems) != len(want) {
		t.Errorf("%d problems, want %d: %v", len(refused.Problems), len(want), refused.Problems)
	}
}

func TestOverlay_ChangesOnlyWhatItSays(t *testing.T) {
	t.Parallel()
	c := compiled(t, overlaid(map[string]string{
		"overlay.yaml": "edition: KZ-1\nbase: 1.0.0\njurisdiction: KG\n",
		"steps/p-one.yaml": `steps:
  - id: s-one
    who: [narcologist]
    limits:
      - {id: check, kind: offset, anchor: first_contact, direction: after, offset: P3D, bound: max, basis: general, source: SRC-2}
      - {id: again, kind: local, basis: editorial}
`,
		"text/en/changes.yaml": "steps:\n  s-one:\n    limits: {check: first_contact + P3D, again: as the facility says}\n",
	}))
	v, was := stepOf(t, c, "s-one", "en"), stepOf(t, compiled(t, nil), "s-one", "en")
	if v.Edition != "KZ-1" || !reflect.DeepEqual(v.Who, []models.Role{models.RoleNarcologist}) || len(v.Limits) != 2 ||
		*v.Limits[0].Offset != "P3D" || v.Limits[0].Wording != "first_contact + P3D" || v.Limits[1].ID != "again" {
		t.Errorf("%+v", v)
	}
	if v.Title != was.Title || !reflect.DeepEqual(v.Branches, was.Branches) || !reflect.DeepEqual(v.Sources, was.Sources) ||
		!reflect.DeepEqual(v.Numbers, was.Numbers) || !reflect.DeepEqual(v.Setting, was.Setting) {
		t.Errorf("what the overlay does not name has changed: %+v", v)
	}
	if two := stepOf(t, c, "s-two", "en"); two.Title != "Second" {
		t.Errorf("%+v", two)
	}
	var p protocolView
	body, _ := c.Protocol("demo", "en")
	if decodeStrict(t, body.JSON, &p); p.Jurisdiction != "KG" {
		t.Errorf("%+v", p)
	}
}

const threeText = "    title: Third\n    trigger: Then\n    do: Wait\n    record: note\n    safety: care\n    branches:\n      on: {condition: on}\n"

func TestOverlay_AddsRemovesReplacesAndOrdersSteps(t *testing.T) {
	t.Parallel()
	c := compiled(t, overlaid(map[string]string{
		"overlay.yaml": "phases: [p-zero, p-one]\nremove: [s-one/limits/check, s-one/branches/better]\nreplace: [s-two]\norder:\n  p-one: [s-two, s-one]\n",
		"steps/p-zero.yaml": `steps:
  - id: s-three
    who: [nurse]
    setting: [clinic]
    entry: protocol
    branches: [{id: "on", when: worse, to: [s-one]}]
    sources: [{code: SRC-1, basis: general}]
`,
		"steps/p-one.yaml": `steps:
  - id: s-two
    who: [nurse]
    setting: [clinic]
    entry: protocol
    branches: [{id: "on", when: worse, to: [s-three]}]
    sources: [{code: SRC-1, basis: general}]
`,
		"text/en/changes.yaml": "phases: {p-zero: Zero}\nsteps:\n  s-three:\n" + threeText + "  s-two:\n" + threeText,
	}))
	var p protocolView
	body, _ := c.Protocol("demo", "en")
	decodeStrict(t, body.JSON, &p)
	order := []string{}
	for _, ph := range p.Phases {
		for _, s := range ph.Steps {
			order = append(order, ph.ID+" "+s.ID)
		}
	}
	if want := []string{"p-zero s-three", "p-one s-two", "p-one s-one"}; !slices.Equal(order, want) {
		t.Errorf("order %v", order)
	}
	if one := stepOf(t, c, "s-one", "en"); len(one.Limits) != 0 || len(one.Branches) != 1 {
		t.Errorf("%+v", one)
	}
	if two := stepOf(t, c, "s-two", "en"); two.Title != "Third" || len(two.Branches) != 1 || two.Branches[0].ID != "on" {
		t.Errorf("%+v", two)
	}
	// A step that is removed goes with its texts, and one moves by standing in another phase.
	c = compiled(t, overlaid(map[string]string{
		"overlay.yaml":     "phases: [p-two]\nremove: [s-two]\n",
		"steps/p-two.yaml": "steps:\n  - id: s-one\n    branches: [{id: better, otherwise: true, outcome: inpatient_care}]\n",
		"text/en/a.yaml":   "phases: {p-two: Two}\nsteps:\n  s-one:\n    branches: {better: {wording: inpatient}}\n",
	}))
	if _, ok := c.Step("demo", "s-two", "en"); ok || stepOf(t, c, "s-one", "en").Phase != "p-two" {
		t.Error("not moved, or not removed")
	}
}

func TestOverlay_IsHeldToEverythingAnEditionIs(t *testing.T) {
	t.Parallel()
	wantProblems(t, overlaid(map[string]string{
		"overlay.yaml": "edition: KZ-2\nremove: [s-nine, s-one/branches/none, s-two]\nreplace: [s-eight]\norder:\n  p-one: [s-one, s-one]\n  p-x: [a]\n",
		"steps/p-one.yaml": `steps:
  - id: s-one
    who: [astronaut]
    limits:
      - {id: check, kind: offset, anchor: first_contact, direction: after, offset: P3D, bound: max, basis: standard}
`,
		"protocol.yaml":  "slug: demo\n",
		"text/en/a.yaml": "steps:\n  s-seven: {title: Seven}\n",
	}),
		`overlay.yaml:1: edition is "KZ-2" here and "KZ-1" in the bundle`, "overlay.yaml:2: remove names the step s-nine", "overlay.yaml:2: remove names s-one/branches/none",
		"overlay.yaml:3: replace names the step s-eight", "overlay.yaml:5: order of p-one must list", "overlay.yaml:6: order names the phase p-x",
		`steps/p-one.yaml:2: step s-one names the unknown role "astronaut"`, "steps/p-one.yaml:5: limit check needs a basis", "protocol.yaml: has no place",
		"text/en/a.yaml:2: text for the step s-seven", "demo@1.0.0/steps/p-one.yaml:8: branch better of s-one leads to the unknown step")
	wantProblems(t, overlaid(map[string]string{"steps/p-one.yaml": "steps:\n  - {id: s-one}\n  - {id: s-one}\n"}), "steps/p-one.yaml:3: step s-one is given twice")
	wantProblems(t, overlaid(map[string]string{"steps/p-one.yaml": "steps: ["}), "steps/p-one.yaml")
	wantProblems(t, models.EditionSet{"demo": {demoBundle("1.0.0"), demoBundle("2.0.0")}}, "protocol.yaml: has no place")
	b := demoBundle("3")
	b.Files["overlay.yaml"], b.Edition = "remove: [s-one]\n", "4"
	wantProblems(t, models.EditionSet{"demo": {b}}, "overlay.yaml: has no place", "in the bundle")
}

// Numbers said of words that are gone do not stay, and those of other words do.
func TestOverlay_NumbersFollowTheirTexts(t *testing.T) {
	t.Parallel()
	text := func(do string) map[string]string {
		return map[string]string{"text/en/a.yaml": "steps:\n  s-one:\n    do: " + do + "\n"}
	}
	v := stepOf(t, compiled(t, overlaid(text("Give 30 mg."))), "s-one", "en")
	if len(v.Numbers) != 1 || v.Numbers[0].Text != "30 mg" || v.Numbers[0].Basis != Editorial {
		t.Errorf("%+v", v.Numbers)
	}
	files := text("Give 30 mg.")
	files["steps/p-one.yaml"] = "steps:\n  - id: s-one\n    numbers: [{field: do, text: 30 mg, basis: seen, source: SRC-1}]\n"
	v = stepOf(t, compiled(t, overlaid(files)), "s-one", "en")
	if len(v.Numbers) != 1 || v.Numbers[0].Basis != Seen {
		t.Errorf("%+v", v.Numbers)
	}
}

// A translation of the base shows as stale where the overlay changed the English, also
// when it never carried a hash; touching it again makes it current.
func TestOverlay_MakesTranslationsStale(t *testing.T) {
	t.Parallel()
	base := demoBundle("1.0.0")
	base.Files["text/ru/a.yaml"] = reviewedRussian("")
	over := models.Bundle{Protocol: "demo", Edition: "KZ-1", Base: "1.0.0", Files: map[string]string{"text/en/a.yaml": "steps:\n  s-one: {title: Changed}\n"}}
	c := compiled(t, models.EditionSet{"demo": {base, over}})
	if one, two := stepOf(t, c, "s-one", "ru"), stepOf(t, c, "s-two", "ru"); one.Translation.Status != statusStale || two.Translation.Status != statusReviewed {
		t.Errorf("%+v %+v", one.Translation, two.Translation)
	}
	over.Files["text/ru/a.yaml"] = "status: reviewed\nsteps:\n  s-one: {title: Изменён}\n"
	if one := stepOf(t, compiled(t, models.EditionSet{"demo": {base, over}}), "s-one", "ru"); one.Translation.Status != statusReviewed || one.Title != "Изменён" {
		t.Errorf("%+v", one)
	}
}

// An overlay over an overlay.
func TestOverlay_LiesOverAnother(t *testing.T) {
	t.Parallel()
	set := overlaid(map[string]string{"text/en/a.yaml": "steps:\n  s-one: {title: Region}\n  s-two: {title: Region}\n"})
	set["demo"] = append(set["demo"], models.Bundle{Protocol: "demo", Edition: "KZ-1-a", Base: "KZ-1",
		Files: map[string]string{"text/en/b.yaml": "steps:\n  s-two: {title: Country}\n"}})
	c := compiled(t, set)
	if one, two := stepOf(t, c, "s-one", "en"), stepOf(t, c, "s-two", "en"); one.Title != "Region" || two.Title != "Country" || two.Edition != "KZ-1-a" {
		t.Errorf("%s %s", one.Title, two.Title)
	}
}

// An overlay can change every field of a step, also one that is added one day.
func TestStep_PatchTakesEveryField(t *testing.T) {
	t.Parallel()
	keeps := map[string]bool{"Protocol": true, "Phase": true, "ID": true, "Order": true} // set by where the step stands
	var full Step
	v := reflect.ValueOf(&full).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || keeps[f.Name] {
			continue
		}
		switch f.Type.Kind() {
		case reflect.Slice:
			v.Field(i).Set(reflect.MakeSlice(f.Type, 1, 1))
		case reflect.String:
			v.Field(i).SetString("x")
		case reflect.Bool:
			v.Field(i).SetBool(true)
		default:
			t.Fatalf("Step.%s has a kind this test does not know: extend it", f.Name)
		}
	}
	var patched Step
	patched.patch(&full)
	if !reflect.DeepEqual(patched, full) {
		t.Errorf("got %+v, want %+v", patched, full)
	}
}
