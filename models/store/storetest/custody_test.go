package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jol/models"
	"jol/models/store"
)

// Prison is a second institution with its health unit.
func (c *Country) prison(name string) (institution, unit *models.Organisation) {
	institution = c.organisation(name, models.KindPrison, "6", "")
	return institution, c.organisation(name+" health unit", models.KindPrisonHealth, "3", institution.ID)
}

// Hold records a stay that began ten days ago.
func (w Worker) hold(handle string, planned models.Date) *store.SeenSpell {
	w.country.t.Helper()
	at := w.country.Now().AddDate(0, 0, -10)
	s, _, err := w.New().OpenSpell(ctx, handle, models.NewSpell{Basis: "sentenced", AdmittedAt: &at, PlannedRelease: planned})
	if err != nil {
		w.country.t.Fatalf("hold: %v", err)
	}
	return s
}

func (c *Country) freed(planned bool) models.CustodyRelease {
	return models.CustodyRelease{At: c.Now(), Planned: planned, ExitRegion: "KZ-75", ReferralOnRelease: "none", NaloxoneOnRelease: "supplied"}
}

// Free releases somebody.
func (w Worker) free(s *store.SeenSpell, planned bool) *store.SeenSpell {
	w.country.t.Helper()
	now, err := w.New().GetSpell(ctx, s.ID)
	if err != nil {
		w.country.t.Fatal(err)
	}
	out, err := w.On(now.Version).ReleaseFromCustody(ctx, s.ID, w.country.freed(planned))
	if err != nil {
		w.country.t.Fatalf("release: %v", err)
	}
	return out
}

// DefaultClinic names the clinic of the region.
func (c *Country) defaultClinic(o *models.Organisation) {
	c.t.Helper()
	admin := c.As(models.RoleAdministrator, c.Ministry)
	d, err := admin.New().GetDefaultClinic(ctx, "KZ-75")
	if err == nil {
		_, err = admin.On(d.Version).SetDefaultClinic(ctx, "KZ-75", o.ID)
	}
	if err != nil {
		c.t.Fatalf("default clinic: %v", err)
	}
}

// inChargeOf is who is responsible for the person behind a record, read behind the
// store's back. It fails unless that organisation has a record of the person.
func (c *Country) inChargeOf(t testing.TB, client models.ClientID) models.OrganisationID {
	t.Helper()
	org := scan[models.OrganisationID](t, c.World, "SELECT p.responsible_id FROM persons p JOIN clients c ON c.person_id = p.id WHERE c.id = ?", client)
	if n := count(t, c.World, "clients a JOIN clients b ON b.person_id = a.person_id WHERE a.id = ? AND b.organisation_id = ?", client, org); n == 0 {
		t.Errorf("%s is responsible and has no record of the person", org)
	}
	return org
}

func (c *Country) notices(t testing.TB, o *models.Organisation) (kinds []string) {
	t.Helper()
	rows, err := c.sqlDB(t).QueryContext(ctx, c.bound("SELECT kind FROM notices WHERE organisation_id = ? AND state = 'open' AND level > 0 ORDER BY kind"), o.ID)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var kind string
		must(t, rows.Scan(&kind))
		kinds = append(kinds, kind)
	}
	must(t, rows.Err())
	return kinds
}

func (c *Country) tasks(t testing.TB, o *models.Organisation) (steps []string) {
	t.Helper()
	rows, err := c.sqlDB(t).QueryContext(ctx, c.bound("SELECT tasks.kind FROM tasks JOIN clients ON clients.id = tasks.client_id AND clients.organisation_id = tasks.organisation_id"+
		" WHERE tasks.organisation_id = ? AND tasks.state = 'open' AND tasks.origin = 'custody' ORDER BY tasks.kind"), o.ID)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var step string
		must(t, rows.Scan(&step))
		steps = append(steps, step)
	}
	must(t, rows.Err())
	return steps
}

func TestCustodySpell_InstitutionHasSlipsOfTheDay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, guard, governor := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonSecurity, c.Colony), c.As(models.RolePrisonManagement, c.Colony)
		institution, _ := c.prison("Second colony")
		stranger := c.As(models.RolePrisonManagement, institution)
		spell := medic.hold(medic.Register(1), c.Today().AddDays(200))
		_, _, err := medic.New().OpenSpell(ctx, medic.Register(2), models.NewSpell{Basis: "pre_trial", Expected: true})
		must(t, err)
		slips := func(w Worker) []store.SeenSlip {
			t.Helper()
			page, err := w.New().ListSlips(ctx, store.Paging{Limit: 10})
			must(t, err)
			return page.Items
		}
		today := slips(guard)
		if len(today) != 1 || today[0].Slip != spell.Slip || len(today[0].Slip) != 8 || today[0].AdmittedOn != c.Today().AddDays(-10) ||
			today[0].Basis != "sentenced" || today[0].PlannedRelease != c.Today().AddDays(200) {
			t.Fatalf("security sees %+v", today)
		}
		if len(slips(stranger)) != 0 {
			t.Error("another institution sees them")
		}
		for _, w := range []Worker{guard, governor, stranger} {
			if _, err := w.New().GetSpell(ctx, spell.ID); !models.IsKind(err, models.KindNotFound) {
				t.Errorf("%s reads a stay by its id: %v", w.Actor.Role, err)
			}
		}
		day := c.Today().AddDays(100)
		for _, bad := range []string{"", "zqx", spell.ID, strings.ToLower(spell.Slip)} {
			_, err := governor.New().PlanReleaseBySlip(ctx, bad, day, spell.PlannedRelease)
			wantError(t, err, models.KindNotFound, "custody_spell.not_found")
		}
		for _, w := range []Worker{guard, stranger} {
			_, err := w.New().PlanReleaseBySlip(ctx, spell.Slip, day, spell.PlannedRelease)
			wantError(t, err, models.KindNotFound, "custody_spell.not_found")
		}
		_, err = governor.New().PlanReleaseBySlip(ctx, spell.Slip, day, "")
		wantError(t, err, models.KindConflict, "custody_spell.release_date_changed")
		changed, err := governor.New().PlanReleaseBySlip(ctx, spell.Slip, day, spell.PlannedRelease)
		must(t, err)
		if changed.PlannedRelease != day {
			t.Errorf("%+v", changed)
		}
		c.Advance(24 * time.Hour)
		tomorrow := slips(guard)
		if len(tomorrow) != 1 || tomorrow[0].Slip == spell.Slip {
			t.Errorf("the next day the slip is %+v", tomorrow)
		}
		_, err = governor.New().PlanReleaseBySlip(ctx, spell.Slip, day.AddDays(1), day)
		wantError(t, err, models.KindNotFound, "custody_spell.not_found")
		medic.free(spell, true)
		if len(slips(guard)) != 0 {
			t.Error("somebody who is free is in the list")
		}
	})
}

func TestCustodySpell_PagesSlips(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, guard := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonSecurity, c.Colony)
		for i := range 5 {
			medic.hold(medic.Register(i), "")
		}
		var seen []string
		p := store.Paging{Limit: 2}
		for {
			page, err := guard.New().ListSlips(ctx, p)
			must(t, err)
			for _, s := range page.Items {
				seen = append(seen, s.Slip)
			}
			if p.Cursor = page.Next; p.Cursor == "" {
				break
			}
		}
		if len(seen) != 5 || !slices.IsSorted(seen) || len(slices.Compact(seen)) != 5 {
			t.Errorf("%v", seen)
		}
	})
}

func TestCustodySpell_OneOpenAPerson(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, unit := c.prison("Second colony")
		medic, other := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		own, theirs, _ := c.Joined(medic, other, 1, unit)
		spell := medic.hold(own, "")
		at := c.Now()
		_, _, err := medic.New().OpenSpell(ctx, own, models.NewSpell{Basis: "sentenced", AdmittedAt: &at})
		wantError(t, err, models.KindConflict, "custody_spell.open_already")
		if len(c.notices(t, c.ColonyHealth)) != 0 {
			t.Error("a unit is told of its own mistake as if it were somebody else's")
		}
		_, _, err = other.New().OpenSpell(ctx, theirs, models.NewSpell{Basis: "sentenced", AdmittedAt: &at})
		wantError(t, err, models.KindConflict, "custody_spell.open_already")
		if got := c.notices(t, c.ColonyHealth); !slices.Equal(got, []string{"continuity_alarm"}) {
			t.Errorf("the unit whose stay is open was told %v", got)
		}
		medic.free(spell, true)
		other.hold(theirs, "")
		if n := count(t, c.World, "custody_spells WHERE ended_at IS NULL"); n != 1 {
			t.Errorf("%d open stays", n)
		}
	})
}

func TestCustodySpell_RefusesImpossibleDates(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		handle := medic.Register(1)
		before, later, ages := c.Now().AddDate(0, 0, -10), c.Now().Add(time.Millisecond), c.Now().AddDate(-60, 0, 0)
		for _, bad := range []struct {
			code string
			n    models.NewSpell
		}{
			{"custody_spell.basis_unknown", models.NewSpell{AdmittedAt: &before}},
			{"custody_spell.admitted_or_expected", models.NewSpell{Basis: "sentenced"}},
			{"custody_spell.admitted_or_expected", models.NewSpell{Basis: "sentenced", AdmittedAt: &before, Expected: true}},
			{"custody_spell.time_in_future", models.NewSpell{Basis: "sentenced", AdmittedAt: &later}},
			{"custody_spell.time_too_long_ago", models.NewSpell{Basis: "sentenced", AdmittedAt: &ages}},
			{"custody_spell.release_before_admission", models.NewSpell{Basis: "sentenced", AdmittedAt: &before, PlannedRelease: c.Today().AddDays(-11)}},
			{"custody_spell.release_in_past", models.NewSpell{Basis: "sentenced", AdmittedAt: &before, PlannedRelease: c.Today().AddDays(-1)}},
			{"custody_spell.release_too_far", models.NewSpell{Basis: "sentenced", AdmittedAt: &before, PlannedRelease: c.Today().AddMonths(601)}},
			{"custody_spell.release_not_a_date", models.NewSpell{Basis: "sentenced", AdmittedAt: &before, PlannedRelease: "2026-02-30"}},
		} {
			_, _, err := medic.New().OpenSpell(ctx, handle, bad.n)
			wantError(t, err, models.KindInvalid, bad.code)
		}
		spell := medic.hold(handle, "")
		for _, bad := range []struct {
			code   string
			change func(*models.CustodyRelease)
		}{
			{"custody_spell.end_before_admission", func(r *models.CustodyRelease) { r.At = c.Now().AddDate(0, 0, -11) }},
			{"custody_spell.time_in_future", func(r *models.CustodyRelease) { r.At = later }},
			{"custody_spell.exit_region_unknown", func(r *models.CustodyRelease) { r.ExitRegion = "KG-B" }},
			{"custody_spell.referral_on_release_unknown", func(r *models.CustodyRelease) { r.ReferralOnRelease = "" }},
			{"custody_spell.naloxone_on_release_unknown", func(r *models.CustodyRelease) { r.NaloxoneOnRelease = "zqx" }},
		} {
			r := c.freed(true)
			bad.change(&r)
			_, err := medic.On(1).ReleaseFromCustody(ctx, spell.ID, r)
			wantError(t, err, models.KindInvalid, bad.code)
		}
		_, err := medic.On(1).MoveSpell(ctx, spell.ID, "death", nil)
		wantError(t, err, models.KindInvalid, "custody_spell.time_required")
		early := c.Now().AddDate(0, 0, -12)
		_, err = medic.On(1).MoveSpell(ctx, spell.ID, "death", &early)
		wantError(t, err, models.KindInvalid, "custody_spell.end_before_admission")
		_, err = medic.On(1).MoveSpell(ctx, spell.ID, "admission", &before)
		wantError(t, err, models.KindConflict, "custody_spell.not_possible")
		if !strings.Contains(err.Error(), "residence") {
			t.Errorf("the refusal does not say what is possible: %v", err)
		}
		_, err = medic.On(3).ReleaseFromCustody(ctx, spell.ID, c.freed(true))
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		free := medic.free(spell, true)
		_, err = medic.On(free.Version).ReleaseFromCustody(ctx, spell.ID, c.freed(true))
		wantError(t, err, models.KindConflict, "custody_spell.not_possible")
		_, err = medic.On(free.Version).PlanRelease(ctx, spell.ID, c.Today())
		wantError(t, err, models.KindConflict, "custody_spell.ended")
	})
}

func TestCustodySpell_ExpectedNeverCame(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		handle := medic.Register(1)
		s, _, err := medic.New().OpenSpell(ctx, handle, models.NewSpell{Basis: "pre_trial", Expected: true})
		must(t, err)
		gone, err := medic.On(s.Version).MoveSpell(ctx, s.ID, "absence", nil)
		must(t, err)
		if gone.State != models.SpellNotAdmitted || gone.EndedAt == nil {
			t.Errorf("%+v", gone.CustodySpell)
		}
		medic.hold(handle, "")
	})
}

// A release nobody accepted: the default clinic is responsible at that instant, told at
// once, has a record and the least it needs, and no more through any relation.
func TestRelease_FallsToTheDefaultClinic(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, nurse := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		c.defaultClinic(c.Clinic)
		namesake := nurse.Register(1) // the same code, another person as far as anybody knows
		handle := medic.Register(1)
		medic.Start(handle)
		spell := medic.hold(handle, c.Today().AddDays(30))
		if org := c.inChargeOf(t, spell.ClientID); org != c.ColonyHealth.ID {
			t.Fatalf("before: %s", org)
		}
		free := medic.free(spell, true)
		if free.State != models.SpellReleased || !free.InTreatmentAtExit || free.ExitReason != "released" {
			t.Errorf("%+v", free.CustodySpell)
		}
		if org := c.inChargeOf(t, spell.ClientID); org != c.Clinic.ID {
			t.Fatalf("after: %s", org)
		}
		if got := c.notices(t, c.Clinic); !slices.Equal(got, []string{"default_clinic"}) {
			t.Errorf("the clinic was told %v", got)
		}
		page, err := nurse.New().ListHandovers(ctx, store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 1 {
			t.Fatalf("%d hand-overs", len(page.Items))
		}
		h := page.Items[0]
		if !h.Responsible || !h.ByDefault || !h.ShowDate || h.Agonist != nil || h.Risk != "peak" || h.ClientCode != namesake+".2" {
			t.Errorf("%+v, namesake %s", h, namesake)
		}
		own, err := nurse.New().GetClient(ctx, h.ClientCode)
		must(t, err)
		if own.ResponsibleID != c.Clinic.ID {
			t.Errorf("%+v", own)
		}
		// Responsible by default and treating: that opens nothing the prison wrote.
		nurse.Start(h.ClientCode)
		path, err := nurse.New().GetPathway(ctx, h.ClientCode)
		must(t, err)
		if len(path.Episodes) != 1 || path.Episodes[0].OrganisationID != c.Clinic.ID {
			t.Errorf("the default clinic reads %d episodes", len(path.Episodes))
		}
		if n := count(t, c.World, "disclosures WHERE recipient_id = ? AND ground = 'continuity_of_care' AND consent_id = ''", c.Clinic.ID); n != 2 {
			t.Errorf("%d entries of disclosure, want the release and the reading", n)
		}
		for _, o := range []*models.Organisation{c.Polyclinic, c.NGO} {
			page, err := c.As(map[models.OrganisationKind]models.Role{models.KindClinic: models.RoleNurse, models.KindNGO: models.RoleNGOOutreach}[o.Kind], o).New().ListHandovers(ctx, store.Paging{Limit: 10})
			if err != nil || len(page.Items) != 0 || len(c.notices(t, o)) != 0 {
				t.Errorf("%s knows of the release: %+v %v", o.Name, page.Items, err)
			}
		}
		// What the clinic does with somebody who fell to it is not told to the prison.
		seen, err := medic.New().GetCase(ctx, h.ID)
		must(t, err)
		if seen.StateNow != models.CaseReleased || seen.Outcomes[0].Result != "pending" {
			t.Errorf("%+v", seen)
		}
	})
}

// What the release says of whether the person was told, each later reading says too.
func TestRelease_EachReadingSaysWhetherTheClientWasTold(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, nurse := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		c.defaultClinic(c.Clinic)
		for i, told := range []bool{true, false} {
			spell := medic.hold(medic.Register(1+i), c.Today().AddDays(30))
			release := c.freed(true)
			release.ClientTold = told
			_, err := medic.On(spell.Version).ReleaseFromCustody(ctx, spell.ID, release)
			must(t, err)
			must(t, second2(nurse.New().ListHandovers(ctx, store.Paging{Limit: 10})))
			reason := map[bool]string{true: "", false: "not_recorded"}[told]
			ofClient := "disclosures WHERE client_id = ? AND recipient_id = ?"
			all := count(t, c.World, ofClient, spell.ClientID, c.Clinic.ID)
			alike := count(t, c.World, ofClient+" AND ground = 'continuity_of_care' AND client_told = ? AND not_told_reason = ?", spell.ClientID, c.Clinic.ID, told, reason)
			if all != 2 || alike != 2 {
				t.Errorf("told %t: %d entries, %d say so", told, all, alike)
			}
		}
	})
}

// Who accepted a referral for the release sees the release until the referral is cancelled or
// its consent withdrawn.
func TestRelease_IsGoneWithTheReferralThatWasAccepted(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		for i, end := range []string{"cancellation", "withdrawal"} {
			handle := medic.Register(i)
			k := medic.Give(handle, models.PurposeReferral, c.Polyclinic)
			spell := medic.hold(handle, c.Today())
			r := poly.Move(medic.Refer(handle, Asking(c.Polyclinic)), "acceptance")
			medic.free(spell, true)
			page, err := poly.New().ListHandovers(ctx, store.Paging{Limit: 5})
			must(t, err)
			if len(page.Items) != 1 || !page.Items[0].Responsible {
				t.Fatalf("%+v", page.Items)
			}
			since := c.feed(t, poly, "")
			if end == "cancellation" {
				medic.Move(r, end)
			} else {
				medic.Withdraw(k.ID)
			}
			left, err := poly.New().ListHandovers(ctx, store.Paging{Limit: 5})
			must(t, err)
			if len(left.Items) != 0 {
				t.Errorf("after the %s the clinic still reads %+v", end, left.Items)
			}
			if now := c.feed(t, poly, since.Next).Items; !slices.Contains(now, store.Change{Kind: "gone", ID: page.Items[0].ID, Was: "release_case"}) {
				t.Errorf("after the %s the clinic's feed says %+v", end, now)
			}
			if org := c.inChargeOf(t, spell.ClientID); org != c.Polyclinic.ID {
				t.Errorf("the %s took the person from the clinic", end)
			}
		}
	})
}

// A task that somebody has only because a consent told of a release, or a referral was
// accepted for it, ends with the consent, in the same transaction.
func TestConsent_WithdrawalCancelsWhatOthersWereToDo(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, ngo, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleNurse, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		_, handle, _ := c.Joined(ngo, medic, 1, c.ColonyHealth)
		k := medic.Give(handle, models.PurposeReferral, c.NGO, models.CatReleaseDate)
		referral := medic.Give(handle, models.PurposeReferral, c.Polyclinic)
		spell := medic.hold(handle, c.Today().AddDays(60))
		poly.Move(medic.Refer(handle, Asking(c.Polyclinic)), "acceptance")
		medic.free(spell, false)
		has := func(o *models.Organisation, kind string, want bool) {
			t.Helper()
			if got := c.tasks(t, o); slices.Contains(got, kind) != want {
				t.Errorf("%s has %v", o.Name, got)
			}
		}
		has(c.NGO, "release_ngo_contact", true)
		has(c.Polyclinic, "release_clinic_contact", true)
		has(c.ColonyHealth, "release_ngo_contact", false)
		again := medic.Give(handle, models.PurposeReferral, c.NGO, models.CatReleaseDate)
		medic.Withdraw(k.ID)
		has(c.NGO, "release_ngo_contact", true) // another consent says the same
		medic.Withdraw(again.ID)
		has(c.NGO, "release_ngo_contact", false)
		has(c.ColonyHealth, "release_ngo_contact", true) // somebody must
		has(c.Polyclinic, "release_clinic_contact", true)
		medic.Withdraw(referral.ID)
		has(c.Polyclinic, "release_clinic_contact", false)
		if n := count(t, c.World, "tasks WHERE state = 'open' AND organisation_id IN (?, ?)", c.NGO.ID, c.Polyclinic.ID); n != 0 {
			t.Errorf("%d tasks are left with those who may know nothing", n)
		}
	})
}

// Narrowing is a withdrawal of what it takes away: who is told of a release by it no more
// has no task, no notice and no hand-over of it, and the health unit has the contact again.
func TestConsent_NarrowingCancelsWhatOthersWereToDo(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, ngo, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleNurse, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		_, handle, _ := c.Joined(ngo, medic, 1, c.ColonyHealth)
		k := medic.Give(handle, models.PurposeReferral, c.NGO, models.CatReleaseDate, models.CatTreatmentFact)
		medic.Give(handle, models.PurposeReferral, c.Polyclinic)
		spell := medic.hold(handle, c.Today().AddDays(60))
		poly.Move(medic.Refer(handle, Asking(c.Polyclinic)), "acceptance")
		medic.free(spell, false)
		narrow := func(to ...models.Category) {
			t.Helper()
			got, err := medic.On(k.Version).MoveConsent(ctx, k.ID, "narrowing", models.ConsentMove{Categories: &to})
			must(t, err)
			k = got
		}
		inbox := func() []string {
			t.Helper()
			page, err := ngo.New().ListTasks(ctx, store.TaskFilter{}, store.Paging{Limit: 10})
			must(t, err)
			kinds := []string{}
			for _, task := range page.Items {
				kinds = append(kinds, task.Kind)
			}
			return kinds
		}
		narrow(models.CatReleaseDate)
		if got, told := inbox(), c.notices(t, c.NGO); !slices.Contains(got, "release_ngo_contact") || !slices.Equal(told, []string{"unplanned_release"}) {
			t.Fatalf("what still tells the release took back %v, %v", got, told)
		}
		narrow()
		if got, told := inbox(), c.notices(t, c.NGO); slices.Contains(got, "release_ngo_contact") || len(told) != 0 {
			t.Errorf("who may not know of the release has tasks %v and notices %v", got, told)
		}
		if got := c.tasks(t, c.ColonyHealth); !slices.Contains(got, "release_ngo_contact") { // somebody must
			t.Errorf("the health unit has %v", got)
		}
		if got := c.tasks(t, c.Polyclinic); !slices.Contains(got, "release_clinic_contact") { // another consent's
			t.Errorf("the clinic has %v", got)
		}
	})
}

// The fact of agonist treatment, and only the fact, with a dose-continuity consent.
func TestRelease_TellsOfAgonistTreatmentByConsentOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, nurse := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Clinic)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		k := medic.Give(handle, models.PurposeDoseContinuity, c.Clinic, models.CatOAT)
		spell := medic.hold(handle, c.Today().AddDays(30))
		c.exec(t, "INSERT INTO dose_orders (id, client_id, person_id, organisation_id, episode_id, medicine, schedule, phase, dose_ug, prior_dose_ug, low_tolerance, outside, from_date, state, reason, transfer_id, guard_reason, identity_checked_at, identity_checked_by, version, created_at, created_by)"+
			" VALUES ('order', ?, ?, ?, '', 'methadone', 'daily', 'maintenance', 60000, 0, FALSE, '[]', ?, 'active', '', '', '', ?, '', 1, ?, '')", spell.ClientID, spell.PersonID, c.ColonyHealth.ID, c.Today(), c.Now(), c.Now())
		medic.free(spell, false)
		agonist := func() *bool {
			t.Helper()
			page, err := nurse.New().ListHandovers(ctx, store.Paging{Limit: 10})
			must(t, err)
			if len(page.Items) != 1 {
				t.Fatalf("%d hand-overs", len(page.Items))
			}
			return page.Items[0].Agonist
		}
		if a := agonist(); a == nil || !*a {
			t.Errorf("with the consent the clinic sees %v", a)
		}
		if !slices.Contains(c.tasks(t, c.ColonyHealth), "release_dose_certificate") {
			t.Error("no certificate of the last dose in the emergency pack")
		}
		medic.Withdraw(k.ID)
		if a := agonist(); a != nil {
			t.Errorf("after the withdrawal the clinic sees %v", *a)
		}
	})
}

func TestRelease_GoesToWhoAccepted(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		medic.Give(handle, models.PurposeReferral, c.Polyclinic)
		spell := medic.hold(handle, c.Today().AddDays(30))
		r := poly.Move(medic.Refer(handle, Asking(c.Polyclinic)), "acceptance")
		if org := c.inChargeOf(t, spell.ClientID); org != c.Polyclinic.ID {
			t.Fatalf("after acceptance: %s", org)
		}
		medic.free(spell, true)
		if org := c.inChargeOf(t, spell.ClientID); org != c.Polyclinic.ID || len(c.notices(t, c.Clinic)) != 0 {
			t.Errorf("after the release: %s; the default clinic was told %v", org, c.notices(t, c.Clinic))
		}
		got, err := medic.New().GetSpell(ctx, spell.ID)
		must(t, err)
		linked := func(want string) {
			t.Helper()
			seen, err := medic.New().GetCase(ctx, got.CaseID)
			must(t, err)
			if seen.ReceiverID != c.Polyclinic.ID || seen.ByDefault || seen.Outcomes[0].Result != want {
				t.Errorf("%+v, want %s", seen, want)
			}
		}
		linked("pending")
		c.Advance(5 * 24 * time.Hour)
		poly.Move(r, "attendance")
		linked("linked")
		if seen, err := medic.New().GetCase(ctx, got.CaseID); err != nil || seen.StateNow != models.CaseLinked || seen.LinkedOn != c.Today() {
			t.Errorf("linked on %q, %v", seen.LinkedOn, err)
		}
		c.Advance(200 * 24 * time.Hour)
		linked("linked")
		seen, err := medic.New().GetCase(ctx, got.CaseID)
		must(t, err)
		closed, err := medic.On(seen.Version).MoveCase(ctx, got.CaseID, "closure")
		must(t, err)
		if seen.StateNow != models.CaseLinked || closed.State != models.CaseClosed || closed.LinkedOn == "" {
			t.Errorf("closed %+v", closed)
		}
	})
}

// Whoever was responsible before the arrest accepted nothing of it: it learns neither of the
// arrest nor of the release, unless a consent lets it, and then the log says so.
func TestRelease_IsNotToldToWhoWasInChargeBeforeTheArrest(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		for i, test := range []struct {
			name  string
			share func(handle string)
			want  *models.Organisation
		}{
			{"no consent", func(string) {}, c.Clinic},
			{"a consent to something else", func(h string) {
				medic.Give(h, models.PurposeReferral, c.Polyclinic, models.CatDiagnosis)
			}, c.Clinic},
			{"the release date", func(h string) { medic.Give(h, models.PurposeReferral, c.Polyclinic, models.CatReleaseDate) }, c.Polyclinic},
			{"the dose", func(h string) { medic.Give(h, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT) }, c.Polyclinic},
		} {
			for j, planned := range []bool{true, false} {
				// Once freed and handed over by a referral for the release; treated since; arrested again.
				handle := medic.Register(2*i + j)
				k := medic.Give(handle, models.PurposeReferral, c.Polyclinic)
				first := medic.hold(handle, "")
				atPoly := poly.Move(medic.Refer(handle, Asking(c.Polyclinic)), "acceptance").ClientCode
				medic.free(first, true)
				medic.Withdraw(k.ID)
				poly.Start(atPoly)
				c.Advance(40 * 24 * time.Hour)
				on := models.Date("")
				if planned {
					on = c.Today().AddDays(3)
				}
				spell := medic.hold(handle, on)
				test.share(handle)
				c.exec(t, "UPDATE notices SET state = 'acknowledged' WHERE organisation_id = ?", c.Polyclinic.ID)
				c.exec(t, "UPDATE tasks SET state = 'done' WHERE organisation_id = ?", c.Polyclinic.ID)
				told := func() [4]int {
					page, err := poly.New().ListHandovers(ctx, store.Paging{Limit: 100})
					must(t, err)
					return [4]int{len(c.notices(t, c.Polyclinic)), len(c.tasks(t, c.Polyclinic)), len(page.Items),
						count(t, c.World, "changes WHERE organisation_id = ?", c.Polyclinic.ID)}
				}
				before := told()
				entries := count(t, c.World, "disclosures WHERE recipient_id = ? AND client_id = ?", c.Polyclinic.ID, spell.ClientID)
				medic.free(spell, planned)
				name := fmt.Sprintf("%s, planned %v", test.name, planned)
				if org := c.inChargeOf(t, spell.ClientID); org != test.want.ID {
					t.Errorf("%s: responsible is not the %s", name, test.want.Name)
				}
				entries = count(t, c.World, "disclosures WHERE recipient_id = ? AND client_id = ?", c.Polyclinic.ID, spell.ClientID) - entries
				after := told()
				if test.want == c.Clinic {
					if after != before || entries != 0 {
						t.Errorf("%s: told %v, before %v, %d entries", name, after, before, entries)
					}
					own, err := poly.New().GetClient(ctx, atPoly)
					must(t, err)
					if own.ShowResponsible {
						t.Errorf("%s: it is told who is responsible now", name)
					}
					continue
				}
				if entries != 1 || after[2] != before[2]+1 || after[3] == before[3] || !planned && (after[0] != before[0]+1 || after[1] != before[1]+1) {
					t.Errorf("%s: told %v, before %v, %d entries", name, after, before, entries)
				}
			}
		}
		if n := count(t, c.World, "disclosures WHERE recipient_id = ? AND ground = '' AND consent_id = ''", c.Polyclinic.ID); n != 0 {
			t.Errorf("%d entries rest on nothing", n)
		}
	})
}

func TestRelease_NotLinkedAfterHalfAYear(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		c.defaultClinic(c.Clinic)
		spell := medic.free(medic.hold(medic.Register(1), c.Today().AddDays(3)), true)
		_, err := medic.On(2).MoveCase(ctx, spell.CaseID, "closure")
		wantError(t, err, models.KindConflict, "release_case.not_possible")
		for _, test := range []struct {
			days    int
			state   string
			results []string
		}{
			{21, "released", []string{"pending", "pending", "pending"}},
			{22, "released", []string{"not_linked", "pending", "pending"}},
			{91, "released", []string{"not_linked", "not_linked", "pending"}},
			{181, "not_linked", []string{"not_linked", "not_linked", "not_linked"}},
		} {
			c.now.Store(spell.EndedAt.AddDate(0, 0, test.days).UnixMilli())
			seen, err := medic.New().GetCase(ctx, spell.CaseID)
			must(t, err)
			var got []string
			for _, o := range seen.Outcomes {
				got = append(got, o.Result)
			}
			if seen.StateNow != test.state || !slices.Equal(got, test.results) {
				t.Errorf("day %d: %s %v", test.days, seen.StateNow, got)
			}
		}
	})
}

// No clinic is configured: the release is not refused, nobody is without care on paper, and
// whoever can do something about it is told.
// A clinic that was taken back as a region's default gets no release any more, and keeps those
// it had.
func TestRelease_AfterTheDefaultClinicWasTakenBack(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, admin := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleAdministrator, c.Ministry)
		c.defaultClinic(c.Clinic)
		before, after := medic.Register(1), medic.Register(2)
		medic.free(medic.hold(before, c.Today()), true)
		d, err := admin.New().GetDefaultClinic(ctx, "KZ-75")
		must(t, err)
		gone, err := admin.On(d.Version).SetDefaultClinic(ctx, "KZ-75", "")
		must(t, err)
		if read, err := admin.New().GetDefaultClinic(ctx, "KZ-75"); err != nil || read.OrganisationID != "" || read.Version != d.Version+1 || gone != read {
			t.Errorf("read %+v, answered %+v, %v", read, gone, err)
		}
		if n := count(t, c.World, "audit_events WHERE action = 'region_default.change' AND objects LIKE ?", "%"+string(c.Clinic.ID)+"%"); n != 2 {
			t.Errorf("%d events name the clinic", n)
		}
		medic.free(medic.hold(after, c.Today()), true)
		for handle, want := range map[string]models.OrganisationID{before: c.Clinic.ID, after: c.ColonyHealth.ID} {
			if got := c.responsible(t, c.ColonyHealth, handle); got != want {
				t.Errorf("%s is responsible for %s, want %s", got, handle, want)
			}
		}
		if got := c.notices(t, c.ColonyHealth); !slices.Equal(got, []string{"no_default_clinic"}) {
			t.Errorf("the health unit has %v", got)
		}
		c.defaultClinic(c.Clinic) // and named again
	})
}

func TestRelease_WithoutADefaultClinic(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, coordinator := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		spell := medic.free(medic.hold(medic.Register(1), c.Today()), true)
		if org := c.inChargeOf(t, spell.ClientID); org != c.ColonyHealth.ID {
			t.Errorf("%s is responsible", org)
		}
		if got := c.notices(t, c.ColonyHealth); !slices.Equal(got, []string{"no_default_clinic"}) {
			t.Errorf("the unit was told %v", got)
		}
		page, err := coordinator.New().ListNotices(ctx, "open", store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 1 || page.Items[0].SubjectID != "KZ-75/"+string(c.Today()) {
			t.Errorf("the coordinator was told %+v", page.Items)
		}
		// A clinic that is closed is none, were it closed behind the service's back.
		c.defaultClinic(c.Clinic)
		c.exec(t, "UPDATE organisations SET active = ? WHERE id = ?", false, c.Clinic.ID)
		other := medic.free(medic.hold(medic.Register(2), c.Today()), true)
		if org := c.inChargeOf(t, other.ClientID); org != c.ColonyHealth.ID {
			t.Errorf("%s is responsible, which is closed", org)
		}
	})
}

func TestRelease_UnplannedHasAnEmergencyPack(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, governor, ngo := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonManagement, c.Colony), c.As(models.RoleNGOOutreach, c.NGO)
		c.defaultClinic(c.Clinic)
		// The NGO knows the person by an accepted referral, and a consent names it for the release.
		_, handle, _ := c.Joined(ngo, medic, 1, c.ColonyHealth)
		k := medic.Give(handle, models.PurposeReferral, c.NGO, models.CatReleaseDate)
		spell := medic.hold(handle, c.Today().AddDays(60))
		for range 2 {
			_, err := governor.New().ReportUnplannedRelease(ctx, spell.Slip)
			must(t, err)
		}
		if got := c.notices(t, c.ColonyHealth); !slices.Equal(got, []string{"unplanned_release"}) {
			t.Errorf("the unit was told %v", got)
		}
		if got := c.tasks(t, c.ColonyHealth); !slices.Equal(got, []string{"unplanned_release_preparation"}) {
			t.Errorf("the unit has %v", got)
		}
		due := scan[time.Time](t, c.World, "SELECT due_at FROM tasks WHERE kind = 'unplanned_release_preparation' AND hard")
		if !due.Equal(c.Now().Add(2 * time.Hour)) {
			t.Errorf("due %v", due)
		}
		c.Advance(time.Hour)
		free := medic.free(spell, false)
		if free.State != models.SpellUnplannedReleased {
			t.Errorf("%+v", free.CustodySpell)
		}
		if got := c.tasks(t, c.ColonyHealth); !slices.Equal(got, []string{"release_naloxone", "release_referral"}) {
			t.Errorf("the unit has %v", got)
		}
		if got := c.notices(t, c.ColonyHealth); len(got) != 0 {
			t.Errorf("the unit is still told %v of somebody who is free", got)
		}
		if got := c.tasks(t, c.Clinic); !slices.Equal(got, []string{"release_clinic_contact"}) {
			t.Errorf("the clinic has %v", got)
		}
		if got := c.tasks(t, c.NGO); !slices.Equal(got, []string{"release_ngo_contact"}) {
			t.Errorf("the NGO has %v", got)
		}
		if got := c.notices(t, c.NGO); !slices.Equal(got, []string{"unplanned_release"}) {
			t.Errorf("the NGO was told %v", got)
		}
		for step, within := range map[string]time.Duration{"release_clinic_contact": 24 * time.Hour, "release_ngo_contact": 72 * time.Hour, "release_naloxone": 0} {
			if due := scan[time.Time](t, c.World, "SELECT due_at FROM tasks WHERE kind = ? AND hard", step); !due.Equal(c.Now().Add(within)) {
				t.Errorf("%s is due %v", step, due)
			}
		}
		if n := count(t, c.World, "disclosures WHERE recipient_id = ? AND consent_id = ?", c.NGO.ID, k.ID); n != 1 {
			t.Errorf("%d entries for the NGO", n)
		}
	})
}

// Without consent no NGO is told; finding one is the unit's task. And a release nobody
// planned is an unplanned one, whatever it is called.
func TestRelease_UnplannedWithoutConsentTellsNoNGO(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		medic.Give(handle, models.PurposeReferral, c.NGO) // covers no release date
		free := medic.free(medic.hold(handle, ""), true)
		if free.State != models.SpellUnplannedReleased || len(c.notices(t, c.NGO)) != 0 || len(c.tasks(t, c.NGO)) != 0 {
			t.Errorf("%+v; the NGO has %v %v", free.CustodySpell, c.notices(t, c.NGO), c.tasks(t, c.NGO))
		}
		if !slices.Contains(c.tasks(t, c.ColonyHealth), "release_ngo_contact") {
			t.Errorf("the unit has %v", c.tasks(t, c.ColonyHealth))
		}
	})
}

func TestReleaseCase_FollowsThePlannedDate(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, governor := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonManagement, c.Colony)
		far, near := c.Today().AddDays(200), c.Today().AddDays(40)
		handle := medic.Register(1)
		spell := medic.hold(handle, far)
		if spell.CaseID != "" {
			t.Fatal("a case is opened more than 90 days before")
		}
		_, err := governor.New().PlanReleaseBySlip(ctx, spell.Slip, near, far)
		must(t, err)
		spell, err = medic.New().GetSpell(ctx, spell.ID)
		must(t, err)
		seen, err := medic.New().GetCase(ctx, spell.CaseID)
		must(t, err)
		if seen.PlannedOn != near || len(seen.Planned) != 2 || seen.Planned[0].OnDate != far || seen.Planned[1].SetByID != c.Colony.ID ||
			seen.Steps[1].Due != near.AddDays(-60) || !seen.Steps[1].Overdue || seen.Steps[2].Overdue || seen.Steps[1].Basis != "editorial" {
			t.Errorf("%+v", seen)
		}
		list := func(due string) int {
			t.Helper()
			page, err := medic.New().ListCases(ctx, store.CaseFilter{Due: due}, store.Paging{Limit: 10})
			must(t, err)
			return len(page.Items)
		}
		if list("overdue") != 1 || list("today") != 0 || list("week") != 0 || list("") != 1 {
			t.Errorf("overdue %d today %d week %d", list("overdue"), list("today"), list("week"))
		}
		_, err = medic.On(spell.Version).PlanRelease(ctx, spell.ID, c.Today().AddDays(60))
		must(t, err)
		if list("overdue") != 0 || list("today") != 1 || list("week") != 1 {
			t.Errorf("overdue %d today %d week %d", list("overdue"), list("today"), list("week"))
		}
		v := scan[int64](t, c.World, "SELECT version FROM release_cases")
		_, err = medic.On(v).MoveCase(ctx, spell.CaseID, "readiness")
		wantError(t, err, models.KindConflict, "release_case.not_possible")
		_, err = medic.On(v).MoveCase(ctx, spell.CaseID, "assessment")
		must(t, err)
		_, err = medic.On(v+1).MoveCase(ctx, spell.CaseID, "referrals")
		wantError(t, err, models.KindConflict, "release_case.no_referral")
		medic.Give(handle, models.PurposeReferral, c.Polyclinic)
		medic.Refer(handle, Asking(c.Polyclinic))
		_, err = medic.On(v+1).MoveCase(ctx, spell.CaseID, "referrals")
		must(t, err)
		ready, err := medic.On(v+2).MoveCase(ctx, spell.CaseID, "readiness")
		must(t, err)
		if ready.StateNow != models.CaseReady {
			t.Errorf("%+v", ready)
		}
		_, _, err = medic.New().OpenCase(ctx, spell.ID)
		wantError(t, err, models.KindConflict, "release_case.open_already")
		bare := medic.hold(medic.Register(2), "")
		_, _, err = medic.New().OpenCase(ctx, bare.ID)
		wantError(t, err, models.KindConflict, "release_case.no_planned_date")
	})
}

func TestCustodyTransfer_ReceiverConfirms(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		institution, unit := c.prison("Second colony")
		medic, other := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		guard, there := c.As(models.RolePrisonSecurity, c.Colony), c.As(models.RolePrisonSecurity, institution)
		spell := medic.hold(medic.Register(1), c.Today().AddDays(50))
		for _, to := range []models.OrganisationID{"nobody", c.Clinic.ID, c.ColonyHealth.ID, institution.ID} {
			_, _, err := medic.New().OrderTransfer(ctx, spell.ID, to, nil)
			wantError(t, err, models.KindInvalid, "custody_transfer.receiver_unknown")
		}
		leaves := c.Now().Add(24 * time.Hour)
		tr, _, err := medic.New().OrderTransfer(ctx, spell.ID, unit.ID, &leaves)
		must(t, err)
		if got := c.tasks(t, c.ColonyHealth); !slices.Equal(got, []string{"transfer_confirmation", "transfer_dose_certificate", "transfer_file"}) {
			t.Errorf("tasks %v", got)
		}
		if due := scan[time.Time](t, c.World, "SELECT due_at FROM tasks WHERE kind = 'transfer_file'"); !due.Equal(leaves.Add(-4 * time.Hour)) {
			t.Errorf("the file is due %v", due)
		}
		_, _, err = medic.New().OrderTransfer(ctx, spell.ID, unit.ID, nil)
		wantError(t, err, models.KindConflict, "custody_spell.not_possible")
		move := func(w Worker, action string) {
			t.Helper()
			at := c.Now()
			when := &at
			if action == "confirmation" || action == "cancellation" {
				when = nil
			}
			moved, err := w.On(tr.Version).MoveTransfer(ctx, tr.ID, action, when, store.Acceptance{})
			must(t, err)
			tr = moved
		}
		at := c.Now()
		_, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "departure", &at, store.Acceptance{})
		wantError(t, err, models.KindConflict, "custody_transfer.other_party")
		_, err = medic.On(tr.Version).MoveTransfer(ctx, tr.ID, "confirmation", nil, store.Acceptance{})
		wantError(t, err, models.KindConflict, "custody_transfer.other_party")
		_, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "confirmation", nil, store.Acceptance{})
		wantError(t, err, models.KindConflict, "custody_transfer.not_possible")
		_, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "arrival", &at, store.Acceptance{})
		if wantError(t, err, models.KindConflict, "custody_transfer.not_possible"); !strings.Contains(err.Error(), "by the sender departure, cancellation") {
			t.Errorf("the refusal does not name what the sender can do: %v", err)
		}
		move(medic, "departure")
		c.Advance(time.Hour)
		early := c.Now().Add(-2 * time.Hour)
		_, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "arrival", &early, store.Acceptance{})
		wantError(t, err, models.KindInvalid, "custody_transfer.time_before_the_one_before")
		move(other, "arrival")
		if org := c.inChargeOf(t, spell.ClientID); org != c.ColonyHealth.ID {
			t.Errorf("before the confirmation %s is responsible", org)
		}
		c.Advance(24 * time.Hour)
		if seen, err := medic.New().GetTransfer(ctx, tr.ID); err != nil || seen.Alarm {
			t.Errorf("alarm at 24 hours: %+v %v", seen, err)
		}
		c.Advance(time.Millisecond)
		page, err := other.New().ListTransfers(ctx, true, store.Paging{Limit: 10})
		if err != nil || len(page.Items) != 1 || !page.Items[0].Alarm {
			t.Errorf("no alarm after 24 hours: %+v %v", page, err)
		}
		_, err = store.NewOutbox(c.Store).Raise(ctx)
		must(t, err)
		for _, o := range []*models.Organisation{c.ColonyHealth, unit} {
			if got := c.notices(t, o); !slices.Equal(got, []string{"continuity_alarm", "transfer_unanswered"}) {
				t.Errorf("%s was told %v", o.Name, got)
			}
		}
		move(other, "file-receipt")
		at = c.Now()
		_, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "file-receipt", &at, store.Acceptance{})
		wantError(t, err, models.KindConflict, "custody_transfer.file_received")
		move(other, "confirmation")
		if org := c.inChargeOf(t, spell.ClientID); org != unit.ID {
			t.Errorf("after the confirmation %s is responsible", org)
		}
		for _, o := range []*models.Organisation{c.ColonyHealth, unit} {
			if got := c.notices(t, o); len(got) != 0 {
				t.Errorf("%s is still told %v", o.Name, got)
			}
		}
		old, err := medic.New().GetSpell(ctx, spell.ID)
		must(t, err)
		now, err := other.New().ListSpells(ctx, "", store.Paging{Limit: 10})
		must(t, err)
		if old.State != models.SpellTransferred || old.ExitReason != "transferred_prison" || len(now.Items) != 1 || now.Items[0].FromSpellID != spell.ID ||
			now.Items[0].PlannedRelease != spell.PlannedRelease || now.Items[0].CaseID == "" || !now.Items[0].AdmittedAt.Equal(*tr.ArrivedAt) {
			t.Errorf("old %+v new %+v", old, now.Items)
		}
		if n := count(t, c.World, "release_cases WHERE state = 'closed' AND spell_id = ?", spell.ID); n != 1 {
			t.Error("the sender's release case is not closed")
		}
		for w, want := range map[*Worker]int{&guard: 0, &there: 1} {
			if page, err := w.New().ListSlips(ctx, store.Paging{Limit: 10}); err != nil || len(page.Items) != want {
				t.Errorf("%s sees %d, %v", w.Actor.OrganisationName, len(page.Items), err)
			}
		}
		if got := c.tasks(t, c.ColonyHealth); !slices.Equal(got, []string{"transfer_dose_certificate"}) {
			t.Errorf("tasks left %v", got)
		}
	})
}

func TestCustodyTransfer_CancelledOrReleasedOnTheWay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, unit := c.prison("Second colony")
		medic, other := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		c.defaultClinic(c.Clinic)
		spell := medic.hold(medic.Register(1), c.Today().AddDays(50))
		tr, _, err := medic.New().OrderTransfer(ctx, spell.ID, unit.ID, nil)
		must(t, err)
		absent := func(change store.Change) {
			t.Helper()
			_, err := other.New().GetTransfer(ctx, tr.ID)
			wantError(t, err, models.KindNotFound, "custody_transfer.not_found")
			page, err := other.New().ListTransfers(ctx, false, store.Paging{Limit: 5})
			must(t, err)
			if len(page.Items) != 0 {
				t.Errorf("the receiver of a cancelled transfer reads %+v", page.Items)
			}
			feed := c.feed(t, other, "").Items
			if !slices.Contains(feed, change) {
				t.Errorf("the receiver is told %+v", feed)
			}
		}
		_, err = other.New().GetTransfer(ctx, tr.ID)
		must(t, err)
		tr, err = medic.On(tr.Version).MoveTransfer(ctx, tr.ID, "cancellation", nil, store.Acceptance{})
		must(t, err)
		absent(store.Change{Kind: "gone", ID: tr.ID, Was: "custody_transfer"})
		if _, err = medic.New().GetTransfer(ctx, tr.ID); err != nil {
			t.Errorf("the sender: %v", err)
		}
		seen, err := medic.New().GetSpell(ctx, spell.ID)
		must(t, err)
		if tr.State != models.CustodyTransferCancelled || seen.State != models.SpellResident || len(c.tasks(t, c.ColonyHealth)) != 0 {
			t.Errorf("%s %s %v", tr.State, seen.State, c.tasks(t, c.ColonyHealth))
		}
		tr, _, err = medic.New().OrderTransfer(ctx, spell.ID, unit.ID, nil)
		must(t, err)
		at := c.Now()
		tr, err = medic.On(tr.Version).MoveTransfer(ctx, tr.ID, "departure", &at, store.Acceptance{})
		must(t, err)
		medic.free(spell, false)
		_, err = other.On(tr.Version+1).MoveTransfer(ctx, tr.ID, "arrival", &at, store.Acceptance{})
		wantError(t, err, models.KindNotFound, "custody_transfer.not_found")
		absent(store.Change{Kind: "gone", ID: tr.ID, Was: "custody_transfer"})
		c.Advance(48 * time.Hour)
		_, err = store.NewOutbox(c.Store).Raise(ctx)
		must(t, err)
		if got := c.notices(t, unit); len(got) != 0 {
			t.Errorf("a transfer that ended is escalated: %v", got)
		}
	})
}

// A release races an acceptance: whoever wins, one organisation is responsible, and it is
// the one that the case names.
func TestRelease_RacesAcceptance(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		for i := range 6 {
			handle := medic.Register(i)
			medic.Give(handle, models.PurposeReferral, c.Polyclinic)
			spell := medic.hold(handle, c.Today().AddDays(30))
			r := medic.Refer(handle, Asking(c.Polyclinic))
			together(2, func(n int) {
				var err error
				if n == 0 {
					_, err = medic.On(spell.Version).ReleaseFromCustody(ctx, spell.ID, c.freed(true))
				} else {
					_, err = poly.TryMove(r.ID, r.Version, "acceptance")
				}
				if err != nil {
					t.Error(err)
				}
			})
			org := c.inChargeOf(t, spell.ClientID)
			receiver := scan[models.OrganisationID](t, c.World, "SELECT receiver_id FROM release_cases WHERE spell_id = ?", spell.ID)
			if org != receiver || org != c.Clinic.ID && org != c.Polyclinic.ID {
				t.Errorf("responsible %s, receiver of the case %s", org, receiver)
			}
		}
	})
}

// At every instant exactly one organisation is responsible, and it has a record of the
// person: whatever is done in whatever order.
func TestResponsibility_IsNeverLostNorDoubled(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, unit := c.prison("Second colony")
		medic, other := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		nurse, ngo := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		person := 0
		rapid.Check(t, func(rt *rapid.T) {
			person++
			workers := map[models.OrganisationID]Worker{c.ColonyHealth.ID: medic, unit.ID: other, c.Clinic.ID: nurse, c.NGO.ID: ngo}
			orgs := []*models.Organisation{c.ColonyHealth, unit, c.Clinic, c.NGO}
			handles := map[models.OrganisationID]string{c.ColonyHealth.ID: medic.Register(person)}
			holder := medic
			spell := medic.hold(handles[c.ColonyHealth.ID], c.Today().AddDays(20))
			client := spell.ClientID
			if rapid.Bool().Draw(rt, "default clinic") {
				c.defaultClinic(c.Clinic)
			}
			for range rapid.IntRange(1, 8).Draw(rt, "steps") {
				before := c.inChargeOf(t, client)
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0: // somebody who has a record refers, and the receiver accepts or not
					from, to := rapid.SampledFrom(orgs).Draw(rt, "from"), rapid.SampledFrom(orgs).Draw(rt, "to")
					if handles[from.ID] == "" || from == to {
						continue
					}
					workers[from.ID].Give(handles[from.ID], models.PurposeReferral, to)
					ask := Asking(to)
					ask.Reason = rapid.SampledFrom([]string{"release", "oat_transfer", "other"}).Draw(rt, "reason")
					r := workers[from.ID].Refer(handles[from.ID], ask)
					if !rapid.Bool().Draw(rt, "accepts") {
						if c.inChargeOf(t, client) != before {
							rt.Fatal("a referral that nobody accepted moved the person")
						}
						continue
					}
					handles[to.ID] = workers[to.ID].Move(r, "acceptance").ClientCode
					want := before
					if before == from.ID && (spell == nil || from.Kind != models.KindPrisonHealth || ask.Reason != "other") {
						want = to.ID
					}
					if now := c.inChargeOf(t, client); now != want {
						rt.Fatalf("%s referred to %s for %s: responsible was %s and is %s", from.Name, to.Name, ask.Reason, before, now)
					}
				case 1: // moved to the other institution
					if spell == nil || holder.Actor.OrganisationID != c.ColonyHealth.ID {
						continue
					}
					tr, _, err := medic.New().OrderTransfer(ctx, spell.ID, unit.ID, nil)
					must(t, err)
					at := c.Now()
					tr, err = medic.On(tr.Version).MoveTransfer(ctx, tr.ID, "departure", &at, store.Acceptance{})
					must(t, err)
					tr, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "arrival", &at, store.Acceptance{})
					must(t, err)
					if c.inChargeOf(t, client) != before {
						rt.Fatal("a transfer nobody confirmed moved the person")
					}
					tr, err = other.On(tr.Version).MoveTransfer(ctx, tr.ID, "confirmation", nil, store.Acceptance{})
					must(t, err)
					page, err := other.New().ListSpells(ctx, models.SpellAdmitted, store.Paging{Limit: 1})
					must(t, err)
					spell, holder, handles[unit.ID] = &page.Items[0], other, tr.ClientCode
					if now := c.inChargeOf(t, client); before == c.ColonyHealth.ID && now != unit.ID || before != c.ColonyHealth.ID && now != before {
						rt.Fatalf("moved: responsible was %s and is %s", before, now)
					}
				case 2: // released
					if spell == nil {
						continue
					}
					free := holder.free(spell, rapid.Bool().Draw(rt, "planned"))
					spell = nil
					now, receiver := c.inChargeOf(t, client), scan[models.OrganisationID](t, c.World, "SELECT receiver_id FROM release_cases WHERE spell_id = ?", free.ID)
					kept := receiver == "" && now == before
					if receiver == c.NGO.ID {
						rt.Fatal("an NGO received a release that no consent tells it of")
					}
					if now != receiver && !kept {
						rt.Fatalf("responsible %s, receiver %q", now, receiver)
					}
				case 3: // split off and back are the business of identity changes; here only time passes
					c.Advance(time.Hour)
				}
			}
			if spell != nil {
				holder.free(spell, false)
			}
			if n := count(t, c.World, "custody_spells WHERE ended_at IS NULL"); n != 0 {
				rt.Fatalf("%d stays left open", n)
			}
			c.inChargeOf(t, client)
		})
		if n := count(t, c.World, "persons WHERE responsible_id = ''"); n != 0 {
			t.Error(fmt.Sprint(n, " persons without anybody"))
		}
	})
}

// A referral for something else than the release, or the doses, adds care to somebody who is
// held and moves nobody. Without a consent that covers the release date, an NGO is told
// nothing of the release, and the default clinic is told at once.
func TestRelease_IsAcceptedByAReferralForItAndAConsentInForce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, ngo, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleClinician, c.Polyclinic)
		c.defaultClinic(c.Clinic)
		for i, test := range []struct {
			name       string
			to         *models.Organisation
			reason     string
			categories []models.Category
			ended      string
			held, free *models.Organisation // responsible after the acceptance, and after the release
		}{
			{"NGO, legal help", c.NGO, "other", nil, "", c.ColonyHealth, c.Clinic},
			{"NGO, legal help, withdrawn", c.NGO, "other", nil, "withdrawn", c.ColonyHealth, c.Clinic},
			{"NGO, release, no date", c.NGO, "release", nil, "", c.NGO, c.Clinic},
			{"NGO, release, date", c.NGO, "release", []models.Category{models.CatReleaseDate}, "", c.NGO, c.NGO},
			{"NGO, release, date, withdrawn", c.NGO, "release", []models.Category{models.CatReleaseDate}, "withdrawn", c.NGO, c.Clinic},
			{"NGO, release, date, ran out", c.NGO, "release", []models.Category{models.CatReleaseDate}, "expired", c.NGO, c.Clinic},
			{"clinic, step up", c.Polyclinic, "step_up", nil, "", c.ColonyHealth, c.Clinic},
			{"clinic, doses", c.Polyclinic, "oat_transfer", nil, "", c.Polyclinic, c.Clinic},
			{"clinic, release", c.Polyclinic, "release", nil, "", c.Polyclinic, c.Polyclinic},
			{"clinic, release, withdrawn", c.Polyclinic, "release", nil, "withdrawn", c.Polyclinic, c.Clinic},
			{"clinic, release, ran out", c.Polyclinic, "release", nil, "expired", c.Polyclinic, c.Clinic},
		} {
			for _, planned := range []bool{true, false} {
				name := fmt.Sprintf("%s, planned %v", test.name, planned)
				person := 2 * i
				if planned {
					person++
				}
				handle := medic.Register(person)
				spell := medic.hold(handle, c.Today().AddDays(30))
				until := c.Today().AddMonths(2)
				if test.ended == "expired" {
					until = c.Today().AddDays(2)
				}
				k, _, err := medic.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: test.to.ID, Categories: test.categories, Until: until})
				must(t, err)
				ask := Asking(test.to)
				ask.Reason, ask.Needs = test.reason, []string{"legal"}
				w := ngo
				if test.to == c.Polyclinic {
					w = poly
				}
				w.Move(medic.Refer(handle, ask), "acceptance")
				if org := c.inChargeOf(t, spell.ClientID); org != test.held.ID {
					t.Errorf("%s: after the acceptance it is not the %s", name, test.held.Name)
				}
				switch test.ended {
				case "withdrawn":
					medic.Withdraw(k.ID)
				case "expired":
					c.Advance(3 * 24 * time.Hour)
				}
				c.exec(t, "UPDATE notices SET state = 'acknowledged'")
				medic.free(spell, planned)
				if org := c.inChargeOf(t, spell.ClientID); org != test.free.ID {
					t.Errorf("%s: after the release it is not the %s", name, test.free.Name)
				}
				receives := test.free == test.to
				release := scan[string](t, c.World, "SELECT id FROM release_cases WHERE spell_id = ?", spell.ID)
				page, err := w.New().ListHandovers(ctx, store.Paging{Limit: 100})
				must(t, err)
				if knows := slices.ContainsFunc(page.Items, func(h store.SeenHandover) bool { return h.ID == release }); knows != receives {
					t.Errorf("%s: the receiver of the referral reads the release: %v", name, knows)
				}
				if told := len(c.notices(t, test.to)) != 0; told != (receives && !planned) {
					t.Errorf("%s: it was told %v", name, c.notices(t, test.to))
				}
				if n := count(t, c.World, "tasks WHERE organisation_id = ? AND subject_id = ?", test.to.ID, release); n != 0 != (receives && !planned) {
					t.Errorf("%s: it has %d tasks", name, n)
				}
				if told := slices.Contains(c.notices(t, c.Clinic), "default_clinic"); told == receives {
					t.Errorf("%s: the default clinic was told: %v", name, told)
				}
				if test.to == c.NGO && receives {
					if n := count(t, c.World, "disclosures WHERE recipient_id = ? AND client_id = ? AND ground <> ''", c.NGO.ID, spell.ClientID); n != 0 {
						t.Errorf("%s: %d entries on another ground than consent", name, n)
					}
					medic.Withdraw(k.ID)
					page, err := ngo.New().ListHandovers(ctx, store.Paging{Limit: 100})
					must(t, err)
					if slices.ContainsFunc(page.Items, func(h store.SeenHandover) bool { return h.ID == release }) || len(c.notices(t, c.NGO)) != 0 ||
						count(t, c.World, "tasks WHERE organisation_id = ? AND subject_id = ? AND state = 'open'", c.NGO.ID, release) != 0 {
						t.Errorf("%s: after the withdrawal the NGO still has it", name)
					}
				}
			}
		}
	})
}

// Nobody knew where somebody went who was let out at night: the clinic of the institution's own
// region is told, and the record says that it is not known.
func TestRelease_IsNotRefusedForWhatNobodyKnows(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		c.defaultClinic(c.Clinic)
		for i, region := range []string{"", "unknown"} {
			spell := medic.hold(medic.Register(i), "")
			free, err := medic.On(spell.Version).ReleaseFromCustody(ctx, spell.ID, models.CustodyRelease{At: c.Now(), ExitRegion: region, ReferralOnRelease: "unknown", NaloxoneOnRelease: "unknown"})
			must(t, err)
			if free.ExitRegion != "" || models.RegionOfExit(free.ExitRegion, free.WentFree()) != "unknown" || free.ReferralOnRelease != "unknown" {
				t.Errorf("%+v", free.CustodySpell)
			}
			if org := c.inChargeOf(t, spell.ClientID); org != c.Clinic.ID {
				t.Error("the clinic of the institution's region is not responsible")
			}
		}
		if n := count(t, c.World, "notices WHERE organisation_id = ? AND kind = 'default_clinic'", c.Clinic.ID); n != 2 {
			t.Errorf("%d notices", n)
		}
	})
}

// An order is often entered after the fact: from when it ran counts. And not to know of any is
// not to know that there was none.
func TestRelease_AnOrderEnteredLaterRanAtTheRelease(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, nurse := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Clinic)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		medic.Give(handle, models.PurposeDoseContinuity, c.Clinic, models.CatOAT)
		medic.free(medic.hold(handle, ""), false)
		agonist := func() *bool {
			t.Helper()
			page, err := nurse.New().ListHandovers(ctx, store.Paging{Limit: 10})
			must(t, err)
			return page.Items[0].Agonist
		}
		if a := agonist(); a != nil {
			t.Errorf("the unit knows of no order, and the clinic is told %v", *a)
		}
		c.Advance(24 * time.Hour)
		order := methadone(60, c.Today().AddDays(-30))
		_, _, err := medic.New().CreateDoseOrder(ctx, handle, order, dosing())
		must(t, err)
		if a := agonist(); a == nil || !*a {
			t.Errorf("an order from before the release, entered after it: %v", a)
		}
	})
}

// A release is the receiver's while one referral for it stands, whatever else of the client's
// was taken back.
func TestRelease_IsNotTakenBackWithAnotherReferral(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Polyclinic)
		handle := medic.Register(1)
		medic.Give(handle, models.PurposeReferral, c.Polyclinic)
		spell := medic.hold(handle, "")
		release, link := Asking(c.Polyclinic), Asking(c.Polyclinic)
		release.Reason, link.Reason = models.ReasonRelease, "infection_link"
		medic.Move(poly.Move(medic.Refer(handle, release), "acceptance"), "cancellation")
		stands := poly.Move(medic.Refer(handle, release), "acceptance")
		medic.free(spell, false)
		sees := func(when string, want int) {
			t.Helper()
			page, err := poly.New().ListHandovers(ctx, store.Paging{Limit: 10})
			must(t, err)
			tasks := count(t, c.World, "tasks WHERE organisation_id = ? AND kind = 'release_clinic_contact' AND state = 'open'", c.Polyclinic.ID)
			if len(page.Items) != want || tasks != want {
				t.Errorf("%s: %d hand-overs, %d tasks, want %d", when, len(page.Items), tasks, want)
			}
		}
		sees("one of two cancelled", 1)
		medic.Move(poly.Move(medic.Refer(handle, link), "acceptance"), "cancellation")
		sees("a link cancelled", 1)
		medic.Move(stands, "cancellation")
		sees("the last cancelled", 0)
	})
}
