package protocols

import (
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// overlayFile is the decoded overlay.yaml of a bundle that is laid over another edition.
// Everything in it is optional: steps and texts that the bundle holds are merged by id.
type overlayFile struct {
	edition, base, jurisdiction phrase
	phases                      []phrase
	remove                      []phrase // step, step/branches/id or step/limits/id
	replace                     []phrase // steps of which nothing is kept
	order                       []phraseList
}

// phraseList is the wanted order of one phase's steps.
type phraseList struct {
	key   phrase
	items []phrase
}

func (r *reader) overlay(n ast.Node) overlayFile {
	rec := r.record(n, "overlay", "edition", "base", "jurisdiction", "phases", "remove", "replace", "order")
	at := func(key string) phrase { return phrase{rec.text(key), r.at(rec.keys[key])} }
	over := overlayFile{edition: at("edition"), base: at("base"), jurisdiction: at("jurisdiction"),
		phases: rec.texts("phases"), remove: rec.texts("remove"), replace: rec.texts("replace")}
	if n, ok := rec.keys["order"]; ok {
		for _, e := range r.entries(n, "overlay order") {
			list := record{r: r, what: "order", at: e.at, keys: map[string]ast.Node{e.key: e.value}}
			over.order = append(over.order, phraseList{phrase{e.key, e.at}, list.texts(e.key)})
		}
	}
	return over
}

// lay changes a protocol as an overlay says: it removes, drops what is to be replaced,
// merges steps and texts by id, and sets phases and order. What comes out is checked
// like any other edition.
func (c *content) lay(b models.Bundle, label func(string) string) {
	var over overlayFile
	var files []source
	for _, path := range b.Paths() {
		if strings.HasPrefix(path, sharedFolder) {
			continue
		}
		f := source{path: b.Protocol + "/" + path, label: label(path), data: []byte(b.Files[path])}
		switch {
		case path == "overlay.yaml":
			f.interpret = func(r *reader, n ast.Node) func(*content) {
				read := r.overlay(n)
				return func(*content) { over = read }
			}
		case !strings.HasPrefix(path, "steps/") && !strings.HasPrefix(path, "text/"):
			f.path = "" // nothing else can be merged, so it has no place here
		}
		files = append(files, f)
	}
	changes := read(files)
	c.adopt(changes)
	l := layer{content: c, slug: b.Protocol, protocol: c.protocol(b.Protocol), changes: changes, over: over}
	l.name(b)
	l.pinTranslations()
	l.remove()
	l.steps()
	l.texts()
	l.phases()
	l.order()
}

// layer is one overlay being laid over what is there.
type layer struct {
	*content
	slug     string
	protocol *protocol
	changes  *content
	over     overlayFile
}

// name gives the protocol its new edition.
func (l *layer) name(b models.Bundle) {
	for _, said := range []struct {
		key  string
		text phrase
		want string
	}{{"edition", l.over.edition, b.Edition}, {"base", l.over.base, b.Base}} {
		if said.text.text != "" && said.text.text != said.want {
			l.add(said.text.at, "%s is %q here and %q in the bundle", said.key, said.text.text, said.want)
		}
	}
	l.protocol.file.edition.text = b.Edition
	if l.over.jurisdiction.text != "" {
		l.protocol.file.jurisdiction = l.over.jurisdiction
	}
}

// files returns the protocol's step files.
func (l *layer) files() []*stepFile {
	var out []*stepFile
	for i := range l.stepFiles {
		if l.stepFiles[i].slug == l.slug {
			out = append(out, &l.stepFiles[i])
		}
	}
	return out
}

// find returns the file and position of a step, or nil.
func (l *layer) find(id string) (*stepFile, int) {
	for _, f := range l.files() {
		if i := slices.IndexFunc(f.steps, func(s *Step) bool { return s.ID == id }); i >= 0 {
			return f, i
		}
	}
	return nil, 0
}

func (l *layer) remove() {
	for _, what := range l.over.remove {
		id, part, inStep := strings.Cut(what.text, "/")
		f, i := l.find(id)
		switch {
		case f == nil:
			l.add(what.at, "remove names the step %s, which the base does not have", id)
		case !inStep:
			f.steps = slices.Delete(f.steps, i, i+1)
			l.forget(id)
		case !l.removePart(f.steps[i], part):
			l.add(what.at, "remove names %s, which the base does not have; write step, step/branches/id or step/limits/id", what.text)
		}
	}
	for _, what := range l.over.replace {
		f, _ := l.find(what.text)
		if f == nil || !l.changes.has(what.text) {
			l.add(what.at, "replace names the step %s, which must be in the base and in the overlay", what.text)
			continue
		}
		l.forget(what.text)
	}
}

// has reports whether the step files hold a step, before they are assembled.
func (c *content) has(id string) bool {
	return slices.ContainsFunc(c.stepFiles, func(f stepFile) bool {
		return slices.ContainsFunc(f.steps, func(s *Step) bool { return s.ID == id })
	})
}

// removePart drops one branch or limit with its texts and reports whether it was there.
func (l *layer) removePart(s *Step, part string) bool {
	kind, id, _ := strings.Cut(part, "/")
	before := len(s.Branches) + len(s.Limits)
	switch kind {
	case "branches":
		s.Branches = slices.DeleteFunc(s.Branches, func(b Branch) bool { return b.ID == id })
		s.Numbers = slices.DeleteFunc(s.Numbers, func(n Number) bool { return strings.HasPrefix(n.Field, "branches."+id+".") })
	case "limits":
		s.Limits = slices.DeleteFunc(s.Limits, func(x Limit) bool { return x.ID == id })
	}
	if len(s.Branches)+len(s.Limits) == before {
		return false
	}
	for _, t := range l.protocol.texts {
		if st := t.steps[s.ID]; st != nil && kind == "branches" {
			delete(st.branches, id)
		} else if st != nil {
			delete(st.limits, id)
		}
	}
	return true
}

// forget drops the texts of a step in every language.
func (l *layer) forget(id string) {
	for _, t := range l.protocol.texts {
		delete(t.steps, id)
	}
}

// steps merges the overlay's steps: one that the base has keeps its place unless it
// stands in another phase, one that is new goes to the end of its phase.
func (l *layer) steps() {
	seen := map[string]bool{}
	for _, from := range l.changes.stepFiles {
		for _, s := range from.steps {
			if seen[s.ID] {
				l.add(s.at, "step %s is given twice", s.ID)
			}
			seen[s.ID] = true
			f, i := l.find(s.ID)
			replaced := slices.ContainsFunc(l.over.replace, func(p phrase) bool { return p.text == s.ID })
			switch {
			case f == nil:
				l.put(from, s)
			case replaced:
				f.steps[i] = s
			default:
				f.steps[i].patch(s)
			}
			if f != nil && f.phase != from.phase {
				moved := f.steps[i]
				f.steps = slices.Delete(f.steps, i, i+1)
				l.put(from, moved)
			}
		}
	}
}

// put adds a step at the end of its phase.
func (l *layer) put(like stepFile, s *Step) {
	for _, f := range l.files() {
		if f.phase == like.phase {
			f.steps = append(f.steps, s)
			return
		}
	}
	l.stepFiles = append(l.stepFiles, stepFile{l.slug, like.phase, []*Step{s}, like.at})
}

// oneByOne are the fields of a step that patch does not take as a whole, or that follow
// from where the step stands.
var oneByOne = []string{"Protocol", "Phase", "ID", "Order", "Branches", "Limits", "Numbers"}

// patch changes what other says and keeps the rest: branches and limits one by one, every
// other field as a whole, also one that is added to the type one day. Numbers follow the
// texts they quote.
func (s *Step) patch(other *Step) {
	into, from := reflect.ValueOf(s).Elem(), reflect.ValueOf(other).Elem()
	for i := range into.NumField() {
		f := into.Type().Field(i)
		if f.IsExported() && !slices.Contains(oneByOne, f.Name) && !from.Field(i).IsZero() {
			into.Field(i).Set(from.Field(i))
		}
	}
	s.Branches = patched(s.Branches, other.Branches, func(b Branch) string { return b.ID })
	s.Limits = patched(s.Limits, other.Limits, func(l Limit) string { return l.ID })
	s.Numbers = slices.DeleteFunc(s.Numbers, func(n Number) bool {
		return slices.ContainsFunc(other.Numbers, func(o Number) bool { return o.Field == n.Field })
	})
	s.Numbers = append(s.Numbers, other.Numbers...)
	s.at = other.at
}

// patched puts each item in the place of the one with its id, or at the end.
func patched[T any](have, changes []T, id func(T) string) []T {
	for _, c := range changes {
		if i := slices.IndexFunc(have, func(h T) bool { return id(h) == id(c) }); i >= 0 {
			have[i] = c
		} else {
			have = append(have, c)
		}
	}
	return have
}

// phases takes the overlay's list of phases, when it has one, and drops what belongs to
// phases that are gone and empty.
func (l *layer) phases() {
	if len(l.over.phases) == 0 {
		return
	}
	l.protocol.file.phases = l.over.phases
	gone := func(phase string) bool {
		return !slices.ContainsFunc(l.over.phases, func(p phrase) bool { return p.text == phase })
	}
	l.stepFiles = slices.DeleteFunc(l.stepFiles, func(f stepFile) bool {
		return f.slug == l.slug && len(f.steps) == 0 && gone(f.phase)
	})
	for _, t := range l.protocol.texts {
		for phase := range t.phases {
			if gone(phase) {
				delete(t.phases, phase)
			}
		}
	}
}

// order sorts the steps of a phase as the overlay lists them.
func (l *layer) order() {
	for _, want := range l.over.order {
		files := l.files()
		i := slices.IndexFunc(files, func(f *stepFile) bool { return f.phase == want.key.text })
		if i < 0 {
			l.add(want.key.at, "order names the phase %s, which has no steps", want.key.text)
			continue
		}
		l.sort(files[i], want)
	}
}

func (l *layer) sort(f *stepFile, want phraseList) {
	place := map[string]int{}
	for i, p := range want.items {
		place[p.text] = i
	}
	for _, s := range f.steps {
		if _, ok := place[s.ID]; !ok {
			l.add(want.key.at, "order of %s leaves out the step %s", f.phase, s.ID)
		}
	}
	if len(place) != len(f.steps) || len(want.items) != len(f.steps) {
		l.add(want.key.at, "order of %s must list each of its %d steps once", f.phase, len(f.steps))
		return
	}
	slices.SortStableFunc(f.steps, func(a, b *Step) int { return place[a.ID] - place[b.ID] })
}
