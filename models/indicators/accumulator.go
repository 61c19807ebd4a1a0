package indicators

import (
	"errors"
	"fmt"
	"slices"

	"jol/models"
)

// Country is what a deployment's code lists say: which regions there are, and
// which codes cannot occur because the country does not offer the service. Both
// come from reference data, never from client rows (disclosure control §2.2).
type Country struct {
	Code    string   // ISO 3166-1, two letters
	Regions []string // ISO 3166-2, in any order
	// NotOffered lists codes whose cells are structural zeros, by dimension, for
	// example {"centre": {"prison"}}; under models.NotOfferedService it lists services
	// that the country does not offer, see Indicator.Needs.
	NotOffered map[string][]string
}

// cell is one cell under construction: the true count and the sum of the record
// keys of its contributors, modulo 2^64. It never leaves this package.
type cell struct {
	n    int64
	keys uint64
}

// tally is one table under construction, with every cell of it, empty ones too.
type tally struct {
	line   TableLine
	id     string
	period Period
	codes  [][]string // per dimension, in order of publication
	cells  []cell     // row by row, the last dimension fastest
	// structural marks cells that cannot hold anybody.
	structural []bool
	// joined names the codes that stand for several.
	joined map[string]bool
	// slots are the places of the table's dimensions in its group's facts, filter that
	// of its filter, -1 for none.
	slots  []int
	filter int
}

// group is what is counted together: one indicator in one period, for many tables.
type group struct {
	indicator Indicator
	frame     Frame
	tallies   []*tally
	// dimensions of all its tables, each with the position of every code.
	dimensions []string
	index      []map[string]int
	// at and codes are the positions and codes of the fact at hand.
	at    []int
	codes []string
}

// Accumulator counts one release, one client at a time, in memory that depends on
// the plan alone. It is used by one goroutine and sealed once.
type Accumulator struct {
	plan    Plan
	country Country
	status  Status
	period  Period
	// Layout, of a revision, is that of the annual release: fixed for the year.
	layout    *models.Layout
	asOf      models.Date
	estimates []models.Estimate
	// tallies holds the release's tables in plan order.
	tallies []*tally
	groups  []*group
	ptables map[Noise]PTable
	rules   Rules
	// definitions is the hash of the definitions under the rules.
	definitions string
	failed      error
}

// NewAccumulator prepares a release of the plan. It returns the errors of
// SealableFrom when status and period do not fit.
func NewAccumulator(plan Plan, country Country, status Status, period Period) (*Accumulator, error) {
	from, err := SealableFrom(status, period)
	if err != nil {
		return nil, err
	}
	country.Regions = slices.Clone(country.Regions)
	slices.Sort(country.Regions)
	if len(country.Regions) == 0 || len(slices.Compact(slices.Clone(country.Regions))) != len(country.Regions) {
		return nil, errors.New("indicators: regions are missing or listed twice")
	}
	a := &Accumulator{plan: plan, country: country, status: status, period: period, asOf: from, ptables: map[Noise]PTable{}}
	a.under(DefaultRules)
	for _, d := range dueTables(plan, status, period) {
		indicator, ok := ByID(d.line.Indicator)
		if !ok || indicator.Count == nil {
			return nil, fmt.Errorf("indicators: table %s has no indicator", d.line.ID)
		}
		t := newTally(d.line, country)
		t.id, t.period = d.id(period), d.period
		a.tallies = append(a.tallies, t)
		a.group(indicator, d.period).hold(t, country)
	}
	return a, nil
}

// group returns the group of the indicator and period.
func (a *Accumulator) group(indicator Indicator, period Period) *group {
	for _, g := range a.groups {
		if g.indicator.ID == indicator.ID && g.frame.Period == period {
			return g
		}
	}
	g := &group{indicator: indicator, frame: Frame{Period: period, AsOf: a.asOf, Rules: a.rules}}
	a.groups = append(a.groups, g)
	return g
}

// knownUpTo sets the day up to which facts were known.
func (a *Accumulator) knownUpTo(asOf models.Date) {
	a.asOf = asOf
	for _, g := range a.groups {
		g.frame.AsOf = asOf
	}
}

// under sets the counting rules that the definitions leave to the deployment.
func (a *Accumulator) under(rules Rules) {
	a.rules, a.definitions = rules, DefinitionHash(rules)
	for _, g := range a.groups {
		g.frame.Rules = rules
	}
}

// hold adds a table to the group.
func (g *group) hold(t *tally, country Country) {
	slot := func(dimension string) int {
		if i := slices.Index(g.dimensions, dimension); i >= 0 {
			return i
		}
		index := map[string]int{}
		for i, code := range codesOf(dimension, country) {
			index[code] = i
		}
		g.dimensions, g.index = append(g.dimensions, dimension), append(g.index, index)
		g.at, g.codes = append(g.at, 0), append(g.codes, "")
		return len(g.dimensions) - 1
	}
	t.filter = -1
	if t.line.Where.Dimension != "" {
		t.filter = slot(t.line.Where.Dimension)
	}
	for _, d := range t.line.Dimensions {
		t.slots = append(t.slots, slot(d))
	}
	g.tallies = append(g.tallies, t)
}

// newTally lays out every cell of a table.
func newTally(line TableLine, country Country) *tally {
	t := &tally{line: line, id: line.ID}
	size := 1
	for _, d := range line.Dimensions {
		codes := codesOf(d, country)
		t.codes = append(t.codes, codes)
		size *= len(codes)
	}
	t.cells = make([]cell, size)
	t.structural = make([]bool, size)
	indicator, _ := ByID(line.Indicator)
	without := slices.Contains(country.NotOffered[models.NotOfferedService], indicator.Needs.Service)
	for i := range t.structural {
		codes := t.coordinates(i)
		t.structural[i] = without && (!indicator.Needs.NumeratorOnly || slices.Contains(codes, MeasureNumerator))
		for d, code := range codes {
			t.structural[i] = t.structural[i] || slices.Contains(country.NotOffered[line.Dimensions[d]], code)
		}
	}
	return t
}

// coordinates returns the codes of cell i, one per dimension.
func (t *tally) coordinates(i int) []string {
	codes := make([]string, len(t.codes))
	for d := len(codes) - 1; d >= 0; d-- {
		codes[d] = t.codes[d][i%len(t.codes[d])]
		i /= len(t.codes[d])
	}
	return codes
}

// AddClient counts one client; call it once per client, in any order. A code
// outside the code lists or in a structural zero is an error, and the release can
// then not be sealed: leaving the client out silently would publish a wrong number.
func (a *Accumulator) AddClient(c ClientRows) error {
	if a.failed != nil {
		return a.failed
	}
	c = Known(c, a.asOf)
	for _, g := range a.groups {
		if a.failed = g.count(c); a.failed != nil {
			break
		}
	}
	return a.failed
}

// count adds the client's facts to every table of the group.
func (g *group) count(c ClientRows) error {
	facts := g.indicator.Count(c, g.frame)
	if err := withinCap(g.indicator, facts); err != nil {
		return err
	}
	for i := range facts {
		if facts[i].Units == 0 {
			continue
		}
		for d, dimension := range g.dimensions {
			code := facts[i].code(dimension)
			at, ok := g.index[d][code]
			if !ok {
				at = -1
			}
			g.at[d], g.codes[d] = at, code
		}
		for _, t := range g.tallies {
			if err := g.add(t, facts[i].Units, c.SDCKey); err != nil {
				return err
			}
		}
	}
	return nil
}

// errNotOffered tells the steward what to put right: reference data and records disagree,
// and leaving the client out would publish a wrong number.
var errNotOffered = models.Fail(models.KindConflict, "release.service_not_offered",
	"Records tell of a service that by the reference data nobody in the country offers. Correct the capabilities of the facility that gave it, or the records.")

// add counts the fact at hand in one table.
func (g *group) add(t *tally, units, key int64) error {
	if t.filter >= 0 && g.codes[t.filter] != t.line.Where.Code {
		return nil
	}
	i := 0
	for d, slot := range t.slots {
		if g.at[slot] < 0 {
			return fmt.Errorf("indicators: a row has a %s that is not in the code list", g.dimensions[slot])
		}
		i = i*len(t.codes[d]) + g.at[slot]
	}
	if t.structural[i] {
		return errNotOffered
	}
	t.cells[i].n += units
	t.cells[i].keys += uint64(key) // two's complement back to uint64; wraps around
	return nil
}

// withinCap refuses a counting function that gives a client more weight than the
// noise was made for (disclosure control §2.4a).
func withinCap(indicator Indicator, facts []Fact) error {
	var plain, numerator, denominator, ofAlcohol int64
	for _, f := range facts {
		switch {
		case f.Measure == MeasureNumerator:
			numerator += f.Units
		case f.Measure == MeasureDenominator:
			denominator += f.Units
		case f.Of[DimSubstanceClass] == classAlcohol: // somebody in both classes is drawn in TDI03 and here
			ofAlcohol += f.Units
		default:
			plain += f.Units
		}
		if f.Units < 0 {
			return fmt.Errorf("indicators: %s counts less than nothing", indicator.ID)
		}
	}
	if max(plain, numerator, denominator, ofAlcohol) > int64(indicator.PerClient) {
		return fmt.Errorf("indicators: %s counts a client more often than its noise allows", indicator.ID)
	}
	return nil
}
