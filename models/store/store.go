// Package store keeps Jol's records. It is the only package that talks to the
// database.
//
// Everything a signed-in user does goes through a Session, which is bound to the
// actor, the actor's grants and the request. A Session method either writes (one
// transaction, its audit event inside) or reads (reader pool, then the audit event
// committed before the method returns); the two never call each other.
package store

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// Options says how to open a store.
type Options struct {
	// URL is "sqlite:<path>" or a postgres:// URL.
	URL     string
	Country string
	Zone    string // IANA zone of the country
	Keys    Keys
	Clock   models.Clock
	Sealer  models.Sealer
	// Editions checks an edition of a protocol before it is kept, and again before it is served.
	Editions models.EditionCheck
	// Planner says which tasks follow from what happens in an episode; without it none do.
	Planner models.Planner
	// Scoring computes the bands of screening results and withdrawal scales.
	Scoring models.Scoring
	// Ledger is the file that remembers sealed release ids outside the database.
	Ledger string
	// RegistrationsPerDay caps client registrations of one organisation in 24 hours;
	// one user may make half of them. It keeps registration from being an oracle.
	RegistrationsPerDay int
	// TokenLife is how long a bearer token lives.
	TokenLife time.Duration
	// Webhooks says what a webhook of a duty contact may point to.
	Webhooks models.ContactRule
	// FastHash makes password hashing cheap, for tests and the demo only.
	FastHash bool
}

// Keys are the secrets that live outside the database and its dumps.
type Keys struct {
	Country []byte // K_country: link ids
	Sector  []byte // K_sector: client codes
	Record  []byte // K_rec: disclosure control
	Cursor  []byte // encrypts page cursors
}

// Store is an open database.
type Store struct {
	opt     Options
	dialect string // "sqlite" or "postgres"
	write   *gorm.DB
	read    *gorm.DB
	linker  *models.Linker
	cursors cipher.AEAD // paging.go
	reads   *readLog
	turn    chan struct{} // held by one transaction of those that lost again and again
}

// Session is the store as one actor may use it, for one request.
type Session struct {
	store  *Store
	actor  models.Actor
	grants models.Grants
	req    Request
	wrote  bool // a transaction of this request has begun

}

// Request is what the store must know of the request: its id for the audit trail
// and what makes writes safe to repeat.
type Request struct {
	ID       string
	Key      string // idempotency key, of POSTs that create
	BodyHash string // of method, path and body
	Base     int64  // version from If-Match, of changes

	// Of a command from the field (sync.go), beside the above.
	Once    bool   // a change that is carried out once under its Key, as a create is
	Adds    bool   // it adds to the record, so that any version is a good base
	Settles string // the conflict that ends in the same transaction
}

// Outcome says how a create ended: with the first status, and whether it was a replay.
type Outcome struct {
	Status   int
	Replayed bool
}

// For binds a session. Only api calls it, after the route gate has passed.
func (s *Store) For(actor models.Actor, grants models.Grants, req Request) *Session {
	return &Session{store: s, actor: actor, grants: grants, req: req}
}

// Ready reports whether the database answers and reads can be audited.
func (s *Store) Ready(ctx context.Context) error {
	if s.reads.stopped() {
		return errors.New("the audit committer has stopped")
	}
	return s.read.WithContext(ctx).Exec("SELECT 1").Error
}

// Close stops the audit committer and closes the pools.
func (s *Store) Close() error {
	s.reads.stop()
	var errs []error
	for _, db := range []*gorm.DB{s.read, s.write} {
		pool, err := db.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Pool gives the writing connections and the dialect to the migrator and nobody else.
func (s *Store) Pool() (*sql.DB, string, error) {
	db, err := s.write.DB()
	return db, s.dialect, err
}

// Now tells the time of the store's clock.
func (s *Store) Now() time.Time { return s.now() }

func (s *Store) now() time.Time { return s.opt.Clock().UTC().Truncate(time.Millisecond) }

// today is the civil date at the actor's organisation.
func (s *Session) today() models.Date { return models.DateOf(s.store.now(), s.actor.Zone) }
