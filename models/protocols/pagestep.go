package protocols

import "slices"

// formula is a condition as the service computes it, with the facts it looks at.
type formula struct {
	wordList
	CEL   string
	Facts []namedFact
}

// namedFact is a fact as a page names it; English says that the label is a fallback.
type namedFact struct {
	ID, Label string
	English   bool
}

// Explained is a condition of the step that is shown, with its facts.
func (p *page) Explained(cel string) formula {
	f := formula{wordList: p.wordList, CEL: cel}
	s := p.catalog.steps[p.Step.ID]
	compiled := s.applies
	if s.Applies != cel {
		i := slices.IndexFunc(s.Branches, func(b Branch) bool { return b.When == cel })
		compiled = s.Branches[i].when
	}
	for _, id := range compiled.facts {
		f.Facts = append(f.Facts, p.Fact(id))
	}
	return f
}

// Fact names a fact in the language of the page.
func (p *page) Fact(id string) namedFact {
	if own := p.catalog.content.common[p.Lang][labelFacts][id].text; own != "" {
		return namedFact{id, own, false}
	}
	return namedFact{id, p.catalog.content.common[sourceLanguage][labelFacts][id].text, true}
}

// Places are the capabilities that say where the step can be done: in the community, in custody.
func (p *page) Places() []string {
	return p.catalog.content.capabilityFacts(p.catalog.steps[p.Step.ID])
}

// Offer is what is known of a capability in a country; nil is nothing.
func (p *page) Offer(country, capability string) *Availability {
	a, ok := p.catalog.content.countries[country].Capabilities[capability]
	if !ok {
		return nil
	}
	return &a
}

// Stops are the branches of the step that come before everything else.
func (p *page) Stops() []branchView {
	return slices.DeleteFunc(slices.Clone(p.Step.Branches), func(b branchView) bool { return !b.Stop })
}

// Anywhere reports whether every evaluation looks at the step, whatever its protocol.
func (p *page) Anywhere() bool { return p.catalog.steps[p.Step.ID].Entry == EntryAnywhere }
