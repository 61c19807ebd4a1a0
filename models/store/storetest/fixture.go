package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/store"
)

// Country is a small country to test in: two clinics, a colony with its health unit,
// two NGOs, probation and the ministry.
type Country struct {
	*World
	t      testing.TB
	grants func(models.Role) models.Grants

	Clinic, Polyclinic, Colony, ColonyHealth, NGO, OtherNGO, Probation, Ministry *models.Organisation
}

// Settle fills an empty world. The grants come from the caller, so that this package
// need not know where the policy is kept.
func (w *World) Settle(t testing.TB, grants func(models.Role) models.Grants) *Country {
	t.Helper()
	c := &Country{World: w, t: t, grants: grants}
	c.Clinic = c.organisation("Clinic", models.KindClinic, "1", "")
	c.Polyclinic = c.organisation("Polyclinic", models.KindClinic, "2", "")
	c.Colony = c.organisation("Colony", models.KindPrison, "6", "")
	c.ColonyHealth = c.organisation("Colony health unit", models.KindPrisonHealth, "3", c.Colony.ID)
	c.NGO = c.organisation("Road", models.KindNGO, "5", "")
	c.OtherNGO = c.organisation("Bridge", models.KindNGO, "5", "")
	c.Probation = c.organisation("Probation", models.KindProbation, "6", "")
	c.Ministry = c.organisation("Ministry", models.KindMinistry, "6", "")
	return c
}

func (c *Country) organisation(name string, kind models.OrganisationKind, centre string, serves models.OrganisationID) *models.Organisation {
	c.t.Helper()
	_, care := kind.Sector()
	o, _, err := c.For(models.System("KZ"), nil, Key(name)).CreateOrganisation(context.Background(), models.NewOrganisation{
		Name: name, Kind: kind, Region: "KZ-75", CentreType: centre, Serves: serves, ReportsStructured: care && kind != models.KindNGO,
	})
	if err != nil {
		c.t.Fatalf("create %s: %v", name, err)
	}
	return o
}

// All lists the organisations.
func (c *Country) All() []*models.Organisation {
	return []*models.Organisation{c.Clinic, c.Polyclinic, c.Colony, c.ColonyHealth, c.NGO, c.OtherNGO, c.Probation, c.Ministry}
}

// Worker is one user of one organisation, with the grants of the real policy.
type Worker struct {
	country *Country
	store   *store.Store
	Actor   models.Actor
}

// As is the user who has the role in the organisation; asking twice gives the same user.
func (c *Country) As(role models.Role, o *models.Organisation) Worker {
	return Worker{country: c, store: c.Store, Actor: models.Actor{
		UserID: models.UserID("user of " + string(role) + " " + string(o.ID)), Username: "work-name", Role: role,
		OrganisationID: o.ID, OrganisationName: o.Name, OrganisationKind: o.Kind, Serves: o.Serves,
		Region: o.Region, Country: o.Country, Zone: "Asia/Almaty",
	}}
}

// Colleague is another user with the same role in the same organisation.
func (w Worker) Colleague() Worker {
	w.Actor.UserID += " (colleague)"
	return w
}

// Through is the same user on another open store.
func (w Worker) Through(s *store.Store) Worker {
	w.store = s
	return w
}

// With is a session for one request.
func (w Worker) With(req store.Request) *store.Session {
	return w.store.For(w.Actor, w.country.grants(w.Actor.Role), req)
}

// New is a session for a request with a fresh idempotency key.
func (w Worker) New() *store.Session { return w.With(Key("body")) }

// On is a session for a change that was made on a version.
func (w Worker) On(version int64) *store.Session {
	return w.With(store.Request{ID: uuid.NewString(), Base: version})
}

// letters fold to themselves and form no group with one another.
const letters = "ABDEKLMNOPRTUV"

// Someone is the n-th of many different people: n below 38,416 never repeats a code.
func Someone(n int) models.Registration {
	pair := func(i int) string {
		return string([]byte{letters[i/len(letters)%len(letters)], letters[i%len(letters)]})
	}
	pairs := len(letters) * len(letters)
	return models.Registration{
		Country: "KZ", Sex: "FM"[n%2 : n%2+1], BirthYear: 1985, MotherInitials: pair(n % pairs), FatherInitials: pair(n / pairs),
	}
}

// Register makes a client record and returns its handle.
func (w Worker) Register(person int) string {
	w.country.t.Helper()
	c, _, err := w.New().RegisterClient(context.Background(), Someone(person))
	if err != nil {
		w.country.t.Fatalf("register: %v", err)
	}
	return c.Handle()
}

// Give records a consent for a recipient organisation until a year from now.
func (w Worker) Give(handle string, purpose models.Purpose, to *models.Organisation, categories ...models.Category) *store.SeenConsent {
	w.country.t.Helper()
	n := models.NewConsent{Purpose: purpose, Categories: categories, Until: w.country.Today().AddMonths(12)}
	if to != nil {
		n.RecipientID = to.ID
	}
	k, _, err := w.New().GiveConsent(context.Background(), handle, n)
	if err != nil {
		w.country.t.Fatalf("consent: %v", err)
	}
	return k
}

// Withdraw withdraws a consent.
func (w Worker) Withdraw(id string) *models.WithdrawalReceipt {
	w.country.t.Helper()
	receipt, _, err := w.New().WithdrawConsent(context.Background(), id)
	if err != nil {
		w.country.t.Fatalf("withdraw: %v", err)
	}
	return receipt
}

// Asking is a plain referral to an organisation.
func Asking(to *models.Organisation) models.NewReferral {
	return models.NewReferral{ToOrganisationID: to.ID, Reason: "release", Urgency: "routine", Needs: []string{"oat"}}
}

// Refer sends a referral for which a consent is there.
func (w Worker) Refer(handle string, n models.NewReferral) *store.SeenReferral {
	w.country.t.Helper()
	r, _, err := w.New().CreateReferral(context.Background(), handle, n)
	if err != nil {
		w.country.t.Fatalf("refer: %v", err)
	}
	return r
}

// GoodMove is a valid body for any action.
func (c *Country) GoodMove() models.ReferralMove {
	return models.ReferralMove{AppointmentAt: c.Now().Add(48 * time.Hour), On: c.Today(), Reason: "no_capacity", Alternative: "the day centre"}
}

// Move makes a move of a referral at the version it has now.
func (w Worker) Move(r *store.SeenReferral, action string, accept ...store.Acceptance) *store.SeenReferral {
	w.country.t.Helper()
	moved, err := w.TryMove(r.ID, r.Version, action, accept...)
	if err != nil {
		w.country.t.Fatalf("%s: %v", action, err)
	}
	return moved
}

// TryMove tries a move of a referral on a version.
func (w Worker) TryMove(id string, version int64, action string, accept ...store.Acceptance) (*store.SeenReferral, error) {
	var a store.Acceptance
	if len(accept) > 0 {
		a = accept[0]
	}
	if action == "no-show" { // nobody has failed to come before the hour
		now := w.country.Now()
		w.country.behind("UPDATE referrals SET appointment_at = CASE WHEN appointment_at > ? THEN ? ELSE appointment_at END WHERE id = ?", now, now, id)
	}
	return w.On(version).MoveReferral(context.Background(), id, action, w.country.GoodMove(), a)
}

// Treatment is a complete entry for an episode that starts on a date.
func Treatment(start models.Date) models.NewEpisode {
	return models.NewEpisode{
		StartDate: start, LegalBasis: "voluntary", PreviousTreatment: "1", ReferralSource: "6", PrimaryDrug: "11", Route: "1", Injecting: "2.3",
	}
}

// Start opens an episode today.
func (w Worker) Start(handle string) *store.SeenEpisode {
	w.country.t.Helper()
	e, _, err := w.New().StartEpisode(context.Background(), handle, Treatment(w.country.Today()), "demo-2026")
	if err != nil {
		w.country.t.Fatalf("start episode: %v", err)
	}
	return e
}

// Today is the civil date in the country.
func (c *Country) Today() models.Date { return models.DateOf(c.Now(), "Asia/Almaty") }

// Joined registers a client with the sender, refers it to the receiver and has it
// accepted: both then have a record of one person.
func (c *Country) Joined(from, to Worker, person int, toOrganisation *models.Organisation) (fromHandle, toHandle string, consent *store.SeenConsent) {
	c.t.Helper()
	fromHandle = from.Register(person)
	consent = from.Give(fromHandle, models.PurposeReferral, toOrganisation)
	r := to.Move(from.Refer(fromHandle, Asking(toOrganisation)), "acceptance")
	return fromHandle, r.ClientCode, consent
}
