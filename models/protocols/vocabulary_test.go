package protocols

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"jol/models"
)

// with adds files, as path and text in turn, to the small content.
func withFiles(files ...string) fstest.MapFS {
	fsys := small()
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func TestVocabulary_RefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	const en, ky = "text/en/interface.yaml", "text/ky/interface.yaml"
	for _, c := range []struct {
		name   string
		files  []string
		file   string
		line   int
		reason string
	}{
		{"lonely synonym", []string{"synonyms.yaml", "groups:\n  - [one]\n"}, "synonyms.yaml", 2, "at least two"},
		{"synonym without letters", []string{"synonyms.yaml", "groups:\n  - [one, '!']\n"}, "synonyms.yaml", 2, "1 to 5 words"},
		{"group that is no list", []string{"synonyms.yaml", "groups:\n  - one\n"}, "synonyms.yaml", 2, "must be a list"},
		{"unknown key of synonyms", []string{"synonyms.yaml", "word: one\n"}, "synonyms.yaml", 1, "unknown key"},
		{"endings without language", []string{"synonyms.yaml", "endings: [a]\n"}, "synonyms.yaml", 1, "must be a mapping"},
		{"term without Kazakh", []string{"terms.yaml", "terms:\n  - {key: a, en: a, ru: а, confidence: H}\n"}, "terms.yaml", 2, "lacks kk"},
		{"unknown confidence", []string{"terms.yaml", "terms:\n  - {key: a, en: a, ru: а, kk: а, confidence: X}\n"}, "terms.yaml", 2, "H, M or L"},
		{"term listed twice", []string{"terms.yaml", "terms:\n  - {key: a, en: a, ru: а, kk: а, confidence: H}\n  - {key: a, en: a, ru: а, kk: а, confidence: H}\n"}, "terms.yaml", 3, "twice"},
		{"unknown kind", []string{"terms.yaml", "avoid:\n  en:\n    - {kind: bad, words: [a], instead: b}\n"}, "terms.yaml", 3, "stigma or inconsistent"},
		{"nothing to write instead", []string{"terms.yaml", "avoid:\n  en:\n    - {kind: stigma, words: [word]}\n"}, "terms.yaml", 3, "lacks instead"},
		{"no word to look for", []string{"terms.yaml", "avoid:\n  en:\n    - {kind: stigma, words: ['*'], instead: b}\n"}, "terms.yaml", 3, "no word to look for"},
		{"interface without English", []string{ky, "role: {nurse: медайым}\n"}, ky, 1, "without English"},
		{"missing interface word", []string{en, "role: {nurse: nurse}\n", ky, "status: draft\n"}, ky, 1, "role nurse is missing"},
		{"orphan interface word", []string{en, "role: {nurse: nurse}\n", ky, "role:\n  nurse: медайым\n  guard: сакчы\n"}, ky, 3, "does not exist in English"},
		{"interface word given twice", []string{en, "role:\n  nurse: nurse\n  nurse: sister\n"}, en, 3, ""},
		{"unknown status", []string{en, "status: perfect\n"}, en, 1, "draft or reviewed"},
		{"impossible language", []string{en, "role: {nurse: nurse}\n", "text/klingon-x/interface.yaml", "role: {nurse: x}\n"}, "text/klingon-x/interface.yaml", 1, "not a language"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := refusal(t, withFiles(c.files...))
			if !slices.ContainsFunc(found, func(p Problem) bool {
				return p.File == c.file && p.Line == c.line && strings.Contains(p.Reason, c.reason)
			}) {
				t.Errorf("got %v", found)
			}
		})
	}
}

func TestInterfaceWords_AloneAnnounceNoProtocolLanguage(t *testing.T) {
	t.Parallel()
	c := load(t, withFiles("text/en/interface.yaml", "role: {nurse: nurse}\n", "text/ky/interface.yaml", "role: {nurse: медайым}\n"))
	if got := c.Languages(); !slices.Equal(got, []string{"en"}) {
		t.Errorf("protocol languages %v", got)
	}
	if got := c.InterfaceLanguages(); !slices.Equal(got, []string{"en", "ky"}) {
		t.Errorf("interface languages %v", got)
	}
	if w, ok := c.InterfaceWords("ky"); !ok || w.Words["role"]["nurse"] != "медайым" || w.Status != statusDraft {
		t.Errorf("got %+v", w)
	}
	if _, ok := c.InterfaceWords("tg"); ok {
		t.Error("words of a language without any")
	}
	if got := NewIndex(c).Search(Query{Text: "медайым", Lang: "en", Limit: 1}); len(got.Items) != 0 {
		t.Errorf("an interface word was found: %+v", got)
	}
}

// Every code that the service uses has a word in each language, and nothing else has:
// the loader holds the languages to each other, this test English to the codes.
func TestInterfaceWords_CoverTheCodes(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	if got := c.InterfaceLanguages(); !slices.Equal(got, []string{"en", "kk", "ky", "ru", "tg", "tk", "uz"}) {
		t.Errorf("languages %v", got)
	}
	list := func(id string) []string {
		l, _ := models.CodeListByID(id)
		var out []string
		for _, code := range l.Codes {
			out = append(out, code.Code)
		}
		return out
	}
	want := map[string][]string{
		"step_setting":      settings,
		"substance":         list("substance"),
		"sex":               list("sex"),
		"legal_basis":       list("legal_basis"),
		"referral_state":    list("referral_state"),
		"consent_state":     append(list("consent_state"), "expired"), // computed, never stored
		"translation_state": {statusReviewed, statusDraft, statusStale},
		"edition_state":     {"draft", "clinical_review", "language_review", "approved", "published", "superseded", "withdrawn"},
		"unit":              {"minute", "hour", "day", "working_day", "week", "month", "year", "mg", "ml"},
		"basis":             {string(Seen), string(General), string(Editorial)},
	}
	for _, r := range roles {
		want["role"] = append(want["role"], string(r))
	}
	for _, lang := range c.InterfaceLanguages() {
		w, _ := c.InterfaceWords(lang)
		if w.Status != statusDraft {
			t.Errorf("%s: nobody has reviewed it, and it says %s", lang, w.Status)
		}
		if got := slices.Sorted(maps.Keys(w.Words)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s: lists %v", lang, got)
		}
		for id, codes := range want {
			slices.Sort(codes)
			if got := slices.Sorted(maps.Keys(w.Words[id])); !slices.Equal(got, codes) {
				t.Errorf("%s: %s has %v, want %v", lang, id, got, codes)
			}
		}
	}
}

// A code is called the same in a picture of a release and in a form: code lists and the
// words of interfaces have one text.
func TestInterfaceWords_AreTheLabelsOfCodeLists(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, lang := range []string{"ru", "kk"} {
		w, _ := c.InterfaceWords(lang)
		for id, words := range w.Words {
			list, _ := models.CodeListByID(id)
			for _, code := range list.Codes {
				if compared++; code.Labels[lang] != words[code.Code] {
					t.Errorf("%s: %s %s is %q in the code list and %q in interface.yaml", lang, id, code.Code, code.Labels[lang], words[code.Code])
				}
			}
		}
	}
	if compared < 80 {
		t.Errorf("only %d words were compared", compared)
	}
}

func TestTerms_ShippedTextsAreClean(t *testing.T) {
	t.Parallel()
	found, err := CheckTerms(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		t.Error(p)
	}
}

const demoTerms = `terms:
  - {key: role.nurse, en: nurse, ru: медицинская сестра, kk: мейіргер, confidence: H}
avoid:
  en:
    - {kind: stigma, words: [addict*, dirty urine], instead: person who uses drugs}
  ru:
    - {kind: stigma, words: [наркоман*], instead: "человек, употребляющий ПАВ"}
    - {kind: inconsistent, words: [медсестр*, постановк* на учет], instead: медицинская сестра}
  kk:
    - {kind: stigma, words: [нашақор*], instead: ПБЗ тұтынатын адам}
exceptions:
  - О лечении больных наркоманией
`

func TestTerms_NamesFileAndLine(t *testing.T) {
	t.Parallel()
	fsys := withFiles("terms.yaml", demoTerms,
		"synonyms.yaml", "groups:\n  - [наркоман, addict]\n", // search words are spared
		"text/ru/common.yaml", "forms:\n  sheet: Лист медсестры\n",
		"demo/text/ru/a.yaml", "# наркоман in a comment\ntitle: \"Закон «О лечении больных наркоманией» спасён\"\nsteps:\n  s-one:\n    title: Наркоман пришёл\n    do: Постановка на учёт наркоманов\n",
		"demo/text/kk/a.yaml", "title: Нашакорлар\n", // also typed on a Russian keyboard
	)
	fsys["demo/text/en/p-one.yaml"].Data = []byte(strings.ReplaceAll(string(fsys["demo/text/en/p-one.yaml"].Data), "title: Second", "title: Dirty, urine of ADDICTS"))
	found, err := CheckTerms(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range found {
		got = append(got, p.String())
	}
	want := []string{
		"demo/text/en/p-one.yaml:14: stigmatising: addicts (addict*); write: person who uses drugs",
		"demo/text/en/p-one.yaml:14: stigmatising: dirty urine (dirty urine); write: person who uses drugs",
		"demo/text/kk/a.yaml:1: stigmatising: нашакорлар (нашақор*); write: ПБЗ тұтынатын адам",
		"demo/text/ru/a.yaml:5: stigmatising: наркоман (наркоман*); write: человек, употребляющий ПАВ",
		"demo/text/ru/a.yaml:6: stigmatising: наркоманов (наркоман*); write: человек, употребляющий ПАВ",
		"demo/text/ru/a.yaml:6: inconsistent: постановка на учет (постановк* на учет); write: медицинская сестра",
		"text/ru/common.yaml:2: inconsistent: медсестры (медсестр*); write: медицинская сестра",
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := CheckTerms(withFiles("terms.yaml", "x: y\n")); err == nil {
		t.Error("a broken list of terms was used")
	}
}

// The glossary is whole, and its own wordings break none of its rules.
func TestTerms_GlossaryIsWholeAndFollowsItself(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	terms := &c.vocab.terms
	if len(terms.terms) != 101 {
		t.Errorf("%d terms", len(terms.terms))
	}
	for _, one := range terms.terms {
		for lang, text := range one.in {
			var found problems
			terms.check(&found, lang, text, position{})
			if len(found) > 0 && !strings.Contains(text, "OST") && one.key != "sub.pas" { // entries that name the older wording too
				t.Errorf("%s %s: %v", one.key, lang, found)
			}
		}
	}
	// An exception that no text needs any longer hides the next mistake.
	var all strings.Builder
	for lang := range terms.avoid {
		all.WriteString(textsOf(t, lang))
	}
	for _, one := range terms.terms {
		all.WriteString(" " + strings.Join(words(one.in["en"]), " ") + " ")
	}
	for _, e := range terms.exceptions {
		if !strings.Contains(all.String(), " "+strings.Join(e, " ")+" ") && !lawTitle(e) {
			t.Errorf("no text holds the exception %q", strings.Join(e, " "))
		}
	}
}

// lawTitle tells the exceptions that are kept for texts to come: titles as published,
// and names of self-help groups.
func lawTitle(e []string) bool {
	text := strings.Join(e, " ")
	return slices.ContainsFunc([]string{"наркоманией", "наркотических средствах", "шалдыккан", "anonymous", "анонимные", "анонимди"},
		func(s string) bool { return strings.Contains(text, s) })
}

// textsOf returns the words of all texts of a language, between spaces.
func textsOf(t *testing.T, lang string) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(Embedded(), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || textLanguage(file) != lang {
			return err
		}
		data, err := fs.ReadFile(Embedded(), file)
		b.WriteString(" " + strings.Join(words(string(data)), " ") + " ")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
