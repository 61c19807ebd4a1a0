package models

import (
	"slices"
	"time"
)

// ReleaseCase prepares a release from custody and follows it up. There is one a stay.
type ReleaseCase struct {
	ID             string `gorm:"primaryKey"`
	SpellID        string
	ClientID       ClientID
	OrganisationID OrganisationID // the health unit
	LeadID         UserID
	PlannedOn      Date // empty for a release that nobody planned
	ExitRegion     string
	State          string
	Unplanned      bool
	ReleasedAt     *time.Time
	// ReceiverID is the organisation responsible from the release on, unless that is
	// still the health unit. ByDefault says that nobody had accepted: the default clinic
	// of the region is responsible and knows no more than it needs to begin.
	ReceiverID OrganisationID
	ByDefault  bool
	ClientTold bool // at the release, who is responsible from then on
	LinkedOn   Date // when the case was closed as linked
	Version    int64
	CreatedAt  time.Time
}

// Release case states. Linked and not_linked are never stored before the case is closed:
// they are computed when the case is looked at.
const (
	CaseOpened        = "opened"
	CaseAssessed      = "assessed"
	CaseReferralsSent = "referrals_sent"
	CaseReady         = "ready"
	CaseReleased      = "released"
	CaseLinked        = "linked"
	CaseNotLinked     = "not_linked"
	CaseClosed        = "closed"
	CasePending       = "pending" // of an outcome: its day has not come
)

var unreleased = []string{CaseOpened, CaseAssessed, CaseReferralsSent, CaseReady}

// ReleaseCaseMachine is the life of a release case. A release comes from any state before it,
// because nobody waits for paper.
var ReleaseCaseMachine = &Machine{
	Noun:   "release_case",
	States: []string{CaseOpened, CaseAssessed, CaseReferralsSent, CaseReady, CaseReleased, CaseLinked, CaseNotLinked, CaseClosed},
	Start:  []string{CaseOpened, CaseReleased},
	Moves: []Move{
		{"assessment", []Party{HealthUnit}, []string{CaseOpened}, CaseAssessed},
		{"referrals", []Party{HealthUnit}, []string{CaseAssessed}, CaseReferralsSent},
		{"readiness", []Party{HealthUnit}, []string{CaseAssessed, CaseReferralsSent}, CaseReady},
		{"release", nil, unreleased, CaseReleased},
		{"attendance", nil, []string{CaseReleased}, CaseLinked},
		{"day_180", nil, []string{CaseReleased}, CaseNotLinked},
		{"closure", []Party{HealthUnit}, []string{CaseLinked, CaseNotLinked}, CaseClosed},
		{"transfer", nil, unreleased, CaseClosed},
		{"death", nil, unreleased, CaseClosed},
		{"escape", nil, unreleased, CaseClosed},
	},
}

// CaseLead is how long before the planned release a case is opened, in days.
const CaseLead = 90

// releaseSteps are when each state should be reached, in days before the planned release:
// editorial defaults (case management, release.open, assess, refer, ready).
var releaseSteps = []struct {
	state string
	days  int
}{{CaseOpened, CaseLead}, {CaseAssessed, 60}, {CaseReferralsSent, 30}, {CaseReady, 7}}

// Milestones are the days after release on which somebody is linked or not: 21 is seen in
// a source (OHID 2023), the others are project decisions.
var Milestones = []int{21, 90, 180}

// ReleaseStep is one step of the preparation and when it should be done.
type ReleaseStep struct {
	State   string
	Due     Date
	Overdue bool
	Basis   string // E: an editorial default
}

// Steps computes the due dates from the planned release as it is now.
func (c *ReleaseCase) Steps(today Date) []ReleaseStep {
	var steps []ReleaseStep
	if c.PlannedOn == "" {
		return steps
	}
	reached := slices.IndexFunc(releaseSteps, func(s struct {
		state string
		days  int
	}) bool {
		return s.state == c.State
	})
	for i, s := range releaseSteps {
		due := c.PlannedOn.AddDays(-s.days)
		steps = append(steps, ReleaseStep{State: s.state, Due: due, Overdue: reached >= 0 && i > reached && today > due, Basis: "editorial"})
	}
	return steps
}

// DueBetween returns, for each state a case can wait in, the planned releases whose next
// step falls due between two days: what a list is filtered by. An empty from has no bound.
func DueBetween(from, until Date) (states []string, planned [][2]Date) {
	for i, s := range releaseSteps {
		days := 0 // a ready case waits for the release itself
		if i+1 < len(releaseSteps) {
			days = releaseSteps[i+1].days
		}
		bounds := [2]Date{"", until.AddDays(days)}
		if from != "" {
			bounds[0] = from.AddDays(days)
		}
		states, planned = append(states, s.state), append(planned, bounds)
	}
	return states, planned
}

// Outcome is whether somebody was in care a number of days after release.
type Outcome struct {
	Day    int
	Result string // linked, not_linked or pending
}

// Outcomes are computed from the first day the person was seen in care after release,
// empty when there was none.
func (c *ReleaseCase) Outcomes(seen, today Date, zone string) []Outcome {
	var out []Outcome
	if c.ReleasedAt == nil {
		return out
	}
	released := DateOf(*c.ReleasedAt, zone)
	for _, day := range Milestones {
		result, until := CasePending, released.AddDays(day)
		switch {
		case seen != "" && seen <= until:
			result = CaseLinked
		case today > until:
			result = CaseNotLinked
		}
		out = append(out, Outcome{Day: day, Result: result})
	}
	return out
}

// StateOn returns the state with linkage computed.
func (c *ReleaseCase) StateOn(seen, today Date, zone string) string {
	if c.State != CaseReleased {
		return c.State
	}
	last := c.Outcomes(seen, today, zone)[len(Milestones)-1].Result
	if last == CasePending {
		return CaseReleased
	}
	return last
}

// Risk is the risk of overdose after a release: peak for 7 days, elevated for 28.
func (c *ReleaseCase) Risk(now time.Time) string {
	switch {
	case c.ReleasedAt == nil || now.After(c.ReleasedAt.Add(RiskElevated)):
		return "none"
	case now.After(c.ReleasedAt.Add(RiskPeak)):
		return "elevated"
	}
	return "peak"
}

// Do makes a move from the state as computed.
func (c *ReleaseCase) Do(name, state string, seen Date) error {
	to, err := ReleaseCaseMachine.Next(state, name, HealthUnit)
	if err != nil {
		return err
	}
	if name == "closure" {
		c.LinkedOn = seen
	}
	c.State = to
	c.Version++
	return nil
}

// Replan follows the planned release of the stay, as long as nobody was released.
func (c *ReleaseCase) Replan(on Date) bool {
	if !slices.Contains(unreleased, c.State) || c.PlannedOn == on {
		return false
	}
	c.PlannedOn = on
	c.Version++
	return true
}

// Released records the release. Who is responsible from now on is set beside.
func (c *ReleaseCase) Released(s *CustodySpell) {
	c.State, c.ReleasedAt, c.ExitRegion = CaseReleased, s.EndedAt, s.ExitRegion
	c.Unplanned = s.State == SpellUnplannedReleased
	c.Version++
}
