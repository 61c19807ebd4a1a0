package api

import (
	"strings"
	"testing"
	"time"

	"jol/models"
)

func TestConsent_GiveReadWithdraw(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		code := w.register(t, ngo, 1)
		give := creating(ngo, "/api/v1/clients/"+code+"/consents", consentBody(w, models.PurposeReferral, w.Clinic, models.CatTreatmentFact), 201)
		a := w.run(t, give.failing("", `"clientCode":"`+code+`"`, `"inForce":true`, `"state":"given"`, `"kind":null`, string(w.Clinic.ID)))
		if replay := w.run(t, give); replay.Header.Get("Idempotency-Replayed") != "true" || string(replay.Body) != string(a.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		id := a.named(t).ID
		if got := w.get(t, ngo, "/api/v1/consents/"+id); string(got.Body) != string(a.Body) || got.Header.Get("ETag") != `"1"` {
			t.Errorf("read %s %v", got.Body, got.Header)
		}
		referral := w.refer(t, ngo, code, w.Clinic, "")
		withdraw := Scenario{Method: "POST", Path: "/api/v1/consents/" + id + "/withdrawal", Token: ngo.Token, Status: 200,
			Contains: []string{`"state":"withdrawn"`, `"inForce":false`, `"closedReferrals":["` + referral + `"]`, `"endedShares":["` + string(w.Clinic.ID) + `"]`, `"cancelledDeliveries":[]`}}
		first := w.run(t, withdraw) // without If-Match and without a key
		w.Advance(time.Minute)
		if again := w.run(t, withdraw); string(again.Body) != string(first.Body) {
			t.Errorf("the second receipt differs: %s", again.Body)
		}
		w.get(t, ngo, "/api/v1/referrals/"+referral, `"state":"consent_withdrawn"`)
		w.run(t, creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, ""), 409).failing("referral.consent_required"))
	})
}

func TestConsent_ExpiresByTheCalendar(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		code := w.register(t, ngo, 1)
		body := object{"purpose": "referral", "recipient": object{"kind": "clinic"}, "categories": []string{}, "until": w.Today()}.String()
		id := w.run(t, creating(ngo, "/api/v1/clients/"+code+"/consents", body, 201)).named(t).ID
		referral := w.refer(t, ngo, code, w.Clinic, "prefers mornings")
		w.Advance(30 * time.Minute)
		doctor := w.as(t, models.RoleClinician)
		w.get(t, doctor, "/api/v1/referrals/"+referral, "prefers mornings")
		w.Advance(20 * time.Hour) // past midnight in Almaty
		ngo = w.at(t, models.RoleNGOOutreach, w.NGO, 2)
		doctor = w.at(t, models.RoleClinician, w.Clinic, 2)
		w.get(t, ngo, "/api/v1/consents/"+id, `"state":"expired"`, `"inForce":false`)
		stub := w.get(t, doctor, "/api/v1/referrals/"+referral)
		if got := string(stub.Body); got != `{"id":"`+referral+`","state":"sent","withdrawnAt":null}` {
			t.Errorf("the receiver sees %s", got)
		}
		accept := changing(doctor, "POST", "/api/v1/referrals/"+referral+"/acceptance", stub.Header.Get("ETag"), "", 409)
		w.run(t, accept.failing("consent.not_in_force"))
	})
}

func TestConsent_RefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		path := "/api/v1/clients/" + w.register(t, ngo, 1) + "/consents"
		good := object{"purpose": "referral", "recipient": object{"organisation": w.Clinic.ID}, "categories": []string{"oat"}, "until": w.Today()}
		for _, bad := range []struct {
			field, code, pointer string
			value                any
		}{
			{"purpose", "consent.purpose_unknown", "/purpose", "research"},
			{"purpose", "consent.purpose_unknown", "/purpose", "zqx"},
			{"purpose", "consent.recipient_not_for_counting", "/recipient", "linkage_sector"},
			{"recipient", "consent.one_recipient", "/recipient", object{}},
			{"recipient", "consent.one_recipient", "/recipient", object{"organisation": w.Clinic.ID, "kind": "clinic"}},
			{"recipient", "consent.recipient_not_care", "/recipient/organisation", object{"organisation": w.Colony.ID}},
			{"recipient", "consent.recipient_not_care", "/recipient/organisation", object{"organisation": "zqx"}},
			{"recipient", "consent.recipient_not_care", "/recipient/kind", object{"kind": "prison"}},
			{"recipient", "body.wrong_type", "/recipient", "zqx"},
			{"recipient", "body.unknown_field", "/recipient/zqx", object{"zqx": 1}},
			{"categories", "consent.category_unknown", "/categories", []string{"zqx"}},
			{"categories", "body.wrong_type", "/categories/0", []any{7}},
			{"until", "consent.until_not_a_date", "/until", "2026-13-01"},
			{"until", "consent.until_past", "/until", "2026-10-04"},
			{"until", "consent.until_too_far", "/until", "2028-10-06"},
		} {
			body := object{}
			for k, v := range good {
				body[k] = v
			}
			body[bad.field] = bad.value
			a := w.run(t, creating(ngo, path, body.String(), 422).failing(bad.code, `"`+bad.pointer+`"`))
			if strings.Contains(strings.ReplaceAll(string(a.Body), "/recipient/zqx", ""), "zqx") {
				t.Errorf("echoed: %s", a.Body)
			}
		}
		if n := len(w.rows(t, "SELECT id FROM consents")); n != 0 {
			t.Errorf("%d consents were written", n)
		}
	})
}
