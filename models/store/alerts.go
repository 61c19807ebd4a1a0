package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// visibleAlerts selects what the role may see: those in force, for whoever may change
// alerts also what is over, and proposals for the programme only.
func (s *Session) visibleAlerts(q *gorm.DB, today models.Date) *gorm.DB {
	q = s.scoped(q.Model(&models.Alert{}), alertTable, models.CatAlert, models.Read)
	if !s.grants.Has(models.CatAlert, models.Change) {
		q = q.Where("alerts.state = ? AND alerts.valid_until >= ?", models.AlertIssued, today)
	}
	return q
}

// seeAlert is an alert as the session may see it.
func (s *Session) seeAlert(a models.Alert) models.Alert {
	if s.programmeAlerts() {
		return a
	}
	return a.Public()
}

// tellAlert tells those who may see it: what was never issued is the programme's.
func (t *tx) tellAlert(a *models.Alert) error {
	if a.IssuedAt != nil {
		if err := t.tellKinds("alert", a.ID, models.OrganisationKinds...); err != nil {
			return err
		}
	}
	return t.tellProgramme(a)
}

// tellProgramme tells those who can issue and retract any alert, and nobody else.
func (t *tx) tellProgramme(a *models.Alert) error {
	return t.tellKinds(models.FeedProgrammeAlert, a.ID, models.KindMinistry)
}

// listedAs orders alerts by day. The id of a proposal is random: issued, it is shown to
// everybody, and must not tell when the record was made that set it off.
func listedAs(day models.Date, id string) string { return string(day) + " " + id }

// ListAlerts returns the alerts, those of the newest day first. They are about nobody, so that reading them
// leaves an event without objects.
func (s *Session) ListAlerts(ctx context.Context, state string, p Paging) (page Page[models.Alert], err error) {
	err = s.readRecords(ctx, "alert.read", func(r *reading) error {
		q := s.visibleAlerts(r.DB, r.today)
		switch state {
		case "":
			q = q.Where("((alerts.state = ? AND alerts.valid_until >= ?) OR alerts.state = ?)", models.AlertIssued, r.today, models.AlertProposed)
		default:
			q = q.Where("alerts.state = ?", state)
		}
		page, err = loadPage(s, q, "alerts", "alerts.listed_as", p, func(a models.Alert) string { return a.ListedAs })
		for i, a := range page.Items {
			page.Items[i] = s.seeAlert(a)
		}
		return err
	})
	return page, err
}

// GetAlert returns one alert.
func (s *Session) GetAlert(ctx context.Context, id string) (a *models.Alert, err error) {
	err = s.readRecords(ctx, "alert.read", func(r *reading) error {
		var row models.Alert
		r.touched(id)
		err := found(s.visibleAlerts(r.DB, r.today).Where("alerts.id = ?", id).Take(&row).Error, "alert")
		a = new(s.seeAlert(row))
		return err
	})
	return a, err
}

// IssueAlert issues an alert of the organisation's own.
func (s *Session) IssueAlert(ctx context.Context, n models.NewAlert) (a *models.Alert, out Outcome, err error) {
	out, err = s.create(ctx, "alert.create", func(t *tx, id string, replayed bool) error {
		a = &models.Alert{}
		if replayed {
			return found(s.scoped(t.DB, alertTable, models.CatAlert, models.Create).Where("alerts.id = ?", id).Take(a).Error, "alert")
		}
		if err := n.Check(s.store.opt.Country, t.today); err != nil {
			return err
		}
		*a = models.Alert{
			ID: id, OrganisationID: s.actor.OrganisationID, Kind: n.Kind, State: models.AlertIssued, Region: n.Region, Place: n.Place,
			Basis: []string{}, ListedAs: listedAs(t.today, id), Version: 1, CreatedAt: t.now, IssuedAt: &t.now,
		}
		a.Say(n.AlertText)
		if err := t.Create(a).Error; err != nil {
			return err
		}
		return t.tellAlert(a)
	})
	return a, out, err
}

// IssueProposal issues a proposed alert with the text it needs.
func (s *Session) IssueProposal(ctx context.Context, id string, text models.AlertText) (*models.Alert, error) {
	if err := text.Check(s.today()); err != nil {
		return nil, err
	}
	return s.changeAlert(ctx, "alert.issue", id, func(t *tx, a *models.Alert) error {
		a.ListedAs = listedAs(t.today, a.ID)
		return a.Issue(text, s.actor.OrganisationID, t.now)
	})
}

// RetractAlert takes an alert or a proposal back.
func (s *Session) RetractAlert(ctx context.Context, id, reason string) (*models.Alert, error) {
	if err := models.CheckRetraction(reason); err != nil {
		return nil, err
	}
	return s.changeAlert(ctx, "alert.retract", id, func(_ *tx, a *models.Alert) error { return a.Retract(reason) })
}

func (s *Session) changeAlert(ctx context.Context, action, id string, change func(*tx, *models.Alert) error) (a *models.Alert, err error) {
	err = s.write(ctx, action, func(t *tx) error {
		a = &models.Alert{}
		if err := found(s.scoped(t.DB, alertTable, models.CatAlert, models.Change).Where("alerts.id = ?", id).Take(a).Error, "alert"); err != nil {
			return err
		}
		if err := t.base(a.Version); err != nil {
			return err
		}
		if err := change(t, a); err != nil {
			return err
		}
		t.audit(id)
		columns := []string{"state", "organisation_id", "substances", "advice", "note", "valid_until", "retraction", "issued_at", "listed_as", "version"}
		if err := changed(t.Model(a).Where("version = ?", s.req.Base).Select(columns).Updates(a)); err != nil {
			return err
		}
		return t.tellAlert(a)
	})
	return a, err
}
