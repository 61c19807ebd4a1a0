package store

import (
	"jol/models"
)

// tellReaders enters a record of a client in the change feeds of its writer and of the
// organisations that reach it now.
func (t *tx) tellReaders(kind, id string, tbl table, record shownRecord) error {
	t.tell(kind, id, t.session.actor.OrganisationID)
	others, err := t.otherReaders(tbl, record)
	t.tell(kind, id, others...)
	return err
}

// otherReaders are the organisations beside the writer that reach a record now by team,
// custody or consent. Break-glass is a person's, and so is the pass an NGO's worker needs
// for somebody who is held: their feeds are not told, their reads are not changed by it.
func (t *tx) otherReaders(tbl table, record shownRecord) (readers []models.OrganisationID, err error) {
	if record.client == "" {
		return nil, nil
	}
	s := t.session
	known := t.Model(&models.Client{}).Select("kc.organisation_id").Joins("JOIN clients kc ON kc.person_id = clients.person_id").Where("clients.id = ?", record.client)
	held := t.Model(&models.Client{}).Select("hs.institution_id").Joins("JOIN custody_spells hs ON hs.person_id = clients.person_id AND hs.ended_at IS NULL").Where("clients.id = ?", record.client)
	var others []models.Organisation
	err = t.Where("(id IN (?) OR serves IN (?)) AND id <> ? AND active = ?", known, held, s.actor.OrganisationID, true).Order("id").Find(&others).Error
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		them := s.of(&o)
		for _, relation := range []models.Relation{models.Team, models.InCustody, models.Consented} {
			open, err := them.opens(t.DB, tbl, relation, record)
			if err != nil {
				return nil, err
			}
			if open {
				readers = append(readers, o.ID)
				break
			}
		}
	}
	return readers, nil
}
