package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNote is the longest free text, in runes. A note says what the codes cannot,
// and is short.
const MaxNote = 500

// ScreenText refuses text that identifies a person. It returns the name of the rule
// that refused, never the text; ok is true when no rule did. The rules are those of
// docs/identity.md, D.4. They know forms (numbers, titles, patronymics) and the
// commonest first names: a lone first name passes.
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
	words   []word // of free
	// cased is free with names that do not look like names put right: capitals and
	// lower case as in a book, a space for what stands between two words.
	cased string
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
	{"handle", func(n screened) bool { return handleForm.MatchString(n.text) }},
	{"birth_date", screened.birthDate},
	{"passport_tm", func(n screened) bool { return passportTMForm.MatchString(n.text) }},
	{"tax_number_tj", func(n screened) bool { return taxNumberForm.MatchString(n.text) }},
	{"passport_number", func(n screened) bool { return passportForm.MatchString(n.free) || cardForm.MatchString(n.free) }},
	{"phone", func(n screened) bool { return phoneForm.MatchString(n.free) || groupedPhoneForm.MatchString(n.free) }},
	{"long_digit_run", screened.longDigitRun},
	{"address", screened.address},
	{"title_and_name", screened.namesPerson},
	{"first_name_and_name", screened.listedNames},
	{"mixed_script_word", screened.mixedScript},
}

func newScreened(s string) screened {
	text := normaliseText(s)
	free := text
	for _, form := range harmlessForms {
		free = form.ReplaceAllString(free, "§")
	}
	words := wordsOf(free)
	return screened{text: text, free: free, numbers: digitGroups(text), words: words, cased: casedCopy(words, free)}
}

// normaliseText does the part of NFKC that matters here: digits of every script and
// full-width forms become ASCII, marks and invisible characters go, every space and
// dash becomes one kind. Then letters among digits that look like digits become them,
// and Latin letters that stand in for Kazakh ones become those.
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
	return kazakhLetters(string(lettersToDigits(out)))
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

// digitLooks are letters, Latin and Cyrillic, that pass for a digit.
var digitLooks = map[rune]rune{
	'O': '0', 'o': '0', 'О': '0', 'о': '0', 'З': '3', 'з': '3',
	'I': '1', 'l': '1', 'ı': '1', 'І': '1', 'і': '1', 'Ӏ': '1', 'ӏ': '1',
}

// lettersToDigits reads letters that pass for digits as those: where digits stand on
// both sides, separators aside, and in a word with five digits and no other letter.
func lettersToDigits(text []rune) []rune {
	digitBefore := false
	for i, r := range text {
		digit, looks := digitLooks[r]
		switch {
		case isDigit(r):
			digitBefore = true
		case looks:
			if digitBefore && digitAfter(text[i+1:]) {
				text[i] = digit
			}
		case !strings.ContainsRune(" .-/", r):
			digitBefore = false
		}
	}
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && (unicode.IsLetter(text[end]) || isDigit(text[end])) {
			end++
		}
		numberToDigits(text[start:end])
		start = end + 1
	}
	return text
}

func digitAfter(text []rune) bool {
	for _, r := range text {
		if _, looks := digitLooks[r]; !looks && !strings.ContainsRune(" .-/", r) {
			return isDigit(r)
		}
	}
	return false
}

func numberToDigits(word []rune) {
	digits := 0
	for _, r := range word {
		if _, looks := digitLooks[r]; isDigit(r) {
			digits++
		} else if !looks {
			return
		}
	}
	for i, r := range word {
		if digit, looks := digitLooks[r]; looks && digits >= 5 {
			word[i] = digit
		}
	}
}

// kazakhStandIns are Latin letters that people type in Kazakh words for want of a
// Kazakh keyboard.
var kazakhStandIns = strings.NewReplacer("i", "і", "I", "І", "ə", "ә", "Ə", "Ә", "ɵ", "ө", "Ɵ", "Ө", "h", "һ")

// kazakhLetters puts Kazakh letters where Latin ones stand in for them, in words that
// are Cyrillic otherwise.
func kazakhLetters(text string) string {
	return letterRun.ReplaceAllStringFunc(text, func(run string) string {
		if right := kazakhStandIns.Replace(run); scriptsOf(right) == 1 && scriptsOf(run) > 1 {
			return right
		}
		return run
	})
}

// scriptsOf counts the scripts a word is written in. Greek before the rest is a unit
// or a letter of science: μg, β.
func scriptsOf(run string) int {
	var latin, cyrillic, other int
	for i, r := range run {
		switch {
		case unicode.Is(unicode.Latin, r):
			latin = 1
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic = 1
		case unicode.Is(unicode.Common, r), i == 0 && unicode.Is(unicode.Greek, r):
		default:
			other = 1
		}
	}
	return latin + cyrillic + other
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
	if titleForm.MatchString(n.free) || nameForm.MatchString(n.cased) {
		return true
	}
	for _, m := range initialsForm.FindAllStringSubmatch(n.free, -1) {
		if !doseRoutes[strings.Join(m[1:], "")] {
			return true
		}
	}
	for _, m := range lowerInitialsForm.FindAllStringSubmatch(n.free, -1) {
		if !notNames[m[1]] && !shortForms[m[2]+m[3]] {
			return true
		}
	}
	for _, m := range kinForm.FindAllStringSubmatch(n.cased, -1) {
		if word := strings.ToLower(strings.Join(m[1:], "")); !genitive.MatchString(word) && !notNames[word] {
			return true
		}
	}
	return false
}

// birthDate looks for a date beside a word for birth. A day and month alone tell too,
// beside a word for a birthday.
func (n screened) birthDate() bool {
	text := andOthers.ReplaceAllString(n.text, " § ")
	return birthWordForm.MatchString(text) && birthDateForm.MatchString(text) || birthdayForm.MatchString(text)
}

// address looks for a word of an address and a number that counts nothing: "at home
// 5 days" is no address.
func (n screened) address() bool {
	text := bloodCells.ReplaceAllString(n.free, "§")
	for _, m := range addressForm.FindAllStringIndex(text, -1) {
		if !countedForm.MatchString(text[m[1]:]) {
			return true
		}
	}
	return numberedPlaceForm.MatchString(text)
}

// mixedScript looks for a word in letters of two scripts, which only hides it from
// the other rules. Abbreviations are typed so by mistake (СD4, HСV), Kazakh endings
// are put to Latin ones (HCVмен), and two letters are a unit.
func (n screened) mixedScript() bool {
	for _, run := range letterRun.FindAllString(n.text, -1) {
		if scriptsOf(run) < 2 || utf8.RuneCountInString(run) < 3 {
			continue
		}
		stem := latinStem.FindString(run)
		ending := strings.TrimPrefix(run, stem)
		if !abbreviations[lookAlike(run)] && (!abbreviations[lookAlike(stem)] || ending != strings.ToLower(ending) || scriptsOf(ending) > 1) {
			return true
		}
	}
	return false
}
