package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// What somebody gave and what takes it away race in pairs: each first move with each
// second. Whoever wins, nothing is there that rests on what is gone, and no event of the
// first kind has a commit sequence after the one that made it impossible.

// lost reports whether an error is one of those a race may end in.
func lost(err error) bool {
	return models.IsKind(err, models.KindConflict) || models.IsKind(err, models.KindPreconditionFailed) || models.IsKind(err, models.KindNotFound)
}

// inOrder fails when an event of the first action about an object comes after the event
// of the second about its own. It counts how often the first came through.
func (c *Country) inOrder(t *testing.T, after int64, first, second, firstObject, secondObject string) (won bool) {
	t.Helper()
	var gone int64
	for _, e := range c.events(t, after) {
		if e.Action == second && e.Outcome == "ok" && slices.Contains(e.Objects, secondObject) && gone == 0 {
			gone = e.Seq
		}
		if e.Action == first && e.Outcome == "ok" && slices.Contains(e.Objects, firstObject) {
			won = true
			if gone > 0 {
				t.Errorf("%s is event %d, after %s, event %d", first, e.Seq, second, gone)
			}
		}
	}
	if gone == 0 {
		t.Errorf("no %s in the trail", second)
	}
	return won
}

// endings of a consent, each as a write.
var endings = map[string]func(w Worker, k *store.SeenConsent) error{
	"consent.withdraw": func(w Worker, k *store.SeenConsent) error {
		_, _, err := w.New().WithdrawConsent(ctx, k.ID)
		return err
	},
	"consent.invalidate": func(w Worker, k *store.SeenConsent) error {
		_, _, err := w.New().InvalidateConsent(ctx, k.ID, "capacity_doubted")
		return err
	},
}

func pairRounds() int { return min(rounds(), 6) }

// A referral is created, accepted, and the dose is sent and confirmed, while the consent ends.
func TestRace_WhatRestsOnAConsentAgainstItsEnd(t *testing.T) {
	firsts := map[string]struct {
		purpose    models.Purpose
		categories []models.Category
		prepare    func(h *racing)
		run        func(h *racing) error
		broken     string
	}{
		"referral.create": {purpose: models.PurposeReferral, run: func(h *racing) error {
			r, _, err := h.sender.New().CreateReferral(ctx, h.handle, Asking(h.c.Polyclinic))
			if err == nil {
				h.id = r.ID
			}
			return err
		}, broken: brokenPromises},
		"referral.acceptance": {purpose: models.PurposeReferral, prepare: func(h *racing) { h.id = h.sender.Refer(h.handle, Asking(h.c.Polyclinic)).ID },
			run: func(h *racing) error {
				_, err := h.receiver.TryMove(h.id, 1, "acceptance")
				return err
			}, broken: brokenPromises},
		"dose_transfer.create": {purpose: models.PurposeDoseContinuity, categories: []models.Category{models.CatOAT}, prepare: func(h *racing) { h.sender.Treat(h.handle, 60) },
			run: func(h *racing) error {
				d, _, err := h.sender.New().CreateDoseTransfer(ctx, h.handle, models.NewDoseTransfer{ToOrganisationID: h.c.Polyclinic.ID, Kind: models.TransferMove})
				if err == nil {
					h.id = d.ID
				}
				return err
			}, broken: brokenOffers},
		"dose_transfer.confirmation": {purpose: models.PurposeDoseContinuity, categories: []models.Category{models.CatOAT}, prepare: func(h *racing) {
			h.sender.Treat(h.handle, 60)
			h.id = h.sender.Carry(h.handle, models.NewDoseTransfer{ToOrganisationID: h.c.Polyclinic.ID}).ID
		}, run: func(h *racing) error {
			_, err := h.receiver.On(1).MoveDoseTransfer(ctx, h.id, "confirmation", checked, dosing())
			return err
		}, broken: brokenOffers},
	}
	each(t, func(t *testing.T, c *Country) {
		person := 0
		for _, first := range sortedKeys(firsts) {
			f := firsts[first]
			for _, ending := range sortedKeys(endings) {
				for range pairRounds() {
					person++
					h := &racing{c: c, sender: c.As(models.RoleClinician, c.Clinic), receiver: c.As(models.RoleClinician, c.Polyclinic)}
					h.handle = h.sender.Register(person)
					k := h.sender.Give(h.handle, f.purpose, c.Polyclinic, f.categories...)
					if f.prepare != nil {
						f.prepare(h)
					}
					seq := c.lastSeq(t)
					var err error
					together(2, func(i int) {
						if i == 0 {
							if err := endings[ending](h.sender, k); err != nil {
								t.Errorf("%s: %v", ending, err)
							}
							return
						}
						err = f.run(h)
					})
					if err != nil && !lost(err) {
						t.Errorf("%s: %v", first, err)
					}
					if won := c.inOrder(t, seq, first, ending, h.id, k.ID); won != (err == nil) {
						t.Errorf("%s against %s: %v, in the trail %v", first, ending, err, won)
					}
				}
				if n := count(t, c.World, f.broken); n != 0 {
					t.Fatalf("%s against %s: %d rest on a consent that is gone", first, ending, n)
				}
			}
		}
		c.everybodyIsKept(t)
	})
}

type racing struct {
	c                *Country
	sender, receiver Worker
	handle, id       string
}

// brokenOffers are doses that wait for an answer on a consent that ended.
const brokenOffers = `dose_transfers d JOIN consents k ON k.id = d.consent_id WHERE k.state <> 'given' AND d.state IN ('requested', 'sent')`

// A withdrawal never stops a dose, whoever comes first.
func TestRace_ADoseAgainstAWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		for round := range pairRounds() {
			handle := doctor.Register(round)
			k := doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
			o := doctor.Treat(handle, 60)
			doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID})
			together(2, func(i int) {
				if i == 0 {
					if _, _, err := doctor.New().WithdrawConsent(ctx, k.ID); err != nil {
						t.Errorf("withdraw: %v", err)
					}
					return
				}
				n := given(c.Now(), 60)
				n.GuardReason = "tolerance_known"
				if _, _, err := doctor.New().RecordDose(ctx, o.ID, n, dosing()); err != nil {
					t.Errorf("dose: %v", err)
				}
			})
			if got := doctor.order(t, o.ID); got.State != models.OrderActive || got.LastDose == nil {
				t.Errorf("%+v", got.DoseOrder)
			}
		}
	})
}

// A visit is planned and a pass is given while the pass or the agreement ends: nobody is
// let in by what is gone.
func TestRace_VisitsAgainstPassesAndAgreements(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		worker := c.enrol(c.As(models.RoleNGOOutreach, c.NGO))
		for range pairRounds() {
			for _, ending := range []string{"access_pass.revocation", "agreement.ending", "agreement.suspension"} {
				p := partners(t, c)
				pass := p.passFor(t, c, worker)
				seq := c.lastSeq(t)
				var planned, applied error
				var visit, other string
				object := p.agreement.ID
				together(3, func(i int) {
					switch i {
					case 0:
						var err error
						switch ending {
						case "access_pass.revocation":
							object = pass.ID
							_, err = p.movePass(pass, p.coordinator, "revocation")
						case "agreement.ending":
							err = p.try(p.programme, "ending")
						default:
							err = p.try(p.head, "suspension")
						}
						if err != nil {
							t.Errorf("%s: %v", ending, err)
						}
					case 1:
						var v *models.Visit
						if v, _, planned = p.coordinator.New().PlanVisit(ctx, models.NewVisit{PassID: pass.ID, Purpose: "group_session", On: c.Today().AddDays(1)}); planned == nil {
							visit = v.ID
						}
					case 2:
						var s *store.SeenPass
						n := models.NewPass{UserID: worker.Actor.UserID, InstitutionID: c.Colony.ID, Purpose: "peer_support", ValidFrom: c.Today(), ValidUntil: c.Today().AddMonths(1)}
						if s, _, applied = p.coordinator.New().ApplyForPass(ctx, n); applied == nil {
							other = s.ID
						}
					}
				})
				if planned != nil && !lost(planned) || applied != nil && !lost(applied) {
					t.Errorf("%s: visit %v, pass %v", ending, planned, applied)
				}
				c.inOrder(t, seq, "visit.create", ending, visit, object)
				if ending != "access_pass.revocation" {
					c.inOrder(t, seq, "access_pass.create", ending, other, object)
				}
				// The next round needs nothing in force from this one.
				c.exec(t, "UPDATE agreements SET state = 'ended'")
				c.exec(t, "UPDATE access_passes SET state = 'revoked'")
			}
		}
	})
}

// Reads of an NGO's worker race the end of whatever they rest on, 64 at once.
func TestRace_SixtyFourReadersAgainstOneEnd(t *testing.T) {
	ends := map[string]struct {
		action string
		object func(v *visited) string
		run    func(t *testing.T, c *Country, v *visited) error
	}{
		"pass revoked": {"access_pass.revocation", func(v *visited) string { return v.pass.ID }, func(_ *testing.T, _ *Country, v *visited) error {
			_, err := v.movePass(v.pass, v.coordinator, "revocation")
			return err
		}},
		"agreement ended": {"agreement.ending", func(v *visited) string { return v.agreement.ID }, func(_ *testing.T, _ *Country, v *visited) error { return v.try(v.programme, "ending") }},
		"consent withdrawn": {"consent.withdraw", func(v *visited) string { return v.consent.ID }, func(_ *testing.T, _ *Country, v *visited) error {
			_, _, err := v.health.New().WithdrawConsent(ctx, v.consent.ID)
			return err
		}},
		"consent narrowed": {"consent.narrowing", func(v *visited) string { return v.consent.ID }, func(_ *testing.T, _ *Country, v *visited) error {
			_, err := v.health.On(v.consent.Version).MoveConsent(ctx, v.consent.ID, "narrowing", models.ConsentMove{Categories: &[]models.Category{}})
			return err
		}},
		"referral cancelled": {"referral.cancellation", func(v *visited) string { return v.referral.ID }, func(_ *testing.T, _ *Country, v *visited) error {
			_, err := v.health.TryMove(v.referral.ID, v.referral.Version, "cancellation")
			return err
		}},
	}
	for _, name := range sortedKeys(ends) {
		end := ends[name]
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *Country) {
				v := visit(t, c)
				episode := scan[string](t, c.World, "SELECT id FROM episodes WHERE organisation_id = ?", string(c.ColonyHealth.ID))
				before, object := c.lastSeq(t), end.object(v)
				var showed atomic.Int32
				together(65, func(i int) {
					if i == 64 {
						if err := end.run(t, c, v); err != nil {
							t.Errorf("end: %v", err)
						}
						return
					}
					p, err := v.outreach.New().GetPathway(ctx, v.atNGO)
					there := err == nil && slices.ContainsFunc(p.Episodes, func(e store.SeenEpisode) bool { return e.OrganisationID == c.ColonyHealth.ID })
					if err != nil && !lost(err) {
						t.Errorf("read: %v", err)
					}
					if there {
						showed.Add(1)
					}
				})
				var ended int64
				var disclosed int32
				for _, e := range c.events(t, before) {
					if e.Action == end.action && slices.Contains(e.Objects, object) {
						ended = e.Seq
					}
					if e.Outcome == "ok" && e.Action == "pathway.read" && slices.Contains(e.Objects, episode) {
						disclosed++
						if ended > 0 {
							t.Errorf("event %d shows the record after %s, event %d", e.Seq, end.action, ended)
						}
					}
				}
				if ended == 0 {
					t.Fatal("no end in the trail")
				}
				if disclosed != showed.Load() {
					t.Errorf("%d reads showed it, %d stand in the trail", showed.Load(), disclosed)
				}
				if v.reaches(t, c) {
					t.Error("and it is still reached")
				}
			})
		})
	}
}

// Midnight ends a consent without any write: reads at the second before and at the second
// itself, at once with the clock.
func TestRace_ReadersAgainstExpiry(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		v := visit(t, c)
		_, err := v.health.On(v.consent.Version).MoveConsent(ctx, v.consent.ID, "narrowing", models.ConsentMove{Until: c.Today()})
		must(t, err)
		midnight := models.StartOfDay(c.Today().AddDays(1), "Asia/Almaty")
		c.now.Store(midnight.Add(-time.Millisecond).UnixMilli())
		if !v.reaches(t, c) {
			t.Fatal("the last millisecond does not count")
		}
		type look struct {
			at   time.Time
			sees bool
		}
		looks := make([]look, 32)
		together(33, func(i int) {
			if i == 32 {
				c.Advance(time.Millisecond)
				return
			}
			at := c.Now() // no later than the read's own clock
			p, err := v.outreach.New().GetPathway(ctx, v.atNGO)
			if err != nil {
				if !lost(err) {
					t.Errorf("read: %v", err)
				}
				return
			}
			looks[i] = look{at, slices.ContainsFunc(p.Episodes, func(e store.SeenEpisode) bool { return e.OrganisationID == c.ColonyHealth.ID })}
		})
		for _, l := range looks {
			if l.sees && !l.at.Before(midnight) {
				t.Error(fmt.Sprint("seen at ", l.at, ", after the last day"))
			}
		}
		if v.reaches(t, c) {
			t.Error("seen after midnight")
		}
	})
}
