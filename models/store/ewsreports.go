package store

import (
	"context"
	"slices"

	"jol/models"
)

// SeenEWSReport is a report as the session may see it.
type SeenEWSReport struct {
	models.EWSReport
	// Whole: the session's organisation reported it, or it is the programme's to judge.
	// Everybody else shares in the warning and not in what it was seen by.
	Whole bool
	// Allowed are the moves the session can make now.
	Allowed []string
}

func (s *Session) seeEWSReport(r models.EWSReport) SeenEWSReport {
	party := s.ewsParty()
	whole := party == models.PartyProgramme || r.OrganisationID == s.actor.OrganisationID
	seen := SeenEWSReport{EWSReport: r, Whole: whole, Allowed: []string{}}
	if whole && s.grants.Has(models.CatEWSReport, models.Change) {
		seen.Allowed = slices.DeleteFunc(models.EWSReportMachine.Allowed(r.State, party), func(move string) bool {
			return move == "confirmation" && r.CreatedBy == s.actor.UserID
		})
	}
	return seen
}

// ewsParty is who the actor is to a report: the programme judges those of the country.
func (s *Session) ewsParty() models.Party {
	if s.grants.Through(models.CatEWSReport, models.Read, models.Country) {
		return models.PartyProgramme
	}
	return models.Holder
}

// ListEWSReports returns the reports of the session's scope, those of the newest month first. Within
// a month their order says nothing: who shares in a report must not learn the moment at which it
// was made, and by that who made it.
func (s *Session) ListEWSReports(ctx context.Context, state string, p Paging) (page Page[SeenEWSReport], err error) {
	err = s.readRecords(ctx, "ews_report.read", func(r *reading) error {
		q := s.scoped(r.Model(&models.EWSReport{}), ewsReportTable, models.CatEWSReport, models.Read)
		if state != "" {
			q = q.Where("ews_reports.state = ?", state)
		}
		rows, err := loadPage(s, q, "ews_reports", "ews_reports.listed_as", p, func(row models.EWSReport) string { return row.ListedAs })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		for _, row := range rows.Items {
			r.touched(row.ID)
			page.Items = append(page.Items, s.seeEWSReport(row))
		}
		return nil
	})
	return page, err
}

// GetEWSReport returns one report of the session's scope.
func (s *Session) GetEWSReport(ctx context.Context, id string) (seen *SeenEWSReport, err error) {
	err = s.readRecords(ctx, "ews_report.read", func(r *reading) error {
		var row models.EWSReport
		q := s.scoped(r.Model(&models.EWSReport{}), ewsReportTable, models.CatEWSReport, models.Read).Where("ews_reports.id = ?", id)
		if err := found(q.Take(&row).Error, "ews_report"); err != nil {
			return err
		}
		r.touched(id)
		report := s.seeEWSReport(row)
		seen = &report
		return nil
	})
	return seen, err
}

// CountedEWSReports returns the rows of counting (EWS01) of the events between two days, both
// included, and the day of counting: of the organisation's own reports, or for the programme
// of the country's. What is shared of others' reports is not counted: a number of one would
// tell what a report withholds.
func (s *Session) CountedEWSReports(ctx context.Context, from, to models.Date) (rows []models.SubstanceReport, asOf models.Date, err error) {
	err = s.readRecords(ctx, "ews_report.count", func(r *reading) error {
		q := s.scoped(r.Model(&models.EWSReport{}), ewsReportTable, models.CatEWSReport, models.Read).
			Where("ews_reports.month >= ? AND ews_reports.month <= ?", from, to)
		if s.ewsParty() != models.PartyProgramme {
			q = q.Where("ews_reports.organisation_id = ?", s.actor.OrganisationID)
		}
		var reports []models.EWSReport
		columns := []string{"region", "month", "created_at", "confirmed_at", "retracted_at", "nps_class", "source_type"}
		if err := q.Select(columns).Order("ews_reports.id").Find(&reports).Error; err != nil {
			return err
		}
		for i := range reports {
			rows = append(rows, reports[i].Counted(models.Zone(s.store.opt.Country, reports[i].Region)))
		}
		asOf = r.today
		return nil
	})
	return rows, asOf, err
}

// ReportEWS records a report and proposes alerts for what rises with it.
func (s *Session) ReportEWS(ctx context.Context, n models.NewEWSReport) (seen *SeenEWSReport, out Outcome, err error) {
	if err := n.Check(s.store.opt.Country, s.today()); err != nil {
		return nil, out, err
	}
	out, err = s.createAs(ctx, "ews_report.create", momentlessID, func(t *tx, id string, replayed bool) error {
		var r models.EWSReport
		if replayed {
			if r, err = t.ewsReport(id, models.Create); err == nil {
				seen = new(s.seeEWSReport(r))
			}
			return err
		}
		r = n.Report()
		r.ID, r.OrganisationID, r.CreatedBy, r.CreatedAt = id, s.actor.OrganisationID, s.actor.UserID, t.now
		r.ListedAs = string(r.Month) + " " + id
		if err := t.Create(&r).Error; err != nil {
			return err
		}
		seen = new(s.seeEWSReport(r))
		return t.warn(&r)
	})
	return seen, out, err
}

func (t *tx) ewsReport(id string, verb models.Verb) (r models.EWSReport, err error) {
	q := t.session.scoped(t.Model(&models.EWSReport{}), ewsReportTable, models.CatEWSReport, verb)
	return r, found(q.Where("ews_reports.id = ?", id).Take(&r).Error, "ews_report")
}

// ConfirmEWS makes a report one of a substance that was analysed.
func (s *Session) ConfirmEWS(ctx context.Context, id string, d models.Identification) (*SeenEWSReport, error) {
	if err := d.CheckConfirmation(); err != nil {
		return nil, err
	}
	return s.changeEWS(ctx, "ews_report.confirm", id, models.Approve, func(t *tx, r *models.EWSReport) error {
		return r.Confirm(d, s.actor.UserID, t.now)
	})
}

// RetractEWS takes a report back, and what rested on it.
func (s *Session) RetractEWS(ctx context.Context, id, reason string) (*SeenEWSReport, error) {
	if err := models.CheckEWSRetraction(reason); err != nil {
		return nil, err
	}
	return s.changeEWS(ctx, "ews_report.retract", id, models.Change, func(t *tx, r *models.EWSReport) error {
		return r.Retract(reason, s.ewsParty(), t.now)
	})
}

func (s *Session) changeEWS(ctx context.Context, action, id string, verb models.Verb, change func(*tx, *models.EWSReport) error) (seen *SeenEWSReport, err error) {
	err = s.write(ctx, action, func(t *tx) error {
		r, err := t.ewsReport(id, verb)
		if err != nil {
			return err
		}
		if err := t.base(r.Version); err != nil {
			return err
		}
		if err := change(t, &r); err != nil {
			return err
		}
		t.audit(id)
		columns := []string{
			"nps_class", "chemical_name", "formula", "inchi_key", "cas", "method", "reference_standard", "laboratory", "state", "confirmed_at",
			"retracted_at", "retraction", "version",
		}
		if err := changed(t.Model(&r).Where("version = ?", s.req.Base).Select(columns).Updates(&r)); err != nil {
			return err
		}
		seen = new(s.seeEWSReport(r))
		return t.warn(&r)
	})
	return seen, err
}

// warn does what follows from a new or changed report: the end of what rested on it,
// proposals for what rises with it, and the feeds of whoever may see it.
func (t *tx) warn(r *models.EWSReport) error {
	if err := t.weaken(r); err != nil {
		return err
	}
	if r.State != models.EWSRetracted {
		if err := t.proposeSignals(r); err != nil {
			return err
		}
	}
	return t.tellEWS(r)
}

// tellEWS tells those who may see the report: store/scope.go says the same in SQL.
func (t *tx) tellEWS(r *models.EWSReport) error {
	t.tell("ews_report", r.ID, r.OrganisationID)
	kinds := []models.OrganisationKind{models.KindMinistry}
	for _, kind := range models.OrganisationKinds {
		if kind != models.KindMinistry && slices.Contains(ewsLevels(kind), r.Confidentiality) {
			kinds = append(kinds, kind)
		}
	}
	return t.tellKinds("ews_report", r.ID, kinds...)
}

// ewsLevels are the levels of confidentiality that an organisation of the kind shares in.
func ewsLevels(kind models.OrganisationKind) []string {
	if _, care := kind.Sector(); care {
		return []string{models.EWSPartners, models.EWSPublic}
	}
	return []string{models.EWSPublic}
}

// proposeSignals proposes an alert for each class and name that rises with the report, once
// as long as one is open, and not where a person has just said that it is none.
func (t *tx) proposeSignals(r *models.EWSReport) error {
	var reports []models.EWSReport
	columns := []string{"id", "month", "region", "nps_class", "suspected_names", "street_names", "state"}
	err := t.Model(&models.EWSReport{}).Select(columns).Where("month >= ?", models.SignalHistory(t.today)).Order("id").Find(&reports).Error
	if err != nil {
		return err
	}
	for _, signal := range models.SignalsOf(r, reports, t.today) {
		if err := t.proposeSignal(signal); err != nil {
			return err
		}
	}
	return nil
}

// proposeSignal proposes an alert, unless there is one: that then rests on the newer reports too.
func (t *tx) proposeSignal(signal models.Signal) error {
	var known []models.Alert
	err := t.Where("kind = ? AND region = ? AND nps_class = ? AND name_key = ?", models.AlertNewSubstance, signal.Region, signal.NPSClass, signal.Key).
		Where("(state <> ? OR (retraction <> ? AND created_at >= ?))", models.AlertRetracted, models.BasisRetracted, models.SignalWindow(t.today).Time()).
		Order("created_at DESC, id DESC").Find(&known).Error
	if err != nil {
		return err
	}
	for i := range known {
		a := &known[i]
		switch {
		case a.State == models.AlertRetracted: // by a person, who knows what the rule does not
			return nil
		case a.Open(t.today):
			version := a.Version // in a statement of its own: Join raises it
			seen := a.Join(signal)
			return t.saveAlert(a, version, seen)
		}
	}
	a := models.NewSignalAlert(momentlessID(), signal, t.now)
	a.ListedAs = listedAs(t.today, a.ID)
	if err := t.Create(&a).Error; err != nil {
		return err
	}
	t.alsoTouched(a.ID)
	return t.tellProgramme(&a)
}

// saveAlert writes what reports did to an alert; seen says that the programme sees a change.
// Everybody else sees that an issued one is taken back, and not that it is weakened.
func (t *tx) saveAlert(a *models.Alert, version int64, seen bool) error {
	err := changed(t.Model(a).Where("version = ?", version).Select("state", "retraction", "basis", "weakened", "version").Updates(a))
	if err != nil || !seen {
		return err
	}
	t.alsoTouched(a.ID)
	if a.State == models.AlertIssued {
		return t.tellProgramme(a)
	}
	return t.tellAlert(a)
}

// weaken changes the alerts that rested on a report that was retracted, or that turned out
// to be of another class.
func (t *tx) weaken(r *models.EWSReport) error {
	var alerts []models.Alert
	err := t.Where("kind = ? AND state IN ?", models.AlertNewSubstance, []string{models.AlertProposed, models.AlertIssued}).Order("id").Find(&alerts).Error
	if err != nil {
		return err
	}
	for i := range alerts {
		a := &alerts[i]
		if !slices.Contains(a.Basis, r.ID) {
			continue
		}
		var standing int64
		q := t.Model(&models.EWSReport{}).Where("id IN ? AND state <> ?", a.Basis, models.EWSRetracted)
		if a.NPSClass != "" {
			q = q.Where("nps_class = ?", a.NPSClass)
		}
		if err := q.Count(&standing).Error; err != nil {
			return err
		}
		version := a.Version
		if !a.RestsOn(int(standing)) {
			continue
		}
		if err := t.saveAlert(a, version, true); err != nil {
			return err
		}
	}
	return nil
}

// reachEWS is what an organisation shares in of the reports of others, by its kind.
func (s *Session) reachEWS() condition {
	return condition{"ews_reports.confidentiality IN ?", []any{ewsLevels(s.actor.OrganisationKind)}}
}
