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

// reason says in words why there is no figure, or what is special about one: for page,
// picture and workbook alike. The floor is that of a count, 0 for what is worked out from
// counts or where several floors stand together.
func reason(flag string, floor int64, lang string) string {
	words := wordsOf("flag_" + flag)
	switch {
	case flag == flagBelowFloor && floor > 0:
		return fmt.Sprintf(wordsOf("below").In(lang), floor)
	case words == nil:
		words = wordsOf("not_given")
	}
	return words.In(lang)
}

func say(en, ru, kk string) Words { return Words{"en": en, "ru": ru, "kk": kk} }

// phrases are what the writers say themselves. The verbs of a phrase are in one order in
// every language.
var phrases = map[string]Words{
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
	"country":      say("country", "страна", "ел"),
	"period":       say("period", "период", "кезең"),
	"status":       say("status", "статус", "мәртебесі"),
	"profile":      say("profile", "профиль", "бейін"),
	"plan":         say("plan", "план", "жоспар"),
	"budget_word":  say("budget", "бюджет", "бюджет"),
	"counts":       say("counts", "числа", "сандар"),
	"rates":        say("rates", "показатели", "көрсеткіштер"),
	"region_names": say("Regions are ISO 3166-2 codes.", "Регионы обозначены кодами ISO 3166-2.", "Өңірлер ISO 3166-2 кодтарымен белгіленген."),
	"row_group":    say("%s %s (all)", "%s %s (все)", "%s %s (барлығы)"),
	"row_rest":     say("%s %s (others)", "%s %s (прочие)", "%s %s (қалғаны)"),
	"draft": say("The Russian and Kazakh texts are drafts that nobody has reviewed. In doubt the English text counts.", "Русский и казахский тексты — черновики, которые никто не проверял. При сомнении действует английский текст.",
		"Орыс және қазақ мәтіндері — ешкім тексермеген жобалар. Күмән туса, ағылшын мәтіні басым."),

	// Pictures and the report.
	"chart_desc": say("%s: %d of %d rows shown as a number.%s Thin lines are 95 %% intervals of the noise. The numbers: %s.",
		"%s: показано строк: %d из %d.%s Тонкие линии — 95%% интервалы шума. Числа: %s.",
		"%s: %d жол көрсетілді, барлығы %d.%s Жіңішке сызықтар — шудың 95%% аралығы. Сандар: %s."),
	"legend":                   say("Bar: published count or rate. Thin line: 95 % interval of the noise.", "Полоса — опубликованное число или показатель. Тонкая линия — 95% интервал шума.", "Жолақ — жарияланған сан не көрсеткіш. Жіңішке сызық — шудың 95% аралығы."),
	"hatched":                  say("Hatched: no figure (%s).", "Штриховка — значения нет (%s).", "Штрих — мәні жоқ (%s)."),
	"others":                   say("The others: %s.", "Остальные: %s.", "Қалғаны: %s."),
	"legend_line":              say("Dots joined: published figures. Thin line: 95 % interval of the noise.", "Точки — опубликованные значения. Тонкая линия — 95% интервал шума.", "Нүктелер — жарияланған мәндер. Жіңішке сызық — шудың 95% аралығы."),
	"not_given":                say("not given", "не приводится", "берілмейді"),
	"situation":                say("Treatment situation", "Ситуация с лечением", "Емдеу жағдайы"),
	"key_figures":              say("Key figures", "Основные показатели", "Негізгі көрсеткіштер"),
	"indicator":                say("Indicator", "Показатель", "Көрсеткіш"),
	"value":                    say("Value", "Значение", "Мәні"),
	"interval_col":             say("95 % interval", "95% интервал", "95% аралық"),
	"of":                       say("Numerator / denominator, or unit", "Числитель / знаменатель или единица", "Алым / бөлім не бірлік"),
	"of_contact":               say("of people in contact with services", "от лиц, обратившихся в службы", "қызметтерге жүгінген адамдардан"),
	"of_estimate":              say("of the estimated population", "от оценки численности", "бағаланған саннан"),
	"open_data":                say("Open data", "Открытые данные", "Ашық деректер"),
	"unit":                     say("Unit", "Единица", "Бірлігі"),
	"unit_days":                say("days", "дни", "күн"),
	"unit_syringes":            say("syringes", "шприцы", "шприц"),
	"unit_persons":             say("persons", "лица", "адам"),
	"unit_mentions":            say("mentions of a drug", "упоминания вещества", "зат аталуы"),
	"unit_items":               say("items", "пункты анкеты", "сауалнама тармағы"),
	"unit_custody_exits":       say("releases from custody", "освобождения", "босатылу"),
	"unit_referrals":           say("referrals", "направления", "жолдама"),
	"unit_interventions":       say("first interventions", "первые вмешательства", "алғашқы араласу"),
	"unit_journeys":            say("treatment journeys", "курсы лечения", "ем кезеңі"),
	"unit_percent":             say("percent", "проценты", "пайыз"),
	"unit_years":               say("years", "годы", "жыл"),
	"unit_syringes_per_person": say("syringes a person", "шприцы на человека", "бір адамға шаққандағы шприц"),
	"person_years": say("Person-years are days divided by 365.25.", "Человеко-годы — это дни, делённые на 365,25.",
		"Адам-жылдар — күндерді 365,25-ке бөлгендегі сан."),
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
	"sex F": say("Women", "Женщины", "Әйелдер"), "sex M": say("Men", "Мужчины", "Ерлер"),
	"drug opioids":          say("Opioids", "Опиоиды", "Опиоидтар"),
	"drug stimulants":       say("Stimulants with cocaine", "Стимуляторы и кокаин", "Стимуляторлар мен кокаин"),
	"drug other_or_unknown": say("Other or unknown", "Другое или неизвестно", "Басқа не белгісіз"),
	"drug6 sedatives":       say("Sedatives", "Седативные", "Седативтер"),
	"drug6 cannabis":        say("Cannabis", "Каннабис", "Каннабис"),
	"drug6 hallucinogens_volatile_synthetic": say("Hallucinogens, inhalants, synthetic cannabinoids", "Галлюциногены, ингалянты, синтетические каннабиноиды",
		"Галлюциногендер, ингалянттар, синтетикалық каннабиноидтар"),
	"centre outpatient":       say("Outpatient", "Амбулаторно", "Амбулаториялық"),
	"centre inpatient":        say("Inpatient", "Стационар", "Стационар"),
	"centre prison":           say("Prison", "Учреждение УИС", "ҚАЖ мекемесі"),
	"centre other":            say("Other", "Другое", "Басқа"),
	"substance_class drugs":   say("Drugs", "Наркотики", "Есірткі"),
	"substance_class alcohol": say("Alcohol", "Алкоголь", "Алкоголь"),
	"measure numerator":       say("numerator", "числитель", "алым"),
	"measure denominator":     say("denominator", "знаменатель", "бөлім"),
	"measure count":           say("count", "число", "сан"),
	"measure rate":            say("rate: numerator by denominator", "показатель: числитель к знаменателю", "көрсеткіш: алымның бөлімге қатынасы"),
	"measure coverage":        say("count by the population estimate", "число к оценке численности", "санның бағаланған санға қатынасы"),
	"measure mean":            say("approximate mean", "приближённое среднее", "жуық орташа мән"),
	"age U15":                 say("Under 15 years", "До 15 лет", "15 жасқа дейін"),
	" not_applicable":         say("Does not apply", "Не относится", "Қатысы жоқ"),
	" 99":                     say("Not known", "Неизвестно", "Белгісіз"),
	"drug_group 1":            say("Opioids", "Опиоиды", "Опиоидтар"),
	"drug_group 2":            say("Cocaine", "Кокаин", "Кокаин"),
	"drug_group 3":            say("Other stimulants", "Другие стимуляторы", "Басқа стимуляторлар"),
	"drug_group 4":            say("Hypnotics and sedatives", "Снотворные и седативные", "Ұйықтатқыш және седативтер"),
	"drug_group 5":            say("Hallucinogens", "Галлюциногены", "Галлюциногендер"),
	"drug_group 6":            say("Volatile inhalants", "Летучие ингалянты", "Ұшпа ингалянттар"),
	"drug_group 7":            say("Cannabis", "Каннабис", "Каннабис"),
	"drug_group 8":            say("Alcohol", "Алкоголь", "Алкоголь"),
	"drug_group 9":            say("Other", "Другое", "Басқа"),
}

// bandKinds are the dimensions whose codes are bands of years, and what they are years of.
var bandKinds = map[string]string{
	"age": "age", "age_fine": "age", "age_who": "age", "age_tdi": "age", "age_first_use": "age",
	"years_since_first_use": "since", "years_since_injection": "since", "years_since_ost": "since",
}

// bandWords name a band, and one that is open above.
var bandWords = map[string]Words{
	"age":    say("%s years", "%s лет", "%s жас"),
	"age+":   say("%s years and over", "%s лет и старше", "%s жас және одан жоғары"),
	"since":  say("%s years", "лет: %s", "%s жыл"),
	"since+": say("%s years and more", "%s лет и более", "%s жыл және одан көп"),
}

// countries by code.
var countries = map[string]Words{
	"KZ": say("Kazakhstan", "Казахстан", "Қазақстан"), "KG": say("Kyrgyzstan", "Кыргызстан", "Қырғызстан"),
	"TJ": say("Tajikistan", "Таджикистан", "Тәжікстан"), "TM": say("Turkmenistan", "Туркменистан", "Түрікменстан"),
	"UZ": say("Uzbekistan", "Узбекистан", "Өзбекстан"),
}

// sameWords lists dimensions that share the words of another.
var sameWords = map[string]string{"drug6": "drug", "secondary_drug_group": "drug_group"}

// codeLists are those of the dimensions that have one.
var codeLists = map[string]string{
	"centre_type": "tdi_centre_type", "previous_treatment": "tdi_previous_treatment", "referral_source": "tdi_referral_source",
	"living_with": "tdi_living_with", "children": "tdi_children", "living_where": "tdi_living_where", "labour": "tdi_labour",
	"education": "tdi_education", "route": "tdi_route", "frequency": "tdi_frequency_30d", "injecting": "tdi_injecting",
	"sharing": "tdi_sharing", "hiv_test": "tdi_test_hiv_hcv", "hcv_test": "tdi_test_hiv_hcv", "ost": "tdi_ost", "polydrug": "tdi_polydrug",
}

// codeName is what a code is called in a language; one that nothing names keeps its code.
func (s *Sealed) codeName(dimension, code, lang string) string {
	if name := nameOf(dimension, code); name != nil {
		return name.In(lang)
	}
	return strings.ReplaceAll(code, "_", " ")
}

// nameOf is what a code is called; nil when nothing names it.
func nameOf(dimension, code string) Words {
	for _, d := range []string{dimension, sameWords[dimension], bandKinds[dimension], ""} {
		if w, ok := codeWords[d+" "+code]; ok {
			return w
		}
	}
	switch {
	case dimension == dimRegion:
		return regionName(code)
	case dimension == "drug_row":
		return rowName(code)
	case bandKinds[dimension] != "":
		return bandName(bandKinds[dimension], code)
	}
	return labelOf(codeLists[dimension], code)
}

// labelOf is the label of a code in its list; nil where it is not in the list.
func labelOf(list, code string) Words {
	c, ok := models.CodeIn(list, code)
	if !ok {
		return nil
	}
	return say(c.Label, c.Labels["ru"], c.Labels["kk"])
}

// bandName names a band of years: 25-44, or 45+.
func bandName(kind, code string) Words {
	years, open := strings.CutSuffix(code, "+")
	if open {
		kind += "+"
	}
	return filled(bandWords[kind], func(string) []any { return []any{strings.Replace(years, "-", "–", 1)} })
}

// regionName joins the names of regions that are shown together.
func regionName(code string) Words {
	joined := Words{}
	for i, part := range strings.Split(code, "+") {
		name := labelOf("region", part)
		for _, lang := range Languages {
			if i > 0 {
				joined[lang] += " + "
			}
			if name == nil {
				joined[lang] += part
				continue
			}
			joined[lang] += name.In(lang)
		}
	}
	return joined
}

// rowName names a row of the TDI tables after the substances in it, and one of drugs that
// are shown together after their group.
func rowName(code string) Words {
	if label := labelOf("tdi_drug_row", code); label != nil {
		return filled(say("%s %s", "%s %s", "%s %s"), func(lang string) []any { return []any{code, label.In(lang)} })
	}
	group, rest := strings.CutSuffix(code, ".rest")
	name, ok := codeWords["drug_group "+group]
	if !ok {
		return nil
	}
	joined := wordsOf("row_group")
	if rest {
		joined = wordsOf("row_rest")
	}
	return filled(joined, func(lang string) []any { return []any{group, name.In(lang)} })
}

// filled fills in the verbs of a phrase in every language.
func filled(phrase Words, with func(lang string) []any) Words {
	out := Words{}
	for _, lang := range Languages {
		out[lang] = fmt.Sprintf(phrase.In(lang), with(lang)...)
	}
	return out
}

// countryName is the country of the release.
func (s *Sealed) countryName(lang string) string {
	if name := countries[s.Country]; name != nil {
		return name.In(lang)
	}
	return s.Country
}
