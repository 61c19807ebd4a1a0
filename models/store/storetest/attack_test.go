package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// What attackers with fresh eyes found open, kept shut.

// A contact entered about the wrong client and struck out must not stay with probation: an
// appointment missed that never was one can cost a person their freedom.
func TestAttack_ProbationReadsNothingStruckOut(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		handle := nurse.Register(1)
		missed := nurse.Record(handle, &models.Contact{On: c.Today(), Intervention: "COUNSEL", Setting: "facility", Appointment: "missed"})
		d, _, err := nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(5))
		must(t, err)
		sees := func() int {
			v, err := officer.New().GetSupervision(ctx, d.ID)
			must(t, err)
			return len(v.Entries)
		}
		if n := sees(); n != 1 {
			t.Fatalf("%d entries before", n)
		}
		_, err = nurse.On(1).CorrectEntry(ctx, missed.EntryID, models.EnteredInError, nil)
		must(t, err)
		if n := sees(); n != 0 {
			t.Errorf("%d entries that were struck out", n)
		}
		sheet, err := nurse.New().GetSummary(ctx, handle)
		must(t, err)
		if slices.ContainsFunc(sheet.Recorded, func(r store.Recorded) bool { return r.Category == models.CatAttendance }) {
			t.Error("the client's sheet counts an entry that was struck out")
		}
	})
}

// An order that only break-glass opens is a record opened like any other: an event of its
// own, the site told, named to the reviewer, and shut with the access.
func TestAttack_BreakGlassOpensNoOrderInSilence(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, handle := glass(t, c)
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		inside := scan[string](t, c.World, "SELECT code FROM clients WHERE organisation_id = ?", string(c.ColonyHealth.ID))
		o := medic.Treat(inside, 60)
		medic.Dose(o.ID, 60)
		_, err := doctor.New().GetDoseOrder(ctx, o.ID, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
		b, _, err := doctor.New().BreakGlass(ctx, handle, emergency(2))
		must(t, err)
		for name, read := range map[string]func() error{
			"order":  func() error { return third(doctor.New().GetDoseOrder(ctx, o.ID, dosing())) },
			"orders": func() error { return third(doctor.New().ListDoseOrders(ctx, handle, dosing())) },
			"doses":  func() error { return third(doctor.New().ListDoses(ctx, o.ID, store.Paging{Limit: 10})) },
		} {
			seq := c.lastSeq(t)
			must(t, read())
			if !slices.ContainsFunc(c.events(t, seq), func(e auditEvent) bool { return e.Action == "break_glass.open" && slices.Contains(e.Objects, o.ID) }) {
				t.Errorf("%s: opened in silence", name)
			}
		}
		if got := c.notices(t, c.ColonyHealth); !slices.Contains(got, "break_glass") {
			t.Errorf("the site was told %v", got)
		}
		seen, err := doctor.New().GetBreakGlass(ctx, b.ID)
		must(t, err)
		if !slices.Equal(seen.Opened, []string{o.ID}) {
			t.Errorf("the reviewer is shown %v", seen.Opened)
		}
		if n := count(t, c.World, "disclosures WHERE ground = 'emergency' AND reference = ? AND client_id = ?", b.ID, string(o.ClientID)); n != 3 {
			t.Errorf("%d entries in the disclosure log, want one a read", n)
		}
		c.Advance(2 * time.Hour)
		_, err = doctor.New().GetDoseOrder(ctx, o.ID, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
	})
}

// A stay that is only expected holds nobody: it opens no other unit's file, no note can hang
// on it, and it shuts no NGO out of the care of somebody who is free.
func TestAttack_AnExpectedStayOpensAndShutsNothing(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, unit := c.prison("Second colony")
		first, second := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		outreach := c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
		handle := first.Register(1)
		first.Start(handle)
		first.Give(handle, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		atNGO := outreach.Move(first.Refer(handle, Asking(c.NGO)), "acceptance").ClientCode
		k := first.Give(handle, models.PurposeReferral, unit)
		atSecond := second.Move(first.Refer(handle, Asking(unit)), "acceptance").ClientCode
		first.Withdraw(k.ID)
		inside := first.Record(handle, diagnosisOn(c.Today(), "6C43.2"))
		spell, _, err := second.New().OpenSpell(ctx, atSecond, models.NewSpell{Basis: "sentenced", Expected: true})
		must(t, err)
		_, err = second.New().GetEntry(ctx, inside.EntryID)
		wantError(t, err, models.KindNotFound, "entry.not_found")
		if _, ok := shown(t, outreach, atNGO)[c.ColonyHealth.ID]; !ok {
			t.Error("an expectation shut the NGO out")
		}
		_, _, err = second.New().WriteNote(ctx, models.NewFunctionalNote{SpellID: spell.ID, From: c.Now(), Until: c.Now().Add(time.Hour), Place: "cell", WatchFor: []string{"fit"}})
		if err == nil {
			t.Error("a note hangs on a stay that has not begun")
		}
		at := c.Now()
		_, err = second.On(spell.Version).MoveSpell(ctx, spell.ID, "admission", &at)
		must(t, err)
		must(t, third(second.New().GetEntry(ctx, inside.EntryID)))
		if _, ok := shown(t, outreach, atNGO)[c.ColonyHealth.ID]; ok {
			t.Error("the NGO reaches somebody who is held, without a pass")
		}
	})
}

// The feed tells no more than a reading would show: not a clinic that is responsible by
// default only, not a treating team of what an NGO writes, not an NGO of somebody held whom
// its workers have no pass for.
func TestAttack_TheFeedTellsNoMoreThanAReadingShows(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		quiet := func(when string, reader Worker, write func()) {
			t.Helper()
			at := c.feed(t, reader, "").Next
			c.Advance(24 * time.Hour)
			write()
			if got := c.feed(t, reader, at); len(got.Items) != 0 {
				t.Errorf("%s: told %+v", when, got.Items)
			}
		}
		saw := func(w Worker, id string, version int64) func() {
			return func() { must(t, third(w.On(version).RecordContact(ctx, id, c.Today()))) }
		}
		medic, nurse := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		inside := medic.Start(handle)
		medic.free(medic.hold(handle, c.Today().AddDays(30)), true)
		nurse.Start(scan[string](t, c.World, "SELECT code FROM clients WHERE organisation_id = ?", string(c.Clinic.ID)))
		quiet("responsible by default", nurse, saw(medic, inside.ID, inside.Version))

		p := c.inCharge(t, 3)
		p.clinic.Start(p.atClinic)
		theirs := scan[string](t, c.World, "SELECT e.id FROM episodes e JOIN clients k ON k.id = e.client_id WHERE k.organisation_id = ? AND k.person_id = ?",
			string(c.NGO.ID), c.person(t, c.NGO, p.atNGO))
		quiet("a team, of what an NGO wrote", p.clinic, saw(p.ngo, theirs, 1))
	})
}

// An arrest shuts nothing that a clinic shared with an NGO, and keeps nothing of it out of the
// feed: a record that shuts would tell the NGO of the arrest, and end its care on that day.
func TestAttack_AnArrestShutsNothingTheCommunityShared(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, medic, outreach := c.As(models.RoleClinician, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth), c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
		_, handle, _ := c.Joined(medic, nurse, 1, c.Clinic)
		e := nurse.Start(handle)
		nurse.Give(handle, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		nurse.Give(handle, models.PurposeReferral, c.ColonyHealth)
		atNGO := outreach.Move(nurse.Refer(handle, Asking(c.NGO)), "acceptance").ClientCode
		see := func() string {
			t.Helper()
			at := c.feed(t, outreach, "").Next
			c.Advance(24 * time.Hour)
			var err error
			e, err = nurse.On(e.Version).RecordContact(ctx, e.ID, c.Today())
			must(t, err)
			_, read := shown(t, outreach, atNGO)[c.Clinic.ID]
			return fmt.Sprint(read, " ", len(c.feed(t, outreach, at).Items))
		}
		free := see()
		atColony := scan[string](t, c.World, "SELECT code FROM clients WHERE organisation_id = ?", string(c.ColonyHealth.ID))
		medic.hold(atColony, c.Today().AddDays(100))
		medic.Start(atColony)
		medic.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		if held := see(); held != free || free != "true 1" {
			t.Errorf("free %s, held %s", free, held)
		}
		if _, ok := shown(t, outreach, atNGO)[c.ColonyHealth.ID]; ok {
			t.Error("what the prison recorded opens without a pass")
		}
	})
}

func TestAttack_TheFeedTellsAnNGOWithoutAPassNothingOfTheHeld(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, outreach := c.As(models.RolePrisonMedical, c.ColonyHealth), c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
		handle := medic.Register(1)
		inside := medic.Start(handle)
		medic.Give(handle, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		outreach.Move(medic.Refer(handle, Asking(c.NGO)), "acceptance")
		spell := c.Hold(c.ColonyHealth, handle)
		at := c.feed(t, outreach, "").Next
		c.Advance(24 * time.Hour)
		e, err := medic.On(inside.Version).RecordContact(ctx, inside.ID, c.Today())
		must(t, err)
		if got := c.feed(t, outreach, at); len(got.Items) != 0 {
			t.Errorf("held: told %+v", got.Items)
		}
		c.Free(spell)
		c.Advance(24 * time.Hour)
		must(t, third(medic.On(e.Version).RecordContact(ctx, inside.ID, c.Today())))
		if got := c.feed(t, outreach, at); len(got.Items) != 1 || got.Items[0].Kind != "client" {
			t.Errorf("free: told %+v", got.Items)
		}
	})
}

// A guest site neither takes back what the home site gave nor goes on being told of it when
// the consent has ended; what it gives itself is recorded all the same.
func TestAttack_AGuestRewritesNothingAndIsToldNoMoreThanTheConsent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle := doctor.Register(1)
		k := doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o := doctor.Treat(handle, 60)
		home := doctor.Dose(o.ID, 60)
		d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest})
		_, err := poly.Act(t, d.ID, "confirmation", checked)
		must(t, err)
		c.Advance(24 * time.Hour)
		guest := poly.Dose(o.ID, 60)
		for w, theirs := range map[Worker]string{poly: home.ID, doctor: guest.ID} {
			_, _, err := w.New().RecordDose(ctx, o.ID, models.NewDose{Status: models.DoseError, At: c.Now(), Corrects: theirs}, dosing())
			wantError(t, err, models.KindInvalid, "dose.corrects_unknown")
		}
		before := poly.transfer(t, d.ID)
		if !before.Dose || before.LastDoseAt == nil || !before.LastDoseAt.Equal(guest.At) {
			t.Fatalf("with the consent: %+v", before)
		}
		doctor.Withdraw(k.ID)
		c.Advance(24 * time.Hour)
		at := c.feed(t, poly, "").Next
		doctor.Dose(o.ID, 60)
		after := poly.transfer(t, d.ID)
		if after.Dose || after.Version != before.Version || after.OrderID != o.ID {
			t.Errorf("without it: %+v", after)
		}
		if got := c.feed(t, poly, at); len(got.Items) != 0 {
			t.Errorf("told %+v", got.Items)
		}
		poly.Dose(o.ID, 5)
	})
}

// To be refused a join because the person has an order, or a stay, elsewhere is to be told
// of it: that stands in the trail and in the log of the organisation whose record it is.
func TestAttack_ARefusalThatTellsIsEntered(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		ngo, first, second := c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleNarcologist, c.Clinic), c.As(models.RoleNarcologist, c.Polyclinic)
		atNGO, atFirst, _ := c.Joined(ngo, first, 1, c.Clinic)
		o := first.Treat(atFirst, 60)
		own := second.Register(1)
		second.Treat(own, 60)
		ngo.Give(atNGO, models.PurposeReferral, c.Polyclinic)
		r := ngo.Refer(atNGO, Asking(c.Polyclinic))
		seq := c.lastSeq(t)
		_, err := second.TryMove(r.ID, r.Version, "acceptance", store.Acceptance{SameAs: own})
		wantError(t, err, models.KindConflict, "dose_order.active_elsewhere")
		if !slices.ContainsFunc(c.events(t, seq), func(e auditEvent) bool { return e.Action == "dose_order.clash" && slices.Contains(e.Objects, o.ID) }) {
			t.Errorf("the trail has %+v", c.events(t, seq))
		}
		if n := count(t, c.World, "disclosures WHERE client_id = ? AND recipient_id = ? AND ground = 'imminent_danger'", string(o.ClientID), string(c.Polyclinic.ID)); n != 1 {
			t.Errorf("%d entries of what the refusal told", n)
		}

		_, unit := c.prison("Second colony")
		medic, other := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		inside := medic.Register(3)
		medic.hold(inside, c.Today().AddDays(100))
		medic.Give(inside, models.PurposeReferral, unit)
		atOther := other.Move(medic.Refer(inside, Asking(unit)), "acceptance").ClientCode
		_, _, err = other.New().OpenSpell(ctx, atOther, models.NewSpell{Basis: "sentenced", Expected: true})
		wantError(t, err, models.KindConflict, "custody_spell.open_already")
		if n := count(t, c.World, "disclosures WHERE organisation_id = ? AND recipient_id = ? AND ground = 'custody'", string(c.ColonyHealth.ID), string(unit.ID)); n != 1 {
			t.Errorf("%d entries of the stay elsewhere", n)
		}
	})
}

// What a consent opened is gone from the telephones when it has run out as when it is
// withdrawn; and what its purpose never opened is not named by being taken away.
func TestAttack_AConsentThatRanOutTakesBackAllItOpened(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleNarcologist, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		for n, ended := range []string{"withdrawn", "expired"} {
			handle, atPoly, first := c.Joined(doctor, poly, 1+2*n, c.Polyclinic)
			doctor.Withdraw(first.ID)
			k, _, err := doctor.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID,
				Categories: []models.Category{models.CatDiagnosis, models.CatOAT}, Until: c.Today().AddDays(10)})
			must(t, err)
			e := doctor.Record(handle, diagnosisOn(c.Today(), "6C43.2"))
			doctor.Treat(handle, 60) // a referral's consent opens no order
			if seen := poly.entries(t, atPoly, models.EntryDiagnosis); !slices.Equal(seen, []string{e.EntryID}) {
				t.Fatalf("sees %v", seen)
			}
			at := c.feed(t, poly, "").Next
			if ended == "withdrawn" {
				doctor.Withdraw(k.ID)
			} else {
				c.Advance(12 * 24 * time.Hour)
			}
			got := c.feed(t, poly, at).Items
			if !slices.Contains(got, store.Change{Kind: "gone", Was: "entry", ID: e.EntryID}) {
				t.Errorf("%s: the copy stays: %+v", ended, got)
			}
			if slices.ContainsFunc(got, func(i store.Change) bool { return i.Was == "dose_order" }) {
				t.Errorf("%s: names an order that was never open: %+v", ended, got)
			}
		}
	})
}

// A hand-over is logged on the consent that opens it, not on another that names the reader.
func TestAttack_AHandoverIsLoggedOnTheConsentThatOpensIt(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic, outreach := c.As(models.RolePrisonMedical, c.ColonyHealth), c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
		handle := medic.Register(1)
		medic.Give(handle, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		outreach.Move(medic.Refer(handle, Asking(c.NGO)), "acceptance")
		opens := medic.Give(handle, models.PurposeReferral, c.NGO, models.CatReleasePlan)
		medic.Give(handle, models.PurposeReferral, c.NGO, models.CatNaloxone)
		medic.free(medic.hold(handle, c.Today().AddDays(30)), true)
		c.behind("UPDATE release_cases SET receiver_id = ''") // somebody else's in the end
		page, err := outreach.New().ListHandovers(ctx, store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 1 {
			t.Fatalf("%d hand-overs", len(page.Items))
		}
		if n := count(t, c.World, "disclosures WHERE recipient_id = ? AND consent_id = ? AND categories LIKE '%releasePlan%'", string(c.NGO.ID), opens.ID); n != 1 {
			t.Errorf("%d entries on the consent", n)
		}
	})
}
