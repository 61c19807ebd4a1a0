package synthetic

import (
	"time"

	"jol/models"
)

// limit is a limit of the reference protocols as the planner would set it. A test holds
// each to the embedded catalogue.
type limit struct {
	step, id, anchor, basis string
	days                    int // after the anchor
	roles                   []models.Role
	origin                  string
}

var (
	firstSession = limit{"tp-psychosocial-core", "first-session", "plan_agreed", "editorial", 14,
		[]models.Role{models.RolePsychologist}, models.OriginEntry}
	firstReview = limit{"tp-plan-review", "first-review", "plan_agreed", "editorial", 30,
		[]models.Role{models.RoleNarcologist, models.RolePsychologist, models.RoleSocialWorker}, models.OriginEntry}
	startRelease = limit{"pc-release-prep-start", "open", "planned_release_date", "editorial", -90,
		[]models.Role{models.RoleSocialWorker, models.RoleProbationOfficer, models.RolePrisonMedical, models.RoleNGOOutreach}, models.OriginAnchor}
	sendReferral = limit{"pc-release-prep-referral", "send", "planned_release_date", "editorial", -30,
		[]models.Role{models.RolePrisonMedical, models.RoleSocialWorker, models.RoleNGOOutreach}, models.OriginAnchor}
)

// tasks are what is to be done in an episode that goes on: what its protocol asks for
// now, with the event it counts from, and what a worker wrote down.
func (c *care) tasks(v *visit) {
	if !v.open {
		return
	}
	switch v.org.Kind {
	case models.KindClinic:
		agreed := max(v.start, yesterday-c.between(2, 40))
		c.anchor(v, "plan_agreed", agreed)
		c.follow(v, agreed, agreed, firstSession, 0.85)
		c.follow(v, agreed, agreed, firstReview, 0.6)
	case models.KindPrisonHealth:
		c.prepareRelease(v)
	}
	if c.likely(0.25) {
		day := c.between(-4, 10)
		at := c.written(max(v.start, yesterday-c.between(0, 6)))
		due := models.EndOfDay(c.date(day), zoneOf(v.org))
		t := c.task(v, at)
		t.Kind, t.Origin, t.DueAt, t.AssigneeID = one(c.dice, errands), models.OriginManual, &due, c.life.w.writer(v.org.ID)
		t.Roles = []models.Role{}
		c.person.Tasks = append(c.person.Tasks, t)
	}
}

func zoneOf(o *models.Organisation) string { return models.Zone(o.Country, o.Region) }

var errands = []string{"call", "appointment", "documents", "housing", "visit"}

func (c *care) anchor(v *visit, name string, day int) {
	at := c.life.w.calendar.at(min(day, yesterday), workday+61)
	c.person.Anchors = append(c.person.Anchors, models.Anchor{
		ID: c.id(at), ClientID: v.episode.ClientID, OrganisationID: v.org.ID, EpisodeID: v.episode.ID, Name: name, OnDate: c.date(day),
		Version: 1, CreatedAt: at, CreatedBy: c.life.w.writer(v.org.ID),
	})
}

// prepareRelease follows the planned release of the stay that is open.
func (c *care) prepareRelease(v *visit) {
	for i := range c.person.Spells {
		s := &c.person.Spells[i]
		if !s.Open() || s.ClientID != v.episode.ClientID || s.PlannedRelease == "" {
			continue
		}
		day := c.life.w.calendar.day(s.PlannedRelease)
		at := c.life.w.calendar.at(v.start, workday+62)
		c.person.Anchors = append(c.person.Anchors, models.Anchor{
			ID: c.id(at), ClientID: v.episode.ClientID, OrganisationID: v.org.ID, EpisodeID: v.episode.ID, Name: "planned_release_date",
			OnDate: s.PlannedRelease, Version: 1, CreatedAt: at, CreatedBy: s.CreatedBy,
		})
		sent := 0.5
		if c.releaseReferral(v) != nil {
			sent = 1
		}
		c.follow(v, v.start, day, startRelease, 0.9)
		c.follow(v, v.start, day, sendReferral, sent)
	}
}

func (c *care) task(v *visit, at time.Time) models.Task {
	e := v.episode
	return models.Task{
		ID: c.id(at), ClientID: e.ClientID, OrganisationID: v.org.ID, EpisodeID: e.ID, Protocol: e.Protocol, Edition: e.Edition,
		State: models.TaskOpen, Version: 1, CreatedAt: at,
	}
}

// follow makes the task of a limit, on the day its anchor became known. When its time has come it is done, as a rule; the
// others are overdue.
func (c *care) follow(v *visit, known, anchored int, l limit, done float64) {
	t := c.task(v, c.life.w.calendar.at(known, workday+62))
	due := models.EndOfDay(c.date(anchored+l.days), zoneOf(v.org))
	t.Step, t.LimitID, t.Anchor, t.Basis, t.Roles, t.Origin, t.DueAt = l.step, l.id, l.anchor, l.basis, l.roles, l.origin, &due
	if day := anchored + l.days; day < yesterday && c.chance(done) {
		day = max(day-c.between(0, 3), known)
		at := c.life.w.calendar.at(day, workday+63)
		t.State, t.DoneOn, t.SettledAt, t.SettledBy, t.Version = models.TaskDone, c.date(day), &at, c.life.w.writer(v.org.ID), 2
	}
	c.person.Tasks = append(c.person.Tasks, t)
}
