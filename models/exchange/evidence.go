package exchange

import (
	"strings"

	"jol/models/protocols"
)

// basisText says in words how far a source was looked at.
var basisText = map[protocols.Basis]string{
	protocols.Seen:      "seen in a passage of the source",
	protocols.General:   "general knowledge of the source, not looked up",
	protocols.Editorial: "editorial proposal",
}

// evidence is the sources of a step, each with its basis.
func evidence(list []protocols.DocumentSource) []RelatedArtifact {
	var out []RelatedArtifact
	for _, s := range list {
		a := sourceArtifact(s.Source)
		a.Citation = sentence(s.Source.Title, s.Section, s.Source.Address) + " Basis: " + basisText[s.Basis] + extent(s.Extent) + "."
		a.Extension = []Extension{{URL: definition("basis"), ValueCode: string(s.Basis)}}
		if s.Extent != "" {
			a.Extension = append(a.Extension, Extension{URL: definition("extent"), ValueString: s.Extent})
		}
		out = append(out, a)
	}
	return out
}

func extent(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// sourceArtifact is a source as a citation.
func sourceArtifact(s *protocols.Source) RelatedArtifact {
	return RelatedArtifact{Type: "citation", Label: s.Code, Display: s.Title,
		Citation: sentence(s.Title, s.Address), URL: firstAddress(s.Address)}
}

// sentence joins what is there.
func sentence(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, strings.TrimSuffix(p, "."))
		}
	}
	return strings.Join(kept, ". ") + "."
}

// firstAddress picks the address that a program can follow out of one written for people.
func firstAddress(s string) string {
	for part := range strings.SplitSeq(s, " ; ") {
		part = strings.TrimSpace(part)
		if strings.HasPrefix(part, "http") && !strings.ContainsAny(part, " \t\n") {
			return part
		}
	}
	return ""
}

// forms are the forms a step fills in.
func forms(list []protocols.DocumentForm) []RelatedArtifact {
	var out []RelatedArtifact
	for _, f := range list {
		a := RelatedArtifact{Type: "documentation", Label: f.ID}
		a.Display, a.DisplayExt = translated(f.Title)
		out = append(out, a)
	}
	return out
}
