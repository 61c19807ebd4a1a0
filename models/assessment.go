package models

import "slices"

// AssessmentItems are the TDI items that an episode does not hold: the episode has 1 to 6,
// 12, 13 and 20 (docs/clinical-record.md). "99" is not known; a left out item is an error,
// so that nobody forgets to ask.
type AssessmentItems struct {
	On                 Date     `json:"on" validate:"required"`                                                    // the day, within 30 days before the episode or later
	LivingWith         string   `json:"livingWith" validate:"required" extensions:"x-code-list=tdi_living_with"`   // TDI 7
	Children           string   `json:"children" validate:"required" extensions:"x-code-list=tdi_children"`        // TDI 8
	LivingWhere        string   `json:"livingWhere" validate:"required" extensions:"x-code-list=tdi_living_where"` // TDI 9
	Labour             string   `json:"labour" validate:"required" extensions:"x-code-list=tdi_labour"`            // TDI 10
	Education          string   `json:"education" validate:"required" extensions:"x-code-list=tdi_education"`      // TDI 11
	Frequency30d       string   `json:"frequency" extensions:"x-code-list=tdi_frequency_30d"`                      // TDI 14; required unless the primary drug is 99
	FrequencyReference string   `json:"frequencyReference" extensions:"x-code-list=frequency_reference"`           // the 30 days before what; required with frequency
	AgeFirstUse        *int     `json:"ageFirstUse" minimum:"0"`                                                   // TDI 15, of the primary drug
	SecondaryDrugs     []string `json:"secondaryDrugs" extensions:"x-code-list=substance"`                         // TDI 16, at most 3
	Polydrug           string   `json:"polydrug" validate:"required" extensions:"x-code-list=tdi_polydrug"`        // TDI 17
	OSTStatus          string   `json:"ostStatus" validate:"required" extensions:"x-code-list=tdi_ost"`            // TDI 18
	AgeFirstOST        *int     `json:"ageFirstOst" minimum:"0"`                                                   // TDI 19; required when ostStatus is 2 or 3
	AgeFirstInjection  *int     `json:"ageFirstInjection" minimum:"0"`                                             // TDI 21; required when the episode says injecting
	HIVTest            string   `json:"hivTest" validate:"required" extensions:"x-code-list=tdi_test_hiv_hcv"`     // TDI 22
	HCVTest            string   `json:"hcvTest" validate:"required" extensions:"x-code-list=tdi_test_hiv_hcv"`     // TDI 23
	Sharing            string   `json:"sharing" validate:"required" extensions:"x-code-list=tdi_sharing"`          // TDI 24
}

// Assessment is the rest of a TDI entry, within an episode.
type Assessment struct {
	AssessmentItems
	// Warnings are what does not fit together and may still be true.
	Warnings []string `json:"warnings"`
}

// Warnings of an assessment (data dictionary A.0, decisions of this project).
const (
	WarnOSTWithoutTreatment = "ost_without_previous_treatment" // item 18 is 3, item 3 is not 2, the unit gives agonist treatment
	WarnPrisonUnit          = "prison_unit_not_in_detention"   // item 1 is 3, item 9 is not 3
	WarnDetentionLiving     = "detention_living_with"          // item 9 is 3, item 7 is not 5
	WarnRouteInjecting      = "route_without_injecting"        // item 13 is 1, item 20 is not 2
)

// maxSecondaryDrugs follows TDI: four drugs a client with the primary one.
const maxSecondaryDrugs = 3

// Kind is assessment.
func (*Assessment) Kind() EntryKind { return EntryAssessment }

// Check validates the input.
func (a *Assessment) Check(c *Checks, today Date) {
	checkOn(c, a.On, today)
	for _, item := range []struct{ pointer, list, code string }{
		{"/livingWith", "tdi_living_with", a.LivingWith},
		{"/children", "tdi_children", a.Children},
		{"/livingWhere", "tdi_living_where", a.LivingWhere},
		{"/labour", "tdi_labour", a.Labour},
		{"/education", "tdi_education", a.Education},
		{"/polydrug", "tdi_polydrug", a.Polydrug},
		{"/ostStatus", "tdi_ost", a.OSTStatus},
		{"/hivTest", "tdi_test_hiv_hcv", a.HIVTest},
		{"/hcvTest", "tdi_test_hiv_hcv", a.HCVTest},
		{"/sharing", "tdi_sharing", a.Sharing},
	} {
		requireCode(c, item.list, item.code, item.pointer)
	}
	c.Require(a.Frequency30d == "" || InList("tdi_frequency_30d", a.Frequency30d), "/frequency", "entry.code_not_in_list")
	asked := a.Frequency30d != "" && a.Frequency30d != "99"
	c.Require(InList("frequency_reference", a.FrequencyReference) || a.FrequencyReference == "" && !asked, "/frequencyReference", "entry.code_not_in_list")
	c.Require(len(a.SecondaryDrugs) <= maxSecondaryDrugs, "/secondaryDrugs", "assessment.too_many_drugs")
	requireCodes(c, substanceList, a.SecondaryDrugs, "/secondaryDrugs")
	c.Require(!slices.Contains(a.SecondaryDrugs, "99"), "/secondaryDrugs", "assessment.secondary_unknown")
	ever := a.OSTStatus == "2" || a.OSTStatus == "3"
	c.Require(a.AgeFirstOST != nil || !ever, "/ageFirstOst", "assessment.age_required")
	c.Require(a.AgeFirstOST == nil || a.OSTStatus != "1", "/ageFirstOst", "assessment.age_contradicts")
}

// complete holds the items against those of the episode.
func (a *Assessment) complete(c *Checks, f EntryFacts) {
	e := f.Episode
	c.Require(a.On >= e.StartDate.AddDays(-TDIWindow), "/on", "assessment.before_episode")
	c.Require(a.Frequency30d != "" || e.PrimaryDrug == "99", "/frequency", "entry.code_not_in_list")
	c.Require(!slices.Contains(a.SecondaryDrugs, e.PrimaryDrug), "/secondaryDrugs", "assessment.secondary_repeats_primary")
	injected := e.Injecting == "2.1" || e.Injecting == "2.2" || e.Injecting == "2.3"
	c.Require(a.AgeFirstInjection != nil || !injected, "/ageFirstInjection", "assessment.age_required")
	c.Require(a.AgeFirstInjection == nil || e.Injecting != "1", "/ageFirstInjection", "assessment.age_contradicts")
	ceiling := e.oldestAtStart()
	for _, age := range []struct {
		pointer string
		years   *int
	}{{"/ageFirstUse", a.AgeFirstUse}, {"/ageFirstOst", a.AgeFirstOST}, {"/ageFirstInjection", a.AgeFirstInjection}} {
		c.Require(age.years == nil || *age.years >= 0 && *age.years <= ceiling, age.pointer, "assessment.age_impossible")
	}
	a.Warnings = a.warnings(e, f.Organisation)
}

// TDIWindow is how many days before the start of an episode its assessment may be dated:
// people are assessed before they are admitted. A decision of this project.
const TDIWindow = 30

// oldestAtStart is the highest age at the start that the birth year allows: AgeFromYear
// takes a year off before July, so that the person may be one year older than stored.
func (e *Episode) oldestAtStart() int {
	if e.AgeAtStart < 0 {
		return 110
	}
	if e.StartDate.Time().Month() < 7 {
		return e.AgeAtStart + 1
	}
	return e.AgeAtStart
}

func (a *Assessment) warnings(e *Episode, org *Organisation) []string {
	found := []string{}
	warn := func(when bool, what string) {
		if when {
			found = append(found, what)
		}
	}
	warn(a.OSTStatus == "3" && e.PreviousTreatment != "2" && slices.Contains(org.Services, "oat"), WarnOSTWithoutTreatment)
	warn(e.CentreType == "3" && a.LivingWhere != "3", WarnPrisonUnit)
	warn(a.LivingWhere == "3" && a.LivingWith != "5", WarnDetentionLiving)
	warn(e.Route == "1" && e.Injecting == "99", WarnRouteInjecting)
	return found
}

// Summary is what is counted: code "tdi", result whether agonist treatment is current.
func (a *Assessment) Summary() EntrySummary {
	return EntrySummary{On: a.On, Code: "tdi", Result: a.OSTStatus, Quantity: int64(len(a.SecondaryDrugs))}
}
