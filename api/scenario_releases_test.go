package api

import (
	"encoding/json"
	"strings"
	"testing"

	"jol/models"
	"jol/models/indicators"
)

func TestIndicator_Catalogue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		analyst := w.as(t, models.RoleMinistryAnalyst)
		list := w.get(t, analyst, "/api/v1/indicators")
		for _, i := range indicators.Catalogue {
			w.get(t, analyst, "/api/v1/indicators/"+i.ID, `"id":"`+i.ID+`"`, i.Title["kk"])
			if !strings.Contains(string(list.Body), `"id":"`+i.ID+`"`) {
				t.Errorf("%s is not listed", i.ID)
			}
		}
		w.refused(t, analyst, "/api/v1/indicators/zqx", 404, "indicator.not_found")
	})
}

func TestRelease_IsSealedOnceAndServedAsSealed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		steward, analyst := w.as(t, models.RoleReleaseSteward), w.as(t, models.RoleMinistryAnalyst)
		seal := creating(steward, "/api/v1/releases", sealBody("2026Q2", "final", "ministry"), 201)
		a := w.run(t, seal.failing("", `"id":"KZ-2026Q2-final"`, `"id":"TDI01.region"`))
		if replay := w.run(t, seal); replay.Header.Get("Idempotency-Replayed") != "true" || string(replay.Body) != string(a.Body) {
			t.Errorf("replay %s", replay.Body)
		}
		w.run(t, creating(steward, "/api/v1/releases", sealBody("2026Q2", "final", "ministry"), 409).failing("release.sealed_already"))
		w.get(t, analyst, "/api/v1/releases?limit=5", "KZ-2026Q2-final")
		got := w.get(t, analyst, "/api/v1/releases/KZ-2026Q2-final", `"cutoff":"20`, `"definitions":"`+indicators.DefinitionHash(indicators.DefaultRules)+`"`)
		if string(got.Body) != string(a.Body) || got.Header.Get("Cache-Control") != "private, immutable" {
			t.Errorf("%s %v", got.Body, got.Header)
		}
		var release struct{ Tables []struct{ ID string } }
		a.Into(t, &release)
		if len(release.Tables) == 0 {
			t.Fatal("no tables")
		}
		for _, table := range release.Tables {
			checkTable(t, w, analyst, "/api/v1/releases/KZ-2026Q2-final/tables/"+table.ID, table.ID)
		}
	})
}

// checkTable reads one table in both forms, and once more when it is known already.
func checkTable(t *testing.T, w *world, who account, path, id string) {
	t.Helper()
	a := w.get(t, who, path)
	var table struct {
		Release, Table string
		Method         any
		Cells          []map[string]any
	}
	a.Into(t, &table)
	if table.Release != "KZ-2026Q2-final" || table.Table != id || table.Method == nil || len(table.Cells) == 0 {
		t.Errorf("%s: %s", id, a.Body)
	}
	if a.Header.Get("Cache-Control") != "private, immutable" || a.Header.Get("Vary") != "Accept" {
		t.Errorf("%s: %v", id, a.Header)
	}
	csv := w.run(t, Scenario{Path: path, Token: who.Token, Headers: map[string]string{"Accept": "text/csv"}, Status: 200})
	if csv.Header.Get("Content-Type") != "text/csv; charset=utf-8" || strings.Count(string(csv.Body), "\n") < len(table.Cells) || csv.Header.Get("ETag") == a.Header.Get("ETag") {
		t.Errorf("%s: CSV %v %s", id, csv.Header, csv.Body)
	}
	head, _, _ := strings.Cut(string(csv.Body), "\r\n")
	links := strings.Join(csv.Header.Values("Link"), " ")
	if !strings.HasPrefix(head, "release,status,table,indicator,period,place,measure,") ||
		!strings.HasSuffix(head, "value,unit,lo95,hi95,flag,estimate,estimate_source") || strings.Contains(string(csv.Body), "rate_percent") {
		t.Errorf("%s: other columns than the export: %s", id, head)
	}
	if !strings.Contains(links, `/report>; rel="describedby"`) || !strings.Contains(links, "<"+path+`>; rel="describedby"`) {
		t.Errorf("%s: where is the method? %s", id, links)
	}
	known := w.run(t, Scenario{Path: path, Token: who.Token, Headers: map[string]string{"If-None-Match": a.Header.Get("ETag")}, Status: 304})
	if len(known.Body) > 0 || known.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("%s: 304 with %q", id, known.Body)
	}
	for _, query := range []string{"?region=KZ-75", "?drug=11&sex=F", "?limit=1", "?zqx"} {
		w.run(t, Scenario{Path: path + query, Token: who.Token, Status: 422, Code: "release.not_in_plan", Contains: []string{`"pointer":"/`}})
	}
	for accept, media := range map[string]string{
		"application/json;q=0.2, text/csv;q=0.9": "text/csv; charset=utf-8", "text/csv;q=0.2, application/json": "application/json",
		"text/csv;q=0, */*": "application/json", "text/*": "text/csv; charset=utf-8",
	} {
		if a := w.run(t, Scenario{Path: path, Token: who.Token, Headers: map[string]string{"Accept": accept}, Status: 200}); a.Header.Get("Content-Type") != media {
			t.Errorf("%s answers with %s", accept, a.Header.Get("Content-Type"))
		}
	}
	w.run(t, Scenario{Path: path + "x", Token: who.Token, Status: 404, Code: "release.not_in_plan", Contains: []string{id}})
	w.refused(t, who, strings.Replace(path, "2026Q2", "2025Q2", 1), 404, "release.not_found")
}

func TestRelease_RefusesNonsensePeriods(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		steward := w.as(t, models.RoleReleaseSteward)
		for _, bad := range []struct {
			body, code, pointer string
			status              int
		}{
			{sealBody("zqx", "final", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("", "final", "ministry"), "body.field_required", "/period", 422},
			{sealBody("2026Q5", "final", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("2026-01", "final", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("2026Q1..2026Q2", "final", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("0000", "annual", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("1900", "annual", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("1901Q1", "final", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("1999", "annual", "ministry"), "release.period_unknown", "/period", 422},
			{sealBody("2026", "final", "ministry"), "release.status_not_for_period", "/status", 422},
			{sealBody("2026Q1", "annual", "ministry"), "release.status_not_for_period", "/status", 422},
			{sealBody("2026Q1", "zqx", "ministry"), "release.status_unknown", "/status", 422},
			{sealBody("2026Q1", "final", "zqx"), "release.profile_unknown", "/profile", 422},
			{strings.Replace(sealBody("2026Q1", "final", "ministry"), "KZ", "UZ", 1), "release.country_not_served", "/country", 422},
			{sealBody("2026Q4", "provisional", "ministry"), "release.too_early", "", 409},
			{sealBody("2199", "annual", "ministry"), "release.too_early", "", 409},
			{sealBody("2025", "revision", "ministry"), "release.revision_gate", "", 409},
			{sealBody("2025", "revision", "open_data"), "release.revision_gate", "", 409},
		} {
			sc := creating(steward, "/api/v1/releases", bad.body, bad.status).failing(bad.code)
			sc.Absent = []string{"zqx", "Q5", "UZ"}
			if bad.pointer != "" {
				sc.Contains = []string{`"errors":[{"pointer":"` + bad.pointer + `"`}
			}
			w.run(t, sc)
		}
		if n := len(w.rows(t, "SELECT id FROM releases")); n != 0 {
			t.Errorf("%d releases were sealed", n)
		}
	})
}

// What is released is perturbed counts of many: a world of three people shows no cell.
func TestRelease_ShowsNoSmallNumbers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, analyst := w.as(t, models.RoleClinician), w.as(t, models.RoleMinistryAnalyst)
		for n := range 3 {
			code := w.register(t, doctor, n)
			body := strings.Replace(w.episodeBody(), string(w.Today()), "2026-05-04", 1)
			w.run(t, creating(doctor, "/api/v1/clients/"+code+"/episodes", body, 201))
		}
		w.sealed(t)
		var table struct{ Cells []map[string]any }
		w.get(t, analyst, "/api/v1/releases/KZ-2026Q2-final/tables/TDI01.region").Into(t, &table)
		for _, cell := range table.Cells {
			if cell["value"] == nil {
				continue
			}
			if v, ok := cell["value"].(float64); ok && v > 0 && v < 5 {
				b, _ := json.Marshal(cell)
				t.Errorf("a small number is shown: %s", b)
			}
		}
	})
}

func TestDenominators_AreLoadedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		steward, analyst := w.as(t, models.RoleReleaseSteward), w.as(t, models.RoleMinistryAnalyst)
		nameless := strings.Replace(denominatorsBody, "IBBS 2024", "", 1)
		w.run(t, creating(steward, "/api/v1/denominators", nameless, 422).failing("denominator.source_required", "/items/0/source"))
		bare := `{"items":[{"country":"KZ","region":"KZ-00","year":2025,"kind":"zqx","value":10,"source":""},{}]}`
		w.run(t, creating(steward, "/api/v1/denominators", bare, 422).failing("denominator.region_unknown", "/items/0/region", "/items/0/kind", "/items/0/low",
			"/items/0/high", "/items/0/source", "/items/1/country", "/items/1/year", "/items/1/kind", "/items/1/value", "/items/1/source"))
		w.run(t, creating(steward, "/api/v1/denominators", strings.Replace(denominatorsBody, "IBBS 2024", " ", 1), 422).failing("denominator.source_required", "/items/0/source"))
		wrong := `{"items":[{"country":"KZ","year":"2025","kind":"pwid","value":"79900","low":1.5,"high":"90000","source":"IBBS 2024"},` +
			`{"country":"KZ","year":2025,"kind":"zqx","value":10,"low":0,"high":0,"source":"told by 840315300017"}]}`
		w.run(t, Scenario{Method: "POST", Path: "/api/v1/denominators", Token: steward.Token, Body: wrong, Headers: map[string]string{"Idempotency-Key": "wrong-numbers"}, Status: 422, Code: "denominator.not_a_number",
			Contains: []string{
				`{"pointer":"/items/0/year","code":"denominator.not_a_number"}`, `{"pointer":"/items/0/value","code":"denominator.not_a_number"}`,
				`{"pointer":"/items/0/low","code":"denominator.not_a_number"}`, `{"pointer":"/items/0/high","code":"denominator.not_a_number"}`,
				`{"pointer":"/items/1/kind","code":"denominator.kind_unknown"}`, `{"pointer":"/items/1/low","code":"denominator.interval_required"}`,
				`{"pointer":"/items/1/source","code":"text.identifies_person"}`,
			}, Absent: []string{"zqx", "840315300017", "79900"}})
		w.get(t, analyst, "/api/v1/denominators", `"items":[]`)
		w.run(t, creating(steward, "/api/v1/denominators", denominatorsBody, 201))
		w.get(t, analyst, "/api/v1/denominators?limit=5", `"value":79900`, `"region":null`, `"source":"IBBS 2024"`)
	})
}
