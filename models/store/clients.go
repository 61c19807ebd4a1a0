package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// RegisteredClient is a client record and the other records of the caller's own
// organisation that carry the same code: the worker decides whether it is the same person.
type RegisteredClient struct {
	models.Client
	SameCode []string // handles, this record's included
}

var errRegistrations = models.Fail(models.KindTooMany, "client.registration_limit", "Your organisation has registered very many clients in the last 24 hours; the administrator can raise the limit.")

// RegisterClient finds or makes the caller's own organisation's record. It looks at
// that organisation's records only, so that its answer, its work and its time are the
// same whatever other organisations hold.
func (s *Session) RegisterClient(ctx context.Context, r models.Registration) (c *RegisteredClient, out Outcome, err error) {
	if err := r.Check(s.store.opt.Country, s.today()); err != nil {
		return nil, Outcome{}, err
	}
	sector, ok := s.actor.OrganisationKind.Sector()
	if !ok {
		return nil, Outcome{}, models.Fail(models.KindConflict, "client.organisation_keeps_none", "Your organisation keeps no client records.")
	}
	p, err := s.store.pseudonymOf(r)
	if err != nil {
		return nil, Outcome{}, err
	}
	code := string(s.store.linker.Code(p.link, sector))
	err = s.write(ctx, "client.create", func(tx *tx) error {
		id, first, err := tx.claim(newID())
		if err != nil {
			return err
		}
		out = first
		if !out.Replayed {
			if id, out.Status, err = tx.findOrMakeClient(id, code, p, r); err != nil {
				return err
			}
			if out.Status != first.Status {
				if err := tx.settle(id, out); err != nil {
					return err
				}
			} else {
				tx.tell("client", id, s.actor.OrganisationID)
			}
		}
		tx.auditOutcome(out.outcome(), id)
		c, err = tx.registered(models.ClientID(id))
		return err
	})
	return c, out, err
}

func (t *tx) findOrMakeClient(id, code string, p pseudonym, r models.Registration) (string, int, error) {
	if err := t.checkRegistrationRate(); err != nil {
		return "", 0, err
	}
	own, err := t.byCode(t.session.actor.OrganisationID, code)
	if err != nil {
		return "", 0, err
	}
	if len(own) > 0 && !r.Distinct {
		return string(own[0].ID), http.StatusOK, nil
	}
	person, err := t.newPerson()
	if err != nil {
		return "", 0, err
	}
	client := models.Client{
		ID: models.ClientID(id), OrganisationID: t.session.actor.OrganisationID, PersonID: person, Code: code,
		LocalNo: nextLocalNo(own), Sex: r.Sex, LowQuality: p.low, Version: 1, CreatedAt: t.now,
	}
	if err := t.Create(&client).Error; err != nil {
		return "", 0, err
	}
	return id, http.StatusCreated, t.saveLink(client.ID, p, r.BirthYear)
}

func nextLocalNo(own []models.Client) int {
	if len(own) == 0 {
		return 1
	}
	return own[len(own)-1].LocalNo + 1
}

// byCode returns an organisation's records with the code, by local number.
func (t *tx) byCode(org models.OrganisationID, code string) (all []models.Client, err error) {
	err = t.Where("organisation_id = ? AND code = ?", org, code).Order("local_no").Find(&all).Error
	return all, err
}

// recordOf is an organisation's record of a person, the first of several; nil when it has none.
func recordOf(q *gorm.DB, org models.OrganisationID, person models.PersonID) (*models.Client, error) {
	var all []models.Client
	err := q.Session(&gorm.Session{NewDB: true}).Where("organisation_id = ? AND person_id = ?", org, person).Order("id").Limit(1).Find(&all).Error
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// recordFrom makes an organisation's record of a person whom an act of care brings to it. A
// record with the same code is not taken for the same person.
func (t *tx) recordFrom(from *models.Client, org models.OrganisationID, code string) (models.ClientID, error) {
	namesakes, err := t.byCode(org, code)
	if err != nil {
		return "", err
	}
	c := models.Client{
		ID: models.ClientID(newID()), OrganisationID: org, PersonID: from.PersonID, Code: code, LocalNo: nextLocalNo(namesakes),
		Sex: from.Sex, LowQuality: from.LowQuality, Version: 1, CreatedAt: t.now,
	}
	if err := t.Create(&c).Error; err != nil {
		return "", err
	}
	return c.ID, t.copyLink(from.ID, c.ID)
}

// newPerson makes a person for whom the actor's organisation is responsible.
func (t *tx) newPerson() (models.PersonID, error) {
	id := models.PersonID(newID())
	store := t.session.store
	return id, t.Create(&models.Person{
		ID: id, Country: store.opt.Country, ResponsibleID: t.session.actor.OrganisationID, SDCKey: store.sdcKey(id), CreatedAt: t.now,
	}).Error
}

// sdcKey derives the disclosure-control key of a person (docs/disclosure-control.md 2.1).
func (s *Store) sdcKey(id models.PersonID) int64 {
	m := hmac.New(sha256.New, s.opt.Keys.Record)
	m.Write([]byte(s.opt.Country + string(id)))
	return int64(binary.BigEndian.Uint64(m.Sum(nil)))
}

// checkRegistrationRate counts the trail of the last 24 hours, found clients included:
// whoever types initials to see whether they are known is counted as well.
func (t *tx) checkRegistrationRate() error {
	limit := t.session.store.opt.RegistrationsPerDay
	for _, who := range []struct {
		column string
		id     any
		limit  int
	}{
		{"organisation_id", t.session.actor.OrganisationID, limit},
		{"actor_id", t.session.actor.UserID, (limit + 1) / 2},
	} {
		var n int64
		recent := t.Model(&auditRow{}).Select("1").Where(who.column+" = ? AND action = ? AND at > ? AND outcome = ?", who.id, "client.create", t.now.Add(-24*time.Hour), "ok").Limit(who.limit)
		if err := t.Session(&gorm.Session{NewDB: true}).Table("(?) AS recent", recent).Count(&n).Error; err != nil {
			return err
		}
		if n >= int64(who.limit) {
			return errRegistrations
		}
	}
	return nil
}

func (t *tx) registered(id models.ClientID) (*RegisteredClient, error) {
	var c RegisteredClient
	if err := withPerson(t.DB).Where("clients.id = ? AND clients.organisation_id = ?", id, t.session.actor.OrganisationID).Take(&c.Client).Error; err != nil {
		return nil, found(err, "client")
	}
	own, err := t.byCode(t.session.actor.OrganisationID, c.Code)
	for i := range own {
		c.SameCode = append(c.SameCode, own[i].Handle())
	}
	return &c, err
}

// withPerson selects clients with the responsible organisation of their person.
func withPerson(q *gorm.DB) *gorm.DB {
	return q.Model(&models.Client{}).Select("clients.*, persons.responsible_id").Joins("JOIN persons ON persons.id = clients.person_id")
}

// clientByHandle loads a client of the session's scope by the code people write.
func (s *Session) clientByHandle(q *gorm.DB, handle string, category models.Category, verb models.Verb) (*models.Client, error) {
	code, localNo, err := models.ParseClientCode(handle)
	if err != nil {
		return nil, err
	}
	var c models.Client
	q = s.scoped(withPerson(q), clientTable, category, verb)
	return &c, found(q.Where("clients.code = ? AND clients.local_no = ?", code, localNo).Take(&c).Error, "client")
}

// SeenClient is a client as the session may see it.
type SeenClient struct {
	models.Client
	// ShowResponsible: the responsible organisation is named to itself and to those
	// who treat the person now.
	ShowResponsible bool
}

// GetClient returns one client of the caller's organisation.
func (s *Session) GetClient(ctx context.Context, handle string) (seen *SeenClient, err error) {
	err = s.readRecords(ctx, "client.read", func(r *reading) error {
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		show, err := s.treats(r.DB, c)
		seen = &SeenClient{Client: *c, ShowResponsible: show || c.ResponsibleID == s.actor.OrganisationID}
		return err
	})
	return seen, err
}

// treats reports whether the actor's organisation has an open episode of the person
// and the role reaches records through it. It is not told of a clinic to which a release
// fell by default: that name says that there was an arrest and a release.
func (s *Session) treats(q *gorm.DB, c *models.Client) (bool, error) {
	if !s.healthService() || !s.grants.Through(models.CatIdentity, models.Read, models.Team) {
		return false, nil
	}
	var n int64
	if err := q.Model(&models.ReleaseCase{}).Joins("JOIN clients fc ON fc.id = release_cases.client_id").
		Where("fc.person_id = ? AND release_cases.by_default AND release_cases.receiver_id = ? AND release_cases.organisation_id <> ?", c.PersonID, c.ResponsibleID, s.actor.OrganisationID).
		Where("NOT EXISTS (SELECT 1 FROM referrals ar JOIN clients ac ON ac.id = ar.from_client_id WHERE ac.person_id = fc.person_id AND ar.to_organisation_id = release_cases.receiver_id AND ar.to_client_id <> '' AND ar.supervision_id = '')").
		Count(&n).Error; err != nil || n > 0 {
		return false, err
	}
	err := q.Model(&models.Episode{}).Joins("JOIN clients ec ON ec.id = episodes.client_id").
		Where("ec.person_id = ? AND episodes.organisation_id = ? AND episodes.end_date = ''", c.PersonID, s.actor.OrganisationID).Count(&n).Error
	return n > 0, err
}

// Pathway is a person's timeline as far as the session may see it.
type Pathway struct {
	Client    SeenClient
	Referrals []SeenReferral
	Consents  []SeenConsent
	Episodes  []SeenEpisode
	Entries   []SeenEntry
	Overdoses []SeenOverdose
	Kits      []SeenKit
}

// GetPathway collects what the caller may see of the person behind one of its clients:
// each kind of record through its own category.
func (s *Session) GetPathway(ctx context.Context, handle string) (p *Pathway, err error) {
	err = s.readRecords(ctx, "pathway.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		show, err := s.treats(r.DB, c)
		if err != nil {
			return err
		}
		p = &Pathway{Client: SeenClient{Client: *c, ShowResponsible: show || c.ResponsibleID == s.actor.OrganisationID}}
		r.touched(string(c.ID))
		naming, err := s.consentsNaming(r, c.PersonID) // before what they may open
		if err != nil {
			return err
		}
		if p.Referrals, err = s.seeReferrals(r, s.referralQuery(r.DB, models.Read).
			Where("referrals.id IN (SELECT id FROM referrals WHERE from_client_id IN (?) UNION ALL SELECT id FROM referrals WHERE to_client_id IN (?))", r.ofPerson(c.PersonID), r.ofPerson(c.PersonID))); err != nil {
			return err
		}
		if p.Episodes, err = s.seeEpisodes(r, c, naming); err != nil {
			return err
		}
		var consents []models.Consent
		err = s.scoped(r.Model(&models.Consent{}), consentTable, models.CatConsent, models.Read).
			Where("consents.client_id IN (?)", r.ofPerson(c.PersonID)).Order("id").Find(&consents).Error
		if err != nil {
			return err
		}
		for _, k := range consents {
			r.touched(k.ID)
			p.Consents = append(p.Consents, SeenConsent{Consent: k, ClientCode: c.Handle(), Today: r.today})
			if err := s.disclose(r, consentTable, nil, shownRecord{k.ID, k.ClientID, k.OrganisationID, models.CatConsent}); err != nil {
				return err
			}
		}
		if p.showsOthers(s.actor.OrganisationID) {
			r.relied(naming...)
		}
		return s.addClinicalRecord(r, p, c.PersonID, naming)
	})
	return p, err
}

// addClinicalRecord adds entries, overdoses and naloxone kits.
func (s *Session) addClinicalRecord(r *reading, p *Pathway, person models.PersonID, naming []models.Consent) error {
	var entries []entryRow
	err := standing(s.scopedEntries(entriesWith(r.DB), models.Read)).Where("entries.client_id IN (?)", r.ofPerson(person)).Order("entries.entry_id").Find(&entries).Error
	if err != nil {
		return err
	}
	if p.Entries, err = s.seeEntries(r, entries, naming); err != nil {
		return err
	}
	var overdoses []overdoseRow
	err = s.scoped(overdosesWith(r.DB), overdoseTable, models.CatOverdoseEvent, models.Read).
		Where("overdoses.client_id IN (?)", r.ofPerson(person)).Order("overdoses.id").Find(&overdoses).Error
	if err != nil {
		return err
	}
	if p.Overdoses, err = s.seeOverdoses(r, overdoses, naming); err != nil {
		return err
	}
	var kits []kitRow
	err = s.scoped(kitsWith(r.DB), kitTable, models.CatNaloxone, models.Read).
		Where("naloxone_kits.client_id IN (?)", r.ofPerson(person)).Order("naloxone_kits.id").Find(&kits).Error
	if err != nil {
		return err
	}
	var others []shownRecord
	for i := range kits {
		r.touched(kits[i].ID)
		p.Kits = append(p.Kits, s.seeKit(&kits[i]))
		others = append(others, shownRecord{kits[i].ID, kits[i].ClientID, kits[i].OrganisationID, models.CatNaloxone})
	}
	return s.disclose(r, kitTable, naming, others...)
}

// showsOthers reports whether records that another organisation wrote are shown.
func (p *Pathway) showsOthers(own models.OrganisationID) bool {
	return slices.ContainsFunc(p.Episodes, func(e SeenEpisode) bool { return e.OrganisationID != own }) ||
		slices.ContainsFunc(p.Consents, func(k SeenConsent) bool { return k.OrganisationID != own })
}
