package storetest

import (
	"reflect"
	"slices"
	"testing"

	"jol/models"
	"jol/models/store"
)

// issueAll issues all that is proposed.
func (c *Country) issueAll(t *testing.T) {
	t.Helper()
	coordinator := c.As(models.RoleProgrammeCoordinator, c.Ministry)
	page, err := coordinator.New().ListAlerts(ctx, models.AlertProposed, store.Paging{Limit: 9})
	must(t, err)
	for _, a := range page.Items {
		_, err := coordinator.On(a.Version).IssueProposal(ctx, a.ID, models.AlertText{Advice: []string{"carry_naloxone"}, ValidUntil: c.Today().AddDays(20)})
		must(t, err)
	}
}

// An alert that was weakened takes in what is reported and confirmed after, and is not weakened
// any more: a report that is refused because others were taken back is a warning lost.
func TestSignals_AWeakenedAlertTakesFurtherReports(t *testing.T) {
	further := map[string]func(*testing.T, *Country){
		"reported": func(t *testing.T, c *Country) {
			before := count(t, c.World, "ews_reports")
			n := c.suspicion()
			n.SuspectedNames = nil
			_, _, err := c.As(models.RoleClinician, c.Polyclinic).New().ReportEWS(ctx, n)
			must(t, err)
			if after := count(t, c.World, "ews_reports"); after != before+1 {
				t.Errorf("%d reports, before %d", after, before)
			}
		},
		"confirmed": func(t *testing.T, c *Country) { // as another class than it was reported as
			n := c.suspicion()
			n.SuspectedNames, n.NPSClass = nil, "unknown"
			r := c.As(models.RoleClinician, c.Polyclinic).Suspect(n)
			_, err := c.As(models.RoleProgrammeCoordinator, c.Ministry).On(1).ConfirmEWS(ctx, r.ID, analysed)
			must(t, err)
		},
	}
	for how, report := range further {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, c *Country) {
				ngo := c.As(models.RoleNGOCoordinator, c.NGO)
				n := c.suspicion()
				n.SuspectedNames = nil
				var first string
				for range 3 {
					first = ngo.Suspect(n).ID
				}
				c.issueAll(t)
				_, err := ngo.On(1).RetractEWS(ctx, first, "error")
				must(t, err)
				if weak := count(t, c.World, "alerts WHERE state = 'issued' AND weakened"); weak != 1 {
					t.Fatalf("%d alerts are weakened", weak)
				}
				report(t, c)
				if strong := count(t, c.World, "alerts WHERE state = 'issued' AND NOT weakened AND version = 4"); strong != 1 || count(t, c.World, "alerts") != 1 {
					t.Errorf("the alert stays weakened, or another one is proposed: %d", strong)
				}
			})
		})
	}
}

// toldOfAlert says whether the alert is in the worker's feed.
func (c *Country) toldOfAlert(t *testing.T, w Worker, id string) bool {
	t.Helper()
	return slices.ContainsFunc(c.feed(t, w, "").Items, func(x store.Change) bool { return x.Kind == "alert" && x.ID == id })
}

// That an alert is weakened, and not any more, is the programme's to know: neither the alert,
// nor its version, nor a feed tells it to anybody else, who could count the reports of others
// by taking back their own.
func TestSignals_OnlyTheProgrammeSeesWhatIsWeakened(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		ngo, coordinator := c.As(models.RoleNGOCoordinator, c.NGO), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		n := c.suspicion()
		n.SuspectedNames = nil
		var mine []string
		for range 3 {
			mine = append(mine, ngo.Suspect(n).ID)
		}
		c.issueAll(t)
		id := scan[string](t, c.World, "SELECT id FROM alerts")
		type reader struct {
			Worker
			alert models.Alert
			at    string
		}
		var readers []reader
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				if role == models.RoleProgrammeCoordinator || !grantsOf(role).Has(models.CatAlert, models.Read) {
					continue
				}
				w := c.As(role, o)
				a, err := w.New().GetAlert(ctx, id)
				must(t, err)
				if !c.toldOfAlert(t, w, id) {
					t.Errorf("%s of %s was not told that the alert is issued", role, o.Name)
				}
				readers = append(readers, reader{w, *a, c.feed(t, w, "").Next})
			}
		}
		unchanged := func(when string) {
			t.Helper()
			for _, r := range readers {
				a, err := r.New().GetAlert(ctx, id)
				must(t, err)
				page, err := r.New().ListAlerts(ctx, "", store.Paging{Limit: 9})
				must(t, err)
				if len(page.Items) != 1 || !reflect.DeepEqual(*a, r.alert) || !reflect.DeepEqual(page.Items[0], r.alert) || a.Weakened || a.Version != 2 {
					t.Errorf("%s: an alert shows it: %+v %+v", when, a, page.Items)
				}
				if slices.ContainsFunc(c.feed(t, r.Worker, r.at).Items, func(x store.Change) bool { return x.Kind == "alert" }) {
					t.Errorf("%s: a feed tells it", when)
				}
			}
		}
		programme := func(weakened bool, version int64) {
			t.Helper()
			at := c.feed(t, coordinator, "")
			told := 0
			for _, x := range at.Items {
				if x.Kind == "alert" && x.ID == id {
					told++
				}
			}
			a, err := coordinator.New().GetAlert(ctx, id)
			must(t, err)
			if a.Weakened != weakened || a.Version != version || told != 1 {
				t.Errorf("the programme was told %d times and sees %+v", told, a)
			}
		}
		_, err := ngo.On(1).RetractEWS(ctx, mine[0], "error")
		must(t, err)
		unchanged("weakened")
		programme(true, 3)
		c.As(models.RoleClinician, c.Clinic).Suspect(n)
		unchanged("no more weakened")
		programme(false, 4)
		_, err = coordinator.On(4).RetractAlert(ctx, id, "error")
		must(t, err)
		for _, r := range readers {
			_, err := r.New().GetAlert(ctx, id)
			if may := grantsOf(r.Actor.Role).Has(models.CatAlert, models.Change); may != (err == nil) {
				t.Errorf("%s reads an alert that is over: %v", r.Actor.Role, err)
			}
			if !slices.ContainsFunc(c.feed(t, r.Worker, r.at).Items, func(x store.Change) bool { return x.Kind == "alert" && x.ID == id }) {
				t.Errorf("%s was not told that the alert is over", r.Actor.Role)
			}
		}
	})
}

// A proposal that the programme takes back was never anybody else's, and is not told to them
// when it is over.
func TestSignals_AProposalThatIsTakenBackIsToldToNobody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, coordinator := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		doctor.Report("", c.overdose())
		c.As(models.RoleNGOOutreach, c.NGO).Report("", c.overdose())
		id := scan[string](t, c.World, "SELECT id FROM alerts WHERE state = 'proposed'")
		_, err := coordinator.On(1).RetractAlert(ctx, id, "duplicate")
		must(t, err)
		for _, w := range []Worker{doctor, c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleMinistryAnalyst, c.Ministry)} {
			_, err := w.New().GetAlert(ctx, id)
			wantError(t, err, models.KindNotFound, "alert.not_found")
			page, err := w.New().ListAlerts(ctx, models.AlertRetracted, store.Paging{Limit: 9})
			must(t, err)
			if len(page.Items) != 0 || c.toldOfAlert(t, w, id) {
				t.Errorf("%+v", page.Items)
			}
		}
		if !c.toldOfAlert(t, coordinator, id) {
			t.Error("the programme is not told")
		}
	})
}
