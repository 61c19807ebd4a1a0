package indicators

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jol/models"
)

const (
	// regionGate is the published total under which a region's tables with two attributes
	// are merged with the next region's (disclosure control §2.4).
	regionGate = 200
	// drugGate is the published national total under which a drug has no row of its own
	// (disclosure control §2.4a).
	drugGate = 200
	// The gates of a revision (disclosure control §2.5).
	revisionClients = 200
	revisionShare   = 100 // one hundredth of the published entrants
)

// layoutOfRelease reads the layout back from the tables of an annual release, so that its
// revision shows the same regions and drugs together: the layout is fixed for the year.
func layoutOfRelease(tables map[string]string) (*models.Layout, error) {
	read := func(id, dimension string) ([]total, error) {
		var t struct{ Cells []map[string]any }
		if err := json.Unmarshal([]byte(tables[id]), &t); err != nil {
			return nil, fmt.Errorf("indicators: the annual release has no readable table %s: %w", id, err)
		}
		var all []total
		for _, c := range t.Cells {
			code, _ := c[dimension].(string)
			value, _ := c["value"].(float64)
			all = append(all, total{code, int64(value)})
		}
		return all, nil
	}
	regions, err := read(regionTotals, DimRegion)
	if err != nil {
		return nil, err
	}
	drugs, err := read(drugTotals, DimDrugRow)
	if err != nil {
		return nil, err
	}
	return &models.Layout{Regions: mergeRegions(regions), DrugRows: mergeDrugs(drugs)}, nil
}

// total is one published total; what is below the floor counts as nothing.
type total struct {
	code  string
	value int64
}

// published reads a table of one dimension.
func published(t Table) []total {
	var all []total
	for _, c := range t.Cells {
		n := total{code: c.Codes[0]}
		if c.Value != nil {
			n.value = *c.Value
		}
		all = append(all, n)
	}
	return all
}

// mergeRegions joins each region under the gate with the next by code until the group
// reaches it; a rest at the end joins the group before. The result names the group of
// every region that is not alone.
func mergeRegions(totals []total) map[string]string {
	var groups [][]total
	var open []total
	for _, t := range totals {
		open = append(open, t)
		if sum(open) >= regionGate {
			groups, open = append(groups, open), nil
		}
	}
	if len(open) > 0 && len(groups) > 0 {
		last := len(groups) - 1
		groups[last] = append(groups[last], open...)
	} else if len(open) > 0 {
		groups = append(groups, open)
	}
	return named(groups, func(codes []string) string { return strings.Join(codes, "+") })
}

// mergeDrugs joins the drugs of one group that are under the gate. A single one is
// joined with the smallest other of its group: alone it would still be shown. A group
// that is joined whole takes the group's number.
func mergeDrugs(totals []total) map[string]string {
	size := map[string]int{}
	under := map[string][]total{}
	over := map[string][]total{}
	var order []string
	for _, t := range totals {
		group, _, _ := strings.Cut(t.code, ".")
		if size[group]++; size[group] == 1 {
			order = append(order, group)
		}
		if t.value < drugGate {
			under[group] = append(under[group], t)
		} else {
			over[group] = append(over[group], t)
		}
	}
	merged := map[string]string{}
	for _, group := range order {
		rest := under[group]
		if len(rest) == 1 && len(over[group]) > 0 {
			smallest := slices.MinFunc(over[group], func(a, b total) int { return int(a.value - b.value) })
			rest = append(rest, smallest)
		}
		if len(rest) < 2 {
			continue
		}
		name := group
		if len(rest) < size[group] {
			name = group + ".rest"
		}
		for _, t := range rest {
			merged[t.code] = name
		}
	}
	return merged
}

func sum(totals []total) (n int64) {
	for _, t := range totals {
		n += t.value
	}
	return n
}

// named maps the codes of groups of several to the group's name.
func named(groups [][]total, name func([]string) string) map[string]string {
	merged := map[string]string{}
	for _, group := range groups {
		if len(group) == 1 {
			continue
		}
		var codes []string
		for _, t := range group {
			codes = append(codes, t.code)
		}
		for _, code := range codes {
			merged[code] = name(codes)
		}
	}
	return merged
}

// merged returns the tally with the codes of one dimension joined. Counts and sums of
// record keys add up, so a joined cell is drawn once, as if it had been counted so.
func (t *tally) merged(dimension string, names map[string]string) *tally {
	d := slices.Index(t.line.Dimensions, dimension)
	if d < 0 || len(names) == 0 {
		return t
	}
	to := make([]int, len(t.codes[d])) // position before to position after
	var codes []string
	index := map[string]int{}
	for i, code := range t.codes[d] {
		if name, ok := names[code]; ok {
			code = name
		}
		if _, ok := index[code]; !ok {
			index[code] = len(codes)
			codes = append(codes, code)
		}
		to[i] = index[code]
	}
	if len(codes) == len(t.codes[d]) {
		return t
	}
	inner := 1
	for _, c := range t.codes[d+1:] {
		inner *= len(c)
	}
	before, after := len(t.codes[d]), len(codes)
	m := &tally{line: t.line, period: t.period, id: t.id, codes: slices.Clone(t.codes), joined: map[string]bool{}}
	m.codes[d] = codes
	m.cells = make([]cell, len(t.cells)/before*after)
	m.structural = make([]bool, len(m.cells))
	filled := make([]bool, len(m.cells))
	for i, c := range t.cells {
		outer, rest := i/(before*inner), i%(before*inner)
		j := (outer*after+to[rest/inner])*inner + rest%inner
		m.cells[j].n += c.n
		m.cells[j].keys += c.keys
		m.structural[j] = t.structural[i] && (m.structural[j] || !filled[j]) // only if every part is
		filled[j] = true
	}
	for name := range t.joined {
		m.joined[name] = true
	}
	for _, name := range names {
		m.joined[name] = true
	}
	return m
}

// mayRevise checks the gates of a revision: at least 200 clients of whom something
// changed since the annual release, and at least one in a hundred of its published
// entrants. Both figures come from outside: the store counts whose rows changed after the
// cutoff, and no true count is kept to compare with (disclosure control §2.5).
func mayRevise(annual *models.AnnualRelease) error {
	if annual == nil {
		return models.Fail(models.KindConflict, "release.revision_gate", "A revision needs an annual release sealed before it.")
	}
	var entrants struct{ Cells []struct{ Value *int64 } }
	if err := json.Unmarshal([]byte(annual.Tables[entrantTotal]), &entrants); err != nil || len(entrants.Cells) != 1 {
		return fmt.Errorf("indicators: the annual release has no readable table %s", entrantTotal)
	}
	published := int64(0)
	if v := entrants.Cells[0].Value; v != nil {
		published = *v
	}
	if annual.ChangedClients < revisionClients || annual.ChangedClients*revisionShare < published {
		return models.Fail(models.KindConflict, "release.revision_gate",
			"A revision needs changes to at least 200 clients and to 1 %% of the published entrants since the annual release.")
	}
	return nil
}
