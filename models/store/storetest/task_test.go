package storetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

const programme = "therapeutic-programme"

var builtIn = sync.OnceValue(func() *protocols.Catalog {
	c, err := protocols.Load(protocols.Embedded())
	if err != nil {
		panic(err)
	}
	return c
})

// planned runs a case on both engines, in a country whose episodes follow the built-in protocols.
func planned(t *testing.T, run func(t *testing.T, c *Country)) {
	t.Helper()
	each(t, func(t *testing.T, c *Country) {
		live, err := protocols.NewLive(ctx, protocols.Embedded(), builtIn(), protocols.Shelf{
			Seq:          func(context.Context) (int64, error) { return 0, nil },
			Publications: func(context.Context) (models.Publications, error) { return models.Publications{}, nil },
		})
		must(t, err)
		plans := new(protocols.Plans)
		plans.Use(live)
		c.Store = c.Open(t, func(o *store.Options) { o.Planner = plans.Planner() })
		run(t, c)
	})
}

// Begin opens an episode in a state, pinned to the built-in edition.
func (w Worker) begin(handle, protocol, state string) *store.SeenEpisode {
	w.country.t.Helper()
	n := Treatment(w.country.Today())
	n.Protocol, n.State = protocol, state
	edition, _ := builtIn().Edition(protocol)
	e, _, err := w.New().StartEpisode(ctx, handle, n, edition)
	must(w.country.t, err)
	return e
}

// todo lists the open tasks of an episode.
func (w Worker) todo(t testing.TB, episode string) []store.SeenTask {
	t.Helper()
	page, err := w.New().ListTasks(ctx, store.TaskFilter{Episode: episode}, store.Paging{Limit: 200})
	must(t, err)
	return page.Items
}

// find returns the open task of a step (and limit) of an episode.
func (w Worker) find(t testing.TB, episode, step, limit string) *store.SeenTask {
	t.Helper()
	for _, task := range w.todo(t, episode) {
		if cmp.Or(task.Step, task.Kind) == step && (limit == "" || task.LimitID == limit) {
			return &task
		}
	}
	t.Fatalf("no open task %s %s among %v", step, limit, names(w.todo(t, episode)))
	return nil
}

func names(tasks []store.SeenTask) []string {
	var out []string
	for _, task := range tasks {
		out = append(out, strings.TrimSpace(cmp.Or(task.Step, task.Kind)+" "+task.LimitID))
	}
	slices.Sort(out)
	return out
}

func (w Worker) do(task *store.SeenTask, action string, m models.TaskMove) (*store.SeenTask, error) {
	return w.On(task.Version).MoveTask(ctx, task.ID, action, m)
}

func (w Worker) record(t testing.TB, episode string, n models.NewAnchor) *models.Anchor {
	t.Helper()
	a, _, err := w.New().RecordAnchor(ctx, episode, n)
	must(t, err)
	return a
}

func TestTask_FollowTheProtocolOfTheEpisode(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeScreened)
		if got := names(nurse.todo(t, e.ID)); !slices.Equal(got, []string{"tp-entry-first-contact check", "tp-screen-assist screened", "tp-screen-dudit screened"}) {
			t.Fatalf("to do at the start: %v", got)
		}
		first := nurse.find(t, e.ID, "tp-entry-first-contact", "")
		if first.Origin != models.OriginEntry || first.Hard || first.Basis != "editorial" || first.ClientCode != e.ClientCode || first.Edition != e.Edition ||
			!slices.Equal(first.Roles, []models.Role{models.RoleNurse, models.RoleClinician}) || first.DueAt == nil {
			t.Fatalf("%+v", first)
		}
		_, err := nurse.do(first, "completion", models.TaskMove{Branch: "nothing"})
		wantError(t, err, models.KindInvalid, "task.branch_unknown")
		done, err := nurse.do(first, "completion", models.TaskMove{Branch: "stable"})
		must(t, err)
		if done.State != models.TaskDone || done.Branch != "stable" || done.DoneOn != c.Today() || done.SettledBy != nurse.Actor.UserID || done.Version != 2 || len(done.Allowed()) > 0 {
			t.Fatalf("%+v", done)
		}
		next := nurse.find(t, e.ID, "tp-entry-rights", "explained")
		if next.Origin != models.OriginBranch {
			t.Errorf("the next task comes from %s", next.Origin)
		}
		_, err = nurse.do(done, "completion", models.TaskMove{Branch: "stable"})
		wantError(t, err, models.KindConflict, "task.not_possible")
		if !strings.Contains(err.Error(), "done") {
			t.Errorf("%v does not name the state", err)
		}
		if got := nurse.todo(t, e.ID); len(got) != 3 {
			t.Errorf("a refused completion left %v", names(got))
		}
	})
}

// A question of the protocol is answered by a person, with one of its answers, and once.
func TestTask_AQuestionNeedsAnAnswer(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		e := doctor.begin(doctor.Register(1), programme, models.EpisodeInTreatment)
		review := doctor.find(t, e.ID, "tp-plan-review", "first-review")
		_, err := doctor.do(review, "completion", models.TaskMove{})
		wantError(t, err, models.KindInvalid, "task.branch_required")
		_, err = doctor.do(review, "completion", models.TaskMove{Branch: "no-progress"})
		must(t, err)
		doctor.record(t, e.ID, models.NewAnchor{Name: "plan_agreed", On: c.Today()})
		later := doctor.find(t, e.ID, "tp-plan-review", "later-reviews")
		if later.DueAt == nil {
			t.Fatal("a recurring limit has no due time")
		}
		_, err = doctor.do(later, "completion", models.TaskMove{}) // answered already
		must(t, err)
		again := doctor.find(t, e.ID, "tp-plan-review", "later-reviews")
		if again.Origin != models.OriginRecurring || again.ID == later.ID || again.DueAt == nil || !again.DueAt.After(c.Now()) {
			t.Errorf("the next occasion is %+v", again)
		}
	})
}

func TestAnchor_MovesWhatIsUndoneAndKeepsHistory(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		health := c.As(models.RolePrisonMedical, c.ColonyHealth)
		e := health.begin(health.Register(1), "prison-civil-society-protocol", models.EpisodeInTreatment)
		before := len(health.todo(t, e.ID))
		health.record(t, e.ID, models.NewAnchor{Name: "planned_release_date", On: "2027-03-01"})
		open := health.find(t, e.ID, "pc-release-prep-start", "open")
		if want := time.Date(2026, 12, 1, 18, 59, 59, 0, time.UTC); !open.DueAt.Equal(want) { // 90 days before, in Almaty
			t.Fatalf("due %v, want %v", open.DueAt, want)
		}
		_, err := health.do(open, "completion", models.TaskMove{})
		if models.IsKind(err, models.KindInvalid) {
			t.Fatal(err)
		}
		must(t, err)
		assess := health.find(t, e.ID, "pc-release-prep-assessment", "assessed")
		if assess.Origin != models.OriginAnchor {
			t.Error(assess.Origin)
		}
		tasks := len(health.todo(t, e.ID))
		if tasks <= before {
			t.Fatal("the release date planned nothing")
		}
		c.Advance(time.Hour)
		moved := health.record(t, e.ID, models.NewAnchor{Name: "planned_release_date", On: "2027-02-01"})
		if moved.Version != 2 {
			t.Errorf("version %d", moved.Version)
		}
		if got := len(health.todo(t, e.ID)); got != tasks {
			t.Errorf("%d tasks after the date moved, %d before: %v", got, tasks, names(health.todo(t, e.ID)))
		}
		got, err := health.New().GetTask(ctx, assess.ID)
		must(t, err)
		if want := assess.DueAt.AddDate(0, 0, -28); !got.DueAt.Equal(want) || got.Version != assess.Version+1 {
			t.Errorf("due %v, want %v", got.DueAt, want)
		}
		if len(got.Dues) != 1 || !got.Dues[0].DueAt.Equal(*assess.DueAt) || !got.Dues[0].ChangedAt.Equal(c.Now()) {
			t.Errorf("history %+v", got.Dues)
		}
		settled, err := health.New().GetTask(ctx, open.ID)
		must(t, err)
		if !settled.DueAt.Equal(*open.DueAt) || len(settled.Dues) > 0 {
			t.Error("a task that was done moved")
		}
		anchors, err := health.New().ListAnchors(ctx, e.ID)
		must(t, err)
		var dates []models.Date
		for _, a := range anchors {
			if a.Name == "planned_release_date" {
				dates = append(dates, a.OnDate)
			}
		}
		if !slices.Equal(dates, []models.Date{"2027-02-01", "2027-03-01"}) {
			t.Errorf("history of the anchor: %v", dates)
		}
	})
}

// A task whose anchor is not known has no due time; it gets one when the event is recorded.
func TestAnchor_GivesTheDueTime(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeInTreatment)
		session := nurse.find(t, e.ID, "tp-psychosocial-core", "first-session")
		if session.DueAt != nil || session.Anchor != "plan_agreed" {
			t.Fatalf("%+v", session)
		}
		at := c.Now().Add(-time.Hour)
		nurse.record(t, e.ID, models.NewAnchor{Name: "plan_agreed", At: &at})
		if got := nurse.find(t, e.ID, "tp-psychosocial-core", "first-session"); got.DueAt == nil || !got.DueAt.Equal(at.AddDate(0, 0, 14)) {
			t.Errorf("due %v", got.DueAt)
		}
	})
}

func TestAnchor_IsChecked(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeScreened)
		at := c.Now()
		far, soon := at.AddDate(60, 0, 0), at.Add(time.Millisecond)
		anchors := count(t, c.World, "anchors")
		for _, bad := range []struct {
			n    models.NewAnchor
			code string
		}{
			{models.NewAnchor{On: c.Today()}, "anchor.name_unknown"},
			{models.NewAnchor{Name: "birthday", On: c.Today()}, "anchor.name_unknown"},
			{models.NewAnchor{Name: "agreement_expiry", On: c.Today()}, "anchor.name_unknown"},
			{models.NewAnchor{Name: "overdose_event\x00", On: c.Today()}, "anchor.name_unknown"},
			{models.NewAnchor{Name: "overdose_event"}, "anchor.at_or_on"},
			{models.NewAnchor{Name: "overdose_event", On: c.Today(), At: &at}, "anchor.at_or_on"},
			{models.NewAnchor{Name: "overdose_event", On: "2026-02-30"}, "anchor.on_not_a_date"},
			{models.NewAnchor{Name: "overdose_event", At: &far}, "anchor.at_out_of_range"},
			{models.NewAnchor{Name: "overdose_event", At: &soon}, "anchor.in_future"},
			{models.NewAnchor{Name: "death", On: c.Today().AddDays(1)}, "anchor.in_future"},
			{models.NewAnchor{Name: "prison_admission", On: c.Today().AddDays(1)}, "anchor.in_future"},
		} {
			_, _, err := nurse.New().RecordAnchor(ctx, e.ID, bad.n)
			wantError(t, err, models.KindInvalid, bad.code)
		}
		good := models.NewAnchor{Name: "overdose_event", On: c.Today()}
		for _, stranger := range []Worker{c.As(models.RoleNurse, c.Polyclinic), c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleAdministrator, c.Clinic)} {
			_, _, err := stranger.New().RecordAnchor(ctx, e.ID, good)
			wantError(t, err, models.KindNotFound, "episode.not_found")
			_, err = stranger.New().ListAnchors(ctx, e.ID)
			wantError(t, err, models.KindNotFound, "episode.not_found")
		}
		if got := count(t, c.World, "anchors"); got != anchors {
			t.Errorf("%d anchors were left by refused requests", got-anchors)
		}
		request := Key("body")
		a, _, err := nurse.With(request).RecordAnchor(ctx, e.ID, good)
		must(t, err)
		replay, out, err := nurse.With(request).RecordAnchor(ctx, e.ID, good)
		must(t, err)
		if !out.Replayed || replay.ID != a.ID {
			t.Errorf("%+v %+v", out, replay)
		}
		_, err = nurse.On(1).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "5"})
		must(t, err)
		_, _, err = nurse.New().RecordAnchor(ctx, e.ID, good)
		wantError(t, err, models.KindConflict, "episode.closed")
	})
}

// A second overdose is another event, also when what the first one asked for was done.
func TestAnchor_HappensAgain(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeInTreatment)
		first := c.Now()
		nurse.record(t, e.ID, models.NewAnchor{Name: "overdose_event", At: &first})
		contact := nurse.find(t, e.ID, "tp-acute-post-overdose", "contact")
		if !contact.DueAt.Equal(first.Add(24 * time.Hour)) {
			t.Errorf("due %v", contact.DueAt)
		}
		_, err := nurse.do(contact, "completion", models.TaskMove{})
		must(t, err)
		c.Advance(72 * time.Hour)
		second := c.Now()
		nurse.record(t, e.ID, models.NewAnchor{Name: "overdose_event", At: &second})
		if again := nurse.find(t, e.ID, "tp-acute-post-overdose", "contact"); again.ID == contact.ID || !again.DueAt.Equal(second.Add(24*time.Hour)) {
			t.Errorf("%+v", again)
		}
	})
}

// What a protocol editor set for a facility (docs/adr/0015) is when its tasks are due: while it
// is in force, for episodes of that edition, there and nowhere else.
func TestTask_FacilityHasALimitOfItsOwn(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		editor, nurse, other := c.As(models.RoleProtocolEditor, c.Ministry), c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		edition, _ := builtIn().Edition(programme)
		own := models.NewFacilityLimit{OrganisationID: c.Clinic.ID, Protocol: programme, Edition: "2025", Step: "tp-screen-assist", LimitID: "screened", Duration: "P1D", Reason: "one day a week"}
		_, _, err := editor.New().SetFacilityLimit(ctx, own)
		must(t, err)
		due := func(w Worker, n int) time.Time {
			t.Helper()
			return *w.find(t, w.begin(w.Register(n), programme, models.EpisodeScreened).ID, "tp-screen-assist", "").DueAt
		}
		protocols := due(nurse, 1) // the limit is another edition's
		own.Edition, own.Duration = edition, "P2D"
		limit, _, err := editor.New().SetFacilityLimit(ctx, own)
		must(t, err)
		if here, there := due(nurse, 2), due(other, 3); !here.Equal(protocols.AddDate(0, 0, -5)) || !there.Equal(protocols) {
			t.Errorf("due %v here, %v there; by the protocol %v", here, there, protocols)
		}
		_, err = editor.On(1).EndFacilityLimit(ctx, limit.ID)
		must(t, err)
		if here := due(nurse, 4); !here.Equal(protocols) {
			t.Errorf("due %v after the limit ended", here)
		}
	})
}

// The tasks of the machine, written once more by hand.
func TestTask_MovesAndTheirWords(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		e := nurse.begin(handle, programme, models.EpisodeScreened)
		task := func() *store.SeenTask {
			made, _, err := nurse.New().CreateTask(ctx, handle, models.NewTask{Kind: "call", DueOn: c.Today()})
			must(t, err)
			return made
		}
		for action, bad := range map[string]struct {
			m    models.TaskMove
			code string
		}{
			"skip":       {models.TaskMove{Reason: "tired"}, "task.skip_reason_unknown"},
			"completion": {models.TaskMove{On: c.Today().AddDays(1)}, "task.done_in_future"},
			"assignment": {models.TaskMove{Assignee: "nobody"}, "task.assignee_unknown"},
		} {
			_, err := nurse.do(task(), action, bad.m)
			wantError(t, err, models.KindInvalid, bad.code)
		}
		_, err := nurse.do(task(), "completion", models.TaskMove{Branch: "stable"}) // a call has no branches
		wantError(t, err, models.KindInvalid, "task.branch_unknown")
		_, err = nurse.do(task(), "completion", models.TaskMove{On: "2026-02-30"})
		wantError(t, err, models.KindInvalid, "task.done_on_not_a_date")

		one := task()
		if !one.DueAt.Equal(time.Date(2026, 10, 5, 18, 59, 59, 0, time.UTC)) || one.EpisodeID != e.ID || one.Origin != models.OriginManual {
			t.Errorf("%+v", one)
		}
		given, err := nurse.do(one, "assignment", models.TaskMove{Assignee: nurse.Actor.UserID})
		must(t, err)
		raised, err := nurse.do(given, "escalation", models.TaskMove{})
		must(t, err)
		if given.AssigneeID != nurse.Actor.UserID || raised.EscalatedAt == nil || raised.State != models.TaskOpen || raised.Version != 3 {
			t.Errorf("%+v", raised)
		}
		_, err = nurse.do(given, "skip", models.TaskMove{Reason: "not_needed"})
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		if told := c.notices(t, c.Clinic); !slices.Equal(told, []string{"task_escalated"}) {
			t.Errorf("the duty contact was told %v", told)
		}
		skipped, err := nurse.do(raised, "skip", models.TaskMove{Reason: "not_needed"})
		must(t, err)
		c.Advance(models.NoContactYet + time.Second)
		_, err = store.NewOutbox(c.Store).Raise(ctx)
		must(t, err)
		if told := c.notices(t, c.Clinic); len(told) != 0 {
			t.Errorf("told on of a task that is settled: %v", told)
		}
		for action, m := range map[string]models.TaskMove{"completion": {}, "skip": {Reason: "not_needed"}, "assignment": {}, "escalation": {}} {
			_, err := nurse.do(skipped, action, m)
			wantError(t, err, models.KindConflict, "task.not_possible")
		}
		for _, stranger := range []Worker{c.As(models.RoleNurse, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleAdministrator, c.Clinic), c.As(models.RolePrisonSecurity, c.Colony)} {
			two := task()
			_, err := stranger.do(two, "completion", models.TaskMove{})
			wantError(t, err, models.KindNotFound, "task.not_found")
			_, err = stranger.New().GetTask(ctx, two.ID)
			wantError(t, err, models.KindNotFound, "task.not_found")
		}
		if page, err := c.As(models.RoleNurse, c.Polyclinic).New().ListTasks(ctx, store.TaskFilter{}, store.Paging{Limit: 50}); err != nil || len(page.Items) > 0 {
			t.Errorf("another clinic's list: %v %v", page.Items, err)
		}
	})
}

func TestTask_NewOnesAreChecked(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		with, without := nurse.Register(1), nurse.Register(2)
		e := nurse.begin(with, programme, models.EpisodeScreened)
		past, soon := c.Now().AddDate(0, 0, -2), c.Now().Add(time.Hour)
		for _, bad := range []struct {
			n    models.NewTask
			code string
		}{
			{models.NewTask{}, "task.step_or_kind"},
			{models.NewTask{Step: "tp-oat-end", Kind: "call"}, "task.step_or_kind"},
			{models.NewTask{Kind: "sing"}, "task.kind_unknown"},
			{models.NewTask{Step: "tp-nothing"}, "task.step_unknown"},
			{models.NewTask{Kind: "call", DueAt: &past}, "task.due_in_past"},
			{models.NewTask{Kind: "call", DueOn: c.Today().AddDays(-1)}, "task.due_in_past"},
			{models.NewTask{Kind: "call", DueOn: "2026-02-30"}, "task.due_not_a_date"},
			{models.NewTask{Kind: "call", DueOn: c.Today(), DueAt: &soon}, "task.one_due"},
			{models.NewTask{Kind: "call", Assignee: c.As(models.RoleNurse, c.Polyclinic).Actor.UserID}, "task.assignee_unknown"},
		} {
			_, _, err := nurse.New().CreateTask(ctx, with, bad.n)
			wantError(t, err, models.KindInvalid, bad.code)
		}
		_, _, err := nurse.New().CreateTask(ctx, without, models.NewTask{Step: "tp-oat-end"})
		wantError(t, err, models.KindConflict, "task.no_open_episode")
		_, _, err = nurse.New().CreateTask(ctx, c.As(models.RoleNurse, c.Polyclinic).Register(3), models.NewTask{Kind: "call"})
		wantError(t, err, models.KindNotFound, "client.not_found")
		free, _, err := nurse.New().CreateTask(ctx, without, models.NewTask{Kind: "visit"})
		must(t, err)
		if free.EpisodeID != "" || free.ClientCode != without {
			t.Errorf("%+v", free)
		}
		step, _, err := nurse.New().CreateTask(ctx, with, models.NewTask{Step: "tp-health-naloxone", Assignee: nurse.Actor.UserID})
		must(t, err)
		if step.EpisodeID != e.ID || step.LimitID != "supplied" || step.DueAt == nil || step.AssigneeID != nurse.Actor.UserID {
			t.Errorf("%+v", step)
		}
		request := Key("body")
		one, _, err := nurse.With(request).CreateTask(ctx, with, models.NewTask{Kind: "call"})
		must(t, err)
		replay, out, err := nurse.With(request).CreateTask(ctx, with, models.NewTask{Kind: "call"})
		must(t, err)
		if !out.Replayed || replay.ID != one.ID {
			t.Errorf("%+v %+v", out, replay)
		}
	})
}

// Days are civil days of the facility: in Almaty the world begins at 11 in the morning.
func TestTask_ListByDay(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		e := nurse.begin(handle, programme, models.EpisodeScreened)
		for _, task := range nurse.todo(t, e.ID) {
			_, err := nurse.do(&task, "skip", models.TaskMove{Reason: "not_needed"})
			must(t, err)
		}
		made := map[string]string{}
		for name, due := range map[string]string{
			"past": "2026-10-05T05:59:59Z", "now": "2026-10-05T06:00:00Z", "tonight": "2026-10-05T18:59:59Z", "midnight": "2026-10-05T19:00:00Z",
			"seventh": "2026-10-11T18:59:59Z", "eighth": "2026-10-11T19:00:00Z", "never": "",
		} {
			n := models.NewTask{Kind: "call"}
			if due != "" {
				at, err := time.Parse(time.RFC3339, due)
				must(t, err)
				n.DueAt = &at
			}
			task, _, err := nurse.New().CreateTask(ctx, handle, n)
			must(t, err)
			made[task.ID] = name
		}
		list := func(f store.TaskFilter, limit int) (got []string) {
			for cursor := ""; ; {
				page, err := nurse.New().ListTasks(ctx, f, store.Paging{Limit: limit, Cursor: cursor})
				must(t, err)
				for _, task := range page.Items {
					got = append(got, made[task.ID])
					if task.Overdue != (made[task.ID] == "past") {
						t.Errorf("%s overdue: %v", made[task.ID], task.Overdue)
					}
				}
				if cursor = page.Next; cursor == "" {
					return got
				}
			}
		}
		all := []string{"past", "now", "tonight", "midnight", "seventh", "eighth", "never"}
		for name, want := range map[string][]string{
			"": all, "overdue": all[:1], "today": all[:3], "week": all[:5],
		} {
			for _, limit := range []int{1, 2, 3, 7, 50} {
				if got := list(store.TaskFilter{Due: name}, limit); !slices.Equal(got, want) {
					t.Errorf("due=%s, %d a page: %v, want %v", name, limit, got, want)
				}
			}
		}
		_, err := nurse.New().ListTasks(ctx, store.TaskFilter{}, store.Paging{Limit: 1, Cursor: "zqx"})
		wantError(t, err, models.KindInvalid, "cursor.invalid")
	})
}

func TestTask_ListByWhatAndWho(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse, social := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleSocialWorker, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeScreened)
		other := nurse.begin(nurse.Register(2), programme, models.EpisodeScreened)
		first := nurse.find(t, e.ID, "tp-entry-first-contact", "")
		_, err := nurse.do(first, "assignment", models.TaskMove{Assignee: nurse.Actor.UserID})
		must(t, err)
		for _, want := range []struct {
			f store.TaskFilter
			n int
		}{
			{store.TaskFilter{}, 6}, {store.TaskFilter{Episode: other.ID}, 3}, {store.TaskFilter{Step: "tp-screen-assist"}, 2},
			{store.TaskFilter{Role: models.RoleSocialWorker}, 2}, {store.TaskFilter{Role: models.RoleNurse}, 6}, {store.TaskFilter{Role: models.RolePeerNavigator}, 0},
			{store.TaskFilter{Assignee: nurse.Actor.UserID}, 1}, {store.TaskFilter{Assignee: social.Actor.UserID}, 0},
			{store.TaskFilter{State: models.TaskDone, Episode: e.ID}, 0}, {store.TaskFilter{Episode: e.ID, Role: models.RoleClinician, Step: "tp-entry-first-contact"}, 1},
		} {
			page, err := social.New().ListTasks(ctx, want.f, store.Paging{Limit: 50})
			must(t, err)
			if len(page.Items) != want.n {
				t.Errorf("%+v: %d tasks, want %d", want.f, len(page.Items), want.n)
			}
		}
	})
}

// Two workers complete one task at once: it is done once, and what follows is planned once.
func TestTask_IsCompletedOnce(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeScreened)
		first := nurse.find(t, e.ID, "tp-entry-first-contact", "")
		errs := make([]error, 8)
		together(len(errs), func(i int) { _, errs[i] = nurse.do(first, "completion", models.TaskMove{Branch: "stable"}) })
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
				continue
			}
			wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		}
		if n := count(t, c.World, "tasks WHERE step = 'tp-entry-rights'"); done != 1 || n != 1 {
			t.Errorf("completed %d times, the next task was made %d times", done, n)
		}
	})
}

// An anchor is moved and a task completed at the same time: both happen, in some order.
func TestTask_CompletionRacesAnAnchor(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeScreened)
		task := nurse.find(t, e.ID, "tp-screen-assist", "")
		var completed, moved error
		together(2, func(i int) {
			if i == 0 {
				_, completed = nurse.do(task, "completion", models.TaskMove{})
			} else {
				_, _, moved = nurse.New().RecordAnchor(ctx, e.ID, models.NewAnchor{Name: "first_contact", On: c.Today().AddDays(-3)})
			}
		})
		must(t, moved)
		got, err := nurse.New().GetTask(ctx, task.ID)
		must(t, err)
		switch {
		case completed == nil && (got.State != models.TaskDone || !got.DueAt.Equal(*task.DueAt)):
			t.Errorf("completed, and then %s, due %v", got.State, got.DueAt)
		case completed != nil:
			wantError(t, completed, models.KindPreconditionFailed, "precondition.version")
			if got.State != models.TaskOpen || !got.DueAt.Equal(task.DueAt.AddDate(0, 0, -3)) {
				t.Errorf("refused, and then %s, due %v", got.State, got.DueAt)
			}
		}
	})
}

// One planned release, two answers to the same limit: the task of the protocol and the step of
// the release case are late at the same instant, whichever way the date came.
func TestAnchor_APlannedReleaseIsADayInCustodyToo(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		medic, governor := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonManagement, c.Colony)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		e := medic.begin(handle, "prison-civil-society-protocol", models.EpisodeInTreatment)
		medic.record(t, e.ID, models.NewAnchor{Name: "prison_admission", On: c.Today().AddDays(-10)})
		_, _, err := medic.New().RecordAnchor(ctx, e.ID, models.NewAnchor{Name: "planned_release_date", On: c.Today().AddDays(-11)})
		wantError(t, err, models.KindInvalid, "anchor.release_before_admission")
		spell := medic.hold(handle, c.Today().AddDays(61))
		for _, name := range []string{"prison_admission", "planned_release_date"} {
			_, _, err := medic.New().RecordAnchor(ctx, e.ID, models.NewAnchor{Name: name, On: c.Today()})
			wantError(t, err, models.KindConflict, "anchor.of_custody")
		}
		start := medic.find(t, e.ID, "pc-release-prep-start", "open")
		_, err = medic.do(start, "completion", models.TaskMove{})
		must(t, err)
		late := func(want bool) {
			t.Helper()
			task, err := medic.New().GetTask(ctx, medic.find(t, e.ID, "pc-release-prep-assessment", "assessed").ID)
			must(t, err)
			seen, err := medic.New().GetCase(ctx, spell.CaseID)
			must(t, err)
			if step := seen.Steps[1]; task.Overdue != want || step.Overdue != want || models.DateOf(*task.DueAt, "Asia/Almaty") != step.Due {
				t.Errorf("the task is due %v, late %v; the step %s, late %v; want %v", task.DueAt, task.Overdue, step.Due, step.Overdue, want)
			}
		}
		late(false)
		due := models.StartOfDay(c.Today().AddDays(2), "Asia/Almaty") // the end of the 60th day before
		c.now.Store(due.Add(-2 * time.Second).UnixMilli())
		late(false)
		c.now.Store(due.UnixMilli())
		late(true)
		today, err := governor.New().ListSlips(ctx, store.Paging{Limit: 1})
		must(t, err)
		_, err = governor.New().PlanReleaseBySlip(ctx, today.Items[0].Slip, c.Today().AddDays(60), spell.PlannedRelease)
		must(t, err)
		late(false)
		anchors, err := medic.New().ListAnchors(ctx, e.ID)
		must(t, err)
		for _, a := range anchors {
			if a.Name == "planned_release_date" && (a.At != nil || a.OnDate == "") {
				t.Errorf("%+v", a)
			}
		}
		// What was to prepare the release ends with it, and what follows it stays.
		open := func() int {
			return count(t, c.World, "tasks WHERE episode_id = ? AND state = 'open' AND anchor = 'planned_release_date'", e.ID)
		}
		if open() == 0 {
			t.Fatal("nothing was planned")
		}
		medic.free(spell, true)
		if n := open(); n != 0 {
			t.Errorf("%d tasks still prepare the release of somebody who is free", n)
		}
		if n := count(t, c.World, "tasks WHERE episode_id = ? AND state = 'cancelled' AND anchor = 'planned_release_date' AND reason = 'released'", e.ID); n == 0 {
			t.Error("no task says why it was cancelled")
		}
		if n := count(t, c.World, "tasks WHERE episode_id = ? AND state = 'open' AND anchor = 'release'", e.ID); n == 0 {
			t.Error("nothing is left to do after the release")
		}
	})
}
