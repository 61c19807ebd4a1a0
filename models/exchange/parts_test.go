package exchange

import (
	"strings"
	"testing"

	"jol/models"
	"jol/models/protocols"
)

func TestDuration_Units(t *testing.T) {
	t.Parallel()
	for iso, want := range map[string]Duration{
		"P1Y": {Value: 1, Unit: "years", Code: "a"}, "P6M": {Value: 6, Unit: "months", Code: "mo"},
		"P14D": {Value: 14, Unit: "days", Code: "d"}, "PT48H": {Value: 48, Unit: "hours", Code: "h"},
		"PT30M": {Value: 30, Unit: "minutes", Code: "min"}, "PT0S": {Value: 0, Unit: "seconds", Code: "s"},
	} {
		want.System = ucum
		if got := duration(iso); got == nil || *got != want {
			t.Errorf("%s: %+v", iso, got)
		}
	}
	for _, iso := range []string{"", "P", "PT", "P1W", "PxD", "P1H"} {
		if got := duration(iso); got != nil {
			t.Errorf("%q: %+v", iso, got)
		}
	}
}

func TestOffset_BoundBecomesDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ direction, bound, relationship, comparator string }{
		{"after", "max", "after-end", "<="},
		{"after", "min", "after-end", ">="},
		{"after", "target", "after-end", ""},
		{"before", "max", "before-start", ">="},
		{"before", "min", "before-start", "<="},
		{"before", "target", "before-start", ""},
	} {
		r := offset(protocols.DocumentLimit{Limit: protocols.Limit{Anchor: "first_dose", Direction: c.direction, Offset: "P3D", Bound: c.bound}})
		if r.ActionID != "event.first-dose" || r.Relationship != c.relationship || r.Offset.Comparator != c.comparator {
			t.Errorf("%s %s: %+v %+v", c.direction, c.bound, r, r.Offset)
		}
	}
}

func TestRepetition_RangeAndEnd(t *testing.T) {
	t.Parallel()
	a := repetition("s", protocols.DocumentLimit{Limit: protocols.Limit{ID: "watch", Every: "PT1H", EveryMax: "PT4H", Until: "P3D", Anchor: "release"}})
	r := a.Timing.Repeat
	if a.ID != "s.every.watch" || r.Period != 1 || r.PeriodMax != 4 || r.PeriodUnit != "h" || r.Bounds.Value != 3 || a.RelatedAction[0].ActionID != "event.release" {
		t.Errorf("%+v %+v", a, r)
	}
	if a := repetition("s", protocols.DocumentLimit{}); a.Timing != nil || a.RelatedAction != nil {
		t.Errorf("%+v", a)
	}
}

func TestCondition_CELOrAPerson(t *testing.T) {
	t.Parallel()
	d, s := &protocols.Document{Slug: "p"}, &protocols.DocumentStep{Step: &protocols.Step{ID: "s"}}
	b := protocols.DocumentBranch{Branch: protocols.Branch{ID: "high"}, Condition: protocols.Text{English: "score is high"}}
	person := condition(d, s, b).Expression
	if person.Expression != "" || person.Reference != Authority+"/api/v1/protocols/p/steps/s#high" || person.LanguageExt.Extension[0].ValueCode != "as-text" {
		t.Errorf("%+v", person)
	}
	b.When = "audit.score >= 20"
	cel := condition(d, s, b).Expression
	if cel.Expression != b.When || cel.Reference != "" || cel.Description != "score is high" || cel.LanguageExt.Extension[0].ValueCode != "unsupported" ||
		cel.LanguageExt.Extension[1].ValueCode != "text/x-cel" {
		t.Errorf("%+v", cel)
	}
	b.When, b.Otherwise = "", true
	if c := condition(d, s, b); len(c.Extension) != 1 || !c.Extension[0].ValueBoolean {
		t.Errorf("%+v", c)
	}
}

func TestStep_EntryAndSafetyStop(t *testing.T) {
	t.Parallel()
	for _, d := range documents(t) {
		s := *steps(d)[0]
		own := *s.Step // the catalogue shares its steps
		s.Step = &own
		s.Applies, s.Stop = "danger", true
		a := stepAction(d, &s, nil)
		if a.Condition[0].Expression.Expression != "danger" || a.Extension[len(a.Extension)-1].URL != definition("safety-stop") {
			t.Errorf("%+v", a)
		}
	}
	hard := protocols.DocumentLimit{}
	hard.Hard = true
	if e := limitExtension(hard)[0].Extension; e[len(e)-1].URL != "hard" {
		t.Errorf("%+v", e)
	}
}

func TestParagraphs_HalfATranslationIsNone(t *testing.T) {
	t.Parallel()
	text := func(en string, other ...protocols.Translated) protocols.Text {
		return protocols.Text{English: en, Other: other}
	}
	got := paragraphs(text("a", protocols.Translated{Lang: "kk", Text: "ka"}, protocols.Translated{Lang: "ru", Text: "ra"}), text(""), text("b", protocols.Translated{Lang: "ru", Text: "rb"}))
	if got.English != "a\n\nb" || len(got.Other) != 1 || got.Other[0] != (protocols.Translated{Lang: "ru", Text: "ra\n\nrb"}) {
		t.Errorf("%+v", got)
	}
}

func TestEvidence_AddressForAProgram(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://a.example/x":                         "https://a.example/x",
		"https://a.example/x ; see b":                 "https://a.example/x",
		"https://a.example/ (ids 1, 2)":               "",
		"seed 002":                                    "",
		"ISBN 978 ; https://b.example/y ; and a book": "https://b.example/y",
	} {
		if got := firstAddress(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}

func TestNarrative_IsEscaped(t *testing.T) {
	t.Parallel()
	n := narrative("#A & B", "", `<script>"x"</script>`)
	if strings.Contains(n.Div, "<script") || !strings.Contains(n.Div, "<h2>A &amp; B</h2><p>&lt;script&gt;") {
		t.Error(n.Div)
	}
}

func TestOutcome_OneIssueForEachField(t *testing.T) {
	t.Parallel()
	e := &models.Error{Kind: models.KindInvalid, Code: "query.duplicate_parameter", Fields: []models.FieldError{
		{Pointer: "/url", Code: "query.duplicate_parameter"}, {Pointer: "/x", Code: "query.unknown_parameter"}}}
	o := NewOperationOutcome(e, "urn:jol:request:1")
	if len(o.Issue) != 3 || o.Issue[0].Code != "invalid" || o.Issue[0].Diagnostics != "urn:jol:request:1" || o.Issue[2].Diagnostics != "/x" {
		t.Errorf("%+v", o)
	}
	if o := NewOperationOutcome(&models.Error{Code: "internal.error"}, ""); o.Issue[0].Code != "exception" {
		t.Errorf("%+v", o)
	}
}
