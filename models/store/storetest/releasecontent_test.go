package storetest

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

func TestReleaseContent_IsAsSealed(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		r, _, err := steward.New().SealRelease(ctx, quarter("2026Q3"))
		must(t, err)
		got, err := steward.New().GetReleaseContent(ctx, r.ID)
		must(t, err)
		if len(got.Tables) != 2 || got.Tables[0].TableID != "a" || got.Tables[0].JSON != `{"a":1}` || got.Tables[1].JSON != `{"b":1}` || got.SHA256 != "00" {
			t.Fatalf("%+v", got)
		}
		_, err = steward.New().GetReleaseContent(ctx, "KZ-2020-annual")
		wantError(t, err, models.KindNotFound, "release.not_found")
		doctor := c.As(models.RoleClinician, c.Clinic)
		_, err = doctor.New().GetReleaseContent(ctx, r.ID)
		wantError(t, err, models.KindNotFound, "release.not_found")
		_, _, err = doctor.New().SendRelease(ctx, r.ID)
		wantError(t, err, models.KindNotFound, "release.not_found")
		if series, err := doctor.New().ReleaseSeries(ctx, r, "a"); err != nil || len(series) != 0 {
			t.Fatalf("%+v %v", series, err)
		}
	})
}

func TestReleaseSeries_EndsWithThePeriodAndKeepsProfilesApart(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		seal := func(period, status, profile string) *models.Release {
			r, _, err := steward.New().SealRelease(ctx, models.SealRequest{Country: "KZ", Period: period, Status: status, Profile: profile})
			must(t, err)
			return r
		}
		third := seal("2026Q3", "final", "ministry")
		seal("2026Q1", "final", "ministry")
		fourth := seal("2026Q4", "final", "ministry")
		seal("2026Q2", "provisional", "ministry")
		seal("2026Q2", "final", "open_data")
		annual := seal("2026", "annual", "ministry")
		for _, want := range []struct {
			of    *models.Release
			table string
			ids   []string
		}{
			{third, "a", []string{"KZ-2026Q1-final", "KZ-2026Q3-final"}},
			{fourth, "a", []string{"KZ-2026Q1-final", "KZ-2026Q3-final", "KZ-2026Q4-final"}},
			{annual, "b", []string{"KZ-2026-annual"}},
			{fourth, "c", nil},
		} {
			series, err := steward.New().ReleaseSeries(ctx, want.of, want.table)
			must(t, err)
			var ids []string
			for _, s := range series {
				if ids = append(ids, s.ReleaseID); s.TableID != want.table || s.JSON == "" {
					t.Errorf("%+v", s)
				}
			}
			if !slices.Equal(ids, want.ids) {
				t.Errorf("%s %s: %v, want %v", want.of.ID, want.table, ids, want.ids)
			}
		}
	})
}

func TestReleaseContent_SendingLeavesAnEvent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		seal := func(period, status, profile string) *models.Release {
			r, _, err := steward.New().SealRelease(ctx, models.SealRequest{Country: "KZ", Period: period, Status: status, Profile: profile})
			must(t, err)
			c.Advance(time.Minute)
			return r
		}
		seal("2026Q2", "final", "ministry")
		seal("2026Q3", "provisional", "ministry")
		seal("2026Q3", "provisional", "open_data")
		r := seal("2026Q3", "final", "ministry")
		seal("2026Q3", "revision", "ministry")
		grants := models.Grants{models.CatIndicator: {models.Read: {models.Any}}}
		got, before, err := c.Store.For(models.System("KZ"), grants, store.Request{ID: "command"}).SendRelease(ctx, r.ID)
		must(t, err)
		if len(got.Tables) != 2 {
			t.Fatalf("%+v", got)
		}
		if len(before) != 1 || before[0].ID != "KZ-2026Q3-provisional" || len(before[0].Tables) != 2 || before[0].Tables[0].JSON == "" {
			t.Errorf("replaced: %+v", before)
		}
		var n int
		must(t, c.sqlDB(t).QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_events WHERE action = 'release.send' AND outcome = 'ok' AND objects LIKE '%KZ-2026Q3-final%'").Scan(&n))
		if n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
