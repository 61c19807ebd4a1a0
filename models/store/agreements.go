package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"jol/models"
)

// SeenAgreement is an agreement with what the caller can do.
type SeenAgreement struct {
	models.Agreement
	Today   models.Date
	Allowed []string
}

// partnerOf is the side on which the actor stands between an NGO and an institution.
func (s *Session) partnerOf(ngo, institution models.OrganisationID) models.Party {
	switch s.actor.OrganisationID {
	case ngo:
		return models.PartyNGO
	case institution:
		return models.PartyInstitution
	}
	return models.PartyProgramme
}

func (s *Session) seeAgreement(a models.Agreement) SeenAgreement {
	allowed := []string{}
	if s.grants.Has(models.CatAgreement, models.Change) {
		allowed = models.AgreementMachine.Allowed(a.State, s.partnerOf(a.NGOID, a.InstitutionID))
	}
	return SeenAgreement{Agreement: a, Today: s.today(), Allowed: orEmpty(allowed)}
}

// ListAgreements returns the agreements of the caller's organisation, newest first.
func (s *Session) ListAgreements(ctx context.Context, p Paging) (page Page[SeenAgreement], err error) {
	q, ways := s.store.read.WithContext(ctx).Model(&models.Agreement{}), s.ways(agreementTable, models.CatAgreement, models.Read)
	rows, err := loadWays(s, q, ways, "agreements", "agreements.id", p, func(a models.Agreement) string { return a.ID })
	page.Next = rows.Next
	for _, a := range rows.Items {
		page.Items = append(page.Items, s.seeAgreement(a))
	}
	return page, err
}

// GetAgreement returns one agreement. It is about organisations, not about a person: it
// leaves no event of a read.
func (s *Session) GetAgreement(ctx context.Context, id string) (*SeenAgreement, error) {
	a, err := s.agreement(s.store.read.WithContext(ctx), id, models.Read)
	if err != nil {
		return nil, err
	}
	seen := s.seeAgreement(*a)
	return &seen, nil
}

func (s *Session) agreement(q *gorm.DB, id string, verb models.Verb) (*models.Agreement, error) {
	var a models.Agreement
	return &a, found(s.scoped(q, agreementTable, models.CatAgreement, verb).Where("agreements.id = ?", id).Take(&a).Error, "agreement")
}

// CreateAgreement proposes an agreement between an NGO and an institution.
func (s *Session) CreateAgreement(ctx context.Context, n models.NewAgreement) (seen *SeenAgreement, out Outcome, err error) {
	if n.NGOID == "" && s.actor.OrganisationKind == models.KindNGO {
		n.NGOID = s.actor.OrganisationID
	}
	out, err = s.create(ctx, "agreement.create", func(tx *tx, id string, replayed bool) error {
		if replayed {
			a, err := s.agreement(tx.DB, id, models.Read)
			if err == nil {
				is := s.seeAgreement(*a)
				seen = &is
			}
			return err
		}
		if err := n.Check(tx.today); err != nil {
			return err
		}
		if err := tx.checkPartners(n); err != nil {
			return err
		}
		a := models.Agreement{
			ID: id, NGOID: n.NGOID, InstitutionID: n.InstitutionID, Services: n.Services, DataAnnex: n.DataAnnex, State: models.AgreementDraft,
			ValidFrom: n.ValidFrom, ValidUntil: n.ValidUntil, Renews: n.Renews, Version: 1, CreatedAt: tx.now,
		}
		is := s.seeAgreement(a)
		seen = &is
		tx.tell("agreement", id, a.NGOID, a.InstitutionID)
		return tx.Create(&a).Error
	})
	return seen, out, err
}

// checkPartners holds a proposal to an NGO, a prison, and, for a renewal, an agreement of
// the same two.
func (t *tx) checkPartners(n models.NewAgreement) error {
	var c models.Checks
	for _, side := range []struct {
		id            models.OrganisationID
		kind          models.OrganisationKind
		pointer, code string
	}{
		{n.NGOID, models.KindNGO, "/ngo", "agreement.ngo_unknown"},
		{n.InstitutionID, models.KindPrison, "/institution", "agreement.institution_unknown"},
	} {
		o, err := t.organisation(side.id)
		if err != nil && !models.IsKind(err, models.KindNotFound) {
			return err
		}
		c.Require(err == nil && o.Kind == side.kind, side.pointer, side.code)
	}
	own := t.session.actor.OrganisationKind != models.KindNGO || n.NGOID == t.session.actor.OrganisationID
	c.Require(own, "/ngo", "agreement.ngo_unknown")
	if n.Renews != "" {
		old, err := t.session.agreement(t.DB, n.Renews, models.Read)
		if err != nil && !models.IsKind(err, models.KindNotFound) {
			return err
		}
		c.Require(err == nil && old.NGOID == n.NGOID && old.InstitutionID == n.InstitutionID && old.State != models.AgreementEnded, "/renews", "agreement.renews_unknown")
	}
	return c.Err()
}

// MoveAgreement makes one move. An agreement that is suspended or ended stops, with the
// next call, what its NGO reads of those who are held there (Session.visits).
func (s *Session) MoveAgreement(ctx context.Context, id, action string, m models.AgreementMove) (seen *SeenAgreement, err error) {
	if err := m.Check(action); err != nil {
		return nil, err
	}
	verb := models.Change
	if action == "countersignature" {
		verb = models.Approve
	}
	err = s.write(ctx, "agreement."+action, func(tx *tx) error {
		a, err := s.agreement(tx.DB, id, verb)
		if err != nil {
			return err
		}
		if err := tx.base(a.Version); err != nil {
			return err
		}
		m.By = s.actor.UserID
		if err := a.Do(action, s.partnerOf(a.NGOID, a.InstitutionID), m, tx.today); err != nil {
			return err
		}
		tx.audit(id)
		if err := tx.onlyActive(a, action); err != nil {
			return err
		}
		if action == "activation" && a.Renews != "" {
			if err := tx.replaceAgreement(a); err != nil {
				return err
			}
		}
		tx.tell("agreement", id, a.NGOID, a.InstitutionID)
		is := s.seeAgreement(*a)
		seen = &is
		return changed(tx.Model(a).Where("version = ?", s.req.Base).Select("state", "signed_by_ngo", "signed_by_institution", "transition", "version").Updates(a))
	})
	return seen, err
}

// onlyActive holds two organisations to one agreement in force: of two, ending one would go
// on letting the NGO in by the other.
func (t *tx) onlyActive(a *models.Agreement, action string) error {
	if action != "activation" && action != "resumption" {
		return nil
	}
	other, err := t.exists(&models.Agreement{}, "ngo_id = ? AND institution_id = ? AND state = ? AND valid_until >= ? AND id NOT IN ?",
		a.NGOID, a.InstitutionID, models.AgreementActive, t.today, []string{a.ID, a.Renews})
	if err == nil && other {
		err = models.Fail(models.KindConflict, "agreement.active_already", "The two have an agreement in force; end it, or renew it.")
	}
	return err
}

// replaceAgreement ends the agreement that a renewal follows and hangs its passes on the
// renewal: they run on, each to its own last day.
func (t *tx) replaceAgreement(renewal *models.Agreement) error {
	var old models.Agreement
	if err := t.Where("id = ?", renewal.Renews).Take(&old).Error; err != nil {
		return err
	}
	if slices.Contains([]string{models.AgreementActive, models.AgreementSuspended}, old.State) {
		err := changed(t.Model(&old).Where("version = ?", old.Version).Updates(map[string]any{"state": models.AgreementEnded, "version": old.Version + 1}))
		if err != nil {
			return err
		}
		t.alsoTouched(old.ID)
		t.tell("agreement", old.ID, old.NGOID, old.InstitutionID)
	}
	return t.Model(&models.AccessPass{}).Where("agreement_id = ?", old.ID).Updates(map[string]any{"agreement_id": renewal.ID, "version": gorm.Expr("version + 1")}).Error
}
