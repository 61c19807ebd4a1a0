package models

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestCodeLists_AreWellFormed(t *testing.T) {
	t.Parallel()
	lists := map[string]bool{}
	for _, list := range CodeLists() {
		if list.ID == "" || list.Source == "" || len(list.Codes) == 0 || lists[list.ID] {
			t.Errorf("list %q is empty, has no source or comes twice", list.ID)
		}
		lists[list.ID] = true
		codes := map[string]bool{}
		for _, c := range list.Codes {
			if c.Code == "" || c.Label == "" || codes[c.Code] {
				t.Errorf("%s: code %q is empty, has no label or comes twice", list.ID, c.Code)
			}
			codes[c.Code] = true
			if !InList(list.ID, c.Code) {
				t.Errorf("InList(%q, %q) = false", list.ID, c.Code)
			}
		}
	}
	if InList("sex", "") || InList("no_such_list", "1") || InList("sex", "1") {
		t.Error("InList knows a code that is not there")
	}
	if _, ok := CodeListByID("no_such_list"); ok {
		t.Error("CodeListByID finds what is not there")
	}
}

// A code is looked for in a list that is there: in one that is not, no code would be good.
func TestCodeLists_AreThereWhereTheyAreAsked(t *testing.T) {
	t.Parallel()
	constants, asked := map[string]string{}, []string{}
	eachFile(t, func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
				if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					constants[spec.Names[0].Name], _ = strconv.Unquote(lit.Value)
				}
			}
			return true
		})
	})
	eachFile(t, func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, ok := call.Fun.(*ast.Ident)
			n0, takes := map[string]int{"InList": 0, "CodeListByID": 0, "requireCode": 1, "requireCodes": 1}[fmt.Sprint(name)]
			if !ok || !takes || len(call.Args) <= n0 {
				return true
			}
			switch arg := call.Args[n0].(type) {
			case *ast.BasicLit:
				id, _ := strconv.Unquote(arg.Value)
				asked = append(asked, id)
			case *ast.Ident:
				if id, ok := constants[arg.Name]; ok {
					asked = append(asked, id)
				}
			}
			return true
		})
	})
	if len(asked) < 30 {
		t.Fatalf("only %v are asked: does the check still see them?", asked)
	}
	for _, id := range asked {
		if _, ok := CodeListByID(id); !ok {
			t.Errorf("codes are looked for in %q, which is no list of codelists.json", id)
		}
	}
}

// A list that has labels in another language has them for every code. What releases, the
// early warning and the disclosure log show must have them, and says that they are drafts.
func TestCodeLists_LabelsAreComplete(t *testing.T) {
	t.Parallel()
	labelled := 0
	for _, list := range CodeLists() {
		must := slices.ContainsFunc([]string{"ews_", "tdi_", "release_", "disclosure_ground", "disclosure_not_told"}, func(p string) bool { return strings.HasPrefix(list.ID, p) }) ||
			slices.Contains([]string{"nps_class", "substance", "region", "sex", estimateKindList}, list.ID)
		if must {
			labelled++
		}
		if must && !strings.Contains(list.Source, "drafts") {
			t.Errorf("%s does not say that its labels are drafts", list.ID)
		}
		for _, c := range list.Codes {
			if ru, kk := c.Labels["ru"], c.Labels["kk"]; (ru == "") != (kk == "") || must && ru == "" || len(c.Labels) > 2 {
				t.Errorf("%s %s: labels %v", list.ID, c.Code, c.Labels)
			}
		}
	}
	if labelled != 39 {
		t.Errorf("%d lists that must have labels", labelled)
	}
}

func TestCodeLists_HoldTheContract(t *testing.T) {
	t.Parallel()
	for id, want := range map[string][]string{
		"sex":              {"F", "M"},
		"referral_state":   ReferralStates,
		"referral_reason":  {"release", "step_up", "step_down", "oat_transfer", "infection_link", "other"},
		"referral_urgency": {"routine", "urgent"},
		"referral_need": {"oat", "detox", "psychosocial", "rehabilitation", "aftercare", "naloxone", "nsp", "hiv_test",
			"hcv_test", "tb_test", "social", "housing", "legal"},
		"end_reason":    {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "99"},
		"consent_state": {"offered", "refused", "given", "withdrawn", "invalid"},
		"legal_basis":   {"voluntary", "court_ordered", "in_custody", "alternative_to_prison"},
		"nps_class": {"synthetic_cannabinoid", "synthetic_cathinone", "phenethylamine", "tryptamine", "lysergamide", "aminoindane", "piperazine",
			"phencyclidine_type", "fentanyl_analogue", "nitazene", "designer_benzodiazepine", "plant_based", "other", "unknown"},
		"ews_source_type":     {"seizure", "collected_sample", "biological_sample", "poisoning", "death", "treatment_report", "drug_checking"},
		"ews_severity":        {"none", "mild", "moderate", "severe", "fatal"},
		"ews_confidentiality": {EWSRestricted, EWSPartners, EWSPublic},
		"tdi_injecting":       {"1", "2.1", "2.2", "2.3", "3", "99"},
	} {
		list, _ := CodeListByID(id)
		var got []string
		for _, c := range list.Codes {
			got = append(got, c.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s = %v, want %v", id, got, want)
		}
	}
}

func TestSubstances_HaveBothICDCodes(t *testing.T) {
	t.Parallel()
	icd10 := map[string]string{ // ICD-11 stem to ICD-10: total on the list, never the reverse
		"6C40": "F10", "6C41": "F12", "6C42": "F12", "6C43": "F11", "6C44": "F13", "6C45": "F14", "6C46": "F15", "6C47": "F15",
		"6C49": "F16", "6C4B": "F18", "6C4C": "F15", "6C4D": "F16", "6C4E": "F19", "6C4F": "F19", "6C4G": "F19",
	}
	list, ok := CodeListByID("substance")
	if !ok || len(list.Codes) != 33 {
		t.Fatalf("%d substances, want 33", len(list.Codes))
	}
	groups := map[string]int{}
	for _, c := range list.Codes {
		groups[SubstanceGroup3(c.Code)]++
		if c.Code == "99" {
			if ICD10("99") != "" || ICD11("99") != "" || TDIRow("99") != "99" {
				t.Error("the unknown substance has an ICD code")
			}
			continue
		}
		if ICD10(c.Code) == "" || ICD10(c.Code) != icd10[ICD11(c.Code)] {
			t.Errorf("%s: ICD-10 %q, ICD-11 %q", c.Code, ICD10(c.Code), ICD11(c.Code))
		}
		n, err := strconv.Atoi(c.Code)
		if err != nil {
			t.Fatal(err)
		}
		want := "other"
		if n < 20 {
			want = "opioids"
		} else if n < 40 {
			want = "stimulants"
		}
		if SubstanceGroup3(c.Code) != want {
			t.Errorf("SubstanceGroup3(%s) = %s, want %s", c.Code, SubstanceGroup3(c.Code), want)
		}
		if (TDIRow(c.Code) == "") != (c.Code == "80") {
			t.Errorf("%s: TDI row %q; alcohol alone has none", c.Code, TDIRow(c.Code))
		}
	}
	if groups["opioids"] != 8 || groups["stimulants"] != 8 || groups["other"] != 17 {
		t.Errorf("groups = %v", groups)
	}
	if SubstanceGroup3("no such") != "other" {
		t.Error("an unknown code is not in the group other")
	}
}
