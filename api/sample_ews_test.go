package api

import (
	"testing"

	"jol/models"
)

// ewsBody is a good report of a product; name is what it is called.
func (w *world) ewsBody(name string) object {
	return object{"sourceType": "collected_sample", "month": w.Today()[:7], "region": "KZ-75", "suspectedNames": []string{name}, "streetNames": []string{},
		"npsClass": "unknown", "chemicalName": "", "formula": "", "inchiKey": "", "cas": "", "physicalForm": "tablet", "quantity": 3, "unit": "pieces", "cases": 0,
		"otherSubstances": []string{"11"}, "method": "none", "referenceStandard": false, "laboratory": "", "route": "", "severity": "",
		"circumstances": "sold as oxycodone", "confidentiality": "restricted"}
}

// poisoningBody is a good report of what happened to somebody.
func (w *world) poisoningBody(class string) object {
	body := w.ewsBody("blue ones")
	for field, value := range (object{"sourceType": "poisoning", "npsClass": class, "quantity": 0, "unit": "", "cases": 1, "route": "1", "severity": "severe", "suspectedNames": []string{}}) {
		body[field] = value
	}
	return body
}

func confirmationBody() object {
	return object{"npsClass": "nitazene", "chemicalName": "isotonitazene", "formula": "C23H30N4O3", "inchiKey": "", "cas": "14188-81-9", "method": "lc_ms",
		"referenceStandard": true, "laboratory": "toxicology"}
}

// report makes a report and returns its id.
func (w *world) reportEWS(t testing.TB, who account, body object) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/ews-reports", body.String(), 201)).named(t).ID
}

// ewsSamples work on reports of both clinics.
func (p *population) ewsSamples(t *testing.T) map[string]sample {
	t.Helper()
	const reports = "/api/v1/ews-reports"
	mine, theirs, open := p.reportEWS(t, p.doctor, p.ewsBody("batch a")), p.reportEWS(t, p.poly, p.ewsBody("batch b")), p.reportEWS(t, p.doctor, p.ewsBody("batch c"))
	of := func(who account, id, after string, body object) sample {
		s := sample{who: who, path: reports + "/" + id + after, absent: absent(reports+"/", after)}
		if who.Role != models.RoleProgrammeCoordinator { // who sees them all
			s.others = []string{reports + "/" + theirs + after}
		}
		if body != nil {
			s.body = body.String()
		}
		return s
	}
	return map[string]sample{
		"POST /api/v1/ews-reports":                  {who: p.doctor, path: reports, body: p.ewsBody("batch d").String()},
		"GET /api/v1/ews-reports":                   {who: p.doctor, path: reports},
		"GET /api/v1/ews-reports/:id":               of(p.doctor, mine, "", nil),
		"POST /api/v1/ews-reports/:id/retraction":   of(p.doctor, mine, "/retraction", object{"reason": "error"}),
		"POST /api/v1/ews-reports/:id/confirmation": of(p.as(t, models.RoleProgrammeCoordinator), open, "/confirmation", confirmationBody()),
		"GET /api/v1/ews-figures":                   {who: p.doctor, path: "/api/v1/ews-figures", query: "?period=2026Q1"},
	}
}
