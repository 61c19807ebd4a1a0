package indicators

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
)

// TestAttack_OneQuantityOneNoise takes the mean of everything that is published of one
// number: people in treatment in the year stand in TDI03, as the denominator of COMP, and
// as the drugs of SDG351. Drawn apart they would be three noises to average; a release
// shows one cell three times. What a second release draws anew can still be averaged, and
// is in the budget: how often the nearest whole number is the truth follows from the noise.
func TestAttack_OneQuantityOneNoise(t *testing.T) {
	t.Parallel()
	const releases = 2000
	rows := people(21, 400, testCountry.Regions[:3])
	country := Country{Code: "KZ", Regions: testCountry.Regions[:3]}
	counting := func(s Status, period string, tables ...string) *Accumulator {
		a := ofTheYear(t, Ministry, country, s, mustPeriod(t, period), func(l TableLine) bool { return slices.Contains(tables, l.ID) })
		for _, c := range rows {
			if err := a.AddClient(c); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	annual, lastQuarter := counting(Annual, "2026", "TDI03.total", "COMP.total", "SDG351.total"), counting(Final, "2026Q4", "COMP.total")
	truth := float64(len(rows))
	published := func(a *Accumulator, key uint64) []Table {
		tables, err := a.sealTables(testKey(key), "")
		if err != nil {
			t.Fatal(err)
		}
		return tables
	}
	apart := func(a *Accumulator, key uint64) []Table {
		var tables []Table
		for _, tl := range a.tallies {
			table, err := a.sealTable(tl, testKey(key), "")
			if err != nil {
				t.Fatal(err)
			}
			tables = append(tables, table)
		}
		return tables
	}
	right := map[string]int{}
	ways := []struct {
		name  string
		draws float64
		seal  func(key uint64) []Table
	}{
		{"one release", 1, func(key uint64) []Table { return published(annual, key) }},
		{"annual and the fourth quarter", 2, func(key uint64) []Table {
			shown := slices.DeleteFunc(published(annual, key), func(t Table) bool { return t.Indicator != "TDI03" })
			return append(shown, published(lastQuarter, key+releases)...)
		}},
		{"the three drawn apart", 3, func(key uint64) []Table { return apart(annual, key) }},
	}
	for _, w := range ways {
		for key := range uint64(releases) {
			sum, n := 0.0, 0.0
			for _, v := range inTreatmentShown(w.seal(key)) {
				sum, n = sum+v, n+1
			}
			if math.Round(sum/n) == truth {
				right[w.name]++
			}
		}
		sd := 3 / math.Sqrt(w.draws)
		best := math.Erf(0.5 / sd / math.Sqrt2)
		share := float64(right[w.name]) / releases
		t.Logf("%s: the count is right in %.1f of 100, the noise of %g draws allows %.1f", w.name, 100*share, w.draws, 100*best)
		// Four standard deviations of luck.
		if luck := 1.6 / math.Sqrt(releases); math.Abs(share-best) > luck {
			t.Errorf("%s: right in %.1f of 100, want %.1f", w.name, 100*share, 100*best)
		}
	}
	if right["the three drawn apart"] < right["one release"]*5/4 {
		t.Error("averaging of draws apart finds no more: the attacker does not bite")
	}
}

// inTreatmentShown are the cells that tell how many people were in treatment in the year.
func inTreatmentShown(tables []Table) (values []float64) {
	for _, table := range tables {
		for _, c := range table.Cells {
			last := ""
			if len(c.Codes) > 0 {
				last = c.Codes[len(c.Codes)-1]
			}
			if table.Indicator == "TDI03" || last == classDrugs || last == MeasureDenominator {
				values = append(values, float64(*c.Value))
			}
		}
	}
	return values
}

// TestAttack_RatesAndMeansAreWorkedOutFromCells works out every rate and every mean again
// from the cells and the method that a table publishes: they tell nothing that the attackers
// of the cells do not have.
func TestAttack_RatesAndMeansAreWorkedOutFromCells(t *testing.T) {
	t.Parallel()
	a := accumulate(t, Ministry, testCountry, Annual, "2026", people(22, 1_500, testCountry.Regions))
	r, err := a.Seal(testKey(1))
	if err != nil {
		t.Fatal(err)
	}
	rated, meant := 0, 0
	for _, sealed := range r.Tables {
		var public struct {
			Method Method
			Cells  []map[string]any
		}
		if err := json.Unmarshal(sealed.JSON(), &public); err != nil {
			t.Fatal(err)
		}
		sd := public.Method.NoiseSd
		again := Table{Dimensions: sealed.Dimensions, noise: Noise{Variance: int(math.Round(sd * sd)), Bound: public.Method.NoiseMax, Floor: public.Method.Floor}}
		for _, member := range public.Cells {
			again.Cells = append(again.Cells, readCell(sealed.Dimensions, member))
		}
		if len(sealed.Rates) > 0 {
			rated++
			if got := rates(again, again.noise); !reflect.DeepEqual(got, sealed.Rates) {
				t.Errorf("%s: the rates tell more than the cells", sealed.ID)
			}
		}
		if len(sealed.Means) > 0 {
			meant++
			if got := means(again); !reflect.DeepEqual(got, sealed.Means) {
				t.Errorf("%s: the means tell more than the cells", sealed.ID)
			}
		}
	}
	if rated < 40 || meant < 5 {
		t.Errorf("%d tables with rates and %d with means", rated, meant)
	}
}

func readCell(dimensions []string, member map[string]any) Cell {
	c := Cell{}
	for _, d := range dimensions {
		c.Codes = append(c.Codes, member[d].(string))
	}
	if v, ok := member["value"].(float64); ok {
		c.Value = new(int64(v))
	}
	if flag, ok := member["flag"].(string); ok {
		c.Flag = Flag(flag)
	}
	return c
}
