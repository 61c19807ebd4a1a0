package protocols

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// orderedSteps returns all steps by protocol and order.
func (c *content) orderedSteps() []*Step {
	return slices.SortedFunc(maps.Values(c.steps), func(a, b *Step) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Order, b.Order))
	})
}

// checkRules holds each step's entry, need and branch rules to their grammar.
func (c *content) checkRules() {
	for _, s := range c.orderedSteps() {
		c.checkEntry(s)
		asks := false
		for i, b := range s.Branches {
			asks = asks || b.Ask
			c.checkRule(s, b, i == len(s.Branches)-1)
		}
		if last := s.Branches; len(last) > 0 && last[len(last)-1].Otherwise && asks {
			c.add(s.at, "step %s mixes ask and otherwise: a person cannot be asked for what is computed", s.ID)
		}
		_, question := c.common[sourceLanguage][labelQuestions][s.ID]
		if asks && !question {
			c.add(s.at, "step %s asks for a decision and has no English question", s.ID)
		}
	}
	for lang, t := range c.common {
		for id, p := range t[labelQuestions] {
			s := c.steps[id]
			if s == nil || !slices.ContainsFunc(s.Branches, func(b Branch) bool { return b.Ask }) {
				if len(c.states) > 0 && strings.HasPrefix(p.at.file, "text/") {
					continue // built in, and the edition in the place of its protocol does not ask it
				}
				c.add(p.at, "question (%s) for %s, which asks nothing", lang, id)
			}
		}
	}
}

func (c *content) checkEntry(s *Step) {
	if s.Entry != "" && s.Entry != EntryProtocol && s.Entry != EntryAnywhere {
		c.add(s.at, "entry of %s must be %s or %s", s.ID, EntryProtocol, EntryAnywhere)
	}
	if s.Applies != "" && s.Entry == "" || s.Applies == "" && s.Entry == EntryAnywhere {
		c.add(s.at, "step %s needs both entry and applies, or only entry: protocol", s.ID)
	}
	if (s.Needs == "") != (s.Alternative == "") {
		c.add(s.at, "step %s needs both needs and alternative, or neither", s.ID)
	}
	if s.Needs != "" && len(c.capabilityFacts(s)) == 0 {
		c.add(s.at, "step %s needs the unknown capability %q", s.ID, s.Needs)
	}
	if _, ok := c.steps[s.Alternative]; s.Alternative != "" && (!ok || s.Alternative == s.ID) {
		c.add(s.at, "step %s names the unknown alternative %q", s.ID, s.Alternative)
	}
}

func (c *content) checkRule(s *Step, b Branch, last bool) {
	rules := 0
	for _, set := range []bool{b.When != "", b.Ask, b.Otherwise} {
		if set {
			rules++
		}
	}
	switch {
	case rules == 0:
		c.add(b.at, "branch %s of %s has no rule: give it when, ask or otherwise", b.ID, s.ID)
	case rules > 1:
		c.add(b.at, "branch %s of %s mixes rules: exactly one of when, ask and otherwise", b.ID, s.ID)
	case b.Otherwise && !last:
		c.add(b.at, "branch %s of %s says otherwise and is not the last", b.ID, s.ID)
	case b.Stop && b.When == "":
		c.add(b.at, "branch %s of %s is a safety stop and must be computed: give it when", b.ID, s.ID)
	}
}

// capabilityFacts returns the facts that answer what a step needs, custody or community
// last resort included.
func (c *content) capabilityFacts(s *Step) []string {
	var out []string
	for _, id := range []string{s.Needs + inCommunity, s.Needs + inCustody} {
		if f := c.facts[id]; f != nil && f.Derived == ruleCapability {
			out = append(out, id)
		}
	}
	return out
}

// next lists where a step can lead.
func (s *Step) next() []string {
	var out []string
	for _, b := range s.Branches {
		out = append(out, b.To...)
	}
	if s.Alternative != "" {
		out = append(out, s.Alternative)
	}
	return out
}

// checkGraph refuses steps that nobody can reach and steps that nobody can leave: a
// cycle in which no branch ends, or a step that leads only into one.
func (c *content) checkGraph() {
	reached := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		s := c.steps[id]
		if s == nil || reached[id] {
			return
		}
		reached[id] = true
		for _, to := range s.next() {
			visit(to)
		}
	}
	for _, s := range c.steps {
		if s.Entry != "" {
			visit(s.ID)
		}
	}
	leaves := c.leaving()
	for _, s := range c.orderedSteps() {
		if !reached[s.ID] {
			c.add(s.at, "step %s cannot be reached: no branch leads to it and nobody can enter it", s.ID)
		}
		if !leaves[s.ID] {
			c.add(s.at, "step %s has no way out: every branch leads round in a cycle", s.ID)
		}
	}
}

// leaving finds the steps from which an outcome can be reached.
func (c *content) leaving() map[string]bool {
	leaves := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for id, s := range c.steps {
			if leaves[id] {
				continue
			}
			for _, b := range s.Branches {
				if b.Outcome != "" || slices.ContainsFunc(b.To, func(to string) bool { return leaves[to] || c.steps[to] == nil }) {
					leaves[id], changed = true, true
				}
			}
		}
	}
	return leaves
}
