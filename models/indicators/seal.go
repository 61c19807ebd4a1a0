package indicators

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"

	"jol/models"
)

// KeySize is the length of an epoch key in bytes.
const KeySize = 32

// Release is the content of a sealed release: what is stored, and nothing from
// which it could be computed again.
type Release struct {
	ID      string // KZ-2026Q1-final; KZ-2026Q1-final-open_data
	Country string
	Period  string
	Status  Status
	Profile Profile
	PlanID  string
	// PlanVersion is the version of the plan.
	PlanVersion int
	// Budget is that of the whole plan for a client and year, see Budget.
	Budget float64
	// SHA256 is the hash of the JSON of all tables in order, each followed by a
	// line feed, in hexadecimal.
	SHA256 string
	Tables []Table
}

// Table returns the table with the id.
func (r Release) Table(id string) (Table, bool) {
	for _, t := range r.Tables {
		if t.ID == id {
			return t, true
		}
	}
	return Table{}, false
}

// ReleaseID names a release. The profile is part of the name except for ministry,
// the default.
func ReleaseID(country string, p Period, s Status, profile Profile) string {
	id := fmt.Sprintf("%s-%s-%s", country, p, s)
	if profile != Ministry {
		id += "-" + string(profile)
	}
	return id
}

var errSealed = errors.New("indicators: the accumulator was sealed already")

// Seal draws the noise and returns the release. The epoch key is 32 random bytes
// that the caller draws, passes once and forgets (disclosure control §2.1). The
// same rows and key give the same bytes whatever the order of clients. Seal forgets
// the true counts: a second draw over them would let their mean be taken.
func (a *Accumulator) Seal(key []byte) (Release, error) {
	if a.failed != nil {
		return Release{}, a.failed
	}
	if len(key) != KeySize {
		return Release{}, errors.New("indicators: an epoch key has 32 bytes")
	}
	r := Release{
		ID:      ReleaseID(a.country.Code, a.period, a.status, a.plan.Profile),
		Country: a.country.Code, Period: a.period.String(), Status: a.status, Profile: a.plan.Profile,
		PlanID: a.plan.ID, PlanVersion: a.plan.Version, Budget: a.plan.PublishedBudget,
	}
	content := sha256.New()
	tables, err := a.sealTables(key, r.ID)
	if err != nil {
		return Release{}, err
	}
	for _, table := range tables {
		content.Write(table.JSON())
		content.Write([]byte("\n"))
	}
	r.Tables, r.SHA256 = tables, hex.EncodeToString(content.Sum(nil))
	a.tallies, a.groups, a.failed = nil, nil, errSealed
	return r, nil
}

// sealTables publishes the tables in plan order. Those that tell the layout come first,
// those that show another table's cells last.
func (a *Accumulator) sealTables(key []byte, release string) ([]Table, error) {
	tables := make([]Table, len(a.tallies))
	at := map[string]int{}
	for i, t := range a.tallies {
		at[t.id] = i
	}
	seal := func(i int) (err error) {
		tables[i], err = a.sealTable(a.tallies[i], key, release)
		return err
	}
	for i, t := range a.tallies {
		if t.fixed() {
			if err := seal(i); err != nil {
				return nil, err
			}
		}
	}
	layout := a.layout
	if region, ok := at[regionTotals]; ok && layout == nil {
		l := models.Layout{Regions: mergeRegions(published(tables[region]))}
		if drug, ok := at[drugTotals]; ok {
			l.DrugRows = mergeDrugs(published(tables[drug]))
		}
		layout = &l
	}
	if layout != nil {
		for i, t := range a.tallies {
			a.tallies[i] = t.laidOut(*layout)
		}
	}
	for _, late := range []bool{false, true} {
		for i, t := range a.tallies {
			if t.fixed() || late != (len(t.line.Same) > 0) {
				continue
			}
			if err := seal(i); err != nil {
				return nil, err
			}
			if late {
				if err := a.showAgain(&tables[i], t, func(id string) (Table, bool) { j, ok := at[id]; return tables[max(j, 0)], ok }); err != nil {
					return nil, err
				}
			}
		}
	}
	return tables, nil
}

// fixed reports whether the layout is read from this table, which therefore never follows it.
func (t *tally) fixed() bool { return t.id == regionTotals || t.id == drugTotals }

// laidOut joins what the layout shows together: the regions of tables with two
// attributes, and the drug rows (disclosure control §2.4, §2.4a).
func (t *tally) laidOut(layout models.Layout) *tally {
	if t.fixed() {
		return t
	}
	if t.line.attributes() >= 2 {
		t = t.merged(DimRegion, layout.Regions)
	}
	return t.merged(DimDrugRow, layout.DrugRows)
}

// sealTable publishes every cell of a table, empty ones too.
func (a *Accumulator) sealTable(t *tally, key []byte, release string) (Table, error) {
	indicator, _ := ByID(t.line.Indicator)
	noise := a.plan.noiseOf(t.line, indicator)
	ptable, err := a.ptable(noise)
	if err != nil {
		return Table{}, err
	}
	table := Table{
		ID: t.id, Release: release, Title: tableTitle(indicator, t.line.Dimensions), Period: t.period.String(),
		Indicator: t.line.Indicator, Rule: indicator.RuleFor(a.rules), Definitions: a.definitions, Unit: indicator.Unit, noise: noise,
		Dimensions: slices.Clone(t.line.Dimensions), Method: methodOf(t.line, indicator, noise), Cells: make([]Cell, 0, len(t.cells)),
	}
	if t.period != a.period { // of an earlier one, whose numbers became final late
		for lang := range table.Title {
			table.Title[lang] += " (" + t.period.String() + ")"
		}
	}
	table.Status, table.FinalOn = a.statusOf(indicator, t.period)
	if t.line.Where.Dimension != "" {
		table.Title = narrowed(table.Title, t.line.Where)
		table.Where = &t.line.Where
	}
	mac := hmac.New(sha256.New, key)
	for i, c := range t.cells {
		codes := t.coordinates(i)
		if t.structural[i] {
			table.Cells = append(table.Cells, Cell{Codes: codes, Value: new(int64), Lo95: new(int64), Hi95: new(int64), Flag: Structural})
			continue
		}
		u := draw(mac, t.id, t.line.Dimensions, codes, c)
		shown := publish(codes, c.n+int64(ptable.Noise(u)), noise)
		if shown.Value != nil && slices.ContainsFunc(codes, func(code string) bool { return t.joined[code] }) {
			shown.Flag = Joined
		}
		table.Cells = append(table.Cells, shown)
	}
	if t.line.isRate() {
		table.Rates = rates(table, noise)
	}
	table.Means = means(table)
	table.Coverage = coverageOf(table, indicator, t.period, a.estimates, a.country.Code)
	return table, nil
}

// statusOf says whether the numbers of a period are final in this release, and since or
// from when. A provisional release gives way to the final one of its quarter.
func (a *Accumulator) statusOf(indicator Indicator, period Period) (Status, models.Date) {
	if a.status == Provisional {
		return Provisional, nominal(place{Final, period})
	}
	return Final, indicator.FinalOn(period)
}

// ptable returns the distribution for a noise setting, computed once a release.
func (a *Accumulator) ptable(n Noise) (PTable, error) {
	if t, ok := a.ptables[n]; ok {
		return t, nil
	}
	t, err := NewPTable(n.Variance, n.Bound)
	if err == nil {
		a.ptables[n] = t
	}
	return t, err
}

// showAgain puts the published cells of other tables in place of those that equal them: a
// number that was drawn once is not drawn again (disclosure control §2.4a).
func (a *Accumulator) showAgain(table *Table, t *tally, find func(string) (Table, bool)) error {
	for code, source := range t.line.Same {
		from, ok := find(source.Table)
		if !ok || from.Period != table.Period || from.noise != table.noise {
			return fmt.Errorf("indicators: table %s shows cells of %s, which this release does not hold alike", t.id, source.Table)
		}
		for i, c := range table.Cells {
			last := len(c.Codes) - 1
			if c.Codes[last] != code {
				continue
			}
			same := func(o Cell) bool {
				codes, m := o.Codes, ""
				if len(from.Dimensions) == len(table.Dimensions) {
					codes, m = o.Codes[:last], o.Codes[last]
				}
				return m == source.Measure && slices.Equal(codes, c.Codes[:last])
			}
			j := slices.IndexFunc(from.Cells, same)
			if j < 0 {
				return fmt.Errorf("indicators: table %s has a cell that %s has not", t.id, source.Table)
			}
			shown := from.Cells[j]
			shown.Codes = c.Codes
			table.Cells[i] = shown
		}
	}
	if t.line.isRate() {
		table.Rates = rates(*table, table.noise)
	}
	indicator, _ := ByID(t.line.Indicator)
	table.Coverage = coverageOf(*table, indicator, t.period, a.estimates, a.country.Code)
	return nil
}

// rates pairs the cells of a table whose last dimension is measure: denominator,
// then numerator.
func rates(table Table, noise Noise) []Rate {
	var out []Rate
	for pair := range slices.Chunk(table.Cells, 2) {
		codes := pair[0].Codes[:len(pair[0].Codes)-1]
		out = append(out, rateOf(codes, pair[1], pair[0], noise))
	}
	return out
}

// draw returns the top 53 bits of the keyed hash of a cell (disclosure control
// §2.2). The coordinates are in it, so that two cells with the same contributors
// get different noise: without them "the total differs from men" would prove a
// woman (§1, part 4). Dimensions enter in alphabetical order.
func draw(mac hash.Hash, table string, dimensions, codes []string, c cell) uint64 {
	mac.Reset()
	field(mac, []byte("sdc1"))
	field(mac, []byte(table))
	order := make([]int, len(dimensions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(dimensions[i], dimensions[j]) })
	for _, i := range order {
		field(mac, []byte(dimensions[i]))
		field(mac, []byte(codes[i]))
	}
	field(mac, binary.BigEndian.AppendUint64(nil, uint64(c.n)))
	field(mac, binary.BigEndian.AppendUint64(nil, c.keys))
	return binary.BigEndian.Uint64(mac.Sum(nil)) >> 11
}

// field writes a field behind its length, so that no two lists of fields collide.
func field(mac hash.Hash, value []byte) {
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(value))))
	mac.Write(value)
}
