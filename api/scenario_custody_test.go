package api

import (
	"net/http"
	"strings"
	"testing"

	"jol/models"
)

// From admission to a release nobody accepted: what each audience sees at each moment.
func TestCustody_WholeLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		medic, guard, governor := w.as(t, models.RolePrisonMedical), w.as(t, models.RolePrisonSecurity), w.as(t, models.RolePrisonManagement)
		ministry, nurse := w.as(t, models.RoleAdministrator), w.as(t, models.RoleNurse)
		code := w.register(t, medic, 1)
		const spells = "/api/v1/custody-spells"
		expected := w.run(t, creating(medic, "/api/v1/clients/"+code+"/custody-spells", object{"basis": "pre_trial", "expected": true}.String(), 201).
			failing("", `"state":"expected"`, `"allowed":["admission","absence"]`, `"admittedAt":null`))
		path := spells + "/" + expected.named(t).ID
		w.get(t, guard, spells, `"items":[]`)
		w.run(t, changing(medic, "POST", path+"/admission", `"1"`, object{"at": w.Now()}.String(), 200).failing("", `"state":"admitted"`))
		w.run(t, changing(medic, "POST", path+"/residence", `"2"`, "", 200).failing("", `"state":"resident"`))
		w.run(t, changing(medic, "POST", path+"/residence", `"3"`, "", 409).failing("custody_spell.not_possible"))
		w.run(t, changing(medic, "POST", path+"/zqx", `"3"`, "", 404).failing("custody_spell.not_found"))
		w.run(t, changing(medic, "POST", path+"/residence", `"3"`, object{"at": w.Now()}.String(), 422).failing("body.unknown_field"))
		w.get(t, medic, path, `"clientCode":"`+code+`"`, `"version":3`)
		w.get(t, medic, spells+"?state=resident", expected.named(t).ID)
		slips := w.get(t, guard, spells, `"basis":"pre_trial"`, `"plannedRelease":null`)
		for _, private := range []string{code, expected.named(t).ID, "state", "clientCode", string(w.ColonyHealth.ID)} {
			if strings.Contains(string(slips.Body), private) {
				t.Errorf("security sees %s: %s", private, slips.Body)
			}
		}
		w.refused(t, guard, spells+"?state=resident", 422, "state.unknown")
		w.refused(t, guard, path, 404, "custody_spell.not_found")
		slip := w.slip(t, medic, expected.named(t).ID)
		bySlip := spells + "/by-slip/" + slip
		soon := w.Today().AddDays(20)
		w.run(t, Scenario{Method: "POST", Path: bySlip + "/release-date", Token: governor.Token, Status: 200, Body: object{"on": soon, "replaces": nil}.String(),
			Contains: []string{slip, `"plannedRelease":"` + string(soon) + `"`}, Absent: []string{code}})
		w.run(t, Scenario{Method: "POST", Path: bySlip + "/release-date", Token: governor.Token, Status: 422, Body: object{"on": w.Today().AddDays(-1), "replaces": soon}.String(), Code: "custody_spell.release_in_past"})
		w.run(t, changing(medic, "POST", path+"/planned-release", `"4"`, object{"on": soon.AddDays(1)}.String(), 200).failing("", `"plannedReleases":[{`))
		w.run(t, changing(medic, "POST", path+"/planned-release", `"4"`, object{"on": soon}.String(), 412).failing("precondition.version"))
		cases := w.get(t, medic, "/api/v1/release-cases?due=overdue", `"state":"opened"`, `"basis":"editorial"`, code)
		var list struct{ Items []named }
		cases.Into(t, &list)
		rc := "/api/v1/release-cases/" + list.Items[0].ID
		w.refused(t, medic, "/api/v1/release-cases?due=zqx", 422, "due.unknown")
		w.get(t, medic, rc, `"allowed":["assessment"]`)
		w.run(t, changing(medic, "POST", rc+"/assessment", `"2"`, "", 200).failing("", `"state":"assessed"`))
		w.run(t, changing(medic, "POST", rc+"/closure", `"3"`, "", 409).failing("release_case.not_possible"))
		w.run(t, Scenario{Method: "POST", Path: bySlip + "/unplanned-release", Token: governor.Token, Status: 200, Contains: []string{slip}})
		told := w.get(t, medic, "/api/v1/notices?state=open", `"kind":"unplanned_release"`)
		told.Into(t, &list)
		ack := Scenario{Method: http.MethodPost, Path: "/api/v1/notices/" + list.Items[0].ID + "/acknowledgement", Token: medic.Token, Status: 200, Contains: []string{`"state":"acknowledged"`, `"escalatesAt":null`}}
		w.run(t, ack)
		w.run(t, ack)
		w.refused(t, guard, "/api/v1/notices", 403, "role.not_allowed")

		w.get(t, nurse, "/api/v1/regions/KZ-75/default-clinic", `"organisation":null`, `"version":0`)
		w.refused(t, nurse, "/api/v1/regions/KG-B/default-clinic", 404, "region_default.not_found")
		set := changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"0"`, object{"organisation": w.NGO.ID}.String(), 422)
		w.run(t, set.failing("region_default.no_clinic_there"))
		w.run(t, set.sending("{}").failing("body.field_required"))
		local := w.at(t, models.RoleAdministrator, w.Polyclinic, 1)
		w.run(t, changing(local, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"0"`, object{"organisation": w.Polyclinic.ID}.String(), 403).failing("region_default.ministry_sets"))
		w.run(t, changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"0"`, object{"organisation": w.Clinic.ID}.String(), 200))
		w.run(t, changing(local, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"1"`, `{"organisation":null}`, 403).failing("region_default.ministry_sets"))
		w.run(t, changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"0"`, `{"organisation":null}`, 412).failing("precondition.version"))
		w.run(t, changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"1"`, `{"organisation":""}`, 422).failing("body.field_required"))
		w.run(t, changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"1"`, `{"organisation":null}`, 200).failing("", `"organisation":null`, `"version":2`))
		w.get(t, nurse, "/api/v1/regions/KZ-75/default-clinic", `"organisation":null`, `"version":2`)
		w.run(t, changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"2"`, object{"organisation": w.Clinic.ID}.String(), 200))
		etag := w.get(t, medic, path).Header.Get("ETag")
		w.run(t, changing(medic, "POST", path+"/release", etag, "{}", 422).failing("body.field_required", `"/at"`, "/planned"))
		w.run(t, changing(medic, "POST", path+"/release", etag, w.releaseBody(w.Now(), false), 200).failing("", `"state":"unplanned_released"`, `"slip":null`, `"allowed":[]`))
		w.get(t, guard, spells, `"items":[]`)
		handed := w.get(t, nurse, "/api/v1/release-handovers", `"byDefault":true`, `"responsible":true`, `"agonistTreatment":null`, `"unplanned":true`, `"clientCode":"C1-`)
		if strings.Contains(string(handed.Body), code) || strings.Contains(string(handed.Body), expected.named(t).ID) {
			t.Errorf("the clinic sees the prison's own: %s", handed.Body)
		}
		handed.Into(t, &list)
		w.get(t, nurse, "/api/v1/clients/"+list.Items[0].ClientCode, `"responsibleOrganisation":"`+string(w.Clinic.ID)+`"`)
		w.get(t, nurse, "/api/v1/notices", `"kind":"default_clinic"`)
		w.refused(t, nurse, rc, 404, "release_case.not_found")
		w.get(t, medic, rc, `"state":"released"`, `"risk":"peak"`, `"day":21`)
		w.get(t, w.as(t, models.RoleNGOOutreach), "/api/v1/release-handovers", `"items":[]`)
	})
}

func TestCustodyTransfer_WholeLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, unit := w.otherPrison(t)
		medic, other := w.as(t, models.RolePrisonMedical), w.at(t, models.RolePrisonMedical, unit, 1)
		spell := w.hold(t, medic, w.register(t, medic, 1), "")
		order := "/api/v1/custody-spells/" + spell + "/transfers"
		w.run(t, creating(medic, order, "{}", 422).failing("body.field_required", "/toOrganisation"))
		w.run(t, creating(medic, order, object{"toOrganisation": w.Clinic.ID}.String(), 422).failing("custody_transfer.receiver_unknown"))
		w.run(t, creating(medic, order, object{"toOrganisation": unit.ID, "departureAt": w.Now().AddDate(0, 0, -2)}.String(), 422).failing("custody_transfer.departure_out_of_range"))
		w.run(t, creating(w.as(t, models.RoleNurse), order, object{"toOrganisation": unit.ID}.String(), 404).failing("custody_spell.not_found"))
		path := "/api/v1/custody-transfers/" + w.run(t, creating(medic, order, object{"toOrganisation": unit.ID}.String(), 201)).named(t).ID
		at := object{"at": w.Now()}.String()
		w.get(t, other, "/api/v1/custody-transfers?alarm=false", `"allowed":[]`)
		w.run(t, changing(medic, "POST", path+"/departure", `"1"`, at, 200))
		w.run(t, changing(other, "POST", path+"/arrival", `"2"`, at, 200).failing("", `"continuityAlarm":false`, `"allowed":["file-receipt","confirmation"]`))
		w.run(t, changing(other, "POST", path+"/arrival", `"3"`, object{"sameAs": "P1-X"}.String(), 422).failing("body.unknown_field"))
		w.run(t, changing(other, "POST", path+"/confirmation", `"3"`, "{}", 200).failing("", `"state":"confirmed"`))
		w.run(t, changing(other, "POST", path+"/file-receipt", `"4"`, at, 200).failing("", `"allowed":[]`))
		w.get(t, medic, path, `"version":5`)
		w.refused(t, w.as(t, models.RoleNurse), path, 404, "custody_transfer.not_found")
		w.get(t, other, "/api/v1/custody-spells", `"state":"admitted"`)
	})
}

func TestDutyContact_ManagedByTheAdministrator(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		admin := w.at(t, models.RoleAdministrator, w.Clinic, 1)
		contacts := "/api/v1/organisations/" + string(w.Clinic.ID) + "/duty-contacts"
		for target, code := range map[string]string{"zqx.zqx@clinic.example": "duty_contact.not_a_role_mailbox", "duty": "duty_contact.not_a_role_mailbox"} {
			sc := creating(admin, contacts, object{"channel": "email", "target": target, "level": 1}.String(), 422).failing(code)
			sc.Absent = []string{"zqx"}
			w.run(t, sc)
		}
		for _, target := range []string{"http://duty.example/", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://localhost/", "https://u:p@duty.example/", "https://duty.example/?q=1", "ftp://duty.example/", "https://169.254.169.254/"} {
			w.run(t, creating(admin, contacts, object{"channel": "webhook", "target": target, "level": 1}.String(), 422).failing("duty_contact.webhook_address"))
		}
		made := w.run(t, creating(admin, contacts, object{"channel": "webhook", "target": "https://duty.example/jol", "level": 1}.String(), 201).failing("", `"signingKey":"`))
		w.run(t, changing(admin, "PATCH", contacts+"/"+made.named(t).ID, `"1"`, `{"active":false}`, 200).failing("", `"active":false`))
		w.get(t, admin, contacts, made.named(t).ID)
		w.refused(t, w.as(t, models.RoleNurse), contacts, 403, "role.not_allowed")
		w.refused(t, w.at(t, models.RoleAdministrator, w.Polyclinic, 1), contacts, 404, "duty_contact.not_found")
	})
}
