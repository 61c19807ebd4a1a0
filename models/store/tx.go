package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	msqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"jol/models"
)

// tx is one write transaction of a session.
type tx struct {
	*gorm.DB
	session *Session
	now     time.Time
	today   models.Date
	action  string
	events  []auditRow
	pending []string // ids for an event that is still to be recorded
	changes []changeEntry
	told    []models.Disclosure
}

// disclosed enters in the disclosure log what a write gives to somebody else.
func (t *tx) disclosed(d models.Disclosure) {
	d.ID, d.At, d.ActorID = newID(), t.now, t.session.actor.UserID
	d.Complete()
	t.told = append(t.told, d)
}

// errNoAudit is a programming error: a write that left no trace is not committed.
var errNoAudit = errors.New("store: a write transaction recorded no audit event")

// write runs one use case in one transaction: fn first, its audit events last, then
// commit. Nothing is committed without an audit event. A protocol edition that fn needs and
// that is not in memory is loaded outside the transaction, which then runs again.
func (s *Session) write(ctx context.Context, action string, fn func(*tx) error) error {
	first := !s.wrote // a second transaction of a request is not the command itself
	s.wrote = true
	for loads := 0; ; loads++ {
		err := s.writeOnce(ctx, action, first, fn)
		var met *clash
		if errors.As(err, &met) {
			if err := s.tellClash(ctx, met); err != nil {
				return err
			}
			return met.refusal
		}
		var missing editionNotLoaded
		if loads == maxLoads || !errors.As(err, &missing) {
			return err
		}
		if err := s.store.opt.Planner.Load(ctx, missing.protocol, missing.edition); err != nil {
			return err
		}
	}
}

func (s *Session) writeOnce(ctx context.Context, action string, first bool, fn func(*tx) error) error {
	return s.store.inTx(ctx, func(db *gorm.DB) error {
		t := &tx{DB: db, session: s, now: s.store.now(), today: s.today(), action: action}
		if first {
			if err := t.command(); err != nil {
				return err
			}
		}
		if err := fn(t); err != nil {
			return err
		}
		if len(t.events) == 0 {
			return errNoAudit
		}
		if first && s.req.Settles != "" {
			t.alsoTouched(s.req.Settles)
		}
		if err := db.Create(&t.events).Error; err != nil {
			return err
		}
		if len(t.told) > 0 {
			if err := db.Create(&t.told).Error; err != nil {
				return err
			}
		}
		return t.tellChanges() // last: it takes the order of commits
	})
}

// maxTries bounds how often a transaction that lost a race is run again. Fresh records
// lie side by side in the indexes, so under SERIALIZABLE unrelated writes collide often:
// with 8 tries one write in thirty failed at 24 callers, with these none did. On a machine
// short of time a try outlasts the pause and the same losers meet again and again, so that
// after freeTries they take turns.
const (
	maxTries  = 24
	freeTries = 4
	maxPause  = 100 * time.Millisecond
)

// inTx is the only place that opens a write transaction: SERIALIZABLE on PostgreSQL
// (READ COMMITTED lets a referral slip past a withdrawal), immediate on SQLite. A
// transaction that lost a race runs again; nothing else retries.
func (s *Store) inTx(ctx context.Context, fn func(*gorm.DB) error) error {
	opts := &sql.TxOptions{}
	if s.dialect == "postgres" {
		opts.Isolation = sql.LevelSerializable
	}
	for try := 1; ; try++ {
		err := s.try(ctx, try > freeTries, fn, opts)
		if err == nil || !lostRace(err) {
			return err
		}
		if try == maxTries {
			return models.Fail(models.KindUnavailable, "database.busy", "The record is being changed by others; try again.").WithCause(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(min(time.Millisecond<<try, maxPause))): // all of it random, so that losers part
		}
	}
}

// try runs a transaction once, in turn with the other losers of this process if asked to.
func (s *Store) try(ctx context.Context, inTurn bool, fn func(*gorm.DB) error, opts *sql.TxOptions) error {
	if inTurn {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.write.WithContext(ctx).Transaction(fn, opts)
}

// lostRace reports a serialisation failure, a deadlock, or a busy SQLite file.
func lostRace(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	var lite *msqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// newID returns a UUIDv7: its order follows time closely enough for "newest first",
// and it is never used as a change feed.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// momentlessID returns a random UUIDv4, for what is shown to organisations that must not learn
// when it was written: a UUIDv7 says so to the millisecond.
func momentlessID() string { return uuid.NewString() }

// changed turns the result of a versioned update into an error: no row means that
// somebody else changed the record after it was loaded.
func changed(res *gorm.DB) error {
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected != 1 {
		return errVersion
	}
	return nil
}

var errVersion = models.Fail(models.KindPreconditionFailed, "precondition.version", "The record has changed since that version; read it again.")

// base refuses a change that was made on another version than the stored one, unless it adds
// to whatever is there.
func (t *tx) base(version int64) error {
	if t.session.req.Adds {
		t.session.req.Base = version
	}
	if t.session.req.Base != version {
		return errVersion
	}
	return nil
}
