package indicators

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// split counts the tables of a part and status for the country and for regions.
func split(t *testing.T, profile Profile, part string, s Status) (country, region int) {
	t.Helper()
	for _, line := range mustPlan(t, profile).TablesFor(s) {
		switch {
		case line.Part != part:
		case slices.Contains(line.Dimensions, DimRegion):
			region++
		default:
			country++
		}
	}
	return country, region
}

func TestPlan_CoreHasTheTablesOfTheRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile         Profile
		status          Status
		country, region int
	}{
		{Ministry, Annual, 32, 19}, {Ministry, Final, 20, 7}, {Ministry, Provisional, 7, 1}, {Ministry, Revision, 32, 19}, // 78 and K = 78; provisional K = 8
		{OpenData, Annual, 20, 7}, {OpenData, Final, 7, 1}, {OpenData, Provisional, 1, 0}, {OpenData, Revision, 0, 0}, // 35
	} {
		country, region := split(t, c.profile, partEntrants, c.status)
		if country != c.country || region != c.region {
			t.Errorf("%s %s: %d tables of the country and %d of regions, want %d and %d", c.profile, c.status, country, region, c.country, c.region)
		}
	}
	if _, err := PlanFor("everything"); !models.IsKind(err, models.KindInvalid) {
		t.Errorf("an unknown profile gives %v", err)
	}
}

// TestPlan_CoreByBruteForce builds the set from the words of the rule, not from the code:
// every choice of at most three of six variants, no two of age and no two of drug.
func TestPlan_CoreByBruteForce(t *testing.T) {
	t.Parallel()
	six := []string{DimSex, DimAge, DimAgeFine, DimDrug, DimDrug6, DimCentre}
	want := map[string]bool{}
	for set := range 64 {
		var chosen []string
		for i, d := range six {
			if set&(1<<i) != 0 {
				chosen = append(chosen, d)
			}
		}
		has := func(d string) bool { return slices.Contains(chosen, d) }
		if len(chosen) > 3 || has(DimAge) && has(DimAgeFine) || has(DimDrug) && has(DimDrug6) {
			continue
		}
		want["|"+strings.Join(chosen, ",")] = true
		if len(chosen) <= 2 && !(has(DimAgeFine) && has(DimDrug6)) {
			want["region|"+strings.Join(chosen, ",")] = true
		}
	}
	got := map[string]bool{}
	for _, line := range entrantTables() {
		geography, rest := "", line.Dimensions
		if len(rest) > 0 && rest[0] == DimRegion {
			geography, rest = "region", rest[1:]
		}
		got[geography+"|"+strings.Join(rest, ",")] = true
	}
	for k := range want {
		if !got[k] {
			t.Errorf("%s is missing", k)
		}
	}
	if len(got) != len(want) || len(got) != 51 {
		t.Errorf("%d tables, want %d", len(got), len(want))
	}
}

func TestPlan_BudgetIsThePublishedOne(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		parts := map[string]float64{}
		for _, d := range Draws(plan) {
			parts[d.Part] += float64(d.Times) * d.Rho
		}
		t.Logf("%s: %.3f, by part %v", profile, Budget(plan), parts)
		if rho := Budget(plan); math.Abs(rho-plan.PublishedBudget) > 0.0005 {
			t.Errorf("%s: the plan spends %.4f and says %.4f", profile, rho, plan.PublishedBudget)
		}
	}
	if rho := mustPlan(t, OpenData).PublishedBudget; rho >= 1.5 {
		t.Errorf("the open-data profile spends %.3f, the limit is 1.5", rho)
	}
	if rho := mustPlan(t, Ministry).PublishedBudget; rho > 45 {
		t.Errorf("the ministry profile spends %.3f, the limit is 45", rho)
	}
}

// planSums are the sha256 of what each version of the plan seals and spends. A release names
// its version: what was sealed under a version is read by it for ever.
var planSums = map[int]string{
	2: "1bb637cdfd5639310bcdb3e02aaeb402ef02a0593fea36e2b2b71985b547e2c1",
	3: "31219da92df2b43d9afcf7a6de11710bb508115b0494b281ef710b816e00147e",
}

func TestPlan_ChangesWithItsVersion(t *testing.T) {
	t.Parallel()
	sum := sha256.New()
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		fmt.Fprintf(sum, "%+v\n%+v\n%+v\n", plan.Tables, plan.Parts, Draws(plan))
	}
	version := mustPlan(t, Ministry).Version
	if got := hex.EncodeToString(sum.Sum(nil)); got != planSums[version] {
		t.Errorf("tables or parts differ from those of version %d: raise Version in PlanFor, run make attack, and add to planSums\n%d: %q", version, version+1, got)
	}
}

// The budgets in the documentation are those of the plan, to the last digit.
func TestPlan_BudgetsStandInTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/disclosure-control.md")
	if err != nil {
		t.Fatal(err)
	}
	columns := map[Profile]int{Ministry: 3, OpenData: 5} // of the table in 2.4a, from 0 before the first bar
	for _, profile := range Profiles {
		parts := map[string]float64{}
		for _, d := range Draws(mustPlan(t, profile)) {
			parts[d.Part] += float64(d.Times) * d.Rho
			parts["**all**"] += float64(d.Times) * d.Rho
		}
		for part, rho := range parts {
			want := fmt.Sprintf("%.3f", rho)
			i := slices.IndexFunc(strings.Split(string(text), "\n"), func(line string) bool {
				cells := strings.Split(line, "|")
				return len(cells) == 7 && strings.TrimSpace(cells[1]) == part && strings.Trim(cells[columns[profile]], " *") == want
			})
			if i < 0 {
				t.Errorf("docs/disclosure-control.md, 2.4a: %s of %s spends %s", part, profile, want)
			}
		}
	}
}

func TestPlan_BudgetOfTheCoreByHand(t *testing.T) {
	t.Parallel()
	core := func(profile Profile) (rho float64) {
		for _, d := range Draws(mustPlan(t, profile)) {
			if d.Part == partEntrants {
				rho += float64(d.Times) * d.Rho
			}
		}
		return rho
	}
	// 78 final and annual draws, 8 provisional and 51 of a revision, each 1/(2*4).
	if got, want := core(Ministry), (78.0+8+51)/8; math.Abs(got-want) > 1e-12 {
		t.Errorf("ministry core: %.6f, by hand %.6f", got, want)
	}
	// 35 final and annual draws and one provisional, each 1/(2*16).
	if got, want := core(OpenData), 36.0/32; math.Abs(got-want) > 1e-12 {
		t.Errorf("open-data core: %.6f, by hand %.6f", got, want)
	}
}

func TestPlan_IsClosedAndWellFormed(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		seen := map[string]bool{}
		for _, line := range plan.Tables {
			indicator, ok := ByID(line.Indicator)
			if !ok || indicator.Count == nil || seen[line.ID] {
				t.Errorf("%s is doubled, or its indicator %s is unknown or not counted", line.ID, line.Indicator)
			}
			seen[line.ID] = true
			if _, ok := plan.Parts[line.Part]; !ok {
				t.Errorf("%s is in no part", line.ID)
			}
			for i, d := range line.Dimensions {
				if d == DimMeasure && i != len(line.Dimensions)-1 || len(codesOf(d, testCountry)) == 0 || slices.Contains(line.Dimensions[:i], d) {
					t.Errorf("%s: dimension %s", line.ID, d)
				}
			}
			if line.isRate() != indicator.isRate() && line.Part == partIndicators {
				t.Errorf("%s: measures and denominator disagree", line.ID)
			}
			if n := len(line.Dimensions); line.Part == partTDI && (n > 3 || slices.Contains(line.Dimensions, DimRegion)) {
				t.Errorf("%s: the TDI part is national and has at most a drug row, an attribute and a split", line.ID)
			}
			if w := line.Where; w.Dimension != "" && (w.Dimension != DimSex || len(codesOf(line.Dimensions[len(line.Dimensions)-1], testCountry)) > 6) {
				t.Errorf("%s: a split by sex of more than six codes", line.ID)
			}
		}
		for _, s := range Statuses {
			for _, line := range plan.TablesFor(s) {
				for _, source := range line.Same {
					if !slices.ContainsFunc(plan.TablesFor(s), func(l TableLine) bool { return l.ID == source.Table }) {
						t.Errorf("%s %s: %s is shown from %s, which is not there", profile, s, line.ID, source.Table)
					}
				}
			}
		}
	}
}

// What an indicator counts is drawn once in a release: of clients that try every indicator no two
// cells hold the same people each time, but those that are shown from another table (Same). The
// core and the tables of the return are left out: they draw anew what their lists share.
func TestPlan_AnIndicatorIsNoSecondDraw(t *testing.T) {
	t.Parallel()
	a, err := NewAccumulator(mustPlan(t, Ministry), testCountry, Annual, mustPeriod(t, "2026"))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3000) {
		if err := a.AddClient(randomClient(rand.New(rand.NewPCG(seed, 9)))); err != nil {
			t.Fatal(err)
		}
	}
	drawn, cells := map[cell]string{}, 0
	for _, indicators := range []bool{false, true} {
		for _, tl := range a.tallies {
			if (tl.line.Part == partIndicators) != indicators || slices.Contains(tl.line.Dimensions, DimRegion) { // the regions follow the country
				continue
			}
			for i, c := range tl.cells {
				codes := tl.coordinates(i)
				shown := false
				if len(codes) > 0 {
					_, shown = tl.line.Same[codes[len(codes)-1]]
				}
				if shown || c.n < 50 { // few may be the same people by chance
					continue
				}
				id := fmt.Sprint(tl.id, codes)
				if before, ok := drawn[c]; indicators && ok {
					t.Errorf("%s counts what %s counts: show it from there", id, before)
				}
				drawn[c] = id
				cells++
			}
		}
	}
	if cells < 150 {
		t.Errorf("%d cells were compared", cells)
	}
}

// TestPlan_NamesEveryTableOfTheTemplate holds the worksheet together: each table of the
// TDI template is published, or said to be missing with a reason.
func TestPlan_NamesEveryTableOfTheTemplate(t *testing.T) {
	t.Parallel()
	last := map[string]int{"11.1": 9, "24.1": 1, "25.1": 6, "28.1": 1, "29.1": 2}
	published := map[string]bool{}
	for _, line := range planTables {
		if id, ok := strings.CutPrefix(line.ID, "TDI."); ok && line.Part == partTDI {
			published[id] = true
		}
	}
	missing := ""
	for _, m := range NotAvailable {
		missing += m.Tables + ", "
		if m.Reason == "" {
			t.Errorf("%s is missing without a reason", m.Tables)
		}
	}
	for chapter := 8; chapter <= 29; chapter++ {
		prefix := string(rune('0'+chapter/10)) + string(rune('0'+chapter%10))
		prefix = strings.TrimPrefix(prefix, "0") + ".1"
		n := 3
		if k, ok := last[prefix]; ok {
			n = k
		}
		for k := 1; k <= n; k++ {
			id := prefix + "." + string(rune('0'+k))
			said := strings.Contains(missing, id+",") || prefix == "11.1" || prefix == "25.1"
			if published[id] == said {
				t.Errorf("%s: published %v, said to be missing %v", id, published[id], said)
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

// Readers find the codes of bands, groups and drug rows among the code lists, with labels.
func TestDimensions_HaveTheirCodeList(t *testing.T) {
	t.Parallel()
	for dimension, id := range map[string]string{
		DimAge: "release_age", DimAgeFine: "release_age_fine", DimDrug: "release_drug", DimDrug6: "release_drug6", DimCentre: "release_centre",
		DimDrugGroup: "tdi_drug_group", DimDrugRow: "tdi_drug_row", DimYearsSinceInjection: "release_years_since", DimYearsSinceOST: "release_years_since",
	} {
		list, _ := models.CodeListByID(id)
		var codes []string
		for _, c := range list.Codes {
			codes = append(codes, c.Code)
		}
		if !slices.Equal(codes, codesOf(dimension, testCountry)) {
			t.Errorf("%s: the list has %v, the tables %v", dimension, codes, codesOf(dimension, testCountry))
		}
	}
}

// Draw is one group of cells of which a client is in one: its share of the budget.
type Draw struct {
	Table   string
	Measure string
	Part    string
	Status  Status
	Times   int     // how often a year: four quarters, or once
	Rho     float64 // m^2 / (2 variance) of one
}

// Draws lists every draw one client can be in for a year: provisional, final,
// annual and one revision (disclosure control §2.4a). A client enters treatment in
// one quarter of a year but can be counted by other indicators in all four. Tables
// of one split are one draw.
func Draws(p Plan) []Draw {
	var all []Draw
	for _, s := range Statuses {
		split := map[string]bool{}
		for _, line := range p.TablesFor(s) {
			if line.Where != (Filter{}) {
				key := line.Indicator + "|" + line.Where.Dimension + "|" + strings.Join(line.Dimensions, ",")
				if split[key] {
					continue
				}
				split[key] = true
			}
			indicator, _ := ByID(line.Indicator)
			times := 1
			if (s == Provisional || s == Final) && !indicator.OncePerYear {
				times = 4
			}
			m := float64(indicator.PerClient)
			for _, measure := range line.measures(indicator) {
				all = append(all, Draw{
					Table: line.ID, Measure: measure, Part: line.Part, Status: s, Times: times,
					Rho: m * m / (2 * float64(p.noiseOf(line, indicator).Variance)),
				})
			}
		}
	}
	return all
}

// Budget sums the draws. It says what a reader who knows everyone else could use; it
// is no privacy promise.
func Budget(p Plan) float64 {
	rho := 0.0
	for _, d := range Draws(p) {
		rho += float64(d.Times) * d.Rho
	}
	return rho
}

// measures lists what a client is drawn into in this table: the measures that are
// not shown from another one.
func (l TableLine) measures(i Indicator) []string {
	all := []string{""}
	if l.isRate() {
		all = codesOf(DimMeasure, Country{})
	}
	return slices.DeleteFunc(all, func(m string) bool { _, shared := l.Same[m]; return shared })
}
