package indicators

import (
	"testing"

	"jol/models"
)

func TestParsePeriod_AcceptsQuartersAndYearsOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, start, end string }{
		{"2026", "2026-01-01", "2026-12-31"},
		{"2026Q1", "2026-01-01", "2026-03-31"},
		{"2026Q2", "2026-04-01", "2026-06-30"},
		{"2026Q4", "2026-10-01", "2026-12-31"},
		{"2024Q1", "2024-01-01", "2024-03-31"},
	} {
		p, err := ParsePeriod(c.in)
		if err != nil || string(p.Start()) != c.start || string(p.End()) != c.end || p.String() != c.in {
			t.Errorf("%s: %s..%s %q, %v", c.in, p.Start(), p.End(), p, err)
		}
	}
	for _, in := range []string{
		"", "26", "2026Q0", "2026Q5", "2026q1", "2026Q", "2026Q11", "2026-Q1", "2026Q1-2026Q2", "2026Q1,2026Q2", "2025-2026",
		"202601", "2026-01", "2026-01-01", " 2026", "2026 ", "Q12026", "٢٠٢٦", "0000", "1899", "2201", "+2026", "2026Q1Q2", "2026W01", "*",
	} {
		if p, err := ParsePeriod(in); err == nil || p != (Period{}) {
			t.Errorf("%q was accepted as %s..%s", in, p.Start(), p.End())
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"2026", "2026Q1", "2026Q5", "2026-01-01", "", "2026Q", "9999", "2026Q1Q1", "２０２６"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePeriod(s)
		if err != nil {
			if !models.IsKind(err, models.KindInvalid) || p != (Period{}) {
				t.Fatalf("refused as %v with %v", err, p)
			}
			if _, same := ParsePeriod("?"); err.Error() != same.Error() {
				t.Fatal("the error depends on the input")
			}
			return
		}
		days := p.Start().DaysUntil(p.End()) + 1
		if p.String() != s || p.IsQuarter() != (len(s) == 6) {
			t.Fatalf("%q reads back as %q", s, p)
		}
		if p.IsQuarter() && (days < 90 || days > 92) || !p.IsQuarter() && days != 365 && days != 366 {
			t.Fatalf("%q has %d days", s, days)
		}
		if !p.Contains(p.Start()) || !p.Contains(p.End()) || p.Contains(p.Start().AddDays(-1)) || p.Contains(p.End().AddDays(1)) {
			t.Fatalf("%q does not contain exactly its days", s)
		}
	})
}

func TestSealableFrom_WaitsForLateData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status Status
		period string
		want   models.Date // empty: refused
	}{
		{Provisional, "2026Q1", "2026-04-30"},
		{Final, "2026Q1", "2026-06-29"},
		{Annual, "2025", "2026-04-30"},
		{Revision, "2025", "2026-04-30"},
		{Provisional, "2026", ""}, {Final, "2026", ""}, {Annual, "2026Q1", ""}, {Revision, "2026Q4", ""}, {"draft", "2026", ""},
	} {
		got, err := SealableFrom(c.status, mustPeriod(t, c.period))
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %s: %s, %v", c.status, c.period, got, err)
		}
	}
	if _, err := SealableFrom(Annual, Period{}); err == nil {
		t.Error("the zero period was accepted")
	}
}
