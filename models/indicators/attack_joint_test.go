package indicators

import (
	"slices"
	"strings"
	"testing"
)

// The joint attack ties the indicators to the core: an entrant of a region-year is also in
// the denominators of TDI02 and TDI05, and here the attacker is told even more than is
// public, that nobody of the country has two episodes, or treatment that began in another
// year. Then people in treatment, their coverage, and the denominators of retention and of
// completion are more draws of the number of entrants, and whoever another indicator
// counts is one of them.

// nested says how an indicator hangs on the entrants in the country of people().
type nested struct {
	id string
	// all says that the count, or the denominator of the rate, is that of the entrants.
	all bool
	// dimension has the codes that make up numerator and denominator, where a block knows them.
	dimension              string
	numerator, denominator []string
}

var nestedIndicators = []nested{
	{id: "TDI02", dimension: DimPreviousTreatment, numerator: []string{"1"}, denominator: []string{"1", "2"}},
	{id: "TDI05", dimension: DimInjecting, numerator: []string{"2.3"}, denominator: []string{"1", "2.1", "2.2", "2.3"}},
	{id: "TDI03", all: true},
	{id: "SDG351", all: true},
	{id: "RET12", all: true},
	{id: "COMP", all: true},
	{id: "OAT01"}, {id: "OAT06"}, {id: "NSP01"}, {id: "NAL01"}, {id: "HTS01"}, {id: "HTS02"}, {id: "HCV01"}, {id: "HCV02"},
}

// jointly is everything published of a block, the indicators first. The unknowns are those
// of the block, and of each indicator that the block does not know the persons of the
// numerator, of the rest of the denominator, and the other entrants: together they are the
// entrants, which is the tie.
type jointly struct {
	b        block
	unknowns int
	prior    []float64
	sums     []*sumSeen
}

func (b block) jointly(t *testing.T, y year) jointly {
	t.Helper()
	entrants := y
	entrants.cells = slices.DeleteFunc(slices.Clone(y.cells), func(c seen) bool {
		return !strings.HasPrefix(c.table, "TDI01.") && !strings.HasPrefix(c.table, "TDI.") // a total of something else has no dimension either
	})
	core := b.sums(entrants)
	j := jointly{b: b, unknowns: b.size(), prior: b.prior(core)}
	var all *sumSeen
	for _, s := range core {
		if len(s.cells) == b.size() {
			all = s
		}
	}
	if all == nil {
		t.Fatal("no total is published")
	}
	for _, n := range nestedIndicators {
		num, den := b.measures(y, n.id, MeasureNumerator), b.measures(y, n.id, MeasureDenominator)
		for _, c := range slices.Concat(b.measures(y, n.id, ""), den) {
			if c.truth > all.truth || n.all && c.truth != all.truth {
				t.Fatalf("%s: %d of %d entrants: the tie does not hold", n.id, c.truth, all.truth)
			}
			if n.all {
				all.join(c)
			}
		}
		if len(num) > 0 {
			j.rate(n, num, den, all)
		}
	}
	j.sums = append(j.sums, core...)
	return j
}

// measures are the cells of one measure of an indicator for the whole block.
func (b block) measures(y year, id, measure string) (cells []seen) {
	for _, c := range y.cells {
		_, quarter := c.at["quarter"]
		class, ok := c.at[DimSubstanceClass]
		if strings.HasPrefix(c.table, id+".") && c.at[DimMeasure] == measure && c.at[DimRegion] == b.fixed[DimRegion] && !quarter && (!ok || class == "drugs") {
			cells = append(cells, c)
		}
	}
	return cells
}

func joined(cells []seen) *sumSeen {
	c := cells[0]
	s := &sumSeen{truth: c.truth, lo: c.lo, hi: c.hi, value: c.value, variance: c.variance, draws: 1}
	for _, c := range cells[1:] {
		s.join(c)
	}
	return s
}

func (j *jointly) rate(n nested, num, den []seen, all *sumSeen) {
	numerator := joined(num)
	denominator := &sumSeen{truth: all.truth, hi: unbounded, variance: 1e9, value: all.value} // shown from another table
	if len(den) > 0 {
		denominator = joined(den)
	}
	rest := &sumSeen{truth: denominator.truth - numerator.truth, hi: unbounded, variance: 1e9, value: max(denominator.value-numerator.value, 0)}
	j.sums = append(j.sums, numerator, rest, denominator)
	if i := slices.Index(j.b.dimensions, n.dimension); i >= 0 {
		numerator.cells, denominator.cells = j.b.having(i, n.numerator), j.b.having(i, n.denominator)
		rest.cells = slices.DeleteFunc(slices.Clone(denominator.cells), func(k int) bool { return slices.Contains(numerator.cells, k) })
		return
	}
	at := j.unknowns
	j.unknowns += 2
	numerator.cells, rest.cells, denominator.cells = []int{at}, []int{at + 1}, []int{at, at + 1}
	j.prior = append(j.prior, max(numerator.value, 0.5), max(rest.value, 0.5))
	tie := &sumSeen{cells: all.cells, minus: []int{at, at + 1}, variance: 1e-4}
	if !n.all {
		others := &sumSeen{cells: []int{at + 2}, truth: all.truth - denominator.truth, hi: unbounded, variance: 1e9, value: max(all.value-denominator.value, 0)}
		j.unknowns++
		j.prior = append(j.prior, max(others.value, 0.5))
		tie.minus = append(tie.minus, at+2)
		j.sums = append(j.sums, others)
	}
	j.sums = append(j.sums, tie)
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

func (j jointly) attack(t *testing.T, tried int) (lp, linear outcome) {
	t.Helper()
	return intervals(t, j.unknowns, j.sums, tried), bestEstimates(j.prior, j.sums)
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
			judgeJoint(t, s.clients, "region-year", method.name, lp, linear)
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
		a, b := regionBlock(region, s.quarters).jointly(t, with).attack(t, s.tried)
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
				b := block{dimensions: []string{DimSex, DimDrugRow, attribute}, fixed: map[string]string{}}
				for _, d := range b.dimensions {
					b.codes = append(b.codes, codesOf(d, Country{}))
				}
				a, e := b.jointly(t, y).attack(t, s.tried/2)
				lp.add(a)
				linear.add(e)
			}
			judgeJoint(t, s.clients, "national", method.name, lp, linear)
		}
	}
}

func judgeJoint(t *testing.T, clients int, of, method string, lp, linear outcome) {
	t.Helper()
	t.Logf("%d clients, %s with indicators, %s: linear programme on %d small counts: %d proven, presence of %d proven; best linear estimator on %d: %d claimed at 95 %% and right",
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
