package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/indicators"
	"jol/models/protocols"
	"jol/models/store"
	"jol/models/store/storetest"
	"jol/policies"
)

// world is the whole service as production assembles it, on a database of its own:
// two clinics, a colony with its health unit, two NGOs, probation and the ministry.
type world struct {
	*storetest.Country
	base string
	log  *syncBuffer

	mu       sync.Mutex
	accounts map[string]account
}

// account is a user who is signed in.
type account struct {
	ID       models.UserID
	Username string
	Role     models.Role
	Org      *models.Organisation
	Token    string
}

// The real policy and the real content are the same for every world.
var (
	realPolicies = sync.OnceValue(func() *policies.Policies {
		p, err := policies.New()
		if err != nil {
			panic(err)
		}
		return p
	})
	realCatalog = sync.OnceValue(func() *protocols.Catalog {
		c, err := protocols.Load(protocols.Embedded())
		if err != nil {
			panic(err)
		}
		return c
	})
)

// each runs a case once on each engine, in parallel, in a world of its own.
func each(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			run(t, newWorld(t, engine))
		})
	}
}

func newWorld(t *testing.T, engine string) *world {
	t.Helper()
	<-realCatalog().StartIndex() // the search answers 503 until then
	w := &world{log: &syncBuffer{}, accounts: map[string]account{}}
	w.Country = storetest.NewWorld(t, engine).Settle(t, realPolicies().Grants)
	settled := w.Store
	plans := new(protocols.Plans)
	w.Store = w.Open(t, func(o *store.Options) {
		o.Sealer, o.Editions, o.Planner = indicators.Begin, protocols.Check(protocols.Embedded()), plans.Planner()
		o.Scoring = protocols.Scoring(protocols.Embedded())
	})
	_ = settled.Close()
	live := w.live(t)
	plans.Use(live)
	srv := httptest.NewServer(New(Deps{
		Store: w.Store, Accounts: store.NewAccounts(w.Store), Policies: realPolicies(), Protocols: live,
		Logger: slog.New(slog.NewJSONHandler(w.log, nil)), Limits: DefaultLimits(),
		Version: Version{Version: "test", Commit: "none", Country: "KZ"},
	}))
	t.Cleanup(srv.Close)
	w.base = srv.URL
	return w
}

// live serves the editions of the world's database and follows them, as main wires it.
func (w *world) live(t testing.TB) *protocols.Live {
	t.Helper()
	refs, err := protocols.References(protocols.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.RecordReferences(t.Context(), refs); err != nil {
		t.Fatal(err)
	}
	live, err := protocols.NewLive(t.Context(), protocols.Embedded(), realCatalog(), protocols.Shelf{
		Seq: w.PublicationSeq, Publications: w.Publications, Edition: w.EditionSet,
	})
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// builtInOnly serves the built-in editions, without a database.
func builtInOnly(t testing.TB) *protocols.Live { return serving(t, realCatalog()) }

// serving serves one catalogue for good.
func serving(t testing.TB, c *protocols.Catalog) *protocols.Live {
	t.Helper()
	live, err := protocols.NewLive(t.Context(), protocols.Embedded(), c, protocols.Shelf{
		Seq:          func(context.Context) (int64, error) { return 0, nil },
		Publications: func(context.Context) (models.Publications, error) { return models.Publications{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return live
}

// home is the organisation where a role's one account works.
func (w *world) home(role models.Role) *models.Organisation {
	switch role {
	case models.RoleClinician, models.RoleNarcologist, models.RoleNurse, models.RolePsychologist, models.RoleSocialWorker:
		return w.Clinic
	case models.RolePrisonMedical:
		return w.ColonyHealth
	case models.RolePrisonSecurity, models.RolePrisonManagement:
		return w.Colony
	case models.RoleProbationOfficer:
		return w.Probation
	case models.RoleNGOOutreach, models.RoleNGOCoordinator, models.RolePeerNavigator:
		return w.NGO
	}
	return w.Ministry
}

// as is the account of a role at its home.
func (w *world) as(t testing.TB, role models.Role) account {
	t.Helper()
	return w.at(t, role, w.home(role), 1)
}

// at is the n-th account of a role in an organisation; asking twice gives the same.
func (w *world) at(t testing.TB, role models.Role, org *models.Organisation, n int) account {
	t.Helper()
	key := fmt.Sprintf("%s %s %d", role, org.ID, n)
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok := w.accounts[key]; ok {
		return a
	}
	name := fmt.Sprintf("w%d.%s", len(w.accounts), role)
	u, _, err := w.For(models.System("KZ"), nil, storetest.Key(key)).CreateUser(t.Context(), models.NewUser{
		Username: name, Password: passwordOf(name), Role: role, OrganisationID: org.ID,
	})
	if err != nil {
		t.Fatalf("account %s: %v", role, err)
	}
	token, err := w.IssueToken(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	a := account{ID: u.ID, Username: name, Role: role, Org: org, Token: token.Token}
	w.accounts[key] = a
	return a
}

func passwordOf(username string) string { return "password of " + username }

// everyRole is one account per role.
func (w *world) everyRole(t testing.TB) []account {
	t.Helper()
	all := make([]account, len(models.Roles))
	for i, role := range models.Roles {
		all[i] = w.as(t, role)
	}
	return all
}

// object is a JSON object to send.
type object map[string]any

func (o object) String() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// run sends a scenario, holds request and answer to the OpenAPI description, and
// remembers that the route has a scenario.
func (w *world) run(t testing.TB, sc Scenario) Answer {
	t.Helper()
	a := sc.Run(t, w.base)
	if sc.Status == http.StatusCreated && a.Status != sc.Status {
		t.FailNow() // nothing that follows has what was to be made
	}
	conform(t, sc, a)
	return a
}

// get reads as an account; the status must be 200.
func (w *world) get(t testing.TB, who account, path string, contains ...string) Answer {
	t.Helper()
	return w.run(t, Scenario{Path: path, Token: who.Token, Status: http.StatusOK, Contains: contains})
}

// refused reads as an account and must fail with the status and code.
func (w *world) refused(t testing.TB, who account, path string, status int, code string) Answer {
	t.Helper()
	return w.run(t, Scenario{Path: path, Token: who.Token, Status: status, Code: code})
}

// creating is a POST with a fresh idempotency key.
func creating(who account, path, body string, status int) Scenario {
	return Scenario{Method: http.MethodPost, Path: path, Token: who.Token, Body: body, Status: status,
		Headers: map[string]string{"Idempotency-Key": uuid.NewString()}}
}

// changing is a request based on a version.
func changing(who account, method, path, etag, body string, status int) Scenario {
	return Scenario{Method: method, Path: path, Token: who.Token, Body: body, Status: status, Headers: map[string]string{"If-Match": etag}}
}

// failing names the code of the problem that must come back.
func (sc Scenario) failing(code string, contains ...string) Scenario {
	sc.Code = code
	sc.Contains = append(sc.Contains, contains...)
	return sc
}

// named is what most answers have in common.
type named struct {
	ID, Code, ClientCode, State, Consent string
}

func (a Answer) named(t testing.TB) named {
	t.Helper()
	var n named
	a.Into(t, &n)
	return n
}

// person is the registration of the n-th of many different people.
func person(n int) string {
	p := storetest.Someone(n)
	return object{"country": p.Country, "sex": p.Sex, "birthYear": p.BirthYear, "motherInitials": p.MotherInitials, "fatherInitials": p.FatherInitials}.String()
}

// register makes a client record and returns its code.
func (w *world) register(t testing.TB, who account, n int) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/clients", person(n), http.StatusCreated)).named(t).Code
}

func consentBody(w *world, purpose models.Purpose, to *models.Organisation, categories ...models.Category) string {
	if categories == nil {
		categories = []models.Category{}
	}
	return object{"purpose": purpose, "recipient": object{"organisation": to.ID}, "categories": categories, "until": w.Today().AddMonths(12)}.String()
}

// consent records a consent and returns its id.
func (w *world) consent(t testing.TB, who account, code string, to *models.Organisation, categories ...models.Category) string {
	t.Helper()
	body := consentBody(w, models.PurposeReferral, to, categories...)
	return w.run(t, creating(who, "/api/v1/clients/"+code+"/consents", body, http.StatusCreated)).named(t).ID
}

func referralBody(code string, to *models.Organisation, note string) string {
	return object{"clientCode": code, "toOrganisation": to.ID, "reason": "step_up", "urgency": "routine", "needs": []string{"oat", "naloxone"}, "note": note}.String()
}

// refer sends a referral and returns its id.
func (w *world) refer(t testing.TB, who account, code string, to *models.Organisation, note string) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/referrals", referralBody(code, to, note), http.StatusCreated)).named(t).ID
}

// move makes a move of a referral on the version the account reads now.
func (w *world) move(t testing.TB, who account, id, action, body string) Answer {
	t.Helper()
	etag := w.get(t, who, "/api/v1/referrals/"+id).Header.Get("ETag")
	return w.run(t, changing(who, http.MethodPost, "/api/v1/referrals/"+id+"/"+action, etag, body, http.StatusOK))
}

func (w *world) episodeBody() string {
	return object{"startDate": w.Today(), "legalBasis": "voluntary", "previousTreatment": "1", "referralSource": "6",
		"primaryDrug": "11", "route": "1", "injecting": "2.3"}.String()
}

// start opens an episode and returns its id.
func (w *world) start(t testing.TB, who account, code string) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/clients/"+code+"/episodes", w.episodeBody(), http.StatusCreated)).named(t).ID
}

// sealed seals the final release of the second quarter and returns its id.
func (w *world) sealed(t testing.TB) string {
	t.Helper()
	return w.run(t, creating(w.as(t, models.RoleReleaseSteward), "/api/v1/releases", sealBody("2026Q2", "final", "ministry"), http.StatusCreated)).named(t).ID
}

func sealBody(period, status, profile string) string {
	return object{"country": "KZ", "period": period, "status": status, "profile": profile}.String()
}

// rows reads a query behind the store's back, every value as text.
func (w *world) rows(t testing.TB, query string) [][]string {
	t.Helper()
	db, _, err := w.Pool()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		values, line := make([]any, len(columns)), make([]string, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			line[i] = fmt.Sprint(*v.(*any))
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// tables lists every table of the service.
func (w *world) tables(t testing.TB) []string {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if w.Engine == "postgres" {
		query = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('public', 'linkage')"
	}
	var names []string
	for _, row := range w.rows(t, query) {
		names = append(names, strings.TrimPrefix(row[0], "public."))
	}
	if len(names) < 15 {
		t.Fatalf("only %d tables", len(names))
	}
	return names
}
