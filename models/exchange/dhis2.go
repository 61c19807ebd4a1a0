package exchange

import (
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
)

// DataValueSet is what DHIS2 takes at POST /api/dataValueSets: a bulk of values, each with
// its period and place. Regions are named by their code, everything else by the UIDs of
// the metadata package.
type DataValueSet struct {
	OrgUnitIDScheme string      `json:"orgUnitIdScheme"`
	DataValues      []DataValue `json:"dataValues"`
}

// DataValue is one count. DHIS2 wants every value as a string.
type DataValue struct {
	DataElement         string `json:"dataElement"`
	Period              string `json:"period"`
	OrgUnit             string `json:"orgUnit"`
	CategoryOptionCombo string `json:"categoryOptionCombo,omitempty"` // none for a table without a breakdown
	Value               string `json:"value"`
	Comment             string `json:"comment,omitempty"`
}

// uid derives a DHIS2 identifier from a name: a letter and ten letters or digits, always
// the same for the same name, so that a second export updates what the first made.
func uid(kind string, names ...string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const all = letters + "0123456789"
	sum := sha256.Sum256([]byte("jol/dhis2/" + kind + "\x00" + strings.Join(names, "\x00")))
	id := []byte{letters[int(sum[0])%len(letters)]}
	for _, b := range sum[1:11] {
		id = append(id, all[int(b)%len(all)])
	}
	return string(id)
}

// DataValues writes the counts that are shown. One that is not shown is left out: DHIS2
// knows no value for "few or none", and any number in its place would be wrong.
func (s *Sealed) DataValues() DataValueSet {
	set := DataValueSet{OrgUnitIDScheme: "CODE", DataValues: []DataValue{}}
	for i := range s.Tables {
		t := &s.Tables[i]
		for _, c := range t.Cells {
			if c.masked() {
				continue
			}
			v := DataValue{
				DataElement: s.elementUID(t, t.measure(c.Codes)), Period: t.Period, OrgUnit: orgUnit(s.place(t.Dimensions, c.Codes)),
				CategoryOptionCombo: comboOf(t, c.Codes), Value: whole(c.Value), Comment: c.comment(t.Method.Floor),
			}
			if place := s.place(t.Dimensions, c.Codes); place != v.OrgUnit {
				v.Comment += "; " + place
			}
			set.DataValues = append(set.DataValues, v)
		}
	}
	return set
}

// Stale lists the values of earlier releases that this one takes back: of the same element
// and period, and not shown any more. A DHIS2 that took them would go on showing them.
func (s *Sealed) Stale(earlier []*Sealed) []DataValue {
	here, shown := map[string]bool{}, map[string]bool{}
	for i := range s.Tables {
		t := &s.Tables[i]
		for _, measure := range t.measures() {
			here[s.elementUID(t, measure)+t.Period] = true
		}
	}
	for _, v := range s.DataValues().DataValues {
		shown[v.key()] = true
	}
	stale := []DataValue{}
	for _, e := range earlier {
		for _, v := range e.DataValues().DataValues {
			if here[v.DataElement+v.Period] && !shown[v.key()] {
				shown[v.key()] = true // once
				v.Comment = ""
				stale = append(stale, v)
			}
		}
	}
	return stale
}

// key is what DHIS2 keeps one value for.
func (v DataValue) key() string {
	return strings.Join([]string{v.DataElement, v.Period, v.OrgUnit, v.CategoryOptionCombo}, " ")
}

// orgUnit is the code of a place. DHIS2 takes 50 characters: a longer one, of many regions
// together, is cut and ends in its hash.
func orgUnit(place string) string { return short(place, uid("organisationUnit", place)) }

// comment says what a value alone cannot: its interval, and what is special about it.
func (c SealedCell) comment(floor int64) string {
	if c.Flag == flagStructural {
		return "exact 0"
	}
	if c.Hi95 == nil {
		return ""
	}
	lo := "below " + strconv.FormatInt(floor, 10)
	if c.Lo95 != nil {
		lo = whole(c.Lo95)
	}
	text := "95 % interval " + lo + " to " + whole(c.Hi95)
	if c.Flag != "" {
		text += "; " + c.Flag
	}
	return text
}

// elementUID is the data element of a table and measure. Numbers that became final later
// are values of the same element for an earlier period.
func (s *Sealed) elementUID(t *SealedTable, measure string) string {
	return uid("dataElement", s.own(t.BaseID(), measure)...)
}

// own marks the names of what belongs to one profile. Each has its own draws and floors, so
// that its numbers are other data; what was made for the ministry first has no mark.
func (s *Sealed) own(names ...string) []string {
	if s.open() {
		return append([]string{s.Profile}, names...)
	}
	return names
}

// open reports whether the release is of another profile than the ministry's.
func (s *Sealed) open() bool { return s.Profile != "" && s.Profile != profileMinistry }

const profileMinistry = "ministry"

// prefix begins the codes and names of what belongs to one profile.
func (s *Sealed) prefix() (code, name string) {
	if s.open() {
		return "JOL_" + strings.ToUpper(s.Profile) + "_", "Jol " + strings.ReplaceAll(s.Profile, "_", " ")
	}
	return "JOL_", "Jol"
}

// comboOf is the category option combination of a cell; empty without a breakdown.
func comboOf(t *SealedTable, codes []string) string {
	names, values := strata(t.Dimensions, codes)
	if len(names) == 0 {
		return ""
	}
	return uid("categoryOptionCombo", append(slices.Clone(names), values...)...)
}

// Metadata is what a DHIS2 must know before it takes the values: POST /api/metadata. It
// holds no organisation units: those are the country's own, by ISO 3166 code.
type Metadata struct {
	CategoryOptions      []MetaOption    `json:"categoryOptions"`
	Categories           []MetaCategory  `json:"categories"`
	CategoryCombos       []MetaCombo     `json:"categoryCombos"`
	CategoryOptionCombos []MetaOptions   `json:"categoryOptionCombos"`
	DataElements         []MetaElement   `json:"dataElements"`
	DataSets             []MetaSet       `json:"dataSets"`
	IndicatorTypes       []MetaFactor    `json:"indicatorTypes"`
	Indicators           []MetaIndicator `json:"indicators"`
}

// MetaNamed is what every object of the package has. Codes and names are unique.
type MetaNamed struct {
	ID           string        `json:"id"`
	Code         string        `json:"code,omitempty"`
	Name         string        `json:"name"`
	ShortName    string        `json:"shortName,omitempty"` // at most 50 characters
	Translations []Translation `json:"translations,omitempty"`
}

// Translation is a name in another language.
type Translation struct {
	Property string `json:"property"`
	Locale   string `json:"locale"`
	Value    string `json:"value"`
}

// MetaRef points at another object of the package.
type MetaRef struct {
	ID string `json:"id"`
}

// MetaOption is one code of a dimension.
type MetaOption struct{ MetaNamed }

// MetaCategory is a dimension.
type MetaCategory struct {
	MetaNamed
	DataDimensionType string    `json:"dataDimensionType"`
	CategoryOptions   []MetaRef `json:"categoryOptions"`
}

// MetaCombo is the dimensions of a table together.
type MetaCombo struct {
	MetaNamed
	DataDimensionType string    `json:"dataDimensionType"`
	SkipTotal         bool      `json:"skipTotal"` // cells do not add up
	Categories        []MetaRef `json:"categories"`
}

// MetaOptions is one combination of codes.
type MetaOptions struct {
	MetaNamed
	CategoryCombo   MetaRef   `json:"categoryCombo"`
	CategoryOptions []MetaRef `json:"categoryOptions"`
}

// MetaElement is one measure of one table. It is never summed: neither over places nor
// over periods do the counts add up.
type MetaElement struct {
	MetaNamed
	DomainType      string   `json:"domainType"`
	ValueType       string   `json:"valueType"`
	AggregationType string   `json:"aggregationType"`
	ZeroIsSignif    bool     `json:"zeroIsSignificant"`
	CategoryCombo   *MetaRef `json:"categoryCombo,omitempty"`
	Description     string   `json:"description"`
}

// MetaSet holds the elements of one kind of period.
type MetaSet struct {
	MetaNamed
	PeriodType      string           `json:"periodType"`
	DataSetElements []MetaSetElement `json:"dataSetElements"`
}

// MetaSetElement puts an element in a set.
type MetaSetElement struct {
	DataElement MetaRef `json:"dataElement"`
}

// MetaFactor is a type of indicator.
type MetaFactor struct {
	MetaNamed
	Factor int  `json:"factor"`
	Number bool `json:"number"`
}

// MetaIndicator lets DHIS2 divide what was published; rates themselves are not sent.
type MetaIndicator struct {
	MetaNamed
	Annualized    bool    `json:"annualized"`
	IndicatorType MetaRef `json:"indicatorType"`
	Numerator     string  `json:"numerator"`
	Denominator   string  `json:"denominator"`
	Description   string  `json:"description"`
}

// Metadata writes the package for the values of this release and of every other of its
// profile: plan is what they can hold, without numbers. A package with the tables of one
// release alone would take those of the others out of the data sets there.
func (s *Sealed) Metadata(plan []SealedTable) Metadata {
	b := metaBuilder{s: s, seen: map[string]bool{}, m: Metadata{
		CategoryOptions: []MetaOption{}, Categories: []MetaCategory{}, CategoryCombos: []MetaCombo{}, CategoryOptionCombos: []MetaOptions{},
		DataElements: []MetaElement{}, DataSets: []MetaSet{}, Indicators: []MetaIndicator{},
	}}
	tables := slices.Concat(plan, s.Tables) // a release of an older plan may hold more
	percent := MetaRef{uid("indicatorType", "percent")}
	b.m.IndicatorTypes = []MetaFactor{{MetaNamed: MetaNamed{ID: percent.ID, Name: "Jol percent"}, Factor: 100}}
	sets := map[string]*MetaSet{}
	for i := range tables {
		t := &tables[i]
		combo := b.combo(t)
		kind := "Yearly"
		if strings.Contains(t.Period, "Q") {
			kind = "Quarterly"
		}
		if sets[kind] == nil {
			code, name := s.prefix()
			sets[kind] = &MetaSet{MetaNamed: MetaNamed{ID: uid("dataSet", s.own(kind)...), Code: code + strings.ToUpper(kind), Name: name + " sealed releases, " + strings.ToLower(kind),
				ShortName: name + " " + strings.ToLower(kind)}, PeriodType: kind}
		}
		for _, measure := range t.measures() {
			id := b.element(t, measure, combo)
			if member := (MetaSetElement{MetaRef{id}}); !slices.Contains(sets[kind].DataSetElements, member) {
				sets[kind].DataSetElements = append(sets[kind].DataSetElements, member)
			}
		}
		b.indicator(t, percent)
	}
	for _, kind := range []string{"Quarterly", "Yearly"} {
		if sets[kind] != nil {
			b.m.DataSets = append(b.m.DataSets, *sets[kind])
		}
	}
	return b.m
}

// measures of a table, in order.
func (t *SealedTable) measures() []string {
	if slices.Contains(t.Dimensions, dimMeasure) {
		return []string{measureDenominator, measureNumerator}
	}
	return []string{measureCount}
}

// metaBuilder collects objects, each once.
type metaBuilder struct {
	s    *Sealed
	m    Metadata
	seen map[string]bool
}

// first reports whether the object is new.
func (b *metaBuilder) first(id string) bool {
	was := b.seen[id]
	b.seen[id] = true
	return !was
}

// combo adds the dimensions of a table with their codes and combinations; nil when the
// table has none and the default of DHIS2 serves.
func (b *metaBuilder) combo(t *SealedTable) *MetaRef {
	var dimensions []string
	for _, d := range t.Dimensions {
		if d != dimRegion && d != dimMeasure {
			dimensions = append(dimensions, d)
		}
	}
	if len(dimensions) == 0 {
		return nil
	}
	ref := MetaRef{uid("categoryCombo", dimensions...)}
	if b.first(ref.ID) {
		combo := MetaCombo{MetaNamed: MetaNamed{ID: ref.ID, Code: short("JOL_"+strings.ToUpper(strings.Join(dimensions, "_")), ref.ID), Name: "Jol " + strings.Join(dimensions, ", ")},
			DataDimensionType: "DISAGGREGATION", SkipTotal: true}
		for _, d := range dimensions {
			combo.Categories = append(combo.Categories, MetaRef{uid("category", d)})
		}
		b.m.CategoryCombos = append(b.m.CategoryCombos, combo)
	}
	for _, c := range t.Cells {
		names, values := strata(t.Dimensions, c.Codes)
		options := make([]MetaRef, len(names))
		for i, d := range names {
			options[i] = b.option(d, values[i])
		}
		if id := comboOf(t, c.Codes); b.first(id) {
			b.m.CategoryOptionCombos = append(b.m.CategoryOptionCombos, MetaOptions{
				MetaNamed:     MetaNamed{ID: id, Code: short("JOL_"+strings.Join(slices.Concat(names, values), "_"), id), Name: "Jol " + strings.Join(slices.Concat(names, values), ", ")},
				CategoryCombo: ref, CategoryOptions: options})
		}
	}
	return &ref
}

// option adds a code and its dimension.
func (b *metaBuilder) option(dimension, code string) MetaRef {
	ref := MetaRef{uid("categoryOption", dimension, code)}
	category := uid("category", dimension)
	if b.first(category) {
		b.m.Categories = append(b.m.Categories, MetaCategory{
			MetaNamed: MetaNamed{ID: category, Code: "JOL_" + strings.ToUpper(dimension), Name: "Jol " + dimension, ShortName: short("Jol "+dimension, category)}, DataDimensionType: "DISAGGREGATION"})
	}
	if b.first(ref.ID) {
		named := MetaNamed{ID: ref.ID, Code: short("JOL_"+strings.ToUpper(dimension)+"_"+code, ref.ID),
			Name: dimension + ": " + b.s.codeName(dimension, code, "en"), ShortName: short(dimension+" "+code, ref.ID)}
		for _, lang := range Languages[1:] {
			named.Translations = append(named.Translations, Translation{"NAME", lang, dimension + ": " + b.s.codeName(dimension, code, lang)})
		}
		b.m.CategoryOptions = append(b.m.CategoryOptions, MetaOption{named})
		at := slices.IndexFunc(b.m.Categories, func(c MetaCategory) bool { return c.ID == category })
		b.m.Categories[at].CategoryOptions = append(b.m.Categories[at].CategoryOptions, ref)
	}
	return ref
}

// element adds one measure of a table.
func (b *metaBuilder) element(t *SealedTable, measure string, combo *MetaRef) string {
	id := b.s.elementUID(t, measure)
	if !b.first(id) {
		return id
	}
	named := b.named(t, t.BaseID()+"_"+measure, id, measure, t.methodNote())
	b.m.DataElements = append(b.m.DataElements, MetaElement{
		MetaNamed: named, DomainType: "AGGREGATE", ValueType: "INTEGER_ZERO_OR_POSITIVE", AggregationType: "NONE", ZeroIsSignif: true,
		CategoryCombo: combo, Description: strings.TrimSpace(t.Rule + " " + t.methodNote().In("en"))})
	return id
}

// indicator adds the rate of a table that has numerators and denominators.
func (b *metaBuilder) indicator(t *SealedTable, percent MetaRef) {
	id := uid("indicator", b.s.own(t.BaseID())...)
	if len(t.measures()) < 2 || !b.first(id) {
		return
	}
	b.m.Indicators = append(b.m.Indicators, MetaIndicator{
		MetaNamed: b.named(t, t.BaseID()+"_rate", id, KindRate, t.Method.RateRule), IndicatorType: percent,
		Numerator: "#{" + b.s.elementUID(t, measureNumerator) + "}", Denominator: "#{" + b.s.elementUID(t, measureDenominator) + "}",
		Description: t.Method.RateRule.In("en")})
}

// named names an object after its table; the id makes the name unique.
func (b *metaBuilder) named(t *SealedTable, code, id, measure string, description Words) MetaNamed {
	what := func(lang string) string {
		if measure == KindRate {
			return strings.TrimSpace(wordsOf("unit_percent").In(lang) + " " + t.ofWhom(measure, lang))
		}
		return t.unitWords().In(lang)
	}
	name := func(lang string) string {
		profile := ""
		if b.s.open() {
			profile = wordsOf("open_data").In(lang) + ": "
		}
		return profile + t.Title.In(lang) + " (" + what(lang) + ") [" + t.BaseID() + ", " + measure + "]"
	}
	prefix, mark := b.s.prefix()
	n := MetaNamed{ID: id, Code: short(prefix+code, id), Name: name("en"), ShortName: short(t.BaseID()+" "+measure, id)}
	if b.s.open() {
		n.ShortName = short(mark+" "+t.BaseID()+" "+measure, id)
	}
	for _, lang := range Languages[1:] {
		n.Translations = append(n.Translations, Translation{"NAME", lang, name(lang)})
		if description[lang] != "" {
			n.Translations = append(n.Translations, Translation{"DESCRIPTION", lang, description[lang]})
		}
	}
	return n
}

// short keeps a code or short name within the 50 characters of DHIS2; one that is cut ends
// in the UID, so that it stays unique.
func short(text, id string) string {
	const most = 50
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-len(id)-1]) + "_" + id
}
