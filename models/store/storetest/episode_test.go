package storetest

import (
	"sync/atomic"
	"testing"

	"jol/models"
	"jol/models/store"
)

func TestEpisode_IsWhatWasEntered(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		n := Treatment("2026-03-31")
		n.Protocol = "demo"
		e, _, err := nurse.New().StartEpisode(ctx, handle, n, "demo-2026")
		must(t, err)
		got, err := nurse.New().GetEpisode(ctx, e.ID)
		must(t, err)
		if got.StartDate != "2026-03-31" || got.LastContact != "2026-03-31" || !got.Open() || got.Edition != "demo-2026" || got.Sex != "M" ||
			got.AgeAtStart != 2026-1985-1 /* before July */ || got.CentreType != "1" || !got.Structured || got.ClientCode != handle || got.PrimaryDrug != "11" || !got.Whole {
			t.Fatalf("%+v", got)
		}
		list, err := nurse.New().ListEpisodes(ctx, handle, store.Paging{Limit: 50})
		if err != nil || len(list.Items) != 1 || list.Items[0].ID != e.ID {
			t.Fatalf("%+v %v", list, err)
		}
		no := false
		n.Structured = &no
		other := nurse.Register(2)
		plain, _, err := nurse.New().StartEpisode(ctx, other, n, "")
		must(t, err)
		if plain.Structured {
			t.Fatal("an episode said to be unstructured is structured")
		}
	})
}

func TestEpisode_OneIsOpen(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		var made, refused atomic.Int32
		together(8, func(int) {
			switch _, _, err := nurse.New().StartEpisode(ctx, handle, Treatment(c.Today()), ""); {
			case err == nil:
				made.Add(1)
			case models.IsKind(err, models.KindConflict):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if made.Load() != 1 || refused.Load() != 7 {
			t.Fatalf("%d made, %d refused", made.Load(), refused.Load())
		}
		_, _, err := nurse.New().StartEpisode(ctx, handle, Treatment(c.Today()), "")
		wantError(t, err, models.KindConflict, "episode.open_already")
		list, err := nurse.New().ListEpisodes(ctx, handle, store.Paging{Limit: 50})
		must(t, err)
		_, err = nurse.On(1).CloseEpisode(ctx, list.Items[0].ID, models.EpisodeClosure{On: c.Today(), Reason: "5"})
		must(t, err)
		nurse.Start(handle)
	})
}

func TestEpisode_EntryIsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		yes := true
		for _, bad := range []struct {
			code   string
			change func(*models.NewEpisode)
		}{
			{"episode.start_not_a_date", func(n *models.NewEpisode) { n.StartDate = "2026-02-30" }},
			{"episode.start_before_birth", func(n *models.NewEpisode) { n.StartDate = "1984-12-31" }},
			{"episode.start_before_birth", func(n *models.NewEpisode) { n.StartDate = "1900-01-01" }},
			{"episode.start_in_future", func(n *models.NewEpisode) { n.StartDate = c.Today().AddDays(1) }},
			{"episode.organisation_gives_no_structured_treatment", func(n *models.NewEpisode) { n.Structured = &yes }},
			{"episode.code_not_in_list", func(n *models.NewEpisode) { n.LegalBasis = "" }},
			{"episode.code_not_in_list", func(n *models.NewEpisode) { n.PreviousTreatment = "3" }},
			{"episode.code_not_in_list", func(n *models.NewEpisode) { n.ReferralSource = "9" }},
			{"episode.code_not_in_list", func(n *models.NewEpisode) { n.PrimaryDrug = "heroin" }},
			{"episode.code_not_in_list", func(n *models.NewEpisode) { n.Route = "" }},
			{"episode.code_not_in_list", func(n *models.NewEpisode) { n.Route, n.Injecting = "2", "2" }},
			{"episode.route_implies_injecting", func(n *models.NewEpisode) { n.Injecting = "1" }},
		} {
			ngo := c.As(models.RoleNGOOutreach, c.NGO)
			n := Treatment(c.Today())
			bad.change(&n)
			_, _, err := ngo.New().StartEpisode(ctx, ngo.Register(1), n, "")
			wantError(t, err, models.KindInvalid, bad.code)
		}
	})
}

func TestEpisode_MayStartInTheYearOfBirth(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e, _, err := nurse.New().StartEpisode(ctx, nurse.Register(1), Treatment("1985-07-01"), "")
		must(t, err)
		if e.AgeAtStart != 0 {
			t.Fatalf("%d years old at birth", e.AgeAtStart)
		}
	})
}

func TestEpisode_KeepsTheLastContact(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		e, _, err := nurse.New().StartEpisode(ctx, nurse.Register(1), Treatment("2026-09-01"), "")
		must(t, err)
		contact := func(w Worker, version int64, on models.Date) error {
			_, err := w.On(version).RecordContact(ctx, e.ID, on)
			return err
		}
		want := func(version int64, last models.Date) {
			t.Helper()
			got, err := nurse.New().GetEpisode(ctx, e.ID)
			must(t, err)
			if got.Version != version || got.LastContact != last {
				t.Fatalf("version %d, last contact %s; want %d, %s", got.Version, got.LastContact, version, last)
			}
		}
		want(1, "2026-09-01")
		seq := c.lastSeq(t)
		seen, err := nurse.On(1).RecordContact(ctx, e.ID, "2026-09-20")
		must(t, err)
		if seen.Version != 2 || seen.LastContact != "2026-09-20" || !seen.Open() {
			t.Fatalf("%+v", seen)
		}
		if events := c.events(t, seq); len(events) != 1 || events[0].Action != "episode.contact" || events[0].Outcome != "ok" || events[0].Objects[0] != e.ID {
			t.Fatalf("%+v", events)
		}
		must(t, contact(nurse, 2, "2026-09-10")) // entered late
		want(3, "2026-09-20")
		must(t, contact(nurse.Colleague(), 3, "2026-09-01"))
		want(4, "2026-09-20")
		for _, bad := range []struct {
			on   models.Date
			code string
		}{
			{"2026-08-31", "episode.contact_before_start"}, {c.Today().AddDays(1), "episode.contact_in_future"},
			{"2026-02-30", "episode.contact_not_a_date"}, {"", "episode.contact_not_a_date"},
		} {
			wantError(t, contact(nurse, 4, bad.on), models.KindInvalid, bad.code)
		}
		for _, old := range []int64{0, 3, 5} {
			wantError(t, contact(nurse, old, c.Today()), models.KindPreconditionFailed, "precondition.version")
		}
		for _, stranger := range []Worker{c.As(models.RoleNurse, c.Polyclinic), c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleAdministrator, c.Clinic)} {
			wantError(t, contact(stranger, 4, c.Today()), models.KindNotFound, "episode.not_found")
		}
		want(4, "2026-09-20")
		must(t, contact(nurse, 4, c.Today())) // today in Almaty is today
		want(5, c.Today())
		_, err = nurse.On(5).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
		must(t, err)
		wantError(t, contact(nurse, 6, c.Today()), models.KindConflict, "episode.closed")
		want(6, c.Today())
	})
}

func TestEpisode_TransferNeedsAnAcceptance(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		e := nurse.Start(handle)
		end := func(version int64, on models.Date, reason string) error {
			_, err := nurse.On(version).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: on, Reason: reason})
			return err
		}
		for _, reason := range []string{"3", "4"} {
			wantError(t, end(1, c.Today(), reason), models.KindConflict, "episode.transfer_not_accepted")
		}
		r := nurse.Refer(handle, Asking(c.Polyclinic))
		wantError(t, end(1, c.Today(), "3"), models.KindConflict, "episode.transfer_not_accepted")
		other.Move(r, "acceptance")
		wantError(t, end(1, c.Today(), "9"), models.KindInvalid, "episode.reason_of_the_inactivity_rule")
		wantError(t, end(1, c.Today(), "77"), models.KindInvalid, "episode.code_not_in_list")
		wantError(t, end(1, c.Today().AddDays(1), "3"), models.KindInvalid, "episode.end_in_future")
		wantError(t, end(1, c.Today().AddDays(-1), "3"), models.KindInvalid, "episode.end_before_start")
		wantError(t, end(2, c.Today(), "3"), models.KindPreconditionFailed, "precondition.version")
		must(t, end(1, c.Today(), "3"))
		wantError(t, end(2, c.Today(), "3"), models.KindConflict, "episode.closed")
		got, err := nurse.New().GetEpisode(ctx, e.ID)
		must(t, err)
		if got.EndDate != c.Today() || got.EndReason != "3" || got.Version != 2 {
			t.Fatalf("%+v", got)
		}
	})
}

func TestEpisode_BelongsToItsOrganisation(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, atClinic, _, health, clinic, _ := threeRecords(c)
		e := health.Start(health.Register(2))
		clinic.Start(atClinic)
		_, err := clinic.New().GetEpisode(ctx, e.ID)
		wantError(t, err, models.KindNotFound, "episode.not_found")
		_, err = clinic.On(1).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
		wantError(t, err, models.KindNotFound, "episode.not_found")
		_, err = clinic.On(1).RecordContact(ctx, e.ID, c.Today())
		wantError(t, err, models.KindNotFound, "episode.not_found")
		_, err = c.As(models.RolePeerNavigator, c.NGO).New().GetEpisode(ctx, e.ID)
		wantError(t, err, models.KindNotFound, "episode.not_found")
	})
}
