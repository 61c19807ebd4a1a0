package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"jol/models"
)

// deliveryRow is one message of a notice to one duty contact: the outbox.
type deliveryRow struct {
	ID        string `gorm:"primaryKey"`
	NoticeID  string
	Channel   string
	ContactID string
	State     string // pending, sent, failed, cancelled
	Attempts  int
	NextAt    time.Time
	SentAt    *time.Time
}

func (deliveryRow) TableName() string { return "deliveries" }

// notify tells an organisation's duty worker that something urgent waits, without saying
// what: once for one subject, until somebody acknowledges it. consent is the one the
// notice rests on, if any: its withdrawal cancels what was not delivered.
func (t *tx) notify(to models.OrganisationID, kind, subject, consent string) error {
	return t.notifyAt(to, kind, subject, consent, t.now)
}

// notifyAt is notify for a later time: nothing is sent before it, and nothing at all when
// unneeded takes the notice back until then.
func (t *tx) notifyAt(to models.OrganisationID, kind, subject, consent string, at time.Time) error {
	n := models.Notice{
		ID: newID(), OrganisationID: to, Kind: kind, SubjectID: subject, ConsentID: consent, State: models.NoticeOpen,
		EscalateAt: at, Version: 1, CreatedAt: t.now,
	}
	res := t.Clauses(clause.OnConflict{DoNothing: true}).Create(&n)
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 0 {
		again, err := t.repeated(&n)
		if err != nil || !again {
			return err
		}
	}
	if n.EscalateAt.After(t.now) {
		return nil
	}
	return t.raise(&n)
}

// repeated loads into n the notice that is there already, and reports whether there is
// something to say again: it was settled before, or was not due yet.
func (t *tx) repeated(n *models.Notice) (bool, error) {
	at, consent := n.EscalateAt, n.ConsentID
	var there models.Notice // not n, whose id would be looked for
	if err := t.Where("organisation_id = ? AND kind = ? AND subject_id = ?", n.OrganisationID, n.Kind, n.SubjectID).Take(&there).Error; err != nil {
		return false, err
	}
	*n = there
	if n.State == models.NoticeOpen && (n.Level > 0 || n.EscalateAt.Before(at)) {
		return false, nil
	}
	n.State, n.Level, n.EscalateAt, n.ConsentID = models.NoticeOpen, 0, at, consent
	n.AcknowledgedAt, n.AcknowledgedBy, n.CreatedAt = nil, "", t.now
	n.Version++
	return true, t.Model(n).Select("state", "level", "escalate_at", "consent_id", "acknowledged_at", "acknowledged_by", "created_at", "version").Updates(n).Error
}

// raise tells the next level of duty contacts, or the last one again.
func (t *tx) raise(n *models.Notice) error {
	var contacts []models.DutyContact
	err := t.Where("organisation_id = ? AND active = ?", n.OrganisationID, true).Order("level, id").Find(&contacts).Error
	if err != nil {
		return err
	}
	level, last := 0, 0
	for _, c := range contacts {
		if c.Level > n.Level && level == 0 {
			level = c.Level
		}
		last = c.Level
	}
	if level == 0 {
		level = last
	}
	n.EscalateAt = t.now.Add(models.NextLevel)
	switch level {
	case 0:
		level, n.EscalateAt = 1, t.now.Add(models.NoContactYet)
	case last:
		n.EscalateAt = t.now.Add(models.LastLevel)
	}
	n.Level = level
	n.Version++
	if err := t.Model(n).Select("level", "escalate_at", "version").Updates(n).Error; err != nil {
		return err
	}
	var rows []deliveryRow
	for _, c := range contacts {
		if c.Level == level {
			rows = append(rows, deliveryRow{ID: newID(), NoticeID: n.ID, Channel: c.Channel, ContactID: c.ID, State: "pending", NextAt: t.now})
		}
	}
	t.tell("notice", n.ID, n.OrganisationID)
	if len(rows) == 0 {
		return nil
	}
	return t.Create(&rows).Error
}

// unneeded takes back what was to be told of a subject: its reason has gone.
func (t *tx) unneeded(kind, subject string) error {
	return t.cancelNotices(t.Where("kind = ? AND subject_id = ?", kind, subject))
}

func (t *tx) cancelNotices(which *gorm.DB) error {
	var open []models.Notice
	if err := which.Where("state = ?", models.NoticeOpen).Find(&open).Error; err != nil {
		return err
	}
	for i := range open {
		n := &open[i]
		n.State = models.NoticeCancelled
		n.Version++
		if err := t.Model(n).Select("state", "version").Updates(n).Error; err != nil {
			return err
		}
		if err := t.stopDeliveries(n.ID); err != nil {
			return err
		}
		t.tell("notice", n.ID, n.OrganisationID)
	}
	return nil
}

func (t *tx) stopDeliveries(notice string) error {
	return t.Model(&deliveryRow{}).Where("notice_id = ? AND state = 'pending'", notice).Update("state", "cancelled").Error
}

// cancelDeliveriesOf takes back what rests on a consent that ended, or of it the notices of
// one kind: the notices, and what of them was not delivered. It returns the deliveries.
func (t *tx) cancelDeliveriesOf(consent, kind string) ([]string, error) {
	ids := []string{}
	if consent == "" {
		return ids, nil
	}
	resting := func(q *gorm.DB) *gorm.DB {
		q = q.Where("consent_id = ?", consent)
		if kind != "" {
			q = q.Where("kind = ?", kind)
		}
		return q
	}
	notices := resting(t.Session(&gorm.Session{NewDB: true}).Model(&models.Notice{}).Select("id"))
	err := t.Model(&deliveryRow{}).Where("state = 'pending' AND notice_id IN (?)", notices).Order("id").Pluck("id", &ids).Error
	if err != nil {
		return nil, err
	}
	return ids, t.cancelNotices(resting(t.DB))
}

// ListNotices lists what the organisation was told, newest first.
func (s *Session) ListNotices(ctx context.Context, state string, p Paging) (page Page[models.Notice], err error) {
	err = s.readRecords(ctx, "notice.read", func(r *reading) error {
		q := s.scoped(r.Model(&models.Notice{}), noticeTable, models.CatNotice, models.Read).Where("notices.level > 0 AND notices.state <> ?", models.NoticeCancelled)
		if state != "" {
			q = q.Where("notices.state = ?", state)
		}
		page, err = loadPage(s, q, "notices", "notices.id", p, func(n models.Notice) string { return n.ID })
		for _, n := range page.Items {
			r.touched(n.ID)
		}
		return err
	})
	return page, err
}

// AcknowledgeNotice ends the escalation: somebody takes care of it.
func (s *Session) AcknowledgeNotice(ctx context.Context, id string) (n *models.Notice, err error) {
	err = s.write(ctx, "notice.acknowledge", func(tx *tx) error {
		n = &models.Notice{}
		q := s.scoped(tx.DB, noticeTable, models.CatNotice, models.Change)
		if err := found(q.Where("notices.id = ? AND notices.level > 0", id).Take(n).Error, "notice"); err != nil {
			return err
		}
		before := n.Version
		did, err := n.Acknowledge(s.actor.UserID, tx.now)
		if err != nil {
			return err
		}
		tx.audit(id)
		if !did {
			return nil
		}
		if err := changed(tx.Model(n).Where("version = ?", before).Select("state", "acknowledged_at", "acknowledged_by", "version").Updates(n)); err != nil {
			return err
		}
		tx.tell("notice", id, n.OrganisationID)
		return tx.stopDeliveries(id)
	})
	return n, err
}

// ListDutyContacts lists where an organisation is told.
func (s *Session) ListDutyContacts(ctx context.Context, organisation string, p Paging) (page Page[models.DutyContact], err error) {
	q := s.store.read.WithContext(ctx)
	if err := s.managed(q, organisation); err != nil {
		return page, err
	}
	q = s.scoped(q.Model(&models.DutyContact{}), contactTable, models.CatUser, models.Read).Where("duty_contacts.organisation_id = ?", organisation)
	return loadPage(s, q, "duty_contacts", "duty_contacts.id", p, func(c models.DutyContact) string { return c.ID })
}

// managed answers not found for an organisation whose contacts the actor does not manage.
func (s *Session) managed(q *gorm.DB, organisation string) error {
	var o models.Organisation
	err := s.scoped(q, organisationTable, models.CatOrganisation, models.Change).Where("organisations.id = ?", organisation).Take(&o).Error
	return found(err, "duty_contact")
}

// NewDutyContact is what an administrator says of a contact.
type NewDutyContact struct {
	Channel, Target string
	Level           int
}

// AddDutyContact adds a contact.
func (s *Session) AddDutyContact(ctx context.Context, organisation string, n NewDutyContact) (c *models.DutyContact, out Outcome, err error) {
	if err := models.CheckDutyContact(n.Channel, n.Target, n.Level, s.store.opt.Webhooks); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "duty_contact.create", func(t *tx, id string, replayed bool) error {
		if err := s.managed(t.DB, organisation); err != nil {
			return err
		}
		c = &models.DutyContact{}
		if replayed {
			return found(t.Where("id = ? AND organisation_id = ?", id, organisation).Take(c).Error, "duty_contact")
		}
		*c = models.DutyContact{
			ID: id, OrganisationID: models.OrganisationID(organisation), Channel: n.Channel, Target: n.Target, Level: n.Level, Active: true,
			Version: 1, CreatedAt: t.now,
		}
		return t.Create(c).Error
	})
	return c, out, err
}

// ChangeDutyContact changes a contact. What waits for one that is not active any more is
// not sent.
func (s *Session) ChangeDutyContact(ctx context.Context, organisation, id string, ch models.DutyContactChange) (c *models.DutyContact, err error) {
	err = s.write(ctx, "duty_contact.change", func(tx *tx) error {
		c = &models.DutyContact{}
		q := s.scoped(tx.DB, contactTable, models.CatUser, models.Change)
		if err := found(q.Where("duty_contacts.id = ? AND duty_contacts.organisation_id = ?", id, organisation).Take(c).Error, "duty_contact"); err != nil {
			return err
		}
		if err := tx.base(c.Version); err != nil {
			return err
		}
		if ch.Target != nil {
			c.Target = *ch.Target
		}
		if ch.Level != nil {
			c.Level = *ch.Level
		}
		if ch.Active != nil {
			c.Active = *ch.Active
		}
		if err := models.CheckDutyContact(c.Channel, c.Target, c.Level, s.store.opt.Webhooks); err != nil {
			return err
		}
		tx.audit(id)
		c.Version++
		if err := changed(tx.Model(c).Where("version = ?", s.req.Base).Select("target", "level", "active", "version").Updates(c)); err != nil {
			return err
		}
		if c.Active {
			return nil
		}
		return tx.Model(&deliveryRow{}).Where("contact_id = ? AND state = 'pending'", id).Update("state", "cancelled").Error
	})
	return c, err
}

// GetDefaultClinic returns the clinic that a region's releases fall to when nobody
// accepted; a region without one has version 0.
func (s *Session) GetDefaultClinic(ctx context.Context, region string) (d models.RegionDefault, err error) {
	q := s.store.read.WithContext(ctx)
	if !models.RegionKnown(s.store.opt.Country, region, s.today()) {
		return d, models.NotFound("region_default")
	}
	return regionDefault(q, region)
}

func regionDefault(q *gorm.DB, region string) (d models.RegionDefault, err error) {
	err = q.Session(&gorm.Session{NewDB: true}).Where("region = ?", region).Take(&d).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return models.RegionDefault{Region: region}, nil
	}
	return d, err
}

// SetDefaultClinic names the clinic, or takes it back when it is empty; only the ministry does.
// Whoever fell to it before stays its own.
func (s *Session) SetDefaultClinic(ctx context.Context, region string, clinic models.OrganisationID) (d models.RegionDefault, err error) {
	if s.actor.OrganisationKind != models.KindMinistry {
		return d, models.Fail(models.KindForbidden, "region_default.ministry_sets", "Only the ministry names the default clinic of a region.")
	}
	err = s.write(ctx, "region_default.change", func(tx *tx) error {
		if !models.RegionKnown(s.store.opt.Country, region, tx.today) {
			return models.NotFound("region_default")
		}
		if d, err = regionDefault(tx.DB, region); err != nil {
			return err
		}
		if err := tx.base(d.Version); err != nil {
			return err
		}
		if err := tx.checkDefaultClinic(region, clinic); err != nil {
			return err
		}
		tx.audit()
		for _, touched := range []models.OrganisationID{d.OrganisationID, clinic} {
			if touched != "" {
				tx.alsoTouched(string(touched))
			}
		}
		d.OrganisationID, d.SetBy = clinic, s.actor.UserID
		d.Version++
		if d.Version == 1 {
			return tx.Create(&d).Error
		}
		set := map[string]any{"organisation_id": clinic, "set_by": d.SetBy, "version": d.Version}
		if clinic == "" {
			set["organisation_id"] = nil
		}
		return changed(tx.Model(&d).Where("version = ?", s.req.Base).Updates(set))
	})
	return d, err
}

// checkDefaultClinic holds the clinic to an active one of the region; none is right anywhere.
func (t *tx) checkDefaultClinic(region string, clinic models.OrganisationID) error {
	if clinic == "" {
		return nil
	}
	o, err := t.organisation(clinic)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return err
	}
	var c models.Checks
	c.Require(err == nil && o.Kind == models.KindClinic && o.Region == region, "/organisation", "region_default.no_clinic_there")
	return c.Err()
}
