package protocols

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// terminology is the decoded terms.yaml: the terms to use, and the words not to use.
type terminology struct {
	terms      []term
	avoid      map[string][]avoided // by language
	exceptions [][]string           // folded words of passages that are spared
}

// term is one entry of the glossary. Confidence is about the wording in languages other
// than English: H is seen in use, M usual, L a construction to be checked.
type term struct {
	key, confidence string
	in              map[string]string // by language
}

// avoided is a word or phrase that texts must not hold, with what to write instead. A *
// at the end of a word stands for any ending.
type avoided struct {
	words         []string // folded
	text, instead string
	stigma        bool
}

// termKinds are the reasons to avoid a word.
var termKinds = []string{"stigma", "inconsistent"}

func (r *reader) terminology(n ast.Node) terminology {
	rec := r.record(n, "terms", "terms", "avoid", "exceptions")
	t := terminology{avoid: map[string][]avoided{}}
	for _, item := range rec.items("terms") {
		tr := r.record(item, "term", "key", "en", "ru", "kk", "confidence")
		one := term{key: tr.need("key"), confidence: tr.need("confidence"), in: map[string]string{}}
		for _, lang := range []string{"en", "ru", "kk"} {
			one.in[lang] = tr.need(lang)
		}
		if !slices.Contains([]string{"H", "M", "L"}, one.confidence) {
			r.add(tr.at, "confidence of %s must be H, M or L", one.key)
		}
		if slices.ContainsFunc(t.terms, func(x term) bool { return x.key == one.key }) {
			r.add(tr.at, "term %s is listed twice", one.key)
		}
		t.terms = append(t.terms, one)
	}
	if n, ok := rec.keys["avoid"]; ok {
		for _, e := range r.entries(n, "avoid") {
			of := record{r: r, what: "avoid", at: e.at, keys: map[string]ast.Node{e.key: e.value}}
			for _, item := range of.items(e.key) {
				t.avoid[e.key] = append(t.avoid[e.key], r.avoided(item)...)
			}
		}
	}
	for _, p := range rec.texts("exceptions") {
		t.exceptions = append(t.exceptions, words(p.text))
	}
	return t
}

func (r *reader) avoided(n ast.Node) []avoided {
	rec := r.record(n, "avoided words", "kind", "words", "instead")
	kind, instead := rec.need("kind"), rec.need("instead")
	if !slices.Contains(termKinds, kind) {
		r.add(rec.at, "kind must be stigma or inconsistent")
	}
	var out []avoided
	for _, p := range rec.texts("words") {
		a := avoided{text: p.text, instead: instead, stigma: kind == "stigma"}
		for _, w := range strings.Fields(p.text) {
			ending := ""
			if strings.HasSuffix(w, "*") {
				ending = "*"
			}
			a.words = append(a.words, words(strings.TrimSuffix(w, "*"))...)
			if len(a.words) > 0 {
				a.words[len(a.words)-1] += ending
			}
		}
		if len(a.words) == 0 {
			r.add(p.at, "%q has no word to look for", p.text)
			continue
		}
		out = append(out, a)
	}
	return out
}
