package indicators

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// The attackers see what the API publishes of one year: four provisional and four final
// quarters, the annual release, its revision and the open-data releases. They know the
// method, V, D and the floor (disclosure control §2.3: only keys are secret). Nothing
// changes between the releases here, which helps them: every draw is of the same truth.

// look is a method of publication: what a reader learns of each cell of a table.
type look func(t *testing.T, a *Accumulator, tl *tally, key uint64) []glimpse

// glimpse is what a reader knows of one count: bounds for certain, and a value with its
// variance. A count that is not shown stands at 2, the middle of 0 to 4.
type glimpse struct {
	lo, hi   int64
	value    float64
	variance float64
	hidden   bool
}

func glimpsed(c Cell, n Noise) glimpse {
	d, floor, v := int64(n.Bound), int64(n.Floor), float64(n.Variance)
	switch {
	case c.Flag == Structural:
		return glimpse{variance: 1e-6}
	case c.Value == nil:
		return glimpse{lo: 0, hi: floor - 1 + d, value: float64(floor-1) / 2, variance: v + float64(floor*floor)/12, hidden: true}
	}
	return glimpse{lo: max(0, *c.Value-d), hi: *c.Value + d, value: float64(*c.Value), variance: v}
}

// sealedLook is the method of this service.
func sealedLook(t *testing.T, a *Accumulator, tl *tally, key uint64) []glimpse {
	t.Helper()
	table, err := a.sealTable(tl, testKey(key), "")
	if err != nil {
		t.Fatal(err)
	}
	out := make([]glimpse, len(table.Cells))
	for i, c := range table.Cells {
		out[i] = glimpsed(c, table.noise)
	}
	return out
}

// suppressed is the weakened method: exact counts, under 5 hidden.
func suppressed(_ *testing.T, _ *Accumulator, tl *tally, _ uint64) []glimpse {
	out := make([]glimpse, len(tl.cells))
	for i, c := range tl.cells {
		out[i] = glimpse{lo: c.n, hi: c.n, value: float64(c.n), variance: 1e-6}
		if c.n < 5 {
			out[i] = glimpse{lo: 0, hi: 4, value: 2, variance: 2, hidden: true}
		}
	}
	return out
}

// shortBound is the weakened method: the noise of the plan cut at four standard
// deviations, which is D = 8 for the core of the ministry.
func shortBound(t *testing.T, a *Accumulator, tl *tally, key uint64) []glimpse {
	t.Helper()
	indicator, _ := ByID(tl.line.Indicator)
	n := a.plan.noiseOf(tl.line, indicator)
	n.Bound = n.Bound * 2 / 3
	weak := PTable{Variance: n.Variance, Bound: n.Bound}
	sum := 0.0
	for _, p := range maxEntropy(float64(n.Variance), n.Bound) {
		sum += p
		weak.below = append(weak.below, uint64(math.Round(sum*unit)))
	}
	weak.below[2*n.Bound] = unit
	mac := newMac(key)
	out := make([]glimpse, len(tl.cells))
	for i, c := range tl.cells {
		codes := tl.coordinates(i)
		out[i] = glimpsed(publish(codes, c.n+int64(weak.Noise(draw(mac, tl.id, tl.line.Dimensions, codes, c))), n), n)
	}
	return out
}

// textbook is the weakened method: the noise depends on the contributors alone.
func textbook(t *testing.T, a *Accumulator, tl *tally, key uint64) []glimpse {
	t.Helper()
	indicator, _ := ByID(tl.line.Indicator)
	n := a.plan.noiseOf(tl.line, indicator)
	table, err := a.ptable(n)
	if err != nil {
		t.Fatal(err)
	}
	mac := newMac(key)
	out := make([]glimpse, len(tl.cells))
	for i, c := range tl.cells {
		out[i] = glimpsed(publish(nil, c.n+int64(table.Noise(draw(mac, "", nil, nil, c))), n), n)
	}
	return out
}

func newMac(key uint64) hash.Hash { return hmac.New(sha256.New, testKey(key)) }

// seen is one published cell with what the test knows of it.
type seen struct {
	table string
	// at is the code in each dimension, quarter included.
	at    map[string]string
	truth int64
	// profile is the release it is from.
	profile string
	glimpse
}

// year is everything that is published of a year, by a method.
type year struct {
	cells   []seen
	regions []string
	layout  models.Layout
}

// publishYear seals all releases of 2026 for both profiles, and those of 2027 that hold
// numbers of 2026 which were final late.
func publishYear(t *testing.T, country Country, rows []ClientRows, method look, wanted func(TableLine) bool) year {
	t.Helper()
	y := year{regions: country.Regions}
	key := uint64(1000)
	for _, of := range []string{"2026", "2027"} {
		for _, profile := range Profiles {
			for _, s := range Statuses {
				periods := []string{of}
				if s == Provisional || s == Final {
					periods = []string{of + "Q1", of + "Q2", of + "Q3", of + "Q4"}
				}
				for _, period := range periods {
					key++
					a := ofTheYear(t, profile, country, s, mustPeriod(t, period), wanted)
					if a == nil {
						continue
					}
					for _, c := range rows {
						if err := a.AddClient(c); err != nil {
							t.Fatal(err)
						}
					}
					if s == Annual && profile == Ministry && of == "2026" {
						y.layout = layoutNow(t, a, key)
					}
					y.look(t, a, key, method, wanted)
				}
			}
		}
	}
	return y
}

// ofTheYear prepares a release with its tables of 2026 that are wanted; nil without any.
func ofTheYear(t *testing.T, profile Profile, country Country, s Status, period Period, wanted func(TableLine) bool) *Accumulator {
	t.Helper()
	plan := mustPlan(t, profile)
	plan.Tables = slices.DeleteFunc(slices.Clone(plan.Tables), func(l TableLine) bool { return !wanted(l) && l.ID != regionTotals && l.ID != drugTotals })
	a, err := NewAccumulator(plan, country, s, period)
	if err != nil {
		t.Fatal(err)
	}
	a.tallies = slices.DeleteFunc(a.tallies, func(tl *tally) bool { return yearOf(tl.period) != mustPeriod(t, "2026") })
	a.groups = slices.DeleteFunc(a.groups, func(g *group) bool { return yearOf(g.frame.Period) != mustPeriod(t, "2026") })
	if len(a.tallies) == 0 {
		return nil
	}
	return a
}

// look adds what a reader learns of a release. Cells that are shown again tell nothing new.
func (y *year) look(t *testing.T, a *Accumulator, key uint64, method look, wanted func(TableLine) bool) {
	t.Helper()
	for _, tl := range a.tallies {
		if !wanted(tl.line) {
			continue
		}
		laid := tl.laidOut(y.layout)
		for i, g := range method(t, a, laid, key) {
			codes := laid.coordinates(i)
			if len(codes) > 0 {
				if _, again := tl.line.Same[codes[len(codes)-1]]; again {
					continue
				}
			}
			c := seenCell(laid, i, g)
			c.profile = fmt.Sprint(a.plan.Profile, a.status, a.period)
			y.cells = append(y.cells, c)
		}
	}
}

func seenCell(tl *tally, i int, g glimpse) seen {
	c := seen{table: tl.line.ID, at: map[string]string{}, truth: tl.cells[i].n, glimpse: g}
	for d, code := range tl.coordinates(i) {
		c.at[tl.line.Dimensions[d]] = code
	}
	if tl.line.Where.Dimension != "" {
		c.at[tl.line.Where.Dimension] = tl.line.Where.Code
	}
	if tl.period.IsQuarter() {
		c.at["quarter"] = tl.period.String()
	}
	return c
}

// layoutNow is the layout that an annual release would publish.
func layoutNow(t *testing.T, a *Accumulator, key uint64) models.Layout {
	t.Helper()
	var l models.Layout
	for _, tl := range a.tallies {
		if !tl.fixed() {
			continue
		}
		table, err := a.sealTable(tl, testKey(key), "")
		if err != nil {
			t.Fatal(err)
		}
		if tl.id == regionTotals {
			l.Regions = mergeRegions(published(table))
		} else {
			l.DrugRows = mergeDrugs(published(table))
		}
	}
	return l
}

// differences tells a region's cells once more: the country's cell less those of every
// other region, of the annual releases. That is how a national table helps against a region.
func (y year) differences(region string) []seen {
	others := map[string][]seen{}
	own := map[string]bool{}
	name := func(c seen, table string) string {
		at := maps.Clone(c.at)
		delete(at, DimRegion)
		return table + fmt.Sprint(at, c.profile)
	}
	for _, c := range y.cells {
		switch at, ok := c.at[DimRegion]; {
		case !ok:
		case at == region:
			own[name(c, strings.Replace(c.table, "."+DimRegion, "", 1))] = true
		default:
			k := name(c, strings.Replace(c.table, "."+DimRegion, "", 1))
			others[k] = append(others[k], c)
		}
	}
	var out []seen
	for _, c := range y.cells {
		if _, ok := c.at[DimRegion]; ok {
			continue
		}
		k := name(c, strings.TrimSuffix(c.table, ".total"))
		if !own[k] {
			continue
		}
		d := c
		d.at = maps.Clone(c.at)
		d.at[DimRegion] = region
		for _, o := range others[k] {
			d.truth -= o.truth
			d.lo, d.hi = d.lo-o.hi, d.hi-o.lo
			d.value, d.variance = d.value-o.value, d.variance+o.variance
		}
		d.lo = max(d.lo, 0)
		out = append(out, d)
	}
	return out
}

// second keeps the tables of the second part.
func second(l TableLine) bool { return l.Part == partIndicators }

// core keeps the tables of the first part; national those of the TDI part.
func core(l TableLine) bool { return l.Part == partEntrants }

func national(l TableLine) bool {
	return !slices.Contains(l.Dimensions, DimRegion) && (l.Part == partTDI && strings.HasPrefix(l.ID, "TDI.") || l.Part == partEntrants)
}
