package models

import (
	"context"
	"regexp"
	"slices"
	"time"
)

// Task is something to do for a client: a step of the protocol edition that the client's
// episode is pinned to, or one of a short list of other kinds of work.
type Task struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID
	EpisodeID      string // empty for work outside an episode
	Protocol       string
	Edition        string
	Step           string // of the edition, or empty
	Kind           string // code list task_kind, where there is no step
	LimitID        string // of the step; empty when none sets a moment
	Anchor         string // what the limit counts from
	Origin         string // see the origins
	SubjectID      string // a record that the task is about
	Roles          []Role `gorm:"serializer:json"` // who the step is for
	AssigneeID     UserID
	DueAt          *time.Time // null while the anchor is not known, or when nothing sets one
	Hard           bool
	Basis          string // how the limit is known: seen, general or editorial
	Uncertain      bool   // working days were counted in a year whose holidays are not known
	PausedDays     int    // days in hospital by which a soft limit was moved
	State          string
	Branch         string // chosen at completion
	DoneOn         Date
	Reason         string // of skipping: code list task_skip_reason; of an emergency: its ground; of what a stay's end cancelled: code list custody_exit_reason
	EscalatedAt    *time.Time
	SettledAt      *time.Time
	SettledBy      UserID
	Version        int64
	CreatedAt      time.Time
}

// slug is the shape of what protocols call their parts.
var slug = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// accountID is the shape of account ids: what is not is nobody's.
var accountID = regexp.MustCompile(`^[ -~]{0,200}$`)

// Task states.
const (
	TaskOpen      = "open"
	TaskDone      = "done"
	TaskSkipped   = "skipped"
	TaskCancelled = "cancelled"
)

// KindTreatmentConsent is the work that treatment without a consent to it leaves.
const KindTreatmentConsent = "treatment_consent"

// ConsentAfterStart is by when it has to be done: editorial, not a standard.
const ConsentAfterStart = 24 * time.Hour

// TaskDue is what a task's due time was until it changed; Version is the task's then.
type TaskDue struct {
	TaskID    string `gorm:"primaryKey"`
	Version   int64  `gorm:"primaryKey"`
	DueAt     *time.Time
	ChangedAt time.Time
}

// Origins of a task.
const (
	OriginEntry     = "entry"     // the episode began or reached a state
	OriginBranch    = "branch"    // a branch of another step leads here
	OriginAnchor    = "anchor"    // something happened that the protocol answers
	OriginRecurring = "recurring" // the one before was done
	OriginManual    = "manual"    // a worker wrote it down
	OriginConsent   = "consent"   // treatment runs without a consent to it
	OriginCustody   = "custody"   // a transfer or a release
)

// TaskMachine is the life of a task. Closing the episode cancels what is open.
var TaskMachine = &Machine{
	Noun: "task", States: []string{TaskOpen, TaskDone, TaskSkipped, TaskCancelled}, Start: []string{TaskOpen},
	Moves: []Move{
		{"completion", []Party{Holder}, []string{TaskOpen}, TaskDone},
		{"skip", []Party{Holder}, []string{TaskOpen}, TaskSkipped},
		{"assignment", []Party{Holder}, []string{TaskOpen}, TaskOpen},
		{"escalation", []Party{Holder}, []string{TaskOpen}, TaskOpen},
		{"cancellation", nil, []string{TaskOpen}, TaskCancelled},
	},
}

// TaskMove carries what a move says beyond its name.
type TaskMove struct {
	Branch   string // completion
	On       Date   // completion: the civil day, today when left out
	Reason   string // skip: code list task_skip_reason
	Assignee UserID // assignment; empty takes it away
}

// Check validates what a move says on the civil date today, before any record is looked up.
func (m TaskMove) Check(name string, today Date) error {
	var c Checks
	if name == "completion" && m.On != "" {
		on, ok := ParseDate(string(m.On))
		c.Require(ok, "/on", "task.done_on_not_a_date")
		c.Require(!ok || on <= today, "/on", "task.done_in_future")
	}
	c.Require(m.Branch == "" || slug.MatchString(m.Branch), "/branch", "task.branch_unknown")
	c.Require(accountID.MatchString(string(m.Assignee)), "/assignee", "task.assignee_unknown")
	if name == "skip" {
		c.Require(InList("task_skip_reason", m.Reason), "/reason", "task.skip_reason_unknown")
	}
	return c.Err()
}

// Do makes a move; the move itself was checked before.
func (t *Task) Do(name string, m TaskMove, by UserID, at time.Time, today Date) error {
	next, err := TaskMachine.Next(t.State, name, Holder)
	if err != nil {
		return err
	}
	t.State = next
	t.Version++
	switch name {
	case "completion":
		t.Branch, t.DoneOn = m.Branch, m.On
		if m.On == "" {
			t.DoneOn = today
		}
		t.SettledAt, t.SettledBy = &at, by
	case "skip":
		t.Reason, t.SettledAt, t.SettledBy = m.Reason, &at, by
	case "assignment":
		t.AssigneeID = m.Assignee
	case "escalation":
		t.EscalatedAt = &at
	}
	return nil
}

// Settle ends a task without a worker's move: done, because what it asks for happened, or
// cancelled, because its reason has gone.
func (t *Task) Settle(state string, by UserID, at time.Time, today Date) {
	t.State, t.SettledAt, t.SettledBy = state, &at, by
	if state == TaskDone {
		t.DoneOn = today
	}
	t.Version++
}

// Allowed lists the moves that can be made now.
func (t *Task) Allowed() []string { return TaskMachine.Allowed(t.State, Holder) }

// Overdue reports whether the due time of an open task has passed. It is computed when
// read, never stored. A soft limit does not run while the client is in hospital.
func (t *Task) Overdue(now time.Time, hospitalSince *time.Time) bool {
	if t.State != TaskOpen || t.DueAt == nil {
		return false
	}
	if !t.Hard && hospitalSince != nil && !t.DueAt.Before(*hospitalSince) {
		return false
	}
	return now.After(*t.DueAt)
}

// Pause moves a soft limit by the days that the client was in hospital, unless it had
// passed before. A hard limit is about the client's safety and is not moved by anything
// but its anchor. It reports whether the due time changed.
func (t *Task) Pause(since time.Time, days int, zone string) bool {
	if t.Hard || t.DueAt == nil || days < 1 || t.DueAt.Before(since) {
		return false
	}
	t.PausedDays += days
	due := laterBy(*t.DueAt, days, zone)
	t.DueAt = &due
	t.Version++
	return true
}

// Reckon gives an open task the due time that a limit has now, days in hospital added, and
// reports whether anything changed.
func (t *Task) Reckon(d TaskDraft, zone string) bool {
	due := d.DueAt
	if due != nil && !d.Hard && t.PausedDays > 0 {
		later := laterBy(*due, t.PausedDays, zone)
		due = &later
	}
	same := (due == nil) == (t.DueAt == nil) && (due == nil || due.Equal(*t.DueAt))
	if same && t.Hard == d.Hard && t.Uncertain == d.Uncertain {
		return false
	}
	t.DueAt, t.Hard, t.Basis, t.Uncertain, t.Anchor = due, d.Hard, d.Basis, d.Uncertain, d.Anchor
	t.Version++
	return true
}

// laterBy adds civil days of the zone: the hour stays.
func laterBy(at time.Time, days int, zone string) time.Time {
	return at.In(location(zone)).AddDate(0, 0, days).UTC()
}

// NewTask is what a worker writes down: a step of the edition, or a kind of work.
type NewTask struct {
	Step     string
	Kind     string
	DueAt    *time.Time // exact, or
	DueOn    Date       // by the end of a civil day
	Assignee UserID
}

// Check validates a new task on the civil date today.
func (n NewTask) Check(now time.Time, today Date) error {
	var c Checks
	c.Require((n.Step == "") != (n.Kind == ""), "/step", "task.step_or_kind")
	c.Require(n.Step == "" || slug.MatchString(n.Step), "/step", "task.step_unknown")
	c.Require(n.Kind == "" || InList("task_kind", n.Kind), "/kind", "task.kind_unknown")
	c.Require(accountID.MatchString(string(n.Assignee)), "/assignee", "task.assignee_unknown")
	c.Require(n.DueAt == nil || n.DueOn == "", "/dueOn", "task.one_due")
	c.Require(n.DueAt == nil || n.DueAt.After(now.AddDate(0, 0, -1)) && n.DueAt.Before(now.AddDate(10, 0, 0)), "/dueAt", "task.due_in_past")
	if n.DueOn != "" {
		on, ok := ParseDate(string(n.DueOn))
		c.Require(ok, "/dueOn", "task.due_not_a_date")
		c.Require(!ok || on >= today && on <= today.AddMonths(120), "/dueOn", "task.due_in_past")
	}
	return c.Err()
}

// Due is the moment by which the new task has to be done, or nil.
func (n NewTask) Due(zone string) *time.Time {
	switch {
	case n.DueAt != nil:
		at := n.DueAt.UTC().Truncate(time.Millisecond)
		return &at
	case n.DueOn != "":
		at := EndOfDay(n.DueOn, zone)
		return &at
	}
	return nil
}

// Anchor is an event that limits count from, as it is known now or was known before: the
// highest version of a name counts. At is null when only the day is known.
type Anchor struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID
	EpisodeID      string // empty while no episode was open
	Name           string
	At             *time.Time
	OnDate         Date
	Version        int64
	CreatedAt      time.Time
	CreatedBy      UserID
}

// NewAnchor is what a worker records: an exact time or a civil day.
type NewAnchor struct {
	Name string
	At   *time.Time
	On   Date
}

// Anchors that stays in custody set; while the organisation holds the person, nobody else does.
const (
	AnchorPlannedRelease = "planned_release_date"
	AnchorAdmission      = "prison_admission"
)

// aheadAnchors are what limits count from before it happens: agreed, planned or due. Every
// other anchor is something that has happened, and an invented future would plan tasks for it.
var aheadAnchors = []string{
	"agreement_expiry", "dose_due", "period_end", "planned_first_visit", AnchorPlannedRelease, "probation_arrival", "programme_start",
	"transfer_arrival", "transfer_departure",
}

// Check validates an anchor at a time, on the civil date today; whether the name is one, the
// planner knows.
func (n NewAnchor) Check(now time.Time, today Date) error {
	var c Checks
	c.Require(slug.MatchString(n.Name), "/name", "anchor.name_unknown")
	c.Require((n.At == nil) != (n.On == ""), "/at", "anchor.at_or_on")
	c.Require(n.At == nil || n.At.Year() >= 1900 && n.At.Before(now.AddDate(50, 0, 0)), "/at", "anchor.at_out_of_range")
	if n.On != "" {
		_, ok := ParseDate(string(n.On))
		c.Require(ok, "/on", "anchor.on_not_a_date")
	}
	ahead := slices.Contains(aheadAnchors, n.Name)
	c.Require(ahead || n.At == nil || !n.At.After(now), "/at", "anchor.in_future")
	c.Require(ahead || n.On <= today, "/on", "anchor.in_future")
	return c.Err()
}

// Day is the civil day of the anchor in a zone.
func (n NewAnchor) Day(zone string) Date {
	if n.At != nil {
		return DateOf(*n.At, zone)
	}
	return n.On
}

// Day is the civil day of the anchor in a zone.
func (a Anchor) Day(zone string) Date { return NewAnchor{At: a.At, On: a.OnDate}.Day(zone) }

// OfCustody reports whether the stay in custody says it, while there is one.
func (n NewAnchor) OfCustody() bool {
	return n.Name == AnchorPlannedRelease || n.Name == AnchorAdmission
}

// Moments are the anchors that count, by name.
type Moments map[string]Anchor

// LatestAnchors picks the value of each name that counts.
func LatestAnchors(all []Anchor) Moments {
	out := Moments{}
	for _, a := range all {
		if last, ok := out[a.Name]; !ok || a.Version > last.Version {
			out[a.Name] = a
		}
	}
	return out
}

// PlanEvent is what happened in an episode. Exactly one of its parts is set.
type PlanEvent struct {
	State  string   // the episode began in or reached this state
	Step   string   // this step was done, and
	Branch string   // this branch of it was chosen, or none, and
	Limit  string   // this limit of it was the one the task was for
	Anchor string   // this anchor was recorded
	Steps  []string // nothing happened: what is to do for these steps
	Refuse bool     // an anchor that the edition does not know is an error
}

// PlanFacts is what is known when tasks are planned.
type PlanFacts struct {
	Now       time.Time
	Facility  Organisation
	LegalBase string
	Sex       string
	Age       int
	Anchors   Moments
	Limits    []FacilityLimit // the facility's own, made for the edition
}

// TaskDraft is a task that follows from an event: a step with the limit that sets its due
// time. DueAt is nil while the anchor is not known.
type TaskDraft struct {
	Step      string
	Limit     string
	Anchor    string
	DueAt     *time.Time
	Hard      bool
	Basis     string
	Uncertain bool
	Roles     []Role
	Origin    string
}

// Planner says which tasks follow from an event in an episode that is pinned to an edition.
type Planner struct {
	// Load makes an edition ready. It may read the database, so never inside a transaction.
	Load func(ctx context.Context, protocol, edition string) error
	// Plan answers from memory, and always the same to the same question: it is called
	// inside transactions. ok is false when the edition has to be loaded first.
	Plan func(protocol, edition string, e PlanEvent, f PlanFacts) (drafts []TaskDraft, ok bool, err error)
}

// Same reports whether the draft is for what an open task is for already.
func (d TaskDraft) Same(t *Task) bool { return d.Step == t.Step && d.Limit == t.LimitID }

// Covers reports whether one of the tasks is what the draft asks for.
func (d TaskDraft) Covers(tasks []Task) bool {
	return slices.ContainsFunc(tasks, func(t Task) bool { return d.Same(&t) })
}

// FirstDue picks, of the drafts of one step, the one that is due first.
func FirstDue(step string, drafts []TaskDraft) TaskDraft {
	best := TaskDraft{Step: step}
	for i, d := range drafts {
		if d.Step == step && (i == 0 || d.DueAt != nil && (best.DueAt == nil || d.DueAt.Before(*best.DueAt))) {
			best = d
		}
	}
	return best
}

// NoBranch refuses a branch where there is no step that could have one.
func NoBranch(branch string) error {
	var c Checks
	c.Require(branch == "", "/branch", "task.branch_unknown")
	return c.Err()
}

// Answered reports whether another task of the same step was done with a branch.
func Answered(tasks []Task, but *Task) bool {
	return slices.ContainsFunc(tasks, func(t Task) bool { return t.ID != but.ID && t.Step == but.Step && t.Branch != "" })
}
