package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"jol/models"
	"jol/models/store"
)

func TestAudit_WritesLeaveOneEventEach(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		seq := c.lastSeq(t)
		wrote := func(action string, objects ...string) {
			t.Helper()
			events := c.events(t, seq)
			if len(events) != 1 {
				t.Fatalf("%s left %d events: %+v", action, len(events), events)
			}
			e := events[0]
			if e.Action != action || e.Outcome != "ok" {
				t.Errorf("%s is recorded as %s, %s", action, e.Action, e.Outcome)
			}
			for _, id := range objects {
				if !slices.Contains(e.Objects, id) {
					t.Errorf("%s names %v, not %s", action, e.Objects, id)
				}
			}
			seq = e.Seq
		}
		client, _, err := nurse.New().RegisterClient(ctx, Someone(1))
		must(t, err)
		wrote("client.create", string(client.ID))
		k := nurse.Give(client.Handle(), models.PurposeReferral, c.Polyclinic)
		wrote("consent.create", k.ID, string(client.ID))
		r := nurse.Refer(client.Handle(), Asking(c.Polyclinic))
		wrote("referral.create", r.ID, string(client.ID))
		r = other.Move(r, "info-request")
		wrote("referral.info_request", r.ID)
		r = other.Move(r, "acceptance")
		wrote("referral.acceptance", r.ID, string(r.ToClientID))
		e := nurse.Start(client.Handle())
		wrote("episode.create", e.ID)
		_, err = nurse.On(1).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "3"})
		must(t, err)
		wrote("episode.close", e.ID)
		ic, _, err := nurse.New().RequestIdentityChange(ctx, client.Handle(), "split", "")
		must(t, err)
		wrote("identity_change.create", ic.ID, string(client.ID))
		_, err = nurse.Colleague().On(1).ApproveIdentityChange(ctx, ic.ID)
		must(t, err)
		wrote("identity_change.approve", ic.ID, string(client.ID))
		nurse.Withdraw(k.ID)
		wrote("consent.withdraw", k.ID, r.ID)
		auditAccounts(t, c, wrote)
	})
}

func auditAccounts(t *testing.T, c *Country, wrote func(string, ...string)) {
	t.Helper()
	admin := c.As(models.RoleAdministrator, c.Ministry)
	o, _, err := admin.New().CreateOrganisation(ctx, models.NewOrganisation{Name: "New", Kind: models.KindNGO, Region: "KZ-75", CentreType: "5"})
	must(t, err)
	wrote("organisation.create", string(o.ID))
	name := "Newer"
	_, err = admin.On(1).ChangeOrganisation(ctx, string(o.ID), models.OrganisationChange{Name: &name})
	must(t, err)
	wrote("organisation.change", string(o.ID))
	u, _, err := admin.New().CreateUser(ctx, models.NewUser{Username: "worker", Password: "long enough for this", Role: models.RoleNGOOutreach, OrganisationID: o.ID})
	must(t, err)
	wrote("user.create", string(u.ID))
	off := false
	_, err = admin.On(1).ChangeUser(ctx, string(u.ID), models.UserChange{Active: &off})
	must(t, err)
	wrote("user.change", string(u.ID))
	role := models.RoleNGOCoordinator
	_, err = admin.On(2).ChangeUser(ctx, string(u.ID), models.UserChange{Role: &role})
	must(t, err)
	wrote("user.role_change", string(u.ID))
	next := "another long password"
	_, err = admin.On(3).ChangeUser(ctx, string(u.ID), models.UserChange{Password: &next})
	must(t, err)
	wrote("user.password_reset", string(u.ID))
}

func TestAudit_EveryReadIsOnDiskBeforeItAnswers(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(handle, Asking(c.Polyclinic))
		e := nurse.Start(handle)
		for action, read := range map[string]func(*store.Session) (string, error){
			"client.read":   func(s *store.Session) (string, error) { v, err := s.GetClient(ctx, handle); return string(v.ID), err },
			"pathway.read":  func(s *store.Session) (string, error) { _, err := s.GetPathway(ctx, handle); return e.ID, err },
			"consent.read":  func(s *store.Session) (string, error) { v, err := s.GetConsent(ctx, k.ID); return v.ID, err },
			"referral.read": func(s *store.Session) (string, error) { v, err := s.GetReferral(ctx, r.ID); return v.ID, err },
			"episode.read":  func(s *store.Session) (string, error) { v, err := s.GetEpisode(ctx, e.ID); return v.ID, err },
		} {
			seq := c.lastSeq(t)
			object, err := read(nurse.New())
			must(t, err)
			events := c.events(t, seq)
			if len(events) != 1 || events[0].Action != action || events[0].Outcome != "ok" || !slices.Contains(events[0].Objects, object) {
				t.Errorf("%s left %+v", action, events)
			}
		}
		for name, list := range map[string]func(*store.Session) error{
			"referral.read": func(s *store.Session) error {
				_, err := s.ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 5})
				return err
			},
			"episode.read": func(s *store.Session) error {
				_, err := s.ListEpisodes(ctx, handle, store.Paging{Limit: 50})
				return err
			},
		} {
			seq := c.lastSeq(t)
			must(t, list(nurse.New()))
			if events := c.events(t, seq); len(events) != 1 || events[0].Action != name || len(events[0].Objects) == 0 {
				t.Errorf("a list left %+v", events)
			}
		}
		seq := c.lastSeq(t)
		must(t, c.RecordDenial(ctx, nurse.Actor, "request", "client.read", "not_found"))
		if events := c.events(t, seq); len(events) != 1 || events[0].Outcome != "not_found" || events[0].Actor != string(nurse.Actor.UserID) {
			t.Errorf("a denial left %+v", events)
		}
	})
}

// breakAudit makes the database refuse every event of an action.
func (c *Country) breakAudit(t testing.TB, action string) {
	t.Helper()
	statements := []string{fmt.Sprintf("CREATE TRIGGER broken BEFORE INSERT ON audit_events WHEN NEW.action = '%s' BEGIN SELECT RAISE(ABORT, 'broken'); END", action)}
	if c.Engine == "postgres" {
		statements = []string{
			"CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$",
			fmt.Sprintf("CREATE TRIGGER broken BEFORE INSERT ON audit_events FOR EACH ROW WHEN (NEW.action = '%s') EXECUTE FUNCTION broken()", action),
		}
	}
	for _, s := range statements {
		_, err := c.sqlDB(t).ExecContext(ctx, s)
		must(t, err)
	}
}

func TestAudit_NoEventNoWrite(t *testing.T) {
	for _, action := range []string{"client.create", "consent.create", "referral.create", "referral.acceptance", "episode.create", "consent.withdraw"} {
		t.Run(action, func(t *testing.T) {
			each(t, func(t *testing.T, c *Country) {
				nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
				handle := nurse.Register(1)
				k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
				r := nurse.Refer(handle, Asking(c.Polyclinic))
				c.breakAudit(t, action)
				before := fmt.Sprint(c.dump(t))
				var err error
				switch action {
				case "client.create":
					_, _, err = nurse.New().RegisterClient(ctx, Someone(2))
				case "consent.create":
					_, _, err = nurse.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeLinkageSector, Until: c.Today()})
				case "referral.create":
					_, _, err = nurse.New().CreateReferral(ctx, handle, Asking(c.Polyclinic))
				case "referral.acceptance":
					_, err = other.TryMove(r.ID, r.Version, "acceptance")
				case "episode.create":
					_, _, err = nurse.New().StartEpisode(ctx, handle, Treatment(c.Today()), "")
				case "consent.withdraw":
					_, _, err = nurse.New().WithdrawConsent(ctx, k.ID)
				}
				if err == nil {
					t.Error("the write succeeded without its event")
				}
				if fmt.Sprint(c.dump(t)) != before {
					t.Error("something was written without its event")
				}
			})
		})
	}
}

func TestAudit_NoEventNoRead(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		c.breakAudit(t, "client.read")
		seen, err := nurse.New().GetClient(ctx, handle)
		wantError(t, err, models.KindUnavailable, "audit.stopped")
		_ = seen
		if _, err := nurse.New().GetPathway(ctx, handle); err != nil {
			t.Fatalf("another read after a failed one: %v", err)
		}
	})
}

func TestAudit_IsAppendOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		c.As(models.RoleNurse, c.Clinic).Register(1)
		before := fmt.Sprint(c.dump(t, "audit_events"), c.dump(t, "audit_objects"))
		const columns, forged = "at, actor_id, actor_role, organisation_id, action, outcome, objects, request_id", "at, 'nobody', actor_role, organisation_id, action, outcome, objects, request_id"
		statements := []string{
			"UPDATE audit_events SET outcome = 'ok'", "DELETE FROM audit_events",
			"INSERT INTO audit_events (seq, " + columns + ") SELECT seq, " + forged + " FROM audit_events WHERE true ON CONFLICT (seq) DO UPDATE SET actor_id = excluded.actor_id",
		}
		statements = append(statements, "UPDATE audit_objects SET object_id = 'nobody'", "DELETE FROM audit_objects",
			"INSERT INTO audit_objects SELECT * FROM audit_objects WHERE true ON CONFLICT (object_id, seq) DO UPDATE SET object_id = 'nobody'")
		if c.Engine == "postgres" {
			statements = append(statements, "TRUNCATE audit_events", "TRUNCATE audit_events CASCADE", "TRUNCATE audit_objects")
		} else {
			statements = append(statements, "REPLACE INTO audit_objects SELECT * FROM audit_objects", "UPDATE OR REPLACE audit_events SET seq = 1")
			for _, id := range []string{"seq", "rowid", "_rowid_", "oid"} { // all name one column
				for _, replace := range []string{"REPLACE", "INSERT OR REPLACE"} {
					statements = append(statements, replace+" INTO audit_events ("+id+", "+columns+") SELECT seq, "+forged+" FROM audit_events")
				}
			}
		}
		for _, s := range statements {
			if _, err := c.sqlDB(t).ExecContext(ctx, s); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", s, err)
			}
		}
		if now := fmt.Sprint(c.dump(t, "audit_events"), c.dump(t, "audit_objects")); now != before || !strings.Contains(now, "object_id") {
			t.Error("the trail was changed")
		}
		c.As(models.RoleNurse, c.Clinic).Register(2) // and it goes on
	})
}

func TestAudit_SaysNothingOfAnybody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		nurse.Actor.Username, other.Actor.Username = "canary-name", "canary-name"
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		n := Asking(c.Polyclinic)
		n.Note = "canary-note"
		r := other.Move(nurse.Refer(handle, n), "acceptance")
		_, err := other.New().GetReferral(ctx, r.ID)
		must(t, err)
		_, err = nurse.New().GetPathway(ctx, handle)
		must(t, err)
		nurse.Start(handle)
		nurse.Withdraw(k.ID)
		for _, v := range c.dump(t, "audit_events") {
			for _, trace := range []string{"canary", "C1-", "P1-", "N1-", handle[3:]} {
				if strings.Contains(v.text, trace) {
					t.Errorf("%s holds %q", v.column, trace)
				}
			}
		}
		auditor := c.As(models.RoleAuditor, c.Ministry)
		page, err := auditor.New().ListAuditEvents(ctx, "referral.create", store.Paging{Limit: 10})
		if err != nil || len(page.Items) != 1 || page.Items[0].ActorID != nurse.Actor.UserID {
			t.Fatalf("%+v %v", page, err)
		}
		for _, w := range []Worker{nurse, c.As(models.RoleAdministrator, c.Ministry), c.As(models.RoleMinistryAnalyst, c.Ministry)} {
			page, err := w.New().ListAuditEvents(ctx, "", store.Paging{Limit: 10})
			if err != nil || len(page.Items) != 0 {
				t.Errorf("%s reads the trail", w.Actor.Role)
			}
		}
	})
}
