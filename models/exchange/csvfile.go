package exchange

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"unicode"
)

// The columns of a release as one table: some for every row, then one for each dimension
// in the release, then the numbers.
var (
	columnsBefore = []string{"release", "status", "table", "indicator", "period", "place", "measure"}
	columnsAfter  = []string{"value", "unit", "lo95", "hi95", "flag", "estimate", "estimate_source"}
)

// row is one line of the long table that CSV and XLSX share.
type row struct {
	before     []string
	strata     []string // one per dimension of the release; empty for all
	value      string   // empty is not shown
	unit       string
	lo95, hi95 string
	flag       string
	estimate   string
	source     string
	decimal    bool  // a figure, not a count
	floor      int64 // of the table
}

// rows are the lines of a release: the counts of a table, then what is worked out of them.
func (s *Sealed) rows() (dimensions []string, all []row) {
	dimensions = s.dimensions()
	at := map[string]int{}
	for i, d := range dimensions {
		at[d] = i
	}
	line := func(t *SealedTable, names, codes []string, measure string) row {
		r := row{before: []string{s.ID, s.Status, t.ID, t.Indicator, t.Period, s.place(names, codes), measure},
			strata: make([]string, len(dimensions)), floor: t.Method.Floor}
		kept, values := strata(names, codes)
		for i, d := range kept {
			r.strata[at[d]] = values[i]
		}
		return r
	}
	for i := range s.Tables {
		t := &s.Tables[i]
		for _, c := range t.Cells {
			r := line(t, t.Dimensions, c.Codes, t.measure(c.Codes))
			r.value, r.unit, r.lo95, r.hi95, r.flag = whole(c.Value), t.countUnit(), whole(c.Lo95), whole(c.Hi95), c.Flag
			all = append(all, r)
		}
		for _, f := range t.Figures {
			r := line(t, t.dimensionsOf(f.Kind), f.Codes, f.Kind)
			r.unit, r.decimal = t.figureUnit(f.Kind), true
			r.value, r.lo95, r.hi95, r.flag = numeral(f.Value), numeral(f.Lo95), numeral(f.Hi95), f.Flag
			if f.Estimate != nil {
				r.estimate, r.source = strconv.FormatInt(f.Estimate.Population, 10), f.Estimate.Source
			}
			all = append(all, r)
		}
	}
	return dimensions, all
}

// CSV writes the release as one table in UTF-8 with CRLF (RFC 4180): a line for each count,
// rate, coverage and mean. What is not shown is empty, with the reason in flag. An empty
// dimension is one that the table does not break down by.
func (s *Sealed) CSV() []byte {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	w.UseCRLF = true
	dimensions, rows := s.rows()
	record := append(append(append([]string{}, columnsBefore...), dimensions...), columnsAfter...)
	_ = w.Write(record) // the buffer takes everything; Flush tells below
	for _, r := range rows {
		record = append(append(record[:0], r.before...), r.strata...)
		_ = w.Write(append(record, r.value, r.unit, r.lo95, r.hi95, r.flag, r.estimate, Plain(r.source)))
	}
	w.Flush()
	return buf.Bytes()
}

// Plain keeps a text that somebody typed, or another system sent, from being a formula in a
// spreadsheet or a command to a terminal.
func Plain(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) { // line feeds, ESC, marks that turn the direction
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?")))
	if strings.ContainsAny(text[:min(1, len(text))], "=+-@") {
		return "'" + text
	}
	return text
}

func whole(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func numeral(n *string) string {
	if n == nil {
		return ""
	}
	return *n
}
