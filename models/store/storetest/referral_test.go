package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

func TestReferral_IsWhatWasSent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.NGO)
		n := Asking(c.NGO)
		n.Urgency, n.Needs, n.Note = "urgent", []string{"housing", "naloxone"}, "  prefers mornings "
		sent := nurse.Refer(handle, n)
		got, err := nurse.New().GetReferral(ctx, sent.ID)
		must(t, err)
		if got.State != models.ReferralSent || got.Note != "prefers mornings" || !slices.Equal(got.Needs, n.Needs) || got.ClientCode != handle ||
			!got.SentAt.Equal(c.Now()) || !got.AnswerDue.Equal(c.Now().Add(24*time.Hour)) || got.Party != models.Sender || !got.Whole || got.Overdue || got.Version != 1 {
			t.Fatalf("%+v", got)
		}
		n.Needs, n.Urgency = nil, "routine"
		bare := nurse.Refer(handle, n)
		got, err = nurse.New().GetReferral(ctx, bare.ID)
		must(t, err)
		if got.Needs == nil || len(got.Needs) != 0 || !got.AnswerDue.Equal(c.Now().Add(72*time.Hour)) {
			t.Fatalf("%+v", got)
		}
	})
}

func TestReferral_NeedsAConsentThatFits(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		agonist := Asking(c.Polyclinic)
		agonist.Reason = "oat_transfer"
		tomorrow := c.Today().AddDays(1)
		for n, test := range []struct {
			name  string
			give  []models.NewConsent
			ask   models.NewReferral
			wait  time.Duration
			sends bool
		}{
			{"none", nil, Asking(c.Polyclinic), 0, false},
			{"fits", []models.NewConsent{{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, Asking(c.Polyclinic), 0, true},
			{"continuity", []models.NewConsent{{Purpose: models.PurposeTreatmentContinuity, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, Asking(c.Polyclinic), 0, true},
			{"last day", []models.NewConsent{{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, Asking(c.Polyclinic), 24 * time.Hour, true},
			{"expired", []models.NewConsent{{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, Asking(c.Polyclinic), 48 * time.Hour, false},
			{"a kind", []models.NewConsent{{Purpose: models.PurposeReferral, RecipientKind: models.KindClinic, Until: tomorrow}}, Asking(c.Polyclinic), 0, true},
			{"another kind", []models.NewConsent{{Purpose: models.PurposeReferral, RecipientKind: models.KindNGO, Until: tomorrow}}, Asking(c.Polyclinic), 0, false},
			{"another recipient", []models.NewConsent{{Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Until: tomorrow}}, Asking(c.Polyclinic), 0, false},
			{"treatment", []models.NewConsent{{Purpose: models.PurposeTreatment, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, Asking(c.Polyclinic), 0, false},
			{"counting", []models.NewConsent{{Purpose: models.PurposeLinkageSector, Until: tomorrow}}, Asking(c.Polyclinic), 0, false},
			{"dose, for an agonist", []models.NewConsent{{Purpose: models.PurposeDoseContinuity, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, agonist, 0, true},
			{"dose, for a release", []models.NewConsent{{Purpose: models.PurposeDoseContinuity, RecipientID: c.Polyclinic.ID, Until: tomorrow}}, Asking(c.Polyclinic), 0, false},
		} {
			handle := nurse.Register(n)
			for _, k := range test.give {
				k.Until = c.Today().AddDays(1) // the clock moved in earlier cases
				_, _, err := nurse.New().GiveConsent(ctx, handle, k)
				must(t, err)
			}
			c.Advance(test.wait)
			_, _, err := nurse.New().CreateReferral(ctx, handle, test.ask)
			if test.sends && err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			if !test.sends && !models.IsKind(err, models.KindConflict) {
				t.Errorf("%s: %v, want a conflict", test.name, err)
			}
		}
		// The consent of a namesake is nobody else's.
		first := nurse.Register(900)
		namesake := Someone(900)
		namesake.Distinct = true
		second, _, err := nurse.New().RegisterClient(ctx, namesake)
		must(t, err)
		nurse.Give(first, models.PurposeReferral, c.Polyclinic)
		_, _, err = nurse.New().CreateReferral(ctx, second.Handle(), Asking(c.Polyclinic))
		wantError(t, err, models.KindConflict, "referral.consent_required")
	})
}

func TestReferral_RefusesBadInput(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.NGO)
		for _, bad := range []struct {
			code   string
			change func(*models.NewReferral)
		}{
			{"referral.receiver_required", func(n *models.NewReferral) { n.ToOrganisationID = "" }},
			{"referral.receiver_unknown", func(n *models.NewReferral) { n.ToOrganisationID = c.Clinic.ID }},
			{"referral.receiver_unknown", func(n *models.NewReferral) { n.ToOrganisationID = c.Colony.ID }},
			{"referral.receiver_unknown", func(n *models.NewReferral) { n.ToOrganisationID = c.Probation.ID }},
			{"referral.receiver_unknown", func(n *models.NewReferral) { n.ToOrganisationID = "nobody" }},
			{"referral.receiver_unknown", func(n *models.NewReferral) { n.ToOrganisationID = "no\x00body" }},
			{"referral.reason_unknown", func(n *models.NewReferral) { n.Reason = "" }},
			{"referral.urgency_unknown", func(n *models.NewReferral) { n.Urgency = "soon" }},
			{"referral.need_unknown", func(n *models.NewReferral) { n.Needs = []string{"oat", "oat"} }},
			{"text.identifies_person", func(n *models.NewReferral) { n.Note = "call +7 701 234 56 78" }},
			{"text.too_long", func(n *models.NewReferral) { n.Note = strings.Repeat("я", 501) }},
			{"text.not_printable", func(n *models.NewReferral) { n.Note = "mornings\x00" }},
		} {
			n := Asking(c.NGO)
			bad.change(&n)
			_, _, err := nurse.New().CreateReferral(ctx, handle, n)
			wantError(t, err, models.KindInvalid, bad.code)
			if strings.Contains(err.Error(), "701") {
				t.Error("the refusal echoes the note")
			}
		}
		_, _, err := nurse.New().CreateReferral(ctx, handle+".2", Asking(c.NGO))
		wantError(t, err, models.KindNotFound, "client.not_found")
		if n := count(t, c.World, "referrals"); n != 0 {
			t.Fatalf("%d referrals were made", n)
		}
	})
}

func TestReferral_EachPartySeesItsOwnCode(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, outreach := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.NGO)
		r := nurse.Refer(handle, Asking(c.NGO))
		got, err := outreach.New().GetReferral(ctx, r.ID)
		must(t, err)
		if got.ClientCode != outreach.Register(1) || got.ClientCode == handle || got.Party != models.Receiver || !got.Whole {
			t.Fatalf("%+v", got)
		}
	})
}

func TestReferral_IsAbsentToStrangers(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.NGO)
		r := nurse.Refer(handle, Asking(c.NGO))
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				if o.ID == c.Clinic.ID || o.ID == c.NGO.ID {
					continue
				}
				w := c.As(role, o)
				_, err := w.New().GetReferral(ctx, r.ID)
				_, absent := w.New().GetReferral(ctx, "01a200a2-0000-7000-8000-000000000000")
				_, odd := w.New().GetReferral(ctx, "\x00\xff")
				for _, e := range []error{err, absent, odd} {
					wantError(t, e, models.KindNotFound, "referral.not_found")
				}
				if err.Error() != absent.Error() || err.Error() != odd.Error() {
					t.Fatal("out of scope and absent are told apart")
				}
				_, err = w.TryMove(r.ID, 1, "acceptance")
				wantError(t, err, models.KindNotFound, "referral.not_found")
				page, err := w.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 10})
				if err != nil || len(page.Items) != 0 {
					t.Fatalf("%s lists %d referrals, %v", role, len(page.Items), err)
				}
			}
		}
	})
}

func TestReferral_ReceiverLosesItWithTheConsent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		k, _, err := nurse.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: c.Today().AddDays(1)})
		must(t, err)
		lasting := nurse.Give(handle, models.PurposeReferral, c.NGO)
		r := other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "receipt")
		withdrawn := nurse.Refer(handle, Asking(c.NGO))
		nurse.Withdraw(lasting.ID)
		c.Advance(48 * time.Hour)
		look := func(w Worker, id string, whole bool) {
			t.Helper()
			seen, err := w.New().GetReferral(ctx, id)
			must(t, err)
			page, err := w.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 10})
			must(t, err)
			i := slices.IndexFunc(page.Items, func(s store.SeenReferral) bool { return s.ID == id })
			if i < 0 || page.Items[i].Whole != whole || seen.Whole != whole {
				t.Errorf("%s sees it whole: %v, in a list %+v; want %v", w.Actor.OrganisationName, seen.Whole, page.Items, whole)
			}
		}
		look(nurse, r.ID, true)
		look(other, r.ID, false)
		look(nurse, withdrawn.ID, true)
		look(c.As(models.RoleNGOOutreach, c.NGO), withdrawn.ID, false)
		for _, action := range []string{"acceptance", "decline", "info-request"} {
			_, err := other.TryMove(r.ID, r.Version, action)
			wantError(t, err, models.KindConflict, "consent.not_in_force")
		}
		nurse.Move(r, "cancellation") // what it sent, the sender can take back
		if receipt := nurse.Withdraw(k.ID); len(receipt.ClosedReferrals) != 0 {
			t.Fatalf("%+v", receipt)
		}
	})
}

func TestReferral_IsOverdueByTheClock(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		waiting := nurse.Refer(handle, Asking(c.Polyclinic))
		fixed := other.Move(other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance"), "appointment")
		urgent := Asking(c.Polyclinic)
		urgent.Urgency = "urgent"
		pressing := nurse.Refer(handle, urgent)
		overdue := func(want ...string) {
			t.Helper()
			page, err := nurse.New().ListReferrals(ctx, store.PartyFilter{Overdue: true}, store.Paging{Limit: 10})
			must(t, err)
			var got []string
			for _, r := range page.Items {
				if !r.Overdue {
					t.Error("the list and the referral disagree")
				}
				got = append(got, r.ID)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("at %v overdue are %v, want %v", c.Now(), got, want)
			}
		}
		c.Advance(24 * time.Hour)
		overdue()
		c.Advance(time.Millisecond)
		overdue(pressing.ID)
		c.Advance(48 * time.Hour)
		overdue(pressing.ID, waiting.ID, fixed.ID)
		other.Move(fixed, "attendance")
		other.Move(waiting, "decline")
		overdue(pressing.ID)
	})
}

// What was taken back before it was accepted was never the receiver's.
func TestReferral_CancelledBeforeAcceptanceIsAStub(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		own := other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance").ClientCode
		for _, test := range []struct {
			before []string
			whole  bool
		}{{nil, false}, {[]string{"receipt"}, false}, {[]string{"info-request"}, false}, {[]string{"receipt", "info-request"}, false},
			{[]string{"acceptance"}, true}, {[]string{"acceptance", "appointment"}, true}} {
			r := nurse.Refer(handle, Asking(c.Polyclinic))
			for _, action := range test.before {
				r = other.Move(r, action)
			}
			if seen, err := other.New().GetReferral(ctx, r.ID); err != nil || !seen.Whole {
				t.Fatalf("after %v the receiver sees it whole: %+v %v", test.before, seen, err)
			}
			if sent := nurse.Move(r, "cancellation"); !sent.Whole {
				t.Error("the sender sees a stub")
			}
			for _, w := range []Worker{nurse, other} {
				want := test.whole || w == nurse
				seen, err := w.New().GetReferral(ctx, r.ID)
				must(t, err)
				page, err := w.New().ListReferrals(ctx, store.PartyFilter{State: models.ReferralCancelled}, store.Paging{Limit: 1})
				must(t, err)
				path, err := w.New().GetPathway(ctx, map[bool]string{true: handle, false: own}[w == nurse])
				must(t, err)
				if seen.Whole != want || len(page.Items) != 1 || page.Items[0].ID != r.ID || page.Items[0].Whole != want {
					t.Errorf("cancelled after %v: %s sees it whole: %v, in a list %+v", test.before, w.Actor.OrganisationName, seen.Whole, page.Items)
				}
				for _, inPath := range path.Referrals {
					if inPath.ID == r.ID && inPath.Whole != want {
						t.Errorf("cancelled after %v: %s has it in the pathway, whole: %v", test.before, w.Actor.OrganisationName, inPath.Whole)
					}
				}
			}
		}
	})
}

// A filter must not tell more of a stub than the stub.
func TestReferral_OverdueLeavesStubsOut(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		late := func(person int, until models.Date) (waiting, fixed string) {
			handle := nurse.Register(person)
			_, _, err := nurse.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: until})
			must(t, err)
			fixed = other.Move(other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance"), "appointment").ID
			return nurse.Refer(handle, Asking(c.Polyclinic)).ID, fixed
		}
		waiting, fixed := late(1, c.Today().AddDays(10))
		stubWaiting, stubFixed := late(2, c.Today().AddDays(4))
		list := func(w Worker, f store.PartyFilter) (ids []string) {
			t.Helper()
			page, err := w.New().ListReferrals(ctx, f, store.Paging{Limit: 10})
			must(t, err)
			for _, r := range page.Items {
				ids = append(ids, r.ID)
			}
			slices.Sort(ids)
			return ids
		}
		expect := func(when string, w Worker, f store.PartyFilter, want ...string) {
			t.Helper()
			slices.Sort(want)
			if got := list(w, f); !slices.Equal(got, want) {
				t.Errorf("%s: %s lists %v, want %v", when, w.Actor.OrganisationName, got, want)
			}
		}
		all := []string{waiting, fixed, stubWaiting, stubFixed}
		c.Advance(4 * 24 * time.Hour)
		expect("the last day", other, store.PartyFilter{Overdue: true}, all...)
		c.Advance(24 * time.Hour)
		expect("the day after", other, store.PartyFilter{Overdue: true}, waiting, fixed)
		expect("the day after", other, store.PartyFilter{Overdue: true, Direction: "in"}, waiting, fixed)
		expect("the day after", other, store.PartyFilter{Overdue: true, State: models.ReferralSent}, waiting)
		expect("the day after", other, store.PartyFilter{}, all...)
		expect("the day after", nurse, store.PartyFilter{Overdue: true}, all...)
	})
}

func TestReferral_FiltersMeanWhatTheySay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		a, b := nurse.Register(1), other.Register(2)
		nurse.Give(a, models.PurposeReferral, c.Polyclinic)
		other.Give(b, models.PurposeReferral, c.Clinic)
		out := nurse.Refer(a, Asking(c.Polyclinic))
		in := nurse.Move(other.Refer(b, Asking(c.Clinic)), "receipt")
		for _, test := range []struct {
			filter store.PartyFilter
			want   []string
		}{
			{store.PartyFilter{}, []string{in.ID, out.ID}},
			{store.PartyFilter{Direction: "out"}, []string{out.ID}},
			{store.PartyFilter{Direction: "in"}, []string{in.ID}},
			{store.PartyFilter{State: "received"}, []string{in.ID}},
			{store.PartyFilter{Direction: "out", State: "received"}, nil},
		} {
			page, err := nurse.New().ListReferrals(ctx, test.filter, store.Paging{Limit: 10})
			must(t, err)
			var got []string
			for _, r := range page.Items {
				got = append(got, r.ID)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%+v gives %v, want %v", test.filter, got, test.want)
			}
		}
	})
}

func TestReferral_MovesSayWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "receipt")
		for _, bad := range []struct {
			action, code string
			move         models.ReferralMove
		}{
			{"decline", "referral.decline_reason_unknown", models.ReferralMove{Alternative: "the day centre"}},
			{"decline", "referral.alternative_required", models.ReferralMove{Reason: "no_capacity", Alternative: "  "}},
			{"decline", "text.identifies_person", models.ReferralMove{Reason: "other", Alternative: "write to aigul@example.org"}},
			{"appointment", "referral.appointment_in_past", models.ReferralMove{AppointmentAt: c.Now()}},
			{"attendance", "referral.attended_on_not_a_date", models.ReferralMove{}},
			{"attendance", "referral.attended_in_future", models.ReferralMove{On: c.Today().AddDays(1)}},
		} {
			_, err := other.On(r.Version).MoveReferral(ctx, r.ID, bad.action, bad.move, store.Acceptance{})
			wantError(t, err, models.KindInvalid, bad.code)
		}
		for _, old := range []int64{0, 1, 3} {
			_, err := other.TryMove(r.ID, old, "acceptance")
			wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		}
		accepted := other.Move(r, "acceptance")
		_, err := other.On(accepted.Version).MoveReferral(ctx, r.ID, "attendance", models.ReferralMove{On: c.Today().AddDays(-3)}, store.Acceptance{})
		wantError(t, err, models.KindConflict, "referral.attended_before_sent")
		// A time in another zone is the same instant when it comes back.
		at := c.Now().Add(30 * time.Hour).In(time.FixedZone("+05", 5*3600))
		fixed, err := other.On(accepted.Version).MoveReferral(ctx, r.ID, "appointment", models.ReferralMove{AppointmentAt: at}, store.Acceptance{})
		must(t, err)
		if !fixed.AppointmentAt.Equal(at) {
			t.Errorf("an appointment at %v became %v", at, fixed.AppointmentAt)
		}
	})
}
