package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"jol/models"
)

// SeenCase is a release case as the health unit that leads it sees it.
type SeenCase struct {
	models.ReleaseCase
	ClientCode string
	Steps      []models.ReleaseStep
	Outcomes   []models.Outcome
	StateNow   string // with linkage computed
	Risk       string
	Planned    []models.PlannedRelease
}

// SeenHandover is a release case as somebody else may see it.
type SeenHandover struct {
	models.ReleaseCase
	ClientCode string // the reader's own record of the person, if it has one
	// Responsible: the reader's organisation is responsible since the release, and still is:
	// it may have handed the person over since.
	Responsible bool
	// ShowDate: the release date may be shown, because a consent covers it or because the
	// reader became responsible for somebody who is free.
	ShowDate bool
	// Agonist is the fact of agonist treatment, if a dose-continuity consent covers it.
	Agonist *bool
	Risk    string
}

type caseRow struct {
	models.ReleaseCase
	Code     string
	LocalNo  int
	PersonID models.PersonID
	// ResponsibleID is who is responsible for the person now.
	ResponsibleID models.OrganisationID
}

func (s *Session) caseQuery(q *gorm.DB, category models.Category, verb models.Verb) *gorm.DB {
	q = q.Model(&models.ReleaseCase{}).Select("release_cases.*, rc0.code, rc0.local_no, rc0.person_id, p0.responsible_id").
		Joins("JOIN clients rc0 ON rc0.id = release_cases.client_id").
		Joins("JOIN persons p0 ON p0.id = rc0.person_id")
	return s.scoped(q, releaseCaseTable, category, verb)
}

// CaseFilter narrows a list of release cases by when the next step is due: overdue,
// today, or week.
type CaseFilter struct{ Due string }

func (f CaseFilter) where(q *gorm.DB, today models.Date) *gorm.DB {
	var from, until models.Date
	switch f.Due {
	case "overdue":
		until = today.AddDays(-1)
	case "today":
		from, until = today, today
	case "week":
		from, until = today, today.AddDays(6)
	default:
		return q
	}
	states, planned := models.DueBetween(from, until)
	var sql string
	var args []any
	for i, state := range states {
		if i > 0 {
			sql += " OR "
		}
		sql += "release_cases.state = ? AND release_cases.planned_on >= ? AND release_cases.planned_on <= ?"
		args = append(args, state, max(planned[i][0], "1"), planned[i][1]) // "1": a case without a date is never due
	}
	return q.Where("release_cases.state IN ? AND ("+sql+")", append([]any{states}, args...)...) // the states once more, for the index
}

// ListCases lists the organisation's own release cases, newest first.
func (s *Session) ListCases(ctx context.Context, f CaseFilter, p Paging) (page Page[SeenCase], err error) {
	err = s.readRecords(ctx, "release_case.read", func(r *reading) error {
		q := s.caseQuery(r.DB, models.CatReleaseCase, models.Read).Where("release_cases.organisation_id = ?", s.actor.OrganisationID)
		rows, err := loadPage(s, f.where(q, r.today), "release_cases", "release_cases.id", p, func(row caseRow) string { return row.ID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		for i := range rows.Items {
			seen, err := s.seeCase(r, r.DB, &rows.Items[i])
			if err != nil {
				return err
			}
			page.Items = append(page.Items, *seen)
		}
		return nil
	})
	return page, err
}

// GetCase returns one of the organisation's own release cases.
func (s *Session) GetCase(ctx context.Context, id string) (seen *SeenCase, err error) {
	err = s.readRecords(ctx, "release_case.read", func(r *reading) error {
		var row caseRow
		q := s.caseQuery(r.DB, models.CatReleaseCase, models.Read)
		if err := found(q.Where("release_cases.id = ? AND release_cases.organisation_id = ?", id, s.actor.OrganisationID).Take(&row).Error, "release_case"); err != nil {
			return err
		}
		seen, err = s.seeCase(r, r.DB, &row)
		return err
	})
	return seen, err
}

// seeCase computes what a case says today. r is nil in a write.
func (s *Session) seeCase(r *reading, q *gorm.DB, row *caseRow) (*SeenCase, error) {
	seen := &SeenCase{ReleaseCase: row.ReleaseCase, ClientCode: models.CodeHandle(row.Code, row.LocalNo), Steps: row.Steps(s.today()), Risk: row.Risk(s.store.now())}
	q = q.Session(&gorm.Session{NewDB: true})
	if err := q.Where("spell_id = ?", row.SpellID).Order("id").Find(&seen.Planned).Error; err != nil {
		return nil, err
	}
	first, rests, err := s.firstSeen(q, row)
	if err != nil {
		return nil, err
	}
	seen.Outcomes, seen.StateNow = row.Outcomes(first, s.today(), s.actor.Zone), row.StateOn(first, s.today(), s.actor.Zone)
	if seen.StateNow == models.CaseLinked { // stored when the case is closed, known before
		seen.LinkedOn = first
	}
	if r != nil {
		r.touched(row.ID)
		r.relied(rests...)
	}
	return seen, nil
}

// firstSeen is the first day after the release on which the person was seen in care, as
// far as the unit may know: the attendance of a referral it sent for the release, or an
// episode or contact of the organisation that accepted one, while that referral's consent
// is in force. What a default clinic sees of somebody is no business of the prison's.
func (s *Session) firstSeen(q *gorm.DB, row *caseRow) (first models.Date, rests []models.Consent, err error) {
	if row.ReleasedAt == nil {
		return "", nil, nil
	}
	released := models.DateOf(*row.ReleasedAt, s.actor.Zone)
	var sent []referralRow
	err = q.Model(&models.Referral{}).
		Select("referrals.*, k.state AS consent_state, k.from_date AS consent_from, k.until_date AS consent_until, k.version AS consent_version").
		Joins("JOIN consents k ON k.id = referrals.consent_id").
		Where("referrals.from_client_id = ? AND referrals.reason = 'release' AND referrals.to_client_id <> ''", row.ClientID).Find(&sent).Error
	note := func(on models.Date) {
		if on >= released && (first == "" || on < first) {
			first = on
		}
	}
	for i := range sent {
		note(sent[i].AttendedOn)
		consent := sent[i].consent()
		if err != nil || !consent.InForce(s.today()) {
			continue
		}
		var care []models.Episode
		if err = q.Where("client_id = ? AND organisation_id = ?", sent[i].ToClientID, sent[i].ToOrganisationID).Find(&care).Error; err != nil {
			break
		}
		for _, e := range care {
			note(e.StartDate)
			note(e.LastContact)
			rests = append(rests, consent)
		}
	}
	return first, rests, err
}

// ListHandovers lists the release cases of other organisations that the caller may see:
// those it is responsible for since the release, and those a consent opens.
func (s *Session) ListHandovers(ctx context.Context, p Paging) (page Page[SeenHandover], err error) {
	err = s.readRecords(ctx, "release_case.read", func(r *reading) error {
		mine := r.Session(&gorm.Session{NewDB: true}).Model(&models.Client{}).Select("person_id").Where("organisation_id = ?", s.actor.OrganisationID)
		q := s.caseQuery(r.DB, models.CatReleaseCase, models.Read).Where("release_cases.organisation_id <> ? AND rc0.person_id IN (?)", s.actor.OrganisationID, mine)
		rows, err := loadPage(s, q, "release_handovers", "release_cases.id", p, func(row caseRow) string { return row.ID })
		page.Next = rows.Next
		for i := range rows.Items {
			if err != nil {
				break
			}
			var seen *SeenHandover
			if seen, err = s.seeHandover(r, &rows.Items[i]); err == nil && seen != nil {
				page.Items = append(page.Items, *seen)
			}
		}
		return err
	})
	return page, err
}

// seeHandover decides what somebody else sees of a case, and enters it in the disclosure
// log. The consents are loaded first, so that a withdrawal in between is noticed; a case
// that only they could open is looked at again after them.
func (s *Session) seeHandover(r *reading, row *caseRow) (*SeenHandover, error) {
	naming, err := s.consentsNaming(r, row.PersonID)
	if err != nil {
		return nil, err
	}
	reached, err := s.reaches(r, row.ID, models.CatReleaseCase)
	if err != nil || !reached {
		return nil, err
	}
	received := row.ReceiverID == s.actor.OrganisationID
	seen := &SeenHandover{ReleaseCase: row.ReleaseCase, Risk: row.Risk(r.now), Responsible: received && row.ResponsibleID == s.actor.OrganisationID}
	if seen.ShowDate, err = s.reaches(r, row.ID, models.CatReleaseDate); err != nil {
		return nil, err
	}
	byRelease := received && s.actor.OrganisationKind != models.KindNGO // which knows it by consent only
	seen.ShowDate = seen.ShowDate || byRelease
	own, err := recordOf(r.DB, s.actor.OrganisationID, row.PersonID)
	if err != nil {
		return nil, err
	}
	if own != nil {
		seen.ClientCode = own.Handle()
	}
	dose := slices.IndexFunc(naming, func(k models.Consent) bool {
		return (k.Purpose == models.PurposeDoseContinuity || k.Purpose == models.PurposeTreatmentContinuity) && k.InForce(r.today) &&
			k.ClientID == row.ClientID && slices.Contains(k.Categories, models.CatOAT)
	})
	categories := []models.Category{models.CatReleasePlan}
	if seen.ShowDate {
		categories = append(categories, models.CatReleaseDate)
	}
	entry := models.Disclosure{ClientID: row.ClientID, OrganisationID: row.OrganisationID}
	if dose >= 0 && s.healthService() {
		if seen.Agonist, err = s.inAgonistTreatment(r.DB, row); err != nil {
			return nil, err
		}
		entry.ConsentID = naming[dose].ID
		categories = append(categories, models.CatTreatmentFact)
	}
	for _, category := range []models.Category{models.CatReleaseCase, models.CatReleaseDate} {
		if entry.ConsentID == "" && entry.Ground == "" {
			entry.ConsentID = s.consentBehind(r, naming, shownRecord{row.ID, row.ClientID, row.OrganisationID, category})
		}
	}
	if byRelease && entry.ConsentID == "" {
		entry.Ground, entry.ClientTold = "continuity_of_care", row.ClientTold // as the release says
	}
	if entry.ConsentID == "" && entry.Ground == "" {
		entry.Ground = "team"
		if s.actor.OrganisationKind == models.KindPrisonHealth {
			entry.Ground = "custody"
		}
	}
	entry.Categories = categories
	r.disclosed(entry)
	r.relied(naming...)
	r.touched(row.ID)
	return seen, nil
}

func (s *Session) reaches(r *reading, id string, category models.Category) (bool, error) {
	var n int64
	q := s.scoped(r.Session(&gorm.Session{NewDB: true}).Model(&models.ReleaseCase{}), releaseCaseTable, category, models.Read)
	err := q.Where("release_cases.id = ?", id).Count(&n).Error
	return n > 0, err
}

// inAgonistTreatment reports whether the unit had an order running at the release, by the day
// from which it was ordered: an order is often entered later. nil says that the unit knows
// of no order at all, which is not the same as no treatment.
func (s *Session) inAgonistTreatment(q *gorm.DB, row *caseRow) (*bool, error) {
	var orders []models.DoseOrder
	err := q.Session(&gorm.Session{NewDB: true}).Where("client_id = ?", row.ClientID).Find(&orders).Error
	if err != nil || len(orders) == 0 {
		return nil, err
	}
	running := slices.ContainsFunc(orders, func(o models.DoseOrder) bool {
		if row.ReleasedAt == nil {
			return o.State != models.OrderEnded
		}
		return o.FromDate <= models.DateOf(*row.ReleasedAt, s.actor.Zone) && (o.EndedAt == nil || !o.EndedAt.Before(*row.ReleasedAt))
	})
	return &running, nil
}

// caseOf returns the release case of a stay, or nil.
func (t *tx) caseOf(spell string) (*models.ReleaseCase, error) {
	var c models.ReleaseCase
	err := t.Where("spell_id = ?", spell).Take(&c).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	return &c, err
}

// replanRelease lets the release case follow the planned release, and opens one when the release
// is near.
func (t *tx) replanRelease(spell *models.CustodySpell) error {
	c, err := t.caseOf(spell.ID)
	if err != nil {
		return err
	}
	if c == nil {
		if spell.AdmittedAt == nil || t.today.DaysUntil(spell.PlannedRelease) > models.CaseLead {
			return nil
		}
		return t.openCase(newID(), spell)
	}
	if !c.Replan(spell.PlannedRelease) {
		return nil
	}
	t.alsoTouched(c.ID)
	t.tell("release_case", c.ID, c.OrganisationID)
	return changed(t.Model(c).Where("version = ?", c.Version-1).Select("planned_on", "version").Updates(c))
}

func (t *tx) openCase(id string, spell *models.CustodySpell) error {
	t.alsoTouched(id)
	t.tell("release_case", id, spell.OrganisationID)
	c := models.ReleaseCase{
		ID: id, SpellID: spell.ID, ClientID: spell.ClientID, OrganisationID: spell.OrganisationID, PlannedOn: spell.PlannedRelease,
		State: models.CaseOpened, Version: 1, CreatedAt: t.now,
	}
	if t.session.actor.OrganisationID == spell.OrganisationID {
		c.LeadID = t.session.actor.UserID
	}
	return t.Create(&c).Error
}

// closeCase closes the case of a stay that went on elsewhere.
func (t *tx) closeCase(spell string) error {
	c, err := t.caseOf(spell)
	if err != nil || c == nil || c.ReleasedAt != nil || c.State == models.CaseClosed {
		return err
	}
	c.State = models.CaseClosed
	c.Version++
	t.alsoTouched(c.ID)
	t.tell("release_case", c.ID, c.OrganisationID)
	return changed(t.Model(c).Where("version = ?", c.Version-1).Select("state", "version").Updates(c))
}

// OpenCase opens the release case of a stay before its time.
func (s *Session) OpenCase(ctx context.Context, spellID string) (seen *SeenCase, out Outcome, err error) {
	out, err = s.create(ctx, "release_case.create", func(t *tx, id string, replayed bool) error {
		spell, _, err := t.spell(spellID, models.Change)
		if err != nil {
			return err
		}
		t.alsoTouched(spellID)
		if !replayed {
			if !spell.Open() || spell.AdmittedAt == nil {
				return models.Fail(models.KindConflict, "release_case.not_held", "A release is prepared for somebody who is held.")
			}
			if spell.PlannedRelease == "" {
				return models.Fail(models.KindConflict, "release_case.no_planned_date", "The stay has no planned release; set it first.")
			}
			if there, err := t.caseOf(spellID); err != nil || there != nil {
				return errors.Join(err, models.Fail(models.KindConflict, "release_case.open_already", "The stay has a release case."))
			}
			if err := t.openCase(id, spell); err != nil {
				return err
			}
		}
		seen, err = t.seenCase(id)
		return err
	})
	return seen, out, err
}

func (t *tx) releaseCase(id string, verb models.Verb) (*caseRow, error) {
	var row caseRow
	q := t.session.caseQuery(t.DB, models.CatReleaseCase, verb)
	return &row, found(q.Where("release_cases.id = ? AND release_cases.organisation_id = ?", id, t.session.actor.OrganisationID).Take(&row).Error, "release_case")
}

func (t *tx) seenCase(id string) (*SeenCase, error) {
	row, err := t.releaseCase(id, models.Read)
	if err != nil {
		return nil, err
	}
	return t.session.seeCase(nil, t.DB, row)
}

// MoveCase makes a move of a release case. Referrals are sent when one was sent.
func (s *Session) MoveCase(ctx context.Context, id, action string) (seen *SeenCase, err error) {
	err = s.write(ctx, "release_case."+action, func(t *tx) error {
		row, err := t.releaseCase(id, models.Change)
		if err != nil {
			return err
		}
		c := &row.ReleaseCase
		if err := t.base(c.Version); err != nil {
			return err
		}
		first, _, err := s.firstSeen(t.Session(&gorm.Session{NewDB: true}), row)
		if err != nil {
			return err
		}
		if err := c.Do(action, c.StateOn(first, t.today, s.actor.Zone), first); err != nil {
			return err
		}
		if action == "referrals" {
			sent, err := t.exists(&models.Referral{}, "from_client_id = ? AND reason = 'release' AND state NOT IN ?", c.ClientID,
				[]string{models.ReferralDeclined, models.ReferralCancelled, models.ReferralConsentWithdrawn})
			if err != nil {
				return err
			}
			if !sent {
				return models.Fail(models.KindConflict, "release_case.no_referral", "No referral for the release is open; send one, or go on to readiness without.")
			}
		}
		t.audit(id)
		t.tell("release_case", id, c.OrganisationID)
		if err := changed(t.Model(c).Where("version = ?", s.req.Base).Select("state", "linked_on", "version").Updates(c)); err != nil {
			return err
		}
		seen, err = t.seenCase(id)
		return err
	})
	return seen, err
}
