package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/indicators"
	"jol/models/store"
)

func year(status string) models.SealRequest {
	return models.SealRequest{Country: "KZ", Period: "2026", Status: status, Profile: "ministry"}
}

// A revision is for changes to at least 200 people and 1 % of the entrants of the year, once.
func TestRelease_RevisionGate(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		c.crowdYear(t, 300)
		c.Advance(220 * 24 * time.Hour)
		steward := c.As(models.RoleReleaseSteward, c.Ministry).Through(c.Open(t, func(o *store.Options) { o.Sealer = indicators.Begin }))
		_, _, err := steward.New().SealRelease(ctx, year("revision"))
		wantError(t, err, models.KindConflict, "release.revision_gate") // no annual release
		must(t, second(steward.New().SealRelease(ctx, year("annual"))))
		late := func(from, to int, on string) {
			c.Grow(t, "entries", to-from+1, map[string]string{
				"id": fmt.Sprintf("'late%s' || (i + %d)", on, from), "entry_id": fmt.Sprintf("'late%s' || (i + %d)", on, from), "client_id": fmt.Sprintf("'c' || (i + %d)", from-1),
				"kind": "'contact'", "code": "'NSP'", "result": "'attended'", "quantity": "1", "data": "'{}'", "on_date": "'" + on + "'", "created_at": "'2027-06-01 00:00:00+00:00'",
			})
		}
		late(1, 199, "2026-12-01")
		late(1, 300, "2027-01-02") // another year's
		_, _, err = steward.New().SealRelease(ctx, year("revision"))
		wantError(t, err, models.KindConflict, "release.revision_gate")
		late(200, 200, "2026-12-01")
		both := year("revision")
		both.Profile = models.ProfileBoth // as the command asks; open data has no revision
		r, _, err := steward.New().SealRelease(ctx, both)
		must(t, err)
		if r.ID != "KZ-2026-revision" {
			t.Fatal(r.ID)
		}
		for _, table := range []string{"TDI01.region", "TDI01.region.sex.age"} {
			if codesIn(t, c, "KZ-2026-annual", table) != codesIn(t, c, r.ID, table) {
				t.Errorf("%s shows other rows than the annual release", table)
			}
		}
		_, _, err = steward.New().SealRelease(ctx, year("revision"))
		wantError(t, err, models.KindConflict, "release.sealed_already")
	})
}

// codesIn are the regions that a table shows, in order; empty when it has none.
func codesIn(t *testing.T, c *Country, release, table string) string {
	t.Helper()
	if count(t, c.World, "release_tables WHERE release_id = ? AND table_id = ?", release, table) == 0 {
		return ""
	}
	var published struct{ Cells []struct{ Region string } }
	must(t, json.Unmarshal([]byte(scan[string](t, c.World, "SELECT json FROM release_tables WHERE release_id = ? AND table_id = ?", release, table)), &published))
	var rows []string
	for _, cell := range published.Cells {
		rows = append(rows, cell.Region)
	}
	return strings.Join(rows, " ")
}

// A country without agonist treatment publishes exact zeros of it, not noise; one facility
// that may give it makes them ordinary counts.
func TestRelease_WithoutAgonistTreatment(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		turkmen := c.Open(t, func(o *store.Options) { o.Country, o.Zone, o.Sealer = "TM", "Asia/Ashgabat", indicators.Begin })
		steward := c.As(models.RoleReleaseSteward, c.Ministry)
		steward.Actor.Country = "TM"
		steward = steward.Through(turkmen)
		zeros := func(period, table string) (structural, cells int) {
			t.Helper()
			req := quarter(period)
			req.Country = "TM"
			must(t, second(steward.New().SealRelease(ctx, req)))
			json := scan[string](t, c.World, "SELECT json FROM release_tables WHERE release_id = ? AND table_id = ?", "TM-"+period+"-final", table)
			text, _, _ := strings.Cut(json, `"rates"`)
			return strings.Count(text, `"flag":"structural"`), strings.Count(text, `"value":`)
		}
		if structural, cells := zeros("2026Q2", "OAT06.total"); structural != 1 || cells != 2 {
			t.Errorf("a clinic may give it, no prison: %d of %d", structural, cells)
		}
		_, err := c.sqlDB(t).ExecContext(ctx, "UPDATE organisations SET oat_available = false")
		must(t, err)
		for table, want := range map[string]int{"2026Q1 OAT01.total": 1, "2025Q4 OAT05.total": 2, "2025Q3 COC01.total": 2, "2025Q2 OAT02.total": 1} {
			period, table, _ := strings.Cut(table, " ")
			if structural, _ := zeros(period, table); structural != want {
				t.Errorf("%s: %d structural zeros, want %d", table, structural, want)
			}
		}
	})
}

func TestDenominators_AreLoadedWholeAndUsed(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		c.crowdYear(t, 300)
		c.Advance(220 * 24 * time.Hour)
		steward := c.As(models.RoleReleaseSteward, c.Ministry).Through(c.Open(t, func(o *store.Options) { o.Sealer = indicators.Begin }))
		good := models.Estimate{Kind: "opioid_dependent", Country: "KZ", Year: 2026, Value: 1000, Low: 900, High: 1200, Source: "IBBS", Method: "multiplier"}
		bad := good
		bad.Region, bad.Source = "KZ-75", ""
		prison := good
		prison.Kind = "prison_population"
		_, err := steward.New().LoadDenominators(ctx, []models.Estimate{good, bad})
		wantError(t, err, models.KindInvalid, "denominator.source_required")
		if n := count(t, c.World, "denominators"); n != 0 {
			t.Fatalf("%d estimates are half loaded", n)
		}
		must(t, only(steward.New().LoadDenominators(ctx, []models.Estimate{good, prison})))
		good.Value = 2000
		good.High = 2400
		must(t, only(steward.New().LoadDenominators(ctx, []models.Estimate{good})))
		page, err := steward.New().ListDenominators(ctx, store.Paging{Limit: 5})
		if err != nil || len(page.Items) != 2 || !slices.ContainsFunc(page.Items, func(d models.Denominator) bool { return d.Estimate.Value == 2000 && d.Version == 2 }) {
			t.Fatalf("%+v %v", page, err)
		}
		if page, err := c.As(models.RoleNurse, c.Clinic).New().ListDenominators(ctx, store.Paging{Limit: 5}); err == nil && len(page.Items) > 0 {
			t.Error("a nurse reads estimates")
		}
		must(t, second(steward.New().SealRelease(ctx, year("annual"))))
		if n := count(t, c.World, "release_tables WHERE json LIKE '%\"source\":\"IBBS\"%'"); n == 0 {
			t.Error("no table was divided by the estimate")
		}
		if n := count(t, c.World, "release_tables WHERE json LIKE '%no_estimate%'"); n == 0 {
			t.Error("every table was divided by some estimate, though there is one")
		}
	})
}

func only[A any](_ A, err error) error { return err }
