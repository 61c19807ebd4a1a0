package indicators

import (
	"slices"
	"strings"
	"testing"
)

// The joint attack ties the indicators to the core and to each other: an entrant of a
// region-year is also in the denominators of TDI02 and TDI05, and here the attacker is told
// even more than is public, that nobody of the country has two journeys, or treatment that
// began in another year. Then people in treatment and the denominators of retention and of
// completion are more draws of the number of entrants, and whoever another indicator
// counts is one of them, or part of what a third one counts.

// nested says how an indicator hangs on others in the country of people(). Others are
// named by measure: "OAT03 denominator", or "entrants".
type nested struct {
	id string
	// whole is what the denominator, or the count, is part of; equals is what it is
	// another draw of.
	whole, equals string
	// numerator is what the numerator equals, inside what it is part of.
	numerator, inside string
	// quarters says that this holds in each quarter too; yearEnd that the number of the
	// year is that of its last quarter. Otherwise the quarters add up to the year, but for
	// those who are in several, and the attacker is told how many.
	quarters, yearEnd bool
	// dimension has the codes that make up numerator and denominator, where a block knows them.
	dimension                            string
	codesOfNumerator, codesOfDenominator []string
}

const everybody = "entrants"

// nestedIndicators are all of the plan but TDI06, see items, and SDG351, whose drugs are TDI03
// and whose alcohol is attacked with the tables for alcohol.
var nestedIndicators = []nested{
	{id: "TDI02", whole: everybody, quarters: true, dimension: DimPreviousTreatment, codesOfNumerator: []string{"1"}, codesOfDenominator: []string{"1", "2"}},
	{id: "TDI05", whole: everybody, quarters: true, dimension: DimInjecting, codesOfNumerator: []string{"2.3"}, codesOfDenominator: []string{"1", "2.1", "2.2", "2.3"}},
	{id: "TDI03", equals: everybody},
	{id: "RET12", equals: everybody, quarters: true},
	{id: "COMP", equals: everybody, yearEnd: true},
	{id: "REPRES6", equals: "COMP numerator"},
	{id: "WAIT21", whole: everybody, quarters: true},
	{id: "OAT01", whole: everybody, yearEnd: true},
	{id: "OAT03", whole: everybody},
	{id: "OAT04", equals: "OAT03 denominator", inside: "OAT03 numerator", quarters: true},
	{id: "OAT02", whole: "OAT03 denominator"},
	{id: "OAT05", whole: "OAT01 numerator", yearEnd: true},
	{id: "OAT06", whole: everybody, inside: "OAT01 numerator", yearEnd: true},
	{id: "COC21", whole: everybody},
	{id: "COC21X", numerator: "COC21 numerator", whole: "COC21 denominator", quarters: true},
	{id: "COC21R", equals: "COC21 denominator", quarters: true},
	{id: "COC01", whole: "COC21 denominator", quarters: true},
	{id: "REF01"}, {id: "WAITQ", yearEnd: true},
	{id: "NSP01", whole: everybody},
	{id: "NSP02", equals: "NSP01 denominator", inside: "NSP01 numerator", quarters: true},
	{id: "NSP03", whole: "NSP01 numerator"},
	{id: "NAL01", whole: everybody}, {id: "HTS01", whole: everybody}, {id: "HTS02", whole: everybody}, {id: "HCV01", whole: everybody}, {id: "HCV02", whole: everybody},
}

// An indicator that is planned and not here is one that the joint attack does not see.
func TestAttack_IsToldOfEveryIndicator(t *testing.T) {
	t.Parallel()
	for _, p := range plannedIndicators {
		named := slices.ContainsFunc(nestedIndicators, func(n nested) bool { return n.id == p.id })
		if named == (p.id == "TDI06" || p.id == "SDG351") {
			t.Errorf("%s: in nestedIndicators %v; say there what it is part of", p.id, named)
		}
	}
}

// jointly is everything published of a block, the indicators first. Beside the unknowns of
// the block there are those of each indicator that the block does not know: the numerator,
// the rest of the denominator, and the rest of what it is part of.
type jointly struct {
	t        *testing.T
	b        block
	y        year
	unknowns int
	prior    []float64
	sums     []*sumSeen
	// counted adds up the unknowns.
	counted float64
	// of has the sums by name.
	of map[string]*sumSeen
}

// quartersOf2026 are the suffixes of what is counted by quarter.
var quartersOf2026 = []string{"2026Q1", "2026Q2", "2026Q3", "2026Q4"}

// jointly builds the system. The indicators have quarters for the country alone.
func (b block) jointly(t *testing.T, y year) *jointly {
	t.Helper()
	entrants := y
	entrants.cells = slices.DeleteFunc(slices.Clone(y.cells), func(c seen) bool {
		return !strings.HasPrefix(c.table, "TDI01.") && !strings.HasPrefix(c.table, "TDI.") // a total of something else has no dimension either
	})
	core := b.sums(entrants)
	j := &jointly{t: t, b: b, y: y, unknowns: b.size(), prior: b.prior(core), of: map[string]*sumSeen{}, counted: b.persons(core)}
	for _, s := range core {
		if len(s.cells) == b.size() {
			j.of[everybody] = s
		}
	}
	if j.of[everybody] == nil {
		t.Fatal("no total is published")
	}
	for _, n := range nestedIndicators {
		j.nest(n, "")
	}
	j.items("")
	if _, region := b.fixed[DimRegion]; !region {
		j.byQuarter()
	}
	j.sums = append(j.sums, core...)
	return j
}

func (j *jointly) byQuarter() {
	for _, q := range quartersOf2026 {
		j.of[everybody+q] = j.unknown(joined(j.draws("TDI01", "", q)))
		for _, n := range nestedIndicators {
			if indicator, _ := ByID(n.id); !n.yearEnd && indicator.Fits(mustPeriod(j.t, q)) {
				j.nest(n, q)
			}
		}
		j.items(q)
	}
	names := []string{everybody, "TDI06 " + MeasureNumerator}
	for _, n := range nestedIndicators {
		names = append(names, n.id+" "+MeasureNumerator)
		if n.equals == "" || !n.quarters {
			names = append(names, n.id+" "+MeasureDenominator)
		}
	}
	for _, name := range names {
		year := j.of[name]
		several := &sumSeen{}
		for _, q := range quartersOf2026 {
			if s := j.of[name+q]; s != nil {
				several.cells, several.truth = append(several.cells, s.cells...), several.truth+s.truth
			}
		}
		if year != nil && len(several.cells) > 0 {
			j.tie(several.cells, year.cells, several.truth-year.truth)
		}
	}
}

// draws are what the cells of one measure of an indicator tell, for the whole block.
func (j *jointly) draws(id, measure, quarter string) (all []*sumSeen) {
	indicator, _ := ByID(id)
	for _, c := range j.y.cells {
		dimensions := 0
		for d := range c.at {
			if d != DimMeasure && d != DimRegion && d != "quarter" {
				dimensions++
			}
		}
		if !strings.HasPrefix(c.table, id+".") || dimensions > 0 || c.at[DimMeasure] != measure || c.at[DimRegion] != j.b.fixed[DimRegion] || c.at["quarter"] != quarter {
			continue
		}
		s := c.sum()
		if indicator.Unit != "" {
			s.inUnits(0, float64(indicator.PerClient))
		}
		all = append(all, s)
	}
	return all
}

// inUnits counts a sum of units in what one client adds, after taking some off.
func (s *sumSeen) inUnits(off, unit float64) {
	s.truth, s.lo, s.hi, s.value = (s.truth-off)/unit, max(s.lo-off, 0)/unit, (s.hi-off)/unit, max(s.value-off, 0)/unit
	s.variance /= unit * unit
	s.units = true
}

func joined(draws []*sumSeen) *sumSeen {
	s := *draws[0]
	for _, d := range draws[1:] {
		s.join(d)
	}
	return &s
}

// unknown gives a sum an unknown of its own.
func (j *jointly) unknown(s *sumSeen) *sumSeen {
	s.cells = []int{j.unknowns}
	j.unknowns++
	j.counted += s.truth
	j.prior = append(j.prior, max(s.value, 0.5))
	j.sums = append(j.sums, s)
	return s
}

// tie says that one sum less another is known.
func (j *jointly) tie(cells, minus []int, difference float64) {
	j.sums = append(j.sums, &sumSeen{cells: cells, minus: minus, truth: difference, lo: difference, hi: difference, value: difference, variance: 1e-4})
}

// rest is the unknown that is left of a whole without a part.
func (j *jointly) rest(part, whole *sumSeen) *sumSeen {
	j.t.Helper()
	if part.truth > whole.truth+1e-9 {
		j.t.Fatalf("%g is no part of %g: the tie does not hold", part.truth, whole.truth)
	}
	return j.unknown(&sumSeen{truth: whole.truth - part.truth, hi: unbounded, variance: 1e9, value: max(whole.value-part.value, 0), units: part.units || whole.units})
}

// within says that a sum is part of another.
func (j *jointly) within(part, whole *sumSeen) {
	j.t.Helper()
	j.tie(whole.cells, slices.Concat(part.cells, j.rest(part, whole).cells), 0)
}

// nest adds one indicator for the year or a quarter.
func (j *jointly) nest(n nested, quarter string) {
	j.t.Helper()
	related := func(name string) *sumSeen {
		if name == "" || quarter != "" && !n.quarters {
			return nil
		}
		return j.of[name+quarter]
	}
	num, den := j.draws(n.id, MeasureNumerator, quarter), slices.Concat(j.draws(n.id, "", quarter), j.draws(n.id, MeasureDenominator, quarter))
	if n.yearEnd {
		num, den = append(num, j.draws(n.id, MeasureNumerator, "2026Q4")...), append(den, j.draws(n.id, MeasureDenominator, "2026Q4")...)
	}
	numerator, denominator := related(n.numerator), related(n.equals)
	i := slices.Index(j.b.dimensions, n.dimension)
	known := i >= 0 && quarter == ""
	switch {
	case numerator != nil || len(num) == 0:
	case known:
		numerator = joined(num)
		numerator.cells = j.b.having(i, n.codesOfNumerator)
		j.sums = append(j.sums, numerator)
	default:
		numerator = j.unknown(joined(num))
	}
	switch {
	case denominator != nil:
		for _, d := range den {
			if d.truth != denominator.truth {
				j.t.Fatalf("%s %s: %g is no draw of %g", n.id, quarter, d.truth, denominator.truth)
			}
			denominator.join(d)
		}
		if numerator != nil {
			j.within(numerator, denominator)
		}
	case len(den) == 0:
		j.t.Fatalf("%s %s: nothing is published", n.id, quarter)
	case numerator == nil:
		denominator = j.unknown(joined(den))
	default:
		denominator = joined(den)
		if known {
			denominator.cells = j.b.having(i, n.codesOfDenominator)
		} else {
			denominator.cells = slices.Concat(numerator.cells, j.rest(numerator, denominator).cells)
		}
		j.sums = append(j.sums, denominator)
	}
	if whole := related(n.whole); whole != nil && !known {
		j.within(denominator, whole)
	}
	if inside := related(n.inside); inside != nil {
		j.within(numerator, inside)
	}
	j.of[n.id+" "+MeasureDenominator+quarter] = denominator
	if numerator != nil {
		j.of[n.id+" "+MeasureNumerator+quarter] = numerator
	}
}

// items adds TDI06. The attacker is told how many items were asked of some entrants only:
// then the denominator is one more draw of the entrants, times the items asked of all.
func (j *jointly) items(quarter string) {
	j.t.Helper()
	const ofAll = 20
	entrants := j.of[everybody+quarter]
	var ofSome float64
	for _, d := range j.draws("TDI06", MeasureDenominator, quarter) {
		ofSome = d.truth - ofAll*entrants.truth
		d.inUnits(ofSome, ofAll)
		entrants.join(d)
	}
	filled := joined(j.draws("TDI06", MeasureNumerator, quarter))
	filled.inUnits(0, ofAll)
	asked := *entrants
	asked.truth, asked.value = asked.truth+ofSome/ofAll, asked.value+ofSome/ofAll
	j.unknown(filled)
	j.tie(slices.Concat(filled.cells, j.rest(filled, &asked).cells), entrants.cells, ofSome/ofAll)
	j.of["TDI06 "+MeasureNumerator+quarter] = filled
}

func (j *jointly) attack(tried int) (lp, linear outcome) {
	j.t.Helper()
	return intervals(j.t, j.unknowns, j.counted, j.sums, tried), bestEstimates(j.prior, j.sums)
}

// having are the unknowns with one of the codes in a dimension.
func (b block) having(dimension int, codes []string) (cells []int) {
	inner := 1
	for _, c := range b.codes[dimension+1:] {
		inner *= len(c)
	}
	for k := range b.size() {
		if slices.Contains(codes, b.codes[dimension][k/inner%len(b.codes[dimension])]) {
			cells = append(cells, k)
		}
	}
	return cells
}

func coreAndIndicators(l TableLine) bool { return core(l) || second(l) }

func everyPart(l TableLine) bool { return second(l) || national(l) }

func TestAttack_IndicatorsJointlyWithTheCore(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients)+5, s.clients, s.country().Regions)
		for _, method := range []struct {
			name string
			look look
		}{{"sealed", sealedLook}, {"plain <5", suppressed}} {
			if method.name != "sealed" {
				s.attacked = 1
			}
			lp, linear := jointRegions(t, s, publishYear(t, s.country(), rows, method.look, coreAndIndicators))
			judge(t, s.clients, "region-year with indicators", method.name, lp, linear)
		}
	}
}

func jointRegions(t *testing.T, s scene, y year) (lp, linear outcome) {
	t.Helper()
	attacked := 0
	for _, region := range slices.Backward(y.regions) {
		if attacked == s.attacked || y.layout.Regions[region] != "" {
			continue
		}
		attacked++
		with := y
		with.cells = append(slices.Clip(y.cells), y.differences(region)...)
		a, b := regionBlock(region, s.quarters).jointly(t, with).attack(s.tried)
		lp.add(a)
		linear.add(b)
	}
	return lp, linear
}

func TestAttack_IndicatorsJointlyWithNationalTables(t *testing.T) {
	t.Parallel()
	for _, s := range scenes() {
		rows := people(uint64(s.clients)+6, s.clients, s.country().Regions)
		for _, method := range []struct {
			name string
			look look
		}{{"sealed", sealedLook}, {"plain <5", suppressed}} {
			y := publishYear(t, s.country(), rows, method.look, everyPart)
			var lp, linear outcome
			for _, attribute := range []string{DimInjecting, DimPreviousTreatment} {
				a, e := countryBlock(DimSex, DimDrugRow, attribute).jointly(t, y).attack(s.tried / 2)
				lp.add(a)
				linear.add(e)
			}
			judge(t, s.clients, "national with indicators", method.name, lp, linear)
		}
	}
}

// judge fails where the attackers find a count in sealed tables, or nothing in others.
func judge(t *testing.T, clients int, of, method string, lp, linear outcome) {
	t.Helper()
	t.Logf("%d clients, %s, %s: linear programme on %d small counts: %d proven, presence of %d proven; best linear estimator on %d: %d claimed at 95 %% and right",
		clients, of, method, lp.small, lp.proven, lp.present, linear.small, linear.claims)
	switch {
	case lp.small < 5:
		t.Errorf("%d small counts only", lp.small)
	case method == "sealed" && (lp.present != 0 || linear.claims*100 > linear.small):
		t.Errorf("the attackers find %+v and %+v", lp, linear)
	case method != "sealed" && lp.present == 0:
		t.Error("the attackers find nothing in plain suppression: they do not bite")
	}
}
