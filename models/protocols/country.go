package protocols

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// Country is what a country's law and calendar change in a protocol. A capability that
// is not in the map is not known.
type Country struct {
	Code           string
	Zone           string
	Weekend        []time.Weekday
	CustodyGapRule string
	Capabilities   map[string]Availability
	Overrides      []LimitOverride
	Calendar       Calendar
	at             position
}

// Availability says whether a country offers something, and how that is known.
type Availability struct {
	Available bool
	Basis     Basis
	Source    string
	at        position
}

// Calendar knows the days on which offices work.
type Calendar struct {
	Weekend  []time.Weekday
	Holidays map[models.Date]string
	Working  map[models.Date]bool // weekend days made working days
	Years    map[int]bool         // years whose holidays are known
}

// WorkingDay reports whether offices work on a date; known is false when the holidays
// of that year are not.
func (cal Calendar) WorkingDay(d models.Date) (working, known bool) {
	if cal.Working[d] {
		return true, true
	}
	_, holiday := cal.Holidays[d]
	return !holiday && !slices.Contains(cal.Weekend, d.Time().Weekday()), cal.Years[d.Year()]
}

// year is the decoded countries/<country>-<year>.yaml.
type year struct {
	country  phrase
	year     int
	basis    Basis
	holidays map[models.Date]string
	working  []models.Date
	at       position
}

var weekdays = map[string]time.Weekday{"monday": time.Monday, "tuesday": time.Tuesday, "wednesday": time.Wednesday,
	"thursday": time.Thursday, "friday": time.Friday, "saturday": time.Saturday, "sunday": time.Sunday}

func (r *reader) country(n ast.Node) *Country {
	rec := r.record(n, "country", "country", "zone", "weekend", "custodyGapRule", "capabilities", "limits")
	out := &Country{Code: rec.need("country"), Zone: rec.need("zone"), CustodyGapRule: rec.text("custodyGapRule"),
		Capabilities: map[string]Availability{}, at: rec.at}
	for _, p := range rec.texts("weekend") {
		day, ok := weekdays[p.text]
		if !ok {
			r.add(p.at, "%q is not a day of the week", p.text)
		}
		out.Weekend = append(out.Weekend, day)
	}
	for _, item := range rec.items("capabilities") {
		rec := r.record(item, "capability", "id", "available", "basis", "source")
		id := rec.need("id")
		if _, ok := out.Capabilities[id]; ok {
			r.add(rec.at, "capability %s is listed twice", id)
		}
		if _, ok := rec.keys["available"]; !ok {
			r.add(rec.at, "capability %s lacks available", id)
		}
		out.Capabilities[id] = Availability{Available: rec.flag("available"), Basis: Basis(rec.need("basis")), Source: rec.text("source"), at: rec.at}
	}
	for _, item := range rec.items("limits") {
		out.Overrides = append(out.Overrides, r.limitOverride(item))
	}
	return out
}

func (r *reader) limitOverride(n ast.Node) LimitOverride {
	rec := r.record(n, "limit override", "step", "limit", "offset", "every", "workingDays", "bound", "hard", "basis", "source", "reason")
	o := LimitOverride{Step: rec.need("step"), Limit: rec.need("limit"), Offset: rec.text("offset"), Every: rec.text("every"),
		Bound: rec.text("bound"), Basis: Basis(rec.need("basis")), Source: rec.text("source"), Reason: rec.need("reason"), at: rec.at}
	if _, ok := rec.keys["workingDays"]; ok {
		working := rec.flag("workingDays")
		o.WorkingDays = &working
	}
	if _, ok := rec.keys["hard"]; ok {
		hard := rec.flag("hard")
		o.Hard = &hard
	}
	return o
}

func (r *reader) year(n ast.Node) year {
	rec := r.record(n, "year", "country", "year", "basis", "holidays", "working")
	out := year{country: phrase{rec.need("country"), rec.at}, year: rec.whole("year", 0), basis: Basis(rec.need("basis")),
		holidays: map[models.Date]string{}, at: rec.at}
	date := func(p phrase) models.Date {
		d, ok := models.ParseDate(p.text)
		if !ok || d.Year() != out.year {
			r.add(p.at, "%q is not a date of %d", p.text, out.year)
			return ""
		}
		return d
	}
	for _, item := range rec.items("holidays") {
		rec := r.record(item, "holiday", "date", "name")
		out.holidays[date(phrase{rec.need("date"), rec.at})] = rec.need("name")
	}
	for _, p := range rec.texts("working") {
		out.working = append(out.working, date(p))
	}
	return out
}

// countryFile reads countries/KZ.yaml or countries/KZ-2026.yaml.
func (r *reader) countryFile(name string) func(ast.Node) func(*content) {
	if _, _, isYear := strings.Cut(name, "-"); isYear {
		return func(n ast.Node) func(*content) {
			y := r.year(n)
			return func(c *content) { c.years = append(c.years, y) }
		}
	}
	return func(n ast.Node) func(*content) {
		country := r.country(n)
		return func(c *content) { c.countries[name] = country }
	}
}

// checkCountries joins the years to their countries and holds both to what the rest of
// the service knows.
func (c *content) checkCountries() {
	for name, country := range c.countries {
		if country.Code != name || !slices.Contains(models.Countries, country.Code) {
			c.add(country.at, "country %q must be the name of its file and a country of the service", country.Code)
		}
		if country.Zone != models.Zone(country.Code, "") {
			c.add(country.at, "zone %q is not the one the service uses for %s", country.Zone, country.Code)
		}
		if _, ok := c.gapRule(country.CustodyGapRule); country.CustodyGapRule != "" && !ok {
			c.add(country.at, "country %s names the unknown gap rule %q", name, country.CustodyGapRule)
		}
		for id, a := range country.Capabilities {
			if f := c.facts[id]; f == nil || f.Derived != ruleCapability {
				c.add(a.at, "%s is no capability", id)
			}
			c.checkBasis(a.at, "capability "+id, a.Basis, a.Source)
		}
		for _, o := range country.Overrides {
			c.checkOverride(o)
		}
		country.Calendar = Calendar{Weekend: country.Weekend, Holidays: map[models.Date]string{}, Working: map[models.Date]bool{}, Years: map[int]bool{}}
	}
	for _, y := range c.years {
		country, ok := c.countries[y.country.text]
		if !ok {
			c.add(y.country.at, "year %d is of the unknown country %q", y.year, y.country.text)
			continue
		}
		if !slices.Contains(bases, y.basis) || country.Calendar.Years[y.year] {
			c.add(y.at, "year %d of %s needs a basis and may be given once", y.year, y.country.text)
		}
		country.Calendar.Years[y.year] = true
		maps.Copy(country.Calendar.Holidays, y.holidays)
		for _, d := range y.working {
			country.Calendar.Working[d] = true
		}
	}
}
