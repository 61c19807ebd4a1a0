package store

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"jol/models"
)

// counted puts the rows of one person together. It is used again for the next one, so that
// what it holds does not grow with their number.
type counted struct {
	country string
	zones   map[string]string // by region
	kinds   map[string]string // sector by kind of organisation
	client  models.ClientRows

	episodes    []countedEpisode
	contacts    []countedContact
	assessments map[string]countedAssessment // by episode
	arrived     []countedArrival
	orders      []countedOrder
	doses       map[string][]models.DoseRun
	phases      map[string][]models.DosePhase
	community   []models.ContactRow // doses taken in the community shortly after a release
}

type countedEpisode struct {
	row                      models.EpisodeRow
	id, client, organisation string
}

type countedContact struct {
	client string
	row    models.ContactRow
}

type countedAssessment struct {
	on   models.Date
	data string
}

// countedArrival is a referral that was accepted for the client.
type countedArrival struct {
	organisation     string
	sentOn, attended models.Date
	closedOn         models.Date
	open             bool
}

type countedOrder struct {
	id, schedule string
	from         models.Date
	row          models.OATRow
}

func newCounted(country string) *counted {
	c := &counted{country: country, zones: map[string]string{}, kinds: map[string]string{}}
	for _, kind := range models.OrganisationKinds {
		sector, _ := kind.Sector()
		c.kinds[string(kind)] = string(sector)
	}
	return c
}

// begin forgets the person before.
func (c *counted) begin(key int64, scope models.Scope) {
	*c = counted{
		country: c.country, zones: c.zones, kinds: c.kinds, client: models.ClientRows{SDCKey: key, Scope: scope},
		assessments: map[string]countedAssessment{}, doses: map[string][]models.DoseRun{}, phases: map[string][]models.DosePhase{},
	}
}

// reader takes the fields of a row one after the other.
type reader struct {
	rest string
	err  error
}

func (r *reader) next() string {
	field, rest, _ := strings.Cut(r.rest, "|")
	r.rest = rest
	return field
}

func (r *reader) date() models.Date { return models.Date(r.next()) }

func (r *reader) number() int64 {
	n, err := strconv.ParseInt(r.next(), 10, 64)
	if err != nil {
		r.err = errUnreadable
	}
	return n
}

// moment reads a time in UTC as the engines write it; zero where there is none.
func (r *reader) moment() time.Time {
	field := r.next()
	if field == "" {
		return time.Time{}
	}
	at, err := parseMoment(field)
	if err != nil {
		r.err = err
	}
	return at
}

// parseMoment reads "2026-01-31 09:30:00", with or without a fraction and +00:00. Another
// offset would be another day, and is an error.
func parseMoment(text string) (time.Time, error) {
	seconds := min(len(text), len(time.DateTime))
	rest := strings.TrimSuffix(text[seconds:], "+00:00")
	at, err := time.Parse(time.DateTime, text[:seconds])
	if err != nil || strings.ContainsAny(rest, "+-") {
		return time.Time{}, errUnreadable
	}
	return at, nil
}

// day is the civil date of a moment in a region; empty for none.
func (c *counted) day(at time.Time, region string) models.Date {
	if at.IsZero() {
		return ""
	}
	zone, ok := c.zones[region]
	if !ok {
		zone = models.Zone(c.country, region)
		c.zones[region] = zone
	}
	return models.DateOf(at, zone)
}

var (
	errCountedRow = errors.New("store: a counted row of unknown kind")
	errUnreadable = errors.New("store: a counted row is not readable") // without its text
)

// add takes one row of countingSQL.
func (c *counted) add(what, fields string) error {
	r := &reader{rest: fields}
	switch what {
	case "E":
		c.addEpisode(r)
	case "A":
		episode, a := r.next(), countedAssessment{on: r.date()}
		a.data = r.rest
		if had, ok := c.assessments[episode]; !ok || a.on < had.on || a.on == had.on && a.data < had.data { // the entry is the first
			c.assessments[episode] = a
		}
	case "X":
		c.addEntry(r)
	case "K":
		k := countedContact{client: r.next(), row: models.ContactRow{On: r.date()}}
		at := r.moment()
		k.row.KnownOn = c.day(at, r.next())
		c.contacts = append(c.contacts, k)
	case "R":
		row := models.ReferralRow{Region: r.next(), FromSector: c.kinds[r.next()], ToSector: c.kinds[r.next()], Reason: r.next()}
		row.SentOn = c.day(r.moment(), row.Region)
		row.KnownOn = row.SentOn
		row.AttendedOn = r.date()
		open := openReferral[r.next()]
		row.ClosedOn = c.day(r.moment(), row.Region)
		if row.AttendedOn != "" {
			row.AttendedKnownOn = row.ClosedOn
		}
		if !open && row.ClosedOn == "" { // closed before the time was kept
			row.ClosedOn = max(row.AttendedOn, row.SentOn)
		}
		c.client.Referrals = append(c.client.Referrals, row)
	case "I":
		region := r.next()
		a := countedArrival{organisation: r.next(), sentOn: c.day(r.moment(), region), attended: r.date()}
		a.open = openReferral[r.next()]
		a.closedOn = c.day(r.moment(), region)
		c.arrived = append(c.arrived, a)
	case "P":
		c.addSpell(r)
	case "G":
		c.addCommunityDoses(r)
	case "Q":
		o := countedOrder{id: r.next(), row: models.OATRow{Region: r.next(), Sector: c.kinds[r.next()], Sex: r.next(), Medicine: r.next()}}
		o.schedule, o.from = r.next(), r.date()
		o.row.End = c.day(r.moment(), o.row.Region)
		o.row.EndKnownOn = o.row.End
		c.orders = append(c.orders, o)
	case "V":
		c.addPhase(r)
	case "D":
		c.addDoses(r)
	default:
		return errCountedRow
	}
	return r.err
}

var openReferral = func() map[string]bool {
	open := map[string]bool{}
	for _, state := range models.OpenReferralStates {
		open[state] = true
	}
	return open
}()

func (c *counted) addEpisode(r *reader) {
	e := countedEpisode{id: r.next(), client: r.next(), organisation: r.next()}
	row := &e.row
	row.Region, row.Sector, row.Sex, row.AgeAtStart = r.next(), c.kinds[r.next()], r.next(), int(r.number())
	row.CentreType, row.PrimaryDrug, row.Structured, row.Start = r.next(), r.next(), r.next() == "1", r.date()
	row.KnownOn = c.day(r.moment(), row.Region)
	row.End, row.EndReason = r.date(), r.next()
	row.EndKnownOn = c.day(r.moment(), row.Region)
	row.LastContact, row.LegalBasis, row.PreviousTreatment, row.ReferralSource = r.date(), r.next(), r.next(), r.next()
	row.Route, row.Injecting = r.next(), r.next()
	c.episodes = append(c.episodes, e)
}

func (c *counted) addEntry(r *reader) {
	e := models.EntryRow{Kind: r.next()}
	client := r.next()
	e.Code, e.Result, e.Quantity, e.Region = r.next(), r.next(), r.number(), r.next()
	e.Sector, e.Setting, e.Sex, e.NSPOffered = c.kinds[r.next()], r.next(), r.next(), r.next() == "1"
	if e.Kind == models.RowOverdose {
		e.On = c.day(r.moment(), e.Region)
	} else {
		e.On = r.date()
	}
	e.KnownOn = c.day(r.moment(), e.Region)
	e.ReturnedOn, e.LinkedOn = r.date(), r.date()
	c.client.Entries = append(c.client.Entries, e)
	if e.Kind == models.RowContact {
		c.contacts = append(c.contacts, countedContact{client, models.ContactRow{On: e.On, KnownOn: e.KnownOn}})
	}
}

func (c *counted) addSpell(r *reader) {
	s := models.CustodyRow{Region: r.next(), Sex: r.next()}
	s.Admitted, s.KnownOn = c.day(r.moment(), s.Region), c.day(r.moment(), s.Region)
	s.Exit, s.ExitKnownOn = c.day(r.moment(), s.Region), c.day(r.moment(), s.Region)
	s.ExitReason, s.ExitRegion, s.Naloxone = r.next(), r.next(), r.next()
	c.client.Custody = append(c.client.Custody, s)
}

// addPhase takes one version of an order. What a day is: half of an alternate-day dose is
// worked out when the order is there.
func (c *counted) addPhase(r *reader) {
	order, first := r.next(), r.next() == "1"
	p := models.DosePhase{Phase: r.next(), DailyUg: r.number()}
	if at := r.moment(); !first { // the first version is from the day the order says
		p.From = c.day(at, "")
		p.KnownOn = p.From
	} else {
		p.KnownOn = c.day(at, "")
	}
	c.phases[order] = append(c.phases[order], p)
}

// addCommunityDoses takes the doses that were given outside custody around a release: day,
// moment of recording and region of each; there may be none.
func (c *counted) addCommunityDoses(r *reader) {
	for dose := range strings.SplitSeq(r.rest, ";") {
		if dose == "" {
			continue
		}
		on, rest, _ := strings.Cut(dose, ",")
		known, region, _ := strings.Cut(rest, ",")
		at, err := parseMoment(known)
		if err != nil {
			r.err = err
			return
		}
		c.community = append(c.community, models.ContactRow{On: models.Date(on), KnownOn: c.day(at, region)})
	}
}

// addDoses takes the doses of an order: their days and moments of recording, take-home days,
// in any order. They are added up by half months, so that a year of daily doses is 24 runs:
// within a half month no gap is as long as the 30 days that end a course.
func (c *counted) addDoses(r *reader) {
	order, depot := r.next(), int(r.number())
	var runs []halfMonth
	for dose := range strings.SplitSeq(r.rest, ";") {
		on, rest, _ := strings.Cut(dose, ",")
		known, takeHome, ok := strings.Cut(rest, ",")
		if !ok || len(on) != len(time.DateOnly) {
			r.err = errUnreadable
			return
		}
		month, second := on[:len("2006-01")], on[len("2006-01-"):] >= "16"
		i := len(runs) - 1 // doses mostly come by day
		for i >= 0 && (runs[i].month != month || runs[i].second != second || runs[i].takeHome != takeHome) {
			i--
		}
		if i < 0 {
			runs = append(runs, halfMonth{month: month, second: second, takeHome: takeHome, first: on, known: known, last: on})
			continue
		}
		h := &runs[i]
		if on < h.first || on == h.first && known < h.known {
			h.first, h.known = on, known
		}
		h.last = max(h.last, on)
	}
	for _, h := range runs {
		known, err := parseMoment(h.known)
		days, bad := strconv.Atoi(h.takeHome)
		if err != nil || bad != nil {
			r.err = errUnreadable
			return
		}
		c.doses[order] = append(c.doses[order], models.DoseRun{
			From: models.Date(h.first), KnownOn: c.day(known, ""), To: models.Date(h.last).AddDays(days + depot),
		})
	}
}

// halfMonth are doses of one order in the first or second half of a month, with as many
// days taken home each time.
type halfMonth struct {
	month       string
	second      bool
	takeHome    string
	first, last string
	known       string // moment of recording the first
}

// rows completes the person: what one record says of another.
func (c *counted) rows() models.ClientRows {
	for i := range c.episodes {
		c.client.Episodes = append(c.client.Episodes, c.completed(&c.episodes[i]))
	}
	for i := range c.client.Entries {
		c.client.Entries[i].Age = c.age(c.client.Entries[i].On)
	}
	for i := range c.client.Custody {
		s := &c.client.Custody[i]
		s.AgeAtExit = c.age(max(s.Exit, s.Admitted))
		for _, d := range c.community {
			if s.Exit != "" && d.On >= s.Exit && (s.CommunityDoseOn == "" || d.On < s.CommunityDoseOn || d.On == s.CommunityDoseOn && d.KnownOn < s.CommunityDoseKnownOn) {
				s.CommunityDoseOn, s.CommunityDoseKnownOn = d.On, d.KnownOn
			}
		}
	}
	for _, o := range c.orders {
		c.client.OAT = append(c.client.OAT, c.course(o))
	}
	return c.client
}

func (c *counted) completed(e *countedEpisode) models.EpisodeRow {
	for _, k := range c.contacts {
		if k.client == e.client && k.row.On > e.row.Start && (e.row.End == "" || k.row.On <= e.row.End) {
			e.row.Contacts = append(e.row.Contacts, k.row)
		}
	}
	year := e.row.Start.AddMonths(-12)
	for _, a := range c.arrived {
		led := a.organisation == e.organisation && a.sentOn <= e.row.Start && a.sentOn >= year &&
			(a.attended != "" || a.open || a.closedOn > e.row.Start)
		if led && (e.row.ReferredOn == "" || a.sentOn < e.row.ReferredOn) {
			e.row.ReferredOn = a.sentOn
		}
	}
	if a, ok := c.assessments[e.id]; ok {
		e.row.Items = tdiItems(a.data)
	}
	return e.row
}

// tdiItems reads the items of an assessment; one that cannot be read is not recorded.
func tdiItems(data string) models.TDIItems {
	var a models.AssessmentItems
	if json.Unmarshal([]byte(data), &a) != nil {
		return models.TDIItems{}
	}
	items := models.TDIItems{
		LivingWith: a.LivingWith, LivingWhere: a.LivingWhere, Children: a.Children, Labour: a.Labour, Education: a.Education, Frequency: a.Frequency30d,
		Polydrug: a.Polydrug, OST: a.OSTStatus, HIVTest: a.HIVTest, HCVTest: a.HCVTest, Sharing: a.Sharing,
	}
	copy(items.SecondaryDrugs[:], a.SecondaryDrugs)
	for to, from := range map[*int]*int{&items.AgeFirstUse: a.AgeFirstUse, &items.AgeFirstOST: a.AgeFirstOST, &items.AgeFirstInjection: a.AgeFirstInjection} {
		if from != nil {
			*to = *from
		}
	}
	return items
}

// age is as many years as the episode nearest before the day tells; -1 unknown.
func (c *counted) age(on models.Date) int {
	age, start := -1, models.Date("")
	for i := range c.episodes {
		e := &c.episodes[i].row
		if e.AgeAtStart < 0 || e.Start > on || e.Start < start {
			continue
		}
		if then := e.AgeAtStart + on.Year() - e.Start.Year(); e.Start > start || then > age {
			age, start = then, e.Start
		}
	}
	return age
}

func (c *counted) course(o countedOrder) models.OATRow {
	o.row.Doses, o.row.Phases = c.doses[o.id], c.phases[o.id]
	for i := range o.row.Phases {
		p := &o.row.Phases[i]
		switch o.schedule {
		case "alternate_day":
			p.DailyUg /= 2
		case "weekly_depot", "monthly_depot":
			p.DailyUg = 0
		}
		if p.From == "" {
			p.From = o.from
		}
	}
	first := o.from
	for i, d := range o.row.Doses {
		if i == 0 || d.From < first {
			first = d.From
		}
	}
	o.row.AgeAtStart = c.age(first)
	return o.row
}
