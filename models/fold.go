package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// FoldVersion is the version of the folding table below. The table is settled
// before the first real data: any change of it changes codes, which is a re-keying
// event (docs/identity.md, D.3).
const FoldVersion = 1

// maxInitialRunes bounds what is looked at at all. The longest initials in use are
// two four-letter groups with marks; anything near this length is a name.
const maxInitialRunes = 16

// Codes of refused initials.
const (
	codeInitialsTooLong = "initials.too_long"
	codeInitialsLetters = "initials.not_letters"
	codeInitialsMixed   = "initials.mixed_script"
)

// FoldInitials folds the first two letters of a parent's first name, in Cyrillic or
// Latin, to two letters that agree between the scripts and spellings in use.
//
// A Latin group that stands for one Cyrillic letter (SHCH, KH, YU) counts as one
// letter, and so does a letter with a mark. A further letter is accepted only while
// fewer than two symbols have come out (Kh, Ю and П+Ь need one more); beyond that
// the input is refused, so that no name is ever sent. What stays short is padded
// with dots, a missing parent ("") is "..", and complete is false for both: the
// caller asks for one letter more, or records a low link quality.
//
// An error is an *Error of KindInvalid with code initials.too_long,
// initials.not_letters or initials.mixed_script.
func FoldInitials(s string) (folded string, complete bool, err error) {
	folded, code := foldInitials(s)
	if code != "" {
		return "", false, Fail(KindInvalid, code, "Send the first two letters of the first name, in one script, and nothing else.")
	}
	return folded, !strings.Contains(folded, "."), nil
}

func foldInitials(s string) (folded, code string) {
	if utf8.RuneCountInString(s) > maxInitialRunes {
		return "", codeInitialsTooLong
	}
	letters, code := plainLetters(s)
	if code != "" {
		return "", code
	}
	for letters != "" {
		if len(folded) == 2 {
			return "", codeInitialsTooLong
		}
		symbol, size := foldUnit(letters)
		folded += symbol
		letters = letters[size:]
	}
	return folded + ".."[len(folded):], ""
}

// plainLetters is steps 1 and 2 of the rule: compose, upper case, take marks off,
// and read the Uzbek oʻ and gʻ. Letters of two scripts in one field are refused:
// look-alikes (С and C, Н and H, Р and P) would fold to different codes unseen.
func plainLetters(s string) (letters, code string) {
	var out []rune
	var latin, cyrillic bool
	for _, r := range s {
		r = unicode.ToUpper(r)
		if base, marked := unmarked[r]; marked {
			r = base
		}
		last := len(out) - 1
		switch {
		case last >= 0 && unicode.Is(unicode.Mn, r):
			out[last] = compose(out[last], r)
		case last >= 0 && strings.ContainsRune(apostrophes, r) && (out[last] == 'O' || out[last] == 'G'):
			if out[last] == 'O' {
				out[last] = 'U'
			}
		case r >= 'A' && r <= 'Z':
			latin = true
			out = append(out, r)
		default:
			if _, known := foldLetters[r]; !known {
				return "", codeInitialsLetters
			}
			cyrillic = true
			out = append(out, r)
		}
	}
	if latin && cyrillic {
		return "", codeInitialsMixed
	}
	return string(out), ""
}

// compose joins a letter and a combining mark. Only two compositions change what a
// letter folds to; every other mark is dropped.
func compose(letter, mark rune) rune {
	const breve, caron = '\u0306', '\u030C'
	switch {
	case letter == 'И' && mark == breve:
		return 'Й'
	case letter == 'Z' && mark == caron:
		return 'J' // Ž
	}
	return letter
}

// foldUnit is steps 3 to 5: it folds the group or letter at the start of letters
// and tells how many bytes it took. The symbol is empty for Ъ and Ь.
func foldUnit(letters string) (symbol string, size int) {
	for _, g := range foldGroups {
		if strings.HasPrefix(letters, g.from) {
			return g.to, len(g.from)
		}
	}
	r, size := utf8.DecodeRuneInString(letters)
	if symbol, ok := foldLetters[r]; ok {
		return symbol, size
	}
	return string(r), size // a Latin letter that stands for itself
}

// apostrophes are the characters in use for the Uzbek oʻ and gʻ.
const apostrophes = "'`´’‘‛ʻʼʽʾʿʹˈˊˋ′‵＇"

// foldGroups are groups that stand for one Cyrillic letter, longest first, so that
// SHCH is not read as SH and CH.
var foldGroups = []struct{ from, to string }{
	{"SHCH", "S"}, {"DZH", "J"},
	{"KH", "H"}, {"ZH", "J"}, {"DJ", "J"}, {"SH", "S"}, {"CH", "C"}, {"TS", "C"}, {"GH", "G"},
	{"YA", "A"}, {"YU", "U"}, {"YO", "E"}, {"YE", "E"},
	{"ДЖ", "J"}, {"ЙО", "E"},
}

// foldLetters gives the symbol of each Cyrillic letter, and of the Latin letters
// that do not stand for themselves.
var foldLetters = func() map[rune]string {
	table := map[rune]string{'Ъ': "", 'Ь': "", 'Q': "K", 'X': "H", 'Y': "I", 'W': "V"}
	for _, row := range []struct{ symbol, letters string }{
		{"A", "АӘЯ"}, {"B", "Б"}, {"V", "В"}, {"G", "ГҒ"}, {"D", "Д"}, {"E", "ЕЁЭ"}, {"J", "ЖҶҖ"}, {"Z", "З"},
		{"I", "ИЙІӢЫ"}, {"K", "КҚ"}, {"L", "Л"}, {"M", "М"}, {"N", "НҢ"}, {"O", "ОӨ"}, {"P", "П"}, {"R", "Р"},
		{"S", "СШЩ"}, {"T", "Т"}, {"U", "УЎҰҮӮЮ"}, {"F", "Ф"}, {"H", "ХҲҺ"}, {"C", "ЦЧ"},
	} {
		for _, r := range row.letters {
			table[r] = row.symbol
		}
	}
	return table
}()

// unmarked maps precomposed letters to their plain letter: the letters whose
// canonical decomposition is a letter of the table and marks. Each row starts with
// the plain letter. Й stays (ЙО is a group) and Ž is J. Strokes are not marks: Ø, Đ
// and Ł are no letters of this table.
var unmarked = func() map[rune]rune {
	table := map[rune]rune{}
	for _, row := range []string{
		"AÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ", "BḂḄḆ", "CÇĆĈĊČḈ", "DĎḊḌḎḐḒ", "EÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ", "FḞ",
		"GĜĞĠĢǦǴḠ", "HĤȞḢḤḦḨḪ", "IÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊ", "JĴŽ", "KĶǨḰḲḴ", "LĹĻĽḶḸḺḼ", "MḾṀṂ", "NÑŃŅŇǸṄṆṈṊ",
		"OÒÓÔÕÖŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ", "PṔṖ", "RŔŖŘȐȒṘṚṜṞ", "SŚŜŞŠȘṠṢṤṦṨ", "TŢŤȚṪṬṮṰ",
		"UÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ", "VṼṾ", "WŴẀẂẄẆẈ", "XẊẌ", "YÝŶŸȲẎỲỴỶỸ", "ZŹŻẐẒẔ",
		"АӐӒ", "ГЃ", "ЕЀЁӖ", "ЖӁӜ", "ЗӞ", "ИЍӢӤ", "ІЇ", "КЌ", "ОӦ", "УЎӮӰӲ", "ЧӴ", "ЫӸ", "ЭӬ", "ӘӚ", "ӨӪ",
	} {
		plain, size := utf8.DecodeRuneInString(row)
		for _, r := range row[size:] {
			table[r] = plain
		}
	}
	return table
}()
