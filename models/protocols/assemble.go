package protocols

import "slices"

// protocol returns the protocol with the slug of a folder, creating it on first use:
// files arrive in path order, and texts or steps may be seen without protocol.yaml.
func (c *content) protocol(slug string) *protocol {
	p, ok := c.protocols[slug]
	if !ok {
		p = &protocol{texts: map[string]*protocolText{}, at: position{slug + "/protocol.yaml", 0}}
		c.protocols[slug] = p
	}
	return p
}

func (c *content) addSources(list []Source) {
	for _, s := range list {
		if _, ok := c.sources[s.Code]; ok {
			c.add(s.at, "source %s is listed twice", s.Code)
		}
		c.sources[s.Code] = &s
	}
}

func (c *content) addCodes(kind string, codes []phrase) {
	set := map[string]map[string]position{"anchors": c.anchors, "outcomes": c.outcomes, "forms": c.forms}[kind]
	for _, p := range codes {
		if _, ok := set[p.text]; ok {
			c.add(p.at, "%s is listed twice", p.text)
		}
		set[p.text] = p.at
	}
}

// commonIn are the labels in a language, of which there may be none yet.
func (c *content) commonIn(lang string) commonText {
	if c.common[lang] == nil {
		c.common[lang] = newCommonText()
	}
	return c.common[lang]
}

func (c *content) addCommon(lang string, t commonText) {
	have := c.commonIn(lang)
	for group, labels := range t {
		for key, l := range labels {
			if _, ok := have[group][key]; ok {
				c.add(l.at, "the text of %s is given twice", key)
			}
			have[group][key] = l
		}
	}
}

func (c *content) mergePhrases(into, from map[string]phrase) {
	for key, p := range from {
		if _, ok := into[key]; ok {
			c.add(p.at, "the text of %s is given twice", key)
		}
		into[key] = p
	}
}

// addText merges a file into the texts of its protocol and language: a translator
// may use one file or many.
func (c *content) addText(slug, lang string, t *protocolText) {
	texts := c.protocol(slug).texts
	have, ok := texts[lang]
	if !ok {
		texts[lang] = t
		return
	}
	have.status = worse(have.status, t.status)
	c.mergePhrase(&have.title, t.title, "title")
	c.mergePhrase(&have.notice, t.notice, "notice")
	c.mergePhrases(have.phases, t.phases)
	for id, st := range t.steps {
		if _, ok := have.steps[id]; ok {
			c.add(st.at, "the text of %s is given twice", id)
		}
		have.steps[id] = st
	}
}

func (c *content) mergePhrase(into *phrase, from phrase, what string) {
	if from.text == "" {
		return
	}
	if into.text != "" {
		c.add(from.at, "the %s is given twice", what)
	}
	*into = from
}

// assemble puts step files under their phases, numbers the steps and notes
// duplicate ids.
func (c *content) assemble() {
	byPhase := map[[2]string]stepFile{}
	for _, f := range c.stepFiles {
		p := c.protocol(f.slug)
		known := slices.ContainsFunc(p.file.phases, func(ph phrase) bool { return ph.text == f.phase })
		if !known {
			c.add(f.at, "phase %s is not listed in %s/protocol.yaml", f.phase, f.slug)
		}
		byPhase[[2]string{f.slug, f.phase}] = f
	}
	for slug, p := range c.protocols {
		order := 0
		seen := map[string]bool{}
		for _, ph := range p.file.phases {
			f, ok := byPhase[[2]string{slug, ph.text}]
			switch {
			case seen[ph.text]:
				c.add(ph.at, "phase %s is listed twice", ph.text)
				continue
			case !ok && !c.unreadable:
				c.add(ph.at, "phase %s has no file steps/%s.yaml", ph.text, ph.text)
			}
			seen[ph.text] = true
			for _, s := range f.steps {
				order++
				s.Protocol, s.Phase, s.Order = slug, ph.text, order
			}
			p.phases = append(p.phases, phase{ph.text, f.steps})
		}
	}
	for _, f := range c.stepFiles {
		for _, s := range f.steps {
			if _, ok := c.steps[s.ID]; ok {
				c.add(s.at, "step %s is defined twice", s.ID)
				continue
			}
			c.steps[s.ID] = s
		}
	}
}
