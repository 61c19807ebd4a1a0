package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// deployment is a production database with its keys, for commands.
type deployment struct {
	t      *testing.T
	binary string
	env    []string
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(dir, "keys")
	d := &deployment{t, path, append(os.Environ(), "JOL_COUNTRY=KZ", "JOL_DATABASE_URL=sqlite:"+filepath.Join(data, "jol.db"),
		"JOL_KEYS_FILE="+keys, "JOL_RELEASE_LEDGER="+filepath.Join(dir, "ledger"))}
	d.must("", "keys", "new", keys)
	d.must("", "migrate")
	d.must("a long enough password\n", "user", "add", "editor", "--role", "protocol_editor")
	return d
}

// run runs a command and returns all it printed, and whether it succeeded.
func (d *deployment) run(stdin string, args ...string) (string, bool) {
	cmd := exec.Command(d.binary, args...)
	cmd.Env, cmd.Stdin = d.env, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func (d *deployment) must(stdin string, args ...string) string {
	d.t.Helper()
	out, ok := d.run(stdin, args...)
	if !ok {
		d.t.Fatalf("jol %v: %s", args, out)
	}
	return out
}

// editionFolder copies a built-in protocol and gives it another name.
func editionFolder(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("models/protocols/content/therapeutic-programme")); err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(dir, "protocol.yaml"), "edition: ", "edition: "+name+" # ")
	return dir
}

func edit(t *testing.T, file, old, with string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s: %v", file, err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), old, with)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProtocolImport_TakesAFolderAndAFile(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	dir := editionFolder(t, "KZ-1")
	out := d.must("", "protocol", "import", dir, "--slug", "therapeutic-programme", "--as", "editor")
	if !strings.Contains(out, "imported therapeutic-programme KZ-1 as draft") || !strings.Contains(out, "sha256") {
		t.Errorf("printed %s", out)
	}
	out, ok := d.run("", "protocol", "import", dir, "--slug", "therapeutic-programme")
	if ok || !strings.Contains(out, "edition.exists") {
		t.Errorf("a second edition of the name: %s", out)
	}
	overlay := filepath.Join(t.TempDir(), "bundle.json")
	body, err := json.Marshal(map[string]any{"edition": "KZ-2", "base": "2026.1-reference", "changeNote": "x",
		"files": map[string]string{"text/en/a.yaml": "title: Changed\n"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := d.must("", "protocol", "import", overlay, "--slug", "therapeutic-programme"); !strings.Contains(out, "KZ-2 as draft: 1 files") {
		t.Errorf("printed %s", out)
	}
}

func TestProtocolImport_PrintsEveryProblemAndKeepsNothing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	dir := editionFolder(t, "KZ-1")
	edit(t, filepath.Join(dir, "steps", "tp-oat.yaml"), "basis: seen", "basis: known")
	edit(t, filepath.Join(dir, "steps", "tp-entry.yaml"), "who: [nurse, clinician]", "who: [astronaut]")
	if err := os.WriteFile(filepath.Join(dir, "notes.yaml"), []byte("a: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, ok := d.run("", "protocol", "import", dir, "--slug", "therapeutic-programme")
	for _, want := range []string{"edition.content", "\n  steps/tp-entry.yaml:2: step tp-entry-first-contact names the unknown role", "\n  steps/tp-oat.yaml:", "\n  notes.yaml: has no place"} {
		if ok || !strings.Contains(out, want) {
			t.Errorf("lacks %q: %s", want, out)
		}
	}
	for _, args := range [][]string{{dir + "/nothing"}, {dir, "--as", "nobody"}, {dir, "--edition", "KZ 1"}} {
		if out, ok := d.run("", append([]string{"protocol", "import", "--slug", "therapeutic-programme"}, args...)...); ok {
			t.Errorf("%v: %s", args, out)
		}
	}
	edit(t, filepath.Join(dir, "steps", "tp-oat.yaml"), "basis: known", "basis: seen")
	edit(t, filepath.Join(dir, "steps", "tp-entry.yaml"), "who: [astronaut]", "who: [nurse, clinician]")
	if err := os.Remove(filepath.Join(dir, "notes.yaml")); err != nil {
		t.Fatal(err)
	}
	d.must("", "protocol", "import", dir, "--slug", "therapeutic-programme") // under the name that was refused before
}
