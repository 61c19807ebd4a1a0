package protocols

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"jol/models"
)

const settingPrison = "prison"

// gapRuleNone is how a facility says that no rule by hours is in force.
const gapRuleNone = "none"

// Facility is the place where the protocol is followed. Country defaults to the
// protocol's. Capabilities (oat, buprenorphine, take_home, naloxone, nsp) are those of
// its own setting and go before the country's. Systems chooses among the published
// systems of a tool. GapRule names a rule by hours for gaps in agonist treatment, or
// "none". Limits are its own changes of limits.
type Facility struct {
	Country, Region, Setting string
	Capabilities             map[string]bool
	Systems                  map[string]string
	GapRule                  string
	Limits                   []LimitOverride
}

// Inquiry is what an evaluation is asked. At is the moment to which times since and
// until are counted. From begins at steps instead of where a person enters; Answers
// gives the branches chosen for human decisions by step.
type Inquiry struct {
	Facts    map[string]any
	At       time.Time
	Facility Facility
	From     []string
	Answers  map[string][]string
}

// Evaluate says which steps of a protocol apply to the facts, in order, each with why,
// and what is not known. The same inquiry always has the same answer; nothing is stored
// and nothing is ordered. Errors are *models.Error with pointers into the request.
func (c *Catalog) Evaluate(slug, lang string, in Inquiry) (*Evaluation, error) {
	p, ok := c.content.protocols[slug]
	if !ok {
		return nil, models.NotFound("protocol")
	}
	s, err := c.content.scene(p, in)
	if err != nil {
		return nil, err
	}
	e := newEvaluation(s, slug, in, newTexter(c.content, lang))
	e.enter()
	for len(e.queue) > 0 {
		next := e.queue[0]
		e.queue = e.queue[1:]
		e.visit(next)
	}
	return e.view(p), nil
}

// scene validates an inquiry.
func (c *content) scene(p *protocol, in Inquiry) (*scene, error) {
	var checks models.Checks
	country := cmp.Or(in.Facility.Country, p.file.jurisdiction.text)
	s := &scene{content: c, at: in.At.UTC().Truncate(time.Millisecond), country: c.countries[country], facility: in.Facility}
	s.facility.Country = country
	zone, err := time.LoadLocation(models.Zone(country, in.Facility.Region))
	if err != nil {
		zone = time.UTC
	}
	s.zone = zone
	s.checkFacility(&checks)
	s.readFacts(in.Facts, &checks)
	s.checkChoices(in, &checks)
	return s, checks.Err()
}

func (s *scene) checkFacility(checks *models.Checks) {
	f := s.facility
	checks.Require(slices.Contains(models.Countries, f.Country), "/facility/country", "facility.country_unknown")
	checks.Require(f.Region == "" || models.RegionKnown(f.Country, f.Region, s.today()), "/facility/region", "facility.region_unknown")
	checks.Require(f.Setting == "" || slices.Contains(settings, f.Setting) && f.Setting != "any", "/facility/setting", "facility.setting_unknown")
	_, ok := s.gapRule(f.GapRule)
	checks.Require(f.GapRule == "" || f.GapRule == gapRuleNone || ok, "/facility/gapRule", "facility.gap_rule_unknown")
	for _, tool := range slices.Sorted(maps.Keys(f.Systems)) {
		t, ok := s.tools[tool]
		checks.Require(ok && t.system(f.Systems[tool]) != nil && f.Systems[tool] != "", "/facility/systems/"+safeName(tool), "facility.system_unknown")
	}
}

// checkChoices holds From and Answers to steps and to answers that exist.
func (s *scene) checkChoices(in Inquiry, checks *models.Checks) {
	for _, id := range in.From {
		_, ok := s.steps[id]
		checks.Require(ok, "/from", "step.unknown")
	}
	for _, id := range slices.Sorted(maps.Keys(in.Answers)) {
		step, ok := s.steps[id]
		if !ok {
			checks.Add("/answers", "step.unknown")
			continue
		}
		for _, branch := range in.Answers[id] {
			i := slices.IndexFunc(step.Branches, func(b Branch) bool { return b.ID == branch && b.Ask })
			checks.Require(i >= 0, "/answers/"+id, "answer.unknown")
		}
	}
}
