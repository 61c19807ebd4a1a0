package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"jol/models"
)

// inForce keeps the dose events that no other event corrects.
const inForce = "NOT EXISTS (SELECT 1 FROM dose_events c WHERE c.corrects = dose_events.id AND c.corrects <> '')" // as the index says

// lastTaken is the last dose of the order that was taken by a moment: given, not taken
// back by a correction and not vomited later that day. nil when there is none.
func lastTaken(db *gorm.DB, o *models.DoseOrder, by time.Time) (*models.DoseEvent, error) {
	var last []models.DoseEvent
	err := db.Where("dose_events.order_id = ? AND dose_events.status = ? AND dose_events.at <= ?", o.ID, models.DoseGiven, by).
		Where(inForce).
		Where("NOT EXISTS (SELECT 1 FROM dose_events v WHERE v.order_id = dose_events.order_id AND v.on_date = dose_events.on_date AND v.status = ? AND v.at >= dose_events.at"+
			" AND NOT EXISTS (SELECT 1 FROM dose_events vc WHERE vc.corrects = v.id AND vc.corrects <> ''))", models.DoseVomited).
		Order("dose_events.at DESC").Limit(1).Find(&last).Error
	if err != nil || len(last) == 0 {
		return nil, err
	}
	return &last[0], nil
}

// gapOf reads the gap of an order now, nil when no dose was ever taken.
func (s *Session) gapOf(db *gorm.DB, o *models.DoseOrder, last *models.DoseEvent, rules models.DoseRules) (*SeenGap, error) {
	now := s.store.now()
	var closed int64 // the window of today
	err := db.Session(&gorm.Session{NewDB: true}).Model(&models.DoseEvent{}).
		Where("order_id = ? AND on_date = ? AND status IN ?", o.ID, s.today(), []string{models.DoseMissed, models.DoseRefused, models.DoseWithheld}).
		Where(inForce).Count(&closed).Error
	if err != nil {
		return nil, err
	}
	return s.gapAt(db, o, last, now, closed > 0, rules)
}

// gapAt reads the gap between the last dose taken, here or at the site the order came
// from, and a moment.
func (s *Session) gapAt(db *gorm.DB, o *models.DoseOrder, last *models.DoseEvent, at time.Time, closed bool, rules models.DoseRules) (*SeenGap, error) {
	var taken time.Time
	switch {
	case last != nil:
		taken = last.TakenUntil(at)
	case o.PriorDoseAt != nil:
		taken = *o.PriorDoseAt
	default:
		return nil, nil
	}
	var site models.Organisation
	if err := db.Session(&gorm.Session{NewDB: true}).Where("id = ?", o.OrganisationID).Take(&site).Error; err != nil {
		return nil, err
	}
	gap := rules.Gap(models.GapQuestion{
		Medicine: o.Medicine, Schedule: o.Schedule, FacilityRule: site.GapRule, Country: site.Country, InCustody: site.Kind == models.KindPrisonHealth,
		LastTaken: taken, Now: at, Zone: s.actor.Zone, WindowClosed: closed,
	})
	return &SeenGap{DoseGap: gap, Hours: at.Sub(taken).Hours()}, nil
}

// RecordDose adds a dose event to an order of the actor's organisation, or of the home
// site of a guest it doses. Outside a guard it asks for a reason and records the dose
// with it; a dose that was given is never refused.
func (s *Session) RecordDose(ctx context.Context, order string, n models.NewDose, rules models.DoseRules) (e *models.DoseEvent, out Outcome, err error) {
	n.At = n.At.UTC().Truncate(time.Millisecond)
	if err := n.Check(s.store.now()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "dose_order.dose", func(t *tx, id string, replayed bool) error {
		o, client, err := t.orderToDose(order, n.At)
		if err != nil {
			return err
		}
		t.alsoTouched(o.ID)
		e = &models.DoseEvent{}
		if replayed {
			return found(t.Where("id = ? AND order_id = ?", id, o.ID).Take(e).Error, orderNoun)
		}
		if e, err = t.dose(id, o, client, n, rules); err != nil {
			return err
		}
		return t.afterDose(o, e, rules)
	})
	return e, out, err
}

// orderToDose loads the order and the client record that the event belongs to: the
// actor's own, or the guest's record at the actor's organisation. A guest's last dose may be
// entered on the day after.
func (t *tx) orderToDose(id string, at time.Time) (*models.DoseOrder, models.ClientID, error) {
	var o models.DoseOrder
	err := t.session.scoped(t.DB, orderTable, models.CatOAT, models.Create).
		Where("dose_orders.id = ? AND dose_orders.organisation_id = ?", id, t.session.actor.OrganisationID).Take(&o).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) { // an id that is no text ends a PostgreSQL transaction: no second look
		return &o, o.ClientID, found(err, orderNoun)
	}
	var guest models.DoseTransfer
	q := t.session.scoped(t.DB, doseTransferTable, models.CatTransfer, models.Change)
	if err := found(q.Where("order_id = ? AND to_organisation_id = ? AND kind = ? AND until_date >= ? AND state IN ?", id, t.session.actor.OrganisationID,
		models.TransferGuest, max(t.today.AddDays(-1), models.DateOf(at, t.session.actor.Zone)), []string{models.TransferConfirmed, models.TransferFirstDose}).Order("until_date DESC").Take(&guest).Error, orderNoun); err != nil {
		return nil, "", err
	}
	return &o, guest.ToClientID, found(t.Where("id = ?", id).Take(&o).Error, orderNoun)
}

func (t *tx) dose(id string, o *models.DoseOrder, client models.ClientID, n models.NewDose, rules models.DoseRules) (*models.DoseEvent, error) {
	on := models.DateOf(n.At, t.session.actor.Zone)
	var c models.Checks
	c.Require(on >= o.FromDate, "/at", "dose.before_order")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if n.Corrects != "" {
		// Its own only: a guest must not take back what the home site gave, nor the other way.
		err := found(t.Where("id = ? AND order_id = ? AND organisation_id = ?", n.Corrects, o.ID, t.session.actor.OrganisationID).Take(&models.DoseEvent{}).Error, "dose")
		if models.IsKind(err, models.KindNotFound) {
			c.Add("/corrects", "dose.corrects_unknown")
			return nil, c.Err()
		}
		if err != nil {
			return nil, err
		}
	}
	outside, err := t.guardDose(o, n, on, rules)
	if err != nil {
		return nil, err
	}
	e := &models.DoseEvent{
		ID: id, OrderID: o.ID, ClientID: client, OrganisationID: t.session.actor.OrganisationID, Status: n.Status, At: n.At, OnDate: on, DoseUg: n.DoseUg,
		TakeHomeDays: n.TakeHomeDays, Witnessed: n.Witnessed, Corrects: n.Corrects, Outside: outside, GuardReason: n.GuardReason,
		CreatedAt: t.now, CreatedBy: t.session.actor.UserID,
	}
	err = t.Create(e).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return nil, models.Fail(models.KindConflict, "dose.corrected_already", "That entry was corrected already; correct the correction.")
	}
	return e, err
}

// guardDose holds a dose to the guards, as the day looks without what it corrects.
func (t *tx) guardDose(o *models.DoseOrder, n models.NewDose, on models.Date, rules models.DoseRules) ([]string, error) {
	if n.Status != models.DoseGiven {
		return []string{}, nil
	}
	day := models.DoseDay{On: on}
	err := t.Model(&models.DoseEvent{}).Where("order_id = ? AND on_date = ? AND status = ? AND id <> ?", o.ID, on, models.DoseGiven, n.Corrects).Where(inForce).
		Select("COALESCE(SUM(dose_ug), 0)").Scan(&day.GivenUg).Error
	if err != nil {
		return nil, err
	}
	if o.PriorDoseAt != nil && models.DateOf(*o.PriorDoseAt, t.session.actor.Zone) == on {
		day.GivenUg += o.PriorDoseUg
	}
	last, err := lastTaken(t.Where("id <> ? AND on_date < ?", n.Corrects, on), o, n.At)
	if err != nil {
		return nil, err
	}
	day.FirstDay = last == nil && o.PriorDoseAt == nil
	gap, err := t.session.gapAt(t.DB, o, last, n.At, false, rules)
	if err != nil {
		return nil, err
	}
	if gap != nil {
		day.GapBefore = &gap.DoseGap
	}
	return n.Guard(o, day, rules)
}

// afterDose is what follows from an event: anchors, the transfer's first dose, what a
// waiting site is told, a notice of a gap, and a look for the same code elsewhere.
func (t *tx) afterDose(o *models.DoseOrder, e *models.DoseEvent, rules models.DoseRules) error {
	t.tell(orderNoun, o.ID, o.OrganisationID, e.OrganisationID)
	if e.Status == models.DoseGiven {
		var given int64
		if err := t.Model(&models.DoseEvent{}).Where("order_id = ? AND status = ?", o.ID, models.DoseGiven).Limit(2).Count(&given).Error; err != nil {
			return err
		}
		if given == 1 {
			if err := t.anchor(e.ClientID, "first_dose", e.At); err != nil {
				return err
			}
		}
		if err := t.firstDoseAtReceiver(o, e); err != nil {
			return err
		}
		if err := t.lookForDoubleDosing(o, e); err != nil {
			return err
		}
	}
	last, err := lastTaken(t.DB, o, t.now)
	if err != nil {
		return err
	}
	if last != nil && (last.ID == e.ID || e.Corrects != "" || e.Status == models.DoseVomited) {
		if err := t.anchor(o.ClientID, "last_dose_taken", last.At); err != nil {
			return err
		}
	}
	if err := t.carryDose(o); err != nil {
		return err
	}
	told, err := t.missed(o, e, last, rules)
	if err != nil {
		return err
	}
	return t.watchGap(o, last, told, rules)
}

// missed tells the site of a dose that was recorded as not taken, and returns until when the
// site knows of it: nil when there was nothing to tell.
func (t *tx) missed(o *models.DoseOrder, e, last *models.DoseEvent, rules models.DoseRules) (told *time.Time, err error) {
	if !e.NotTaken() {
		return nil, nil
	}
	if err := t.anchor(e.ClientID, "dose_missed", e.At); err != nil {
		return nil, err
	}
	gap, err := t.session.gapOf(t.DB, o, last, rules)
	if err != nil || gap == nil || !gap.Crossed() {
		return nil, err
	}
	return &e.At, t.notify(o.OrganisationID, noticeDoseGap, e.ID, "") // one notice for each dose that was missed
}

// watchGap sets the site's alarm for a client who just stops coming: nobody records anything
// then, so the notice is made now for the time at which the gap begins to matter, and each
// event of the order sets it anew. Who records something today is given the day; until told
// the site knows already. An order that is on hold or ended has no gap.
func (t *tx) watchGap(o *models.DoseOrder, last *models.DoseEvent, told *time.Time, rules models.DoseRules) error {
	// One that was not sent yet was never seen: it goes without a word to anybody's list.
	err := t.Model(&models.Notice{}).Where("kind = ? AND subject_id = ? AND state = ? AND level = 0", noticeDoseGap, o.ID, models.NoticeOpen).
		Update("state", models.NoticeCancelled).Error
	if err != nil {
		return err
	}
	if err := t.unneeded(noticeDoseGap, o.ID); err != nil || o.State != models.OrderActive {
		return err
	}
	var site models.Organisation
	if err := t.Where("id = ?", o.OrganisationID).Take(&site).Error; err != nil {
		return err
	}
	q := models.GapQuestion{Medicine: o.Medicine, Schedule: o.Schedule, FacilityRule: site.GapRule, Country: site.Country,
		InCustody: site.Kind == models.KindPrisonHealth, Zone: models.Zone(site.Country, site.Region)}
	today := models.DateOf(t.now, q.Zone)
	tomorrow := models.StartOfDay(today.AddDays(1), q.Zone)
	at := models.StartOfDay(max(o.FromDate, today).AddDays(1), q.Zone) // the first dose
	switch {
	case last != nil:
		q.LastTaken = last.At.AddDate(0, 0, last.TakeHomeDays)
		at = rules.Alert(q)
	case o.PriorDoseAt != nil:
		q.LastTaken = *o.PriorDoseAt
		at = rules.Alert(q)
	}
	if told != nil {
		q.LastTaken = *told
		if later := rules.Alert(q); later.After(at) {
			at = later
		}
	}
	if at.Before(tomorrow) {
		at = tomorrow
	}
	return t.notifyAt(o.OrganisationID, noticeDoseGap, o.ID, "", at)
}

const noticeDoseGap = "dose_gap"

// lookForDoubleDosing raises a suspicion to both sites when the same code was given an
// agonist elsewhere that day. It blocks nobody, and tells each site of its own client only.
func (t *tx) lookForDoubleDosing(o *models.DoseOrder, e *models.DoseEvent) error {
	if !o.Compares(e.OnDate, t.today, t.session.actor.Zone) {
		return nil
	}
	others, err := t.dosedElsewhere(e)
	if err != nil || len(others) == 0 {
		return err
	}
	for _, d := range append(others, models.DoseEvent{OrderID: o.ID, ClientID: e.ClientID, OrganisationID: e.OrganisationID, OnDate: e.OnDate}) {
		row := models.DoubleDosing{ID: newID(), OrganisationID: d.OrganisationID, ClientID: d.ClientID, OrderID: d.OrderID, OnDate: d.OnDate, State: "open", Version: 1, CreatedAt: t.now}
		res := t.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			continue // known since an earlier dose of the day
		}
		t.alsoTouched(row.ID)
		t.tell("double_dosing", row.ID, row.OrganisationID)
		if err := t.notify(row.OrganisationID, "double_dosing", row.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// ListDoses returns the events of an order the session may read, newest entry first.
func (s *Session) ListDoses(ctx context.Context, order string, p Paging) (page Page[models.DoseEvent], err error) {
	err = s.readRecords(ctx, "dose_order.doses", func(r *reading) error {
		naming, err := s.consentsNaming(r, r.Model(&models.DoseOrder{}).Select("person_id").Where("id = ?", order))
		if err != nil {
			return found(err, orderNoun)
		}
		var o models.DoseOrder
		if err := found(s.scoped(r.DB, orderTable, models.CatOAT, models.Read).Where("dose_orders.id = ?", order).Take(&o).Error, orderNoun); err != nil {
			return err
		}
		r.touched(o.ID)
		if err := s.disclose(r, orderTable, naming, shownOrder(&o)); err != nil {
			return err
		}
		page, err = loadPage(s, r.Model(&models.DoseEvent{}).Where("order_id = ?", o.ID), "doses", "id", p, func(e models.DoseEvent) string { return e.ID })
		for _, e := range page.Items {
			r.touched(e.ID)
		}
		return err
	})
	return page, err
}

// SeenDoubleDosing is a suspicion with the handle of the reader's own client.
type SeenDoubleDosing struct {
	models.DoubleDosing
	ClientCode string
}

type doubleRow struct {
	models.DoubleDosing
	Code    string
	LocalNo int
}

func (row *doubleRow) seen() SeenDoubleDosing {
	return SeenDoubleDosing{row.DoubleDosing, models.CodeHandle(row.Code, row.LocalNo)}
}

func (s *Session) doubleQuery(q *gorm.DB, verb models.Verb) *gorm.DB {
	q = q.Model(&models.DoubleDosing{}).Select("double_dosing.*, oc.code, oc.local_no").Joins("JOIN clients oc ON oc.id = double_dosing.client_id")
	return s.scoped(q, doubleDosingTable, models.CatOAT, verb)
}

// ListDoubleDosing returns the organisation's own suspicions, newest first.
func (s *Session) ListDoubleDosing(ctx context.Context, state string, p Paging) (page Page[SeenDoubleDosing], err error) {
	err = s.readRecords(ctx, "double_dosing.read", func(r *reading) error {
		q := s.doubleQuery(r.DB, models.Read)
		if state != "" {
			q = q.Where("double_dosing.state = ?", state)
		}
		rows, err := loadPage(s, q, "double_dosing", "double_dosing.id", p, func(row doubleRow) string { return row.ID })
		page.Next = rows.Next
		for i := range rows.Items {
			r.touched(rows.Items[i].ID, string(rows.Items[i].ClientID))
			page.Items = append(page.Items, rows.Items[i].seen())
		}
		return err
	})
	return page, err
}

// SettleDoubleDosing records what the prescriber found out.
func (s *Session) SettleDoubleDosing(ctx context.Context, id, outcome string) (seen *SeenDoubleDosing, err error) {
	if err := models.CheckDoubleDosingOutcome(outcome); err != nil {
		return nil, err
	}
	err = s.write(ctx, "double_dosing.settlement", func(t *tx) error {
		var row doubleRow
		if err := found(s.doubleQuery(t.DB, models.Change).Where("double_dosing.id = ?", id).Take(&row).Error, "double_dosing"); err != nil {
			return err
		}
		if err := t.base(row.Version); err != nil {
			return err
		}
		if err := row.Settle(outcome); err != nil {
			return err
		}
		t.audit(id)
		t.tell("double_dosing", id, row.OrganisationID)
		d := row.seen()
		seen = &d
		return changed(t.Model(&row.DoubleDosing).Where("version = ?", s.req.Base).Select("state", "outcome", "version").Updates(&row.DoubleDosing))
	})
	return seen, err
}
