package store

import (
	"context"
	"slices"

	"gorm.io/gorm/clause"

	"jol/models"
)

// ListDenominators lists the population estimates that are loaded, newest first.
func (s *Session) ListDenominators(ctx context.Context, p Paging) (Page[models.Denominator], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.Denominator{}), denominatorTable, models.CatIndicator, models.Read)
	return loadPage(s, q, "denominators", "id", p, func(d models.Denominator) string { return d.ID })
}

// LoadDenominators keeps estimates, all of them or none. One of the same place, year and
// kind is replaced: no release that was sealed with it changes.
func (s *Session) LoadDenominators(ctx context.Context, all []models.Estimate) (Outcome, error) {
	if err := models.CheckEstimates(all, s.store.opt.Country, s.today()); err != nil {
		return Outcome{}, err
	}
	return s.create(ctx, "denominator.create", func(t *tx, _ string, replayed bool) error {
		if replayed {
			return nil
		}
		rows := make([]models.Denominator, len(all))
		for i, e := range all {
			rows[i] = models.Denominator{ID: newID(), Estimate: e, Version: 1, CreatedAt: t.now}
		}
		return t.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "country"}, {Name: "region"}, {Name: "year"}, {Name: "kind"}},
			DoUpdates: append(clause.AssignmentColumns([]string{"value", "low", "high", "source", "method", "created_at"}),
				clause.Assignments(map[string]any{"version": clause.Expr{SQL: "denominators.version + 1"}})...),
		}).CreateInBatches(&rows, 500).Error
	})
}

// known fills in what a sealing must know beside the clients: the estimates, what the
// country does not offer, and for a revision the annual release.
func (s *Store) known(ctx context.Context, req models.SealRequest) (models.SealRequest, error) {
	var rows []models.Denominator
	if err := s.read.WithContext(ctx).Where("country = ?", req.Country).Order("id").Find(&rows).Error; err != nil {
		return req, err
	}
	for _, r := range rows {
		req.Estimates = append(req.Estimates, r.Estimate)
	}
	var err error
	if req.NotOffered, err = s.notOffered(ctx, req.Country); err != nil || req.Status != "revision" {
		return req, err
	}
	req.Annual, err = s.annual(ctx, req)
	return req, err
}

// notOffered lists the services that no organisation of the country may give and its law
// does not let it: what needs them is a structural zero (indicators.Indicator.Needs).
func (s *Store) notOffered(ctx context.Context, country string) (map[string][]string, error) {
	law := models.AvailabilityIn(country)
	var kinds []models.OrganisationKind
	if err := s.read.WithContext(ctx).Model(&models.Organisation{}).Distinct().Where("oat_available = ?", true).Pluck("kind", &kinds).Error; err != nil {
		return nil, err
	}
	prison := law.OATPrison || slices.Contains(kinds, models.KindPrisonHealth)
	var none []string
	if !prison {
		none = append(none, models.ServiceOATPrison)
	}
	if !prison && !law.OATCommunity && len(kinds) == 0 {
		none = append(none, models.ServiceOAT)
	}
	return map[string][]string{models.NotOfferedService: none}, nil
}

// annual reads the annual release that a revision repeats, nil when there is none, and
// counts the persons of whom something of that year was recorded after its cutoff. What
// was erased since is not among them: nobody knows any more of which year it was.
func (s *Store) annual(ctx context.Context, req models.SealRequest) (*models.AnnualRelease, error) {
	was := req
	was.Status = "annual"
	var releases []models.Release
	if err := s.read.WithContext(ctx).Preload("Tables").Where("id = ?", was.ReleaseID()).Find(&releases).Error; err != nil || len(releases) == 0 {
		return nil, err
	}
	a := &models.AnnualRelease{Tables: map[string]string{}}
	for _, t := range releases[0].Tables {
		a.Tables[t.TableID] = t.JSON
	}
	first, last := models.Date(req.Period+"-01-01"), models.Date(req.Period+"-12-31")
	from, until := models.StartOfDay(first, s.opt.Zone), models.StartOfDay(last.AddDays(1), s.opt.Zone)
	err := s.read.WithContext(ctx).Raw(changedSQL, map[string]any{
		"first": first, "last": last, "from": from, "until": until, "cutoff": releases[0].Cutoff,
	}).Scan(&a.ChangedClients).Error
	return a, err
}

// changedSQL counts the persons of whom a row of a year was recorded after a moment.
const changedSQL = `
SELECT COUNT(DISTINCT c.person_id) FROM clients c JOIN (
  SELECT client_id FROM episodes WHERE start_date BETWEEN @first AND @last AND created_at > @cutoff
  UNION ALL SELECT client_id FROM episodes WHERE end_date BETWEEN @first AND @last AND closed_at > @cutoff
  UNION ALL SELECT client_id FROM episode_contacts WHERE on_date BETWEEN @first AND @last AND created_at > @cutoff
  UNION ALL SELECT client_id FROM entries WHERE on_date BETWEEN @first AND @last AND created_at > @cutoff
  UNION ALL SELECT client_id FROM dose_events WHERE on_date BETWEEN @first AND @last AND created_at > @cutoff
  UNION ALL SELECT client_id FROM overdoses WHERE at >= @from AND at < @until AND created_at > @cutoff
  UNION ALL SELECT client_id FROM custody_spells WHERE admitted_at >= @from AND admitted_at < @until AND created_at > @cutoff
  UNION ALL SELECT client_id FROM custody_spells WHERE ended_at >= @from AND ended_at < @until AND end_recorded_at > @cutoff
  UNION ALL SELECT from_client_id FROM referrals WHERE attended_on BETWEEN @first AND @last AND settled_at > @cutoff
) x ON x.client_id = c.id`
