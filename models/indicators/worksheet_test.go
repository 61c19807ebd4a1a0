package indicators

import (
	"slices"
	"strings"
	"testing"
)

func tablesOf(t *testing.T, s Status, period string) []string {
	t.Helper()
	p := mustPeriod(t, period)
	var ids []string
	for _, d := range dueTables(mustPlan(t, Ministry), s, p) {
		ids = append(ids, d.id(p))
	}
	return ids
}

func TestWorksheet_EveryCellHasATableOrAReason(t *testing.T) {
	t.Parallel()
	annual := tablesOf(t, Annual, "2026")
	for _, w := range Worksheets {
		seen := map[string]bool{}
		for _, r := range w.Rows(Annual, annual) {
			if r.Cell == "" || r.Title == "" || r.Reason == "" {
				t.Errorf("%s: %+v", w.ID, r)
			}
			if key := r.Cell + r.Title; seen[key] {
				t.Errorf("%s: %s is there twice", w.ID, r.Cell)
			} else {
				seen[key] = true
			}
			if (r.Status == CellAvailable) != slices.Contains(annual, r.Table) || (r.Status == CellMissing) != (r.Table == "") {
				t.Errorf("%s: %+v", w.ID, r)
			}
			if r.Table != "" && !inPlan(r.Table) {
				t.Errorf("%s: table %s is not in the plan", w.ID, r.Table)
			}
			if strings.Contains(r.Reason, "The plan does not hold this table") && !strings.Contains(r.Cell, "alcohol") {
				t.Errorf("%s %s: no reason of its own", w.ID, r.Cell)
			}
		}
	}
}

// Every TDI table of the plan is in the worksheet, and every template number has a row.
func TestWorksheet_TDIIsWhole(t *testing.T) {
	t.Parallel()
	w, _ := WorksheetByID("tdi")
	rows := w.Rows(Annual, tablesOf(t, Annual, "2026"))
	named := map[string]bool{}
	drugs := 0
	for _, r := range rows {
		if named[r.Table] = true; !strings.Contains(r.Cell, "alcohol") {
			drugs++
		}
	}
	if drugs != 70 || len(rows) != 140 {
		t.Errorf("%d rows of drugs, %d in all", drugs, len(rows))
	}
	// Not of the template: totals, the years between (in 11), and one table of secondary drugs (25).
	own := []string{drugTotals, "ALC.total", "TDI.lag", "ALC.lag", "TDI.25.1"}
	for _, l := range planTables {
		if l.Part == partTDI && !named[l.ID] && !slices.Contains(own, l.ID) {
			t.Errorf("%s is in the plan and not in the worksheet", l.ID)
		}
	}
	quarter := w.Rows(Final, tablesOf(t, Final, "2026Q2"))
	for _, r := range quarter {
		if r.Status == CellAvailable {
			t.Errorf("a quarter has %s", r.Cell)
		}
	}
}

// What a questionnaire asks of a year is not copied from a quarter, and a table of the year
// is looked for in the releases that hold it.
func TestWorksheet_UNODCIsOfTheYear(t *testing.T) {
	t.Parallel()
	w, _ := WorksheetByID("unodc")
	for status, period := range map[Status]string{Provisional: "2026Q1", Final: "2026Q1"} {
		for _, r := range w.Rows(status, tablesOf(t, status, period)) {
			if r.Status == CellAvailable {
				t.Errorf("%s: %s is available", status, r.Title)
			}
		}
	}
	available := 0
	for _, r := range w.Rows(Revision, tablesOf(t, Annual, "2026")) {
		if r.Status == CellAvailable {
			available++
		}
	}
	if available < 10 {
		t.Errorf("%d cells are available of a year", available)
	}
	for table, want := range map[string]string{"NSP03.total": "both profiles", "SDG351.total": "both profiles", "NSP03.region": "ministry", "TDI.10.1.1": "ministry"} {
		if !strings.Contains(whereElse(table), want) {
			t.Errorf("%s: %s", table, whereElse(table))
		}
	}
}
