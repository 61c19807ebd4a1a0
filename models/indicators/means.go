package indicators

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Mean is a mean age worked out from published bands (indicators, TDI04): post-processing
// of what the table shows. It is approximate: each band stands for its middle. Nil is not
// given.
type Mean struct {
	Codes []string // one per dimension of the table except the bands
	Mean  *float64
	Lo95  *float64 // of the noise alone
	Hi95  *float64
	Count int64 // published clients with a known age
	Flag  Flag
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
	// openMiddle is half the width that an open band is taken to have.
	openMiddle = 2
)

// meanDimension returns which dimension holds the bands of a mean; tables with more than
// one other attribute have none.
func meanDimension(dimensions []string) (int, bool) {
	if len(dimensions) > 2 || slices.Contains(dimensions, DimYearsSinceInjection) || slices.Contains(dimensions, DimMeasure) {
		return 0, false
	}
	for i, d := range dimensions {
		if d == DimAgeFine || d == DimAgeTDI || d == DimAgeFirstUse {
			return i, true
		}
	}
	return 0, false
}

// means works out the mean of every row.
func means(t Table) []Mean {
	at, ok := meanDimension(t.Dimensions)
	if !ok {
		return nil
	}
	var out []Mean
	rows := map[string][]Cell{}
	var order []string
	for _, c := range t.Cells {
		key := strings.Join(slices.Delete(slices.Clone(c.Codes), at, at+1), "\x00")
		if _, ok := rows[key]; !ok {
			order = append(order, key)
		}
		rows[key] = append(rows[key], c)
	}
	for _, key := range order {
		m := meanOf(rows[key], at, t.noise)
		m.Codes = slices.Delete(slices.Clone(rows[key][0].Codes), at, at+1)
		out = append(out, m)
	}
	return out
}

// meanOf is the mean of one row of bands.
func meanOf(cells []Cell, at int, noise Noise) Mean {
	m := Mean{}
	hidden := int64(0)
	weighted := 0.0
	for _, c := range cells {
		middle, ok := bandMiddle(c.Codes[at])
		switch {
		case !ok:
		case c.Value == nil:
			hidden++
		default:
			m.Count += *c.Value
			weighted += middle * float64(*c.Value)
		}
	}
	switch {
	case m.Count < meanMinCount:
		m.Count, m.Flag = 0, FewClients
		return m
	case hidden*int64(noise.Floor-1)*hiddenShare > m.Count:
		m.Flag = HiddenBands
		return m
	}
	mean := weighted / float64(m.Count)
	spread := 0.0
	for _, c := range cells {
		if middle, ok := bandMiddle(c.Codes[at]); ok && c.Value != nil {
			spread += (middle - mean) * (middle - mean)
		}
	}
	half := intervalWidth * math.Sqrt(float64(noise.Variance)*spread) / float64(m.Count)
	m.Mean, m.Lo95, m.Hi95 = tenth(mean), tenth(mean-half), tenth(mean+half)
	return m
}

func tenth(x float64) *float64 { return new(math.Round(10*x) / 10) }

// bandMiddle returns the middle of a band in completed years; not known has none. Open
// bands are taken to be as wide as the TDI bands, five years, away from the bound.
func bandMiddle(code string) (float64, bool) {
	if from, ok := strings.CutSuffix(code, "+"); ok {
		n, err := strconv.Atoi(from)
		return float64(n + openMiddle), err == nil
	}
	if under, ok := strings.CutPrefix(code, "U"); ok {
		n, err := strconv.Atoi(under)
		return float64(n - 1 - openMiddle), err == nil
	}
	from, to, ok := strings.Cut(code, "-")
	lo, err := strconv.Atoi(from)
	hi, err2 := strconv.Atoi(to)
	if !ok || err != nil || err2 != nil {
		return 0, false
	}
	if lo == 0 {
		return float64(hi - openMiddle), true
	}
	return float64(lo+hi) / 2, true
}
