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
	other.Region, other.Kind = "KZ-75", "prison_population"
	bad := Estimate{Kind: "registered", Country: "KG", Region: "KZ-00", Year: 2031, Value: 0, Low: 5, High: -1, Source: " ", Method: "a\nb"}
	none := Estimate{Kind: "pwid", Country: "KZ", Year: NotWhole, Value: NotWhole, Low: NotWhole, Source: "told by 840315300017"}
	err := CheckEstimates([]Estimate{good, other, bad, good, none}, "KZ", "2026-10-05")
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
		"/items/2/high denominator.interval,/items/2/source denominator.source_required,/items/2/method denominator.text_form,/items/3 denominator.repeated," +
		"/items/4/year denominator.not_a_number,/items/4/value denominator.not_a_number,/items/4/low denominator.not_a_number," +
		"/items/4/high denominator.interval_required,/items/4/source text.identifies_person"
	if strings.Join(got, ",") != want {
		t.Errorf("got %s", strings.Join(got, ","))
	}
	if CheckEstimates(nil, "KZ", "2026-10-05") == nil {
		t.Error("an empty load was accepted")
	}
}

func TestReadEstimates_TellsEveryProblemByLine(t *testing.T) {
	t.Parallel()
	const header = "country,region,year,kind,value,low,high,source,method\n"
	good := "KZ,,2025,pwid,79900,70000,90000,IBBS 2024,multiplier\nKZ,KZ-75,2025,population_15_64,9000,8000,10000,IBBS 2024,multiplier\n"
	for _, mark := range []string{"", "\ufeff"} {
		all, err := ReadEstimates(strings.NewReader(mark+header+good), "KZ", "2026-10-05")
		if err != nil || len(all) != 2 || all[0].Value != 79_900 || all[1].High != 10_000 || all[1].Region != "KZ-75" {
			t.Fatalf("%+v %v", all, err)
		}
	}
	for _, text := range []string{"", "\ufeff", "kind,value\npwid,1\n"} {
		if _, err := ReadEstimates(strings.NewReader(text), "KZ", "2026-10-05"); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	_, err := ReadEstimates(strings.NewReader(header+good+
		"KZ,,2024,pwid,many,1.5,,x,y\n"+
		"KZ,,2024\n"+
		"KZ,,2024,pw\"id,1,1,1,x,y\n"+
		"KG,,2024,pwid,10,5,20,,y\n"), "KZ", "2026-10-05")
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Pointer+" "+f.Code)
	}
	want := "/lines/5 denominator.number_of_columns,/lines/6 denominator.not_csv,/lines/4/value denominator.not_a_number,/lines/4/low denominator.not_a_number," +
		"/lines/4/high denominator.interval_required,/lines/7/country denominator.country_not_served,/lines/7/source denominator.source_required,/lines/7 denominator.repeated"
	if strings.Join(got, ",") != want {
		t.Errorf("got %s", strings.Join(got, ","))
	}
	if strings.Contains(err.Error(), "many") {
		t.Error("a refused value is echoed")
	}
}
