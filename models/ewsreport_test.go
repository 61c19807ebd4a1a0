package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func goodEWS() NewEWSReport {
	return NewEWSReport{
		Identification: Identification{NPSClass: "nitazene", Method: "none"},
		SourceType:     "seizure", Month: "2026-03", Region: "KZ-75", SuspectedNames: []string{"isotonitazene"}, StreetNames: []string{"blue ones"},
		PhysicalForm: "tablet", Quantity: 40, Unit: "pieces", OtherSubstances: []string{"11"}, Circumstances: "sold as oxycodone", Confidentiality: EWSRestricted,
	}
}

// codesOf lists the refused fields as pointer and code.
func refused(err error) (list []string) {
	var e *Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			list = append(list, f.Pointer+" "+f.Code)
		}
	}
	return list
}

func TestEWSReport_Check(t *testing.T) {
	t.Parallel()
	poisoning := func(n *NewEWSReport) {
		n.SourceType, n.Cases, n.Route, n.Severity, n.Quantity, n.Unit = "poisoning", 1, "1", "severe", 0, ""
	}
	for name, c := range map[string]struct {
		change func(*NewEWSReport)
		want   string
	}{
		"good":                  {func(*NewEWSReport) {}, ""},
		"this month":            {func(n *NewEWSReport) { n.Month = "2026-03" }, ""},
		"next month":            {func(n *NewEWSReport) { n.Month = "2026-04" }, "/month ews_report.in_future"},
		"two years":             {func(n *NewEWSReport) { n.Month = "2024-04" }, ""},
		"longer ago":            {func(n *NewEWSReport) { n.Month = "2024-03" }, "/month ews_report.too_long_ago"},
		"a day":                 {func(n *NewEWSReport) { n.Month = "2026-03-02" }, "/month ews_report.not_a_month"},
		"no month":              {func(n *NewEWSReport) { n.Month = "" }, "/month ews_report.not_a_month"},
		"another country":       {func(n *NewEWSReport) { n.Region = "KG-GB" }, "/region ews_report.region_unknown"},
		"no names":              {func(n *NewEWSReport) { n.SuspectedNames, n.StreetNames = nil, nil }, ""},
		"a name of digits":      {func(n *NewEWSReport) { n.StreetNames = []string{"25"} }, "/streetNames/0 ews_report.name_form"},
		"an empty name":         {func(n *NewEWSReport) { n.SuspectedNames = []string{"x1", " "} }, "/suspectedNames/1 ews_report.name_form"},
		"a name of two lines":   {func(n *NewEWSReport) { n.SuspectedNames = []string{"a\nb"} }, "/suspectedNames/0 ews_report.name_form"},
		"a long name":           {func(n *NewEWSReport) { n.SuspectedNames = []string{strings.Repeat("я", 61)} }, "/suspectedNames/0 ews_report.name_form"},
		"nine names":            {func(n *NewEWSReport) { n.StreetNames = slices.Repeat([]string{"x"}, 9) }, "/streetNames ews_report.too_many_names"},
		"a telephone":           {func(n *NewEWSReport) { n.StreetNames = []string{"call 8 701 123 45 67"} }, "/streetNames/0 text.identifies_person"},
		"a person":              {func(n *NewEWSReport) { n.Circumstances = "ИИН 880101300123" }, "/circumstances text.identifies_person"},
		"a person in parts":     {func(n *NewEWSReport) { n.SuspectedNames = []string{"a 880101", "300123 b"} }, "/circumstances text.identifies_person"},
		"a person as chemistry": {func(n *NewEWSReport) { n.ChemicalName = "d.o.b. 01.02.1988" }, "/chemicalName text.identifies_person"},
		"a unit alone":          {func(n *NewEWSReport) { n.Quantity = 0 }, "/unit ews_report.unit_with_quantity"},
		"less than nothing":     {func(n *NewEWSReport) { n.Quantity, n.Unit = -1, "" }, "/quantity ews_report.quantity_out_of_range"},
		"a product that ails":   {func(n *NewEWSReport) { n.Severity = "mild" }, "/severity ews_report.of_product"},
		"a product of people":   {func(n *NewEWSReport) { n.Cases = 1 }, "/cases ews_report.of_product"},
		"a poisoning":           {poisoning, ""},
		"a poisoning of nobody": {func(n *NewEWSReport) { poisoning(n); n.Cases = 0 }, "/cases ews_report.cases_out_of_range"},
		"a fatal poisoning":     {func(n *NewEWSReport) { poisoning(n); n.Severity = "fatal" }, "/severity ews_report.severity_contradicts"},
		"a mild death":          {func(n *NewEWSReport) { poisoning(n); n.SourceType = "death" }, "/severity ews_report.severity_contradicts"},
		"a level":               {func(n *NewEWSReport) { n.Confidentiality = "secret" }, "/confidentiality entry.code_not_in_list"},
		"a reference":           {func(n *NewEWSReport) { n.ReferenceStandard = true }, "/referenceStandard ews_report.not_analysed"},
		"a formula":             {func(n *NewEWSReport) { n.Formula = "C23H30N4O3" }, ""},
		"a word as formula":     {func(n *NewEWSReport) { n.Formula = "C1H1AsAnOv" }, "/formula ews_report.formula_form"},
		"an InChIKey":           {func(n *NewEWSReport) { n.InChIKey = "RZZZWDUGRQXZSN-UHFFFAOYSA-N" }, ""},
		"no InChIKey":           {func(n *NewEWSReport) { n.InChIKey = "RZZZWDUGRQXZSN" }, "/inchiKey ews_report.inchi_key_form"},
		"a CAS number":          {func(n *NewEWSReport) { n.CAS = "14188-81-9" }, ""},
		"a wrong CAS number":    {func(n *NewEWSReport) { n.CAS = "14188-81-8" }, "/cas ews_report.cas_form"},
	} {
		n := goodEWS()
		c.change(&n)
		got := refused(n.Check("KZ", "2026-03-10"))
		if want := c.want; want == "" && len(got) > 0 || want != "" && !slices.ContainsFunc(got, func(s string) bool {
			return strings.HasPrefix(s, strings.Fields(want)[0]) && strings.HasSuffix(s, strings.Fields(want)[1])
		}) {
			t.Errorf("%s: %v, want %q", name, got, want)
		}
	}
}

// Words of the field are no persons: a screen that refuses them would end the warning.
func TestEWSReport_NamesOfSubstancesPass(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"JWH-018", "5F-MDMB-PINACA", "ADB-BUTINACA", "α-PVP", "a-PHP", "4-MMC", "3-CMC", "2C-B", "25I-NBOMe", "N-pyrrolidino etonitazene", "protonitazepyne",
		"carfentanil", "para-fluorofentanyl", "bromazolam", "мефедрон", "альфа", "соль", "скорость", "спайс", "кристаллы", "белый китаец", "синтетика", "тұз", "MDPHP",
		"N,N-diethyl-2-[5-nitro-2-(4-propan-2-yloxybenzyl)-1H-benzimidazol-1-yl]ethanamine", "1-(1,3-benzodioxol-5-yl)-2-(ethylamino)pentan-1-one",
		"methyl 2-[[1-(5-fluoropentyl)indazole-3-carbonyl]amino]-3,3-dimethylbutanoate",
	} {
		n := goodEWS()
		if len(name) <= maxEWSName {
			n.SuspectedNames, n.StreetNames = []string{name}, []string{name}
		}
		n.ChemicalName = name
		if err := n.Check("KZ", "2026-03-10"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEWSReport_IsConfirmedBySomebodyElse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	found := Identification{NPSClass: "fentanyl_analogue", ChemicalName: "carfentanil", Method: "lc_ms", ReferenceStandard: true, Laboratory: "toxicology"}
	r := goodEWS().Report()
	r.CreatedBy = "a"
	if err := r.Confirm(found, "a", at); err == nil || r.State != EWSSuspected || r.NPSClass != "nitazene" {
		t.Errorf("the reporter confirms: %v, %+v", err, r)
	}
	if err := r.Confirm(found, "b", at); err != nil || r.State != EWSConfirmed || r.NPSClass != "fentanyl_analogue" || r.Version != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	if err := r.Retract("error", Holder, at); err == nil {
		t.Error("a confirmed report is taken back by its organisation")
	}
	if err := r.Retract("laboratory_withdrew", PartyProgramme, at); err != nil || r.State != EWSRetracted || r.ConfirmedAt == nil {
		t.Errorf("%v, %+v", err, r)
	}
	for want, d := range map[string]Identification{
		"/npsClass ews_report.class_required":        {NPSClass: "unknown", Method: "lc_ms", Laboratory: "toxicology"},
		"/method ews_report.not_analysed":            {NPSClass: "nitazene", Method: "none", Laboratory: "toxicology"},
		"/laboratory ews_report.laboratory_required": {NPSClass: "nitazene", Method: "lc_ms"},
	} {
		if got := refused(d.CheckConfirmation()); !slices.Equal(got, []string{want}) {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

// reports makes so many reports of a class in a region and a month.
func ewsReports(n int, class, region string, month Date) (list []EWSReport) {
	for i := range n {
		list = append(list, EWSReport{ID: fmt.Sprint(class, region, month, i), NPSClass: class, Region: region, Month: month, State: EWSSuspected})
	}
	return list
}

func TestSignals_AClassRises(t *testing.T) {
	t.Parallel()
	const today, here, there = Date("2026-05-31"), "KZ-75", "KZ-71"
	for name, c := range map[string]struct {
		reports []EWSReport
		want    string
	}{
		"two":                        {ewsReports(2, "nitazene", here, "2026-05-01"), ""},
		"three":                      {ewsReports(3, "nitazene", here, "2026-05-01"), here},
		"three of another class":     {append(ewsReports(2, "nitazene", here, "2026-05-01"), ewsReports(1, "tryptamine", here, "2026-05-01")...), ""},
		"three months":               {slices.Concat(ewsReports(1, "nitazene", here, "2026-03-01"), ewsReports(1, "nitazene", here, "2026-04-01"), ewsReports(1, "nitazene", here, "2026-05-01")), here},
		"one a month too old":        {slices.Concat(ewsReports(1, "nitazene", here, "2026-02-01"), ewsReports(2, "nitazene", here, "2026-05-01")), ""},
		"two regions":                {slices.Concat(ewsReports(1, "nitazene", here, "2026-05-01"), ewsReports(2, "nitazene", there, "2026-05-01")), "country"},
		"twice the mean":             {slices.Concat(ewsReports(3, "nitazene", here, "2026-05-01"), ewsReports(6, "nitazene", here, "2025-11-01")), here},
		"less than twice the mean":   {slices.Concat(ewsReports(3, "nitazene", here, "2026-05-01"), ewsReports(7, "nitazene", here, "2025-11-01")), ""},
		"what is a year ago is gone": {slices.Concat(ewsReports(3, "nitazene", here, "2026-05-01"), ewsReports(7, "nitazene", here, "2025-02-01")), here},
		"the first month of it":      {slices.Concat(ewsReports(3, "nitazene", here, "2026-05-01"), ewsReports(7, "nitazene", here, "2025-03-01")), ""},
		"one retracted": {append(ewsReports(2, "nitazene", here, "2026-05-01"),
			EWSReport{ID: "r", NPSClass: "nitazene", Region: here, Month: "2026-05-01", State: EWSRetracted}), ""},
		"one of a month to come": {slices.Concat(ewsReports(2, "nitazene", here, "2026-05-01"), ewsReports(1, "nitazene", here, "2026-06-01")), ""},
		"not known":              {ewsReports(9, "unknown", here, "2026-05-01"), ""},
		"other":                  {ewsReports(9, "other", here, "2026-05-01"), ""},
	} {
		got := ""
		for _, s := range SignalsOf(&c.reports[0], c.reports, today) {
			if s.NPSClass != c.reports[0].NPSClass || len(s.Reports) < SignalReports {
				t.Errorf("%s: %+v", name, s)
			}
			if got = s.Region; got == "" {
				got = "country"
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// One name is written in many ways, and is one; a report has it once, as suspected name or
// as what it is called on the street.
func TestSignals_ANameRises(t *testing.T) {
	t.Parallel()
	all := []EWSReport{
		{ID: "1", Region: "KZ-75", Month: "2026-05-01", NPSClass: "unknown", SuspectedNames: []string{"A-PVP", "alpha pvp"}, State: EWSSuspected},
		{ID: "2", Region: "KZ-75", Month: "2026-05-01", NPSClass: "unknown", StreetNames: []string{"a pvp"}, State: EWSConfirmed},
		{ID: "3", Region: "KZ-75", Month: "2026-05-01", NPSClass: "unknown", SuspectedNames: []string{"a-pvp", "aPVP"}, State: EWSSuspected},
	}
	got := SignalsOf(&all[2], all, "2026-05-10")
	if len(got) != 1 || got[0].Name != "a-pvp" || got[0].Key != "apvp" || got[0].Region != "KZ-75" || !slices.Equal(got[0].Reports, []string{"1", "2", "3"}) {
		t.Errorf("%+v", got)
	}
	if got := SignalsOf(&all[2], all[1:], "2026-05-10"); len(got) != 0 {
		t.Errorf("two reports with three names: %+v", got)
	}
}

func TestAlert_RestsOnItsReports(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 10, 9, 0, 0, 0, time.UTC)
	proposal := func() Alert {
		return NewSignalAlert("a", Signal{NPSClass: "nitazene", Reports: []string{"1", "2", "3"}}, at)
	}
	a := proposal()
	if a.RestsOn(3) || a.State != AlertProposed {
		t.Errorf("%+v", a)
	}
	if !a.RestsOn(2) || a.State != AlertRetracted || a.Retraction != BasisRetracted || a.RestsOn(1) {
		t.Errorf("%+v", a)
	}
	a = proposal()
	if err := a.Issue(AlertText{Advice: []string{"carry_naloxone"}, ValidUntil: "2026-06-01"}, "o", at); err != nil {
		t.Fatal(err)
	}
	if !a.RestsOn(2) || a.State != AlertIssued || !a.Weakened || a.RestsOn(1) {
		t.Errorf("%+v", a)
	}
	if !a.Join(Signal{Reports: []string{"1", "4", "5"}}) || a.Weakened || len(a.Basis) != 3 || a.Join(Signal{Reports: []string{"1", "4", "5", "6"}}) {
		t.Errorf("%+v", a)
	}
	if !a.RestsOn(0) || a.State != AlertRetracted {
		t.Errorf("%+v", a)
	}
}
