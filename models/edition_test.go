package models

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

var moveTime = time.Date(2026, 10, 5, 6, 0, 0, 1, time.UTC)

// Every action from every state: allowed exactly where the drawing has an arrow.
func TestEdition_MovesAreEnumerated(t *testing.T) {
	t.Parallel()
	arrows := map[string]string{
		"draft clinical-review":           "clinical_review",
		"clinical_review language-review": "language_review",
		"language_review approval":        "approved",
		"approved publication":            "published",
		"draft withdrawal":                "withdrawn",
		"clinical_review withdrawal":      "withdrawn",
		"language_review withdrawal":      "withdrawn",
		"approved withdrawal":             "withdrawn",
		"published withdrawal":            "withdrawn",
		"superseded withdrawal":           "withdrawn",
	}
	for _, state := range append([]string{EditionReference}, EditionStates...) {
		for _, action := range EditionActions {
			e := Edition{State: state, SubmittedBy: "author", ClinicalReviewer: "one", Version: 3}
			err := e.Do(action.Name, "two", moveTime)
			want, ok := arrows[state+" "+action.Name]
			if (err == nil) != ok || ok && (e.State != want || e.Version != 4) || !ok && (e.State != state || e.Version != 3) {
				t.Errorf("%s from %s gives %s, %v", action.Name, state, e.State, err)
			}
			if !ok && !isError(err, KindConflict, "edition.not_possible") {
				t.Errorf("%s from %s: %v", action.Name, state, err)
			}
			before := Edition{State: state}
			if slices.Contains(before.Allowed(), action.Name) != ok {
				t.Errorf("%s says that %v is possible", state, before.Allowed())
			}
		}
	}
	if e := (Edition{State: EditionDraft}); !isError(e.Do("abolition", "two", moveTime), KindNotFound, "edition.not_found") {
		t.Error("an unknown action")
	}
}

func isError(err error, kind Kind, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind && e.Code == code
}

// Of all ways to hand the three signatures to three people, those with an author who
// signs, or one person for both approvals, are refused.
func TestEdition_TakesTwoPeopleBesidesTheAuthor(t *testing.T) {
	t.Parallel()
	people := []UserID{"author", "one", "two"}
	accepted := 0
	for _, clinical := range people {
		for _, language := range people {
			for _, approver := range people {
				e := Edition{State: EditionDraft, SubmittedBy: "author", Version: 1}
				var err error
				for i, action := range []string{"clinical-review", "language-review", "approval"} {
					if err = e.Do(action, []UserID{clinical, language, approver}[i], moveTime); err != nil {
						break
					}
				}
				want := clinical != "author" && language != "author" && approver != "author" && approver != clinical
				if (err == nil) != want {
					t.Errorf("%s, %s, %s: %v", clinical, language, approver, err)
				}
				if err != nil && !isError(err, KindConflict, "edition.two_people") {
					t.Errorf("got %v", err)
				}
				if err == nil {
					accepted++
					if e.ClinicalReviewer != clinical || e.LanguageReviewer != language || e.ApprovedBy != approver {
						t.Errorf("%+v", e)
					}
				}
			}
		}
	}
	if accepted != 4 {
		t.Errorf("%d ways accepted", accepted)
	}
}

func TestEdition_IsSupersededAndRestored(t *testing.T) {
	t.Parallel()
	for _, state := range append([]string{EditionReference}, EditionStates...) {
		e := Edition{State: state}
		if err := e.Supersede(); (err == nil) != (state == EditionPublished) {
			t.Errorf("supersede %s: %v", state, err)
		}
		e = Edition{State: state}
		if err := e.Restore(); (err == nil) != (state == EditionSuperseded) {
			t.Errorf("restore %s: %v", state, err)
		}
	}
}

func TestEdition_IsPublicOnceItWasInForce(t *testing.T) {
	t.Parallel()
	e := Edition{State: EditionApproved, Version: 1}
	if e.Public() || e.Pinnable() {
		t.Error("public before publication")
	}
	if err := e.Do("publication", "author", moveTime); err != nil || !e.Public() || !e.Pinnable() || !e.PublishedAt.Equal(moveTime.Truncate(time.Millisecond)) {
		t.Errorf("%+v %v", e, err)
	}
	if err := e.Do("withdrawal", "author", moveTime); err != nil || !e.Public() || e.Pinnable() || e.WithdrawnAt == nil {
		t.Errorf("%+v %v", e, err)
	}
	draft := Edition{State: EditionDraft}
	if err := draft.Do("withdrawal", "author", moveTime); err != nil || draft.Public() {
		t.Errorf("a draft that was withdrawn is public: %v", err)
	}
}

func goodBundle() Bundle {
	return Bundle{Protocol: "demo", Edition: "KZ-2026.1", ChangeNote: "First.", Files: map[string]string{"protocol.yaml": "a: b\n", "text/en/a.yaml": "c: d\n"}}
}

func TestBundle_ChecksumCoversAllOfIt(t *testing.T) {
	t.Parallel()
	sum := goodBundle().Checksum()
	if sum != goodBundle().Checksum() || len(sum) != 64 {
		t.Fatal(sum)
	}
	for name, change := range map[string]func(*Bundle){
		"slug": func(b *Bundle) { b.Protocol = "other" }, "edition": func(b *Bundle) { b.Edition = "2" }, "base": func(b *Bundle) { b.Base = "1" },
		"content": func(b *Bundle) { b.Files["protocol.yaml"] = "a: c\n" }, "path": func(b *Bundle) {
			delete(b.Files, "text/en/a.yaml")
			b.Files["text/en/b.yaml"] = "c: d\n"
		}, "file less": func(b *Bundle) { delete(b.Files, "protocol.yaml") },
		"shift": func(b *Bundle) { b.Files = map[string]string{"protocol.yaml": "a: b\n", "text/en/a.yamlc: d\n": ""} },
	} {
		b := goodBundle()
		if change(&b); b.Checksum() == sum {
			t.Errorf("a changed %s keeps the checksum", name)
		}
	}
	b := goodBundle()
	if b.ChangeNote = "Another note."; b.Checksum() != sum {
		t.Error("the note about a change is no part of what the edition says")
	}
}

func TestBundle_FrameIsChecked(t *testing.T) {
	t.Parallel()
	if err := goodBundle().Check(); err != nil {
		t.Fatal(err)
	}
	many := map[string]string{}
	for i := range maxBundleFiles + 1 {
		many["steps/a"+strings.Repeat("b", i%150)+strings.Repeat("c", i/150)+".yaml"] = "a"
	}
	for code, change := range map[string]func(*Bundle){
		"edition.name_form":            func(b *Bundle) { b.Edition = "a b" },
		"edition.base_is_itself":       func(b *Bundle) { b.Base = b.Edition },
		"edition.change_note_required": func(b *Bundle) { b.ChangeNote = " " },
		"text.too_long":                func(b *Bundle) { b.ChangeNote = strings.Repeat("a ", MaxNote) },
		"text.not_printable":           func(b *Bundle) { b.ChangeNote = "a\x00" },
		"text.identifies_person":       func(b *Bundle) { b.ChangeNote = "Ask +7 701 123 45 67." },
		"edition.files_required":       func(b *Bundle) { b.Files = nil },
		"edition.too_many_files":       func(b *Bundle) { b.Files = many },
		"edition.path_form":            func(b *Bundle) { b.Files["../etc/passwd.yaml"] = "a" },
		"edition.file_not_text":        func(b *Bundle) { b.Files["protocol.yaml"] = "\xff" },
	} {
		b := goodBundle()
		change(&b)
		var e *Error
		if err := b.Check(); !errors.As(err, &e) || e.Code != code || len(e.Fields) != 1 {
			t.Errorf("want %s alone, got %v", code, err)
		}
	}
	if got := FilePointer("steps/a~b.yaml"); got != "/files/steps~1a~0b.yaml" {
		t.Error(got)
	}
}

func TestEpisode_FollowsAnotherEditionWhileOpen(t *testing.T) {
	t.Parallel()
	e := Episode{Edition: "1", Version: 1}
	if err := e.Follow("2"); err != nil || e.Edition != "2" || e.Version != 2 {
		t.Errorf("%+v %v", e, err)
	}
	if err := e.Follow("2"); !isError(err, KindConflict, "episode.edition_same") {
		t.Error(err)
	}
	e.EndDate = "2026-01-01"
	if err := e.Follow("3"); !isError(err, KindConflict, "episode.closed") {
		t.Error(err)
	}
}
