package exchange

import (
	"html"
	"strings"

	"jol/models/protocols"
)

const translationURL = "http://hl7.org/fhir/StructureDefinition/translation"

// translated returns the English of a text and, for the element beside it, its
// translations; nil when there are none.
func translated(t protocols.Text) (string, *Element) {
	if len(t.Other) == 0 {
		return t.English, nil
	}
	e := &Element{}
	for _, o := range t.Other {
		e.Extension = append(e.Extension, Extension{URL: translationURL, Extension: []Extension{
			{URL: "lang", ValueCode: o.Lang}, {URL: "content", ValueString: o.Text}}})
	}
	return t.English, e
}

// paragraphs joins texts. A translation is joined only where it has every text that
// English has: half of it would hide what is missing.
func paragraphs(texts ...protocols.Text) protocols.Text {
	var english []string
	count, other := map[string]int{}, map[string][]string{}
	var langs []string
	for _, t := range texts {
		if t.English == "" {
			continue
		}
		english = append(english, t.English)
		for _, o := range t.Other {
			if count[o.Lang]++; count[o.Lang] == 1 {
				langs = append(langs, o.Lang)
			}
			other[o.Lang] = append(other[o.Lang], o.Text)
		}
	}
	joined := protocols.Text{English: strings.Join(english, "\n\n")}
	for _, lang := range langs {
		if count[lang] == len(english) {
			joined.Other = append(joined.Other, protocols.Translated{Lang: lang, Text: strings.Join(other[lang], "\n\n")})
		}
	}
	return joined
}

// textExtension is an extension with a text and its translations.
func textExtension(url string, t protocols.Text) Extension {
	e := Extension{URL: url}
	e.ValueString, e.ValueStringExt = translated(t)
	return e
}

// translationStatus says of each language how far its texts can be trusted: FHIR's
// translation extension has no place for that.
func translationStatus(list []protocols.Translation) []Extension {
	var out []Extension
	for _, t := range list {
		out = append(out, Extension{URL: definition("translation-status"), Extension: []Extension{
			{URL: "lang", ValueCode: t.Lang}, {URL: "status", ValueCode: t.Status}}})
	}
	return out
}

// narrative renders English headings and paragraphs: a text that begins with # is a heading.
func narrative(lines ...string) Narrative {
	var b strings.Builder
	b.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml" lang="en" xml:lang="en">`)
	for _, line := range lines {
		if line == "" {
			continue
		}
		tag := "p"
		if heading, ok := strings.CutPrefix(line, "#"); ok {
			tag, line = "h2", heading
		}
		b.WriteString("<" + tag + ">" + html.EscapeString(line) + "</" + tag + ">")
	}
	b.WriteString("</div>")
	return Narrative{Status: "generated", Div: b.String()}
}
