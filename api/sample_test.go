package api

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/store/storetest"
)

// sample is a good request to a route: what the generated negatives break in turn.
type sample struct {
	who    account  // may do it
	path   string   // of a record of who's organisation
	query  string   // with its question mark, where the route cannot do without one
	body   string   // valid; empty when the route takes none
	etag   string   // of the record, for changes
	others []string // the same for records of other organisations
	absent []string // and for records that are not there
	// Where a body names the record: bodies that name another's, and an absent one.
	otherBody, absentBody string
	device                string // Device-Token, for routes that need one
}

// population is a world in which every route has something to work on, beside records
// of the same kinds that belong to others.
type population struct {
	*world
	doctor, second, ngo, poly account
	code, polyCode, ngoCode   string
	untreated, absentCode     string
	consent, episode          string
	inbox, change             string
	polyConsent, polyEpisode  string
	foreignReferral           string
	polyChange, ngoConsent    string
	release                   string
	author, reviewer          account // of editions
	limit                     string  // of the polyclinic
	known                     map[string][]string
	samplePeople              int // who were made for samples
}

func populate(t *testing.T, w *world) *population {
	t.Helper()
	p := &population{
		world: w, doctor: w.as(t, models.RoleClinician), second: w.at(t, models.RoleClinician, w.Clinic, 2),
		ngo: w.as(t, models.RoleNGOOutreach), poly: w.at(t, models.RoleClinician, w.Polyclinic, 1),
	}
	p.code, p.polyCode, p.ngoCode = w.register(t, p.doctor, 1), w.register(t, p.poly, 2), w.register(t, p.ngo, 3)
	p.untreated, p.absentCode = w.register(t, p.doctor, 5), clinicCode(t, 4)
	p.consent = w.consent(t, p.doctor, p.code, w.Polyclinic, models.CatTreatmentFact)
	p.episode = w.start(t, p.doctor, p.code)
	p.ngoConsent = w.consent(t, p.ngo, p.ngoCode, w.Clinic)
	p.inbox = w.refer(t, p.ngo, p.ngoCode, w.Clinic, "prefers mornings")
	w.consent(t, p.ngo, p.ngoCode, w.Polyclinic)
	p.foreignReferral = w.refer(t, p.ngo, p.ngoCode, w.Polyclinic, "prefers evenings")
	p.polyConsent, p.polyEpisode = w.consent(t, p.poly, p.polyCode, w.OtherNGO), w.start(t, p.poly, p.polyCode)
	p.change = w.run(t, creating(p.doctor, "/api/v1/clients/"+p.code+"/identity-changes", `{"kind":"split"}`, 201)).named(t).ID
	p.polyChange = w.run(t, creating(p.poly, "/api/v1/clients/"+p.polyCode+"/identity-changes", `{"kind":"split"}`, 201)).named(t).ID
	p.release = w.sealed(t)
	p.author, p.reviewer = w.as(t, models.RoleProtocolEditor), w.at(t, models.RoleProtocolEditor, w.Ministry, 2)
	w.run(t, creating(p.author, "/api/v1/protocols/therapeutic-programme/editions", overlayBody("KZ-sample"), 201))
	p.limit = w.run(t, creating(p.author, "/api/v1/facility-limits", facilityLimitBody(w, "PT5M"), 201)).named(t).ID
	return p
}

// clinicCode is the code the n-th person would have in a clinic, whether or not one
// knows them.
func clinicCode(t testing.TB, n int) string {
	t.Helper()
	keys, p := storetest.TestKeys(), storetest.Someone(n)
	linker, err := models.NewLinker("KZ", keys.Country, keys.Sector)
	if err != nil {
		t.Fatal(err)
	}
	uic, err := models.NewUIC(p.Country, p.Sex, p.BirthYear, p.MotherInitials, p.FatherInitials)
	if err != nil {
		t.Fatal(err)
	}
	return string(linker.Code(linker.Link(uic), models.SectorClinic))
}

// samples has one entry for each route; a test fails for a route without one.
func (p *population) samples(t *testing.T) map[string]sample {
	t.Helper()
	all := map[string]sample{}
	for _, part := range []map[string]sample{
		p.publicSamples(), p.editionSamples(), p.officeSamples(t), p.clientSamples(), p.careSamples(), p.countingSamples(t), p.exportSamples(t),
		p.taskSamples(t), p.custodySamples(t), p.oatSamples(t), p.recordSamples(t), p.syncSamples(t),
		p.partnershipSamples(t), p.disclosureSamples(t), p.ewsSamples(t),
	} {
		for key, s := range part {
			if s.others = slices.DeleteFunc(s.others, func(path string) bool { return path == "" }); s.etag == "" {
				s.etag = `"1"`
			}
			all[key] = s
		}
	}
	for _, r := range Routes {
		if _, ok := all[r.key()]; !ok {
			t.Fatalf("%s: no sample; add one here", r.key())
		}
	}
	return all
}

const none = "01900000-0000-7000-8000-000000000000"

// absent are ids of nothing, in and out of shape.
func absent(before, after string) []string {
	return []string{before + none + after, before + uuid.NewString() + after, before + "zqx" + after, before + "%00" + after, before + "%D0%90%FF" + after, before + "a'--" + after}
}

func (p *population) publicSamples() map[string]sample {
	const api = "/api/v1"
	return map[string]sample{
		"GET /api/v1/protocols":                 {path: api + "/protocols"},
		"GET /api/v1/protocols/:slug":           {path: api + "/protocols/therapeutic-programme", absent: absent(api+"/protocols/", "")},
		"GET /api/v1/protocols/:slug/graph.svg": {path: api + "/protocols/therapeutic-programme/graph.svg", absent: absent(api+"/protocols/", "/graph.svg")},
		"GET /api/v1/protocols/:slug/facts":     {path: api + "/protocols/therapeutic-programme/facts", absent: absent(api+"/protocols/", "/facts")},
		"POST /api/v1/protocols/:slug/evaluations": {path: api + "/protocols/therapeutic-programme/evaluations", absent: absent(api+"/protocols/", "/evaluations"),
			body: `{"facts":{"triggers":["screening"],"age":30},"at":"2026-03-10T09:00:00Z","facility":{"country":"KZ","setting":"clinic"},"from":[],"answers":{}}`},
		"GET /api/v1/protocols/:slug/steps/:step": {path: api + "/protocols/therapeutic-programme/steps/tp-oat-missed", absent: absent(api+"/protocols/therapeutic-programme/steps/", "")},
		"GET /api/v1/protocol-search":             {path: api + "/protocol-search", query: "?q=naloxone"},
		"GET /api/v1/interface-words":             {path: api + "/interface-words"},
		"GET /fhir/metadata":                      {path: "/fhir/metadata"},
		"GET /fhir/PlanDefinition":                {path: "/fhir/PlanDefinition"},
		"GET /fhir/PlanDefinition/:slug":          {path: "/fhir/PlanDefinition/therapeutic-programme", absent: absent("/fhir/PlanDefinition/", "")},
		"GET /fhir/ActivityDefinition":            {path: "/fhir/ActivityDefinition"},
		"GET /fhir/ActivityDefinition/:step":      {path: "/fhir/ActivityDefinition/tp-oat-missed", absent: absent("/fhir/ActivityDefinition/", "")},
		"GET /api/v1/code-lists":                  {path: api + "/code-lists"},
		"GET /api/v1/code-lists/:id":              {path: api + "/code-lists/substance", absent: absent(api+"/code-lists/", "")},
		"POST /api/v1/tokens":                     {path: api + "/tokens", body: object{"username": p.doctor.Username, "password": passwordOf(p.doctor.Username)}.String()},
		"DELETE /api/v1/tokens/current":           {who: p.second, path: api + "/tokens/current"},
		"GET /api/v1/me":                          {who: p.doctor, path: api + "/me"},
	}
}

// editionSamples work on a draft that populate imported.
func (p *population) editionSamples() map[string]sample {
	const protocol = "/api/v1/protocols/therapeutic-programme"
	draft := func(after string) sample {
		return sample{who: p.reviewer, path: protocol + "/editions/KZ-sample" + after, absent: absent(protocol+"/editions/", after)}
	}
	of := func(who account, after string) sample {
		return sample{who: who, path: protocol + after, absent: absent("/api/v1/protocols/", after)}
	}
	create := of(p.author, "/editions")
	create.body = overlayBody("KZ-new")
	samples := map[string]sample{
		"GET /api/v1/protocols/:slug/editions":                 of(p.author, "/editions"),
		"GET /api/v1/protocols/:slug/editions/:edition":        draft(""),
		"GET /api/v1/protocols/:slug/editions/:edition/bundle": draft("/bundle"),
		"GET /api/v1/protocols/:slug/diff":                     of(account{}, "/diff"),
		"GET /api/v1/protocols/:slug/impact":                   of(p.doctor, "/impact"),
		"POST /api/v1/protocols/:slug/editions":                create,
	}
	limit := sample{who: p.author, path: "/api/v1/facility-limits/" + p.limit, absent: absent("/api/v1/facility-limits/", "")}
	samples["GET /api/v1/facility-limits"] = sample{who: p.doctor, path: "/api/v1/facility-limits"}
	samples["GET /api/v1/facility-limits/:id"] = limit
	samples["POST /api/v1/facility-limits"] = sample{who: p.author, path: "/api/v1/facility-limits", body: facilityLimitBody(p.world, "PT10M")}
	limit.path, limit.absent = limit.path+"/end", absent("/api/v1/facility-limits/", "/end")
	samples["POST /api/v1/facility-limits/:id/end"] = limit
	for _, a := range models.EditionActions {
		samples["POST /api/v1/protocols/:slug/editions/:edition/"+a.Name] = draft("/" + a.Name)
	}
	return samples
}

// overlayBody changes one title of the built-in edition.
func overlayBody(edition string) string {
	return object{"edition": edition, "base": builtInEdition, "changeNote": "One title.", "files": object{"text/en/changes.yaml": "steps: {tp-oat-missed: {title: Changed}}"}}.String()
}

// facilityLimitBody gives the polyclinic another time for the first safety check.
func facilityLimitBody(w *world, duration string) string {
	return object{"organisation": w.Polyclinic.ID, "protocol": therapeutic, "step": "tp-entry-first-contact", "limit": "check",
		"duration": duration, "reason": "A nurse stands at the door."}.String()
}

func (p *population) officeSamples(t *testing.T) map[string]sample {
	t.Helper()
	ministry, admin := p.as(t, models.RoleAdministrator), p.at(t, models.RoleAdministrator, p.Clinic, 1)
	nurse, theirs := p.as(t, models.RoleNurse), p.at(t, models.RoleNurse, p.Polyclinic, 1)
	const organisations, users = "/api/v1/organisations", "/api/v1/users"
	return map[string]sample{
		"GET /api/v1/organisations":     {who: p.doctor, path: organisations},
		"GET /api/v1/organisations/:id": {who: p.doctor, path: organisations + "/" + string(p.Clinic.ID), absent: absent(organisations+"/", "")},
		"POST /api/v1/organisations": {who: ministry, path: organisations,
			body: object{"name": "Polyclinic 7", "kind": "clinic", "region": "KZ-71", "centreType": "1", "services": []string{"naloxone"}, "reportsStructured": true, "serves": ""}.String()},
		"PATCH /api/v1/organisations/:id": {who: admin, path: organisations + "/" + string(p.Clinic.ID), body: `{"name":"Clinic","active":true}`,
			others: []string{organisations + "/" + string(p.Polyclinic.ID), organisations + "/" + string(p.Ministry.ID)}, absent: absent(organisations+"/", "")},
		"GET /api/v1/users":      {who: admin, path: users},
		"GET /api/v1/colleagues": {who: p.doctor, path: "/api/v1/colleagues"},
		"POST /api/v1/users": {who: admin, path: users,
			body: object{"username": "new.nurse", "password": "a long password", "role": "nurse", "organisation": p.Clinic.ID}.String()},
		"PATCH /api/v1/users/:id": {who: admin, path: users + "/" + string(nurse.ID), body: `{"active":true}`,
			others: []string{users + "/" + string(theirs.ID), users + "/" + string(ministry.ID)}, absent: absent(users+"/", "")},
		"GET /api/v1/audit-events": {who: p.as(t, models.RoleAuditor), path: "/api/v1/audit-events"},
	}
}

func (p *population) clientSamples() map[string]sample {
	of := func(after, body string) sample {
		path := func(code string) string { return "/api/v1/clients/" + code + after }
		return sample{who: p.doctor, path: path(p.code), body: body, others: []string{path(p.polyCode), path(p.ngoCode)},
			absent: []string{path(p.absentCode), path(p.absentCode + ".2"), path(p.code + ".2"), path("P1" + p.code[2:])}}
	}
	treat := of("/episodes", p.episodeBody())
	treat.path = "/api/v1/clients/" + p.untreated + "/episodes"
	approval := func(id string) string { return "/api/v1/identity-changes/" + id + "/approval" }
	return map[string]sample{
		"POST /api/v1/clients":                        {who: p.doctor, path: "/api/v1/clients", body: person(9)},
		"GET /api/v1/clients/:code":                   of("", ""),
		"GET /api/v1/clients/:code/pathway":           of("/pathway", ""),
		"GET /api/v1/clients/:code/episodes":          of("/episodes", ""),
		"POST /api/v1/clients/:code/episodes":         treat,
		"POST /api/v1/clients/:code/consents":         of("/consents", consentBody(p.world, models.PurposeReferral, p.Polyclinic, models.CatTreatmentFact)),
		"POST /api/v1/clients/:code/identity-changes": of("/identity-changes", `{"kind":"split"}`),
		"GET /api/v1/identity-changes":                {who: p.doctor, path: "/api/v1/identity-changes"},
		"POST /api/v1/identity-changes/:id/approval": {who: p.second, path: approval(p.change),
			others: []string{approval(p.polyChange)}, absent: absent("/api/v1/identity-changes/", "/approval")},
	}
}

func (p *population) careSamples() map[string]sample {
	by := func(who account, noun, id, after, body string, others ...string) sample {
		before := "/api/v1/" + noun + "/"
		s := sample{who: who, path: before + id + after, body: body, absent: absent(before, after)}
		for _, other := range others {
			s.others = append(s.others, before+other+after)
		}
		return s
	}
	referral := by(p.doctor, "referrals", p.inbox, "/receipt", "{}", p.foreignReferral)
	return map[string]sample{
		"GET /api/v1/consents/:id":             by(p.doctor, "consents", p.consent, "", "", p.polyConsent, p.ngoConsent),
		"POST /api/v1/consents/:id/withdrawal": by(p.doctor, "consents", p.consent, "/withdrawal", "", p.polyConsent, p.ngoConsent),
		"GET /api/v1/episodes/:id":             by(p.doctor, "episodes", p.episode, "", "", p.polyEpisode),
		"POST /api/v1/episodes/:id/contacts":   by(p.doctor, "episodes", p.episode, "/contacts", object{"on": p.Today()}.String(), p.polyEpisode),
		"POST /api/v1/episodes/:id/edition":    by(p.doctor, "episodes", p.episode, "/edition", object{"edition": builtInEdition}.String(), p.polyEpisode),
		"POST /api/v1/episodes/:id/closure":    by(p.doctor, "episodes", p.episode, "/closure", object{"endDate": p.Today(), "endReason": "1"}.String(), p.polyEpisode),
		"GET /api/v1/referrals":                {who: p.doctor, path: "/api/v1/referrals"},
		"GET /api/v1/referrals/:id":            by(p.doctor, "referrals", p.inbox, "", "", p.foreignReferral),
		"POST /api/v1/referrals/:id/:action":   referral,
		"POST /api/v1/referrals": {who: p.doctor, path: "/api/v1/referrals", body: referralBody(p.code, p.Polyclinic, "prefers mornings"),
			otherBody: referralBody(p.polyCode, p.Polyclinic, ""), absentBody: referralBody(p.absentCode, p.Polyclinic, "")},
	}
}

func (p *population) countingSamples(t *testing.T) map[string]sample {
	t.Helper()
	analyst := p.as(t, models.RoleMinistryAnalyst)
	release := "/api/v1/releases/" + p.release
	return map[string]sample{
		"GET /api/v1/indicators":                 {who: analyst, path: "/api/v1/indicators"},
		"GET /api/v1/indicators/:id":             {who: analyst, path: "/api/v1/indicators/TDI01", absent: absent("/api/v1/indicators/", "")},
		"GET /api/v1/releases":                   {who: analyst, path: "/api/v1/releases"},
		"GET /api/v1/releases/:id":               {who: analyst, path: release, absent: absent("/api/v1/releases/", "")},
		"GET /api/v1/releases/:id/tables/:table": {who: analyst, path: release + "/tables/TDI01.region", absent: absent(release+"/tables/", "")},
		"GET /api/v1/own-figures":                {who: p.doctor, path: "/api/v1/own-figures"},
		"GET /api/v1/denominators":               {who: analyst, path: "/api/v1/denominators"},
		"POST /api/v1/denominators":              {who: p.as(t, models.RoleReleaseSteward), path: "/api/v1/denominators", body: denominatorsBody},
		"POST /api/v1/releases":                  {who: p.as(t, models.RoleReleaseSteward), path: "/api/v1/releases", body: sealBody("2026Q1", "final", "ministry")},
	}
}

// with returns the sample as a scenario with everything in place.
func (s sample) with(r Route) Scenario {
	sc := Scenario{Name: r.key(), Method: r.Method, Path: s.path + s.query, Token: s.who.Token, Body: s.body, Headers: map[string]string{}}
	if r.Create {
		sc.Headers["Idempotency-Key"] = uuid.NewString()
	}
	if r.Change {
		sc.Headers["If-Match"] = s.etag
	}
	if s.device != "" {
		sc.Headers["Device-Token"] = s.device
	}
	return sc
}

// fails is a copy of the scenario that must fail so.
func (sc Scenario) fails(status int, code string, contains ...string) Scenario {
	sc.Status, sc.Code, sc.Contains = status, code, contains
	return sc
}

// set is a copy with one header more; an empty value takes the header away.
func (sc Scenario) set(name, value string) Scenario {
	sc.Headers = maps.Clone(sc.Headers)
	if sc.Headers[name] = value; value == "" {
		delete(sc.Headers, name)
	}
	return sc
}

// at is a copy that must name the field or parameter it was refused for.
func (sc Scenario) at(pointer string) Scenario {
	sc.Pointer = pointer
	return sc
}

// sending is a copy with another body.
func (sc Scenario) sending(body string) Scenario {
	sc.Body = body
	return sc
}

// asking is a copy with another path.
func (sc Scenario) asking(path string) Scenario {
	sc.Path = path
	return sc
}

const denominatorsBody = `{"items":[{"country":"KZ","region":"","year":2025,"kind":"pwid","value":79900,"low":70000,"high":90000,"source":"IBBS 2024","method":"multiplier"}]}`
