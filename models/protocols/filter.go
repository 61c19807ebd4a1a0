package protocols

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"jol/models"
)

// Filter narrows a protocol to the steps of one role, one setting, or both; an empty
// member does not narrow.
type Filter struct {
	Role    models.Role
	Setting string
}

// IsRole reports whether protocols may name the role.
func IsRole(s string) bool { return slices.Contains(roles, models.Role(s)) }

// IsSetting reports whether protocols may name the setting.
func IsSetting(s string) bool { return slices.Contains(settings, s) }

// anySetting is the setting of a step that is the same everywhere.
const anySetting = "any"

// takes reports whether a step is for the role in the setting. A step for any setting
// is for each of them.
func (f Filter) takes(s stepSummary) bool {
	return (f.Role == "" || slices.Contains(s.Who, f.Role)) &&
		(f.Setting == "" || slices.Contains(s.Setting, f.Setting) || slices.Contains(s.Setting, anySetting))
}

// known reports whether both members are from the closed lists.
func (f Filter) known() bool {
	return (f.Role == "" || IsRole(string(f.Role))) && (f.Setting == "" || IsSetting(f.Setting))
}

// apply leaves only the steps the filter takes, and phases that have such steps. The
// state of the translation stays that of the whole protocol: never better than that
// of what is shown.
func (f Filter) apply(v *protocolView) {
	if f == (Filter{}) {
		return
	}
	if f.Role != "" {
		v.Role = &f.Role
	}
	v.Setting = orNull(f.Setting)
	kept, shown := []phaseView{}, map[string]bool{}
	for _, ph := range v.Phases {
		ph.Steps = slices.DeleteFunc(ph.Steps, func(s stepSummary) bool { return !f.takes(s) })
		if len(ph.Steps) == 0 {
			continue
		}
		kept = append(kept, ph)
		shown["phases."+ph.ID] = true
		for _, s := range ph.Steps {
			shown["steps."+s.ID+".title"] = true
		}
	}
	v.Phases = kept
	v.Translation.Missing = slices.DeleteFunc(v.Translation.Missing, func(path string) bool {
		return strings.Contains(path, ".") && !shown[path]
	})
}

// View returns one role's view of a protocol as JSON, in the shape of Protocol.
func (c *Catalog) View(slug, lang string, f Filter) (*Rendition, error) {
	if c.protocols[slug] == nil || !f.known() {
		return nil, models.NotFound("protocol")
	}
	lang = c.language(lang)
	return c.render(renditionKey{kind: kindView, slug: slug, lang: lang, filter: f}, func() (*Rendition, error) {
		v, body, err := c.protocolView(slug, lang)
		if err != nil {
			return nil, err
		}
		f.apply(&v)
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return nil, err
		}
		return newRendition(body.Language, "application/json", out.Bytes()), nil
	})
}
