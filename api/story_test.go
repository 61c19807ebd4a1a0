package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store/storetest"
)

const storyFile = "testdata/story.golden"

// One person from the first outreach contact to the clinic after an early release, and
// what every organisation sees at every moment, the same on both engines.
func TestStory_Golden(t *testing.T) {
	t.Parallel()
	engines := storetest.Engines
	if *update {
		engines = engines[:1] // generating needs no PostgreSQL
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			got := newStory(t, newWorld(t, engine)).tell()
			if *update && !t.Failed() {
				if err := os.MkdirAll(filepath.Dir(storyFile), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(storyFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(storyFile)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the story is another one; read the difference, then: go test ./api -run TestStory_Golden -update\n%s", firstDifference(got, string(want)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	heading := ""
	for i := range min(len(g), len(w)) {
		if strings.HasPrefix(w[i], "##") {
			heading = w[i]
		}
		if g[i] != w[i] {
			return heading + "\ngot  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one ends before the other"
}

func newStory(t *testing.T, w *world) *story {
	t.Helper()
	s := &story{world: w, t: t, by: map[string]*onlooker{}, ids: map[string]string{}, counted: map[string]int{}}
	prisonB, healthB := w.otherPrison(t)
	exit, _, err := w.For(models.System("KZ"), nil, storetest.Key("exit")).CreateOrganisation(t.Context(), models.NewOrganisation{
		Name: "Exit clinic", Kind: models.KindClinic, Region: "KZ-71", CentreType: "1", ReportsStructured: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.onlooker("clinic", models.RoleClinician, w.Clinic)
	s.onlooker("second clinic", models.RoleClinician, w.Polyclinic)
	s.onlooker("NGO", models.RoleNGOOutreach, w.NGO)
	s.onlooker("prison health A", models.RolePrisonMedical, w.ColonyHealth)
	s.onlooker("prison health B", models.RolePrisonMedical, healthB)
	s.onlooker("security A", models.RolePrisonSecurity, w.Colony)
	s.onlooker("management A", models.RolePrisonManagement, w.Colony)
	s.onlooker("security B", models.RolePrisonSecurity, prisonB)
	s.onlooker("management B", models.RolePrisonManagement, prisonB)
	s.onlooker("probation", models.RoleProbationOfficer, w.Probation)
	s.onlooker("ministry", models.RoleMinistryAnalyst, w.Ministry)
	s.onlooker("default clinic", models.RoleClinician, exit)
	for kind, name := range map[models.OrganisationKind]string{models.KindClinic: "clinics' code", models.KindPrisonHealth: "prisons' code", models.KindNGO: "NGOs' code"} {
		s.ids[s.codeInSector(kind)] = name
	}
	s.ids[string(w.Colony.ID)], s.ids[string(prisonB.ID)] = "prison A", "prison B"
	w.run(t, changing(w.as(t, models.RoleAdministrator), "PUT", "/api/v1/regions/KZ-71/default-clinic", `"0"`, object{"organisation": exit.ID}.String(), 200))
	return s
}

// tell is the story. Hours and days are those of Almaty.
func (s *story) tell() string {
	s.out.WriteString(`# The story of one person

Written by TestStory_Golden (` + "`-update`" + `); do not edit. After every moment each organisation makes all calls that its role may
make about the person; "+" is a line of the answer that is new or has changed, "-" one that is gone. What is empty or false is left out.
`)
	s.outreach()
	s.treatment()
	spellA := s.arrest()
	spellB := s.moved(spellA)
	s.overdose(spellB)
	s.earlyRelease(spellB)
	s.backInCare()
	return s.out.String()
}

func (s *story) org(name string) models.OrganisationID { return s.by[name].Org.ID }

// give records a consent until a year from now.
func (s *story) give(who *onlooker, name string, purpose models.Purpose, to object, categories ...models.Category) {
	s.t.Helper()
	if categories == nil {
		categories = []models.Category{}
	}
	s.make(who, name, "clients/"+who.code+"/consents", object{"purpose": purpose, "recipient": to, "categories": categories, "until": s.Today().AddMonths(12)})
}

func (s *story) entry(who *onlooker, name, address string) {
	s.t.Helper()
	s.make(who, name, "clients/"+who.code+"/"+address, entryBodies(s.Today())[address])
}

func (s *story) registers(who *onlooker) {
	s.t.Helper()
	who.code = s.do(creating(who.account, "/api/v1/clients", person(1), http.StatusCreated)).named(s.t).Code
}

// dosed gives the dose of the order.
func (s *story) dosed(who *onlooker, order string, mg float64) {
	s.t.Helper()
	s.make(who, "dose", "dose-orders/"+order+"/doses", object{"status": "given", "at": s.Now(), "doseMg": mg, "guardReason": "tolerance_known", "witnessed": true})
}

func (s *story) outreach() {
	ngo, clinic := s.by["NGO"], s.by["clinic"]
	s.registers(ngo)
	s.entry(ngo, "needles and syringes", "contacts")
	s.entry(ngo, "naloxone training", "naloxone-trainings")
	s.entry(ngo, "social plan", "social-plans")
	kit := s.make(ngo, "kit", "naloxone-kits", kitBody(s.world))
	s.act(ngo, "naloxone-kits/"+kit, "handover", object{"on": s.Today(), "clientCode": ngo.code})
	s.moment("Outreach contact")

	s.give(ngo, "consent NGO to clinic", models.PurposeReferral, object{"organisation": s.org("clinic")}, models.CatTreatmentFact, models.CatNaloxone)
	referral := s.make(ngo, "referral NGO to clinic", "referrals", object{"clientCode": ngo.code, "toOrganisation": s.org("clinic"), "reason": "step_up", "urgency": "routine", "needs": []string{"oat"}, "note": "prefers mornings"})
	s.moment("The NGO refers to the clinic")

	s.pass(24 * time.Hour)
	clinic.code = s.act(clinic, "referrals/"+referral, "acceptance", nil).named(s.t).ClientCode
	s.act(clinic, "referrals/"+referral, "attendance", object{"on": s.Today()})
	s.moment("The clinic accepts")
}

func (s *story) treatment() {
	clinic := s.by["clinic"]
	s.entry(clinic, "screening", "screenings")
	s.entry(clinic, "diagnosis", "diagnoses")
	s.give(clinic, "consent to treatment", models.PurposeTreatment, object{"organisation": s.org("clinic")})
	s.make(clinic, "episode at the clinic", "clients/"+clinic.code+"/episodes", object{"startDate": s.Today(), "legalBasis": "voluntary",
		"previousTreatment": "1", "referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"})
	order := s.make(clinic, "order at the clinic", "clients/"+clinic.code+"/dose-orders", object{"medicine": "methadone", "schedule": "daily", "phase": "maintenance",
		"doseMg": 80, "from": s.Today(), "identityChecked": true, "guardReason": "verified_elsewhere"})
	s.give(clinic, "dose-continuity consent", models.PurposeDoseContinuity, object{"kind": models.KindPrisonHealth}, models.CatOAT)
	s.give(clinic, "consent clinic to NGO", models.PurposeReferral, object{"organisation": s.org("NGO")}, models.CatTreatmentFact, models.CatAttendance)
	s.dosed(clinic, order, 80)
	s.moment("Treatment begins, with a consent for the day of an arrest")
	s.pass(24 * time.Hour)
	s.dosed(clinic, order, 80)
}

func (s *story) arrest() (spell string) {
	clinic, medic := s.by["clinic"], s.by["prison health A"]
	s.pass(6 * time.Hour)
	s.registers(medic)
	spell = s.make(medic, "stay at A", "clients/"+medic.code+"/custody-spells", object{"basis": "pre_trial", "admittedAt": s.Now().Add(-time.Hour)})
	s.moment("Arrest: prison A admits somebody")

	asked := s.make(medic, "dose to A", "dose-transfers", object{"clientCode": medic.code, "fromOrganisation": s.org("clinic"), "consent": models.HeldBySender})
	s.moment("Prison health A asks the clinic for the dose")
	s.act(clinic, "dose-transfers/"+asked, "sending", object{"clientCode": clinic.code})
	s.moment("The clinic sends the dose")
	s.act(medic, "dose-transfers/"+asked, "confirmation", object{"identityChecked": true})
	order := s.orderOf(medic, "order at A")
	s.moment("Prison health A confirms")

	s.pass(18 * time.Hour)
	s.dosed(medic, order, 80)
	s.make(medic, "episode at A", "clients/"+medic.code+"/episodes", object{"startDate": s.Today(), "legalBasis": "voluntary", "previousTreatment": "2",
		"referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"})
	s.act(medic, "custody-spells/"+spell, "residence", nil)
	s.make(medic, "note", "functional-notes", object{"spell": spell, "place": "cell", "watchFor": []string{"hard_to_wake"}, "from": s.Now(), "until": s.Now().Add(20 * 24 * time.Hour)})
	s.moment("Custody: the first dose, and a note for the guards")
	return spell
}

// orderOf is the running order of an organisation's client.
func (s *story) orderOf(who *onlooker, name string) string {
	s.t.Helper()
	var page struct{ Items []named }
	s.get(s.t, who.account, "/api/v1/clients/"+who.code+"/dose-orders").Into(s.t, &page)
	for _, o := range page.Items {
		if o.State == "active" {
			s.ids[o.ID] = name
			return o.ID
		}
	}
	s.t.Fatalf("%s has no running order", who.name)
	return ""
}

func (s *story) moved(spell string) (spellB string) {
	a, b := s.by["prison health A"], s.by["prison health B"]
	s.pass(10 * 24 * time.Hour)
	transfer := s.make(a, "transfer A to B", "custody-spells/"+spell+"/transfers", object{"toOrganisation": s.org("prison health B"), "departureAt": s.Now().Add(12 * time.Hour)})
	s.give(a, "dose-continuity consent at A", models.PurposeDoseContinuity, object{"kind": models.KindPrisonHealth}, models.CatOAT)
	dose := s.make(a, "dose A to B", "dose-transfers", object{"clientCode": a.code, "toOrganisation": s.org("prison health B")})
	s.moment("A transfer to prison B is ordered, and the dose sent ahead")

	s.pass(12 * time.Hour)
	s.dosed(a, s.orderOf(a, "order at A"), 80)
	s.act(a, "custody-transfers/"+transfer, "departure", object{"at": s.Now()})
	s.pass(6 * time.Hour)
	s.act(b, "custody-transfers/"+transfer, "arrival", object{"at": s.Now()})
	s.moment("Between two prisons: arrived and not confirmed")

	s.act(b, "custody-transfers/"+transfer, "file-receipt", object{"at": s.Now()})
	s.act(b, "custody-transfers/"+transfer, "confirmation", object{})
	var stays struct{ Items []named }
	s.get(s.t, b.account, "/api/v1/custody-spells").Into(s.t, &stays)
	b.code = stays.Items[0].ClientCode
	spellB = stays.Items[0].ID
	s.ids[spellB] = "stay at B"
	s.moment("Prison health B confirms")

	s.act(b, "dose-transfers/"+dose, "confirmation", object{"identityChecked": true, "sameAs": b.code})
	s.pass(18 * time.Hour)
	s.dosed(b, s.orderOf(b, "order at B"), 80)
	s.act(b, "custody-spells/"+spellB, "residence", nil)
	s.moment("Agonist treatment goes on at prison B")
	return spellB
}

func (s *story) overdose(spell string) {
	b, guard, head := s.by["prison health B"], s.by["security B"], s.by["management B"]
	s.pass(20 * 24 * time.Hour)
	s.make(guard, "report of the guards", "overdoses", object{"place": "custody", "at": s.Now()})
	overdose := s.make(b, "overdose", "overdoses", object{"clientCode": b.code, "place": "custody", "at": s.Now(), "substances": []string{"11"}, "naloxoneDoses": 2, "ambulance": "yes", "outcome": "unknown"})
	s.moment("An overdose in prison B")
	s.act(b, "overdoses/"+overdose, "survival", nil)
	s.pass(20 * time.Hour)
	s.act(b, "overdoses/"+overdose, "follow-up", object{"on": s.Today()})
	s.moment("Survived and followed up")

	s.pass(6 * 24 * time.Hour)
	s.act(b, "overdoses/"+overdose, "plan-review", object{"on": s.Today()})
	slip := s.slip(s.t, b.account, spell)
	s.do(Scenario{Method: "POST", Path: "/api/v1/custody-spells/by-slip/" + slip + "/release-date", Token: head.Token, Status: 200, Body: object{"on": s.Today().AddDays(60), "replaces": nil}.String()})
	var stay struct{ ReleaseCase string }
	s.get(s.t, b.account, "/api/v1/custody-spells/"+spell).Into(s.t, &stay)
	s.ids[stay.ReleaseCase] = "release case"
	s.act(b, "release-cases/"+stay.ReleaseCase, "assessment", nil)
	s.give(b, "consent B to NGO", models.PurposeReferral, object{"organisation": s.org("NGO")}, models.CatReleaseDate, models.CatReleasePlan)
	s.give(b, "consent B to clinic", models.PurposeTreatmentContinuity, object{"organisation": s.org("clinic")}, models.CatTreatmentFact, models.CatOAT, models.CatReleaseDate, models.CatReleasePlan)
	s.moment("Release planning: in 60 days, as the management says")
	s.make(b, "referral B to clinic", "referrals", object{"clientCode": b.code, "toOrganisation": s.org("clinic"), "reason": "release", "urgency": "routine", "needs": []string{"oat"}, "note": ""})
	s.act(b, "release-cases/"+stay.ReleaseCase, "referrals", nil)
	s.moment("Prison health B refers to the clinic for the release")
}

func (s *story) earlyRelease(spell string) {
	b, head, ngo, exit := s.by["prison health B"], s.by["management B"], s.by["NGO"], s.by["default clinic"]
	s.pass(2 * 24 * time.Hour)
	s.dosed(b, s.orderOf(b, "order at B"), 80)
	slip := s.slip(s.t, b.account, spell)
	s.do(Scenario{Method: "POST", Path: "/api/v1/custody-spells/by-slip/" + slip + "/unplanned-release", Token: head.Token, Status: 200})
	s.moment("A court decides: free today")

	s.pass(2 * time.Hour)
	s.act(b, "custody-spells/"+spell, "release", object{"at": s.Now(), "planned": false, "exitRegion": "KZ-71", "referralOnRelease": "structured", "naloxoneOnRelease": "supplied", "clientTold": true})
	var handed struct{ Items []named }
	s.get(s.t, exit.account, "/api/v1/release-handovers").Into(s.t, &handed)
	exit.code = handed.Items[0].ClientCode
	s.moment("Released early, accepted by nobody: the default clinic is responsible")

	s.pass(48 * time.Hour)
	s.entry(ngo, "contact after the release", "contacts")
	s.finish(ngo, "release_ngo_contact")
	s.moment("The NGO's contact, within 72 hours")
}

// finish completes the open task of a kind.
func (s *story) finish(who *onlooker, kind string) {
	s.t.Helper()
	var page struct{ Items []struct{ ID, Kind string } }
	s.get(s.t, who.account, "/api/v1/tasks?limit=200").Into(s.t, &page)
	for _, task := range page.Items {
		if task.Kind == kind {
			s.act(who, "tasks/"+task.ID, "completion", object{"on": s.Today()})
			return
		}
	}
	s.t.Fatalf("%s has no task %s", who.name, kind)
}

func (s *story) backInCare() {
	clinic, b, exit := s.by["clinic"], s.by["prison health B"], s.by["default clinic"]
	s.pass(24 * time.Hour)
	s.finish(exit, "release_clinic_contact")
	s.give(exit, "consent default clinic to clinic", models.PurposeReferral, object{"organisation": s.org("clinic")})
	referral := s.make(exit, "referral default clinic to clinic", "referrals", object{"clientCode": exit.code, "toOrganisation": s.org("clinic"), "reason": "other", "urgency": "urgent", "needs": []string{"oat"}, "note": ""})
	s.moment("Day 3: the default clinic meets the client and refers to the clinic that knows them")

	s.pass(24 * time.Hour)
	fromPrison := s.idOf("referral B to clinic")
	s.act(clinic, "referrals/"+fromPrison, "acceptance", object{"sameAs": clinic.code})
	s.act(clinic, "referrals/"+referral, "acceptance", object{"sameAs": clinic.code})
	s.moment("Day 4: the clinic accepts")

	s.pass(24 * time.Hour)
	s.act(clinic, "referrals/"+fromPrison, "attendance", object{"on": s.Today()})
	s.act(clinic, "referrals/"+referral, "attendance", object{"on": s.Today()})
	s.act(clinic, "episodes/"+s.idOf("episode at the clinic"), "resumption", nil)
	s.entry(clinic, "attendance on day 5", "contacts")
	asked := s.make(clinic, "dose B to clinic", "dose-transfers", object{"clientCode": clinic.code, "fromOrganisation": s.org("prison health B"), "consent": models.HeldBySender})
	s.act(b, "dose-transfers/"+asked, "sending", object{"clientCode": b.code})
	s.act(clinic, "dose-transfers/"+asked, "confirmation", object{"identityChecked": true, "sameAs": clinic.code})
	s.make(clinic, "court duty", "clients/"+clinic.code+"/court-duties", object{"probation": s.org("probation"), "until": s.Today().AddMonths(6)})
	s.dosed(clinic, s.orderOf(clinic, "second order at the clinic"), 30)
	s.moment("Day 5: at the clinic")

	s.pass(17 * 24 * time.Hour)
	s.moment("Day 22: what became of the release")
}

func (s *story) idOf(name string) string {
	s.t.Helper()
	for id, n := range s.ids {
		if n == name {
			return id
		}
	}
	s.t.Fatalf("nothing is called %q", name)
	return ""
}
