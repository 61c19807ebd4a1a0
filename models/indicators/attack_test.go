package indicators

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// `make test` runs the attacks on a small country; `make attack` sets JOL_ATTACK and runs
// them on 20,000 and 100,000 clients, where docs/disclosure-control.md takes its figures from.

// scene is one country under attack.
type scene struct {
	clients int
	regions int
	// attacked regions, and how many small counts of each the linear programme tries.
	attacked, tried int
	quarters        bool
	attributes      []string // of the national tables
	alcohol         int      // entrants for alcohol
}

func scenes() []scene {
	if os.Getenv("JOL_ATTACK") != "" {
		var all []string
		for _, table := range tdiList {
			if len(table.columns) == 1 && table.columns[0] != DimSex {
				all = append(all, table.columns[0])
			}
		}
		return []scene{{20_000, 20, 6, 60, true, all, 600}, {100_000, 20, 4, 60, true, all, 3_000}}
	}
	return []scene{{1_500, 3, 2, 25, false, []string{DimChildren, DimCentreType}, 300}}
}

// nationalBlocks are the classifications of the national tables: what a table shows by
// drug, with sex, and what several tables without drugs show of each other.
func (s scene) nationalBlocks() (blocks [][]string) {
	for _, attribute := range s.attributes {
		blocks = append(blocks, []string{DimSex, DimDrugRow, attribute})
	}
	return append(blocks, withoutDrugs...)
}

var withoutDrugs = [][]string{{DimInjecting, DimHIVTest, DimHCVTest, DimSharing}, {DimPreviousTreatment, DimCentreType, DimPolydrug}, {DimAgeTDI, DimYearsSinceInjection}}

// countryBlock is a block of the whole country.
func countryBlock(dimensions ...string) block {
	b := block{dimensions: dimensions, fixed: map[string]string{}}
	for _, d := range dimensions {
		b.codes = append(b.codes, codesOf(d, Country{}))
	}
	return b
}

// attackRegions runs both estimators over regions that are published on their own.
func attackRegions(t *testing.T, s scene, y year) (lp, linear outcome) {
	t.Helper()
	attacked := 0
	for _, region := range slices.Backward(y.regions) {
		if attacked == s.attacked || y.layout.Regions[region] != "" {
			continue
		}
		attacked++
		b := regionBlock(region, s.quarters)
		with := y
		with.cells = append(slices.Clip(y.cells), y.differences(region)...)
		sums := b.sums(with)
		lp.add(intervals(t, b.size(), b.persons(sums), sums, s.tried))
		linear.add(bestEstimates(b.prior(sums), sums))
	}
	return lp, linear
}

func (s scene) country() Country {
	return Country{Code: "KZ", Regions: testCountry.Regions[:s.regions]}
}

func TestAttack_RegionYearOverTheUnionOfAllReleases(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients), s.clients, s.country().Regions)
		y := publishYear(t, s.country(), rows, sealedLook, core)
		lp, linear := attackRegions(t, s, y)
		t.Logf("%d clients, sealed: linear programme on %d small counts: %d proven, presence of %d proven; best linear estimator on %d: %d claimed at 95 %% and right",
			s.clients, lp.small, lp.proven, lp.present, linear.small, linear.claims)
		if lp.small < 10 || lp.proven != 0 || lp.present != 0 {
			t.Errorf("the linear programme proves %+v", lp)
		}
		if linear.small < 10 || linear.claims*100 > linear.small {
			t.Errorf("the estimator claims %+v", linear)
		}
	}
}

// TestAttack_FindsPlainSuppression and the two after it run the same attackers on weakened
// methods: an attacker that finds nothing there would prove nothing here.
func TestAttack_FindsPlainSuppression(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients), s.clients, s.country().Regions)
		y := publishYear(t, s.country(), rows, suppressed, core)
		s.attacked = 1
		lp, linear := attackRegions(t, s, y)
		t.Logf("%d clients, plain <5: linear programme on %d small counts: %d proven, presence of %d proven; best linear estimator on %d: %d claimed at 95 %% and right",
			s.clients, lp.small, lp.proven, lp.present, linear.small, linear.claims)
		if lp.present*2 < lp.small {
			t.Errorf("the linear programme finds %+v", lp)
		}
	}
}

func TestAttack_FindsABoundOfEight(t *testing.T) {
	t.Parallel()
	s := scenes()[0]
	small, present := 0, 0
	for seed := range uint64(4) {
		y := publishYear(t, s.country(), people(seed, s.clients, s.country().Regions), shortBound, core)
		for _, region := range s.country().Regions {
			b := regionBlock(region, true)
			for _, c := range y.cells {
				if c.truth < 1 || c.truth > 4 || c.at[DimRegion] != region {
					continue
				}
				if _, ok := b.members(c, y.layout); ok {
					if small++; c.lo >= 1 {
						present++
					}
				}
			}
		}
	}
	t.Logf("%d clients, D = 8: presence proven by %d of %d published small counts", s.clients, present, small)
	if present == 0 {
		t.Error("the interval attack finds nothing at D = 8: it does not bite")
	}
}

// TestAttack_FindsAShortBoundInIndicators cuts the noise of the second part alike, at four
// standard deviations. It is wider, so that it takes more cells until one gives itself away.
func TestAttack_FindsAShortBoundInIndicators(t *testing.T) {
	t.Parallel()
	persons := func(l TableLine) bool {
		indicator, _ := ByID(l.Indicator)
		return second(l) && indicator.PerClient <= eventsCounted
	}
	a := ofTheYear(t, Ministry, testCountry, Annual, mustPeriod(t, "2026"), persons)
	for _, c := range people(8, 3_000, testCountry.Regions) {
		if err := a.AddClient(c); err != nil {
			t.Fatal(err)
		}
	}
	for _, method := range []struct {
		name string
		look look
	}{{"sealed", sealedLook}, {"cut at four standard deviations", shortBound}} {
		small, present := 0, 0
		for key := range uint64(60) {
			for _, tl := range a.tallies {
				if !persons(tl.line) {
					continue // regionTotals
				}
				for i, g := range method.look(t, a, tl, key) {
					if n := tl.cells[i].n; n >= 1 && n <= 4 {
						if small++; g.lo >= 1 {
							present++
						}
					}
				}
			}
		}
		t.Logf("indicators, %s: presence proven by %d of %d published small counts", method.name, present, small)
		if (method.name == "sealed") != (present == 0) {
			t.Error("the sealed cells prove presence, or the attack does not bite")
		}
	}
}

// unequal counts how often the rule "the total differs from its part, so there is somebody
// else" fires where there are 1 to 4 others and where there is none.
type unequal struct{ small, fired, none, firedNone int }

func (u *unequal) add(total, part seen) {
	if total.hidden || part.hidden {
		return
	}
	fires := total.value != part.value
	switch others := total.truth - part.truth; {
	case others == 0:
		if u.none++; fires {
			u.firedNone++
		}
	case others > 0 && others <= 4:
		if u.small++; fires {
			u.fired++
		}
	}
}

// sexes applies the rule to every cell and its men, and the other way round.
func (u *unequal) sexes(y year) {
	totals := map[string]seen{}
	cell := func(c seen) string { at := maps.Clone(c.at); delete(at, DimSex); return fmt.Sprint(c.profile, at) }
	name := func(c seen) string {
		return strings.Replace(c.table, DimSex+".", "", 1)
	}
	for _, c := range y.cells {
		if _, ok := c.at[DimSex]; !ok {
			totals[c.table+cell(c)] = c
		}
	}
	for _, c := range y.cells {
		if total, ok := totals[name(c)+cell(c)]; ok && c.at[DimSex] != "" {
			u.add(total, c)
		}
	}
}

// rates applies the rule to every denominator and its numerator.
func (u *unequal) rates(y year) {
	denominators := map[string]seen{}
	for _, c := range y.cells {
		denominators[fmt.Sprint(c.table, c.at)+c.profile] = c
	}
	for _, n := range y.cells {
		if n.at[DimMeasure] == MeasureNumerator {
			if d, ok := denominators[denominatorOf(n)+n.profile]; ok {
				u.add(d, n)
			}
		}
	}
}

func TestAttack_InequalityOfTotalAndPart(t *testing.T) {
	t.Parallel()
	s := scene{clients: 1_500, regions: 3}
	counted := ofTheYear(t, Ministry, testCountry, Annual, mustPeriod(t, "2026"), second)
	for _, c := range people(9, 3_000, testCountry.Regions) {
		if err := counted.AddClient(c); err != nil {
			t.Fatal(err)
		}
	}
	for _, of := range []struct {
		name string
		run  func(method look) unequal
	}{
		{"total and one sex", func(method look) (u unequal) {
			for seed := range uint64(6) {
				u.sexes(publishYear(t, s.country(), people(seed, s.clients, s.country().Regions), method, core))
			}
			return u
		}},
		{"denominator and numerator", func(method look) (u unequal) {
			for key := range uint64(6) {
				var y year
				y.look(t, counted, key, method, second)
				u.rates(y)
			}
			return u
		}},
	} {
		u := of.run(sealedLook)
		t.Logf("%s, sealed: the rule fires on %d of %d with 1 to 4 others and on %d of %d without", of.name, u.fired, u.small, u.firedNone, u.none)
		if u.small < 50 || u.none < 50 || math.Abs(float64(u.fired)/float64(u.small)-float64(u.firedNone)/float64(u.none)) > 0.15 {
			t.Errorf("%s: the rule tells 1 to 4 from none", of.name)
		}
		u = of.run(textbook)
		t.Logf("%s, textbook cell key: the rule fires on %d of %d with 1 to 4 others and on %d of %d without", of.name, u.fired, u.small, u.firedNone, u.none)
		if u.firedNone != 0 || u.fired*10 < u.small*7 {
			t.Errorf("%s: the rule finds nothing in the textbook method: it does not bite", of.name)
		}
	}
}

// TestAttack_ErasureAndRebuild seals twice under one key, which the service cannot do, with
// and without a client: at most the client's own cells change, and not by a clean -1.
func TestAttack_ErasureAndRebuild(t *testing.T) {
	t.Parallel()
	rows := people(9, 400, testCountry.Regions[:3])
	country := Country{Code: "KZ", Regions: testCountry.Regions[:3]}
	whole := accumulate(t, Ministry, country, Annual, "2026", rows)
	erased := accumulate(t, Ministry, country, Annual, "2026", rows[1:])
	changed, clean, drawn := 0, 0, 0
	for i, tl := range whole.tallies {
		if tl.line.Part != partEntrants {
			continue
		}
		drawn++
		a, b := sealedLook(t, whole, tl, 5), sealedLook(t, erased, erased.tallies[i], 5)
		for k := range a {
			if a[k] != b[k] {
				if changed++; a[k].value-b[k].value == 1 {
					clean++
				}
			}
		}
	}
	t.Logf("%d of %d cells of one client changed, %d by exactly one", changed, drawn, clean)
	if changed == 0 || changed > drawn || clean*2 > changed {
		t.Error("an erasure shows")
	}
}

// TestAttack_UtilityIsWhatTheDocumentSays measures the mean relative error of what is shown.
func TestAttack_UtilityIsWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		y := publishYear(t, s.country(), peopleOf(even, uint64(s.clients)+2, s.clients, s.country().Regions), sealedLook, core)
		sum, n := map[string]float64{}, map[string]int{}
		for _, c := range y.cells {
			if _, ok := c.at[DimRegion]; !ok || c.hidden || c.truth == 0 || !strings.HasPrefix(c.profile, string(Ministry)) || strings.Contains(c.profile, string(Provisional)) {
				continue
			}
			kind := fmt.Sprintf("region by %d attributes", len(c.at)-1)
			if _, quarter := c.at["quarter"]; quarter {
				kind = fmt.Sprintf("region x quarter by %d attributes", len(c.at)-2)
			}
			sum[kind] += math.Abs(c.value-float64(c.truth)) / float64(c.truth)
			n[kind]++
		}
		for _, kind := range slices.Sorted(maps.Keys(sum)) {
			t.Logf("%d clients, %s: mean relative error %.2f %% over %d cells", s.clients, kind, 100*sum[kind]/float64(n[kind]), n[kind])
		}
		if e := sum["region by 0 attributes"] / float64(n["region by 0 attributes"]); e > 0.01 {
			t.Errorf("region totals are off by %.2f %% on average", 100*e)
		}
	}
}

func TestAttack_NationalTables(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients)+1, s.clients, s.country().Regions)
		for _, method := range []struct {
			name string
			look look
		}{{"sealed", sealedLook}, {"plain <5", suppressed}} {
			y := publishYear(t, s.country(), rows, method.look, national)
			var lp, linear outcome
			for _, dimensions := range s.nationalBlocks() {
				b := countryBlock(dimensions...)
				sums := b.sums(y)
				lp.add(intervals(t, b.size(), b.persons(sums), sums, s.tried/3))
				linear.add(bestEstimates(b.prior(sums), sums))
			}
			judge(t, s.clients, "national", method.name, lp, linear)
		}
	}
}

// TestAttack_AlcoholTables attacks the tables of those who enter for alcohol. Told that
// nobody was in treatment for it before, SDG351 is one more draw of their total.
func TestAttack_AlcoholTables(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients)+4, s.alcohol, s.country().Regions)
		for i := range rows {
			for k := range rows[i].Episodes {
				rows[i].Episodes[k].PrimaryDrug = alcohol
			}
		}
		for _, method := range []struct {
			name string
			look look
		}{{"sealed", sealedLook}, {"plain <5", suppressed}} {
			y := publishYear(t, s.country(), rows, method.look, func(l TableLine) bool { return strings.HasPrefix(l.ID, "ALC.") || l.ID == "SDG351.total" })
			var lp, linear outcome
			for _, dimensions := range s.nationalBlocks() {
				b := countryBlock(slices.DeleteFunc(dimensions, func(d string) bool { return d == DimDrugRow })...)
				sums := b.sums(y)
				for _, c := range y.cells {
					if i := slices.IndexFunc(sums, func(s *sumSeen) bool { return len(s.cells) == b.size() }); c.table == "SDG351.total" {
						sums[i].join(c.sum())
					}
				}
				lp.add(intervals(t, b.size(), b.persons(sums), sums, s.tried))
				linear.add(bestEstimates(b.prior(sums), sums))
			}
			judge(t, s.alcohol, "for alcohol", method.name, lp, linear)
		}
	}
}

// TestAttack_RatesAndTheirComplements bounds every numerator, and what is left of its
// denominator, by all draws of both: a numerator is no more than its denominator.
func TestAttack_RatesAndTheirComplements(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients)+3, s.clients, s.country().Regions)
		for _, method := range []struct {
			name string
			look look
		}{{"sealed", sealedLook}, {"plain <5", suppressed}} {
			small, present := ratesAndComplements(publishYear(t, s.country(), rows, method.look, second))
			t.Logf("%d clients, indicators, %s: presence proven in %d of %d small numerators and complements", s.clients, method.name, present, small)
			if small < 5 || (method.name == "sealed") != (present == 0) {
				t.Error("the sealed tables prove presence, or the attacker does not bite")
			}
		}
	}
}

func ratesAndComplements(y year) (small, present int) {
	joined := map[string]seen{}
	var order []string
	for _, c := range y.cells {
		key := fmt.Sprint(c.table, c.at)
		if o, ok := joined[key]; ok {
			c.lo, c.hi = max(c.lo, o.lo), min(c.hi, o.hi)
		} else {
			order = append(order, key)
		}
		joined[key] = c
	}
	for _, key := range order {
		n := joined[key]
		if n.at[DimMeasure] != MeasureNumerator {
			continue
		}
		d, ok := joined[denominatorOf(n)]
		if !ok {
			continue
		}
		if n.truth >= 1 && n.truth <= 4 {
			if small++; n.lo >= 1 {
				present++
			}
		}
		if rest := d.truth - n.truth; rest >= 1 && rest <= 4 {
			if small++; d.lo-n.hi >= 1 {
				present++
			}
		}
	}
	return small, present
}

// denominatorOf names the published cell of the denominator of a numerator, which may
// stand in another table.
func denominatorOf(n seen) string {
	at := maps.Clone(n.at)
	at[DimMeasure] = MeasureDenominator
	line := planTables[slices.IndexFunc(planTables, func(l TableLine) bool { return l.ID == n.table })]
	source, again := line.Same[MeasureDenominator]
	if _, quarter := at["quarter"]; !again || quarter && source.InYears {
		return fmt.Sprint(n.table, at)
	}
	if at[DimMeasure] = source.Measure; source.Measure == "" {
		delete(at, DimMeasure)
	}
	return fmt.Sprint(source.Table, at)
}
