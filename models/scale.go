package models

import "slices"

// Scale is one use of a screening or withdrawal scale: a score, its items, or both.
type Scale struct {
	On     Date           `json:"on" validate:"required"`                                        // the day
	Tool   string         `json:"tool" validate:"required" enums:"assist,audit,dudit,ciwa,cows"` // screening: assist, audit, dudit; observation: ciwa, cows
	Key    string         `json:"key" format:"slug"`                                             // ASSIST: the substance asked about
	System string         `json:"system" format:"slug"`                                          // of bands; empty takes the tool's default
	Score  *int           `json:"score"`                                                         // may be left out when every item is there
	Items  map[string]int `json:"items"`                                                         // answers by item; may be left out when there is a score
}

// Scored is what is computed of a scale when it is recorded.
type Scored struct {
	ToolVersion string `json:"toolVersion"`
	Band        string `json:"band"`
}

// Scoring computes a scale's score, system and band from the tools of the protocols. What
// is impossible it adds to the checks, with a pointer. main wires protocols.Scoring.
type Scoring func(c *Checks, s *Scale, sex string) Scored

var (
	screeningTools   = []string{"assist", "audit", "dudit"}
	observationTools = []string{"ciwa", "cows"}
)

func (s *Scale) check(c *Checks, today Date, tools []string) {
	checkOn(c, s.On, today)
	c.Require(slices.Contains(tools, s.Tool), "/tool", "screening.tool_unknown")
	c.Require(s.Score != nil || len(s.Items) > 0, "/score", "screening.score_required")
}

func (s *Scale) scored(c *Checks, f EntryFacts) Scored {
	if f.Score == nil {
		c.Add("/tool", "screening.tool_unknown")
		return Scored{}
	}
	return f.Score(c, s, f.Sex)
}

func (s *Scale) summary(band string) EntrySummary {
	sum := EntrySummary{On: s.On, Code: s.Tool, Result: band}
	if s.Key != "" {
		sum.Code += ":" + s.Key
	}
	if s.Score != nil {
		sum.Quantity = int64(*s.Score)
	}
	return sum
}

// Screening is a screening result: code "audit" or "assist:opioids", result the band,
// quantity the score.
type Screening struct {
	Scale
	Scored
}

// Kind is screening.
func (*Screening) Kind() EntryKind { return EntryScreening }

// Check validates the input.
func (s *Screening) Check(c *Checks, today Date) { s.check(c, today, screeningTools) }

func (s *Screening) complete(c *Checks, f EntryFacts) { s.Scored = s.scored(c, f) }

// Summary is what is counted.
func (s *Screening) Summary() EntrySummary { return s.summary(s.Band) }

// Observation is one look at withdrawal signs on a scale.
type Observation struct {
	Scale
	Scored
}

// Kind is observation.
func (*Observation) Kind() EntryKind { return EntryObservation }

// Check validates the input.
func (o *Observation) Check(c *Checks, today Date) { o.check(c, today, observationTools) }

func (o *Observation) complete(c *Checks, f EntryFacts) { o.Scored = o.scored(c, f) }

// Summary is what is counted.
func (o *Observation) Summary() EntrySummary { return o.summary(o.Band) }
