package exchange

import (
	"strconv"
	"strings"

	"jol/models/protocols"
)

const ucum = "http://unitsofmeasure.org"

// units are the units of an ISO 8601 duration of one unit: M is a month in the date
// part and a minute in the time part.
var units = map[string]struct{ code, name string }{
	"Y": {"a", "years"}, "M": {"mo", "months"}, "D": {"d", "days"},
	"TH": {"h", "hours"}, "TM": {"min", "minutes"}, "TS": {"s", "seconds"},
}

// duration turns an ISO 8601 duration of one unit into a quantity of UCUM; nil when
// there is none. The loader has checked the form.
func duration(iso string) *Duration {
	if len(iso) < 3 {
		return nil
	}
	number, unit := iso[1:len(iso)-1], iso[len(iso)-1:]
	if number[0] == 'T' {
		number, unit = number[1:], "T"+unit
	}
	value, err := strconv.Atoi(number)
	u, ok := units[unit]
	if err != nil || !ok {
		return nil
	}
	return &Duration{Value: value, Unit: u.name, System: ucum, Code: u.code}
}

// anchorID is the id of the event that limits count from. A FHIR id has no underscore.
func anchorID(anchor string) string { return "event." + strings.ReplaceAll(anchor, "_", "-") }

// offset relates a step to the event its limit counts from. A bound is about the moment
// on the time line, a comparator about the distance from the event: "not later" than a
// moment before the event is a distance of at least so much.
func offset(l protocols.DocumentLimit) RelatedAction {
	r := RelatedAction{ActionID: anchorID(l.Anchor), Relationship: "after-end", Extension: limitExtension(l)}
	comparators := map[string]string{"max": "<=", "min": ">="}
	if l.Direction == "before" {
		r.Relationship = "before-start"
		comparators = map[string]string{"max": ">=", "min": "<="}
	}
	if r.Offset = duration(l.Offset); r.Offset != nil {
		r.Offset.Comparator = comparators[l.Bound]
	}
	return r
}

// repetition is a recurring limit as an action of its own: a step may have several, and
// an action one timing.
func repetition(step string, l protocols.DocumentLimit) Action {
	a := Action{ID: step + ".every." + l.ID, Extension: limitExtension(l)}
	if every := duration(l.Every); every != nil {
		a.Timing = &Timing{Repeat{Bounds: duration(l.Until), Frequency: 1, Period: every.Value, PeriodUnit: every.Code}}
		if most := duration(l.EveryMax); most != nil && most.Code == every.Code {
			a.Timing.Repeat.PeriodMax = most.Value
		}
	}
	if l.Anchor != "" {
		a.RelatedAction = []RelatedAction{{ActionID: anchorID(l.Anchor), Relationship: "after-end"}}
	}
	a.TextEquivalent, a.TextEquivalentExt = translated(l.Wording)
	return a
}

// limitExtension says what FHIR has no place for: the bound, working days, the basis
// and the wording.
func limitExtension(l protocols.DocumentLimit) []Extension {
	e := Extension{URL: definition("limit"), Extension: []Extension{
		{URL: "id", ValueCode: l.ID}, {URL: "kind", ValueCode: l.Kind}, {URL: "basis", ValueCode: string(l.Basis)}}}
	if l.Bound != "" {
		e.Extension = append(e.Extension, Extension{URL: "bound", ValueCode: l.Bound})
	}
	if l.WorkingDays {
		e.Extension = append(e.Extension, Extension{URL: "workingDays", ValueBoolean: true})
	}
	if l.Hard {
		e.Extension = append(e.Extension, Extension{URL: "hard", ValueBoolean: true})
	}
	if l.Source != "" {
		e.Extension = append(e.Extension, Extension{URL: "source", ValueCode: l.Source})
	}
	if l.Wording.English != "" {
		e.Extension = append(e.Extension, textExtension("wording", l.Wording))
	}
	return []Extension{e}
}
