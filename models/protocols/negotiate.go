package protocols

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// matchers keeps one matcher for each list of languages: building one costs more
// than the rest of a protocol request. The lists come from catalogues, so few exist.
var matchers sync.Map

func matcher(available []string) language.Matcher {
	key := strings.Join(available, " ")
	if m, ok := matchers.Load(key); ok {
		return m.(language.Matcher)
	}
	tags := make([]language.Tag, len(available))
	for i, a := range available {
		tags[i] = language.Make(a)
	}
	m, _ := matchers.LoadOrStore(key, language.NewMatcher(tags))
	return m.(language.Matcher)
}

// Negotiate picks the language to answer in from an Accept-Language header. The
// first of available is the default: for no header, a malformed one, or one that
// nothing fits.
func Negotiate(acceptLanguage string, available []string) string {
	if len(available) == 0 {
		return ""
	}
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return available[0]
	}
	_, i, confidence := matcher(available).Match(wanted...)
	if confidence == language.No {
		return available[0]
	}
	return available[i]
}
