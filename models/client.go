package models

import (
	"slices"
	"time"
)

// Person is one human being as far as acts of care have shown. Its id is random
// and never leaves the service.
type Person struct {
	ID      PersonID `gorm:"primaryKey"`
	Country string
	// ResponsibleID is the one organisation responsible at every instant. Only
	// registration, acceptance, the two ends of an identity change and a release from
	// custody that nobody accepted write it.
	ResponsibleID OrganisationID
	// SDCKey is the record key of disclosure control, two's complement of a uint64.
	SDCKey    int64
	CreatedAt time.Time
}

// TableName keeps the plural regular: gorm would look for "people".
func (Person) TableName() string { return "persons" }

// Client is one organisation's record of a person. Two organisations' clients
// share a person only through an accepted referral or transfer, never because
// their codes match (docs/identity.md).
type Client struct {
	ID             ClientID `gorm:"primaryKey"`
	OrganisationID OrganisationID
	PersonID       PersonID
	// Code is the pseudonym in the organisation's sector, without local number.
	Code    string
	LocalNo int
	Sex     string // F or M
	// LowQuality marks a record made without both parents' initials: its code is
	// random, it is never found again by initials and never linked in statistics.
	LowQuality bool
	Version    int64
	CreatedAt  time.Time

	// ResponsibleID is read from the person; it is not a column of the client.
	ResponsibleID OrganisationID `gorm:"->;-:migration"`
}

// Handle is the code as people write it: with the local number from the second
// namesake on.
func (c *Client) Handle() string { return CodeHandle(c.Code, c.LocalNo) }

// Registration is what a worker types to find or make a client record. It lives in
// memory only: initials and birth year are never stored beside the case.
type Registration struct {
	Country        string
	Sex            string
	BirthYear      int
	MotherInitials string
	FatherInitials string
	// Distinct asks for a new record although one with the same code exists.
	Distinct bool
}

// Check validates a registration in a deployment of one country.
func (r Registration) Check(country string, today Date) error {
	var c Checks
	c.Require(r.Country == country, "/country", "client.country_not_served")
	c.Require(r.Sex == "F" || r.Sex == "M", "/sex", "client.sex_unknown")
	age := today.Year() - r.BirthYear
	c.Require(age >= 5 && age <= 110, "/birthYear", "client.birth_year_out_of_range")
	CheckInitials(&c, "/motherInitials", r.MotherInitials)
	CheckInitials(&c, "/fatherInitials", r.FatherInitials)
	return c.Err()
}

// IdentityChange is a merge of two records into one person, or a split of one
// record from its person. It takes effect when a second user approves it.
type IdentityChange struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	Kind           string // merge or split
	ClientID       ClientID
	WithID         ClientID // of a merge
	// FromPersonID is the person the client had, ToPersonID the one the second user
	// approves: if either has moved in between, the approval is refused.
	FromPersonID PersonID
	ToPersonID   PersonID // of a merge
	State        string   // requested, approved
	RequestedBy  UserID
	ApprovedBy   UserID
	CreatedAt    time.Time
	Version      int64
}

// IdentityChangeKinds lists the kinds of identity change.
var IdentityChangeKinds = []string{"merge", "split"}

// Approve marks the change approved by a second user.
func (ic *IdentityChange) Approve(by UserID) error {
	if ic.State != "requested" {
		return Fail(KindConflict, "identity_change.not_requested", "This change was approved already.")
	}
	if ic.RequestedBy == by {
		return Fail(KindConflict, "identity_change.four_eyes", "The person who asked for a change cannot approve it.")
	}
	ic.State, ic.ApprovedBy = "approved", by
	return nil
}

// ValidIdentityChange checks a request for a change.
func ValidIdentityChange(kind string, hasOther bool) error {
	var c Checks
	c.Require(slices.Contains(IdentityChangeKinds, kind), "/kind", "identity_change.kind_unknown")
	c.Require(hasOther == (kind == "merge"), "/with", "identity_change.with_of_merge_only")
	return c.Err()
}
