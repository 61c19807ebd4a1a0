package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
)

type ownFigures struct {
	AsOf, KnownUntil string
	Figures          []struct {
		Name           string
		Part, Reason   *string
		Category, From *string
		Value, Of      *int64
	}
}

func (o *ownFigures) value(name, part string) (value, of int64) {
	for _, f := range o.Figures {
		if f.Name == name && (part == "" && f.Part == nil || f.Part != nil && *f.Part == part) {
			if f.Value != nil {
				value = *f.Value
			} else {
				value = -1
			}
			if f.Of != nil {
				of = *f.Of
			}
			return value, of
		}
	}
	return -2, -2
}

func (w *world) ownFigures(t testing.TB, who account, query string) (o ownFigures, body string) {
	t.Helper()
	a := w.get(t, who, "/api/v1/own-figures"+query)
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header)
	}
	a.Into(t, &o)
	return o, string(a.Body)
}

func TestOwnFigures_ShowCountsAndNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, poly := w.as(t, models.RoleClinician), w.at(t, models.RoleClinician, w.Polyclinic, 1)
		code := w.register(t, doctor, 1)
		episode := w.start(t, doctor, code)
		w.consent(t, doctor, code, w.Polyclinic)
		referral := w.refer(t, doctor, code, w.Polyclinic, "prefers mornings")
		own, body := w.ownFigures(t, doctor, "")
		for _, secret := range []string{code, code[3:], episode, referral, string(w.Clinic.ID), string(w.Polyclinic.ID), "mornings"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s is in the figures", secret)
			}
		}
		if own.AsOf != string(w.Today()) {
			t.Errorf("as of %s", own.AsOf)
		}
		if open, _ := own.value("episodes_open", ""); open != 1 {
			t.Errorf("%d open episodes: %s", open, body)
		}
		if n, of := own.value("items_answered", "living_with"); n != 0 || of != 1 {
			t.Errorf("%d of %d: %s", n, of, body)
		}
		theirs, _ := w.ownFigures(t, poly, "")
		if open, _ := theirs.value("episodes_open", ""); open != 0 {
			t.Errorf("%d episodes of another organisation", open)
		}
		if waiting, _ := theirs.value("clients_waiting", "received"); waiting != 1 {
			t.Errorf("%d wait at the door", waiting)
		}
		// A week later the day of today is the same, and what has no history says so.
		w.later(t, 7*24*time.Hour, &doctor)
		w.run(t, changing(doctor, "POST", "/api/v1/episodes/"+episode+"/closure", `"1"`, object{"endDate": w.Today().AddDays(-7), "endReason": "1"}.String(), 200))
		past, first := w.ownFigures(t, doctor, "?asOf="+own.AsOf)
		if open, _ := past.value("episodes_open", ""); open != 1 {
			t.Errorf("%d open episodes a week ago: %s", open, first)
		}
		if state, _ := past.value("episodes_open", "in_treatment"); state != -1 || !strings.Contains(first, `"reason":"state_history_not_kept"`) {
			t.Errorf("in treatment a week ago: %d", state)
		}
		if _, again := w.ownFigures(t, doctor, "?asOf="+own.AsOf); again != first {
			t.Errorf("two answers for one day:\n%s\n%s", first, again)
		}
		if now, _ := w.ownFigures(t, doctor, ""); true {
			if open, _ := now.value("episodes_open", ""); open != 0 {
				t.Errorf("%d open episodes now", open)
			}
		}
	})
}

func TestOwnFigures_RefuseDaysAndRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		const path = "/api/v1/own-figures"
		for query, code := range map[string]string{
			"?asOf=" + string(w.Today().AddDays(1)): "own_figures.as_of_in_future", "?asOf=2026-02-30": "own_figures.as_of_not_a_date",
			"?asOf=": "own_figures.as_of_not_a_date", "?asOf=31503840010018": "own_figures.as_of_not_a_date", "?asOf=2026Q1": "own_figures.as_of_not_a_date",
		} {
			a := w.refused(t, doctor, path+query, 422, code)
			if !strings.Contains(string(a.Body), `"pointer":"/asOf"`) || strings.Contains(string(a.Body), "31503840010018") {
				t.Errorf("%s: %s", query, a.Body)
			}
		}
		w.refused(t, doctor, path+"?organisation="+string(w.Polyclinic.ID), 422, "query.unknown_parameter")
		may := []models.Role{models.RoleClinician, models.RoleNarcologist, models.RoleNurse, models.RolePrisonMedical, models.RolePsychologist, models.RoleSocialWorker,
			models.RoleNGOOutreach, models.RoleNGOCoordinator, models.RolePeerNavigator}
		for i, who := range w.everyRole(t) {
			if slices.Contains(may, models.Roles[i]) {
				w.get(t, who, path)
			} else {
				w.refused(t, who, path, 403, "role.not_allowed")
			}
		}
	})
}
