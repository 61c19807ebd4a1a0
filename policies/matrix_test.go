package policies

import (
	"strings"
	"testing"

	"jol/models"
)

func TestMatrix_IsDeterministicAndShowsFields(t *testing.T) {
	t.Parallel()
	p := policies(t)
	fields := map[models.Category][]string{
		models.CatOAT: {"OrderView.mg", "DoseView.lastDose"},
		"typo":        {"X.y"},
	}
	first := p.Matrix(fields)
	for range 10 {
		if p.Matrix(fields) != first {
			t.Fatal("two renderings differ")
		}
	}
	lines := strings.Split(strings.TrimSuffix(first, "\n"), "\n")
	if len(lines) != 2+len(models.Categories)+1 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		if strings.Count(l, "|") != len(models.Roles)+3 {
			t.Errorf("columns of %q", l)
		}
	}
	if !strings.Contains(first, "| oat | DoseView.lastDose, OrderView.mg | read: own team consented emergency; create: own; change: own |") {
		t.Error("the line of oat is not as expected")
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "| typo | X.y | - |") || strings.Contains(last, "read") {
		t.Errorf("an unknown category shows as %q", last)
	}
	if fields[models.CatOAT][0] != "OrderView.mg" {
		t.Error("the caller's list was reordered")
	}
}
