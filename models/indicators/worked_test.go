package indicators

import (
	"slices"
	"testing"

	"jol/models"
)

// frame is a period as seen on a day.
func frame(t testing.TB, period string, asOf models.Date) Frame {
	t.Helper()
	return Frame{Period: mustPeriod(t, period), AsOf: asOf, Rules: DefaultRules}
}

// counted sums denominators and numerators; a plain count is all denominator.
func counted(t testing.TB, id string, f Frame, clients ...ClientRows) (den, num int64) {
	t.Helper()
	indicator, ok := ByID(id)
	if !ok {
		t.Fatalf("no indicator %s", id)
	}
	for _, c := range clients {
		for _, fact := range indicator.Count(Known(c, f.AsOf), f) {
			if fact.Measure == MeasureNumerator {
				num += fact.Units
			} else {
				den += fact.Units
			}
		}
	}
	return den, num
}

// W2 of the worked examples, by hand: gaps of 21 and 22 days.
func TestJourneys_W2(t *testing.T) {
	t.Parallel()
	rows := []EpisodeRow{
		episode("2026-01-10", "2026-02-10"), episode("2026-03-03", "2026-04-01"),
		with(episode("2026-04-23", ""), func(e *EpisodeRow) { e.LastContact = "2026-06-01" }),
	}
	for range 2 {
		got := journeys(rows, "2026-07-01")
		if len(got) != 2 || got[0].start != "2026-01-10" || got[0].end != "2026-04-01" || got[1].start != "2026-04-23" || got[1].end != "2026-07-01" {
			t.Errorf("%+v", got)
		}
		slices.Reverse(rows)
	}
}

// releaseCase is one event of W3: released from custody in Karaganda, treated there.
func releaseCase(exit models.Date, rows ...any) ClientRows {
	c := ClientRows{Custody: []models.CustodyRow{{
		Region: "KZ-35", ExitRegion: "KZ-55", Sex: "M", AgeAtExit: 34, Admitted: "2025-03-01", Exit: exit, ExitReason: "released",
	}}}
	custody := episode("2025-03-10", exit)
	custody.Sector, custody.Region, custody.EndReason = "prison", "KZ-35", "3"
	c.Episodes = []EpisodeRow{custody}
	for _, row := range rows {
		switch row := row.(type) {
		case EpisodeRow:
			c.Episodes = append(c.Episodes, row)
		case models.CustodyRow:
			c.Custody = append(c.Custody, row)
		case func(*ClientRows):
			row(&c)
		}
	}
	return c
}

func community(start models.Date, contacts ...models.Date) EpisodeRow {
	e := episode(start, "")
	e.Sector = "clinic"
	for _, on := range contacts {
		e.Contacts = append(e.Contacts, models.ContactRow{On: on})
		e.LastContact = max(e.LastContact, on)
	}
	return e
}

func again(admitted models.Date) models.CustodyRow {
	return models.CustodyRow{Region: "KZ-35", Sex: "M", AgeAtExit: 34, Admitted: admitted}
}

// w3 is the table of the worked example COC21, second quarter of 2026.
func w3() map[string]ClientRows {
	outreach := community("2026-06-18")
	outreach.Structured, outreach.Sector = false, "ngo"
	return map[string]ClientRows{
		"A": releaseCase("2026-06-01", community("2026-06-22")),
		"B": releaseCase("2026-06-01", community("2026-06-23")),
		"C": releaseCase("2026-06-01", community("2026-05-20", "2026-06-10")),
		"D": releaseCase("2026-06-10", community("2026-06-10")),
		"E": releaseCase("2026-06-12"),
		"F": releaseCase("2026-06-15", outreach),
		"G": releaseCase("2026-06-20", community("2026-07-05")),
		"H": releaseCase("2026-06-05", func(c *ClientRows) { c.Episodes[0].End, c.Episodes[0].EndReason = "2026-05-30", "1" }),
		"I": releaseCase("2026-06-08", again("2026-06-12")),
		"J": releaseCase("2026-06-02", func(c *ClientRows) { c.Custody[0].ExitReason = "transferred_prison" }),
		"K": releaseCase("2026-04-03", community("2026-06-05"), models.CustodyRow{
			Region: "KZ-35", Sex: "M", AgeAtExit: 34, Admitted: "2026-05-01", Exit: "2026-06-02", ExitReason: "released",
		}, func(c *ClientRows) {
			second := episode("2026-05-03", "2026-06-02")
			second.Sector, second.EndReason = "prison", "3"
			c.Episodes = append(c.Episodes, second)
		}),
	}
}

func TestCOC21_W3(t *testing.T) {
	t.Parallel()
	each := map[string][2]int64{"A": {1, 1}, "B": {1, 0}, "C": {1, 1}, "D": {1, 1}, "E": {1, 0}, "F": {1, 0}, "G": {1, 1}, "H": {0, 0}, "I": {1, 0}, "J": {0, 0}, "K": {2, 1}}
	later := frame(t, "2026Q2", "2026-08-20")
	var all []ClientRows
	for event, c := range w3() {
		if den, num := counted(t, "COC21", later, c); [2]int64{den, num} != each[event] {
			t.Errorf("%s: %d of %d, want %v", event, num, den, each[event])
		}
		all = append(all, c)
	}
	withoutContact := w3()
	withoutContact["C"].Episodes[1].Contacts = nil
	var noContact []ClientRows
	for _, c := range withoutContact {
		noContact = append(noContact, c)
	}
	coc21, _ := ByID("COC21")
	if day := coc21.FinalOn(later.Period); day != "2026-08-20" {
		t.Errorf("final on %s", day)
	}
	for name, c := range map[string]struct {
		id       string
		asOf     models.Date
		rows     []ClientRows
		num, den int64
		status   Status
	}{
		"all seen":                          {"COC21", "2026-08-20", all, 5, 10, Final},
		"the day before":                    {"COC21", "2026-08-19", all, 5, 10, Provisional},
		"without competing events":          {"COC21X", "2026-08-20", all, 5, 9, Final},
		"as of the first of July":           {"COC21", "2026-07-01", all, 4, 10, Provisional},
		"as of July, no competing events":   {"COC21X", "2026-07-01", all, 4, 9, Provisional},
		"without the contact of C":          {"COC21", "2026-08-20", noContact, 4, 10, Final},
		"before the second release of K":    {"COC21", "2026-06-01", all, 0, 4, Provisional},
		"nothing is known before it begins": {"COC21", "2026-04-02", all, 0, 0, Provisional},
	} {
		f := frame(t, "2026Q2", c.asOf)
		den, num := counted(t, c.id, f, c.rows...)
		indicator, _ := ByID(c.id)
		if den != c.den || num != c.num || indicator.StatusOn(f.Period, c.asOf) != c.status {
			t.Errorf("%s: %d of %d, %s", name, num, den, indicator.StatusOn(f.Period, c.asOf))
		}
	}
}

// The rates of W3 are 50.0 and 55.6 percent: the division is that of sealed tables, whose
// noise is left out here.
func TestCOC21_W3Variants(t *testing.T) {
	t.Parallel()
	died := func(c *ClientRows) {
		c.Entries = append(c.Entries, models.EntryRow{Kind: models.RowOverdose, Result: "died", On: "2026-06-20"})
	}
	for name, c := range map[string]struct {
		client     ClientRows
		coc, x     [2]int64 // denominator, numerator
		r, sameDay [2]int64
	}{
		"death on day 8":           {releaseCase("2026-06-12", died), [2]int64{1, 0}, [2]int64{0, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"death after a start":      {releaseCase("2026-06-12", died, community("2026-06-13")), [2]int64{1, 1}, [2]int64{1, 1}, [2]int64{1, 0}, [2]int64{0, 0}},
		"death recorded elsewhere": {releaseCase("2026-06-12", with(episode("2026-01-01", "2026-07-03"), func(e *EpisodeRow) { e.EndReason = "8" })), [2]int64{1, 0}, [2]int64{0, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"death on day 22":          {releaseCase("2026-06-12", with(episode("2026-01-01", "2026-07-04"), func(e *EpisodeRow) { e.EndReason = "8" })), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"custody again on day 21":  {releaseCase("2026-06-12", again("2026-07-03")), [2]int64{1, 0}, [2]int64{0, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"custody again on day 22":  {releaseCase("2026-06-12", again("2026-07-04")), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"under 18":                 {releaseCase("2026-06-12", func(c *ClientRows) { c.Custody[0].AgeAtExit = 17 }), [2]int64{}, [2]int64{}, [2]int64{}, [2]int64{}},
		"unknown age is adult":     {releaseCase("2026-06-12", func(c *ClientRows) { c.Custody[0].AgeAtExit = -1 }), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"completed on the day":     {releaseCase("2026-06-12", func(c *ClientRows) { c.Episodes[0].EndReason = "2" }), [2]int64{}, [2]int64{}, [2]int64{}, [2]int64{}},
		"referred on the day of exit": {releaseCase("2026-06-12", func(c *ClientRows) {
			c.Referrals = []ReferralRow{{Region: "KZ-35", FromSector: "prison", ToSector: "clinic", Reason: "release", SentOn: "2026-06-12"}}
		}), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 1}, [2]int64{0, 0}},
		"referred the day after": {releaseCase("2026-06-12", func(c *ClientRows) {
			c.Referrals = []ReferralRow{{Region: "KZ-35", FromSector: "prison", ToSector: "clinic", Reason: "release", SentOn: "2026-06-13"}}
		}), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"dose on day 1": {releaseCase("2026-06-12", onOATUntil("2026-06-12", "2026-06-13")), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 1}},
		"dose on day 2": {releaseCase("2026-06-12", onOATUntil("2026-06-12", "2026-06-14")), [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}},
		"no opioid, yet on treatment": {releaseCase("2026-06-12", onOATUntil("2026-06-12", "2026-06-12"), func(c *ClientRows) { c.Episodes[0].PrimaryDrug = "32" }),
			[2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"a contact after the open episode ended": {releaseCase("2026-06-12", with(community("2026-05-01", "2026-06-14"), func(e *EpisodeRow) { e.End, e.EndReason = "2026-06-13", "5" })),
			[2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
		"in treatment in custody only": {releaseCase("2026-06-12", with(episode("2026-06-14", ""), func(e *EpisodeRow) { e.Sector = "prison" })),
			[2]int64{1, 0}, [2]int64{1, 0}, [2]int64{1, 0}, [2]int64{0, 0}},
	} {
		f := frame(t, "2026Q2", "2026-12-01")
		for id, want := range map[string][2]int64{"COC21": c.coc, "COC21X": c.x, "COC21R": c.r, "COC01": c.sameDay} {
			if den, num := counted(t, id, f, c.client); [2]int64{den, num} != want {
				t.Errorf("%s, %s: %d of %d, want %v", name, id, num, den, want)
			}
		}
	}
}

// onOATUntil puts the client on methadone in custody up to a day, with the next dose in
// the community on another.
func onOATUntil(last, next models.Date) func(*ClientRows) {
	return func(c *ClientRows) {
		c.OAT = []models.OATRow{{Region: "KZ-35", Sector: "prison", Medicine: "methadone", End: last, Doses: []models.DoseRun{{From: "2026-01-01", To: last}}}}
		c.Custody[0].CommunityDoseOn = next
	}
}

// What is published of a release from custody stands where the person was to live; of one who
// did not say, where the institution is.
func TestCOC21_StandsWhereThePersonWasToLive(t *testing.T) {
	t.Parallel()
	f := frame(t, "2026Q2", "2026-12-01")
	coc21, _ := ByID("COC21")
	for region, c := range map[string]ClientRows{
		"KZ-55": releaseCase("2026-06-12"), "KZ-35": releaseCase("2026-06-12", func(c *ClientRows) { c.Custody[0].ExitRegion = "" }),
	} {
		if facts := coc21.Count(c, f); len(facts) != 1 || facts[0].code(DimRegion) != region {
			t.Errorf("%s: %+v", region, facts)
		}
	}
}

// W10: two women with one code in two facilities. Without linkage they are two clients;
// with it the store joins their rows, and they count once.
func TestTDI01_W10(t *testing.T) {
	t.Parallel()
	f := frame(t, "2026", "2027-04-30")
	one, other := episode("2026-03-01", ""), episode("2026-05-01", "")
	apart := []ClientRows{{Scope: models.ScopeFacility, Episodes: []EpisodeRow{one}}, {Scope: models.ScopeFacility, Episodes: []EpisodeRow{other}}}
	if n, _ := counted(t, "TDI01", f, apart...); n != 2 {
		t.Errorf("apart they count %d", n)
	}
	joined := ClientRows{Scope: models.ScopeNational, Episodes: []EpisodeRow{other, one}}
	if n, _ := counted(t, "TDI01", f, joined); n != 1 {
		t.Errorf("joined they count %d", n)
	}
	for _, c := range append(apart, joined) {
		if got := countEntrants(c, f)[0].code(DimScope); got != string(c.Scope) {
			t.Errorf("the scope of the result is %s", got)
		}
	}
	if got := countEntrants(ClientRows{Episodes: []EpisodeRow{one}}, f)[0].code(DimScope); got != "facility" {
		t.Errorf("without a scope it is %s", got)
	}
}

func TestTDIDIS_EntersAfterAFormalEnd(t *testing.T) {
	t.Parallel()
	f := frame(t, "2026", "2027-04-30")
	f.Rules.Entry = RuleTDIDIS
	for name, c := range map[string]struct {
		rows []EpisodeRow
		want int64
	}{
		"first ever":                      {[]EpisodeRow{episode("2026-07-15", "")}, 1},
		"ended the day before":            {[]EpisodeRow{episode("2025-12-01", "2026-07-14"), episode("2026-07-15", "")}, 1},
		"ended on the day":                {[]EpisodeRow{episode("2025-12-01", "2026-07-15"), episode("2026-07-15", "")}, 0},
		"lost by inactivity, not ended":   {[]EpisodeRow{with(episode("2025-01-01", ""), func(e *EpisodeRow) { e.LastContact = "2025-02-01" }), episode("2026-07-15", "")}, 0},
		"still open from last year":       {[]EpisodeRow{episode("2025-12-01", "")}, 0},
		"alcohol treatment open blocks":   {[]EpisodeRow{with(episode("2025-12-01", ""), func(e *EpisodeRow) { e.PrimaryDrug = "80" }), episode("2026-07-15", "")}, 0},
		"opened in error does not block":  {[]EpisodeRow{with(episode("2025-12-01", "2026-12-01"), func(e *EpisodeRow) { e.EndReason = "11" }), episode("2026-07-15", "")}, 1},
		"two starts in the year are once": {[]EpisodeRow{episode("2026-01-02", "2026-01-03"), episode("2026-02-01", "")}, 1},
	} {
		if n, _ := counted(t, "TDI01", f, ClientRows{Episodes: c.rows}); n != c.want {
			t.Errorf("%s: %d, want %d", name, n, c.want)
		}
	}
	if tdi, _ := ByID("TDI01"); tdi.RuleFor(f.Rules) == tdi.RuleFor(DefaultRules) || DefinitionHash(f.Rules) == DefinitionHash(DefaultRules) {
		t.Error("the rule chosen is not told")
	}
}

func TestOAT_MonthAnniversariesAreClamped(t *testing.T) {
	t.Parallel()
	until := func(from, to, end models.Date) ClientRows {
		return ClientRows{OAT: []models.OATRow{{Medicine: "methadone", End: end, Doses: []models.DoseRun{{From: from, To: to}}}}}
	}
	for name, c := range map[string]struct {
		client ClientRows
		period string
		num    int64
	}{
		"six months from 31 August are 28 February":         {until("2025-08-31", "2026-02-28", "2026-02-28"), "2025Q3", 1},
		"and one day less is not retained":                  {until("2025-08-31", "2026-02-27", "2026-02-27"), "2025Q3", 0},
		"lost after 30 days without a dose":                 {until("2025-08-15", "2026-01-15", ""), "2025Q3", 0},
		"ended on paper a month after the last dose":        {until("2025-08-15", "2026-01-15", "2026-02-20"), "2025Q3", 0},
		"ended 29 days after the last dose, at the date":    {until("2025-08-15", "2026-01-17", "2026-02-15"), "2025Q3", 1},
		"a start in the next quarter is no part of the one": {until("2025-10-01", "2026-06-01", ""), "2025Q3", 0},
	} {
		den, num := counted(t, "OAT03", frame(t, c.period, "2026-06-01"), c.client)
		if num != c.num || den != 1 && c.client.OAT[0].Doses[0].From < "2025-10-01" {
			t.Errorf("%s: %d of %d", name, num, den)
		}
	}
	moved := ClientRows{OAT: []models.OATRow{
		{Medicine: "methadone", Sector: "prison", End: "2025-09-10", Doses: []models.DoseRun{{From: "2025-08-01", To: "2025-09-10"}}},
		{Medicine: "methadone", Sector: "clinic", Doses: []models.DoseRun{{From: "2025-10-01", To: "2026-06-01"}}},
	}}
	if den, num := counted(t, "OAT03", frame(t, "2025Q3", "2026-06-01"), moved); den != 1 || num != 1 {
		t.Errorf("a transfer in 21 days: %d of %d", num, den)
	}
	if den, _ := counted(t, "OAT03", frame(t, "2025Q4", "2026-06-01"), moved); den != 0 {
		t.Error("a transfer starts a second cohort")
	}
	moved.OAT[1].Doses[0].From = "2025-10-02"
	if den, num := counted(t, "OAT03", frame(t, "2025Q3", "2026-06-01"), moved); den != 1 || num != 0 {
		t.Errorf("a gap of 22 days: %d of %d", num, den)
	}
}

func TestOAT05_DosesAreThoseInForce(t *testing.T) {
	t.Parallel()
	dose := func(medicine string, phases ...models.DosePhase) ClientRows {
		return ClientRows{OAT: []models.OATRow{{Medicine: medicine, Doses: []models.DoseRun{{From: "2026-01-01", To: "2026-06-30"}}, Phases: phases}}}
	}
	at := func(from models.Date, phase string, ug int64) models.DosePhase {
		return models.DosePhase{From: from, Phase: phase, DailyUg: ug}
	}
	for name, c := range map[string]struct {
		client   ClientRows
		den, num int64
	}{
		"methadone 60 mg":             {dose("methadone", at("2026-01-01", "induction", 20_000), at("2026-02-01", "maintenance", 60_000)), 1, 1},
		"methadone just under":        {dose("methadone", at("2026-02-01", "maintenance", 59_999)), 1, 0},
		"buprenorphine 8 mg":          {dose("buprenorphine", at("2026-02-01", "maintenance", 8_000)), 1, 1},
		"buprenorphine under":         {dose("buprenorphine", at("2026-02-01", "maintenance", 7_000)), 1, 0},
		"induction":                   {dose("methadone", at("2026-02-01", "induction", 80_000)), 0, 0},
		"reducing":                    {dose("methadone", at("2026-02-01", "maintenance", 80_000), at("2026-06-30", "reducing", 70_000)), 0, 0},
		"a change after the date":     {dose("methadone", at("2026-02-01", "maintenance", 80_000), at("2026-07-01", "maintenance", 20_000)), 1, 1},
		"a depot has no daily dose":   {dose("buprenorphine_depot", at("2026-02-01", "maintenance", 0)), 0, 0},
		"without phases nobody knows": {dose("methadone"), 0, 0},
		"two from one day, the smaller recorded first": {dose("methadone",
			models.DosePhase{From: "2026-02-01", KnownOn: "2026-02-01", Phase: "maintenance", DailyUg: 40_000},
			models.DosePhase{From: "2026-02-01", KnownOn: "2026-02-02", Phase: "maintenance", DailyUg: 60_000}), 1, 1},
		"two from one day, the smaller recorded last": {dose("methadone",
			models.DosePhase{From: "2026-02-01", KnownOn: "2026-02-02", Phase: "maintenance", DailyUg: 40_000},
			models.DosePhase{From: "2026-02-01", KnownOn: "2026-02-01", Phase: "maintenance", DailyUg: 60_000}), 1, 0},
		"a tie never flatters":                {dose("methadone", at("2026-02-01", "maintenance", 60_000), at("2026-02-01", "maintenance", 59_999)), 1, 0},
		"a tie never flatters, the other way": {dose("methadone", at("2026-02-01", "maintenance", 59_999), at("2026-02-01", "maintenance", 60_000)), 1, 0},
	} {
		if den, num := counted(t, "OAT05", frame(t, "2026Q2", "2026-07-20"), c.client); den != c.den || num != c.num {
			t.Errorf("%s: %d of %d", name, num, den)
		}
	}
}

// Each that looks past the period is here, and each that does not: a window that somebody
// forgets publishes a number before it is one, and nothing else would say so.
func TestFinalOn_ByTheWindowOfEach(t *testing.T) {
	t.Parallel()
	later := map[string]models.Date{
		"COC21": "2026-08-20", "COC21X": "2026-08-20", "COC01": "2026-07-31", "REF01": "2026-08-29", "OAT03": "2027-01-29",
		"OAT04": "2027-07-30", "RET12": "2026-10-22", "REPRES6": "2027-01-29", "HCV02": "2026-10-28", "COMP": "2026-08-20",
	}
	within := []string{
		"TDI01", "TDI01A", "TDI01S", "TDI02", "TDI03", "TDI05", "TDI06", "OAT01", "OAT02", "OAT05", "OAT06", "COC21R", "WAIT21", "WAITQ", "NSP01", "NSP02", "NSP03",
		"NAL01", "HTS01", "HTS02", "HCV01", "SDG351",
	}
	for _, i := range Catalogue {
		want, ok := later[i.ID]
		if slices.Contains(within, i.ID) {
			want, ok = "2026-07-30", true
		}
		if got := i.FinalOn(mustPeriod(t, "2026Q2")); i.Count != nil && (!ok || got != want) {
			t.Errorf("%s is final on %s, want %q: say here whether it looks past the period", i.ID, got, want)
		}
	}
}

func TestOfEstimate_IsNullWithAReason(t *testing.T) {
	t.Parallel()
	cell := Cell{Value: new(int64(500)), Lo95: new(int64(494)), Hi95: new(int64(506))}
	pwid := &models.Estimate{Kind: "pwid", Value: 2000, Low: 1500, High: 2600, Source: "IBBS", Year: 2026}
	nsp01, _ := ByID("NSP01")
	nsp03, _ := ByID("NSP03")
	sdg, _ := ByID("SDG351")
	tdi01, _ := ByID("TDI01")
	text := func(p *Percent) string {
		if p == nil {
			return "null"
		}
		return string(*p)
	}
	for name, c := range map[string]struct {
		got            Coverage
		value, lo, hi  string
		reason, source string
	}{
		"percent, both intervals":     {OfEstimate(nsp01, cell, pwid), "25.0", "19.0", "33.7", "", "IBBS"},
		"units a person":              {OfEstimate(nsp03, Cell{Value: new(int64(301_000))}, pwid), "150.5", "null", "null", "", "IBBS"},
		"no estimate":                 {OfEstimate(nsp01, cell, nil), "null", "null", "null", NoEstimate, ""},
		"an estimate of nobody":       {OfEstimate(nsp01, cell, &models.Estimate{Kind: "pwid"}), "null", "null", "null", NoEstimate, ""},
		"below the floor":             {OfEstimate(nsp01, Cell{Flag: BelowFloor}, pwid), "null", "null", "null", ReasonFloor, "IBBS"},
		"an estimate of others":       {OfEstimate(sdg, cell, pwid), "null", "null", "null", EstimateNotUsed, "IBBS"},
		"alcohol has its own":         {OfEstimate(sdg, cell, &models.Estimate{Kind: "alcohol_use_disorder", Value: 1000, Source: "survey"}), "50.0", "49.4", "50.6", "", "survey"},
		"divided by nothing":          {OfEstimate(tdi01, cell, pwid), "null", "null", "null", EstimateNotUsed, ""},
		"more than there should be":   {OfEstimate(nsp01, cell, &models.Estimate{Kind: "pwid", Value: 400, Source: "old"}), "125.0", "123.5", "126.5", "", "old"},
		"a half is rounded up, 12.25": {OfEstimate(nsp01, Cell{Value: new(int64(49))}, &models.Estimate{Kind: "pwid", Value: 400, Source: "x"}), "12.3", "null", "null", "", "x"},
	} {
		source := ""
		if c.got.Estimate != nil {
			source = c.got.Estimate.Source
		}
		if text(c.got.Value) != c.value || text(c.got.Lo) != c.lo || text(c.got.Hi) != c.hi || c.got.Reason != c.reason || source != c.source {
			t.Errorf("%s: %s [%s, %s] %s %s", name, text(c.got.Value), text(c.got.Lo), text(c.got.Hi), c.got.Reason, source)
		}
	}
}

func TestMeanOfBands_LeavesOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	mean := MeanOfBands(DimAgeTDI, []Cell{
		{Codes: []string{"U15"}, Flag: BelowFloor},
		{Codes: []string{"20-24"}, Value: new(int64(10))},
		{Codes: []string{"30-34"}, Value: new(int64(30))},
		{Codes: []string{"99"}, Value: new(int64(99))},
	})
	if mean.Value == nil || *mean.Value != "30.0" || mean.Counts != 40 || mean.Masked != 1 {
		t.Errorf("%+v", mean)
	}
	for _, d := range []string{DimAgeTDI, DimYearsSinceUse} {
		for _, code := range codesOf(d, testCountry) {
			if _, ok := midpoints[d][code]; ok == (code == notKnown) {
				t.Errorf("%s %s has no middle, or should have none", d, code)
			}
		}
	}
	if none := MeanOfBands(DimYearsSinceUse, []Cell{{Codes: []string{"0-1"}, Flag: BelowFloor}}); none.Value != nil || none.Masked != 1 {
		t.Errorf("%+v", none)
	}
}

func TestEWS01_CountsReportsByTheStatusOfTheDay(t *testing.T) {
	t.Parallel()
	report := models.SubstanceReport{Region: "KZ-75", On: "2026-04-01", KnownOn: "2026-05-03", ConfirmedOn: "2026-05-20", RetractedOn: "2026-06-10", NPSClass: "nitazene", SourceType: "poisoning"}
	for asOf, want := range map[models.Date]string{"2026-05-02": "", "2026-05-03": "suspected", "2026-05-19": "suspected", "2026-05-20": "confirmed", "2026-06-09": "confirmed", "2026-06-10": "retracted"} {
		got := ""
		for _, f := range countSignals(report, frame(t, "2026Q2", asOf)) {
			got = f.code(DimStatus)
		}
		if got != want {
			t.Errorf("as of %s: %q, want %q", asOf, got, want)
		}
	}
	if len(countSignals(report, frame(t, "2026Q1", "2027-01-01"))) != 0 {
		t.Error("a report counts in another quarter")
	}
}

// Two episodes that end a journey on one day and disagree: the worse stands.
func TestCOMP_ATieNeverFlatters(t *testing.T) {
	t.Parallel()
	ended := func(start models.Date, reason string) EpisodeRow {
		return with(episode(start, "2026-05-01"), func(e *EpisodeRow) { e.EndReason = reason })
	}
	for name, c := range map[string]struct {
		rows []EpisodeRow
		num  int64
	}{
		"both completed":              {[]EpisodeRow{ended("2026-01-01", "1"), ended("2026-02-01", "2")}, 1},
		"one dropped out":             {[]EpisodeRow{ended("2026-01-01", "1"), ended("2026-02-01", "5")}, 0},
		"the longer one dropped out":  {[]EpisodeRow{ended("2026-01-01", "5"), ended("2026-02-01", "1")}, 0},
		"goes on after 21 days":       {[]EpisodeRow{ended("2026-01-01", "1"), episode("2026-05-22", "")}, 0},
		"comes back after 22 days":    {[]EpisodeRow{ended("2026-01-01", "1"), episode("2026-05-23", "")}, 1},
		"completed before the twelve": {[]EpisodeRow{with(episode("2025-01-01", "2025-06-30"), func(e *EpisodeRow) { e.EndReason = "1" }), episode("2026-01-01", "")}, 0},
	} {
		for range 2 {
			if den, num := counted(t, "COMP", frame(t, "2026Q2", "2026-07-20"), ClientRows{Episodes: c.rows}); den != 1 || num != c.num {
				t.Errorf("%s: %d of %d", name, num, den)
			}
			slices.Reverse(c.rows)
		}
	}
}

// COMP divides by the people of TDI03, alcohol alone left out, whatever their number.
func TestCOMP_DividesByTDI03(t *testing.T) {
	t.Parallel()
	treated, completed := int64(0), int64(0)
	for _, c := range people(3, 400, testCountry.Regions) {
		if len(c.Episodes) > 0 && c.SDCKey%3 == 0 {
			c.Episodes[0].PrimaryDrug = "80"
		}
		f := frame(t, "2026", "2027-05-01")
		facts := countCompletions(c, f)
		treated += int64(len(countPrevalence(c, f)))
		if len(facts) > 0 {
			completed++
		}
	}
	if treated == 0 || treated == 400 || completed != treated {
		t.Errorf("COMP divides by %d, TDI03 is %d", completed, treated)
	}
	alcohol := with(episode("2026-01-10", "2026-02-01"), func(e *EpisodeRow) { e.PrimaryDrug, e.EndReason = "80", "1" })
	if den, num := counted(t, "COMP", frame(t, "2026Q2", "2026-07-20"), ClientRows{Episodes: []EpisodeRow{alcohol, episode("2026-05-01", "")}}); den != 1 || num != 0 {
		t.Errorf("a course for alcohol completed counts for drugs: %d of %d", num, den)
	}
}

// COMP tells opioids from other drugs; one opioid episode in the twelve
// months decides.
func TestCOMP_GroupsByProblem(t *testing.T) {
	t.Parallel()
	drug := func(start models.Date, code string) EpisodeRow {
		return with(episode(start, start.AddDays(10)), func(e *EpisodeRow) { e.PrimaryDrug = code })
	}
	for want, rows := range map[string][]EpisodeRow{
		"opioid":     {drug("2025-09-01", "80"), drug("2025-11-01", "32"), drug("2026-02-01", "11")},
		"non_opioid": {drug("2025-09-01", "80"), drug("2025-11-01", "99"), drug("2025-01-01", "11")},
		"":           {drug("2025-09-01", "80"), drug("2025-01-01", "11")},
	} {
		facts := countCompletions(ClientRows{Episodes: rows}, frame(t, "2026Q2", "2026-07-20"))
		if want == "" && len(facts) == 0 {
			continue // alcohol alone is in no year's TDI03, and so not here
		}
		if len(facts) != 1 || facts[0].code(DimProblem) != want {
			t.Errorf("%s: %+v", want, facts)
		}
	}
}

func TestKnown_TakesBackWhatCameLater(t *testing.T) {
	t.Parallel()
	c := ClientRows{
		Episodes: []EpisodeRow{
			{Start: "2026-01-01", End: "2026-03-01", EndReason: "1", EndKnownOn: "2026-04-01", LastContact: "2026-03-01", Contacts: []models.ContactRow{{On: "2026-02-01"}, {On: "2026-02-10", KnownOn: "2026-03-20"}}},
			{Start: "2026-01-01", KnownOn: "2026-03-16"},
		},
		Entries: []models.EntryRow{
			{Kind: models.RowTest, On: "2026-03-01", ReturnedOn: "2026-03-15", LinkedOn: "2026-03-16"},
			{Kind: models.RowTest, On: "2026-03-01", KnownOn: "2026-03-16"},
		},
		Custody: []models.CustodyRow{{Admitted: "2026-01-01", Exit: "2026-03-16", ExitReason: "released", ExitRegion: "KZ-55", Naloxone: "supplied", CommunityDoseOn: "2026-03-17"}},
		OAT:     []models.OATRow{{End: "2026-03-16", Doses: []models.DoseRun{{From: "2026-03-01", To: "2026-04-01"}, {From: "2026-03-16", To: "2026-03-16"}}, Phases: []models.DosePhase{{From: "2026-03-01"}, {From: "2026-03-01", KnownOn: "2026-03-16"}}}},
		Referrals: []ReferralRow{
			{SentOn: "2026-03-01", AttendedOn: "2026-03-02", AttendedKnownOn: "2026-03-16", ClosedOn: "2026-03-16"}, {SentOn: "2026-03-01", KnownOn: "2026-03-16"},
		},
	}
	k := Known(c, "2026-03-15")
	if len(k.Episodes) != 1 || k.Episodes[0].End != "" || k.Episodes[0].EndReason != "" || k.Episodes[0].LastContact != "2026-02-01" || len(k.Episodes[0].Contacts) != 1 {
		t.Errorf("%+v", k.Episodes)
	}
	if len(k.Entries) != 1 || k.Entries[0].ReturnedOn != "2026-03-15" || k.Entries[0].LinkedOn != "" {
		t.Errorf("%+v", k.Entries)
	}
	if s := k.Custody[0]; s.Exit != "" || s.ExitReason != "" || s.ExitRegion != "" || s.Naloxone != "" || s.CommunityDoseOn != "" {
		t.Errorf("%+v", s)
	}
	if o := k.OAT[0]; o.End != "" || len(o.Doses) != 1 || o.Doses[0].To != "2026-03-15" || len(o.Phases) != 1 {
		t.Errorf("%+v", o)
	}
	if len(k.Referrals) != 1 || k.Referrals[0].AttendedOn != "" || k.Referrals[0].ClosedOn != "" {
		t.Errorf("%+v", k.Referrals)
	}
	// The last contact of a row holds without its contacts; one that comes later does not.
	if k := Known(ClientRows{Episodes: []EpisodeRow{{Start: "2026-01-01", LastContact: "2026-05-01"}}}, "2026-03-15"); k.Episodes[0].LastContact != "2026-01-01" {
		t.Errorf("%+v", k.Episodes)
	}
	if later := Known(c, "2026-06-01"); len(later.Episodes) != 2 || later.Episodes[0].End != "2026-03-01" || later.Episodes[0].LastContact != "2026-03-01" || c.Episodes[0].End == "" {
		t.Errorf("%+v", later.Episodes)
	}
}

func TestSDG351_KindsOfTreatmentExcludeEachOther(t *testing.T) {
	t.Parallel()
	f := frame(t, "2026", "2027-06-01")
	sdg, _ := ByID("SDG351")
	contact := func(code string, on models.Date) models.EntryRow {
		return models.EntryRow{Kind: models.RowContact, Code: code, On: on}
	}
	taken := func(from, to models.Date) []models.OATRow {
		return []models.OATRow{{Medicine: "methadone", End: to, Doses: []models.DoseRun{{From: from, To: to}}}}
	}
	for name, c := range map[string]struct {
		entries []models.EntryRow
		oat     []models.OATRow
		want    string
	}{
		"nothing":            {nil, nil, "not_recorded"},
		"detoxification":     {[]models.EntryRow{contact("DETOX", "2026-12-31")}, nil, "pharmacological"},
		"the year before":    {[]models.EntryRow{contact("DETOX", "2025-12-31")}, nil, "not_recorded"},
		"aftercare":          {[]models.EntryRow{contact("AFTERCARE", "2026-02-01"), contact("RESREHAB", "2026-01-01")}, nil, "rehabilitation_aftercare"},
		"two kinds":          {[]models.EntryRow{contact("PSY", "2026-02-01"), contact("DETOX", "2026-02-01")}, nil, "several"},
		"a dose and talks":   {[]models.EntryRow{contact("PSY", "2026-02-01")}, taken("2025-12-01", "2026-01-01"), "several"},
		"doses, till before": {[]models.EntryRow{contact("PSY", "2026-02-01")}, taken("2025-10-01", "2025-12-31"), "psychosocial"},
		"doses, from after":  {nil, taken("2027-01-01", "2027-01-05"), "not_recorded"},
		"doses":              {nil, taken("2026-12-31", "2027-01-05"), "pharmacological"},
	} {
		facts := sdg.Count(ClientRows{Episodes: []EpisodeRow{episode("2026-01-01", "")}, Entries: c.entries, OAT: c.oat}, f)
		if len(facts) != 1 || facts[0].code(DimSDGGroup) != c.want {
			t.Errorf("%s: %+v", name, facts)
		}
	}
}

func TestNAL01_SaysWhoWasReleased(t *testing.T) {
	t.Parallel()
	nal01, _ := ByID("NAL01")
	for exit, want := range map[models.Date]string{"2026-06-12": "yes", "2025-12-31": "no", "": "no"} {
		c := releaseCase("2026-06-12", community("2026-06-15"))
		c.Custody[0].Exit = exit
		if facts := nal01.Count(c, frame(t, "2026", "2027-06-01")); len(facts) != 1 || facts[0].code(DimOnRelease) != want { // given none
			t.Errorf("%q: %+v", exit, facts)
		}
	}
}

func TestREF01_SaysFromWhichSectorToWhich(t *testing.T) {
	t.Parallel()
	c := ClientRows{Referrals: []ReferralRow{{Region: "KZ-75", FromSector: "prison", ToSector: "clinic", Reason: "release", SentOn: "2026-02-01"}}}
	ref01, _ := ByID("REF01")
	if facts := ref01.Count(c, frame(t, "2026", "2027-06-01")); len(facts) != 1 || facts[0].code(DimSectorPair) != "prison_to_clinic" {
		t.Errorf("%+v", facts)
	}
}

// Every dimension has codes and a phrase in three languages, and fine bands nest in broad.
func TestDimensions_AreWhole(t *testing.T) {
	t.Parallel()
	for _, i := range Catalogue {
		for _, d := range i.Breakdowns {
			if len(codesOf(d, testCountry)) < 2 || phrases[d]["en"] == "" || phrases[d]["ru"] == "" || phrases[d]["kk"] == "" {
				t.Errorf("%s, %s lacks codes or words", i.ID, d)
			}
		}
	}
	nest := map[string]string{}
	for age := -1; age < 100; age++ {
		fine, broad := ageFine(age), ageBand(age)
		if before, ok := nest[fine]; ok && before != broad {
			t.Errorf("%s lies in %s and %s", fine, before, broad)
		}
		nest[fine] = broad
	}
	l, _ := models.CodeListByID("substance")
	for _, s := range l.Codes {
		if six, three := drug6(s.Code), drugGroup(s.Code); (six == "opioids" || six == "stimulants" || three != "other_or_unknown") && six != three {
			t.Errorf("%s is %s and %s", s.Code, six, three)
		}
		if s.Code != alcohol && tdiRow(s.Code) != s.TDIRow {
			t.Errorf("%s has row %s", s.Code, tdiRow(s.Code))
		}
	}
	for _, want := range [][3]string{{"11", "1.1", "1"}, {"60", "6", "6"}, {"91", "9", "9"}, {"99", "99", "99"}, {"80", "99", "99"}} {
		if tdiRow(want[0]) != want[1] || tdiGroup(want[0]) != want[2] {
			t.Errorf("%v: %s, %s", want, tdiRow(want[0]), tdiGroup(want[0]))
		}
	}
	for drug, want := range map[string]string{"72": "hallucinogens_volatile_synthetic", "71": "cannabis", "60": "hallucinogens_volatile_synthetic", "42": "sedatives", "99": "other_or_unknown", "52": "hallucinogens_volatile_synthetic"} {
		if drug6(drug) != want {
			t.Errorf("%s: %s", drug, drug6(drug))
		}
	}
	for _, c := range []struct {
		start, first int
		want         string
	}{{30, 29, "0-1"}, {30, 30, "0-1"}, {30, 28, "2-4"}, {30, 25, "5-9"}, {30, 20, "10+"}, {30, 0, "99"}, {-1, 20, "99"}, {20, 21, "99"}} {
		if got := yearsSince(c.start, c.first); got != c.want {
			t.Errorf("%d since %d: %s", c.start, c.first, got)
		}
	}
}

func TestCatalogue_HasTheThirtyTwo(t *testing.T) {
	t.Parallel()
	want := []string{
		"TDI01", "TDI02", "TDI03", "TDI04", "TDI05", "TDI06", "OAT01", "OAT02", "OAT03", "OAT04", "OAT05", "OAT06", "COC21", "COC21X", "COC21R", "COC01",
		"REF01", "WAIT21", "WAITQ", "RET12", "COMP", "REPRES6", "NSP01", "NSP02", "NSP03", "NAL01", "HTS01", "HTS02", "HCV01", "HCV02", "SDG351", "EWS01",
	}
	var got []string
	for _, i := range Catalogue {
		if i.ID != "TDI01A" && i.ID != "TDI01S" { // companions for the TDI tables
			got = append(got, i.ID)
		}
	}
	if len(want) != 32 || !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if (Rules{Entry: "TDI-7M", Supply: SupplyEachWindow}).Check() == nil || (Rules{Entry: RuleTDI6M}).Check() == nil || DefaultRules.Check() != nil {
		t.Error("rules are not checked")
	}
}
