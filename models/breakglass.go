package models

import (
	"strings"
	"time"
)

// ReviewHours is how long a review of emergency access may take (basis editorial).
const ReviewHours = 72

// BreakGlass is one doctor's access to the records of one confirmed person in an
// emergency, for as long as was chosen and not a moment longer.
type BreakGlass struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	PersonID       PersonID
	OrganisationID OrganisationID
	UserID         UserID
	Reason         string // code list break_glass_reason
	Note           string // screened
	Hours          int
	StartedAt      time.Time
	ExpiresAt      time.Time
	ReviewDue      time.Time
	ReviewedAt     *time.Time
	ReviewedBy     UserID
	Outcome        string // code list break_glass_outcome
	Version        int64
}

// TableName keeps the noun singular: gorm would write "break_glasses".
func (BreakGlass) TableName() string { return "break_glass" }

// NewBreakGlass is what the doctor says first.
type NewBreakGlass struct {
	Reason string
	Note   string
	Hours  int
}

// Check validates it; the note is required, screened and never echoed.
func (n NewBreakGlass) Check() error {
	var c Checks
	c.Require(InList("break_glass_reason", n.Reason), "/reason", "break_glass.reason_unknown")
	c.Require(strings.TrimSpace(n.Note) != "", "/note", "break_glass.note_required")
	CheckText(&c, "/note", n.Note)
	c.Require(n.Hours >= 1 && n.Hours <= 24, "/hours", "break_glass.hours_out_of_range")
	return c.Err()
}

// Open reports whether it still opens records.
func (b *BreakGlass) Open(now time.Time) bool { return now.Before(b.ExpiresAt) }

// End closes it early. Ending twice changes nothing.
func (b *BreakGlass) End(now time.Time) (changed bool) {
	if !b.Open(now) {
		return false
	}
	b.ExpiresAt = now
	b.Version++
	return true
}

// Review records what somebody else found. It waits until the access is over, so that
// the review sees all that was opened.
func (b *BreakGlass) Review(by UserID, outcome string, now time.Time) error {
	switch {
	case b.UserID == by:
		return Fail(KindConflict, "break_glass.own_review", "Somebody else reviews an emergency access.")
	case b.ReviewedAt != nil:
		return Fail(KindConflict, "break_glass.reviewed", "This emergency access was reviewed already.")
	case b.Open(now):
		return Fail(KindConflict, "break_glass.still_open", "The access is still open; possible now: end.")
	}
	b.ReviewedAt, b.ReviewedBy, b.Outcome = &now, by, outcome
	b.Version++
	return nil
}

// StateAt computes open, to_review, overdue or reviewed.
func (b *BreakGlass) StateAt(now time.Time) string {
	switch {
	case b.ReviewedAt != nil:
		return "reviewed"
	case now.After(b.ReviewDue):
		return "overdue"
	case b.Open(now):
		return "open"
	}
	return "to_review"
}

// BreakGlassStates are the computed states, as a filter of lists.
var BreakGlassStates = []string{"open", "to_review", "overdue", "reviewed"}
