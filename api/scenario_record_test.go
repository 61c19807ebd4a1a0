package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/handlers"
	"jol/models"
)

// Every kind of entry: whoever writes it reads it back in its list, in its history and in
// the pathway, and a role without its category is turned away.
func TestRecord_EveryKindOfEntry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, ngo := w.as(t, models.RoleClinician), w.as(t, models.RoleNGOOutreach)
		guard, peer := w.as(t, models.RolePrisonSecurity), w.as(t, models.RolePeerNavigator)
		atClinic, atNGO := w.register(t, doctor, 1), w.register(t, ngo, 2)
		w.start(t, doctor, atClinic)
		computed := map[string]string{
			"screenings": `"band":"harmful"`, "observations": `"band":"moderate"`, "diagnoses": `"icd10":"F11.2"`,
			"assessments": `"warnings":[]`, "contacts": `"syringes":20`, "counselling-notes": `"note":"asked for peers"`,
		}
		for address, body := range entryBodies(w.Today()) {
			who, code := doctor, atClinic
			if address == "social-plans" || address == "counselling-notes" {
				who, code = ngo, atNGO
			}
			path := "/api/v1/clients/" + code + "/" + address
			made := w.run(t, creating(who, path, body.String(), 201).failing("", `"clientCode":"`+code+`"`, `"version":1`, computed[address]))
			id := made.named(t).ID
			if made.Header.Get("Location") != "/api/v1/entries/"+id || made.Header.Get("ETag") != `"1"` {
				t.Errorf("%s: %v", address, made.Header)
			}
			w.get(t, who, path, id, computed[address])
			w.get(t, who, "/api/v1/entries/"+id, `"record":`+string(made.Body), `"struck":false`)
			w.get(t, who, "/api/v1/clients/"+code+"/pathway", `"record":`+string(made.Body))
			w.refused(t, guard, path, 403, "role.not_allowed")
			if address != "naloxone-trainings" && address != "mental-health-checks" {
				w.refused(t, peer, path, 403, "role.not_allowed")
			}
			w.refused(t, peer, "/api/v1/entries/"+id, 404, "entry.not_found")
			body["on"] = w.Today().AddDays(1)
			w.run(t, creating(who, path, body.String(), 422).failing("entry.in_future", `"pointer":"/on"`))
		}
		// A clinic's social worker reads the clinic's contacts; a nurse writes no diagnosis.
		w.run(t, creating(w.as(t, models.RoleNurse), "/api/v1/clients/"+atClinic+"/diagnoses", entryBodies(w.Today())["diagnoses"].String(), 403).failing("role.not_allowed"))
		w.get(t, w.as(t, models.RoleSocialWorker), "/api/v1/clients/"+atClinic+"/contacts", `"intervention":"NSP"`)
	})
}

func TestRecord_CorrectionsAndHistory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		code := w.register(t, doctor, 1)
		id := w.entryOf(t, doctor, code, "screenings")
		path := "/api/v1/entries/" + id + "/corrections"
		audit := func(points, item int) object {
			return object{"on": w.Today(), "tool": "audit", "score": points, "items": object{"1": item}}
		}
		fix := object{"reason": "entry_error", "screening": audit(20, 4)}.String()
		w.run(t, changing(doctor, "POST", path, `"2"`, fix, 412).failing("precondition.version"))
		w.run(t, changing(doctor, "POST", path, `"1"`, object{"reason": "entry_error", "screening": audit(20, 3), "diagnosis": object{"on": w.Today(), "icd11": "6C43.2", "status": "confirmed"}}.String(), 422).failing("entry.one_content"))
		w.run(t, changing(doctor, "POST", path, `"1"`, object{"reason": "zqx", "screening": audit(20, 3)}.String(), 422).failing("entry.correction_reason_unknown", `"pointer":"/reason"`))
		w.run(t, changing(doctor, "POST", path, `"1"`, `{"reason":"entry_error"}`, 422).failing("entry.content_unless_in_error"))
		w.run(t, changing(doctor, "POST", path, `"1"`, object{"reason": "review", "screening": audit(20, 3)}.String(), 422).failing("entry.review_of_plans_only"))
		w.run(t, changing(doctor, "POST", path, `"1"`, object{"reason": "entry_error", "screening": audit(20, 5)}.String(), 422).
			failing("screening.item_impossible", `"pointer":"/screening/items/1"`))
		w.run(t, changing(doctor, "POST", path, `"1"`, object{"reason": "entry_error", "screening": object{"on": w.Today(), "tool": "zqx"}}.String(), 422).
			failing("screening.tool_unknown", `"pointer":"/screening/tool"`))
		second := w.run(t, changing(doctor, "POST", path, `"1"`, fix, 200).failing("", `"version":2`, `"correction":"entry_error"`, `"band":"possible_dependence"`))
		if second.Header.Get("ETag") != `"2"` {
			t.Error(second.Header)
		}
		w.run(t, changing(doctor, "POST", path, `"2"`, `{"reason":"entered_in_error"}`, 200).failing("", `"struck":true`))
		w.run(t, changing(doctor, "POST", path, `"3"`, `{"reason":"entered_in_error"}`, 409).failing("entry.struck_out"))
		if list := w.get(t, doctor, "/api/v1/clients/"+code+"/screenings"); strings.Contains(string(list.Body), id) {
			t.Error("what was struck out is listed")
		}
		var history handlers.EntryHistoryView
		w.get(t, doctor, "/api/v1/entries/"+id).Into(t, &history)
		if len(history.Versions) != 3 || !history.Versions[0].Struck || history.Versions[2].Struck {
			t.Errorf("%+v", history)
		}
		// A plan is reviewed.
		plan := w.entryOf(t, doctor, code, "clinical-plans")
		reviewed := entryBodies(w.Today())["clinical-plans"]
		reviewed["goals"] = []object{{"goal": "start_oat", "state": "reached"}}
		w.run(t, changing(doctor, "POST", "/api/v1/entries/"+plan+"/corrections", `"1"`, object{"reason": "review", "clinicalPlan": reviewed}.String(), 200).
			failing("", `"state":"reached"`, `"kind":"clinical_plan"`))
	})
}

// What the scales refuse, with a pointer to the item and without its name when it is not ours.
func TestRecord_ScalesGuardTheirItems(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		woman, man := w.register(t, doctor, 2), w.register(t, doctor, 1)
		screen := func(code string, body object, status int) Scenario {
			body["on"] = w.Today()
			return creating(doctor, "/api/v1/clients/"+code+"/screenings", body.String(), status)
		}
		for _, c := range []struct {
			body          object
			code, pointer string
		}{
			{object{"tool": "cows", "score": 3}, "screening.tool_unknown", "/tool"},
			{object{"tool": "audit"}, "screening.score_required", "/score"},
			{object{"tool": "audit", "score": 41}, "screening.score_impossible", "/score"},
			{object{"tool": "audit", "score": 2, "items": object{"4": 4}}, "screening.score_contradicts_items", "/score"},
			{object{"tool": "audit", "score": 9, "items": object{"9": 3}}, "screening.item_impossible", "/items/9"},
			{object{"tool": "audit", "score": 9, "items": object{"zqx": 3}}, "screening.item_unknown", "/items"},
			{object{"tool": "assist", "score": 9}, "screening.key_unknown", "/key"},
			{object{"tool": "audit", "system": "zqx", "score": 9}, "screening.system_unknown", "/system"},
		} {
			sc := screen(woman, c.body, 422).failing(c.code, `"pointer":"`+c.pointer+`"`)
			sc.Absent = []string{"zqx"}
			w.run(t, sc)
		}
		w.run(t, screen(woman, object{"tool": "dudit", "score": 2}, 201).failing("", `"band":"problem"`, `"toolVersion":"DUDIT-2003"`))
		w.run(t, screen(man, object{"tool": "dudit", "score": 2}, 201).failing("", `"band":"below"`))
		w.run(t, screen(man, object{"tool": "assist", "key": "alcohol", "score": 10}, 201).failing("", `"band":"low"`))
		w.run(t, screen(man, object{"tool": "assist", "key": "opioids", "score": 10}, 201).failing("", `"band":"moderate"`))
		w.run(t, creating(doctor, "/api/v1/clients/"+man+"/observations", object{"on": w.Today(), "tool": "ciwa", "system": "ciwa-10-18", "score": 9}.String(), 201).
			failing("", `"band":"mild"`, `"system":"ciwa-10-18"`))
	})
}

func TestRecord_AssessmentNeedsItsEpisode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		code := w.register(t, doctor, 1)
		path, body := "/api/v1/clients/"+code+"/assessments", assessmentBody(w.Today())
		w.run(t, creating(doctor, path, body.String(), 409).failing("assessment.episode_required"))
		episode := w.start(t, doctor, code)
		body["ostStatus"], body["livingWhere"] = "3", "3"
		w.run(t, creating(doctor, path, body.String(), 201).failing("", `"warnings":["detention_living_with"]`, `"episode":"`+episode+`"`))
		body["ageFirstUse"] = 99
		delete(body, "ageFirstOst")
		body["education"] = "zqx"
		w.run(t, creating(doctor, path, body.String(), 422).failing("entry.code_not_in_list", `"/education"`, `"/ageFirstOst"`))
		body["education"], body["ageFirstOst"] = "3", 20
		w.run(t, creating(doctor, path, body.String(), 422).failing("assessment.age_impossible", `"/ageFirstUse"`))
	})
}

// A note that identifies somebody is refused, and is nowhere.
func TestRecord_NotesAreScreened(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleClinician)
		code := w.register(t, ngo, 1)
		unchanged := w.unwritten(t)
		for _, bad := range refusals {
			note := entryBodies(w.Today())["counselling-notes"]
			note["note"] = bad.text
			alert := w.alertBody()
			alert["note"] = bad.text
			for _, sc := range []Scenario{
				creating(ngo, "/api/v1/clients/"+code+"/counselling-notes", note.String(), 422), creating(doctor, "/api/v1/alerts", alert.String(), 422),
			} {
				sc.Absent = []string{"zqx", "880101300123"}
				w.run(t, sc.failing(bad.code, `"pointer":"/note"`, bad.rule))
			}
		}
		unchanged()
	})
}

// Sight by consent over HTTP: the bytes of another organisation's entry, and their absence.
func TestRecord_SharedByCategory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor, nurse := w.as(t, models.RoleNGOCoordinator), w.as(t, models.RoleClinician), w.as(t, models.RoleNurse)
		code := w.register(t, ngo, 1)
		w.consent(t, ngo, code, w.Clinic)
		own := w.move(t, doctor, w.refer(t, ngo, code, w.Clinic, ""), "acceptance", "").named(t).ClientCode
		id, contact := w.entryOf(t, ngo, code, "screenings"), w.entryOf(t, ngo, code, "contacts")
		w.refused(t, doctor, "/api/v1/entries/"+id, 404, "entry.not_found")
		if got := w.get(t, doctor, "/api/v1/clients/"+own+"/screenings"); string(got.Body) != `{"items":[],"page":{"next":""}}` {
			t.Errorf("without a category: %s", got.Body)
		}
		consent := w.consent(t, ngo, code, w.Clinic, models.CatScreening)
		for _, who := range []account{doctor, nurse} {
			seen := w.get(t, who, "/api/v1/clients/"+own+"/screenings", id, `"clientCode":null`, `"episode":null`, `"organisation":"`+string(w.NGO.ID)+`"`)
			if strings.Contains(string(seen.Body), code) {
				t.Error("the NGO's code reached the clinic")
			}
			w.get(t, who, "/api/v1/entries/"+id, `"kind":"screening"`)
			w.refused(t, who, "/api/v1/entries/"+contact, 404, "entry.not_found")
			w.run(t, changing(who, "POST", "/api/v1/entries/"+id+"/corrections", `"1"`, `{"reason":"entered_in_error"}`, 404).failing("entry.not_found"))
		}
		rows := w.rows(t, "SELECT DISTINCT consent_id, ground, categories, organisation_id, recipient_id FROM disclosures WHERE categories NOT LIKE '%referral%'")
		if want := []string{consent, "", `["screening"]`, string(w.NGO.ID), string(w.Clinic.ID)}; len(rows) != 1 || !slices.Equal(rows[0], want) {
			t.Errorf("disclosures %v", rows)
		}
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/consents/" + consent + "/withdrawal", Token: ngo.Token, Status: 200})
		w.refused(t, doctor, "/api/v1/entries/"+id, 404, "entry.not_found")
	})
}

func TestOverdose_WholeLifeAndTwoAudiences(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, guard, head := w.as(t, models.RoleNGOOutreach), w.as(t, models.RolePrisonSecurity), w.as(t, models.RolePrisonManagement)
		code := w.register(t, ngo, 1)
		send := creating(ngo, "/api/v1/overdoses", w.overdoseBody(code).String(), 201)
		made := w.run(t, send.failing("", `"state":"response"`, `"clientCode":"`+code+`"`, `"offers":["naloxone_refill","oat_fast_track"]`))
		if replay := w.run(t, send); string(replay.Body) != string(made.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		path := "/api/v1/overdoses/" + made.named(t).ID
		move := func(who account, etag, action, body string, status int) Scenario {
			return changing(who, http.MethodPost, path+"/"+action, etag, body, status)
		}
		w.run(t, move(ngo, `"1"`, "closure", `{"on":"2026-10-05"}`, 422).failing("body.unknown_field", `"/on"`))
		w.run(t, move(ngo, `"1"`, "follow-up", object{"on": w.Today()}.String(), 409).failing("overdose.not_possible", "survival"))
		w.run(t, move(ngo, `"1"`, "zqx", "{}", 404).failing("overdose.not_found"))
		w.run(t, move(ngo, `"1"`, "survival", "", 200).failing("", `"state":"survived"`))
		w.later(t, 24*time.Hour, &ngo, &guard, &head)
		w.run(t, move(ngo, `"2"`, "follow-up", object{"on": w.Today()}.String(), 200).failing("", `"followedUpOn":"`+string(w.Today())+`"`))
		w.run(t, move(ngo, `"3"`, "plan-review", object{"on": w.Today()}.String(), 200))
		w.run(t, move(ngo, `"4"`, "closure", "{}", 200).failing("", `"allowed":[]`))
		w.get(t, ngo, "/api/v1/clients/"+code+"/pathway", `"kind":"overdose"`)
		w.get(t, ngo, "/api/v1/overdoses", made.named(t).ID)

		place := object{"region": "KZ-75", "place": "custody", "at": w.Now()}
		report := w.run(t, creating(guard, "/api/v1/overdoses", place.String(), 201))
		want := fmt.Sprintf(`{"id":"%s","region":"KZ-75","place":"custody","at":"%s","version":1}`, report.named(t).ID, w.Now().Format("2006-01-02T15:04:05Z"))
		if string(report.Body) != want {
			t.Errorf("security reads %s, want %s", report.Body, want)
		}
		for _, who := range []account{guard, head} {
			if got := w.get(t, who, "/api/v1/overdoses"); string(got.Body) != `{"items":[`+want+`],"page":{"next":""}}` {
				t.Errorf("%s reads %s", who.Role, got.Body)
			}
			w.get(t, who, "/api/v1/overdoses/"+report.named(t).ID, want)
			w.refused(t, who, path, 404, "overdose.not_found")
		}
		for field, value := range map[string]any{"clientCode": code, "substances": []string{"11"}, "naloxoneDoses": 1, "ambulance": "yes", "outcome": "died"} {
			place[field] = value
			w.run(t, creating(guard, "/api/v1/overdoses", place.String(), 422).failing("overdose.place_and_time_only", `"pointer":"/`+field+`"`))
			delete(place, field)
		}
		w.run(t, creating(head, "/api/v1/overdoses", place.String(), 403).failing("role.not_allowed"))
		w.run(t, move(guard, `"5"`, "death", "", 403).failing("role.not_allowed"))
		place["at"] = w.Now().Add(time.Minute)
		w.run(t, creating(guard, "/api/v1/overdoses", place.String(), 422).failing("overdose.in_future", `"/at"`))
		absent := creating(ngo, "/api/v1/overdoses", `{}`, 422).failing("body.field_required", `"/place"`, `"/at"`)
		absent.Absent = []string{"too_long_ago"}
		w.run(t, absent)
		w.run(t, creating(ngo, "/api/v1/overdoses", object{"place": "home", "at": w.Now()}.String(), 422).failing("entry.code_not_in_list", `"/ambulance"`, `"/outcome"`))
	})
}

func TestNaloxone_KitsAndWhoHasThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		peer, ngo := w.as(t, models.RolePeerNavigator), w.as(t, models.RoleNGOOutreach)
		code := w.register(t, ngo, 1)
		stock := func() string {
			return w.run(t, creating(peer, "/api/v1/naloxone-kits", kitBody(w).String(), 201).failing("", `"state":"stocked"`)).named(t).ID
		}
		given, lost := stock(), stock()
		path := "/api/v1/naloxone-kits/" + given
		on := object{"on": w.Today()}
		w.run(t, changing(peer, "POST", path+"/loss", `"1"`, object{"on": w.Today(), "clientCode": code}.String(), 422).failing("body.unknown_field", `"/clientCode"`))
		w.run(t, changing(peer, "POST", path+"/handover", `"1"`, object{"on": w.Today(), "clientCode": code}.String(), 200).failing("", `"clientCode":"`+code+`"`, `"allowed":["use","loss"]`))
		w.run(t, changing(peer, "POST", "/api/v1/naloxone-kits/"+lost+"/loss", `"1"`, on.String(), 200).failing("", `"state":"lost"`))
		w.get(t, ngo, "/api/v1/clients/"+code+"/pathway", `"kind":"naloxone_kit"`, given)
		w.get(t, ngo, "/api/v1/naloxone-kits?state=given", given)
		w.refused(t, ngo, "/api/v1/naloxone-kits?state=zqx", 422, "state.unknown")
		overdose := w.run(t, creating(ngo, "/api/v1/overdoses", w.overdoseBody("").String(), 201).failing("", `"clientCode":null`, `"highRiskUntil":null`, `"offers":[]`)).named(t).ID
		w.run(t, changing(ngo, "POST", path+"/use", `"2"`, object{"on": w.Today(), "overdose": none}.String(), 404).failing("overdose.not_found", `"/overdose"`))
		w.run(t, changing(ngo, "POST", path+"/use", `"2"`, object{"on": w.Today(), "overdose": overdose}.String(), 200).failing("", `"overdose":"`+overdose+`"`))
		w.run(t, changing(ngo, "POST", path+"/loss", `"3"`, on.String(), 409).failing("naloxone_kit.not_possible"))
		w.get(t, peer, path, `"state":"used"`)
		short := stock()
		w.later(t, 401*24*time.Hour, &peer)
		w.get(t, peer, "/api/v1/naloxone-kits/"+short, `"state":"expired"`)
		w.run(t, changing(peer, "POST", "/api/v1/naloxone-kits/"+short+"/handover", `"1"`, object{"on": w.Today()}.String(), 409).failing("naloxone_kit.expired"))
		w.run(t, creating(peer, "/api/v1/naloxone-kits", object{"lot": "Aigul", "expiresOn": "2020-01-01"}.String(), 422).failing("naloxone_kit.lot_form", `"/lot"`, `"/expiresOn"`))
	})
}

// Two organisations report; the coordinator sees that there were two and issues; everybody
// who reads alerts is warned; nobody learns who reported what.
func TestAlert_FromTwoOverdosesToEverybody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, other, nurse := w.as(t, models.RoleNGOOutreach), w.at(t, models.RoleNGOOutreach, w.OtherNGO, 1), w.as(t, models.RoleNurse)
		coordinator, peer := w.as(t, models.RoleProgrammeCoordinator), w.as(t, models.RolePeerNavigator)
		first := w.run(t, creating(ngo, "/api/v1/overdoses", w.overdoseBody("").String(), 201)).named(t).ID
		w.Advance(time.Minute)
		second := w.run(t, creating(other, "/api/v1/overdoses", w.overdoseBody("").String(), 201)).named(t).ID
		proposal := w.get(t, coordinator, "/api/v1/alerts", `"state":"proposed"`, `"organisation":null`, `"substances":[]`, `"issuedAt":null`)
		for _, secret := range []string{first, second, string(w.NGO.ID), string(w.OtherNGO.ID), w.Now().Format("15:04:05")} {
			if strings.Contains(string(proposal.Body), secret) {
				t.Errorf("the proposal tells %s: %s", secret, proposal.Body)
			}
		}
		id := w.proposal(t)
		path := "/api/v1/alerts/" + id
		text := object{"substances": []string{"17"}, "advice": []string{"carry_naloxone", "repeat_naloxone"}, "note": "blue tablets", "validUntil": w.Today().AddDays(7)}
		for _, who := range []account{ngo, other, nurse, peer} {
			w.refused(t, who, path, 404, "alert.not_found")
			if list := w.get(t, who, "/api/v1/alerts"); strings.Contains(string(list.Body), id) {
				t.Errorf("%s sees the proposal", who.Role)
			}
			if got := w.get(t, who, "/api/v1/alerts?state=proposed"); strings.Contains(string(got.Body), id) {
				t.Errorf("%s filters for the proposal", who.Role)
			}
			w.run(t, changing(who, "POST", path+"/issue", `"1"`, text.String(), 403).failing("role.not_allowed"))
		}
		w.refused(t, coordinator, "/api/v1/alerts?state=zqx", 422, "state.unknown")
		w.run(t, changing(w.as(t, models.RoleClinician), "POST", path+"/issue", `"1"`, text.String(), 404).failing("alert.not_found"))
		w.run(t, changing(coordinator, "POST", path+"/issue", `"1"`, text.String(), 200).failing("", `"state":"issued"`))
		w.run(t, changing(coordinator, "POST", path+"/issue", `"2"`, text.String(), 409).failing("alert.not_possible"))
		for _, who := range []account{ngo, other, nurse, peer, coordinator} {
			w.get(t, who, "/api/v1/alerts", id, "blue tablets")
			w.get(t, who, path, `"advice":["carry_naloxone","repeat_naloxone"]`)
		}
		w.get(t, w.as(t, models.RolePrisonSecurity), path, "blue tablets")
		w.run(t, changing(coordinator, "POST", path+"/retraction", `"2"`, `{"reason":"zqx"}`, 422).failing("entry.code_not_in_list", `"/reason"`))
		w.run(t, changing(coordinator, "POST", path+"/retraction", `"2"`, `{"reason":"not_confirmed"}`, 200).failing("", `"retraction":"not_confirmed"`))
		w.refused(t, peer, path, 404, "alert.not_found")
		own := w.run(t, creating(w.as(t, models.RoleNarcologist), "/api/v1/alerts", w.alertBody().String(), 201).failing("", `"state":"issued"`)).named(t).ID
		w.get(t, peer, "/api/v1/alerts/"+own, `"kind":"dangerous_substance"`)
		w.run(t, creating(nurse, "/api/v1/alerts", w.alertBody().String(), 403).failing("role.not_allowed"))
	})
}

// later moves the clock and signs the accounts in again.
func (w *world) later(t testing.TB, by time.Duration, who ...*account) {
	t.Helper()
	w.Advance(by)
	for _, a := range who {
		token, err := w.IssueToken(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		a.Token = token.Token
	}
}

// A body's members are those of its kind: what is computed cannot be sent.
func TestRecord_ComputedFieldsAreNotTaken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		code := w.register(t, doctor, 1)
		for address, member := range map[string]string{"screenings": "band", "observations": "toolVersion", "assessments": "warnings", "diagnoses": "icd10"} {
			body := entryBodies(w.Today())[address]
			body[member] = "zqx"
			sc := creating(doctor, "/api/v1/clients/"+code+"/"+address, body.String(), 422).failing("body.unknown_field")
			sc.Absent = []string{"zqx"}
			w.run(t, sc)
		}
		raw, err := json.Marshal(entryBodies(w.Today())["contacts"])
		if err != nil || !strings.Contains(string(raw), "syringes") {
			t.Fatal(err)
		}
	})
}
