package protocols

import (
	"maps"
	"slices"
)

// stepBody puts the structure of a step and its texts together.
func (c *content) stepBody(p *protocol, s *Step, t translator) stepView {
	own, en := t.own.steps[s.ID], t.en.steps[s.ID]
	t.sourceHash = en.hash(s)
	v := stepView{Protocol: s.Protocol, Edition: p.file.edition.text, State: c.state(s.Protocol),
		Notice: t.pick("notice", t.own.notice.text, t.en.notice.text),
		ID:     s.ID, Phase: s.Phase, Order: s.Order, Who: s.Who, Setting: s.Setting,
		Title:   t.pick("title", own.title, en.title),
		Trigger: t.pick("trigger", own.trigger, en.trigger),
		Do:      t.pick("do", own.do, en.do),
		Entry:   orNull(s.Entry), Applies: orNull(s.Applies), Stop: s.Stop, Needs: c.needs(s),
		Branches: t.branches(s, own, en),
		Limits:   t.limits(s, own, en),
		Record:   t.pick("record", own.record, en.record),
		Forms:    []formView{},
		Safety:   t.pick("safety", own.safety, en.safety),
		Numbers:  []numberView{},
		Sources:  []sourceView{},
	}
	if slices.ContainsFunc(s.Branches, func(b Branch) bool { return b.Ask }) { // an edition may have stopped asking
		v.Question = orNull(t.label("question", labelQuestions, s.ID))
	}
	for _, f := range s.Forms {
		v.Forms = append(v.Forms, formView{f, t.label("forms."+f, labelForms, f)})
	}
	for _, n := range s.Numbers {
		v.Numbers = append(v.Numbers, numberView{n.Field, n.Text, n.Basis, orNull(n.Source)})
	}
	for _, cit := range s.Sources {
		src := c.sources[cit.Code]
		v.Sources = append(v.Sources, sourceView{cit.Code, src.Title, orNull(src.Address), orNull(cit.Section), cit.Basis,
			orNull(cit.Extent)})
	}
	v.Translation = t.translation(own.currentStatus(t.sourceHash))
	return v
}

func (t *translator) branches(s *Step, own, en *stepText) []branchView {
	out := []branchView{}
	for _, b := range s.Branches {
		path := "branches." + b.ID
		v := branchView{ID: b.ID, Rule: b.rule(), When: orNull(b.When), Stop: b.Stop, To: orEmpty(b.To),
			Condition: t.pick(path+".condition", own.branches[b.ID].condition, en.branches[b.ID].condition),
			Wording:   orNull(t.pick(path+".wording", own.branches[b.ID].wording, en.branches[b.ID].wording))}
		if b.Outcome != "" {
			v.Outcome = &outcomeView{b.Outcome, t.label(path+".outcome", labelOutcomes, b.Outcome)}
		}
		out = append(out, v)
	}
	return out
}

func (t *translator) limits(s *Step, own, en *stepText) []limitView {
	out := []limitView{}
	for _, l := range s.Limits {
		out = append(out, limitView{ID: l.ID, Kind: l.Kind, Anchor: orNull(l.Anchor), Direction: orNull(l.Direction),
			Offset: orNull(l.Offset), WorkingDays: l.WorkingDays, Every: orNull(l.Every), EveryMax: orNull(l.EveryMax),
			Until: orNull(l.Until), Bound: orNull(l.Bound), Hard: l.Hard, Basis: l.Basis, Source: orNull(l.Source),
			Wording: t.pick("limits."+l.ID, own.limits[l.ID].text, en.limits[l.ID].text)})
	}
	return out
}

// rule says how a branch is decided.
func (b Branch) rule() string {
	switch {
	case b.Ask:
		return "ask"
	case b.Otherwise:
		return "otherwise"
	}
	return "when"
}

// needs says what is known about the availability of a step.
func (c *content) needs(s *Step) *needsView {
	if s.Needs == "" {
		return nil
	}
	v := &needsView{Capability: s.Needs, Alternative: s.Alternative, Countries: []availabilityView{}}
	for _, code := range slices.Sorted(maps.Keys(c.countries)) {
		known := func(id string) *bool {
			a, ok := c.countries[code].Capabilities[id]
			if !ok {
				return nil
			}
			return &a.Available
		}
		v.Countries = append(v.Countries, availabilityView{code, known(s.Needs + inCommunity), known(s.Needs + inCustody)})
	}
	return v
}
