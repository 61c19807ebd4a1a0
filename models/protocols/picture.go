package protocols

import (
	"bytes"
	"encoding/json"
	"html/template"

	"jol/models"
)

// Graph is the protocol as a picture: phases as bands, steps as boxes in their order,
// branches as lines to the steps that follow. The same content always gives the same
// bytes.
func (c *Catalog) Graph(slug, lang string) (*Rendition, error) {
	if c.protocols[slug] == nil {
		return nil, models.NotFound("protocol")
	}
	lang = c.language(lang)
	return c.render(renditionKey{kind: kindGraph, slug: slug, lang: lang}, func() (*Rendition, error) {
		v, body, err := c.protocolView(slug, lang)
		if err != nil {
			return nil, err
		}
		p, err := c.newPage(lang, body.Language, address+"/"+slug+"/graph.svg", Filter{})
		if err != nil {
			return nil, err
		}
		g := &graph{page: p, boxes: map[string]*box{}}
		g.Edition, g.Notice = v.Edition, p.T("no_dose_order")
		g.Title, g.Description = p.T("graph_title", "t", v.Title), p.T("graph_desc")
		for _, ph := range v.Phases {
			if err := g.addBand(slug, lang, ph); err != nil {
				return nil, err
			}
		}
		g.layOut()
		var out bytes.Buffer
		if err := pageTemplates.ExecuteTemplate(&out, "graph.svg", g); err != nil {
			return nil, err
		}
		r := newRendition(body.Language, "image/svg+xml", out.Bytes())
		r.StyleHash = sheetHash
		return r, nil
	})
}

// graph is what the template draws. All lengths are CSS pixels.
type graph struct {
	*page
	Description   string
	Heading       []line
	Preface       []line
	Bands         []*band
	Lines         []connector
	Width, Height int
	BoxX, BoxW    int
	order         []*box
	boxes         map[string]*box
}

// sheetStyle asks for the paper that the layout reckons with.
const sheetStyle = "@page{size:A4;margin:10mm}"

var sheetHash = hashOf(sheetStyle)

// SheetCSS is sheetStyle for the template.
func (g *graph) SheetCSS() template.CSS { return sheetStyle }

// line is one line of text and its base line.
type line struct {
	Text string
	Y    int
}

// band is one phase.
type band struct {
	Title   []line
	Boxes   []*box
	Y, H    int
	heading string
}

// box is one step.
type box struct {
	ID, Href, Name string
	Title          []line
	Exits          []*exit
	Y, H           int
	others         int
	Others         *line
}

// exit is a branch that leads to a step.
type exit struct {
	Condition []line
	Mark      line
	Foreign   *foreign
	Y         int // where its connector leaves the box
	condition string
	to        *box // in this protocol
	target    string
}

// foreign is a step of another protocol, drawn inside the box that leads to it.
type foreign struct {
	Href  string
	Title []line
	Y, H  int
}

// addBand reads one phase and its steps' branches.
func (g *graph) addBand(slug, lang string, ph phaseView) error {
	b := &band{heading: ph.Title}
	g.Bands = append(g.Bands, b)
	for _, s := range ph.Steps {
		body, _ := g.catalog.Step(slug, s.ID, lang)
		var v stepView
		if err := json.Unmarshal(body.JSON, &v); err != nil {
			return err
		}
		x := &box{ID: s.ID, Href: g.link(s.ID).Href, Name: s.Title}
		for _, br := range v.Branches {
			if len(br.To) == 0 {
				x.others++
			}
			for _, to := range br.To {
				x.Exits = append(x.Exits, &exit{condition: br.Condition, target: to})
			}
		}
		b.Boxes = append(b.Boxes, x)
		g.order = append(g.order, x)
		g.boxes[s.ID] = x
	}
	return nil
}
