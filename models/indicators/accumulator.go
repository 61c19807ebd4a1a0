package indicators

import (
	"errors"
	"fmt"
	"slices"
)

// Country is what a deployment's code lists say: which regions there are, and
// which codes cannot occur because the country does not offer the service. Both
// come from reference data, never from client rows (disclosure control §2.2).
type Country struct {
	Code    string   // ISO 3166-1, two letters
	Regions []string // ISO 3166-2, in any order
	// NotOffered lists codes whose cells are structural zeros, by dimension, for
	// example {"centre": {"prison"}}.
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
	line  TableLine
	codes [][]string       // per dimension, in order of publication
	index []map[string]int // per dimension, code to position
	cells []cell           // row by row, the last dimension fastest
	// structural marks cells that cannot hold anybody.
	structural []bool
}

// Accumulator counts one release, one client at a time, in memory that depends on
// the plan alone. It is used by one goroutine and sealed once.
type Accumulator struct {
	plan    Plan
	country Country
	status  Status
	period  Period
	frame   Frame
	// tallies holds the release's tables in plan order.
	tallies []*tally
	failed  error
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
	a := &Accumulator{plan: plan, country: country, status: status, period: period, frame: Frame{Period: period, AsOf: from, Rules: DefaultRules}}
	for _, line := range plan.TablesFor(status) {
		if _, ok := ByID(line.Indicator); !ok {
			return nil, fmt.Errorf("indicators: table %s has no indicator", line.ID)
		}
		a.tallies = append(a.tallies, newTally(line, country))
	}
	return a, nil
}

// newTally lays out every cell of a table.
func newTally(line TableLine, country Country) *tally {
	t := &tally{line: line}
	size := 1
	for _, d := range line.Dimensions {
		codes := codesOf(d, country)
		index := make(map[string]int, len(codes))
		for i, code := range codes {
			index[code] = i
		}
		t.codes = append(t.codes, codes)
		t.index = append(t.index, index)
		size *= len(codes)
	}
	t.cells = make([]cell, size)
	t.structural = make([]bool, size)
	for i := range t.structural {
		for d, code := range t.coordinates(i) {
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

// add counts a fact for the client with the record key.
func (t *tally) add(f Fact, key int64) error {
	i := 0
	for d, dimension := range t.line.Dimensions {
		position, ok := t.index[d][f.code(dimension)]
		if !ok {
			return fmt.Errorf("indicators: a row has a %s that is not in the code list", dimension)
		}
		i = i*len(t.codes[d]) + position
	}
	if t.structural[i] {
		return fmt.Errorf("indicators: a row of table %s falls in a cell the country does not offer", t.line.ID)
	}
	t.cells[i].n += f.Units
	t.cells[i].keys += uint64(key) // two's complement back to uint64; wraps around
	return nil
}

// AddClient counts one client; call it once per client, in any order. A code
// outside the code lists or in a structural zero is an error, and the release can
// then not be sealed: leaving the client out silently would publish a wrong number.
func (a *Accumulator) AddClient(c ClientRows) error {
	if a.failed != nil {
		return a.failed
	}
	a.failed = a.count(Known(c, a.frame.AsOf))
	return a.failed
}

// count adds the client's facts to every table of each indicator.
func (a *Accumulator) count(c ClientRows) error {
	for _, indicator := range Catalogue {
		published := func(t *tally) bool { return t.line.Indicator == indicator.ID }
		if indicator.Count == nil || !slices.ContainsFunc(a.tallies, published) {
			continue
		}
		facts := indicator.Count(c, a.frame)
		if err := withinCap(indicator, facts); err != nil {
			return err
		}
		for _, t := range a.tallies {
			if t.line.Indicator != indicator.ID {
				continue
			}
			for _, f := range facts {
				if err := t.add(f, c.SDCKey); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// withinCap refuses a counting function that gives a client more weight than the
// noise was made for (disclosure control §2.4a).
func withinCap(indicator Indicator, facts []Fact) error {
	perMeasure := map[string]int64{}
	for _, f := range facts {
		if perMeasure[f.Measure] += f.Units; perMeasure[f.Measure] > int64(indicator.PerClient) {
			return fmt.Errorf("indicators: %s counts a client more often than its noise allows", indicator.ID)
		}
	}
	return nil
}
