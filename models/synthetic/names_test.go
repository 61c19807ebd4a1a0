package synthetic

import (
	"strings"
	"testing"
	"unicode/utf8"

	"jol/models"
)

// A parent is spelt in either script: both must give one code, or the demo would show
// double counts that the folding is there to prevent.
func TestNames_BothSpellingsFoldAlike(t *testing.T) {
	t.Parallel()
	for _, name := range allNames() {
		cyrillic, latin, ok := strings.Cut(name, "=")
		if !ok || utf8.RuneCountInString(cyrillic) < 5 || len(latin) < 5 {
			t.Errorf("%s: two spellings of at least five letters are needed to be recognised in a dump", name)
			continue
		}
		a, completeA, errA := models.FoldInitials(firstLetters(cyrillic))
		b, completeB, errB := models.FoldInitials(firstLetters(latin))
		if errA != nil || errB != nil || !completeA || !completeB || a != b {
			t.Errorf("%s folds to %s and %s", name, a, b)
		}
	}
}

func TestNames_MishearingChangesTheCode(t *testing.T) {
	t.Parallel()
	for _, name := range allNames() {
		for spelling := range strings.SplitSeq(name, "=") {
			letters := firstLetters(spelling)
			right, _, _ := models.FoldInitials(letters)
			wrong, _, err := models.FoldInitials(misheard(letters))
			if err != nil || wrong == right {
				t.Errorf("%s: misheard as %s, which folds to %s (%v)", letters, misheard(letters), wrong, err)
			}
		}
	}
}

func allNames() (all []string) {
	for _, lists := range []map[string]string{mothers, fathers} {
		for _, country := range models.Countries {
			all = append(all, strings.Fields(lists[country])...)
		}
	}
	return all
}
