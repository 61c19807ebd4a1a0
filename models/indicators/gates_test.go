package indicators

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

func TestGates_RegionsJoinTheNextByCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		totals []total
		want   map[string]string
	}{
		"all large":               {[]total{{"A", 200}, {"B", 5000}}, map[string]string{}},
		"small joins the next":    {[]total{{"A", 199}, {"B", 900}, {"C", 300}}, map[string]string{"A": "A+B", "B": "A+B"}},
		"two small reach it":      {[]total{{"A", 120}, {"B", 80}, {"C", 300}}, map[string]string{"A": "A+B", "B": "A+B"}},
		"hidden counts as none":   {[]total{{"A", 0}, {"B", 0}, {"C", 200}}, map[string]string{"A": "A+B+C", "B": "A+B+C", "C": "A+B+C"}},
		"the last joins the last": {[]total{{"A", 500}, {"B", 300}, {"C", 50}}, map[string]string{"B": "B+C", "C": "B+C"}},
		"a country under it":      {[]total{{"A", 50}, {"B", 60}}, map[string]string{"A": "A+B", "B": "A+B"}},
	} {
		if got := mergeRegions(c.totals); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestGates_RareDrugsShareARow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		totals []total
		want   map[string]string
	}{
		"all common":                  {[]total{{"1.1", 900}, {"1.2", 200}}, map[string]string{}},
		"the whole group":             {[]total{{"1.1", 100}, {"1.2", 20}}, map[string]string{"1.1": "1", "1.2": "1"}},
		"the rest":                    {[]total{{"1.1", 900}, {"1.2", 20}, {"1.3", 199}}, map[string]string{"1.2": "1.rest", "1.3": "1.rest"}},
		"one alone takes a neighbour": {[]total{{"1.1", 900}, {"1.2", 300}, {"1.3", 20}}, map[string]string{"1.2": "1.rest", "1.3": "1.rest"}},
		"one of two":                  {[]total{{"2.1", 900}, {"2.2", 20}}, map[string]string{"2.1": "2", "2.2": "2"}},
		"a group of one row":          {[]total{{"6", 3}, {"99", 0}}, map[string]string{}},
	} {
		if got := mergeDrugs(c.totals); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestGates_JoinedCellsHoldTheSamePeople joins and compares with a count of each cell.
func TestGates_JoinedCellsHoldTheSamePeople(t *testing.T) {
	t.Parallel()
	country := Country{Code: "KZ", Regions: testCountry.Regions[:4]}
	a := accumulate(t, Ministry, country, Annual, "2026", people(4, 500, country.Regions))
	names := map[string]string{country.Regions[1]: "x", country.Regions[2]: "x"}
	for _, tl := range a.tallies {
		m := tl.merged(DimRegion, names)
		want := map[string]cell{}
		for i, c := range tl.cells {
			codes := tl.coordinates(i)
			for d, dimension := range tl.line.Dimensions {
				if dimension == DimRegion && names[codes[d]] != "" {
					codes[d] = names[codes[d]]
				}
			}
			key := strings.Join(codes, "|")
			want[key] = cell{want[key].n + c.n, want[key].keys + c.keys}
		}
		if len(want) != len(m.cells) {
			t.Fatalf("%s: %d cells, want %d", tl.id, len(m.cells), len(want))
		}
		for i, c := range m.cells {
			if key := strings.Join(m.coordinates(i), "|"); want[key] != c {
				t.Errorf("%s %s: %+v, want %+v", tl.id, key, c, want[key])
			}
		}
	}
}

func TestGates_SmallRegionsAreShownTogetherInTwoAttributeTablesOnly(t *testing.T) {
	t.Parallel()
	country := Country{Code: "KZ", Regions: testCountry.Regions[:6]}
	r := seal(t, accumulate(t, Ministry, country, Annual, "2026", people(4, 2000, country.Regions)), 7)
	one, _ := r.Table("TDI01.region.sex")
	two, _ := r.Table("TDI01.region.sex.age")
	if len(one.Cells) != 12 || slices.ContainsFunc(one.Cells, func(c Cell) bool { return c.Flag == Joined }) {
		t.Errorf("one attribute: %d cells", len(one.Cells))
	}
	joined := 0
	for _, c := range two.Cells {
		if plus := strings.Contains(c.Codes[0], "+"); plus != (c.Flag == Joined) && c.Value != nil {
			t.Errorf("%v: flag %q", c.Codes, c.Flag)
		} else if plus {
			joined++
		}
	}
	if joined == 0 || len(two.Cells) >= 36 {
		t.Errorf("%d joined of %d cells", joined, len(two.Cells))
	}
}

// annual makes what the store gives of an annual release.
func annual(r Release, changed int64) *models.AnnualRelease {
	a := &models.AnnualRelease{ChangedClients: changed, Tables: map[string]string{}}
	for _, t := range r.Tables {
		a.Tables[t.ID] = string(t.JSON())
	}
	return a
}

func TestGates_RevisionNeeds200ClientsAndOnePercent(t *testing.T) {
	t.Parallel()
	published := func(entrants, changed int64) *models.AnnualRelease {
		return &models.AnnualRelease{ChangedClients: changed, Tables: map[string]string{
			entrantTotal: fmt.Sprintf(`{"cells":[{"value":%d}]}`, entrants), regionTotals: `{"cells":[]}`, drugTotals: `{"cells":[]}`,
		}}
	}
	for _, c := range []struct {
		annual *models.AnnualRelease
		ok     bool
	}{
		{nil, false}, {published(30_000, 0), false}, {published(30_000, 299), false}, {published(30_000, 300), true},
		{published(300, 199), false}, {published(300, 200), true}, {published(20_000, 200), true}, {published(20_001, 200), false},
	} {
		_, err := Begin(models.SealRequest{Country: "KZ", Period: "2026", Status: "revision", Profile: "ministry", Today: "2027-06-01", Annual: c.annual})
		if (err == nil) != c.ok || err != nil && !models.IsKind(err, models.KindConflict) {
			t.Errorf("%v: %v", c.annual != nil, err)
		}
	}
	if err := mayRevise(&models.AnnualRelease{ChangedClients: 5000, Tables: map[string]string{}}); err == nil {
		t.Error("an annual release without its total was enough")
	}
}

// TestGates_RevisionKeepsTheLayoutAndDrawsEveryCellAnew seals the same people again.
func TestGates_RevisionKeepsTheLayoutAndDrawsEveryCellAnew(t *testing.T) {
	t.Parallel()
	country := Country{Code: "KZ", Regions: testCountry.Regions[:6]}
	rows := people(4, 2000, country.Regions)
	first := seal(t, accumulate(t, Ministry, country, Annual, "2026", rows), 7)
	layout, err := layoutOfRelease(annual(first, 0).Tables)
	if err != nil || len(layout.Regions) == 0 {
		t.Fatal(err, layout)
	}
	again := accumulate(t, Ministry, country, Revision, "2026", rows)
	again.layout = layout
	second := seal(t, again, 8)
	same, shown := 0, 0
	for _, a := range first.Tables {
		b, ok := second.Table(a.ID)
		if !ok && a.Period == first.Period || ok && len(a.Cells) != len(b.Cells) {
			t.Fatalf("%s has another layout", a.ID)
		}
		if !ok { // carried from an earlier period: that has its own revision, or none
			continue
		}
		for k := range a.Cells {
			if a.Cells[k].Value == nil || b.Cells[k].Value == nil {
				continue
			}
			if shown++; *a.Cells[k].Value == *b.Cells[k].Value {
				same++
			}
		}
	}
	// Two draws with sd 2 are equal in 14 of 100, with sd 3 in 9.
	if shown < 300 || same*100 > shown*25 {
		t.Errorf("%d of %d cells have the same value again", same, shown)
	}
}

// Every combination of period, status and profile is sealed or refused by name.
func TestBegin_AnswersEveryRequest(t *testing.T) {
	t.Parallel()
	r := seal(t, accumulate(t, Ministry, testCountry, Annual, "2026", people(5, 800, testCountry.Regions)), 1)
	for _, c := range []struct{ period, status, profile, code string }{
		{"1900Q1", "final", "ministry", "release.period_unknown"},
		{"1900", "annual", "ministry", "release.period_unknown"},
		{"1901Q1", "final", "open_data", "release.period_unknown"},
		{"1950", "annual", "ministry", "release.period_unknown"},
		{"1999", "annual", "ministry", "release.period_unknown"},
		{"2000", "annual", "ministry", ""},
		{"2000Q1", "final", "ministry", ""},
		{"2000Q1", "provisional", "open_data", ""},
		{"2026", "revision", "ministry", ""},
		{"2026", "revision", "open_data", "release.revision_gate"},
		{"2200", "annual", "ministry", "release.too_early"},
		{"2200Q4", "final", "ministry", "release.too_early"},
	} {
		_, err := Begin(models.SealRequest{Country: "KZ", Period: c.period, Status: c.status, Profile: c.profile, Today: "2027-10-01", Annual: annual(r, 400)})
		var refusal *models.Error
		if code := ""; err != nil && (!errors.As(err, &refusal) || refusal.Code != c.code) || err == nil && c.code != code {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
