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

// lexicon knows the words of one language: their stems and the groups of synonyms that
// words and phrases belong to. It learns while an index is built and is then only read.
type lexicon struct {
	stemmers []stemmer           // the first is that of the language
	forms    map[string][]string // of each learnt word, its stem by each stemmer
	groups   map[string][]string // stems of a term, joined, to the names of its groups
	reach    map[string]int      // first stem of terms, to the words of the longest
}

// newLexicon prepares the groups for a language. Terms of all languages are known in
// every one: a reader of Kazakh texts also asks in Russian, hence the second stemmer.
func newLexicon(s *synonyms, lang string) *lexicon {
	l := &lexicon{stemmers: []stemmer{s.stemmerOf(lang)}, forms: map[string][]string{}, groups: map[string][]string{},
		reach: map[string]int{}}
	if len(s.endings[lang]) > 0 {
		l.stemmers = append(l.stemmers, stemByScript)
	}
	for i, group := range s.groups {
		name := "#" + strconv.Itoa(i) // no word begins with #
		for _, term := range group {
			list := words(term)
			for by := range l.stemmers {
				key := l.key(list, by)
				if !slices.Contains(l.groups[key], name) {
					l.groups[key] = append(l.groups[key], name)
				}
				first := l.stems(list[0])[by]
				l.reach[first] = max(l.reach[first], len(list))
			}
		}
	}
	return l
}

// learn remembers the stems of a word.
func (l *lexicon) learn(word string) {
	if _, ok := l.forms[word]; !ok {
		l.forms[word] = l.stems(word)
	}
}

func (l *lexicon) stems(word string) []string {
	if forms, ok := l.forms[word]; ok {
		return forms
	}
	forms := make([]string, len(l.stemmers))
	for i, stem := range l.stemmers {
		forms[i] = stem(word)
	}
	return forms
}

// stem returns the stem of a word in the language.
func (l *lexicon) stem(word string) string { return l.stems(word)[0] }

func (l *lexicon) key(list []string, by int) string {
	if len(list) == 1 {
		return l.stems(list[0])[by]
	}
	stems := make([]string, len(list))
	for i, w := range list {
		stems[i] = l.stems(w)[by]
	}
	return strings.Join(stems, " ")
}

// longest is how many words a term at the start of list may have, at most.
func (l *lexicon) longest(list []string) int {
	n := 0
	for _, stem := range l.stems(list[0]) {
		n = max(n, l.reach[stem])
	}
	return min(n, len(list))
}

// groupsOf returns the groups that exactly these words belong to.
func (l *lexicon) groupsOf(list []string) []string {
	for by := range l.stemmers {
		if groups := l.groups[l.key(list, by)]; groups != nil {
			return groups
		}
	}
	return nil
}
