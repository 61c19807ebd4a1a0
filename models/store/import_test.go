package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
)

var importedAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// smallImport has one clinic, one account and n people, all registered alike: they
// share a code and differ by local number.
func smallImport(n int) models.Import {
	clinic := models.Organisation{
		ID: "clinic", Name: "Import clinic", Kind: models.KindClinic, Country: "KZ", Region: "KZ-55", CentreType: "1",
		Services: []string{}, ReportsStructured: true, Active: true, Version: 1, CreatedAt: importedAt,
	}
	user := models.User{ID: "user", Username: "clinician", Role: models.RoleClinician, OrganisationID: clinic.ID, Active: true, Version: 1, CreatedAt: importedAt}
	return models.Import{
		Mark: "demo", Value: "{}", Organisations: []models.Organisation{clinic}, Clients: n,
		Users: []models.ImportedUser{{User: user, Password: "correct horse battery"}},
		Persons: func(yield func(models.ImportedPerson) bool) {
			for i := range n {
				if !yield(person(i)) {
					return
				}
			}
		},
	}
}

func person(i int) models.ImportedPerson {
	id := models.PersonID(fmt.Sprintf("person-%05d", i))
	return models.ImportedPerson{
		Person: models.Person{ID: id, Country: "KZ", ResponsibleID: "clinic", CreatedAt: importedAt},
		Clients: []models.ImportedClient{{
			Client:       models.Client{ID: models.ClientID(fmt.Sprintf("client-%05d", i)), OrganisationID: "clinic", PersonID: id, Sex: "F", Version: 1, CreatedAt: importedAt},
			Registration: models.Registration{Country: "KZ", Sex: "F", BirthYear: 1990, MotherInitials: "Ай", FatherInitials: "Гу"},
		}},
	}
}

func TestImport_ReportsEachBatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		var seen []int
		if err := w.Import(t.Context(), smallImport(5200), func(done, total int) { seen = append(seen, done) }); err != nil {
			t.Fatal(err)
		}
		if len(seen) != 2 || !slices.IsSorted(seen) || seen[1] != 5200 {
			t.Errorf("progress %v", seen)
		}
		db, _, err := w.Pool()
		if err != nil {
			t.Fatal(err)
		}
		var codes, numbers int
		if err := db.QueryRowContext(t.Context(), "SELECT count(DISTINCT code), max(local_no) FROM clients").Scan(&codes, &numbers); err != nil {
			t.Fatal(err)
		}
		if codes != 1 || numbers != 5200 {
			t.Errorf("%d codes, local numbers up to %d", codes, numbers)
		}
	})
}

func TestImport_RefusesADatabaseInUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		if empty, err := w.IsEmpty(t.Context()); err != nil || !empty {
			t.Fatalf("a new database is empty: %v, %v", empty, err)
		}
		if err := w.Import(t.Context(), smallImport(3), ignore); err != nil {
			t.Fatal(err)
		}
		if empty, err := w.IsEmpty(t.Context()); err != nil || empty {
			t.Fatalf("empty after an import: %v, %v", empty, err)
		}
		expectCode(t, w.Import(t.Context(), smallImport(3), ignore), "import.not_empty")
	})
}

// An interrupted import is never taken for a complete one, and is not resumed.
func TestImport_InterruptedIsNotComplete(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		in := smallImport(2)
		people := slices.Collect(in.Persons)
		people[1].Referrals = []models.Referral{{ID: "referral", FromClientID: "nobody", ToOrganisationID: "clinic"}}
		in.Persons = slices.Values(people)
		if err := w.Import(t.Context(), in, ignore); err == nil {
			t.Fatal("a referral of nobody was imported")
		}
		if _, ok, err := w.DeploymentMark(t.Context(), "demo"); err != nil || ok {
			t.Errorf("marked as complete: %v, %v", ok, err)
		}
		if _, ok, err := w.DeploymentMark(t.Context(), store.MarkImporting); err != nil || !ok {
			t.Errorf("not marked as running: %v, %v", ok, err)
		}
		expectCode(t, w.Import(t.Context(), smallImport(2), ignore), "import.interrupted")
	})
}

// dangling is an import with a contact of an episode that is not there.
func dangling() models.Import {
	in := smallImport(2)
	people := slices.Collect(in.Persons)
	people[1].Contacts = []models.EpisodeContact{{ID: "contact", EpisodeID: "nothing", ClientID: people[1].Clients[0].ID, OnDate: "2026-03-01", CreatedAt: importedAt}}
	in.Persons = slices.Values(people)
	return in
}

// Foreign keys are looked at once, at the end, and a broken one is found there.
func TestImport_RefusesWhatRefersToNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		if err := w.Import(t.Context(), dangling(), ignore); err == nil {
			t.Fatal("a contact of no episode was imported")
		}
		if _, ok, err := w.DeploymentMark(t.Context(), store.MarkImporting); err != nil || !ok {
			t.Errorf("not marked as running: %v, %v", ok, err)
		}
	})
}

// What an import does without, the service has again: after an import that went wrong too.
func TestImport_LeavesNothingLoosened(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		settings := "SELECT (SELECT foreign_keys FROM pragma_foreign_keys) || ' ' || (SELECT synchronous FROM pragma_synchronous) || ' ' || (SELECT cache_size FROM pragma_cache_size)"
		if w.Engine == "postgres" {
			settings = `SELECT current_setting('synchronous_commit') || string_agg(format('%s %s %s %s', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)), E'\n' ORDER BY conrelid::regclass::text, conname)
				FROM pg_constraint WHERE contype = 'f'`
		}
		look := func(s *store.Store) (seen string) {
			db, _, err := s.Pool()
			must(t, err)
			must(t, db.QueryRowContext(t.Context(), settings).Scan(&seen))
			return seen
		}
		before := look(w.Store)
		must(t, w.Import(t.Context(), smallImport(3), ignore))
		if after := look(w.Store); after != before {
			t.Errorf("%s\n\nwere\n%s", after, before)
		}
		if w.Engine == "sqlite" && !strings.HasPrefix(before, "1 2 ") {
			t.Errorf("foreign keys and synchronous are %s", before)
		}
		if w.Engine == "postgres" {
			return // a failed import leaves no foreign keys there, and is refused
		}
		failed := storetest.NewWorld(t, w.Engine)
		if err := failed.Import(t.Context(), dangling(), ignore); err == nil {
			t.Fatal("a contact of no episode was imported")
		}
		if after := look(failed.Store); after != before {
			t.Errorf("after a failure %s, before %s", after, before)
		}
	})
}

func TestImport_AccountsCanSignIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		if err := w.Import(t.Context(), smallImport(1), ignore); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := w.DeploymentMark(t.Context(), store.MarkImporting); err != nil || ok {
			t.Errorf("still marked as running: %v, %v", ok, err)
		}
		accounts := store.NewAccounts(w.Store)
		token, err := accounts.SignIn(t.Context(), "clinician", "correct horse battery", "test")
		if err != nil {
			t.Fatal(err)
		}
		if actor, err := accounts.Authenticate(t.Context(), token.Token, ""); err != nil || actor.OrganisationID != "clinic" {
			t.Errorf("signed in for %s: %v", actor.OrganisationID, err)
		}
	})
}

func TestImport_RefusesAWeakPassword(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		in := smallImport(1)
		in.Users[0].Password = "short"
		if err := w.Import(t.Context(), in, ignore); !models.IsKind(err, models.KindInvalid) {
			t.Errorf("got %v", err)
		}
		if empty, err := w.IsEmpty(t.Context()); err != nil || !empty {
			t.Errorf("something was written: %v", err)
		}
	})
}

func ignore(int, int) {}

func expectCode(t *testing.T, err error, code string) {
	t.Helper()
	e, ok := err.(*models.Error)
	if !ok || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}
