package indicators

import (
	"slices"
	"testing"
)

// The attackers know the method, V and D, and every published table (disclosure
// control §2.3: only keys are secret). No LP solver is at hand; for this plan, in
// which every table splits one total, interval propagation gives the same bounds.

// interval is what an attacker knows of one true count, both ends included.
type interval struct{ lo, hi int64 }

// known turns one tally into what a reader knows of each of its cells.
type known func(*tally) []interval

// noisy reads a sealed table: the count is within D of what is shown.
func noisy(t *testing.T, a *Accumulator, key uint64) known {
	return func(tl *tally) []interval {
		table, err := a.sealTable(tl, testKey(key), "")
		if err != nil {
			t.Fatal(err)
		}
		d, floor := int64(table.Method.NoiseMax), int64(table.Method.Floor)
		var out []interval
		for _, c := range table.Cells {
			if c.Value == nil {
				out = append(out, interval{0, floor - 1 + d})
			} else {
				out = append(out, interval{max(0, *c.Value-d), *c.Value + d})
			}
		}
		return out
	}
}

// plainSuppression is the weakened method: exact counts, under 5 hidden.
func plainSuppression(tl *tally) []interval {
	var out []interval
	for _, c := range tl.cells {
		if c.n < 5 {
			out = append(out, interval{0, 4})
		} else {
			out = append(out, interval{c.n, c.n})
		}
	}
	return out
}

// tighten uses "the parts sum to the total" until nothing changes.
func tighten(total *interval, parts []interval) {
	for changed := true; changed; {
		changed = false
		var lo, hi int64
		for _, p := range parts {
			lo, hi = lo+p.lo, hi+p.hi
		}
		narrow := func(i *interval, lo, hi int64) {
			if n := (interval{max(i.lo, lo), min(i.hi, hi)}); n != *i {
				*i, changed = n, true
			}
		}
		narrow(total, lo, hi)
		for i, p := range parts {
			narrow(&parts[i], total.lo-(hi-p.hi), total.hi-(lo-p.lo))
		}
	}
}

// attack runs the bounds over all entrant tables. It returns how many true counts
// of 1 to 4 were proven to be 1 to 4, and how many were proven not to be 0.
func attack(t *testing.T, a *Accumulator, look known) (small, proven, present int) {
	t.Helper()
	total := look(a.tallies[0])[0]
	tables := [][]interval{}
	for _, tl := range a.tallies[1:6] {
		tables = append(tables, look(tl))
	}
	for range 3 { // the total learns from each table and teaches the others
		for _, parts := range tables {
			tighten(&total, parts)
		}
	}
	for k, tl := range a.tallies[1:6] {
		for i, c := range tl.cells {
			got := tables[k][i]
			if c.n < got.lo || c.n > got.hi {
				t.Fatalf("the attacker is wrong about %s: %d not in %+v", tl.line.ID, c.n, got)
			}
			if c.n < 1 || c.n > 4 {
				continue
			}
			small++
			if got.lo >= 1 {
				present++
				if got.hi <= 4 {
					proven++
				}
			}
		}
	}
	return small, proven, present
}

func TestAttack_IntervalsProveNothing(t *testing.T) {
	t.Parallel()
	small, proven, present := 0, 0, 0
	weakSmall, weakProven, weakPresent := 0, 0, 0
	for seed := range uint64(100) {
		a := accumulate(t, Ministry, testCountry, Annual, "2026", clients(seed, 100+int(seed)*20))
		s, p, e := attack(t, a, noisy(t, a, seed))
		small, proven, present = small+s, proven+p, present+e
		s, p, e = attack(t, a, plainSuppression)
		weakSmall, weakProven, weakPresent = weakSmall+s, weakProven+p, weakPresent+e
	}
	t.Logf("sealed: %d small counts, %d proven, presence of %d proven", small, proven, present)
	t.Logf("plain <5: %d small counts, %d proven, presence of %d proven", weakSmall, weakProven, weakPresent)
	if small < 100 || proven != 0 || present != 0 {
		t.Errorf("of %d small counts %d are proven, presence of %d", small, proven, present)
	}
	if weakProven == 0 || weakPresent == 0 {
		t.Error("the attacker finds nothing in plain suppression either: it does not bite")
	}
}

// profileTables are the tables that together tell all attributes of a client.
var profileTables = []string{"TDI01.region", "TDI01.sex", "TDI01.age", "TDI01.drug", "TDI01.centre"}

// guess compares two releases, between which one client was added, and names in
// each table the only cell that changed, or else the one that grew most. sure says
// that in every table exactly one cell had changed.
func guess(before, after Release) (codes []string, sure bool) {
	sure = true
	value := func(c Cell) int64 {
		if c.Value == nil {
			return 0
		}
		return *c.Value
	}
	for _, id := range profileTables {
		b, _ := before.Table(id)
		a, _ := after.Table(id)
		changed, best := []int{}, 0
		for i := range a.Cells {
			if value(a.Cells[i]) != value(b.Cells[i]) {
				changed = append(changed, i)
			}
			if value(a.Cells[i])-value(b.Cells[i]) > value(a.Cells[best])-value(b.Cells[best]) {
				best = i
			}
		}
		if len(changed) == 1 {
			best = changed[0]
		}
		sure = sure && len(changed) == 1
		codes = append(codes, a.Cells[best].Codes[0])
	}
	return codes, sure
}

func TestAttack_NextDayDifferenceFindsNobody(t *testing.T) {
	t.Parallel()
	const trials = 200
	rows := clients(11, 600)
	newcomers := slices.DeleteFunc(clients(12, 2*trials), func(c ClientRows) bool { return len(c.Episodes) > 1 })
	sealed, live, liveSure := 0, 0, 0
	for trial := range uint64(trials) {
		c := newcomers[trial]
		entry := c.Episodes[0]
		want := []string{entry.Region, entry.Sex, ageBand(entry.AgeAtStart), drugGroup(entry.PrimaryDrug), centreGroup(entry.CentreType)}
		release := func(rows []ClientRows, key uint64) Release {
			return seal(t, accumulate(t, Ministry, testCountry, Annual, "2026", rows), key)
		}
		after := append(slices.Clone(rows), c)
		before := release(rows, 2*trial)
		if codes, sure := guess(before, release(after, 2*trial+1)); slices.Equal(codes, want) {
			sealed++
			if sure {
				t.Error("an attacker was sure of a sealed release")
			}
		}
		// The same attack on live answers with sticky noise: one key for both.
		if codes, sure := guess(before, release(after, 2*trial)); slices.Equal(codes, want) {
			live++
			if sure {
				liveSure++
			}
		}
	}
	t.Logf("profile of the added client found: sealed %d, sticky live %d (sure %d) of %d", sealed, live, liveSure, trials)
	// The newcomer has the commonest codes often: a few hits are luck.
	if sealed > trials/20 {
		t.Errorf("sealed releases give %d of %d profiles", sealed, trials)
	}
	if liveSure < trials/5 {
		t.Error("the attacker does not find the client in live data either: it does not bite")
	}
}

func TestAttack_SameContributorsDoNotShareNoise(t *testing.T) {
	t.Parallel()
	// All clients are women: total and the cell F hold the same people. With the
	// contributors alone in the key both would show the same number, and any
	// difference would prove a man (disclosure control §1, part 4).
	rows := make([]ClientRows, 40)
	for i := range rows {
		rows[i] = ClientRows{SDCKey: int64(i), Episodes: []EpisodeRow{episode("2026-02-01", "")}}
	}
	differ := 0
	for key := range uint64(200) {
		r := seal(t, accumulate(t, Ministry, testCountry, Annual, "2026", rows), key)
		total, _ := r.Table("TDI01.total")
		sex, _ := r.Table("TDI01.sex")
		if *total.Cells[0].Value != *sex.Cells[0].Value {
			differ++
		}
	}
	// Two independent draws with sd 2 are equal in about 14 of 100.
	if differ < 150 || differ > 195 {
		t.Errorf("total and women differ in %d of 200 releases", differ)
	}
}
