package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// ListReleases lists sealed releases, the last sealed first.
func (s *Session) ListReleases(ctx context.Context, p Paging) (Page[models.Release], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.Release{}), releaseTable, models.CatIndicator, models.Read)
	order := "(strftime('%Y-%m-%d %H:%M:%f', sealed_at) || ' ' || id)"
	if s.store.dialect == "postgres" {
		order = `((to_char(sealed_at, 'YYYY-MM-DD HH24:MI:SS.MS') || ' ' || id) COLLATE "C")`
	}
	return loadPage(s, withTables(q), "releases", order, p, func(r models.Release) string {
		return r.SealedAt.UTC().Format("2006-01-02 15:04:05.000") + " " + r.ID
	})
}

// withTables adds what a release's tables are called, without their cells.
func withTables(q *gorm.DB) *gorm.DB {
	return q.Preload("Tables", func(q *gorm.DB) *gorm.DB {
		return q.Select("release_id", "table_id", "position", "title", "dimensions").Order("position")
	})
}

// GetRelease returns a sealed release.
func (s *Session) GetRelease(ctx context.Context, id string) (*models.Release, error) {
	var r models.Release
	q := s.scoped(s.store.read.WithContext(ctx), releaseTable, models.CatIndicator, models.Read)
	if err := found(withTables(q).Where("id = ?", id).Take(&r).Error, "release"); err != nil {
		return nil, err
	}
	return &r, nil
}

// LatestRelease returns the id of the newest final release for ministries, empty when there is none.
func (s *Store) LatestRelease(ctx context.Context) (id string, err error) {
	err = s.read.WithContext(ctx).Model(&models.Release{}).Where("status = 'final' AND profile = 'ministry'").Order("period DESC").Limit(1).Pluck("id", &id).Error
	return id, err
}

// GetReleaseTable returns one table as it was rendered at sealing.
func (s *Session) GetReleaseTable(ctx context.Context, release, table string) (*models.ReleaseTable, error) {
	var t models.ReleaseTable
	q := s.scoped(s.store.read.WithContext(ctx), releaseTable, models.CatIndicator, models.Read)
	err := found(q.Joins("JOIN releases ON releases.id = release_tables.release_id").
		Where("release_id = ? AND table_id = ?", release, table).Take(&t).Error, "release")
	if models.IsKind(err, models.KindNotFound) {
		return nil, s.notInRelease(ctx, release, table)
	}
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// nearest is how many tables are named to who asked for one that is not there.
const nearest = 5

// notInRelease tells who may read the release which of its tables come nearest to the one
// that is not in it; to everybody else the release itself is absent.
func (s *Session) notInRelease(ctx context.Context, release, table string) error {
	var r models.Release
	q := s.scoped(s.store.read.WithContext(ctx), releaseTable, models.CatIndicator, models.Read)
	if err := found(withTables(q).Where("id = ?", release).Take(&r).Error, "release"); err != nil {
		return err
	}
	shared := func(id string) (n int) { // how many letters both begin with
		for n < min(len(id), len(table)) && id[n] == table[n] {
			n++
		}
		return n
	}
	ids := make([]string, len(r.Tables))
	for i, t := range r.Tables {
		ids[i] = t.TableID
	}
	slices.SortStableFunc(ids, func(a, b string) int { return shared(b) - shared(a) }) // the plan has the simple tables first
	return models.Fail(models.KindNotFound, "release.not_in_plan", "The release has no such table. The nearest are %s.", strings.Join(ids[:min(nearest, len(ids))], ", "))
}

var errApart = models.Fail(models.KindConflict, "release.counted_apart",
	"The other profile of this release was sealed before, and records may have changed since: the difference would tell them. Seal both together, with the profile both.")

// SealRelease counts a snapshot once, draws the noise and stores the tables; of two
// profiles the ministry's is returned. The epoch key lives on this stack only: a lost
// release is restored from a backup, never recomputed. A refusal leaves its own event.
func (s *Session) SealRelease(ctx context.Context, req models.SealRequest) (*models.Release, Outcome, error) {
	r, out, err := s.seal(ctx, req)
	if models.IsKind(err, models.KindConflict) {
		event := s.event("release.refusal", "ok", s.store.now(), []string{req.Each()[0].ReleaseID()})
		if err := s.store.reads.commit(ctx, readEvent{event: event}); err != nil {
			return nil, Outcome{}, err
		}
	}
	return r, out, err
}

func (s *Session) seal(ctx context.Context, req models.SealRequest) (r *models.Release, out Outcome, err error) {
	req.Today = s.today()
	if err := s.checkSeal(req); err != nil {
		return nil, Outcome{}, err
	}
	reqs := req.Each()
	for i := range reqs {
		if reqs[i], err = s.store.known(ctx, reqs[i]); err != nil {
			return nil, Outcome{}, err
		}
	}
	sealing, err := s.store.beginAll(reqs)
	if err != nil {
		return nil, Outcome{}, err
	}
	refusal, err := s.store.mayPublish(s.store.read.WithContext(ctx), reqs, "", nil)
	if err != nil {
		return nil, Outcome{}, err
	}
	cutoff, facts := s.store.now(), "" // what is entered while the snapshot is read waits for the next release
	if refusal == nil {
		if facts, err = s.store.count(ctx, sealing); err != nil {
			return nil, Outcome{}, err
		}
	}
	var burnt []string // by this call: the ledger is no part of the transaction, which may run again
	// A caller who leaves now stops nothing: between the ledger and the commit it would cost the release.
	err = s.write(context.WithoutCancel(ctx), "release.create", func(tx *tx) error {
		claimed, first, err := tx.claim(reqs[0].ReleaseID())
		if err != nil {
			return err
		}
		out = first
		tx.auditOutcome(out.outcome(), claimed)
		if out.Replayed {
			r = &models.Release{}
			return found(withTables(tx.DB).Where("id = ?", claimed).Take(r).Error, "release")
		}
		if refusal == nil {
			if refusal, err = s.store.mayPublish(tx.DB, reqs, facts, burnt); err != nil {
				return err
			}
		}
		if refusal != nil {
			return refusal
		}
		if burnt == nil {
			if burnt, err = s.store.burn(reqs); err != nil {
				return err
			}
		}
		for i, release := range sealing.sealed {
			release.Cutoff, release.SealedAt, release.Facts = cutoff, tx.now, facts
			if i > 0 {
				tx.alsoTouched(release.ID)
			}
			if err := tx.keep(release); err != nil {
				return err
			}
		}
		r = sealing.sealed[0]
		return nil
	})
	return r, out, err
}

func (s *Session) checkSeal(req models.SealRequest) error {
	var c models.Checks
	c.Require(req.Country == s.store.opt.Country, "/country", "release.country_not_served")
	return c.Err()
}

// several are releases counted from one snapshot.
type several struct {
	begun  []models.Sealing
	sealed []*models.Release
}

// beginAll begins the releases, or says why one of them cannot be sealed.
func (s *Store) beginAll(reqs []models.SealRequest) (*several, error) {
	all := &several{}
	for _, req := range reqs {
		sealing, err := s.opt.Sealer(req)
		if err != nil {
			return nil, err
		}
		all.begun = append(all.begun, sealing)
	}
	return all, nil
}

// AddClient counts one client for each release.
func (a *several) AddClient(c models.ClientRows) error {
	for _, sealing := range a.begun {
		if err := sealing.AddClient(c); err != nil {
			return err
		}
	}
	return nil
}

// Seal draws the noise of each release under a key of its own: one key for two would give
// both the same draws, and the noise could be worked out. The first is returned.
func (a *several) Seal(epoch []byte) (*models.Release, error) {
	for i, sealing := range a.begun {
		key := epoch
		if i > 0 {
			key = make([]byte, len(epoch))
			rand.Read(key)
			defer clear(key)
		}
		r, err := sealing.Seal(key)
		if err != nil {
			return nil, err
		}
		a.sealed = append(a.sealed, r)
	}
	return a.sealed[0], nil
}

// countedKinds are the kinds of the change feeds whose records are counted, or say who is
// one person.
var countedKinds = []string{
	"client", "identity_change", "consent", "referral", "episode", "entry", "overdose", "naloxone_kit", "dose_order", "dose_transfer",
	"custody_spell", "custody_transfer",
}

// mayPublish tells why releases may not be sealed now, if so: by the order of releases, and
// because the two profiles of one release rest on one counting. facts are those of the snapshot
// that was counted, empty before it is; burnt are the ids that this sealing has entered in the
// ledger itself.
func (s *Store) mayPublish(db *gorm.DB, reqs []models.SealRequest, facts string, burnt []string) (refusal, err error) {
	var sealed []string
	if err := db.Model(&models.Release{}).Pluck("id", &sealed).Error; err != nil {
		return nil, err
	}
	ledger, err := s.ledger()
	if err != nil {
		return nil, err
	}
	for _, id := range ledger {
		if !slices.Contains(burnt, id) {
			sealed = append(sealed, id)
		}
	}
	for _, req := range reqs {
		if refusal := req.CheckOrder(sealed); refusal != nil {
			return refusal, nil
		}
		if twin := req.Twin(sealed); twin != "" {
			if same, err := s.sameFacts(db, twin, facts, req.Today); err != nil || !same {
				return errApart, err
			}
		}
	}
	return nil, nil
}

// sameFacts reports whether the facts, or those of now, are what the release was counted from:
// it was counted today, from a snapshot that had the same counted records. Of a release that
// only the ledger remembers nobody knows, and an old one does not say.
func (s *Store) sameFacts(db *gorm.DB, id, facts string, today models.Date) (bool, error) {
	var was []models.Release
	if err := db.Select("cutoff", "facts").Where("id = ?", id).Find(&was).Error; err != nil || len(was) == 0 {
		return false, err
	}
	if models.DateOf(was[0].Cutoff, s.opt.Zone) != today {
		return false, nil
	}
	if facts == "" {
		if err := db.Session(&gorm.Session{NewDB: true}).Raw(factsSQL).Scan(&facts).Error; err != nil {
			return false, err
		}
	}
	return was[0].Facts == facts, nil
}

// keep stores a release.
func (t *tx) keep(r *models.Release) error {
	err := t.Create(r).Error // its tables with it
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return models.ErrSealed
	}
	return err
}

// ledger reads the ids of all releases that were ever sealed, also those of a database
// that was restored from before.
func (s *Store) ledger() ([]string, error) {
	if s.opt.Ledger == "" {
		return nil, errors.New("store: no release ledger is configured")
	}
	known, err := os.ReadFile(s.opt.Ledger)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return strings.Fields(string(known)), nil
}

// burn appends the ids to the ledger and syncs it: sealing again after a restore is
// refused, because two draws of one cell could be averaged.
func (s *Store) burn(reqs []models.SealRequest) (ids []string, err error) {
	for _, req := range reqs {
		ids = append(ids, req.ReleaseID())
	}
	f, err := os.OpenFile(s.opt.Ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, strings.Join(ids, "\n")); err != nil {
		return nil, err
	}
	return ids, f.Sync()
}
