package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jol/models"
)

// A coded field takes no word that a test would know again, so these are put behind the
// service's back into the records of people made for it: every coded and every free field of
// every table about a client, each with a word of its own.

// planted is one word: where it stands, of which category it is and who may read it.
type planted struct {
	word, table string
	category    models.Category
	owner       models.OrganisationID
	// others beside the owner, and the relation that must give their role the category.
	others map[models.OrganisationID]models.Relation
	within models.Role // the one role of the owner, where it is an inbox of a role
	unread bool        // nobody is shown it
}

// may says whether an account may see the word: the matrix once more, from the policy.
func (w *planted) may(who account) bool {
	grants := realPolicies().Grants(who.Role)
	switch {
	case w.unread:
		return false
	case w.within != "":
		return who.Org.ID == w.owner && who.Role == w.within
	case who.Org.ID == w.owner:
		return grants.Through(w.category, models.Read, models.Own) || grants.Through(w.category, models.Read, models.InCustody) || grants.Through(w.category, models.Read, models.Country)
	}
	relation, ok := w.others[who.Org.ID]
	return ok && grants.Through(w.category, models.Read, relation)
}

// garden are the words of a population.
type garden struct {
	p   *population
	all []planted
}

func (g *garden) exec(t *testing.T, statement string, args ...string) {
	t.Helper()
	db, dialect, err := g.p.Pool()
	if err != nil {
		t.Fatal(err)
	}
	values := make([]any, len(args))
	for i, a := range args {
		values[i] = a
		if dialect == "postgres" {
			statement = strings.Replace(statement, "?", "$"+string(rune('1'+i)), 1)
		}
	}
	res, err := db.ExecContext(t.Context(), statement, values...)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		t.Fatalf("planted nowhere: %s", statement)
	}
}

// put plants a word of its own in each column of the rows where a column has a value.
func (g *garden) put(t *testing.T, bed string, what planted, columns, column, value string) {
	t.Helper()
	for _, name := range strings.Fields(columns) {
		name, list := strings.CutSuffix(name, "[]")
		word := what
		word.word = "zq" + bed + strings.ReplaceAll(what.table+name, "_", "") + "word"
		text := word.word
		if list {
			text = `["` + text + `"]`
		}
		g.exec(t, "UPDATE "+what.table+" SET "+name+" = ? WHERE "+column+" = ?", text, value)
		g.all = append(g.all, word)
	}
}

var isDate = regexp.MustCompile(`^\d{4}-\d\d-\d\d`)

// coded puts a word in the place of every code of a JSON document.
func coded(v any, word string) any {
	switch v := v.(type) {
	case string:
		if v != "" && !isDate.MatchString(v) {
			return word
		}
	case []any:
		for i := range v {
			v[i] = coded(v[i], word)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			v[k] = coded(v[k], word)
		}
	}
	return v
}

// entries plants a word for each kind in the clinical record of a client.
func (g *garden) entries(t *testing.T, bed, client string, owner models.OrganisationID, others func(models.Category) map[models.OrganisationID]models.Relation) {
	t.Helper()
	rows := g.p.rows(t, "SELECT id, kind, category, data FROM entries WHERE client_id = '"+client+"'")
	if len(rows) < 9 {
		t.Fatalf("%d entries", len(rows))
	}
	for _, row := range rows {
		word := planted{word: "zq" + bed + "entries" + strings.ReplaceAll(row[1], "_", "") + "word", table: "entries", category: models.Category(row[2]), owner: owner}
		if others != nil {
			word.others = others(word.category)
		}
		var data any
		if err := json.Unmarshal([]byte(row[3]), &data); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(coded(data, word.word))
		if err != nil {
			t.Fatal(err)
		}
		g.exec(t, "UPDATE entries SET data = ? WHERE id = ?", string(text), row[0])
		g.all = append(g.all, word)
	}
}

// clientID is the id behind a code.
func (p *population) clientID(t *testing.T, org *models.Organisation, code string) string {
	t.Helper()
	rows := p.rows(t, "SELECT id FROM clients WHERE organisation_id = '"+string(org.ID)+"' AND code = '"+code+"'")
	if len(rows) != 1 {
		t.Fatalf("%d clients", len(rows))
	}
	return rows[0][0]
}

// record writes an entry of every kind that the account may write.
func (p *population) record(t *testing.T, who account, code string) {
	t.Helper()
	for address := range entryBodies(p.Today()) {
		if realPolicies().Allow(who.Role, recordCategory(address), models.Create) {
			p.entryOf(t, who, code, address)
		}
	}
}

// plant makes the people and puts the words.
func plant(t *testing.T, p *population) *garden {
	t.Helper()
	g := &garden{p: p}
	g.alone(t)
	g.shared(t)
	g.held(t)
	g.partners(t)
	g.warnings(t)
	return g
}

// alone is a person whom the clinic treats and of whom nobody else was told anything, but
// the polyclinic the dose, on a ground.
func (g *garden) alone(t *testing.T) {
	p := g.p
	code := p.register(t, p.doctor, 60)
	id, clinic := p.clientID(t, p.Clinic, code), p.Clinic.ID
	p.start(t, p.doctor, code)
	p.record(t, p.doctor, code)
	p.dose(t, p.doctor, p.treat(t, p.doctor, code), 80)
	p.run(t, creating(p.doctor, "/api/v1/clients/"+code+"/tasks", `{"kind":"call"}`, http.StatusCreated))
	p.run(t, creating(p.doctor, "/api/v1/overdoses", p.overdoseBody(code).String(), http.StatusCreated))
	kit := p.run(t, creating(p.doctor, "/api/v1/naloxone-kits", kitBody(p.world).String(), http.StatusCreated)).named(t).ID
	p.step(t, p.doctor, "naloxone-kits/"+kit+"/handover", 1, object{"on": p.Today(), "clientCode": code}.String())
	p.run(t, creating(p.doctor, "/api/v1/clients/"+code+"/disclosures", disclosureBody, http.StatusCreated))
	p.run(t, creating(p.doctor, "/api/v1/dose-transfers", object{"clientCode": code, "toOrganisation": p.Polyclinic.ID, "fromOrganisation": "", "kind": "move",
		"consent": "", "ground": "imminent_danger", "clientTold": false, "notToldReason": "not_reachable"}.String(), http.StatusCreated))
	_, device := p.enrol(t, p.doctor)
	p.sync(t, p.doctor, device, p.command("episode.create", object{"code": code}, object{"startDate": p.Today(), "legalBasis": "voluntary", "previousTreatment": "1",
		"referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3"}))
	of := func(table string, category models.Category) planted {
		return planted{table: table, category: category, owner: clinic}
	}
	g.entries(t, "alone", id, clinic, nil)
	g.put(t, "alone", of("episodes", models.CatEpisode), "suspended_for", "client_id", id)
	g.put(t, "alone", of("anchors", models.CatEpisode), "name", "id", p.rows(t, "SELECT id FROM anchors WHERE client_id = '"+id+"' AND episode_id <> ''")[0][0])
	g.put(t, "alone", of("tasks", models.CatTask), "reason", "client_id", id)
	g.put(t, "alone", of("overdoses", models.CatOverdoseEvent), "place", "client_id", id)
	g.put(t, "alone", of("overdoses", models.CatOverdoseClinical), "ambulance outcome substances[]", "client_id", id)
	g.put(t, "alone", of("naloxone_kits", models.CatNaloxone), "lot", "client_id", id)
	g.put(t, "alone", of("dose_orders", models.CatOAT), "reason guard_reason outside[]", "client_id", id)
	g.put(t, "alone", of("dose_events", models.CatOAT), "guard_reason outside[]", "client_id", id)
	order := p.rows(t, "SELECT id FROM dose_orders WHERE client_id = '"+id+"'")[0][0]
	g.put(t, "alone", of("dose_order_versions", models.CatOAT), "action reason guard_reason outside[]", "order_id", order)
	told := of("dose_transfers", models.CatOAT)
	told.others = map[models.OrganisationID]models.Relation{p.Polyclinic.ID: models.Own}
	g.put(t, "alone", told, "medicine phase", "from_client_id", id)
	hidden := of("dose_transfers", models.CatTransfer)
	hidden.unread = true
	g.put(t, "alone", hidden, "schedule not_told_reason", "from_client_id", id)
	for _, column := range []string{"recipient", "ground", "not_told_reason"} { // append-only: a row of its own
		entry := of("disclosures", models.CatDisclosureLog)
		entry.word = "zqalonedisclosures" + strings.ReplaceAll(column, "_", "") + "word"
		value := map[string]string{"recipient": "'court'", "ground": "'lawful_request'", "not_told_reason": "''", column: "'" + entry.word + "'"}
		g.exec(t, "INSERT INTO disclosures (id, client_id, organisation_id, recipient_id, recipient, categories, consent_id, ground, reference, client_told, not_told_reason, at, actor_id)"+
			" SELECT ?, client_id, organisation_id, '', "+value["recipient"]+", categories, '', "+value["ground"]+", '', client_told, "+value["not_told_reason"]+", at, actor_id FROM disclosures WHERE client_id = ? AND recipient = 'court' LIMIT 1",
			uuid.NewString(), id)
		g.all = append(g.all, entry)
	}
	inbox := of("sync_conflicts", models.CatEpisode)
	inbox.within = p.doctor.Role
	waiting := p.rows(t, "SELECT id, payload FROM sync_conflicts WHERE payload LIKE '%2.3%' ORDER BY id DESC")
	inbox.word = "zqalonesyncconflictspayloadword"
	g.exec(t, "UPDATE sync_conflicts SET payload = ? WHERE id = ?", strings.Replace(waiting[0][1], "voluntary", inbox.word, 1), waiting[0][0])
	g.all = append(g.all, inbox)
}

// shared is a person of whom the clinic tells an NGO one category.
func (g *garden) shared(t *testing.T) {
	p := g.p
	code := p.register(t, p.doctor, 61)
	id := p.clientID(t, p.Clinic, code)
	p.start(t, p.doctor, code)
	p.record(t, p.doctor, code)
	p.world.consent(t, p.doctor, code, p.NGO, models.CatInfection)
	p.move(t, p.ngo, p.refer(t, p.doctor, code, p.NGO, ""), "acceptance", "")
	g.entries(t, "shared", id, p.Clinic.ID, func(c models.Category) map[models.OrganisationID]models.Relation {
		if c == models.CatInfection {
			return map[models.OrganisationID]models.Relation{p.NGO.ID: models.Consented}
		}
		return nil
	})
	g.put(t, "shared", planted{table: "episodes", category: models.CatEpisode, owner: p.Clinic.ID}, "suspended_for", "client_id", id)
}

// held is a person in custody, of whom the institution has functional notes.
func (g *garden) held(t *testing.T) {
	p := g.p
	medic := p.as(t, models.RolePrisonMedical)
	code := p.register(t, medic, 62)
	id, unit := p.clientID(t, p.ColonyHealth, code), p.ColonyHealth.ID
	p.start(t, medic, code)
	p.record(t, medic, code)
	p.dose(t, medic, p.treat(t, medic, code), 80)
	spell := p.hold(t, medic, code, p.Today().AddDays(30))
	p.run(t, creating(medic, "/api/v1/functional-notes", noteBody(p.world, spell), 201))
	p.run(t, creating(medic, "/api/v1/break-glass", breakGlassBody(code, "unresponsive"), 201))
	of := func(table string, category models.Category) planted {
		return planted{table: table, category: category, owner: unit}
	}
	g.entries(t, "held", id, unit, nil)
	g.put(t, "held", of("dose_orders", models.CatOAT), "reason guard_reason", "client_id", id)
	g.put(t, "held", of("dose_events", models.CatOAT), "guard_reason", "client_id", id)
	g.put(t, "held", of("custody_spells", models.CatCustody), "exit_reason exit_region", "client_id", id)
	g.put(t, "held", of("custody_spells", models.CatReleasePlan), "referral_on_release", "client_id", id)
	g.put(t, "held", of("custody_spells", models.CatNaloxone), "naloxone_on_release", "client_id", id)
	g.put(t, "held", of("release_cases", models.CatReleasePlan), "exit_region", "client_id", id)
	g.put(t, "held", of("break_glass", models.CatBreakGlass), "reason outcome", "client_id", id)
	note := of("functional_notes", models.CatFunctionalNote)
	note.others = map[models.OrganisationID]models.Relation{p.Colony.ID: models.InCustody}
	g.put(t, "held", note, "place watch_for[]", "client_id", id)
}

// partners are the words between an NGO and the colony, and what tells an organisation.
func (g *garden) partners(t *testing.T) {
	p := g.p
	coordinator, head := p.as(t, models.RoleNGOCoordinator), p.as(t, models.RolePrisonManagement)
	agreement := p.agreement(t, coordinator, 3) // words in the one that is in force would end what its services allow
	p.inForce(t, coordinator)
	pass := p.accessPass(t, coordinator, p.ngo, 3)
	visit := p.run(t, creating(coordinator, "/api/v1/visits", visitBody(p.world, pass), 201)).named(t).ID
	between := func(table string, category models.Category) planted {
		return planted{table: table, category: category, owner: p.NGO.ID, others: map[models.OrganisationID]models.Relation{head.Org.ID: models.Own, p.Ministry.ID: models.Country}}
	}
	g.put(t, "partners", between("agreements", models.CatAgreement), "services[] transition", "id", agreement)
	worker := between("access_passes", models.CatAccessPass)
	delete(worker.others, p.Ministry.ID) // a pass is about a worker
	g.put(t, "partners", worker, "purpose conditions[] reason", "id", pass)
	g.put(t, "partners", between("visits", models.CatAccessPass), "purpose reason", "id", visit)
	admin := p.at(t, models.RoleAdministrator, p.Clinic, 1)
	contact := p.run(t, creating(admin, "/api/v1/organisations/"+string(p.Clinic.ID)+"/duty-contacts", object{"channel": "email", "target": "duty@clinic.example", "level": 1}.String(), 201)).named(t).ID
	office := planted{table: "duty_contacts", category: models.CatUser, owner: p.Clinic.ID, others: map[models.OrganisationID]models.Relation{p.Ministry.ID: models.Country}}
	g.put(t, "partners", office, "target", "id", contact)
}

// warnings are the words of a report that is shared: the substance with the services, where
// and how it was seen with nobody.
func (g *garden) warnings(t *testing.T) {
	p := g.p
	body := p.poisoningBody("lysergamide")
	body["confidentiality"], body["streetNames"], body["laboratory"] = models.EWSPartners, []string{"batch y"}, "other"
	id := p.reportEWS(t, p.doctor, body)
	of := planted{table: "ews_reports", category: models.CatEWSReport, owner: p.Clinic.ID, others: map[models.OrganisationID]models.Relation{p.Ministry.ID: models.Country}}
	g.put(t, "warnings", of, "region severity route laboratory circumstances", "id", id)
	shared := of
	shared.others = maps.Clone(of.others)
	for _, o := range []*models.Organisation{p.Polyclinic, p.ColonyHealth, p.NGO, p.OtherNGO} {
		shared.others[o.ID] = models.Any
	}
	g.put(t, "warnings", shared, "suspected_names[] street_names[] chemical_name formula physical_form other_substances[]", "id", id)
}

// checkPlanted looks for the planted words in the answers: nobody sees one whom the matrix
// does not let, and every table is seen by somebody, or the check would be dead.
func checkPlanted(t *testing.T, g *garden, all []crawled) {
	t.Helper()
	alive := map[string]bool{}
	for i := range g.all {
		w := &g.all[i]
		seen := 0
		for _, a := range all {
			if !strings.Contains(a.text, w.word) {
				continue
			}
			seen++
			if !w.may(a.who) {
				t.Errorf("%s (%s) reached %s of %s through %s", w.word, w.category, a.who.Role, a.who.Org.Name, a.route)
			}
		}
		if w.unread {
			continue
		}
		alive[w.table] = alive[w.table] || seen > 0
		if seen == 0 {
			t.Errorf("%s is dead: nobody sees it", w.word)
		}
	}
	for _, table := range g.p.tablesWith(t, "client_id") {
		if why, none := noWords[table]; alive[table] == none {
			t.Errorf("%s is about clients: plant words in its coded and free fields (plant), or say in noWords why it has none to show, and not both %s", table, why)
		}
	}
}

// noWords are tables about clients in which no field that a caller fills is shown as it is.
var noWords = map[string]string{
	"consents":          "closed vocabularies that the database checks, and dates",
	"consent_versions":  "shown to whoever keeps the consent only: dates and codes of what changed",
	"court_duties":      "dates",
	"custody_transfers": "a state that the database checks, and times",
	"double_dosing":     "shown to the two sites of its own rows only: a state and the code of an outcome",
	"episode_contacts":  "dates",
	"identity_changes":  "kind and state, which the database checks",
	"linkage_entries":   "never read back: the key of a person",
	"planned_releases":  "dates",
}

// tablesWith are the tables that have a column.
func (p *population) tablesWith(t *testing.T, column string) (tables []string) {
	t.Helper()
	query := "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = '" + column + "'"
	if p.Engine == "postgres" {
		query = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = '" + column + "'"
	}
	for _, row := range p.rows(t, query) {
		tables = append(tables, row[0])
	}
	if len(tables) < 15 {
		t.Errorf("only %d tables have the column %s", len(tables), column)
	}
	return tables
}
