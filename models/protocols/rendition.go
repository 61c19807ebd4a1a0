package protocols

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"runtime"
	"sync"
)

// Rendition is an answer that is made when it is first asked for and then kept: a
// page, a picture, one role's view. Most are never asked for, and nearly everybody
// takes gzip, so only the compressed form is kept.
type Rendition struct {
	Language   string // BCP 47, for Content-Language
	MediaType  string
	StyleHash  string // of the style sheet inside, for the content security policy
	ETag       string // of Plain(), quoted
	ETagGzip   string // of Gzip(), quoted
	compressed []byte
}

// Gzip returns the compressed answer.
func (r *Rendition) Gzip() []byte { return r.compressed }

// Plain returns the answer as it is, for the few that do not take gzip.
func (r *Rendition) Plain() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(r.compressed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func newRendition(lang, mediaType string, data []byte) *Rendition {
	return &Rendition{Language: lang, MediaType: mediaType,
		ETag:       etag(data, mediaType, lang),
		ETagGzip:   etag(data, mediaType, lang, "gzip", runtime.Version()),
		compressed: compress(data)}
}

// The kinds of Rendition.
const (
	kindView  = "view"
	kindList  = "list"
	kindWhole = "protocol"
	kindStep  = "step"
	kindGraph = "graph"
)

// renditionKey names a rendition. Every part is from a closed list by the time it is
// a key, which is what bounds the memory.
type renditionKey struct {
	kind, slug, step, lang string
	filter                 Filter
}

// render returns the rendition of a key, made by make the first time. Those who ask
// meanwhile wait for it rather than making another.
func (c *Catalog) render(key renditionKey, make func() (*Rendition, error)) (*Rendition, error) {
	if kept, ok := c.rendered.Load(key); ok {
		return kept.(func() (*Rendition, error))()
	}
	kept, _ := c.rendered.LoadOrStore(key, sync.OnceValues(make))
	return kept.(func() (*Rendition, error))()
}

// language returns lang if the catalogue has it, or English.
func (c *Catalog) language(lang string) string {
	if _, ok := c.words[lang]; ok {
		return lang
	}
	return sourceLanguage
}

// The pages are made from the JSON answers, so that they cannot say anything else.

func (c *Catalog) listView(lang string) (v listView, err error) {
	err = json.Unmarshal(c.List(lang).JSON, &v)
	return v, err
}

func (c *Catalog) protocolView(slug, lang string) (v protocolView, body Body, err error) {
	body, _ = c.Protocol(slug, lang)
	err = json.Unmarshal(body.JSON, &v)
	return v, body, err
}
