package protocols

import "jol/models"

// Basis says how far a number or citation can be trusted.
type Basis string

// The bases. An editorial number is a default to configure, never a standard.
const (
	Seen      Basis = "seen"      // seen in a passage of the named source
	General   Basis = "general"   // general knowledge of the source, not looked up
	Editorial Basis = "editorial" // proposal of this edition
)

// The kinds of Limit.
const (
	KindOffset    = "offset"    // a moment counted from an anchor
	KindRecurring = "recurring" // something done again and again
	KindLocal     = "local"     // set by the facility or a law, no number here
)

// roleClient occurs in protocol texts only; no user holds it.
const roleClient models.Role = "client"

// roles and settings are the closed lists a step may name.
var (
	roles    = append([]models.Role{roleClient}, models.Roles...)
	settings = []string{"clinic", "prison", "ngo", "community", "any"}
)

// Where a person can enter a protocol.
const (
	EntryProtocol = "protocol" // when this protocol is evaluated
	EntryAnywhere = "anywhere" // when any protocol is evaluated: danger does not wait for the right document
)

// Step is the structure of one step, without its texts. It is shared: callers read
// it and never change it.
type Step struct {
	Protocol string
	Phase    string
	ID       string
	Order    int // position in the protocol, from 1
	Who      []models.Role
	Setting  []string
	// Entry and Applies say that a person can enter here, and when (CEL). A step without
	// them is reached through branches only.
	Entry   string
	Applies string
	// Needs is a capability without which the step cannot be done; Alternative is the step
	// that takes its place.
	Needs       string
	Alternative string
	// Stop marks a step that comes before everything else.
	Stop     bool
	Branches []Branch
	Limits   []Limit
	Numbers  []Number
	Forms    []string
	Sources  []Citation
	at       position
	applies  *condition
}

// Branch is one way out of a step: either the steps that follow or, when nothing
// follows, a coded outcome. Its id is stable within the step, so that conditions
// and translations can refer to it.
//
// Exactly one of When (a CEL condition over the declared facts), Ask (a human decision;
// the step's ask branches are its closed list of answers) and Otherwise (no other
// branch of the step holds, and that is known) is set. Stop marks a hard safety stop.
type Branch struct {
	ID        string
	When      string
	Ask       bool
	Otherwise bool
	Stop      bool
	To        []string
	Outcome   string
	at        position
	when      *condition
}

// Limit is one time limit. Offsets are ISO 8601 durations of one unit. Bound is
// about the computed moment on the time line, also for Direction "before": max is
// not later, min is not earlier, target is aimed at. For a recurring limit, Every is
// the interval (to EveryMax, when the text gives a range), Until the offset from the
// anchor at which it stops, and a min bound means not more often. A hard limit may not be
// passed; the others are aims that are looked at when missed.
type Limit struct {
	ID          string
	Kind        string
	Anchor      string
	Direction   string
	Offset      string
	WorkingDays bool
	Every       string
	EveryMax    string
	Until       string
	Bound       string
	Hard        bool
	Basis       Basis
	Source      string
	at          position
}

// Number is the basis of a quantity quoted from an English text of the step. Field
// is the path of the text, such as "do" or "branches.mild.condition". A number
// that the content says nothing about is listed as editorial.
type Number struct {
	Field  string
	Text   string
	Basis  Basis
	Source string
	at     position
}

// Citation is a source a step rests on. Extent says what of the source was seen
// when it was not the passage itself, for example only its title.
type Citation struct {
	Code    string
	Section string
	Basis   Basis
	Extent  string
	at      position
}

// Source is a publication or act. Seen is false when nobody opened it for this
// edition; nothing may then cite it as seen.
type Source struct {
	Code     string
	Title    string
	Address  string
	Seen     bool
	WhatSeen string
	Notes    string
	at       position
}
