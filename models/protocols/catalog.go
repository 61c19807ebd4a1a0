package protocols

import (
	"slices"
	"sync"
)

// Catalog holds every answer of the protocol endpoints, rendered. It never changes
// after Load, except that its search index is made later, and is safe for concurrent use.
type Catalog struct {
	languages []string
	slugs     []string
	lists     map[string]Body
	protocols map[string]*served
	steps     map[string]*Step
	vocab     vocabulary // words for codes, by language
	index     background

	words    map[string]wordList // of the pages, by language
	rendered sync.Map            // what is made when it is first asked for; see rendition.go
	titles   sync.Map            // of all steps by language, for the links of the pages
	content  *content            // what the bodies were rendered from, for comparing editions and for evaluations
	derived  derived             // bodies in other formats, made when first asked for
}

// served is one protocol's bodies by language, and its steps' by id and language.
type served struct {
	edition string
	bodies  map[string]Body
	facts   map[string]func() Body
	steps   map[string]map[string]Body
}

// in returns the body in lang, or in English.
func in(bodies map[string]Body, lang string) Body {
	if b, ok := bodies[lang]; ok {
		return b
	}
	return bodies[sourceLanguage]
}

// Languages returns the languages in which at least one protocol text exists,
// English first: what Negotiate chooses from.
func (c *Catalog) Languages() []string { return slices.Clone(c.languages) }

// Slugs returns the slugs of all protocols in the order of the list.
func (c *Catalog) Slugs() []string { return slices.Clone(c.slugs) }

// List returns the list of protocols.
func (c *Catalog) List(lang string) Body { return in(c.lists, lang) }

// Protocol returns a protocol with its phases and step titles; ok is false when
// there is no such slug.
func (c *Catalog) Protocol(slug, lang string) (b Body, ok bool) {
	p, ok := c.protocols[slug]
	if !ok {
		return Body{}, false
	}
	return in(p.bodies, lang), true
}

// Facts returns the facts that an evaluation of a protocol understands; ok is false
// when there is no such slug.
func (c *Catalog) Facts(slug, lang string) (b Body, ok bool) {
	p, ok := c.protocols[slug]
	if !ok {
		return Body{}, false
	}
	body, ok := p.facts[lang]
	if !ok {
		body = p.facts[sourceLanguage]
	}
	return body(), true
}

// Tool returns a screening or withdrawal scale; ok is false when there is none.
func (c *Catalog) Tool(id string) (t *Tool, ok bool) {
	t, ok = c.content.tools[id]
	return t, ok
}

// Country returns what is known about a country; ok is false when nothing is.
func (c *Catalog) Country(code string) (country *Country, ok bool) {
	country, ok = c.content.countries[code]
	return country, ok
}

// Schedule returns how a medicine is dosed on a schedule; ok is false when nobody
// described the combination.
func (c *Catalog) Schedule(medicine, schedule string) (s DoseSchedule, ok bool) {
	return c.content.schedule(medicine, schedule)
}

// GapRule returns a rule that judges gaps in treatment by hours.
func (c *Catalog) GapRule(id string) (g GapRule, ok bool) { return c.content.gapRule(id) }

// Step returns a step of a protocol. It answers in English, and says so in
// Body.Language, when the step has no text at all in lang; ok is false when the
// protocol has no such step.
func (c *Catalog) Step(slug, step, lang string) (b Body, ok bool) {
	p, ok := c.protocols[slug]
	if !ok {
		return Body{}, false
	}
	bodies, ok := p.steps[step]
	if !ok {
		return Body{}, false
	}
	return in(bodies, lang), true
}

// Edition returns the edition of a protocol; ok is false when there is no such slug.
func (c *Catalog) Edition(slug string) (edition string, ok bool) {
	p, ok := c.protocols[slug]
	if !ok {
		return "", false
	}
	return p.edition, true
}

// StepByID returns the structure of a step of any protocol: ids are unique over all.
func (c *Catalog) StepByID(id string) (s *Step, ok bool) {
	s, ok = c.steps[id]
	return s, ok
}
