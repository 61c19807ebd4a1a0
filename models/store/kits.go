package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// SeenKit is a naloxone kit as the session may see it.
type SeenKit struct {
	models.NaloxoneKit
	ClientCode string // of the caller's own client
	Own        bool   // the caller's organisation holds it, or gave it out
	Today      models.Date
}

type kitRow struct {
	models.NaloxoneKit
	ClientCode  string
	ClientLocal int
}

func kitsWith(q *gorm.DB) *gorm.DB {
	return q.Model(&models.NaloxoneKit{}).Select("naloxone_kits.*, COALESCE(kc.code, '') AS client_code, COALESCE(kc.local_no, 1) AS client_local").
		Joins("LEFT JOIN clients kc ON kc.id = naloxone_kits.client_id")
}

func (s *Session) seeKit(row *kitRow) SeenKit {
	seen := SeenKit{NaloxoneKit: row.NaloxoneKit, Own: row.OrganisationID == s.actor.OrganisationID, Today: s.today()}
	if row.ClientID != "" && seen.Own {
		seen.ClientCode = models.CodeHandle(row.ClientCode, row.ClientLocal)
	}
	return seen
}

// ownKits selects the organisation's kits: stock is nobody else's business.
func (s *Session) ownKits(q *gorm.DB, verb models.Verb) *gorm.DB {
	return s.scoped(kitsWith(q), kitTable, models.CatNaloxone, verb).Where("naloxone_kits.organisation_id = ?", s.actor.OrganisationID)
}

// ListKits returns the organisation's kits, newest first, in one state or in all.
func (s *Session) ListKits(ctx context.Context, state string, p Paging) (page Page[SeenKit], err error) {
	err = s.readRecords(ctx, "naloxone_kit.read", func(r *reading) error {
		q := s.ownKits(r.DB, models.Read)
		if state != "" {
			q = q.Where("naloxone_kits.state = ?", state)
		}
		rows, err := loadPage(s, q, "naloxone_kits", "naloxone_kits.id", p, func(row kitRow) string { return row.ID })
		page.Next = rows.Next
		for i := range rows.Items {
			r.touched(rows.Items[i].ID)
			page.Items = append(page.Items, s.seeKit(&rows.Items[i]))
		}
		return err
	})
	return page, err
}

// GetKit returns one kit of the organisation.
func (s *Session) GetKit(ctx context.Context, id string) (seen *SeenKit, err error) {
	err = s.readRecords(ctx, "naloxone_kit.read", func(r *reading) error {
		var row kitRow
		if err := found(s.ownKits(r.DB, models.Read).Where("naloxone_kits.id = ?", id).Take(&row).Error, "naloxone_kit"); err != nil {
			return err
		}
		r.touched(id)
		kit := s.seeKit(&row)
		seen = &kit
		return nil
	})
	return seen, err
}

// StockKit takes a kit into stock.
func (s *Session) StockKit(ctx context.Context, n models.NewNaloxoneKit) (seen *SeenKit, out Outcome, err error) {
	if err := n.Check(s.today()); err != nil {
		return nil, out, err
	}
	out, err = s.create(ctx, "naloxone_kit.create", func(t *tx, id string, replayed bool) error {
		if !replayed {
			kit := models.NaloxoneKit{
				ID: id, OrganisationID: s.actor.OrganisationID, Lot: n.Lot, ExpiresOn: n.ExpiresOn, State: models.KitStocked, Version: 1, CreatedAt: t.now,
			}
			if err := t.Create(&kit).Error; err != nil {
				return err
			}
			t.tell("naloxone_kit", id, s.actor.OrganisationID)
		}
		var row kitRow
		if err := found(s.ownKits(t.DB, models.Create).Where("naloxone_kits.id = ?", id).Take(&row).Error, "naloxone_kit"); err != nil {
			return err
		}
		kit := s.seeKit(&row)
		seen = &kit
		return nil
	})
	return seen, out, err
}

// KitSubject is whom a kit was given to, or the overdose it was used in; both may be empty.
type KitSubject struct {
	ClientCode string
	Overdose   string
}

// MoveKit hands a kit out, or records that it was used or lost.
func (s *Session) MoveKit(ctx context.Context, id, name string, m models.KitMove, subject KitSubject) (seen *SeenKit, err error) {
	if err := m.Check(s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "naloxone_kit.change", func(t *tx) error {
		var row kitRow
		if err := found(s.ownKits(t.DB, models.Change).Where("naloxone_kits.id = ?", id).Take(&row).Error, "naloxone_kit"); err != nil {
			return err
		}
		if err := t.base(row.Version); err != nil {
			return err
		}
		kit := &row.NaloxoneKit
		if err := kit.Do(name, m); err != nil {
			return err
		}
		t.audit(id)
		if subject.ClientCode != "" {
			c, err := s.clientByHandle(t.DB, subject.ClientCode, models.CatIdentity, models.Read)
			if err != nil {
				return at("/clientCode", err)
			}
			kit.ClientID, row.ClientCode, row.ClientLocal = c.ID, c.Code, c.LocalNo
			t.alsoTouched(string(c.ID))
		}
		if subject.Overdose != "" {
			var o models.Overdose
			q := s.scoped(t.DB, overdoseTable, models.CatOverdoseEvent, models.Read).Where("overdoses.organisation_id = ?", s.actor.OrganisationID)
			if err := found(q.Where("overdoses.id = ?", subject.Overdose).Take(&o).Error, "overdose"); err != nil {
				return at("/overdose", err)
			}
			kit.OverdoseID = o.ID
			t.alsoTouched(o.ID)
		}
		columns := []string{"state", "client_id", "given_on", "used_on", "overdose_id", "version"}
		if err := changed(t.Model(kit).Where("version = ?", s.req.Base).Select(columns).Updates(kit)); err != nil {
			return err
		}
		changedKit := s.seeKit(&row)
		seen = &changedKit
		return t.tellReaders("naloxone_kit", id, kitTable, shownRecord{id, kit.ClientID, kit.OrganisationID, models.CatNaloxone})
	})
	return seen, err
}
