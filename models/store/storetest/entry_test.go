package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// scores is a world that computes bands; the real tools are tested where they are.
func (c *Country) scores(t testing.TB) *store.Store {
	t.Helper()
	return c.Open(t, func(o *store.Options) {
		o.Scoring = func(_ *models.Checks, s *models.Scale, sex string) models.Scored {
			return models.Scored{ToolVersion: "test", Band: fmt.Sprintf("%s %d %s", s.Tool, *s.Score, sex)}
		}
	})
}

func diagnosisOn(on models.Date, icd11 string) *models.Diagnosis {
	return &models.Diagnosis{On: on, ICD11: icd11, Status: "confirmed"}
}

// Record writes an entry.
func (w Worker) Record(handle string, content models.EntryContent) *store.SeenEntry {
	w.country.t.Helper()
	e, _, err := w.New().RecordEntry(ctx, handle, content)
	must(w.country.t, err)
	return e
}

// entries lists what a worker sees of one kind, as entry ids.
func (w Worker) entries(t testing.TB, handle string, kind models.EntryKind) (ids []string) {
	t.Helper()
	page, err := w.New().ListEntries(ctx, handle, kind, store.Paging{Limit: 50})
	must(t, err)
	for _, e := range page.Items {
		ids = append(ids, e.EntryID)
	}
	return ids
}

func TestEntry_CorrectionsAreVersions(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		first := doctor.Record(handle, diagnosisOn(c.Today(), "6C43.1"))
		row := func(version int) string {
			return scan[string](t, c.World, "SELECT data || code || correction || created_by FROM entries WHERE entry_id = ? AND version = ?", first.EntryID, version)
		}
		was := row(1)
		c.Advance(time.Hour)
		for _, old := range []int64{0, 2} {
			_, err := doctor.On(old).CorrectEntry(ctx, first.EntryID, "entry_error", diagnosisOn(c.Today(), "6C43.2"))
			wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		}
		second, err := doctor.Colleague().On(1).CorrectEntry(ctx, first.EntryID, "entry_error", diagnosisOn(c.Today(), "6C43.2"))
		must(t, err)
		if second.Version != 2 || second.EntryID != first.EntryID || second.Code != "6C43.2" || second.ClientCode != handle {
			t.Fatalf("%+v", second)
		}
		if row(1) != was {
			t.Error("the first version was overwritten")
		}
		if got := doctor.entries(t, handle, models.EntryDiagnosis); !slices.Equal(got, []string{first.EntryID}) {
			t.Errorf("listed %v", got)
		}
		if n := count(t, c.World, "entries WHERE entry_id = ? AND current = ?", first.EntryID, true); n != 1 {
			t.Errorf("%d current versions", n)
		}
		// Another kind is not this entry.
		_, err = doctor.On(2).CorrectEntry(ctx, first.EntryID, "entry_error", &models.ReproductiveStatus{On: c.Today(), Pregnant: "no"})
		wantError(t, err, models.KindNotFound, "entry.not_found")
		// Struck out: listed nowhere, kept, and put back by a correction.
		struck, err := doctor.On(2).CorrectEntry(ctx, first.EntryID, models.EnteredInError, nil)
		must(t, err)
		if !struck.Struck() || struck.Code != "6C43.2" || len(doctor.entries(t, handle, models.EntryDiagnosis)) != 0 {
			t.Errorf("%+v", struck)
		}
		_, err = doctor.On(3).CorrectEntry(ctx, first.EntryID, models.EnteredInError, nil)
		wantError(t, err, models.KindConflict, "entry.struck_out")
		if path, err := doctor.New().GetPathway(ctx, handle); err != nil || len(path.Entries) != 0 {
			t.Errorf("the pathway shows what was struck out: %v", err)
		}
		_, err = doctor.On(3).CorrectEntry(ctx, first.EntryID, "entry_error", diagnosisOn(c.Today(), "6C43.0"))
		must(t, err)
		history, err := doctor.New().GetEntry(ctx, first.EntryID)
		must(t, err)
		var codes []string
		for _, v := range history {
			codes = append(codes, strings.TrimSpace(fmt.Sprintf("%d %s %s", v.Version, v.Code, v.Correction)))
		}
		if got := strings.Join(codes, ", "); got != "4 6C43.0 entry_error, 3 6C43.2 entered_in_error, 2 6C43.2 entry_error, 1 6C43.1" {
			t.Errorf("history %s", got)
		}
		e := c.events(t, 0)
		last := e[len(e)-2]
		if last.Action != "entry.correct" || !slices.Contains(last.Objects, first.EntryID) {
			t.Errorf("%+v", last)
		}
	})
}

func TestEntry_BandsComeFromTheScale(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nine := 9
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(2) // F
		_, _, err := doctor.New().RecordEntry(ctx, handle, &models.Screening{Scale: models.Scale{On: c.Today(), Tool: "dudit", Score: &nine}})
		wantError(t, err, models.KindInvalid, "screening.tool_unknown") // without tools nothing is scored
		doctor = doctor.Through(c.scores(t))
		doctor.Record(handle, &models.Screening{Scale: models.Scale{On: c.Today(), Tool: "dudit", Score: &nine}})
		page, err := doctor.New().ListEntries(ctx, handle, models.EntryScreening, store.Paging{Limit: 1})
		must(t, err)
		got := page.Items[0].Content.(*models.Screening)
		if got.Band != "dudit 9 F" || page.Items[0].Result != got.Band || page.Items[0].Quantity != 9 || page.Items[0].Code != "dudit" {
			t.Errorf("%+v", page.Items[0])
		}
	})
}

func TestEntry_AssessmentBelongsToAnEpisode(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		age := 17
		assess := func() *models.Assessment {
			return &models.Assessment{AssessmentItems: models.AssessmentItems{
				On: c.Today(), LivingWith: "5", Children: "0", LivingWhere: "3", Labour: "4", Education: "3", Frequency30d: "1",
				FrequencyReference: "before_entry", Polydrug: "1", OSTStatus: "1", AgeFirstInjection: &age, HIVTest: "1", HCVTest: "1", Sharing: "1",
			}}
		}
		_, _, err := doctor.New().RecordEntry(ctx, handle, assess())
		wantError(t, err, models.KindConflict, "assessment.episode_required")
		episode := doctor.Start(handle)
		late := assess()
		late.SecondaryDrugs = []string{"11"} // the primary drug of the episode
		_, _, err = doctor.New().RecordEntry(ctx, handle, late)
		wantError(t, err, models.KindInvalid, "assessment.secondary_repeats_primary")
		e := doctor.Record(handle, assess())
		if e.EpisodeID != episode.ID || len(e.Content.(*models.Assessment).Warnings) != 0 {
			t.Errorf("%+v", e)
		}
		_, err = doctor.On(1).CloseEpisode(ctx, episode.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
		must(t, err)
		again, err := doctor.On(1).CorrectEntry(ctx, e.EntryID, "new_information", assess()) // against the episode it was made in
		must(t, err)
		if again.EpisodeID != episode.ID || again.Version != 2 {
			t.Errorf("%+v", again)
		}
	})
}

func TestEntry_ContactsMoveTheLastContact(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		contact := func(appointment string) *models.Contact {
			return &models.Contact{On: c.Today(), Intervention: "PSY", Setting: "facility", Appointment: appointment}
		}
		doctor.Record(handle, contact("none")) // without an episode
		episode := doctor.Start(handle)
		last := func() string {
			return scan[string](t, c.World, "SELECT last_contact FROM episodes WHERE id = ?", episode.ID)
		}
		started := last()
		c.Advance(48 * time.Hour)
		doctor.Record(handle, contact("missed"))
		if last() != started {
			t.Error("an absent client was seen")
		}
		doctor.Record(handle, contact("attended"))
		if last() != string(c.Today()) {
			t.Errorf("last contact %s, want %s", last(), c.Today())
		}
	})
}

func TestEntry_ReplayGivesTheEntryAsItIs(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		req := Key("diagnosis")
		first, out, err := doctor.With(req).RecordEntry(ctx, handle, diagnosisOn(c.Today(), "6C43.1"))
		must(t, err)
		_, err = doctor.On(1).CorrectEntry(ctx, first.EntryID, "entry_error", diagnosisOn(c.Today(), "6C43.2"))
		must(t, err)
		again, replay, err := doctor.With(req).RecordEntry(ctx, handle, diagnosisOn(c.Today(), "6C43.1"))
		must(t, err)
		if out.Replayed || !replay.Replayed || again.EntryID != first.EntryID || again.Code != "6C43.2" || count(t, c.World, "entries") != 2 {
			t.Errorf("%+v %+v", again, replay)
		}
	})
}

// Two corrections of one version: one wins, the other is told.
func TestEntry_CorrectionsRace(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		e := doctor.Record(handle, diagnosisOn(c.Today(), "6C43.1"))
		results := make([]error, 4)
		together(len(results), func(i int) {
			_, results[i] = doctor.On(1).CorrectEntry(ctx, e.EntryID, "entry_error", diagnosisOn(c.Today(), "6C43.2"))
		})
		won := 0
		for _, err := range results {
			if err == nil {
				won++
			} else {
				wantError(t, err, models.KindPreconditionFailed, "precondition.version")
			}
		}
		if won != 1 || count(t, c.World, "entries WHERE entry_id = ?", e.EntryID) != 2 {
			t.Errorf("%d corrections won", won)
		}
	})
}

// Category by category: the consent names what its recipient reads, and no more.
func TestEntry_ConsentOpensItsCategories(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		atClinic, atNGO, limited := c.Joined(doctor, ngo, 1, c.NGO)
		diagnosis := doctor.Record(atClinic, diagnosisOn(c.Today(), "6C43.2"))
		test := doctor.Record(atClinic, &models.InfectionTest{On: c.Today(), Test: "HIV", Result: "pos"})
		look := func(when string, sees []string) {
			t.Helper()
			var got []string
			for _, kind := range models.EntryKinds() {
				got = append(got, ngo.entries(t, atNGO, kind)...)
			}
			path, err := ngo.New().GetPathway(ctx, atNGO)
			must(t, err)
			var inPath []string
			for _, e := range path.Entries {
				inPath = append(inPath, e.EntryID)
				if e.ClientCode != "" {
					t.Error("the clinic's code reached the NGO")
				}
			}
			for _, id := range []string{diagnosis.EntryID, test.EntryID} {
				_, err := ngo.New().GetEntry(ctx, id)
				if (err == nil) != slices.Contains(sees, id) {
					t.Errorf("%s: the entry by its id: %v", when, err)
				}
				if err != nil {
					wantError(t, err, models.KindNotFound, "entry.not_found")
				}
			}
			for _, list := range [][]string{got, inPath} {
				slices.Sort(list)
				if !slices.Equal(list, sees) {
					t.Errorf("%s: the NGO sees %v, want %v", when, list, sees)
				}
			}
		}
		look("a consent without categories", nil)
		named := doctor.Give(atClinic, models.PurposeReferral, c.NGO, models.CatDiagnosis)
		before := count(t, c.World, "disclosures WHERE consent_id <> '' AND categories NOT LIKE '%referral%'")
		look("with diagnosis", []string{diagnosis.EntryID})
		if n := count(t, c.World, "disclosures WHERE consent_id = ? AND ground = '' AND organisation_id = ? AND recipient_id = ? AND categories = ?",
			named.ID, string(c.Clinic.ID), string(c.NGO.ID), `["diagnosis"]`) + before; n != 3 {
			t.Errorf("%d disclosures of three reads", n)
		}
		if n := count(t, c.World, "disclosures WHERE categories LIKE ?", "%infection%"); n != 0 {
			t.Error("what was not shown was entered as disclosed")
		}
		// The NGO cannot correct what it reads.
		_, err := ngo.On(1).CorrectEntry(ctx, diagnosis.EntryID, "entry_error", diagnosisOn(c.Today(), "6C43.0"))
		wantError(t, err, models.KindNotFound, "entry.not_found")
		_, err = ngo.On(1).CorrectEntry(ctx, diagnosis.EntryID, models.EnteredInError, nil)
		wantError(t, err, models.KindNotFound, "entry.not_found")
		doctor.Withdraw(named.ID)
		doctor.Withdraw(limited.ID)
		look("after the withdrawal", nil)
	})
}

// What is struck out was somebody else's, perhaps: its reader by consent loses it.
func TestEntry_StruckOutIsItsWritersAlone(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		atClinic, atNGO, _ := c.Joined(doctor, ngo, 1, c.NGO)
		doctor.Give(atClinic, models.PurposeReferral, c.NGO, models.CatDiagnosis)
		e := doctor.Record(atClinic, diagnosisOn(c.Today(), "6C43.2"))
		_, err := doctor.On(1).CorrectEntry(ctx, e.EntryID, models.EnteredInError, nil)
		must(t, err)
		_, err = ngo.New().GetEntry(ctx, e.EntryID)
		wantError(t, err, models.KindNotFound, "entry.not_found")
		if got := ngo.entries(t, atNGO, models.EntryDiagnosis); len(got) != 0 {
			t.Errorf("the NGO lists %v", got)
		}
		told := func(o *models.Organisation, gone bool) int {
			return count(t, c.World, "changes WHERE kind = 'entry' AND record_id = ? AND organisation_id = ? AND gone = ?", e.EntryID, string(o.ID), gone)
		}
		if told(c.NGO, true) != 1 || told(c.Clinic, true) != 0 || told(c.Clinic, false) != 2 {
			t.Errorf("gone for the NGO %d times, for the writer %d", told(c.NGO, true), told(c.Clinic, true))
		}
		if history, err := doctor.New().GetEntry(ctx, e.EntryID); err != nil || len(history) != 2 {
			t.Errorf("%d versions, %v", len(history), err)
		}
	})
}

// The treating team reads what health services wrote, and no NGO's notes; the ground is
// entered. The health unit of the institution reads by custody.
func TestEntry_TeamAndCustodyReadHealthRecords(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := c.inCharge(t, 1)
		psychologist := c.As(models.RolePsychologist, c.NGO)
		p.health.Record(p.atColony, diagnosisOn(c.Today(), "6C43.2"))
		psychologist.Record(p.atNGO, &models.CounsellingNote{On: c.Today(), Topic: "family"})
		p.ngo.Record(p.atNGO, &models.SocialPlan{Plan: models.Plan{On: c.Today(), Goals: []models.PlanGoal{{Goal: "housing", State: "open"}}, ReviewOn: c.Today().AddDays(9)}})
		if got := p.clinic.entries(t, p.atClinic, models.EntryDiagnosis); len(got) != 0 {
			t.Error("the clinic has no episode and reads by team")
		}
		p.clinic.Start(p.atClinic)
		if got := p.clinic.entries(t, p.atClinic, models.EntryDiagnosis); len(got) != 1 {
			t.Errorf("the team sees %d diagnoses", len(got))
		}
		if n := count(t, c.World, "disclosures WHERE ground = 'team' AND consent_id = '' AND organisation_id = ? AND recipient_id = ?", string(c.ColonyHealth.ID), string(c.Clinic.ID)); n != 1 {
			t.Errorf("%d disclosures by team", n)
		}
		for _, role := range []models.Role{models.RolePsychologist, models.RoleSocialWorker} {
			atClinic := c.As(role, c.Clinic)
			for _, kind := range []models.EntryKind{models.EntryCounselling, models.EntrySocialPlan} {
				if got := atClinic.entries(t, p.atClinic, kind); len(got) != 0 {
					t.Errorf("the clinic's %s reads the NGO's %s", role, kind)
				}
			}
		}
		// Held in the colony of another unit: its file moves with the person.
		other := c.As(models.RolePrisonMedical, c.ColonyHealth)
		if got := other.entries(t, p.atColony, models.EntryDiagnosis); len(got) != 1 {
			t.Errorf("the writer sees %d", len(got))
		}
	})
}

// Every worker who is no party finds nothing of an entry, not even that it is there.
func TestEntry_IsAbsentToStrangers(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		e := doctor.Record(doctor.Register(1), diagnosisOn(c.Today(), "6C43.2"))
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				w := c.As(role, o)
				for _, id := range []string{e.EntryID, "01a200a2-0000-7000-8000-000000000000", "\x00\xff"} {
					reads := o.ID == c.Clinic.ID && grantsOf(role).Has(models.CatDiagnosis, models.Read)
					if _, err := w.New().GetEntry(ctx, id); id != e.EntryID || !reads {
						wantError(t, err, models.KindNotFound, "entry.not_found")
					}
					corrects := o.ID == c.Clinic.ID && grantsOf(role).Has(models.CatDiagnosis, models.Create)
					if id == e.EntryID && corrects {
						continue
					}
					_, err := w.On(1).CorrectEntry(ctx, id, "entry_error", diagnosisOn(c.Today(), "6C43.0"))
					wantError(t, err, models.KindNotFound, "entry.not_found")
				}
			}
		}
		if count(t, c.World, "entries") != 1 {
			t.Error("a stranger wrote")
		}
	})
}

// The change feeds of the writer and of those who may read it now, and of nobody else.
func TestEntry_TellsItsReaders(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		atClinic, _, _ := c.Joined(doctor, ngo, 1, c.NGO)
		feeds := func(id string) string {
			var told []string
			for _, o := range c.All() {
				if count(t, c.World, "changes WHERE kind = 'entry' AND record_id = ? AND organisation_id = ?", id, string(o.ID)) > 0 {
					told = append(told, o.Name)
				}
			}
			return strings.Join(told, " ")
		}
		if got := feeds(doctor.Record(atClinic, diagnosisOn(c.Today(), "6C43.1")).EntryID); got != "Clinic" {
			t.Errorf("without a consent %s were told", got)
		}
		k := doctor.Give(atClinic, models.PurposeReferral, c.NGO, models.CatDiagnosis)
		if got := feeds(doctor.Record(atClinic, diagnosisOn(c.Today(), "6C43.2")).EntryID); got != "Clinic Road" {
			t.Errorf("with a consent %s were told", got)
		}
		if got := feeds(doctor.Record(atClinic, &models.ReproductiveStatus{On: c.Today(), Pregnant: "yes"}).EntryID); got != "Clinic" {
			t.Errorf("of another category %s were told", got)
		}
		doctor.Withdraw(k.ID)
		if got := feeds(doctor.Record(atClinic, diagnosisOn(c.Today(), "6C43.0")).EntryID); got != "Clinic" {
			t.Errorf("after the withdrawal %s were told", got)
		}
	})
}

func TestEntry_ListsAreCutIntoPages(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle, other := doctor.Register(1), doctor.Register(2)
		doctor.Record(other, diagnosisOn(c.Today(), "6C41.1"))
		var want, got []string
		for range 5 {
			want = append(want, doctor.Record(handle, diagnosisOn(c.Today(), "6C43.1")).EntryID)
		}
		slices.Reverse(want)
		p := store.Paging{Limit: 2}
		for {
			page, err := doctor.New().ListEntries(ctx, handle, models.EntryDiagnosis, p)
			must(t, err)
			for _, e := range page.Items {
				got = append(got, e.EntryID)
			}
			if p.Cursor = page.Next; p.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages hold %v, want %v", got, want)
		}
	})
}

// Break-glass opens the categories it may, to its user, while it lasts; the ground is
// entered. It never opens an NGO's notes or whether somebody is pregnant.
func TestEntry_BreakGlassOpensWhatItMay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, other := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle := doctor.Register(1)
		diagnosis := doctor.Record(handle, diagnosisOn(c.Today(), "6C43.2"))
		pregnant := doctor.Record(handle, &models.ReproductiveStatus{On: c.Today(), Pregnant: "yes"})
		opens := func(when string, w Worker, id string, want bool) {
			t.Helper()
			if _, err := w.New().GetEntry(ctx, id); (err == nil) != want {
				t.Errorf("%s: %v", when, err)
			}
		}
		opens("before", other, diagnosis.EntryID, false)
		c.exec(t, "INSERT INTO break_glass (id, client_id, person_id, organisation_id, user_id, reason, note, hours, started_at, expires_at, review_due, reviewed_by, outcome, version) "+
			"VALUES ('b', ?, ?, ?, ?, 'emergency', '', 1, ?, ?, ?, '', '', 1)", string(diagnosis.ClientID), c.person(t, c.Clinic, handle), string(c.Polyclinic.ID),
			string(other.Actor.UserID), c.Now(), c.Now().Add(time.Hour), c.Now().Add(72*time.Hour))
		opens("the user", other, diagnosis.EntryID, true)
		opens("a colleague", other.Colleague(), diagnosis.EntryID, false)
		opens("what it never opens", other, pregnant.EntryID, false)
		_, err := other.On(1).CorrectEntry(ctx, diagnosis.EntryID, models.EnteredInError, nil)
		wantError(t, err, models.KindNotFound, "entry.not_found")
		if n := count(t, c.World, "disclosures WHERE ground = 'emergency' AND recipient_id = ?", string(c.Polyclinic.ID)); n != 1 {
			t.Errorf("%d disclosures by break-glass", n)
		}
		c.Advance(time.Hour)
		opens("when it has run out", other, diagnosis.EntryID, false)
	})
}

// The file moves with the person who is held: to the unit that serves the institution now,
// from what prison health services wrote, and not from a clinic.
func TestEntry_FileMovesWithCustody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		colony := c.organisation("Second colony", models.KindPrison, "6", "")
		unit := c.As(models.RolePrisonMedical, c.organisation("Second unit", models.KindPrisonHealth, "3", colony.ID))
		first, doctor := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony, atClinic, _ := c.Joined(first, doctor, 1, c.Clinic)
		inside := first.Record(atColony, diagnosisOn(c.Today(), "6C43.2"))
		outside := doctor.Record(atClinic, diagnosisOn(c.Today(), "6C43.1"))
		_, err := unit.New().GetEntry(ctx, inside.EntryID)
		wantError(t, err, models.KindNotFound, "entry.not_found")
		c.exec(t, "INSERT INTO custody_spells (id, client_id, person_id, organisation_id, institution_id, basis, state, admitted_at, planned_release, exit_reason, exit_region, "+
			"referral_on_release, naloxone_on_release, in_treatment_at_exit, from_spell_id, version, created_at, created_by) "+
			"VALUES ('s', ?, ?, ?, ?, 'sentenced', 'resident', ?, '', '', '', '', '', ?, '', 1, ?, 'u')", string(inside.ClientID), c.person(t, c.ColonyHealth, atColony),
			string(c.ColonyHealth.ID), string(colony.ID), c.Now(), false, c.Now())
		_, err = unit.New().GetEntry(ctx, inside.EntryID)
		must(t, err)
		_, err = unit.New().GetEntry(ctx, outside.EntryID)
		wantError(t, err, models.KindNotFound, "entry.not_found")
		if n := count(t, c.World, "disclosures WHERE ground = 'custody' AND recipient_id = ?", string(unit.Actor.OrganisationID)); n != 1 {
			t.Errorf("%d disclosures by custody", n)
		}
		told := first.Record(atColony, diagnosisOn(c.Today(), "6C43.0"))
		if n := count(t, c.World, "changes WHERE record_id = ? AND organisation_id = ?", told.EntryID, string(unit.Actor.OrganisationID)); n != 1 {
			t.Errorf("the unit in charge was told %d times", n)
		}
	})
}
