package protocols

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// small is the least content that loads: one protocol, one phase, two steps.
func small() fstest.MapFS {
	files := map[string]string{
		"sources.yaml":  "sources:\n  - {code: SRC-1, title: A source, seen: true}\n  - {code: SRC-2, title: Unopened, seen: false}\n",
		"anchors.yaml":  "anchors:\n  - first_contact\n",
		"outcomes.yaml": "outcomes:\n  - inpatient_care\n",
		"forms.yaml":    "forms:\n  - sheet\n",
		"facts.yaml": `facts:
  - {id: worse, topic: state, type: bool}
  - {id: points, topic: state, type: int, min: 0, max: 9}
  - {id: kinds, topic: state, type: codes, values: [a, b, c]}
  - {id: first_contact, topic: anchor, type: time}
`,
		"text/en/common.yaml": `outcomes:
  inpatient_care: Inpatient care
forms:
  sheet: Sheet
facts:
  worse: Is worse
  points: Points
  kinds: Kinds
  first_contact: First contact
values:
  a: Kind A
  b: Kind B
  kinds.c: The third kind
topics:
  state: State
  anchor: Moments
questions:
  s-two: What now?
`,
		"demo/protocol.yaml": "slug: demo\nedition: 1.0.0\njurisdiction: KZ\nphases:\n  - p-one\n",
		"demo/steps/p-one.yaml": `steps:
  - id: s-one
    who: [nurse]
    setting: [clinic]
    entry: protocol
    branches:
      - {id: worse, when: worse && points > 3, outcome: inpatient_care}
      - {id: better, otherwise: true, to: [s-two]}
    limits:
      - {id: check, kind: offset, anchor: first_contact, direction: after, offset: P7D, bound: max, basis: editorial}
    numbers:
      - {field: do, text: 20 mg, basis: seen, source: SRC-1}
    forms: [sheet]
    sources:
      - {code: SRC-1, section: ch.1, basis: seen}
  - id: s-two
    who: [client]
    setting: [any]
    branches:
      - {id: always, ask: true, outcome: inpatient_care}
    sources:
      - {code: SRC-2, basis: general}
`,
		"demo/text/en/protocol.yaml": "title: Demo\nnotice: A demo.\nphases:\n  p-one: One\n",
		"demo/text/en/p-one.yaml": `steps:
  s-one:
    title: First
    trigger: Always
    do: Give 20 mg and wait 3 days.
    branches:
      worse: {condition: worse, wording: inpatient}
      better: {condition: better}
    limits:
      check: first_contact + P7D
    record: note
    safety: care
  s-two:
    title: Second
    trigger: Later
    do: Talk
    branches:
      always: {condition: always, wording: inpatient}
    record: note
    safety: care
`,
	}
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// reviewedRussian is the whole small content in Russian, as reviewed; extra goes to the
// first step.
func reviewedRussian(extra string) string {
	return "status: reviewed\nsteps:\n  s-one:\n" + extra + `    title: Первый
    trigger: Всегда
    do: Дать 20 мг и ждать 3 дня.
    branches:
      worse: {condition: хуже, wording: стационар}
      better: {condition: лучше}
    limits:
      check: first_contact + P7D
    record: запись
    safety: осторожно
  s-two:
    title: Второй
    trigger: Позже
    do: Поговорить
    branches:
      always: {condition: всегда, wording: стационар}
    record: запись
    safety: осторожно
`
}

// edited returns the small content with one replacement in one file. An empty old
// text replaces, or adds, the whole file.
func edited(t testing.TB, file, old, text string) fstest.MapFS {
	t.Helper()
	fsys := small()
	if old == "" {
		fsys[file] = &fstest.MapFile{Data: []byte(text)}
		return fsys
	}
	data := string(fsys[file].Data)
	if !strings.Contains(data, old) {
		t.Fatalf("%s does not contain %q", file, old)
	}
	fsys[file] = &fstest.MapFile{Data: []byte(strings.Replace(data, old, text, 1))}
	return fsys
}

func load(t testing.TB, fsys fs.FS) *Catalog {
	t.Helper()
	c, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refusal returns the problems of content that must not load.
func refusal(t testing.TB, fsys fs.FS) []Problem {
	t.Helper()
	_, err := Load(fsys)
	var ce *ContentError
	if !errors.As(err, &ce) {
		t.Fatalf("want a *ContentError, got %v", err)
	}
	return ce.Problems
}
