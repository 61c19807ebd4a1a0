package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"jol/models"
	"jol/models/exchange"
)

func init() {
	openapi3filter.RegisterBodyDecoder("application/fhir+json", openapi3filter.JSONBodyDecoder)
}

// completeFHIR describes the failures of a FHIR route, which are no problem documents.
func completeFHIR(op *openapi3.Operation, kinds []models.Kind) {
	content := openapi3.Content{"application/fhir+json": openapi3.NewMediaType().WithSchemaRef(openapi3.NewSchemaRef("#/components/schemas/OperationOutcome", nil))}
	set := func(status, description string) {
		op.Responses.Set(status, &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription(description).WithContent(content)})
	}
	for _, kind := range kinds {
		set(strconv.Itoa(families[kind].status), families[kind].title)
	}
	set("default", "Any other failure")
}

// checkOutcome holds a failure under /fhir to what FHIR clients expect.
func (sc Scenario) checkOutcome(t testing.TB, a Answer, id string) {
	t.Helper()
	var o exchange.OperationOutcome
	a.Into(t, &o)
	if got := a.Header.Get("Content-Type"); got != "application/fhir+json" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: headers %v", sc.label(), a.Header)
	}
	if o.ResourceType != "OperationOutcome" || len(o.Issue) == 0 {
		t.Fatalf("%s: not an outcome: %s", sc.label(), a.Body)
	}
	first := o.Issue[0]
	if first.Severity != "error" || first.Code == "" || first.Details.Text == "" || first.Diagnostics != "urn:jol:request:"+id {
		t.Errorf("%s: incomplete outcome: %s", sc.label(), a.Body)
	}
	if first.Details.Coding[0].Code != sc.Code {
		t.Errorf("%s: code %v, want %q", sc.label(), first.Details.Coding[0].Code, sc.Code)
	}
	if sc.Pointer != "" && !slices.ContainsFunc(o.Issue[1:], func(i exchange.OutcomeIssue) bool {
		return i.Diagnostics == sc.Pointer && i.Details.Coding[0].Code == sc.Code
	}) {
		t.Errorf("%s: no issue for %s: %s", sc.label(), sc.Pointer, a.Body)
	}
}

// fhirService is the real route table and content without a database.
func fhirService(t *testing.T) func(Scenario) Answer {
	t.Helper()
	f := newFake()
	f.protocols = builtInOnly(t)
	base := f.serveRoutes(t, Routes)
	return func(sc Scenario) Answer {
		t.Helper()
		a := sc.Run(t, base)
		conform(t, sc, a)
		return a
	}
}

func TestFHIR_CachedAndCompressed(t *testing.T) {
	t.Parallel()
	run := fhirService(t)
	for _, path := range []string{"/fhir/metadata", "/fhir/PlanDefinition", "/fhir/PlanDefinition/therapeutic-programme",
		"/fhir/ActivityDefinition", "/fhir/ActivityDefinition/tp-oat-missed"} {
		ask := func(status int, encoding, known string) Answer {
			t.Helper()
			return run(Scenario{Path: path, Status: status, Headers: map[string]string{"Accept-Encoding": encoding, "If-None-Match": known}})
		}
		plain, packed := ask(200, "identity", ""), ask(200, "gzip", "")
		body, err := unzip(packed.Body)
		if err != nil || !bytes.Equal(body, plain.Body) || !json.Valid(body) {
			t.Fatalf("%s: gzip differs: %v", path, err)
		}
		tag := plain.Header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) || tag == packed.Header.Get("ETag") {
			t.Errorf("%s: ETags %s %s", path, tag, packed.Header.Get("ETag"))
		}
		for _, a := range []Answer{plain, packed} {
			if h := a.Header; h.Get("Content-Type") != "application/fhir+json" || h.Get("Vary") != "Accept-Encoding" ||
				h.Get("Content-Language") != "en" || h.Get("Cache-Control") != "public, no-cache" {
				t.Errorf("%s: %v", path, h)
			}
		}
		ask(304, "identity", tag)
		ask(200, "gzip", tag)
		if again := ask(200, "identity", ""); again.Header.Get("ETag") != tag {
			t.Errorf("%s: the ETag changed", path)
		}
	}
}

func TestFHIR_FailuresAreOutcomes(t *testing.T) {
	t.Parallel()
	run := fhirService(t)
	for path, code := range map[string]string{
		"/fhir/PlanDefinition/zqx":     "protocol.not_found",
		"/fhir/ActivityDefinition/zqx": "step.not_found",
		"/fhir/Patient/1":              "path.not_found",
	} {
		run(Scenario{Path: path, Status: 404, Code: code, Contains: []string{`"not-found"`}, Absent: []string{"zqx"}})
	}
	run(Scenario{Path: "/fhir/metadata?_format=json", Status: 200})
	run(Scenario{Path: "/fhir/metadata?_format=application/fhir+json", Status: 200})
	run(Scenario{Path: "/fhir/metadata?_format=xml", Status: 406, Code: "format.not_supported"})
	run(Scenario{Path: "/fhir/PlanDefinition?zqx=1", Status: 422, Code: "query.unknown_parameter", Contains: []string{`"/zqx"`}})
	run(Scenario{Method: http.MethodPost, Path: "/fhir/PlanDefinition", Body: "{}", Status: 405, Code: "method.not_allowed"})
	// Only /fhir answers so.
	run(Scenario{Path: "/fhirx", Status: 404, Code: "path.not_found"})
}

// canonicals are all the addresses of definitions in a resource.
func canonicals(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if s, ok := value.(string); ok && (key == "definitionCanonical" || key == "resource") {
				found[s] = true
			}
			canonicals(value, found)
		}
	case []any:
		for _, item := range v {
			canonicals(item, found)
		}
	}
}

// Every canonical leads, by the search that FHIR clients use, to exactly one resource.
func TestFHIR_EveryCanonicalResolves(t *testing.T) {
	t.Parallel()
	run := fhirService(t)
	found := map[string]bool{}
	for _, path := range []string{"/fhir/PlanDefinition", "/fhir/ActivityDefinition"} {
		var all any
		run(Scenario{Path: path, Status: 200}).Into(t, &all)
		canonicals(all, found)
	}
	if len(found) < 120 {
		t.Fatalf("only %d canonicals", len(found))
	}
	for canonical := range found {
		address, version, _ := strings.Cut(canonical, "|")
		kind := strings.Split(strings.TrimPrefix(address, exchange.Base+"/"), "/")[0]
		q := url.Values{"url": {address}}
		if version != "" {
			q.Set("version", version)
		}
		var b struct {
			Total int
			Entry []struct {
				FullURL  string
				Resource struct{ URL, Version string }
			}
		}
		run(Scenario{Path: "/fhir/" + kind + "?" + q.Encode(), Status: 200}).Into(t, &b)
		if b.Total != 1 || len(b.Entry) != 1 || b.Entry[0].Resource.URL != address || version != "" && b.Entry[0].Resource.Version != version {
			t.Errorf("%s leads to %+v", canonical, b)
		}
	}
}

func TestFHIR_Search(t *testing.T) {
	t.Parallel()
	run := fhirService(t)
	total := func(path string, want int) {
		t.Helper()
		var b exchange.Bundle
		a := run(Scenario{Path: "/fhir/" + path, Status: 200, Headers: map[string]string{"Accept-Encoding": "gzip"}})
		body := a.Body
		if a.Header.Get("Content-Encoding") != "" {
			var err error
			if body, err = unzip(body); err != nil {
				t.Fatal(err)
			}
		}
		if err := json.Unmarshal(body, &b); err != nil {
			t.Fatal(err)
		}
		if b.Total != want || len(b.Entry) != want || b.Type != "searchset" || a.Header.Get("ETag") == "" || b.Link[0].URL == "" {
			t.Errorf("%s: %d of %d, %v", path, len(b.Entry), want, b.Link)
		}
	}
	total("PlanDefinition", 2)
	total("ActivityDefinition", 118)
	total("ActivityDefinition?_id=tp-oat-missed,pc-throughcare-contact,zqx", 2)
	run(Scenario{Path: "/fhir/ActivityDefinition?_id=zqx,tp-oat-missed&version=zqx", Status: 200, Absent: []string{"zqx"},
		Contains: []string{`"url":"ActivityDefinition?_id=tp-oat-missed&version="`}})
	total("ActivityDefinition?version=zqx", 0)
	total("ActivityDefinition?_id=tp-oat-missed&url=zqx", 0)
	total("PlanDefinition?_id=therapeutic-programme&_format=json", 1)
}
