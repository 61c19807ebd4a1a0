package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText screens a free-text field. A refusal names the rule; the text is never
// echoed, stored or logged.
func CheckText(c *Checks, pointer, text string) {
	if utf8.RuneCountInString(text) > MaxNote {
		c.Add(pointer, "text.too_long")
		return
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		c.Add(pointer, "text.not_printable")
		return
	}
	if rule, ok := ScreenText(text); !ok {
		c.identifies(pointer, rule)
	}
}

// unprintable reports control characters other than line breaks and tabs; PostgreSQL
// cannot store the zero byte at all.
func unprintable(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }

// LocalNumeral writes a numeral as people read it in the language: Russian and Kazakh have a
// decimal comma. What programs read (CSV, XLSX, DHIS2, FHIR) never goes through here.
func LocalNumeral(numeral, lang string) string {
	if lang == "en" {
		return numeral
	}
	return strings.Replace(numeral, ".", ",", 1)
}
