package protocols

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"jol/models"
)

// The types of a Fact.
const (
	TypeBool   = "bool"
	TypeInt    = "int"
	TypeDouble = "double"
	TypeCode   = "code"   // one of a closed list
	TypeCodes  = "codes"  // several of a closed list
	TypeScores = "scores" // whole numbers by key
	TypeTime   = "time"   // a moment, or a civil date where the hour is not known
	TypeDate   = "date"   // a civil date
)

var factTypes = []string{TypeBool, TypeInt, TypeDouble, TypeCode, TypeCodes, TypeScores, TypeTime, TypeDate}

// Fact is something that a condition may ask about. No fact identifies a person.
// Values are the codes of a code or codes fact and the keys of a scores fact; Min and
// Max bound numbers. A derived fact is computed by the rule it names, from the facts
// listed in derivations or from the facility; Given says that a caller may state it
// all the same.
type Fact struct {
	ID       string
	Topic    string
	Type     string
	Unit     string
	Tool     string
	Derived  string
	Of       string
	Given    bool
	Anchor   bool // a limit may count from it
	Values   []string
	Min, Max *float64
	codeList string
	at       position
}

// factsFile is the decoded facts.yaml.
type factsFile struct {
	facts  []*Fact
	groups map[string]phraseSet
}

// phraseSet is a list of codes with the place where it was written.
type phraseSet struct {
	codes []string
	at    position
}

func (r *reader) facts(n ast.Node) factsFile {
	rec := r.record(n, "facts file", "substanceGroups", "facts")
	out := factsFile{groups: map[string]phraseSet{}}
	if n, ok := rec.keys["substanceGroups"]; ok {
		for _, e := range r.entries(n, "substanceGroups") {
			list := record{r: r, what: "substanceGroups", at: e.at, keys: map[string]ast.Node{e.key: e.value}}
			out.groups[e.key] = phraseSet{plain(list.texts(e.key)), e.at}
		}
	}
	for _, item := range rec.items("facts") {
		rec := r.record(item, "fact", "id", "topic", "type", "unit", "tool", "derived", "of", "given", "values", "codeList", "min", "max")
		f := &Fact{ID: rec.need("id"), Topic: rec.need("topic"), Type: rec.need("type"), Unit: rec.text("unit"),
			Tool: rec.text("tool"), Derived: rec.text("derived"), Of: rec.text("of"), Given: rec.flag("given"),
			Values: plain(rec.texts("values")), codeList: rec.text("codeList"), at: rec.at}
		f.Min, f.Max = rec.bound("min"), rec.bound("max")
		out.facts = append(out.facts, f)
	}
	return out
}

// bound returns an optional number, or nil.
func (rec record) bound(key string) *float64 {
	v, ok := rec.number(key)
	if !ok {
		return nil
	}
	return &v
}

func plain(list []phrase) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.text
	}
	return out
}

func (c *content) addFacts(file factsFile) {
	for _, f := range file.facts {
		if _, ok := c.facts[f.ID]; ok {
			c.add(f.at, "fact %s is listed twice", f.ID)
			continue
		}
		c.facts[f.ID] = f
		c.factOrder = append(c.factOrder, f.ID)
	}
	c.groups = file.groups
}

// checkFacts completes each fact from its code list or tool and holds it to its type.
func (c *content) checkFacts() {
	for _, id := range c.factOrder {
		f := c.facts[id]
		if !factName.MatchString(f.ID) {
			c.add(f.at, "fact id %q must be small letters, digits and underscores, at most 40", f.ID)
		}
		if !slices.Contains(factTypes, f.Type) {
			c.add(f.at, "fact %s has the unknown type %q", f.ID, f.Type)
			continue
		}
		_, f.Anchor = c.anchors[f.ID]
		c.completeFact(f)
		c.checkFactShape(f)
		c.checkDerived(f)
	}
	for anchor, at := range c.anchors {
		if f := c.facts[anchor]; f == nil || f.Type != TypeTime && f.Type != TypeDate {
			c.add(at, "anchor %s has no fact of type time or date", anchor)
		}
	}
}

// completeFact fills in the values that come from a code list of the service, from a
// tool or from the groups of substances.
func (c *content) completeFact(f *Fact) {
	if f.codeList != "" {
		list, ok := models.CodeListByID(f.codeList)
		if !ok || len(f.Values) > 0 {
			c.add(f.at, "fact %s needs either values or a known code list", f.ID)
			return
		}
		for _, code := range list.Codes {
			f.Values = append(f.Values, code.Code)
		}
	}
	if f.Derived == ruleSubstanceGroups {
		for group := range c.groups {
			f.Values = append(f.Values, group)
		}
		slices.Sort(f.Values)
	}
	if f.Tool == "" {
		return
	}
	t, ok := c.tools[f.Tool]
	if !ok {
		c.add(f.at, "fact %s names the unknown tool %q", f.ID, f.Tool)
		return
	}
	switch {
	case f.Derived == ruleBand:
		f.Values = t.bandIDs()
	case f.Type == TypeScores && len(t.Keys) > 0, f.Derived == ruleInBand:
		f.Values = t.Keys
	case f.Type == TypeScores:
		f.Values = t.items()
	case f.Type == TypeInt:
		low, high := float64(t.Min), float64(t.Max)
		f.Min, f.Max = &low, &high
	}
}

func (c *content) checkFactShape(f *Fact) {
	number := f.Type == TypeInt || f.Type == TypeDouble
	listed := f.Type == TypeCode || f.Type == TypeCodes || f.Type == TypeScores
	switch {
	case listed != (len(f.Values) > 0):
		c.add(f.at, "fact %s of type %s must have values, and no other type may", f.ID, f.Type)
	case len(f.Values) > maxValues || len(slices.Compact(slices.Sorted(slices.Values(f.Values)))) != len(f.Values):
		c.add(f.at, "fact %s has too many values, or one twice", f.ID)
	case !number && (f.Min != nil || f.Max != nil):
		c.add(f.at, "fact %s of type %s cannot have min or max", f.ID, f.Type)
	case number && f.Derived == "" && (f.Min == nil || f.Max == nil || *f.Min > *f.Max):
		c.add(f.at, "fact %s needs min and max", f.ID)
	}
	for _, v := range f.Values {
		if len(v) > maxCode {
			c.add(f.at, "fact %s has a value of more than %d characters", f.ID, maxCode)
		}
	}
}
