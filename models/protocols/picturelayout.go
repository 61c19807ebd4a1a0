package protocols

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Measures of the picture. The width of a box and its lanes fit A4 upright.
const (
	boxWidth  = 400
	textInset = 10
	titleSize = 14
	smallSize = 12
	titleLead = 18
	smallLead = 15
	gap       = 12
	laneWidth = 9
	// A sheet of A4 with the margins that the picture asks for. No box lies across the
	// edge of a sheet; on the screen that is a gap here and there.
	sheet = 1047
)

// layOut places everything from the top down, and then the lanes beside the boxes.
func (g *graph) layOut() {
	for i, b := range g.order {
		b.Name = strconv.Itoa(i+1) + ". " + b.Name
		for _, e := range b.Exits {
			e.to = g.boxes[e.target]
		}
	}
	down, up := g.lanes(false), g.lanes(true)
	g.BoxX, g.BoxW = up.width(), boxWidth
	g.Width = g.BoxX + boxWidth + down.width()
	y := 8
	g.Heading, y = wrap(g.Title, 18, g.Width-2*textInset, y, 23)
	g.Preface, y = wrap(g.T("edition")+" "+g.Edition+". "+g.Notice, smallSize, g.Width-2*textInset, y, smallLead)
	for _, b := range g.Bands {
		y = g.placeBand(b, y+gap)
	}
	g.Height = y + gap
	g.connect(down, false)
	g.connect(up, true)
}

func (g *graph) placeBand(b *band, y int) int {
	if left := sheet - y%sheet; left < 150 { // no heading alone at the foot of a sheet
		y += left + 1
	}
	b.Y = y
	b.Title, y = wrap(b.heading, titleSize, boxWidth, y+6, titleLead)
	for _, x := range b.Boxes {
		end := g.placeBox(x, y+gap)
		if x.Y/sheet != end/sheet {
			end = g.placeBox(x, end/sheet*sheet+gap)
		}
		y = end
	}
	b.H = y + gap - b.Y
	return b.Y + b.H
}

func (g *graph) placeBox(b *box, y int) int {
	b.Y = y
	b.Title, y = wrap(b.Name, titleSize, boxWidth-2*textInset, y+5, titleLead)
	for _, e := range b.Exits {
		e.Y = y + smallLead/2 + 2
		mark := ""
		if e.to != nil {
			mark = "→ " + strings.SplitN(e.to.Name, ".", 2)[0]
		}
		e.Mark = line{mark, y + smallLead - 2}
		e.Condition, y = wrap(e.condition, smallSize, boxWidth-2*textInset-45, y+1, smallLead)
		if e.to == nil {
			to := g.link(e.target)
			f := &foreign{Href: to.Href, Y: y + 2}
			f.Title, y = wrap("→ "+to.Text+" ("+g.T("other_document")+")", smallSize, boxWidth-4*textInset, y+5, smallLead)
			f.H = y + 5 - f.Y
			y = f.Y + f.H + 2
			e.Foreign = f
		}
	}
	if b.others > 0 {
		b.Others = &line{g.T("other_ways", "n", b.others), y + smallLead - 3}
		y += smallLead
	}
	b.H = y + 7 - b.Y
	return b.Y + b.H
}

// trunk is one vertical line: it gathers all branches to a step that come from above,
// or all that come from below.
type trunk struct {
	to          *box
	exits       []*exit
	first, last int // positions of the steps it passes
	lane        int
}

type trunks []*trunk

// width is the room that the lanes take beside the boxes.
func (t trunks) width() int {
	n := 0
	for _, x := range t {
		n = max(n, x.lane+1)
	}
	return 28 + n*laneWidth
}

// lanes gathers the trunks of one direction and gives each the innermost lane that is
// free over its whole length, short ones first.
func (g *graph) lanes(up bool) trunks {
	position := map[*box]int{}
	for i, b := range g.order {
		position[b] = i
	}
	byTarget := map[*box]*trunk{}
	var out trunks
	for i, b := range g.order {
		for _, e := range b.Exits {
			if e.to == nil || (position[e.to] <= i) != up {
				continue
			}
			t := byTarget[e.to]
			if t == nil {
				at := position[e.to]
				t = &trunk{to: e.to, first: min(i, at), last: max(i, at)}
				byTarget[e.to] = t
				out = append(out, t)
			}
			t.exits = append(t.exits, e)
			t.first, t.last = min(t.first, i), max(t.last, i)
		}
	}
	slices.SortStableFunc(out, func(a, b *trunk) int { return (a.last - a.first) - (b.last - b.first) })
	for i, t := range out {
		taken := func(lane int) bool {
			return slices.ContainsFunc(out[:i], func(o *trunk) bool {
				return o.lane == lane && o.first <= t.last && t.first <= o.last
			})
		}
		for taken(t.lane) {
			t.lane++
		}
	}
	return out
}

// connector is one trunk as drawn.
type connector struct {
	Path, Arrow, Colour string
}

// colours have a contrast of at least 4.5 to the white and the band behind them.
var colours = []string{"#0a4a86", "#a3121a", "#1e6b34", "#6b2c91", "#8a4b00", "#00626b"}

// connect draws the trunks: from each exit to the lane, and from the lane into the step.
func (g *graph) connect(list trunks, up bool) {
	n := func(v int) string { return strconv.Itoa(v) }
	for i, t := range list {
		edge, lane, tip := g.BoxX+boxWidth, g.BoxX+boxWidth+18+t.lane*laneWidth, 7
		if up {
			edge, lane, tip = g.BoxX, g.BoxX-18-t.lane*laneWidth, -7
		}
		in := t.to.Y + 14
		c := connector{Colour: colours[i%len(colours)]}
		for _, e := range t.exits {
			c.Path += "M" + n(edge) + " " + n(e.Y) + "H" + n(lane) + "V" + n(in)
		}
		c.Path += "H" + n(edge+tip)
		c.Arrow = n(edge) + "," + n(in) + " " + n(edge+tip) + "," + n(in-4) + " " + n(edge+tip) + "," + n(in+4)
		g.Lines = append(g.Lines, c)
	}
}

// wrap breaks a text into lines that fit width, and returns them with the y below the
// last. There are no font metrics at run time: widths are those of a wide sans serif,
// so that a line is rather too short than too long.
func wrap(text string, size, width, y, lead int) ([]line, int) {
	var out []line
	current := ""
	flush := func() {
		out = append(out, line{current, y + lead - lead/4})
		y, current = y+lead, ""
	}
	for _, word := range strings.Fields(text) {
		if current != "" && textWidth(current+" "+word, size) > width {
			flush()
		}
		if current != "" {
			current += " "
		}
		current += word
	}
	if current != "" {
		flush()
	}
	return out, y
}

// textWidth estimates the width of a text in pixels.
func textWidth(s string, size int) int {
	thousandths := 0
	for _, r := range s {
		switch {
		case strings.ContainsRune("iljtfr.,:;!'|()[] -", r):
			thousandths += 370
		case strings.ContainsRune("mwMWжшщюыфмЖШЩЮЫФМ—→", r):
			thousandths += 880
		case unicode.IsUpper(r):
			thousandths += 740
		default:
			thousandths += 610
		}
	}
	return thousandths * size / 1000
}

// Where texts stand in a box, for the template.

// TextX is the left edge of a text in a box.
func (g *graph) TextX() int { return g.BoxX + textInset }

// MarkX is the right edge of the number of a target.
func (g *graph) MarkX() int { return g.BoxX + boxWidth - textInset }

// ForeignX is the left edge of a text in a dashed frame.
func (g *graph) ForeignX() int { return g.BoxX + 2*textInset }

// ForeignW is the width of a dashed frame.
func (g *graph) ForeignW() int { return boxWidth - 2*textInset }
