package protocols

import (
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// DoseSchedule is how often a medicine is due, and what missed doses of it mean. A
// schedule without bands has no published rule: the prescriber decides.
type DoseSchedule struct {
	ID, Medicine, Schedule string
	EveryDays              int
	Basis                  Basis
	Source                 string
	Bands                  []DoseBand
	at                     position
}

// DoseBand is a number of missed scheduled doses with its meaning. To is -1 when
// there is no upper end.
type DoseBand struct {
	ID       string
	From, To int
}

// GapRule judges a gap by hours since the last dose. Exactly Hours is a border on
// which its source may be silent. Means says what each answer of Gap means.
type GapRule struct {
	ID     string
	Hours  int
	Means  map[string]string
	Basis  Basis
	Source string
	at     position
}

// What missed doses mean when no band of a schedule says it.
const (
	BandNoRule      = "no_rule"       // the schedule has no published bands
	BandByHoursRule = "by_hours_rule" // a national or facility rule counts hours instead
)

// The answers of a GapRule.
const (
	GapUnder  = "under"
	GapBorder = "border"
	GapOver   = "over"
)

// MissedDoses counts the scheduled doses that were not taken since the last one. Days
// are civil days of the zone: somebody dosed yesterday on a daily schedule and due today
// has missed none, because today's window is still open. windowClosed says that it is
// not.
func MissedDoses(s DoseSchedule, lastTaken Moment, now time.Time, zone *time.Location, windowClosed bool) int {
	if s.EveryDays < 1 {
		return 0
	}
	last, today := lastTaken.date(zone), models.Date(now.In(zone).Format(time.DateOnly))
	days := last.DaysUntil(today)
	if !windowClosed {
		days-- // a dose due today can still be taken
	}
	return max(0, days/s.EveryDays)
}

// Band returns the meaning of a number of missed doses, or BandNoRule.
func (s DoseSchedule) Band(missed int) string {
	for _, b := range s.Bands {
		if missed >= b.From && (b.To < 0 || missed <= b.To) {
			return b.ID
		}
	}
	return BandNoRule
}

// Gap compares the time since the last dose with the rule, to the minute. When only the
// date of the dose is known, it answers GapBorder wherever the hour could decide: the
// clinician is asked rather than the safe side guessed.
func (g GapRule) Gap(lastTaken Moment, now time.Time, zone *time.Location) string {
	limit := time.Duration(g.Hours) * time.Hour
	if !lastTaken.civil() {
		switch gap := now.Truncate(time.Minute).Sub(lastTaken.Time.Truncate(time.Minute)); {
		case gap < limit:
			return GapUnder
		case gap > limit:
			return GapOver
		}
		return GapBorder
	}
	earliest := lastTaken.start(zone)
	latest := earliest.AddDate(0, 0, 1)
	switch {
	case now.Sub(earliest) < limit:
		return GapUnder
	case now.Sub(latest) > limit:
		return GapOver
	}
	return GapBorder
}

// doseGuard is a guard of one medicine.
type doseGuard struct {
	models.DoseGuard
	medicine string
	at       position
}

// dosingFile is the decoded dosing.yaml.
type dosingFile struct {
	schedules []DoseSchedule
	rules     []GapRule
	guards    []doseGuard
}

func (r *reader) dosing(n ast.Node) dosingFile {
	rec := r.record(n, "dosing file", "schedules", "gapRules", "guards")
	var out dosingFile
	for _, item := range rec.items("schedules") {
		rec := r.record(item, "schedule", "id", "medicine", "schedule", "everyDays", "basis", "source", "bands")
		s := DoseSchedule{ID: rec.need("id"), Medicine: rec.need("medicine"), Schedule: rec.need("schedule"),
			EveryDays: rec.whole("everyDays", 0), Basis: Basis(rec.need("basis")), Source: rec.text("source"), at: rec.at}
		for _, n := range rec.items("bands") {
			b := r.record(n, "dose band", "id", "from", "to")
			s.Bands = append(s.Bands, DoseBand{ID: b.need("id"), From: b.whole("from", -1), To: b.whole("to", -1)})
		}
		out.schedules = append(out.schedules, s)
	}
	for _, item := range rec.items("gapRules") {
		rec := r.record(item, "gap rule", "id", "hours", GapUnder, GapBorder, GapOver, "basis", "source")
		out.rules = append(out.rules, GapRule{ID: rec.need("id"), Hours: rec.whole("hours", 0),
			Means: map[string]string{GapUnder: rec.need(GapUnder), GapBorder: rec.need(GapBorder), GapOver: rec.need(GapOver)}, Basis: Basis(rec.need("basis")),
			Source: rec.text("source"), at: rec.at})
	}
	for _, item := range rec.items("guards") {
		rec := r.record(item, "dose guard", "id", "medicine", "when", "aboveMg", "basis", "source")
		out.guards = append(out.guards, doseGuard{models.DoseGuard{ID: rec.need("id"), When: rec.need("when"), AboveUg: int64(rec.whole("aboveMg", 0)) * 1000,
			Basis: rec.need("basis"), Source: rec.text("source")}, rec.need("medicine"), rec.at})
	}
	return out
}

// checkDosing holds the bands to an unbroken sequence from none missed upwards.
func (c *content) checkDosing() {
	bands, medicines, schedules := c.facts["missed_band"], c.facts["oat_medicine"], c.facts["oat_schedule"]
	for _, s := range c.dosing.schedules {
		c.checkBasis(s.at, "schedule "+s.ID, s.Basis, s.Source)
		if medicines == nil || schedules == nil || bands == nil || !slices.Contains(medicines.Values, s.Medicine) ||
			!slices.Contains(schedules.Values, s.Schedule) || s.EveryDays < 1 {
			c.add(s.at, "schedule %s needs a medicine and a schedule of the facts, and everyDays", s.ID)
			continue
		}
		next := 0
		for i, b := range s.Bands {
			last := i == len(s.Bands)-1
			if b.From != next || (b.To < 0) != last || b.To >= 0 && b.To < b.From || !slices.Contains(bands.Values, b.ID) {
				c.add(s.at, "the bands of %s must start at 0, follow each other, end open and be values of missed_band", s.ID)
				break
			}
			next = b.To + 1
		}
	}
	for _, g := range c.dosing.rules {
		c.checkBasis(g.at, "gap rule "+g.ID, g.Basis, g.Source)
		if g.Hours < 1 {
			c.add(g.at, "gap rule %s needs hours", g.ID)
		}
	}
	for _, g := range c.dosing.guards {
		c.checkBasis(g.at, "dose guard "+g.ID, Basis(g.Basis), g.Source)
		if medicines == nil || !slices.Contains(medicines.Values, g.medicine) || g.AboveUg < 1 || !slices.Contains(models.DoseGuardWhen, g.When) {
			c.add(g.at, "dose guard %s needs a medicine of the facts, when, and aboveMg", g.ID)
		}
	}
}

// gapRule returns the rule of an id.
func (c *content) gapRule(id string) (GapRule, bool) {
	i := slices.IndexFunc(c.dosing.rules, func(g GapRule) bool { return g.ID == id })
	if i < 0 {
		return GapRule{}, false
	}
	return c.dosing.rules[i], true
}

// schedule returns the dosing schedule of a medicine.
func (c *content) schedule(medicine, schedule string) (DoseSchedule, bool) {
	i := slices.IndexFunc(c.dosing.schedules, func(s DoseSchedule) bool { return s.Medicine == medicine && s.Schedule == schedule })
	if i < 0 {
		return DoseSchedule{}, false
	}
	return c.dosing.schedules[i], true
}
