package synthetic

import (
	"time"

	"jol/models"
)

// Days are counted from the anchor: 0 is the anchor, on which nothing has happened yet,
// and yesterday is the last day with data.
const (
	yesterday = -1
	// firstDay is how far the data reach back: thirty months.
	firstDay = -913
	// The calendar knows the dates from the one to the other; consents run ahead.
	calendarFrom, calendarTo = firstDay - 60, 800
)

// calendar turns days into dates and times. Dates are looked up: each is asked for very
// often, and parsing and printing it again would cost more than drawing what happens on it.
type calendar struct {
	anchor time.Time
	dates  []models.Date
	days   map[models.Date]int
}

func newCalendar(anchor models.Date) calendar {
	c := calendar{anchor: anchor.Time(), days: map[models.Date]int{}}
	for day := calendarFrom; day <= calendarTo; day++ {
		date := anchor.AddDays(day)
		c.dates, c.days[date] = append(c.dates, date), day
	}
	return c
}

func (c calendar) date(day int) models.Date { return c.dates[day-calendarFrom] }

func (c calendar) day(date models.Date) int { return c.days[date] }

// at returns a moment of the day's working hours. They are 04:00 to 13:00 UTC, which is
// the same civil date in every zone Kazakhstan has had, and in UTC.
func (c calendar) at(day, minute int) time.Time {
	return c.anchor.AddDate(0, 0, day).Add(4*time.Hour + time.Duration(minute)*time.Minute)
}

// workday is the number of minutes of at's working hours that records start in; what
// follows at once from a record is a few minutes later.
const workday = 480
