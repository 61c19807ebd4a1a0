package api

import (
	"strings"
	"testing"

	"jol/models"
)

// Three poisonings in a region, reported by three organisations: the programme sees that a
// class rises and issues an alert; every organisation is warned; nobody learns who reported
// what, or how many there were.
func TestEWS_FromReportsToAnAlertForEverybody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		coordinator := w.as(t, models.RoleProgrammeCoordinator)
		reporters := []account{w.as(t, models.RoleClinician), w.as(t, models.RoleNGOOutreach), w.as(t, models.RolePrisonMedical)}
		var ids []string
		for _, who := range reporters {
			ids = append(ids, w.reportEWS(t, who, w.poisoningBody("nitazene")))
		}
		w.get(t, coordinator, "/api/v1/ews-reports", ids[0], ids[1], ids[2], `"circumstances":"sold as oxycodone"`)
		proposals := w.get(t, coordinator, "/api/v1/alerts", `"kind":"new_substance"`, `"npsClass":"nitazene"`, `"region":"KZ-75"`, `"place":null`, `"weakened":false`)
		secrets := append(ids, string(w.NGO.ID), string(w.Clinic.ID), string(w.ColonyHealth.ID), "basis", "poisoning")
		for _, secret := range secrets {
			if strings.Contains(string(proposals.Body), secret) {
				t.Errorf("the proposal tells %s", secret)
			}
		}
		rows := w.rows(t, "SELECT id FROM alerts WHERE nps_class = 'nitazene'")
		if len(rows) != 1 {
			t.Fatalf("%d alerts", len(rows))
		}
		path := "/api/v1/alerts/" + rows[0][0]
		text := object{"substances": []string{"17"}, "advice": []string{"carry_naloxone", "repeat_naloxone"}, "note": "", "validUntil": w.Today().AddDays(14)}
		for _, who := range reporters { // who may issue alerts of their own sees no proposal either
			w.refused(t, who, path, 404, "alert.not_found")
		}
		w.run(t, changing(coordinator, "POST", path+"/issue", `"1"`, text.String(), 200).failing("", `"state":"issued"`, `"npsClass":"nitazene"`))
		for _, role := range []models.Role{
			models.RoleNurse, models.RolePrisonMedical, models.RolePrisonSecurity, models.RolePrisonManagement, models.RoleProbationOfficer,
			models.RoleNGOOutreach, models.RolePeerNavigator, models.RoleMinistryAnalyst,
		} {
			who := w.as(t, role)
			w.get(t, who, "/api/v1/alerts", rows[0][0])
			answer := w.get(t, who, path, `"npsClass":"nitazene"`)
			for _, id := range ids {
				if strings.Contains(string(answer.Body), id) {
					t.Errorf("the alert leads %s to a report", role)
				}
			}
		}
		retract := func(id string) {
			w.run(t, changing(coordinator, "POST", "/api/v1/ews-reports/"+id+"/retraction", `"1"`, `{"reason":"not_confirmed"}`, 200).failing("", `"state":"retracted"`))
		}
		retract(ids[0])
		w.get(t, coordinator, path, `"weakened":true`, `"version":3`)
		w.get(t, w.as(t, models.RolePeerNavigator), path, `"weakened":false`, `"version":2`)
		retract(ids[1])
		retract(ids[2])
		w.refused(t, w.as(t, models.RolePeerNavigator), path, 404, "alert.not_found")
		w.get(t, coordinator, path, `"state":"retracted"`, `"retraction":"basis_retracted"`)
	})
}

// A report that is shared tells the substance, not who saw it and what happened; that it was
// somebody's poisoning hides where.
func TestEWS_SharedReportsTellTheSubstanceOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, ngo, guard := w.as(t, models.RoleClinician), w.as(t, models.RoleNGOOutreach), w.as(t, models.RolePrisonSecurity)
		poisoning, product := w.poisoningBody("nitazene"), w.ewsBody("purple rain")
		poisoning["confidentiality"], product["confidentiality"] = "partners", "public"
		first, second := w.reportEWS(t, doctor, poisoning), w.reportEWS(t, doctor, product)
		w.get(t, doctor, "/api/v1/ews-reports/"+first, `"region":"KZ-75"`, `"severity":"severe"`, `"cases":1`, `"circumstances":"sold as oxycodone"`, `"allowed":["retraction"]`)
		hidden := []string{"oxycodone", "severity", "cases", "quantity", "organisation", "laboratory", "route", "allowed", string(w.Clinic.ID)}
		for path, where := range map[string]string{first: `"region":null`, second: `"region":"KZ-75"`} {
			answer := w.get(t, ngo, "/api/v1/ews-reports/"+path, where, `"physicalForm":"tablet"`)
			list := w.get(t, ngo, "/api/v1/ews-reports", path)
			for _, word := range hidden {
				if strings.Contains(string(answer.Body), word) || strings.Contains(string(list.Body), word) {
					t.Errorf("an NGO is shown %s", word)
				}
			}
		}
		w.refused(t, guard, "/api/v1/ews-reports/"+first, 404, "ews_report.not_found")
		w.get(t, guard, "/api/v1/ews-reports/"+second, `"suspectedNames":["purple rain"]`)
		w.refused(t, w.as(t, models.RolePeerNavigator), "/api/v1/ews-reports", 403, "role.not_allowed")
		w.run(t, creating(guard, "/api/v1/ews-reports", product.String(), 403).failing("role.not_allowed"))
		w.run(t, changing(ngo, "POST", "/api/v1/ews-reports/"+first+"/retraction", `"1"`, `{"reason":"error"}`, 404).failing("ews_report.not_found"))
		w.run(t, changing(doctor, "POST", "/api/v1/ews-reports/"+first+"/confirmation", `"1"`, confirmationBody().String(), 403).failing("role.not_allowed"))
		w.get(t, ngo, "/api/v1/ews-figures?period=2026", `"cells":[]`)
		w.refused(t, ngo, "/api/v1/ews-figures?period=2026Q5", 422, "release.period_unknown")
		w.refused(t, ngo, "/api/v1/ews-figures", 422, "release.period_unknown")
		w.refused(t, ngo, "/api/v1/ews-reports?state=zqx", 422, "state.unknown")
	})
}

// Confirmed by somebody else, counted by what it is.
func TestEWS_ConfirmationAndFigures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		coordinator, second := w.as(t, models.RoleProgrammeCoordinator), w.at(t, models.RoleProgrammeCoordinator, w.Ministry, 2)
		id := w.reportEWS(t, coordinator, w.ewsBody("blue ones"))
		path := "/api/v1/ews-reports/" + id + "/confirmation"
		w.run(t, changing(coordinator, "POST", path, `"1"`, confirmationBody().String(), 409).failing("ews_report.two_people"))
		body := confirmationBody()
		body["laboratory"], body["cas"], body["method"] = "zqx", "14188-81-8", "none"
		w.run(t, changing(second, "POST", path, `"1"`, body.String(), 422).failing("entry.code_not_in_list", "ews_report.not_analysed", `"/laboratory"`, `"/cas"`, `"/method"`, "ews_report.cas_form"))
		body = confirmationBody()
		body["chemicalName"] = "ИИН 880101300123"
		refusal := changing(second, "POST", path, `"1"`, body.String(), 422).failing("text.identifies_person", `"/chemicalName"`, "national_number_kz")
		refusal.Absent = []string{"880101300123"}
		w.run(t, refusal)
		w.run(t, changing(second, "POST", path, `"1"`, confirmationBody().String(), 200).failing("", `"state":"confirmed"`, `"cas":"14188-81-9"`))
		w.reportEWS(t, w.as(t, models.RoleNurse), w.ewsBody("pink ones"))
		period := string(w.Today()[:4])
		w.get(t, coordinator, "/api/v1/ews-figures?period="+period, `"indicator":"EWS01"`, `"status":"provisional"`,
			`{"status":"suspected","npsClass":"unknown","sourceType":"collected_sample","reports":1}`,
			`{"status":"confirmed","npsClass":"nitazene","sourceType":"collected_sample","reports":1}`)
	})
}

// Words are screened wherever there are any, and a refused one is nowhere.
func TestEWS_WordsAreScreened(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		unchanged := w.unwritten(t)
		for _, bad := range refusals {
			for field, pointer := range map[string]string{"circumstances": "/circumstances", "chemicalName": "/chemicalName", "suspectedNames": "/suspectedNames/0", "streetNames": "/streetNames/0"} {
				body, code := w.ewsBody("blue ones"), bad.code
				body[field] = bad.text
				if strings.HasSuffix(field, "Names") {
					body[field] = []string{bad.text}
					if code == "text.too_long" {
						code = "ews_report.name_form"
					}
				}
				sc := creating(doctor, "/api/v1/ews-reports", body.String(), 422).failing(code, `"pointer":"`+pointer+`"`, bad.rule)
				sc.Absent = []string{"zqx", "880101300123"}
				w.run(t, sc)
			}
		}
		unchanged()
	})
}
