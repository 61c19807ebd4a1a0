package indicators

import (
	"cmp"
	"slices"

	"jol/models"
)

// The rows come in as models has them, so that the store need not import this package.
type (
	// EpisodeRow is what counting needs of one episode.
	EpisodeRow = models.EpisodeRow
	// ReferralRow is what counting needs of one referral.
	ReferralRow = models.ReferralRow
	// ClientRows are all rows of one client of the dedupe scope (indicators, rule 2).
	ClientRows = models.ClientRows
)

const (
	entryGapDays     = 182 // indicators, rule 3: days free of treatment before a new entry
	inactivityDays   = 183 // indicators, rule 7
	completionDays   = 30  // REF01: the attendance window after sending
	openedInError    = "11"
	alcohol          = "80"
	referralsCounted = 3 // disclosure control §2.4a: events, m = 3
)

// counts reports whether the episode is treatment in the TDI sense: structured
// and not opened in error.
func counts(e EpisodeRow) bool { return e.Structured && e.EndReason != openedInError }

// lastActive returns the last day, up to asOf, on which the episode is active. An
// open episode without contact for 183 days ended on the day of the last contact
// (indicators, rule 7); a recorded end stands.
func lastActive(e EpisodeRow, asOf models.Date) models.Date {
	if e.End != "" {
		return e.End
	}
	last := max(e.Start, e.LastContact)
	if last.DaysUntil(asOf) >= inactivityDays {
		return last
	}
	return asOf
}

// newEntry applies rule TDI-6M to a start on day s: none of the client's episodes
// is active on any day of [s-182, s-1]. Episodes for alcohol count as treatment
// here, they are only never entries themselves (indicators, rules 3 and 6).
//
// Inactivity is judged on day s, so the answer does not depend on when a release
// is sealed.
func newEntry(episodes []EpisodeRow, s models.Date) bool {
	from := s.AddDays(-entryGapDays)
	return !slices.ContainsFunc(episodes, func(e EpisodeRow) bool {
		return counts(e) && e.Start < s && lastActive(e, s) >= from
	})
}

// YearEntry returns the client's one TDI entry of the year in which p lies: the
// earliest new entry whose primary drug is not alcohol (indicators, rules 3, 4
// and 6). Of several on one day the smallest by attributes is taken, so that the
// order of the rows never matters.
func YearEntry(episodes []EpisodeRow, p Period) (EpisodeRow, bool) {
	var entry EpisodeRow
	found := false
	for _, e := range episodes {
		if !counts(e) || e.PrimaryDrug == alcohol || !p.sameYear(e.Start) {
			continue
		}
		if (!found || earlier(e, entry)) && newEntry(episodes, e.Start) {
			entry, found = e, true
		}
	}
	return entry, found
}

// earlier orders episodes by start, then by the attributes a table can show.
func earlier(a, b EpisodeRow) bool {
	return cmp.Or(
		cmp.Compare(a.Start, b.Start), cmp.Compare(a.Region, b.Region), cmp.Compare(a.CentreType, b.CentreType),
		cmp.Compare(a.PrimaryDrug, b.PrimaryDrug), cmp.Compare(a.Sex, b.Sex), cmp.Compare(a.AgeAtStart, b.AgeAtStart),
	) < 0
}

// countEntrants is TDI01 for one client.
func countEntrants(c ClientRows, f Frame) []Fact {
	e, ok := YearEntry(c.Episodes, f.Period)
	if !ok || !f.Period.Contains(e.Start) {
		return nil
	}
	return []Fact{{Units: 1, Region: e.Region, Sex: e.Sex, Age: e.AgeAtStart, Drug: e.PrimaryDrug, Centre: e.CentreType, Entry: &e}}
}

// countReferrals is REF01 for one client. The cap takes the first three referrals
// of the period over all regions, and the numerator only from these: that bounds a
// client in the region table as in the country total, and a capped client's rate
// stays right. Of several sent on one day unattended ones come first, so that a
// tie never flatters the rate.
func countReferrals(c ClientRows, f Frame) []Fact {
	var sent []ReferralRow
	for _, r := range c.Referrals {
		if f.Period.Contains(r.SentOn) {
			sent = append(sent, r)
		}
	}
	slices.SortFunc(sent, func(a, b ReferralRow) int {
		return cmp.Or(cmp.Compare(a.SentOn, b.SentOn), cmp.Compare(a.AttendedOn, b.AttendedOn), cmp.Compare(a.Region, b.Region))
	})
	var facts []Fact
	for _, r := range sent[:min(len(sent), referralsCounted)] {
		facts = append(facts, Fact{Measure: MeasureDenominator, Units: 1, Region: r.Region})
		if completed(r) {
			facts = append(facts, Fact{Measure: MeasureNumerator, Units: 1, Region: r.Region})
		}
	}
	return facts
}

// completed reports whether the client attended on day 0 to 30 after sending.
func completed(r ReferralRow) bool {
	if r.AttendedOn < r.SentOn { // covers not attended
		return false
	}
	return r.SentOn.DaysUntil(r.AttendedOn) <= completionDays
}
