package protocols

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var embeddedCatalog = sync.OnceValues(func() (*Catalog, error) { return Load(Embedded()) })

// served returns the embedded catalogue and every step in English as a client sees it.
func servedSteps(t testing.TB) (*Catalog, []stepView) {
	t.Helper()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	var out []stepView
	for _, slug := range c.Slugs() {
		b, _ := c.Protocol(slug, "en")
		var p protocolView
		decodeStrict(t, b.JSON, &p)
		for _, ph := range p.Phases {
			for _, s := range ph.Steps {
				b, ok := c.Step(slug, s.ID, "en")
				if !ok {
					t.Fatalf("%s is listed and not served", s.ID)
				}
				var v stepView
				decodeStrict(t, b.JSON, &v)
				out = append(out, v)
			}
		}
	}
	return c, out
}

func decodeStrict(t testing.TB, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func TestContent_HoldsTheTwoProtocolsWhole(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	var list listView
	decodeStrict(t, c.List("en").JSON, &list)
	phases, branches := map[string]bool{}, 0
	for _, s := range steps {
		phases[s.Phase] = true
		branches += len(s.Branches)
		for _, b := range s.Branches {
			if len(b.To) == 0 && b.Outcome == nil {
				t.Errorf("%s/%s has no end", s.ID, b.ID)
			}
		}
		for _, text := range []string{s.Title, s.Trigger, s.Do, s.Record, s.Safety, s.Notice, s.Edition} {
			if text == "" {
				t.Errorf("%s has an empty text", s.ID)
			}
		}
	}
	got := [4]int{len(list.Items), len(phases), len(steps), branches}
	if want := [4]int{2, 20, 118, 332}; got != want {
		t.Errorf("protocols, phases, steps, branches: got %v, want %v", got, want)
	}
	if list.Items[0].Steps+list.Items[1].Steps != 118 {
		t.Errorf("the list counts %+v", list.Items)
	}
}

// spelled are the offsets that the original wording gives in words.
var spelled = map[string][]string{
	"P7D": {"weekly"}, "P1M": {"monthly"}, "P1Y": {"last year"}, "PT48H": {"48 h"}, "PT72H": {"72 h"},
	"PT0S": {"before first"},
}

func TestContent_LimitsSayWhatTheirWordingSays(t *testing.T) {
	t.Parallel()
	_, steps := servedSteps(t)
	n := 0
	for _, s := range steps {
		if len(s.Limits) == 0 {
			t.Errorf("%s has no limit", s.ID)
		}
		for _, l := range s.Limits {
			n++
			for _, d := range []*string{l.Offset, l.Every, l.EveryMax, l.Until} {
				if d != nil && !mentions(l.Wording, *d) {
					t.Errorf("%s/%s: %s is not in %q", s.ID, l.ID, *d, l.Wording)
				}
			}
			if m := regexp.MustCompile(`\[([SGE])`).FindStringSubmatch(l.Wording); m != nil {
				if want := map[string]Basis{"S": Seen, "G": General, "E": Editorial}[m[1]]; l.Basis != want {
					t.Errorf("%s/%s: basis %s for %q", s.ID, l.ID, l.Basis, l.Wording)
				}
			}
		}
	}
	if n != 183 {
		t.Errorf("got %d limits, want 183", n)
	}
}

func mentions(wording, d string) bool {
	for _, w := range append(spelled[d], d) {
		if strings.Contains(wording, w) {
			return true
		}
	}
	return false
}

func TestContent_TagsInTextsNameKnownSources(t *testing.T) {
	t.Parallel()
	data, err := fs.ReadFile(Embedded(), "sources.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cited := regexp.MustCompile(`\[[SG][^\]]*?\b([A-Z]{2,}[A-Z0-9]*(?:-[A-Z0-9]+)+)`)
	_, steps := servedSteps(t)
	n := 0
	for _, s := range steps {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range cited.FindAllStringSubmatch(string(b), -1) {
			n++
			if !strings.Contains(string(data), "code: "+m[1]+"\n") {
				t.Errorf("%s cites %s, which is no source", s.ID, m[1])
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d citations found: the pattern no longer fits", n)
	}
}

// TestContent_EveryFigureHasABasis looks with its own, cruder eyes than the loader.
func TestContent_EveryFigureHasABasis(t *testing.T) {
	t.Parallel()
	figure := regexp.MustCompile(`\d+`)
	names := regexp.MustCompile(`\[[^\]]*\]|WHO-OPI-2009|ICD-1[01]|F10-F19|6C4|alpha-2|12-step|phase 5|document 2|Annex 12|version \+ 1|\d\d? and \d\d? `)
	_, steps := servedSteps(t)
	for _, s := range steps {
		fields := map[string]string{"title": s.Title, "trigger": s.Trigger, "do": s.Do, "record": s.Record, "safety": s.Safety}
		for _, b := range s.Branches {
			fields["branches."+b.ID+".condition"] = b.Condition
			if b.Wording != nil {
				fields["branches."+b.ID+".wording"] = *b.Wording
			}
		}
		for field, text := range fields {
			for _, n := range s.Numbers {
				if n.Field == field {
					text = strings.ReplaceAll(text, n.Text, "")
				}
			}
			if left := figure.FindString(names.ReplaceAllString(text, "")); left != "" {
				t.Errorf("%s %s: no basis for %s", s.ID, field, left)
			}
		}
	}
}

func TestNumbers_UndeclaredFiguresAreEditorial(t *testing.T) {
	t.Parallel()
	c := load(t, small())
	b, _ := c.Step("demo", "s-one", "en")
	var s stepView
	decodeStrict(t, b.JSON, &s)
	if len(s.Numbers) != 2 || s.Numbers[1].Text != "3 days" || s.Numbers[1].Basis != Editorial || s.Numbers[1].Source != nil {
		t.Errorf("got %+v", s.Numbers)
	}
}

func TestBody_EncodingsAgreeAndHaveTheirOwnTags(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	tags := map[string]bool{}
	for _, s := range steps {
		b, _ := c.Step(s.Protocol, s.ID, "en")
		r, err := gzip.NewReader(bytes.NewReader(b.Gzip()))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(plain, b.JSON) {
			t.Fatalf("%s: the encodings differ (%v)", s.ID, err)
		}
		for _, tag := range []string{b.ETag, b.ETagGzip} {
			if tags[tag] || !strings.HasPrefix(tag, `"`) {
				t.Errorf("%s: tag %s is used twice or is not strong", s.ID, tag)
			}
			tags[tag] = true
		}
	}
}

func TestCatalog_UnknownNamesAreAbsent(t *testing.T) {
	t.Parallel()
	c := load(t, small())
	if _, ok := c.Protocol("nope", "en"); ok {
		t.Error("a protocol that is not there")
	}
	if _, ok := c.Step("nope", "s-one", "en"); ok {
		t.Error("a step of a protocol that is not there")
	}
	if _, ok := c.Step("demo", "nope", "en"); ok {
		t.Error("a step that is not there")
	}
	if _, ok := c.Edition("nope"); ok {
		t.Error("an edition of nothing")
	}
	if e, _ := c.Edition("demo"); e != "1.0.0" {
		t.Errorf("edition %q", e)
	}
	if s, ok := c.StepByID("s-two"); !ok || s.Order != 2 || s.Protocol != "demo" {
		t.Errorf("got %+v", s)
	}
}
