package protocols

import (
	"errors"
	"testing"
)

func tool(t testing.TB, id string) *Tool {
	t.Helper()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	out, ok := c.Tool(id)
	if !ok {
		t.Fatalf("no tool %s", id)
	}
	return out
}

func TestTool_BandsAtTheirBorders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tool, system, key string
		score             int
		sex               string
		items             map[string]int
		want              string
		err               error
	}{
		{"audit", "", "", 7, "", nil, "low", nil},
		{"audit", "", "", 8, "", nil, "hazardous", nil},
		{"audit", "", "", 15, "", nil, "hazardous", nil},
		{"audit", "", "", 16, "", nil, "harmful", nil},
		{"audit", "", "", 19, "", nil, "harmful", nil},
		{"audit", "", "", 20, "", nil, "possible_dependence", nil},
		{"audit", "", "", 40, "", nil, "possible_dependence", nil},
		{"audit", "", "", 41, "", nil, "", errScore},
		{"audit", "", "", -1, "", nil, "", errScore},
		{"audit", "", "", 7, "", map[string]int{"4": 2}, "hazardous", nil},
		{"audit", "", "", 7, "", map[string]int{"4": 1, "9": 2}, "low", nil},
		{"audit", "", "", 8, "", map[string]int{"10": 4}, "harmful", nil},
		{"audit", "", "", 16, "", map[string]int{"6": 3}, "possible_dependence", nil},
		{"audit", "", "", 20, "", map[string]int{"6": 3}, "possible_dependence", nil},
		{"audit", "", "", 2, "", map[string]int{"6": 3}, "", errSum},
		{"audit", "", "", 9, "", map[string]int{"9": 3}, "", errItem},
		{"audit", "", "", 9, "", map[string]int{"11": 1}, "", errItem},
		{"audit", "other", "", 9, "", nil, "", errSystem},
		{"dudit", "", "", 1, "F", nil, "below", nil},
		{"dudit", "", "", 2, "F", nil, "problem", nil},
		{"dudit", "", "", 5, "M", nil, "below", nil},
		{"dudit", "", "", 6, "M", nil, "problem", nil},
		{"dudit", "", "", 24, "", nil, "problem", nil},
		{"dudit", "", "", 25, "", nil, "dependence", nil},
		{"dudit", "", "", 2, "", nil, "", errNeedsSex},
		{"dudit", "", "", 44, "M", map[string]int{"1": 4, "2": 4, "3": 4, "4": 4, "5": 4, "6": 4, "7": 4, "8": 4, "9": 4, "10": 4, "11": 4}, "dependence", nil},
		{"dudit", "", "", 43, "M", map[string]int{"1": 4, "2": 4, "3": 4, "4": 4, "5": 4, "6": 4, "7": 4, "8": 4, "9": 4, "10": 4, "11": 4}, "", errSum},
		{"assist", "", "opioids", 3, "", nil, "low", nil},
		{"assist", "", "opioids", 4, "", nil, "moderate", nil},
		{"assist", "", "opioids", 26, "", nil, "moderate", nil},
		{"assist", "", "opioids", 27, "", nil, "high", nil},
		{"assist", "", "alcohol", 10, "", nil, "low", nil},
		{"assist", "", "alcohol", 11, "", nil, "moderate", nil},
		{"assist", "", "alcohol", 27, "", nil, "high", nil},
		{"assist", "", "tobacco", 31, "", nil, "high", nil},
		{"assist", "", "tobacco", 32, "", nil, "", errScore},
		{"assist", "", "opioids", 39, "", nil, "high", nil},
		{"cows", "", "", 4, "", nil, "none", nil},
		{"cows", "", "", 5, "", nil, "mild", nil},
		{"cows", "", "", 12, "", nil, "mild", nil},
		{"cows", "", "", 13, "", nil, "moderate", nil},
		{"cows", "", "", 24, "", nil, "moderate", nil},
		{"cows", "", "", 25, "", nil, "moderately_severe", nil},
		{"cows", "", "", 36, "", nil, "moderately_severe", nil},
		{"cows", "", "", 37, "", nil, "severe", nil},
		{"cows", "", "", 49, "", nil, "", errScore},
		{"ciwa", "", "", 7, "", nil, "mild", nil},
		{"ciwa", "", "", 8, "", nil, "moderate", nil},
		{"ciwa", "", "", 15, "", nil, "moderate", nil},
		{"ciwa", "", "", 16, "", nil, "severe", nil},
		{"ciwa", "ciwa-10-18", "", 9, "", nil, "mild", nil},
		{"ciwa", "ciwa-10-18", "", 10, "", nil, "moderate", nil},
		{"ciwa", "ciwa-10-18", "", 18, "", nil, "moderate", nil},
		{"ciwa", "ciwa-10-18", "", 19, "", nil, "severe", nil},
		{"ciwa", "", "", 67, "", nil, "severe", nil},
		{"ciwa", "", "", 68, "", nil, "", errScore},
	} {
		got, err := tool(t, c.tool).Band(c.system, c.key, c.score, c.sex, c.items)
		if got.ID != c.want && c.err == nil || !errors.Is(err, c.err) {
			t.Errorf("%s %s %s %d %s %v: got %s, %v", c.tool, c.system, c.key, c.score, c.sex, c.items, got.ID, err)
		}
	}
}

// The highest points of all items are the highest score of the tool.
func TestTool_ItemsAddUpToTheRange(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"audit", "dudit", "cows", "ciwa"} {
		sum := 0
		for _, v := range tool(t, id).ItemValues {
			sum += len(v.Items) * v.Values[len(v.Values)-1]
		}
		if sum != tool(t, id).Max {
			t.Errorf("%s: items add up to %d of %d", id, sum, tool(t, id).Max)
		}
	}
}
