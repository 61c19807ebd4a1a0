package protocols

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"jol/models"
)

// Bounds on a bundle's folder, and on a report: a file could hold a problem in every line.
const (
	maxFiles  = 1000
	maxReport = 1000
	maxReason = 300
)

// Check returns the check that the store runs over an edition before it keeps it.
func Check(builtIn fs.FS) models.EditionCheck {
	return func(set models.EditionSet, slug string) (models.EditionFacts, error) {
		c, err := gather(builtIn, set, slug)
		if err != nil {
			return models.EditionFacts{}, err
		}
		if _, err := c.catalog(); err != nil {
			return models.EditionFacts{}, report(err, set.Top(slug))
		}
		return models.EditionFacts{Jurisdiction: c.protocol(slug).file.jurisdiction.text}, nil
	}
}

// report turns what is wrong with content into a problem document: each problem points
// to its file of the bundle, or to the base where the bundle no longer fits it.
func report(err error, b models.Bundle) error {
	var refused *ContentError
	if !errors.As(err, &refused) {
		return err
	}
	found := slices.Clone(refused.Problems)
	slices.SortStableFunc(found, func(x, y Problem) int {
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Reason, y.Reason))
	})
	out := models.Fail(models.KindInvalid, "edition.content",
		"The edition was refused and nothing of it was kept: %d problem(s); errors lists each with its file, line and reason.", len(found))
	for i, p := range found {
		if i == maxReport {
			out.Fields = append(out.Fields, models.FieldError{Pointer: "/files", Code: "edition.more_problems", Detail: fmt.Sprintf("and %d more", len(found)-maxReport)})
			break
		}
		f := models.FieldError{Pointer: "/files", Code: "edition.content", Line: p.Line, Detail: readable(p.Reason)}
		if _, ok := b.Files[p.File]; ok {
			f.Pointer = models.FilePointer(p.File)
		} else if p.File != "." {
			f.Detail = readable(p.File + ": " + p.Reason) // in the base or another protocol
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// readable cuts a reason that quotes a long text.
func readable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= maxReason {
		return s
	}
	end := maxReason
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// References returns the built-in editions as bundles, so that a database can remember
// them when a newer binary brings others.
func References(builtIn fs.FS) ([]models.Bundle, error) {
	found, err := fs.Glob(builtIn, "*/protocol.yaml")
	if err != nil {
		return nil, err
	}
	var out []models.Bundle
	for _, file := range found {
		slug := path.Dir(file)
		folder, err := fs.Sub(builtIn, slug)
		if err != nil {
			return nil, err
		}
		b, err := ReadBundle(folder)
		if err != nil {
			return nil, err
		}
		b.Protocol, b.ChangeNote, b.State = slug, "Built in.", models.EditionReference
		b.Jurisdiction = named(b.Files["protocol.yaml"], "jurisdiction")
		out = append(out, b)
	}
	return out, nil
}

// ReadBundle reads a folder with protocol.yaml, or with overlay.yaml, as a bundle; the
// name and the base of the edition are what those files say, and may be missing.
func ReadBundle(fsys fs.FS) (models.Bundle, error) {
	b := models.Bundle{Files: map[string]string{}}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		hidden := p != "." && strings.HasPrefix(path.Base(p), ".") // .git, .DS_Store
		switch {
		case err == nil && d.IsDir() && hidden:
			return fs.SkipDir
		case err != nil || d.IsDir() || hidden || path.Base(p) == "README.md":
			return err
		case len(b.Files) == maxFiles:
			return errors.New("the folder holds too many files for an edition")
		}
		data, err := fs.ReadFile(fsys, p)
		b.Files[p] = string(data)
		return err
	})
	if err != nil {
		return b, fmt.Errorf("read bundle: %w", err)
	}
	b.Edition = named(b.Files["protocol.yaml"], "edition")
	if text, ok := b.Files["overlay.yaml"]; ok {
		b.Edition, b.Base = cmp.Or(b.Edition, named(text, "edition")), named(text, "base")
	}
	return b, nil
}

// named reads one text of a file's root; what is wrong with the file the loader says.
func named(text, key string) (value string) {
	defer func() {
		if recover() != nil { // the YAML parser's; see decode
			value = ""
		}
	}()
	r := &reader{}
	root, ok := r.parse([]byte(text))
	if !ok {
		return ""
	}
	for _, e := range r.entries(root, "file") {
		if e.key == key {
			return r.scalar(e.value, key)
		}
	}
	return ""
}
