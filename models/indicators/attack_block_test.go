package indicators

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"jol/models"
)

// block is the finest cross-classification of an attack: its cells are the unknowns.
type block struct {
	dimensions []string
	codes      [][]string
	fixed      map[string]string // dimensions all its cells share, such as the region
}

// regionBlock is a region-year by everything the core knows.
func regionBlock(region string, quarters bool) block {
	b := block{dimensions: []string{DimSex, DimAgeFine, DimDrug6, DimCentre}, fixed: map[string]string{DimRegion: region}}
	for _, d := range b.dimensions {
		b.codes = append(b.codes, codesOf(d, Country{}))
	}
	if quarters {
		b.dimensions = append(b.dimensions, "quarter")
		b.codes = append(b.codes, []string{"2026Q1", "2026Q2", "2026Q3", "2026Q4"})
	}
	return b
}

func (b block) size() int {
	n := 1
	for _, c := range b.codes {
		n *= len(c)
	}
	return n
}

// coarser maps the codes of a dimension to those of one it is nested in.
func coarser(from, to string) func(string) string {
	if from == to {
		return func(code string) string { return code }
	}
	table := map[string]string{}
	switch {
	case to == DimAge && from == DimAgeFine:
		for age := range 90 {
			table[ageFine(age)] = ageBand(age)
		}
	case (to == DimAge || to == DimAgeFine) && from == DimAgeTDI:
		for age := -1; age < 90; age++ {
			table[ageTDI(age)] = (&Fact{Age: age}).code(to)
		}
	case (to == DimDrug || to == DimDrug6) && (from == DimDrug6 || from == DimDrugRow):
		for _, s := range substances() {
			if s.Code != alcohol {
				table[(&Fact{Drug: s.Code}).code(from)] = (&Fact{Drug: s.Code}).code(to)
			}
		}
	case to == DimCentre && from == DimCentreType:
		for _, c := range codesOf(DimCentreType, Country{}) {
			table[c] = centreGroup(c)
		}
	default:
		return nil
	}
	return func(code string) string { return table[code] }
}

// members returns the unknowns that a published cell adds up; ok is false where the block
// does not tell.
func (b block) members(c seen, layout models.Layout) (cells []int, ok bool) {
	match := make([][]bool, len(b.dimensions))
	for i, codes := range b.codes {
		match[i] = make([]bool, len(codes))
		for j := range codes {
			match[i][j] = true
		}
	}
	for dimension, code := range c.at {
		if fixed, ok := b.fixed[dimension]; ok {
			if fixed != code {
				return nil, false
			}
			continue
		}
		found := false
		for i, own := range b.dimensions {
			to := coarser(own, dimension)
			if to == nil {
				continue
			}
			found = true
			for j, fine := range b.codes[i] {
				name := to(fine)
				if joined, ok := layout.DrugRows[name]; ok && dimension == DimDrugRow && c.table != drugTotals {
					name = joined
				}
				match[i][j] = match[i][j] && name == code
			}
		}
		if !found {
			return nil, false
		}
	}
	for d := range b.fixed {
		if _, ok := c.at[d]; !ok {
			return nil, false
		}
	}
	for k := range b.size() {
		rest, in := k, true
		for i := len(b.codes) - 1; i >= 0 && in; i-- {
			in = match[i][rest%len(b.codes[i])]
			rest /= len(b.codes[i])
		}
		if in {
			cells = append(cells, k)
		}
	}
	return cells, true
}

// fact is one distinct sum of unknowns with all that is published of it.
type sumSeen struct {
	cells []int
	minus []int // unknowns taken off, of a tie between sums
	// truth and bounds are in clients or events; a sum of units, such as days, is in what
	// one client adds at most.
	truth, lo, hi float64
	units         bool
	// value and variance join all draws by their precision.
	value, variance float64
	draws           int
}

// sums collects what is published of a block: draws of one sum are joined, which is the
// averaging attack.
func (b block) sums(y year) []*sumSeen {
	by := map[string]*sumSeen{}
	var all []*sumSeen
	for _, c := range y.cells {
		cells, ok := b.members(c, y.layout)
		if !ok || len(cells) == 0 {
			continue
		}
		key := fmt.Sprint(cells)
		s := by[key]
		if s == nil {
			s = c.sum()
			s.cells = cells
			by[key] = s
			all = append(all, s)
			continue
		}
		s.join(c.sum())
	}
	return all
}

// sum is what one cell tells.
func (c seen) sum() *sumSeen {
	return &sumSeen{truth: float64(c.truth), lo: float64(c.lo), hi: float64(c.hi), value: c.value, variance: c.variance, draws: 1}
}

// join adds one more draw of the sum.
func (s *sumSeen) join(c *sumSeen) {
	s.lo, s.hi, s.draws = max(s.lo, c.lo), min(s.hi, c.hi), s.draws+1
	w := s.variance / (s.variance + c.variance)
	s.value += w * (c.value - s.value)
	s.variance *= 1 - w
}

// outcome counts what an attack found among true counts of 1 to 4.
type outcome struct{ small, proven, present, claims int }

func (o *outcome) add(p outcome) {
	o.small, o.proven, o.present, o.claims = o.small+p.small, o.proven+p.proven, o.present+p.present, o.claims+p.claims
}

// small reports whether a sum is one of 1 to 4, or of units that so few can add.
func (s *sumSeen) small() bool {
	return len(s.minus) == 0 && s.truth <= 4 && (s.truth >= 1 || s.units && s.truth > 0)
}

// intervals runs the linear programme for the small sums of a block, in all of whose
// unknowns there are so many counted.
func intervals(t *testing.T, unknowns int, counted float64, sums []*sumSeen, most int) outcome {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	var known []bounds
	for _, s := range sums {
		if s.truth < s.lo-1e-9 || s.truth > s.hi+1e-9 {
			t.Fatalf("the attacker is wrong: %g is not in %g to %g", s.truth, s.lo, s.hi)
		}
		known = append(known, bounds{s.cells, s.minus, s.lo, s.hi})
	}
	slack := 0.01 + 2e-8*counted // what least adds to each unknown
	if slack > 0.4 {
		t.Fatalf("the linear programme is too coarse: %g", slack)
	}
	var out outcome
	for _, s := range sums {
		if !s.small() || out.small == most {
			continue
		}
		out.small++
		low := least(unknowns, known, s.cells, rng)
		if low > s.truth+slack {
			t.Fatalf("the attacker is wrong: at least %.3f of %g", low, s.truth)
		}
		if low > slack {
			out.present++
			if s.hi <= 4 {
				out.proven++
			}
		}
	}
	return out
}

// bestEstimates runs the best linear estimator over a block, with a prior that takes
// attributes as independent, and counts the small sums of which it is 95 % sure of the
// exact count, and right.
func bestEstimates(prior []float64, sums []*sumSeen) outcome {
	n := len(sums)
	// Covariance of the sums under the prior, plus the noise.
	s := make([][]float64, n)
	index := make([]map[int]float64, n)
	for i := range sums {
		index[i] = make(map[int]float64, len(sums[i].cells))
		for _, k := range sums[i].cells {
			index[i][k]++
		}
		for _, k := range sums[i].minus {
			index[i][k]--
		}
	}
	cov := func(i, j int) (v float64) {
		if len(index[j]) < len(index[i]) {
			i, j = j, i
		}
		for _, k := range sums[i].cells {
			v += prior[k] * index[j][k]
		}
		for _, k := range sums[i].minus {
			v -= prior[k] * index[j][k]
		}
		return v
	}
	resid := make([]float64, n)
	plain := make([][]float64, n)
	for i := range sums {
		s[i], plain[i] = make([]float64, n), make([]float64, n)
		resid[i] = sums[i].value
		for _, k := range sums[i].cells {
			resid[i] -= prior[k]
		}
		for _, k := range sums[i].minus {
			resid[i] += prior[k]
		}
	}
	for i := range sums {
		for j := range i + 1 {
			plain[i][j] = cov(i, j)
			plain[j][i] = plain[i][j]
			s[i][j] = plain[i][j]
		}
		s[i][i] += sums[i].variance
	}
	cholesky(s)
	z := forward(s, resid)
	var out outcome
	for i, target := range sums {
		if !target.small() || target.units {
			continue
		}
		out.small++
		w := forward(s, plain[i])
		mean, variance := target.value-resid[i], plain[i][i]
		for k := range w {
			mean += w[k] * z[k]
			variance -= w[k] * w[k]
		}
		if k, p := surest(mean, max(variance, 1e-9)); p >= 0.95 && float64(k) == target.truth {
			out.claims++
		}
	}
	return out
}

// persons are those of a block.
func (b block) persons(sums []*sumSeen) (n float64) {
	for _, s := range sums {
		if len(s.cells) == b.size() {
			n = s.truth
		}
	}
	return n
}

// prior spreads the published total over the block by the published one-attribute counts.
func (b block) prior(sums []*sumSeen) []float64 {
	total := 1.0
	share := make([][]float64, len(b.codes))
	for i, c := range b.codes {
		share[i] = make([]float64, len(c))
		for j := range c {
			share[i][j] = 1 / float64(len(c))
		}
	}
	for _, s := range sums {
		if len(s.cells) == b.size() {
			total = max(s.value, 1)
		}
	}
	for _, s := range sums {
		for i, codes := range b.codes {
			inner := 1
			for _, c := range b.codes[i+1:] {
				inner *= len(c)
			}
			if len(s.cells) != b.size()/len(codes) {
				continue
			}
			j := s.cells[0] / inner % len(codes)
			if !slices.ContainsFunc(s.cells, func(k int) bool { return k/inner%len(codes) != j }) {
				share[i][j] = max(s.value, 0.5) / total
			}
		}
	}
	prior := make([]float64, b.size())
	for k := range prior {
		rest, p := k, total
		for i := len(b.codes) - 1; i >= 0; i-- {
			p *= share[i][rest%len(b.codes[i])]
			rest /= len(b.codes[i])
		}
		prior[k] = max(p, 1e-4)
	}
	return prior
}

// surest is the likeliest count under a normal estimate, and how likely it is.
func surest(mean, variance float64) (count int64, p float64) {
	sd := math.Sqrt(variance)
	below := func(x float64) float64 { return 0.5 * math.Erfc(-(x-mean)/(sd*math.Sqrt2)) }
	all := 1 - below(-0.5)
	if all < 1e-12 {
		return 0, 1
	}
	k := max(math.Round(mean), 0)
	return int64(k), (below(k+0.5) - below(k-0.5)) / all
}

// cholesky replaces the lower half of s with its factor.
func cholesky(s [][]float64) {
	for i := range s {
		for j := range i + 1 {
			v := s[i][j]
			for k := range j {
				v -= s[i][k] * s[j][k]
			}
			if i == j {
				s[i][i] = math.Sqrt(max(v, 1e-12))
			} else {
				s[i][j] = v / s[j][j]
			}
		}
	}
}

// forward solves L z = b.
func forward(l [][]float64, b []float64) []float64 {
	z := make([]float64, len(b))
	for i := range b {
		v := b[i]
		for k := range i {
			v -= l[i][k] * z[k]
		}
		z[i] = v / l[i][i]
	}
	return z
}
