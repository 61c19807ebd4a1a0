package exchange

import (
	"fmt"
	"strings"

	"jol/models"
)

// Languages of everything that people read in an export, a picture or a report.
var Languages = []string{"en", "ru", "kk"}

// wordsOf returns a phrase of the list below; a test asks for each that is used.
func wordsOf(key string) Words { return phrases[key] }

func say(en, ru, kk string) Words { return Words{"en": en, "ru": ru, "kk": kk} }

// phrases are what the writers say themselves. The verbs of a phrase are in one order in
// every language.
var phrases = map[string]Words{
	"flag_":                 say("", "", ""),
	"flag_below_floor":      say("not shown: counts too small", "не показано: слишком малые числа", "көрсетілмеді: сандар тым аз"),
	"flag_structural":       say("exact 0: the country does not offer this", "точный 0: в стране этого нет", "дәл 0: елде бұл жоқ"),
	"flag_merged":           say("several codes together", "несколько кодов вместе", "бірнеше код бірге"),
	"flag_no_estimate":      say("not known: no population estimate is loaded", "неизвестно: оценка численности не загружена", "белгісіз: халық санының бағасы енгізілмеген"),
	"flag_estimate_unknown": say("not known: the estimate is of another kind", "неизвестно: оценка другого вида", "белгісіз: баға басқа түрге жатады"),
	"flag_few_clients":      say("not given: fewer than 50 counted", "не приводится: учтено менее 50", "берілмейді: 50-ден аз есептелді"),
	"flag_hidden_bands":     say("not given: too much is in bands that are not shown", "не приводится: слишком многое в непоказанных группах", "берілмейді: көрсетілмеген топтарда тым көп"),
	"below":                 say("below %d: few or none; may be zero", "меньше %d: мало или ни одного; может быть нулём", "%d-ден аз: аз немесе жоқ; нөл болуы мүмкін"),
	"estimate":              say("Estimated population %s; source: %s.", "Оценка численности %s; источник: %s.", "Бағаланған сан %s; дереккөзі: %s."),
	"empty_cell": say("An empty cell is a count that is not shown: few or none, and it may be zero.", "Пустая ячейка — непоказанное число: мало или ни одного, может быть и ноль.",
		"Бос ұяшық — көрсетілмеген сан: аз немесе жоқ, нөл болуы да мүмкін."),
	"interval": say("lo95 to hi95 holds the true count in at least 95 of 100 cases. It covers the noise, not who was missed.",
		"Истинное число лежит между lo95 и hi95 не менее чем в 95 случаях из 100. Интервал учитывает шум, но не тех, кто не учтён.",
		"Шын сан 100 жағдайдың кемінде 95-інде lo95 пен hi95 арасында. Аралық шуды ғана ескереді, есепке алынбағандарды ескермейді."),
	"budget": say("The noise is no proof that nobody can be recognised: who already knows everyone else can learn more. The budget says how much all releases of a year give away at most.",
		"Шум не доказывает, что никого нельзя узнать: тот, кто знает всех остальных, может узнать больше. Бюджет показывает, сколько самое большее раскрывают все выпуски года.",
		"Шу ешкімді тануға болмайтынына дәлел емес: қалғанының бәрін білетін адам көбірек біле алады. Бюджет жыл бойғы барлық шығарылымның ең көбі қанша ашатынын көрсетеді."),
	"budget_is": say("The budget of this plan for a client and year is", "Бюджет этого плана на клиента и год:", "Осы жоспардың бір клиентке және жылға бюджеті:"),
	"other_noise": say("That is said of people entering treatment; other figures carry more noise, and the interval beside each says how much.",
		"Это сказано о лицах, начавших лечение; к другим показателям добавлен больший шум, насколько — показывает интервал рядом.",
		"Бұл емдеуге түскендер туралы айтылған; басқа көрсеткіштерге көбірек шу қосылған, қанша екенін жанындағы аралық көрсетеді."),
	"region_names": say("Regions are ISO 3166-2 codes.", "Регионы обозначены кодами ISO 3166-2.", "Өңірлер ISO 3166-2 кодтарымен белгіленген."),
	"country":      say("country", "страна", "ел"),

	// Pictures and the report.
	"chart_desc": say("%s: %d of %d rows shown as a number, the others are below the floor. Thin lines are 95 %% intervals of the noise. The numbers: %s.",
		"%s: показано строк: %d из %d, остальные ниже порога. Тонкие линии — 95%% интервалы шума. Числа: %s.",
		"%s: %d жол көрсетілді, барлығы %d, қалғаны шектен төмен. Жіңішке сызықтар — шудың 95%% аралығы. Сандар: %s."),
	"legend":         say("Bar: published count or rate. Thin line: 95 % interval of the noise. Hatched: below the floor, few or none.", "Полоса — опубликованное число или показатель. Тонкая линия — 95% интервал шума. Штриховка — ниже порога: мало или ни одного.", "Жолақ — жарияланған сан не көрсеткіш. Жіңішке сызық — шудың 95% аралығы. Штрих — шектен төмен: аз немесе жоқ."),
	"legend_line":    say("Dots joined: published figures. Thin line: 95 % interval of the noise. Open square: below the floor.", "Точки — опубликованные значения. Тонкая линия — 95% интервал шума. Пустой квадрат — ниже порога.", "Нүктелер — жарияланған мәндер. Жіңішке сызық — шудың 95% аралығы. Бос шаршы — шектен төмен."),
	"not_given":      say("not given", "не приводится", "берілмейді"),
	"situation":      say("Treatment situation", "Ситуация с лечением", "Емдеу жағдайы"),
	"key_figures":    say("Key figures", "Основные показатели", "Негізгі көрсеткіштер"),
	"indicator":      say("Indicator", "Показатель", "Көрсеткіш"),
	"value":          say("Value", "Значение", "Мәні"),
	"interval_col":   say("95 % interval", "95% интервал", "95% аралық"),
	"of":             say("Numerator / denominator", "Числитель / знаменатель", "Алым / бөлім"),
	"of_estimate":    say("of the estimated population", "от оценки численности", "бағаланған саннан"),
	"unit_days":      say("days", "дни", "күн"),
	"unit_syringes":  say("syringes", "шприцы", "шприц"),
	"method":         say("How to read these numbers", "Как читать эти числа", "Бұл сандарды қалай оқу керек"),
	"release":        say("Release", "Выпуск", "Шығарылым"),
	"sealed_at":      say("sealed on", "запечатан", "мөрленген күні"),
	"empty_report":   say("This release has no table for this page.", "В этом выпуске нет таблиц для этой страницы.", "Бұл шығарылымда бұл бетке арналған кесте жоқ."),
	"reading":        say("These are published, perturbed counts of people and events in treatment services. They say nothing about people who never came. A difference between two periods that is smaller than their intervals may be noise alone.", "Это опубликованные числа с добавленным шумом о людях и событиях в лечебных службах. О тех, кто не обращался, они ничего не говорят. Различие двух периодов, которое меньше их интервалов, может быть только шумом.", "Бұл — емдеу қызметтеріндегі адамдар мен оқиғалардың шу қосылған жарияланған саны. Келмегендер туралы ештеңе айтпайды. Екі кезеңнің аралықтарынан кіші айырмасы шу ғана болуы мүмкін."),
	"provisional":    say("Provisional: late entries are still coming in.", "Предварительно: данные ещё поступают.", "Алдын ала: деректер әлі түсіп жатыр."),
	"st_provisional": say("provisional", "предварительный", "алдын ала"),
	"st_final":       say("final", "окончательный", "түпкілікті"),
	"st_annual":      say("annual", "годовой", "жылдық"),
	"st_revision":    say("revision", "пересмотр", "қайта қаралған"),
}

// codeWords name the codes of dimensions without a code list.
var codeWords = map[string]Words{
	"sex F": say("women", "женщины", "әйелдер"), "sex M": say("men", "мужчины", "ерлер"),
	"drug opioids":          say("opioids", "опиоиды", "опиоидтар"),
	"drug stimulants":       say("stimulants with cocaine", "стимуляторы и кокаин", "стимуляторлар мен кокаин"),
	"drug other_or_unknown": say("other or unknown", "другое или неизвестно", "басқа не белгісіз"),
	"drug6 sedatives":       say("sedatives", "седативные", "седативтер"),
	"drug6 cannabis":        say("cannabis", "каннабис", "каннабис"),
	"drug6 hallucinogens_volatile_synthetic": say("hallucinogens, inhalants, synthetic cannabinoids", "галлюциногены, ингалянты, синтетические каннабиноиды",
		"галлюциногендер, ингалянттар, синтетикалық каннабиноидтар"),
	"centre outpatient":       say("outpatient", "амбулаторно", "амбулаториялық"),
	"centre inpatient":        say("inpatient", "стационар", "стационар"),
	"centre prison":           say("prison", "учреждение УИС", "қамау мекемесі"),
	"centre other":            say("other", "другое", "басқа"),
	"substance_class drugs":   say("drugs", "наркотики", "есірткі"),
	"substance_class alcohol": say("alcohol", "алкоголь", "алкоголь"),
	"measure numerator":       say("numerator", "числитель", "алым"),
	"measure denominator":     say("denominator", "знаменатель", "бөлім"),
	" not_applicable":         say("does not apply", "не относится", "қатысы жоқ"),
	" 99":                     say("not known", "неизвестно", "белгісіз"),
	"drug_group 1":            say("opioids", "опиоиды", "опиоидтар"),
	"drug_group 2":            say("cocaine", "кокаин", "кокаин"),
	"drug_group 3":            say("other stimulants", "другие стимуляторы", "басқа стимуляторлар"),
	"drug_group 4":            say("hypnotics and sedatives", "снотворные и седативные", "ұйықтатқыш және седативтер"),
	"drug_group 5":            say("hallucinogens", "галлюциногены", "галлюциногендер"),
	"drug_group 6":            say("volatile inhalants", "летучие ингалянты", "ұшпа ингалянттар"),
	"drug_group 7":            say("cannabis", "каннабис", "каннабис"),
	"drug_group 8":            say("alcohol", "алкоголь", "алкоголь"),
	"drug_group 9":            say("other", "другое", "басқа"),
}

// sameWords lists dimensions that share the words of another.
var sameWords = map[string]string{"drug6": "drug", "secondary_drug_group": "drug_group"}

// codeLists are those of the dimensions that have one; their labels are English.
var codeLists = map[string]string{
	"centre_type": "tdi_centre_type", "previous_treatment": "tdi_previous_treatment", "referral_source": "tdi_referral_source",
	"living_with": "tdi_living_with", "children": "tdi_children", "living_where": "tdi_living_where", "labour": "tdi_labour",
	"education": "tdi_education", "route": "tdi_route", "frequency": "tdi_frequency_30d", "injecting": "tdi_injecting",
	"sharing": "tdi_sharing", "hiv_test": "tdi_test_hiv_hcv", "hcv_test": "tdi_test_hiv_hcv", "ost": "tdi_ost", "polydrug": "tdi_polydrug",
}

// codeName is what a code is called in a language; a code without a translation keeps its
// English label, one without a label the code itself.
func (s *Sealed) codeName(dimension, code, lang string) string {
	for _, d := range []string{dimension, sameWords[dimension], ""} {
		if w, ok := codeWords[d+" "+code]; ok {
			return w.In(lang)
		}
	}
	switch dimension {
	case dimRegion:
		return s.regionName(code)
	case "drug_row":
		return rowName(code)
	}
	if list, ok := models.CodeListByID(codeLists[dimension]); ok {
		for _, c := range list.Codes {
			if c.Code == code {
				return c.Label
			}
		}
	}
	return strings.ReplaceAll(code, "_", " ")
}

// regionName joins the names of regions that are shown together. They are in English, as
// the list of regions has them.
func (s *Sealed) regionName(code string) string {
	names := map[string]string{}
	for _, r := range models.RegionsOf(s.Country, models.Date("9999-12-31")) {
		names[r.Code] = r.Name
	}
	parts := strings.Split(code, "+")
	for i, part := range parts {
		if name := names[part]; name != "" {
			parts[i] = name
		}
	}
	return strings.Join(parts, " + ")
}

// rowName names a row of the TDI tables after the substances in it.
func rowName(code string) string {
	substances, _ := models.CodeListByID("substance")
	var labels []string
	for _, c := range substances.Codes {
		if c.TDIRow == code {
			labels = append(labels, c.Label)
		}
	}
	if len(labels) == 0 {
		return code
	}
	return fmt.Sprintf("%s %s", code, strings.Join(labels, ", "))
}

// placeName is the country or a region.
func (s *Sealed) placeName(place, lang string) string {
	if place == s.Country {
		return s.Country + ", " + phrases["country"].In(lang)
	}
	return s.regionName(place)
}
