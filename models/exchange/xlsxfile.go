package exchange

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// The first sheets of a workbook; one sheet for each indicator follows.
const (
	sheetMethod = "Method"
	sheetTables = "Tables"
	sheetCodes  = "Codes"
)

// columns of an indicator's sheet, before and after its dimensions.
var (
	sheetBefore = []string{"table", "period", "place", "measure"}
	sheetAfter  = []string{"value", "unit", "lo95", "hi95", "note", "flag"}
)

// XLSX writes the release as a workbook: how to read it, the list of tables, what every
// code is called, and a sheet for each indicator. A count that is not shown is an empty cell with a note beside it.
// The same release always gives the same bytes.
func (s *Sealed) XLSX() ([]byte, error) {
	f := excelize.NewFile()
	f.SetZipWriter(newSortedZip)
	defer func() { _ = f.Close() }() // in memory
	w := &workbook{f: f, s: s}
	w.makeStyles()
	w.method()
	w.tables()
	dimensions, rows := s.rows()
	w.codes(dimensions, rows)
	for _, indicator := range s.indicators() {
		w.indicator(indicator, dimensions, rows)
	}
	at := s.SealedAt.UTC().Format(time.RFC3339)
	w.keep(f.SetDocProps(&excelize.DocProperties{Title: s.ID, Creator: "Jol", Created: at, Modified: at, Language: "en"}))
	if w.err != nil {
		return nil, fmt.Errorf("exchange: workbook of %s: %w", s.ID, w.err)
	}
	buf, err := f.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("exchange: workbook of %s: %w", s.ID, err)
	}
	return buf.Bytes(), nil
}

// indicators in the order of the tables.
func (s *Sealed) indicators() []string {
	var all []string
	for _, t := range s.Tables {
		if !slices.Contains(all, t.Indicator) {
			all = append(all, t.Indicator)
		}
	}
	return all
}

// workbook is one being written; the first error stays.
type workbook struct {
	f                                 *excelize.File
	s                                 *Sealed
	err                               error
	head, wrap, count, decimal, empty int
	title, bold                       int
	sheet                             string
	stream                            *excelize.StreamWriter
	line                              int
}

func (w *workbook) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *workbook) style(s excelize.Style) int {
	id, err := w.f.NewStyle(&s)
	w.keep(err)
	return id
}

func (w *workbook) makeStyles() {
	line := []excelize.Border{{Type: "bottom", Color: "808080", Style: 1}}
	thousands := "#,##0"
	w.head = w.style(excelize.Style{Font: &excelize.Font{Bold: true}, Border: line, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E7EEF3"}}})
	w.wrap = w.style(excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	w.bold = w.style(excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "top"}})
	w.title = w.style(excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	w.count = w.style(excelize.Style{CustomNumFmt: &thousands})
	w.decimal = w.style(excelize.Style{NumFmt: 0})
	// A pattern, not only a colour: it stays visible in a black and white print.
	w.empty = w.style(excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 14, Color: []string{"A0A0A0"}}})
}

// open begins a sheet; a book always has a first one, which is renamed.
// What belongs to a sheet as a whole is set before its rows are streamed.
func (w *workbook) open(name string, columns, rows int, widths ...float64) {
	if w.err != nil {
		return
	}
	if w.sheet == "" {
		w.keep(w.f.SetSheetName("Sheet1", name))
	} else {
		_, err := w.f.NewSheet(name)
		w.keep(err)
	}
	landscape, paper, wide, high := "landscape", 9, 1, 0
	w.keep(w.f.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &paper, FitToWidth: &wide, FitToHeight: &high}))
	w.keep(w.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: new(true)}))
	last, err := excelize.CoordinatesToCellName(max(columns, 1), rows+1)
	w.keep(err)
	if columns > 0 && rows > 0 {
		w.keep(w.f.AutoFilter(name, "A1:"+last, nil))
		w.keep(w.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + name + "'!$1:$1", Scope: name}))
	}
	w.sheet, w.line = name, 0
	if w.stream, err = w.f.NewStreamWriter(name); err != nil {
		w.keep(err)
		return
	}
	for i, width := range widths {
		if w.err == nil {
			w.keep(w.stream.SetColWidth(i+1, i+1, width))
		}
	}
}

func (w *workbook) add(cells ...any) {
	w.line++
	if w.err == nil {
		w.keep(w.stream.SetRow("A"+strconv.Itoa(w.line), cells))
	}
}

// header writes the head of a table and keeps it in sight, on paper too.
func (w *workbook) header(names []string) {
	cells := make([]any, len(names))
	for i, name := range names {
		cells[i] = excelize.Cell{StyleID: w.head, Value: name}
	}
	if w.err == nil {
		w.keep(w.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: w.line + 1, TopLeftCell: "A" + strconv.Itoa(w.line+2), ActivePane: "bottomLeft"}))
	}
	w.add(cells...)
}

func (w *workbook) close() {
	if w.err == nil {
		w.keep(w.stream.Flush())
	}
}

// method says what the release is, how its counts were protected and how to read them.
func (w *workbook) method() {
	s := w.s
	w.open(sheetMethod, 0, 0, 36, 70, 70, 70)
	w.add(excelize.Cell{StyleID: w.title, Value: s.ID})
	fact := func(name string, values ...any) {
		cells := []any{excelize.Cell{StyleID: w.bold, Value: name}}
		for _, v := range values {
			cells = append(cells, excelize.Cell{StyleID: w.wrap, Value: v})
		}
		w.add(cells...)
	}
	fact(inAll("country"), s.Country)
	fact(inAll("period"), s.Period)
	fact(inAll("status"), s.Status)
	fact(inAll("profile"), s.Profile)
	fact(inAll("plan"), s.Plan)
	fact(inAll("sealed_at"), s.SealedAt.UTC().Format(time.RFC3339))
	fact("sha256", s.SHA256)
	fact(inAll("budget_word"), s.Budget)
	w.add()
	w.add("", excelize.Cell{StyleID: w.head, Value: "English"}, excelize.Cell{StyleID: w.head, Value: "Русский (черновик)"}, excelize.Cell{StyleID: w.head, Value: "Қазақша (жоба)"})
	say := func(name string, words Words) { fact(name, words.In("en"), words.In("ru"), words.In("kk")) }
	for i, m := range s.methods() {
		say(inAll("counts")+" "+strconv.Itoa(i+1), m.Text)
	}
	if len(s.Tables) > 0 {
		say(inAll("rates"), s.Tables[0].Method.RateRule)
	}
	if slices.ContainsFunc(s.Tables, func(t SealedTable) bool { return t.Unit == unitDays }) {
		say(inAll("unit_days"), wordsOf("person_years"))
	}
	for _, note := range []string{"empty_cell", "interval", "budget", "region_names", "draft"} {
		say("", wordsOf(note))
	}
	w.close()
}

// inAll is a phrase in every language, for a column that everybody reads.
func inAll(key string) string {
	words := wordsOf(key)
	return words.In("en") + " / " + words.In("ru") + " / " + words.In("kk")
}

// codes says in three languages what the codes in the sheets that follow are called.
func (w *workbook) codes(dimensions []string, rows []row) {
	type named struct{ dimension, code string }
	seen := map[named]bool{}
	var all []named
	see := func(dimension, code string) {
		if n := (named{dimension, code}); code != "" && !seen[n] {
			seen[n] = true
			all = append(all, n)
		}
	}
	for _, r := range rows {
		see("place", r.before[5])
		see(dimMeasure, r.before[6])
		for i, code := range r.strata {
			see(dimensions[i], code)
		}
		see("unit", r.unit)
		see("flag", r.flag)
	}
	slices.SortStableFunc(all, func(a, b named) int { return strings.Compare(a.dimension, b.dimension) })
	w.open(sheetCodes, 5, len(all), 24, 20, 60, 60, 60)
	w.header([]string{"column", "code", "English", "Русский (черновик)", "Қазақша (жоба)"})
	for _, n := range all {
		words := w.s.columnWords(n.dimension, n.code)
		w.add(n.dimension, n.code, words.In("en"), words.In("ru"), words.In("kk"))
	}
	w.close()
}

// columnWords names what stands in a column of a sheet.
func (s *Sealed) columnWords(column, code string) Words {
	switch column {
	case "place":
		if name := countries[code]; name != nil {
			return name
		}
		return regionName(code)
	case "unit", "flag":
		return wordsOf(column + "_" + code)
	}
	return nameOf(column, code)
}

// methods are the different methods of the release's tables.
func (s *Sealed) methods() []SealedMethod {
	var all []SealedMethod
	for _, t := range s.Tables {
		if !slices.ContainsFunc(all, func(m SealedMethod) bool { return m.Text.In("en") == t.Method.Text.In("en") }) {
			all = append(all, t.Method)
		}
	}
	return all
}

// tables lists the tables, each with what it counts.
func (w *workbook) tables() {
	w.open(sheetTables, 10, len(w.s.Tables), 34, 12, 10, 50, 50, 50, 16, 60, 8, 8)
	w.header([]string{"table", "indicator", "period", "title en", "title ru", "title kk", "unit", "rule", "noise sd", "floor"})
	for _, t := range w.s.Tables {
		w.add(t.ID, t.Indicator, t.Period, t.Title.In("en"), t.Title.In("ru"), t.Title.In("kk"), t.countUnit(), t.Rule, t.Method.NoiseSd, t.Method.Floor)
	}
	w.close()
}

// indicator writes the rows of one indicator with the dimensions it has.
func (w *workbook) indicator(id string, dimensions []string, rows []row) {
	used := make([]bool, len(dimensions))
	rows = slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.before[3] != id })
	for _, r := range rows {
		for i, code := range r.strata {
			used[i] = used[i] || code != ""
		}
	}
	names, widths := slices.Clone(sheetBefore), []float64{34, 10, 16, 14}
	for i, d := range dimensions {
		if used[i] {
			names, widths = append(names, d), append(widths, 16)
		}
	}
	w.open(id, len(names)+len(sheetAfter), len(rows), append(widths, 10, 14, 10, 10, 40, 14)...)
	w.header(append(names, sheetAfter...))
	for _, r := range rows {
		cells := []any{r.before[2], r.before[4], r.before[5], r.before[6]}
		for i, code := range r.strata {
			if used[i] {
				cells = append(cells, code)
			}
		}
		cells = append(cells, w.number(r, r.value), r.unit, w.number(r, r.lo95), w.number(r, r.hi95), noteOf(r, "en"), r.flag)
		w.add(cells...)
	}
	w.close()
}

// number is a numeral as a number; an empty cell is marked where a value is missing.
func (w *workbook) number(r row, text string) any {
	style := w.count
	if r.decimal {
		style = w.decimal
	}
	if text == "" {
		if r.value == "" {
			return excelize.Cell{StyleID: w.empty}
		}
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	w.keep(err)
	return excelize.Cell{StyleID: style, Value: n}
}

// noteOf says in words what is special about a row.
func noteOf(r row, lang string) string {
	note := ""
	if r.flag != "" {
		floor := r.floor
		if r.decimal { // worked out from counts
			floor = 0
		}
		note = reason(r.flag, floor, lang)
	}
	if r.source != "" {
		note += fmt.Sprintf(" "+wordsOf("estimate").In(lang), r.estimate, r.source)
	}
	return note
}
