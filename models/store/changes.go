package store

import (
	"slices"
	"time"

	"jol/models"
)

// changeEntry is one line of an organisation's change feed: a record that it may see was
// made or changed, or is no longer its to see.
type changeEntry struct {
	Seq            int64 `gorm:"primaryKey;autoIncrement"`
	OrganisationID models.OrganisationID
	Kind           string // referral, task, …: the noun of its address
	RecordID       string
	Gone           bool
	At             time.Time
}

func (changeEntry) TableName() string { return "changes" }

// tell enters the record in the change feeds of the organisations that may see it.
func (t *tx) tell(kind, id string, to ...models.OrganisationID) { t.note(kind, id, false, to) }

// gone enters in the change feeds of the organisations that they may no longer see the record.
func (t *tx) gone(kind, id string, to ...models.OrganisationID) { t.note(kind, id, true, to) }

func (t *tx) note(kind, id string, gone bool, to []models.OrganisationID) {
	for _, org := range to {
		entry := changeEntry{OrganisationID: org, Kind: kind, RecordID: id, Gone: gone, At: t.now}
		if org != "" && !slices.Contains(t.changes, entry) {
			t.changes = append(t.changes, entry)
		}
	}
}

// tellChanges writes the entries as the transaction's last statement. On PostgreSQL a lock
// for each organisation, held until the commit, makes the order of seq within a feed the
// order of commits, so that a reader's cursor never passes an entry that commits later
// (an id or a time does not give that: docs/adr/0014). SQLite has one writer.
func (t *tx) tellChanges() error {
	if len(t.changes) == 0 {
		return nil
	}
	if t.session.store.dialect == "postgres" {
		feeds := make([]string, len(t.changes))
		for i, c := range t.changes {
			feeds[i] = string(c.OrganisationID)
		}
		slices.Sort(feeds) // everybody in one order, or two would wait for each other
		for _, feed := range slices.Compact(feeds) {
			if err := t.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", feed).Error; err != nil {
				return err
			}
		}
	}
	return t.Create(&t.changes).Error
}
