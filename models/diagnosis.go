package models

import (
	"slices"
	"strings"
)

// Diagnosis is a substance use disorder: ICD-11 is stored, ICD-10 follows from it and
// never the reverse.
type Diagnosis struct {
	On     Date   `json:"on" validate:"required"`                                               // the day
	ICD11  string `json:"icd11" validate:"required" format:"icd-11"`                            // stem and pattern: 6C43.2
	Status string `json:"status" validate:"required" extensions:"x-code-list=diagnosis_status"` // how sure
}

// icd10Of maps the pattern of an ICD-11 code to the fourth character of ICD-10: general
// knowledge, but for .0, .1 and .2 of ICD-10.
var icd10Of = map[string]string{
	"0": ".1", // episode of harmful use
	"1": ".1", // harmful pattern
	"2": ".2", // dependence
	"3": ".0", // intoxication
	"4": ".3", // withdrawal
}

// ICD10FromICD11 derives the ICD-10 code of an ICD-11 code; ok is false for a code that is
// no disorder of the substance list.
func ICD10FromICD11(icd11 string) (icd10 string, ok bool) {
	stem, pattern, _ := strings.Cut(icd11, ".")
	list, _ := CodeListByID(substanceList)
	i := slices.IndexFunc(list.Codes, func(c Code) bool { return c.ICD11 == stem && stem != "" })
	fourth, known := icd10Of[pattern]
	if i < 0 || !known {
		return "", false
	}
	return list.Codes[i].ICD10 + fourth, true
}

// Kind is diagnosis.
func (*Diagnosis) Kind() EntryKind { return EntryDiagnosis }

// Check validates the input.
func (d *Diagnosis) Check(c *Checks, today Date) {
	checkOn(c, d.On, today)
	_, ok := ICD10FromICD11(d.ICD11)
	c.Require(ok, "/icd11", "diagnosis.icd11_unknown")
	requireCode(c, "diagnosis_status", d.Status, "/status")
}

// Summary is what is counted: code the ICD-11 code, result the status.
func (d *Diagnosis) Summary() EntrySummary {
	return EntrySummary{On: d.On, Code: d.ICD11, Result: d.Status}
}
