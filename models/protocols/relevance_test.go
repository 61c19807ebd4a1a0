package protocols

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
)

// question is one entry of testdata/questions.yaml.
type question struct {
	Lang   string   `yaml:"lang"`
	Kind   string   `yaml:"kind"`
	Q      string   `yaml:"q"`
	Expect []string `yaml:"expect"`
	Held   bool     `yaml:"held"` // not used to settle the weights
}

// embeddedIndex is the index of the shipped content, built as the service builds it.
var embeddedIndex = sync.OnceValues(func() (*Index, error) {
	c, err := embeddedCatalog()
	if err != nil {
		return nil, err
	}
	<-c.StartIndex()
	x, _ := c.Index()
	return x, nil
})

func shippedIndex(t testing.TB) *Index {
	t.Helper()
	x, err := embeddedIndex()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func questions(t testing.TB) []question {
	t.Helper()
	data, err := os.ReadFile("testdata/questions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Questions []question `yaml:"questions"`
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return file.Questions
}

// place is where the first expected step stands among the results, from 1; 0 is a miss.
func (q question) place(x *Index) (int, Results) {
	r := x.Search(Query{Text: q.Q, Lang: q.Lang, Limit: 20})
	return 1 + slices.IndexFunc(r.Items, func(h Hit) bool { return slices.Contains(q.Expect, h.Step) }), r
}

// measured is the mean reciprocal rank of some questions.
type measured struct {
	n, first, top3 int
	sum            float64
}

func (m *measured) add(place int) {
	m.n++
	if place > 0 {
		m.sum += 1 / float64(place)
	}
	if place == 1 {
		m.first++
	}
	if place > 0 && place <= 3 {
		m.top3++
	}
}

func tally(of map[string]*measured, key string, place int) {
	if of[key] == nil {
		of[key] = &measured{}
	}
	of[key].add(place)
}

func (m *measured) mrr() float64 { return m.sum / float64(m.n) }

// floors lie a little under what was measured; a change that falls below them made the
// search worse. Raise them when it gets better.
var floors = map[string]float64{"en": 0.92, "ru": 0.90, "kk": 0.84}

func TestGolden_SearchAnswersRealQuestions(t *testing.T) {
	t.Parallel()
	x := shippedIndex(t)
	c, _ := embeddedCatalog()
	byLang, byKind, bySet, all := map[string]*measured{}, map[string]*measured{}, map[string]*measured{}, &measured{}
	var misses strings.Builder
	for _, q := range questions(t) {
		for _, step := range q.Expect {
			if _, ok := c.StepByID(step); !ok {
				t.Errorf("%q expects %s, which is no step", q.Q, step)
			}
		}
		place, r := q.place(x)
		tally(byLang, q.Lang, place)
		tally(byKind, q.Kind, place)
		tally(bySet, map[bool]string{false: "settled on", true: "held out"}[q.Held], place)
		all.add(place)
		if place != 1 {
			got := "nothing"
			if len(r.Items) > 0 {
				got = r.Items[0].Step
			}
			fmt.Fprintf(&misses, "| %s | %s | %s | %s | %d | %s |\n", q.Lang, q.Kind, q.Q, strings.Join(q.Expect, ", "), place, got)
		}
	}
	for lang, floor := range floors {
		if byLang[lang] == nil || byLang[lang].n < 20 || byLang[lang].mrr() < floor {
			t.Errorf("%s: %+v, want at least 20 questions and a mean reciprocal rank of %.2f", lang, byLang[lang], floor)
		}
	}
	var report strings.Builder
	table(&report, "language", byLang, all)
	table(&report, "kind of question", byKind, all)
	table(&report, "set", bySet, all)
	fmt.Fprintf(&report, "Questions whose answer is not the first result (0: not among the first 20):\n\n"+
		"| language | kind | question | expected | place | first result |\n|---|---|---|---|---|---|\n%s", misses.String())
	golden(t, filepath.Join("..", "..", "docs", "search.md"), "<!-- measured -->\n", report.String())
}

func table(w *strings.Builder, what string, of map[string]*measured, all *measured) {
	fmt.Fprintf(w, "| %s | questions | MRR | first | in the first 3 |\n|---|---|---|---|---|\n", what)
	keys := []string{}
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	row := func(name string, m *measured) {
		fmt.Fprintf(w, "| %s | %d | %.3f | %d | %d |\n", name, m.n, m.mrr(), m.first, m.top3)
	}
	for _, key := range keys {
		row(key, of[key])
	}
	row("all", all)
	w.WriteString("\n")
}

// golden compares what follows mark in a file, or writes it.
func golden(t *testing.T, file, mark, want string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, got, ok := strings.Cut(string(data), mark)
	if !ok {
		t.Fatalf("%s lacks %q", file, mark)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("%s is stale; run: go test ./models/protocols -update", file)
	}
}
