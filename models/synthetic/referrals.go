package synthetic

import (
	"cmp"
	"slices"
	"time"

	"jol/models"
)

// outcome is what a referral has come to, as far as the sending episode must know.
type outcome struct {
	made       bool
	accepted   bool
	acceptedOn int
	attended   int // day; 0 or later when not (yet)
	movesOn    bool
}

// handover is an acceptance in time.
type handover struct {
	at       time.Time
	person   int
	referral models.Referral
}

func sortHandovers(hs []handover) {
	slices.SortFunc(hs, func(a, b handover) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.referral.ID, b.referral.ID))
	})
}

// step is a move of the referral after so many days.
type step struct {
	action   string
	by       models.Party
	min, max int
}

// withdrawal is the step that is not a move of the state machine.
const withdrawal = "withdrawal"

var (
	receipt     = step{"receipt", models.Receiver, 0, 1}
	acceptance  = step{"acceptance", models.Receiver, 0, 2}
	appointment = step{"appointment", models.Receiver, 0, 1}
	attendance  = step{"attendance", models.Receiver, 1, 14}
	attendLate  = step{"attendance", models.Receiver, 32, 60}
	noShow      = step{"no-show", models.Receiver, 2, 14}
	reEngage    = step{"re-engagement", models.Sender, 1, 5}
)

// courses are the ways a referral can go, by weight: three in five attended in 30 days.
var courses = []choice[[]step]{
	{40, []step{receipt, acceptance, appointment, attendance}},
	{12, []step{acceptance, attendance}},
	{4, []step{receipt, {"info-request", models.Receiver, 0, 1}, {"acceptance", models.Receiver, 1, 4}, attendance}},
	{4, []step{receipt, acceptance, appointment, {"no-show", models.Receiver, 1, 5}, reEngage, appointment, {"attendance", models.Receiver, 1, 6}}},
	{5, []step{receipt, acceptance, attendLate}},
	{4, []step{receipt, acceptance, appointment, noShow}},
	{3, []step{receipt, acceptance, appointment, noShow, reEngage}},
	{5, []step{receipt, acceptance, appointment, noShow, reEngage, {"closure", models.Sender, 20, 40}}},
	{2, []step{receipt, acceptance, appointment}}, // nobody wrote down what came of it
	{3, []step{receipt, acceptance}},
	{7, []step{receipt, {"decline", models.Receiver, 0, 3}}},
	{4, []step{{"cancellation", models.Sender, 1, 8}}},
	{3, []step{receipt, {withdrawal, models.Sender, 1, 10}}},
	{2, []step{receipt}},
	{1, []step{receipt, {"info-request", models.Receiver, 0, 1}}}, // and no answer
	{1, nil},
}

// refused are the courses open to a receiver that can make no record.
var refused = []choice[[]step]{
	{5, []step{receipt, {"decline", models.Receiver, 0, 3}}},
	{3, []step{{"cancellation", models.Sender, 1, 8}}},
	{1, []step{receipt}},
}

// habits are how often an organisation refers in an episode, and what share to an NGO.
type habits struct{ refers, toNGO float64 }

func habitsOf(kind models.OrganisationKind) habits {
	switch kind {
	case models.KindPrisonHealth:
		return habits{refers: 0.6, toNGO: 0.25}
	case models.KindNGO:
		return habits{refers: 0.4, toNGO: 0.05}
	}
	return habits{refers: 0.25, toNGO: 0.45}
}

// referDuring sends the client somewhere in the course of an episode, or not.
func (l *life) referDuring(r *record, start, end int) outcome {
	sent, notBefore := l.between(start+1, min(end, yesterday)), firstDay
	if r.org.Kind == models.KindPrisonHealth { // towards the release
		sent, notBefore = end-l.between(3, 14), end
	}
	if !l.chance(habitsOf(r.org.Kind).refers) || sent <= start || sent > yesterday {
		return outcome{}
	}
	to := l.receiver(r)
	known := l.recordAt(to.ID)
	if to.ID == r.org.ID || known != nil && (known.person != r.person || known.since >= sent) {
		return outcome{}
	}
	course := courses
	if known == nil && len(l.records) >= l.limit {
		course = refused
	}
	urgency := "routine"
	if l.chance(0.12) {
		urgency = "urgent"
	}
	return l.refer(r, to, l.reason(r.org, to), urgency, sent, notBefore, pick(l.dice, course))
}

// receiver draws to whom an organisation sends.
func (l *life) receiver(r *record) *models.Organisation {
	p := &l.w.places[l.who.place]
	if l.chance(0.12) {
		p = &l.w.places[l.w.anyPlace(l.dice)]
	}
	switch x := l.Float64(); {
	case x < habitsOf(r.org.Kind).toNGO:
		return one(l.dice, p.ngos)
	case x > 0.97 && p.health != nil && r.org.Kind != models.KindPrisonHealth:
		return p.health // taken into custody
	}
	return one(l.dice, p.clinics)
}

func (l *life) reason(from, to *models.Organisation) string {
	switch {
	case l.chance(0.06):
		return "infection_link"
	case from.Kind == models.KindPrisonHealth:
		return "release"
	case from.Kind == models.KindClinic && to.Kind == models.KindClinic:
		if l.who.drug.opioid() && slices.Contains(to.Services, "oat") {
			return "oat_transfer"
		}
		return one(l.dice, []string{"step_up", "step_down"})
	case from.Kind == models.KindNGO && to.Kind == models.KindClinic:
		return "step_up"
	case to.Kind == models.KindNGO:
		return one(l.dice, []string{"step_down", "other"})
	}
	return "other"
}

// refer sends a referral and follows its course up to yesterday.
func (l *life) refer(r *record, to *models.Organisation, reason, urgency string, sent, notBefore int, course []step) outcome {
	at := l.moment(sent).Add(time.Hour) // a consent signed in the morning comes first
	consent := l.consentTo(r, to, reason, sent, at)
	due := models.AnswerRoutine
	if urgency == "urgent" {
		due = models.AnswerUrgent
	}
	f := following{
		life: l, from: r, to: to, consent: &consent, notBefore: notBefore,
		referral: models.Referral{
			ID: l.id(at), FromOrganisationID: r.org.ID, ToOrganisationID: to.ID, FromClientID: r.id, ConsentID: consent.ID,
			Reason: reason, Urgency: urgency, Needs: l.needs(to), Note: pick(l.dice, notes), State: models.ReferralSent,
			SentAt: at, AnswerDue: at.Add(due), Version: 1, CreatedBy: l.w.writer(r.org.ID),
		},
	}
	l.until = max(l.until, sent)
	f.follow(sent, course)
	p := &l.persons[r.person]
	p.Consents = append(p.Consents, consent)
	p.Referrals = append(p.Referrals, f.referral)
	treats := reason != "infection_link" && reason != "other"
	f.outcome.made, f.outcome.movesOn = true, treats && to.ReportsStructured && r.org.ReportsStructured
	return f.outcome
}

// following is a referral on its course.
type following struct {
	*life
	from      *record
	to        *models.Organisation
	consent   *models.Consent
	notBefore int // nobody attends before, say, the release
	referral  models.Referral
	outcome   outcome
}

// follow makes the moves of the course that have happened by yesterday. The state
// machine itself makes them, so that no referral is in a state it cannot reach.
func (f *following) follow(day int, course []step) {
	f.outcome.attended = forever
	days := f.schedule(day, course)
	for i, s := range course {
		if days[i] > yesterday {
			return
		}
		f.until = max(f.until, days[i])
		at := f.w.calendar.at(days[i], workday+60+i) // after what was sent that day
		switch s.action {
		case withdrawal:
			_, _ = f.consent.Withdraw(at) // it was given, so it can be withdrawn
			f.referral.Withdrawn(at)
			return
		case "acceptance":
			f.accept(days[i], at)
		case "attendance":
			f.outcome.attended = days[i]
			f.plans = append(f.plans, plan{at: f.recordAt(f.to.ID), start: days[i]})
		}
		move := models.ReferralMove{On: f.date(days[i])}
		if i+1 < len(days) {
			move.AppointmentAt = f.w.calendar.at(days[i+1], 30)
		} else {
			move.AppointmentAt = f.w.calendar.at(days[i]+f.between(1, 7), 30)
		}
		if s.action == "decline" {
			move.Reason, move.Alternative = pick(f.dice, declines), one(f.dice, alternatives)
		}
		if err := f.referral.Do(s.action, s.by, move); err != nil {
			panic("synthetic: a course of referrals breaks the state machine: " + err.Error())
		}
	}
}

// schedule lays the steps out in days. Whoever is awaited is not awaited before the
// client can come.
func (f *following) schedule(day int, course []step) []int {
	days := make([]int, len(course))
	for i, s := range course {
		day += f.between(s.min, s.max)
		if (s.action == "attendance" || s.action == "no-show") && day < f.notBefore {
			day = f.notBefore + f.between(0, 5)
		}
		days[i] = day
	}
	return days
}

// accept is the act of care that joins: the receiver's record is of the same person and
// takes over the sender's linkage.
func (f *following) accept(day int, at time.Time) {
	own := f.recordAt(f.to.ID)
	if own == nil {
		own = f.enrol(f.to, day, at, f.from.person, models.Registration{BirthYear: f.birthYearAt(f.from)}, f.from.id)
	}
	f.referral.ToClientID = own.id
	f.outcome.accepted, f.outcome.acceptedOn = true, day
	f.handovers = append(f.handovers, handover{at: at, person: f.from.person, referral: f.referral})
}

// needs are one to three of the services the receiver offers.
func (l *life) needs(to *models.Organisation) []string {
	var needs []string
	for _, i := range l.Perm(len(to.Services))[:min(l.between(1, 3), len(to.Services))] {
		if s := to.Services[i]; s != "oat" || l.who.drug.opioid() {
			needs = append(needs, s)
		}
	}
	if needs == nil {
		return []string{}
	}
	return needs
}

// Closed texts: nothing in them is about anybody.
var (
	notes = []choice[string]{
		{70, ""}, {10, "Asks for an appointment in the evening."}, {8, "Prefers to come with a peer navigator."},
		{7, "Needs help with travel."}, {5, "Wants to start as soon as possible."},
	}
	declines     = []choice[string]{{40, "no_capacity"}, {15, "service_not_offered"}, {15, "outside_area"}, {15, "not_eligible"}, {15, "client_declined"}}
	alternatives = []string{"Place on the waiting list; call again next week.", "The outpatient clinic of the region has free places.", "Low-threshold services without a waiting time."}
)
