package handlers

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"

	"jol/models"
	"jol/models/store"
)

// SummaryView is what a client may take home: every text in it comes from a closed list of
// neutral words (summarywords.go).
type SummaryView struct {
	Lang          string               `json:"lang" cat:"disclosureLog"`
	ClientCode    string               `json:"clientCode" cat:"disclosureLog"` // on the screen, not on the sheet
	PrintedOn     models.Date          `json:"printedOn" cat:"disclosureLog"`
	Recorded      []SummaryLineView    `json:"recorded"`
	Looked        []SummaryLookView    `json:"looked"`
	Given         []SummaryGivenView   `json:"given"`
	Consents      []SummaryConsentView `json:"consents"`
	HowToWithdraw string               `json:"howToWithdraw" cat:"disclosureLog"`
}

// SummaryLineView is a kind of note and when.
type SummaryLineView struct {
	What  string      `json:"what" cat:"disclosureLog"`
	Count int         `json:"count" cat:"disclosureLog"`
	First models.Date `json:"first" cat:"disclosureLog"`
	Last  models.Date `json:"last" cat:"disclosureLog"`
}

// SummaryLookView is who opened the record on a day.
type SummaryLookView struct {
	Who string      `json:"who" cat:"disclosureLog"`
	On  models.Date `json:"on" cat:"disclosureLog"`
}

// SummaryGivenView is what was passed on, to what kind of service, and why.
type SummaryGivenView struct {
	To    string      `json:"to" cat:"disclosureLog"`
	Who   *string     `json:"who" cat:"disclosureLog"`
	What  []string    `json:"what" cat:"disclosureLog"`
	Basis string      `json:"basis" cat:"disclosureLog"`
	On    models.Date `json:"on" cat:"disclosureLog"`
}

// SummaryConsentView is one answer of the client's.
type SummaryConsentView struct {
	ID    string      `json:"id" cat:"consent"`
	To    string      `json:"to" cat:"consent"`
	What  []string    `json:"what" cat:"consent"`
	From  models.Date `json:"from" cat:"consent"`
	Until models.Date `json:"until" cat:"consent"`
	State string      `json:"state" cat:"consent"`
}

// GetSummary prints what the caller's organisation has of a client, for the client.
//
//	@Summary		A client's own view
//	@Description	What is recorded, who looked, what was passed on and what the client allows, in neutral words: no finding, no name of an organisation. As JSON, or as a page to print.
//	@Tags			disclosures
//	@Security		bearer
//	@Produce		json,html
//	@Param			code			path		string	true	"client code of your sector"
//	@Param			lang			query		string	false	"the client's language, before Accept-Language"	Enums(en, ru, kk)
//	@Param			Accept			header		string	false	"application/json or text/html"
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{object}	SummaryView
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/clients/{code}/summary [get]
func GetSummary(c *Call) error {
	lang, err := c.languageAmong(summaryLanguages)
	if err != nil {
		return err
	}
	media, err := accepted(c.Header.Get("Accept"), mediaJSON, mediaHTML)
	if err != nil {
		return err
	}
	v, err := c.Store.GetSummary(c.Context, c.Param("code"))
	if err != nil {
		return err
	}
	view := summaryView(v, lang, c.Actor.Zone)
	c.Reply.Set("Content-Language", lang)
	c.Reply.Set("Vary", "Accept, Accept-Language")
	if media == mediaJSON {
		return c.JSON(http.StatusOK, view)
	}
	var page bytes.Buffer
	if err := summaryPage.Execute(&page, map[string]any{"V": view, "W": summaryWords[lang]}); err != nil {
		return err
	}
	c.Reply.Set("Content-Type", "text/html; charset=utf-8")
	c.Status, c.Raw = http.StatusOK, page.Bytes()
	return nil
}

func summaryView(v *store.Summary, lang, zone string) SummaryView {
	words := summaryWords[lang]
	named := func(categories []models.Category) []string {
		out := []string{}
		for _, category := range categories {
			if w := words[neutralCategory(category)]; !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		return out
	}
	out := SummaryView{
		Lang: lang, ClientCode: v.Client.Handle(), PrintedOn: v.Today, HowToWithdraw: words["how"],
		Recorded: recordedLines(v.Recorded, words), Looked: []SummaryLookView{}, Given: []SummaryGivenView{}, Consents: []SummaryConsentView{},
	}
	for _, l := range v.Looked {
		if look := (SummaryLookView{words[neutralRole(l.Role)], l.On}); !slices.Contains(out.Looked, look) { // two roles may have one word
			out.Looked = append(out.Looked, look)
		}
	}
	for _, d := range v.Disclosures {
		given := SummaryGivenView{
			To: words[neutralPlace(d.RecipientKind, d.Recipient)], What: named(d.Categories), Basis: words[neutralBasis(d.ConsentID, d.Ground)], On: models.DateOf(d.At, zone),
		}
		if d.RecipientKind != "" {
			given.Who = optional(words[neutralRole(d.ActorRole)])
		}
		out.Given = append(out.Given, given)
	}
	for _, k := range v.Consents {
		kind := k.RecipientKind
		if k.RecipientID != "" {
			kind = v.Recipients[k.RecipientID]
		}
		out.Consents = append(out.Consents, SummaryConsentView{
			ID: k.ID, To: words[neutralPlace(kind, "")], What: named(k.Categories), From: k.FromDate, Until: k.UntilDate, State: words["state."+k.StateOn(k.Today)],
		})
	}
	return out
}

// recordedLines adds up the categories that share a heading: a heading of its own for a
// test would say that there was one.
func recordedLines(recorded []store.Recorded, words map[string]string) []SummaryLineView {
	lines := []SummaryLineView{}
	for _, r := range recorded {
		what := words[neutralCategory(r.Category)]
		i := slices.IndexFunc(lines, func(l SummaryLineView) bool { return l.What == what })
		if i < 0 {
			lines = append(lines, SummaryLineView{what, r.Count, r.First, r.Last})
			continue
		}
		l := &lines[i]
		l.Count, l.First, l.Last = l.Count+r.Count, min(l.First, r.First), max(l.Last, r.Last)
	}
	return lines
}

// summaryPage is plain: it is printed, and it must look like any other letter. It has no
// code, no logo and no name.
var summaryPage = template.Must(template.New("summary").Parse(`<!DOCTYPE html>
<html lang="{{.V.Lang}}"><head><meta charset="utf-8"><title>{{.W.title}}</title></head><body>
<h1>{{.W.title}}</h1>
<p>{{.W.printed}} {{.V.PrintedOn}}</p>
<h2>{{.W.recorded}}</h2>
{{if .V.Recorded}}<ul>{{range .V.Recorded}}
<li>{{.What}}: {{.Count}} {{$.W.entries}}, {{.First}} – {{.Last}}</li>{{end}}
</ul>{{else}}<p>{{.W.nothing}}</p>{{end}}
<h2>{{.W.looked}}</h2>
{{if .V.Looked}}<ul>{{range .V.Looked}}
<li>{{.On}}: {{.Who}}</li>{{end}}
</ul>{{else}}<p>{{.W.nothing}}</p>{{end}}
<h2>{{.W.given}}</h2>
{{if .V.Given}}<ul>{{range .V.Given}}
<li>{{.On}}: {{.To}}{{with .Who}} ({{.}}){{end}} – {{range $i, $w := .What}}{{if $i}}, {{end}}{{$w}}{{end}}; {{.Basis}}</li>{{end}}
</ul>{{else}}<p>{{.W.nothing}}</p>{{end}}
<h2>{{.W.consents}}</h2>
{{if .V.Consents}}<ol>{{range .V.Consents}}
<li>{{.To}}{{if .What}}: {{range $i, $w := .What}}{{if $i}}, {{end}}{{$w}}{{end}}{{end}}; {{.From}} – {{.Until}}; {{.State}}</li>{{end}}
</ol>{{else}}<p>{{.W.nothing}}</p>{{end}}
<p>{{.W.how}}</p>
</body></html>
`))
