package store

import (
	"errors"
	"slices"
	"strings"

	"jol/models"
)

// editionNotLoaded ends a transaction that needs an edition which is not in memory:
// loading it reads the database, and a transaction must not wait for another connection.
// Session.write loads it and runs the transaction again.
type editionNotLoaded struct{ protocol, edition string }

func (editionNotLoaded) Error() string { return "store: the edition is not loaded" }

// maxLoads bounds how often one write loads editions: another process of planning may have
// pushed it out in between.
const maxLoads = 3

// planning is an episode with everything that its tasks depend on.
type planning struct {
	*tx
	episode *models.Episode
	zone    string
	facts   models.PlanFacts
	tasks   []models.Task // of the episode, in any state
}

// planningFor loads what tasks of an episode depend on.
func (t *tx) planningFor(e *models.Episode) (*planning, error) {
	p := &planning{tx: t, episode: e}
	var anchors []models.Anchor
	org := &p.facts.Facility
	if err := errors.Join(
		t.Where("id = ?", e.OrganisationID).Take(org).Error,
		t.Where("episode_id = ?", e.ID).Order("name, version").Find(&anchors).Error,
		t.Where("organisation_id = ?", e.OrganisationID).Order("step, limit_id").Find(&p.facts.Overrides).Error,
		t.Where("episode_id = ?", e.ID).Order("id").Find(&p.tasks).Error,
	); err != nil {
		return nil, err
	}
	p.zone = models.Zone(org.Country, org.Region)
	p.facts.Now, p.facts.LegalBase, p.facts.Sex, p.facts.Age = t.now, e.LegalBasis, e.Sex, e.AgeAtStart
	if e.AgeAtStart >= 0 {
		p.facts.Age += max(0, t.today.Year()-e.StartDate.Year())
	}
	p.facts.Anchors = models.LatestAnchors(anchors)
	return p, nil
}

// drafts asks the planner.
func (p *planning) drafts(ev models.PlanEvent, f models.PlanFacts) ([]models.TaskDraft, error) {
	plan := p.session.store.opt.Planner.Plan
	if plan == nil {
		return nil, nil
	}
	drafts, ok, err := plan(p.episode.Protocol, p.episode.Edition, ev, f)
	if !ok && err == nil {
		return nil, editionNotLoaded{p.episode.Protocol, p.episode.Edition}
	}
	return drafts, err
}

// event makes the tasks that follow from an event and are not there yet.
func (p *planning) event(ev models.PlanEvent) error {
	drafts, err := p.drafts(ev, p.facts)
	if err != nil {
		return err
	}
	planned := strings.HasPrefix(ev.Anchor, "planned_") // a date that moves is not another event
	there := slices.DeleteFunc(slices.Clone(p.tasks), func(t models.Task) bool {
		return t.State == models.TaskCancelled || t.State != models.TaskOpen && !planned
	})
	for _, d := range drafts {
		if d.Covers(there) {
			continue
		}
		task := p.task(d)
		if err := p.add(&task); err != nil {
			return err
		}
		there = append(there, task)
	}
	return nil
}

// task is what a draft becomes.
func (p *planning) task(d models.TaskDraft) models.Task {
	e := p.episode
	return models.Task{ClientID: e.ClientID, OrganisationID: e.OrganisationID, EpisodeID: e.ID, Protocol: e.Protocol, Edition: e.Edition,
		Step: d.Step, LimitID: d.Limit, Anchor: d.Anchor, Origin: d.Origin, Roles: orEmpty(d.Roles), DueAt: d.DueAt, Hard: d.Hard, Basis: d.Basis,
		Uncertain: d.Uncertain}
}

func (p *planning) add(task *models.Task) error {
	if err := p.addTask(newID(), task); err != nil {
		return err
	}
	p.tasks = append(p.tasks, *task)
	p.alsoTouched(task.ID)
	return nil
}

// addTask stores an open task.
func (t *tx) addTask(id string, task *models.Task) error {
	task.ID, task.State, task.Version, task.CreatedAt = id, models.TaskOpen, 1, t.now
	task.Roles = orEmpty(task.Roles)
	t.tell("task", id, task.OrganisationID)
	return t.Create(task).Error
}

// reckon computes the due times of what is undone anew.
func (p *planning) reckon() error {
	var steps []string
	for _, t := range p.tasks {
		if t.State == models.TaskOpen && t.Step != "" && !slices.Contains(steps, t.Step) {
			steps = append(steps, t.Step)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	drafts, err := p.drafts(models.PlanEvent{Steps: steps}, p.facts)
	if err != nil {
		return err
	}
	for i := range p.tasks {
		task := &p.tasks[i]
		if task.State != models.TaskOpen || task.LimitID == "" {
			continue
		}
		of := drafts
		if task.Origin == models.OriginRecurring { // the occasion after the one before was done
			then := p.facts
			then.Now = task.CreatedAt
			if of, err = p.drafts(models.PlanEvent{Step: task.Step, Limit: task.LimitID}, then); err != nil {
				return err
			}
		}
		if n := slices.IndexFunc(of, func(d models.TaskDraft) bool { return d.Same(task) }); n >= 0 {
			if err := p.move(task, func() bool { return task.Reckon(of[n], p.zone) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// move changes a task's due time and keeps what it was.
func (p *planning) move(task *models.Task, change func() bool) error {
	before := models.TaskDue{TaskID: task.ID, Version: task.Version, DueAt: task.DueAt, ChangedAt: p.now}
	if !change() {
		return nil
	}
	p.alsoTouched(task.ID)
	p.tell("task", task.ID, task.OrganisationID)
	if err := p.Create(&before).Error; err != nil {
		return err
	}
	return changed(p.Model(task).Where("version = ?", before.Version).
		Select("due_at", "hard", "basis", "uncertain", "anchor", "paused_days", "version").Updates(task))
}

// plan makes the tasks that follow from an event of an episode, and computes the others anew.
func (t *tx) plan(e *models.Episode, ev models.PlanEvent) error {
	p, err := t.planningFor(e)
	if err != nil {
		return err
	}
	if err := p.event(ev); err != nil {
		return err
	}
	return p.reckon()
}

// replan computes the due times of an episode's undone tasks anew.
func (t *tx) replan(e *models.Episode) error {
	p, err := t.planningFor(e)
	if err != nil {
		return err
	}
	return p.reckon()
}

// pause moves soft limits by the days since an episode was suspended for hospital.
func (t *tx) pause(e *models.Episode, was models.Episode) error {
	p, err := t.planningFor(e)
	if err != nil || was.SuspendedAt == nil {
		return err
	}
	days := models.DateOf(*was.SuspendedAt, p.zone).DaysUntil(models.DateOf(t.now, p.zone))
	for i := range p.tasks {
		task := &p.tasks[i]
		if task.State != models.TaskOpen {
			continue
		}
		if err := p.move(task, func() bool { return task.Pause(*was.SuspendedAt, days, p.zone) }); err != nil {
			return err
		}
	}
	return nil
}

// askForConsent leaves a task where treatment runs without a consent to it: the ground of
// the emergency is its reason, none means care that ran before it was entered here.
func (t *tx) askForConsent(e *models.Episode, ground string) error {
	var there int64
	err := t.Model(&models.Task{}).Where("episode_id = ? AND kind = ? AND state = 'open'", e.ID, models.KindTreatmentConsent).Count(&there).Error
	if err != nil || there > 0 {
		return err
	}
	due := t.now.Add(models.ConsentAfterStart)
	id := newID()
	t.alsoTouched(id)
	return t.addTask(id, &models.Task{ClientID: e.ClientID, OrganisationID: e.OrganisationID, EpisodeID: e.ID, Protocol: e.Protocol, Edition: e.Edition,
		Kind: models.KindTreatmentConsent, Origin: models.OriginConsent, DueAt: &due, Hard: true, Basis: "editorial", Reason: ground})
}

// treatmentConsent reports whether a consent to treatment is in force that the episode's
// organisation recorded.
func (t *tx) treatmentConsent(e *models.Episode) (bool, error) {
	var given []models.Consent
	err := t.Where("client_id = ? AND organisation_id = ? AND purpose = ? AND state = ?", e.ClientID, e.OrganisationID, models.PurposeTreatment, models.ConsentGiven).
		Find(&given).Error
	return slices.ContainsFunc(given, func(k models.Consent) bool {
		return k.CoversTreatment(e.OrganisationID, t.session.actor.OrganisationKind, t.today)
	}), err
}

// cancelTasks ends what is undone because the episode ended.
func (t *tx) cancelTasks(e *models.Episode) error {
	var open []models.Task
	if err := t.Where("episode_id = ? AND state = 'open'", e.ID).Order("id").Find(&open).Error; err != nil {
		return err
	}
	for i := range open {
		task, before := &open[i], open[i].Version
		task.Cancel(t.session.actor.UserID, t.now)
		t.alsoTouched(task.ID)
		t.tell("task", task.ID, task.OrganisationID)
		if err := changed(t.Model(task).Where("version = ?", before).Select("state", "settled_at", "settled_by", "version").Updates(task)); err != nil {
			return err
		}
	}
	return nil
}
