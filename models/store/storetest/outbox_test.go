package storetest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// Whoever is told reads the kind of a notice in the code list, and the docs say what each
// is for.
func TestNotice_KindsAreListedAndDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/notices.md")
	must(t, err)
	source, err := os.ReadFile("../outbox.go")
	must(t, err)
	kinds := append(arguments(t, 1, "notify", "notifyAt"), arguments(t, 0, "bothWhenDue")...)
	for _, u := range []string{"referral_unanswered", "transfer_unanswered", "access_overdue"} { // of the table of what nobody answered
		if !strings.Contains(string(source), `, "`+u+`"},`) {
			t.Errorf("%s is not looked for", u)
		}
		kinds = append(kinds, u)
	}
	for _, kind := range kinds {
		if !models.InList("notice_kind", kind) {
			t.Errorf("%s is told, and is not in the code list notice_kind", kind)
		}
	}
	list, _ := models.CodeListByID("notice_kind")
	for _, kind := range list.Codes {
		if !slices.Contains(kinds, kind.Code) {
			t.Errorf("%s is listed, and nobody is told it", kind.Code)
		}
		if !strings.Contains(string(page), "| `"+kind.Code+"` |") {
			t.Errorf("docs/notices.md does not say what %s is", kind.Code)
		}
	}
}
