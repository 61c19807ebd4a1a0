package protocols

import (
	"maps"
	"slices"
)

// pinTranslations remembers which English text each translation of the base was made
// from. An overlay that changes the English then shows the translations as stale, also
// those that never carried a hash.
func (l *layer) pinTranslations() {
	en := l.protocol.texts[sourceLanguage]
	if en == nil {
		return
	}
	for lang, t := range l.protocol.texts {
		for id, st := range t.steps {
			f, i := l.find(id)
			if lang != sourceLanguage && st.sourceHash == "" && f != nil && en.steps[id] != nil {
				st.sourceHash = en.steps[id].hash(f.steps[i])
			}
		}
	}
}

// texts merges the overlay's texts, language by language and field by field.
func (l *layer) texts() {
	changed := l.changes.protocols[l.slug]
	if changed == nil {
		return
	}
	for _, lang := range slices.Sorted(maps.Keys(changed.texts)) {
		from := changed.texts[lang]
		into, ok := l.protocol.texts[lang]
		if !ok {
			l.protocol.texts[lang] = from
			continue
		}
		into.status = worse(into.status, from.status)
		over(&into.title, from.title)
		over(&into.notice, from.notice)
		maps.Copy(into.phases, from.phases)
		for id, st := range from.steps {
			if lang == sourceLanguage {
				l.dropNumbers(id, st)
			}
			if into.steps[id] == nil {
				into.steps[id] = st
			} else {
				into.steps[id].patch(st)
			}
		}
	}
}

func over(into *phrase, from phrase) {
	if from.text != "" {
		*into = from
	}
}

// patch takes over the texts that other has. A translator who touches a step answers for
// it against the English of this edition, unless a hash says otherwise.
func (t *stepText) patch(other *stepText) {
	for _, f := range []struct {
		into *string
		from string
	}{
		{&t.title, other.title}, {&t.trigger, other.trigger}, {&t.do, other.do}, {&t.record, other.record}, {&t.safety, other.safety},
	} {
		if f.from != "" {
			*f.into = f.from
		}
	}
	for id, b := range other.branches {
		have := t.branches[id]
		if b.condition != "" {
			have.condition = b.condition
		}
		if b.wording != "" {
			have.wording = b.wording
		}
		have.at = b.at
		t.branches[id] = have
	}
	maps.Copy(t.limits, other.limits)
	t.status, t.sourceHash, t.at = worse(t.status, other.status), other.sourceHash, other.at
}

// dropNumbers forgets the numbers of English texts that the overlay rewrites, unless the
// overlay lists numbers for them itself: a basis was said of words that are gone.
func (l *layer) dropNumbers(id string, st *stepText) {
	f, i := l.find(id)
	if f == nil {
		return
	}
	own := map[string]bool{}
	for _, from := range l.changes.stepFiles {
		for _, s := range from.steps {
			for _, n := range s.Numbers {
				own[s.ID+" "+n.Field] = true
			}
		}
	}
	step := f.steps[i]
	rewritten := map[string]bool{}
	for _, t := range st.fields(step) {
		rewritten[t.path] = t.text != ""
	}
	step.Numbers = slices.DeleteFunc(step.Numbers, func(n Number) bool { return rewritten[n.Field] && !own[id+" "+n.Field] })
}
