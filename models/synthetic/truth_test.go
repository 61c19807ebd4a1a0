package synthetic_test

import (
	"testing"

	"jol/models"
	"jol/models/indicators"
	"jol/models/synthetic"
)

func TestTruth_FitsTheRecords(t *testing.T) {
	t.Parallel()
	c := collect(t, 1, 2000)
	truth := c.Truth()
	referrals, structured := 0, 0
	for _, p := range c.persons {
		referrals += len(p.Referrals)
		for _, e := range p.Episodes {
			if e.Structured {
				structured++
			}
		}
	}
	if truth.Clients != 2000 || truth.Referrals != referrals {
		t.Errorf("%d clients and %d referrals, counted %d", truth.Clients, truth.Referrals, referrals)
	}
	if truth.By[synthetic.SchemeRecord].People != 2000 || truth.By[synthetic.SchemeCare].People != len(c.persons) {
		t.Errorf("people by record %d, by care %d of %d", truth.By[synthetic.SchemeRecord].People, truth.By[synthetic.SchemeCare].People, len(c.persons))
	}
	// Care never takes two people for one, and every record is too many.
	if truth.DoubleCounts(synthetic.SchemeTrue) != 0 || truth.DoubleCounts(synthetic.SchemeCare) <= 0 ||
		truth.DoubleCounts(synthetic.SchemeRecord) <= truth.DoubleCounts(synthetic.SchemeCare) ||
		truth.DoubleCounts(synthetic.SchemeLinkage) >= truth.DoubleCounts(synthetic.SchemeCare) {
		t.Errorf("double counts: care %d, record %d, linkage %d", truth.DoubleCounts(synthetic.SchemeCare), truth.DoubleCounts(synthetic.SchemeRecord), truth.DoubleCounts(synthetic.SchemeLinkage))
	}
	entrants := 0
	for _, n := range truth.By[synthetic.SchemeTrue].Entrants {
		entrants += n
	}
	if entrants < 500 || entrants > structured {
		t.Errorf("%d entrants of %d structured episodes", entrants, structured)
	}
}

// Twins and namesakes become one person for equal codes: linkage undercounts.
func TestTruth_NamesakesAreMergedByLinkage(t *testing.T) {
	t.Parallel()
	truth := generate(t, 1, 20_000).Truth()
	if truth.DoubleCounts(synthetic.SchemeLinkage) >= 0 {
		t.Errorf("linkage counts %+d people", truth.DoubleCounts(synthetic.SchemeLinkage))
	}
}

// Every full quarter of the last two years has entrants enough for a table that is not
// below the floor everywhere, at the demo's usual size.
func TestTruth_QuartersAreNotTrivial(t *testing.T) {
	t.Parallel()
	entrants := generate(t, 1, 2000).Truth().By[synthetic.SchemeTrue].Entrants
	for _, quarter := range []string{"2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"} {
		if entrants[quarter] < 50 {
			t.Errorf("%s has %d entrants", quarter, entrants[quarter])
		}
	}
}

// The indicator and the truth are two implementations of one rule.
func TestTruth_AgreesWithTheIndicator(t *testing.T) {
	t.Parallel()
	c := collect(t, 11, 2000)
	want := c.Truth().By[synthetic.SchemeCare].Entrants
	for _, quarter := range []string{"2024Q3", "2025Q1", "2025Q4", "2026Q2", "2026Q3"} {
		period, err := indicators.ParsePeriod(quarter)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, p := range c.persons {
			if e, ok := indicators.YearEntry(rowsOf(p), period); ok && period.Contains(e.Start) {
				got++
			}
		}
		if got != want[quarter] || got == 0 {
			t.Errorf("%s: the indicator counts %d entrants, the truth is %d", quarter, got, want[quarter])
		}
	}
}

func rowsOf(p models.ImportedPerson) (rows []models.EpisodeRow) {
	for _, e := range p.Episodes {
		rows = append(rows, models.EpisodeRow{
			Sex: e.Sex, AgeAtStart: e.AgeAtStart, CentreType: e.CentreType, PrimaryDrug: e.PrimaryDrug, Start: e.StartDate,
			End: e.EndDate, EndReason: e.EndReason, LastContact: e.LastContact, Structured: e.Structured,
		})
	}
	return rows
}

// The error of the identity scheme, for docs/identity.md: run it with -v.
func TestTruth_DoubleCount(t *testing.T) {
	t.Parallel()
	doubleCount(t, 2_000)
	doubleCount(t, 20_000)
}

// BenchmarkDoubleCount is the same for a country.
func BenchmarkDoubleCount(b *testing.B) {
	for range b.N {
		doubleCount(b, 100_000)
	}
}

func doubleCount(t testing.TB, clients int) {
	t.Helper()
	truth := generate(t, 1, clients).Truth()
	people := truth.By[synthetic.SchemeTrue].People
	for _, s := range synthetic.Schemes {
		c := truth.By[s]
		if c.People != people+c.Splits-c.Merges {
			t.Errorf("%s: %d people of %d, %d split and %d merged", s, c.People, people, c.Splits, c.Merges)
		}
		if careful := s == synthetic.SchemeCare || s == synthetic.SchemeRecord; careful && c.Merges > 0 || !careful && s != synthetic.SchemeTrue && (c.Merges == 0 || c.Splits == 0) {
			t.Errorf("%s: %d split and %d merged", s, c.Splits, c.Merges)
		}
		t.Logf("%7d records %6d people  %-8s %+6d (%+.1f %%)  counted again %5d  taken for another %5d",
			clients, people, s, truth.DoubleCounts(s), 100*float64(truth.DoubleCounts(s))/float64(people), c.Splits, c.Merges)
	}
}
