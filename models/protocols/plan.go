package protocols

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"jol/models"
)

// Plans turns the editions that a Live serves into tasks. It is made before the store,
// which calls it, and is given its Live afterwards, because a Live reads from the store.
type Plans struct {
	live   atomic.Pointer[Live]
	mu     sync.Mutex
	loaded map[string]*Catalog // by protocol and edition; nil for one that nobody knows
	order  []string
}

// Use gives the editions. Until then every plan has to wait.
func (p *Plans) Use(l *Live) { p.live.Store(l) }

// Planner is what the store is opened with.
func (p *Plans) Planner() models.Planner { return models.Planner{Load: p.load, Plan: p.plan} }

var errNoPlans = models.Fail(models.KindUnavailable, "task.plans_not_loaded", "The protocols are being loaded; try again.")

// load compiles an edition, or remembers that there is none: an episode may be pinned to
// something that this service never had, and then the protocol plans nothing for it.
func (p *Plans) load(ctx context.Context, slug, edition string) error {
	live := p.live.Load()
	if live == nil {
		return errNoPlans
	}
	var catalog *Catalog
	e, err := live.Find(slug, edition)
	if err == nil {
		catalog, err = live.Read(ctx, e)
	}
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded == nil {
		p.loaded = map[string]*Catalog{}
	}
	key := slug + " " + edition
	if _, ok := p.loaded[key]; !ok {
		if len(p.order) == maxNamed {
			delete(p.loaded, p.order[0])
			p.order = p.order[1:]
		}
		p.order = append(p.order, key)
	}
	p.loaded[key] = catalog
	return nil
}

func (p *Plans) plan(slug, edition string, e models.PlanEvent, f models.PlanFacts) ([]models.TaskDraft, bool, error) {
	c, ok := p.catalog(slug, edition)
	if c == nil {
		return nil, ok, nil
	}
	drafts, err := c.Plan(slug, e, f)
	return drafts, true, err
}

// catalog looks without waiting for anybody who compiles.
func (p *Plans) catalog(slug, edition string) (*Catalog, bool) {
	if live := p.live.Load(); live != nil {
		if now, _ := live.Catalog().Edition(slug); now == edition && edition != "" {
			return live.Catalog(), true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.loaded[slug+" "+edition]
	return c, ok
}

// stateTriggers are the occasions that begin when an episode begins in a state or reaches
// it (editorial). They and anchorTriggers open the entry steps of the episode's protocol.
var stateTriggers = map[string][]string{
	models.EpisodeScreened:    {"first_contact", "screening", "custody_arrival"},
	models.EpisodeAssessed:    {"assessment", "risk_review"},
	models.EpisodePlanned:     {"diagnosis_made", "plan_drafted", "support_plan"},
	models.EpisodeInTreatment: {"psychosocial_care", "naloxone_supply", "plan_review"},
	models.EpisodeAftercare:   {"aftercare"},
}

// anchorTriggers are the occasions that recorded events are (editorial). An event that is
// not here only sets due times.
var anchorTriggers = map[string][]string{
	"consent_withdrawn":    {"consent_withdrawn"},
	"death":                {"death"},
	"discharge":            {"discharge"},
	"dose_missed":          {"missed_doses"},
	"exposure":             {"custody_infection_offer"},
	"missed_appointment":   {"missed_appointment"},
	"overdose_event":       {"overdose_survived"},
	"planned_release_date": {"release_window", "release_assessment", "release_oat_decision", "release_referrals", "release_documents", "release_meeting"},
	"prison_admission":     {"custody_arrival", "custody_assessment", "custody_infection_offer", "custody_medicine"},
	"reactive_test":        {"infection_check"},
	"release":              {"release_day", "ngo_contact_after_release"},
	"release_decision":     {"release_unplanned"},
	"transfer_decided":     {"custody_transfer"},
	"treatment_request":    {"oat_request_custody"},
}

// clientAnchor reports whether an anchor is about a client: the others are about agreements,
// programmes and reports, and no episode has them.
func clientAnchor(name string) bool {
	return !slices.Contains([]string{"access_request", "agreement_expiry", "agreement_signed", "focal_point_left", "period_end", "planned_first_visit",
		"programme_suspended", "unit_application", "visit_cancelled"}, name)
}

// Plan says which tasks follow from an event, one for each limit that sets a due time. An
// entry step is planned when its condition is certain, the steps after a branch always;
// where a place lacks what a step needs, the step that takes its place is planned.
func (c *Catalog) Plan(slug string, e models.PlanEvent, f models.PlanFacts) ([]models.TaskDraft, error) {
	p, ok := c.content.protocols[slug]
	if !ok {
		return nil, nil
	}
	s := c.content.planScene(e, f)
	plan := planning{evaluation: newEvaluation(s, slug, Inquiry{}, newTexter(c.content, sourceLanguage)), at: f.Now}
	switch {
	case e.Step != "":
		return plan.after(p, e)
	case len(e.Steps) > 0:
		for _, id := range e.Steps {
			step, known := c.content.steps[id]
			if !known {
				if e.Refuse {
					return nil, errStepUnknown
				}
				continue
			}
			plan.add(step, "")
		}
	case e.State != "":
		plan.entries(models.OriginEntry)
	case e.Anchor != "":
		if _, known := c.content.anchors[e.Anchor]; (!known || !clientAnchor(e.Anchor)) && e.Refuse {
			return nil, errAnchorUnknown
		}
		plan.entries(models.OriginAnchor)
	}
	return plan.drafts, nil
}

var (
	errStepUnknown   = fieldError("/step", "task.step_unknown")
	errAnchorUnknown = fieldError("/name", "anchor.name_unknown")
	errBranchUnknown = fieldError("/branch", "task.branch_unknown")
	errNoBranch      = fieldError("/branch", "task.branch_required")
)

func fieldError(pointer, code string) error {
	var c models.Checks
	c.Add(pointer, code)
	return c.Err()
}

// planning is one plan being made.
type planning struct {
	*evaluation
	at     time.Time
	drafts []models.TaskDraft
}

// planScene is what the conditions of a plan may ask about.
func (c *content) planScene(e models.PlanEvent, f models.PlanFacts) *scene {
	zone, err := time.LoadLocation(models.Zone(f.Facility.Country, f.Facility.Region))
	if err != nil {
		zone = time.UTC
	}
	s := &scene{content: c, at: f.Now, zone: zone, country: c.countries[f.Facility.Country], given: map[string]any{}, moments: map[string]Moment{},
		facility: Facility{Country: f.Facility.Country, Region: f.Facility.Region, Setting: setting(f.Facility.Kind), Limits: overridesOf(f.Overrides),
			Capabilities: map[string]bool{"oat": f.Facility.Capabilities.OATAvailable, "buprenorphine": f.Facility.Capabilities.BuprenorphineAvailable,
				"naloxone": f.Facility.Capabilities.THNAllowed, "nsp": f.Facility.Capabilities.NSPAllowed}}}
	for name, a := range f.Anchors {
		m := Moment{Date: a.OnDate}
		if a.At != nil {
			m = Moment{Time: a.At.UTC()}
		}
		if fact := c.facts[name]; fact != nil {
			s.moments[name], s.given[name] = m, m
		}
	}
	s.give("triggers", slices.Concat(stateTriggers[e.State], anchorTriggers[e.Anchor]))
	s.give("legal_basis", f.LegalBase)
	s.give(factSex, f.Sex)
	if f.Age >= 0 {
		s.give("age", int64(f.Age))
	}
	return s
}

// give sets a fact of its type when the edition has it and takes the value.
func (s *scene) give(id string, v any) {
	f := s.facts[id]
	if f == nil || f.Derived != "" {
		return
	}
	switch v := v.(type) {
	case []string:
		codes := slices.DeleteFunc(slices.Sorted(slices.Values(v)), func(code string) bool { return !slices.Contains(f.Values, code) })
		if f.Type == TypeCodes {
			s.given[id] = slices.Compact(codes)
		}
	case string:
		if f.Type == TypeCode && slices.Contains(f.Values, v) {
			s.given[id] = v
		}
	case int64:
		if f.Type == TypeInt {
			s.given[id] = v
		}
	}
}

func setting(kind models.OrganisationKind) string {
	switch kind {
	case models.KindPrisonHealth:
		return settingPrison
	case models.KindNGO:
		return "ngo"
	}
	return "clinic"
}

func overridesOf(list []models.LimitOverride) []LimitOverride {
	var out []LimitOverride
	for _, o := range list {
		out = append(out, LimitOverride{Step: o.Step, Limit: o.LimitID, Offset: o.Offset, WorkingDays: o.WorkingDays, Hard: o.Hard, Basis: Editorial, Reason: o.Reason})
	}
	return out
}

// entries plans the entry steps whose condition holds, or what takes their place.
func (p *planning) entries(origin string) {
	p.enter()
	p.reached(origin)
}

// reached plans the steps that were arrived at, and no step further: what follows a step
// is planned when it is done.
func (p *planning) reached(origin string) {
	for len(p.queue) > 0 {
		v := p.queue[0]
		p.queue = p.queue[1:]
		if v.step.Needs == "" || p.available(v) {
			p.add(v.step, origin)
		}
	}
}

// after plans what follows a step that was done: the next occasion of a recurring limit,
// and the steps that its branch leads to. Without a branch those follow whose conditions
// are certain.
func (p *planning) after(pr *protocol, e models.PlanEvent) ([]models.TaskDraft, error) {
	s, ok := p.steps[e.Step]
	if !ok {
		return nil, nil
	}
	for _, l := range p.limits(s) {
		if l.ID == e.Limit && l.Kind == KindRecurring && sets(l) {
			p.again(s, l)
		}
	}
	if e.Branch != "" {
		i := slices.IndexFunc(s.Branches, func(b Branch) bool { return b.ID == e.Branch })
		if i < 0 {
			return nil, errBranchUnknown
		}
		p.follow(&visit{step: s}, &s.Branches[i], ReasonAnswer, nil, map[string]any{})
		p.reached(models.OriginBranch)
		return p.drafts, nil
	}
	if e.Refuse && slices.ContainsFunc(s.Branches, func(b Branch) bool { return b.Ask }) {
		return nil, errNoBranch
	}
	p.computed(&visit{step: s})
	p.reached(models.OriginBranch)
	return p.drafts, nil
}

// add plans one step: a task for each limit by which something is to be done, and one
// without a due time when there is no such limit.
func (p *planning) add(s *Step, origin string) {
	before := len(p.drafts)
	limits := p.limits(s)
	for _, l := range limits {
		if sets(l) && !stricter(l, limits) {
			p.drafts = append(p.drafts, p.draft(s, l, p.due(s, l), origin))
		}
	}
	if len(p.drafts) == before {
		p.drafts = append(p.drafts, models.TaskDraft{Step: s.ID, Roles: rolesOf(s), Origin: origin})
	}
}

// sets reports whether a limit says by when. One that says not before when, or that the
// facility sets, does not.
func sets(l Limit) bool { return l.Kind != KindLocal && l.Bound != "min" }

// stricter reports whether a limit is another one of the step for some cases only, which
// its id says: answer and answer-urgent. It is no work of its own.
func stricter(l Limit, all []Limit) bool {
	return slices.ContainsFunc(all, func(o Limit) bool { return o.Anchor == l.Anchor && strings.HasPrefix(l.ID, o.ID+"-") })
}

func rolesOf(s *Step) []models.Role {
	return slices.DeleteFunc(slices.Clone(s.Who), func(r models.Role) bool { return r == roleClient })
}

func (p *planning) draft(s *Step, l Limit, d Deadline, origin string) models.TaskDraft {
	out := models.TaskDraft{Step: s.ID, Limit: l.ID, Anchor: l.Anchor, Hard: l.Hard, Basis: string(l.Basis), Uncertain: d.Uncertain, Roles: rolesOf(s), Origin: origin}
	if !d.At.IsZero() {
		at := d.At.UTC().Truncate(time.Millisecond)
		out.DueAt = &at
	}
	return out
}

// limits are those of a step as they are in force: changed by the country, then by the
// facility.
func (p *planning) limits(s *Step) []Limit {
	overrides := p.facility.Limits
	if p.country != nil {
		overrides = append(slices.Clone(p.country.Overrides), overrides...)
	}
	out := make([]Limit, len(s.Limits))
	for i, l := range s.Limits {
		out[i] = l.Override(s.ID, overrides)
	}
	return out
}

func (p *planning) due(s *Step, l Limit) Deadline {
	var calendar Calendar
	if p.country != nil {
		calendar = p.country.Calendar
	}
	moments := p.moments
	if l.Anchor == "" && l.Kind == KindRecurring { // again and again, counted from now
		l.Anchor = "now"
		moments = maps.Clone(moments)
		moments[l.Anchor] = Moment{Time: p.at}
	}
	return Due(l, s.ID, moments, calendar, p.zone, nil)
}

// maxCount is the largest number that a duration of the content may have.
const maxCount = 9999

// again plans the next occasion of a recurring limit that was done now, unless the limit
// has come to its end.
func (p *planning) again(s *Step, l Limit) {
	end := Deadline{}
	if l.Until != "" {
		last := l
		last.Kind, last.Offset = KindOffset, l.Until
		end = p.due(s, last)
	}
	n, unit := splitDuration(l.Every)
	next := l
	for k := 1; n > 0 && k*n <= maxCount; k++ {
		next.Offset = times(n*k, unit)
		d := p.due(s, next)
		if d.Missing != "" || !end.At.IsZero() && d.At.After(end.At) {
			return
		}
		if d.At.After(p.at) {
			p.drafts = append(p.drafts, p.draft(s, l, d, models.OriginRecurring))
			return
		}
	}
}

// times writes a duration as splitDuration reads it.
func times(n int, u unit) string {
	if rest, ok := strings.CutPrefix(string(u), "t"); ok {
		return "PT" + strconv.Itoa(n) + rest
	}
	return "P" + strconv.Itoa(n) + string(u)
}

// StepTitle returns the title of a step in a language, or in English; ok is false when the
// catalogue has no such step.
func (c *Catalog) StepTitle(step, lang string) (title string, ok bool) {
	s, ok := c.content.steps[step]
	if !ok {
		return "", false
	}
	return newTexter(c.content, lang).step(s).title, true
}
