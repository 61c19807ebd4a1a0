package indicators

import (
	"slices"

	"jol/models"
)

// due is one table that a release holds, for its own period or for an earlier one whose
// numbers became final too late for the release of that period.
type due struct {
	line   TableLine
	period Period
}

// id is the table's id in the release: that of the line, with the period behind it where
// it is not the release's own.
func (d due) id(release Period) string {
	if d.period == release {
		return d.line.ID
	}
	return d.line.ID + "." + d.period.String()
}

// carryQuarters is how far back numbers can become final late: months of follow-up and
// the days for late entry fit in two years.
const carryQuarters = 8

// dueTables lists what a release holds, in plan order, own period first. An indicator
// appears in the first release whose first possible day is not before the numbers are
// final (disclosure control §2.4a). Nominal days decide, not the day of sealing, so that
// each cell belongs to one release whenever that is sealed. A revision repeats the tables
// of the annual release.
func dueTables(plan Plan, status Status, period Period) []due {
	var all []due
	for _, line := range plan.TablesFor(status) {
		if carrier(line, ownStatus(status), period) == (place{ownStatus(status), period}) {
			all = append(all, due{line, period})
		}
	}
	if status == Provisional || status == Revision {
		return all
	}
	here := place{status, period}
	for _, kind := range []Status{Final, Annual} {
		for _, earlier := range before(period, kind) {
			for _, line := range plan.TablesFor(kind) {
				if line.Part == partIndicators && earlier != period && carrier(line, kind, earlier) == here {
					all = append(all, due{line, earlier})
				}
			}
		}
	}
	return all
}

// ownStatus is the release that decides what is due: the annual one for a revision.
func ownStatus(s Status) Status {
	if s == Revision {
		return Annual
	}
	return s
}

// place is one release in the calendar of releases.
type place struct {
	status Status
	period Period
}

// carrier returns the first release that may show the line's numbers of a period: the
// period's own, or the first final or annual one that is sealed after they are final.
func carrier(line TableLine, status Status, period Period) place {
	own := place{status, period}
	indicator, _ := ByID(line.Indicator)
	final := indicator.FinalOn(period)
	if status == Provisional || line.Part != partIndicators || nominal(own) >= final {
		return own
	}
	best := place{}
	for quarter, i := lastQuarter(period), 0; i <= carryQuarters; i++ {
		candidates := []place{{Final, quarter}}
		if quarter.quarter == 4 {
			candidates = append(candidates, place{Annual, yearOf(quarter)})
		}
		for _, c := range candidates {
			if day := nominal(c); day >= final && (best.status == "" || day < nominal(best)) {
				best = c
			}
		}
		quarter = quarter.next()
	}
	return best
}

// nominal is the first day on which a release may be sealed.
func nominal(r place) models.Date {
	day, err := SealableFrom(r.status, r.period)
	if err != nil {
		return ""
	}
	return day
}

// before lists the quarters or years that can still be carried into a release.
func before(period Period, kind Status) []Period {
	var all []Period
	quarter := lastQuarter(period)
	for range carryQuarters {
		p := quarter
		if kind == Annual {
			p = yearOf(quarter)
		}
		if p.end <= period.end && !slices.Contains(all, p) {
			all = append(all, p)
		}
		quarter = quarter.previous()
	}
	return all
}

// lastQuarter returns the quarter itself, or the fourth of a year.
func lastQuarter(p Period) Period {
	if p.IsQuarter() {
		return p
	}
	return quarterOf(p.end)
}

func (p Period) next() Period     { return quarterOf(p.end.AddDays(1)) }
func (p Period) previous() Period { return quarterOf(p.start.AddDays(-1)) }

// quarterOf returns the quarter in which a day lies.
func quarterOf(d models.Date) Period {
	month := int(d[5]-'0')*10 + int(d[6]-'0')
	p, _ := ParsePeriod(string(d[:4]) + "Q" + string(rune('1'+(month-1)/3)))
	return p
}

// yearOf returns the year in which a period lies.
func yearOf(p Period) Period {
	y, _ := ParsePeriod(string(p.start[:4]))
	return y
}
