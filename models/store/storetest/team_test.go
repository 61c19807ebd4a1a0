package storetest

import (
	"maps"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// change asks for a merge or split and has a colleague approve it.
func (c *Country) change(t testing.TB, asks, signs Worker, handle, kind, with string) {
	t.Helper()
	ic, _, err := asks.New().RequestIdentityChange(ctx, handle, kind, with)
	must(t, err)
	_, err = signs.On(ic.Version).ApproveIdentityChange(ctx, ic.ID)
	must(t, err)
}

// handedOver is a person whom the receiver took over, and no consent on any record of whom
// names the receiver: the sender had two records of the person, and has since parted the one
// that was referred. It is the only way the service itself makes a treating team.
func (c *Country) handedOver(t testing.TB, from, to Worker, toOrganisation *models.Organisation, person int) (atSender, atReceiver string) {
	t.Helper()
	referred, atSender := from.Register(person), from.Register(person+2) // of one sex
	c.change(t, from, from.Colleague(), referred, "merge", atSender)
	from.Give(referred, models.PurposeReferral, toOrganisation)
	atReceiver = to.Move(from.Refer(referred, Asking(toOrganisation)), "acceptance").ClientCode
	c.change(t, from, from.Colleague(), referred, "split", "")
	if c.person(t, toOrganisation, atReceiver) != c.person(t, c.organisationOf(from), atSender) || c.responsible(t, toOrganisation, atReceiver) != toOrganisation.ID {
		t.Fatal("the receiver did not take the person over")
	}
	named := count(t, c.World, "consents k JOIN clients kc ON kc.id = k.client_id WHERE kc.person_id = ? AND (k.recipient_id = ? OR k.recipient_kind = ?)",
		c.person(t, toOrganisation, atReceiver), string(toOrganisation.ID), string(toOrganisation.Kind))
	if named != 0 {
		t.Fatalf("%d consents name the receiver", named)
	}
	return atSender, atReceiver
}

func (c *Country) organisationOf(w Worker) *models.Organisation {
	for _, o := range c.All() {
		if o.ID == w.Actor.OrganisationID {
			return o
		}
	}
	return nil
}

// charge is a person in the charge of the clinic, whom a colony, an NGO and another clinic
// treat too. The clinic has no episode yet.
type charge struct {
	health, ngo, poly, clinic         Worker
	atColony, atNGO, atPoly, atClinic string
}

func (c *Country) inCharge(t testing.TB, person int) charge {
	t.Helper()
	p := charge{
		health: c.As(models.RolePrisonMedical, c.ColonyHealth), ngo: c.As(models.RoleNGOOutreach, c.NGO),
		poly: c.As(models.RoleClinician, c.Polyclinic), clinic: c.As(models.RoleClinician, c.Clinic),
	}
	p.atColony, p.atClinic = c.handedOver(t, p.health, p.clinic, c.Clinic, person)
	p.health.Give(p.atColony, models.PurposeReferral, c.NGO)
	p.health.Give(p.atColony, models.PurposeReferral, c.Polyclinic)
	p.atNGO = p.ngo.Move(p.health.Refer(p.atColony, Asking(c.NGO)), "acceptance").ClientCode
	p.atPoly = p.poly.Move(p.health.Refer(p.atColony, Asking(c.Polyclinic)), "acceptance").ClientCode
	p.health.Start(p.atColony)
	p.ngo.Start(p.atNGO)
	p.poly.Start(p.atPoly)
	return p
}

// sees compares the episodes a pathway shows, by organisation: true with their items.
func (w Worker) sees(t testing.TB, when, handle string, want map[models.OrganisationID]bool) {
	t.Helper()
	if got := shown(t, w, handle); !maps.Equal(got, want) {
		t.Errorf("%s: %s sees %v, want %v", when, w.Actor.Role, got, want)
	}
}

type episodesOf = map[models.OrganisationID]bool

func TestTeam_IsTheClinicInChargeWithAnOpenEpisode(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := c.inCharge(t, 1)
		p.clinic.sees(t, "without an episode", p.atClinic, episodesOf{})
		e := p.clinic.Start(p.atClinic)
		for _, role := range []models.Role{models.RoleClinician, models.RoleNarcologist, models.RoleNurse, models.RolePsychologist, models.RoleSocialWorker} {
			c.As(role, c.Clinic).sees(t, "in charge", p.atClinic, episodesOf{c.ColonyHealth.ID: true, c.Polyclinic.ID: true, c.Clinic.ID: true})
			c.As(role, c.Polyclinic).sees(t, "not in charge", p.atPoly, episodesOf{c.Polyclinic.ID: true})
		}
		for _, role := range models.KindNGO.Roles() {
			if policy().Allow(role, models.CatIdentity, models.Read) {
				c.As(role, c.NGO).sees(t, "an NGO", p.atNGO, episodesOf{c.NGO.ID: role != models.RolePeerNavigator})
			}
		}
		p.health.sees(t, "a prison health unit", p.atColony, episodesOf{c.ColonyHealth.ID: true})
		_, err := p.clinic.On(e.Version).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
		must(t, err)
		p.clinic.sees(t, "after its episode", p.atClinic, episodesOf{c.Clinic.ID: true})
		p.clinic.Start(p.atClinic)
		p.clinic.sees(t, "with a new episode", p.atClinic, episodesOf{c.ColonyHealth.ID: true, c.Polyclinic.ID: true, c.Clinic.ID: true})
	})
}

// Nothing else changes than who is responsible: it alone decides.
func TestTeam_NeedsResponsibility(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := c.inCharge(t, 1)
		p.clinic.Start(p.atClinic)
		person := c.person(t, c.Clinic, p.atClinic)
		for _, o := range c.All() {
			c.exec(t, "UPDATE persons SET responsible_id = ? WHERE id = ?", string(o.ID), person)
			want := episodesOf{c.Clinic.ID: true}
			if o.ID == c.Clinic.ID {
				want = episodesOf{c.ColonyHealth.ID: true, c.Polyclinic.ID: true, c.Clinic.ID: true}
			}
			p.clinic.sees(t, "responsible is the "+o.Name, p.atClinic, want)
		}
	})
}

// A prison health unit or an NGO in charge, with an open episode and no consent that names
// it, reads its own episodes only.
func TestTeam_IsAClinicAlone(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		for i, o := range []*models.Organisation{c.ColonyHealth, c.NGO} {
			accepts := map[models.OrganisationKind]models.Role{models.KindPrisonHealth: models.RolePrisonMedical, models.KindNGO: models.RoleNGOOutreach}[o.Kind]
			from, to := c.handedOver(t, nurse, c.As(accepts, o), o, 10*i+1)
			nurse.Start(from)
			c.As(accepts, o).Start(to)
			for _, role := range o.Kind.Roles() {
				if policy().Allow(role, models.CatIdentity, models.Read) {
					c.As(role, o).sees(t, "in charge", to, episodesOf{o.ID: policy().Allow(role, models.CatEpisode, models.Read)})
				}
			}
			nurse.sees(t, "handed over", from, episodesOf{c.Clinic.ID: true})
		}
	})
}

// Where the client has said anything about the clinic, on whatever record, the consents
// decide alone.
func TestTeam_GivesWayToConsents(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		kind := func(w Worker, handle string, until models.Date) *store.SeenConsent {
			t.Helper()
			k, _, err := w.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientKind: models.KindClinic, Until: until})
			must(t, err)
			return k
		}
		own, all := episodesOf{c.Clinic.ID: true}, episodesOf{c.ColonyHealth.ID: true, c.Polyclinic.ID: true, c.Clinic.ID: true}
		for i, test := range []struct {
			name string
			say  func(p charge)
			want episodesOf
		}{
			{"nothing", func(charge) {}, all},
			{"something about others", func(p charge) { p.health.Give(p.atColony, models.PurposeReferral, c.OtherNGO, models.CatTreatmentFact) }, all},
			{"to be counted", func(p charge) { p.health.Give(p.atColony, models.PurposeLinkageSector, nil) }, all},
			{"another category", func(p charge) { p.health.Give(p.atColony, models.PurposeReferral, c.Clinic, models.CatScreening) }, own},
			{"the bare fact", func(p charge) { p.health.Give(p.atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact) },
				episodesOf{c.ColonyHealth.ID: false, c.Clinic.ID: true}},
			{"everything, at one record", func(p charge) {
				p.poly.Give(p.atPoly, models.PurposeReferral, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
			}, episodesOf{c.Polyclinic.ID: true, c.Clinic.ID: true}},
			{"another purpose", func(p charge) {
				p.health.Give(p.atColony, models.PurposeDoseContinuity, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
			}, own},
			{"at an NGO", func(p charge) { p.ngo.Give(p.atNGO, models.PurposeReferral, c.Clinic) }, own},
			{"at the clinic itself", func(p charge) { p.clinic.Give(p.atClinic, models.PurposeTreatment, c.Clinic) }, own},
			{"every clinic, at an NGO", func(p charge) { kind(p.ngo, p.atNGO, c.Today()) }, own},
			{"every clinic, withdrawn", func(p charge) { p.ngo.Withdraw(kind(p.ngo, p.atNGO, c.Today()).ID) }, own},
			{"withdrawn", func(p charge) {
				p.health.Withdraw(p.health.Give(p.atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis).ID)
			}, own},
			{"withdrawn at the colony, in force at the polyclinic", func(p charge) {
				p.health.Withdraw(p.health.Give(p.atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact).ID)
				p.poly.Give(p.atPoly, models.PurposeReferral, c.Clinic, models.CatTreatmentFact)
			}, episodesOf{c.Polyclinic.ID: false, c.Clinic.ID: true}},
			{"invalid", func(p charge) {
				k := p.health.Give(p.atColony, models.PurposeReferral, c.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
				c.exec(t, "UPDATE consents SET state = 'invalid' WHERE id = ?", k.ID)
			}, own},
			{"expired", func(p charge) { kind(p.ngo, p.atNGO, c.Today()); c.Advance(24 * time.Hour) }, own}, // last: it moves the clock
		} {
			p := c.inCharge(t, 10*i+1)
			p.clinic.Start(p.atClinic)
			p.clinic.sees(t, "before "+test.name, p.atClinic, all)
			test.say(p)
			p.clinic.sees(t, test.name, p.atClinic, test.want)
		}
	})
}

// The ordinary case: the receiver took the person over on a consent that names it, so that
// opening an episode widens nothing.
func TestTeam_LimitedConsentStaysLimitedAfterOpeningAnEpisode(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic)
		for i, test := range []struct {
			categories []models.Category
			want       episodesOf
		}{
			{nil, episodesOf{}},
			{[]models.Category{models.CatInfection}, episodesOf{}},
			{[]models.Category{models.CatTreatmentFact}, episodesOf{c.ColonyHealth.ID: false}},
			{[]models.Category{models.CatTreatmentFact, models.CatDiagnosis}, episodesOf{c.ColonyHealth.ID: true}},
		} {
			atColony := health.Register(i)
			k := health.Give(atColony, models.PurposeReferral, c.Clinic, test.categories...)
			health.Start(atColony)
			atClinic := clinic.Move(health.Refer(atColony, Asking(c.Clinic)), "acceptance").ClientCode
			if c.responsible(t, c.Clinic, atClinic) != c.Clinic.ID {
				t.Fatal("the clinic is not in charge")
			}
			clinic.sees(t, "before", atClinic, test.want)
			clinic.Start(atClinic)
			test.want[c.Clinic.ID] = true
			clinic.sees(t, "after", atClinic, test.want)
			health.Withdraw(k.ID)
			clinic.sees(t, "withdrawn", atClinic, episodesOf{c.Clinic.ID: true})
		}
	})
}

func TestTeam_WithdrawalAtAnNGOClosesWhatAThirdClinicWrote(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := c.inCharge(t, 1)
		p.clinic.Start(p.atClinic)
		p.clinic.sees(t, "a team", p.atClinic, episodesOf{c.ColonyHealth.ID: true, c.Polyclinic.ID: true, c.Clinic.ID: true})
		k := p.ngo.Give(p.atNGO, models.PurposeReferral, c.Clinic, models.CatTreatmentFact)
		p.clinic.sees(t, "given", p.atClinic, episodesOf{c.NGO.ID: false, c.Clinic.ID: true})
		p.ngo.Withdraw(k.ID)
		p.clinic.sees(t, "withdrawn", p.atClinic, episodesOf{c.Clinic.ID: true})
		c.Advance(366 * 24 * time.Hour) // no does not run out
		p.clinic.sees(t, "a year later", p.atClinic, episodesOf{c.Clinic.ID: true})
	})
}

func TestTeam_NeverReachesConsents(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := c.inCharge(t, 1)
		p.clinic.Start(p.atClinic)
		own := p.clinic.Give(p.atClinic, models.PurposeReferral, c.NGO)
		others := []string{
			p.health.Give(p.atColony, models.PurposeReferral, c.OtherNGO).ID,
			p.ngo.Give(p.atNGO, models.PurposeReferral, c.OtherNGO).ID,
			p.poly.Give(p.atPoly, models.PurposeReferral, c.OtherNGO).ID,
		}
		p.clinic.sees(t, "still a team", p.atClinic, episodesOf{c.ColonyHealth.ID: true, c.Polyclinic.ID: true, c.Clinic.ID: true})
		for _, role := range models.KindClinic.Roles() {
			w := c.As(role, c.Clinic)
			for _, id := range others {
				_, err := w.New().GetConsent(ctx, id)
				wantError(t, err, models.KindNotFound, "consent.not_found")
				_, _, err = w.New().WithdrawConsent(ctx, id)
				wantError(t, err, models.KindNotFound, "consent.not_found")
			}
			if !policy().Allow(role, models.CatIdentity, models.Read) {
				continue
			}
			got, err := w.New().GetPathway(ctx, p.atClinic)
			must(t, err)
			if len(got.Consents) > 1 || len(got.Consents) == 1 && got.Consents[0].ID != own.ID {
				t.Errorf("%s sees %d consents", role, len(got.Consents))
			}
		}
		if n := count(t, c.World, "consents WHERE state = 'withdrawn'"); n != 0 {
			t.Errorf("%d consents were withdrawn", n)
		}
	})
}

// A team reads the pathway; the record itself stays the writer's.
func TestTeam_ReachesNoRecordByItsID(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		p := c.inCharge(t, 1)
		p.clinic.Start(p.atClinic)
		got, err := p.clinic.New().GetPathway(ctx, p.atClinic)
		must(t, err)
		if len(got.Episodes) != 3 {
			t.Fatalf("the team sees %d episodes", len(got.Episodes))
		}
		for _, e := range got.Episodes {
			if e.OrganisationID == c.Clinic.ID {
				continue
			}
			_, err := p.clinic.New().GetEpisode(ctx, e.ID)
			wantError(t, err, models.KindNotFound, "episode.not_found")
			_, err = p.clinic.On(1).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
			wantError(t, err, models.KindNotFound, "episode.not_found")
			_, err = p.clinic.On(1).RecordContact(ctx, e.ID, c.Today())
			wantError(t, err, models.KindNotFound, "episode.not_found")
		}
	})
}
