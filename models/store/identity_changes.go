package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"jol/models"
)

// SeenIdentityChange is a change with the handles of the records it is about: the second
// user must see what is approved.
type SeenIdentityChange struct {
	models.IdentityChange
	ClientCode string
	WithCode   string // of a merge
}

type changeRow struct {
	models.IdentityChange
	ClientCode  string
	ClientLocal int
	WithCode    string
	WithLocal   int
}

func (row *changeRow) seen() SeenIdentityChange {
	return SeenIdentityChange{
		IdentityChange: row.IdentityChange, ClientCode: models.CodeHandle(row.ClientCode, row.ClientLocal),
		WithCode: models.CodeHandle(row.WithCode, row.WithLocal),
	}
}

// changeQuery selects the changes the session may approve. The other record of a merge
// made by an accepted referral is another organisation's: its code is not shown.
func (s *Session) changeQuery(q *gorm.DB) *gorm.DB {
	q = q.Model(&models.IdentityChange{}).
		Select("identity_changes.*, c.code AS client_code, c.local_no AS client_local, COALESCE(w.code, '') AS with_code, COALESCE(w.local_no, 1) AS with_local").
		Joins("JOIN clients c ON c.id = identity_changes.client_id").
		Joins("LEFT JOIN clients w ON w.id = identity_changes.with_id AND w.organisation_id = identity_changes.organisation_id")
	return s.scoped(q, changeTable, models.CatIdentity, models.Approve)
}

// RequestIdentityChange asks for a merge of two of the organisation's records into one
// person, or for a split of a record from its person. A second user approves it.
func (s *Session) RequestIdentityChange(ctx context.Context, handle, kind, with string) (ic *SeenIdentityChange, out Outcome, err error) {
	out, err = s.create(ctx, "identity_change.create", func(tx *tx, id string, replayed bool) error {
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
				return at("/with", err)
			}
		}
		if with != "" && other.PersonID == c.PersonID && !replayed {
			return models.Fail(models.KindConflict, "identity_change.same_person", "The two records are one person already.")
		}
		tx.alsoTouched(string(c.ID))
		if replayed {
			ic, err = tx.identityChange(id)
			return err
		}
		row := models.IdentityChange{
			ID: id, OrganisationID: s.actor.OrganisationID, Kind: kind, ClientID: c.ID, WithID: other.ID, FromPersonID: c.PersonID, ToPersonID: other.PersonID,
			State: "requested", RequestedBy: s.actor.UserID, CreatedAt: tx.now, Version: 1,
		}
		ic = &SeenIdentityChange{IdentityChange: row, ClientCode: c.Handle(), WithCode: other.Handle()}
		tx.tell("identity_change", id, s.actor.OrganisationID)
		return tx.Create(&row).Error
	})
	return ic, out, err
}

// ListIdentityChanges lists the organisation's changes, newest first, for the second user.
func (s *Session) ListIdentityChanges(ctx context.Context, state string, p Paging) (page Page[SeenIdentityChange], err error) {
	err = s.readRecords(ctx, "identity_change.read", func(r *reading) error {
		q := s.changeQuery(r.DB)
		if state != "" {
			q = q.Where("identity_changes.state = ?", state)
		}
		rows, err := loadPage(s, q, "identity_changes", "identity_changes.id", p, func(row changeRow) string { return row.ID })
		page.Next = rows.Next
		for i := range rows.Items {
			r.touched(rows.Items[i].ID, string(rows.Items[i].ClientID))
			page.Items = append(page.Items, rows.Items[i].seen())
		}
		return err
	})
	return page, err
}

// ApproveIdentityChange lets a second user carry the change out. A merge gives the
// client the other record's person; a split gives it a person of its own, for whom its
// organisation is responsible.
func (s *Session) ApproveIdentityChange(ctx context.Context, id string) (ic *SeenIdentityChange, err error) {
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
		if err := tx.carryOut(&ic.IdentityChange); err != nil {
			return err
		}
		tx.audit(id, string(ic.ClientID))
		tx.tell("identity_change", id, ic.OrganisationID)
		return changed(tx.Model(&ic.IdentityChange).Where("version = ?", ic.Version-1).Select("state", "approved_by", "version").Updates(&ic.IdentityChange))
	})
	return ic, err
}

func (t *tx) identityChange(id string) (*SeenIdentityChange, error) {
	var row changeRow
	if err := found(t.session.changeQuery(t.DB).Where("identity_changes.id = ?", id).Take(&row).Error, "identity_change"); err != nil {
		return nil, err
	}
	seen := row.seen()
	return &seen, nil
}

// carryOut moves the client, and leaves nobody behind with an organisation that has no
// record of them any more.
func (t *tx) carryOut(ic *models.IdentityChange) error {
	person, err := t.personAfter(ic)
	if err != nil {
		return err
	}
	if err := t.tellParted(ic.ClientID); err != nil { // those who see less now
		return err
	}
	if err := t.moveClients(t.Where("id = ?", ic.ClientID), person); err != nil {
		return err
	}
	if err := t.tellShared(ic.ClientID, models.ClientCategories...); err != nil { // and those who see more
		return err
	}
	t.tell("client", string(ic.ClientID), ic.OrganisationID)
	return t.keepResponsible(ic.FromPersonID)
}

// personAfter checks that the records are still those of the request.
func (t *tx) personAfter(ic *models.IdentityChange) (models.PersonID, error) {
	var client, other models.Client
	if err := t.Where("id = ?", ic.ClientID).Take(&client).Error; err != nil {
		return "", err
	}
	if ic.Kind == "merge" {
		if err := t.Where("id = ?", ic.WithID).Take(&other).Error; err != nil {
			return "", err
		}
	}
	if client.PersonID != ic.FromPersonID || other.PersonID != ic.ToPersonID {
		return "", models.Fail(models.KindConflict, "identity_change.moved", "One of the records was joined to somebody else since the request; ask anew.")
	}
	if ic.Kind == "merge" {
		return other.PersonID, nil
	}
	return t.newPerson()
}

// keepResponsible hands a person whom the responsible organisation no longer has a record
// of to the organisation that treats it, or else has known it longest.
func (t *tx) keepResponsible(person models.PersonID) error {
	var left []models.Client
	err := withPerson(t.DB).Where("clients.person_id = ?", person).
		Order("(SELECT count(*) FROM episodes WHERE episodes.client_id = clients.id AND episodes.end_date = '') DESC, clients.created_at, clients.id").Find(&left).Error
	if err != nil || len(left) == 0 {
		return err
	}
	for _, c := range left {
		if c.OrganisationID == c.ResponsibleID {
			return nil
		}
	}
	t.tell("client", string(left[0].ID), left[0].OrganisationID)
	return t.setResponsible(person, left[0].OrganisationID)
}

// moveClients gives the selected client records another person, and with them what the
// database holds to one a person: the active dose order and the open stay in custody.
func (t *tx) moveClients(which *gorm.DB, person models.PersonID) error {
	if err := which.Model(&models.Client{}).Updates(map[string]any{"person_id": person, "version": gorm.Expr("version + 1")}).Error; err != nil {
		return err
	}
	records := t.Model(&models.Client{}).Select("id").Where("person_id = ?", person)
	for _, held := range []struct{ table, clash, detail string }{
		{"dose_orders", "dose_order.active_elsewhere", "Both records have an agonist treatment that is not ended; end one before they become one person."},
		{"custody_spells", "custody.open_elsewhere", "Both records have an open stay in custody; end one before they become one person."},
		{"break_glass", "", ""},
	} {
		err := t.Table(held.table).Where("person_id <> ? AND client_id IN (?)", person, records).Update("person_id", person).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return &clash{models.Fail(models.KindConflict, held.clash, "%s", held.detail), held.table, person}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clash refuses to make one person of two who each have what the database holds to one a
// person. The refusal itself tells that there is an order, or a stay, elsewhere.
type clash struct {
	refusal *models.Error
	table   string
	person  models.PersonID
}

func (c *clash) Error() string { return c.refusal.Error() }
func (c *clash) Unwrap() error { return c.refusal }

// tellClash enters what the refusal tells in the disclosure log and the trail: a write of its
// own, because the one that met the clash was undone, and before anybody is answered.
func (s *Session) tellClash(ctx context.Context, c *clash) error {
	action, categories, ground := "dose_order.clash", []models.Category{models.CatOAT}, "imminent_danger"
	open, told := "state <> 'ended'", models.Disclosure{NotToldReason: "not_reachable"}
	if c.table == "custody_spells" {
		action, categories, ground = "custody_spell.clash", []models.Category{models.CatCustody}, "custody"
		open, told = "ended_at IS NULL", models.Disclosure{}
	}
	return s.write(ctx, action, func(t *tx) error {
		var there []struct {
			ID             string
			ClientID       models.ClientID
			OrganisationID models.OrganisationID
		}
		if err := t.Table(c.table).Where("person_id = ? AND organisation_id <> ?", c.person, s.actor.OrganisationID).Where(open).Find(&there).Error; err != nil {
			return err
		}
		t.audit(string(c.person))
		for _, o := range there {
			t.alsoTouched(o.ID)
			d := told
			d.ClientID, d.OrganisationID, d.RecipientID, d.Categories, d.Ground = o.ClientID, o.OrganisationID, s.actor.OrganisationID, categories, ground
			t.disclosed(d)
		}
		return nil
	})
}
