package storetest

import (
	"slices"
	"testing"
	"time"

	"jol/models"
)

func TestConsent_IsWhatWasSaid(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.NGO, models.CatTreatmentFact, models.CatScreening)
		got, err := nurse.New().GetConsent(ctx, k.ID)
		must(t, err)
		if got.ClientCode != handle || got.State != models.ConsentGiven || got.FromDate != c.Today() || got.UntilDate != c.Today().AddMonths(12) ||
			got.RecipientID != c.NGO.ID || !slices.Equal(got.Categories, []models.Category{models.CatTreatmentFact, models.CatScreening}) ||
			!got.CreatedAt.Equal(c.Now()) || got.Version != 1 || got.WithdrawnAt != nil {
			t.Fatalf("%+v", got)
		}
		if empty, err := nurse.New().GetConsent(ctx, nurse.Give(handle, models.PurposeReferral, c.NGO).ID); err != nil || empty.Categories == nil {
			t.Fatalf("no categories come back as %#v, %v", empty.Categories, err)
		}
	})
}

func TestConsent_IsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		good := models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Until: c.Today().AddMonths(24)}
		for _, bad := range []struct {
			code   string
			change func(*models.NewConsent)
		}{
			{"", func(*models.NewConsent) {}}, // 24 months to the day
			{"", func(n *models.NewConsent) { n.RecipientID, n.RecipientKind = "", models.KindClinic }},
			{"", func(n *models.NewConsent) { n.RecipientID = c.Probation.ID }},
			{"", func(n *models.NewConsent) { n.Purpose, n.RecipientID = models.PurposeLinkageSector, "" }},
			{"", func(n *models.NewConsent) { n.Purpose, n.RecipientID = models.PurposeLinkageFacility, "" }},
			{"", func(n *models.NewConsent) { n.Until = c.Today() }},
			{"consent.until_too_far", func(n *models.NewConsent) { n.Until = n.Until.AddDays(1) }},
			{"consent.until_past", func(n *models.NewConsent) { n.Until = c.Today().AddDays(-1) }},
			{"consent.until_not_a_date", func(n *models.NewConsent) { n.Until = "2026-13-01" }},
			{"consent.purpose_unknown", func(n *models.NewConsent) { n.Purpose = models.PurposeResearch }},
			{"consent.purpose_unknown", func(n *models.NewConsent) { n.Purpose = "" }},
			{"consent.category_unknown", func(n *models.NewConsent) { n.Categories = []models.Category{models.CatReferral} }},
			{"consent.one_recipient", func(n *models.NewConsent) { n.RecipientID = "" }},
			{"consent.one_recipient", func(n *models.NewConsent) { n.RecipientKind = models.KindNGO }},
			{"consent.recipient_not_care", func(n *models.NewConsent) { n.RecipientID = c.Colony.ID }},
			{"consent.recipient_not_care", func(n *models.NewConsent) { n.RecipientID = c.Ministry.ID }},
			{"consent.recipient_not_care", func(n *models.NewConsent) { n.RecipientID = "nobody" }},
			{"consent.recipient_not_care", func(n *models.NewConsent) { n.RecipientID, n.RecipientKind = "", models.KindPrison }},
			{"consent.recipient_not_for_counting", func(n *models.NewConsent) { n.Purpose = models.PurposeLinkageSector }},
			{"consent.categories_not_for_counting", func(n *models.NewConsent) {
				n.Purpose, n.RecipientID, n.Categories = models.PurposeLinkageSector, "", []models.Category{models.CatDiagnosis}
			}},
		} {
			n := good
			bad.change(&n)
			_, _, err := nurse.New().GiveConsent(ctx, handle, n)
			if bad.code == "" {
				must(t, err)
				continue
			}
			wantError(t, err, models.KindInvalid, bad.code)
		}
	})
}

func TestConsent_BelongsToItsOrganisation(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		for _, stranger := range []Worker{c.As(models.RoleNurse, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RolePrisonMedical, c.ColonyHealth)} {
			_, _, err := stranger.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.OtherNGO.ID, Until: c.Today()})
			wantError(t, err, models.KindNotFound, "client.not_found")
			_, err = stranger.New().GetConsent(ctx, k.ID)
			wantError(t, err, models.KindNotFound, "consent.not_found")
			_, _, err = stranger.New().WithdrawConsent(ctx, k.ID)
			wantError(t, err, models.KindNotFound, "consent.not_found")
		}
	})
}

func TestConsent_ExpiresByItself(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		k, _, err := nurse.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Until: c.Today().AddDays(1)})
		must(t, err)
		for _, step := range []struct {
			wait  time.Duration
			state string
		}{{0, models.ConsentGiven}, {24 * time.Hour, models.ConsentGiven}, {24 * time.Hour, models.ConsentExpired}} {
			c.Advance(step.wait)
			got, err := nurse.New().GetConsent(ctx, k.ID)
			must(t, err)
			if got.StateOn(got.Today) != step.state || got.State != models.ConsentGiven {
				t.Fatalf("after %v it is %s and stored as %s", step.wait, got.StateOn(got.Today), got.State)
			}
		}
		nurse.Withdraw(k.ID) // an expired one can still be withdrawn
	})
}

func TestConsent_WithdrawalClosesWhatRestsOnIt(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic, models.CatTreatmentFact)
		toNGO := nurse.Give(handle, models.PurposeReferral, c.NGO)
		open := []string{
			nurse.Refer(handle, Asking(c.Polyclinic)).ID,
			other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "receipt").ID,
			other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance").ID,
		}
		done := nurse.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "cancellation")
		elsewhere := nurse.Refer(handle, Asking(c.NGO))
		c.Advance(time.Minute)
		receipt := nurse.Withdraw(k.ID)
		slices.Sort(open)
		if !slices.Equal(receipt.ClosedReferrals, open) || !slices.Equal(receipt.EndedShares, []models.OrganisationID{c.Polyclinic.ID}) || len(receipt.EndedShareKinds) != 0 {
			t.Fatalf("%+v, want %v", receipt, open)
		}
		if receipt.CancelledDeliveries == nil || receipt.Consent.State != models.ConsentWithdrawn || !receipt.Consent.WithdrawnAt.Equal(c.Now()) {
			t.Fatalf("%+v", receipt)
		}
		for id, want := range map[string]string{open[0]: models.ReferralConsentWithdrawn, done.ID: models.ReferralCancelled, elsewhere.ID: models.ReferralSent} {
			r, err := nurse.New().GetReferral(ctx, id)
			must(t, err)
			if r.State != want {
				t.Errorf("a referral is %s, want %s", r.State, want)
			}
		}
		c.Advance(time.Hour)
		again := nurse.Withdraw(k.ID)
		if !slices.Equal(again.ClosedReferrals, open) || !again.Consent.WithdrawnAt.Equal(*receipt.Consent.WithdrawnAt) || again.Consent.Version != receipt.Consent.Version {
			t.Fatalf("withdrawing again changed something: %+v", again)
		}
		if empty := nurse.Withdraw(nurse.Give(handle, models.PurposeReferral, c.NGO).ID); empty.ClosedReferrals == nil || empty.EndedShares == nil {
			t.Fatalf("empty lists are nil: %+v", empty)
		}
		if got, err := nurse.New().GetConsent(ctx, toNGO.ID); err != nil || got.State != models.ConsentGiven {
			t.Fatal("another consent was touched")
		}
	})
}
