package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"gorm.io/gorm"

	"jol/models"
)

// moveAnchors are the events that reaching a state is, unless a worker recorded them before.
var moveAnchors = map[string][]string{
	"assessment": {"assessment_done"},
	"plan":       {"plan_agreed"},
	"treatment":  {"admission_treatment"},
	"aftercare":  {"discharge"},
}

// ChangeEpisodeState makes one move of the life of an episode, closing and reopening
// excepted, and plans what the new state asks for.
func (s *Session) ChangeEpisodeState(ctx context.Context, id, action string, m models.EpisodeMove) (seen *SeenEpisode, err error) {
	if err := m.Check(action); err != nil {
		return nil, err
	}
	err = s.write(ctx, "episode."+action, func(tx *tx) error {
		e, c, err := s.ownEpisode(tx.DB, id, models.Change)
		if err != nil {
			return err
		}
		if err := tx.base(e.Version); err != nil {
			return err
		}
		may := e.ByCourt()
		if action == "treatment" && !may {
			if may, err = tx.treatmentConsent(e); err != nil {
				return err
			}
		}
		was := *e
		if err := e.Do(action, m, may, tx.now); err != nil {
			return err
		}
		if action == "treatment" && !may { // the trail says why nothing was asked for first
			tx.action = "episode.treatment_" + m.Emergency
		}
		tx.audit(id)
		if err := tx.saveEpisode(e, "state", "suspended_for", "suspended_at"); err != nil {
			return err
		}
		seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		if action == "treatment" && !may {
			if err := tx.askForConsent(e, m.Emergency); err != nil {
				return err
			}
		}
		if err := tx.leaveHospital(e, was); err != nil {
			return err
		}
		return tx.reached(e, action)
	})
	return seen, err
}

// reached records the events that a move is and plans what follows.
func (t *tx) reached(e *models.Episode, action string) error {
	anchors, ok := moveAnchors[action]
	if !ok {
		return nil // suspended and back: nothing new to do
	}
	for _, name := range anchors {
		if err := t.setOnce(e, models.NewAnchor{Name: name, At: &t.now}); err != nil {
			return err
		}
	}
	return t.plan(e, models.PlanEvent{State: e.State})
}

// begun is what every new episode starts with: the events recorded before it, and the tasks
// of the state it begins in.
func (t *tx) begun(e *models.Episode) error {
	if err := t.adoptAnchors(e); err != nil {
		return err
	}
	anchors := []string{"first_contact"}
	if e.State == models.EpisodeInTreatment {
		anchors = append(anchors, "admission_treatment")
	}
	for _, name := range anchors {
		if err := t.setOnce(e, models.NewAnchor{Name: name, On: e.StartDate}); err != nil {
			return err
		}
	}
	if e.State == models.EpisodeInTreatment && !e.ByCourt() {
		may, err := t.treatmentConsent(e)
		if err != nil {
			return err
		}
		if !may {
			if err := t.askForConsent(e, ""); err != nil {
				return err
			}
		}
	}
	if err := t.tellEpisode(e); err != nil {
		return err
	}
	p, err := t.planningFor(e)
	if err != nil {
		return err
	}
	if err := p.event(models.PlanEvent{State: e.State}); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.facts.Anchors)) { // what happened before the episode was opened
		if err := p.event(models.PlanEvent{Anchor: name}); err != nil {
			return err
		}
	}
	return nil
}

// ReopenEpisode takes a closed episode up again within a year: a new episode, assessed,
// that names the old one. editionOf tells which edition of a protocol is followed now.
func (s *Session) ReopenEpisode(ctx context.Context, id string, on models.Date, editionOf func(string) (string, bool)) (seen *SeenEpisode, out Outcome, err error) {
	if on == "" {
		on = s.today()
	}
	if err := models.CheckReopening(on, s.today()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "episode.reopening", func(t *tx, newID string, replayed bool) error {
		closed, c, err := s.ownEpisode(t.DB, id, models.Change)
		if err != nil {
			return err
		}
		t.alsoTouched(closed.ID)
		var e *models.Episode
		if replayed {
			e, _, err = s.ownEpisode(t.DB, newID, models.Read)
		} else {
			e, err = t.reopen(newID, closed, on, editionOf)
		}
		if err != nil {
			return err
		}
		seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		return nil
	})
	return seen, out, err
}

func (t *tx) reopen(id string, closed *models.Episode, on models.Date, editionOf func(string) (string, bool)) (*models.Episode, error) {
	edition, ok := editionOf(closed.Protocol)
	if !ok {
		edition = closed.Edition
	}
	e, err := closed.Reopened(id, on, edition)
	if err != nil {
		return nil, err
	}
	if e.AgeAtStart, err = t.ageAt(e.ClientID, on); err != nil {
		return nil, err
	}
	e.CreatedAt = t.now
	if err := t.Create(e).Error; err != nil {
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return nil, errOpenAlready
		}
		return nil, err
	}
	return e, t.begun(e)
}
