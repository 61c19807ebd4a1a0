package handlers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"

	"jol/models"
	"jol/models/exchange"
	"jol/models/indicators"
)

// exportFormat is one way to write a release down.
type exportFormat struct {
	media     string
	extension string // of the file it is saved as; empty is shown, not saved
	write     func(*exchange.Sealed) ([]byte, error)
}

// exportFormats are all there are. Each is written from the stored tables alone.
var exportFormats = map[string]exportFormat{
	"csv":  {"text/csv; charset=utf-8", "csv", func(s *exchange.Sealed) ([]byte, error) { return s.CSV(), nil }},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", (*exchange.Sealed).XLSX},
	"dhis2": {mediaJSON, "", func(s *exchange.Sealed) ([]byte, error) {
		return plainJSON(s.DataValues())
	}},
	"dhis2-metadata": {mediaJSON, "", func(s *exchange.Sealed) ([]byte, error) {
		tables, err := indicators.Outline(indicators.Profile(s.Profile), s.Country)
		if err != nil {
			return nil, err
		}
		plan, err := exchange.NewSealed(&models.Release{ID: s.ID, Country: s.Country, Tables: tables})
		if err != nil {
			return nil, err
		}
		return plainJSON(s.Metadata(plan.Tables))
	}},
	"fhir": {"application/fhir+json", "", func(s *exchange.Sealed) ([]byte, error) {
		bundle, err := s.FHIR()
		if err != nil {
			return nil, err
		}
		return plainJSON(bundle)
	}},
}

// exportVersion changes when a writer writes the same release in another way.
const exportVersion = "3"

func plainJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return buf.Bytes(), err
}

// GetReleaseExport returns a whole release in the format of another system.
//
//	@Summary		A sealed release in the format of another system
//	@Description	csv: one table of every number. xlsx: a workbook with a method sheet. dhis2: dataValueSets; dhis2-metadata: the objects to import before. fhir: a bundle of Measure, MeasureReport and Provenance (R4). All say the same: a count below the floor is empty, left out or masked. Tested with validators and against the documents of DHIS2, not against a running one.
//	@Tags			indicators
//	@Security		bearer
//	@Produce		text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,json,application/fhir+json
//	@Param			id		path		string	true	"release id"
//	@Param			format	path		string	true	"format"	Enums(csv, xlsx, dhis2, dhis2-metadata, fhir)
//	@Success		200		{file}		file
//	@Success		304
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/releases/{id}/exports/{format} [get]
func GetReleaseExport(c *Call) error {
	name := c.Param("format")
	format, known := exportFormats[name]
	if !known {
		return models.NotFound("release")
	}
	r, err := c.Store.GetRelease(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	c.immutable(r, name)
	if matches(c.Header.Get("If-None-Match"), c.Reply.Get("ETag")) { // without writing it again
		c.Status = http.StatusNotModified
		return nil
	}
	body, err := exports.get(r.ID+" "+c.Reply.Get("ETag"), func() ([]byte, error) {
		s, err := c.sealed(r.ID)
		if err != nil {
			return nil, err
		}
		return format.write(s)
	})
	if err != nil {
		return err
	}
	c.Reply.Set("Content-Type", format.media)
	c.Reply.Set("Link", "<"+methodPage(r.ID)+`>; rel="describedby"; type="text/html"`)
	if format.extension != "" {
		c.Reply.Set("Content-Disposition", `attachment; filename="`+r.ID+"."+format.extension+`"`)
	}
	return c.sendRaw(body)
}

// immutable marks what follows from a sealed release alone and so never changes.
func (c *Call) immutable(r *models.Release, what string) {
	c.Reply.Set("ETag", `"`+r.SHA256[:min(16, len(r.SHA256))]+"-"+what+"-"+exportVersion+`"`)
	c.Reply.Set("Cache-Control", "private, immutable")
}

// sealed reads a release with the content of its tables.
func (c *Call) sealed(id string) (*exchange.Sealed, error) {
	r, err := c.Store.GetReleaseContent(c.Context, id)
	if err != nil {
		return nil, err
	}
	return exchange.NewSealed(r)
}

// keptExports keeps the last files that were written: a workbook of a year takes a good
// part of a second to write, and what is sealed does not change. One is written at a time.
type keptExports struct {
	mu    sync.Mutex
	files map[string][]byte
	order []string // the oldest first
	size  int
}

// keptBytes is how much is kept in all.
const keptBytes = 16 << 20

var exports = keptExports{files: map[string][]byte{}}

// get returns a file, written unless it is kept.
func (k *keptExports) get(key string, write func() ([]byte, error)) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if body, ok := k.files[key]; ok {
		return body, nil
	}
	body, err := write()
	if err != nil || len(body) > keptBytes/2 {
		return body, err
	}
	for k.size+len(body) > keptBytes {
		k.size -= len(k.files[k.order[0]])
		delete(k.files, k.order[0])
		k.order = k.order[1:]
	}
	k.files[key], k.order, k.size = body, append(k.order, key), k.size+len(body)
	return body, nil
}
