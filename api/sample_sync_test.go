package api

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"jol/models"
)

// enrol gives a user a device and returns its id and token.
func (w *world) enrol(t testing.TB, who account) (id, token string) {
	t.Helper()
	admin := w.again(t, w.as(t, models.RoleAdministrator))
	var d struct{ ID, Token string }
	w.run(t, creating(admin, "/api/v1/devices", object{"user": who.ID, "label": "Phone 3"}.String(), 201)).Into(t, &d)
	return d.ID, d.Token
}

// command is one command as a device sends it.
func (w *world) command(kind string, params, payload object) object {
	return object{"id": uuid.NewString(), "type": kind, "params": params, "idempotencyKey": uuid.NewString(), "baseVersion": nil,
		"occurredAt": w.Now().Format("2006-01-02T15:04:05Z"), "payload": payload}
}

// on is the command on a base version.
func (o object) on(version int) object {
	o["baseVersion"] = version
	return o
}

// syncResult is one result of an outbox.
type syncResult struct {
	ID       *string
	Status   string
	Resource map[string]any
	Conflict *string
	Problem  *struct {
		Code, Detail string
		Status       int
		Errors       []models.FieldError
	}
}

// sync sends an outbox; the answer must be 200 with one result for each command. With a device
// it is signed in there: a token that was used with a device is good for nothing without it.
func (w *world) sync(t testing.TB, who account, device string, commands ...object) []syncResult {
	t.Helper()
	if device != "" {
		who = w.again(t, who)
	}
	var answer struct{ Results []syncResult }
	w.run(t, outbox(who, device, 200, commands...)).Into(t, &answer)
	if len(answer.Results) != len(commands) {
		t.Fatalf("%d results for %d commands", len(answer.Results), len(commands))
	}
	return answer.Results
}

func outbox(who account, device string, status int, commands ...object) Scenario {
	sc := Scenario{Method: "POST", Path: "/api/v1/sync", Token: who.Token, Body: object{"commands": commands}.String(), Status: status, Headers: map[string]string{}}
	if device != "" {
		sc.Headers["Device-Token"] = device
	}
	return sc
}

func (p *population) syncSamples(t *testing.T) map[string]sample {
	t.Helper()
	const devices, conflicts = "/api/v1/devices", "/api/v1/sync/conflicts"
	admin := p.at(t, models.RoleAdministrator, p.Clinic, 1)
	device, token := p.enrol(t, p.doctor)
	theirs, theirToken := p.enrol(t, p.poly)
	waiting := func(who account, token, code string) string {
		t.Helper()
		results := p.sync(t, who, token, p.command("episode.create", object{"code": code}, object{"startDate": p.Today(), "legalBasis": "voluntary", "previousTreatment": "1",
			"referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"}))
		if results[0].Status != "conflict" {
			t.Fatalf("%+v", results[0])
		}
		return *results[0].Conflict
	}
	phone := p.again(t, p.doctor)
	p.run(t, Scenario{Path: "/api/v1/me", Token: phone.Token, Status: 200, Headers: map[string]string{"Device-Token": token}}) // bound: no sample writes that
	return map[string]sample{
		"GET /api/v1/device-state": {path: "/api/v1/device-state", device: token},
		"GET /api/v1/devices":      {who: admin, path: devices},
		"POST /api/v1/devices":     {who: admin, path: devices, body: object{"user": p.second.ID, "label": "Tablet 1", "days": 30}.String()},
		"POST /api/v1/devices/:id/shut-out": {who: admin, path: devices + "/" + device + "/shut-out",
			others: []string{devices + "/" + theirs + "/shut-out"}, absent: absent(devices+"/", "/shut-out")},
		"POST /api/v1/sync": {who: phone, path: "/api/v1/sync", device: token,
			body: object{"commands": []object{p.command("episode.contact", object{"id": p.episode}, object{})}}.String()},
		"GET /api/v1/sync/conflicts": {who: p.doctor, path: conflicts},
		"POST /api/v1/sync/conflicts/:id/resolution": {who: p.doctor, path: conflicts + "/" + waiting(p.doctor, token, p.code) + "/resolution", body: object{"action": "drop"}.String(),
			others: []string{conflicts + "/" + waiting(p.poly, theirToken, p.polyCode) + "/resolution"}, absent: absent(conflicts+"/", "/resolution")},
		"GET /api/v1/changes": {who: p.doctor, path: "/api/v1/changes"},
	}
}

// allRefused reports whether an outbox was answered and each of its commands refused: what
// is a failure elsewhere is an item's failure there.
func allRefused(r Route, a Answer) bool {
	var answer struct{ Results []syncResult }
	if r.key() != "POST /api/v1/sync" || json.Unmarshal(a.Body, &answer) != nil || len(answer.Results) == 0 {
		return false
	}
	for _, result := range answer.Results {
		if result.Status != "refused" || result.Problem == nil {
			return false
		}
	}
	return true
}
