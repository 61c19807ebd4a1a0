package protocols

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// The groups of labels that a common text file holds, each by the code that it names;
// questions are those of human decisions, by step.
const (
	labelOutcomes  = "outcomes"
	labelForms     = "forms"
	labelFacts     = "facts"
	labelValues    = "values"
	labelTopics    = "topics"
	labelUnits     = "units"
	labelQuestions = "questions"
)

var labelGroups = []string{labelOutcomes, labelForms, labelFacts, labelValues, labelTopics, labelUnits, labelQuestions}

// label is a text that all protocols share. English is what a translation was made from,
// where its file says so; status is that of the file.
type label struct {
	phrase
	english, status string
}

// commonText holds the labels of one language by group and code.
type commonText map[string]map[string]label

func newCommonText() commonText {
	t := commonText{}
	for _, group := range labelGroups {
		t[group] = map[string]label{}
	}
	return t
}

// currentStatus is the state of the file, or stale when the English label moved on.
func (l label) currentStatus(en label) string {
	if l.english != "" && l.english != en.text {
		return statusStale
	}
	return l.status
}

// commonText reads labels. A translation is a text, or {english, text}: the English it
// was made from beside it, so that it shows as stale when that changes.
func (r *reader) commonText(n ast.Node, lang string) commonText {
	rec := r.record(n, "common text", append([]string{"status"}, labelGroups...)...)
	t, status := newCommonText(), rec.status(lang)
	for _, group := range labelGroups {
		n, ok := rec.keys[group]
		if !ok {
			continue
		}
		for _, e := range r.entries(n, group) {
			t[group][e.key] = r.label(e, status, lang)
		}
	}
	return t
}

func (r *reader) label(e entry, status, lang string) label {
	switch e.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		rec := r.record(e.value, "text of "+e.key, "english", "text")
		if lang == sourceLanguage {
			r.add(e.at, "the English text of %s is not translated from English", e.key)
		}
		return label{phrase{rec.need("text"), e.at}, rec.need("english"), status}
	}
	return label{phrase{r.scalar(e.value, e.key), e.at}, "", status}
}

// valueLabel names a value of a fact: by the interface words where it comes from a code
// list of the service, else by the fact's own label for it, <fact>.<value>, or the one
// that the value has wherever it stands. An item that is only a number is named by it.
func (c *content) valueLabel(lang string, f *Fact, value string) label {
	switch {
	case f.codeList != "":
		if w := c.vocab.interfaces[lang]; w != nil && w.Words[f.codeList][value] != "" {
			return label{phrase: phrase{text: w.Words[f.codeList][value]}, status: w.Status}
		}
		if lang == sourceLanguage {
			return label{phrase: phrase{text: models.Label(f.codeList, value)}}
		}
		return label{}
	case f.numbered(value):
		return label{phrase: phrase{text: value}, status: statusReviewed}
	}
	key := f.ID + "." + value
	if _, own := c.common[sourceLanguage][labelValues][key]; !own { // English decides, so that languages agree
		key = value
	}
	return c.common[lang][labelValues][key]
}

func (f *Fact) numbered(value string) bool {
	return f.Type == TypeScores && strings.Trim(value, "0123456789") == ""
}

// bandFact is the fact whose values are the bands of a tool; one without own labels where
// the tool has a band for each key.
func (c *content) bandFact(tool string) *Fact {
	for _, id := range c.factOrder {
		if f := c.facts[id]; f.Tool == tool && f.Derived == ruleBand {
			return f
		}
	}
	return &Fact{}
}

// meansFact is the fact whose values say what missed doses mean.
func (c *content) meansFact() *Fact {
	if f := c.facts[factMissedBand]; f != nil {
		return f
	}
	return &Fact{}
}

// checkCommon checks the shared labels: complete in English, without orphans anywhere, and
// with the placeholders of the English.
func (c *content) checkCommon() {
	known := c.labelled()
	en := c.common[sourceLanguage]
	for lang, t := range c.common {
		c.checkLanguage(lang, position{"text/" + lang, 0})
		for group, codes := range known {
			what := strings.TrimSuffix(group, "s")
			for code, l := range t[group] {
				if _, ok := codes[code]; !ok {
					c.add(l.at, "text for %s, which is no %s", code, what)
				}
			}
		}
		for group, labels := range t {
			for code, l := range labels {
				c.checkPlaceholders(l.at, group+"."+code, l.text, en[group][code].text)
			}
		}
	}
	for _, group := range []string{labelOutcomes, labelForms, labelFacts, labelTopics, labelUnits} {
		c.missingCodes(en[group], known[group], strings.TrimSuffix(group, "s"))
	}
	c.missingValues()
}

// labelled lists what has a label, by group; questions are checked with the steps.
func (c *content) labelled() map[string]map[string]position {
	out := map[string]map[string]position{labelOutcomes: c.outcomes, labelForms: c.forms, labelFacts: {}, labelValues: {}, labelTopics: {}, labelUnits: {}}
	for id, f := range c.facts {
		out[labelFacts][id], out[labelTopics][f.Topic] = f.at, f.at
		if f.Unit != "" {
			out[labelUnits][f.Unit] = f.at
		}
		if f.codeList == "" {
			for _, v := range f.Values {
				out[labelValues][v], out[labelValues][id+"."+v] = f.at, f.at
			}
		}
	}
	c.readings(func(f *Fact, code string, at position) {
		out[labelValues][code] = at
		if f.ID != "" {
			out[labelValues][f.ID+"."+code] = at
		}
	})
	return out
}

// readings lists what an evaluation may say of a score or a gap, with the fact that it is
// a value of.
func (c *content) readings(see func(f *Fact, code string, at position)) {
	for _, id := range slices.Sorted(maps.Keys(c.tools)) {
		t := c.tools[id]
		for _, band := range t.bandIDs() {
			see(c.bandFact(id), band, t.at)
		}
	}
	for _, s := range c.dosing.schedules {
		for _, b := range s.Bands {
			see(c.meansFact(), b.ID, s.at)
		}
	}
	for _, g := range c.dosing.rules {
		for _, gap := range slices.Sorted(maps.Keys(g.Means)) {
			see(c.meansFact(), g.Means[gap], g.at)
		}
	}
}

// missingValues makes sure that every value has an English name.
func (c *content) missingValues() {
	missing := func(f *Fact, code string, at position) {
		if c.valueLabel(sourceLanguage, f, code).text == "" {
			c.add(at, "value %s of %s has no English text", code, cmp.Or(f.ID, "a band"))
		}
	}
	for _, id := range c.factOrder {
		for _, v := range c.facts[id].Values {
			missing(c.facts[id], v, c.facts[id].at)
		}
	}
	c.readings(func(f *Fact, code string, at position) {
		if !slices.Contains(f.Values, code) {
			missing(f, code, at)
		}
	})
}

var placeholder = regexp.MustCompile(`\{[a-z]\w*\}`)

// checkPlaceholders holds a translation to the {placeholders} of its English: one that is
// missing would leave a hole where a value belongs, another would be shown as it stands.
func (c *content) checkPlaceholders(at position, what, own, en string) {
	if own == "" || en == "" {
		return
	}
	in := func(text string) []string {
		return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(text, -1))))
	}
	if have, want := in(own), in(en); !slices.Equal(have, want) {
		c.add(at, "the text of %s has the placeholders [%s], and the English has [%s]", what, strings.Join(have, " "), strings.Join(want, " "))
	}
}
