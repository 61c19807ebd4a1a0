package storetest

import (
	"slices"
	"testing"

	"jol/models"
	"jol/models/store"
)

func TestPaging_CoversEverythingOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, auditor := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleAuditor, c.Ministry)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		// Sent and received are two stretches of one list.
		other := c.As(models.RoleNurse, c.Polyclinic)
		theirs := other.Register(2)
		other.Give(theirs, models.PurposeReferral, c.Clinic)
		var want []string
		for i := range 7 {
			if i%3 == 1 {
				want = append([]string{other.Refer(theirs, Asking(c.Clinic)).ID}, want...)
			}
			want = append([]string{nurse.Refer(handle, Asking(c.Polyclinic)).ID}, want...)
		}
		for _, limit := range []int{1, 2, 3, 9, 10} {
			var got []string
			for p := (store.Paging{Limit: limit}); ; {
				page, err := nurse.New().ListReferrals(ctx, store.PartyFilter{}, p)
				must(t, err)
				if len(page.Items) > limit {
					t.Fatalf("%d items on a page of %d", len(page.Items), limit)
				}
				for _, r := range page.Items {
					got = append(got, r.ID)
				}
				if page.Next == "" {
					break
				}
				p.Cursor = page.Next
			}
			if !slices.Equal(got, want) {
				t.Errorf("pages of %d: %v, want %v", limit, got, want)
			}
		}
		// Numeric keys are compared as numbers: 9 comes after 10, newest first.
		top := c.lastSeq(t)
		var seqs []int64
		for p := (store.Paging{Limit: 4}); len(seqs) < int(top); {
			page, err := auditor.New().ListAuditEvents(ctx, "", p)
			must(t, err)
			for _, e := range page.Items {
				seqs = append(seqs, e.Seq)
			}
			if p.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		if int64(len(seqs)) != top || !slices.IsSortedFunc(seqs, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("the trail of %d events is paged as %v", top, seqs)
		}
	})
}

func TestPaging_CursorsAreBound(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, admin := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleAdministrator, c.Ministry)
		page, err := nurse.New().ListOrganisations(ctx, store.OrganisationFilter{}, store.Paging{Limit: 2})
		must(t, err)
		if page.Next == "" {
			t.Fatal("there is no next page")
		}
		refused := func(why string, err error) {
			t.Helper()
			if !models.IsKind(err, models.KindInvalid) {
				t.Errorf("%s: %v", why, err)
			}
		}
		use := func(w Worker, cursor string) error {
			_, err := w.New().ListOrganisations(ctx, store.OrganisationFilter{}, store.Paging{Limit: 2, Cursor: cursor})
			return err
		}
		must(t, use(nurse, page.Next))
		refused("another user", use(admin, page.Next))
		_, err = nurse.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 2, Cursor: page.Next})
		refused("another list", err)
		last := "A"
		if page.Next[len(page.Next)-1] == 'A' {
			last = "Q"
		}
		for _, forged := range []string{page.Next[:len(page.Next)-1] + last, page.Next + "AA", page.Next[1:], "x", "====", "%00"} {
			refused("forged", use(nurse, forged))
		}
		if c.lastSeq(t) == 0 {
			t.Fatal("no trail")
		}
	})
}

func TestOrganisations_AreFound(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		admin := c.As(models.RoleAdministrator, c.Ministry)
		services := []string{"oat", "naloxone"}
		o, err := admin.On(1).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Services: &services})
		must(t, err)
		if o.Version != 2 || !slices.Equal(o.Services, services) {
			t.Fatalf("%+v", o)
		}
		for _, test := range []struct {
			filter store.OrganisationFilter
			want   int
		}{
			{store.OrganisationFilter{}, 8}, {store.OrganisationFilter{Kind: models.KindClinic}, 2}, {store.OrganisationFilter{Service: "oat"}, 1},
			{store.OrganisationFilter{Region: "KZ-75"}, 8}, {store.OrganisationFilter{Region: "KZ-71"}, 0}, {store.OrganisationFilter{Kind: models.KindNGO, Service: "oat"}, 0},
		} {
			for _, role := range []models.Role{models.RoleNurse, models.RolePrisonSecurity} {
				org := c.Clinic
				if role == models.RolePrisonSecurity {
					org = c.Colony
				}
				page, err := c.As(role, org).New().ListOrganisations(ctx, test.filter, store.Paging{Limit: 50})
				if err != nil || len(page.Items) != test.want {
					t.Errorf("%+v finds %d, %v", test.filter, len(page.Items), err)
				}
			}
		}
		none := []string{}
		_, err = admin.On(2).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Services: &none})
		must(t, err)
		got, err := admin.New().GetOrganisation(ctx, string(c.Clinic.ID))
		if err != nil || got.Services == nil || len(got.Services) != 0 || !got.ReportsStructured || !got.Active || got.Name != "Clinic" {
			t.Fatalf("%+v %v", got, err)
		}
		_, err = admin.On(2).ChangeOrganisation(ctx, string(c.Clinic.ID), models.OrganisationChange{Services: &none})
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
	})
}

// A closed organisation receives nothing and its people are out.
func TestOrganisation_ClosedIsOut(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		admin, nurse := c.As(models.RoleAdministrator, c.Ministry), c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.NGO)
		off := false
		got, err := admin.On(1).ChangeOrganisation(ctx, string(c.NGO.ID), models.OrganisationChange{Active: &off})
		must(t, err)
		if got.Active {
			t.Fatal("still active: a false value was not written")
		}
		_, _, err = nurse.New().CreateReferral(ctx, handle, Asking(c.NGO))
		wantError(t, err, models.KindInvalid, "referral.receiver_unknown")
		_, _, err = nurse.New().GiveConsent(ctx, handle, models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Until: c.Today()})
		wantError(t, err, models.KindInvalid, "consent.recipient_not_care")
	})
}
