package exchange

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/xuri/excelize/v2"

	"jol/models"
	"jol/models/indicators"
)

// daysTable is a sum of days as releases sealed before have it: its title names years.
const daysTable = `{"release":"KZ-2026-annual","table":"OAT02.total","indicator":"OAT02","period":"2026","rule":"OAT-30D","definitions":"abcdef0123","unit":"days",
"title":{"en":"Person-years on agonist treatment, country total","ru":"Человеко-годы на терапии агонистами, всего по стране","kk":"Агонистермен терапиядағы адам-жылдар, ел бойынша барлығы"},
"dimensions":[],"method":{"floor":1830,"text":{"en":"noise","ru":"шум","kk":"шу"},"noiseSd":1098},"cells":[{"value":18852,"lo95":16699,"hi95":21005}],"rates":[]}`

func daysRelease(t *testing.T) *Sealed {
	t.Helper()
	s, err := NewSealed(&models.Release{ID: "KZ-2026-annual", Country: "KZ", Period: "2026", Status: "annual", Profile: "ministry", Plan: "full v2",
		Tables: []models.ReleaseTable{{TableID: "OAT02.total", JSON: daysTable}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestUnits_DaysAreNeverCalledYears reads a sum of days in every format.
func TestUnits_DaysAreNeverCalledYears(t *testing.T) {
	t.Parallel()
	s := daysRelease(t)
	agree(t, &models.Release{ID: s.ID, Country: "KZ", Period: "2026", Status: "annual", Profile: "ministry", Plan: "full v2",
		Tables: []models.ReleaseTable{{TableID: "OAT02.total", JSON: daysTable}}})
	if got := s.Tables[0].Title.In("ru"); got != "Дни на терапии агонистами, всего по стране" {
		t.Error(got)
	}
	records, err := csv.NewReader(bytes.NewReader(s.CSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(records[0], "unit")
	if at < 0 || records[1][at] != "days" || !slices.Contains(records[1], "18852") {
		t.Errorf("CSV: %q", records)
	}
	book, err := s.XLSX()
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range []string{sheetTables, "OAT02"} {
		rows, _ := f.GetRows(sheet)
		if at := slices.Index(rows[0], "unit"); at < 0 || rows[1][at] != "days" {
			t.Errorf("XLSX %s: %q", sheet, rows)
		}
	}
	bundle, err := s.FHIR()
	if err != nil {
		t.Fatal(err)
	}
	fhir := string(written(t, bundle))
	if strings.Count(fhir, `{"url":"code","valueCode":"days"}`) != 2 {
		t.Error("FHIR: measure and report do not name the unit")
	}
	metadata, err := json.Marshal(s.Metadata(nil))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(metadata), "Days on agonist treatment, country total (days) [OAT02.total, count]") {
		t.Errorf("DHIS2: %s", metadata)
	}
	for _, lang := range Languages {
		svg := string(s.BarChart(&s.Tables[0], lang))
		if !strings.Contains(svg, ">"+wordsOf("unit_days").In(lang)+"</text>") || !strings.Contains(svg, s.Tables[0].Method.Text.In(lang)) {
			t.Errorf("SVG %s: %s", lang, svg)
		}
	}
	all := string(s.CSV()) + fhir + string(metadata)
	for _, bad := range []string{"Person-years on", "Человеко-годы на", "терапиядағы адам-жылдар"} {
		if strings.Contains(all, bad) {
			t.Errorf("%q stands over days", bad)
		}
	}
}

// TestUnits_EveryIndicatorHasOne holds the list of events to the catalogue: who adds more
// than one to a count is no person in it.
func TestUnits_EveryIndicatorHasOne(t *testing.T) {
	t.Parallel()
	for _, i := range indicators.Catalogue {
		table := SealedTable{Indicator: i.ID, Unit: i.Unit}
		persons := i.PerClient <= 1
		if (table.countUnit() == unitPersons) != persons {
			t.Errorf("%s: %s", i.ID, table.countUnit())
		}
		for _, lang := range Languages {
			if table.unitWords()[lang] == "" {
				t.Errorf("%s: %s has no name in %s", i.ID, table.countUnit(), lang)
			}
		}
		if strings.Contains(i.Title["en"], "ears") && i.Unit == unitDays {
			t.Errorf("%s: %s", i.ID, i.Title["en"])
		}
	}
}

// TestNames_EveryLabelInEveryLanguage walks every cell of every table that a release of any
// country can hold, regions alone and joined, and asks for its name in English, Russian and
// Kazakh. A dimension or code that somebody adds without names fails here.
func TestNames_EveryLabelInEveryLanguage(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	ask := func(dimension, code string) {
		if key := dimension + " " + code; !asked[key] {
			asked[key] = true
			named(t, key, nameOf(dimension, code))
		}
	}
	for _, profile := range indicators.Profiles {
		for _, table := range planOf(t, string(profile)) {
			for _, c := range table.Cells {
				for i, d := range table.Dimensions {
					if d != dimRegion {
						ask(d, c.Codes[i])
					}
				}
			}
			named(t, "unit of "+table.ID, table.unitWords())
			for _, kind := range []string{KindRate, KindCoverage, KindMean} {
				ask(dimMeasure, kind)
			}
			named(t, "title of "+table.ID, table.Title)
			named(t, "method of "+table.ID, table.Method.Text)
		}
	}
	for _, country := range models.Countries {
		named(t, country, countries[country])
		regions := models.RegionsOf(country, "9999-12-31")
		for i, r := range regions {
			ask(dimRegion, r.Code)
			ask(dimRegion, regions[0].Code+"+"+regions[len(regions)-1-i].Code)
		}
	}
	if len(asked) < 250 {
		t.Errorf("only %d codes were asked for", len(asked))
	}
	if got := nameOf("drug_row", "1.rest").In("en"); got != "1 Opioids (others)" {
		t.Error(got)
	}
	if got := (&Sealed{}).codeName("of_tomorrow", "no_such", "ru"); got != "no such" {
		t.Errorf("a code that nothing names is %q", got)
	}
}

// latin are the words that Russian and Kazakh write in Latin letters.
var latin = regexp.MustCompile(`TDI|PCP|ISCED|\bC\b`)

// named asks for words in three languages, each in its own letters.
func named(t *testing.T, what string, words Words) {
	t.Helper()
	isLatin := func(r rune) bool { return unicode.Is(unicode.Latin, r) }
	for _, lang := range Languages {
		word := words[lang]
		if !strings.ContainsFunc(word, unicode.IsLetter) || strings.Contains(word, ".rest") || strings.Contains(word, "U15") || strings.Contains(word, "%!") || strings.Contains(word, "_") {
			t.Errorf("%s is called %q in %s", what, word, lang)
		} else if rest := latin.ReplaceAllString(word, ""); strings.ContainsFunc(rest, isLatin) != (lang == "en") {
			t.Errorf("%s is called %q in %s, in other letters", what, word, lang)
		}
	}
}

// Russian and Kazakh are two texts: a name that is the same in both is a word both have.
func TestNames_KazakhIsNotRussian(t *testing.T) {
	t.Parallel()
	same := 0
	for _, country := range models.Countries {
		for _, r := range models.RegionsOf(country, "9999-12-31") {
			if r.Labels["ru"] == r.Labels["kk"] {
				t.Errorf("%s: %s", r.Code, r.Labels["ru"])
			}
		}
	}
	for list := range maps.Values(codeLists) {
		codes, _ := models.CodeListByID(list)
		for _, c := range codes.Codes {
			if c.Labels["ru"] == c.Labels["kk"] {
				same++
			}
		}
	}
	if same > 0 {
		t.Errorf("%d labels of TDI items are the same in Russian and Kazakh", same)
	}
}

// TestFHIR_MeasuresOfTwoProfilesAreTwo: other noise, other floor, another address.
func TestFHIR_MeasuresOfTwoProfilesAreTwo(t *testing.T) {
	t.Parallel()
	stored := `{"table":"TDI01.region","title":{"en":"x","ru":"х","kk":"х"},"dimensions":["region"],"definitions":"abcdef0123","rule":"R.","method":{"floor":5,"text":{"en":"noise","ru":"шум","kk":"шу"}},"cells":[{"region":"KZ-11+KZ-15","value":17,"flag":"merged"},{"region":"KZ-10","value":9}]}`
	measures := map[string]bool{}
	for _, profile := range []string{"ministry", "open_data"} {
		s, err := NewSealed(&models.Release{ID: "KZ-2026Q1-final", Country: "KZ", Period: "2026Q1", Status: "final", Profile: profile, Plan: "full v2",
			Tables: []models.ReleaseTable{{TableID: "TDI01.region", JSON: stored}}})
		if err != nil {
			t.Fatal(err)
		}
		m := s.measureOf(&s.Tables[0])
		measures[m.URL+"|"+m.Version], measures[m.ID], measures[m.Name] = true, true, true
		raw := string(written(t, m))
		for _, text := range []string{"шум", "шу", "noise"} {
			if !strings.Contains(m.Description+raw[strings.Index(raw, "_description"):], text) {
				t.Errorf("%s: the method is not told in %q", profile, text)
			}
		}
		bundle, err := s.FHIR()
		if err != nil {
			t.Fatal(err)
		}
		all := string(written(t, bundle))
		if !strings.Contains(all, `{"system":"https://jol.example/fhir/CodeSystem/joined-regions","code":"KZ-11+KZ-15"`) || !strings.Contains(all, `{"system":"urn:iso:std:iso:3166:-2","code":"KZ-10"`) {
			t.Errorf("%s: %s", profile, all)
		}
	}
	if len(measures) != 6 {
		t.Errorf("%v", measures)
	}
}

// sumTables are counts as releases sealed before have them: their titles name ratios.
var sumTables = []string{
	`{"table":"NSP03.total","indicator":"NSP03","period":"2026","definitions":"abcdef0123","unit":"syringes","title":{"en":"Syringes for a person who injects and year, country total","ru":"Шприцев на одного потребителя инъекционных наркотиков в год, всего по стране","kk":"Инъекциялық есірткі қолданатын бір адамға жылына шприц, ел бойынша барлығы"},
"dimensions":[],"method":{"floor":2500,"text":{"en":"noise"}},"cells":[{"value":64890,"lo95":61890,"hi95":67890}],"rates":[],"coverage":[{"coverage":7.2,"estimate":{"kind":"pwid","year":2026,"population":9000,"source":"IBBS"}}]}`,
	`{"table":"SDG351.total","indicator":"SDG351","period":"2026","definitions":"abcdef0123","title":{"en":"Treatment contact coverage, by drugs and alcohol","ru":"Охват лечением, по наркотикам и алкоголю","kk":"Еммен қамту, есірткі және алкоголь бойынша"},
"dimensions":["substance_class"],"method":{"floor":5,"text":{"en":"noise"}},"cells":[{"substance_class":"drugs","value":5356,"lo95":5350,"hi95":5362}],"rates":[],"coverage":[{"substance_class":"drugs","coverage":null,"reason":"no_estimate"}]}`,
}

// TestTitles_ASumIsNotCalledARatio reads a sum and a count of persons in every format: the
// ratio is named where an estimate is, and the page says the units.
func TestTitles_ASumIsNotCalledARatio(t *testing.T) {
	t.Parallel()
	r := &models.Release{ID: "KZ-2026-annual", Country: "KZ", Period: "2026", Status: "annual", Profile: "ministry", Plan: "full v2"}
	for _, stored := range sumTables {
		r.Tables = append(r.Tables, models.ReleaseTable{TableID: strings.Split(stored, `"`)[3], JSON: stored})
	}
	s, err := NewSealed(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range indicators.Catalogue { // what is sealed today has the right title by itself
		for lang, old := range oldTitles[i.ID] {
			if i.Title[lang] != old[1] {
				t.Errorf("%s is called %q", i.ID, i.Title[lang])
			}
		}
	}
	bundle, err := s.FHIR()
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := json.Marshal(s.Metadata(nil))
	if err != nil {
		t.Fatal(err)
	}
	all := string(written(t, bundle)) + string(metadata)
	for _, want := range []string{`"title":"Syringes given to known clients, country total"`, "Syringes given to known clients, country total (syringes) [NSP03.total, count]", `"title":"People in treatment in the year, by drugs and alcohol"`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in %s", want, all)
		}
	}
	for _, lang := range Languages {
		page, err := s.Report(nil, lang)
		if err != nil {
			t.Fatal(err)
		}
		text := string(page) + string(s.BarChart(&s.Tables[0], lang)) + string(s.BarChart(&s.Tables[1], lang)) + all
		for id, old := range oldTitles {
			if strings.Contains(text, old[lang][0]) {
				t.Errorf("%s is still called %q", id, old[lang][0])
			}
		}
		drugs := s.codeName("substance_class", "drugs", lang)
		for _, want := range []string{
			">" + oldTitles["NSP03"][lang][1] + "</th><td>" + grouped(64890) + "</td><td>" + grouped(61890) + "–" + grouped(67890) + "</td><td>" + phrases["unit_syringes"].In(lang) + "</td>",
			">" + oldTitles["NSP03"][lang][1] + ", " + phrases["unit_syringes_per_person"].In(lang) + ", " + phrases["of_estimate"].In(lang) + "</th><td>" + models.LocalNumeral("7.2", lang) + "</td>",
			">" + oldTitles["SDG351"][lang][1] + "</th><td>" + grouped(5356) + "</td><td>" + grouped(5350) + "–" + grouped(5362) + "</td><td>" + phrases["unit_persons"].In(lang) + "</td>",
			oldTitles["SDG351"][lang][1] + ", " + phrases["of_estimate"].In(lang) + ": " + drugs + ".",
		} {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s: no %q in %s", lang, want, page)
			}
		}
	}
}
