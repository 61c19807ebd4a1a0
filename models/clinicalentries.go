package models

import (
	"fmt"
	"slices"
	"strings"
)

// InfectionTest is a test for an infection, its result, and whether care began.
type InfectionTest struct {
	On         Date   `json:"on" validate:"required"`                                          // the day
	Test       string `json:"test" validate:"required" extensions:"x-code-list=test_kind"`     // of what
	Result     string `json:"result" validate:"required" extensions:"x-code-list=test_result"` // what it said
	ReturnedOn Date   `json:"returnedOn"`                                                      // when the client heard the result
	LinkedOn   Date   `json:"linkedOn"`                                                        // when care of the infection began
}

// Kind is infection test.
func (*InfectionTest) Kind() EntryKind { return EntryTest }

// Check validates the input.
func (i *InfectionTest) Check(c *Checks, today Date) {
	checkOn(c, i.On, today)
	requireCode(c, "test_kind", i.Test, "/test")
	requireCode(c, "test_result", i.Result, "/result")
	if i.ReturnedOn != "" {
		checkDay(c, "/returnedOn", i.ReturnedOn, today)
		c.Require(i.ReturnedOn >= i.On, "/returnedOn", "infection_test.returned_before_test")
		c.Require(i.Result != "not_returned", "/returnedOn", "infection_test.not_returned")
	}
	if i.LinkedOn != "" {
		checkDay(c, "/linkedOn", i.LinkedOn, today)
		c.Require(i.LinkedOn >= i.On, "/linkedOn", "infection_test.linked_before_test")
		c.Require(i.Result == "pos", "/linkedOn", "infection_test.linked_without_result")
	}
}

// Summary is what is counted: code the kind of test, result the result, quantity 1 when
// care began.
func (i *InfectionTest) Summary() EntrySummary {
	sum := EntrySummary{On: i.On, Code: i.Test, Result: i.Result}
	if i.LinkedOn != "" {
		sum.Quantity = 1
	}
	return sum
}

// DrugTest is a clinical drug test, never one for a court or a guard.
type DrugTest struct {
	On        Date          `json:"on" validate:"required"`                                         // the day
	Specimen  string        `json:"specimen" validate:"required" extensions:"x-code-list=specimen"` // of what
	Confirmed bool          `json:"confirmed"`                                                      // by a laboratory
	Findings  []DrugFinding `json:"findings" validate:"required"`                                   // one for each substance
}

// DrugFinding is the result for one substance.
type DrugFinding struct {
	Substance string `json:"substance" validate:"required" extensions:"x-code-list=substance"`     // looked for
	Result    string `json:"result" validate:"required" extensions:"x-code-list=drug_test_result"` // what was found
}

// Kind is drug test.
func (*DrugTest) Kind() EntryKind { return EntryDrugTest }

// Check validates the input.
func (d *DrugTest) Check(c *Checks, today Date) {
	checkOn(c, d.On, today)
	requireCode(c, "specimen", d.Specimen, "/specimen")
	c.Require(len(d.Findings) > 0, "/findings", "drug_test.findings_required")
	substances := map[string]bool{}
	for i, f := range d.Findings {
		at := fmt.Sprintf("/findings/%d", i)
		requireCode(c, substanceList, f.Substance, at+"/substance")
		requireCode(c, "drug_test_result", f.Result, at+"/result")
		c.Require(!substances[f.Substance], at+"/substance", "entry.code_repeated")
		substances[f.Substance] = true
	}
}

// Summary is what is counted: code the specimen, result "pos" when anything was found,
// quantity how many.
func (d *DrugTest) Summary() EntrySummary {
	sum := EntrySummary{On: d.On, Code: d.Specimen, Result: "neg"}
	for _, f := range d.Findings {
		if f.Result == "pos" {
			sum.Result = "pos"
			sum.Quantity++
		}
	}
	return sum
}

// MentalHealthCheck is a look at mental health and suicide risk.
type MentalHealthCheck struct {
	On          Date     `json:"on" validate:"required"`                                                // the day
	SuicideRisk string   `json:"suicideRisk" validate:"required" extensions:"x-code-list=suicide_risk"` // as judged that day
	Signs       []string `json:"signs" extensions:"x-code-list=mental_health_sign"`                     // seen
	Actions     []string `json:"actions" extensions:"x-code-list=mental_health_action"`                 // taken; required at a high risk
}

// Kind is mental health check.
func (*MentalHealthCheck) Kind() EntryKind { return EntryMentalHealth }

// Check validates the input. A high risk without an action is refused: somebody who sees
// it does something, if only to tell a doctor.
func (m *MentalHealthCheck) Check(c *Checks, today Date) {
	checkOn(c, m.On, today)
	requireCode(c, "suicide_risk", m.SuicideRisk, "/suicideRisk")
	requireCodes(c, "mental_health_sign", m.Signs, "/signs")
	requireCodes(c, "mental_health_action", m.Actions, "/actions")
	c.Require(m.SuicideRisk != "high" || len(m.Actions) > 0, "/actions", "mental_health_check.action_required")
}

// Summary is what is counted: code "suicide_risk", result the risk.
func (m *MentalHealthCheck) Summary() EntrySummary {
	return EntrySummary{On: m.On, Code: "suicide_risk", Result: m.SuicideRisk}
}

// ReproductiveStatus says whether the client is pregnant, and nothing else: reproductive
// history stays private.
type ReproductiveStatus struct {
	On       Date   `json:"on" validate:"required"`                                         // the day
	Pregnant string `json:"pregnant" validate:"required" extensions:"x-code-list=pregnant"` // yes, no, unknown
}

// Kind is reproductive status.
func (*ReproductiveStatus) Kind() EntryKind { return EntryReproductive }

// Check validates the input.
func (r *ReproductiveStatus) Check(c *Checks, today Date) {
	checkOn(c, r.On, today)
	requireCode(c, "pregnant", r.Pregnant, "/pregnant")
}

// Summary is what is counted: code "pregnant", result the answer.
func (r *ReproductiveStatus) Summary() EntrySummary {
	return EntrySummary{On: r.On, Code: "pregnant", Result: r.Pregnant}
}

// CounsellingNote is a talk: its topic, and what the codes cannot say.
type CounsellingNote struct {
	On    Date   `json:"on" validate:"required"`                                               // the day
	Topic string `json:"topic" validate:"required" extensions:"x-code-list=counselling_topic"` // what it was about
	Note  string `json:"note" maxLength:"500"`                                                 // free text, screened
}

// Kind is counselling note.
func (*CounsellingNote) Kind() EntryKind { return EntryCounselling }

// Check validates the input.
func (n *CounsellingNote) Check(c *Checks, today Date) {
	checkOn(c, n.On, today)
	requireCode(c, "counselling_topic", n.Topic, "/topic")
	n.Note = strings.TrimSpace(n.Note)
	CheckText(c, "/note", n.Note)
}

// Summary is what is counted: code the topic.
func (n *CounsellingNote) Summary() EntrySummary { return EntrySummary{On: n.On, Code: n.Topic} }

// Contact is one contact and what was handed out at it.
type Contact struct {
	On           Date   `json:"on" validate:"required"`                                                       // the day
	Intervention string `json:"intervention" validate:"required" extensions:"x-code-list=intervention"`       // one that is recorded as a contact, not by a record of its own
	Setting      string `json:"setting" validate:"required" extensions:"x-code-list=setting"`                 // where
	Appointment  string `json:"appointment" validate:"required" extensions:"x-code-list=appointment_outcome"` // whether there was one, and how it ended
	Syringes     int    `json:"syringes" minimum:"0" maximum:"1000"`                                          // of NSP
	Condoms      int    `json:"condoms" minimum:"0" maximum:"1000"`                                           // handed out
}

// contactInterventions are recorded as contacts. The others have a record of their own
// with a category of their own: doses, tests, kits, overdoses. Attendance may be read by
// those who must not learn of an HIV test or of agonist treatment.
var contactInterventions = []string{"DETOX", "PSY", "RESREHAB", "AFTERCARE", "NSP", "COUNSEL", "OUTREACH"}

// maxHandedOut is far above what one contact hands out; beyond it lies a mistyped number.
const maxHandedOut = 1000

// Kind is contact.
func (*Contact) Kind() EntryKind { return EntryContact }

// Check validates the input.
func (k *Contact) Check(c *Checks, today Date) {
	checkOn(c, k.On, today)
	requireCode(c, "intervention", k.Intervention, "/intervention")
	c.Require(!InList("intervention", k.Intervention) || slices.Contains(contactInterventions, k.Intervention), "/intervention", "contact.recorded_elsewhere")
	requireCode(c, "setting", k.Setting, "/setting")
	requireCode(c, "appointment_outcome", k.Appointment, "/appointment")
	c.Require(k.Syringes >= 0 && k.Syringes <= maxHandedOut, "/syringes", "contact.quantity_out_of_range")
	c.Require(k.Syringes == 0 || k.Intervention == "NSP", "/syringes", "contact.syringes_of_nsp_only")
	c.Require(k.Condoms >= 0 && k.Condoms <= maxHandedOut, "/condoms", "contact.quantity_out_of_range")
	c.Require(k.Attended() || k.Syringes == 0 && k.Condoms == 0, "/appointment", "contact.nothing_to_the_absent")
}

// Attended reports whether the client was there.
func (k *Contact) Attended() bool { return k.Appointment != "missed" }

// Summary is what is counted: code the intervention, result how the appointment ended,
// quantity the syringes.
func (k *Contact) Summary() EntrySummary {
	return EntrySummary{On: k.On, Code: k.Intervention, Result: k.Appointment, Quantity: int64(k.Syringes)}
}

// NaloxoneTraining is training in naloxone, of the client or of somebody around the client.
type NaloxoneTraining struct {
	On      Date   `json:"on" validate:"required"`                                                // the day
	Trained string `json:"trained" validate:"required" extensions:"x-code-list=naloxone_trained"` // who
	People  int    `json:"people" validate:"required" minimum:"1" maximum:"100"`                  // how many
}

// Kind is naloxone training.
func (*NaloxoneTraining) Kind() EntryKind { return EntryTraining }

// Check validates the input.
func (n *NaloxoneTraining) Check(c *Checks, today Date) {
	checkOn(c, n.On, today)
	requireCode(c, "naloxone_trained", n.Trained, "/trained")
	c.Require(n.People >= 1 && n.People <= 100, "/people", "naloxone_training.people_out_of_range")
}

// Summary is what is counted: code "training", result who, quantity how many people.
func (n *NaloxoneTraining) Summary() EntrySummary {
	return EntrySummary{On: n.On, Code: "training", Result: n.Trained, Quantity: int64(n.People)}
}
