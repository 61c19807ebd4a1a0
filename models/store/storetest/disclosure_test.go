package storetest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// log reads the disclosure log behind the store's back: consent or ground by recipient.
func (c *Country) log(t testing.TB, o *models.Organisation) (entries []string) {
	t.Helper()
	rows, err := c.sqlDB(t).QueryContext(ctx, c.bound("SELECT recipient_id, recipient, categories, consent_id, ground FROM disclosures WHERE organisation_id = ? ORDER BY id"), string(o.ID))
	must(t, err)
	defer rows.Close()
	names := map[string]string{"": ""}
	for _, o := range c.All() {
		names[string(o.ID)] = o.Name
	}
	for rows.Next() {
		var to, code, categories, consent, ground string
		must(t, rows.Scan(&to, &code, &categories, &consent, &ground))
		if consent != "" {
			ground = "consent"
		}
		entries = append(entries, fmt.Sprint(names[to], code, " ", categories, " ", ground))
	}
	must(t, rows.Err())
	return entries
}

func TestDisclosure_LogSaysWhatWasShownOnWhat(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		atColony, atClinic, atNGO, health, clinic, ngo := threeRecords(c)
		clinic.Give(atClinic, models.PurposeReferral, c.NGO, models.CatTreatmentFact, models.CatDiagnosis) // says nothing of the colony's record
		want := []string{`Clinic ["referral"] consent`, `Clinic ["referral"] consent`}                     // sent, accepted
		expect := func(when string, more ...string) {
			t.Helper()
			want = append(want, more...)
			if got := c.log(t, c.ColonyHealth); !slices.Equal(got, want) {
				t.Errorf("%s:\n got %q\nwant %q", when, got, want)
			}
		}
		expect("after the hand-over")
		shown(t, ngo, atNGO)
		expect("nothing was shown")
		health.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		shown(t, ngo, atNGO)
		expect("the bare fact", `Road ["treatmentFact"] consent`)
		health.Give(atColony, models.PurposeReferral, c.NGO, models.CatDiagnosis, models.CatTreatmentFact)
		shown(t, ngo, atNGO)
		got := c.log(t, c.ColonyHealth)
		if last := strings.Join(got[3:], "; "); !strings.Contains(last, "diagnosis") || !strings.Contains(last, "treatmentFact") || strings.Contains(last, "team") {
			t.Errorf("two consents: %s", last)
		}
		want = got
		shown(t, health, atColony)
		expect("its own record")
		if n := count(t, c.World, "disclosures d JOIN consents k ON k.id = d.consent_id WHERE k.client_id <> d.client_id"); n != 0 {
			t.Errorf("%d entries name a consent of another record", n)
		}
	})
}

func TestDisclosure_OfATreatingTeamHasItsGround(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony := health.Register(1)
		health.Start(atColony)
		k, _, err := health.New().GiveConsent(ctx, atColony, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.Clinic.ID, Until: c.Today()})
		must(t, err)
		atClinic := clinic.Move(health.Refer(atColony, Asking(c.Clinic)), "acceptance").ClientCode
		clinic.Start(atClinic)
		c.exec(t, "DELETE FROM referrals WHERE consent_id = ?", k.ID)
		c.exec(t, "DELETE FROM consents WHERE id = ?", k.ID) // nothing said about the clinic: the team rule decides
		if !shown(t, clinic, atClinic)[c.ColonyHealth.ID] {
			t.Fatal("the team sees nothing")
		}
		got := c.log(t, c.ColonyHealth)
		if last := got[len(got)-1]; last != `Clinic ["treatmentFact","diagnosis"] team` {
			t.Error(last)
		}
	})
}

func TestDisclosure_IsAppendOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		threeRecords(c)
		before := fmt.Sprint(c.dump(t, "disclosures"))
		statements := []string{"UPDATE disclosures SET ground = 'x'", "DELETE FROM disclosures"}
		if c.Engine == "postgres" {
			statements = append(statements, "TRUNCATE disclosures")
		} else {
			statements = append(statements, "INSERT OR REPLACE INTO disclosures SELECT id, client_id, organisation_id, recipient_id, recipient, categories, consent_id, 'forged', reference, client_told, not_told_reason, at, actor_id FROM disclosures")
		}
		for _, s := range statements {
			if _, err := c.sqlDB(t).ExecContext(ctx, s); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", s, err)
			}
		}
		if fmt.Sprint(c.dump(t, "disclosures")) != before || !strings.Contains(before, "referral") {
			t.Error("the log was changed, or is empty")
		}
	})
}

func TestDisclosure_OnALegalGroundIsEnteredAndShownToTheOwnOrganisationOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		yes, no := true, false
		good := models.NewDisclosure{Recipient: "prosecutor", Categories: []models.Category{models.CatDiagnosis}, Ground: "lawful_request", ClientTold: &yes}
		for code, change := range map[string]func(*models.NewDisclosure){
			"disclosure.recipient_unknown":        func(n *models.NewDisclosure) { n.Recipient = "neighbour" },
			"disclosure.ground_unknown":           func(n *models.NewDisclosure) { n.Ground = "because" },
			"disclosure.ground_not_for_recipient": func(n *models.NewDisclosure) { n.Recipient = "relative" },
			"disclosure.category_unknown":         func(n *models.NewDisclosure) { n.Categories = nil },
			"disclosure.client_told_required":     func(n *models.NewDisclosure) { n.ClientTold = nil },
			"disclosure.not_told_reason":          func(n *models.NewDisclosure) { n.ClientTold = &no },
		} {
			n := good
			change(&n)
			_, _, err := nurse.New().EnterDisclosure(ctx, handle, n)
			wantError(t, err, models.KindInvalid, code)
		}
		d, _, err := nurse.New().EnterDisclosure(ctx, handle, good)
		must(t, err)
		page, err := nurse.New().ListDisclosures(ctx, handle, store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 1 || page.Items[0].ID != d.ID || page.Items[0].Reference == "" || page.Items[0].Reference == d.ID || page.Items[0].ActorRole != "" && page.Items[0].ActorRole != models.RoleNurse {
			t.Errorf("%+v", page.Items)
		}
		_, _, err = c.As(models.RoleNurse, c.Polyclinic).New().EnterDisclosure(ctx, handle, good)
		wantError(t, err, models.KindNotFound, "client.not_found")
		_, err = c.As(models.RoleNurse, c.Polyclinic).New().ListDisclosures(ctx, handle, store.Paging{Limit: 10})
		wantError(t, err, models.KindNotFound, "client.not_found")
	})
}

// Named regression: a share that cannot be revoked. Whatever opened a record, by
// withdrawal, invalidity or narrowing it is shut at the next call, also where the person
// is treated by the recipient and also for what it saw before.
func TestRegression_AShareIsRevocable(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w Worker, k *store.SeenConsent){
		"withdrawal": func(t *testing.T, w Worker, k *store.SeenConsent) { w.Withdraw(k.ID) },
		"invalidity": func(t *testing.T, w Worker, k *store.SeenConsent) {
			_, _, err := w.New().InvalidateConsent(ctx, k.ID, "capacity_doubted")
			must(t, err)
		},
		"narrowing": func(t *testing.T, w Worker, k *store.SeenConsent) {
			_, err := w.On(k.Version).MoveConsent(ctx, k.ID, "narrowing", models.ConsentMove{Categories: &[]models.Category{}})
			must(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *Country) {
				health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
				atColony := health.Register(1)
				health.Start(atColony)
				k := health.Give(atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
				atClinic := clinic.Move(health.Refer(atColony, Asking(c.Clinic)), "acceptance").ClientCode
				clinic.Start(atClinic) // responsible and treating: a team, if the client had said nothing
				if !shown(t, clinic, atClinic)[c.ColonyHealth.ID] {
					t.Fatal("nothing was shared")
				}
				end(t, health, k)
				if _, still := shown(t, clinic, atClinic)[c.ColonyHealth.ID]; still {
					t.Error("the share goes on")
				}
				if name != "narrowing" && count(t, c.World, "changes WHERE organisation_id = ? AND kind = 'episode' AND gone", string(c.Clinic.ID)) == 0 {
					t.Error("the recipient is not told that it is gone")
				}
			})
		})
	}
}

// A refusal is an answer too: a clinic that the client refused is no team by silence.
func TestRegression_ARefusalIsNoSilence(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony, atClinic, k := c.Joined(health, clinic, 1, c.Clinic)
		health.Start(atColony)
		clinic.Start(atClinic)
		c.exec(t, "DELETE FROM referrals WHERE consent_id = ?", k.ID)
		c.exec(t, "DELETE FROM consents WHERE id = ?", k.ID)
		if len(shown(t, clinic, atClinic)) != 2 {
			t.Fatal("no team to begin with")
		}
		_, _, err := health.New().GiveConsent(ctx, atColony, models.NewConsent{State: models.ConsentRefused, Purpose: models.PurposeReferral, RecipientID: c.Clinic.ID, Until: c.Today()})
		must(t, err)
		if len(shown(t, clinic, atClinic)) != 1 {
			t.Error("the refused clinic reads on")
		}
	})
}

// Named regression: a preview that shows more than the share. Before it accepts, and
// after, the receiver sees of the sender's record no more than the consent's categories.
func TestRegression_APreviewShowsNoMoreThanTheShare(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony := health.Register(1)
		episode := health.Start(atColony)
		health.Give(atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact)
		r := health.Refer(atColony, Asking(c.Clinic))
		preview, err := clinic.New().GetReferral(ctx, r.ID)
		must(t, err)
		_, err = clinic.New().GetPathway(ctx, preview.ClientCode) // not its client yet
		wantError(t, err, models.KindNotFound, "client.not_found")
		_, err = clinic.New().GetEpisode(ctx, episode.ID)
		wantError(t, err, models.KindNotFound, "episode.not_found")
		own := clinic.Move(preview, "acceptance").ClientCode
		if whole, seen := shown(t, clinic, own)[c.ColonyHealth.ID]; !seen || whole {
			t.Errorf("after acceptance: seen %v, whole %v; the share is the bare fact", seen, whole)
		}
	})
}

// Named regression: sub-records that are read-only on both sides of a share. The writer
// goes on writing its own episode, before, during and after; the reader never writes it.
func TestRegression_SubRecordsAreNotReadOnlyOnBothSides(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony := health.Register(1)
		episode := health.Start(atColony)
		k := health.Give(atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
		atClinic := clinic.Move(health.Refer(atColony, Asking(c.Clinic)), "acceptance").ClientCode
		write := func(when string) {
			t.Helper()
			e, err := health.On(episode.Version).RecordContact(ctx, episode.ID, c.Today())
			if err != nil {
				t.Fatalf("%s its writer cannot write: %v", when, err)
			}
			episode = e
			_, err = clinic.On(episode.Version).RecordContact(ctx, episode.ID, c.Today())
			wantError(t, err, models.KindNotFound, "episode.not_found")
		}
		write("while it is shared")
		own := clinic.Start(atClinic)
		if _, err := clinic.On(own.Version).RecordContact(ctx, own.ID, c.Today()); err != nil {
			t.Errorf("the receiver cannot write its own: %v", err)
		}
		health.Withdraw(k.ID)
		write("after the withdrawal")
		if _, err := clinic.On(own.Version+1).RecordContact(ctx, own.ID, c.Today()); err != nil {
			t.Errorf("after the withdrawal the receiver cannot write its own: %v", err)
		}
	})
}

func TestConsent_IsNarrowedRenewedAndKeepsItsHistory(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.NGO, models.CatTreatmentFact, models.CatScreening)
		try := func(action string, m models.ConsentMove) error {
			got, err := nurse.On(k.Version).MoveConsent(ctx, k.ID, action, m)
			if err == nil {
				k = got
			}
			return err
		}
		until := k.UntilDate
		for code, m := range map[string]models.ConsentMove{
			"consent.not_narrower":     {Categories: &[]models.Category{models.CatTreatmentFact, models.CatDiagnosis}},
			"consent.nothing_narrowed": {},
			"consent.category_unknown": {Categories: &[]models.Category{"zqx"}},
			"consent.until_past":       {Until: c.Today().AddDays(-1)},
			"consent.until_not_a_date": {Until: "soon"},
		} {
			wantError(t, try("narrowing", m), models.KindInvalid, code)
		}
		wantError(t, try("narrowing", models.ConsentMove{Until: until.AddDays(1)}), models.KindInvalid, "consent.not_narrower")
		wantError(t, try("renewal", models.ConsentMove{Until: until}), models.KindInvalid, "consent.not_longer")
		wantError(t, try("renewal", models.ConsentMove{Until: c.Today().AddMonths(24).AddDays(1)}), models.KindInvalid, "consent.until_too_far")
		wantError(t, try("acceptance", models.ConsentMove{}), models.KindConflict, "consent.not_possible")
		must(t, try("narrowing", models.ConsentMove{Categories: &[]models.Category{models.CatScreening}, Until: c.Today().AddDays(10)}))
		must(t, try("renewal", models.ConsentMove{Until: c.Today().AddMonths(24)}))
		if !slices.Equal(k.Categories, []models.Category{models.CatScreening}) || k.Version != 3 || !k.InForce(c.Today()) {
			t.Fatalf("%+v", k)
		}
		stale, err := nurse.On(1).MoveConsent(ctx, k.ID, "renewal", models.ConsentMove{Until: c.Today().AddMonths(24)})
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		_ = stale
		nurse.Withdraw(k.ID)
		wantError(t, try("renewal", models.ConsentMove{Until: c.Today().AddMonths(24)}), models.KindPreconditionFailed, "precondition.version")
		k.Version++
		wantError(t, try("renewal", models.ConsentMove{Until: c.Today().AddMonths(24)}), models.KindConflict, "consent.not_possible")
		versions, err := nurse.New().ListConsentVersions(ctx, k.ID)
		must(t, err)
		var history []string
		for _, v := range versions {
			history = append(history, fmt.Sprint(v.Version, v.Change, len(v.Categories)))
		}
		if want := []string{"3withdrawal1", "2renewal1", "1narrowing2"}; !slices.Equal(history, want) || versions[2].UntilDate != until {
			t.Errorf("history %v, want %v", history, want)
		}
		_, err = c.As(models.RoleNurse, c.Polyclinic).New().ListConsentVersions(ctx, k.ID)
		wantError(t, err, models.KindNotFound, "consent.not_found")
	})
}

func TestConsent_OffersAreAnswered(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		say := func(state string) *store.SeenConsent {
			k, _, err := nurse.New().GiveConsent(ctx, handle, models.NewConsent{State: state, Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Until: c.Today().AddDays(3)})
			must(t, err)
			return k
		}
		for _, state := range []string{models.ConsentOffered, models.ConsentRefused} {
			say(state)
			_, _, err := nurse.New().CreateReferral(ctx, handle, Asking(c.NGO))
			wantError(t, err, models.KindConflict, "referral.consent_required")
		}
		_, _, err := nurse.New().GiveConsent(ctx, handle, models.NewConsent{State: models.ConsentWithdrawn, Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Until: c.Today()})
		wantError(t, err, models.KindInvalid, "consent.state_unknown")
		refused := say(models.ConsentOffered)
		got, err := nurse.On(1).MoveConsent(ctx, refused.ID, "refusal", models.ConsentMove{})
		must(t, err)
		_, _, err = nurse.New().WithdrawConsent(ctx, got.ID)
		wantError(t, err, models.KindConflict, "consent.not_given")
		_, err = nurse.On(2).MoveConsent(ctx, refused.ID, "acceptance", models.ConsentMove{})
		wantError(t, err, models.KindConflict, "consent.not_possible")
		offered, lapsed := say(models.ConsentOffered), say(models.ConsentOffered)
		c.Advance(48 * time.Hour)
		got, err = nurse.On(1).MoveConsent(ctx, offered.ID, "acceptance", models.ConsentMove{})
		must(t, err)
		if !got.InForce(c.Today()) || got.FromDate != c.Today() {
			t.Errorf("%+v", got)
		}
		nurse.Refer(handle, Asking(c.NGO))
		c.Advance(48 * time.Hour)
		_, err = nurse.On(1).MoveConsent(ctx, lapsed.ID, "acceptance", models.ConsentMove{})
		wantError(t, err, models.KindConflict, "consent.offer_lapsed")
		list, err := nurse.New().ListConsents(ctx, handle, store.Paging{Limit: 50})
		if err != nil || len(list.Items) != 5 {
			t.Errorf("%d consents listed, %v", len(list.Items), err)
		}
	})
}

func TestConsent_InvalidityClosesWhatRestsOnIt(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic, models.CatTreatmentFact)
		r := other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "receipt")
		_, _, err := nurse.New().InvalidateConsent(ctx, k.ID, "mood")
		wantError(t, err, models.KindInvalid, "consent.reason_unknown")
		receipt, _, err := nurse.New().InvalidateConsent(ctx, k.ID, "intoxicated")
		must(t, err)
		if !slices.Equal(receipt.ClosedReferrals, []string{r.ID}) || len(receipt.EndedShares) != 1 || receipt.Consent.State != models.ConsentInvalid {
			t.Errorf("%+v", receipt)
		}
		again, _, err := nurse.New().InvalidateConsent(ctx, k.ID, "form_error")
		must(t, err)
		if again.Consent.Version != receipt.Consent.Version || !slices.Equal(again.ClosedReferrals, receipt.ClosedReferrals) {
			t.Errorf("again: %+v", again)
		}
		_, _, err = nurse.New().WithdrawConsent(ctx, k.ID)
		wantError(t, err, models.KindConflict, "consent.not_given")
		stub, err := other.New().GetReferral(ctx, r.ID)
		must(t, err)
		if stub.Whole {
			t.Error("the receiver reads on")
		}
	})
}

// The dose-continuity consent is signed for all prison health units when treatment starts,
// and is in force on the day of arrest; no withdrawal touches a running order.
func TestConsent_DoseContinuityIsThereOnTheDayOfArrest(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, health := c.As(models.RoleNarcologist, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)
		handle := doctor.Register(1)
		k, _, err := doctor.New().GiveConsent(ctx, handle, models.NewConsent{
			Purpose: models.PurposeDoseContinuity, RecipientKind: models.KindPrisonHealth, Categories: []models.Category{models.CatOAT}, Until: c.Today().AddMonths(24),
		})
		must(t, err)
		c.Advance(300 * 24 * time.Hour)
		asking := Asking(c.ColonyHealth)
		asking.Reason = "oat_transfer"
		health.Move(doctor.Refer(handle, asking), "acceptance")
		doctor.Withdraw(k.ID)
		_, _, err = doctor.New().CreateReferral(ctx, handle, asking)
		wantError(t, err, models.KindConflict, "referral.consent_required")
	})
}

// glass is a doctor of the polyclinic whose own record is joined to the colony's, with
// nothing that opens the colony's to them.
func glass(t testing.TB, c *Country) (doctor Worker, handle string) {
	t.Helper()
	health := c.As(models.RolePrisonMedical, c.ColonyHealth)
	doctor = c.As(models.RoleClinician, c.Polyclinic)
	atColony, handle, k := c.Joined(health, doctor, 1, c.Polyclinic)
	health.Start(atColony)
	health.Withdraw(k.ID)
	if len(shown(t, doctor, handle)) != 0 {
		t.Fatal("the record is open without breaking glass")
	}
	return doctor, handle
}

func emergency(hours int) models.NewBreakGlass {
	return models.NewBreakGlass{Reason: "overdose", Note: "unresponsive on arrival", Hours: hours}
}

// Named regression: break-glass longer than granted.
func TestRegression_BreakGlassIsNoLongerThanGranted(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, handle := glass(t, c)
		_, _, err := doctor.New().BreakGlass(ctx, handle, emergency(2))
		must(t, err)
		for _, step := range []struct {
			wait time.Duration
			sees int
		}{{0, 1}, {2*time.Hour - time.Millisecond, 1}, {time.Millisecond, 0}, {24 * time.Hour, 0}} {
			c.Advance(step.wait)
			if got := len(shown(t, doctor, handle)); got != step.sees {
				t.Errorf("after %v more: %d records", step.wait, got)
			}
		}
		for _, hours := range []int{0, -1, 25} {
			_, _, err := doctor.New().BreakGlass(ctx, handle, emergency(hours))
			wantError(t, err, models.KindInvalid, "break_glass.hours_out_of_range")
		}
	})
}

func TestBreakGlass_OpensForOneDoctorAndOnePersonAndIsRecorded(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, handle := glass(t, c)
		seq := c.lastSeq(t)
		b, _, err := doctor.New().BreakGlass(ctx, handle, emergency(24))
		must(t, err)
		// The responsible organisation is told at once, whether or not anything is read; whose
		// record it opens is told when it does (below).
		responsible := models.OrganisationID(scan[string](t, c.World, "SELECT p.responsible_id FROM persons p JOIN break_glass b ON b.person_id = p.id"))
		told := func() (all []string) {
			for _, o := range []*models.Organisation{c.ColonyHealth, c.Polyclinic, c.Clinic, c.NGO} {
				for _, kind := range c.notices(t, o) {
					if o.ID == responsible {
						kind += " to the responsible"
					}
					all = append(all, kind)
				}
			}
			return all
		}
		if got := told(); !slices.Equal(got, []string{"break_glass to the responsible"}) {
			t.Errorf("told: %q", got)
		}
		if len(shown(t, doctor.Colleague(), handle)) != 0 {
			t.Error("it opened for a colleague")
		}
		for range 2 {
			if len(shown(t, doctor, handle)) != 1 {
				t.Error("it opened nothing")
			}
		}
		if got := told(); !slices.Equal(got, []string{"break_glass", "break_glass to the responsible"}) {
			t.Errorf("told after the opening: %q", got)
		}
		var opened int
		for _, e := range c.events(t, seq) {
			if e.Action == "break_glass.open" {
				opened++
				if len(e.Objects) != 2 || e.Objects[1] != b.ID {
					t.Errorf("%+v", e)
				}
			}
		}
		if opened != 2 {
			t.Errorf("%d events for two openings of one record", opened)
		}
		page, err := doctor.New().ListEpisodes(ctx, handle, store.Paging{Limit: 50})
		must(t, err)
		list := page.Items
		path, err := doctor.New().GetPathway(ctx, handle)
		must(t, err)
		if len(list) == 0 || len(list) != len(path.Episodes) || list[0].ID != path.Episodes[0].ID {
			t.Errorf("the list has %d episodes, the pathway %d", len(list), len(path.Episodes))
		}
		got := c.log(t, c.ColonyHealth)
		if last := got[len(got)-1]; last != `Polyclinic ["treatmentFact","diagnosis"] emergency` {
			t.Error(last)
		}
		seen, err := doctor.New().GetBreakGlass(ctx, b.ID)
		must(t, err)
		if len(seen.Opened) != 1 {
			t.Errorf("opened %v", seen.Opened)
		}
		// A namesake with the same code is another person: never joined, not even now.
		c.As(models.RolePrisonMedical, c.ColonyHealth).Start(c.As(models.RolePrisonMedical, c.ColonyHealth).Register(2))
		other := doctor.Register(2)
		if len(shown(t, doctor, other)) != 0 {
			t.Error("it joined records by code")
		}
		// Ended early, it is shut at once; ending again changes nothing.
		must(t, third(doctor.New().EndBreakGlass(ctx, b.ID)))
		if len(shown(t, doctor, handle)) != 0 {
			t.Error("it is open after its end")
		}
		again, err := doctor.New().EndBreakGlass(ctx, b.ID)
		if err != nil || again.Version != 2 {
			t.Errorf("again: %+v %v", again, err)
		}
	})
}

func third[T any](_ T, err error) error { return err }

func TestBreakGlass_IsReviewedBySomebodyElseInTime(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, handle := glass(t, c)
		b, _, err := doctor.New().BreakGlass(ctx, handle, emergency(1))
		must(t, err)
		review := func(w Worker, outcome string) error {
			got, err := w.On(b.Version).ReviewBreakGlass(ctx, b.ID, outcome)
			if err == nil {
				b = got
			}
			return err
		}
		listed := func(state string) int {
			page, err := doctor.New().ListBreakGlass(ctx, state, store.Paging{Limit: 10})
			must(t, err)
			return len(page.Items)
		}
		states := func() map[string]int {
			m := map[string]int{}
			for _, s := range models.BreakGlassStates {
				if n := listed(s); n > 0 {
					m[s] = n
				}
			}
			return m
		}
		expect := func(state string) {
			t.Helper()
			if got := states(); !maps.Equal(got, map[string]int{state: 1}) {
				t.Errorf("listed as %v, want %s", got, state)
			}
		}
		expect("open")
		wantError(t, review(doctor.Colleague(), "justified"), models.KindConflict, "break_glass.still_open")
		c.Advance(time.Hour)
		expect("to_review")
		wantError(t, review(doctor, "justified"), models.KindConflict, "break_glass.own_review")
		wantError(t, review(doctor.Colleague(), "fine"), models.KindInvalid, "break_glass.outcome_unknown")
		wantError(t, review(c.As(models.RoleClinician, c.Clinic), "justified"), models.KindNotFound, "break_glass.not_found")
		c.Advance(71*time.Hour + time.Second)
		expect("overdue")
		must(t, review(doctor.Colleague(), "justified"))
		expect("reviewed")
		wantError(t, review(doctor.Colleague(), "justified"), models.KindConflict, "break_glass.reviewed")
	})
}

func TestBreakGlass_NeedsAReasonAndAHarmlessNote(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, handle := glass(t, c)
		for code, n := range map[string]models.NewBreakGlass{
			"break_glass.reason_unknown": {Reason: "curiosity", Note: "x", Hours: 1},
			"break_glass.note_required":  {Reason: "overdose", Note: "  ", Hours: 1},
			"text.identifies_person":     {Reason: "overdose", Note: "call +7 701 123 45 67", Hours: 1},
		} {
			_, _, err := doctor.New().BreakGlass(ctx, handle, n)
			wantError(t, err, models.KindInvalid, code)
		}
		_, _, err := doctor.New().BreakGlass(ctx, c.As(models.RoleNurse, c.Clinic).Register(9), emergency(1))
		wantError(t, err, models.KindNotFound, "client.not_found")
	})
}

func TestFunctionalNote_SaysWhenWhereWhatAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, guard, head := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonSecurity, c.Colony), c.As(models.RolePrisonManagement, c.Colony)
		handle := health.Register(1)
		spell := c.Hold(c.ColonyHealth, handle)
		n := models.NewFunctionalNote{SpellID: spell, Place: "cell", WatchFor: []string{"hard_to_wake", "check_hourly"}, From: c.Now(), Until: c.Now().Add(48 * time.Hour)}
		for code, change := range map[string]func(*models.NewFunctionalNote){
			"functional_note.place_unknown":         func(n *models.NewFunctionalNote) { n.Place = "somewhere" },
			"functional_note.watch_unknown":         func(n *models.NewFunctionalNote) { n.WatchFor = []string{"he takes methadone"} },
			"functional_note.ends_before_it_begins": func(n *models.NewFunctionalNote) { n.Until = n.From },
			"functional_note.until_past":            func(n *models.NewFunctionalNote) { n.From, n.Until = c.Now().Add(-2*time.Hour), c.Now() },
			"functional_note.until_too_far":         func(n *models.NewFunctionalNote) { n.Until = n.From.AddDate(0, 0, models.MaxNoteDays+1) },
		} {
			bad := n
			change(&bad)
			_, _, err := health.New().WriteNote(ctx, bad)
			wantError(t, err, models.KindInvalid, code)
		}
		bad := n
		bad.SpellID = "nothing"
		_, _, err := health.New().WriteNote(ctx, bad)
		wantError(t, err, models.KindNotFound, "custody_spell.not_found")
		note, _, err := health.New().WriteNote(ctx, n)
		must(t, err)
		slip := func(w Worker) string {
			page, err := w.New().ListNotes(ctx, store.Paging{Limit: 10})
			must(t, err)
			if len(page.Items) == 0 {
				return ""
			}
			return page.Items[0].Slip
		}
		today := slip(guard)
		if len(today) != 8 || today != slip(head) || today != note.Slip {
			t.Errorf("slips %q %q %q", today, slip(head), note.Slip)
		}
		_, err = guard.New().ListClientNotes(ctx, handle)
		wantError(t, err, models.KindNotFound, "client.not_found")
		c.Advance(24 * time.Hour)
		if tomorrow := slip(guard); tomorrow == "" || tomorrow == today {
			t.Errorf("a standing number: %q", tomorrow)
		}
		must(t, third(health.On(1).CancelNote(ctx, note.ID)))
		if slip(guard) != "" {
			t.Error("a cancelled note stands")
		}
		_, err = health.On(2).CancelNote(ctx, note.ID)
		wantError(t, err, models.KindConflict, "functional_note.cancelled")
		n.From, n.Until = c.Now(), c.Now().Add(time.Hour)
		must(t, second(health.New().WriteNote(ctx, n)))
		if slip(guard) == "" {
			t.Error("no new note")
		}
		c.Advance(time.Hour)
		if slip(guard) != "" {
			t.Error("a note stands after its end")
		}
		n.From, n.Until = c.Now(), c.Now().Add(time.Hour)
		must(t, second(health.New().WriteNote(ctx, n)))
		c.Free(spell)
		if slip(guard) != "" {
			t.Error("a note follows somebody who is free")
		}
		_, _, err = health.New().WriteNote(ctx, n)
		wantError(t, err, models.KindNotFound, "custody_spell.not_found")
	})
}

// Who reads the list of stays beside that of notes finds no number in both: admissions would
// otherwise name whoever the notes are about. Two notes about one person say that they are.
func TestFunctionalNote_IsNotJoinedToTheListOfStays(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health := c.As(models.RolePrisonMedical, c.ColonyHealth)
		about := []string{health.hold(health.Register(1), "").ID, health.hold(health.Register(2), "").ID}
		for _, spell := range []string{about[0], about[0], about[1]} {
			must(t, second(health.New().WriteNote(ctx, models.NewFunctionalNote{SpellID: spell, Place: "cell", WatchFor: []string{"check_hourly"}, From: c.Now(), Until: c.Now().Add(72 * time.Hour)})))
		}
		for range 2 {
			for _, w := range []Worker{c.As(models.RolePrisonSecurity, c.Colony), c.As(models.RolePrisonManagement, c.Colony)} {
				stays, err := w.New().ListSlips(ctx, store.Paging{Limit: 10})
				must(t, err)
				notes, err := w.New().ListNotes(ctx, store.Paging{Limit: 10})
				must(t, err)
				times := map[string]int{}
				for _, n := range notes.Items {
					times[n.Slip]++
				}
				for _, s := range stays.Items {
					if times[s.Slip] > 0 {
						t.Errorf("%s is a number of both lists", s.Slip)
					}
				}
				if counts := slices.Sorted(maps.Values(times)); len(stays.Items) != 2 || !slices.Equal(counts, []int{1, 2}) {
					t.Errorf("%d stays, notes %v", len(stays.Items), counts)
				}
			}
			c.Advance(24 * time.Hour)
		}
	})
}

// What security sees of a note that lasts over days is another thing each day: no time, no
// place in the list and no cursor tells on one day what it told on another.
func TestFunctionalNote_CannotBeFollowedOverDays(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, guard := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonSecurity, c.Colony)
		ids := []string{}
		for i := range 6 {
			n := models.NewFunctionalNote{SpellID: c.Hold(c.ColonyHealth, health.Register(i)), Place: "cell", WatchFor: []string{"check_hourly"},
				From: c.Now().Add(time.Duration(i) * time.Minute), Until: c.Now().Add(time.Duration(100+i) * time.Hour)}
			note, _, err := health.New().WriteNote(ctx, n)
			must(t, err)
			ids = append(ids, note.ID)
		}
		later := models.NewFunctionalNote{SpellID: c.Hold(c.ColonyHealth, health.Register(9)), Place: "cell", WatchFor: []string{"check_hourly"},
			From: c.Now().Add(96 * time.Hour), Until: c.Now().Add(100 * time.Hour)}
		must(t, second(health.New().WriteNote(ctx, later)))
		seen := map[string]models.Date{} // on which day a mark was seen
		order := func() (all []string) {
			t.Helper()
			p := store.Paging{Limit: 2}
			for {
				page, err := guard.New().ListNotes(ctx, p)
				must(t, err)
				for _, n := range page.Items {
					all = append(all, n.ID)
					for _, mark := range []string{"from " + n.FromAt.String(), "until " + n.UntilAt.String(), n.Slip} {
						if on, ok := seen[mark]; ok && on != c.Today() {
							t.Errorf("%s is there on two days", mark)
						}
						seen[mark] = c.Today()
					}
				}
				if page.Next == "" {
					return all
				}
				raw, err := base64.RawURLEncoding.DecodeString(page.Next)
				must(t, err)
				for _, id := range ids {
					if strings.Contains(string(raw), id) {
						t.Error("the cursor names a note")
					}
				}
				p.Cursor = page.Next
			}
		}
		c.Advance(24 * time.Hour)
		first := order()
		c.Advance(24 * time.Hour)
		next := order()
		if len(first) != 6 || slices.Equal(first, next) {
			t.Errorf("first %v, then %v", first, next)
		}
		slices.Sort(ids)
		if slices.Sort(next); !slices.Equal(next, ids) {
			t.Errorf("paging lost or doubled a note: %v", next)
		}
	})
}

func TestSupervision_IsByDutyOrConsentAndStopsWithIt(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		handle := nurse.Register(1)
		c.Write(c.Clinic, handle, "contact", models.CatAttendance, "visit")
		c.Write(c.Clinic, handle, "plan", models.CatPlanSocial, "housing")
		c.Write(c.Clinic, handle, "test", models.CatInfection, "hiv")
		kinds := func(id string) string {
			v, err := officer.New().GetSupervision(ctx, id)
			if err != nil {
				wantError(t, err, models.KindNotFound, "supervision.not_found")
				return "-"
			}
			var out []string
			for _, e := range v.Entries {
				out = append(out, string(e.Category))
			}
			return strings.Join(out, " ")
		}
		k := nurse.Give(handle, models.PurposeReferral, c.Probation, models.CatPlanSocial)
		if got := kinds(k.ID); got != "planSocial" {
			t.Errorf("on consent: %q", got)
		}
		d, _, err := nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(5))
		must(t, err)
		if got := kinds(d.ID); got != "attendance planSocial" {
			t.Errorf("on duty: %q", got)
		}
		if got := strings.Join(c.log(t, c.Clinic), "; "); !strings.Contains(got, `Probation ["planSocial"] consent`) || !strings.Contains(got, `Probation ["attendance","planSocial"] court_duty`) {
			t.Error(got)
		}
		_, err = nurse.New().GetSupervision(ctx, d.ID)
		wantError(t, err, models.KindNotFound, "supervision.not_found")
		if got := kinds(k.ID); got != "planSocial" {
			t.Errorf("on consent, beside a duty: %q", got)
		}
		nurse.Withdraw(k.ID)
		if got := kinds(k.ID); got != "-" {
			t.Errorf("after the withdrawal: %q", got)
		}
		if got := kinds(d.ID); got != "attendance planSocial" {
			t.Errorf("the duty ended with the consent: %q", got)
		}
		must(t, third(nurse.On(1).EndDuty(ctx, d.ID)))
		if got := kinds(d.ID); got != "-" {
			t.Errorf("after its end: %q", got)
		}
		_, err = nurse.On(2).EndDuty(ctx, d.ID)
		wantError(t, err, models.KindConflict, "court_duty.ended")
		d, _, err = nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today())
		must(t, err)
		c.Advance(24 * time.Hour)
		if got := kinds(d.ID); got != "-" {
			t.Errorf("after its last day: %q", got)
		}
		for code, try := range map[string]func() error{
			"court_duty.probation_unknown": func() error { return second(nurse.New().RecordDuty(ctx, handle, c.NGO.ID, c.Today())) },
			"court_duty.ends_before_it_begins": func() error {
				return second(nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(-1)))
			},
			"court_duty.until_too_far": func() error {
				return second(nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddMonths(25)))
			},
		} {
			wantError(t, try(), models.KindInvalid, code)
		}
	})
}
