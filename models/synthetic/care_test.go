package synthetic_test

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/protocols"
)

func TestCare_EntriesAreWhatTheServiceAccepts(t *testing.T) {
	t.Parallel()
	kinds, missing, complete, late := map[models.EntryKind]int{}, 0, 0, 0
	for _, p := range collect(t, 12, 4000).persons {
		for _, e := range p.Entries {
			content, err := e.Content()
			if err != nil {
				t.Fatal(err)
			}
			var c models.Checks
			content.Check(&c, anchor.AddDays(-1))
			if err := c.Err(); err != nil {
				t.Fatalf("%s: %v", e.Data, err)
			}
			episode := p.Episodes[slices.IndexFunc(p.Episodes, func(x models.Episode) bool { return x.ID == e.EpisodeID })]
			if e.OnDate < episode.StartDate || !past(e.CreatedAt) || e.Category != e.Kind.Category() || e.OrganisationID != episode.OrganisationID {
				t.Fatalf("%+v in an episode from %s", e, episode.StartDate)
			}
			if on := models.DateOf(e.CreatedAt, "Asia/Almaty"); on < e.OnDate {
				t.Fatalf("known on %s, before %s", on, e.OnDate)
			} else if on > e.OnDate {
				late++
			}
			kinds[e.Kind]++
			if a, ok := content.(*models.Assessment); ok {
				if a.AgeFirstUse == nil || a.Education == "99" || a.HIVTest == "99" {
					missing++
				} else {
					complete++
				}
			}
		}
	}
	if kinds[models.EntryAssessment] == 0 || kinds[models.EntryContact] == 0 || kinds[models.EntryTest] == 0 || missing == 0 || complete == 0 || late == 0 {
		t.Errorf("%v, %d assessments with and %d without something missing, %d entries late", kinds, missing, complete, late)
	}
}

// Nobody who goes on coming counts as lost: contacts lie less than the inactivity apart, and
// the last contact of an open episode is noted.
func TestCare_ContactsHoldEpisodesOpen(t *testing.T) {
	t.Parallel()
	noted, lost := 0, 0
	for _, p := range collect(t, 16, 3000).persons {
		days := map[string][]models.Date{}
		for _, k := range p.Contacts {
			e := p.Episodes[slices.IndexFunc(p.Episodes, func(e models.Episode) bool { return e.ID == k.EpisodeID })]
			if k.ClientID != e.ClientID || k.OnDate <= e.StartDate || k.OnDate > e.LastContact || !past(k.CreatedAt) || models.DateOf(k.CreatedAt, "Asia/Almaty") < k.OnDate {
				t.Fatalf("%+v in %+v", k, e)
			}
			days[e.ID] = append(days[e.ID], k.OnDate)
			noted++
		}
		for _, e := range p.Episodes {
			before := e.StartDate
			for _, day := range append(days[e.ID], e.LastContact) { // they come in the order of time
				if before.DaysUntil(day) >= 183 {
					t.Fatalf("nobody was seen from %s to %s", before, day)
				}
				before = day
			}
			if n := len(days[e.ID]); e.Open() && e.LastContact > e.StartDate && (n == 0 || days[e.ID][n-1] != e.LastContact) {
				t.Fatalf("the last contact, %s, is not noted", e.LastContact)
			}
			if e.Open() && e.LastContact <= anchor.AddDays(-183) {
				lost++
			}
		}
	}
	if noted == 0 || lost == 0 {
		t.Errorf("%d contacts, %d lost from sight", noted, lost)
	}
}

// A person has one active order, no dose goes without one, and none exceeds it.
func TestCare_DosesFollowTheirOrder(t *testing.T) {
	t.Parallel()
	active, ended, missed := 0, 0, 0
	for _, p := range collect(t, 13, 6000).persons {
		open := 0
		orders := map[string]models.DoseOrder{}
		for _, o := range p.DoseOrders {
			orders[o.ID] = o
			if o.State == models.OrderActive {
				open++
				active++
			} else {
				ended++
				if !models.InList("oat_end_reason", o.Reason) || o.EndedAt == nil || !past(*o.EndedAt) {
					t.Fatalf("%+v", o)
				}
			}
			versions := 0
			for _, v := range p.OrderVersions {
				if v.OrderID == o.ID {
					versions++
					if v.Version == o.Version && (v.State != o.State || v.DoseUg != o.DoseUg || v.Phase != o.Phase) {
						t.Fatalf("the last version %+v is not the order %+v", v, o)
					}
				}
			}
			if int64(versions) != o.Version {
				t.Fatalf("%d versions of version %d", versions, o.Version)
			}
		}
		if open > 1 {
			t.Fatal("two orders of one person are active")
		}
		for _, d := range p.Doses {
			o, ok := orders[d.OrderID]
			if !ok || d.OnDate < o.FromDate || o.EndedAt != nil && d.At.After(*o.EndedAt) || !past(d.At) || d.OnDate != models.DateOf(d.At, "Asia/Almaty") {
				t.Fatalf("dose %+v of %+v", d, o)
			}
			if d.NotTaken() {
				missed++
			}
		}
	}
	if active == 0 || ended == 0 || missed == 0 {
		t.Errorf("%d active, %d ended, %d doses missed", active, ended, missed)
	}
}

// One stay at a time, and nobody is treated elsewhere before the release.
func TestCare_StaysInCustody(t *testing.T) {
	t.Parallel()
	states := map[string]int{}
	for _, p := range collect(t, 14, 8000).persons {
		spells := slices.SortedFunc(slices.Values(p.Spells), func(a, b models.CustodySpell) int { return a.AdmittedAt.Compare(*b.AdmittedAt) })
		for i, s := range spells {
			states[s.State]++
			if i > 0 && (spells[i-1].EndedAt == nil || spells[i-1].EndedAt.After(*s.AdmittedAt)) {
				t.Fatal("two stays overlap")
			}
			if s.EndedAt == nil && s.State != models.SpellResident || s.EndedAt != nil && (!past(*s.EndedAt) || s.EndedAt.Before(*s.AdmittedAt)) {
				t.Fatalf("%+v", s)
			}
			cases := 0
			for _, c := range p.ReleaseCases {
				if c.SpellID == s.ID {
					cases++
				}
			}
			released := s.State == models.SpellReleased || s.State == models.SpellUnplannedReleased
			if cases > 1 || released && cases != 1 || s.EndedAt == nil && s.PlannedRelease != "" && s.PlannedRelease < anchor {
				t.Fatalf("%d cases of %+v", cases, s)
			}
		}
	}
	for _, state := range []string{models.SpellResident, models.SpellReleased, models.SpellUnplannedReleased} {
		if states[state] == 0 {
			t.Errorf("no stay is %s: %v", state, states)
		}
	}
}

// The tasks are what the planner makes of the same events, with the due time to the second.
func TestCare_TasksAreThePlanners(t *testing.T) {
	t.Parallel()
	catalog, err := protocols.Load(protocols.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	c := collect(t, 15, 1500)
	steps, overdue := map[string]int{}, 0
	for _, p := range c.persons {
		for _, task := range p.Tasks {
			if task.State == models.TaskOpen && task.Overdue(anchor.Time(), nil) {
				overdue++
			}
			if task.State == models.TaskDone && task.SettledAt.Before(task.CreatedAt) {
				t.Fatalf("done before it was there: %+v", task)
			}
			steps[task.Step]++
			if task.Step == "" {
				continue
			}
			e := p.Episodes[slices.IndexFunc(p.Episodes, func(e models.Episode) bool { return e.ID == task.EpisodeID })]
			facts := models.PlanFacts{Now: task.CreatedAt, Facility: c.organisations[e.OrganisationID], LegalBase: e.LegalBasis, Sex: e.Sex, Age: e.AgeAtStart}
			var anchors []models.Anchor
			for _, a := range p.Anchors {
				if a.EpisodeID == e.ID {
					anchors = append(anchors, a)
				}
			}
			facts.Anchors = models.LatestAnchors(anchors)
			drafts, err := catalog.Plan(task.Protocol, models.PlanEvent{Steps: []string{task.Step}, Refuse: true}, facts)
			i := slices.IndexFunc(drafts, func(d models.TaskDraft) bool { return d.Same(&task) })
			if err != nil || i < 0 {
				t.Fatalf("the planner knows no %s of %s: %v", task.LimitID, task.Step, err)
			}
			d := drafts[i]
			if d.DueAt == nil || !d.DueAt.Equal(*task.DueAt) || d.Hard != task.Hard || d.Basis != task.Basis || d.Anchor != task.Anchor || !slices.Equal(d.Roles, task.Roles) {
				t.Fatalf("planned %+v due %v, made %+v due %v", d, d.DueAt, task, task.DueAt)
			}
		}
	}
	if len(steps) != 5 || overdue == 0 {
		t.Errorf("%v, %d overdue", steps, overdue)
	}
}

// What the demo prints is there, however small it is.
func TestCare_ShowcasesAreThere(t *testing.T) {
	t.Parallel()
	for _, n := range []int{20, 2000} {
		w := generate(t, 5, n)
		found := map[string]int{}
		of := func(username string) models.OrganisationID {
			return w.Users[slices.IndexFunc(w.Users, func(u models.User) bool { return u.Username == username })].OrganisationID
		}
		now := anchor.Time().Add(9 * time.Hour)
		for p := range w.Persons() {
			for _, d := range p.DoseTransfers {
				if d.ToOrganisationID == of("narcologist") && d.State == models.TransferSent && !d.Overdue(anchor.Time()) && d.LastDoseAt != nil {
					found["dose"]++
				}
			}
			for _, n := range p.FunctionalNotes {
				if n.InstitutionID == of("prison-security") && n.UntilAt.After(now) {
					found["note"]++
				}
			}
			for _, c := range p.ReleaseCases {
				if c.OrganisationID == of("prison-medical") && c.ReleasedAt == nil {
					found["case"]++
				}
			}
			for _, task := range p.Tasks {
				if task.OrganisationID == of("psychologist") && task.State == models.TaskOpen {
					found["task"]++
				}
			}
		}
		for _, what := range []string{"dose", "note", "case", "task"} {
			if found[what] == 0 {
				t.Errorf("%d clients: no %s to show", n, what)
			}
		}
	}
}
