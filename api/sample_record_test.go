package api

import (
	"testing"

	"jol/models"
)

// entryBodies is a good body for each address under a client, by the date it is about.
func entryBodies(on models.Date) map[string]object {
	return map[string]object{
		"screenings":  {"on": on, "tool": "audit", "key": "", "system": "", "score": 9, "items": object{"4": 2}},
		"assessments": assessmentBody(on),
		"diagnoses":   {"on": on, "icd11": "6C43.2", "status": "confirmed"},
		"clinical-plans": {"on": on, "goals": []object{{"goal": "start_oat", "state": "open"}}, "reviewOn": on.AddDays(30),
			"agreedWithClient": true},
		"tests":                 {"on": on, "test": "HIV", "result": "neg", "returnedOn": on, "linkedOn": ""},
		"drug-tests":            {"on": on, "specimen": "urine", "confirmed": false, "findings": []object{{"substance": "11", "result": "pos"}}},
		"observations":          {"on": on, "tool": "cows", "score": 14, "items": object{}},
		"mental-health-checks":  {"on": on, "suicideRisk": "low", "signs": []string{"anxiety"}, "actions": []string{}},
		"reproductive-statuses": {"on": on, "pregnant": "no"},
		"contacts":              {"on": on, "intervention": "NSP", "setting": "community", "appointment": "none", "syringes": 20, "condoms": 5},
		"naloxone-trainings":    {"on": on, "trained": "client", "people": 1},
		"social-plans": {"on": on, "goals": []object{{"goal": "housing", "state": "open"}}, "reviewOn": on.AddDays(30),
			"agreedWithClient": true},
		"counselling-notes": {"on": on, "topic": "overdose", "note": "asked for peers"},
	}
}

func assessmentBody(on models.Date) object {
	return object{"on": on, "livingWith": "2", "children": "0", "livingWhere": "1", "labour": "4", "education": "3", "frequency": "1",
		"frequencyReference": "before_entry", "ageFirstUse": 17, "secondaryDrugs": []string{"42", "80"}, "polydrug": "1", "ostStatus": "2",
		"ageFirstOst": 25, "ageFirstInjection": 18, "hivTest": "2.2", "hcvTest": "2.1", "sharing": "2.1"}
}

// entryOf records an entry and returns its id.
func (w *world) entryOf(t testing.TB, who account, code, address string) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/clients/"+code+"/"+address, entryBodies(w.Today())[address].String(), 201)).named(t).ID
}

func (w *world) overdoseBody(code string) object {
	return object{"clientCode": code, "region": "KZ-75", "place": "street", "at": w.Now(), "substances": []string{"11"}, "naloxoneDoses": 2,
		"ambulance": "yes", "outcome": "unknown"}
}

func kitBody(w *world) object { return object{"lot": "NX-2026-7", "expiresOn": w.Today().AddDays(400)} }

func (w *world) alertBody() object {
	return object{"kind": "dangerous_substance", "region": "KZ-75", "place": "", "substances": []string{"17"}, "advice": []string{"carry_naloxone"},
		"note": "blue tablets", "validUntil": w.Today().AddDays(14)}
}

// recordSamples work on records of both clinics.
func (p *population) recordSamples(t *testing.T) map[string]sample {
	t.Helper()
	samples := map[string]sample{}
	for address, body := range entryBodies(p.Today()) {
		who, code, others := p.doctor, p.code, []string{p.polyCode, p.ngoCode}
		if address == "social-plans" || address == "counselling-notes" { // not a clinic's to write
			who, code, others = p.ngo, p.ngoCode, []string{p.polyCode, p.code}
		}
		path := func(code string) string { return "/api/v1/clients/" + code + "/" + address }
		s := sample{who: who, path: path(code), others: []string{path(others[0]), path(others[1])},
			absent: []string{path(p.absentCode), path(code + ".2"), path("P1" + code[2:])}}
		samples["GET /api/v1/clients/:code/"+address] = s
		s.body = body.String()
		samples["POST /api/v1/clients/:code/"+address] = s
	}
	create := func(who account, path string, body object) string {
		return p.run(t, creating(who, path, body.String(), 201)).named(t).ID
	}
	of := func(noun, id, after, other string, body object) sample {
		before := "/api/v1/" + noun + "/"
		s := sample{who: p.doctor, path: before + id + after, others: []string{before + other + after}, absent: absent(before, after)}
		if body != nil {
			s.body = body.String()
		}
		return s
	}
	mine, theirs := p.entryOf(t, p.doctor, p.code, "diagnoses"), p.entryOf(t, p.poly, p.polyCode, "diagnoses")
	samples["GET /api/v1/entries/:id"] = of("entries", mine, "", theirs, nil)
	samples["POST /api/v1/entries/:id/corrections"] = of("entries", mine, "/corrections", theirs,
		object{"reason": "entry_error", "diagnosis": object{"on": p.Today(), "icd11": "6C43.1", "status": "provisional"}})

	mine, theirs = create(p.doctor, "/api/v1/overdoses", p.overdoseBody(p.code)), create(p.poly, "/api/v1/overdoses", p.overdoseBody(p.polyCode))
	samples["GET /api/v1/overdoses"] = sample{who: p.doctor, path: "/api/v1/overdoses"}
	samples["POST /api/v1/overdoses"] = sample{who: p.doctor, path: "/api/v1/overdoses", body: p.overdoseBody(p.code).String(),
		otherBody: p.overdoseBody(p.polyCode).String(), absentBody: p.overdoseBody(p.absentCode).String()}
	samples["GET /api/v1/overdoses/:id"] = of("overdoses", mine, "", theirs, nil)
	samples["POST /api/v1/overdoses/:id/:action"] = of("overdoses", mine, "/survival", theirs, object{})

	mine, theirs = create(p.doctor, "/api/v1/naloxone-kits", kitBody(p.world)), create(p.poly, "/api/v1/naloxone-kits", kitBody(p.world))
	samples["GET /api/v1/naloxone-kits"] = sample{who: p.doctor, path: "/api/v1/naloxone-kits"}
	samples["POST /api/v1/naloxone-kits"] = sample{who: p.doctor, path: "/api/v1/naloxone-kits", body: kitBody(p.world).String()}
	samples["GET /api/v1/naloxone-kits/:id"] = of("naloxone-kits", mine, "", theirs, nil)
	samples["POST /api/v1/naloxone-kits/:id/:action"] = of("naloxone-kits", mine, "/handover", theirs, object{"on": p.Today(), "clientCode": p.code})

	mine, theirs = create(p.doctor, "/api/v1/alerts", p.alertBody()), create(p.poly, "/api/v1/alerts", p.alertBody())
	samples["GET /api/v1/alerts"] = sample{who: p.doctor, path: "/api/v1/alerts"}
	samples["POST /api/v1/alerts"] = sample{who: p.doctor, path: "/api/v1/alerts", body: p.alertBody().String()}
	samples["GET /api/v1/alerts/:id"] = sample{who: p.doctor, path: "/api/v1/alerts/" + mine, absent: absent("/api/v1/alerts/", "")}
	samples["POST /api/v1/alerts/:id/retraction"] = of("alerts", mine, "/retraction", theirs, object{"reason": "over"})
	// The two overdoses above propose one.
	coordinator := p.as(t, models.RoleProgrammeCoordinator)
	samples["POST /api/v1/alerts/:id/issue"] = sample{who: coordinator, path: "/api/v1/alerts/" + p.proposal(t) + "/issue", absent: absent("/api/v1/alerts/", "/issue"),
		body: object{"substances": []string{"11"}, "advice": []string{"carry_naloxone"}, "note": "", "validUntil": p.Today().AddDays(7)}.String()}
	return samples
}

// proposal is the alert that overdoses proposed.
func (w *world) proposal(t testing.TB) string {
	t.Helper()
	rows := w.rows(t, "SELECT id FROM alerts WHERE state = 'proposed'")
	if len(rows) != 1 {
		t.Fatalf("%d proposals, want 1", len(rows))
	}
	return rows[0][0]
}
