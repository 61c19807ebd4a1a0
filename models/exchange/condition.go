package exchange

import "jol/models/protocols"

const (
	absentURL = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
	celType   = "text/x-cel"
)

// condition says when a branch is taken. FHIR names three expression languages and
// ours is none of them. Its binding is extensible, but the published JSON schema takes
// no other code, and calling CEL "text/cql" would be a lie that a CQL engine finds out
// at the bedside. So the language is absent, with the reason, and an extension names
// the real one. A client that does not know it must stop, where a condition without an
// expression would read as "always".
func condition(d *protocols.Document, s *protocols.DocumentStep, b protocols.DocumentBranch) Condition {
	e := expression(b.Condition, b.When)
	if b.When == "" { // exp-1 wants to know where the text stands
		e.Reference = Authority + "/api/v1/protocols/" + d.Slug + "/steps/" + s.ID + "#" + b.ID
	}
	c := Condition{Kind: "applicability", Expression: e}
	if b.Otherwise {
		c.Extension = []Extension{{URL: definition("otherwise"), ValueBoolean: true}}
	}
	return c
}

// entry says when a person can enter the protocol at a step; nil when a step is reached
// through branches only.
func entry(s *protocols.DocumentStep) []Condition {
	if s.Applies == "" {
		return nil
	}
	return []Condition{{Kind: "applicability", Expression: expression(s.Trigger, s.Applies)}}
}

// expression is a text with its CEL, when there is any; else a person decides by it.
func expression(text protocols.Text, cel string) Expression {
	e := Expression{Expression: cel, LanguageExt: Element{[]Extension{{URL: absentURL, ValueCode: "as-text"}}}}
	if cel != "" {
		e.LanguageExt = Element{[]Extension{{URL: absentURL, ValueCode: "unsupported"}, {URL: definition("expression-language"), ValueCode: celType}}}
	}
	e.Description, e.DescriptionExt = translated(text)
	return e
}

// question is what people are asked at a step; the answers are its branches.
func question(text protocols.Text) []Extension {
	if text.English == "" {
		return nil
	}
	return []Extension{textExtension(definition("question"), text)}
}

// safetyStop marks what comes before everything else.
func safetyStop(stop bool) []Extension {
	if !stop {
		return nil
	}
	return []Extension{{URL: definition("safety-stop"), ValueBoolean: true}}
}
