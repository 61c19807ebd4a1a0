package indicators

import (
	"math"
	"slices"
	"strings"
)

// RowMean is the mean of one row of bands (indicators, TDI04): post-processing of what the
// table shows. It is approximate: each band stands for its middle.
type RowMean struct {
	Codes []string // one per dimension of the table except the bands
	Mean
	// P95 is the half width of the interval of the noise, in years.
	P95  *float64
	Flag Flag
}

// Flags of a mean that is not given.
const (
	FewClients  Flag = "few_clients"
	HiddenBands Flag = "hidden_bands"
)

const (
	meanMinCount = 50
	// hiddenShare: what the hidden bands could hold is at most a tenth of what is shown.
	hiddenShare = 10
)

// meanDimension returns which dimension holds the bands of a mean; tables with more than
// one other attribute have none.
func meanDimension(dimensions []string) (int, bool) {
	last := len(dimensions) - 1
	if last < 0 || last > 1 {
		return 0, false
	}
	d := dimensions[last]
	return last, d == DimAgeFine || d == DimAgeTDI || d == DimAgeFirstUse || d == DimYearsSinceUse
}

// means works out the mean of every row.
func means(t Table) []RowMean {
	at, ok := meanDimension(t.Dimensions)
	if !ok {
		return nil
	}
	var out []RowMean
	rows := map[string][]Cell{}
	var order []string
	for _, c := range t.Cells {
		key := strings.Join(c.Codes[:at], "\x00")
		if _, ok := rows[key]; !ok {
			order = append(order, key)
		}
		rows[key] = append(rows[key], c)
	}
	for _, key := range order {
		cells := rows[key]
		m := RowMean{Codes: slices.Clone(cells[0].Codes[:at]), Mean: MeanOfBands(t.Dimensions[at], cells)}
		switch {
		case m.Counts < meanMinCount:
			m.Mean, m.Flag = Mean{}, FewClients
		case int64(m.Masked*(t.noise.Floor-1)*hiddenShare) > m.Counts:
			m.Value, m.Flag = nil, HiddenBands
		default:
			m.P95 = new(noiseOfMean(t.Dimensions[at], cells, m.Counts, t.noise))
		}
		out = append(out, m)
	}
	return out
}

// noiseOfMean is 1.96 standard deviations that the noise of the bands gives the mean.
func noiseOfMean(dimension string, cells []Cell, counts int64, noise Noise) float64 {
	if dimension == DimAgeFirstUse {
		dimension = DimAgeTDI
	}
	mean, spread := 0.0, 0.0
	for pass := range 2 {
		for _, c := range cells {
			middle, ok := midpoints[dimension][c.Codes[len(c.Codes)-1]]
			switch {
			case !ok || c.Value == nil:
			case pass == 0:
				mean += middle * float64(*c.Value) / float64(counts)
			default:
				spread += (middle - mean) * (middle - mean)
			}
		}
	}
	return math.Ceil(10*intervalWidth*math.Sqrt(float64(noise.Variance)*spread)/float64(counts)) / 10
}
