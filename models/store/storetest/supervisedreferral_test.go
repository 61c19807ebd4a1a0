package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

func supervised(id string, to *models.Organisation) models.NewReferral {
	return models.NewReferral{SupervisionID: id, ToOrganisationID: to.ID, Reason: "other", Urgency: "routine", Needs: []string{"social"}}
}

func (c *Country) responsibleFor(t *testing.T, o *models.Organisation) models.OrganisationID {
	t.Helper()
	return models.OrganisationID(scan[string](t, c.World, "SELECT p.responsible_id FROM persons p JOIN clients c ON c.person_id = p.id WHERE c.organisation_id = ?", string(o.ID)))
}

// Probation refers somebody it supervises into care on the client's consent to the receiver.
func TestSupervisedReferral_OnConsent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer, ngo := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation), c.As(models.RoleNGOOutreach, c.NGO)
		handle := nurse.Register(1)
		known := nurse.Give(handle, models.PurposeReferral, c.Probation, models.CatAttendance)
		_, _, err := officer.New().CreateReferral(ctx, "", supervised(known.ID, c.NGO))
		wantError(t, err, models.KindConflict, "referral.consent_required")
		to := nurse.Give(handle, models.PurposeReferral, c.NGO, models.CatPlanSocial)
		_, _, err = nurse.New().CreateReferral(ctx, "", supervised(known.ID, c.NGO))
		wantError(t, err, models.KindNotFound, "supervision.not_found")
		_, _, err = officer.New().CreateReferral(ctx, "", supervised(to.ID, c.NGO)) // a consent that names somebody else
		wantError(t, err, models.KindNotFound, "supervision.not_found")
		r, _, err := officer.New().CreateReferral(ctx, "", supervised(known.ID, c.NGO))
		must(t, err)
		if r.ClientCode != "" || r.ConsentID != to.ID {
			t.Errorf("sent %+v", r)
		}
		_, err = nurse.New().GetReferral(ctx, r.ID)
		wantError(t, err, models.KindNotFound, "referral.not_found")
		accepted := ngo.Move(r, "acceptance")
		if accepted.ClientCode == "" || accepted.ClientCode == handle || !accepted.Whole {
			t.Errorf("the receiver has %+v", accepted)
		}
		if got := c.responsibleFor(t, c.NGO); got != c.Clinic.ID {
			t.Error("probation moved responsibility")
		}
		seen, err := officer.New().GetReferral(ctx, r.ID)
		must(t, err)
		if seen.State != models.ReferralAccepted || seen.ClientCode != "" {
			t.Errorf("probation sees %+v", seen)
		}
		page, err := officer.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 1 {
			t.Errorf("%d listed", len(page.Items))
		}
		log := strings.Join(c.log(t, c.Clinic), "; ")
		for _, want := range []string{`Road ["referral"] consent`, `Road ["referral","planSocial"] consent`, `Probation ["attendance"] consent`} {
			if !strings.Contains(log, want) {
				t.Errorf("%q is not in the log: %s", want, log)
			}
		}
		nurse.Withdraw(known.ID)
		_, err = officer.New().GetReferral(ctx, r.ID)
		wantError(t, err, models.KindNotFound, "referral.not_found")
		page, err = officer.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 0 {
			t.Error("probation hears of somebody it supervises no more")
		}
		if seen, err := ngo.New().GetReferral(ctx, r.ID); err != nil || !seen.Whole {
			t.Errorf("care ended with the supervision: %v", err)
		}
		if receipt := nurse.Withdraw(to.ID); len(receipt.ClosedReferrals) != 1 {
			t.Errorf("closed %v", receipt.ClosedReferrals)
		}
	})
}

// A court duty is enough to send somebody; it opens nothing of the record, makes no team, and
// hands nobody over, whatever record of its own the receiver names.
func TestSupervisedReferral_OnDutyOpensAndMovesNothing(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer, poly := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		c.Write(c.Clinic, handle, "contact", models.CatAttendance, "visit")
		own := poly.Register(1)
		poly.Start(own)
		d, _, err := nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(5))
		must(t, err)
		r, _, err := officer.New().CreateReferral(ctx, "", supervised(d.ID, c.Polyclinic))
		must(t, err)
		if r.ConsentID != "" || !r.OnDuty() {
			t.Errorf("sent %+v", r)
		}
		accepted := poly.Move(r, "acceptance", store.Acceptance{SameAs: own})
		if accepted.ClientCode != own || !accepted.Whole {
			t.Errorf("the receiver has %+v", accepted)
		}
		if got := c.responsibleFor(t, c.Polyclinic); got != c.Clinic.ID {
			t.Error("probation moved responsibility")
		}
		p, err := poly.New().GetPathway(ctx, own)
		must(t, err)
		if len(p.Entries) != 0 {
			t.Errorf("a court duty opened %v", p.Entries)
		}
		if log := strings.Join(c.log(t, c.Clinic), "; "); strings.Count(log, `Polyclinic ["referral"] court_duty`) != 2 {
			t.Error(log)
		}
		second, _, err := officer.New().CreateReferral(ctx, "", supervised(d.ID, c.NGO))
		must(t, err)
		must(t, third(nurse.On(1).EndDuty(ctx, d.ID)))
		_, err = officer.New().GetReferral(ctx, r.ID)
		wantError(t, err, models.KindNotFound, "referral.not_found")
		seen, err := poly.New().GetReferral(ctx, r.ID)
		must(t, err)
		if seen.Whole || seen.State != models.ReferralCancelled {
			t.Errorf("after the duty: %+v", seen)
		}
		_, err = c.As(models.RoleNGOOutreach, c.NGO).TryMove(second.ID, second.Version+1, "acceptance")
		wantError(t, err, models.KindConflict, "referral.not_pending")
	})
}

// Probation says who needs what, and nothing else.
func TestSupervisedReferral_Refuses(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		d, _, err := nurse.New().RecordDuty(ctx, nurse.Register(1), c.Probation.ID, c.Today().AddDays(5))
		must(t, err)
		for code, change := range map[string]func(*models.NewReferral){
			"referral.reason_not_for_supervision": func(n *models.NewReferral) { n.Reason = "infection_link" },
			"referral.need_not_for_supervision":   func(n *models.NewReferral) { n.Needs = []string{"social", "hiv_test"} },
			"referral.note_not_for_supervision":   func(n *models.NewReferral) { n.Note = "comes on Mondays" },
			"referral.receiver_unknown":           func(n *models.NewReferral) { n.ToOrganisationID = c.ColonyHealth.ID },
		} {
			n := supervised(d.ID, c.NGO)
			change(&n)
			_, _, err := officer.New().CreateReferral(ctx, "", n)
			wantError(t, err, models.KindInvalid, code)
		}
	})
}

// What names the office comes in pages, newest first, of both kinds.
func TestSupervisions_Page(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		var want, got []string
		for i := range 3 {
			handle := nurse.Register(i + 1)
			d, _, err := nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(5))
			must(t, err)
			k := nurse.Give(handle, models.PurposeReferral, c.Probation, models.CatAttendance)
			want = append(want, d.ID, k.ID)
		}
		slices.Reverse(want)
		p := store.Paging{Limit: 1}
		for range want {
			page, err := officer.New().ListSupervisions(ctx, p)
			must(t, err)
			got, p.Cursor = append(got, page.Items[0].ID), page.Next
		}
		if !slices.Equal(got, want) || p.Cursor != "" {
			t.Errorf("got %v, want %v", got, want)
		}
		handle := nurse.Register(9)
		first := nurse.Give(handle, models.PurposeReferral, c.NGO)
		second := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		page, err := nurse.New().ListConsents(ctx, handle, store.Paging{Limit: 1})
		must(t, err)
		rest, err := nurse.New().ListConsents(ctx, handle, store.Paging{Limit: 1, Cursor: page.Next})
		must(t, err)
		if page.Items[0].ID != second.ID || rest.Items[0].ID != first.ID || rest.Next != "" {
			t.Errorf("%+v then %+v", page, rest)
		}
	})
}

// Probation learns neither of a withdrawal nor of a refusal, and its duty goes over neither.
func TestSupervisedReferral_TellsNothingOfANo(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		d, _, err := nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(5))
		must(t, err)
		sent, _, err := officer.New().CreateReferral(ctx, "", supervised(d.ID, c.Polyclinic))
		must(t, err)
		nurse.Withdraw(k.ID)
		for state, want := range map[string]int{models.ReferralConsentWithdrawn: 0, models.ReferralClosedLost: 1} {
			page, err := officer.New().ListReferrals(ctx, store.PartyFilter{State: state}, store.Paging{Limit: 10})
			must(t, err)
			if len(page.Items) != want || want == 1 && models.SeenAs(page.Items[0].State) != models.ReferralClosedLost || want == 1 && page.Items[0].ID != sent.ID {
				t.Errorf("%s: %d referrals", state, len(page.Items))
			}
		}
		_, _, err = officer.New().CreateReferral(ctx, "", supervised(d.ID, c.Polyclinic))
		wantError(t, err, models.KindInvalid, "referral.receiver_unknown")
	})
}

// An office that tries one receiver after the other does not learn what the client said of
// any: there is one answer, each leaves its event, and after three of them on one day there
// is no other.
func TestSupervisedReferral_CannotBeAskedForWhomTheClientSigned(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		handle := nurse.Register(1)
		known := nurse.Give(handle, models.PurposeReferral, c.Probation, models.CatAttendance)
		withdrawn := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		nurse.Withdraw(withdrawn.ID)
		refused := func() int {
			return count(t, c.World, "audit_events WHERE action = 'referral.refusal' AND outcome = 'ok' AND objects LIKE ?", "%"+known.ID+"%")
		}
		try := func(to *models.Organisation) string {
			t.Helper()
			_, _, err := officer.New().CreateReferral(ctx, "", supervised(known.ID, to))
			wantError(t, err, models.KindConflict, "referral.consent_required")
			return err.Error()
		}
		never, said := try(c.NGO), try(c.Polyclinic)
		if never != said {
			t.Errorf("nothing said: %q; taken back: %q", never, said)
		}
		if n := refused(); n != 2 {
			t.Errorf("%d events of 2 refusals", n)
		}
		nurse.Give(handle, models.PurposeReferral, c.NGO)
		sent, _, err := officer.New().CreateReferral(ctx, "", supervised(known.ID, c.NGO)) // two slips are forgiven
		must(t, err)
		if sent.State != models.ReferralSent {
			t.Errorf("%+v", sent)
		}
		if third, later := try(c.Polyclinic), try(c.NGO); third != never || later != never {
			t.Errorf("answers differ: %q, %q, %q", never, third, later)
		}
		if n := refused(); n != 4 {
			t.Errorf("%d events of 4 refusals", n)
		}
		other := nurse.Register(2)
		ofOther := nurse.Give(other, models.PurposeReferral, c.Probation, models.CatAttendance)
		nurse.Give(other, models.PurposeReferral, c.NGO)
		_, _, err = officer.New().CreateReferral(ctx, "", supervised(ofOther.ID, c.NGO))
		must(t, err) // somebody else's referral does not wait
		c.Advance(24 * time.Hour)
		_, _, err = officer.New().CreateReferral(ctx, "", supervised(known.ID, c.NGO))
		must(t, err)
	})
}

// Nor whom the client refused: what a court duty does not go over is one answer, and counts.
func TestSupervisedReferral_ANoUnderADutyLeavesItsEvent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, officer := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleProbationOfficer, c.Probation)
		handle := nurse.Register(1)
		d, _, err := nurse.New().RecordDuty(ctx, handle, c.Probation.ID, c.Today().AddDays(5))
		must(t, err)
		nurse.Withdraw(nurse.Give(handle, models.PurposeReferral, c.Polyclinic).ID)
		for range models.MaxRefusedTries {
			_, _, err := officer.New().CreateReferral(ctx, "", supervised(d.ID, c.Polyclinic))
			wantError(t, err, models.KindInvalid, "referral.receiver_unknown")
		}
		_, _, err = officer.New().CreateReferral(ctx, "", supervised(d.ID, c.NGO))
		wantError(t, err, models.KindInvalid, "referral.receiver_unknown")
		if n := count(t, c.World, "audit_events WHERE action = 'referral.refusal'"); n != models.MaxRefusedTries+1 {
			t.Errorf("%d events", n)
		}
	})
}
