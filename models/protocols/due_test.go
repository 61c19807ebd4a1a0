package protocols

import (
	"testing"
	"time"

	"jol/models"
)

func TestDue_EachKindOfOffset(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	kz, ok := c.Country("KZ")
	if !ok {
		t.Fatal("no KZ")
	}
	exact := map[string]Moment{"a": moment(t, "2026-03-18T08:30:00Z")} // Wednesday 13:30 in Almaty
	civil := map[string]Moment{"a": moment(t, "2026-03-18")}
	for _, c := range []struct {
		name    string
		limit   Limit
		anchors map[string]Moment
		want    string // in Almaty
	}{
		{"hours", Limit{Offset: "PT24H"}, exact, "2026-03-19 13:30:00"},
		{"minutes", Limit{Offset: "PT15M"}, exact, "2026-03-18 13:45:00"},
		{"seconds", Limit{Offset: "PT0S"}, exact, "2026-03-18 13:30:00"},
		{"hours before", Limit{Offset: "PT4H", Direction: "before"}, exact, "2026-03-18 09:30:00"},
		{"days", Limit{Offset: "P7D"}, exact, "2026-03-25 13:30:00"},
		{"months", Limit{Offset: "P1M"}, exact, "2026-04-18 13:30:00"},
		{"years before", Limit{Offset: "P1Y", Direction: "before"}, exact, "2025-03-18 13:30:00"},
		{"days from a date, not later", Limit{Offset: "P7D", Bound: "max"}, civil, "2026-03-25 23:59:59"},
		{"days from a date, not earlier", Limit{Offset: "P7D", Bound: "min"}, civil, "2026-03-25 00:00:00"},
		{"days before a date", Limit{Offset: "P30D", Direction: "before", Bound: "target"}, civil, "2026-02-16 23:59:59"},
		{"hours from a date", Limit{Offset: "PT2H", Bound: "max"}, civil, "2026-03-18 02:00:00"},
		// 19 and 20 March work; 21 to 25 are Nauryz, its weekend moved behind it.
		{"working days", Limit{Offset: "P3D", WorkingDays: true, Bound: "max"}, exact, "2026-03-26 23:59:59"},
		{"working days before", Limit{Offset: "P3D", WorkingDays: true, Direction: "before", Bound: "max"}, exact, "2026-03-13 23:59:59"},
		{"no working day", Limit{Offset: "P0D", WorkingDays: true, Bound: "max"}, exact, "2026-03-18 23:59:59"},
		{"recurring gives the first", Limit{Kind: KindRecurring, Every: "PT6H"}, exact, "2026-03-18 19:30:00"},
	} {
		l := c.limit
		l.Anchor = "a"
		got := Due(l, "s", c.anchors, kz.Calendar, almaty(t), nil)
		if at := got.At.In(almaty(t)).Format(time.DateTime); at != c.want || got.Missing != "" || got.Uncertain {
			t.Errorf("%s: %s %+v, want %s", c.name, at, got, c.want)
		}
	}
	for name, l := range map[string]Limit{"local": {Kind: KindLocal}, "recurring without anchor": {Kind: KindRecurring, Every: "P90D"}} {
		if got := Due(l, "s", exact, kz.Calendar, almaty(t), nil); !got.At.IsZero() || got.Missing != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := Due(Limit{Anchor: "b", Offset: "P1D"}, "s", exact, kz.Calendar, almaty(t), nil); got.Missing != "b" || !got.At.IsZero() {
		t.Errorf("missing anchor: %+v", got)
	}
}

func TestDue_HolidaysThatNobodyKnowsAreSaid(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	kz, _ := c.Country("KZ")
	l := Limit{Anchor: "a", Offset: "P3D", WorkingDays: true, Bound: "max"}
	got := Due(l, "s", map[string]Moment{"a": moment(t, "2027-12-30")}, kz.Calendar, almaty(t), nil)
	if !got.Uncertain || got.At.In(almaty(t)).Format(time.DateOnly) != "2028-01-04" {
		t.Errorf("%+v", got)
	}
	never := Calendar{Weekend: []time.Weekday{0, 1, 2, 3, 4, 5, 6}}
	if got := Due(l, "s", map[string]Moment{"a": moment(t, "2026-01-01")}, never, almaty(t), nil); got.At.IsZero() {
		t.Error("a calendar without working days has no answer")
	}
	worked := Calendar{Weekend: kz.Weekend, Holidays: map[models.Date]string{"2026-01-05": "x"}, Working: map[models.Date]bool{"2026-01-04": true}, Years: map[int]bool{2026: true}}
	for date, want := range map[models.Date]bool{"2026-01-03": false, "2026-01-04": true, "2026-01-05": false, "2026-01-06": true} {
		if working, known := worked.WorkingDay(date); working != want || !known {
			t.Errorf("%s: working %v, known %v", date, working, known)
		}
	}
}

func TestLimit_OverridesApplyInOrderAndOnlyToTheirLimit(t *testing.T) {
	t.Parallel()
	yes := true
	base := Limit{ID: "send", Kind: KindOffset, Anchor: "a", Direction: "after", Offset: "P3D", Bound: "max", Basis: Editorial}
	country := LimitOverride{Step: "s", Limit: "send", Offset: "P2D", Basis: General, Source: "KZ-CODE-2020", Reason: "national order"}
	facility := LimitOverride{Step: "s", Limit: "send", Offset: "PT24H", Hard: &yes, Basis: Editorial, Reason: "agreed with the prison"}
	other := LimitOverride{Step: "s", Limit: "answer", Offset: "P9D", Basis: Editorial, Reason: "x"}
	got := base.Override("s", []LimitOverride{country, other, facility})
	if got.Offset != "PT24H" || !got.Hard || got.Basis != Editorial || got.Source != "" || got.Bound != "max" || got.Anchor != "a" {
		t.Errorf("%+v", got)
	}
	if got := base.Override("s", []LimitOverride{country}); got.Offset != "P2D" || got.Hard || got.Source != "KZ-CODE-2020" {
		t.Errorf("%+v", got)
	}
	if got := base.Override("t", []LimitOverride{country, facility}); got.Offset != "P3D" {
		t.Errorf("another step's: %+v", got)
	}
	e := evaluate(t, tp, Inquiry{Facts: with(triggers("first_contact"), "first_contact", "2026-03-10T08:00:00Z"),
		Facility: Facility{Limits: []LimitOverride{{Step: "tp-entry-first-contact", Limit: "check", Offset: "PT5M", Hard: &yes, Basis: Editorial, Reason: "emergency room"}}}})
	if l := e.step(t, "tp-entry-first-contact").Limits[0]; l.DueAt.Format(time.TimeOnly) != "08:05:00" || !l.Hard {
		t.Errorf("%+v", l)
	}
}

// The country files agree with what the rest of the service says about countries.
func TestCountries_AgreeWithTheService(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range models.Countries {
		country, ok := c.Country(code)
		if !ok {
			t.Errorf("%s has no file", code)
			continue
		}
		service := models.AvailabilityIn(code)
		for id, want := range map[string]bool{"oat_in_community": service.OATCommunity, "oat_in_custody": service.OATPrison} {
			if got, ok := country.Capabilities[id]; !ok || got.Available != want {
				t.Errorf("%s %s: %+v, the service says %v", code, id, got, want)
			}
		}
		for _, year := range []int{2025, 2026, 2027} {
			if !country.Calendar.Years[year] {
				t.Errorf("%s lacks the holidays of %d", code, year)
			}
		}
		if working, known := country.Calendar.WorkingDay("2026-01-01"); working || !known {
			t.Errorf("%s works on New Year", code)
		}
	}
}
