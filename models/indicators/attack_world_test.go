package indicators

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"math"
	"math/rand/v2"
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

// shortBound is the weakened method: the noise of the plan cut at D = 8.
func shortBound(t *testing.T, a *Accumulator, tl *tally, key uint64) []glimpse {
	t.Helper()
	const bound = 8
	n := Noise{Variance: 4, Bound: bound, Floor: 5}
	weak := PTable{Variance: n.Variance, Bound: bound}
	sum := 0.0
	for _, p := range maxEntropy(4, bound) {
		sum += p
		weak.below = append(weak.below, uint64(math.Round(sum*unit)))
	}
	weak.below[2*bound] = unit
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
	n := Noise{Variance: 4, Bound: 12, Floor: 5}
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

// publishYear seals all releases of 2026 for both profiles.
func publishYear(t *testing.T, country Country, rows []ClientRows, method look, wanted func(TableLine) bool) year {
	t.Helper()
	y := year{regions: country.Regions}
	key := uint64(1000)
	for _, profile := range Profiles {
		for _, s := range Statuses {
			periods := []string{"2026"}
			if s == Provisional || s == Final {
				periods = []string{"2026Q1", "2026Q2", "2026Q3", "2026Q4"}
			}
			for _, period := range periods {
				key++
				plan := mustPlan(t, profile)
				plan.Tables = slices.DeleteFunc(slices.Clone(plan.Tables), func(l TableLine) bool { return !wanted(l) && l.ID != regionTotals && l.ID != drugTotals })
				if len(plan.TablesFor(s)) == 0 {
					continue
				}
				a, err := NewAccumulator(plan, country, s, mustPeriod(t, period))
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range rows {
					if err := a.AddClient(c); err != nil {
						t.Fatal(err)
					}
				}
				if s == Annual && profile == Ministry {
					y.layout = layoutNow(t, a, key)
				}
				for _, tl := range a.tallies {
					if !wanted(tl.line) || tl.period != a.period {
						continue
					}
					laid := tl.laidOut(y.layout)
					for i, g := range method(t, a, laid, key) {
						c := seenCell(laid, i, g)
						c.profile = fmt.Sprint(profile, s, period)
						y.cells = append(y.cells, c)
					}
				}
			}
		}
	}
	return y
}

func seenCell(tl *tally, i int, g glimpse) seen {
	c := seen{table: tl.id, at: map[string]string{}, truth: tl.cells[i].n, glimpse: g}
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
			table[ageTDI(age)] = Fact{Age: age}.code(to)
		}
	case (to == DimDrug || to == DimDrug6) && (from == DimDrug6 || from == DimDrugRow):
		for _, s := range substances() {
			if s.Code != alcohol {
				table[Fact{Drug: s.Code}.code(from)] = Fact{Drug: s.Code}.code(to)
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
	cells  []int
	truth  int64
	lo, hi int64
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
			s = &sumSeen{cells: cells, truth: c.truth, lo: c.lo, hi: c.hi, value: c.value, variance: c.variance, draws: 1}
			by[key] = s
			all = append(all, s)
			continue
		}
		s.lo, s.hi, s.draws = max(s.lo, c.lo), min(s.hi, c.hi), s.draws+1
		w := s.variance / (s.variance + c.variance)
		s.value += w * (c.value - s.value)
		s.variance *= 1 - w
	}
	return all
}

// outcome counts what an attack found among true counts of 1 to 4.
type outcome struct{ small, proven, present, claims int }

func (o *outcome) add(p outcome) {
	o.small, o.proven, o.present, o.claims = o.small+p.small, o.proven+p.proven, o.present+p.present, o.claims+p.claims
}

// intervals runs the linear programme for the small sums of a block.
func intervals(t *testing.T, b block, sums []*sumSeen, most int) outcome {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	var known []bounds
	for _, s := range sums {
		if s.truth < s.lo || s.truth > s.hi {
			t.Fatalf("the attacker is wrong: %d is not in %d to %d", s.truth, s.lo, s.hi)
		}
		known = append(known, bounds{s.cells, s.lo, s.hi})
	}
	var out outcome
	for _, s := range sums {
		if s.truth < 1 || s.truth > 4 || out.small == most {
			continue
		}
		out.small++
		low := least(b.size(), known, s.cells, rng)
		if low > float64(s.truth)+0.01 {
			t.Fatalf("the attacker is wrong: at least %.3f of %d", low, s.truth)
		}
		if low > 0.01 {
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
func bestEstimates(b block, sums []*sumSeen) outcome {
	prior := b.prior(sums)
	n := len(sums)
	// Covariance of the sums under the prior, plus the noise.
	s := make([][]float64, n)
	index := make([]map[int]bool, n)
	for i := range sums {
		index[i] = make(map[int]bool, len(sums[i].cells))
		for _, k := range sums[i].cells {
			index[i][k] = true
		}
	}
	cov := func(i, j int) (v float64) {
		if len(sums[j].cells) < len(sums[i].cells) {
			i, j = j, i
		}
		for _, k := range sums[i].cells {
			if index[j][k] {
				v += prior[k]
			}
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
		if target.truth < 1 || target.truth > 4 {
			continue
		}
		out.small++
		w := forward(s, plain[i])
		mean, variance := target.value-resid[i], plain[i][i]
		for k := range w {
			mean += w[k] * z[k]
			variance -= w[k] * w[k]
		}
		if k, p := surest(mean, max(variance, 1e-9)); p >= 0.95 && k == target.truth {
			out.claims++
		}
	}
	return out
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

// people makes n entrants of 2026: regions by Zipf, attributes that depend on each other.
func people(seed uint64, n int, regions []string) []ClientRows {
	rng := rand.New(rand.NewPCG(seed, 77))
	weights := make([]float64, len(regions))
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -1.4)
	}
	pick := func(weights []float64, codes ...string) string {
		sum := 0.0
		for i := range codes {
			sum += weights[i]
		}
		x := rng.Float64() * sum
		for i, c := range codes {
			if x -= weights[i]; x < 0 {
				return c
			}
		}
		return codes[len(codes)-1]
	}
	all := make([]ClientRows, n)
	for i := range all {
		drug := pick([]float64{400, 12, 5, 9, 90, 4, 2, 6, 1, 9, 1, 0.05, 0.02, 60, 3, 2}, "11", "12", "16", "15", "34", "32", "21", "42", "60", "72", "43", "51", "52", "71", "90", "91")
		women := 0.1
		age := 18 + int(rng.ExpFloat64()*14)
		if drug[0] == '4' {
			women, age = 0.45, age+8
		}
		sex := "M"
		if rng.Float64() < women {
			sex = "F"
		}
		centre := pick([]float64{70, 20, 6, 1, 0.7, 0.3}, "1", "2", "3", "4", "5", "99")
		if sex == "F" && centre == "3" && rng.IntN(2) == 0 {
			centre = "1"
		}
		three := func(codes ...string) string { return pick([]float64{60, 30, 6, 2, 0.7, 0.5, 0.3, 1}, codes...) }
		e := EpisodeRow{
			Region: pick(weights, regions...), Sex: sex, AgeAtStart: min(age, 80), CentreType: centre, PrimaryDrug: drug, Structured: true,
			Start: models.Date("2026-01-01").AddDays(rng.IntN(365)), PreviousTreatment: three("2", "1", "99"), ReferralSource: three("6", "4", "1", "2", "3", "5", "7", "99"),
			Route: three("1", "2", "4", "3", "5", "99"), Injecting: three("2.3", "1", "2.2", "2.1", "3", "99"),
			Items: models.TDIItems{
				LivingWith: three("2", "1", "3", "4", "5", "6", "7", "99"), LivingWhere: three("1", "2", "3", "4", "99"), Children: three("0", "1", "99"),
				Labour: three("4", "1", "2", "3", "5", "6", "99"), Education: three("3", "2", "4", "1", "99"), Frequency: three("1", "2", "3", "4", "5", "99"),
				AgeFirstUse: max(10, min(age, 80)-rng.IntN(15)), Polydrug: three("1", "2", "99"), OST: three("1", "2", "3", "99"),
				HIVTest: three("2.2", "1", "2.1", "99"), HCVTest: three("2.2", "1", "2.1", "99"), Sharing: three("1", "2.1", "2.3", "99"),
				AgeFirstInjection: max(12, min(age, 80)-rng.IntN(10)), AgeFirstOST: max(15, min(age, 80)-rng.IntN(5)),
			},
		}
		e.LastContact = e.Start.AddDays(rng.IntN(200))
		if rng.IntN(3) == 0 {
			e.Items.SecondaryDrugs[0] = "71"
		}
		all[i] = ClientRows{SDCKey: int64(rng.Uint64()), Episodes: []EpisodeRow{e}}
		if rng.IntN(4) == 0 {
			r := ReferralRow{Region: e.Region, SentOn: e.Start.AddDays(rng.IntN(60))}
			if rng.IntN(2) == 0 {
				r.AttendedOn = r.SentOn.AddDays(rng.IntN(45))
			}
			all[i].Referrals = []ReferralRow{r}
		}
		all[i].Entries = visits(rng, e)
	}
	return all
}

// visits are contacts for needles, tests and naloxone of some of those who inject.
func visits(rng *rand.Rand, e EpisodeRow) (all []models.EntryRow) {
	one := models.EntryRow{Region: e.Region, Sector: "ngo", Sex: e.Sex, Age: e.AgeAtStart, NSPOffered: true}
	if e.Injecting != "2.3" || rng.IntN(4) > 0 {
		return nil
	}
	one.Kind, one.Code, one.On, one.Quantity = models.RowContact, "NSP", e.Start.AddDays(rng.IntN(50)), int64(rng.IntN(40))
	all = append(all, one)
	if rng.IntN(3) == 0 {
		one.Kind, one.Code, one.Quantity = models.RowTest, "HCV_RNA", 0
		one.Result = []string{"neg", "pos"}[rng.IntN(2)]
		one.ReturnedOn = one.On
		if rng.IntN(2) == 0 {
			one.LinkedOn = one.On.AddDays(rng.IntN(120))
		}
		all = append(all, one)
	}
	return all
}

// second keeps the tables of the second part.
func second(l TableLine) bool { return l.Part == partIndicators }

// core keeps the tables of the first part; national those of the TDI part.
func core(l TableLine) bool { return l.Part == partEntrants }

func national(l TableLine) bool {
	return !slices.Contains(l.Dimensions, DimRegion) && (l.Part == partTDI && strings.HasPrefix(l.ID, "TDI.") || l.Part == partEntrants)
}
