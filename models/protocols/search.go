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
type clause map[string]float64

func (c clause) offer(terms []string, weight float64) {
	for _, t := range terms {
		c[t] = max(c[t], weight)
	}
}

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
		for _, c := range clauses {
			for t := range c {
				terms[t] = true
			}
		}
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

// clauses takes a question apart: known phrases first, then words. Words that say
// nothing are dropped, unless there are no others.
func (s *shelf) clauses(text string, ignore map[string]bool) []clause {
	list := words(text)
	var out, dropped []clause
	for i := 0; i < len(list); {
		n, groups := s.phraseAt(list[i:])
		c := clause{}
		c.offer(groups, weightSynonym)
		if n == 1 {
			s.word(c, list[i], i == len(list)-1)
		}
		if len(groups) == 0 && ignore[list[i]] {
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

// phraseAt returns how many words the longest known phrase at the start of list takes.
func (s *shelf) phraseAt(list []string) (n int, groups []string) {
	for n := min(maxPhrase, len(list)); n > 0; n-- {
		if groups := s.concepts.of(list[:n]); groups != nil {
			return n, groups
		}
	}
	return 1, nil
}

// word offers the terms that a single word may stand for.
func (s *shelf) word(c clause, word string, last bool) {
	known := false
	for t := range c {
		known = known || len(s.postings[t]) > 0
	}
	if stem := s.stem(word); len(s.postings[stem]) > 0 {
		known = true
		c[stem] = weightExact
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

// rank scores documents: the best term of each clause counts, and a document that
// answers all clauses comes before one that answers some.
func (s *shelf) rank(clauses []clause) map[int32]float64 {
	total, matched := map[int32]float64{}, map[int32]float64{}
	for _, c := range clauses {
		best := map[int32]float64{}
		for term, weight := range c {
			s.score(term, weight, best)
		}
		for id, score := range best {
			total[id] += score
			matched[id]++
		}
	}
	for id := range total {
		total[id] *= matched[id] / float64(len(clauses))
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
