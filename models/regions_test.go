package models

import (
	"regexp"
	"slices"
	"testing"
	"time"
)

func TestRegions_AreThoseOfTheDate(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]int{"KZ": 20, "KG": 9, "TJ": 5, "TM": 6, "UZ": 14, "XX": 0} {
		if got := len(RegionsOf(country, "2026-01-01")); got != want {
			t.Errorf("%s has %d regions, want %d", country, got, want)
		}
	}
	if got := len(RegionsOf("KZ", "2022-06-07")); got != 17 {
		t.Errorf("KZ had %d regions the day before the reform, want 17", got)
	}
	for _, c := range []struct {
		country, code string
		on            Date
		want          bool
	}{
		{"KZ", "KZ-10", "2022-06-07", false}, {"KZ", "KZ-10", "2022-06-08", true}, {"KZ", "KZ-75", "2000-01-01", true},
		{"KZ", "KG-B", "2026-01-01", false}, {"KG", "KG-B", "2026-01-01", true}, {"KG", "", "2026-01-01", false},
		{"XX", "KZ-75", "2026-01-01", false},
	} {
		if got := RegionKnown(c.country, c.code, c.on); got != c.want {
			t.Errorf("RegionKnown(%s, %q, %s) = %v", c.country, c.code, c.on, got)
		}
	}
}

func TestRegions_AreWellFormedAndEveryCountryHasThem(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^[A-Z]{2}-[0-9A-Z]{1,3}$`)
	if len(countryTable()) != len(Countries) {
		t.Errorf("regions of %d countries, %d are served", len(countryTable()), len(Countries))
	}
	for _, country := range Countries {
		var codes []string
		for _, r := range RegionsOf(country, "2026-01-01") {
			if !code.MatchString(r.Code) || r.Code[:2] != country || r.Name == "" {
				t.Errorf("%s: %+v", country, r)
			}
			if _, ok := ParseDate(string(r.Since)); r.Since != "" && !ok {
				t.Errorf("%s: since %q", r.Code, r.Since)
			}
			codes = append(codes, r.Code)
			if _, err := time.LoadLocation(Zone(country, r.Code)); err != nil {
				t.Errorf("%s: %v", r.Code, err)
			}
		}
		if !slices.IsSorted(codes) || len(slices.Compact(codes)) != len(codes) {
			t.Errorf("%s: codes are not in order or come twice: %v", country, codes)
		}
	}
}

// Kazakhstan was two zones until the end of February 2024 and is one since.
func TestZone_FollowsTheRegion(t *testing.T) {
	t.Parallel()
	lateEvening := time.Date(2023, 6, 1, 18, 30, 0, 0, time.UTC)
	if east, west := DateOf(lateEvening, Zone("KZ", "KZ-75")), DateOf(lateEvening, Zone("KZ", "KZ-23")); east != "2023-06-02" || west != "2023-06-01" {
		t.Errorf("2023: Almaty %s, Atyrau %s", east, west)
	}
	for _, r := range RegionsOf("KZ", "2026-01-01") {
		loc, err := time.LoadLocation(Zone("KZ", r.Code))
		if err != nil {
			t.Fatal(err)
		}
		if _, offset := time.Date(2026, 1, 1, 0, 0, 0, 0, loc).Zone(); offset != 5*3600 {
			t.Errorf("%s is %d s ahead of UTC in 2026, want five hours", r.Code, offset)
		}
	}
	if Zone("KG", "KG-B") != "Asia/Bishkek" || Zone("KG", "unknown") != "Asia/Bishkek" || Zone("XX", "") != "UTC" {
		t.Error("a region without a zone of its own has not its country's, or an unknown country not UTC")
	}
}

func TestAvailabilityIn_EachCountry(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]Availability{
		"KZ": {OATCommunity: true}, "KG": {OATCommunity: true, OATPrison: true}, "TJ": {OATCommunity: true, OATPrison: true},
		"UZ": {}, "TM": {}, "XX": {},
	} {
		if got := AvailabilityIn(country); got != want {
			t.Errorf("AvailabilityIn(%s) = %+v, want %+v", country, got, want)
		}
	}
}
