package models

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word as the rules for listed names read it.
type word struct {
	text    string // lower case
	from    int    // where it stands in the text
	to      int
	first   nameKind
	shouted bool // all capitals, and no abbreviation
	shown   bool // a capital marks it, as it marks a name
	starts  bool // it begins a sentence, which explains the capital
	near    bool // only separators stand between it and the word before
}

// nameKind says whether a word is a listed first name.
type nameKind int

const (
	noName   nameKind = iota
	wordName          // a name that is a word too: Вера, Мақсат
	onlyName
)

// wordsOf reads the words of a text. A single letter counts as an initial, before a
// dot only.
func wordsOf(text string) []word {
	var words []word
	after, initial := 0, false
	for _, m := range nameWord.FindAllStringIndex(text, -1) {
		raw, gap := text[m[0]:m[1]], text[after:m[0]]
		w := word{text: strings.ToLower(raw), from: m[0], to: m[1]}
		w.starts = len(words) == 0 || strings.ContainsAny(gap, ".!?:;…") && strings.Contains(gap, " ")
		w.near = len(words) > 0 && (!w.starts || initial) && !strings.ContainsAny(gap, `0123456789§«»"“”„`)
		w.shown = w.text != raw
		w.first = firstName(w.text)
		if initial = utf8.RuneCountInString(raw) == 1; initial {
			initial = strings.HasPrefix(text[m[1]:], ".")
			w.shown = w.shown && initial
		} else {
			w.shouted = raw == strings.ToUpper(raw) && !abbreviations[lookAlike(raw)]
		}
		after = m[1]
		words = append(words, w)
	}
	for from := 0; from < len(words); {
		to := from + 1
		for to < len(words) && !words[to].starts {
			to++
		}
		hideShouting(words[from:to])
		from = to
	}
	return words
}

// hideShouting takes the marks off a long sentence that is mostly capitals, where
// they tell nothing.
func hideShouting(sentence []word) {
	shouted := 0
	for _, w := range sentence {
		if w.shouted {
			shouted++
		}
	}
	if shouted > 4 && 2*shouted > len(sentence) {
		for i := range sentence {
			sentence[i].shown = false
		}
	}
}

// casedCopy writes marked words with one capital, and words that only look like
// surnames, and words for kin, with none.
func casedCopy(words []word, text string) string {
	var b strings.Builder
	after := 0
	for _, w := range words {
		gap, raw := text[after:w.from], text[w.from:w.to]
		if w.near && !strings.ContainsAny(gap, ".()") {
			gap = " "
		}
		_, size := utf8.DecodeRuneInString(raw)
		switch {
		case notNames[w.text] || kinWord.MatchString(w.text):
			raw = w.text
		case w.shown && len(raw) > size && !abbreviations[lookAlike(raw)]:
			raw = strings.ToUpper(raw[:size]) + strings.ToLower(raw[size:])
		}
		b.WriteString(gap + raw)
		after = w.to
	}
	return b.String() + text[after:]
}

// listedNames looks for a common first name beside another name, and for a patronymic
// without its capital.
func (n screened) listedNames() bool {
	for i, w := range n.words {
		if patronymicForm.MatchString(w.text) && !notNames[w.text] || w.near && namesTogether(n.words[i-1], w) {
			return true
		}
	}
	return false
}

// namesTogether reports whether a and b, in this order, name a person: two listed
// names, or one and a surname, a word for kin after it, or an unknown word with a
// capital.
func namesTogether(a, b word) bool {
	if a.first != noName && b.first != noName {
		return a.shown && b.shown || a.first == onlyName && b.first == onlyName
	}
	name, other := a, b
	if b.first != noName {
		name, other = b, a
	}
	switch {
	case name.first == noName || notNames[other.text]:
		return false
	case familyForm.MatchString(other.text) || kinWord.MatchString(b.text):
		return true
	case knownWord.MatchString(other.text) || abbreviations[lookAlike(other.text)]:
		return false
	}
	return name.shown && other.shown && (name.first == onlyName || !name.starts && !other.starts)
}

// firstName looks a word up in the lists, in any Russian case.
func firstName(w string) nameKind {
	key := foldName(w)
	if kind, listed := firstNames[key]; listed {
		return kind
	}
	if !unicode.Is(unicode.Cyrillic, []rune(w)[0]) {
		return noName // "marine" is no case of Марина
	}
	for _, ending := range []string{"OM", "EM", "OI", "EI", "A", "U", "E", "I"} {
		stem, cut := strings.CutSuffix(key, ending)
		if !cut || len(stem) < 3 {
			continue
		}
		for _, nominative := range []string{"A", "I", ""} {
			if kind, listed := firstNames[stem+nominative]; listed {
				return kind
			}
		}
	}
	return noName
}

// foldName folds a name as FoldInitials folds initials, so that one list serves both
// scripts and their spellings.
func foldName(w string) string {
	letters, code := plainLetters(w)
	if code != "" {
		return ""
	}
	folded := ""
	for letters != "" {
		symbol, size := foldUnit(letters)
		folded += symbol
		letters = letters[size:]
	}
	return strings.ReplaceAll(folded, "II", "I") // Дмитрий, Dmitry
}

// lookAlike gives one spelling to what looks the same in Latin and Cyrillic.
func lookAlike(w string) string { return lookAlikes.Replace(strings.ToUpper(w)) }

var lookAlikes = strings.NewReplacer("А", "A", "В", "B", "Е", "E", "К", "K", "М", "M", "Н", "H", "О", "O", "Р", "P", "С", "C", "Т", "T",
	"Х", "X", "У", "Y", "І", "I", "Ѕ", "S", "Ј", "J")
