package api

import (
	"fmt"
	"strings"
	"testing"

	"jol/models/indicators"
)

func TestGenerated_IndicatorCatalogue(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`# Indicator catalogue

Generated from models/indicators/catalogue.go; do not edit (` + "`make generate`" + `). How they are counted, and what is not
claimed: [indicators.md](indicators.md). "Final" is the number of days from the end of the first quarter of 2026 to the day
from which its numbers are final. "Most" is what one client adds at most, by which the noise is scaled.

`)
	quarter, err := indicators.ParsePeriod("2026Q1")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range indicators.Catalogue {
		fmt.Fprintf(&b, "## %s %s\n\nru: %s. kk: %s.\n\n| | |\n|---|---|\n", i.ID, i.Title["en"], i.Title["ru"], i.Title["kk"])
		for _, row := range [][2]string{
			{"numerator", i.Numerator}, {"denominator", i.Denominator}, {"population", i.Population}, {"period", i.PeriodLogic}, {"rule", i.Rule},
			{"estimate", i.Estimate}, {"unit", i.Unit}, {"derived", i.Derived}, {"broken down by", strings.Join(i.Breakdowns, ", ")}, {"source", i.Source},
		} {
			if row[1] != "" {
				fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
			}
		}
		fmt.Fprintf(&b, "| final | %d days |\n", quarter.End().DaysUntil(i.FinalOn(quarter)))
		if i.PerClient > 0 {
			fmt.Fprintf(&b, "| most | %d |\n", i.PerClient)
		}
		b.WriteString("\n")
	}
	generated(t, "indicator-catalogue.md", strings.TrimSuffix(b.String(), "\n"))
}
