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

// The negatives are generated from the route table: a new route is under them as soon as
// it has a sample, and without one they fail.

// eachRoute runs a case for every route, with a good request to break.
func eachRoute(t *testing.T, run func(t *testing.T, p *population, r Route, s sample, good Scenario)) {
	t.Helper()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		for _, r := range Routes {
			s, ok := samples[r.key()]
			if !ok {
				t.Errorf("%s: no sample; add one in sample_test.go", r.key())
				continue
			}
			run(t, p, r, s, s.with(r))
		}
	})
}

// unwritten fails the test when anything but the audit trail has changed since.
func (w *world) unwritten(t *testing.T) (check func()) {
	t.Helper()
	snapshot := func() map[string]string {
		content := map[string]string{}
		for _, table := range w.tables(t) {
			if table != "audit_events" && table != "audit_objects" {
				content[table] = fmt.Sprint(w.rows(t, "SELECT * FROM "+table+" ORDER BY 1, 2"))
			}
		}
		return content
	}
	before := snapshot()
	return func() {
		t.Helper()
		after := snapshot()
		for table := range before {
			if before[table] != after[table] {
				t.Errorf("a refused request wrote to %s:\nbefore %s\nafter  %s", table, before[table], after[table])
			}
		}
	}
}

func TestNegative_EveryRouteHasAPolicyRowAndADescription(t *testing.T) {
	t.Parallel()
	for _, r := range Routes {
		path := pathParam.ReplaceAllString(r.Path, "{$1}")
		if item := described().Paths.Value(path); item == nil || item.GetOperation(r.Method) == nil {
			t.Errorf("%s: not in docs/openapi.json", r.key())
		}
		if r.Public != nil || r.AnyRole {
			continue
		}
		if !slices.ContainsFunc(models.Roles, func(role models.Role) bool { return realPolicies().Allow(role, r.Category, r.Verb) }) {
			t.Errorf("%s: no policy row lets anybody in", r.key())
		}
	}
}

func TestNegative_WithoutToken(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, p *population, r Route, s sample, good Scenario) {
		if r.Public != nil {
			return
		}
		good.Token = ""
		for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer jol_" + strings.Repeat("A", 43), "Basic " + s.who.Token, s.who.Token, "Bearer," + s.who.Token} {
			a := p.run(t, good.set("Authorization", wrong).fails(401, "token.invalid"))
			if a.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: no challenge", r.key())
			}
		}
		// First of all answers, whatever else is wrong.
		p.run(t, good.asking(good.Path+"?zqx=1").sending(strings.Repeat("[", 70<<10)).set("Content-Type", "text/plain").fails(401, "token.invalid"))
	})
}

func TestNegative_EveryOtherRoleIsForbidden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		roles, samples := p.everyRole(t), p.samples(t)
		unchanged := p.unwritten(t)
		want := map[string]int{}
		for _, r := range Routes {
			worst := takesBody(r.Method) // once a route: 403 comes before 413, 415 and everything else
			for _, who := range roles {
				if r.Public != nil || r.AnyRole || realPolicies().Allow(who.Role, r.Category, r.Verb) {
					continue
				}
				sc := samples[r.key()].with(r)
				sc.Token = who.Token
				sc.Absent = []string{p.code, p.ngoCode, p.polyCode}
				p.run(t, sc.fails(403, "role.not_allowed"))
				if worst {
					worst = false
					p.run(t, sc.asking(sc.Path+"?zqx=1").sending(strings.Repeat("[", 70<<10)).set("Content-Type", "text/plain").fails(403, "role.not_allowed"))
					want[string(who.ID)+" "+r.Action]++
				}
				want[string(who.ID)+" "+r.Action]++
			}
		}
		unchanged()
		got := map[string]int{}
		for _, row := range p.rows(t, "SELECT actor_id, action, objects FROM audit_events WHERE outcome = 'forbidden'") {
			got[row[0]+" "+row[1]]++
			if row[2] != "[]" {
				t.Errorf("a refusal names objects: %v", row)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("events of refusals: %d kinds, want %d", len(got), len(want))
		}
	})
}

// Another organisation's record and one that is not there: the same bytes, once the
// request id is taken away, and each leaves an event that names no object.
func TestNegative_ForeignEqualsAbsent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		unchanged := p.unwritten(t)
		for _, r := range Routes {
			s := samples[r.key()]
			good, answers := s.with(r), map[string]string{}
			before := len(p.rows(t, "SELECT seq FROM audit_events WHERE outcome = 'not_found' AND action = '"+r.Action+"'"))
			ask := func(what string, sc Scenario) {
				t.Helper()
				sc.Name = r.key() + " " + what
				sc.Status = 404
				sc.Code = notFoundCode(r)
				answers[what] = anonymous(p.run(t, sc))
			}
			for _, path := range slices.Concat(s.others, s.absent) {
				ask(path, good.asking(path))
			}
			if s.otherBody != "" {
				ask("other body", good.sending(s.otherBody))
				ask("absent body", good.sending(s.absentBody))
			}
			if n := len(slices.Compact(slices.Sorted(maps.Values(answers)))); n > 1 {
				t.Errorf("%s: %d different answers: %v", r.key(), n, answers)
			}
			if strings.Contains(r.Path, ":") && len(answers) == 0 {
				t.Errorf("%s: nothing to ask for", r.key())
			}
			events := len(p.rows(t, "SELECT seq FROM audit_events WHERE outcome = 'not_found' AND objects = '[]' AND action = '"+r.Action+"'"))
			if r.Scoped != nil && events-before != len(answers) {
				t.Errorf("%s: %d events for %d answers", r.key(), events-before, len(answers))
			}
		}
		unchanged()
	})
}

func notFoundCode(r Route) string {
	switch {
	case strings.HasPrefix(r.Path, "/api/v1/clients"), r.key() == "POST /api/v1/referrals", r.key() == "POST /api/v1/overdoses", r.key() == "POST /api/v1/dose-transfers", r.key() == "POST /api/v1/break-glass":
		return "client.not_found"
	case strings.HasSuffix(r.Path, "/tables/:table"): // of a release that is there
		return "release.not_in_plan"
	case strings.HasSuffix(r.Path, ":step"):
		return "step.not_found"
	case strings.Contains(r.Path, "/:edition"):
		return "edition.not_found"
	case strings.HasPrefix(r.Path, "/api/v1/protocols/:slug"), strings.HasPrefix(r.Path, "/fhir/PlanDefinition/"):
		return "protocol.not_found"
	case r.Public != nil:
		noun := strings.ReplaceAll(strings.TrimSuffix(strings.Split(r.Path, "/")[3], "s"), "-", "_")
		return noun + ".not_found"
	}
	noun, _, _ := strings.Cut(r.Action, ".")
	return noun + ".not_found"
}

func TestNegative_BodyIsRefusedByTheLadder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		unchanged := p.unwritten(t)
		for _, r := range Routes {
			if !takesBody(r.Method) {
				continue
			}
			s := samples[r.key()]
			good := s.with(r)
			limit := DefaultLimits().Body
			if r.MaxBody > 0 {
				limit = r.MaxBody
			}
			worst := good.asking(good.Path+"?zqx=1").set("Idempotency-Key", "").set("If-Match", "").set("Content-Type", "text/zqx")
			worst.Absent = []string{"zqx"}
			p.run(t, worst.sending(strings.Repeat("[", int(limit)+1)).fails(413, "body.too_large"))
			p.run(t, worst.sending("{zqx").fails(415, "body.media_type"))
			p.run(t, worst.sending("{zqx").set("Content-Type", "").fails(400, "body.malformed"))
			p.run(t, worst.sending("{}").set("Content-Type", "application/json").set("Content-Encoding", "gzip").fails(415, "body.media_type"))
			for _, malformed := range []string{"zqx", `{"zqx":}`, `{"zqx":1,}`, `{} {}`, "\xff", `"\ud800"`, strings.Repeat("[", 11000)} {
				if int64(len(malformed)) <= limit {
					p.run(t, good.sending(malformed).fails(400, "body.malformed"))
				}
			}
		}
		unchanged()
	})
}

func TestNegative_RequiredHeaders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		unchanged := p.unwritten(t)
		for _, r := range Routes {
			s := samples[r.key()]
			good := s.with(r)
			odd := good.asking(good.Path + "?zqx=1") // a 422 of its own, which comes after
			if r.Create {
				p.run(t, odd.set("Idempotency-Key", "").fails(400, "idempotency.key_required"))
				p.run(t, odd.set("Idempotency-Key", strings.Repeat("k", 129)).fails(400, "idempotency.key_malformed"))
				p.run(t, odd.set("Idempotency-Key", "two words").fails(400, "idempotency.key_malformed"))
			}
			if !r.Change {
				continue
			}
			p.run(t, odd.set("If-Match", "").fails(428, "precondition.required"))
			for _, tag := range []string{"*", "1", `W/"1"`, `"zqx"`, `"1","2"`, `"01"`} {
				sc := odd.set("If-Match", tag).fails(400, "precondition.malformed")
				sc.Absent = []string{"zqx"}
				p.run(t, sc)
			}
			for _, stale := range []string{`"0"`, `"7"`, `"9223372036854775807"`} {
				p.run(t, good.set("If-Match", stale).fails(412, "precondition.version"))
				if len(s.others) > 0 { // 404 before 412
					p.run(t, good.asking(s.others[0]).set("If-Match", stale).fails(404, notFoundCode(r)))
				}
			}
		}
		unchanged()
	})
}

// Unknown fields, repeated fields and wrong types are 422 with a pointer, before the
// record is looked for.
func TestNegative_FieldsAreStrict(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		unchanged := p.unwritten(t)
		for _, r := range Routes {
			if !takesBody(r.Method) || r.Method == http.MethodDelete {
				continue
			}
			s := samples[r.key()]
			good := s.with(r)
			for _, path := range append([]string{s.path}, slices.Concat(s.others, s.absent)...) {
				if strings.Contains(path, "/zqx/receipt") { // the screened words below would meet their own id
					continue
				}
				p.run(t, good.asking(path).sending(`{"unknownField":"zqx"}`).fails(422, "body.unknown_field", `"pointer":"/unknownField"`))
			}
			for name, pointer := range map[string]string{"Айгуль": "/*", "zqx zqx": "/*", "": "/*", "a/b": "/*", strings.Repeat("z", 41): "/*", "constructor": "/constructor"} {
				sc := good.sending(object{name: "zqxvalue"}.String()).fails(422, "body.unknown_field", `"pointer":"`+pointer+`"`)
				sc.Absent = []string{"Айгуль", "zqx", strings.Repeat("z", 41)}
				p.run(t, sc)
			}
			p.run(t, good.sending(`[]`).fails(422, "body.wrong_type"))
			p.run(t, good.sending(`"zqx"`).fails(422, "body.wrong_type"))
			checkFieldTypes(t, p, good, s.body)
		}
		unchanged()
	})
}

// checkFieldTypes gives each field of a good body a value of another type, and repeats it.
func checkFieldTypes(t *testing.T, p *population, good Scenario, body string) {
	t.Helper()
	var fields map[string]any
	if body == "" {
		return
	}
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		wrong := map[string]any{}
		maps.Copy(wrong, fields)
		switch value.(type) {
		case string:
			wrong[name] = 424242
		case []any:
			wrong[name] = object{"zqx": 1}
		default:
			wrong[name] = "zqx 424242"
		}
		sc := good.sending(object(wrong).String()).fails(422, "body.wrong_type", `{"pointer":"/`+name+`","code":"body.wrong_type"}`)
		sc.Absent = []string{"zqx", "424242"}
		p.run(t, sc)
		twice := strings.Replace(body, "{", `{"`+name+`":null,`, 1)
		p.run(t, good.sending(twice).fails(422, "body.duplicate_field", `"pointer":"/`+name+`"`))
	}
}

func TestNegative_UnknownQueryParameter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		unchanged := p.unwritten(t)
		for _, r := range Routes {
			s := samples[r.key()]
			good := s.with(r)
			good.Absent = []string{"zqxvalue", "Айгуль"}
			code := "query.unknown_parameter"
			if r.FreeQuery {
				code = "release.not_in_plan"
			}
			paths := append([]string{s.path}, slices.Concat(s.others, s.absent)...) // 422 before 404
			for _, path := range paths {
				p.run(t, good.asking(path+"?nothing=zqxvalue").fails(422, code).at("/nothing"))
			}
			p.run(t, good.asking(s.path+"?%D0%90%D0%B9%D0%B3%D1%83%D0%BB%D1%8C=zqxvalue").fails(422, code).at("/*"))
			for _, malformed := range []string{"?%zz", "?a;b", "?limit=%00", "?limit=%ff", "?cursor=%0a"} {
				p.run(t, good.asking(s.path+malformed).fails(400, "query.malformed"))
			}
			for _, name := range r.Query {
				p.run(t, good.asking(s.path+"?"+name+"=1&"+name+"=2").fails(422, "query.duplicate_parameter").at("/"+name))
			}
		}
		unchanged()
	})
}

// withoutToken takes the token of a new device out: it is shown once, also to who asks again.
func withoutToken(body []byte) []byte {
	return regexp.MustCompile(`"token":"jold_[A-Za-z0-9_-]+"`).ReplaceAll(body, []byte(`"token":null`))
}

// The same key with another body is refused; the first record stays.
func TestNegative_KeyIsForOneRequest(t *testing.T) {
	t.Parallel()
	eachRoute(t, func(t *testing.T, p *population, r Route, s sample, good Scenario) {
		if !r.Create {
			return
		}
		good.Status = 201
		first := p.run(t, good)
		unchanged := p.unwritten(t)
		other := strings.Replace(s.body, "{", "{ ", 1)
		p.run(t, good.sending(other).fails(422, "idempotency.key_reused"))
		replay := p.run(t, good)
		if replay.Header.Get("Idempotency-Replayed") != "true" || replay.Status != first.Status || string(replay.Body) != string(withoutToken(first.Body)) {
			t.Errorf("%s: replay %d %s", r.key(), replay.Status, replay.Body)
		}
		unchanged()
		// A key is the user's own: a colleague's equal key is another one.
		if r.key() == "POST /api/v1/referrals" {
			colleague := good
			colleague.Token = p.second.Token
			if a := p.run(t, colleague); a.Header.Get("Idempotency-Replayed") != "" {
				t.Error("a colleague got the replay")
			}
		}
	})
}
