package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"jol/models"
)

// OrganisationFilter narrows the directory; empty fields do not filter.
type OrganisationFilter struct {
	Kind    models.OrganisationKind
	Region  string
	Service string
}

// ListOrganisations is the directory in which a receiver is found. It says nothing
// about clients and leaves no audit event.
func (s *Session) ListOrganisations(ctx context.Context, f OrganisationFilter, p Paging) (Page[models.Organisation], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.Organisation{}), organisationTable, models.CatOrganisation, models.Read)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Region != "" {
		q = q.Where("region = ?", f.Region)
	}
	if f.Service != "" {
		q = q.Where("services LIKE ?", `%"`+f.Service+`"%`) // a code checked against its list
	}
	return loadPage(s, q, "organisations", "id", p, func(o models.Organisation) string { return string(o.ID) })
}

// GetOrganisation returns one organisation of the directory.
func (s *Session) GetOrganisation(ctx context.Context, id string) (*models.Organisation, error) {
	var o models.Organisation
	q := s.scoped(s.store.read.WithContext(ctx), organisationTable, models.CatOrganisation, models.Read)
	return &o, found(q.Where("id = ?", id).Take(&o).Error, "organisation")
}

// CreateOrganisation adds an organisation; only the ministry and the command line do.
func (s *Session) CreateOrganisation(ctx context.Context, n models.NewOrganisation) (o *models.Organisation, out Outcome, err error) {
	n.Country = s.store.opt.Country
	if s.actor.OrganisationKind != models.KindMinistry && s.actor.UserID != models.SystemUser {
		return nil, Outcome{}, models.Fail(models.KindForbidden, "organisation.ministry_creates", "Only the ministry adds organisations.")
	}
	if err := n.Check(s.today()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "organisation.create", func(tx *tx, id string, replayed bool) error {
		if replayed {
			o, err = tx.organisation(models.OrganisationID(id))
			return err
		}
		if err := tx.checkServes(n.Serves); err != nil {
			return err
		}
		o = n.Make(models.OrganisationID(id), tx.now)
		return tx.Create(o).Error
	})
	return o, out, err
}

func (t *tx) checkServes(id models.OrganisationID) error {
	if id == "" {
		return nil
	}
	o, err := t.organisation(id)
	if models.IsKind(err, models.KindNotFound) || err == nil && o.Kind != models.KindPrison {
		var c models.Checks
		c.Add("/serves", "organisation.serves_institution")
		return c.Err()
	}
	return err
}

// ChangeOrganisation changes name, services, centre type or activity.
func (s *Session) ChangeOrganisation(ctx context.Context, id string, ch models.OrganisationChange) (o *models.Organisation, err error) {
	if err := ch.Check(); err != nil {
		return nil, err
	}
	err = s.write(ctx, "organisation.change", func(tx *tx) error {
		o = &models.Organisation{}
		q := s.scoped(tx.DB, organisationTable, models.CatOrganisation, models.Change)
		if err := found(q.Where("id = ?", id).Take(o).Error, "organisation"); err != nil {
			return err
		}
		if err := tx.base(o.Version); err != nil {
			return err
		}
		closes := o.Active && ch.Active != nil && !*ch.Active
		if err := o.Apply(ch); err != nil {
			return err
		}
		if closes {
			if err := tx.leavesNobody(o.ID); err != nil {
				return err
			}
		}
		if !o.Active { // reopened, it must not come back with old tokens
			err := tx.Model(&tokenRow{}).Where("user_id IN (SELECT id FROM users WHERE organisation_id = ?) AND revoked_at IS NULL", id).Update("revoked_at", tx.now).Error
			if err != nil {
				return err
			}
		}
		tx.audit(id)
		o.Version++
		return changed(tx.Model(o).Where("version = ?", s.req.Base).
			Select("name", "services", "oat_available", "buprenorphine_available", "thn_allowed", "nsp_allowed", "centre_type", "gap_rule", "active", "version").Updates(o))
	})
	return o, err
}

// leavesNobody refuses to close an organisation while people are in its charge, or would
// fall to it at a release: nobody would look after them. How many is nobody's business here.
func (t *tx) leavesNobody(id models.OrganisationID) error {
	inCharge, err := t.exists(&models.Client{}, "organisation_id = ? AND EXISTS (SELECT 1 FROM persons p WHERE p.id = clients.person_id AND p.responsible_id = ?)", id, id)
	if err != nil {
		return err
	}
	byDefault, err := t.exists(&models.RegionDefault{}, "organisation_id = ?", id)
	if err != nil || !inCharge && !byDefault {
		return err
	}
	return at("/active", models.Fail(models.KindConflict, "organisation.responsible_for_clients",
		"People are in this organisation's charge, or releases of a region fall to it. First hand its clients over by referrals that are accepted, and name another default clinic; then close it."))
}

// organisation loads an active organisation by id, whoever asks: the directory is
// open to every signed-in user.
func (t *tx) organisation(id models.OrganisationID) (*models.Organisation, error) {
	var o models.Organisation
	return &o, found(t.Where("id = ? AND active = ?", id, true).Take(&o).Error, "organisation")
}

// found turns gorm's missing row into the one answer for absent and out of scope. An id
// that is no text at all (PostgreSQL refuses a zero byte) names nothing either.
func found(err error, noun string) error {
	var pg *pgconn.PgError
	if errors.Is(err, gorm.ErrRecordNotFound) || errors.As(err, &pg) && pg.Code == "22021" {
		return models.NotFound(noun)
	}
	return err
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
