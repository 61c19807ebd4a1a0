package handlers

import (
	"cmp"

	"jol/models"
)

// The words of the client's own view. A sheet of paper is found by a partner, an employer
// or the police: it must not say what the care is for, what was found, or where. So every
// word comes from this closed list; names of organisations, codes of clients, substances,
// diagnoses and tests never reach the sheet. A test looks for the words that would harm.
// The Russian and Kazakh texts are drafts until somebody who speaks the language reviewed them.
var summaryWords = map[string]map[string]string{
	"en": {
		"title": "Your record: a summary", "printed": "Printed on", "recorded": "What is written down about you", "looked": "Who opened your record here",
		"given": "What was passed on to others", "consents": "What you have allowed", "nothing": "Nothing.", "to": "to", "until": "until", "from": "from", "entries": "entries",
		"how":               "You may take back what you allowed at any time, without giving a reason: tell any worker here. It takes effect at once. You may ask for a copy of this sheet, and ask for what is wrong to be corrected.",
		"what.registration": "Registration", "what.care": "Notes of your care", "what.visits": "Visits", "what.plan": "Plans and goals", "what.items": "Items given to you",
		"what.dates": "Dates and appointments", "what.sent": "Meetings arranged with other services", "what.other": "Other notes",
		"who.doctor": "doctor", "who.nurse": "nurse", "who.counsellor": "counsellor", "who.support": "support worker", "who.office": "office worker", "who.other": "worker",
		"place.health": "a health service", "place.support": "a support service", "place.office": "a public office", "place.close": "a person close to you", "place.lawyer": "your lawyer", "place.other": "another service",
		"basis.consent": "you allowed it", "basis.care": "those who care for you now may see it", "basis.emergency": "in an emergency", "basis.law": "the law asked for it",
		"state.given": "in force", "state.expired": "ended by its date", "state.withdrawn": "taken back", "state.refused": "you said no", "state.offered": "you were asked", "state.invalid": "found not valid",
	},
	"ru": {
		"title": "Ваша запись: краткий обзор", "printed": "Напечатано", "recorded": "Что о вас записано", "looked": "Кто открывал вашу запись здесь",
		"given": "Что передано другим", "consents": "Что вы разрешили", "nothing": "Ничего.", "to": "кому", "until": "до", "from": "с", "entries": "записей",
		"how":               "Вы можете отозвать разрешение в любое время, без объяснений: скажите любому работнику здесь. Это действует сразу. Вы можете попросить копию этого листа и исправление ошибок.",
		"what.registration": "Регистрация", "what.care": "Заметки о помощи вам", "what.visits": "Посещения", "what.plan": "Планы и цели", "what.items": "Выданные вам предметы",
		"what.dates": "Даты и встречи", "what.sent": "Встречи с другими службами", "what.other": "Другие заметки",
		"who.doctor": "врач", "who.nurse": "медсестра", "who.counsellor": "консультант", "who.support": "работник поддержки", "who.office": "служащий", "who.other": "работник",
		"place.health": "служба здоровья", "place.support": "служба поддержки", "place.office": "учреждение", "place.close": "близкий вам человек", "place.lawyer": "ваш адвокат", "place.other": "другая служба",
		"basis.consent": "вы разрешили", "basis.care": "видят те, кто сейчас вам помогает", "basis.emergency": "в неотложном случае", "basis.law": "этого потребовал закон",
		"state.given": "действует", "state.expired": "срок вышел", "state.withdrawn": "отозвано", "state.refused": "вы отказались", "state.offered": "вас спросили", "state.invalid": "признано недействительным",
	},
	"kk": {
		"title": "Сіз туралы жазба: қысқаша шолу", "printed": "Басылған күні", "recorded": "Сіз туралы не жазылған", "looked": "Мұнда жазбаңызды кім ашты",
		"given": "Басқаларға не берілді", "consents": "Сіз не нәрсеге рұқсат бердіңіз", "nothing": "Ештеңе жоқ.", "to": "кімге", "until": "дейін", "from": "бастап", "entries": "жазба",
		"how":               "Рұқсатыңызды кез келген уақытта, себебін айтпай, қайтарып ала аласыз: осындағы кез келген қызметкерге айтыңыз. Ол бірден күшіне енеді. Осы парақтың көшірмесін және қатені түзетуді сұрай аласыз.",
		"what.registration": "Тіркеу", "what.care": "Сізге көмек туралы жазбалар", "what.visits": "Келулер", "what.plan": "Жоспарлар мен мақсаттар", "what.items": "Сізге берілген заттар",
		"what.dates": "Күндер мен кездесулер", "what.sent": "Басқа қызметтермен кездесулер", "what.other": "Басқа жазбалар",
		"who.doctor": "дәрігер", "who.nurse": "мейіргер", "who.counsellor": "кеңесші", "who.support": "қолдау қызметкері", "who.office": "кеңсе қызметкері", "who.other": "қызметкер",
		"place.health": "денсаулық қызметі", "place.support": "қолдау қызметі", "place.office": "мекеме", "place.close": "жақын адамыңыз", "place.lawyer": "адвокатыңыз", "place.other": "басқа қызмет",
		"basis.consent": "сіз рұқсат бердіңіз", "basis.care": "қазір сізге көмектесетіндер көреді", "basis.emergency": "шұғыл жағдайда", "basis.law": "заң талап етті",
		"state.given": "күшінде", "state.expired": "мерзімі өтті", "state.withdrawn": "қайтарып алынды", "state.refused": "сіз бас тарттыңыз", "state.offered": "сізден сұралды", "state.invalid": "жарамсыз деп танылды",
	},
}

// summaryLanguages are the languages of the sheet, English first.
var summaryLanguages = []string{"en", "ru", "kk"}

// neutralCategory is the heading under which a category stands on the sheet. One that is
// not named here is a note of care: nothing new can leak by being forgotten.
func neutralCategory(c models.Category) string {
	switch c {
	case models.CatIdentity:
		return "what.registration"
	case models.CatAttendance, models.CatEpisode, models.CatTreatmentFact:
		return "what.visits"
	case models.CatPlanSocial, models.CatPlanClinical:
		return "what.plan"
	case models.CatNaloxone:
		return "what.items"
	case models.CatReleaseDate, models.CatReleasePlan, models.CatReleaseCase, models.CatCustody:
		return "what.dates"
	case models.CatReferral, models.CatTransfer:
		return "what.sent"
	case models.CatIncident, models.CatComplaint, models.CatConsent, models.CatDisclosureLog, models.CatAccessPass:
		return "what.other"
	}
	return "what.care"
}

// neutralRole says who somebody is without saying of which field.
func neutralRole(r models.Role) string {
	switch r {
	case models.RoleClinician, models.RoleNarcologist, models.RolePrisonMedical:
		return "who.doctor"
	case models.RoleNurse:
		return "who.nurse"
	case models.RolePsychologist:
		return "who.counsellor"
	case models.RoleSocialWorker, models.RoleNGOOutreach, models.RoleNGOCoordinator, models.RolePeerNavigator:
		return "who.support"
	case models.RoleProbationOfficer, models.RoleAdministrator, models.RolePrisonManagement, models.RolePrisonSecurity:
		return "who.office"
	}
	return "who.other"
}

// neutralPlace says what kind of service received something, never its name: names of
// organisations say what they treat.
func neutralPlace(kind models.OrganisationKind, recipient string) string {
	switch cmp.Or(string(kind), recipient) {
	case string(models.KindClinic), string(models.KindPrisonHealth), "epidemiology", "other_health":
		return "place.health"
	case string(models.KindNGO):
		return "place.support"
	case string(models.KindProbation), string(models.KindPrison), string(models.KindMinistry), "court", "prosecutor", "police", "ombudsman":
		return "place.office"
	case "relative":
		return "place.close"
	case "lawyer":
		return "place.lawyer"
	}
	return "place.other"
}

// neutralBasis says why something was passed on.
func neutralBasis(consent, ground string) string {
	switch {
	case consent != "":
		return "basis.consent"
	case ground == string(models.Team), ground == string(models.InCustody), ground == "continuity_of_care", ground == models.HeldBySender:
		return "basis.care"
	case ground == string(models.Emergency), ground == "imminent_danger", ground == "unable_to_consent":
		return "basis.emergency"
	}
	return "basis.law"
}
