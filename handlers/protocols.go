package handlers

import (
	"strconv"
	"strings"

	"jol/models"
	"jol/models/protocols"
)

// ListProtocols lists the protocols served.
//
//	@Summary		Protocols
//	@Description	Reference editions built from public standards: each number carries how it is known (seen, general, editorial). Not for automated prescribing.
//	@Tags			protocols
//	@Produce		json,html
//	@Param			lang			query		string	false	"language, before Accept-Language"
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{object}	object
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/protocols [get]
func ListProtocols(c *PublicCall) error {
	lang, media, err := c.reading()
	if err != nil {
		return err
	}
	if media == mediaHTML {
		return c.rendition(c.Protocols.ListPage(lang))
	}
	return c.rendered(c.Protocols.List(lang))
}

// GetProtocol returns one protocol with its phases and steps.
//
//	@Summary	One protocol
//	@Tags		protocols
//	@Produce	json,html
//	@Param		slug			path		string	true	"protocol, for example therapeutic-programme or prison-civil-society-protocol"
//	@Param		role			query		string	false	"only the steps of this role, for example nurse"
//	@Param		setting			query		string	false	"only the steps for this setting: clinic, prison, ngo, community or any"
//	@Param		lang			query		string	false	"language, before Accept-Language"
//	@Param		edition			query		string	false	"edition to read, when not the one in force; as JSON only"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	object
//	@Success	304
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug} [get]
func GetProtocol(c *PublicCall) error {
	catalog, lang, media, err := c.readingEdition()
	if err != nil {
		return err
	}
	f, err := c.filter()
	if err != nil {
		return err
	}
	if media == mediaHTML {
		return c.rendition(catalog.ProtocolPage(c.Param("slug"), lang, f))
	}
	if f != (protocols.Filter{}) {
		return c.rendition(catalog.View(c.Param("slug"), lang, f))
	}
	body, ok := catalog.Protocol(c.Param("slug"), lang)
	if !ok {
		return models.NotFound("protocol")
	}
	return c.rendered(body)
}

// GetStep returns one step: who, where, what to do, branches, limits, sources.
//
//	@Summary	One step
//	@Tags		protocols
//	@Produce	json,html
//	@Param		slug			path		string	true	"protocol, for example therapeutic-programme or prison-civil-society-protocol"
//	@Param		step			path		string	true	"step id, for example tp-oat-missed"
//	@Param		lang			query		string	false	"language, before Accept-Language"
//	@Param		edition			query		string	false	"edition to read, when not the one in force; as JSON only"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	object
//	@Success	304
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug}/steps/{step} [get]
func GetStep(c *PublicCall) error {
	catalog, lang, media, err := c.readingEdition()
	if err != nil {
		return err
	}
	if media == mediaHTML {
		return c.rendition(catalog.StepPage(c.Param("slug"), c.Param("step"), lang))
	}
	body, ok := catalog.Step(c.Param("slug"), c.Param("step"), lang)
	if !ok {
		return models.NotFound("step")
	}
	return c.rendered(body)
}

// reading is the language and the media type to answer in.
func (c *PublicCall) reading() (lang, media string, err error) {
	if lang, err = c.language(); err != nil {
		return "", "", err
	}
	media, err = accepted(c.Header.Get("Accept"), mediaJSON, mediaHTML)
	return lang, media, err
}

// readingEdition is the same with the catalogue to read from. The links of pages lead
// through the editions in force, so that ?edition= has no pages.
func (c *PublicCall) readingEdition() (catalog *protocols.Catalog, lang, media string, err error) {
	if catalog, err = c.catalog(); err != nil {
		return nil, "", "", err
	}
	if lang, err = c.languageAmong(catalog.Languages()); err != nil {
		return nil, "", "", err
	}
	produced := []string{mediaJSON, mediaHTML}
	if c.Query.Get("edition") != "" {
		produced = produced[:1]
	}
	media, err = accepted(c.Header.Get("Accept"), produced...)
	return catalog, lang, media, err
}

// catalog is the current one or, with ?edition=, the one in which that edition is read.
func (c *PublicCall) catalog() (*protocols.Catalog, error) {
	name := c.Query.Get("edition")
	if name == "" {
		return c.Protocols, nil
	}
	e, err := c.findEdition(c.Param("slug"), name)
	if err != nil {
		return nil, err
	}
	return c.Editions.Read(c.Context, e)
}

// rendered replies with a body rendered at start, compressed when the caller can read it.
func (c *PublicCall) rendered(b protocols.Body) error {
	h := c.Reply
	h["Vary"] = varyProtocol
	h["Content-Language"] = []string{b.Language}
	h["Content-Type"] = jsonType
	h["Cache-Control"] = c.caching()
	if acceptsGzip(c.Header.Get("Accept-Encoding")) {
		h["Content-Encoding"] = encodingGzip
		h["Etag"] = []string{b.ETagGzip}
		return c.sendRaw(b.Gzip())
	}
	h["Etag"] = []string{b.ETag}
	return c.sendRaw(b.JSON)
}

// caching is for everybody, unless an editor may be reading what nobody else may. A copy is
// asked about before each use, which a 304 answers from memory: an edition may be withdrawn
// because a number in it is dangerous, and must not live on in caches.
func (c *PublicCall) caching() []string {
	if c.Drafts != nil {
		return cacheNever
	}
	return cacheAsking
}

// Header values that never change, so that a read allocates none of them.
var (
	varyProtocol = []string{"Accept, Accept-Language, Accept-Encoding"}
	jsonType     = []string{"application/json"}
	cacheAsking  = []string{"public, no-cache"}
	cachePublic  = []string{"public, max-age=300"} // what no edition changes
	cacheNever   = []string{"no-store"}
	encodingGzip = []string{"gzip"}
)

// acceptsGzip reads Accept-Encoding; q=0 refuses (RFC 9110, 12.5.3).
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || err != nil || weight > 0
	}
	return false
}
