package api

import (
	"net/http"
	"strings"
	"testing"

	"jol/models"
)

func TestClient_RegisterAndFind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse, doctor := w.as(t, models.RoleNurse), w.as(t, models.RoleClinician)
		create := creating(nurse, "/api/v1/clients", person(1), 201)
		a := w.run(t, create.failing("", `"localNo":1`, `"lowQuality":false`, string(w.Clinic.ID)))
		code := a.named(t).Code
		if a.Header.Get("Location") != "/api/v1/clients/"+code || a.Header.Get("ETag") != `"1"` || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", a.Header)
		}
		replay := w.run(t, create)
		if replay.Header.Get("Idempotency-Replayed") != "true" || string(replay.Body) != string(a.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		found := w.run(t, creating(doctor, "/api/v1/clients", person(1), 200))
		if string(found.Body) != string(a.Body) || found.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("found again: %s", found.Body)
		}
		namesake := strings.Replace(person(1), "{", `{"distinct":true,`, 1)
		second := w.run(t, creating(doctor, "/api/v1/clients", namesake, 201).failing("", `"localNo":2`, `"sameCode":["`+code+`","`+code+`.2"]`)).named(t)
		w.get(t, nurse, "/api/v1/clients/"+second.Code, `"code":"`+code+`.2"`)
		got := w.get(t, nurse, "/api/v1/clients/"+code, `"sex":"M"`, string(w.Clinic.ID))
		if got.Header.Get("ETag") != `"1"` || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", got.Header)
		}
		// What people type: lower case, no dashes.
		w.get(t, nurse, "/api/v1/clients/"+strings.ToLower(strings.ReplaceAll(code, "-", "")), `"code":"`+code+`"`)
		for _, absent := range []string{"birthYear", "1985", "nitials"} {
			if strings.Contains(string(got.Body), absent) {
				t.Errorf("the record shows %s: %s", absent, got.Body)
			}
		}
	})
}

// No oracle: the answer to a registration is the same, bytes and headers, whatever
// other organisations hold of the person.
func TestClient_RegistrationIsNoOracle(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		poly, ngo := w.at(t, models.RoleClinician, w.Polyclinic, 1), w.as(t, models.RoleNGOOutreach)
		prison := w.as(t, models.RolePrisonMedical)
		// Person 1 is known to everybody else, treated and referred; person 2 to nobody.
		for _, who := range []account{poly, ngo, prison} {
			code := w.register(t, who, 1)
			w.start(t, who, code)
			w.consent(t, who, code, w.Clinic, models.CatTreatmentFact)
			w.refer(t, who, code, w.Clinic, "")
		}
		known := w.run(t, creating(doctor, "/api/v1/clients", person(1), 201))
		alone := w.run(t, creating(doctor, "/api/v1/clients", person(2), 201))
		a, b := known.named(t).Code, alone.named(t).Code
		level := func(answer Answer, code string) string {
			answer = answer.withSex() // the two people differ in sex by chance of their number
			return strings.ReplaceAll(anonymous(answer), code, "CODE")
		}
		if level(known, a) != level(alone, b) {
			t.Errorf("the answers differ:\n%s\n%s", level(known, a), level(alone, b))
		}
		again := w.run(t, creating(doctor, "/api/v1/clients", person(1), 200))
		if string(again.Body) != string(known.Body) {
			t.Errorf("found again:\n%s\n%s", known.Body, again.Body)
		}
		// Neither do the reads that follow tell.
		for _, path := range []string{"", "/pathway", "/episodes"} {
			one, two := w.get(t, doctor, "/api/v1/clients/"+a+path), w.get(t, doctor, "/api/v1/clients/"+b+path)
			if level(one, a) != level(two, b) {
				t.Errorf("%s tells:\n%s\n%s", path, level(one, a), level(two, b))
			}
		}
	})
}

// withSex levels the sex of a record.
func (a Answer) withSex() Answer {
	a.Body = []byte(strings.ReplaceAll(string(a.Body), `"sex":"M"`, `"sex":"F"`))
	return a
}

func TestClient_IdentityChangeTakesFourEyes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, second := w.as(t, models.RoleClinician), w.at(t, models.RoleNurse, w.Clinic, 1)
		one, two := w.register(t, doctor, 1), w.register(t, doctor, 2)
		ask := creating(doctor, "/api/v1/clients/"+one+"/identity-changes", object{"kind": "merge", "with": two}.String(), 201)
		a := w.run(t, ask.failing("", `"state":"requested"`))
		if replay := w.run(t, ask); replay.Header.Get("Idempotency-Replayed") != "true" || string(replay.Body) != string(a.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		path := "/api/v1/identity-changes/" + a.named(t).ID + "/approval"
		approve := func(who account, etag string, status int) Scenario {
			return changing(who, http.MethodPost, path, etag, "", status)
		}
		w.run(t, approve(doctor, `"1"`, 409).failing("identity_change.four_eyes"))
		w.run(t, approve(w.at(t, models.RoleNurse, w.Polyclinic, 1), `"1"`, 404).failing("identity_change.not_found"))
		w.run(t, approve(second, `"7"`, 412).failing("precondition.version"))
		w.run(t, approve(second, `"1"`, 200).failing("", `"state":"approved"`, `"version":2`))
		w.run(t, approve(second, `"2"`, 409).failing("identity_change.not_requested"))
		w.get(t, second, "/api/v1/identity-changes?state=approved&limit=10", a.named(t).ID, `"clientCode":"`+one+`"`, `"withCode":"`+two+`"`)
		if others := w.get(t, w.at(t, models.RoleNurse, w.Polyclinic, 1), "/api/v1/identity-changes"); strings.Contains(string(others.Body), one) {
			t.Error("another clinic sees the change")
		}
		if open := w.get(t, second, "/api/v1/identity-changes?state=requested"); strings.Contains(string(open.Body), a.named(t).ID) {
			t.Error("an approved change still waits")
		}
		w.refused(t, second, "/api/v1/identity-changes?state=zqx", 422, "state.unknown")
		w.refused(t, w.as(t, models.RoleNGOOutreach), "/api/v1/identity-changes", 403, "role.not_allowed")
		// Both records now tell one story, and a split undoes it.
		w.start(t, doctor, two)
		w.get(t, doctor, "/api/v1/clients/"+one+"/pathway", `"kind":"episode"`)
		split := w.run(t, creating(doctor, "/api/v1/clients/"+one+"/identity-changes", `{"kind":"split"}`, 201)).named(t)
		path = "/api/v1/identity-changes/" + split.ID + "/approval"
		w.run(t, approve(second, `"1"`, 200))
		if after := w.get(t, doctor, "/api/v1/clients/"+one+"/pathway"); strings.Contains(string(after.Body), "episode") {
			t.Errorf("still joined: %s", after.Body)
		}
	})
}
