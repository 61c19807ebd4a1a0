package api

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"jol/handlers"
)

// generated compares a file in docs with what it is made of, or writes it with -update.
func generated(t *testing.T, name, got string) {
	t.Helper()
	path := "../docs/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("docs/%s is stale; run: make generate", name)
	}
}

func TestGenerated_PolicyMatrix(t *testing.T) {
	t.Parallel()
	generated(t, "policy-matrix.md", `# Policy matrix

Generated from policies/policy.csv and the response types in handlers; do not edit (`+"`make generate`"+`). It says what is
enforced: for each category the response fields that carry it, and for each role the relations through which it may
read, create, change or approve; "-" is a denial. What a relation reaches and why a debatable cell is as it is:
[access.md](access.md).

`+realPolicies().Matrix(handlers.FieldCategories()))
}

func TestGenerated_Routes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`# Routes

Generated from api/routes.go; do not edit (` + "`make generate`" + `). A role may call a route when the
[policy matrix](policy-matrix.md) has any relation for its category and verb; which records it then reaches depends on the
relation. Everything but public routes needs a bearer token. Conventions: [http.md](http.md).

| method | path | category | verb | headers needed | query | audit action | command from the field ([offline.md](offline.md)) |
|---|---|---|---|---|---|---|---|
`)
	for _, r := range Routes {
		category, verb := string(r.Category), string(r.Verb)
		switch {
		case r.Public != nil:
			category, verb = "public", "-"
		case r.AnyRole:
			category, verb = "any role", "-"
		}
		headers := "-"
		switch {
		case r.Create:
			headers = "Idempotency-Key"
		case r.Change:
			headers = "If-Match"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", r.Method, pathParam.ReplaceAllString(r.Path, "{$1}"), category, verb, headers,
			dash(strings.Join(r.Query, " ")), dash(r.Action), dash(r.Command))
	}
	for _, r := range operational {
		fmt.Fprintf(&b, "| %s | %s | public | - | - | - | - | - |\n", r.Method, r.Path)
	}
	generated(t, "routes.md", b.String())
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
