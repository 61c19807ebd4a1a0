package models

import (
	"strings"
	"time"
)

// FacilityLimit is a facility's own time limit in place of one of a protocol's, with its
// reason. It was made for one edition and is not read with another: there the same id may
// stand beside another number, and a facility must look again.
type FacilityLimit struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	Protocol       string
	Edition        string
	Step           string
	LimitID        string
	// Duration takes the place of the limit's offset, or of its interval when it recurs.
	Duration  string
	Reason    string
	CreatedBy UserID
	CreatedAt time.Time
	EndedAt   *time.Time
	Version   int64
}

// NewFacilityLimit is what a protocol editor says of a facility's limit. Edition is the one
// it was checked against.
type NewFacilityLimit struct {
	OrganisationID                             OrganisationID
	Protocol, Edition, Step, LimitID, Duration string
	Reason                                     string
}

// Check validates what needs no protocol to look at.
func (n NewFacilityLimit) Check() error {
	var c Checks
	c.Require(n.OrganisationID != "", "/organisation", "facility_limit.organisation_unknown")
	c.Require(strings.TrimSpace(n.Reason) != "", "/reason", "facility_limit.reason_required")
	CheckText(&c, "/reason", n.Reason)
	return c.Err()
}

// End takes the limit out of force; it is kept, so that what held when can be told.
func (l *FacilityLimit) End(at time.Time) error {
	if l.EndedAt != nil {
		return Fail(KindConflict, "facility_limit.ended", "This limit has ended already.")
	}
	l.EndedAt = &at
	l.Version++
	return nil
}
