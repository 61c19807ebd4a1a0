package protocols

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Bounds on one content file, several times what we write. The parser's memory grows
// with the square of the nesting: unbounded, a file of 256 KiB exhausts the machine.
const (
	maxFile = 128 << 10
	maxLine = 4 << 10
	maxFlow = 64
)

// excess says which bound data breaks, or "". Brackets inside texts count too: they
// come in pairs.
func excess(data []byte) string {
	if len(data) > maxFile {
		return "is too large"
	}
	depth, line := 0, 0
	for _, b := range data {
		line++
		switch b {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '\n':
			line = 0
		}
		if depth > maxFlow {
			return "is nested too deeply"
		}
		if line > maxLine {
			return "has too long a line"
		}
	}
	return ""
}

// reader walks the syntax tree of one file and notes every problem it meets. Going
// over the tree rather than unmarshalling gives a line for each message and does
// not stop at the first.
type reader struct {
	file string
	problems
}

// parse returns the root of the only document in data, or false after noting why.
func (r *reader) parse(data []byte) (ast.Node, bool) {
	if why := excess(data); why != "" {
		r.add(position{r.file, 0}, "%s", why)
		return nil, false
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		line := 0
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			line = syntax.GetToken().Position.Line
			err = errors.New(syntax.GetMessage())
		}
		r.add(position{r.file, line}, "is not valid YAML: %s", err)
		return nil, false
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.add(position{r.file, 0}, "must hold exactly one YAML document")
		return nil, false
	}
	return file.Docs[0].Body, true
}

func (r *reader) at(n ast.Node) position {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return position{r.file, 0}
	}
	return position{r.file, n.GetToken().Position.Line}
}

// entry is one key of a mapping with its value and the line of the key.
type entry struct {
	key   string
	value ast.Node
	at    position
}

// entries returns the keys of a mapping in order; anything else is a problem.
func (r *reader) entries(n ast.Node, what string) []entry {
	var pairs []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		pairs = m.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{m}
	default: // also anchors, aliases and tags
		r.add(r.at(n), "%s must be a mapping", what)
		return nil
	}
	out := make([]entry, 0, len(pairs))
	for _, p := range pairs {
		out = append(out, entry{key: p.Key.GetToken().Value, value: p.Value, at: r.at(p.Key)})
	}
	return out
}

// record is a mapping with a fixed set of keys.
type record struct {
	r    *reader
	what string
	at   position
	keys map[string]ast.Node
}

// record reads a mapping and refuses keys that are not known.
func (r *reader) record(n ast.Node, what string, known ...string) record {
	rec := record{r: r, what: what, at: r.at(n), keys: map[string]ast.Node{}}
	for i, e := range r.entries(n, what) {
		if i == 0 {
			rec.at = e.at // the line of a block mapping's own token is that of a colon
		}
		if !slices.Contains(known, e.key) {
			r.add(e.at, "%s has the unknown key %q", what, e.key)
			continue
		}
		rec.keys[e.key] = e.value
	}
	return rec
}

// text returns an optional text; a key that is present must not be empty.
func (rec record) text(key string) string {
	n, ok := rec.keys[key]
	if !ok {
		return ""
	}
	return rec.r.scalar(n, rec.what+" "+key)
}

// need returns a text that must be there.
func (rec record) need(key string) string {
	if _, ok := rec.keys[key]; !ok {
		rec.r.add(rec.at, "%s lacks %s", rec.what, key)
		return ""
	}
	return rec.text(key)
}

// flag returns an optional true or false.
func (rec record) flag(key string) bool {
	n, ok := rec.keys[key]
	if !ok {
		return false
	}
	b, ok := n.(*ast.BoolNode)
	if !ok {
		rec.r.add(rec.r.at(n), "%s %s must be true or false", rec.what, key)
		return false
	}
	return b.Value
}

// number returns an optional number; ok is false when the key is absent or wrong.
func (rec record) number(key string) (v float64, ok bool) {
	n, ok := rec.keys[key]
	if !ok {
		return 0, false
	}
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		v, err := strconv.ParseFloat(n.GetToken().Value, 64)
		if err == nil && math.Abs(v) < 1e12 {
			return v, true
		}
	}
	rec.r.add(rec.r.at(n), "%s %s must be a number", rec.what, key)
	return 0, false
}

// whole returns an optional whole number, or the value it has when absent.
func (rec record) whole(key string, absent int) int {
	v, ok := rec.number(key)
	if !ok {
		return absent
	}
	if v != math.Trunc(v) {
		rec.r.add(rec.r.at(rec.keys[key]), "%s %s must be a whole number", rec.what, key)
		return absent
	}
	return int(v)
}

// items returns the elements of an optional list.
func (rec record) items(key string) []ast.Node {
	n, ok := rec.keys[key]
	if !ok {
		return nil
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		rec.r.add(rec.r.at(n), "%s %s must be a list", rec.what, key)
		return nil
	}
	return seq.Values
}

// texts returns the elements of an optional list of texts.
func (rec record) texts(key string) []phrase {
	var out []phrase
	for _, n := range rec.items(key) {
		out = append(out, phrase{rec.r.scalar(n, rec.what+" "+key), rec.r.at(n)})
	}
	return out
}

// phrases returns an optional mapping from keys to texts.
func (rec record) phrases(key string) map[string]phrase {
	out := map[string]phrase{}
	n, ok := rec.keys[key]
	if !ok {
		return out
	}
	for _, e := range rec.r.entries(n, rec.what+" "+key) {
		out[e.key] = phrase{rec.r.scalar(e.value, e.key), e.at}
	}
	return out
}

// scalar returns a text that is not empty. Anchors, aliases and tags are refused
// with everything else that is not plain: content needs none of them.
func (r *reader) scalar(n ast.Node, what string) string {
	var s string
	switch v := n.(type) {
	case *ast.StringNode:
		s = v.Value
	case *ast.LiteralNode:
		s = v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		s = n.GetToken().Value
	default:
		r.add(r.at(n), "%s must be a text", what)
		return ""
	}
	s = strings.TrimSpace(s)
	if s == "" {
		r.add(r.at(n), "%s is empty", what)
	}
	return s
}
