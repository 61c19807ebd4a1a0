package models

import (
	"regexp"
	"strings"
	"unicode"
)

// MaxNote is the longest free text, in runes. A note says what the codes cannot,
// and is short.
const MaxNote = 500

// ScreenText refuses text that identifies a person. It returns the name of the rule
// that refused, never the text; ok is true when no rule did. The rules are those of
// docs/identity.md, D.4. They know forms (numbers, titles, patronymics), not names:
// a lone first name passes.
func ScreenText(s string) (rule string, ok bool) {
	note := newScreened(s)
	for _, r := range screenRules {
		if r.finds(note) {
			return r.name, false
		}
	}
	return "", true
}

// screened is a text made ready for the rules.
type screened struct {
	text string // normalised
	// free is text without what looks like a number of a person and is none: dates,
	// blood pressures, grams, the citizenship of a country.
	free string
	// numbers are the digit groups of text, in stretches without a letter.
	numbers [][]string
}

// screenRules run in this order: the most telling name first.
var screenRules = []struct {
	name  string
	finds func(screened) bool
}{
	{"national_number_kz", func(n screened) bool { return n.anyNumber(isKazakhIIN) }},
	{"national_number_uz", func(n screened) bool { return n.anyNumber(isUzbekPINFL) }},
	{"national_number_kg", func(n screened) bool { return n.anyNumber(isKyrgyzPIN) }},
	{"email", func(n screened) bool { return emailForm.MatchString(n.text) }},
	{"birth_date", func(n screened) bool { return birthWordForm.MatchString(n.text) && birthDateForm.MatchString(n.text) }},
	{"passport_tm", func(n screened) bool { return passportTMForm.MatchString(n.text) }},
	{"tax_number_tj", func(n screened) bool { return taxNumberForm.MatchString(n.text) }},
	{"passport_number", func(n screened) bool { return passportForm.MatchString(n.free) }},
	{"phone", func(n screened) bool { return phoneForm.MatchString(n.free) }},
	{"long_digit_run", screened.longDigitRun},
	{"title_and_name", screened.namesPerson},
}

func newScreened(s string) screened {
	text := normaliseText(s)
	free := text
	for _, form := range harmlessForms {
		free = form.ReplaceAllString(free, "§")
	}
	return screened{text: text, free: free, numbers: digitGroups(text)}
}

// normaliseText does the part of NFKC that matters here: digits of every script and
// full-width forms become ASCII, marks and invisible characters go, every space and
// dash becomes one kind. Then O between digits becomes 0.
func normaliseText(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		last := len(out) - 1
		switch {
		case r == '\u0306' && last >= 0 && out[last] == 'и': // й in two characters
			out[last] = 'й'
		case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me), r == '\u115F', r == '\u3164':
		case unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Cc):
			out = append(out, ' ')
		case unicode.Is(unicode.Pd, r), r == '−', r == '⁄', r == '∕':
			out = append(out, asciiSeparator(r))
		default:
			out = append(out, asciiDigit(r))
		}
	}
	return string(lettersToZero(out))
}

func asciiSeparator(r rune) rune {
	if r == '⁄' || r == '∕' {
		return '/'
	}
	return '-'
}

// asciiDigit maps a digit of any script to ASCII, and leaves other runes alone.
// Decimal digits lie in runs of ten; the others are superscript, subscript and
// circled forms.
func asciiDigit(r rune) rune {
	if r <= unicode.MaxASCII {
		return r
	}
	for _, table := range unicode.Nd.R16 {
		if r >= rune(table.Lo) && r <= rune(table.Hi) {
			return '0' + (r-rune(table.Lo))%10
		}
	}
	for _, table := range unicode.Nd.R32 {
		if r >= rune(table.Lo) && r <= rune(table.Hi) {
			return '0' + (r-rune(table.Lo))%10
		}
	}
	for _, forms := range []string{"⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉", "⓪①②③④⑤⑥⑦⑧⑨", "⓿❶❷❸❹❺❻❼❽❾"} {
		if before, _, found := strings.Cut(forms, string(r)); found {
			return '0' + rune(len([]rune(before)))
		}
	}
	return r
}

// lettersToZero reads the letter O, Latin or Cyrillic, as 0 where digits stand on
// both sides, separators aside.
func lettersToZero(text []rune) []rune {
	digitBefore := false
	for i, r := range text {
		switch {
		case isDigit(r):
			digitBefore = true
		case strings.ContainsRune("OoОо", r):
			if digitBefore && digitAfter(text[i+1:]) {
				text[i] = '0'
			}
		case !strings.ContainsRune(" .-/", r):
			digitBefore = false
		}
	}
	return text
}

func digitAfter(text []rune) bool {
	for _, r := range text {
		if !strings.ContainsRune(" .-/OoОо", r) {
			return isDigit(r)
		}
	}
	return false
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// digitGroups collects the groups of digits between two letters. A number may be
// written with any separators inside, but not with words.
func digitGroups(text string) [][]string {
	var stretches [][]string
	for _, stretch := range strings.FieldsFunc(text, unicode.IsLetter) {
		if groups := strings.FieldsFunc(stretch, func(r rune) bool { return !isDigit(r) }); len(groups) > 0 {
			stretches = append(stretches, groups)
		}
	}
	return stretches
}

// anyNumber tries every number that whole neighbouring groups make when joined.
func (n screened) anyNumber(is func(digits string) bool) bool {
	const longest = 14
	for _, groups := range n.numbers {
		for i := range groups {
			joined := ""
			for _, g := range groups[i:] {
				if joined += g; len(joined) > longest {
					break
				}
				if is(joined) {
					return true
				}
			}
		}
	}
	return false
}

// isKazakhIIN tests shape and check digit: YYMMDD, century and sex (1 and 2 are the
// 1800s, of whom nobody lives), serial, check digit with weights 1..11 and, when
// that gives 10, with 3..11,1,2.
func isKazakhIIN(d string) bool {
	if len(d) != 12 || !dayAndMonth(d[4:6], d[2:4]) || !strings.Contains("03456", d[6:7]) {
		return false
	}
	for _, shift := range []int{0, 2} {
		sum := 0
		for i := range 11 {
			sum += int(d[i]-'0') * ((i+shift)%11 + 1)
		}
		if check := sum % 11; check < 10 {
			return int(d[11]-'0') == check
		}
	}
	return false // 10 twice: never issued
}

// isUzbekPINFL tests shape and check digit: century and sex (3 to 6 are those alive),
// DDMMYY, area, serial, check digit with weights 7, 3, 1.
func isUzbekPINFL(d string) bool {
	if len(d) != 14 || !strings.Contains("3456", d[:1]) || !dayAndMonth(d[1:3], d[3:5]) {
		return false
	}
	sum := 0
	for i := range 13 {
		sum += int(d[i]-'0') * []int{7, 3, 1}[i%3]
	}
	return int(d[13]-'0') == sum%10
}

// isKyrgyzPIN tests the shape only, for no check digit is known: sex, DDMMYYYY, five
// digits.
func isKyrgyzPIN(d string) bool {
	return len(d) == 14 && (d[0] == '1' || d[0] == '2') && dayAndMonth(d[1:3], d[3:5]) &&
		(d[5:7] == "19" || d[5:7] == "20")
}

func dayAndMonth(day, month string) bool {
	return day >= "01" && day <= "31" && month >= "01" && month <= "12"
}

// longDigitRun refuses twelve digits and more, whatever they are. Space, dot, dash
// and slash join digits; dates and blood pressures do not count, nor does a ladder
// of doses such as 60-50-40-30-20-10.
func (n screened) longDigitRun() bool {
	for _, run := range digitRun.FindAllString(n.free, -1) {
		groups := strings.FieldsFunc(run, func(r rune) bool { return !isDigit(r) })
		if len(strings.Join(groups, "")) >= 12 && !doseLadder(groups) {
			return true
		}
	}
	return false
}

// doseLadder reports whether the groups are doses going one way in steps of at most
// 50, none with a leading zero.
func doseLadder(groups []string) bool {
	const step, highest = 50, 400
	up, down, before := true, true, 0
	for i, g := range groups {
		if len(g) > 3 || g[0] == '0' {
			return false
		}
		dose := 0
		for _, r := range g {
			dose = dose*10 + int(r-'0')
		}
		if dose > highest || i > 0 && (dose-before > step || before-dose > step) {
			return false
		}
		up, down = up && (i == 0 || dose >= before), down && (i == 0 || dose <= before)
		before = dose
	}
	return len(groups) > 2 && (up || down)
}

// namesPerson looks for a name by its form: after a title, beside initials, with a
// patronymic, or a surname beside another name.
func (n screened) namesPerson() bool {
	if nameForm.MatchString(n.free) {
		return true
	}
	for _, m := range initialsForm.FindAllStringSubmatch(n.free, -1) {
		if !doseRoutes[strings.Join(m[1:], "")] {
			return true
		}
	}
	for _, m := range kinForm.FindAllStringSubmatch(n.free, -1) {
		if word := strings.Join(m[1:], ""); !genitive.MatchString(word) && !smallForms[word] {
			return true
		}
	}
	return false
}

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
		`(?:19|20)\d\d ?\pL{0,6}\.? \d{1,2}[ -]?` + reMonth + `)`
	reBirth = `(?:рожд[её]н|родил(?:ся|ась)|[гд] ?[./] ?р` + reEnd + `|туған|туылған|туулган|ту[гғ]илган|таваллуд|тавлид|` +
		`tug['’‘ʻʼ]?il|doglan|date of birth|birth ?da(?:te|y)|born|d\.?o\.?b` + reEnd + `)`

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
		`99[2368](?:[ ()-]*\d){8,9}`,                                  // 996 555 123 456
		`0[ (-]*[2-9]\d\d[ )-]*(?:[ -]?\d){6}`,                        // 0555 123 456
		`7[0-7]\d[ )-]*\d{3}[ -]*\d{2}[ -]*\d{2}`,                     // 701 123 45 67
		`(?:9\d|88|77|71|55|50|33|20)[ )-]+\d{3}[ -]*\d{2}[ -]*\d{2}`, // 90 123 45 67
	}, "|") + `)` + reApart + `|` + reStart + rePhone + `(?:[^\pL\pN][^\d§]{0,20})?\d(?:[ ().-]*\d){5}`)

	nameForm = regexp.MustCompile(strings.Join([]string{
		reStart + `(?:(?i:гр|гр-н\pL?|гр-к\pL|г-н\pL{0,2}|г-ж\pL{1,2}|тов)|[Mm]rs?|Ms|Mx|Dr)(?:\. *| +)(?:\p{Lu}\. ?){0,2}` + reCapital,
		reStart + `(?:(?i:гражданин\pL*|гражданк\pL+|господин\pL*|госпож\pL+|товарищ\pL{0,2}|доктор\pL{0,2}|азамат(?:ша)?|` +
			`жолдас|дәрігер|мырза|ханым|жаран|айым|janob|xonim|fuqaro|mister|doctor)|Miss) +(?:\p{Lu}\. ?){0,2}` + reCapital,
		reCapital + ` (?i:мырза|ханым|айым)` + reEnd,
		reStart + `(?i:пациент\pL*|клиент\pL*|больн\pL+|осужд[её]нн\pL+|client|patient|inmate) ` + reSurname + reEnd,
		reStart + reSurname + ` +(?:\p{Lu}\p{Ll}+|\p{Lu}\.` + reEnd + `)`,
		reStart + `\p{Lu}\p{Ll}+ +` + reSurname + reEnd,
		reStart + `\p{Lu}\p{Ll}{2,}(?:[ое]вич(?:а|у|ем|е)?|[ое]вна|[oe]vich|[oe]vna)` + reEnd,
		reStart + `\p{Lu}\p{Ll}+ +\p{Lu}\p{Ll}*(?:(?:[ое]вн|ичн)(?:[аыеу]|ой)|ич(?:а|у|ем|е)?)` + reEnd,
		reStart + `\p{Lu}\p{Ll}+(?:ұлы|қызы|кызы|уулу|оглы|зода|qyzy|kyzy|uulu|ogly|zoda)` + reEnd,
	}, "|"))

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

// smallForms are Russian words that end like a Kazakh patronymic.
var smallForms = map[string]bool{"Капсулы": true, "Ампулы": true, "Гранулы": true, "Формулы": true}
