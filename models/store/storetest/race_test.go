package storetest

import (
	"sync/atomic"
	"testing"

	"jol/models"
	"jol/models/store"
)

// brokenPromises counts what must never be: an open referral on a withdrawn consent.
const brokenPromises = `referrals r JOIN consents k ON k.id = r.consent_id
	WHERE k.state = 'withdrawn' AND r.state IN ('sent', 'received', 'accepted', 'info_requested', 'appointment_fixed', 'no_show', 're_engagement')`

func rounds() int {
	if testing.Short() {
		return 3
	}
	return 15
}

func TestRace_CreatingAReferralAgainstWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		for round := range rounds() {
			handle := nurse.Register(round)
			k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
			together(5, func(i int) {
				if i == 0 {
					if _, _, err := nurse.New().WithdrawConsent(ctx, k.ID); err != nil {
						t.Errorf("withdraw: %v", err)
					}
					return
				}
				_, _, err := nurse.New().CreateReferral(ctx, handle, Asking(c.Polyclinic))
				if err != nil && !models.IsKind(err, models.KindConflict) {
					t.Errorf("create: %v", err)
				}
			})
		}
		if n := count(t, c.World, brokenPromises); n != 0 {
			t.Fatalf("%d open referrals rest on a withdrawn consent", n)
		}
		afterWithdrawal(t, c, "referral.create")
	})
}

// afterWithdrawal checks the trail: no event of the action names a referral that a
// withdrawal had closed, or could have closed, before it.
func afterWithdrawal(t *testing.T, c *Country, action string) {
	t.Helper()
	withdrawn := map[string]int64{} // consent → seq
	consentOf := map[string]string{}
	rows, err := c.sqlDB(t).QueryContext(ctx, "SELECT id, consent_id FROM referrals")
	must(t, err)
	for rows.Next() {
		var id, consent string
		must(t, rows.Scan(&id, &consent))
		consentOf[id] = consent
	}
	must(t, rows.Err())
	rows.Close()
	for _, e := range c.events(t, 0) {
		if e.Action == "consent.withdraw" {
			withdrawn[e.Objects[0]] = e.Seq
		}
		if e.Action == action && e.Outcome == "ok" {
			if seq, gone := withdrawn[consentOf[e.Objects[0]]]; gone && e.Seq > seq {
				t.Errorf("%s after the consent was withdrawn", action)
			}
		}
	}
}

func TestRace_AcceptanceAgainstWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		var won atomic.Int32
		for round := range rounds() {
			handle := nurse.Register(round)
			k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
			r := nurse.Refer(handle, Asking(c.Polyclinic))
			together(2, func(i int) {
				if i == 0 {
					if _, _, err := nurse.New().WithdrawConsent(ctx, k.ID); err != nil {
						t.Errorf("withdraw: %v", err)
					}
					return
				}
				_, err := other.TryMove(r.ID, r.Version, "acceptance")
				if err == nil {
					won.Add(1)
				} else if !models.IsKind(err, models.KindConflict) && !models.IsKind(err, models.KindPreconditionFailed) {
					t.Errorf("accept: %v", err)
				}
			})
		}
		if n := count(t, c.World, brokenPromises); n != 0 {
			t.Fatalf("%d open referrals rest on a withdrawn consent", n)
		}
		if n := count(t, c.World, "clients WHERE organisation_id = ?", string(c.Polyclinic.ID)); n != int(won.Load()) {
			t.Errorf("%d acceptances, %d records at the receiver", won.Load(), n)
		}
		afterWithdrawal(t, c, "referral.acceptance")
	})
}

func TestRace_NoDisclosureAfterWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		for range 3 {
			k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
			r := nurse.Refer(handle, Asking(c.Polyclinic))
			reads := make([]disclosure, 64)
			together(65, func(i int) {
				if i == 64 {
					if _, _, err := nurse.New().WithdrawConsent(ctx, k.ID); err != nil {
						t.Errorf("withdraw: %v", err)
					}
					return
				}
				req := Key("read")
				seen, err := other.With(req).GetReferral(ctx, r.ID)
				if err != nil && !models.IsKind(err, models.KindNotFound) {
					t.Errorf("read: %v", err)
				}
				reads[i] = disclosure{req.ID, err == nil && seen.Whole}
			})
			c.checkDisclosures(t, k.ID, reads)
			after, err := other.New().GetReferral(ctx, r.ID)
			must(t, err)
			if after.Whole || after.State != models.ReferralConsentWithdrawn || after.WithdrawnAt == nil {
				t.Fatalf("after the withdrawal the receiver sees %+v", after)
			}
		}
	})
}

// disclosure is a read of somebody else's data: the request, and whether it showed it.
type disclosure struct {
	request string
	showed  bool
}

// checkDisclosures compares the commit order of what was shown with the withdrawal's.
func (c *Country) checkDisclosures(t *testing.T, consent string, reads []disclosure) {
	t.Helper()
	withdrawal := int64(0)
	for _, e := range c.events(t, 0) {
		if e.Action == "consent.withdraw" && e.Objects[0] == consent {
			withdrawal = e.Seq
		}
	}
	for _, read := range reads {
		if !read.showed {
			continue
		}
		seq := scan[int64](t, c.World, "SELECT seq FROM audit_events WHERE outcome = 'ok' AND request_id = ?", read.request)
		if seq > withdrawal {
			t.Errorf("data were shown by event %d, after the withdrawal, event %d", seq, withdrawal)
		}
	}
}

// The pathway reads episodes and consents in several statements: a withdrawal that falls
// between them must not slip through.
func TestRace_PathwayAgainstWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		atColony, _, atNGO, health, _, ngo := threeRecords(c)
		for range rounds() {
			k := health.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
			reads := make([]disclosure, 12)
			together(len(reads)+1, func(i int) {
				if i == len(reads) {
					if _, _, err := health.New().WithdrawConsent(ctx, k.ID); err != nil {
						t.Errorf("withdraw: %v", err)
					}
					return
				}
				req := Key("read")
				p, err := ngo.With(req).GetPathway(ctx, atNGO)
				if err != nil && !models.IsKind(err, models.KindNotFound) {
					t.Errorf("read: %v", err)
				}
				reads[i].request = req.ID
				if err == nil {
					for _, e := range p.Episodes {
						reads[i].showed = reads[i].showed || e.OrganisationID == c.ColonyHealth.ID
					}
				}
			})
			c.checkDisclosures(t, k.ID, reads)
		}
	})
}

func TestRace_OneOfManyMovesWins(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(handle, Asking(c.Polyclinic))
		var won, late atomic.Int32
		together(16, func(i int) {
			var err error
			switch i % 4 {
			case 0:
				_, err = other.TryMove(r.ID, 1, "receipt")
			case 1:
				_, err = other.TryMove(r.ID, 1, "acceptance")
			case 2:
				_, err = other.TryMove(r.ID, 1, "decline")
			case 3:
				_, err = nurse.TryMove(r.ID, 1, "cancellation")
			}
			switch {
			case err == nil:
				won.Add(1)
			case models.IsKind(err, models.KindPreconditionFailed):
				late.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
		if won.Load() != 1 || late.Load() != 15 {
			t.Fatalf("%d moves won, %d came late", won.Load(), late.Load())
		}
		if got, err := nurse.New().GetReferral(ctx, r.ID); err != nil || got.Version != 2 {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

// Two acceptances of two referrals of one person must not both take responsibility from
// the sender, nor make two records at one receiver.
func TestRace_TwoAcceptancesOfOnePerson(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		for round := range rounds() {
			handle := nurse.Register(round)
			nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
			both := []*store.SeenReferral{nurse.Refer(handle, Asking(c.Polyclinic)), nurse.Refer(handle, Asking(c.Polyclinic))}
			together(2, func(i int) {
				if _, err := other.TryMove(both[i].ID, 1, "acceptance"); err != nil {
					t.Errorf("accept: %v", err)
				}
			})
			if n := count(t, c.World, "clients WHERE organisation_id = ?", string(c.Polyclinic.ID)); n != round+1 {
				t.Fatalf("%d records at the receiver after %d persons", n, round+1)
			}
		}
	})
}
