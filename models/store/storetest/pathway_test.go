package storetest

import (
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// shown says which episodes a pathway shows, and which of them with their items.
func shown(t testing.TB, w Worker, handle string) map[models.OrganisationID]bool {
	t.Helper()
	p, err := w.New().GetPathway(ctx, handle)
	must(t, err)
	out := map[models.OrganisationID]bool{}
	for _, e := range p.Episodes {
		out[e.OrganisationID] = e.Whole
	}
	return out
}

// threeRecords is one person known to the colony's health unit, a clinic and an NGO,
// each with an episode except where a case opens it later.
func threeRecords(c *Country) (atColony, atClinic, atNGO string, health, clinic, ngo Worker) {
	health, clinic, ngo = c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
	atColony, atClinic, _ = c.Joined(health, clinic, 1, c.Clinic)
	clinic.Give(atClinic, models.PurposeReferral, c.NGO)
	atNGO = ngo.Move(clinic.Refer(atClinic, Asking(c.NGO)), "acceptance").ClientCode
	health.Start(atColony)
	ngo.Start(atNGO)
	return atColony, atClinic, atNGO, health, clinic, ngo
}

func TestPathway_ConsentOpensCategoryByCategory(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		atColony, _, atNGO, health, _, ngo := threeRecords(c)
		see := func() (seen, whole bool) {
			got := shown(t, ngo, atNGO)
			whole, seen = got[c.ColonyHealth.ID]
			return seen, whole
		}
		expect := func(when string, seen, whole bool) {
			t.Helper()
			if s, w := see(); s != seen || w != whole {
				t.Errorf("%s: fact %v, items %v", when, s, w)
			}
		}
		expect("without consent", false, false)
		health.Give(atColony, models.PurposeReferral, c.NGO, models.CatScreening)
		expect("another category", false, false)
		health.Give(atColony, models.PurposeReferral, c.OtherNGO, models.CatTreatmentFact, models.CatDiagnosis)
		expect("another recipient", false, false)
		health.Give(atColony, models.PurposeDoseContinuity, c.NGO, models.CatTreatmentFact)
		expect("another purpose", false, false)
		health.Give(atColony, models.PurposeReferral, c.NGO, models.CatDiagnosis)
		expect("items without the fact", false, false)
		fact := health.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		expect("fact and items", true, true)
		health.Withdraw(fact.ID)
		expect("withdrawn", false, false)
		k, _, err := health.New().GiveConsent(ctx, atColony, models.NewConsent{
			Purpose: models.PurposeTreatmentContinuity, RecipientKind: models.KindNGO, Categories: []models.Category{models.CatTreatmentFact}, Until: c.Today(),
		})
		must(t, err)
		expect("to every NGO, today", true, true)
		c.Advance(24 * time.Hour)
		expect("the day after "+string(k.UntilDate), false, false)
	})
}

func TestPathway_OwnEpisodesAreWholeForThoseWhoReadEpisodes(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, _, atNGO, _, _, _ := threeRecords(c)
		for role, want := range map[models.Role]bool{models.RoleNGOOutreach: true, models.RoleSocialWorker: true, models.RolePeerNavigator: false} {
			if whole, seen := shown(t, c.As(role, c.NGO), atNGO)[c.NGO.ID]; !seen || whole != want {
				t.Errorf("%s: fact %v, items %v, want %v", role, seen, whole, want)
			}
		}
	})
}

func TestPathway_FactAloneIsBare(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		atColony, _, atNGO, health, _, ngo := threeRecords(c)
		health.Give(atColony, models.PurposeReferral, c.NGO, models.CatTreatmentFact)
		if whole, seen := shown(t, ngo, atNGO)[c.ColonyHealth.ID]; !seen || whole {
			t.Fatalf("fact %v, items %v", seen, whole)
		}
	})
}

func TestPathway_ConsentOfOneRecordOpensNoOther(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		_, atClinic, atNGO, _, clinic, ngo := threeRecords(c)
		clinic.Start(atClinic)
		clinic.Give(atClinic, models.PurposeReferral, c.NGO, models.CatTreatmentFact, models.CatDiagnosis)
		got := shown(t, ngo, atNGO)
		if _, colony := got[c.ColonyHealth.ID]; colony || !got[c.Clinic.ID] {
			t.Fatalf("consent given at the clinic shows %v", got)
		}
	})
}

func TestPathway_ShowsReferralsToTheirPartiesOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		atColony, atClinic, atNGO, health, clinic, ngo := threeRecords(c)
		clinic.Start(atClinic)
		for _, test := range []struct {
			w      Worker
			handle string
			want   int
		}{{health, atColony, 1}, {clinic, atClinic, 2}, {ngo, atNGO, 1}} {
			p, err := test.w.New().GetPathway(ctx, test.handle)
			must(t, err)
			if len(p.Referrals) != test.want {
				t.Errorf("%s sees %d referrals", test.w.Actor.OrganisationName, len(p.Referrals))
			}
			for _, r := range p.Referrals {
				if r.ClientCode != test.handle {
					t.Errorf("%s is shown the code %s of another sector", test.w.Actor.OrganisationName, r.ClientCode)
				}
			}
		}
	})
}

// Whatever else is there, a session sees nothing through a client record of others.
func TestPathway_IsClosedWithoutAnOwnRecord(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		atColony, atClinic, atNGO, _, _, _ := threeRecords(c)
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				for _, handle := range []string{atColony, atClinic, atNGO} {
					own := o.ID == c.ColonyHealth.ID && handle == atColony || o.ID == c.Clinic.ID && handle == atClinic || o.ID == c.NGO.ID && handle == atNGO
					_, err := c.As(role, o).New().GetPathway(ctx, handle)
					allowed := own && policy().Allow(role, models.CatIdentity, models.Read)
					if allowed && err != nil {
						t.Errorf("%s: %v", role, err)
					}
					if !allowed {
						wantError(t, err, models.KindNotFound, "client.not_found")
					}
				}
			}
		}
	})
}

func TestPathway_NeverShowsAnEpisodeOfANamesake(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		clinic, poly := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		a, b := clinic.Register(1), poly.Register(1) // one code, no act of care
		clinic.Start(a)
		poly.Start(b)
		clinic.Give(a, models.PurposeReferral, c.Polyclinic, models.CatTreatmentFact, models.CatDiagnosis)
		if got := shown(t, poly, b); len(got) != 1 {
			t.Fatalf("a matching code shows %v", got)
		}
		if _, err := poly.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 5}); err != nil {
			t.Fatal(err)
		}
	})
}
