package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// The life of an episode, written once more by hand: state → move → next state. Closing
// and reopening have calls of their own.
var episodeMachine = map[string]map[string]string{
	"screened":     {"assessment": "assessed"},
	"assessed":     {"plan": "planned"},
	"planned":      {"treatment": "in_treatment"},
	"in_treatment": {"suspension": "suspended", "aftercare": "aftercare"},
	"suspended":    {"resumption": "in_treatment", "aftercare": "aftercare"},
	"aftercare":    {},
	"closed":       {},
}

// path leads to each state from screened.
var episodePath = map[string][]string{
	"screened": {}, "assessed": {"assessment"}, "planned": {"assessment", "plan"}, "in_treatment": {"assessment", "plan", "treatment"},
	"suspended": {"assessment", "plan", "treatment", "suspension"}, "aftercare": {"assessment", "plan", "treatment", "aftercare"},
	"closed": {"assessment", "closure"},
}

// go1 makes one move at the version the episode has.
func (w Worker) turn(e *store.SeenEpisode, action string, m models.EpisodeMove) (*store.SeenEpisode, error) {
	if action == "suspension" && m.Reason == "" {
		m.Reason = "travel"
	}
	if action == "closure" {
		return w.On(e.Version).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: w.country.Today(), Reason: "5"})
	}
	return w.On(e.Version).ChangeEpisodeState(ctx, e.ID, action, m)
}

func TestEpisodeMachine_AllowsExactlyTheLifeCycle(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, person := c.As(models.RoleNurse, c.Clinic), 0
		reach := func(state string) *store.SeenEpisode {
			person++
			handle := nurse.Register(person)
			nurse.Give(handle, models.PurposeTreatment, c.Clinic)
			n := Treatment(c.Today())
			n.State = models.EpisodeScreened
			e, _, err := nurse.New().StartEpisode(ctx, handle, n, "")
			must(t, err)
			for _, action := range episodePath[state] {
				e, err = nurse.turn(e, action, models.EpisodeMove{})
				must(t, err)
			}
			if e.State != state {
				t.Fatalf("reached %s, want %s", e.State, state)
			}
			return e
		}
		for _, state := range models.EpisodeMachine.States {
			for _, action := range []string{"assessment", "plan", "treatment", "suspension", "resumption", "aftercare"} {
				e := reach(state)
				got, err := nurse.turn(e, action, models.EpisodeMove{})
				if next, ok := episodeMachine[state][action]; ok {
					if err != nil || got.State != next || got.Version != e.Version+1 {
						t.Errorf("%s from %s: %+v %v", action, state, got, err)
					}
					continue
				}
				wantError(t, err, models.KindConflict, "episode.not_possible")
				for name := range episodeMachine[state] {
					if !strings.Contains(err.Error(), name) {
						t.Errorf("%s from %s: %v does not name %s", action, state, err, name)
					}
				}
			}
		}
		e := reach("screened")
		_, err := nurse.On(7).ChangeEpisodeState(ctx, e.ID, "assessment", models.EpisodeMove{})
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		_, err = nurse.turn(e, "suspension", models.EpisodeMove{Reason: "holiday"})
		wantError(t, err, models.KindInvalid, "episode.suspension_reason_unknown")
		for _, stranger := range []Worker{c.As(models.RoleNurse, c.Polyclinic), c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleAdministrator, c.Clinic)} {
			_, err = stranger.turn(e, "assessment", models.EpisodeMove{})
			wantError(t, err, models.KindNotFound, "episode.not_found")
		}
	})
}

func TestEpisode_TreatmentNeedsConsentOrACourt(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		ready := func(person int, change func(*models.NewEpisode)) (string, *store.SeenEpisode) {
			handle := nurse.Register(person)
			n := Treatment(c.Today())
			n.State = models.EpisodePlanned
			change(&n)
			e, _, err := nurse.New().StartEpisode(ctx, handle, n, "")
			must(t, err)
			return handle, e
		}
		plain := func(*models.NewEpisode) {}
		handle, e := ready(1, plain)
		refused := func() {
			t.Helper()
			_, err := nurse.turn(e, "treatment", models.EpisodeMove{})
			wantError(t, err, models.KindConflict, "episode.consent_required")
		}
		refused()
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		refused() // another purpose
		nurse.Give(handle, models.PurposeTreatment, c.Polyclinic)
		refused() // to be treated by somebody else
		withdrawn := nurse.Give(handle, models.PurposeTreatment, c.Clinic)
		nurse.Withdraw(withdrawn.ID)
		refused()
		expired := nurse.Give(handle, models.PurposeTreatment, c.Clinic)
		c.exec(t, "UPDATE consents SET from_date = '2026-01-01', until_date = '2026-10-04' WHERE id = ?", expired.ID)
		refused()
		nurse.Give(handle, models.PurposeTreatment, c.Clinic)
		e, err := nurse.turn(e, "treatment", models.EpisodeMove{})
		must(t, err)
		if e.State != models.EpisodeInTreatment || len(nurse.todo(t, e.ID)) != 0 {
			t.Errorf("%s, to do %v", e.State, names(nurse.todo(t, e.ID)))
		}
		_, court := ready(2, func(n *models.NewEpisode) { n.LegalBasis = "court_ordered" })
		_, err = nurse.turn(court, "treatment", models.EpisodeMove{})
		must(t, err)
	})
}

// An emergency waits for nobody's signature; the trail says why, and a task asks for it.
func TestEpisode_EmergencyBypassesTheGuard(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		n := Treatment(c.Today())
		n.State = models.EpisodePlanned
		e, _, err := nurse.New().StartEpisode(ctx, nurse.Register(1), n, "")
		must(t, err)
		_, err = nurse.turn(e, "treatment", models.EpisodeMove{Emergency: "in_a_hurry"})
		wantError(t, err, models.KindInvalid, "episode.emergency_ground_unknown")
		seq := c.lastSeq(t)
		e, err = nurse.turn(e, "treatment", models.EpisodeMove{Emergency: "unable_to_consent"})
		must(t, err)
		events := c.events(t, seq)
		task := nurse.find(t, e.ID, "treatment_consent", "")
		if len(events) != 1 || events[0].Action != "episode.treatment_unable_to_consent" || !slices.Equal(events[0].Objects, []string{e.ID, task.ID}) {
			t.Errorf("%+v", events)
		}
		if e.State != models.EpisodeInTreatment || task.Reason != "unable_to_consent" || !task.Hard || !task.DueAt.Equal(c.Now().Add(24*time.Hour)) {
			t.Errorf("%s %+v", e.State, task)
		}
	})
}

// Care that runs already may be entered without a consent, but never in silence.
func TestEpisode_RunningCareAsksForItsConsent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		without, with := nurse.Register(1), nurse.Register(2)
		e := nurse.Start(without)
		if task := nurse.find(t, e.ID, "treatment_consent", ""); e.State != models.EpisodeInTreatment || task.Origin != models.OriginConsent || task.Reason != "" {
			t.Errorf("%s %+v", e.State, task)
		}
		nurse.Give(with, models.PurposeTreatment, c.Clinic)
		if e := nurse.Start(with); e.State != models.EpisodeInTreatment || len(nurse.todo(t, e.ID)) != 0 {
			t.Errorf("%s %v", e.State, names(nurse.todo(t, e.ID)))
		}
		n := Treatment(c.Today())
		for _, state := range []string{"suspended", "closed", "aftercare", "ill"} {
			n.State = state
			_, _, err := nurse.New().StartEpisode(ctx, nurse.Register(3), n, "")
			wantError(t, err, models.KindInvalid, "episode.start_state_unknown")
		}
	})
}

func TestEpisode_ClosingCancelsWhatIsOpen(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeScreened)
		first := nurse.find(t, e.ID, "tp-entry-first-contact", "")
		_, err := nurse.do(first, "completion", models.TaskMove{})
		must(t, err)
		open := nurse.todo(t, e.ID)
		seen, err := nurse.turn(e, "closure", models.EpisodeMove{})
		must(t, err)
		if seen.State != models.EpisodeClosed || len(open) < 2 || len(nurse.todo(t, e.ID)) != 0 {
			t.Errorf("%s, left %v of %v", seen.State, names(nurse.todo(t, e.ID)), names(open))
		}
		page, err := nurse.New().ListTasks(ctx, store.TaskFilter{Episode: e.ID, State: models.TaskCancelled}, store.Paging{Limit: 50})
		must(t, err)
		if !slices.Equal(names(page.Items), names(open)) {
			t.Errorf("cancelled: %v, open were %v", names(page.Items), names(open))
		}
		_, err = nurse.do(&open[0], "completion", models.TaskMove{})
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		done, err := nurse.New().GetTask(ctx, first.ID)
		if err != nil || done.State != models.TaskDone {
			t.Errorf("%+v %v", done, err)
		}
	})
}

// Regression: closing on an earlier day lost the last contact.
func TestEpisode_ClosingKeepsALaterContact(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e, _, err := nurse.New().StartEpisode(ctx, nurse.Register(1), Treatment("2026-09-01"), "")
		must(t, err)
		_, err = nurse.On(1).RecordContact(ctx, e.ID, c.Today())
		must(t, err)
		_, err = nurse.On(2).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: "2026-09-20", Reason: "5"})
		must(t, err)
		got, err := nurse.New().GetEpisode(ctx, e.ID)
		must(t, err)
		if got.LastContact != c.Today() || got.EndDate != "2026-09-20" {
			t.Errorf("last contact %s, end %s", got.LastContact, got.EndDate)
		}
	})
}

func TestEpisode_IsTakenUpAgain(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		edition := builtIn().Edition
		handle := nurse.Register(1)
		old := nurse.begin(handle, programme, models.EpisodeInTreatment)
		_, _, err := nurse.New().ReopenEpisode(ctx, old.ID, "", edition)
		wantError(t, err, models.KindConflict, "episode.not_possible")
		_, err = nurse.turn(old, "closure", models.EpisodeMove{})
		must(t, err)
		for on, code := range map[models.Date]string{c.Today().AddDays(1): "episode.start_in_future", "zqx": "episode.start_not_a_date", c.Today().AddDays(-1): "episode.start_before_end"} {
			_, _, err := nurse.New().ReopenEpisode(ctx, old.ID, on, edition)
			wantError(t, err, models.KindInvalid, code)
		}
		_, _, err = c.As(models.RoleNurse, c.Polyclinic).New().ReopenEpisode(ctx, old.ID, "", edition)
		wantError(t, err, models.KindNotFound, "episode.not_found")
		ended := c.Today()
		c.Advance(364 * 24 * time.Hour)
		request := Key("body")
		again, _, err := nurse.With(request).ReopenEpisode(ctx, old.ID, "", edition)
		must(t, err)
		if again.Reopens != old.ID || again.State != models.EpisodeAssessed || again.StartDate != c.Today() || !again.Open() || again.PreviousTreatment != "2" ||
			again.AgeAtStart != old.AgeAtStart+1 || again.PrimaryDrug != old.PrimaryDrug || again.Version != 1 || len(nurse.todo(t, again.ID)) == 0 {
			t.Errorf("%+v", again)
		}
		replay, out, err := nurse.With(request).ReopenEpisode(ctx, old.ID, "", edition)
		if err != nil || !out.Replayed || replay.ID != again.ID {
			t.Errorf("%+v %+v %v", replay, out, err)
		}
		_, _, err = nurse.New().ReopenEpisode(ctx, old.ID, "", edition)
		wantError(t, err, models.KindConflict, "episode.open_already")
		kept, err := nurse.New().GetEpisode(ctx, old.ID)
		must(t, err)
		if kept.State != models.EpisodeClosed || kept.EndDate != ended {
			t.Errorf("the closed episode changed: %+v", kept)
		}
		_, err = nurse.turn(again, "closure", models.EpisodeMove{})
		must(t, err)
		c.Advance(48 * time.Hour)
		_, _, err = nurse.New().ReopenEpisode(ctx, old.ID, "", edition)
		wantError(t, err, models.KindConflict, "episode.reopen_too_late")
		died := nurse.Start(nurse.Register(2))
		_, err = nurse.On(1).CloseEpisode(ctx, died.ID, models.EpisodeClosure{On: c.Today(), Reason: "8"})
		must(t, err)
		_, _, err = nurse.New().ReopenEpisode(ctx, died.ID, "", edition)
		wantError(t, err, models.KindConflict, "episode.not_reopenable")
	})
}

// A soft limit stands still while the client is in hospital; a hard one does not, and what
// was overdue before stays overdue.
func TestEpisode_HospitalStopsTheClock(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeTreatment, c.Clinic)
		e := nurse.begin(handle, programme, models.EpisodeInTreatment)
		nurse.record(t, e.ID, models.NewAnchor{Name: "plan_agreed", On: c.Today()})
		task := func(due time.Duration, hard bool) *store.SeenTask {
			at := c.Now().Add(due)
			made, _, err := nurse.New().CreateTask(ctx, handle, models.NewTask{Kind: "call", DueAt: &at})
			must(t, err)
			c.exec(t, "UPDATE tasks SET hard = ? WHERE id = ?", hard, made.ID)
			return made
		}
		late, soft, hard := task(-time.Hour, false), task(24*time.Hour, false), task(24*time.Hour, true)
		session := nurse.find(t, e.ID, "tp-psychosocial-core", "first-session")
		e, err := nurse.turn(e, "suspension", models.EpisodeMove{Reason: "hospital"})
		must(t, err)
		if e.SuspendedFor != "hospital" || e.SuspendedAt == nil || !e.SuspendedAt.Equal(c.Now()) {
			t.Errorf("%+v", e.Episode)
		}
		c.Advance(5 * 24 * time.Hour)
		overdue := func() []string {
			page, err := nurse.New().ListTasks(ctx, store.TaskFilter{Due: "overdue"}, store.Paging{Limit: 50})
			must(t, err)
			var ids []string
			for _, task := range page.Items {
				if !task.Overdue {
					t.Errorf("%s is listed as overdue and says it is not", task.ID)
				}
				ids = append(ids, task.ID)
			}
			return ids
		}
		if got := overdue(); !slices.Equal(got, []string{late.ID, hard.ID}) {
			t.Errorf("overdue in hospital: %v", got)
		}
		e, err = nurse.turn(e, "resumption", models.EpisodeMove{})
		must(t, err)
		for id, want := range map[string]time.Time{late.ID: *late.DueAt, soft.ID: soft.DueAt.AddDate(0, 0, 5), hard.ID: *hard.DueAt, session.ID: session.DueAt.AddDate(0, 0, 5)} {
			got, err := nurse.New().GetTask(ctx, id)
			must(t, err)
			if !got.DueAt.Equal(want) {
				t.Errorf("due %v, want %v", got.DueAt, want)
			}
		}
		nurse.record(t, e.ID, models.NewAnchor{Name: "plan_agreed", On: models.DateOf(Start, "Asia/Almaty").AddDays(1)})
		if got := nurse.find(t, e.ID, "tp-psychosocial-core", "first-session"); !got.DueAt.Equal(session.DueAt.AddDate(0, 0, 6)) || got.PausedDays != 5 || len(got.Dues) != 0 {
			t.Errorf("after the anchor moved: %v, %d days", got.DueAt, got.PausedDays)
		}
		if e.SuspendedFor != "" || e.SuspendedAt != nil {
			t.Errorf("%+v", e.Episode)
		}
	})
}
