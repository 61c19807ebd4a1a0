package synthetic

import (
	"jol/models"
)

// custody is a stay for every episode of a prison health unit. A stay ends with the
// episode when the term ended or a release was prepared, otherwise later, or not yet. It
// never runs into what the person did elsewhere afterwards.
func (c *care) custody(visits []visit) {
	busy := calendarFrom
	for i := range visits {
		v := &visits[i]
		if v.org.Kind != models.KindPrisonHealth || v.start <= busy {
			continue
		}
		next := forever
		for _, later := range visits {
			if later.start > v.start {
				next = min(next, later.start)
			}
		}
		busy = c.spell(v, next)
	}
}

// spell is one stay; it returns its last day.
func (c *care) spell(v *visit, next int) int {
	w := c.life.w
	at := w.calendar.at(v.start, 0)
	s := models.CustodySpell{
		ID: c.id(at), ClientID: v.episode.ClientID, PersonID: c.person.Person.ID, OrganisationID: v.org.ID, InstitutionID: v.org.Serves,
		Basis: pick(c.dice, bases), State: models.SpellResident, AdmittedAt: &at, Version: 2, CreatedAt: c.written(v.start), CreatedBy: w.writer(v.org.ID),
	}
	sent := c.releaseReferral(v)
	end := v.end + c.between(0, 200)
	switch {
	case v.open:
		end = forever
	case sent != nil, v.episode.EndReason == "8", v.episode.EndReason == "10", v.episode.EndReason == "3":
		end = v.end
	}
	if next < forever {
		end = max(min(end, next), v.end)
	}
	switch {
	case end > yesterday:
		c.plan(&s, v, sent)
	case v.episode.EndReason == "8":
		died := w.calendar.at(end, workday+20)
		s.State, s.ExitReason, s.EndedAt, s.Version = models.SpellDied, "died", &died, 3
	default:
		c.release(&s, v, sent, end)
	}
	c.person.Spells = append(c.person.Spells, s)
	return end
}

// releaseReferral is the referral that prepared the release.
func (c *care) releaseReferral(v *visit) *models.Referral {
	for i := range c.person.Referrals {
		r := &c.person.Referrals[i]
		if r.FromClientID == v.episode.ClientID && r.Reason == "release" && !r.SentAt.Before(v.episode.StartDate.Time()) &&
			(v.open || r.SentAt.Before(v.episode.EndDate.AddDays(1).Time())) {
			return r
		}
	}
	return nil
}

// plan sets the planned release of somebody who is held, and opens the case when it is
// near. Security is told of a few what to watch for, and of none why.
func (c *care) plan(s *models.CustodySpell, v *visit, sent *models.Referral) {
	ahead := c.between(20, 500)
	if sent != nil {
		ahead = c.between(2, 12)
	}
	if sent == nil && s.Basis == "pre_trial" && !c.certain {
		return // nobody can tell
	}
	c.planned(s, ahead)
	if ahead <= models.CaseLead {
		rc := c.releaseCase(s)
		rc.State = models.CaseAssessed
		if sent != nil {
			rc.State = models.CaseReferralsSent
		}
		c.person.ReleaseCases = append(c.person.ReleaseCases, rc)
	}
	if c.likely(0.04) {
		c.note(s)
	}
}

func (c *care) planned(s *models.CustodySpell, day int) {
	s.PlannedRelease = c.date(min(day, calendarTo))
	c.person.PlannedReleases = append(c.person.PlannedReleases, models.PlannedRelease{
		ID: c.id(s.CreatedAt), SpellID: s.ID, ClientID: s.ClientID, OnDate: s.PlannedRelease, SetAt: s.CreatedAt, SetByID: s.OrganisationID,
	})
	s.Version++
}

func (c *care) note(s *models.CustodySpell) {
	from, watch := c.life.w.calendar.at(yesterday, workday), one(c.dice, watches)
	if c.certain {
		watch = watches[0]
	}
	c.person.FunctionalNotes = append(c.person.FunctionalNotes, models.FunctionalNote{
		ID: c.id(from), SpellID: s.ID, ClientID: s.ClientID, OrganisationID: s.OrganisationID, InstitutionID: s.InstitutionID,
		Place: "cell", WatchFor: watch, FromAt: from, UntilAt: from.AddDate(0, 0, 14), Version: 1, CreatedAt: from,
	})
}

func (c *care) releaseCase(s *models.CustodySpell) models.ReleaseCase {
	return models.ReleaseCase{
		ID: c.id(s.CreatedAt), SpellID: s.ID, ClientID: s.ClientID, OrganisationID: s.OrganisationID, LeadID: s.CreatedBy,
		PlannedOn: s.PlannedRelease, State: models.CaseOpened, Version: 2, CreatedAt: s.CreatedAt,
	}
}

// release lets somebody go, prepared or not.
func (c *care) release(s *models.CustodySpell, v *visit, sent *models.Referral, end int) {
	if sent != nil || c.chance(0.75) {
		c.planned(s, end)
	}
	at := c.life.w.calendar.at(end, workday+30)
	r := models.CustodyRelease{
		At: at, Planned: s.PlannedRelease != "", ExitRegion: v.org.Region, ReferralOnRelease: pick(c.dice, without),
		NaloxoneOnRelease: pick(c.dice, naloxoneAtGate[v.opioid]),
	}
	if sent != nil {
		r.ReferralOnRelease = "structured"
		if to := c.life.w.organisation(sent.ToOrganisationID); to.Kind == models.KindNGO {
			r.ReferralOnRelease = "outreach"
		}
	}
	if err := s.Release(r, !v.open && v.end >= end); err != nil {
		panic("synthetic: a release breaks the rules: " + err.Error())
	}
	rc := c.releaseCase(s)
	rc.Released(s)
	if sent != nil && sent.ToClientID != "" {
		rc.ReceiverID = sent.ToOrganisationID
	}
	c.person.ReleaseCases = append(c.person.ReleaseCases, rc)
}

// organisation finds one by its id; there are few.
func (w *World) organisation(id models.OrganisationID) *models.Organisation {
	for i := range w.Organisations {
		if w.Organisations[i].ID == id {
			return &w.Organisations[i]
		}
	}
	return nil
}

var (
	bases   = []choice[string]{{25, "pre_trial"}, {75, "sentenced"}}
	watches = [][]string{{"hard_to_wake", "slow_breathing"}, {"shaking_or_sweating", "call_health_unit"}, {"permitted_item"}, {"check_hourly", "not_alone"}}
	without = []choice[string]{{70, "none"}, {20, "refused"}, {10, "outreach"}}

	naloxoneAtGate = map[bool][]choice[string]{
		true:  {{25, "supplied"}, {10, "refused"}, {65, "not_offered"}},
		false: {{3, "supplied"}, {2, "refused"}, {35, "not_offered"}, {60, "not_applicable"}},
	}
)
