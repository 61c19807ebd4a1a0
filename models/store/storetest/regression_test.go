package storetest

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// Peers of this service fail in known ways. Each has a test of its name here, in
// disclosure_test.go, and over HTTP in api/scenario_sync_test.go.

// takenOver is somebody whom the clinic treated and whom the polyclinic has accepted.
type takenOver struct {
	c             *Country
	clinic, poly  Worker
	here, there   string // handles
	episode, next *store.SeenEpisode
	consent       *store.SeenConsent
	referral      *store.SeenReferral
}

func takeOver(c *Country, person int) *takenOver {
	h := &takenOver{c: c, clinic: c.As(models.RoleClinician, c.Clinic), poly: c.As(models.RoleClinician, c.Polyclinic)}
	h.here = h.clinic.Register(person)
	h.consent = h.clinic.Give(h.here, models.PurposeReferral, c.Polyclinic, models.CatTreatmentFact)
	h.episode = h.clinic.Start(h.here)
	h.referral = h.poly.Move(h.clinic.Refer(h.here, Asking(c.Polyclinic)), "acceptance")
	h.there = h.referral.ClientCode
	h.next = h.poly.Start(h.there)
	return h
}

func (h *takenOver) keptBy(t *testing.T, o *models.Organisation, what string) {
	t.Helper()
	if got := h.c.responsible(t, h.c.Clinic, h.here); got != o.ID {
		t.Errorf("%s: %s is responsible, want %s", what, h.c.nameOf(got), o.Name)
	}
}

func (c *Country) nameOf(id models.OrganisationID) string {
	for _, o := range c.All() {
		if o.ID == id {
			return o.Name
		}
	}
	return string(id)
}

// Named regression: a return without the receiver's agreement. Whatever the present site
// does to give somebody back, it stays responsible until the other site accepts.
func TestRegression_NoReturnWithoutTheReceiversAgreement(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		back := func(h *takenOver) *store.SeenReferral {
			h.poly.Give(h.there, models.PurposeReferral, c.Clinic)
			return h.poly.Refer(h.there, Asking(c.Clinic))
		}
		for n, answers := range [][]string{{}, {"receipt"}, {"info-request"}, {"decline"}, {"cancellation"}} {
			h := takeOver(c, n)
			r := back(h)
			h.keptBy(t, c.Polyclinic, "sent back")
			for _, action := range answers {
				w := h.clinic
				if action == "cancellation" {
					w = h.poly
				}
				r = w.Move(r, action)
				h.keptBy(t, c.Polyclinic, "after "+action)
			}
			for _, reason := range []string{"3", "4"} {
				_, err := h.poly.On(h.next.Version).CloseEpisode(ctx, h.next.ID, models.EpisodeClosure{On: c.Today(), Reason: reason})
				wantError(t, err, models.KindConflict, "episode.transfer_not_accepted")
			}
			c.Advance(30 * 24 * time.Hour)
			h.keptBy(t, c.Polyclinic, "a month later")
		}
		h := takeOver(c, 10)
		h.clinic.Move(back(h), "acceptance")
		h.keptBy(t, c.Clinic, "after the acceptance")
	})
}

// The same for the dose: the order of the present site runs until the other confirms.
func TestRegression_NoReturnOfADoseWithoutTheReceiversAgreement(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		for n, end := range []string{"", "decline", "cancellation", "confirmation"} {
			h := takeOver(c, n)
			h.poly.Give(h.there, models.PurposeDoseContinuity, c.Clinic, models.CatOAT)
			o := h.poly.Treat(h.there, 60)
			d := h.poly.Carry(h.there, models.NewDoseTransfer{ToOrganisationID: c.Clinic.ID})
			w := h.clinic
			if end == "cancellation" {
				w = h.poly
			}
			if end != "" {
				_, err := w.Act(t, d.ID, end, checked)
				must(t, err)
			}
			got := h.poly.order(t, o.ID).State
			if end == "confirmation" {
				h.keptBy(t, c.Clinic, end)
				if got != models.OrderEnded {
					t.Errorf("confirmed elsewhere, the order is %s", got)
				}
				continue
			}
			h.keptBy(t, c.Polyclinic, "dose offered, "+end)
			if got != models.OrderActive {
				t.Errorf("offered and %q, the order is %s", end, got)
			}
		}
	})
}

// The same between institutions: nobody is moved back by paper.
func TestRegression_NoReturnToAnInstitutionWithoutItsConfirmation(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, unit := c.prison("Second colony")
		first, second := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit)
		spell := first.hold(first.Register(1), "")
		moved := c.moved(t, first, second, unit, spell)
		tr, _, err := second.New().OrderTransfer(ctx, moved.ID, c.ColonyHealth.ID, nil)
		must(t, err)
		at := c.Now()
		for _, step := range []struct {
			w      Worker
			action string
		}{{second, "departure"}, {first, "arrival"}, {first, "file-receipt"}} {
			if tr, err = step.w.On(tr.Version).MoveTransfer(ctx, tr.ID, step.action, &at, store.Acceptance{}); err != nil {
				t.Fatalf("%s: %v", step.action, err)
			}
			if org := c.inChargeOf(t, spell.ClientID); org != unit.ID {
				t.Errorf("after %s the other unit is responsible", step.action)
			}
		}
		_, err = second.On(tr.Version).MoveTransfer(ctx, tr.ID, "confirmation", nil, store.Acceptance{})
		wantError(t, err, models.KindConflict, "custody_transfer.other_party")
		_, err = first.On(tr.Version).MoveTransfer(ctx, tr.ID, "confirmation", nil, store.Acceptance{})
		must(t, err)
		if org := c.inChargeOf(t, spell.ClientID); org != c.ColonyHealth.ID {
			t.Error("confirmed, and the old unit is still responsible")
		}
	})
}

// moved takes somebody to another institution and returns the stay there.
func (c *Country) moved(t *testing.T, from, to Worker, unit *models.Organisation, spell *store.SeenSpell) *store.SeenSpell {
	t.Helper()
	tr, _, err := from.New().OrderTransfer(ctx, spell.ID, unit.ID, nil)
	must(t, err)
	at := c.Now()
	tr, err = from.On(tr.Version).MoveTransfer(ctx, tr.ID, "departure", &at, store.Acceptance{})
	must(t, err)
	tr, err = to.On(tr.Version).MoveTransfer(ctx, tr.ID, "arrival", &at, store.Acceptance{})
	must(t, err)
	_, err = to.On(tr.Version).MoveTransfer(ctx, tr.ID, "confirmation", nil, store.Acceptance{})
	must(t, err)
	page, err := to.New().ListSpells(ctx, models.SpellAdmitted, store.Paging{Limit: 1})
	must(t, err)
	return &page.Items[0]
}

// Named regression: ownership given back by a side effect. Nothing that either site does
// to its own record gives the person back to the one that handed over.
func TestRegression_OwnershipIsNotGivenBackByASideEffect(t *testing.T) {
	effects := map[string]func(t *testing.T, c *Country, h *takenOver, person int){
		"registered again": func(_ *testing.T, _ *Country, h *takenOver, person int) { h.clinic.Register(person) },
		"contact": func(t *testing.T, c *Country, h *takenOver, _ int) {
			_, err := h.clinic.On(h.episode.Version).RecordContact(ctx, h.episode.ID, c.Today())
			must(t, err)
		},
		"episode closed and another opened": func(t *testing.T, c *Country, h *takenOver, _ int) {
			_, err := h.clinic.On(h.episode.Version).CloseEpisode(ctx, h.episode.ID, models.EpisodeClosure{On: c.Today(), Reason: "3"})
			must(t, err)
			h.clinic.Start(h.here)
		},
		"the receiver's episode closed": func(t *testing.T, c *Country, h *takenOver, _ int) {
			_, err := h.poly.On(h.next.Version).CloseEpisode(ctx, h.next.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
			must(t, err)
		},
		"referral cancelled": func(_ *testing.T, _ *Country, h *takenOver, _ int) { h.clinic.Move(h.referral, "cancellation") },
		"lost": func(_ *testing.T, _ *Country, h *takenOver, _ int) {
			h.clinic.Move(h.poly.Move(h.referral, "no-show"), "closure")
		},
		"withdrawn": func(_ *testing.T, _ *Country, h *takenOver, _ int) { h.clinic.Withdraw(h.consent.ID) },
		"invalid": func(t *testing.T, _ *Country, h *takenOver, _ int) {
			_, _, err := h.clinic.New().InvalidateConsent(ctx, h.consent.ID, "capacity_doubted")
			must(t, err)
		},
		"referred on by who is not responsible": func(_ *testing.T, c *Country, h *takenOver, _ int) {
			h.clinic.Give(h.here, models.PurposeReferral, c.NGO)
			c.As(models.RoleNGOOutreach, c.NGO).Move(h.clinic.Refer(h.here, Asking(c.NGO)), "acceptance")
		},
		"a link for a test goes back": func(_ *testing.T, c *Country, h *takenOver, _ int) {
			h.poly.Give(h.there, models.PurposeReferral, c.Clinic, models.CatInfection)
			n := Asking(c.Clinic)
			n.Reason = "infection_link"
			h.clinic.Move(h.poly.Refer(h.there, n), "acceptance")
		},
		"dosed by the old site": func(_ *testing.T, _ *Country, h *takenOver, _ int) { h.clinic.Dose(h.clinic.Treat(h.here, 60).ID, 60) },
		"a guest at the old site": func(t *testing.T, c *Country, h *takenOver, _ int) {
			h.poly.Give(h.there, models.PurposeDoseContinuity, c.Clinic, models.CatOAT)
			h.poly.Treat(h.there, 60)
			d := h.poly.Carry(h.there, models.NewDoseTransfer{ToOrganisationID: c.Clinic.ID, Kind: models.TransferGuest})
			_, err := h.clinic.Act(t, d.ID, "confirmation", checked)
			must(t, err)
		},
		"emergency": func(t *testing.T, _ *Country, h *takenOver, _ int) {
			b, _, err := h.clinic.New().BreakGlass(ctx, h.here, emergency(1))
			must(t, err)
			_, err = h.clinic.New().EndBreakGlass(ctx, b.ID)
			must(t, err)
		},
		"two years": func(_ *testing.T, c *Country, _ *takenOver, _ int) { c.Advance(2 * 365 * 24 * time.Hour) },
	}
	each(t, func(t *testing.T, c *Country) {
		for n, name := range sortedKeys(effects) {
			h := takeOver(c, n)
			effects[name](t, c, h, n)
			h.keptBy(t, c.Polyclinic, name)
		}
	})
}

// Named regression: scheduled events left at the old site. What was planned for a release
// goes with the person; the old unit keeps only what it still owes to the new one.
func TestRegression_NothingScheduledIsLeftAtTheOldSite(t *testing.T) {
	for _, end := range []string{"transfer", "death", "escape"} {
		t.Run(end, func(t *testing.T) {
			each(t, func(t *testing.T, c *Country) {
				_, unit := c.prison("Second colony")
				medic, other, governor := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RolePrisonMedical, unit), c.As(models.RolePrisonManagement, c.Colony)
				handle := medic.Register(1)
				medic.Start(handle)
				spell := medic.hold(handle, c.Today().AddDays(50))
				_, err := governor.New().ReportUnplannedRelease(ctx, spell.Slip)
				must(t, err)
				c.exec(t, "INSERT INTO tasks (id, client_id, organisation_id, episode_id, protocol, edition, step, kind, limit_id, anchor, origin, subject_id, roles, assignee_id, due_at, hard, basis, uncertain, paused_days, state, branch, done_on, reason, settled_by, version, created_at)"+
					" SELECT 'prepare', client_id, organisation_id, id, protocol, edition, 'pc-release-prep', '', 'ready', 'planned_release_date', 'step', '', '[]', '', ?, ?, '', ?, 0, 'open', '', '', '', '', 1, ? FROM episodes WHERE client_id = ?",
					c.Now().Add(48*time.Hour), false, false, c.Now(), string(spell.ClientID))
				if spell, err = medic.New().GetSpell(ctx, spell.ID); err != nil {
					t.Fatal(err)
				}
				var owed []string
				at := c.Now()
				switch end {
				case "transfer":
					c.moved(t, medic, other, unit, spell)
					owed = []string{"transfer_dose_certificate", "transfer_file"}
					if n := count(t, c.World, "release_cases WHERE organisation_id = ? AND planned_on = ? AND state = 'opened'", string(unit.ID), string(spell.PlannedRelease)); n != 1 {
						t.Errorf("%d release cases at the new unit", n)
					}
				default:
					_, err = medic.On(spell.Version).MoveSpell(ctx, spell.ID, end, &at)
					must(t, err)
				}
				if got := c.tasks(t, c.ColonyHealth); !slices.Equal(got, owed) {
					t.Errorf("the old unit still has %v, owes %v", got, owed)
				}
				if n := count(t, c.World, "tasks WHERE organisation_id = ? AND anchor IN ('planned_release_date', 'release_decision') AND state = 'open'", string(c.ColonyHealth.ID)); n != 0 {
					t.Errorf("%d tasks for a release that does not happen here", n)
				}
				if n := count(t, c.World, "release_cases WHERE organisation_id = ? AND state <> 'closed'", string(c.ColonyHealth.ID)); n != 0 {
					t.Errorf("%d release cases are open at the old unit", n)
				}
				if got := c.notices(t, c.ColonyHealth); slices.Contains(got, "unplanned_release") {
					t.Errorf("the old unit is still told %v", got)
				}
			})
		})
	}
}

// What a unit owes to somebody who went free is not lost with its file: closing the
// episode leaves the tasks of the release.
func TestRegression_ClosingAFileLosesNoHandOver(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		medic := c.As(models.RolePrisonMedical, c.ColonyHealth)
		c.defaultClinic(c.Clinic)
		handle := medic.Register(1)
		e := medic.Start(handle)
		medic.free(medic.hold(handle, ""), false)
		before := c.tasks(t, c.ColonyHealth)
		now, err := medic.New().GetEpisode(ctx, e.ID)
		must(t, err)
		_, err = medic.On(now.Version).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "5"})
		must(t, err)
		if after := c.tasks(t, c.ColonyHealth); !slices.Contains(before, "release_ngo_contact") || !slices.Equal(before, after) {
			t.Errorf("before %v, after %v", before, after)
		}
	})
}
