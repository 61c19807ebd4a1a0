package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// completeSchemas adds what swag does not read from Go types: a view always has all
// its members, a pointer may be null, and a request takes no other members.
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
			if !request {
				ref.Value.Required = append(ref.Value.Required, f.json)
			}
			if f.pointer {
				ref.Value.Properties[f.json] = nullable(schemas, property)
			}
		}
		if request {
			ref.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: new(bool)}
		}
	}
}

// addStub describes the other answer of a referral: all that a receiver sees when the
// consent is not in force. swag knows one type per answer, so it is added here, made of
// the whole view's own members, wherever a receiver may get it.
func addStub(t *testing.T, doc *openapi3.T) {
	t.Helper()
	schemas := doc.Components.Schemas
	stub, no := openapi3.NewObjectSchema(), false
	stub.Description = "All a receiver sees of a referral whose consent is not in force."
	stub.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
	for _, f := range handlerStructs(t)["ReferralStubView"] {
		stub.WithPropertyRef(f.json, schemas["Referral"].Value.Properties[f.json])
		stub.Required = append(stub.Required, f.json)
	}
	schemas["ReferralStub"] = openapi3.NewSchemaRef("", stub)
	either := openapi3.NewSchemaRef("", &openapi3.Schema{OneOf: openapi3.SchemaRefs{
		openapi3.NewSchemaRef("#/components/schemas/Referral", nil), openapi3.NewSchemaRef("#/components/schemas/ReferralStub", nil),
	}})
	schemas["ReferralPage"].Value.Properties["items"].Value.Items = either
	for path, method := range map[string]string{"/api/v1/referrals/{id}": "GET", "/api/v1/referrals/{id}/{action}": "POST"} {
		doc.Paths.Value(path).GetOperation(method).Responses.Status(200).Value.Content["application/json"].Schema = either
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
	json    string
	pointer bool
}

// handlerStructs lists the struct types of package handlers, and the answer of an
// evaluation, with their JSON members in source order.
func handlerStructs(t *testing.T) map[string][]structField {
	t.Helper()
	files, err := filepath.Glob("../handlers/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no handlers", err)
	}
	files = append(files, "../models/protocols/evalview.go")
	structs := map[string][]structField{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					structs[spec.Name.Name] = members(s)
				}
			}
			return true
		})
	}
	return structs
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
		_, pointer := f.Type.(*ast.StarExpr)
		if raw, ok := f.Type.(*ast.Ident); ok && raw.Name == "any" && name != "record" { // a record of any kind, or none
			pointer = true
		}
		if name != "" && name != "-" {
			out = append(out, structField{name, pointer})
		}
	}
	return out
}
