package models

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// EntryKind is a kind of entry of the clinical record.
type EntryKind string

// Kinds of entries.
const (
	EntryScreening    EntryKind = "screening"
	EntryAssessment   EntryKind = "assessment"
	EntryDiagnosis    EntryKind = "diagnosis"
	EntrySocialPlan   EntryKind = "social_plan"
	EntryClinicalPlan EntryKind = "clinical_plan"
	EntryTest         EntryKind = "infection_test"
	EntryDrugTest     EntryKind = "drug_test"
	EntryObservation  EntryKind = "observation"
	EntryMentalHealth EntryKind = "mental_health_check"
	EntryReproductive EntryKind = "reproductive_status"
	EntryCounselling  EntryKind = "counselling_note"
	EntryContact      EntryKind = "contact"
	EntryTraining     EntryKind = "naloxone_training"
)

// entryKinds says to which category a kind belongs and what it holds.
var entryKinds = map[EntryKind]struct {
	category Category
	empty    func() EntryContent
}{
	EntryScreening:    {CatScreening, func() EntryContent { return &Screening{} }},
	EntryAssessment:   {CatDiagnosis, func() EntryContent { return &Assessment{} }},
	EntryDiagnosis:    {CatDiagnosis, func() EntryContent { return &Diagnosis{} }},
	EntrySocialPlan:   {CatPlanSocial, func() EntryContent { return &SocialPlan{} }},
	EntryClinicalPlan: {CatPlanClinical, func() EntryContent { return &ClinicalPlan{} }},
	EntryTest:         {CatInfection, func() EntryContent { return &InfectionTest{} }},
	EntryDrugTest:     {CatDrugTest, func() EntryContent { return &DrugTest{} }},
	EntryObservation:  {CatWithdrawal, func() EntryContent { return &Observation{} }},
	EntryMentalHealth: {CatMentalHealth, func() EntryContent { return &MentalHealthCheck{} }},
	EntryReproductive: {CatReproductive, func() EntryContent { return &ReproductiveStatus{} }},
	EntryCounselling:  {CatCounselling, func() EntryContent { return &CounsellingNote{} }},
	EntryContact:      {CatAttendance, func() EntryContent { return &Contact{} }},
	EntryTraining:     {CatNaloxone, func() EntryContent { return &NaloxoneTraining{} }},
}

// EntryKinds lists every kind.
func EntryKinds() []EntryKind {
	var kinds []EntryKind
	for kind := range entryKinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// EntryCategories lists the categories that entries belong to.
func EntryCategories() []Category {
	var categories []Category
	for _, k := range entryKinds {
		categories = append(categories, k.category)
	}
	slices.Sort(categories)
	return slices.Compact(categories)
}

// Category is the class of data that the kind belongs to.
func (k EntryKind) Category() Category { return entryKinds[k].category }

// plan reports whether the kind is reviewed rather than corrected.
func (k EntryKind) plan() bool { return k == EntrySocialPlan || k == EntryClinicalPlan }

// EntryContent is what an entry of one kind says, in coded fields.
type EntryContent interface {
	Kind() EntryKind
	// Check validates what can be told from the input alone, on the civil date today.
	Check(c *Checks, today Date)
	// Summary is what is searched and counted.
	Summary() EntrySummary
}

// completing is content that is checked against records, or partly computed from them.
type completing interface {
	complete(c *Checks, f EntryFacts)
}

// EntryFacts is what some entries are checked against or computed from.
type EntryFacts struct {
	Sex          string
	Episode      *Episode // the open one of the organisation, or the one the entry was made in; nil without
	Organisation *Organisation
	Score        Scoring
}

// Complete checks content against the records and fills in what is computed.
func Complete(content EntryContent, f EntryFacts) error {
	var c Checks
	if x, ok := content.(completing); ok {
		x.complete(&c, f)
	}
	return c.Err()
}

// EntrySummary is what is searched and counted of an entry: docs/clinical-record.md says
// what each kind puts there.
type EntrySummary struct {
	On       Date
	Code     string
	Result   string
	Quantity int64
}

// Entry is one version of an entry of the clinical record. A version is never changed: a
// correction is the next one.
type Entry struct {
	ID             string `gorm:"primaryKey"` // of the version
	EntryID        string
	Version        int64
	Current        bool
	ClientID       ClientID
	OrganisationID OrganisationID
	EpisodeID      string // the organisation's episode it was made in; empty without
	Kind           EntryKind
	Category       Category
	OnDate         Date
	Code           string
	Result         string
	Quantity       int64
	Data           string // the content as JSON
	Correction     string // why this version was made: code list correction_reason; empty in the first
	CreatedAt      time.Time
	CreatedBy      UserID
}

// EnteredInError strikes an entry out: it is no longer listed or counted, and its history
// still shows what it said.
const EnteredInError = "entered_in_error"

// Struck reports whether this version strikes the entry out.
func (e *Entry) Struck() bool { return e.Correction == EnteredInError }

// Hold puts content into the version.
func (e *Entry) Hold(content EntryContent) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	sum := content.Summary()
	e.Kind, e.Category, e.Data = content.Kind(), content.Kind().Category(), string(data)
	e.OnDate, e.Code, e.Result, e.Quantity = sum.On, sum.Code, sum.Result, sum.Quantity
	return nil
}

// Content reads the content of the version.
func (e *Entry) Content() (EntryContent, error) {
	kind, ok := entryKinds[e.Kind]
	if !ok {
		return nil, fmt.Errorf("models: an entry of unknown kind")
	}
	content := kind.empty()
	return content, json.Unmarshal([]byte(e.Data), content)
}

// CheckCorrection validates why a version is made. content is nil when the entry is
// struck out, and only then.
func CheckCorrection(reason string, content EntryContent) error {
	var c Checks
	c.Require(InList("correction_reason", reason), "/reason", "entry.correction_reason_unknown")
	c.Require((content == nil) == (reason == EnteredInError), "/reason", "entry.content_unless_in_error")
	c.Require(reason != "review" || content == nil || content.Kind().plan(), "/reason", "entry.review_of_plans_only")
	return c.Err()
}

// checkOn validates the day an entry is about.
func checkOn(c *Checks, on, today Date) { checkDay(c, "/on", on, today) }

// checkDay validates a day that must have come.
func checkDay(c *Checks, pointer string, on, today Date) {
	_, ok := ParseDate(string(on))
	c.Require(ok, pointer, "entry.not_a_date")
	c.Require(!ok || on <= today, pointer, "entry.in_future")
}

// requireCode requires a code of a list.
func requireCode(c *Checks, list, code, pointer string) {
	c.Require(InList(list, code), pointer, "entry.code_not_in_list")
}

// requireCodes requires codes of a list, each once.
func requireCodes(c *Checks, list string, codes []string, pointer string) {
	for i, code := range codes {
		if !InList(list, code) {
			c.Add(fmt.Sprintf("%s/%d", pointer, i), "entry.code_not_in_list")
		} else if slices.Contains(codes[:i], code) {
			c.Add(fmt.Sprintf("%s/%d", pointer, i), "entry.code_repeated")
		}
	}
}
