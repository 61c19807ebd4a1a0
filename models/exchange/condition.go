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
	e := Expression{}
	e.Description, e.DescriptionExt = translated(b.Condition)
	if b.When != "" {
		e.Expression = b.When
		e.LanguageExt = Element{[]Extension{{URL: absentURL, ValueCode: "unsupported"},
			{URL: definition("expression-language"), ValueCode: celType}}}
	} else {
		// A person decides by the text. exp-1 wants to know where it stands.
		e.Reference = Authority + "/api/v1/protocols/" + d.Slug + "/steps/" + s.ID + "#" + b.ID
		e.LanguageExt = Element{[]Extension{{URL: absentURL, ValueCode: "as-text"}}}
	}
	return Condition{Kind: "applicability", Expression: e}
}
