package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"jol/models"
)

// GetReleaseContent returns a release with the JSON of its tables, as they were rendered at
// sealing: what exports are written from.
func (s *Session) GetReleaseContent(ctx context.Context, id string) (*models.Release, error) {
	var r models.Release
	q := s.scoped(s.store.read.WithContext(ctx), releaseTable, models.CatIndicator, models.Read)
	q = q.Preload("Tables", func(q *gorm.DB) *gorm.DB {
		return q.Select("release_id", "table_id", "position", "title", "dimensions", "json").Order("position")
	})
	if err := found(q.Where("id = ?", id).Take(&r).Error, "release"); err != nil {
		return nil, err
	}
	return &r, s.readRelease(ctx, id)
}

// seriesLength is how many periods a line of figures goes back at most.
const seriesLength = 12

// ReleaseSeries returns the tables of one line of the plan from the final releases of the
// same country, profile and kind of period, up to the release's own period, the earliest
// first; a revision follows its annual release. A table of numbers that became final late
// is among those of the release it was published in.
func (s *Session) ReleaseSeries(ctx context.Context, r *models.Release, table string) ([]models.ReleaseTable, error) {
	statuses := []string{"annual", "revision"}
	if r.Status == "provisional" || r.Status == "final" {
		statuses = []string{"final"}
	}
	var all []models.ReleaseTable
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.ReleaseTable{}), releaseTable, models.CatIndicator, models.Read)
	err := q.Select("release_tables.release_id", "release_tables.table_id", "release_tables.json").
		Joins("JOIN releases ON releases.id = release_tables.release_id").
		Where("releases.country = ? AND releases.profile = ? AND releases.status IN ? AND releases.period <= ?", r.Country, r.Profile, statuses, r.Period).
		Where("release_tables.table_id = ? OR release_tables.table_id LIKE ?", table, table+".2%").
		Order("releases.period DESC, releases.status DESC").Limit(4 * seriesLength).Find(&all).Error
	if err != nil {
		return nil, err
	}
	slices.Reverse(all)
	return all, nil
}

// SendRelease returns a release that is about to be sent to another system, and leaves an
// event that says so before it is.
func (s *Session) SendRelease(ctx context.Context, id string) (*models.Release, error) {
	r, err := s.GetReleaseContent(ctx, id)
	if err != nil {
		return nil, err
	}
	return r, s.write(ctx, "release.send", func(tx *tx) error {
		tx.audit(r.ID)
		return nil
	})
}
