package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// completeSchemas adds what swag does not read from Go types: a view always has all
// its members, a pointer may be null unless a request must say it, dates, times and ids have
// their format, and a request takes no other members.
func completeSchemas(t *testing.T, schemas openapi3.Schemas) {
	t.Helper()
	for name, ref := range schemas { // swag writes out the generic Page for each item type
		if strings.HasSuffix(name, "Page") {
			ref.Value.Required = []string{"items", "page"}
		}
	}
	for name, fields := range handlerStructs(t) {
		request := strings.HasSuffix(name, "Request")
		ref := schemas[schemaName(name)]
		if ref == nil {
			continue // a type that is no body
		}
		for _, f := range fields {
			property := ref.Value.Properties[f.json]
			if property == nil {
				continue
			}
			if !request && !slices.Contains(ref.Value.Required, f.json) {
				ref.Value.Required = append(ref.Value.Required, f.json)
			}
			if f.format != "" && (request || !f.blank) {
				property.Value.Format = f.format
			}
			if f.pointer && !(request && slices.Contains(ref.Value.Required, f.json) && !f.nullable) {
				ref.Value.Properties[f.json] = nullable(schemas, property)
			}
		}
		if request {
			ref.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
		}
	}
}

// addStub describes the other answers that swag does not know, because it knows one type
// an answer: all that a receiver sees of a referral whose consent is not in force, the place
// and time of an overdose, and what is shared of a report of the early warning. They are made of the whole view's own members.
func addStub(t *testing.T, doc *openapi3.T) {
	t.Helper()
	either(t, doc, "Referral", "ReferralStub", "All a receiver sees of a referral whose consent is not in force.",
		map[string]string{"/api/v1/referrals/{id}": "GET", "/api/v1/referrals/{id}/{action}": "POST"})
	either(t, doc, "Referral", "SupervisedReferral", "A referral as the probation office sees it that sent it.",
		map[string]string{"/api/v1/referrals/{id}": "GET", "/api/v1/referrals": "POST"})
	either(t, doc, "Overdose", "OverdosePlace", "An overdose without its clinical part.",
		map[string]string{"/api/v1/overdoses/{id}": "GET", "/api/v1/overdoses": "POST"})
	either(t, doc, "EWSReport", "EWSSharedReport", "A report for those who only share in the warning; region is null where it was about somebody.",
		map[string]string{"/api/v1/ews-reports/{id}": "GET"})
}

// either makes answers and pages of the whole schema answer with the part as well.
func either(t *testing.T, doc *openapi3.T, whole, part, description string, operations map[string]string) {
	t.Helper()
	schemas := doc.Components.Schemas
	stub, no := openapi3.NewObjectSchema(), false
	stub.Description = description
	stub.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
	for _, f := range handlerStructs(t)[part+"View"] {
		property := schemas[whole].Value.Properties[f.json]
		if property == nil { // its own
			property = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
		}
		stub.WithPropertyRef(f.json, property)
		stub.Required = append(stub.Required, f.json)
	}
	schemas[part] = openapi3.NewSchemaRef("", stub)
	one := openapi3.NewSchemaRef("", &openapi3.Schema{OneOf: openapi3.SchemaRefs{
		openapi3.NewSchemaRef("#/components/schemas/"+whole, nil), openapi3.NewSchemaRef("#/components/schemas/"+part, nil),
	}})
	items := schemas[whole+"Page"].Value.Properties["items"].Value
	if items.Items.Value != nil && len(items.Items.Value.OneOf) > 0 { // a third answer
		one.Value.OneOf = append(slices.Clone(items.Items.Value.OneOf), one.Value.OneOf[1])
	}
	items.Items = one
	for path, method := range operations {
		for _, status := range []int{200, 201} {
			if response := doc.Paths.Value(path).GetOperation(method).Responses.Status(status); response != nil {
				response.Value.Content["application/json"].Schema = one
			}
		}
	}
}

// describeText says that CSV, pages and pictures are text; swag gives every media type
// the same schema.
func describeText(doc *openapi3.T) {
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, response := range op.Responses.Map() {
				for _, media := range []string{"text/csv", "text/html", "image/svg+xml"} {
					if response.Value != nil && response.Value.Content[media] != nil {
						response.Value.Content[media].Schema = openapi3.NewSchemaRef("", openapi3.NewStringSchema())
					}
				}
			}
		}
	}
}

// nullable allows null. OpenAPI 3.0 ignores what stands beside a $ref, so a reference
// is wrapped, and nullable means nothing without a type, so it is repeated.
func nullable(schemas openapi3.Schemas, ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	if ref.Ref != "" {
		ref = openapi3.NewSchemaRef("", &openapi3.Schema{AllOf: openapi3.SchemaRefs{ref}})
	}
	if of := ref.Value.AllOf; len(of) > 0 && ref.Value.Type == nil {
		ref.Value.Type = schemas[strings.TrimPrefix(of[0].Ref, "#/components/schemas/")].Value.Type
	}
	if ref.Value.Type == nil {
		ref.Value.Type = &openapi3.Types{"object"}
	}
	ref.Value.Nullable = true
	return ref
}

type structField struct {
	json, format string
	pointer      bool
	nullable     bool // by its tag
	blank        bool // of a record: "" where it is not known
}

// formats of Go types that are strings in JSON.
var formats = map[string]string{
	"models.Date": "date", "Date": "date", "time.Time": "date-time", "models.OrganisationID": "uuid", "OrganisationID": "uuid",
}

// handlerStructs lists the struct types of package handlers, and the answer of an
// evaluation, with their JSON members in source order.
func handlerStructs(t *testing.T) map[string][]structField {
	t.Helper()
	files, err := filepath.Glob("../handlers/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no handlers", err)
	}
	contents, err := filepath.Glob("../models/*.go")
	if err != nil || len(contents) == 0 {
		t.Fatal("no models", err)
	}
	structs, embedded := map[string][]structField{}, map[string][]string{}
	collect := func(prefix string, name string) {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					structs[prefix+spec.Name.Name] = members(s)
					embedded[prefix+spec.Name.Name] = parts(prefix, s)
				}
			}
			return true
		})
	}
	for _, name := range append(files, "../models/protocols/evalview.go") {
		collect("", name)
	}
	for _, name := range contents { // what answers embed
		collect("models.", name)
	}
	flat := map[string][]structField{}
	for name := range structs {
		if !strings.HasPrefix(name, "models.") {
			flat[name] = flatten(structs, embedded, name)
		}
	}
	return flat
}

// flatten lists the members of a struct with those of what it embeds.
func flatten(structs map[string][]structField, embedded map[string][]string, name string) []structField {
	all := structs[name]
	for _, part := range embedded[name] {
		all = append(flatten(structs, embedded, part), all...)
	}
	return all
}

// parts names the embedded types of a struct; those of package models with its name.
func parts(prefix string, s *ast.StructType) []string {
	var out []string
	for _, f := range s.Fields.List {
		if len(f.Names) > 0 {
			continue
		}
		switch x := f.Type.(type) {
		case *ast.Ident:
			out = append(out, prefix+x.Name)
		case *ast.SelectorExpr:
			out = append(out, "models."+x.Sel.Name)
		}
	}
	return out
}

func members(s *ast.StructType) []structField {
	var out []structField
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			continue
		}
		name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		star, pointer := f.Type.(*ast.StarExpr)
		plain := f.Type
		if pointer {
			plain = star.X
		}
		if raw, ok := f.Type.(*ast.Ident); ok && raw.Name == "any" && name != "record" { // a record of any kind, or none
			pointer = true
		}
		if name != "" && name != "-" {
			nullable := strings.Contains(reflect.StructTag(tag).Get("extensions"), "x-nullable")
			of, required := types.ExprString(plain), reflect.StructTag(tag).Get("validate") == "required"
			out = append(out, structField{name, formats[of], pointer, nullable, of == "Date" && !required})
		}
	}
	return out
}
