package models

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// EWSReport is one report of a suspected new substance: of the early warning, about a
// substance and never about a person. It has no client, no day and no place below the
// region, so that a report of one poisoning does not lead to who was poisoned.
type EWSReport struct {
	ID                string         `gorm:"primaryKey"`
	OrganisationID    OrganisationID // that reported
	SourceType        string         // code list ews_source_type
	Month             Date           // of the event, its first day
	Region            string
	SuspectedNames    []string `gorm:"serializer:json"` // screened
	StreetNames       []string `gorm:"serializer:json"` // screened
	ChemicalName      string   // screened
	Formula           string
	InChIKey          string `gorm:"column:inchi_key"`
	CAS               string `gorm:"column:cas"`
	NPSClass          string `gorm:"column:nps_class"` // code list nps_class
	PhysicalForm      string // code list ews_physical_form
	Quantity          int64  // in Unit; 0 without one
	Unit              string
	Cases             int      // people concerned; 0 where it is about a product
	OtherSubstances   []string `gorm:"serializer:json"` // code list substance
	Method            string   // code list ews_method
	ReferenceStandard bool     // confirmed with a reference standard
	Laboratory        string   // code list ews_laboratory: a kind, not a place; empty without one
	Route             string   // code list tdi_route; empty for a product
	Severity          string   // code list ews_severity; empty for a product
	Circumstances     string   // screened
	Confidentiality   string   // code list ews_confidentiality
	ListedAs          string   // orders the list: the month and the id, which tell no moment
	State             string
	ConfirmedAt       *time.Time
	RetractedAt       *time.Time
	Retraction        string // code list ews_retraction
	Version           int64
	CreatedAt         time.Time
	CreatedBy         UserID
}

// TableName keeps gorm from guessing at the abbreviation.
func (EWSReport) TableName() string { return "ews_reports" }

// States of a report.
const (
	EWSSuspected = "suspected"
	EWSConfirmed = "confirmed"
	EWSRetracted = "retracted"
)

// EWSStates lists the states of a report.
var EWSStates = []string{EWSSuspected, EWSConfirmed, EWSRetracted}

// Levels of confidentiality: who reads a report. store/scope.go says how.
const (
	EWSRestricted = "restricted" // the reporter's organisation and the programme
	EWSPartners   = "partners"   // also organisations that keep records of people in care
	EWSPublic     = "public"     // also prisons and probation
)

var ewsBoth = []Party{Holder, PartyProgramme}

// EWSReportMachine is the life of a report. Retraction is a step of its own, as in the EU
// early warning: what was said is not deleted but taken back. Once it is confirmed, only
// the programme takes it back.
var EWSReportMachine = &Machine{
	Noun: "ews_report", States: EWSStates, Start: []string{EWSSuspected},
	Moves: []Move{
		{"confirmation", []Party{PartyProgramme}, []string{EWSSuspected}, EWSConfirmed},
		{"retraction", ewsBoth, []string{EWSSuspected}, EWSRetracted},
		{"retraction", []Party{PartyProgramme}, []string{EWSConfirmed}, EWSRetracted},
	},
}

// Identification is what an analysis says a substance is.
type Identification struct {
	NPSClass          string
	ChemicalName      string
	Formula           string
	InChIKey          string
	CAS               string
	Method            string
	ReferenceStandard bool
	Laboratory        string
}

// NewEWSReport is what somebody reports.
type NewEWSReport struct {
	Identification
	SourceType      string
	Month           string // YYYY-MM
	Region          string
	SuspectedNames  []string
	StreetNames     []string
	PhysicalForm    string
	Quantity        int64
	Unit            string
	Cases           int
	OtherSubstances []string
	Route           string
	Severity        string
	Circumstances   string
	Confidentiality string
}

// Limits of a report, decisions of this project.
const (
	maxEWSNames    = 8
	maxEWSName     = 60  // runes
	maxChemical    = 200 // runes
	maxEWSCases    = 1000
	maxEWSQuantity = 1_000_000_000
	maxEWSMonths   = 24 // how long ago an event may lie
)

// ewsOfPerson are the sources that are about somebody: what else they say is withheld from
// those who only share in the warning.
var ewsOfPerson = []string{"biological_sample", "poisoning", "death", "treatment_report"}

// OfPerson reports whether the report came from what happened to somebody, not from a product.
func (r *EWSReport) OfPerson() bool { return slices.Contains(ewsOfPerson, r.SourceType) }

// Check validates a report in a country. today is the reporter's.
func (n NewEWSReport) Check(country string, today Date) error {
	var c Checks
	requireCode(&c, "ews_source_type", n.SourceType, "/sourceType")
	n.checkMonth(&c, today)
	c.Require(RegionKnown(country, n.Region, today), "/region", "ews_report.region_unknown")
	checkNames(&c, "/suspectedNames", n.SuspectedNames)
	checkNames(&c, "/streetNames", n.StreetNames)
	n.Identification.check(&c)
	requireCode(&c, "ews_physical_form", n.PhysicalForm, "/physicalForm")
	requireCodes(&c, substanceList, n.OtherSubstances, "/otherSubstances")
	n.checkAmounts(&c)
	CheckText(&c, "/circumstances", n.Circumstances)
	requireCode(&c, "ews_confidentiality", n.Confidentiality, "/confidentiality")
	if err := c.Err(); err != nil {
		return err
	}
	return n.checkTogether()
}

func (n NewEWSReport) checkMonth(c *Checks, today Date) {
	first, ok := ParseDate(n.Month + "-01")
	c.Require(ok, "/month", "ews_report.not_a_month")
	c.Require(!ok || first <= today, "/month", "ews_report.in_future")
	c.Require(!ok || first >= today.AddMonths(-maxEWSMonths), "/month", "ews_report.too_long_ago")
}

// checkAmounts: a quantity with its unit, or a number of people; how somebody took it and
// how badly it went belong to people only.
func (n NewEWSReport) checkAmounts(c *Checks) {
	person := slices.Contains(ewsOfPerson, n.SourceType)
	c.Require(n.Quantity >= 0 && n.Quantity <= maxEWSQuantity, "/quantity", "ews_report.quantity_out_of_range")
	c.Require((n.Quantity > 0) == (n.Unit != ""), "/unit", "ews_report.unit_with_quantity")
	if n.Unit != "" {
		requireCode(c, "ews_unit", n.Unit, "/unit")
	}
	if person {
		c.Require(n.Cases >= 1 && n.Cases <= maxEWSCases, "/cases", "ews_report.cases_out_of_range")
		requireCode(c, "tdi_route", n.Route, "/route")
		requireCode(c, "ews_severity", n.Severity, "/severity")
		c.Require((n.SourceType == "death") == (n.Severity == "fatal") || n.SourceType == "biological_sample", "/severity", "ews_report.severity_contradicts")
		return
	}
	c.Require(n.Cases == 0, "/cases", "ews_report.of_product")
	c.Require(n.Route == "", "/route", "ews_report.of_product")
	c.Require(n.Severity == "", "/severity", "ews_report.of_product")
}

// checkTogether screens all words as one text too: what identifies somebody can be spread
// over fields that pass alone.
func (n NewEWSReport) checkTogether() error {
	var c Checks
	words := slices.Concat(n.SuspectedNames, n.StreetNames, []string{n.ChemicalName, n.Circumstances})
	if rule, ok := ScreenText(strings.Join(words, " ")); !ok {
		c.identifies("/circumstances", rule)
	}
	return c.Err()
}

// checkNames checks names of a product: short words with a letter, each screened.
func checkNames(c *Checks, pointer string, names []string) {
	c.Require(len(names) <= maxEWSNames, pointer, "ews_report.too_many_names")
	for i, name := range names[:min(len(names), maxEWSNames)] {
		at := fmt.Sprintf("%s/%d", pointer, i)
		switch {
		case utf8.RuneCountInString(name) > maxEWSName || strings.ContainsAny(name, "\r\n\t") || nameKey(name) == "":
			c.Add(at, "ews_report.name_form")
		default:
			CheckText(c, at, name)
		}
	}
}

var (
	formulaForm  = regexp.MustCompile(`^C\d{1,3}H\d{1,3}((B|Br|Cl|D|F|I|K|N|Na|O|P|S|Si)\d{0,3}){0,8}$`)
	inchiKeyForm = regexp.MustCompile(`^[A-Z]{14}-[A-Z]{8}[SN]A-[A-Z]$`)
	casForm      = regexp.MustCompile(`^\d{2,7}-\d{2}-\d$`)
)

// casNumber checks the form and the check digit of a CAS registry number: the digits from
// the right, weighted 1, 2, 3 …, modulo 10. Without it a telephone number would pass.
func casNumber(s string) bool {
	if !casForm.MatchString(s) {
		return false
	}
	digits := strings.ReplaceAll(s, "-", "")
	last, sum := len(digits)-1, 0
	for i := range last {
		sum += int(digits[last-1-i]-'0') * (i + 1)
	}
	return int(digits[last]-'0') == sum%10
}

func (d Identification) check(c *Checks) {
	requireCode(c, "nps_class", d.NPSClass, "/npsClass")
	requireCode(c, "ews_method", d.Method, "/method")
	if d.Laboratory != "" {
		requireCode(c, "ews_laboratory", d.Laboratory, "/laboratory")
	}
	c.Require(!d.ReferenceStandard || d.Method != "none", "/referenceStandard", "ews_report.not_analysed")
	if utf8.RuneCountInString(d.ChemicalName) > maxChemical {
		c.Add("/chemicalName", "text.too_long")
	} else {
		CheckText(c, "/chemicalName", d.ChemicalName)
	}
	c.Require(d.Formula == "" || formulaForm.MatchString(d.Formula), "/formula", "ews_report.formula_form")
	c.Require(d.InChIKey == "" || inchiKeyForm.MatchString(d.InChIKey), "/inchiKey", "ews_report.inchi_key_form")
	c.Require(d.CAS == "" || casNumber(d.CAS), "/cas", "ews_report.cas_form")
}

// CheckConfirmation validates what confirms a report: an analysis that names the class.
func (d Identification) CheckConfirmation() error {
	var c Checks
	d.check(&c)
	c.Require(d.NPSClass != "unknown", "/npsClass", "ews_report.class_required")
	c.Require(d.Method != "none", "/method", "ews_report.not_analysed")
	c.Require(d.Laboratory != "", "/laboratory", "ews_report.laboratory_required")
	return c.Err()
}

// CheckEWSRetraction validates why a report is taken back.
func CheckEWSRetraction(reason string) error {
	var c Checks
	requireCode(&c, "ews_retraction", reason, "/reason")
	return c.Err()
}

// Report makes the record of a checked report.
func (n NewEWSReport) Report() EWSReport {
	r := EWSReport{
		SourceType: n.SourceType, Month: Date(n.Month + "-01"), Region: n.Region, SuspectedNames: trimmed(n.SuspectedNames), StreetNames: trimmed(n.StreetNames),
		PhysicalForm: n.PhysicalForm, Quantity: n.Quantity, Unit: n.Unit, Cases: n.Cases, OtherSubstances: orNone(n.OtherSubstances),
		Route: n.Route, Severity: n.Severity, Circumstances: strings.TrimSpace(n.Circumstances), Confidentiality: n.Confidentiality,
		State: EWSSuspected, Version: 1,
	}
	r.identify(n.Identification)
	return r
}

func trimmed(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.TrimSpace(w)
	}
	return out
}

func (r *EWSReport) identify(d Identification) {
	r.NPSClass, r.ChemicalName, r.Formula, r.InChIKey, r.CAS = d.NPSClass, strings.TrimSpace(d.ChemicalName), d.Formula, d.InChIKey, d.CAS
	r.Method, r.ReferenceStandard, r.Laboratory = d.Method, d.ReferenceStandard, d.Laboratory
}

// Confirm makes what was found what the report says. Nobody confirms what they reported.
func (r *EWSReport) Confirm(found Identification, by UserID, at time.Time) error {
	state, err := EWSReportMachine.Next(r.State, "confirmation", PartyProgramme)
	if err != nil {
		return err
	}
	if by == r.CreatedBy {
		return Fail(KindConflict, "ews_report.two_people", "Whoever reported a substance does not confirm it: somebody else must.")
	}
	r.identify(found)
	r.State, r.ConfirmedAt = state, &at
	r.Version++
	return nil
}

// Retract takes the report back.
func (r *EWSReport) Retract(reason string, by Party, at time.Time) error {
	state, err := EWSReportMachine.Next(r.State, "retraction", by)
	if err != nil {
		return err
	}
	r.State, r.Retraction, r.RetractedAt = state, reason, &at
	r.Version++
	return nil
}

// Counted is the report as a row of counting; zone is that of its region.
func (r *EWSReport) Counted(zone string) SubstanceReport {
	on := func(at *time.Time) Date {
		if at == nil {
			return ""
		}
		return DateOf(*at, zone)
	}
	return SubstanceReport{
		Region: r.Region, On: r.Month, KnownOn: on(&r.CreatedAt), ConfirmedOn: on(r.ConfirmedAt), RetractedOn: on(r.RetractedAt),
		NPSClass: r.NPSClass, SourceType: r.SourceType,
	}
}

// nameKey makes one name of the ways to write it: letters and digits in lower case.
func nameKey(name string) string {
	key, letters := strings.Builder{}, false
	for _, r := range strings.ToLower(name) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			key.WriteRune(r)
			letters = letters || unicode.IsLetter(r)
		}
	}
	if !letters {
		return ""
	}
	return key.String()
}
