package protocols

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"jol/models"
)

const (
	tp = "therapeutic-programme"
	pc = "prison-civil-society-protocol"
)

func evaluate(t testing.TB, slug string, in Inquiry) *Evaluation {
	t.Helper()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	if in.At.IsZero() {
		in.At = testTime
	}
	e, err := c.Evaluate(slug, "en", in)
	if err != nil {
		var problem *models.Error
		if errors.As(err, &problem) {
			t.Fatalf("%v %v", err, problem.Fields)
		}
		t.Fatal(err)
	}
	return e
}

func (e *Evaluation) ids() []string {
	var out []string
	for _, s := range e.Steps {
		out = append(out, s.ID)
	}
	return out
}

func (e *Evaluation) step(t testing.TB, id string) StepResult {
	t.Helper()
	i := slices.IndexFunc(e.Steps, func(s StepResult) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("%s does not apply: %v", id, e.ids())
	}
	return e.Steps[i]
}

// decides lists what a missing fact would decide, as kind step id.
func (e *Evaluation) decides(fact string) []string {
	out := []string{}
	for _, m := range e.Missing {
		for _, d := range m.Decides {
			if m.Fact == fact && d.ID != nil {
				out = append(out, d.Kind+" "+d.Step+" "+*d.ID)
			} else if m.Fact == fact {
				out = append(out, d.Kind+" "+d.Step)
			}
		}
	}
	return out
}

func triggers(names ...any) map[string]any { return map[string]any{"triggers": names} }

func with(facts map[string]any, more ...any) map[string]any {
	facts = maps.Clone(facts)
	for i := 0; i < len(more); i += 2 {
		facts[more[i].(string)] = more[i+1]
	}
	return facts
}

func TestEvaluate_FollowsBranchesAndSaysWhy(t *testing.T) {
	t.Parallel()
	e := evaluate(t, tp, Inquiry{Facts: with(triggers("assessment"), "in_withdrawal", false, "intoxicated", false, "suicide_risk", "none",
		"disorders", []any{"opioid"}, "dependence", []any{"opioid"}, "oat_contraindications", []any{}, "oat_criteria_met", true,
		"cardiac_risk", false, "pregnant", false, "living_with_hiv", false, "consent_dose_sharing", "given")})
	got := e.ids()
	want := []string{"tp-assess-core", "tp-assess-diagnosis", "tp-oat-eligibility", "tp-oat-contract"}
	if !slices.Equal(got, want) {
		t.Fatalf("steps %v, want %v", got, want)
	}
	why := e.step(t, "tp-oat-eligibility").Because[0]
	if why.Kind != ReasonBranch || *why.From != "tp-assess-diagnosis" || *why.Branch != "opioid-dependence" || why.Condition != "opioid dependence" ||
		*why.When != "'opioid' in dependence" || len(why.Facts) != 1 {
		t.Errorf("because %+v", why)
	}
	if outcome := e.step(t, "tp-oat-contract").Branches[0].Outcome; outcome == nil || outcome.Code != "consent_active" || outcome.Label == "" {
		t.Errorf("outcome %+v", outcome)
	}
	if len(e.Safety) != 0 || e.Country != "KZ" || !strings.Contains(e.Notice, "Not for automated prescribing") {
		t.Errorf("%+v %s %s", e.Safety, e.Country, e.Notice)
	}
}

func TestEvaluate_UnknownIsNotFalse(t *testing.T) {
	t.Parallel()
	facts := with(triggers("first_contact"), "breathing_depressed", false, "confused", false, "seizure", false, "recent_substances", []any{"32"}, "chest_pain", false, "fever", false)
	e := evaluate(t, tp, Inquiry{Facts: facts})
	if slices.Contains(e.ids(), "tp-entry-rights") {
		t.Error("called stable although agitation is not known")
	}
	want := []string{"branch tp-entry-first-contact severe-agitation-after-stimulants", "branch tp-entry-first-contact stable", "entry tp-acute-stimulant-intoxication"}
	if got := e.decides("severe_agitation"); !slices.Equal(got, want) {
		t.Errorf("severe_agitation decides %v, want %v", got, want)
	}
	if got := e.decides("temperature_c"); len(got) > 0 {
		t.Errorf("temperature_c decides %v", got)
	}
	e = evaluate(t, tp, Inquiry{Facts: with(facts, "severe_agitation", false)})
	e.step(t, "tp-entry-rights")
}

func TestEvaluate_MissingDerivedFactsNameWhatACallerCanSay(t *testing.T) {
	t.Parallel()
	e := evaluate(t, tp, Inquiry{Facts: triggers("screening", "missed_doses"), From: []string{"tp-screen-dudit", "tp-oat-missed"}})
	for fact, want := range map[string]string{"dudit_score": "branch tp-screen-dudit problem", "last_dose_taken": "branch tp-oat-missed gap-short",
		"oat_medicine": "branch tp-oat-missed gap-short", "in_custody": "branch tp-oat-missed in-custody"} {
		if !slices.Contains(e.decides(fact), want) {
			t.Errorf("%s decides %v, not %s", fact, e.decides(fact), want)
		}
	}
	for _, m := range e.Missing {
		if f := m.Fact; f == "dudit_band" || f == "missed_band" || m.Label == "" {
			t.Errorf("missing lists %+v", m)
		}
	}
	// A score between the bands of the sexes needs the sex, any other does not.
	e = evaluate(t, tp, Inquiry{Facts: map[string]any{"dudit_score": 4.0}, From: []string{"tp-screen-dudit"}})
	if got := e.decides("sex"); len(got) != 3 {
		t.Errorf("sex decides %v", got)
	}
}

func TestEvaluate_DangerComesFirstInAnyProtocol(t *testing.T) {
	t.Parallel()
	for _, slug := range []string{tp, pc} {
		e := evaluate(t, slug, Inquiry{Facts: with(triggers("custody_arrival", "screening"), "breathing_depressed", true, "suicide_risk", "imminent")})
		stops := []string{}
		for _, s := range e.Safety {
			if s.Warning == "" || len(s.Facts) == 0 {
				t.Errorf("stop without warning or facts: %+v", s)
			}
			stops = append(stops, s.Step)
		}
		for _, want := range []string{"tp-acute-overdose-clinical", "tp-health-mental"} {
			if !slices.Contains(stops, want) {
				t.Errorf("%s: stops %v lack %s", slug, stops, want)
			}
		}
		if first := e.Steps[0].ID; !strings.Contains(first, "overdose") {
			t.Errorf("%s: %s comes first", slug, first)
		}
	}
	// While a stop holds nobody is asked to judge a dose.
	e := evaluate(t, tp, Inquiry{Facts: map[string]any{"sedated": true}, From: []string{"tp-oat-induction-methadone"}})
	if len(e.Decisions) != 0 || len(e.Safety) != 1 || *e.Safety[0].Branch != "sedated-or-intoxicated" {
		t.Errorf("%+v %+v", e.Decisions, e.Safety)
	}
}

func TestEvaluate_DecisionsAreClosedListsAndAnswersLeadOn(t *testing.T) {
	t.Parallel()
	in := Inquiry{Facts: triggers("plan_review")}
	e := evaluate(t, tp, in)
	if len(e.Decisions) != 1 || e.Decisions[0].Step != "tp-plan-review" || e.Decisions[0].Question == "" || len(e.Decisions[0].Answers) != 3 {
		t.Fatalf("%+v", e.Decisions)
	}
	in.Answers = map[string][]string{"tp-plan-review": {"new-diagnosis"}}
	e = evaluate(t, tp, in)
	if why := e.step(t, "tp-assess-diagnosis").Because[0]; why.Kind != ReasonAnswer || why.When != nil || len(e.Decisions) != 0 {
		t.Errorf("%+v %+v", why, e.Decisions)
	}
}

func TestEvaluate_UnavailableStepNamesItsAlternative(t *testing.T) {
	t.Parallel()
	check := func(name, slug, step string, in Inquiry, available *bool, alternative string) {
		t.Helper()
		in.From = []string{step}
		e := evaluate(t, slug, in)
		got := e.step(t, step)
		if (got.Available == nil) != (available == nil) || available != nil && *got.Available != *available {
			t.Errorf("%s: available %v", name, got.Available)
		}
		if (got.Alternative == nil) != (alternative == "") || alternative != "" && (*got.Alternative != alternative || len(got.Branches) > 0) {
			t.Errorf("%s: alternative %v, branches %v", name, got.Alternative, got.Branches)
		}
		if alternative != "" {
			if why := e.step(t, alternative).Because[0]; why.Kind != ReasonAlternative || *why.From != step || len(why.Facts) != 1 {
				t.Errorf("%s: because %+v", name, why)
			}
		}
	}
	yes, no := true, false
	check("KZ community", tp, "tp-oat-eligibility", Inquiry{}, &yes, "")
	check("UZ community", tp, "tp-oat-eligibility", Inquiry{Facility: Facility{Country: "UZ"}}, &no, "tp-acute-opioid-wd")
	check("KZ custody", pc, "pc-oat-start", Inquiry{}, &no, "pc-oat-unavailable")
	check("KG custody", pc, "pc-oat-start", Inquiry{Facility: Facility{Country: "KG"}}, &yes, "")
	check("facility says no", tp, "tp-oat-eligibility", Inquiry{Facility: Facility{Setting: "clinic", Capabilities: map[string]bool{"oat": false}}}, &no, "tp-acute-opioid-wd")
	check("another setting's flag", pc, "pc-oat-start", Inquiry{Facility: Facility{Setting: "clinic", Capabilities: map[string]bool{"oat": true}}}, &no, "pc-oat-unavailable")
	check("prison clinic", pc, "pc-oat-start", Inquiry{Facility: Facility{Setting: "prison", Capabilities: map[string]bool{"oat": true}}}, &yes, "")
	check("fact beats country", pc, "pc-oat-start", Inquiry{Facts: map[string]any{"oat_in_custody": true}}, &yes, "")
	check("either setting, in custody", tp, "tp-oat-dispense", Inquiry{Facts: map[string]any{"in_custody": true}}, &no, "tp-acute-opioid-wd")
	check("either setting, not said", tp, "tp-oat-dispense", Inquiry{}, nil, "")
	check("unknown in the country", tp, "tp-oat-induction-bup", Inquiry{Facility: Facility{Country: "TJ", Setting: "clinic"}}, nil, "")
	e := evaluate(t, tp, Inquiry{From: []string{"tp-oat-dispense"}})
	if !slices.Contains(e.decides("in_custody"), "available tp-oat-dispense") {
		t.Errorf("in_custody decides %v", e.decides("in_custody"))
	}
}

func TestEvaluate_DueTimesAndTheirBasis(t *testing.T) {
	t.Parallel()
	e := evaluate(t, pc, Inquiry{Facts: with(triggers("custody_arrival", "release_window"), "prison_admission", "2026-03-10T04:00:00Z",
		"release_date_known", true, "planned_release_date", "2026-06-08")})
	s := e.step(t, "pc-reception-health-check")
	if s.DueAt.Format("2006-01-02T15:04Z") != "2026-03-11T04:00Z" || *s.LimitBasis != General || !s.Limits[0].Hard {
		t.Errorf("%v %v %+v", s.DueAt, s.LimitBasis, s.Limits)
	}
	// Minus 90 days from 8 June is 10 March, civil days of Almaty.
	s = e.step(t, "pc-release-prep-start")
	if got := s.Limits[0].DueAt.Format("2006-01-02T15:04Z"); got != "2026-03-10T18:59Z" {
		t.Errorf("release case opens at %s", got)
	}
	if got := e.decides("referral_sent"); len(got) != 0 {
		t.Errorf("referral_sent decides %v", got)
	}
	e = evaluate(t, pc, Inquiry{Facts: triggers("custody_arrival")})
	if s = e.step(t, "pc-reception-health-check"); s.DueAt != nil || s.LimitBasis != nil || *s.Limits[0].MissingAnchor != "prison_admission" {
		t.Errorf("%+v", s)
	}
	if got := e.decides("prison_admission"); len(got) != 2 || got[0] != "limit pc-reception-health-check screened" {
		t.Errorf("prison_admission decides %v", got)
	}
}

func TestEvaluate_ChosenSystemReadsTheScore(t *testing.T) {
	t.Parallel()
	in := Inquiry{Facts: map[string]any{"ciwa_score": 9.0}, From: []string{"tp-acute-alcohol-wd"}}
	band := func() ToolBand { return evaluate(t, tp, in).Bands[0] }
	if b := band(); b.System != "ciwa-8-15" || b.Band != "moderate" || b.Basis != Seen {
		t.Errorf("%+v", b)
	}
	in.Facility.Systems = map[string]string{"ciwa": "ciwa-10-18"}
	if b := band(); b.System != "ciwa-10-18" || b.Band != "mild" {
		t.Errorf("%+v", b)
	}
	if held := evaluate(t, tp, in).step(t, "tp-acute-alcohol-wd").Branches; len(held) != 1 || held[0].Branch != "mild" {
		t.Errorf("%+v", held)
	}
	in = Inquiry{Facts: map[string]any{"audit_items": map[string]any{"1": 1.0, "2": 1.0, "3": 0.0, "4": 2.0, "5": 0.0, "6": 0.0, "7": 0.0, "8": 0.0, "9": 0.0, "10": 0.0}}}
	if b := band(); b.Score != 4 || b.Band != "hazardous" || !b.Bumped {
		t.Errorf("%+v", b)
	}
}

func TestEvaluate_RefusesWhatIsNoFact(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	many := map[string]any{"1": 4.0, "2": 4.0}
	for _, c2 := range []struct {
		fact  string
		value any
		want  string
	}{
		{"aigul_age", 3.0, "/facts/aigul_age fact.unknown"},
		{"Айгуль", true, "/facts/* fact.unknown"},
		{"a b", true, "/facts/* fact.unknown"},
		{"age", "forty", "/facts/age fact.wrong_type"},
		{"age", 40.5, "/facts/age fact.wrong_type"},
		{"age", 121.0, "/facts/age fact.out_of_range"},
		{"age", nil, "/facts/age fact.wrong_type"},
		{"pregnant", "yes", "/facts/pregnant fact.wrong_type"},
		{"sex", "X", "/facts/sex fact.not_in_list"},
		{"triggers", []any{"nothing"}, "/facts/triggers fact.not_in_list"},
		{"triggers", []any{"screening", "screening"}, "/facts/triggers fact.twice"},
		{"triggers", []any{1.0}, "/facts/triggers fact.wrong_type"},
		{"triggers", "screening", "/facts/triggers fact.wrong_type"},
		{"audit_band", "low", "/facts/audit_band fact.derived"},
		{"audit_score", 41.0, "/facts/audit_score fact.out_of_range"},
		{"audit_items", map[string]any{"11": 1.0}, "/facts/audit_items fact.not_in_list"},
		{"audit_items", map[string]any{"9": 3.0}, "/facts/audit_items fact.out_of_range"},
		{"audit_items", map[string]any{"9": "4"}, "/facts/audit_items fact.wrong_type"},
		{"assist_scores", map[string]any{"tobacco": 32.0}, "/facts/assist_scores fact.out_of_range"},
		{"cows_items", map[string]any{"gooseflesh": 4.0}, "/facts/cows_items fact.out_of_range"},
		{"last_dose_taken", "yesterday", "/facts/last_dose_taken fact.wrong_type"},
		{"last_dose_taken", "2026-03-11", "/facts/last_dose_taken fact.in_future"},
		{"exposure", "2026-03-10T09:30:00Z", "/facts/exposure fact.in_future"},
		{"planned_release_date", "2026-03-20T00:00:00Z", "/facts/planned_release_date fact.wrong_type"},
		{"planned_release_date", "2026-02-30", "/facts/planned_release_date fact.wrong_type"},
	} {
		_, err := c.Evaluate(tp, "en", Inquiry{At: testTime, Facts: map[string]any{c2.fact: c2.value}})
		checkRefusal(t, fmt.Sprint(c2.fact, " ", c2.value), err, c2.want)
	}
	for want, in := range map[string]Inquiry{
		"/facts/dudit_items fact.score_mismatch":         {Facts: map[string]any{"dudit_items": many, "dudit_score": 7.0}},
		"/facility/country facility.country_unknown":     {Facility: Facility{Country: "XX"}},
		"/facility/region facility.region_unknown":       {Facility: Facility{Region: "KG-B"}},
		"/facility/setting facility.setting_unknown":     {Facility: Facility{Setting: "any"}},
		"/facility/systems/ciwa facility.system_unknown": {Facility: Facility{Systems: map[string]string{"ciwa": ""}}},
		"/facility/gapRule facility.gap_rule_unknown":    {Facility: Facility{GapRule: "gap-1h"}},
		"/from step.unknown":                             {From: []string{"tp-nothing"}},
		"/answers step.unknown":                          {Answers: map[string][]string{"tp-nothing": {"x"}}},
		"/answers/tp-plan-review answer.unknown":         {Answers: map[string][]string{"tp-plan-review": {"x"}}},
		"/answers/tp-screen-dudit answer.unknown":        {Answers: map[string][]string{"tp-screen-dudit": {"problem"}}},
	} {
		in.At = testTime
		_, err := c.Evaluate(tp, "en", in)
		checkRefusal(t, want, err, want)
	}
	if _, err := c.Evaluate("nothing", "en", Inquiry{}); !models.IsKind(err, models.KindNotFound) {
		t.Errorf("unknown protocol: %v", err)
	}
}

func checkRefusal(t *testing.T, name string, err error, want string) {
	t.Helper()
	var problem *models.Error
	if !errors.As(err, &problem) || problem.Kind != models.KindInvalid || len(problem.Fields) != 1 {
		t.Errorf("%s: %v", name, err)
		return
	}
	if got := problem.Fields[0].Pointer + " " + problem.Fields[0].Code; got != want {
		t.Errorf("%s: %s, want %s", name, got, want)
	}
}

// Everything that a caller may see is about steps; how much to give is never in it.
func TestEvaluate_NeverOrdersADose(t *testing.T) {
	t.Parallel()
	amount := regexp.MustCompile(`(?i)\d\s?(mg|ml|µg|mcg|milligram)`)
	for _, row := range branchRows(t) {
		slug := tp
		if strings.HasPrefix(row.Step, "pc-") {
			slug = pc
		}
		b, err := json.Marshal(evaluate(t, slug, row.inquiry(t)))
		if err != nil {
			t.Fatal(err)
		}
		if found := amount.FindString(string(b)); found != "" {
			t.Errorf("%s/%s: %q in the answer", row.Step, row.Branch, found)
		}
	}
}

// All rows together, every answer given: cycles end, and the answer is always the same.
func TestEvaluate_IsDeterministicAndEnds(t *testing.T) {
	t.Parallel()
	in := Inquiry{At: testTime, Facts: map[string]any{}, Answers: map[string][]string{}}
	for _, row := range branchRows(t) {
		for fact, v := range asJSON(t, row.Facts) {
			if _, ok := in.Facts[fact]; !ok && fact != "dudit_items" && fact != "dudit_score" {
				in.Facts[fact] = v
			}
		}
		if row.Answer {
			in.Answers[row.Step] = append(in.Answers[row.Step], row.Branch)
		}
		if !slices.Contains(in.From, row.Step) {
			in.From = append(in.From, row.Step)
		}
	}
	in.Facts["audit_items"], in.Facts["cows_items"] = map[string]any{}, map[string]any{}
	before := asJSON(t, in.Facts)
	var first []byte
	for range 20 {
		e := evaluate(t, tp, in)
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		}
		if string(first) != string(b) {
			t.Fatal("two answers to one inquiry")
		}
		if len(e.Steps) != 118 {
			t.Errorf("%d steps apply when all are chosen", len(e.Steps))
		}
	}
	if after := asJSON(t, in.Facts); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("the inquiry was changed")
	}
}

func TestEvaluate_TextsFallBackAndSaySo(t *testing.T) {
	t.Parallel()
	fsys := edited(t, "demo/text/ru/a.yaml", "", russian)
	fsys["text/ru/facts.yaml"] = &fstest.MapFile{Data: []byte("facts:\n  worse: Стало хуже\n")}
	e, err := load(t, fsys).Evaluate("demo", "ru", Inquiry{At: testTime})
	if err != nil {
		t.Fatal(err)
	}
	if e.Steps[0].Title != "Первый" || e.Missing[0].Label != "Points" || e.Missing[1].Label != "Стало хуже" {
		t.Errorf("%+v %+v", e.Steps, e.Missing)
	}
	if tr := e.Translation; tr.Lang != "ru" || tr.Status != statusDraft || !slices.Contains(tr.Missing, "facts.points") || slices.Contains(tr.Missing, "facts.worse") {
		t.Errorf("%+v", tr)
	}
}

func TestFacts_DocumentWhatConditionsUse(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for _, slug := range c.Slugs() {
		for _, lang := range c.Languages() {
			b, ok := c.Facts(slug, lang)
			var v factsView
			decodeStrict(t, b.JSON, &v)
			if !ok || len(v.Facts) != len(c.content.factOrder) || len(v.Tools) != 5 || v.Protocol != slug {
				t.Fatalf("%s in %s: %d facts", slug, lang, len(v.Facts))
			}
			for _, f := range v.Facts {
				if f.Label == "" || len(f.UsedBy) == 0 && f.Derived == nil && !slices.ContainsFunc(v.Facts, func(o factView) bool { return slices.Contains(o.From, f.ID) }) {
					t.Errorf("%s has no label or is used by nothing", f.ID)
				}
			}
		}
	}
	if _, ok := c.Facts("nothing", "en"); ok {
		t.Error("facts of nothing")
	}
}

// No fact may hold what identifies a person: ages and flags, no names, dates of birth or
// numbers of documents, and no free text at all.
func TestFacts_NoneIdentifiesAPerson(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	banned := regexp.MustCompile(`name|birth|passport|iin|phone|address|mail|photo|ethnic|national_id|case_number`)
	for id, f := range c.content.facts {
		if banned.MatchString(id) || f.Type == TypeDate && !f.Anchor || f.Type == TypeTime && !f.Anchor {
			t.Errorf("%s of type %s", id, f.Type)
		}
	}
}
