package indicators

import (
	"cmp"
	"slices"

	"jol/models"
)

const (
	completionDays = 30  // REF01: the attendance window after sending
	waitDays       = 21  // WAIT21, WAITQ
	retainedDays   = 84  // RET12: twelve weeks
	returnDays     = 182 // REPRES6
)

// countFirstEver is TDI02: of the entrants whose previous treatment is known, those who
// had none.
func countFirstEver(c ClientRows, f Frame) []Fact {
	e := entryOf(c, f, isDrug)
	if e == nil || e.PreviousTreatment != "1" && e.PreviousTreatment != "2" {
		return nil
	}
	return rate(factOf(c, e), e.PreviousTreatment == "1")
}

// countPrevalence is TDI03.
func countPrevalence(c ClientRows, f Frame) []Fact {
	e := inTreatment(c, f, f.Period.Start(), isDrug)
	if e == nil {
		return nil
	}
	return []Fact{factOf(c, e)}
}

// inTreatment returns the earliest structured episode that is active between a day and
// the end of the period.
func inTreatment(c ClientRows, f Frame, from models.Date, wanted func(*EpisodeRow) bool) *EpisodeRow {
	return earliest(c.Episodes, func(e *EpisodeRow) bool {
		return counts(e) && wanted(e) && overlaps(e, from, f.Period.End(), f.AsOf)
	})
}

func anyDrug(*EpisodeRow) bool { return true }

func isOpioid(e *EpisodeRow) bool { return opioid(e.PrimaryDrug) }

// countInjectors is TDI05.
func countInjectors(c ClientRows, f Frame) []Fact {
	e := entryOf(c, f, isDrug)
	if e == nil || !slices.Contains([]string{"1", "2.1", "2.2", "2.3"}, e.Injecting) {
		return nil
	}
	return rate(factOf(c, e), e.Injecting == "2.3")
}

// countItems is TDI06: one unit for every item that applies to the entrant.
func countItems(c ClientRows, f Frame) []Fact {
	e := entryOf(c, f, isDrug)
	if e == nil {
		return nil
	}
	facts := make([]Fact, 0, 2*len(ofItem))
	fact := factOf(c, e)
	for _, item := range fixedCodes[DimItem] {
		applies, filled := itemFilled(e, item)
		if !applies {
			continue
		}
		fact.Of, fact.Measure = ofItem[item], MeasureDenominator
		facts = append(facts, fact)
		if filled {
			fact.Measure = MeasureNumerator
			facts = append(facts, fact)
		}
	}
	return facts
}

// ofItem saves a map for each item of each entrant. Nothing writes to it.
var ofItem = func() map[string]map[string]string {
	of := map[string]map[string]string{}
	for _, item := range fixedCodes[DimItem] {
		of[item] = map[string]string{DimItem: item}
	}
	return of
}()

// itemFilled says whether an item has to be asked of an entrant, and whether it was
// answered. The ages at first agonist treatment and first injection are asked only of
// those who had one (data dictionary A.0).
func itemFilled(e *EpisodeRow, item string) (applies, filled bool) {
	switch item {
	case "sex":
		return true, e.Sex != ""
	case "age":
		return true, e.AgeAtStart >= 0
	case "primary_drug":
		return true, e.PrimaryDrug != "" && e.PrimaryDrug != notKnown
	case "age_first_use":
		return true, e.Items.AgeFirstUse > 0
	case "age_first_ost":
		return e.Items.OST == "2" || e.Items.OST == "3", e.Items.AgeFirstOST > 0
	case "age_first_injection":
		return slices.Contains([]string{"2.1", "2.2", "2.3"}, e.Injecting), e.Items.AgeFirstInjection > 0
	}
	code := rawItem(e, item)
	return true, code != "" && code != notKnown
}

// countSecondary is TDI01S: each group of secondary drugs of an entrant once.
func countSecondary(c ClientRows, f Frame) []Fact {
	e := entryOf(c, f, isDrug)
	if e == nil {
		return nil
	}
	var groups []string
	for _, drug := range e.Items.SecondaryDrugs {
		group := tdiGroup(drug)
		if drug == alcohol {
			group = "8"
		}
		if drug != "" && !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	var facts []Fact
	for _, group := range groups {
		fact := factOf(c, e)
		fact.Of = map[string]string{DimSecondaryGroup: group}
		facts = append(facts, fact)
	}
	return facts
}

// countReferrals is REF01. The cap takes the first three referrals of the period over all
// regions, and the numerator only from these: that bounds a client in the region table as
// in the country total, and a capped client's rate stays right. Of several sent on one day
// unattended ones come first, so that a tie never flatters the rate.
func countReferrals(c ClientRows, f Frame) []Fact {
	var facts []Fact
	for _, r := range referralsOf(c, func(r ReferralRow) bool { return f.Period.Contains(r.SentOn) }) {
		facts = append(facts, rate(referralFact(c, r), attendedInTime(r))...)
	}
	return facts
}

// referralsOf returns the first referrals that satisfy the condition, the oldest first.
func referralsOf(c ClientRows, wanted func(ReferralRow) bool) []ReferralRow {
	var rows []ReferralRow
	for _, r := range c.Referrals {
		if wanted(r) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b ReferralRow) int {
		return cmp.Or(
			cmp.Compare(a.SentOn, b.SentOn), cmp.Compare(a.AttendedOn, b.AttendedOn), cmp.Compare(a.Region, b.Region),
			cmp.Compare(a.FromSector, b.FromSector), cmp.Compare(a.ToSector, b.ToSector), cmp.Compare(a.Reason, b.Reason),
		)
	})
	return first(rows)
}

func referralFact(c ClientRows, r ReferralRow) Fact {
	return Fact{Units: 1, Region: r.Region, Age: -1, Scope: scopeOf(c), Of: map[string]string{
		DimSectorPair: oneOf(DimSectorPair, r.FromSector+"_to_"+r.ToSector), DimReason: oneOf(DimReason, r.Reason),
	}}
}

// attendedInTime reports whether the client attended on day 0 to 30 after sending.
func attendedInTime(r ReferralRow) bool {
	if r.AttendedOn < r.SentOn { // covers not attended
		return false
	}
	return r.SentOn.DaysUntil(r.AttendedOn) <= completionDays
}

// countWaiting is WAITQ: referrals open on the last day of the period.
func countWaiting(c ClientRows, f Frame) []Fact {
	census := f.Period.End()
	var facts []Fact
	for _, r := range referralsOf(c, func(r ReferralRow) bool { return openOn(r, census) }) {
		facts = append(facts, rate(referralFact(c, r), r.SentOn.DaysUntil(census) > waitDays)...)
	}
	return facts
}

// openOn reports whether a referral was sent and neither attended nor closed by the end
// of a day.
func openOn(r ReferralRow, day models.Date) bool {
	return r.SentOn <= day && (r.ClosedOn == "" || r.ClosedOn > day) && (r.AttendedOn == "" || r.AttendedOn > day)
}

// startedJourneys returns the client's first journeys of the period for drugs.
func startedJourneys(c ClientRows, f Frame, wanted func(journey) bool) []journey {
	var started []journey
	for _, j := range journeys(c.Episodes, f.AsOf) {
		if f.Period.Contains(j.start) && isDrug(j.first) && wanted(j) {
			started = append(started, j)
		}
	}
	return first(started)
}

// countWaits is WAIT21.
func countWaits(c ClientRows, f Frame) []Fact {
	referred := func(j journey) bool { return j.first.ReferredOn != "" && j.first.ReferredOn <= j.start }
	var facts []Fact
	for _, j := range startedJourneys(c, f, referred) {
		facts = append(facts, rate(factOf(c, j.first), j.first.ReferredOn.DaysUntil(j.start) <= waitDays)...)
	}
	return facts
}

// countRetained is RET12.
func countRetained(c ClientRows, f Frame) []Fact {
	var facts []Fact
	for _, j := range startedJourneys(c, f, func(journey) bool { return true }) {
		facts = append(facts, rate(factOf(c, j.first), j.end >= j.start.AddDays(retainedDays) || j.done)...)
	}
	return facts
}

// rollingStart is the first day of the twelve months that end with the period.
func rollingStart(p Period) models.Date { return p.End().AddMonths(-12).AddDays(1) }

// countCompletions is COMP, over the twelve months that end with the period: of the people
// that TDI03 counts.
func countCompletions(c ClientRows, f Frame) []Fact {
	from, to := rollingStart(f.Period), f.Period.End()
	e := inTreatment(c, f, from, isDrug)
	if e == nil {
		return nil
	}
	problem := "non_opioid"
	if inTreatment(c, f, from, isOpioid) != nil {
		problem = "opioid"
	}
	done := slices.ContainsFunc(journeys(c.Episodes, f.AsOf), func(j journey) bool { return j.completes() && from <= j.end && j.end <= to })
	fact := factOf(c, e)
	fact.Of = map[string]string{DimProblem: problem}
	return rate(fact, done)
}

// completes reports whether a journey for drugs was completed.
func (j journey) completes() bool { return j.done && j.drugs }

// countReturns is REPRES6: the client's first completion in the period.
func countReturns(c ClientRows, f Frame) []Fact {
	all := journeys(c.Episodes, f.AsOf)
	i := slices.IndexFunc(all, func(j journey) bool { return j.completes() && f.Period.Contains(j.end) })
	if i < 0 {
		return nil
	}
	again := slices.ContainsFunc(all, func(j journey) bool {
		return j.start > all[i].end && all[i].end.DaysUntil(j.start) <= returnDays
	})
	fact := factOf(c, all[i].first)
	fact.Of = map[string]string{DimProblem: problemOf(all[i].first)}
	return rate(fact, again)
}

func problemOf(e *EpisodeRow) string {
	switch {
	case isAlcohol(e):
		return "alcohol"
	case isOpioid(e):
		return "opioid"
	}
	return "non_opioid"
}

// countContactCoverage is SDG351: once for drugs and once for alcohol.
func countContactCoverage(c ClientRows, f Frame) []Fact {
	var facts []Fact
	for class, wanted := range map[string]func(*EpisodeRow) bool{classDrugs: isDrug, classAlcohol: isAlcohol} {
		if e := inTreatment(c, f, f.Period.Start(), wanted); e != nil {
			fact := factOf(c, e)
			fact.Of = map[string]string{DimSubstanceClass: class, DimSDGGroup: serviceGroup(c, f)}
			facts = append(facts, fact)
		}
	}
	return facts
}

// serviceGroup says which of the three kinds of treatment of SDG 3.5.1 the client was
// given in the period.
func serviceGroup(c ClientRows, f Frame) string {
	given := map[string]bool{}
	for _, e := range c.Entries {
		if e.Kind != models.RowContact || !f.Period.Contains(e.On) {
			continue
		}
		switch e.Code {
		case "DETOX":
			given["pharmacological"] = true
		case "PSY":
			given["psychosocial"] = true
		case "RESREHAB", "AFTERCARE":
			given["rehabilitation_aftercare"] = true
		}
	}
	for _, o := range courses(c.OAT, f.AsOf) {
		if o.start <= f.Period.End() && o.end >= f.Period.Start() {
			given["pharmacological"] = true
		}
	}
	switch len(given) {
	case 0:
		return "not_recorded"
	case 1:
		for group := range given {
			return group
		}
	}
	return "several"
}
