package handlers

import (
	"net/url"
	"slices"
	"strings"

	"jol/models"
	"jol/models/exchange"
	"jol/models/protocols"
)

// GetCapabilities says what the FHIR side of the service can do.
//
//	@Summary		FHIR capability statement
//	@Description	FHIR R4 (4.0.1): protocols and their steps, to read and search. Under /fhir every failure is an OperationOutcome.
//	@Tags			fhir
//	@Produce		application/fhir+json
//	@Param			_format	query		string	false	"json or application/fhir+json"
//	@Success		200		{object}	object
//	@Success		304
//	@Failure		default	{object}	exchange.OperationOutcome
//	@Router			/fhir/metadata [get]
func GetCapabilities(c *PublicCall) error {
	return c.fhir(c.Protocols.Derived("fhir/metadata", func() (any, error) { return exchange.NewCapabilityStatement(), nil }))
}

// GetPlanDefinition returns a protocol as a FHIR PlanDefinition.
//
//	@Summary		A protocol in FHIR
//	@Description	Phases, steps, branches and time limits as actions, in English with translations as extensions. A reference edition is a draft and experimental. Never a dose order.
//	@Tags			fhir
//	@Produce		application/fhir+json
//	@Param			slug	path		string	true	"protocol"
//	@Param			_format	query		string	false	"json or application/fhir+json"
//	@Success		200		{object}	object
//	@Success		304
//	@Failure		default	{object}	exchange.OperationOutcome
//	@Router			/fhir/PlanDefinition/{slug} [get]
func GetPlanDefinition(c *PublicCall) error {
	slug := c.Param("slug")
	if _, ok := c.Protocols.Edition(slug); !ok {
		return models.NotFound("protocol")
	}
	return c.fhir(planBody(c.Protocols, slug))
}

// GetActivityDefinition returns a step as a FHIR ActivityDefinition.
//
//	@Summary		A step in FHIR
//	@Description	A proposed task. It has no dosage, product or quantity: what the protocol says about doses stays in its texts.
//	@Tags			fhir
//	@Produce		application/fhir+json
//	@Param			step	path		string	true	"step id, for example tp-oat-missed"
//	@Param			_format	query		string	false	"json or application/fhir+json"
//	@Success		200		{object}	object
//	@Success		304
//	@Failure		default	{object}	exchange.OperationOutcome
//	@Router			/fhir/ActivityDefinition/{step} [get]
func GetActivityDefinition(c *PublicCall) error {
	step, ok := c.Protocols.StepByID(c.Param("step"))
	if !ok {
		return models.NotFound("step")
	}
	return c.fhir(activityBody(c.Protocols, step))
}

// SearchPlanDefinitions returns the protocols as a FHIR bundle.
//
//	@Summary	Protocols in FHIR
//	@Tags		fhir
//	@Produce	application/fhir+json
//	@Param		_id		query		string	false	"ids, separated by commas"
//	@Param		url		query		string	false	"canonical address without version"
//	@Param		version	query		string	false	"edition"
//	@Param		_format	query		string	false	"json or application/fhir+json"
//	@Success	200		{object}	object
//	@Success	304
//	@Failure	default	{object}	exchange.OperationOutcome
//	@Router		/fhir/PlanDefinition [get]
func SearchPlanDefinitions(c *PublicCall) error {
	return c.fhirSearch("PlanDefinition", func(w wanted, b *exchange.Bundle) error {
		for _, slug := range c.Protocols.Slugs() {
			edition, _ := c.Protocols.Edition(slug)
			if url := exchange.Canonical("PlanDefinition", slug); w.fits(slug, url, edition) {
				body, err := planBody(c.Protocols, slug)
				if err != nil {
					return err
				}
				b.Add(url, body.JSON)
			}
		}
		return nil
	})
}

// SearchActivityDefinitions returns the steps of all protocols as a FHIR bundle.
//
//	@Summary	Steps in FHIR
//	@Tags		fhir
//	@Produce	application/fhir+json
//	@Param		_id		query		string	false	"ids, separated by commas"
//	@Param		url		query		string	false	"canonical address without version"
//	@Param		version	query		string	false	"edition"
//	@Param		_format	query		string	false	"json or application/fhir+json"
//	@Success	200		{object}	object
//	@Success	304
//	@Failure	default	{object}	exchange.OperationOutcome
//	@Router		/fhir/ActivityDefinition [get]
func SearchActivityDefinitions(c *PublicCall) error {
	return c.fhirSearch("ActivityDefinition", func(w wanted, b *exchange.Bundle) error {
		for _, slug := range c.Protocols.Slugs() {
			d, _ := c.Protocols.Document(slug)
			for _, phase := range d.Phases {
				for _, step := range phase.Steps {
					url := exchange.Canonical("ActivityDefinition", step.ID)
					if !w.fits(step.ID, url, d.Edition) {
						continue
					}
					body, err := activityBody(c.Protocols, step.Step)
					if err != nil {
						return err
					}
					b.Add(url, body.JSON)
				}
			}
		}
		return nil
	})
}

// planBody and activityBody are made once for each catalogue, when first asked for.
func planBody(c *protocols.Catalog, slug string) (protocols.Body, error) {
	return c.Derived("fhir/PlanDefinition/"+slug, func() (any, error) {
		d, _ := c.Document(slug) // the caller found it in this catalogue
		return exchange.NewPlanDefinition(d), nil
	})
}

func activityBody(c *protocols.Catalog, step *protocols.Step) (protocols.Body, error) {
	return c.Derived("fhir/ActivityDefinition/"+step.ID, func() (any, error) {
		d, _ := c.Document(step.Protocol)
		return exchange.NewActivityDefinition(d, d.Step(step.ID)), nil
	})
}

// wanted is a FHIR search: each parameter that is set must fit. known keeps the values
// that fit some resource: the link "self" repeats no others, so that nothing a caller
// made up is in an answer.
type wanted struct{ asked, known url.Values }

func (w wanted) fits(id, address, version string) bool {
	all := true
	for name, value := range map[string]string{"_id": id, "url": address, "version": version} {
		if !w.asked.Has(name) {
			continue
		}
		fits := w.asked.Get(name) == value
		if name == "_id" {
			fits = slices.Contains(strings.Split(w.asked.Get(name), ","), value)
		}
		if fits && !slices.Contains(w.known[name], value) {
			w.known.Add(name, value)
		}
		all = all && fits
	}
	return all
}

func (w wanted) self(kind string) string {
	q := url.Values{}
	for name := range w.asked {
		q.Set(name, strings.Join(w.known[name], ","))
	}
	if len(q) == 0 {
		return kind
	}
	return kind + "?" + q.Encode()
}

// fhirSearch answers the whole list from the catalogue's memory, and any other search
// afresh and uncompressed: what callers ask for must neither fill the memory nor cost a
// compression each time.
func (c *PublicCall) fhirSearch(kind string, find func(wanted, *exchange.Bundle) error) error {
	w := wanted{asked: url.Values{}, known: url.Values{}}
	for _, name := range []string{"_id", "url", "version"} {
		if c.Query.Has(name) {
			w.asked.Set(name, c.Query.Get(name))
		}
	}
	search := func() (any, error) {
		b := exchange.NewBundle("")
		err := find(w, &b)
		b.Link[0].URL = w.self(kind)
		return b, err
	}
	if len(w.asked) == 0 {
		return c.fhir(c.Protocols.Derived("fhir/"+kind, search))
	}
	bundle, err := search()
	if err != nil {
		return err
	}
	body, err := protocols.NewBody(bundle)
	if err != nil {
		return err
	}
	return c.fhirPlain(body)
}

// fhirFormats are the names of JSON that FHIR clients use; a plus sign that nobody
// escaped arrives as a space.
var fhirFormats = []string{"json", "application/json", "application/fhir+json", "application/fhir json"}

// fhir replies with a resource, compressed when the caller can read it.
func (c *PublicCall) fhir(b protocols.Body, err error) error {
	if err != nil {
		return err
	}
	if !acceptsGzip(c.Header.Get("Accept-Encoding")) {
		return c.fhirPlain(b)
	}
	if err := c.fhirHeaders(b); err != nil {
		return err
	}
	c.Reply["Content-Encoding"] = encodingGzip
	c.Reply["Etag"] = []string{b.ETagGzip}
	return c.sendRaw(b.Gzip())
}

func (c *PublicCall) fhirPlain(b protocols.Body) error {
	if err := c.fhirHeaders(b); err != nil {
		return err
	}
	c.Reply["Etag"] = []string{b.ETag}
	return c.sendRaw(b.JSON)
}

func (c *PublicCall) fhirHeaders(b protocols.Body) error {
	if c.Query.Has("_format") && !slices.Contains(fhirFormats, c.Query.Get("_format")) {
		return models.Fail(models.KindNotAcceptable, "format.not_supported", "FHIR resources come as application/fhir+json only.")
	}
	c.Reply["Vary"] = varyEncoding
	c.Reply["Content-Language"] = []string{b.Language}
	c.Reply["Content-Type"] = fhirType
	c.Reply["Cache-Control"] = cacheAsking
	return nil
}

var (
	varyEncoding = []string{"Accept-Encoding"}
	fhirType     = []string{"application/fhir+json"}
)
