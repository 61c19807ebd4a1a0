package storetest

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// These tests write through the use cases and compare the rows of counting field by field
// with what was written: a row that arrives wrong makes a number wrong without a sound.

// theOne is the only person that was counted.
func (k *counter) theOne(t *testing.T) models.ClientRows {
	t.Helper()
	if len(k.clients) != 1 {
		t.Fatalf("%d persons", len(k.clients))
	}
	return k.clients[0]
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestRelease_CountsCustody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNarcologist, c.Clinic)
		inside, outside, _ := c.Joined(health, clinic, 1, c.Clinic)
		health.Start(inside) // at 41
		began := c.Today()
		held := health.hold(inside, began.AddDays(1)) // admitted ten days ago, recorded today
		c.counted(t, steward, k, "2026Q1")
		stay := models.CustodyRow{Region: "KZ-75", Sex: "M", AgeAtExit: -1, Admitted: began.AddDays(-10), KnownOn: began}
		same(t, "held", k.theOne(t).Custody, []models.CustodyRow{stay})

		c.Advance(72 * time.Hour)
		order := clinic.Treat(outside, 60)
		taken := given(c.Now().Add(-24*time.Hour), 60)
		taken.GuardReason = "tolerance_known"
		_, _, err := clinic.New().RecordDose(ctx, order.ID, taken, dosing())
		must(t, err)
		now, err := health.New().GetSpell(ctx, held.ID)
		must(t, err)
		release := c.freed(true)
		release.At, release.ExitRegion, release.NaloxoneOnRelease = c.Now().Add(-48*time.Hour), "KZ-71", "refused"
		_, err = health.On(now.Version).ReleaseFromCustody(ctx, held.ID, release)
		must(t, err)
		c.counted(t, steward, k, "2026Q2")
		stay.AgeAtExit = 41
		stay.Exit, stay.ExitKnownOn = began.AddDays(1), began.AddDays(3)
		stay.ExitReason, stay.ExitRegion, stay.Naloxone = "released", "KZ-71", "refused"
		stay.CommunityDoseOn, stay.CommunityDoseKnownOn = began.AddDays(2), began.AddDays(3)
		same(t, "released", k.theOne(t).Custody, []models.CustodyRow{stay})

		// Expected back, admitted again, escaped: nobody is counted before the admission.
		back, _, err := health.New().OpenSpell(ctx, inside, models.NewSpell{Basis: "pre_trial", Expected: true})
		must(t, err)
		c.counted(t, steward, k, "2026Q3")
		same(t, "expected", k.theOne(t).Custody, []models.CustodyRow{stay})
		for version, move := range []string{"admission", "escape"} {
			at := c.Now()
			_, err = health.On(back.Version+int64(version)).MoveSpell(ctx, back.ID, move, &at)
			must(t, err)
			c.Advance(24 * time.Hour)
		}
		c.counted(t, steward, k, "2026Q4")
		got := k.theOne(t).Custody
		slices.SortFunc(got, func(a, b models.CustodyRow) int { return cmp.Compare(a.Admitted, b.Admitted) })
		same(t, "escaped", got, []models.CustodyRow{stay, {
			Region: "KZ-75", Sex: "M", AgeAtExit: 41, Admitted: began.AddDays(3), KnownOn: began.AddDays(3),
			Exit: began.AddDays(4), ExitKnownOn: began.AddDays(4), ExitReason: "other",
		}})
	})
}

// A dose in custody, before the release or long after it, is no dose of the community soon after.
func TestRelease_CountsNoOtherDoseAfterCustody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNarcologist, c.Clinic)
		inside, outside, _ := c.Joined(health, clinic, 1, c.Clinic)
		order := clinic.Treat(outside, 60)
		clinic.Dose(order.ID, 60)
		c.Advance(48 * time.Hour)
		health.free(health.hold(inside, c.Today()), true)
		c.Advance(4 * 24 * time.Hour)
		clinic.Dose(order.ID, 60)
		alone := health.Register(3)
		health.free(health.hold(alone, c.Today()), true)
		health.Dose(health.Treat(alone, 60).ID, 60) // on the day of the release, by the prison's own unit
		c.counted(t, steward, k, "2026Q2")
		if len(k.clients) != 2 {
			t.Fatalf("%d persons", len(k.clients))
		}
		for _, rows := range k.clients {
			if len(rows.Custody) != 1 || rows.Custody[0].Exit == "" || rows.Custody[0].CommunityDoseOn != "" || len(rows.OAT) != 1 || len(rows.OAT[0].Doses) == 0 {
				t.Errorf("%+v", rows)
			}
		}
	})
}

func TestRelease_CountsOverdosesAndNaloxone(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		age := doctor.Start(handle).AgeAtStart
		began := c.Today()
		c.Advance(72 * time.Hour)

		event := c.overdose()
		event.At, event.Region = c.Now().Add(-48*time.Hour), "KZ-71" // where it happened, which is not where it is counted
		died := doctor.Report(handle, event)
		_, err := doctor.On(1).MoveOverdose(ctx, died.ID, "death", models.OverdoseMove{})
		must(t, err)
		event.At, event.Outcome = c.Now().Add(-24*time.Hour), "unknown"
		doctor.Report(handle, event)
		doctor.Report("", event) // nobody known

		move := func(id string, version int64, name string, on models.Date, client string) {
			t.Helper()
			_, err := doctor.On(version).MoveKit(ctx, id, name, models.KitMove{On: on}, store.KitSubject{ClientCode: client})
			must(t, err)
		}
		var kits []string
		for range 5 {
			kit, _, err := doctor.New().StockKit(ctx, models.NewNaloxoneKit{Lot: "NX-7", ExpiresOn: c.Today().AddDays(90)})
			must(t, err)
			kits = append(kits, kit.ID) // the first stays in stock
		}
		move(kits[1], 1, "handover", c.Today(), "") // to somebody unknown
		move(kits[2], 1, "use", c.Today(), handle)  // on the client, and never given to anybody
		move(kits[3], 1, "handover", c.Today().AddDays(-1), handle)
		move(kits[4], 1, "handover", c.Today(), handle)
		move(kits[4], 2, "use", c.Today(), "") // it was given all the same

		c.counted(t, steward, k, "2026Q3")
		got := k.theOne(t).Entries
		slices.SortFunc(got, func(a, b models.EntryRow) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.On, b.On)) })
		row := func(kind, result string, on, known models.Date) models.EntryRow {
			return models.EntryRow{
				Kind: kind, Result: result, Quantity: 1, Region: "KZ-75", Sector: k.theOne(t).Episodes[0].Sector, Sex: "M", Age: age, On: on, KnownOn: known,
			}
		}
		same(t, "entries", got, []models.EntryRow{
			row(models.RowNaloxone, "", began.AddDays(2), ""), // when it was entered is not kept
			row(models.RowNaloxone, "", began.AddDays(3), ""),
			row(models.RowOverdose, "died", began.AddDays(1), began.AddDays(3)),
			row(models.RowOverdose, "unknown", began.AddDays(2), began.AddDays(3)),
		})
	})
}

// One client a case, whose order has a dose of its own, so that the rows can be told apart.
func TestRelease_CountsDosesThatWereKept(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		day := c.Today()
		var order *store.SeenDoseOrder
		record := func(n models.NewDose) *models.DoseEvent {
			t.Helper()
			e, _, err := doctor.New().RecordDose(ctx, order.ID, n, dosing())
			must(t, err)
			c.Advance(time.Minute)
			return e
		}
		dose := func(mg int64, takeHome int) *models.DoseEvent {
			t.Helper()
			n := given(c.Now(), mg)
			n.GuardReason, n.TakeHomeDays = "tolerance_known", takeHome
			return record(n)
		}
		vomited := func() *models.DoseEvent {
			t.Helper()
			return record(models.NewDose{Status: models.DoseVomited, At: c.Now(), Witnessed: true})
		}
		one := []models.DoseRun{{From: day, To: day, KnownOn: day}}
		cases := []struct {
			name string
			do   func(mg int64)
			want []models.DoseRun
		}{
			{"given", func(mg int64) { dose(mg, 0) }, one},
			{"given, vomited", func(mg int64) { dose(mg, 0); vomited() }, nil},
			{"given, vomited at the same moment", func(mg int64) {
				at := c.Now()
				dose(mg, 0)
				record(models.NewDose{Status: models.DoseVomited, At: at, Witnessed: true})
			}, nil},
			{"given, vomited, given again", func(mg int64) { dose(mg, 0); vomited(); dose(mg, 0) }, one},
			{"given, vomited twice", func(mg int64) { dose(mg, 0); vomited(); dose(mg, 0); vomited() }, nil},
			{"given, vomiting entered in error", func(mg int64) {
				dose(mg, 0)
				record(models.NewDose{Status: models.DoseError, At: c.Now(), Corrects: vomited().ID})
			}, one},
			{"given in error", func(mg int64) {
				record(models.NewDose{Status: models.DoseError, At: c.Now(), Corrects: dose(mg, 0).ID})
			}, nil},
			{"missed", func(int64) { record(models.NewDose{Status: models.DoseMissed, At: c.Now()}) }, nil},
			{"two days taken home", func(mg int64) { dose(mg, 2) }, []models.DoseRun{{From: day, To: day.AddDays(2), KnownOn: day}}},
			{"entered for the day before", func(mg int64) {
				n := given(c.Now().Add(-24*time.Hour), mg)
				n.GuardReason = "tolerance_known"
				record(n)
			}, []models.DoseRun{{From: day.AddDays(-1), To: day.AddDays(-1), KnownOn: day}}},
		}
		for i, x := range cases {
			mg := int64(40 + i)
			order = doctor.Treat(doctor.Register(i), mg)
			x.do(mg)
		}
		c.counted(t, steward, k, "2026Q3")
		if len(k.clients) != len(cases) {
			t.Fatalf("%d persons", len(k.clients))
		}
		for _, rows := range k.clients {
			o := rows.OAT[0]
			x := cases[o.Phases[0].DailyUg/1000-40]
			same(t, x.name, o.Doses, x.want)
			same(t, x.name+", phases", o.Phases, []models.DosePhase{{From: day.AddDays(-7), KnownOn: day, Phase: "maintenance", DailyUg: o.Phases[0].DailyUg}})
		}
	})
}

func TestRelease_CountsTheReferralThatLedToTreatment(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		nurse, clinic, poly := c.As(models.RoleNGOCoordinator, c.NGO), c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Clinic)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		day := c.Today()
		next := func() { c.Advance(24 * time.Hour) }

		other := poly.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance") // of another organisation
		lost := clinic.Move(nurse.Refer(handle, Asking(c.Clinic)), "acceptance")
		clinic.Move(clinic.Move(clinic.Move(lost, "no-show"), "re-engagement"), "closure") // before the treatment: it led nowhere
		next()
		led := nurse.Refer(handle, Asking(c.Clinic))
		next()
		accepted := clinic.Move(led, "acceptance")
		next()
		clinic.Move(accepted, "attendance")
		clinic.Start(accepted.ClientCode)
		nurse.Start(handle) // the sender's own treatment was referred by nobody
		next()
		clinic.Move(nurse.Refer(handle, Asking(c.Clinic)), "acceptance") // after the start
		c.counted(t, steward, k, "2026Q3")
		rows := k.theOne(t)
		on := map[string]models.Date{}
		for _, e := range rows.Episodes {
			on[e.CentreType] = e.ReferredOn
		}
		same(t, "referred on", on, map[string]models.Date{"1": day.AddDays(1), "5": ""})

		slices.SortFunc(rows.Referrals, func(a, b models.ReferralRow) int {
			return cmp.Or(cmp.Compare(a.SentOn, b.SentOn), cmp.Compare(a.ClosedOn, b.ClosedOn))
		})
		from, to := "", ""
		for _, e := range rows.Episodes {
			if e.CentreType == "1" {
				to = e.Sector
			} else {
				from = e.Sector
			}
		}
		row := func(sent models.Date) models.ReferralRow {
			return models.ReferralRow{Region: "KZ-75", FromSector: from, ToSector: to, Reason: "release", SentOn: sent, KnownOn: sent}
		}
		open, closed, attended, late := row(day), row(day), row(day.AddDays(1)), row(day.AddDays(4))
		closed.ClosedOn = day
		attended.AttendedOn, attended.AttendedKnownOn, attended.ClosedOn = day.AddDays(3), day.AddDays(3), day.AddDays(3)
		same(t, "referrals", rows.Referrals, []models.ReferralRow{open, closed, attended, late})

		// Still open at the receiver when the treatment begins there: it led to it, if it is not over a year old.
		poly.Start(other.ClientCode)
		c.counted(t, steward, k, "2026Q4")
		for _, e := range k.theOne(t).Episodes {
			if e.CentreType == "2" && e.ReferredOn != day {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestRelease_CountsNoReferralOlderThanAYear(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		clinic, poly := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		_, there, _ := c.Joined(clinic, poly, 1, c.Polyclinic)
		c.Advance(367 * 24 * time.Hour)
		poly.Start(there)
		c.counted(t, steward, k, "2026Q3")
		if e := k.theOne(t).Episodes; len(e) != 1 || e[0].ReferredOn != "" {
			t.Errorf("%+v", e)
		}
	})
}

// A contact that was missed, an entry struck out and a version that was corrected are not counted.
func TestRelease_CountsEntriesThatStand(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		handle := doctor.Register(1)
		doctor.Start(handle)
		c.Advance(24 * time.Hour)
		contact := func(syringes int, appointment string) *models.Contact {
			return &models.Contact{On: c.Today(), Intervention: "NSP", Setting: "community", Appointment: appointment, Syringes: syringes}
		}
		doctor.Record(handle, contact(0, "missed"))
		struck, corrected := doctor.Record(handle, contact(10, "attended")), doctor.Record(handle, contact(20, "attended"))
		_, err := doctor.On(1).CorrectEntry(ctx, struck.EntryID, models.EnteredInError, nil)
		must(t, err)
		_, err = doctor.On(1).CorrectEntry(ctx, corrected.EntryID, "entry_error", contact(30, "attended"))
		must(t, err)
		c.counted(t, steward, k, "2026Q3")
		rows := k.theOne(t)
		if len(rows.Entries) != 1 || rows.Entries[0].Quantity != 30 || len(rows.Episodes[0].Contacts) != 1 {
			t.Errorf("%+v %+v", rows.Entries, rows.Episodes[0].Contacts)
		}
	})
}

// A dose covers the days until the next one is due.
func TestRelease_CountsTheDaysThatADoseCovers(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		day := c.Today()
		for i, n := range []models.NewDoseOrder{
			{Medicine: "buprenorphine", Schedule: "alternate_day", DoseUg: 16_000}, {Medicine: "buprenorphine_depot", Schedule: "weekly_depot", DoseUg: 24_000},
			{Medicine: "buprenorphine_depot", Schedule: "monthly_depot", DoseUg: 96_000},
		} {
			n.Phase, n.From, n.IdentityChecked, n.GuardReason = "maintenance", day.AddDays(-7), true, "verified_elsewhere"
			order, _, err := doctor.New().CreateDoseOrder(ctx, doctor.Register(i), n, dosing())
			must(t, err)
			dose := models.NewDose{Status: models.DoseGiven, At: c.Now(), DoseUg: n.DoseUg, HasDose: true, Witnessed: true, GuardReason: "tolerance_known"}
			_, _, err = doctor.New().RecordDose(ctx, order.ID, dose, dosing())
			must(t, err)
		}
		c.counted(t, steward, k, "2026Q3")
		var got []models.DoseRun
		for _, rows := range k.clients {
			got = append(got, rows.OAT[0].Doses...)
		}
		slices.SortFunc(got, func(a, b models.DoseRun) int { return cmp.Compare(a.To, b.To) })
		same(t, "doses", got, []models.DoseRun{
			{From: day, To: day.AddDays(1), KnownOn: day}, {From: day, To: day.AddDays(6), KnownOn: day}, {From: day, To: day.AddDays(27), KnownOn: day},
		})
	})
}
