package api

import (
	"net/http"
	"testing"

	"jol/models"
)

// doseOrderBody is an order that lies outside no guard without its reason.
func (w *world) doseOrderBody() string {
	return object{"medicine": "methadone", "schedule": "daily", "phase": "maintenance", "doseMg": 80, "from": w.Today().AddDays(-3), "lowTolerance": false,
		"identityChecked": true, "guardReason": "verified_elsewhere"}.String()
}

// treat orders methadone for a client and returns the order's id.
func (w *world) treat(t testing.TB, who account, code string) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/clients/"+code+"/dose-orders", w.doseOrderBody(), http.StatusCreated)).named(t).ID
}

func (w *world) doseBody(mg float64) string {
	return object{"status": "given", "at": w.Now(), "doseMg": mg, "takeHomeDays": 0, "witnessed": true, "guardReason": "tolerance_known", "corrects": ""}.String()
}

func (w *world) dose(t testing.TB, who account, order string, mg float64) {
	t.Helper()
	w.run(t, creating(who, "/api/v1/dose-orders/"+order+"/doses", w.doseBody(mg), http.StatusCreated))
}

// requestDose asks another site for a client's dose and returns the transfer's id.
func (w *world) requestDose(t testing.TB, who account, code string, from *models.Organisation) string {
	t.Helper()
	body := object{"clientCode": code, "fromOrganisation": from.ID, "consent": models.HeldBySender}.String()
	return w.run(t, creating(who, "/api/v1/dose-transfers", body, http.StatusCreated)).named(t).ID
}

// oatSamples work on two people whom two clinics each dose, and on requests for a dose.
func (p *population) oatSamples(t *testing.T) map[string]sample {
	t.Helper()
	treated, theirs := p.register(t, p.doctor, 30), p.register(t, p.poly, 30)
	order, polyOrder := p.treat(t, p.doctor, treated), p.treat(t, p.poly, theirs)
	p.dose(t, p.doctor, order, 80)
	p.dose(t, p.poly, polyOrder, 80)
	suspicion := func(who account) string {
		var page struct{ Items []named }
		p.get(t, who, "/api/v1/double-dosing").Into(t, &page)
		return page.Items[0].ID
	}
	own, others := suspicion(p.doctor), suspicion(p.poly)
	prison := p.as(t, models.RolePrisonMedical)
	asked := p.requestDose(t, p.poly, theirs, p.Clinic)
	foreign := p.requestDose(t, prison, p.register(t, prison, 31), p.Polyclinic)

	path := func(noun, id, after string) string { return "/api/v1/" + noun + "/" + id + after }
	by := func(noun, id, after, body, other string) sample {
		return sample{who: p.doctor, path: path(noun, id, after), body: body, others: []string{path(noun, other, after)}, absent: absent("/api/v1/"+noun+"/", after)}
	}
	ofClient := func(code string) sample {
		at := func(code string) string { return "/api/v1/clients/" + code + "/dose-orders" }
		return sample{who: p.doctor, path: at(code), others: []string{at(p.polyCode), at(p.ngoCode)}, absent: []string{at(p.absentCode), at(code + ".2")}}
	}
	start := ofClient(p.untreated)
	start.body = p.doseOrderBody()
	transfer := func(code string) string {
		return object{"clientCode": code, "fromOrganisation": p.Polyclinic.ID, "toOrganisation": "", "kind": "move", "consent": models.HeldBySender, "ground": "",
			"clientTold": false, "notToldReason": ""}.String()
	}
	return map[string]sample{
		"POST /api/v1/clients/:code/dose-orders":  start,
		"GET /api/v1/clients/:code/dose-orders":   ofClient(treated),
		"GET /api/v1/dose-orders/:id":             by("dose-orders", order, "", "", polyOrder),
		"POST /api/v1/dose-orders/:id/:action":    by("dose-orders", order, "/hold", `{"reason":"medical"}`, polyOrder),
		"POST /api/v1/dose-orders/:id/doses":      by("dose-orders", order, "/doses", p.doseBody(80), polyOrder),
		"GET /api/v1/dose-orders/:id/doses":       by("dose-orders", order, "/doses", "", polyOrder),
		"GET /api/v1/dose-transfers":              {who: p.doctor, path: "/api/v1/dose-transfers"},
		"GET /api/v1/dose-transfers/:id":          by("dose-transfers", asked, "", "", foreign),
		"POST /api/v1/dose-transfers/:id/:action": by("dose-transfers", asked, "/decline", "{}", foreign),
		"POST /api/v1/dose-transfers": {who: p.doctor, path: "/api/v1/dose-transfers", body: transfer(p.code),
			otherBody: transfer(p.polyCode), absentBody: transfer(p.absentCode)},
		"GET /api/v1/double-dosing":                 {who: p.doctor, path: "/api/v1/double-dosing"},
		"POST /api/v1/double-dosing/:id/settlement": by("double-dosing", own, "/settlement", `{"outcome":"two_people"}`, others),
	}
}
