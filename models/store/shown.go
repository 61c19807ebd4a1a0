package store

import (
	"jol/models"
)

// tellReaders enters a record of a client in the change feeds of its writer and of the
// organisations that reach it now.
func (t *tx) tellReaders(kind, id string, tbl table, model any, row string, category models.Category, client models.ClientID) error {
	t.tell(kind, id, t.session.actor.OrganisationID)
	others, err := t.otherReaders(tbl, model, row, category, client)
	t.tell(kind, id, others...)
	return err
}

// otherReaders are the organisations beside the writer that reach a row now by team,
// custody or consent. Break-glass is a person's, and so is the pass an NGO's worker needs
// for somebody who is held: their feeds are not told, their reads are not changed by it.
func (t *tx) otherReaders(tbl table, model any, row string, category models.Category, client models.ClientID) (readers []models.OrganisationID, err error) {
	if client == "" {
		return nil, nil
	}
	s := t.session
	known := t.Model(&models.Client{}).Select("kc.organisation_id").Joins("JOIN clients kc ON kc.person_id = clients.person_id").Where("clients.id = ?", client)
	held := t.Model(&models.Client{}).Select("hs.institution_id").Joins("JOIN custody_spells hs ON hs.person_id = clients.person_id AND hs.ended_at IS NULL").Where("clients.id = ?", client)
	var others []models.Organisation
	err = t.Where("(id IN (?) OR serves IN (?)) AND id <> ? AND active = ?", known, held, s.actor.OrganisationID, true).Order("id").Find(&others).Error
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		them := &Session{store: s.store, actor: models.Actor{OrganisationID: o.ID, OrganisationKind: o.Kind, Serves: o.Serves, Zone: models.Zone(o.Country, o.Region)}}
		for _, relation := range []models.Relation{models.Team, models.InCustody, models.Consented} {
			c := them.reach(tbl, relation, category)
			if c.sql == "" {
				continue
			}
			var n int64
			if err := t.Model(model).Where("id = ?", row).Where("("+c.sql+")", c.args...).Count(&n).Error; err != nil {
				return nil, err
			}
			if n > 0 {
				readers = append(readers, o.ID)
				break
			}
		}
	}
	return readers, nil
}
