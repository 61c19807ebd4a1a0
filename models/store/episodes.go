package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"jol/models"
)

// SeenEpisode is an episode as the session may see it.
type SeenEpisode struct {
	models.Episode
	// Whole is false when only the bare fact of treatment may be shown.
	Whole bool
	// ClientCode is the handle of the caller's own client, empty for another's record.
	ClientCode string
}

// seeEpisodes returns the person's episodes: the bare fact through treatmentFact, the
// entry items through diagnosis.
func (s *Session) seeEpisodes(r *reading, client *models.Client, naming []models.Consent) ([]SeenEpisode, error) {
	load := func(category models.Category) (rows []models.Episode, err error) {
		err = s.scoped(r.Model(&models.Episode{}), episodeTable, category, models.Read).
			Where("episodes.client_id IN (?)", r.ofPerson(client.PersonID)).Order("start_date DESC, id DESC").Find(&rows).Error
		return rows, err
	}
	facts, err := load(models.CatTreatmentFact)
	if err != nil {
		return nil, err
	}
	whole, err := load(models.CatDiagnosis)
	if err != nil {
		return nil, err
	}
	isWhole := map[string]bool{}
	for _, e := range whole {
		isWhole[e.ID] = true
	}
	seen := make([]SeenEpisode, len(facts))
	var shown []shownRecord
	for i, e := range facts {
		shown = append(shown, shownRecord{e.ID, e.ClientID, e.OrganisationID, models.CatTreatmentFact})
		if isWhole[e.ID] {
			shown = append(shown, shownRecord{e.ID, e.ClientID, e.OrganisationID, models.CatDiagnosis})
		}
		// What it wrote it always reads, in the roles that read its episodes at all: a peer does not.
		own := e.OrganisationID == s.actor.OrganisationID && s.grants.Through(models.CatEpisode, models.Read, models.Own)
		seen[i] = SeenEpisode{Episode: e, Whole: isWhole[e.ID] || own}
		if e.ClientID == client.ID {
			seen[i].ClientCode = client.Handle()
		}
		r.touched(e.ID)
	}
	return seen, s.disclose(r, episodeTable, naming, shown...)
}

// consentsNaming returns every consent of the person, given and not withdrawn, that
// names the actor's organisation: one too many perhaps, never one too few. A read of
// another organisation's record relies on them all, because withdrawing any of them may
// close it. They are loaded before the record, so that a withdrawal between the two
// queries finds its consent among those relied on and the audit commit refuses the read.
func (s *Session) consentsNaming(r *reading, person any) (consents []models.Consent, err error) {
	err = r.Model(&models.Consent{}).Joins("JOIN clients kc ON kc.id = consents.client_id").
		Where("kc.person_id = (?) AND consents.state = ? AND (consents.recipient_id = ? OR consents.recipient_kind = ?)",
			person, models.ConsentGiven, s.actor.OrganisationID, s.actor.OrganisationKind).Find(&consents).Error
	if err != nil {
		return nil, err
	}
	return consents, s.permitsFor(r, person)
}

// ListEpisodes returns the episodes of the person behind one of the caller's clients that the
// session may read with their entry items: its own, a page each, and on the first page what
// else the pathway shows so, as in an emergency. Of others it is entered in the disclosure log.
func (s *Session) ListEpisodes(ctx context.Context, handle string, p Paging) (page Page[SeenEpisode], err error) {
	err = s.readRecords(ctx, "episode.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		var others []SeenEpisode
		if p.Cursor == "" {
			naming, err := s.consentsNaming(r, c.PersonID) // before what they may open
			if err != nil {
				return err
			}
			if others, err = s.seeEpisodes(r, c, naming); err != nil {
				return err
			}
		}
		q := s.scoped(r.Model(&models.Episode{}), episodeTable, models.CatEpisode, models.Read).Where("episodes.client_id = ?", c.ID)
		rows, err := loadPage(s, q, "episodes", "(episodes.start_date || episodes.id)", p, func(e models.Episode) string { return string(e.StartDate) + e.ID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		for _, e := range rows.Items {
			r.touched(e.ID)
			page.Items = append(page.Items, SeenEpisode{Episode: e, Whole: true, ClientCode: c.Handle()})
		}
		for _, e := range others {
			if e.Whole && e.ClientID != c.ID {
				page.Items = append(page.Items, e)
			}
		}
		return nil
	})
	return page, err
}

// GetEpisode returns one episode of the caller's own organisation.
func (s *Session) GetEpisode(ctx context.Context, id string) (seen *SeenEpisode, err error) {
	err = s.readRecords(ctx, "episode.read", func(r *reading) error {
		e, c, err := s.ownEpisode(r.DB, id, models.Read)
		if err != nil {
			return err
		}
		r.touched(id)
		seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		return nil
	})
	return seen, err
}

// ownEpisode loads an episode of the session's scope that the actor's organisation wrote.
func (s *Session) ownEpisode(q *gorm.DB, id string, verb models.Verb) (*models.Episode, *models.Client, error) {
	var e models.Episode
	var c models.Client
	err := s.scoped(q, episodeTable, models.CatEpisode, verb).
		Where("episodes.id = ? AND episodes.organisation_id = ?", id, s.actor.OrganisationID).Take(&e).Error
	if err != nil {
		return nil, nil, found(err, "episode")
	}
	return &e, &c, q.Session(&gorm.Session{NewDB: true}).Where("id = ?", e.ClientID).Take(&c).Error
}

// StartEpisode opens an episode for a client, pinned to a protocol edition.
func (s *Session) StartEpisode(ctx context.Context, handle string, n models.NewEpisode, edition string) (seen *SeenEpisode, out Outcome, err error) {
	out, err = s.create(ctx, "episode.create", func(tx *tx, id string, replayed bool) error {
		org, err := tx.organisation(s.actor.OrganisationID)
		if err != nil {
			return err
		}
		if err := n.Check(tx.today, org); err != nil {
			return err
		}
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		tx.alsoTouched(string(c.ID))
		if replayed {
			e, _, err := s.ownEpisode(tx.DB, id, models.Read)
			if err == nil {
				seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
			}
			return err
		}
		e, err := tx.openEpisode(id, c, org, n, edition)
		if err == nil {
			seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		}
		return err
	})
	return seen, out, err
}

func (t *tx) openEpisode(id string, c *models.Client, org *models.Organisation, n models.NewEpisode, edition string) (*models.Episode, error) {
	age, err := t.ageAt(c.ID, n.StartDate)
	if err != nil {
		return nil, err
	}
	if age < 0 {
		var c models.Checks
		c.Add("/startDate", "episode.start_before_birth")
		return nil, c.Err()
	}
	structured := org.ReportsStructured
	if n.Structured != nil {
		structured = *n.Structured
	}
	e := &models.Episode{
		ID: id, ClientID: c.ID, OrganisationID: org.ID, Structured: structured, StartDate: n.StartDate, LastContact: n.StartDate,
		LegalBasis: n.LegalBasis, Protocol: n.Protocol, Edition: edition, Sex: c.Sex, AgeAtStart: age, CentreType: org.CentreType,
		PreviousTreatment: n.PreviousTreatment, ReferralSource: n.ReferralSource, PrimaryDrug: n.PrimaryDrug, Route: n.Route,
		Injecting: n.Injecting, State: n.Begins(), Version: 1, CreatedAt: t.now,
	}
	err = t.Create(e).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return nil, errOpenAlready
	}
	if err != nil {
		return nil, err
	}
	return e, t.begun(e)
}

var errOpenAlready = models.Fail(models.KindConflict, "episode.open_already", "The client has an open episode at your organisation.")

// CloseEpisode ends an episode with a date and a reason.
func (s *Session) CloseEpisode(ctx context.Context, id string, cl models.EpisodeClosure) (seen *SeenEpisode, err error) {
	if err := cl.Check(s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "episode.close", func(tx *tx) error {
		e, c, err := s.ownEpisode(tx.DB, id, models.Change)
		if err != nil {
			return err
		}
		if err := tx.base(e.Version); err != nil {
			return err
		}
		var accepted int64
		if err := tx.Model(&models.Referral{}).Where("from_client_id = ? AND sent_at >= ? AND reason <> 'infection_link' AND supervision_id = '' AND state IN ?", e.ClientID, e.StartDate.Time(),
			[]string{models.ReferralAccepted, models.ReferralAppointmentFixed, models.ReferralAttended}).Count(&accepted).Error; err != nil {
			return err
		}
		if err := e.Close(cl, accepted > 0); err != nil {
			return err
		}
		e.ClosedAt = &tx.now
		tx.audit(id)
		seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		if err := tx.saveEpisode(e, "closed_at", "end_date", "end_reason", "last_contact", "state", "suspended_for", "suspended_at"); err != nil {
			return err
		}
		return tx.cancelTasks(e)
	})
	return seen, err
}

// RecordContact notes a face-to-face contact within an open episode: an episode without
// one for 183 days counts as ended on its last contact (docs/indicators.md, rule 7).
func (s *Session) RecordContact(ctx context.Context, id string, on models.Date) (seen *SeenEpisode, err error) {
	if err := models.CheckContact(on, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "episode.contact", func(tx *tx) error {
		e, c, err := s.ownEpisode(tx.DB, id, models.Change)
		if err != nil {
			return err
		}
		if err := tx.base(e.Version); err != nil {
			return err
		}
		if err := e.Contact(on); err != nil {
			return err
		}
		tx.audit(id)
		seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		contact := models.EpisodeContact{ID: newID(), EpisodeID: e.ID, ClientID: e.ClientID, OnDate: on, CreatedAt: tx.now}
		if err := tx.Create(&contact).Error; err != nil {
			return err
		}
		return tx.saveEpisode(e, "last_contact")
	})
	return seen, err
}

// tellEpisode tells the organisation that wrote the episode and those that may see it.
func (t *tx) tellEpisode(e *models.Episode) error {
	t.tell("episode", e.ID, e.OrganisationID)
	return t.tellShared(e.ClientID, models.CatTreatmentFact, models.CatDiagnosis)
}
