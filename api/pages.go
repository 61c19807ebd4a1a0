package api

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"jol/docs"
)

// page is one file of the API pages. Large ones are kept compressed; the few clients
// that do not take gzip pay for the decompression themselves.
type page struct {
	contentType string
	csp         []string
	body        []byte // gzip when zipped
	zipped      bool
}

// The API page runs one script of its own and styles set by it; it may talk to this
// server and nobody else.
var pageCSP = []string{"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}

// pages are read and compressed once, when the first server is made.
var pages = sync.OnceValue(func() map[string]page {
	const html, js, css = "text/html; charset=utf-8", "text/javascript; charset=utf-8", "text/css; charset=utf-8"
	return map[string]page{
		"/openapi.json":                {"application/json", valueCSP, zip(docs.OpenAPI), true},
		"/docs/":                       {html, pageCSP, file("index.html"), false},
		"/docs/init.js":                {js, valueCSP, file("init.js"), false},
		"/docs/swagger-ui-bundle.js":   {js, valueCSP, file("swagger-ui-bundle.js.gz"), true},
		"/docs/swagger-ui.css":         {css, valueCSP, file("swagger-ui.css.gz"), true},
		"/docs/swagger-ui.LICENSE.txt": {"text/plain; charset=utf-8", valueCSP, file("swagger-ui.LICENSE.txt"), false},
		"/docs/problems":               {html, valueCSP, problemsPage(), false},
	}
})

func addPages(add adder) {
	for path, p := range pages() {
		add(http.MethodGet, path, p.serve)
	}
	add(http.MethodGet, "/docs", func(req *request) error {
		req.w.Header().Set("Location", "/docs/")
		req.write(http.StatusPermanentRedirect, nil)
		return nil
	})
}

func (p page) serve(req *request) error {
	h := req.w.Header()
	h["Content-Security-Policy"] = p.csp
	h["Cache-Control"] = []string{"public, max-age=3600"}
	h["Content-Type"] = []string{p.contentType}
	body := p.body
	if p.zipped {
		h["Vary"] = []string{"Accept-Encoding"}
		if takesGzip(req.r.Header) {
			h["Content-Encoding"] = []string{"gzip"}
		} else {
			var err error
			if body, err = unzip(p.body); err != nil {
				return err
			}
		}
	}
	req.write(http.StatusOK, body)
	return nil
}

// takesGzip reports whether Accept-Encoding names gzip and does not exclude it.
func takesGzip(h http.Header) bool {
	for offer := range strings.SplitSeq(strings.Join(h["Accept-Encoding"], ","), ",") {
		name, weight, _ := strings.Cut(offer, ";")
		weight = strings.TrimLeft(strings.TrimSpace(weight), "q= ")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return weight == "" || strings.Trim(weight, "0.") != ""
		}
	}
	return false
}

// file reads an embedded file; one that is missing would not have compiled.
func file(name string) []byte {
	body, err := docs.UI.ReadFile("ui/" + name)
	if err != nil {
		panic(err)
	}
	return body
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func unzip(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

var problemsTemplate = template.Must(template.New("problems").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Problems of the Jol API</title></head>
<body>
<h1>Problems</h1>
<p>Every failure is an application/problem+json document (RFC 9457). Its type leads here; its code says precisely
what happened; errors lists the offending fields; instance names the request. Under /fhir/ alone a failure is an
OperationOutcome (application/fhir+json) with the same code.</p>
<dl>
{{range .}}<dt id="{{.Name}}">{{.Status}} {{.Name}}</dt><dd>{{.Title}}</dd>
{{end}}</dl>
</body>
</html>
`))

// problemsPage lists the families of problems, from the table that makes them.
func problemsPage() []byte {
	type row struct {
		Name, Title string
		Status      int
	}
	rows := []row{{internalFamily.name, internalFamily.title, internalFamily.status}}
	for kind := range families {
		rows = append(rows, row{families[kind].name, families[kind].title, families[kind].status})
	}
	slices.SortFunc(rows, func(a, b row) int { return a.Status - b.Status })
	var b bytes.Buffer
	if err := problemsTemplate.Execute(&b, rows); err != nil {
		panic(err)
	}
	return b.Bytes()
}
