package protocols

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"jol/models"
)

// The kinds of Change.
const (
	ChangeAdded    = "added"    // a step
	ChangeRemoved  = "removed"  // a step
	ChangeMoved    = "moved"    // a step, to another phase or another place in its phase
	ChangeBranch   = "branch"   // condition, target or outcome
	ChangeLimit    = "limit"    // any value of a time limit
	ChangeCitation = "citation" // a source the step rests on
	ChangeWording  = "wording"  // a text, per language; also labels and questions
	ChangeRole     = "role"     // who
	ChangeSetting  = "setting"  // where
	ChangeForm     = "form"     // a form to fill in
	ChangeNumber   = "number"   // the basis of a quantity
	ChangePhase    = "phase"    // the list of phases
	ChangeStep     = "step"     // anything else that a step says of itself
	ChangeFact     = "fact"     // what a condition may ask: type, unit, values, range
	ChangeTool     = "tool"     // a scale: possible scores, and the bands of each system
)

// Change is one difference between two editions. Step is empty for what belongs to the
// protocol as a whole, Lang for everything but wording. Before and After are nil where
// there is nothing.
type Change struct {
	Kind, Step, Path string
	Before, After    *string
	Lang             string
}

// Diff compares a protocol in two catalogues by meaning: steps, branches and limits are
// matched by id, so that inserting a step moves no other. Changes come in the order of
// the newer edition, removed steps last. ok is false when either lacks the protocol.
func Diff(slug string, from, to *Catalog) (changes []Change, ok bool) {
	a, b := from.content.protocols[slug], to.content.protocols[slug]
	if a == nil || b == nil {
		return nil, false
	}
	d := &differ{changes: []Change{}, from: from.content, to: to.content}
	d.protocol(a, b)
	d.shared(a, b)
	old, moved := stepsOf(a), movedSteps(a, b)
	for _, s := range orderedSteps(b) {
		was, ok := old[s.ID]
		delete(old, s.ID)
		d.step = s.ID
		if !ok {
			d.add(ChangeAdded, "", "", title(b, s.ID), "")
			continue
		}
		if moved[s.ID] {
			d.add(ChangeMoved, "", place(a, was), place(b, s), "")
		}
		d.structure(was, s)
		d.texts(a, b, was, s)
	}
	for _, s := range orderedSteps(a) {
		if _, gone := old[s.ID]; gone {
			d.step = s.ID
			d.add(ChangeRemoved, "", title(a, s.ID), "", "")
		}
	}
	return d.changes, true
}

// differ collects changes of the step it is at.
type differ struct {
	changes  []Change
	step     string
	from, to *content
}

// add notes a difference, unless there is none.
func (d *differ) add(kind, path, before, after, lang string) {
	if before == after {
		return
	}
	d.changes = append(d.changes, Change{kind, d.step, path, orNull(before), orNull(after), lang})
}

// protocol compares what belongs to no step.
func (d *differ) protocol(a, b *protocol) {
	d.add(ChangePhase, "phases", names(a.phases, phaseID), names(b.phases, phaseID), "")
	for _, lang := range languagesOf(a, b) {
		x, y := a.texts[lang], b.texts[lang]
		if x == nil {
			x = &protocolText{}
		}
		if y == nil {
			y = &protocolText{}
		}
		d.add(ChangeWording, "title", x.title.text, y.title.text, lang)
		d.add(ChangeWording, "notice", x.notice.text, y.notice.text, lang)
		for _, id := range bothKeys(x.phases, y.phases) {
			d.add(ChangeWording, "phases."+id, x.phases[id].text, y.phases[id].text, lang)
		}
	}
}

// structure compares all of a step but its texts.
func (d *differ) structure(a, b *Step) {
	text := func(s string) string { return s }
	d.add(ChangeRole, "who", names(a.Who, roleText), names(b.Who, roleText), "")
	d.add(ChangeSetting, "setting", names(a.Setting, text), names(b.Setting, text), "")
	d.add(ChangeForm, "forms", names(a.Forms, text), names(b.Forms, text), "")
	d.otherFields(a, b)
	compare(d, ChangeBranch, "branches.", a.Branches, b.Branches, func(x Branch) string { return x.ID })
	compare(d, ChangeLimit, "limits.", a.Limits, b.Limits, func(x Limit) string { return x.ID })
	compare(d, ChangeCitation, "sources.", a.Sources, b.Sources, func(x Citation) string { return x.Code + " " + x.Section })
	numbers := func(all, other []Number) []Number { // one that is only on one side is a change of wording
		return slices.DeleteFunc(slices.Clone(all), func(n Number) bool {
			return !slices.ContainsFunc(other, func(o Number) bool { return numberKey(o) == numberKey(n) })
		})
	}
	compare(d, ChangeNumber, "numbers.", numbers(a.Numbers, b.Numbers), numbers(b.Numbers, a.Numbers), numberKey)
}

// otherFields compares what a step says of itself beyond the lists above, also a field
// that is added to the type one day.
func (d *differ) otherFields(a, b *Step) {
	known := []string{"protocol", "phase", "iD", "order", "who", "setting", "forms", "branches", "limits", "sources", "numbers"}
	before, after := fieldsOf(*a), fieldsOf(*b)
	for i := range before {
		if !slices.Contains(known, before[i].name) {
			d.add(ChangeStep, before[i].name, before[i].text, after[i].text, "")
		}
	}
}

func roleText(r models.Role) string { return string(r) }

func numberKey(n Number) string { return n.Field + " " + n.Text }

// compare matches the items of two lists by id and notes every exported field that
// differs, also a field that is added to the type one day. An item that is in one list
// only is one change.
func compare[T any](d *differ, kind, prefix string, a, b []T, id func(T) string) {
	old := map[string]T{}
	for _, x := range a {
		old[id(x)] = x
	}
	for _, y := range b {
		x, ok := old[id(y)]
		delete(old, id(y))
		path := prefix + strings.TrimSpace(id(y))
		if !ok {
			d.add(kind, path, "", cmp.Or(summary(y), id(y)), "")
			continue
		}
		before, after := fieldsOf(x), fieldsOf(y)
		for i := range before {
			d.add(kind, path+"."+before[i].name, before[i].text, after[i].text, "")
		}
	}
	for _, x := range a {
		if _, gone := old[id(x)]; gone {
			d.add(kind, prefix+strings.TrimSpace(id(x)), cmp.Or(summary(x), id(x)), "", "")
		}
	}
}

type fieldText struct{ name, text string }

// fieldsOf prints the exported fields of a struct.
func fieldsOf(item any) []fieldText {
	v := reflect.ValueOf(item)
	var out []fieldText
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			out = append(out, fieldText{lowerFirst(f.Name), valueText(v.Field(i))})
		}
	}
	return out
}

// summary prints a whole item, without what it does not say.
func summary(item any) string {
	var parts []string
	for _, f := range fieldsOf(item) {
		if f.text != "" && f.name != "iD" {
			parts = append(parts, f.name+": "+f.text)
		}
	}
	return strings.Join(parts, "; ")
}

// valueText prints a value for a reader; what is absent prints as nothing.
func valueText(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	switch value := v.Interface().(type) {
	case string:
		return value
	case []string:
		return strings.Join(value, ", ")
	case bool:
		return strconv.FormatBool(value)
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return v.Type().String() // such a value can only be compared as a whole
	}
	return string(b)
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// texts compares the wording of a step in every language that either edition has.
func (d *differ) texts(a, b *protocol, was, is *Step) {
	for _, lang := range languagesOf(a, b) {
		x, y := wording(a, was, lang), wording(b, is, lang)
		d.labels(x, y, was, is, lang)
		for _, path := range bothKeys(x, y) {
			d.add(ChangeWording, path, x[path], y[path], lang)
		}
	}
}

// wording returns the texts of a step in a language by path.
func wording(p *protocol, s *Step, lang string) map[string]string {
	out := map[string]string{}
	if p.texts[lang] == nil || p.texts[lang].steps[s.ID] == nil {
		return out
	}
	t := p.texts[lang].steps[s.ID]
	for _, f := range t.fields(s) {
		out[f.path] = f.text
	}
	for id, l := range t.limits {
		out["limits."+id] = l.text
	}
	return out
}

func stepsOf(p *protocol) map[string]*Step {
	out := map[string]*Step{}
	for _, s := range orderedSteps(p) {
		out[s.ID] = s
	}
	return out
}

func orderedSteps(p *protocol) (out []*Step) {
	for _, ph := range p.phases {
		out = append(out, ph.steps...)
	}
	return out
}

// movedSteps finds the steps that both editions have and that went to another phase, or
// that stand in another order within it. Of an order only the fewest steps that explain
// it have moved.
func movedSteps(a, b *protocol) map[string]bool {
	phaseOf, moved := map[string]string{}, map[string]bool{}
	position := map[string]int{}
	for _, s := range orderedSteps(a) {
		phaseOf[s.ID], position[s.ID] = s.Phase, s.Order
	}
	for _, ph := range b.phases {
		var stayed []string
		for _, s := range ph.steps {
			was, ok := phaseOf[s.ID]
			if ok && was != ph.id {
				moved[s.ID] = true
			} else if ok {
				stayed = append(stayed, s.ID)
			}
		}
		kept := longestRising(stayed, position)
		for _, id := range stayed {
			if !kept[id] {
				moved[id] = true
			}
		}
	}
	return moved
}

// longestRising returns the longest subsequence whose positions rise. Phases have at
// most a few dozen steps.
func longestRising(ids []string, position map[string]int) map[string]bool {
	best, length, before := -1, make([]int, len(ids)), make([]int, len(ids))
	for i := range ids {
		length[i], before[i] = 1, -1
		for j := range i {
			if position[ids[j]] < position[ids[i]] && length[j]+1 > length[i] {
				length[i], before[i] = length[j]+1, j
			}
		}
		if best < 0 || length[i] > length[best] {
			best = i
		}
	}
	kept := map[string]bool{}
	for i := best; i >= 0; i = before[i] {
		kept[ids[i]] = true
	}
	return kept
}

// place says where a step stands: its phase and the step it follows.
func place(p *protocol, s *Step) string {
	for _, ph := range p.phases {
		i := slices.Index(ph.steps, s)
		if i == 0 {
			return ph.id + ", first"
		}
		if i > 0 {
			return ph.id + ", after " + ph.steps[i-1].ID
		}
	}
	return ""
}

func title(p *protocol, id string) string {
	if en := p.texts[sourceLanguage]; en != nil && en.steps[id] != nil {
		return cmp.Or(en.steps[id].title, id)
	}
	return id
}

func languagesOf(a, b *protocol) []string { return bothKeys(a.texts, b.texts) }

func bothKeys[T any](a, b map[string]T) []string {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func phaseID(p phase) string { return p.id }

func names[T any](list []T, text func(T) string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = text(v)
	}
	return strings.Join(out, ", ")
}
