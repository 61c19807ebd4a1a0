package api

import (
	"net/http"
	"strings"
	"testing"

	"jol/models"
)

// workList is a page of tasks.
type workList struct {
	Items []struct {
		ID, ClientCode, Episode, Step, Title, State string
		DueAt                                       *string
		Overdue                                     bool
		Assignee                                    *string
	}
}

// From first contact to aftercare: the protocol says what is next, and a person decides.
func TestTask_FromFirstContactToAftercare(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		code := w.register(t, nurse, 1)
		begun := w.run(t, creating(nurse, "/api/v1/clients/"+code+"/episodes", w.episodeIn("screened"), http.StatusCreated).
			failing("", `"state":"screened"`, `"allowed":["assessment","closure"]`, `"suspendedFor":null`))
		id := begun.named(t).ID
		path := "/api/v1/episodes/" + id
		list := func(query string) (l workList) {
			w.get(t, nurse, "/api/v1/tasks?"+query).Into(t, &l)
			return l
		}
		first := list("episode=" + id + "&step=tp-entry-first-contact")
		if len(first.Items) != 1 || first.Items[0].ClientCode != code || first.Items[0].Episode != id || first.Items[0].State != "open" || first.Items[0].Assignee != nil {
			t.Fatalf("%+v", first)
		}
		russian := list("lang=ru&episode=" + id + "&step=tp-entry-first-contact")
		if title := russian.Items[0].Title; title == first.Items[0].Title || title == "tp-entry-first-contact" || !strings.ContainsAny(title, "аеио") {
			t.Errorf("in Russian it is called %q", title)
		}
		task := "/api/v1/tasks/" + first.Items[0].ID
		w.get(t, nurse, task, `"dueBefore":[]`, `"limitBasis":"editorial"`, `"allowed":["completion","skip","assignment","escalation"]`)
		w.run(t, changing(nurse, "POST", task+"/assignment", `"1"`, `{"assignee":"me"}`, 200).failing("", `"assignee":"`+string(nurse.ID)+`"`))
		if mine := list("assignee=me"); len(mine.Items) != 1 {
			t.Errorf("%+v", mine)
		}
		w.run(t, changing(nurse, "POST", task+"/completion", `"2"`, `{"branch":"zqx"}`, 422).failing("task.branch_unknown", `"/branch"`))
		w.run(t, changing(nurse, "POST", task+"/completion", `"2"`, `{"branch":"stable"}`, 200).failing("", `"state":"done"`, `"branch":"stable"`))
		w.run(t, changing(nurse, "POST", task+"/completion", `"3"`, `{"branch":"stable"}`, 409).failing("task.not_possible", "The task is done"))
		if next := list("step=tp-entry-rights"); len(next.Items) != 1 {
			t.Errorf("%+v", next)
		}
		turn := func(etag, action, body string, status int, code string, contains ...string) {
			t.Helper()
			w.run(t, changing(nurse, "POST", path+"/"+action, etag, body, status).failing(code, contains...))
		}
		turn(`"1"`, "assessment", "", 200, "", `"state":"assessed"`)
		turn(`"2"`, "treatment", "", 409, "episode.not_possible", "possible now: plan, closure")
		turn(`"2"`, "plan", "", 200, "", `"state":"planned"`)
		turn(`"3"`, "treatment", "", 409, "episode.consent_required")
		turn(`"3"`, "treatment", `{"reason":"travel"}`, 422, "body.unknown_field", `"/reason"`)
		body := consentBody(w, models.PurposeTreatment, w.Clinic)
		w.run(t, creating(nurse, "/api/v1/clients/"+code+"/consents", body, http.StatusCreated))
		turn(`"3"`, "treatment", "", 200, "", `"state":"in_treatment"`)
		turn(`"4"`, "suspension", "", 422, "episode.suspension_reason_unknown", `"/reason"`)
		turn(`"4"`, "suspension", `{"reason":"custody"}`, 200, "", `"state":"suspended"`, `"suspendedFor":"custody"`)
		turn(`"5"`, "resumption", "", 200, "", `"state":"in_treatment"`, `"suspendedFor":null`)
		turn(`"6"`, "aftercare", "", 200, "", `"state":"aftercare"`)
		turn(`"7"`, "holiday", "", 404, "episode.not_found")
		turn(`"7"`, "closure", object{"endDate": w.Today(), "endReason": "1"}.String(), 200, "", `"state":"closed"`, `"allowed":["reopening"]`)
		if left := list("episode=" + id); len(left.Items) != 0 {
			t.Errorf("%+v", left)
		}
		again := w.run(t, creating(nurse, path+"/reopening", "", http.StatusCreated).failing("", `"state":"assessed"`, `"reopens":"`+id+`"`))
		w.run(t, creating(nurse, path+"/reopening", "", 409).failing("episode.open_already"))
		w.get(t, nurse, "/api/v1/episodes/"+again.named(t).ID, `"previousTreatment":"2"`)
	})
}

// A release date that moves takes the undone tasks with it, and says what they were.
func TestAnchor_MovesTasks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		health := w.as(t, models.RolePrisonMedical)
		code := w.register(t, health, 1)
		body := strings.Replace(w.episodeBody(), `{`, `{"protocol":"prison-civil-society-protocol",`, 1)
		id := w.run(t, creating(health, "/api/v1/clients/"+code+"/episodes", body, http.StatusCreated)).named(t).ID
		anchors := "/api/v1/episodes/" + id + "/anchors"
		set := func(body string, status int, code string, contains ...string) {
			t.Helper()
			w.run(t, creating(health, anchors, body, status).failing(code, contains...))
		}
		set(`{"name":"planned_release_date","on":"2027-03-01"}`, 201, "", `"version":1`, `"current":true`)
		var before, after workList
		w.get(t, health, "/api/v1/tasks?step=pc-release-prep-conference").Into(t, &before)
		set(`{"name":"planned_release_date","on":"2027-02-01"}`, 201, "", `"version":2`)
		set(`{"name":"birthday","on":"2026-02-01"}`, 422, "anchor.name_unknown", `"/name"`)
		set(`{"name":"release"}`, 422, "anchor.at_or_on", `"/at"`)
		set(`{"name":"release","on":"2027-02-30"}`, 422, "anchor.on_not_a_date", `"/on"`)
		w.get(t, health, "/api/v1/tasks?step=pc-release-prep-conference").Into(t, &after)
		if len(before.Items) != 1 || len(after.Items) != 1 || *before.Items[0].DueAt <= *after.Items[0].DueAt {
			t.Errorf("before %+v after %+v", before, after)
		}
		w.get(t, health, "/api/v1/tasks/"+after.Items[0].ID, `"dueBefore":[{"dueAt":"`+*before.Items[0].DueAt+`"`)
		w.get(t, health, anchors, `"on":"2027-03-01","current":false,"version":1`, `"on":"2027-02-01","current":true,"version":2`)
	})
}

func TestTask_BadQueriesAndBodies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		nurse := w.as(t, models.RoleNurse)
		code := w.register(t, nurse, 1)
		for query, problem := range map[string]string{
			"due=tomorrow": "due.unknown", "state=lost": "state.unknown", "state=done": "task.state_needs_episode", "role=captain": "role.unknown",
			"step=a%20b": "step.unknown", "episode=%D0%90": "episode.unknown", "assignee=%27": "assignee.unknown", "limit=0": "limit.out_of_range", "cursor=zqx": "cursor.invalid",
		} {
			w.refused(t, nurse, "/api/v1/tasks?"+query, 422, problem)
		}
		tasks := "/api/v1/clients/" + code + "/tasks"
		for body, problem := range map[string]string{
			`{}`: "task.step_or_kind", `{"kind":"sing"}`: "task.kind_unknown", `{"kind":"call","dueOn":"2020-01-01"}`: "task.due_in_past",
			`{"kind":"call","assignee":"zqx"}`: "task.assignee_unknown", `{"kind":"call","note":"x"}`: "body.unknown_field", `{"kind":"call","dueAt":"soon"}`: "body.wrong_type",
		} {
			w.run(t, creating(nurse, tasks, body, 422).failing(problem))
		}
		id := w.run(t, creating(nurse, tasks, `{"kind":"call"}`, 201).failing("", `"title":"Get in touch with the client"`, `"step":null`, `"episode":null`)).named(t).ID
		task := "/api/v1/tasks/" + id
		w.run(t, changing(nurse, "POST", task+"/skip", `"1"`, `{"reason":"zqx"}`, 422).failing("task.skip_reason_unknown", `"/reason"`))
		w.run(t, changing(nurse, "POST", task+"/skip", `"1"`, `{"branch":"x"}`, 422).failing("body.unknown_field", `"/branch"`))
		w.run(t, changing(nurse, "POST", task+"/song", `"1"`, "", 404).failing("task.not_found"))
		w.run(t, changing(nurse, "POST", task+"/escalation", `"1"`, "", 200).failing("", `"state":"open"`))
		w.run(t, changing(nurse, "POST", task+"/skip", `"2"`, `{"reason":"not_needed"}`, 200).failing("", `"state":"skipped"`, `"reason":"not_needed"`, `"allowed":[]`))
		w.refused(t, w.as(t, models.RolePrisonSecurity), "/api/v1/tasks", 403, "role.not_allowed")
		w.refused(t, w.at(t, models.RoleNurse, w.Polyclinic, 1), task, 404, "task.not_found")
	})
}
