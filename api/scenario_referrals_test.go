package api

import (
	"net/http"
	"strings"
	"testing"

	"jol/models"
)

// The whole life of a referral: outreach registers, the client consents, the clinic
// takes over, treats and closes.
func TestReferral_WholeLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleClinician)
		code := w.register(t, ngo, 1)
		w.run(t, creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, ""), 409).failing("referral.consent_required"))
		w.consent(t, ngo, code, w.Clinic, models.CatTreatmentFact)
		send := creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, "prefers mornings"), 201)
		sent := w.run(t, send.failing("", `"state":"sent"`, `"clientCode":"`+code+`"`, `"allowed":["cancellation"]`, `"overdue":false`))
		if replay := w.run(t, send); replay.Header.Get("Idempotency-Replayed") != "true" || string(replay.Body) != string(sent.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		id := sent.named(t).ID
		path := "/api/v1/referrals/" + id
		w.get(t, doctor, "/api/v1/referrals?direction=in&state=sent&overdue=false", id, "prefers mornings")
		if out := w.get(t, doctor, "/api/v1/referrals?direction=out"); strings.Contains(string(out.Body), id) {
			t.Error("an inbox referral in the outbox")
		}
		inbox := w.get(t, doctor, path, `"allowed":["receipt","acceptance","decline","info-request"]`)
		own := inbox.named(t).ClientCode
		if !strings.HasPrefix(own, "C1-") || strings.Contains(string(inbox.Body), code) || inbox.Header.Get("ETag") != `"1"` {
			t.Errorf("the clinic reads %s", inbox.Body)
		}
		w.run(t, changing(doctor, "POST", path+"/receipt", `"1"`, "", 200).failing("", `"state":"received"`))
		w.run(t, changing(doctor, "POST", path+"/acceptance", `"1"`, "", 412).failing("precondition.version"))
		w.run(t, changing(doctor, "POST", path+"/acceptance", `"2"`, "{}", 200).failing("", `"state":"accepted"`, `"clientCode":"`+own+`"`))
		w.run(t, changing(doctor, "POST", path+"/acceptance", `"3"`, "{}", 409).failing("referral.not_pending"))
		w.get(t, doctor, "/api/v1/clients/"+own, `"responsibleOrganisation":"`+string(w.Clinic.ID)+`"`)
		w.get(t, ngo, "/api/v1/clients/"+code, `"responsibleOrganisation":null`)
		w.run(t, creating(ngo, "/api/v1/clients", person(1), 200).failing("", `"code":"`+code+`"`, `"responsibleOrganisation":null`))
		episode := w.start(t, doctor, own)
		w.move(t, doctor, id, "appointment", object{"at": w.Now().AddDate(0, 0, 1)}.String())
		w.move(t, doctor, id, "attendance", object{"on": w.Today()}.String())
		w.get(t, ngo, path, `"state":"attended"`, `"attendedOn":"`+string(w.Today())+`"`, `"allowed":[]`)
		w.run(t, changing(doctor, "POST", "/api/v1/episodes/"+episode+"/closure", `"1"`, object{"endDate": w.Today(), "endReason": "1"}.String(), 200))
		w.run(t, changing(ngo, "POST", path+"/cancellation", `"5"`, "", 409).failing("referral.not_possible"))
	})
}

// After a withdrawal the receiver sees exactly id, state and withdrawnAt, wherever it
// looks; the sender keeps what it wrote; the receiver's own record stays its own.
func TestReferral_WithdrawalLeavesAStub(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleClinician)
		code := w.register(t, ngo, 1)
		consent := w.consent(t, ngo, code, w.Clinic, models.CatTreatmentFact)
		id := w.refer(t, ngo, code, w.Clinic, "prefers mornings")
		own := w.move(t, doctor, id, "acceptance", "").named(t).ClientCode
		w.start(t, doctor, own)
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/consents/" + consent + "/withdrawal", Token: ngo.Token, Status: 200})
		stub := `{"id":"` + id + `","state":"consent_withdrawn","withdrawnAt":"` + w.Now().Format("2006-01-02T15:04:05Z") + `"}`
		if got := w.get(t, doctor, "/api/v1/referrals/"+id); string(got.Body) != stub {
			t.Errorf("the receiver sees %s", got.Body)
		}
		if got := w.get(t, doctor, "/api/v1/referrals"); string(got.Body) != `{"items":[`+stub+`],"page":{"next":""}}` {
			t.Errorf("the inbox holds %s", got.Body)
		}
		pathway := w.get(t, doctor, "/api/v1/clients/"+own+"/pathway", `"record":`+stub, `"kind":"episode"`)
		for _, gone := range []string{"prefers mornings", code, string(w.NGO.ID), consent} {
			if strings.Contains(string(pathway.Body), gone) {
				t.Errorf("the receiver's pathway holds %q: %s", gone, pathway.Body)
			}
		}
		w.refused(t, doctor, "/api/v1/consents/"+consent, 404, "consent.not_found")
		w.run(t, changing(doctor, "POST", "/api/v1/referrals/"+id+"/appointment", `"3"`, object{"at": w.Now().AddDate(0, 0, 1)}.String(), 409).
			failing("referral.not_possible"))
		w.get(t, ngo, "/api/v1/referrals/"+id, "prefers mornings", `"clientCode":"`+code+`"`)
		w.get(t, doctor, "/api/v1/clients/"+own+"/episodes", `"endDate":null`)
	})
}

func TestReferral_DeclineLostAndCancelled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor := w.as(t, models.RoleNGOCoordinator), w.as(t, models.RoleNarcologist)
		code := w.register(t, ngo, 1)
		w.consent(t, ngo, code, w.Clinic)
		declined, lost, cancelled := w.refer(t, ngo, code, w.Clinic, ""), w.refer(t, ngo, code, w.Clinic, ""), w.refer(t, ngo, code, w.Clinic, "")
		w.move(t, doctor, declined, "info-request", "")
		w.move(t, doctor, declined, "decline", `{"reason":"no_capacity","alternative":"the day centre"}`)
		w.get(t, ngo, "/api/v1/referrals/"+declined, `"declineReason":"no_capacity"`, `"alternative":"the day centre"`)
		w.move(t, doctor, lost, "acceptance", "")
		w.move(t, doctor, lost, "no-show", "")
		w.move(t, ngo, lost, "re-engagement", "")
		w.move(t, ngo, lost, "closure", "")
		w.move(t, ngo, cancelled, "cancellation", "")
		w.get(t, ngo, "/api/v1/referrals?state=closed_lost", lost)
		w.get(t, ngo, "/api/v1/referrals?state=cancelled", cancelled)
		fresh := w.refer(t, ngo, code, w.Clinic, "")
		path := "/api/v1/referrals/" + fresh
		w.run(t, changing(ngo, http.MethodPost, path+"/acceptance", `"1"`, "", 409).failing("referral.other_party"))
		w.run(t, changing(doctor, http.MethodPost, path+"/decline", `"1"`, `{"reason":"zqx"}`, 422).
			failing("referral.decline_reason_unknown", `"/reason"`, `"/alternative"`))
		w.run(t, changing(doctor, http.MethodPost, path+"/decline", `"1"`, `{"on":"2026-10-05"}`, 422).failing("body.unknown_field", `"/on"`))
		w.run(t, changing(doctor, http.MethodPost, path+"/zqx", `"1"`, "", 404).failing("referral.not_found"))
	})
}

// Acceptance may name the receiver's own record; only a clinician's word joins people.
func TestReferral_AcceptanceNamesTheOwnRecord(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor, social := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleClinician), w.as(t, models.RoleSocialWorker)
		known := w.register(t, doctor, 7) // other initials were given here
		code := w.register(t, ngo, 1)
		w.consent(t, ngo, code, w.Clinic)
		path := "/api/v1/referrals/" + w.refer(t, ngo, code, w.Clinic, "") + "/acceptance"
		same := object{"sameAs": known}.String()
		w.run(t, changing(social, "POST", path, `"1"`, same, 422).failing("referral.clinician_confirms", `"/sameAs"`))
		w.run(t, changing(doctor, "POST", path, `"1"`, object{"sameAs": code}.String(), 404).failing("client.not_found", `"/sameAs"`))
		w.run(t, changing(doctor, "POST", path, `"1"`, `{"sameAs":"C1-zqx"}`, 422).failing("client.code_format", `"/sameAs"`))
		w.run(t, changing(doctor, "POST", path, `"1"`, same, 200).failing("", `"clientCode":"`+known+`"`))
	})
}
