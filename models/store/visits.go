package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

func (s *Session) visit(q *gorm.DB, id string, verb models.Verb) (*models.Visit, error) {
	var v models.Visit
	return &v, found(s.scoped(q, visitTable, models.CatAccessPass, verb).Where("visits.id = ?", id).Take(&v).Error, "visit")
}

// ListVisits returns the gate log as far as the caller may see it, newest first.
func (s *Session) ListVisits(ctx context.Context, p Paging) (Page[models.Visit], error) {
	q, ways := s.store.read.WithContext(ctx).Model(&models.Visit{}), s.ways(visitTable, models.CatAccessPass, models.Read)
	return loadWays(s, q, ways, "visits", "visits.id", p, func(v models.Visit) string { return v.ID })
}

// GetVisit returns one visit.
func (s *Session) GetVisit(ctx context.Context, id string) (*models.Visit, error) {
	return s.visit(s.store.read.WithContext(ctx), id, models.Read)
}

// PlanVisit announces a visit on a pass and an agreement that are in force on that day.
func (s *Session) PlanVisit(ctx context.Context, n models.NewVisit) (v *models.Visit, out Outcome, err error) {
	if err := n.Check(s.today()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "visit.create", func(tx *tx, id string, replayed bool) error {
		if replayed {
			v, err = s.visit(tx.DB, id, models.Read)
			return err
		}
		p, err := s.pass(tx.DB, n.PassID, models.Read)
		if err != nil {
			return at("/pass", err)
		}
		var a models.Agreement
		if err := shared(tx.DB).Where("id = ?", p.AgreementID).Take(&a).Error; err != nil {
			return err
		}
		if err := shared(tx.DB).Where("id = ?", p.ID).Take(p).Error; err != nil {
			return err
		}
		if !p.InForce(n.On) || !a.InForce(n.On) {
			return models.Fail(models.KindConflict, "visit.pass_not_in_force", "Pass and agreement must both be in force on the day of the visit.")
		}
		v = &models.Visit{ID: id, PassID: p.ID, NGOID: p.NGOID, InstitutionID: p.InstitutionID, Purpose: n.Purpose, OnDate: n.On, State: "planned", Version: 1, CreatedAt: tx.now}
		tx.tell("visit", id, v.NGOID, v.InstitutionID)
		return tx.Create(v).Error
	})
	return v, out, err
}

// MoveVisit records that a visit was made, or why not.
func (s *Session) MoveVisit(ctx context.Context, id, action, reason string) (v *models.Visit, err error) {
	if action == "cancellation" && !models.InList("visit_cancellation", reason) {
		var c models.Checks
		c.Add("/reason", "visit.reason_unknown")
		return nil, c.Err()
	}
	err = s.write(ctx, "visit."+action, func(tx *tx) error {
		if v, err = s.visit(tx.DB, id, models.Change); err != nil {
			return err
		}
		if err := tx.base(v.Version); err != nil {
			return err
		}
		if err := v.Do(action, s.partnerOf(v.NGOID, v.InstitutionID), reason, tx.today); err != nil {
			return err
		}
		tx.audit(id)
		tx.tell("visit", id, v.NGOID, v.InstitutionID)
		return changed(tx.Model(v).Where("version = ?", s.req.Base).Select("state", "reason", "version").Updates(v))
	})
	return v, err
}
