package protocols

import "slices"

// Catalog holds every answer of the protocol endpoints, rendered. It never changes
// after Load and is safe for concurrent use.
type Catalog struct {
	languages []string
	slugs     []string
	lists     map[string]Body
	protocols map[string]*served
	steps     map[string]*Step
	content   *content // what the bodies were rendered from, for comparing editions
}

// served is one protocol's bodies by language, and its steps' by id and language.
type served struct {
	edition string
	bodies  map[string]Body
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
