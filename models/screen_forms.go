package models

import (
	"regexp"
	"strings"
)

// The forms are Go regular expressions, which run in linear time. \b knows ASCII
// only, so the edges of words are spelled out. They run on normalised text: digits,
// spaces and dashes are of one kind, and every mark that could be dropped is.
const (
	reStart = `(?:^|[^\pL\pN])`
	reEnd   = `(?:[^\pL\pN]|$)`
	reApart = `(?:\D|$)` // the end of a number

	reMonth = `(?:янв|фев|мар|апр|ма[йя]|ию[нл]|авг|сен|окт|ноя|дек|қаң|ақп|нау|сәу|мам|мау|шіл|там|қыр|қаз|қар|жел|` +
		`jan|feb|mar|apr|may|ju[nl]|aug|sep|oct|nov|dec)\pL*`
	reDate = `(?:\d{1,2}[ ./-]{1,2}\d{1,2}[ ./-]{1,2}(?:19|20)?\d\d|(?:19|20)\d\d[ ./-]{1,2}\d{1,2}[ ./-]{1,2}\d{1,2}|` +
		`\d{1,2}\pL{0,2} ` + reMonth + `,? (?:19|20)\d\d|` + reMonth + ` \d{1,2}\pL{0,2},? (?:19|20)\d\d|` +
		`(?:19|20)\d\d ?\pL{0,6}\.? \d{1,2}[ -]?` + reMonth + `|(?:19|20)\d\d ?(?:жыл\pL*|ж|г|года?|yil\pL*)\.? \d{1,2}[ ./-]\d{1,2})`
	reBirth = `(?:рожд[её]н|родил(?:ся|ась)|[гд] ?[./] ?р` + reEnd + `|туған|туылған|туулган|ту[гғ]илган|таваллуд|тавлид|` +
		`tug['’‘ʻʼ]?il|doglan|date of birth|birth ?da(?:te|y)|born|d\.?o\.?b` + reEnd + `)`

	reDay      = `(?:\d{1,2}[./-]\d{1,2}|\d{1,2}(?:-?\pL{1,2})? ` + reMonth + `|` + reMonth + ` \d{1,2})`
	reBirthday = `(?:д(?:ень|ня|н[её]м) рожд\pL*|туған күн\pL*|туулган күн\pL*|birthday|birth day|tug['’‘ʻʼ]?ilgan kun\pL*|туғилган кун\pL*|др|д\. ?р\.?|д/р)`

	// An address: words of a name of a place, and the number of a house.
	rePlace = `(?:["«]?[\pL\pN'’-]+["»]?[ ,.]+)`
	reHouse = `(?i:(?:д|дом|үй|уй|house|h)\.? ?)?(?:№|no\.|#)? ?\d{1,3}`

	reGap = `[^\pL\pN§]{1,3}`

	rePaper = `(?:паспорт|passport|pasport|төлқұжат|удостоверени\pL+ личности|жеке куәлік)\pL*`
	reNine  = `\d(?:[ .-]?\d){8}` + reApart
	reTax   = `(?:(?:инн|inn|рма|рям)(?:[^\pL\pN]\D{0,20})?|(?:шиноснома|паспорт|passport)\D{0,25})`

	rePhone = `(?:тел|телефон\pL?|моб|сот|phone|tel|mobile|whats ?app|ва[тц]сап|вотсап|telegram|телеграм|ұялы|нөмір\pL*|telefon\pL*)`

	reCapital = `\p{Lu}[\pL'’‘ʻʼ-]+`
	reSurname = `\p{Lu}\p{Ll}+(?:[оеё]в(?:а|у|ой|ым|е)?|[oe]va?)`
	reKin     = `(?:ұлы|қызы|улы|кызы|уулу|оглы|ўғли|қизи|uly|qyzy|kyzy|uulu|ogly|o[‘’ʻʼ']g[‘’ʻʼ']li|qizi)`
)

// harmlessForms are numbers and words that rules for persons would mistake.
var harmlessForms = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:19|20)\d\d[./-](?:0?[1-9]|1[0-2])(?:[./-](?:0?[1-9]|[12]\d|3[01]))?\b`), // 2026-03-02, 2026-03
	regexp.MustCompile(`\b(?:(?:0?[1-9]|[12]\d|3[01])[./-])?(?:0?[1-9]|1[0-2])[./-](?:19|20)\d\d\b`), // 02.03.2026, 03.2026
	regexp.MustCompile(`\b(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|1[0-2])[./]\d\d\b`),                 // 02.03.26
	regexp.MustCompile(`\b(?:[6-9]\d|1\d\d|2[0-5]\d)/(?:[3-9]\d|1[0-4]\d)\b`),                        // 120/80
	regexp.MustCompile(`\d ?(?i:гр)(?:\. ?| )`),                                                      // 5 гр. героина
	regexp.MustCompile(`(?i:граждан\pL*|азамат\pL*) (?i:рк|рф|кр|рт|руз|республик\pL*|казахстан\pL*|росси\pL*|` +
		`к[иы]ргыз\pL*|узбекистан\pL*|таджикистан\pL*|туркмен\pL*)`),
}

var (
	letterRun = regexp.MustCompile(`\pL+`)
	latinStem = regexp.MustCompile(`^\p{Latin}+`)
	nameWord  = regexp.MustCompile(`\pL+(?:['’‘]\pL+)*`)

	digitRun = regexp.MustCompile(`\d[\d ./-]*`)

	emailForm = regexp.MustCompile(`[\pL\pN._%+-]+ ?(?:@|\(at\)|\[at\]) ?[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,}`)

	// birthWordForm is quick, and spares most notes the search for dates around it.
	birthWordForm = regexp.MustCompile(`(?i)род\.|` + reBirth)
	birthDateForm = regexp.MustCompile(`(?i)` + reStart + `(?:род\. ?|` + reBirth + `\D{0,25})` + reDate + `|` +
		reDate + `(?:\D{0,15}[^\pL\pN])?` + reBirth)

	// I-AS 123456: the series alone tells.
	passportTMForm = regexp.MustCompile(`(?i)` + reStart + `(?:i{1,3}|iv|v)[ -]{0,3}\pL{2}[ №#-]{0,4}\d{6}` + reApart)

	taxNumberForm = regexp.MustCompile(`(?i)` + reStart + reTax + reNine + `|(?:^|\D)` + reNine + `\D{0,20}` + reTax)

	passportForm = regexp.MustCompile(`(?i)` + reStart + rePaper + `\D{0,20}\d(?:[ -]?\d){5}`)

	phoneForm = regexp.MustCompile(`(?i)\+[ (]*(?:7|99[2368])(?:[ ().-]*\d){8}|\+\d(?:[ ().-]*\d){8}|` +
		`(?:^|[^\d.,/-])(?:` + strings.Join([]string{
		`[78][ (-]*[79]\d\d(?:[ ()-]*\d){7}`,                          // 8 701 123 45 67
		`[78][ (.-]*7[0-7]\d\.\d{3}\.\d\d\.?\d\d`,                     // 8701.123.45.67
		`99[2368](?:[ ()-]*\d){8,9}`,                                  // 996 555 123 456
		`0[ (-]*[2-9]\d\d[ )-]*(?:[ -]?\d){6}`,                        // 0555 123 456
		`7[0-7]\d[ )-]*\d{3}[ -]*\d{2}[ -]*\d{2}`,                     // 701 123 45 67
		`(?:9\d|88|77|71|55|50|33|20)[ )-]+\d{3}[ -]*\d{2}[ -]*\d{2}`, // 90 123 45 67
	}, "|") + `)` + reApart + `|` + reStart + rePhone + `(?:[^\pL\pN][^\d§]{0,20})?\d(?:[ ().-]*\d){5}`)

	// handleForm is a name in a network: @name, t.me/name, telegram: some_name.
	handleForm = regexp.MustCompile(`(?i)` + `(?:^|[^\pL\pN._%+-])@[\pL_][\pL\pN_.]{2,}|` +
		reStart + `(?:(?:t|telegram|wa|fb|m) ?\. ?me|(?:vk|ok|facebook|fb|instagram|tiktok|threads|whatsapp|signal) ?\. ?(?:com|ru|me|org|net)) ?[/\\] ?[^\s]|` +
		reStart + `(?:инст(?:а|аграм\pL?)|телег\pL{1,2}|тел[ае]грам\pL?|вк|тг|ник|insta|instagram|telegram|tg|vk|tiktok|nick|username)[ :-]+[a-z]{2,}[a-z.]*[_\d][a-z\d_.]*`)

	// andOthers is "и др." before a date, and no birthday.
	andOthers = regexp.MustCompile(`(?i)[,\pL] (?:и |,)?др\.|` + reStart + `и др` + reEnd)

	birthdayForm = regexp.MustCompile(`(?i)` + reStart + reBirthday + `[^\pL\d]{0,5}(?:[^\pL\d]\pL{1,6} )?` + reDay +
		`|` + reStart + reDay + `[^\pL\d]{0,5}(?:д(?:ень|ня) рожд|birthday|туған күн)`)

	// cardForm is an identity card by a short word, or a passport by its series:
	// nine digits in Kazakhstan, N and eight, two letters and seven elsewhere.
	cardForm = regexp.MustCompile(`(?i)` + reStart + `(?:удл|уд\. ?л(?:ич)?|удостов\pL*|куәлі[кг]\pL*|жк|id[ -]?card)[^\pN§]{0,12}\d(?:[ -]?\d){6,8}` + reApart + `|` +
		reStart + `(?:[nн][ -]?\d{8}|(?:[aа][abcdnавсн]|id)[ -]?\d{7})` + reApart)

	// groupedPhoneForm takes any separator, for the groups are those of a phone.
	groupedPhoneForm = regexp.MustCompile(`(?:^|\D)(?:` + strings.Join([]string{
		`[78]` + reGap + `[79]\d\d` + reGap + `\d{3}` + reGap + `(?:\d\d` + reGap + `\d\d|\d{4})`,
		`99[2368]` + reGap + `\d{2,3}` + reGap + `\d{3}` + reGap + `(?:\d{3}|\d{4}|\d\d` + reGap + `\d\d)`,
		`0[2-9]\d\d` + reGap + `\d{3}` + reGap + `\d{3}`,
		`7[0-7]\d[_:|*]\d{3}[_:|*]\d\d[_:|*]\d\d`,
	}, "|") + `)` + reApart)

	bloodCells = regexp.MustCompile(`(?i)(?:cd ?\d\+?|t|b|white|red|blood|stem)[ -]cells?`)

	// addressForm ends with its number, which countedForm follows when it counts.
	addressForm = regexp.MustCompile(reStart + `(?:` + strings.Join([]string{
		`(?i:ул|пер|пр-?т|просп|б-р|улица|проспект|переулок|бульвар|шоссе)[ .]+` + rePlace + `{1,3}` + reHouse,
		`(?i:улиц\pL{1,2}|проспект\pL|переулк\pL|бульвар\pL|пр|пос|пос[её]л\pL{2}|село|ауыл\pL*|айыл\pL*|қишлоқ|кишлак|кӯча\pL{0,2}|street)\.? +\p{Lu}` + rePlace + `{1,2}` + reHouse,
		`(?i:мкрн?|микрорайон\pL*|mkrn?|microdistrict|шағын ?аудан\pL*|мөлтек ?аудан\pL*)[ .,-]*` + rePlace + `{0,2}` + reHouse,
		`(?i:көшес\pL*|көчөс\pL*|даңғыл\pL*|ko['’‘ʻʼ]?chas\pL*|кўчас\pL*|köçes\pL*|mahallas\pL*|маҳаллас\pL*)[ ,.-]*` + reHouse,
		`\p{Lu}[\pL-]+ (?i:street|str\.|st\.|avenue|ave\.?|road|rd\.?|lane)[ ,]*` + reHouse,
		`(?i:кв|квартир[аеыу]|пәтер\pL{0,3}|apt|apartment|flat|xonadon|хонадон|подъезд\pL?|камер(?:а|е|ы|у|ада|асында)|отряд\pL?|барак\pL?|cell|үй)\.?[ :-]*` + reHouse,
		`(?i:дом|house)(?: ?№| no\.| #) ?\d{1,3}`,
	}, "|") + `)`)

	countedForm = regexp.MustCompile(`(?i)^(?:\d|(?:[.,-]\d+)? ?(?:-?\pL{1,2} )?(?:%|раз|дн|день|сут|нед|мес|год|лет|час|мин|доз|чел|табл|шт|балл|рубл|тенге|пациент|клиент|занят|визит|` +
		`рет|күн|апта|жыл|сағат|адам|ай[^\pL]|ай$|кун|марта|ч[^\pL]|ч$|г[^\pL]|г$|мг|мл|мкг|кг|гр|mg|ml|mcg|day|week|month|year|hour|min|time|dose|people|person|patient|client|visit|session))`)

	// numberedPlaceForm begins with its number.
	numberedPlaceForm = regexp.MustCompile(reStart + `\d{1,3}\pL?(?: ?- ?\pL{1,3})?[ -]{0,3}(?i:үй|пәтер|uy|уй|xonadon|хонадон|камера|квартира|мкрн?|шағын ?аудан\pL*|мөлтек ?аудан\pL*)` + reEnd + `|` +
		reStart + `\d{1,4}\pL? (?:\p{Lu}[\pL-]+ ){1,2}(?i:street|avenue|road|lane|st|ave|rd)` + reEnd)

	titleForm = regexp.MustCompile(strings.Join([]string{
		reStart + `(?:(?i:гр|гр-н\pL?|гр-к\pL|г-н\pL{0,2}|г-ж\pL{1,2}|тов)|[Mm]rs?|Ms|Mx|Dr)(?:\. *| +)(?:\p{Lu}\. ?){0,2}` + reCapital,
		reStart + `(?:(?i:гражданин\pL*|гражданк\pL+|господин\pL*|госпож\pL+|товарищ\pL{0,2}|доктор\pL{0,2}|азамат(?:ша)?|` +
			`жолдас|дәрігер|мырза|ханым|жаран|айым|janob|xonim|fuqaro|mister|doctor)|Miss) +(?:\p{Lu}\. ?){0,2}` + reCapital,
		reCapital + ` (?i:мырза|ханым|айым|апай|ағай)` + reEnd,
	}, "|"))

	nameForm = regexp.MustCompile(strings.Join([]string{
		reStart + `(?i:пациент\pL*|клиент\pL*|больн\pL+|осужд[её]нн\pL+|client|patient|inmate) ` + reSurname + reEnd,
		reStart + reSurname + ` +(?:\p{Lu}\p{Ll}+|\p{Lu}\.` + reEnd + `)`,
		reStart + `\p{Lu}\p{Ll}+ +` + reSurname + reEnd,
		reStart + `\p{Lu}\p{Ll}{2,}(?:[ое]вич(?:а|у|ем|е)?|[ое]вна|[oe]vich|[oe]vna)` + reEnd,
		reStart + `\p{Lu}\p{Ll}+ +\p{Lu}\p{Ll}*(?:(?:[ое]вн|ичн)(?:[аыеу]|ой)|ич(?:а|у|ем|е)?)` + reEnd,
		reStart + `\p{Lu}\p{Ll}+(?:ұлы|қызы|кызы|уулу|оглы|зода|qyzy|kyzy|uulu|ogly|zoda)` + reEnd,
	}, "|"))

	// lowerInitialsForm is иванова и.и., all in lower case.
	lowerInitialsForm = regexp.MustCompile(reStart + `(\p{Ll}{2,}(?:[оеё]в[ау]?|енко|[oe]va?|enko)) (\p{Ll})\. ?(\p{Ll})\.`)

	// initialsForm is Иванова И.И. or И.И. Иванова; the groups are the initials.
	initialsForm = regexp.MustCompile(reStart + `\p{Lu}\pL{2,}(?:-\pL+)? (\p{Lu})\. ?(\p{Lu})\.|` +
		reStart + `(\p{Lu})\. ?(\p{Lu})\. ?\p{Lu}\p{Ll}{2,}`)

	// kinForm is Бакыт Асан уулу, Асан уулу Бакыт or Нурланулы; the groups are the
	// word before "son of" or "daughter of", or the whole word.
	kinForm = regexp.MustCompile(reStart + `\p{Lu}\pL+ (` + reCapital + `) ` + reKin + reEnd + `|` +
		reStart + `(` + reCapital + `) (?:кызы|уулу|оглы|ўғли|қизи|uulu|kyzy|ogly|qizi) \p{Lu}|` + reStart + `(\p{Lu}\p{Ll}+улы)` + reEnd)

	// genitive: "клиенттің қызы" is a client's daughter and names nobody.
	genitive = regexp.MustCompile(`(?:[нтд][ыіиуү][ңн]|ning)$`)
)

// doseRoutes are abbreviations that look like initials: ways to give a medicine, and
// times of day.
var doseRoutes = map[string]bool{"IV": true, "IM": true, "PO": true, "SC": true, "SL": true, "PR": true, "AM": true, "PM": true}

// shortForms are abbreviations that look like initials in lower case.
var shortForms = map[string]bool{"те": true, "тд": true, "тп": true, "тк": true, "нэ": true, "уе": true, "жб": true, "тб": true}

var (
	// patronymicForm is a patronymic in lower case.
	patronymicForm = regexp.MustCompile(`^\pL{3,}(?:[ое]вич(?:а|у|ем|е)?|[ое]вна|[oe]vich|[oe]vna|ұлы|қызы|кызы|уулу|оглы|оғлы|ўғли|қизи|qyzy|kyzy|uulu|ogly|qizi)$`)

	// familyForm is a surname or a patronymic; beside a first name only.
	familyForm = regexp.MustCompile(`^(?:\pL{2,}(?:[оеё]в(?:а|у|ой|ым|е)?|енко|[сц]к(?:ий|ая|ого|ому|ой)|швили|дзе|чук|[oe]va?|enko|sk(?:iy|yi|y|aya)|` +
		`(?:[ое]вн|ичн)(?:[аыуе]|ой)|ич(?:а|у|ем)?)|ким|цой|пак|югай|хегай|kim|tsoy|tsoi|pak)$`)

	kinWord = regexp.MustCompile(`^` + reKin + `$`)

	// knownWord stands beside a first name and names nobody: who works, where, when.
	knownWord = regexp.MustCompile(`^(?:не|на|во?|из|от|до|по|за|был|была|есть|нет|сегодня|вчера|завтра)$|^(?:психолог|психиатр|нарколог|врач|доктор|медсестр|медбрат|фельдшер|терапевт|куратор|консультант|координатор|юрист|` +
		`соцработник|клиент|пациент|фонд|центр|клиник|больниц|диспансер|кабинет|район|област|город|улиц|метадон|бупренорфин|налоксон|налтрексон|` +
		`дәрігер|мейіргер|маман|орталы|қор|ауруханас|емхана|облыс|аудан|қала|` +
		`алмат|астан|шымкент|караганд|қарағанд|павлодар|тараз|атырау|актоб|ақтөбе|костана|қостанай|бишкек|ташкент|душанбе|ашхабад|казахстан|қазақстан|` +
		`мать|мама|отец|брат|сестр|жена|жене|муж|дочь|дочер|сын|анасы|әкесі|ағасы|апасы|әпкесі|інісі|жұбайы|әйелі|күйеуі|mother|father|brother|sister|wife|husband|son|daughter|` +
		`понедельник|вторник|сред|четверг|пятниц|суббот|воскресень|дүйсенбі|сейсенбі|сәрсенбі|бейсенбі|жұма|` +
		`counsellor|counselor|nurse|doctor|psychologist|case|client|patient|cent(?:re|er)|clinic|hospital|foundation|fund|ngo|` +
		`almaty|astana|shymkent|karaganda|bishkek|tashkent|dushanbe|ashgabat|kazakhstan|methadone|buprenorphine|naloxone|` +
		`monday|tuesday|wednesday|thursday|friday|saturday|sunday)\pL{0,3}$|\pL{2}(?:ть|ться|лся|лась|шла|шел|шёл)$`)

	abbreviations = lookAlikeSet(`ПТАО ПТ ОЗТ ОАТ ОТ ЗПТ ВИЧ СПИД АИТВ ЖИТС ВГС ВГВ ГЭН АРТ АРВТ ТБ ИППП ЖЖБИ ПАВ ПИН ЛЖВ ЛУИН СН КСР МСМ ЦПЗ ОЦПЗ РНПЦ НПЦ РЦ ПДЛ НПО ОФ ОО КФ ТОО ГУ
		УИС ДУИС ДП МВД МЗ РК КР РФ РУ РТ ИФА ПЦР ЭКГ ЭЭГ УЗИ КТ МРТ АД ЧСС ЧДД ОАК ОАМ АЛТ АСТ АЧТВ МНО ХСН ИБС ХОБЛ ЦНС ЖКТ ОРВИ ДТП ДОТ КПТ МИ СМС МКБ ПМСП
		СД ШКГ БАК РВ КПГ МКГ МГ МЛ МКМОЛЬ ММОЛЬ УП ЛС НЛС ИИН ЖСН УДЛ
		HIV AIDS HCV HBV HAV HDV HBSAG RNA DNA PCR ELISA ART ARV ARVT TB STI OAT OST MMT BMT CIWA CIWAAR AR COWS AUDIT AUDITC DUDIT DAST ASSIST PHQ GAD WHOQOL QOL ASI ASAM DSM ICD ECG EKG EEG CT MRI
		ALT AST GGT INR APTT BMI BP HR CBC WBC RBC CRP ESR QTC PLT HGB NGO PWID PWUD MSM SW PLHIV WHO CDC UNODC USAID PEPFAR CADAP GF IM IV PO SC SL PRN BID TID
		COVID SMS QR MKG MCG MMOL PPM GP ER ICU CBT MI ID OK FIB CD PEP PREP NSP OD`)

	notNames = wordSet(`часов месяцев годов приемов приёмов анализов препаратов наркотиков пациентов клиентов баллов документов специалистов тестов шприцев шприцов презервативов
		симптомов случаев методов следов инъекций сосудов органов зубов нервов классов вирусов гепатитов лейкоцитов эритроцитов тромбоцитов витаминов растворов
		граммов миллиграммов литров законов вопросов ответов звонков подростков долгов судов штрафов арестов отцов сынов вдохов обмороков психозов неврозов ожогов порезов
		абсцессов пальцев посев посева слева голова голову голове головой гнев эпизода паралич паралича москвич первична вторична токсична частична типична опиатов опиоидов барбитуратов психологов наркологов контактов осмотров пропусков визитов этапов курсов процентов рисков навыков отказов
		срывов рецидивов запоев побоев районов родственников партнеров партнёров сотрудников участников суставов диагнозов факторов центров отделов врачов раз готов готова
		здоров здорова нездоров нездорова снова слова основа основе основу вдова вдове нова половой плановой трудовой правовой групповой целевой разовой дозовой часовой
		здоровой готовой новой боевой базовой типовой пищевой волевой кровяной лекарств приступов диуретиков антибиотиков антидепрессантов нейролептиков волонтеров волонтёров
		ежедневна повседневна душевна плачевна гневна виновна невиновна условна безусловна духовна кровна ровна неровна основна словна дословна верховна хладнокровна бескровна многословна задушевна
		основной условной уголовной кровной духовной душевной ежедневной дневной повседневной первичной вторичной больничной обычной личной различной наличной единичной
		частичной токсичной физичной хроничной клиничной прежнева иной ключ
		капсулы ампулы гранулы формулы
		екі үш бір төрт бес жалғыз үлкен кіші кенже тұңғыш nov prev kiev lev above`)
)
