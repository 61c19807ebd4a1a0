package protocols

import (
	"time"

	"jol/models"
)

// DoseRules are the dosing data of the catalogue as the store asks for them.
func (c *Catalog) DoseRules() models.DoseRules {
	return models.DoseRules{Guards: c.doseGuards, Gap: c.judgeGap, Alert: c.gapAlert}
}

func (c *Catalog) doseGuards(medicine string) []models.DoseGuard {
	var out []models.DoseGuard
	for _, g := range c.content.dosing.guards {
		if g.medicine == medicine {
			out = append(out, g.DoseGuard)
		}
	}
	return out
}

// judgeGap reads the gap since the last dose by the rule in force: by hours where the
// facility says so, or the country does for custody, and by missed doses everywhere else.
// Hours are for daily dosing only: a depot has gaps of weeks by design.
func (c *Catalog) judgeGap(q models.GapQuestion) models.DoseGap {
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		zone = time.UTC
	}
	last := Moment{Time: q.LastTaken}
	s, known := c.content.schedule(q.Medicine, q.Schedule)
	if rule, ok := c.hoursRuleFor(q); ok && known && s.EveryDays == 1 {
		gap := rule.Gap(last, q.Now, zone)
		return models.DoseGap{Rule: rule.ID, Band: rule.Means[gap], Basis: string(rule.Basis), Source: rule.Source,
			MissedDoses: MissedDoses(s, last, q.Now, zone, q.WindowClosed)}
	}
	if !known {
		return models.DoseGap{Band: BandNoRule, Basis: string(Editorial)}
	}
	missed := MissedDoses(s, last, q.Now, zone, q.WindowClosed)
	return models.DoseGap{Rule: s.ID, Band: s.Band(missed), Basis: string(s.Basis), Source: s.Source, MissedDoses: missed}
}

// gapAlert is the end of the day on which the next scheduled dose was due, because from then on
// one is missed; or earlier, where a rule by hours asks for somebody before.
func (c *Catalog) gapAlert(q models.GapQuestion) time.Time {
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		zone = time.UTC
	}
	every := 1
	s, known := c.content.schedule(q.Medicine, q.Schedule)
	if known {
		every = s.EveryDays
	}
	last := Moment{Time: q.LastTaken}
	at := Moment{Date: last.date(zone).AddDays(every + 1)}.start(zone)
	rule, ok := c.hoursRuleFor(q)
	if hours := q.LastTaken.Add(time.Duration(rule.Hours) * time.Hour); ok && known && every == 1 && hours.Before(at) {
		at = hours
	}
	return at.UTC()
}

func (c *Catalog) hoursRuleFor(q models.GapQuestion) (GapRule, bool) {
	id := q.FacilityRule
	if id == "" && q.InCustody {
		if country, ok := c.content.countries[q.Country]; ok {
			id = country.CustodyGapRule
		}
	}
	return c.content.gapRule(id) // "none" is no rule
}
