package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// waitsFor is how long before an episode begins an event may have happened that it begins
// with: an admission is recorded before the health unit opens its episode (editorial).
const waitsFor = 31

// anchor records that something limits count from happened, or will, to a client of the
// actor's organisation, and computes the undone tasks of its open episodes anew.
func (t *tx) anchor(client models.ClientID, name string, at time.Time) error {
	at = at.UTC().Truncate(time.Millisecond)
	return t.happen(client, t.session.actor.OrganisationID, models.NewAnchor{Name: name, At: &at})
}

// happen is anchor for a client of an organisation that need not be the actor's, for an exact
// time or a civil day.
func (t *tx) happen(client models.ClientID, of models.OrganisationID, n models.NewAnchor) error {
	e, err := t.openEpisodeOf(client)
	if err != nil {
		return err
	}
	if e == nil {
		return t.setAnchor(newID(), &models.Episode{ClientID: client, OrganisationID: of}, n)
	}
	if err := t.setAnchor(newID(), e, n); err != nil {
		return err
	}
	return t.plan(e, models.PlanEvent{Anchor: n.Name})
}

// suspendEpisode suspends the open episode of one organisation's record: custody, hospital
// or travel suspend and never close.
func (t *tx) suspendEpisode(client models.ClientID, why string) error {
	e, err := t.openEpisodeOf(client)
	if err != nil || e == nil {
		return err
	}
	was := *e
	if !e.Suspend(why, t.now) {
		return nil
	}
	if err := t.leaveHospital(e, was); err != nil {
		return err
	}
	t.alsoTouched(e.ID)
	return t.saveEpisode(e, "state", "suspended_for", "suspended_at")
}

// saveEpisode stores columns of an episode that was loaded at the version before.
func (t *tx) saveEpisode(e *models.Episode, columns ...string) error {
	if err := changed(t.Model(e).Where("version = ?", e.Version-1).Select(append(columns, "version")).Updates(e)); err != nil {
		return err
	}
	return t.tellEpisode(e)
}

// leaveHospital moves soft limits by the days in hospital, when a stay there ended.
func (t *tx) leaveHospital(e *models.Episode, was models.Episode) error {
	if !was.InHospital() || e.InHospital() || !e.Open() {
		return nil
	}
	return t.pause(e, was)
}

// setAnchor stores the next value of an anchor; what it was before stays.
func (t *tx) setAnchor(id string, e *models.Episode, n models.NewAnchor) error {
	var last int64
	err := t.Model(&models.Anchor{}).Select("COALESCE(max(version), 0)").
		Where("client_id = ? AND episode_id = ? AND name = ?", e.ClientID, e.ID, n.Name).Scan(&last).Error
	if err != nil {
		return err
	}
	return t.Create(&models.Anchor{ID: id, ClientID: e.ClientID, OrganisationID: e.OrganisationID, EpisodeID: e.ID, Name: n.Name, At: n.At, OnDate: n.On,
		Version: last + 1, CreatedAt: t.now, CreatedBy: t.session.actor.UserID}).Error
}

// setOnce sets an anchor unless it is set already: a worker knows better when something
// was than the moment a state was reached.
func (t *tx) setOnce(e *models.Episode, n models.NewAnchor) error {
	var there int64
	err := t.Model(&models.Anchor{}).Where("episode_id = ? AND name = ?", e.ID, n.Name).Count(&there).Error
	if err != nil || there > 0 {
		return err
	}
	return t.setAnchor(newID(), e, n)
}

// adoptAnchors gives an episode the events that were recorded while none was open, unless
// they are long past.
func (t *tx) adoptAnchors(e *models.Episode) error {
	var waiting []models.Anchor
	if err := t.Where("client_id = ? AND episode_id = ''", e.ClientID).Order("name, version").Find(&waiting).Error; err != nil {
		return err
	}
	since := e.StartDate.AddDays(-waitsFor)
	for _, a := range waiting {
		if a.Day(t.session.actor.Zone) < since {
			continue
		}
		if err := t.Model(&models.Anchor{}).Where("id = ?", a.ID).Update("episode_id", e.ID).Error; err != nil {
			return err
		}
	}
	return nil
}

// RecordAnchor records when something that limits count from happened, or will, and plans
// what follows. Recording it again moves it: undone tasks get new due times.
func (s *Session) RecordAnchor(ctx context.Context, episode string, n models.NewAnchor) (a *models.Anchor, out Outcome, err error) {
	if err := n.Check(s.store.now(), s.today()); err != nil {
		return nil, Outcome{}, err
	}
	if n.At != nil {
		at := n.At.UTC().Truncate(time.Millisecond)
		n.At = &at
	}
	out, err = s.create(ctx, "episode.anchor", func(t *tx, id string, replayed bool) error {
		e, _, err := s.ownEpisode(t.DB, episode, models.Change)
		if err != nil {
			return err
		}
		t.alsoTouched(e.ID)
		a = &models.Anchor{}
		if !replayed {
			if !e.Open() {
				return models.Fail(models.KindConflict, "episode.closed", "The episode is closed already.")
			}
			if err := t.notOfCustody(e, n); err != nil {
				return err
			}
			if err := t.setAnchor(id, e, n); err != nil {
				if errors.Is(err, gorm.ErrDuplicatedKey) {
					return errVersion
				}
				return err
			}
			t.tell("anchor", id, e.OrganisationID)
			if err := t.plan(e, models.PlanEvent{Anchor: n.Name, Refuse: true}); err != nil {
				return err
			}
		}
		return found(t.Where("id = ? AND episode_id = ?", id, e.ID).Take(a).Error, "anchor")
	})
	return a, out, err
}

// notOfCustody keeps one source of what a stay says: while the organisation itself holds the
// person, admission and planned release are recorded there. A planned release before the
// admission that is known plans nothing that could be done.
func (t *tx) notOfCustody(e *models.Episode, n models.NewAnchor) error {
	if !n.OfCustody() {
		return nil
	}
	open, err := t.exists(&models.CustodySpell{}, "client_id = ? AND organisation_id = ? AND ended_at IS NULL", e.ClientID, e.OrganisationID)
	if err != nil {
		return err
	}
	if open {
		return models.Fail(models.KindConflict, "anchor.of_custody", "The client has an open stay in custody: record this at custody-spells, and the anchor follows.")
	}
	if n.Name != models.AnchorPlannedRelease {
		return nil
	}
	var known []models.Anchor
	err = t.Where("client_id = ? AND episode_id = ? AND name = ?", e.ClientID, e.ID, models.AnchorAdmission).Order("version DESC").Limit(1).Find(&known).Error
	if err != nil || len(known) == 0 {
		return err
	}
	var c models.Checks
	c.Require(n.Day(t.session.actor.Zone) >= known[0].Day(t.session.actor.Zone), "/on", "anchor.release_before_admission")
	return c.Err()
}

// ListAnchors returns every value that the anchors of an episode have and had, the
// newest of each name first.
func (s *Session) ListAnchors(ctx context.Context, episode string) (anchors []models.Anchor, err error) {
	err = s.readRecords(ctx, "episode.read", func(r *reading) error {
		e, _, err := s.ownEpisode(r.DB, episode, models.Read)
		if err != nil {
			return err
		}
		r.touched(e.ID)
		return r.Where("episode_id = ? AND organisation_id = ?", e.ID, s.actor.OrganisationID).Order("name, version DESC").Find(&anchors).Error
	})
	return anchors, err
}
