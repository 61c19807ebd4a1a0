package store

import (
	"context"
	"errors"

	"gorm.io/gorm/clause"

	"jol/models"
)

// A command from the field runs as a request of its own: its own session, transaction and
// audit event. What is here is what makes it safe to send twice, and the inbox of those that
// met another state.

// ErrReplayed says that a change was carried out before under the same key.
var ErrReplayed = errors.New("store: this command was carried out before")

// command runs what a command from the field adds to its transaction, before the use case.
func (t *tx) command() error {
	req := &t.session.req
	if req.Settles != "" {
		if err := t.settleConflict(req.Settles, models.ConflictApplied); err != nil {
			return err
		}
	}
	if req.Once {
		_, out, err := t.claim("")
		if err != nil {
			return err
		}
		if out.Replayed {
			return ErrReplayed
		}
	}
	return nil
}

// Repeated reports whether a command was carried out before under the session's key, so that
// it is not refused now for what was right then. The transaction looks again.
func (s *Session) Repeated(ctx context.Context) (bool, error) {
	var rows []idempotencyRow
	err := s.store.read.WithContext(ctx).Where("user_id = ? AND key = ?", s.actor.UserID, s.digest("key", s.req.Key)).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if rows[0].BodyHash != s.digest("body", s.req.Key, s.req.BodyHash) {
		return false, errKeyReused
	}
	return true, nil
}

// KeepConflict puts a command into the inbox. A command sent again keeps its place.
func (s *Session) KeepConflict(ctx context.Context, k models.SyncConflict) (kept *models.SyncConflict, err error) {
	err = s.write(ctx, "sync_conflict.create", func(tx *tx) error {
		k.ID, k.OrganisationID, k.UserID, k.Role = newID(), s.actor.OrganisationID, s.actor.UserID, s.actor.Role
		k.DeviceID = s.actor.DeviceID
		k.Digest, k.State, k.Version, k.CreatedAt = s.digest("command", k.Digest), models.ConflictWaiting, 1, tx.now
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&k).Error; err != nil {
			return err
		}
		kept = &models.SyncConflict{}
		err := tx.Where("user_id = ? AND command_id = ?", k.UserID, k.CommandID).Take(kept).Error
		tx.audit(kept.ID)
		return err
	})
	return kept, err
}

var errCommandReused = at("/id", models.Fail(models.KindInvalid, "sync.command_id_reused", "This command id was used before for another command."))

// KeptConflict returns the conflict that a command met when it was sent before, or nil.
func (s *Session) KeptConflict(ctx context.Context, commandID, digest string) (*models.SyncConflict, error) {
	var rows []models.SyncConflict
	err := s.store.read.WithContext(ctx).Where("user_id = ? AND command_id = ?", s.actor.UserID, commandID).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if rows[0].Digest != s.digest("command", digest) {
		return nil, errCommandReused
	}
	return &rows[0], nil
}

// ListConflicts returns the inbox, newest first; reading it is recorded, because commands
// speak of clients.
func (s *Session) ListConflicts(ctx context.Context, state string, p Paging) (page Page[models.SyncConflict], err error) {
	err = s.readRecords(ctx, "sync_conflict.read", func(r *reading) error {
		q := s.inbox(r.Model(&models.SyncConflict{}))
		if state != "" {
			q = q.Where("sync_conflicts.state = ?", state)
		}
		page, err = loadPage(s, q, "sync_conflicts", "sync_conflicts.id", p, func(k models.SyncConflict) string { return k.ID })
		for i := range page.Items {
			r.touched(page.Items[i].ID)
		}
		return err
	})
	return page, err
}

// GetConflict returns one conflict of the inbox.
func (s *Session) GetConflict(ctx context.Context, id string) (k *models.SyncConflict, err error) {
	err = s.readRecords(ctx, "sync_conflict.read", func(r *reading) error {
		k = &models.SyncConflict{}
		if err := found(s.inbox(r.DB).Where("sync_conflicts.id = ?", id).Take(k).Error, "sync_conflict"); err != nil {
			return err
		}
		r.touched(id)
		return nil
	})
	return k, err
}

// DropConflict gives a waiting command up, on the version the person saw.
func (s *Session) DropConflict(ctx context.Context, id string) (k *models.SyncConflict, err error) {
	err = s.write(ctx, "sync_conflict.drop", func(tx *tx) error {
		tx.audit(id)
		if err := tx.settleConflict(id, models.ConflictDropped); err != nil {
			return err
		}
		k = &models.SyncConflict{}
		return tx.Where("id = ?", id).Take(k).Error
	})
	return k, err
}

// settleConflict ends a conflict in the transaction that applies or drops its command, so
// that neither can happen without the other.
func (t *tx) settleConflict(id, state string) error {
	var k models.SyncConflict
	if err := found(t.session.inbox(t.DB).Where("sync_conflicts.id = ?", id).Take(&k).Error, "sync_conflict"); err != nil {
		return err
	}
	before := k.Version
	if err := k.Settle(state, t.session.actor.UserID, t.now); err != nil {
		return err
	}
	return changed(t.Model(&k).Where("version = ?", before).Select("state", "params", "payload", "settled_at", "settled_by", "version").Updates(&k))
}
