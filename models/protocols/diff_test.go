package protocols

import (
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

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

// What all protocols share is part of what a reader of this one sees.
func TestDiff_SeesSharedTexts(t *testing.T) {
	t.Parallel()
	diff := func(files map[string]string, edit ...string) []string {
		from, to := rulesContent(), rulesContent()
		step := from[stepsFile]
		step.Data = []byte(strings.Replace(string(step.Data), "worse && points > 3", "worse && scale_band == 'high' && 'a' in kinds", 1))
		to[stepsFile] = step
		for name, text := range files {
			from[name] = &fstest.MapFile{Data: []byte(text)}
			to[name] = &fstest.MapFile{Data: []byte(strings.NewReplacer(edit...).Replace(text))}
		}
		if files == nil {
			for name, file := range to {
				if name != stepsFile {
					to[name] = &fstest.MapFile{Data: []byte(strings.NewReplacer(edit...).Replace(string(file.Data)))}
				}
			}
		}
		changes, _ := Diff("demo", load(t, from), load(t, to))
		return printed(changes)
	}
	russian := map[string]string{"demo/text/ru/a.yaml": "steps:\n  s-two: {title: Второй}\n",
		"text/ru/labels.yaml": "facts: {worse: Хуже}\nvalues: {kinds.c: Третий}\nquestions: {s-two: Что теперь?}\noutcomes: {inpatient_care: Стационар}\nforms: {sheet: Лист}\n"}
	for name, c := range map[string]struct {
		files map[string]string
		edit  []string
		want  []string
	}{
		"nothing":      {nil, nil, nil},
		"question":     {nil, []string{"What now?", "What is next?"}, []string{"wording | s-two | question | What now? > What is next? | en"}},
		"in Russian":   {russian, []string{"Что теперь?", "Что дальше?"}, []string{"wording | s-two | question | Что теперь? > Что дальше? | ru"}},
		"outcome":      {nil, []string{"Inpatient care", "Hospital"}, []string{"wording | s-one | branches.worse.outcome | Inpatient care > Hospital | en", "wording | s-two | branches.always.outcome | Inpatient care > Hospital | en"}},
		"form":         {russian, []string{"Лист", "Бланк"}, []string{"wording | s-one | forms.sheet | Лист > Бланк | ru"}},
		"fact":         {nil, []string{"Is worse", "Is in a worse state"}, []string{"wording |  | facts.worse | Is worse > Is in a worse state | en"}},
		"value":        {russian, []string{"Третий", "Иной"}, []string{"wording |  | values.kinds.c | Третий > Иной | ru"}},
		"unused fact":  {nil, []string{"points: Points", "points: Counted points"}, nil},
		"band":         {nil, []string{"max: 5}", "max: 6}", "min: 6,", "min: 7,"}, []string{`tool |  | tools.scale.systems.one.bands | [{"ID":"low","Min":0,"Max":5,"Sex":"","Keys":[]},{"ID":"high","Min":6,"Max":10,"Sex":"","Keys":[]}] > [{"ID":"low","Min":0,"Max":6,"Sex":"","Keys":[]},{"ID":"high","Min":7,"Max":10,"Sex":"","Keys":[]}] |`}},
		"version":      {nil, []string{"version: V1", "version: V2"}, []string{"tool |  | tools.scale.version | V1 > V2 |"}},
		"kind of fact": {nil, []string{"values: [a, b, c]", "values: [a, b, c, d]", "  b: Kind B\n", "  b: Kind B\n  d: Kind D\n"}, []string{"fact |  | facts.kinds.values | a, b, c > a, b, c, d |"}},
	} {
		if got := diff(c.files, c.edit...); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// An overlay may ask its own question in other words: its translations then show as stale.
func TestDiff_OverlayRewordsAQuestion(t *testing.T) {
	t.Parallel()
	for _, labels := range []string{russianLabels, "questions: {s-two: Что теперь?}\n"} {
		rewordsAQuestion(t, labelledIn("status: reviewed\n"+labels))
	}
}

func rewordsAQuestion(t *testing.T, builtIn fs.FS) {
	t.Helper()
	russian, err := fs.ReadFile(builtIn, "demo/text/ru/a.yaml")
	if err != nil {
		t.Fatal(err)
	}
	base := demoBundle("1.0.0")
	base.Files["text/ru/a.yaml"] = string(russian)
	over := models.Bundle{Protocol: "demo", Edition: "KZ-1", Base: "1.0.0", Files: map[string]string{"shared/text/en/q.yaml": "questions:\n  s-two: What does the commission decide?\n"}}
	compile := func(layers ...models.Bundle) *Catalog {
		c, err := Compile(builtIn, models.EditionSet{"demo": layers})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	from, to := compile(base), compile(base, over)
	changes, _ := Diff("demo", from, to)
	if got := printed(changes); !slices.Equal(got, []string{"wording | s-two | question | What now? > What does the commission decide? | en"}) {
		t.Errorf("%v", got)
	}
	if v := stepOf(t, to, "s-two", "ru"); *v.Question != "Что теперь?" || v.Translation.Status != statusStale {
		t.Errorf("%s %+v", *v.Question, v.Translation)
	}
	over.Files["shared/text/ru/q.yaml"] = "status: reviewed\nquestions:\n  s-two: Что решает комиссия?\n"
	if v := stepOf(t, compile(base, over), "s-two", "ru"); *v.Question != "Что решает комиссия?" || v.Translation.Status != statusReviewed {
		t.Errorf("translated anew: %s %+v", *v.Question, v.Translation)
	}
	over.Files["shared/text/en/q.yaml"] = "forms:\n  sheet: Another sheet\n"
	if _, err := Compile(builtIn, models.EditionSet{"demo": {base, over}}); err == nil {
		t.Error("a bundle renamed a form of all protocols")
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
