package api

import "github.com/getkin/kin-openapi/openapi3"

// addSlips describes the other audience of the list of stays: an institution gets slips.
func addSlips(doc *openapi3.T) {
	doc.Components.Schemas["CustodySpellPage"].Value.Properties["items"].Value.Items = openapi3.NewSchemaRef("", &openapi3.Schema{OneOf: openapi3.SchemaRefs{
		openapi3.NewSchemaRef("#/components/schemas/CustodySpell", nil), openapi3.NewSchemaRef("#/components/schemas/CustodySlip", nil),
	}})
}
