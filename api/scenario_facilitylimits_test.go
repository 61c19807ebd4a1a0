package api

import (
	"strings"
	"testing"

	"jol/models"
)

const facilityLimits = "/api/v1/facility-limits"

// A protocol editor gives a facility its own limit; evaluations that name the facility use
// it and say why, until it is ended or another edition is served.
func TestFacilityLimit_IsUsedWhereItWasMade(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		editor, doctor := w.as(t, models.RoleProtocolEditor), w.as(t, models.RoleClinician)
		at := func(org *models.Organisation) Scenario {
			return Scenario{Method: "POST", Path: evaluations, Token: doctor.Token, Status: 200, Body: object{
				"at": "2026-03-10T08:00:00Z", "facts": object{"triggers": []string{"first_contact"}, "first_contact": "2026-03-10T08:00:00Z"},
				"facility": object{"organisation": org.ID}}.String()}
		}
		there := at(w.Polyclinic)
		own := func(sc Scenario) Scenario {
			sc.Contains, sc.Absent = []string{`"dueAt":"2026-03-10T08:05:00Z"`, `"override":{"by":"facility","reason":"A nurse stands at the door."}`}, nil
			return sc
		}
		protocols := func(sc Scenario) Scenario {
			sc.Contains, sc.Absent = []string{`"dueAt":"2026-03-10T08:15:00Z"`}, []string{`"by":"facility"`}
			return sc
		}
		w.run(t, protocols(there))

		made := w.run(t, creating(editor, facilityLimits, facilityLimitBody(w, "PT5M"), 201))
		path := facilityLimits + "/" + made.named(t).ID
		if made.Header.Get("Location") != path || made.Header.Get("ETag") != `"1"` {
			t.Errorf("%v", made.Header)
		}
		w.run(t, own(there))
		w.run(t, protocols(at(w.Clinic)))
		w.get(t, doctor, path, `"inForce":true`, `"duration":"PT5M"`, `"edition":"`+builtInEdition+`"`, `"endedAt":null`)
		w.get(t, doctor, facilityLimits+"?organisation="+string(w.Polyclinic.ID), `"limit":"check"`)
		elsewhere := Scenario{Path: facilityLimits + "?organisation=" + string(w.Clinic.ID), Token: doctor.Token, Status: 200, Contains: []string{`"items":[]`}}
		w.run(t, elsewhere)

		again := w.run(t, creating(editor, facilityLimits, facilityLimitBody(w, "PT10M"), 201))
		w.get(t, doctor, path, `"inForce":false`, `"version":2`)
		path = facilityLimits + "/" + again.named(t).ID
		w.run(t, changing(editor, "POST", path+"/end", `"2"`, "", 412).failing("precondition.version"))
		w.run(t, changing(editor, "POST", path+"/end", `"1"`, "", 200))
		w.run(t, changing(editor, "POST", path+"/end", `"2"`, "", 409).failing("facility_limit.ended"))
		w.run(t, protocols(there))

		auditor := w.as(t, models.RoleAuditor)
		w.get(t, auditor, "/api/v1/audit-events?action=facility_limit.create", `"action":"facility_limit.create"`)
		w.get(t, auditor, "/api/v1/audit-events?action=facility_limit.end", `"action":"facility_limit.end"`)

		w.run(t, creating(editor, facilityLimits, facilityLimitBody(w, "PT5M"), 201))
		w.run(t, own(there))
		w.publish(t, titled("KZ-1", "Changed"))
		w.run(t, protocols(there))
	})
}

func TestFacilityLimit_NeedsAReasonAndALimitThatExists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		editor := w.as(t, models.RoleProtocolEditor)
		unchanged := w.unwritten(t)
		body := func(from, to string) string {
			whole := facilityLimitBody(w, "PT5M")
			if !strings.Contains(whole, from) {
				t.Fatalf("%s is not in %s", from, whole)
			}
			return strings.Replace(whole, from, to, 1)
		}
		for _, bad := range []struct{ from, to, code, pointer string }{
			{`A nurse stands at the door.`, ``, "body.field_required", "/reason"},
			{`A nurse stands at the door.`, ` `, "facility_limit.reason_required", "/reason"},
			{`A nurse stands at the door.`, `Ask Aigul Nurlanovna Sadykova`, "text.identifies_person", "/reason"},
			{`PT5M`, `5 minutes`, "facility_limit.not_a_duration", "/duration"},
			{`"check"`, `"cheque"`, "limit.unknown", "/limit"},
			{string(w.Polyclinic.ID), none, "facility_limit.organisation_unknown", "/organisation"},
		} {
			sc := creating(editor, facilityLimits, body(bad.from, bad.to), 422).failing(bad.code)
			sc.Pointer = bad.pointer
			w.run(t, sc)
		}
		unchanged()
	})
}

// The directory is for those who are signed in, also through an evaluation.
func TestEvaluation_NamesAnOrganisationWithATokenOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		here := `{"from":["tp-oat-eligibility"],"facility":{"organisation":"` + string(w.Clinic.ID) + `"`
		w.run(t, Scenario{Method: "POST", Path: evaluations, Body: here + `}}`, Status: 401, Code: "facility.sign_in"})
		w.run(t, Scenario{Method: "POST", Path: evaluations, Token: "jol_nobody", Body: here + `}}`, Status: 401, Code: "token.invalid"})
		as := func(body string, status int) Scenario {
			return Scenario{Method: "POST", Path: evaluations, Token: doctor.Token, Body: body, Status: status}
		}
		w.run(t, as(strings.Replace(here, string(w.Clinic.ID), none, 1)+`}}`, 422).failing("facility.organisation_unknown", `"pointer":"/facility/organisation"`))
		w.run(t, as(here+`,"setting":"clinic"}}`, 422).failing("facility.organisation_alone"))
		sc := as(here+`}}`, 200)
		sc.Contains = []string{`"country":"KZ"`, `"available":true`}
		w.run(t, sc)
		w.run(t, changing(w.as(t, models.RoleAdministrator), "PATCH", "/api/v1/organisations/"+string(w.Clinic.ID), `"1"`,
			`{"capabilities":{"oatAvailable":false},"services":[]}`, 200))
		sc.Contains = []string{`"available":false`, `"alternative":"tp-acute-opioid-wd"`}
		w.run(t, sc)
	})
}
