package protocols

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// checkTerms reads the texts of a content tree and lists every stigmatising or
// inconsistent term with file and line. Titles of sources and search words are not
// texts, and passages that terms.yaml names as exceptions are spared.
func checkTerms(fsys fs.FS) ([]Problem, error) {
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
