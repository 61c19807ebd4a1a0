package protocols

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// sourceLanguage is the language every other one is translated from and falls back to.
const sourceLanguage = "en"

// Translation states. Stale means that the English text changed after the
// translation was made.
const (
	statusReviewed = "reviewed"
	statusDraft    = "draft"
	statusStale    = "stale"
)

// phrase is a text with the place where it was written.
type phrase struct {
	text string
	at   position
}

// branchText is what a reader sees of a branch. Wording may be absent where the
// branch leads to steps: their titles say it.
type branchText struct {
	condition, wording string
	at                 position
}

// stepText holds the texts of one step in one language; any of them may be missing
// in a translation.
type stepText struct {
	status, sourceHash                 string
	title, trigger, do, record, safety string
	branches                           map[string]branchText
	limits                             map[string]phrase
	at                                 position
}

// protocolText holds the texts of one protocol in one language, from all its files.
type protocolText struct {
	status        string
	title, notice phrase
	phases        map[string]phrase
	steps         map[string]*stepText
}

// worse returns the state that deserves more caution.
func worse(a, b string) string {
	for _, s := range []string{statusStale, statusDraft, statusReviewed} {
		if a == s || b == s {
			return s
		}
	}
	return statusDraft
}

// fields returns the texts of the step by path; limits are left out because each
// limit carries its own basis.
func (t *stepText) fields(s *Step) []struct{ path, text string } {
	out := []struct{ path, text string }{
		{"title", t.title}, {"trigger", t.trigger}, {"do", t.do}, {"record", t.record}, {"safety", t.safety},
	}
	for _, b := range s.Branches {
		bt := t.branches[b.ID]
		out = append(out,
			struct{ path, text string }{"branches." + b.ID + ".condition", bt.condition},
			struct{ path, text string }{"branches." + b.ID + ".wording", bt.wording})
	}
	return out
}

// hash identifies the English text a translation was made from: 12 hex digits,
// served with each step so that a translator can copy it.
func (t *stepText) hash(s *Step) string {
	parts := []string{}
	for _, f := range t.fields(s) {
		parts = append(parts, f.path, f.text)
	}
	for _, l := range s.Limits {
		parts = append(parts, "limits."+l.ID, t.limits[l.ID].text)
	}
	b, _ := json.Marshal(parts) // a []string always marshals
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// currentStatus is the declared state, or stale when the English text has moved on.
func (t *stepText) currentStatus(hash string) string {
	if t.sourceHash != "" && !strings.EqualFold(t.sourceHash, hash) {
		return statusStale
	}
	return t.status
}
