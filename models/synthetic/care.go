package synthetic

import (
	"slices"
	"time"

	"jol/models"
)

// care is what organisations do for one person while its life goes on: assessments,
// doses, contacts, custody. It draws from a stream of its own, so that the pathways stay
// what they are however much is done on the way.
type care struct {
	*dice
	life    *life
	person  *models.ImportedPerson
	certain bool // a showcase: whatever can be shown is there
}

// visit is one episode with its days.
type visit struct {
	episode *models.Episode
	org     *models.Organisation
	start   int
	end     int // the last day on which anything was done: yesterday at the latest
	open    bool
	opioid  bool
}

func (v *visit) injects() bool { return v.episode.Injecting[0] == '2' }

// receive adds the care of every person of the life.
func (l *life) receive(d *dice, certain bool) {
	for i := range l.persons {
		c := care{dice: d, life: l, person: &l.persons[i], certain: certain}
		visits := c.visits(i)
		c.custody(visits)
		c.agonists(visits)
		for j := range visits {
			v := &visits[j]
			c.assess(v)
			c.contacts(v)
			c.seen(v)
			c.test(v)
			c.naloxone(v)
			c.overdose(v)
			c.tasks(v)
		}
	}
}

// visits lists a person's episodes in the order of their start.
func (c *care) visits(person int) []visit {
	w := c.life.w
	visits := make([]visit, 0, len(c.person.Episodes))
	for i := range c.person.Episodes {
		e := &c.person.Episodes[i]
		v := visit{episode: e, start: w.calendar.day(e.StartDate), end: w.calendar.day(e.LastContact), open: e.Open(), opioid: e.PrimaryDrug[0] == '1'}
		if !v.open {
			v.end = w.calendar.day(e.EndDate)
		}
		v.end = max(v.start, v.end)
		for _, r := range c.life.records {
			if r.person == person && r.id == e.ClientID {
				v.org = r.org
			}
		}
		visits = append(visits, v)
	}
	slices.SortStableFunc(visits, func(a, b visit) int { return a.start - b.start })
	return visits
}

// likely is chance, and certain in a showcase.
func (c *care) likely(p float64) bool { return c.chance(p) || c.certain }

func (c *care) date(day int) models.Date { return c.life.w.calendar.date(day) }

func (c *care) moment(day int) time.Time { return c.life.w.calendar.at(day, c.IntN(workday)) }

// written is when something that happened on a day was entered: the same day, or weeks
// later when somebody catches up.
func (c *care) written(day int) time.Time {
	if c.chance(0.08) {
		day = min(day+c.between(5, 60), yesterday)
	}
	return c.life.w.calendar.at(day, workday+c.IntN(60))
}

// enter adds an entry of the clinical record.
func (c *care) enter(v *visit, day int, content models.EntryContent) {
	at := c.written(day)
	e := models.Entry{
		ID: c.id(at), EntryID: c.id(at), Version: 1, Current: true, ClientID: v.episode.ClientID, OrganisationID: v.org.ID,
		EpisodeID: v.episode.ID, CreatedAt: at, CreatedBy: c.life.w.writer(v.org.ID),
	}
	if err := e.Hold(content); err != nil {
		panic("synthetic: an entry cannot be held: " + err.Error())
	}
	c.person.Entries = append(c.person.Entries, e)
}

// seen notes that the client goes on coming: without it an episode that is open counts as
// ended on its first day (docs/indicators.md, rule 7). One contact stands for those of
// some months, and the last one is that of the episode.
func (c *care) seen(v *visit) {
	for day := v.start + c.between(90, 170); day < v.end; day += c.between(90, 170) {
		c.see(v, day)
	}
	if v.end > v.start && (v.open || v.episode.EndReason == "9") {
		c.see(v, v.end)
	}
}

func (c *care) see(v *visit, day int) {
	at := c.written(day)
	c.person.Contacts = append(c.person.Contacts, models.EpisodeContact{
		ID: c.id(at), EpisodeID: v.episode.ID, ClientID: v.episode.ClientID, OnDate: c.date(day), CreatedAt: at,
	})
	v.episode.Version++
}

// contacts of the record are few: one stands for many.
func (c *care) contacts(v *visit) {
	k := models.Contact{Intervention: "PSY", Setting: "facility", Appointment: pick(c.dice, appointments)}
	n := c.between(0, 1)
	switch v.org.Kind {
	case models.KindNGO:
		k.Intervention, k.Setting, k.Appointment, n = "OUTREACH", "community", "none", 1
		if v.injects() {
			k.Intervention, n = "NSP", c.between(1, 3)
		}
	case models.KindPrisonHealth:
		k.Intervention, k.Appointment = "COUNSEL", "attended"
	}
	for range n {
		this := k
		day := c.between(v.start, v.end)
		this.On = c.date(day)
		if k.Intervention == "NSP" {
			this.Syringes, this.Condoms = 5*c.between(1, 12), c.between(0, 6)
		}
		c.enter(v, day, &this)
	}
}

var appointments = []choice[string]{{70, "attended"}, {20, "missed"}, {10, "none"}}

// test is one test for an infection, in some episodes.
func (c *care) test(v *visit) {
	if !c.likely(0.3) {
		return
	}
	t := models.InfectionTest{Test: pick(c.dice, testKinds), Result: "neg"}
	positive := 0.04
	if v.injects() && t.Test == "HCV_AB" {
		positive = 0.5
	} else if v.injects() {
		positive = 0.09
	}
	day := c.between(v.start, v.end)
	t.On = c.date(day)
	switch x := c.Float64(); {
	case x < positive:
		t.Result = "pos"
		if c.chance(0.6) {
			t.LinkedOn = c.date(c.between(day, v.end))
		}
	case x > 0.95:
		t.Result = "not_returned"
	}
	if t.Result != "not_returned" {
		t.ReturnedOn = c.date(c.between(day, min(day+10, v.end)))
	}
	c.enter(v, day, &t)
}

var testKinds = []choice[string]{{45, "HIV"}, {30, "HCV_AB"}, {5, "HCV_RNA"}, {5, "HBSAG"}, {15, "TB"}}

// naloxone is a kit given to somebody who uses opioids, where kits are given out.
func (c *care) naloxone(v *visit) {
	if !v.opioid || !v.org.Capabilities.THNAllowed || !c.likely(0.5) {
		return
	}
	day := c.between(v.start, v.end)
	at := c.written(day)
	kit := models.NaloxoneKit{
		ID: c.id(at), OrganisationID: v.org.ID, ClientID: v.episode.ClientID, Lot: one(c.dice, lots), GivenOn: c.date(day),
		ExpiresOn: c.date(day).AddDays(c.between(200, 700)), State: models.KitGiven, Version: 2, CreatedAt: at,
	}
	if x := c.Float64(); x < 0.06 {
		kit.State, kit.Version = models.KitLost, 3
	}
	c.person.Kits = append(c.person.Kits, kit)
}

var lots = []string{"DEMO-101", "DEMO-102", "DEMO-117", "DEMO-204"}

// overdose is rare, and not so rare among those who use opioids. It is what some of the
// dead died of.
func (c *care) overdose(v *visit) {
	died, rate := v.episode.EndReason == "8", 0.006
	if v.opioid {
		rate = 0.04
	}
	if died {
		rate = 0.5
	}
	if !c.chance(rate) {
		return
	}
	day := c.between(v.start, v.end)
	o := models.Overdose{Outcome: "survived", State: models.OverdoseSurvived, Version: 1}
	if died {
		day, o.Outcome, o.State = v.end, "died", models.OverdoseDied
	}
	at := c.moment(day)
	o.ID, o.At, o.CreatedAt, o.CreatedBy = c.id(at), at, c.written(day), c.life.w.writer(v.org.ID)
	o.ClientID, o.OrganisationID, o.Region = v.episode.ClientID, v.org.ID, v.org.Region
	o.Place, o.Ambulance, o.Substances = pick(c.dice, overdosePlaces), pick(c.dice, ambulances), []string{v.episode.PrimaryDrug}
	if v.org.Kind == models.KindPrisonHealth {
		o.Place = "custody"
	}
	if v.opioid && c.chance(0.6) {
		o.NaloxoneDoses = c.between(1, 3)
	}
	if !died && day < yesterday-10 && c.chance(0.7) { // looked after, as it should be
		o.State, o.FollowedUpOn, o.ReviewedOn, o.Version = models.OverdoseClosed, c.date(day+1), c.date(day+7), 4
	}
	c.person.Overdoses = append(c.person.Overdoses, o)
	if o.NaloxoneDoses > 0 {
		c.useKit(&o, day)
	}
}

// useKit takes the kit that was used from the client, if there is one.
func (c *care) useKit(o *models.Overdose, day int) {
	for i := range c.person.Kits {
		k := &c.person.Kits[i]
		if k.State == models.KitGiven && k.ClientID == o.ClientID && k.GivenOn <= c.date(day) {
			k.State, k.UsedOn, k.OverdoseID, k.Version = models.KitUsed, c.date(day), o.ID, 3
			return
		}
	}
}

var (
	overdosePlaces = []choice[string]{{45, "home"}, {15, "other_home"}, {20, "street"}, {10, "public_building"}, {5, "hostel"}, {5, "other"}}
	ambulances     = []choice[string]{{60, "yes"}, {35, "no"}, {5, "refused"}}
)
