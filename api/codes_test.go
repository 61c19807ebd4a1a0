package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"jol/models"
)

// codeShape is a problem code as it stands in the source: noun.reason.
var codeShape = regexp.MustCompile(`^[a-z][a-z_]*\.[a-z][a-z_]*$`)

// TestCodes_AreDocumented finds every literal of a problem code in the source: what is
// given to Fail, Add, Require and their like. Each must stand in docs/http.md, where the
// people look who call the service.
func TestCodes_AreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	used := codesInSource(t)
	if len(used) < 100 {
		t.Fatalf("only %d codes found: the search is broken", len(used))
	}
	for _, m := range models.Machines() { // codes that Machine.Next makes of the noun
		used = append(used, m.Noun+".not_possible")
		parties := map[models.Party]bool{}
		for _, move := range m.Moves {
			for _, by := range move.By {
				parties[by] = true
			}
		}
		if len(parties) > 1 {
			used = append(used, m.Noun+".other_party")
		}
	}
	for _, code := range used {
		if !strings.Contains(string(text), "`"+code+"`") {
			t.Errorf("%s is not in docs/http.md", code)
		}
	}
}

// codesInSource collects string literals of the shape that are arguments of the functions
// which make problems.
func codesInSource(t *testing.T) []string {
	t.Helper()
	makers := []string{"Fail", "Add", "Require", "invalid", "FieldError"}
	var found []string
	for _, dir := range []string{"../models", "../models/store", "../models/protocols", "../models/indicators", "../handlers", "."} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || !slices.Contains(makers, calledName(call)) {
					return true
				}
				for _, arg := range call.Args {
					if literal, ok := arg.(*ast.BasicLit); ok && literal.Kind == token.STRING {
						if code, err := strconv.Unquote(literal.Value); err == nil && codeShape.MatchString(code) {
							found = append(found, code)
						}
					}
				}
				return true
			})
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
