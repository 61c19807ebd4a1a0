package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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
		actor, err := a.Authenticate(ctx, token.Token, "")
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
		_, err = a.Authenticate(ctx, other.Token, "")
		must(t, err)
		c.Advance(time.Hour)
		dead(t, a, other)
		_, err = a.Authenticate(ctx, "", "")
		wantError(t, err, models.KindUnauthenticated, "token.invalid")
	})
}

func dead(t *testing.T, a *store.Accounts, token store.Token) {
	t.Helper()
	_, err := a.Authenticate(ctx, token.Token, "")
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

// Strangers who guess at an account, or next to it, do not lock out who signed in before.
func TestAccount_StrangersLockOutNobodyWhoSignedInBefore(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a := store.NewAccounts(c.Store)
		const desk, home = "192.0.2.1", "192.0.2.2"
		guess := func(name, address string) {
			t.Helper()
			_, err := a.SignIn(ctx, name, "wrong", address)
			wantError(t, err, models.KindUnauthenticated, "token.credentials")
		}
		refused := func(name, address string) {
			t.Helper()
			_, err := a.SignIn(ctx, name, password, address)
			wantError(t, err, models.KindTooMany, "token.throttled")
		}
		signsIn := func(name, address string) {
			t.Helper()
			_, err := a.SignIn(ctx, name, password, address)
			must(t, err)
		}
		c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		signsIn("nurse-1", desk)
		for i := range 100 { // from ten addresses
			guess("nurse-1", fmt.Sprintf("198.51.100.%d", i%10))
		}
		refused("nurse-1", home) // the user is closed to whoever is not known
		signsIn("nurse-1", desk)
		for i := range 10 { // ten names at the same address
			name := fmt.Sprintf("worker-%d", i)
			c.account(t, name, models.RoleNurse, c.Clinic)
			for range 10 {
				guess(name, desk)
			}
		}
		c.account(t, "nurse-2", models.RoleNurse, c.Clinic)
		refused("nurse-2", desk) // the address is closed to whoever is not known
		signsIn("nurse-1", desk)
		for range 10 { // the pair answers for its own failures
			guess("nurse-1", desk)
		}
		refused("nurse-1", desk)
		c.Advance(15*time.Minute + time.Millisecond)
		signsIn("nurse-1", home)
		signsIn("nurse-2", desk)
		// Who never got in is known from nowhere, however often they tried.
		for i := range 100 { // from 25 addresses, four times each
			guess("nurse-1", fmt.Sprintf("203.0.113.%d", i%25))
		}
		refused("nurse-1", "203.0.113.1")
		signsIn("nurse-1", home)
	})
}

func TestAccount_ChangesEndTokens(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a, admin := store.NewAccounts(c.Store), c.As(models.RoleAdministrator, c.Ministry)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		c.account(t, "nurse-2", models.RoleNurse, c.Clinic)
		c.account(t, "nurse-3", models.RoleNurse, c.Polyclinic)
		id, version := string(u.ID), u.Version
		change := func(ch models.UserChange) {
			t.Helper()
			got, err := admin.On(version).ChangeUser(ctx, id, ch)
			must(t, err)
			version = got.Version
		}
		signIn := func(name, pw string) store.Token {
			t.Helper()
			token, err := a.SignIn(ctx, name, pw, "192.0.2.1")
			must(t, err)
			return token
		}
		alive := func(token store.Token) models.Actor {
			t.Helper()
			actor, err := a.Authenticate(ctx, token.Token, "")
			must(t, err)
			return actor
		}
		colleague, elsewhere := signIn("nurse-2", password), signIn("nurse-3", password)
		first, second := signIn("nurse-1", password), signIn("nurse-1", password)
		doctor := models.RoleClinician
		change(models.UserChange{Role: &doctor})
		dead(t, a, first)
		dead(t, a, second)
		token := signIn("nurse-1", password)
		if actor := alive(token); actor.Role != doctor {
			t.Fatalf("the new role is not in force: %+v", actor)
		}
		next := "another long password"
		change(models.UserChange{Password: &next})
		dead(t, a, token)
		_, err := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		wantError(t, err, models.KindUnauthenticated, "token.credentials")
		token = signIn("nurse-1", next)
		off, on := false, true
		change(models.UserChange{Active: &off})
		dead(t, a, token)
		change(models.UserChange{Active: &on})
		dead(t, a, token) // opening the account again does not bring its tokens back
		token = signIn("nurse-1", next)
		name := "Clinic of the region"
		_, err = admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Name: &name})
		must(t, err)
		alive(token)
		alive(colleague) // changes of one account end no other's tokens
		_, err = admin.On(2).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Active: &off})
		must(t, err)
		dead(t, a, token)
		dead(t, a, colleague)
		alive(elsewhere)
		_, err = admin.On(3).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Active: &on})
		must(t, err)
		dead(t, a, token) // nor does opening the organisation again
		dead(t, a, colleague)
		alive(signIn("nurse-2", password))
	})
}

func TestAccount_ClosedOrganisationIsManagedAndSignsNobodyIn(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a, admin := store.NewAccounts(c.Store), c.As(models.RoleAdministrator, c.Ministry)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		off, on := false, true
		_, err := admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Active: &off})
		must(t, err)
		_, wrong := a.SignIn(ctx, "nurse-1", "wrong", "192.0.2.1")
		_, right := a.SignIn(ctx, "nurse-1", password, "192.0.2.1")
		_, unknown := a.SignIn(ctx, "nurse-2", password, "192.0.2.1")
		for _, err := range []error{wrong, right, unknown} {
			wantError(t, err, models.KindUnauthenticated, "token.credentials")
			if err.Error() != wrong.Error() {
				t.Error("the answers differ")
			}
		}
		// The right password counts as a failure too, or not being throttled would tell it.
		seq := c.lastSeq(t)
		for range 10 {
			_, err := a.SignIn(ctx, "nurse-1", password, "192.0.2.7")
			wantError(t, err, models.KindUnauthenticated, "token.credentials")
		}
		_, err = a.SignIn(ctx, "nurse-1", password, "192.0.2.7")
		wantError(t, err, models.KindTooMany, "token.throttled")
		if events := c.events(t, seq); len(events) != 10 || events[0].Action != "token.create" || events[0].Outcome != "forbidden" {
			t.Errorf("%+v", events)
		}
		role, next := models.RoleClinician, "another long password"
		for i, ch := range []models.UserChange{{Active: &off}, {Role: &role}, {Password: &next}, {Active: &on}} {
			got, err := admin.On(int64(i+1)).ChangeUser(ctx, string(u.ID), ch)
			must(t, err)
			if got.Version != int64(i+2) {
				t.Fatalf("version %d", got.Version)
			}
		}
		wrongRole := models.RolePrisonSecurity
		_, err = admin.On(5).ChangeUser(ctx, string(u.ID), models.UserChange{Role: &wrongRole})
		wantError(t, err, models.KindInvalid, "user.role_not_of_organisation")
		_, _, err = admin.New().CreateUser(ctx, models.NewUser{Username: "nurse-2", Password: password, Role: models.RoleNurse, OrganisationID: c.Clinic.ID})
		wantError(t, err, models.KindInvalid, "organisation.unknown")
		_, err = a.SignIn(ctx, "nurse-1", next, "192.0.2.1")
		wantError(t, err, models.KindUnauthenticated, "token.credentials")
		if n := count(t, c.World, "tokens"); n != 0 {
			t.Errorf("%d tokens were issued", n)
		}
		_, err = admin.On(2).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Active: &on})
		must(t, err)
		token, err := a.SignIn(ctx, "nurse-1", next, "192.0.2.1")
		must(t, err)
		if actor, err := a.Authenticate(ctx, token.Token, ""); err != nil || actor.Role != role {
			t.Errorf("%+v %v", actor, err)
		}
	})
}

func TestAccount_NobodyChangesTheirOwnRoleOrActivity(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		for i, o := range []*models.Organisation{c.Ministry, c.Clinic} {
			u := c.account(t, fmt.Sprintf("admin-%d", i), models.RoleAdministrator, o)
			self := c.As(models.RoleAdministrator, o)
			self.Actor.UserID = u.ID
			same, other, off, on, next := u.Role, o.Kind.Roles()[0], false, true, "another long password"
			for _, ch := range []models.UserChange{{Role: &same}, {Role: &other}, {Active: &off}, {Active: &on}, {Role: &other, Password: &next}, {Active: &off, Password: &next}} {
				before := fmt.Sprint(c.dump(t))
				_, err := self.On(1).ChangeUser(ctx, string(u.ID), ch)
				wantError(t, err, models.KindConflict, "user.own_account")
				if fmt.Sprint(c.dump(t)) != before {
					t.Error("something was changed")
				}
			}
			_, err := self.On(1).ChangeUser(ctx, string(u.ID), models.UserChange{Password: &next})
			must(t, err)
			_, err = c.As(models.RoleAdministrator, c.Ministry).On(2).ChangeUser(ctx, string(u.ID), models.UserChange{Active: &off})
			must(t, err) // a second administrator can
		}
	})
}

func TestAccount_ChangesAreNamedInTheTrail(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		admin := c.As(models.RoleAdministrator, c.Ministry)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		nurse, doctor, off, on, next := models.RoleNurse, models.RoleClinician, false, true, "another long password"
		for i, test := range []struct {
			change models.UserChange
			action string
		}{
			{models.UserChange{Active: &off}, "user.change"},
			{models.UserChange{Active: &on}, "user.change"},
			{models.UserChange{Role: &nurse}, "user.change"}, // it had that
			{models.UserChange{Role: &doctor}, "user.role_change"},
			{models.UserChange{Role: &nurse, Active: &off}, "user.role_change"},
			{models.UserChange{Password: &next}, "user.password_reset"},
			{models.UserChange{Role: &doctor, Active: &on, Password: &next}, "user.password_reset"},
		} {
			seq := c.lastSeq(t)
			_, err := admin.On(int64(i+1)).ChangeUser(ctx, string(u.ID), test.change)
			must(t, err)
			events := c.events(t, seq)
			if len(events) != 1 || events[0].Action != test.action || events[0].Outcome != "ok" || events[0].Actor != string(admin.Actor.UserID) ||
				len(events[0].Objects) != 1 || events[0].Objects[0] != string(u.ID) {
				t.Errorf("change %d left %+v, want %s", i, events, test.action)
			}
		}
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
		number := good
		number.Username = "nurse-870101" // of a person, perhaps
		_, _, err := admin.New().CreateUser(ctx, number)
		wantError(t, err, models.KindInvalid, "user.username_shape")
		must(t, second(admin.New().CreateUser(ctx, good)))
		_, _, err = admin.New().CreateUser(ctx, good)
		wantError(t, err, models.KindConflict, "user.username_taken")
		must(t, second(admin.New().CreateUser(ctx, models.NewUser{Username: "nurse-2", Password: password, Role: models.RoleNurse, OrganisationID: c.Clinic.ID})))
		_, err = c.AddUser(ctx, models.NewUser{Username: "first-admin", Password: password, Role: models.RoleAdministrator, OrganisationID: c.Ministry.ID})
		must(t, err)
	})
}

// A token's first use with a device races the device's end: whoever wins, no token is left.
func TestAccount_AFirstUseOfADeviceRacesItsShutOut(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		a := store.NewAccounts(c.Store)
		u := c.account(t, "nurse-1", models.RoleNurse, c.Clinic)
		admin := c.As(models.RoleAdministrator, c.Clinic)
		for range 4 {
			d, _, err := admin.New().EnrolDevice(ctx, models.NewDevice{UserID: u.ID, Label: "Phone"})
			must(t, err)
			tokens := make([]store.Token, 4)
			var wg sync.WaitGroup
			for i := range tokens {
				tokens[i], err = c.IssueToken(ctx, u.ID)
				must(t, err)
				wg.Go(func() { _, _ = a.Authenticate(ctx, tokens[i].Token, d.Token) })
			}
			wg.Go(func() {
				if _, err := admin.New().ShutOutDevice(ctx, d.ID); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			for _, token := range tokens {
				dead(t, a, token)
				_, err := a.Authenticate(ctx, token.Token, d.Token)
				wantError(t, err, models.KindUnauthenticated, "token.invalid")
			}
		}
	})
}

// An organisation that people are in the charge of, or fall to, is not closed over them. It
// says so in words, and never how many there are.
func TestOrganisation_IsNotClosedOverItsClients(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		admin, nurse, other := c.As(models.RoleAdministrator, c.Ministry), c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		off := false
		closes := func(o *models.Organisation, version int64, allowed bool) {
			t.Helper()
			_, err := admin.On(version).ChangeOrganisation(ctx, string(o.ID), models.OrganisationChange{Active: &off})
			if allowed {
				must(t, err)
				return
			}
			wantError(t, err, models.KindConflict, "organisation.responsible_for_clients")
			var e *models.Error
			if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/active" || strings.ContainsAny(e.Detail, "0123456789") {
				t.Errorf("%+v", e)
			}
		}
		c.defaultClinic(c.Polyclinic)
		closes(c.Polyclinic, 1, false)
		handle := nurse.Register(1)
		closes(c.Clinic, 1, false)
		name := "Clinic of the town"
		_, err := admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Name: &name})
		must(t, err) // other changes are free
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(handle, Asking(c.Polyclinic))
		closes(c.Clinic, 2, false) // sent is not accepted
		other.Move(r, "acceptance")
		closes(c.Clinic, 2, true)
		closes(c.Polyclinic, 1, false)
	})
}
