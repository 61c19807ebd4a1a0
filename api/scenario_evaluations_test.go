package api

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// protocolServer serves the real routes with the built-in protocols and no database:
// these routes need none.
func protocolServer(t *testing.T) (f *fake, base string) {
	t.Helper()
	f = newFake()
	f.protocols = builtInOnly(t)
	srv := httptest.NewServer(f.router(Routes))
	t.Cleanup(srv.Close)
	return f, srv.URL
}

const evaluations = "/api/v1/protocols/therapeutic-programme/evaluations"

func evaluating(body string, status int, contains ...string) Scenario {
	return Scenario{Method: "POST", Path: evaluations, Body: body, Status: status, Contains: contains}
}

func TestEvaluation_AnswersWithoutAnAccount(t *testing.T) {
	t.Parallel()
	f, base := protocolServer(t)
	sc := evaluating(`{"at":"2026-03-10T09:00:00Z","facts":{"triggers":["first_contact"],"breathing_depressed":true,"overdose_event":"2026-03-10T08:58:00Z"}}`, 200,
		`"edition":"2026.1-reference"`, `"safety":[{"step":"tp-entry-first-contact","branch":"breathing-depressed-or"`,
		`"steps":[{"id":"tp-acute-overdose-clinical"`, `"dueAt":"2026-03-10T09:03:00Z"`, `"limitBasis":"editorial"`,
		`"question":"How does the person respond to ventilation and naloxone?"`, `"id":"recovered"`, `"missing":[{"fact":`, `"country":"KZ"`)
	first := sc.conforming(t, base)
	if first.Header.Get("Cache-Control") != "no-store" || first.Header.Get("Content-Language") != "en" || !strings.Contains(first.Header.Get("Vary"), "Accept-Language") {
		t.Errorf("headers %v", first.Header)
	}
	if second := sc.conforming(t, base); string(first.Body) != string(second.Body) {
		t.Error("the same request has two answers")
	}
	evaluating(`{}`, 200, `"steps":[]`, `"fact":"triggers"`).conforming(t, base)
	evaluating(`{"facts":{"triggers":["plan_review"]},"answers":{"tp-plan-review":["new-diagnosis"]}}`, 200, `"id":"tp-assess-diagnosis"`, `"kind":"answer"`).conforming(t, base)
	evaluating(`{"from":["tp-oat-eligibility"],"facility":{"country":"UZ"}}`, 200, `"available":false`, `"alternative":"tp-acute-opioid-wd"`).conforming(t, base)
	evaluating(`{"from":["tp-oat-eligibility"],"facility":{"country":"UZ","setting":"clinic","capabilities":{"oatAvailable":true}}}`, 200, `"available":true`).conforming(t, base)
	evaluating(`{"from":["tp-acute-alcohol-wd"],"facts":{"ciwa_score":9},"facility":{"systems":{"ciwa":"ciwa-10-18"}}}`, 200, `"system":"ciwa-10-18"`, `"band":"mild"`).conforming(t, base)
	if log := f.log.String(); strings.Contains(log, "first_contact") || !strings.Contains(log, "/api/v1/protocols/:slug/evaluations") {
		t.Errorf("access log: %s", log)
	}
}

// What an evaluation says and asks comes in the reader's language, all of it.
func TestEvaluation_SpeaksTheReadersLanguage(t *testing.T) {
	t.Parallel()
	_, base := protocolServer(t)
	const body = `{"at":"2026-03-10T09:00:00Z","from":["tp-acute-overdose-clinical"],"facts":{"audit_score":3,"oat_medicine":"methadone","oat_schedule":"daily","last_dose_taken":"2026-03-07"}}`
	for lang, want := range map[string][]string{
		"ru": {`"question":"Как человек реагирует на вентиляцию лёгких и налоксон?"`, `"band":"low","label":"Низкий риск"`, `"label":"Что произошло или о чём просят"`},
		"kk": {`"question":"Адам өкпені желдетуге және налоксонға қалай жауап береді?"`, `"band":"low","label":"Төмен қауіп"`, `"label":"Не болды немесе не сұралады"`},
	} {
		sc := evaluating(body, 200, append(want, `"lang":"`+lang+`","status":"draft","missing":[]`)...)
		sc.Headers = map[string]string{"Accept-Language": lang + ", en;q=0.1"}
		if a := sc.conforming(t, base); a.Header.Get("Content-Language") != lang {
			t.Errorf("headers %v", a.Header)
		}
	}
}

func TestEvaluation_RefusesWithAPointerAndNoEcho(t *testing.T) {
	t.Parallel()
	_, base := protocolServer(t)
	refused := func(body, code, pointer string) Scenario {
		sc := evaluating(body, 422, `"pointer":"`+pointer+`"`)
		sc.Name, sc.Code, sc.Absent = code+" "+pointer, code, []string{"Айгуль", "zqx"}
		return sc
	}
	RunAll(t, base, []Scenario{
		refused(`{"facts":{"birth_date":"zqx"}}`, "fact.unknown", "/facts/birth_date"),
		refused(`{"facts":{"Айгуль":true}}`, "fact.unknown", "/facts/*"),
		refused(`{"facts":{"zqx Zqx":true}}`, "fact.unknown", "/facts/*"),
		refused(`{"facts":{"age":"zqx"}}`, "fact.wrong_type", "/facts/age"),
		refused(`{"facts":{"sex":"zqx"}}`, "fact.not_in_list", "/facts/sex"),
		refused(`{"facts":{"audit_score":41}}`, "fact.out_of_range", "/facts/audit_score"),
		refused(`{"facts":{"audit_band":"low"}}`, "fact.derived", "/facts/audit_band"),
		refused(`{"facts":{"age":1,"age":2}}`, "body.duplicate_field", "/facts/age"),
		refused(`{"facts":[]}`, "body.wrong_type", "/facts"),
		refused(`{"facts":{},"dose":1}`, "body.unknown_field", "/dose"),
		refused(`{"at":"zqx"}`, "body.wrong_type", "/at"),
		refused(`{"at":"1999-01-01T00:00:00Z"}`, "evaluation.at_out_of_range", "/at"),
		refused(`{"facility":{"country":"XX"}}`, "facility.country_unknown", "/facility/country"),
		refused(`{"facility":{"capabilities":{"oatAvailable":true}}}`, "facility.setting_required", "/facility/setting"),
		refused(`{"facility":{"capabilities":{"magic":true}}}`, "body.unknown_field", "/facility/capabilities/magic"),
		refused(`{"from":["zqx"]}`, "step.unknown", "/from"),
		refused(`{"from":["tp-plan-review"`+strings.Repeat(`,"tp-plan-review"`, 100)+`]}`, "evaluation.too_many_steps", "/from"),
		refused(`{"answers":{"tp-plan-review":["zqx"]}}`, "answer.unknown", "/answers/tp-plan-review"),
		{Method: "POST", Path: "/api/v1/protocols/nothing/evaluations", Body: `{}`, Status: 404, Code: "protocol.not_found"},
		{Method: "POST", Path: evaluations, Body: bodyOf(33 << 10), Status: 413, Code: "body.too_large"},
		{Method: "POST", Path: evaluations, Body: `{`, Status: 400, Code: "body.malformed"},
	})
}

func TestFacts_AreDocumentedAndCached(t *testing.T) {
	t.Parallel()
	_, base := protocolServer(t)
	const path = "/api/v1/protocols/prison-civil-society-protocol/facts"
	plain := Scenario{Path: path, Headers: map[string]string{"Accept-Encoding": "identity"}, Status: 200, Contains: []string{
		`"protocol":"prison-civil-society-protocol"`, `"id":"audit_score"`, `"label":"AUDIT score"`, `"id":"ciwa-10-18"`, `"id":"methadone-daily"`,
		`"holidayYears":[2025,2026,2027]`, `"kind":"branch","step":"pc-oat-reception","id":"gap-border"`, `"missing":[]`}, Absent: []string{`"usedBy":null`}}.conforming(t, base)
	packed := Scenario{Path: path, Headers: map[string]string{"Accept-Encoding": "gzip"}, Status: 200}.conforming(t, base)
	if body, err := unzip(packed.Body); err != nil || string(body) != string(plain.Body) {
		t.Errorf("gzip differs: %v", err)
	}
	if plain.Header.Get("Cache-Control") != "public, no-cache" || plain.Header.Get("ETag") == packed.Header.Get("ETag") {
		t.Errorf("headers %v", plain.Header)
	}
	Scenario{Path: path, Headers: map[string]string{"Accept-Encoding": "identity", "If-None-Match": plain.Header.Get("ETag")}, Status: 304}.conforming(t, base)
	Scenario{Path: "/api/v1/protocols/nothing/facts", Status: 404, Code: "protocol.not_found"}.conforming(t, base)
	for lang, want := range map[string][]string{
		"ru": {`"label":"Балл AUDIT"`, `"unitLabel":"минут"`, `"topicLabel":"Опасность сейчас"`, `"refused":"Отказ"`, `"32":"Метамфетамин"`},
		"kk": {`"label":"AUDIT балы"`, `"unitLabel":"минут"`, `"topicLabel":"Қазіргі қауіп"`, `"refused":"Бас тартты"`, `"32":"Метамфетамин"`},
	} {
		a := Scenario{Path: path, Headers: map[string]string{"Accept-Encoding": "identity", "Accept-Language": lang}, Status: 200,
			Contains: append(want, `"lang":"`+lang+`","status":"draft","missing":[]`)}.conforming(t, base)
		if a.Header.Get("Content-Language") != lang {
			t.Errorf("headers %v", a.Header)
		}
	}
	Scenario{Method: "POST", Path: evaluations + "?lang=zqx", Body: `{}`, Status: 422, Code: "lang.unknown", Pointer: "/lang", Absent: []string{"zqx"}}.conforming(t, base)
}
