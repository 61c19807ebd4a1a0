package synthetic

import (
	"iter"
	"time"

	"jol/models"
)

// life is one human being's way through the organisations, and the records it leaves.
type life struct {
	*dice
	w     *World
	who   identity
	limit int // how many organisations may keep a record

	persons   []models.ImportedPerson
	records   []*record
	plans     []plan
	handovers []handover
	stays     int
	until     int  // last day of anything known about them
	treated   bool // structured treatment is on record somewhere
	dead      bool
}

// record is one organisation's record of the human being.
type record struct {
	id     models.ClientID
	person int // index in life.persons
	org    *models.Organisation
	since  int // day of registration
	busy   int // no episode may start before this day
	open   bool
}

// forever is later than every day of the calendar.
const forever = 1 << 20

// plan is a stay still to come: with a record, or by walking in somewhere.
type plan struct {
	at    *record
	org   *models.Organisation
	start int
}

// lives makes everybody. First come the cases that fill the inboxes of the demo's
// accounts, then people until the number of client records is reached.
func (w *World) lives() iter.Seq[*life] {
	return func(yield func(*life) bool) {
		d, care := newDice(w.Config.Seed, streamPeople), newDice(w.Config.Seed, streamCare)
		left := w.Config.Clients
		for _, s := range showcases {
			if left < s.records() {
				break
			}
			l := w.showcase(d, s)
			l.receive(care, true)
			if left -= len(l.records); !yield(l) {
				return
			}
		}
		for all := left; left > 0; {
			entry := w.entryDay(d, float64(left)/float64(all))
			who := w.newIdentity(d, w.calendar.at(entry, 0).Year())
			alike := 1
			if d.chance(0.008) { // twins
				alike = 2
			}
			for range alike {
				if left == 0 {
					return
				}
				l := &life{dice: d, w: w, who: who, limit: min(left, 3), until: firstDay}
				l.live(entry)
				l.receive(care, false)
				if left -= len(l.records); !yield(l) {
					return
				}
			}
		}
	}
}

// entryDay draws the day of a first contact, a little denser towards the present. left
// is the share of records still to make: people come in the order of their entry, so
// that ids rise and a database writes them where it wrote the last ones.
func (w *World) entryDay(d *dice, left float64) int {
	u := min(left+0.02*(d.Float64()-0.5), 1)
	return min(int(firstDay*u*(0.8+0.2*u)), yesterday)
}

// live walks through everything from the day of the first contact.
func (l *life) live(entry int) {
	l.plans = append(l.plans, plan{org: l.firstOrganisation(), start: entry})
	for len(l.plans) > 0 && !l.dead && l.stays < 6 {
		next := l.plans[0]
		l.plans = l.plans[1:]
		if r := l.arrive(next); r != nil && next.start >= r.busy {
			l.stay(r, next.start)
		}
	}
	l.settle()
}

// firstOrganisation draws where somebody turns to, or is taken to, first.
func (l *life) firstOrganisation() *models.Organisation {
	p := &l.w.places[l.who.place]
	switch x := l.Float64(); {
	case x < 0.12 && p.health != nil:
		return p.health
	case x < 0.40:
		return one(l.dice, p.ngos)
	}
	return one(l.dice, p.clinics)
}

// arrive returns the record a stay belongs to; nil when there can be none: the limit is
// reached, or the organisation came to know the person later by another way.
func (l *life) arrive(p plan) *record {
	if p.at != nil {
		return p.at
	}
	if r := l.recordAt(p.org.ID); r != nil {
		if r.since <= p.start {
			return r
		}
		return nil
	}
	if len(l.records) >= l.limit {
		return nil
	}
	return l.walkIn(p.org, p.start)
}

func (l *life) recordAt(id models.OrganisationID) *record {
	for _, r := range l.records {
		if r.org.ID == id {
			return r
		}
	}
	return nil
}

// walkIn registers the human being as a new person: nobody can know that another
// organisation has a record.
func (l *life) walkIn(org *models.Organisation, day int) *record {
	at := l.moment(day)
	id := models.PersonID(l.id(at))
	l.persons = append(l.persons, models.ImportedPerson{Person: models.Person{
		ID: id, Country: l.w.Config.Country, ResponsibleID: org.ID, CreatedAt: at,
	}})
	return l.enrol(org, day, at, len(l.persons)-1, l.registration(), "")
}

// enrol makes a client record, and asks about linkage.
func (l *life) enrol(org *models.Organisation, day int, at time.Time, person int, typed models.Registration, linkedAs models.ClientID) *record {
	r := &record{id: models.ClientID(l.id(at)), person: person, org: org, since: day, busy: day}
	p := &l.persons[person]
	p.Clients = append(p.Clients, models.ImportedClient{
		Client: models.Client{
			ID: r.id, OrganisationID: org.ID, PersonID: p.Person.ID, Sex: l.who.sex, Version: 1, CreatedAt: at,
		},
		Registration: typed, LinkedAs: linkedAs,
	})
	l.records = append(l.records, r)
	l.askLinkage(r, at)
	return r
}

// moment draws a time of the day.
func (l *life) moment(day int) time.Time { return l.w.calendar.at(day, l.IntN(workday)) }

func (l *life) date(day int) models.Date { return l.w.calendar.date(day) }

// settle decides who is responsible for each person: acceptances hand over in their
// order in time, whatever order this generator made them in.
func (l *life) settle() {
	sortHandovers(l.handovers)
	for _, h := range l.handovers {
		p := &l.persons[h.person].Person
		if r := h.referral; r.HandsOver(p.ResponsibleID) {
			p.ResponsibleID = r.ToOrganisationID
		}
	}
}
