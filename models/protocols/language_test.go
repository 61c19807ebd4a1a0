package protocols

import (
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

const russian = `steps:
  s-one:
    title: Первый
    branches:
      worse: {condition: хуже}
`

func stepIn(t *testing.T, c *Catalog, step, lang string) (Body, stepView) {
	t.Helper()
	b, ok := c.Step("demo", step, lang)
	if !ok {
		t.Fatalf("%s is not served", step)
	}
	var v stepView
	decodeStrict(t, b.JSON, &v)
	return b, v
}

func TestLanguage_OneNewFileWithOneStepIsServed(t *testing.T) {
	t.Parallel()
	c := load(t, edited(t, "demo/text/ru/anything.yaml", "", russian))
	if got := c.Languages(); !slices.Equal(got, []string{"en", "ru"}) {
		t.Fatalf("languages %v", got)
	}
	b, v := stepIn(t, c, "s-one", Negotiate("ru-RU, en;q=0.5", c.Languages()))
	if b.Language != "ru" || v.Title != "Первый" || v.Branches[0].Condition != "хуже" || v.Do != "Give 20 mg and wait 3 days." {
		t.Errorf("got %s %+v", b.Language, v)
	}
	want := []string{"notice", "trigger", "do", "branches.worse.wording", "branches.worse.outcome",
		"branches.better.condition", "limits.check", "record", "safety", "forms.sheet"}
	got := slices.Sorted(slices.Values(v.Translation.Missing))
	if slices.Sort(want); !slices.Equal(got, want) || v.Translation.Status != statusDraft || v.Translation.Lang != "ru" {
		t.Errorf("translation %+v, want %v", v.Translation, want)
	}
}

func TestLanguage_StepWithoutTextsAnswersInEnglishAndSaysSo(t *testing.T) {
	t.Parallel()
	c := load(t, edited(t, "demo/text/ru/a.yaml", "", russian))
	b, v := stepIn(t, c, "s-two", "ru")
	if b.Language != "en" || v.Translation.Lang != "en" || len(v.Translation.Missing) != 0 {
		t.Errorf("got %s %+v", b.Language, v.Translation)
	}
	var p protocolView
	body, _ := c.Protocol("demo", "ru")
	decodeStrict(t, body.JSON, &p)
	if body.Language != "ru" || p.Phases[0].Steps[0].Title != "Первый" || p.Phases[0].Steps[1].Title != "Second" {
		t.Errorf("protocol %s %+v", body.Language, p)
	}
	if !slices.Contains(p.Translation.Missing, "steps.s-two.title") {
		t.Errorf("protocol translation %+v", p.Translation)
	}
	if b := c.List("kk"); b.Language != "en" {
		t.Errorf("list in %s", b.Language)
	}
}

func TestLanguage_StaleWhenTheEnglishTextMovedOn(t *testing.T) {
	t.Parallel()
	_, en := stepIn(t, load(t, small()), "s-one", "en")
	reviewed := reviewedRussian("    sourceHash: " + *en.Translation.SourceHash + "\n")
	fsys := edited(t, "demo/text/ru/a.yaml", "", reviewed)
	if _, v := stepIn(t, load(t, fsys), "s-one", "ru"); v.Translation.Status != statusReviewed {
		t.Errorf("same English text: %+v", v.Translation)
	}
	fsys = edited(t, textFile, "Give 20 mg", "Give only 20 mg")
	fsys["demo/text/ru/a.yaml"] = &fstest.MapFile{Data: []byte(reviewed)}
	c := load(t, fsys)
	if _, v := stepIn(t, c, "s-one", "ru"); v.Translation.Status != statusStale {
		t.Errorf("changed English text: %+v", v.Translation)
	}
	var p protocolView
	b, _ := c.Protocol("demo", "ru")
	if decodeStrict(t, b.JSON, &p); p.Translation.Status != statusStale {
		t.Errorf("the protocol hides it: %+v", p.Translation)
	}
}

func TestLanguage_LabelsAreTranslatedOnce(t *testing.T) {
	t.Parallel()
	fsys := edited(t, "demo/text/ru/a.yaml", "", russian)
	fsys["text/ru/common.yaml"] = &fstest.MapFile{Data: []byte("outcomes:\n  inpatient_care: Стационар\n")}
	_, v := stepIn(t, load(t, fsys), "s-one", "ru")
	if v.Branches[0].Outcome.Label != "Стационар" || v.Forms[0].Title != "Sheet" {
		t.Errorf("got %+v %+v", v.Branches[0].Outcome, v.Forms)
	}
}

// The instructions in content/README.md are tried on the real content.
func TestLanguage_ReadmeExampleLoads(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("testdata/ru-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"therapeutic-programme/text/ru/tp-entry.yaml": {Data: example}}
	err = fs.WalkDir(Embedded(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Embedded(), p)
		fsys[p] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b, ok := load(t, fsys).Step("therapeutic-programme", "tp-entry-first-contact", "ru")
	if !ok || b.Language != "ru" {
		t.Errorf("served in %s", b.Language)
	}
}

func TestNegotiate_PicksWhatThereIs(t *testing.T) {
	t.Parallel()
	all := []string{"en", "kk", "ru"}
	cases := []struct {
		header    string
		available []string
		want      string
	}{
		{"", all, "en"},
		{"ru", all, "ru"},
		{"ru-KZ", all, "ru"},
		{"kk, ru;q=0.8", all, "kk"},
		{"kk, ru;q=0.8", []string{"en", "ru"}, "ru"},
		{"en;q=0.1, ru;q=0.9", all, "ru"},
		{"ja", all, "en"},
		{"*", all, "en"},
		{"ru;q=0, en", all, "en"},
		{"ru", []string{"en"}, "en"},
		{"\x00;;q=x,,", all, "en"},
		{"ru", nil, ""},
	}
	for _, c := range cases {
		if got := Negotiate(c.header, c.available); got != c.want {
			t.Errorf("%q of %v: got %q, want %q", c.header, c.available, got, c.want)
		}
	}
}
