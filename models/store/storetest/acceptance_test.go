package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// person is whose record a handle of an organisation is.
func (c *Country) person(t testing.TB, o *models.Organisation, handle string) string {
	t.Helper()
	code, localNo, err := models.ParseClientCode(handle)
	must(t, err)
	return scan[string](t, c.World, "SELECT person_id FROM clients WHERE organisation_id = ? AND code = ? AND local_no = ?", string(o.ID), string(code), localNo)
}

func (c *Country) responsible(t testing.TB, o *models.Organisation, handle string) models.OrganisationID {
	t.Helper()
	return models.OrganisationID(scan[string](t, c.World, "SELECT responsible_id FROM persons WHERE id = ?", c.person(t, o, handle)))
}

func TestAcceptance_MakesARecordOfThePerson(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, outreach := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		from, to, _ := c.Joined(nurse, outreach, 1, c.NGO)
		if c.person(t, c.Clinic, from) != c.person(t, c.NGO, to) {
			t.Fatal("two persons")
		}
		got, err := outreach.New().GetClient(ctx, to)
		must(t, err)
		if got.Sex != "M" || got.LowQuality || got.LocalNo != 1 {
			t.Fatalf("%+v", got)
		}
		if again := outreach.Register(1); again != to { // found by initials like any other
			t.Fatal("registering the accepted client made another record")
		}
		// A second referral finds the record that the first one made.
		r := outreach.Move(nurse.Refer(from, Asking(c.NGO)), "acceptance")
		if r.ClientCode != to || count(t, c.World, "clients") != 2 {
			t.Fatalf("the second acceptance made a second record: %s", r.ClientCode)
		}
	})
}

func TestAcceptance_NeverJoinsByCode(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		namesake := other.Register(1)
		from, to, _ := c.Joined(nurse, other, 1, c.Polyclinic)
		if to != namesake+".2" || c.person(t, c.Polyclinic, namesake) == c.person(t, c.Clinic, from) {
			t.Fatalf("%s was taken for %s", to, namesake)
		}
	})
}

// The receiver's own records of the person come along, and the trail and an identity change
// keep whose they were.
func TestAcceptance_JoinsWhatAClinicianConfirms(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		existing, twin, stranger := other.Register(1), other.Register(3), other.Register(5)
		c.change(t, other, other.Colleague(), twin, "merge", existing)
		former, strangers := c.person(t, c.Polyclinic, existing), c.person(t, c.Polyclinic, stranger)
		from := nurse.Register(1)
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		person := c.person(t, c.Clinic, from)
		r := nurse.Refer(from, Asking(c.Polyclinic))
		seq := c.lastSeq(t)
		r = other.Move(r, "acceptance", store.Acceptance{SameAs: existing})
		if r.ClientCode != existing || c.person(t, c.Clinic, from) != person {
			t.Fatalf("%+v", r)
		}
		if c.person(t, c.Polyclinic, existing) != person || c.person(t, c.Polyclinic, twin) != person || c.person(t, c.Polyclinic, stranger) != strangers {
			t.Fatal("not exactly the receiver's records of the person came along")
		}
		if n := count(t, c.World, "clients"); n != 4 {
			t.Fatalf("%d records", n)
		}
		id := scan[string](t, c.World, "SELECT id FROM identity_changes WHERE kind = 'merge' AND state = 'approved' AND organisation_id = ? AND client_id = ? AND with_id = ? AND from_person_id = ? AND to_person_id = ? AND requested_by = ? AND approved_by = ?",
			string(c.Polyclinic.ID), string(r.ToClientID), string(r.FromClientID), former, person, string(other.Actor.UserID), string(other.Actor.UserID))
		events := c.events(t, seq)
		if len(events) != 1 || events[0].Action != "referral.acceptance" {
			t.Fatalf("%+v", events)
		}
		for _, object := range []string{r.ID, string(r.ToClientID), id} {
			if !slices.Contains(events[0].Objects, object) {
				t.Errorf("the event names %v, not %s", events[0].Objects, object)
			}
		}
		// Naming the record again is nothing new.
		other.Move(nurse.Refer(from, Asking(c.Polyclinic)), "acceptance", store.Acceptance{SameAs: twin})
		if n := count(t, c.World, "identity_changes"); n != 2 {
			t.Errorf("%d identity changes", n)
		}
	})
}

// refusesSameAs tries a join that must be refused and must leave everything as it was.
func (c *Country) refusesSameAs(t testing.TB, w Worker, r *store.SeenReferral, handle string) {
	t.Helper()
	before := fmt.Sprint(c.dump(t))
	_, err := w.TryMove(r.ID, r.Version, "acceptance", store.Acceptance{SameAs: handle})
	wantError(t, err, models.KindConflict, "referral.not_same_person")
	if fmt.Sprint(c.dump(t)) != before {
		t.Error("something was changed by a refused acceptance")
	}
}

func TestAcceptance_NeverJoinsAnotherSex(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		for i, existing := range []string{other.Register(2), other.Register(1)} {
			from := nurse.Register(1 + i)
			nurse.Give(from, models.PurposeReferral, c.Polyclinic)
			c.refusesSameAs(t, other, nurse.Refer(from, Asking(c.Polyclinic)), existing)
		}
	})
}

// One clinician's word may not move the records of others to another person.
func TestAcceptance_NeverMovesRecordsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other, outreach := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO)
		existing, atNGO, _ := c.Joined(other, outreach, 1, c.NGO) // the NGO is in charge
		theirs := c.person(t, c.NGO, atNGO)
		from := nurse.Register(1)
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(from, Asking(c.Polyclinic))
		c.refusesSameAs(t, other, r, existing)
		// The way that is left: a record of its own, and four eyes for the rest.
		own := other.Move(r, "acceptance").ClientCode
		if own == existing || c.person(t, c.Polyclinic, own) != c.person(t, c.Clinic, from) {
			t.Fatalf("accepted as %s", own)
		}
		c.change(t, other, other.Colleague(), existing, "merge", own)
		if c.person(t, c.Polyclinic, existing) != c.person(t, c.Clinic, from) || c.person(t, c.NGO, atNGO) != theirs || c.responsible(t, c.NGO, atNGO) != c.NGO.ID {
			t.Error("the merge moved the NGO's record")
		}
		// Also when the sender's own second record hangs on it.
		second, mine, _ := c.Joined(nurse, other, 3, c.Polyclinic)
		c.refusesSameAs(t, other, nurse.Refer(from, Asking(c.Polyclinic)), mine)
		if c.person(t, c.Clinic, second) == c.person(t, c.Clinic, from) {
			t.Error("the sender's records were joined by the receiver")
		}
	})
}

// The initials were typed otherwise, so the codes differ: the receiver must be shown the
// handle of its own record, not a handle made of both, which can be another person's.
func TestAcceptance_ShowsTheRecordThatWasConfirmed(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		other.Register(3)
		namesake := Someone(3)
		namesake.Distinct = true
		mine, _, err := other.New().RegisterClient(ctx, namesake)
		must(t, err)
		from := nurse.Register(1)
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		r := other.Move(nurse.Refer(from, Asking(c.Polyclinic)), "acceptance", store.Acceptance{SameAs: mine.Handle()})
		got, err := other.New().GetReferral(ctx, r.ID)
		must(t, err)
		if r.ClientCode != mine.Handle() || got.ClientCode != mine.Handle() {
			t.Fatalf("the receiver's record is %s; it is shown %s and %s", mine.Handle(), r.ClientCode, got.ClientCode)
		}
		second := other.Move(nurse.Refer(from, Asking(c.Polyclinic)), "acceptance")
		if second.ClientCode != mine.Handle() {
			t.Fatalf("the next referral made a second record, %s, of a person known as %s", second.ClientCode, mine.Handle())
		}
	})
}

func TestAcceptance_OnlyCliniciansConfirm(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		from := nurse.Register(1)
		nurse.Give(from, models.PurposeReferral, c.NGO)
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		for _, w := range []Worker{c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleNGOCoordinator, c.NGO), c.As(models.RoleSocialWorker, c.Polyclinic)} {
			existing := w.Register(1)
			to := c.NGO
			if w.Actor.OrganisationID == c.Polyclinic.ID {
				to = c.Polyclinic
			}
			r := nurse.Refer(from, Asking(to))
			_, err := w.TryMove(r.ID, r.Version, "acceptance", store.Acceptance{SameAs: existing})
			wantError(t, err, models.KindInvalid, "referral.clinician_confirms")
		}
		r := nurse.Refer(from, Asking(c.Polyclinic))
		_, err := c.As(models.RoleNurse, c.Polyclinic).TryMove(r.ID, r.Version, "acceptance", store.Acceptance{SameAs: from + ".7"})
		wantError(t, err, models.KindNotFound, "client.not_found")
		if n := count(t, c.World, "referrals WHERE state = 'accepted'"); n != 0 {
			t.Fatal("a refused acceptance was kept")
		}
	})
}

func TestAcceptance_MovesResponsibilityOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other, outreach := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO)
		from := nurse.Register(1)
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		nurse.Give(from, models.PurposeReferral, c.NGO)
		want := func(o *models.Organisation) {
			t.Helper()
			if got := c.responsible(t, c.Clinic, from); got != o.ID {
				t.Fatalf("responsible is not the %s", o.Name)
			}
		}
		link := Asking(c.Polyclinic)
		link.Reason = "infection_link"
		other.Move(nurse.Refer(from, link), "acceptance")
		want(c.Clinic)
		first, second := nurse.Refer(from, Asking(c.Polyclinic)), nurse.Refer(from, Asking(c.NGO))
		want(c.Clinic) // sending moves nothing
		other.Move(first, "acceptance")
		want(c.Polyclinic)
		outreach.Move(second, "acceptance") // the clinic had nothing left to hand over
		want(c.Polyclinic)
	})
}

// Only the responsible sender hands a person over. A receiver that confirms a record of a
// person it is responsible for does not lose them to a sender who is not handing over; a
// third organisation in charge keeps the person, whoever refers and confirms.
func TestAcceptance_ResponsibilityComesFromTheResponsibleSender(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other, outreach := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO)
		for i, test := range []struct {
			name            string
			reason          string
			elsewhere, same bool // the NGO is responsible; the receiver confirms a record of its own
			want            *models.Organisation
		}{
			{"handed over", "release", false, false, c.Polyclinic},
			{"handed over and confirmed", "release", false, true, c.Polyclinic},
			{"infection link", "infection_link", false, false, c.Clinic},
			{"infection link, confirmed", "infection_link", false, true, c.Clinic},
			{"not the sender's", "release", true, false, c.NGO},
			{"not the sender's, confirmed", "release", true, true, c.NGO},
			{"infection link, not the sender's", "infection_link", true, false, c.NGO},
			{"infection link, not the sender's, confirmed", "infection_link", true, true, c.NGO},
		} {
			from := nurse.Register(i)
			if test.elsewhere {
				nurse.Give(from, models.PurposeReferral, c.NGO)
				outreach.Move(nurse.Refer(from, Asking(c.NGO)), "acceptance")
			}
			var accept store.Acceptance
			if test.same {
				accept.SameAs = other.Register(i)
			}
			nurse.Give(from, models.PurposeReferral, c.Polyclinic)
			ask := Asking(c.Polyclinic)
			ask.Reason = test.reason
			r := other.Move(nurse.Refer(from, ask), "acceptance", accept)
			if test.same && r.ClientCode != accept.SameAs || c.person(t, c.Polyclinic, r.ClientCode) != c.person(t, c.Clinic, from) {
				t.Fatalf("%s: accepted as %s", test.name, r.ClientCode)
			}
			if got := c.responsible(t, c.Clinic, from); got != test.want.ID {
				t.Errorf("%s: responsible is not the %s", test.name, test.want.Name)
			}
		}
		c.everybodyIsKept(t)
	})
}

// A link to infection care adds care and takes nobody: a record that the receiver names in
// sameAs brings the person only when the receiver was treating, and in charge of, that
// person before the link was sent.
func TestAcceptance_AnInfectionLinkTakesNobody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleClinician, c.Polyclinic)
		for i, test := range []struct {
			name          string
			before, after func(handle string) // what the receiver does with its record, before and after the link is sent
			want          *models.Organisation
		}{
			{"a record just made", nil, nil, c.Clinic},
			{"treated before", func(h string) { other.Start(h) }, nil, c.Polyclinic},
			{"treated since", nil, func(h string) { other.Start(h) }, c.Clinic},
			{"treated since, and dated back", nil, func(h string) {
				started := Treatment(c.Today())
				started.StartDate = c.Today().AddDays(-90)
				_, _, err := other.New().StartEpisode(ctx, h, started, "demo-2026")
				must(t, err)
			}, c.Clinic},
			{"treated long ago", func(h string) {
				_, err := other.On(1).CloseEpisode(ctx, other.Start(h).ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})
				must(t, err)
			}, nil, c.Clinic},
		} {
			from, own := nurse.Register(i), other.Register(i)
			nurse.Give(from, models.PurposeReferral, c.Polyclinic)
			if test.before != nil {
				test.before(own)
			}
			c.Advance(time.Minute)
			link := Asking(c.Polyclinic)
			link.Reason = "infection_link"
			r := nurse.Refer(from, link)
			c.Advance(time.Minute)
			if test.after != nil {
				test.after(own)
			}
			if r = other.Move(r, "acceptance", store.Acceptance{SameAs: own}); r.ClientCode != own {
				t.Fatalf("%s: accepted as %s", test.name, r.ClientCode)
			}
			if got := c.responsible(t, c.Clinic, from); got != test.want.ID {
				t.Errorf("%s: responsible is not the %s", test.name, test.want.Name)
			}
		}
		c.everybodyIsKept(t)
	})
}

func TestResponsibility_IsNamedToThoseWhoTreat(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		names := func(w Worker, handle string) bool {
			t.Helper()
			seen, err := w.New().GetClient(ctx, handle)
			must(t, err)
			return seen.ShowResponsible
		}
		link := Asking(c.NGO)
		link.Reason = "infection_link"
		from := nurse.Register(1)
		nurse.Give(from, models.PurposeReferral, c.NGO)
		atNGO := c.As(models.RoleNGOOutreach, c.NGO).Move(nurse.Refer(from, link), "acceptance").ClientCode
		link.ToOrganisationID = c.Polyclinic.ID
		nurse.Give(from, models.PurposeReferral, c.Polyclinic)
		atPolyclinic := c.As(models.RoleNurse, c.Polyclinic).Move(nurse.Refer(from, link), "acceptance").ClientCode
		if !names(nurse, from) {
			t.Error("the responsible organisation is not named to itself")
		}
		if names(c.As(models.RoleNurse, c.Polyclinic), atPolyclinic) {
			t.Error("it is named to a clinic that does not treat")
		}
		c.As(models.RoleNurse, c.Polyclinic).Start(atPolyclinic)
		if !names(c.As(models.RoleNurse, c.Polyclinic), atPolyclinic) {
			t.Error("it is not named to a clinic that treats")
		}
		c.As(models.RoleNGOOutreach, c.NGO).Start(atNGO)
		for _, role := range models.KindNGO.Roles() {
			w := c.As(role, c.NGO)
			if !policy().Allow(role, models.CatIdentity, models.Read) {
				continue
			}
			if names(w, atNGO) {
				t.Errorf("it is named to the %s of an NGO, which is no treating team", role)
			}
		}
	})
}
