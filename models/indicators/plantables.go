package indicators

import (
	"slices"
	"strings"
)

// The parts of the plan (disclosure control §2.4a).
const (
	partEntrants   = "entrants"
	partIndicators = "indicators"
	partTDI        = "tdi"
)

// planTables is the plan: the closed list of every table there can be. Which of them a
// release holds follows from the depths of its part.
var planTables = slices.Concat(entrantTables(), indicatorTables(), tdiTables())

// entrantTables derives the core of the plan from the rule of disclosure control §2.4:
// up to three attributes of a person entering treatment for the country and up to two
// for a region, but not the fine age by the fine drug list in a region. Of age and drug
// one table has one variant.
func entrantTables() []TableLine {
	variants := [][]string{{DimSex}, {DimAge, DimAgeFine}, {DimDrug, DimDrug6}, {DimCentre}}
	var combinations func(from, most int) [][]string
	combinations = func(from, most int) [][]string {
		all := [][]string{nil}
		for i := from; i < len(variants) && most > 0; i++ {
			for _, first := range variants[i] {
				for _, rest := range combinations(i+1, most-1) {
					all = append(all, append([]string{first}, rest...))
				}
			}
		}
		return all
	}
	var country, region []TableLine
	for _, dimensions := range combinations(0, 3) {
		name := "total"
		if len(dimensions) > 0 {
			name = strings.Join(dimensions, ".")
		}
		country = append(country, TableLine{ID: "TDI01." + name, Indicator: "TDI01", Part: partEntrants, Dimensions: dimensions})
		if len(dimensions) > 2 || slices.Contains(dimensions, DimAgeFine) && slices.Contains(dimensions, DimDrug6) {
			continue
		}
		id := "TDI01." + strings.Join(append([]string{DimRegion}, dimensions...), ".")
		region = append(region, TableLine{ID: id, Indicator: "TDI01", Part: partEntrants, Dimensions: append([]string{DimRegion}, dimensions...)})
	}
	byDepth := func(a, b TableLine) int { return len(a.Dimensions) - len(b.Dimensions) }
	slices.SortStableFunc(country, byDepth)
	slices.SortStableFunc(region, byDepth)
	return append(country, region...)
}

// planned is an indicator of the second part of the plan.
type planned struct {
	id string
	// same shows a measure or a class from the table of another indicator.
	same map[string]Source
}

// plannedIndicators is the second part: numerators and denominators for country and
// region by year, and for the country by quarter. Not in it are TDI01, which is the
// first part; TDI04, which is worked out from published bands; and EWS01, which counts
// reports about nobody.
var plannedIndicators = []planned{
	{id: "TDI02"},
	{id: "TDI03"},
	{id: "TDI05"},
	{id: "TDI06"},
	{id: "OAT01"},
	{id: "OAT02"},
	{id: "OAT03"},
	{id: "OAT04"},
	{id: "OAT05"},
	{id: "OAT06"},
	{id: "COC21"},
	{id: "COC21X", same: map[string]Source{MeasureNumerator: {Table: "COC21", Measure: MeasureNumerator}}},
	{id: "COC21R", same: map[string]Source{MeasureDenominator: {Table: "COC21", Measure: MeasureDenominator}}},
	{id: "COC01"},
	{id: "REF01"},
	{id: "WAIT21"},
	{id: "WAITQ"},
	{id: "RET12"},
	{id: "COMP", same: map[string]Source{MeasureDenominator: {Table: "TDI03", InYears: true}}}, // of twelve months, which are the year
	{id: "REPRES6"},
	{id: "NSP01"},
	{id: "NSP02", same: map[string]Source{MeasureDenominator: {Table: "NSP01", Measure: MeasureDenominator}}},
	{id: "NSP03"},
	{id: "NAL01"},
	{id: "HTS01"},
	{id: "HTS02"},
	{id: "HCV01"},
	{id: "HCV02"},
	{id: "SDG351", same: map[string]Source{classDrugs: {Table: "TDI03"}}},
}

// indicatorTables makes two tables of each indicator: the total and the regions.
func indicatorTables() []TableLine {
	var lines []TableLine
	for _, p := range plannedIndicators {
		indicator, _ := ByID(p.id)
		for _, d := range []string{"total", DimRegion} {
			line := TableLine{ID: p.id + "." + d, Indicator: p.id, Part: partIndicators, YearOnly: indicator.YearOnly}
			if d == DimRegion {
				line.Dimensions = []string{DimRegion}
			}
			if p.id == "SDG351" {
				line.Dimensions = append(line.Dimensions, DimSubstanceClass) // each class has an estimate of its own
			}
			if indicator.isRate() {
				line.Dimensions = append(line.Dimensions, DimMeasure)
			}
			for measure, source := range p.same {
				if line.Same == nil {
					line.Same = map[string]Source{}
				}
				source.Table += "." + d
				line.Same[measure] = source
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// tdiTable is one table of the TDI return and its twin for alcohol.
type tdiTable struct {
	id      string // template number
	columns []string
	// noDrug says that the template's rows are no drugs.
	noDrug bool
	// men and women are the template numbers of the split by sex; the rules allow it where
	// the attribute has at most six codes.
	men, women string
	drugsOnly  bool   // has no meaning for alcohol
	counts     string // what is counted if not the entrants
}

// tdiList holds the tables of the template (8.1.1 to 29.1.2) that the rules of
// disclosure control §2.4a allow; NotAvailable says why the others are not here.
var tdiList = []tdiTable{
	{id: "8.1.1", columns: []string{DimPreviousTreatment, DimCentreType}, noDrug: true},
	{id: "9.1.1", columns: []string{DimCentreType}},
	{id: "10.1.1", columns: []string{DimSex}},
	{id: "12.1.1", columns: []string{DimAgeTDI}},
	{id: "13.1.1", columns: []string{DimReferralSource}},
	{id: "14.1.1", columns: []string{DimLivingWith}},
	{id: "15.1.1", columns: []string{DimChildren}, men: "15.1.2", women: "15.1.3"},
	{id: "16.1.1", columns: []string{DimLivingWhere}},
	{id: "17.1.1", columns: []string{DimEducation}},
	{id: "18.1.1", columns: []string{DimLabour}},
	{id: "19.1.1", columns: []string{DimRoute}},
	{id: "20.1.1", columns: []string{DimFrequency}},
	{id: "21.1.1", columns: []string{DimAgeFirstUse}},
	{id: "lag", columns: []string{DimYearsSinceUse}},
	{id: "22.1.1", columns: []string{DimInjecting}},
	{id: "23.1.1", columns: []string{DimAgeTDI, DimYearsSinceInjection}, noDrug: true, drugsOnly: true},
	{id: "24.1.1", columns: []string{DimPolydrug, DimPreviousTreatment}, noDrug: true},
	{id: "25.1", columns: []string{DimDrugGroup, DimSecondaryGroup}, noDrug: true, drugsOnly: true, counts: "TDI01S"},
	{id: "26.1.1", columns: []string{DimHIVTest, DimInjecting}, noDrug: true},
	{id: "27.1.1", columns: []string{DimHCVTest, DimInjecting}, noDrug: true},
	{id: "28.1.1", columns: []string{DimSharing, DimInjecting}, noDrug: true},
	{id: "29.1.1", columns: []string{DimOST}, drugsOnly: true},
	{id: "29.1.2", columns: []string{DimYearsSinceOST}, drugsOnly: true},
}

// drugTotals is the table of national totals by single drug, from which the row rule
// reads (disclosure control §2.4a).
const drugTotals = "TDI.drug"

// regionTotals is the table from which the region gate reads.
const regionTotals = "TDI01.region"

// entrantTotal is the table whose total the gate of a revision reads.
const entrantTotal = "TDI01.total"

// The budgets that are published; a test sums the plan and compares.
const (
	ministryBudget = 43.236
	openDataBudget = 1.375
)

// tdiTables makes the third part: the totals by drug, the tables of the return, and
// those of people whose primary drug is alcohol in the same shape, without drug rows.
func tdiTables() []TableLine {
	lines := []TableLine{
		{ID: drugTotals, Indicator: "TDI01", Part: partTDI, Dimensions: []string{DimDrugRow}, YearOnly: true},
		{ID: "ALC.total", Indicator: "TDI01A", Part: partTDI, YearOnly: true},
	}
	for _, alcohol := range []bool{false, true} {
		for _, t := range tdiList {
			if alcohol && t.drugsOnly {
				continue
			}
			lines = append(lines, t.lines(alcohol)...)
		}
	}
	return lines
}

// lines returns the table and its split by sex, for drugs or for alcohol.
func (t tdiTable) lines(alcohol bool) []TableLine {
	prefix, indicator := "TDI.", "TDI01"
	dimensions := t.columns
	switch {
	case alcohol:
		prefix, indicator = "ALC.", "TDI01A"
	case !t.noDrug:
		dimensions = append([]string{DimDrugRow}, t.columns...)
	}
	if t.counts != "" {
		indicator = t.counts
	}
	line := TableLine{ID: prefix + t.id, Indicator: indicator, Part: partTDI, Dimensions: dimensions, YearOnly: true}
	all := []TableLine{line}
	for code, id := range map[string]string{"F": t.women, "M": t.men} {
		if id != "" {
			split := line
			split.ID, split.Where = prefix+id, Filter{DimSex, code}
			all = append(all, split)
		}
	}
	slices.SortFunc(all, func(a, b TableLine) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Missing is a table of the TDI template that is not published, and why.
type Missing struct{ Tables, Reason string }

// reasons of NotAvailable.
const (
	reasonSixCodes  = "The plan splits by sex only what has at most six codes, not known included; this has more."
	reasonNoHistory = "The plan has no split by earlier treatment or second attribute beside the drug row."
)

// NotAvailable lists the tables of the template that no release holds. It stands here
// so that a worksheet can say so cell by cell.
var NotAvailable = []Missing{
	{"8.1.2, 8.1.3", reasonSixCodes},
	{"9.1.2, 9.1.3, 10.1.2, 10.1.3, 12.1.2, 12.1.3, 13.1.2, 13.1.3", reasonNoHistory},
	{"11.1.1 to 11.1.9", "Means come only from published bands and are approximate: TDI.12.1.1, TDI.21.1.1 and TDI.lag give them for age at entry, at first use and the years between, by drug, and TDI01.sex.age_fine for age at entry by sex. Standard deviations and splits by earlier treatment are not published."},
	{"14.1.2, 14.1.3", reasonSixCodes},
	{"16.1.2, 16.1.3, 17.1.2, 17.1.3, 18.1.2, 18.1.3, 19.1.2, 19.1.3, 20.1.2, 20.1.3, 21.1.2, 21.1.3, 22.1.2, 22.1.3", reasonNoHistory},
	{"23.1.2, 23.1.3, 26.1.2, 26.1.3, 27.1.2, 27.1.3", reasonNoHistory},
	{"23, 25, 29 for alcohol", "These tables are about drugs; for alcohol they have no meaning or would say too little."},
	{"25.1.1 to 25.1.6", "The six tables are the rows of TDI.25.1, which counts each secondary drug of a client; which group is which number is not known for certain."},
}
