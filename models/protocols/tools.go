package protocols

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// Tool is a scale with its possible scores and published bands. A tool with Keys has
// one score for each key (ASSIST: for each substance); the others have one score, which
// may come from items.
type Tool struct {
	ID, Version string
	Score       string // the fact that holds the score
	Keys        []string
	Min, Max    int
	Exceptions  []ScoreRange
	ItemValues  []ItemValues
	Systems     []BandSystem
	at          position
}

// ScoreRange is the highest score of some keys where it differs from the tool's.
type ScoreRange struct {
	Keys   []string
	Max    int
	Basis  Basis
	Source string
	at     position
}

// ItemValues are the points that some items can have.
type ItemValues struct {
	Items  []string
	Values []int
}

// BandSystem is one published reading of a tool's scores.
type BandSystem struct {
	ID      string
	Default bool
	Basis   Basis
	Source  string
	Bands   []Band
	Bumps   []Bump
	at      position
}

// Band is an inclusive range of scores with a name. Sex and Keys limit it to one sex or
// some substances; a band with keys goes before one without.
type Band struct {
	ID       string
	Min, Max int
	Sex      string
	Keys     []string
	at       position
}

// Bump is the rule that one of the items at From points or more moves the result one
// band up.
type Bump struct {
	Items []string
	From  int
}

// Why a score has no band.
var (
	errSystem   = errors.New("the tool has no such system")
	errScore    = errors.New("the score is outside the tool's range")
	errItem     = errors.New("an item is unknown or has impossible points")
	errSum      = errors.New("score and items contradict each other")
	errNeedsSex = errors.New("the band depends on sex")
)

// Band returns the band of a score. System "" is the tool's default; key is the
// substance for a tool that has one score for each, and sex and items may be missing:
// without items no bump is applied, and errNeedsSex says that the band differs by sex.
func (t *Tool) Band(system, key string, score int, sex string, items map[string]int) (Band, error) {
	s := t.system(system)
	if s == nil {
		return Band{}, errSystem
	}
	if err := t.checkScore(key, &score, items); err != nil {
		return Band{}, err
	}
	band, err := s.band(key, score, sex)
	if err != nil || !s.bumped(items) {
		return band, err
	}
	return s.band(key, min(band.Max+1, t.top(key)), sex)
}

// system returns the named system, or the default for "".
func (t *Tool) system(id string) *BandSystem {
	for i := range t.Systems {
		if s := &t.Systems[i]; s.ID == id || id == "" && s.Default {
			return s
		}
	}
	return nil
}

// top is the highest possible score.
func (t *Tool) top(key string) int {
	for _, e := range t.Exceptions {
		if slices.Contains(e.Keys, key) {
			return e.Max
		}
	}
	return t.Max
}

// checkScore guards the range, the items and that both tell the same. A nil score is
// known from the items only.
func (t *Tool) checkScore(key string, score *int, items map[string]int) error {
	if score != nil && (*score < t.Min || *score > t.top(key)) {
		return errScore
	}
	sum := 0
	for item, points := range items {
		i := slices.IndexFunc(t.ItemValues, func(v ItemValues) bool { return slices.Contains(v.Items, item) })
		if i < 0 || !slices.Contains(t.ItemValues[i].Values, points) {
			return errItem
		}
		sum += points
	}
	complete := len(items) > 0 && len(items) == len(t.items())
	if score != nil && (sum > *score || complete && sum != *score) {
		return errSum
	}
	return nil
}

// total adds up the items; ok is false unless all of them are there.
func (t *Tool) total(items map[string]int64) (sum int64, ok bool) {
	for _, points := range items {
		sum += points
	}
	return sum, len(items) > 0 && len(items) == len(t.items())
}

// items lists the items of a tool in the order in which they were written.
func (t *Tool) items() []string {
	var out []string
	for _, v := range t.ItemValues {
		out = append(out, v.Items...)
	}
	return out
}

// bandIDs lists the names of bands over all systems, in order of first use.
func (t *Tool) bandIDs() []string {
	var out []string
	for _, s := range t.Systems {
		for _, b := range s.Bands {
			if !slices.Contains(out, b.ID) {
				out = append(out, b.ID)
			}
		}
	}
	return out
}

func (s *BandSystem) band(key string, score int, sex string) (Band, error) {
	var fits []Band
	special := slices.ContainsFunc(s.Bands, func(b Band) bool { return slices.Contains(b.Keys, key) })
	for _, b := range s.Bands {
		mine := len(b.Keys) == 0 && !special || slices.Contains(b.Keys, key)
		if mine && score >= b.Min && score <= b.Max && (b.Sex == "" || sex == "" || b.Sex == sex) {
			fits = append(fits, b)
		}
	}
	if len(fits) == 0 {
		return Band{}, errScore
	}
	for _, b := range fits[1:] {
		if b.ID != fits[0].ID {
			return Band{}, errNeedsSex
		}
	}
	return fits[0], nil
}

// bumped reports whether an item moves the result one band up.
func (s *BandSystem) bumped(items map[string]int) bool {
	for _, b := range s.Bumps {
		for _, item := range b.Items {
			if points, ok := items[item]; ok && points >= b.From {
				return true
			}
		}
	}
	return false
}

// bumpItems lists the items that a bump looks at.
func (s *BandSystem) bumpItems() []string {
	var out []string
	for _, b := range s.Bumps {
		out = append(out, b.Items...)
	}
	return out
}

// tools reads tools.yaml.
func (r *reader) tools(n ast.Node) []*Tool {
	var out []*Tool
	for _, item := range r.record(n, "tools file", "tools").items("tools") {
		rec := r.record(item, "tool", "id", "version", "score", "keys", "min", "max", "exceptions", "itemValues", "systems")
		t := &Tool{ID: rec.need("id"), Version: rec.need("version"), Score: rec.text("score"), Keys: plain(rec.texts("keys")),
			Min: rec.whole("min", 0), Max: rec.whole("max", -1), at: rec.at}
		for _, n := range rec.items("exceptions") {
			e := r.record(n, "exception", "keys", "max", "basis", "source")
			t.Exceptions = append(t.Exceptions, ScoreRange{Keys: plain(e.texts("keys")), Max: e.whole("max", -1),
				Basis: Basis(e.need("basis")), Source: e.text("source"), at: e.at})
		}
		for _, n := range rec.items("itemValues") {
			v := r.record(n, "item values", "items", "values")
			t.ItemValues = append(t.ItemValues, ItemValues{Items: plain(v.texts("items")), Values: v.wholes("values")})
		}
		for _, n := range rec.items("systems") {
			t.Systems = append(t.Systems, r.system(n))
		}
		out = append(out, t)
	}
	return out
}

func (r *reader) system(n ast.Node) BandSystem {
	rec := r.record(n, "band system", "id", "default", "basis", "source", "bands", "bumps")
	s := BandSystem{ID: rec.need("id"), Default: rec.flag("default"), Basis: Basis(rec.need("basis")), Source: rec.text("source"), at: rec.at}
	for _, n := range rec.items("bands") {
		b := r.record(n, "band", "id", "min", "max", "sex", "keys")
		s.Bands = append(s.Bands, Band{ID: b.need("id"), Min: b.whole("min", 0), Max: b.whole("max", -1), Sex: b.text("sex"),
			Keys: plain(b.texts("keys")), at: b.at})
	}
	for _, n := range rec.items("bumps") {
		b := r.record(n, "bump", "items", "from")
		s.Bumps = append(s.Bumps, Bump{Items: plain(b.texts("items")), From: b.whole("from", 0)})
	}
	return s
}

// wholes returns the elements of a list of whole numbers.
func (rec record) wholes(key string) []int {
	var out []int
	for _, n := range rec.items(key) {
		one := record{r: rec.r, what: rec.what, at: rec.at, keys: map[string]ast.Node{key: n}}
		out = append(out, one.whole(key, 0))
	}
	return out
}

func (c *content) addTools(tools []*Tool) {
	for _, t := range tools {
		if _, ok := c.tools[t.ID]; ok {
			c.add(t.at, "tool %s is listed twice", t.ID)
		}
		c.tools[t.ID] = t
	}
}

// checkTools makes sure that every possible score has exactly one band in every system.
func (c *content) checkTools() {
	for _, id := range slices.Sorted(maps.Keys(c.tools)) {
		t := c.tools[id]
		if f := c.facts[t.Score]; len(t.Keys) == 0 && (f == nil || f.Type != TypeInt || f.Tool != t.ID) {
			c.add(t.at, "tool %s names no score fact of its own", t.ID)
		}
		if t.Min < 0 || t.Max <= t.Min || t.Max > maxScore {
			c.add(t.at, "tool %s has an impossible range", t.ID)
			continue
		}
		for _, e := range t.Exceptions {
			c.checkBasis(e.at, "exception of "+t.ID, e.Basis, e.Source)
		}
		defaults := 0
		for _, s := range t.Systems {
			if s.Default {
				defaults++
			}
			c.checkBasis(s.at, "system "+s.ID, s.Basis, s.Source)
			c.checkBands(t, s)
		}
		if defaults != 1 {
			c.add(t.at, "tool %s needs exactly one default system, has %d", t.ID, defaults)
		}
	}
}

// checkBands tries every score of every key and sex.
func (c *content) checkBands(t *Tool, s BandSystem) {
	keys := t.Keys
	if len(keys) == 0 {
		keys = []string{""}
	}
	for _, key := range keys {
		for _, sex := range []string{"F", "M"} {
			for score := t.Min; score <= t.top(key); score++ {
				if _, err := s.band(key, score, sex); err != nil {
					c.add(s.at, "system %s has not exactly one band for %s", s.ID, fmt.Sprint(key, " ", sex, " ", score))
					return
				}
			}
		}
	}
}
