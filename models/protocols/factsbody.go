package protocols

import (
	"maps"
	"slices"
)

// factsView documents the facts that an evaluation understands.
type factsView struct {
	Protocol        string              `json:"protocol"`
	Edition         string              `json:"edition"`
	Facts           []factView          `json:"facts"`
	SubstanceGroups map[string][]string `json:"substanceGroups"`
	Tools           []toolView          `json:"tools"`
	Schedules       []scheduleView      `json:"schedules"`
	GapRules        []gapRuleView       `json:"gapRules"`
	Countries       []countryView       `json:"countries"`
	Translation     translationView     `json:"translation"`
}

// factView is one fact. Given says that a caller may state it; a derived fact names its
// rule and the facts it comes from.
type factView struct {
	ID          string            `json:"id"`
	Label       string            `json:"label"`
	Topic       string            `json:"topic"`
	TopicLabel  string            `json:"topicLabel"`
	Type        string            `json:"type"`
	Unit        *string           `json:"unit"`
	UnitLabel   *string           `json:"unitLabel"`
	Values      []string          `json:"values"`
	ValueLabels map[string]string `json:"valueLabels"` // of each value
	Min         *float64          `json:"min"`
	Max         *float64          `json:"max"`
	Tool        *string           `json:"tool"`
	Anchor      bool              `json:"anchor"`
	Given       bool              `json:"given"`
	Derived     *string           `json:"derived"`
	From        []string          `json:"from"`
	UsedBy      []Decides         `json:"usedBy"`
}

type toolView struct {
	ID      string       `json:"id"`
	Version string       `json:"version"`
	Score   *string      `json:"score"`
	Min     int          `json:"min"`
	Max     int          `json:"max"`
	MaxOf   []maxView    `json:"maxOf"`
	Items   []itemsView  `json:"items"`
	Systems []systemView `json:"systems"`
}

type maxView struct {
	Keys   []string `json:"keys"`
	Max    int      `json:"max"`
	Basis  Basis    `json:"basis"`
	Source *string  `json:"source"`
}

type itemsView struct {
	Items  []string `json:"items"`
	Values []int    `json:"values"`
}

type systemView struct {
	ID      string     `json:"id"`
	Default bool       `json:"default"`
	Basis   Basis      `json:"basis"`
	Source  *string    `json:"source"`
	Bands   []bandView `json:"bands"`
	Bumps   []bumpView `json:"bumps"`
}

type bandView struct {
	ID   string   `json:"id"`
	Min  int      `json:"min"`
	Max  int      `json:"max"`
	Sex  *string  `json:"sex"`
	Keys []string `json:"keys"`
}

type bumpView struct {
	Items []string `json:"items"`
	From  int      `json:"from"`
}

type scheduleView struct {
	ID        string         `json:"id"`
	Medicine  string         `json:"medicine"`
	Schedule  string         `json:"schedule"`
	EveryDays int            `json:"everyDays"`
	Basis     Basis          `json:"basis"`
	Source    *string        `json:"source"`
	Bands     []doseBandView `json:"bands"`
}

type doseBandView struct {
	ID   string `json:"id"`
	From int    `json:"from"`
	To   *int   `json:"to"`
}

type gapRuleView struct {
	ID     string  `json:"id"`
	Hours  int     `json:"hours"`
	Under  string  `json:"under"`
	Border string  `json:"border"`
	Over   string  `json:"over"`
	Basis  Basis   `json:"basis"`
	Source *string `json:"source"`
}

type countryView struct {
	Country        string           `json:"country"`
	Zone           string           `json:"zone"`
	CustodyGapRule *string          `json:"custodyGapRule"`
	HolidayYears   []int            `json:"holidayYears"`
	Capabilities   []capabilityView `json:"capabilities"`
}

type capabilityView struct {
	ID        string  `json:"id"`
	Available bool    `json:"available"`
	Basis     Basis   `json:"basis"`
	Source    *string `json:"source"`
}

// factsBody describes the facts in the translator's language. All facts are listed, for
// a protocol leads into others.
func (c *content) factsBody(p *protocol, t translator) factsView {
	v := factsView{Protocol: p.file.slug.text, Edition: p.file.edition.text, Facts: []factView{}, SubstanceGroups: map[string][]string{},
		Tools: []toolView{}, Schedules: []scheduleView{}, GapRules: []gapRuleView{}, Countries: []countryView{}}
	s := &scene{content: c}
	uses := c.uses()
	for _, id := range c.factOrder {
		f := c.facts[id]
		from := slices.DeleteFunc(slices.Clone(s.inputs(f)), func(id string) bool { return id == "" || id == f.ID })
		labels := map[string]string{}
		for _, value := range f.Values {
			labels[value] = t.value("values."+id+"."+value, f, value)
		}
		v.Facts = append(v.Facts, factView{ID: id, Label: t.label("facts."+id, labelFacts, id), Topic: f.Topic, TopicLabel: t.topic(f.Topic),
			ValueLabels: labels, UnitLabel: t.unit(f.Unit), Type: f.Type, Unit: orNull(f.Unit), Values: orEmpty(f.Values), Min: f.Min, Max: f.Max, Tool: orNull(f.Tool), Anchor: f.Anchor,
			Given: f.Derived == "" || f.Given, Derived: orNull(f.Derived), From: orEmpty(from), UsedBy: orEmpty(uses[id])})
	}
	for group, set := range c.groups {
		v.SubstanceGroups[group] = set.codes
	}
	for _, id := range slices.Sorted(maps.Keys(c.tools)) {
		v.Tools = append(v.Tools, c.tools[id].view())
	}
	for _, s := range c.dosing.schedules {
		v.Schedules = append(v.Schedules, s.view())
	}
	for _, g := range c.dosing.rules {
		v.GapRules = append(v.GapRules, gapRuleView{g.ID, g.Hours, g.Means[GapUnder], g.Means[GapBorder], g.Means[GapOver], g.Basis, orNull(g.Source)})
	}
	for _, code := range slices.Sorted(maps.Keys(c.countries)) {
		v.Countries = append(v.Countries, c.countries[code].view())
	}
	status := p.texts[t.lang].status
	v.Translation = t.translation(status)
	return v
}

// topic and unit name codes that many facts have: what is missing is noted once.
func (t *translator) topic(code string) string { return t.once("topics."+code, labelTopics, code) }

func (t *translator) unit(code string) *string {
	if code == "" {
		return nil
	}
	text := t.once("units."+code, labelUnits, code)
	return &text
}

func (t *translator) once(path, group, code string) string {
	before := len(t.missing)
	text := t.label(path, group, code)
	if slices.Contains(t.missing[:before], path) {
		t.missing = t.missing[:before]
	}
	return text
}

// uses lists what each fact decides, in the order of the steps.
func (c *content) uses() map[string][]Decides {
	out := map[string][]Decides{}
	add := func(cond *condition, d Decides) {
		if cond == nil {
			return
		}
		for _, id := range cond.facts {
			out[id] = append(out[id], d)
		}
	}
	for _, s := range c.orderedSteps() {
		add(s.applies, Decides{Kind: DecidesEntry, Step: s.ID})
		for i := range s.Branches {
			add(s.Branches[i].when, Decides{Kind: DecidesBranch, Step: s.ID, ID: &s.Branches[i].ID})
		}
		for i := range s.Limits {
			if l := &s.Limits[i]; l.Anchor != "" {
				out[l.Anchor] = append(out[l.Anchor], Decides{Kind: DecidesLimit, Step: s.ID, ID: &l.ID})
			}
		}
		if s.Needs != "" {
			for _, id := range c.capabilityFacts(s) {
				out[id] = append(out[id], Decides{Kind: DecidesAvailable, Step: s.ID})
			}
		}
	}
	return out
}

func (t *Tool) view() toolView {
	v := toolView{ID: t.ID, Version: t.Version, Score: orNull(t.Score), Min: t.Min, Max: t.Max, MaxOf: []maxView{}, Items: []itemsView{}, Systems: []systemView{}}
	for _, e := range t.Exceptions {
		v.MaxOf = append(v.MaxOf, maxView{e.Keys, e.Max, e.Basis, orNull(e.Source)})
	}
	for _, i := range t.ItemValues {
		v.Items = append(v.Items, itemsView(i))
	}
	for _, s := range t.Systems {
		sv := systemView{ID: s.ID, Default: s.Default, Basis: s.Basis, Source: orNull(s.Source), Bands: []bandView{}, Bumps: []bumpView{}}
		for _, b := range s.Bands {
			sv.Bands = append(sv.Bands, bandView{b.ID, b.Min, b.Max, orNull(b.Sex), orEmpty(b.Keys)})
		}
		for _, b := range s.Bumps {
			sv.Bumps = append(sv.Bumps, bumpView(b))
		}
		v.Systems = append(v.Systems, sv)
	}
	return v
}

func (s DoseSchedule) view() scheduleView {
	v := scheduleView{ID: s.ID, Medicine: s.Medicine, Schedule: s.Schedule, EveryDays: s.EveryDays, Basis: s.Basis, Source: orNull(s.Source), Bands: []doseBandView{}}
	for _, b := range s.Bands {
		band := doseBandView{ID: b.ID, From: b.From}
		if b.To >= 0 {
			band.To = &b.To
		}
		v.Bands = append(v.Bands, band)
	}
	return v
}

func (country *Country) view() countryView {
	v := countryView{Country: country.Code, Zone: country.Zone, CustodyGapRule: orNull(country.CustodyGapRule),
		HolidayYears: slices.Sorted(maps.Keys(country.Calendar.Years)), Capabilities: []capabilityView{}}
	for _, id := range slices.Sorted(maps.Keys(country.Capabilities)) {
		a := country.Capabilities[id]
		v.Capabilities = append(v.Capabilities, capabilityView{id, a.Available, a.Basis, orNull(a.Source)})
	}
	return v
}
