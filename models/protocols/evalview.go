package protocols

import "time"

// Evaluation is what a protocol says about a set of facts: for reading by a
// professional, never an order. Every list is present, empty where there is nothing.
type Evaluation struct {
	Protocol    string          `json:"protocol"`
	Edition     string          `json:"edition"`
	Notice      string          `json:"notice"`
	At          time.Time       `json:"at"`
	Country     string          `json:"country"`
	Safety      []SafetyStop    `json:"safety"`
	Steps       []StepResult    `json:"steps"`
	Decisions   []Decision      `json:"decisions"`
	Missing     []MissingFact   `json:"missing"`
	Bands       []ToolBand      `json:"bands"`
	DoseGap     *DoseGap        `json:"doseGap"`
	Translation EvaluationTexts `json:"translation"`
}

// SafetyStop is a danger that comes before everything else. Branch is null where
// reaching the step is itself the danger.
type SafetyStop struct {
	Step      string         `json:"step"`
	Branch    *string        `json:"branch"`
	Condition string         `json:"condition"`
	Facts     map[string]any `json:"facts"`
	To        []string       `json:"to"`
	Outcome   *CodedOutcome  `json:"outcome"`
	Warning   string         `json:"warning"`
}

// StepResult is a step that applies, with the reasons why and the branches of it that
// hold. DueAt is the moment of the limit that binds first and LimitBasis how that limit
// is known; both are null while an anchor is missing. Available is null for a step that
// needs nothing, or when it is not known whether the place has it.
type StepResult struct {
	ID          string         `json:"id"`
	Protocol    string         `json:"protocol"`
	Edition     string         `json:"edition"`
	Title       string         `json:"title"`
	Because     []Reason       `json:"because"`
	Branches    []BranchResult `json:"branches"`
	DueAt       *time.Time     `json:"dueAt"`
	LimitBasis  *Basis         `json:"limitBasis"`
	Limits      []StepLimit    `json:"limits"`
	Needs       *string        `json:"needs"`
	Available   *bool          `json:"available"`
	Alternative *string        `json:"alternative"`
}

// The kinds of Reason.
const (
	ReasonEntry       = "entry"       // a person enters the protocol here
	ReasonChosen      = "chosen"      // the caller began here
	ReasonBranch      = "branch"      // a condition held
	ReasonAnswer      = "answer"      // somebody decided
	ReasonAlternative = "alternative" // the step before is not available
)

// Reason is why a step applies: From and Branch name the way that led here, When the
// condition as the service computed it and Facts what it rested on.
type Reason struct {
	Kind      string         `json:"kind"`
	From      *string        `json:"from"`
	Branch    *string        `json:"branch"`
	Condition string         `json:"condition"`
	When      *string        `json:"when"`
	Facts     map[string]any `json:"facts"`
}

// BranchResult is a branch that holds, by condition or by answer.
type BranchResult struct {
	Branch    string         `json:"branch"`
	Kind      string         `json:"kind"`
	Condition string         `json:"condition"`
	When      *string        `json:"when"`
	Facts     map[string]any `json:"facts"`
	To        []string       `json:"to"`
	Outcome   *CodedOutcome  `json:"outcome"`
	Stop      bool           `json:"stop"`
}

// CodedOutcome is the end of a branch that leads to no further step.
type CodedOutcome struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// StepLimit is one time limit of a step, without its wording: that may speak of doses,
// and is in the step. MissingAnchor names the fact that would give the limit a moment; Uncertain says that the holidays of a year are not known.
// Override is null for the limit as the protocol has it.
type StepLimit struct {
	ID            string       `json:"id"`
	Kind          string       `json:"kind"`
	Anchor        *string      `json:"anchor"`
	DueAt         *time.Time   `json:"dueAt"`
	MissingAnchor *string      `json:"missingAnchor"`
	Bound         string       `json:"bound"`
	Hard          bool         `json:"hard"`
	Basis         Basis        `json:"basis"`
	Source        *string      `json:"source"`
	Uncertain     bool         `json:"uncertain"`
	Override      *LimitChange `json:"override"`
}

// LimitChange says that a limit is not the protocol's own: By is country or facility.
type LimitChange struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// Decision is a judgement that the protocol leaves to people, with its closed answers.
type Decision struct {
	Step     string   `json:"step"`
	Question string   `json:"question"`
	Answers  []Answer `json:"answers"`
}

// Answer is one answer to a decision; its id is that of a branch.
type Answer struct {
	ID      string        `json:"id"`
	Text    string        `json:"text"`
	To      []string      `json:"to"`
	Outcome *CodedOutcome `json:"outcome"`
}

// MissingFact is a fact that was not given and what it would decide.
type MissingFact struct {
	Fact    string    `json:"fact"`
	Label   string    `json:"label"`
	Decides []Decides `json:"decides"`
}

// The kinds of Decides.
const (
	DecidesEntry     = "entry"     // whether the step applies at all
	DecidesBranch    = "branch"    // whether a branch holds
	DecidesLimit     = "limit"     // when the step is due
	DecidesAvailable = "available" // whether the place can do the step
)

// Decides is one use of a missing fact: a branch or limit of a step, or the step.
type Decides struct {
	Kind string  `json:"kind"`
	Step string  `json:"step"`
	ID   *string `json:"id"`
}

// ToolBand says how a score was read, and in which published system. Bumped is true
// when an item moved the band up already: nobody has to move it again.
type ToolBand struct {
	Tool   string  `json:"tool"`
	System string  `json:"system"`
	Key    *string `json:"key"`
	Score  int     `json:"score"`
	Band   string  `json:"band"`
	Label  string  `json:"label"` // of the band
	Bumped bool    `json:"bumped"`
	Basis  Basis   `json:"basis"`
	Source *string `json:"source"`
}

// DoseGap says how the time since the last dose of an agonist medicine was read: by the
// band of the scheduled doses missed, or by a rule that counts hours. Means is a class
// of what a prescriber would look at (resume_if_well, reinduct, ask_clinician …), never
// a dose. It is null while the last dose or the schedule is not known.
type DoseGap struct {
	Rule        string  `json:"rule"`
	MissedDoses *int    `json:"missedDoses"`
	Gap         *string `json:"gap"`
	Means       string  `json:"means"`
	Label       string  `json:"label"` // of what it means
	Basis       Basis   `json:"basis"`
	Source      *string `json:"source"`
}

// EvaluationTexts says how far the texts of an evaluation are in its language; Missing
// lists what was answered in English instead.
type EvaluationTexts struct {
	Lang    string   `json:"lang"`
	Status  string   `json:"status"`
	Missing []string `json:"missing"`
}
