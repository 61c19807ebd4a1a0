package storetest

import (
	"strings"
	"testing"
	"testing/fstest"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

// The two protocols of these cases. They are small, because every import, publication and
// withdrawal loads all of them; the scenarios of package api use the real ones.
const (
	clinicProtocol = "in-clinic"
	prisonProtocol = "in-prison"
	builtInEdition = "1.0.0"
)

// content is a built-in content whose protocols lead into each other.
var content = smallContent()

func smallContent() fstest.MapFS {
	files := fstest.MapFS{}
	add := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
	add("sources.yaml", "sources:\n  - {code: SRC-1, title: A source, seen: true}\n")
	add("anchors.yaml", "anchors: [first_contact]\n")
	add("outcomes.yaml", "outcomes: [inpatient_care]\n")
	add("forms.yaml", "forms: [sheet]\n")
	add("facts.yaml", "facts:\n  - {id: worse, topic: state, type: bool}\n  - {id: first_contact, topic: anchor, type: time}\n")
	add("text/en/common.yaml", "outcomes: {inpatient_care: Inpatient care}\nforms: {sheet: Sheet}\nfacts: {worse: Worse, first_contact: First contact}\ntopics: {state: State, anchor: Moments}\n")
	for slug, other := range map[string]string{clinicProtocol: prisonProtocol, prisonProtocol: clinicProtocol} {
		steps := stepYAML(slug+"-start", "[nurse]", slug+"-next") + stepYAML(slug+"-next", "[nurse]", other+"-start")
		add(slug+"/protocol.yaml", "slug: "+slug+"\nedition: "+builtInEdition+"\njurisdiction: KZ\nphases: [first]\n")
		add(slug+"/steps/first.yaml", "steps:\n"+steps)
		add(slug+"/text/en/all.yaml", "title: T\nnotice: N\nphases: {first: First}\nsteps:\n"+textYAML(slug+"-start", "Start")+textYAML(slug+"-next", "Next"))
	}
	return files
}

func stepYAML(id, who, to string) string {
	return "  - id: " + id + "\n    who: " + who + "\n    setting: [any]\n    entry: protocol\n" +
		"    branches: [{id: always, when: worse, to: [" + to + "]}, {id: out, otherwise: true, outcome: inpatient_care}]\n    sources: [{code: SRC-1, basis: seen}]\n"
}

func textYAML(id, title string) string {
	return "  " + id + ": {title: " + title + ", trigger: t, do: Give 20 mg, record: r, safety: s, branches: {always: {condition: worse}, out: {condition: else, wording: inpatient}}}\n"
}

// eachWithContent runs a case on both engines over the small content, its built-in
// editions recorded as at the start of a process.
func eachWithContent(t *testing.T, run func(t *testing.T, c *Country, e editors)) {
	t.Helper()
	each(t, func(t *testing.T, c *Country) {
		c.Store = c.openWithContent(t)
		_, err := c.RecordReferences(ctx, references(t))
		must(t, err)
		author := c.As(models.RoleProtocolEditor, c.Ministry)
		run(t, c, editors{author, author.Colleague(), author.Colleague().Colleague()})
	})
}

func (c *Country) openWithContent(t *testing.T) *store.Store {
	t.Helper()
	return c.Open(t, func(o *store.Options) { o.Editions = protocols.Check(content) })
}

// references returns the built-in editions.
func references(t testing.TB) []models.Bundle {
	t.Helper()
	refs, err := protocols.References(content)
	must(t, err)
	return refs
}

// newEdition is the built-in edition of the clinic under another name.
func newEdition(t testing.TB, name string) models.Bundle {
	t.Helper()
	b := references(t)[0]
	b.Edition, b.ChangeNote = name, "For a test."
	b.Files["protocol.yaml"] = strings.Replace(b.Files["protocol.yaml"], builtInEdition, name, 1)
	return b
}

// overlay lays one changed title over the built-in edition.
func overlay(name, title string) models.Bundle {
	return models.Bundle{Protocol: clinicProtocol, Edition: name, Base: builtInEdition, ChangeNote: "For a test.",
		Files: map[string]string{"text/en/changes.yaml": "steps:\n  in-clinic-next: {title: " + title + "}\n"}}
}

func shelf(s *store.Store) protocols.Shelf {
	return protocols.Shelf{Seq: s.PublicationSeq, Publications: s.Publications, Edition: s.EditionSet}
}

func loaded(t testing.TB) *protocols.Catalog {
	t.Helper()
	c, err := protocols.Load(content)
	must(t, err)
	return c
}
