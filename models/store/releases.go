package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// ListReleases lists sealed releases, newest first.
func (s *Session) ListReleases(ctx context.Context, p Paging) (Page[models.Release], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.Release{}), releaseTable, models.CatIndicator, models.Read)
	return loadPage(s, withTables(q), "releases", "id", p, func(r models.Release) string { return r.ID })
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
	return &r, found(withTables(q).Where("id = ?", id).Take(&r).Error, "release")
}

// LatestRelease returns the id of the newest final release, empty when there is none.
func (s *Store) LatestRelease(ctx context.Context) (id string, err error) {
	err = s.read.WithContext(ctx).Model(&models.Release{}).Where("status = 'final'").Order("period DESC").Limit(1).Pluck("id", &id).Error
	return id, err
}

// GetReleaseTable returns one table as it was rendered at sealing.
func (s *Session) GetReleaseTable(ctx context.Context, release, table string) (*models.ReleaseTable, error) {
	var t models.ReleaseTable
	q := s.scoped(s.store.read.WithContext(ctx), releaseTable, models.CatIndicator, models.Read)
	err := q.Joins("JOIN releases ON releases.id = release_tables.release_id").
		Where("release_id = ? AND table_id = ?", release, table).Take(&t).Error
	return &t, found(err, "release")
}

var errSealed = models.Fail(models.KindConflict, "release.sealed_already", "This release was sealed before; what is published never changes.")

// SealRelease counts a snapshot once, draws the noise and stores the tables. The epoch
// key lives on this stack only: a lost release is restored from a backup, never
// recomputed.
func (s *Session) SealRelease(ctx context.Context, req models.SealRequest) (r *models.Release, out Outcome, err error) {
	req.Today = s.today()
	if err := s.checkSeal(req); err != nil {
		return nil, Outcome{}, err
	}
	if req, err = s.store.known(ctx, req); err != nil {
		return nil, Outcome{}, err
	}
	sealing, err := s.store.opt.Sealer(req)
	if err != nil {
		return nil, Outcome{}, err
	}
	id := req.ReleaseID()
	exists, err := s.store.releaseExists(ctx, id)
	if err != nil {
		return nil, Outcome{}, err
	}
	cutoff := s.store.now() // what is entered while the snapshot is read waits for the next release
	var sealed *models.Release
	if !exists {
		if sealed, err = s.store.count(ctx, sealing); err != nil {
			return nil, Outcome{}, err
		}
	}
	burnt := false // by this call: the ledger is no part of the transaction, which may run again
	err = s.write(ctx, "release.create", func(tx *tx) error {
		claimed, first, err := tx.claim(id)
		if err != nil {
			return err
		}
		out = first
		tx.auditOutcome(out.outcome(), claimed)
		if out.Replayed {
			r = &models.Release{}
			return found(withTables(tx.DB).Where("id = ?", claimed).Take(r).Error, "release")
		}
		if sealed == nil {
			return errSealed
		}
		r = sealed
		r.Cutoff, r.SealedAt = cutoff, tx.now
		if !burnt {
			if err := s.store.burn(id); err != nil {
				return err
			}
			burnt = true
		}
		return tx.keep(r)
	})
	return r, out, err
}

func (s *Session) checkSeal(req models.SealRequest) error {
	var c models.Checks
	c.Require(req.Country == s.store.opt.Country, "/country", "release.country_not_served")
	return c.Err()
}

func (s *Store) releaseExists(ctx context.Context, id string) (bool, error) {
	var n int64
	err := s.read.WithContext(ctx).Model(&models.Release{}).Where("id = ?", id).Count(&n).Error
	return n > 0, err
}

// keep stores a release.
func (t *tx) keep(r *models.Release) error {
	err := t.Create(r).Error // its tables with it
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errSealed
	}
	return err
}

// burn appends an id to the ledger and syncs it, unless it is there already: sealing
// again after a restore is refused, because two draws of one cell could be averaged.
func (s *Store) burn(id string) error {
	if s.opt.Ledger == "" {
		return errors.New("store: no release ledger is configured")
	}
	known, err := os.ReadFile(s.opt.Ledger)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for line := range strings.SplitSeq(string(known), "\n") {
		if line == id {
			return errSealed
		}
	}
	f, err := os.OpenFile(s.opt.Ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, id); err != nil {
		return err
	}
	return f.Sync()
}
