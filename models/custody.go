package models

import (
	"slices"
	"time"
)

// CustodySpell is one stay of a person in one institution, recorded by the health unit
// that serves it, for its own client. At most one spell of a person is open.
type CustodySpell struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	PersonID       PersonID       // follows the client, so that the database keeps one open stay a person
	OrganisationID OrganisationID // the health unit
	InstitutionID  OrganisationID
	Basis          string // code list custody_basis
	State          string
	AdmittedAt     *time.Time
	PlannedRelease Date // empty when not known
	// ReleaseDecidedAt is when the institution reported that somebody will go free
	// without a plan.
	ReleaseDecidedAt  *time.Time
	EndedAt           *time.Time
	EndRecordedAt     *time.Time
	ExitReason        string // code list custody_exit_reason
	ExitRegion        string
	ReferralOnRelease string
	NaloxoneOnRelease string
	// InTreatmentAtExit is derived: an open structured episode of the unit at the exit.
	InTreatmentAtExit bool
	FromSpellID       string // the stay before a transfer
	Version           int64
	CreatedAt         time.Time
	CreatedBy         UserID
}

// Custody spell states.
const (
	SpellExpected          = "expected"
	SpellAdmitted          = "admitted"
	SpellResident          = "resident"
	SpellTransferOrdered   = "transfer_ordered"
	SpellInTransit         = "in_transit"
	SpellReleased          = "released"
	SpellTransferred       = "transferred"
	SpellUnplannedReleased = "unplanned_released"
	SpellDied              = "died"
	SpellEscaped           = "escaped"
	SpellNotAdmitted       = "not_admitted"
)

// HealthUnit is the one party of a stay: the health unit that recorded it.
const HealthUnit Party = "health_unit"

var held = []string{SpellAdmitted, SpellResident, SpellTransferOrdered, SpellInTransit}

// CustodySpellMachine is the life of a stay.
var CustodySpellMachine = &Machine{
	Noun: "custody_spell",
	States: []string{SpellExpected, SpellAdmitted, SpellResident, SpellTransferOrdered, SpellInTransit, SpellReleased, SpellTransferred,
		SpellUnplannedReleased, SpellDied, SpellEscaped, SpellNotAdmitted},
	Start: []string{SpellExpected, SpellAdmitted},
	Moves: []Move{
		{"admission", []Party{HealthUnit}, []string{SpellExpected}, SpellAdmitted},
		{"absence", []Party{HealthUnit}, []string{SpellExpected}, SpellNotAdmitted},
		{"residence", []Party{HealthUnit}, []string{SpellAdmitted}, SpellResident},
		{"transfers", []Party{HealthUnit}, []string{SpellAdmitted, SpellResident}, SpellTransferOrdered},
		{"departure", nil, []string{SpellTransferOrdered}, SpellInTransit},
		{"cancellation", nil, []string{SpellTransferOrdered}, SpellResident},
		{"confirmation", nil, []string{SpellInTransit}, SpellTransferred},
		{"release", []Party{HealthUnit}, held, SpellReleased},
		{"unplanned_release", nil, held, SpellUnplannedReleased},
		{"death", []Party{HealthUnit}, held, SpellDied},
		{"escape", []Party{HealthUnit}, held, SpellEscaped},
	},
}

// SpellMoves are the moves that say no more than when.
var SpellMoves = []string{"admission", "absence", "residence", "death", "escape"}

// NewSpell is what the health unit records of a stay: that somebody was admitted at a
// time, or is expected.
type NewSpell struct {
	Basis          string
	AdmittedAt     *time.Time
	Expected       bool
	PlannedRelease Date
}

// custodyYears bounds dates of custody: nobody was admitted longer ago and nobody is
// released later.
const custodyYears = 50

// Check validates a new stay at the time now, on the civil date today.
func (n NewSpell) Check(now time.Time, today Date, zone string) error {
	var c Checks
	c.Require(InList("custody_basis", n.Basis), "/basis", "custody_spell.basis_unknown")
	c.Require((n.AdmittedAt != nil) != n.Expected, "/admittedAt", "custody_spell.admitted_or_expected")
	admitted := today
	if n.AdmittedAt != nil {
		checkPast(&c, "/admittedAt", *n.AdmittedAt, now)
		admitted = DateOf(*n.AdmittedAt, zone)
	}
	if n.PlannedRelease != "" {
		checkPlannedRelease(&c, "/plannedRelease", n.PlannedRelease, admitted, today)
	}
	return c.Err()
}

// checkPast refuses times that lie ahead, or so far back that a digit is wrong.
func checkPast(c *Checks, pointer string, at, now time.Time) {
	c.Require(!at.After(now), pointer, "custody_spell.time_in_future")
	c.Require(at.After(now.AddDate(-custodyYears, 0, 0)), pointer, "custody_spell.time_too_long_ago")
}

func checkPlannedRelease(c *Checks, pointer string, on, admitted, today Date) {
	_, ok := ParseDate(string(on))
	c.Require(ok, pointer, "custody_spell.release_not_a_date")
	if !ok {
		return
	}
	if on < admitted {
		c.Add(pointer, "custody_spell.release_before_admission")
		return
	}
	c.Require(on >= today, pointer, "custody_spell.release_in_past")
	c.Require(on <= today.AddMonths(12*custodyYears), pointer, "custody_spell.release_too_far")
}

// CheckPlannedRelease validates a planned release before any record is looked up.
func CheckPlannedRelease(on, today Date) error {
	var c Checks
	checkPlannedRelease(&c, "/on", on, on, today)
	return c.Err()
}

// CheckSpellMove validates when a move happened, before any record is looked up. Only an
// absence and the end of reception have no time of their own.
func CheckSpellMove(name string, at *time.Time, now time.Time) error {
	return checkMoveTime(name == "absence" || name == "residence", at, now)
}

// checkMoveTime validates the time of a move; a timeless one has none.
func checkMoveTime(timeless bool, at *time.Time, now time.Time) error {
	var c Checks
	switch {
	case timeless:
		c.Require(at == nil, "/at", "body.unknown_field")
	case at == nil:
		c.Add("/at", "custody_spell.time_required")
	default:
		checkPast(&c, "/at", *at, now)
	}
	return c.Err()
}

// Open reports whether the person is still held, or still expected.
func (s *CustodySpell) Open() bool { return s.EndedAt == nil }

// Do makes a move that says no more than when it happened.
func (s *CustodySpell) Do(name string, at *time.Time, now time.Time) error {
	to, err := CustodySpellMachine.Next(s.State, name, HealthUnit)
	if err != nil {
		return err
	}
	switch name {
	case "admission":
		s.AdmittedAt = at
	case "absence":
		s.EndedAt = &now
	case "death":
		s.ExitReason = "died"
	case "escape":
		s.ExitReason = "other"
	}
	if name == "death" || name == "escape" {
		if err := s.end(*at); err != nil {
			return err
		}
	}
	s.State = to
	s.Version++
	return nil
}

// end refuses to end a stay before it began.
func (s *CustodySpell) end(at time.Time) error {
	var c Checks
	c.Require(s.AdmittedAt == nil || !at.Before(*s.AdmittedAt), "/at", "custody_spell.end_before_admission")
	s.EndedAt = &at
	return c.Err()
}

// Plan sets the planned release of an open stay.
func (s *CustodySpell) Plan(on Date, zone string) error {
	if !s.Open() {
		return Fail(KindConflict, "custody_spell.ended", "The stay has ended.")
	}
	var c Checks
	c.Require(s.AdmittedAt == nil || on >= DateOf(*s.AdmittedAt, zone), "/on", "custody_spell.release_before_admission")
	s.PlannedRelease = on
	s.Version++
	return c.Err()
}

// CustodyRelease is what the health unit records when somebody goes free.
type CustodyRelease struct {
	At                time.Time
	Planned           bool
	ExitRegion        string
	ReferralOnRelease string
	NaloxoneOnRelease string
	// ClientTold says whether the person was told who is responsible now.
	ClientTold bool
}

// Check validates a release in a country, before any record is looked up.
func (r CustodyRelease) Check(country string, now time.Time, today Date) error {
	var c Checks
	checkPast(&c, "/at", r.At, now)
	c.Require(r.ExitRegion == "" || r.ExitRegion == RegionUnknown || RegionKnown(country, r.ExitRegion, today), "/exitRegion", "custody_spell.exit_region_unknown")
	c.Require(InList("referral_on_release", r.ReferralOnRelease), "/referralOnRelease", "custody_spell.referral_on_release_unknown")
	c.Require(InList("naloxone_on_release", r.NaloxoneOnRelease), "/naloxoneOnRelease", "custody_spell.naloxone_on_release_unknown")
	return c.Err()
}

// Release ends the stay. A release that no date was ever planned for is an unplanned one,
// whatever it is called: nothing was prepared for it.
func (s *CustodySpell) Release(r CustodyRelease, inTreatment bool) error {
	to, err := CustodySpellMachine.Next(s.State, "release", HealthUnit)
	if err != nil {
		return err
	}
	if err := s.end(r.At); err != nil {
		return err
	}
	if s.State = to; !r.Planned || s.PlannedRelease == "" {
		s.State = SpellUnplannedReleased
	}
	s.ExitReason = "released"
	if r.ExitRegion != RegionUnknown {
		s.ExitRegion = r.ExitRegion
	}
	s.ReferralOnRelease, s.NaloxoneOnRelease, s.InTreatmentAtExit = r.ReferralOnRelease, r.NaloxoneOnRelease, inTreatment
	s.Version++
	return nil
}

// RegionUnknown is where somebody went whom nobody could ask. It is stored as no region.
const RegionUnknown = "unknown"

// RegionOfExit says where somebody who was released went: empty before a release.
func RegionOfExit(region string, released bool) string {
	if released && region == "" {
		return RegionUnknown
	}
	return region
}

// WentFree reports whether the stay ended with a release.
func (s *CustodySpell) WentFree() bool {
	return s.State == SpellReleased || s.State == SpellUnplannedReleased
}

// Allowed lists what can be done with the stay now.
func (s *CustodySpell) Allowed() []string { return CustodySpellMachine.Allowed(s.State, HealthUnit) }

// CustodyTransfer moves a person from one institution to another: the receiving health
// unit confirms, and until then the sending one has the stay.
type CustodyTransfer struct {
	ID                 string `gorm:"primaryKey"`
	SpellID            string
	ClientID           ClientID // the sender's
	FromOrganisationID OrganisationID
	ToOrganisationID   OrganisationID
	ToClientID         ClientID // the receiver's own record, from confirmation on
	ToCode             string
	State              string
	OrderedAt          time.Time
	DepartureAt        *time.Time // planned
	DepartedAt         *time.Time
	ArrivedAt          *time.Time
	FileReceivedAt     *time.Time
	Version            int64
	CreatedBy          UserID
}

// Custody transfer states.
const (
	CustodyTransferOrdered   = "ordered"
	CustodyTransferInTransit = "in_transit"
	CustodyTransferArrived   = "arrived"
	CustodyTransferConfirmed = "confirmed"
	CustodyTransferCancelled = "cancelled"
)

// CustodyTransferMachine is the life of a transfer between institutions.
var CustodyTransferMachine = &Machine{
	Noun:   "custody_transfer",
	States: []string{CustodyTransferOrdered, CustodyTransferInTransit, CustodyTransferArrived, CustodyTransferConfirmed, CustodyTransferCancelled},
	Start:  []string{CustodyTransferOrdered},
	Moves: []Move{
		{"departure", []Party{Sender}, []string{CustodyTransferOrdered}, CustodyTransferInTransit},
		{"arrival", []Party{Receiver}, []string{CustodyTransferInTransit}, CustodyTransferArrived},
		{"file-receipt", []Party{Receiver}, []string{CustodyTransferArrived}, CustodyTransferArrived},
		{"file-receipt", []Party{Receiver}, []string{CustodyTransferConfirmed}, CustodyTransferConfirmed},
		{"confirmation", []Party{Receiver}, []string{CustodyTransferArrived}, CustodyTransferConfirmed},
		{"cancellation", []Party{Sender}, []string{CustodyTransferOrdered}, CustodyTransferCancelled},
		{"release", nil, []string{CustodyTransferOrdered, CustodyTransferInTransit, CustodyTransferArrived}, CustodyTransferCancelled},
	},
}

// Limits of a transfer, editorial defaults (case management, transfer.notice, file, dose).
const (
	CustodyTransferAnswer = 24 * time.Hour // until the receiver must have confirmed an arrival
	FileBefore            = -4 * time.Hour // of departure
	FileAlarm             = 24 * time.Hour // after arrival, without the file
	NoticeUnit            = 2 * time.Hour  // to prepare an unplanned release
	ClinicContact         = 24 * time.Hour // after an unplanned release
	NGOContact            = 72 * time.Hour // after an unplanned release
	RiskPeak              = 7 * 24 * time.Hour
	RiskElevated          = 28 * 24 * time.Hour
)

// CheckTransferMove validates when a move happened, before any record is looked up.
func CheckTransferMove(name string, at *time.Time, now time.Time) error {
	return checkMoveTime(name == "confirmation" || name == "cancellation", at, now)
}

// Do makes a move; times follow one another.
func (t *CustodyTransfer) Do(name string, by Party, at *time.Time) error {
	to, err := CustodyTransferMachine.Next(t.State, name, by)
	if err != nil {
		return err
	}
	var c Checks
	after := func(earlier *time.Time) {
		c.Require(earlier == nil || !at.Before(*earlier), "/at", "custody_transfer.time_before_the_one_before")
	}
	switch name {
	case "departure":
		t.DepartedAt = at
	case "arrival":
		after(t.DepartedAt)
		t.ArrivedAt = at
	case "file-receipt":
		if t.FileReceivedAt != nil {
			return Fail(KindConflict, "custody_transfer.file_received", "The file was received already.")
		}
		after(t.DepartedAt)
		t.FileReceivedAt = at
	}
	t.State = to
	t.Version++
	return c.Err()
}

// Allowed lists the moves a party can make now.
func (t *CustodyTransfer) Allowed(by Party) []string {
	allowed := CustodyTransferMachine.Allowed(t.State, by)
	if t.FileReceivedAt != nil {
		allowed = slices.DeleteFunc(allowed, func(name string) bool { return name == "file-receipt" })
	}
	return allowed
}

// Alarm reports that somebody arrived and the medical file did not follow in time. It is
// computed when read.
func (t *CustodyTransfer) Alarm(now time.Time) bool {
	return t.ArrivedAt != nil && t.FileReceivedAt == nil && t.State != CustodyTransferCancelled && now.After(t.ArrivedAt.Add(FileAlarm))
}

// RegionDefault names the clinic that is responsible for releases into a region that
// nobody accepted.
type RegionDefault struct {
	Region         string         `gorm:"primaryKey"`
	OrganisationID OrganisationID `gorm:"default:null"` // empty once it was taken back
	Version        int64          // 0: none was ever named
	SetBy          UserID
}

// PlannedRelease is one value that the planned release of a stay had.
type PlannedRelease struct {
	ID       string `gorm:"primaryKey"`
	SpellID  string
	ClientID ClientID
	OnDate   Date
	SetAt    time.Time
	SetByID  OrganisationID
}

// CheckTransferOrder validates where and when somebody is to be moved, before any record
// is looked up.
func CheckTransferOrder(to OrganisationID, departure *time.Time, now time.Time) error {
	var c Checks
	c.Require(to != "", "/toOrganisation", "custody_transfer.receiver_required")
	c.Require(departure == nil || departure.After(now.AddDate(0, 0, -1)) && departure.Before(now.AddDate(1, 0, 0)), "/departureAt", "custody_transfer.departure_out_of_range")
	return c.Err()
}
