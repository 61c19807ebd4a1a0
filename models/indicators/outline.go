package indicators

import (
	"maps"
	"slices"
	"strings"

	"jol/models"
)

// Outline returns every table that a release of the profile can hold, quarterly and yearly,
// with all its cells and no number: what another system must know before it takes any of
// the releases. The codes under which drugs are joined are among the codes of drug rows.
// Regions are places of the other system: the country stands for them.
func Outline(profile Profile, country string) ([]models.ReleaseTable, error) {
	plan, err := PlanFor(profile)
	if err != nil {
		return nil, err
	}
	kinds := []struct {
		period   string
		statuses []Status
	}{{"2000Q1", []Status{Provisional, Final}}, {"2000", []Status{Annual, Revision}}}
	var all []models.ReleaseTable
	for _, kind := range kinds {
		seen := map[string]bool{}
		for _, status := range kind.statuses {
			for _, line := range plan.TablesFor(status) {
				if seen[line.ID] {
					continue
				}
				seen[line.ID] = true
				t := plan.outline(line, country, kind.period)
				all = append(all, models.ReleaseTable{TableID: t.ID, Dimensions: t.Dimensions, JSON: string(t.JSON())})
			}
		}
	}
	return all, nil
}

// outline is one table with every cell it can have, none of them shown.
func (p Plan) outline(line TableLine, country, period string) Table {
	indicator, _ := ByID(line.Indicator)
	t := Table{ID: line.ID, Indicator: line.Indicator, Period: period, Rule: indicator.RuleFor(DefaultRules), Definitions: DefinitionHash(DefaultRules), Unit: indicator.Unit,
		Title: tableTitle(indicator, line.Dimensions), Dimensions: line.Dimensions, Method: methodOf(line, indicator, p.noiseOf(line, indicator))}
	if line.Where.Dimension != "" {
		t.Title, t.Where = narrowed(t.Title, line.Where), &line.Where
	}
	cells := [][]string{{}}
	for _, d := range line.Dimensions {
		codes := codesOf(d, Country{Regions: []string{country}})
		if d == DimDrugRow {
			codes = append(codes, joinedRows(codes)...)
		}
		var next [][]string
		for _, cell := range cells {
			for _, code := range codes {
				next = append(next, append(slices.Clone(cell), code))
			}
		}
		cells = next
	}
	for _, codes := range cells {
		t.Cells = append(t.Cells, Cell{Codes: codes, Flag: BelowFloor})
	}
	return t
}

// joinedRows are the codes that mergeDrugs can give: a group whole, or the rest of it.
func joinedRows(codes []string) []string {
	size := map[string]int{}
	for _, code := range codes {
		group, _, _ := strings.Cut(code, ".")
		size[group]++
	}
	var joined []string
	for _, group := range slices.Sorted(maps.Keys(size)) {
		if size[group] > 1 {
			joined = append(joined, group, group+".rest")
		}
	}
	return joined
}
