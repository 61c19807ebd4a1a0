package protocols

import (
	"unicode"
	"unicode/utf8"
)

// folded maps letters to the ones a Russian keyboard has, so that a Kazakh word typed
// on it is found. Documents and questions are folded alike.
var folded = map[rune]rune{
	'ә': 'а', 'ғ': 'г', 'қ': 'к', 'ң': 'н', 'ө': 'о', 'ұ': 'у', 'ү': 'у', 'һ': 'х', 'і': 'и', 'ё': 'е',
}

// fold returns the letter as it is compared.
func fold(r rune) rune {
	r = unicode.ToLower(r)
	if f, ok := folded[r]; ok {
		return f
	}
	return r
}

// token is one word of a text: its folded form and the bytes it takes in the text.
type token struct {
	word     string
	from, to int
}

// tokens splits a text into words of letters and digits. A single letter is no word: in
// the texts it is a tag such as [E] or a preposition.
func tokens(text string) []token {
	var out []token
	var word []rune
	from := 0
	end := func(to int) {
		if len(word) > 1 || len(word) == 1 && unicode.IsDigit(word[0]) {
			out = append(out, token{string(word), from, to})
		}
		word = word[:0]
	}
	for i, r := range text {
		switch {
		case r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if len(word) == 0 {
				from = i
			}
			word = append(word, fold(r))
		case len(word) > 0 && apostrophe(r): // Uzbek oʻ, Ukrainian м'я: one word
		default:
			end(i)
		}
	}
	end(len(text))
	return out
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʻ' || r == 'ʼ' }

// words returns the folded words of a text.
func words(text string) []string {
	var out []string
	for _, t := range tokens(text) {
		out = append(out, t.word)
	}
	return out
}
