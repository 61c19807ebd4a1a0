package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// SeenDuty is a court duty with the handle of its client.
type SeenDuty struct {
	models.CourtDuty
	ClientCode string
	Today      models.Date
}

// RecordDuty records a duty to a court that names a probation office, from today on. It is
// entered in the disclosure log with its ground.
func (s *Session) RecordDuty(ctx context.Context, handle string, probation models.OrganisationID, until models.Date) (d *SeenDuty, out Outcome, err error) {
	out, err = s.create(ctx, "court_duty.create", func(tx *tx, id string, replayed bool) error {
		if !replayed {
			if err := models.CheckCourtDuty(until, tx.today); err != nil {
				return err
			}
			if err := tx.isProbation(probation); err != nil {
				return err
			}
		}
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		tx.alsoTouched(string(c.ID))
		d = &SeenDuty{ClientCode: c.Handle(), Today: tx.today}
		if replayed {
			return found(tx.Where("id = ? AND client_id = ?", id, c.ID).Take(&d.CourtDuty).Error, "court_duty")
		}
		d.CourtDuty = models.CourtDuty{
			ID: id, ClientID: c.ID, OrganisationID: s.actor.OrganisationID, ProbationID: probation, FromDate: tx.today, UntilDate: until,
			Version: 1, CreatedAt: tx.now, CreatedBy: s.actor.UserID,
		}
		tx.disclosed(models.Disclosure{ClientID: c.ID, OrganisationID: s.actor.OrganisationID, RecipientID: probation,
			Categories: []models.Category{models.CatAttendance, models.CatPlanSocial}, Ground: "court_duty", Reference: id, ClientTold: true})
		tx.tell("court_duty", id, s.actor.OrganisationID)
		tx.tell("supervision", id, probation)
		return tx.Create(&d.CourtDuty).Error
	})
	return d, out, err
}

func (t *tx) isProbation(id models.OrganisationID) error {
	o, err := t.organisation(id)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return err
	}
	var c models.Checks
	c.Require(err == nil && o.Kind == models.KindProbation, "/probation", "court_duty.probation_unknown")
	return c.Err()
}

// EndDuty ends a duty before its last day: the next call of the probation office reaches nothing.
func (s *Session) EndDuty(ctx context.Context, id string) (d *SeenDuty, err error) {
	err = s.write(ctx, "court_duty.end", func(tx *tx) error {
		d = &SeenDuty{Today: tx.today}
		q := s.scoped(tx.DB, dutyTable, models.CatDisclosureLog, models.Create)
		if err := found(q.Where("court_duties.id = ?", id).Take(&d.CourtDuty).Error, "court_duty"); err != nil {
			return err
		}
		if err := tx.base(d.Version); err != nil {
			return err
		}
		if d.EndedAt != nil {
			return models.Fail(models.KindConflict, "court_duty.ended", "The duty has ended already.")
		}
		d.EndedAt = &tx.now
		d.Version++
		tx.audit(id)
		tx.tell("court_duty", id, d.OrganisationID)
		tx.gone("supervision", id, d.ProbationID)
		if err := tx.cancelReferralsOn(id); err != nil {
			return err
		}
		var c models.Client
		if err := tx.Where("id = ?", d.ClientID).Take(&c).Error; err != nil {
			return err
		}
		d.ClientCode = s.ownHandle(&c)
		return changed(tx.Model(&d.CourtDuty).Where("version = ?", s.req.Base).Select("ended_at", "version").Updates(&d.CourtDuty))
	})
	return d, err
}

// Supervision is what a probation office knows somebody by: the consent or the court duty
// that names it. There is no code and no name in it; who it is, the office learns from the
// client or from the paper that carries the id.
type Supervision struct {
	ID       string
	Basis    string // consent, court_duty
	Version  int64  // of the consent or duty
	ClientID models.ClientID
	From     models.Date
	Until    models.Date
	Entries  []SupervisedEntry
}

// SupervisedEntry is as much of an entry of the record as probation may see.
type SupervisedEntry struct {
	ID             string
	ClientID       models.ClientID
	OrganisationID models.OrganisationID
	Kind           string
	Category       models.Category
	OnDate         models.Date
	Result         string
	Data           string            // of a plan
	Plan           models.SocialPlan `gorm:"-"`
}

// TableName names the table of the clinical record.
func (SupervisedEntry) TableName() string { return "entries" }

// supervision finds one of them.
func (s *Session) supervision(q func() *gorm.DB, today models.Date, id string) (*Supervision, error) {
	all, err := s.supervisions(q, today)
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, models.NotFound("supervision")
}

// supervisions lists the consents and duties in force that name the actor's probation office.
func (s *Session) supervisions(q func() *gorm.DB, today models.Date) (all []Supervision, err error) {
	if s.actor.OrganisationKind != models.KindProbation {
		return nil, nil
	}
	org := s.actor.OrganisationID
	var duties []models.CourtDuty
	if err := q().Where("probation_id = ? AND ended_at IS NULL AND from_date <= ? AND until_date >= ?", org, today, today).Order("id DESC").Find(&duties).Error; err != nil {
		return nil, err
	}
	for _, d := range duties {
		all = append(all, Supervision{ID: d.ID, Basis: "court_duty", Version: d.Version, ClientID: d.ClientID, From: d.FromDate, Until: d.UntilDate})
	}
	var consents []models.Consent
	err = q().Where("recipient_id = ? AND state = ? AND from_date <= ? AND until_date >= ?", org, models.ConsentGiven, today, today).Order("id DESC").Find(&consents).Error
	for _, k := range consents {
		all = append(all, Supervision{ID: k.ID, Basis: "consent", Version: k.Version, ClientID: k.ClientID, From: k.FromDate, Until: k.UntilDate})
	}
	return all, err
}

// ListSupervisions returns whom the probation office may ask about: by basis, nothing else.
func (s *Session) ListSupervisions(ctx context.Context, p Paging) (page Page[Supervision], err error) {
	err = s.readRecords(ctx, "supervision.read", func(r *reading) error {
		after, err := s.pageKey("supervisions", p)
		if err != nil {
			return err
		}
		all, err := s.supervisions(func() *gorm.DB { return r.DB }, r.today)
		if err != nil {
			return err
		}
		slices.SortFunc(all, func(a, b Supervision) int { return strings.Compare(b.ID, a.ID) })
		all = slices.DeleteFunc(all, func(v Supervision) bool { return after != "" && v.ID >= after })
		page = Page[Supervision]{Items: all[:min(len(all), p.Limit)]}
		if len(all) > p.Limit {
			page.Next = s.cursor("supervisions", all[p.Limit-1].ID)
		}
		for i := range page.Items {
			r.touched(page.Items[i].ID)
		}
		return nil
	})
	return page, err
}

// GetSupervision returns attendance and the social plan of one person, as far as consent
// or duty reaches now.
func (s *Session) GetSupervision(ctx context.Context, id string) (v *Supervision, err error) {
	err = s.readRecords(ctx, "supervision.read", func(r *reading) error {
		if v, err = s.supervision(func() *gorm.DB { return r.DB }, r.today, id); err != nil {
			return err
		}
		r.touched(id, string(v.ClientID))
		return s.supervised(r, v)
	})
	return v, err
}

func (s *Session) supervised(r *reading, v *Supervision) error {
	var naming []models.Consent
	err := r.Where("client_id = ? AND state = ? AND (recipient_id = ? OR recipient_kind = ?)", v.ClientID, models.ConsentGiven, s.actor.OrganisationID, s.actor.OrganisationKind).Find(&naming).Error
	if err != nil {
		return err
	}
	for _, category := range []models.Category{models.CatAttendance, models.CatPlanSocial} {
		var rows []SupervisedEntry
		err := standing(s.scoped(r.Model(&SupervisedEntry{}), entryTable, category, models.Read)).
			Where("entries.client_id = ?", v.ClientID).Order("entries.on_date DESC, entries.id DESC").Limit(200).Find(&rows).Error
		if err != nil {
			return err
		}
		for _, e := range rows {
			by := s.consentBehind(r, naming, shownRecord{e.ID, e.ClientID, e.OrganisationID, category})
			if v.Basis == "consent" && by == "" {
				continue // a duty opens it: it is asked for by the duty's id
			}
			r.touched(e.ID)
			if category == models.CatPlanSocial {
				if err := json.Unmarshal([]byte(e.Data), &e.Plan); err != nil {
					return err
				}
			}
			v.Entries = append(v.Entries, e)
		}
	}
	if v.Basis == "court_duty" {
		r.permits = append(r.permits, permitRef{dutyTable, v.ID})
	} else {
		r.relied(naming...)
	}
	r.discloseSupervised(v)
	return nil
}

// discloseSupervised enters what probation was shown in the log of the organisation whose
// record it is.
func (r *reading) discloseSupervised(v *Supervision) {
	shown := map[models.OrganisationID][]models.Category{}
	for _, e := range v.Entries {
		if !slices.Contains(shown[e.OrganisationID], e.Category) {
			shown[e.OrganisationID] = append(shown[e.OrganisationID], e.Category)
		}
	}
	for org, categories := range shown {
		d := models.Disclosure{ClientID: v.ClientID, OrganisationID: org, Categories: categories}
		if v.Basis == "consent" {
			d.ConsentID = v.ID
		} else {
			d.Ground, d.Reference, d.ClientTold = "court_duty", v.ID, true // of the duty, when it was recorded
		}
		r.disclosed(d)
	}
}
