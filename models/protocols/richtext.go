package protocols

import (
	"regexp"
	"strings"
)

// run is a piece of a text: plain, a basis tag such as [S WHO-OPI-2009], or a step
// that the text names by its id.
type run struct {
	Text string
	Href string
	Tag  bool
}

// special finds what is not plain: tags, durations, and words with hyphens or
// underscores, which may be ids of steps or codes of anchors.
var special = regexp.MustCompile(`\[[^\]]*\]|\bP(?:\d+[YMD]|T\d+[HMS])\b|\b[a-z]+(?:[-_][a-z0-9]+)+\b|\b[a-z]+ [+-] PT?\d`)

// Rich splits a text for the reader of a page: ids of steps become links with the
// title, durations and anchors become words. Nothing is left out.
func (p *page) Rich(text string) []run {
	var out []run
	plain := func(s string) {
		if s == "" {
			return
		}
		if n := len(out); n > 0 && !out[n-1].Tag && out[n-1].Href == "" {
			out[n-1].Text += s
			return
		}
		out = append(out, run{Text: s})
	}
	for text != "" {
		m := special.FindStringIndex(text)
		if m == nil {
			break
		}
		plain(text[:m[0]])
		found := text[m[0]:m[1]]
		if code, offset, ok := strings.Cut(found, " "); ok && offset != "" && found[0] != '[' {
			found = code // the offset is the next thing to look at
		}
		text = text[m[0]+len(found):]
		switch {
		case found[0] == '[':
			out = append(out, run{Text: found, Tag: true})
		case found[0] == 'P':
			plain(p.Duration(found, false))
		case p.catalog.steps[found] != nil:
			to := p.link(found)
			out = append(out, run{Text: to.Text, Href: to.Href})
		default:
			plain(p.Anchor(found))
		}
	}
	plain(text)
	return out
}
