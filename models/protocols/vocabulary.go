package protocols

import (
	"path"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// vocabulary is what the content says about words rather than about steps.
type vocabulary struct {
	synonyms   synonyms
	terms      terminology
	interfaces map[string]*InterfaceWords // by language
}

// vocabularyFile says how to read a file of words; nil means that it is another file.
func (r *reader) vocabularyFile(file string) func(ast.Node) func(*content) {
	folder := strings.Split(path.Dir(file), "/")
	switch {
	case file == "synonyms.yaml":
		return func(n ast.Node) func(*content) {
			s := r.synonyms(n)
			return func(c *content) { c.vocab.synonyms = s }
		}
	case file == "terms.yaml":
		return func(n ast.Node) func(*content) {
			t := r.terminology(n)
			return func(c *content) { c.vocab.terms = t }
		}
	case path.Base(file) == "interface.yaml" && len(folder) == 2 && folder[0] == "text":
		return func(n ast.Node) func(*content) {
			w := r.interfaceWords(n, folder[1])
			return func(c *content) { c.vocab.interfaces[folder[1]] = w }
		}
	}
	return nil
}
