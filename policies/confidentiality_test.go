package policies

import (
	"strings"
	"testing"

	"jol/models"
)

// columns of the confidentiality matrix and the roles that stand in them.
var columns = map[string][]models.Role{
	"CT":   {models.RoleClinician, models.RoleNarcologist, models.RoleNurse},
	"PM":   {models.RolePrisonMedical},
	"PSY":  {models.RolePsychologist, models.RoleSocialWorker},
	"SEC":  {models.RolePrisonSecurity},
	"GOV":  {models.RolePrisonManagement},
	"PRO":  {models.RoleProbationOfficer},
	"NGO":  {models.RoleNGOOutreach, models.RoleNGOCoordinator},
	"PEER": {models.RolePeerNavigator},
}

// order of the columns in the lines of confidentiality.
var order = []string{"CT", "PM", "PSY", "SEC", "GOV", "PRO", "NGO", "PEER"}

// line is one line of the matrix. Each cell holds the matrix's letters, a colon and
// the relations through which the column reads. "word" stands for a cell that the
// matrix fills with words instead of a letter.
type line struct {
	category models.Category
	cells    [8]string
}

// confidentiality is the matrix as written down from the source by hand, apart from
// policy.csv. The client's own column is not served by this API; MIN is A or "-"
// everywhere and so reads no client category.
var confidentiality = []line{
	//                             CT                   PM                  PSY                  SEC           GOV           PRO             NGO                             PEER
	{models.CatIdentity, [8]string{"T:own team", "T:own custody", "T:own team", "word:", "word:", "word:own", "C:own consented", "C:own consented"}},
	{models.CatTreatmentFact, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "-:", "-:", "C L:consented", "C:own consented", "C:own consented"}},
	{models.CatScreening, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "-:", "-:", "-:", "C:own consented", "-:"}},
	{models.CatDiagnosis, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "-:", "-:", "L:", "C:consented", "-:"}},
	{models.CatInfection, [8]string{"T:own team consented", "T:own custody consented", "C:own consented", "-:", "-:", "-:", "C:consented", "-:"}},
	{models.CatMentalHealth, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "M:", "M:", "M C:consented", "C E:own consented emergency", "E:emergency"}},
	{models.CatWithdrawal, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "M:", "M:", "-:", "-:", "-:"}},
	{models.CatOAT, [8]string{"T:own team consented", "T:own custody consented", "-:", "M:", "-:", "-:", "word:", "-:"}},
	{models.CatDrugTest, [8]string{"T:own team consented", "T:own custody consented", "C:own consented", "-:", "-:", "-:", "-:", "-:"}},
	{models.CatReproductive, [8]string{"T:own team consented", "T:own custody consented", "C:own consented", "M:", "M:", "-:", "C:consented", "-:"}},
	{models.CatCounselling, [8]string{"-:", "C:consented", "C:own consented", "-:", "-:", "-:", "F:own", "word:"}},
	{models.CatPlanSocial, [8]string{"C:own consented", "T:own custody consented", "T:own team consented", "word:", "word:", "C:consented", "C:own consented", "word:"}},
	{models.CatPlanClinical, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "-:", "-:", "-:", "C:own consented", "-:"}},
	{models.CatReleaseDate, [8]string{"C:consented", "F:custody", "F:custody", "F:custody", "F:custody", "F:own", "C:consented", "C:consented"}},
	{models.CatReleasePlan, [8]string{"C:own consented", "T:own custody consented", "T:own team consented", "-:", "-:", "word:", "C:own consented", "C:own consented"}},
	{models.CatAttendance, [8]string{"T:own team consented", "C:own consented", "C:own consented", "-:", "-:", "C:consented", "C:own consented", "-:"}},
	{models.CatNaloxone, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "M:", "M:", "-:", "F:own", "F:own"}},
	{models.CatOverdoseEvent, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "F:own", "F:own", "-:", "C:own consented", "-:"}},
	{models.CatOverdoseClinical, [8]string{"T:own team consented", "T:own custody consented", "T:own team consented", "-:", "-:", "-:", "C:consented", "-:"}},
	{models.CatIncident, [8]string{"-:", "M:", "M:", "F:own", "F:own", "L:", "word:own", "-:"}},
	{models.CatComplaint, [8]string{"-:", "T:own custody", "-:", "-:", "word:", "-:", "word:own", "-:"}},
	{models.CatAccessPass, [8]string{"-:", "word:", "-:", "F:own", "F:own", "-:", "word:own", "word:own"}},
	{models.CatConsent, [8]string{"word:own", "T:own custody", "word:own", "-:", "-:", "word:own", "word:own", "-:"}},
	{models.CatDisclosureLog, [8]string{"word:own", "word:own", "-:", "-:", "-:", "-:", "word:own", "-:"}},
}

// beyond lists everything the matrix of reads does not say: break-glass, what may be
// written, the service's resources, and the roles without a column. A line is
// "category verb relation: who", who being columns or roles; "all" is every role.
const beyond = `
treatmentFact read emergency: clinician narcologist PM
screening read emergency: clinician narcologist PM
diagnosis read emergency: clinician narcologist PM
infection read emergency: clinician narcologist PM
mentalHealth read emergency: clinician narcologist PM
withdrawal read emergency: clinician narcologist PM
oat read emergency: clinician narcologist PM
drugTest read emergency: clinician narcologist PM
planClinical read emergency: clinician narcologist PM
overdoseClinical read emergency: clinician narcologist PM

identity create own: CT PM PSY NGO
identity change own: CT PM PSY NGO
identity approve own: CT PM ngo_coordinator
screening create own: CT PM PSY NGO
diagnosis create own: clinician narcologist PM
infection create own: CT PM
mentalHealth create own: CT PM PSY
withdrawal create own: CT PM
oat create own: CT PM
oat change own: clinician narcologist PM
drugTest create own: CT PM
reproductive create own: CT PM
counselling create own: PSY NGO
planSocial create own: PM PSY NGO
planSocial change own: PM PSY NGO
planClinical create own: clinician narcologist PM psychologist
planClinical change own: clinician narcologist PM psychologist
releaseDate create custody: GOV
releaseDate change custody: GOV
releasePlan create own: PM PSY
releasePlan change own: PM PSY
attendance create own: CT PM PSY NGO
naloxone create own: CT PM PSY NGO PEER
naloxone change own: CT PM PSY NGO PEER
overdoseEvent create own: CT PM PSY SEC NGO
overdoseEvent change own: CT PM PSY NGO
overdoseClinical create own: CT PM
incident create own: SEC NGO
incident change own: SEC GOV
complaint create own: PM NGO
complaint change own: PM
accessPass create own: ngo_coordinator
accessPass change own: SEC GOV ngo_coordinator
accessPass approve own: GOV
accessPass read country: programme_coordinator
consent create own: CT PM PSY NGO
consent change own: CT PM PSY NGO
consent change custody: PM
disclosureLog create own: CT PM NGO

referral read own: CT PM PSY PRO NGO
referral create own: CT PM PSY PRO NGO
referral change own: CT PM social_worker NGO
episode read own: CT PM PSY NGO
episode read team: CT PSY
episode read custody: PM
episode read consented: CT PM NGO
episode create own: CT PM PSY NGO
episode change own: CT PM PSY NGO
task read own: CT PM PSY NGO PEER
task read team: CT PSY
task read custody: PM
task create own: CT PM PSY NGO
task change own: CT PM PSY NGO PEER
ownFigures read own: CT PM PSY NGO PEER
notice read own: CT PM PSY GOV NGO programme_coordinator
notice change own: CT PM PSY GOV NGO programme_coordinator
custody read own: PM
custody read custody: PM SEC GOV
custody create own: PM
custody change own: PM
transfer read own: CT PM
transfer create own: CT PM
transfer change own: CT PM
releaseCase read own: CT PM PSY NGO
releaseCase read team: PSY
releaseCase read custody: PM
releaseCase read consented: CT NGO
releaseCase create own: PM
releaseCase change own: PM PSY
functionalNote read custody: PM SEC GOV
functionalNote create custody: PM
agreement read own: GOV NGO
agreement create own: ngo_coordinator
agreement change own: ngo_coordinator GOV
agreement approve own: GOV
agreement read country: programme_coordinator
agreement create country: programme_coordinator
agreement change country: programme_coordinator
breakGlass read own: clinician narcologist PM
breakGlass create own: clinician narcologist PM
breakGlass approve own: clinician narcologist PM
alert read any: CT PM PSY SEC GOV PRO NGO PEER ministry_analyst
alert create own: clinician narcologist PM
alert change own: clinician narcologist PM
alert read country: programme_coordinator
alert create country: programme_coordinator
alert change country: programme_coordinator
ewsReport read own: CT PM PSY NGO
ewsReport read any: CT PM PSY SEC GOV PRO NGO
ewsReport create own: CT PM PSY NGO
ewsReport change own: CT PM PSY NGO
ewsReport read country: programme_coordinator
ewsReport create country: programme_coordinator
ewsReport change country: programme_coordinator
ewsReport approve country: programme_coordinator
protocol read any: all
protocol create any: protocol_editor
protocol change any: protocol_editor
protocol approve any: protocol_editor
indicator read any: ministry_analyst release_steward
indicator create country: release_steward
indicator approve country: release_steward
organisation read any: all
organisation create country: administrator
organisation change country: administrator
user read country: administrator
user create country: administrator
user change country: administrator
audit read any: auditor
`

// rolesOf expands a column, a role or "all".
func rolesOf(word string) []models.Role {
	if word == "all" {
		return models.Roles
	}
	if roles, ok := columns[word]; ok {
		return roles
	}
	return []models.Role{models.Role(word)}
}

// expected builds every row that the two tables call for.
func expected(t *testing.T) map[row]bool {
	t.Helper()
	want := make(map[row]bool)
	add := func(who, relation string, category models.Category, verb string) {
		for _, role := range rolesOf(who) {
			r := row{role, models.Relation(relation), category, models.Verb(verb)}
			if want[r] {
				t.Errorf("the test table has %v twice", r)
			}
			want[r] = true
		}
	}
	for _, l := range confidentiality {
		for i, cell := range l.cells {
			_, relations, _ := strings.Cut(cell, ":")
			for relation := range strings.FieldsSeq(relations) {
				add(order[i], relation, l.category, "read")
			}
		}
	}
	for text := range strings.SplitSeq(strings.TrimSpace(beyond), "\n") {
		if text == "" {
			continue
		}
		head, who, _ := strings.Cut(text, ":")
		words := strings.Fields(head)
		for w := range strings.FieldsSeq(who) {
			add(w, words[2], models.Category(words[0]), words[1])
		}
	}
	return want
}

func TestPolicy_IsTheConfidentialityMatrix(t *testing.T) {
	t.Parallel()
	rows, err := parse(policyText)
	if err != nil {
		t.Fatal(err)
	}
	want := expected(t)
	for _, r := range rows {
		if !want[r] {
			t.Errorf("policy.csv allows what the matrix does not: %v", r)
		}
		delete(want, r)
	}
	for r := range want {
		t.Errorf("policy.csv lacks a row of the matrix: %v", r)
	}
}

func TestMatrixTable_CoversEveryClientCategory(t *testing.T) {
	t.Parallel()
	if len(confidentiality) != len(models.ClientCategories) {
		t.Fatalf("%d lines for %d categories", len(confidentiality), len(models.ClientCategories))
	}
	for i, l := range confidentiality {
		if l.category != models.ClientCategories[i] {
			t.Errorf("line %d is %s, want %s", i, l.category, models.ClientCategories[i])
		}
	}
}

// TestMatrixLetters_MeanTheirRelations holds the test's own table to the contract's
// dictionary of letters.
func TestMatrixLetters_MeanTheirRelations(t *testing.T) {
	t.Parallel()
	for _, l := range confidentiality {
		for i, cell := range l.cells {
			letters, relations, _ := strings.Cut(cell, ":")
			if letters == "word" {
				continue
			}
			required, allowed := relationsOf(letters, order[i])
			got := " " + relations + " "
			for _, r := range required {
				if !strings.Contains(got, " "+r+" ") {
					t.Errorf("%s %s: %s needs %s", l.category, order[i], letters, r)
				}
			}
			for r := range strings.FieldsSeq(relations) {
				if !strings.Contains(allowed, r) {
					t.Errorf("%s %s: %s does not give %s", l.category, order[i], letters, r)
				}
			}
		}
	}
}

// relationsOf returns the relations that a cell's letters require and those they allow.
func relationsOf(letters, column string) (required []string, allowed string) {
	for letter := range strings.FieldsSeq(letters) {
		switch letter {
		case "T":
			relation := "team"
			if column == "PM" {
				relation = "custody"
			}
			required, allowed = append(required, "own", relation), allowed+"own consented "+relation+" "
		case "C":
			required, allowed = append(required, "consented"), allowed+"own consented "
		case "E":
			required, allowed = append(required, "emergency"), allowed+"emergency "
		case "F":
			allowed += "own custody "
		}
	}
	return required, allowed
}
