package storetest

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// Carry makes a transfer, as a request or as an offer.
func (w Worker) Carry(handle string, n models.NewDoseTransfer) *store.SeenDoseTransfer {
	w.country.t.Helper()
	if n.Kind == "" {
		n.Kind = models.TransferMove
	}
	if n.Kind == models.TransferGuest && n.Until == "" {
		n.Until = w.country.Today().AddDays(14)
	}
	d, _, err := w.New().CreateDoseTransfer(ctx, handle, n)
	must(w.country.t, err)
	return d
}

func (w Worker) transfer(t testing.TB, id string) *store.SeenDoseTransfer {
	t.Helper()
	d, err := w.New().GetDoseTransfer(ctx, id)
	must(t, err)
	return d
}

// Act makes a move of a transfer on the version it has now.
func (w Worker) Act(t testing.TB, id, action string, m models.DoseTransferMove) (*store.SeenDoseTransfer, error) {
	t.Helper()
	return w.On(w.transfer(t, id).Version).MoveDoseTransfer(ctx, id, action, m, dosing())
}

var checked = models.DoseTransferMove{IdentityChecked: true}

// The day of an arrest: the prison's health unit asks the clinic, which sends on the
// consent that the client signed at the start of treatment. Nobody asks the client now.
// Until the confirmation the clinic's order stays open; then it ends and the unit's opens.
func TestDoseTransfer_OnTheDayOfArrest(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, prison := c.As(models.RoleNarcologist, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)
		atClinic := doctor.Register(1)
		k := doctor.Give(atClinic, models.PurposeDoseContinuity, c.ColonyHealth, models.CatOAT)
		doctor.Start(atClinic)
		o := doctor.Treat(atClinic, 80)
		doctor.Dose(o.ID, 80)
		atPrison := prison.Register(1)
		asked := prison.Carry(atPrison, models.NewDoseTransfer{FromOrganisationID: c.Clinic.ID, Basis: models.Basis{Consent: models.HeldBySender}})
		if asked.State != models.TransferRequested || asked.Dose || asked.ClientCode != atPrison || asked.Party != models.Receiver {
			t.Errorf("%+v", asked)
		}
		inbox, err := doctor.New().ListDoseTransfers(ctx, store.PartyFilter{Direction: "out", State: models.TransferRequested}, store.Paging{Limit: 5})
		must(t, err)
		if len(inbox.Items) != 1 || inbox.Items[0].ClientCode != atClinic || inbox.Items[0].Dose {
			t.Fatalf("the clinic is asked %+v", inbox.Items)
		}
		_, err = prison.Act(t, asked.ID, "sending", models.DoseTransferMove{ClientCode: atPrison})
		wantError(t, err, models.KindConflict, "dose_transfer.other_party")
		sent, err := doctor.Act(t, asked.ID, "sending", models.DoseTransferMove{ClientCode: atClinic})
		must(t, err)
		if sent.ConsentID != k.ID || sent.State != models.TransferSent {
			t.Errorf("%+v", sent)
		}
		seen := prison.transfer(t, asked.ID)
		if !seen.Dose || seen.Medicine != "methadone" || seen.DoseUg != 80_000 || seen.Phase != "maintenance" || seen.LastDoseAt == nil || !seen.LastDoseAt.Equal(c.Now()) || seen.ClientCode != atPrison {
			t.Errorf("the unit sees %+v", seen)
		}
		if n := count(t, c.World, "disclosures WHERE organisation_id = ? AND recipient_id = ? AND consent_id = ?", string(c.Clinic.ID), string(c.ColonyHealth.ID), k.ID); n != 1 {
			t.Errorf("%d entries for the dose", n)
		}
		// The clinic goes on dosing, and what the unit is told follows: it must read again.
		c.Advance(20 * time.Hour)
		if got := doctor.order(t, o.ID); got.State != models.OrderActive || got.Version != 1 {
			t.Errorf("sending touched the order: %+v", got.DoseOrder)
		}
		doctor.Dose(o.ID, 80)
		_, err = prison.On(seen.Version).MoveDoseTransfer(ctx, asked.ID, "confirmation", checked, dosing())
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		if again := prison.transfer(t, asked.ID); !again.LastDoseAt.Equal(c.Now()) {
			t.Errorf("told of a dose at %v", again.LastDoseAt)
		}
		_, err = prison.Act(t, asked.ID, "confirmation", models.DoseTransferMove{})
		wantError(t, err, models.KindInvalid, "dose_order.identity_not_checked")
		confirmed, err := prison.Act(t, asked.ID, "confirmation", checked)
		must(t, err)
		own := prison.order(t, confirmed.ReceiverOrderID)
		if own.ClientCode != atPrison || own.DoseUg != 80_000 || own.State != models.OrderActive || own.PriorDoseAt == nil || own.TransferID != asked.ID {
			t.Errorf("the unit's order %+v", own)
		}
		ended := doctor.order(t, o.ID)
		if ended.State != models.OrderEnded || ended.Reason != "transferred" || ended.History[0].Action != "transfer" {
			t.Errorf("the clinic's order %+v", ended)
		}
		if c.person(t, c.Clinic, atClinic) != c.person(t, c.ColonyHealth, atPrison) || c.responsible(t, c.Clinic, atClinic) != c.ColonyHealth.ID {
			t.Error("the records are not joined, or the clinic is still responsible")
		}
		// A second dose on the day asks, although the first was given elsewhere.
		_, _, err = prison.New().RecordDose(ctx, own.ID, given(c.Now(), 80), dosing())
		wantError(t, err, models.KindInvalid, "dose.reason_required")
		if !strings.Contains(err.Error(), "above-order") || strings.Contains(err.Error(), "first-day") {
			t.Errorf("%v", err)
		}
		c.Advance(24 * time.Hour)
		if e, _, err := prison.New().RecordDose(ctx, own.ID, given(c.Now(), 80), dosing()); err != nil || len(e.Outside) != 0 {
			t.Errorf("the next day: %+v %v", e, err)
		}
		for _, w := range []Worker{doctor, prison} {
			if got := w.transfer(t, asked.ID); got.State != models.TransferFirstDose || len(models.DoseTransferMachine.Allowed(got.State, got.Party)) != 0 {
				t.Errorf("%+v", got)
			}
		}
	})
}

// A request that matches nobody looks, to the asker, like one that matches and is declined.
func TestDoseTransfer_AbsenceDoesNotLeak(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, prison := c.As(models.RoleClinician, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)
		doctor.Treat(doctor.Register(1), 80)
		ask := func(person int) *store.SeenDoseTransfer {
			return prison.Carry(prison.Register(person), models.NewDoseTransfer{FromOrganisationID: c.Clinic.ID,
				Basis: models.Basis{Ground: "unable_to_consent", NotToldReason: "not_reachable"}})
		}
		known, unknown := ask(1), ask(2)
		for _, d := range []*store.SeenDoseTransfer{known, unknown} {
			_, err := doctor.Act(t, d.ID, "decline", models.DoseTransferMove{})
			must(t, err)
		}
		a, b := prison.transfer(t, known.ID), prison.transfer(t, unknown.ID)
		for _, d := range []*store.SeenDoseTransfer{a, b} { // what differs by nature
			d.ID, d.ClientCode, d.OtherCode, d.ToClientID = "", "", "", ""
		}
		if *a != *b {
			t.Errorf("known   %+v\nunknown %+v", a, b)
		}
		for _, d := range []*store.SeenDoseTransfer{known, unknown} {
			_, err := c.As(models.RoleClinician, c.Polyclinic).New().GetDoseTransfer(ctx, d.ID)
			wantError(t, err, models.KindNotFound, "dose_transfer.not_found")
		}
	})
}

func TestDoseTransfer_NeedsABasis(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle := doctor.Register(1)
		offer := models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferMove}
		try := func(n models.NewDoseTransfer) error {
			_, _, err := doctor.New().CreateDoseTransfer(ctx, handle, n)
			return err
		}
		wantError(t, try(offer), models.KindConflict, "dose_transfer.no_order")
		o := doctor.Treat(handle, 60)
		wantError(t, try(offer), models.KindConflict, "dose_transfer.consent_required")
		doctor.Give(handle, models.PurposeDoseContinuity, c.ColonyHealth, models.CatOAT) // names another site
		doctor.Give(handle, models.PurposeReferral, c.Polyclinic, models.CatOAT)         // another purpose
		doctor.Give(handle, models.PurposeTreatmentContinuity, c.Polyclinic)             // not the dose
		wantError(t, try(offer), models.KindConflict, "dose_transfer.consent_required")
		for code, change := range map[string]func(*models.NewDoseTransfer){
			"dose_transfer.site_unknown":         func(n *models.NewDoseTransfer) { n.ToOrganisationID = c.NGO.ID },
			"dose_transfer.one_other_site":       func(n *models.NewDoseTransfer) { n.FromOrganisationID = c.Polyclinic.ID },
			"dose_transfer.kind_unknown":         func(n *models.NewDoseTransfer) { n.Kind = "zqx" },
			"dose_transfer.ground_unknown":       func(n *models.NewDoseTransfer) { n.Ground, n.ClientTold = "court_duty", true },
			"dose_transfer.not_told_reason":      func(n *models.NewDoseTransfer) { n.Ground = "imminent_danger" },
			"dose_transfer.told_of_a_ground":     func(n *models.NewDoseTransfer) { n.ClientTold = true },
			"dose_transfer.consent_is_looked_up": func(n *models.NewDoseTransfer) { n.Consent = models.HeldBySender },
			"dose_transfer.consent_or_ground":    func(n *models.NewDoseTransfer) { n.FromOrganisationID, n.ToOrganisationID = c.Polyclinic.ID, "" },
			"dose_transfer.consent_does_not_cover": func(n *models.NewDoseTransfer) {
				*n = models.NewDoseTransfer{FromOrganisationID: c.Polyclinic.ID, Kind: models.TransferMove, Basis: models.Basis{Consent: "no such"}}
			},
		} {
			bad := offer
			change(&bad)
			wantError(t, try(bad), models.KindInvalid, code)
		}
		onGround := offer
		onGround.Ground, onGround.NotToldReason = "imminent_danger", "not_able"
		d := doctor.Carry(handle, onGround)
		if n := count(t, c.World, "disclosures WHERE client_told = ? AND ground = 'imminent_danger' AND not_told_reason = 'not_able' AND recipient_id = ?", false, string(c.Polyclinic.ID)); n != 1 {
			t.Errorf("%d entries", n)
		}
		if seen := poly.transfer(t, d.ID); !seen.Dose || !seen.Whole {
			t.Errorf("%+v", seen)
		}
		// The offer is taken back: the receiver keeps nothing of it.
		_, err := doctor.Act(t, d.ID, "cancellation", models.DoseTransferMove{})
		must(t, err)
		if seen := poly.transfer(t, d.ID); seen.Whole || seen.Dose {
			t.Errorf("%+v", seen)
		}
		_, err = poly.Act(t, d.ID, "confirmation", checked)
		wantError(t, err, models.KindConflict, "dose_transfer.not_possible")
		if doctor.order(t, o.ID).State != models.OrderActive {
			t.Error("the order ended")
		}
	})
}

// A withdrawal cancels what waits on the consent, and stops no running order: neither the
// one at the sender nor the one that a receiver has taken on.
func TestDoseTransfer_WithdrawalDuringARunningOrder(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		offer := models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID}
		handle := doctor.Register(1)
		k := doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o := doctor.Treat(handle, 60)
		d := doctor.Carry(handle, offer)
		doctor.Withdraw(k.ID)
		if seen := poly.transfer(t, d.ID); seen.Whole || seen.Dose {
			t.Errorf("after the withdrawal the receiver sees %+v", seen)
		}
		_, err := poly.Act(t, d.ID, "confirmation", checked)
		if !models.IsKind(err, models.KindConflict) {
			t.Errorf("confirmed on a withdrawn consent: %v", err)
		}
		if got := doctor.order(t, o.ID); got.State != models.OrderActive {
			t.Errorf("%+v", got.DoseOrder)
		}
		doctor.Dose(o.ID, 60)
		// Taken on, it is the receiver's own treatment.
		other := doctor.Register(2)
		k = doctor.Give(other, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		doctor.Treat(other, 60)
		d = doctor.Carry(other, offer)
		confirmed, err := poly.Act(t, d.ID, "confirmation", checked)
		must(t, err)
		doctor.Withdraw(k.ID)
		if seen := poly.transfer(t, d.ID); seen.State != models.TransferConfirmed || !seen.Dose {
			t.Errorf("%+v", seen)
		}
		poly.Dose(confirmed.ReceiverOrderID, 60)
		// Expiry stops a confirmation, and no dose.
		third := doctor.Register(3)
		_, _, err = doctor.New().GiveConsent(ctx, third, models.NewConsent{Purpose: models.PurposeDoseContinuity, RecipientID: c.Polyclinic.ID, Until: c.Today()})
		must(t, err)
		running := doctor.Treat(third, 60)
		d = doctor.Carry(third, offer)
		c.Advance(24 * time.Hour)
		_, err = poly.Act(t, d.ID, "confirmation", checked)
		wantError(t, err, models.KindConflict, "consent.not_in_force")
		doctor.Dose(running.ID, 60)
	})
}

// Both sites dose while they wait; the join keeps one order, and the receiver's bridge.
func TestDoseTransfer_KeepsTheReceiversBridge(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle, theirs := doctor.Register(1), poly.Register(1)
		doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o, bridge := doctor.Treat(handle, 80), poly.Treat(theirs, 30)
		doctor.Dose(o.ID, 80)
		d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID})
		late := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.ColonyHealth.ID, Basis: models.Basis{Ground: "imminent_danger", ClientTold: true}})
		confirmed, err := poly.Act(t, d.ID, "confirmation", models.DoseTransferMove{IdentityChecked: true, SameAs: theirs})
		must(t, err)
		if confirmed.ReceiverOrderID != bridge.ID || confirmed.ClientCode != theirs {
			t.Errorf("%+v", confirmed)
		}
		if got := poly.order(t, bridge.ID); got.DoseUg != 30_000 || got.PriorDoseAt == nil || got.State != models.OrderActive {
			t.Errorf("the bridge %+v", got.DoseOrder)
		}
		if n := count(t, c.World, "dose_orders WHERE state <> 'ended'"); n != 1 {
			t.Errorf("%d orders are not ended", n)
		}
		// What was offered to a second site is taken back with it.
		if got := doctor.transfer(t, late.ID); got.State != models.TransferCancelled {
			t.Errorf("%+v", got)
		}
		// A late entry of the sender still reaches the receiver.
		c.Advance(time.Hour)
		n := given(c.Now().Add(-time.Hour), 5)
		n.GuardReason = "other"
		_, _, err = doctor.New().RecordDose(ctx, o.ID, n, dosing())
		must(t, err)
		if got := poly.order(t, bridge.ID); !got.PriorDoseAt.Equal(c.Now().Add(-time.Hour)) {
			t.Errorf("prior dose %v", got.PriorDoseAt)
		}
	})
}

// A guest is dosed elsewhere for a while: the home order goes on, its site stays
// responsible, and the guest site's doses stand in the home order's record.
func TestDoseTransfer_GuestHandsNothingOver(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle, visitor := doctor.Register(1), poly.Register(1)
		doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o := doctor.Treat(handle, 60)
		doctor.Dose(o.ID, 60)
		d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest})
		_, _, err := poly.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
		_, err = poly.Act(t, d.ID, "confirmation", models.DoseTransferMove{IdentityChecked: true, SameAs: visitor})
		must(t, err)
		c.Advance(24 * time.Hour)
		e := poly.Dose(o.ID, 60)
		home := doctor.order(t, o.ID)
		if home.State != models.OrderActive || home.LastDose == nil || home.LastDose.ID != e.ID || e.OrganisationID != c.Polyclinic.ID {
			t.Errorf("home %+v, event %+v", home, e)
		}
		if c.responsible(t, c.Clinic, handle) != c.Clinic.ID || count(t, c.World, "dose_orders") != 1 {
			t.Error("something was handed over")
		}
		if got := poly.transfer(t, d.ID); got.State != models.TransferFirstDose {
			t.Errorf("%+v", got)
		}
		if n := count(t, c.World, "double_dosing"); n != 0 {
			t.Errorf("%d suspicions", n)
		}
		poly.Dose(o.ID, 5) // both on one day is what must show
		doctor.Dose(o.ID, 60)
		page, err := doctor.New().ListDoses(ctx, o.ID, store.Paging{Limit: 10})
		must(t, err)
		if len(page.Items) != 4 || !slices.Contains(page.Items[0].Outside, "above-order") {
			t.Errorf("%+v", page.Items)
		}
	})
}

// A consent that says less carries no dose: what was offered on it ends, and a guest's home
// tells the last dose no more.
func TestDoseTransfer_NarrowingTakesTheDoseBack(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		for seed, confirmed := range []bool{false, true} {
			handle := doctor.Register(seed + 1)
			k := doctor.Give(handle, models.PurposeTreatmentContinuity, c.Polyclinic, models.CatOAT, models.CatTreatmentFact)
			o := doctor.Treat(handle, 60)
			doctor.Dose(o.ID, 60)
			d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest})
			if confirmed {
				_, err := poly.Act(t, d.ID, "confirmation", models.DoseTransferMove{IdentityChecked: true})
				must(t, err)
			}
			narrow := func(to ...models.Category) {
				t.Helper()
				got, err := doctor.On(k.Version).MoveConsent(ctx, k.ID, "narrowing", models.ConsentMove{Categories: &to})
				must(t, err)
				k = got
			}
			narrow(models.CatOAT)
			if got := poly.transfer(t, d.ID); !got.Dose {
				t.Fatalf("confirmed %v: what carries the dose hides it: %+v", confirmed, got)
			}
			narrow()
			got := poly.transfer(t, d.ID)
			if got.Dose || confirmed == (got.State == models.TransferCancelled) {
				t.Errorf("confirmed %v: %+v", confirmed, got)
			}
			if got := doctor.order(t, o.ID); got.State == models.OrderEnded {
				t.Error("a running treatment was stopped")
			}
			told := poly.transfer(t, d.ID).LastDoseAt
			c.Advance(24 * time.Hour)
			doctor.Dose(o.ID, 60)
			if now := poly.transfer(t, d.ID).LastDoseAt; !now.Equal(*told) {
				t.Errorf("confirmed %v: the guest site is told of a dose at %v", confirmed, now)
			}
		}
	})
}

// A guest is dosed until a day that the sender named. With it ends what the guest site
// reaches: the order, the dose, and what the home site goes on telling.
func TestDoseTransfer_AGuestEndsWithItsDay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle := doctor.Register(1)
		doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o := doctor.Treat(handle, 60)
		for _, until := range []models.Date{"", c.Today().AddDays(-1), c.Today().AddDays(32), "2026-02-30"} {
			_, _, err := doctor.New().CreateDoseTransfer(ctx, handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest, Until: until})
			wantError(t, err, models.KindInvalid, "dose_transfer.until_out_of_range")
		}
		_, _, err := doctor.New().CreateDoseTransfer(ctx, handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferMove, Until: c.Today()})
		wantError(t, err, models.KindInvalid, "dose_transfer.until_of_a_guest")
		late := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest, Until: c.Today()})
		d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest, Until: c.Today().AddDays(2)})
		_, err = poly.Act(t, d.ID, "confirmation", checked)
		must(t, err)
		c.Advance(24 * time.Hour)
		_, err = poly.Act(t, late.ID, "confirmation", checked)
		wantError(t, err, models.KindConflict, "dose_transfer.lapsed")
		c.Advance(24 * time.Hour)
		last := c.Now()
		poly.Dose(o.ID, 60)
		if got := poly.transfer(t, d.ID); !got.Dose || !got.Hosts {
			t.Errorf("on the last day %+v", got)
		}
		c.Advance(24 * time.Hour)
		_, _, err = poly.New().RecordDose(ctx, o.ID, models.NewDose{Status: models.DoseMissed, At: last}, dosing()) // of the last day
		must(t, err)
		_, _, err = poly.New().RecordDose(ctx, o.ID, given(c.Now(), 60), dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
		before := poly.transfer(t, d.ID)
		if before.Dose || before.Hosts {
			t.Errorf("after the last day %+v", before)
		}
		doctor.Dose(o.ID, 60)
		if after := poly.transfer(t, d.ID); after.Version != before.Version {
			t.Error("the guest site is told what the home site gave since")
		}
		c.Advance(24 * time.Hour)
		_, _, err = poly.New().RecordDose(ctx, o.ID, models.NewDose{Status: models.DoseMissed, At: last}, dosing())
		wantError(t, err, models.KindNotFound, "dose_order.not_found")
	})
}

// The end of a guest's dosing is told to both sites before it comes, and to the guest site when
// it comes early: otherwise each may think that the other doses.
func TestDoseTransfer_AGuestsEndIsTold(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		handle := doctor.Register(1)
		doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o := doctor.Treat(handle, 60)
		told := func(o *models.Organisation) bool {
			t.Helper()
			_, err := store.NewOutbox(c.Store).Raise(ctx)
			must(t, err)
			return slices.Contains(c.notices(t, o), "guest_dosing_ends")
		}
		want := func(when string, home, guest bool) {
			t.Helper()
			if told(c.Clinic) != home || told(c.Polyclinic) != guest {
				t.Errorf("%s: home has %v, guest %v", when, c.notices(t, c.Clinic), c.notices(t, c.Polyclinic))
			}
		}
		agree := func(days int, m models.DoseTransferMove) {
			t.Helper()
			d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID, Kind: models.TransferGuest, Until: c.Today().AddDays(days)})
			_, err := poly.Act(t, d.ID, "confirmation", m)
			must(t, err)
		}
		agree(3, checked)
		c.Advance(48 * time.Hour)
		want("the day before the last", false, false)
		own := scan[string](t, c.World, "SELECT code FROM clients WHERE organisation_id = ?", string(c.Polyclinic.ID))
		agree(5, models.DoseTransferMove{IdentityChecked: true, SameAs: own})
		c.Advance(24 * time.Hour)
		want("sent anew for longer", false, false)
		c.Advance(4 * 24 * time.Hour)
		want("the last day", true, true)
		for _, w := range []Worker{doctor, poly} {
			page, err := w.New().ListNotices(ctx, "", store.Paging{Limit: 20})
			must(t, err)
			for _, n := range page.Items {
				if n.Kind == "guest_dosing_ends" {
					must(t, third(w.New().GetDoseTransfer(ctx, n.SubjectID))) // what it names can be read
					must(t, third(w.New().AcknowledgeNotice(ctx, n.ID)))
				}
			}
		}
		want("acknowledged", false, false)
		c.Advance(24 * time.Hour)
		agree(10, models.DoseTransferMove{IdentityChecked: true, SameAs: own})
		now := doctor.order(t, o.ID)
		must(t, third(doctor.On(now.Version).ChangeDoseOrder(ctx, o.ID, "ending", models.DoseOrderChange{Reason: "completed"}, dosing())))
		want("the order ended", false, true)
	})
}

// An offer on a ground lapses after 72 hours; the sender hears after 24 that nobody confirmed.
func TestDoseTransfer_AnOfferOnAGroundLapses(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, prison := c.As(models.RoleClinician, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)
		handle := doctor.Register(1)
		o := doctor.Treat(handle, 60)
		d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.ColonyHealth.ID, Basis: models.Basis{Ground: "imminent_danger", ClientTold: true}})
		raise := func() {
			t.Helper()
			_, err := store.NewOutbox(c.Store).Raise(ctx)
			must(t, err)
		}
		told := func(sender, receiver int) {
			t.Helper()
			raise()
			of := func(o *models.Organisation) int { // the client who waits for a dose is another matter
				return len(slices.DeleteFunc(c.notices(t, o), func(kind string) bool { return kind == "dose_gap" }))
			}
			if a, b := of(c.Clinic), of(c.ColonyHealth); a != sender || b != receiver {
				t.Errorf("the sender has %d notices, the receiver %d; want %d, %d", a, b, sender, receiver)
			}
		}
		c.Advance(models.TransferAnswer)
		told(0, 1)
		c.Advance(time.Hour)
		told(1, 1)
		told(1, 1)
		c.Advance(models.TransferLapse - models.TransferAnswer - time.Hour)
		if got := prison.transfer(t, d.ID); !got.Dose || got.Lapsed(c.Now()) {
			t.Errorf("at 72 hours %+v", got)
		}
		c.Advance(time.Minute)
		got := prison.transfer(t, d.ID)
		if got.Dose || got.Whole {
			t.Errorf("after 72 hours %+v", got)
		}
		page, err := prison.New().ListDoseTransfers(ctx, store.PartyFilter{Overdue: true}, store.Paging{Limit: 5})
		must(t, err)
		if len(page.Items) != 0 {
			t.Error("what has lapsed still waits for the receiver")
		}
		_, err = prison.Act(t, d.ID, "confirmation", checked)
		wantError(t, err, models.KindConflict, "dose_transfer.lapsed")
		c.Advance(24 * time.Hour)
		told(1, 0)
		doctor.Dose(o.ID, 60)
		if now := prison.transfer(t, d.ID); now.Version != got.Version {
			t.Error("a dose given since is told")
		}
		if mine := doctor.transfer(t, d.ID); !mine.Overdue || !mine.Lapsed(c.Now()) {
			t.Errorf("the sender sees %+v", mine)
		}
		_, err = doctor.Act(t, d.ID, "cancellation", models.DoseTransferMove{})
		must(t, err)
		told(0, 0)
	})
}

func TestDoseTransfer_IsOverdueAfterADay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, prison := c.As(models.RoleClinician, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)
		d := prison.Carry(prison.Register(1), models.NewDoseTransfer{FromOrganisationID: c.Clinic.ID, Basis: models.Basis{Consent: models.HeldBySender}})
		overdue := func() int {
			t.Helper()
			page, err := doctor.New().ListDoseTransfers(ctx, store.PartyFilter{Overdue: true}, store.Paging{Limit: 5})
			must(t, err)
			return len(page.Items)
		}
		c.Advance(24 * time.Hour)
		if overdue() != 0 || doctor.transfer(t, d.ID).Overdue {
			t.Error("overdue at 24 hours")
		}
		c.Advance(time.Millisecond)
		if overdue() != 1 || !prison.transfer(t, d.ID).Overdue {
			t.Error("not overdue after 24 hours")
		}
		_, err := prison.Act(t, d.ID, "cancellation", models.DoseTransferMove{})
		must(t, err)
		if overdue() != 0 {
			t.Error("overdue when cancelled")
		}
	})
}

// A nurse sends, and a prescriber confirms.
func TestDoseTransfer_APrescriberConfirms(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, nurse := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := doctor.Register(1)
		doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		doctor.Treat(handle, 60)
		d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID})
		_, err := nurse.Act(t, d.ID, "confirmation", checked)
		wantError(t, err, models.KindForbidden, "role.not_allowed")
		_, err = nurse.Act(t, d.ID, "decline", models.DoseTransferMove{})
		must(t, err)
	})
}

// Confirmation, withdrawal, a dose at the sender and a cancellation at once: one order, and
// never one that nobody holds.
func TestRace_ConfirmationAgainstEverything(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		var confirmed atomic.Int32
		for round := range rounds() {
			handle := doctor.Register(round)
			k := doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
			o := doctor.Treat(handle, 60)
			d := doctor.Carry(handle, models.NewDoseTransfer{ToOrganisationID: c.Polyclinic.ID})
			together(4, func(i int) {
				var err error
				switch i {
				case 0:
					if _, err = poly.On(1).MoveDoseTransfer(ctx, d.ID, "confirmation", checked, dosing()); err == nil {
						confirmed.Add(1)
					}
				case 1:
					_, _, err = doctor.New().WithdrawConsent(ctx, k.ID)
				case 2:
					n := given(c.Now(), 60)
					n.GuardReason = "other"
					_, _, err = doctor.New().RecordDose(ctx, o.ID, n, dosing())
				case 3:
					_, err = doctor.On(1).MoveDoseTransfer(ctx, d.ID, "cancellation", models.DoseTransferMove{}, dosing())
				}
				if err != nil && !models.IsKind(err, models.KindConflict) && !models.IsKind(err, models.KindPreconditionFailed) {
					t.Errorf("%d: %v", i, err)
				}
			})
			if n := count(t, c.World, "dose_orders WHERE state <> 'ended'"); n != round+1 {
				t.Fatalf("%d open orders for %d persons", n, round+1)
			}
		}
		if n := count(t, c.World, "dose_orders WHERE organisation_id = ?", string(c.Polyclinic.ID)); n != int(confirmed.Load()) {
			t.Errorf("%d confirmed, %d orders", confirmed.Load(), n)
		}
		if n := count(t, c.World, "dose_events"); n != rounds() {
			t.Errorf("%d doses of %d were kept", n, rounds())
		}
	})
}

// What a prison asks for on the day of an arrest waits for the clinic: it stands in the clinic's
// list of what came in, until it is answered.
func TestDoseTransfer_ARequestStandsInTheListOfWhoMustAnswer(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, prison := c.As(models.RoleClinician, c.Clinic), c.As(models.RolePrisonMedical, c.ColonyHealth)
		asked, _, err := prison.New().CreateDoseTransfer(ctx, prison.Register(1), models.NewDoseTransfer{FromOrganisationID: c.Clinic.ID, Kind: models.TransferMove,
			Basis: models.Basis{Ground: "imminent_danger", ClientTold: true}})
		must(t, err)
		in := func(w Worker, direction string) int {
			t.Helper()
			page, err := w.New().ListDoseTransfers(ctx, store.PartyFilter{Direction: direction}, store.Paging{Limit: 10})
			must(t, err)
			return len(page.Items)
		}
		if in(doctor, "in") != 1 || in(doctor, "out") != 1 || in(doctor, "") != 1 || in(prison, "in") != 1 || in(prison, "out") != 0 {
			t.Error("a request is not where it is looked for")
		}
		_, err = doctor.On(asked.Version).MoveDoseTransfer(ctx, asked.ID, "decline", models.DoseTransferMove{}, dosing())
		must(t, err)
		if in(doctor, "in") != 0 {
			t.Error("what was answered still waits")
		}
	})
}
