package protocols

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// printed writes changes as one line each, "-" for nothing.
func printed(changes []Change) []string {
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	var out []string
	for _, c := range changes {
		out = append(out, strings.TrimSpace(strings.Join([]string{c.Kind, c.Step, c.Path, text(c.Before) + " > " + text(c.After), c.Lang}, " | ")))
	}
	return out
}

func diffOf(t *testing.T, files map[string]string) []string {
	t.Helper()
	base := models.EditionSet{"demo": {demoBundle("1.0.0")}}
	changes, ok := Diff("demo", compiled(t, base), compiled(t, overlaid(files)))
	if !ok {
		t.Fatal("no such protocol")
	}
	return printed(changes)
}

func TestDiff_NamesEveryKindOfChange(t *testing.T) {
	t.Parallel()
	got := diffOf(t, map[string]string{
		"overlay.yaml": "remove: [s-two]\n",
		"steps/p-one.yaml": `steps:
  - id: s-three
    who: [nurse]
    setting: [clinic]
    branches: [{id: "on", when: worse, to: [s-one]}]
    sources: [{code: SRC-1, basis: general}]
  - id: s-one
    applies: points > 1
    who: [nurse, clinician]
    setting: [prison]
    branches: [{id: better, when: '!worse', to: [s-three]}, {id: none, otherwise: true, outcome: inpatient_care}]
    limits:
      - {id: check, kind: offset, anchor: first_contact, direction: after, offset: P3D, bound: max, basis: editorial}
    numbers: [{field: do, text: 20 mg, basis: general, source: SRC-1}]
    sources: [{code: SRC-1, section: ch.1, basis: general}, {code: SRC-2, basis: general}]
`,
		"text/en/a.yaml": "title: Demo of KZ\nsteps:\n  s-three:\n" + threeText + "  s-one:\n    title: First of all\n    branches: {none: {condition: neither, wording: stay}}\n",
		"text/ru/a.yaml": "steps:\n  s-one: {title: Первый}\n",
	})
	want := []string{
		"wording |  | title | Demo > Demo of KZ | en",
		"role | s-one | who | nurse > nurse, clinician |",
		"setting | s-one | setting | clinic > prison |",
		"step | s-one | applies | - > points > 1 |",
		"branch | s-one | branches.better.when | - > !worse |",
		"branch | s-one | branches.better.otherwise | true > - |",
		"branch | s-one | branches.better.to | s-two > s-three |",
		"branch | s-one | branches.none | - > otherwise: true; outcome: inpatient_care |",
		"limit | s-one | limits.check.offset | P7D > P3D |",
		"citation | s-one | sources.SRC-1 ch.1.basis | seen > general |",
		"citation | s-one | sources.SRC-2 | - > code: SRC-2; basis: general |",
		"number | s-one | numbers.do 20 mg.basis | seen > general |",
		"wording | s-one | branches.none.condition | - > neither | en",
		"wording | s-one | branches.none.wording | - > stay | en",
		"wording | s-one | title | First > First of all | en",
		"wording | s-one | title | - > Первый | ru",
		"added | s-three |  | - > Third |",
		"removed | s-two |  | Second > - |",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiff_InsertingAStepMovesNoOther(t *testing.T) {
	t.Parallel()
	added := map[string]string{
		"overlay.yaml":     "order: {p-one: [s-three, s-one, s-two]}\n",
		"steps/p-one.yaml": "steps:\n  - id: s-three\n    who: [nurse]\n    setting: [any]\n    entry: protocol\n    branches: [{id: \"on\", when: worse, to: [s-one]}]\n    sources: [{code: SRC-1, basis: general}]\n",
		"text/en/a.yaml":   "steps:\n  s-three:\n" + threeText,
	}
	if got := diffOf(t, added); !slices.Equal(got, []string{"added | s-three |  | - > Third |"}) {
		t.Errorf("%v", got)
	}
	if got := diffOf(t, map[string]string{"overlay.yaml": "order: {p-one: [s-two, s-one]}\n"}); len(got) != 1 || !strings.HasPrefix(got[0], "moved") {
		t.Errorf("%v", got)
	}
	moved := diffOf(t, map[string]string{
		"overlay.yaml": "phases: [p-one, p-two]\n", "steps/p-two.yaml": "steps:\n  - id: s-two\n",
		"text/en/a.yaml": "phases: {p-two: Two}\n",
	})
	want := []string{"phase |  | phases | p-one > p-one, p-two |", "wording |  | phases.p-two | - > Two | en", "moved | s-two |  | p-one, after s-one > p-two, first |"}
	if !slices.Equal(moved, want) {
		t.Errorf("%v", moved)
	}
}

func TestDiff_OfAnEditionWithItselfIsEmpty(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range c.Slugs() {
		if changes, ok := Diff(slug, c, c); !ok || len(changes) != 0 {
			t.Errorf("%s: %v", slug, printed(changes))
		}
	}
	if _, ok := Diff("nope", c, c); ok {
		t.Error("a difference of nothing")
	}
}

// A field that is added to Step, Branch, Limit or Citation one day shows in a difference
// without a change here.
func TestDiff_SeesEveryField(t *testing.T) {
	t.Parallel()
	where := []string{"Protocol", "Phase", "ID", "Order"} // where a step stands is told by "moved"
	for i := range reflect.TypeFor[Step]().NumField() {
		f := reflect.TypeFor[Step]().Field(i)
		if !f.IsExported() || slices.Contains(where, f.Name) || f.Name == "Numbers" { // a number is compared with its like
			continue
		}
		var full Step
		v := reflect.ValueOf(&full).Elem().Field(i)
		switch f.Type.Kind() {
		case reflect.Slice:
			v.Set(reflect.MakeSlice(f.Type, 1, 1))
			if item := v.Index(0); item.Kind() == reflect.Struct {
				item.Field(0).SetString("x")
				item.Field(1).Set(filled(item.Field(1)))
			} else {
				item.SetString("x")
			}
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		}
		d := &differ{}
		if d.structure(&Step{}, &full); len(d.changes) != 1 {
			t.Errorf("Step.%s: %v", f.Name, printed(d.changes))
		}
	}
}

// filled is some value that is not zero.
func filled(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Slice:
		return reflect.MakeSlice(v.Type(), 1, 1)
	case reflect.Bool:
		return reflect.ValueOf(true)
	}
	return reflect.ValueOf("x").Convert(v.Type())
}
