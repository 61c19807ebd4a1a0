package protocols

import "slices"

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

func (t *texter) pick(path, own, en string) string {
	if own == "" && en != "" {
		if !t.missing[path] {
			t.missing[path] = true
			t.order = append(t.order, path)
		}
		return en
	}
	return own
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
		t.status = worse(t.status, own.currentStatus(en.hash(s)))
	}
	return own, en
}

func (t *texter) step(s *Step) picked {
	own, en := t.texts(s)
	path := "steps." + s.ID
	return picked{t.pick(path+".title", own.title, en.title), t.pick(path+".trigger", own.trigger, en.trigger),
		t.pick(path+".safety", own.safety, en.safety)}
}

func (t *texter) condition(s *Step, branch string) string {
	own, en := t.texts(s)
	return t.pick("steps."+s.ID+".branches."+branch+".condition", own.branches[branch].condition, en.branches[branch].condition)
}

func (t *texter) outcome(b *Branch) *CodedOutcome {
	if b.Outcome == "" {
		return nil
	}
	own, en := t.common[t.lang], t.common[sourceLanguage]
	return &CodedOutcome{b.Outcome, t.pick("outcomes."+b.Outcome, own.outcomes[b.Outcome].text, en.outcomes[b.Outcome].text)}
}

func (t *texter) question(s *Step) string {
	return t.pick("questions."+s.ID, t.common[t.lang].questions[s.ID].text, t.common[sourceLanguage].questions[s.ID].text)
}

func (t *texter) fact(id string) string {
	return t.pick("facts."+id, t.common[t.lang].facts[id].text, t.common[sourceLanguage].facts[id].text)
}

func (t *texter) notice(p *protocol) string {
	own, en := p.texts[t.lang], p.texts[sourceLanguage]
	if own == nil {
		own = &protocolText{}
	}
	return t.pick("notice", own.notice.text, en.notice.text)
}

func (t *texter) translation() EvaluationTexts {
	slices.Sort(t.order)
	return EvaluationTexts{Lang: t.lang, Status: t.status, Missing: orEmpty(t.order)}
}
