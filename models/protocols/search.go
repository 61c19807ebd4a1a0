package protocols

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"jol/models"
)

// Query is what a reader looks for. Empty filters let everything through.
type Query struct {
	Text string
	Lang string // one of Catalog.Languages
	Role string
	// Setting also lets steps through that are for any setting.
	Setting string
	Phase   string
	Limit   int
}

// KnownRole reports whether steps may name the role.
func KnownRole(s string) bool { return slices.Contains(roles, models.Role(s)) }

// KnownSetting reports whether steps may name the setting.
func KnownSetting(s string) bool { return slices.Contains(settings, s) }

// Results are the steps found, best first, with counts over everything found.
type Results struct {
	Items  []Hit
	Facets Facets
}

// Hit is one step. Lang is the language it was found in, also of Title and Highlights.
type Hit struct {
	Protocol, Step, Phase, Title, Lang string
	Score                              float64
	Highlights                         []Highlight
}

// Highlight is a passage of a step. HTML is escaped and has no element but em.
type Highlight struct{ Field, HTML string }

const (
	minPrefix = 3 // letters
	minTypo   = 5
	// A step must reach this share of the best score: what only shares a common word
	// with the question would blur the counts.
	relevant = 0.25
	// coverage is how much of the score depends on the share of the question answered.
	coverage = 0.8
)

// What the ways to match a word are worth.
const (
	weightExact   = 1.0
	weightSynonym = 0.95
	weightPrefix  = 0.6
	weightTypo    = 0.5
	// weightLonger is for words that continue the last, complete word: it may be unfinished.
	weightLonger = 0.3
)

// clause is one word or phrase of a question, with the terms that answer it.
type clause struct {
	terms map[string]float64
	parts []clause // the words of a phrase, which may also be answered one by one
}

func (c clause) offer(terms []string, weight float64) {
	for _, t := range terms {
		c.terms[t] = max(c.terms[t], weight)
	}
}

// words counts the words that the clause stands for.
func (c clause) words() float64 { return float64(max(1, len(c.parts))) }

// Search finds steps in the language of the query or, when nothing is found there, in
// all the others.
func (x *Index) Search(q Query) Results {
	var langs []string
	for lang := range x.shelves {
		if lang != q.Lang {
			langs = append(langs, lang)
		}
	}
	slices.Sort(langs)
	found := x.find(q, []string{q.Lang})
	if len(found) == 0 {
		found = x.find(q, langs)
	}
	r := Results{Facets: count(found, q), Items: []Hit{}}
	for _, f := range found {
		if len(r.Items) == q.Limit {
			break
		}
		if f.passes(q, "") {
			r.Items = append(r.Items, f.hit())
		}
	}
	return r
}

// finding is a document with what made it match.
type finding struct {
	*document
	shelf *shelf
	score float64
	terms map[string]bool
}

// find ranks the relevant documents of some languages: each step once, where it fits best.
func (x *Index) find(q Query, langs []string) []finding {
	best := map[string]finding{}
	top := 0.0
	for _, lang := range langs {
		s := x.shelves[lang]
		if s == nil {
			continue
		}
		clauses := s.clauses(q.Text, x.synonyms.ignore)
		terms := map[string]bool{}
		collect(clauses, terms)
		for id, score := range s.rank(clauses) {
			d := s.docs[id]
			if score > best[d.step].score {
				best[d.step] = finding{d, s, score, terms}
				top = max(top, score)
			}
		}
	}
	var out []finding
	for _, f := range best {
		if f.score >= relevant*top {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b finding) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.step, b.step))
	})
	return out
}

// collect adds the terms of clauses to a set.
func collect(clauses []clause, into map[string]bool) {
	for _, c := range clauses {
		for t := range c.terms {
			into[t] = true
		}
		collect(c.parts, into)
	}
}

// clauses takes a question apart: known phrases first, then words. Words that say
// nothing are dropped, unless there are no others.
func (s *shelf) clauses(text string, ignore map[string]bool) []clause {
	list := words(text)
	var out, dropped []clause
	for i := 0; i < len(list); {
		n := s.phrase(list[i:])
		c := s.clause(list[i:i+n], i+n == len(list))
		if n == 1 && ignore[list[i]] {
			dropped = append(dropped, c)
		} else {
			out = append(out, c)
		}
		i += n
	}
	if len(out) == 0 {
		return dropped
	}
	return out
}

// phrase returns how many words the longest known phrase at the start of list takes.
func (s *shelf) phrase(list []string) int {
	for n := s.lexicon.longest(list); n > 1; n-- {
		if s.lexicon.groupsOf(list[:n]) != nil {
			return n
		}
	}
	return 1
}

// clause makes the clause of a word or known phrase; last is true at the end of the
// question, where a word may be unfinished.
func (s *shelf) clause(list []string, last bool) clause {
	c := clause{terms: map[string]float64{}}
	c.offer(s.lexicon.groupsOf(list), weightSynonym)
	if len(list) == 1 {
		s.word(c, list[0], last)
		return c
	}
	for _, w := range list {
		c.parts = append(c.parts, s.clause([]string{w}, false))
	}
	return c
}

// word offers the terms that a single word may stand for.
func (s *shelf) word(c clause, word string, last bool) {
	known := false
	for t := range c.terms {
		known = known || len(s.postings[t]) > 0
	}
	if stem := s.lexicon.stem(word); len(s.postings[stem]) > 0 {
		known = true
		c.terms[stem] = weightExact
	}
	letters := utf8.RuneCountInString(word)
	switch {
	case known && last && letters >= minPrefix:
		c.offer(s.startingWith(word), weightLonger)
	case known:
	default:
		if letters >= minPrefix {
			c.offer(s.startingWith(word), weightPrefix)
		}
		if letters >= minTypo {
			c.offer(s.resembling(word), weightTypo)
		}
	}
}

// ranking is how well one document answers: the scores of what it answers, and how many
// words of the question those are.
type ranking struct{ score, words float64 }

// rank scores documents. One that answers all of a question comes before one that
// answers some of it.
func (s *shelf) rank(clauses []clause) map[int32]float64 {
	all := 0.0
	for _, c := range clauses {
		all += c.words()
	}
	out := map[int32]float64{}
	for id, r := range s.sum(clauses) {
		out[id] = r.score * (1 - coverage + coverage*r.words/all)
	}
	return out
}

// sum adds up clauses: of each, the best term counts. A phrase that is there whole
// answers all its words, and its words count again.
func (s *shelf) sum(clauses []clause) map[int32]ranking {
	total := map[int32]ranking{}
	for _, c := range clauses {
		best := map[int32]float64{}
		for term, weight := range c.terms {
			s.score(term, weight, best)
		}
		parts := s.sum(c.parts)
		for id, score := range best {
			r := parts[id]
			parts[id] = ranking{r.score + score, c.words()}
		}
		for id, r := range parts {
			t := total[id]
			total[id] = ranking{t.score + r.score, t.words + r.words}
		}
	}
	return total
}

// passes reports whether the filters let the document through; the one named except is
// not asked.
func (d *document) passes(q Query, except string) bool {
	return (q.Role == "" || except == "role" || slices.Contains(d.roles, q.Role)) &&
		(q.Phase == "" || except == "phase" || d.phase == q.Phase) &&
		(q.Setting == "" || except == "setting" || slices.Contains(d.settings, q.Setting) || slices.Contains(d.settings, "any"))
}

func (f finding) hit() Hit {
	return Hit{Protocol: f.protocol, Step: f.step, Phase: f.phase, Title: f.title, Lang: f.shelf.lang,
		Score: math.Round(f.score*1000) / 1000, Highlights: f.highlights()}
}
