package indicators

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a worksheet says of a cell.
const (
	CellAvailable = "available"
	CellElsewhere = "not_in_this_release"
	CellMissing   = "not_available"
)

// WorksheetRow is one cell of a foreign form, or all cells of one of its tables.
type WorksheetRow struct {
	Cell   string
	Title  string
	Status string
	Table  string // of the release; also named when only another kind of release has it
	Reason string // how the cell follows from the table, or why it is not there
}

// Worksheet says where the numbers of a foreign form come from. It promises nothing: a
// cell that no release holds is said to be missing.
type Worksheet struct {
	ID     string
	Title  string
	Notice string
	// ofYear says that the form asks for calendar years.
	ofYear bool
	cells  func() []WorksheetRow // as if everything planned were there
}

// Worksheets lists every worksheet.
var Worksheets = []Worksheet{
	{ID: "tdi", Title: "TDI return, tables 8.1.1 to 29.1.2",
		Notice: "Numbers and layout of the tables follow the published output template of one national office; the TDI 3.0 manual was not readable here. " +
			"All counts are perturbed; drug rows with a published national total under 200 are joined. Nothing here claims conformity.",
		cells: tdiCells},
	{ID: "unodc", Title: "UNODC annual report questionnaire, modules A01 to A05",
		Notice: "Modules are those of the 2019 pilot. The questions inside a module were not available here, so nothing is mapped to a question: " +
			"each row names a topic of a module and the table that speaks to it. Check definition and period against the questionnaire before copying a number.",
		ofYear: true, cells: unodcCells},
}

// WorksheetByID returns the worksheet with the id.
func WorksheetByID(id string) (Worksheet, bool) {
	for _, w := range Worksheets {
		if w.ID == id {
			return w, true
		}
	}
	return Worksheet{}, false
}

// Rows are the cells of the form, for a release of the status that holds the tables.
func (w Worksheet) Rows(status Status, tables []string) []WorksheetRow {
	rows := w.cells()
	for i := range rows {
		switch r := &rows[i]; {
		case r.Table == "":
			r.Status = CellMissing
		case w.ofYear && (status == Provisional || status == Final):
			r.Status = CellElsewhere
			r.Reason += " The form asks for the year: take it from the annual release, or its revision."
		case slices.Contains(tables, r.Table):
			r.Status = CellAvailable
		default:
			r.Status = CellElsewhere
			r.Reason = strings.TrimSpace(r.Reason + " " + whereElse(r.Table))
		}
	}
	return rows
}

// whereElse says which releases hold a table of the plan.
func whereElse(table string) string {
	for _, line := range planTables {
		if line.ID != table || !line.YearOnly {
			continue
		}
		if open, err := PlanFor(OpenData); err == nil && slices.ContainsFunc(open.TablesFor(Annual), func(l TableLine) bool { return l.ID == table }) {
			return "Annual releases of both profiles hold it."
		}
		return "Only annual releases of the ministry profile hold it."
	}
	return "This release does not hold it: another status or profile does, or a later one if its numbers become final later."
}

// tdiTopics are the groups of tables of the template, by the number before the first point.
var tdiTopics = []struct {
	number int
	title  string
	parts  [3]string // of x.1.1, x.1.2, x.1.3; those after the first that are empty are not in the template
	count  int
}{
	{8, "Treatment status by type of centre", sexParts, 3},
	{9, "Primary drug by type of centre", historyParts, 3},
	{10, "Primary drug by sex", threeParts, 3},
	{11, "Mean age at entry, at first use, and years between", [3]string{}, 9},
	{12, "Primary drug by age", threeParts, 3},
	{13, "Primary drug by source of referral", threeParts, 3},
	{14, "Primary drug by with whom living", sexParts, 3},
	{15, "Primary drug by living with children", sexParts, 3},
	{16, "Primary drug by where living", threeParts, 3},
	{17, "Primary drug by education", threeParts, 3},
	{18, "Primary drug by labour status", threeParts, 3},
	{19, "Primary drug by route", threeParts, 3},
	{20, "Primary drug by frequency of use", threeParts, 3},
	{21, "Primary drug by age at first use", threeParts, 3},
	{22, "Primary drug by injecting", threeParts, 3},
	{23, "Age at entry by years since first injection", threeParts, 3},
	{24, "Polydrug use by treatment status", [3]string{}, 1},
	{25, "Primary by secondary drugs", [3]string{}, 6},
	{26, "HIV test by injecting", threeParts, 3},
	{27, "HCV test by injecting", threeParts, 3},
	{28, "Sharing by injecting", [3]string{}, 1},
	{29, "Primary drug by agonist treatment", [3]string{}, 2},
}

// The template says all, male, female for some tables and all, never, previously treated
// for others; of the rest it is not known which is which.
var (
	sexParts     = [3]string{"all", "men", "women"}
	historyParts = [3]string{"all", "never treated before", "treated before"}
	threeParts   = [3]string{"all", "second table", "third table"}
)

// tdiCells lists every table of the template, then the twins for alcohol.
func tdiCells() []WorksheetRow {
	var rows []WorksheetRow
	for _, alcohol := range []bool{false, true} {
		for _, topic := range tdiTopics {
			for part := 1; part <= topic.count; part++ {
				rows = append(rows, tdiCell(topic.number, part, topic.title, topic.parts, alcohol))
			}
		}
	}
	return rows
}

func tdiCell(number, part int, title string, parts [3]string, alcohol bool) WorksheetRow {
	cell := fmt.Sprintf("%d.1.%d", number, part)
	if part <= 3 && parts[part-1] != "" {
		title += ": " + parts[part-1]
	}
	r := WorksheetRow{Cell: cell, Title: title}
	prefix := "TDI."
	if alcohol {
		prefix, r.Cell, r.Title = "ALC.", cell+" alcohol", title+"; primary drug alcohol"
	}
	if table := prefix + cell; inPlan(table) {
		r.Table = table
		r.Reason = "Rows and columns are the codes of the table; the total is a cell of its own in " + map[bool]string{false: "TDI01.total", true: "ALC.total"}[alcohol] + "."
		return r
	}
	r.Reason = missingReason(number, part, alcohol)
	return r
}

// inPlan reports whether the plan has the table.
func inPlan(id string) bool {
	return slices.ContainsFunc(planTables, func(l TableLine) bool { return l.ID == id })
}

// missingReason finds a template number in NotAvailable.
func missingReason(number, part int, alcohol bool) string {
	for _, m := range NotAvailable {
		tables, forAlcohol := strings.CutSuffix(m.Tables, " for alcohol")
		for item := range strings.SplitSeq(tables, ", ") {
			if covers(item, number, part) && (alcohol || !forAlcohol) {
				return m.Reason
			}
		}
	}
	return "The plan does not hold this table."
}

// covers reports whether a number of the template, a range of it or a whole group takes in
// a table: 8.1.2; 11.1.1 to 11.1.9; 23.
func covers(item string, number, part int) bool {
	from, to, isRange := strings.Cut(item, " to ")
	if !isRange {
		to = from
	}
	first, last := strings.Split(from, "."), strings.Split(to, ".")
	if n, err := strconv.Atoi(first[0]); err != nil || n != number {
		return false
	}
	if len(first) == 1 {
		return true
	}
	lo, err1 := strconv.Atoi(first[len(first)-1])
	hi, err2 := strconv.Atoi(last[len(last)-1])
	return err1 == nil && err2 == nil && lo <= part && part <= hi
}

// Reasons of the UNODC worksheet.
const (
	reasonNotCounted  = "This service counts people in contact with treatment and harm reduction. It holds no survey of the population."
	reasonNoDeaths    = "Deaths are no part of the release plan; overdoses recorded by services would miss most of them."
	reasonEstimate    = "The count is in the table; the estimate it is divided by is loaded by the country and named in coverage with its source, or null with the reason."
	reasonNoQuestions = "The questions of this module were not available here; no table is matched to them."
)

// unodcCells are the topics of the modules that releases speak to.
func unodcCells() []WorksheetRow {
	return []WorksheetRow{
		{Cell: "A01", Title: "Prevalence of drug use in the population", Reason: reasonNotCounted},
		{Cell: "A02", Title: "People who inject drugs: estimated number", Reason: reasonNotCounted + " An estimate that was loaded is named in the coverage of NSP01."},
		{Cell: "A02", Title: "People who inject drugs reached with needles and syringes", Table: "NSP01.total", Reason: reasonEstimate},
		{Cell: "A02", Title: "Regular access to needles and syringes", Table: "NSP02.total", Reason: reasonEstimate},
		{Cell: "A02", Title: "Syringes for a person who injects and year", Table: "NSP03.total", Reason: reasonEstimate},
		{Cell: "A02", Title: "HIV testing of clients", Table: "HTS01.total", Reason: "Clients of treatment and needle services, not all people who inject."},
		{Cell: "A02", Title: "Antiretroviral treatment of clients newly diagnosed", Table: "HTS02.total", Reason: "Clients only."},
		{Cell: "A02", Title: "HIV, hepatitis C and B prevalence among people who inject", Reason: "Test results are counted as tests done, not as prevalence; a sample of clients is no sample of people who inject."},
		{Cell: "A03", Title: "People with drug use disorders: estimated number", Reason: reasonNotCounted + " An estimate that was loaded is named in the coverage of SDG351."},
		{Cell: "A03", Title: "Treatment contact coverage (SDG 3.5.1)", Table: "SDG351.total", Reason: reasonEstimate},
		{Cell: "A03", Title: "People in treatment", Table: "TDI03.total", Reason: "Drugs; alcohol alone is left out."},
		{Cell: "A04", Title: "Drug-related mortality", Reason: reasonNoDeaths},
		{Cell: "A05", Title: "People entering treatment", Table: "TDI01.total", Reason: "One person, one count a year, by rule TDI-6M."},
		{Cell: "A05", Title: "People entering treatment by sex and age", Table: "TDI01.sex.age_fine", Reason: "Age bands are those of the table."},
		{Cell: "A05", Title: "People entering treatment by primary drug", Table: "TDI.drug", Reason: "A row without a count is below the floor."},
		{Cell: "A05", Title: "People entering treatment by primary drug and sex", Table: "TDI.10.1.1", Reason: "Drug rows with a published national total under 200 are joined."},
		{Cell: "A05", Title: "First-ever entrants", Table: "TDI02.total", Reason: "Of those whose earlier treatment is known."},
		{Cell: "A05", Title: "People in treatment in the year", Table: "TDI03.total", Reason: "Drugs; alcohol alone is left out."},
		{Cell: "A05", Title: "Agonist treatment", Table: "OAT01.total", Reason: "Persons on agonist treatment on the last day of the period."},
		{Cell: "A05", Title: "Treatment in prison by kind", Table: "TDI01.centre", Reason: "Entrants in prison units; kinds of treatment there are not published."},
		{Cell: "A02, A03, A05", Title: "Every other question of these modules", Reason: reasonNoQuestions},
	}
}
