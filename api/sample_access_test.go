package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"jol/models"
)

// step makes a change on a version.
func (w *world) step(t testing.TB, who account, path string, version int, body string) Answer {
	t.Helper()
	return w.run(t, changing(who, http.MethodPost, "/api/v1/"+path, fmt.Sprintf(`"%d"`, version), body, http.StatusOK))
}

func (w *world) agreementBody() string {
	return object{"institution": w.Colony.ID, "services": []string{"counselling"}, "dataAnnex": true, "validFrom": w.Today(), "validUntil": w.Today().AddMonths(12), "renews": ""}.String()
}

// agreement proposes an agreement with the colony and takes it as far as wanted.
func (w *world) agreement(t testing.TB, coordinator account, moves int) string {
	t.Helper()
	id := w.run(t, creating(coordinator, "/api/v1/agreements", w.agreementBody(), 201)).named(t).ID
	for i, action := range []string{"negotiation", "signature", "countersignature", "activation"}[:moves] {
		who := coordinator
		if action == "countersignature" {
			who = w.as(t, models.RolePrisonManagement)
		}
		w.step(t, who, "agreements/"+id+"/"+action, i+1, "")
	}
	return id
}

// inForce makes sure that the coordinator's NGO has its one agreement in force with the colony.
func (w *world) inForce(t testing.TB, coordinator account) {
	t.Helper()
	if len(w.rows(t, "SELECT id FROM agreements WHERE state = 'active' AND ngo_id = '"+string(coordinator.Org.ID)+"'")) == 0 {
		w.agreement(t, coordinator, 4)
	}
}

func (w *world) passBody(worker account) string {
	return object{"user": worker.ID, "institution": w.Colony.ID, "purpose": "counselling", "from": w.Today(), "until": w.Today().AddMonths(3)}.String()
}

// accessPass applies for a pass and takes it as far as wanted.
func (w *world) accessPass(t testing.TB, coordinator, worker account, moves int) string {
	t.Helper()
	id := w.run(t, creating(coordinator, "/api/v1/access-passes", w.passBody(worker), 201)).named(t).ID
	for i, action := range []string{"approval", "induction", "activation"}[:moves] {
		body := ""
		if action == "induction" {
			body = object{"on": w.Today()}.String()
		}
		w.step(t, w.as(t, models.RolePrisonManagement), "access-passes/"+id+"/"+action, i+1, body)
	}
	return id
}

func visitBody(w *world, pass string) string {
	return object{"pass": pass, "purpose": "training", "on": w.Today()}.String()
}

func breakGlassBody(code, note string) string {
	return object{"clientCode": code, "reason": "overdose", "note": note, "hours": 2}.String()
}

func noteBody(w *world, spell string) string {
	return object{"spell": spell, "place": "cell", "watchFor": []string{"hard_to_wake"}, "from": w.Now().Format(time.RFC3339), "until": w.Now().Add(48 * time.Hour).Format(time.RFC3339)}.String()
}

const disclosureBody = `{"recipient":"court","categories":["attendance"],"ground":"lawful_request","clientTold":true,"notToldReason":""}`

// partnershipSamples work on what lies between an NGO and the colony.
func (p *population) partnershipSamples(t *testing.T) map[string]sample {
	t.Helper()
	coordinator, head, other := p.as(t, models.RoleNGOCoordinator), p.as(t, models.RolePrisonManagement), p.at(t, models.RoleNGOCoordinator, p.OtherNGO, 1)
	draft, negotiating := p.agreement(t, coordinator, 0), p.agreement(t, coordinator, 2)
	p.inForce(t, coordinator)
	theirs := p.agreement(t, other, 4)
	pass, live := p.accessPass(t, coordinator, p.ngo, 0), p.accessPass(t, coordinator, p.ngo, 3)
	theirPass := p.accessPass(t, other, p.at(t, models.RoleNGOOutreach, p.OtherNGO, 1), 3)
	visit := p.run(t, creating(coordinator, "/api/v1/visits", visitBody(p.world, live), 201)).named(t).ID
	theirVisit := p.run(t, creating(other, "/api/v1/visits", visitBody(p.world, theirPass), 201)).named(t).ID
	of := func(who account, noun, id, after, body string, others ...string) sample {
		before := "/api/v1/" + noun + "/"
		s := sample{who: who, path: before + id + after, body: body, absent: absent(before, after)}
		for _, o := range others {
			s.others = append(s.others, before+o+after)
		}
		return s
	}
	countersign := of(head, "agreements", negotiating, "/countersignature", "")
	countersign.etag = `"3"`
	return map[string]sample{
		"GET /api/v1/agreements":                              {who: coordinator, path: "/api/v1/agreements"},
		"POST /api/v1/agreements":                             {who: coordinator, path: "/api/v1/agreements", body: p.agreementBody()},
		"GET /api/v1/agreements/:id":                          of(coordinator, "agreements", draft, "", "", theirs),
		"POST /api/v1/agreements/:id/countersignature":        countersign,
		"POST /api/v1/agreements/:id/:action":                 of(coordinator, "agreements", draft, "/ending", `{"transition":"no_clients"}`, theirs),
		"GET /api/v1/access-passes":                           {who: coordinator, path: "/api/v1/access-passes"},
		"POST /api/v1/access-passes":                          {who: coordinator, path: "/api/v1/access-passes", body: p.passBody(p.ngo)},
		"GET /api/v1/access-passes/:id":                       of(coordinator, "access-passes", pass, "", "", theirPass),
		"POST /api/v1/access-passes/:id/approval":             of(head, "access-passes", pass, "/approval", ""),
		"POST /api/v1/access-passes/:id/refusal":              of(head, "access-passes", pass, "/refusal", `{"reason":"security_check"}`),
		"POST /api/v1/access-passes/:id/:action":              of(coordinator, "access-passes", pass, "/revocation", `{"reason":"not_needed"}`, theirPass),
		"GET /api/v1/visits":                                  {who: coordinator, path: "/api/v1/visits"},
		"POST /api/v1/visits":                                 {who: coordinator, path: "/api/v1/visits", body: visitBody(p.world, live)},
		"GET /api/v1/visits/:id":                              of(coordinator, "visits", visit, "", "", theirVisit),
		"POST /api/v1/visits/:id/:action":                     of(coordinator, "visits", visit, "/cancellation", `{"reason":"worker_absent"}`, theirVisit),
		"POST /api/v1/access-passes/:id/conditional-approval": of(head, "access-passes", pass, "/conditional-approval", `{"conditions":["escorted"]}`),
	}
}

// disclosureSamples work on consents, the disclosure log, emergency access and notes.
func (p *population) disclosureSamples(t *testing.T) map[string]sample {
	t.Helper()
	medic := p.as(t, models.RolePrisonMedical)
	held := p.register(t, medic, 30)
	spell := p.Hold(p.ColonyHealth, held)
	note := p.run(t, creating(medic, "/api/v1/functional-notes", noteBody(p.world, spell), 201)).named(t).ID
	open := func(who account, code string) string {
		return p.run(t, creating(who, "/api/v1/break-glass", breakGlassBody(code, "unresponsive on arrival"), 201)).named(t).ID
	}
	running, ended, theirs := open(p.doctor, p.code), open(p.doctor, p.code), open(p.poly, p.polyCode)
	p.run(t, Scenario{Method: http.MethodPost, Path: "/api/v1/break-glass/" + ended + "/end", Token: p.doctor.Token, Status: 200})
	duty := func(who account, code string) string {
		return p.run(t, creating(who, "/api/v1/clients/"+code+"/court-duties", dutyBody(p.world), 201)).named(t).ID
	}
	ownDuty, theirDuty := duty(p.doctor, p.code), duty(p.poly, p.polyCode)
	of := func(after, body string) sample {
		path := func(code string) string { return "/api/v1/clients/" + code + after }
		return sample{who: p.doctor, path: path(p.code), body: body, others: []string{path(p.polyCode), path(p.ngoCode)},
			absent: []string{path(p.absentCode), path(p.absentCode + ".2"), path(p.code + ".2"), path("P1" + p.code[2:])}}
	}
	by := func(who account, noun, id, after, body string, others ...string) sample {
		before := "/api/v1/" + noun + "/"
		s := sample{who: who, path: before + id + after, body: body, absent: absent(before, after)}
		for _, o := range others {
			s.others = append(s.others, before+o+after)
		}
		return s
	}
	review := by(p.second, "break-glass", ended, "/review", `{"outcome":"justified"}`, theirs)
	review.etag = `"2"`
	clientNotes := of("/functional-notes", "")
	clientNotes.who, clientNotes.path = medic, "/api/v1/clients/"+held+"/functional-notes"
	clientNotes.others = append(clientNotes.others, "/api/v1/clients/"+p.code+"/functional-notes")
	return map[string]sample{
		"GET /api/v1/clients/:code/consents":      of("/consents", ""),
		"GET /api/v1/consents/:id/versions":       by(p.doctor, "consents", p.consent, "/versions", "", p.polyConsent, p.ngoConsent),
		"POST /api/v1/consents/:id/invalidity":    by(p.doctor, "consents", p.consent, "/invalidity", `{"reason":"form_error"}`, p.polyConsent, p.ngoConsent),
		"POST /api/v1/consents/:id/:action":       by(p.doctor, "consents", p.consent, "/renewal", object{"until": p.Today().AddMonths(20)}.String(), p.polyConsent, p.ngoConsent),
		"GET /api/v1/clients/:code/disclosures":   of("/disclosures", ""),
		"POST /api/v1/clients/:code/disclosures":  of("/disclosures", disclosureBody),
		"GET /api/v1/clients/:code/summary":       of("/summary", ""),
		"POST /api/v1/clients/:code/court-duties": of("/court-duties", dutyBody(p.world)),
		"POST /api/v1/court-duties/:id/ending":    by(p.doctor, "court-duties", ownDuty, "/ending", "", theirDuty),
		"GET /api/v1/supervisions":                {who: p.as(t, models.RoleProbationOfficer), path: "/api/v1/supervisions"},
		"GET /api/v1/supervisions/:id":            by(p.as(t, models.RoleProbationOfficer), "supervisions", ownDuty, "", "", p.consent, p.polyConsent),
		"POST /api/v1/break-glass": {who: p.doctor, path: "/api/v1/break-glass", body: breakGlassBody(p.code, "unresponsive"),
			otherBody: breakGlassBody(p.polyCode, "unresponsive"), absentBody: breakGlassBody(p.absentCode, "unresponsive")},
		"GET /api/v1/break-glass":                        {who: p.doctor, path: "/api/v1/break-glass"},
		"GET /api/v1/break-glass/:id":                    by(p.doctor, "break-glass", running, "", "", theirs),
		"POST /api/v1/break-glass/:id/end":               by(p.doctor, "break-glass", running, "/end", "", theirs),
		"POST /api/v1/break-glass/:id/review":            review,
		"POST /api/v1/functional-notes":                  {who: medic, path: "/api/v1/functional-notes", body: noteBody(p.world, spell)},
		"GET /api/v1/functional-notes":                   {who: medic, path: "/api/v1/functional-notes"},
		"GET /api/v1/clients/:code/functional-notes":     clientNotes,
		"POST /api/v1/functional-notes/:id/cancellation": by(medic, "functional-notes", note, "/cancellation", ""),
	}
}

func dutyBody(w *world) string {
	return object{"probation": w.Probation.ID, "until": w.Today().AddMonths(6)}.String()
}
