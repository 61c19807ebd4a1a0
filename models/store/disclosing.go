package store

import (
	"cmp"
	"slices"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// permitRef is something beside consent that a read relied on and that may end while it
// is answered: an NGO's agreement, its worker's pass, the accepted referral; an emergency
// access; a court duty.
type permitRef struct {
	table table
	id    string
}

// openedRecord is one record that only an emergency access opened.
type openedRecord struct {
	id         string
	org        models.OrganisationID
	breakGlass string
}

// acceptedStates are those of a referral that the receiver took on.
var acceptedStates = []string{
	models.ReferralAccepted, models.ReferralAppointmentFixed, models.ReferralAttended, models.ReferralNoShow, models.ReferralReEngagement,
}

// permitsFor notes what an NGO's worker needs beside consent for the record of a prison
// health unit (Session.visits), before the records are read: what lapses between that and the
// commit of the audit event turns a read that shows such a record into an absent one. Of several agreements all are
// noted: one too many perhaps, never one too few.
func (s *Session) permitsFor(r *reading, person any) error {
	if s.actor.OrganisationKind != models.KindNGO {
		return nil
	}
	held := func() *gorm.DB {
		return r.Session(&gorm.Session{NewDB: true}).Table("custody_spells AS hs").Where("hs.person_id = (?) AND "+heldNow, person)
	}
	org := s.actor.OrganisationID
	for t, q := range map[table]*gorm.DB{
		agreementTable: held().Joins("JOIN agreements t ON t.institution_id = hs.institution_id AND t.ngo_id = ? AND t.state = 'active'", org),
		passTable:      held().Joins("JOIN access_passes t ON t.institution_id = hs.institution_id AND t.user_id = ? AND t.state = 'active'", s.actor.UserID),
		referralTable: held().Joins("JOIN clients fc ON fc.person_id = hs.person_id").
			Joins("JOIN referrals t ON t.from_client_id = fc.id AND t.to_organisation_id = ? AND t.supervision_id = '' AND t.state IN ?", org, acceptedStates),
	} {
		var ids []string
		if err := q.Pluck("t.id", &ids).Error; err != nil {
			return err
		}
		for _, id := range ids {
			r.visit = append(r.visit, permitRef{t, id})
		}
	}
	return nil
}

// currentPermits looks at the permits of a batch again, locked in share mode as the
// consents are.
func currentPermits(db *gorm.DB, batch []readEvent) (map[permitRef]bool, error) {
	ids := map[table][]string{}
	var now time.Time
	for _, e := range batch {
		for _, p := range e.permits {
			ids[p.table] = append(ids[p.table], p.id)
			now = e.session.store.now()
		}
	}
	current := map[permitRef]bool{}
	for _, t := range []table{agreementTable, passTable, referralTable, breakGlassTable, dutyTable} { // everybody locks in one order
		if len(ids[t]) == 0 {
			continue
		}
		q := db.Table(string(t)).Where("id IN ?", ids[t]).Order("id")
		switch t {
		case referralTable:
			q = q.Where("state IN ?", acceptedStates)
		case breakGlassTable:
			q = q.Where("expires_at > ?", now)
		case dutyTable:
			q = q.Where("ended_at IS NULL")
		default:
			q = q.Where("state = 'active'")
		}
		var found []string
		if err := shared(q).Pluck("id", &found).Error; err != nil {
			return nil, err
		}
		for _, id := range found {
			current[permitRef{t, id}] = true
		}
	}
	return current, nil
}

// recordOpened gives each record that an emergency access opened an event of its own, and
// tells the organisation whose record it is.
func recordOpened(db *gorm.DB, e readEvent) ([]auditRow, error) {
	if len(e.opened) == 0 {
		return nil, nil
	}
	events := make([]auditRow, len(e.opened))
	t := &tx{DB: db, session: e.session, now: e.event.At, today: e.session.today(), action: "break_glass.open"}
	for i, o := range e.opened {
		events[i] = e.session.event("break_glass.open", "ok", e.event.At, []string{o.id, o.breakGlass})
		if err := t.notify(o.org, "break_glass", o.breakGlass, ""); err != nil {
			return nil, err
		}
	}
	return events, t.tellChanges()
}

// shownRecord is a record as it is shown to another organisation: once for each category it
// is shown in.
type shownRecord struct {
	id       string
	client   models.ClientID
	org      models.OrganisationID
	category models.Category
}

// disclose enters in the disclosure log what a read shows of other organisations: by the
// consent that opens it, or else by the relation that does. naming are the consents that
// name the actor, loaded before the records. A record that nothing opens any more is an
// absent one.
func (s *Session) disclose(r *reading, t table, naming []models.Consent, shown ...shownRecord) error {
	entries, orgs := map[[4]string]*models.Disclosure{}, []models.OrganisationID{}
	grounds := map[shownRecord]models.Disclosure{} // they hang on the client and the category, not on the record
	for _, record := range shown {
		if record.org == s.actor.OrganisationID {
			continue
		}
		if len(entries) == 0 {
			r.relied(naming...)
		}
		d := models.Disclosure{ClientID: record.client, OrganisationID: record.org, ConsentID: s.consentBehind(r, naming, record)}
		orgs = append(orgs, record.org)
		if d.ConsentID == "" {
			alike := shownRecord{client: record.client, category: record.category}
			if _, known := grounds[alike]; !known {
				if err := s.groundOf(r, t, record, &d); err != nil {
					return err
				}
				grounds[alike] = d
			}
			d = grounds[alike]
			if o := (openedRecord{record.id, record.org, d.Reference}); d.Ground == string(models.Emergency) && !slices.Contains(r.opened, o) {
				r.opened = append(r.opened, o)
			}
		}
		key := [4]string{string(d.ClientID), d.ConsentID, d.Ground, d.Reference}
		if entries[key] == nil {
			entries[key] = &d
		}
		if e := entries[key]; !slices.Contains(e.Categories, record.category) {
			e.Categories = append(e.Categories, record.category)
		}
	}
	for _, d := range entries {
		r.disclosed(*d)
	}
	slices.SortFunc(r.told, func(a, b models.Disclosure) int { return cmp.Compare(a.ID, b.ID) })
	return r.showsOf(orgs)
}

// showsOf makes the answer rest on the permits of a visit when it shows a record of a prison
// health unit: one of the community's is shown whether they hold or not.
func (r *reading) showsOf(orgs []models.OrganisationID) error {
	if len(r.visit) == 0 || len(orgs) == 0 {
		return nil
	}
	var inside int64
	err := r.Session(&gorm.Session{NewDB: true}).Model(&models.Organisation{}).Where("id IN ? AND kind = ?", orgs, models.KindPrisonHealth).Count(&inside).Error
	if inside > 0 {
		r.permits, r.visit = append(r.permits, r.visit...), nil
	}
	return err
}

// consentBehind is the consent that opens a record to the actor, if one does.
func (s *Session) consentBehind(r *reading, naming []models.Consent, record shownRecord) string {
	if !s.grants.Through(record.category, models.Read, models.Consented) {
		return ""
	}
	for i := range naming {
		k := &naming[i]
		if k.ClientID == record.client && k.InForce(r.today) && slices.Contains(k.Categories, record.category.Consentable()) &&
			slices.Contains(models.PurposesFor(record.category), k.Purpose) {
			return k.ID
		}
	}
	return ""
}

// groundOf finds the relation that opens a record without a consent.
func (s *Session) groundOf(r *reading, t table, record shownRecord, d *models.Disclosure) error {
	for _, relation := range []models.Relation{models.Team, models.InCustody, models.Emergency} {
		if !s.grants.Through(record.category, models.Read, relation) {
			continue
		}
		open, err := s.opens(r.DB, t, relation, record)
		if err != nil {
			return err
		}
		if !open {
			continue
		}
		d.Ground = string(relation)
		if relation == models.Emergency {
			return s.openedInEmergency(r, record, d)
		}
		return nil
	}
	return models.NotFound(r.noun)
}

// opens reports whether a relation opens a record to the session's organisation now.
func (s *Session) opens(db *gorm.DB, t table, relation models.Relation, record shownRecord) (bool, error) {
	c := s.reach(t, relation, record.category)
	if c.sql == "" {
		return false, nil
	}
	var n int64
	err := db.Session(&gorm.Session{NewDB: true}).Table(string(t)).Where("id = ?", record.id).Where("("+c.sql+")", c.args...).Count(&n).Error
	return n > 0, err
}

// openedInEmergency ties a record to the actor's emergency access.
func (s *Session) openedInEmergency(r *reading, record shownRecord, d *models.Disclosure) error {
	var b models.BreakGlass
	err := r.Joins("JOIN clients rc ON rc.person_id = break_glass.person_id AND rc.id = ?", record.client).
		Where("break_glass.user_id = ? AND break_glass.expires_at > ?", s.actor.UserID, r.now).Order("break_glass.expires_at DESC").Take(&b).Error
	if err != nil {
		return found(err, r.noun)
	}
	d.Reference = b.ID
	if permit := (permitRef{breakGlassTable, b.ID}); !slices.Contains(r.permits, permit) {
		r.permits = append(r.permits, permit)
	}
	return nil
}
