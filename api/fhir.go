package api

import (
	"net/http"
	"strings"

	"jol/handlers"
	"jol/models"
	"jol/models/exchange"
)

// fhirRoot is where failures are OperationOutcome instead of a problem document: FHIR
// clients read nothing else. It holds for every path under it, in the table or not.
const fhirRoot = "/fhir/"

var (
	fhirSearch = []string{"_id", "url", "version", "_format"}
	valueFHIR  = []string{"application/fhir+json"}
)

func isFHIR(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, fhirRoot) }

// failure is the body of a failed request, and its media type.
func failure(r *http.Request, e *models.Error, p handlers.ProblemView) (body any, contentType []string) {
	if isFHIR(r) {
		return exchange.NewOperationOutcome(e, p.Instance), valueFHIR
	}
	return p, valueProblem
}
