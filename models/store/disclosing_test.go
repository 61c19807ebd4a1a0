package store_test

import (
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
)

// inside is an NGO's worker who reads the colony's record of somebody held there, and what
// that rests on beside consent.
type inside struct {
	health, outreach, head storetest.Worker
	atNGO, agreement, pass string
	agreementAt, passAt    int64
	referral               *store.SeenReferral
}

func insideColony(t *testing.T, c *storetest.Country) *inside {
	t.Helper()
	coordinator := c.As(models.RoleNGOCoordinator, c.NGO)
	v := &inside{health: c.As(models.RolePrisonMedical, c.ColonyHealth), head: c.As(models.RolePrisonManagement, c.Colony), outreach: c.As(models.RoleNGOOutreach, c.NGO)}
	u, _, err := c.For(models.System("KZ"), nil, storetest.Key("user")).CreateUser(ctx, models.NewUser{Username: "worker-1", Password: "a long password", Role: models.RoleNGOOutreach, OrganisationID: c.NGO.ID})
	must(t, err)
	v.outreach.Actor.UserID = u.ID
	atColony := v.health.Register(1)
	v.health.Start(atColony)
	v.health.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
	v.referral = v.outreach.Move(v.health.Refer(atColony, storetest.Asking(c.NGO)), "acceptance")
	v.atNGO = v.referral.ClientCode
	c.Hold(c.ColonyHealth, atColony)
	a, _, err := coordinator.New().CreateAgreement(ctx, models.NewAgreement{InstitutionID: c.Colony.ID, Services: []string{"counselling"}, DataAnnex: true, ValidFrom: c.Today(), ValidUntil: c.Today().AddMonths(3)})
	must(t, err)
	for _, step := range []struct {
		w      storetest.Worker
		action string
	}{{coordinator, "negotiation"}, {coordinator, "signature"}, {v.head, "countersignature"}, {coordinator, "activation"}} {
		a, err = step.w.On(a.Version).MoveAgreement(ctx, a.ID, step.action, models.AgreementMove{})
		must(t, err)
	}
	p, _, err := coordinator.New().ApplyForPass(ctx, models.NewPass{UserID: u.ID, InstitutionID: c.Colony.ID, Purpose: "counselling", ValidFrom: c.Today(), ValidUntil: c.Today()})
	must(t, err)
	for _, step := range []struct {
		action string
		verb   models.Verb
	}{{"approval", models.Approve}, {"induction", models.Change}, {"activation", models.Change}} {
		p, err = v.head.On(p.Version).MovePass(ctx, p.ID, step.action, step.verb, models.PassMove{On: c.Today()})
		must(t, err)
	}
	v.agreement, v.pass, v.agreementAt, v.passAt = a.ID, p.ID, a.Version, p.Version
	return v
}

// What a worker needs beside consent lapses after the records were read and before the
// audit event is committed: the read answers as an absent record.
func TestNGOAccess_LosesAgainstALapse(t *testing.T) {
	for name, lapse := range map[string]func(t *testing.T, c *storetest.Country, v *inside){
		"agreement": func(t *testing.T, c *storetest.Country, v *inside) {
			_, err := v.head.On(v.agreementAt).MoveAgreement(ctx, v.agreement, "suspension", models.AgreementMove{})
			must(t, err)
		},
		"pass": func(t *testing.T, c *storetest.Country, v *inside) {
			_, err := v.head.On(v.passAt).MovePass(ctx, v.pass, "suspension", models.Change, models.PassMove{Reason: "quarantine"})
			must(t, err)
		},
		"referral": func(t *testing.T, c *storetest.Country, v *inside) { v.health.Move(v.referral, "cancellation") },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *storetest.Country) {
				v := insideColony(t, c)
				p, err := v.outreach.New().GetPathway(ctx, v.atNGO)
				must(t, err)
				if len(p.Episodes) != 1 {
					t.Fatalf("%d episodes with everything in force", len(p.Episodes))
				}
				before := entries(t, c)
				c.AfterQueryOf("episodes", func() { lapse(t, c, v) })
				p, err = v.outreach.New().GetPathway(ctx, v.atNGO)
				if err == nil && len(p.Episodes) > 0 || err != nil && !models.IsKind(err, models.KindNotFound) {
					t.Errorf("the record was shown after the lapse: %v", err)
				}
				if entries(t, c) != before {
					t.Error("a read that was not answered is in the disclosure log")
				}
				p, err = v.outreach.New().GetPathway(ctx, v.atNGO)
				must(t, err)
				if len(p.Episodes) != 0 {
					t.Error("the next call reaches it")
				}
			})
		})
	}
}

// An emergency access that is ended while a read is under way.
func TestBreakGlass_LosesAgainstItsEnd(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		health, doctor := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		atColony, atClinic, k := c.Joined(health, doctor, 1, c.Clinic)
		health.Start(atColony)
		health.Withdraw(k.ID)
		for name, end := range map[string]func(id string){
			"ended": func(id string) {
				if _, err := doctor.New().EndBreakGlass(ctx, id); err != nil {
					t.Error(err)
				}
			},
			"run out": func(string) { c.Advance(time.Hour) },
		} {
			b, _, err := doctor.New().BreakGlass(ctx, atClinic, models.NewBreakGlass{Reason: "overdose", Note: "unresponsive", Hours: 1})
			must(t, err)
			p, err := doctor.New().GetPathway(ctx, atClinic)
			must(t, err)
			if len(p.Episodes) != 1 {
				t.Fatalf("%s: %d episodes while it is open", name, len(p.Episodes))
			}
			ran := false
			// After everything that is looked at because of it: only the commit looks again.
			c.AfterQueryOf("break_glass", func() { c.AfterQueryOf("consents", func() { end(b.ID); ran = true }) })
			before := entries(t, c)
			p, err = doctor.New().GetPathway(ctx, atClinic)
			if err == nil && len(p.Episodes) > 0 || err != nil && !models.IsKind(err, models.KindNotFound) {
				t.Errorf("%s: shown after the end: %v", name, err)
			}
			if entries(t, c) != before || !ran {
				t.Errorf("%s: in the log, or it did not end", name)
			}
		}
	})
}

func entries(t *testing.T, c *storetest.Country) (n int) {
	t.Helper()
	db, _, err := c.Pool()
	must(t, err)
	must(t, db.QueryRowContext(ctx, "SELECT count(*) FROM disclosures").Scan(&n))
	return n
}
