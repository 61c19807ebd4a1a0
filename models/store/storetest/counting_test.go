package storetest

import (
	"testing"
	"time"

	"jol/models"
)

// What is recorded through the use cases arrives in the rows of counting.
func TestRelease_CountsTheWholeRecord(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		doctor := c.As(models.RoleNarcologist, c.Clinic)
		handle := doctor.Register(1)
		doctor.Start(handle)
		age := 20
		doctor.Record(handle, &models.Assessment{AssessmentItems: models.AssessmentItems{
			On: c.Today(), LivingWith: "5", Children: "0", LivingWhere: "3", Labour: "4", Education: "3", Frequency30d: "1", SecondaryDrugs: []string{"41"},
			FrequencyReference: "before_entry", Polydrug: "1", OSTStatus: "1", AgeFirstInjection: &age, HIVTest: "1", HCVTest: "1", Sharing: "1",
		}})
		order := doctor.Treat(handle, 60)
		doctor.Dose(order.ID, 60)
		for range 2 {
			c.Advance(24 * time.Hour)
			doctor.Dose(order.ID, 60)
		}
		doctor.Record(handle, &models.Contact{On: c.Today(), Intervention: "NSP", Setting: "community", Appointment: "attended", Syringes: 20})
		doctor.Record(handle, &models.InfectionTest{On: c.Today(), Test: "HIV", Result: "neg", ReturnedOn: c.Today()})
		c.counted(t, steward, k, "2026Q3")
		if len(k.clients) != 1 {
			t.Fatalf("%d persons", len(k.clients))
		}
		row := k.clients[0]
		if len(row.Episodes) != 1 || len(row.OAT) != 1 || len(row.Entries) != 2 || row.Scope != models.ScopeFacility {
			t.Fatalf("%+v", row)
		}
		e := row.Episodes[0]
		if e.Items.LivingWith != "5" || e.Items.SecondaryDrugs[0] != "41" || e.Items.AgeFirstInjection != 20 || e.Items.AgeFirstUse != 0 || e.Sector != "clinic" ||
			len(e.Contacts) != 1 || e.Contacts[0].On != c.Today() || e.KnownOn != c.Today().AddDays(-2) {
			t.Errorf("%+v", e)
		}
		o := row.OAT[0]
		if o.Medicine != "methadone" || o.End != "" || len(o.Phases) != 1 || o.Phases[0].DailyUg != 60_000 || o.Phases[0].From != c.Today().AddDays(-9) ||
			len(o.Doses) != 1 || o.Doses[0].From != c.Today().AddDays(-2) || o.Doses[0].To != c.Today() || o.Doses[0].KnownOn != c.Today().AddDays(-2) {
			t.Errorf("%+v", o)
		}
		for _, x := range row.Entries {
			switch x.Kind {
			case models.RowContact:
				if x.Code != "NSP" || x.Quantity != 20 || x.Setting != "community" || x.On != c.Today() || x.Age != e.AgeAtStart {
					t.Errorf("%+v", x)
				}
			case models.RowTest:
				if x.Code != "HIV" || x.Result != "neg" || x.ReturnedOn != c.Today() || x.LinkedOn != "" {
					t.Errorf("%+v", x)
				}
			default:
				t.Errorf("%+v", x)
			}
		}
	})
}
