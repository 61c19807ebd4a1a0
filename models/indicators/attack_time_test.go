package indicators

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sealOnly seals some tables of an accumulator, which must not be sealed as a whole.
func sealOnly(t *testing.T, a *Accumulator, key uint64, ids ...string) Release {
	t.Helper()
	r := Release{}
	for _, tl := range a.tallies {
		if slices.Contains(ids, tl.id) {
			table, err := a.sealTable(tl, testKey(key), "")
			if err != nil {
				t.Fatal(err)
			}
			r.Tables = append(r.Tables, table)
		}
	}
	return r
}

// TestAttack_LateClient asks whether the annual release less the four quarters, or the final
// quarter less the provisional one, tells that one client was entered late. Guessing is
// right half the time. The attacker knows that nobody else was late, so that everybody else
// cancels out: then the noise alone hides the client, and how often the best guess is
// right follows from its distribution. More would be a leak, less an attacker that does not
// bite: the test fails on both.
func TestAttack_LateClient(t *testing.T) {
	t.Parallel()
	plan := mustPlan(t, Ministry)
	noise := plan.Parts[partEntrants].Noise
	table, err := NewPTable(noise.Variance, noise.Bound)
	if err != nil {
		t.Fatal(err)
	}
	provisional, quarter := sharedCells(plan, Provisional, Final), sharedCells(plan, Final, Annual)
	if provisional != 8 || quarter != 27 {
		t.Fatalf("a client is in %d and %d cells of both releases", provisional, quarter)
	}
	key := uint64(0)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range []struct {
		name          string
		draws         int // that are subtracted from one
		cells, trials int
		others        float64 // late on average in the same cells, which the attacker does not know
	}{
		{"final less provisional, one cell", 1, 1, 8000, 0},
		{"annual less quarters, one cell", 4, 1, 8000, 0},
		{"final less provisional, all cells of the client", 1, provisional, 2000, 0},
		{"annual less quarters, all cells of the client", 4, quarter, 2000, 0},
		{"final less provisional, one cell, two others late on average", 1, 1, 8000, 2},
	} {
		show := func(n int64) float64 {
			key++
			return glimpsed(publish(nil, n+int64(table.Noise(draw(newMac(key), "late", nil, nil, cell{n: n, keys: key}))), noise), noise).value
		}
		right := 0
		for trial := range s.trials {
			late := int64(trial % 2)
			sum := 0.0
			more := poisson(rng, s.others)
			for range s.cells {
				sum += show(100 + late + more)
				for d := range s.draws {
					if d == 0 {
						sum -= show(100 - 30*int64(s.draws-1))
					} else {
						sum -= show(30)
					}
				}
			}
			if sum > (0.5+s.others)*float64(s.cells) == (late == 1) {
				right++
			}
		}
		k := float64(s.cells)
		sd := math.Sqrt(k*float64(s.draws+1)*float64(noise.Variance) + k*k*s.others)
		best := 0.5 * math.Erfc(-0.5*k/sd/math.Sqrt2)
		share := float64(right) / float64(s.trials)
		t.Logf("%s: right in %.1f of 100, the noise allows %.1f", s.name, 100*share, 100*best)
		// Four standard deviations of luck.
		if luck := 2 / math.Sqrt(float64(s.trials)); math.Abs(share-best) > luck+0.02*s.others/2 {
			t.Errorf("%s: right in %.1f of 100, want %.1f", s.name, 100*share, 100*best)
		}
	}
}

// sharedCells counts the cells of the first part that a client is in in both releases.
func sharedCells(plan Plan, a, b Status) (n int) {
	for _, l := range plan.TablesFor(a) {
		if core(l) && slices.ContainsFunc(plan.TablesFor(b), func(o TableLine) bool { return o.ID == l.ID }) {
			n++
		}
	}
	return n
}

func poisson(rng *rand.Rand, mean float64) (n int64) {
	for p := rng.Float64(); p > math.Exp(-mean); p *= rng.Float64() {
		n++
	}
	return n
}

// TestAttack_Averaging takes the mean of every draw of a cell. A cell is drawn at most
// twice a profile; a service that answered anew each day would be averaged out.
func TestAttack_Averaging(t *testing.T) {
	t.Parallel()
	table, err := NewPTable(4, 12)
	if err != nil {
		t.Fatal(err)
	}
	mean := func(n int64, draws int, from uint64) (m float64) {
		for d := range draws {
			m += float64(n+int64(table.Noise(draw(newMac(from+uint64(d)), "T", nil, nil, cell{n: n, keys: 5})))) / float64(draws)
		}
		return m
	}
	twice, daily := 0, 0
	for trial := range uint64(400) {
		n := int64(5 + trial%30)
		if k, p := surest(mean(n, 2, trial*1000), 4.0/2); p >= 0.95 && k == n {
			twice++
		}
		if k, p := surest(mean(n, 365, trial*1000), 4.0/365); p >= 0.95 && k == n {
			daily++
		}
	}
	t.Logf("counts known at 95 %%: two draws %d, one a day %d, of 400", twice, daily)
	if twice != 0 || daily < 380 {
		t.Error("averaging tells a count, or the attacker does not bite")
	}
}

// profileTables are the tables that together tell all attributes of a client.
var profileTables = []string{"TDI01.region", "TDI01.sex", "TDI01.age_fine", "TDI01.drug6", "TDI01.centre"}

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
	base := accumulate(t, Ministry, testCountry, Annual, "2026", clients(11, 600))
	with := func(base *Accumulator, c ClientRows) *Accumulator {
		a := accumulate(t, Ministry, testCountry, Annual, "2026", nil)
		for i := range a.tallies {
			copy(a.tallies[i].cells, base.tallies[i].cells)
		}
		if err := a.AddClient(c); err != nil {
			t.Fatal(err)
		}
		return a
	}
	newcomers := slices.DeleteFunc(clients(12, 2*trials), func(c ClientRows) bool { return len(c.Episodes) > 1 })
	sealed, live, liveSure := 0, 0, 0
	for trial := range uint64(trials) {
		c := newcomers[trial]
		entry := c.Episodes[0]
		want := []string{entry.Region, entry.Sex, ageFine(entry.AgeAtStart), drug6(entry.PrimaryDrug), centreGroup(entry.CentreType)}
		after := with(base, c)
		before := sealOnly(t, base, 2*trial, profileTables...)
		if codes, sure := guess(before, sealOnly(t, after, 2*trial+1, profileTables...)); slices.Equal(codes, want) {
			sealed++
			if sure {
				t.Error("an attacker was sure of a sealed release")
			}
		}
		// The same attack on live answers with sticky noise: one key for both.
		if codes, sure := guess(before, sealOnly(t, after, 2*trial, profileTables...)); slices.Equal(codes, want) {
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
	a := accumulate(t, Ministry, testCountry, Annual, "2026", rows)
	for key := range uint64(200) {
		r := sealOnly(t, a, key, "TDI01.total", "TDI01.sex")
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
