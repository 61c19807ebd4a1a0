package exchange

import (
	"slices"
	"strings"
)

// The units of what is worked out from counts. A count is one of unitPersons, the unit of a
// sum, or an event of eventUnits.
const (
	unitPersons = "persons"
	unitPercent = "percent"
	unitYears   = "years"
	unitDays    = "days"
)

// eventUnits say what an indicator counts that does not count persons and sums nothing.
var eventUnits = map[string]string{
	"TDI01S": "mentions", "TDI06": "items", "COC21": "custody_exits", "COC21X": "custody_exits", "COC21R": "custody_exits",
	"COC01": "custody_exits", "REF01": "referrals", "WAITQ": "referrals", "WAIT21": "interventions", "RET12": "journeys",
}

// countUnit is the unit of the counts of a table.
func (t *SealedTable) countUnit() string {
	if t.Unit != "" {
		return t.Unit
	}
	if unit := eventUnits[t.Indicator]; unit != "" {
		return unit
	}
	return unitPersons
}

// figureUnit is the unit of what is worked out from the counts: one kind of figure.
func (t *SealedTable) figureUnit(kind string) string {
	switch {
	case kind == KindMean:
		return unitYears
	case kind == KindCoverage && t.Unit != "":
		return t.Unit + "_per_person"
	}
	return unitPercent
}

// contactRates are the indicators that divide by an estimate of a population, and by the
// people whom the services know: a rate of theirs is none of the population.
var contactRates = []string{"OAT01", "NSP01", "NSP02"}

// ofWhom says what a figure of the table is a share of, where that could be taken for
// something else; empty where the title says it.
func (t *SealedTable) ofWhom(kind, lang string) string {
	switch {
	case kind == KindRate && slices.Contains(contactRates, t.Indicator):
		return wordsOf("of_contact").In(lang)
	case kind == KindCoverage && t.Unit != "":
		return wordsOf("unit_"+t.figureUnit(kind)).In(lang) + ", " + wordsOf("of_estimate").In(lang)
	case kind == KindCoverage:
		return wordsOf("of_estimate").In(lang)
	}
	return ""
}

// shown is the kind of figure that a picture draws: rates where there are some, else counts.
func (t *SealedTable) shown() string {
	if len(t.figures(KindRate)) > 0 {
		return KindRate
	}
	return ""
}

// titleOf is the title over figures of one kind.
func (t *SealedTable) titleOf(kind, lang string) string {
	title := t.Title.In(lang)
	if of := t.ofWhom(kind, lang); of != "" {
		title += " (" + of + ")"
	}
	return title
}

// unitWords names the unit of the counts for people. Of days it says how a person-year
// follows from them.
func (t *SealedTable) unitWords() Words { return wordsOf("unit_" + t.countUnit()) }

// unitNote is the sentence on the unit that stands beside the numbers.
func (t *SealedTable) unitNote(lang string) string {
	note := wordsOf("unit").In(lang) + ": " + t.unitWords().In(lang) + "."
	if t.Unit == unitDays {
		note += " " + wordsOf("person_years").In(lang)
	}
	return note
}

// methodNote is the unit, the rule and the method of a table, in plain words.
func (t *SealedTable) methodNote() Words {
	all := Words{}
	for _, lang := range Languages {
		all[lang] = strings.TrimSpace(t.unitNote(lang) + " " + t.Method.Text.In(lang))
	}
	return all
}

// Titles that named another thing than the table counts, in releases sealed before they
// were put right, and the right ones: OAT02 and NSP03 always were sums of days and of
// syringes, SDG351 a count of people.
var oldTitles = map[string]map[string][2]string{
	"OAT02": {
		"en": {"Person-years on agonist treatment", "Days on agonist treatment"},
		"ru": {"Человеко-годы на терапии агонистами", "Дни на терапии агонистами"},
		"kk": {"Агонистермен терапиядағы адам-жылдар", "Агонистермен терапиядағы күндер"},
	},
	"NSP03": {
		"en": {"Syringes for a person who injects and year", "Syringes given to known clients"},
		"ru": {"Шприцев на одного потребителя инъекционных наркотиков в год", "Шприцы, выданные известным клиентам"},
		"kk": {"Инъекциялық есірткі қолданатын бір адамға жылына шприц", "Белгілі клиенттерге берілген шприцтер"},
	},
	"SDG351": {
		"en": {"Treatment contact coverage", "People in treatment in the year"},
		"ru": {"Охват лечением", "Лица, получавшие лечение в течение года"},
		"kk": {"Еммен қамту", "Жыл ішінде ем алған адамдар"},
	},
}

// rightTitle keeps a title from naming another thing than the table counts.
func (t *SealedTable) rightTitle() {
	for lang, old := range oldTitles[t.Indicator] {
		if rest, ok := strings.CutPrefix(t.Title[lang], old[0]); ok {
			t.Title[lang] = old[1] + rest
		}
	}
}
