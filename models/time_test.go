package models

import (
	"fmt"
	"testing"
	"time"
)

// The dates that time.Parse reads, and no others, are read the same.
func TestDate_TimeReadsWhatTimeParseReads(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", "2026", "2026-1-01", "2026-01-1", "02026-01-01", "2026-01-01 ", "2026/01/01", "2026-01/01", "+026-01-01", "-026-01-01",
		"2026-0a-01", "2026-01-0x", "202 -01-01", "2026-01-+1", "２026-01", "2026-01-01T00:00:00Z",
	}
	for _, year := range []int{0, 1, 1582, 1900, 1999, 2000, 2023, 2024, 2026, 2100, 9999} {
		for month := range 15 {
			for day := range 34 {
				texts = append(texts, fmt.Sprintf("%04d-%02d-%02d", year, month, day))
			}
		}
	}
	for _, s := range texts {
		want, err := time.Parse(time.DateOnly, s)
		if err != nil {
			want = time.Time{}
		}
		if got := Date(s).Time(); got != want {
			t.Errorf("%q is %v, want %v", s, got, want)
		}
	}
}
