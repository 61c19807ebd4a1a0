package api

import (
	"net/http"
	"strings"
	"testing"

	"jol/models"
)

// refusals are texts that identify a person, and the rule that says so.
var refusals = []struct{ text, code, rule string }{
	{"ИИН 880101300123", "text.identifies_person", "national_number_kz"},
	{"id 8 8 0 1 0 1 3 0 0 1 2 3", "text.identifies_person", "national_number_kz"},
	{"number 123456789012", "text.identifies_person", "long_digit_run"},
	{"call +7 701 123 45 67", "text.identifies_person", "phone"},
	{"тел. 8(701)123-45-67", "text.identifies_person", "phone"},
	{"mail zqx@example.org", "text.identifies_person", "email"},
	{"д.р. 01.02.1988", "text.identifies_person", "birth_date"},
	{strings.Repeat("zqx ", 126), "text.too_long", ""},
	{"zqx\u0000zqx", "text.not_printable", ""},
	{"zqx\u001b[31m", "text.not_printable", ""},
}

var harmless = []string{"prefers mornings", "BP 120/80, 15 mg, 3 doses missed", strings.Repeat("a ", 250), "утром; говорит по-казахски", "two\nlines"}

func TestBadInput_NotesThatIdentify(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo, doctor := w.as(t, models.RoleNGOOutreach), w.as(t, models.RoleClinician)
		code := w.register(t, ngo, 1)
		w.consent(t, ngo, code, w.Clinic)
		id := w.refer(t, ngo, code, w.Clinic, "")
		unchanged := w.unwritten(t)
		for _, bad := range refusals {
			note := creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, bad.text), 422)
			other := changing(doctor, http.MethodPost, "/api/v1/referrals/"+id+"/decline", `"1"`, object{"reason": "other", "alternative": bad.text}.String(), 422)
			for pointer, sc := range map[string]Scenario{"/note": note, "/alternative": other} {
				a := w.run(t, sc.failing(bad.code, `"pointer":"`+pointer+`"`, bad.rule))
				said, _, _ := strings.Cut(string(a.Body), `"instance"`) // a random id has any three digits in it
				_, after, _ := strings.Cut(string(a.Body), `"errors"`)
				for _, word := range append(strings.Fields(bad.text), "zqx") {
					if strings.ContainsAny(word, "0123456789zq") && len(word) > 2 && strings.Contains(said+after, word) {
						t.Errorf("%q was echoed: %s", word, a.Body)
					}
				}
			}
		}
		unchanged()
		for _, text := range harmless {
			w.run(t, creating(ngo, "/api/v1/referrals", referralBody(code, w.Clinic, text), 201))
		}
	})
}

func TestBadInput_Registrations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ngo := w.as(t, models.RoleNGOOutreach)
		unchanged := w.unwritten(t)
		for _, bad := range []struct{ field, code, value string }{
			{"motherInitials", "initials.too_long", `"Айг"`},
			{"fatherInitials", "initials.too_long", `"Zqx"`},
			{"motherInitials", "initials.too_long", `"` + strings.Repeat("zq", 20) + `"`},
			{"motherInitials", "initials.not_letters", `"A1"`},
			{"motherInitials", "initials.not_letters", `"A\u0000"`},
			{"fatherInitials", "initials.mixed_script", `"Aж"`},
			{"sex", "client.sex_unknown", `"zqx"`},
			{"sex", "client.sex_unknown", `"f"`},
			{"country", "client.country_not_served", `"UZ"`},
			{"birthYear", "client.birth_year_out_of_range", `1850`},
			{"birthYear", "client.birth_year_out_of_range", `-1`},
			{"birthYear", "body.wrong_type", `1985.5`},
			{"birthYear", "body.wrong_type", `1e40`},
			{"birthYear", "body.wrong_type", `"1985"`},
			{"distinct", "body.wrong_type", `"zqx"`},
		} {
			fields := strings.Split(strings.Trim(person(1), "{}"), ",")
			kept := []string{`"` + bad.field + `":` + bad.value}
			for _, f := range fields {
				if !strings.HasPrefix(f, `"`+bad.field+`"`) {
					kept = append(kept, f)
				}
			}
			sc := creating(ngo, "/api/v1/clients", "{"+strings.Join(kept, ",")+"}", 422).failing(bad.code, `{"pointer":"/`+bad.field+`","code":"`+bad.code+`"}`)
			sc.Absent = []string{"Айг", "zq", "Zq", "A1", "Aж", "1850", "1985", "UZ"}
			w.run(t, sc)
		}
		unchanged()
	})
}

// One mistyped symbol of a code is told from a code that nobody has, wherever it stands.
func TestBadInput_CodesWithAWrongCheckSymbol(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor := w.as(t, models.RoleClinician)
		code := w.register(t, doctor, 1)
		check := "A"
		if strings.HasSuffix(code, check) {
			check = "B"
		}
		wrong := code[:len(code)-1] + check
		malformed := []string{"zqx", "C1-zqx", code + ".1", code + ".0002", code + ".zqx", "X" + code[1:], strings.Repeat("C", 300)}
		unchanged := w.unwritten(t)
		refused := func(sc Scenario) {
			t.Helper()
			sc.Absent = []string{wrong, "zqx"}
			w.run(t, sc)
		}
		for code, bad := range map[string][]string{"client.code_check": {wrong, strings.ToLower(wrong), wrong + ".2"}, "client.code_format": malformed} {
			for _, b := range bad {
				for _, after := range []string{"", "/pathway", "/episodes"} {
					refused(Scenario{Path: "/api/v1/clients/" + b + after, Token: doctor.Token, Status: 422, Code: code})
				}
				refused(creating(doctor, "/api/v1/clients/"+b+"/consents", consentBody(w, models.PurposeReferral, w.Polyclinic), 422).failing(code))
				refused(creating(doctor, "/api/v1/clients/"+b+"/episodes", w.episodeBody(), 422).failing(code))
				refused(creating(doctor, "/api/v1/clients/"+b+"/identity-changes", `{"kind":"split"}`, 422).failing(code))
				refused(creating(doctor, "/api/v1/referrals", referralBody(b, w.Polyclinic, ""), 422).failing(code, `"pointer":"/clientCode"`))
			}
		}
		refused(creating(doctor, "/api/v1/clients/"+code+"/identity-changes", object{"kind": "merge", "with": wrong}.String(), 422).failing("client.code_check"))
		unchanged()
	})
}

// Texts that PostgreSQL cannot keep are refused or found nowhere, never a 500, and both
// engines answer alike.
func TestBadInput_ZeroBytes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := populate(t, w)
		samples := p.samples(t)
		unchanged := p.unwritten(t)
		for _, r := range Routes {
			if r.Method != http.MethodPost && r.Method != http.MethodPatch {
				continue
			}
			s := samples[r.key()]
			for _, value := range textsOf(s.body) {
				if strings.Contains(value, "password") {
					continue // it is hashed, not kept
				}
				sc := s.with(r).sending(strings.Replace(s.body, `"`+value+`"`, `"`+value+`\u0000"`, 1))
				if a := sc.send(t, p.base); (a.Status < 400 || a.Status >= 500) && !allRefused(r, a) {
					t.Errorf("%s: %d for %s", r.key(), a.Status, sc.Body)
				}
			}
		}
		unchanged()
	})
}

// textsOf are the text values of a JSON object.
func textsOf(body string) []string {
	var values []string
	for i, part := range strings.Split(body, `"`) {
		if i%2 == 1 && !strings.Contains(body, `"`+part+`":`) {
			values = append(values, part)
		}
	}
	return values
}
