package protocols

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// figure is what a translation must carry over as it is: a placeholder, a duration, a
// number.
var figure = regexp.MustCompile(`\{[^{}]*\}|P\d+[YMD]|PT\d+[HMS]|\d+(?:[.,]\d+)?`)

// figures lists the placeholders and numbers of a text, sorted. A decimal comma is a
// point; which source a basis tag names is not the reader's number.
func figures(text string) []string {
	found := figure.FindAllString(tags.ReplaceAllString(text, ""), -1)
	for i := range found {
		found[i] = strings.ReplaceAll(found[i], ",", ".")
	}
	slices.Sort(found)
	return found
}

// sameFigures compares the figures of two texts; most have none.
func sameFigures(a, b string) bool {
	const begins = "0123456789{"
	if !strings.ContainsAny(a, begins) && !strings.ContainsAny(b, begins) {
		return true
	}
	return slices.Equal(figures(a), figures(b))
}

// checkTranslation refuses a translation whose numbers or placeholders are not those of its
// English text: 200 mg for 20 mg reads well in any language. One that is declared reviewed
// also has to be whole. A translation that is told to be stale is older than its English
// text and may differ.
func (c *content) checkTranslation(s *Step, st, en *stepText) {
	english := map[string]string{}
	for _, f := range en.fields(s) {
		english[f.path] = f.text
	}
	current := sync.OnceValue(func() bool { return st.currentStatus(en.hash(s)) != statusStale })
	check := func(at position, path, text, source string) {
		switch {
		case text == "" && source != "" && st.status == statusReviewed && current():
			c.add(st.at, "step %s is declared reviewed and lacks the text of %s", s.ID, path)
		case text != "" && !sameFigures(text, source) && current():
			c.add(at, "%s of %s has the figures %q, its English text %q", path, s.ID, figures(text), figures(source))
		}
	}
	for _, f := range st.fields(s) {
		at := st.at
		if id, ok := strings.CutPrefix(f.path, "branches."); ok {
			id, _, _ = strings.Cut(id, ".")
			at = st.branches[id].at
		}
		check(at, f.path, f.text, english[f.path])
	}
	for _, l := range s.Limits {
		check(st.limits[l.ID].at, "limits."+l.ID, st.limits[l.ID].text, en.limits[l.ID].text)
	}
}
