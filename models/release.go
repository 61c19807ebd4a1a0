package models

import "time"

// EpisodeRow is what counting needs of one episode. Codes are those of the code lists;
// dates are civil dates of the facility.
type EpisodeRow struct {
	Region      string // ISO 3166-2, of the facility
	Sex         string // F or M
	AgeAtStart  int    // completed years; -1 unknown
	CentreType  string
	PrimaryDrug string // substance code of two digits
	Start       Date
	End         Date // empty while open
	EndReason   string
	LastContact Date
	Structured  bool
}

// ReferralRow is what counting needs of one referral.
type ReferralRow struct {
	Region     string // ISO 3166-2, of the sending organisation
	SentOn     Date
	AttendedOn Date // empty unless attended
}

// ClientRows are all rows of one client of the dedupe scope. No id is part of it: an
// aggregate has no use for one.
type ClientRows struct {
	// SDCKey is the record key of disclosure control, a uint64 kept as two's complement.
	SDCKey    int64
	Episodes  []EpisodeRow
	Referrals []ReferralRow
}

// SealRequest names the release to seal.
type SealRequest struct {
	Country string
	Period  string // 2026 or 2026Q1
	Status  string // provisional, final, annual, revision
	Profile string // ministry or open_data
	Today   Date
}

// Release is a sealed release as it is kept: nothing in it leads back to a count.
type Release struct {
	ID       string `gorm:"primaryKey"`
	Country  string
	Period   string
	Status   string
	Profile  string
	Plan     string
	Budget   float64
	Cutoff   time.Time
	SealedAt time.Time
	SHA256   string         `gorm:"column:sha256"`
	Tables   []ReleaseTable `gorm:"foreignKey:ReleaseID"`
}

// ReleaseTable is one table of a release, rendered once.
type ReleaseTable struct {
	ReleaseID  string `gorm:"primaryKey"`
	TableID    string `gorm:"primaryKey"`
	Position   int
	Title      string
	Dimensions []string `gorm:"serializer:json"`
	JSON       string
	CSV        string `gorm:"column:csv"`
}

// Sealing is one release being counted: clients are added one at a time, then the
// noise is drawn once, with a key that is forgotten.
type Sealing interface {
	AddClient(ClientRows) error
	Seal(key []byte) (*Release, error)
}

// Sealer begins a sealing, or says why the release cannot be sealed. main wires
// models/indicators in, so that the store does not import it.
type Sealer func(SealRequest) (Sealing, error)

// ReleaseID names a release; the profile shows unless it is the ministry's.
func (r SealRequest) ReleaseID() string {
	id := r.Country + "-" + r.Period + "-" + r.Status
	if r.Profile != "ministry" {
		id += "-" + r.Profile
	}
	return id
}
