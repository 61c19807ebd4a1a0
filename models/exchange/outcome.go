package exchange

import "jol/models"

// OperationOutcome is how FHIR clients expect to be told about a failure.
type OperationOutcome struct {
	ResourceType string         `json:"resourceType"`
	Issue        []OutcomeIssue `json:"issue"`
}

// OutcomeIssue is one failure: the kind FHIR knows it by, and our own code.
type OutcomeIssue struct {
	Severity    string         `json:"severity"`
	Code        string         `json:"code"`
	Details     OutcomeDetails `json:"details"`
	Diagnostics string         `json:"diagnostics,omitempty"` // the request, or the pointer of a refused field
}

// OutcomeDetails carries the code a problem document would carry, and its text.
type OutcomeDetails struct {
	Coding []OutcomeCoding `json:"coding"`
	Text   string          `json:"text,omitempty"`
}

// OutcomeCoding is a code of a code system.
type OutcomeCoding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// issueTypes maps kinds of failure to the closed list of FHIR.
var issueTypes = map[models.Kind]string{
	models.KindUnauthenticated:  "login",
	models.KindForbidden:        "forbidden",
	models.KindTooLarge:         "too-long",
	models.KindMalformed:        "invalid",
	models.KindInvalid:          "invalid",
	models.KindNotFound:         "not-found",
	models.KindConflict:         "conflict",
	models.KindTooMany:          "throttled",
	models.KindUnavailable:      "transient",
	models.KindNotAcceptable:    "not-supported",
	models.KindMethodNotAllowed: "not-supported",
	models.KindUnsupportedMedia: "not-supported",
}

// NewOperationOutcome says what a problem document would say: its code and detail, the
// request for a report, and one issue more for each refused field. No value the caller
// sent is in it.
func NewOperationOutcome(e *models.Error, instance string) OperationOutcome {
	kind, ok := issueTypes[e.Kind]
	if !ok {
		kind = "exception"
	}
	out := OperationOutcome{ResourceType: "OperationOutcome"}
	out.add(kind, e.Code, e.Detail, instance)
	for _, f := range e.Fields {
		out.add("invalid", f.Code, "", f.Pointer)
	}
	return out
}

func (o *OperationOutcome) add(kind, code, text, diagnostics string) {
	o.Issue = append(o.Issue, OutcomeIssue{Severity: "error", Code: kind, Diagnostics: diagnostics,
		Details: OutcomeDetails{[]OutcomeCoding{{Base + "/CodeSystem/problem", code}}, text}})
}
