package protocols

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const russianLabels = `facts:
  worse: {english: Is worse, text: Хуже}
values:
  a: {english: Kind A, text: Вид А}
  kinds.c: {english: The third kind, text: Третий вид}
questions:
  s-two: {english: What now?, text: Что теперь?}
`

// labelled is the small content in Russian as far as s-two and some labels go.
func labelledIn(labels string) fstest.MapFS {
	fsys := small()
	fsys["demo/text/ru/a.yaml"] = &fstest.MapFile{Data: []byte("status: reviewed\nsteps:\n  s-two:\n    title: Второй\n    trigger: т\n    do: д\n    record: з\n" +
		"    safety: б\n    branches:\n      always: {condition: у, wording: ф}\n")}
	fsys["text/ru/labels.yaml"] = &fstest.MapFile{Data: []byte(labels)}
	return fsys
}

func factsIn(t *testing.T, c *Catalog, lang string) (factsView, map[string]factView) {
	t.Helper()
	b, ok := c.Facts("demo", lang)
	if !ok {
		t.Fatal("no facts")
	}
	var v factsView
	decodeStrict(t, b.JSON, &v)
	facts := map[string]factView{}
	for _, f := range v.Facts {
		facts[f.ID] = f
	}
	return v, facts
}

func TestLabels_AreServedWithWhatIsMissing(t *testing.T) {
	t.Parallel()
	v, facts := factsIn(t, load(t, labelledIn("status: reviewed\n"+russianLabels)), "ru")
	kinds := facts["kinds"].ValueLabels
	if facts["worse"].Label != "Хуже" || facts["points"].Label != "Points" || kinds["a"] != "Вид А" || kinds["b"] != "Kind B" || kinds["c"] != "Третий вид" {
		t.Errorf("%+v %v", facts, kinds)
	}
	want := []string{"facts.points", "topics.state", "facts.kinds", "values.kinds.b", "facts.first_contact", "topics.anchor"}
	got := slices.Sorted(slices.Values(v.Translation.Missing))
	if slices.Sort(want); !slices.Equal(got, want) || v.Translation.Status != statusReviewed {
		t.Errorf("%+v", v.Translation)
	}
}

func TestLabels_SayWhetherTheyCanBeTrusted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, labels, old, text, want string }{
		{"reviewed", "status: reviewed\n", "", "", statusReviewed},
		{"draft unless said", "", "", "", statusDraft},
		{"the English moved on", "status: reviewed\n", "worse: Is worse", "worse: Is much worse", statusStale},
		{"the English of a value moved on", "status: reviewed\n", "a: Kind A", "a: Kind Alpha", statusStale},
	} {
		fsys := labelledIn(c.labels + russianLabels)
		english := fsys["text/en/common.yaml"]
		english.Data = []byte(strings.Replace(string(english.Data), c.old, c.text, 1))
		if v, _ := factsIn(t, load(t, fsys), "ru"); v.Translation.Status != c.want {
			t.Errorf("%s: %+v", c.name, v.Translation)
		}
	}
}

// A question is as old as its own English, whatever the state of the step around it.
func TestLabels_AStaleQuestionShowsWhereverItIsAsked(t *testing.T) {
	t.Parallel()
	fsys := labelledIn("status: reviewed\n" + russianLabels)
	if _, v := stepIn(t, load(t, fsys), "s-two", "ru"); *v.Question != "Что теперь?" || v.Translation.Status != statusReviewed {
		t.Errorf("%v %+v", *v.Question, v.Translation)
	}
	english := fsys["text/en/common.yaml"]
	english.Data = []byte(strings.Replace(string(english.Data), "What now?", "What is next?", 1))
	c := load(t, fsys)
	if _, v := stepIn(t, c, "s-two", "ru"); v.Translation.Status != statusStale {
		t.Errorf("the step: %+v", v.Translation)
	}
	e, err := c.Evaluate("demo", "ru", Inquiry{Facts: map[string]any{}, From: []string{"s-two"}})
	if err != nil || e.Decisions[0].Question != "Что теперь?" || e.Translation.Status != statusStale {
		t.Errorf("the evaluation: %+v %v", e, err)
	}
	d, _ := c.Document("demo")
	if s := d.Step("s-two"); s.Question.English != "What is next?" || s.Question.Other[0].Text != "Что теперь?" || s.Translations[0].Status != statusStale {
		t.Errorf("the document: %+v %+v", s.Question, s.Translations)
	}
}

// Russian and Kazakh are complete, and a page, an evaluation or a form in them holds no English.
func TestContent_LabelsAreCompleteInThreeLanguages(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	for _, lang := range []string{"ru", "kk"} {
		for _, slug := range c.Slugs() {
			b, _ := c.Facts(slug, lang)
			var v factsView
			decodeStrict(t, b.JSON, &v)
			if b.Language != lang || len(v.Translation.Missing) != 0 || v.Translation.Status != statusDraft {
				t.Errorf("facts of %s in %s: %+v", slug, b.Language, v.Translation)
			}
			for _, f := range v.Facts {
				if len(f.ValueLabels) != len(f.Values) || f.TopicLabel == "" || (f.Unit == nil) != (f.UnitLabel == nil) {
					t.Errorf("%s in %s: %+v", f.ID, lang, f)
				}
			}
		}
		for _, s := range steps {
			b, _ := c.Step(s.Protocol, s.ID, lang)
			var v stepView
			decodeStrict(t, b.JSON, &v)
			if b.Language != lang || len(v.Translation.Missing) != 0 || v.Translation.Status != statusDraft {
				t.Errorf("%s in %s: %+v", s.ID, b.Language, v.Translation)
			}
			if s.Question != nil && (v.Question == nil || *v.Question == *s.Question) {
				t.Errorf("%s asks in English in %s", s.ID, lang)
			}
		}
		for group, labels := range c.content.common[sourceLanguage] {
			for code, en := range labels {
				own, ok := c.content.common[lang][group][code]
				if !ok || own.english != en.text {
					t.Errorf("%s %s in %s was made from %q", group, code, lang, own.english)
				}
			}
		}
	}
}

// An evaluation names bands and gaps in the reader's language.
func TestEvaluate_NamesBandsInTheLanguage(t *testing.T) {
	t.Parallel()
	c, _ := servedSteps(t)
	facts := map[string]any{"audit_score": 3.0, "oat_medicine": "methadone", "oat_schedule": "daily", "last_dose_taken": "2026-03-07"}
	for lang, want := range map[string][2]string{"en": {"Low risk", "Can resume if the person is well"}, "ru": {"Низкий риск", "Можно возобновить, если состояние хорошее"}, "kk": {"Төмен қауіп", "Жағдайы жақсы болса, жалғастыруға болады"}} {
		e, err := c.Evaluate(tp, lang, Inquiry{At: testTime, Facts: facts})
		if err != nil || len(e.Bands) != 1 || e.Bands[0].Label != want[0] || e.DoseGap == nil || e.DoseGap.Label != want[1] {
			t.Errorf("%s: %+v %+v", lang, e.Bands, e.DoseGap)
		}
	}
}
