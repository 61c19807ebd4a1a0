package indicators

import (
	"cmp"
	"fmt"
	"slices"

	"jol/models"
)

const (
	journeyGapDays = 21 // indicators, rule 8: 21 merges, 22 splits
	oatLossDays    = 30 // indicators, rule 7
)

// completed reports whether an episode ended as treatment is meant to.
func completed(e *EpisodeRow) bool { return e.EndReason == "1" || e.EndReason == "2" }

// overlaps reports whether an episode is active on some day from one to another.
func overlaps(e *EpisodeRow, from, to, asOf models.Date) bool {
	return e.Start <= to && lastActive(e, asOf) >= from
}

// journey is a run of structured episodes with breaks of at most 21 days (indicators,
// rule 8).
type journey struct {
	start, end models.Date
	first      *EpisodeRow // supplies the attributes
	// done says that every episode ending on the last day was completed: of two that
	// disagree the worse stands.
	done bool
	// drugs says that an episode of the journey is for drugs.
	drugs bool
}

// journeys joins the client's structured episodes; end is at most asOf for an open one.
func journeys(episodes []EpisodeRow, asOf models.Date) []journey {
	var rows []*EpisodeRow
	for i := range episodes {
		if e := &episodes[i]; counts(e) {
			rows = append(rows, e)
		}
	}
	slices.SortFunc(rows, func(a, b *EpisodeRow) int {
		if a.Start != b.Start {
			return cmp.Compare(a.Start, b.Start)
		}
		return cmp.Compare(attributes(a), attributes(b))
	})
	var all []journey
	for _, e := range rows {
		end, done := lastActive(e, asOf), completed(e)
		last := len(all) - 1
		if last < 0 || all[last].end.DaysUntil(e.Start) > journeyGapDays {
			all = append(all, journey{start: e.Start, end: end, first: e, done: done, drugs: isDrug(e)})
			continue
		}
		all[last].drugs = all[last].drugs || isDrug(e)
		switch j := &all[last]; {
		case end > j.end:
			j.end, j.done = end, done
		case end == j.end:
			j.done = j.done && done
		}
	}
	return all
}

// course is a span of days on agonist treatment at one place.
type course struct {
	start, end models.Date
	row        models.OATRow
}

func compareCourses(a, b course) int {
	order := cmp.Or(
		cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.row.Region, b.row.Region), cmp.Compare(a.row.Sector, b.row.Sector),
		cmp.Compare(a.row.Medicine, b.row.Medicine), cmp.Compare(a.row.Sex, b.row.Sex), cmp.Compare(a.row.AgeAtStart, b.row.AgeAtStart),
	)
	if order != 0 {
		return order
	}
	return cmp.Compare(fmt.Sprint(a.row.Phases), fmt.Sprint(b.row.Phases))
}

// courses returns the spans on agonist treatment as doses show them, by start. Thirty
// days without a dose end a span on the last day covered by one; otherwise it lasts to
// the recorded end, or to asOf (indicators, rule 7).
func courses(rows []models.OATRow, asOf models.Date) []course {
	var all []course
	for _, row := range rows {
		limit := asOf
		if row.End != "" {
			limit = row.End
		}
		runs := slices.Clone(row.Doses)
		slices.SortFunc(runs, func(a, b models.DoseRun) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
		var open *course
		for _, run := range runs {
			run.To = min(run.To, limit)
			if run.From > run.To {
				continue
			}
			if open != nil && open.end.DaysUntil(run.From) < oatLossDays {
				open.end = max(open.end, run.To)
				continue
			}
			all = append(all, course{run.From, run.To, row})
			open = &all[len(all)-1]
		}
		if open != nil && open.end.DaysUntil(limit) < oatLossDays {
			open.end = limit
		}
	}
	slices.SortFunc(all, compareCourses)
	return all
}

// courseOn returns the course that covers a day.
func courseOn(all []course, day models.Date) (course, bool) {
	for _, c := range all {
		if c.start <= day && day <= c.end {
			return c, true
		}
	}
	return course{}, false
}

// oatJourneys joins courses by the same rule as episodes; row is that of the first.
func oatJourneys(all []course) []course {
	var joined []course
	for _, c := range all {
		last := len(joined) - 1
		if last < 0 || joined[last].end.DaysUntil(c.start) > journeyGapDays {
			joined = append(joined, c)
			continue
		}
		joined[last].end = max(joined[last].end, c.end)
	}
	return joined
}
