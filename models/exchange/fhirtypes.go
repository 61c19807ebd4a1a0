package exchange

import "encoding/json"

// The FHIR R4 types, with only the members that are written here. What is not in a
// type cannot be sent by mistake: there is no dosage, product, quantity or dynamic value.

// Extension is a FHIR extension; one value, or extensions of its own.
type Extension struct {
	URL            string      `json:"url"`
	Extension      []Extension `json:"extension,omitempty"`
	ValueCode      string      `json:"valueCode,omitempty"`
	ValueString    string      `json:"valueString,omitempty"`
	ValueStringExt *Element    `json:"_valueString,omitempty"`
	ValueBoolean   bool        `json:"valueBoolean,omitempty"`
	ValueInteger   *int64      `json:"valueInteger,omitempty"`
	ValueDecimal   json.Number `json:"valueDecimal,omitempty"`
}

// Element carries the extensions of a primitive value, beside it under "_name".
type Element struct {
	Extension []Extension `json:"extension"`
}

// Narrative is the readable text of a resource, in XHTML.
type Narrative struct {
	Status string `json:"status"`
	Div    string `json:"div"`
}

// Coding is a code of a code system.
type Coding struct {
	System     string   `json:"system"`
	Code       string   `json:"code"`
	Display    string   `json:"display,omitempty"`
	DisplayExt *Element `json:"_display,omitempty"`
}

// Concept is a CodeableConcept.
type Concept struct {
	Coding []Coding `json:"coding"`
}

// UsageContext says where a definition is meant to be used.
type UsageContext struct {
	Code  Coding  `json:"code"`
	Value Concept `json:"valueCodeableConcept"`
}

// RelatedArtifact is evidence, a form or another definition.
type RelatedArtifact struct {
	Extension  []Extension `json:"extension,omitempty"`
	Type       string      `json:"type"`
	Label      string      `json:"label,omitempty"`
	Display    string      `json:"display,omitempty"`
	DisplayExt *Element    `json:"_display,omitempty"`
	Citation   string      `json:"citation,omitempty"`
	URL        string      `json:"url,omitempty"`
	Resource   string      `json:"resource,omitempty"`
}

// PlanDefinition is a protocol.
type PlanDefinition struct {
	ResourceType    string            `json:"resourceType"`
	ID              string            `json:"id"`
	Language        string            `json:"language"`
	Text            Narrative         `json:"text"`
	Extension       []Extension       `json:"extension,omitempty"`
	URL             string            `json:"url"`
	Version         string            `json:"version"`
	Name            string            `json:"name"`
	Title           string            `json:"title"`
	TitleExt        *Element          `json:"_title,omitempty"`
	Type            Concept           `json:"type"`
	Status          string            `json:"status"`
	Experimental    bool              `json:"experimental"`
	Description     string            `json:"description"`
	DescriptionExt  *Element          `json:"_description,omitempty"`
	Jurisdiction    []Concept         `json:"jurisdiction"`
	RelatedArtifact []RelatedArtifact `json:"relatedArtifact,omitempty"`
	Action          []Action          `json:"action"`
}

// Action is a phase, a step, a branch, a repetition or an event of a protocol.
type Action struct {
	ID                string            `json:"id"`
	Extension         []Extension       `json:"extension,omitempty"`
	Prefix            string            `json:"prefix,omitempty"`
	Title             string            `json:"title,omitempty"`
	TitleExt          *Element          `json:"_title,omitempty"`
	TextEquivalent    string            `json:"textEquivalent,omitempty"`
	TextEquivalentExt *Element          `json:"_textEquivalent,omitempty"`
	Code              []Concept         `json:"code,omitempty"`
	Documentation     []RelatedArtifact `json:"documentation,omitempty"`
	Condition         []Condition       `json:"condition,omitempty"`
	RelatedAction     []RelatedAction   `json:"relatedAction,omitempty"`
	Timing            *Timing           `json:"timingTiming,omitempty"`
	Participant       []Participant     `json:"participant,omitempty"`
	Grouping          string            `json:"groupingBehavior,omitempty"`
	Definition        string            `json:"definitionCanonical,omitempty"`
	Action            []Action          `json:"action,omitempty"`
}

// Condition says when an action applies.
type Condition struct {
	Extension  []Extension `json:"extension,omitempty"`
	Kind       string      `json:"kind"`
	Expression Expression  `json:"expression"`
}

// Expression has no language of its own: see condition.go.
type Expression struct {
	Description    string   `json:"description"`
	DescriptionExt *Element `json:"_description,omitempty"`
	LanguageExt    Element  `json:"_language"`
	Expression     string   `json:"expression,omitempty"`
	Reference      string   `json:"reference,omitempty"`
}

// RelatedAction places an action before or after another.
type RelatedAction struct {
	Extension    []Extension `json:"extension,omitempty"`
	ActionID     string      `json:"actionId"`
	Relationship string      `json:"relationship"`
	Offset       *Duration   `json:"offsetDuration,omitempty"`
}

// Duration is a length of time in a unit of UCUM.
type Duration struct {
	Value      int    `json:"value"`
	Comparator string `json:"comparator,omitempty"`
	Unit       string `json:"unit"`
	System     string `json:"system"`
	Code       string `json:"code"`
}

// Timing is a repetition.
type Timing struct {
	Repeat Repeat `json:"repeat"`
}

// Repeat says how often: Frequency times in Period to PeriodMax units.
type Repeat struct {
	Bounds     *Duration `json:"boundsDuration,omitempty"`
	Frequency  int       `json:"frequency"`
	Period     int       `json:"period"`
	PeriodMax  int       `json:"periodMax,omitempty"`
	PeriodUnit string    `json:"periodUnit"`
}

// Participant is a role that takes part.
type Participant struct {
	Type string  `json:"type"`
	Role Concept `json:"role"`
}

// ActivityDefinition is one step. It proposes a task; it is never an order.
type ActivityDefinition struct {
	ResourceType    string            `json:"resourceType"`
	ID              string            `json:"id"`
	Language        string            `json:"language"`
	Text            Narrative         `json:"text"`
	Extension       []Extension       `json:"extension,omitempty"`
	URL             string            `json:"url"`
	Version         string            `json:"version"`
	Name            string            `json:"name"`
	Title           string            `json:"title"`
	TitleExt        *Element          `json:"_title,omitempty"`
	Status          string            `json:"status"`
	Experimental    bool              `json:"experimental"`
	Description     string            `json:"description"`
	DescriptionExt  *Element          `json:"_description,omitempty"`
	UseContext      []UsageContext    `json:"useContext,omitempty"`
	Jurisdiction    []Concept         `json:"jurisdiction"`
	Purpose         string            `json:"purpose"`
	PurposeExt      *Element          `json:"_purpose,omitempty"`
	Usage           string            `json:"usage,omitempty"`
	UsageExt        *Element          `json:"_usage,omitempty"`
	RelatedArtifact []RelatedArtifact `json:"relatedArtifact,omitempty"`
	Kind            string            `json:"kind"`
	Intent          string            `json:"intent"`
	Participant     []Participant     `json:"participant,omitempty"`
}
