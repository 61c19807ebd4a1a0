package protocols

import (
	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// protocolFile is the decoded <slug>/protocol.yaml.
type protocolFile struct {
	slug, edition, jurisdiction phrase
	phases                      []phrase
}

func (r *reader) protocol(n ast.Node) protocolFile {
	rec := r.record(n, "protocol", "slug", "edition", "jurisdiction", "phases")
	at := func(key string) phrase { return phrase{rec.need(key), r.at(rec.keys[key])} }
	return protocolFile{at("slug"), at("edition"), at("jurisdiction"), rec.texts("phases")}
}

// codes reads a file that holds one list of codes.
func (r *reader) codes(n ast.Node, key string) []phrase {
	return r.record(n, key, key).texts(key)
}

func (r *reader) sources(n ast.Node) []Source {
	var out []Source
	for _, item := range r.record(n, "sources file", "sources").items("sources") {
		rec := r.record(item, "source", "code", "title", "address", "seen", "whatSeen", "notes")
		s := Source{Code: rec.need("code"), Title: rec.need("title"), Address: rec.text("address"),
			Seen: rec.flag("seen"), WhatSeen: rec.text("whatSeen"), Notes: rec.text("notes"), at: rec.at}
		if _, ok := rec.keys["seen"]; !ok {
			r.add(rec.at, "source %s lacks seen", s.Code)
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) steps(n ast.Node) []*Step {
	var out []*Step
	for _, item := range r.record(n, "steps file", "steps").items("steps") {
		rec := r.record(item, "step", "id", "who", "setting", "entry", "applies", "needs", "alternative", "safety",
			"branches", "limits", "numbers", "forms", "sources")
		s := &Step{ID: rec.need("id"), Entry: rec.text("entry"), Applies: rec.text("applies"), Needs: rec.text("needs"),
			Alternative: rec.text("alternative"), Stop: rec.stop(), at: rec.at}
		for _, p := range rec.texts("who") {
			s.Who = append(s.Who, models.Role(p.text))
		}
		for _, p := range rec.texts("setting") {
			s.Setting = append(s.Setting, p.text)
		}
		for _, p := range rec.texts("forms") {
			s.Forms = append(s.Forms, p.text)
		}
		for _, b := range rec.items("branches") {
			s.Branches = append(s.Branches, r.branch(b))
		}
		for _, l := range rec.items("limits") {
			s.Limits = append(s.Limits, r.limit(l))
		}
		for _, n := range rec.items("numbers") {
			s.Numbers = append(s.Numbers, r.number(n))
		}
		for _, c := range rec.items("sources") {
			s.Sources = append(s.Sources, r.citation(c))
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) branch(n ast.Node) Branch {
	rec := r.record(n, "branch", "id", "when", "ask", "otherwise", "safety", "to", "outcome")
	b := Branch{ID: rec.need("id"), When: rec.text("when"), Ask: rec.flag("ask"), Otherwise: rec.flag("otherwise"),
		Stop: rec.stop(), Outcome: rec.text("outcome"), at: rec.at}
	for _, p := range rec.texts("to") {
		b.To = append(b.To, p.text)
	}
	return b
}

// stop reads the safety mark of a step or a branch.
func (rec record) stop() bool {
	mark := rec.text("safety")
	if mark != "" && mark != "stop" {
		rec.r.add(rec.r.at(rec.keys["safety"]), "%s safety must be stop", rec.what)
	}
	return mark == "stop"
}

func (r *reader) limit(n ast.Node) Limit {
	rec := r.record(n, "limit", "id", "kind", "anchor", "direction", "offset", "workingDays", "every", "everyMax",
		"until", "bound", "hard", "basis", "source")
	return Limit{ID: rec.need("id"), Kind: rec.need("kind"), Anchor: rec.text("anchor"),
		Direction: rec.text("direction"), Offset: rec.text("offset"), WorkingDays: rec.flag("workingDays"),
		Every: rec.text("every"), EveryMax: rec.text("everyMax"), Until: rec.text("until"),
		Bound: rec.text("bound"), Hard: rec.flag("hard"), Basis: Basis(rec.need("basis")), Source: rec.text("source"), at: rec.at}
}

func (r *reader) number(n ast.Node) Number {
	rec := r.record(n, "number", "field", "text", "basis", "source")
	return Number{Field: rec.need("field"), Text: rec.need("text"), Basis: Basis(rec.need("basis")),
		Source: rec.text("source"), at: rec.at}
}

func (r *reader) citation(n ast.Node) Citation {
	rec := r.record(n, "source", "code", "section", "basis", "extent")
	return Citation{Code: rec.need("code"), Section: rec.text("section"), Basis: Basis(rec.need("basis")),
		Extent: rec.text("extent"), at: rec.at}
}

// status reads the state of a file of texts. What nobody has declared reviewed is a draft.
func (rec record) status(lang string) string {
	status := rec.text("status")
	switch {
	case status == "" && lang == sourceLanguage:
		return statusReviewed
	case status == "":
		return statusDraft
	case status != statusDraft && status != statusReviewed:
		rec.r.add(rec.r.at(rec.keys["status"]), "status must be draft or reviewed")
	}
	return status
}

// protocolText reads a text file.
func (r *reader) protocolText(n ast.Node, lang string) *protocolText {
	rec := r.record(n, "text file", "status", "title", "notice", "phases", "steps")
	t := &protocolText{status: rec.status(lang), phases: rec.phrases("phases"), steps: map[string]*stepText{}}
	t.title = phrase{rec.text("title"), r.at(rec.keys["title"])}
	t.notice = phrase{rec.text("notice"), r.at(rec.keys["notice"])}
	if n, ok := rec.keys["steps"]; ok {
		for _, e := range r.entries(n, "steps") {
			st := r.stepText(e)
			st.status = t.status
			t.steps[e.key] = st
		}
	}
	if t.title.text == "" && t.notice.text == "" && len(t.phases)+len(t.steps) == 0 {
		r.add(rec.at, "text file holds no text")
	}
	return t
}

func (r *reader) stepText(e entry) *stepText {
	rec := r.record(e.value, "text of "+e.key,
		"sourceHash", "title", "trigger", "do", "branches", "limits", "record", "safety")
	t := &stepText{sourceHash: rec.text("sourceHash"), title: rec.text("title"), trigger: rec.text("trigger"),
		do: rec.text("do"), record: rec.text("record"), safety: rec.text("safety"),
		branches: map[string]branchText{}, limits: rec.phrases("limits"), at: e.at}
	if n, ok := rec.keys["branches"]; ok {
		for _, b := range r.entries(n, "branches of "+e.key) {
			br := r.record(b.value, "branch "+b.key, "condition", "wording")
			t.branches[b.key] = branchText{br.text("condition"), br.text("wording"), b.at}
		}
	}
	if t.title+t.trigger+t.do+t.record+t.safety == "" && len(t.branches)+len(t.limits) == 0 {
		r.add(e.at, "text of %s holds no text", e.key)
	}
	return t
}
