package protocols

import (
	"slices"
	"strings"
	"time"
)

// The rules that derived facts can name.
const (
	ruleSubstanceGroups = "substance_groups"   // groups of the codes in Of
	ruleBand            = "band"               // of the tool's score, in the facility's system
	ruleBump            = "bump"               // whether an item moves the band up
	ruleTotal           = "total"              // the tool's score, given or added up
	ruleInBand          = "substances_in_band" // keys of the tool whose band is Of
	ruleHoursSince      = "hours_since"        // the anchor Of; only when its hour is known
	ruleDaysSince       = "days_since"         // civil days since the anchor Of
	ruleDaysUntil       = "days_until"         // civil days to the anchor Of
	ruleMissedDoses     = "missed_doses"
	ruleMissedBand      = "missed_band"
	ruleDoseGap         = "dose_gap" // by the gap rule Of
	ruleInCustody       = "in_custody"
	ruleCapability      = "capability"
)

// Facts that the rules read by name.
const (
	factSex        = "sex"
	factInCustody  = "in_custody"
	factLastDose   = "last_dose_taken"
	factMedicine   = "oat_medicine"
	factSchedule   = "oat_schedule"
	factMissed     = "missed_doses"
	factMissedBand = "missed_band"
	factNotFetched = "dose_not_collected"
)

// Suffixes of capability facts.
const (
	inCommunity = "_in_community"
	inCustody   = "_in_custody"
)

// derivedTypes is the type that each rule produces.
var derivedTypes = map[string]string{
	ruleSubstanceGroups: TypeCodes, ruleBand: TypeCode, ruleBump: TypeBool, ruleTotal: TypeInt, ruleInBand: TypeCodes,
	ruleHoursSince: TypeDouble, ruleDaysSince: TypeInt, ruleDaysUntil: TypeInt, ruleMissedDoses: TypeInt,
	ruleMissedBand: TypeCode, ruleDoseGap: TypeCode, ruleInCustody: TypeBool, ruleCapability: TypeBool,
}

// checkDerived holds a derived fact to what its rule needs.
func (c *content) checkDerived(f *Fact) {
	if f.Derived == "" {
		if f.Of != "" || f.Given {
			c.add(f.at, "fact %s is not derived and cannot have of or given", f.ID)
		}
		return
	}
	want, ok := derivedTypes[f.Derived]
	if !ok {
		c.add(f.at, "fact %s names the unknown rule %q", f.ID, f.Derived)
		return
	}
	if f.Type != want {
		c.add(f.at, "fact %s must be of type %s for the rule %s", f.ID, want, f.Derived)
	}
	t := c.tools[f.Tool]
	of := c.facts[f.Of]
	good := true
	switch f.Derived {
	case ruleSubstanceGroups:
		good = of != nil && of.Type == TypeCodes
	case ruleBand, ruleBump, ruleTotal:
		good = t != nil && t.Score != "" && c.facts[t.Score] != nil
	case ruleInBand:
		good = t != nil && len(t.Keys) > 0 && slices.Contains(t.bandIDs(), f.Of)
	case ruleHoursSince, ruleDaysSince, ruleDaysUntil:
		good = of != nil && (of.Type == TypeTime || of.Type == TypeDate)
	case ruleDoseGap:
		_, good = c.gapRule(f.Of)
		good = good && c.facts[factLastDose] != nil
	case ruleMissedDoses, ruleMissedBand:
		good = c.facts[factLastDose] != nil && c.facts[factMedicine] != nil && c.facts[factSchedule] != nil && c.facts[factMissed] != nil
	case ruleCapability:
		good = strings.HasSuffix(f.ID, inCommunity) || strings.HasSuffix(f.ID, inCustody)
	}
	if !good {
		c.add(f.at, "fact %s does not hold what the rule %s needs", f.ID, f.Derived)
	}
}

// scene is what an evaluation knows: the facts given, and where and when.
type scene struct {
	*content
	given    map[string]any
	moments  map[string]Moment
	at       time.Time
	zone     *time.Location
	country  *Country // nil when nothing is known about it
	facility Facility
}

// derive computes a derived fact. When it cannot, it names the facts that would help; a
// fact that names itself has to be said by the caller.
func (s *scene) derive(f *Fact) (value any, missing []string) {
	if v, ok := s.given[f.ID]; ok {
		return v, nil
	}
	switch f.Derived {
	case ruleSubstanceGroups:
		return s.substanceGroups(f.Of)
	case ruleBand, ruleBump, ruleTotal, ruleInBand:
		return s.fromTool(f)
	case ruleHoursSince:
		m, ok := s.moments[f.Of]
		if !ok || m.civil() {
			return nil, []string{f.Of}
		}
		return s.at.Sub(m.Time).Hours(), nil
	case ruleDaysSince, ruleDaysUntil:
		m, ok := s.moments[f.Of]
		if !ok {
			return nil, []string{f.Of}
		}
		days := int64(m.date(s.zone).DaysUntil(s.today()))
		if f.Derived == ruleDaysUntil {
			days = -days
		}
		return days, nil
	case ruleMissedDoses:
		return s.missedDoses()
	case ruleMissedBand:
		return s.missedBand()
	case ruleDoseGap:
		m, ok := s.moments[factLastDose]
		rule, _ := s.gapRule(f.Of)
		if !ok {
			return nil, []string{factLastDose}
		}
		return rule.Gap(m, s.at, s.zone), nil
	case ruleInCustody:
		if s.facility.Setting == "" {
			return nil, []string{f.ID}
		}
		return s.facility.Setting == settingPrison, nil
	}
	return s.capability(f)
}

func (s *scene) substanceGroups(of string) (any, []string) {
	codes, ok := s.given[of].([]string)
	if !ok {
		return nil, []string{of}
	}
	groups := []string{}
	for group, set := range s.groups {
		if slices.ContainsFunc(codes, func(code string) bool { return slices.Contains(set.codes, code) }) {
			groups = append(groups, group)
		}
	}
	slices.Sort(groups)
	return groups, nil
}

// capability asks the facility, when the fact is about its own setting, and then the
// country.
func (s *scene) capability(f *Fact) (any, []string) {
	name, custody := strings.CutSuffix(f.ID, inCustody)
	if !custody {
		name = strings.TrimSuffix(f.ID, inCommunity)
	}
	if s.facility.Setting != "" && custody == (s.facility.Setting == settingPrison) {
		if v, ok := s.facility.Capabilities[name]; ok {
			return v, nil
		}
	}
	if s.country != nil {
		if a, ok := s.country.Capabilities[f.ID]; ok {
			return a.Available, nil
		}
	}
	return nil, []string{f.ID}
}

func (s *scene) missedDoses() (any, []string) {
	var missing []string
	medicine, ok := s.given[factMedicine].(string)
	if !ok {
		missing = append(missing, factMedicine)
	}
	name, ok := s.given[factSchedule].(string)
	if !ok {
		missing = append(missing, factSchedule)
	}
	last, ok := s.moments[factLastDose]
	if !ok {
		missing = append(missing, factLastDose)
	}
	if len(missing) > 0 {
		return nil, missing
	}
	schedule, ok := s.schedule(medicine, name)
	if !ok {
		return nil, []string{factMissed} // a combination nobody described: somebody has to count
	}
	closed, _ := s.given[factNotFetched].(bool)
	return int64(MissedDoses(schedule, last, s.at, s.zone, closed)), nil
}

// missedBand answers with a band of the schedule, unless a rule by hours is in force.
func (s *scene) missedBand() (any, []string) {
	byHours, missing := s.hoursRule()
	if byHours || missing != nil {
		return BandByHoursRule, missing
	}
	medicine, ok := s.given[factMedicine].(string)
	name, ok2 := s.given[factSchedule].(string)
	missed, missing := s.derive(s.facts[factMissed])
	if !ok {
		missing = append(missing, factMedicine)
	}
	if !ok2 {
		missing = append(missing, factSchedule)
	}
	if len(missing) > 0 {
		return nil, missing
	}
	schedule, ok := s.schedule(medicine, name)
	if !ok {
		return BandNoRule, nil
	}
	return schedule.Band(int(missed.(int64))), nil
}

// hoursRule reports whether a gap is judged by hours here: the facility says so, or the
// country does for custody.
func (s *scene) hoursRule() (bool, []string) {
	switch {
	case s.facility.GapRule != "":
		return s.facility.GapRule != gapRuleNone, nil
	case s.country == nil || s.country.CustodyGapRule == "":
		return false, nil
	case s.facts[factInCustody] == nil:
		return false, nil
	}
	custody, missing := s.derive(s.facts[factInCustody])
	if missing != nil {
		return false, missing
	}
	return custody.(bool), nil
}

// ruleInForce is the rule by hours that hoursRule found.
func (s *scene) ruleInForce() GapRule {
	id := s.facility.GapRule
	if id == "" && s.country != nil {
		id = s.country.CustodyGapRule
	}
	rule, _ := s.gapRule(id)
	return rule
}
