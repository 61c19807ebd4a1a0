package protocols

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Document is one protocol with its texts in every language: what writers of other
// formats read.
type Document struct {
	Slug         string
	Edition      string
	Jurisdiction string
	Reference    bool // built from public sources; not the official text
	Title        Text
	Notice       Text
	Translations []Translation
	Phases       []DocumentPhase
	Sources      []*Source // all that a step cites, by code
}

// Text is an English text with what translations of it there are.
type Text struct {
	English string
	Other   []Translated
}

// Translated is a text in the language Lang (BCP 47).
type Translated struct{ Lang, Text string }

// Translation says how far the texts in a language can be trusted: reviewed, draft, or
// stale when the English moved on.
type Translation struct{ Lang, Status string }

// DocumentPhase is a phase with its steps in order.
type DocumentPhase struct {
	ID    string
	Title Text
	Steps []DocumentStep
}

// DocumentStep is a step with its texts. Branches, Limits and Sources stand in the
// order of the structure they belong to.
type DocumentStep struct {
	*Step
	Title, Trigger, Do, Record, Safety Text
	Question                           Text // of the human decision; empty where nobody is asked
	Branches                           []DocumentBranch
	Limits                             []DocumentLimit
	Forms                              []DocumentForm
	Sources                            []DocumentSource
	Translations                       []Translation
}

// DocumentBranch is a branch with its texts.
type DocumentBranch struct {
	Branch
	Condition, Wording, Label Text
}

// DocumentLimit is a limit with its wording.
type DocumentLimit struct {
	Limit
	Wording Text
}

// DocumentForm is a form that a step names.
type DocumentForm struct {
	ID    string
	Title Text
}

// DocumentSource is a citation with the source it cites.
type DocumentSource struct {
	Citation
	Source *Source
}

// referenceSuffix marks the editions that this service brings along.
const referenceSuffix = "-reference"

// Document returns a protocol with all its texts, put together when first asked for;
// ok is false when there is no such slug. It is shared: callers read it only.
func (c *Catalog) Document(slug string) (d *Document, ok bool) {
	p, ok := c.content.protocols[slug]
	if !ok {
		return nil, false
	}
	made, _ := c.derived.documents.LoadOrStore(slug, sync.OnceValue(func() *Document { return c.content.document(p) }))
	return made.(func() *Document)(), true
}

// Step returns a step of the document; nil when it has none of that id.
func (d *Document) Step(id string) *DocumentStep {
	for _, ph := range d.Phases {
		for i := range ph.Steps {
			if ph.Steps[i].ID == id {
				return &ph.Steps[i]
			}
		}
	}
	return nil
}

func (c *content) document(p *protocol) *Document {
	d := &Document{Slug: p.file.slug.text, Edition: p.file.edition.text, Jurisdiction: p.file.jurisdiction.text,
		Reference: strings.HasSuffix(p.file.edition.text, referenceSuffix),
		Title:     p.text(func(lang string) string { return p.texts[lang].title.text }),
		Notice:    p.text(func(lang string) string { return p.texts[lang].notice.text })}
	status := map[string]string{}
	for lang, t := range p.texts {
		status[lang] = t.status
	}
	cited := map[string]*Source{}
	for _, ph := range p.phases {
		phase := DocumentPhase{ID: ph.id, Title: p.text(func(lang string) string { return p.texts[lang].phases[ph.id].text })}
		for _, s := range ph.steps {
			step := c.documentStep(p, s)
			for _, t := range step.Translations {
				status[t.Lang] = worse(status[t.Lang], t.Status)
			}
			for _, source := range step.Sources {
				cited[source.Code] = source.Source
			}
			phase.Steps = append(phase.Steps, step)
		}
		d.Phases = append(d.Phases, phase)
	}
	for _, lang := range ordered(p.texts)[1:] {
		d.Translations = append(d.Translations, Translation{lang, status[lang]})
	}
	for _, code := range slices.Sorted(maps.Keys(cited)) {
		d.Sources = append(d.Sources, cited[code])
	}
	return d
}

func (c *content) documentStep(p *protocol, s *Step) DocumentStep {
	text := func(pick func(*stepText) string) Text {
		return p.text(func(lang string) string {
			if own := p.texts[lang].steps[s.ID]; own != nil {
				return pick(own)
			}
			return ""
		})
	}
	out := DocumentStep{Step: s,
		Title:   text(func(t *stepText) string { return t.title }),
		Trigger: text(func(t *stepText) string { return t.trigger }),
		Do:      text(func(t *stepText) string { return t.do }),
		Record:  text(func(t *stepText) string { return t.record }),
		Safety:  text(func(t *stepText) string { return t.safety }),
	}
	if slices.ContainsFunc(s.Branches, func(b Branch) bool { return b.Ask }) {
		out.Question = p.text(func(lang string) string { return c.common[lang][labelQuestions][s.ID].text })
	}
	for _, b := range s.Branches {
		out.Branches = append(out.Branches, DocumentBranch{Branch: b,
			Condition: text(func(t *stepText) string { return t.branches[b.ID].condition }),
			Wording:   text(func(t *stepText) string { return t.branches[b.ID].wording }),
			Label:     p.text(func(lang string) string { return c.common[lang][labelOutcomes][b.Outcome].text })})
	}
	for _, l := range s.Limits {
		out.Limits = append(out.Limits, DocumentLimit{Limit: l, Wording: text(func(t *stepText) string { return t.limits[l.ID].text })})
	}
	for _, f := range s.Forms {
		out.Forms = append(out.Forms, DocumentForm{f, p.text(func(lang string) string { return c.common[lang][labelForms][f].text })})
	}
	for _, cit := range s.Sources {
		out.Sources = append(out.Sources, DocumentSource{cit, c.sources[cit.Code]})
	}
	hash := p.texts[sourceLanguage].steps[s.ID].hash(s)
	for _, lang := range ordered(p.texts)[1:] {
		if own := p.texts[lang].steps[s.ID]; own != nil {
			out.Translations = append(out.Translations, Translation{lang, worse(own.currentStatus(hash), c.labelStatus(s, lang))})
		}
	}
	return out
}

// labelStatus is the worst state of the labels that a step shows in a language.
func (c *content) labelStatus(s *Step, lang string) string {
	status := statusReviewed
	see := func(group, code string) {
		if own, ok := c.common[lang][group][code]; ok {
			status = worse(status, own.currentStatus(c.common[sourceLanguage][group][code]))
		}
	}
	for _, b := range s.Branches {
		see(labelOutcomes, b.Outcome)
		if b.Ask {
			see(labelQuestions, s.ID)
		}
	}
	for _, f := range s.Forms {
		see(labelForms, f)
	}
	return status
}

// text gathers one text in every language of the protocol, English apart.
func (p *protocol) text(in func(lang string) string) Text {
	t := Text{English: in(sourceLanguage)}
	for _, lang := range ordered(p.texts)[1:] {
		if own := in(lang); own != "" {
			t.Other = append(t.Other, Translated{lang, own})
		}
	}
	return t
}

// portable reports whether an id of a protocol or step is also a FHIR id.
func portable(id string) bool { return len(id) <= 64 && !strings.Contains(id, "_") }
