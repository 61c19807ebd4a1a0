package protocols

import (
	"slices"
	"strings"
)

// checkOrphans refuses texts for things that do not exist, in any language.
func (c *content) checkOrphans(slug, lang string, t *protocolText, p *protocol) {
	for id, ph := range t.phases {
		if !slices.ContainsFunc(p.phases, func(x phase) bool { return x.id == id }) {
			c.add(ph.at, "text for the phase %s, which %s does not have", id, slug)
		}
	}
	for id, st := range t.steps {
		s, ok := c.steps[id]
		if !ok || s.Protocol != slug {
			c.add(st.at, "text for the step %s, which %s does not have", id, slug)
			continue
		}
		for id, b := range st.branches {
			if !slices.ContainsFunc(s.Branches, func(x Branch) bool { return x.ID == id }) {
				c.add(b.at, "text for the branch %s, which %s does not have", id, s.ID)
			}
		}
		for id, l := range st.limits {
			if !slices.ContainsFunc(s.Limits, func(x Limit) bool { return x.ID == id }) {
				c.add(l.at, "text for the limit %s, which %s does not have", id, s.ID)
			}
		}
		if en := p.texts[sourceLanguage]; en != nil && lang != sourceLanguage && en.steps[id] != nil {
			c.checkWordings(s, st, en.steps[id])
			c.checkTranslation(s, st, en.steps[id])
		}
	}
}

// checkWordings refuses a translated wording of which there is no English.
func (c *content) checkWordings(s *Step, st, en *stepText) {
	for id, b := range st.branches {
		if b.wording != "" && en.branches[id].wording == "" {
			c.add(b.at, "wording for the branch %s of %s, which has none in English", id, s.ID)
		}
	}
}

// checkComplete makes sure that English says everything, because every other
// language falls back to it.
func (c *content) checkComplete(slug string, p *protocol) {
	en := p.texts[sourceLanguage]
	if en == nil {
		c.add(p.at, "%s has no English text", slug)
		return
	}
	if en.title.text == "" || en.notice.text == "" {
		c.add(p.at, "%s needs a title and a notice in English", slug)
	}
	for _, ph := range p.phases {
		if en.phases[ph.id].text == "" {
			c.add(p.at, "phase %s has no English title", ph.id)
		}
		for _, s := range ph.steps {
			c.checkStepText(s, en.steps[s.ID])
		}
	}
}

func (c *content) checkStepText(s *Step, t *stepText) {
	if t == nil {
		c.add(s.at, "step %s has no English text", s.ID)
		return
	}
	missing := func(path string) { c.add(t.at, "step %s lacks the English text of %s", s.ID, path) }
	for _, f := range []struct{ name, text string }{
		{"title", t.title}, {"trigger", t.trigger}, {"do", t.do}, {"record", t.record}, {"safety", t.safety},
	} {
		if f.text == "" {
			missing(f.name)
		}
	}
	for _, b := range s.Branches {
		bt := t.branches[b.ID]
		if bt.condition == "" {
			missing("branches." + b.ID + ".condition")
		}
		if b.Outcome != "" && bt.wording == "" {
			missing("branches." + b.ID + ".wording")
		}
	}
	for _, l := range s.Limits {
		if t.limits[l.ID].text == "" {
			missing("limits." + l.ID)
		}
	}
	c.checkNumbers(s, t)
}

// checkNumbers makes sure that a number's basis is about words that are there.
func (c *content) checkNumbers(s *Step, t *stepText) {
	fields := t.fields(s)
	for _, n := range s.Numbers {
		i := slices.IndexFunc(fields, func(f struct{ path, text string }) bool { return f.path == n.Field })
		switch {
		case i < 0:
			c.add(n.at, "number %q names %s, which is no text of %s", n.Text, n.Field, s.ID)
		case !strings.Contains(fields[i].text, n.Text):
			c.add(n.at, "number %q is not in the English text of %s", n.Text, n.Field)
		}
	}
}
