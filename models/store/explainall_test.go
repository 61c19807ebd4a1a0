package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// aboutNobody are reads of tables that do not grow with the number of clients, or of one row
// by its key: they need not stand among the lookups.
var aboutNobody = map[string]string{
	"ListUsers": "accounts", "ListColleagues": "accounts of one organisation", "ListOrganisations": "organisations", "GetOrganisation": "organisations", "ListFacilityLimits": "limits of facilities", "GetFacilityLimit": "limits of facilities",
	"ListDutyContacts": "shared mailboxes", "GetDefaultClinic": "regions", "ListDenominators": "published figures", "GetEdition": "editions",
	"ListReleases": "sealed releases", "GetRelease": "sealed releases", "GetReleaseTable": "sealed releases", "GetReleaseContent": "sealed releases", "GetAgreement": "one agreement by its key",
}

// A read that somebody adds is measured, or is known to be about nobody.
func TestLookups_AreAllReadsOfTheStore(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	for _, file := range []string{"explain_test.go", "explainmore_test.go"} {
		inspect(t, file, func(n ast.Node) {
			if call, ok := n.(*ast.CallExpr); ok {
				called[selected(call)] = true
			}
		})
	}
	files, err := filepath.Glob("*.go")
	must(t, err)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		inspect(t, file, func(n ast.Node) {
			f, ok := n.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() || !reads(f) {
				return
			}
			found++
			name := f.Name.Name
			switch _, nobody := aboutNobody[name]; {
			case nobody && called[name]:
				t.Errorf("%s is measured and said to be about nobody", name)
			case !nobody && !called[name]:
				t.Errorf("%s: %s reads and is not among the lookups: add it to moreLookups", file, name)
			}
		})
	}
	if found < len(aboutNobody)+50 {
		t.Errorf("only %d reads were found: does the check still see them?", found)
	}
}

// reads reports whether an exported method lists or gets, or is a read of records by any name.
func reads(f *ast.FuncDecl) (yes bool) {
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	if of, ok := star.X.(*ast.Ident); !ok || of.Name != "Session" {
		return false
	}
	if strings.HasPrefix(f.Name.Name, "List") || strings.HasPrefix(f.Name.Name, "Get") {
		return true
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && selected(call) == "readRecords" {
			yes = true
		}
		return !yes
	})
	return yes
}

func selected(call *ast.CallExpr) string {
	if s, ok := call.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

func inspect(t *testing.T, file string, see func(ast.Node)) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	must(t, err)
	ast.Inspect(f, func(n ast.Node) bool {
		if n != nil {
			see(n)
		}
		return true
	})
}
