package protocols

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"jol/models"
)

// LimitOverride changes a limit in one country or facility, for a reason. Empty fields
// leave the limit as it is.
type LimitOverride struct {
	Step, Limit   string
	Offset, Every string
	WorkingDays   *bool
	Bound         string
	Hard          *bool
	Basis         Basis
	Source        string
	Reason        string
	at            position
}

// Override returns the limit as it stands after the overrides that are meant for it, in
// their order: first the country's, then the facility's.
func (l Limit) Override(step string, overrides []LimitOverride) Limit {
	for _, o := range overrides {
		if o.Step != step || o.Limit != l.ID {
			continue
		}
		l.Offset, l.Every, l.Bound = cmp.Or(o.Offset, l.Offset), cmp.Or(o.Every, l.Every), cmp.Or(o.Bound, l.Bound)
		if o.WorkingDays != nil {
			l.WorkingDays = *o.WorkingDays
		}
		if o.Hard != nil {
			l.Hard = *o.Hard
		}
		l.Basis, l.Source = o.Basis, o.Source
	}
	return l
}

// Deadline is a limit on the time line. Missing names the anchor that is not known;
// Uncertain says that working days were counted in a year whose holidays are not.
type Deadline struct {
	At        time.Time
	Missing   string
	Uncertain bool
}

// Due computes when a limit falls. Days, months and years are civil ones of the zone,
// hours and minutes exact. When only the date of the anchor is known, or working days
// are counted, the answer is a day, and its moment the last of that day, because what is due
// on a day is not late on it; the first for a limit that says not before when. A recurring limit gives its first occurrence.
// A local limit has no moment and names no anchor.
func Due(l Limit, step string, anchors map[string]Moment, cal Calendar, zone *time.Location, overrides []LimitOverride) Deadline {
	l = l.Override(step, overrides)
	offset := cmp.Or(l.Offset, l.Every)
	if l.Kind == KindLocal || l.Anchor == "" || offset == "" {
		return Deadline{}
	}
	anchor, ok := anchors[l.Anchor]
	if !ok {
		return Deadline{Missing: l.Anchor}
	}
	n, unit := splitDuration(offset)
	if l.Direction == "before" {
		n = -n
	}
	if l.WorkingDays {
		day, known := addWorkingDays(anchor.date(zone), n, cal)
		return Deadline{At: dayMoment(day, l.Bound, zone), Uncertain: !known}
	}
	if anchor.civil() && unit.civil() {
		return Deadline{At: dayMoment(unit.addTo(anchor.Date, n), l.Bound, zone)}
	}
	start := anchor.start(zone)
	if !unit.civil() {
		return Deadline{At: start.Add(time.Duration(n) * unit.length())}
	}
	local := start.In(zone)
	day := unit.addTo(models.Date(local.Format(time.DateOnly)), n).Time()
	return Deadline{At: time.Date(day.Year(), day.Month(), day.Day(), local.Hour(), local.Minute(), local.Second(), 0, zone)}
}

// unit is the unit of an ISO 8601 duration: Y M D, or tH tM tS.
type unit string

func (u unit) civil() bool { return len(u) == 1 }

func (u unit) length() time.Duration {
	return map[unit]time.Duration{"tH": time.Hour, "tM": time.Minute, "tS": time.Second}[u]
}

// addTo moves a date by n civil units; month ends are clamped.
func (u unit) addTo(d models.Date, n int) models.Date {
	switch u {
	case "Y":
		return d.AddMonths(12 * n)
	case "M":
		return d.AddMonths(n)
	}
	return d.AddDays(n)
}

// splitDuration takes a checked duration apart; content is checked at load.
func splitDuration(s string) (int, unit) {
	if !duration.MatchString(s) {
		return 0, "D"
	}
	body, kind := s[1:], ""
	if body[0] == 'T' {
		body, kind = body[1:], "t"
	}
	n, _ := strconv.Atoi(body[:len(body)-1]) // digits only, and few: see duration
	return n, unit(kind + body[len(body)-1:])
}

// dayMoment is the moment of a civil day that a bound is about.
func dayMoment(d models.Date, bound string, zone *time.Location) time.Time {
	start := Moment{Date: d}.start(zone)
	if bound != "min" {
		return start.AddDate(0, 0, 1).Add(-time.Second)
	}
	return start
}

// addWorkingDays counts n working days from a date, which itself does not count.
func addWorkingDays(d models.Date, n int, cal Calendar) (models.Date, bool) {
	step, known := 1, true
	if n < 0 {
		step, n = -1, -n
	}
	for range n {
		for tries := 0; ; tries++ {
			d = d.AddDays(step)
			working, certain := cal.WorkingDay(d)
			known = known && certain
			if working || tries > 366 { // a calendar without working days must not hang us
				break
			}
		}
	}
	return d, known
}

// Earliest returns the first moment among limits not to be passed, or else among the
// others, for a step that has several.
func earliest(limits []StepLimit) *StepLimit {
	var best *StepLimit
	for i := range limits {
		l := &limits[i]
		if l.DueAt == nil {
			continue
		}
		if best == nil || l.rank() < best.rank() || l.rank() == best.rank() && l.DueAt.Before(*best.DueAt) {
			best = l
		}
	}
	return best
}

// rank orders bounds: what may not be passed first.
func (l *StepLimit) rank() int { return slices.Index([]string{"max", "target", "min"}, l.Bound) }

// checkOverride holds an override to a limit that exists.
func (c *content) checkOverride(o LimitOverride) {
	c.checkBasis(o.at, "limit override", o.Basis, o.Source)
	s, ok := c.steps[o.Step]
	if !ok {
		c.add(o.at, "limit override names the unknown step %q", o.Step)
		return
	}
	i := slices.IndexFunc(s.Limits, func(l Limit) bool { return l.ID == o.Limit })
	if i < 0 {
		c.add(o.at, "limit override names the unknown limit %q of %s", o.Limit, o.Step)
		return
	}
	changed := s.Limits[i].Override(o.Step, []LimitOverride{o})
	changed.at = o.at
	c.checkLimit(changed)
}
