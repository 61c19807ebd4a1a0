package storetest

import (
	"testing"

	"jol/models"
)

func TestIdentityChange_NeedsFourEyes(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		asks, signs := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Clinic)
		a, b := asks.Register(1), asks.Register(2)
		ic, _, err := asks.New().RequestIdentityChange(ctx, a, "merge", b)
		must(t, err)
		if c.person(t, c.Clinic, a) == c.person(t, c.Clinic, b) {
			t.Fatal("asking merged them")
		}
		_, err = asks.On(1).ApproveIdentityChange(ctx, ic.ID)
		wantError(t, err, models.KindConflict, "identity_change.four_eyes")
		_, err = signs.On(7).ApproveIdentityChange(ctx, ic.ID)
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		for _, stranger := range []Worker{c.As(models.RoleClinician, c.Polyclinic), c.As(models.RoleSocialWorker, c.Clinic), c.As(models.RoleAdministrator, c.Ministry)} {
			_, err = stranger.On(1).ApproveIdentityChange(ctx, ic.ID)
			wantError(t, err, models.KindNotFound, "identity_change.not_found")
		}
		done, err := signs.On(1).ApproveIdentityChange(ctx, ic.ID)
		must(t, err)
		if done.State != "approved" || done.ApprovedBy != signs.Actor.UserID || c.person(t, c.Clinic, a) != c.person(t, c.Clinic, b) {
			t.Fatalf("%+v", done)
		}
		_, err = signs.Colleague().On(2).ApproveIdentityChange(ctx, ic.ID)
		wantError(t, err, models.KindConflict, "identity_change.not_requested")
	})
}

func TestIdentityChange_SplitUndoesMerge(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		asks, signs := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Clinic)
		a, b := asks.Register(1), asks.Register(2)
		change := func(kind, with string) {
			t.Helper()
			ic, _, err := asks.New().RequestIdentityChange(ctx, a, kind, with)
			must(t, err)
			_, err = signs.On(ic.Version).ApproveIdentityChange(ctx, ic.ID)
			must(t, err)
		}
		asks.Start(b)
		change("merge", b)
		if got, err := asks.New().GetPathway(ctx, a); err != nil || len(got.Episodes) != 1 {
			t.Fatalf("after the merge: %+v %v", got, err)
		}
		change("split", "")
		if c.person(t, c.Clinic, a) == c.person(t, c.Clinic, b) {
			t.Fatal("still one person")
		}
		if got, err := asks.New().GetPathway(ctx, a); err != nil || len(got.Episodes) != 0 {
			t.Fatalf("after the split: %+v %v", got, err)
		}
		if c.responsible(t, c.Clinic, a) != c.Clinic.ID || c.responsible(t, c.Clinic, b) != c.Clinic.ID {
			t.Fatal("somebody has no responsible organisation")
		}
	})
}

func TestIdentityChange_IsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		a, theirs := nurse.Register(1), c.As(models.RoleNurse, c.Polyclinic).Register(2)
		for _, bad := range []struct {
			kind, with string
			error      models.Kind
			code       string
		}{
			{"swap", "", models.KindInvalid, "identity_change.kind_unknown"},
			{"merge", "", models.KindInvalid, "identity_change.with_of_merge_only"},
			{"split", a, models.KindInvalid, "identity_change.with_of_merge_only"},
			{"merge", theirs, models.KindNotFound, "client.not_found"},
		} {
			_, _, err := nurse.New().RequestIdentityChange(ctx, a, bad.kind, bad.with)
			wantError(t, err, bad.error, bad.code)
		}
	})
}
