package exchange

import (
	"strings"
	"testing"

	"jol/models"
)

// Every column of every line, to the letter: the comparison of formats looks at numbers only.
func TestCSV_EveryColumnIsItsOwn(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(&models.Release{ID: "KZ-2026-annual", Country: "KZ", Period: "2026", Status: "annual", Tables: []models.ReleaseTable{
		{TableID: "NSP01.total", JSON: `{"table":"NSP01.total","indicator":"NSP01","title":"x","dimensions":["measure"],"method":{"floor":5},
			"cells":[{"measure":"denominator","value":80,"lo95":74,"hi95":86},{"measure":"numerator","value":6,"lo95":null,"hi95":12}],
			"rates":[{"rate":7.5,"rateLo95":0.0,"rateHi95":14.9}],
			"coverage":[{"coverage":0.1,"coverageLo95":0.0,"coverageHi95":0.2,"estimate":{"kind":"pwid","year":2026,"population":9000,"low":8000,"high":9900,"source":"=SUM(A1)\n@b"}}]}`},
		{TableID: "TDI.12.1.1", JSON: `{"table":"TDI.12.1.1","indicator":"TDI01","title":"x","dimensions":["drug_row","age_tdi"],"method":{"floor":5},
			"cells":[{"drug_row":"1.1","age_tdi":"30-34","value":null,"lo95":null,"hi95":null,"flag":"below_floor"}],
			"means":[{"drug_row":"1.1","mean":30.5,"p95":1.2}]}`},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`release,status,table,indicator,period,place,measure,drug_row,age_tdi,value,unit,lo95,hi95,flag,estimate,estimate_source
KZ-2026-annual,annual,NSP01.total,NSP01,2026,KZ,denominator,,,80,persons,74,86,,,
KZ-2026-annual,annual,NSP01.total,NSP01,2026,KZ,numerator,,,6,persons,,12,,,
KZ-2026-annual,annual,NSP01.total,NSP01,2026,KZ,rate,,,7.5,percent,0.0,14.9,,,
KZ-2026-annual,annual,NSP01.total,NSP01,2026,KZ,coverage,,,0.1,percent,0.0,0.2,,9000,'=SUM(A1) @b
KZ-2026-annual,annual,TDI.12.1.1,TDI01,2026,KZ,count,1.1,30-34,,persons,,,below_floor,,
KZ-2026-annual,annual,TDI.12.1.1,TDI01,2026,KZ,mean,1.1,,30.5,years,29.3,31.7,,,
`, "\n", "\r\n")
	if got := string(s.CSV()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPlain_NeitherFormulaNorCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@b": "'@b", " \t=1": "'=1", "\x1b[2J": "[2J", "a\r\nb": "a  b", "a\u202eb": "a b", "IBBS 2026": "IBBS 2026", "": "",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
