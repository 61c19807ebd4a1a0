package models

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// When a dose guard holds.
const (
	GuardFirstDay     = "first_day"     // the first day of treatment, and after a gap that means starting anew
	GuardLowTolerance = "low_tolerance" // the same day, for a client noted as of low tolerance
	GuardAnyDay       = "any_day"
)

// DoseGuardWhen lists the values of DoseGuard.When.
var DoseGuardWhen = []string{GuardFirstDay, GuardLowTolerance, GuardAnyDay}

// DoseGuard is a limit that is shown with an order. A dose above it asks for a reason
// and is recorded with it; a guard never refuses, and nothing here proposes a dose.
type DoseGuard struct {
	ID      string
	When    string
	AboveUg int64
	Basis   string // seen, general or editorial
	Source  string
}

// Guards that follow from the order itself [E].
const (
	GuardAboveOrder    = "above-order"      // the doses of the day add up to more than was ordered
	GuardNotActive     = "order-not-active" // the order was on hold or had ended when the dose was given
	GuardAfterGap      = "after-gap"        // the gap before the dose asks for an assessment
	GuardMoreThanTwice = "more-than-double" // the new dose is more than twice the former one
)

// Bands of a gap that ask for an assessment before the next dose; the first means
// starting anew.
const bandReinduct = "reinduct"

var bandsToAssess = []string{bandReinduct, "reassess_reduce", "ask_clinician"}

// GapQuestion is what the rules need to know to read a gap.
type GapQuestion struct {
	Medicine, Schedule string
	FacilityRule       string // the facility's own rule by hours, "none", or empty: the country's
	Country            string
	InCustody          bool
	LastTaken, Now     time.Time
	Zone               string
	WindowClosed       bool // today's dose is known to have been missed
}

// DoseGap is how a gap was read: by which rule, and what it means there.
type DoseGap struct {
	Rule        string // id of a schedule or of a rule by hours; empty where nobody has published one
	Band        string
	MissedDoses int
	Basis       string
	Source      string
}

// Crossed reports whether the gap means anything at all.
func (g DoseGap) Crossed() bool {
	return g.MissedDoses > 0 || g.ToAssess()
}

// ToAssess reports whether the gap asks for an assessment before the next dose: its band
// says so, or doses were missed on a schedule for which nobody has published bands.
func (g DoseGap) ToAssess() bool {
	return slices.Contains(bandsToAssess, g.Band) || g.Band == "no_rule" && g.MissedDoses > 0
}

// DoseRules are the protocols' dosing data. They come from the catalogue that is served,
// so that the store need not know protocols.
type DoseRules struct {
	Guards func(medicine string) []DoseGuard
	Gap    func(GapQuestion) DoseGap
	// Alert is when the gap after LastTaken begins to mean something, if nothing more is taken
	// or recorded; Now and WindowClosed do not count.
	Alert func(GapQuestion) time.Time
}

// Micrograms reads a dose in mg. Three decimals are kept; nothing is rounded in silence.
// The limit, one kilogram, is there for arithmetic only: guards ask, they do not refuse.
func Micrograms(mg float64) (ug int64, ok bool) {
	if !(mg > 0) || mg > 1_000_000 {
		return 0, false
	}
	scaled := mg * 1000
	if math.Abs(scaled-math.Round(scaled)) > 1e-6*max(1, scaled*1e-6) {
		return 0, false
	}
	return int64(math.Round(scaled)), math.Round(scaled) >= 1
}

// situation is what decides which guards hold.
type situation struct {
	firstDay, lowTolerance bool
}

// above lists the guards that an amount lies above.
func (r DoseRules) above(medicine string, ug int64, s situation) []string {
	outside := []string{}
	for _, g := range r.Guards(medicine) {
		holds := g.When == GuardAnyDay || g.When == GuardFirstDay && s.firstDay || g.When == GuardLowTolerance && s.firstDay && s.lowTolerance
		if holds && ug > g.AboveUg {
			outside = append(outside, g.ID)
		}
	}
	return outside
}

// askReason answers a dose outside guards without a reason: the same request with a
// reason is recorded.
func askReason(outside []string, reason string) error {
	if len(outside) == 0 || reason != "" {
		return nil
	}
	return &Error{
		Kind: KindInvalid, Code: "dose.reason_required",
		Detail: fmt.Sprintf("The dose is outside %s. If it is right, send it again with guardReason; it will be recorded.", strings.Join(outside, ", ")),
		Fields: []FieldError{{Pointer: "/guardReason", Code: "dose.reason_required"}},
	}
}

func checkGuardReason(c *Checks, reason string) {
	c.Require(reason == "" || InList("dose_guard_reason", reason), "/guardReason", "dose.guard_reason_unknown")
}
