package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// What every request leaves behind, asked of the route table: a new route is under these
// tests as soon as it has a sample.

// leftBy is what a request left: the actions and objects of its audit events, and lines of feeds.
type leftBy struct {
	actions []string
	objects string
	told    int
}

// leaves sends a sample and returns the answer with what it left.
func (p *population) leaves(t *testing.T, sc Scenario) (a Answer, left leftBy) {
	t.Helper()
	before := p.n(t, "changes")
	a = sc.send(t, p.base)
	for _, row := range p.rows(t, "SELECT action, objects FROM audit_events WHERE outcome = 'ok' AND request_id = '"+a.Header.Get("X-Request-Id")+"'") {
		left.actions, left.objects = append(left.actions, row[0]), left.objects+row[1]
	}
	left.told = p.n(t, "changes") - before
	return a, left
}

// auditNoun is the noun by which the trail names what a route does, where its path has another.
var auditNoun = map[string]string{
	"GET /api/v1/protocols/:slug/impact":           "episode", // what is read are the organisation's episodes
	"POST /api/v1/custody-spells/:id/release-case": "release_case",
	"POST /api/v1/custody-spells/:id/transfers":    "custody_transfer",
	"POST /api/v1/sync":                            "episode", // of the command that it carries
}

// aboutNoClient are the categories whose records are about no client: their reads leave no
// audit event and their writes are in no feed, but where a feed says so all the same.
var aboutNoClient = []models.Category{models.CatProtocol, models.CatOrganisation, models.CatUser, models.CatIndicator}

// betweenOrganisations are those whose reads leave no audit event, and whose writes are told.
var betweenOrganisations = []models.Category{models.CatAgreement, models.CatAccessPass}

// noTrace are single routes of which the trail has no event of a read, or no feed a write.
var noTrace = map[string]string{
	"GET /api/v1/me":                             "the caller",
	"DELETE /api/v1/tokens/current":              "the caller's token",
	"POST /api/v1/sync":                          "each command is held to its own route; the sample's waits for a person",
	"POST /api/v1/sync/conflicts/:id/resolution": "the inbox is read by the device that sent it",
	"GET /api/v1/devices":                        "telephones",
	"POST /api/v1/devices":                       "telephones",
	"POST /api/v1/devices/:id/shut-out":          "the telephone learns it at its next call",
}

// checkLeft holds an answered request to its route.
func checkLeft(t *testing.T, r Route, s sample, left leftBy) {
	t.Helper()
	noun, _, _ := strings.Cut(r.Action, ".")
	if other, ok := auditNoun[r.key()]; ok {
		noun = other
	}
	_, excused := noTrace[r.key()]
	noClient := excused || slices.Contains(aboutNoClient, r.Category)
	read := r.Method == http.MethodGet
	silent := read && (noClient && noun != "episode" || slices.Contains(betweenOrganisations, r.Category))
	if named := slices.ContainsFunc(left.actions, func(a string) bool { return strings.HasPrefix(a, noun+".") }); named == silent {
		t.Errorf("%s leaves the events %v, its action is %s: name both by one noun, or say in auditNoun or noTrace why not", r.key(), left.actions, r.Action)
	}
	if _, ok := recordNoun(r); ok && read && !silent && !strings.Contains(left.objects, strings.Split(s.path, "/")[4]) {
		t.Errorf("%s: its event does not name the record (r.touched)", r.key())
	}
	if !read && noClient == (left.told > 0) {
		t.Errorf("%s leaves %d lines in the change feeds: t.tell after each write, or a reason in noTrace, and not both", r.key(), left.told)
	}
}

// inScenarios are writes whose sample is refused in a fresh world for its state; scenarios
// make them, and what they leave is that of the routes beside them.
var inScenarios = []string{
	"POST /api/v1/episodes/:id/edition", "POST /api/v1/protocols/:slug/editions/:edition/language-review",
	"POST /api/v1/protocols/:slug/editions/:edition/approval", "POST /api/v1/protocols/:slug/editions/:edition/publication",
}

// Every read of a record is in the trail under the noun of its route and names the record;
// every write is in the trail and in a feed. A sample that an earlier one made impossible is
// tried anew in a fresh world. What the code leaves does not depend on the engine.
func TestRoutes_EveryRequestLeavesItsTrace(t *testing.T) {
	t.Parallel()
	waiting := slices.DeleteFunc(slices.Clone(Routes), func(r Route) bool {
		return r.Public != nil || slices.Contains(inScenarios, r.key())
	})
	slices.SortStableFunc(waiting, func(a, b Route) int { return strings.Compare(order(a), order(b)) })
	for len(waiting) > 0 {
		p := populate(t, newWorld(t, "sqlite"))
		samples := p.samples(t)
		var refused []Route
		why := ""
		for _, r := range waiting {
			s := samples[r.key()]
			a, left := p.leaves(t, s.with(r))
			if a.Status >= 300 {
				refused = append(refused, r)
				why += fmt.Sprintf("\n%s: %d %s", r.key(), a.Status, a.Body)
				continue
			}
			checkLeft(t, r, s, left)
		}
		if len(refused) == len(waiting) {
			t.Fatalf("these samples do not work in a fresh world:%s", why)
		}
		waiting = refused
	}
}

// shareAll is a person of whom the health unit lets the clinic read all it can by consent:
// one record at least of every table that a consent opens.
func shareAll(t *testing.T, p *population) (client, own string) {
	t.Helper()
	medic := p.as(t, models.RolePrisonMedical)
	code := p.register(t, medic, 70)
	p.start(t, medic, code)
	p.record(t, medic, code)
	p.dose(t, medic, p.treat(t, medic, code), 80)
	p.run(t, creating(medic, "/api/v1/overdoses", p.overdoseBody(code).String(), http.StatusCreated))
	kit := p.run(t, creating(medic, "/api/v1/naloxone-kits", kitBody(p.world).String(), http.StatusCreated)).named(t).ID
	p.step(t, medic, "naloxone-kits/"+kit+"/handover", 1, object{"on": p.Today(), "clientCode": code}.String())
	p.hold(t, medic, code, p.Today().AddDays(30))
	for _, purpose := range []models.Purpose{models.PurposeReferral, models.PurposeTreatmentContinuity} {
		body := consentBody(p.world, purpose, p.Clinic, models.ClientCategories...)
		p.run(t, creating(medic, "/api/v1/clients/"+code+"/consents", body, http.StatusCreated))
	}
	own = p.move(t, p.doctor, p.refer(t, medic, code, p.Clinic, ""), "acceptance", "").named(t).ClientCode
	return p.clientID(t, p.ColonyHealth, code), own
}

// notByConsent are reads of records in categories that a consent opens, which open nothing.
var notByConsent = map[string]string{
	"GET /api/v1/episodes/:id":         "one's own; another's is in the pathway",
	"GET /api/v1/episodes/:id/anchors": "one's own; another's is in the pathway",
	"GET /api/v1/naloxone-kits/:id":    "one's own stock",
	"GET /api/v1/release-cases/:id":    "the parties'; what others learn is in the handovers",
}

// consentedReads are the reads of one record about a client, by the columns of its table, or of
// a list about a client, that a clinician reaches by consent.
func (p *population) consentedReads(t *testing.T) (reads []Route) {
	t.Helper()
	clinician := realPolicies().Grants(models.RoleClinician)
	for _, r := range Routes {
		noun, byID := recordNoun(r)
		about := byID && p.isOfClient(t, noun) || strings.HasPrefix(r.Path, "/api/v1/clients/:code/")
		if r.Method == http.MethodGet && about && (r.AnyRole || clinician.Through(r.Category, models.Read, models.Consented)) {
			reads = append(reads, r)
		}
	}
	return reads
}

// Each record that a consent opens, read through it, is in the disclosure log and in the trail
// by its id.
func TestRoutes_EveryReadByConsentIsDisclosed(t *testing.T) {
	t.Parallel()
	p := populate(t, newWorld(t, "sqlite"))
	client, own := shareAll(t, p)
	reads := p.consentedReads(t)
	if len(reads) < 15 {
		t.Errorf("only %d reads of what a consent opens", len(reads))
	}
	for _, r := range reads {
		paths := []string{strings.Replace(r.Path, ":code", own, 1)}
		if noun, ok := recordNoun(r); ok {
			paths = nil
			for _, row := range p.rows(t, knownRecord(noun)+" WHERE client_id = '"+client+"'") {
				paths = append(paths, strings.Replace(r.Path, ":id", row[0], 1))
			}
		}
		shown := 0
		for _, path := range paths {
			entries := "disclosures WHERE client_id = '" + client + "' AND recipient_id = '" + string(p.Clinic.ID) + "'"
			before := p.n(t, entries)
			a, left := p.leaves(t, Scenario{Method: http.MethodGet, Path: path, Token: p.doctor.Token})
			told := p.n(t, entries) - before
			if _, never := notByConsent[r.key()]; never {
				shown += told
				continue
			}
			if a.Status != http.StatusOK {
				continue // of a category that a clinician does not read
			}
			shown++
			named := strings.Contains(left.objects, strings.Split(path, "/")[4]) || strings.Contains(left.objects, ",") // a list: the client and more
			if told == 0 || !named {
				t.Errorf("%s by consent: %d lines in the disclosure log (s.disclose), objects %s (r.touched)", r.key(), told, left.objects)
			}
		}
		if _, never := notByConsent[r.key()]; never != (shown == 0) {
			t.Errorf("%s shows %d records by consent: make one in shareAll, or say in notByConsent why it opens nothing", r.key(), shown)
		}
	}
}

// isOfClient reports whether the noun's table holds what somebody wrote about a client.
func (p *population) isOfClient(t *testing.T, noun string) bool {
	t.Helper()
	return slices.Contains(p.tablesWith(t, "client_id"), tableOf(noun)) && slices.Contains(p.tablesWith(t, "organisation_id"), tableOf(noun))
}

// What was struck out is absent for everybody but who wrote it, in every read that showed it.
func TestRoutes_StruckOutIsShownToNobodyElse(t *testing.T) {
	t.Parallel()
	p := populate(t, newWorld(t, "sqlite"))
	client, own := shareAll(t, p)
	entries := p.rows(t, "SELECT entry_id FROM entries WHERE client_id = '"+client+"' AND current")
	paths := []string{"/api/v1/clients/" + own + "/pathway"}
	for _, r := range p.consentedReads(t) {
		if strings.HasPrefix(r.Path, "/api/v1/clients/:code/") {
			paths = append(paths, strings.Replace(r.Path, ":code", own, 1))
		}
	}
	for _, e := range entries {
		paths = append(paths, "/api/v1/entries/"+e[0])
	}
	shown := func() (n int) {
		for _, path := range paths {
			a := Scenario{Method: http.MethodGet, Path: path, Token: p.doctor.Token}.send(t, p.base)
			for _, e := range entries {
				if a.Status == http.StatusOK && strings.Contains(string(a.Body), e[0]) {
					n++
				}
			}
		}
		return n
	}
	if n := shown(); len(entries) < 9 || n < 2*9 { // by address and in a list
		t.Fatalf("%d entries, shown %d times: nothing is tried", len(entries), n)
	}
	medic := p.as(t, models.RolePrisonMedical)
	for _, e := range entries {
		p.run(t, changing(medic, http.MethodPost, "/api/v1/entries/"+e[0]+"/corrections", `"1"`, `{"reason":"entered_in_error"}`, http.StatusOK))
	}
	if n := shown(); n != 0 {
		t.Errorf("what was struck out is shown %d times to another organisation", n)
	}
	p.get(t, medic, "/api/v1/entries/"+entries[0][0], `"struck":true`)
}
