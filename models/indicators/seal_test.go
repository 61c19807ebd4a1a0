package indicators

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// content is everything a release publishes.
func content(r Release) []byte {
	var buf bytes.Buffer
	for _, t := range r.Tables {
		buf.Write(t.JSON())
	}
	return buf.Bytes()
}

func TestSeal_SameBytesForAnyOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status           Status
		period           string
		clients, repeats int
	}{{Annual, "2026", 200, 3}, {Provisional, "2026Q1", 15, 1000}} {
		rows := clients(3, c.clients)
		want := seal(t, accumulate(t, Ministry, testCountry, c.status, c.period, rows), 9)
		rng := rand.New(rand.NewPCG(3, 3))
		for range c.repeats {
			rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			for i := range rows {
				slices.Reverse(rows[i].Episodes)
				slices.Reverse(rows[i].Referrals)
			}
			country := Country{Code: testCountry.Code, Regions: slices.Clone(testCountry.Regions)}
			rng.Shuffle(len(country.Regions), func(i, j int) {
				country.Regions[i], country.Regions[j] = country.Regions[j], country.Regions[i]
			})
			got := seal(t, accumulate(t, Ministry, country, c.status, c.period, rows), 9)
			if got.SHA256 != want.SHA256 || !bytes.Equal(content(got), content(want)) {
				t.Fatal("the same rows and key gave other bytes")
			}
		}
		if other := seal(t, accumulate(t, Ministry, testCountry, c.status, c.period, rows), 10); other.SHA256 == want.SHA256 {
			t.Error("another key gave the same release")
		}
	}
}

func TestSeal_DimensionOrderDoesNotChangeTheDraw(t *testing.T) {
	t.Parallel()
	mac := hmac.New(sha256.New, testKey(1))
	c := cell{n: 41, keys: 99}
	a := draw(mac, "T", []string{"region", "sex"}, []string{"KZ-55", "F"}, c)
	b := draw(mac, "T", []string{"sex", "region"}, []string{"F", "KZ-55"}, c)
	if a != b {
		t.Error("the order of dimensions changes the noise")
	}
}

func TestSeal_DrawIsTheDocumentedHash(t *testing.T) {
	t.Parallel()
	var message []byte
	add := func(b []byte) {
		message = append(binary.BigEndian.AppendUint32(message, uint32(len(b))), b...)
	}
	for _, s := range []string{"sdc1", "TDI01.sex", "sex", "F"} {
		add([]byte(s))
	}
	add([]byte{0, 0, 0, 0, 0, 0, 0, 41})
	add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe})
	mac := hmac.New(sha256.New, testKey(5))
	mac.Write(message)
	want := binary.BigEndian.Uint64(mac.Sum(nil)) >> 11
	if got := draw(mac, "TDI01.sex", []string{"sex"}, []string{"F"}, cell{n: 41, keys: math.MaxUint64 - 1}); got != want || got >= unit {
		t.Errorf("draw is %d, the document says %d", got, want)
	}
}

func TestSeal_EveryFieldChangesTheDraw(t *testing.T) {
	t.Parallel()
	mac := hmac.New(sha256.New, testKey(1))
	dims := []string{"sex"}
	seen := map[uint64]string{}
	for name, u := range map[string]uint64{
		"base":        draw(mac, "T1", dims, []string{"F"}, cell{n: 3, keys: 7}),
		"table":       draw(mac, "T2", dims, []string{"F"}, cell{n: 3, keys: 7}),
		"coordinates": draw(mac, "T1", dims, []string{"M"}, cell{n: 3, keys: 7}),
		"count":       draw(mac, "T1", dims, []string{"F"}, cell{n: 4, keys: 7}),
		"keys":        draw(mac, "T1", dims, []string{"F"}, cell{n: 3, keys: 8}),
		"total":       draw(mac, "T1", nil, nil, cell{n: 3, keys: 7}),
		"split":       draw(mac, "T", []string{"1sex"}, []string{"F"}, cell{n: 3, keys: 7}),
	} {
		if other, ok := seen[u]; ok {
			t.Errorf("%s and %s draw the same", name, other)
		}
		seen[u] = name
	}
}

func TestSeal_RecordKeysWrapAround(t *testing.T) {
	t.Parallel()
	rows := []ClientRows{{SDCKey: -1}, {SDCKey: 3}, {SDCKey: math.MinInt64}}
	want := uint64(0)
	for i := range rows {
		rows[i].Episodes = []EpisodeRow{episode("2026-02-01", "")}
		want += uint64(rows[i].SDCKey)
	}
	a := accumulate(t, Ministry, testCountry, Annual, "2026", rows)
	if got := a.tallies[0].cells[0]; got != (cell{n: 3, keys: want}) {
		t.Errorf("total is %+v, want 3 and %d", got, want)
	}
}

// decoded is what a reader of the JSON sees.
type decoded struct {
	Method Method
	Cells  []struct {
		Value, Lo95, Hi95 *int64
		Flag              Flag
	}
	Rates []struct {
		Rate, RateLo95, RateHi95 *float64
		Denominator              *int64
		Flag                     Flag
	}
}

var smallNumber = regexp.MustCompile(`"(value|lo95|hi95|denominator)":-?[0-4]\b`)

func TestSeal_ShowsNothingFromOneToFour(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		status, period := Annual, "2026"
		if seed%4 != 0 {
			status, period = Final, "2026Q2"
		}
		rows := clients(seed, int(seed)*30)
		r := seal(t, accumulate(t, Profiles[seed/2%2], testCountry, status, period, rows), seed)
		for _, table := range r.Tables {
			text := table.JSON()
			if found := smallNumber.Find(text); found != nil {
				t.Fatalf("%s shows %s", table.ID, found)
			}
			var d decoded
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			checkCells(t, d)
			checkRates(t, d)
		}
	}
}

func checkCells(t *testing.T, d decoded) {
	for _, c := range d.Cells {
		if (c.Value == nil) != (c.Flag == BelowFloor) || (c.Value == nil) != (c.Hi95 == nil) || c.Value == nil && c.Lo95 != nil {
			t.Fatalf("value, interval and flag disagree: %+v", c)
		}
		for _, n := range []*int64{c.Value, c.Lo95, c.Hi95} {
			if n != nil && *n < int64(d.Method.Floor) {
				t.Fatalf("%d is under the floor", *n)
			}
		}
		if c.Value != nil && (*c.Hi95 != *c.Value+int64(d.Method.P95) || c.Lo95 != nil && *c.Lo95 != *c.Value-int64(d.Method.P95)) {
			t.Fatalf("interval of %d", *c.Value)
		}
	}
}

func checkRates(t *testing.T, d decoded) {
	for _, r := range d.Rates {
		if (r.Rate == nil) != (r.Flag == BelowFloor || r.Flag == FewClients) || r.Rate == nil && (r.RateLo95 != nil || r.RateHi95 != nil) {
			t.Fatalf("rate, interval and flag disagree: %+v", r)
		}
		if r.Rate == nil {
			continue
		}
		if *r.Denominator < 50 || *r.RateLo95 < 0 || *r.RateLo95 > *r.Rate || *r.RateHi95 < *r.Rate || *r.RateHi95 > 100 {
			t.Fatalf("rate %v of %d", *r.Rate, *r.Denominator)
		}
	}
}

// oneOfEachNoise are tables under each noise of the plan.
var oneOfEachNoise = []string{"TDI01.total", "TDI01.sex.age", "REF01.total", "TDI.10.1.1"}

func TestSeal_NoiseHasBiasZeroAndTheVariance(t *testing.T) {
	t.Parallel()
	rows := clients(5, 2000)
	truth := accumulate(t, Ministry, testCountry, Annual, "2026", rows)
	for _, tally := range truth.tallies {
		if !slices.Contains(oneOfEachNoise, tally.id) {
			continue
		}
		indicator, _ := ByID(tally.line.Indicator)
		noise := truth.plan.noiseOf(tally.line, indicator)
		var n, sum, squares float64
		for key := range uint64(200) {
			table, err := truth.sealTable(tally, testKey(key), "")
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range tally.cells {
				if c.n < 30 || c.n < int64(noise.Bound+noise.Floor) { // always shown
					continue
				}
				e := float64(*table.Cells[i].Value - c.n)
				n, sum, squares = n+1, sum+e, squares+e*e
			}
		}
		// Five standard errors of the mean and of the variance; the keys are fixed.
		mean, variance := sum/n, squares/n
		if v := float64(noise.Variance); n < 200 || math.Abs(mean) > 5*math.Sqrt(v/n) || math.Abs(variance-v) > 5*v*math.Sqrt(2/n) {
			t.Errorf("%s: %g draws, mean %.3f, variance %.3f, want 0 and %d", tally.line.ID, n, mean, variance, noise.Variance)
		}
	}
}

func TestSeal_IntervalsCoverTheTruth(t *testing.T) {
	t.Parallel()
	rows := clients(6, 1500)
	truth := accumulate(t, Ministry, testCountry, Annual, "2026", rows)
	for _, tally := range truth.tallies {
		if !slices.Contains(oneOfEachNoise, tally.id) {
			continue
		}
		shown, covered := 0, 0
		for key := range uint64(200) {
			table, err := truth.sealTable(tally, testKey(key), "")
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range tally.cells {
				if p := table.Cells[i]; p.Value != nil && c.n >= 100 {
					shown++
					if c.n <= *p.Hi95 && (p.Lo95 == nil || c.n >= *p.Lo95) {
						covered++
					}
				}
			}
		}
		if shown > 0 && float64(covered) < 0.94*float64(shown) {
			t.Errorf("%s: %d of %d intervals hold the truth", tally.line.ID, covered, shown)
		}
	}
}

func TestSeal_StructuralZeros(t *testing.T) {
	t.Parallel()
	country := testCountry
	country.NotOffered = map[string][]string{DimCentre: {"prison"}}
	row := ClientRows{Episodes: []EpisodeRow{episode("2026-02-01", "")}}
	r := seal(t, accumulate(t, Ministry, country, Annual, "2026", []ClientRows{row}), 1)
	table, _ := r.Table("TDI01.centre")
	for _, c := range table.Cells {
		if structural := c.Flag == Structural; structural != (c.Codes[0] == "prison") || structural && (*c.Value != 0 || *c.Lo95 != 0 || *c.Hi95 != 0) {
			t.Errorf("%v: %+v", c.Codes, c)
		}
	}
	// Without the capability list a zero in the data is an ordinary cell.
	for key := range uint64(8) {
		free := seal(t, accumulate(t, Ministry, testCountry, Annual, "2026", []ClientRows{row}), key)
		for _, table := range free.Tables {
			if slices.ContainsFunc(table.Cells, func(c Cell) bool { return c.Flag == Structural || c.Value != nil && *c.Value == 0 }) {
				t.Fatal("an empty cell is shown as zero")
			}
		}
	}
	row.Episodes[0].CentreType = "3"
	a := accumulate(t, Ministry, country, Annual, "2026", nil)
	if err := a.AddClient(row); err == nil {
		t.Error("a client in a structural zero was accepted")
	}
	if _, err := a.Seal(testKey(1)); err == nil {
		t.Error("a release with a refused client was sealed")
	}
}

// In an empty country without agonist treatment every cell that counts it is an exact zero,
// and none of the others.
func TestSeal_ServiceTheCountryDoesNotOffer(t *testing.T) {
	t.Parallel()
	whole := []string{"OAT02", "OAT03", "OAT04", "OAT05", "COC01"}
	for _, c := range []struct {
		none      []string
		numerator []string
		whole     []string
	}{
		{[]string{models.ServiceOAT, models.ServiceOATPrison}, []string{"OAT01", "OAT06"}, whole},
		{[]string{models.ServiceOATPrison}, []string{"OAT06"}, nil},
		{nil, nil, nil},
	} {
		country := testCountry
		country.NotOffered = map[string][]string{models.NotOfferedService: c.none}
		for _, r := range []Release{seal(t, accumulate(t, Ministry, country, Final, "2026Q1", nil), 1), seal(t, accumulate(t, Ministry, country, Annual, "2026", nil), 2)} {
			for _, table := range r.Tables {
				for _, cell := range table.Cells {
					want := slices.Contains(c.whole, table.Indicator) || slices.Contains(c.numerator, table.Indicator) && slices.Contains(cell.Codes, MeasureNumerator)
					if got := cell.Flag == Structural; got != want || got && (cell.Value == nil || *cell.Value != 0) {
						t.Errorf("%v: %s %v: %+v", c.none, table.ID, cell.Codes, cell)
					}
				}
				for _, rate := range table.Rates {
					if structural := slices.Contains(c.whole, table.Indicator) || slices.Contains(c.numerator, table.Indicator); structural != (rate.Flag == Structural) || structural && rate.Rate != nil {
						t.Errorf("%v: %s: %+v", c.none, table.ID, rate)
					}
				}
			}
		}
	}
}

func TestSeal_RefusesWhatIsNotInTheCodeLists(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*EpisodeRow){
		"region":       func(e *EpisodeRow) { e.Region = "KZ-00" },
		"other region": func(e *EpisodeRow) { e.Region = "KG-B" },
		"sex":          func(e *EpisodeRow) { e.Sex = "" },
	} {
		a := accumulate(t, Ministry, testCountry, Annual, "2026", nil)
		err := a.AddClient(ClientRows{Episodes: []EpisodeRow{with(episode("2026-02-01", ""), change)}})
		if err == nil || strings.Contains(err.Error(), "KZ-00") {
			t.Errorf("%s: %v", name, err)
		}
	}
	plan := mustPlan(t, Ministry)
	for _, regions := range [][]string{nil, {"KZ-55", "KZ-55"}} {
		if _, err := NewAccumulator(plan, Country{Code: "KZ", Regions: regions}, Annual, mustPeriod(t, "2026")); err == nil {
			t.Errorf("regions %v were accepted", regions)
		}
	}
	if _, err := NewAccumulator(plan, testCountry, Annual, mustPeriod(t, "2026Q1")); err == nil {
		t.Error("an annual release of a quarter was accepted")
	}
}

func TestSeal_OnceAndWithAWholeKey(t *testing.T) {
	t.Parallel()
	a := accumulate(t, Ministry, testCountry, Final, "2026Q1", nil)
	if _, err := a.Seal(make([]byte, 31)); err == nil {
		t.Error("a short key was accepted")
	}
	seal(t, a, 1)
	if _, err := a.Seal(testKey(2)); err == nil {
		t.Error("true counts were drawn twice")
	}
	if err := a.AddClient(ClientRows{}); err == nil {
		t.Error("a client was added after sealing")
	}
}

func TestSeal_NamesTheReleaseAndItsMethod(t *testing.T) {
	t.Parallel()
	r := seal(t, accumulate(t, Ministry, testCountry, Final, "2026Q1", nil), 1)
	if r.ID != "KZ-2026Q1-final" || r.Period != "2026Q1" || r.Budget != ministryBudget || len(r.SHA256) != 64 || r.PlanID != "full" {
		t.Errorf("release %+v", r)
	}
	if open := seal(t, accumulate(t, OpenData, testCountry, Annual, "2026", nil), 1); open.ID != "KZ-2026-annual-open_data" {
		t.Errorf("release %s", open.ID)
	}
	age, _ := r.Table("TDI01.age")
	want := "Every count carries random noise (standard deviation 2, at most 12). A count below 5 is shown as <5 and may be zero. Tables do not add up: use the published total. At least 95 of 100 counts lie within 4 of the truth. A difference of two counts has a standard deviation of 2.8 and says nothing about one person. A shown small number may stand for none: about 1.1 % of true zeros come out at 5 or more. Unknown age is counted in 25-44."
	if m := age.Method; m.Text["en"] != want || m.Name != "SR-CKM" || m.Version != 2 || m.NoiseSd != 2 || m.NoiseMax != 12 || m.Floor != 5 || m.P95 != 4 || m.Additive {
		t.Errorf("method %+v", m)
	}
	referrals, _ := r.Table("REF01.total")
	if m := referrals.Method; m.NoiseSd != 9 || m.NoiseMax != 54 || m.Floor != 15 || m.P95 != 18 || !strings.Contains(m.Text["en"], "adds at most 3;") {
		t.Errorf("method %+v", m)
	}
	if _, ok := r.Table("REF01.region"); ok {
		t.Error("a table outside the plan was sealed")
	}
}

func TestTable_EncodesInTheShapeOfTheContract(t *testing.T) {
	t.Parallel()
	noise := Noise{Variance: 4, Bound: 12, Floor: 5}
	codes := func(c ...string) []string { return c }
	table := Table{
		ID: "REF01.region", Release: "KZ-2026-annual", Indicator: "REF01", Period: "2026", Status: Final, FinalOn: "2027-03-01", Rule: "R", Title: map[string]string{"en": "E", "ru": "Р", "kk": "Қ"},
		Dimensions: codes("region", "measure"), Method: Method{Name: "SR-CKM", Text: map[string]string{"en": "Below 5 is shown as <5."}, RateRule: map[string]string{}},
		Cells: []Cell{
			publish(codes("KZ-10", "denominator"), 1234567, noise), publish(codes("KZ-10", "numerator"), 100000, noise),
			publish(codes("KZ-55", "denominator"), 60, noise), publish(codes("KZ-55", "numerator"), 4, noise),
			publish(codes("KZ-62", "denominator"), -3, noise), publish(codes("KZ-62", "numerator"), 7, noise),
		},
	}
	table.Rates = rates(table, noise)
	wantJSON := `{"release":"KZ-2026-annual","table":"REF01.region","indicator":"REF01","period":"2026","status":"final","finalOn":"2027-03-01","dedupeScope":["person_national","person_sector","facility"],"rule":"R","definitions":"","title":{"en":"E","kk":"Қ","ru":"Р"},"dimensions":["region","measure"],` +
		`"method":{"name":"SR-CKM","version":0,"noiseSd":0,"noiseMax":0,"floor":0,"text":{"en":"Below 5 is shown as <5."},"p95":0,"additive":false,"rateRule":{}},"cells":[` +
		`{"region":"KZ-10","measure":"denominator","value":1234567,"lo95":1234563,"hi95":1234571},` +
		`{"region":"KZ-10","measure":"numerator","value":100000,"lo95":99996,"hi95":100004},` +
		`{"region":"KZ-55","measure":"denominator","value":60,"lo95":56,"hi95":64},` +
		`{"region":"KZ-55","measure":"numerator","value":null,"lo95":null,"hi95":null,"flag":"below_floor"},` +
		`{"region":"KZ-62","measure":"denominator","value":null,"lo95":null,"hi95":null,"flag":"below_floor"},` +
		`{"region":"KZ-62","measure":"numerator","value":7,"lo95":null,"hi95":11}],"rates":[` +
		`{"region":"KZ-10","rate":8.1,"rateLo95":8.0,"rateHi95":8.2,"denominator":1234567},` +
		`{"region":"KZ-55","rate":null,"rateLo95":null,"rateHi95":null,"denominator":60,"flag":"below_floor"},` +
		`{"region":"KZ-62","rate":null,"rateLo95":null,"rateHi95":null,"denominator":null,"flag":"below_floor"}]}`
	if got := string(table.JSON()); got != wantJSON {
		t.Errorf("JSON\n%s\nwant\n%s", got, wantJSON)
	}
	total := Table{ID: "TDI01.total", Cells: []Cell{publish(nil, 9, noise)}}
	if got := string(total.JSON()); !strings.Contains(got, `"dimensions":[]`) || !strings.Contains(got, `"cells":[{"value":9,"lo95":5,"hi95":13}],"rates":[]`) {
		t.Errorf("total: %s", got)
	}
}

// A table says whether its numbers are final and since when: those of a provisional release
// never are.
func TestSeal_TablesSayWhenTheyAreFinal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status                 Status
		period, table, finalOn string
		want                   Status
	}{
		{Provisional, "2026Q1", "TDI01.total", "2026-06-29", Provisional},
		{Final, "2026Q2", "TDI01.total", "2026-07-30", Final},
		{Final, "2026Q2", "COC21.total", "2026-08-20", Final},
		{Final, "2026Q3", "OAT03.total.2026Q1", "2026-10-30", Final},
		{Annual, "2026", "TDI01.total", "2027-01-30", Final},
	} {
		r := seal(t, accumulate(t, Ministry, testCountry, c.status, c.period, nil), 1)
		table, ok := r.Table(c.table)
		if !ok || table.Status != c.want || string(table.FinalOn) != c.finalOn {
			t.Errorf("%s %s %s: %s %s", c.status, c.period, c.table, table.Status, table.FinalOn)
		}
	}
}

// No two tables of a release have one title.
func TestSeal_TitlesTellTablesApart(t *testing.T) {
	t.Parallel()
	for status, period := range map[Status]string{Provisional: "2026Q1", Final: "2026Q3", Annual: "2026"} {
		of := map[string]string{}
		for _, table := range seal(t, accumulate(t, Ministry, testCountry, status, period, nil), 1).Tables {
			for _, lang := range Languages {
				title := lang + table.Title[lang]
				if other, ok := of[title]; ok {
					t.Errorf("%s and %s are both called %q", other, table.ID, title)
				}
				of[title] = table.ID
			}
		}
	}
}

// The rules that a deployment chose decide what is counted and stand in the release.
func TestBeginUnder_CountsByTheRulesChosen(t *testing.T) {
	t.Parallel()
	again := ClientRows{Episodes: []EpisodeRow{episode("2025-06-01", "2026-02-01"), episode("2026-02-20", "")}}
	again.Episodes[0].EndReason = "1"
	hashes := map[string]bool{}
	for entry, want := range map[string]int64{RuleTDI6M: 0, RuleTDIDIS: 1} {
		rules := Rules{Entry: entry, Supply: SupplyEachWindow}
		begun, err := BeginUnder(rules)(models.SealRequest{Country: "KZ", Period: "2026Q1", Status: "final", Profile: "ministry", Today: "2026-08-01"})
		if err != nil {
			t.Fatal(err)
		}
		acc := begun.(sealing).acc
		if err := begun.AddClient(again); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(acc.tallies, func(c *tally) bool { return c.id == "TDI01.total" })
		if got := acc.tallies[i].cells[0].n; got != want {
			t.Errorf("%s counts %d", entry, got)
		}
		r, err := begun.Seal(testKey(1))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(r.Tables[i].JSON, entry+":") || r.Definitions != DefinitionHash(rules) || !strings.Contains(r.Tables[i].JSON, r.Definitions) {
			t.Errorf("%s: %s %.200s", entry, r.Definitions, r.Tables[i].JSON)
		}
		hashes[r.Definitions] = true
	}
	if len(hashes) != 2 {
		t.Error("both rules have one hash")
	}
}

func TestRate_Rounding(t *testing.T) {
	t.Parallel()
	noise := Noise{Variance: 4, Bound: 12, Floor: 5}
	text := func(p *Percent) string {
		if p == nil {
			return ""
		}
		return string(*p)
	}
	for _, c := range []struct {
		n, d         int64
		rate, lo, hi string
	}{
		{25, 50, "50", "41", "59"},         // 1.96 * 2 * sqrt(1.25) / 50 = 8.8 points
		{5, 50, "10", "2", "18"},           // 7.9
		{5, 49, "", "", ""},                // denominator under 50
		{4, 90, "", "", ""},                // numerator under the floor
		{60, 50, "100", "88", "100"},       // clipped
		{57, 456, "13", "11", "14"},        // 12.5 rounds up
		{499, 499, "100", "98", "100"},     // whole under 500
		{250, 500, "50.0", "49.1", "50.9"}, // one decimal from 500
		{667, 2000, "33.4", "33.1", "33.6"},
	} {
		r := rateOf(nil, publish(nil, c.n, noise), publish(nil, c.d, noise), noise)
		if text(r.Rate) != c.rate || text(r.Lo95) != c.lo || text(r.Hi95) != c.hi {
			t.Errorf("%d/%d: %s (%s to %s), want %s (%s to %s)", c.n, c.d, text(r.Rate), text(r.Lo95), text(r.Hi95), c.rate, c.lo, c.hi)
		}
	}
}

// The method of a table says what was done to it and no more: the totals by drug, from which
// the rule of joining reads, are never joined; and people read a decimal comma.
func TestMethod_SaysWhatWasDone(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, Ministry)
	texts := map[string]map[string]string{}
	for _, line := range plan.TablesFor(Annual) {
		indicator, _ := ByID(line.Indicator)
		texts[line.ID] = methodOf(line, indicator, plan.noiseOf(line, indicator)).Text
	}
	for _, lang := range Languages {
		joined := textOfJoined[lang]
		for id, want := range map[string]bool{drugTotals: false, "TDI.13.1.1": true, regionTotals: false} {
			if texts[id] == nil || strings.Contains(texts[id][lang], joined) != want {
				t.Errorf("%s in %s: %q", id, lang, texts[id][lang])
			}
		}
		if want := map[string]string{"en": "2.8", "ru": "2,8", "kk": "2,8"}[lang]; !strings.Contains(texts[regionTotals][lang], want) {
			t.Errorf("%s: no %s in %q", lang, want, texts[regionTotals][lang])
		}
	}
}

// A shown number may be a zero that the noise lifted: the method tells how often, and that is
// how often the table of the noise does it, in every plan and scale.
func TestMethod_TellsHowManyZerosAreShown(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		seen := map[Noise]bool{}
		for _, line := range plan.Tables {
			indicator, _ := ByID(line.Indicator)
			noise := plan.noiseOf(line, indicator)
			if seen[noise] || noise.Bound > 2000 { // sums: the same shape, minutes of bisection
				continue
			}
			seen[noise] = true
			table, err := NewPTable(noise.Variance, noise.Bound)
			if err != nil {
				t.Fatal(err)
			}
			exact := 1 - float64(table.below[noise.Bound+noise.Floor-1])/unit
			want := numeral(100*exact, 1, "en")
			if got := numeral(100*noise.zerosShown(), 1, "en"); got != want || want == "0.0" {
				t.Errorf("%s %+v: %s %% are told, %s are drawn", profile, noise, got, want)
			}
			for lang, decimal := range map[string]string{"en": want, "ru": strings.Replace(want, ".", ",", 1), "kk": strings.Replace(want, ".", ",", 1)} {
				if text := methodOf(line, indicator, noise).Text[lang]; !strings.Contains(text, fmt.Sprintf(textOfZeros[lang], decimal, noise.Floor)) {
					t.Errorf("%s in %s: %s", line.ID, lang, text)
				}
			}
		}
		if len(seen) < 3 {
			t.Errorf("%s: %d kinds of noise", profile, len(seen))
		}
	}
}
