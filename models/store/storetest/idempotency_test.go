package storetest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

func TestIdempotency_ReplaysTheFirstAnswer(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		nurse.Register(1)
		req := Key("body")
		found, out, err := nurse.With(req).RegisterClient(ctx, Someone(1))
		must(t, err)
		if out != (store.Outcome{Status: http.StatusOK}) {
			t.Fatalf("%+v", out)
		}
		c.Advance(time.Hour)
		again, out, err := nurse.With(req).RegisterClient(ctx, Someone(1))
		must(t, err)
		if out != (store.Outcome{Status: http.StatusOK, Replayed: true}) || again.ID != found.ID {
			t.Fatalf("%+v", out)
		}
		trail := c.events(t, 0)
		if last := trail[len(trail)-1]; last.Outcome != "replayed" {
			t.Fatalf("the replay is recorded as %q", last.Outcome)
		}
	})
}

func TestIdempotency_ReplayShowsTheRecordAsItIsNow(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		req, ask := Key("refer"), Asking(c.Polyclinic)
		today := models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: c.Today()}
		given := Key("consent")
		k, _, err := nurse.With(given).GiveConsent(ctx, handle, today)
		must(t, err)
		first, _, err := nurse.With(req).CreateReferral(ctx, handle, ask)
		must(t, err)
		nurse.Move(first, "cancellation")
		again, out, err := nurse.With(req).CreateReferral(ctx, handle, ask)
		must(t, err)
		if !out.Replayed || out.Status != http.StatusCreated || again.ID != first.ID || again.State != models.ReferralCancelled {
			t.Fatalf("%+v %+v", out, again)
		}
		// A retry that comes after midnight is still a retry.
		c.Advance(24 * time.Hour)
		late, out, err := nurse.With(given).GiveConsent(ctx, handle, today)
		must(t, err)
		if !out.Replayed || late.ID != k.ID || late.StateOn(late.Today) != models.ConsentExpired {
			t.Fatalf("%+v %+v", out, late)
		}
	})
}

func TestIdempotency_CreatesOutsideCareReplay(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, admin := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleAdministrator, c.Ministry)
		handle := nurse.Register(1)
		creates := map[string]func(store.Request) (string, store.Outcome, error){
			"episode": func(r store.Request) (string, store.Outcome, error) {
				e, out, err := nurse.With(r).StartEpisode(ctx, handle, Treatment(c.Today()), "demo")
				return idOf(err, func() string { return e.ID }), out, err
			},
			"change": func(r store.Request) (string, store.Outcome, error) {
				ic, out, err := nurse.With(r).RequestIdentityChange(ctx, handle, "split", "")
				return idOf(err, func() string { return ic.ID }), out, err
			},
			"user": func(r store.Request) (string, store.Outcome, error) {
				u, out, err := admin.With(r).CreateUser(ctx, models.NewUser{Username: "new-nurse", Password: "a long password", Role: models.RoleNurse, OrganisationID: c.Clinic.ID})
				return idOf(err, func() string { return string(u.ID) }), out, err
			},
			"organisation": func(r store.Request) (string, store.Outcome, error) {
				o, out, err := admin.With(r).CreateOrganisation(ctx, models.NewOrganisation{Name: "New", Kind: models.KindNGO, Region: "KZ-75", CentreType: "5"})
				return idOf(err, func() string { return string(o.ID) }), out, err
			},
		}
		for name, create := range creates {
			req := Key(name)
			first, out, err := create(req)
			must(t, err)
			again, replay, err := create(req)
			must(t, err)
			if out.Replayed || !replay.Replayed || out.Status != replay.Status || first != again {
				t.Errorf("%s: %+v then %+v", name, out, replay)
			}
		}
	})
}

func idOf(err error, id func() string) string {
	if err != nil {
		return ""
	}
	return id()
}

func TestIdempotency_RefusesAnotherBody(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		req := Key("one body")
		_, _, err := nurse.With(req).RegisterClient(ctx, Someone(1))
		must(t, err)
		req.BodyHash = Key("another body").BodyHash
		_, _, err = nurse.With(req).RegisterClient(ctx, Someone(2))
		wantError(t, err, models.KindInvalid, "idempotency.key_reused")
		if n := count(t, c.World, "clients"); n != 1 {
			t.Fatalf("%d clients", n)
		}
	})
}

// A dump holds neither key nor body hash, nor a plain hash of either that could be searched;
// and it does not show who registered the same person.
func TestIdempotency_RowsTellNothing(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, outreach, health := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RolePrisonMedical, c.ColonyHealth)
		req, again := Key("the body of one person"), Key("the body of one person")
		for _, w := range []Worker{nurse, outreach, health} {
			for _, req := range []store.Request{req, again} {
				must(t, second(w.With(req).RegisterClient(ctx, Someone(1))))
			}
		}
		sum := func(text string) []string {
			h := sha256.Sum256([]byte(text))
			return []string{text, hex.EncodeToString(h[:]), base64.StdEncoding.EncodeToString(h[:]), string(h[:])}
		}
		plain := slices.Concat(sum(req.Key), sum(again.Key), sum(req.BodyHash), sum("the body of one person"), sum(req.Key+req.BodyHash))
		seen := map[string]bool{}
		for _, v := range c.dump(t, "idempotency_keys") {
			for _, p := range plain {
				if strings.Contains(v.text, p) {
					t.Errorf("%s holds %q", v.column, p)
				}
			}
			if v.column != "key" && v.column != "body_hash" {
				continue
			}
			if raw, err := hex.DecodeString(v.text); err != nil || len(raw) != sha256.Size {
				t.Errorf("%s is no digest: %s", v.column, v.text)
			}
			if seen[v.text] {
				t.Errorf("two rows share a %s", v.column)
			}
			seen[v.text] = true
		}
		// The same request is still the same request, on this process and the next.
		for _, w := range []Worker{nurse, nurse.Through(c.Open(t))} {
			for _, req := range []store.Request{req, again} {
				got, out, err := w.With(req).RegisterClient(ctx, Someone(1))
				must(t, err)
				if !out.Replayed || got.OrganisationID != c.Clinic.ID {
					t.Fatalf("%+v", out)
				}
			}
			other := req
			other.BodyHash = Key("the body of another person").BodyHash
			_, _, err := w.With(other).RegisterClient(ctx, Someone(2))
			wantError(t, err, models.KindInvalid, "idempotency.key_reused")
		}
	})
}

func TestIdempotency_KeysBelongToTheirUser(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		req := Key("body")
		first, _, err := nurse.With(req).RegisterClient(ctx, Someone(1))
		must(t, err)
		other, out, err := nurse.Colleague().With(req).RegisterClient(ctx, Someone(2))
		must(t, err)
		if out.Replayed || other.ID == first.ID {
			t.Fatal("a key was answered with somebody else's record")
		}
	})
}

func TestIdempotency_FailureLeavesNoKey(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		req := Key("refer")
		_, _, err := nurse.With(req).CreateReferral(ctx, handle, Asking(c.Polyclinic))
		wantError(t, err, models.KindConflict, "referral.consent_required")
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		_, out, err := nurse.With(req).CreateReferral(ctx, handle, Asking(c.Polyclinic))
		must(t, err)
		if out.Replayed {
			t.Fatal("the failure was remembered")
		}
	})
}

func TestIdempotency_OneOfManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		register, refer := Key("register"), Key("refer")
		var made, sent atomic.Int32
		together(16, func(int) {
			_, out, err := nurse.With(register).RegisterClient(ctx, Someone(2))
			if err != nil {
				t.Errorf("register: %v", err)
			}
			if !out.Replayed {
				made.Add(1)
			}
			_, out, err = nurse.With(refer).CreateReferral(ctx, handle, Asking(c.Polyclinic))
			if err != nil {
				t.Errorf("refer: %v", err)
			}
			if !out.Replayed {
				sent.Add(1)
			}
		})
		if made.Load() != 1 || sent.Load() != 1 {
			t.Errorf("%d registrations and %d referrals say they were the first", made.Load(), sent.Load())
		}
		if n := count(t, c.World, "clients"); n != 2 {
			t.Errorf("%d clients, want 2", n)
		}
		if n := count(t, c.World, "referrals"); n != 1 {
			t.Errorf("%d referrals, want 1", n)
		}
	})
}

// A busy day: what many people do at once to different records must all succeed.
func TestConcurrency_UnrelatedWorkSucceeds(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		var failed atomic.Int32
		together(24, func(i int) {
			w := nurse
			if i%2 == 0 {
				w = c.As(models.RoleNGOOutreach, c.NGO)
			}
			for n := range 4 {
				client, _, err := w.New().RegisterClient(ctx, Someone(i*100+n))
				if err == nil {
					_, err = w.New().GetClient(ctx, client.Handle())
				}
				if err == nil {
					_, _, err = w.New().GiveConsent(ctx, client.Handle(), models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.Polyclinic.ID, Until: c.Today()})
				}
				if err == nil {
					_, _, err = w.New().CreateReferral(ctx, client.Handle(), Asking(c.Polyclinic))
				}
				if err != nil {
					t.Logf("%v", err)
					failed.Add(1)
				}
			}
		})
		if n := failed.Load(); n != 0 {
			t.Errorf("%d of 96 did not succeed", n)
		}
	})
}
