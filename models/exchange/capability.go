package exchange

// CapabilityStatement says what the FHIR side of the service can do.
type CapabilityStatement struct {
	ResourceType   string         `json:"resourceType"`
	URL            string         `json:"url"`
	Name           string         `json:"name"`
	Title          string         `json:"title"`
	Status         string         `json:"status"`
	Date           string         `json:"date"`
	Description    string         `json:"description"`
	Kind           string         `json:"kind"`
	Software       software       `json:"software"`
	Implementation implementation `json:"implementation"`
	FHIRVersion    string         `json:"fhirVersion"`
	Format         []string       `json:"format"`
	Rest           []rest         `json:"rest"`
}

type software struct {
	Name string `json:"name"`
}

type implementation struct {
	Description string `json:"description"`
}

type rest struct {
	Mode          string         `json:"mode"`
	Documentation string         `json:"documentation"`
	Resource      []restResource `json:"resource"`
}

type restResource struct {
	Type        string        `json:"type"`
	Interaction []interaction `json:"interaction"`
	Versioning  string        `json:"versioning"`
	SearchParam []searchParam `json:"searchParam"`
}

type interaction struct {
	Code string `json:"code"`
}

type searchParam struct {
	Name          string `json:"name"`
	Definition    string `json:"definition"`
	Type          string `json:"type"`
	Documentation string `json:"documentation"`
}

// capabilityDate is the day this statement last changed; change both together.
const capabilityDate = "2026-11-22"

// NewCapabilityStatement describes reading and searching protocols and steps; there is
// no other interaction, and no resource about a person.
func NewCapabilityStatement() CapabilityStatement {
	resource := func(kind string) restResource {
		parameter := func(name, kindOf, definition, text string) searchParam {
			return searchParam{name, "http://hl7.org/fhir/SearchParameter/" + definition, kindOf, text}
		}
		return restResource{Type: kind, Versioning: "no-version",
			Interaction: []interaction{{"read"}, {"search-type"}},
			SearchParam: []searchParam{
				parameter("_id", "token", "Resource-id", "Ids, separated by commas"),
				parameter("url", "uri", kind+"-url", "The canonical address without its version"),
				parameter("version", "token", kind+"-version", "The edition"),
			}}
	}
	return CapabilityStatement{ResourceType: "CapabilityStatement", URL: Canonical("CapabilityStatement", "jol"),
		Name: "Jol", Title: "Jol protocol reference", Status: "active", Date: capabilityDate, Kind: "instance",
		Description: "Treatment protocols as PlanDefinition, their steps as ActivityDefinition. Read-only. No data about people. " +
			"Not for automated prescribing: a qualified clinician decides every dose and every step.",
		Software: software{"Jol"}, Implementation: implementation{"Protocol reference of this deployment"},
		FHIRVersion: "4.0.1", Format: []string{"json", "application/fhir+json"},
		Rest: []rest{{Mode: "server",
			Documentation: "Open to everybody. A search returns every match in one page. A parameter that is not listed is refused. Failures are OperationOutcome.",
			Resource:      []restResource{resource("ActivityDefinition"), resource("PlanDefinition")}}}}
}
