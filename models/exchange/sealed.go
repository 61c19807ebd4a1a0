package exchange

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jol/models"
)

// Sealed is a release as it was published: what every writer of numbers starts from. It
// is read back from the stored tables and from nothing else, so that no format can show
// what a table does not.
type Sealed struct {
	ID       string
	Country  string
	Period   string // 2026 or 2026Q1
	Status   string
	Profile  string
	Plan     string
	Budget   float64
	SHA256   string
	SealedAt time.Time
	Tables   []SealedTable
}

// SealedTable is one table: counts, and what is worked out from the counts shown.
type SealedTable struct {
	ID          string            `json:"table"`
	Indicator   string            `json:"indicator"`
	Period      string            `json:"period"` // not always the release's: some numbers become final later
	Rule        string            `json:"rule"`
	Definitions string            `json:"definitions"`
	Unit        string            `json:"unit"` // of a sum; empty for persons and events
	Where       map[string]string `json:"where"`
	Title       Words             `json:"title"`
	Dimensions  []string          `json:"dimensions"`
	Method      SealedMethod      `json:"method"`
	Cells       []SealedCell      `json:"-"`
	Figures     []Figure          `json:"-"`
}

// SealedMethod says how the counts of a table were protected.
type SealedMethod struct {
	Name     string  `json:"name"`
	Version  int     `json:"version"`
	NoiseSd  float64 `json:"noiseSd"`
	NoiseMax int     `json:"noiseMax"`
	Floor    int64   `json:"floor"`
	P95      int64   `json:"p95"`
	Text     Words   `json:"text"`
	RateRule Words   `json:"rateRule"`
}

// Words is a text by language: en, ru, kk. The first plan wrote English alone.
type Words map[string]string

// UnmarshalJSON takes a plain text as English.
func (w *Words) UnmarshalJSON(raw []byte) error {
	var english string
	if json.Unmarshal(raw, &english) == nil {
		*w = Words{"en": english}
		return nil
	}
	return json.Unmarshal(raw, (*map[string]string)(w))
}

// In returns the text in a language, in English where there is none.
func (w Words) In(lang string) string {
	if text := w[lang]; text != "" {
		return text
	}
	return w["en"]
}

// SealedCell is one count; Value is nil when it is not shown, and Lo95 and Hi95 with it.
type SealedCell struct {
	Codes []string // one per dimension of the table
	Value *int64
	Lo95  *int64
	Hi95  *int64
	Flag  string
}

// The kinds of Figure.
const (
	KindRate     = "rate"     // percent: numerator by denominator
	KindCoverage = "coverage" // percent, or units a person: a count by an estimate
	KindMean     = "mean"     // years, approximate
)

// around returns the ends of an interval given by its half width; numerals with one decimal.
func around(middle string, half *string) (lo, hi *string) {
	if half == nil {
		return nil, nil
	}
	m, err1 := strconv.ParseFloat(middle, 64)
	h, err2 := strconv.ParseFloat(*half, 64)
	if err1 != nil || err2 != nil {
		return nil, nil
	}
	return new(strconv.FormatFloat(m-h, 'f', 1, 64)), new(strconv.FormatFloat(m+h, 'f', 1, 64))
}

// Figure is worked out from published counts: a rate, a coverage or a mean. Its numerals
// are decimal, as they were sealed; nil is not given.
type Figure struct {
	Kind     string
	Codes    []string // one per dimension of the table, measure and bands left out
	Value    *string
	Lo95     *string
	Hi95     *string
	Flag     string // why it is not given, or what is special
	Estimate *Estimate
}

// Estimate is the population that a coverage divides by.
type Estimate struct {
	Kind       string `json:"kind"`
	Year       int    `json:"year"`
	Population int64  `json:"population"`
	Low        int64  `json:"low"`
	High       int64  `json:"high"`
	Source     string `json:"source"`
	Method     string `json:"method"`
}

// Dimensions with a meaning of their own here.
const (
	dimRegion  = "region"
	dimMeasure = "measure"
	// The measures of a rate.
	measureNumerator   = "numerator"
	measureDenominator = "denominator"
	measureCount       = "count" // of a table without measures
	// Flags of cells.
	flagBelowFloor = "below_floor"
	flagStructural = "structural"
	flagMerged     = "merged"
)

// NewSealedFrame is a release without its tables: enough to draw one that is read alone.
func NewSealedFrame(r *models.Release) *Sealed {
	return &Sealed{ID: r.ID, Country: r.Country, Period: r.Period, Status: r.Status, Profile: r.Profile, Plan: r.Plan,
		Budget: r.Budget, SHA256: r.SHA256, SealedAt: r.SealedAt}
}

// NewSealed reads a release back from its stored tables.
func NewSealed(r *models.Release) (*Sealed, error) {
	s := NewSealedFrame(r)
	for _, stored := range r.Tables {
		t, err := ReadTable(stored.JSON)
		if err != nil {
			return nil, fmt.Errorf("exchange: table %s of release %s: %w", stored.TableID, r.ID, err)
		}
		if t.Period == "" {
			t.Period = r.Period
		}
		s.Tables = append(s.Tables, t)
	}
	return s, nil
}

// ReadTable reads a table back from its JSON.
func ReadTable(stored string) (SealedTable, error) {
	var t SealedTable
	var rows struct {
		Cells, Rates, Coverage, Means []map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(stored), &t); err != nil {
		return t, err
	}
	if err := json.Unmarshal([]byte(stored), &rows); err != nil {
		return t, err
	}
	if t.Indicator == "" {
		t.Indicator, _, _ = strings.Cut(t.ID, ".")
	}
	t.rightTitle()
	for _, row := range rows.Cells {
		f := fields{row: row}
		c := SealedCell{Codes: f.codes(t.Dimensions), Flag: f.text("flag")}
		f.read("value", &c.Value)
		f.read("lo95", &c.Lo95)
		f.read("hi95", &c.Hi95)
		if f.err != nil {
			return t, f.err
		}
		t.Cells = append(t.Cells, c)
	}
	for _, part := range []struct {
		kind, value, lo, hi string
		rows                []map[string]json.RawMessage
	}{
		{KindRate, "rate", "rateLo95", "rateHi95", rows.Rates},
		{KindCoverage, "coverage", "coverageLo95", "coverageHi95", rows.Coverage},
		{KindMean, "mean", "", "", rows.Means},
	} {
		for _, row := range part.rows {
			f := fields{row: row}
			g := Figure{Kind: part.kind, Codes: f.codes(t.dimensionsOf(part.kind)), Flag: f.text("flag"),
				Value: f.numeral(part.value), Lo95: f.numeral(part.lo), Hi95: f.numeral(part.hi)}
			if g.Flag == "" {
				g.Flag = f.text("reason")
			}
			f.read("estimate", &g.Estimate)
			if f.err != nil {
				return t, f.err
			}
			if part.kind == KindMean && g.Value != nil {
				g.Lo95, g.Hi95 = around(*g.Value, f.numeral("p95"))
			}
			t.Figures = append(t.Figures, g)
		}
	}
	return t, nil
}

// fields reads the members of a row, whose names are known at run time only.
type fields struct {
	row map[string]json.RawMessage
	err error
}

func (f *fields) read(name string, into any) {
	raw, ok := f.row[name]
	if !ok || f.err != nil {
		return
	}
	if err := json.Unmarshal(raw, into); err != nil {
		f.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (f *fields) text(name string) (s string) {
	f.read(name, &s)
	return s
}

// numeral keeps a number as it is written.
func (f *fields) numeral(name string) *string {
	raw, ok := f.row[name]
	if name == "" || !ok || string(raw) == "null" {
		return nil
	}
	var n json.Number
	f.read(name, &n)
	return new(string(n))
}

func (f *fields) codes(dimensions []string) []string {
	codes := make([]string, len(dimensions))
	for i, d := range dimensions {
		if codes[i] = f.text(d); codes[i] == "" && f.err == nil {
			f.err = fmt.Errorf("a row has no %s", d)
		}
	}
	return codes
}

// dimensionsOf returns the dimensions of the rows of one kind; of counts when kind is empty.
func (t SealedTable) dimensionsOf(kind string) []string {
	switch kind {
	case KindRate, KindCoverage:
		return slices.DeleteFunc(slices.Clone(t.Dimensions), func(d string) bool { return d == dimMeasure })
	case KindMean:
		return t.Dimensions[:max(len(t.Dimensions)-1, 0)] // the bands come last
	}
	return t.Dimensions
}

// BaseID is the id of the table's line in the plan: an id that carries the period of
// numbers that became final later loses it.
func (t SealedTable) BaseID() string { return strings.TrimSuffix(t.ID, "."+t.Period) }

// IsTotal reports whether the table is one count or one rate, broken down by nothing.
func (t SealedTable) IsTotal() bool { return len(t.dimensionsOf(KindRate)) == 0 }

// place returns the place a row is about: the region's code, or the country's.
func (s *Sealed) place(dimensions, codes []string) string {
	if i := slices.Index(dimensions, dimRegion); i >= 0 {
		return codes[i]
	}
	return s.Country
}

// measure is that of a count.
func (t SealedTable) measure(codes []string) string {
	if i := slices.Index(t.Dimensions, dimMeasure); i >= 0 {
		return codes[i]
	}
	return measureCount
}

// strata are the dimensions and codes that are neither place nor measure.
func strata(dimensions, codes []string) (names, values []string) {
	for i, d := range dimensions {
		if d != dimRegion && d != dimMeasure {
			names, values = append(names, d), append(values, codes[i])
		}
	}
	return names, values
}

// dimensions of the release in the order in which its tables bring them, place and
// measure left out.
func (s *Sealed) dimensions() []string {
	var all []string
	for _, t := range s.Tables {
		for _, d := range t.Dimensions {
			if d != dimRegion && d != dimMeasure && !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	return all
}

// masked reports whether a count is not shown.
func (c SealedCell) masked() bool { return c.Value == nil }

// periodDates returns the first and last day of a period: 2026 or 2026Q1.
func periodDates(period string) (first, last models.Date, err error) {
	year, quarter, isQuarter := strings.Cut(period, "Q")
	from, months := "01", 12
	if isQuarter {
		months = 3
		switch quarter {
		case "1":
		case "2":
			from = "04"
		case "3":
			from = "07"
		case "4":
			from = "10"
		default:
			return "", "", fmt.Errorf("exchange: %q is no quarter", period)
		}
	}
	first, ok := models.ParseDate(year + "-" + from + "-01")
	if !ok {
		return "", "", fmt.Errorf("exchange: %q is no period", period)
	}
	return first, first.AddMonths(months).AddDays(-1), nil
}
