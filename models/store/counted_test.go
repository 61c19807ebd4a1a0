package store

import (
	"reflect"
	"testing"

	"jol/models"
)

// person puts rows together as the counting statement gives them, in the order given.
func person(t *testing.T, rows ...[2]string) models.ClientRows {
	t.Helper()
	c := newCounted("KZ")
	c.begin(1, models.ScopeFacility)
	for _, r := range rows {
		if err := c.add(r[0], r[1]); err != nil {
			t.Fatalf("%s: %v", r[0], err)
		}
	}
	return c.rows()
}

// bothWays are the rows in their order and in the reverse one: the engines promise none.
func bothWays(t *testing.T, rows ...[2]string) [2]models.ClientRows {
	t.Helper()
	back := make([][2]string, len(rows))
	for i, r := range rows {
		back[len(rows)-1-i] = r
	}
	return [2]models.ClientRows{person(t, rows...), person(t, back...)}
}

func counts[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func anEpisode(id, age, start, end string) [2]string {
	return [2]string{"E", id + "|c1|o1|KZ-75|clinic|F|" + age + "|1|11|1|" + start + "|2026-01-01 06:00:00|" + end + "|||" + start + "||1|1|1|1"}
}

func TestCounted_DosesOfADay(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]int64{"daily": 60_000, "alternate_day": 30_000, "weekly_depot": 0, "monthly_depot": 0} {
		for _, c := range bothWays(t,
			[2]string{"Q", "d1|KZ-75|clinic|F|methadone|" + schedule + "|2026-01-10|"}, [2]string{"V", "d1|1|maintenance|60000|2026-01-05 06:00:00"},
			[2]string{"D", "d1|0|2026-01-11,2026-01-13 06:00:00,0;2026-01-10,2026-01-12 06:00:00,0;2026-01-10,2026-01-10 06:00:00,0"},
		) {
			counts(t, schedule, c.OAT[0].Phases, []models.DosePhase{{From: "2026-01-10", KnownOn: "2026-01-05", Phase: "maintenance", DailyUg: want}})
			counts(t, schedule, c.OAT[0].Doses, []models.DoseRun{{From: "2026-01-10", To: "2026-01-11", KnownOn: "2026-01-10"}})
		}
	}
}

func TestCounted_TheFirstAssessmentIsTheEntry(t *testing.T) {
	t.Parallel()
	for _, c := range bothWays(t, anEpisode("e1", "30", "2026-01-10", ""),
		[2]string{"A", `e1|2026-01-12|{"hivTest":"2"}`}, [2]string{"A", `e1|2026-01-11|{"hivTest":"3"}`}, [2]string{"A", `e1|2026-01-11|{"hivTest":"1"}`},
	) {
		counts(t, "items", c.Episodes[0].Items.HIVTest, "1")
	}
}

func TestCounted_AgeIsThatOfTheEpisodeNearestBefore(t *testing.T) {
	t.Parallel()
	for _, c := range bothWays(t, anEpisode("e0", "20", "2020-01-10", "2020-02-01"), anEpisode("e1", "30", "2026-01-10", ""), anEpisode("e2", "31", "2026-01-10", ""),
		[2]string{"X", "contact|c1|NSP|attended|5|KZ-75|clinic|community|F|1|2027-02-01|2027-02-01 06:00:00||"},
	) {
		counts(t, "age", c.Entries[0].Age, 32)
	}
}

func TestCounted_ContactsHoldTheEpisodeOpenAfterItsStart(t *testing.T) {
	t.Parallel()
	rows := [][2]string{anEpisode("e1", "30", "2026-01-10", "2026-01-20")}
	for _, on := range []string{"2026-01-09", "2026-01-10", "2026-01-11", "2026-01-20", "2026-01-21"} {
		rows = append(rows, [2]string{"K", "c1|" + on + "|" + on + " 06:00:00|KZ-75"})
	}
	counts(t, "contacts", person(t, rows...).Episodes[0].Contacts, []models.ContactRow{{On: "2026-01-11", KnownOn: "2026-01-11"}, {On: "2026-01-20", KnownOn: "2026-01-20"}})
}

// Referrals closed before the time was kept count as closed when sent or attended.
func TestCounted_ReferralsClosedBeforeTheTimeWasKept(t *testing.T) {
	t.Parallel()
	for attended, closed := range map[string]models.Date{"2026-01-15": "2026-01-15", "": "2026-01-10"} {
		state := map[bool]string{true: "declined", false: "attended"}[attended == ""]
		c := person(t, [2]string{"R", "KZ-75|clinic|ngo|other|2026-01-10 06:00:00|" + attended + "|" + state + "|"})
		counts(t, state, c.Referrals[0].ClosedOn, closed)
	}
}

// One that was closed without attendance led to treatment only if it was open on the start.
func TestCounted_AReferralClosedLaterLedToTreatment(t *testing.T) {
	t.Parallel()
	for closed, want := range map[string]models.Date{"2026-01-10": "", "2026-01-11": "2026-01-02"} {
		c := person(t, anEpisode("e1", "30", "2026-01-10", ""), [2]string{"I", "KZ-75|o1|2026-01-02 06:00:00||declined|" + closed + " 06:00:00"})
		counts(t, closed, c.Episodes[0].ReferredOn, want)
	}
}

func TestCounted_TheFirstDoseAfterCustody(t *testing.T) {
	t.Parallel()
	for _, c := range bothWays(t, [2]string{"P", "KZ-75|F|2026-01-01 06:00:00|2026-01-01 06:00:00|2026-02-01 06:00:00|2026-02-01 06:00:00|released|KZ-71|supplied"},
		[2]string{"G", "2026-01-31,2026-01-31 06:00:00,KZ-75;2026-02-02,2026-02-04 06:00:00,KZ-75;2026-02-02,2026-02-03 06:00:00,KZ-75;2026-02-03,2026-02-03 06:00:00,KZ-75"},
	) {
		counts(t, "dose", [2]models.Date{c.Custody[0].CommunityDoseOn, c.Custody[0].CommunityDoseKnownOn}, [2]models.Date{"2026-02-02", "2026-02-03"})
	}
}
