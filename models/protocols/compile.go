package protocols

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// Compile loads the built-in content with the editions of the set in the place of the
// built-in ones. All of it is checked together, because branches lead from one protocol
// into another.
func Compile(builtIn fs.FS, set models.EditionSet) (*Catalog, error) {
	c, err := gather(builtIn, set, "")
	if err != nil {
		return nil, err
	}
	return c.catalog()
}

// gather reads the content and lays each edition over its bases. Problems in the bundle
// of the examined protocol are told under its own paths, those of any other bundle under
// <slug>@<edition>/.
func gather(builtIn fs.FS, set models.EditionSet, examined string) (*content, error) {
	files, err := filesOf(builtIn)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f source) bool {
		slug, _, inFolder := strings.Cut(f.path, "/")
		return inFolder && len(set[slug]) > 0
	})
	label := func(slug string, layer int) func(path string) string {
		prefix := slug + "@" + set[slug][layer].Edition + "/"
		if slug == examined && layer == len(set[slug])-1 {
			prefix = ""
		}
		return func(path string) string { return prefix + path }
	}
	slugs := slices.Sorted(maps.Keys(set))
	for _, slug := range slugs {
		if len(set[slug]) > 0 {
			files = append(files, ownFiles(set[slug][0], label(slug, 0))...)
		}
	}
	c := read(files)
	for _, slug := range slugs {
		for i, layer := range set[slug] {
			c.share(layer, label(slug, i))
			if i == 0 {
				c.checkName(layer)
			} else {
				c.lay(layer, label(slug, i))
			}
		}
		c.states[slug] = set.Top(slug).State
	}
	return c, nil
}

// state is what the answers say about an edition; the built-in one is in force where
// nothing took its place.
func (c *content) state(slug string) string {
	if s, ok := c.states[slug]; ok {
		return s
	}
	return models.EditionPublished
}

// sharedFolder holds what a bundle adds to the lists that all protocols use.
const sharedFolder = "shared/"

// ownFiles places a bundle's files in its protocol's folder.
func ownFiles(b models.Bundle, label func(string) string) []source {
	var files []source
	for _, path := range b.Paths() {
		if !strings.HasPrefix(path, sharedFolder) {
			files = append(files, source{path: b.Protocol + "/" + path, label: label(path), data: []byte(b.Files[path])})
		}
	}
	return files
}

// checkName holds protocol.yaml to the name the edition was handed in under.
func (c *content) checkName(b models.Bundle) {
	p := c.protocol(b.Protocol)
	if said := p.file.edition; said.text != "" && said.text != b.Edition {
		c.add(said.at, "edition is %q here and %q in the bundle", said.text, b.Edition)
	}
}

// share adds the sources, codes and labels of a bundle. What is listed already stays as
// it is: a bundle may repeat it, and may not change it for the other protocols.
func (c *content) share(b models.Bundle, label func(string) string) {
	var files []source
	for _, path := range b.Paths() {
		if rest, ok := strings.CutPrefix(path, sharedFolder); ok {
			files = append(files, source{path: path, label: label(path), data: []byte(b.Files[path]), interpret: c.sharer(rest, b.Protocol)})
		}
	}
	c.pinQuestions(b.Protocol)
	c.adopt(read(files))
}

// pinQuestions remembers which English each question of the protocol was translated from,
// before a bundle puts the English in other words; as pinTranslations does for steps.
func (c *content) pinQuestions(slug string) {
	for lang, t := range c.common {
		for step, l := range t[labelQuestions] {
			if lang != sourceLanguage && l.english == "" && c.owns(slug, step) {
				l.english = c.common[sourceLanguage][labelQuestions][step].text
				t[labelQuestions][step] = l
			}
		}
	}
}

// adopt takes over the problems of files that were read apart.
func (c *content) adopt(other *content) {
	c.problems = append(c.problems, other.problems...)
	c.unreadable = c.unreadable || other.unreadable
}

// sharer says how to read a file of the shared folder in a bundle of the protocol slug;
// nil means that it does not belong.
func (c *content) sharer(path, slug string) func(*reader, ast.Node) func(*content) {
	name, isYAML := strings.CutSuffix(path, ".yaml")
	parts := strings.Split(name, "/")
	switch {
	case !isYAML:
		return nil
	case name == "sources":
		return func(r *reader, n ast.Node) func(*content) {
			list := r.sources(n)
			return func(*content) { c.shareSources(list) }
		}
	case name == "anchors" || name == "outcomes" || name == "forms":
		return func(r *reader, n ast.Node) func(*content) {
			codes := r.codes(n, name)
			return func(*content) { c.shareCodes(name, codes) }
		}
	case len(parts) == 3 && parts[0] == "text":
		return func(r *reader, n ast.Node) func(*content) {
			t := r.commonText(n, parts[1])
			return func(*content) { c.shareText(parts[1], t, slug) }
		}
	}
	return nil
}

func (c *content) shareSources(list []Source) {
	for _, s := range list {
		have, ok := c.sources[s.Code]
		if !ok {
			c.sources[s.Code] = &s
			continue
		}
		same := s
		if same.at = have.at; same != *have {
			c.add(s.at, "source %s is listed in %s and says something else there", s.Code, have.at.file)
		}
	}
}

func (c *content) shareCodes(kind string, codes []phrase) {
	for _, p := range codes {
		set := map[string]map[string]position{"anchors": c.anchors, "outcomes": c.outcomes, "forms": c.forms}[kind]
		if _, ok := set[p.text]; !ok {
			set[p.text] = p.at
		}
	}
}

// shareText adds labels. Only the questions of the bundle's own steps may be put in other
// words: no other protocol asks them.
func (c *content) shareText(lang string, t commonText, slug string) {
	have := c.commonIn(lang)
	for group, labels := range t {
		for key, l := range labels {
			old, ok := have[group][key]
			if ok && old.text != l.text && !(group == labelQuestions && c.owns(slug, key)) {
				c.add(l.at, "the text of %s is given in %s and says something else there", key, old.at.file)
				continue
			}
			have[group][key] = l
		}
	}
}

// owns reports whether a step is the protocol's, before steps are assembled.
func (c *content) owns(slug, step string) bool {
	return slices.ContainsFunc(c.stepFiles, func(f stepFile) bool {
		return f.slug == slug && slices.ContainsFunc(f.steps, func(s *Step) bool { return s.ID == step })
	})
}
