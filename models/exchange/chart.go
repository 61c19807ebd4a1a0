package exchange

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"jol/models"
)

// mark is one figure of a picture: a bar or a dot.
type mark struct {
	label  string
	parts  []string // of the label: one for each dimension
	value  *float64
	lo, hi *float64
	text   string // the figure in words: 1,204 or 45.2 % (516/1,204)
	span   string // its interval in words
	why    string // instead of a value: <5, or the reason
	flag   string
	floor  float64
	gap    bool // a period of which nothing was published
}

// picture is a chart: drawn with lines, patterns and words, never told by colour alone.
type picture struct {
	id      string // prefix of the ids inside, so that several fit in one page
	lang    string
	title   string
	legend  string
	percent bool
	unit    string // of the axis
	floor   int64  // of the counts; 0 for rates
	marks   []mark
	line    bool
}

// BarChart draws a table as SVG, a bar for each count or, where the table has rates, for
// each rate.
func (s *Sealed) BarChart(t *SealedTable, lang string) []byte {
	return s.bars(t, lang).svg(large)
}

// LineChart draws the total of a table over the periods of several releases, the earliest
// first; of two tables for one period the later counts. Fewer than two periods of the kind
// of the last table's give its bar chart.
func (s *Sealed) LineChart(tables []SealedTable, lang string) []byte {
	p, ok := s.line(tables, lang)
	if !ok {
		return s.BarChart(&tables[len(tables)-1], lang)
	}
	return p.svg(large)
}

func (s *Sealed) bars(t *SealedTable, lang string) picture {
	p := picture{id: resourceID(t.ID), lang: lang, title: t.titleOf(t.shown(), lang) + ". " + s.scope(t.Period, lang), legend: phrases["legend"].In(lang)}
	p.marks, p.percent = s.marks(t, lang)
	p.explain(t)
	return p
}

// explain adds what the numbers of a picture are and how they were made: their unit, and
// the method of the table in plain words.
func (p *picture) explain(t *SealedTable) {
	p.unit = t.unitWords().In(p.lang)
	p.floor = t.Method.Floor
	note := t.unitNote(p.lang) + " " + t.Method.Text.In(p.lang)
	if p.percent {
		p.unit, p.floor = "", 0 // the axis has the sign
		note = t.Method.RateRule.In(p.lang)
	}
	p.legend += hatched(p.reasons(), p.lang) + " " + strings.TrimSpace(note)
	if p.lang != "en" { // a picture leaves the service without the page
		p.legend += " " + phrases["draft"].In(p.lang)
	}
}

// scope is the country, period and status of numbers.
func (s *Sealed) scope(period, lang string) string {
	return s.countryName(lang) + ", " + period + ", " + phrases["st_"+s.Status].In(lang)
}

// marks are the rates of a table or, without any, its counts.
func (s *Sealed) marks(t *SealedTable, lang string) (all []mark, percent bool) {
	if rates := t.figures(KindRate); len(rates) > 0 {
		for _, f := range rates {
			parts := s.labelParts(t.dimensionsOf(KindRate), f.Codes, lang)
			m := mark{label: strings.Join(parts, ", "), parts: parts, value: float(f.Value), lo: float(f.Lo95), hi: float(f.Hi95), span: spanOf(f, lang), flag: f.Flag}
			if f.Value == nil {
				m.why = reason(f.Flag, 0, lang)
			} else {
				m.text = models.LocalNumeral(*f.Value, lang) + " %" + t.parts(f.Codes)
			}
			all = append(all, m)
		}
		return all, true
	}
	for _, c := range t.Cells {
		parts := s.labelParts(t.Dimensions, c.Codes, lang)
		m := mark{label: strings.Join(parts, ", "), parts: parts, value: asFloat(c.Value), lo: asFloat(c.Lo95), hi: asFloat(c.Hi95), floor: float64(t.Method.Floor), span: c.span(t.Method.Floor), flag: c.Flag}
		if c.masked() {
			m.why = "<" + strconv.FormatInt(t.Method.Floor, 10)
		} else {
			m.text = grouped(*c.Value)
			if c.Lo95 == nil && c.Flag != flagStructural {
				m.lo = new(float64(0))
			}
		}
		all = append(all, m)
	}
	return all, false
}

// parts is the numerator and denominator behind a rate.
func (t *SealedTable) parts(codes []string) string {
	var parts [2]string
	for _, c := range t.Cells {
		var of []string
		for i, d := range t.Dimensions {
			if d != dimMeasure {
				of = append(of, c.Codes[i])
			}
		}
		if c.Value == nil || !slices.Equal(of, codes) {
			continue
		}
		if t.measure(c.Codes) == measureNumerator {
			parts[0] = grouped(*c.Value)
		} else {
			parts[1] = grouped(*c.Value)
		}
	}
	return " (" + parts[0] + "/" + parts[1] + ")"
}

// label names a row: Almaty, women.
func (s *Sealed) label(dimensions, codes []string, lang string) string {
	return strings.Join(s.labelParts(dimensions, codes, lang), ", ")
}

// labelParts are the names in a label, one for each dimension; for a total the country's.
func (s *Sealed) labelParts(dimensions, codes []string, lang string) []string {
	var parts []string
	for i, d := range dimensions {
		parts = append(parts, s.codeName(d, codes[i], lang))
	}
	if len(parts) == 0 {
		return []string{s.countryName(lang)}
	}
	return parts
}

// line joins the totals of several periods, those of the kind of the last and none after it:
// a release holds numbers of quarters and of years. False for fewer than two.
func (s *Sealed) line(tables []SealedTable, lang string) (picture, bool) {
	last, newestPeriod := map[string]SealedTable{}, ""
	if len(tables) > 0 {
		newestPeriod = tables[len(tables)-1].Period
	}
	for _, t := range tables {
		if len(t.dimensionsOf(KindRate)) == 0 && len(t.Period) == len(newestPeriod) && t.Period <= newestPeriod {
			last[t.Period] = t
		}
	}
	if len(last) < 2 {
		return picture{}, false
	}
	var known []string
	for period := range last {
		known = append(known, period)
	}
	slices.Sort(known)
	newest := last[known[len(known)-1]]
	p := picture{id: resourceID(newest.BaseID()), lang: lang, line: true, legend: phrases["legend_line"].In(lang),
		title: newest.titleOf(newest.shown(), lang) + ". " + s.countryName(lang) + ", " + known[0] + "–" + known[len(known)-1]}
	for period, n := known[0], 0; n < 40; period, n = nextPeriod(period), n+1 {
		t, ok := last[period]
		m := mark{label: period, gap: true}
		if ok {
			marks, percent := s.marks(&t, lang)
			if len(marks) == 1 {
				m, p.percent = marks[0], percent
				m.label = period
			}
		}
		p.marks = append(p.marks, m)
		if period == known[len(known)-1] {
			break
		}
	}
	p.explain(&newest)
	return p, true
}

// nextPeriod is the year or quarter after.
func nextPeriod(period string) string {
	year, quarter, ok := strings.Cut(period, "Q")
	y, _ := strconv.Atoi(year)
	if !ok {
		return strconv.Itoa(y + 1)
	}
	if q, _ := strconv.Atoi(quarter); q < 4 {
		return year + "Q" + strconv.Itoa(q+1)
	}
	return strconv.Itoa(y+1) + "Q1"
}

func float(n *string) *float64 {
	if n == nil {
		return nil
	}
	f, err := strconv.ParseFloat(*n, 64)
	if err != nil {
		return nil
	}
	return &f
}

func asFloat(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n))
}

// grouped writes a count with thin spaces between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// scale returns a round number above every value and the step of its grid.
func (p picture) scale() (top, step float64) {
	most := 1.0
	for _, m := range p.marks {
		for _, v := range []*float64{m.value, m.hi} {
			if v != nil {
				most = max(most, *v)
			}
		}
		most = max(most, 2*m.floor)
	}
	if p.percent {
		most = min(most, 100)
	}
	step = math.Pow(10, math.Floor(math.Log10(most))-1)
	for _, times := range []float64{2, 2.5, 2, 2} { // 1, 2, 5, 10, 20 of the unit
		if most/step > 5 {
			step *= times
		}
	}
	if !p.percent {
		step = max(step, 1)
	}
	return math.Ceil(most/step) * step, step
}

// size is that of a picture in user units; it fits any width. A small one stands beside
// others on a page that explains them together.
type size struct {
	width, label, text, row, head, line float64
	titleLetters, labelLetters          int
	font, titleFont                     int
	legend                              bool
}

var (
	large = size{width: 760, label: 290, text: 140, row: 20, head: 54, line: 220, titleLetters: 70, labelLetters: 34, font: 12, titleFont: 15, legend: true}
	small = size{width: 400, label: 165, text: 40, row: 14, head: 38, line: 108, titleLetters: 57, labelLetters: 27, font: 10, titleFont: 10}
)

// svg draws the picture.
func (p picture) svg(z size) []byte {
	d := &drawing{picture: p, z: z}
	title := folded(p.title, z.titleLetters)
	titleLine := float64(z.titleFont) + 3
	d.top = z.head + titleLine*float64(len(title)-1)
	var legend []string
	foot := 8.0
	if z.legend {
		legend = folded(p.legend, 110)
		foot = 32 + 14*float64(len(legend)-1)
	}
	body := float64(len(p.marks)) * z.row
	if p.line {
		body = z.line
	}
	height := d.top + body + foot
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" lang="%s" aria-labelledby="%s-t %s-d" font-family="sans-serif" font-size="%d">`,
		z.width, height, z.width, height, p.lang, p.id, p.id, z.font)
	d.add(`<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, p.id, html.EscapeString(p.title), p.id, html.EscapeString(p.words()))
	d.add(`<defs><pattern id="%s-h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/><path d="M0 0V6" stroke="#333" stroke-width="1.5"/></pattern></defs>`, p.id)
	d.add(`<rect width="%.0f" height="%.0f" fill="#fff"/>`, z.width, height)
	for i, line := range title {
		d.text(4, titleLine*float64(i+1), "start", line, fmt.Sprintf(` font-size="%d" font-weight="bold"`, z.titleFont))
	}
	if p.line {
		d.drawLine(body)
	} else {
		d.drawBars(body)
	}
	for i, line := range legend {
		d.text(8, height-14*float64(len(legend)-i)+4, "start", line, ` font-size="11"`)
	}
	d.add(`</svg>`)
	return []byte(d.out.String())
}

// words describe the picture to who does not see it: the numbers themselves, the first forty.
func (p picture) words() string {
	var numbers []string
	shown, all := 0, 0
	for _, m := range p.marks {
		if m.gap {
			continue
		}
		if all++; m.value != nil {
			shown++
		}
		if text := m.text; all <= 40 {
			if m.value == nil {
				text = m.why
			} else if m.span != "" {
				text += " [" + m.span + "]"
			}
			numbers = append(numbers, m.label+" "+text)
		}
	}
	if all > 40 {
		numbers = append(numbers, "…")
	}
	others := ""
	if why := p.reasons(); len(why) > 0 {
		others = " " + fmt.Sprintf(phrases["others"].In(p.lang), strings.Join(why, "; "))
	}
	return fmt.Sprintf(phrases["chart_desc"].In(p.lang), p.title, shown, all, others, strings.Join(numbers, "; "))
}

// reasons say why rows of the picture have no figure, each once.
func (p picture) reasons() []string {
	var all []string
	for _, m := range p.marks {
		if m.value != nil || m.gap {
			continue
		}
		if why := reason(m.flag, p.floor, p.lang); !slices.Contains(all, why) {
			all = append(all, why)
		}
	}
	return all
}

// hatched is the sentence of a legend on what has no figure; empty where everything has one.
func hatched(reasons []string, lang string) string {
	if len(reasons) == 0 {
		return ""
	}
	return " " + fmt.Sprintf(phrases["hatched"].In(lang), strings.Join(reasons, "; "))
}

func figure(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// folded breaks a text into lines of at most so many letters.
func folded(text string, most int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > most {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// drawing is a picture being drawn.
type drawing struct {
	picture
	z   size
	out strings.Builder
	top float64
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

func (d *drawing) text(x, y float64, anchor, text, more string) {
	d.add(`<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`, x, y, anchor, more, html.EscapeString(text))
}

// drawBars draws a row for each mark, with a grid behind.
func (d *drawing) drawBars(body float64) {
	top, step := d.scale()
	x := func(v float64) float64 {
		return d.z.label + min(v, top)/top*(d.z.width-d.z.label-d.z.text-8)
	}
	for v := 0.0; v <= top+step/2; v += step {
		d.add(`<path d="M%.1f %.1fV%.1f" stroke="#ccc"/>`, x(v), d.top-6, d.top+body)
		d.text(x(v), d.top-10, "middle", d.axis(v), ` font-size="10"`)
	}
	d.text(d.z.label-12, d.top-10, "end", d.unit, ` font-size="10" font-style="italic"`)
	for i, m := range d.marks {
		y := d.top + float64(i)*d.z.row
		middle := y + d.z.row/2
		d.add(`<g><title>%s</title>`, html.EscapeString(m.label+": "+m.text+m.why))
		d.text(d.z.label-6, middle+4, "end", fitted(m.parts, d.z.labelLetters), "")
		if m.value == nil {
			wide := max(x(m.floor)-d.z.label, 8)
			d.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="url(#%s-h)" stroke="#333"/>`, d.z.label, y+3, wide, d.z.row-6, d.id)
			d.text(d.z.label+wide+6, middle+4, "start", m.why, "")
		} else {
			d.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#c9d3da" stroke="#222"/>`, d.z.label, y+3, max(x(*m.value)-d.z.label, 0.5), d.z.row-6)
			d.whisker(m, x, middle, true)
			text := m.text
			if !d.z.legend {
				text, _, _ = strings.Cut(text, " (")
			}
			d.text(d.z.width-6, middle+4, "end", text, "")
		}
		d.add(`</g>`)
	}
}

// whisker draws the interval of a mark along an axis.
func (d *drawing) whisker(m mark, at func(float64) float64, across float64, horizontal bool) {
	if m.lo == nil || m.hi == nil || *m.hi <= *m.lo {
		return
	}
	lo, hi := at(*m.lo), at(*m.hi)
	if horizontal {
		d.add(`<path d="M%.1f %.1fV%.1fM%.1f %.1fH%.1fM%.1f %.1fV%.1f" stroke="#000" fill="none"/>`, lo, across-4, across+4, lo, across, hi, hi, across-4, across+4)
		return
	}
	d.add(`<path d="M%.1f %.1fH%.1fM%.1f %.1fV%.1fM%.1f %.1fH%.1f" stroke="#000" fill="none"/>`, across-6, lo, across+6, across, lo, hi, across-6, hi, across+6)
}

// drawLine draws the marks from left to right, joined where two follow each other.
func (d *drawing) drawLine(body float64) {
	top, step := d.scale()
	base, left, right := d.top+body-20, 52.0, d.z.width-20
	y := func(v float64) float64 { return base - min(v, top)/top*(body-44) }
	x := func(i int) float64 { return left + (right-left)*(float64(i)+0.5)/float64(len(d.marks)) }
	for v := 0.0; v <= top+step/2; v += step {
		d.add(`<path d="M%.1f %.1fH%.1f" stroke="#ccc"/>`, left, y(v), right)
		d.text(left-6, y(v)+4, "end", d.axis(v), ` font-size="10"`)
	}
	d.text(4, y(top)-12, "start", d.unit, ` font-size="10" font-style="italic"`)
	for i := 1; i < len(d.marks); i++ {
		if a, b := d.marks[i-1], d.marks[i]; a.value != nil && b.value != nil {
			d.add(`<path d="M%.1f %.1fL%.1f %.1f" stroke="#222" stroke-width="1.5"/>`, x(i-1), y(*a.value), x(i), y(*b.value))
		}
	}
	// Of many periods every second, third … is named and has its figure written, the last
	// always: one beside the other they would be unreadable.
	every := int(math.Ceil(float64(d.z.font*len(d.marks)) * 4.5 / (right - left)))
	for i, m := range d.marks {
		named := (len(d.marks)-1-i)%every == 0
		if named {
			d.text(x(i), base+16, "middle", m.label, "")
		}
		if m.gap {
			continue
		}
		d.add(`<g><title>%s</title>`, html.EscapeString(m.label+": "+m.text+m.why))
		if m.value == nil {
			d.add(`<rect x="%.1f" y="%.1f" width="8" height="8" fill="url(#%s-h)" stroke="#000"/>`, x(i)-4, base-8, d.id)
			if named {
				why := m.why
				if d.percent { // a reason would stand on the next one's; it is in the legend
					why = phrases["not_given"].In(d.lang)
				}
				d.text(x(i), base-14, "middle", why, ` font-size="11"`)
			}
		} else {
			d.whisker(m, y, x(i), false)
			d.add(`<circle cx="%.1f" cy="%.1f" r="2.2"/>`, x(i), y(*m.value))
			over := y(*m.value)
			if m.hi != nil {
				over = y(*m.hi)
			}
			if text, _, _ := strings.Cut(m.text, " ("); named {
				d.text(x(i), over-7, "middle", text, ` font-size="11"`)
			}
		}
		d.add(`</g>`)
	}
}

// axis writes a value of the grid.
func (d *drawing) axis(v float64) string {
	if d.percent {
		return models.LocalNumeral(figure(math.Round(v*10)/10), d.lang) + " %"
	}
	if v == math.Trunc(v) {
		return grouped(int64(v))
	}
	return models.LocalNumeral(figure(math.Round(v*10)/10), d.lang)
}

// abbreviations are those that names of regions have in Russian and in Kazakh.
var abbreviations = strings.NewReplacer(" область", " обл.", " облысы", " обл.", " автономная", " авт.", " автономиялық", " авт.")

// fitted joins the parts of a label within its column: it abbreviates what is too long, then
// cuts the longest part first, so that every part still tells its rows apart; the whole one
// is in the title of the row.
func fitted(parts []string, most int) string {
	parts = slices.Clone(parts)
	if utf8.RuneCountInString(strings.Join(parts, ", ")) > most {
		for i := range parts {
			parts[i] = abbreviations.Replace(parts[i])
		}
	}
	for utf8.RuneCountInString(strings.Join(parts, ", ")) > most {
		longest := 0
		for i, part := range parts {
			if utf8.RuneCountInString(part) > utf8.RuneCountInString(parts[longest]) {
				longest = i
			}
		}
		letters := []rune(strings.TrimSuffix(parts[longest], "…"))
		if len(letters) < 3 {
			break
		}
		parts[longest] = strings.TrimRight(string(letters[:len(letters)-1]), " ,") + "…"
	}
	return strings.Join(parts, ", ")
}
