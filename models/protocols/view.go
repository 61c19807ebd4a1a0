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
	Branches    []branchView    `json:"branches"`
	Limits      []limitView     `json:"limits"`
	Numbers     []numberView    `json:"numbers"`
	Record      string          `json:"record"`
	Forms       []formView      `json:"forms"`
	Safety      string          `json:"safety"`
	Sources     []sourceView    `json:"sources"`
	Translation translationView `json:"translation"`
}

type branchView struct {
	ID        string       `json:"id"`
	Condition string       `json:"condition"`
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
