package exchange

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"jol/models"
	"jol/models/indicators"
)

// releases are sealed once for all tests; nobody writes to them.
var releases sync.Map

// sealedFor is a release of synthetic people, through the counting of the service. An
// annual one has 2,500 people and a quarter 4,000, enough for every kind of cell.
func sealedFor(t testing.TB, period, status string) *models.Release {
	t.Helper()
	once, _ := releases.LoadOrStore(period+status, sync.OnceValue(func() *models.Release {
		return sealRelease(t, period, status, map[bool]int{true: 2500, false: 4000}[status == "annual"])
	}))
	return once.(func() *models.Release)()
}

func sealRelease(t testing.TB, period, status string, clients int) *models.Release {
	t.Helper()
	sealing, err := indicators.Begin(models.SealRequest{
		Country: "KZ", Period: period, Status: status, Profile: "ministry", Today: "2027-06-01", NotOffered: map[string][]string{"centre": {"other"}},
		Estimates: []models.Estimate{{Kind: "pwid", Country: "KZ", Year: 2026, Value: 9000, Low: 7000, High: 12000, Source: "=Survey 2025, table 3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[rng.IntN(len(all))] }
	regions := models.RegionsOf("KZ", "2026-06-01")
	for range clients {
		region := regions[min(rng.IntN(len(regions)), rng.IntN(len(regions)))].Code
		start := models.Date("2026-01-05").AddDays(rng.IntN(350))
		sex, age := pick("F", "M", "M", "M"), 17+rng.IntN(50)
		c := models.ClientRows{SDCKey: rng.Int64(), Scope: models.ScopeNational,
			Episodes: []models.EpisodeRow{{Region: region, Sector: "C1", Sex: sex, AgeAtStart: age, CentreType: pick("1", "1", "2", "3", "4"),
				PrimaryDrug: pick("11", "11", "32", "34", "71", "99", "80"), Structured: true, Start: start, KnownOn: start, LastContact: start.AddDays(20),
				PreviousTreatment: pick("1", "2", "99"), Route: "1", Injecting: pick("1", "2.3"),
				Items: models.TDIItems{AgeFirstUse: 15 + rng.IntN(3)}}},
			Entries: []models.EntryRow{{Kind: models.RowContact, Code: "nsp", Quantity: 30, Region: region, Sector: "N1", Sex: sex, Age: age, NSPOffered: true, On: start, KnownOn: start}},
		}
		if rng.IntN(2) == 0 {
			c.Referrals = []models.ReferralRow{{Region: region, FromSector: "N1", ToSector: "C1", Reason: "step_up", SentOn: start, KnownOn: start, AttendedOn: start.AddDays(rng.IntN(45))}}
		}
		if err := sealing.AddClient(c); err != nil {
			t.Fatal(err)
		}
	}
	r, err := sealing.Seal(bytes.Repeat([]byte{7}, indicators.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	r.SealedAt = time.Date(2027, 6, 1, 9, 0, 0, 0, time.UTC)
	return r
}

// shown is a number as every format must tell it.
type shown struct {
	table, period, place, measure, strata, value, lo, hi, flag string
}

// counts and figures of the release, straight from its model.
func (s *Sealed) shown() (counts, figures []shown) {
	for i := range s.Tables {
		t := &s.Tables[i]
		for _, c := range t.Cells {
			counts = append(counts, shown{t.ID, t.Period, s.place(t.Dimensions, c.Codes), t.measure(c.Codes), joined(strata(t.Dimensions, c.Codes)),
				whole(c.Value), whole(c.Lo95), whole(c.Hi95), c.Flag})
		}
		for _, f := range t.Figures {
			d := t.dimensionsOf(f.Kind)
			figures = append(figures, shown{t.ID, t.Period, s.place(d, f.Codes), f.Kind, joined(strata(d, f.Codes)), decimal(f.Value), decimal(f.Lo95), decimal(f.Hi95), f.Flag})
		}
	}
	return counts, figures
}

func joined(names, codes []string) string {
	parts := make([]string, len(names))
	for i := range names {
		parts[i] = names[i] + "=" + codes[i]
	}
	slices.Sort(parts)
	return strings.Join(parts, ";")
}

// decimal takes away the zeros that a number read as a float has lost.
func decimal(n *string) string {
	if n == nil {
		return ""
	}
	return trimmed(*n)
}

func trimmed(n string) string {
	if strings.Contains(n, ".") {
		return strings.TrimRight(strings.TrimRight(n, "0"), ".")
	}
	return n
}

// splitMeasures parts the rows of a long table into counts and figures.
func splitMeasures(all []shown) (counts, figures []shown) {
	for _, r := range all {
		switch r.measure {
		case KindRate, KindCoverage, KindMean:
			r.value, r.lo, r.hi = trimmed(r.value), trimmed(r.lo), trimmed(r.hi)
			figures = append(figures, r)
		default:
			counts = append(counts, r)
		}
	}
	return counts, figures
}

func fromCSV(t rapid.TB, raw []byte) (counts, figures []shown) {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return splitMeasures(fromTable(t, records))
}

// fromTable reads lines under a head that names its columns.
func fromTable(t rapid.TB, records [][]string) []shown {
	t.Helper()
	var all []shown
	head := records[0]
	known := slices.Concat(columnsBefore, columnsAfter, sheetAfter)
	for _, record := range records[1:] {
		var r shown
		var names, codes []string
		for i, value := range record {
			switch head[i] {
			case "table":
				r.table = value
			case "period":
				r.period = value
			case "place":
				r.place = value
			case "measure":
				r.measure = value
			case "value":
				r.value = value
			case "lo95":
				r.lo = value
			case "hi95":
				r.hi = value
			case "flag":
				r.flag = value
			default:
				if !slices.Contains(known, head[i]) && value != "" {
					names, codes = append(names, head[i]), append(codes, value)
				}
			}
		}
		r.strata = joined(names, codes)
		all = append(all, r)
	}
	return all
}

func fromXLSX(t rapid.TB, raw []byte) (counts, figures []shown) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []shown
	for _, sheet := range f.GetSheetList() {
		if sheet == sheetMethod || sheet == sheetTables || sheet == sheetCodes {
			continue
		}
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fromTable(t, rows)...)
	}
	return splitMeasures(all)
}

// fromDHIS2 reads the values with the metadata alone: what a UID stands for is written there.
func fromDHIS2(t rapid.TB, set DataValueSet, m Metadata, tables map[string]string) []shown {
	t.Helper()
	elements, combos, options, categories := map[string]string{}, map[string][]MetaRef{}, map[string]string{}, map[string]string{}
	for _, e := range m.DataElements {
		_, bracket, _ := strings.Cut(e.Name, "[")
		elements[e.ID] = strings.TrimSuffix(bracket, "]")
	}
	for _, c := range m.Categories {
		for _, o := range c.CategoryOptions {
			categories[o.ID] = strings.TrimPrefix(c.Name, "Jol ")
		}
	}
	for _, o := range m.CategoryOptions {
		options[o.ID] = strings.TrimPrefix(o.ShortName, categories[o.ID]+" ")
	}
	for _, c := range m.CategoryOptionCombos {
		combos[c.ID] = c.CategoryOptions
	}
	var all []shown
	for _, v := range set.DataValues {
		base, measure, ok := strings.Cut(elements[v.DataElement], ", ")
		if !ok {
			t.Fatalf("the metadata has no element %s", v.DataElement)
		}
		comment, place := v.Comment, v.OrgUnit
		if head, whole, ok := strings.Cut(comment, "; KZ-"); ok {
			comment, place = head, "KZ-"+whole
		}
		v.Comment = comment
		refs, ok := combos[v.CategoryOptionCombo]
		if !ok && v.CategoryOptionCombo != "" {
			t.Fatalf("the metadata has no combination %s", v.CategoryOptionCombo)
		}
		var names, codes []string
		for _, ref := range refs {
			names, codes = append(names, categories[ref.ID]), append(codes, options[ref.ID])
		}
		r := shown{table: tables[base+" "+v.Period], period: v.Period, place: place, measure: measure, strata: joined(names, codes), value: v.Value}
		interval, flag, _ := strings.Cut(v.Comment, "; ")
		if r.flag = flag; v.Comment == "exact 0" {
			r.lo, r.hi, r.flag = "0", "0", flagStructural
		} else if lo, hi, ok := strings.Cut(strings.TrimPrefix(interval, "95 % interval "), " to "); ok {
			if r.hi = hi; !strings.HasPrefix(lo, "below") {
				r.lo = lo
			}
		}
		all = append(all, r)
	}
	return all
}

func fromFHIR(t rapid.TB, raw []byte) (counts, figures []shown) {
	t.Helper()
	var b struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	for _, e := range b.Entry {
		var kind struct{ ResourceType string }
		_ = json.Unmarshal(e.Resource, &kind)
		switch kind.ResourceType {
		case "Measure":
			var m Measure
			if err := json.Unmarshal(e.Resource, &m); err != nil {
				t.Fatal(err)
			}
			table[m.URL+"|"+m.Version] = m.Identifier[1].Value
		case "MeasureReport":
			var r MeasureReport
			if err := json.Unmarshal(e.Resource, &r); err != nil {
				t.Fatal(err)
			}
			c, f := fromReport(t, table[r.Measure], r)
			counts, figures = append(counts, c...), append(figures, f...)
		}
	}
	return counts, figures
}

func fromReport(t rapid.TB, base string, r MeasureReport) (counts, figures []shown) {
	t.Helper()
	period := r.Period.Start[:4]
	if r.Period.End[5:] != "12-31" || r.Period.Start[5:] != "01-01" {
		month, _ := strconv.Atoi(r.Period.Start[5:7])
		period += "Q" + strconv.Itoa((month+2)/3)
	}
	for _, g := range r.Group {
		kind := g.Code.Coding[0].Code
		all := []Stratum{{Population: g.Population, MeasureScore: g.MeasureScore}}
		if len(g.Stratifier) > 0 {
			all = g.Stratifier[0].Stratum
		}
		for _, x := range all {
			place := r.Subject.Identifier.Value
			var names, codes []string
			for _, c := range x.Component {
				name, code := c.Code.Coding[0].Code, c.Value.Coding[0].Code
				if name == dimRegion {
					place = code
					continue
				}
				names, codes = append(names, name), append(codes, code)
			}
			base := shown{table: base, period: period, place: place, strata: joined(names, codes)}
			for _, p := range x.Population {
				c := base
				if c.measure = p.Code.Coding[0].Code; c.measure == "initial-population" {
					c.measure = measureCount
				}
				c.value = whole(p.Count)
				c.lo, c.hi, c.flag = fromExtensions(p.Extension)
				if (p.Count == nil) != (p.CountExt != nil && p.CountExt.Extension[0].ValueCode == "masked") {
					t.Errorf("%v: a count without a number must say that it is masked", c)
				}
				counts = append(counts, c)
			}
			if q := x.MeasureScore; q != nil {
				f := base
				if f.measure = kind; kind == groupCounts {
					f.measure = KindRate
				}
				f.value = trimmed(string(q.Value))
				f.lo, f.hi, f.flag = fromExtensions(q.Extension)
				figures = append(figures, f)
			}
		}
	}
	return counts, figures
}

func fromExtensions(all []Extension) (lo, hi, flag string) {
	for _, e := range all {
		switch e.URL {
		case definition("cell-flag"):
			flag = strings.ReplaceAll(e.ValueCode, "-", "_")
		case definition("interval-95"):
			for _, part := range e.Extension {
				value := trimmed(string(part.ValueDecimal))
				if part.ValueInteger != nil {
					value = whole(part.ValueInteger)
				}
				if part.URL == "low" {
					lo = value
				} else {
					hi = value
				}
			}
		}
	}
	return lo, hi, flag
}

func written(t rapid.TB, v any) []byte {
	t.Helper()
	raw, err := jsonOf(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// same compares two sets of numbers.
func same(t rapid.TB, what string, got, want []shown) {
	t.Helper()
	count := map[shown]int{}
	for _, c := range want {
		count[c]++
	}
	for _, c := range got {
		count[c]--
	}
	var differ []string
	for c, n := range count {
		if n != 0 {
			differ = append(differ, fmt.Sprintf("%+d %+v", -n, c))
		}
	}
	if len(got) == 0 && len(want) > 0 || len(differ) > 0 {
		sort.Strings(differ)
		t.Fatalf("%s: %d numbers, want %d; differences (+ too many, - missing):\n%s", what, len(got), len(want), strings.Join(differ[:min(8, len(differ))], "\n"))
	}
}

// agree decodes every format and compares what each says.
func agree(t rapid.TB, r *models.Release) {
	t.Helper()
	s, err := NewSealed(r)
	if err != nil {
		t.Fatal(err)
	}
	counts, figures := s.shown()
	c, f := fromCSV(t, s.CSV())
	same(t, "CSV counts", c, counts)
	same(t, "CSV figures", f, figures)
	book, err := s.XLSX()
	if err != nil {
		t.Fatal(err)
	}
	c, f = fromXLSX(t, book)
	same(t, "XLSX counts", c, counts)
	same(t, "XLSX figures", f, figures)
	bundle, err := s.FHIR()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, table := range s.Tables {
		ids[table.BaseID()+" "+table.Period] = table.ID
	}
	named := func(all []shown) []shown {
		for i := range all {
			all[i].table = ids[all[i].table+" "+all[i].period]
		}
		return all
	}
	c, f = fromFHIR(t, written(t, bundle))
	same(t, "FHIR counts", named(c), counts)
	same(t, "FHIR figures", named(f), figures)
	visible := slices.DeleteFunc(slices.Clone(counts), func(c shown) bool { return c.value == "" })
	same(t, "DHIS2", fromDHIS2(t, s.DataValues(), s.Metadata(nil), ids), visible)
	smallNumbers(t, s, c)
}

// smallNumbers fails for a number between 1 and the floor in any format.
func smallNumbers(t rapid.TB, s *Sealed, counts []shown) {
	t.Helper()
	floors := map[string]int64{}
	for _, table := range s.Tables {
		floors[table.ID] = table.Method.Floor
	}
	for _, c := range counts {
		for _, text := range []string{c.value, c.lo, c.hi} {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && n < floors[c.table] {
				t.Errorf("%d is shown under a floor of %d: %+v", n, floors[c.table], c)
			}
		}
	}
}

func TestSealed_EveryFormatSaysTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"2026Q2", "provisional"}, {"2026Q2", "final"}, {"2026", "annual"}} {
		agree(t, sealedFor(t, c[0], c[1]))
	}
	agree(t, sealRelease(t, "2026Q4", "final", 0)) // nobody at all
}

// TestSealed_RandomTables takes any table the JSON can hold, whatever the plan.
func TestSealed_RandomTables(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		agreeRapid(t)
	})
}

var codesOfTest = map[string][]string{
	"sex": {"F", "M"}, "age_fine": {"0-19", "20-24"}, "drug_row": {"1.1", "1.rest", "99"}, "centre_type": {"1", "99"}, "region": {"KZ-10", "KZ-11+KZ-15", "KZ-19+KZ-23+KZ-27+KZ-31+KZ-33+KZ-35+KZ-39+KZ-43+KZ-47+KZ-55", "KZ-75"}, "injecting": {"1", "2.3"},
}

func agreeRapid(t *rapid.T) {
	r := &models.Release{ID: "KZ-2026Q1-final", Country: "KZ", Period: "2026Q1", Status: "final", Profile: "ministry", Plan: "full v2", SealedAt: time.Unix(1.8e9, 0).UTC()}
	n := rapid.IntRange(0, 4).Draw(t, "tables")
	for i := range n {
		id := fmt.Sprintf("T%d.x", i)
		period := rapid.SampledFrom([]string{"2026Q1", "2025Q2", "2025"}).Draw(t, "period")
		dimensions := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(codesOfTest))), 0, 3, rapid.ID[string]).Draw(t, "dimensions")
		measure := rapid.Bool().Draw(t, "measure")
		floor := rapid.SampledFrom([]int64{5, 15}).Draw(t, "floor")
		r.Tables = append(r.Tables, models.ReleaseTable{TableID: id, JSON: randomTable(t, id, period, dimensions, measure, floor)})
	}
	agree(t, r)
}

func randomTable(t *rapid.T, id, period string, dimensions []string, measure bool, floor int64) string {
	combos := [][]string{{}}
	for _, d := range dimensions {
		var next [][]string
		for _, c := range combos {
			for _, code := range codesOfTest[d] {
				next = append(next, append(slices.Clone(c), code))
			}
		}
		combos = next
	}
	count := func(m map[string]any) {
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			m["value"], m["lo95"], m["hi95"], m["flag"] = nil, nil, nil, flagBelowFloor
		case 1:
			m["value"], m["lo95"], m["hi95"], m["flag"] = 0, 0, 0, flagStructural
		case 2:
			m["value"], m["lo95"], m["hi95"], m["flag"] = floor, nil, floor+4, flagMerged
		default:
			v := floor + rapid.Int64Range(4, 1_000_000).Draw(t, "value")
			m["value"], m["lo95"], m["hi95"] = v, v-4, v+4
		}
	}
	row := func(codes []string) map[string]any {
		m := map[string]any{}
		for i, d := range dimensions {
			m[d] = codes[i]
		}
		return m
	}
	var cells, rates, coverage []any
	for _, codes := range combos {
		if !measure {
			m := row(codes)
			count(m)
			cells = append(cells, m)
			continue
		}
		for _, name := range []string{measureDenominator, measureNumerator} {
			m := row(codes)
			m[dimMeasure] = name
			count(m)
			cells = append(cells, m)
		}
		m := row(codes)
		if rapid.Bool().Draw(t, "given") {
			m["rate"], m["rateLo95"], m["rateHi95"], m["denominator"] = json.Number("45.2"), json.Number("44"), json.Number("46.5"), 900
		} else {
			m["rate"], m["rateLo95"], m["rateHi95"], m["denominator"], m["flag"] = nil, nil, nil, nil, flagBelowFloor
		}
		rates = append(rates, m)
		e := row(codes)
		e["coverage"], e["coverageLo95"], e["coverageHi95"], e["reason"] = nil, nil, nil, "no_estimate"
		if rapid.Bool().Draw(t, "estimate") {
			e["coverage"], e["coverageLo95"], e["coverageHi95"] = json.Number("12.0"), nil, json.Number("14.5")
			delete(e, "reason")
			e["estimate"] = map[string]any{"kind": "pwid", "year": 2025, "population": 9000, "source": "@survey"}
		}
		coverage = append(coverage, e)
	}
	if measure {
		dimensions = append(slices.Clone(dimensions), dimMeasure)
	}
	raw, err := json.Marshal(map[string]any{"release": "KZ-2026Q1-final", "table": id, "indicator": "T", "period": period, "rule": "R", "definitions": "abcdef0123",
		"title": Words{"en": "Title " + id, "ru": "Т", "kk": "Қ"}, "dimensions": dimensions, "method": map[string]any{"floor": floor, "text": Words{"en": "noise"}, "noiseSd": 2},
		"cells": cells, "rates": rates, "coverage": coverage})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSealed_SameBytesTwice(t *testing.T) {
	t.Parallel()
	r := sealedFor(t, "2026Q2", "final")
	write := func() [][]byte {
		s, err := NewSealed(r)
		if err != nil {
			t.Fatal(err)
		}
		book, err := s.XLSX()
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := s.FHIR()
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{s.CSV(), book, written(t, bundle), written(t, s.DataValues()), written(t, s.Metadata(nil))}
	}
	first := write()
	for i, again := range write() {
		if !bytes.Equal(first[i], again) {
			t.Errorf("file %d differs the second time", i)
		}
	}
}

// TestSealed_ReadsTheTableAsItIsStored reads the JSON a second time, member by member.
func TestSealed_ReadsTheTableAsItIsStored(t *testing.T) {
	t.Parallel()
	r := sealedFor(t, "2026", "annual")
	flags := map[string]int{}
	for _, stored := range r.Tables {
		table, err := ReadTable(stored.JSON)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(strings.NewReader(stored.JSON))
		d.UseNumber()
		var raw map[string]any
		if err := d.Decode(&raw); err != nil {
			t.Fatal(err)
		}
		text := func(v any) string {
			if v == nil {
				return ""
			}
			return fmt.Sprint(v)
		}
		var want, got []string
		for _, part := range []struct{ member, kind, value, lo, hi, flag string }{
			{"cells", "", "value", "lo95", "hi95", "flag"}, {"rates", KindRate, "rate", "rateLo95", "rateHi95", "flag"},
			{"coverage", KindCoverage, "coverage", "coverageLo95", "coverageHi95", "reason"}, {"means", KindMean, "mean", "", "", "flag"},
		} {
			rows, _ := raw[part.member].([]any)
			for _, row := range rows {
				m := row.(map[string]any)
				line := part.kind
				for _, dimension := range table.dimensionsOf(part.kind) {
					line += " " + text(m[dimension])
				}
				flags[text(m[part.flag])]++
				want = append(want, line+" = "+text(m[part.value])+" "+text(m[part.lo])+" "+text(m[part.hi])+" "+text(m[part.flag]))
			}
		}
		for _, c := range table.Cells {
			got = append(got, strings.Join(append([]string{""}, c.Codes...), " ")+" = "+whole(c.Value)+" "+whole(c.Lo95)+" "+whole(c.Hi95)+" "+c.Flag)
		}
		for _, f := range table.Figures {
			if f.Kind == KindMean {
				f.Lo95, f.Hi95 = nil, nil // worked out of the half width
			}
			got = append(got, strings.Join(append([]string{f.Kind}, f.Codes...), " ")+" = "+numeral(f.Value)+" "+numeral(f.Lo95)+" "+numeral(f.Hi95)+" "+f.Flag)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s:\ngot  %q\nwant %q", stored.TableID, got[:min(3, len(got))], want[:min(3, len(want))])
		}
	}
	for _, flag := range []string{"", flagBelowFloor, flagStructural, flagMerged, "no_estimate", "few_clients"} {
		if flags[flag] == 0 {
			t.Errorf("no row has the flag %q: %v", flag, flags)
		}
	}
}

func TestSealed_ReadsTablesOfTheFirstPlan(t *testing.T) {
	t.Parallel()
	r := &models.Release{ID: "KZ-2025Q4-final", Country: "KZ", Period: "2025Q4", Status: "final", Plan: "short v1", Tables: []models.ReleaseTable{{TableID: "TDI01.sex",
		JSON: `{"release":"KZ-2025Q4-final","table":"TDI01.sex","title":{"en":"People"},"dimensions":["sex"],"method":{"floor":5,"text":"All counts carry noise.","rateRule":"Both."},
"cells":[{"sex":"F","value":41,"lo95":37,"hi95":45},{"sex":"M","value":null,"lo95":null,"hi95":null,"flag":"below_floor"}],"rates":[]}`}}}
	s, err := NewSealed(r)
	if err != nil {
		t.Fatal(err)
	}
	if table := s.Tables[0]; table.Period != "2025Q4" || table.Indicator != "TDI01" || table.Method.Text.In("kk") != "All counts carry noise." {
		t.Errorf("%+v", table)
	}
	agree(t, r)
	for _, bad := range []string{"", "{", `{"dimensions":["sex"],"cells":[{"value":5}]}`, `{"dimensions":[],"cells":[{"value":"<5"}]}`} {
		if _, err := ReadTable(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// jsonOf writes a value without escaping "<5", for nobody embeds these files in HTML.
func jsonOf(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return buf.Bytes(), err
}
