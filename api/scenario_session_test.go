package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"jol/models"
)

func signIn(username, password string, status int) Scenario {
	return Scenario{Method: http.MethodPost, Path: "/api/v1/tokens", Status: status,
		Body: object{"username": username, "password": password}.String()}
}

func TestSession_SignInActAndSignOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		a := w.run(t, signIn(nurse.Username, passwordOf(nurse.Username), 201))
		var fresh struct {
			Token     string
			ExpiresAt time.Time
		}
		a.Into(t, &fresh)
		if !strings.HasPrefix(fresh.Token, "jol_") || !fresh.ExpiresAt.Equal(w.Now().Add(time.Hour)) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		me := Scenario{Path: "/api/v1/me", Token: fresh.Token, Status: 200, Absent: []string{fresh.Token},
			Contains: []string{`"id":"` + string(nurse.ID) + `"`, `"username":"` + nurse.Username + `"`, `"role":"nurse"`, `"kind":"clinic"`, string(w.Clinic.ID)}}
		w.run(t, me)
		// Each scheme spelling both signs in and signs out.
		for _, scheme := range []string{"Bearer ", "bearer ", "BEARER "} {
			var one struct{ Token string }
			w.run(t, signIn(nurse.Username, passwordOf(nurse.Username), 201)).Into(t, &one)
			header := map[string]string{"Authorization": scheme + one.Token}
			w.run(t, Scenario{Method: "DELETE", Path: "/api/v1/tokens/current", Headers: header, Status: 204})
			w.run(t, Scenario{Path: "/api/v1/me", Headers: header, Status: 401, Code: "token.invalid"})
		}
		w.run(t, me) // the others live on
		w.Advance(time.Hour)
		me.Status, me.Code, me.Contains = 401, "token.invalid", nil
		w.run(t, me)
	})
}

func TestSession_RefusesWrongCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		wrong := w.run(t, signIn(nurse.Username, "zqx not the password", 401).failing("token.credentials"))
		unknown := w.run(t, signIn("zqx-nobody", "zqx not the password", 401).failing("token.credentials"))
		if anonymous(wrong) != anonymous(unknown) {
			t.Errorf("an unknown user is told from a wrong password:\n%s\n%s", anonymous(wrong), anonymous(unknown))
		}
		if strings.Contains(string(wrong.Body)+string(unknown.Body), "zqx") {
			t.Error("credentials were echoed")
		}
		w.run(t, signIn("zqx\x00", "zqx", 401).failing("token.credentials"))
		w.run(t, signIn(strings.Repeat("zqx", 30), "zqx", 422).failing("token.credentials_too_long", `"/username"`))
		w.run(t, signIn("zqx", strings.Repeat("zqx", 80), 422).failing("token.credentials_too_long", `"/password"`))
		over := signIn("a", strings.Repeat("p", 4<<10), 413).failing("body.too_large") // a limit of its own
		w.run(t, over)
	})
}

func TestSession_ThrottlesGuessing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse, doctor := w.as(t, models.RoleNurse), w.as(t, models.RoleClinician)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { w.run(t, signIn(nurse.Username, "wrong", 401).failing("token.credentials")) })
		}
		wg.Wait()
		a := w.run(t, signIn(nurse.Username, passwordOf(nurse.Username), 429).failing("token.throttled"))
		if a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		w.run(t, signIn(doctor.Username, passwordOf(doctor.Username), 201))
		w.get(t, nurse, "/api/v1/me") // a session that is open stays open
		w.Advance(15 * time.Minute)
		w.run(t, signIn(nurse.Username, passwordOf(nurse.Username), 201))
	})
}

// A foreign token is nobody's: of another deployment, of a blocked account, of an
// organisation that was closed.
func TestSession_ForeignTokensAreNobodys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		other := newWorld(t, w.Engine)
		stranger := other.as(t, models.RoleClinician)
		w.refused(t, stranger, "/api/v1/referrals", 401, "token.invalid")
		admin, nurse, guard := w.as(t, models.RoleAdministrator), w.as(t, models.RoleNurse), w.as(t, models.RolePrisonSecurity)
		w.run(t, changing(admin, "PATCH", "/api/v1/users/"+string(nurse.ID), `"1"`, `{"active":false}`, 200))
		w.refused(t, nurse, "/api/v1/me", 401, "token.invalid")
		w.run(t, signIn(nurse.Username, passwordOf(nurse.Username), 401).failing("token.credentials"))
		w.run(t, changing(admin, "PATCH", "/api/v1/users/"+string(nurse.ID), `"2"`, `{"active":true}`, 200))
		w.refused(t, nurse, "/api/v1/me", 401, "token.invalid")
		w.run(t, changing(admin, "PATCH", "/api/v1/organisations/"+string(guard.Org.ID), `"1"`, `{"active":false}`, 200))
		w.refused(t, guard, "/api/v1/me", 401, "token.invalid")
	})
}

// Whoever hands a task on finds the colleague's id here: the caller's own organisation, its
// active accounts, and of those no more than a name for the service, a role and an id.
func TestScenarioSession_Colleagues(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse, second := w.as(t, models.RoleNurse), w.at(t, models.RoleNurse, w.Clinic, 2)
		left, stranger := w.at(t, models.RoleNurse, w.Clinic, 3), w.at(t, models.RoleNurse, w.Polyclinic, 1)
		admin := w.as(t, models.RoleAdministrator)
		w.run(t, changing(admin, "PATCH", "/api/v1/users/"+string(left.ID), `"1"`, `{"active":false}`, 200))
		a := w.get(t, nurse, "/api/v1/colleagues", `"id":"`+string(second.ID)+`"`, string(nurse.ID), `"role":"nurse"`)
		for _, absent := range []string{string(left.ID), string(stranger.ID), "version", "active", "organisation"} {
			if strings.Contains(string(a.Body), absent) {
				t.Errorf("%s in %s", absent, a.Body)
			}
		}
		var page struct {
			Items []struct{ ID string }
			Page  struct{ Next string }
		}
		w.get(t, nurse, "/api/v1/colleagues?limit=1").Into(t, &page)
		if len(page.Items) != 1 || page.Page.Next == "" {
			t.Errorf("%+v", page)
		}
		w.get(t, nurse, "/api/v1/me", `"id":"`+string(nurse.ID)+`"`)
		w.get(t, stranger, "/api/v1/colleagues", string(stranger.ID))
		// What it is for.
		task := w.run(t, creating(nurse, "/api/v1/clients/"+w.register(t, nurse, 1)+"/tasks", object{"kind": "call", "dueOn": w.Today()}.String(), 201)).named(t).ID
		w.run(t, changing(nurse, "POST", "/api/v1/tasks/"+task+"/assignment", `"1"`, object{"assignee": second.ID}.String(), 200))
		// An unknown action says which there are.
		unknown := changing(nurse, "POST", "/api/v1/tasks/"+task+"/assign", `"2"`, `{}`, 404)
		w.run(t, unknown.failing("task.not_found", "completion, skip, assignment, escalation"))
		unknown.Path = "/api/v1/referrals/" + task + "/accept"
		w.run(t, unknown.failing("referral.not_found", "receipt, acceptance, decline"))
		unknown.Path = "/api/v1/episodes/" + task + "/close"
		a = w.run(t, unknown.failing("episode.not_found", "assessment, "))
		if strings.Contains(string(a.Body), "closure") { // has an address of its own
			t.Errorf("%s", a.Body)
		}
	})
}
