package protocols

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	snowballEnglish "github.com/blevesearch/snowballstem/english"
	snowballRussian "github.com/blevesearch/snowballstem/russian"
)

// minStem is how many letters an ending must leave.
const minStem = 4

// stemmer reduces the forms of a word to one.
type stemmer func(word string) string

// stemmerOf returns the stemmer for texts of a language: the endings the content lists
// for it, otherwise Russian for Cyrillic words and English for Latin ones.
func (s *synonyms) stemmerOf(lang string) stemmer {
	endings := s.endings[lang]
	if len(endings) == 0 {
		return stemByScript
	}
	return func(word string) string {
		if latin(word) {
			return stemByScript(word)
		}
		return strip(word, endings)
	}
}

func stemByScript(word string) string {
	env := snowballstem.NewEnv(word)
	if latin(word) {
		snowballEnglish.Stem(env)
	} else {
		snowballRussian.Stem(env)
	}
	return env.Current()
}

func latin(word string) bool { return word[0] < utf8.RuneSelf }

// strip takes endings off, longest first, as long as enough of the word is left: an
// agglutinative language such as Kazakh adds several.
func strip(word string, endings []string) string {
	for {
		i := slices.IndexFunc(endings, func(e string) bool {
			return strings.HasSuffix(word, e) && utf8.RuneCountInString(word)-utf8.RuneCountInString(e) >= minStem
		})
		if i < 0 {
			return word
		}
		word = strings.TrimSuffix(word, endings[i])
	}
}
