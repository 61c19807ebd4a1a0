package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"jol/models"
)

// ListUsers returns the accounts an administrator manages.
func (s *Session) ListUsers(ctx context.Context, p Paging) (Page[models.User], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.User{}), userTable, models.CatUser, models.Read)
	return loadPage(s, q, "users", "id", p, func(u models.User) string { return string(u.ID) })
}

// ListColleagues returns the active accounts of the caller's organisation. Like the directory
// it says nothing about clients and leaves no audit event.
func (s *Session) ListColleagues(ctx context.Context, p Paging) (Page[models.User], error) {
	q := s.scoped(s.store.read.WithContext(ctx).Model(&models.User{}), userTable, models.CatOrganisation, models.Read).Where("active = ?", true)
	return loadPage(s, q, "colleagues", "id", p, func(u models.User) string { return string(u.ID) })
}

// manages reports whether the actor may make accounts in the organisation: the ministry
// and the command line in any, others in their own.
func (s *Session) manages(id models.OrganisationID) bool {
	return s.actor.OrganisationKind == models.KindMinistry || s.actor.OrganisationID == id || s.actor.UserID == models.SystemUser
}

// CreateUser adds an account to an organisation that the caller manages.
func (s *Session) CreateUser(ctx context.Context, n models.NewUser) (u *models.User, out Outcome, err error) {
	hash, err := s.store.hashPassword(n.Password) // outside the transaction: it takes 40 ms
	if err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "user.create", func(tx *tx, id string, replayed bool) error {
		org, err := tx.organisation(n.OrganisationID)
		if err != nil && !models.IsKind(err, models.KindNotFound) {
			return err
		}
		if err != nil || !s.manages(org.ID) {
			var c models.Checks
			c.Add("/organisation", "organisation.unknown")
			return c.Err()
		}
		if err := n.Check(org.Kind); err != nil {
			return err
		}
		if replayed {
			u = &models.User{}
			return found(tx.Where("id = ?", id).Take(u).Error, "user")
		}
		u = &models.User{ID: models.UserID(id), Username: n.Username, PasswordHash: hash, Role: n.Role, OrganisationID: org.ID, Active: true, Version: 1, CreatedAt: tx.now}
		err = tx.Create(u).Error
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return models.Fail(models.KindConflict, "user.username_taken", "There is an account with this username.")
		}
		return err
	})
	return u, out, err
}

// ChangeUser changes role, activity or password. Tokens of a blocked account and of
// one whose password changed end at once.
func (s *Session) ChangeUser(ctx context.Context, id string, ch models.UserChange) (u *models.User, err error) {
	if err := ch.CheckInput(); err != nil {
		return nil, err
	}
	var hash string
	if ch.Password != nil { // outside the transaction: it takes 40 ms
		if hash, err = s.store.hashPassword(*ch.Password); err != nil {
			return nil, err
		}
	}
	err = s.write(ctx, "user.change", func(tx *tx) error {
		u = &models.User{}
		q := s.scoped(tx.DB, userTable, models.CatUser, models.Change)
		if err := found(q.Where("id = ?", id).Take(u).Error, "user"); err != nil {
			return err
		}
		var org models.Organisation // also a closed one: its accounts must stay manageable
		if err := tx.Where("id = ?", u.OrganisationID).Take(&org).Error; err != nil {
			return err
		}
		if err := ch.Check(org.Kind); err != nil {
			return err
		}
		if err := tx.base(u.Version); err != nil {
			return err
		}
		if u.ID == s.actor.UserID && (ch.Role != nil || ch.Active != nil) {
			return models.Fail(models.KindConflict, "user.own_account", "Nobody changes the role of their own account or blocks it.")
		}
		tx.auditUserChange(u, ch)
		if err := tx.applyUserChange(u, ch, hash); err != nil {
			return err
		}
		u.Version++
		return changed(tx.Model(u).Where("version = ?", s.req.Base).Select("role", "active", "password_hash", "version").Updates(u))
	})
	return u, err
}

// auditUserChange names the gravest of the changes in the trail: an account that got
// another password or role may act as somebody else.
func (t *tx) auditUserChange(u *models.User, ch models.UserChange) {
	switch {
	case ch.Password != nil:
		t.action = "user.password_reset"
	case ch.Role != nil && *ch.Role != u.Role:
		t.action = "user.role_change"
	}
	t.audit(string(u.ID))
}

// applyUserChange revokes the tokens too, also of a blocked account: opened again, it
// must not come back with them.
func (t *tx) applyUserChange(u *models.User, ch models.UserChange, hash string) error {
	if ch.Role != nil {
		u.Role = *ch.Role
	}
	if ch.Active != nil {
		u.Active = *ch.Active
	}
	if ch.Password != nil {
		u.PasswordHash = hash
	}
	if ch.Password == nil && ch.Role == nil && u.Active {
		return nil
	}
	return t.Model(&tokenRow{}).Where("user_id = ? AND revoked_at IS NULL", u.ID).Update("revoked_at", t.now).Error
}

// AddUser creates an account from the command line: the first administrator.
func (s *Store) AddUser(ctx context.Context, n models.NewUser) (*models.User, error) {
	session := s.For(models.System(s.opt.Country), nil, Request{ID: "command", Key: newID(), BodyHash: "command"})
	u, _, err := session.CreateUser(ctx, n)
	return u, err
}

// EnsureMinistry returns the country's ministry, making it when there is none yet.
func (s *Store) EnsureMinistry(ctx context.Context) (id models.OrganisationID, err error) {
	session := s.For(models.System(s.opt.Country), nil, Request{ID: "command"})
	err = session.write(ctx, "organisation.create", func(tx *tx) error {
		var o models.Organisation
		err := tx.Where("kind = ?", models.KindMinistry).Order("created_at").Take(&o).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			o = models.Organisation{
				ID: models.OrganisationID(newID()), Name: "Ministry of Health", Kind: models.KindMinistry, Country: s.opt.Country,
				Region: models.RegionsOf(s.opt.Country, tx.today)[0].Code, CentreType: "6", Services: []string{}, Active: true, Version: 1, CreatedAt: tx.now,
			}
			err = tx.Create(&o).Error
		}
		id = o.ID
		tx.audit(string(id))
		return err
	})
	return id, err
}

// Account is a user with the kind of organisation they act for.
type Account struct {
	models.User
	OrganisationKind models.OrganisationKind
}

// ActiveUsers lists every active account in the order of creation, for the demo.
func (s *Store) ActiveUsers(ctx context.Context) (accounts []Account, err error) {
	err = s.read.WithContext(ctx).Model(&models.User{}).Select("users.*, o.kind AS organisation_kind").
		Joins("JOIN organisations o ON o.id = users.organisation_id").Where("users.active = ?", true).
		Order("users.created_at, users.id").Find(&accounts).Error
	return accounts, err
}
