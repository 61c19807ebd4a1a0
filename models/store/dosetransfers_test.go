package store_test

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store/storetest"
)

// What waits on a consent is cancelled with it, and nothing else is: no other transfer,
// no order, nothing that was confirmed.
func TestWithdrawal_CancelsTheTransfersThatWait(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		none := models.DoseRules{Guards: func(string) []models.DoseGuard { return nil }, Gap: func(models.GapQuestion) models.DoseGap { return models.DoseGap{} },
			Alert: func(q models.GapQuestion) time.Time { return q.LastTaken }}
		doctor := c.As(models.RoleClinician, c.Clinic)
		handle := doctor.Register(1)
		offer := func(to *models.Organisation, basis models.Basis) string {
			d, _, err := doctor.New().CreateDoseTransfer(ctx, handle, models.NewDoseTransfer{ToOrganisationID: to.ID, Kind: models.TransferMove, Basis: basis})
			must(t, err)
			return d.ID
		}
		k := doctor.Give(handle, models.PurposeDoseContinuity, c.Polyclinic, models.CatOAT)
		o, _, err := doctor.New().CreateDoseOrder(ctx, handle, models.NewDoseOrder{Medicine: "methadone", Schedule: "daily", Phase: "maintenance", DoseUg: 60_000, From: c.Today(), IdentityChecked: true}, none)
		must(t, err)
		on := offer(c.Polyclinic, models.Basis{})
		beside := offer(c.ColonyHealth, models.Basis{Ground: "imminent_danger", ClientTold: true})
		asked, _, err := doctor.New().CreateDoseTransfer(ctx, handle, models.NewDoseTransfer{FromOrganisationID: c.Polyclinic.ID, Kind: models.TransferMove, Basis: models.Basis{Consent: k.ID}})
		must(t, err)
		ids, err := doctor.New().CancelTransfersOf(ctx, k.ID)
		must(t, err)
		want := []string{on, asked.ID}
		slices.Sort(want)
		if !slices.Equal(ids, want) {
			t.Errorf("cancelled %v, want %v", ids, want)
		}
		again, err := doctor.New().CancelTransfersOf(ctx, k.ID)
		if err != nil || again == nil || len(again) != 0 {
			t.Errorf("a second time: %v %v", again, err)
		}
		for id, state := range map[string]string{on: models.TransferCancelled, asked.ID: models.TransferCancelled, beside: models.TransferSent} {
			if d, err := doctor.New().GetDoseTransfer(ctx, id); err != nil || d.State != state {
				t.Errorf("%+v %v, want %s", d, err, state)
			}
		}
		if got, err := doctor.New().GetDoseOrder(ctx, o.ID, none); err != nil || got.State != models.OrderActive || got.Version != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
}
