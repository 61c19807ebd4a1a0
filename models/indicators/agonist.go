package indicators

import (
	"jol/models"
)

// OAT05: the least daily dose of maintenance, in micrograms (WHO).
var adequateUg = map[string]int64{"methadone": 60_000, "buprenorphine": 8_000}

const (
	sectorCommunity = "community"
	sectorPrison    = "prison"
)

// sectorOf tells custody from everything else.
func sectorOf(sector string) string {
	if sector == string(models.SectorPrison) {
		return sectorPrison
	}
	return sectorCommunity
}

func courseFact(c ClientRows, o course) Fact {
	return Fact{Units: 1, Region: o.row.Region, Sex: o.row.Sex, Age: o.row.AgeAtStart, Scope: scopeOf(c), Of: map[string]string{
		DimMedicine: o.row.Medicine, DimSector: sectorOf(o.row.Sector),
	}}
}

// withoutCourse is a fact of an indicator of agonist treatment for a client not on it.
func withoutCourse(c ClientRows, e *EpisodeRow) Fact {
	fact := factOf(c, e)
	fact.Of = map[string]string{DimMedicine: "none", DimSector: sectorOf(e.Sector)}
	return fact
}

// activeOn reports whether an episode, structured or not, is active on a day.
func activeOn(e *EpisodeRow, day, asOf models.Date) bool {
	return e.EndReason != openedInError && overlaps(e, day, day, asOf)
}

// countOnOAT is OAT01 with denominator (a), on the last day of the period.
func countOnOAT(c ClientRows, f Frame) []Fact {
	census := f.Period.End()
	if o, ok := courseOn(courses(c.OAT, f.AsOf), census); ok {
		return rate(courseFact(c, o), true)
	}
	e := earliest(c.Episodes, func(e *EpisodeRow) bool { return isOpioid(e) && activeOn(e, census, f.AsOf) })
	if e == nil {
		return nil
	}
	return rate(withoutCourse(c, e), false)
}

// countOATDays is OAT02: days on treatment in the period, both ends included, a day at
// two places once (indicators, rule 9).
func countOATDays(c ClientRows, f Frame) []Fact {
	var facts []Fact
	next := f.Period.Start() // the first day not counted yet
	for _, o := range courses(c.OAT, f.AsOf) {
		from, to := max(o.start, next), min(o.end, f.Period.End())
		if from > to {
			continue
		}
		fact := courseFact(c, o)
		fact.Units = int64(from.DaysUntil(to)) + 1
		facts = append(facts, fact)
		next = to.AddDays(1)
	}
	return facts
}

// countOATRetention is OAT03 and OAT04: the first start of the period, retained if the
// journey covers the month anniversary (indicators, rule 10).
func countOATRetention(months int) func(ClientRows, Frame) []Fact {
	return func(c ClientRows, f Frame) []Fact {
		for _, o := range oatJourneys(courses(c.OAT, f.AsOf)) {
			if f.Period.Contains(o.start) {
				return rate(courseFact(c, o), o.end >= o.start.AddMonths(months))
			}
		}
		return nil
	}
}

// countAdequateDose is OAT05, on the last day of the period.
func countAdequateDose(c ClientRows, f Frame) []Fact {
	census := f.Period.End()
	o, ok := courseOn(courses(c.OAT, f.AsOf), census)
	if !ok {
		return nil
	}
	least, ok := adequateUg[o.row.Medicine]
	phase, known := phaseOn(o.row.Phases, census)
	if !ok || !known || phase.Phase != "maintenance" {
		return nil
	}
	return rate(courseFact(c, o), phase.DailyUg >= least)
}

// phaseOn returns the phase in force on a day: the one from the latest day; of two from
// one day the one recorded later, then the smaller dose, so that a tie never flatters.
func phaseOn(phases []models.DosePhase, day models.Date) (in models.DosePhase, ok bool) {
	for _, p := range phases {
		if p.From > day {
			continue
		}
		if !ok || p.From > in.From || p.From == in.From && (p.KnownOn > in.KnownOn ||
			p.KnownOn == in.KnownOn && (p.DailyUg < in.DailyUg || p.DailyUg == in.DailyUg && p.Phase < in.Phase)) {
			in, ok = p, true
		}
	}
	return in, ok
}

// countOATInCustody is OAT06, on the last day of the period.
func countOATInCustody(c ClientRows, f Frame) []Fact {
	census := f.Period.End()
	for _, o := range courses(c.OAT, f.AsOf) {
		if o.start <= census && census <= o.end && sectorOf(o.row.Sector) == sectorPrison {
			return rate(courseFact(c, o), true)
		}
	}
	e := earliest(c.Episodes, func(e *EpisodeRow) bool {
		return counts(e) && isOpioid(e) && sectorOf(e.Sector) == sectorPrison && activeOn(e, census, f.AsOf)
	})
	if e == nil {
		return nil
	}
	return rate(withoutCourse(c, e), false)
}
