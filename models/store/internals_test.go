package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
	"jol/policies"
)

var ctx = context.Background()

func each(t *testing.T, run func(t *testing.T, c *storetest.Country)) {
	t.Helper()
	p, err := policies.New()
	must(t, err)
	storetest.Each(t, func(t *testing.T, w *storetest.World) { run(t, w.Settle(t, p.Grants)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrite_WithoutEventIsNotCommitted(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		if err := c.As(models.RoleNurse, c.Clinic).New().WriteWithoutAudit(ctx); err == nil {
			t.Error("a write without an event was committed")
		}
		db, _, err := c.Pool()
		must(t, err)
		var n int
		must(t, db.QueryRowContext(ctx, "SELECT count(*) FROM idempotency_keys WHERE user_id = 'canary'").Scan(&n))
		if n != 0 {
			t.Error("it left a row")
		}
	})
}

func TestReads_StopWithTheCommitter(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(handle, storetest.Asking(c.Polyclinic))
		e := nurse.Start(handle)
		must(t, c.Ready(ctx))
		c.StopReads()
		for name, read := range map[string]func(*store.Session) error{
			"client":   func(s *store.Session) error { _, err := s.GetClient(ctx, handle); return err },
			"pathway":  func(s *store.Session) error { _, err := s.GetPathway(ctx, handle); return err },
			"consent":  func(s *store.Session) error { _, err := s.GetConsent(ctx, k.ID); return err },
			"referral": func(s *store.Session) error { _, err := s.GetReferral(ctx, r.ID); return err },
			"episode":  func(s *store.Session) error { _, err := s.GetEpisode(ctx, e.ID); return err },
			"episodes": func(s *store.Session) error {
				_, err := s.ListEpisodes(ctx, handle, store.Paging{Limit: 50})
				return err
			},
			"referrals": func(s *store.Session) error {
				_, err := s.ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 5})
				return err
			},
			"denial": func(*store.Session) error { return c.RecordDenial(ctx, nurse.Actor, "r", "client.read", "forbidden") },
		} {
			if err := read(nurse.New()); !models.IsKind(err, models.KindUnavailable) {
				t.Errorf("%s: %v, want unavailable", name, err)
			}
		}
		if c.Ready(ctx) == nil {
			t.Error("the service calls itself ready")
		}
		nurse.Withdraw(k.ID) // what stops sharing must always work
	})
}

// Round trips decide write throughput: more of them is a decision, not an accident.
func TestStatements_AreFewAndKnown(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		n := c.CountStatements()
		cost := func(name string, want int64, run func()) {
			t.Helper()
			n.Store(0)
			run()
			if got := n.Load(); got != want {
				t.Errorf("%s takes %d statements, not %d", name, got, want)
			}
		}
		var r *store.SeenReferral
		feed := int64(1) // the change feed: on PostgreSQL its lock beside it
		if c.Engine == "postgres" {
			feed = 2
		}
		cost("RegisterClient, new", 10+feed, func() { nurse.Register(2) })
		cost("RegisterClient, found", 8, func() { nurse.Register(2) })
		cost("CreateReferral", 8+feed, func() { r = nurse.Refer(handle, storetest.Asking(c.Polyclinic)) })
		cost("GetReferral by the sender", 2, func() { _, _ = nurse.New().GetReferral(ctx, r.ID) })
		cost("GetReferral by the receiver", 3, func() { _, _ = other.New().GetReferral(ctx, r.ID) })
		cost("MoveReferral", 4+feed, func() { r = other.Move(r, "receipt") })
		cost("MoveReferral, acceptance", 12+feed, func() { r = other.Move(r, "acceptance") })
		cost("WithdrawConsent", 13+feed, func() { nurse.Withdraw(k.ID) })
	})
}

// A registration does the same work whatever other organisations hold.
func TestStatements_OfRegistrationTellNothing(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		c.As(models.RoleNurse, c.Polyclinic).Register(1)
		c.As(models.RolePrisonMedical, c.ColonyHealth).Register(1)
		n := c.CountStatements()
		var took []int64
		for _, person := range []int{1, 2} {
			n.Store(0)
			c.As(models.RoleNurse, c.Clinic).Register(person)
			took = append(took, n.Load())
		}
		if took[0] != took[1] {
			t.Errorf("%d statements for somebody known elsewhere, %d for somebody new", took[0], took[1])
		}
	})
}

// A password changed while a sign-in with the old one is being checked.
func TestSignIn_LosesAgainstAPasswordChange(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		admin := c.As(models.RoleAdministrator, c.Ministry)
		u, _, err := admin.New().CreateUser(ctx, models.NewUser{Username: "nurse-1", Password: "the first password", Role: models.RoleNurse, OrganisationID: c.Clinic.ID})
		must(t, err)
		c.AfterQueryOf("users", func() {
			next := "the second password"
			_, err := admin.On(1).ChangeUser(ctx, string(u.ID), models.UserChange{Password: &next})
			if err != nil {
				t.Errorf("change: %v", err)
			}
		})
		_, err = store.NewAccounts(c.Store).SignIn(ctx, "nurse-1", "the first password", "192.0.2.1")
		if !models.IsKind(err, models.KindUnauthenticated) {
			t.Errorf("the old password gave a token: %v", err)
		}
	})
}

// A receiver counts what consents let it see: one withdrawn while it counts takes the count
// away, so that no figure that rests on it is shown after the withdrawal.
func TestOwnFigures_LoseAgainstAWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		sender, receiver := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle := sender.Register(1)
		consent := sender.Give(handle, models.PurposeReferral, c.Polyclinic)
		sender.Refer(handle, storetest.Asking(c.Polyclinic))
		_, err := receiver.New().GetOwnFigures(ctx, "")
		must(t, err)
		c.AfterQueryOf("referrals", func() { sender.Withdraw(consent.ID) })
		out, err := receiver.New().GetOwnFigures(ctx, "")
		if !models.IsKind(err, models.KindNotFound) || out != nil {
			t.Errorf("%+v %v", out, err)
		}
		_, err = receiver.New().GetOwnFigures(ctx, "")
		must(t, err)
	})
}

// The organisation is closed meanwhile: a token left behind would live when it is opened.
func TestSignIn_LosesAgainstClosingTheOrganisation(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		admin := c.As(models.RoleAdministrator, c.Ministry)
		must(t, second(admin.New().CreateUser(ctx, models.NewUser{Username: "nurse-1", Password: "the first password", Role: models.RoleNurse, OrganisationID: c.Clinic.ID})))
		c.AfterQueryOf("users", func() {
			off := false
			if _, err := admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Active: &off}); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		_, err := store.NewAccounts(c.Store).SignIn(ctx, "nurse-1", "the first password", "192.0.2.1")
		if !models.IsKind(err, models.KindUnauthenticated) {
			t.Errorf("a closed organisation's user got a token: %v", err)
		}
	})
}

func second[A, B any](_ A, _ B, err error) error { return err }

// inCharge is a person in the charge of the clinic, whom the colony and an NGO treat too: the
// colony has parted the record whose consent named the clinic.
func inCharge(t *testing.T, c *storetest.Country) (atColony, atNGO, atClinic string, health, ngo, clinic storetest.Worker) {
	t.Helper()
	health, ngo, clinic = c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleClinician, c.Clinic)
	referred, atColony := health.Register(1), health.Register(3)
	change := func(kind, with string) {
		ic, _, err := health.New().RequestIdentityChange(ctx, referred, kind, with)
		must(t, err)
		_, err = health.Colleague().On(1).ApproveIdentityChange(ctx, ic.ID)
		must(t, err)
	}
	change("merge", atColony)
	health.Give(referred, models.PurposeReferral, c.Clinic)
	atClinic = clinic.Move(health.Refer(referred, storetest.Asking(c.Clinic)), "acceptance").ClientCode
	change("split", "")
	health.Give(atColony, models.PurposeReferral, c.NGO)
	atNGO = ngo.Move(health.Refer(atColony, storetest.Asking(c.NGO)), "acceptance").ClientCode
	health.Start(atColony)
	ngo.Start(atNGO)
	clinic.Start(atClinic)
	return atColony, atNGO, atClinic, health, ngo, clinic
}

// What the client says while a team reads counts for that reading.
func TestTeam_LosesAgainstAConsentThatLimitsIt(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		_, atNGO, atClinic, _, ngo, clinic := inCharge(t, c)
		p, err := clinic.New().GetPathway(ctx, atClinic)
		must(t, err)
		if len(p.Episodes) != 2 || len(p.Consents) != 0 {
			t.Fatalf("the team sees %d episodes and %d consents", len(p.Episodes), len(p.Consents))
		}
		c.AfterQueryOf("clients", func() { ngo.Give(atNGO, models.PurposeReferral, c.Clinic) })
		p, err = clinic.New().GetPathway(ctx, atClinic)
		must(t, err)
		if len(p.Episodes) != 1 || p.Episodes[0].OrganisationID != c.Clinic.ID {
			t.Errorf("after the client had spoken the clinic sees %d episodes", len(p.Episodes))
		}
	})
}

// A clinic that reads the colony's record on a consent, and an NGO at which the client
// withdraws another: neither may be shown afterwards.
func TestTeam_LosesAgainstAWithdrawal(t *testing.T) {
	for name, withdrawn := range map[string]func(atColony, atNGO *store.SeenConsent) *store.SeenConsent{
		"the colony's": func(k, _ *store.SeenConsent) *store.SeenConsent { return k },
		"the NGO's":    func(_, k *store.SeenConsent) *store.SeenConsent { return k },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *storetest.Country) {
				atColony, atNGO, atClinic, health, ngo, clinic := inCharge(t, c)
				full := []models.Category{models.CatTreatmentFact, models.CatDiagnosis}
				k := withdrawn(health.Give(atColony, models.PurposeReferral, c.Clinic, full...), ngo.Give(atNGO, models.PurposeReferral, c.Clinic, full...))
				recorder := health
				if k.OrganisationID == c.NGO.ID {
					recorder = ngo
				}
				if p, err := clinic.New().GetPathway(ctx, atClinic); err != nil || len(p.Episodes) != 3 {
					t.Fatalf("with both consents: %+v %v", p, err)
				}
				c.AfterQueryOf("consents", func() { recorder.Withdraw(k.ID) })
				p, err := clinic.New().GetPathway(ctx, atClinic)
				if !models.IsKind(err, models.KindNotFound) {
					t.Errorf("a read that relied on both consents was answered: %+v %v", p, err)
				}
				p, err = clinic.New().GetPathway(ctx, atClinic)
				must(t, err)
				if len(p.Episodes) != 2 {
					t.Errorf("after the withdrawal the clinic sees %d episodes", len(p.Episodes))
				}
				for _, e := range p.Episodes {
					if e.OrganisationID == k.OrganisationID {
						t.Error("the episode of the record it was withdrawn at is shown")
					}
				}
			})
		})
	}
}

// A consent withdrawn between the two queries of a pathway.
func TestPathway_LosesAgainstAWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		health, ngo := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNGOOutreach, c.NGO)
		atColony, atNGO, _ := c.Joined(health, ngo, 1, c.NGO)
		health.Start(atColony)
		k := health.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		c.AfterQueryOf("episodes", func() { health.Withdraw(k.ID) })
		p, err := ngo.New().GetPathway(ctx, atNGO)
		if err == nil && len(p.Episodes) > 0 {
			t.Error("the episode was shown after the consent had been withdrawn")
		}
		if err != nil && !models.IsKind(err, models.KindNotFound) {
			t.Error(err)
		}
	})
}

// A slow writer against a fast reader, at its sharpest: a writer that has its number and does
// not commit holds the organisation's feed, so that no later number is read before it.
func TestChanges_AnUncommittedNumberIsNeverPassed(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		read := func(since string) store.Page[store.Change] {
			page, err := nurse.New().ListChanges(ctx, store.Paging{Limit: 10, Cursor: since})
			must(t, err)
			return page
		}
		release, holding, slowDone, fastDone := make(chan struct{}), make(chan struct{}), make(chan error, 1), make(chan error, 1)
		var once sync.Once
		go func() {
			slowDone <- c.HoldFeed(ctx, nurse.Actor, "referral", "slow", func() { once.Do(func() { close(holding) }); <-release })
		}()
		<-holding
		go func() {
			_, _, err := nurse.New().RegisterClient(ctx, storetest.Someone(1))
			fastDone <- err
		}()
		passed := false
		select {
		case <-fastDone: // a later number was committed first
			passed = true
		case <-time.After(200 * time.Millisecond):
		}
		cursor := ""
		if passed { // what a reader does then loses the slow one
			cursor = read("").Next
			fastDone <- nil
		}
		close(release)
		must(t, <-slowDone)
		must(t, <-fastDone)
		var kinds []string
		for _, item := range read(cursor).Items {
			kinds = append(kinds, item.Kind)
		}
		if passed || !slices.Equal(kinds, []string{"referral", "client"}) {
			t.Errorf("passed %v, then %v", passed, kinds)
		}
	})
}
