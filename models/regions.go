package models

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

// Region is a first-level subdivision, the smallest area anything is published for.
type Region struct {
	Code  string `json:"code"`  // ISO 3166-2
	Name  string `json:"name"`  // English
	Since Date   `json:"since"` // first day of a region formed lately; empty for the others
	// Labels is the official name in Russian and Kazakh (ru, kk): drafts.
	Labels map[string]string `json:"labels"`
}

// Availability says which services a country offers in the community and in custody.
// General knowledge, to be checked by each country before use.
type Availability struct {
	OATCommunity bool `json:"oatCommunity"`
	OATPrison    bool `json:"oatPrison"`
}

// Capabilities are what an organisation may and can offer. Agonist treatment defaults to
// what its country offers in its setting; the others default to no, until somebody who
// knows says yes.
type Capabilities struct {
	OATAvailable           bool `json:"oatAvailable" gorm:"column:oat_available"` // agonist treatment
	BuprenorphineAvailable bool `json:"buprenorphineAvailable"`                   // buprenorphine
	THNAllowed             bool `json:"thnAllowed" gorm:"column:thn_allowed"`     // naloxone to take home
	NSPAllowed             bool `json:"nspAllowed" gorm:"column:nsp_allowed"`     // needles and syringes
}

type countryFacts struct {
	Zone         string       `json:"zone"`
	Availability Availability `json:"capabilities"`
	Regions      []struct {
		Region
		Zone string `json:"zone"` // where it differed from the country's
	} `json:"regions"`
}

//go:embed regions.json
var regionsJSON []byte

var countryTable = sync.OnceValue(func() map[string]countryFacts {
	var facts map[string]countryFacts
	if err := json.Unmarshal(regionsJSON, &facts); err != nil {
		panic("models: embedded regions.json: " + err.Error()) // a test reads it
	}
	return facts
})

// RegionsOf returns the regions a country has on a date, by code. Kazakhstan's
// three regions of 2022 do not exist before their first day.
func RegionsOf(country string, on Date) []Region {
	var regions []Region
	for _, r := range countryTable()[country].Regions {
		if r.Since <= on {
			regions = append(regions, r.Region)
		}
	}
	return regions
}

// RegionKnown reports whether the country has the region on the date.
func RegionKnown(country, code string, on Date) bool {
	return slices.ContainsFunc(RegionsOf(country, on), func(r Region) bool { return r.Code == code })
}

// Zone returns the IANA time zone of a region. Kazakhstan is one zone since March
// 2024, but older times need the zone of their region. An unknown region has the
// country's zone, an unknown country UTC.
func Zone(country, region string) string {
	facts, ok := countryTable()[country]
	if !ok {
		return "UTC"
	}
	for _, r := range facts.Regions {
		if r.Code == region && r.Zone != "" {
			return r.Zone
		}
	}
	return facts.Zone
}

// AvailabilityIn returns what a country's facilities may offer unless the facility says
// otherwise: general knowledge, which each country checks before use.
func AvailabilityIn(country string) Availability { return countryTable()[country].Availability }

// DefaultCapabilities returns what an organisation of the kind can offer in a country.
func DefaultCapabilities(country string, kind OrganisationKind) Capabilities {
	switch available := AvailabilityIn(country); kind {
	case KindClinic:
		return Capabilities{OATAvailable: available.OATCommunity}
	case KindPrisonHealth:
		return Capabilities{OATAvailable: available.OATPrison}
	}
	return Capabilities{}
}
