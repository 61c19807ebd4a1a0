package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenEntry is one version of an entry of the clinical record, as the session may see it.
type SeenEntry struct {
	models.Entry
	// ClientCode is the handle of the caller's own client, empty for another's record.
	ClientCode string
	Content    models.EntryContent
	// Whole is false for readers outside care: of a contact they learn that it took place.
	Whole bool
}

type entryRow struct {
	models.Entry
	ClientCode  string
	ClientLocal int
}

// entriesWith selects entries with the code of their client.
func entriesWith(q *gorm.DB) *gorm.DB {
	return q.Model(&models.Entry{}).Select("entries.*, ec.code AS client_code, ec.local_no AS client_local").Joins("JOIN clients ec ON ec.id = entries.client_id")
}

func (s *Session) seeEntry(row *entryRow) (SeenEntry, error) {
	content, err := row.Content()
	seen := SeenEntry{Entry: row.Entry, Content: content}
	if row.OrganisationID == s.actor.OrganisationID {
		seen.ClientCode = models.CodeHandle(row.ClientCode, row.ClientLocal)
	}
	_, care := s.actor.OrganisationKind.Sector()
	seen.Whole = care || row.OrganisationID == s.actor.OrganisationID
	return seen, err
}

// seeEntries turns rows into what is seen and writes down what of it is another's.
func (s *Session) seeEntries(r *reading, rows []entryRow, naming []models.Consent) (seen []SeenEntry, err error) {
	var others []shownRecord
	for i := range rows {
		e, err := s.seeEntry(&rows[i])
		if err != nil {
			return nil, err
		}
		r.touched(e.EntryID)
		seen = append(seen, e)
		others = append(others, shownRecord{e.ID, e.ClientID, e.OrganisationID, e.Category})
	}
	return seen, s.disclose(r, entryTable, naming, others...)
}

// standing leaves out versions that were replaced and entries that were struck out.
func standing(q *gorm.DB) *gorm.DB {
	return q.Where("entries.current = ? AND entries.correction <> ?", true, models.EnteredInError)
}

// ofPerson selects the records of a person, whoever keeps them.
func (r *reading) ofPerson(person models.PersonID) *gorm.DB {
	return r.Session(&gorm.Session{NewDB: true}).Model(&models.Client{}).Select("id").Where("person_id = ?", person)
}

// ListEntries returns the entries of one kind about the person behind a client, newest
// first, whoever wrote them, as far as the session may see them.
func (s *Session) ListEntries(ctx context.Context, handle string, kind models.EntryKind, p Paging) (page Page[SeenEntry], err error) {
	err = s.readRecords(ctx, string(kind)+".read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		naming, err := s.consentsNaming(r, c.PersonID) // before what they may open
		if err != nil {
			return err
		}
		q := standing(s.scoped(entriesWith(r.DB), entryTable, kind.Category(), models.Read)).
			Where("entries.kind = ? AND entries.client_id IN (?)", kind, r.ofPerson(c.PersonID))
		rows, err := loadPage(s, q, string(kind), "entries.entry_id", p, func(row entryRow) string { return row.EntryID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		page.Items, err = s.seeEntries(r, rows.Items, naming)
		return err
	})
	return page, err
}

// GetEntry returns the versions of an entry, newest first. An entry that was struck out is
// its organisation's alone.
func (s *Session) GetEntry(ctx context.Context, id string) (versions []SeenEntry, err error) {
	err = s.readRecords(ctx, "entry.read", func(r *reading) error {
		person := r.Model(&models.Entry{}).Select("oc.person_id").Joins("JOIN clients oc ON oc.id = entries.client_id").Where("entries.entry_id = ?", id).Limit(1)
		naming, err := s.consentsNaming(r, person)
		if err != nil {
			return found(err, "entry")
		}
		var rows []entryRow
		if err := s.scopedEntries(entriesWith(r.DB), models.Read).Where("entries.entry_id = ?", id).Order("entries.version DESC").Find(&rows).Error; err != nil {
			return found(err, "entry")
		}
		if len(rows) == 0 || rows[0].Struck() && rows[0].OrganisationID != s.actor.OrganisationID {
			return models.NotFound("entry")
		}
		r.touched(string(rows[0].ClientID))
		versions, err = s.seeEntries(r, rows, naming)
		return err
	})
	return versions, err
}

// RecordEntry writes the first version of an entry about one of the organisation's clients.
func (s *Session) RecordEntry(ctx context.Context, handle string, content models.EntryContent) (seen *SeenEntry, out Outcome, err error) {
	if err := s.checkContent(content); err != nil {
		return nil, out, err
	}
	out, err = s.create(ctx, string(content.Kind())+".create", func(t *tx, id string, replayed bool) error {
		c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		t.alsoTouched(string(c.ID))
		if replayed {
			var row entryRow
			q := s.scoped(entriesWith(t.DB), entryTable, content.Kind().Category(), models.Create).Where("entries.entry_id = ? AND entries.current = ?", id, true)
			if err := found(q.Take(&row).Error, "entry"); err != nil {
				return err
			}
			e, err := s.seeEntry(&row)
			seen = &e
			return err
		}
		episode, err := t.openEpisodeOf(c.ID)
		if err != nil {
			return err
		}
		e := models.Entry{EntryID: id, Version: 1, ClientID: c.ID, OrganisationID: s.actor.OrganisationID}
		if episode != nil {
			e.EpisodeID = episode.ID
		}
		seen, err = t.addVersion(e, c, episode, content)
		return err
	})
	return seen, out, err
}

func (s *Session) checkContent(content models.EntryContent) error {
	var c models.Checks
	content.Check(&c, s.today())
	return c.Err()
}

// openEpisodeOf is the open episode of the organisation's record; nil when there is none.
func (t *tx) openEpisodeOf(client models.ClientID) (*models.Episode, error) {
	return t.oneEpisode(t.Where("client_id = ? AND end_date = ''", client))
}

func (t *tx) oneEpisode(q *gorm.DB) (*models.Episode, error) {
	var rows []models.Episode
	if err := q.Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// addVersion completes the content, keeps it as the current version of the entry, and does
// what follows from it.
func (t *tx) addVersion(e models.Entry, c *models.Client, episode *models.Episode, content models.EntryContent) (*SeenEntry, error) {
	s := t.session
	facts := models.EntryFacts{Sex: c.Sex, Episode: episode, Score: s.store.opt.Scoring}
	if content.Kind() == models.EntryAssessment {
		if episode == nil {
			return nil, models.Fail(models.KindConflict, "assessment.episode_required", "An assessment belongs to an episode; start one first.")
		}
		var err error
		if facts.Organisation, err = t.organisation(s.actor.OrganisationID); err != nil {
			return nil, err
		}
	}
	if err := models.Complete(content, facts); err != nil {
		return nil, err
	}
	if err := e.Hold(content); err != nil {
		return nil, err
	}
	if err := t.keepVersion(&e); err != nil {
		return nil, err
	}
	if err := t.entryFollows(&e, episode, content); err != nil {
		return nil, err
	}
	return &SeenEntry{Entry: e, ClientCode: c.Handle(), Content: content, Whole: true}, nil
}

func (t *tx) keepVersion(e *models.Entry) error {
	e.ID, e.Current, e.CreatedAt, e.CreatedBy = newID(), true, t.now, t.session.actor.UserID
	if err := t.Create(e).Error; err != nil {
		return err
	}
	record := shownRecord{e.ID, e.ClientID, e.OrganisationID, e.Category}
	if !e.Struck() {
		return t.tellReaders("entry", e.EntryID, entryTable, record)
	}
	lost, err := t.otherReaders(entryTable, record)
	t.tell("entry", e.EntryID, t.session.actor.OrganisationID)
	t.gone("entry", e.EntryID, lost...)
	return err
}

// entryFollows records the events that limits count from, and that the client was seen.
func (t *tx) entryFollows(e *models.Entry, episode *models.Episode, content models.EntryContent) error {
	at := t.timeOf(e.OnDate)
	switch x := content.(type) {
	case *models.Screening:
		return t.anchor(e.ClientID, "screening_done", at)
	case *models.Assessment:
		return t.anchor(e.ClientID, "assessment_done", at)
	case *models.SocialPlan:
		return t.planAgreed(e, x.AgreedWithClient, at)
	case *models.ClinicalPlan:
		return t.planAgreed(e, x.AgreedWithClient, at)
	case *models.InfectionTest:
		if x.Result == "pos" {
			return t.anchor(e.ClientID, "reactive_test", at)
		}
	case *models.Contact:
		return t.sawClient(x, episode)
	}
	return nil
}

func (t *tx) planAgreed(e *models.Entry, agreed bool, at time.Time) error {
	if !agreed {
		return nil
	}
	return t.anchor(e.ClientID, "plan_agreed", at)
}

// sawClient moves the last contact of an open episode, which the inactivity rule looks at.
func (t *tx) sawClient(k *models.Contact, episode *models.Episode) error {
	if episode == nil || !episode.Open() || !k.Attended() || k.On <= episode.LastContact {
		return nil
	}
	before := episode.Version
	if err := episode.Contact(k.On); err != nil {
		return err
	}
	t.alsoTouched(episode.ID)
	return changed(t.Model(episode).Where("version = ?", before).Select("last_contact", "version").Updates(episode))
}

// timeOf is now for today, and for an earlier day its beginning where the facility is.
func (t *tx) timeOf(on models.Date) time.Time {
	if on == t.today {
		return t.now
	}
	return models.StartOfDay(on, t.session.actor.Zone)
}

// CorrectEntry writes the next version of an entry of the organisation: the whole content
// anew, or none when the entry is struck out. The versions before stay as they are.
func (s *Session) CorrectEntry(ctx context.Context, id, reason string, content models.EntryContent) (seen *SeenEntry, err error) {
	if err := models.CheckCorrection(reason, content); err != nil {
		return nil, err
	}
	if content != nil {
		if err := s.checkContent(content); err != nil {
			return nil, err
		}
	}
	err = s.write(ctx, "entry.correct", func(t *tx) error {
		row, err := t.entryToCorrect(id, content)
		if err != nil {
			return err
		}
		if err := t.base(row.Version); err != nil {
			return err
		}
		if row.Struck() && content == nil {
			return models.Fail(models.KindConflict, "entry.struck_out", "The entry is struck out already; a correction with content puts it back.")
		}
		t.audit(id, string(row.ClientID))
		if err := changed(t.Model(&models.Entry{}).Where("id = ? AND current = ?", row.ID, true).Update("current", false)); err != nil {
			return err
		}
		next := row.Entry
		next.Version, next.Correction = row.Version+1, reason
		if content == nil {
			if err := t.keepVersion(&next); err != nil {
				return err
			}
			e, err := s.seeEntry(&entryRow{Entry: next, ClientCode: row.ClientCode, ClientLocal: row.ClientLocal})
			seen = &e
			return err
		}
		var c models.Client
		if err := t.Where("id = ?", row.ClientID).Take(&c).Error; err != nil {
			return err
		}
		episode, err := t.oneEpisode(t.Where("id = ?", row.EpisodeID))
		if err != nil {
			return err
		}
		seen, err = t.addVersion(next, &c, episode, content)
		return err
	})
	return seen, err
}

func (t *tx) entryToCorrect(id string, content models.EntryContent) (*entryRow, error) {
	q := entriesWith(t.DB).Where("entries.entry_id = ? AND entries.current = ?", id, true)
	if content == nil {
		q = t.session.scopedEntries(q, models.Create)
	} else {
		q = t.session.scoped(q, entryTable, content.Kind().Category(), models.Create).Where("entries.kind = ?", content.Kind())
	}
	var row entryRow
	return &row, found(q.Take(&row).Error, "entry")
}
