package store

import (
	"context"
	"sync/atomic"

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
