package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenSpell is a stay as the health unit sees it.
type SeenSpell struct {
	models.CustodySpell
	ClientCode string // of the caller's own client
	Slip       string // today's, while the stay is open
	Planned    []models.PlannedRelease
	CaseID     string // of the release case, if any
}

// SeenSlip is a stay as the institution's security and management see it.
type SeenSlip struct {
	Slip           string
	AdmittedOn     models.Date
	Basis          string
	PlannedRelease models.Date
}

type spellRow struct {
	models.CustodySpell
	Code    string
	LocalNo int
	CaseID  string
}

func (s *Session) spellQuery(q *gorm.DB, category models.Category, verb models.Verb) *gorm.DB {
	return s.scoped(spellsWith(q), spellTable, category, verb)
}

func spellsWith(q *gorm.DB) *gorm.DB {
	return q.Model(&models.CustodySpell{}).
		Select("custody_spells.*, sc.code, sc.local_no, COALESCE(rel.id, '') AS case_id").
		Joins("JOIN clients sc ON sc.id = custody_spells.client_id").
		Joins("LEFT JOIN release_cases rel ON rel.spell_id = custody_spells.id")
}

func (s *Session) seeSpells(q *gorm.DB, rows []spellRow) ([]SeenSpell, error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var planned []models.PlannedRelease
	if len(ids) > 0 {
		if err := q.Session(&gorm.Session{NewDB: true}).Where("spell_id IN ?", ids).Order("id").Find(&planned).Error; err != nil {
			return nil, err
		}
	}
	seen := make([]SeenSpell, len(rows))
	for i, row := range rows {
		seen[i] = SeenSpell{CustodySpell: row.CustodySpell, CaseID: row.CaseID, Planned: []models.PlannedRelease{}}
		if row.OrganisationID == s.actor.OrganisationID {
			seen[i].ClientCode = models.CodeHandle(row.Code, row.LocalNo)
		}
		if row.Open() {
			seen[i].Slip = s.slip(row.ID)
		}
		for _, p := range planned {
			if p.SpellID == row.ID {
				seen[i].Planned = append(seen[i].Planned, p)
			}
		}
	}
	return seen, nil
}

// noteSpells remembers what was read, and enters stays that another unit recorded in the
// disclosure log.
func (s *Session) noteSpells(r *reading, seen []SeenSpell) {
	for i := range seen {
		r.touched(seen[i].ID)
		if seen[i].OrganisationID != s.actor.OrganisationID {
			r.disclosed(models.Disclosure{ClientID: seen[i].ClientID, OrganisationID: seen[i].OrganisationID,
				Categories: []models.Category{models.CatCustody, models.CatReleaseDate}, Ground: "custody"})
		}
	}
}

// ListSpells lists stays, newest first.
func (s *Session) ListSpells(ctx context.Context, state string, p Paging) (page Page[SeenSpell], err error) {
	err = s.readRecords(ctx, "custody_spell.read", func(r *reading) error {
		q := spellsWith(r.DB)
		if state != "" {
			q = q.Where("custody_spells.state = ?", state)
		}
		ways := s.ways(spellTable, models.CatCustody, models.Read)
		rows, err := loadWays(s, q, ways, "custody_spells", "custody_spells.id", p, func(row spellRow) string { return row.ID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		if page.Items, err = s.seeSpells(r.DB, rows.Items); err != nil {
			return err
		}
		s.noteSpells(r, page.Items)
		return nil
	})
	return page, err
}

// ListSlips lists who is held in the actor's institution, by today's slips. The list is in
// the order of the slips, which says nothing: an order by admission would be a number that
// stays.
func (s *Session) ListSlips(ctx context.Context, p Paging) (page Page[SeenSlip], err error) {
	err = s.readRecords(ctx, "custody_spell.read", func(r *reading) error {
		q := s.scoped(r.Model(&models.CustodySpell{}), spellTable, models.CatCustody, models.Read).
			Where("custody_spells.ended_at IS NULL AND custody_spells.admitted_at IS NOT NULL")
		var rows []models.CustodySpell
		if err := q.Find(&rows).Error; err != nil {
			return err
		}
		page, err = s.slipPage(r, rows, p)
		return err
	})
	return page, err
}

// GetSpell returns one stay to a health unit.
func (s *Session) GetSpell(ctx context.Context, id string) (seen *SeenSpell, err error) {
	err = s.readRecords(ctx, "custody_spell.read", func(r *reading) error {
		var row spellRow
		if s.actor.OrganisationKind != models.KindPrisonHealth { // the institution has slips, and no id that stays
			return models.NotFound("custody_spell")
		}
		q := s.spellQuery(r.DB, models.CatCustody, models.Read)
		if err := found(q.Where("custody_spells.id = ?", id).Take(&row).Error, "custody_spell"); err != nil {
			return err
		}
		all, err := s.seeSpells(r.DB, []spellRow{row})
		if err != nil {
			return err
		}
		s.noteSpells(r, all)
		seen = &all[0]
		return nil
	})
	return seen, err
}

// spell loads a stay that the actor's own unit recorded, and its client.
func (t *tx) spell(id string, verb models.Verb) (*models.CustodySpell, *models.Client, error) {
	var row spellRow
	s := t.session
	q := s.spellQuery(t.DB, models.CatCustody, verb)
	if err := found(q.Where("custody_spells.id = ? AND custody_spells.organisation_id = ?", id, s.actor.OrganisationID).Take(&row).Error, "custody_spell"); err != nil {
		return nil, nil, err
	}
	var c models.Client
	err := withPerson(t.DB).Where("clients.id = ?", row.ClientID).Take(&c).Error
	return &row.CustodySpell, &c, err
}

func (t *tx) seenSpell(id string) (*SeenSpell, error) {
	var row spellRow
	q := t.session.spellQuery(t.DB, models.CatCustody, models.Read)
	if err := found(q.Where("custody_spells.id = ?", id).Take(&row).Error, "custody_spell"); err != nil {
		return nil, err
	}
	seen, err := t.session.seeSpells(t.DB, []spellRow{row})
	if err != nil {
		return nil, err
	}
	return &seen[0], nil
}

var errOpenSpell = models.Fail(models.KindConflict, "custody_spell.open_already", "The person has an open stay in custody. If it is another health unit's, that unit was told to close it or to order a transfer.")

// OpenSpell records that one of the unit's clients was admitted, or is expected. Where
// another unit forgot to close its stay, that unit is told.
func (s *Session) OpenSpell(ctx context.Context, handle string, n models.NewSpell) (seen *SeenSpell, out Outcome, err error) {
	if err := n.Check(s.store.now(), s.today(), s.actor.Zone); err != nil {
		return nil, Outcome{}, err
	}
	if s.actor.Serves == "" {
		return nil, Outcome{}, models.Fail(models.KindConflict, "custody_spell.no_institution", "Your organisation serves no institution.")
	}
	out, err = s.create(ctx, "custody_spell.create", func(t *tx, id string, replayed bool) error {
		c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		t.alsoTouched(string(c.ID))
		if !replayed {
			spell := &models.CustodySpell{
				ID: id, ClientID: c.ID, PersonID: c.PersonID, OrganisationID: s.actor.OrganisationID, InstitutionID: s.actor.Serves, Basis: n.Basis,
				State: models.SpellExpected, AdmittedAt: n.AdmittedAt, Version: 1, CreatedAt: t.now, CreatedBy: s.actor.UserID,
			}
			if n.AdmittedAt != nil {
				spell.State = models.SpellAdmitted
			}
			if err := t.admit(spell, n.PlannedRelease); err != nil {
				return err
			}
		}
		seen, err = t.seenSpell(id)
		return err
	})
	if errors.Is(err, errOpenSpell) {
		if told := s.tellHolder(ctx, handle); told != nil {
			return nil, Outcome{}, told
		}
	}
	return seen, out, err
}

// admit writes a new stay and what begins with it.
func (t *tx) admit(spell *models.CustodySpell, planned models.Date) error {
	err := t.Create(spell).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errOpenSpell
	}
	if err != nil {
		return err
	}
	if err := t.admitted(spell); err != nil {
		return err
	}
	t.tell("custody_spell", spell.ID, spell.OrganisationID)
	if planned == "" {
		return nil
	}
	return t.planRelease(spell, planned)
}

// admitted sets what limits count from. Episodes of other organisations are left alone:
// suspending one would tell a clinic of the arrest, which takes a consent or a transfer.
func (t *tx) admitted(spell *models.CustodySpell) error {
	if spell.AdmittedAt == nil {
		return nil
	}
	return t.anchor(spell.ClientID, "prison_admission", *spell.AdmittedAt)
}

// tellHolder tells the unit whose stay stands in the way. It is a write of its own,
// because the one that met it was undone.
func (s *Session) tellHolder(ctx context.Context, handle string) error {
	return s.write(ctx, "custody_spell.clash", func(t *tx) error {
		c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		t.audit(string(c.ID))
		var open models.CustodySpell
		err = t.Where("person_id = ? AND ended_at IS NULL AND organisation_id <> ?", c.PersonID, s.actor.OrganisationID).Take(&open).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		t.disclosed(models.Disclosure{ClientID: open.ClientID, OrganisationID: open.OrganisationID, RecipientID: s.actor.OrganisationID,
			Categories: []models.Category{models.CatCustody}, Ground: "custody"}) // that there is one is itself told
		return t.notify(open.OrganisationID, "continuity_alarm", open.ID, "")
	})
}

var spellColumns = []string{"state", "admitted_at", "planned_release", "release_decided_at", "ended_at", "end_recorded_at", "exit_reason", "exit_region",
	"referral_on_release", "naloxone_on_release", "in_treatment_at_exit", "version"}

// keepSpell writes a stay that was loaded at the version before.
func (t *tx) keepSpell(spell *models.CustodySpell) error {
	t.tell("custody_spell", spell.ID, spell.OrganisationID)
	if spell.EndedAt != nil && spell.EndRecordedAt == nil {
		spell.EndRecordedAt = &t.now
	}
	return changed(t.Model(spell).Where("version = ?", spell.Version-1).Select(spellColumns).Updates(spell))
}

// MoveSpell makes a move that says no more than when it happened.
func (s *Session) MoveSpell(ctx context.Context, id, action string, at *time.Time) (seen *SeenSpell, err error) {
	if err := models.CheckSpellMove(action, at, s.store.now()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "custody_spell."+action, func(t *tx) error {
		spell, c, err := t.spell(id, models.Change)
		if err != nil {
			return err
		}
		if err := t.base(spell.Version); err != nil {
			return err
		}
		if err := spell.Do(action, at, t.now); err != nil {
			return err
		}
		t.audit(id, string(c.ID))
		if err := t.keepSpell(spell); err != nil {
			return err
		}
		switch action {
		case "admission":
			err = t.admitted(spell)
		case "death":
			err = t.anchor(c.ID, "death", *at)
		}
		if err == nil && !spell.Open() {
			err = t.leftCustody(spell)
		}
		if err == nil && !spell.Open() {
			err = t.noReleaseHere(spell)
		}
		if err == nil {
			seen, err = t.seenSpell(id)
		}
		return err
	})
	return seen, err
}

// leftCustody ends what hangs on an open stay.
func (t *tx) leftCustody(spell *models.CustodySpell) error {
	if err := t.cancelTransfer(spell.ID, "release"); err != nil {
		return err
	}
	return t.unneeded("unplanned_release", spell.ID)
}

// planRelease sets the planned release of a stay: history, anchor and release case follow.
func (t *tx) planRelease(spell *models.CustodySpell, on models.Date) error {
	if on == spell.PlannedRelease {
		return nil
	}
	if err := spell.Plan(on, t.session.actor.Zone); err != nil {
		return err
	}
	if err := t.keepSpell(spell); err != nil {
		return err
	}
	p := models.PlannedRelease{ID: newID(), SpellID: spell.ID, ClientID: spell.ClientID, OnDate: on, SetAt: t.now, SetByID: t.session.actor.OrganisationID}
	if err := t.Create(&p).Error; err != nil {
		return err
	}
	if err := t.happen(spell.ClientID, spell.OrganisationID, models.NewAnchor{Name: models.AnchorPlannedRelease, On: on}); err != nil {
		return err
	}
	return t.replanRelease(spell)
}

// PlanRelease records the planned release as the health unit was told.
func (s *Session) PlanRelease(ctx context.Context, id string, on models.Date) (seen *SeenSpell, err error) {
	if err := models.CheckPlannedRelease(on, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "custody_spell.plan_release", func(t *tx) error {
		spell, c, err := t.spell(id, models.Change)
		if err != nil {
			return err
		}
		if err := t.base(spell.Version); err != nil {
			return err
		}
		t.audit(id, string(c.ID))
		if err := t.planRelease(spell, on); err != nil {
			return err
		}
		seen, err = t.seenSpell(id)
		return err
	})
	return seen, err
}

func (s *Session) seeSlip(spell *models.CustodySpell) *SeenSlip {
	seen := &SeenSlip{Slip: s.slip(spell.ID), Basis: spell.Basis, PlannedRelease: spell.PlannedRelease}
	if spell.AdmittedAt != nil {
		seen.AdmittedOn = models.DateOf(*spell.AdmittedAt, s.actor.Zone)
	}
	return seen
}

// PlanReleaseBySlip lets the institution set the planned release. It has no version to
// base the change on, so it says which date it replaces.
func (s *Session) PlanReleaseBySlip(ctx context.Context, slip string, on, replaces models.Date) (seen *SeenSlip, err error) {
	if err := models.CheckPlannedRelease(on, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "custody_spell.plan_release", func(t *tx) error {
		spell, err := t.spellBySlip(slip, models.Change)
		if err != nil {
			return err
		}
		t.audit(spell.ID)
		if spell.PlannedRelease != replaces && spell.PlannedRelease != on {
			return models.Fail(models.KindConflict, "custody_spell.release_date_changed", "The planned release was changed by somebody else; read the list again.")
		}
		if err := t.planRelease(spell, on); err != nil {
			return err
		}
		seen = s.seeSlip(spell)
		return nil
	})
	return seen, err
}

// ReportUnplannedRelease tells the health unit that somebody will go free without a plan,
// as soon as the institution knows. Reporting again changes nothing.
func (s *Session) ReportUnplannedRelease(ctx context.Context, slip string) (seen *SeenSlip, err error) {
	err = s.write(ctx, "custody_spell.report_release", func(t *tx) error {
		spell, err := t.spellBySlip(slip, models.Change)
		if err != nil {
			return err
		}
		t.audit(spell.ID)
		seen = s.seeSlip(spell)
		if spell.ReleaseDecidedAt != nil {
			return nil
		}
		spell.ReleaseDecidedAt = &t.now
		spell.Version++
		if err := t.keepSpell(spell); err != nil {
			return err
		}
		if err := t.anchor(spell.ClientID, "release_decision", t.now); err != nil {
			return err
		}
		due := t.now.Add(models.NoticeUnit)
		if err := t.custodyTask(models.Task{ClientID: spell.ClientID, OrganisationID: spell.OrganisationID, Kind: "unplanned_release_preparation", SubjectID: spell.ID, DueAt: &due}); err != nil {
			return err
		}
		return t.notify(spell.OrganisationID, "unplanned_release", spell.ID, "")
	})
	return seen, err
}
