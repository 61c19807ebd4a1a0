package handlers

import (
	"strconv"
	"strings"

	"jol/models"
	"jol/models/protocols"
)

// The media types of protocols. JSON is what a caller gets who says nothing.
const (
	mediaJSON = "application/json"
	mediaCSV  = "text/csv"
	mediaHTML = "text/html"
	mediaSVG  = "image/svg+xml"
)

// GetGraph returns a protocol as a picture.
//
//	@Summary		A protocol as a picture
//	@Description	Phases as bands, steps as boxes in their order, branches as lines to the steps that follow. Each box leads to the page of its step.
//	@Tags			protocols
//	@Produce		image/svg+xml
//	@Param			slug			path		string	true	"protocol"	Enums(therapeutic-programme, prison-civil-society-protocol)
//	@Param			lang			query		string	false	"language, before Accept-Language"
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{string}	string
//	@Success		304
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/graph.svg [get]
func GetGraph(c *PublicCall) error {
	lang, err := c.language()
	if err != nil {
		return err
	}
	if _, err := accepted(c.Header.Get("Accept"), mediaSVG); err != nil {
		return err
	}
	return c.rendition(c.Protocols.Graph(c.Param("slug"), lang))
}

func (c *PublicCall) language() (string, error) { return c.languageAmong(c.Protocols.Languages()) }

// languageAmong is that of ?lang=, which the links of the pages carry, or else the best of
// Accept-Language.
func (x *Exchange) languageAmong(available []string) (string, error) {
	lang, err := x.choice("lang", oneOf(available...))
	if err == nil && lang == "" {
		lang = protocols.Negotiate(x.Header.Get("Accept-Language"), available)
	}
	return lang, err
}

// filter reads ?role= and ?setting=. The form of a page sends both, empty for all.
func (c *PublicCall) filter() (protocols.Filter, error) {
	var f protocols.Filter
	for _, name := range []string{"role", "setting"} {
		if c.Query.Get(name) == "" {
			c.Query.Del(name)
		}
	}
	role, err := c.choice("role", protocols.IsRole)
	if err != nil {
		return f, err
	}
	setting, err := c.choice("setting", protocols.IsSetting)
	return protocols.Filter{Role: models.Role(role), Setting: setting}, err
}

// rendition replies with what is made on demand and kept.
func (c *PublicCall) rendition(r *protocols.Rendition, err error) error {
	if err != nil {
		return err
	}
	h := c.Reply
	h["Vary"] = varyProtocol
	h["Content-Language"] = []string{r.Language}
	h["Content-Type"] = []string{r.MediaType}
	h["Cache-Control"] = c.caching()
	if r.MediaType != mediaJSON {
		style := "'none'"
		if r.StyleHash != "" {
			style = "'" + r.StyleHash + "'"
		}
		h["Content-Security-Policy"] = []string{"default-src 'none'; style-src " + style +
			"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}
	}
	if acceptsGzip(c.Header.Get("Accept-Encoding")) {
		h["Content-Encoding"] = encodingGzip
		h["Etag"] = []string{r.ETagGzip}
		return c.sendRaw(r.Gzip())
	}
	h["Etag"] = []string{r.ETag}
	body, err := r.Plain()
	if err != nil {
		return err
	}
	return c.sendRaw(body)
}

// accepted picks the media type to answer in from an Accept header (RFC 9110, 12.5.1).
// The first of the offers answers when the header says nothing or likes several alike.
func accepted(header string, offers ...string) (string, error) {
	if header == "" || header == "*/*" || header == offers[0] {
		return offers[0], nil
	}
	best, weight := "", 0.0
	for _, offer := range offers {
		if q := quality(header, offer); q > weight {
			best, weight = offer, q
		}
	}
	if best == "" {
		return "", models.Fail(models.KindNotAcceptable, "media.not_acceptable", "This resource comes as %s.", strings.Join(offers, " or "))
	}
	return best, nil
}

// quality is the weight of the most specific range that takes the offer. Parameters
// other than q are not looked at.
func quality(header, offer string) float64 {
	kind, _, _ := strings.Cut(offer, "/")
	best, found := 0.0, 0
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		specific := 0
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case offer:
			specific = 3
		case kind + "/*":
			specific = 2
		case "*/*":
			specific = 1
		}
		if specific > found {
			best, found = weightOf(params), specific
		}
	}
	return best
}

// weightOf reads q from the parameters of a range; 1 when there is none.
func weightOf(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || !(q >= 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}
