// Package indicators holds what may be counted and published: the indicator
// definitions with their counting rules, the release plan, and the disclosure
// control that turns client rows into a sealed release.
//
// It is pure: rows and the epoch key come in, tables go out. It imports models
// and the standard library only, reads no clock, keeps no state between releases
// and never learns who a person is (a client is a group of rows and a record key).
//
// An indicator is one entry in Catalogue. A table is one line in the plan. Sources
// are cited as "disclosure control" (docs/disclosure-control.md) and "indicators"
// (docs/indicators.md) with their section or rule number.
package indicators

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"jol/models"
)

// Indicator is one definition of the catalogue: the words a reader needs, and the
// function that counts one client.
type Indicator struct {
	ID string
	// Title is the name in English (en), Russian (ru) and Kazakh (kk).
	Title       map[string]string
	Numerator   string
	Denominator string // empty for a plain count
	Population  string
	PeriodLogic string
	// Breakdowns are the dimensions the definition allows, not what a plan publishes.
	Breakdowns []string
	Source     string
	// Rule names the counting rule; it is published with the numbers.
	Rule string
	// Estimate is the kind of population estimate that the numerator can be divided by,
	// see OfEstimate; empty for none.
	Estimate string
	// Unit says what a sum adds up, for example days; empty for persons and events.
	Unit string
	// Needs is the service without which nobody can be counted.
	Needs Need
	// YearOnly says that the period is a calendar year.
	YearOnly bool
	// Window returns the last day that the numbers of a period depend on; nil is the
	// period's last day. FinalOn adds the days for late entry.
	Window func(Period) models.Date
	// PerClient is m, the most units a client adds to one measure, or class, of one table.
	PerClient int
	// usesEntry says that the entry rule of the frame decides who is counted.
	usesEntry bool
	// OncePerYear says that a client can appear in one quarter of a year only.
	OncePerYear bool
	// Count returns what one client adds in the frame: at most PerClient units a
	// measure, the same whatever the order of the client's rows. It is nil where
	// Derived or CountReport is set.
	Count func(ClientRows, Frame) []Fact
	// Derived says from which published counts the indicator is computed.
	Derived string
	// CountReport counts one report of the early warning; such reports are about no
	// client.
	CountReport func(models.SubstanceReport, Frame) []Fact
}

// Need names a service that an indicator counts. Where a country does not offer it, the
// cells that need it are structural zeros: everything, or the numerator alone where the
// denominator counts people in other treatment too.
type Need struct {
	Service       string // models.ServiceOAT, models.ServiceOATPrison; empty for none
	NumeratorOnly bool
}

// Frame is what a count is taken for.
type Frame struct {
	Period Period
	// AsOf is the day up to which facts were known and on which inactivity is judged.
	// Pass rows through Known first.
	AsOf  models.Date
	Rules Rules
}

// Rules are the counting rules that the definitions leave to the deployment. They are
// stored with the result.
type Rules struct {
	Entry  string `json:"entry"`  // RuleTDI6M or RuleTDIDIS
	Supply string `json:"supply"` // of NSP02: SupplyEachWindow or SupplyMonthlyAverage
}

// DefaultRules are those of the catalogue.
var DefaultRules = Rules{Entry: RuleTDI6M, Supply: SupplyEachWindow}

// Rules to choose from.
const (
	RuleTDI6M            = "TDI-6M"          // six months without treatment before a new entry
	RuleTDIDIS           = "TDI-DIS"         // any start after a formal end
	SupplyEachWindow     = "each_window"     // a supply in each 30-day window
	SupplyMonthlyAverage = "monthly_average" // a supply a month on average
)

// The measures of an indicator that is a rate.
const (
	MeasureDenominator = "denominator"
	MeasureNumerator   = "numerator"
)

// The classes of substances that SDG351 counts apart.
const (
	classDrugs   = "drugs"
	classAlcohol = "alcohol"
)

// finalDays is how long after its window a number waits for late entry (indicators, rule 13).
const finalDays = 30

// FinalOn returns the day from which the numbers of a period are final: the end of the
// window they depend on, and 30 days for late entry (indicators, rule 13). An indicator
// appears in the first release sealed on or after it.
func (i Indicator) FinalOn(p Period) models.Date {
	end := p.End()
	if i.Window != nil {
		end = i.Window(p)
	}
	return end.AddDays(finalDays)
}

// StatusOn says whether the numbers of a period are provisional or final on a day.
func (i Indicator) StatusOn(p Period, day models.Date) Status {
	if day < i.FinalOn(p) {
		return Provisional
	}
	return Final
}

// Fits reports whether the indicator has numbers for the period.
func (i Indicator) Fits(p Period) bool { return !i.YearOnly || !p.IsQuarter() }

// RuleFor returns the counting rule in words, with the one chosen where there is a choice.
func (i Indicator) RuleFor(r Rules) string {
	switch {
	case i.usesEntry && r.Entry == RuleTDIDIS:
		return ruleDIS
	case i.ID == "NSP02" && r.Supply == SupplyMonthlyAverage:
		return ruleMonthly
	}
	return i.Rule
}

// Check refuses rules that do not exist.
func (r Rules) Check() error {
	var c models.Checks
	c.Require(r.Entry == RuleTDI6M || r.Entry == RuleTDIDIS, "/entry", "indicator.rule_unknown")
	c.Require(r.Supply == SupplyEachWindow || r.Supply == SupplyMonthlyAverage, "/supply", "indicator.rule_unknown")
	return c.Err()
}

// DefinitionHash is the SHA-256, in hexadecimal, of every definition as it is published,
// under the rules chosen. A release names it.
func DefinitionHash(r Rules) string {
	hash := sha256.New()
	for _, i := range Catalogue {
		fmt.Fprintf(hash, "%q\n", []any{
			i.ID, i.Title["en"], i.Numerator, i.Denominator, i.Population, i.PeriodLogic, i.RuleFor(r), i.Estimate, i.Unit, i.Derived,
			strings.Join(i.Breakdowns, " "), strconv.Itoa(i.PerClient),
		})
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// ByID returns the indicator with the id.
func ByID(id string) (Indicator, bool) {
	for _, indicator := range Catalogue {
		if indicator.ID == id {
			return indicator, true
		}
	}
	return Indicator{}, false
}
