package protocols

import (
	"cmp"
	"slices"
	"strings"
)

// Facets counts what was found. A facet counts as if its own filter were not set, so
// that a reader sees what another choice would give.
type Facets struct{ Protocol, Phase, Role, Setting []Count }

// Count is how many of the steps found have a value.
type Count struct {
	Value string
	Count int
}

func count(found []finding, q Query) Facets {
	facet := func(name string, values func(*document) []string) []Count {
		counts := map[string]int{}
		for _, f := range found {
			if !f.passes(q, name) {
				continue
			}
			for _, v := range values(f.document) {
				counts[v]++
			}
		}
		out := []Count{}
		for v, n := range counts {
			out = append(out, Count{v, n})
		}
		slices.SortFunc(out, func(a, b Count) int {
			return cmp.Or(b.Count-a.Count, strings.Compare(a.Value, b.Value))
		})
		return out
	}
	return Facets{
		Protocol: facet("protocol", func(d *document) []string { return []string{d.protocol} }),
		Phase:    facet("phase", func(d *document) []string { return []string{d.phase} }),
		Role:     facet("role", func(d *document) []string { return d.roles }),
		Setting:  facet("setting", func(d *document) []string { return d.settings }),
	}
}
