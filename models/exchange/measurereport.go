package exchange

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"jol/models/protocols"
)

const (
	terminology = "http://terminology.hl7.org/CodeSystem/"
	countrySys  = "urn:iso:std:iso:3166"
	regionSys   = "urn:iso:std:iso:3166:-2"
	groupCounts = "counts"
)

// FHIR writes the release as a bundle: what each table counts (Measure), the numbers
// (MeasureReport, type summary) and one Provenance for all of them.
func (s *Sealed) FHIR() (Collection, error) {
	b := Collection{ResourceType: "Bundle", ID: resourceID(s.ID), Type: "collection", Timestamp: s.instant()}
	var targets []Reference
	measures := map[string]bool{}
	for i := range s.Tables {
		t := &s.Tables[i]
		m := s.measureOf(t)
		if !measures[m.ID] {
			measures[m.ID] = true
			b.Entry = append(b.Entry, CollectionEntry{m.URL, m})
		}
		r, err := s.reportOf(t, m)
		if err != nil {
			return b, err
		}
		url := Canonical("MeasureReport", r.ID)
		b.Entry = append(b.Entry, CollectionEntry{url, r})
		targets = append(targets, Reference{Reference: url})
	}
	if len(targets) > 0 {
		p := s.provenance(targets)
		b.Entry = append(b.Entry, CollectionEntry{Canonical("Provenance", p.ID), p})
	}
	return b, nil
}

func (s *Sealed) instant() string { return s.SealedAt.UTC().Format(time.RFC3339) }

// resourceID joins names to an id as FHIR wants it: letters, digits, dots and hyphens, 64 at
// most. A longer one is cut and ends in its hash.
func resourceID(names ...string) string {
	whole := strings.Join(names, ".")
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, whole)
	if len(id) > 64 {
		id = id[:52] + "." + uid("fhir", whole)
	}
	return id
}

// fhir turns a text by language into one with FHIR's translations.
func (w Words) fhir() protocols.Text {
	t := protocols.Text{English: w["en"]}
	for _, lang := range Languages[1:] {
		if w[lang] != "" {
			t.Other = append(t.Other, protocols.Translated{Lang: lang, Text: w[lang]})
		}
	}
	return t
}

func concept(system, code, display string) Concept {
	return Concept{[]Coding{{System: system, Code: code, Display: display}}}
}

// groupCode tells the counts of a table from the figures worked out from them.
func groupCode(kind string) Concept { return Concept{[]Coding{coding("group", kind, "")}} }

// populationCode is FHIR's name of a measure. A plain count is an initial population: the
// people or events that the table is about.
func populationCode(measure string) Concept {
	if measure == measureCount {
		measure = "initial-population"
	}
	return concept(terminology+"measure-population", measure, "")
}

// dimensionCode and valueCode name a dimension and one of its codes.
func dimensionCode(d string) Concept { return Concept{[]Coding{coding("dimension", d, "")}} }

func (s *Sealed) valueCode(d, code string) Concept {
	if d == dimRegion && strings.Contains(code, "+") { // ISO has no code for regions together
		return Concept{[]Coding{coding("joined-regions", code, regionName(code).In("en"))}}
	}
	if d == dimRegion {
		return concept(regionSys, code, regionName(code).In("en"))
	}
	return Concept{[]Coding{coding("dimension-"+strings.ReplaceAll(d, "_", "-"), code, s.codeName(d, code, "en"))}}
}

// criteria says in words who is counted; the definition stands at the reference.
func (t *SealedTable) criteria(text string) Expression {
	e := expression(protocols.Text{English: text}, "")
	e.Reference = Authority + "/api/v1/indicators/" + t.Indicator
	return e
}

// measureOf writes what a table counts. Its version is the plan's, with the hash of the
// definitions. The two profiles have other noise and floors, so that each has its own address.
func (s *Sealed) measureOf(t *SealedTable) Measure {
	id := resourceID(s.own(t.BaseID())...)
	m := Measure{ResourceType: "Measure", ID: id, Language: "en", URL: Canonical("Measure", id), Name: computerName(strings.NewReplacer(".", "-", "+", "-").Replace(strings.Join(s.own(t.BaseID()), "-"))),
		Identifier: []Identifier{{Base + "/indicator", t.Indicator}, {Base + "/table", t.BaseID()}},
		Version:    strings.ReplaceAll(s.Plan, " ", "-") + "-" + t.Definitions[:min(8, len(t.Definitions))],
		Status:     "active", Jurisdiction: []Concept{concept(countrySys, s.Country, "")}}
	m.Description, m.DescriptionExt = translated(t.description().fhir())
	m.Title, m.TitleExt = translated(t.Title.fhir())
	m.Scoring = concept(terminology+"measure-scoring", "cohort", "")
	if len(t.measures()) > 1 {
		m.Scoring = concept(terminology+"measure-scoring", "proportion", "")
	}
	counts := MeasureGroup{Extension: unitOf(t.countUnit(), t.unitWords()), Code: groupCode(groupCounts)}
	for _, measure := range t.measures() {
		counts.Population = append(counts.Population, MeasureCriteria{populationCode(measure), t.criteria(t.Title.In("en") + ": " + measure)})
	}
	counts.Stratifier = t.stratifier("")
	m.Group = []MeasureGroup{counts}
	for _, kind := range []string{KindCoverage, KindMean} {
		if len(t.figures(kind)) > 0 {
			m.Group = append(m.Group, MeasureGroup{Code: groupCode(kind), Stratifier: t.stratifier(kind)})
		}
	}
	return m
}

// description is how a table is counted and protected. The rule has no translation.
func (t *SealedTable) description() Words {
	d := t.methodNote()
	for lang, text := range d {
		d[lang] = strings.TrimSpace(t.Rule + " " + text)
	}
	return d
}

// unitOf says what the counts of a group are counts of: FHIR's count has no unit.
func unitOf(code string, name Words) []Extension {
	return []Extension{{URL: definition("count-unit"), Extension: []Extension{{URL: "code", ValueCode: strings.ReplaceAll(code, "_", "-")}, {URL: "name", ValueString: name.In("en")}}}}
}

// stratifier is the breakdown of the rows of one kind; none for a total.
func (t *SealedTable) stratifier(kind string) []MeasureStratifier {
	var all []MeasureCriteria
	for _, d := range t.dimensionsOf(kind) {
		if d != dimMeasure {
			all = append(all, MeasureCriteria{dimensionCode(d), t.criteria("by " + d)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return []MeasureStratifier{{all}}
}

func (t *SealedTable) figures(kind string) []Figure {
	return slices.DeleteFunc(slices.Clone(t.Figures), func(f Figure) bool { return f.Kind != kind })
}

// reportOf writes the numbers of a table.
func (s *Sealed) reportOf(t *SealedTable, m Measure) (MeasureReport, error) {
	first, last, err := periodDates(t.Period)
	if err != nil {
		return MeasureReport{}, err
	}
	r := MeasureReport{ResourceType: "MeasureReport", ID: resourceID(s.ID, t.ID), Status: "complete", Type: "summary", Measure: m.URL + "|" + m.Version,
		Subject: Reference{Identifier: &Identifier{countrySys, s.Country}, Display: s.Country},
		Date:    s.instant(), Reporter: Reference{Display: "Jol, sealed release " + s.ID}, Period: Period{string(first), string(last)},
		Extension: []Extension{{URL: definition("release-status"), ValueCode: s.Status}, {URL: definition("release-profile"), ValueCode: strings.ReplaceAll(s.Profile, "_", "-")}}}
	r.Group = append(r.Group, s.countsGroup(t))
	for _, kind := range []string{KindCoverage, KindMean} {
		if g, ok := s.figureGroup(t, kind); ok {
			r.Group = append(r.Group, g)
		}
	}
	return r, nil
}

// countsGroup has the counts of a table and, where it has numerators and denominators,
// their rate as score.
func (s *Sealed) countsGroup(t *SealedTable) ReportGroup {
	g := ReportGroup{Extension: unitOf(t.countUnit(), t.unitWords()), Code: groupCode(groupCounts)}
	dimensions := t.dimensionsOf(KindRate)
	scores := map[string]Figure{}
	for _, f := range t.figures(KindRate) {
		scores[strings.Join(f.Codes, "\x00")] = f
	}
	var strataOf []Stratum
	at := map[string]int{}
	for _, c := range t.Cells {
		var codes []string
		for i, d := range t.Dimensions {
			if d != dimMeasure {
				codes = append(codes, c.Codes[i])
			}
		}
		key := strings.Join(codes, "\x00")
		i, ok := at[key]
		if !ok {
			i = len(strataOf)
			at[key] = i
			x := Stratum{Component: s.components(dimensions, codes)}
			if f, ok := scores[key]; ok {
				x.MeasureScore = t.score(f)
			}
			strataOf = append(strataOf, x)
		}
		strataOf[i].Population = append(strataOf[i].Population, c.population(t.measure(c.Codes)))
	}
	if len(dimensions) == 0 && len(strataOf) == 1 {
		g.Population, g.MeasureScore = strataOf[0].Population, strataOf[0].MeasureScore
		return g
	}
	g.Stratifier = []ReportStratifier{{dimensionCodes(dimensions), strataOf}}
	return g
}

// figureGroup has the coverages or means of a table.
func (s *Sealed) figureGroup(t *SealedTable, kind string) (ReportGroup, bool) {
	figures, dimensions := t.figures(kind), t.dimensionsOf(kind)
	g := ReportGroup{Code: groupCode(kind)}
	if len(figures) == 0 {
		return g, false
	}
	if len(dimensions) == 0 {
		g.MeasureScore = t.score(figures[0])
		return g, true
	}
	var all []Stratum
	for _, f := range figures {
		all = append(all, Stratum{Component: s.components(dimensions, f.Codes), MeasureScore: t.score(f)})
	}
	g.Stratifier = []ReportStratifier{{dimensionCodes(dimensions), all}}
	return g, true
}

func dimensionCodes(dimensions []string) []Concept {
	codes := make([]Concept, len(dimensions))
	for i, d := range dimensions {
		codes[i] = dimensionCode(d)
	}
	return codes
}

func (s *Sealed) components(dimensions, codes []string) []StratumComponent {
	all := make([]StratumComponent, len(dimensions))
	for i, d := range dimensions {
		all[i] = StratumComponent{dimensionCode(d), s.valueCode(d, codes[i])}
	}
	return all
}

// population is a count with the interval of its noise.
func (c SealedCell) population(measure string) ReportPopulation {
	p := ReportPopulation{Code: populationCode(measure), Count: c.Value}
	if c.masked() {
		p.CountExt = &Element{[]Extension{{URL: absentURL, ValueCode: "masked"}}}
	}
	interval := Extension{URL: definition("interval-95")}
	if c.Lo95 != nil {
		interval.Extension = append(interval.Extension, Extension{URL: "low", ValueInteger: c.Lo95})
	}
	if c.Hi95 != nil {
		interval.Extension = append(interval.Extension, Extension{URL: "high", ValueInteger: c.Hi95})
		p.Extension = append(p.Extension, interval)
	}
	p.Extension = append(p.Extension, flagged(c.Flag)...)
	return p
}

func flagged(flag string) []Extension {
	if flag == "" {
		return nil
	}
	return []Extension{{URL: definition("cell-flag"), ValueCode: strings.ReplaceAll(flag, "_", "-")}}
}

// score is a figure with its unit and interval; one that is not given says why.
func (t *SealedTable) score(f Figure) *Quantity {
	q := &Quantity{Extension: flagged(f.Flag)}
	if f.Value == nil {
		reason := "masked"
		if f.Flag == "no_estimate" || f.Flag == "estimate_unknown" {
			reason = "unknown"
		}
		q.Extension = append([]Extension{{URL: absentURL, ValueCode: reason}}, q.Extension...)
	} else {
		q.Value, q.System = json.Number(*f.Value), ucum
		switch {
		case f.Kind == KindMean:
			q.Unit, q.Code = "years", "a"
		case f.Kind == KindCoverage && t.Unit != "":
			q.Unit, q.Code = t.unitWords().In("en")+" a person", "1"
		default:
			q.Unit, q.Code = "%", "%"
		}
	}
	if f.Hi95 != nil {
		interval := Extension{URL: definition("interval-95")}
		if f.Lo95 != nil {
			interval.Extension = append(interval.Extension, Extension{URL: "low", ValueDecimal: json.Number(*f.Lo95)})
		}
		interval.Extension = append(interval.Extension, Extension{URL: "high", ValueDecimal: json.Number(*f.Hi95)})
		q.Extension = append(q.Extension, interval)
	}
	if e := f.Estimate; e != nil {
		q.Extension = append(q.Extension, Extension{URL: definition("population-estimate"), Extension: []Extension{
			{URL: "population", ValueInteger: &e.Population}, {URL: "source", ValueString: e.Source}}})
	}
	return q
}

// provenance says that a program assembled the reports from sealed tables, and by which method.
func (s *Sealed) provenance(targets []Reference) Provenance {
	return Provenance{ResourceType: "Provenance", ID: resourceID(s.ID), Target: targets, Recorded: s.instant(),
		Activity: concept(terminology+"v3-DataOperation", "CREATE", "create"),
		Agent: []ProvenanceAgent{{Type: concept(terminology+"provenance-participant-type", "assembler", "Assembler"),
			Who: Reference{Identifier: &Identifier{Base + "/program", "jol"}, Display: "Jol"}}},
		Entity: []ProvenanceBasis{{Role: "source", What: Reference{Identifier: &Identifier{Base + "/release", s.ID},
			Display: "Sealed release " + s.ID + ", plan " + s.Plan + ", sha256 " + s.SHA256}}}}
}
