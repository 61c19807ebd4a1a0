package protocols

import (
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
)

// evaluation is one run over a scene. known holds what conditions see, unknown what
// each derived fact that could not be computed waits for.
type evaluation struct {
	*scene
	slug      string
	in        Inquiry
	texts     *texter
	known     map[string]any
	unknown   map[string][]string
	queue     []*visit
	found     map[string]*visit
	missing   map[string][]need
	safety    []SafetyStop
	decisions []Decision
}

// visit is a step that applies. An urgent one was reached through a safety stop.
type visit struct {
	step   *Step
	urgent bool
	result StepResult
}

// need is one use of a missing fact.
type need struct {
	step *Step
	Decides
}

// verdict is what is known about a condition.
type verdict int

const (
	no verdict = iota
	yes
	unclear
)

// newEvaluation computes every derived fact and lays out what conditions can see.
func newEvaluation(s *scene, slug string, in Inquiry, texts *texter) *evaluation {
	e := &evaluation{scene: s, slug: slug, in: in, texts: texts, known: make(map[string]any, 2*len(s.given)),
		unknown: map[string][]string{}, found: map[string]*visit{}, missing: map[string][]need{}}
	for id, v := range s.given {
		if m, ok := v.(Moment); ok {
			v = m.start(s.zone)
		}
		e.known[id] = v
	}
	for _, id := range s.derived {
		if value, missing := s.derive(s.facts[id]); missing == nil {
			e.known[id] = value
		} else {
			e.unknown[id] = missing
		}
	}
	return e
}

// holds evaluates a condition. When it cannot be told, it lists the facts that would
// decide: a condition that is false whatever they are is false.
func (e *evaluation) holds(c *condition) (verdict, []string) {
	var absent []*cel.AttributePatternType
	for _, id := range c.facts {
		if _, ok := e.known[id]; !ok {
			absent = append(absent, cel.AttributePattern(id))
		}
	}
	var vars any = e.known
	if len(absent) > 0 {
		partial, err := cel.PartialVars(e.known, absent...)
		if err != nil {
			return unclear, e.waitsFor(c.facts)
		}
		vars = partial
	}
	out, _, err := c.program.Eval(vars)
	switch v := out.(type) {
	case types.Bool:
		if err == nil && v {
			return yes, nil
		} else if err == nil {
			return no, nil
		}
	case *types.Unknown:
		return unclear, e.waitsFor(unknownNames(v))
	}
	// An error cannot happen with checked facts and conditions; not knowing is the safe answer.
	return unclear, e.waitsFor(c.facts)
}

func unknownNames(u *types.Unknown) []string {
	var names []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, trail := range trails {
			names = append(names, trail.Variable())
		}
	}
	return names
}

// waitsFor turns what a condition misses into facts that a caller can give.
func (e *evaluation) waitsFor(names []string) []string {
	set := map[string]bool{}
	for _, name := range names {
		inputs, derived := e.unknown[name]
		if !derived {
			inputs = []string{name}
		}
		for _, id := range inputs {
			set[id] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// lack notes that facts are missing and what they would decide.
func (e *evaluation) lack(facts []string, s *Step, kind, id string) {
	for _, fact := range facts {
		n := need{s, Decides{Kind: kind, Step: s.ID, ID: orNull(id)}}
		same := func(o need) bool { return o.step == s && o.Kind == kind && (id == "" || o.ID != nil && *o.ID == id) }
		if !slices.ContainsFunc(e.missing[fact], same) {
			e.missing[fact] = append(e.missing[fact], n)
		}
	}
}

// enter finds the steps where a person comes in: those chosen, or the entries of this
// protocol, and in any case the entries that no evaluation may pass over.
func (e *evaluation) enter() {
	for _, id := range e.in.From {
		s := e.steps[id]
		e.arrive(s, Reason{Kind: ReasonChosen, Condition: e.texts.step(s).trigger, Facts: map[string]any{}}, false)
	}
	for _, s := range e.entries {
		if s.Entry == EntryAnywhere || s.Protocol == e.slug && len(e.in.From) == 0 {
			e.tryEntry(s)
		}
	}
}

func (e *evaluation) tryEntry(s *Step) {
	reason := Reason{Kind: ReasonEntry, Condition: e.texts.step(s).trigger, Facts: map[string]any{}}
	if s.applies != nil {
		verdict, missing := e.holds(s.applies)
		if verdict == unclear {
			e.lack(missing, s, DecidesEntry, "")
		}
		if verdict != yes {
			return
		}
		reason.When, reason.Facts = &s.Applies, e.used(s.applies)
	}
	e.arrive(s, reason, false)
}

// arrive records that a step applies, and queues it the first time.
func (e *evaluation) arrive(s *Step, why Reason, urgent bool) {
	v, ok := e.found[s.ID]
	if !ok {
		v = &visit{step: s}
		e.found[s.ID] = v
		e.queue = append(e.queue, v)
		if s.Stop {
			text := e.texts.step(s)
			e.safety = append(e.safety, SafetyStop{Step: s.ID, Condition: text.trigger, Facts: why.Facts,
				To: []string{}, Warning: text.safety})
		}
	}
	v.urgent = v.urgent || urgent || s.Stop
	v.result.Because = append(v.result.Because, why)
}

// visit looks at one step: whether the place can do it, its limits, and its branches.
func (e *evaluation) visit(v *visit) {
	s := v.step
	v.result.Branches = []BranchResult{}
	e.limitsOf(v)
	if s.Needs != "" && !e.available(v) {
		return
	}
	stopped := e.computed(v)
	e.ask(v, stopped)
}

// available says whether the place has what the step needs. Where it has not, the
// alternative applies instead, and no branch of this step is followed.
func (e *evaluation) available(v *visit) bool {
	s := v.step
	v.result.Needs = &s.Needs
	ids := e.capabilityFor(s)
	if len(ids) == 0 {
		e.lack([]string{factInCustody}, s, DecidesAvailable, "")
		return true
	}
	facts := map[string]any{}
	for _, id := range ids {
		has, ok := e.known[id].(bool)
		if !ok {
			e.lack(e.waitsFor([]string{id}), s, DecidesAvailable, "")
			return true
		}
		v.result.Available, facts[id] = &has, has
	}
	if *v.result.Available {
		return true
	}
	v.result.Alternative = &s.Alternative
	e.arrive(e.steps[s.Alternative], Reason{Kind: ReasonAlternative, From: &s.ID, Condition: e.texts.step(s).title, Facts: facts}, v.urgent)
	return false
}

// capabilityFor picks the fact for the place of a step: that of its only setting, or of
// where the person is. It is empty when that is not known and matters.
func (e *evaluation) capabilityFor(s *Step) []string {
	facts := e.capabilityFacts(s)
	if len(facts) < 2 {
		return facts
	}
	inPrison := slices.Contains(s.Setting, settingPrison) || slices.Contains(s.Setting, "any")
	outside := len(s.Setting) > 1 || !slices.Contains(s.Setting, settingPrison)
	custody, known := e.known[factInCustody].(bool)
	switch {
	case inPrison && outside && !known:
		return nil
	case inPrison && (!outside || custody):
		return []string{s.Needs + inCustody}
	}
	return []string{s.Needs + inCommunity}
}

// computed follows the branches whose condition holds, and the one that is for
// everything else when it is certain that none does. It reports whether one of them is
// a safety stop.
func (e *evaluation) computed(v *visit) (stopped bool) {
	s := v.step
	facts, missing, any := map[string]any{}, []string(nil), false
	for i := range s.Branches {
		b := &s.Branches[i]
		switch {
		case b.when != nil:
			held, lacks := e.holds(b.when)
			maps.Copy(facts, e.used(b.when))
			if held == yes {
				any = true
				stopped = stopped || b.Stop
				e.follow(v, b, ReasonBranch, &b.When, e.used(b.when))
			}
			if held == unclear {
				missing = append(missing, lacks...)
				e.lack(lacks, s, DecidesBranch, b.ID)
			}
		case b.Otherwise && !any:
			e.lack(missing, s, DecidesBranch, b.ID)
			if len(missing) == 0 {
				e.follow(v, b, ReasonBranch, nil, facts)
			}
		}
	}
	return stopped
}

// ask follows the answers given, or lists the decision. While a safety stop of the same
// step holds, nobody is asked: the danger comes first.
func (e *evaluation) ask(v *visit, stopped bool) {
	s := v.step
	d := Decision{Step: s.ID, Answers: []Answer{}}
	for i := range s.Branches {
		b := &s.Branches[i]
		if !b.Ask {
			continue
		}
		if slices.Contains(e.in.Answers[s.ID], b.ID) {
			e.follow(v, b, ReasonAnswer, nil, map[string]any{})
		}
		d.Answers = append(d.Answers, Answer{ID: b.ID, Text: e.texts.condition(s, b.ID), To: orEmpty(b.To), Outcome: e.texts.outcome(b)})
	}
	if len(d.Answers) == 0 || stopped || len(e.in.Answers[s.ID]) > 0 {
		return
	}
	d.Question = e.texts.question(s)
	e.decisions = append(e.decisions, d)
}

// follow records a branch that holds and arrives where it leads.
func (e *evaluation) follow(v *visit, b *Branch, kind string, when *string, facts map[string]any) {
	s := v.step
	condition := e.texts.condition(s, b.ID)
	v.result.Branches = append(v.result.Branches, BranchResult{Branch: b.ID, Kind: kind, Condition: condition, When: when,
		Facts: facts, To: orEmpty(b.To), Outcome: e.texts.outcome(b), Stop: b.Stop})
	if b.Stop {
		e.safety = append(e.safety, SafetyStop{Step: s.ID, Branch: &b.ID, Condition: condition, Facts: facts, To: orEmpty(b.To),
			Outcome: e.texts.outcome(b), Warning: e.texts.step(s).safety})
	}
	for _, to := range b.To {
		e.arrive(e.steps[to], Reason{Kind: kind, From: &s.ID, Branch: &b.ID, Condition: condition, When: when, Facts: facts}, b.Stop)
	}
}

// used lists the facts that a condition looked at, with the given facts that derived
// ones came from.
func (e *evaluation) used(c *condition) map[string]any {
	out := map[string]any{}
	show := func(id string) {
		if v, ok := e.given[id]; ok {
			out[id] = v
		} else if v, ok := e.known[id]; ok {
			out[id] = v
		}
	}
	for _, id := range c.facts {
		show(id)
		for _, input := range e.inputs(e.facts[id]) {
			if _, ok := e.given[input]; ok {
				show(input)
			}
		}
	}
	return out
}
