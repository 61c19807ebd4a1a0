package api

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"jol/models"
)

// The whole way of an NGO into an institution, over HTTP, and out again.
func TestAccess_AnNGOReachesSomebodyHeldWhileEverythingIsInForce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		coordinator, head, guard := w.as(t, models.RoleNGOCoordinator), w.as(t, models.RolePrisonManagement), w.as(t, models.RolePrisonSecurity)
		medic, ngo, programme := w.as(t, models.RolePrisonMedical), w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleProgrammeCoordinator)
		code := w.register(t, medic, 1)
		w.start(t, medic, code)
		w.consent(t, medic, code, w.NGO, models.CatTreatmentFact)
		own := w.move(t, ngo, w.refer(t, medic, code, w.NGO, ""), "acceptance", "").named(t).ClientCode
		w.Hold(w.ColonyHealth, code)
		reaches := func() bool {
			return strings.Contains(string(w.get(t, ngo, "/api/v1/clients/"+own+"/pathway").Body), string(w.ColonyHealth.ID)+`","startDate"`)
		}
		if reaches() {
			t.Error("reached without agreement and pass")
		}
		agreement := w.agreement(t, coordinator, 4)
		w.get(t, programme, "/api/v1/agreements/"+agreement, `"state":"active"`, `"signedByNgo":true`, `"signedByInstitution":true`)
		w.get(t, head, "/api/v1/agreements", agreement)
		w.run(t, changing(coordinator, "POST", "/api/v1/agreements/"+agreement+"/activation", `"5"`, "", 409).failing("agreement.not_possible", "possible now: suspension, ending"))
		pass := w.accessPass(t, coordinator, ngo, 3)
		if !reaches() {
			t.Error("not reached with everything in force")
		}
		w.get(t, guard, "/api/v1/access-passes", pass, `"overdue":false`)
		w.get(t, coordinator, "/api/v1/access-passes/"+pass, `"state":"active"`)
		refused := w.accessPass(t, coordinator, ngo, 0)
		w.step(t, head, "access-passes/"+refused+"/refusal", 1, `{"reason":"documents_missing"}`)
		w.step(t, coordinator, "access-passes/"+refused+"/appeal", 2, "")
		w.step(t, head, "access-passes/"+refused+"/conditional-approval", 3, `{"conditions":["escorted","no_devices"]}`)
		w.run(t, changing(head, "POST", "/api/v1/access-passes/"+refused+"/approval", `"4"`, "", 409).failing("access_pass.not_possible"))
		visit := w.run(t, creating(coordinator, "/api/v1/visits", visitBody(w, pass), 201)).named(t).ID
		w.get(t, programme, "/api/v1/visits", visit)
		w.get(t, guard, "/api/v1/visits/"+visit, `"state":"planned"`)
		w.step(t, guard, "visits/"+visit+"/completion", 1, "")
		w.step(t, head, "agreements/"+agreement+"/suspension", 5, "")
		if reaches() {
			t.Error("reached after the agreement was suspended")
		}
		w.step(t, head, "agreements/"+agreement+"/resumption", 6, "")
		if !reaches() {
			t.Error("not reached again")
		}
		w.step(t, head, "access-passes/"+pass+"/revocation", 4, `{"reason":"conditions_broken"}`)
		if reaches() {
			t.Error("reached after the pass was revoked")
		}
		w.run(t, creating(coordinator, "/api/v1/visits", visitBody(w, pass), 409).failing("visit.pass_not_in_force"))
	})
}

func TestAccess_BadInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		coordinator := w.as(t, models.RoleNGOCoordinator)
		agreement := w.agreement(t, coordinator, 4)
		body := strings.Replace(w.agreementBody(), `"validUntil":"`+string(w.Today().AddMonths(12)), `"validUntil":"`+string(w.Today().AddDays(-1)), 1)
		w.run(t, creating(coordinator, "/api/v1/agreements", body, 422).failing("agreement.ends_before_it_begins").at("/validUntil"))
		w.run(t, changing(coordinator, "POST", "/api/v1/agreements/"+agreement+"/ending", `"5"`, "{}", 422).failing("agreement.transition_unknown").at("/transition"))
		w.run(t, changing(coordinator, "POST", "/api/v1/agreements/"+agreement+"/suspension", `"5"`, `{"transition":"no_clients"}`, 422).failing("body.unknown_field").at("/transition"))
		w.run(t, changing(coordinator, "POST", "/api/v1/agreements/"+agreement+"/countersignature", `"5"`, "", 403).failing("role.not_allowed"))
		w.run(t, changing(coordinator, "POST", "/api/v1/agreements/"+agreement+"/renewed", `"5"`, "", 404).failing("agreement.not_found"))
		bad := strings.Replace(w.passBody(w.as(t, models.RoleNGOOutreach)), `"counselling"`, `"zqx"`, 1)
		w.run(t, creating(coordinator, "/api/v1/access-passes", bad, 422).failing("access_pass.purpose_unknown").at("/purpose"))
		w.run(t, creating(coordinator, "/api/v1/visits", visitBody(w, "nothing"), 404).failing("access_pass.not_found").at("/pass"))
		w.run(t, Scenario{Path: "/api/v1/access-passes?overdue=zqx", Token: coordinator.Token, Status: 422, Code: "overdue.unknown"})
	})
}

func TestConsent_ChangesAndHistory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		code := w.register(t, ngo, 1)
		id := w.consent(t, ngo, code, w.Clinic, models.CatTreatmentFact, models.CatScreening)
		path := "consents/" + id
		if a := w.step(t, ngo, path+"/narrowing", 1, `{"categories":["screening"]}`); !strings.Contains(string(a.Body), `"categories":["screening"]`) {
			t.Errorf("%s", a.Body)
		}
		w.run(t, changing(ngo, "POST", "/api/v1/"+path+"/narrowing", `"2"`, `{"categories":["screening","diagnosis"]}`, 422).failing("consent.not_narrower").at("/categories"))
		w.run(t, changing(ngo, "POST", "/api/v1/"+path+"/renewal", `"2"`, `{"categories":[],"until":"2027-01-01"}`, 422).failing("body.unknown_field").at("/categories"))
		w.run(t, changing(ngo, "POST", "/api/v1/"+path+"/widening", `"2"`, "", 404).failing("consent.not_found"))
		w.step(t, ngo, path+"/renewal", 2, object{"until": w.Today().AddMonths(24)}.String())
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/" + path + "/invalidity", Token: ngo.Token, Body: `{"reason":"capacity_doubted"}`, Status: 200,
			Contains: []string{`"state":"invalid"`, `"cancelledTransfers":[]`}})
		w.get(t, ngo, "/api/v1/"+path+"/versions", `"change":"invalidity"`, `"reason":"capacity_doubted"`, `"change":"renewal"`, `"change":"narrowing"`)
		offer := strings.Replace(consentBody(w, models.PurposeReferral, w.Clinic), "{", `{"state":"offered",`, 1)
		offered := w.run(t, creating(ngo, "/api/v1/clients/"+code+"/consents", offer, 201)).named(t)
		if offered.State != "offered" {
			t.Error(offered.State)
		}
		w.run(t, creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, ""), 409).failing("referral.consent_required"))
		w.step(t, ngo, "consents/"+offered.ID+"/acceptance", 1, "")
		w.refer(t, ngo, code, w.Clinic, "")
		w.get(t, ngo, "/api/v1/clients/"+code+"/consents", id, offered.ID)
	})
}

func TestBreakGlass_OverHTTP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		medic, doctor, second, auditor := w.as(t, models.RolePrisonMedical), w.as(t, models.RoleClinician), w.at(t, models.RoleClinician, w.Clinic, 2), w.as(t, models.RoleAuditor)
		code := w.register(t, medic, 1)
		episode := w.start(t, medic, code)
		consent := w.consent(t, medic, code, w.Clinic)
		own := w.move(t, doctor, w.refer(t, medic, code, w.Clinic, ""), "acceptance", "").named(t).ClientCode
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/consents/" + consent + "/withdrawal", Token: medic.Token, Status: 200})
		sees := func(who account) bool {
			return strings.Contains(string(w.get(t, who, "/api/v1/clients/"+own+"/pathway").Body), episode)
		}
		if sees(doctor) {
			t.Fatal("open without it")
		}
		w.run(t, creating(doctor, "/api/v1/break-glass", strings.Replace(breakGlassBody(own, "x"), `"hours":2`, `"hours":25`, 1), 422).failing("break_glass.hours_out_of_range").at("/hours"))
		w.run(t, creating(doctor, "/api/v1/break-glass", breakGlassBody(own, "ИИН 880101300123"), 422).failing("text.identifies_person").at("/note"))
		w.run(t, creating(w.as(t, models.RoleNurse), "/api/v1/break-glass", breakGlassBody(own, "x"), 403).failing("role.not_allowed"))
		a := w.run(t, creating(doctor, "/api/v1/break-glass", breakGlassBody(own, "unresponsive"), 201).failing("", `"state":"open"`))
		id := a.named(t).ID
		if !sees(doctor) || sees(second) {
			t.Error("it opens for the doctor who asked and nobody else")
		}
		w.get(t, auditor, "/api/v1/audit-events?action=break_glass.open", episode, id)
		w.get(t, medic, "/api/v1/clients/"+code+"/disclosures", `"ground":"emergency"`, `"reference":"`+id+`"`, string(w.Clinic.ID))
		w.get(t, second, "/api/v1/break-glass/"+id, `"opened":["`+episode+`"]`)
		w.get(t, second, "/api/v1/break-glass?state=open", id)
		w.Advance(2 * time.Hour)
		doctor, second = w.at(t, models.RoleClinician, w.Clinic, 3), w.at(t, models.RoleClinician, w.Clinic, 4) // tokens last an hour
		w.run(t, changing(second, "POST", "/api/v1/break-glass/"+id+"/review", `"1"`, `{"outcome":"zqx"}`, 422).failing("break_glass.outcome_unknown").at("/outcome"))
		w.step(t, second, "break-glass/"+id+"/review", 1, `{"outcome":"justified"}`)
		w.get(t, doctor, "/api/v1/break-glass?state=reviewed", id)
		again := w.run(t, creating(doctor, "/api/v1/break-glass", breakGlassBody(own, "unresponsive"), 201)).named(t).ID
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/break-glass/" + again + "/end", Token: doctor.Token, Status: 200, Contains: []string{`"state":"to_review"`}})
		if sees(doctor) {
			t.Error("open after its end")
		}
	})
}

// Security and management get the slip, the place, the time and what to watch for: those
// five and no other member.
func TestFunctionalNotes_HaveFiveMembersForSecurity(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		medic := w.as(t, models.RolePrisonMedical)
		code := w.register(t, medic, 1)
		spell := w.Hold(w.ColonyHealth, code)
		a := w.run(t, creating(medic, "/api/v1/functional-notes", noteBody(w, spell), 201))
		id := a.named(t).ID
		for _, who := range []account{w.as(t, models.RolePrisonSecurity), w.as(t, models.RolePrisonManagement)} {
			var page struct{ Items []map[string]any }
			answer := w.get(t, who, "/api/v1/functional-notes")
			answer.Into(t, &page)
			if len(page.Items) != 1 || len(page.Items[0]) != 5 {
				t.Fatalf("%s", answer.Body)
			}
			if slip, _ := page.Items[0]["slip"].(string); !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{8}$`).MatchString(slip) {
				t.Errorf("slip %q", slip)
			}
			for _, secret := range []string{id, spell, code, string(w.ColonyHealth.ID)} {
				if strings.Contains(string(answer.Body), secret) {
					t.Errorf("%s sees a standing id: %s", who.Role, answer.Body)
				}
			}
			w.run(t, creating(who, "/api/v1/functional-notes", noteBody(w, spell), 403).failing("role.not_allowed"))
			w.refused(t, who, "/api/v1/clients/"+code+"/functional-notes", 404, "client.not_found")
		}
		free := strings.Replace(noteBody(w, spell), `"hard_to_wake"`, `"takes methadone at nine"`, 1)
		w.run(t, creating(medic, "/api/v1/functional-notes", free, 422).failing("functional_note.watch_unknown").at("/watchFor"))
		w.get(t, medic, "/api/v1/clients/"+code+"/functional-notes", id)
		w.step(t, medic, "functional-notes/"+id+"/cancellation", 1, "")
	})
}

func TestSupervision_OverHTTP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse, officer := w.as(t, models.RoleNurse), w.as(t, models.RoleProbationOfficer)
		code := w.register(t, nurse, 1)
		w.Write(w.Clinic, code, "contact", models.CatAttendance, "group")
		w.entryOf(t, w.as(t, models.RoleSocialWorker), code, "social-plans")
		w.entryOf(t, w.as(t, models.RoleClinician), code, "clinical-plans")
		w.Write(w.Clinic, code, "test", models.CatInfection, "hiv")
		id := w.run(t, creating(nurse, "/api/v1/clients/"+code+"/court-duties", dutyBody(w), 201)).named(t).ID
		for _, list := range []string{"/consents", "/episodes"} {
			w.get(t, nurse, "/api/v1/clients/"+code+list+"?limit=1", `"items":[]`)
		}
		w.refused(t, nurse, "/api/v1/tasks?due=", 422, "due.unknown")
		w.get(t, officer, "/api/v1/supervisions?limit=1", id)
		w.get(t, officer, "/api/v1/supervisions", id, `"basis":"court_duty"`)
		a := w.get(t, officer, "/api/v1/supervisions/"+id, `"attendance":[{"on"`, `"goals":[{"goal":"housing","state":"open"}],"reviewOn":"`+string(w.Today().AddDays(30)))
		for _, secret := range []string{code, "hiv", "group", "start_oat", string(w.Clinic.ID)} {
			if strings.Contains(string(a.Body), secret) {
				t.Errorf("probation sees %s: %s", secret, a.Body)
			}
		}
		w.refused(t, nurse, "/api/v1/supervisions/"+id, 404, "supervision.not_found")
		into := func(more object) string {
			body := object{"supervision": id, "toOrganisation": w.NGO.ID, "reason": "other", "urgency": "routine", "needs": []string{"social"}, "note": ""}
			maps.Copy(body, more)
			return body.String()
		}
		w.run(t, creating(officer, "/api/v1/referrals", into(object{"clientCode": code}), 422).failing("referral.client_or_supervision").at("/supervision"))
		w.run(t, creating(officer, "/api/v1/referrals", into(object{"supervision": ""}), 422).failing("referral.client_or_supervision").at("/clientCode"))
		w.run(t, creating(nurse, "/api/v1/referrals", into(nil), 404).failing("supervision.not_found").at("/supervision"))
		sent := w.run(t, creating(officer, "/api/v1/referrals", into(nil), 201)).named(t).ID
		w.get(t, w.as(t, models.RoleNGOOutreach), "/api/v1/referrals/"+sent, `"consent":null`, `"clientCode":"N1`, string(w.Probation.ID))
		for _, path := range []string{"", "/" + sent} {
			seen := w.get(t, officer, "/api/v1/referrals"+path, `"supervision":"`+id, `"state":"sent"`)
			for _, secret := range []string{code, "clientCode", "consent", "note", "N1", string(w.Clinic.ID)} {
				if strings.Contains(string(seen.Body), secret) {
					t.Errorf("probation sees %s: %s", secret, seen.Body)
				}
			}
		}
		w.get(t, nurse, "/api/v1/clients/"+code+"/disclosures", `"ground":"court_duty"`, string(w.Probation.ID))
		w.step(t, nurse, "court-duties/"+id+"/ending", 1, "")
		w.refused(t, officer, "/api/v1/supervisions/"+id, 404, "supervision.not_found")
	})
}

// harmful are words that must not stand on a sheet that somebody may find.
var harmful = regexp.MustCompile(`(?i)narc|drug|addict|depend|opioid|heroin|methad|bupren|agonist|hiv|aids|hepat|tubercul|prison|colony|custody|detox|overdos|nalox|syring|needle|` +
	`substance|diagnos|psych|mental|pregnan|probation|court|treatment|police|inject|` +
	`нарк|завис|опио|героин|метад|вич|спид|гепат|тубер|тюрьм|колон|передоз|налок|шприц|игл[аы]|вещест|диагноз|псих|беремен|пробац|(?:^|[^\p{L}])суд|лечен|полиц|` +
	`есірткі|нашақор|тәуелді|аитв|житс|түрме|абақты|артық доза|(?:^|[^\p{L}])ине|жүкті|емде|емхана|(?:^|[^\p{L}])сот|полиция`)

// The client's own view says what there is, and nothing that would harm if it is found.
func TestSummary_HasNoWordThatHarms(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"HIV", "Narcology", "в суд", "метадон", "ВИЧ", "есірткі", "АИТВ", "бұл сот"} {
		if !harmful.MatchString(word) {
			t.Errorf("%q is not found", word)
		}
	}
	each(t, func(t *testing.T, w *world) {
		for _, clinic := range []*models.Organisation{w.Clinic, w.Polyclinic} {
			name := "Narcology dispensary of " + clinic.Name
			etag := w.get(t, w.as(t, models.RoleAdministrator), "/api/v1/organisations/"+string(clinic.ID)).Header.Get("ETag")
			w.run(t, changing(w.as(t, models.RoleAdministrator), http.MethodPatch, "/api/v1/organisations/"+string(clinic.ID), etag, object{"name": name}.String(), 200))
		}
		doctor, narcologist, nurse := w.as(t, models.RoleClinician), w.as(t, models.RoleNarcologist), w.as(t, models.RoleNurse)
		code := w.register(t, doctor, 1)
		w.start(t, narcologist, code)
		all := models.ClientCategories
		w.consent(t, doctor, code, w.Polyclinic, all...)
		w.consent(t, doctor, code, w.NGO)
		for address := range entryBodies(w.Today()) {
			if realPolicies().Allow(doctor.Role, recordCategory(address), models.Create) && address != "assessments" {
				w.entryOf(t, doctor, code, address)
			}
		}
		poly := w.at(t, models.RoleNurse, w.Polyclinic, 1)
		other := w.move(t, poly, w.refer(t, doctor, code, w.Polyclinic, "says heroin"), "acceptance", "").named(t).ClientCode
		w.get(t, poly, "/api/v1/clients/"+other+"/pathway")
		w.run(t, creating(doctor, "/api/v1/clients/"+code+"/disclosures", `{"recipient":"police","categories":["infection"],"ground":"lawful_request","clientTold":false,"notToldReason":"forbidden_by_law"}`, 201))
		w.run(t, creating(doctor, "/api/v1/clients/"+code+"/disclosures", disclosureBody, 201))
		w.run(t, creating(doctor, "/api/v1/clients/"+code+"/court-duties", dutyBody(w), 201))
		w.get(t, nurse, "/api/v1/clients/"+code)
		path := "/api/v1/clients/" + code + "/summary"
		for lang, words := range map[string][]string{
			"en": {"Who opened your record here", "doctor", "nurse", "a health service", "you allowed it", "the law asked for it", "You may take back"},
			"ru": {"Кто открывал вашу запись", "врач", "медсестра", "служба здоровья", "вы разрешили"},
			"kk": {"жазбаңызды кім ашты", "дәрігер", "мейіргер"},
		} {
			page := w.run(t, Scenario{Path: path + "?lang=" + lang, Token: nurse.Token, Headers: map[string]string{"Accept": "text/html"}, Status: 200,
				Contains: words, Absent: []string{code, string(w.Clinic.ID), string(w.Polyclinic.ID), w.Polyclinic.Name, w.NGO.Name}})
			if got := page.Header.Get("Content-Type"); got != "text/html; charset=utf-8" || page.Header.Get("Content-Language") != lang || page.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("header %v", page.Header)
			}
			if found := harmful.FindAllString(string(page.Body), -1); found != nil {
				t.Errorf("%s: the sheet says %q", lang, found)
			}
			answer := w.get(t, nurse, path+"?lang="+lang)
			if found := harmful.FindAllString(strings.ReplaceAll(string(answer.Body), code, ""), -1); found != nil {
				t.Errorf("%s: the answer says %q", lang, found)
			}
		}
		w.run(t, Scenario{Path: path + "?lang=zz", Token: nurse.Token, Status: 422, Code: "lang.unknown"})
		w.run(t, Scenario{Path: path, Token: nurse.Token, Headers: map[string]string{"Accept": "image/png"}, Status: 406, Code: "media.not_acceptable"})
		w.refused(t, w.as(t, models.RoleNGOOutreach), path, 404, "client.not_found")
	})
}

func TestDisclosures_OverHTTP(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		code := w.register(t, doctor, 1)
		path := "/api/v1/clients/" + code + "/disclosures"
		w.run(t, creating(doctor, path, strings.Replace(disclosureBody, `"court"`, `"relative"`, 1), 422).failing("disclosure.ground_not_for_recipient").at("/ground"))
		w.run(t, creating(doctor, path, strings.Replace(disclosureBody, `true`, `false`, 1), 422).failing("disclosure.not_told_reason").at("/notToldReason"))
		w.run(t, creating(doctor, path, strings.Replace(disclosureBody, `"ground"`, `"reference":"case 77","ground"`, 1), 422).failing("body.unknown_field").at("/reference"))
		first := w.run(t, creating(doctor, path, disclosureBody, 201)).named(t).ID
		second := w.run(t, creating(doctor, path, disclosureBody, 201)).named(t).ID
		a := w.get(t, doctor, path+"?limit=1", second)
		var page struct{ Page struct{ Next string } }
		a.Into(t, &page)
		w.get(t, doctor, path+"?limit=1&cursor="+page.Page.Next, first)
		for _, method := range []string{http.MethodPatch, http.MethodDelete, http.MethodPut} {
			w.run(t, Scenario{Method: method, Path: path, Token: doctor.Token, Status: 405, Code: "method.not_allowed"})
		}
	})
}
