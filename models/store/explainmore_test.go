package store_test

import (
	"strconv"
	"strings"
	"testing"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
	"jol/policies"
)

// nothing is an id that no record has: what is asked of it goes the same way.
const nothing = "01900000-0000-7000-8000-000000000000"

var fifty = store.Paging{Limit: 50}

// who asks, beside the nurse.
func (p *plans) as(role models.Role, o *models.Organisation) *store.Session {
	return p.As(role, o).New()
}

func (p *plans) medic() *store.Session { return p.as(models.RolePrisonMedical, p.ColonyHealth) }
func (p *plans) ngo() *store.Session   { return p.as(models.RoleNGOOutreach, p.NGO) }
func (p *plans) doctor() *store.Session {
	return p.as(models.RoleClinician, p.Clinic)
}

// absentIsFine passes over a record that is not there: the query was sent.
func absentIsFine(err error) error {
	if models.IsKind(err, models.KindNotFound) {
		return nil
	}
	return err
}

// moreLookups are the lists and lookups of every other table about clients.
var moreLookups = []lookup{
	{"pathway", func(p *plans) error { _, err := p.nurse.New().GetPathway(ctx, p.handle); return err }},
	{"pathway in custody", func(p *plans) error { _, err := p.medic().GetPathway(ctx, p.held); return err }},
	{"summary", func(p *plans) error { _, err := p.doctor().GetSummary(ctx, p.handle); return err }},
	{"consents of a client", func(p *plans) error { _, err := p.nurse.New().ListConsents(ctx, p.handle); return err }},
	{"versions of a consent", func(p *plans) error { _, err := p.nurse.New().ListConsentVersions(ctx, p.consent); return err }},
	{"disclosures of a client", func(p *plans) error {
		_, err := p.doctor().ListDisclosures(ctx, p.handle, fifty)
		return err
	}},
	{"entries of a client", func(p *plans) error {
		_, err := p.nurse.New().ListEntries(ctx, p.handle, models.EntryKind("screening"), fifty)
		return err
	}},
	{"entries in custody", func(p *plans) error {
		_, err := p.medic().ListEntries(ctx, p.held, models.EntryKind("screening"), fifty)
		return err
	}},
	{"one entry", func(p *plans) error { _, err := p.nurse.New().GetEntry(ctx, p.entry); return err }},
	{"one entry for an NGO", func(p *plans) error { _, err := p.ngo().GetEntry(ctx, p.entry); return absentIsFine(err) }},
	{"overdoses", func(p *plans) error { _, err := p.nurse.New().ListOverdoses(ctx, fifty); return err }},
	{"overdoses for security", func(p *plans) error {
		_, err := p.as(models.RolePrisonSecurity, p.Colony).ListOverdoses(ctx, fifty)
		return err
	}},
	{"one overdose", func(p *plans) error { _, err := p.nurse.New().GetOverdose(ctx, p.overdose); return err }},
	{"kits", func(p *plans) error { _, err := p.nurse.New().ListKits(ctx, "", fifty); return err }},
	{"kits of a state", func(p *plans) error { _, err := p.nurse.New().ListKits(ctx, "given", fifty); return err }},
	{"one kit", func(p *plans) error { _, err := p.nurse.New().GetKit(ctx, nothing); return absentIsFine(err) }},
	{"dose orders of a client", func(p *plans) error { _, err := p.doctor().ListDoseOrders(ctx, p.handle, noRules); return err }},
	{"one dose order", func(p *plans) error { _, err := p.doctor().GetDoseOrder(ctx, p.order, noRules); return err }},
	{"doses of an order", func(p *plans) error { _, err := p.doctor().ListDoses(ctx, p.order, fifty); return err }},
	{"double dosing", func(p *plans) error { _, err := p.doctor().ListDoubleDosing(ctx, "open", fifty); return err }},
	{"dose transfers", func(p *plans) error {
		_, err := p.doctor().ListDoseTransfers(ctx, store.PartyFilter{}, fifty)
		return err
	}},
	{"dose transfers coming in", func(p *plans) error {
		_, err := p.doctor().ListDoseTransfers(ctx, store.PartyFilter{Direction: "in", Overdue: true}, fifty)
		return err
	}},
	{"one dose transfer", func(p *plans) error { _, err := p.doctor().GetDoseTransfer(ctx, nothing); return absentIsFine(err) }},
	{"stays", func(p *plans) error { _, err := p.medic().ListSpells(ctx, "", fifty); return err }},
	{"stays of a state", func(p *plans) error { _, err := p.medic().ListSpells(ctx, models.SpellResident, fifty); return err }},
	{"slips", func(p *plans) error {
		_, err := p.as(models.RolePrisonSecurity, p.Colony).ListSlips(ctx, fifty)
		return err
	}},
	{"one stay", func(p *plans) error { _, err := p.medic().GetSpell(ctx, p.spell); return err }},
	{"custody transfers", func(p *plans) error { _, err := p.medic().ListTransfers(ctx, false, fifty); return err }},
	{"custody transfers with an alarm", func(p *plans) error { _, err := p.medic().ListTransfers(ctx, true, fifty); return err }},
	{"one custody transfer", func(p *plans) error { _, err := p.medic().GetTransfer(ctx, nothing); return absentIsFine(err) }},
	{"release cases", func(p *plans) error { _, err := p.medic().ListCases(ctx, store.CaseFilter{}, fifty); return err }},
	{"release cases overdue", func(p *plans) error {
		_, err := p.medic().ListCases(ctx, store.CaseFilter{Due: "overdue"}, fifty)
		return err
	}},
	{"one release case", func(p *plans) error { _, err := p.medic().GetCase(ctx, nothing); return absentIsFine(err) }},
	{"release handovers of a clinic", func(p *plans) error { _, err := p.doctor().ListHandovers(ctx, fifty); return err }},
	{"release handovers of an NGO", func(p *plans) error { _, err := p.ngo().ListHandovers(ctx, fifty); return err }},
	{"notices", func(p *plans) error { _, err := p.nurse.New().ListNotices(ctx, "", fifty); return err }},
	{"open notices", func(p *plans) error { _, err := p.nurse.New().ListNotices(ctx, "open", fifty); return err }},
	{"functional notes", func(p *plans) error {
		_, err := p.as(models.RolePrisonSecurity, p.Colony).ListNotes(ctx, fifty)
		return err
	}},
	{"functional notes of a client", func(p *plans) error { _, err := p.medic().ListClientNotes(ctx, p.held); return err }},
	{"break-glass", func(p *plans) error { _, err := p.doctor().ListBreakGlass(ctx, "", fifty); return err }},
	{"one break-glass", func(p *plans) error { _, err := p.doctor().GetBreakGlass(ctx, nothing); return absentIsFine(err) }},
	{"own figures", func(p *plans) error { _, err := p.doctor().GetOwnFigures(ctx, ""); return err }},
	{"own figures of a past day", func(p *plans) error {
		_, err := p.doctor().GetOwnFigures(ctx, p.Today().AddDays(-40))
		return err
	}},
	{"own figures of a health unit", func(p *plans) error { _, err := p.medic().GetOwnFigures(ctx, ""); return err }},
	{"own figures of a health unit for a past day", func(p *plans) error {
		_, err := p.medic().GetOwnFigures(ctx, p.Today().AddDays(-40))
		return err
	}},
	{"supervisions", func(p *plans) error {
		_, err := p.as(models.RoleProbationOfficer, p.Probation).ListSupervisions(ctx)
		return err
	}},
	{"one supervision", func(p *plans) error {
		_, err := p.as(models.RoleProbationOfficer, p.Probation).GetSupervision(ctx, nothing)
		return absentIsFine(err)
	}},
	{"changes", func(p *plans) error { _, err := p.nurse.New().ListChanges(ctx, fifty); return err }},
	{"sync conflicts", func(p *plans) error { _, err := p.nurse.New().ListConflicts(ctx, "", fifty); return err }},
	{"one sync conflict", func(p *plans) error { _, err := p.nurse.New().GetConflict(ctx, nothing); return absentIsFine(err) }},
	{"identity changes", func(p *plans) error { _, err := p.doctor().ListIdentityChanges(ctx, "", fifty); return err }},
	{"registration", func(p *plans) error {
		_, _, err := p.nurse.New().RegisterClient(ctx, storetest.Someone(7))
		return err
	}},
}

// knownScans are the lookups that still walk a whole table or index, by engine: to be
// mended, and taken off. Most join by OR what an organisation wrote and what another relation
// opens, so that the engine walks the primary key down to the end of the page: cheap for an
// organisation with many rows, dear for one with few among many.
var knownScans = map[string][]string{
	"sqlite": {"pathway", "summary", "dose orders of a client", "stays", "stays of a state", "release handovers of a clinic"},
	"postgres": {"tasks of an episode", "pathway", "overdoses", "dose orders of a client", "dose transfers", "one dose transfer", "stays", "stays of a state",
		"custody transfers", "custody transfers with an alarm", "release handovers of a clinic", "functional notes", "functional notes of a client", "changes"},
}

// An index by organisation is no full scan, and yet an episode would read every assessment
// of the organisation through it: SQLite chooses without statistics.
func TestOwnFigures_LookAssessmentsUpByClient(t *testing.T) {
	t.Parallel()
	p, err := policies.New()
	must(t, err)
	c := storetest.NewWorld(t, "sqlite").Settle(t, p.Grants)
	sent, err := c.Queries(func() error {
		_, err := c.As(models.RoleClinician, c.Clinic).New().GetOwnFigures(ctx, "")
		return err
	})
	must(t, err)
	db, _, err := c.Pool()
	must(t, err)
	looked := 0
	for _, q := range sent {
		rows, err := db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q.SQL, q.Vars...)
		must(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			must(t, rows.Scan(&id, &parent, &unused, &detail))
			if strings.HasPrefix(detail, "SEARCH ax ") || strings.HasPrefix(detail, "SEARCH b ") {
				if looked++; !strings.Contains(detail, "entries_client (client_id=?") {
					t.Error(detail)
				}
			}
		}
		must(t, rows.Err())
		rows.Close()
	}
	if looked != 2 {
		t.Errorf("%d lookups of assessments", looked)
	}
}

var noRules = models.DoseRules{
	Guards: func(string) []models.DoseGuard { return nil },
	Gap:    func(models.GapQuestion) models.DoseGap { return models.DoseGap{} },
}

// settle makes what moreLookups find.
func (p *plans) settle(t *testing.T) {
	t.Helper()
	p.entry = p.Write(p.Clinic, p.handle, "screening", models.CatScreening, "audit")
	overdose, _, err := p.nurse.New().ReportOverdose(ctx, p.handle, models.NewOverdose{Region: "KZ-75", Place: "street", At: p.Now(), Substances: []string{"11"}, Ambulance: "yes", Outcome: "unknown"})
	must(t, err)
	p.overdose = overdose.ID
	order, _, err := p.doctor().CreateDoseOrder(ctx, p.handle, models.NewDoseOrder{
		Medicine: "methadone", Schedule: "daily", Phase: "maintenance", DoseUg: 20_000, From: p.Today(), IdentityChecked: true,
	}, noRules)
	must(t, err)
	p.order = order.ID
	p.held = p.As(models.RolePrisonMedical, p.ColonyHealth).Register(5)
	p.spell = p.Hold(p.ColonyHealth, p.held)
	_, _, err = p.doctor().RecordDose(ctx, p.order, models.NewDose{Status: models.DoseGiven, At: p.Now(), DoseUg: 20_000, HasDose: true, Witnessed: true}, noRules)
	must(t, err)
	_, err = p.As(models.RolePrisonMedical, p.ColonyHealth).On(1).PlanRelease(ctx, p.spell, p.Today().AddDays(30))
	must(t, err)
	_, _, err = p.doctor().BreakGlass(ctx, p.handle, models.NewBreakGlass{Reason: "overdose", Note: "unresponsive", Hours: 2})
	must(t, err)
	_, _, err = p.nurse.New().StockKit(ctx, models.NewNaloxoneKit{Lot: "NX-7", ExpiresOn: p.Today().AddDays(90)})
	must(t, err)
}

// crowd fills the tables that Crowd leaves as they are: one row in ten is of the asking
// organisation. A planner that knows a table to be empty reads all of it.
func (p *plans) crowd(t *testing.T, n int) {
	t.Helper()
	client, other := "'c' || i", func(own *models.Organisation) string {
		return "CASE i % 10 WHEN 0 THEN '" + string(own.ID) + "' ELSE '" + string(p.Polyclinic.ID) + "' END"
	}
	db, _, err := p.Pool()
	must(t, err)
	for _, table := range []string{"episodes", "tasks"} { // Crowd gave them all to the clinic
		_, err := db.ExecContext(ctx, "UPDATE "+table+" SET organisation_id = '"+string(p.Polyclinic.ID)+"' WHERE client_id LIKE 'c%' AND client_id NOT LIKE 'c%0'")
		must(t, err)
	}
	p.Grow(t, "entries", n, map[string]string{"id": "'n' || i", "entry_id": "'n' || i", "client_id": client, "organisation_id": other(p.Clinic)})
	p.Grow(t, "overdoses", n, map[string]string{"id": "'v' || i", "client_id": client, "organisation_id": other(p.Clinic)})
	p.Grow(t, "naloxone_kits", n, map[string]string{"id": "'x' || i", "client_id": client, "organisation_id": other(p.Clinic)})
	p.Grow(t, "dose_orders", n, map[string]string{"id": "'o' || i", "client_id": client, "person_id": "'p' || i", "organisation_id": other(p.Clinic)})
	p.Grow(t, "dose_events", 5*n, map[string]string{"id": "'d' || i", "order_id": "'o' || (i % " + strconv.Itoa(n) + " + 1)", "organisation_id": other(p.Clinic)})
	p.Grow(t, "custody_spells", n, map[string]string{"id": "'s' || i", "client_id": client, "person_id": "'p' || i", "organisation_id": other(p.ColonyHealth), "institution_id": other(p.Colony)})
	p.Grow(t, "release_cases", n, map[string]string{"id": "'l' || i", "client_id": client, "spell_id": "'s' || i", "organisation_id": other(p.ColonyHealth)})
	p.Grow(t, "break_glass", n, map[string]string{"id": "'b' || i", "client_id": client, "person_id": "'p' || i", "user_id": "'user ' || i", "organisation_id": other(p.Clinic)})
	p.Analyse(t)
}
