package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"jol/models"
)

// carry makes a move of a transfer on the version the account reads now.
func (w *world) carry(t testing.TB, who account, id, action, body string, contains ...string) Answer {
	t.Helper()
	etag := w.get(t, who, "/api/v1/dose-transfers/"+id).Header.Get("ETag")
	return w.run(t, changing(who, http.MethodPost, "/api/v1/dose-transfers/"+id+"/"+action, etag, body, 200).failing("", contains...))
}

// wait moves the clock and signs the accounts in again: a token does not last that long.
func (w *world) wait(t testing.TB, d time.Duration, who ...*account) {
	t.Helper()
	w.Advance(d)
	for _, a := range who {
		token, err := w.IssueToken(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		a.Token = token.Token
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.accounts) // others are made anew when asked for
}

func doseContinuity(w *world, to *models.Organisation) string {
	return consentBody(w, models.PurposeDoseContinuity, to, models.CatOAT)
}

// The whole life of a treatment: ordered, given, missed, carried to the prison on the day
// of the arrest, and closed at the clinic only when the prison has confirmed.
func TestOAT_FromTheClinicIntoPrison(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, nurse, prison := w.as(t, models.RoleNarcologist), w.as(t, models.RoleNurse), w.as(t, models.RolePrisonMedical)
		code := w.register(t, doctor, 1)
		start := creating(doctor, "/api/v1/clients/"+code+"/dose-orders", w.doseOrderBody(), 201)
		nobody := start
		nobody.Token, nobody.Status, nobody.Code = nurse.Token, 403, "role.not_allowed" // a nurse prescribes nothing
		w.run(t, nobody)
		w.run(t, start.sending(strings.Replace(w.doseOrderBody(), `"identityChecked":true`, `"identityChecked":false`, 1)).fails(422, "dose_order.identity_not_checked").at("/identityChecked"))
		unit := strings.Replace(w.doseOrderBody(), `"verified_elsewhere"`, `""`, 1)
		w.run(t, start.sending(unit).fails(422, "dose.reason_required", "methadone-first-day-never").at("/guardReason"))
		w.run(t, start.sending(strings.Replace(unit, `"doseMg":80`, `"doseMg":0.0001`, 1)).fails(422, "dose.not_a_dose").at("/doseMg"))
		first := w.run(t, start.failing("", `"doseMg":80,`, `"doseContinuityConsent":"none"`, `"state":"active"`, `"guardReason":"verified_elsewhere"`,
			`"outsideGuards":["methadone-first-day-usual","methadone-first-day-never"]`, `"gap":null`))
		order := first.named(t).ID
		if replay := w.run(t, start); string(replay.Body) != string(first.Body) || replay.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("replay %s", replay.Body)
		}
		w.run(t, creating(doctor, "/api/v1/clients/"+code+"/dose-orders", w.doseOrderBody(), 409).failing("dose_order.active_already"))
		w.run(t, creating(doctor, "/api/v1/clients/"+code+"/consents", doseContinuity(w, w.ColonyHealth), 201))
		w.get(t, nurse, "/api/v1/dose-orders/"+order, `"doseContinuityConsent":"given"`, `"clientCode":"`+code+`"`)
		doses := "/api/v1/dose-orders/" + order + "/doses"
		plain := object{"status": "given", "at": w.Now(), "doseMg": 80.0, "witnessed": true}.String()
		w.run(t, creating(nurse, doses, plain, 422).failing("dose.reason_required", "methadone-first-day-usual"))
		w.dose(t, nurse, order, 80)
		w.run(t, creating(nurse, doses, object{"status": "given", "at": w.Now().Add(time.Hour), "doseMg": 80}.String(), 422).failing("dose.in_future"))
		w.wait(t, 24*time.Hour, &doctor, &nurse, &prison)
		missed := w.run(t, creating(nurse, doses, object{"status": "missed", "at": w.Now()}.String(), 201).failing("", `"doseMg":null`)).named(t).ID
		w.get(t, doctor, "/api/v1/dose-orders/"+order, `"hoursSinceLastDose":24,`, `"missedScheduledDoses":1`, `"band":"resume_if_well"`, `"rule":"methadone-daily"`)
		w.run(t, creating(nurse, doses, object{"status": "given", "at": w.Now(), "doseMg": 80, "corrects": missed}.String(), 201).failing("", `"corrects":"`+missed+`"`))
		w.get(t, doctor, "/api/v1/dose-orders/"+order, `"missedScheduledDoses":0`, `"band":"none"`)
		w.get(t, doctor, doses+"?limit=2", `"status":"missed"`, `"next":"`)

		custody := w.register(t, prison, 1)
		asked := w.requestDose(t, prison, custody, w.Clinic)
		path := "/api/v1/dose-transfers/" + asked
		if own := w.get(t, prison, path, `"state":"requested"`, `"medicine":null`, `"clientCode":"`+custody+`"`, `"allowed":["cancellation"]`); strings.Contains(string(own.Body), code) {
			t.Errorf("the unit reads %s", own.Body)
		}
		if inbox := w.get(t, doctor, "/api/v1/dose-transfers?direction=out&overdue=false", `"clientCode":"`+code+`"`, `"allowed":["sending","decline"]`); strings.Contains(string(inbox.Body), custody) {
			t.Errorf("the clinic reads %s", inbox.Body)
		}
		w.run(t, changing(doctor, "POST", path+"/sending", `"1"`, object{"clientCode": custody}.String(), 404).failing("client.not_found", `"/clientCode"`))
		w.run(t, changing(doctor, "POST", path+"/sending", `"1"`, object{"clientCode": code, "sameAs": code}.String(), 422).failing("body.unknown_field", `"/sameAs"`))
		w.run(t, changing(doctor, "POST", path+"/confirmation", `"1"`, `{"identityChecked":true}`, 409).failing("dose_transfer.other_party"))
		w.carry(t, nurse, asked, "sending", object{"clientCode": code}.String(), `"state":"sent"`)
		w.get(t, prison, path, `"medicine":"methadone"`, `"doseMg":80,`, `"phase":"maintenance"`, `"lastDoseAt":"`+w.Now().Format(time.RFC3339))
		w.refused(t, prison, "/api/v1/dose-orders/"+order, 404, "dose_order.not_found") // not joined yet: the transfer is all it sees
		w.get(t, doctor, "/api/v1/dose-orders/"+order, `"state":"active"`)
		w.run(t, changing(prison, "POST", path+"/confirmation", `"2"`, "{}", 422).failing("dose_order.identity_not_checked"))
		confirmed := w.carry(t, prison, asked, "confirmation", `{"identityChecked":true}`, `"state":"confirmed"`, `"clientCode":"`+custody+`"`)
		var own struct{ Order string }
		confirmed.Into(t, &own)
		w.get(t, doctor, "/api/v1/dose-orders/"+order, `"state":"ended"`, `"reason":"transferred"`, `"allowed":[]`)
		w.get(t, prison, "/api/v1/dose-orders/"+own.Order, `"state":"active"`, `"doseMg":80,`, `"transfer":"`+asked+`"`)
		w.get(t, prison, "/api/v1/clients/"+custody, `"responsibleOrganisation":"`+string(w.ColonyHealth.ID)+`"`)
		w.wait(t, 24*time.Hour, &doctor, &nurse, &prison)
		w.run(t, creating(prison, "/api/v1/dose-orders/"+own.Order+"/doses", object{"status": "given", "at": w.Now(), "doseMg": 80}.String(), 201))
		w.get(t, doctor, path, `"state":"first_dose_at_receiver"`)
		for _, role := range []models.Role{models.RolePrisonSecurity, models.RolePrisonManagement, models.RoleProbationOfficer, models.RoleNGOOutreach, models.RolePeerNavigator, models.RolePsychologist, models.RoleMinistryAnalyst} {
			w.refused(t, w.as(t, role), "/api/v1/dose-orders/"+own.Order, 403, "role.not_allowed")
			w.refused(t, w.as(t, role), "/api/v1/double-dosing", 403, "role.not_allowed")
		}
	})
}

func TestOAT_ChangesSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		order := "/api/v1/dose-orders/" + w.treat(t, doctor, w.register(t, doctor, 1))
		for _, bad := range []struct{ action, body, code, pointer string }{
			{"hold", `{}`, "dose_order.reason_unknown", "/reason"},
			{"hold", `{"reason":"medical","doseMg":5}`, "body.unknown_field", "/doseMg"},
			{"dose-change", `{}`, "dose.not_a_dose", "/doseMg"},
			{"dose-change", `{"doseMg":-1}`, "dose.not_a_dose", "/doseMg"},
			{"dose-change", `{"doseMg":800}`, "dose.reason_required", "/guardReason"},
			{"phase-change", `{"phase":"zqx"}`, "dose_order.phase_unknown", "/phase"},
			{"ending", `{"reason":"transferred"}`, "dose_order.reason_of_a_transfer", "/reason"},
		} {
			w.run(t, changing(doctor, "POST", order+"/"+bad.action, `"1"`, bad.body, 422).failing(bad.code).at(bad.pointer))
		}
		w.run(t, changing(doctor, "POST", order+"/resumption", `"1"`, "{}", 409).failing("dose_order.not_possible", "dose-change, phase-change, taper, hold, ending"))
		w.run(t, changing(doctor, "POST", order+"/transfer", `"1"`, "{}", 404).failing("dose_order.not_found"))
		w.run(t, changing(doctor, "POST", order+"/dose-change", `"1"`, `{"doseMg":800,"guardReason":"other"}`, 200).failing("", `"doseMg":800,`, `"more-than-double"`, `"version":2`))
		w.run(t, changing(doctor, "POST", order+"/dose-change", `"1"`, `{"doseMg":80}`, 412).failing("precondition.version"))
		w.run(t, changing(doctor, "POST", order+"/ending", `"2"`, `{"reason":"completed"}`, 200).failing("", `"state":"ended"`, `"allowed":[]`))
		admin := w.at(t, models.RoleAdministrator, w.Clinic, 1)
		clinic := "/api/v1/organisations/" + string(w.Clinic.ID)
		w.run(t, changing(admin, "PATCH", clinic, `"1"`, `{"gapRule":"zqx"}`, 422).failing("organisation.gap_rule_unknown").at("/gapRule"))
		w.run(t, changing(admin, "PATCH", clinic, `"1"`, `{"gapRule":"gap-48h"}`, 200).failing("", `"gapRule":"gap-48h"`))
	})
}

// Two people, one code: both are treated. Each site learns of its own client and of
// nothing else, not even that there is another site.
func TestOAT_DoubleDosingTellsNothingElse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, poly := w.as(t, models.RoleClinician), w.at(t, models.RoleClinician, w.Polyclinic, 1)
		a, b := w.register(t, doctor, 1), w.register(t, poly, 1)
		first, second := w.treat(t, doctor, a), w.treat(t, poly, b)
		w.dose(t, doctor, first, 80)
		w.dose(t, poly, second, 80)
		for who, own := range map[account]string{doctor: first, poly: second} {
			got := string(w.get(t, who, "/api/v1/double-dosing?state=open", `"order":"`+own+`"`, `"outcome":null`).Body)
			for _, word := range []string{string(w.Clinic.ID), string(w.Polyclinic.ID), map[bool]string{true: second, false: first}[own == first], "doseMg", "organisation"} {
				if strings.Contains(got, word) {
					t.Errorf("%s reads %q in %s", who.Username, word, got)
				}
			}
			if strings.Count(got, `"id"`) != 1 {
				t.Errorf("%s", got)
			}
		}
		w.dose(t, doctor, first, 1) // nobody is blocked
		w.get(t, doctor, "/api/v1/clients/"+a+"/dose-orders", `"id":"`+first+`"`)
		var page struct{ Items []named }
		w.get(t, doctor, "/api/v1/double-dosing").Into(t, &page)
		settlement := "/api/v1/double-dosing/" + page.Items[0].ID + "/settlement"
		w.run(t, changing(doctor, "POST", settlement, `"1"`, `{"outcome":"zqx"}`, 422).failing("double_dosing.outcome_unknown").at("/outcome"))
		w.run(t, changing(doctor, "POST", settlement, `"1"`, `{"outcome":"two_people"}`, 200).failing("", `"state":"settled"`, `"outcome":"two_people"`))
		w.run(t, changing(doctor, "POST", settlement, `"2"`, `{"outcome":"two_people"}`, 409).failing("double_dosing.not_possible"))
		w.get(t, poly, "/api/v1/double-dosing?state=open", `"order":"`+second+`"`)
	})
}
