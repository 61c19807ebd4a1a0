package protocols

import (
	"errors"
	"testing"
	"time"

	"jol/models"
)

func TestFacilityLimit_IsHeldToTheEditionInForce(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	served, _ := c.Edition(tp)
	for _, tc := range []struct{ protocol, step, limit, duration, pointer, code string }{
		{tp, "tp-entry-first-contact", "check", "PT5M", "", ""},
		{tp, "tp-entry-first-contact", "check", "P3D", "", ""}, // not hard: a facility may need more
		{"nothing", "tp-entry-first-contact", "check", "PT5M", "/protocol", "protocol.unknown"},
		{pc, "tp-entry-first-contact", "check", "PT5M", "/step", "step.unknown"},
		{tp, "tp-nothing", "check", "PT5M", "/step", "step.unknown"},
		{tp, "tp-entry-first-contact", "nothing", "PT5M", "/limit", "limit.unknown"},
		{tp, "tp-entry-first-contact", "check", "soon", "/duration", "facility_limit.not_a_duration"},
		{tp, "tp-entry-first-contact", "check", "-PT5M", "/duration", "facility_limit.not_a_duration"},
		{pc, "pc-throughcare-probation", "registration", "P2D", "", ""},
		{pc, "pc-throughcare-probation", "registration", "PT24H", "/duration", "facility_limit.working_days"},
		// Hard: five minutes to naloxone, at most; eight hours to buprenorphine, at least;
		// the file leaves four hours before the person, at the latest.
		{tp, "tp-acute-overdose-clinical", "naloxone", "PT3M", "", ""},
		{tp, "tp-acute-overdose-clinical", "naloxone", "PT5M", "", ""},
		{tp, "tp-acute-overdose-clinical", "naloxone", "PT6M", "/duration", "facility_limit.hard"},
		{tp, "tp-oat-induction-bup", "short-acting", "PT12H", "", ""},
		{tp, "tp-oat-induction-bup", "short-acting", "P1D", "", ""},
		{tp, "tp-oat-induction-bup", "short-acting", "PT6H", "/duration", "facility_limit.hard"},
		{pc, "pc-oat-transfer", "file", "PT6H", "", ""},
		{pc, "pc-oat-transfer", "file", "PT2H", "/duration", "facility_limit.hard"},
		{tp, "tp-oat-dispense", "window", "P1D", "/limit", "facility_limit.no_moment"},
	} {
		n := models.NewFacilityLimit{Protocol: tc.protocol, Step: tc.step, LimitID: tc.limit, Duration: tc.duration}
		var refused *models.Error
		err := c.CheckFacilityLimit(&n)
		if tc.code == "" {
			if err != nil || n.Edition != served {
				t.Errorf("%+v: %v, edition %q", tc, err, n.Edition)
			}
			continue
		}
		if !errors.As(err, &refused) || len(refused.Fields) != 1 || refused.Fields[0].Pointer != tc.pointer || refused.Fields[0].Code != tc.code {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

func TestFacilityLimit_CountsOnlyWithItsEdition(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	served, _ := c.Edition(tp)
	own := models.FacilityLimit{Protocol: tp, Edition: served, Step: "tp-entry-first-contact", LimitID: "check", Duration: "PT5M", Reason: "emergency room"}
	older, gone := own, own
	older.Edition, gone.Step = "2025", "tp-gone"
	overrides := c.FacilityOverrides([]models.FacilityLimit{older, gone, own})
	if len(overrides) != 1 || overrides[0].Offset != "PT5M" {
		t.Fatalf("%+v", overrides)
	}
	in := Inquiry{Facts: with(triggers("first_contact"), "first_contact", "2026-03-10T08:00:00Z"), Facility: Facility{Limits: overrides}}
	e := evaluate(t, tp, in)
	l := e.step(t, "tp-entry-first-contact").Limits[0]
	if l.DueAt.Format(time.TimeOnly) != "08:05:00" || l.Override == nil || *l.Override != (LimitChange{By: "facility", Reason: "emergency room"}) || l.Basis != Editorial {
		t.Errorf("%+v", l)
	}
	in.Facility.Limits = nil
	e = evaluate(t, tp, in)
	if l := e.step(t, "tp-entry-first-contact").Limits[0]; l.Override != nil {
		t.Errorf("%+v", l)
	}
}
