package protocols

import (
	"strings"
	"testing"
	"testing/fstest"
)

// rulesContent is the small content with tools, dosing and a country.
func rulesContent() fstest.MapFS {
	fsys := small()
	for name, text := range map[string]string{
		"facts.yaml": `facts:
  - {id: worse, topic: state, type: bool}
  - {id: points, topic: state, type: int, min: 0, max: 9}
  - {id: kinds, topic: state, type: codes, values: [a, b, c]}
  - {id: first_contact, topic: anchor, type: time}
  - {id: scale_score, topic: tools, type: int, tool: scale}
  - {id: scale_band, topic: tools, type: code, tool: scale, derived: band}
  - {id: oat_in_community, topic: capability, type: bool, derived: capability, given: true}
  - {id: oat_medicine, topic: oat, type: code, values: [methadone]}
  - {id: oat_schedule, topic: oat, type: code, values: [daily]}
  - {id: last_dose_taken, topic: oat, type: time}
  - {id: missed_doses, topic: oat, type: int, derived: missed_doses}
  - {id: missed_band, topic: oat, type: code, derived: missed_band, values: [none, some]}
`,
		"tools.yaml": `tools:
  - id: scale
    version: V1
    score: scale_score
    min: 0
    max: 10
    systems:
      - id: one
        default: true
        basis: general
        bands:
          - {id: low, min: 0, max: 5}
          - {id: high, min: 6, max: 10}
`,
		"dosing.yaml": `schedules:
  - id: m
    medicine: methadone
    schedule: daily
    everyDays: 1
    basis: general
    bands:
      - {id: none, from: 0, to: 0}
      - {id: some, from: 1}
gapRules:
  - {id: g, hours: 48, under: a, border: b, over: c, basis: general}
guards:
  - {id: top, medicine: methadone, when: any_day, aboveMg: 120, basis: general}
`,
		"countries/KZ.yaml": `country: KZ
zone: Asia/Almaty
weekend: [sunday]
capabilities:
  - {id: oat_in_community, available: true, basis: general}
limits:
  - {step: s-one, limit: check, offset: P3D, basis: editorial, reason: because}
`,
		"countries/KZ-2026.yaml": "country: KZ\nyear: 2026\nbasis: general\nholidays:\n  - {date: 2026-01-01, name: New Year}\nworking: [2026-01-04]\n",
		"text/en/more.yaml": `facts:
  scale_score: x
  scale_band: x
  oat_in_community: x
  oat_medicine: x
  oat_schedule: x
  last_dose_taken: x
  missed_doses: x
  missed_band: x
values: {low: Low, high: High, methadone: Methadone, daily: Daily, none: None, some: Some, c: Ask}
topics: {tools: Scales, capability: Place, oat: Treatment}
`,
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestLoad_RefusesBrokenRules(t *testing.T) {
	t.Parallel()
	load(t, rulesContent())
	when := "worse && points > 3"
	cases := []struct {
		name, file, old, text string
		wantFile              string
		line                  int
		reason                string
	}{
		{"unknown fact", stepsFile, when, "worse && pionts > 3", stepsFile, 7, `when of branch worse of s-one names "pionts", which is no fact`},
		{"type error", stepsFile, when, "worse && points > 'a'", stepsFile, 7, "found no matching overload"},
		{"not a condition", stepsFile, when, "points + 1", stepsFile, 7, "must be true or false, but is of type int"},
		{"syntax error", stepsFile, when, "worse &&", stepsFile, 7, "Syntax error"},
		{"over the cost limit", stepsFile, when, `"kinds.all(x, kinds.all(y, kinds.all(z, kinds.all(u, kinds.all(v, x == y && z == u && v == x)))))"`, stepsFile, 7, "more than the limit of 1000"},
		{"regular expression", stepsFile, when, `"'a'.matches('b')"`, stepsFile, 7, `names "matches"`},
		{"clock", stepsFile, when, `now() > first_contact`, stepsFile, 7, `names "now"`},
		{"no rule", stepsFile, "when: " + when + ", ", "", stepsFile, 7, "has no rule"},
		{"two rules", stepsFile, "when: " + when, "ask: true, when: worse", stepsFile, 7, "mixes rules"},
		{"otherwise not last", stepsFile, "when: " + when, "otherwise: true", stepsFile, 7, "says otherwise and is not the last"},
		{"ask and otherwise", stepsFile, "when: " + when, "ask: true", stepsFile, 2, "mixes ask and otherwise"},
		{"ask without question", stepsFile, "otherwise: true", "ask: true", stepsFile, 2, "has no English question"},
		{"stop that nobody computes", stepsFile, "ask: true", "ask: true, safety: stop", stepsFile, 20, "must be computed"},
		{"unknown safety mark", stepsFile, "ask: true", "ask: true, safety: soon", stepsFile, 20, "safety must be stop"},
		{"unknown entry", stepsFile, "entry: protocol", "entry: here", stepsFile, 2, "entry of s-one"},
		{"alarm that always rings", stepsFile, "entry: protocol", "entry: anywhere", stepsFile, 2, "needs both entry and applies"},
		{"condition of no entry", stepsFile, "entry: protocol", "applies: worse", stepsFile, 2, "needs both entry and applies"},
		{"need without alternative", stepsFile, "entry: protocol", "entry: protocol\n    needs: oat", stepsFile, 2, "both needs and alternative"},
		{"unknown need", stepsFile, "entry: protocol", "entry: protocol\n    needs: magic\n    alternative: s-two", stepsFile, 2, `unknown capability "magic"`},
		{"unknown alternative", stepsFile, "entry: protocol", "entry: protocol\n    needs: oat\n    alternative: s-nine", stepsFile, 2, `unknown alternative "s-nine"`},
		{"unreachable step", stepsFile, "to: [s-two]", "outcome: inpatient_care", stepsFile, 16, "s-two cannot be reached"},
		{"cycle without exit", stepsFile, "ask: true, outcome: inpatient_care", "ask: true, to: [s-two]", stepsFile, 16, "s-two has no way out"},
		{"question for nobody", "text/en/common.yaml", "s-two: What", "s-one: What", "text/en/common.yaml", 18, "asks nothing"},

		{"unknown type", "facts.yaml", "type: bool}", "type: feeling}", "facts.yaml", 2, `unknown type "feeling"`},
		{"impossible fact name", "facts.yaml", "id: worse", "id: Worse-Now", "facts.yaml", 2, "small letters, digits and underscores"},
		{"fact twice", "facts.yaml", "id: points", "id: worse", "facts.yaml", 3, "worse is listed twice"},
		{"fact without label", "text/en/common.yaml", "  worse: Is worse\n", "", "facts.yaml", 2, "worse has no English text"},
		{"label of no fact", "text/en/common.yaml", "  worse: Is worse\n", "  worse: Is worse\n  other: x\n", "text/en/common.yaml", 7, "which is no fact"},
		{"number without range", "facts.yaml", ", min: 0, max: 9", "", "facts.yaml", 3, "needs min and max"},
		{"range that is no number", "facts.yaml", "min: 0", "min: none", "facts.yaml", 3, "must be a number"},
		{"codes without values", "facts.yaml", ", values: [a, b, c]", "", "facts.yaml", 4, "must have values"},
		{"values twice", "facts.yaml", "[a, b, c]", "[a, b, a]", "facts.yaml", 4, "or one twice"},
		{"unknown code list", "facts.yaml", "values: [a, b, c]", "codeList: nothing", "facts.yaml", 4, "known code list"},
		{"anchor without fact", "facts.yaml", "first_contact", "last_contact", "anchors.yaml", 2, "anchor first_contact has no fact"},
		{"unknown rule", "facts.yaml", "derived: band", "derived: guess", "facts.yaml", 7, `unknown rule "guess"`},
		{"rule of another type", "facts.yaml", "type: code, tool: scale", "type: bool, tool: scale", "facts.yaml", 7, "must be of type code"},
		{"of without rule", "facts.yaml", "type: bool}", "type: bool, of: points}", "facts.yaml", 2, "cannot have of or given"},
		{"unknown tool", "facts.yaml", "type: int, tool: scale", "type: int, tool: ruler", "facts.yaml", 6, `unknown tool "ruler"`},

		{"gap in the bands", "tools.yaml", "min: 6", "min: 7", "tools.yaml", 8, "not exactly one band"},
		{"bands that overlap", "tools.yaml", "min: 6", "min: 5", "tools.yaml", 8, "not exactly one band"},
		{"no default system", "tools.yaml", "        default: true\n", "", "tools.yaml", 2, "exactly one default"},
		{"tool without score", "tools.yaml", "score: scale_score", "score: points", "tools.yaml", 2, "no score fact"},
		{"half a point", "tools.yaml", "max: 10\n", "max: 10.5\n", "tools.yaml", 6, "whole number"},
		{"unopened source of a band", "tools.yaml", "basis: general", "basis: seen\n        source: SRC-2", "tools.yaml", 8, "nobody opened SRC-2"},

		{"dose bands with a hole", "dosing.yaml", "from: 1", "from: 2", "dosing.yaml", 2, "must start at 0"},
		{"dose bands that end", "dosing.yaml", "from: 1", "from: 1, to: 4", "dosing.yaml", 2, "end open"},
		{"unknown medicine", "dosing.yaml", "medicine: methadone", "medicine: tea", "dosing.yaml", 2, "needs a medicine"},
		{"rule of no hours", "dosing.yaml", "hours: 48", "hours: 0", "dosing.yaml", 11, "needs hours"},

		{"guard of nothing", "dosing.yaml", "aboveMg: 120", "aboveMg: 0", "dosing.yaml", 13, "needs a medicine of the facts, when, and aboveMg"},
		{"guard at no time", "dosing.yaml", "when: any_day", "when: sometimes", "dosing.yaml", 13, "needs a medicine of the facts, when, and aboveMg"},
		{"guard of no medicine", "dosing.yaml", "medicine: methadone, when", "medicine: tea, when", "dosing.yaml", 13, "needs a medicine of the facts, when, and aboveMg"},
		{"guard without basis", "dosing.yaml", "aboveMg: 120, basis: general", "aboveMg: 120, basis: seen", "dosing.yaml", 13, "names no source"},

		{"unknown capability", "countries/KZ.yaml", "id: oat_in_community", "id: worse", "countries/KZ.yaml", 5, "worse is no capability"},
		{"another zone", "countries/KZ.yaml", "Asia/Almaty", "Asia/Tashkent", "countries/KZ.yaml", 1, "not the one the service uses"},
		{"unknown weekday", "countries/KZ.yaml", "[sunday]", "[sun]", "countries/KZ.yaml", 3, "not a day of the week"},
		{"override without reason", "countries/KZ.yaml", ", reason: because", "", "countries/KZ.yaml", 7, "lacks reason"},
		{"override of no limit", "countries/KZ.yaml", "limit: check", "limit: cheque", "countries/KZ.yaml", 7, "unknown limit"},
		{"override without sense", "countries/KZ.yaml", "offset: P3D", "offset: soon", "countries/KZ.yaml", 7, "not a duration"},
		{"override of no step", "countries/KZ.yaml", "step: s-one", "step: s-nine", "countries/KZ.yaml", 7, "unknown step"},
		{"holiday of another year", "countries/KZ-2026.yaml", "2026-01-01", "2025-01-01", "countries/KZ-2026.yaml", 5, "not a date of 2026"},
		{"year of no country", "countries/KZ-2026.yaml", "country: KZ", "country: UZ", "countries/KZ-2026.yaml", 1, "unknown country"},
		{"gap rule of a country", "countries/KZ.yaml", "weekend:", "custodyGapRule: h\nweekend:", "countries/KZ.yaml", 1, `unknown gap rule "h"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fsys := rulesContent()
			data := string(fsys[c.file].Data)
			if !strings.Contains(data, c.old) {
				t.Fatalf("%s does not contain %q", c.file, c.old)
			}
			fsys[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(data, c.old, c.text, 1))}
			found := refusal(t, fsys)
			for _, p := range found {
				if p.File == c.wantFile && p.Line == c.line && strings.Contains(p.Reason, c.reason) {
					return
				}
			}
			t.Errorf("want %s:%d: …%s…, got %v", c.wantFile, c.line, c.reason, found)
		})
	}
}

// Two files with one mistake each are both told after one run.
func TestLoad_RuleProblemsComeTogether(t *testing.T) {
	t.Parallel()
	fsys := edited(t, stepsFile, "worse && points > 3", "worze")
	fsys["facts.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(fsys["facts.yaml"].Data), "max: 9", "max: -9", 1))}
	found := refusal(t, fsys)
	if len(found) != 2 || found[0].File != stepsFile || found[1].File != "facts.yaml" {
		t.Errorf("got %v", found)
	}
}
