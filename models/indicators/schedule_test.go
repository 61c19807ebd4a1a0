package indicators

import (
	"reflect"
	"slices"
	"testing"

	"jol/models"
)

func has(t *testing.T, s Status, period, id string) bool {
	t.Helper()
	p := mustPeriod(t, period)
	return slices.ContainsFunc(dueTables(mustPlan(t, Ministry), s, p), func(d due) bool { return d.id(p) == id })
}

func TestSchedule_AnIndicatorAppearsWhenItIsFinal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     Status
		period, id string
		want       bool
	}{
		{Final, "2026Q2", "COC21.total", true},         // +51 days, and the release is 90 days after
		{Provisional, "2026Q2", "COC21.total", false},  // no indicator is in a provisional one
		{Final, "2026Q1", "OAT03.total", false},        // six months and 30 days: 2026-10-30
		{Final, "2026Q2", "OAT03.total.2026Q1", false}, // from 2026-09-28
		{Final, "2026Q3", "OAT03.total.2026Q1", true},  // from 2026-12-29
		{Final, "2026Q4", "OAT03.total.2026Q1", false}, // once only
		{Annual, "2026", "OAT04.total.2026Q1", true},   // 2027-04-30, as the release
		{Annual, "2026", "REPRES6.region", false},      // +183 and 30 days
		{Final, "2027Q2", "REPRES6.region.2026", true}, // 2027-08-02, from 2027-09-28
		{Annual, "2026", "TDI01.region.sex.age", true}, // the core waits for nothing
		{Revision, "2026", "TDI01.region.sex.age", true},
		{Revision, "2026", "REPRES6.region", false}, // what was not in the annual release
	} {
		if got := has(t, c.status, c.period, c.id); got != c.want {
			t.Errorf("%s %s holds %s: %v", c.period, c.status, c.id, got)
		}
	}
}

// TestSchedule_EveryCellBelongsToOneRelease walks the calendar of nine years and looks at
// the five in the middle.
func TestSchedule_EveryCellBelongsToOneRelease(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, Ministry)
	type cell struct{ table, period string }
	held := map[cell]int{}
	for p := mustPeriod(t, "2022Q1"); p.Start() < "2031-01-01"; p = p.next() {
		places := []place{{Final, p}}
		if p.quarter == 4 {
			places = append(places, place{Annual, yearOf(p)})
		}
		for _, at := range places {
			ids := map[string]bool{}
			for _, d := range dueTables(plan, at.status, at.period) {
				if held[cell{d.line.ID, d.period.String()}]++; ids[d.id(at.period)] {
					t.Errorf("%s %s holds %s twice", at.period, at.status, d.id(at.period))
				}
				ids[d.id(at.period)] = true
				indicator, _ := ByID(d.line.Indicator)
				if d.line.Part == partIndicators && nominal(at) < indicator.FinalOn(d.period) {
					t.Errorf("%s %s holds %s of %s before it is final", at.period, at.status, d.line.ID, d.period)
				}
			}
		}
	}
	for p := mustPeriod(t, "2024Q1"); p.Start() < "2028-01-01"; p = p.next() {
		for status, period := range map[Status]Period{Final: p, Annual: yearOf(p)} {
			for _, line := range plan.TablesFor(status) {
				if n := held[cell{line.ID, period.String()}]; n != 1 {
					t.Errorf("%s of %s is in %d releases", line.ID, period, n)
				}
			}
		}
	}
}

func TestSeal_ShowsOneDrawInEveryTableThatNeedsIt(t *testing.T) {
	t.Parallel()
	rows := make([]ClientRows, 300)
	for i := range rows {
		rows[i] = ClientRows{SDCKey: int64(i), Episodes: []EpisodeRow{episode("2026-01-02", "")}, Entries: []models.EntryRow{{
			Kind: models.RowContact, Code: "NSP", On: "2026-03-01", Quantity: 3, Region: "KZ-55", Sex: "F", Age: 30, Sector: "ngo", NSPOffered: true,
		}}}
		rows[i].Episodes[0].Injecting = "2.3"
	}
	r := seal(t, accumulate(t, Ministry, testCountry, Annual, "2026", rows), 3)
	pairs := map[string]string{"NSP02.total": "NSP01.total", "NSP02.region": "NSP01.region", "COC21R.region": "COC21.region"}
	shown := 0
	for id, from := range pairs {
		a, ok := r.Table(id)
		b, ok2 := r.Table(from)
		if !ok || !ok2 {
			t.Fatal(id, from)
		}
		for i, c := range a.Cells {
			if c.Codes[len(c.Codes)-1] != MeasureDenominator {
				continue
			}
			o := b.Cells[i]
			if (c.Value == nil) != (o.Value == nil) || c.Value != nil && *c.Value != *o.Value {
				t.Errorf("%s %v shows another draw than %s", id, c.Codes, from)
			}
			if c.Value != nil {
				shown++
			}
		}
		for i, rate := range a.Rates {
			if rate.Denominator != nil && *rate.Denominator != *b.Rates[i].Denominator {
				t.Errorf("%s: the rate has another denominator", id)
			}
		}
	}
	if shown == 0 {
		t.Error("nothing was shown")
	}
}

// A cell is not shown in a table that says of itself another noise: its interval would be wrong.
func TestSeal_ShowsNoCellUnderAnotherNoise(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, Ministry)
	for source, refused := range map[string]bool{"TDI01.total": true, "TDI03.total": false} { // of the core, and of the indicators
		plan.Tables = []TableLine{
			{ID: "TDI01.total", Indicator: "TDI01", Part: partEntrants}, {ID: "TDI03.total", Indicator: "TDI03", Part: partIndicators},
			{ID: "COMP.total", Indicator: "COMP", Part: partIndicators, Dimensions: []string{DimMeasure}, Same: map[string]Source{MeasureDenominator: {Table: source}}},
		}
		a, err := NewAccumulator(plan, testCountry, Annual, mustPeriod(t, "2026"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Seal(testKey(1)); (err != nil) != refused {
			t.Errorf("from %s: %v", source, err)
		}
	}
}

// TestSeal_PeopleInTreatmentAreDrawnOnce holds that TDI03, the denominator of COMP and the
// drugs of SDG351 show one draw in a year. In a quarter COMP looks back twelve months and has
// a draw of its own.
func TestSeal_PeopleInTreatmentAreDrawnOnce(t *testing.T) {
	t.Parallel()
	rows := people(23, 600, testCountry.Regions[:2])
	for i := range 80 { // in treatment for both
		both := rows[i].Episodes[0]
		both.PrimaryDrug = alcohol
		rows[i].Episodes = append(rows[i].Episodes, both)
	}
	code := func(r Release, id, last string) (cells []Cell) {
		table, ok := r.Table(id)
		if !ok {
			t.Fatal(r.ID, id)
		}
		for _, c := range table.Cells {
			if last == "" || c.Codes[len(c.Codes)-1] == last {
				cells = append(cells, c)
			}
		}
		return cells
	}
	same := func(a, b []Cell) bool {
		return slices.EqualFunc(a, b, func(a, b Cell) bool {
			return reflect.DeepEqual([]*int64{a.Value, a.Lo95, a.Hi95}, []*int64{b.Value, b.Lo95, b.Hi95})
		})
	}
	for _, profile := range Profiles {
		r := seal(t, accumulate(t, profile, testCountry, Annual, "2026", rows), 3)
		for _, of := range []string{".total", "." + DimRegion} {
			if profile == OpenData && of != ".total" {
				continue
			}
			inTreatment := code(r, "TDI03"+of, "")
			if inTreatment[0].Value == nil || !same(inTreatment, code(r, "COMP"+of, MeasureDenominator)) || !same(inTreatment, code(r, "SDG351"+of, classDrugs)) {
				t.Errorf("%s: people in treatment%s were drawn apart", r.ID, of)
			}
			if same(inTreatment, code(r, "SDG351"+of, classAlcohol)) {
				t.Errorf("%s: alcohol%s shows the drugs", r.ID, of)
			}
		}
		if sdg, _ := r.Table("SDG351.total"); sdg.Rates != nil {
			t.Errorf("%s: SDG351 is no rate", r.ID)
		}
	}
	quarter := seal(t, accumulate(t, Ministry, testCountry, Final, "2026Q2", rows), 3)
	if same(code(quarter, "TDI03.total", ""), code(quarter, "COMP.total", MeasureDenominator)) {
		t.Error("twelve months show the count of a quarter")
	}
}

func TestSeal_DividesByAnEstimateOrSaysThatThereIsNone(t *testing.T) {
	t.Parallel()
	rows := people(5, 800, testCountry.Regions[:2])
	for i := range rows {
		rows[i].Entries = []models.EntryRow{{Kind: models.RowContact, Code: "NSP", On: "2026-03-01", Quantity: 3, Region: "KZ-10", Sex: "F", Age: 30, Sector: "ngo", NSPOffered: true}}
	}
	a := accumulate(t, Ministry, testCountry, Annual, "2026", rows)
	a.estimates = []models.Estimate{
		{Kind: "pwid", Country: "KZ", Year: 2026, Value: 2000, Low: 1000, High: 4000, Source: "survey"},
		{Kind: "pwid", Country: "KZ", Region: "KZ-10", Year: 2026, Value: 1000}, // without a source
	}
	r := seal(t, a, 1)
	country, _ := r.Table("NSP01.total")
	if len(country.Coverage) != 1 || country.Coverage[0].Value == nil || country.Coverage[0].Reason != "" {
		t.Fatalf("coverage %+v", country.Coverage)
	}
	region, _ := r.Table("NSP01.region")
	for _, c := range region.Coverage {
		if c.Value != nil || c.Reason != NoEstimate {
			t.Errorf("%v: %+v without an estimate that has a source", c.Codes, c)
		}
	}
}

// What two hidden bands could hold, four each under a floor of five, is a tenth of 80 and over one of 79.
func TestMeans_NoneWhereHiddenBandsCouldHoldOverATenth(t *testing.T) {
	t.Parallel()
	for shown, want := range map[int64]Flag{79: HiddenBands, 80: "", 49: FewClients} {
		m := means(Table{Dimensions: []string{DimAgeFine}, noise: Noise{Variance: 4, Bound: 12, Floor: 5}, Cells: []Cell{
			{Codes: []string{"30-34"}, Value: &shown}, {Codes: []string{"35-44"}}, {Codes: []string{"45-54"}},
		}})
		if len(m) != 1 || m[0].Flag != want || (m[0].Value == nil) != (want != "") {
			t.Errorf("%d shown: %+v", shown, m)
		}
	}
}

func TestMeans_OnlyFromPublishedBands(t *testing.T) {
	t.Parallel()
	r := seal(t, accumulate(t, Ministry, testCountry, Annual, "2026", people(6, 3000, testCountry.Regions)), 1)
	table, _ := r.Table("TDI01.sex.age_fine")
	if len(table.Means) != 2 {
		t.Fatalf("%d means", len(table.Means))
	}
	for _, m := range table.Means {
		if m.Value == nil || m.P95 == nil || *m.P95 <= 0 || *m.Value < "25" || *m.Value > "45" {
			t.Errorf("%+v", m)
		}
	}
	drugs, _ := r.Table("TDI.12.1.1")
	few := 0
	for _, m := range drugs.Means {
		if (m.Value == nil) != (m.Flag != "") {
			t.Errorf("%+v", m)
		}
		if m.Flag != "" {
			few++
		}
	}
	if few == 0 || few == len(drugs.Means) {
		t.Errorf("%d of %d means are missing", few, len(drugs.Means))
	}
}
