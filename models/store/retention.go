package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// Retained counts what a run of retention erased, or would.
type Retained struct {
	Rule    models.RetentionRule
	Clients int // records whose period is over
	Keys    int64
	Tokens  int64
	Settled int64 // conflicts
	Changes int64 // lines of change feeds that newer ones replace, or that say gone for long
}

// happenings are the columns that say when something happened to a client: a civil date, a
// time, or a condition under which the record is still in use.
var happenings = []struct{ table, client, date, at, open string }{
	{table: "episodes", client: "client_id", date: "last_contact", open: "end_date = ''"},
	{table: "episodes", client: "client_id", date: "end_date"},
	{table: "episode_contacts", client: "client_id", date: "on_date"},
	{table: "consents", client: "client_id", date: "from_date"},
	{table: "consents", client: "client_id", date: "until_date", open: "state = 'offered'"},
	{table: "referrals", client: "from_client_id", at: "sent_at"},
	{table: "referrals", client: "to_client_id", at: "sent_at"},
	{table: "identity_changes", client: "client_id", at: "created_at"},
	{table: "tasks", client: "client_id", at: "created_at", open: "state = 'open'"},
	{table: "entries", client: "client_id", at: "created_at"},
	{table: "overdoses", client: "client_id", at: "at"},
	{table: "naloxone_kits", client: "client_id", date: "given_on"},
	{table: "dose_orders", client: "client_id", at: "created_at", open: "state <> 'ended'"},
	{table: "dose_events", client: "client_id", at: "at"},
	{table: "dose_transfers", client: "from_client_id", at: "created_at"},
	{table: "dose_transfers", client: "to_client_id", at: "created_at"},
	{table: "custody_spells", client: "client_id", at: "ended_at", open: "ended_at IS NULL"},
	{table: "custody_transfers", client: "to_client_id", at: "ordered_at"},
	{table: "release_cases", client: "client_id", at: "created_at"},
	{table: "court_duties", client: "client_id", at: "created_at", open: "ended_at IS NULL"},
	{table: "consent_versions", client: "client_id", at: "changed_at"},
	{table: "planned_releases", client: "client_id", at: "set_at"},
	{table: "functional_notes", client: "client_id", at: "until_at"},
	{table: "break_glass", client: "client_id", at: "started_at"},
}

// overdue selects the clients to whom nothing has happened since a date.
func overdue(q *gorm.DB, last models.Date) *gorm.DB {
	q = q.Model(&models.Client{}).Where("clients.created_at < ?", last.Time())
	for _, h := range happenings {
		var args []any
		when := ""
		if h.date != "" {
			when, args = h.date+" >= ?", append(args, last)
		} else {
			when, args = h.at+" >= ?", append(args, last.Time())
		}
		if h.open != "" {
			when += " OR " + h.open
		}
		q = q.Where("NOT EXISTS (SELECT 1 FROM "+h.table+" h WHERE h."+h.client+" = clients.id AND ("+when+"))", args...)
	}
	return q
}

// Retention erases the records whose period is over, and what the service keeps for itself
// longer than it needs it. A dry run counts only.
func (s *Store) Retention(ctx context.Context, rule models.RetentionRule, dry bool) (r Retained, err error) {
	r.Rule = rule
	var due []models.ClientID
	today := models.DateOf(s.now(), s.opt.Zone)
	if err := overdue(s.read.WithContext(ctx), rule.Last(today)).Order("clients.id").Pluck("clients.id", &due).Error; err != nil {
		return r, err
	}
	if dry {
		r.Clients = len(due)
		return r, s.housekeeping(s.read.WithContext(ctx), &r, func(q *gorm.DB, n *int64) error { return q.Count(n).Error })
	}
	for _, id := range due {
		err := s.eraseIfDue(ctx, id, rule.Last(today))
		if errors.Is(err, errNotDue) {
			continue
		}
		if err != nil {
			return r, err
		}
		r.Clients++
	}
	err = s.system("command").write(ctx, "retention.run", func(tx *tx) error {
		tx.audit()
		return s.housekeeping(tx.DB, &r, func(q *gorm.DB, n *int64) error {
			res := q.Delete(nil)
			*n = res.RowsAffected
			return res.Error
		})
	})
	return r, err
}

// eraseIfDue looks again: something may have happened to the client since the list was made.
func (s *Store) eraseIfDue(ctx context.Context, id models.ClientID, last models.Date) error {
	return s.erase(ctx, id, func(db *gorm.DB) error {
		var n int64
		if err := overdue(db, last).Where("clients.id = ?", id).Count(&n).Error; err != nil {
			return err
		}
		if n == 0 {
			return errNotDue
		}
		return nil
	})
}

var errNotDue = errors.New("store: the record is in use again")

// housekeeping counts or deletes what the service keeps for itself.
func (s *Store) housekeeping(db *gorm.DB, r *Retained, do func(q *gorm.DB, n *int64) error) error {
	ago := func(days int) time.Time { return s.now().AddDate(0, 0, -days) }
	for _, kept := range []struct {
		table, where string
		args         []any
		n            *int64
	}{
		{"idempotency_keys", "created_at < ?", []any{ago(models.KeyDays)}, &r.Keys},
		{"tokens", "expires_at < ?", []any{ago(models.OldTokenDays)}, &r.Tokens},
		{"sync_conflicts", "state <> ? AND settled_at < ?", []any{models.ConflictWaiting, ago(models.SettledDays)}, &r.Settled},
		{"changes", "(gone AND at < ?) OR EXISTS (SELECT 1 FROM changes newer WHERE newer.organisation_id = changes.organisation_id" +
			" AND newer.kind = changes.kind AND newer.record_id = changes.record_id AND newer.seq > changes.seq)", []any{ago(models.FeedDays)}, &r.Changes},
	} {
		if err := do(db.Session(&gorm.Session{NewDB: true}).Table(kept.table).Where("("+kept.where+")", kept.args...), kept.n); err != nil {
			return err
		}
	}
	return nil
}
