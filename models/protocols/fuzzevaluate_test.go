package protocols

import (
	"encoding/json"
	"errors"
	"testing"

	"jol/models"
)

// FuzzEvaluate gives arbitrary facts to a whole protocol: the answer is an evaluation,
// the same one twice, or a refusal with pointers, and never a panic.
func FuzzEvaluate(f *testing.F) {
	c, err := embeddedCatalog()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{`{}`, `{"triggers":["screening"],"age":-1}`, `{"audit_items":{"4":2},"audit_score":9}`,
		`{"last_dose_taken":"0000-00-00"}`, `{"missed_doses":1e300}`, `{"assist_scores":{"tobacco":31,"":0}}`, `{"in_custody":null}`} {
		f.Add([]byte(seed), "KZ", "clinic", "none")
	}
	for _, row := range branchRows(f) {
		b, err := json.Marshal(row.Facts)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, row.Facility.Country, row.Facility.Setting, "gap-48h")
	}
	f.Fuzz(func(t *testing.T, data []byte, country, setting, gapRule string) {
		facts := map[string]any{}
		if json.Unmarshal(data, &facts) != nil {
			return
		}
		in := Inquiry{At: testTime, Facts: facts, Facility: Facility{Country: country, Setting: setting, GapRule: gapRule}}
		first, err := c.Evaluate(tp, "en", in)
		if err != nil {
			var problem *models.Error
			if !errors.As(err, &problem) || len(problem.Fields) == 0 {
				t.Fatalf("refused without a pointer: %v", err)
			}
			return
		}
		second, err := c.Evaluate(tp, "en", in)
		if err != nil {
			t.Fatal(err)
		}
		a, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := json.Marshal(second); string(a) != string(b) {
			t.Fatal("two answers to one inquiry")
		}
	})
}

// twentyFacts is a busy first contact.
func twentyFacts() Inquiry {
	return Inquiry{At: testTime, Facility: Facility{Country: "KZ", Setting: "clinic"}, Facts: map[string]any{
		"triggers": []any{"first_contact", "screening", "assessment", "missed_doses"}, "breathing_depressed": false, "recent_substances": []any{"11"},
		"substances": []any{"11", "80"}, "confused": false, "seizure": false, "needs_interpreter": false, "needs_easy_read": false,
		"legal_basis": "voluntary", "asks_anonymity": false, "age": 34.0, "sex": "F", "audit_score": 17.0, "dudit_score": 26.0,
		"suicide_risk": "none", "in_withdrawal": false, "intoxicated": false, "dependence": []any{"opioid"}, "oat_medicine": "methadone",
		"last_dose_taken": "2026-03-07T05:00:00Z",
	}}
}

func BenchmarkEvaluate(b *testing.B) {
	c := load(b, Embedded())
	in := twentyFacts()
	if len(in.Facts) != 20 {
		b.Fatal(len(in.Facts))
	}
	e, err := c.Evaluate(tp, "en", in)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(e.Steps)), "steps")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Evaluate(tp, "en", in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvaluateEveryStep looks at all steps of a protocol, which no person's facts
// reach at once: the worst there is.
func BenchmarkEvaluateEveryStep(b *testing.B) {
	c := load(b, Embedded())
	in := twentyFacts()
	for _, s := range c.content.orderedSteps() {
		if s.Protocol == tp {
			in.From = append(in.From, s.ID)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Evaluate(tp, "en", in); err != nil {
			b.Fatal(err)
		}
	}
}
