package protocols

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"jol/models"
)

// Scoring computes bands for the clinical record from the tools of the built-in content,
// which it reads when it is first asked.
func Scoring(builtIn fs.FS) models.Scoring {
	tools := sync.OnceValue(func() map[string]*Tool {
		data, err := fs.ReadFile(builtIn, "tools.yaml")
		if err != nil {
			return nil
		}
		return read([]source{{path: "tools.yaml", label: "tools.yaml", data: data}}).tools
	})
	return func(c *models.Checks, in *models.Scale, sex string) models.Scored {
		t := tools()[in.Tool]
		if t == nil {
			c.Add("/tool", "screening.tool_unknown")
			return models.Scored{}
		}
		return t.scored(c, in, sex)
	}
}

// scored fills in the score and the system that were left out, and returns the band.
func (t *Tool) scored(c *models.Checks, in *models.Scale, sex string) models.Scored {
	c.Require((in.Key == "") == (len(t.Keys) == 0) && (in.Key == "" || slices.Contains(t.Keys, in.Key)), "/key", "screening.key_unknown")
	system := t.system(in.System)
	c.Require(system != nil, "/system", "screening.system_unknown")
	sum, possible := 0, true
	for _, item := range slices.Sorted(maps.Keys(in.Items)) {
		points := in.Items[item]
		switch known, allowed := t.points(item, points); {
		case !known: // not repeated: a member's name is input too
			c.Add("/items", "screening.item_unknown")
			possible = false
		case !allowed:
			c.Add("/items/"+item, "screening.item_impossible")
			possible = false
		}
		sum += points
	}
	if in.Score == nil {
		c.Require(len(in.Items) == len(t.items()), "/score", "screening.score_required")
		in.Score = &sum
	}
	if c.Err() != nil || !possible {
		return models.Scored{}
	}
	in.System = system.ID
	band, err := t.Band(in.System, in.Key, *in.Score, sex, in.Items)
	switch {
	case errors.Is(err, errSum):
		c.Add("/score", "screening.score_contradicts_items")
	case err != nil:
		c.Add("/score", "screening.score_impossible")
	}
	return models.Scored{ToolVersion: t.Version, Band: band.ID}
}

// points says whether the tool has the item, and whether the item can have the points.
func (t *Tool) points(item string, points int) (known, allowed bool) {
	i := slices.IndexFunc(t.ItemValues, func(v ItemValues) bool { return slices.Contains(v.Items, item) })
	return i >= 0, i >= 0 && slices.Contains(t.ItemValues[i].Values, points)
}
