package indicators

import (
	"cmp"
	"fmt"

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
	entryGapDays   = 182 // indicators, rule 3: days free of treatment before a new entry
	inactivityDays = 183 // indicators, rule 7
	openedInError  = "11"
	alcohol        = "80"
	eventsCounted  = 3 // disclosure control §2.4a: events, m = 3
)

// counts reports whether the episode is treatment in the TDI sense: structured
// and not opened in error.
func counts(e *EpisodeRow) bool { return e.Structured && e.EndReason != openedInError }

// lastActive returns the last day, up to asOf, on which the episode is active. An
// open episode without contact for 183 days ended on the day of the last contact
// (indicators, rule 7); a recorded end stands.
func lastActive(e *EpisodeRow, asOf models.Date) models.Date {
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
	return !anyEpisode(episodes, func(e *EpisodeRow) bool {
		return counts(e) && e.Start < s && lastActive(e, s) >= from
	})
}

// startsAfterEnd applies rule TDI-DIS: whatever began before day s was formally ended
// before it.
func startsAfterEnd(episodes []EpisodeRow, s models.Date) bool {
	return !anyEpisode(episodes, func(e *EpisodeRow) bool {
		return counts(e) && e.Start < s && (e.End == "" || e.End >= s)
	})
}

// YearEntry returns the client's one TDI entry of the year in which p lies by rule
// TDI-6M: the earliest new entry whose primary drug is not alcohol (indicators, rules 3,
// 4 and 6).
func YearEntry(episodes []EpisodeRow, p Period) (EpisodeRow, bool) {
	e := yearEntry(episodes, Frame{Period: p, Rules: DefaultRules}, isDrug)
	if e == nil {
		return EpisodeRow{}, false
	}
	return *e, true
}

// yearEntry is YearEntry by the rule of the frame, for the primary drugs wanted. Of
// several on one day the smallest by attributes is taken, so that the order of the rows
// never matters.
func yearEntry(episodes []EpisodeRow, f Frame, wanted func(*EpisodeRow) bool) *EpisodeRow {
	isNew := newEntry
	if f.Rules.Entry == RuleTDIDIS {
		isNew = startsAfterEnd
	}
	return earliest(episodes, func(e *EpisodeRow) bool {
		return counts(e) && wanted(e) && f.Period.sameYear(e.Start) && isNew(episodes, e.Start)
	})
}

// isDrug reports whether the primary drug is not alcohol; an unknown one is kept.
func isDrug(e *EpisodeRow) bool { return e.PrimaryDrug != alcohol }

func isAlcohol(e *EpisodeRow) bool { return e.PrimaryDrug == alcohol }

// earlier orders episodes by start, then by the attributes a table can show.
func earlier(a, b *EpisodeRow) bool {
	if a.Start != b.Start {
		return a.Start < b.Start
	}
	return attributes(a) < attributes(b)
}

// attributes writes everything a table or a rule can see of an episode but its contacts.
func attributes(e *EpisodeRow) string {
	row := *e
	row.Contacts = nil
	return fmt.Sprintf("%+v", row)
}

// entryOf returns the client's entry of the year if it lies in the period, nil without.
func entryOf(c ClientRows, f Frame, wanted func(*EpisodeRow) bool) *EpisodeRow {
	e := yearEntry(c.Episodes, f, wanted)
	if e == nil || !f.Period.Contains(e.Start) {
		return nil
	}
	return e
}

func anyEpisode(episodes []EpisodeRow, wanted func(*EpisodeRow) bool) bool {
	for i := range episodes {
		if wanted(&episodes[i]) {
			return true
		}
	}
	return false
}

// earliest returns the first of the episodes that satisfy the condition, in the order of
// earlier; nil without one.
func earliest(episodes []EpisodeRow, wanted func(*EpisodeRow) bool) *EpisodeRow {
	var found *EpisodeRow
	for i := range episodes {
		if e := &episodes[i]; (found == nil || earlier(e, found)) && wanted(e) {
			found = e
		}
	}
	return found
}

// factOf is one count with the attributes of an episode.
func factOf(c ClientRows, e *EpisodeRow) Fact {
	return Fact{
		Units: 1, Region: e.Region, Sex: e.Sex, Age: e.AgeAtStart, Drug: e.PrimaryDrug, Centre: e.CentreType, Entry: e,
		Scope: scopeOf(c),
	}
}

// countEntrants is TDI01 for one client.
func countEntrants(c ClientRows, f Frame) []Fact {
	e := entryOf(c, f, isDrug)
	if e == nil {
		return nil
	}
	return []Fact{factOf(c, e)}
}

// countAlcoholEntrants is TDI01 for alcohol.
func countAlcoholEntrants(c ClientRows, f Frame) []Fact {
	e := entryOf(c, f, isAlcohol)
	if e == nil {
		return nil
	}
	return []Fact{factOf(c, e)}
}

// scopeOf says over which records the client was recognised; facility unless told more.
func scopeOf(c ClientRows) string { return string(cmp.Or(c.Scope, models.ScopeFacility)) }

// first returns the first events of a list, at most as many as the noise allows for a
// client and period (disclosure control §2.4a).
func first[E any](events []E) []E { return events[:min(len(events), eventsCounted)] }

// rate is the denominator and, if it counts there too, the numerator of one thing.
func rate(f Fact, numerator bool) []Fact {
	f.Measure = MeasureDenominator
	if !numerator {
		return []Fact{f}
	}
	n := f
	n.Measure = MeasureNumerator
	return []Fact{f, n}
}
