package indicators

import (
	"slices"

	"jol/models"
)

// Sources of the definitions.
const (
	sourceTDI      = "EUDA Treatment Demand Indicator 3.0, as its output tables show it"
	sourceWHO      = "WHO consolidated guidelines on person-centred HIV strategic information (SMART HIV)"
	sourceEnglish  = "English practice (NDTMS, PHOF), from general knowledge"
	sourceHere     = "Decision of this project"
	ruleTDI6M      = "TDI-6M: no structured episode active on any of the 182 days before the start."
	ruleDIS        = "TDI-DIS: any start after a formal end; an episode without a recorded end blocks it."
	ruleMonthly    = "NSP-b: as many days with a supply as the period has months."
	lastDay        = "One date: the last day of the period."
	entryInPeriod  = "Entry date in the year. A quarter counts the persons whose entry of the year falls in it, so nobody is counted in two quarters."
	releasesOf     = "Release date in the period; the window closes 21 days after its end."
	rulesOfRelease = "COC-21: day 0 to 21 after the day of exit, both included."
	entrants       = "Persons in structured treatment whose primary drug is not alcohol (code 80); an unknown drug (99) is kept."
	releasedAdults = "Adults (18 and over; an unknown age is adult) released, in structured treatment in custody on the day of exit, not completed; at most the first three releases a client and period."
	accessing      = "People who inject drugs: given needles in the period, or by the latest episode injecting in the last 12 months."
	journeysOf     = "Journeys of structured treatment whose first episode is not for alcohol; at most the first three a client and period."
	treatedOrNSP   = "Clients in structured treatment or with a contact with the needle service in the period."
)

var (
	ofEntrants = []string{DimRegion, DimSex, DimAge, DimAgeFine, DimAgeWHO, DimDrug, DimDrug6, DimCentre, DimScope}
	ofItems    = []string{
		DimAgeTDI, DimDrugGroup, DimDrugRow, DimCentreType, DimPreviousTreatment, DimReferralSource, DimLivingWith, DimChildren, DimLivingWhere,
		DimLabour, DimEducation, DimRoute, DimFrequency, DimInjecting, DimSharing, DimHIVTest, DimHCVTest, DimOST, DimPolydrug,
		DimAgeFirstUse, DimYearsSinceUse, DimYearsSinceInjection, DimYearsSinceOST,
	}
	ofOAT      = []string{DimRegion, DimSex, DimAge, DimAgeWHO, DimMedicine, DimSector, DimScope}
	ofReleases = []string{DimRegion, DimSex, DimAge, DimAgeWHO, DimOpioid, DimOATAtExit, DimReferralMade, DimScope}
	ofReferral = []string{DimRegion, DimSectorPair, DimReason, DimScope}
	ofServices = []string{DimRegion, DimSex, DimAge, DimAgeWHO, DimSector, DimSetting, DimPWID, DimScope}
)

func and(dimensions []string, more ...string) []string { return slices.Concat(dimensions, more) }

func days(n int) func(Period) models.Date {
	return func(p Period) models.Date { return p.End().AddDays(n) }
}

func months(n int) func(Period) models.Date {
	return func(p Period) models.Date { return p.End().AddMonths(n) }
}

// Catalogue lists every indicator: the 32 of the catalogue, and two companions of TDI01
// for tables of the TDI return. Nothing writes to it. In every rate the numerator counts
// only what the denominator counts.
var Catalogue = []Indicator{
	{
		ID:         "TDI01",
		Title:      map[string]string{"en": "People entering treatment", "ru": "Лица, начавшие лечение", "kk": "Емдеуге түскен адамдар"},
		Numerator:  "Distinct persons with a new TDI entry; the earliest new entry of the year supplies every attribute.",
		Population: entrants, PeriodLogic: entryInPeriod, Breakdowns: and(ofEntrants, ofItems...), Source: sourceTDI, Rule: ruleTDI6M,
		PerClient: 1, OncePerYear: true, usesEntry: true, Count: countEntrants,
	},
	{
		ID:         "TDI01A",
		Title:      map[string]string{"en": "People entering treatment for alcohol", "ru": "Лица, начавшие лечение в связи с алкоголем", "kk": "Алкогольге байланысты емдеуге түскен адамдар"},
		Numerator:  "As TDI01, for the earliest new entry of the year whose primary drug is alcohol.",
		Population: "Persons in structured treatment whose primary drug is alcohol (code 80). Companion of TDI01: TDI itself leaves them out.", PeriodLogic: entryInPeriod,
		Breakdowns: and(ofEntrants, ofItems...), Source: sourceHere, Rule: ruleTDI6M,
		PerClient: 1, OncePerYear: true, usesEntry: true, Count: countAlcoholEntrants,
	},
	{
		ID:         "TDI01S",
		Title:      map[string]string{"en": "Secondary drugs of people entering treatment", "ru": "Дополнительные наркотики лиц, начавших лечение", "kk": "Емдеуге түскендердің қосымша есірткілері"},
		Numerator:  "Groups of secondary drugs of the entrants of TDI01, each group once a person; up to three a person.",
		Population: entrants, PeriodLogic: entryInPeriod, Breakdowns: and(ofEntrants, DimDrugGroup, DimDrugRow, DimSecondaryGroup), Source: sourceTDI, Rule: ruleTDI6M,
		PerClient: 3, OncePerYear: true, usesEntry: true, Count: countSecondary,
	},
	{
		ID:          "TDI02",
		Title:       map[string]string{"en": "First-ever entrants", "ru": "Начавшие лечение впервые в жизни", "kk": "Өмірінде алғаш рет емдеуге түскендер"},
		Numerator:   "TDI01 with previous treatment 1 (never).",
		Denominator: "TDI01 with previous treatment 1 or 2; not known (99) is shown apart, in TDI01 by previous treatment.",
		Population:  entrants, PeriodLogic: entryInPeriod, Breakdowns: ofEntrants, Source: sourceTDI, Rule: ruleTDI6M,
		PerClient: 1, OncePerYear: true, usesEntry: true, Count: countFirstEver,
	},
	{
		ID:          "TDI03",
		Title:       map[string]string{"en": "People in treatment", "ru": "Лица, получающие лечение", "kk": "Ем алып жүрген адамдар"},
		Numerator:   "Distinct persons with a structured episode active on some day of the period; the earliest such episode supplies every attribute.",
		Population:  entrants,
		PeriodLogic: "Start on or before the last day and, if ended, end on or after the first.",
		Breakdowns:  ofEntrants, Source: "EMCDDA treatment prevalence module", Rule: "Overlap; an open episode ended on its last contact when 183 days passed without one.",
		PerClient: 1, Count: countPrevalence,
	},
	{
		ID:         "TDI04",
		Title:      map[string]string{"en": "Mean age at entry and at first use, and years between", "ru": "Средний возраст начала лечения и первого употребления, число лет между ними", "kk": "Емдеуге түскен және алғаш қолданған орташа жас, олардың арасындағы жылдар"},
		Numerator:  "Band midpoints times published counts.",
		Population: entrants, PeriodLogic: "Entry date in the year.", Breakdowns: []string{DimSex, DimPreviousTreatment}, Source: sourceTDI, Rule: ruleTDI6M,
		Denominator: "Sum of the published counts of bands; not known is left out.",
		Derived:     "From the published counts of TDI01 by band; approximate. A band below the floor is left out and said.", YearOnly: true, usesEntry: true,
	},
	{
		ID:          "TDI05",
		Title:       map[string]string{"en": "Current injectors among entrants", "ru": "Употребляющие инъекционно среди начавших лечение", "kk": "Емдеуге түскендер арасында инъекция қолданатындар"},
		Numerator:   "TDI01 with injecting 2.3 (last 30 days).",
		Denominator: "TDI01 with injecting 1, 2.1, 2.2 or 2.3.",
		Population:  entrants, PeriodLogic: entryInPeriod, Breakdowns: ofEntrants, Source: sourceTDI, Rule: ruleTDI6M,
		PerClient: 1, OncePerYear: true, usesEntry: true, Count: countInjectors,
	},
	{
		ID:          "TDI06",
		Title:       map[string]string{"en": "Completeness of the items", "ru": "Полнота заполнения показателей", "kk": "Көрсеткіштердің толтырылуы"},
		Numerator:   "Item values that are recorded and not 99.",
		Denominator: "Entrants times items: the 24 of TDI without the year and the secondary drugs, of which nobody can tell none from not asked. Ages at first agonist treatment and first injection only of those who had one.",
		Population:  entrants, PeriodLogic: entryInPeriod, Breakdowns: and(ofEntrants, DimItem), Source: sourceHere, Rule: ruleTDI6M,
		PerClient: 22, OncePerYear: true, usesEntry: true, Count: countItems,
	},
	{
		ID:          "OAT01",
		Title:       map[string]string{"en": "Coverage of opioid agonist treatment", "ru": "Охват поддерживающей терапией агонистами опиоидов", "kk": "Опиоид агонистерімен демеуші терапиямен қамту"},
		Numerator:   "Persons on agonist treatment on the date.",
		Denominator: "(a) Persons on agonist treatment, or with an episode active on the date whose primary drug is an opioid. (b) An estimate of the people dependent on opioids.",
		Population:  "Persons in contact for opioids.", PeriodLogic: lastDay, Breakdowns: ofOAT, Source: sourceWHO + ", PRV.11",
		Rule: "OAT-30D: on treatment by doses taken; 30 days without a dose end it on the last day covered.", Estimate: "opioid_dependent",
		Needs: Need{Service: models.ServiceOAT, NumeratorOnly: true}, PerClient: 1, Count: countOnOAT,
	},
	{
		ID:         "OAT02",
		Title:      map[string]string{"en": "Days on agonist treatment", "ru": "Дни на терапии агонистами", "kk": "Агонистермен терапиядағы күндер"},
		Numerator:  "Days on agonist treatment in the period, summed over persons; person-years are days / 365.25.",
		Population: "Persons on agonist treatment; a day at two places counts once.",
		PeriodLogic: "Days = min(end, period end) - max(start, period start) + 1, at least 0. " +
			"(The printed WHO formula has min and max swapped.)",
		Breakdowns: ofOAT, Source: sourceWHO + ", PRV.12", Rule: "OAT-30D; both ends included.", Unit: "days",
		Needs: Need{Service: models.ServiceOAT}, PerClient: 366, Count: countOATDays,
	},
	{
		ID:          "OAT03",
		Title:       map[string]string{"en": "Retention in agonist treatment at 6 months", "ru": "Удержание на терапии агонистами 6 месяцев", "kk": "Агонистермен терапияда 6 ай бойы сақталуы"},
		Numerator:   "Of the cohort, those whose journey covers the date 6 months after the start.",
		Denominator: "Persons starting agonist treatment in the period: the first start of a journey, breaks of at most 21 days joined.",
		Population:  "Persons starting agonist treatment.", PeriodLogic: "Start in the period; the window closes 6 months after its end. Month anniversaries are clamped to the end of the month.",
		Breakdowns: ofOAT, Source: sourceWHO + ", PRV.13", Rule: "OAT-30D; transfers within 21 days are no break.", Window: months(6),
		Needs: Need{Service: models.ServiceOAT}, PerClient: 1, Count: countOATRetention(6),
	},
	{
		ID:          "OAT04",
		Title:       map[string]string{"en": "Retention in agonist treatment at 12 months", "ru": "Удержание на терапии агонистами 12 месяцев", "kk": "Агонистермен терапияда 12 ай бойы сақталуы"},
		Numerator:   "Of the cohort, those whose journey covers the date 12 months after the start.",
		Denominator: "As OAT03.",
		Population:  "Persons starting agonist treatment.", PeriodLogic: "Start in the period; the window closes 12 months after its end.",
		Breakdowns: ofOAT, Source: sourceHere + ", extension of OAT03", Rule: "OAT-30D; transfers within 21 days are no break.", Window: months(12),
		Needs: Need{Service: models.ServiceOAT}, PerClient: 1, Count: countOATRetention(12),
	},
	{
		ID:          "OAT05",
		Title:       map[string]string{"en": "Adequate dose in maintenance", "ru": "Адекватная поддерживающая доза", "kk": "Жеткілікті демеуші доза"},
		Numerator:   "On at least 60 mg of methadone or 8 mg of buprenorphine a day.",
		Denominator: "Persons on maintenance with methadone or buprenorphine on the date; induction, reducing doses and depots left out.",
		Population:  "Persons on agonist treatment.", PeriodLogic: lastDay, Breakdowns: ofOAT, Source: sourceWHO + ", PRV.14", Rule: "OAT-30D; the dose ordered for the day.",
		Needs: Need{Service: models.ServiceOAT}, PerClient: 1, Count: countAdequateDose,
	},
	{
		ID:          "OAT06",
		Title:       map[string]string{"en": "Agonist treatment in custody", "ru": "Терапия агонистами в местах лишения свободы", "kk": "Бас бостандығынан айыру орындарындағы агонистермен терапия"},
		Numerator:   "Persons on agonist treatment in a unit in custody on the date.",
		Denominator: "These, and persons in structured treatment in custody on the date whose primary drug is an opioid.",
		Population:  "Persons in units in custody.", PeriodLogic: lastDay, Breakdowns: ofOAT, Source: sourceHere, Rule: "OAT-30D.",
		Needs: Need{Service: models.ServiceOATPrison, NumeratorOnly: true}, PerClient: 1, Count: countOATInCustody,
	},
	{
		ID:          "COC21",
		Title:       map[string]string{"en": "From custody to community treatment in 21 days", "ru": "Переход из мест лишения свободы к лечению на свободе за 21 день", "kk": "Босағаннан кейін 21 күн ішінде бостандықта емге жалғасуы"},
		Numerator:   "Release events followed on day 0 to 21 by a structured community start, or by a face-to-face contact in a structured community episode already open.",
		Denominator: "Release events of the population.",
		Population:  releasedAdults, PeriodLogic: releasesOf, Breakdowns: ofReleases, Source: sourceEnglish + ": PHOF C20", Rule: rulesOfRelease, Window: days(continuityDays),
		PerClient: eventsCounted, Count: countReleases(everyRelease, isLinked),
	},
	{
		ID:          "COC21X",
		Title:       map[string]string{"en": "From custody to community treatment, without competing events", "ru": "Переход к лечению на свободе без конкурирующих событий", "kk": "Бостандықта емге жалғасу, бәсекелес оқиғаларсыз"},
		Numerator:   "As COC21.",
		Denominator: "COC21 without events with a death or a new imprisonment on day 0 to 21 and no start.",
		Population:  releasedAdults, PeriodLogic: releasesOf, Breakdowns: ofReleases, Source: sourceHere, Rule: rulesOfRelease, Window: days(continuityDays),
		PerClient: eventsCounted, Count: countReleases(notCompeting, isLinked),
	},
	{
		ID:          "COC21R",
		Title:       map[string]string{"en": "Referral made before release", "ru": "Направление до освобождения", "kk": "Босағанға дейін жолдама берілуі"},
		Numerator:   "Events with a referral from custody sent during the stay, up to the day of exit.",
		Denominator: "As COC21.",
		Population:  releasedAdults, PeriodLogic: "Release date in the period.", Breakdowns: ofReleases, Source: sourceHere, Rule: "Referral date on or before the day of exit.",
		PerClient: eventsCounted, Count: countReleases(everyRelease, wasReferred),
	},
	{
		ID:          "COC01",
		Title:       map[string]string{"en": "Same-day bridge of agonist treatment", "ru": "Непрерывность терапии агонистами при освобождении", "kk": "Босағанда агонистермен терапияның үзілмеуі"},
		Numerator:   "Events with a dose taken in the community on day 0 or 1.",
		Denominator: "COC21 events for opioids on agonist treatment on the day of exit.",
		Population:  releasedAdults, PeriodLogic: "Release date in the period; the window closes one day after its end.", Breakdowns: ofReleases, Source: sourceHere, Rule: "Civil days 0 and 1 after the day of exit.", Window: days(1),
		Needs: Need{Service: models.ServiceOAT}, PerClient: eventsCounted, Count: countReleases(onOATAtExit, bridged),
	},
	{
		ID:          "REF01",
		Title:       map[string]string{"en": "Referrals completed within 30 days", "ru": "Направления, завершённые в течение 30 дней", "kk": "30 күн ішінде аяқталған жолдамалар"},
		Numerator:   "Counted referrals attended on day 0 to 30 after sending.",
		Denominator: "Referrals sent in the period, whatever became of them: declined, cancelled and withdrawn ones stay in.",
		Population:  "Every client referred by an organisation of the country; at most the first three referrals a client and period.",
		PeriodLogic: "Sent in the period, both ends included; the attendance may lie after it.",
		Breakdowns:  ofReferral, Source: sourceHere, Rule: "REF-30D: attended on - sent on <= 30 days, civil dates of the sending organisation.", Window: days(completionDays),
		PerClient: eventsCounted, Count: countReferrals,
	},
	{
		ID:          "WAIT21",
		Title:       map[string]string{"en": "In treatment within three weeks of referral", "ru": "Начало лечения в течение трёх недель после направления", "kk": "Жолдамадан кейін үш апта ішінде емнің басталуы"},
		Numerator:   "First structured interventions on day 0 to 21 after the referral.",
		Denominator: "First structured interventions of journeys starting in the period with a referral date.",
		Population:  journeysOf, PeriodLogic: "Start in the period.", Breakdowns: ofEntrants, Source: sourceEnglish, Rule: "WAIT-21D: start - referral <= 21 days; breaks of at most 21 days join a journey.",
		PerClient: eventsCounted, Count: countWaits,
	},
	{
		ID:          "WAITQ",
		Title:       map[string]string{"en": "Waiting more than three weeks now", "ru": "Ожидают более трёх недель", "kk": "Үш аптадан артық күтіп жүргендер"},
		Numerator:   "Open referrals sent more than 21 days before the date.",
		Denominator: "Referrals open on the date: neither attended nor closed.",
		Population:  "Every client referred; at most the three oldest open referrals a client.", PeriodLogic: lastDay, Breakdowns: ofReferral, Source: sourceHere, Rule: "WAIT-21D; guards WAIT21, which sees only those who were seen.",
		PerClient: eventsCounted, Count: countWaiting,
	},
	{
		ID:          "RET12",
		Title:       map[string]string{"en": "Retained twelve weeks or completed", "ru": "Удержаны 12 недель или завершили лечение", "kk": "12 апта сақталған немесе емін аяқтаған"},
		Numerator:   "Journeys that last to day 84 after the start or longer, or ended before it with reason 1 or 2.",
		Denominator: "Journeys starting in the period.",
		Population:  journeysOf, PeriodLogic: "Start in the period; the window closes 84 days after its end.", Breakdowns: ofEntrants, Source: sourceEnglish, Rule: "Breaks of at most 21 days join a journey.", Window: days(retainedDays),
		PerClient: eventsCounted, Count: countRetained,
	},
	{
		ID:          "COMP",
		Title:       map[string]string{"en": "Successful completion", "ru": "Успешное завершение лечения", "kk": "Емді сәтті аяқтау"},
		Numerator:   "Of these, with a journey for drugs that ended with reason 1 or 2 in the twelve months.",
		Denominator: "Persons in structured treatment for drugs on some day of the twelve months: TDI03 of that time. Clients in treatment for alcohol alone are left out.",
		Population:  "Persons in structured treatment. The group is opioid if any episode of the twelve months is for opioids, else non-opioid.",
		PeriodLogic: "The twelve months that end with the period.", Breakdowns: and(ofEntrants, DimProblem), Source: sourceEnglish + ": PHOF C19 family",
		Rule:   "Breaks of at most 21 days join a journey. The English rule that nobody completes on a substitute medicine is not applied.",
		Window: days(journeyGapDays), PerClient: 1, Count: countCompletions,
	},
	{
		ID:          "REPRES6",
		Title:       map[string]string{"en": "Back in treatment within six months", "ru": "Возвращение к лечению в течение шести месяцев", "kk": "Алты ай ішінде емге қайта оралу"},
		Numerator:   "Of these, with a new structured journey 1 to 182 days after the end.",
		Denominator: "Persons with a journey for drugs that ended with reason 1 or 2 in the period; the first such end counts.",
		Population:  "Persons who completed structured treatment.", PeriodLogic: "End in the period; the window closes 183 days after its end.", Breakdowns: and(ofEntrants, DimProblem), Source: sourceEnglish,
		Rule: "A start within 21 days continues the journey and is no completion.", Window: days(returnDays + 1),
		PerClient: 1, Count: countReturns,
	},
	{
		ID:          "NSP01",
		Title:       map[string]string{"en": "Access to needles and syringes", "ru": "Доступ к иглам и шприцам", "kk": "Ине мен шприцке қолжетімділік"},
		Numerator:   "Those given needles or syringes in the period.",
		Denominator: "(a) People who inject drugs with a contact in the period at a facility that gives needles. (b) An estimate of the people who inject drugs.",
		Population:  accessing, PeriodLogic: "Contact in the period.", Breakdowns: ofServices, Source: sourceWHO + ", PRV.8", Rule: "At least one supply.", Estimate: "pwid",
		PerClient: 1, Count: countAccess(anySupply),
	},
	{
		ID:          "NSP02",
		Title:       map[string]string{"en": "Regular access to needles and syringes", "ru": "Регулярный доступ к иглам и шприцам", "kk": "Ине мен шприцке тұрақты қолжетімділік"},
		Numerator:   "Those with a supply (a) in each 30 days in a row of the period or (b) on as many days as the period has months; the option is published with the number.",
		Denominator: "As NSP01.",
		Population:  accessing, PeriodLogic: "Contact in the period.", Breakdowns: ofServices, Source: sourceWHO + ", PRV.9", Rule: "NSP-a: a supply in every window of 30 days that lies in the period.", Estimate: "pwid",
		PerClient: 1, Count: countAccess(regularSupply),
	},
	{
		ID:         "NSP03",
		Title:      map[string]string{"en": "Syringes given to known clients", "ru": "Шприцы, выданные известным клиентам", "kk": "Белгілі клиенттерге берілген шприцтер"},
		Numerator:  "Syringes given to known clients in the year, at most 500 a client. Divided by an estimate of the people who inject drugs it is syringes a person and year.",
		Population: "Clients given syringes; what was given to persons unknown is not in it.", PeriodLogic: "Supply in the year.", Breakdowns: ofServices,
		Source: "WHO, UNODC, UNAIDS technical guide, from general knowledge", Rule: "Benchmarks for a person and year, not for the sum: under 100 low, 100 to 200 medium, over 200 high.", Estimate: "pwid", Unit: "syringes", YearOnly: true,
		PerClient: syringesCap, Count: countSyringes,
	},
	{
		ID:          "NAL01",
		Title:       map[string]string{"en": "Take-home naloxone", "ru": "Налоксон на руки", "kk": "Қолға берілетін налоксон"},
		Numerator:   "Those given naloxone to take home, at least one dose, on release included.",
		Denominator: "Opioid clients in structured treatment or with the needle service in the period.",
		Population:  treatedOrNSP, PeriodLogic: "Contact and supply in the period.", Breakdowns: and(ofServices, DimOnRelease), Source: sourceHere, Rule: "On release: the client was released from custody in the period.",
		PerClient: 1, Count: countNaloxone,
	},
	{
		ID:          "HTS01",
		Title:       map[string]string{"en": "HIV testing in treatment", "ru": "Тестирование на ВИЧ при лечении", "kk": "Ем кезінде АИТВ-ға тестілеу"},
		Numerator:   "Those tested in the period with the result returned in it.",
		Denominator: "Clients in treatment or with the needle service in the period without a positive test before it.",
		Population:  treatedOrNSP, PeriodLogic: "Contact, test and result in the period.", Breakdowns: ofServices, Source: sourceWHO + ", shape of HTS.3", Rule: "Status unknown or negative on the day before the period.",
		PerClient: 1, Count: countHIVTests,
	},
	{
		ID:          "HTS02",
		Title:       map[string]string{"en": "Linkage to antiretroviral treatment", "ru": "Начало антиретровирусной терапии", "kk": "Антиретровирустық терапияға байланыстыру"},
		Numerator:   "Of these, antiretroviral treatment started in the period.",
		Denominator: "Clients newly diagnosed in the period: their first positive HIV test lies in it.",
		Population:  "Clients with a positive HIV test.", PeriodLogic: "Diagnosis and start in the same period.", Breakdowns: ofServices, Source: sourceWHO + ", HTS.4", Rule: "Same period.",
		PerClient: 1, Count: countHIVLinkage,
	},
	{
		ID:          "HCV01",
		Title:       map[string]string{"en": "Hepatitis C testing", "ru": "Тестирование на гепатит C", "kk": "C гепатитіне тестілеу"},
		Numerator:   "Those tested for antibodies or RNA in the period.",
		Denominator: "Clients with a contact for needles, outreach or counselling, or given naloxone, in the period.",
		Population:  "Attenders of prevention services. A test alone makes nobody an attender.", PeriodLogic: "Contact and test in the period.", Breakdowns: ofServices, Source: sourceWHO + ", HEP.2A", Rule: "At least one test.",
		PerClient: 1, Count: countHCVTests,
	},
	{
		ID:          "HCV02",
		Title:       map[string]string{"en": "Hepatitis C treatment started", "ru": "Начало лечения гепатита C", "kk": "C гепатиті емінің басталуы"},
		Numerator:   "Of these, treatment started on day 0 to 90 after the test.",
		Denominator: "Clients with a positive RNA test in the period; the first one counts.",
		Population:  "Clients with a positive RNA test.", PeriodLogic: "Test in the period; the window closes 90 days after its end.", Breakdowns: ofServices, Source: sourceHere + ", from WHO HEP.6", Rule: "Start - test <= 90 days.", Window: days(linkageDays),
		PerClient: 1, Count: countHCVLinkage,
	},
	{
		ID:         "SDG351",
		Title:      map[string]string{"en": "People in treatment in the year", "ru": "Лица, получавшие лечение в течение года", "kk": "Жыл ішінде ем алған адамдар"},
		Numerator:  "People in structured treatment on some day of the year, for drugs and for alcohol apart; somebody treated for both is in both.",
		Population: "Persons in structured treatment.", PeriodLogic: "The year.", Breakdowns: and(ofEntrants, DimSubstanceClass, DimSDGGroup), Source: "SDG 3.5.1, treatment contact coverage",
		Rule: "Divided by an estimate of the people with drug (or alcohol) use disorders of the same year. The kinds of treatment are exclusive: several is a kind of its own.", Estimate: "drug_use_disorder", YearOnly: true,
		PerClient: 1, Count: countContactCoverage,
	},
	{
		ID:         "EWS01",
		Title:      map[string]string{"en": "Signals of new substances", "ru": "Сигналы о новых веществах", "kk": "Жаңа заттар туралы белгілер"},
		Numerator:  "Reports of suspected new substances, by status on the day of counting.",
		Population: "Reports of the early warning: about substances, never about a client.", PeriodLogic: "Event in the period.", Breakdowns: []string{DimRegion, DimStatus, DimNPSClass, DimSourceType},
		Source: "EU early warning system", Rule: "A report counts once; retracted ones are shown as such.",
		CountReport: countSignals,
	},
}
