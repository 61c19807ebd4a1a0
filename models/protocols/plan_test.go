package protocols

import (
	"errors"
	"slices"
	"testing"
	"time"

	"jol/models"
)

var planNow = time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)

// planFacts is a clinic in Almaty with the anchors given as dates or times.
func planFacts(kind models.OrganisationKind, anchors map[string]string) models.PlanFacts {
	f := models.PlanFacts{Now: planNow, Age: 30, Sex: "F", LegalBase: "voluntary", Anchors: models.Moments{}, Facility: models.Organisation{
		Kind: kind, Country: "KZ", Region: "KZ-75", Capabilities: models.Capabilities{OATAvailable: true, THNAllowed: true}}}
	for name, at := range anchors {
		a := models.Anchor{Name: name}
		if d, ok := models.ParseDate(at); ok {
			a.OnDate = d
		} else {
			t, err := time.Parse(time.RFC3339, at)
			if err != nil {
				panic(err)
			}
			a.At = &t
		}
		f.Anchors[name] = a
	}
	return f
}

// lines writes drafts as "step limit due", which reads better than structs.
func lines(drafts []models.TaskDraft) []string {
	var out []string
	for _, d := range drafts {
		due := "-"
		if d.DueAt != nil {
			due = d.DueAt.Format(time.RFC3339)
		}
		out = append(out, d.Step+" "+d.Limit+" "+due)
	}
	slices.Sort(out)
	return out
}

func TestPlan_TasksOfAnEvent(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	const clinic, prison = "therapeutic-programme", "prison-civil-society-protocol"
	for name, test := range map[string]struct {
		slug  string
		event models.PlanEvent
		facts models.PlanFacts
		want  []string
	}{
		"an episode begins": {clinic, models.PlanEvent{State: models.EpisodeScreened},
			planFacts(models.KindClinic, map[string]string{"first_contact": "2026-10-05T05:50:00Z"}), []string{
				"tp-entry-first-contact check 2026-10-05T06:05:00Z",
				"tp-screen-assist screened 2026-10-12T05:50:00Z",
				"tp-screen-dudit screened 2026-10-12T05:50:00Z",
			}},
		"without the anchor there is no due time": {clinic, models.PlanEvent{State: models.EpisodeScreened},
			planFacts(models.KindClinic, nil), []string{"tp-entry-first-contact check -", "tp-screen-assist screened -", "tp-screen-dudit screened -"}},
		"an admission to prison": {prison, models.PlanEvent{Anchor: "prison_admission"},
			planFacts(models.KindPrisonHealth, map[string]string{"prison_admission": "2026-10-05T03:00:00Z"}), []string{
				"pc-oat-art-tb release-supply -",
				"pc-oat-art-tb supplied 2026-10-06T03:00:00Z",
				"pc-reception-assessment assessed 2026-10-15T03:00:00Z",
				"pc-reception-health-check outer 2026-10-07T03:00:00Z",
				"pc-reception-health-check screened 2026-10-06T03:00:00Z",
				"pc-reception-infections offered 2026-10-12T03:00:00Z",
				"pc-reception-infections pep -",
			}},
		"days are civil days of the place": {clinic, models.PlanEvent{Steps: []string{"tp-plan-case-management"}},
			planFacts(models.KindClinic, map[string]string{"plan_agreed": "2026-10-05"}), []string{"tp-plan-case-management started 2026-10-12T18:59:59Z"}},
		"a limit for urgent cases is no work of its own": {clinic, models.PlanEvent{Steps: []string{"tp-oat-eligibility"}},
			planFacts(models.KindClinic, map[string]string{"assessment_done": "2026-10-05"}), []string{"tp-oat-eligibility decided 2026-10-12T18:59:59Z"}},
		"every check-up is": {clinic, models.PlanEvent{Steps: []string{"tp-oat-end"}},
			planFacts(models.KindClinic, map[string]string{"discharge": "2026-10-05T06:00:00Z"}), []string{
				"tp-oat-end follow-up-1 2026-10-12T06:00:00Z", "tp-oat-end follow-up-2 2026-11-02T06:00:00Z", "tp-oat-end follow-up-3 2027-01-03T06:00:00Z"}},
		"a step with lower bounds only has no due time": {clinic, models.PlanEvent{Steps: []string{"tp-oat-induction-methadone"}},
			planFacts(models.KindClinic, map[string]string{"first_dose": "2026-10-05"}), []string{"tp-oat-induction-methadone  -"}},
		"a branch leads on": {clinic, models.PlanEvent{Step: "tp-oat-end", Branch: "completed"},
			planFacts(models.KindClinic, nil), []string{"tp-continuity-aftercare check-up-1 -", "tp-continuity-aftercare check-up-2 -",
				"tp-continuity-aftercare check-up-3 -", "tp-continuity-aftercare check-up-4 -", "tp-continuity-aftercare check-up-5 -"}},
		"a branch that ends in an outcome leads nowhere": {clinic, models.PlanEvent{Step: "tp-oat-end", Branch: "craving-or-use-returns"}, planFacts(models.KindClinic, nil), nil},
		"what is certain is followed without a choice": {clinic, models.PlanEvent{Step: "tp-entry-rights"},
			func() models.PlanFacts {
				f := planFacts(models.KindClinic, nil)
				f.LegalBase = "court_ordered"
				return f
			}(), []string{"tp-entry-compulsory first-review -"}},
		"the next occasion comes after now": {clinic, models.PlanEvent{Step: "tp-plan-review", Limit: "later-reviews"},
			planFacts(models.KindClinic, map[string]string{"plan_agreed": "2026-01-05"}), []string{"tp-plan-review later-reviews 2026-12-31T18:59:59Z"}},
		"a recurring limit ends": {prison, models.PlanEvent{Step: "pc-reception-withdrawal", Limit: "observation"},
			planFacts(models.KindPrisonHealth, map[string]string{"prison_admission": "2026-10-01"}), nil},
		"and goes on before": {prison, models.PlanEvent{Step: "pc-reception-withdrawal", Limit: "observation"},
			planFacts(models.KindPrisonHealth, map[string]string{"prison_admission": "2026-10-05T02:30:00Z"}), []string{"pc-reception-withdrawal observation 2026-10-05T06:30:00Z"}},
		"an unknown event of a protocol plans nothing": {clinic, models.PlanEvent{Anchor: "first_dose"}, planFacts(models.KindClinic, nil), nil},
	} {
		drafts, err := c.Plan(test.slug, test.event, test.facts)
		if got := lines(drafts); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, test.want)
		}
	}
}

func TestPlan_RefusesWhatTheEditionDoesNotHave(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for code, e := range map[string]models.PlanEvent{
		"anchor.name_unknown":  {Anchor: "birthday", Refuse: true},
		"task.step_unknown":    {Steps: []string{"tp-nothing"}, Refuse: true},
		"task.branch_unknown":  {Step: "tp-oat-end", Branch: "nothing"},
		"task.branch_required": {Step: "tp-oat-end", Refuse: true},
	} {
		_, err := c.Plan("therapeutic-programme", e, planFacts(models.KindClinic, nil))
		var refused *models.Error
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	_, err = c.Plan("therapeutic-programme", models.PlanEvent{Anchor: "agreement_expiry", Refuse: true}, planFacts(models.KindClinic, nil))
	if !models.IsKind(err, models.KindInvalid) {
		t.Errorf("an anchor that is about no client: %v", err)
	}
}

// A facility changes a limit for a reason of its own.
func TestPlan_FacilityOverridesALimit(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	f := planFacts(models.KindClinic, map[string]string{"plan_agreed": "2026-10-02"}) // a Friday
	served, _ := c.Edition(tp)
	for edition, due := range map[string]string{served: "2026-10-05T18:59:59Z", "2025": "2026-10-09T18:59:59Z"} { // the limit of another edition is not this one's
		f.Limits = []models.FacilityLimit{{Protocol: tp, Edition: edition, Step: "tp-plan-case-management", LimitID: "started", Duration: "P3D", Reason: "a small team"}}
		drafts, err := c.Plan(tp, models.PlanEvent{Steps: []string{"tp-plan-case-management"}}, f)
		if err != nil || len(drafts) != 1 || drafts[0].DueAt.Format(time.RFC3339) != due {
			t.Errorf("%s: %+v %v", edition, drafts, err)
		}
	}
}

// Every occasion that an event opens is one that the protocols know, and every event is an anchor.
func TestPlan_OccasionsAreKnown(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	known := c.content.facts["triggers"].Values
	for event, triggers := range anchorTriggers {
		if _, ok := c.content.anchors[event]; !ok || !clientAnchor(event) {
			t.Errorf("%s is no anchor of a client", event)
		}
		for _, trigger := range triggers {
			if !slices.Contains(known, trigger) {
				t.Errorf("%s opens the unknown occasion %s", event, trigger)
			}
		}
	}
	for state, triggers := range stateTriggers {
		for _, trigger := range triggers {
			if !slices.Contains(known, trigger) {
				t.Errorf("%s opens the unknown occasion %s", state, trigger)
			}
		}
	}
}
