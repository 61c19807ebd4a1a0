package protocols

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"jol/models"
)

func TestCheck_ReportsEveryProblemWithItsPlace(t *testing.T) {
	t.Parallel()
	check := Check(small())
	facts, err := check(models.EditionSet{"demo": {demoBundle("2.0.0")}}, "demo")
	if err != nil || facts.Jurisdiction != "KZ" {
		t.Fatal(facts, err)
	}
	b := demoBundle("2.0.0")
	b.Files["steps/p-one.yaml"] = strings.NewReplacer("who: [nurse]", "who: [astronaut]", "to: [s-two]", "to: [s-nine]").Replace(b.Files["steps/p-one.yaml"])
	b.Files["text/en/z.yaml"] = "steps:\n  s-seven: {title: " + strings.Repeat("я", 400) + "}\n"
	b.Files["notes.yaml"] = "a: b\n"
	_, err = check(models.EditionSet{"demo": {b}}, "demo")
	var e *models.Error
	if !errors.As(err, &e) || e.Kind != models.KindInvalid || e.Code != "edition.content" || len(e.Fields) != 5 {
		t.Fatalf("got %v %+v", err, e)
	}
	want := []models.FieldError{
		{Pointer: "/files/notes.yaml", Code: "edition.content", Detail: "has no place"},
		{Pointer: "/files/steps~1p-one.yaml", Code: "edition.content", Line: 2, Detail: `unknown role "astronaut"`},
		{Pointer: "/files/steps~1p-one.yaml", Code: "edition.content", Line: 8, Detail: `unknown step "s-nine"`},
		{Pointer: "/files/steps~1p-one.yaml", Code: "edition.content", Line: 16, Detail: "s-two cannot be reached"},
		{Pointer: "/files/text~1en~1z.yaml", Code: "edition.content", Line: 2, Detail: "s-seven"},
	}
	for i, w := range want {
		if got := e.Fields[i]; got.Pointer != w.Pointer || got.Code != w.Code || got.Line != w.Line || !strings.Contains(got.Detail, w.Detail) {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
}

func TestReport_IsBounded(t *testing.T) {
	t.Parallel()
	var ps problems
	for range maxReport + 5 {
		ps.add(position{"a.yaml", len(ps) + 1}, "%s", strings.Repeat("я", 400))
	}
	var e *models.Error
	if err := report(ps.err(), models.Bundle{}); !errors.As(err, &e) || len(e.Fields) != maxReport+1 {
		t.Fatalf("%d fields", len(e.Fields))
	}
	if d := e.Fields[0].Detail; len(d) > maxReason+len("…") || !strings.HasSuffix(d, "я…") {
		t.Errorf("%q", d)
	}
	if last := e.Fields[maxReport]; last.Code != "edition.more_problems" || last.Detail != "and 5 more" {
		t.Errorf("%+v", last)
	}
	other := errors.New("disk")
	if report(other, models.Bundle{}) != other {
		t.Error("an error that is no content error was changed")
	}
}

func TestReadBundle_ReadsAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, text := range demoBundle("2026.1").Files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, ignored := range []string{"README.md", ".DS_Store"} {
		if err := os.WriteFile(filepath.Join(dir, ignored), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := ReadBundle(os.DirFS(dir))
	if err != nil || b.Edition != "2026.1" || b.Base != "" || len(b.Files) != 4 {
		t.Fatalf("%+v %v", b, err)
	}
	over, err := ReadBundle(fstest.MapFS{"overlay.yaml": {Data: []byte("edition: KZ-1\nbase: 2026.1\n")}})
	if err != nil || over.Edition != "KZ-1" || over.Base != "2026.1" {
		t.Errorf("%+v %v", over, err)
	}
	broken, err := ReadBundle(fstest.MapFS{"protocol.yaml": {Data: []byte("edition: [")}})
	if err != nil || broken.Edition != "" {
		t.Errorf("%+v %v", broken, err)
	}
}

// The built-in editions are bundles like any other: importing one under another name
// changes nothing but the name.
func TestReferences_CompileToThemselves(t *testing.T) {
	t.Parallel()
	refs, err := References(Embedded())
	if err != nil || len(refs) != 2 {
		t.Fatal(len(refs), err)
	}
	builtIn, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refs {
		c, err := Compile(Embedded(), models.EditionSet{r.Protocol: {r}})
		if err != nil {
			t.Fatal(err)
		}
		if changes, ok := Diff(r.Protocol, builtIn, c); !ok || len(changes) != 0 || r.Jurisdiction != "KZ" || len(r.Files) < 20 {
			t.Errorf("%s: %v", r.Protocol, printed(changes))
		}
	}
}

// FuzzImport hands in a bundle of arbitrary files, complete and as an overlay: the check
// accepts it or says what is wrong, and never panics.
func FuzzImport(f *testing.F) {
	for _, path := range demoBundle("1").Paths() {
		f.Add(path, demoBundle("1").Files[path], "overlay.yaml", "remove: [s-two]\n")
	}
	for _, s := range []string{"order: {p-one: [s-two, s-one]}", "order: {p-one: 1}", "order: {a: [b], a: [b]}", "remove: [s-one/limits/check, s-one/branches/worse, s-one/x, /]",
		"replace: [s-one]\nremove: [s-one]", "phases: [p-two]", "phases: [{}]", "edition: [", "order: [", "? a\n: b", "jurisdiction: XX"} {
		f.Add("overlay.yaml", s, "steps/p-one.yaml", "steps:\n  - id: s-one\n    branches: [{id: worse, to: [s-one]}]\n")
		f.Add("overlay.yaml", s, "steps/p-two.yaml", "steps:\n  - id: s-one\n")
		f.Add("shared/sources.yaml", s, "shared/text/en/a.yaml", s)
		f.Add("text/ru/a.yaml", "steps:\n  s-one: {title: x}\n", "text/en/a.yaml", s)
	}
	check := Check(small())
	f.Fuzz(func(t *testing.T, path, text, path2, text2 string) {
		whole := demoBundle("1")
		whole.Files[path], whole.Files[path2] = text, text2
		over := models.Bundle{Protocol: "demo", Edition: "2", Base: "1", ChangeNote: "x", Files: map[string]string{path: text, path2: text2}}
		for _, layers := range [][]models.Bundle{{whole}, {demoBundle("1"), over}} {
			top := layers[len(layers)-1]
			if top.Check() != nil {
				continue
			}
			_, err := check(models.EditionSet{"demo": layers}, "demo")
			var refused *models.Error
			if err != nil && (!errors.As(err, &refused) || len(refused.Fields) == 0) {
				t.Errorf("refused without a reason: %v", err)
			}
		}
	})
}
