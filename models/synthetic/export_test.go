package synthetic

import "strings"

// Names lists every spelling of every name the generator knows, for the canary that
// looks for them in a database.
func Names() (spellings []string) {
	for _, name := range allNames() {
		spellings = append(spellings, strings.Split(name, "=")...)
	}
	return spellings
}
