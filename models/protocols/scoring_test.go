package protocols

import (
	"errors"
	"testing"
	"testing/fstest"

	"jol/models"
)

func TestScoring_FillsInAndRefuses(t *testing.T) {
	t.Parallel()
	score := Scoring(Embedded())
	n := func(points int) *int { return &points }
	all := func(points int) map[string]int {
		items := map[string]int{}
		for _, item := range tool(t, "audit").items() {
			items[item] = points
		}
		return items
	}
	for _, c := range []struct {
		in    models.Scale
		sex   string
		band  string
		total int
		field models.FieldError
	}{
		{in: models.Scale{Tool: "audit", Score: n(9)}, band: "hazardous", total: 9},
		{in: models.Scale{Tool: "audit", Score: n(9), Items: map[string]int{"4": 2}}, band: "harmful", total: 9}, // bump
		{in: models.Scale{Tool: "audit", Items: all(0)}, band: "low"},
		{in: models.Scale{Tool: "audit", Items: all(4)}, band: "possible_dependence", total: 40},
		{in: models.Scale{Tool: "dudit", Score: n(2)}, sex: "F", band: "problem", total: 2},
		{in: models.Scale{Tool: "dudit", Score: n(2)}, sex: "M", band: "below", total: 2},
		{in: models.Scale{Tool: "assist", Key: "alcohol", Score: n(10)}, band: "low", total: 10},
		{in: models.Scale{Tool: "assist", Key: "opioids", Score: n(10)}, band: "moderate", total: 10},
		{in: models.Scale{Tool: "cows", Score: n(13)}, band: "moderate", total: 13},
		{in: models.Scale{Tool: "ciwa", Score: n(9)}, band: "moderate", total: 9},
		{in: models.Scale{Tool: "ciwa", System: "ciwa-10-18", Score: n(9)}, band: "mild", total: 9},
		{in: models.Scale{Tool: "zqx", Score: n(9)}, field: models.FieldError{Pointer: "/tool", Code: "screening.tool_unknown"}},
		{in: models.Scale{Tool: "audit", System: "zqx", Score: n(9)}, field: models.FieldError{Pointer: "/system", Code: "screening.system_unknown"}},
		{in: models.Scale{Tool: "audit", Key: "opioids", Score: n(9)}, field: models.FieldError{Pointer: "/key", Code: "screening.key_unknown"}},
		{in: models.Scale{Tool: "assist", Score: n(9)}, field: models.FieldError{Pointer: "/key", Code: "screening.key_unknown"}},
		{in: models.Scale{Tool: "assist", Key: "zqx", Score: n(9)}, field: models.FieldError{Pointer: "/key", Code: "screening.key_unknown"}},
		{in: models.Scale{Tool: "audit", Score: n(41)}, field: models.FieldError{Pointer: "/score", Code: "screening.score_impossible"}},
		{in: models.Scale{Tool: "audit", Score: n(-1)}, field: models.FieldError{Pointer: "/score", Code: "screening.score_impossible"}},
		{in: models.Scale{Tool: "audit", Score: n(3), Items: map[string]int{"4": 4}}, field: models.FieldError{Pointer: "/score", Code: "screening.score_contradicts_items"}},
		{in: models.Scale{Tool: "audit", Items: map[string]int{"4": 4}}, field: models.FieldError{Pointer: "/score", Code: "screening.score_required"}},
		{in: models.Scale{Tool: "audit", Score: n(9), Items: map[string]int{"9": 3}}, field: models.FieldError{Pointer: "/items/9", Code: "screening.item_impossible"}},
		{in: models.Scale{Tool: "audit", Score: n(9), Items: map[string]int{"zqx": 1}}, field: models.FieldError{Pointer: "/items", Code: "screening.item_unknown"}},
	} {
		var checks models.Checks
		got := score(&checks, &c.in, c.sex)
		err := checks.Err()
		if c.field.Code == "" {
			if err != nil || got.Band != c.band || got.ToolVersion == "" || c.in.System == "" || *c.in.Score != c.total {
				t.Errorf("%+v: %+v, %v", c.in, got, err)
			}
			continue
		}
		var e *models.Error
		if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0] != c.field {
			t.Errorf("%+v: %v, want %+v", c.in, err, c.field)
		}
	}
}

// Without tools nothing is scored, and nothing breaks.
func TestScoring_WithoutTools(t *testing.T) {
	t.Parallel()
	var checks models.Checks
	points := 3
	Scoring(fstest.MapFS{})(&checks, &models.Scale{Tool: "audit", Score: &points}, "F")
	if checks.Err() == nil {
		t.Error("a scale was scored without its tool")
	}
}
