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
	// Written out because counting a country asks it millions of times: time.Parse takes
	// several times as long.
	if len(d) != len(time.DateOnly) || d[4] != '-' || d[7] != '-' {
		return time.Time{}
	}
	year, month, day := d.digits(0, 4), d.digits(5, 7), d.digits(8, 10)
	if year < 0 || month < 1 || month > 12 || day < 1 || day > 31 {
		return time.Time{}
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day { // a day that the month does not have
		return time.Time{}
	}
	return t
}

// digits reads a number of the date's text; -1 when a character is no digit.
func (d Date) digits(from, to int) (n int) {
	for _, c := range []byte(d[from:to]) {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// StartOfDay is the first moment of a civil date in the IANA zone; a malformed date gives
// the zero time.
func StartOfDay(d Date, zone string) time.Time {
	t := d.Time()
	if t.IsZero() {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, location(zone)).UTC()
}

// EndOfDay is the last second of a civil date in the zone.
func EndOfDay(d Date, zone string) time.Time { return StartOfDay(d.AddDays(1), zone).Add(-time.Second) }

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
