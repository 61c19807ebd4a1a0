package protocols

import (
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"jol/models"
)

// readFacts turns decoded JSON into facts of their declared types. Everything that is
// wrong is noted with a pointer; no value and no unknown name is echoed.
func (s *scene) readFacts(given map[string]any, checks *models.Checks) {
	s.given, s.moments = map[string]any{}, map[string]Moment{}
	for _, id := range slices.Sorted(maps.Keys(given)) {
		f, ok := s.facts[id]
		switch {
		case !ok:
			checks.Add("/facts/"+safeName(id), "fact.unknown")
			continue
		case f.Derived != "" && !f.Given:
			checks.Add("/facts/"+id, "fact.derived")
			continue
		}
		value, code := f.read(given[id])
		if code != "" {
			checks.Add("/facts/"+id, code)
			continue
		}
		if m, ok := value.(Moment); ok {
			s.moments[id] = m
		}
		s.given[id] = value
	}
	s.checkScores(checks)
	s.checkPast(checks)
}

// safeName keeps a name that looks like one of ours; any other could be somebody's.
func safeName(id string) string {
	if factName.MatchString(id) {
		return id
	}
	return "*"
}

// read returns the value in the type that conditions use, or a problem code.
func (f *Fact) read(v any) (value any, code string) {
	const wrongType = "fact.wrong_type"
	switch f.Type {
	case TypeBool:
		if b, ok := v.(bool); ok {
			return b, ""
		}
	case TypeInt, TypeDouble:
		if n, ok := v.(float64); ok {
			return f.readNumber(n)
		}
	case TypeCode:
		if text, ok := v.(string); ok {
			if !slices.Contains(f.Values, text) {
				return nil, "fact.not_in_list"
			}
			return text, ""
		}
	case TypeCodes:
		if list, ok := v.([]any); ok {
			return f.readCodes(list)
		}
	case TypeScores:
		if m, ok := v.(map[string]any); ok {
			return f.readScores(m)
		}
	case TypeTime, TypeDate:
		if text, ok := v.(string); ok {
			if m, ok := parseMoment(text, f.Type == TypeDate); ok {
				return m, ""
			}
		}
	}
	return nil, wrongType
}

func (f *Fact) readNumber(n float64) (any, string) {
	if f.Type == TypeInt && n != math.Trunc(n) {
		return nil, "fact.wrong_type"
	}
	if f.Min != nil && n < *f.Min || f.Max != nil && n > *f.Max || math.Abs(n) > 1e9 {
		return nil, "fact.out_of_range"
	}
	if f.Type == TypeInt {
		return int64(n), ""
	}
	return n, ""
}

func (f *Fact) readCodes(list []any) (any, string) {
	out := []string{}
	for _, v := range list {
		text, ok := v.(string)
		switch {
		case !ok:
			return nil, "fact.wrong_type"
		case !slices.Contains(f.Values, text):
			return nil, "fact.not_in_list"
		case slices.Contains(out, text):
			return nil, "fact.twice"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out, ""
}

func (f *Fact) readScores(m map[string]any) (any, string) {
	out := map[string]int64{}
	for key, v := range m {
		n, ok := v.(float64)
		switch {
		case !ok || n != math.Trunc(n):
			return nil, "fact.wrong_type"
		case !slices.Contains(f.Values, key):
			return nil, "fact.not_in_list"
		case n < 0 || n > maxScore:
			return nil, "fact.out_of_range"
		}
		out[key] = int64(n)
	}
	return out, ""
}

// checkScores holds scores and items to the ranges of their tools, and to each other.
func (s *scene) checkScores(checks *models.Checks) {
	for _, id := range slices.Sorted(maps.Keys(s.given)) {
		f := s.facts[id]
		items, ok := s.given[id].(map[string]int64)
		if !ok || f.Tool == "" {
			continue
		}
		t := s.tools[f.Tool]
		if len(t.Keys) > 0 {
			for key, score := range items {
				if n := int(score); t.checkScore(key, &n, nil) != nil {
					checks.Add("/facts/"+id, "fact.out_of_range")
					break
				}
			}
			continue
		}
		var score *int
		if n, ok := s.given[t.Score].(int64); ok {
			whole := int(n)
			score = &whole
		}
		switch err := t.checkScore("", score, asInts(items)); {
		case errors.Is(err, errSum):
			checks.Add("/facts/"+id, "fact.score_mismatch")
		case err != nil:
			checks.Add("/facts/"+id, "fact.out_of_range")
		}
	}
}

// checkPast refuses moments in the future where a rule counts the time since: a typing
// error there would make a gap look short.
func (s *scene) checkPast(checks *models.Checks) {
	for _, id := range slices.Sorted(maps.Keys(s.moments)) {
		m := s.moments[id]
		future := m.civil() && m.Date > s.today() || !m.civil() && m.Time.After(s.at.Add(time.Minute))
		if future && s.past[id] {
			checks.Add("/facts/"+id, "fact.in_future")
		}
	}
}

// pastAnchors lists the anchors from which time is counted backwards.
func (c *content) pastAnchors() map[string]bool {
	past := map[string]bool{}
	for _, f := range c.facts {
		switch f.Derived {
		case ruleHoursSince, ruleDaysSince:
			past[f.Of] = true
		case ruleDoseGap, ruleMissedDoses:
			past[factLastDose] = true
		}
	}
	return past
}
