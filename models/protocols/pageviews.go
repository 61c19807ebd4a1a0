package protocols

import (
	"encoding/json"
	"strings"

	"jol/models"
)

// ListPage is the list of protocols as a page.
func (c *Catalog) ListPage(lang string) (*Rendition, error) {
	lang = c.language(lang)
	return c.render(renditionKey{kind: kindList, lang: lang}, func() (*Rendition, error) {
		v, err := c.listView(lang)
		if err != nil {
			return nil, err
		}
		p, err := c.newPage(lang, c.List(lang).Language, address, Filter{})
		if err != nil {
			return nil, err
		}
		p.Crumbs, p.Title, p.Protocols = nil, p.T("protocols"), v.Items
		return p.execute("list.html")
	})
}

// ProtocolPage is a protocol, or one role's view of it, as a page.
func (c *Catalog) ProtocolPage(slug, lang string, f Filter) (*Rendition, error) {
	if c.protocols[slug] == nil || !f.known() {
		return nil, models.NotFound("protocol")
	}
	lang = c.language(lang)
	return c.render(renditionKey{kind: kindWhole, slug: slug, lang: lang, filter: f}, func() (*Rendition, error) {
		v, body, err := c.protocolView(slug, lang)
		if err != nil {
			return nil, err
		}
		f.apply(&v)
		p, err := c.newPage(lang, body.Language, address+"/"+slug, f)
		if err != nil {
			return nil, err
		}
		p.Title, p.Protocol, p.Notice, p.Edition = v.Title, &v, v.Notice, v.Edition
		p.Status, p.Missing = v.Translation.Status, v.Translation.Missing
		if err := p.state(body.JSON); err != nil {
			return nil, err
		}
		return p.execute("protocol.html")
	})
}

// StepPage is a step as a page.
func (c *Catalog) StepPage(slug, step, lang string) (*Rendition, error) {
	lang = c.language(lang)
	body, ok := c.Step(slug, step, lang)
	if !ok {
		return nil, models.NotFound("step")
	}
	return c.render(renditionKey{kind: kindStep, slug: slug, step: step, lang: lang}, func() (*Rendition, error) {
		var v stepView
		if err := json.Unmarshal(body.JSON, &v); err != nil {
			return nil, err
		}
		p, err := c.newPage(lang, body.Language, address+"/"+slug+"/steps/"+step, Filter{})
		if err != nil {
			return nil, err
		}
		if err := p.place(slug, v); err != nil {
			return nil, err
		}
		p.Title, p.Step, p.Notice, p.Edition = v.Title, &v, v.Notice, v.Edition
		p.Status, p.Missing = v.Translation.Status, v.Translation.Missing
		if err := p.state(body.JSON); err != nil {
			return nil, err
		}
		return p.execute("step.html")
	})
}

// place finds where the step stands in its protocol.
func (p *page) place(slug string, v stepView) error {
	protocol, _, err := p.catalog.protocolView(slug, p.Lang)
	if err != nil {
		return err
	}
	p.Protocol = &protocol
	p.Crumbs = append(p.Crumbs, p.to(protocol.Title, "/"+slug))
	found := false
	for _, ph := range protocol.Phases {
		for _, s := range ph.Steps {
			p.Count++
			l := p.link(s.ID)
			switch {
			case s.ID == v.ID:
				found, p.Position, p.Phase = true, p.Count, ph.Title
				p.Crumbs = append(p.Crumbs, p.to(ph.Title, "/"+slug+"#"+ph.ID))
			case !found:
				p.Before = &l
			case p.After == nil:
				p.After = &l
			}
		}
	}
	return nil
}

// state notes the state of the edition where an answer carries one that a reader has
// to know: everything but published.
func (p *page) state(body []byte) error {
	var s stated
	err := json.Unmarshal(body, &s)
	if s.State != "published" {
		p.State = s.State
	}
	return err
}

// When says a time limit in words.
func (p *page) When(l limitView) string {
	at := func(anchor, direction, offset *string) string {
		text := ""
		if anchor != nil {
			text = p.Anchor(*anchor)
		}
		if offset == nil || *offset == "PT0S" {
			return text
		}
		sign := " + "
		if direction != nil && *direction == "before" {
			sign = " − "
		}
		return text + sign + p.Duration(*offset, l.WorkingDays)
	}
	bound := ""
	if l.Bound != nil {
		bound = *l.Bound
	}
	switch l.Kind {
	case KindOffset:
		return p.T("bound_"+bound) + ": " + at(l.Anchor, l.Direction, l.Offset)
	case KindRecurring:
		every := p.Duration(*l.Every, false)
		if l.EveryMax != nil {
			every = strings.TrimRight(every, " ") + "–" + p.Duration(*l.EveryMax, false)
		}
		text := p.T("every_"+bound, "d", every)
		if l.Anchor != nil {
			text += ", " + p.T("from") + " " + p.Anchor(*l.Anchor)
		}
		if l.Until != nil {
			text += ", " + p.T("until") + " " + at(l.Anchor, nil, l.Until)
		}
		return text
	}
	return p.T("local")
}

// Field names the part of the page that a number is quoted from.
func (p *page) Field(path string) string {
	if strings.HasPrefix(path, "branches.") {
		return p.T("decisions")
	}
	return p.T(path)
}

// Web reports whether a source's address can be followed: some only say where it was found.
func (p *page) Web(address string) bool {
	return (strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")) && !strings.ContainsAny(address, " ;")
}

// BasisWord names a basis.
func (p *page) BasisWord(b Basis) string { return p.T("basis_" + string(b)) }

// Bases are explained on every page.
func (p *page) Bases() []Basis { return bases }

// Explain says what a basis means.
func (p *page) Explain(b Basis) string { return p.T("explain_" + string(b)) }
