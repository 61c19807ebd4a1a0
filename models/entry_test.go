package models

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const entryToday = Date("2026-10-05")

// goodEntries is one good content of each kind.
func goodEntries() map[EntryKind]EntryContent {
	nine, seventeen := 9, 17
	plan := func(goal string) Plan {
		return Plan{On: entryToday, Goals: []PlanGoal{{goal, "open"}}, ReviewOn: entryToday.AddDays(30), AgreedWithClient: true}
	}
	return map[EntryKind]EntryContent{
		EntryScreening: &Screening{Scale: Scale{On: entryToday, Tool: "audit", Score: &nine}},
		EntryAssessment: &Assessment{AssessmentItems: AssessmentItems{
			On: entryToday, LivingWith: "2", Children: "0", LivingWhere: "1", Labour: "4", Education: "3", Frequency30d: "1",
			FrequencyReference: "before_entry", AgeFirstUse: &seventeen, SecondaryDrugs: []string{"42", "80"}, Polydrug: "1", OSTStatus: "1",
			AgeFirstInjection: &seventeen, HIVTest: "2.2", HCVTest: "99", Sharing: "3",
		}},
		EntryDiagnosis:    &Diagnosis{On: entryToday, ICD11: "6C43.2", Status: "confirmed"},
		EntrySocialPlan:   &SocialPlan{plan("housing")},
		EntryClinicalPlan: &ClinicalPlan{plan("start_oat")},
		EntryTest:         &InfectionTest{On: entryToday.AddDays(-9), Test: "HIV", Result: "pos", ReturnedOn: entryToday.AddDays(-2), LinkedOn: entryToday},
		EntryDrugTest:     &DrugTest{On: entryToday, Specimen: "urine", Findings: []DrugFinding{{"11", "pos"}, {"42", "neg"}}},
		EntryObservation:  &Observation{Scale: Scale{On: entryToday, Tool: "cows", Score: &nine}},
		EntryMentalHealth: &MentalHealthCheck{On: entryToday, SuicideRisk: "high", Signs: []string{"anxiety"}, Actions: []string{"doctor_told"}},
		EntryReproductive: &ReproductiveStatus{On: entryToday, Pregnant: "yes"},
		EntryCounselling:  &CounsellingNote{On: entryToday, Topic: "overdose", Note: "asked for peers"},
		EntryContact:      &Contact{On: entryToday, Intervention: "NSP", Setting: "community", Appointment: "attended", Syringes: 20, Condoms: 5},
		EntryTraining:     &NaloxoneTraining{On: entryToday, Trained: "peers", People: 4},
	}
}

// entryFacts are those of a woman who injects, of 30 or 31 at the start.
func entryFacts() EntryFacts {
	return EntryFacts{
		Sex:          "F",
		Episode:      &Episode{StartDate: "2026-03-01", AgeAtStart: 30, PrimaryDrug: "11", Route: "1", Injecting: "2.3", PreviousTreatment: "1", CentreType: "1"},
		Organisation: &Organisation{Services: []string{"oat"}},
		Score:        func(_ *Checks, _ *Scale, sex string) Scored { return Scored{"v", "band of " + sex} },
	}
}

func checkEntry(content EntryContent, f EntryFacts) error {
	var c Checks
	content.Check(&c, entryToday)
	if err := c.Err(); err != nil {
		return err
	}
	return Complete(content, f)
}

func TestEntry_EveryKindIsKeptAndReadBack(t *testing.T) {
	t.Parallel()
	good := goodEntries()
	if len(good) != len(EntryKinds()) {
		t.Fatalf("%d kinds have an example, want %d", len(good), len(EntryKinds()))
	}
	for kind, content := range good {
		if err := checkEntry(content, entryFacts()); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		var e Entry
		if err := e.Hold(content); err != nil || e.Kind != kind || e.Category != kind.Category() || !slices.Contains(ClientCategories, e.Category) {
			t.Fatalf("%s is held as %+v: %v", kind, e, err)
		}
		if e.OnDate == "" || e.Code == "" {
			t.Errorf("%s leaves nothing to count: %+v", kind, e)
		}
		back, err := e.Content()
		if err != nil || back.Kind() != kind {
			t.Fatalf("%s: %v", kind, err)
		}
		var again Entry
		if err := again.Hold(back); err != nil || again.Data != e.Data || again.Result != e.Result || again.Quantity != e.Quantity {
			t.Errorf("%s changed on the way: %s, %s", kind, e.Data, again.Data)
		}
	}
	if _, err := (&Entry{Kind: "other"}).Content(); err == nil {
		t.Error("an entry of an unknown kind is read")
	}
}

// The day an entry is about exists and has come, whatever its kind.
func TestEntry_RefusesImpossibleDays(t *testing.T) {
	t.Parallel()
	for kind := range goodEntries() {
		for day, code := range map[Date]string{"": "entry.not_a_date", "2026-02-30": "entry.not_a_date", entryToday.AddDays(1): "entry.in_future"} {
			content := goodEntries()[kind]
			setOn(content, day)
			wantField(t, checkEntry(content, entryFacts()), "/on", code)
		}
	}
}

func setOn(content EntryContent, on Date) {
	switch x := content.(type) {
	case *Screening:
		x.On = on
	case *Assessment:
		x.On = on
	case *Diagnosis:
		x.On = on
	case *SocialPlan:
		x.On = on
	case *ClinicalPlan:
		x.On = on
	case *InfectionTest:
		x.On, x.ReturnedOn, x.LinkedOn = on, "", ""
	case *DrugTest:
		x.On = on
	case *Observation:
		x.On = on
	case *MentalHealthCheck:
		x.On = on
	case *ReproductiveStatus:
		x.On = on
	case *CounsellingNote:
		x.On = on
	case *Contact:
		x.On = on
	case *NaloxoneTraining:
		x.On = on
	}
}

// wantField looks for a refused field, whatever else was refused.
func wantField(t *testing.T, err error, pointer, code string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !slices.ContainsFunc(e.Fields, func(f FieldError) bool { return f.Pointer == pointer && f.Code == code }) {
		t.Errorf("error is %+v, want %s at %s", err, code, pointer)
	}
}

func bad[T EntryContent](t *testing.T, kind EntryKind, pointer, code string, change func(T)) {
	t.Helper()
	content := goodEntries()[kind]
	change(content.(T))
	wantField(t, checkEntry(content, entryFacts()), pointer, code)
}

func TestEntry_RefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	bad(t, EntryScreening, "/tool", "screening.tool_unknown", func(s *Screening) { s.Tool = "cows" })
	bad(t, EntryScreening, "/score", "screening.score_required", func(s *Screening) { s.Score = nil })
	bad(t, EntryObservation, "/tool", "screening.tool_unknown", func(o *Observation) { o.Tool = "audit" })
	bad(t, EntryDiagnosis, "/icd11", "diagnosis.icd11_unknown", func(d *Diagnosis) { d.ICD11 = "6C43" })
	bad(t, EntryDiagnosis, "/icd11", "diagnosis.icd11_unknown", func(d *Diagnosis) { d.ICD11 = "6C43.5" })
	bad(t, EntryDiagnosis, "/icd11", "diagnosis.icd11_unknown", func(d *Diagnosis) { d.ICD11 = ".2" })
	bad(t, EntryDiagnosis, "/icd11", "diagnosis.icd11_unknown", func(d *Diagnosis) { d.ICD11 = "F11.2" })
	bad(t, EntryDiagnosis, "/status", "entry.code_not_in_list", func(d *Diagnosis) { d.Status = "" })
	bad(t, EntrySocialPlan, "/goals", "plan.goals_required", func(p *SocialPlan) { p.Goals = nil })
	bad(t, EntrySocialPlan, "/goals/0/goal", "entry.code_not_in_list", func(p *SocialPlan) { p.Goals[0].Goal = "start_oat" })
	bad(t, EntryClinicalPlan, "/goals/0/goal", "entry.code_not_in_list", func(p *ClinicalPlan) { p.Goals[0].Goal = "housing" })
	bad(t, EntryClinicalPlan, "/goals/0/state", "entry.code_not_in_list", func(p *ClinicalPlan) { p.Goals[0].State = "" })
	bad(t, EntryClinicalPlan, "/goals/1/goal", "entry.code_repeated", func(p *ClinicalPlan) { p.Goals = append(p.Goals, p.Goals[0]) })
	bad(t, EntryClinicalPlan, "/reviewOn", "plan.review_before_plan", func(p *ClinicalPlan) { p.ReviewOn = p.On })
	bad(t, EntryClinicalPlan, "/reviewOn", "entry.not_a_date", func(p *ClinicalPlan) { p.ReviewOn = "" })
	bad(t, EntryTest, "/test", "entry.code_not_in_list", func(i *InfectionTest) { i.Test = "SYPHILIS" })
	bad(t, EntryTest, "/result", "entry.code_not_in_list", func(i *InfectionTest) { i.Result = "" })
	bad(t, EntryTest, "/returnedOn", "infection_test.returned_before_test", func(i *InfectionTest) { i.ReturnedOn = i.On.AddDays(-1) })
	bad(t, EntryTest, "/returnedOn", "entry.in_future", func(i *InfectionTest) { i.ReturnedOn = entryToday.AddDays(1) })
	bad(t, EntryTest, "/returnedOn", "infection_test.not_returned", func(i *InfectionTest) { i.Result = "not_returned" })
	bad(t, EntryTest, "/linkedOn", "infection_test.linked_before_test", func(i *InfectionTest) { i.LinkedOn = i.On.AddDays(-1) })
	bad(t, EntryTest, "/linkedOn", "infection_test.linked_without_result", func(i *InfectionTest) { i.Result = "neg" })
	bad(t, EntryDrugTest, "/specimen", "entry.code_not_in_list", func(d *DrugTest) { d.Specimen = "" })
	bad(t, EntryDrugTest, "/findings", "drug_test.findings_required", func(d *DrugTest) { d.Findings = nil })
	bad(t, EntryDrugTest, "/findings/1/substance", "entry.code_repeated", func(d *DrugTest) { d.Findings[1].Substance = "11" })
	bad(t, EntryDrugTest, "/findings/0/result", "entry.code_not_in_list", func(d *DrugTest) { d.Findings[0].Result = "yes" })
	bad(t, EntryMentalHealth, "/actions", "mental_health_check.action_required", func(m *MentalHealthCheck) { m.Actions = nil })
	bad(t, EntryMentalHealth, "/signs/1", "entry.code_repeated", func(m *MentalHealthCheck) { m.Signs = []string{"anxiety", "anxiety"} })
	bad(t, EntryMentalHealth, "/suicideRisk", "entry.code_not_in_list", func(m *MentalHealthCheck) { m.SuicideRisk = "" })
	bad(t, EntryReproductive, "/pregnant", "entry.code_not_in_list", func(r *ReproductiveStatus) { r.Pregnant = "maybe" })
	bad(t, EntryCounselling, "/topic", "entry.code_not_in_list", func(n *CounsellingNote) { n.Topic = "" })
	bad(t, EntryCounselling, "/note", "text.identifies_person", func(n *CounsellingNote) { n.Note = "call +7 701 234 56 78" })
	bad(t, EntryContact, "/intervention", "entry.code_not_in_list", func(k *Contact) { k.Intervention = "zqx" })
	for _, elsewhere := range []string{"OAT-MTD", "OAT-XR", "HTS", "HCV-RNA", "HBV", "TB", "NALOXONE", "OD-RESP"} {
		bad(t, EntryContact, "/intervention", "contact.recorded_elsewhere", func(k *Contact) { k.Intervention = elsewhere })
	}
	bad(t, EntryContact, "/syringes", "contact.quantity_out_of_range", func(k *Contact) { k.Syringes = -1 })
	bad(t, EntryContact, "/syringes", "contact.quantity_out_of_range", func(k *Contact) { k.Syringes = 1001 })
	bad(t, EntryContact, "/syringes", "contact.syringes_of_nsp_only", func(k *Contact) { k.Intervention = "PSY" })
	bad(t, EntryContact, "/condoms", "contact.quantity_out_of_range", func(k *Contact) { k.Condoms = 1001 })
	bad(t, EntryContact, "/appointment", "contact.nothing_to_the_absent", func(k *Contact) { k.Appointment = "missed" })
	bad(t, EntryTraining, "/people", "naloxone_training.people_out_of_range", func(n *NaloxoneTraining) { n.People = 0 })
	bad(t, EntryTraining, "/trained", "entry.code_not_in_list", func(n *NaloxoneTraining) { n.Trained = "" })
}

// Each interventions code is either a contact or recorded elsewhere with its own category.
func TestContact_KnowsEveryIntervention(t *testing.T) {
	t.Parallel()
	list, _ := CodeListByID("intervention")
	for _, code := range contactInterventions {
		if !InList("intervention", code) {
			t.Errorf("%s is no intervention", code)
		}
	}
	if len(list.Codes) != 18 {
		t.Errorf("%d interventions: decide for the new one whether attendance may tell of it", len(list.Codes))
	}
}

func TestAssessment_HoldsTheDictionary(t *testing.T) {
	t.Parallel()
	n := func(years int) *int { return &years }
	assess := func(pointer, code string, change func(*Assessment)) {
		t.Helper()
		bad(t, EntryAssessment, pointer, code, change)
	}
	for pointer, change := range map[string]func(*Assessment){
		"/livingWith": func(a *Assessment) { a.LivingWith = "" }, "/children": func(a *Assessment) { a.Children = "2" },
		"/livingWhere": func(a *Assessment) { a.LivingWhere = "5" }, "/labour": func(a *Assessment) { a.Labour = "" },
		"/education": func(a *Assessment) { a.Education = "5" }, "/polydrug": func(a *Assessment) { a.Polydrug = "" },
		"/ostStatus": func(a *Assessment) { a.OSTStatus = "" }, "/hivTest": func(a *Assessment) { a.HIVTest = "2" },
		"/hcvTest": func(a *Assessment) { a.HCVTest = "" }, "/sharing": func(a *Assessment) { a.Sharing = "2" },
		"/frequency": func(a *Assessment) { a.Frequency30d = "" }, "/frequencyReference": func(a *Assessment) { a.FrequencyReference = "" },
	} {
		assess(pointer, "entry.code_not_in_list", change)
	}
	assess("/secondaryDrugs", "assessment.too_many_drugs", func(a *Assessment) { a.SecondaryDrugs = []string{"31", "32", "42", "80"} })
	assess("/secondaryDrugs/1", "entry.code_repeated", func(a *Assessment) { a.SecondaryDrugs = []string{"31", "31"} })
	assess("/secondaryDrugs", "assessment.secondary_unknown", func(a *Assessment) { a.SecondaryDrugs = []string{"99"} })
	assess("/secondaryDrugs", "assessment.secondary_repeats_primary", func(a *Assessment) { a.SecondaryDrugs = []string{"11"} })
	assess("/ageFirstOst", "assessment.age_required", func(a *Assessment) { a.OSTStatus = "2" })
	assess("/ageFirstOst", "assessment.age_required", func(a *Assessment) { a.OSTStatus = "3" })
	assess("/ageFirstOst", "assessment.age_contradicts", func(a *Assessment) { a.AgeFirstOST = n(20) })
	assess("/ageFirstInjection", "assessment.age_required", func(a *Assessment) { a.AgeFirstInjection = nil })
	assess("/ageFirstUse", "assessment.age_impossible", func(a *Assessment) { a.AgeFirstUse = n(-1) })
	assess("/ageFirstUse", "assessment.age_impossible", func(a *Assessment) { a.AgeFirstUse = n(32) })
	assess("/ageFirstInjection", "assessment.age_impossible", func(a *Assessment) { a.AgeFirstInjection = n(32) })
	assess("/ageFirstOst", "assessment.age_impossible", func(a *Assessment) { a.OSTStatus, a.AgeFirstOST = "2", n(32) })
	assess("/on", "assessment.before_episode", func(a *Assessment) { a.On = "2026-01-29" })

	// The birth year leaves two ages open before July: the older one counts.
	fine := func(change func(*Assessment, *EntryFacts)) {
		t.Helper()
		a, f := goodEntries()[EntryAssessment].(*Assessment), entryFacts()
		change(a, &f)
		if err := checkEntry(a, f); err != nil {
			t.Error(err)
		}
	}
	fine(func(a *Assessment, _ *EntryFacts) { a.AgeFirstUse = n(31) })
	fine(func(a *Assessment, f *EntryFacts) { a.AgeFirstUse, f.Episode.AgeAtStart = n(60), -1 })
	fine(func(a *Assessment, f *EntryFacts) {
		a.Frequency30d, a.FrequencyReference, f.Episode.PrimaryDrug = "", "", "99"
	})
	fine(func(a *Assessment, f *EntryFacts) { a.AgeFirstInjection, f.Episode.Injecting = nil, "1" })
	fine(func(a *Assessment, f *EntryFacts) { a.AgeFirstInjection, f.Episode.Injecting = nil, "99" })
	a, f := goodEntries()[EntryAssessment].(*Assessment), entryFacts()
	f.Episode.Injecting = "1"
	wantField(t, checkEntry(a, f), "/ageFirstInjection", "assessment.age_contradicts")
	a.AgeFirstUse, f.Episode.Injecting, f.Episode.StartDate = n(31), "2.3", "2026-07-01"
	wantField(t, checkEntry(a, f), "/ageFirstUse", "assessment.age_impossible")
}

func TestAssessment_WarnsOfWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Assessment, *EntryFacts){
		"":                      func(*Assessment, *EntryFacts) {},
		WarnOSTWithoutTreatment: func(a *Assessment, _ *EntryFacts) { a.OSTStatus, a.AgeFirstOST = "3", a.AgeFirstUse },
		WarnPrisonUnit:          func(_ *Assessment, f *EntryFacts) { f.Episode.CentreType = "3" },
		WarnDetentionLiving:     func(a *Assessment, _ *EntryFacts) { a.LivingWhere = "3" },
		WarnRouteInjecting:      func(_ *Assessment, f *EntryFacts) { f.Episode.Injecting = "99" },
	} {
		a, f := goodEntries()[EntryAssessment].(*Assessment), entryFacts()
		change(a, &f)
		if err := checkEntry(a, f); err != nil || strings.Join(a.Warnings, " ") != want {
			t.Errorf("warnings %v, %v; want %q", a.Warnings, err, want)
		}
	}
	a, f := goodEntries()[EntryAssessment].(*Assessment), entryFacts()
	a.OSTStatus, a.AgeFirstOST, f.Organisation.Services = "3", a.AgeFirstUse, nil
	if err := checkEntry(a, f); err != nil || len(a.Warnings) > 0 {
		t.Errorf("a unit without agonist treatment warns %v, %v", a.Warnings, err)
	}
}

// Every ICD-11 code that can be stored has an ICD-10 code.
func TestDiagnosis_ICD10IsTotalOverICD11(t *testing.T) {
	t.Parallel()
	list, _ := CodeListByID(substanceList)
	n := 0
	for _, substance := range list.Codes {
		if substance.Code == "99" {
			continue
		}
		for pattern, fourth := range map[string]string{"0": ".1", "1": ".1", "2": ".2", "3": ".0", "4": ".3"} {
			got, ok := ICD10FromICD11(substance.ICD11 + "." + pattern)
			if !ok || got != substance.ICD10+fourth {
				t.Errorf("%s.%s is %q, want %s%s", substance.ICD11, pattern, got, substance.ICD10, fourth)
			}
			n++
		}
	}
	if n < 150 {
		t.Errorf("only %d codes looked at", n)
	}
}

func TestEntry_CorrectionsSayWhy(t *testing.T) {
	t.Parallel()
	diagnosis, plan := goodEntries()[EntryDiagnosis], goodEntries()[EntrySocialPlan]
	for _, c := range []struct {
		reason  string
		content EntryContent
		code    string
	}{
		{"entry_error", diagnosis, ""}, {"review", plan, ""}, {EnteredInError, nil, ""},
		{"", diagnosis, "entry.correction_reason_unknown"}, {"zqx", diagnosis, "entry.correction_reason_unknown"},
		{"entry_error", nil, "entry.content_unless_in_error"}, {EnteredInError, diagnosis, "entry.content_unless_in_error"},
		{"review", diagnosis, "entry.review_of_plans_only"},
	} {
		err := CheckCorrection(c.reason, c.content)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.reason, err)
			}
			continue
		}
		wantField(t, err, "/reason", c.code)
	}
}

func TestStartOf_IsLocalMidnight(t *testing.T) {
	t.Parallel()
	if got := StartOfDay("2026-10-05", "Asia/Almaty"); !got.Equal(time.Date(2026, 10, 4, 19, 0, 0, 0, time.UTC)) {
		t.Errorf("the day begins at %v", got)
	}
	if got := StartOfDay("zqx", "Asia/Almaty"); !got.IsZero() {
		t.Errorf("no date begins at %v", got)
	}
}
