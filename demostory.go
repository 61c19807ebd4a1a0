package main

import (
	"context"
	"fmt"

	"jol/models"
	"jol/models/store"
	"jol/policies"
)

// actors makes sessions of the demo's accounts, through which its scenes are set with the
// same use cases the API calls.
type actors struct {
	store    *store.Store
	gate     *policies.Policies
	accounts map[models.Role]demoAccount
	calls    int
}

// as is a session of the first account of a role, for one call on a version of a record.
func (a *actors) as(ctx context.Context, role models.Role, version int64) (*store.Session, error) {
	actor, err := store.NewAccounts(a.store).Authenticate(ctx, a.accounts[role].Token, "")
	a.calls++
	return a.store.For(actor, a.gate.Grants(role), store.Request{ID: "demo", Key: fmt.Sprint("demo scene ", a.calls), BodyHash: "demo", Base: version}), err
}

// setScenes sets the scenes of the demo.
func setScenes(ctx context.Context, s *store.Store, accounts map[models.Role]demoAccount) error {
	gate, err := policies.New()
	if err != nil {
		return err
	}
	return (&actors{store: s, gate: gate, accounts: accounts}).scenes(ctx)
}

// scenes are what nobody's synthetic life contains: who receives a release that nobody accepted,
// an NGO's way into an institution, and somebody under supervision. They are set once.
func (a *actors) scenes(ctx context.Context) error {
	s, err := a.as(ctx, models.RoleAdministrator, 0)
	if err != nil {
		return err
	}
	clinics, err := s.ListOrganisations(ctx, store.OrganisationFilter{Kind: models.KindClinic}, store.Paging{Limit: 100})
	if err != nil {
		return err
	}
	set := false
	for _, o := range clinics.Items {
		if o.CentreType != "1" { // the region's narcology clinic
			continue
		}
		s, err := a.as(ctx, models.RoleAdministrator, 0)
		if err != nil {
			return err
		}
		d, err := s.GetDefaultClinic(ctx, o.Region)
		if err != nil {
			return err
		}
		if set = d.Version > 0; set {
			break
		}
		if s, err = a.as(ctx, models.RoleAdministrator, 0); err != nil {
			return err
		}
		if _, err := s.SetDefaultClinic(ctx, o.Region, o.ID); err != nil {
			return err
		}
	}
	if set {
		return nil
	}
	if err := a.custodyScene(ctx); err != nil {
		return err
	}
	return a.probationScene(ctx)
}

// scene runs steps until one fails.
type scene struct {
	*actors
	ctx   context.Context
	today models.Date
	err   error
}

func (s *scene) do(role models.Role, version int64, step func(*store.Session) error) {
	if s.err != nil {
		return
	}
	var session *store.Session
	if session, s.err = s.as(s.ctx, role, version); s.err == nil {
		s.err = step(session)
	}
}

// custodyScene lets the NGO's worker into the institution, to somebody who is held there and
// agreed to it.
func (a *actors) custodyScene(ctx context.Context) error {
	s := &scene{actors: a, ctx: ctx, today: models.DateOf(models.Now(), "Asia/Almaty")}
	prison, ngo := a.accounts[models.RolePrisonSecurity].Organisation, a.accounts[models.RoleNGOOutreach].Organisation
	var agreement *store.SeenAgreement
	s.do(models.RoleNGOCoordinator, 0, func(c *store.Session) (err error) {
		agreement, _, err = c.CreateAgreement(ctx, models.NewAgreement{InstitutionID: prison, Services: []string{"counselling", "release_preparation"}, DataAnnex: true,
			ValidFrom: s.today, ValidUntil: s.today.AddMonths(12)})
		return err
	})
	for _, move := range []struct {
		role   models.Role
		action string
	}{{models.RoleNGOCoordinator, "negotiation"}, {models.RoleNGOCoordinator, "signature"}, {models.RolePrisonManagement, "countersignature"}, {models.RoleProgrammeCoordinator, "activation"}} {
		s.do(move.role, versionOf(agreement), func(c *store.Session) (err error) {
			agreement, err = c.MoveAgreement(ctx, agreement.ID, move.action, models.AgreementMove{})
			return err
		})
	}
	var pass *store.SeenPass
	s.do(models.RoleNGOCoordinator, 0, func(c *store.Session) error {
		outreach, err := store.NewAccounts(a.store).Authenticate(ctx, a.accounts[models.RoleNGOOutreach].Token, "")
		if err != nil {
			return err
		}
		pass, _, err = c.ApplyForPass(ctx, models.NewPass{UserID: outreach.UserID, InstitutionID: prison, Purpose: "release_preparation", ValidFrom: s.today, ValidUntil: s.today.AddMonths(6)})
		return err
	})
	for _, action := range []string{"approval", "induction", "activation"} {
		verb := models.Change
		if action == "approval" {
			verb = models.Approve
		}
		version := int64(0)
		if pass != nil {
			version = pass.Version
		}
		s.do(models.RolePrisonManagement, version, func(c *store.Session) (err error) {
			pass, err = c.MovePass(ctx, pass.ID, action, verb, models.PassMove{On: s.today})
			return err
		})
	}
	s.do(models.RoleNGOCoordinator, 0, func(c *store.Session) error {
		_, _, err := c.PlanVisit(ctx, models.NewVisit{PassID: pass.ID, Purpose: "group_session", On: s.today.AddDays(7)})
		return err
	})
	s.held(ngo)
	return s.err
}

func versionOf(a *store.SeenAgreement) int64 {
	if a == nil {
		return 0
	}
	return a.Version
}

// held is somebody in the institution whom the health unit referred to the NGO.
func (s *scene) held(ngo models.OrganisationID) {
	handle := s.client(models.RolePrisonMedical, models.Registration{Country: "KZ", Sex: "M", BirthYear: 1988, MotherInitials: "Га", FatherInitials: "Бо"})
	s.do(models.RolePrisonMedical, 0, func(c *store.Session) error {
		admitted := models.Now().AddDate(0, 0, -20)
		_, _, err := c.OpenSpell(s.ctx, handle, models.NewSpell{Basis: "sentenced", AdmittedAt: &admitted, PlannedRelease: s.today.AddDays(60)})
		return err
	})
	s.do(models.RolePrisonMedical, 0, func(c *store.Session) error {
		_, _, err := c.StartEpisode(s.ctx, handle, models.NewEpisode{StartDate: s.today.AddDays(-19), LegalBasis: "voluntary", PreviousTreatment: "1", ReferralSource: "6",
			PrimaryDrug: "11", Route: "1", Injecting: "2.3"}, "")
		return err
	})
	s.consent(models.RolePrisonMedical, handle, ngo, models.CatTreatmentFact, models.CatReleasePlan)
	var sent *store.SeenReferral
	s.do(models.RolePrisonMedical, 0, func(c *store.Session) (err error) {
		sent, _, err = c.CreateReferral(s.ctx, handle, models.NewReferral{ToOrganisationID: ngo, Reason: "other", Urgency: "routine", Needs: []string{"social"}})
		return err
	})
	s.do(models.RoleNGOOutreach, 1, func(c *store.Session) error {
		_, err := c.MoveReferral(s.ctx, sent.ID, "acceptance", models.ReferralMove{}, store.Acceptance{})
		return err
	})
}

// probationScene is somebody who lets the probation office see attendance and social plan, and
// agreed to be referred to the NGO.
func (a *actors) probationScene(ctx context.Context) error {
	s := &scene{actors: a, ctx: ctx, today: models.DateOf(models.Now(), "Asia/Almaty")}
	handle := s.client(models.RoleSocialWorker, models.Registration{Country: "KZ", Sex: "M", BirthYear: 1991, MotherInitials: "Ай", FatherInitials: "Ну"})
	s.do(models.RoleSocialWorker, 0, func(c *store.Session) error {
		plan := models.Plan{On: s.today, ReviewOn: s.today.AddDays(30), AgreedWithClient: true, Goals: []models.PlanGoal{{Goal: "housing", State: "open"}}}
		_, _, err := c.RecordEntry(ctx, handle, &models.SocialPlan{Plan: plan})
		return err
	})
	s.consent(models.RoleClinician, handle, a.accounts[models.RoleProbationOfficer].Organisation, models.CatAttendance, models.CatPlanSocial)
	s.consent(models.RoleClinician, handle, a.accounts[models.RoleNGOOutreach].Organisation, models.CatPlanSocial)
	return s.err
}

func (s *scene) client(role models.Role, r models.Registration) (handle string) {
	s.do(role, 0, func(c *store.Session) error {
		client, _, err := c.RegisterClient(s.ctx, r)
		if err == nil {
			handle = client.Handle()
		}
		return err
	})
	return handle
}

func (s *scene) consent(role models.Role, handle string, to models.OrganisationID, categories ...models.Category) {
	s.do(role, 0, func(c *store.Session) error {
		_, _, err := c.GiveConsent(s.ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: to, Categories: categories, Until: s.today.AddMonths(6)})
		return err
	})
}
