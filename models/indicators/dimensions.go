package indicators

import (
	"slices"
	"strconv"
	"strings"

	"jol/models"
)

// Dimensions a table can be broken down by. DimMeasure tells the numerator of a rate
// from its denominator; it says nothing about a client.
const (
	DimMeasure = "measure"
	DimRegion  = "region"
	DimSex     = "sex"
	DimAge     = "age"      // broad bands
	DimAgeFine = "age_fine" // nested in the broad ones
	DimAgeWHO  = "age_who"  // under 25, 25 and over
	DimAgeTDI  = "age_tdi"  // bands of TDI, with not known
	DimDrug    = "drug"     // three groups
	DimDrug6   = "drug6"
	// DimDrugGroup and DimDrugRow are the rows of the TDI tables: 1 to 9 and 99, and
	// their parts 1.1 to 9 and 99.
	DimDrugGroup = "drug_group"
	DimDrugRow   = "drug_row"
	DimCentre    = "centre" // four groups

	// TDI items, by the codes of their list; 99 is not known.
	DimCentreType        = "centre_type"
	DimPreviousTreatment = "previous_treatment"
	DimReferralSource    = "referral_source"
	DimLivingWith        = "living_with"
	DimChildren          = "children"
	DimLivingWhere       = "living_where"
	DimLabour            = "labour"
	DimEducation         = "education"
	DimRoute             = "route"
	DimFrequency         = "frequency"
	DimInjecting         = "injecting"
	DimSharing           = "sharing"
	DimHIVTest           = "hiv_test"
	DimHCVTest           = "hcv_test"
	DimOST               = "ost"
	DimPolydrug          = "polydrug"
	// Ages at first use, and years from a first age to the start: counts in bands only.
	DimAgeFirstUse         = "age_first_use"
	DimYearsSinceUse       = "years_since_first_use"
	DimYearsSinceInjection = "years_since_injection"
	DimYearsSinceOST       = "years_since_ost"
	DimSecondaryGroup      = "secondary_drug_group" // drug groups and 8 alcohol

	DimItem           = "item"            // of TDI06
	DimProblem        = "problem"         // opioid, non_opioid, alcohol
	DimSubstanceClass = "substance_class" // drugs, alcohol
	DimOpioid         = "opioid"          // yes, no
	DimOATAtExit      = "oat_at_exit"     // yes, no
	DimReferralMade   = "referral_made"   // yes, no
	DimOnRelease      = "on_release"      // yes, no
	DimPWID           = "pwid"            // yes, no: injects drugs, or was given needles
	DimMedicine       = "medicine"
	DimSector         = "sector" // community, prison
	DimSetting        = "setting"
	DimSectorPair     = "sector_pair" // clinic_to_prison
	DimReason         = "reason"      // of a referral
	DimSDGGroup       = "sdg_group"   // one group, several, or not_recorded
	DimScope          = "scope"       // over which records a person was recognised
	DimStatus         = "status"      // of reports
	DimNPSClass       = "nps_class"
	DimSourceType     = "source_type"
)

// Fact is one thing counted, with what a table can break it down by.
type Fact struct {
	Measure string // MeasureDenominator or MeasureNumerator; empty for a plain count
	// Units is what it adds: 1 for a count of persons or events, more for a sum.
	Units  int64
	Region string // ISO 3166-2
	Sex    string // F or M
	Age    int    // completed years; -1 unknown
	Drug   string // substance code of two digits; empty where the row has none
	Centre string // TDI centre type
	Scope  string // models.Scope
	// Entry supplies the TDI items; nil where the indicator has none.
	Entry *EpisodeRow
	// Of holds the dimensions that only some indicators have.
	Of map[string]string
}

// code returns the fact's code in the dimension, empty for one that the fact has not.
func (f *Fact) code(dimension string) string {
	switch dimension {
	case DimMeasure:
		return f.Measure
	case DimRegion:
		return f.Region
	case DimSex:
		return f.Sex
	case DimAge:
		return ageBand(f.Age)
	case DimAgeFine:
		return ageFine(f.Age)
	case DimAgeWHO:
		return ageWHO(f.Age)
	case DimAgeTDI:
		return ageTDI(f.Age)
	case DimDrug:
		return drugGroup(f.Drug)
	case DimDrug6:
		return drug6(f.Drug)
	case DimDrugGroup:
		return tdiGroup(f.Drug)
	case DimDrugRow:
		return tdiRow(f.Drug)
	case DimCentre:
		return centreGroup(f.Centre)
	case DimScope:
		return f.Scope
	}
	if code, ok := f.Of[dimension]; ok {
		return code
	}
	if f.Entry != nil {
		return itemCode(f.Entry, dimension)
	}
	return ""
}

// itemCode returns a TDI item of an episode.
func itemCode(e *EpisodeRow, dimension string) string {
	switch dimension {
	case DimAgeFirstUse:
		return ageTDI(orUnknown(e.Items.AgeFirstUse))
	case DimYearsSinceUse:
		return yearsSince(e.AgeAtStart, e.Items.AgeFirstUse)
	case DimYearsSinceInjection:
		switch e.Injecting {
		case "1":
			return notApplicable
		case "2.1", "2.2", "2.3":
			return yearsSince(e.AgeAtStart, e.Items.AgeFirstInjection)
		}
		return notKnown
	case DimYearsSinceOST:
		switch e.Items.OST {
		case "1":
			return notApplicable
		case "2", "3":
			return yearsSince(e.AgeAtStart, e.Items.AgeFirstOST)
		}
		return notKnown
	}
	if code := rawItem(e, dimension); code != "" {
		return code
	}
	if _, ok := itemLists[dimension]; ok {
		return notKnown
	}
	return ""
}

// rawItem returns an item as recorded.
func rawItem(e *EpisodeRow, dimension string) string {
	switch dimension {
	case DimCentreType:
		return e.CentreType
	case DimPreviousTreatment:
		return e.PreviousTreatment
	case DimReferralSource:
		return e.ReferralSource
	case DimLivingWith:
		return e.Items.LivingWith
	case DimChildren:
		return e.Items.Children
	case DimLivingWhere:
		return e.Items.LivingWhere
	case DimLabour:
		return e.Items.Labour
	case DimEducation:
		return e.Items.Education
	case DimRoute:
		return e.Route
	case DimFrequency:
		return e.Items.Frequency
	case DimInjecting:
		return e.Injecting
	case DimSharing:
		return e.Items.Sharing
	case DimHIVTest:
		return e.Items.HIVTest
	case DimHCVTest:
		return e.Items.HCVTest
	case DimOST:
		return e.Items.OST
	case DimPolydrug:
		return e.Items.Polydrug
	}
	return ""
}

const (
	notKnown      = "99"
	notApplicable = "not_applicable"
	yes           = "yes"
	no            = "no"
)

// itemLists are the code lists of the dimensions that have one.
var itemLists = map[string]string{
	DimCentreType: "tdi_centre_type", DimPreviousTreatment: "tdi_previous_treatment", DimReferralSource: "tdi_referral_source",
	DimLivingWith: "tdi_living_with", DimChildren: "tdi_children", DimLivingWhere: "tdi_living_where", DimLabour: "tdi_labour",
	DimEducation: "tdi_education", DimRoute: "tdi_route", DimFrequency: "tdi_frequency_30d", DimInjecting: "tdi_injecting",
	DimSharing: "tdi_sharing", DimHIVTest: "tdi_test_hiv_hcv", DimHCVTest: "tdi_test_hiv_hcv", DimOST: "tdi_ost", DimPolydrug: "tdi_polydrug",
	DimAgeFirstUse: "tdi_age_band", DimAgeTDI: "tdi_age_band", DimNPSClass: "nps_class", DimSourceType: "ews_source_type",
}

// fixedCodes are the codes of every dimension without a code list, in the order of
// publication.
var fixedCodes = map[string][]string{
	DimMeasure:             {MeasureDenominator, MeasureNumerator},
	DimSex:                 {"F", "M"},
	DimAge:                 {"0-24", "25-44", "45+"},
	DimAgeFine:             {"0-19", "20-24", "25-29", "30-34", "35-44", "45-54", "55+"},
	DimAgeWHO:              {"0-24", "25+"},
	DimDrug:                {"opioids", "stimulants", "other_or_unknown"},
	DimDrug6:               {"opioids", "stimulants", "sedatives", "cannabis", "hallucinogens_volatile_synthetic", "other_or_unknown"},
	DimDrugGroup:           {"1", "2", "3", "4", "5", "6", "7", "9", notKnown},
	DimCentre:              {"outpatient", "inpatient", "prison", "other"},
	DimYearsSinceUse:       {"0-1", "2-4", "5-9", "10+", notKnown},
	DimYearsSinceInjection: {"0-1", "2-4", "5-9", "10+", notKnown, notApplicable},
	DimYearsSinceOST:       {"0-1", "2-4", "5-9", "10+", notKnown, notApplicable},
	DimSecondaryGroup:      {"1", "2", "3", "4", "5", "6", "7", "8", "9", notKnown},
	DimItem: {
		"centre_type", "previous_treatment", "referral_source", "sex", "age", "living_with", "children", "living_where", "labour",
		"education", "primary_drug", "route", "frequency", "age_first_use", "polydrug", "ost", "age_first_ost", "injecting",
		"age_first_injection", "hiv_test", "hcv_test", "sharing",
	},
	DimProblem:        {"opioid", "non_opioid", "alcohol"},
	DimSubstanceClass: {classDrugs, classAlcohol},
	DimOpioid:         {yes, no},
	DimOATAtExit:      {yes, no},
	DimReferralMade:   {yes, no},
	DimOnRelease:      {yes, no},
	DimPWID:           {yes, no},
	DimMedicine:       {"methadone", "buprenorphine", "buprenorphine_depot", "none"},
	DimSector:         {"community", "prison"},
	DimSetting:        {"facility", "community", "not_recorded"},
	DimSectorPair: {
		"clinic_to_clinic", "clinic_to_prison", "clinic_to_ngo", "prison_to_clinic", "prison_to_prison", "prison_to_ngo",
		"ngo_to_clinic", "ngo_to_prison", "ngo_to_ngo", "not_recorded",
	},
	DimReason:   {"release", "step_up", "step_down", "oat_transfer", "infection_link", "other", "not_recorded"},
	DimSDGGroup: {"pharmacological", "psychosocial", "rehabilitation_aftercare", "several", "not_recorded"},
	DimScope:    {string(models.ScopeNational), string(models.ScopeSector), string(models.ScopeFacility)},
	DimStatus:   models.EWSStates,
}

// codesOf returns the codes of a dimension in the order of publication. Regions are the
// country's; every other list is fixed (disclosure control §2.4).
func codesOf(dimension string, country Country) []string {
	if dimension == DimRegion {
		return country.Regions
	}
	if codes, ok := fixedCodes[dimension]; ok {
		return slices.Clone(codes)
	}
	var codes []string
	if list, ok := itemLists[dimension]; ok {
		l, _ := models.CodeListByID(list)
		for _, c := range l.Codes {
			codes = append(codes, c.Code)
		}
	}
	if dimension == DimDrugRow {
		for _, s := range substances() {
			if s.TDIRow != "" && !slices.Contains(codes, s.TDIRow) {
				codes = append(codes, s.TDIRow)
			}
		}
	}
	return codes
}

func substances() []models.Code {
	l, _ := models.CodeListByID("substance")
	return l.Codes
}

// tdiRows is the TDI row of every substance; alcohol has none.
var tdiRows = func() map[string]string {
	rows := map[string]string{}
	for _, s := range substances() {
		rows[s.Code] = s.TDIRow
	}
	return rows
}()

// ageBand returns the broad band of completed years. An unknown age goes to the middle
// band, and the table says so (disclosure control §2.4).
func ageBand(years int) string {
	switch {
	case years < 0:
		return "25-44"
	case years < 25:
		return "0-24"
	case years < 45:
		return "25-44"
	}
	return "45+"
}

// ageFine returns the fine band; the middle one for an unknown age, as ageBand has it.
func ageFine(years int) string {
	switch {
	case years < 0:
		return "30-34"
	case years < 20:
		return "0-19"
	case years < 25:
		return "20-24"
	case years < 30:
		return "25-29"
	case years < 35:
		return "30-34"
	case years < 45:
		return "35-44"
	case years < 55:
		return "45-54"
	}
	return "55+"
}

// ageWHO returns the band of the WHO guidelines; an unknown age is 25 or over.
func ageWHO(years int) string {
	if years >= 0 && years < 25 {
		return "0-24"
	}
	return "25+"
}

// ageTDI returns the band of TDI.
func ageTDI(years int) string {
	switch {
	case years < 0:
		return notKnown
	case years < 15:
		return "U15"
	case years >= 65:
		return "65+"
	}
	from := years / 5 * 5
	return strconv.Itoa(from) + "-" + strconv.Itoa(from+4)
}

// orUnknown turns the 0 of an age not recorded into the -1 of one not known.
func orUnknown(age int) int {
	if age == 0 {
		return -1
	}
	return age
}

// yearsSince returns the band of the years between a first age and the start.
func yearsSince(start, first int) string {
	years := start - first
	switch {
	case start < 0 || first == 0 || years < 0:
		return notKnown
	case years <= 1:
		return "0-1"
	case years <= 4:
		return "2-4"
	case years <= 9:
		return "5-9"
	}
	return "10+"
}

// drugGroup returns the group of a two-digit substance code: 1x opioids, 2x and 3x
// stimulants with cocaine, everything else, unknown included, the third.
func drugGroup(code string) string {
	if len(code) == 2 {
		switch code[0] {
		case '1':
			return "opioids"
		case '2', '3':
			return "stimulants"
		}
	}
	return "other_or_unknown"
}

// drug6 returns the group of six, each inside one of drugGroup's. Synthetic
// cannabinoids go with hallucinogens and inhalants.
func drug6(code string) string {
	if len(code) != 2 {
		return "other_or_unknown"
	}
	switch {
	case code == "72", code[0] == '5', code[0] == '6':
		return "hallucinogens_volatile_synthetic"
	case code[0] == '4':
		return "sedatives"
	case code[0] == '7':
		return "cannabis"
	}
	return drugGroup(code)
}

// tdiRow returns the row of the TDI tables; alcohol and what is not in the list are not
// known there.
func tdiRow(code string) string {
	if row := tdiRows[code]; row != "" {
		return row
	}
	return notKnown
}

// tdiGroup returns the group of rows: 1 for 1.1.
func tdiGroup(code string) string {
	group, _, _ := strings.Cut(tdiRow(code), ".")
	return group
}

// centreGroup returns the group of a TDI centre type.
func centreGroup(code string) string {
	switch code {
	case "1", "4":
		return "outpatient"
	case "2":
		return "inpatient"
	case "3":
		return "prison"
	}
	return "other"
}

// opioid reports whether a substance code is an opioid.
func opioid(code string) bool { return drugGroup(code) == "opioids" }

// yesNo writes a dimension of two codes.
func yesNo(b bool) string {
	if b {
		return yes
	}
	return no
}

// oneOf returns the code if the dimension has it, and not_recorded otherwise.
func oneOf(dimension, code string) string {
	if slices.Contains(fixedCodes[dimension], code) {
		return code
	}
	return "not_recorded"
}

// phrases complete a table's title: "People entering treatment, by sex".
var phrases = map[string]map[string]string{
	"":                     {"en": "country total", "ru": "всего по стране", "kk": "ел бойынша барлығы"},
	DimRegion:              {"en": "by region", "ru": "по регионам", "kk": "өңірлер бойынша"},
	DimSex:                 {"en": "by sex", "ru": "по полу", "kk": "жынысы бойынша"},
	DimAge:                 {"en": "by age (3 bands)", "ru": "по возрасту (3 группы)", "kk": "жасы бойынша (3 топ)"},
	DimAgeFine:             {"en": "by age (7 bands)", "ru": "по возрасту (7 групп)", "kk": "жасы бойынша (7 топ)"},
	DimAgeWHO:              {"en": "by age (2 bands)", "ru": "по возрасту (2 группы)", "kk": "жасы бойынша (2 топ)"},
	DimAgeTDI:              {"en": "by age (TDI bands)", "ru": "по возрасту (группы TDI)", "kk": "жасы бойынша (TDI топтары)"},
	DimDrug:                {"en": "by primary drug (3 groups)", "ru": "по основному наркотику (3 группы)", "kk": "негізгі есірткі бойынша (3 топ)"},
	DimDrug6:               {"en": "by primary drug (6 groups)", "ru": "по основному наркотику (6 групп)", "kk": "негізгі есірткі бойынша (6 топ)"},
	DimDrugGroup:           {"en": "by group of primary drug", "ru": "по группе основного наркотика", "kk": "негізгі есірткі тобы бойынша"},
	DimDrugRow:             {"en": "by primary drug", "ru": "по основному наркотику", "kk": "негізгі есірткі бойынша"},
	DimCentre:              {"en": "by type of centre (4 groups)", "ru": "по типу учреждения (4 группы)", "kk": "мекеме түрі бойынша (4 топ)"},
	DimCentreType:          {"en": "by type of centre", "ru": "по типу учреждения", "kk": "мекеме түрі бойынша"},
	DimPreviousTreatment:   {"en": "by previous treatment", "ru": "по наличию прежнего лечения", "kk": "бұрын емделуі бойынша"},
	DimReferralSource:      {"en": "by source of referral", "ru": "по источнику направления", "kk": "жолдама көзі бойынша"},
	DimLivingWith:          {"en": "by living with whom", "ru": "по совместному проживанию", "kk": "кіммен тұратыны бойынша"},
	DimChildren:            {"en": "by living with children", "ru": "по проживанию с детьми", "kk": "балалармен тұруы бойынша"},
	DimLivingWhere:         {"en": "by living where", "ru": "по месту проживания", "kk": "тұратын жері бойынша"},
	DimLabour:              {"en": "by labour status", "ru": "по занятости", "kk": "жұмыспен қамтылуы бойынша"},
	DimEducation:           {"en": "by education", "ru": "по образованию", "kk": "білімі бойынша"},
	DimRoute:               {"en": "by route of the primary drug", "ru": "по способу употребления", "kk": "қолдану тәсілі бойынша"},
	DimFrequency:           {"en": "by frequency of use", "ru": "по частоте употребления", "kk": "қолдану жиілігі бойынша"},
	DimInjecting:           {"en": "by injecting", "ru": "по инъекционному употреблению", "kk": "инъекциялық қолдануы бойынша"},
	DimSharing:             {"en": "by sharing of needles", "ru": "по совместному использованию игл", "kk": "инені бірге қолдануы бойынша"},
	DimHIVTest:             {"en": "by HIV testing", "ru": "по тестированию на ВИЧ", "kk": "АИТВ-ға тестіленуі бойынша"},
	DimHCVTest:             {"en": "by hepatitis C testing", "ru": "по тестированию на гепатит C", "kk": "C гепатитіне тестіленуі бойынша"},
	DimOST:                 {"en": "by agonist treatment", "ru": "по заместительной терапии", "kk": "алмастыру терапиясы бойынша"},
	DimPolydrug:            {"en": "by polydrug use", "ru": "по полинаркомании", "kk": "бірнеше есірткі қолдануы бойынша"},
	DimAgeFirstUse:         {"en": "by age at first use", "ru": "по возрасту первого употребления", "kk": "алғаш қолданған жасы бойынша"},
	DimYearsSinceUse:       {"en": "by years since first use", "ru": "по числу лет с первого употребления", "kk": "алғаш қолданғаннан бергі жылдар бойынша"},
	DimYearsSinceInjection: {"en": "by years since first injection", "ru": "по числу лет с первой инъекции", "kk": "алғашқы инъекциядан бергі жылдар бойынша"},
	DimYearsSinceOST:       {"en": "by years since first agonist treatment", "ru": "по числу лет с первой заместительной терапии", "kk": "алғашқы алмастыру терапиясынан бергі жылдар бойынша"},
	DimSecondaryGroup:      {"en": "by secondary drug", "ru": "по дополнительному наркотику", "kk": "қосымша есірткі бойынша"},
	DimItem:                {"en": "by item", "ru": "по показателям анкеты", "kk": "сауалнама тармақтары бойынша"},
	DimProblem:             {"en": "by opioids, other drugs, alcohol", "ru": "по опиоидам, другим наркотикам и алкоголю", "kk": "опиоид, басқа есірткі және алкоголь бойынша"},
	DimSubstanceClass:      {"en": "by drugs and alcohol", "ru": "по наркотикам и алкоголю", "kk": "есірткі және алкоголь бойынша"},
	DimOpioid:              {"en": "by opioids or not", "ru": "по опиоидам и прочим", "kk": "опиоид және басқалар бойынша"},
	DimOATAtExit:           {"en": "by agonist treatment at exit", "ru": "по заместительной терапии при выходе", "kk": "шыққандағы алмастыру терапиясы бойынша"},
	DimReferralMade:        {"en": "by referral before release", "ru": "по направлению до освобождения", "kk": "босағанға дейінгі жолдама бойынша"},
	DimOnRelease:           {"en": "by given on release", "ru": "по выдаче при освобождении", "kk": "босағанда берілуі бойынша"},
	DimPWID:                {"en": "by injecting drug use", "ru": "по инъекционному употреблению", "kk": "инъекциялық қолдануы бойынша"},
	DimMedicine:            {"en": "by medicine", "ru": "по препарату", "kk": "дәрі бойынша"},
	DimSector:              {"en": "by community and prison", "ru": "на свободе и в учреждениях УИС", "kk": "бостандықта және қамау мекемелерінде"},
	DimSetting:             {"en": "by setting", "ru": "по месту оказания помощи", "kk": "көмек көрсетілген орны бойынша"},
	DimSectorPair:          {"en": "by sectors", "ru": "по секторам", "kk": "секторлар бойынша"},
	DimReason:              {"en": "by reason", "ru": "по причине", "kk": "себебі бойынша"},
	DimSDGGroup:            {"en": "by kind of treatment", "ru": "по виду лечения", "kk": "ем түрі бойынша"},
	DimScope:               {"en": "by scope of recognition", "ru": "по охвату распознавания", "kk": "тану ауқымы бойынша"},
	DimStatus:              {"en": "by status", "ru": "по статусу", "kk": "мәртебесі бойынша"},
	DimNPSClass:            {"en": "by class of substance", "ru": "по классу вещества", "kk": "зат класы бойынша"},
	DimSourceType:          {"en": "by source", "ru": "по источнику", "kk": "дереккөзі бойынша"},
}

// tableTitle joins the indicator's title with one phrase per dimension.
func tableTitle(indicator Indicator, dimensions []string) map[string]string {
	var parts []string
	for _, d := range dimensions {
		if d != DimMeasure {
			parts = append(parts, d)
		}
	}
	if len(parts) == 0 {
		parts = []string{""}
	}
	title := make(map[string]string, len(indicator.Title))
	for lang, text := range indicator.Title {
		for _, d := range parts {
			text += ", " + phrases[d][lang]
		}
		title[lang] = text
	}
	return title
}
