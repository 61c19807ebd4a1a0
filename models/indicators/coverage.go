package indicators

import (
	"math"
	"slices"

	"jol/models"
)

// Coverage is a published numerator divided by a published population estimate: in
// percent for persons, and for sums their units per person. Nil is not given: without an
// estimate there is no coverage, and nothing else takes its place.
type Coverage struct {
	Codes    []string // one per dimension of the table except measure
	Estimate *models.Estimate
	Value    *float64
	// Lo95 and Hi95 join the interval of the noise with the one the estimate's source states.
	Lo95 *float64
	Hi95 *float64
	Flag Flag
}

// NoEstimate says that no estimate with a source was loaded for the place and year.
const NoEstimate Flag = "no_estimate"

// daysPerYear turns days on treatment into person-years.
const daysPerYear = 365.25

// coverageOf divides the numerators of a table by the estimates there are.
func coverageOf(t Table, indicator Indicator, period Period, estimates []models.Estimate, country string) []Coverage {
	if indicator.Estimate == "" {
		return nil
	}
	var out []Coverage
	for _, c := range t.Cells {
		codes := c.Codes
		if slices.Contains(t.Dimensions, DimMeasure) {
			last := len(codes) - 1
			if codes[last] != MeasureNumerator {
				continue
			}
			codes = codes[:last]
		}
		region := ""
		if i := slices.Index(t.Dimensions, DimRegion); i >= 0 {
			region = codes[i]
		}
		out = append(out, coverage(codes, c, estimateFor(estimates, indicator.Estimate, country, region, period.start.Year()), indicator.Unit, t.noise))
	}
	return out
}

// estimateFor returns the estimate of the place and year; estimates without a source are none.
func estimateFor(all []models.Estimate, kind, country, region string, year int) *models.Estimate {
	for _, e := range all {
		if e.Kind == kind && e.Country == country && e.Region == region && e.Year == year && e.Source != "" && e.Value > 0 {
			return &e
		}
	}
	return nil
}

// coverage divides one published cell.
func coverage(codes []string, c Cell, e *models.Estimate, unit string, noise Noise) Coverage {
	out := Coverage{Codes: codes, Estimate: e}
	switch {
	case c.Flag == Structural:
		out.Flag = Structural
		return out
	case e == nil:
		out.Flag = NoEstimate
		return out
	case c.Value == nil || *c.Value < rateMinNumerator || e.Value < rateMinDenominator:
		out.Flag = BelowFloor
		return out
	}
	scale := 1.0
	switch unit {
	case "":
		scale = percentWhole
	case "days":
		scale = percentWhole / daysPerYear
	}
	low, high := e.Low, e.High
	if low <= 0 || high < low {
		low, high = e.Value, e.Value
	}
	half := intervalWidth * math.Sqrt(float64(noise.Variance))
	n := float64(*c.Value)
	out.Value = tenth(scale * n / float64(e.Value))
	out.Lo95 = tenth(scale * max(n-half, 0) / float64(high))
	out.Hi95 = tenth(scale * (n + half) / float64(low))
	return out
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
		o.set("coverageLo95", c.Lo95)
		o.set("coverageHi95", c.Hi95)
		if e := c.Estimate; e != nil {
			o.set("estimate", map[string]any{
				"kind": e.Kind, "year": e.Year, "population": e.Value, "low": e.Low, "high": e.High, "source": e.Source, "method": e.Method,
			})
		}
		o.flag(c.Flag)
	})
}
