package store

import (
	"net/http"
	"time"

	"gorm.io/gorm/clause"

	"jol/models"
)

// idempotencyRow remembers the first answer to a create. The key is kept as the
// client sent it, bound to the user; rows live 90 days (jol retention).
type idempotencyRow struct {
	UserID     models.UserID `gorm:"primaryKey"`
	Key        string        `gorm:"primaryKey"`
	BodyHash   string
	ResourceID string
	Status     int
	CreatedAt  time.Time
}

func (idempotencyRow) TableName() string { return "idempotency_keys" }

// claim inserts the idempotency row first in the transaction. When the key was used
// before it returns the first outcome and the id of the resource made then.
//
// ON CONFLICT DO NOTHING, because a duplicate-key error would abort a PostgreSQL
// transaction.
func (t *tx) claim(id string) (resource string, out Outcome, err error) {
	req := t.session.req
	row := idempotencyRow{UserID: t.session.actor.UserID, Key: req.Key, BodyHash: req.BodyHash, ResourceID: id, Status: http.StatusCreated, CreatedAt: t.now}
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
	if first.BodyHash != req.BodyHash {
		return "", Outcome{}, models.Fail(models.KindInvalid, "idempotency.key_reused", "This Idempotency-Key was used before with another request.")
	}
	return first.ResourceID, Outcome{Status: first.Status, Replayed: true}, nil
}

// settle corrects a claim whose outcome was not "created under the id claimed".
func (t *tx) settle(resource string, out Outcome) error {
	return t.Model(&idempotencyRow{}).Where("user_id = ? AND key = ?", t.session.actor.UserID, t.session.req.Key).
		Updates(map[string]any{"resource_id": resource, "status": out.Status}).Error
}

// outcome names the audit outcome of a create.
func (o Outcome) outcome() string {
	if o.Replayed {
		return "replayed"
	}
	return "ok"
}
