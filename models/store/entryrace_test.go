package store_test

import (
	"testing"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
)

// A withdrawal between the look and the commit of the read's event.
func TestEntry_LosesAgainstAWithdrawal(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		doctor, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		atClinic, atNGO, _ := c.Joined(doctor, ngo, 1, c.NGO)
		e, _, err := doctor.New().RecordEntry(ctx, atClinic, &models.ReproductiveStatus{On: c.Today(), Pregnant: "no"})
		must(t, err)
		o, _, err := doctor.New().ReportOverdose(ctx, atClinic, models.NewOverdose{Region: "KZ-75", Place: "home", At: c.Now(), Ambulance: "no", Outcome: "survived"})
		must(t, err)
		for _, read := range []struct {
			name, table string
			run         func(*store.Session) error
		}{
			{"list", "entries", func(s *store.Session) error {
				_, err := s.ListEntries(ctx, atNGO, models.EntryReproductive, store.Paging{Limit: 9})
				return err
			}},
			{"entry", "entries", func(s *store.Session) error { _, err := s.GetEntry(ctx, e.EntryID); return err }},
			{"overdose", "overdoses", func(s *store.Session) error { _, err := s.GetOverdose(ctx, o.ID); return err }},
			{"pathway", "overdoses", func(s *store.Session) error { _, err := s.GetPathway(ctx, atNGO); return err }},
		} {
			k := doctor.Give(atClinic, models.PurposeReferral, c.NGO, models.CatReproductive, models.CatOverdoseEvent)
			must(t, read.run(ngo.New()))
			told := disclosures(t, c)
			other := c.Open(t)
			other.AfterQueryOf(read.table, func() { doctor.Withdraw(k.ID) })
			if err := read.run(ngo.Through(other).New()); !models.IsKind(err, models.KindNotFound) {
				t.Errorf("%s: %v, want not found", read.name, err)
			}
			if disclosures(t, c) != told {
				t.Errorf("%s: a read that was refused stands in the disclosure log", read.name)
			}
		}
	})
}

func disclosures(t *testing.T, c *storetest.Country) (n int) {
	t.Helper()
	db, _, err := c.Pool()
	must(t, err)
	must(t, db.QueryRowContext(ctx, "SELECT count(*) FROM disclosures").Scan(&n))
	return n
}
