package protocols

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"jol/models"
)

var (
	identifier = regexp.MustCompile(`^[a-z][a-z0-9]*([-_][a-z0-9]+)*$`)
	duration   = regexp.MustCompile(`^P(\d{1,4}[YMD]|T\d{1,4}[HMS])$`)
	bases      = []Basis{Seen, General, Editorial}
	bounds     = []string{"max", "min", "target"}
)

// check notes everything that a single file cannot show.
func (c *content) check() {
	if len(c.protocols) == 0 {
		c.add(position{".", 0}, "holds no protocol")
	}
	for slug, p := range c.protocols {
		c.checkProtocol(slug, p)
		for _, ph := range p.phases {
			for _, s := range ph.steps {
				c.checkStep(s)
			}
		}
		for lang, t := range p.texts {
			c.checkLanguage(lang, p.at)
			c.checkOrphans(slug, lang, t, p)
		}
		c.checkComplete(slug, p)
	}
	c.checkInterfaces()
	c.checkWords()
	c.checkDecisions()
	c.checkCommon()
}

// checkDecisions checks what decisions are computed from, compiles every condition and
// looks at the graph that the branches make.
func (c *content) checkDecisions() {
	c.checkFacts()
	c.checkTools()
	c.checkDosing()
	c.checkCountries()
	c.checkRules()
	c.compileConditions()
	c.checkGraph()
	c.past = c.pastAnchors()
	for _, id := range c.factOrder {
		if c.facts[id].Derived != "" {
			c.derived = append(c.derived, id)
		}
	}
	c.hashes = map[string]string{}
	for _, s := range c.orderedSteps() {
		if s.Entry != "" {
			c.entries = append(c.entries, s)
		}
		if p := c.protocols[s.Protocol]; p != nil && p.texts[sourceLanguage] != nil && p.texts[sourceLanguage].steps[s.ID] != nil {
			c.hashes[s.ID] = p.texts[sourceLanguage].steps[s.ID].hash(s)
		}
	}
}

func (c *content) checkProtocol(slug string, p *protocol) {
	f := p.file
	if f.slug.text == "" {
		c.add(p.at, "is missing or says nothing")
		return
	}
	if f.slug.text != slug || !identifier.MatchString(slug) || !portable(slug) {
		c.add(f.slug.at, "slug %q must be the name of its folder, in small letters and hyphens", f.slug.text)
	}
	if !slices.Contains(models.Countries, f.jurisdiction.text) {
		c.add(f.jurisdiction.at, "unknown jurisdiction %q", f.jurisdiction.text)
	}
	if len(f.phases) == 0 {
		c.add(p.at, "lists no phases")
	}
}

func (c *content) checkStep(s *Step) {
	if !identifier.MatchString(s.ID) || !portable(s.ID) {
		c.add(s.at, "step id %q must be at most 64 small letters, digits and hyphens", s.ID)
	}
	if len(s.Who) == 0 || len(s.Setting) == 0 || len(s.Branches) == 0 || len(s.Sources) == 0 {
		c.add(s.at, "step %s needs who, setting, branches and sources", s.ID)
	}
	for _, r := range s.Who {
		if !slices.Contains(roles, r) {
			c.add(s.at, "step %s names the unknown role %q", s.ID, r)
		}
	}
	for _, set := range s.Setting {
		if !slices.Contains(settings, set) {
			c.add(s.at, "step %s names the unknown setting %q", s.ID, set)
		}
	}
	for _, f := range s.Forms {
		if _, ok := c.forms[f]; !ok {
			c.add(s.at, "step %s names the unknown form %q", s.ID, f)
		}
	}
	ids := map[string]bool{}
	for _, b := range s.Branches {
		c.checkBranch(s, b, ids)
	}
	clear(ids)
	for _, l := range s.Limits {
		c.checkID("limit", s, l.ID, l.at, ids)
		c.checkLimit(l)
	}
	for _, n := range s.Numbers {
		c.checkBasis(n.at, "number "+n.Text, n.Basis, n.Source)
	}
	for _, src := range s.Sources {
		c.checkBasis(src.at, "source "+src.Code, src.Basis, src.Code)
	}
}

func (c *content) checkID(what string, s *Step, id string, at position, seen map[string]bool) {
	if !identifier.MatchString(id) {
		c.add(at, "%s id %q must be small letters, digits and hyphens", what, id)
	}
	if seen[id] {
		c.add(at, "%s %s appears twice in %s", what, id, s.ID)
	}
	seen[id] = true
}

func (c *content) checkBranch(s *Step, b Branch, ids map[string]bool) {
	c.checkID("branch", s, b.ID, b.at, ids)
	switch {
	case len(b.To) == 0 && b.Outcome == "":
		c.add(b.at, "branch %s of %s has no end: name steps in to, or an outcome", b.ID, s.ID)
	case len(b.To) > 0 && b.Outcome != "":
		c.add(b.at, "branch %s of %s has both steps and an outcome", b.ID, s.ID)
	}
	for _, to := range b.To {
		if _, ok := c.steps[to]; !ok {
			c.add(b.at, "branch %s of %s leads to the unknown step %q", b.ID, s.ID, to)
		}
	}
	if _, ok := c.outcomes[b.Outcome]; !ok && b.Outcome != "" {
		c.add(b.at, "branch %s of %s ends in the unknown outcome %q", b.ID, s.ID, b.Outcome)
	}
}

// checkLimit holds each kind to the keys that mean something for it.
func (c *content) checkLimit(l Limit) {
	what := "limit " + l.ID
	c.checkBasis(l.at, what, l.Basis, l.Source)
	offset := l.Direction != "" || l.Offset != "" || l.WorkingDays
	recurring := l.Every != "" || l.EveryMax != "" || l.Until != ""
	bound := slices.Contains(bounds, l.Bound)
	ok := false
	switch l.Kind {
	case KindOffset:
		ok = l.Anchor != "" && l.Offset != "" && (l.Direction == "after" || l.Direction == "before") && bound && !recurring
	case KindRecurring:
		ok = l.Every != "" && bound && !offset && (l.Until == "" || l.Anchor != "")
	case KindLocal:
		ok = l.Anchor == "" && l.Bound == "" && !offset && !recurring
	default:
		c.add(l.at, "%s has the unknown kind %q", what, l.Kind)
		return
	}
	if l.WorkingDays && duration.MatchString(l.Offset) {
		if _, unit := splitDuration(l.Offset); unit != "D" {
			c.add(l.at, "%s counts working days, so its offset is in days", what)
		}
	}
	if !ok {
		c.add(l.at, "%s does not hold what kind %s needs, and only that", what, l.Kind)
	}
	if _, known := c.anchors[l.Anchor]; !known && l.Anchor != "" {
		c.add(l.at, "%s names the unknown anchor %q", what, l.Anchor)
	}
	for _, d := range []string{l.Offset, l.Every, l.EveryMax, l.Until} {
		if d != "" && !duration.MatchString(d) {
			c.add(l.at, "%s has %q, which is not a duration like P7D or PT24H", what, d)
		}
	}
}

// checkBasis makes sure that nothing claims to have been seen in a source that
// nobody opened.
func (c *content) checkBasis(at position, what string, b Basis, source string) {
	if !slices.Contains(bases, b) {
		c.add(at, "%s needs a basis: seen, general or editorial", what)
	}
	src, ok := c.sources[source]
	switch {
	case source != "" && !ok:
		c.add(at, "%s names the unknown source %q", what, source)
	case b == Seen && source == "":
		c.add(at, "%s says seen and names no source", what)
	case b == Seen && !src.Seen:
		c.add(at, "%s says seen, but nobody opened %s", what, source)
	}
}

func (c *content) checkLanguage(lang string, at position) {
	tag, err := language.Parse(lang)
	if err != nil || tag.String() != lang {
		c.add(at, "%q is not a language folder name such as ru or kk", lang)
	}
}

func (c *content) missingCodes(texts map[string]label, codes map[string]position, what string) {
	for code, at := range codes {
		if what != "unit" && !identifier.MatchString(code) {
			c.add(at, "%s %q must be small letters, digits, hyphens or underscores", what, code)
		}
		if strings.TrimSpace(texts[code].text) == "" {
			c.add(at, "%s %s has no English text", what, code)
		}
	}
}
