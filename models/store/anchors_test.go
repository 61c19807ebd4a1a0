package store_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
)

// oneStep plans the step "seen" one day after "prison_admission", and nothing else. Until
// it was asked to load the edition it does not know it.
func oneStep(loads *atomic.Int32) models.Planner {
	return models.Planner{
		Load: func(context.Context, string, string) error { loads.Add(1); return nil },
		Plan: func(_, _ string, e models.PlanEvent, f models.PlanFacts) ([]models.TaskDraft, bool, error) {
			if loads.Load() == 0 {
				return nil, false, nil
			}
			a, ok := f.Anchors["prison_admission"]
			if e.Anchor != "prison_admission" && len(e.Steps) == 0 || !ok {
				return nil, true, nil
			}
			due := a.At.Add(24 * time.Hour)
			return []models.TaskDraft{{Step: "seen", Limit: "day", Anchor: a.Name, DueAt: &due, Origin: models.OriginAnchor}}, true, nil
		},
	}
}

func tasksOf(t *testing.T, w storetest.Worker, episode string) []store.SeenTask {
	t.Helper()
	page, err := w.New().ListTasks(ctx, store.TaskFilter{Episode: episode, Step: "seen"}, store.Paging{Limit: 50})
	must(t, err)
	return page.Items
}

// What other use cases report reaches the tasks of the open episode, and an event that was
// reported before the episode began is not lost.
func TestAnchor_ReportedByOtherUseCases(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		var loads atomic.Int32
		c.Store = c.Open(t, func(o *store.Options) { o.Planner = oneStep(&loads) })
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle, other := nurse.Register(1), nurse.Register(2)
		e := nurse.Start(handle)
		if loads.Load() != 1 {
			t.Errorf("the edition was loaded %d times", loads.Load())
		}
		at := c.Now().Add(-time.Hour)
		must(t, nurse.New().Happen(ctx, handle, "prison_admission", at, ""))
		got := tasksOf(t, nurse, e.ID)
		if len(got) != 1 || !got[0].DueAt.Equal(at.Add(24*time.Hour)) {
			t.Fatalf("%+v", got)
		}
		must(t, nurse.New().Happen(ctx, handle, "prison_admission", at.Add(-time.Hour), ""))
		if got = tasksOf(t, nurse, e.ID); len(got) != 1 || !got[0].DueAt.Equal(at.Add(23*time.Hour)) || got[0].Version != 2 {
			t.Fatalf("%+v", got)
		}
		must(t, nurse.New().Happen(ctx, other, "prison_admission", at, ""))
		late := nurse.Start(other)
		if got = tasksOf(t, nurse, late.ID); len(got) != 1 || !got[0].DueAt.Equal(at.Add(24*time.Hour)) {
			t.Errorf("an event before the episode: %+v", got)
		}
	})
}

func TestSuspend_ByOtherUseCases(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		must(t, nurse.New().Happen(ctx, handle, "", time.Time{}, "custody")) // nothing is open
		e := nurse.Start(handle)
		for i, why := range []string{"hospital", "custody", "custody"} {
			must(t, nurse.New().Happen(ctx, handle, "", time.Time{}, why))
			got, err := nurse.New().GetEpisode(ctx, e.ID)
			must(t, err)
			if want := int64(min(i, 1) + 2); got.State != models.EpisodeSuspended || got.SuspendedFor != why || got.Version != want || !got.Open() {
				t.Fatalf("%s: %+v", why, got.Episode)
			}
		}
	})
}
