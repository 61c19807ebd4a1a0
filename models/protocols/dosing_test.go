package protocols

import (
	"testing"
	"time"
)

func almaty(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Almaty")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func moment(t testing.TB, s string) Moment {
	t.Helper()
	m, ok := parseMoment(s, false)
	if !ok {
		t.Fatalf("%q is no moment", s)
	}
	return m
}

// Almaty is five hours ahead: its 10 March begins at 19:00Z on the 9th.
func TestMissedDoses_CountsScheduledDosesInCivilDays(t *testing.T) {
	t.Parallel()
	every := func(days int) DoseSchedule { return DoseSchedule{EveryDays: days} }
	for _, c := range []struct {
		name   string
		s      DoseSchedule
		last   string
		now    string
		closed bool
		want   int
	}{
		{"dosed today", every(1), "2026-03-10T04:00:00Z", "2026-03-10T10:00:00Z", false, 0},
		{"dosed yesterday and due today", every(1), "2026-03-09T04:00:00Z", "2026-03-10T10:00:00Z", false, 0},
		{"dosed yesterday, window closed", every(1), "2026-03-09T04:00:00Z", "2026-03-10T10:00:00Z", true, 1},
		{"one missed", every(1), "2026-03-08T04:00:00Z", "2026-03-10T10:00:00Z", false, 1},
		{"late evening to early morning is one civil day", every(1), "2026-03-09T18:59:00Z", "2026-03-09T19:01:00Z", false, 0},
		{"by date only", every(1), "2026-03-04", "2026-03-10T10:00:00Z", false, 5},
		{"dose in the future counts nothing", every(1), "2026-03-12", "2026-03-10T10:00:00Z", false, 0},
		{"alternate day, off day", every(2), "2026-03-09", "2026-03-10T10:00:00Z", true, 0},
		{"alternate day, due today", every(2), "2026-03-08", "2026-03-10T10:00:00Z", false, 0},
		{"alternate day, due today and closed", every(2), "2026-03-08", "2026-03-10T10:00:00Z", true, 1},
		{"alternate day, one missed", every(2), "2026-03-07", "2026-03-10T10:00:00Z", false, 1},
		{"alternate day, due a second time", every(2), "2026-03-06", "2026-03-10T10:00:00Z", false, 1},
		{"alternate day, two missed", every(2), "2026-03-05", "2026-03-10T10:00:00Z", false, 2},
		{"weekly depot in time", every(7), "2026-03-03", "2026-03-10T10:00:00Z", false, 0},
		{"weekly depot late", every(7), "2026-03-02", "2026-03-10T10:00:00Z", false, 1},
		{"over the new year", every(1), "2025-12-31", "2026-01-02T10:00:00Z", false, 1},
		{"no schedule", DoseSchedule{}, "2026-03-01", "2026-03-10T10:00:00Z", false, 0},
	} {
		if got := MissedDoses(c.s, moment(t, c.last), moment(t, c.now).Time, almaty(t), c.closed); got != c.want {
			t.Errorf("%s: %d missed, want %d", c.name, got, c.want)
		}
	}
}

func TestDoseSchedule_BandsBelongToMedicineAndSchedule(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	daily := []string{"none", "resume_if_well", "resume_if_well", "reassess_reduce", "reassess_reduce", "reinduct", "reinduct"}
	for _, medicine := range []string{"methadone", "buprenorphine"} {
		s, ok := c.Schedule(medicine, "daily")
		if !ok || s.Basis != General {
			t.Fatalf("%s: %+v", medicine, s)
		}
		for missed, want := range daily {
			if got := s.Band(missed); got != want {
				t.Errorf("%s: %d missed is %s, want %s", medicine, missed, got, want)
			}
		}
	}
	for medicine, schedule := range map[string]string{"buprenorphine": "alternate_day", "buprenorphine_depot": "weekly_depot"} {
		s, ok := c.Schedule(medicine, schedule)
		if !ok || s.Band(3) != BandNoRule {
			t.Errorf("%s %s: %v %+v", medicine, schedule, ok, s)
		}
	}
	if _, ok := c.Schedule("methadone", "weekly_depot"); ok {
		t.Error("methadone is no depot")
	}
}

func TestGapRule_AsksAtTheBorder(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	rule, ok := c.GapRule("gap-48h")
	if !ok || rule.Basis != Seen || rule.Source != "KG-OAT-2024" {
		t.Fatalf("%+v", rule)
	}
	now := moment(t, "2026-03-10T09:00:30Z").Time // 14:00 in Almaty
	for last, want := range map[string]string{
		"2026-03-08T09:01:00Z": GapUnder,
		"2026-03-08T09:00:00Z": GapBorder,
		"2026-03-08T09:00:59Z": GapBorder,
		"2026-03-08T08:59:59Z": GapOver,
		"2026-03-09":           GapUnder,
		"2026-03-08":           GapBorder, // the hour of the dose decides, and is not known
		"2026-03-07":           GapOver,
	} {
		if got := rule.Gap(moment(t, last), now, almaty(t)); got != want {
			t.Errorf("last dose %s: %s, want %s", last, got, want)
		}
	}
}

// A facility may choose or refuse the rule by hours, and a country sets it for custody.
func TestMissedBand_RuleByHoursGoesBeforeCounting(t *testing.T) {
	t.Parallel()
	facts := map[string]any{"oat_medicine": "methadone", "oat_schedule": "daily", "last_dose_taken": "2026-03-07"}
	for _, c := range []struct {
		name     string
		facts    map[string]any
		facility Facility
		want     string
	}{
		{"counted", facts, Facility{}, "gap-short"},
		{"facility's rule", facts, Facility{GapRule: "gap-48h"}, "stricter-rule"},
		{"country's rule in custody", with(facts, "in_custody", true), Facility{Country: "KG"}, "stricter-rule"},
		{"country's rule is for custody only", with(facts, "in_custody", false), Facility{Country: "KG"}, "gap-short"},
		{"facility refuses it", with(facts, "in_custody", true), Facility{Country: "KG", GapRule: "none"}, "gap-short"},
		{"stated count", with(facts, "missed_doses", 6.0), Facility{}, "gap-long"},
		{"window closed", with(facts, "dose_not_collected", true, "last_dose_taken", "2026-03-09"), Facility{}, "gap-short"},
	} {
		e := evaluate(t, tp, Inquiry{Facts: c.facts, Facility: c.facility, From: []string{"tp-oat-missed"}})
		if got := e.step(t, "tp-oat-missed").Branches[0].Branch; got != c.want || e.DoseGap == nil {
			t.Errorf("%s: %s, want %s; gap %+v", c.name, got, c.want, e.DoseGap)
		}
		if byHours := c.want == "stricter-rule"; byHours != (e.DoseGap.Gap != nil) || byHours && e.DoseGap.Means != "reinduct" {
			t.Errorf("%s: %+v", c.name, e.DoseGap)
		}
	}
	e := evaluate(t, tp, Inquiry{Facts: facts, Facility: Facility{Country: "KG"}, From: []string{"tp-oat-missed"}})
	if got := e.decides("in_custody"); len(got) < 2 || len(e.step(t, "tp-oat-missed").Branches) != 0 {
		t.Errorf("in Kyrgyzstan custody decides %v", got)
	}
	depot := map[string]any{"oat_medicine": "buprenorphine_depot", "oat_schedule": "monthly_depot", "last_dose_taken": "2026-01-07", "in_custody": false}
	e = evaluate(t, tp, Inquiry{Facts: depot, From: []string{"tp-oat-missed"}})
	if got := e.step(t, "tp-oat-missed").Branches; len(got) != 0 {
		t.Errorf("a depot has no bands, got %+v", got)
	}
}
