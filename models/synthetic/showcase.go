package synthetic

import "jol/models"

// showcase is a scripted case. The first ones of every synthetic country give the demo's
// accounts something to do, however few clients are asked for.
type showcase struct {
	from, to models.OrganisationKind
	fromNth  int
	reason   string
	urgency  string
	daysAgo  int
	course   []step
}

// showcases: an inbox of the first clinic with fresh, waiting and overdue referrals, some
// for the others, an agonist transfer under way, and a client two organisations share.
var showcases = []showcase{
	{from: models.KindNGO, to: models.KindClinic, reason: "step_up", urgency: "urgent", daysAgo: 1},
	{from: models.KindPrisonHealth, to: models.KindClinic, reason: "release", urgency: "routine", daysAgo: 1},
	{from: models.KindClinic, to: models.KindNGO, reason: "step_down", urgency: "routine", daysAgo: 1},
	{from: models.KindNGO, to: models.KindClinic, reason: "step_up", urgency: "routine", daysAgo: 2},
	{from: models.KindNGO, to: models.KindClinic, reason: "step_up", urgency: "routine", daysAgo: 45,
		course: []step{receipt, acceptance, {"appointment", models.Receiver, 0, 0}, {"attendance", models.Receiver, 3, 6}}},
	{from: models.KindNGO, to: models.KindClinic, reason: "step_up", urgency: "routine", daysAgo: 9},
	{from: models.KindClinic, to: models.KindPrisonHealth, reason: "other", urgency: "urgent", daysAgo: 1},
	{from: models.KindClinic, fromNth: 1, to: models.KindClinic, reason: "oat_transfer", urgency: "routine", daysAgo: 3,
		course: []step{{"receipt", models.Receiver, 0, 0}, {"acceptance", models.Receiver, 0, 1}, {"appointment", models.Receiver, 0, 1}}},
	{from: models.KindPrisonHealth, to: models.KindClinic, reason: "release", urgency: "routine", daysAgo: 5, course: []step{receipt}},
	{from: models.KindClinic, to: models.KindNGO, reason: "other", urgency: "routine", daysAgo: 6},
	{from: models.KindClinic, fromNth: 2, to: models.KindClinic, reason: "oat_transfer", urgency: "urgent", daysAgo: 1}, // with a dose to confirm
}

// records is the number of client records the case makes.
func (s showcase) records() int {
	for _, step := range s.course {
		if step.action == "acceptance" {
			return 2
		}
	}
	return 1
}

// showcase plays a scripted case: an open episode at the sender, and the referral. What
// follows an attendance goes on as with everybody.
func (w *World) showcase(d *dice, s showcase) *life {
	registered := -s.daysAgo - 30
	who := w.newIdentity(d, w.calendar.at(registered, 0).Year())
	who.place, who.drug, who.fatherUnknown = 0, profiles[0].value, false
	l := &life{dice: d, w: w, who: who, limit: s.records(), until: firstDay}
	r := l.walkIn(w.nth(s.from, s.fromNth), registered)
	e := l.newEpisode(r, registered)
	l.close(&e, r, registered, forever, "")
	l.persons[0].Episodes = append(l.persons[0].Episodes, e)
	l.refer(r, w.nth(s.to, 0), s.reason, s.urgency, -s.daysAgo, firstDay, s.course)
	for _, p := range l.plans {
		e := l.newEpisode(p.at, p.start)
		l.close(&e, p.at, p.start, forever, "")
		l.persons[0].Episodes = append(l.persons[0].Episodes, e)
	}
	l.settle()
	return l
}
