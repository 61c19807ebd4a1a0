package api

import (
	"net/http"
	"testing"
	"time"

	"jol/models"
	"jol/models/store/storetest"
)

// organisation adds one to the world.
func (w *world) organisation(t testing.TB, name string, kind models.OrganisationKind, centre string, serves models.OrganisationID) *models.Organisation {
	t.Helper()
	o, _, err := w.For(models.System("KZ"), nil, storetest.Key(name)).CreateOrganisation(t.Context(), models.NewOrganisation{
		Name: name, Kind: kind, Region: "KZ-75", CentreType: centre, Serves: serves,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// otherPrison is a second institution with its health unit.
func (w *world) otherPrison(t testing.TB) (institution, unit *models.Organisation) {
	t.Helper()
	institution = w.organisation(t, "Second colony", models.KindPrison, "6", "")
	return institution, w.organisation(t, "Second health unit", models.KindPrisonHealth, "3", institution.ID)
}

func (w *world) spellBody(planned models.Date) string {
	return object{"basis": "sentenced", "admittedAt": w.Now().AddDate(0, 0, -10), "plannedRelease": planned}.String()
}

// hold records a stay in custody and returns its id.
func (w *world) hold(t testing.TB, who account, code string, planned models.Date) string {
	t.Helper()
	return w.run(t, creating(who, "/api/v1/clients/"+code+"/custody-spells", w.spellBody(planned), http.StatusCreated)).named(t).ID
}

// slip is today's slip of a stay.
func (w *world) slip(t testing.TB, who account, spell string) string {
	t.Helper()
	var v struct{ Slip string }
	w.get(t, who, "/api/v1/custody-spells/"+spell).Into(t, &v)
	return v.Slip
}

func (w *world) releaseBody(at time.Time, planned bool) string {
	return object{"at": at, "planned": planned, "exitRegion": "KZ-75", "referralOnRelease": "none", "naloxoneOnRelease": "supplied", "clientTold": true}.String()
}

// custodySamples work on stays of one health unit beside those of another.
func (p *population) custodySamples(t *testing.T) map[string]sample {
	t.Helper()
	medic, admin, ministry := p.as(t, models.RolePrisonMedical), p.at(t, models.RoleAdministrator, p.Clinic, 1), p.as(t, models.RoleAdministrator)
	_, unit := p.otherPrison(t)
	other := p.at(t, models.RolePrisonMedical, unit, 1)
	soon := p.Today().AddDays(30)
	n := 40
	held := func(who account, planned models.Date) string {
		n++
		return p.hold(t, who, p.register(t, who, n), planned)
	}
	code, otherCode := p.register(t, medic, 39), p.register(t, other, 38)
	spell, theirs := held(medic, soon), held(other, soon)
	transfer := func(who account, spell string, to *models.Organisation) string {
		return p.run(t, creating(who, "/api/v1/custody-spells/"+spell+"/transfers", object{"toOrganisation": to.ID}.String(), 201)).named(t).ID
	}
	third := p.organisation(t, "Third health unit", models.KindPrisonHealth, "3", p.organisation(t, "Third colony", models.KindPrison, "6", "").ID)
	moving, foreign := transfer(medic, held(medic, ""), unit), transfer(other, held(other, ""), third)
	caseOf := func(who account, spell string) string {
		var v struct{ ReleaseCase string }
		p.get(t, who, "/api/v1/custody-spells/"+spell).Into(t, &v)
		return v.ReleaseCase
	}
	prisonNotice, clinicNotice := p.noticeOf(t, medic, held(medic, soon)), p.noticeOf(t, other, held(other, soon))
	const spells, cases, transfers = "/api/v1/custody-spells/", "/api/v1/release-cases/", "/api/v1/custody-transfers/"
	of := func(before, id, after, body string, others ...string) sample {
		s := sample{who: medic, path: before + id + after, body: body, absent: absent(before, after)}
		for _, o := range others {
			s.others = append(s.others, before+o+after)
		}
		return s
	}
	bySlip := func(after, body string) sample {
		s := of(spells+"by-slip/", p.slip(t, medic, spell), after, body, p.slip(t, other, theirs))
		s.who = p.as(t, models.RolePrisonManagement)
		return s
	}
	contacts := func(o models.OrganisationID) string { return "/api/v1/organisations/" + string(o) + "/duty-contacts" }
	contact := func(who account, o models.OrganisationID) string {
		return p.run(t, creating(who, contacts(o), object{"channel": "email", "target": "duty@clinic.example", "level": 1}.String(), 201)).named(t).ID
	}
	mine, poly := contact(admin, p.Clinic.ID), contact(ministry, p.Polyclinic.ID)
	p.run(t, changing(ministry, "PUT", "/api/v1/regions/KZ-75/default-clinic", `"0"`, object{"organisation": p.Clinic.ID}.String(), 200))
	open := of("/api/v1/clients/", code, "/custody-spells", p.spellBody(soon), otherCode, p.polyCode)
	open.absent = []string{"/api/v1/clients/" + p.absentCode + "/custody-spells", "/api/v1/clients/" + code + ".2/custody-spells"}
	change := of(contacts(p.Clinic.ID)+"/", mine, "", `{"level":2,"active":true}`, poly)
	change.who = admin
	list := sample{who: admin, path: contacts(p.Clinic.ID), others: []string{contacts(p.Polyclinic.ID)}, absent: absent("/api/v1/organisations/", "/duty-contacts")}
	add := list
	add.body = object{"channel": "webhook", "target": "https://duty.example/jol", "level": 1}.String()
	region := sample{who: ministry, path: "/api/v1/regions/KZ-75/default-clinic", body: object{"organisation": p.Polyclinic.ID}.String(), absent: absent("/api/v1/regions/", "/default-clinic")}
	readRegion := region
	readRegion.body = ""
	return map[string]sample{
		"POST /api/v1/clients/:code/custody-spells":                   open,
		"GET /api/v1/custody-spells":                                  {who: medic, path: "/api/v1/custody-spells"},
		"GET /api/v1/custody-spells/:id":                              of(spells, spell, "", "", theirs),
		"POST /api/v1/custody-spells/:id/planned-release":             etagged(`"2"`, of(spells, spell, "/planned-release", object{"on": soon.AddDays(3)}.String(), theirs)),
		"POST /api/v1/custody-spells/:id/release":                     etagged(`"2"`, of(spells, spell, "/release", p.releaseBody(p.Now(), true), theirs)),
		"POST /api/v1/custody-spells/:id/transfers":                   of(spells, held(medic, ""), "/transfers", object{"toOrganisation": unit.ID, "departureAt": p.Now().AddDate(0, 0, 1)}.String(), theirs),
		"POST /api/v1/custody-spells/:id/release-case":                of(spells, held(medic, soon.AddDays(300)), "/release-case", "{}", theirs),
		"POST /api/v1/custody-spells/:id/:action":                     etagged(`"2"`, of(spells, spell, "/death", object{"at": p.Now()}.String(), theirs)),
		"POST /api/v1/custody-spells/by-slip/:slip/release-date":      bySlip("/release-date", object{"on": soon.AddDays(4), "replaces": soon}.String()),
		"POST /api/v1/custody-spells/by-slip/:slip/unplanned-release": bySlip("/unplanned-release", ""),
		"GET /api/v1/custody-transfers":                               {who: medic, path: "/api/v1/custody-transfers"},
		"GET /api/v1/custody-transfers/:id":                           of(transfers, moving, "", "", foreign),
		"POST /api/v1/custody-transfers/:id/:action":                  of(transfers, moving, "/departure", object{"at": p.Now()}.String(), foreign),
		"GET /api/v1/release-cases":                                   {who: medic, path: "/api/v1/release-cases"},
		"GET /api/v1/release-cases/:id":                               of(cases, caseOf(medic, spell), "", "", caseOf(other, theirs)),
		"POST /api/v1/release-cases/:id/:action":                      of(cases, caseOf(medic, spell), "/assessment", "", caseOf(other, theirs)),
		"GET /api/v1/release-handovers":                               {who: p.doctor, path: "/api/v1/release-handovers"},
		"GET /api/v1/regions/:region/default-clinic":                  readRegion,
		"PUT /api/v1/regions/:region/default-clinic":                  region,
		"GET /api/v1/notices":                                         {who: medic, path: "/api/v1/notices"},
		"POST /api/v1/notices/:id/acknowledgement":                    of("/api/v1/notices/", prisonNotice, "/acknowledgement", "", clinicNotice),
		"GET /api/v1/organisations/:id/duty-contacts":                 list,
		"POST /api/v1/organisations/:id/duty-contacts":                add,
		"PATCH /api/v1/organisations/:id/duty-contacts/:contact":      change,
	}
}

func etagged(etag string, s sample) sample {
	s.etag = etag
	return s
}

// noticeOf has the institution report an unplanned release and returns the notice that
// the health unit gets.
func (p *population) noticeOf(t *testing.T, medic account, spell string) string {
	t.Helper()
	institution := &models.Organisation{ID: medic.Org.Serves, Kind: models.KindPrison}
	governor := p.at(t, models.RolePrisonManagement, institution, 1)
	p.run(t, Scenario{Method: http.MethodPost, Path: "/api/v1/custody-spells/by-slip/" + p.slip(t, medic, spell) + "/unplanned-release", Token: governor.Token, Status: 200})
	var list struct {
		Items []struct{ ID, Subject string }
	}
	p.get(t, medic, "/api/v1/notices?state=open").Into(t, &list)
	for _, n := range list.Items {
		if n.Subject == spell {
			return n.ID
		}
	}
	t.Fatal("the health unit was not told")
	return ""
}
