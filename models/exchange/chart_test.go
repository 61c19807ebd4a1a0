package exchange

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"jol/models/indicators"
)

func drawnTable(t *testing.T, stored string) (*Sealed, *SealedTable) {
	t.Helper()
	table, err := ReadTable(stored)
	if err != nil {
		t.Fatal(err)
	}
	return &Sealed{ID: "KZ-2026Q1-final", Country: "KZ", Period: "2026Q1", Status: "final"}, &table
}

const drawn = `{"table":"TDI01.sex","indicator":"TDI01","period":"2026Q1","title":{"en":"People <entering> & \"more\"","ru":"Лица","kk":"Адамдар"},
"dimensions":["sex"],"method":{"floor":5,"text":{"en":"x"}},"cells":[{"sex":"F","value":null,"lo95":null,"hi95":null,"flag":"below_floor"},{"sex":"M","value":41,"lo95":37,"hi95":45}]}`

func TestChart_MarksWhatIsNotShown(t *testing.T) {
	t.Parallel()
	s, table := drawnTable(t, drawn)
	svg := string(s.BarChart(table, "en"))
	wellFormed(t, svg)
	for _, want := range []string{`role="img"`, "<title id=", "<desc id=", "1 of 2 rows", "Women &lt;5", "Men 41 [37–45]", "url(#TDI01.sex-h)", "&lt;entering&gt; &amp;"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	// Bar, hatch and interval differ by form; nothing is told by hue.
	for _, colour := range regexp.MustCompile(`#[0-9a-f]{6}`).FindAllString(svg, -1) {
		r, _ := strconv.ParseInt(colour[1:3], 16, 0)
		b, _ := strconv.ParseInt(colour[5:7], 16, 0)
		if b-r > 24 || r-b > 24 {
			t.Errorf("%s is a colour", colour)
		}
	}
	if ru := string(s.BarChart(table, "ru")); !strings.Contains(ru, "Женщины") || !strings.Contains(ru, `lang="ru"`) {
		t.Error(ru)
	}
}

func TestChart_LineLeavesGaps(t *testing.T) {
	t.Parallel()
	total := func(period, cell string) SealedTable {
		_, table := drawnTable(t, `{"table":"TDI01.total","indicator":"TDI01","period":"`+period+`","title":{"en":"People"},"dimensions":[],"method":{"floor":5,"text":{"en":"x"}},"cells":[`+cell+`]}`)
		return *table
	}
	s := &Sealed{Country: "KZ", Period: "2026Q2", Status: "final"}
	series := []SealedTable{
		total("2025Q2", `{"value":100,"lo95":96,"hi95":104}`), total("2025Q3", `{"value":120,"lo95":116,"hi95":124}`),
		total("2026Q1", `{"value":null,"lo95":null,"hi95":null,"flag":"below_floor"}`), total("2026Q2", `{"value":140,"lo95":136,"hi95":144}`),
	}
	svg := string(s.LineChart(series, "en"))
	wellFormed(t, svg)
	if n := strings.Count(svg, `stroke-width="1.5"/>`) - 1; n != 1 { // the pattern has one too
		t.Errorf("%d stretches of line, want 1: no line over a gap", n)
	}
	if strings.Count(svg, "<circle") != 3 || !strings.Contains(svg, ">2025Q4<") || !strings.Contains(svg, "2026Q1: &lt;5") {
		t.Error(svg)
	}
	// Six years of quarters: every dot is there, the names of the last and of as many others
	// as there is room for.
	var long []SealedTable
	for period := "2021Q1"; period <= "2026Q2"; period = nextPeriod(period) {
		long = append(long, total(period, `{"value":1000,"lo95":996,"hi95":1004}`))
	}
	p, _ := s.line(long, "en")
	crowded := string(p.svg(small))
	if strings.Count(crowded, "<circle") != len(long) || !strings.Contains(crowded, ">2026Q2<") || strings.Count(crowded, `"middle">2`) > 8 {
		t.Errorf("%d periods are named: %s", strings.Count(crowded, `"middle">2`), crowded)
	}
	// A release holds numbers of quarters and of years, and a later one was sealed before.
	mixed := append([]SealedTable{total("2025", `{"value":500}`), total("2026Q3", `{"value":150}`)}, series...)
	if got := string(s.LineChart(mixed, "en")); got != svg {
		t.Errorf("a year or a later quarter is in the line: %s", got)
	}
	if got := string(s.LineChart(append(slices.Clone(series), total("2025", `{"value":500}`)), "en")); strings.Contains(got, "<circle") || !strings.Contains(got, ">500<") {
		t.Errorf("quarters are in the picture of a year: %s", got)
	}
	if one := string(s.LineChart(series[:1], "en")); strings.Contains(one, "<circle") {
		t.Error("a line of one period")
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
}

// Every table of a year can be drawn, in every language; whatever is read or read aloud in
// it (title, description, axis, labels, legend) is in that language.
func TestChart_DrawsEveryTable(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(sealedFor(t, "2026", "annual"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Tables {
		for _, lang := range Languages {
			svg := string(s.BarChart(&s.Tables[i], lang))
			wellFormed(t, svg)
			for _, text := range regexp.MustCompile(`>([^<]+)<`).FindAllStringSubmatch(svg, -1) {
				words := latin.ReplaceAllString(html.UnescapeString(text[1]), "")
				words = regexp.MustCompile(`[0-9]{4}Q[1-4]`).ReplaceAllString(words, "")
				if in := regexp.MustCompile(`[A-Za-z]{2}|[а-я]{2}`).FindString(words); in != "" && (in[0] < 0x80) != (lang == "en") {
					t.Errorf("%s in %s: %q", s.Tables[i].ID, lang, text[1])
				}
			}
		}
	}
}

func TestReport_HasTheTotalsAndNoScript(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(sealedFor(t, "2026Q2", "final"))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(s.Tables, func(table SealedTable) bool { return table.ID == ReportLine })
	for _, lang := range Languages {
		page, err := s.Report([]SealedTable{s.Tables[at]}, lang)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := s.Report([]SealedTable{s.Tables[at]}, lang)
		if !bytes.Equal(page, again) {
			t.Error("other bytes the second time")
		}
		text := string(page)
		for _, want := range []string{`<html lang="` + lang + `">`, grouped(*s.Tables[at].Cells[0].Value), s.Tables[0].Method.Text.In(lang)[:40], s.Tables[0].Method.RateRule.In(lang)[:40], "<svg"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q", lang, want)
			}
		}
		for _, not := range []string{"<script", "javascript:", "src=", "href="} {
			if strings.Contains(text, not) {
				t.Errorf("%s: %s", lang, not)
			}
		}
	}
	empty, err := (&Sealed{ID: "KZ-2026Q2-final", Country: "KZ", Period: "2026Q2", Status: "final"}).Report(nil, "en")
	if err != nil || !strings.Contains(string(empty), "no table") {
		t.Errorf("%v %s", err, empty)
	}
}

// A phrase that is used is there in every language, and one that is there is used.
func TestWords_AreComplete(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "report.html") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(raw)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:phrases\[|wordsOf\(|inAll\(|T |p\.T\()"([a-z_0-9]+)"`).FindAllStringSubmatch(source.String(), -1) {
		used[m[1]] = true
	}
	for _, key := range []string{"empty_cell", "interval", "budget", "region_names", "draft"} { // in a list
		used[key] = true
	}
	for key := range used {
		if !strings.HasSuffix(key, "_") && phrases[key] == nil {
			t.Errorf("phrase %s is used and not there", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(phrases)) {
		words := phrases[key]
		if !used[key] && !strings.HasPrefix(key, "flag_") && !strings.HasPrefix(key, "st_") && !strings.HasPrefix(key, "unit_") {
			t.Errorf("phrase %s is not used", key)
		}
		for _, lang := range Languages {
			if words[lang] == "" {
				t.Errorf("%s has no %s", key, lang)
			}
			if strings.Count(words[lang], "%") != strings.Count(words["en"], "%") {
				t.Errorf("%s: the verbs differ in %s", key, lang)
			}
		}
	}
	for _, s := range indicators.Statuses {
		if phrases["st_"+string(s)] == nil {
			t.Errorf("no word for the status %s", s)
		}
	}
	for _, i := range indicators.Catalogue {
		if i.Unit != "" && phrases["unit_"+i.Unit] == nil {
			t.Errorf("no word for the unit %s", i.Unit)
		}
	}
}

// Every row of a picture can be told from the others by what stands beside it.
func TestBarChart_LabelsStayApart(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(sealedFor(t, "2026", "annual"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Tables {
		table := &s.Tables[i]
		if !strings.HasPrefix(table.ID, "TDI.") {
			continue
		}
		for _, lang := range Languages {
			seen := map[string]bool{}
			marks, _ := s.marks(table, lang)
			for _, m := range marks {
				label := fitted(m.parts, large.labelLetters)
				if seen[label] || utf8.RuneCountInString(label) > large.labelLetters {
					t.Errorf("%s %s: %q is too long, or there twice", table.ID, lang, label)
				}
				seen[label] = true
			}
		}
	}
}

// A rate by an estimate stands beside the estimate's source.
func TestReport_NamesTheSourceOfAnEstimate(t *testing.T) {
	t.Parallel()
	s := &Sealed{Period: "2026"}
	long := strings.Repeat("ж", 100)
	for source, want := range map[string]string{"IBBS 2024": "… / 9 000, IBBS 2024", long: "… / 9 000, " + long[:2*sourceLength] + "…"} {
		figures := s.keyFigures(&SealedTable{ID: "NSP01.total", Period: "2026", Title: Words{"en": "Access"}, Figures: []Figure{
			{Kind: KindCoverage, Value: new("45.0"), Estimate: &Estimate{Population: 9000, Source: source}},
		}}, "en")
		if len(figures) != 1 || strings.ReplaceAll(figures[0].Of, "\u202f", " ") != want && strings.ReplaceAll(figures[0].Of, "\u00a0", " ") != want {
			t.Errorf("%+v, want %q", figures, want)
		}
	}
}

// A decimal comma stands where people read Russian and Kazakh, and nowhere else: a comma in
// a CSV would be another column, in a workbook a text.
func TestNumbers_DecimalCommaForPeopleOnly(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(sealedFor(t, "2026", "annual"))
	if err != nil {
		t.Fatal(err)
	}
	s.Budget = 43.458
	point, comma := regexp.MustCompile(`[0-9]\.[0-9]`), regexp.MustCompile(`[0-9],[0-9]`)
	// Versions and numbers of tables have points in every language, and so has the geometry.
	seen := func(text string) string {
		text = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(text, "")
		return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(text, " ")
	}
	rates := slices.IndexFunc(s.Tables, func(table SealedTable) bool { return table.BaseID() == "TDI06.region" })
	if rates < 0 {
		t.Fatal("no table of rates")
	}
	for _, lang := range Languages {
		page, err := s.Report(nil, lang)
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{"page": string(page), "picture": string(s.BarChart(&s.Tables[rates], lang))} {
			text = seen(text)
			wrong, right := comma, point
			if lang != "en" {
				wrong, right = point, comma
			}
			if got := wrong.FindString(strings.ReplaceAll(text, "365,25", "")); got != "" || !right.MatchString(text) {
				t.Errorf("%s in %s: %q in %s", what, lang, got, text)
			}
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(s.CSV())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		for i, name := range rows[0] {
			if slices.Contains([]string{"value", "lo95", "hi95", "estimate"}, name) && strings.ContainsAny(row[i], ",\u202f") {
				t.Errorf("%s is %q in the CSV", name, row[i])
			}
		}
	}
}

// A workbook says what each of its codes is called, in three languages: read back here with
// the library that wrote it.
func TestXLSX_NamesEveryCode(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(sealedFor(t, "2026", "annual"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.XLSX()
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(sheetCodes)
	if err != nil || len(rows) < 200 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	names := map[string]bool{}
	for _, row := range rows[1:] {
		if len(row) != 5 {
			t.Fatalf("%q", row)
		}
		names[row[0]+" "+row[1]] = true
		named(t, row[0]+" "+row[1], say(row[2], row[3], row[4]))
	}
	for _, sheet := range f.GetSheetList() {
		table, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if sheet == sheetMethod || sheet == sheetTables || sheet == sheetCodes {
			continue
		}
		for _, row := range table[1:] {
			for i, code := range row {
				switch column := table[0][i]; column {
				case "table", "period", "value", "lo95", "hi95", "note":
				default:
					if code != "" && !names[column+" "+code] {
						t.Errorf("%s: %s %s has no name", sheet, column, code)
					}
				}
			}
		}
	}
}
