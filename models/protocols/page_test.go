package protocols

import (
	"bytes"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"maps"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"jol/models"
)

// element is what the checks look at of a page.
type element struct {
	name  string
	attrs map[string]string
}

// elements parses a page as XML, which is stricter than any browser.
func elements(t testing.TB, what string, data []byte) []element {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	var out []element
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s is not well-formed: %v", what, err)
		}
		if start, ok := token.(xml.StartElement); ok {
			e := element{start.Name.Local, map[string]string{}}
			for _, a := range start.Attr {
				if _, twice := e.attrs[a.Name.Local]; twice {
					t.Errorf("%s: %s has %s twice", what, e.name, a.Name.Local)
				}
				e.attrs[a.Name.Local] = a.Value
			}
			out = append(out, e)
		}
	}
}

func plainText(t testing.TB, r *Rendition, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.Plain()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// allPages renders everything there is, by address without query.
func allPages(t *testing.T, c *Catalog, lang string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	add := func(path string, r *Rendition, err error) { out[address+path] = plainText(t, r, err) }
	r, err := c.ListPage(lang)
	add("", r, err)
	for _, slug := range c.Slugs() {
		r, err := c.ProtocolPage(slug, lang, Filter{})
		add("/"+slug, r, err)
		r, err = c.Graph(slug, lang)
		add("/"+slug+"/graph.svg", r, err)
		for id, s := range c.steps {
			if s.Protocol == slug {
				r, err := c.StepPage(slug, id, lang)
				add("/"+slug+"/steps/"+id, r, err)
			}
		}
	}
	return out
}

func TestPage_EveryPageIsSoundAndItsLinksResolve(t *testing.T) {
	t.Parallel()
	c, _ := servedSteps(t)
	for _, lang := range c.Languages() {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			checkLanguagePages(t, c, lang)
		})
	}
}

func checkLanguagePages(t *testing.T, c *Catalog, lang string) {
	t.Helper()
	pages := allPages(t, c, lang)
	if len(pages) != 118+2*2+1 {
		t.Errorf("%s: %d pages", lang, len(pages))
	}
	ids := map[string][]string{}
	parsed := map[string][]element{}
	for path, data := range pages {
		parsed[path] = elements(t, path+" "+lang, data)
		for _, e := range parsed[path] {
			if id := e.attrs["id"]; id != "" {
				if slices.Contains(ids[path], id) {
					t.Errorf("%s: id %s twice", path, id)
				}
				ids[path] = append(ids[path], id)
			}
		}
	}
	for path, list := range parsed {
		checkPage(t, path, lang, list)
		for _, e := range list {
			checkLink(t, path, lang, e, ids)
		}
		for _, left := range []string{"words.", "ZgotmplZ", "{{", "&lt;no value"} {
			if bytes.Contains(pages[path], []byte(left)) {
				t.Errorf("%s has %s", path, left)
			}
		}
	}
}

func checkPage(t *testing.T, path, lang string, list []element) {
	t.Helper()
	count, level := map[string]int{}, 1
	for _, e := range list {
		count[e.name]++
		for name := range e.attrs {
			if strings.HasPrefix(name, "on") || name == "style" {
				t.Errorf("%s: attribute %s", path, name)
			}
		}
		if len(e.name) == 2 && e.name[0] == 'h' && e.name[1] >= '1' && e.name[1] <= '6' {
			if next := int(e.name[1] - '0'); next > level+1 {
				t.Errorf("%s: h%d follows h%d", path, next, level)
			} else {
				level = next
			}
		}
		if e.name == "th" && e.attrs["scope"] == "" {
			t.Errorf("%s: th without scope", path)
		}
	}
	if list[0].attrs["lang"] != lang || count["script"]+count["link"]+count["img"] > 0 || count["title"] < 1 {
		t.Errorf("%s: %v %v", path, list[0], count)
	}
	if list[0].name == "html" && (count["h1"] != 1 || count["main"] != 1 || count["style"] != 1) {
		t.Errorf("%s: %v", path, count)
	}
}

// checkLink follows a link within the pages.
func checkLink(t *testing.T, path, lang string, e element, ids map[string][]string) {
	t.Helper()
	href := e.attrs["href"]
	if e.name != "a" || strings.HasPrefix(href, "http") {
		return
	}
	u, err := url.Parse(href)
	if err != nil || href == "" {
		t.Errorf("%s: link %q", path, href)
		return
	}
	target := u.Path
	if target == "" {
		target = path
	} else if q := u.Query().Get("lang"); q != lang && e.attrs["hreflang"] != q {
		t.Errorf("%s: %s loses the language", path, href)
	}
	if known, ok := ids[target]; !ok && target != address || u.Fragment != "" && !slices.Contains(known, u.Fragment) {
		t.Errorf("%s: %s leads nowhere", path, href)
	}
}

func TestPage_EveryWordIsThereInEveryLanguage(t *testing.T) {
	t.Parallel()
	c, _ := servedSteps(t)
	english := c.words[sourceLanguage]
	used := regexp.MustCompile(`(?:\$?\.T|\.T\() ?"([a-z_]+)"`)
	for _, name := range []string{"frame.html", "list.html", "protocol.html", "step.html", "graph.svg"} {
		for _, m := range used.FindAllStringSubmatch(mustRead("pages/"+name), -1) {
			if english["words."+m[1]] == "" {
				t.Errorf("%s uses %s, which has no English", name, m[1])
			}
		}
	}
	needed := []string{}
	for _, r := range roles {
		needed = append(needed, "roles."+string(r))
	}
	for _, s := range settings {
		needed = append(needed, "settings."+s)
	}
	for _, s := range c.steps {
		for _, l := range s.Limits {
			if l.Anchor != "" {
				needed = append(needed, "anchors."+l.Anchor)
			}
		}
	}
	for _, key := range needed {
		if english[key] == "" {
			t.Errorf("no English for %s", key)
		}
	}
	files, err := filesOf(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	read := read(files)
	for _, lang := range []string{"ru", "kk"} {
		for _, key := range slices.Sorted(maps.Keys(english)) {
			if read.words[lang][key].text == "" {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
	}
}

func TestPage_WordsAreCheckedLikeOtherTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"words:\n  who: Who\n  colour: red\n":  "",
		"roles:\n  astronaut: Astronaut\n":     "not one of the roles",
		"anchors:\n  first_contract: Typo\n":   "not one of the anchors",
		"settings:\n  moon: Moon\n":            "not one of the settings",
		"colours:\n  red: Red\n":               `unknown key "colours"`,
		"words: {}\n":                          "hold no word",
		"roles:\n  nurse: [Nurse]\n":           "must be a text",
		"anchors:\n  first_contact: Contact\n": "",
	} {
		fsys := edited(t, "text/en/page.yaml", "", text)
		if want == "" {
			load(t, fsys)
		} else if got := refusal(t, fsys); !strings.Contains(got[0].String(), want) || !strings.Contains(got[0].String(), "text/en/page.yaml") {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
	fsys := edited(t, "text/en/page.yaml", "", "words:\n  stepOf: Step {n} of {m}\n")
	fsys["text/ru/page.yaml"] = &fstest.MapFile{Data: []byte("words:\n  stepOf: Шаг {n}\n")}
	if got := refusal(t, fsys); !strings.Contains(got[0].String(), `has the figures ["{n}"], its English text ["{m}" "{n}"]`) {
		t.Errorf("got %v", got)
	}
	fsys = edited(t, "text/ru/page.yaml", "", "words:\n  who: Кто\n")
	if got := refusal(t, fsys); !strings.Contains(got[0].String(), "which English does not have") {
		t.Errorf("got %v", got)
	}
}

func TestPage_FallbackIsSaidForEachText(t *testing.T) {
	t.Parallel()
	fsys := edited(t, "demo/text/ru/a.yaml", "", russian)
	fsys["text/en/page.yaml"] = edited(t, "x", "", "words:\n  who: Who\n  where: Where\n  all_in_english: Shown in English\n")["x"]
	fsys["text/ru/page.yaml"] = edited(t, "x", "", "words:\n  who: Кто\n")["x"]
	c := load(t, fsys)
	r, err := c.StepPage("demo", "s-one", "ru")
	page := string(plainText(t, r, err))
	for _, want := range []string{`<html lang="ru">`, `<h1>Первый</h1>`, `<dt>Кто</dt>`, `<dt>Where</dt>`,
		`<p class="lead fallback" lang="en">Give 20 mg`, `Shown in English`} {
		if want != "Shown in English" && !strings.Contains(page, want) {
			t.Errorf("lacks %s:\n%s", want, page)
		}
	}
	r, err = c.StepPage("demo", "s-two", "ru")
	page = string(plainText(t, r, err))
	if r.Language != "en" || !strings.Contains(page, `<html lang="en">`) || !strings.Contains(page, "Shown in English") ||
		!strings.Contains(page, "steps/s-one?lang=ru") {
		t.Errorf("got %s:\n%s", r.Language, page)
	}
}

func stepPage(t *testing.T, c *Catalog, slug, step, lang string) string {
	t.Helper()
	r, err := c.StepPage(slug, step, lang)
	return string(plainText(t, r, err))
}

// What the service computes, what it asks people and what comes first is on the page, with
// the words of the language and the condition as it is computed.
func TestPage_ShowsHowAStepDecides(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	for _, lang := range c.Languages() {
		words := c.words[lang]
		for _, s := range steps {
			page := stepPage(t, c, s.Protocol, s.ID, lang)
			shows := func(what string) {
				if !strings.Contains(page, html.EscapeString(what)) {
					t.Errorf("%s in %s does not show %q", s.ID, lang, what)
				}
			}
			for _, b := range s.Branches {
				if b.When != nil {
					shows(*b.When)
				}
				for _, to := range b.To {
					shows("/steps/" + to + "?lang=" + lang)
				}
				if b.Outcome != nil {
					shows(c.content.common[lang][labelOutcomes][b.Outcome.Code].text)
					shows(b.Outcome.Code)
				}
				if b.Stop {
					shows(words.T("stop"))
					shows(words.T("stop_ways"))
				}
			}
			if s.Question != nil {
				shows(c.content.common[lang][labelQuestions][s.ID].text)
				shows(words.T("rule_ask"))
			}
			if s.Applies != nil {
				shows(*s.Applies)
			}
			if s.Stop {
				shows(words.T("stop_step"))
			}
			for _, l := range s.Limits {
				if l.Hard {
					shows(words.T("hard"))
				}
			}
			if s.Needs != nil {
				shows("/steps/" + s.Needs.Alternative + "?lang=" + lang)
				shows(words.T("unavailable_then"))
				shows(words.T("unavailable"))
			}
		}
		opioid := stepPage(t, c, tp, "tp-acute-opioid-wd", lang)
		if want := "<code>cows_band</code>: <span>" + c.content.common[lang][labelFacts]["cows_band"].text + "</span>"; !strings.Contains(opioid, want) {
			t.Errorf("%s: lacks %s", lang, want)
		}
	}
}

// A country says what it has, how that is known, and that the rest is not known.
func TestPage_SaysWhereAStepCanBeDone(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	i := slices.IndexFunc(steps, func(s stepView) bool { return s.Needs != nil })
	page := stepPage(t, c, steps[i].Protocol, steps[i].ID, "en")
	for code, want := range map[string]string{"UZ": "Agonist treatment is available in the community</span>: <strong>not available here</strong>",
		"KG": "Agonist treatment is available in custody</span>: yes <span class=\"basis"} {
		row := page[strings.Index(page, ">"+c.words["en"].Country(code)+"</th>"):]
		if row = row[:strings.Index(row, "</tr>")]; !strings.Contains(row, want) {
			t.Errorf("%s: %s", code, row)
		}
	}
}

func TestPage_TextsBecomeRuns(t *testing.T) {
	t.Parallel()
	c, _ := servedSteps(t)
	p, err := c.newPage("en", "en", address, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Rich("first_dose + PT4H, then release - P30D; go to tp-oat-missed [S WHO-OPI-2009 ch.4], well-known F10-F19")
	want := []run{
		{Text: "first dose + 4 h, then release - 30 d; go to "},
		{Text: p.link("tp-oat-missed").Text, Href: address + "/therapeutic-programme/steps/tp-oat-missed?lang=en"},
		{Text: " "}, {Text: "[S WHO-OPI-2009 ch.4]", Tag: true}, {Text: ", well-known F10-F19"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if len(p.Rich("")) != 0 {
		t.Error("nothing became something")
	}
}

func TestView_HoldsExactlyTheStepsOfRoleAndSetting(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	for _, f := range []Filter{{Role: models.RoleNurse}, {Setting: "prison"}, {models.RoleNurse, "prison"}, {Setting: "any"}, {Role: models.RoleAuditor}} {
		for _, slug := range c.Slugs() {
			r, err := c.View(slug, "en", f)
			var v protocolView
			decodeStrict(t, plainText(t, r, err), &v)
			var got, want []string
			for _, ph := range v.Phases {
				if len(ph.Steps) == 0 {
					t.Errorf("%+v: phase %s is empty", f, ph.ID)
				}
				for _, s := range ph.Steps {
					got = append(got, s.ID)
				}
			}
			for _, s := range steps {
				role := f.Role == "" || slices.Contains(s.Who, f.Role)
				setting := f.Setting == "" || slices.Contains(s.Setting, f.Setting) || slices.Contains(s.Setting, "any")
				if s.Protocol == slug && role && setting {
					want = append(want, s.ID)
				}
			}
			if !slices.Equal(got, want) || v.Phases == nil {
				t.Errorf("%s %+v: got %v, want %v", slug, f, got, want)
			}
			if (v.Role == nil) != (f.Role == "") || (v.Setting == nil) != (f.Setting == "") {
				t.Errorf("%+v is echoed as %v %v", f, v.Role, v.Setting)
			}
		}
	}
	for _, bad := range []Filter{{Role: "astronaut"}, {Setting: "moon"}} {
		if _, err := c.View("therapeutic-programme", "en", bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestRendition_IsMadeOnceAndBounded(t *testing.T) {
	t.Parallel()
	c := load(t, small())
	one, err := c.StepPage("demo", "s-one", "en")
	two, _ := c.StepPage("demo", "s-one", "zqx")
	if err != nil || one != two {
		t.Error("an unknown language made a page of its own")
	}
	_, _ = c.StepPage("demo", "nope", "en")
	_, _ = c.ProtocolPage("nope", "en", Filter{})
	_, _ = c.Graph("nope", "en")
	_, _ = c.View("demo", "en", Filter{Role: "astronaut"})
	kept := 0
	c.rendered.Range(func(any, any) bool { kept++; return true })
	if kept != 1 {
		t.Errorf("%d kept", kept)
	}
	again, err := load(t, small()).StepPage("demo", "s-one", "en")
	if err != nil || again.ETag != one.ETag || again.ETagGzip != one.ETagGzip || one.ETag == one.ETagGzip {
		t.Errorf("tags %v %v", one, again)
	}
}

func TestStyle_ContrastIsAtLeastAA(t *testing.T) {
	t.Parallel()
	for _, text := range slices.Concat(colours, []string{"#1a1f24", "#4a5560", "#0a4a86", "#a3121a"}) {
		for _, ground := range []string{"#ffffff", "#fffaf0", "#eef3f7"} {
			if c := contrast(t, text, ground); c < 4.5 {
				t.Errorf("%s on %s: %.2f", text, ground, c)
			}
		}
	}
	known := []string{"#1a1f24", "#4a5560", "#0a4a86", "#a3121a", "#fffaf0"}
	lines := []string{"#c8d0d8", "#dde3e8", "#b98900", "#fff"} // rules and white, no text
	for _, found := range regexp.MustCompile(`#[0-9a-f]{3,6}\b`).FindAllString(style, -1) {
		if !slices.Contains(known, found) && !slices.Contains(lines, found) {
			t.Errorf("%s is not among the colours checked", found)
		}
	}
}

// contrast is the ratio of WCAG 2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(hex string) float64 {
		n, err := strconv.ParseUint(hex[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v := float64(n>>(16-8*i)&0xff) / 255
			if v <= 0.04045 {
				sum += weight * v / 12.92
			} else {
				sum += weight * math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestGolden_StepPages(t *testing.T) {
	t.Parallel()
	c, _ := servedSteps(t)
	for _, g := range []struct{ slug, step, lang string }{
		{"therapeutic-programme", "tp-acute-opioid-wd", "en"},
		{"prison-civil-society-protocol", "pc-throughcare-contact", "ru"},
	} {
		r, err := c.StepPage(g.slug, g.step, g.lang)
		got := bytes.Replace(plainText(t, r, err), []byte(style), nil, 1)
		file := filepath.Join("testdata", g.step+"."+g.lang+".golden.html")
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from %s; if the change is meant, run go test -update\n%s", g.step, file, got)
		}
	}
}

func TestGraph_EveryStepAndEveryFollowingStepIsDrawn(t *testing.T) {
	t.Parallel()
	c, steps := servedSteps(t)
	for _, slug := range c.Slugs() {
		r, err := c.Graph(slug, "en")
		data := plainText(t, r, err)
		links := map[string]int{}
		for _, e := range elements(t, slug, data) {
			if e.name == "a" {
				links[e.attrs["href"]]++
			}
		}
		marks := bytes.Count(data, []byte(">→ "))
		for _, s := range steps {
			if s.Protocol != slug {
				continue
			}
			if links[address+"/"+slug+"/steps/"+s.ID+"?lang=en"] == 0 {
				t.Errorf("%s has no box", s.ID)
			}
			for _, b := range s.Branches {
				marks -= len(b.To)
			}
		}
		if marks != 0 {
			t.Errorf("%s: %d marks too many", slug, marks)
		}
		again, err := load(t, Embedded()).Graph(slug, "en")
		if err != nil || again.ETag != r.ETag {
			t.Errorf("%s: another picture of the same content", slug)
		}
	}
}

// TestGraph_LanesNeverOverlap looks at the layout of the real protocols: two trunks in
// one lane never share a height.
func TestGraph_LanesNeverOverlap(t *testing.T) {
	t.Parallel()
	g := &graph{boxes: map[string]*box{}}
	for i, to := range []int{3, 3, 5, 5, 2, 0, 5} {
		b := &box{ID: strconv.Itoa(i), Exits: []*exit{{target: strconv.Itoa(to)}}}
		g.order, g.boxes[b.ID] = append(g.order, b), b
	}
	for _, b := range g.order {
		b.Exits[0].to = g.boxes[b.Exits[0].target]
	}
	lanes := map[int][]*trunk{}
	for _, t := range g.lanes(false) {
		lanes[t.lane] = append(lanes[t.lane], t)
	}
	total := 0
	for _, lane := range slices.Sorted(maps.Keys(lanes)) {
		list := lanes[lane]
		total += len(list)
		for i, a := range list {
			for _, b := range list[i+1:] {
				if a.first <= b.last && b.first <= a.last {
					t.Errorf("lane %d: %+v and %+v", lane, a, b)
				}
			}
		}
	}
	if total != 2 || len(g.lanes(true)) != 3 {
		t.Errorf("down %d, up %d", total, len(g.lanes(true)))
	}
}

func BenchmarkStepPage_First(b *testing.B) {
	c, err := embeddedCatalog()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c.rendered.Clear()
		if _, err := c.StepPage("therapeutic-programme", "tp-acute-opioid-wd", "ru"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStepPage_Kept(b *testing.B) {
	c, err := embeddedCatalog()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.StepPage("therapeutic-programme", "tp-acute-opioid-wd", "ru"); err != nil {
			b.Fatal(err)
		}
	}
}
