package models

import (
	"regexp"
	"time"
)

// SyncConflict is a command from the field that met another state than it was based on. It
// waits until a person decides. Its payload holds screened fields only and is erased when
// the conflict is settled.
type SyncConflict struct {
	ID             string `gorm:"primaryKey"`
	OrganisationID OrganisationID
	UserID         UserID
	Role           Role   // whoever has it too in the organisation may settle the conflict
	DeviceID       string // empty: sent without one
	CommandID      string
	Digest         string // keyed, of the whole command: the same id with another content is refused
	Command        string
	Params         map[string]string `gorm:"serializer:json"`
	Code           string            // of the problem it met
	BaseVersion    int64             // -1: none was given
	OccurredAt     time.Time
	Payload        string
	State          string // waiting, applied, dropped
	SettledAt      *time.Time
	SettledBy      UserID
	Version        int64
	CreatedAt      time.Time
}

// States of a conflict.
const (
	ConflictWaiting = "waiting"
	ConflictApplied = "applied"
	ConflictDropped = "dropped"
)

// ConflictStates lists them.
var ConflictStates = []string{ConflictWaiting, ConflictApplied, ConflictDropped}

// Settle ends a waiting conflict and forgets what the command said.
func (k *SyncConflict) Settle(state string, by UserID, at time.Time) error {
	if k.State != ConflictWaiting {
		return Fail(KindConflict, "sync_conflict.settled", "The conflict was settled before: %s.", k.State)
	}
	k.State, k.SettledBy, k.SettledAt = state, by, &at
	k.Payload, k.Params = "", map[string]string{}
	k.Version++
	return nil
}

// Guards of the time a command says it happened at (basis: editorial).
const (
	// ClockSkew is how far a device's clock may be ahead; such a time is taken as now.
	ClockSkew = 5 * time.Minute
	// OldestCommand is how long an outbox may lie: as long as idempotency keys are kept, or a
	// command sent twice could be carried out twice.
	OldestCommand = 90 * 24 * time.Hour
)

// CommandTime checks when a command happened and returns the time to use.
func CommandTime(occurred, now time.Time) (time.Time, error) {
	var c Checks
	c.Require(!occurred.IsZero(), "/occurredAt", "sync.occurred_at_required")
	c.Require(!occurred.After(now.Add(ClockSkew)), "/occurredAt", "sync.occurred_in_future")
	c.Require(occurred.IsZero() || !occurred.Before(now.Add(-OldestCommand)), "/occurredAt", "sync.occurred_too_long_ago")
	if occurred.After(now) {
		occurred = now
	}
	return occurred.UTC().Truncate(time.Millisecond), c.Err()
}

// knownShapes are values that are no free text and that the screen would take for numbers of
// a person: ids, client codes, dates and times.
var knownShapes = regexp.MustCompile(`^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[CPN]1(?:-[0-9A-Z]{4}){3}-[0-9A-Z*~$=](?:\.\d{1,6})?|` +
	`\d{4}-\d\d-\d\d(?:T[0-9:.]{5,15}(?:Z|[+-]\d\d:\d\d))?)$`)

// MayWait reports whether a string of a command may be kept in the inbox: a second look,
// after the checks of its own field, because here it is kept without one.
func MayWait(s string) bool {
	if knownShapes.MatchString(s) {
		return true
	}
	var c Checks
	CheckText(&c, "", s)
	return c.Err() == nil
}
