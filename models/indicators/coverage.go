package indicators

import (
	"slices"

	"jol/models"
)

// RowCoverage is a row of a table divided by the population estimate of its place and year.
type RowCoverage struct {
	Codes []string // one per dimension of the table except measure
	Coverage
}

// coverageOf divides the published numerators of a table by the estimates there are. Without
// one the value is null with the reason, and nothing else takes its place.
func coverageOf(t Table, indicator Indicator, period Period, estimates []models.Estimate, country string) []RowCoverage {
	if indicator.Estimate == "" {
		return nil
	}
	var out []RowCoverage
	for _, c := range t.Cells {
		codes := c.Codes
		if t.isRate() {
			last := len(codes) - 1
			if codes[last] != MeasureNumerator {
				continue
			}
			codes = codes[:last]
		}
		kind, region := indicator.Estimate, ""
		for i, d := range t.Dimensions {
			switch {
			case d == DimRegion:
				region = codes[i]
			case d == DimSubstanceClass && codes[i] == classAlcohol:
				kind = "alcohol_use_disorder"
			}
		}
		out = append(out, RowCoverage{codes, OfEstimate(indicator, c, estimateFor(estimates, kind, country, region, period.start.Year()))})
	}
	return out
}

// estimateFor returns the estimate of the place and year; one without a source is none.
func estimateFor(all []models.Estimate, kind, country, region string, year int) *models.Estimate {
	for _, e := range all {
		if e.Kind == kind && e.Country == country && e.Region == region && e.Year == year && e.Source != "" {
			return &e
		}
	}
	return nil
}

// coverageJSON writes the coverage of a table that has some.
func (t Table) coverageJSON(o *object) {
	if len(t.Coverage) == 0 {
		return
	}
	dimensions := slices.DeleteFunc(slices.Clone(t.Dimensions), func(d string) bool { return d == DimMeasure })
	o.key("coverage")
	o.list(len(t.Coverage), func(i int) {
		c := t.Coverage[i]
		o.codes(dimensions, c.Codes)
		o.set("coverage", c.Value)
		o.set("coverageLo95", c.Lo)
		o.set("coverageHi95", c.Hi)
		if e := c.Estimate; e != nil {
			o.set("estimate", map[string]any{
				"kind": e.Kind, "year": e.Year, "population": e.Value, "low": e.Low, "high": e.High, "source": e.Source, "method": e.Method,
			})
		}
		if c.Reason != "" {
			o.set("reason", c.Reason)
		}
	})
}
