package protocols

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// wordGroups are the keys of text/<language>/page.yaml: the interface words of the
// pages, and the names of what the structure of a step has codes for.
var wordGroups = []string{"words", "units", "roles", "settings", "anchors", "countries"}

// pageWords reads the words of one language; a word's key is group.name.
func (r *reader) pageWords(n ast.Node) map[string]phrase {
	rec := r.record(n, "page words", wordGroups...)
	out := map[string]phrase{}
	for _, group := range wordGroups {
		for key, p := range rec.phrases(group) {
			out[group+"."+key] = p
		}
	}
	if len(out) == 0 {
		r.add(rec.at, "page words hold no word")
	}
	return out
}

func (c *content) addWords(lang string, w map[string]phrase) {
	if c.words == nil {
		c.words = map[string]map[string]phrase{}
	}
	c.words[lang] = w
}

// checkWords refuses words for what does not exist, and words that English, to which
// every other language falls back, does not have.
func (c *content) checkWords() {
	for lang, own := range c.words {
		c.checkLanguage(lang, position{"text/" + lang + "/page.yaml", 0})
		for key, p := range own {
			group, code, _ := strings.Cut(key, ".")
			known := true
			switch group {
			case "roles":
				known = slices.Contains(roles, models.Role(code))
			case "settings":
				known = slices.Contains(settings, code)
			case "anchors":
				_, known = c.anchors[code]
			case "countries":
				known = slices.Contains(models.Countries, code)
			}
			if !known {
				c.add(p.at, "word for %s, which is not one of the %s", code, group)
			}
			english, ok := c.words[sourceLanguage][key]
			if !ok {
				c.add(p.at, "word %s, which English does not have", key)
			} else if !sameFigures(p.text, english.text) {
				c.add(p.at, "word %s has the figures %q, its English text %q", key, figures(p.text), figures(english.text))
			}
		}
	}
}

// wordList holds the interface words of one language, completed from English.
type wordList map[string]string

func (c *content) wordsByLanguage() map[string]wordList {
	out := map[string]wordList{}
	for _, lang := range append(c.languages(), sourceLanguage) {
		w := wordList{}
		for _, have := range []map[string]phrase{c.words[sourceLanguage], c.words[lang]} {
			for key, p := range have {
				w[key] = p.text
			}
		}
		out[lang] = w
	}
	return out
}

// T returns a word, with {name} replaced by the value that follows the name in pairs.
// A word that not even English has shows its key, so that its place is not empty.
func (w wordList) T(key string, pairs ...any) string {
	return w.get("words", key, pairs...)
}

// Role names a role.
func (w wordList) Role(r models.Role) string { return w.get("roles", string(r)) }

// Setting names a setting.
func (w wordList) Setting(s string) string { return w.get("settings", s) }

// Country names a country.
func (w wordList) Country(code string) string { return w.get("countries", code) }

// Anchor names an event that a time limit counts from.
func (w wordList) Anchor(a string) string { return w.get("anchors", a) }

func (w wordList) get(group, key string, pairs ...any) string {
	text, ok := w[group+"."+key]
	if !ok {
		return key
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		value, isText := pairs[i+1].(string)
		if n, isNumber := pairs[i+1].(int); isNumber && !isText {
			value = strconv.Itoa(n)
		}
		text = strings.ReplaceAll(text, "{"+pairs[i].(string)+"}", value)
	}
	return text
}

// units maps the designators of ISO 8601 to words. M is a month before T.
var units = map[string]string{
	"TM": "minute", "TH": "hour", "TS": "second", "D": "day", "M": "month", "Y": "year",
}

// Duration says a duration of one unit, such as PT24H, in words.
func (w wordList) Duration(iso string, workingDays bool) string {
	body := strings.TrimPrefix(iso, "P")
	prefix := ""
	if strings.HasPrefix(body, "T") {
		prefix, body = "T", body[1:]
	}
	if body == "" {
		return iso
	}
	unit, ok := units[prefix+body[len(body)-1:]]
	if !ok {
		return iso
	}
	if unit == "day" && workingDays {
		unit = "working_day"
	}
	return w.get("units", unit, "n", body[:len(body)-1])
}
