package storetest

import (
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
