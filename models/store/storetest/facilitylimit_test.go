package storetest

import (
	"sync/atomic"
	"testing"

	"jol/models"
)

func facilityLimit(c *Country) models.NewFacilityLimit {
	return models.NewFacilityLimit{OrganisationID: c.Clinic.ID, Protocol: clinicProtocol, Edition: builtInEdition, Step: "s", LimitID: "l",
		Duration: "PT5M", Reason: "A nurse stands at the door."}
}

// However many set it at once, one limit is in force, and every other one was ended.
func TestFacilityLimit_OneIsInForce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		editor := c.As(models.RoleProtocolEditor, c.Ministry)
		var made atomic.Int64
		together(6, func(int) {
			if _, _, err := editor.New().SetFacilityLimit(ctx, facilityLimit(c)); err != nil {
				t.Error(err)
				return
			}
			made.Add(1)
		})
		if n := count(t, c.World, "facility_limits WHERE ended_at IS NULL"); n != 1 {
			t.Errorf("%d in force", n)
		}
		if n := count(t, c.World, "facility_limits WHERE ended_at IS NOT NULL AND version = 2"); int64(n) != made.Load()-1 {
			t.Errorf("%d ended of %d", n, made.Load())
		}
		if n := count(t, c.World, "audit_events WHERE action = 'facility_limit.create'"); int64(n) != made.Load() {
			t.Errorf("%d audit events for %d writes", n, made.Load())
		}
	})
}

func TestFacilityLimit_OnlyEditorsEndOne(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		l, _, err := c.As(models.RoleProtocolEditor, c.Ministry).New().SetFacilityLimit(ctx, facilityLimit(c))
		must(t, err)
		for _, role := range []models.Role{models.RoleNarcologist, models.RoleAdministrator} {
			_, err := c.As(role, c.Clinic).On(1).EndFacilityLimit(ctx, l.ID)
			wantError(t, err, models.KindNotFound, "facility_limit.not_found")
		}
		if n := count(t, c.World, "facility_limits WHERE ended_at IS NULL"); n != 1 {
			t.Errorf("%d in force", n)
		}
	})
}

func TestFacilityLimit_IsRepeatable(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		s := c.As(models.RoleProtocolEditor, c.Ministry).New()
		first, _, err := s.SetFacilityLimit(ctx, facilityLimit(c))
		must(t, err)
		second, out, err := s.SetFacilityLimit(ctx, facilityLimit(c))
		must(t, err)
		if !out.Replayed || second.ID != first.ID || second.EndedAt != nil {
			t.Errorf("%+v %+v", out, second)
		}
		unknown := facilityLimit(c)
		unknown.OrganisationID = "nobody"
		_, _, err = c.As(models.RoleProtocolEditor, c.Ministry).New().SetFacilityLimit(ctx, unknown)
		wantError(t, err, models.KindInvalid, "facility_limit.organisation_unknown")
	})
}
