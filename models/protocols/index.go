package protocols

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Index answers searches over the texts of one catalogue. It never changes once it is
// made and is safe for concurrent use.
//
// The corpus is small (a few hundred short texts), so it is a plain inverted index in
// memory with BM25 ranking. docs/search.md has the numbers of the library it replaces.
type Index struct {
	synonyms *synonyms
	shelves  map[string]*shelf
	phases   map[string]bool
}

// shelf holds the texts of one language.
type shelf struct {
	lang     string
	lexicon  *lexicon
	docs     []*document
	postings map[string][]posting // by stem, or by name of a group of synonyms
	known    []knownWord          // sorted
	length   float64              // mean over the documents
}

// document is one step in one language.
type document struct {
	protocol, step, phase, title string
	roles, settings              []string
	fields                       []field
	length                       float64
}

// field is one text of a document. The name is told with a highlight.
type field struct {
	name, text string
	weight     float64
}

// posting says how much a document is about a term: its occurrences, weighted by field.
type posting struct {
	doc    int32
	weight float32
}

// knownWord is a word as written, folded, with the term it stands for: what prefixes
// and typing errors are compared with.
type knownWord struct{ word, term string }

// NewIndex reads the texts a catalogue serves. It takes tens of milliseconds; see
// Catalog.StartIndex for doing it in the background.
func NewIndex(c *Catalog) *Index {
	x := &Index{synonyms: &c.vocab.synonyms, shelves: map[string]*shelf{}, phases: map[string]bool{}}
	for _, lang := range c.Languages() {
		s := &shelf{lang: lang, lexicon: newLexicon(x.synonyms, lang), postings: map[string][]posting{}}
		for _, slug := range c.Slugs() {
			s.addProtocol(c, slug)
		}
		s.finish(x.synonyms)
		x.shelves[lang] = s
	}
	for _, d := range x.shelves[sourceLanguage].docs {
		x.phases[d.phase] = true
	}
	return x
}

// HasPhase reports whether some step belongs to the phase.
func (x *Index) HasPhase(phase string) bool { return x.phases[phase] }

// addProtocol reads the answers that readers get, so that a search never finds what is
// not served, and falls back to English nowhere.
func (s *shelf) addProtocol(c *Catalog, slug string) {
	body, ok := c.Protocol(slug, s.lang)
	var p protocolView
	if !ok || body.Language != s.lang || json.Unmarshal(body.JSON, &p) != nil {
		return
	}
	for _, ph := range p.Phases {
		for _, summary := range ph.Steps {
			body, ok := c.Step(slug, summary.ID, s.lang)
			var v stepView
			if ok && body.Language == s.lang && json.Unmarshal(body.JSON, &v) == nil {
				s.add(newDocument(&v, ph.Title))
			}
		}
	}
}

func newDocument(v *stepView, phaseTitle string) *document {
	d := &document{protocol: v.Protocol, step: v.ID, phase: v.Phase, title: v.Title, settings: v.Setting}
	for _, r := range v.Who {
		d.roles = append(d.roles, string(r))
	}
	put := func(name, text string, weight float64) {
		if text != "" {
			d.fields = append(d.fields, field{name, text, weight})
		}
	}
	put("title", v.Title, 12)
	put("trigger", v.Trigger, 2.5)
	put("do", v.Do, 2)
	for _, b := range v.Branches {
		put("branches."+b.ID+".condition", b.Condition, 1.5)
		if b.Wording != nil {
			put("branches."+b.ID+".wording", *b.Wording, 1)
		}
		if b.Outcome != nil {
			put("branches."+b.ID+".outcome", b.Outcome.Label, 1)
		}
	}
	put("safety", v.Safety, 1.5)
	put("record", v.Record, 1)
	for _, l := range v.Limits {
		put("limits."+l.ID, l.Wording, 1)
	}
	for _, f := range v.Forms {
		put("forms."+f.ID, f.Title, 1)
	}
	put("phase", phaseTitle, 1)
	return d
}

// add indexes a document.
func (s *shelf) add(d *document) {
	id := int32(len(s.docs))
	s.docs = append(s.docs, d)
	weights := map[string]float64{}
	for _, f := range d.fields {
		list := tokens(f.text)
		d.length += float64(len(list))
		for _, t := range list {
			s.lexicon.learn(t.word)
		}
		s.terms(list, func(term string, _, _ int) { weights[term] += f.weight })
	}
	for term, w := range weights {
		s.postings[term] = append(s.postings[term], posting{id, float32(w)})
	}
}

// terms calls visit for every term in a sequence of words: the stem of each word, and
// the groups of synonyms that words or phrases belong to, with the words they span.
func (s *shelf) terms(list []token, visit func(term string, first, last int)) {
	plain := make([]string, len(list))
	for i, t := range list {
		plain[i] = t.word
	}
	for i, t := range list {
		visit(s.lexicon.stem(t.word), i, i)
		for n := range s.lexicon.longest(plain[i:]) {
			for _, group := range s.lexicon.groupsOf(plain[i : i+n+1]) {
				visit(group, i, i+n)
			}
		}
	}
}

// finish collects the words of the texts and of the synonyms that lead to texts.
func (s *shelf) finish(syn *synonyms) {
	for word, stems := range s.lexicon.forms {
		s.known = append(s.known, knownWord{word, stems[0]})
	}
	for _, group := range syn.groups {
		for _, term := range group {
			list := words(term)
			if len(list) != 1 {
				continue
			}
			for _, name := range s.lexicon.groupsOf(list) {
				if len(s.postings[name]) > 0 {
					s.known = append(s.known, knownWord{list[0], name})
				}
			}
		}
	}
	slices.SortFunc(s.known, func(a, b knownWord) int {
		if c := strings.Compare(a.word, b.word); c != 0 {
			return c
		}
		return strings.Compare(a.term, b.term)
	})
	s.known = slices.Clone(slices.Compact(s.known))
	for _, d := range s.docs {
		s.length += d.length / float64(len(s.docs))
	}
}

// BM25: how fast repetition stops to count, and how much long texts are discounted.
const (
	saturation = 6.0
	lengthness = 0.3
)

// score notes in best, by document, how well a term fits when no other fits better.
func (s *shelf) score(term string, weight float64, best map[int32]float64) {
	list := s.postings[term]
	n, df := float64(len(s.docs)), float64(len(list))
	idf := math.Log(1 + (n-df+0.5)/(df+0.5))
	for _, p := range list {
		norm := saturation * (1 - lengthness + lengthness*s.docs[p.doc].length/s.length)
		w := float64(p.weight)
		best[p.doc] = max(best[p.doc], weight*idf*w*(saturation+1)/(w+norm))
	}
}

// startingWith returns the terms of the known words that begin with prefix.
func (s *shelf) startingWith(prefix string) []string {
	i, _ := slices.BinarySearchFunc(s.known, prefix, func(k knownWord, p string) int { return strings.Compare(k.word, p) })
	var out []string
	for ; i < len(s.known) && strings.HasPrefix(s.known[i].word, prefix); i++ {
		out = append(out, s.known[i].term)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// resembling returns the terms of the known words that one typing error separates from
// the word or its stem.
func (s *shelf) resembling(word string) []string {
	runes, stem := []rune(word), []rune(s.lexicon.stem(word))
	var out []string
	for _, k := range s.known {
		if nearly(runes, k.word) || len(stem) >= minTypo && nearly(stem, k.term) {
			out = append(out, k.term)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nearly reports whether one letter put in, left out, replaced or exchanged with its
// neighbour turns a into b.
func nearly(a []rune, b string) bool {
	if d := len(a) - utf8.RuneCountInString(b); d < -1 || d > 1 {
		return false
	}
	r := []rune(b)
	i := 0
	for i < len(a) && i < len(r) && a[i] == r[i] {
		i++
	}
	x, y := a[i:], r[i:]
	switch len(x) - len(y) {
	case 0:
		return len(x) == 0 || slices.Equal(x[1:], y[1:]) ||
			len(x) > 1 && x[0] == y[1] && x[1] == y[0] && slices.Equal(x[2:], y[2:])
	case 1:
		return slices.Equal(x[1:], y)
	default:
		return slices.Equal(x, y[1:])
	}
}
