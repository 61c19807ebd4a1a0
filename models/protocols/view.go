package protocols

import "jol/models"

// The answer shapes. Keys are always present: null or [] where there is nothing.

type listView struct {
	Items []listItem `json:"items"`
}

type listItem struct {
	Slug      string   `json:"slug"`
	Edition   string   `json:"edition"`
	Title     string   `json:"title"`
	Notice    string   `json:"notice"`
	Languages []string `json:"languages"`
	Steps     int      `json:"steps"`
}

type protocolView struct {
	Slug         string          `json:"slug"`
	Edition      string          `json:"edition"`
	EditionState string          `json:"editionState"`
	Jurisdiction string          `json:"jurisdiction"`
	Title        string          `json:"title"`
	Notice       string          `json:"notice"`
	Role         *models.Role    `json:"role"`    // of a view, see Filter
	Setting      *string         `json:"setting"` // of a view
	Phases       []phaseView     `json:"phases"`
	Translation  translationView `json:"translation"`
}

type phaseView struct {
	ID    string        `json:"id"`
	Title string        `json:"title"`
	Steps []stepSummary `json:"steps"`
}

type stepSummary struct {
	ID      string        `json:"id"`
	Order   int           `json:"order"`
	Title   string        `json:"title"`
	Who     []models.Role `json:"who"`
	Setting []string      `json:"setting"`
}

type stepView struct {
	Protocol    string          `json:"protocol"`
	Edition     string          `json:"edition"`
	State       string          `json:"editionState"` // nobody may follow a withdrawn edition unawares
	Notice      string          `json:"notice"`
	ID          string          `json:"id"`
	Phase       string          `json:"phase"`
	Order       int             `json:"order"`
	Title       string          `json:"title"`
	Who         []models.Role   `json:"who"`
	Setting     []string        `json:"setting"`
	Trigger     string          `json:"trigger"`
	Do          string          `json:"do"`
	Entry       *string         `json:"entry"`
	Applies     *string         `json:"applies"`
	Stop        bool            `json:"stop"`
	Needs       *needsView      `json:"needs"`
	Question    *string         `json:"question"`
	Branches    []branchView    `json:"branches"`
	Limits      []limitView     `json:"limits"`
	Numbers     []numberView    `json:"numbers"`
	Record      string          `json:"record"`
	Forms       []formView      `json:"forms"`
	Safety      string          `json:"safety"`
	Sources     []sourceView    `json:"sources"`
	Translation translationView `json:"translation"`
}

// needsView says what a step cannot be done without, which step takes its place, and
// what is known of each country; null is not known.
type needsView struct {
	Capability  string             `json:"capability"`
	Alternative string             `json:"alternative"`
	Countries   []availabilityView `json:"countries"`
}

type availabilityView struct {
	Country   string `json:"country"`
	Community *bool  `json:"community"`
	Custody   *bool  `json:"custody"`
}

// branchView shows a branch. Rule is when, ask or otherwise.
type branchView struct {
	ID        string       `json:"id"`
	Condition string       `json:"condition"`
	Rule      string       `json:"rule"`
	When      *string      `json:"when"`
	Stop      bool         `json:"stop"`
	To        []string     `json:"to"`
	Outcome   *outcomeView `json:"outcome"`
	Wording   *string      `json:"wording"`
}

type outcomeView struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

type limitView struct {
	ID          string  `json:"id"`
	Kind        string  `json:"kind"`
	Anchor      *string `json:"anchor"`
	Direction   *string `json:"direction"`
	Offset      *string `json:"offset"`
	WorkingDays bool    `json:"workingDays"`
	Every       *string `json:"every"`
	EveryMax    *string `json:"everyMax"`
	Until       *string `json:"until"`
	Bound       *string `json:"bound"`
	Hard        bool    `json:"hard"`
	Basis       Basis   `json:"basis"`
	Source      *string `json:"source"`
	Wording     string  `json:"wording"`
}

// numberView quotes the English text in every language: Field says where to look.
type numberView struct {
	Field  string  `json:"field"`
	Text   string  `json:"text"`
	Basis  Basis   `json:"basis"`
	Source *string `json:"source"`
}

type formView struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type sourceView struct {
	Code    string  `json:"code"`
	Title   string  `json:"title"`
	Address *string `json:"address"`
	Section *string `json:"section"`
	Basis   Basis   `json:"basis"`
	Extent  *string `json:"extent"`
}

// translationView says how far the answer is in its language. Missing lists the
// paths that fell back to English.
type translationView struct {
	Lang       string   `json:"lang"`
	Status     string   `json:"status"`
	Missing    []string `json:"missing"`
	SourceHash *string  `json:"sourceHash"`
}

// orNull turns an absent text into a JSON null.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// orEmpty turns an absent list into a JSON [].
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
