package models

import (
	"slices"
	"testing"
	"time"
)

var overdoseNow = time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)

func goodOverdose() NewOverdose {
	return NewOverdose{Region: "KZ-75", Place: "street", At: overdoseNow.Add(-time.Hour), Substances: []string{"11"}, NaloxoneDoses: 2, Ambulance: "yes", Outcome: "unknown"}
}

func TestOverdose_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	if err := goodOverdose().Check("KZ", overdoseNow, entryToday, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pointer, code string
		change        func(*NewOverdose)
	}{
		{"/region", "overdose.region_unknown", func(n *NewOverdose) { n.Region = "KG-B" }},
		{"/place", "entry.code_not_in_list", func(n *NewOverdose) { n.Place = "12 Abay street" }},
		{"/at", "overdose.in_future", func(n *NewOverdose) { n.At = overdoseNow.Add(time.Millisecond) }},
		{"/at", "overdose.too_long_ago", func(n *NewOverdose) { n.At = time.Time{} }},
		{"/substances/0", "entry.code_not_in_list", func(n *NewOverdose) { n.Substances = []string{"heroin"} }},
		{"/substances/1", "entry.code_repeated", func(n *NewOverdose) { n.Substances = []string{"11", "11"} }},
		{"/naloxoneDoses", "overdose.doses_out_of_range", func(n *NewOverdose) { n.NaloxoneDoses = -1 }},
		{"/naloxoneDoses", "overdose.doses_out_of_range", func(n *NewOverdose) { n.NaloxoneDoses = 21 }},
		{"/ambulance", "entry.code_not_in_list", func(n *NewOverdose) { n.Ambulance = "" }},
		{"/outcome", "entry.code_not_in_list", func(n *NewOverdose) { n.Outcome = "" }},
	} {
		n := goodOverdose()
		c.change(&n)
		wantField(t, n.Check("KZ", overdoseNow, entryToday, false), c.pointer, c.code)
	}
}

// Who keeps no records of people reports place and time.
func TestOverdose_PlaceAndTimeOnly(t *testing.T) {
	t.Parallel()
	place := NewOverdose{Region: "KZ-75", Place: "custody", At: overdoseNow}
	if err := place.Check("KZ", overdoseNow, entryToday, true); err != nil || place.State() != OverdoseReported {
		t.Fatal(err, place.State())
	}
	for pointer, change := range map[string]func(*NewOverdose){
		"/substances": func(n *NewOverdose) { n.Substances = []string{"11"} }, "/naloxoneDoses": func(n *NewOverdose) { n.NaloxoneDoses = 1 },
		"/ambulance": func(n *NewOverdose) { n.Ambulance = "yes" }, "/outcome": func(n *NewOverdose) { n.Outcome = "died" },
	} {
		n := place
		change(&n)
		wantField(t, n.Check("KZ", overdoseNow, entryToday, true), pointer, "overdose.place_and_time_only")
	}
}

func TestOverdose_StartsWhereTheReportSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		doses              int
		ambulance, outcome string
		want               string
	}{
		{0, "no", "unknown", OverdoseReported}, {1, "no", "unknown", OverdoseResponse}, {0, "yes", "unknown", OverdoseResponse},
		{0, "refused", "unknown", OverdoseReported}, {2, "yes", "survived", OverdoseSurvived}, {2, "yes", "died", OverdoseDied},
	} {
		n := NewOverdose{NaloxoneDoses: c.doses, Ambulance: c.ambulance, Outcome: c.outcome}
		if got := n.State(); got != c.want || !slices.Contains(OverdoseMachine.Start, got) {
			t.Errorf("%+v starts %s, want %s", c, got, c.want)
		}
	}
}

func TestOverdose_Life(t *testing.T) {
	t.Parallel()
	o := Overdose{At: overdoseNow, State: OverdoseReported, Outcome: "unknown", ClientID: "c", Version: 1}
	do := func(name string, m OverdoseMove, want string) {
		t.Helper()
		if err := m.Check(name, entryToday.AddDays(9)); err != nil {
			t.Fatal(name, err)
		}
		if err := o.Do(name, m, "Asia/Almaty"); err != nil || o.State != want {
			t.Fatalf("%s leads to %s, %v", name, o.State, err)
		}
	}
	do("response", OverdoseMove{NaloxoneDoses: 3, Ambulance: "refused"}, OverdoseResponse)
	do("survival", OverdoseMove{}, OverdoseSurvived)
	wantField(t, o.Do("follow-up", OverdoseMove{On: entryToday.AddDays(-1)}, "Asia/Almaty"), "/on", "overdose.before_event")
	do("follow-up", OverdoseMove{On: entryToday.AddDays(1)}, OverdoseFollowUp)
	if !IsKind(o.Do("survival", OverdoseMove{}, "UTC"), KindConflict) || !IsKind(o.Do("zqx", OverdoseMove{}, "UTC"), KindNotFound) {
		t.Error("a move that is not possible was made")
	}
	do("plan-review", OverdoseMove{On: entryToday.AddDays(7)}, OverdosePlanReview)
	do("closure", OverdoseMove{}, OverdoseClosed)
	if o.NaloxoneDoses != 3 || o.Ambulance != "refused" || o.Outcome != "survived" || o.FollowedUpOn != entryToday.AddDays(1) || o.Version != 6 {
		t.Errorf("%+v", o)
	}
	wantField(t, OverdoseMove{}.Check("follow-up", entryToday), "/on", "entry.not_a_date")
	wantField(t, OverdoseMove{NaloxoneDoses: 21}.Check("response", entryToday), "/ambulance", "entry.code_not_in_list")
}

// Twenty-eight days of high risk, for a survivor who is known.
func TestOverdose_RiskAndOffers(t *testing.T) {
	t.Parallel()
	o := Overdose{At: overdoseNow, ClientID: "c", Outcome: "survived", Substances: []string{"42", "14"}}
	if until := o.HighRiskUntil(); until == nil || !until.Equal(overdoseNow.AddDate(0, 0, 28)) {
		t.Errorf("high risk until %v", until)
	}
	if got := o.Offers(false); !slices.Equal(got, []string{"naloxone_refill", "oat_fast_track"}) {
		t.Error(got)
	}
	if got := o.Offers(true); !slices.Equal(got, []string{"oat_fast_track"}) {
		t.Error(got)
	}
	for _, none := range []Overdose{{At: overdoseNow, Outcome: "survived"}, {At: overdoseNow, ClientID: "c", Outcome: "died"}} {
		if none.HighRiskUntil() != nil || len(none.Offers(false)) > 0 {
			t.Errorf("%+v", none)
		}
	}
}

func TestKit_Life(t *testing.T) {
	t.Parallel()
	good := NewNaloxoneKit{Lot: "NX-7", ExpiresOn: entryToday}
	if err := good.Check(entryToday); err != nil {
		t.Fatal(err)
	}
	for _, lot := range []string{"", "lot 7", "НЛ-7", "12345678901234567", "Aigul7", "AIGUL"} {
		wantField(t, NewNaloxoneKit{lot, entryToday}.Check(entryToday), "/lot", "naloxone_kit.lot_form")
	}
	wantField(t, NewNaloxoneKit{"880101300123", entryToday}.Check(entryToday), "/lot", "text.identifies_person")
	wantField(t, NewNaloxoneKit{"NX-7", entryToday.AddDays(-1)}.Check(entryToday), "/expiresOn", "naloxone_kit.expired")
	wantField(t, NewNaloxoneKit{"NX-7", ""}.Check(entryToday), "/expiresOn", "entry.not_a_date")
	wantField(t, KitMove{entryToday.AddDays(1)}.Check(entryToday), "/on", "entry.in_future")

	k := NaloxoneKit{State: KitStocked, ExpiresOn: entryToday, Version: 1}
	if k.StateOn(entryToday) != KitStocked || k.StateOn(entryToday.AddDays(1)) != KitExpired {
		t.Error("expiry is not computed")
	}
	late := k
	if err := late.Do("handover", KitMove{entryToday.AddDays(1)}); !IsKind(err, KindConflict) {
		t.Errorf("an expired kit was handed out: %v", err)
	}
	if err := k.Do("handover", KitMove{entryToday}); err != nil || k.State != KitGiven {
		t.Fatal(err, k.State)
	}
	wantField(t, k.Do("use", KitMove{entryToday.AddDays(-1)}), "/on", "naloxone_kit.before_handover")
	if err := k.Do("use", KitMove{entryToday.AddDays(2)}); err != nil || k.StateOn(entryToday.AddDays(3)) != KitUsed {
		t.Errorf("an expired kit that was used in need: %v, %s", err, k.StateOn(entryToday.AddDays(3)))
	}
	if err := k.Do("loss", KitMove{entryToday.AddDays(3)}); !IsKind(err, KindConflict) {
		t.Error("a used kit was lost")
	}
}

func TestAlert_Text(t *testing.T) {
	t.Parallel()
	good := func() NewAlert {
		return NewAlert{Kind: "contamination", Region: "KZ-75", AlertText: AlertText{Advice: []string{"do_not_mix"}, Note: "blue tablets", ValidUntil: entryToday}}
	}
	if err := good().Check("KZ", entryToday); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pointer, code string
		change        func(*NewAlert)
	}{
		{"/kind", "entry.code_not_in_list", func(n *NewAlert) { n.Kind = "" }},
		{"/region", "alert.region_unknown", func(n *NewAlert) { n.Region = "" }},
		{"/place", "entry.code_not_in_list", func(n *NewAlert) { n.Place = "12 Abay street" }},
		{"/advice", "alert.advice_required", func(n *NewAlert) { n.Advice = nil }},
		{"/advice/0", "entry.code_not_in_list", func(n *NewAlert) { n.Advice = []string{"zqx"} }},
		{"/note", "text.identifies_person", func(n *NewAlert) { n.Note = "sold by +7 701 234 56 78" }},
		{"/validUntil", "alert.until_out_of_range", func(n *NewAlert) { n.ValidUntil = entryToday.AddDays(-1) }},
		{"/validUntil", "alert.until_out_of_range", func(n *NewAlert) { n.ValidUntil = entryToday.AddDays(91) }},
		{"/validUntil", "entry.not_a_date", func(n *NewAlert) { n.ValidUntil = "" }},
		{"/substances/0", "entry.code_not_in_list", func(n *NewAlert) { n.Substances = []string{"zqx"} }},
	} {
		n := good()
		c.change(&n)
		wantField(t, n.Check("KZ", entryToday), c.pointer, c.code)
	}
	wantField(t, CheckRetraction("zqx"), "/reason", "entry.code_not_in_list")
	a := Alert{State: AlertIssued}
	if err := a.Issue(AlertText{}, "o", overdoseNow); !IsKind(err, KindConflict) {
		t.Error("an alert was issued twice")
	}
	if err := a.Retract("over"); err != nil || a.State != AlertRetracted || !IsKind(a.Retract("over"), KindConflict) {
		t.Error(err, a.State)
	}
}
