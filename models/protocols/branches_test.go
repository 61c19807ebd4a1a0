package protocols

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

var testTime = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// branchRow is one row of testdata/branches.yaml.
type branchRow struct {
	Step     string         `yaml:"step"`
	Branch   string         `yaml:"branch"`
	Answer   bool           `yaml:"answer"`
	Facts    map[string]any `yaml:"facts"`
	Facility struct {
		Country string `yaml:"country"`
		Setting string `yaml:"setting"`
	} `yaml:"facility"`
	Also    []string `yaml:"also"`
	To      []string `yaml:"to"`
	Outcome string   `yaml:"outcome"`
	Source  string   `yaml:"source"`
}

func branchRows(t testing.TB) []branchRow {
	t.Helper()
	data, err := os.ReadFile("testdata/branches.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Rows []branchRow `yaml:"rows"`
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return file.Rows
}

// asJSON gives facts the types that a request has.
func asJSON(t testing.TB, facts map[string]any) map[string]any {
	t.Helper()
	b, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (row branchRow) inquiry(t testing.TB) Inquiry {
	in := Inquiry{At: testTime, From: []string{row.Step}, Facts: asJSON(t, row.Facts),
		Facility: Facility{Country: row.Facility.Country, Setting: row.Facility.Setting}}
	if row.Answer {
		in.Answers = map[string][]string{row.Step: {row.Branch}}
	}
	return in
}

func TestBranches_EveryOneIsDecidedAsItsRowSays(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range branchRows(t) {
		t.Run(row.Step+"/"+row.Branch, func(t *testing.T) {
			t.Parallel()
			s, ok := c.StepByID(row.Step)
			if !ok {
				t.Fatal("no such step")
			}
			e, err := c.Evaluate(s.Protocol, "en", row.inquiry(t))
			if err != nil {
				t.Fatal(err)
			}
			checkRow(t, row, e)
		})
	}
}

func checkRow(t *testing.T, row branchRow, e *Evaluation) {
	t.Helper()
	i := slices.IndexFunc(e.Steps, func(s StepResult) bool { return s.ID == row.Step })
	if i < 0 {
		t.Fatal("the step does not apply")
	}
	var held []string
	for _, b := range e.Steps[i].Branches {
		held = append(held, b.Branch)
		if b.Branch != row.Branch {
			continue
		}
		if !slices.Equal(b.To, orEmpty(row.To)) || (b.Outcome == nil) != (row.Outcome == "") || b.Outcome != nil && b.Outcome.Code != row.Outcome {
			t.Errorf("ends in %v %v, want %v %q", b.To, b.Outcome, row.To, row.Outcome)
		}
		for _, to := range b.To {
			if !slices.ContainsFunc(e.Steps, func(s StepResult) bool { return s.ID == to }) {
				t.Errorf("%s does not apply", to)
			}
		}
		if row.Answer != (b.Kind == ReasonAnswer) || !row.Answer && len(b.Facts) == 0 {
			t.Errorf("branch is of kind %s and used %v", b.Kind, b.Facts)
		}
	}
	want := append([]string{row.Branch}, row.Also...)
	slices.Sort(held)
	if slices.Sort(want); !slices.Equal(held, want) {
		t.Errorf("branches %v hold, want %v", held, want)
	}
}

// Every one of the 332 branches has a row, with its source, and every row a branch.
func TestBranches_TableIsComplete(t *testing.T) {
	t.Parallel()
	_, steps := servedSteps(t)
	rows := map[string]bool{}
	for _, row := range branchRows(t) {
		if row.Source == "" {
			t.Errorf("%s/%s has no source", row.Step, row.Branch)
		}
		rows[row.Step+"/"+row.Branch] = true
	}
	n, asks := 0, 0
	for _, s := range steps {
		for _, b := range s.Branches {
			n++
			if b.Rule == "ask" {
				asks++
			}
			if (b.Rule == "when") != (b.When != nil) {
				t.Errorf("%s/%s: rule %s with %v", s.ID, b.ID, b.Rule, b.When)
			}
			if !rows[s.ID+"/"+b.ID] {
				t.Errorf("%s/%s has no row", s.ID, b.ID)
			}
		}
	}
	if n != 332 || len(rows) != 332 {
		t.Errorf("%d branches, %d rows", n, len(rows))
	}
	t.Logf("%d branches are computed, %d are human decisions", n-asks, asks)
}
