package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// enrol makes a user that is there in the database, as a pass needs one.
func (c *Country) enrol(w Worker) Worker {
	c.t.Helper()
	c.behind("INSERT INTO users (id, username, password_hash, role, organisation_id, active, version, created_at) VALUES (?, ?, '', ?, ?, ?, 1, ?)",
		string(w.Actor.UserID), strings.ReplaceAll(string(w.Actor.UserID), " ", "."), string(w.Actor.Role), string(w.Actor.OrganisationID), true, c.Now())
	return w
}

// partnership is an NGO's coordinator and an institution's head with an active agreement.
type partnership struct {
	coordinator, head, programme Worker
	agreement                    *store.SeenAgreement
}

func proposal(c *Country) models.NewAgreement {
	return models.NewAgreement{InstitutionID: c.Colony.ID, Services: []string{"counselling", "peer_support"}, DataAnnex: true, ValidFrom: c.Today(), ValidUntil: c.Today().AddMonths(12)}
}

func partners(t testing.TB, c *Country) *partnership {
	t.Helper()
	p := &partnership{coordinator: c.As(models.RoleNGOCoordinator, c.NGO), head: c.As(models.RolePrisonManagement, c.Colony), programme: c.As(models.RoleProgrammeCoordinator, c.Ministry)}
	a, _, err := p.coordinator.New().CreateAgreement(ctx, proposal(c))
	must(t, err)
	p.agreement = a
	p.move(t, p.coordinator, "negotiation")
	p.move(t, p.coordinator, "signature")
	p.move(t, p.head, "countersignature")
	p.move(t, p.coordinator, "activation")
	return p
}

func (p *partnership) try(w Worker, action string) error {
	a, err := w.On(p.agreement.Version).MoveAgreement(ctx, p.agreement.ID, action, models.AgreementMove{Transition: "handed_over"})
	if err == nil {
		p.agreement = a
	}
	return err
}

func (p *partnership) move(t testing.TB, w Worker, action string) {
	t.Helper()
	if err := p.try(w, action); err != nil {
		t.Fatalf("%s: %v", action, err)
	}
}

// passFor takes a worker through application, approval, induction and activation.
func (p *partnership) passFor(t testing.TB, c *Country, worker Worker) *store.SeenPass {
	t.Helper()
	pass, _, err := p.coordinator.New().ApplyForPass(ctx, models.NewPass{UserID: worker.Actor.UserID, InstitutionID: c.Colony.ID, Purpose: "counselling", ValidFrom: c.Today(), ValidUntil: c.Today().AddMonths(6)})
	must(t, err)
	return p.passMoves(t, pass, "approval", "induction", "activation")
}

func (p *partnership) passMoves(t testing.TB, pass *store.SeenPass, actions ...string) *store.SeenPass {
	t.Helper()
	for _, action := range actions {
		var err error
		if pass, err = p.movePass(pass, p.head, action); err != nil {
			t.Fatalf("%s: %v", action, err)
		}
	}
	return pass
}

func (p *partnership) movePass(pass *store.SeenPass, w Worker, action string) (*store.SeenPass, error) {
	verb := models.Change
	if strings.HasSuffix(action, "approval") || action == "refusal" {
		verb = models.Approve
	}
	return w.On(pass.Version).MovePass(ctx, pass.ID, action, verb, models.PassMove{Reason: "security_check", On: w.country.Today(), Conditions: []string{"escorted"}})
}

// visited is an NGO's worker who reaches somebody held in the colony: agreement, pass,
// accepted referral and consent are all in force.
type visited struct {
	*partnership
	health, outreach Worker
	atColony, atNGO  string
	consent          *store.SeenConsent
	referral         *store.SeenReferral
	pass             *store.SeenPass
	spell            string
}

func visit(t testing.TB, c *Country) *visited {
	t.Helper()
	v := &visited{partnership: partners(t, c), health: c.As(models.RolePrisonMedical, c.ColonyHealth)}
	v.outreach = c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
	v.atColony = v.health.Register(1)
	v.health.Start(v.atColony)
	v.consent = v.health.Give(v.atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
	v.referral = v.outreach.Move(v.health.Refer(v.atColony, Asking(c.NGO)), "acceptance")
	v.atNGO = v.referral.ClientCode
	v.spell = c.Hold(c.ColonyHealth, v.atColony)
	v.pass = v.passFor(t, c, v.outreach)
	return v
}

// reaches reports whether the worker sees the colony's episode.
func (v *visited) reaches(t testing.TB, c *Country) bool {
	t.Helper()
	_, ok := shown(t, v.outreach, v.atNGO)[c.ColonyHealth.ID]
	return ok
}

// The NGO's access to somebody in custody, each thing it rests on taken away in turn: the
// very next call reaches nothing, and gets it back where it can come back.
func lapse(t *testing.T, take func(t *testing.T, c *Country, v *visited), giveBack func(t *testing.T, c *Country, v *visited)) {
	t.Helper()
	each(t, func(t *testing.T, c *Country) {
		v := visit(t, c)
		if !v.reaches(t, c) {
			t.Fatal("nothing is reached with everything in force")
		}
		take(t, c, v)
		if v.reaches(t, c) {
			t.Fatal("the next call still reaches the record")
		}
		if giveBack != nil {
			giveBack(t, c, v)
			if !v.reaches(t, c) {
				t.Error("it does not come back")
			}
		}
	})
}

func TestNGOAccess_LapsesWithTheAgreementSuspended(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) { v.move(t, v.head, "suspension") },
		func(t *testing.T, c *Country, v *visited) { v.move(t, v.coordinator, "resumption") })
}

func TestNGOAccess_LapsesWithTheAgreementEnded(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) { v.move(t, v.programme, "ending") }, nil)
}

func TestNGOAccess_LapsesWithTheAgreementsLastDay(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		c.exec(t, "UPDATE agreements SET valid_until = ? WHERE id = ?", string(c.Today()), v.agreement.ID)
		if !v.reaches(t, c) {
			t.Error("the last day does not count")
		}
		c.Advance(24 * time.Hour)
	}, nil)
}

func TestNGOAccess_LapsesWithoutTheDataAnnex(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		c.exec(t, "UPDATE agreements SET data_annex = ? WHERE id = ?", false, v.agreement.ID)
	}, nil)
}

func TestNGOAccess_LapsesWithThePassSuspended(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		pass, err := v.movePass(v.pass, v.head, "suspension")
		must(t, err)
		v.pass = pass
	}, func(t *testing.T, c *Country, v *visited) { v.passMoves(t, v.pass, "resumption") })
}

func TestNGOAccess_LapsesWithThePassRevoked(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		_, err := v.movePass(v.pass, v.coordinator, "revocation")
		must(t, err)
	}, nil)
}

func TestNGOAccess_LapsesWithThePassesLastDay(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		c.exec(t, "UPDATE access_passes SET valid_until = ? WHERE id = ?", string(c.Today()), v.pass.ID)
		if !v.reaches(t, c) {
			t.Error("the last day does not count")
		}
		c.Advance(24 * time.Hour)
	}, nil)
}

func TestNGOAccess_IsTheWorkersWithThePass(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) { v.outreach = v.outreach.Colleague() }, nil)
}

func TestNGOAccess_LapsesWithTheReferral(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) { v.health.Move(v.referral, "cancellation") }, nil)
}

func TestNGOAccess_LapsesWithTheConsentWithdrawn(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) { v.health.Withdraw(v.consent.ID) }, nil)
}

func TestNGOAccess_LapsesWithTheConsentInvalid(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		_, _, err := v.health.New().InvalidateConsent(ctx, v.consent.ID, "intoxicated")
		must(t, err)
	}, nil)
}

func TestNGOAccess_LapsesWithTheConsentNarrowed(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		_, err := v.health.On(v.consent.Version).MoveConsent(ctx, v.consent.ID, "narrowing", models.ConsentMove{Categories: &[]models.Category{}})
		must(t, err)
	}, nil)
}

func TestNGOAccess_LapsesWithTheConsentsLastDay(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		k, err := v.health.On(v.consent.Version).MoveConsent(ctx, v.consent.ID, "narrowing", models.ConsentMove{Until: c.Today()})
		must(t, err)
		v.consent = k
		if !v.reaches(t, c) {
			t.Error("the last day does not count")
		}
		c.Advance(24 * time.Hour)
	}, func(t *testing.T, c *Country, v *visited) {
		k, err := v.health.On(v.consent.Version).MoveConsent(ctx, v.consent.ID, "renewal", models.ConsentMove{Until: c.Today().AddMonths(24)})
		must(t, err)
		if k.FromDate != c.Today() {
			t.Errorf("a renewal after the last day covers the days between: from %s", k.FromDate)
		}
	})
}

// Outside, consent is enough; inside another institution this agreement opens nothing.
func TestNGOAccess_NeedsNoPassForSomebodyFree(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) { v.move(t, v.head, "suspension") },
		func(t *testing.T, c *Country, v *visited) { c.Free(v.spell) })
}

func TestNGOAccess_OfAnotherInstitutionOpensNothing(t *testing.T) {
	lapse(t, func(t *testing.T, c *Country, v *visited) {
		c.exec(t, "UPDATE custody_spells SET institution_id = ? WHERE id = ?", string(c.Ministry.ID), v.spell)
	}, nil)
}

func TestAgreement_BothSidesSign(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := &partnership{coordinator: c.As(models.RoleNGOCoordinator, c.NGO), head: c.As(models.RolePrisonManagement, c.Colony), programme: c.As(models.RoleProgrammeCoordinator, c.Ministry)}
		a, _, err := p.programme.New().CreateAgreement(ctx, func() models.NewAgreement { n := proposal(c); n.NGOID = c.NGO.ID; return n }())
		must(t, err)
		p.agreement = a
		wantError(t, p.try(p.coordinator, "signature"), models.KindConflict, "agreement.not_possible")
		p.move(t, p.programme, "negotiation")
		wantError(t, p.try(p.programme, "signature"), models.KindConflict, "agreement.other_party")
		wantError(t, p.try(p.head, "countersignature"), models.KindConflict, "agreement.ngo_signs_first")
		p.move(t, p.coordinator, "signature")
		wantError(t, p.try(p.coordinator, "signature"), models.KindConflict, "agreement.signed_already")
		wantError(t, p.try(p.coordinator, "countersignature"), models.KindNotFound, "agreement.not_found")
		wantError(t, p.try(p.coordinator, "activation"), models.KindConflict, "agreement.not_possible")
		p.move(t, p.head, "countersignature")
		if p.agreement.SignedByNGO == p.agreement.SignedByInstitution {
			t.Error("one person signed for both")
		}
		wantError(t, p.try(p.head, "activation"), models.KindConflict, "agreement.other_party")
		p.move(t, p.coordinator, "activation")
		first := p.agreement
		second, _, err := p.coordinator.New().CreateAgreement(ctx, proposal(c))
		must(t, err)
		p.agreement = second
		p.move(t, p.programme, "negotiation")
		p.move(t, p.coordinator, "signature")
		p.move(t, p.head, "countersignature")
		wantError(t, p.try(p.coordinator, "activation"), models.KindConflict, "agreement.active_already")
		second, p.agreement = p.agreement, first
		p.move(t, p.head, "suspension")
		first, p.agreement = p.agreement, second
		p.move(t, p.coordinator, "activation")
		p.agreement = first
		wantError(t, p.try(p.head, "resumption"), models.KindConflict, "agreement.active_already")
		for _, stranger := range []Worker{c.As(models.RoleNGOCoordinator, c.OtherNGO)} {
			_, err := stranger.New().GetAgreement(ctx, p.agreement.ID)
			wantError(t, err, models.KindNotFound, "agreement.not_found")
			wantError(t, p.try(stranger, "suspension"), models.KindNotFound, "agreement.not_found")
		}
		_, err = p.coordinator.On(p.agreement.Version).MoveAgreement(ctx, p.agreement.ID, "ending", models.AgreementMove{})
		wantError(t, err, models.KindInvalid, "agreement.transition_unknown")
	})
}

func TestAgreement_ExpiryIsComputedAndARenewalTakesOver(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		v := visit(t, c)
		old := v.agreement
		state := func(id string) string {
			a, err := v.coordinator.New().GetAgreement(ctx, id)
			must(t, err)
			return a.StateOn(a.Today)
		}
		until := c.Today().AddMonths(12)
		c.Advance(time.Duration(c.Today().DaysUntil(until)-models.RenewalDays-1) * 24 * time.Hour)
		if got := state(old.ID); got != "active" {
			t.Errorf("61 days before: %s", got)
		}
		c.Advance(24 * time.Hour)
		if got := state(old.ID); got != "expiring" {
			t.Errorf("60 days before: %s", got)
		}
		n := proposal(c)
		n.Renews = old.ID
		a, _, err := v.coordinator.New().CreateAgreement(ctx, n)
		must(t, err)
		v.agreement = a
		for _, step := range []struct {
			w      Worker
			action string
		}{{v.coordinator, "negotiation"}, {v.coordinator, "signature"}, {v.head, "countersignature"}, {v.coordinator, "activation"}} {
			v.move(t, step.w, step.action)
		}
		if got := state(old.ID); got != "ended" {
			t.Errorf("the renewed agreement is %s", got)
		}
		if got := scan[string](t, c.World, "SELECT agreement_id FROM access_passes WHERE id = ?", v.pass.ID); got != a.ID {
			t.Error("the pass does not hang on the renewal")
		}
		c.Advance(400 * 24 * time.Hour)
		if got := state(a.ID); got != "expired" {
			t.Errorf("after its last day: %s", got)
		}
		wantError(t, v.try(v.coordinator, "resumption"), models.KindConflict, "agreement.not_possible")
	})
}

func TestAgreement_IsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		w := c.As(models.RoleNGOCoordinator, c.NGO)
		for code, change := range map[string]func(*models.NewAgreement){
			"agreement.ngo_unknown":           func(n *models.NewAgreement) { n.NGOID = c.OtherNGO.ID },
			"agreement.institution_unknown":   func(n *models.NewAgreement) { n.InstitutionID = c.ColonyHealth.ID },
			"agreement.service_unknown":       func(n *models.NewAgreement) { n.Services = []string{"counselling", "counselling"} },
			"agreement.ends_before_it_begins": func(n *models.NewAgreement) { n.ValidUntil = n.ValidFrom.AddDays(-1) },
			"agreement.until_past":            func(n *models.NewAgreement) { n.ValidFrom, n.ValidUntil = "2020-01-01", "2020-02-01" },
			"agreement.from_not_a_date":       func(n *models.NewAgreement) { n.ValidFrom = "2026-02-30" },
			"agreement.renews_unknown":        func(n *models.NewAgreement) { n.Renews = "nothing" },
		} {
			n := proposal(c)
			change(&n)
			_, _, err := w.New().CreateAgreement(ctx, n)
			wantError(t, err, models.KindInvalid, code)
		}
	})
}

func TestPass_IsDecidedWithReasonsAndNeverLapsesInSilence(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := partners(t, c)
		worker := c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
		n := models.NewPass{UserID: worker.Actor.UserID, InstitutionID: c.Colony.ID, Purpose: "counselling", ValidFrom: c.Today(), ValidUntil: c.Today().AddDays(5)}
		pass, _, err := p.coordinator.New().ApplyForPass(ctx, n)
		must(t, err)
		list := func(overdue bool) int {
			page, err := p.head.New().ListPasses(ctx, overdue, store.Paging{Limit: 10})
			must(t, err)
			return len(page.Items)
		}
		c.Advance(models.DecisionDays * 24 * time.Hour)
		if list(true) != 0 {
			t.Error("overdue on the tenth day")
		}
		c.Advance(time.Second)
		got, err := p.coordinator.New().GetPass(ctx, pass.ID)
		must(t, err)
		if list(true) != 1 || !got.Overdue(got.Now) || got.StateOn(got.Today) != models.PassRequested {
			t.Errorf("an application that waits too long is %s, overdue %v", got.StateOn(got.Today), got.Overdue(got.Now))
		}
		escalated := func(institution, ngo string) {
			t.Helper()
			for range 2 { // a second look tells nobody again
				_, err := store.NewOutbox(c.Store).Raise(ctx)
				must(t, err)
			}
			for o, want := range map[*models.Organisation]string{c.Colony: institution, c.NGO: ngo} {
				if got := scan[string](t, c.World, "SELECT state FROM notices WHERE kind = 'access_overdue' AND subject_id = ? AND organisation_id = ?", pass.ID, string(o.ID)); got != want {
					t.Errorf("the notice to the %s is %q, want %q", o.Kind, got, want)
				}
			}
		}
		escalated(models.NoticeOpen, models.NoticeOpen)
		notices, err := p.head.New().ListNotices(ctx, "", store.Paging{Limit: 10})
		must(t, err)
		if len(notices.Items) != 1 || notices.Items[0].Kind != "access_overdue" || notices.Items[0].Level != 1 {
			t.Errorf("the head reads %+v", notices.Items)
		}
		_, err = p.head.New().AcknowledgeNotice(ctx, notices.Items[0].ID)
		must(t, err)
		_, err = p.head.On(pass.Version).MovePass(ctx, pass.ID, "refusal", models.Approve, models.PassMove{})
		wantError(t, err, models.KindInvalid, "access_pass.reason_unknown")
		_, err = p.movePass(pass, p.coordinator, "approval")
		wantError(t, err, models.KindNotFound, "access_pass.not_found")
		pass, err = p.movePass(pass, p.head, "refusal")
		must(t, err)
		_, err = p.movePass(pass, p.head, "induction")
		wantError(t, err, models.KindConflict, "access_pass.not_possible")
		pass, err = p.movePass(pass, p.coordinator, "appeal")
		must(t, err)
		if list(true) != 0 {
			t.Error("an appeal has no time of its own")
		}
		escalated("acknowledged", models.NoticeCancelled)
		c.Advance(models.DecisionDays*24*time.Hour + time.Second)
		escalated(models.NoticeOpen, models.NoticeOpen) // the appeal waits too long as well
		pass = p.passMoves(t, pass, "conditional-approval")
		if pass.Conditions[0] != "escorted" || pass.Reason != "" {
			t.Errorf("%+v", pass)
		}
		pass = p.passMoves(t, pass, "induction")
		_, err = p.movePass(pass, p.head, "activation")
		wantError(t, err, models.KindConflict, "access_pass.not_valid_now") // its days are over
		if pass.StateOn(c.Today()) != models.PassExpired {
			t.Error(pass.StateOn(c.Today()))
		}
		// Nobody applies for somebody else's worker, or beyond the agreement.
		for code, change := range map[string]func(*models.NewPass){
			"access_pass.user_unknown":       func(n *models.NewPass) { n.UserID = c.enrol(c.As(models.RoleNGOOutreach, c.OtherNGO)).Actor.UserID },
			"access_pass.agreement_required": func(n *models.NewPass) { n.Purpose = "legal_help" },
			"access_pass.purpose_unknown":    func(n *models.NewPass) { n.Purpose = "fun" },
		} {
			n := n
			n.ValidUntil = c.Today().AddMonths(1)
			change(&n)
			_, _, err := p.coordinator.New().ApplyForPass(ctx, n)
			kind := models.KindInvalid
			if code == "access_pass.agreement_required" {
				kind = models.KindConflict
			}
			wantError(t, err, kind, code)
		}
		// The programme's coordinator sees visits, and no worker's pass.
		_, err = p.programme.New().GetPass(ctx, pass.ID)
		wantError(t, err, models.KindNotFound, "access_pass.not_found")
	})
}

func TestVisit_NeedsPassAndAgreementOnTheDay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		v := visit(t, c)
		plan := func(on models.Date) (*models.Visit, error) {
			got, _, err := v.coordinator.New().PlanVisit(ctx, models.NewVisit{PassID: v.pass.ID, Purpose: "group_session", On: on})
			return got, err
		}
		got, err := plan(c.Today().AddDays(1))
		must(t, err)
		_, err = plan(c.Today().AddMonths(7))
		wantError(t, err, models.KindConflict, "visit.pass_not_in_force")
		_, err = plan(c.Today().AddDays(-1))
		wantError(t, err, models.KindInvalid, "visit.on_past")
		_, err = v.head.On(1).MoveVisit(ctx, got.ID, "completion", "")
		wantError(t, err, models.KindConflict, "visit.in_future")
		c.Advance(24 * time.Hour)
		_, err = v.head.On(1).MoveVisit(ctx, got.ID, "completion", "")
		must(t, err)
		_, err = v.head.On(2).MoveVisit(ctx, got.ID, "cancellation", "refused_at_gate")
		wantError(t, err, models.KindConflict, "visit.not_possible")
		v.move(t, v.head, "suspension")
		_, err = plan(c.Today())
		wantError(t, err, models.KindConflict, "visit.pass_not_in_force")
		if page, err := v.programme.New().ListVisits(ctx, store.Paging{Limit: 5}); err != nil || len(page.Items) != 1 {
			t.Errorf("the programme sees %d visits, %v", len(page.Items), err)
		}
	})
}

// Many reads race one suspension: no disclosure has a sequence number after it.
func TestRace_NoDisclosureAfterTheAgreementIsSuspended(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		v := visit(t, c)
		colony := scan[string](t, c.World, "SELECT id FROM episodes WHERE organisation_id = ?", string(c.ColonyHealth.ID))
		for range 3 {
			seq, id := c.lastSeq(t), v.agreement.ID
			together(33, func(i int) {
				if i == 16 {
					if err := v.try(v.head, "suspension"); err != nil {
						t.Errorf("suspend: %v", err)
					}
					return
				}
				if _, err := v.outreach.New().GetPathway(ctx, v.atNGO); err != nil && !models.IsKind(err, models.KindNotFound) {
					t.Errorf("read: %v", err)
				}
			})
			var suspended int64
			for _, e := range c.events(t, seq) {
				if e.Action == "agreement.suspension" && e.Objects[0] == id {
					suspended = e.Seq
				}
				if suspended > 0 && e.Action == "pathway.read" && e.Outcome == "ok" && slices.Contains(e.Objects, colony) {
					t.Errorf("event %d shows the record after the suspension %d", e.Seq, suspended)
				}
			}
			if suspended == 0 {
				t.Fatal("no suspension in the trail")
			}
			v.move(t, v.coordinator, "resumption")
		}
	})
}
