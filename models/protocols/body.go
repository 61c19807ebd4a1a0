package protocols

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"runtime"
	"sync"
)

// Body is a finished answer. Each encoding has its own strong ETag; the language
// and the media type are part of both through the bytes they are made from.
type Body struct {
	Language string // BCP 47, for Content-Language
	JSON     []byte
	ETag     string // of JSON, quoted
	ETagGzip string // of Gzip(), quoted
	gzip     func() []byte
}

// Gzip returns the compressed JSON. It is made on first use and kept: compressing
// every body in every language at start would cost more than the rest of the load.
func (b Body) Gzip() []byte { return b.gzip() }

func newBody(lang string, view any) (Body, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(view); err != nil {
		return Body{}, err
	}
	data := bytes.Clone(buf.Bytes())
	return Body{
		Language: lang,
		JSON:     data,
		ETag:     etag(data, "json", lang),
		// Another Go version may compress to other bytes, and a strong tag promises the same.
		ETagGzip: etag(data, "json", lang, "gzip", runtime.Version()),
		gzip:     sync.OnceValue(func() []byte { return compress(data) }),
	}, nil
}

func etag(data []byte, kind ...string) string {
	h := sha256.New()
	h.Write(data)
	for _, k := range kind {
		h.Write([]byte{0})
		h.Write([]byte(k))
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// writers keeps compressors, each of which holds about a megabyte while in use.
var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestCompression)
	if err != nil {
		panic(err) // only an invalid constant level can cause this
	}
	return w
}}

func compress(data []byte) []byte {
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	var buf bytes.Buffer
	w.Reset(&buf)
	// Writing to a buffer cannot fail.
	_, _ = w.Write(data)
	_ = w.Close()
	return bytes.Clone(buf.Bytes())
}
