package protocols

import (
	"maps"
	"slices"
)

// labels adds the shared texts that a step shows to its wording: the question, and the
// names of outcomes and forms. Where a branch has another outcome, or a form is new, that
// is the change; its name is not a second one.
func (d *differ) labels(x, y map[string]string, was, is *Step, lang string) {
	put := func(path, group, code string) {
		x[path], y[path] = d.from.common[lang][group][code].text, d.to.common[lang][group][code].text
	}
	asks := func(b Branch) bool { return b.Ask }
	if slices.ContainsFunc(was.Branches, asks) {
		x["question"] = d.from.common[lang][labelQuestions][is.ID].text
	}
	if slices.ContainsFunc(is.Branches, asks) {
		y["question"] = d.to.common[lang][labelQuestions][is.ID].text
	}
	for _, b := range is.Branches {
		same := func(o Branch) bool { return o.ID == b.ID && o.Outcome == b.Outcome }
		if b.Outcome != "" && slices.ContainsFunc(was.Branches, same) {
			put("branches."+b.ID+".outcome", labelOutcomes, b.Outcome)
		}
	}
	for _, f := range is.Forms {
		if slices.Contains(was.Forms, f) {
			put("forms."+f, labelForms, f)
		}
	}
}

// shared compares what the conditions of a protocol rest on and all protocols share: the
// facts that either edition uses, with their labels, and the scales these come from.
func (d *differ) shared(a, b *protocol) {
	facts, tools := map[string]bool{}, map[string]bool{}
	d.from.rests(a, facts, tools)
	d.to.rests(b, facts, tools)
	for _, id := range slices.Sorted(maps.Keys(facts)) {
		x, y := d.from.facts[id], d.to.facts[id]
		if x != nil && y != nil {
			compare(d, ChangeFact, "facts.", []Fact{*x}, []Fact{*y}, func(f Fact) string { return f.ID })
			d.factLabels(a, b, x, y)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(tools)) {
		x, y := d.from.tools[id], d.to.tools[id]
		if x != nil && y != nil {
			d.tool(x, y)
		}
	}
}

func (d *differ) factLabels(a, b *protocol, x, y *Fact) {
	for _, lang := range languagesOf(a, b) {
		d.add(ChangeWording, "facts."+x.ID, d.from.common[lang][labelFacts][x.ID].text, d.to.common[lang][labelFacts][x.ID].text, lang)
		for _, v := range y.Values {
			if slices.Contains(x.Values, v) {
				d.add(ChangeWording, "values."+x.ID+"."+v, d.from.valueLabel(lang, x, v).text, d.to.valueLabel(lang, y, v).text, lang)
			}
		}
	}
}

// tool compares a scale: its own values, and its systems by id.
func (d *differ) tool(x, y *Tool) {
	systems := func(s BandSystem) string { return s.ID }
	path := "tools." + x.ID
	compare(d, ChangeTool, path+".systems.", x.Systems, y.Systems, systems)
	before, after := *x, *y
	before.Systems, after.Systems = nil, nil
	compare(d, ChangeTool, "tools.", []Tool{before}, []Tool{after}, func(t Tool) string { return t.ID })
}

// rests adds the facts and scales that a protocol's conditions and limits rest on.
func (c *content) rests(p *protocol, facts, tools map[string]bool) {
	s := &scene{content: c}
	var use func(id string)
	use = func(id string) {
		f := c.facts[id]
		if f == nil || facts[id] {
			return
		}
		facts[id] = true
		if f.Tool != "" {
			tools[f.Tool] = true
		}
		for _, input := range s.inputs(f) {
			use(input)
		}
	}
	each := func(ids []string) {
		for _, id := range ids {
			use(id)
		}
	}
	for _, step := range orderedSteps(p) {
		conditions := []*condition{step.applies}
		for _, b := range step.Branches {
			conditions = append(conditions, b.when)
		}
		for _, cond := range conditions {
			if cond != nil {
				each(cond.facts)
			}
		}
		for _, l := range step.Limits {
			use(l.Anchor)
		}
	}
}
