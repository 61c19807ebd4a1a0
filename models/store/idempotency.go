package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"jol/models"
)

// idempotencyRow remembers the first answer to a create, bound to the user. Key and body
// are kept as keyed digests: a plain hash of a registration could be searched for its
// initials in seconds, and a client may have put anything into its key.
type idempotencyRow struct {
	UserID     models.UserID `gorm:"primaryKey"`
	Key        string        `gorm:"primaryKey"`
	BodyHash   string
	ResourceID string
	Status     int
	CreatedAt  time.Time
}

func (idempotencyRow) TableName() string { return "idempotency_keys" }

var errKeyReused = models.Fail(models.KindInvalid, "idempotency.key_reused", "This Idempotency-Key was used before with another request.")

// claim inserts the idempotency row first in the transaction. When the key was used
// before it returns the first outcome and the id of the resource made then.
//
// ON CONFLICT DO NOTHING, because a duplicate-key error would abort a PostgreSQL
// transaction.
func (t *tx) claim(id string) (resource string, out Outcome, err error) {
	s := t.session
	row := idempotencyRow{
		UserID: s.actor.UserID, Key: s.digest("key", s.req.Key), BodyHash: s.digest("body", s.req.Key, s.req.BodyHash),
		ResourceID: id, Status: http.StatusCreated, CreatedAt: t.now,
	}
	res := t.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if res.Error != nil {
		return "", Outcome{}, res.Error
	}
	if res.RowsAffected == 1 {
		return id, Outcome{Status: http.StatusCreated}, nil
	}
	var first idempotencyRow
	if err := t.Where("user_id = ? AND key = ?", row.UserID, row.Key).Take(&first).Error; err != nil {
		return "", Outcome{}, err
	}
	if first.BodyHash != row.BodyHash {
		return "", Outcome{}, errKeyReused
	}
	return first.ResourceID, Outcome{Status: first.Status, Replayed: true}, nil
}

// create runs a use case that makes one record: the idempotency row first, then fn with
// the id to give it. On a replay fn loads what was made the first time under that id.
func (s *Session) create(ctx context.Context, action string, fn func(t *tx, id string, replayed bool) error) (out Outcome, err error) {
	return s.createAs(ctx, action, newID, fn)
}

// createAs is create for a record whose id is made in another way.
func (s *Session) createAs(ctx context.Context, action string, newID func() string, fn func(t *tx, id string, replayed bool) error) (out Outcome, err error) {
	err = s.write(ctx, action, func(t *tx) error {
		id, first, err := t.claim(newID())
		if err != nil {
			return err
		}
		out = first
		t.auditOutcome(out.outcome(), id)
		return fn(t, id, out.Replayed)
	})
	return out, err
}

// digest is an HMAC under a key that is not in the database. Each user has digests of
// their own: equal digests of equal bodies would show which organisations registered the
// same person, and no key is needed to see that.
func (s *Session) digest(parts ...string) string {
	m := hmac.New(sha256.New, s.store.opt.Keys.Cursor)
	m.Write([]byte("idempotency\x00" + string(s.actor.UserID) + "\x00" + strings.Join(parts, "\x00")))
	return hex.EncodeToString(m.Sum(nil))
}

// settle corrects a claim whose outcome was not "created under the id claimed".
func (t *tx) settle(resource string, out Outcome) error {
	return t.Model(&idempotencyRow{}).Where("user_id = ? AND key = ?", t.session.actor.UserID, t.session.digest("key", t.session.req.Key)).
		Updates(map[string]any{"resource_id": resource, "status": out.Status}).Error
}

// outcome names the audit outcome of a create.
func (o Outcome) outcome() string {
	if o.Replayed {
		return "replayed"
	}
	return "ok"
}
