package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// ListFacilityLimits returns the limits that facilities set for themselves, ended ones
// included. Like the directory it says nothing about clients and leaves no audit event.
func (s *Session) ListFacilityLimits(ctx context.Context, organisation string, p Paging) (Page[models.FacilityLimit], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.FacilityLimit{}), facilityLimitTable, models.CatProtocol, models.Read)
	if organisation != "" {
		q = q.Where("organisation_id = ?", organisation)
	}
	page, err := loadPage(s, q, "facility_limits", "id", p, func(l models.FacilityLimit) string { return l.ID })
	return page, found(err, "organisation")
}

// GetFacilityLimit returns one limit of a facility.
func (s *Session) GetFacilityLimit(ctx context.Context, id string) (*models.FacilityLimit, error) {
	return s.facilityLimit(s.store.read.WithContext(ctx), id, models.Read)
}

func (s *Session) facilityLimit(q *gorm.DB, id string, verb models.Verb) (*models.FacilityLimit, error) {
	var l models.FacilityLimit
	return &l, found(s.scoped(q, facilityLimitTable, models.CatProtocol, verb).Where("id = ?", id).Take(&l).Error, "facility_limit")
}

// SetFacilityLimit gives a facility its own limit and ends the one it had for the same. The
// caller has checked it against the protocol.
func (s *Session) SetFacilityLimit(ctx context.Context, n models.NewFacilityLimit) (l *models.FacilityLimit, out Outcome, err error) {
	if err := n.Check(); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "facility_limit.create", func(tx *tx, id string, replayed bool) error {
		tx.alsoTouched(string(n.OrganisationID))
		if replayed {
			l, err = s.facilityLimit(tx.DB, id, models.Read)
			return err
		}
		if _, err := tx.organisation(n.OrganisationID); err != nil {
			if models.IsKind(err, models.KindNotFound) {
				return at("/organisation", models.Fail(models.KindInvalid, "facility_limit.organisation_unknown", "There is no such active organisation."))
			}
			return err
		}
		if err := tx.endFacilityLimit(n); err != nil {
			return err
		}
		l = &models.FacilityLimit{ID: id, OrganisationID: n.OrganisationID, Protocol: n.Protocol, Edition: n.Edition, Step: n.Step, LimitID: n.LimitID,
			Duration: n.Duration, Reason: n.Reason, CreatedBy: s.actor.UserID, CreatedAt: tx.now, Version: 1}
		return tx.Create(l).Error
	})
	return l, out, err
}

// endFacilityLimit ends the limit in force that a new one replaces, if there is one.
func (t *tx) endFacilityLimit(n models.NewFacilityLimit) error {
	var before []models.FacilityLimit
	err := t.Where("organisation_id = ? AND protocol = ? AND step = ? AND limit_id = ? AND ended_at IS NULL", n.OrganisationID, n.Protocol, n.Step, n.LimitID).Find(&before).Error
	if err != nil || len(before) == 0 {
		return err
	}
	t.alsoTouched(before[0].ID)
	return t.saveEnd(&before[0])
}

func (t *tx) saveEnd(l *models.FacilityLimit) error {
	version := l.Version
	if err := l.End(t.now); err != nil {
		return err
	}
	return changed(t.Model(l).Where("version = ?", version).Select("ended_at", "version").Updates(l))
}

// EndFacilityLimit gives the protocol's own limit back to a facility.
func (s *Session) EndFacilityLimit(ctx context.Context, id string) (l *models.FacilityLimit, err error) {
	err = s.write(ctx, "facility_limit.end", func(tx *tx) error {
		if l, err = s.facilityLimit(tx.DB, id, models.Change); err != nil {
			return err
		}
		if err := tx.base(l.Version); err != nil {
			return err
		}
		tx.audit(id, string(l.OrganisationID))
		return tx.saveEnd(l)
	})
	return l, err
}

// Facilities reads what an evaluation has to know of the place where a protocol is
// followed. It reaches nothing else, so that a public call of somebody signed in can
// carry it.
type Facilities struct{ store *Store }

// NewFacilities binds to a store.
func NewFacilities(s *Store) *Facilities { return &Facilities{s} }

// Get returns an active organisation with its own limits in force.
func (f *Facilities) Get(ctx context.Context, id models.OrganisationID) (o models.Organisation, limits []models.FacilityLimit, err error) {
	db := f.store.read.WithContext(ctx)
	if err := found(db.Where("id = ? AND active = ?", id, true).Take(&o).Error, "organisation"); err != nil {
		return o, nil, err
	}
	err = db.Where("organisation_id = ? AND ended_at IS NULL", o.ID).Order("id").Find(&limits).Error
	return o, limits, err
}
