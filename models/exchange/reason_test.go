package exchange

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"jol/models/indicators"
)

// ratesWith is a table of a rate in two regions, one of them flagged.
func ratesWith(flag, numerator string) string {
	return `{"table":"OAT06.region","indicator":"OAT06","period":"2026Q1","title":{"en":"Custody, by region","ru":"Custody, по регионам","kk":"Custody, өңірлер бойынша"},
"dimensions":["region","measure"],"method":{"floor":5,"text":{"en":"x"},"rateRule":{"en":"r"}},"definitions":"abcdef0123",
"cells":[{"region":"KZ-10","measure":"denominator","value":68,"lo95":62,"hi95":74},{"region":"KZ-10","measure":"numerator",` + numerator + `},
{"region":"KZ-11","measure":"denominator","value":100,"lo95":94,"hi95":106},{"region":"KZ-11","measure":"numerator","value":40,"lo95":34,"hi95":46}],
"rates":[{"region":"KZ-10","rate":null,"denominator":68,"flag":"` + flag + `"},{"region":"KZ-11","rate":40,"rateLo95":33,"rateHi95":47,"denominator":100}]}`
}

// TestReason_IsTheSameEverywhere reads why a figure is not given on page, picture and
// workbook: what is not offered, or too few to divide, is not "below the floor".
func TestReason_IsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	for flag, numerator := range map[string]string{
		flagStructural:  `"value":0,"lo95":0,"hi95":0,"flag":"structural"`,
		"few_clients":   `"value":12,"lo95":6,"hi95":18`,
		flagBelowFloor:  `"value":null,"lo95":null,"hi95":null,"flag":"below_floor"`,
		"of_a_new_plan": `"value":12,"lo95":6,"hi95":18`, // a flag that nothing names is no reason to guess one
		"":              `"value":12,"lo95":6,"hi95":18`,
		"hidden_bands":  `"value":12,"lo95":6,"hi95":18`,
		"no_estimate":   `"value":12,"lo95":6,"hi95":18`,
	} {
		s, table := drawnTable(t, ratesWith(flag, numerator))
		total, err := ReadTable(strings.NewReplacer(`"region",`, "", `"region":"KZ-10",`, "", `OAT06.region`, `OAT06.total`).Replace(
			strings.Split(ratesWith(flag, numerator), ",\n{\"region\":\"KZ-11\"")[0] + `],"rates":[{"rate":null,"flag":"` + flag + `"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		s.Tables = []SealedTable{*table, total}
		for _, lang := range Languages {
			want := phrases["flag_"+flag].In(lang)
			if want == "" {
				want = phrases["not_given"].In(lang)
			}
			page, err := s.Report(nil, lang)
			if err != nil {
				t.Fatal(err)
			}
			if got := "<strong>" + want + ":</strong> Custody."; !strings.Contains(string(page), got) {
				t.Errorf("%q %s: no %q on the page", flag, lang, got)
			}
			svg := string(s.BarChart(table, lang))
			if strings.Count(svg, want) < 4 { // beside the row, in its title, in the description, in the legend
				t.Errorf("%q %s: %d times %q in %s", flag, lang, strings.Count(svg, want), want, svg)
			}
			for key, words := range phrases {
				if other := words.In(lang); strings.HasPrefix(key, "flag_") && other != want && (strings.Contains(svg, other) || strings.Contains(string(page), other)) {
					t.Errorf("%q %s: also %q", flag, lang, other)
				}
			}
			if below := strings.Split(fmt.Sprintf(phrases["below"].In(lang), 5), ":")[0]; strings.Contains(svg, below) {
				t.Errorf("%q %s: %s", flag, lang, svg)
			}
		}
		book, err := s.XLSX()
		if err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(book))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := f.GetRows("OAT06")
		_ = f.Close()
		if want := phrases["flag_"+flag].In("en"); err != nil || want != "" && !slices.ContainsFunc(rows, func(row []string) bool { return slices.Contains(row, want) && slices.Contains(row, KindRate) }) {
			t.Errorf("%q: no %q in %q, %v", flag, want, rows, err)
		}
	}
}

// TestPicture_SpeaksOfOthersOnlyWhereThereAreSome: a picture with every figure says nothing
// of a floor.
func TestPicture_SpeaksOfOthersOnlyWhereThereAreSome(t *testing.T) {
	t.Parallel()
	start := func(key, lang string) string { text, _, _ := strings.Cut(phrases[key].In(lang), "%"); return text }
	s, table := drawnTable(t, drawn)
	for _, lang := range Languages {
		why := fmt.Sprintf(phrases["below"].In(lang), 5)
		hatch, others := hatched([]string{why}, lang), fmt.Sprintf(phrases["others"].In(lang), why)
		if svg := string(s.BarChart(table, lang)); !strings.Contains(svg, others) || !strings.Contains(strings.Join(folded(s.bars(table, lang).legend, 1<<20), " "), strings.TrimSpace(hatch)) {
			t.Errorf("%s: no %q in %s", lang, others, svg)
		}
		whole := *table
		whole.Cells = whole.Cells[1:]
		p := s.bars(&whole, lang)
		if text := p.words() + p.legend; strings.Contains(text, why) || strings.Contains(text, start("others", lang)) || strings.Contains(text, start("hatched", lang)) {
			t.Errorf("%s: %s", lang, text)
		}
	}
}

// TestTitles_ContactRatesSayOfWhom: a share of the people whom the services know is not a
// share of those who need them.
func TestTitles_ContactRatesSayOfWhom(t *testing.T) {
	t.Parallel()
	for _, i := range indicators.Catalogue {
		if want := i.Estimate != "" && i.Denominator != ""; slices.Contains(contactRates, i.ID) != want {
			t.Errorf("%s: has a rate beside an estimate: %v", i.ID, want)
		}
	}
	s, table := drawnTable(t, `{"table":"OAT01.total","indicator":"OAT01","period":"2026Q1","title":{"en":"Coverage, country total","ru":"Охват, всего","kk":"Қамту, барлығы"},
"dimensions":["measure"],"method":{"floor":5,"text":{"en":"x"}},"cells":[{"measure":"denominator","value":1000},{"measure":"numerator","value":292}],
"rates":[{"rate":29.2,"rateLo95":28.4,"rateHi95":30.0}],"coverage":[{"coverage":null,"reason":"no_estimate"}]}`)
	s.Tables = []SealedTable{*table}
	for _, lang := range Languages {
		of := phrases["of_contact"].In(lang)
		title, _, _ := strings.Cut(table.Title.In(lang), ",")
		page, err := s.Report(nil, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{">" + title + ", " + of + "</th>", "</strong> " + title + ", " + phrases["of_estimate"].In(lang) + "."} {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s: no %q in %s", lang, want, page)
			}
		}
		if svg := string(s.BarChart(table, lang)); strings.Count(svg, "("+of+")") < 2 {
			t.Errorf("%s: %s", lang, svg)
		}
	}
}
