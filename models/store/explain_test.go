package store_test

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
	"jol/policies"
)

// lookups are the reads whose cost must grow with their answer and not with the table.
// Append what must be fast: a name, and the use case in a world that plans holds.
var lookups = []lookup{
	{"tasks of an organisation", func(p *plans) error { return p.tasks(store.TaskFilter{}) }},
	{"tasks overdue", func(p *plans) error { return p.tasks(store.TaskFilter{Due: "overdue"}) }},
	{"tasks of the week", func(p *plans) error { return p.tasks(store.TaskFilter{Due: "week"}) }},
	{"tasks of a step", func(p *plans) error { return p.tasks(store.TaskFilter{Step: "tp-screen-assist"}) }},
	{"tasks of a worker", func(p *plans) error { return p.tasks(store.TaskFilter{Assignee: p.nurse.Actor.UserID}) }},
	{"tasks of an episode", func(p *plans) error { return p.tasks(store.TaskFilter{Episode: p.episode}) }},
	{"tasks for a role", func(p *plans) error { return p.tasks(store.TaskFilter{Role: models.RoleNurse}) }},
	{"settled tasks of an episode", func(p *plans) error {
		return p.tasks(store.TaskFilter{Episode: p.episode, State: models.TaskDone})
	}},
	{"one task", func(p *plans) error { _, err := p.nurse.New().GetTask(ctx, p.task); return err }},
	{"referral inbox", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "in"}, store.Paging{Limit: 50})
		return err
	}},
	{"referral inbox of a state", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "in", State: models.ReferralSent}, store.Paging{Limit: 50})
		return err
	}},
	{"referral outbox", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "out"}, store.Paging{Limit: 50})
		return err
	}},
	{"one referral", func(p *plans) error { _, err := p.nurse.New().GetReferral(ctx, p.referral); return err }},
	{"one consent", func(p *plans) error { _, err := p.nurse.New().GetConsent(ctx, p.consent); return err }},
	{"episodes of a client", func(p *plans) error {
		_, err := p.nurse.New().ListEpisodes(ctx, p.handle, store.Paging{Limit: 50})
		return err
	}},
	{"one episode", func(p *plans) error { _, err := p.nurse.New().GetEpisode(ctx, p.episode); return err }},
	{"anchors of an episode", func(p *plans) error { _, err := p.nurse.New().ListAnchors(ctx, p.episode); return err }},
	{"one client", func(p *plans) error { _, err := p.nurse.New().GetClient(ctx, p.handle); return err }},
}

// lookup is one use case that must read no table about clients from end to end.
type lookup struct {
	name string
	run  func(p *plans) error
}

// plans is a world in which every lookup finds something.
type plans struct {
	*storetest.Country
	t                                        *testing.T
	nurse                                    storetest.Worker
	handle, episode, task, consent, referral string
	entry, overdose, order, held, spell      string
	meter                                    meter
}

func (p *plans) tasks(f store.TaskFilter) error {
	// The next page too: its key is a condition of its own.
	page, err := p.nurse.New().ListTasks(ctx, f, store.Paging{Limit: 1})
	if err == nil && page.Next != "" {
		_, err = p.nurse.New().ListTasks(ctx, f, store.Paging{Limit: 1, Cursor: page.Next})
	}
	return err
}

// growing are the lookups whose cost may grow with more than their answer, and why that is borne.
var growing = map[string]string{
	"release handovers of a clinic": "walks the clinic's own clients: no index knows which of them a consent of another organisation's record opens to it",
	"own figures":                   ownCounts, "own figures of a past day": ownCounts, "own figures of a health unit": ownCounts, "own figures of a health unit for a past day": ownCounts,
	"reports of suspected substances": fewReports, "reports of a state": fewReports,
}

const fewReports = "a country has a few hundred reports a year, and none is about a client: the list may read its table"

const ownCounts = "counts all rows that the organisation wrote, and looks at nobody else's"

// small and large are the worlds that are compared: as many rows of everybody, one in ten of
// them the asking organisation's, and each list longer than a page in both.
const small, large = 600, 4800

// A lookup may cost with its answer. When everything there is becomes eight times as much, it
// may become dearer by the depth of an index, and by nothing that grows.
func TestLookups_CostGrowsWithThePageOnly(t *testing.T) {
	p, err := policies.New()
	must(t, err)
	each(t, func(t *testing.T, few *storetest.Country) {
		many := storetest.NewWorld(t, few.Engine).Settle(t, p.Grants)
		before, after := newPlans(t, few, small), newPlans(t, many, large)
		for _, l := range slices.Concat(lookups, moreLookups) {
			least, _ := before.cost(l.run)
			most, worst := after.cost(l.run)
			switch why, known := growing[l.name]; {
			case known && most <= allowed(least):
				t.Errorf("%s costs %d where it cost %d, and is on the list of those that grow: %s", l.name, most, least, why)
			case !known && most > allowed(least):
				t.Errorf("%s costs %d where it cost %d with an eighth of the rows; most of it goes to\n%s", l.name, most, least, planOf(t, many.World, worst))
			}
		}
		whole := store.Query{SQL: "SELECT * FROM tasks WHERE branch = 'x'"} // the check must be able to fail
		if before.meter(whole) < small || after.meter(whole) <= allowed(before.meter(whole)) {
			t.Error("the meter does not see a full scan")
		}
	})
}

// allowed is what a lookup may cost in the large world after it cost least in the small one.
func allowed(least int) int { return 2*least + 100 }

func newPlans(t *testing.T, c *storetest.Country, n int) *plans {
	t.Helper()
	p := &plans{Country: c, t: t, nurse: c.As(models.RoleNurse, c.Clinic)}
	p.handle = p.nurse.Register(1)
	p.consent = p.nurse.Give(p.handle, models.PurposeReferral, c.Polyclinic).ID
	p.referral = p.nurse.Refer(p.handle, storetest.Asking(c.Polyclinic)).ID
	p.episode = p.nurse.Start(p.handle).ID
	for range 3 {
		at := c.Now().Add(time.Hour)
		task, _, err := p.nurse.New().CreateTask(ctx, p.handle, models.NewTask{Kind: "call", DueAt: &at, Assignee: p.nurse.Actor.UserID})
		must(t, err)
		p.task = task.ID
	}
	p.settle(t)
	c.Crowd(t, n)
	p.crowd(t, n)
	p.meter = newMeter(t, c.World)
	return p
}

// cost is what the queries of a lookup cost together, and which of them costs most.
func (p *plans) cost(run func(p *plans) error) (all int, worst store.Query) {
	p.t.Helper()
	sent, err := p.Queries(func() error { return run(p) })
	must(p.t, err)
	if len(sent) == 0 {
		p.t.Error("no query was sent")
	}
	most := -1
	for _, q := range sent {
		n := p.meter(q)
		if all += n; n > most {
			most, worst = n, q
		}
	}
	return all, worst
}
