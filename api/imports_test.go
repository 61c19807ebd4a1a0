package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// allowed is what each package may import beside the standard library: packages of this
// module by path, others by prefix. A package that is not here needs an ADR and a line.
var allowed = map[string][]string{
	"jol":                        {"jol/api", "jol/migrations", "jol/models", "jol/models/exchange", "jol/models/indicators", "jol/models/protocols", "jol/models/store", "jol/models/synthetic", "jol/policies", "github.com/spf13/", "github.com/caarlos0/env/"},
	"jol/api":                    {"jol/docs", "jol/handlers", "jol/models", "jol/models/exchange", "jol/models/protocols", "jol/models/store", "jol/policies", "github.com/labstack/echo/", "github.com/google/uuid", "github.com/go-json-experiment/json", "golang.org/x/time/rate"},
	"jol/handlers":               {"jol/models", "jol/models/exchange", "jol/models/indicators", "jol/models/protocols", "jol/models/store", "github.com/go-json-experiment/json"},
	"jol/policies":               {"jol/models", "github.com/casbin/casbin/"},
	"jol/migrations":             {"github.com/pressly/goose/"},
	"jol/docs":                   {},
	"jol/models":                 {},
	"jol/models/store":           {"jol/models", "gorm.io/", "modernc.org/sqlite", "github.com/jackc/pgx/", "github.com/alexedwards/argon2id", "github.com/google/uuid", "golang.org/x/sync/"},
	"jol/models/store/storetest": {"jol/migrations", "jol/models", "jol/models/store", "gorm.io/", "github.com/google/uuid"},
	"jol/models/indicators":      {"jol/models"},
	"jol/models/protocols":       {"jol/models", "cel.dev/cel-go/", "github.com/blevesearch/snowballstem", "github.com/goccy/go-yaml", "golang.org/x/text/"},
	"jol/models/exchange":        {"jol/models", "jol/models/protocols", "github.com/xuri/excelize/"},
	"jol/models/synthetic":       {"jol/models"},
}

// only are imports that few packages may have, tests included: whoever else needs one of
// them is in the wrong place.
var only = map[string][]string{
	"github.com/labstack/echo/": {"jol/api"},
	"github.com/casbin/":        {"jol/policies"},
	"gorm.io/":                  {"jol/models/store", "jol/models/store/storetest"},
	"github.com/pressly/goose/": {"jol/migrations"},
	"jol/api":                   {"jol"},
	"jol/migrations":            {"jol", "jol/models/store/storetest"},
}

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

// packages asks the go command for every package of the module.
var packages = sync.OnceValues(func() ([]goPackage, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var all []goPackage
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func everyPackage(t *testing.T) []goPackage {
	t.Helper()
	all, err := packages()
	if err != nil || len(all) < len(allowed)-1 {
		t.Fatalf("%d packages: %v", len(all), err)
	}
	return all
}

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "jol"
}

func TestImports_ArrowsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range everyPackage(t) {
		rules, ok := allowed[p.ImportPath]
		if !ok {
			t.Errorf("%s: a new package needs an ADR and a line in this test", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			if standard(path) || slices.ContainsFunc(rules, func(rule string) bool { return covers(rule, path) }) {
				continue
			}
			t.Errorf("%s may not import %s", p.ImportPath, path)
		}
	}
}

// covers: a package of ours is meant exactly, any other as a prefix.
func covers(rule, path string) bool {
	if strings.HasPrefix(rule, "jol") {
		return path == rule
	}
	return strings.HasPrefix(path, rule)
}

func TestImports_RestrictedEverywhere(t *testing.T) {
	t.Parallel()
	for _, p := range everyPackage(t) {
		imports := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		for rule, may := range only {
			for _, path := range imports {
				if covers(rule, path) && !slices.Contains(may, p.ImportPath) && p.ImportPath != path {
					t.Errorf("%s (or its tests) may not import %s", p.ImportPath, path)
				}
			}
		}
	}
}

// What a package must not even reach through others.
func TestImports_Closures(t *testing.T) {
	t.Parallel()
	for _, p := range everyPackage(t) {
		var foreign []string // neither standard nor ours
		for _, path := range p.Deps {
			if !standard(path) && !strings.HasPrefix(path, "jol") && !strings.HasPrefix(path, "vendor/") {
				foreign = append(foreign, path)
			}
		}
		reaches := func(prefix string) bool {
			return slices.ContainsFunc(p.Deps, func(path string) bool { return strings.HasPrefix(path, prefix) })
		}
		switch p.ImportPath {
		case "jol/models", "jol/models/indicators", "jol/models/synthetic", "jol/docs":
			if len(foreign) > 0 {
				t.Errorf("%s is pure and reaches %v", p.ImportPath, foreign)
			}
		case "jol/handlers", "jol/models/protocols", "jol/policies", "jol/models/store":
			if reaches("github.com/labstack/echo") {
				t.Errorf("%s reaches the HTTP library", p.ImportPath)
			}
		case "jol":
			for _, tool := range []string{"github.com/swaggo", "github.com/getkin", "pgregory.net/rapid", "testing"} {
				if reaches(tool) {
					t.Errorf("the program contains %s", tool)
				}
			}
		}
		if p.ImportPath == "jol/models/store" && (reaches("jol/models/protocols") || reaches("jol/models/indicators")) {
			t.Error("the store reaches protocols or indicators")
		}
		if p.ImportPath == "jol/models/protocols" && reaches("gorm.io") {
			t.Error("protocols reach the database")
		}
	}
}
