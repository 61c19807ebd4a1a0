package storetest

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

const password = "correct horse battery"

// account makes a real account, as opposed to the actors other cases use.
func (c *Country) account(t testing.TB, name string, role models.Role, o *models.Organisation) *models.User {
	t.Helper()
	u, _, err := c.As(models.RoleAdministrator, c.Ministry).New().CreateUser(ctx, models.NewUser{Username: name, Password: password, Role: role, OrganisationID: o.ID})
	must(t, err)
	return u
}

func TestAccount_SignsInAndOut(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a := store.NewAccounts(c.Store)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		token, err := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		must(t, err)
		if !token.ExpiresAt.Equal(c.Now().Add(time.Hour)) || !strings.HasPrefix(token.Token, "jol_") {
			t.Fatalf("%v", token.ExpiresAt)
		}
		actor, err := a.Authenticate(ctx, token.Token)
		must(t, err)
		if actor.UserID != u.ID || actor.Role != models.RoleNurse || actor.OrganisationID != c.Clinic.ID || actor.OrganisationKind != models.KindClinic ||
			actor.Zone != "Asia/Almaty" || actor.Country != "KZ" || actor.Username != "nurse-1" || actor.OrganisationName != "Clinic" {
			t.Fatalf("%+v", actor)
		}
		for _, v := range c.dump(t) {
			if strings.Contains(v.text, token.Token) || strings.Contains(v.text, token.Token[4:]) || strings.Contains(v.text, password) {
				t.Errorf("%s.%s holds a secret", v.table, v.column)
			}
		}
		other, err := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		must(t, err)
		must(t, c.For(actor, nil, store.Request{}).RevokeToken(ctx, token.Token))
		dead(t, a, token)
		_, err = a.Authenticate(ctx, other.Token)
		must(t, err)
		c.Advance(time.Hour)
		dead(t, a, other)
		_, err = a.Authenticate(ctx, "")
		wantError(t, err, models.KindUnauthenticated, "token.invalid")
	})
}

func dead(t *testing.T, a *store.Accounts, token store.Token) {
	t.Helper()
	_, err := a.Authenticate(ctx, token.Token)
	wantError(t, err, models.KindUnauthenticated, "token.invalid")
}

func TestAccount_UnknownUserAndWrongPasswordAreAlike(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a := store.NewAccounts(c.Store)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		_, wrong := a.SignIn(ctx, "nurse-1", "wrong", "192.0.2.1")
		_, unknown := a.SignIn(ctx, "nurse-2", password, "192.0.2.1")
		_, odd := a.SignIn(ctx, "nurse\x00", password, "192.0.2.1")
		off := false
		_, err := c.As(models.RoleAdministrator, c.Ministry).On(1).ChangeUser(ctx, string(u.ID), models.UserChange{Active: &off})
		must(t, err)
		_, blocked := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		for _, err := range []error{wrong, unknown, odd, blocked} {
			wantError(t, err, models.KindUnauthenticated, "token.credentials")
			if err.Error() != wrong.Error() {
				t.Error("the answers differ")
			}
		}
	})
}

func TestAccount_GuessingIsSlow(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a := store.NewAccounts(c.Store)
		c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		var looked atomic.Int32
		together(40, func(int) { // all at once: a burst must not slip past the count
			if _, err := a.SignIn(ctx, "nurse-1", "wrong", "192.0.2.1"); models.IsKind(err, models.KindUnauthenticated) {
				looked.Add(1)
			}
		})
		if n := looked.Load(); n < 10 || n > 11 {
			t.Errorf("%d guesses of 40 were looked at", n)
		}
		_, err := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		wantError(t, err, models.KindTooMany, "token.throttled")
		_, err = a.SignIn(ctx, "nurse-1", password, "192.0.2.9") // the user is not locked out elsewhere
		must(t, err)
		c.Advance(15*time.Minute + time.Millisecond)
		_, err = a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		must(t, err)
	})
}

func TestAccount_ChangesEndTokens(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a, admin := store.NewAccounts(c.Store), c.As(models.RoleAdministrator, c.Ministry)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		id, version := string(u.ID), u.Version
		change := func(ch models.UserChange) {
			t.Helper()
			got, err := admin.On(version).ChangeUser(ctx, id, ch)
			must(t, err)
			version = got.Version
		}
		signIn := func(pw string) store.Token {
			t.Helper()
			token, err := a.SignIn(ctx, "nurse-1", pw, "192.0.2.1")
			must(t, err)
			return token
		}
		token := signIn(password)
		doctor := models.RoleClinician
		change(models.UserChange{Role: &doctor})
		if actor, err := a.Authenticate(ctx, token.Token); err != nil || actor.Role != doctor {
			t.Fatalf("a new role is not in force at the next call: %+v %v", actor, err)
		}
		next := "another long password"
		change(models.UserChange{Password: &next})
		dead(t, a, token)
		_, err := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		wantError(t, err, models.KindUnauthenticated, "token.credentials")
		token = signIn(next)
		off, on := false, true
		change(models.UserChange{Active: &off})
		dead(t, a, token)
		change(models.UserChange{Active: &on})
		dead(t, a, token) // opening the account again does not bring its tokens back
		token = signIn(next)
		_, err = admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Active: &off})
		must(t, err)
		dead(t, a, token)
	})
}

func TestAccount_AdministratorsStayAtHome(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		home, country := c.As(models.RoleAdministrator, c.Clinic), c.As(models.RoleAdministrator, c.Ministry)
		theirs, ours := c.account(t, "officer", models.RolePrisonSecurity, c.Colony), c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		n := models.NewUser{Username: "spy", Password: password, Role: models.RoleNurse, OrganisationID: c.Polyclinic.ID}
		_, _, err := home.New().CreateUser(ctx, n)
		wantError(t, err, models.KindInvalid, "organisation.unknown")
		unknown := n
		unknown.OrganisationID = "nobody"
		_, _, absent := home.New().CreateUser(ctx, unknown)
		if absent == nil || absent.Error() != err.Error() {
			t.Error("another organisation and none are told apart")
		}
		off := false
		_, err = home.On(1).ChangeUser(ctx, string(theirs.ID), models.UserChange{Active: &off})
		wantError(t, err, models.KindNotFound, "user.not_found")
		_, err = home.On(1).ChangeOrganisation(ctx, string(c.Polyclinic.ID), models.OrganisationChange{Active: &off})
		wantError(t, err, models.KindNotFound, "organisation.not_found")
		page, err := home.New().ListUsers(ctx, store.Paging{Limit: 50})
		if err != nil || len(page.Items) != 1 || page.Items[0].ID != ours.ID {
			t.Errorf("the clinic's administrator lists %d accounts, %v", len(page.Items), err)
		}
		page, err = country.New().ListUsers(ctx, store.Paging{Limit: 50})
		if err != nil || len(page.Items) != 2 {
			t.Errorf("the ministry's administrator lists %d accounts, %v", len(page.Items), err)
		}
		n.OrganisationID = c.Clinic.ID
		must(t, second(home.New().CreateUser(ctx, n)))
		_, err = country.On(1).ChangeUser(ctx, string(theirs.ID), models.UserChange{Active: &off})
		must(t, err)
		for _, w := range []Worker{c.As(models.RoleNurse, c.Clinic), c.As(models.RoleAuditor, c.Ministry)} {
			if page, err := w.New().ListUsers(ctx, store.Paging{Limit: 50}); err != nil || len(page.Items) != 0 {
				t.Errorf("%s lists accounts", w.Actor.Role)
			}
		}
	})
}

func TestAccount_IsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		admin := c.As(models.RoleAdministrator, c.Ministry)
		good := models.NewUser{Username: "nurse-1", Password: password, Role: models.RoleNurse, OrganisationID: c.Clinic.ID}
		for code, change := range map[string]func(*models.NewUser){
			"user.username_shape":           func(n *models.NewUser) { n.Username = "Aigul Nurse" },
			"user.password_length":          func(n *models.NewUser) { n.Password = "short" },
			"user.role_not_of_organisation": func(n *models.NewUser) { n.Role = models.RolePrisonSecurity },
		} {
			n := good
			change(&n)
			_, _, err := admin.New().CreateUser(ctx, n)
			wantError(t, err, models.KindInvalid, code)
		}
		must(t, second(admin.New().CreateUser(ctx, good)))
		_, _, err := admin.New().CreateUser(ctx, good)
		wantError(t, err, models.KindConflict, "user.username_taken")
		must(t, second(admin.New().CreateUser(ctx, models.NewUser{Username: "nurse-2", Password: password, Role: models.RoleNurse, OrganisationID: c.Clinic.ID})))
		_, err = c.AddUser(ctx, models.NewUser{Username: "first-admin", Password: password, Role: models.RoleAdministrator, OrganisationID: c.Ministry.ID})
		must(t, err)
	})
}
