package exchange

import "jol/models/protocols"

// NewActivityDefinition writes one step of a protocol as a proposed task. A dose is
// never ordered: what the protocol says about doses stays in its texts.
func NewActivityDefinition(d *protocols.Document, s *protocols.DocumentStep) ActivityDefinition {
	id := s.ID
	a := ActivityDefinition{ResourceType: "ActivityDefinition", ID: id, Language: "en",
		URL: Canonical("ActivityDefinition", id), Version: d.Edition, Name: computerName(s.ID),
		Jurisdiction: jurisdiction(d), UseContext: venues(s.Setting), Kind: "Task", Intent: "proposal",
		Participant: participants(s.Who), Extension: append(translationStatus(s.Translations), numbers(s.Numbers)...)}
	a.Status, a.Experimental = status(d)
	a.Title, a.TitleExt = translated(s.Title)
	a.Description, a.DescriptionExt = translated(paragraphs(s.Trigger, s.Do))
	a.Purpose, a.PurposeExt = translated(d.Notice)
	a.Usage, a.UsageExt = translated(s.Safety)
	if s.Record.English != "" {
		a.Extension = append(a.Extension, textExtension(definition("record"), s.Record))
	}
	a.RelatedArtifact = append(evidence(s.Sources), forms(s.Forms)...)
	a.RelatedArtifact = append(a.RelatedArtifact, RelatedArtifact{Type: "derived-from", Display: d.Title.English,
		Resource: Canonical("PlanDefinition", d.Slug) + "|" + d.Edition})
	a.Text = narrative("#"+s.Title.English, s.Trigger.English, s.Do.English, s.Safety.English, s.Record.English, d.Notice.English)
	return a
}

// venues are the settings of a step; a step for any setting has none.
func venues(settings []string) []UsageContext {
	var out []UsageContext
	for _, s := range settings {
		if s != "any" {
			out = append(out, UsageContext{
				Code:  Coding{System: "http://terminology.hl7.org/CodeSystem/usage-context-type", Code: "venue", Display: "Clinical Venue"},
				Value: Concept{[]Coding{coding("setting", s, "")}}})
		}
	}
	return out
}

// numbers are the quantities quoted in the English texts, each with its basis.
func numbers(list []protocols.Number) []Extension {
	var out []Extension
	for _, n := range list {
		e := Extension{URL: definition("number"), Extension: []Extension{
			{URL: "field", ValueString: n.Field}, {URL: "text", ValueString: n.Text}, {URL: "basis", ValueCode: string(n.Basis)}}}
		if n.Source != "" {
			e.Extension = append(e.Extension, Extension{URL: "source", ValueCode: n.Source})
		}
		out = append(out, e)
	}
	return out
}
