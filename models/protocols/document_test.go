package protocols

import (
	"reflect"
	"testing"
)

// A field that two embedded types have can be reached through neither: the writers
// would not compile, or, one level deeper, quietly read the empty one.
func TestDocument_NothingIsAmbiguous(t *testing.T) {
	t.Parallel()
	for _, v := range []any{DocumentStep{}, DocumentBranch{}, DocumentLimit{}} {
		seen := map[string]string{}
		for _, outer := range reflect.VisibleFields(reflect.TypeOf(v)) {
			if !outer.Anonymous {
				continue
			}
			embedded := outer.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			for i := range embedded.NumField() {
				name := embedded.Field(i).Name
				if seen[name] != "" {
					t.Errorf("%T: both %s and %s have %s: remove the one of document.go", v, seen[name], embedded, name)
				}
				seen[name] = embedded.String()
			}
		}
	}
}

func TestDocument_HasEveryTextOfEveryLanguage(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Document("zqx"); ok {
		t.Error("a document of no protocol")
	}
	for _, slug := range c.Slugs() {
		d, _ := c.Document(slug)
		if again, _ := c.Document(slug); again != d {
			t.Error("made twice")
		}
		if len(d.Translations) != 2 || d.Translations[0].Lang != "kk" || len(d.Sources) == 0 || !d.Reference {
			t.Errorf("%s: %+v, %d sources", slug, d.Translations, len(d.Sources))
		}
		for _, ph := range d.Phases {
			for _, s := range ph.Steps {
				if d.Step(s.ID).ID != s.ID {
					t.Errorf("%s is not found", s.ID)
				}
				for _, text := range []Text{d.Title, d.Notice, ph.Title, s.Title, s.Trigger, s.Do, s.Record, s.Safety} {
					if text.English == "" || len(text.Other) != 2 {
						t.Errorf("%s: %+v", s.ID, text)
					}
				}
				if len(s.Branches) != len(s.Step.Branches) || len(s.Limits) != len(s.Step.Limits) ||
					len(s.Forms) != len(s.Step.Forms) || len(s.Sources) != len(s.Step.Sources) {
					t.Errorf("%s is not whole", s.ID)
				}
			}
		}
	}
}
