package synthetic_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"

	"jol/models"
	"jol/models/synthetic"
)

const anchor models.Date = "2026-10-05" // the first day of every storetest world

func generate(t testing.TB, seed uint64, clients int) *synthetic.World {
	t.Helper()
	w, err := synthetic.Generate(synthetic.Config{Country: "KZ", Seed: seed, Clients: clients, Anchor: anchor})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func sum(t *testing.T, w *synthetic.World) (sum [sha256.Size]byte) {
	t.Helper()
	h := sha256.New()
	out := json.NewEncoder(h)
	if err := out.Encode([]any{w.Config, w.Organisations, w.Users}); err != nil {
		t.Fatal(err)
	}
	for p := range w.Persons() {
		if err := out.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	h.Sum(sum[:0])
	return sum
}

func TestGenerate_SameSeedSameData(t *testing.T) {
	t.Parallel()
	w := generate(t, 7, 2000)
	first := sum(t, w)
	if sum(t, w) != first {
		t.Error("going through one world twice gave different people")
	}
	if sum(t, generate(t, 7, 2000)) != first {
		t.Error("the same seed gave different data")
	}
	if sum(t, generate(t, 8, 2000)) == first {
		t.Error("another seed gave the same data")
	}
}

func TestGenerate_RefusesWhatItCannotMake(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]synthetic.Config{
		"country": {Country: "UZ", Clients: 1, Anchor: anchor},
		"clients": {Country: "KZ", Anchor: anchor},
		"anchor":  {Country: "KZ", Clients: 1, Anchor: "today"},
	} {
		if _, err := synthetic.Generate(cfg); err == nil {
			t.Errorf("a wrong %s was accepted", name)
		}
	}
}

func TestGenerate_MakesAsManyClientsAsAsked(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 11, 20, 333, 2000} {
		clients := 0
		for p := range generate(t, 3, n).Persons() {
			clients += len(p.Clients)
		}
		if clients != n {
			t.Errorf("asked for %d clients, got %d", n, clients)
		}
	}
}

func TestGenerate_OrganisationsAreValid(t *testing.T) {
	t.Parallel()
	w := generate(t, 1, 20)
	kinds := map[models.OrganisationKind]int{}
	for _, o := range w.Organisations {
		kinds[o.Kind]++
		n := models.NewOrganisation{
			Name: o.Name, Kind: o.Kind, Country: o.Country, Region: o.Region, CentreType: o.CentreType,
			Services: o.Services, ReportsStructured: o.ReportsStructured, Serves: o.Serves,
		}
		if err := n.Check(anchor); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
		if o.Kind == models.KindNGO && o.ReportsStructured {
			t.Errorf("%s gives no treatment in the TDI sense", o.Name)
		}
	}
	if kinds[models.KindPrison] < 3 || kinds[models.KindPrison] != kinds[models.KindPrisonHealth] {
		t.Errorf("kinds %v", kinds)
	}
	for _, r := range models.RegionsOf("KZ", anchor) {
		for _, kind := range []models.OrganisationKind{models.KindClinic, models.KindNGO} {
			if !slices.ContainsFunc(w.Organisations, func(o models.Organisation) bool { return o.Region == r.Code && o.Kind == kind }) {
				t.Errorf("%s has no %s", r.Name, kind)
			}
		}
	}
}

// The demo signs in with the first account of each kind of organisation (contract 4).
func TestGenerate_AccountsInTheOrderOfTheContract(t *testing.T) {
	t.Parallel()
	w := generate(t, 1, 20)
	kinds := map[models.OrganisationID]models.OrganisationKind{}
	for _, o := range w.Organisations {
		kinds[o.ID] = o.Kind
	}
	first, roles := map[models.OrganisationKind]models.Role{}, map[models.Role]int{}
	names := map[string]bool{}
	for _, u := range w.Users {
		kind := kinds[u.OrganisationID]
		if _, ok := first[kind]; !ok {
			first[kind] = u.Role
		}
		roles[u.Role]++
		names[u.Username] = true
		if err := (models.NewUser{Username: u.Username, Password: "long enough to pass", Role: u.Role}).Check(kind); err != nil || u.PasswordHash != "" {
			t.Errorf("%s: %v", u.Username, err)
		}
	}
	want := map[models.OrganisationKind]models.Role{
		models.KindClinic: models.RoleClinician, models.KindPrisonHealth: models.RolePrisonMedical, models.KindPrison: models.RolePrisonSecurity,
		models.KindNGO: models.RoleNGOOutreach, models.KindProbation: models.RoleProbationOfficer, models.KindMinistry: models.RoleMinistryAnalyst,
	}
	for kind, role := range want {
		if first[kind] != role {
			t.Errorf("the first account of a %s is a %s, not a %s", kind, first[kind], role)
		}
	}
	for _, role := range models.Roles {
		if roles[role] == 0 {
			t.Errorf("no account is a %s", role)
		}
	}
	if len(names) != len(w.Users) || roles[models.RoleClinician] != 2 || roles[models.RoleNGOOutreach] != 2 {
		t.Errorf("accounts: %v", roles)
	}
}

// Whoever signs in first finds something to do, also in the smallest demo.
func TestGenerate_InboxesAreNotEmpty(t *testing.T) {
	t.Parallel()
	for _, n := range []int{20, 2000} {
		w := generate(t, 5, n)
		fresh, overdue := map[models.OrganisationID]int{}, map[models.OrganisationID]int{}
		for p := range w.Persons() {
			for _, r := range p.Referrals {
				switch {
				case r.State == models.ReferralSent && !r.Overdue(anchor.Time()):
					fresh[r.ToOrganisationID]++
				case r.Overdue(anchor.Time()):
					overdue[r.ToOrganisationID]++
				}
			}
		}
		for _, username := range []string{"clinician", "outreach", "prison-medical"} {
			u := w.Users[slices.IndexFunc(w.Users, func(u models.User) bool { return u.Username == username })]
			if fresh[u.OrganisationID] == 0 || username == "clinician" && overdue[u.OrganisationID] == 0 {
				t.Errorf("%d clients: %s finds %d fresh and %d overdue referrals", n, username, fresh[u.OrganisationID], overdue[u.OrganisationID])
			}
		}
	}
}
