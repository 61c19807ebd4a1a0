package models

import (
	"sync"
	"time"
	_ "time/tzdata" // civil dates must not depend on the host's zone files
)

// Clock tells the time. Production uses Now; tests pass a fixed one.
type Clock func() time.Time

// Now is the wall clock in UTC, truncated to milliseconds: what both databases can
// store and give back unchanged.
func Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Date is a civil date, YYYY-MM-DD, in a facility's time zone. It compares as text.
type Date string

// ParseDate accepts exactly YYYY-MM-DD and only dates that exist.
func ParseDate(s string) (Date, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return "", false
	}
	return Date(s), true
}

// DateOf returns the civil date of t in the IANA zone; an unknown zone is read as UTC.
func DateOf(t time.Time, zone string) Date {
	return Date(t.In(location(zone)).Format(time.DateOnly))
}

var locations sync.Map // zone name → *time.Location: loading one reads a file

func location(zone string) *time.Location {
	if known, ok := locations.Load(zone); ok {
		return known.(*time.Location)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	locations.Store(zone, loc)
	return loc
}

// Time returns midnight UTC of the date; a malformed date gives the zero time.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// StartOf returns the instant a civil date begins in the IANA zone.
func StartOf(d Date, zone string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), location(zone))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// AddDays returns the date n days later.
func (d Date) AddDays(n int) Date { return Date(d.Time().AddDate(0, 0, n).Format(time.DateOnly)) }

// AddMonths returns the month anniversary n months later, clamped to the month's end.
func (d Date) AddMonths(n int) Date {
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date(first.AddDate(0, 0, min(t.Day(), last)-1).Format(time.DateOnly))
}

// DaysUntil returns the number of days from d to other; negative when other is earlier.
func (d Date) DaysUntil(other Date) int {
	return int(other.Time().Sub(d.Time()).Hours() / 24)
}

// Year returns the calendar year.
func (d Date) Year() int { return d.Time().Year() }
