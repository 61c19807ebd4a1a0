package protocols

import (
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// InterfaceWords are the words of a user interface in one language: names of codes that
// the service uses, by list and code. A language may have them without any protocol text.
type InterfaceWords struct {
	Lang   string
	Status string                       // draft or reviewed
	Words  map[string]map[string]string // by list, such as role, and code
	at     map[string]map[string]position
	file   position
}

// InterfaceLanguages returns the languages that have interface words, English first.
func (c *Catalog) InterfaceLanguages() []string { return ordered(c.vocab.interfaces) }

// InterfaceWords returns the words of a language. They are shared and never change.
func (c *Catalog) InterfaceWords(lang string) (w *InterfaceWords, ok bool) {
	w, ok = c.vocab.interfaces[lang]
	return w, ok
}

// interfaceWords reads text/<language>/interface.yaml: a status, and lists of words.
func (r *reader) interfaceWords(n ast.Node, lang string) *InterfaceWords {
	w := &InterfaceWords{Lang: lang, Status: statusDraft, Words: map[string]map[string]string{},
		at: map[string]map[string]position{}, file: r.at(n)}
	for _, e := range r.entries(n, "interface words") {
		if e.key == "status" {
			w.Status = r.scalar(e.value, "status")
			if w.Status != statusDraft && w.Status != statusReviewed {
				r.add(e.at, "status must be draft or reviewed")
			}
			continue
		}
		w.Words[e.key], w.at[e.key] = map[string]string{}, map[string]position{}
		for _, word := range r.entries(e.value, e.key) {
			if _, ok := w.Words[e.key][word.key]; ok {
				r.add(word.at, "%s %s is given twice", e.key, word.key)
			}
			w.Words[e.key][word.key], w.at[e.key][word.key] = r.scalar(word.value, word.key), word.at
		}
	}
	return w
}

// checkInterfaces holds every language to the lists and codes that English has: an
// interface with half its words is of no use.
func (c *content) checkInterfaces() {
	en := c.vocab.interfaces[sourceLanguage]
	for lang, w := range c.vocab.interfaces {
		c.checkLanguage(lang, w.file)
		if en == nil {
			c.add(w.file, "interface words of %s without English ones", lang)
			continue
		}
		for _, list := range slices.Sorted(maps.Keys(en.Words)) {
			for code := range en.Words[list] {
				if w.Words[list][code] == "" {
					c.add(w.file, "the interface word %s %s is missing", list, code)
				}
			}
		}
		for list, words := range w.Words {
			for code := range words {
				if en.Words[list][code] == "" {
					c.add(w.at[list][code], "the interface word %s %s does not exist in English", list, code)
				}
			}
		}
	}
}
