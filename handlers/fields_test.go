package handlers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// viewsInSource are the response types as they are declared.
func viewsInSource(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no source", err)
	}
	var names []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() && strings.HasSuffix(spec.Name.Name, "View") {
				names = append(names, spec.Name.Name)
			}
			return true
		})
	}
	slices.Sort(names)
	return names
}

func TestFields_EveryViewIsListed(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, v := range views {
		listed = append(listed, reflect.TypeOf(v).Name())
	}
	declared := viewsInSource(t)
	for _, name := range declared {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is a response type and not in views (fields.go)", name)
		}
	}
	for i, name := range listed {
		if !slices.Contains(declared, name) || slices.Contains(listed[:i], name) {
			t.Errorf("views (fields.go) lists %s, which is no response type or is there twice", name)
		}
	}
}

// aboutNobody are views of the caller or of public content.
var aboutNobody = []string{"CodeListsView", "MeView", "ProblemView", "TokenView", "DeviceStateView"}

var fieldName = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)

// asItsRecord are answers whose items are of the category of the record each is about: api
// asks the policy for every command, the store for every kind of the change feed.
var asItsRecord = []string{"ChangedView", "SyncConflictView", "SyncResolutionView", "SyncResultView", "SyncView"}

// Every field says in camelCase what it is called and to which category it belongs; what
// is not known is null, never left out.
func TestFields_DeclareTheirCategory(t *testing.T) {
	t.Parallel()
	for _, v := range views {
		view := reflect.TypeOf(v)
		for _, f := range members(view) {
			name := view.Name() + "." + f.Name
			if tag := f.Tag.Get("json"); !fieldName.MatchString(tag) && tag != "sha256" {
				t.Errorf("%s: json tag %q", name, tag)
			}
			category := models.Category(f.Tag.Get("cat"))
			// A part of the answer that is a view, or a list of them, declares its own.
			part := f.Type
			if part.Kind() == reflect.Slice {
				part = part.Elem()
			}
			inner := part.Kind() == reflect.Struct && part.PkgPath() == view.PkgPath()
			if slices.Contains(aboutNobody, view.Name()) || slices.Contains(asItsRecord, view.Name()) || inner && category == "" {
				continue
			}
			if view == reflect.TypeFor[RecipientView]() && category == "" {
				continue // a part of ConsentView.recipient, which declares it
			}
			if !slices.Contains(models.Categories, category) {
				t.Errorf("%s: category %q", name, category)
			}
		}
	}
}
