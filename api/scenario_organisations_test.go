package api

import (
	"net/url"
	"strings"
	"testing"

	"jol/models"
)

func TestOrganisation_DirectoryAndChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin, guard := w.as(t, models.RoleAdministrator), w.as(t, models.RolePrisonSecurity)
		body := object{"name": "Polyclinic 7", "kind": "clinic", "region": "KZ-71", "centreType": "1", "services": []string{"oat"}, "reportsStructured": true}.String()
		create := creating(admin, "/api/v1/organisations", body, 201)
		a := w.run(t, create)
		path := a.Header.Get("Location")
		if path != "/api/v1/organisations/"+a.named(t).ID || a.Header.Get("ETag") != `"1"` {
			t.Errorf("headers %v", a.Header)
		}
		again := w.run(t, create)
		if again.Header.Get("Idempotency-Replayed") != "true" || string(again.Body) != string(a.Body) {
			t.Errorf("replay %v %s", again.Header, again.Body)
		}
		w.run(t, changing(admin, "PATCH", path, `"1"`, `{"name":"Polyclinic 8","services":[]}`, 200).failing("", `"name":"Polyclinic 8"`, `"version":2`))
		w.get(t, guard, path, `"services":[]`, `"serves":null`)
		w.get(t, guard, "/api/v1/organisations?kind=clinic&region=KZ-71", "Polyclinic 8", `"next":""`)
		found := w.get(t, guard, "/api/v1/organisations?service=oat&kind=clinic")
		if strings.Contains(string(found.Body), "Polyclinic 8") {
			t.Error("the filter by service does not filter")
		}
		w.refused(t, guard, "/api/v1/organisations?kind=zqx", 422, "kind.unknown")
		w.refused(t, guard, "/api/v1/organisations?service=zqx", 422, "service.unknown")
		w.refused(t, guard, "/api/v1/organisations?limit=201", 422, "limit.out_of_range")
		w.refused(t, guard, "/api/v1/organisations?cursor=zqx", 422, "cursor.invalid")
		for _, bad := range []struct{ body, code, pointer string }{
			{`{"name":" ","kind":"clinic","region":"KZ-71","centreType":"1"}`, "organisation.name_length", "/name"},
			{`{"name":"X","kind":"zqx","region":"KZ-71","centreType":"1"}`, "organisation.kind_unknown", "/kind"},
			{`{"name":"X","kind":"clinic","region":"zqx","centreType":"1"}`, "organisation.region_unknown", "/region"},
			{`{"name":"X","kind":"prison_health","region":"KZ-71","centreType":"1"}`, "organisation.serves_institution", "/serves"},
		} {
			sc := creating(admin, "/api/v1/organisations", bad.body, 422).failing(bad.code, `"`+bad.pointer+`"`)
			sc.Absent = []string{"zqx"}
			w.run(t, sc)
		}
	})
}

// pages walks a list to its end and returns the items' ids in order.
func (w *world) pages(t *testing.T, who account, path string) (ids []string, pages int) {
	t.Helper()
	next := path
	for next != "" {
		a := w.get(t, who, next)
		var list struct {
			Items []struct {
				ID  string
				Seq int64
			}
			Page struct{ Next string }
		}
		a.Into(t, &list)
		for _, item := range list.Items {
			ids = append(ids, item.ID)
		}
		pages++
		link := a.Header.Get("Link")
		if (link == "") != (list.Page.Next == "") || link != "" && !strings.Contains(link, url.QueryEscape(list.Page.Next)) {
			t.Fatalf("Link %q beside next %q", link, list.Page.Next)
		}
		next = ""
		if link != "" { // a relative reference, as any client resolves it
			bare, _, _ := strings.Cut(path, "?")
			next = bare + strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		}
	}
	return ids, pages
}

func TestOrganisation_ListIsPaged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		guard, doctor := w.as(t, models.RolePrisonSecurity), w.as(t, models.RoleClinician)
		ids, pages := w.pages(t, guard, "/api/v1/organisations?limit=3")
		if len(ids) != len(w.All()) || pages != 3 {
			t.Errorf("%d organisations on %d pages", len(ids), pages)
		}
		for i := 1; i < len(ids); i++ {
			if ids[i] >= ids[i-1] {
				t.Error("not newest first, or twice")
			}
		}
		var list struct{ Page struct{ Next string } }
		w.get(t, guard, "/api/v1/organisations?limit=3").Into(t, &list)
		w.refused(t, doctor, "/api/v1/organisations?limit=3&cursor="+list.Page.Next, 422, "cursor.invalid")
		w.refused(t, guard, "/api/v1/referrals?cursor="+list.Page.Next, 403, "role.not_allowed")
	})
}

func TestUser_LifeOfAnAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin := w.as(t, models.RoleAdministrator)
		body := func(name, password, role string) string {
			return object{"username": name, "password": password, "role": role, "organisation": w.Clinic.ID}.String()
		}
		create := creating(admin, "/api/v1/users", body("new.nurse", "a long password", "nurse"), 201)
		a := w.run(t, create.failing("", `"username":"new.nurse"`, `"active":true`))
		if strings.Contains(string(a.Body), "password") {
			t.Errorf("the answer speaks of the password: %s", a.Body)
		}
		if again := w.run(t, create); again.Header.Get("Idempotency-Replayed") != "true" {
			t.Error("not replayed")
		}
		id := a.named(t).ID
		var token struct{ Token string }
		w.run(t, signIn("new.nurse", "a long password", 201)).Into(t, &token)
		nurse := account{Token: token.Token}
		w.get(t, nurse, "/api/v1/me", `"role":"nurse"`)
		w.run(t, changing(admin, "PATCH", "/api/v1/users/"+id, `"1"`, `{"password":"another password"}`, 200))
		w.refused(t, nurse, "/api/v1/me", 401, "token.invalid")
		w.run(t, signIn("new.nurse", "a long password", 401).failing("token.credentials"))
		w.run(t, signIn("new.nurse", "another password", 201))
		w.run(t, changing(admin, "PATCH", "/api/v1/users/"+id, `"1"`, `{"active":false}`, 412).failing("precondition.version"))
		w.get(t, admin, "/api/v1/users?limit=200", "new.nurse", w.as(t, models.RoleAdministrator).Username)
		for _, bad := range []struct{ body, code, pointer string }{
			{body("ZQX name", "a long password", "nurse"), "user.username_shape", "/username"},
			{body("zqx", "zqxshort", "nurse"), "user.password_length", "/password"},
			{body("zqx", "a long password", "prison_security"), "user.role_not_of_organisation", "/role"},
			{body("zqx", "a long password", "zqxrole"), "user.role_not_of_organisation", "/role"},
		} {
			sc := creating(admin, "/api/v1/users", bad.body, 422).failing(bad.code, `"`+bad.pointer+`"`)
			sc.Absent = []string{"zqx", "ZQX"}
			w.run(t, sc)
		}
		w.run(t, creating(admin, "/api/v1/users", body("new.nurse", "a long password", "nurse"), 409).failing("user.username_taken"))
	})
}

// The administrator of one organisation manages its accounts and no others'.
func TestUser_AdministratorStaysAtHome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin := w.at(t, models.RoleAdministrator, w.Clinic, 1)
		theirs, ours := w.at(t, models.RoleNurse, w.Polyclinic, 1), w.as(t, models.RoleNurse)
		list := w.get(t, admin, "/api/v1/users", ours.Username)
		if strings.Contains(string(list.Body), string(theirs.ID)) {
			t.Error("another organisation's account is listed")
		}
		body := object{"username": "spy", "password": "a long password", "role": "nurse", "organisation": w.Polyclinic.ID}.String()
		w.run(t, creating(admin, "/api/v1/users", body, 422).failing("organisation.unknown", `"/organisation"`))
		w.run(t, changing(admin, "PATCH", "/api/v1/users/"+string(theirs.ID), `"1"`, `{"active":false}`, 404).failing("user.not_found"))
		w.run(t, changing(admin, "PATCH", "/api/v1/organisations/"+string(w.Polyclinic.ID), `"1"`, `{"name":"Mine"}`, 404).failing("organisation.not_found"))
		w.get(t, theirs, "/api/v1/me")
	})
}
