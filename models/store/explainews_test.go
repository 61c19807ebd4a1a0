package store_test

import (
	"strings"
	"testing"

	"jol/models"
	"jol/models/store/storetest"
)

// What the early warning looks at grows with the months it looks at, not with the years the
// table has.
func TestEWSReports_AreFoundByMonth(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		doctor, coordinator := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		n := models.NewEWSReport{
			Identification: models.Identification{NPSClass: "nitazene", Method: "none"}, SourceType: "seizure", Month: string(c.Today()[:7]), Region: "KZ-75",
			PhysicalForm: "tablet", Confidentiality: models.EWSRestricted,
		}
		seen, _, err := doctor.New().ReportEWS(ctx, n)
		must(t, err)
		c.Grow(t, "ews_reports", 3000, map[string]string{"id": "'e' || i", "month": "CAST(1990 + i % 35 AS TEXT) || '-01-01'"})
		c.Analyse(t)
		quarter := c.Today()[:7] + "-01"
		for name, run := range map[string]func() error{
			"one report": func() error { _, err := doctor.New().GetEWSReport(ctx, seen.ID); return err },
			"figures":    func() error { _, _, err := coordinator.New().CountedEWSReports(ctx, quarter, quarter); return err },
			"own figures": func() error {
				_, _, err := doctor.New().CountedEWSReports(ctx, quarter, quarter)
				return err
			},
			"a new report": func() error { _, _, err := doctor.New().ReportEWS(ctx, n); return err },
		} {
			sent, err := c.Queries(run)
			must(t, err)
			looked := false
			for _, q := range sent {
				for _, table := range fullScans(t, c.World, q) {
					t.Errorf("%s reads all of %s:\n%s", name, table, q.SQL)
				}
				looked = looked || strings.Contains(q.SQL, "ews_reports") && strings.HasPrefix(q.SQL, "SELECT")
			}
			if !looked {
				t.Errorf("%s does not look", name)
			}
		}
	})
}
