// Package protocols serves the two treatment protocols as data: it loads the YAML
// under content/, refuses anything that is not right, and keeps every answer
// rendered in memory.
//
// Structure (steps, branches, limits, sources) and texts are in separate files, so
// that a language is one more folder and needs no Go. See content/README.md.
package protocols

import (
	"embed"
	"io/fs"
)

//go:embed content
var embedded embed.FS

// Embedded returns the content compiled into the binary, rooted where Load expects it.
func Embedded() fs.FS {
	sub, err := fs.Sub(embedded, "content")
	if err != nil {
		panic(err) // only an invalid constant path can cause this
	}
	return sub
}
