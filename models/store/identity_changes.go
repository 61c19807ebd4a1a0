package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// RequestIdentityChange asks for a merge of two of the organisation's records into one
// person, or for a split of a record from its person. A second user approves it.
func (s *Session) RequestIdentityChange(ctx context.Context, handle, kind, with string) (ic *models.IdentityChange, out Outcome, err error) {
	err = s.write(ctx, "identity_change.create", func(tx *tx) error {
		id, first, err := tx.claim(newID())
		if err != nil {
			return err
		}
		out = first
		if err := models.ValidIdentityChange(kind, with != ""); err != nil {
			return err
		}
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Change)
		if err != nil {
			return err
		}
		other := &models.Client{}
		if with != "" {
			if other, err = s.clientByHandle(tx.DB, with, models.CatIdentity, models.Change); err != nil {
				return err
			}
		}
		if with != "" && other.PersonID == c.PersonID && !out.Replayed {
			return models.Fail(models.KindConflict, "identity_change.same_person", "The two records are one person already.")
		}
		tx.auditOutcome(out.outcome(), id, string(c.ID))
		if out.Replayed {
			ic, err = tx.identityChange(id)
			return err
		}
		ic = &models.IdentityChange{
			ID: id, OrganisationID: s.actor.OrganisationID, Kind: kind, ClientID: c.ID, WithID: other.ID, FromPersonID: c.PersonID,
			State: "requested", RequestedBy: s.actor.UserID, CreatedAt: tx.now, Version: 1,
		}
		return tx.Create(ic).Error
	})
	return ic, out, err
}

// ListIdentityChanges lists the organisation's changes, newest first, for the second user.
func (s *Session) ListIdentityChanges(ctx context.Context, state string, p Paging) (page Page[models.IdentityChange], err error) {
	err = s.readRecords(ctx, "identity_change.read", func(r *reading) error {
		q := s.scoped(r.Model(&models.IdentityChange{}), changeTable, models.CatIdentity, models.Approve)
		if state != "" {
			q = q.Where("state = ?", state)
		}
		page, err = loadPage(s, q, "identity_changes", "id", p, func(ic models.IdentityChange) string { return ic.ID })
		for _, ic := range page.Items {
			r.touched(ic.ID)
		}
		return err
	})
	return page, err
}

// ApproveIdentityChange lets a second user carry the change out. A merge gives the
// client the other record's person; a split gives it a person of its own, for whom its
// organisation is responsible.
func (s *Session) ApproveIdentityChange(ctx context.Context, id string) (ic *models.IdentityChange, err error) {
	err = s.write(ctx, "identity_change.approve", func(tx *tx) error {
		if ic, err = tx.identityChange(id); err != nil {
			return err
		}
		if err := tx.base(ic.Version); err != nil {
			return err
		}
		if err := ic.Approve(s.actor.UserID); err != nil {
			return err
		}
		ic.Version++
		if err := tx.carryOut(ic); err != nil {
			return err
		}
		tx.audit(id, string(ic.ClientID))
		return changed(tx.Model(ic).Where("version = ?", ic.Version-1).Select("state", "approved_by", "version").Updates(ic))
	})
	return ic, err
}

func (t *tx) identityChange(id string) (*models.IdentityChange, error) {
	var ic models.IdentityChange
	q := t.session.scoped(t.DB, changeTable, models.CatIdentity, models.Approve)
	return &ic, found(q.Where("id = ?", id).Take(&ic).Error, "identity_change")
}

func (t *tx) carryOut(ic *models.IdentityChange) error {
	person, err := t.personAfter(ic)
	if err != nil {
		return err
	}
	return t.moveClients(t.Where("id = ?", ic.ClientID), person)
}

func (t *tx) personAfter(ic *models.IdentityChange) (models.PersonID, error) {
	if ic.Kind == "split" {
		return t.newPerson()
	}
	var other models.Client
	err := t.Where("id = ?", ic.WithID).Take(&other).Error
	return other.PersonID, found(err, "client")
}

// moveClients gives the selected client records another person.
func (t *tx) moveClients(which *gorm.DB, person models.PersonID) error {
	return which.Model(&models.Client{}).Updates(map[string]any{"person_id": person, "version": gorm.Expr("version + 1")}).Error
}
