package exchange

import (
	"maps"
	"slices"
	"strconv"

	"jol/models"
	"jol/models/protocols"
)

// roleClient is the one role in a protocol that is the patient.
const roleClient models.Role = "client"

// NewPlanDefinition writes a protocol: phases, in them steps, in them branches and
// repetitions, and last the events that time limits count from.
func NewPlanDefinition(d *protocols.Document) PlanDefinition {
	p := PlanDefinition{ResourceType: "PlanDefinition", ID: d.Slug, Language: "en",
		URL: Canonical("PlanDefinition", d.Slug), Version: d.Edition, Name: computerName(d.Slug),
		Type:         Concept{[]Coding{{System: "http://terminology.hl7.org/CodeSystem/plan-definition-type", Code: "clinical-protocol", Display: "Clinical Protocol"}}},
		Jurisdiction: jurisdiction(d), Extension: translationStatus(d.Translations)}
	p.Status, p.Experimental = status(d)
	p.Title, p.TitleExt = translated(d.Title)
	p.Description, p.DescriptionExt = translated(d.Notice)
	for _, s := range d.Sources {
		p.RelatedArtifact = append(p.RelatedArtifact, sourceArtifact(s))
	}
	lines := []string{"#" + d.Title.English, d.Notice.English}
	own, events := stepsOf(d), map[string]bool{}
	for _, ph := range d.Phases {
		phase := Action{ID: ph.ID, Grouping: "logical-group"}
		phase.Title, phase.TitleExt = translated(ph.Title)
		lines = append(lines, "#"+ph.Title.English)
		for i := range ph.Steps {
			s := &ph.Steps[i]
			phase.Action = append(phase.Action, stepAction(d, s, own))
			lines = append(lines, strconv.Itoa(s.Order)+". "+s.Title.English)
			for _, l := range s.Limits {
				events[l.Anchor] = true
			}
		}
		p.Action = append(p.Action, phase)
	}
	delete(events, "")
	if len(events) > 0 {
		p.Action = append(p.Action, eventGroup(slices.Sorted(maps.Keys(events))))
	}
	p.Text = narrative(lines...)
	return p
}

// status is draft and experimental for an edition built from public sources: it is to
// be read and tried, and nobody has approved it. Any other edition served was published.
func status(d *protocols.Document) (code string, experimental bool) {
	if d.Reference {
		return "draft", true
	}
	return "active", false
}

func jurisdiction(d *protocols.Document) []Concept {
	return []Concept{{[]Coding{{System: "urn:iso:std:iso:3166", Code: d.Jurisdiction}}}}
}

// stepsOf is the ids of a document's steps: an action can be related to those only.
func stepsOf(d *protocols.Document) map[string]bool {
	ids := map[string]bool{}
	for _, ph := range d.Phases {
		for _, s := range ph.Steps {
			ids[s.ID] = true
		}
	}
	return ids
}

func stepAction(d *protocols.Document, s *protocols.DocumentStep, own map[string]bool) Action {
	a := Action{ID: s.ID, Prefix: strconv.Itoa(s.Order), Extension: slices.Concat(translationStatus(s.Translations), question(s.Question), safetyStop(s.Stop)),
		Condition: entry(s), Documentation: evidence(s.Sources), Participant: participants(s.Who),
		Definition: Canonical("ActivityDefinition", s.ID) + "|" + d.Edition}
	a.Title, a.TitleExt = translated(s.Title)
	a.TextEquivalent, a.TextEquivalentExt = translated(paragraphs(s.Trigger, s.Do, s.Safety))
	for _, l := range s.Limits {
		switch l.Kind {
		case protocols.KindOffset:
			a.RelatedAction = append(a.RelatedAction, offset(l))
		case protocols.KindRecurring:
			a.Action = append(a.Action, repetition(s.ID, l))
		default: // no number here: the facility or a law sets it
			a.Extension = append(a.Extension, limitExtension(l)...)
		}
	}
	for _, b := range s.Branches {
		a.Action = append(a.Action, branchAction(d, s, b, own))
	}
	return a
}

// branchAction is one way out of a step. Steps of the same protocol that follow are
// related actions. A step of another protocol cannot be: its definition is named, one
// action each.
func branchAction(d *protocols.Document, s *protocols.DocumentStep, b protocols.DocumentBranch, own map[string]bool) Action {
	a := Action{ID: s.ID + "." + b.ID, Condition: []Condition{condition(d, s, b)}, Extension: safetyStop(b.Stop)}
	a.TextEquivalent, a.TextEquivalentExt = translated(b.Wording)
	if b.Outcome != "" {
		code := coding("outcome", b.Outcome, "")
		code.Display, code.DisplayExt = translated(b.Label)
		a.Code = []Concept{{[]Coding{code}}}
	}
	for _, to := range b.To {
		if own[to] {
			a.RelatedAction = append(a.RelatedAction, RelatedAction{ActionID: to, Relationship: "before-start"})
		} else {
			a.Action = append(a.Action, Action{ID: a.ID + "." + to, Definition: Canonical("ActivityDefinition", to)})
		}
	}
	return a
}

// eventGroup lists the events as actions, because FHIR counts an offset from an action.
func eventGroup(anchors []string) Action {
	group := Action{ID: "events", Title: "Events that time limits count from; nothing to do", Grouping: "logical-group"}
	for _, anchor := range anchors {
		group.Action = append(group.Action, Action{ID: anchorID(anchor), Title: anchor,
			Code: []Concept{{[]Coding{coding("anchor", anchor, "")}}}})
	}
	return group
}

// participants are the roles of a step. FHIR knows patients and practitioners, so
// everybody who is there by profession is a practitioner; the role says which.
func participants(who []models.Role) []Participant {
	var out []Participant
	for _, role := range who {
		kind := "practitioner"
		if role == roleClient {
			kind = "patient"
		}
		out = append(out, Participant{Type: kind, Role: Concept{[]Coding{coding("role", string(role), "")}}})
	}
	return out
}
