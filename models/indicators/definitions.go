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

import "jol/models"

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
	// YearOnly says that the period is a calendar year.
	YearOnly bool
	// Window returns the last day that the numbers of a period depend on; nil is the
	// period's last day. FinalOn adds the days for late entry.
	Window func(Period) models.Date
	// PerClient is m, the most units a client adds to one measure of one table.
	PerClient int
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

// Frame is what a count is taken for.
type Frame struct {
	Period Period
	// AsOf is the day up to which facts were known. Pass rows through Known first.
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

// Catalogue lists every indicator. Nothing writes to it.
var Catalogue = []Indicator{
	{
		ID: "TDI01",
		Title: map[string]string{
			"en": "People entering treatment",
			"ru": "Лица, начавшие лечение",
			"kk": "Емдеуге түскен адамдар",
		},
		Numerator:   "Distinct persons with a new TDI entry; the earliest new entry of the year supplies every attribute.",
		Population:  "Persons in structured treatment whose primary drug is not alcohol (code 80); an unknown drug (99) is kept.",
		PeriodLogic: "Entry date in the year. A quarter counts the persons whose entry of the year falls in it, so nobody is counted in two quarters.",
		Breakdowns:  []string{DimRegion, DimSex, DimAge, DimDrug, DimCentre},
		Source:      "EUDA Treatment Demand Indicator 3.0",
		Rule:        "TDI-6M: no structured episode active on any of the 182 days before the start.",
		PerClient:   1,
		OncePerYear: true,
		Count:       countEntrants,
	},
	{
		ID: "REF01",
		Title: map[string]string{
			"en": "Referrals completed within 30 days",
			"ru": "Направления, завершённые в течение 30 дней",
			"kk": "30 күн ішінде аяқталған жолдамалар",
		},
		Numerator:   "Counted referrals attended on day 0 to 30 after sending.",
		Denominator: "Referrals sent in the period, whatever became of them: declined, cancelled and withdrawn ones stay in.",
		Population:  "Every client referred by an organisation of the country; at most the first three referrals a client and period.",
		PeriodLogic: "Sent in the period, both ends included; the attendance may lie after it.",
		Breakdowns:  []string{DimRegion},
		Source:      "Decision of this project",
		Rule:        "REF-30D: attended on - sent on <= 30 days, civil dates of the sending organisation.",
		PerClient:   3,
		Count:       countReferrals,
	},
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
