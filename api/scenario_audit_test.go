package api

import (
	"strings"
	"testing"

	"jol/models"
)

type event struct {
	Seq                                                 int64
	Actor, Role, Organisation, Action, Outcome, Request string
	Objects                                             []string
}

func (w *world) trail(t testing.TB, query string) []event {
	t.Helper()
	var list struct{ Items []event }
	w.get(t, w.as(t, models.RoleAuditor), "/api/v1/audit-events"+query).Into(t, &list)
	return list.Items
}

// Every request of a signed-in user that touched a record is one event, named after the
// request, with random ids and no code.
func TestAudit_OneEventPerRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor, guard := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleClinician), w.as(t, models.RolePrisonSecurity)
		code := w.register(t, ngo, 1)
		consent := w.consent(t, ngo, code, w.Clinic)
		id := w.refer(t, ngo, code, w.Clinic, "prefers mornings")
		w.as(t, models.RoleAuditor)
		expect := func(a Answer, who account, action, outcome string, objects ...string) {
			t.Helper()
			events := w.trail(t, "?limit=2") // the newest is the request before: reading is an event itself
			e := events[0]
			if e.Action == "audit.read" {
				e = events[1]
			}
			if e.Request != a.Header.Get("X-Request-Id") || e.Actor != string(who.ID) || e.Role != string(who.Role) ||
				e.Organisation != string(who.Org.ID) || e.Action != action || e.Outcome != outcome {
				t.Errorf("event %+v, want %s %s", e, action, outcome)
			}
			for _, o := range objects {
				if !strings.Contains(strings.Join(e.Objects, " "), o) {
					t.Errorf("%s: objects %v lack %s", action, e.Objects, o)
				}
			}
			if strings.Contains(strings.Join(e.Objects, " "), "1-") && strings.Contains(strings.Join(e.Objects, " "), code) {
				t.Errorf("%s: a code in %v", action, e.Objects)
			}
		}
		expect(w.get(t, doctor, "/api/v1/referrals/"+id), doctor, "referral.read", "ok", id)
		expect(w.get(t, ngo, "/api/v1/clients/"+code), ngo, "client.read", "ok")
		expect(w.get(t, ngo, "/api/v1/clients/"+code+"/pathway"), ngo, "pathway.read", "ok", id, consent)
		expect(w.refused(t, guard, "/api/v1/clients/"+code, 403, "role.not_allowed"), guard, "client.read", "forbidden")
		expect(w.refused(t, doctor, "/api/v1/consents/"+consent, 404, "consent.not_found"), doctor, "consent.read", "not_found")
		send := creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, ""), 201)
		w.run(t, send)
		expect(w.run(t, send), ngo, "referral.create", "replayed")
		expect(w.move(t, doctor, id, "info-request", ""), doctor, "referral.info_request", "ok", id)
	})
}

func TestAudit_FilterAndPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, auditor := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleAuditor)
		for n := range 5 {
			w.register(t, ngo, n)
		}
		for _, e := range w.trail(t, "?action=client.create&limit=200") {
			if e.Action != "client.create" || e.Actor != string(ngo.ID) {
				t.Errorf("%+v", e)
			}
		}
		ids, pages := w.pages(t, auditor, "/api/v1/audit-events?action=client.create&limit=2")
		if len(ids) != 5 || pages != 3 {
			t.Errorf("%d events on %d pages", len(ids), pages)
		}
		if len(w.trail(t, "?action=zqx")) != 0 {
			t.Error("an unknown action has events")
		}
		w.refused(t, w.as(t, models.RoleAdministrator), "/api/v1/audit-events", 403, "role.not_allowed")
	})
}

// With the committer gone no record is shown: what cannot be recorded is not answered.
func TestAudit_NoRecordNoAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, guard := w.as(t, models.RoleNGOOutreach), w.as(t, models.RolePrisonSecurity)
		code := w.register(t, ngo, 1)
		w.breakAudit(t)
		for _, sc := range []Scenario{
			{Path: "/api/v1/clients/" + code, Token: ngo.Token, Status: 503, Code: "audit.stopped"},
			{Path: "/api/v1/referrals", Token: ngo.Token, Status: 503, Code: "audit.stopped"},
			{Path: "/api/v1/clients/" + code, Token: guard.Token, Status: 503, Code: "audit.unavailable"},
			{Path: "/api/v1/consents/none", Token: ngo.Token, Status: 503, Code: "audit.unavailable"},
		} {
			sc.Absent = []string{code}
			if a := w.run(t, sc); a.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
		w.run(t, creating(ngo, "/api/v1/clients", person(2), 500).failing("internal.error"))
		if n := len(w.rows(t, "SELECT id FROM clients")); n != 1 {
			t.Errorf("%d clients: a write without its event was committed", n)
		}
	})
}

// breakAudit makes every audit insert fail, as a full disk would.
func (w *world) breakAudit(t testing.TB) {
	t.Helper()
	db, _, err := w.Pool()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE audit_events RENAME COLUMN outcome TO no_outcome"); err != nil {
		t.Fatal(err)
	}
}
