package protocols

import (
	"errors"
	"maps"
	"slices"
	"time"

	"jol/models"
)

// today is the civil date of the evaluation.
func (s *scene) today() models.Date {
	return models.Date(s.at.In(s.zone).Format(time.DateOnly))
}

// itemsFact returns the id of the fact that holds a tool's items, or "".
func (c *content) itemsFact(t *Tool) string {
	for _, id := range c.factOrder {
		if f := c.facts[id]; f.Tool == t.ID && f.Type == TypeScores {
			return id
		}
	}
	return ""
}

// fromTool computes what is derived from a tool's raw scores.
func (s *scene) fromTool(f *Fact) (any, []string) {
	t := s.tools[f.Tool]
	itemsID := s.itemsFact(t)
	items, _ := s.given[itemsID].(map[string]int64)
	switch f.Derived {
	case ruleInBand:
		return s.substancesIn(t, f.Of, itemsID, items)
	case ruleBump:
		return bump(t.system(s.facility.Systems[t.ID]), itemsID, items)
	}
	score, ok := s.given[t.Score].(int64)
	if !ok {
		score, ok = t.total(items)
	}
	if !ok {
		return nil, []string{t.Score}
	}
	if f.Derived == ruleTotal {
		return score, nil
	}
	sex, _ := s.given[factSex].(string)
	band, err := t.Band(s.facility.Systems[t.ID], "", int(score), sex, asInts(items))
	if errors.Is(err, errNeedsSex) {
		return nil, []string{factSex}
	}
	if err != nil {
		return nil, []string{t.Score}
	}
	return band.ID, nil
}

// bump is known to be false only when every item that it looks at is there.
func bump(system *BandSystem, itemsID string, items map[string]int64) (any, []string) {
	if system == nil {
		return nil, []string{itemsID}
	}
	if system.bumped(asInts(items)) {
		return true, nil
	}
	for _, item := range system.bumpItems() {
		if _, ok := items[item]; !ok {
			return nil, []string{itemsID}
		}
	}
	return false, nil
}

// substancesIn lists the keys of a tool whose score is in a band.
func (s *scene) substancesIn(t *Tool, band, id string, scores map[string]int64) (any, []string) {
	if scores == nil {
		return nil, []string{id}
	}
	out := []string{}
	for _, key := range slices.Sorted(maps.Keys(scores)) {
		if b, err := t.Band(s.facility.Systems[t.ID], key, int(scores[key]), "", nil); err == nil && b.ID == band {
			out = append(out, key)
		}
	}
	return out, nil
}

func asInts(items map[string]int64) map[string]int {
	out := make(map[string]int, len(items))
	for item, points := range items {
		out[item] = int(points)
	}
	return out
}

// inputs lists the given facts that a derived fact may have come from, for showing
// what a condition rested on.
func (s *scene) inputs(f *Fact) []string {
	switch f.Derived {
	case ruleSubstanceGroups, ruleHoursSince, ruleDaysSince, ruleDaysUntil:
		return []string{f.Of}
	case ruleBand, ruleBump, ruleTotal, ruleInBand:
		t := s.tools[f.Tool]
		ids := []string{t.Score, s.itemsFact(t)}
		if f.Derived == ruleBand && t.bySex() {
			ids = append(ids, factSex)
		}
		return ids
	case ruleMissedDoses, ruleMissedBand:
		return []string{factLastDose, factMedicine, factSchedule, factMissed}
	case ruleDoseGap:
		return []string{factLastDose}
	}
	return nil
}

// bySex reports whether a band of the tool depends on sex.
func (t *Tool) bySex() bool {
	for _, s := range t.Systems {
		if slices.ContainsFunc(s.Bands, func(b Band) bool { return b.Sex != "" }) {
			return true
		}
	}
	return false
}
