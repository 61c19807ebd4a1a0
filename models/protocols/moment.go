package protocols

import (
	"time"

	"jol/models"
)

// Moment is the value of an anchor: an exact time, or a civil date where the hour is
// not known (Time is then zero).
type Moment struct {
	Time time.Time
	Date models.Date
}

// parseMoment reads RFC 3339 or YYYY-MM-DD; exact times may be excluded.
func parseMoment(s string, dateOnly bool) (Moment, bool) {
	if d, ok := models.ParseDate(s); ok {
		return Moment{Date: d}, true
	}
	if dateOnly {
		return Moment{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return Moment{}, false
	}
	return Moment{Time: t.UTC()}, true
}

// civil reports whether only the date is known.
func (m Moment) civil() bool { return m.Date != "" }

// date is the civil date in a zone.
func (m Moment) date(zone *time.Location) models.Date {
	if m.civil() {
		return m.Date
	}
	return models.Date(m.Time.In(zone).Format(time.DateOnly))
}

// start is the exact time, or the first moment of the date.
func (m Moment) start(zone *time.Location) time.Time {
	if !m.civil() {
		return m.Time
	}
	d := m.Date.Time()
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, zone)
}

// MarshalText gives the moment back the way it came in.
func (m Moment) MarshalText() ([]byte, error) {
	if m.civil() {
		return []byte(m.Date), nil
	}
	return []byte(m.Time.Format(time.RFC3339)), nil
}
