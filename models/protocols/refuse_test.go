package protocols

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	stepsFile = "demo/steps/p-one.yaml"
	textFile  = "demo/text/en/p-one.yaml"
)

func TestLoad_RefusesBrokenContent(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, file, old, text string
		wantFile              string
		line                  int
		reason                string
	}{
		{"duplicate step id", stepsFile, "id: s-two", "id: s-one", stepsFile, 16, "step s-one is defined twice"},
		{"duplicate branch id", stepsFile, "id: better", "id: worse", stepsFile, 8, "branch worse appears twice in s-one"},
		{"unknown target", stepsFile, "to: [s-two]", "to: [s-nine]", stepsFile, 8, `unknown step "s-nine"`},
		{"branch without end", stepsFile, ", to: [s-two]", "", stepsFile, 8, "has no end"},
		{"branch with two ends", stepsFile, "to: [s-two]", "to: [s-two], outcome: inpatient_care", stepsFile, 8, "both"},
		{"unknown outcome", stepsFile, "outcome: inpatient_care", "outcome: nowhere", stepsFile, 7, `unknown outcome "nowhere"`},
		{"unknown source", stepsFile, "code: SRC-2", "code: SRC-9", stepsFile, 22, `unknown source "SRC-9"`},
		{"seen in a source nobody opened", stepsFile, "SRC-2, basis: general", "SRC-2, basis: seen", stepsFile, 22, "nobody opened SRC-2"},
		{"limit without basis", stepsFile, ", bound: max, basis: editorial", ", bound: max", stepsFile, 10, "limit lacks basis"},
		{"limit with invented basis", stepsFile, "basis: editorial", "basis: standard", stepsFile, 10, "needs a basis"},
		{"limit without anchor", stepsFile, "anchor: first_contact, ", "", stepsFile, 10, "kind offset needs"},
		{"limit with unknown kind", stepsFile, "kind: offset", "kind: soon", stepsFile, 10, `unknown kind "soon"`},
		{"unknown anchor", stepsFile, "anchor: first_contact", "anchor: last_call", stepsFile, 10, `unknown anchor "last_call"`},
		{"working days in hours", stepsFile, "offset: P7D", "offset: PT48H, workingDays: true", stepsFile, 10, "counts working days"},
		{"bad duration", stepsFile, "offset: P7D", "offset: 7 days", stepsFile, 10, "not a duration"},
		{"number that is not in the text", stepsFile, "text: 20 mg", "text: 30 mg", stepsFile, 12, `number "30 mg" is not in the English text`},
		{"number of an unknown field", stepsFile, "field: do", "field: dose", stepsFile, 12, "no text of s-one"},
		{"unknown key", stepsFile, "    forms: [sheet]", "    colour: red", stepsFile, 13, `step has the unknown key "colour"`},
		{"unknown role", stepsFile, "who: [nurse]", "who: [astronaut]", stepsFile, 2, `unknown role "astronaut"`},
		{"unknown setting", stepsFile, "setting: [clinic]", "setting: [moon]", stepsFile, 2, `unknown setting "moon"`},
		{"unknown form", stepsFile, "forms: [sheet]", "forms: [scroll]", stepsFile, 2, `unknown form "scroll"`},
		{"missing text", textFile, "    do: Talk\n", "", textFile, 13, "s-two lacks the English text of do"},
		{"missing wording", textFile, "{condition: always, wording: inpatient}", "{condition: always}", textFile, 13, "branches.always.wording"},
		{"missing limit wording", textFile, "    limits:\n      check: first_contact + P7D\n", "", textFile, 2, "limits.check"},
		{"empty text", textFile, "do: Talk", `do: ""`, textFile, 16, "do is empty"},
		{"orphan step text", textFile, "  s-two:", "  s-three:", textFile, 13, "text for the step s-three"},
		{"orphan branch text", textFile, "always: {", "never: {", textFile, 18, "text for the branch never"},
		{"orphan limit text", textFile, "check: first", "cheque: first", textFile, 10, "text for the limit cheque"},
		{"orphan text in a language", "demo/text/ru/a.yaml", "", "steps:\n  s-nine:\n    title: Шаг\n", "demo/text/ru/a.yaml", 2, "s-nine"},
		{"orphan label", "text/en/common.yaml", "  sheet: Sheet", "  sheet: Sheet\n  scroll: Scroll", "text/en/common.yaml", 5, "scroll"},
		{"missing label", "text/en/common.yaml", "  inpatient_care: Inpatient care", "  {}", "outcomes.yaml", 2, "inpatient_care has no English text"},
		{"orphan question", "text/ru/q.yaml", "", "questions:\n  s-one: Что теперь?\n", "text/ru/q.yaml", 2, "asks nothing"},
		{"orphan fact label", "text/ru/q.yaml", "", "facts:\n  wurse: Хуже\n", "text/ru/q.yaml", 2, "text for wurse, which is no fact"},
		{"missing fact label", "text/en/common.yaml", "  points: Points\n", "", "facts.yaml", 3, "points has no English text"},
		{"missing value label", "text/en/common.yaml", "  b: Kind B\n", "", "facts.yaml", 4, "value b of kinds has no English text"},
		{"orphan value label", "text/ru/q.yaml", "", "values:\n  d: Вид Г\n", "text/ru/q.yaml", 2, "text for d, which is no value"},
		{"orphan value label of a fact", "text/ru/q.yaml", "", "values:\n  worse.a: Вид А\n", "text/ru/q.yaml", 2, "text for worse.a, which is no value"},
		{"orphan topic", "text/ru/q.yaml", "", "topics:\n  mood: Настроение\n", "text/ru/q.yaml", 2, "text for mood, which is no topic"},
		{"orphan unit", "text/ru/q.yaml", "", "units:\n  km: км\n", "text/ru/q.yaml", 2, "text for km, which is no unit"},
		{"label given twice", "text/en/q.yaml", "", "facts:\n  worse: Is bad\n", "text/en/q.yaml", 2, "given twice"},
		{"label of an unknown state", "text/ru/q.yaml", "", "status: perfect\nfacts:\n  worse: Хуже\n", "text/ru/q.yaml", 1, "draft or reviewed"},
		{"label without its text", "text/ru/q.yaml", "", "facts:\n  worse: {english: Is worse}\n", "text/ru/q.yaml", 2, "lacks text"},
		{"English from English", "text/en/q.yaml", "", "units:\n  km: {english: km, text: km}\n", "text/en/q.yaml", 2, "is not translated from English"},
		{"placeholder in a label", "text/ru/q.yaml", "", "facts:\n  worse: Хуже на {n}\n", "text/ru/q.yaml", 2, "has the placeholders [{n}], and the English has []"},
		{"text given twice", "demo/text/en/z.yaml", "", "steps:\n  s-two:\n    title: Again\n", "demo/text/en/z.yaml", 2, "given twice"},
		{"unknown translation status", "demo/text/ru/a.yaml", "", "status: perfect\n", "demo/text/ru/a.yaml", 1, "draft or reviewed"},
		{"another dose in a translation", "demo/text/ru/a.yaml", "", "steps:\n  s-one:\n    do: Дать 200 мг и ждать 3 дня.\n", "demo/text/ru/a.yaml", 2, `do of s-one has the figures ["200" "3"], its English text ["20" "3"]`},
		{"placeholder in a translation only", "demo/text/ru/a.yaml", "", "steps:\n  s-one:\n    title: Первый {name}\n", "demo/text/ru/a.yaml", 2, `the figures ["{name}"]`},
		{"other duration in a translation", "demo/text/ru/a.yaml", "", "steps:\n  s-one:\n    limits:\n      check: first_contact + P9D\n", "demo/text/ru/a.yaml", 4, `limits.check of s-one has the figures ["P9D"]`},
		{"reviewed with a gap", "demo/text/ru/a.yaml", "", strings.Replace(reviewedRussian(""), "    record: запись\n", "", 1), "demo/text/ru/a.yaml", 3, "s-one is declared reviewed and lacks the text of record"},
		{"language without texts", "demo/text/ru/a.yaml", "", "status: draft\n", "demo/text/ru/a.yaml", 1, "holds no text"},
		{"step without texts", "demo/text/ru/a.yaml", "", "steps:\n  s-one: {sourceHash: abc}\n", "demo/text/ru/a.yaml", 2, "holds no text"},
		{"impossible language", "demo/text/klingon-x/a.yaml", "", "status: draft\n", "demo/protocol.yaml", 0, "not a language"},
		{"wrong slug", "demo/protocol.yaml", "slug: demo", "slug: other", "demo/protocol.yaml", 1, "name of its folder"},
		{"unknown jurisdiction", "demo/protocol.yaml", "KZ", "XX", "demo/protocol.yaml", 3, "jurisdiction"},
		{"phase without file", "demo/protocol.yaml", "  - p-one", "  - p-one\n  - p-two", "demo/protocol.yaml", 6, "p-two has no file"},
		{"file of no phase", "demo/steps/p-two.yaml", "", "steps: []\n", "demo/steps/p-two.yaml", 0, "p-two is not listed"},
		{"file without a place", "demo/notes.yaml", "", "a: b\n", "demo/notes.yaml", 0, "no place"},
		{"not YAML", stepsFile, "", "steps:\n  - id: a\n bad: [\n", stepsFile, 3, "not valid YAML"},
		{"alias", stepsFile, "who: [nurse]", "who: &a [nurse]", stepsFile, 3, "must be a list"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := refusal(t, edited(t, c.file, c.old, c.text))
			for _, p := range found {
				if p.File == c.wantFile && p.Line == c.line && strings.Contains(p.Reason, c.reason) {
					return
				}
			}
			t.Errorf("want %s:%d: …%s…, got %v", c.wantFile, c.line, c.reason, found)
		})
	}
}

func TestLoad_ReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	fsys := edited(t, stepsFile, "who: [nurse]", "who: [astronaut]")
	fsys["forms.yaml"] = &fstest.MapFile{Data: []byte("forms:\n  - sheet\n  - sheet\n")}
	fsys["demo/text/ru/a.yaml"] = &fstest.MapFile{Data: []byte("colour: red\ntitle: Demo\n")}
	if found := refusal(t, fsys); len(found) != 3 {
		t.Errorf("want 3 problems, got %v", found)
	}
}

func TestLoad_SyntaxErrorHidesNoOtherFileAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	fsys := edited(t, textFile, "", "steps: [")
	fsys["anchors.yaml"] = &fstest.MapFile{Data: []byte("anchors:\n  - {a: b}\n")}
	if found := refusal(t, fsys); len(found) != 2 {
		t.Errorf("want the two files only, got %v", found)
	}
}

func TestLoad_EmptyTreeIsRefused(t *testing.T) {
	t.Parallel()
	if found := refusal(t, fstest.MapFS{}); !strings.Contains(found[0].Reason, "no protocol") {
		t.Errorf("got %v", found)
	}
}

// Nesting costs the parser the square of its depth: these exhausted the memory of the
// machine before there were bounds.
func TestLoad_DeepNestingAndLargeFilesAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"[", "{a: ", "- ", "? ", "a: ", "- a\n", "[a,\n", "!a ", "&a "} {
		for _, size := range []int{maxLine - 8, maxFile, maxFile + 8} {
			fsys := small()
			fsys[stepsFile] = &fstest.MapFile{Data: bytes.Repeat([]byte(s), size/len(s)+1)}
			refusal(t, fsys)
		}
	}
}
