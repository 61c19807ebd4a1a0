package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenPass is a pass with what the caller can do.
type SeenPass struct {
	models.AccessPass
	Now     time.Time
	Today   models.Date
	Allowed []string
}

func (s *Session) seePass(p models.AccessPass) SeenPass {
	return SeenPass{AccessPass: p, Now: s.store.now(), Today: s.today(), Allowed: orEmpty(models.PassMachine.Allowed(p.State, s.partnerOf(p.NGOID, p.InstitutionID)))}
}

func (s *Session) pass(q *gorm.DB, id string, verb models.Verb) (*models.AccessPass, error) {
	var p models.AccessPass
	return &p, found(s.scoped(q, passTable, models.CatAccessPass, verb).Where("access_passes.id = ?", id).Take(&p).Error, "access_pass")
}

// ListPasses returns the passes between the caller's organisation and others, newest
// first; overdue keeps the applications that wait too long for an answer.
func (s *Session) ListPasses(ctx context.Context, overdue bool, p Paging) (page Page[SeenPass], err error) {
	q, ways := s.store.read.WithContext(ctx).Model(&models.AccessPass{}), s.ways(passTable, models.CatAccessPass, models.Read)
	if overdue {
		q = q.Where("access_passes.state IN ('requested', 'appealed') AND access_passes.decide_by < ?", s.store.now())
	}
	rows, err := loadWays(s, q, ways, "access_passes", "access_passes.id", p, func(p models.AccessPass) string { return p.ID })
	page.Next = rows.Next
	for _, row := range rows.Items {
		page.Items = append(page.Items, s.seePass(row))
	}
	return page, err
}

// GetPass returns one pass to the NGO or to the institution.
func (s *Session) GetPass(ctx context.Context, id string) (*SeenPass, error) {
	p, err := s.pass(s.store.read.WithContext(ctx), id, models.Read)
	if err != nil {
		return nil, err
	}
	seen := s.seePass(*p)
	return &seen, nil
}

// ApplyForPass asks an institution to let a worker of the NGO in, under the agreement
// that is in force.
func (s *Session) ApplyForPass(ctx context.Context, n models.NewPass) (seen *SeenPass, out Outcome, err error) {
	if err := n.Check(s.today()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "access_pass.create", func(tx *tx, id string, replayed bool) error {
		if replayed {
			p, err := s.pass(tx.DB, id, models.Read)
			if err == nil {
				is := s.seePass(*p)
				seen = &is
			}
			return err
		}
		agreement, err := tx.agreementFor(n)
		if err != nil {
			return err
		}
		p := models.AccessPass{
			ID: id, NGOID: s.actor.OrganisationID, InstitutionID: n.InstitutionID, UserID: n.UserID, AgreementID: agreement, Purpose: n.Purpose,
			Conditions: []string{}, State: models.PassRequested, RequestedAt: tx.now, DecideBy: tx.now.AddDate(0, 0, models.DecisionDays),
			ValidFrom: n.ValidFrom, ValidUntil: n.ValidUntil, Version: 1,
		}
		is := s.seePass(p)
		seen = &is
		tx.tell("access_pass", id, p.NGOID, p.InstitutionID)
		return tx.Create(&p).Error
	})
	return seen, out, err
}

// agreementFor finds the agreement in force that covers a worker of the actor's NGO, the
// institution and the purpose.
func (t *tx) agreementFor(n models.NewPass) (string, error) {
	var c models.Checks
	org := t.session.actor.OrganisationID
	institution, err := t.organisation(n.InstitutionID)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return "", err
	}
	c.Require(err == nil && institution.Kind == models.KindPrison, "/institution", "access_pass.institution_unknown")
	if err := c.Err(); err != nil {
		return "", err
	}
	var worker models.User
	err = found(t.Where("id = ? AND organisation_id = ? AND active = ?", n.UserID, org, true).Take(&worker).Error, "user")
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return "", err
	}
	c.Require(err == nil, "/user", "access_pass.user_unknown")
	if err := c.Err(); err != nil {
		return "", err
	}
	var agreements []models.Agreement
	err = shared(t.DB).Where("ngo_id = ? AND institution_id = ? AND state = ?", org, n.InstitutionID, models.AgreementActive).Order("valid_until DESC, id").Find(&agreements).Error
	for i := range agreements {
		a := &agreements[i]
		if a.InForce(t.today) && slices.Contains(a.Services, n.Purpose) {
			return a.ID, err
		}
	}
	if err == nil {
		err = models.Fail(models.KindConflict, "access_pass.agreement_required", "No agreement in force with that institution covers this purpose.")
	}
	return "", err
}

// MovePass makes one move. A pass that is suspended or revoked stops, with the next call,
// what its worker reads of those who are held there (Session.visits).
func (s *Session) MovePass(ctx context.Context, id, action string, verb models.Verb, m models.PassMove) (seen *SeenPass, err error) {
	if err := m.Check(action, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "access_pass."+strings.ReplaceAll(action, "-", "_"), func(tx *tx) error {
		p, err := s.pass(tx.DB, id, verb)
		if err != nil {
			return err
		}
		if err := tx.base(p.Version); err != nil {
			return err
		}
		if err := p.Do(action, s.partnerOf(p.NGOID, p.InstitutionID), m, tx.now, tx.today); err != nil {
			return err
		}
		tx.audit(id)
		tx.tell("access_pass", id, p.NGOID, p.InstitutionID)
		is := s.seePass(*p)
		seen = &is
		if err := tx.unneeded("access_overdue", id); err != nil {
			return err
		}
		return changed(tx.Model(p).Where("version = ?", s.req.Base).Select("state", "conditions", "reason", "decide_by", "inducted_on", "version").Updates(p))
	})
	return seen, err
}
