package storetest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

// dosing is the content that runs in production.
var dosing = sync.OnceValue(func() models.DoseRules {
	c, err := protocols.Load(protocols.Embedded())
	if err != nil {
		panic(err)
	}
	return c.DoseRules()
})

func methadone(mg int64, from models.Date) models.NewDoseOrder {
	return models.NewDoseOrder{Medicine: "methadone", Schedule: "daily", Phase: "maintenance", DoseUg: mg * 1000, From: from, IdentityChecked: true, GuardReason: "verified_elsewhere"}
}

// Treat orders methadone from a week ago.
func (w Worker) Treat(handle string, mg int64) *store.SeenDoseOrder {
	w.country.t.Helper()
	o, _, err := w.New().CreateDoseOrder(ctx, handle, methadone(mg, w.country.Today().AddDays(-7)), dosing())
	must(w.country.t, err)
	return o
}

func given(at time.Time, mg int64) models.NewDose {
	return models.NewDose{Status: models.DoseGiven, At: at, DoseUg: mg * 1000, HasDose: true, Witnessed: true}
}

// Dose gives a dose now, with a reason for any guard.
func (w Worker) Dose(order string, mg int64) *models.DoseEvent {
	w.country.t.Helper()
	n := given(w.country.Now(), mg)
	n.GuardReason = "tolerance_known"
	e, _, err := w.New().RecordDose(ctx, order, n, dosing())
	must(w.country.t, err)
	return e
}

func (w Worker) order(t testing.TB, id string) *store.SeenDoseOrder {
	t.Helper()
	o, err := w.New().GetDoseOrder(ctx, id, dosing())
	must(t, err)
	return o
}

func TestDoseOrder_RefusesBadInput(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		handle := doctor.Register(1)
		for _, bad := range []struct {
			code   string
			change func(*models.NewDoseOrder)
		}{
			{"dose_order.identity_not_checked", func(n *models.NewDoseOrder) { n.IdentityChecked = false }},
			{"dose_order.medicine_unknown", func(n *models.NewDoseOrder) { n.Medicine = "tea" }},
			{"dose_order.schedule_unknown", func(n *models.NewDoseOrder) { n.Schedule = "sometimes" }},
			{"dose_order.schedule_not_of_medicine", func(n *models.NewDoseOrder) { n.Schedule = "monthly_depot" }},
			{"dose_order.phase_unknown", func(n *models.NewDoseOrder) { n.Phase = "" }},
			{"dose.not_a_dose", func(n *models.NewDoseOrder) { n.DoseUg = 0 }},
			{"dose_order.from_not_a_date", func(n *models.NewDoseOrder) { n.From = "2026-02-30" }},
			{"dose_order.from_too_far", func(n *models.NewDoseOrder) { n.From = c.Today().AddDays(31) }},
			{"dose.guard_reason_unknown", func(n *models.NewDoseOrder) { n.GuardReason = "zqx" }},
			{"dose.reason_required", func(n *models.NewDoseOrder) { n.GuardReason = "" }},
		} {
			n := methadone(60, c.Today())
			bad.change(&n)
			_, _, err := doctor.New().CreateDoseOrder(ctx, handle, n, dosing())
			wantError(t, err, models.KindInvalid, bad.code)
		}
		if n := count(t, c.World, "dose_orders"); n != 0 {
			t.Fatalf("%d orders were made", n)
		}
	})
}

// A dose outside a guard asks for a reason that names the guard, and is then recorded.
func TestDose_OutsideAGuardIsRecorded(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		n := methadone(20, c.Today())
		n.Phase, n.GuardReason = "induction", ""
		handle := doctor.Register(1)
		o, _, err := doctor.New().CreateDoseOrder(ctx, handle, n, dosing())
		must(t, err)
		if len(o.Outside) != 0 || len(o.Guards) == 0 {
			t.Errorf("%+v", o)
		}
		low := n
		low.LowTolerance = true
		_, _, err = doctor.New().CreateDoseOrder(ctx, doctor.Register(2), low, dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		if !strings.Contains(err.Error(), "methadone-low-tolerance") {
			t.Errorf("%v does not name the guard", err)
		}
		nurse := c.As(models.RoleNurse, c.Clinic)
		for _, dose := range []struct {
			mg    int64
			names []string
		}{
			{21, []string{"methadone-first-day-usual", "above-order"}},
			{31, []string{"methadone-first-day-usual", "methadone-first-day-never", "above-order"}},
			{200, []string{"methadone-first-day-usual", "methadone-first-day-never", "methadone-any-day", "above-order"}},
		} {
			_, _, err := nurse.New().RecordDose(ctx, o.ID, given(c.Now(), dose.mg), dosing())
			wantError(t, err, models.KindInvalid, "dose.reason_required")
			for _, name := range dose.names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%d mg: %v does not name %s", dose.mg, err, name)
				}
			}
		}
		with := given(c.Now(), 200)
		with.GuardReason = "given_in_error"
		e, _, err := nurse.New().RecordDose(ctx, o.ID, with, dosing())
		must(t, err)
		if e.DoseUg != 200_000 || !slices.Equal(e.Outside, []string{"methadone-first-day-usual", "methadone-first-day-never", "methadone-any-day", "above-order"}) || e.GuardReason != "given_in_error" {
			t.Errorf("recorded %+v", e)
		}
		// The day adds up: a second small dose is outside too.
		_, _, err = nurse.New().RecordDose(ctx, o.ID, given(c.Now(), 1), dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		c.Advance(24 * time.Hour)
		if e := nurse.Dose(o.ID, 20); len(e.Outside) != 0 {
			t.Errorf("the second day is outside %v", e.Outside)
		}
		_, err = doctor.On(1).ChangeDoseOrder(ctx, o.ID, "dose-change", models.DoseOrderChange{DoseUg: 200_000, HasDose: true}, dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		if !strings.Contains(err.Error(), "more-than-double") || !strings.Contains(err.Error(), "methadone-any-day") {
			t.Errorf("ten times the dose: %v", err)
		}
		up, err := doctor.On(1).ChangeDoseOrder(ctx, o.ID, "dose-change", models.DoseOrderChange{DoseUg: 30_000, HasDose: true}, dosing())
		must(t, err)
		if up.DoseUg != 30_000 || len(up.Outside) != 0 || len(up.History) != 2 || up.History[1].DoseUg != 20_000 || up.History[0].Version != 2 {
			t.Errorf("%+v", up)
		}
	})
}

func TestDoseOrder_MovesFollowTheMachine(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		o := doctor.Treat(doctor.Register(1), 60)
		move := func(action string, ch models.DoseOrderChange) error {
			_, err := doctor.On(o.Version).ChangeDoseOrder(ctx, o.ID, action, ch, dosing())
			if err == nil {
				o = doctor.order(t, o.ID)
			}
			return err
		}
		wantError(t, move("resumption", models.DoseOrderChange{}), models.KindConflict, "dose_order.not_possible")
		wantError(t, move("hold", models.DoseOrderChange{Reason: "zqx"}), models.KindInvalid, "dose_order.reason_unknown")
		wantError(t, move("ending", models.DoseOrderChange{Reason: "transferred"}), models.KindInvalid, "dose_order.reason_of_a_transfer")
		wantError(t, move("phase-change", models.DoseOrderChange{}), models.KindInvalid, "dose_order.phase_unknown")
		wantError(t, move("dose-change", models.DoseOrderChange{}), models.KindInvalid, "dose.not_a_dose")
		wantError(t, move("transfer", models.DoseOrderChange{}), models.KindNotFound, "dose_order.not_found")
		must(t, move("taper", models.DoseOrderChange{}))
		must(t, move("hold", models.DoseOrderChange{Reason: "medical"}))
		if o.State != models.OrderOnHold || o.Phase != "reducing" || o.Reason != "medical" {
			t.Errorf("%+v", o)
		}
		// A dose that was given on hold is recorded, with its reason.
		_, _, err := doctor.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		if e := doctor.Dose(o.ID, 60); !slices.Contains(e.Outside, "order-not-active") {
			t.Errorf("on hold: %v", e.Outside)
		}
		wantError(t, move("resumption", models.DoseOrderChange{DoseUg: 50_000, HasDose: true}), models.KindInvalid, "dose.reason_required") // a dose given today does not end the first day
		must(t, move("resumption", models.DoseOrderChange{DoseUg: 50_000, HasDose: true, GuardReason: "tolerance_known"}))
		must(t, move("ending", models.DoseOrderChange{Reason: "completed"}))
		err = move("hold", models.DoseOrderChange{Reason: "medical"})
		wantError(t, err, models.KindConflict, "dose_order.not_possible")
		if o.EndedAt == nil || len(o.History) != 5 || o.History[4].Action != "start" {
			t.Errorf("%+v", o)
		}
		// After the end another order may start, and a late entry finds its old one.
		c.Advance(time.Hour)
		doctor.Treat(o.ClientCode, 20)
		late, _, err := doctor.New().RecordDose(ctx, o.ID, given(c.Now().Add(-48*time.Hour), 40), dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required") // a first day, at that time
		if late != nil {
			t.Error("recorded without its reason")
		}
	})
}

func TestDose_RefusesBadInput(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		o := doctor.Treat(doctor.Register(1), 60)
		other := doctor.Treat(doctor.Register(2), 60)
		elsewhere := doctor.Dose(other.ID, 60)
		for _, bad := range []struct {
			code   string
			change func(*models.NewDose)
		}{
			{"dose.in_future", func(n *models.NewDose) { n.At = c.Now().Add(time.Millisecond) }},
			{"dose.before_order", func(n *models.NewDose) { n.At = c.Now().AddDate(0, 0, -8) }},
			{"dose.at_required", func(n *models.NewDose) { n.At = time.Time{} }},
			{"dose.status_unknown", func(n *models.NewDose) { n.Status = "scheduled" }},
			{"dose.not_a_dose", func(n *models.NewDose) { n.DoseUg = 0 }},
			{"dose.only_of_a_given_dose", func(n *models.NewDose) { n.Status = models.DoseMissed }},
			{"dose.only_of_a_given_dose", func(n *models.NewDose) { n.Status, n.HasDose, n.TakeHomeDays = models.DoseRefused, false, 1 }},
			{"dose.take_home_days", func(n *models.NewDose) { n.TakeHomeDays = 31 }},
			{"dose.error_corrects", func(n *models.NewDose) { n.Status, n.HasDose = models.DoseError, false }},
			{"dose.corrects_unknown", func(n *models.NewDose) { n.Corrects = elsewhere.ID }},
			{"dose.corrects_unknown", func(n *models.NewDose) { n.Corrects = "no\x00thing" }},
			{"dose.guard_reason_unknown", func(n *models.NewDose) { n.GuardReason = "zqx" }},
		} {
			n := given(c.Now(), 60)
			n.GuardReason = "tolerance_known"
			bad.change(&n)
			_, _, err := doctor.New().RecordDose(ctx, o.ID, n, dosing())
			wantError(t, err, models.KindInvalid, bad.code)
		}
		if n := count(t, c.World, "dose_events"); n != 1 {
			t.Fatalf("%d doses", n)
		}
		for _, stranger := range []Worker{c.As(models.RoleClinician, c.Polyclinic), c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePsychologist, c.Clinic)} {
			_, _, err := stranger.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
			wantError(t, err, models.KindNotFound, "dose_order.not_found")
			_, err = stranger.New().GetDoseOrder(ctx, o.ID, dosing())
			wantError(t, err, models.KindNotFound, "dose_order.not_found")
			_, err = stranger.New().ListDoses(ctx, o.ID, store.Paging{Limit: 5})
			wantError(t, err, models.KindNotFound, "dose_order.not_found")
			_, err = stranger.On(1).ChangeDoseOrder(ctx, o.ID, "taper", models.DoseOrderChange{}, dosing())
			wantError(t, err, models.KindNotFound, "dose_order.not_found")
		}
		_, err := c.As(models.RoleNurse, c.Clinic).On(1).ChangeDoseOrder(ctx, o.ID, "taper", models.DoseOrderChange{}, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found") // a nurse gives, and prescribes nothing
	})
}

// Sending a dose again must not double it, nor must two tries at once.
func TestDose_ReplayDoesNotDouble(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		o := doctor.Treat(doctor.Register(1), 60)
		n := given(c.Now(), 60)
		n.GuardReason = "tolerance_known"
		req := Key("dose")
		var ids sync.Map
		together(6, func(int) {
			e, _, err := doctor.With(req).RecordDose(ctx, o.ID, n, dosing())
			if err != nil {
				t.Errorf("%v", err)
				return
			}
			ids.Store(e.ID, true)
		})
		distinct := 0
		ids.Range(func(any, any) bool { distinct++; return true })
		if stored := count(t, c.World, "dose_events"); stored != 1 || distinct != 1 {
			t.Fatalf("%d rows, %d ids", stored, distinct)
		}
		// Another key on the same day is a second dose: it asks.
		_, _, err := doctor.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		if !strings.Contains(err.Error(), "above-order") {
			t.Errorf("%v", err)
		}
	})
}

func TestDose_EventsAddAndCorrect(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		o := doctor.Treat(doctor.Register(1), 60)
		first := doctor.Dose(o.ID, 60)
		c.Advance(24 * time.Hour)
		wrong := doctor.Dose(o.ID, 60)
		record := func(n models.NewDose) *models.DoseEvent {
			t.Helper()
			e, _, err := doctor.New().RecordDose(ctx, o.ID, n, dosing())
			must(t, err)
			return e
		}
		lastDose := func(want *models.DoseEvent) {
			t.Helper()
			if got := doctor.order(t, o.ID).LastDose; got == nil || got.ID != want.ID {
				t.Errorf("last dose %+v, want %s", got, want.ID)
			}
		}
		lastDose(wrong)
		fix := record(models.NewDose{Status: models.DoseMissed, At: c.Now(), Corrects: wrong.ID})
		lastDose(first)
		_, _, err := doctor.New().RecordDose(ctx, o.ID, models.NewDose{Status: models.DoseError, At: c.Now(), Corrects: wrong.ID}, dosing())
		wantError(t, err, models.KindConflict, "dose.corrected_already")
		again := given(c.Now(), 60)
		again.Corrects = fix.ID
		taken := record(again) // the same day, without a guard: what it corrects counts no more
		if len(taken.Outside) != 0 {
			t.Errorf("%v", taken.Outside)
		}
		lastDose(taken)
		record(models.NewDose{Status: models.DoseVomited, At: c.Now(), Witnessed: true})
		lastDose(first)
		page, err := doctor.New().ListDoses(ctx, o.ID, store.Paging{Limit: 2})
		must(t, err)
		rest, err := doctor.New().ListDoses(ctx, o.ID, store.Paging{Limit: 20, Cursor: page.Next})
		must(t, err)
		all := append(page.Items, rest.Items...)
		if len(all) != 5 || all[0].Status != models.DoseVomited || all[4].ID != first.ID || all[3].Status != models.DoseGiven {
			t.Errorf("%+v", all)
		}
	})
}

func TestDose_GapHasABand(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		o := doctor.Treat(handle, 60)
		if o.Gap != nil {
			t.Errorf("a gap before the first dose: %+v", o.Gap)
		}
		take := given(c.Now(), 60)
		take.GuardReason = "tolerance_known"
		_, _, err := doctor.New().RecordDose(ctx, o.ID, take, dosing())
		must(t, err)
		gap := func(band string, missed int, hours float64) {
			t.Helper()
			g := doctor.order(t, o.ID).Gap
			if g == nil || g.Band != band || g.MissedDoses != missed || g.Hours != hours {
				t.Errorf("gap %+v, want %s %d %v", g, band, missed, hours)
			}
		}
		gap("none", 0, 0)
		c.Advance(24 * time.Hour)
		gap("none", 0, 24)
		_, _, err = doctor.New().RecordDose(ctx, o.ID, models.NewDose{Status: models.DoseMissed, At: c.Now()}, dosing())
		must(t, err)
		gap("resume_if_well", 1, 24) // the window of today is closed
		c.Advance(72 * time.Hour)
		gap("reassess_reduce", 3, 96)
		_, _, err = doctor.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		c.Advance(48 * time.Hour)
		gap("reinduct", 5, 144)
		_, _, err = doctor.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
		if wantError(t, err, models.KindInvalid, "dose.reason_required"); !strings.Contains(err.Error(), "methadone-first-day-never") || !strings.Contains(err.Error(), "after-gap") {
			t.Errorf("the full dose after six days: %v", err)
		}
		// The facility's rule by hours goes before counting.
		rule := "gap-48h"
		admin := c.As(models.RoleAdministrator, c.Clinic)
		_, err = admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{GapRule: &rule})
		must(t, err)
		gap("reinduct", 5, 144)
		doctor.Dose(o.ID, 20)
		c.Advance(48 * time.Hour)
		gap("ask_clinician", 1, 48)
		c.Advance(time.Hour)
		gap("reinduct", 1, 49)
		// Doses taken home are not missed.
		home := given(c.Now(), 20)
		home.TakeHomeDays, home.GuardReason = 3, "gap_assessed"
		_, _, err = doctor.New().RecordDose(ctx, o.ID, home, dosing())
		must(t, err)
		c.Advance(4 * 24 * time.Hour)
		gap("resume_after_consult", 0, 24)
	})
}

// Two sites cannot both hold an order that is not ended, whoever comes first.
func TestRace_TwoSitesOneOrder(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		for round := range rounds() {
			a, b, _ := c.Joined(clinic, poly, round, c.Polyclinic)
			var won, lost atomic.Int32
			together(4, func(i int) {
				who, handle := clinic, a
				if i%2 == 1 {
					who, handle = poly, b
				}
				_, _, err := who.New().CreateDoseOrder(ctx, handle, methadone(60, c.Today()), dosing())
				switch {
				case err == nil:
					won.Add(1)
				case models.IsKind(err, models.KindConflict):
					lost.Add(1)
				default:
					t.Errorf("%v", err)
				}
			})
			if won.Load() != 1 || lost.Load() != 3 {
				t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
			}
		}
		if n := count(t, c.World, "(SELECT person_id FROM dose_orders WHERE state <> 'ended' GROUP BY person_id HAVING count(*) > 1) x"); n != 0 {
			t.Fatalf("%d persons with two orders", n)
		}
	})
}

func TestDoseOrder_ActiveElsewhereIsToldWithoutTheSite(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		a, b, _ := c.Joined(clinic, poly, 1, c.Polyclinic)
		clinic.Treat(a, 60)
		before := count(t, c.World, "disclosures WHERE ground = 'imminent_danger'")
		req := Key("order")
		_, _, err := poly.With(req).CreateDoseOrder(ctx, b, methadone(60, c.Today()), dosing())
		wantError(t, err, models.KindConflict, "dose_order.active_elsewhere")
		for _, word := range []string{string(c.Clinic.ID), c.Clinic.Name + " ", a} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%v names %q", err, word)
			}
		}
		if !strings.Contains(err.Error(), "split") {
			t.Errorf("%v does not say how to register a second person", err)
		}
		if n := count(t, c.World, "disclosures WHERE organisation_id = ? AND recipient_id = ? AND ground = 'imminent_danger'", string(c.Clinic.ID), string(c.Polyclinic.ID)); n != 1 || before != 0 {
			t.Errorf("%d entries in the disclosure log", n)
		}
		if action := scan[string](t, c.World, "SELECT action FROM audit_events WHERE request_id = ?", req.ID); action != "dose_order.clash" {
			t.Errorf("the event says %s", action)
		}
		// The second person: a split, four eyes, and then the treatment starts with the same key.
		ic, _, err := poly.New().RequestIdentityChange(ctx, b, "split", "")
		must(t, err)
		_, err = poly.Colleague().On(1).ApproveIdentityChange(ctx, ic.ID)
		must(t, err)
		_, _, err = poly.With(req).CreateDoseOrder(ctx, b, methadone(60, c.Today()), dosing())
		must(t, err)
		_, _, err = clinic.New().CreateDoseOrder(ctx, a, methadone(60, c.Today()), dosing())
		wantError(t, err, models.KindConflict, "dose_order.active_already")
	})
}

// A namesake, one code and two people, is treated at both sites; what a code match raises
// tells each site of its own client only, and blocks nobody.
func TestDoubleDosing_TellsNeitherSiteOfTheOther(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		a, b := clinic.Register(1), poly.Register(1)
		first, second := clinic.Treat(a, 60), poly.Treat(b, 80)
		suspicions := func(w Worker) []store.SeenDoubleDosing {
			t.Helper()
			page, err := w.New().ListDoubleDosing(ctx, "", store.Paging{Limit: 10})
			must(t, err)
			return page.Items
		}
		clinic.Dose(first.ID, 60)
		if n := count(t, c.World, "double_dosing"); n != 0 { // neither registration nor orders raise it
			t.Fatalf("%d suspicions before the second dose", n)
		}
		poly.Dose(second.ID, 80)
		poly.Dose(second.ID, 1)
		for _, site := range []struct {
			w      Worker
			code   string
			order  string
			foreig string
		}{{clinic, a, first.ID, second.ID}, {poly, b, second.ID, first.ID}} {
			got := suspicions(site.w)
			if len(got) != 1 || got[0].ClientCode != site.code || got[0].OrderID != site.order || got[0].OnDate != c.Today() || got[0].OrganisationID != site.w.Actor.OrganisationID {
				t.Fatalf("%s sees %+v", site.w.Actor.OrganisationName, got)
			}
			_, err := site.w.New().GetDoseOrder(ctx, site.foreig, dosing())
			wantError(t, err, models.KindNotFound, "dose_order.not_found")
		}
		theirs := suspicions(poly)[0]
		_, err := clinic.On(1).SettleDoubleDosing(ctx, theirs.ID, "two_people")
		wantError(t, err, models.KindNotFound, "double_dosing.not_found")
		_, err = poly.On(1).SettleDoubleDosing(ctx, theirs.ID, "zqx")
		wantError(t, err, models.KindInvalid, "double_dosing.outcome_unknown")
		done, err := poly.On(1).SettleDoubleDosing(ctx, theirs.ID, "two_people")
		must(t, err)
		_, err = poly.On(2).SettleDoubleDosing(ctx, theirs.ID, "one_person")
		wantError(t, err, models.KindConflict, "double_dosing.not_possible")
		if done.State != "settled" || suspicions(clinic)[0].State != "open" {
			t.Error("one site's settlement settles the other's")
		}
		// Another day, another pair; the dose that was corrected is none.
		c.Advance(24 * time.Hour)
		e := clinic.Dose(first.ID, 60)
		_, _, err = clinic.New().RecordDose(ctx, first.ID, models.NewDose{Status: models.DoseError, At: c.Now(), Corrects: e.ID}, dosing())
		must(t, err)
		poly.Dose(second.ID, 80)
		if n := count(t, c.World, "double_dosing"); n != 2 {
			t.Errorf("%d suspicions", n)
		}
		for _, stranger := range []Worker{c.As(models.RoleNurse, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)} {
			if n := len(suspicions(stranger)); stranger.Actor.OrganisationID != c.Clinic.ID && n != 0 {
				t.Errorf("%s sees %d", stranger.Actor.OrganisationName, n)
			}
		}
	})
}

// A suspicion is about a danger of these days. It answers nobody who enters doses of the past
// where somebody was treated then, nor whether a treatment that is over went on.
func TestDoubleDosing_SaysNothingOfThePast(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		first := clinic.Treat(clinic.Register(1), 20)
		var days []time.Time
		for range 8 { // a dose a day, the last of them on the last day of the order
			days = append(days, c.Now())
			clinic.Dose(first.ID, 20)
			c.Advance(24 * time.Hour)
		}
		o := clinic.order(t, first.ID)
		_, err := clinic.On(o.Version).ChangeDoseOrder(ctx, first.ID, "ending", models.DoseOrderChange{Reason: "completed"}, dosing())
		must(t, err)
		after := c.Now()
		clinic.Dose(first.ID, 20) // given all the same, to an order that is over
		c.Advance(24 * time.Hour)
		clinic.Dose(first.ID, 20)
		past, today := methadone(20, c.Today().AddDays(-300)), c.Now()
		mine, _, err := poly.New().CreateDoseOrder(ctx, poly.Register(1), past, dosing())
		must(t, err)
		for _, test := range []struct {
			at   time.Time
			want int
		}{{days[0], 0}, {days[3], 0}, {today, 0}, {days[4], 2}, {days[7], 4}, {after, 6}} {
			n := given(test.at, 20)
			n.GuardReason = "tolerance_known"
			_, _, err := poly.New().RecordDose(ctx, mine.ID, n, dosing())
			must(t, err)
			if got := count(t, c.World, "double_dosing"); got != test.want {
				t.Errorf("%d suspicions with a dose of %s, want %d; today is %s", got, test.at, test.want, c.Today())
			}
		}
	})
}

// Two sites dose one code at the same instant: neither sees the other's dose yet, and both
// must be told all the same.
func TestRace_DoubleDosingAtOneInstant(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		for round := range rounds() {
			sites := []Worker{clinic, poly}
			orders := []string{clinic.Treat(clinic.Register(round), 60).ID, poly.Treat(poly.Register(round), 60).ID}
			together(2, func(i int) {
				n := given(c.Now(), 60)
				n.GuardReason = "tolerance_known"
				if _, _, err := sites[i].New().RecordDose(ctx, orders[i], n, dosing()); err != nil {
					t.Errorf("%v", err)
				}
			})
			if n := count(t, c.World, "double_dosing WHERE order_id IN (?, ?)", orders[0], orders[1]); n != 2 {
				t.Fatalf("round %d: %d of 2 sites were told", round, n)
			}
		}
	})
}

// A record of low quality has an id of chance: it matches nobody, not even its own kind.
func TestDoubleDosing_LowQualityNeverMatches(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		half := Someone(1)
		half.FatherInitials = ""
		for _, w := range []Worker{clinic, poly} {
			client, _, err := w.New().RegisterClient(ctx, half)
			must(t, err)
			w.Dose(w.Treat(client.Handle(), 60).ID, 60)
		}
		c.World.exec(t, "UPDATE "+c.linkTable()+" SET link_id = 'same'") // even if chance would have it
		for _, o := range []string{"clinic", "poly"} {
			w := map[string]Worker{"clinic": clinic, "poly": poly}[o]
			id := scan[string](t, c.World, "SELECT id FROM dose_orders WHERE organisation_id = ?", string(w.Actor.OrganisationID))
			w.Dose(id, 60)
		}
		if n := count(t, c.World, "double_dosing"); n != 0 {
			t.Errorf("%d suspicions", n)
		}
	})
}

// An order that only an emergency opens is told of and recorded as every such record is: the
// site whose order it is hears of it, and the opening ends with the emergency.
func TestDoseOrder_OpenedInAnEmergency(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health := c.As(models.RolePrisonMedical, c.ColonyHealth)
		doctor, handle := glass(t, c)
		atColony := models.CodeHandle(scan[string](t, c.World, "SELECT code FROM clients WHERE organisation_id = ?", string(c.ColonyHealth.ID)), 1)
		o := health.Treat(atColony, 60)
		b, _, err := doctor.New().BreakGlass(ctx, handle, emergency(2))
		must(t, err)
		seq := c.lastSeq(t)
		if seen := doctor.order(t, o.ID); seen.Own {
			t.Errorf("%+v", seen)
		}
		if told := c.notices(t, c.ColonyHealth); !slices.Equal(told, []string{"break_glass"}) {
			t.Errorf("the site was told %v", told)
		}
		if !slices.ContainsFunc(c.events(t, seq), func(e auditEvent) bool {
			return e.Action == "break_glass.open" && slices.Equal(e.Objects, []string{o.ID, b.ID})
		}) {
			t.Errorf("%+v", c.events(t, seq))
		}
		if log := c.log(t, c.ColonyHealth); log[len(log)-1] != `Polyclinic ["oat"] emergency` {
			t.Errorf("%q", log)
		}
		c.Advance(2 * time.Hour)
		_, err = doctor.New().GetDoseOrder(ctx, o.ID, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
	})
}

// The consent that names a site opens the order to its clinicians, each look is in the
// disclosure log, and its end closes the record but stops no treatment.
func TestDoseOrder_ConsentDecidesWhoReadsAndNotWhoIsTreated(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		a, b, _ := c.Joined(clinic, poly, 1, c.Polyclinic)
		o := clinic.Treat(a, 60)
		if o.ContinuityConsent != "none" {
			t.Errorf("consent %s", o.ContinuityConsent)
		}
		clinic.Dose(o.ID, 60)
		_, err := poly.New().GetDoseOrder(ctx, o.ID, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
		k := clinic.Give(a, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		if got := clinic.order(t, o.ID).ContinuityConsent; got != "given" {
			t.Errorf("consent %s", got)
		}
		seen := poly.order(t, o.ID)
		if seen.Own || seen.ClientCode != "" || seen.DoseUg != 60_000 || seen.Gap == nil {
			t.Errorf("%+v", seen)
		}
		list, err := poly.New().ListDoseOrders(ctx, b, dosing())
		must(t, err)
		_, err = poly.New().ListDoses(ctx, o.ID, store.Paging{Limit: 5})
		must(t, err)
		if n := count(t, c.World, "disclosures WHERE organisation_id = ? AND recipient_id = ? AND consent_id = ?", string(c.Clinic.ID), string(c.Polyclinic.ID), k.ID); n != 3 || len(list) != 1 {
			t.Errorf("%d entries for three looks, %d listed", n, len(list))
		}
		clinic.Withdraw(k.ID)
		_, err = poly.New().GetDoseOrder(ctx, o.ID, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
		after := clinic.order(t, o.ID)
		if after.State != models.OrderActive || after.Version != 1 || after.ContinuityConsent != "none" {
			t.Errorf("the withdrawal touched the order: %+v", after)
		}
		c.Advance(24 * time.Hour)
		if e := clinic.Dose(o.ID, 60); e.DoseUg != 60_000 || len(e.Outside) != 0 {
			t.Errorf("the next dose: %+v", e)
		}
	})
}

// The client who just stops coming is the one nobody records: the site is told at the end of the
// day on which a dose was due, whoever writes nothing; and is not, once there is no reason.
func TestDose_AClientWhoStopsComingIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		midnight := func(days int) time.Time { return models.StartOfDay(c.Today().AddDays(days), "Asia/Almaty") }
		at := func(when time.Time) []string {
			t.Helper()
			c.now.Store(when.UnixMilli())
			_, err := store.NewOutbox(c.Store).Raise(ctx)
			must(t, err)
			return c.notices(t, c.Clinic)
		}
		told := func(when time.Time) {
			t.Helper()
			if got := at(when.Add(-time.Millisecond)); len(got) != 0 {
				t.Errorf("told %v before %v", got, when)
			}
			if got := at(when); !slices.Equal(got, []string{"dose_gap"}) {
				t.Errorf("told %v at %v", got, when)
			}
		}
		// Ordered, and never came.
		o := doctor.Treat(doctor.Register(1), 60)
		told(midnight(1))
		doctor.Dose(o.ID, 60)
		if got := c.notices(t, c.Clinic); len(got) != 0 {
			t.Errorf("still told %v of somebody who came", got)
		}
		// Came, and stops.
		told(midnight(2))
		// Doses taken home are taken, and the day after the last is open.
		home := given(c.Now(), 60)
		home.TakeHomeDays, home.GuardReason = 3, "gap_assessed"
		_, _, err := doctor.New().RecordDose(ctx, o.ID, home, dosing())
		must(t, err)
		told(midnight(5))
		doctor.Dose(o.ID, 60)
		// What is recorded as missed is told at once, once; then the next day counts.
		c.Advance(24 * time.Hour)
		_, _, err = doctor.New().RecordDose(ctx, o.ID, models.NewDose{Status: models.DoseMissed, At: c.Now()}, dosing())
		must(t, err)
		if got := c.notices(t, c.Clinic); !slices.Equal(got, []string{"dose_gap"}) {
			t.Errorf("told %v", got)
		}
		c.exec(t, "UPDATE notices SET state = 'acknowledged' WHERE subject_id <> ?", o.ID)
		told(midnight(2))
		// A treatment that is on hold, or ended, has no gap.
		for i, action := range []string{"hold", "ending"} {
			other := doctor.Treat(doctor.Register(3+2*i), 60)
			doctor.Dose(other.ID, 60)
			now := doctor.order(t, other.ID)
			_, err = doctor.On(now.Version).ChangeDoseOrder(ctx, other.ID, action, models.DoseOrderChange{Reason: map[string]string{"hold": "medical", "ending": "completed"}[action]}, dosing())
			must(t, err)
			if action == "hold" {
				at(midnight(3))
				now = doctor.order(t, other.ID)
				_, err = doctor.On(now.Version).ChangeDoseOrder(ctx, other.ID, "resumption", models.DoseOrderChange{GuardReason: "gap_assessed"}, dosing())
				must(t, err)
			}
			c.exec(t, "UPDATE notices SET state = 'cancelled' WHERE subject_id = ?", o.ID)
			if action == "hold" {
				told(midnight(1))
				c.exec(t, "UPDATE notices SET state = 'cancelled'")
			} else if got := at(midnight(10)); len(got) != 0 {
				t.Errorf("told %v of a treatment that has ended", got)
			}
		}
	})
}
