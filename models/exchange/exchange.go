// Package exchange writes what the service knows in the formats of other systems. Its
// writers are pure: they take values and return values, and know no database, HTTP or
// clock. FHIR here means R4 (4.0.1), the version the WHO SMART guidelines are made for.
package exchange

import "strings"

// Authority is the root of every canonical address. It names documents, not servers:
// one edition has one canonical wherever it is served, and no Host header gets into a
// body. The domain is reserved (RFC 2606), so nobody else can own it.
const Authority = "https://jol.example"

// Base is where the canonical addresses of FHIR artefacts begin.
const Base = Authority + "/fhir"

// Canonical returns the versionless canonical address of a resource.
func Canonical(kind, id string) string { return Base + "/" + kind + "/" + id }

// definition is the address of an extension of ours; docs/fhir.md describes each.
func definition(name string) string { return Base + "/StructureDefinition/" + name }

// coding is one of our own codes, with a name for people.
func coding(system, code, display string) Coding {
	return Coding{System: Base + "/CodeSystem/" + system, Code: code, Display: display}
}

// computerName turns an id into a name as FHIR wants it: letters and digits only.
func computerName(id string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '_' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
