package storetest

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

func (c *Country) overdose() models.NewOverdose {
	return models.NewOverdose{Region: "KZ-75", Place: "street", At: c.Now(), Substances: []string{"11"}, NaloxoneDoses: 2, Ambulance: "yes", Outcome: "survived"}
}

// Report reports an overdose.
func (w Worker) Report(handle string, n models.NewOverdose) *store.SeenOverdose {
	w.country.t.Helper()
	o, _, err := w.New().ReportOverdose(ctx, handle, n)
	must(w.country.t, err)
	return o
}

func TestOverdose_TwoPartsTwoConsents(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		atClinic, atNGO, _ := c.Joined(doctor, ngo, 1, c.NGO)
		o := doctor.Report(atClinic, c.overdose())
		if !o.Whole || o.ClientCode != atClinic || o.State != models.OverdoseSurvived {
			t.Fatalf("%+v", o)
		}
		look := func(when string, seen, whole bool) {
			t.Helper()
			got, err := ngo.New().GetOverdose(ctx, o.ID)
			path, err2 := ngo.New().GetPathway(ctx, atNGO)
			must(t, err2)
			if !seen {
				wantError(t, err, models.KindNotFound, "overdose.not_found")
				if len(path.Overdoses) != 0 {
					t.Errorf("%s: the pathway shows it", when)
				}
				return
			}
			must(t, err)
			if got.Whole != whole || got.ClientCode != "" || len(path.Overdoses) != 1 || path.Overdoses[0].Whole != whole {
				t.Errorf("%s: %+v", when, got)
			}
		}
		look("no category", false, false)
		event := doctor.Give(atClinic, models.PurposeReferral, c.NGO, models.CatOverdoseEvent)
		look("place and time", true, false)
		both := doctor.Give(atClinic, models.PurposeReferral, c.NGO, models.CatOverdoseEvent, models.CatOverdoseClinical)
		look("the clinical part", true, true)
		if n := count(t, c.World, "disclosures WHERE consent_id IN (?, ?)", event.ID, both.ID); n != 4 {
			t.Errorf("%d disclosures of four reads", n)
		}
		page, err := ngo.New().ListOverdoses(ctx, store.Paging{Limit: 9})
		if err != nil || len(page.Items) != 0 {
			t.Error("another's report is listed as the NGO's own")
		}
		_, err = ngo.On(1).MoveOverdose(ctx, o.ID, "death", models.OverdoseMove{})
		wantError(t, err, models.KindNotFound, "overdose.not_found")
		doctor.Withdraw(event.ID)
		doctor.Withdraw(both.ID)
		look("after the withdrawals", false, false)
	})
}

// Security reports where and when; neither it nor management sees more, and nobody else
// sees its report.
func TestOverdose_SecurityReportsPlaceAndTime(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		guard, head := c.As(models.RolePrisonSecurity, c.Colony), c.As(models.RolePrisonManagement, c.Colony)
		medical := c.As(models.RolePrisonMedical, c.ColonyHealth)
		handle := medical.Register(1)
		place := models.NewOverdose{Region: "KZ-75", Place: "custody", At: c.Now()}
		_, _, err := guard.New().ReportOverdose(ctx, handle, place)
		wantError(t, err, models.KindInvalid, "overdose.place_and_time_only")
		_, _, err = guard.New().ReportOverdose(ctx, "", c.overdose())
		wantError(t, err, models.KindInvalid, "overdose.place_and_time_only")
		o := guard.Report("", place)
		clinical := medical.Report(handle, c.overdose())
		for _, w := range []Worker{guard, head} {
			seen, err := w.New().GetOverdose(ctx, o.ID)
			must(t, err)
			page, err := w.New().ListOverdoses(ctx, store.Paging{Limit: 9})
			must(t, err)
			if seen.Whole || len(page.Items) != 1 || page.Items[0].Whole {
				t.Errorf("%s sees %+v", w.Actor.Role, seen)
			}
			_, err = w.New().GetOverdose(ctx, clinical.ID)
			wantError(t, err, models.KindNotFound, "overdose.not_found")
		}
		_, err = medical.New().GetOverdose(ctx, o.ID)
		wantError(t, err, models.KindNotFound, "overdose.not_found")
	})
}

// The second overdose in a place proposes one alert, whoever reported the first.
func TestOverdose_TwoInOnePlaceProposeAnAlert(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		coordinator := c.As(models.RoleProgrammeCoordinator, c.Ministry)
		proposals := func() int { return count(t, c.World, "alerts WHERE state = 'proposed'") }
		doctor.Report("", c.overdose())
		elsewhere := c.overdose()
		elsewhere.Place = "home"
		ngo.Report("", elsewhere)
		far := c.overdose()
		far.Region = "KZ-71"
		ngo.Report("", far)
		c.Advance(models.ClusterWindow + time.Millisecond)
		ngo.Report("", c.overdose())
		if proposals() != 0 {
			t.Fatal("overdoses apart propose an alert")
		}
		c.Advance(models.ClusterWindow)
		ngo.Report("", c.overdose())
		doctor.Report("", c.overdose())
		if proposals() != 1 {
			t.Fatalf("%d proposals, want 1", proposals())
		}
		page, err := coordinator.New().ListAlerts(ctx, "", store.Paging{Limit: 9})
		must(t, err)
		a := page.Items[0]
		if a.Kind != "overdose_cluster" || a.OrganisationID != "" || len(a.Substances) != 0 || a.Note != "" || a.Place != "street" {
			t.Errorf("the proposal tells %+v", a)
		}
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				if !grantsOf(role).Has(models.CatAlert, models.Read) {
					continue
				}
				w, may := c.As(role, o), role == models.RoleProgrammeCoordinator
				_, err := w.New().GetAlert(ctx, a.ID)
				list, err2 := w.New().ListAlerts(ctx, "", store.Paging{Limit: 9})
				must(t, err2)
				if may != (err == nil) || may != (len(list.Items) == 1) || may != c.toldOfAlert(t, w, a.ID) {
					t.Errorf("%s sees the proposal: %v", role, err)
				}
				if !may && grantsOf(role).Has(models.CatAlert, models.Change) { // a proposal is nobody's own
					_, err := w.On(1).RetractAlert(ctx, a.ID, "over")
					wantError(t, err, models.KindNotFound, "alert.not_found")
				}
			}
		}
		text := models.AlertText{Advice: []string{"carry_naloxone"}, ValidUntil: c.Today().AddDays(7)}
		issued, err := coordinator.On(1).IssueProposal(ctx, a.ID, text)
		must(t, err)
		if issued.State != models.AlertIssued || issued.OrganisationID != c.Ministry.ID {
			t.Errorf("%+v", issued)
		}
		peer := c.As(models.RolePeerNavigator, c.NGO)
		if _, err := peer.New().GetAlert(ctx, a.ID); err != nil {
			t.Errorf("an issued alert does not reach a peer: %v", err)
		}
		if told := count(t, c.World, "changes WHERE kind = 'alert' AND record_id = ? AND organisation_id = ?", a.ID, string(c.NGO.ID)); told != 1 {
			t.Errorf("the NGO was told %d times: of the alert, not of its proposal", told)
		}
		c.Advance(8 * 24 * time.Hour)
		_, err = peer.New().GetAlert(ctx, a.ID)
		wantError(t, err, models.KindNotFound, "alert.not_found")
		ngo.Report("", c.overdose())
		if proposals() != 0 {
			t.Error("one overdose, long after, proposes an alert")
		}
	})
}

// Two reports at once are two reports: neither misses the other.
func TestOverdose_ReportsAtOnceProposeOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		n := c.overdose()
		together(4, func(i int) {
			w := c.As([]models.Role{models.RoleClinician, models.RoleNurse}[i%2], []*models.Organisation{c.Clinic, c.Polyclinic}[i/2])
			if _, _, err := w.New().ReportOverdose(ctx, "", n); err != nil {
				t.Error(err)
			}
		})
		if got := count(t, c.World, "alerts WHERE state = 'proposed'"); got != 1 {
			t.Errorf("%d proposals, want 1", got)
		}
	})
}

func TestOverdose_FollowUpAndOffers(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		req := Key("overdose")
		o, _, err := doctor.With(req).ReportOverdose(ctx, handle, c.overdose())
		must(t, err)
		if again, out, err := doctor.With(req).ReportOverdose(ctx, handle, c.overdose()); err != nil || !out.Replayed || again.ID != o.ID {
			t.Errorf("%v %+v", err, out)
		}
		if got := o.Offers(o.HasKit); !slices.Equal(got, []string{"naloxone_refill", "oat_fast_track"}) {
			t.Errorf("offers %v", got)
		}
		kit, _, err := doctor.New().StockKit(ctx, models.NewNaloxoneKit{Lot: "NX-7", ExpiresOn: c.Today().AddDays(90)})
		must(t, err)
		given, err := doctor.On(1).MoveKit(ctx, kit.ID, "handover", models.KitMove{On: c.Today()}, store.KitSubject{ClientCode: handle})
		must(t, err)
		seen, err := doctor.New().GetOverdose(ctx, o.ID)
		must(t, err)
		if !seen.HasKit || given.ClientCode != handle {
			t.Errorf("the refill is still offered: %+v", seen)
		}
		c.Advance(24 * time.Hour)
		_, err = doctor.On(7).MoveOverdose(ctx, o.ID, "follow-up", models.OverdoseMove{On: c.Today()})
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		moved, err := doctor.On(1).MoveOverdose(ctx, o.ID, "follow-up", models.OverdoseMove{On: c.Today()})
		must(t, err)
		if moved.State != models.OverdoseFollowUp || moved.FollowedUpOn != c.Today() || moved.Version != 2 {
			t.Errorf("%+v", moved)
		}
		_, err = doctor.On(2).MoveOverdose(ctx, o.ID, "survival", models.OverdoseMove{})
		wantError(t, err, models.KindConflict, "overdose.not_possible")
		used, err := doctor.On(2).MoveKit(ctx, kit.ID, "use", models.KitMove{On: c.Today()}, store.KitSubject{Overdose: o.ID})
		must(t, err)
		if used.OverdoseID != o.ID || used.State != models.KitUsed {
			t.Errorf("%+v", used)
		}
	})
}

// A kit is its organisation's; an overdose that it names must be too.
func TestKit_IsTheIssuersOwn(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		peer := c.As(models.RolePeerNavigator, c.NGO)
		kit, _, err := nurse.New().StockKit(ctx, models.NewNaloxoneKit{Lot: "NX-7", ExpiresOn: c.Today()})
		must(t, err)
		for _, w := range []Worker{other, peer} {
			_, err := w.New().GetKit(ctx, kit.ID)
			wantError(t, err, models.KindNotFound, "naloxone_kit.not_found")
			_, err = w.On(1).MoveKit(ctx, kit.ID, "loss", models.KitMove{On: c.Today()}, store.KitSubject{})
			wantError(t, err, models.KindNotFound, "naloxone_kit.not_found")
			page, err := w.New().ListKits(ctx, "", store.Paging{Limit: 9})
			if err != nil || len(page.Items) != 0 {
				t.Errorf("%s lists %d kits", w.Actor.Role, len(page.Items))
			}
		}
		foreign := other.Report("", c.overdose())
		_, err = nurse.On(1).MoveKit(ctx, kit.ID, "use", models.KitMove{On: c.Today()}, store.KitSubject{Overdose: foreign.ID})
		wantError(t, err, models.KindNotFound, "overdose.not_found")
		_, err = nurse.On(1).MoveKit(ctx, kit.ID, "handover", models.KitMove{On: c.Today()}, store.KitSubject{ClientCode: other.Register(4)})
		wantError(t, err, models.KindNotFound, "client.not_found")
		c.Advance(24 * time.Hour)
		_, err = nurse.On(1).MoveKit(ctx, kit.ID, "handover", models.KitMove{On: c.Today()}, store.KitSubject{})
		wantError(t, err, models.KindConflict, "naloxone_kit.expired")
		seen, err := nurse.New().GetKit(ctx, kit.ID)
		if err != nil || seen.StateOn(seen.Today) != models.KitExpired {
			t.Errorf("%v %+v", err, seen)
		}
		// A peer hands out to somebody unknown.
		own, _, err := peer.New().StockKit(ctx, models.NewNaloxoneKit{Lot: "NX-8", ExpiresOn: c.Today()})
		must(t, err)
		given, err := peer.On(1).MoveKit(ctx, own.ID, "handover", models.KitMove{On: c.Today()}, store.KitSubject{})
		must(t, err)
		if given.ClientID != "" || given.State != models.KitGiven {
			t.Errorf("%+v", given)
		}
		stocked, err := peer.New().ListKits(ctx, "stocked", store.Paging{Limit: 9})
		if err != nil || len(stocked.Items) != 0 {
			t.Error("a kit that was given is in stock")
		}
	})
}

// A doctor takes back what the doctor's own organisation issued; the coordinator, anything.
func TestAlert_IsRetractedByItsAuthors(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, other := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNarcologist, c.Polyclinic)
		coordinator := c.As(models.RoleProgrammeCoordinator, c.Ministry)
		n := models.NewAlert{Kind: "contamination", Region: "KZ-75", AlertText: models.AlertText{Advice: []string{"do_not_mix"}, ValidUntil: c.Today()}}
		issue := func() *models.Alert {
			a, _, err := doctor.New().IssueAlert(ctx, n)
			must(t, err)
			return a
		}
		a, b := issue(), issue()
		_, err := other.On(1).RetractAlert(ctx, a.ID, "error")
		wantError(t, err, models.KindNotFound, "alert.not_found")
		_, err = other.New().GetAlert(ctx, a.ID)
		must(t, err)
		_, err = doctor.On(2).RetractAlert(ctx, a.ID, "error")
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		_, err = doctor.On(1).RetractAlert(ctx, a.ID, "error")
		must(t, err)
		_, err = coordinator.On(1).RetractAlert(ctx, b.ID, "over")
		must(t, err)
		page, err := c.As(models.RoleNurse, c.Clinic).New().ListAlerts(ctx, "", store.Paging{Limit: 9})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("a nurse still reads %d alerts", len(page.Items))
		}
		_, _, err = doctor.New().IssueAlert(ctx, models.NewAlert{})
		wantError(t, err, models.KindInvalid, "entry.code_not_in_list")
	})
}
