package models

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// States of an edition. The state names the last stage it has passed: an edition in
// clinical_review has been read and signed by a clinician who did not submit it.
const (
	EditionDraft          = "draft"
	EditionClinicalReview = "clinical_review"
	EditionLanguageReview = "language_review"
	EditionApproved       = "approved"
	EditionPublished      = "published"
	EditionSuperseded     = "superseded"
	EditionWithdrawn      = "withdrawn"
	// EditionReference is a built-in edition that this database has recorded, so that it
	// can be read after a newer binary came. It has no moves.
	EditionReference = "reference"
)

// EditionStates lists the states an edition moves through.
var EditionStates = []string{
	EditionDraft, EditionClinicalReview, EditionLanguageReview, EditionApproved, EditionPublished, EditionSuperseded, EditionWithdrawn,
}

// Edition is one imported edition of a protocol, without its files. What it says never
// changes after import: Checksum covers every file.
type Edition struct {
	ID           string `gorm:"primaryKey"`
	Protocol     string // slug
	Edition      string // its name, unique within the protocol
	Jurisdiction string
	Base         string // the edition an overlay changes; empty when the edition is complete
	State        string
	Checksum     string
	ChangeNote   string
	// Beside names the editions of the other protocols that were served when this one was
	// published: branches lead from one protocol into the other.
	Beside           map[string]string `gorm:"serializer:json"`
	SubmittedBy      UserID
	ClinicalReviewer UserID
	LanguageReviewer UserID
	ApprovedBy       UserID
	PublishedAt      *time.Time
	WithdrawnAt      *time.Time
	Version          int64
	CreatedAt        time.Time
	// BuiltIn marks an edition that came with the program; its State is then computed.
	BuiltIn bool `gorm:"-"`
}

// EditionAction is a move of the state machine.
type EditionAction struct {
	Name string // the last path segment, POST …/editions/{edition}/<name>
	From []string
	To   string
}

// EditionActions is the state machine. An edition is superseded by the publication of
// another, which is no action of its own; see Supersede.
var EditionActions = []EditionAction{
	{"clinical-review", []string{EditionDraft}, EditionClinicalReview},
	{"language-review", []string{EditionClinicalReview}, EditionLanguageReview},
	{"approval", []string{EditionLanguageReview}, EditionApproved},
	{"publication", []string{EditionApproved}, EditionPublished},
	{"withdrawal", []string{EditionDraft, EditionClinicalReview, EditionLanguageReview, EditionApproved, EditionPublished, EditionSuperseded}, EditionWithdrawn},
}

// Do makes a move. Nobody reviews or approves what they submitted, and the clinical
// reviewer and the approver are two people, so that at least two besides the author
// answer for what is published. The language reviewer may be either of them.
func (e *Edition) Do(name string, by UserID, at time.Time) error {
	i := slices.IndexFunc(EditionActions, func(a EditionAction) bool { return a.Name == name })
	if i < 0 {
		return NotFound("edition")
	}
	if !slices.Contains(EditionActions[i].From, e.State) {
		return e.notFromHere()
	}
	signs := name == "clinical-review" || name == "language-review" || name == "approval"
	if signs && by == e.SubmittedBy || name == "approval" && by == e.ClinicalReviewer {
		return Fail(KindConflict, "edition.two_people", "Whoever submitted an edition signs none of its reviews, and its clinical reviewer does not approve it: somebody else must.")
	}
	e.State = EditionActions[i].To
	e.Version++
	at = at.UTC().Truncate(time.Millisecond)
	switch name {
	case "clinical-review":
		e.ClinicalReviewer = by
	case "language-review":
		e.LanguageReviewer = by
	case "approval":
		e.ApprovedBy = by
	case "publication":
		e.PublishedAt = &at
	case "withdrawal":
		e.WithdrawnAt = &at
	}
	return nil
}

// notFromHere names the moves that are possible, so that the caller need not guess.
func (e *Edition) notFromHere() error {
	allowed := e.Allowed()
	if len(allowed) == 0 {
		return Fail(KindConflict, "edition.not_possible", "The edition is %s; nothing more can be done with it.", e.State)
	}
	return Fail(KindConflict, "edition.not_possible", "The edition is %s; possible now: %s.", e.State, strings.Join(allowed, ", "))
}

// Allowed lists the moves that are possible from the present state.
func (e *Edition) Allowed() []string {
	out := []string{}
	for _, a := range EditionActions {
		if slices.Contains(a.From, e.State) {
			out = append(out, a.Name)
		}
	}
	return out
}

// Supersede makes room for another edition of the protocol.
func (e *Edition) Supersede() error {
	if e.State != EditionPublished {
		return e.notFromHere()
	}
	e.State = EditionSuperseded
	e.Version++
	return nil
}

// Restore puts a superseded edition back because the one that replaced it was
// withdrawn: two people have answered for it, which is more than the built-in one has.
func (e *Edition) Restore() error {
	if e.State != EditionSuperseded {
		return e.notFromHere()
	}
	e.State = EditionPublished
	e.Version++
	return nil
}

// Public reports whether everybody may read the edition: it was in force once, or is.
func (e *Edition) Public() bool { return e.PublishedAt != nil || e.State == EditionReference }

// Pinnable reports whether an episode may follow the edition.
func (e *Edition) Pinnable() bool { return e.Public() && e.State != EditionWithdrawn }

// maxBundleFiles is several times what the built-in editions need.
const maxBundleFiles = 400

var (
	editionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	bundlePath  = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,3}\.yaml$`)
)

// Check validates the frame of a bundle; the loader of protocols judges its files.
func (b Bundle) Check() error {
	var c Checks
	c.Require(editionName.MatchString(b.Edition), "/edition", "edition.name_form")
	c.Require(b.Base == "" || editionName.MatchString(b.Base), "/base", "edition.name_form")
	c.Require(b.Base == "" || b.Base != b.Edition, "/base", "edition.base_is_itself")
	c.Require(strings.TrimSpace(b.ChangeNote) != "", "/changeNote", "edition.change_note_required")
	CheckText(&c, "/changeNote", b.ChangeNote) // it becomes public
	c.Require(len(b.Files) > 0, "/files", "edition.files_required")
	c.Require(len(b.Files) <= maxBundleFiles, "/files", "edition.too_many_files")
	for _, path := range b.Paths() {
		if !bundlePath.MatchString(path) || len(path) > 200 {
			c.Add("/files/*", "edition.path_form") // the name is not one we would repeat
			continue
		}
		c.Require(storable(b.Files[path]), FilePointer(path), "edition.file_not_text")
	}
	return c.Err()
}
