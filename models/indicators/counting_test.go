package indicators

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"jol/models"
)

// episode is structured heroin treatment in Pavlodar; end empty is open.
func episode(start, end models.Date) EpisodeRow {
	return EpisodeRow{
		Region: "KZ-55", Sex: "F", AgeAtStart: 30, CentreType: "1", PrimaryDrug: "11", Structured: true,
		Start: start, End: end, LastContact: max(start, end),
	}
}

func with(e EpisodeRow, change func(*EpisodeRow)) EpisodeRow {
	change(&e)
	return e
}

func TestTDI01_EntryRule(t *testing.T) {
	t.Parallel()
	const s = models.Date("2026-07-15") // s-182 = 2026-01-14
	lastSeen := func(d models.Date) func(*EpisodeRow) { return func(e *EpisodeRow) { e.LastContact = d } }
	drug := func(code string) func(*EpisodeRow) { return func(e *EpisodeRow) { e.PrimaryDrug = code } }
	unstructured := func(e *EpisodeRow) { e.Structured = false }
	inError := func(e *EpisodeRow) { e.EndReason = "11" }
	for name, c := range map[string]struct {
		rows []EpisodeRow
		want models.Date // the entry in 2026; empty: none
	}{
		"first treatment ever":                    {[]EpisodeRow{episode(s, "")}, s},
		"ended 183 days before":                   {[]EpisodeRow{episode("2025-01-01", "2026-01-13"), episode(s, "")}, s},
		"ended 182 days before":                   {[]EpisodeRow{episode("2025-01-01", "2026-01-14"), episode(s, "")}, ""},
		"ended the day before":                    {[]EpisodeRow{episode("2025-12-01", "2026-07-14"), episode(s, "")}, ""},
		"open elsewhere, in contact":              {[]EpisodeRow{with(episode("2025-12-01", ""), lastSeen("2026-07-01")), episode(s, "")}, ""},
		"open, last contact 183 days before":      {[]EpisodeRow{with(episode("2025-01-01", ""), lastSeen("2026-01-13")), episode(s, "")}, s},
		"open, last contact 182 days before":      {[]EpisodeRow{with(episode("2025-01-01", ""), lastSeen("2026-01-14")), episode(s, "")}, ""},
		"open, seen again later":                  {[]EpisodeRow{with(episode("2025-01-01", ""), lastSeen("2026-08-01")), episode(s, "")}, ""},
		"open, no contact since the start":        {[]EpisodeRow{with(episode("2025-01-01", ""), lastSeen("")), episode(s, "")}, s},
		"unstructured before does not block":      {[]EpisodeRow{with(episode("2025-12-01", ""), unstructured), episode(s, "")}, s},
		"opened in error before does not block":   {[]EpisodeRow{with(episode("2025-12-01", "2026-07-01"), inError), episode(s, "")}, s},
		"alcohol treatment before blocks":         {[]EpisodeRow{with(episode("2025-12-01", "2026-07-01"), drug("80")), episode(s, "")}, ""},
		"unstructured is no entry":                {[]EpisodeRow{with(episode(s, ""), unstructured)}, ""},
		"opened in error is no entry":             {[]EpisodeRow{with(episode(s, s), inError)}, ""},
		"alcohol is no entry":                     {[]EpisodeRow{with(episode(s, ""), drug("80"))}, ""},
		"unknown drug is an entry":                {[]EpisodeRow{with(episode(s, ""), drug("99"))}, s},
		"continuing from last year is no entry":   {[]EpisodeRow{episode("2025-12-31", "")}, ""},
		"next year's start is no entry":           {[]EpisodeRow{episode("2027-01-01", "")}, ""},
		"two new entries in the year, first wins": {[]EpisodeRow{episode("2026-01-05", "2026-01-10"), episode(s, "")}, "2026-01-05"},
		"a start after the period never blocks":   {[]EpisodeRow{episode(s, ""), episode("2026-07-16", "")}, s},
		"alcohol first, heroin after a gap":       {[]EpisodeRow{with(episode("2026-01-05", "2026-01-10"), drug("80")), episode(s, "")}, s},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				got, ok := YearEntry(c.rows, mustPeriod(t, "2026"))
				if got.Start != c.want || ok != (c.want != "") {
					t.Errorf("entry %q, want %q", got.Start, c.want)
				}
				slices.Reverse(c.rows)
			}
		})
	}
}

func TestTDI01_CountsAPersonInOneQuarterOfTheYear(t *testing.T) {
	t.Parallel()
	c := ClientRows{Episodes: []EpisodeRow{
		episode("2026-02-01", "2026-02-10"), // the entry of the year
		episode("2026-12-01", ""),           // new again by TDI-6M, but not the first
	}}
	for period, want := range map[string]int{"2026Q1": 1, "2026Q2": 0, "2026Q3": 0, "2026Q4": 0, "2026": 1, "2025": 0} {
		if got := len(countEntrants(c, Frame{Period: mustPeriod(t, period)})); got != want {
			t.Errorf("%s: %d, want %d", period, got, want)
		}
	}
}

func TestTDI01_GroupsAttributes(t *testing.T) {
	t.Parallel()
	for age, want := range map[int]string{-1: "25-44", 0: "0-24", 24: "0-24", 25: "25-44", 44: "25-44", 45: "45+", 90: "45+"} {
		if got := ageBand(age); got != want {
			t.Errorf("age %d: %s", age, got)
		}
	}
	for drug, want := range map[string]string{
		"11": "opioids", "19": "opioids", "21": "stimulants", "29": "stimulants", "34": "stimulants", "39": "stimulants",
		"41": "other_or_unknown", "71": "other_or_unknown", "91": "other_or_unknown", "99": "other_or_unknown", "": "other_or_unknown", "1": "other_or_unknown",
	} {
		if got := drugGroup(drug); got != want {
			t.Errorf("drug %s: %s", drug, got)
		}
	}
	for centre, want := range map[string]string{"1": "outpatient", "4": "outpatient", "2": "inpatient", "3": "prison", "5": "other", "6": "other", "99": "other"} {
		if got := centreGroup(centre); got != want {
			t.Errorf("centre %s: %s", centre, got)
		}
	}
}

func TestREF01_CountsCompletionWithin30Days(t *testing.T) {
	t.Parallel()
	referral := func(sent, attended models.Date) ReferralRow {
		return ReferralRow{Region: "KZ-55", SentOn: sent, AttendedOn: attended}
	}
	for name, c := range map[string]struct {
		rows     []ReferralRow
		den, num int // in 2026Q1
	}{
		"none":                            {nil, 0, 0},
		"attended on day 30":              {[]ReferralRow{referral("2026-01-01", "2026-01-31")}, 1, 1},
		"attended on day 31":              {[]ReferralRow{referral("2026-01-01", "2026-02-01")}, 1, 0},
		"attended the same day":           {[]ReferralRow{referral("2026-01-01", "2026-01-01")}, 1, 1},
		"attended in the next quarter":    {[]ReferralRow{referral("2026-03-31", "2026-04-30")}, 1, 1},
		"not attended, cancelled or lost": {[]ReferralRow{referral("2026-01-01", "")}, 1, 0},
		"attended before it was sent":     {[]ReferralRow{referral("2026-02-01", "2026-01-31")}, 1, 0},
		"sent before the period":          {[]ReferralRow{referral("2025-12-31", "2026-01-02")}, 0, 0},
		"sent after the period":           {[]ReferralRow{referral("2026-04-01", "2026-04-02")}, 0, 0},
		"the fourth is not counted": {[]ReferralRow{
			referral("2026-01-01", ""), referral("2026-01-02", "2026-01-03"), referral("2026-01-03", ""), referral("2026-01-04", "2026-01-05"),
		}, 3, 1},
		"of several on one day the unattended come first": {[]ReferralRow{
			referral("2026-01-01", "2026-01-02"), referral("2026-01-01", "2026-01-02"), referral("2026-01-01", ""), referral("2026-01-01", ""),
		}, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				den, num := 0, 0
				for _, f := range countReferrals(ClientRows{Referrals: c.rows}, Frame{Period: mustPeriod(t, "2026Q1")}) {
					if f.Measure == MeasureNumerator {
						num++
					} else {
						den++
					}
				}
				if den != c.den || num != c.num {
					t.Errorf("%d of %d, want %d of %d", num, den, c.num, c.den)
				}
				slices.Reverse(c.rows)
			}
		})
	}
}

// slowEntry is rule TDI-6M word for word: it walks every day before every start.
func slowEntry(rows []EpisodeRow, year int) (models.Date, bool) {
	active := func(e EpisodeRow, day, s models.Date) bool {
		if !e.Structured || e.EndReason == "11" || day < e.Start || e.End != "" && day > e.End {
			return false
		}
		seen := e.Start
		for d := e.Start; d <= e.LastContact; d = d.AddDays(1) {
			seen = d
		}
		endedByInactivity := e.End == "" && s >= seen.AddDays(183)
		return !endedByInactivity || day <= seen
	}
	for s := models.Date(fmt.Sprintf("%d-01-01", year)); s.Year() == year; s = s.AddDays(1) {
		for _, e := range rows {
			if e.Start != s || !e.Structured || e.EndReason == "11" || e.PrimaryDrug == "80" {
				continue
			}
			blocked := false
			for k := 1; k <= 182; k++ {
				for _, other := range rows {
					blocked = blocked || active(other, s.AddDays(-k), s)
				}
			}
			if !blocked {
				return s, true
			}
		}
	}
	return "", false
}

func TestTDI01_EqualsASlowReference(t *testing.T) {
	t.Parallel()
	p := mustPeriod(t, "2026")
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(drawEpisode), 1, 4).Draw(t, "episodes")
		wantDay, want := slowEntry(rows, 2026)
		got, ok := YearEntry(rows, p)
		if ok != want || got.Start != wantDay {
			t.Fatalf("entry %q %v, the reference says %q %v", got.Start, ok, wantDay, want)
		}
		again, _ := YearEntry(rapid.Permutation(rows).Draw(t, "order"), p)
		if !reflect.DeepEqual(again, got) {
			t.Fatalf("another order gives another entry: %+v, %+v", again, got)
		}
	})
}

// drawEpisode draws gaps around 182 days often.
func drawEpisode(t *rapid.T) EpisodeRow {
	base := models.Date("2026-05-01")
	offset := rapid.OneOf(rapid.IntRange(-400, 300), rapid.SampledFrom([]int{-184, -183, -182, -181, 0, 1})).Draw(t, "start")
	length := rapid.OneOf(rapid.IntRange(0, 300), rapid.SampledFrom([]int{0, 1, 2})).Draw(t, "length")
	e := episode(base.AddDays(offset), base.AddDays(offset+length))
	if rapid.Bool().Draw(t, "open") {
		e.End = ""
	}
	e.Structured = rapid.IntRange(0, 4).Draw(t, "structured") > 0
	e.PrimaryDrug = rapid.SampledFrom([]string{"11", "80", "99", "32"}).Draw(t, "drug")
	e.Region = rapid.SampledFrom(testCountry.Regions).Draw(t, "region")
	if e.End != "" && rapid.IntRange(0, 5).Draw(t, "error") == 0 {
		e.EndReason = "11"
	}
	return e
}
