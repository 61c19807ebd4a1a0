package store

import (
	"slices"

	"gorm.io/gorm"

	"jol/models"
)

// foreign is another organisation's record of a person that a read shows.
type foreign struct {
	id           string
	client       models.ClientID
	organisation models.OrganisationID
	category     models.Category
}

// relationsShown are what opens another organisation's record, in the order in which a
// disclosure names one: the client's own word before anything else.
var relationsShown = []models.Relation{models.Consented, models.Team, models.InCustody, models.Emergency}

// discloses enters in the disclosure log what the read shows of other organisations'
// records, with the consent or the relation that opened each, and makes the read rely on
// the consents. model is of the table's rows; naming was loaded before them.
func (s *Session) discloses(r *reading, t table, model any, naming []models.Consent, records []foreign) error {
	records = slices.DeleteFunc(records, func(f foreign) bool { return f.organisation == s.actor.OrganisationID })
	if len(records) == 0 {
		return nil
	}
	r.relied(naming...)
	var entered []models.Disclosure
	for _, category := range categoriesOf(records) {
		var left []foreign
		for _, f := range records {
			if f.category == category {
				left = append(left, f)
			}
		}
		for _, relation := range relationsShown {
			opened, err := s.openedBy(r, t, model, relation, left, category)
			if err != nil {
				return err
			}
			left = slices.DeleteFunc(left, func(f foreign) bool {
				if !opened[f.id] {
					return false
				}
				d := models.Disclosure{ClientID: f.client, OrganisationID: f.organisation, RecipientID: s.actor.OrganisationID, At: r.now, ActorID: s.actor.UserID, Ground: string(relation)}
				if relation == models.Consented {
					if d.Ground, d.ConsentID = "", consentBehind(naming, f, r.today); d.ConsentID == "" {
						return false
					}
				}
				entered = addDisclosure(entered, d, category)
				return true
			})
		}
		if len(left) > 0 { // what opened it ended, or began, between the queries: nothing is shown that is not entered
			return models.NotFound(r.noun)
		}
	}
	for _, d := range entered {
		d.ID = newID()
		r.disclosed(d)
	}
	return nil
}

func categoriesOf(records []foreign) []models.Category {
	var all []models.Category
	for _, f := range records {
		all = append(all, f.category)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// openedBy says which of the records the relation reaches.
func (s *Session) openedBy(r *reading, t table, model any, relation models.Relation, records []foreign, category models.Category) (map[string]bool, error) {
	opened := map[string]bool{}
	if len(records) == 0 || !s.grants.Through(category, models.Read, relation) {
		return opened, nil
	}
	c := s.reach(t, relation, category)
	if c.sql == "" {
		return opened, nil
	}
	ids := make([]string, len(records))
	for i, f := range records {
		ids[i] = f.id
	}
	var found []string
	err := r.Session(&gorm.Session{NewDB: true}).Model(model).Where("id IN ?", ids).Where("("+c.sql+")", c.args...).Pluck("id", &found).Error
	for _, id := range found {
		opened[id] = true
	}
	return opened, err
}

// consentBehind names the consent that opens a record: recorded on that very record, in
// force, for a fitting purpose and the category.
func consentBehind(naming []models.Consent, f foreign, today models.Date) string {
	for i := range naming {
		k := &naming[i]
		if k.ClientID == f.client && k.InForce(today) && slices.Contains(models.PurposesFor(f.category), k.Purpose) &&
			slices.Contains(k.Categories, f.category.Consentable()) {
			return k.ID
		}
	}
	return ""
}

// addDisclosure adds a category to the entry of the same client and ground.
func addDisclosure(entered []models.Disclosure, d models.Disclosure, category models.Category) []models.Disclosure {
	for i := range entered {
		e := &entered[i]
		if e.ClientID == d.ClientID && e.ConsentID == d.ConsentID && e.Ground == d.Ground {
			if !slices.Contains(e.Categories, category) {
				e.Categories = append(e.Categories, category)
			}
			return entered
		}
	}
	d.Categories = []models.Category{category}
	return append(entered, d)
}

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
