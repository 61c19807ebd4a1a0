package models

import "unicode/utf8"

// CheckText screens a free-text field. A refusal names the rule; the text is never
// echoed, stored or logged.
func CheckText(c *Checks, pointer, text string) {
	if utf8.RuneCountInString(text) > MaxNote {
		c.Add(pointer, "text.too_long")
		return
	}
	if rule, ok := ScreenText(text); !ok {
		c.identifies(pointer, rule)
	}
}
