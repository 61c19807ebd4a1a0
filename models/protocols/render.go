package protocols

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// translator picks texts in one language and remembers what fell back to English.
type translator struct {
	lang       string
	own, en    *protocolText
	content    *content
	missing    []string
	status     string // the worst of the labels picked; "" when none was
	sourceHash string
}

// pick returns the own text, or the English one after noting its path. A text that
// English does not have either is not missing.
func (t *translator) pick(path, own, en string) string {
	if own == "" && en != "" {
		t.missing = append(t.missing, path)
		return en
	}
	return own
}

// label picks a label and takes its state into account.
func (t *translator) label(path, group, code string) string {
	return t.choose(path, t.content.common[t.lang][group][code], t.content.common[sourceLanguage][group][code])
}

func (t *translator) value(path string, f *Fact, value string) string {
	return t.choose(path, t.content.valueLabel(t.lang, f, value), t.content.valueLabel(sourceLanguage, f, value))
}

func (t *translator) choose(path string, own, en label) string {
	if own.text != "" && t.lang != sourceLanguage {
		t.status = worse(cmp.Or(t.status, statusReviewed), own.currentStatus(en))
	}
	return t.pick(path, own.text, en.text)
}

func (t *translator) translation(status string) translationView {
	if t.status != "" {
		status = worse(status, t.status)
	}
	return translationView{Lang: t.lang, Status: status, Missing: orEmpty(t.missing), SourceHash: orNull(t.sourceHash)}
}

// render builds every body once. A step is rendered in a language only if it has
// texts of its own there; otherwise the English body, which says that it is English,
// answers.
func render(c *content) (*Catalog, error) {
	cat := &Catalog{content: c, languages: c.languages(), lists: map[string]Body{}, protocols: map[string]*served{}, steps: c.steps,
		words: c.wordsByLanguage(), vocab: c.vocab, slugs: slices.Sorted(maps.Keys(c.protocols))}
	for _, slug := range cat.slugs {
		p := c.protocols[slug]
		out := &served{edition: p.file.edition.text, bodies: map[string]Body{}, facts: map[string]func() Body{}, steps: map[string]map[string]Body{}}
		cat.protocols[slug] = out
		for lang, own := range p.texts {
			t := translator{lang: lang, own: own, en: p.texts[sourceLanguage], content: c}
			if err := c.renderProtocol(out, p, t); err != nil {
				return nil, err
			}
		}
	}
	for _, lang := range cat.languages {
		body, err := newBody(lang, c.listView(cat.slugs, lang))
		if err != nil {
			return nil, err
		}
		cat.lists[lang] = body
	}
	return cat, nil
}

// languages returns every language with a text in some protocol, English first.
func (c *content) languages() []string {
	set := map[string]bool{}
	for _, p := range c.protocols {
		for lang := range p.texts {
			set[lang] = true
		}
	}
	return ordered(set)
}

func ordered[T any](set map[string]T) []string {
	list := slices.Sorted(maps.Keys(set))
	list = slices.DeleteFunc(list, func(l string) bool { return l == sourceLanguage })
	return append([]string{sourceLanguage}, list...)
}

func (c *content) listView(slugs []string, lang string) listView {
	v := listView{Items: []listItem{}}
	for _, slug := range slugs {
		p := c.protocols[slug]
		own, en := p.texts[lang], p.texts[sourceLanguage]
		if own == nil {
			own = en
		}
		t := translator{}
		item := listItem{Slug: slug, Edition: p.file.edition.text, Languages: ordered(p.texts),
			Title: t.pick("", own.title.text, en.title.text), Notice: t.pick("", own.notice.text, en.notice.text)}
		for _, ph := range p.phases {
			item.Steps += len(ph.steps)
		}
		v.Items = append(v.Items, item)
	}
	return v
}

func (c *content) renderProtocol(out *served, p *protocol, t translator) error {
	body, err := newBody(t.lang, c.protocolBody(p, t))
	if err != nil {
		return err
	}
	out.bodies[t.lang] = body
	// On first use: seldom read, and as long as a tenth of the protocol in each language.
	out.facts[t.lang] = sync.OnceValue(func() Body {
		body, err := newBody(t.lang, c.factsBody(p, t))
		if err != nil {
			panic(err) // plain values always encode; a test reads every language
		}
		return body
	})
	for _, ph := range p.phases {
		for _, s := range ph.steps {
			if t.own.steps[s.ID] == nil {
				continue
			}
			body, err := newBody(t.lang, c.stepBody(p, s, t))
			if err != nil {
				return err
			}
			if out.steps[s.ID] == nil {
				out.steps[s.ID] = map[string]Body{}
			}
			out.steps[s.ID][t.lang] = body
		}
	}
	return nil
}

// protocolBody takes the translator by value, so that each body has its own list of
// missing texts.
func (c *content) protocolBody(p *protocol, t translator) protocolView {
	v := protocolView{Slug: p.file.slug.text, Edition: p.file.edition.text, Jurisdiction: p.file.jurisdiction.text,
		EditionState: c.state(p.file.slug.text),
		Title:        t.pick("title", t.own.title.text, t.en.title.text),
		Notice:       t.pick("notice", t.own.notice.text, t.en.notice.text)}
	status := t.own.status
	for _, ph := range p.phases {
		pv := phaseView{ID: ph.id, Title: t.pick("phases."+ph.id, t.own.phases[ph.id].text, t.en.phases[ph.id].text),
			Steps: []stepSummary{}}
		for _, s := range ph.steps {
			en, title := t.en.steps[s.ID], ""
			if own := t.own.steps[s.ID]; own != nil {
				title = own.title
				status = worse(status, worse(own.currentStatus(en.hash(s)), c.labelStatus(s, t.lang)))
			}
			pv.Steps = append(pv.Steps, stepSummary{ID: s.ID, Order: s.Order, Who: s.Who, Setting: s.Setting,
				Title: t.pick("steps."+s.ID+".title", title, en.title)})
		}
		v.Phases = append(v.Phases, pv)
	}
	v.Translation = t.translation(status)
	return v
}
