package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/swaggo/swag"

	"jol/models"
)

var update = flag.Bool("update", false, "write generated files instead of comparing them")

const descriptionFile = "../docs/openapi.json"

// The description is made here and not in the program: swag reads the comments, the
// route table adds what it knows, and neither library ends up in the binary.
func TestOpenAPI_IsCurrentAndValid(t *testing.T) {
	t.Parallel()
	got := indented(t, describe(t, slices.Concat(Routes, operational)))
	loaded, err := openapi3.NewLoader().LoadFromData(got) // also resolves references
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Validate(t.Context()); err != nil {
		t.Errorf("invalid: %v", err)
	}
	if *update {
		if err := os.WriteFile(descriptionFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(descriptionFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is stale; run: go test ./api -run TestOpenAPI -update", descriptionFile)
	}
}

// describe returns the description of exactly these routes, and fails the test for
// any difference between the comments and the table.
func describe(t *testing.T, routes []Route) *openapi3.T {
	t.Helper()
	doc := convert(t)
	doc.OpenAPI = "3.0.3"
	doc.Servers = openapi3.Servers{{URL: "/"}}
	doc.Components.SecuritySchemes = openapi3.SecuritySchemes{
		"bearer": {Value: openapi3.NewSecurityScheme().WithType("http").WithScheme("bearer").WithDescription("The token from POST /api/v1/tokens.")},
	}
	doc.Components.Responses = problemResponses(routes)
	completeSchemas(t, doc.Components.Schemas)
	addStub(t, doc)
	addSlips(doc)
	doc.Components.Schemas["SyncCommandRequest"].Value.Properties["type"].Value.Enum = commandTypes()
	describeText(doc)
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	for _, route := range routes {
		path := pathParam.ReplaceAllString(route.Path, "{$1}")
		if !described[route.Method+" "+path] {
			t.Errorf("%s: in the table, but no handler comment describes it", route.key())
			continue
		}
		delete(described, route.Method+" "+path)
		complete(t, route, doc.Paths.Value(path).GetOperation(route.Method))
	}
	doc.Info.Contact = nil
	doc.Tags = tags(doc)
	for extra := range described {
		t.Errorf("%s: described, but not in the table", extra)
	}
	return doc
}

// commandTypes are the types of command that an outbox may hold.
func commandTypes() (types []any) {
	for _, name := range slices.Sorted(maps.Keys(commandRoutes())) {
		types = append(types, name)
	}
	return types
}

var pathParam = regexp.MustCompile(`:([A-Za-z]+)`)

// convert runs swag over the source and turns its Swagger 2 into OpenAPI 3.
func convert(t *testing.T) *openapi3.T {
	t.Helper()
	parser := swag.New(swag.SetDebugger(silent{}), swag.SetExcludedDirsAndFiles("../docs"))
	parser.ParseInternal = true
	if err := parser.ParseAPI("..", "api/openapi.go", 1); err != nil {
		t.Fatalf("swag: %v", err)
	}
	raw, err := json.Marshal(parser.GetSwagger())
	if err != nil {
		t.Fatal(err)
	}
	var two openapi2.T
	if err := json.Unmarshal(schemaNames(t, raw), &two); err != nil {
		t.Fatal(err)
	}
	doc, err := openapi2conv.ToV3(&two)
	if err != nil {
		t.Fatalf("convert: %v", err)
	}
	return doc
}

type silent struct{}

func (silent) Printf(string, ...any) {}

var definition = regexp.MustCompile(`"(#/definitions/)?((?:[a-z]+\.)[A-Za-z]+(?:-[A-Za-z0-9_]+)?)"`)

// schemaNames drops Go package names: handlers.Page-handlers_ReferralView becomes
// ReferralPage and handlers.ClientView becomes Client. It looks at quoted names of
// definitions only, and two packages may not share one.
func schemaNames(t *testing.T, raw []byte) []byte {
	t.Helper()
	var two struct {
		Definitions map[string]json.RawMessage `json:"definitions"`
	}
	if err := json.Unmarshal(raw, &two); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for old := range two.Definitions {
		_, short, _ := strings.Cut(old, ".")
		if generic, of, ok := strings.Cut(short, "-"); ok {
			short = schemaName(of[strings.LastIndex(of, "_")+1:]) + generic
		}
		short = schemaName(short)
		for other, taken := range names {
			if taken == short {
				t.Errorf("%s and %s are both called %s", old, other, short)
			}
		}
		names[old] = short
	}
	return definition.ReplaceAllFunc(raw, func(quoted []byte) []byte {
		m := definition.FindSubmatch(quoted)
		if short, ok := names[string(m[2])]; ok {
			return []byte(`"` + string(m[1]) + short + `"`)
		}
		return quoted
	})
}

// schemaName is what a Go type is called in the description.
func schemaName(goType string) string {
	goType = strings.TrimSuffix(goType, "View")
	return strings.ToUpper(goType[:1]) + goType[1:]
}

// complete adds to an operation what the route table knows better than a comment.
func complete(t *testing.T, route Route, op *openapi3.Operation) {
	t.Helper()
	if op.Summary == "" || len(op.Tags) != 1 {
		t.Errorf("%s: needs a summary and one tag", route.key())
	}
	if name := handlerName(route); name != "" {
		op.OperationID = name
	}
	if op.RequestBody != nil {
		op.RequestBody.Value.Extensions = nil // left over from the conversion
	}
	op.Security = &openapi3.SecurityRequirements{}
	if route.Scoped != nil {
		op.Security.With(openapi3.NewSecurityRequirement().Authenticate("bearer"))
	}
	checkParameters(t, route, op)
	if route.Create {
		op.AddParameter(header("Idempotency-Key", "1 to 128 visible ASCII characters, new for each record to create; repeat it to repeat the request safely.",
			openapi3.NewStringSchema().WithMinLength(1).WithMaxLength(128).WithPattern("^[!-~]+$")))
	}
	if route.Change {
		op.AddParameter(header("If-Match", "The ETag you read, for example \"3\".", openapi3.NewStringSchema().WithPattern(`^"[0-9]+"$`)))
	}
	for status, response := range op.Responses.Map() {
		if status == "default" || status >= "4" {
			op.Responses.Delete(status)
		} else if response.Value.Description == nil || *response.Value.Description == "" {
			t.Errorf("%s: %s has no description", route.key(), status)
		}
	}
	if strings.HasPrefix(route.Path, fhirRoot) {
		completeFHIR(op, failures(route))
		return
	}
	for _, kind := range failures(route) {
		op.Responses.Set(strconv.Itoa(families[kind].status), &openapi3.ResponseRef{Ref: "#/components/responses/" + families[kind].name})
	}
	op.Responses.Set("default", &openapi3.ResponseRef{Ref: "#/components/responses/problem"})
}

// handlerName is the operation id: the handler's name, which is unique.
func handlerName(route Route) string {
	var name string
	switch {
	case route.Scoped != nil:
		name = runtime.FuncForPC(reflect.ValueOf(route.Scoped).Pointer()).Name()
	case route.Public != nil:
		name = runtime.FuncForPC(reflect.ValueOf(route.Public).Pointer()).Name()
	default:
		return ""
	}
	name = name[strings.LastIndex(name, ".")+1:]
	return strings.ToLower(name[:1]) + name[1:]
}

// checkParameters equates path and query parameters with the table.
func checkParameters(t *testing.T, route Route, op *openapi3.Operation) {
	t.Helper()
	var query, path, wantPath []string
	for _, p := range op.Parameters {
		switch p.Value.In {
		case "query":
			query = append(query, p.Value.Name)
		case "path":
			path = append(path, p.Value.Name)
		case "header":
			if name := p.Value.Name; name == "Idempotency-Key" || name == "If-Match" {
				t.Errorf("%s: %s is told by the route table, not by the comment", route.key(), name)
			}
		}
	}
	for _, m := range pathParam.FindAllStringSubmatch(route.Path, -1) {
		wantPath = append(wantPath, m[1])
	}
	slices.Sort(query)
	slices.Sort(path)
	slices.Sort(wantPath)
	if want := slices.Sorted(slices.Values(route.Query)); !route.FreeQuery && !slices.Equal(query, want) {
		t.Errorf("%s: query parameters described %v, in the table %v", route.key(), query, want)
	}
	if !slices.Equal(path, wantPath) {
		t.Errorf("%s: path parameters described %v", route.key(), path)
	}
}

func header(name, description string, schema *openapi3.Schema) *openapi3.Parameter {
	return openapi3.NewHeaderParameter(name).WithDescription(description).WithRequired(true).WithSchema(schema)
}

// failures lists what can go wrong on a route, as far as the request path decides.
func failures(route Route) []models.Kind {
	kinds := []models.Kind{models.KindTooMany, models.KindUnavailable}
	if strings.HasPrefix(route.Path, "/api/") || strings.HasPrefix(route.Path, fhirRoot) {
		kinds = append(kinds, models.KindInvalid)
	}
	if strings.Contains(route.Path, ":") {
		kinds = append(kinds, models.KindNotFound)
	}
	if strings.HasPrefix(route.Path, "/api/v1/protocols") && slices.Contains(route.Query, "lang") { // it has pages too
		kinds = append(kinds, models.KindNotAcceptable)
	}
	if route.Scoped != nil {
		kinds = append(kinds, models.KindUnauthenticated)
		if !route.AnyRole {
			kinds = append(kinds, models.KindForbidden)
		}
	}
	if takesBody(route.Method) && route.Method != "DELETE" {
		kinds = append(kinds, models.KindTooLarge, models.KindUnsupportedMedia, models.KindMalformed)
		if route.Scoped != nil {
			kinds = append(kinds, models.KindConflict)
		}
	}
	if route.Change {
		kinds = append(kinds, models.KindPreconditionRequired, models.KindPreconditionFailed)
	}
	return kinds
}

// problemResponses is one shared response per family in use, and one for anything else.
func problemResponses(routes []Route) openapi3.ResponseBodies {
	content := openapi3.Content{"application/problem+json": openapi3.NewMediaType().WithSchemaRef(openapi3.NewSchemaRef("#/components/schemas/Problem", nil))}
	response := func(description string) *openapi3.ResponseRef {
		return &openapi3.ResponseRef{Value: openapi3.NewResponse().WithDescription(description).WithContent(content)}
	}
	all := openapi3.ResponseBodies{"problem": response("Any other failure")}
	for _, route := range routes {
		for _, kind := range failures(route) {
			all[families[kind].name] = response(families[kind].title)
		}
	}
	return all
}

// tags declares the tags in use.
func tags(doc *openapi3.T) openapi3.Tags {
	used := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, tag := range op.Tags {
				used[tag] = true
			}
		}
	}
	var out openapi3.Tags
	for _, name := range slices.Sorted(maps.Keys(used)) {
		out = append(out, &openapi3.Tag{Name: name})
	}
	return out
}

func indented(t *testing.T, doc *openapi3.T) []byte {
	t.Helper()
	raw, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}
