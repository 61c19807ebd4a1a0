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
//	@Param		slug			path		string	true	"protocol"	Enums(therapeutic-programme, prison-civil-society-protocol)
//	@Param		role			query		string	false	"only the steps of this role, for example nurse"
//	@Param		setting			query		string	false	"only the steps for this setting: clinic, prison, ngo, community or any"
//	@Param		lang			query		string	false	"language, before Accept-Language"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	object
//	@Success	304
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug} [get]
func GetProtocol(c *PublicCall) error {
	lang, media, err := c.reading()
	if err != nil {
		return err
	}
	f, err := c.filter()
	if err != nil {
		return err
	}
	if media == mediaHTML {
		return c.rendition(c.Protocols.ProtocolPage(c.Param("slug"), lang, f))
	}
	if f != (protocols.Filter{}) {
		return c.rendition(c.Protocols.View(c.Param("slug"), lang, f))
	}
	body, ok := c.Protocols.Protocol(c.Param("slug"), lang)
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
//	@Param		slug			path		string	true	"protocol"	Enums(therapeutic-programme, prison-civil-society-protocol)
//	@Param		step			path		string	true	"step id, for example tp-oat-missed"
//	@Param		lang			query		string	false	"language, before Accept-Language"
//	@Param		Accept-Language	header		string	false	"preferred language"
//	@Success	200				{object}	object
//	@Success	304
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug}/steps/{step} [get]
func GetStep(c *PublicCall) error {
	lang, media, err := c.reading()
	if err != nil {
		return err
	}
	if media == mediaHTML {
		return c.rendition(c.Protocols.StepPage(c.Param("slug"), c.Param("step"), lang))
	}
	body, ok := c.Protocols.Step(c.Param("slug"), c.Param("step"), lang)
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

// rendered replies with a body rendered at start, compressed when the caller can read it.
func (c *PublicCall) rendered(b protocols.Body) error {
	h := c.Reply
	h["Vary"] = varyProtocol
	h["Content-Language"] = []string{b.Language}
	h["Content-Type"] = jsonType
	h["Cache-Control"] = cachePublic
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
