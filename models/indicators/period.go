package indicators

import (
	"fmt"
	"strconv"
	"strings"

	"jol/models"
)

// Period is a calendar quarter or year. Make one with ParsePeriod; two equal
// periods compare equal.
type Period struct {
	quarter    int // 1 to 4; 0 for a year
	start, end models.Date
}

// ParsePeriod reads "2026" or "2026Q1" and nothing else: no ranges, no months, no
// free dates (disclosure control §1, part 2). The years are those of models.Date,
// 1900 to 2200. The error is release.period_unknown and repeats no input.
func ParsePeriod(s string) (Period, error) {
	unknown := models.Fail(models.KindInvalid, "release.period_unknown", "A period is a year (2026) or a quarter (2026Q1).")
	year, quarter, isQuarter := strings.Cut(s, "Q")
	if isQuarter && (len(quarter) != 1 || quarter[0] < '1' || quarter[0] > '4') {
		return Period{}, unknown
	}
	first := 1
	p := Period{}
	if isQuarter {
		p.quarter = int(quarter[0] - '0')
		first = 3*p.quarter - 2
	}
	start, ok := models.ParseDate(fmt.Sprintf("%s-%02d-01", year, first))
	if !ok {
		return Period{}, unknown
	}
	p.start, p.end = start, start.AddMonths(12).AddDays(-1)
	if isQuarter {
		p.end = start.AddMonths(3).AddDays(-1)
	}
	return p, nil
}

// String returns the form ParsePeriod reads.
func (p Period) String() string {
	if p.start == "" {
		return ""
	}
	year := string(p.start[:4])
	if p.quarter == 0 {
		return year
	}
	return year + "Q" + strconv.Itoa(p.quarter)
}

// Start returns the first day.
func (p Period) Start() models.Date { return p.start }

// End returns the last day.
func (p Period) End() models.Date { return p.end }

// IsQuarter reports whether the period is a quarter.
func (p Period) IsQuarter() bool { return p.quarter != 0 }

// Contains reports whether d lies in the period, both ends included.
func (p Period) Contains(d models.Date) bool { return p.start <= d && d <= p.end }

// sameYear reports whether d lies in the calendar year of the period.
func (p Period) sameYear(d models.Date) bool { return len(d) == 10 && d[:4] == p.start[:4] }

// Status is the stage of a release (disclosure control §2.5).
type Status string

// Statuses. A revision re-publishes the tables of the annual release, every cell
// under a new key, at most once a year; the store decides whether its gates are met.
const (
	Provisional Status = "provisional"
	Final       Status = "final"
	Annual      Status = "annual"
	Revision    Status = "revision"
)

// Statuses lists every status.
var Statuses = []Status{Provisional, Final, Annual, Revision}

// SealableFrom returns the first civil date on which a release of the status may
// be sealed for the period: 30 days after a quarter's last day for a provisional
// one, 90 for a final one, 120 after a year's for an annual one or a revision. A
// status that does not fit the period is release.status_not_for_period.
func SealableFrom(s Status, p Period) (models.Date, error) {
	days, quarterly := 0, false
	switch s {
	case Provisional:
		days, quarterly = 30, true
	case Final:
		days, quarterly = 90, true
	case Annual, Revision:
		days = 120
	default:
		return "", models.Fail(models.KindInvalid, "release.status_unknown", "The status is provisional, final, annual or revision.")
	}
	if p.start == "" || quarterly != p.IsQuarter() {
		return "", models.Fail(models.KindInvalid, "release.status_not_for_period",
			"Provisional and final releases are for a quarter, annual ones and revisions for a year.")
	}
	return p.end.AddDays(days), nil
}
