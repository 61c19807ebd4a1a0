// Package docs embeds what the service shows of itself: the OpenAPI description and
// the pages that display it. Nothing is fetched from elsewhere.
package docs

import "embed"

// OpenAPI is the description of every route, written by
// `go test ./api -run TestOpenAPI -update` from the comments in handlers and api.
//
//go:embed openapi.json
var OpenAPI []byte

// UI holds the API page: its own index.html and init.js, and swagger-ui's bundle
// and style sheet, which are stored compressed (.gz) and served so.
//
//go:embed ui/index.html ui/init.js ui/swagger-ui-bundle.js.gz ui/swagger-ui.css.gz ui/swagger-ui.LICENSE.txt
var UI embed.FS
