package api

import (
	"net/http"
	"testing"

	"jol/models"
	"jol/models/store/storetest"
)

// taskSamples work on records of their own: the moves of an episode need one in the right
// state, and reopening one that is closed.
func (p *population) taskSamples(t *testing.T) map[string]sample {
	t.Helper()
	screened := func(who account, person int) (code, id string) {
		code = p.register(t, who, person)
		body := p.episodeIn(models.EpisodeScreened)
		return code, p.run(t, creating(who, "/api/v1/clients/"+code+"/episodes", body, http.StatusCreated)).named(t).ID
	}
	task := func(who account, code string) string {
		return p.run(t, creating(who, "/api/v1/clients/"+code+"/tasks", `{"kind":"call"}`, http.StatusCreated)).named(t).ID
	}
	closed := func(who account, person int) string {
		id := p.start(t, who, p.register(t, who, person))
		p.run(t, changing(who, "POST", "/api/v1/episodes/"+id+"/closure", `"1"`, object{"endDate": p.Today(), "endReason": "5"}.String(), 200))
		return id
	}
	p.samplePeople++
	base := 400 + 10*p.samplePeople
	code, episode := screened(p.doctor, base)
	polyCode, polyEpisode := screened(p.poly, base+1)
	ngoCode := p.register(t, p.ngo, base+2)
	mine, theirs, ngos := task(p.doctor, code), task(p.poly, polyCode), task(p.ngo, ngoCode)
	old, polyOld := closed(p.doctor, base+3), closed(p.poly, base+4)
	of := func(noun, id, after, body string, others ...string) sample {
		before := "/api/v1/" + noun + "/"
		s := sample{who: p.doctor, path: before + id + after, body: body, absent: absent(before, after)}
		for _, other := range others {
			s.others = append(s.others, before+other+after)
		}
		return s
	}
	add := func(code string) string { return "/api/v1/clients/" + code + "/tasks" }
	return map[string]sample{
		"POST /api/v1/episodes/:id/reopening": of("episodes", old, "/reopening", object{"startDate": p.Today()}.String(), polyOld),
		"GET /api/v1/episodes/:id/anchors":    of("episodes", episode, "/anchors", "", polyEpisode),
		"POST /api/v1/episodes/:id/anchors":   of("episodes", episode, "/anchors", object{"name": "overdose_event", "on": p.Today()}.String(), polyEpisode),
		"POST /api/v1/episodes/:id/:action":   of("episodes", episode, "/assessment", "{}", polyEpisode),
		"GET /api/v1/tasks":                   {who: p.doctor, path: "/api/v1/tasks"},
		"GET /api/v1/tasks/:id":               of("tasks", mine, "", "", theirs, ngos),
		"POST /api/v1/tasks/:id/:action":      of("tasks", mine, "/completion", object{"on": p.Today()}.String(), theirs, ngos),
		"POST /api/v1/clients/:code/tasks": {who: p.doctor, path: add(code), body: object{"kind": "visit", "dueOn": p.Today(), "assignee": "me"}.String(),
			others: []string{add(polyCode), add(ngoCode)}, absent: []string{add(clinicCode(t, 4)), add(code + ".2"), add("P1" + code[2:])}},
	}
}

// episodeIn is the entry of an episode that begins in a state.
func (w *world) episodeIn(state string) string {
	n := storetest.Treatment(w.Today())
	return object{"startDate": n.StartDate, "state": state, "legalBasis": n.LegalBasis, "previousTreatment": n.PreviousTreatment,
		"referralSource": n.ReferralSource, "primaryDrug": n.PrimaryDrug, "route": n.Route, "injecting": n.Injecting}.String()
}
