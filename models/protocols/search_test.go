package protocols

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// withSynonyms is the small content with words of its own.
func withSynonyms(t *testing.T) fstest.MapFS {
	t.Helper()
	fsys := edited(t, "demo/text/ru/a.yaml", "", "steps:\n  s-one:\n    title: Первая доза <b>метадона</b> & ёлка\n    do: Дать 20 мг и ждать 3 дня.\n  s-two:\n    title: Беседа\n")
	fsys["synonyms.yaml"] = &fstest.MapFile{Data: []byte(
		"groups:\n  - [talk, беседа, жаргон]\n  - [first dose, первая доза, старт]\nignore:\n  ru: [как]\nendings:\n  kk: [лар]\n")}
	return fsys
}

func found(x *Index, lang, text string) []string {
	var out []string
	for _, h := range x.Search(Query{Text: text, Lang: lang, Limit: 10}).Items {
		out = append(out, h.Lang+" "+h.Step)
	}
	return out
}

func TestSearch_WaysToMatch(t *testing.T) {
	t.Parallel()
	x := NewIndex(load(t, withSynonyms(t)))
	for _, c := range []struct{ lang, q, want string }{
		{"ru", "метадоном", "ru s-one"},       // stem
		{"ru", "мета", "ru s-one"},            // prefix
		{"ru", "митадон", "ru s-one"},         // one letter replaced
		{"ru", "меатдон", "ru s-one"},         // two letters exchanged
		{"ru", "метаадон", "ru s-one"},        // one too many
		{"ru", "метдон", "ru s-one"},          // one missing
		{"ru", "елка", "ru s-one"},            // ё
		{"ru", "ЁЛКА", "ru s-one"},            // capitals
		{"ru", "жаргон", "ru s-two"},          // synonym
		{"ru", "жаргонн", "ru s-two"},         // misspelt synonym
		{"ru", "старт", "ru s-one"},           // one word for a phrase
		{"ru", "talk", "ru s-two"},            // synonym of another language
		{"ru", "как беседа", "ru s-two"},      // a word that says nothing
		{"ru", "мтдн", ""},                    // too far
		{"ru", "бида", ""},                    // too short for typing errors
		{"en", "метадон", "ru s-one"},         // nothing in English: found elsewhere
		{"en", "жаргон", "en s-two"},          // a synonym leads to English
		{"en", "", ""},                        // nothing asked
		{"en", "<script>\x00\xff ' \" ʼ", ""}, // nothing to look for
	} {
		if got := strings.Join(found(x, c.lang, c.q), ","); got != c.want && !(c.want != "" && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s %q: got %q, want %q", c.lang, c.q, got, c.want)
		}
	}
}

func TestSearch_HighlightsAreEscaped(t *testing.T) {
	t.Parallel()
	x := NewIndex(load(t, withSynonyms(t)))
	r := x.Search(Query{Text: "метадон", Lang: "ru", Limit: 1})
	want := "Первая доза &lt;b&gt;<em>метадона</em>&lt;/b&gt; &amp; ёлка"
	if len(r.Items) != 1 || len(r.Items[0].Highlights) == 0 || r.Items[0].Highlights[0] != (Highlight{"title", want}) {
		t.Errorf("got %+v", r.Items)
	}
}

// Every highlight of every question is escaped HTML with balanced em, cut at letters.
func TestSearch_HighlightsOfTheShippedTexts(t *testing.T) {
	t.Parallel()
	x := shippedIndex(t)
	markup := regexp.MustCompile(`<em>[^<>]+</em>`)
	for _, q := range questions(t) {
		for _, h := range x.Search(Query{Text: q.Q, Lang: q.Lang, Limit: 50}).Items {
			if len(h.Highlights) > maxHighlights {
				t.Errorf("%s: %d highlights", q.Q, len(h.Highlights))
			}
			for _, m := range h.Highlights {
				rest := markup.ReplaceAllString(m.HTML, "")
				if rest == m.HTML || strings.ContainsAny(rest, "<>\"") || !strings.EqualFold(strings.ToValidUTF8(m.HTML, "?"), m.HTML) {
					t.Errorf("%s: %q", q.Q, m.HTML)
				}
			}
		}
	}
}

// A synonym that leads nowhere is a word that a reader asks for in vain.
func TestSearch_EverySynonymFindsSteps(t *testing.T) {
	t.Parallel()
	c, err := embeddedCatalog()
	if err != nil {
		t.Fatal(err)
	}
	x := shippedIndex(t)
	for _, group := range c.content.vocab.synonyms.groups {
		for _, term := range group {
			for _, lang := range []string{"en", "ru", "kk"} {
				if len(found(x, lang, term)) == 0 {
					t.Errorf("%s: nothing for %q", lang, term)
				}
			}
		}
	}
}

func TestSearch_KazakhLettersFromARussianKeyboard(t *testing.T) {
	t.Parallel()
	x := shippedIndex(t)
	plain := strings.NewReplacer("ә", "а", "ғ", "г", "қ", "к", "ң", "н", "ө", "о", "ұ", "у", "ү", "у", "һ", "х", "і", "и", "ё", "е")
	for _, q := range questions(t) {
		if typed := plain.Replace(strings.ToLower(q.Q)); !slices.Equal(found(x, q.Lang, q.Q), found(x, q.Lang, typed)) {
			t.Errorf("%q and %q differ", q.Q, typed)
		}
	}
}

func TestSearch_FiltersAndFacets(t *testing.T) {
	t.Parallel()
	x := shippedIndex(t)
	for _, setting := range settings {
		r := x.Search(Query{Text: "methadone", Lang: "en", Setting: setting, Limit: 50})
		all := x.Search(Query{Text: "methadone", Lang: "en", Limit: 50})
		if !slices.Equal(r.Facets.Setting, all.Facets.Setting) {
			t.Errorf("%s changes its own facet", setting)
		}
		sum := 0
		for _, c := range r.Facets.Phase {
			sum += c.Count
		}
		if sum != len(r.Items) {
			t.Errorf("%s: %d counted, %d found", setting, sum, len(r.Items))
		}
	}
	if r := x.Search(Query{Text: "methadone", Lang: "en", Phase: "pc-oat", Role: "nurse", Limit: 50}); len(r.Items) > 0 {
		for _, h := range r.Items {
			if h.Phase != "pc-oat" {
				t.Errorf("%+v", h)
			}
		}
	}
}

// The index answers from many goroutines at once, and the same every time.
func TestSearch_SameAnswerEveryTime(t *testing.T) {
	t.Parallel()
	x := shippedIndex(t)
	want := fmt.Sprint(x.Search(Query{Text: "передоз в тюрьме", Lang: "ru", Limit: 20}))
	results := make(chan string)
	for range 8 {
		go func() {
			results <- fmt.Sprint(x.Search(Query{Text: "передоз в тюрьме", Lang: "ru", Limit: 20}))
		}()
	}
	for range 8 {
		if got := <-results; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func TestStartIndex_BuildsOnceInTheBackground(t *testing.T) {
	t.Parallel()
	c := load(t, withSynonyms(t))
	if _, ok := c.Index(); ok {
		t.Fatal("built before anybody asked")
	}
	one, two := c.StartIndex(), c.StartIndex()
	if one != two {
		t.Error("started twice")
	}
	<-one
	first, ok := c.Index()
	<-c.StartIndex()
	if second, _ := c.Index(); !ok || first != second {
		t.Error("built twice")
	}
}

func FuzzSearch(f *testing.F) {
	f.Add("пропущенные дозы", "ru")
	f.Add("<em>\x00", "kk")
	c, err := embeddedCatalog()
	if err != nil {
		f.Fatal(err)
	}
	<-c.StartIndex()
	x, _ := c.Index()
	f.Fuzz(func(_ *testing.T, text, lang string) { x.Search(Query{Text: text, Lang: lang, Limit: 20}) })
}

func BenchmarkSearch(b *testing.B) {
	x := shippedIndex(b)
	for _, q := range []Query{
		{Text: "methadone", Lang: "en", Limit: 20},
		{Text: "пациент пропустил три дня метадона", Lang: "ru", Limit: 20},
		{Text: "бупренарфинді бастау", Lang: "kk", Limit: 20}, // a typing error: all words are compared
		{Text: "обезвоживание", Lang: "en", Limit: 20},        // falls back to the other languages
	} {
		b.Run(q.Lang+"/"+strings.ReplaceAll(q.Text, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				x.Search(q)
			}
		})
	}
}

// BenchmarkNewIndex also reports the memory that one index keeps.
func BenchmarkNewIndex(b *testing.B) {
	c, err := embeddedCatalog()
	if err != nil {
		b.Fatal(err)
	}
	var x *Index
	before := heapInUse()
	for b.Loop() {
		x = NewIndex(c)
	}
	b.ReportMetric(float64(int64(heapInUse())-int64(before))/1e6, "MB-kept")
	runtime.KeepAlive(x)
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
