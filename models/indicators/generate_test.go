package indicators

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"jol/models"
)

// testCountry has Kazakhstan's twenty regions, written out: tests read no files of
// the reference data.
var testCountry = Country{Code: "KZ", Regions: []string{
	"KZ-10", "KZ-11", "KZ-15", "KZ-19", "KZ-23", "KZ-27", "KZ-31", "KZ-33", "KZ-35", "KZ-39",
	"KZ-43", "KZ-47", "KZ-55", "KZ-59", "KZ-61", "KZ-62", "KZ-63", "KZ-71", "KZ-75", "KZ-79",
}}

func mustPlan(t testing.TB, profile Profile) Plan {
	t.Helper()
	plan, err := PlanFor(profile)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func mustPeriod(t testing.TB, s string) Period {
	t.Helper()
	p, err := ParsePeriod(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// accumulate counts the clients for an annual release of 2026 unless told otherwise.
func accumulate(t testing.TB, profile Profile, country Country, status Status, period string, clients []ClientRows) *Accumulator {
	t.Helper()
	a, err := NewAccumulator(mustPlan(t, profile), country, status, mustPeriod(t, period))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		if err := a.AddClient(c); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func seal(t testing.TB, a *Accumulator, key uint64) Release {
	t.Helper()
	r, err := a.Seal(testKey(key))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testKey makes a reproducible key. Production keys are random.
func testKey(n uint64) []byte {
	key := make([]byte, KeySize)
	binary.BigEndian.PutUint64(key, n)
	return key
}

// clients makes n clients from a seed. Regions, centres and drugs are skewed, so
// that small cells occur; one client in four has an earlier episode, one in three
// referrals.
func clients(seed uint64, n int) []ClientRows {
	rng := rand.New(rand.NewPCG(seed, 7))
	pick := func(codes ...string) string {
		return codes[min(int(rng.ExpFloat64()*float64(len(codes))/3), len(codes)-1)]
	}
	all := make([]ClientRows, n)
	for i := range all {
		c := ClientRows{SDCKey: int64(rng.Uint64())}
		e := EpisodeRow{
			Region: pick(testCountry.Regions...), Sex: pick("M", "F"), AgeAtStart: 15 + int(rng.ExpFloat64()*15),
			CentreType: pick("1", "2", "4", "3", "99"), PrimaryDrug: pick("11", "32", "71", "99", "21"),
			Structured: true, Start: models.Date("2026-01-01").AddDays(rng.IntN(365)),
		}
		e.LastContact = e.Start.AddDays(rng.IntN(200))
		c.Episodes = []EpisodeRow{e}
		if rng.IntN(4) == 0 {
			before := e
			before.Start = e.Start.AddDays(-300 - rng.IntN(100))
			before.End = before.Start.AddDays(rng.IntN(200))
			before.LastContact, before.EndReason = before.End, "1"
			c.Episodes = append(c.Episodes, before)
		}
		for rng.IntN(3) == 0 {
			r := ReferralRow{Region: e.Region, SentOn: e.Start.AddDays(rng.IntN(60))}
			if rng.IntN(2) == 0 {
				r.AttendedOn = r.SentOn.AddDays(rng.IntN(45))
			}
			c.Referrals = append(c.Referrals, r)
		}
		all[i] = c
	}
	return all
}

func BenchmarkSeal100k(b *testing.B) {
	rows := clients(1, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		seal(b, accumulate(b, Ministry, testCountry, Annual, "2026", rows), 1)
	}
}
