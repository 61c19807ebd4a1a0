package synthetic

import "jol/models"

// What episodes follow: the reference edition a clinic, and a prison health unit with
// the civil society around it, work by. A test holds them to the embedded catalogue.
const (
	treatmentProtocol = "therapeutic-programme"
	prisonProtocol    = "prison-civil-society-protocol"
	edition           = "2026.1-reference"
)

// inactivity is the number of days without contact that ends a treatment
// (docs/indicators.md, rule 7).
const inactivity = 183

// stay is one episode: it opens, perhaps leads to a referral, and closes or goes on.
func (l *life) stay(r *record, start int) {
	l.stays++
	e := l.newEpisode(r, start)
	end, reason := start+l.duration(r.org), pick(l.dice, endings(r.org))
	sent := l.referDuring(r, start, end)
	if sent.accepted && sent.movesOn {
		// A prison's episode ends with the release, others when the client arrives.
		if r.org.Kind != models.KindPrisonHealth && sent.attended < 0 {
			end = max(sent.attended, start)
		}
		if sent.acceptedOn <= end {
			reason = "3"
		}
	}
	if reason == "8" && (sent.made || len(l.plans) > 0 || l.elsewhere(r) || end < l.until) {
		reason = "99" // the dead are sent nowhere and come back nowhere
	}
	l.close(&e, r, start, end, reason)
	l.persons[r.person].Episodes = append(l.persons[r.person].Episodes, e)
	l.until = max(l.until, min(end, yesterday))
	l.dead = e.EndReason == "8"
	if !e.Open() && !l.dead && e.EndReason != "11" && !sent.accepted {
		l.planReturn(r, end)
	}
	if l.stays == 1 && r.org.Kind == models.KindClinic && l.chance(0.15) {
		l.plans = append(l.plans, plan{org: one(l.dice, l.w.places[l.who.place].ngos), start: min(start+l.between(0, 200), yesterday)})
	}
}

// elsewhere reports an open episode at another organisation.
func (l *life) elsewhere(r *record) bool {
	for _, other := range l.records {
		if other != r && other.open {
			return true
		}
	}
	return false
}

// planReturn lets some come back after a while, half of them somewhere else.
func (l *life) planReturn(r *record, end int) {
	start := end + l.between(10, 480)
	if !l.chance(0.45) || start > yesterday {
		return
	}
	if l.chance(0.55) {
		l.plans = append(l.plans, plan{at: r, start: start})
		return
	}
	p := &l.w.places[l.who.place]
	if l.chance(0.25) {
		p = &l.w.places[l.w.anyPlace(l.dice)]
	}
	org := one(l.dice, p.clinics)
	if l.chance(0.25) {
		org = one(l.dice, p.ngos)
	}
	l.plans = append(l.plans, plan{org: org, start: start})
}

// duration draws the length of an episode in days.
func (l *life) duration(org *models.Organisation) int {
	switch org.CentreType {
	case "2":
		return l.between(14, 90)
	case "3":
		return l.between(60, 360)
	case "5":
		return l.between(20, 400)
	}
	if l.who.drug.opioid() {
		return l.between(60, 700)
	}
	return l.between(20, 240)
}

// endings weighs the reasons of the code list end_reason. Transfers are not among them:
// they follow from an accepted referral.
func endings(org *models.Organisation) []choice[string] {
	if org.Kind == models.KindPrisonHealth {
		return prisonEndings
	}
	return otherEndings
}

var (
	prisonEndings = []choice[string]{{20, "1"}, {8, "2"}, {5, "6"}, {10, "7"}, {0.5, "8"}, {45, "10"}, {1, "11"}, {10, "99"}}
	otherEndings  = []choice[string]{{22, "1"}, {13, "2"}, {25, "5"}, {4, "6"}, {10, "7"}, {1.5, "8"}, {18, "9"}, {1, "11"}, {5, "99"}}
)

// close ends the episode on the day, or leaves it open when the day has not come.
func (l *life) close(e *models.Episode, r *record, start, end int, reason string) {
	if reason == "9" && end+inactivity > yesterday {
		// Nobody has come since; the rule has not closed it yet.
		e.LastContact = l.date(min(end, yesterday))
		r.busy, r.open = forever, true
		return
	}
	if end > yesterday {
		e.LastContact = l.date(max(start, yesterday-l.between(0, 24)))
		if start < yesterday-inactivity && l.chance(0.04) { // forgotten
			e.LastContact = l.date(l.between(start, yesterday-inactivity))
		}
		r.busy, r.open = forever, true
		return
	}
	// A valid closure cannot fail: the end is not before the start.
	_ = e.Close(models.EpisodeClosure{On: l.date(end), Reason: reason}, true)
	r.busy = end + 1
}

func (l *life) newEpisode(r *record, start int) models.Episode {
	late := 0
	if l.chance(0.08) { // entered weeks after it began
		late = l.between(5, 60)
	}
	at := l.moment(min(start+late, yesterday))
	e := models.Episode{
		ID: l.id(at), ClientID: r.id, OrganisationID: r.org.ID, Structured: r.org.ReportsStructured,
		StartDate: l.date(start), LastContact: l.date(start), LegalBasis: "voluntary",
		Protocol: treatmentProtocol, Edition: edition, Sex: l.who.sex, CentreType: r.org.CentreType,
		AgeAtStart:     models.AgeFromYear(l.birthYearAt(r), l.w.calendar.date(start)),
		ReferralSource: pick(l.dice, sources), State: models.EpisodeInTreatment, Version: 1, CreatedAt: at,
	}
	switch {
	case r.org.Kind == models.KindPrisonHealth:
		e.LegalBasis, e.ReferralSource, e.Protocol = "in_custody", "1", prisonProtocol
	case e.ReferralSource == "1":
		e.LegalBasis = pick(l.dice, []choice[string]{{60, "court_ordered"}, {25, "alternative_to_prison"}, {15, "voluntary"}})
	}
	e.PreviousTreatment = l.previous(e.Structured)
	e.PrimaryDrug, e.Route, e.Injecting = l.use()
	return e
}

// sources weighs the code list tdi_referral_source for those outside prison.
var sources = []choice[string]{{14, "1"}, {6, "2"}, {12, "3"}, {16, "4"}, {1, "5"}, {45, "6"}, {3, "7"}, {3, "99"}}

// birthYearAt is the birth year as the record has it, which may be wrong.
func (l *life) birthYearAt(r *record) int {
	clients := l.persons[r.person].Clients
	for i := range clients {
		if clients[i].ID == r.id {
			return clients[i].Registration.BirthYear
		}
	}
	return l.who.birthYear
}

// previous answers whether there was treatment before. Some who were treated say no.
func (l *life) previous(structured bool) string {
	known := []choice[string]{{44, "1"}, {48, "2"}, {8, "99"}}
	if l.treated {
		known = []choice[string]{{5, "1"}, {91, "2"}, {4, "99"}}
	}
	l.treated = l.treated || structured
	return pick(l.dice, known)
}

// use draws drug, route and injecting. A few change drug between episodes.
func (l *life) use() (drug, route, injecting string) {
	p := l.who.drug
	if l.stays > 1 && l.chance(0.08) {
		p = pick(l.dice, profiles)
	}
	route = pick(l.dice, p.routes)
	switch {
	case route == inject:
		injecting = pick(l.dice, []choice[string]{{82, "2.3"}, {12, "2.2"}, {4, "2.1"}, {2, "99"}})
	case l.chance(p.everInject):
		injecting = pick(l.dice, []choice[string]{{20, "2.3"}, {30, "2.2"}, {50, "2.1"}})
	default:
		injecting = pick(l.dice, []choice[string]{{90, "1"}, {4, "3"}, {6, "99"}})
	}
	return p.code, route, injecting
}
