package protocols

import (
	"html"
	"slices"
	"strings"
)

const (
	maxHighlights = 3
	// passage is how many bytes of a longer text a highlight shows, about.
	passage = 240
)

// span is a range of bytes of a text.
type span struct{ from, to int }

// highlights shows where the best fields of a document match.
func (f finding) highlights() []Highlight {
	type marked struct {
		field
		spans []span
	}
	var all []marked
	for _, fl := range f.fields {
		if spans := f.shelf.spans(fl.text, f.terms); len(spans) > 0 && fl.name != "phase" {
			all = append(all, marked{fl, spans})
		}
	}
	// The fields come in the order of reading; the sort keeps it among equals.
	slices.SortStableFunc(all, func(a, b marked) int { return len(b.spans) - len(a.spans) })
	out := []Highlight{}
	for _, m := range all[:min(len(all), maxHighlights)] {
		out = append(out, Highlight{m.name, emphasise(m.text, m.spans)})
	}
	return out
}

// spans finds the terms in a text; adjoining or overlapping ones are joined.
func (s *shelf) spans(text string, terms map[string]bool) []span {
	list := tokens(text)
	var out []span
	s.terms(list, func(term string, first, last int) {
		if terms[term] {
			out = append(out, span{list[first].from, list[last].to})
		}
	})
	slices.SortFunc(out, func(a, b span) int { return a.from - b.from })
	joined := out[:0]
	for _, sp := range out {
		if n := len(joined); n > 0 && sp.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, sp.to)
			continue
		}
		joined = append(joined, sp)
	}
	return joined
}

// emphasise cuts a passage around the first span and marks the spans in it. Everything
// that comes from the text is escaped, so that em is the only markup.
func emphasise(text string, spans []span) string {
	from, to := window(text, spans[0])
	var b strings.Builder
	if from > 0 {
		b.WriteString("… ")
	}
	at := from
	for _, sp := range spans {
		if sp.to > to {
			break
		}
		b.WriteString(html.EscapeString(text[at:sp.from]))
		b.WriteString("<em>" + html.EscapeString(text[sp.from:sp.to]) + "</em>")
		at = sp.to
	}
	b.WriteString(html.EscapeString(text[at:to]))
	if to < len(text) {
		b.WriteString(" …")
	}
	return b.String()
}

// window returns the passage around a span, cut between words.
func window(text string, sp span) (from, to int) {
	from, to = max(0, sp.from-passage/3), min(len(text), max(sp.to, sp.from+passage*2/3))
	for from > 0 && from < sp.from && text[from-1] != ' ' {
		from++
	}
	for to < len(text) && to > sp.to && text[to] != ' ' {
		to--
	}
	return from, to
}
