package models

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bundle is an edition with its files, as an editor hands it in and as it is kept. Paths
// are relative to the protocol's folder: protocol.yaml, steps/tp-oat.yaml, … A bundle
// with a Base holds only what differs from it.
type Bundle struct {
	Protocol   string // slug
	Edition    string
	Base       string
	ChangeNote string
	// State is that of the stored edition, empty before there is one.
	State string
	// Jurisdiction is given for the built-in editions; of others the loader says it.
	Jurisdiction string
	Files        map[string]string
}

// Paths lists the files in order.
func (b Bundle) Paths() []string { return slices.Sorted(maps.Keys(b.Files)) }

// Checksum is SHA-256 over what the edition is and says: protocol, name, base, and every
// file in path order. Each part is preceded by its length, so that no two bundles run
// together to the same bytes.
func (b Bundle) Checksum() string {
	h := sha256.New()
	add := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	add(b.Protocol)
	add(b.Edition)
	add(b.Base)
	for _, path := range b.Paths() {
		add(path)
		add(b.Files[path])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// storable reports text that both databases keep unchanged: PostgreSQL has no zero byte.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// FilePointer is the JSON pointer of a file in a bundle sent as JSON.
func FilePointer(path string) string {
	return "/files/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(path)
}

// EditionSet is what is read together: for each protocol that is not the built-in one,
// its bundles with the base first. Protocols it does not name are the built-in ones.
type EditionSet map[string][]Bundle

// Top returns the edition itself, above the bases it is laid over.
func (s EditionSet) Top(slug string) Bundle {
	layers := s[slug]
	if len(layers) == 0 {
		return Bundle{}
	}
	return layers[len(layers)-1]
}

// EditionFacts is what the loader found out about an edition it accepted.
type EditionFacts struct {
	Jurisdiction string
}

// EditionCheck loads a set and says what is wrong with the named protocol's edition: an
// *Error that lists every problem with file and line. main wires models/protocols in, so
// that the store does not import it.
type EditionCheck func(set EditionSet, slug string) (EditionFacts, error)

// Publications is everything about editions that is public at one moment.
type Publications struct {
	Seq      int64     // grows with every publication and withdrawal
	Editions []Edition // that are public, newest first
	Served   EditionSet
}
