package protocols

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// synonyms is the decoded synonyms.yaml: what search knows about words beyond the texts.
type synonyms struct {
	groups  [][]string          // terms that mean the same to a reader, in any language
	ignore  map[string]bool     // words that say nothing about the subject, folded
	endings map[string][]string // by language, folded, longest first
}

// synonyms reads the file.
func (r *reader) synonyms(n ast.Node) synonyms {
	rec := r.record(n, "synonyms", "groups", "ignore", "endings")
	s := synonyms{ignore: map[string]bool{}, endings: map[string][]string{}}
	for _, g := range rec.items("groups") {
		list := record{r: r, what: "synonyms", at: r.at(g), keys: map[string]ast.Node{"group": g}}.texts("group")
		if len(list) < 2 {
			r.add(r.at(g), "a group of synonyms needs at least two terms")
		}
		var group []string
		for _, p := range list {
			if n := len(words(p.text)); n == 0 || n > maxPhrase {
				r.add(p.at, "a synonym has 1 to %d words", maxPhrase)
			}
			group = append(group, p.text)
		}
		s.groups = append(s.groups, group)
	}
	for _, p := range r.lists(rec, "ignore") {
		for _, text := range p {
			for _, w := range words(text) {
				s.ignore[w] = true
			}
		}
	}
	for lang, list := range r.lists(rec, "endings") {
		s.endings[lang] = longestFirst(list)
	}
	return s
}

// lists reads a mapping from languages to lists of texts.
func (r *reader) lists(rec record, key string) map[string][]string {
	out := map[string][]string{}
	n, ok := rec.keys[key]
	if !ok {
		return out
	}
	for _, e := range r.entries(n, key) {
		of := record{r: r, what: key, at: e.at, keys: map[string]ast.Node{e.key: e.value}}
		for _, p := range of.texts(e.key) {
			out[e.key] = append(out[e.key], p.text)
		}
	}
	return out
}

func longestFirst(endings []string) []string {
	var out []string
	for _, e := range endings {
		out = append(out, strings.Map(fold, e))
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(out)
}

// maxPhrase is how many words a synonym may have.
const maxPhrase = 5

// concepts finds groups of synonyms in a sequence of words of one language.
type concepts struct {
	stems  []stemmer
	groups map[string][]string // stems of a term, joined, to the names of its groups
}

// newConcepts prepares the groups for a language. Terms of all languages are known in
// every one: a reader of Kazakh texts also asks in Russian, hence the second stemmer.
func newConcepts(s *synonyms, lang string) *concepts {
	c := &concepts{stems: []stemmer{s.stemmerOf(lang)}, groups: map[string][]string{}}
	if len(s.endings[lang]) > 0 {
		c.stems = append(c.stems, stemByScript)
	}
	for i, group := range s.groups {
		name := "#" + strconv.Itoa(i) // no word begins with #
		for _, term := range group {
			for _, stem := range c.stems {
				key := phraseKey(words(term), stem)
				if !slices.Contains(c.groups[key], name) {
					c.groups[key] = append(c.groups[key], name)
				}
			}
		}
	}
	return c
}

func phraseKey(list []string, stem stemmer) string {
	stems := make([]string, len(list))
	for i, w := range list {
		stems[i] = stem(w)
	}
	return strings.Join(stems, " ")
}

// of returns the groups that exactly these words belong to.
func (c *concepts) of(list []string) []string {
	for _, stem := range c.stems {
		if groups := c.groups[phraseKey(list, stem)]; groups != nil {
			return groups
		}
	}
	return nil
}
