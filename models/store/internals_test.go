package store_test

import (
	"context"
	"testing"

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
			"episodes": func(s *store.Session) error { _, err := s.ListEpisodes(ctx, handle); return err },
			"referrals": func(s *store.Session) error {
				_, err := s.ListReferrals(ctx, store.ReferralFilter{}, store.Paging{Limit: 5})
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
		cost("RegisterClient, new", 10, func() { nurse.Register(2) })
		cost("RegisterClient, found", 8, func() { nurse.Register(2) })
		cost("CreateReferral", 7, func() { r = nurse.Refer(handle, storetest.Asking(c.Polyclinic)) })
		cost("GetReferral by the sender", 2, func() { _, _ = nurse.New().GetReferral(ctx, r.ID) })
		cost("GetReferral by the receiver", 3, func() { _, _ = other.New().GetReferral(ctx, r.ID) })
		cost("MoveReferral", 4, func() { r = other.Move(r, "receipt") })
		cost("MoveReferral, acceptance", 11, func() { r = other.Move(r, "acceptance") })
		cost("WithdrawConsent", 7, func() { nurse.Withdraw(k.ID) })
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

// The same for a treating team, to which a withdrawal closes the other record.
func TestTeam_LosesAgainstAWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony, atClinic, k := c.Joined(health, clinic, 1, c.Clinic)
		health.Start(atColony)
		clinic.Start(atClinic)
		other := health.Give(atColony, models.PurposeReferral, c.Polyclinic)
		if _, err := clinic.New().GetConsent(ctx, other.ID); err != nil {
			t.Fatalf("the team does not see the other record's consents: %v", err)
		}
		c.AfterQueryOf("clients", func() { health.Withdraw(k.ID) })
		_, err := clinic.New().GetConsent(ctx, other.ID)
		if !models.IsKind(err, models.KindNotFound) {
			t.Errorf("a consent was shown to the team after the withdrawal: %v", err)
		}
		p, err := clinic.New().GetPathway(ctx, atClinic)
		must(t, err)
		if len(p.Episodes) != 1 || len(p.Consents) != 1 || p.Consents[0].ID != k.ID {
			t.Errorf("after the withdrawal the clinic sees %d episodes and %d consents", len(p.Episodes), len(p.Consents))
		}
		health.Give(atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact)
	})
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
