package store_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
	"jol/policies"
)

// nothing is an id that no record has: what is asked of it goes the same way.
const nothing = "01900000-0000-7000-8000-000000000000"

var fifty = store.Paging{Limit: 50}

// who asks, beside the nurse.
func (p *plans) as(role models.Role, o *models.Organisation) *store.Session {
	return p.As(role, o).New()
}

func (p *plans) medic() *store.Session { return p.as(models.RolePrisonMedical, p.ColonyHealth) }
func (p *plans) ngo() *store.Session   { return p.as(models.RoleNGOOutreach, p.NGO) }
func (p *plans) doctor() *store.Session {
	return p.as(models.RoleClinician, p.Clinic)
}

// absentIsFine passes over a record that is not there: the query was sent.
func absentIsFine(err error) error {
	if models.IsKind(err, models.KindNotFound) {
		return nil
	}
	return err
}

// moreLookups are the lists and lookups of every other table about clients.
var moreLookups = []lookup{
	{"pathway", func(p *plans) error { _, err := p.nurse.New().GetPathway(ctx, p.handle); return err }},
	{"pathway in custody", func(p *plans) error { _, err := p.medic().GetPathway(ctx, p.held); return err }},
	{"summary", func(p *plans) error { _, err := p.doctor().GetSummary(ctx, p.handle); return err }},
	{"consents of a client", func(p *plans) error {
		_, err := p.nurse.New().ListConsents(ctx, p.handle, store.Paging{Limit: 50})
		return err
	}},
	{"versions of a consent", func(p *plans) error { _, err := p.nurse.New().ListConsentVersions(ctx, p.consent); return err }},
	{"disclosures of a client", func(p *plans) error {
		_, err := p.doctor().ListDisclosures(ctx, p.handle, fifty)
		return err
	}},
	{"entries of a client", func(p *plans) error {
		_, err := p.nurse.New().ListEntries(ctx, p.handle, models.EntryKind("screening"), fifty)
		return err
	}},
	{"entries in custody", func(p *plans) error {
		_, err := p.medic().ListEntries(ctx, p.held, models.EntryKind("screening"), fifty)
		return err
	}},
	{"one entry", func(p *plans) error { _, err := p.nurse.New().GetEntry(ctx, p.entry); return err }},
	{"one entry for an NGO", func(p *plans) error { _, err := p.ngo().GetEntry(ctx, p.entry); return absentIsFine(err) }},
	{"overdoses", func(p *plans) error { _, err := p.nurse.New().ListOverdoses(ctx, fifty); return err }},
	{"overdoses for security", func(p *plans) error {
		_, err := p.as(models.RolePrisonSecurity, p.Colony).ListOverdoses(ctx, fifty)
		return err
	}},
	{"one overdose", func(p *plans) error { _, err := p.nurse.New().GetOverdose(ctx, p.overdose); return err }},
	{"kits", func(p *plans) error { _, err := p.nurse.New().ListKits(ctx, "", fifty); return err }},
	{"kits of a state", func(p *plans) error { _, err := p.nurse.New().ListKits(ctx, "given", fifty); return err }},
	{"one kit", func(p *plans) error { _, err := p.nurse.New().GetKit(ctx, nothing); return absentIsFine(err) }},
	{"dose orders of a client", func(p *plans) error { _, err := p.doctor().ListDoseOrders(ctx, p.handle, noRules); return err }},
	{"one dose order", func(p *plans) error { _, err := p.doctor().GetDoseOrder(ctx, p.order, noRules); return err }},
	{"doses of an order", func(p *plans) error { _, err := p.doctor().ListDoses(ctx, p.order, fifty); return err }},
	{"double dosing", func(p *plans) error { _, err := p.doctor().ListDoubleDosing(ctx, "open", fifty); return err }},
	{"dose transfers", func(p *plans) error {
		_, err := p.doctor().ListDoseTransfers(ctx, store.PartyFilter{}, fifty)
		return err
	}},
	{"dose transfers coming in", func(p *plans) error {
		_, err := p.doctor().ListDoseTransfers(ctx, store.PartyFilter{Direction: "in", Overdue: true}, fifty)
		return err
	}},
	{"one dose transfer", func(p *plans) error { _, err := p.doctor().GetDoseTransfer(ctx, nothing); return absentIsFine(err) }},
	{"stays", func(p *plans) error { _, err := p.medic().ListSpells(ctx, "", fifty); return err }},
	{"stays of a state", func(p *plans) error { _, err := p.medic().ListSpells(ctx, models.SpellResident, fifty); return err }},
	{"slips", func(p *plans) error {
		_, err := p.as(models.RolePrisonSecurity, p.Colony).ListSlips(ctx, fifty)
		return err
	}},
	{"one stay", func(p *plans) error { _, err := p.medic().GetSpell(ctx, p.spell); return err }},
	{"custody transfers", func(p *plans) error { _, err := p.medic().ListTransfers(ctx, false, fifty); return err }},
	{"custody transfers with an alarm", func(p *plans) error { _, err := p.medic().ListTransfers(ctx, true, fifty); return err }},
	{"one custody transfer", func(p *plans) error { _, err := p.medic().GetTransfer(ctx, nothing); return absentIsFine(err) }},
	{"release cases", func(p *plans) error { _, err := p.medic().ListCases(ctx, store.CaseFilter{}, fifty); return err }},
	{"release cases overdue", func(p *plans) error {
		_, err := p.medic().ListCases(ctx, store.CaseFilter{Due: "overdue"}, fifty)
		return err
	}},
	{"one release case", func(p *plans) error { _, err := p.medic().GetCase(ctx, nothing); return absentIsFine(err) }},
	{"release handovers of a clinic", func(p *plans) error { _, err := p.doctor().ListHandovers(ctx, fifty); return err }},
	{"release handovers of an NGO", func(p *plans) error { _, err := p.ngo().ListHandovers(ctx, fifty); return err }},
	{"notices", func(p *plans) error { _, err := p.nurse.New().ListNotices(ctx, "", fifty); return err }},
	{"open notices", func(p *plans) error { _, err := p.nurse.New().ListNotices(ctx, "open", fifty); return err }},
	{"functional notes", func(p *plans) error {
		_, err := p.as(models.RolePrisonSecurity, p.Colony).ListNotes(ctx, fifty)
		return err
	}},
	{"functional notes of a client", func(p *plans) error { _, err := p.medic().ListClientNotes(ctx, p.held); return err }},
	{"break-glass", func(p *plans) error { _, err := p.doctor().ListBreakGlass(ctx, "", fifty); return err }},
	{"one break-glass", func(p *plans) error { _, err := p.doctor().GetBreakGlass(ctx, nothing); return absentIsFine(err) }},
	{"own figures", func(p *plans) error { _, err := p.doctor().GetOwnFigures(ctx, ""); return err }},
	{"own figures of a past day", func(p *plans) error {
		_, err := p.doctor().GetOwnFigures(ctx, p.Today().AddDays(-40))
		return err
	}},
	{"own figures of a health unit", func(p *plans) error { _, err := p.medic().GetOwnFigures(ctx, ""); return err }},
	{"own figures of a health unit for a past day", func(p *plans) error {
		_, err := p.medic().GetOwnFigures(ctx, p.Today().AddDays(-40))
		return err
	}},
	{"supervisions", func(p *plans) error {
		_, err := p.as(models.RoleProbationOfficer, p.Probation).ListSupervisions(ctx, store.Paging{Limit: 50})
		return err
	}},
	{"one supervision", func(p *plans) error {
		_, err := p.as(models.RoleProbationOfficer, p.Probation).GetSupervision(ctx, nothing)
		return absentIsFine(err)
	}},
	{"changes", func(p *plans) error { _, err := p.nurse.New().ListChanges(ctx, fifty); return err }},
	{"changes from a cursor", func(p *plans) error {
		page, err := p.nurse.New().ListChanges(ctx, fifty)
		if err == nil {
			_, err = p.nurse.New().ListChanges(ctx, store.Paging{Limit: 50, Cursor: page.Next})
		}
		return err
	}},
	{"sync conflicts", func(p *plans) error { _, err := p.nurse.New().ListConflicts(ctx, "", fifty); return err }},
	{"one sync conflict", func(p *plans) error { _, err := p.nurse.New().GetConflict(ctx, nothing); return absentIsFine(err) }},
	{"identity changes", func(p *plans) error { _, err := p.doctor().ListIdentityChanges(ctx, "", fifty); return err }},
	{"referrals both ways", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{}, fifty)
		return err
	}},
	{"referrals overdue", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Overdue: true}, fifty)
		return err
	}},
	{"referral outbox of a state", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "out", State: models.ReferralSent}, fifty)
		return err
	}},
	{"dose transfers of a state", func(p *plans) error {
		_, err := p.doctor().ListDoseTransfers(ctx, store.PartyFilter{Direction: "in", State: models.TransferSent}, fifty)
		return err
	}},
	{"break-glass to review", func(p *plans) error { _, err := p.doctor().ListBreakGlass(ctx, "to_review", fifty); return err }},
	{"break-glass overdue", func(p *plans) error { _, err := p.doctor().ListBreakGlass(ctx, "overdue", fifty); return err }},
	{"break-glass open", func(p *plans) error { _, err := p.doctor().ListBreakGlass(ctx, "open", fifty); return err }},
	{"sync conflicts waiting", func(p *plans) error { _, err := p.nurse.New().ListConflicts(ctx, "waiting", fifty); return err }},
	{"a kept sync conflict", func(p *plans) error { _, err := p.nurse.New().KeptConflict(ctx, nothing, ""); return absentIsFine(err) }},
	{"identity changes requested", func(p *plans) error {
		_, err := p.doctor().ListIdentityChanges(ctx, "requested", fifty)
		return err
	}},
	{"episodes on an edition", func(p *plans) error {
		_, _, _, err := p.doctor().EpisodesOn(ctx, "treatment-pathway", "none", fifty)
		return err
	}},
	{"agreements", func(p *plans) error {
		_, err := p.as(models.RoleNGOCoordinator, p.NGO).ListAgreements(ctx, fifty)
		return err
	}},
	{"passes", func(p *plans) error {
		_, err := p.as(models.RoleNGOCoordinator, p.NGO).ListPasses(ctx, false, fifty)
		return err
	}},
	{"passes overdue", func(p *plans) error {
		_, err := p.as(models.RolePrisonManagement, p.Colony).ListPasses(ctx, true, fifty)
		return err
	}},
	{"one pass", func(p *plans) error {
		_, err := p.as(models.RoleNGOCoordinator, p.NGO).GetPass(ctx, nothing)
		return absentIsFine(err)
	}},
	{"visits", func(p *plans) error {
		_, err := p.as(models.RoleNGOCoordinator, p.NGO).ListVisits(ctx, fifty)
		return err
	}},
	{"one visit", func(p *plans) error {
		_, err := p.as(models.RoleNGOCoordinator, p.NGO).GetVisit(ctx, nothing)
		return absentIsFine(err)
	}},
	{"devices", func(p *plans) error {
		_, err := p.as(models.RoleAdministrator, p.Clinic).ListDevices(ctx, fifty)
		return err
	}},
	{"alerts", func(p *plans) error { _, err := p.ngo().ListAlerts(ctx, "", fifty); return err }},
	{"one alert", func(p *plans) error { _, err := p.ngo().GetAlert(ctx, nothing); return absentIsFine(err) }},
	{"reports of suspected substances", func(p *plans) error { _, err := p.doctor().ListEWSReports(ctx, "", fifty); return err }},
	{"reports of a state", func(p *plans) error { _, err := p.doctor().ListEWSReports(ctx, models.EWSSuspected, fifty); return err }},
	{"one report", func(p *plans) error { _, err := p.doctor().GetEWSReport(ctx, nothing); return absentIsFine(err) }},
	{"reports of a quarter", func(p *plans) error {
		_, _, err := p.as(models.RoleProgrammeCoordinator, p.Ministry).CountedEWSReports(ctx, p.Today(), p.Today())
		return err
	}},
	{"own reports of a quarter", func(p *plans) error {
		_, _, err := p.doctor().CountedEWSReports(ctx, p.Today(), p.Today())
		return err
	}},
	{"a new report", func(p *plans) error {
		_, _, err := p.doctor().ReportEWS(ctx, models.NewEWSReport{
			Identification: models.Identification{NPSClass: "nitazene", Method: "none"}, SourceType: "seizure", Month: string(p.Today()[:7]), Region: "KZ-75",
			PhysicalForm: "tablet", Confidentiality: models.EWSRestricted,
		})
		return err
	}},
	{"audit events", func(p *plans) error {
		_, err := p.as(models.RoleAuditor, p.Ministry).ListAuditEvents(ctx, "", fifty)
		return err
	}},
	{"audit events of an action", func(p *plans) error {
		_, err := p.as(models.RoleAuditor, p.Ministry).ListAuditEvents(ctx, "client.read", fifty)
		return err
	}},
	{"registration", func(p *plans) error {
		_, _, err := p.nurse.New().RegisterClient(ctx, storetest.Someone(7))
		return err
	}},
}

// An index by organisation is no full scan, and yet an episode would read every assessment
// of the organisation through it: SQLite chooses without statistics.
func TestOwnFigures_LookAssessmentsUpByClient(t *testing.T) {
	t.Parallel()
	p, err := policies.New()
	must(t, err)
	c := storetest.NewWorld(t, "sqlite").Settle(t, p.Grants)
	sent, err := c.Queries(func() error {
		_, err := c.As(models.RoleClinician, c.Clinic).New().GetOwnFigures(ctx, "")
		return err
	})
	must(t, err)
	db, _, err := c.Pool()
	must(t, err)
	looked := 0
	for _, q := range sent {
		rows, err := db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q.SQL, q.Vars...)
		must(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			must(t, rows.Scan(&id, &parent, &unused, &detail))
			if strings.HasPrefix(detail, "SEARCH ax ") || strings.HasPrefix(detail, "SEARCH b ") {
				if looked++; !strings.Contains(detail, "entries_client (client_id=?") {
					t.Error(detail)
				}
			}
		}
		must(t, rows.Err())
		rows.Close()
	}
	if looked != 2 {
		t.Errorf("%d lookups of assessments", looked)
	}
}

var noRules = models.DoseRules{
	Guards: func(string) []models.DoseGuard { return nil },
	Gap:    func(models.GapQuestion) models.DoseGap { return models.DoseGap{} },
	Alert:  func(q models.GapQuestion) time.Time { return q.LastTaken },
}

// settle makes what moreLookups find.
func (p *plans) settle(t *testing.T) {
	t.Helper()
	p.entry = p.Write(p.Clinic, p.handle, "screening", models.CatScreening, "audit")
	overdose, _, err := p.nurse.New().ReportOverdose(ctx, p.handle, models.NewOverdose{Region: "KZ-75", Place: "street", At: p.Now(), Substances: []string{"11"}, Ambulance: "yes", Outcome: "unknown"})
	must(t, err)
	p.overdose = overdose.ID
	order, _, err := p.doctor().CreateDoseOrder(ctx, p.handle, models.NewDoseOrder{
		Medicine: "methadone", Schedule: "daily", Phase: "maintenance", DoseUg: 20_000, From: p.Today(), IdentityChecked: true,
	}, noRules)
	must(t, err)
	p.order = order.ID
	p.held = p.As(models.RolePrisonMedical, p.ColonyHealth).Register(5)
	p.spell = p.Hold(p.ColonyHealth, p.held)
	_, _, err = p.doctor().RecordDose(ctx, p.order, models.NewDose{Status: models.DoseGiven, At: p.Now(), DoseUg: 20_000, HasDose: true, Witnessed: true}, noRules)
	must(t, err)
	_, err = p.As(models.RolePrisonMedical, p.ColonyHealth).On(1).PlanRelease(ctx, p.spell, p.Today().AddDays(30))
	must(t, err)
	_, _, err = p.doctor().BreakGlass(ctx, p.handle, models.NewBreakGlass{Reason: "overdose", Note: "unresponsive", Hours: 2})
	must(t, err)
	_, _, err = p.nurse.New().StockKit(ctx, models.NewNaloxoneKit{Lot: "NX-7", ExpiresOn: p.Today().AddDays(90)})
	must(t, err)
}

// crowd fills every table that Crowd leaves as it is with n rows or more: one in ten is the
// asking organisation's, and these are the oldest, so that who walks down the table meets all
// others first. What lists ask for by its state is settled long ago, but for three.
func (p *plans) crowd(t *testing.T, n int) {
	t.Helper()
	const client, person, version = "'c' || i", "'p' || i", "1"
	now := p.SQLTime(p.Now())
	past, future := p.SQLTime(p.Now().AddDate(0, -3, 0)), p.SQLTime(p.Now().AddDate(0, 3, 0))
	id := func(prefix string) string { return "'" + prefix + "' || (1000000 + i)" }
	text := func(v string) string { return "'" + v + "'" }
	own := func(o, others *models.Organisation) string {
		return fmt.Sprintf("CASE WHEN i <= %d THEN '%s' ELSE '%s' END", n/10, o.ID, others.ID)
	}
	// Of two parties the asking organisation is the first in a tenth, the second in the next.
	first := func(o *models.Organisation) string {
		return fmt.Sprintf("CASE WHEN i <= %d THEN '%s' ELSE '%s' END", n/10, o.ID, p.Polyclinic.ID)
	}
	second := func(o *models.Organisation) string {
		return fmt.Sprintf("CASE WHEN i > %d AND i <= %d THEN '%s' ELSE '%s' END", n/10, n/5, o.ID, p.OtherNGO.ID)
	}
	seldom := func(is, mostly string) string { return "CASE WHEN i <= 3 THEN " + is + " ELSE " + mostly + " END" }
	mine := own(p.Clinic, p.Polyclinic)

	p.Grow(t, "entries", n, map[string]string{"id": id("n"), "entry_id": id("n"), "client_id": client, "organisation_id": mine})
	p.Grow(t, "overdoses", n, map[string]string{"id": id("v"), "client_id": client, "organisation_id": mine})
	p.Grow(t, "naloxone_kits", n, map[string]string{"id": id("x"), "client_id": client, "organisation_id": mine, "state": seldom(text("given"), text("used"))})
	p.Grow(t, "dose_orders", n, map[string]string{"id": "'o' || i", "client_id": client, "person_id": person, "organisation_id": mine, "state": text("ended")})
	p.Grow(t, "dose_events", 5*n, map[string]string{"id": id("d"), "order_id": "'o' || (i % " + strconv.Itoa(n) + " + 1)", "client_id": "'c' || (i % " + strconv.Itoa(n) + " + 1)", "organisation_id": mine})
	p.Grow(t, "custody_spells", n, map[string]string{
		"id": id("s"), "client_id": client, "person_id": person, "organisation_id": own(p.ColonyHealth, p.Polyclinic), "institution_id": own(p.Colony, p.Polyclinic),
		"state": text("released"), "ended_at": now,
	})
	p.Grow(t, "release_cases", n, map[string]string{"id": id("l"), "client_id": client, "spell_id": id("s"), "organisation_id": own(p.ColonyHealth, p.Polyclinic), "state": text("closed")})
	p.Grow(t, "break_glass", n, map[string]string{"id": id("b"), "client_id": client, "person_id": person, "user_id": "'user ' || i", "organisation_id": mine, "reviewed_at": now})

	p.Fill(t, "dose_transfers", n, map[string]string{
		"id": id("f"), "from_organisation_id": first(p.Clinic), "to_organisation_id": second(p.Clinic), "from_client_id": client, "kind": text("move"), "state": text("confirmed"),
		"ground": text("consent"), "answer_due": past, "created_at": past, "version": version,
	})
	p.Fill(t, "custody_transfers", n, map[string]string{
		"id": id("m"), "spell_id": id("s"), "client_id": client, "from_organisation_id": first(p.ColonyHealth), "to_organisation_id": second(p.ColonyHealth),
		"state": text("confirmed"), "ordered_at": past, "arrived_at": past, "file_received_at": past, "version": version,
	})
	p.Fill(t, "double_dosing", n, map[string]string{
		"id": id("w"), "organisation_id": mine, "client_id": client, "order_id": "'o' || i", "state": seldom(text("open"), text("settled")), "created_at": past, "version": version,
	})
	p.Fill(t, "identity_changes", n, map[string]string{
		"id": id("i"), "organisation_id": mine, "kind": text("split"), "client_id": client, "state": seldom(text("requested"), text("approved")), "created_at": past, "version": version,
	})
	p.Fill(t, "notices", n, map[string]string{
		"id": id("q"), "organisation_id": mine, "kind": text("task_escalated"), "subject_id": id("t"), "state": seldom(text("open"), text("acknowledged")), "level": "1",
		"escalate_at": past, "created_at": past, "version": version,
	})
	p.Fill(t, "functional_notes", n, map[string]string{
		"id": id("g"), "spell_id": id("s"), "client_id": client, "organisation_id": own(p.ColonyHealth, p.Polyclinic), "institution_id": own(p.Colony, p.Polyclinic),
		"watch_for": text("[]"), "from_at": past, "until_at": seldom(future, past), "created_at": past, "version": version,
	})
	p.Fill(t, "court_duties", n, map[string]string{
		"id": id("j"), "client_id": client, "organisation_id": mine, "probation_id": own(p.Probation, p.Ministry), "from_date": text("2026-01-01"),
		"until_date": text("2026-02-01"), "created_at": past, "version": version,
	})
	p.Fill(t, "disclosures", n, map[string]string{"id": id("y"), "client_id": client, "organisation_id": mine, "categories": text("[]"), "at": past})
	p.Fill(t, "consent_versions", n, map[string]string{"consent_id": "'k' || i", "version": version, "client_id": client, "categories": text("[]"), "deliveries": text("[]"), "transfers": text("[]"), "changed_at": past})
	p.Fill(t, "sync_conflicts", n, map[string]string{
		"id": id("z"), "organisation_id": mine, "user_id": seldom(text(string(p.nurse.Actor.UserID)), text("another")), "role": text("clinician"), "command_id": "'z' || i", "command": text("task.completion"),
		"params": text("{}"), "state": text("dropped"), "occurred_at": past, "created_at": past, "version": version,
	})
	p.Fill(t, "users", n, map[string]string{
		"id": "'user ' || i", "username": "'user ' || i", "role": text("nurse"), "organisation_id": mine, "active": "TRUE", "created_at": past, "version": version,
	})
	p.Fill(t, "agreements", n, map[string]string{
		"id": id("h"), "ngo_id": own(p.NGO, p.OtherNGO), "institution_id": own(p.Clinic, p.Colony), "services": text("[]"), "state": text("ended"), "created_at": past, "version": version,
	})
	p.Fill(t, "access_passes", n, map[string]string{
		"id": id("u"), "ngo_id": own(p.NGO, p.OtherNGO), "institution_id": own(p.Clinic, p.Colony), "user_id": "'user 1'", "agreement_id": id("h"),
		"state": text("revoked"), "requested_at": past, "decide_by": past, "version": version,
	})
	p.Fill(t, "visits", n, map[string]string{
		"id": id("o"), "pass_id": id("u"), "ngo_id": own(p.NGO, p.OtherNGO), "institution_id": own(p.Clinic, p.Colony), "state": text("made"), "created_at": past, "version": version,
	})
	p.Fill(t, "devices", n, map[string]string{
		"id": id("e"), "organisation_id": mine, "user_id": "'user 1'", "token_hash": id("e"), "state": text("shut_out"), "expires_at": past, "created_at": past, "version": version,
	})
	p.Fill(t, "alerts", n, map[string]string{
		"id": id("a"), "organisation_id": mine, "state": seldom(text("proposed"), text("retracted")), "substances": text("[]"), "created_at": past, "version": version,
	})
	p.Fill(t, "ews_reports", n, map[string]string{
		"id": id("r"), "organisation_id": mine, "suspected_names": text("[]"), "street_names": text("[]"), "other_substances": text("[]"), "state": seldom(text("suspected"), text("retracted")), "nps_class": text("nitazene"), "month": "CAST(1990 + i % 35 AS TEXT) || '-01-01'",
		"confidentiality": text("restricted"), "created_at": past, "version": version,
	})
	p.Fill(t, "audit_events", n, map[string]string{
		"at": past, "actor_id": seldom(text(string(p.nurse.Actor.UserID)), text("another")), "actor_role": text("nurse"), "organisation_id": mine, "action": seldom(text("client.read"), text("task.read")),
		"outcome": text("ok"), "objects": "'[\"t' || i || '\"]'",
	})
	p.Fill(t, "changes", n, map[string]string{"organisation_id": mine, "kind": text("task"), "record_id": "'t' || i", "at": past})
	p.Analyse(t)
}
