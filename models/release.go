package models

import (
	"slices"
	"strings"
	"time"
)

// The rows of counting. Codes are those of the code lists; dates are civil dates of the
// facility; ages are completed years, -1 unknown. Region is the facility's, ISO 3166-2;
// Sector is its sector (models.Sector). KnownOn is the civil day on which the service
// learned the fact (created_at of the row); empty means on the day it happened. No row
// holds an id: an aggregate has no use for one.

// EpisodeRow is one episode with its TDI items: those of the episode, and of its
// assessment the version current at the cutoff.
type EpisodeRow struct {
	Region      string
	Sector      string
	Setting     string // code list setting, of the facility; may be empty
	Sex         string // F or M
	AgeAtStart  int
	CentreType  string
	PrimaryDrug string // substance code of two digits
	Structured  bool
	Start       Date
	KnownOn     Date // of the start
	End         Date // empty while open
	EndReason   string
	EndKnownOn  Date // when the end was recorded
	LastContact Date
	// Contacts are the face-to-face contacts of the organisation with the client while
	// the episode was open, the start itself left out, in any order. LastContact holds
	// with or without them.
	Contacts []ContactRow
	// ReferredOn is the civil day on which the first referral that led to this episode
	// was sent: of those attended or still open at the receiver on the start, the
	// earliest of the year before it; empty without one.
	ReferredOn Date
	LegalBasis string
	// PreviousTreatment to Injecting are TDI items of the episode; Items has the others.
	PreviousTreatment string
	ReferralSource    string
	Route             string
	Injecting         string
	Items             TDIItems
}

// TDIItems are the TDI items of an assessment. An empty code is not recorded and counts
// as 99; an age of 0 is not known.
type TDIItems struct {
	LivingWith        string
	LivingWhere       string
	Children          string
	Labour            string
	Education         string
	Frequency         string
	AgeFirstUse       int
	SecondaryDrugs    [3]string // substance codes, empty where there is none
	Polydrug          string
	OST               string
	AgeFirstOST       int
	AgeFirstInjection int
	HIVTest           string
	HCVTest           string
	Sharing           string
}

// ContactRow is one face-to-face contact.
type ContactRow struct {
	On      Date
	KnownOn Date
}

// ReferralRow is one referral; Region is the sending organisation's.
type ReferralRow struct {
	Region     string
	FromSector string
	ToSector   string
	Reason     string // code list referral_reason
	SentOn     Date
	KnownOn    Date
	AttendedOn Date // empty unless attended
	// AttendedKnownOn is when the attendance was recorded.
	AttendedKnownOn Date
	// ClosedOn is the civil day on which the referral reached a state it does not leave
	// (attended, declined, closed_lost, cancelled, consent_withdrawn): the day it was
	// recorded, so that it needs no KnownOn. Empty while open.
	ClosedOn Date
}

// CustodyRow is one stay in custody; Region is that of the institution. What the person
// was given there is in the episodes, agonist treatment and referrals.
type CustodyRow struct {
	Region      string
	Sex         string
	AgeAtExit   int
	Admitted    Date // empty while expected
	KnownOn     Date // of the admission
	Exit        Date // empty while held
	ExitKnownOn Date
	ExitReason  string // code list custody_exit_reason; an escape is "other"
	ExitRegion  string // where the person was to live; empty unless known
	Naloxone    string // code list naloxone_on_release
	// CommunityDoseOn is the first civil day, from the exit on, on which a facility that
	// is not of the prison sector recorded a dose taken; empty without one.
	CommunityDoseOn      Date
	CommunityDoseKnownOn Date
}

// OATRow is one course of agonist treatment (a dose order). A client is on treatment by
// what was taken, not by what was ordered: without Doses there is no course.
type OATRow struct {
	Region     string
	Sector     string
	Sex        string
	AgeAtStart int
	Medicine   string // code list oat_medicine
	End        Date   // of the order; empty while it runs
	EndKnownOn Date
	// Doses are runs of days covered by doses taken, take-home and depot days included,
	// in any order. Days fewer than 30 apart may be given as one run.
	Doses []DoseRun
	// Phases are the order's versions, in any order.
	Phases []DosePhase
}

// DoseRun is a run of days covered by doses. KnownOn is that of its first day; its later
// days count as known on themselves.
type DoseRun struct {
	From, To Date
	KnownOn  Date
}

// DosePhase is what the order says from a day on.
type DosePhase struct {
	From    Date
	KnownOn Date
	Phase   string // code list oat_phase
	DailyUg int64  // micrograms a day: of an alternate-day dose half; 0 for a depot
}

// Kinds of EntryRow.
const (
	RowContact  = "contact"  // Code: code list intervention; Quantity: syringes of NSP
	RowTest     = "test"     // Code: code list test_kind; Result: code list test_result
	RowNaloxone = "naloxone" // kits given to the client; Quantity: kits
	RowOverdose = "overdose" // Result: survived, died or unknown
)

// EntryRow is one current entry of the record that a definition counts: a contact, an
// infection test, a kit given, an overdose. Entries struck out are left out.
type EntryRow struct {
	Kind     string
	Code     string
	Result   string
	Quantity int64
	Region   string
	Sector   string
	Setting  string // code list setting
	Sex      string
	Age      int // on the day, as far as the episode nearest before tells; -1 unknown
	// NSPOffered says that the facility's services include needles and syringes.
	NSPOffered bool
	On         Date
	KnownOn    Date
	ReturnedOn Date // of a test: when the client heard the result
	LinkedOn   Date // of a test: when care of the infection began
}

// Scope says over which records a client was recognised as one person (docs/indicators.md,
// rule 2).
type Scope string

// Scopes, the widest first.
const (
	ScopeNational Scope = "person_national" // linkage across sectors allowed
	ScopeSector   Scope = "person_sector"   // linkage within the sector allowed
	ScopeFacility Scope = "facility"        // neither: joined by care only
)

// Scopes lists every scope.
var Scopes = []Scope{ScopeNational, ScopeSector, ScopeFacility}

// ClientRows are all rows of one client of the dedupe scope.
type ClientRows struct {
	// SDCKey is the record key of disclosure control, a uint64 kept as two's complement.
	SDCKey    int64
	Scope     Scope // empty reads as facility
	Episodes  []EpisodeRow
	Referrals []ReferralRow // sent for the client
	Custody   []CustodyRow
	OAT       []OATRow
	Entries   []EntryRow
}

// SubstanceReport is one report of a suspected new substance. It is about no client.
type SubstanceReport struct {
	Region  string
	On      Date // first day of the month of the event
	KnownOn Date
	// ConfirmedOn and RetractedOn are the days on which it was; empty while it was not.
	ConfirmedOn Date
	RetractedOn Date
	NPSClass    string
	SourceType  string
}

// Estimate is a published estimate of a population that a rate is divided by. It is not
// client data.
type Estimate struct {
	Kind    string // pwid, opioid_dependent, drug_use_disorder, alcohol_use_disorder
	Country string
	Region  string // empty: the country
	Year    int
	Value   int64
	Low     int64 // of the interval the source states; 0 with High 0 without one
	High    int64
	Source  string
	Method  string
}

// SealRequest names the release to seal.
type SealRequest struct {
	Country string
	Period  string // 2026 or 2026Q1
	Status  string // provisional, final, annual, revision
	Profile string // ministry or open_data; ProfileBoth for both from one counting
	Today   Date
	// NotOffered lists what the country does not offer, by dimension: cells that the code
	// lists make impossible. Under NotOfferedService it names services.
	NotOffered map[string][]string
	// Estimates are the population estimates that were loaded for the country.
	Estimates []Estimate
	// Annual is the annual release of the year; only a revision needs it.
	Annual *AnnualRelease
}

// NotOfferedService is the key of services in SealRequest.NotOffered, the others name them.
const (
	NotOfferedService = "service"
	ServiceOAT        = "oat"        // agonist treatment anywhere
	ServiceOATPrison  = "oat_prison" // agonist treatment in custody
)

// Release is a sealed release as it is kept: nothing in it leads back to a count.
type Release struct {
	ID      string `gorm:"primaryKey"`
	Country string
	Period  string
	Status  string
	Profile string
	Plan    string
	Budget  float64
	// Definitions is the hash of the definitions, under the counting rules in force, by
	// which the release was counted; empty in old ones, whose tables name it.
	Definitions string
	Cutoff      time.Time
	// Facts says which counted records the snapshot had; shown to nobody, and empty in old ones.
	Facts    string
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

// ProfileBoth asks for the releases of both profiles from one counting.
const ProfileBoth = "both"

// Each returns the requests of single releases: of both profiles, the ministry's first. A
// revision has no open data (docs/disclosure-control.md, 2.4a).
func (r SealRequest) Each() []SealRequest {
	if r.Profile != ProfileBoth {
		return []SealRequest{r}
	}
	r.Profile = "ministry"
	open := r
	open.Profile = "open_data"
	if r.Status == "revision" {
		return []SealRequest{r}
	}
	return []SealRequest{r, open}
}

// ErrSealed refuses a second draw.
var ErrSealed = Fail(KindConflict, "release.sealed_already", "This release was sealed before; what is published never changes.")

// statusOrder is the order in which the releases of a year are sealed.
var statusOrder = []string{"provisional", "final", "annual", "revision"}

// CheckOrder refuses what was sealed before, and a release of whose period, or of the year
// that holds it, a later status was sealed in whatever profile: what was recorded since
// would reach print outside the one revision (docs/disclosure-control.md, 2.5). The ids are
// those of all releases that are known, of the ledger too.
func (r SealRequest) CheckOrder(sealed []string) error {
	if slices.Contains(sealed, r.ReleaseID()) {
		return ErrSealed
	}
	for _, id := range sealed {
		was, ok := readReleaseID(id)
		if ok && was.Country == r.Country && strings.HasPrefix(r.Period, was.Period) && slices.Index(statusOrder, was.Status) > slices.Index(statusOrder, r.Status) {
			return Fail(KindConflict, "release.superseded", "%s is sealed: what was recorded since would be told by the difference. Late records wait for the revision of the year.", id)
		}
	}
	return nil
}

// Twin returns the id of the same release under another profile, empty when it is not
// among the ids.
func (r SealRequest) Twin(sealed []string) string {
	for _, id := range sealed {
		was, ok := readReleaseID(id)
		if ok && was.Country == r.Country && was.Period == r.Period && was.Status == r.Status && was.Profile != r.Profile {
			return id
		}
	}
	return ""
}

// readReleaseID reads what ReleaseID wrote.
func readReleaseID(id string) (SealRequest, bool) {
	parts := strings.SplitN(id, "-", 4)
	if len(parts) < 3 {
		return SealRequest{}, false
	}
	r := SealRequest{Country: parts[0], Period: parts[1], Status: parts[2], Profile: "ministry"}
	if len(parts) == 4 {
		r.Profile = parts[3]
	}
	return r, slices.Contains(statusOrder, r.Status)
}

// Layout says which codes of a release are shown together: each joined region or drug row
// with the name of what it is shown in. It follows from published totals alone.
type Layout struct {
	Regions  map[string]string
	DrugRows map[string]string
}

// AnnualRelease is what a revision needs of the annual release of its year.
type AnnualRelease struct {
	// ChangedClients is the number of clients of whom a counted row was entered, changed
	// or erased after the annual release's cutoff.
	ChangedClients int64
	// Tables is the JSON of its tables as published, by table id.
	Tables map[string]string
}
