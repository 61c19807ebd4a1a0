package storetest

import (
	"slices"
	"strings"
	"testing"

	"jol/models"
	"jol/models/store"
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

// Whoever read of the person by consent, of whatever category, is told that it is gone.
func TestIdentityChange_SplitTellsWhoReadByConsent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		ngo, asks, signs := c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Clinic)
		ngoCode, code, _ := c.Joined(ngo, asks, 1, c.Clinic)
		asks.Give(code, models.PurposeReferral, c.NGO, models.CatScreening)
		entry := c.Write(c.Clinic, code, "screening", models.CatScreening, "")
		if _, err := ngo.New().GetEntry(ctx, entry); err != nil {
			t.Fatalf("the NGO does not read what it consented to: %v", err)
		}
		at := c.feed(t, ngo, "")
		c.change(t, asks, signs, code, "split", "")
		wantFeed(t, c.feed(t, ngo, at.Next), store.Change{Kind: "gone", Was: "entry", ID: entry}, store.Change{Kind: "client", ID: ngoCode})
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

// everybodyIsKept: whoever is responsible for somebody has a record of them.
func (c *Country) everybodyIsKept(t testing.TB) {
	t.Helper()
	if n := count(t, c.World, `persons p WHERE EXISTS (SELECT 1 FROM clients c WHERE c.person_id = p.id)
		AND NOT EXISTS (SELECT 1 FROM clients c WHERE c.person_id = p.id AND c.organisation_id = p.responsible_id)`); n != 0 {
		t.Errorf("for %d persons an organisation is responsible that has no record of them", n)
	}
}

// left is a person known to the clinic, the NGO and the polyclinic, in this order, in whose
// charge the person is.
func (c *Country) left(t testing.TB, person int) (atClinic, atNGO, atPoly string) {
	t.Helper()
	nurse, outreach, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleClinician, c.Polyclinic)
	atClinic = nurse.Register(person)
	nurse.Give(atClinic, models.PurposeReferral, c.NGO)
	nurse.Give(atClinic, models.PurposeReferral, c.Polyclinic)
	link := Asking(c.NGO)
	link.Reason = "infection_link"
	atNGO = outreach.Move(nurse.Refer(atClinic, link), "acceptance").ClientCode
	atPoly = other.Move(nurse.Refer(atClinic, Asking(c.Polyclinic)), "acceptance").ClientCode
	if c.responsible(t, c.Clinic, atClinic) != c.Polyclinic.ID {
		t.Fatal("the polyclinic is not in charge")
	}
	return atClinic, atNGO, atPoly
}

func TestIdentityChange_LeavesNobodyWithoutAnOrganisation(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		other, signs := c.As(models.RoleClinician, c.Polyclinic), c.As(models.RoleNurse, c.Polyclinic)
		for i, test := range []struct {
			name  string
			treat func(atClinic, atNGO string)
			want  *models.Organisation
		}{
			{"known longest", func(string, string) {}, c.Clinic},
			{"treated by one", func(_, atNGO string) { c.As(models.RoleNGOOutreach, c.NGO).Start(atNGO) }, c.NGO},
			{"treated by both", func(atClinic, atNGO string) {
				c.As(models.RoleNGOOutreach, c.NGO).Start(atNGO)
				c.As(models.RoleNurse, c.Clinic).Start(atClinic)
			}, c.Clinic},
			{"treated before", func(_, atNGO string) {
				w := c.As(models.RoleNGOOutreach, c.NGO)
				_, err := w.On(1).CloseEpisode(ctx, w.Start(atNGO).ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
				must(t, err)
			}, c.Clinic},
		} {
			for j, kind := range []string{"split", "merge"} {
				n := 40*i + 20*j
				atClinic, atNGO, atPoly := c.left(t, n)
				test.treat(atClinic, atNGO)
				with := ""
				if kind == "merge" {
					with = other.Register(n + 10)
				}
				c.change(t, other, signs, atPoly, kind, with)
				if c.responsible(t, c.Clinic, atClinic) != test.want.ID || c.person(t, c.NGO, atNGO) != c.person(t, c.Clinic, atClinic) {
					t.Errorf("%s, %s: responsible is not the %s", kind, test.name, test.want.Name)
				}
				if c.responsible(t, c.Polyclinic, atPoly) != c.Polyclinic.ID || c.person(t, c.Polyclinic, atPoly) == c.person(t, c.Clinic, atClinic) {
					t.Errorf("%s, %s: who was parted is not the polyclinic's", kind, test.name)
				}
			}
		}
		c.everybodyIsKept(t)
	})
}

func TestIdentityChange_KeepsWhoHasAnotherRecordInCharge(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		other, signs := c.As(models.RoleClinician, c.Polyclinic), c.As(models.RoleNurse, c.Polyclinic)
		atClinic, _, atPoly := c.left(t, 1)
		second := other.Register(3)
		c.change(t, other, signs, second, "merge", atPoly)
		c.change(t, other, signs, atPoly, "split", "")
		if c.responsible(t, c.Clinic, atClinic) != c.Polyclinic.ID {
			t.Error("the polyclinic still has a record, and is not in charge any more")
		}
		c.change(t, other, signs, second, "merge", atPoly)
		if c.responsible(t, c.Clinic, atClinic) != c.Clinic.ID {
			t.Error("the clinic is not in charge after the last record of the polyclinic was parted")
		}
		// Who leaves without being in charge changes nothing for those who stay.
		nurse := c.As(models.RoleNurse, c.Clinic)
		theirs, _, inCharge := c.left(t, 11)
		c.change(t, nurse, nurse.Colleague(), theirs, "split", "")
		if c.responsible(t, c.Polyclinic, inCharge) != c.Polyclinic.ID || c.responsible(t, c.Clinic, theirs) != c.Clinic.ID {
			t.Error("a split moved the responsibility of others")
		}
		c.everybodyIsKept(t)
	})
}

// The second user approves what was there when the first asked.
func TestIdentityChange_IsRefusedWhenARecordHasMoved(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		asks, signs := c.As(models.RoleNurse, c.Polyclinic), c.As(models.RoleClinician, c.Polyclinic)
		n := 0
		next := func() string { n += 2; return asks.Register(n + 1) } // of one sex
		refer := func(person int) *store.SeenReferral {
			nurse := c.As(models.RoleNurse, c.Clinic)
			from := nurse.Register(person)
			nurse.Give(from, models.PurposeReferral, c.Polyclinic)
			return nurse.Refer(from, Asking(c.Polyclinic))
		}
		for name, move := range map[string]func(a, b string){
			"the record, merged":    func(a, _ string) { c.change(t, asks, signs, a, "merge", next()) },
			"the record, confirmed": func(a, _ string) { signs.Move(refer(1), "acceptance", store.Acceptance{SameAs: a}) },
			"the record, split":     func(a, _ string) { c.change(t, asks, signs, a, "split", "") },
			"the other, merged":     func(_, b string) { c.change(t, asks, signs, b, "merge", next()) },
			"the other, confirmed":  func(_, b string) { signs.Move(refer(3), "acceptance", store.Acceptance{SameAs: b}) },
			"the other, split":      func(_, b string) { c.change(t, asks, signs, b, "split", "") },
		} {
			a, b := next(), next()
			pending := []*store.SeenIdentityChange{}
			ic, _, err := asks.New().RequestIdentityChange(ctx, a, "merge", b)
			must(t, err)
			pending = append(pending, ic)
			if strings.HasPrefix(name, "the record") {
				ic, _, err = asks.New().RequestIdentityChange(ctx, a, "split", "")
				must(t, err)
				pending = append(pending, ic)
			}
			move(a, b)
			before := [2]string{c.person(t, c.Polyclinic, a), c.person(t, c.Polyclinic, b)}
			for _, ic := range pending {
				_, err := signs.On(ic.Version).ApproveIdentityChange(ctx, ic.ID)
				if !models.IsKind(err, models.KindConflict) {
					t.Errorf("%s, %s: %v", name, ic.Kind, err)
					continue
				}
				wantError(t, err, models.KindConflict, "identity_change.moved")
				if state := scan[string](t, c.World, "SELECT state FROM identity_changes WHERE id = ?", ic.ID); state != "requested" {
					t.Errorf("%s: the change is %s", name, state)
				}
			}
			if before != [2]string{c.person(t, c.Polyclinic, a), c.person(t, c.Polyclinic, b)} {
				t.Errorf("%s: the refused approval moved a record", name)
			}
		}
		c.everybodyIsKept(t)
	})
}

func TestIdentityChange_ListShowsTheCodesOfOwnRecords(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		asks, signs := c.As(models.RoleNurse, c.Polyclinic), c.As(models.RoleClinician, c.Polyclinic)
		a, b := asks.Register(1), asks.Register(3)
		namesake := Someone(3)
		namesake.Distinct = true
		twin, _, err := asks.New().RegisterClient(ctx, namesake)
		must(t, err)
		merge, _, err := asks.New().RequestIdentityChange(ctx, a, "merge", strings.ToLower(twin.Handle())) // as people type it
		must(t, err)
		split, _, err := asks.New().RequestIdentityChange(ctx, b, "split", "")
		must(t, err)
		nurse := c.As(models.RoleNurse, c.Clinic)
		from := nurse.Register(5)
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		own := asks.Register(7)
		r := signs.Move(nurse.Refer(from, Asking(c.Polyclinic)), "acceptance", store.Acceptance{SameAs: own})
		if merge.ClientCode != a || merge.WithCode != twin.Handle() || split.ClientCode != b || split.WithCode != "" {
			t.Errorf("asked for %s with %q and %s with %q", merge.ClientCode, merge.WithCode, split.ClientCode, split.WithCode)
		}
		list := func(w Worker, state string) (out []string) {
			t.Helper()
			page, err := w.New().ListIdentityChanges(ctx, state, store.Paging{Limit: 10})
			must(t, err)
			for _, ic := range page.Items {
				out = append(out, ic.Kind+" "+ic.ClientCode+" "+ic.WithCode)
			}
			return out
		}
		seq := c.lastSeq(t)
		for state, want := range map[string][]string{
			"":          {"merge " + own + " ", "split " + b + " ", "merge " + a + " " + twin.Handle()},
			"requested": {"split " + b + " ", "merge " + a + " " + twin.Handle()},
			"approved":  {"merge " + own + " "},
		} {
			if got := list(signs, state); !slices.Equal(got, want) {
				t.Errorf("state %q: %q, want %q", state, got, want)
			}
		}
		for _, e := range c.events(t, seq) {
			if e.Action != "identity_change.read" || slices.Contains(e.Objects, string(r.FromClientID)) {
				t.Errorf("%+v", e)
			}
		}
		for _, w := range []Worker{nurse, c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOCoordinator, c.NGO), c.As(models.RoleSocialWorker, c.Polyclinic), c.As(models.RoleAdministrator, c.Polyclinic)} {
			if got := list(w, ""); len(got) != 0 {
				t.Errorf("%s of the %s sees %q", w.Actor.Role, w.Actor.OrganisationName, got)
			}
		}
		done, err := signs.On(1).ApproveIdentityChange(ctx, merge.ID)
		must(t, err)
		if done.ClientCode != a || done.WithCode != twin.Handle() {
			t.Errorf("approved %s with %q", done.ClientCode, done.WithCode)
		}
	})
}
