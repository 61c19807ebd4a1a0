package protocols

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"
)

// FuzzLoad puts arbitrary bytes in the place of one file: Load answers with a
// catalogue or with problems, and never panics.
func FuzzLoad(f *testing.F) {
	names := slices.Sorted(maps.Keys(rulesContent()))
	for i, name := range names {
		f.Add(uint8(i), rulesContent()[name].Data)
	}
	for _, s := range []string{"", "a", "- a", "steps:\n  - &x {id: *x}", "<<: {a: b}", "steps: !!binary x", "? a\n: b",
		"{", "a: b\n--- \nc: d", "steps:\n- - -", "steps: {a: {branches: {b: }}}", "%YAML 9", "steps: |\n\t- x", "\xff\x00"} {
		f.Add(uint8(4), []byte(s))
		f.Add(uint8(5), []byte(s))
	}
	f.Fuzz(func(_ *testing.T, which uint8, data []byte) {
		fsys := rulesContent()
		fsys[names[int(which)%len(names)]] = &fstest.MapFile{Data: data}
		_, _ = Load(fsys)
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(Embedded()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	c := load(b, Embedded())
	b.ReportAllocs()
	for b.Loop() {
		body, ok := c.Step("therapeutic-programme", "tp-oat-missed", "en")
		if !ok || len(body.Gzip()) == 0 {
			b.Fatal("not served")
		}
	}
}

func BenchmarkNegotiate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Negotiate("ru-RU,ru;q=0.9,en;q=0.5", []string{"en", "kk", "ru"})
	}
}
