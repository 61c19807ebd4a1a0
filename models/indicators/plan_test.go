package indicators

import (
	"math"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

func tableIDs(lines []TableLine) string {
	var ids []string
	for _, line := range lines {
		ids = append(ids, line.ID)
	}
	return strings.Join(ids, " ")
}

func TestPlan_PublishesExactlyTheseTables(t *testing.T) {
	t.Parallel()
	const entrants = "TDI01.total TDI01.region TDI01.sex TDI01.age TDI01.drug TDI01.centre"
	for profile, want := range map[Profile]map[Status]string{
		Ministry: {
			Provisional: entrants,
			Final:       entrants + " REF01.total",
			Annual:      entrants + " REF01.total REF01.region",
			Revision:    entrants + " REF01.total REF01.region",
			"draft":     "",
		},
		OpenData: {
			Provisional: "TDI01.total",
			Final:       entrants,
			Annual:      entrants + " REF01.total",
			Revision:    entrants + " REF01.total",
			"draft":     "",
		},
	} {
		for status, ids := range want {
			if got := tableIDs(mustPlan(t, profile).TablesFor(status)); got != ids {
				t.Errorf("%s %s: %s", profile, status, got)
			}
		}
	}
	if _, err := PlanFor("everything"); !models.IsKind(err, models.KindInvalid) {
		t.Errorf("an unknown profile gives %v", err)
	}
}

func TestPlan_BudgetIsThePublishedOne(t *testing.T) {
	t.Parallel()
	total := 0.0
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		rho := Budget(plan)
		total += rho
		if math.Abs(rho-plan.PublishedBudget) > 0.0005 {
			t.Errorf("%s: the plan spends %.4f and says %.4f", profile, rho, plan.PublishedBudget)
		}
	}
	if open := mustPlan(t, OpenData).PublishedBudget; open >= 1.5 {
		t.Errorf("the open-data profile spends %.3f, the limit is 1.5", open)
	}
	if total > 45 { // a reader may hold both profiles
		t.Errorf("both profiles spend %.3f, the limit is 45", total)
	}
}

func TestPlan_BudgetByHand(t *testing.T) {
	t.Parallel()
	// Six tables, each drawn as provisional, final, annual and revision at 1/(2*4);
	// REF01 total in four quarters and two years, region in two years, two measures,
	// at 9/(2*81).
	want := 6.0*4/8 + float64(2*(4+2+2))/18
	if got := Budget(mustPlan(t, Ministry)); math.Abs(got-want) > 1e-12 {
		t.Errorf("ministry: %.6f, by hand %.6f", got, want)
	}
	want = float64(1+6+6+6)/32 + float64(2*2)/32
	if got := Budget(mustPlan(t, OpenData)); math.Abs(got-want) > 1e-12 {
		t.Errorf("open data: %.6f, by hand %.6f", got, want)
	}
}

func TestPlan_IsClosedAndWellFormed(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		seen := map[string]bool{}
		for _, line := range plan.Tables {
			indicator, ok := ByID(line.Indicator)
			if !ok || seen[line.ID] || !strings.HasPrefix(line.ID, line.Indicator+".") {
				t.Errorf("%s is doubled, or its indicator %s is unknown", line.ID, line.Indicator)
			}
			seen[line.ID] = true
			if _, ok := plan.Parts[line.Part]; !ok {
				t.Errorf("%s is in no part", line.ID)
			}
			for i, d := range line.Dimensions {
				if d == DimMeasure && i != len(line.Dimensions)-1 || len(codesOf(d, testCountry)) == 0 {
					t.Errorf("%s: dimension %s", line.ID, d)
				}
				if d != DimMeasure && !slices.Contains(indicator.Breakdowns, d) {
					t.Errorf("%s: the indicator is not broken down by %s", line.ID, d)
				}
			}
			if line.isRate() != (indicator.Denominator != "") {
				t.Errorf("%s: measures and denominator disagree", line.ID)
			}
		}
	}
}

func TestCatalogue_IsComplete(t *testing.T) {
	t.Parallel()
	for _, i := range Catalogue {
		for _, lang := range []string{"en", "ru", "kk"} {
			if i.Title[lang] == "" {
				t.Errorf("%s has no title in %s", i.ID, lang)
			}
		}
		if i.Numerator == "" || i.Population == "" || i.PeriodLogic == "" || i.Source == "" || i.Rule == "" {
			t.Errorf("%s lacks a part of its definition", i.ID)
		}
		if (i.Count != nil) != (i.PerClient > 0) || (i.Count == nil) == (i.Derived == "" && i.CountReport == nil) {
			t.Errorf("%s: it is counted, derived or counts reports, one of the three", i.ID)
		}
	}
	if _, ok := ByID("TDI99"); ok {
		t.Error("an unknown indicator was found")
	}
}
