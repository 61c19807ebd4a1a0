package protocols

// stepBody puts the structure of a step and its texts together.
func (c *content) stepBody(p *protocol, s *Step, t translator) stepView {
	own, en := t.own.steps[s.ID], t.en.steps[s.ID]
	t.sourceHash = en.hash(s)
	v := stepView{Protocol: s.Protocol, Edition: p.file.edition.text, State: c.state(s.Protocol),
		Notice: t.pick("notice", t.own.notice.text, t.en.notice.text),
		ID:     s.ID, Phase: s.Phase, Order: s.Order, Who: s.Who, Setting: s.Setting,
		Title:    t.pick("title", own.title, en.title),
		Trigger:  t.pick("trigger", own.trigger, en.trigger),
		Do:       t.pick("do", own.do, en.do),
		Branches: t.branches(s, own, en),
		Limits:   t.limits(s, own, en),
		Record:   t.pick("record", own.record, en.record),
		Forms:    []formView{},
		Safety:   t.pick("safety", own.safety, en.safety),
		Numbers:  []numberView{},
		Sources:  []sourceView{},
	}
	for _, f := range s.Forms {
		v.Forms = append(v.Forms, formView{f, t.pick("forms."+f, t.labels.forms[f].text, t.labelsEn.forms[f].text)})
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
		v := branchView{ID: b.ID, To: orEmpty(b.To),
			Condition: t.pick(path+".condition", own.branches[b.ID].condition, en.branches[b.ID].condition),
			Wording:   orNull(t.pick(path+".wording", own.branches[b.ID].wording, en.branches[b.ID].wording))}
		if b.Outcome != "" {
			label := t.pick(path+".outcome", t.labels.outcomes[b.Outcome].text, t.labelsEn.outcomes[b.Outcome].text)
			v.Outcome = &outcomeView{b.Outcome, label}
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
			Until: orNull(l.Until), Bound: orNull(l.Bound), Basis: l.Basis, Source: orNull(l.Source),
			Wording: t.pick("limits."+l.ID, own.limits[l.ID].text, en.limits[l.ID].text)})
	}
	return out
}
