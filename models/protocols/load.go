package protocols

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/goccy/go-yaml/ast"
)

// content is the whole tree as written, before and after the checks.
type content struct {
	problems
	unreadable bool // some file was not YAML: checks across files would only repeat it
	sources    map[string]*Source
	anchors    map[string]position
	outcomes   map[string]position
	forms      map[string]position
	protocols  map[string]*protocol
	stepFiles  []stepFile
	steps      map[string]*Step
	common     map[string]commonText
	vocab      vocabulary
	words      map[string]map[string]phrase // of the pages, by language; see pagewords.go
	states     map[string]string            // of the editions by slug; the built-in ones are not in it
	rules
}

// rules is what decisions are computed from.
type rules struct {
	facts     map[string]*Fact
	factOrder []string
	derived   []string // ids of derived facts, in order
	past      map[string]bool
	groups    map[string]phraseSet
	tools     map[string]*Tool
	dosing    dosingFile
	countries map[string]*Country
	years     []year
	entries   []*Step           // in order
	hashes    map[string]string // of the English texts, by step
}

// protocol is one document: its phases in order, and its texts by language.
type protocol struct {
	file   protocolFile
	phases []phase
	texts  map[string]*protocolText
	at     position
}

type phase struct {
	id    string
	steps []*Step
}

// stepFile is steps/<phase>.yaml until its phase is known to exist.
type stepFile struct {
	slug, phase string
	steps       []*Step
	at          position
}

// Load reads a content tree and returns its catalogue. It refuses unknown keys and
// files, duplicate ids, ends that lead nowhere, unknown codes, and missing or
// orphan texts; the error is then a *ContentError with every problem found.
func Load(fsys fs.FS) (*Catalog, error) {
	files, err := filesOf(fsys)
	if err != nil {
		return nil, err
	}
	return read(files).catalog()
}

// catalog checks what was read and renders it.
func (c *content) catalog() (*Catalog, error) {
	c.assemble()
	if !c.unreadable {
		c.check()
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	c.completeNumbers()
	return render(c)
}

// decoded is what one file contributes; apply adds it to the content.
type decoded struct {
	problems
	unreadable bool
	apply      func(*content)
}

// source is one file: where it stands in the content layout, what problems in it call
// it, and what is in it. interpret is set for files that only a bundle has.
type source struct {
	path, label string
	data        []byte
	interpret   func(*reader, ast.Node) func(*content)
}

// filesOf reads a content tree in path order.
func filesOf(fsys fs.FS) ([]source, error) {
	var files []source
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(p) == "README.md" {
			return err
		}
		data, err := fs.ReadFile(fsys, p)
		files = append(files, source{path: p, label: p, data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("protocol content: %w", err)
	}
	return files, nil
}

// read parses all files at once, because parsing is most of the time a start takes,
// and then applies them in their order, so that messages do not depend on timing.
func read(files []source) *content {
	results := make([]decoded, len(files))
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() { results[i] = decode(file) })
	}
	wg.Wait()
	c := &content{states: map[string]string{}, sources: map[string]*Source{}, anchors: map[string]position{}, outcomes: map[string]position{},
		forms: map[string]position{}, protocols: map[string]*protocol{}, steps: map[string]*Step{},
		common: map[string]commonText{}, vocab: vocabulary{interfaces: map[string]*InterfaceWords{}},
		rules: rules{facts: map[string]*Fact{}, tools: map[string]*Tool{}, countries: map[string]*Country{}}}
	for _, d := range results {
		c.problems = append(c.problems, d.problems...)
		c.unreadable = c.unreadable || d.unreadable
		if d.apply != nil {
			d.apply(c)
		}
	}
	return c
}

// decode never fails: what is wrong with a file is among its problems. The YAML
// parser is not ours, so a panic in it becomes a problem too.
func decode(file source) (d decoded) {
	r := &reader{file: file.label}
	defer func() {
		if p := recover(); p != nil {
			d = decoded{unreadable: true}
			d.add(position{file.label, 0}, "is not valid YAML: the parser gave up")
		}
	}()
	interpret := r.interpreter(file.path)
	if file.interpret != nil {
		interpret = func(n ast.Node) func(*content) { return file.interpret(r, n) }
	}
	if interpret == nil {
		r.add(position{file.label, 0}, "has no place in the content layout; see README.md")
		return decoded{problems: r.problems}
	}
	root, ok := r.parse(file.data)
	if !ok {
		return decoded{problems: r.problems, unreadable: true}
	}
	apply := interpret(root)
	return decoded{problems: r.problems, apply: apply}
}

// interpreter says what a file is from its path; nil means that it does not belong.
func (r *reader) interpreter(file string) func(ast.Node) func(*content) {
	if read := r.vocabularyFile(file); read != nil {
		return read
	}
	at := position{r.file, 0}
	parts := strings.Split(file, "/")
	name, yaml := strings.CutSuffix(path.Base(file), ".yaml")
	switch {
	case !yaml:
		return nil
	case file == "sources.yaml":
		return func(n ast.Node) func(*content) {
			s := r.sources(n)
			return func(c *content) { c.addSources(s) }
		}
	case file == "anchors.yaml" || file == "outcomes.yaml" || file == "forms.yaml":
		return func(n ast.Node) func(*content) {
			codes := r.codes(n, name)
			return func(c *content) { c.addCodes(name, codes) }
		}
	case len(parts) == 3 && parts[0] == "text" && name == "page":
		return func(n ast.Node) func(*content) {
			words := r.pageWords(n)
			return func(c *content) { c.addWords(parts[1], words) }
		}
	case file == "facts.yaml":
		return func(n ast.Node) func(*content) {
			facts := r.facts(n)
			return func(c *content) { c.addFacts(facts) }
		}
	case file == "tools.yaml":
		return func(n ast.Node) func(*content) {
			tools := r.tools(n)
			return func(c *content) { c.addTools(tools) }
		}
	case file == "dosing.yaml":
		return func(n ast.Node) func(*content) {
			dosing := r.dosing(n)
			return func(c *content) { c.dosing = dosing }
		}
	case len(parts) == 2 && parts[0] == "countries":
		return r.countryFile(name)
	case len(parts) == 3 && parts[0] == "text":
		return func(n ast.Node) func(*content) {
			t := r.commonText(n, parts[1])
			return func(c *content) { c.addCommon(parts[1], t) }
		}
	case len(parts) == 2 && name == "protocol" && parts[0] != "text":
		return func(n ast.Node) func(*content) {
			p := r.protocol(n)
			return func(c *content) { c.protocol(parts[0]).file, c.protocol(parts[0]).at = p, at }
		}
	case len(parts) == 3 && parts[1] == "steps":
		return func(n ast.Node) func(*content) {
			steps := r.steps(n)
			return func(c *content) { c.stepFiles = append(c.stepFiles, stepFile{parts[0], name, steps, at}) }
		}
	case len(parts) == 4 && parts[1] == "text":
		return func(n ast.Node) func(*content) {
			t := r.protocolText(n, parts[2])
			return func(c *content) { c.addText(parts[0], parts[2], t) }
		}
	}
	return nil
}
