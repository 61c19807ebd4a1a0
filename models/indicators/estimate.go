package indicators

import (
	"math"
	"strconv"

	"jol/models"
)

// Reasons why a value that divides by an estimate is not there.
const (
	NoEstimate      = "no_estimate"      // none is loaded for the country, region and year
	EstimateNotUsed = "estimate_unknown" // the indicator divides by no estimate, or by another kind
	ReasonFloor     = "below_floor"      // the numerator is not shown
)

// Coverage is a published count divided by an estimate of a population. Without both the
// value is nil with the reason; nothing is ever divided by registered users, because
// registration is a legal status and no measure of how many there are.
type Coverage struct {
	Value *Percent // percent; for a sum units a person
	// Lo and Hi join the interval of the count and that of the estimate. Lo is nil where
	// the count's is.
	Lo, Hi   *Percent
	Reason   string
	Estimate *models.Estimate
}

// OfEstimate divides a published cell of the indicator by an estimate. SDG351 has an
// estimate of its own for alcohol.
func OfEstimate(i Indicator, c Cell, e *models.Estimate) Coverage {
	switch {
	case i.Estimate == "":
		return Coverage{Reason: EstimateNotUsed}
	case e == nil || e.Value <= 0:
		return Coverage{Reason: NoEstimate}
	case e.Kind != i.Estimate && !(i.ID == "SDG351" && e.Kind == "alcohol_use_disorder"):
		return Coverage{Reason: EstimateNotUsed, Estimate: e}
	case c.Value == nil:
		return Coverage{Reason: ReasonFloor, Estimate: e}
	}
	low, high := e.Low, e.High
	if low <= 0 || high < low {
		low, high = e.Value, e.Value
	}
	out := Coverage{Estimate: e, Value: ratio(i, *c.Value, e.Value)}
	if c.Lo95 != nil {
		out.Lo = ratio(i, *c.Lo95, high)
	}
	if c.Hi95 != nil {
		out.Hi = ratio(i, *c.Hi95, low)
	}
	return out
}

// ratio writes n/d with one decimal, rounded half up: percent, or units a person.
func ratio(i Indicator, n, d int64) *Percent {
	scale := 1.0
	if i.Unit == "" {
		scale = 100
	}
	tenths := math.Floor(float64(n)*scale*10/float64(d) + 0.5)
	return new(Percent(strconv.FormatFloat(tenths/10, 'f', 1, 64)))
}

// midpoints are the middles of bands of completed years or of years: 15 to 19 is 15.0 to
// 20.0. Open bands take a width that is decided here.
var midpoints = map[string]map[string]float64{
	DimAgeTDI: {
		"U15": 12.5, "15-19": 17.5, "20-24": 22.5, "25-29": 27.5, "30-34": 32.5, "35-39": 37.5, "40-44": 42.5, "45-49": 47.5, "50-54": 52.5,
		"55-59": 57.5, "60-64": 62.5, "65+": 70,
	},
	DimAgeFine:       {"0-19": 17.5, "20-24": 22.5, "25-29": 27.5, "30-34": 32.5, "35-44": 40, "45-54": 50, "55+": 62.5},
	DimYearsSinceUse: {"0-1": 1, "2-4": 3.5, "5-9": 7.5, "10+": 15},
}

// Mean is the approximate mean of a banded quantity.
type Mean struct {
	Value  *Percent // one decimal; nil when no band is shown
	Counts int64    // the published counts it rests on
	Masked int      // bands left out because they are below the floor
}

// MeanOfBands computes TDI04 from the published cells of one quantity: the age at entry
// (DimAgeTDI), at first use (DimAgeFirstUse) or the years between. Each cell's last code
// is the band; not known is left out.
func MeanOfBands(dimension string, cells []Cell) Mean {
	if dimension == DimAgeFirstUse {
		dimension = DimAgeTDI
	}
	var mean Mean
	sum := 0.0
	for _, c := range cells {
		middle, ok := midpoints[dimension][c.Codes[len(c.Codes)-1]]
		switch {
		case !ok:
		case c.Value == nil:
			mean.Masked++
		default:
			sum += middle * float64(*c.Value)
			mean.Counts += *c.Value
		}
	}
	if mean.Counts > 0 {
		tenths := math.Floor(sum*10/float64(mean.Counts) + 0.5)
		mean.Value = new(Percent(strconv.FormatFloat(tenths/10, 'f', 1, 64)))
	}
	return mean
}
