package protocols

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGolden_RenderedSteps(t *testing.T) {
	t.Parallel()
	c, _ := servedSteps(t)
	for _, g := range []struct{ slug, step string }{
		{"therapeutic-programme", "tp-oat-induction-methadone"},
		{"prison-civil-society-protocol", "pc-throughcare-contact"},
	} {
		b, ok := c.Step(g.slug, g.step, "en")
		if !ok {
			t.Fatalf("%s is not served", g.step)
		}
		var got bytes.Buffer
		if err := json.Indent(&got, b.JSON, "", "  "); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", g.step+".golden.json")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s differs from %s; if the change is meant, run go test -update\n%s", g.step, file, got.Bytes())
		}
	}
}
