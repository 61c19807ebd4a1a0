package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/indicators"
	"jol/models/store"
)

// own writes figures as "value of whole" by name and part; a reason stands for a value.
func (w Worker) own(t testing.TB, asOf models.Date) map[string]string {
	t.Helper()
	out, err := w.New().GetOwnFigures(ctx, asOf)
	must(t, err)
	got := map[string]string{}
	for _, f := range out.Figures {
		key := strings.TrimSpace(f.Name + " " + f.Part)
		if _, twice := got[key]; twice {
			t.Errorf("%s stands there twice", key)
		}
		text := f.Reason
		if f.Value != nil {
			text += fmt.Sprint(*f.Value)
		}
		if f.Of != nil {
			text += fmt.Sprintf(" of %d", *f.Of)
		}
		got[key] = text
	}
	return got
}

// wantOwn compares the figures that are named.
func wantOwn(t testing.TB, when string, got, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %s is %q, want %q", when, key, got[key], value)
		}
	}
}

func (w Worker) startOn(t testing.TB, handle string, n models.NewEpisode) *store.SeenEpisode {
	t.Helper()
	e, _, err := w.New().StartEpisode(ctx, handle, n, "demo-2026")
	must(t, err)
	return e
}

func years(n int) *int { return &n }

// assessed is an assessment with every item answered.
func assessed(on models.Date) *models.Assessment {
	return &models.Assessment{AssessmentItems: models.AssessmentItems{
		On: on, LivingWith: "1", Children: "1", LivingWhere: "1", Labour: "1", Education: "1", Frequency30d: "1", FrequencyReference: "before_entry",
		AgeFirstUse: years(16), Polydrug: "1", OSTStatus: "1", AgeFirstInjection: years(18), HIVTest: "1", HCVTest: "1", Sharing: "1",
	}}
}

// What another organisation keeps of the same person is in nobody else's figures: not by
// team, not by consent, not in custody, not in an emergency.
func TestOwnFigures_CountOwnRowsOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, theirs := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		empty := doctor.own(t, "")
		theirHandle, handle, _ := c.Joined(theirs, doctor, 1, c.Clinic)
		theirs.Give(theirHandle, models.PurposeTreatmentContinuity, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
		theirs.Start(theirHandle)
		theirs.Record(theirHandle, assessed(c.Today()))
		at := c.Now().Add(time.Hour)
		_, _, err := theirs.New().CreateTask(ctx, theirHandle, models.NewTask{Kind: "call", DueAt: &at})
		must(t, err)
		_, _, err = doctor.New().BreakGlass(ctx, handle, models.NewBreakGlass{Reason: "overdose", Note: "unresponsive", Hours: 2})
		must(t, err)
		c.Advance(2 * time.Hour)
		if seen, err := doctor.New().GetPathway(ctx, handle); err != nil || len(seen.Episodes) != 1 || len(seen.Entries) == 0 { // it may read what it must not count
			t.Fatalf("the clinic sees %d episodes and %d entries of the other one, %v", len(seen.Episodes), len(seen.Entries), err)
		}
		got := doctor.own(t, "")
		wantOwn(t, "the clinic", got, map[string]string{"episodes_open": "0", "tasks_open": "0", "tasks_past_due": "0 of 0", "items_answered living_with": "0 of 0",
			"clients_waiting sent": "0", "clients_waiting received": "1", "break_glass_unreviewed": "1", "break_glass_unreviewed_past_limit": "0 of 1"})
		if len(got) != len(empty) {
			t.Errorf("%d figures, %d before", len(got), len(empty))
		}
		wantOwn(t, "the polyclinic", theirs.own(t, ""), map[string]string{"episodes_open": "1", "episodes_open structured": "1 of 1", "episodes_open in_treatment": "1 of 1",
			"tasks_past_due": "1 of 2", "tasks_overdue": "1 of 2", "items_answered living_with": "1 of 1", "clients_waiting sent": "1", "clients_waiting received": "0", "break_glass_unreviewed": "0"})
	})
}

// The role decides which figures there are; whoever has none of them finds nothing.
// Whom a probation office sends on a court duty waits at the door like anybody else: a clinic
// that counts them out has no place for them. With the duty the count ends.
func TestOwnFigures_CountWhoWasSentOnADuty(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		poly := c.As(models.RoleClinician, c.Polyclinic)
		on, without := nurse.Register(1), nurse.Register(2)
		k := nurse.Give(on, models.PurposeReferral, c.Polyclinic)
		nurse.Refer(on, Asking(c.Polyclinic))
		d, _, err := nurse.New().RecordDuty(ctx, without, c.Probation.ID, c.Today().AddDays(60))
		must(t, err)
		_, _, err = officer.New().CreateReferral(ctx, "", supervised(d.ID, c.Polyclinic))
		must(t, err)
		both := map[string]string{"clients_waiting received": "2", "clients_waiting_over_3_weeks received": "0 of 2", "referrals_unanswered received": "2", "referrals_unanswered_past_limit received": "0 of 2"}
		wantOwn(t, "sent", poly.own(t, ""), both)
		wantOwn(t, "the client's organisation sent one", nurse.own(t, ""), map[string]string{"clients_waiting sent": "1"})
		c.Advance(30 * 24 * time.Hour)
		wantOwn(t, "a month later", poly.own(t, ""), map[string]string{"clients_waiting_over_3_weeks received": "2 of 2", "referrals_unanswered_past_limit received": "2 of 2"})
		must(t, third(nurse.On(d.Version).EndDuty(ctx, d.ID)))
		wantOwn(t, "the duty ended", poly.own(t, ""), map[string]string{"clients_waiting received": "1"})
		nurse.Withdraw(k.ID)
		wantOwn(t, "and the consent", poly.own(t, ""), map[string]string{"clients_waiting received": "0"})
	})
}

func TestOwnFigures_FollowTheRole(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		all := map[models.Category]string{models.CatEpisode: "episodes_open", models.CatTask: "tasks_open", models.CatReferral: "clients_waiting sent",
			models.CatDiagnosis: "items_answered sex", models.CatBreakGlass: "break_glass_unreviewed"}
		refused := map[models.Role]bool{}
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				w := c.As(role, o)
				if !grantsOf(role).Has(models.CatOwnFigures, models.Read) {
					refused[role] = true
					_, err := w.New().GetOwnFigures(ctx, "")
					wantError(t, err, models.KindNotFound, "own_figures.not_found")
					continue
				}
				got := w.own(t, "")
				for category, key := range all {
					if _, there := got[key]; there != grantsOf(role).Through(category, models.Read, models.Own) {
						t.Errorf("%s at %s: %s is there: %v", role, o.Name, key, there)
					}
				}
				if _, there := got["released"]; there != (o.Kind == models.KindPrisonHealth) {
					t.Errorf("%s at %s: releases are there: %v", role, o.Name, there)
				}
			}
		}
		for _, role := range []models.Role{models.RolePrisonSecurity, models.RolePrisonManagement, models.RoleProbationOfficer, models.RoleMinistryAnalyst,
			models.RoleReleaseSteward, models.RoleAuditor, models.RoleAdministrator} {
			if !refused[role] {
				t.Errorf("%s was not refused", role)
			}
		}
	})
}

func TestOwnFigures_DayIsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		for day, code := range map[models.Date]string{
			"2026-10-06": "own_figures.as_of_in_future", "2026-02-29": "own_figures.as_of_not_a_date", "today": "own_figures.as_of_not_a_date", "9999-01-01": "own_figures.as_of_not_a_date",
		} {
			_, err := nurse.New().GetOwnFigures(ctx, day)
			wantError(t, err, models.KindInvalid, code)
			if fields := err.(*models.Error).Fields; len(fields) != 1 || fields[0].Pointer != "/asOf" {
				t.Errorf("%s: %+v", day, fields)
			}
		}
		// The day is the facility's: at 20:00 UTC it is tomorrow in Almaty.
		c.Advance(14 * time.Hour)
		out, err := nurse.New().GetOwnFigures(ctx, "2026-10-06")
		must(t, err)
		if out.AsOf != "2026-10-06" || !out.KnownUntil.Equal(c.Now()) {
			t.Errorf("%+v", out)
		}
		past, err := nurse.New().GetOwnFigures(ctx, "2026-10-05")
		must(t, err)
		if want := time.Date(2026, 10, 5, 18, 59, 59, 999e6, time.UTC); !past.KnownUntil.Equal(want) {
			t.Errorf("known until %s, want %s", past.KnownUntil, want)
		}
	})
}

func TestOwnFigures_AreAuditedBeforeTheyAreShown(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		nurse.Start(nurse.Register(1))
		before := c.lastSeq(t)
		nurse.own(t, "")
		events := c.events(t, before)
		if len(events) != 1 || events[0].Action != "own_figures.read" || events[0].Outcome != "ok" || events[0].Actor != string(nurse.Actor.UserID) || len(events[0].Objects) != 0 {
			t.Errorf("%+v", events)
		}
		c.breakAudit(t, "own_figures.read")
		out, err := nurse.New().GetOwnFigures(ctx, "")
		wantError(t, err, models.KindUnavailable, "audit.stopped")
		if out != nil {
			t.Errorf("%+v", out)
		}
	})
}

// yesterday is a clinic and a health unit with something in every figure.
type yesterday struct {
	*Country
	t                          *testing.T
	doctor, medic              Worker
	day                        models.Date
	handle, waiting, treated   string
	episode                    *store.SeenEpisode
	assessment                 *store.SeenEntry
	task                       *store.SeenTask
	sent                       *store.SeenReferral
	released, held             *store.SeenSpell
	releasedHandle, heldHandle string
	arrived                    *store.SeenReferral
	glass                      string
	glassVersion               int64
}

func newYesterday(t *testing.T, c *Country) *yesterday {
	t.Helper()
	y := &yesterday{Country: c, t: t, doctor: c.As(models.RoleClinician, c.Clinic), medic: c.As(models.RolePrisonMedical, c.ColonyHealth), day: c.Today()}
	y.handle, y.waiting, y.treated = y.doctor.Register(1), y.doctor.Register(2), y.doctor.Register(3)
	y.episode = y.doctor.Start(y.handle)
	y.doctor.Start(y.treated)
	items := assessed(y.day)
	items.LivingWith, items.Labour = "99", "99"
	y.assessment = y.doctor.Record(y.handle, items)
	due := c.Now().Add(time.Hour)
	y.task, _, _ = y.doctor.New().CreateTask(ctx, y.handle, models.NewTask{Kind: "call", DueAt: &due})
	y.doctor.Give(y.waiting, models.PurposeReferral, c.Polyclinic)
	y.sent = y.doctor.Refer(y.waiting, Asking(c.Polyclinic))
	y.releasedHandle, y.heldHandle = y.medic.Register(4), y.medic.Register(5)
	y.medic.Give(y.releasedHandle, models.PurposeReferral, c.Clinic)
	y.arrived = y.doctor.Move(y.medic.Refer(y.releasedHandle, Asking(c.Clinic)), "acceptance")
	y.released = y.medic.free(y.medic.hold(y.releasedHandle, c.Today().AddDays(3)), true)
	y.held = y.medic.hold(y.heldHandle, c.Today().AddDays(3))
	b, _, err := y.doctor.New().BreakGlass(ctx, y.handle, models.NewBreakGlass{Reason: "overdose", Note: "unresponsive", Hours: 1})
	must(t, err)
	y.glass, y.glassVersion = b.ID, b.Version
	return y
}

// late is everything that somebody enters late, or corrects, about the day and before.
var late = map[string]func(*yesterday){
	"an episode that began before": func(y *yesterday) {
		n := Treatment(y.day.AddDays(-30))
		y.doctor.startOn(y.t, y.waiting, n)
	},
	"an end on the day": func(y *yesterday) {
		_, err := y.doctor.On(y.episode.Version).CloseEpisode(ctx, y.episode.ID, models.EpisodeClosure{On: y.day, Reason: "1"})
		must(y.t, err)
	},
	"an episode opened in error": func(y *yesterday) {
		_, err := y.doctor.On(y.episode.Version).CloseEpisode(ctx, y.episode.ID, models.EpisodeClosure{On: y.day, Reason: "11"})
		must(y.t, err)
	},
	"a state": func(y *yesterday) {
		_, err := y.doctor.On(y.episode.Version).ChangeEpisodeState(ctx, y.episode.ID, "suspension", models.EpisodeMove{Reason: "hospital"})
		must(y.t, err)
	},
	"a correction": func(y *yesterday) {
		_, err := y.doctor.On(y.assessment.Version).CorrectEntry(ctx, y.assessment.EntryID, "entry_error", assessed(y.day))
		must(y.t, err)
	},
	"an entry struck out": func(y *yesterday) {
		_, err := y.doctor.On(y.assessment.Version).CorrectEntry(ctx, y.assessment.EntryID, models.EnteredInError, nil)
		must(y.t, err)
	},
	"an assessment of an earlier day": func(y *yesterday) { y.doctor.Record(y.handle, assessed(y.day.AddDays(-3))) },
	"an assessment of the other":      func(y *yesterday) { y.doctor.Record(y.treated, assessed(y.day)) },
	"a task done on the day": func(y *yesterday) {
		_, err := y.doctor.do(y.task, "completion", models.TaskMove{On: y.day})
		must(y.t, err)
	},
	"another task": func(y *yesterday) {
		at := y.Now().Add(-time.Hour)
		_, _, err := y.doctor.New().CreateTask(ctx, y.handle, models.NewTask{Kind: "call", DueAt: &at})
		must(y.t, err)
	},
	"another due time": func(y *yesterday) { // as an anchor that moved would leave it
		y.exec(y.t, "INSERT INTO task_dues (task_id, version, due_at, changed_at) SELECT id, version, due_at, ? FROM tasks WHERE id = ?", y.Now(), y.task.ID)
		y.exec(y.t, "UPDATE tasks SET due_at = ?, version = version + 1 WHERE id = ?", y.Now().Add(time.Hour), y.task.ID)
	},
	"a decline": func(y *yesterday) { y.As(models.RoleClinician, y.Polyclinic).Move(y.sent, "decline") },
	"an acceptance": func(y *yesterday) {
		y.As(models.RoleClinician, y.Polyclinic).Move(y.sent, "acceptance")
	},
	"a withdrawal": func(y *yesterday) { y.doctor.Withdraw(y.sent.ConsentID) },
	"an attendance on the day": func(y *yesterday) {
		move := y.GoodMove()
		move.On = y.day
		_, err := y.doctor.On(y.arrived.Version).MoveReferral(ctx, y.arrived.ID, "attendance", move, store.Acceptance{})
		must(y.t, err)
	},
	"a release on the day": func(y *yesterday) {
		r := y.freed(true)
		r.At = models.StartOfDay(y.day, "Asia/Almaty").Add(12 * time.Hour)
		now, err := y.medic.New().GetSpell(ctx, y.held.ID)
		must(y.t, err)
		_, err = y.medic.On(now.Version).ReleaseFromCustody(ctx, y.held.ID, r)
		must(y.t, err)
	},
	"a review": func(y *yesterday) {
		_, err := y.doctor.Colleague().On(y.glassVersion).ReviewBreakGlass(ctx, y.glass, "justified")
		must(y.t, err)
	},
	"another emergency": func(y *yesterday) {
		_, _, err := y.doctor.New().BreakGlass(ctx, y.treated, models.NewBreakGlass{Reason: "overdose", Note: "unresponsive", Hours: 1})
		must(y.t, err)
	},
	"two records joined": func(y *yesterday) {
		y.exec(y.t, "UPDATE clients SET person_id = (SELECT person_id FROM clients WHERE id = ?) WHERE id = ?", string(y.episode.ClientID), string(y.sent.FromClientID))
	},
}

// What is recorded today about a past day changes nothing of that day's figures, and each
// of it changes today's: the figures do look.
func TestOwnFigures_OfAPastDayDoNotChange(t *testing.T) {
	unseen := []string{"two records joined"} // records are counted, which stay what they were
	for name, happens := range late {
		t.Run(name, func(t *testing.T) {
			planned(t, func(t *testing.T, c *Country) {
				y := newYesterday(t, c)
				c.Advance(26 * time.Hour)
				figures := func(asOf models.Date) map[string]string {
					all := map[string]string{}
					for who, w := range map[string]Worker{"clinic": y.doctor, "unit": y.medic} {
						for key, value := range w.own(t, asOf) {
							all[who+" "+key] = value
						}
					}
					return all
				}
				before, today := figures(y.day), figures("")
				wantOwn(t, name, before, map[string]string{
					"clinic episodes_open": "2", "clinic episodes_open in_treatment": models.ReasonStatesNotKept, "clinic tasks_overdue": models.ReasonHospitalNotKept,
					"clinic clients_waiting sent": "1", "clinic clients_waiting_over_3_weeks sent": "0 of 1", "clinic clients_waiting received": models.ReasonConsentsDecide,
					"clinic referrals_unanswered sent": models.ReasonAnswersNotKept, "clinic items_answered labour": "0 of 2", "clinic items_answered education": "1 of 2",
					"clinic items_answered age_first_ost": "0 of 0", "clinic items_answered age_first_injection": "1 of 2", "clinic break_glass_unreviewed": "1",
					"unit released": "1", "unit released_linked day_21": "0 of 1", "unit released_not_yet_due day_21": "1 of 1",
				})
				if !maps.Equal(figures(y.day), before) {
					t.Fatal("two calls give two answers")
				}
				happens(y)
				if after := figures(y.day); !maps.Equal(after, before) {
					t.Errorf("the past changed:\n%v\n%v", before, after)
				}
				if now := figures(""); maps.Equal(now, today) && !slices.Contains(unseen, name) {
					t.Errorf("today's figures do not see it: %v", now)
				}
				c.Advance(24 * time.Hour)
				if after := figures(y.day); !maps.Equal(after, before) {
					t.Errorf("a day later the past changed:\n%v\n%v", before, after)
				}
			})
		})
	}
}

// What was settled since still counts on the day, and with the due time it had then.
func TestOwnFigures_TasksHaveTheDueTimeOfTheDay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		due := c.Now().Add(48 * time.Hour)
		task, _, err := nurse.New().CreateTask(ctx, handle, models.NewTask{Kind: "call", DueAt: &due})
		must(t, err)
		days := []models.Date{c.Today()}
		expect := []string{"0 of 1"} // due in two days
		c.Advance(24 * time.Hour)
		c.exec(t, "INSERT INTO task_dues (task_id, version, due_at, changed_at) SELECT id, version, due_at, ? FROM tasks WHERE id = ?", c.Now(), task.ID)
		c.exec(t, "UPDATE tasks SET due_at = ?, version = 2 WHERE id = ?", c.Now().Add(-time.Hour), task.ID)
		days, expect = append(days, c.Today()), append(expect, "1 of 1") // brought forward: overdue
		c.Advance(24 * time.Hour)
		c.exec(t, "INSERT INTO task_dues (task_id, version, due_at, changed_at) SELECT id, version, due_at, ? FROM tasks WHERE id = ?", c.Now(), task.ID)
		c.exec(t, "UPDATE tasks SET due_at = NULL, version = 3 WHERE id = ?", task.ID)
		days, expect = append(days, c.Today()), append(expect, "0 of 1") // its anchor is not known any more
		c.Advance(24 * time.Hour)
		_, err = nurse.On(3).MoveTask(ctx, task.ID, "completion", models.TaskMove{On: days[0]})
		must(t, err)
		days, expect = append(days, c.Today()), append(expect, "0 of 0")
		c.Advance(24 * time.Hour)
		for i, day := range days {
			if got := nurse.own(t, day)["tasks_past_due"]; got != expect[i] {
				t.Errorf("day %d: %s, want %s", i, got, expect[i])
			}
		}
		wantOwn(t, "before it was written down", nurse.own(t, days[0].AddDays(-1)), map[string]string{"tasks_open": "0"})
	})
}

// A soft limit stands still in hospital and is not overdue; that its time has passed is
// said beside.
func TestOwnFigures_HospitalStopsSoftLimits(t *testing.T) {
	planned(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e := nurse.begin(nurse.Register(1), programme, models.EpisodeInTreatment)
		due := c.Now().Add(time.Hour)
		_, _, err := nurse.New().CreateTask(ctx, e.ClientCode, models.NewTask{Kind: "call", DueAt: &due})
		must(t, err)
		c.exec(t, "UPDATE tasks SET hard = ?, due_at = ?", false, due)
		_, err = nurse.On(e.Version).ChangeEpisodeState(ctx, e.ID, "suspension", models.EpisodeMove{Reason: "hospital"})
		must(t, err)
		c.Advance(2 * time.Hour)
		n := len(nurse.todo(t, e.ID))
		wantOwn(t, "in hospital", nurse.own(t, ""), map[string]string{"tasks_past_due": fmt.Sprintf("%d of %d", n, n), "tasks_overdue": fmt.Sprintf("0 of %d", n)})
		listed, err := nurse.New().ListTasks(ctx, store.TaskFilter{Due: "overdue"}, store.Paging{Limit: 50})
		must(t, err)
		if n == 0 || len(listed.Items) != 0 {
			t.Errorf("%d tasks, %d listed as overdue", n, len(listed.Items))
		}
	})
}

// Three weeks are 21 civil days of the facility; the 22nd is too long. A client with two
// referrals waits once.
func TestOwnFigures_WaitingIsCountedInCivilDays(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, theirs := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		c.Advance(12*time.Hour + 30*time.Minute) // 23:30 in Almaty
		handle := nurse.Register(1)
		consent := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		nurse.Refer(handle, Asking(c.Polyclinic))
		c.Advance(time.Hour) // the next day
		nurse.Refer(handle, Asking(c.Polyclinic))
		sent := c.Today().AddDays(-1)
		c.Advance(30 * 24 * time.Hour)
		for days, want := range map[int]string{-1: "0 of 0", 0: "0 of 1", 21: "0 of 1", 22: "1 of 1", 29: "1 of 1"} {
			if got := nurse.own(t, sent.AddDays(days))["clients_waiting_over_3_weeks sent"]; got != want {
				t.Errorf("day %d: %s, want %s", days, got, want)
			}
		}
		today := map[string]string{"clients_waiting": "1", "clients_waiting_over_3_weeks": "1 of 1", "referrals_unanswered": "2", "referrals_unanswered_past_limit": "2 of 2"}
		with := func(part string) map[string]string {
			of := map[string]string{}
			for name, value := range today {
				of[name+" "+part] = value
			}
			return of
		}
		wantOwn(t, "sender", nurse.own(t, ""), with("sent"))
		wantOwn(t, "receiver", theirs.own(t, ""), with("received"))
		// The consent decides what the receiver counts; the sender knows what it wrote.
		narrowed, err := nurse.On(consent.Version).MoveConsent(ctx, consent.ID, "narrowing", models.ConsentMove{Until: c.Today()})
		must(t, err)
		c.Advance(24 * time.Hour)
		wantOwn(t, "expired, receiver", theirs.own(t, ""), map[string]string{"clients_waiting received": "0", "referrals_unanswered received": "0"})
		wantOwn(t, "expired, sender", nurse.own(t, ""), with("sent"))
		nurse.Withdraw(narrowed.ID)
		wantOwn(t, "withdrawn, sender", nurse.own(t, ""), map[string]string{"clients_waiting sent": "0", "clients_waiting received": "0"})
	})
}

// The milestones of a release are those of the release case; linked is who attended a
// referral that the unit sent, and nothing that the clinic wrote beside.
func TestOwnFigures_FollowReleases(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Clinic)
		var moves []*store.SeenReferral
		for n := range 4 {
			handle := medic.Register(n)
			medic.Give(handle, models.PurposeReferral, c.Clinic)
			moves = append(moves, clinic.Move(medic.Refer(handle, Asking(c.Clinic)), "acceptance"))
			medic.free(medic.hold(handle, c.Today().AddDays(3)), true)
		}
		release := c.Today()
		attend := func(r *store.SeenReferral, day int) {
			c.now.Store(Start.AddDate(0, 0, day).UnixMilli())
			m := c.GoodMove()
			m.On = release.AddDays(day)
			_, err := clinic.On(r.Version).MoveReferral(ctx, r.ID, "attendance", m, store.Acceptance{})
			must(t, err)
		}
		clinic.Start(moves[3].ClientCode) // an episode of the clinic's own is not the unit's to count
		attend(moves[0], 21)
		attend(moves[1], 22)
		attend(moves[2], 90)
		c.now.Store(Start.AddDate(0, 0, 400).UnixMilli())
		for _, test := range []struct {
			day  int
			want string // linked and not yet due at 21, 90 and 180
		}{
			{-1, "0| 0 of 0 0 of 0| 0 of 0 0 of 0| 0 of 0 0 of 0"},
			{0, "4| 0 of 4 4 of 4| 0 of 4 4 of 4| 0 of 4 4 of 4"},
			{21, "4| 1 of 4 3 of 4| 1 of 4 3 of 4| 1 of 4 3 of 4"},
			{22, "4| 1 of 4 0 of 4| 2 of 4 2 of 4| 2 of 4 2 of 4"},
			{91, "4| 1 of 4 0 of 4| 3 of 4 0 of 4| 3 of 4 1 of 4"},
			{181, "4| 1 of 4 0 of 4| 3 of 4 0 of 4| 3 of 4 0 of 4"},
			{364, "4| 1 of 4 0 of 4| 3 of 4 0 of 4| 3 of 4 0 of 4"},
			{365, "0| 0 of 0 0 of 0| 0 of 0 0 of 0| 0 of 0 0 of 0"},
		} {
			f := medic.own(t, release.AddDays(test.day))
			got := f["released"]
			for _, n := range models.Milestones {
				part := fmt.Sprintf(" day_%d", n)
				got += "| " + f["released_linked"+part] + " " + f["released_not_yet_due"+part]
			}
			if got != test.want {
				t.Errorf("day %d: %s, want %s", test.day, got, test.want)
			}
		}
	})
}

// One client, one entry: then the items counted here are those of TDI06, item by item.
func TestOwnFigures_CompletenessIsThatOfTDI06(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		doctor := c.As(models.RoleClinician, c.Clinic)
		random := rand.New(rand.NewPCG(7, 7))
		pick := func(codes ...string) string { return codes[random.IntN(len(codes))] }
		maybe := func(n int) *int {
			if random.IntN(2) == 0 {
				return nil
			}
			return &n
		}
		for n := range 30 {
			handle := doctor.Register(n)
			e := Treatment(c.Today().AddDays(-random.IntN(5)))
			e.PreviousTreatment, e.ReferralSource, e.PrimaryDrug = pick("1", "2", "99"), pick("6", "99"), pick("11", "99", "80")
			e.Route, e.Injecting = pick("2", "99"), pick("1", "2.2", "99")
			doctor.startOn(t, handle, e)
			if n%5 == 0 {
				continue // not assessed
			}
			a := assessed(c.Today())
			a.LivingWith, a.Children, a.LivingWhere, a.Labour, a.Education = pick("1", "99"), pick("1", "99"), pick("1", "99"), pick("1", "99"), pick("1", "99")
			a.Frequency30d, a.Polydrug, a.HIVTest, a.HCVTest, a.Sharing = pick("1", "99"), pick("1", "99"), pick("1", "99"), pick("1", "99"), pick("1", "99")
			a.AgeFirstUse, a.OSTStatus, a.AgeFirstOST, a.AgeFirstInjection = maybe(15), pick("1", "2", "99"), nil, nil
			if a.OSTStatus == "2" {
				a.AgeFirstOST = years(20 * random.IntN(2))
			}
			if e.Injecting == "2.2" {
				a.AgeFirstInjection = years(19 * random.IntN(2))
			}
			doctor.Record(handle, a)
			if n%3 == 0 { // the one of the earlier day is the entry, and none counts twice
				earlier := assessed(c.Today().AddDays(-1))
				earlier.LivingWith, earlier.Labour, earlier.AgeFirstInjection = pick("1", "99"), pick("1", "99"), a.AgeFirstInjection
				doctor.Record(handle, earlier)
			}
		}
		c.counted(t, steward, k, "2026Q4")
		entrants, ok := indicators.ByID("TDI06")
		if !ok || len(k.clients) != 30 {
			t.Fatalf("%d clients", len(k.clients))
		}
		period, err := indicators.ParsePeriod("2026")
		must(t, err)
		counts := map[string][2]int64{}
		for _, rows := range k.clients {
			for _, f := range entrants.Count(rows, indicators.Frame{Period: period, AsOf: c.Today(), Rules: indicators.DefaultRules}) {
				n := counts[f.Of[indicators.DimItem]]
				if f.Measure == indicators.MeasureNumerator {
					n[0] += f.Units
				} else {
					n[1] += f.Units
				}
				counts[f.Of[indicators.DimItem]] = n
			}
		}
		out, err := doctor.New().GetOwnFigures(ctx, "")
		must(t, err)
		seen, missing := 0, int64(1<<40)
		for _, f := range out.Figures {
			if f.Name != "items_answered" {
				continue
			}
			seen++
			if want := counts[f.Part]; *f.Value != want[0] || *f.Of != want[1] {
				t.Errorf("%s: %d of %d, TDI06 has %d of %d", f.Part, *f.Value, *f.Of, want[0], want[1])
			}
			if *f.Of-*f.Value > missing {
				t.Errorf("%s: the worst do not come first", f.Part)
			}
			missing = *f.Of - *f.Value
		}
		if seen != len(counts) || seen != 22 {
			t.Errorf("%d items, TDI06 has %d", seen, len(counts))
		}
	})
}
