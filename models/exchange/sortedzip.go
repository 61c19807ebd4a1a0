package exchange

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/xuri/excelize/v2"
)

// sortedZip keeps the files of a workbook until all are there and writes them by name: the
// library takes its sheets out of a map, and the same release must give the same bytes.
type sortedZip struct {
	to    *zip.Writer
	files map[string]*bytes.Buffer
}

func newSortedZip(w io.Writer) excelize.ZipWriter {
	return &sortedZip{zip.NewWriter(w), map[string]*bytes.Buffer{}}
}

// Create starts a file.
func (z *sortedZip) Create(name string) (io.Writer, error) {
	z.files[name] = &bytes.Buffer{}
	return z.files[name], nil
}

// AddFS adds a tree of files.
func (z *sortedZip) AddFS(tree fs.FS) error { return z.to.AddFS(tree) }

// Close writes everything.
func (z *sortedZip) Close() error {
	for _, name := range slices.Sorted(maps.Keys(z.files)) {
		w, err := z.to.Create(name)
		if err != nil {
			return err
		}
		if _, err := w.Write(z.files[name].Bytes()); err != nil {
			return err
		}
	}
	return z.to.Close()
}
