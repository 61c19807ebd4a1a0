package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/store"
)

// suspicion is a good report of a product, in the present month.
func (c *Country) suspicion() models.NewEWSReport {
	return models.NewEWSReport{
		Identification: models.Identification{NPSClass: "nitazene", Method: "none"},
		SourceType:     "seizure", Month: string(c.Today()[:7]), Region: "KZ-75", SuspectedNames: []string{"isotonitazene"}, PhysicalForm: "tablet",
		Circumstances: "sold as oxycodone", Confidentiality: models.EWSRestricted,
	}
}

// Suspect reports a suspected new substance.
func (w Worker) Suspect(n models.NewEWSReport) *store.SeenEWSReport {
	w.country.t.Helper()
	r, _, err := w.New().ReportEWS(ctx, n)
	must(w.country.t, err)
	return r
}

var analysed = models.Identification{NPSClass: "nitazene", ChemicalName: "isotonitazene", CAS: "14188-81-9", Method: "lc_ms", ReferenceStandard: true, Laboratory: "toxicology"}

// What is shared of a report tells no moment by which its maker could be found: not its id, not
// its place in the list, not a cursor, nor the alert that it set off.
func TestEWSReport_SharesNoMoment(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		reporters := []Worker{c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOCoordinator, c.NGO)}
		reader := c.As(models.RoleClinician, c.Polyclinic)
		var made []string
		for i := range 10 {
			n := c.suspicion()
			n.Confidentiality = models.EWSPartners
			made = append(made, reporters[i%2].Suspect(n).ID)
			c.Advance(time.Minute)
		}
		n := c.suspicion()
		n.Confidentiality, n.Month, n.NPSClass = models.EWSPartners, string(c.Today().AddMonths(-1)[:7]), "other"
		before := reporters[0].Suspect(n).ID
		var seen []string
		p := store.Paging{Limit: 4}
		for {
			page, err := reader.New().ListEWSReports(ctx, "", p)
			must(t, err)
			for _, r := range page.Items {
				seen = append(seen, r.ID)
				if id, err := uuid.Parse(r.ID); err != nil || id.Version() != 4 {
					t.Errorf("the id %s tells its time: version %d, %v", r.ID, id.Version(), err)
				}
			}
			if p.Cursor = page.Next; p.Cursor == "" {
				break
			}
		}
		if len(seen) != 11 || seen[10] != before {
			t.Fatalf("the newest month is not first, or a page lost something: %v", seen)
		}
		latest := slices.Clone(made)
		slices.Reverse(latest)
		if slices.Equal(seen[:10], latest) || slices.Equal(seen[:10], made) { // by chance once in two million
			t.Error("the list is in the order of the moments")
		}
		for _, id := range texts(t, c, "SELECT id FROM alerts") {
			if id, err := uuid.Parse(id); err != nil || id.Version() != 4 {
				t.Errorf("the id of an alert tells when the report came that set it off: version %d, %v", id.Version(), err)
			}
		}
		if count(t, c.World, "alerts") == 0 {
			t.Error("nothing was proposed")
		}
	})
}

// Who reads a report follows from its level: everybody's answer, against the levels written
// down once more.
func TestEWSReport_TheLevelSaysWhoReads(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor := c.As(models.RoleClinician, c.Clinic)
		byLevel := map[string]*store.SeenEWSReport{}
		for _, level := range []string{models.EWSRestricted, models.EWSPartners, models.EWSPublic} {
			n := c.suspicion()
			n.Confidentiality, n.SuspectedNames = level, []string{level + " product"}
			byLevel[level] = doctor.Suspect(n)
		}
		services := []models.OrganisationKind{models.KindClinic, models.KindPrisonHealth, models.KindNGO}
		others := []models.OrganisationKind{models.KindPrison, models.KindProbation}
		readers := 0
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				if !grantsOf(role).Has(models.CatEWSReport, models.Read) {
					continue
				}
				readers++
				w := c.As(role, o)
				page, err := w.New().ListEWSReports(ctx, "", store.Paging{Limit: 9})
				must(t, err)
				for level, r := range byLevel {
					whole := o.ID == c.Clinic.ID || role == models.RoleProgrammeCoordinator
					may := whole || level != models.EWSRestricted && slices.Contains(services, o.Kind) || level == models.EWSPublic && slices.Contains(others, o.Kind)
					got, err := w.New().GetEWSReport(ctx, r.ID)
					if may != (err == nil) || err == nil && got.Whole != whole {
						t.Errorf("%s of %s reads a %s report: %v, %+v", role, o.Name, level, err, got)
					}
					listed := slices.ContainsFunc(page.Items, func(x store.SeenEWSReport) bool { return x.ID == r.ID })
					if listed != may {
						t.Errorf("%s of %s finds a %s report in the list: %v", role, o.Name, level, listed)
					}
					told := count(t, c.World, "changes WHERE kind = 'ews_report' AND record_id = ? AND organisation_id = ?", r.ID, string(o.ID))
					if (told == 1) != (may || o.Kind == models.KindMinistry) {
						t.Errorf("%s was told of a %s report %d times", o.Name, level, told)
					}
					_, err = w.On(1).RetractEWS(ctx, r.ID, "zqx")
					wantError(t, err, models.KindInvalid, "entry.code_not_in_list")
					if !whole {
						_, err = w.On(1).RetractEWS(ctx, r.ID, "error")
						wantError(t, err, models.KindNotFound, "ews_report.not_found")
					}
					if role != models.RoleProgrammeCoordinator {
						_, err = w.On(1).ConfirmEWS(ctx, r.ID, analysed)
						wantError(t, err, models.KindNotFound, "ews_report.not_found")
					}
				}
			}
		}
		if readers < 12 {
			t.Errorf("only %d readers", readers)
		}
		for action, want := range map[string]int{"ews_report.create": 3, "ews_report.retract": 0, "ews_report.confirm": 0} {
			if got := count(t, c.World, "audit_events WHERE action = ? AND outcome = 'ok'", action); got != want {
				t.Errorf("%d events of %s, want %d", got, action, want)
			}
		}
	})
}

func TestEWSReport_LivesAndIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, coordinator := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		r := doctor.Suspect(c.suspicion())
		if !slices.Equal(r.Allowed, []string{"retraction"}) || r.State != models.EWSSuspected {
			t.Errorf("%+v", r)
		}
		seen, err := coordinator.New().GetEWSReport(ctx, r.ID)
		must(t, err)
		if !slices.Equal(seen.Allowed, []string{"confirmation", "retraction"}) {
			t.Errorf("the programme may %v", seen.Allowed)
		}
		_, err = coordinator.On(2).ConfirmEWS(ctx, r.ID, analysed)
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		c.Advance(24 * time.Hour)
		confirmed, err := coordinator.On(1).ConfirmEWS(ctx, r.ID, analysed)
		must(t, err)
		if confirmed.State != models.EWSConfirmed || confirmed.Version != 2 || confirmed.Circumstances != "sold as oxycodone" {
			t.Errorf("%+v", confirmed)
		}
		again, err := doctor.New().GetEWSReport(ctx, r.ID)
		must(t, err)
		if again.ChemicalName != "isotonitazene" || again.CAS != "14188-81-9" || !again.ReferenceStandard || again.ConfirmedAt == nil || len(again.Allowed) != 0 {
			t.Errorf("%+v", again)
		}
		_, err = doctor.On(2).RetractEWS(ctx, r.ID, "error")
		wantError(t, err, models.KindConflict, "ews_report.not_possible")
		retracted, err := coordinator.On(2).RetractEWS(ctx, r.ID, "laboratory_withdrew")
		must(t, err)
		if retracted.State != models.EWSRetracted || retracted.Retraction != "laboratory_withdrew" {
			t.Errorf("%+v", retracted)
		}
		_, err = coordinator.On(3).ConfirmEWS(ctx, r.ID, analysed)
		wantError(t, err, models.KindConflict, "ews_report.not_possible")

		own := coordinator.Suspect(c.suspicion())
		if slices.Contains(own.Allowed, "confirmation") {
			t.Errorf("the reporter may %v", own.Allowed)
		}
		_, err = coordinator.On(1).ConfirmEWS(ctx, own.ID, analysed)
		wantError(t, err, models.KindConflict, "ews_report.two_people")
		_, err = coordinator.Colleague().On(1).ConfirmEWS(ctx, own.ID, analysed)
		must(t, err)

		key := Key("same")
		first, out, err := doctor.With(key).ReportEWS(ctx, c.suspicion())
		must(t, err)
		second, replay, err := doctor.With(key).ReportEWS(ctx, c.suspicion())
		must(t, err)
		if out.Replayed || !replay.Replayed || first.ID != second.ID {
			t.Errorf("%+v %+v", out, replay)
		}
		bad := c.suspicion()
		bad.StreetNames = []string{"call +7 701 123 45 67"}
		before := count(t, c.World, "ews_reports")
		_, _, err = doctor.New().ReportEWS(ctx, bad)
		wantError(t, err, models.KindInvalid, "text.identifies_person")
		if after := count(t, c.World, "ews_reports"); after != before {
			t.Errorf("%d reports, before %d", after, before)
		}
		for action, want := range map[string]int{"ews_report.confirm": 2, "ews_report.retract": 1} {
			if got := count(t, c.World, "audit_events WHERE action = ? AND outcome = 'ok'", action); got != want {
				t.Errorf("%d events of %s, want %d", got, action, want)
			}
		}
	})
}

// proposals are the proposals of the early warning as region, class and name, in their order.
func (c *Country) proposals(t *testing.T) []string {
	t.Helper()
	return c.strings(t, "SELECT region || ' ' || nps_class || ' ' || name FROM alerts WHERE kind = 'new_substance' AND state = 'proposed' ORDER BY region, nps_class, name")
}

// Three organisations report; only who can issue it sees the proposal; a person issues it and
// everybody is warned; what it rests on is taken back, and it with it.
func TestSignals_FromReportsToAnAlertAndBack(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, other, ngo := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNarcologist, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO)
		coordinator := c.As(models.RoleProgrammeCoordinator, c.Ministry)
		n := c.suspicion()
		n.SuspectedNames = nil
		elsewhere := n
		elsewhere.Region = "KZ-71"
		first, second := doctor.Suspect(n), other.Suspect(n)
		if got := c.proposals(t); len(got) != 0 {
			t.Fatalf("two reports propose %v", got)
		}
		far := ngo.Suspect(elsewhere)
		if got := c.proposals(t); !slices.Equal(got, []string{" nitazene "}) {
			t.Fatalf("three reports in two regions propose %v: never the region of one", got)
		}
		third := ngo.Suspect(n)
		if got := c.proposals(t); !slices.Equal(got, []string{" nitazene ", "KZ-75 nitazene "}) {
			t.Fatalf("three in one region propose %v", got)
		}
		last := ngo.Suspect(n)
		if got := c.proposals(t); len(got) != 2 {
			t.Fatalf("one more proposes again: %v", got)
		}
		id := scan[string](t, c.World, "SELECT id FROM alerts WHERE region = 'KZ-75'")
		for _, o := range c.All() {
			for _, role := range o.Kind.Roles() {
				if !grantsOf(role).Has(models.CatAlert, models.Read) {
					continue
				}
				_, err := c.As(role, o).New().GetAlert(ctx, id)
				list, err2 := c.As(role, o).New().ListAlerts(ctx, "proposed", store.Paging{Limit: 9})
				must(t, err2)
				if may := role == models.RoleProgrammeCoordinator; may != (err == nil) || may != (len(list.Items) == 2) || may != c.toldOfAlert(t, c.As(role, o), id) {
					t.Errorf("%s of %s sees the proposal: %v", role, o.Name, err)
				}
			}
		}
		text := models.AlertText{Substances: []string{"17"}, Advice: []string{"carry_naloxone"}, ValidUntil: c.Today().AddDays(30)}
		a, err := coordinator.On(1).IssueProposal(ctx, id, text)
		must(t, err)
		if a.State != models.AlertIssued || a.NPSClass != "nitazene" || a.Place != "" || a.Weakened {
			t.Errorf("%+v", a)
		}
		for _, o := range c.All() {
			readers := 0
			for _, role := range o.Kind.Roles() {
				if grantsOf(role).Has(models.CatAlert, models.Read) {
					readers++
					_, err := c.As(role, o).New().GetAlert(ctx, id)
					must(t, err)
				}
			}
			if readers == 0 {
				t.Errorf("nobody of %s is warned", o.Name)
			}
		}
		// Four reports of the region stand; two go, and the alert is weakened; all go, and so does it.
		retract := func(w Worker, ids ...string) {
			t.Helper()
			for _, id := range ids {
				_, err := w.On(1).RetractEWS(ctx, id, "not_confirmed")
				must(t, err)
			}
		}
		retract(coordinator, first.ID)
		alert := func() *models.Alert {
			t.Helper()
			a, err := coordinator.New().GetAlert(ctx, id)
			must(t, err)
			return a
		}
		if a := alert(); a.Weakened || a.Version != 2 {
			t.Errorf("three of four stand: %+v", a)
		}
		retract(coordinator, second.ID)
		if a := alert(); !a.Weakened || a.State != models.AlertIssued || a.Version != 3 {
			t.Errorf("two of four stand: %+v", a)
		}
		if told := count(t, c.World, "changes WHERE kind = 'alert' AND record_id = ? AND organisation_id = ?", id, string(c.Colony.ID)); told != 1 {
			t.Errorf("the prison was told %d times: issued, and not that it is weakened", told)
		}
		retract(coordinator, third.ID)
		retract(ngo, last.ID)
		if a := alert(); a.State != models.AlertRetracted || a.Retraction != models.BasisRetracted {
			t.Errorf("nothing stands: %+v", a)
		}
		if got := c.proposals(t); len(got) != 0 {
			t.Errorf("the country's proposal rests on %s alone: %v", far.ID, got)
		}
		_, err = c.As(models.RoleNurse, c.Clinic).New().GetAlert(ctx, id)
		wantError(t, err, models.KindNotFound, "alert.not_found")
		for range 3 { // what the system took back may come again
			doctor.Suspect(n)
		}
		if got := c.proposals(t); !slices.Equal(got, []string{" nitazene ", "KZ-75 nitazene "}) {
			t.Errorf("three new reports propose %v", got)
		}
	})
}

// A person who took a proposal back is not asked again by the next report; an alert that is
// over does not keep a new one from being proposed.
func TestSignals_AreProposedOnceAndAgain(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, coordinator := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		named := c.suspicion()
		named.NPSClass, named.SuspectedNames, named.StreetNames = "unknown", []string{"Blue-Ones"}, []string{"blue ones"}
		for range 3 {
			doctor.Suspect(named)
		}
		if got := c.proposals(t); !slices.Equal(got, []string{"KZ-75  Blue-Ones"}) {
			t.Fatalf("%v", got)
		}
		id := scan[string](t, c.World, "SELECT id FROM alerts")
		_, err := coordinator.On(1).RetractAlert(ctx, id, "duplicate")
		must(t, err)
		doctor.Suspect(named)
		if got := c.proposals(t); len(got) != 0 {
			t.Errorf("taken back, and proposed again: %v", got)
		}
		class := c.suspicion()
		class.SuspectedNames = nil
		for range 3 {
			doctor.Suspect(class)
		}
		id = scan[string](t, c.World, "SELECT id FROM alerts WHERE state = 'proposed'")
		_, err = coordinator.On(1).IssueProposal(ctx, id, models.AlertText{Advice: []string{"carry_naloxone"}, ValidUntil: c.Today().AddDays(1)})
		must(t, err)
		doctor.Suspect(class)
		if got := c.proposals(t); len(got) != 0 {
			t.Errorf("in force, and proposed again: %v", got)
		}
		c.Advance(2 * 24 * time.Hour)
		doctor.Suspect(class)
		if got := c.proposals(t); len(got) != 1 {
			t.Errorf("over, and not proposed again: %v", got)
		}
	})
}

// An analysis that finds another class moves the report: away from what it was counted for,
// to what it is.
func TestSignals_FollowTheAnalysis(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, coordinator := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		n := c.suspicion()
		n.SuspectedNames = nil
		var ids []string
		for range 3 {
			ids = append(ids, doctor.Suspect(n).ID)
		}
		found := analysed
		found.NPSClass = "fentanyl_analogue"
		_, err := coordinator.On(1).ConfirmEWS(ctx, ids[0], found)
		must(t, err)
		if got := c.proposals(t); len(got) != 0 {
			t.Errorf("two of the class stand: %v", got)
		}
		for _, id := range ids[1:] {
			_, err := coordinator.On(1).ConfirmEWS(ctx, id, found)
			must(t, err)
		}
		if got := c.proposals(t); !slices.Equal(got, []string{"KZ-75 fentanyl_analogue "}) {
			t.Errorf("%v", got)
		}
	})
}

// Reports at once: the third one proposes, whichever it is, and only one does.
func TestSignals_ReportsAtOnceProposeOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		n := c.suspicion()
		n.SuspectedNames = nil
		together(4, func(i int) {
			w := c.As([]models.Role{models.RoleClinician, models.RoleNurse}[i%2], []*models.Organisation{c.Clinic, c.Polyclinic}[i/2])
			if _, _, err := w.New().ReportEWS(ctx, n); err != nil {
				t.Error(err)
			}
		})
		if got := c.proposals(t); len(got) != 1 {
			t.Errorf("proposed %v", got)
		}
	})
}

// The rows of counting: what the whole reader may count, in civil days of the region.
func TestEWSReport_IsCounted(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		doctor, ngo, coordinator := c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleProgrammeCoordinator, c.Ministry)
		n := c.suspicion()
		n.Confidentiality = models.EWSPublic
		r := doctor.Suspect(n)
		ngo.Suspect(n)
		reported, month := c.Today(), models.Date(n.Month+"-01")
		c.Advance(24 * time.Hour)
		_, err := coordinator.On(1).ConfirmEWS(ctx, r.ID, analysed)
		must(t, err)
		c.Advance(24 * time.Hour)
		_, err = coordinator.On(2).RetractEWS(ctx, r.ID, "error")
		must(t, err)
		want := models.SubstanceReport{Region: "KZ-75", On: month, KnownOn: reported, ConfirmedOn: reported.AddDays(1), RetractedOn: reported.AddDays(2),
			NPSClass: "nitazene", SourceType: "seizure"}
		rows, asOf, err := doctor.New().CountedEWSReports(ctx, month, month)
		must(t, err)
		if len(rows) != 1 || rows[0] != want || asOf != c.Today() {
			t.Errorf("%+v as of %s, want %+v", rows, asOf, want)
		}
		for worker, number := range map[*Worker]int{&coordinator: 2, &ngo: 1} {
			if rows, _, err := worker.New().CountedEWSReports(ctx, month, month); err != nil || len(rows) != number {
				t.Errorf("%d rows, want %d: %v", len(rows), number, err)
			}
		}
		officer := c.As(models.RoleProbationOfficer, c.Probation)
		if rows, _, err := officer.New().CountedEWSReports(ctx, month, month); err != nil || len(rows) != 0 {
			t.Errorf("probation counts what it only shares in: %d, %v", len(rows), err)
		}
		if rows, _, err := coordinator.New().CountedEWSReports(ctx, month.AddMonths(1), month.AddMonths(2)); err != nil || len(rows) != 0 {
			t.Errorf("another month has %d, %v", len(rows), err)
		}
	})
}

// A report ties to nobody: its table has no column that names a client or a person.
func TestEWSReport_HasNoTieToAClient(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		for column := range c.columns(t, map[string]string{"sqlite": "ews_reports", "postgres": "public.ews_reports"}[c.Engine]) {
			if strings.Contains(column, "client") || strings.Contains(column, "person") || strings.Contains(column, "place") || tiesClient.MatchString(column) {
				t.Errorf("column %s", column)
			}
		}
	})
}
