package models

import (
	"slices"
	"time"
)

// MaxNoteDays bounds how long one functional note stands (basis editorial): what lasts
// longer is looked at again by the health unit.
const MaxNoteDays = 31

// FunctionalNote is all that security learns: when, where, watch for what. Every word of
// it comes from a closed list of things that can be seen; there is no free text and no reason.
type FunctionalNote struct {
	ID             string `gorm:"primaryKey"`
	SpellID        string
	ClientID       ClientID
	OrganisationID OrganisationID
	InstitutionID  OrganisationID
	Place          string   // code list functional_place
	WatchFor       []string `gorm:"serializer:json"` // code list functional_watch
	FromAt         time.Time
	UntilAt        time.Time
	Cancelled      bool
	Version        int64
	CreatedAt      time.Time
}

// NewFunctionalNote is what the health unit writes.
type NewFunctionalNote struct {
	SpellID     string
	Place       string
	WatchFor    []string
	From, Until time.Time
}

// Check validates a note at the time now.
func (n NewFunctionalNote) Check(now time.Time) error {
	var c Checks
	c.Require(n.SpellID != "", "/spell", "functional_note.spell_required")
	c.Require(InList("functional_place", n.Place), "/place", "functional_note.place_unknown")
	c.Require(len(n.WatchFor) > 0, "/watchFor", "functional_note.watch_unknown")
	for i, w := range n.WatchFor {
		c.Require(InList("functional_watch", w) && !slices.Contains(n.WatchFor[:i], w), "/watchFor", "functional_note.watch_unknown")
	}
	c.Require(!n.From.IsZero(), "/from", "functional_note.from_required")
	c.Require(n.Until.After(n.From), "/until", "functional_note.ends_before_it_begins")
	c.Require(n.Until.After(now), "/until", "functional_note.until_past")
	c.Require(!n.Until.After(n.From.AddDate(0, 0, MaxNoteDays)), "/until", "functional_note.until_too_far")
	return c.Err()
}
