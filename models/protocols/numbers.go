package protocols

import (
	"regexp"
	"strings"
)

var (
	// tags are the basis tags inside texts; numbers in them belong to the reference.
	tags = regexp.MustCompile(`\[[^\]]*\]`)
	// quantity is a figure with the word or sign that follows it.
	quantity = regexp.MustCompile(`\d+(?:[.,/-]\d+)*\+?(?: ?%| ?°?[a-zA-Z]+)?`)
	// name ends before a figure that is part of a name: ICD-10, F15, phase 5.
	name = regexp.MustCompile(`(?i)([a-z]-?|\b(phase|document|annex|version \+) )$`)
	// attached begins with a figure that is part of a name: 6C4, 12-step.
	attached = regexp.MustCompile(`^(\d+[A-Z]\d|12-step)`)
)

// completeNumbers lists as editorial every figure in an English text that the
// content gives no basis for, so that no number is served without one.
func (c *content) completeNumbers() {
	for _, p := range c.protocols {
		en := p.texts[sourceLanguage]
		for _, ph := range p.phases {
			for _, s := range ph.steps {
				for _, f := range en.steps[s.ID].fields(s) {
					s.Numbers = append(s.Numbers, undeclared(s.Numbers, f.path, f.text)...)
				}
			}
		}
	}
}

// undeclared finds the figures of a text that no declared number covers.
func undeclared(declared []Number, field, text string) []Number {
	if !strings.ContainsAny(text, "0123456789") {
		return nil
	}
	blank := func(s string) string { return strings.Repeat(" ", len(s)) }
	text = tags.ReplaceAllStringFunc(text, blank)
	for _, n := range declared {
		if n.Field == field {
			text = strings.ReplaceAll(text, n.Text, blank(n.Text))
		}
	}
	var out []Number
	for _, m := range quantity.FindAllStringIndex(text, -1) {
		if name.MatchString(text[:m[0]]) || attached.MatchString(text[m[0]:]) {
			continue
		}
		out = append(out, Number{Field: field, Text: text[m[0]:m[1]], Basis: Editorial})
	}
	return out
}
