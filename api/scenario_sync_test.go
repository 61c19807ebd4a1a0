package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"jol/handlers"
	"jol/models"
)

// statuses are how the commands of an outbox ended, with the problem's code.
func statuses(results []syncResult) (out []string) {
	for _, r := range results {
		s := r.Status
		if r.Problem != nil {
			s += " " + r.Problem.Code
		}
		out = append(out, s)
	}
	return out
}

func wantStatuses(t *testing.T, results []syncResult, want ...string) {
	t.Helper()
	if got := statuses(results); !slices.Equal(got, want) {
		t.Errorf("results are %q, want %q", got, want)
	}
}

func (w *world) n(t *testing.T, from string) int {
	t.Helper()
	return len(w.rows(t, "SELECT 1 FROM "+from))
}

func TestScenarioDevices_EnrolExpireShutOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		worker, other := w.as(t, models.RoleNGOOutreach), w.at(t, models.RoleNGOOutreach, w.NGO, 2)
		admin, stranger := w.at(t, models.RoleAdministrator, w.NGO, 1), w.at(t, models.RoleAdministrator, w.OtherNGO, 1)
		_, token := w.enrol(t, worker)
		if n := len(w.rows(t, "SELECT id FROM devices WHERE token_hash = '"+token+"'")); n != 0 || !strings.HasPrefix(token, "jold_") {
			t.Error("the token is kept")
		}
		command := func() object { return w.command("client.create", object{}, object{"country": "KZ"}) }
		for _, wrong := range []string{"jold_x", strings.Repeat("x", 300)} {
			w.run(t, outbox(worker, wrong, 403, command()).failing("device.required"))
		}
		w.run(t, outbox(other, token, 403, command()).failing("device.required")) // bound to its user
		w.run(t, Scenario{Path: "/api/v1/device-state", Status: 403, Code: "device.required"})
		state := func(contains ...string) {
			t.Helper()
			w.run(t, Scenario{Path: "/api/v1/device-state", Status: 200, Contains: contains, Headers: map[string]string{"Device-Token": token}})
		}
		state(`"state":"enrolled"`, `"wipe":false`)

		w.run(t, creating(stranger, "/api/v1/devices", object{"user": worker.ID, "label": "Phone"}.String(), 422).failing("device.user_unknown"))
		w.run(t, creating(admin, "/api/v1/devices", object{"user": worker.ID, "label": "Phone", "days": 91}.String(), 422).failing("device.days_out_of_range"))
		w.run(t, creating(admin, "/api/v1/devices", object{"user": worker.ID, "label": " "}.String(), 422).failing("device.label_length"))
		w.run(t, creating(admin, "/api/v1/devices", object{"user": worker.ID, "label": "Phone of Иванов И.И."}.String(), 422).failing("text.identifies_person"))

		// Expired: the outbox is kept, nothing is wiped.
		w.Advance(31 * 24 * time.Hour)
		fresh := w.again(t, worker)
		w.run(t, outbox(fresh, token, 403, command()).failing("device.expired"))
		state(`"state":"expired"`, `"wipe":false`)
		id, renewed := w.enrol(t, worker)
		token = renewed
		w.sync(t, fresh, token, command())

		// Shut out: told to wipe, also without a bearer token, which is gone too.
		shut := Scenario{Method: http.MethodPost, Path: "/api/v1/devices/" + id + "/shut-out", Token: w.again(t, admin).Token, Status: 200, Contains: []string{`"state":"shut_out"`}}
		w.run(t, shut)
		w.run(t, shut) // can be repeated
		w.refused(t, fresh, "/api/v1/me", 401, "token.invalid")
		state(`"state":"shut_out"`, `"wipe":true`)
		fresh = w.again(t, worker)
		a := w.run(t, outbox(fresh, token, 403, command()).failing("device.shut_out"))
		if !strings.Contains(string(a.Body), "delete everything") {
			t.Errorf("%s", a.Body)
		}
		if n := w.n(t, "audit_events WHERE action = 'device.use' AND outcome = 'forbidden'"); n != 5 {
			t.Errorf("%d refusals are in the trail", n)
		}
		w.get(t, w.again(t, admin), "/api/v1/devices", `"label":"Phone 3"`, `"token":null`)
	})
}

// A token that was used with a device is good for nothing without it, and ends with it.
func TestScenarioDevices_ATokenIsBoundToItsDevice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		worker := w.as(t, models.RoleNGOOutreach)
		id, device := w.enrol(t, worker)
		_, spare := w.enrol(t, worker)
		_, others := w.enrol(t, w.at(t, models.RoleNGOOutreach, w.NGO, 2))
		me := func(who account, device string, status int, code string) {
			t.Helper()
			sc := Scenario{Path: "/api/v1/me", Token: who.Token, Status: status, Code: code, Headers: map[string]string{}}
			if device != "" {
				sc.Headers["Device-Token"] = device
			}
			w.run(t, sc)
		}
		phone, desk := w.again(t, worker), w.again(t, worker)
		me(phone, "", 200, "")
		me(phone, others, 403, "device.required") // no device of this user: nothing is bound
		me(phone, "", 200, "")
		me(phone, device, 200, "")
		me(phone, device, 200, "")
		if n := w.n(t, "audit_events WHERE action = 'token.bind' AND objects LIKE '%"+id+"%'"); n != 1 {
			t.Errorf("bound %d times", n)
		}
		for _, wrong := range []string{"", spare, others, "jold_x"} {
			me(phone, wrong, 401, "token.device_required")
		}
		w.run(t, outbox(phone, "", 401, w.command("client.create", object{}, object{})).failing("token.device_required"))
		w.run(t, Scenario{Path: "/api/v1/protocols/therapeutic-programme", Token: phone.Token, Status: 401, Code: "token.device_required"})
		if n := w.n(t, "audit_events WHERE action = 'device.use' AND outcome = 'forbidden'"); n != 7 {
			t.Errorf("%d refusals are in the trail", n)
		}
		me(desk, "", 200, "") // another sign-in is not touched

		// Expiry ends it at once, whether the device's token is sent or not.
		w.Advance(29*24*time.Hour + 23*time.Hour + 30*time.Minute)
		late := w.again(t, worker)
		me(late, device, 200, "")
		w.Advance(45 * time.Minute)
		me(late, device, 401, "token.invalid")
		me(late, "", 401, "token.invalid")

		// Shut out: no route takes it any more.
		id, device = w.enrol(t, worker)
		phone = w.again(t, worker)
		me(phone, device, 200, "")
		w.run(t, Scenario{Method: http.MethodPost, Path: "/api/v1/devices/" + id + "/shut-out", Token: w.again(t, w.as(t, models.RoleAdministrator)).Token, Status: 200})
		if n := w.n(t, "tokens WHERE device_id = '"+id+"' AND revoked_at IS NULL"); n != 0 {
			t.Error("the token outlived its device")
		}
		for _, r := range Routes {
			if r.Scoped == nil {
				continue
			}
			for _, header := range []string{device, ""} {
				sc := Scenario{Name: r.key(), Method: r.Method, Path: strings.ReplaceAll(r.Path, ":", ""), Token: phone.Token, Status: 401, Code: "token.invalid", Headers: map[string]string{}}
				if header != "" {
					sc.Headers["Device-Token"] = header
				}
				sc.Run(t, w.base)
			}
		}
		w.run(t, Scenario{Path: "/api/v1/device-state", Status: 200, Contains: []string{`"wipe":true`}, Headers: map[string]string{"Device-Token": device}})
	})
}

// The shape that the contract promises: a bearer token and nothing else. Each command is
// allowed what its route allows.
func TestScenarioSync_WithoutADevice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		worker, guard := w.as(t, models.RoleNGOOutreach), w.as(t, models.RolePrisonSecurity)
		command := func() object {
			c := w.command("client.create", object{}, object{"country": "KZ", "sex": "F", "birthYear": 1990, "motherInitials": "Ai", "fatherInitials": "Gu"})
			delete(c, "params")
			return c
		}
		wantStatuses(t, w.sync(t, worker, "", command()), "accepted")
		wantStatuses(t, w.sync(t, guard, "", command()), "refused role.not_allowed")
		// What meets a conflict waits as it does with a device.
		code := w.register(t, worker, 1)
		refer := w.command("referral.create", object{}, object{"clientCode": code, "toOrganisation": w.Clinic.ID, "reason": "step_up", "urgency": "routine", "needs": []string{}, "note": ""})
		wantStatuses(t, w.sync(t, worker, "", refer), "conflict referral.consent_required")
		w.get(t, worker, "/api/v1/me", `"role":"ngo_outreach"`)
	})
}

// The contract's command has no params: the path's parameters stand in the payload.
func TestScenarioSync_PathParametersInThePayload(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		code := w.register(t, nurse, 1)
		episode, other := w.start(t, nurse, code), w.start(t, nurse, w.register(t, nurse, 2))
		bare := func(kind string, payload object) object {
			c := w.command(kind, nil, payload)
			delete(c, "params")
			return c
		}
		contact := bare("episode.contact", object{"id": episode, "on": w.Today()})
		same := w.command("episode.contact", object{"id": episode}, object{"on": w.Today()}) // the same request
		same["idempotencyKey"] = contact["idempotencyKey"]
		both := w.command("episode.contact", object{"id": episode}, object{"id": episode, "on": w.Today()})
		half := w.command("task.change", object{"action": "completion"}, object{})
		task := bare("task.create", object{"code": code, "kind": "call", "dueOn": w.Today()})
		half["payload"], half["baseVersion"] = object{"id": "command:" + task["id"].(string)}, 1
		consent := bare("consent.create", object{"clientCode": code, "purpose": "referral", "recipient": object{"organisation": w.Polyclinic.ID}, "categories": []string{}, "until": w.Today().AddMonths(6)})
		withdraw := bare("consent.withdraw", object{"id": "command:" + consent["id"].(string)})
		wantStatuses(t, w.sync(t, nurse, "", contact, contact, same, both, task, half, consent, withdraw),
			"accepted", "replayed", "replayed", "accepted", "accepted", "accepted", "accepted", "accepted")
		if n := w.n(t, "tasks WHERE state = 'done'"); n != 1 {
			t.Errorf("%d tasks are done", n)
		}
		// Two answers to one question, a parameter that is no text, none at all.
		differ := w.command("episode.contact", object{"id": other}, object{"id": episode, "on": w.Today()})
		twice := bare("consent.create", object{"code": code, "clientCode": "C1-0000-0000-0000-0"})
		number := bare("episode.contact", object{"id": 7})
		none := bare("episode.contact", object{"on": w.Today()})
		results := w.sync(t, nurse, "", differ, twice, number, none)
		wantStatuses(t, results, "refused sync.params", "refused sync.params", "refused sync.params", "refused sync.params")
		if got := results[0].Problem.Errors; len(got) != 1 || got[0].Pointer != "/payload/id" {
			t.Errorf("%+v", got)
		}
		// What waits has them apart, as every command: it can be read and applied.
		move := bare("episode.change", object{"id": other, "action": "assessment"})
		move["baseVersion"] = 7
		got := w.sync(t, nurse, "", move)
		if got[0].Status != "conflict" || got[0].Resource["id"] != other {
			t.Fatalf("%+v %+v", got[0], got[0].Problem)
		}
		w.get(t, nurse, "/api/v1/sync/conflicts", `"params":{"action":"assessment","id":"`+other+`"}`, `"payload":{}`, `"address":"/api/v1/episodes/`+other+`"`)
	})
}

// No body has a member that is named like a parameter of its path, so that taking one out of
// a payload takes nothing from the body.
func TestRoutes_CommandsTakeTheirPathFromThePayload(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for kind, r := range commandRoutes() {
		names := parametersOf(&r)
		if slices.Contains(names, "code") {
			names = append(names, "clientCode")
		}
		op := doc.Paths.Value(pathParam.ReplaceAllString(r.Path, "{$1}")).GetOperation(r.Method)
		if op.RequestBody == nil {
			continue
		}
		schema := op.RequestBody.Value.Content["application/json"].Schema.Value
		if len(schema.Properties) == 0 {
			t.Errorf("%s: the body is not described", kind)
		}
		for _, name := range names {
			if schema.Properties[name] != nil {
				t.Errorf("%s: %s is in the path and in the body", kind, name)
			}
		}
	}
}

// A dose that was given is never lost: where a guard asks for a reason it waits until somebody
// gives one, and is recorded at the time it was given.
func TestScenarioSync_ADoseOutsideAGuardWaitsForItsReason(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, nurse := w.as(t, models.RoleNarcologist), w.as(t, models.RoleNurse)
		code := w.register(t, doctor, 1)
		order := w.treat(t, doctor, code)
		given := w.Now()
		w.Advance(30 * time.Minute)
		dose := w.command("dose_order.dose", object{"id": order}, object{"status": "given", "doseMg": 80, "witnessed": true, "guardReason": ""})
		dose["occurredAt"] = given.Format(time.RFC3339)
		unknown := w.command("dose_order.dose", object{"id": order}, object{"status": "given", "doseMg": 80, "witnessed": true, "guardReason": "zzz"})
		got := w.sync(t, nurse, "", dose, unknown)
		wantStatuses(t, got, "conflict dose.reason_required", "refused dose.guard_reason_unknown")
		if got[0].Conflict == nil || got[0].Resource["id"] != order || got[0].Problem.Errors[0].Pointer != "/payload/guardReason" {
			t.Fatalf("%+v %+v", got[0], got[0].Problem)
		}
		wantStatuses(t, w.sync(t, nurse, "", dose), "conflict dose.reason_required")
		id := *got[0].Conflict
		w.get(t, nurse, "/api/v1/sync/conflicts?state=waiting", id, `"code":"dose.reason_required"`, `"doseMg":80`)
		w.run(t, resolving(nurse, id, object{"action": "apply"}, 422).failing("dose.reason_required"))
		w.run(t, resolving(nurse, id, object{"action": "apply", "reason": "zzz"}, 422).failing("dose.guard_reason_unknown"))
		if n := w.n(t, "sync_conflicts WHERE state = 'waiting'"); n != 1 || w.n(t, "dose_events") != 0 {
			t.Fatalf("%d wait", n)
		}
		done := w.run(t, resolving(nurse, id, object{"action": "apply", "reason": "tolerance_known"}, 200))
		for _, want := range []string{`"guardReason":"tolerance_known"`, `"doseMg":80`, `"state":"applied"`, `"at":"` + given.Format(time.RFC3339)[:19]} {
			if !strings.Contains(string(done.Body), want) {
				t.Errorf("no %s in %s", want, done.Body)
			}
		}
		wantStatuses(t, w.sync(t, nurse, "", dose), "replayed")
		if n := w.n(t, "dose_events"); n != 1 {
			t.Errorf("%d doses", n)
		}
		// A conflict that asks for none takes none.
		episode := w.start(t, nurse, code)
		got = w.sync(t, nurse, "", w.command("episode.change", object{"id": episode, "action": "assessment"}, object{}).on(9))
		w.run(t, resolving(nurse, *got[0].Conflict, object{"action": "apply", "baseVersion": 1, "reason": "tolerance_known"}, 422).failing("sync_conflict.no_reason"))
		w.run(t, resolving(nurse, *got[0].Conflict, object{"action": "drop", "reason": "tolerance_known"}, 422).failing("sync_conflict.no_reason"))
	})
}

// again signs an account in anew: its token ended with the time that passed.
func (w *world) again(t testing.TB, who account) account {
	t.Helper()
	token, err := w.IssueToken(t.Context(), who.ID)
	if err != nil {
		t.Fatal(err)
	}
	who.Token = token.Token
	return who
}

// A device that is shut out, or expires, while its outbox is worked through does not finish it:
// the first command's own insert shuts it out here.
func TestScenarioSync_ADeviceShutOutDoesNotFinishItsOutbox(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, end := range []string{"state = 'shut_out'", "expires_at = created_at"} {
			worker := w.as(t, models.RoleNGOOutreach)
			_, device := w.enrol(t, worker)
			db, dialect, err := w.Pool()
			if err != nil {
				t.Fatal(err)
			}
			statements := []string{"DROP TRIGGER IF EXISTS ends", "CREATE TRIGGER ends AFTER INSERT ON clients BEGIN UPDATE devices SET " + end + "; END"}
			if fmt.Sprint(dialect) == "postgres" {
				statements = []string{
					"CREATE OR REPLACE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE devices SET " + end + "; RETURN NEW; END $$",
					"DROP TRIGGER IF EXISTS ends ON clients", "CREATE TRIGGER ends AFTER INSERT ON clients FOR EACH ROW EXECUTE FUNCTION ends()",
				}
			}
			for _, s := range statements {
				if _, err := db.ExecContext(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			before := w.n(t, "clients")
			register := func(year int) object {
				return w.command("client.create", object{}, object{"country": "KZ", "sex": "F", "birthYear": year, "motherInitials": "Ai", "fatherInitials": "Gu", "distinct": true})
			}
			wantStatuses(t, w.sync(t, worker, device, register(1990), register(1991), register(1992)), "accepted", "refused token.invalid", "refused token.invalid")
			if n := w.n(t, "clients") - before; n != 1 {
				t.Errorf("%d clients were registered", n)
			}
		}
	})
}

func TestScenarioSync_AnOutboxFromTheField(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		worker := w.as(t, models.RoleNGOOutreach)
		_, device := w.enrol(t, worker)
		p := object{"country": "KZ", "sex": "F", "birthYear": 1990, "motherInitials": "Ai", "fatherInitials": "Gu"}
		register := w.command("client.create", object{}, p)
		ref := "command:" + register["id"].(string)
		consent := w.command("consent.create", object{"code": ref}, object{"purpose": "referral", "recipient": object{"organisation": w.Clinic.ID}, "categories": []string{}, "until": w.Today().AddMonths(6)})
		refer := w.command("referral.create", object{}, object{"clientCode": ref, "toOrganisation": w.Clinic.ID, "reason": "step_up", "urgency": "routine", "needs": []string{"oat"}, "note": "зовут Иванов И.И., prefers mornings"})
		episode := w.command("episode.create", object{"code": ref}, object{"startDate": w.Today(), "legalBasis": "voluntary", "previousTreatment": "1", "referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"})
		batch := []object{register, consent, refer, episode}
		first := w.sync(t, worker, device, batch...)
		// A refused note never refuses the rest of its command; the problem names field and rule.
		wantStatuses(t, first, "accepted", "accepted", "accepted text.identifies_person", "accepted")
		problem := first[2].Problem
		if first[2].Resource["note"] != "" || len(problem.Errors) != 1 || problem.Errors[0].Pointer != "/payload/note" || !strings.Contains(problem.Detail, "title_and_name") {
			t.Errorf("%+v %+v", first[2].Resource, problem)
		}
		if n := len(w.rows(t, "SELECT id FROM referrals WHERE note <> ''")); n != 0 {
			t.Error("the refused note was kept")
		}
		// Sent twice, it answers replayed, and nothing is there twice.
		again := w.sync(t, worker, device, batch...)
		wantStatuses(t, again, "replayed", "replayed", "replayed text.identifies_person", "replayed")
		if again[2].Resource["id"] != first[2].Resource["id"] {
			t.Error("another referral")
		}
		for _, table := range []string{"clients", "consents", "referrals", "episodes"} {
			if n := w.n(t, table); n != 1 {
				t.Errorf("%d %s", n, table)
			}
		}
		// The same key over HTTP is the same request: an answer lost online may be asked for offline.
		online := creating(worker, "/api/v1/clients", person(77), 201)
		w.run(t, online)
		late := object{"id": "late-1", "type": "client.create", "params": object{}, "idempotencyKey": online.Headers["Idempotency-Key"], "baseVersion": nil,
			"occurredAt": w.Now().Format(time.RFC3339), "payload": jsonOf(person(77))}
		wantStatuses(t, w.sync(t, worker, device, late), "replayed")
		if n := w.n(t, "clients"); n != 2 {
			t.Errorf("%d clients", n)
		}
		// Each command has its own event.
		for action, want := range map[string]int{"client.create": 4, "consent.create": 2, "referral.create": 2, "episode.create": 2} {
			if n := w.n(t, "audit_events WHERE action = '"+action+"'"); n != want {
				t.Errorf("%d events of %s, want %d", n, action, want)
			}
		}
	})
}

// Contacts add: no base, in any order; the time of the command is the day when none is given.
func TestScenarioSync_ContactsAdd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse, second := w.as(t, models.RoleNurse), w.at(t, models.RoleNurse, w.Clinic, 2)
		_, device := w.enrol(t, nurse)
		_, other := w.enrol(t, second)
		episode := w.start(t, nurse, w.register(t, nurse, 1))
		started := w.Now()
		w.Advance(5 * 24 * time.Hour)
		nurse, second = w.again(t, nurse), w.again(t, second)
		contact := func(at time.Time, payload object) object {
			c := w.command("episode.contact", object{"id": episode}, payload)
			c["occurredAt"] = at.Format(time.RFC3339)
			return c
		}
		late, early := contact(started.Add(72*time.Hour), object{}), contact(started.Add(24*time.Hour), object{})
		wantStatuses(t, w.sync(t, nurse, device, late, early), "accepted", "accepted")
		got := w.sync(t, second, other, contact(started.Add(48*time.Hour), object{}).on(1)) // an old base is no matter
		wantStatuses(t, got, "accepted")
		want := string(models.DateOf(started.Add(72*time.Hour), "Asia/Almaty"))
		if got[0].Resource["lastContact"] != want {
			t.Errorf("last contact %v, want %s", got[0].Resource["lastContact"], want)
		}
		wantStatuses(t, w.sync(t, nurse, device, late, early), "replayed", "replayed")
		// A clock that is ahead: a little is now, much is refused; a command too old as well.
		wantStatuses(t, w.sync(t, nurse, device, contact(w.Now().Add(4*time.Minute), object{}), contact(w.Now().Add(6*time.Minute), object{}),
			contact(w.Now().Add(-91*24*time.Hour), object{})), "accepted", "refused sync.occurred_in_future", "refused sync.occurred_too_long_ago")
		// Out of order: the closure came first. The contact waits for a person.
		closure := w.command("episode.close", object{"id": episode}, object{"endDate": w.Today(), "endReason": "1"}).on(5)
		after := contact(w.Now(), object{"on": w.Today()})
		results := w.sync(t, nurse, device, closure, after)
		wantStatuses(t, results, "accepted", "conflict episode.closed")
		if results[1].Resource["endReason"] != "1" {
			t.Errorf("without the current state: %+v", results[1])
		}
		wantStatuses(t, w.sync(t, nurse, device, closure, after), "replayed", "conflict episode.closed")
		if n := w.n(t, "sync_conflicts"); n != 1 {
			t.Errorf("%d conflicts", n)
		}
	})
}

func jsonOf(body string) any { return rawJSON(body) }

// rawJSON is sent as it is.
type rawJSON string

// MarshalJSON returns the text itself.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// Named regression: two offline workers editing one field. The second is not lost and does
// not win in silence.
func TestScenarioSync_TwoOfflineWorkersEditingOneField(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		a, b := w.as(t, models.RoleNurse), w.at(t, models.RoleNurse, w.Clinic, 2)
		_, deviceA := w.enrol(t, a)
		_, deviceB := w.enrol(t, b)
		code := w.register(t, ngo, 1)
		w.consent(t, ngo, code, w.Clinic)
		id := w.refer(t, ngo, code, w.Clinic, "")
		w.move(t, a, id, "acceptance", "")
		at := func(h int) string { return w.Now().Add(time.Duration(h) * time.Hour).Format(time.RFC3339) }
		appoint := func(h int) object {
			return w.command("referral.change", object{"id": id, "action": "appointment"}, object{"at": at(h)}).on(2)
		}
		one, two := appoint(24), appoint(48)
		wantStatuses(t, w.sync(t, a, deviceA, one), "accepted")
		got := w.sync(t, b, deviceB, two)
		wantStatuses(t, got, "conflict precondition.version")
		if got[0].Resource["appointmentAt"] != at(24) || got[0].Resource["version"] != 3.0 {
			t.Errorf("current state: %+v", got[0].Resource)
		}
		w.get(t, b, "/api/v1/sync/conflicts?state=waiting", *got[0].Conflict, at(48), `"own":true`, `"baseVersion":2`, `"address":"/api/v1/referrals/`+id+`"`)
		w.get(t, a, "/api/v1/sync/conflicts", *got[0].Conflict, `"own":false`) // a colleague may stand in
		for _, who := range []account{ngo, w.as(t, models.RoleClinician), w.at(t, models.RoleNurse, w.Polyclinic, 1), w.as(t, models.RoleAdministrator)} {
			w.get(t, who, "/api/v1/sync/conflicts", `"items":[]`)
			w.run(t, resolving(who, *got[0].Conflict, object{"action": "drop"}, 404).failing("sync_conflict.not_found"))
			w.run(t, resolving(who, *got[0].Conflict, object{"action": "apply", "baseVersion": 3}, 404).failing("sync_conflict.not_found"))
		}
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "merge"}, 422).failing("sync_conflict.action_unknown"))
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "apply"}, 428).failing("precondition.required"))
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "apply", "baseVersion": 2}, 412).failing("precondition.version"))
		w.get(t, b, "/api/v1/referrals/"+id, at(24))
		done := w.run(t, resolving(b, *got[0].Conflict, object{"action": "apply", "baseVersion": 3}, 200))
		if !strings.Contains(string(done.Body), at(48)) || !strings.Contains(string(done.Body), `"state":"applied"`) {
			t.Errorf("%s", done.Body)
		}
		w.get(t, b, "/api/v1/referrals/"+id, at(48))
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "apply", "baseVersion": 4}, 409).failing("sync_conflict.settled"))
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "drop"}, 409).failing("sync_conflict.settled"))
		if rows := w.rows(t, "SELECT payload, params, settled_by FROM sync_conflicts"); rows[0][0] != "" || rows[0][1] != "{}" || rows[0][2] != string(b.ID) {
			t.Errorf("after settlement: %v", rows)
		}
		wantStatuses(t, w.sync(t, b, deviceB, two), "replayed") // the device learns of it
		// Dropped: the device is told so, and the record stays.
		three := appoint(72)
		got = w.sync(t, a, deviceA, three)
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "drop"}, 200))
		wantStatuses(t, w.sync(t, a, deviceA, three), "refused sync_conflict.settled")
		w.get(t, a, "/api/v1/referrals/"+id, at(48))
	})
}

func resolving(who account, id string, body object, status int) Scenario {
	return Scenario{Method: http.MethodPost, Path: "/api/v1/sync/conflicts/" + id + "/resolution", Token: who.Token, Body: body.String(), Status: status}
}

// Named regression: duplicate create from two devices.
func TestScenarioSync_DuplicateCreateFromTwoDevices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.as(t, models.RoleNurse), w.at(t, models.RoleNurse, w.Clinic, 2)
		_, deviceA := w.enrol(t, a)
		_, deviceB := w.enrol(t, b)
		_, spare := w.enrol(t, a)
		register := func() object {
			return w.command("client.create", object{}, object{"country": "KZ", "sex": "M", "birthYear": 1985, "motherInitials": "Bo", "fatherInitials": "Da"})
		}
		// Two workers meet the same person: one record.
		one, two := w.sync(t, a, deviceA, register()), w.sync(t, b, deviceB, register())
		wantStatuses(t, one, "accepted")
		wantStatuses(t, two, "accepted")
		if one[0].Resource["code"] != two[0].Resource["code"] || w.n(t, "clients") != 1 {
			t.Errorf("%v and %v", one[0].Resource, two[0].Resource)
		}
		code := one[0].Resource["code"]
		// One worker's two devices send the same command: it is carried out once.
		start := w.command("episode.create", object{"code": code}, object{"startDate": w.Today(), "legalBasis": "voluntary", "previousTreatment": "1", "referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"})
		wantStatuses(t, w.sync(t, a, deviceA, start), "accepted")
		wantStatuses(t, w.sync(t, a, spare, start), "replayed")
		// Two workers start an episode for one client: the second waits, with what is there.
		other := w.command("episode.create", object{"code": code}, object{"startDate": w.Today(), "legalBasis": "court_ordered", "previousTreatment": "1", "referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"})
		got := w.sync(t, b, deviceB, other)
		wantStatuses(t, got, "conflict episode.open_already")
		if items, _ := got[0].Resource["items"].([]any); len(items) != 1 || w.n(t, "episodes") != 1 {
			t.Errorf("%+v", got[0].Resource)
		}
		// Both at once, many times over: still once.
		race := w.command("client.create", object{}, object{"country": "KZ", "sex": "M", "birthYear": 1985, "motherInitials": "Ra", "fatherInitials": "Ce"})
		ended, phones := make(chan string, 8), map[string]account{deviceA: w.again(t, a), spare: w.again(t, a)}
		for i := range 8 {
			go func() {
				device := deviceA
				if i%2 == 0 {
					device = spare
				}
				sc := outbox(phones[device], device, 200, race)
				ended <- string(sc.send(t, w.base).Body)
			}()
		}
		accepted := 0
		for range 8 {
			if strings.Contains(<-ended, `"status":"accepted"`) {
				accepted++
			}
		}
		if accepted != 1 || w.n(t, "clients") != 2 {
			t.Errorf("%d accepted, %d clients", accepted, w.n(t, "clients"))
		}
	})
}

// Duplicates, nonsense, strangers: each is answered for itself and nothing is lost.
func TestScenarioSync_HalfInvalidBatches(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		_, device := w.enrol(t, nurse)
		episode := w.start(t, nurse, w.register(t, nurse, 1))
		foreign := w.start(t, w.at(t, models.RoleNurse, w.Polyclinic, 1), w.register(t, w.at(t, models.RoleNurse, w.Polyclinic, 1), 2))
		good := func() object { return w.command("episode.contact", object{"id": episode}, object{"on": w.Today()}) }
		with := func(name string, value any) object {
			c := good()
			c[name] = value
			return c
		}
		twice := good()
		otherTwice := with("payload", object{})
		otherTwice["id"] = twice["id"]
		sameKey := with("payload", object{})
		sameKey["idempotencyKey"] = twice["idempotencyKey"]
		batch := []any{
			good(), twice, twice, otherTwice, sameKey,
			"nonsense", object{}, with("id", "два слова"), with("id", "x/y"), with("unknown", 1), with("occurredAt", "yesterday"), with("occurredAt", nil),
			with("type", "user.create"), with("type", "audit.read"), with("type", ""), with("params", object{}), with("params", object{"id": episode, "x": "y"}), with("params", object{"id": ""}),
			with("idempotencyKey", ""), with("idempotencyKey", "two words"), with("payload", object{"on": "2026-02-30"}), with("payload", object{"zqx": 1}), with("payload", []int{1}),
			rawJSON(`{"id":"dup","type":"episode.contact","payload":{"on":"2026-10-05","on":"2026-10-06"}}`),
			with("params", object{"id": foreign}), with("params", object{"id": uuid.NewString()}), with("params", object{"id": "command:none"}),
			w.command("episode.close", object{"id": episode}, object{"endDate": w.Today(), "endReason": "1"}),
			w.command("referral.create", object{}, object{"clientCode": "C1-0000-0000-0000-0"}),
			good(),
		}
		want := []string{
			"accepted", "accepted", "replayed", "refused sync.command_id_reused", "refused idempotency.key_reused",
			"refused body.wrong_type", "refused sync.command_id_required", "refused sync.command_id_required", "refused sync.command_id_required", "refused body.unknown_field", "refused body.wrong_type", "refused sync.occurred_at_required",
			"refused sync.type_unknown", "refused sync.type_unknown", "refused sync.type_unknown", "refused sync.params", "refused sync.params", "refused sync.params",
			"refused sync.idempotency_key_required", "refused sync.idempotency_key_required", "refused episode.contact_not_a_date", "refused body.unknown_field", "refused body.wrong_type",
			"refused body.duplicate_field",
			"refused episode.not_found", "refused episode.not_found", "refused sync.reference_unknown",
			"refused precondition.required",
			"refused body.field_required",
			"accepted",
		}
		phone := w.again(t, nurse)
		sc := outbox(phone, device, 200)
		sc.Body = object{"commands": batch}.String()
		sc.Absent = []string{"два слова", "nonsense", "yesterday"}
		var answer struct{ Results []syncResult }
		a := sc.Run(t, w.base)
		a.Into(t, &answer)
		wantStatuses(t, answer.Results, want...)
		if got := answer.Results[24].Problem; got.Detail != answer.Results[25].Problem.Detail || got.Status != 404 {
			t.Error("somebody else's record and none differ")
		}
		if n := w.n(t, "audit_events WHERE action = 'episode.contact' AND outcome = 'not_found'"); n != 2 {
			t.Errorf("%d events of what was not found", n)
		}
		if w.n(t, "sync_conflicts") != 0 {
			t.Error("a refused command waits")
		}
		// The role is asked for every command.
		security := w.as(t, models.RoleAdministrator)
		_, tablet := w.enrol(t, security)
		wantStatuses(t, w.sync(t, security, tablet, w.command("client.create", object{}, object{}), w.command("episode.contact", object{"id": episode}, object{})),
			"refused role.not_allowed", "refused role.not_allowed")
		// The batch itself.
		for body, code := range map[string]string{`{}`: "sync.commands_required", `{"commands":[]}`: "sync.commands_required", `{"commands":{}}`: "body.wrong_type", `[]`: "body.wrong_type",
			`{"commands":[],"commands":[]}`: "body.duplicate_field", `{"commands":[` + strings.Repeat(`1,`, handlers.MaxCommands) + `1]}`: "sync.too_many_commands"} {
			sc := outbox(phone, device, 422).failing(code)
			sc.Body = body
			sc.Run(t, w.base)
		}
	})
}

func TestScenarioSync_FiveHundredCommandsInOneCall(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		_, device := w.enrol(t, nurse)
		episode := w.start(t, nurse, w.register(t, nurse, 1))
		var commands []object
		for range handlers.MaxCommands {
			commands = append(commands, w.command("episode.contact", object{"id": episode}, object{"on": w.Today()}))
		}
		began := time.Now()
		results := w.sync(t, nurse, device, commands...)
		t.Logf("%d commands in %v", len(results), time.Since(began).Round(time.Millisecond))
		for i, r := range results {
			if r.Status != "accepted" || *r.ID != commands[i]["id"] {
				t.Fatalf("%d: %+v", i, r)
			}
		}
		if v := w.rows(t, "SELECT version FROM episodes")[0][0]; v != fmt.Sprint(handlers.MaxCommands+1) {
			t.Errorf("version %s", v)
		}
	})
}

// What waits holds no initials, no refused text and no name.
func TestScenarioSync_TheInboxHoldsScreenedFieldsOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		_, device := w.enrol(t, nurse)
		code := w.register(t, nurse, 1)
		// No consent is in force: a conflict, with a note that may not be kept.
		refer := w.command("referral.create", object{}, object{"clientCode": code, "toOrganisation": w.Polyclinic.ID, "reason": "step_up", "urgency": "routine", "needs": []string{}, "note": "мама +7 701 123 45 67"})
		got := w.sync(t, nurse, device, refer)
		wantStatuses(t, got, "conflict referral.consent_required")
		if got[0].Resource != nil || len(got[0].Problem.Errors) != 1 || got[0].Problem.Errors[0].Code != "text.identifies_person" {
			t.Errorf("%+v", got[0].Problem)
		}
		for _, row := range w.rows(t, "SELECT payload FROM sync_conflicts") {
			if strings.Contains(row[0], "+7 701") || !strings.Contains(row[0], code) {
				t.Errorf("%s", row[0])
			}
		}
		for _, r := range Routes {
			if r.Command != "" && strings.HasPrefix(r.Path, "/api/v1/clients") && !strings.Contains(r.Path, ":") && !r.Unkept {
				t.Errorf("%s: a registration may wait with its initials", r.key())
			}
		}
		// It rests on a consent now: the person applies it.
		w.consent(t, nurse, code, w.Polyclinic)
		done := w.run(t, resolving(nurse, *got[0].Conflict, object{"action": "apply"}, 200))
		if !strings.Contains(string(done.Body), `"state":"sent"`) || w.n(t, "referrals") != 1 {
			t.Errorf("%s", done.Body)
		}
	})
}

func TestScenarioChanges_OverHTTP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		code := w.register(t, nurse, 1)
		var page struct {
			Items []struct{ Kind, ID string }
			Page  struct{ Next string }
		}
		w.get(t, nurse, "/api/v1/changes?limit=5", `"kind":"client"`, code).Into(t, &page)
		w.get(t, nurse, "/api/v1/changes?since="+page.Page.Next, `"items":[]`)
		items := func(path string) string { // no two cursors are the same
			body, _, _ := strings.Cut(string(w.get(t, nurse, path, code).Body), `,"page":`)
			return body
		}
		if first, zero := items("/api/v1/changes"), items("/api/v1/changes?since=0"); zero != first {
			t.Errorf("since 0 is not the beginning: %s", zero)
		}
		w.refused(t, nurse, "/api/v1/changes?since=nonsense", 422, "cursor.invalid")
		w.refused(t, nurse, "/api/v1/changes?since=00", 422, "cursor.invalid")
		w.refused(t, nurse, "/api/v1/changes?limit=0", 422, "limit.out_of_range")
		w.get(t, w.as(t, models.RolePrisonSecurity), "/api/v1/changes", `"items":[]`)
	})
}

// Every command is a route of the table that its action names, and can show its record.
func TestRoutes_CommandsAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Routes {
		if r.Command == "" {
			if r.Current != "" || r.Adds || r.Occurs+r.OccursIn != "" || r.Unkept {
				t.Errorf("%s: settings of a command without one", r.key())
			}
			continue
		}
		if seen[r.Command] || r.Scoped == nil || r.Method == http.MethodGet || r.Runs {
			t.Errorf("%s: %s cannot be a command, or is two", r.key(), r.Command)
		}
		seen[r.Command] = true
		if r.Current != "" && !slices.ContainsFunc(Routes, func(c Route) bool { return c.Method == http.MethodGet && c.Path == r.Current && c.Scoped != nil }) {
			t.Errorf("%s: nothing is read at %s", r.key(), r.Current)
		}
		if r.Adds && !r.Change {
			t.Errorf("%s: adds, and needs no base anyway", r.key())
		}
	}
}

// What a worker does away from the network: every kind of work takes its own way, on the
// rights and rules it has online, and at the time it happened.
func TestScenarioSync_ADayInTheField(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, nurse := w.as(t, models.RoleNarcologist), w.as(t, models.RoleNurse)
		_, device := w.enrol(t, nurse)
		code := w.register(t, doctor, 1)
		episode := w.run(t, creating(nurse, "/api/v1/clients/"+code+"/episodes", w.episodeIn("screened"), 201)).named(t).ID
		var kit struct{ ID string }
		w.run(t, creating(nurse, "/api/v1/naloxone-kits", kitBody(w).String(), 201)).Into(t, &kit)
		order := w.treat(t, doctor, code)
		happened := w.Now()
		w.Advance(50 * time.Hour)
		nurse = w.again(t, nurse)
		then := func(kind string, params, payload object) object {
			c := w.command(kind, params, payload)
			c["occurredAt"] = happened.Format(time.RFC3339)
			return c
		}
		client, without := object{"code": code}, func(body object, name string) object { delete(body, name); return body }
		var batch []object
		for kind, address := range map[string]string{"screening": "screenings", "infection_test": "tests", "drug_test": "drug-tests", "observation": "observations",
			"mental_health_check": "mental-health-checks", "reproductive_status": "reproductive-statuses", "contact": "contacts", "naloxone_training": "naloxone-trainings"} {
			batch = append(batch, then(kind+".create", client, without(entryBodies(w.Today())[address], "on")))
		}
		dose := object{"status": "given", "doseMg": 80, "takeHomeDays": 0, "witnessed": true, "guardReason": "tolerance_known", "corrects": ""}
		overdose := then("overdose.create", object{}, without(w.overdoseBody(code), "at"))
		batch = append(batch, then("dose_order.dose", object{"id": order}, dose), overdose,
			then("overdose.change", object{"id": "command:" + overdose["id"].(string), "action": "survival"}, object{}).on(1),
			then("naloxone_kit.change", object{"id": kit.ID, "action": "handover"}, object{"clientCode": code}).on(1),
			then("task.create", client, object{"kind": "call", "dueOn": w.Today()}))
		// The contact and the dose moved the episode on: this move was made on what the device held.
		turn := then("episode.change", object{"id": episode, "action": "assessment"}, object{})
		for i, r := range w.sync(t, nurse, device, batch...) {
			if r.Status != "accepted" {
				t.Errorf("%s: %s %+v", batch[i]["type"], r.Status, r.Problem)
			}
		}
		var e struct{ Version int }
		w.get(t, nurse, "/api/v1/episodes/"+episode).Into(t, &e)
		wantStatuses(t, w.sync(t, nurse, device, turn.on(e.Version)), "accepted")
		on := string(models.DateOf(happened, "Asia/Almaty"))
		if n := w.n(t, "entries WHERE on_date = '"+on+"'"); n != 8 {
			t.Errorf("%d entries on the day they were made", n)
		}
		for query, want := range map[string]string{"SELECT on_date FROM dose_events": on, "SELECT given_on FROM naloxone_kits": on, "SELECT state FROM overdoses": "survived", "SELECT state FROM episodes": "assessed"} {
			if got := w.rows(t, query); len(got) != 1 || got[0][0] != want {
				t.Errorf("%s: %v, want %s", query, got, want)
			}
		}
		if n := w.n(t, "overdoses WHERE at <= '"+happened.UTC().Format("2006-01-02 15:04:05")+".999'"); n != 1 {
			t.Error("the overdose was not entered when it happened")
		}
		// Sent again, nothing is there twice.
		for i, r := range w.sync(t, nurse, device, append(batch, turn)...) {
			if r.Status != "replayed" {
				t.Errorf("%d again: %s %+v", i, r.Status, r.Problem)
			}
		}
		if e, d := w.n(t, "entries"), w.n(t, "dose_events"); e != 8 || d != 1 {
			t.Errorf("%d entries and %d doses", e, d)
		}
		// A role that may not write it, and a correction on an old version.
		worker := w.as(t, models.RoleNGOOutreach)
		_, phone := w.enrol(t, worker)
		wantStatuses(t, w.sync(t, worker, phone, w.command("dose_order.dose", object{"id": order}, dose)), "refused role.not_allowed")
		entry := w.rows(t, "SELECT entry_id FROM entries WHERE kind = 'screening'")[0][0]
		strike := func(base int) object {
			return w.command("entry.correct", object{"id": entry}, object{"reason": "entered_in_error"}).on(base)
		}
		got := w.sync(t, nurse, device, strike(1), strike(1))
		wantStatuses(t, got, "accepted", "conflict precondition.version")
		if got[1].Resource["versions"] == nil {
			t.Errorf("without the entry as it is: %+v", got[1])
		}
		wantStatuses(t, w.sync(t, worker, phone, strike(2)), "refused entry.not_found")
	})
}

// Two workers of one team do the same task while both are away. One completion counts, the
// other waits for a person, with the task as it is: neither is lost.
func TestScenarioSync_OneTaskDoneOnTwoDevices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.as(t, models.RoleNurse), w.at(t, models.RoleNurse, w.Clinic, 2)
		_, deviceA := w.enrol(t, a)
		_, spare := w.enrol(t, a)
		_, deviceB := w.enrol(t, b)
		task := w.run(t, creating(a, "/api/v1/clients/"+w.register(t, a, 1)+"/tasks", object{"kind": "call", "dueOn": w.Today()}.String(), 201)).named(t).ID
		happened := w.Now()
		w.Advance(30 * time.Hour)
		a, b = w.again(t, a), w.again(t, b)
		move := func(action string, payload object) object {
			c := w.command("task.change", object{"id": task, "action": action}, payload).on(1)
			c["occurredAt"] = happened.Format(time.RFC3339)
			return c
		}
		done := move("completion", object{})
		wantStatuses(t, w.sync(t, a, deviceA, done), "accepted")
		wantStatuses(t, w.sync(t, a, spare, done), "replayed")
		if on := w.rows(t, "SELECT done_on FROM tasks")[0][0]; on != string(models.DateOf(happened, "Asia/Almaty")) {
			t.Errorf("done on %s", on)
		}
		skip := move("skip", object{"reason": "client_declined"})
		got := w.sync(t, b, deviceB, skip, move("completion", object{}))
		wantStatuses(t, got, "conflict precondition.version", "conflict precondition.version")
		if got[0].Resource["state"] != "done" || w.n(t, "sync_conflicts WHERE state = 'waiting'") != 2 {
			t.Errorf("%+v", got[0])
		}
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "apply", "baseVersion": 2}, 409).failing("task.not_possible"))
		w.run(t, resolving(b, *got[0].Conflict, object{"action": "drop"}, 200))
		wantStatuses(t, w.sync(t, b, deviceB, skip), "refused sync_conflict.settled")
		w.get(t, b, "/api/v1/tasks/"+task, `"state":"done"`)
	})
}

// The page names every command, and no other.
func TestDocs_OfflineNamesEveryCommand(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/offline.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	_, table, _ := strings.Cut(text, "### What may be called")
	table, _, _ = strings.Cut(table, "\nApprovals by")
	var listed []string
	for line := range strings.Lines(table) {
		if first, _, found := strings.Cut(strings.TrimPrefix(line, "| "), " | "); found && strings.HasPrefix(first, "`") {
			listed = append(listed, strings.Fields(strings.ReplaceAll(first, "`", ""))...)
		}
	}
	commands := slices.Sorted(maps.Keys(commandRoutes()))
	for _, command := range commands {
		if !slices.Contains(listed, command) {
			t.Errorf("docs/offline.md does not list the command %s", command)
		}
	}
	for _, name := range listed {
		if !slices.Contains(commands, name) {
			t.Errorf("docs/offline.md lists %s, which no route has as its command", name)
		}
	}
}

// asSent is the body that a payload stands for: with its time, and without what says nothing.
func asSent(t *testing.T, r Route, payload map[string]any) (body any) {
	t.Helper()
	raw := []byte(saying(object(payload).String()))
	if r.Occurs != "" {
		var err error
		if raw, err = handlers.FillTime(raw, r.Occurs, "Asia/Almaty", time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	return body
}

// Every command has an example on the page that its route can read.
func TestDocs_OfflineHasAnExampleOfEveryCommand(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/offline.md")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	_, examples, _ := strings.Cut(string(page), "```jsonl\n")
	examples, _, _ = strings.Cut(examples, "```")
	routes := commandRoutes()
	for line := range strings.Lines(examples) {
		var c struct {
			Type        string
			BaseVersion *int64
			Payload     map[string]any
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		r, ok := routes[c.Type]
		if !ok {
			t.Errorf("%s is no command, or has two examples", c.Type)
			continue
		}
		delete(routes, c.Type)
		if needs := r.Change && !r.Adds; needs != (c.BaseVersion != nil) {
			t.Errorf("%s: needs a base: %t", c.Type, needs)
		}
		for _, name := range parametersOf(&r) {
			if c.Payload[name] == nil {
				t.Errorf("%s: no %s", c.Type, name)
			}
			if r.OccursIn != "" && r.OccursIn != c.Payload["action"] && name == "action" {
				r.Occurs = "" // its time is said
			}
			delete(c.Payload, name)
		}
		op := doc.Paths.Value(pathParam.ReplaceAllString(r.Path, "{$1}")).GetOperation(r.Method)
		if op.RequestBody == nil {
			if len(c.Payload) != 0 {
				t.Errorf("%s takes no body", c.Type)
			}
			continue
		}
		if err := op.RequestBody.Value.Content["application/json"].Schema.Value.VisitJSON(asSent(t, r, c.Payload)); err != nil {
			t.Errorf("%s: %v", c.Type, err)
		}
	}
	for kind := range routes {
		t.Errorf("%s has no example", kind)
	}
}
