package protocols

import (
	"slices"
	"testing"
	"time"

	"jol/models"
)

// The code lists of orders are those of the dosing data, and every combination that an
// order may have is described there.
func TestDoseRules_FitTheOrders(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for list, fact := range map[string]string{"oat_medicine": factMedicine, "oat_schedule": factSchedule} {
		codes, _ := models.CodeListByID(list)
		var ids []string
		for _, code := range codes.Codes {
			ids = append(ids, code.Code)
		}
		if !slices.Equal(ids, c.content.facts[fact].Values) {
			t.Errorf("%s is %v, the fact has %v", list, ids, c.content.facts[fact].Values)
		}
	}
	for _, medicine := range c.content.facts[factMedicine].Values {
		for _, schedule := range c.content.facts[factSchedule].Values {
			n := models.NewDoseOrder{Medicine: medicine, Schedule: schedule, Phase: "maintenance", DoseUg: 1, From: "2026-10-05", IdentityChecked: true}
			if _, described := c.Schedule(medicine, schedule); described != (n.Check("2026-10-05") == nil) {
				t.Errorf("%s %s: described %v, but an order: %v", medicine, schedule, described, n.Check("2026-10-05"))
			}
		}
	}
}

// The figures of knowledge that somebody read: WHO 2009, annex 12.
func TestDoseRules_GuardsOfMethadone(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]models.DoseGuard{
		"methadone-first-day-usual": {When: models.GuardFirstDay, AboveUg: 20_000, Basis: "seen", Source: "WHO-OPI-2009"},
		"methadone-first-day-never": {When: models.GuardFirstDay, AboveUg: 30_000, Basis: "seen", Source: "WHO-OPI-2009"},
		"methadone-low-tolerance":   {When: models.GuardLowTolerance, AboveUg: 15_000, Basis: "seen", Source: "WHO-OPI-2009"},
		"methadone-any-day":         {When: models.GuardAnyDay, AboveUg: 120_000, Basis: "general"},
	}
	got := c.DoseRules().Guards("methadone")
	for _, g := range got {
		id := g.ID
		if g.ID = ""; g != want[id] {
			t.Errorf("%s: %+v, want %+v", id, g, want[id])
		}
	}
	if len(got) != len(want) || len(c.DoseRules().Guards("tea")) != 0 {
		t.Errorf("%d guards", len(got))
	}
}

func TestDoseRules_GapByTheRuleInForce(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	for _, q := range []struct {
		name string
		ask  models.GapQuestion
		rule string
		band string
	}{
		{"counted", models.GapQuestion{Medicine: "methadone", Schedule: "daily", LastTaken: at(72)}, "methadone-daily", "resume_if_well"},
		{"the facility counts hours", models.GapQuestion{Medicine: "methadone", Schedule: "daily", FacilityRule: "gap-48h", LastTaken: at(72)}, "gap-48h", "reinduct"},
		{"the border asks", models.GapQuestion{Medicine: "methadone", Schedule: "daily", FacilityRule: "gap-48h", LastTaken: at(48)}, "gap-48h", "ask_clinician"},
		{"under it", models.GapQuestion{Medicine: "methadone", Schedule: "daily", FacilityRule: "gap-48h", LastTaken: at(47)}, "gap-48h", "resume_after_consult"},
		{"the country counts hours in custody", models.GapQuestion{Medicine: "methadone", Schedule: "daily", Country: "KG", InCustody: true, LastTaken: at(72)}, "gap-48h", "reinduct"},
		{"and only there", models.GapQuestion{Medicine: "methadone", Schedule: "daily", Country: "KG", LastTaken: at(72)}, "methadone-daily", "resume_if_well"},
		{"the facility refuses the rule", models.GapQuestion{Medicine: "methadone", Schedule: "daily", Country: "KG", InCustody: true, FacilityRule: "none", LastTaken: at(72)}, "methadone-daily", "resume_if_well"},
		{"hours are not for depots", models.GapQuestion{Medicine: "buprenorphine_depot", Schedule: "monthly_depot", FacilityRule: "gap-48h", LastTaken: at(480)}, "buprenorphine-monthly-depot", BandNoRule},
		{"nobody described it", models.GapQuestion{Medicine: "methadone", Schedule: "monthly_depot", LastTaken: at(480)}, "", BandNoRule},
	} {
		q.ask.Now, q.ask.Zone = now, "Asia/Almaty"
		if got := c.DoseRules().Gap(q.ask); got.Rule != q.rule || got.Band != q.band {
			t.Errorf("%s: %+v, want %s %s", q.name, got, q.rule, q.band)
		}
	}
}
