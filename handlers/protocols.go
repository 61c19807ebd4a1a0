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
//	@Produce		json
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{object}	object
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/protocols [get]
func ListProtocols(c *PublicCall) error {
	return c.rendered(c.Protocols.List(c.language()))
}

// GetProtocol returns one protocol with its phases and steps.
//
//	@Summary	One protocol
//	@Tags		protocols
//	@Produce	json
//	@Param		slug			path		string	true	"protocol, for example therapeutic-programme or prison-civil-society-protocol"
//	@Param		edition			query		string	false	"edition to read, when not the one in force"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	object
//	@Success	304
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug} [get]
func GetProtocol(c *PublicCall) error {
	catalog, err := c.catalog()
	if err != nil {
		return err
	}
	body, ok := catalog.Protocol(c.Param("slug"), c.languageOf(catalog))
	if !ok {
		return models.NotFound("protocol")
	}
	return c.rendered(body)
}

// GetStep returns one step: who, where, what to do, branches, limits, sources.
//
//	@Summary	One step
//	@Tags		protocols
//	@Produce	json
//	@Param		slug			path		string	true	"protocol, for example therapeutic-programme or prison-civil-society-protocol"
//	@Param		step			path		string	true	"step id, for example tp-oat-missed"
//	@Param		edition			query		string	false	"edition to read, when not the one in force"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	object
//	@Success	304
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug}/steps/{step} [get]
func GetStep(c *PublicCall) error {
	catalog, err := c.catalog()
	if err != nil {
		return err
	}
	body, ok := catalog.Step(c.Param("slug"), c.Param("step"), c.languageOf(catalog))
	if !ok {
		return models.NotFound("step")
	}
	return c.rendered(body)
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

func (c *PublicCall) language() string { return c.languageOf(c.Protocols) }

func (c *PublicCall) languageOf(catalog *protocols.Catalog) string {
	return protocols.Negotiate(c.Header.Get("Accept-Language"), catalog.Languages())
}

// rendered replies with a body rendered at start, compressed when the caller can read it.
func (c *PublicCall) rendered(b protocols.Body) error {
	h := c.Reply
	h["Vary"] = varyProtocol
	h["Content-Language"] = []string{b.Language}
	h["Content-Type"] = jsonType
	h["Cache-Control"] = cachePublic
	if c.Drafts != nil { // an editor may be reading what nobody else may
		h["Cache-Control"] = cacheNever
	}
	if acceptsGzip(c.Header.Get("Accept-Encoding")) {
		h["Content-Encoding"] = encodingGzip
		h["Etag"] = []string{b.ETagGzip}
		return c.sendRaw(b.Gzip())
	}
	h["Etag"] = []string{b.ETag}
	return c.sendRaw(b.JSON)
}

// Header values that never change, so that a read allocates none of them.
var (
	varyProtocol = []string{"Accept, Accept-Language, Accept-Encoding"}
	jsonType     = []string{"application/json"}
	cachePublic  = []string{"public, max-age=300"}
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
