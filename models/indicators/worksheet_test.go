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
		for _, r := range w.Rows(annual) {
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
	rows := w.Rows(tablesOf(t, Annual, "2026"))
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
	quarter := w.Rows(tablesOf(t, Final, "2026Q2"))
	for _, r := range quarter {
		if r.Status == CellAvailable {
			t.Errorf("a quarter has %s", r.Cell)
		}
	}
}
