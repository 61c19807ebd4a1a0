package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// SeenOverdose is an overdose as the session may see it.
type SeenOverdose struct {
	models.Overdose
	// ClientCode is the handle of the caller's own client; empty without one.
	ClientCode string
	// Own: the caller's organisation wrote the report, and moves it.
	Own bool
	// Whole is false when only place and time may be shown.
	Whole bool
	// HasKit says that the writing organisation gave the client a kit since.
	HasKit bool
}

type overdoseRow struct {
	models.Overdose
	ClientCode  string
	ClientLocal int
	LastKit     models.Date // the last day a kit was given to the client
}

func overdosesWith(q *gorm.DB) *gorm.DB {
	return q.Model(&models.Overdose{}).Select("overdoses.*, COALESCE(oc.code, '') AS client_code, COALESCE(oc.local_no, 1) AS client_local, " +
		"COALESCE((SELECT max(nk.given_on) FROM naloxone_kits nk WHERE nk.client_id = overdoses.client_id AND nk.client_id <> '' " +
		"AND nk.organisation_id = overdoses.organisation_id AND nk.state = 'given'), '') AS last_kit").
		Joins("LEFT JOIN clients oc ON oc.id = overdoses.client_id")
}

// seeOverdose shows a row; clinical says that the clinical part is the session's to read.
// What an organisation that keeps records wrote it reads itself; a prison does not.
func (s *Session) seeOverdose(row *overdoseRow, clinical bool) SeenOverdose {
	_, care := s.actor.OrganisationKind.Sector()
	own := row.OrganisationID == s.actor.OrganisationID
	seen := SeenOverdose{Overdose: row.Overdose, Own: own, Whole: care && (own || clinical), HasKit: row.LastKit >= models.DateOf(row.At, s.actor.Zone)}
	if own && row.ClientID != "" {
		seen.ClientCode = models.CodeHandle(row.ClientCode, row.ClientLocal)
	}
	return seen
}

// seeOverdoses turns rows into what is seen and writes down what of it is another's.
func (s *Session) seeOverdoses(r *reading, rows []overdoseRow, naming []models.Consent) (seen []SeenOverdose, err error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var whole []string
	err = s.scoped(r.Session(&gorm.Session{NewDB: true}).Model(&models.Overdose{}), overdoseTable, models.CatOverdoseClinical, models.Read).
		Where("overdoses.id IN ?", ids).Pluck("overdoses.id", &whole).Error
	if err != nil {
		return nil, err
	}
	clinical := map[string]bool{}
	for _, id := range whole {
		clinical[id] = true
	}
	var others []shownRecord
	for i := range rows {
		o := s.seeOverdose(&rows[i], clinical[rows[i].ID])
		r.touched(o.ID)
		seen = append(seen, o)
		category := models.CatOverdoseEvent
		if o.Whole {
			category = models.CatOverdoseClinical
		}
		others = append(others, shownRecord{o.ID, o.ClientID, o.OrganisationID, category})
	}
	return seen, s.disclose(r, overdoseTable, naming, others...)
}

// ListOverdoses returns the organisation's own reports, newest first.
func (s *Session) ListOverdoses(ctx context.Context, p Paging) (page Page[SeenOverdose], err error) {
	err = s.readRecords(ctx, "overdose.read", func(r *reading) error {
		q := s.scoped(overdosesWith(r.DB), overdoseTable, models.CatOverdoseEvent, models.Read).Where("overdoses.organisation_id = ?", s.actor.OrganisationID)
		rows, err := loadPage(s, q, "overdoses", "overdoses.id", p, func(row overdoseRow) string { return row.ID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		page.Items, err = s.seeOverdoses(r, rows.Items, nil)
		return err
	})
	return page, err
}

// GetOverdose returns one overdose of the session's scope.
func (s *Session) GetOverdose(ctx context.Context, id string) (seen *SeenOverdose, err error) {
	err = s.readRecords(ctx, "overdose.read", func(r *reading) error {
		person := r.Model(&models.Overdose{}).Select("pc.person_id").Joins("JOIN clients pc ON pc.id = overdoses.client_id").Where("overdoses.id = ?", id)
		naming, err := s.consentsNaming(r, person)
		if err != nil {
			return found(err, "overdose")
		}
		var row overdoseRow
		q := s.scoped(overdosesWith(r.DB), overdoseTable, models.CatOverdoseEvent, models.Read).Where("overdoses.id = ?", id)
		if err := found(q.Take(&row).Error, "overdose"); err != nil {
			return err
		}
		list, err := s.seeOverdoses(r, []overdoseRow{row}, naming)
		if err != nil {
			return err
		}
		seen = &list[0]
		return nil
	})
	return seen, err
}

// placeOnly reports whether the organisation reports place and time and nothing else: it
// keeps no records of people.
func (s *Session) placeOnly() bool {
	_, care := s.actor.OrganisationKind.Sector()
	return !care
}

// ReportOverdose records an overdose, of the client named or of nobody known. The second
// one in a place proposes an alert.
func (s *Session) ReportOverdose(ctx context.Context, handle string, n models.NewOverdose) (seen *SeenOverdose, out Outcome, err error) {
	if err := n.Check(s.store.opt.Country, s.store.now(), s.today(), s.placeOnly()); err != nil {
		return nil, out, err
	}
	if handle != "" && s.placeOnly() {
		var c models.Checks
		c.Add("/clientCode", "overdose.place_and_time_only")
		return nil, out, c.Err()
	}
	out, err = s.create(ctx, "overdose.create", func(t *tx, id string, replayed bool) error {
		var c models.Client
		if handle != "" {
			client, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
			if err != nil {
				return at("/clientCode", err)
			}
			c = *client
			t.alsoTouched(string(c.ID))
		}
		if !replayed {
			o := models.Overdose{
				ID: id, ClientID: c.ID, OrganisationID: s.actor.OrganisationID, Region: n.Region, Place: n.Place, At: n.At,
				Substances: orEmpty(n.Substances), NaloxoneDoses: n.NaloxoneDoses, Ambulance: n.Ambulance, Outcome: n.Outcome, State: n.State(),
				Version: 1, CreatedAt: t.now, CreatedBy: s.actor.UserID,
			}
			if err := t.report(&o); err != nil {
				return err
			}
		}
		seen, err = t.ownOverdose(id, models.Create)
		return err
	})
	return seen, out, err
}

func (t *tx) ownOverdose(id string, verb models.Verb) (*SeenOverdose, error) {
	var row overdoseRow
	q := t.session.scoped(overdosesWith(t.DB), overdoseTable, models.CatOverdoseEvent, verb).
		Where("overdoses.id = ? AND overdoses.organisation_id = ?", id, t.session.actor.OrganisationID)
	if err := found(q.Take(&row).Error, "overdose"); err != nil {
		return nil, err
	}
	seen := t.session.seeOverdose(&row, false)
	return &seen, nil
}

// report keeps an overdose and does what follows from it.
func (t *tx) report(o *models.Overdose) error {
	if err := t.Create(o).Error; err != nil {
		return err
	}
	if o.ClientID != "" {
		if err := t.anchor(o.ClientID, "overdose_event", o.At); err != nil {
			return err
		}
	}
	if err := t.proposeAlert(o); err != nil {
		return err
	}
	return t.tellReaders("overdose", o.ID, overdoseTable, shownRecord{o.ID, o.ClientID, o.OrganisationID, models.CatOverdoseEvent})
}

// proposeAlert proposes an alert when another overdose lies near in place and time,
// whoever reported it, once for those that lie together. The proposal says that there were
// two or more, and nothing of any of them.
func (t *tx) proposeAlert(o *models.Overdose) error {
	from, to := o.At.Add(-models.ClusterWindow), o.At.Add(models.ClusterWindow)
	var near, proposed int64
	err := t.Model(&models.Overdose{}).Where("region = ? AND place = ? AND at >= ? AND at <= ? AND id <> ?", o.Region, o.Place, from, to, o.ID).Count(&near).Error
	if err != nil || near == 0 {
		return err
	}
	err = t.Model(&models.Alert{}).Where("region = ? AND place = ? AND at >= ? AND at <= ?", o.Region, o.Place, from, to).Count(&proposed).Error
	if err != nil || proposed > 0 {
		return err
	}
	a := models.Alert{ID: momentlessID(), Kind: "overdose_cluster", State: models.AlertProposed, Region: o.Region, Place: o.Place, At: &o.At, Basis: []string{}, Version: 1, CreatedAt: t.now}
	a.ListedAs = listedAs(t.today, a.ID)
	a.Say(models.AlertText{})
	if err := t.Create(&a).Error; err != nil {
		return err
	}
	t.alsoTouched(a.ID)
	return t.tellProgramme(&a)
}

// tellKinds enters a record that is about nobody in the feeds of all organisations of some kinds.
func (t *tx) tellKinds(kind, id string, kinds ...models.OrganisationKind) error {
	var to []models.OrganisationID
	err := t.Model(&models.Organisation{}).Where("kind IN ? AND active = ?", kinds, true).Order("id").Pluck("id", &to).Error
	t.tell(kind, id, to...)
	return err
}

// MoveOverdose makes one move of the state machine.
func (s *Session) MoveOverdose(ctx context.Context, id, name string, m models.OverdoseMove) (seen *SeenOverdose, err error) {
	if err := m.Check(name, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "overdose.change", func(t *tx) error {
		current, err := t.ownOverdose(id, models.Change)
		if err != nil {
			return err
		}
		if err := t.base(current.Version); err != nil {
			return err
		}
		o := &current.Overdose
		if err := o.Do(name, m, s.actor.Zone); err != nil {
			return err
		}
		t.audit(id)
		columns := []string{"state", "naloxone_doses", "ambulance", "outcome", "followed_up_on", "reviewed_on", "version"}
		if err := changed(t.Model(o).Where("version = ?", s.req.Base).Select(columns).Updates(o)); err != nil {
			return err
		}
		if name == "death" && o.ClientID != "" {
			if err := t.anchor(o.ClientID, "death", o.At); err != nil {
				return err
			}
		}
		seen = current
		return t.tellReaders("overdose", id, overdoseTable, shownRecord{id, o.ClientID, o.OrganisationID, models.CatOverdoseEvent})
	})
	return seen, err
}
