package exchange

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"jol/models"
	"jol/models/indicators"
)

var uidForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{10}$`)

func TestDHIS2_UIDsAreStable(t *testing.T) {
	t.Parallel()
	ministry := &Sealed{Profile: "ministry"}
	// Changing one of these orphans what a country's DHIS2 already holds.
	for want, got := range map[string]string{
		"p89sMNHHk81": ministry.elementUID(&SealedTable{ID: "TDI01.sex", Period: "2026Q1"}, measureCount),
	} {
		if got != want {
			t.Errorf("the UID was %s and is %s", want, got)
		}
	}
	late := ministry.elementUID(&SealedTable{ID: "OAT03.total.2025Q3", Period: "2025Q3"}, measureNumerator)
	if own := ministry.elementUID(&SealedTable{ID: "OAT03.total", Period: "2026Q1"}, measureNumerator); own != late {
		t.Error("numbers that became final late are of another element")
	}
}

// TestDHIS2_PayloadRules holds values and metadata to what the documents of DHIS2 ask for.
func TestDHIS2_PayloadRules(t *testing.T) {
	t.Parallel()
	periods := map[string]*regexp.Regexp{"Quarterly": regexp.MustCompile(`^\d{4}Q[1-4]$`), "Yearly": regexp.MustCompile(`^\d{4}$`)}
	for period, status := range map[string]string{"2026Q4": "final", "2026": "annual"} {
		s, err := NewSealed(sealedFor(t, period, status))
		if err != nil {
			t.Fatal(err)
		}
		m, set := s.Metadata(planOf(t, "ministry")), s.DataValues()
		ids := metadataRules(t, m)
		kindOf := map[string][]string{}
		for _, d := range m.DataSets {
			for _, e := range d.DataSetElements {
				kindOf[e.DataElement.ID] = append(kindOf[e.DataElement.ID], d.PeriodType)
			}
		}
		seen := map[string]bool{}
		for _, v := range set.DataValues {
			key := v.DataElement + " " + v.Period + " " + v.OrgUnit + " " + v.CategoryOptionCombo
			if seen[key] {
				t.Fatalf("%s is there twice", key)
			}
			seen[key] = true
			if ids[v.DataElement] != "dataElement" || v.CategoryOptionCombo != "" && ids[v.CategoryOptionCombo] != "categoryOptionCombo" {
				t.Errorf("%+v is not in the metadata", v)
			}
			fits := false
			for _, kind := range kindOf[v.DataElement] {
				fits = fits || periods[kind].MatchString(v.Period)
			}
			if len(v.OrgUnit) > 50 || !fits || !regexp.MustCompile(`^(0|[1-9]\d*)$`).MatchString(v.Value) || !strings.HasPrefix(v.OrgUnit, "KZ") || v.Value == "0" && v.Comment != "exact 0" {
				t.Errorf("%+v", v)
			}
		}
		if len(seen) == 0 {
			t.Error("no value")
		}
		raw, _ := jsonOf(set)
		var loose struct{ DataValues []map[string]any }
		if err := json.Unmarshal(raw, &loose); err != nil {
			t.Fatal(err)
		}
		for _, v := range loose.DataValues {
			if _, ok := v["value"].(string); !ok {
				t.Fatalf("a value is no string: %v", v)
			}
		}
	}
}

// planOf is what releases of a profile can hold.
func planOf(t *testing.T, profile string) []SealedTable {
	t.Helper()
	tables, err := indicators.Outline(indicators.Profile(profile), "KZ")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSealed(&models.Release{Country: "KZ", Profile: profile, Tables: tables})
	if err != nil {
		t.Fatal(err)
	}
	return s.Tables
}

// TestDHIS2_OnePackageForAllReleases imports one after another: none takes anything out of
// what the one before made.
func TestDHIS2_OnePackageForAllReleases(t *testing.T) {
	t.Parallel()
	plan := planOf(t, "ministry")
	var first []byte
	for _, c := range [][2]string{{"2026Q2", "provisional"}, {"2026Q2", "final"}, {"2026Q4", "final"}, {"2026", "annual"}} {
		s, err := NewSealed(sealedFor(t, c[0], c[1]))
		if err != nil {
			t.Fatal(err)
		}
		m := written(t, s.Metadata(plan))
		if first == nil {
			first = m
		}
		if !bytes.Equal(m, first) {
			t.Errorf("%s %s brings another package", c[0], c[1])
		}
	}
	empty := written(t, (&Sealed{Country: "KZ", Profile: "ministry"}).Metadata(nil))
	if bytes.Contains(empty, []byte("null")) {
		t.Errorf("an empty list is null: %s", empty)
	}
}

// TestDHIS2_ProfilesShareNoNumbers keeps the two profiles apart, which have different draws:
// no element, set or indicator of one is of the other, and both fit in one DHIS2.
func TestDHIS2_ProfilesShareNoNumbers(t *testing.T) {
	t.Parallel()
	ministry := (&Sealed{Country: "KZ", Profile: "ministry"}).Metadata(planOf(t, "ministry"))
	public := (&Sealed{Country: "KZ", Profile: "open_data"}).Metadata(planOf(t, "open_data"))
	metadataRules(t, public)
	both := ministry
	both.DataElements = slices.Concat(ministry.DataElements, public.DataElements)
	both.DataSets = slices.Concat(ministry.DataSets, public.DataSets)
	both.Indicators = slices.Concat(ministry.Indicators, public.Indicators)
	metadataRules(t, both)
	if len(public.DataElements) == 0 || len(public.DataSets) != 2 {
		t.Errorf("%d elements, %d sets", len(public.DataElements), len(public.DataSets))
	}
	shared := map[string]MetaCategory{}
	for _, c := range ministry.Categories {
		shared[c.ID] = c
	}
	for _, c := range public.Categories { // the same, or the second import would cut it
		if !reflect.DeepEqual(shared[c.ID], c) {
			t.Errorf("category %s differs", c.Name)
		}
	}
}

// TestDHIS2_StaleValues takes back what an earlier release showed and this one does not.
func TestDHIS2_StaleValues(t *testing.T) {
	t.Parallel()
	release := func(status, profile, cells string) *Sealed {
		s, err := NewSealed(&models.Release{ID: "KZ-2026Q1-" + status, Country: "KZ", Period: "2026Q1", Status: status, Profile: profile, Tables: []models.ReleaseTable{
			{TableID: "TDI01.region", JSON: `{"table":"TDI01.region","title":"x","dimensions":["region"],"method":{"floor":5},"cells":[` + cells + `]}`}}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := release("provisional", "ministry", `{"region":"KZ-10","value":7,"lo95":null,"hi95":11},{"region":"KZ-11","value":9},{"region":"KZ-15","value":8},{"region":"KZ-19","value":null,"flag":"below_floor"}`)
	now := release("final", "ministry", `{"region":"KZ-10","value":null,"flag":"below_floor"},{"region":"KZ-11+KZ-15","value":17,"flag":"merged"},{"region":"KZ-19","value":null,"flag":"below_floor"}`)
	var got []string
	for _, v := range now.Stale([]*Sealed{before, before}) {
		got = append(got, v.OrgUnit+" "+v.Value)
		if v.Comment != "" {
			t.Errorf("%s: an interval goes with a value that is taken back: %s", v.OrgUnit, v.Comment)
		}
	}
	if !slices.Equal(got, []string{"KZ-10 7", "KZ-11 9", "KZ-15 8"}) {
		t.Error(got)
	}
	public := release("final", "open_data", `{"region":"KZ-10","value":null,"flag":"below_floor"}`)
	if got := public.Stale([]*Sealed{before}); got == nil || len(got) != 0 {
		t.Errorf("another profile's values are taken back: %v", got)
	}
}

// metadataRules checks the package and returns what each id is.
func metadataRules(t *testing.T, m Metadata) map[string]string {
	t.Helper()
	ids, unique := map[string]string{}, map[string]bool{}
	add := func(kind string, n MetaNamed) {
		if !uidForm.MatchString(n.ID) || ids[n.ID] != "" {
			t.Errorf("%s %s: no UID, or there twice", kind, n.ID)
		}
		ids[n.ID] = kind
		if n.Name == "" || utf8.RuneCountInString(n.Name) > 230 || utf8.RuneCountInString(n.ShortName) > 50 || utf8.RuneCountInString(n.Code) > 50 {
			t.Errorf("%s %+v: name or code is too long", kind, n)
		}
		for what, text := range map[string]string{"name": n.Name, "short name": n.ShortName, "code": n.Code} {
			if key := kind + what + text; text != "" && unique[key] {
				t.Errorf("%s: %s %q is there twice", kind, what, text)
			} else {
				unique[key] = true
			}
		}
	}
	refer := func(from, kind string, refs ...MetaRef) {
		for _, r := range refs {
			if ids[r.ID] != kind {
				t.Errorf("%s refers to %s, which is no %s", from, r.ID, kind)
			}
		}
	}
	for _, o := range m.CategoryOptions {
		add("categoryOption", o.MetaNamed)
	}
	for _, c := range m.Categories {
		add("category", c.MetaNamed)
		refer(c.Name, "categoryOption", c.CategoryOptions...)
	}
	for _, c := range m.CategoryCombos {
		add("categoryCombo", c.MetaNamed)
		if !c.SkipTotal {
			t.Errorf("%s: cells with noise of their own are summed", c.Name)
		}
		refer(c.Name, "category", c.Categories...)
	}
	for _, c := range m.CategoryOptionCombos {
		add("categoryOptionCombo", c.MetaNamed)
		refer(c.Name, "categoryCombo", c.CategoryCombo)
		refer(c.Name, "categoryOption", c.CategoryOptions...)
	}
	for _, e := range m.DataElements {
		add("dataElement", e.MetaNamed)
		if e.CategoryCombo != nil {
			refer(e.Name, "categoryCombo", *e.CategoryCombo)
		}
		if e.AggregationType != "NONE" || e.DomainType != "AGGREGATE" || e.ValueType != "INTEGER_ZERO_OR_POSITIVE" {
			t.Errorf("%+v", e)
		}
	}
	for _, d := range m.DataSets {
		add("dataSet", d.MetaNamed)
		for _, e := range d.DataSetElements {
			refer(d.Name, "dataElement", e.DataElement)
		}
	}
	for _, i := range m.IndicatorTypes {
		add("indicatorType", i.MetaNamed)
	}
	for _, i := range m.Indicators {
		add("indicator", i.MetaNamed)
		refer(i.Name, "indicatorType", i.IndicatorType)
		for _, expression := range []string{i.Numerator, i.Denominator} {
			refer(i.Name, "dataElement", MetaRef{strings.TrimSuffix(strings.TrimPrefix(expression, "#{"), "}")})
		}
	}
	return ids
}

func TestFHIR_ReportsNameNobody(t *testing.T) {
	t.Parallel()
	s, err := NewSealed(sealedFor(t, "2026", "annual"))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := s.FHIR()
	if err != nil {
		t.Fatal(err)
	}
	raw := string(written(t, bundle))
	for _, word := range []string{"evaluatedResource", "subjectResults", "Patient", "EpisodeOfCare", "subject-list"} {
		if strings.Contains(raw, word) {
			t.Errorf("the bundle has %s", word)
		}
	}
	ids := map[string]bool{}
	for _, e := range bundle.Entry {
		if ids[e.FullURL] || len(e.FullURL[strings.LastIndex(e.FullURL, "/")+1:]) > 64 {
			t.Errorf("%s is there twice or too long", e.FullURL)
		}
		ids[e.FullURL] = true
	}
}
