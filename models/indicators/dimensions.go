package indicators

// Dimensions a table can be broken down by. DimMeasure tells the numerator of a
// rate from its denominator; it says nothing about a client.
const (
	DimRegion  = "region"
	DimSex     = "sex"
	DimAge     = "age"
	DimDrug    = "drug"
	DimCentre  = "centre"
	DimMeasure = "measure"
)

// codesOf returns the codes of a dimension in the order of publication. Regions
// are the country's; every other list is fixed (disclosure control §2.4).
func codesOf(dimension string, country Country) []string {
	switch dimension {
	case DimRegion:
		return country.Regions
	case DimSex:
		return []string{"F", "M"}
	case DimAge:
		return []string{"0-24", "25-44", "45+"}
	case DimDrug:
		return []string{"opioids", "stimulants", "other_or_unknown"}
	case DimCentre:
		return []string{"outpatient", "inpatient", "prison", "other"}
	case DimMeasure:
		return []string{MeasureDenominator, MeasureNumerator}
	}
	return nil
}

// code returns the fact's code in the dimension.
func (f Fact) code(dimension string) string {
	switch dimension {
	case DimRegion:
		return f.Region
	case DimSex:
		return f.Sex
	case DimAge:
		return f.Age
	case DimDrug:
		return f.Drug
	case DimCentre:
		return f.Centre
	case DimMeasure:
		return f.Measure
	}
	return ""
}

// ageBand returns the broad band of completed years. An unknown age goes to the
// middle band, and the table says so (disclosure control §2.4).
func ageBand(years int) string {
	switch {
	case years < 0:
		return "25-44"
	case years < 25:
		return "0-24"
	case years < 45:
		return "25-44"
	}
	return "45+"
}

// drugGroup returns the group of a two-digit substance code: 1x opioids, 2x and 3x
// stimulants with cocaine, everything else, unknown included, the third.
func drugGroup(code string) string {
	if len(code) == 2 {
		switch code[0] {
		case '1':
			return "opioids"
		case '2', '3':
			return "stimulants"
		}
	}
	return "other_or_unknown"
}

// centreGroup returns the group of a TDI centre type.
func centreGroup(code string) string {
	switch code {
	case "1", "4":
		return "outpatient"
	case "2":
		return "inpatient"
	case "3":
		return "prison"
	}
	return "other"
}

// phrases complete a table's title: "People entering treatment, by sex".
var phrases = map[string]map[string]string{
	DimRegion: {"en": "by region", "ru": "по регионам", "kk": "өңірлер бойынша"},
	DimSex:    {"en": "by sex", "ru": "по полу", "kk": "жынысы бойынша"},
	DimAge:    {"en": "by age", "ru": "по возрасту", "kk": "жасы бойынша"},
	DimDrug:   {"en": "by primary drug", "ru": "по основному наркотику", "kk": "негізгі есірткі бойынша"},
	DimCentre: {"en": "by type of centre", "ru": "по типу учреждения", "kk": "мекеме түрі бойынша"},
	"":        {"en": "country total", "ru": "всего по стране", "kk": "ел бойынша барлығы"},
}

// tableTitle joins the indicator's title with one phrase per dimension.
func tableTitle(indicator Indicator, dimensions []string) map[string]string {
	var parts []string
	for _, d := range dimensions {
		if d != DimMeasure {
			parts = append(parts, d)
		}
	}
	if len(parts) == 0 {
		parts = []string{""}
	}
	title := make(map[string]string, len(indicator.Title))
	for lang, text := range indicator.Title {
		for _, d := range parts {
			text += ", " + phrases[d][lang]
		}
		title[lang] = text
	}
	return title
}
