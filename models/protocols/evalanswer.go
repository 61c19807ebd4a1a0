package protocols

import (
	"cmp"
	"maps"
	"slices"
)

// limitsOf computes the moments of a step's limits.
func (e *evaluation) limitsOf(v *visit) {
	s := v.step
	v.result.Limits = []StepLimit{}
	var calendar Calendar
	if e.country != nil {
		calendar = e.country.Calendar
	}
	for _, l := range s.Limits {
		l, change := e.overridden(l, s.ID)
		d := Due(l, s.ID, e.moments, calendar, e.zone, nil)
		out := StepLimit{ID: l.ID, Kind: l.Kind, Anchor: orNull(l.Anchor), MissingAnchor: orNull(d.Missing), Bound: l.Bound, Hard: l.Hard,
			Basis: l.Basis, Source: orNull(l.Source), Uncertain: d.Uncertain, Override: change}
		if !d.At.IsZero() {
			at := d.At.UTC()
			out.DueAt = &at
		}
		if d.Missing != "" {
			e.lack([]string{d.Missing}, s, DecidesLimit, l.ID)
		}
		v.result.Limits = append(v.result.Limits, out)
	}
	if first := earliest(v.result.Limits); first != nil {
		v.result.DueAt, v.result.LimitBasis = first.DueAt, &first.Basis
	}
}

// overridden returns a limit as it stands here: the country's changes first, then the
// facility's. The change names who had the last word.
func (e *evaluation) overridden(l Limit, step string) (Limit, *LimitChange) {
	var change *LimitChange
	apply := func(by string, overrides []LimitOverride) {
		for i, o := range overrides {
			if o.Step == step && o.Limit == l.ID {
				l, change = l.Override(step, overrides[i:i+1]), &LimitChange{By: by, Reason: o.Reason}
			}
		}
	}
	if e.country != nil {
		apply("country", e.country.Overrides)
	}
	apply("facility", e.facility.Limits)
	return l, change
}

// view puts the answer together: urgent steps first, then the order of the protocol
// asked for, then what it leads to in others.
func (e *evaluation) view(p *protocol) *Evaluation {
	found := slices.SortedFunc(maps.Values(e.found), func(a, b *visit) int {
		return cmp.Or(-compareBool(a.urgent, b.urgent), e.compareSteps(a.step, b.step))
	})
	out := &Evaluation{Protocol: e.slug, Edition: p.file.edition.text, Notice: e.texts.notice(p), At: e.at, Country: e.facility.Country,
		Safety: orEmpty(e.safety), Steps: []StepResult{}, Decisions: orEmpty(e.decisions), Missing: e.missingFacts(), Bands: e.bands(), DoseGap: e.doseGap()}
	for _, v := range found {
		r := v.result
		r.ID, r.Protocol, r.Title = v.step.ID, v.step.Protocol, e.texts.step(v.step).title
		r.Edition = e.protocols[v.step.Protocol].file.edition.text
		out.Steps = append(out.Steps, r)
	}
	byStep := func(a, b string) int { return e.compareSteps(e.steps[a], e.steps[b]) }
	slices.SortStableFunc(out.Safety, func(a, b SafetyStop) int { return byStep(a.Step, b.Step) })
	slices.SortStableFunc(out.Decisions, func(a, b Decision) int { return byStep(a.Step, b.Step) })
	out.Translation = e.texts.translation()
	return out
}

func (e *evaluation) compareSteps(a, b *Step) int {
	return cmp.Or(-compareBool(a.Protocol == e.slug, b.Protocol == e.slug), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Order, b.Order))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// missingFacts lists what is not known: first what decides branches and limits of steps
// that apply, then what decides whether others do.
func (e *evaluation) missingFacts() []MissingFact {
	rank := func(n need) int {
		return slices.Index([]string{DecidesBranch, DecidesAvailable, DecidesLimit, DecidesEntry}, n.Kind)
	}
	compare := func(a, b need) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), e.compareSteps(a.step, b.step)) }
	out := []MissingFact{}
	first := map[string]need{}
	for _, fact := range slices.Sorted(maps.Keys(e.missing)) {
		needs := e.missing[fact]
		slices.SortStableFunc(needs, compare)
		first[fact] = needs[0]
		m := MissingFact{Fact: fact, Label: e.texts.fact(fact)}
		for _, n := range needs {
			m.Decides = append(m.Decides, n.Decides)
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b MissingFact) int { return compare(first[a.Fact], first[b.Fact]) })
	return out
}

// bands lists how each score was read.
func (e *evaluation) bands() []ToolBand {
	out := []ToolBand{}
	for _, id := range slices.Sorted(maps.Keys(e.tools)) {
		t := e.tools[id]
		system := t.system(e.facility.Systems[id])
		items, _ := e.given[e.itemsFact(t)].(map[string]int64)
		scores, sex := map[string]int64{}, ""
		if len(t.Keys) > 0 {
			scores, items = items, nil
		} else if score, ok := e.given[t.Score].(int64); ok {
			scores[""] = score
		} else if score, ok := t.total(items); ok {
			scores[""] = score
		}
		sex, _ = e.given[factSex].(string)
		for _, key := range slices.Sorted(maps.Keys(scores)) {
			score := int(scores[key])
			if band, err := t.Band(system.ID, key, score, sex, asInts(items)); err == nil {
				out = append(out, ToolBand{Tool: id, System: system.ID, Key: orNull(key), Score: score, Band: band.ID, Label: e.texts.value(e.bandFact(id), band.ID),
					Bumped: system.bumped(asInts(items)), Basis: system.Basis, Source: orNull(system.Source)})
			}
		}
	}
	return out
}

// doseGap tells how the gap since the last dose was read, by the rule in force.
func (e *evaluation) doseGap() *DoseGap {
	last, ok := e.moments[factLastDose]
	band, _ := e.known[factMissedBand].(string)
	if !ok || band == "" {
		return nil
	}
	if band == BandByHoursRule {
		rule := e.ruleInForce()
		gap := rule.Gap(last, e.at, e.zone)
		return &DoseGap{Rule: rule.ID, Gap: &gap, Means: rule.Means[gap], Label: e.texts.value(e.meansFact(), rule.Means[gap]), Basis: rule.Basis, Source: orNull(rule.Source)}
	}
	medicine, _ := e.given[factMedicine].(string)
	name, _ := e.given[factSchedule].(string)
	missed, known := e.known[factMissed].(int64)
	schedule, ok := e.schedule(medicine, name)
	if !ok || !known {
		return nil
	}
	count := int(missed)
	return &DoseGap{Rule: schedule.ID, MissedDoses: &count, Means: band, Label: e.texts.value(e.meansFact(), band), Basis: schedule.Basis, Source: orNull(schedule.Source)}
}
