package protocols

import (
	"cmp"
	"slices"
	"strings"
)

// texter picks the texts of an answer in one language and notes what was answered in
// English instead.
type texter struct {
	*content
	lang    string
	status  string
	missing map[string]bool
	order   []string
}

func newTexter(c *content, lang string) *texter {
	return &texter{content: c, lang: lang, status: statusReviewed, missing: map[string]bool{}}
}

// pick returns the own text, or the English one after noting where. The path comes in
// parts so that it is put together only when it is needed.
func (t *texter) pick(own, en string, path ...string) string {
	if own != "" || en == "" {
		return own
	}
	if where := strings.Join(path, "."); !t.missing[where] {
		t.missing[where] = true
		t.order = append(t.order, where)
	}
	return en
}

// picked are the texts of a step that an evaluation shows.
type picked struct{ title, trigger, safety string }

func (t *texter) texts(s *Step) (own, en *stepText) {
	p := t.protocols[s.Protocol]
	en = p.texts[sourceLanguage].steps[s.ID]
	if texts := p.texts[t.lang]; texts != nil {
		own = texts.steps[s.ID]
	}
	if own == nil {
		return &stepText{}, en
	}
	if t.lang != sourceLanguage {
		t.status = worse(t.status, own.currentStatus(t.hashes[s.ID]))
	}
	return own, en
}

func (t *texter) step(s *Step) picked {
	own, en := t.texts(s)
	return picked{t.pick(own.title, en.title, "steps", s.ID, "title"), t.pick(own.trigger, en.trigger, "steps", s.ID, "trigger"),
		t.pick(own.safety, en.safety, "steps", s.ID, "safety")}
}

func (t *texter) condition(s *Step, branch string) string {
	own, en := t.texts(s)
	return t.pick(own.branches[branch].condition, en.branches[branch].condition, "steps", s.ID, "branches", branch, "condition")
}

func (t *texter) outcome(b *Branch) *CodedOutcome {
	if b.Outcome == "" {
		return nil
	}
	return &CodedOutcome{b.Outcome, t.label(labelOutcomes, b.Outcome)}
}

func (t *texter) question(s *Step) string { return t.label(labelQuestions, s.ID) }

func (t *texter) fact(id string) string { return t.label(labelFacts, id) }

func (t *texter) label(group, code string) string {
	return t.choose(t.common[t.lang][group][code], t.common[sourceLanguage][group][code], group, code)
}

func (t *texter) value(f *Fact, value string) string {
	return t.choose(t.valueLabel(t.lang, f, value), t.valueLabel(sourceLanguage, f, value), labelValues, cmp.Or(f.ID, "band"), value)
}

// choose picks a label and takes its state into account.
func (t *texter) choose(own, en label, path ...string) string {
	if own.text != "" && t.lang != sourceLanguage {
		t.status = worse(t.status, own.currentStatus(en))
	}
	return t.pick(own.text, en.text, path...)
}

func (t *texter) notice(p *protocol) string {
	own, en := p.texts[t.lang], p.texts[sourceLanguage]
	if own == nil {
		own = &protocolText{}
	}
	return t.pick(own.notice.text, en.notice.text, "notice")
}

func (t *texter) translation() EvaluationTexts {
	slices.Sort(t.order)
	return EvaluationTexts{Lang: t.lang, Status: t.status, Missing: orEmpty(t.order)}
}
