package protocols

import (
	"cmp"
	"slices"
	"time"

	"jol/models"
)

// CheckFacilityLimit holds a facility's own limit to the edition in force and names that
// edition in it. A hard limit may be made stricter by a facility, never looser: what law or
// a life depends on is the country's and its editions' to change.
func (c *Catalog) CheckFacilityLimit(n *models.NewFacilityLimit) error {
	var checks models.Checks
	var ok bool
	if n.Edition, ok = c.Edition(n.Protocol); !ok {
		checks.Add("/protocol", "protocol.unknown")
		return checks.Err()
	}
	s, ok := c.StepByID(n.Step)
	if !ok || s.Protocol != n.Protocol {
		checks.Add("/step", "step.unknown")
		return checks.Err()
	}
	i := slices.IndexFunc(s.Limits, func(l Limit) bool { return l.ID == n.LimitID })
	if i < 0 {
		checks.Add("/limit", "limit.unknown")
		return checks.Err()
	}
	l := s.Limits[i]
	if checks.Require(duration.MatchString(n.Duration), "/duration", "facility_limit.not_a_duration"); checks.Err() != nil {
		return checks.Err()
	}
	_, unit := splitDuration(n.Duration)
	checks.Require(l.Kind != KindLocal, "/limit", "facility_limit.no_moment")
	checks.Require(!l.WorkingDays || unit == "D", "/duration", "facility_limit.working_days")
	checks.Require(!l.Hard || !l.looserAt(n.Duration), "/duration", "facility_limit.hard")
	return checks.Err()
}

// looserAt reports whether another duration would let more time pass before a maximum, or
// less before a minimum. A target that is hard is not moved at all.
func (l Limit) looserAt(d string) bool {
	from := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	end := func(d string) time.Time {
		n, unit := splitDuration(d)
		if unit.civil() {
			return unit.addTo(models.Date(from.Format(time.DateOnly)), n).Time()
		}
		return from.Add(time.Duration(n) * unit.length())
	}
	longer := end(d).Compare(end(cmp.Or(l.Offset, l.Every)))
	if l.Direction == "before" { // further from the anchor is earlier on the time line
		longer = -longer
	}
	switch l.Bound {
	case "max":
		return longer > 0
	case "min":
		return longer < 0
	}
	return longer != 0
}

// FacilityOverrides returns a facility's limits as overrides of what is served: those that
// were made for the editions in force.
func (c *Catalog) FacilityOverrides(limits []models.FacilityLimit) []LimitOverride {
	var out []LimitOverride
	for _, f := range limits {
		s, ok := c.StepByID(f.Step)
		if edition, _ := c.Edition(f.Protocol); !ok || edition != f.Edition {
			continue
		}
		for _, l := range s.Limits {
			if l.ID != f.LimitID {
				continue
			}
			o := LimitOverride{Step: f.Step, Limit: f.LimitID, Basis: Editorial, Reason: f.Reason}
			if l.Kind == KindRecurring {
				o.Every = f.Duration
			} else {
				o.Offset = f.Duration
			}
			out = append(out, o)
		}
	}
	return out
}
