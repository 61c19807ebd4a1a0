package protocols

import (
	"errors"
	"fmt"
	"io/fs"
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

// CheckTerms reads the texts of a content tree and lists every stigmatising or
// inconsistent term with file and line. Titles of sources and search words are not
// texts, and passages that terms.yaml names as exceptions are spared.
func CheckTerms(fsys fs.FS) ([]Problem, error) {
	files, err := filesOf(fsys)
	if err != nil {
		return nil, err
	}
	c := read(files)
	if err := c.err(); err != nil {
		return nil, err
	}
	var found problems
	err = fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		lang := textLanguage(file)
		if err != nil || d.IsDir() || lang == "" {
			return err
		}
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		r := &reader{file: file}
		root, ok := r.parse(data)
		if !ok {
			return fmt.Errorf("%s cannot be read", file)
		}
		ast.Walk(textVisitor{r, func(text string, at position) { c.vocab.terms.check(&found, lang, text, at) }}, root)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check terms: %w", err)
	}
	var all *ContentError
	if errors.As(found.err(), &all) { // sorted and without repetition
		return all.Problems, nil
	}
	return nil, nil
}

// textLanguage returns the language of a file of texts, or "".
func textLanguage(file string) string {
	parts := strings.Split(file, "/")
	i := slices.Index(parts, "text")
	if i < 0 || i+2 != len(parts)-1 || !strings.HasSuffix(file, ".yaml") {
		return ""
	}
	return parts[i+1]
}

// textVisitor calls a function for every value, not for keys and comments.
type textVisitor struct {
	r    *reader
	read func(text string, at position)
}

// Visit implements ast.Visitor.
func (v textVisitor) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		ast.Walk(v, n.Value)
		return nil // not the key
	case *ast.StringNode:
		v.read(n.Value, v.r.at(n))
	case *ast.LiteralNode:
		v.read(n.Value.Value, v.r.at(n))
		return nil
	}
	return v
}

// check looks for avoided words in one text.
func (t *terminology) check(found *problems, lang, text string, at position) {
	list := t.spare(words(text))
	for _, a := range t.avoid[lang] {
		for i := range list {
			if a.begins(list[i:]) {
				kind := "inconsistent"
				if a.stigma {
					kind = "stigmatising"
				}
				found.add(at, "%s: %s (%s); write: %s", kind, strings.Join(list[i:i+len(a.words)], " "), a.text, a.instead)
			}
		}
	}
}

// spare blanks the passages that are exceptions.
func (t *terminology) spare(list []string) []string {
	for _, e := range t.exceptions {
		for i := 0; len(e) > 0 && i+len(e) <= len(list); i++ {
			if slices.Equal(list[i:i+len(e)], e) {
				clear(list[i : i+len(e)])
			}
		}
	}
	return list
}

func (a avoided) begins(list []string) bool {
	if len(list) < len(a.words) {
		return false
	}
	for i, w := range a.words {
		stem, open := strings.CutSuffix(w, "*")
		if list[i] != stem && !(open && strings.HasPrefix(list[i], stem)) {
			return false
		}
	}
	return true
}
