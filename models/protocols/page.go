package protocols

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"jol/models"
)

// address is where the protocols are served; the pages link to each other by it.
const address = "/api/v1/protocols"

//go:embed pages
var pageFiles embed.FS

var (
	pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html", "pages/*.svg"))
	// The style sheet is part of every page, so that a page saved or mailed to a place
	// without a network keeps its looks. The policy allows it by its hash.
	style     = mustRead("pages/style.css")
	styleHash = hashOf(style)
)

func mustRead(name string) string {
	data, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err) // the file is embedded
	}
	return string(data)
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// page is what a template sees: the words of the language, and one of the answers.
type page struct {
	wordList
	catalog *Catalog
	Asked   string            // the language asked for, which links carry on
	titles  map[string]string // of all steps

	Lang      string // of the page
	Title     string
	Path      string // of this page, without query
	Languages []languageLink
	Crumbs    []link
	Notice    string
	Edition   string
	State     string // of the edition, when it is not simply in force
	Status    string // of the translation
	Missing   []string
	Filter    Filter

	Protocols []listItem
	Protocol  *protocolView
	Step      *stepView
	Position  int
	Count     int
	Phase     string
	Before    *link
	After     *link
}

type link struct{ Text, Href string }

type languageLink struct {
	link
	Lang    string
	Current bool
}

// stated is the state of an edition, which answers may carry.
type stated struct {
	State string `json:"editionState"`
}

// newPage prepares a page in the language asked for, whose content is in lang.
func (c *Catalog) newPage(asked, lang, path string, f Filter) (*page, error) {
	titles, err := c.titlesIn(lang)
	if err != nil {
		return nil, err
	}
	p := &page{wordList: c.words[lang], catalog: c, Asked: asked, Lang: lang, Path: path, Filter: f, titles: titles}
	for _, l := range c.languages {
		q := f.query()
		q.Set("lang", l)
		p.Languages = append(p.Languages, languageLink{link{Text: c.words[l].T("language_name"), Href: path + "?" + q.Encode()}, l, l == asked})
	}
	p.Crumbs = []link{p.to(p.T("protocols"), "")}
	return p, nil
}

// titlesIn returns the titles of all steps in a language of the catalogue.
func (c *Catalog) titlesIn(lang string) (map[string]string, error) {
	if kept, ok := c.titles.Load(lang); ok {
		return kept.(map[string]string), nil
	}
	titles := map[string]string{}
	for _, slug := range c.slugs {
		v, _, err := c.protocolView(slug, lang)
		if err != nil {
			return nil, err
		}
		for _, ph := range v.Phases {
			for _, s := range ph.Steps {
				titles[s.ID] = s.Title
			}
		}
	}
	c.titles.Store(lang, titles)
	return titles, nil
}

// query is the filter as query parameters.
func (f Filter) query() url.Values {
	q := url.Values{}
	if f.Role != "" {
		q.Set("role", string(f.Role))
	}
	if f.Setting != "" {
		q.Set("setting", f.Setting)
	}
	return q
}

// to links to an address below the protocols, in the language asked for.
func (p *page) to(text, below string) link {
	below, fragment, _ := strings.Cut(below, "#")
	if fragment != "" {
		fragment = "#" + fragment
	}
	return link{Text: text, Href: address + below + "?lang=" + url.QueryEscape(p.Asked) + fragment}
}

func (p *page) link(step string) link {
	return p.to(p.titles[step], "/"+p.catalog.steps[step].Protocol+"/steps/"+step)
}

// To is to for the templates.
func (p *page) To(below string) string { return p.to("", below).Href }

// CSS is the style sheet.
func (p *page) CSS() template.CSS { return template.CSS(style) }

// Link is the title and address of a step.
func (p *page) Link(step string) link { return p.link(step) }

// Elsewhere reports whether a step belongs to another protocol than this page.
func (p *page) Elsewhere(step string) bool { return p.catalog.steps[step].Protocol != p.Protocol.Slug }

// Short is the first two sentences of a notice, which say what the edition is. The
// whole of it stands at the end: on a phone it would fill the first screen.
func (p *page) Short(notice string) string {
	end := 0
	for range 2 {
		i := strings.Index(notice[end:], ". ")
		if i < 0 {
			return notice
		}
		end += i + 2
	}
	return notice[:end-1]
}

// English reports whether the text at a path fell back to English.
func (p *page) English(path string) bool { return slices.Contains(p.Missing, path) }

// AllEnglish reports whether nothing could be shown in the language asked for.
func (p *page) AllEnglish() bool { return p.Asked != p.Lang }

// Roles and Settings are the choices of the filter.
func (p *page) Roles() []models.Role { return roles }

// Settings are the choices of the filter.
func (p *page) Settings() []string { return settings }

// LangOf guesses the language of a source's title: titles are quoted, not translated.
func (p *page) LangOf(title string) string {
	if strings.ContainsFunc(title, func(r rune) bool { return r >= 'Ѐ' && r <= 'ӿ' }) {
		return "ru"
	}
	return sourceLanguage
}

// execute renders a template.
func (p *page) execute(name string) (*Rendition, error) {
	var out bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&out, name, p); err != nil {
		return nil, err
	}
	r := newRendition(p.Lang, "text/html; charset=utf-8", out.Bytes())
	r.StyleHash = styleHash
	return r, nil
}
