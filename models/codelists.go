package models

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
)

// CodeList is a closed list of codes that a field may hold.
type CodeList struct {
	ID     string `json:"id"`
	Source string `json:"source"` // who decided the categories
	Codes  []Code `json:"codes"`
}

// Code is one entry of a code list. The substance list also says where each
// substance belongs in TDI and ICD; the fields are empty elsewhere.
type Code struct {
	Code  string `json:"code"`
	Label string `json:"label"`
	// Labels is the label in other languages, where the list has it: ru and kk.
	Labels   map[string]string `json:"labels,omitempty"`
	TDIRow   string            `json:"tdiRow,omitempty"` // row of the TDI 3.0 tables; none for alcohol
	ICD10    string            `json:"icd10,omitempty"`
	ICD11    string            `json:"icd11,omitempty"`
	NPSClass string            `json:"npsClass,omitempty"`
}

// substanceList is the id of the list of substances.
const substanceList = "substance"

//go:embed codelists.json
var codeListsJSON []byte

var codeLists = sync.OnceValue(func() []CodeList {
	var lists []CodeList
	if err := json.Unmarshal(codeListsJSON, &lists); err != nil {
		panic("models: embedded codelists.json: " + err.Error()) // a test reads it
	}
	return append(lists, regionList(), drugRowList(lists))
})

// regionList gives the regions of all countries the form of a code list.
func regionList() CodeList {
	list := CodeList{ID: "region", Source: "ISO 3166-2; KG, TM and UZ from general knowledge; Russian and Kazakh are drafts"}
	for _, country := range Countries {
		for _, r := range countryTable()[country].Regions {
			list.Codes = append(list.Codes, Code{Code: r.Code, Label: r.Name, Labels: r.Labels})
		}
	}
	return list
}

// drugRowList gives the rows of the TDI tables the form of a code list: each is named after
// the substances in it.
func drugRowList(lists []CodeList) CodeList {
	list := CodeList{ID: "tdi_drug_row", Source: "EMCDDA TDI 3.0: rows as in its output tables; Russian and Kazakh are drafts"}
	substances := lists[slices.IndexFunc(lists, func(l CodeList) bool { return l.ID == substanceList })]
	for _, s := range substances.Codes {
		at := slices.IndexFunc(list.Codes, func(c Code) bool { return c.Code == s.TDIRow })
		switch {
		case s.TDIRow == "":
		case at >= 0:
			list.Codes[at].Label += ", " + s.Label
			for lang, label := range s.Labels {
				list.Codes[at].Labels[lang] += ", " + label
			}
		default:
			list.Codes = append(list.Codes, Code{Code: s.TDIRow, Label: s.Label, Labels: maps.Clone(s.Labels)})
		}
	}
	return list
}

// CodeLists returns every code list. The caller must not change the entries.
func CodeLists() []CodeList { return slices.Clone(codeLists()) }

// CodeListByID returns one list.
func CodeListByID(id string) (CodeList, bool) {
	i := slices.IndexFunc(codeLists(), func(l CodeList) bool { return l.ID == id })
	if i < 0 {
		return CodeList{}, false
	}
	return codeLists()[i], true
}

// InList reports whether the list has the code. A list that does not exist has none.
func InList(id, code string) bool {
	_, ok := CodeIn(id, code)
	return ok
}

// Label returns the label of a code, or the code where the list has none.
func Label(id, code string) string {
	c, ok := CodeIn(id, code)
	if !ok {
		return code
	}
	return c.Label
}

// CodeIn returns a code of a list, and whether the list has it.
func CodeIn(id, code string) (Code, bool) {
	list, _ := CodeListByID(id)
	i := slices.IndexFunc(list.Codes, func(c Code) bool { return c.Code == code })
	if i < 0 {
		return Code{}, false
	}
	return list.Codes[i], true
}

// SubstanceGroup3 is the coarsest grouping of releases: opioids, stimulants (with
// cocaine), or other, which includes unknown (disclosure control, table plan). It
// follows from the row of the TDI tables: 1, 2 and 3, or any other.
func SubstanceGroup3(code string) string {
	switch row, _, _ := strings.Cut(TDIRow(code), "."); row {
	case "1":
		return "opioids"
	case "2", "3":
		return "stimulants"
	}
	return "other"
}

// TDIRow returns the row of the TDI 3.0 tables that counts a primary drug. Alcohol
// has none: it is a secondary drug only.
func TDIRow(substance string) string {
	c, _ := CodeIn(substanceList, substance)
	return c.TDIRow
}
