package store

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// What the cases in package store_test may reach, and nothing else may.

// WriteWithoutAudit is a write that forgets its event.
func (s *Session) WriteWithoutAudit(ctx context.Context) error {
	return s.write(ctx, "client.create", func(tx *tx) error {
		return tx.Model(&idempotencyRow{}).Create(&idempotencyRow{UserID: "canary", Key: "canary", CreatedAt: tx.now}).Error
	})
}

// StopReads stops the audit committer as a failure would, leaving the pools open.
func (s *Store) StopReads() { s.reads.stop() }

// ImportReadyRows does of an import what the driver must: rows that were made ready before
// are inserted, batch by batch, into tables without secondary indexes and with foreign keys
// that nobody looks at. It tells how many rows there were and how long that took.
func (s *Store) ImportReadyRows(ctx context.Context, in models.Import) (rows int, took time.Duration, err error) {
	conn, own, err := s.importConn(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = conn.Close() }()
	im := &importer{
		session: own.For(models.System(s.opt.Country), nil, Request{ID: "import"}),
		store:   s, conn: conn, kinds: map[models.OrganisationID]models.OrganisationKind{}, namesakes: map[namesake]int{},
	}
	if err := im.begin(ctx, in); err != nil {
		return 0, 0, err
	}
	if err := conn.set(ctx, hasty); err != nil {
		return 0, 0, err
	}
	batch, ready := new(preparedBatch), [][]tableRows{}
	flush := func() error {
		all, err := im.rows(ctx, batch)
		ready = append(ready, all)
		batch.reset()
		return err
	}
	for p := range in.Persons {
		if err := im.prepare(batch, p); err != nil {
			return 0, 0, err
		}
		if batch.records() >= importBatch {
			if err := flush(); err != nil {
				return 0, 0, err
			}
		}
	}
	if err := flush(); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	for _, all := range ready {
		if err := im.write(ctx, all); err != nil {
			return 0, 0, err
		}
		for _, r := range all {
			rows += len(r.values) / len(r.columns)
		}
	}
	return rows, time.Since(began), nil
}

// CountStatements counts the statements of both pools from now on.
func (s *Store) CountStatements() *atomic.Int64 {
	n := new(atomic.Int64)
	seen := func(db *gorm.DB) {
		if !db.DryRun { // a subquery being rendered is no statement of its own
			n.Add(1)
		}
	}
	pools := []*gorm.DB{s.write}
	if s.read != s.write {
		pools = append(pools, s.read)
	}
	for _, db := range pools {
		cb := db.Callback()
		_ = cb.Create().Before("gorm:create").Register("count", seen)
		_ = cb.Query().Before("gorm:query").Register("count", seen)
		_ = cb.Update().Before("gorm:update").Register("count", seen)
		_ = cb.Delete().Before("gorm:delete").Register("count", seen)
		_ = cb.Row().Before("gorm:row").Register("count", seen)
		_ = cb.Raw().Before("gorm:raw").Register("count", seen)
	}
	return n
}

// AfterQueryOf runs a function once, after the next read of the table.
func (s *Store) AfterQueryOf(table string, run func()) {
	var done atomic.Bool
	_ = s.read.Callback().Query().After("gorm:query").Register("once", func(db *gorm.DB) {
		if !db.DryRun && db.Statement.Table == table && done.CompareAndSwap(false, true) {
			run()
		}
	})
}

// Happen runs the hooks that other use cases call when something happens to a client.
func (s *Session) Happen(ctx context.Context, handle, anchor string, at time.Time, suspend string) error {
	return s.write(ctx, "client.change", func(t *tx) error {
		c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		t.audit(string(c.ID))
		if anchor != "" {
			if err := t.anchor(c.ID, anchor, at); err != nil {
				return err
			}
		}
		if suspend == "" {
			return nil
		}
		return t.suspendEpisode(c.ID, suspend)
	})
}

// Query is a statement that a use case sent, with its values.
type Query struct {
	SQL  string
	Vars []any
}

// Queries collects the SELECTs of a use case.
func (s *Store) Queries(run func() error) (sent []Query, err error) {
	var mu sync.Mutex
	see := func(db *gorm.DB) {
		if db.DryRun {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, Query{db.Statement.SQL.String(), slices.Clone(db.Statement.Vars)})
	}
	pools := []*gorm.DB{s.write}
	if s.read != s.write {
		pools = append(pools, s.read)
	}
	for _, db := range pools {
		_ = db.Callback().Query().After("gorm:query").Register("queries", see)
		_ = db.Callback().Row().After("gorm:row").Register("queries", see)
		defer func() {
			_ = db.Callback().Query().Remove("queries")
			_ = db.Callback().Row().Remove("queries")
		}()
	}
	err = run()
	return sent, err
}

// Notify tells an organisation as a use case would, now or at a time.
func (s *Session) Notify(ctx context.Context, to models.OrganisationID, kind, subject, consent string, at ...time.Time) error {
	return s.write(ctx, "notice.create", func(t *tx) error {
		t.audit(subject)
		if len(at) > 0 {
			return t.notifyAt(to, kind, subject, consent, at[0])
		}
		return t.notify(to, kind, subject, consent)
	})
}

// CancelDeliveriesOf takes back what rests on a consent, as its withdrawal does.
func (s *Session) CancelDeliveriesOf(ctx context.Context, consent string) (ids []string, err error) {
	err = s.write(ctx, "consent.withdraw", func(t *tx) error {
		t.audit(consent)
		ids, err = t.cancelDeliveriesOf(consent, "")
		return err
	})
	return ids, err
}

// UnansweredQueries are what the outbox looks for.
func UnansweredQueries() (queries []string) {
	for _, u := range unanswered {
		queries = append(queries, u.query)
	}
	return queries
}

// HoldFeed takes a number of the organisation's change feed and does not commit before hold
// returns: the slowest writer there is.
func (s *Store) HoldFeed(ctx context.Context, actor models.Actor, kind, id string, hold func()) error {
	return s.inTx(ctx, func(db *gorm.DB) error {
		t := &tx{DB: db, session: s.For(actor, nil, Request{}), now: s.now()}
		t.tell(kind, id, actor.OrganisationID)
		if err := t.tellChanges(); err != nil {
			return err
		}
		hold()
		return nil
	})
}

// IsEmpty reports whether there is no record at all.
func (s *Store) IsEmpty(ctx context.Context) (bool, error) { return isEmpty(s.read.WithContext(ctx)) }
