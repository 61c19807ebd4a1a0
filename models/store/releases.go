package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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

var (
	errSealed   = models.Fail(models.KindConflict, "release.sealed_already", "This release was sealed before; what is published never changes.")
	errRevision = models.Fail(models.KindConflict, "release.revision_gate", "A revision needs an annual release of which at least 200 clients and 1%% changed; this cannot be shown yet.")
)

// SealRelease counts a snapshot once, draws the noise and stores the tables. The epoch
// key lives on this stack only: a lost release is restored from a backup, never
// recomputed.
func (s *Session) SealRelease(ctx context.Context, req models.SealRequest) (r *models.Release, out Outcome, err error) {
	req.Today = s.today()
	if err := s.checkSeal(req); err != nil {
		return nil, Outcome{}, err
	}
	sealing, err := s.store.opt.Sealer(req)
	if err != nil {
		return nil, Outcome{}, err
	}
	if req.Status == "revision" {
		return nil, Outcome{}, errRevision
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
	if err := c.Err(); err != nil {
		return err
	}
	return nil
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

// countingSQL gives every person the key under which statistics count them once: the
// linkage id across sectors or within a sector where the client allowed that linkage,
// the confirmed person otherwise. Links of low quality are never used. It is one
// statement, so it reads one snapshot.
const countingSQL = `
WITH person_key AS (
  SELECT c.person_id, COALESCE(
      MIN(CASE WHEN k.purpose = 'linkage_sector' THEN 'L' || l.link_id END),
      MIN(CASE WHEN k.purpose = 'linkage_facility' THEN 'F' || o.kind || l.link_id END),
      'P' || c.person_id) AS link
  FROM clients c
  JOIN organisations o ON o.id = c.organisation_id
  LEFT JOIN %s l ON l.client_id = c.id AND l.low_quality = ?
  LEFT JOIN consents k ON k.client_id = c.id AND k.state = 'given' AND k.from_date <= ? AND k.until_date >= ?
       AND k.purpose IN ('linkage_sector', 'linkage_facility')
  GROUP BY c.person_id)
SELECT pk.link, p.sdc_key, 'E' AS what, o.region, e.sex, e.age_at_start, e.centre_type, e.primary_drug,
       e.start_date, e.end_date, e.end_reason, e.last_contact, e.structured
FROM episodes e JOIN clients c ON c.id = e.client_id JOIN persons p ON p.id = c.person_id
JOIN person_key pk ON pk.person_id = p.id JOIN organisations o ON o.id = e.organisation_id
UNION ALL
SELECT pk.link, p.sdc_key, 'R', o.region, '', 0, '', '', r.sent_at_text, r.attended_on, '', '', c.low_quality
FROM (SELECT from_client_id, from_organisation_id, attended_on, %s AS sent_at_text FROM referrals) r
JOIN clients c ON c.id = r.from_client_id JOIN persons p ON p.id = c.person_id
JOIN person_key pk ON pk.person_id = p.id JOIN organisations o ON o.id = r.from_organisation_id
ORDER BY 1, 2`

// count streams one snapshot, client by client, and seals it with a fresh key.
func (s *Store) count(ctx context.Context, sealing models.Sealing) (*models.Release, error) {
	today := models.DateOf(s.now(), s.opt.Zone)
	sentAt := "strftime('%Y-%m-%dT%H:%M:%SZ', sent_at)"
	if s.dialect == "postgres" {
		sentAt = `to_char(sent_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
	}
	query := fmt.Sprintf(countingSQL, s.linkTable(), sentAt)
	rows, err := s.read.WithContext(ctx).Raw(query, false, today, today).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	group, client := "", models.ClientRows{}
	flush := func() error {
		if group == "" {
			return nil
		}
		return sealing.AddClient(client)
	}
	for rows.Next() {
		var link, what string
		var key int64
		var e models.EpisodeRow
		if err := rows.Scan(&link, &key, &what, &e.Region, &e.Sex, &e.AgeAtStart, &e.CentreType, &e.PrimaryDrug, &e.Start, &e.End, &e.EndReason, &e.LastContact, &e.Structured); err != nil {
			return nil, err
		}
		if link != group {
			if err := flush(); err != nil {
				return nil, err
			}
			group, client = link, models.ClientRows{SDCKey: key}
		}
		if what == "E" {
			client.Episodes = append(client.Episodes, e)
		} else {
			sentAt, err := time.Parse(time.RFC3339, string(e.Start))
			if err != nil {
				return nil, err
			}
			sentOn := models.DateOf(sentAt, models.Zone(s.opt.Country, e.Region)) // the civil date, as attendance has it
			client.Referrals = append(client.Referrals, models.ReferralRow{Region: e.Region, SentOn: sentOn, AttendedOn: e.End})
		}
	}
	if err := errors.Join(rows.Err(), flush()); err != nil {
		return nil, err
	}
	epoch := make([]byte, 32)
	rand.Read(epoch)
	defer clear(epoch)
	return sealing.Seal(epoch)
}
