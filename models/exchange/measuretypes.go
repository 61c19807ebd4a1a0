package exchange

import "encoding/json"

// The FHIR R4 types of reported numbers, with only the members that are written here.
// There is no evaluatedResource and no subject list: nothing in them can name a person.

// Collection is a bundle of resources that belong together.
type Collection struct {
	ResourceType string            `json:"resourceType"`
	ID           string            `json:"id"`
	Type         string            `json:"type"`
	Timestamp    string            `json:"timestamp"`
	Entry        []CollectionEntry `json:"entry"`
}

// CollectionEntry is one resource with its canonical address.
type CollectionEntry struct {
	FullURL  string `json:"fullUrl"`
	Resource any    `json:"resource"`
}

// Identifier names something by a code of ours or of a standard.
type Identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// Reference is logical: by identifier, or to another resource of the bundle.
type Reference struct {
	Reference  string      `json:"reference,omitempty"`
	Identifier *Identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

// Period is a span of civil days, both ends included.
type Period struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// Quantity is a number with its unit; without a value an extension says why.
type Quantity struct {
	Extension []Extension `json:"extension,omitempty"`
	Value     json.Number `json:"value,omitempty"`
	Unit      string      `json:"unit,omitempty"`
	System    string      `json:"system,omitempty"`
	Code      string      `json:"code,omitempty"`
}

// Measure is what a table counts.
type Measure struct {
	ResourceType   string         `json:"resourceType"`
	ID             string         `json:"id"`
	Language       string         `json:"language"`
	URL            string         `json:"url"`
	Identifier     []Identifier   `json:"identifier"`
	Version        string         `json:"version"`
	Name           string         `json:"name"`
	Title          string         `json:"title"`
	TitleExt       *Element       `json:"_title,omitempty"`
	Status         string         `json:"status"`
	Experimental   bool           `json:"experimental"`
	Description    string         `json:"description"`
	DescriptionExt *Element       `json:"_description,omitempty"`
	Jurisdiction   []Concept      `json:"jurisdiction"`
	Scoring        Concept        `json:"scoring"`
	Group          []MeasureGroup `json:"group"`
}

// MeasureGroup is the counts of a table, or one kind of figure worked out from them.
type MeasureGroup struct {
	Extension  []Extension         `json:"extension,omitempty"`
	Code       Concept             `json:"code"`
	Population []MeasureCriteria   `json:"population,omitempty"`
	Stratifier []MeasureStratifier `json:"stratifier,omitempty"`
}

// MeasureCriteria is one measure of a table, or one dimension of its breakdown.
type MeasureCriteria struct {
	Code     Concept    `json:"code"`
	Criteria Expression `json:"criteria"`
}

// MeasureStratifier is the breakdown: a component for each dimension.
type MeasureStratifier struct {
	Component []MeasureCriteria `json:"component"`
}

// MeasureReport is a table.
type MeasureReport struct {
	ResourceType string        `json:"resourceType"`
	ID           string        `json:"id"`
	Extension    []Extension   `json:"extension,omitempty"`
	Status       string        `json:"status"`
	Type         string        `json:"type"`
	Measure      string        `json:"measure"`
	Subject      Reference     `json:"subject"`
	Date         string        `json:"date"`
	Reporter     Reference     `json:"reporter"`
	Period       Period        `json:"period"`
	Group        []ReportGroup `json:"group"`
}

// ReportGroup holds the numbers of one group of the measure.
type ReportGroup struct {
	Extension    []Extension        `json:"extension,omitempty"`
	Code         Concept            `json:"code"`
	Population   []ReportPopulation `json:"population,omitempty"`
	MeasureScore *Quantity          `json:"measureScore,omitempty"`
	Stratifier   []ReportStratifier `json:"stratifier,omitempty"`
}

// ReportPopulation is one count. A count that is not shown has no number, and says so.
type ReportPopulation struct {
	Extension []Extension `json:"extension,omitempty"`
	Code      Concept     `json:"code"`
	Count     *int64      `json:"count,omitempty"`
	CountExt  *Element    `json:"_count,omitempty"`
}

// ReportStratifier is the breakdown of a table.
type ReportStratifier struct {
	Code    []Concept `json:"code"`
	Stratum []Stratum `json:"stratum"`
}

// Stratum is one combination of codes.
type Stratum struct {
	Component    []StratumComponent `json:"component"`
	Population   []ReportPopulation `json:"population,omitempty"`
	MeasureScore *Quantity          `json:"measureScore,omitempty"`
}

// StratumComponent is one dimension with its code.
type StratumComponent struct {
	Code  Concept `json:"code"`
	Value Concept `json:"value"`
}

// Provenance says how the reports came to be.
type Provenance struct {
	ResourceType string            `json:"resourceType"`
	ID           string            `json:"id"`
	Target       []Reference       `json:"target"`
	Recorded     string            `json:"recorded"`
	Policy       []string          `json:"policy,omitempty"`
	Activity     Concept           `json:"activity"`
	Agent        []ProvenanceAgent `json:"agent"`
	Entity       []ProvenanceBasis `json:"entity"`
}

// ProvenanceAgent is who did it: here a program.
type ProvenanceAgent struct {
	Type Concept   `json:"type"`
	Who  Reference `json:"who"`
}

// ProvenanceBasis is what it was made from.
type ProvenanceBasis struct {
	Role string    `json:"role"`
	What Reference `json:"what"`
}
