package api

import (
	"strings"
	"testing"

	"jol/models"
)

func TestEpisode_StartReadClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, poly := w.as(t, models.RoleNarcologist), w.at(t, models.RoleNarcologist, w.Polyclinic, 1)
		code := w.register(t, doctor, 2)
		open := creating(doctor, "/api/v1/clients/"+code+"/episodes", w.episodeBody(), 201)
		edition, _ := realCatalog().Edition("therapeutic-programme")
		a := w.run(t, open.failing("", `"sex":"F"`, `"ageAtStart":41`, `"centreType":"1"`, `"structured":true`, `"endDate":null`, `"edition":"`+edition+`"`))
		if replay := w.run(t, open); replay.Header.Get("Idempotency-Replayed") != "true" || string(replay.Body) != string(a.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		w.run(t, creating(doctor, "/api/v1/clients/"+code+"/episodes", w.episodeBody(), 409).failing("episode.open_already"))
		path := "/api/v1/episodes/" + a.named(t).ID
		w.get(t, doctor, path, `"clientCode":"`+code+`"`)
		w.get(t, doctor, "/api/v1/clients/"+code+"/episodes", path[len("/api/v1/episodes/"):])
		w.refused(t, poly, path, 404, "episode.not_found")
		end := func(date models.Date, reason string, status int) Scenario {
			return changing(doctor, "POST", path+"/closure", `"1"`, object{"endDate": date, "endReason": reason}.String(), status)
		}
		w.run(t, end(w.Today(), "3", 409).failing("episode.transfer_not_accepted"))
		w.run(t, end(w.Today().AddDays(-1), "1", 422).failing("episode.end_before_start", `"/endDate"`))
		w.run(t, end(w.Today().AddDays(1), "1", 422).failing("episode.end_in_future", `"/endDate"`))
		w.run(t, end(w.Today(), "9", 422).failing("episode.reason_of_the_inactivity_rule", `"/endReason"`))
		w.run(t, end(w.Today(), "1", 200).failing("", `"endReason":"1"`, `"version":2`))
		w.run(t, end(w.Today(), "1", 412).failing("precondition.version"))
		w.start(t, doctor, code)
	})
}

func TestEpisode_RefusesCodesOutsideTheLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		path := "/api/v1/clients/" + w.register(t, ngo, 1) + "/episodes"
		good := w.episodeBody()
		for _, bad := range []struct{ old, new, code, pointer string }{
			{`"startDate":"2026-10-05"`, `"startDate":"2026-10-06"`, "episode.start_in_future", "/startDate"},
			{`"startDate":"2026-10-05"`, `"startDate":"05.10.2026"`, "episode.start_not_a_date", "/startDate"},
			{`"legalBasis":"voluntary"`, `"legalBasis":"zqx"`, "episode.code_not_in_list", "/legalBasis"},
			{`"primaryDrug":"11"`, `"primaryDrug":"zqx"`, "episode.code_not_in_list", "/primaryDrug"},
			{`"injecting":"2.3"`, `"injecting":"1"`, "episode.route_implies_injecting", "/injecting"},
			{`{`, `{"structured":true,`, "episode.organisation_gives_no_structured_treatment", "/structured"},
			{`{`, `{"protocol":"zqx",`, "episode.protocol_unknown", "/protocol"},
		} {
			sc := creating(ngo, path, strings.Replace(good, bad.old, bad.new, 1), 422).failing(bad.code, `"`+bad.pointer+`"`)
			sc.Absent = []string{"zqx", "05.10"}
			w.run(t, sc)
		}
		if n := len(w.rows(t, "SELECT id FROM episodes")); n != 0 {
			t.Errorf("%d episodes were written", n)
		}
	})
}

// The pathway shows what the caller's organisation wrote in full, and of others what a
// consent or a treating team opens.
func TestPathway_ShowsWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, poly := w.as(t, models.RoleClinician), w.at(t, models.RoleClinician, w.Polyclinic, 1)
		code := w.register(t, doctor, 1)
		theirs := w.start(t, doctor, code)
		consent := w.consent(t, doctor, code, w.Polyclinic, models.CatTreatmentFact)
		id := w.refer(t, doctor, code, w.Polyclinic, "")
		own := w.move(t, poly, id, "acceptance", "").named(t).ClientCode
		whole := w.get(t, doctor, "/api/v1/clients/"+code+"/pathway", `"kind":"registration"`, `"kind":"consent"`, `"kind":"referral"`, `"kind":"episode"`, `"primaryDrug":"11"`)
		if i, j := strings.Index(string(whole.Body), `"kind":"episode"`), strings.Index(string(whole.Body), `"kind":"registration"`); i > j {
			t.Error("an item with a date alone comes after the times of its day")
		}
		// The consent names the bare fact: so much and no more.
		fact := w.get(t, poly, "/api/v1/clients/"+own+"/pathway", `"record":{"id":"`+theirs+`","organisation":"`+string(w.Clinic.ID)+`","startDate":"2026-10-05","endDate":null}`)
		for _, absent := range []string{"primaryDrug", "injecting", consent + `","clientCode`} {
			if strings.Contains(string(fact.Body), absent) {
				t.Errorf("the receiver reads %q: %s", absent, fact.Body)
			}
		}
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/consents/" + consent + "/withdrawal", Token: doctor.Token, Status: 200})
		if after := w.get(t, poly, "/api/v1/clients/"+own+"/pathway"); strings.Contains(string(after.Body), theirs) {
			t.Errorf("after the withdrawal: %s", after.Body)
		}
	})
}

// The clinic in charge reads what another clinic writes of the person it treats. The
// other, of which the client has spoken in a consent, reads what the consent names.
func TestPathway_OpensToTheTeamInCharge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, poly := w.as(t, models.RoleClinician), w.at(t, models.RoleClinician, w.Polyclinic, 1)
		code := w.register(t, doctor, 1)
		ours := w.start(t, doctor, code)
		w.consent(t, doctor, code, w.Polyclinic)
		body := strings.Replace(referralBody(code, w.Polyclinic, ""), "step_up", "infection_link", 1) // adds care, moves nobody
		referral := w.run(t, creating(doctor, "/api/v1/referrals", body, 201)).named(t).ID
		own := w.move(t, poly, referral, "acceptance", "").named(t).ClientCode
		theirs := w.start(t, poly, own)
		w.get(t, doctor, "/api/v1/clients/"+code+"/pathway", ours, theirs)
		if read := w.get(t, poly, "/api/v1/clients/"+own+"/pathway", theirs); strings.Contains(string(read.Body), ours) {
			t.Errorf("a consent that names nothing shows an episode: %s", read.Body)
		}
		w.run(t, changing(doctor, "POST", "/api/v1/episodes/"+ours+"/closure", `"1"`, object{"endDate": w.Today(), "endReason": "1"}.String(), 200))
		if after := w.get(t, doctor, "/api/v1/clients/"+code+"/pathway", ours); strings.Contains(string(after.Body), theirs) {
			t.Errorf("who treats no longer still reads: %s", after.Body)
		}
	})
}

func TestEpisode_ContactsKeepItOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		code := w.register(t, nurse, 1)
		body := strings.Replace(w.episodeBody(), string(w.Today()), string(w.Today().AddDays(-10)), 1)
		path := "/api/v1/episodes/" + w.run(t, creating(nurse, "/api/v1/clients/"+code+"/episodes", body, 201)).named(t).ID
		contact := func(on models.Date, etag string, status int) Scenario {
			return changing(nurse, "POST", path+"/contacts", etag, object{"on": on}.String(), status)
		}
		w.run(t, contact(w.Today().AddDays(-1), `"1"`, 200).failing("", `"lastContact":"`+string(w.Today().AddDays(-1))+`"`, `"version":2`))
		w.run(t, contact(w.Today().AddDays(-5), `"2"`, 200).failing("", `"lastContact":"`+string(w.Today().AddDays(-1))+`"`))
		w.run(t, contact(w.Today(), `"2"`, 412).failing("precondition.version"))
		w.run(t, contact(w.Today().AddDays(1), `"3"`, 422).failing("episode.contact_in_future", `"/on"`))
		w.run(t, contact("zqx", `"3"`, 422).failing("episode.contact_not_a_date", `"/on"`))
		w.run(t, contact(w.Today().AddDays(-11), `"3"`, 422).failing("episode.contact_before_start", `"/on"`))
	})
}
