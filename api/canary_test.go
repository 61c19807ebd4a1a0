package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// The canaries are words that stand nowhere but where a test puts them. Those in records
// are private to the parties; those in rejected input belong nowhere at all.
const (
	canaryNote        = "zqnotecanary"
	canaryAlternative = "zqalternativecanary"
	canaryWithdrawn   = "zqwithdrawncanary"
	canaryCounselling = "zqcounsellingcanary"
	canaryGlass       = "zqglasscanary"
	canaryWarning     = "zqwarningcanary"
	canaryInput       = "zqinputcanary"
)

// canaries is a population in which every private word is in place: a note that lives, a
// note whose consent was withdrawn after acceptance, a decline's alternative.
func canaries(t *testing.T, w *world) *population {
	t.Helper()
	p := populate(t, w)
	code := w.register(t, p.ngo, 20)
	w.consent(t, p.ngo, code, w.Clinic)
	w.refer(t, p.ngo, code, w.Clinic, canaryNote)
	declined := w.refer(t, p.ngo, code, w.Clinic, "")
	w.move(t, p.doctor, declined, "decline", object{"reason": "other", "alternative": canaryAlternative}.String())
	gone := w.register(t, p.ngo, 21)
	consent := w.consent(t, p.ngo, gone, w.Clinic, models.CatTreatmentFact)
	w.start(t, p.ngo, gone)
	w.move(t, p.doctor, w.refer(t, p.ngo, gone, w.Clinic, canaryWithdrawn), "acceptance", "")
	w.run(t, Scenario{Method: http.MethodPost, Path: "/api/v1/consents/" + consent + "/withdrawal", Token: p.ngo.Token, Status: 200})
	prison := w.as(t, models.RolePrisonMedical)
	w.start(t, prison, w.register(t, prison, 20)) // the same person under a third code
	released := w.register(t, prison, 22)         // treated in prison, then by the clinic as a team
	w.start(t, prison, released)
	w.consent(t, prison, released, w.Clinic, models.CatTreatmentFact, models.CatDiagnosis)
	own := w.move(t, p.doctor, w.refer(t, prison, released, w.Clinic, ""), "acceptance", "").named(t).ClientCode
	w.start(t, p.doctor, own)
	note := entryBodies(w.Today())["counselling-notes"]
	note["note"] = canaryCounselling
	w.run(t, creating(p.ngo, "/api/v1/clients/"+p.ngoCode+"/counselling-notes", note.String(), http.StatusCreated))
	for address := range entryBodies(w.Today()) { // in prison, of whom the clinic treats as a team
		if realPolicies().Allow(prison.Role, recordCategory(address), models.Create) && address != "assessments" {
			w.entryOf(t, prison, released, address)
		}
	}
	w.run(t, creating(p.doctor, "/api/v1/break-glass", breakGlassBody(own, canaryGlass), 201))
	warning := w.ewsBody("batch z")
	warning["circumstances"] = canaryWarning
	w.reportEWS(t, p.doctor, warning)
	return p
}

// recordCategory is the category of the entries under an address.
func recordCategory(address string) models.Category {
	r, _, _ := routeOf(http.MethodPost, "/api/v1/clients/x/"+address)
	return r.Category
}

// everybody is one account per role, and workers of the organisations beside.
func (p *population) everybody(t *testing.T) []account {
	t.Helper()
	return append(p.everyRole(t), p.poly, p.at(t, models.RoleNGOOutreach, p.OtherNGO, 1), p.at(t, models.RoleNGOCoordinator, p.OtherNGO, 1),
		p.at(t, models.RoleAdministrator, p.OtherNGO, 1), p.at(t, models.RoleNurse, p.ColonyHealth, 1))
}

// crawled is one answer and who got it.
type crawled struct {
	who   account
	route string
	text  string // header and body
}

// crawl asks for everything as everybody, reads before writes, along the links that the
// answers give.
func crawl(t *testing.T, p *population) []crawled {
	t.Helper()
	samples, routes := p.samples(t), slices.Clone(Routes)
	slices.SortStableFunc(routes, func(a, b Route) int { return strings.Compare(order(a), order(b)) })
	var all []crawled
	for _, r := range routes {
		if r.Method == http.MethodDelete {
			continue // would sign the crawler out
		}
		for _, who := range p.everybody(t) {
			s := samples[r.key()]
			for _, path := range append([]string{s.path}, p.found(r, s)...) {
				sc := s.with(r).asking(path)
				sc.Token = who.Token
				a := sc.send(t, p.base)
				if a.Status >= 500 {
					t.Errorf("%s as %s: %d", r.key(), who.Role, a.Status)
				}
				all = append(all, crawled{who, r.key(), fmt.Sprint(a.Header) + string(a.Body)})
				if a.Status == http.StatusForbidden {
					break // the role's, whatever the record
				}
			}
		}
	}
	return all
}

func order(r Route) string {
	if r.Method == http.MethodGet {
		return "0"
	}
	return "1" + r.Path
}

// found are the paths of everything that belongs into the route's place: each record of
// its kind, whoever's.
func (p *population) found(r Route, s sample) []string {
	if r.Method != http.MethodGet {
		return s.others
	}
	var paths []string
	if noun, ok := recordNoun(r); ok {
		for _, id := range p.known[noun] {
			paths = append(paths, strings.Replace(r.Path, ":id", id, 1))
		}
	}
	if after, ok := strings.CutPrefix(r.Path, "/api/v1/clients/:code"); ok {
		for _, code := range p.known["codes"] {
			paths = append(paths, "/api/v1/clients/"+code+after)
		}
	}
	return paths
}

// recordNoun is the noun under which the route finds a record by its id.
func recordNoun(r Route) (noun string, ok bool) {
	noun, _, ok = strings.Cut(strings.TrimPrefix(r.Path, "/api/v1/"), "/:id")
	return noun, ok && r.Scoped != nil
}

// elsewhere finds the ids under a noun that is not the name of a table of them.
var elsewhere = map[string]string{
	"entries":      "SELECT DISTINCT entry_id FROM entries",
	"supervisions": "SELECT id FROM court_duties UNION SELECT id FROM consents",
	"indicators":   "SELECT id FROM releases WHERE 1 = 0", // of the program: the samples name them
}

// knownRecord is the query for the ids under a noun of the API.
func knownRecord(noun string) string {
	if query, ok := elsewhere[noun]; ok {
		return query
	}
	return "SELECT id FROM " + tableOf(noun)
}

func tableOf(noun string) string { return strings.ReplaceAll(noun, "-", "_") }

// know reads behind the store's back what there is to ask for.
func (p *population) know(t *testing.T) {
	t.Helper()
	p.known = map[string][]string{}
	for _, r := range Routes {
		noun, ok := recordNoun(r)
		if _, again := p.known[noun]; !ok || again || r.Method != http.MethodGet {
			continue
		}
		p.known[noun] = nil
		for _, row := range p.rows(t, knownRecord(noun)) {
			p.known[noun] = append(p.known[noun], row[0])
		}
	}
	for _, row := range p.rows(t, "SELECT id FROM persons") {
		p.known["persons"] = append(p.known["persons"], row[0])
	}
	for _, row := range p.rows(t, "SELECT DISTINCT code FROM clients") {
		p.known["codes"] = append(p.known["codes"], row[0])
	}
}

var anyCode = regexp.MustCompile(`\b([CPN]1)-[0-9A-HJKMNP-TV-Z]{4}-`)

// Everybody asks for everything: no private word reaches an organisation that is no party
// to it, no code another sector, no id of a person anybody; and the log, the trail and the
// releases hold nothing of all that.
func TestCanary_NothingLeaks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := canaries(t, w)
		g := plant(t, p)
		p.know(t)
		all := crawl(t, p)
		checkWords(t, p, all)
		checkPlanted(t, g, all)
		checkCodes(t, p, all)
		checkTables(t, w, g, map[string]string{canaryNote: "referrals", canaryAlternative: "referrals", canaryWithdrawn: "referrals", canaryCounselling: "entries", canaryGlass: "break_glass",
			canaryWarning: "ews_reports"})
		checkRecords(t, p, g)
	})
}

// checkWords looks for the private words in the answers; the parties must have seen them.
func checkWords(t *testing.T, p *population, all []crawled) {
	t.Helper()
	sender, parties := []models.OrganisationID{p.NGO.ID}, []models.OrganisationID{p.NGO.ID, p.Clinic.ID}
	for word, allowed := range map[string][]models.OrganisationID{canaryNote: parties, canaryAlternative: parties, canaryWithdrawn: sender, canaryCounselling: sender, canaryGlass: {p.Clinic.ID},
		canaryWarning: {p.Clinic.ID, p.Ministry.ID}} {
		seen := map[models.OrganisationID]bool{}
		for _, a := range all {
			if strings.Contains(a.text, word) {
				seen[a.who.Org.ID] = true
				if !slices.Contains(allowed, a.who.Org.ID) {
					t.Errorf("%s reached %s of %s through %s", word, a.who.Role, a.who.Org.Name, a.route)
				}
			}
		}
		if len(seen) != len(allowed) {
			t.Errorf("%s is dead: seen by %d of %d", word, len(seen), len(allowed))
		}
	}
}

// checkCodes looks for codes of other sectors and for ids of persons.
func checkCodes(t *testing.T, p *population, all []crawled) {
	t.Helper()
	codes := 0
	for _, a := range all {
		sector, _ := a.who.Org.Kind.Sector()
		for _, m := range anyCode.FindAllStringSubmatch(a.text, -1) {
			if codes++; m[1] != sector.Prefix() {
				t.Errorf("a code of sector %s reached %s of %s through %s", m[1], a.who.Role, a.who.Org.Name, a.route)
			}
		}
		for _, person := range p.known["persons"] {
			if strings.Contains(a.text, person) {
				t.Errorf("the id of a person reached %s through %s", a.who.Role, a.route)
			}
		}
	}
	if codes < 100 {
		t.Errorf("only %d codes seen: the crawl does not reach clients", codes)
	}
}

// hostile are requests that carry the word wherever a caller can put one.
func hostile(r Route, s sample) []Scenario {
	good, word := s.with(r), canaryInput
	headers := good
	for _, name := range []string{"User-Agent", "Referer", "X-Forwarded-For", "X-Request-Id", "Accept", "Accept-Language", "Cookie", "Traceparent", "Origin"} {
		headers = headers.set(name, word)
	}
	all := []Scenario{
		headers.asking(r.Path + "/" + word), headers.asking(strings.ReplaceAll(good.Path, "/api/v1/", "/api/v1/"+word+"/")),
		headers.asking(good.Path + "?" + word + "+" + word + "=" + word), headers.asking(good.Path + "?limit=" + word + "&cursor=" + word + "&kind=" + word + "&state=" + word),
		headers.set("Authorization", "Bearer "+word), headers.set("Authorization", word+" "+s.who.Token),
	}
	for _, name := range r.Query {
		all = append(all, headers.asking(good.Path+"?"+name+"="+word))
	}
	if path := pathParam.ReplaceAllString(r.Path, word); path != r.Path {
		all = append(all, headers.asking(path))
	}
	if !takesBody(r.Method) || r.Method == http.MethodDelete {
		return all
	}
	if r.Create {
		all = append(all, headers.set("Idempotency-Key", word+" "+word))
	}
	if r.Change {
		all = append(all, headers.set("If-Match", word))
	}
	all = append(all,
		headers.sending(word), headers.sending(object{word + " " + word: word}.String()), headers.sending(`["`+word+`"]`),
		headers.sending("{}").set("Content-Type", word+"/"+word))
	var fields map[string]any
	if json.Unmarshal([]byte(good.Body), &fields) != nil {
		return all
	}
	for name := range fields {
		for _, value := range []any{word + " +7 701 123 45 67 " + strings.Repeat(word, 15), []string{word + " +7 701 123 45 67"}, object{word + " ": word}} {
			if name == "password" {
				value = []string{word}
			}
			wrong := maps.Clone(fields)
			wrong[name] = value
			all = append(all, headers.sending(object(wrong).String()))
		}
	}
	return all
}

// What was refused is nowhere: in no answer, no log line, no table.
func TestCanary_RefusedInputLeavesNoTrace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		for _, r := range Routes {
			s := samples[r.key()]
			for _, sc := range hostile(r, s) {
				a := sc.send(t, p.base)
				if a.Status < 400 && takesBody(r.Method) && r.Public == nil && !allRefused(r, a) || a.Status >= 500 {
					t.Errorf("%s: %d for %s %s", r.key(), a.Status, sc.Path, sc.Body)
				}
				if strings.Contains(strings.ToLower(fmt.Sprint(a.Header)+string(a.Body)), canaryInput) {
					t.Errorf("%s echoes: %v %s", r.key(), a.Header, a.Body)
				}
			}
		}
		w.run(t, signIn(canaryInput, canaryInput+canaryInput, 401).failing("token.credentials"))
		w.run(t, signIn(p.doctor.Username, canaryInput, 401).failing("token.credentials"))
		if strings.Contains(strings.ToLower(w.log.String()), canaryInput) {
			t.Error("the log holds refused input")
		}
		checkTables(t, w, &garden{}, map[string]string{})
	})
}

// checkTables fails for a canary in any column but those where it belongs.
func checkTables(t *testing.T, w *world, g *garden, belongs map[string]string) {
	t.Helper()
	words := []string{canaryNote, canaryAlternative, canaryWithdrawn, canaryCounselling, canaryGlass, canaryWarning, canaryInput}
	for _, p := range g.all {
		words = append(words, p.word)
		belongs[p.word] = p.table
	}
	for _, table := range w.tables(t) {
		query := "SELECT * FROM " + table
		for _, row := range w.rows(t, query) {
			for i, value := range row {
				for _, word := range words {
					if strings.Contains(strings.ToLower(value), word) && belongs[word] != table {
						t.Errorf("%s stands in column %d of %s", word, i+1, table)
					}
				}
			}
		}
	}
}

// checkRecords looks into what is written down beside the case records: no word, no code,
// no token, no name and no key is there, whatever was asked for.
func checkRecords(t *testing.T, p *population, g *garden) {
	t.Helper()
	log := p.log.String()
	trail := fmt.Sprint(p.rows(t, "SELECT at, actor_id, actor_role, organisation_id, action, outcome, objects, request_id FROM audit_events"))
	releases := fmt.Sprint(p.rows(t, "SELECT * FROM releases"), p.rows(t, "SELECT * FROM release_tables"))
	if !strings.Contains(releases, "2026Q1") {
		t.Error("the crawl sealed no release over these records")
	}
	secrets := map[string][]string{"code": p.known["codes"], "person": p.known["persons"]}
	links := "linkage_entries"
	if p.Engine == "postgres" {
		links = "linkage.entries"
	}
	for _, row := range p.rows(t, "SELECT link_id FROM "+links) {
		secrets["link id"] = append(secrets["link id"], row[0])
	}
	for _, row := range p.rows(t, "SELECT sdc_key FROM persons") {
		secrets["record key"] = append(secrets["record key"], row[0])
	}
	for _, who := range p.everybody(t) {
		secrets["token"] = append(secrets["token"], who.Token)
		secrets["username"] = append(secrets["username"], who.Username)
	}
	secrets["canary"] = []string{canaryNote, canaryAlternative, canaryWithdrawn, canaryCounselling, canaryGlass, canaryWarning}
	for _, w := range g.all {
		secrets["canary"] = append(secrets["canary"], w.word)
	}
	var ids []string
	for noun, known := range p.known {
		if noun != "organisations" && noun != "alerts" && noun != "releases" {
			ids = append(ids, known...)
		}
	}
	for _, place := range []struct{ name, text string }{{"log", log}, {"trail", trail}, {"releases", releases}} {
		for kind, values := range secrets {
			for _, value := range values {
				if strings.Contains(place.text, value) {
					t.Errorf("the %s holds a %s", place.name, kind)
				}
			}
		}
		for _, id := range ids {
			if place.name != "trail" && strings.Contains(place.text, id) {
				t.Errorf("the %s holds the id of a record", place.name)
			}
		}
	}
}
