package models

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckEstimates_ReportsEveryProblem(t *testing.T) {
	t.Parallel()
	good := Estimate{Kind: "pwid", Country: "KZ", Year: 2025, Value: 79_900, Low: 70_000, High: 90_000, Source: "IBBS 2024", Method: "multiplier"}
	if err := CheckEstimates([]Estimate{good}, "KZ", "2026-10-05"); err != nil {
		t.Fatal(err)
	}
	other := good
	other.Region, other.Low, other.High = "KZ-75", 0, 0
	bad := Estimate{Kind: "registered", Country: "KG", Region: "KZ-00", Year: 2031, Value: 0, Low: 5, High: -1, Source: " ", Method: "a\nb"}
	err := CheckEstimates([]Estimate{good, other, bad, good}, "KZ", "2026-10-05")
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Pointer+" "+f.Code)
	}
	want := "/items/2/country denominator.country_not_served,/items/2/region denominator.region_unknown,/items/2/kind denominator.kind_unknown," +
		"/items/2/year denominator.year_out_of_range,/items/2/value denominator.value_not_positive,/items/2/low denominator.interval," +
		"/items/2/high denominator.interval,/items/2/source denominator.source_required,/items/2/method denominator.text_form,/items/3 denominator.repeated"
	if strings.Join(got, ",") != want {
		t.Errorf("got %s", strings.Join(got, ","))
	}
	if CheckEstimates(nil, "KZ", "2026-10-05") == nil {
		t.Error("an empty load was accepted")
	}
}

func TestReadEstimates(t *testing.T) {
	t.Parallel()
	const header = "country,region,year,kind,value,low,high,source,method\n"
	all, err := ReadEstimates(strings.NewReader(header + "KZ,,2025,pwid,79900,,,IBBS 2024,multiplier\nKZ,KZ-75,2025,pwid,9000,8000,10000,IBBS 2024,multiplier\n"))
	if err != nil || len(all) != 2 || all[0].Value != 79_900 || all[1].High != 10_000 || all[1].Region != "KZ-75" {
		t.Fatalf("%+v %v", all, err)
	}
	for _, text := range []string{"", "kind,value\npwid,1\n", header + "KZ,,2025,pwid,many,,,x,y\n", header + "KZ,,2025\n"} {
		if _, err := ReadEstimates(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
