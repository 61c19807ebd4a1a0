package exchange

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"jol/models"
)

//go:embed report.html
var reportHTML string

//go:embed report.css
var reportCSS string

// ReportStyle is the hash of the page's style sheet, for the content security policy.
var ReportStyle = func() string {
	sum := sha256.Sum256([]byte(reportCSS))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var reportTemplate = template.Must(template.New("report").Parse(reportHTML))

// reportCharts are the tables that the page draws, those the release has.
var reportCharts = []string{"TDI01.region", "TDI01.drug", "TDI01.sex", "TDI01.age", "TDI01.centre"}

// ReportLine is the table whose total the page shows over time.
const ReportLine = "TDI01.total"

// keyFigure is a line of the page's table; one without a value says why.
type keyFigure struct{ Title, Value, Interval, Of, why string }

// hidden names the totals that are not given, by reason.
type hidden struct{ Why, Titles string }

// reportPage is what the template fills in.
type reportPage struct {
	Lang     string
	s        *Sealed
	CSS      template.CSS
	Figures  []keyFigure
	Hidden   []hidden
	Pictures []template.HTML
	unshown  []string // why rows of the pictures have no figure
	Methods  []string
	RateRule string
}

// Report writes the situation page: one sheet of paper with the totals of the release, a
// few pictures, and in plain words how to read them. series are the tables of ReportLine
// of this and earlier periods.
func (s *Sealed) Report(series []SealedTable, lang string) ([]byte, error) {
	p := reportPage{Lang: lang, s: s, CSS: template.CSS(reportCSS)} // ours, embedded
	for i := range s.Tables {
		for _, k := range s.keyFigures(&s.Tables[i], lang) {
			p.keep(k)
		}
	}
	draw := func(c picture) {
		p.Pictures = append(p.Pictures, template.HTML(c.svg(small))) // escapes every text itself
		for _, why := range c.reasons() {
			if !slices.Contains(p.unshown, why) {
				p.unshown = append(p.unshown, why)
			}
		}
	}
	if line, ok := s.line(series, lang); ok {
		draw(line)
	}
	for _, id := range reportCharts {
		if i := slices.IndexFunc(s.Tables, func(t SealedTable) bool { return t.ID == id }); i >= 0 {
			c := s.bars(&s.Tables[i], lang)
			c.title = s.Tables[i].Title.In(lang)
			draw(c)
		}
	}
	if methods := s.methods(); len(methods) > 0 {
		p.Methods, p.RateRule = []string{methods[0].Text.In(lang)}, methods[0].RateRule.In(lang)
		if len(methods) > 1 {
			p.Methods = append(p.Methods, p.T("other_noise"))
		}
	}
	var out bytes.Buffer
	err := reportTemplate.Execute(&out, p)
	return out.Bytes(), err
}

// keep puts a figure in the table, or its title among those that are not given.
func (p *reportPage) keep(k keyFigure) {
	if k.why == "" {
		p.Figures = append(p.Figures, k)
		return
	}
	i := slices.IndexFunc(p.Hidden, func(h hidden) bool { return h.Why == k.why })
	if i < 0 {
		p.Hidden = append(p.Hidden, hidden{k.why, k.Title})
		return
	}
	p.Hidden[i].Titles += "; " + k.Title
}

// keyFigures are the lines of a total; none for a table that breaks it down.
func (s *Sealed) keyFigures(t *SealedTable, lang string) []keyFigure {
	if len(t.dimensionsOf(KindRate)) > 0 && t.BaseID() != "SDG351.total" {
		return nil
	}
	titled := func(kind string) string {
		title := t.Title.In(lang)
		if i := strings.LastIndex(title, ", "); i > 0 { // "country total" goes without saying here
			title = title[:i]
		}
		if t.Period != s.Period {
			title += " (" + t.Period + ")"
		}
		if of := t.ofWhom(kind, lang); of != "" {
			title += ", " + of
		}
		return title
	}
	var all []keyFigure
	marks, _ := s.marks(t, lang)
	for _, m := range marks {
		k := keyFigure{Title: titled(t.shown()), Interval: m.span}
		if len(marks) > 1 {
			k.Title += ": " + m.label
		}
		if m.value == nil {
			k.why = reason(m.flag, 0, lang)
		} else {
			value, of, _ := strings.Cut(m.text, " (")
			k.Value, k.Of = value, strings.TrimSuffix(of, ")")
		}
		if t.shown() == "" && m.value != nil { // a rate has its sign
			k.Of = t.unitWords().In(lang)
		}
		all = append(all, k)
	}
	for _, f := range t.figures(KindCoverage) {
		k := keyFigure{Title: titled(KindCoverage)}
		if len(f.Codes) > 0 {
			k.Title += ": " + s.label(t.dimensionsOf(KindCoverage), f.Codes, lang)
		}
		if f.Value == nil {
			k.why = reason(f.Flag, 0, lang)
		} else {
			k.Value, k.Interval = models.LocalNumeral(*f.Value, lang), spanOf(f, lang)
			if t.Unit == "" {
				k.Value += " %"
			}
			if f.Estimate != nil {
				k.Of = "… / " + grouped(f.Estimate.Population) + ", " + shortened(f.Estimate.Source)
			}
		}
		all = append(all, k)
	}
	return all
}

// sourceLength is how much of the source of an estimate fits beside its rate.
const sourceLength = 60

// shortened keeps the source of an estimate on its line; the CSV has the whole.
func shortened(source string) string {
	if r := []rune(source); len(r) > sourceLength {
		return strings.TrimSpace(string(r[:sourceLength])) + "…"
	}
	return source
}

// spanOf writes the interval of a figure; one that is open below has the upper end alone.
func spanOf(f Figure, lang string) string {
	switch {
	case f.Hi95 == nil:
		return ""
	case f.Lo95 == nil:
		return "≤ " + models.LocalNumeral(*f.Hi95, lang)
	}
	return models.LocalNumeral(*f.Lo95, lang) + "–" + models.LocalNumeral(*f.Hi95, lang)
}

// span writes the interval of a count.
func (c SealedCell) span(floor int64) string {
	switch {
	case c.Hi95 == nil || c.Flag == flagStructural:
		return ""
	case c.Lo95 == nil:
		return "<" + strconv.FormatInt(floor, 10) + "–" + grouped(*c.Hi95)
	}
	return grouped(*c.Lo95) + "–" + grouped(*c.Hi95)
}

// T returns a phrase of the page.
func (p reportPage) T(key string) string { return phrases[key].In(p.Lang) }

// Title to SHA name and describe the release.
func (p reportPage) Title() string {
	return p.T("situation") + ": " + p.s.countryName(p.Lang) + ", " + p.s.Period
}
func (p reportPage) Release() string  { return p.s.ID }
func (p reportPage) Status() string   { return p.T("st_" + p.s.Status) }
func (p reportPage) SealedAt() string { return p.s.SealedAt.UTC().Format(time.DateOnly) }
func (p reportPage) Budget() string {
	return models.LocalNumeral(strconv.FormatFloat(p.s.Budget, 'f', -1, 64), p.Lang)
}
func (p reportPage) SHA() string { return p.s.SHA256[:min(16, len(p.s.SHA256))] }

// Draft reports whether the language is a draft; English is not.
func (p reportPage) Draft() bool { return p.Lang != "en" }

// Legend explains the pictures.
func (p reportPage) Legend() string { return p.T("legend") + hatched(p.unshown, p.Lang) }

// Provisional says that the numbers will change.
func (p reportPage) Provisional() bool { return p.s.Status == "provisional" }
