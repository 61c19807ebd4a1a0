package store

import (
	"gorm.io/gorm"

	"jol/models"
)

// sendSupervised sends somebody whom the actor's probation office supervises into care: on a
// consent of the client that names the receiver, or on the court duty alone. Probation
// gives no code and gets none. A refusal leaves its event and is committed with it, because
// what it tells is told.
func (t *tx) sendSupervised(id string, n models.NewReferral) (seen *SeenReferral, refusal, err error) {
	v, err := t.session.supervision(func() *gorm.DB { return t.DB }, t.today, n.SupervisionID)
	if err != nil {
		return nil, nil, at("/supervision", err)
	}
	var c models.Client
	if err := withPerson(t.DB).Where("clients.id = ?", v.ClientID).Take(&c).Error; err != nil {
		return nil, nil, err
	}
	t.alsoTouched(string(c.ID))
	t.alsoTouched(v.ID)
	to, err := t.receiver(n.ToOrganisationID)
	if err != nil {
		return nil, nil, err
	}
	var checks models.Checks
	checks.Require(to.Kind == models.KindClinic || to.Kind == models.KindNGO, "/toOrganisation", "referral.receiver_unknown")
	if err := checks.Err(); err != nil {
		return nil, nil, err
	}
	if refusal, err = t.refusedTries(v); err != nil {
		return nil, nil, err
	}
	consent := ""
	if refusal == nil {
		if consent, refusal, err = t.basisToSend(v, &c, to); err != nil {
			return nil, nil, err
		}
	}
	if refusal != nil {
		t.alsoTouched(string(to.ID))
		if err := t.refuse(supervisedRefusal); err != nil {
			return nil, nil, err
		}
		return nil, refusal, nil
	}
	seen, err = t.send(id, &c, to, consent, n)
	return seen, nil, err
}

// supervisedRefusal is the event of a referral that a probation office was refused.
const supervisedRefusal = "referral.refusal"

// refusedTries answers no to whatever is asked about a supervision on a day on which it was
// answered so MaxRefusedTries times: an office could otherwise go through the list of
// receivers and see for whom the client has signed.
func (t *tx) refusedTries(v *Supervision) (refusal, err error) {
	var tries int64
	err = t.Model(&auditRow{}).Joins("JOIN audit_objects ao ON ao.seq = audit_events.seq AND ao.object_id = ?", v.ID).
		Where("audit_events.action = ? AND audit_events.at >= ?", supervisedRefusal, models.StartOfDay(t.today, t.session.actor.Zone)).Count(&tries).Error
	if err != nil || tries < models.MaxRefusedTries {
		return nil, err
	}
	return noToSupervision(v), nil
}

// noToSupervision is the one answer for each basis, whatever the reason: what the client said
// of the receiver, that nothing was said, and that too much was tried answer alike.
func noToSupervision(v *Supervision) error {
	if v.Basis == "court_duty" {
		var checks models.Checks
		checks.Add("/toOrganisation", "referral.receiver_unknown")
		return checks.Err()
	}
	return models.Fail(models.KindConflict, "referral.consent_required",
		"No consent in force covers sending this client to that organisation. After %d such answers about one supervision there is no other until the next day.", models.MaxRefusedTries)
}

// basisToSend finds the consent on which somebody is sent, none for a court duty that is
// enough. The duty does not go over a no.
func (t *tx) basisToSend(v *Supervision, c *models.Client, to *models.Organisation) (consent string, refusal, err error) {
	if consent, err = t.consentToSend(c, to); err != nil || consent != "" {
		return consent, nil, err
	}
	if v.Basis != "court_duty" {
		return "", noToSupervision(v), nil
	}
	said, err := t.exists(&models.Consent{}, "client_id IN (SELECT id FROM clients WHERE person_id = ?) AND recipient_id = ? AND state IN ?",
		c.PersonID, to.ID, []string{models.ConsentRefused, models.ConsentWithdrawn, models.ConsentInvalid})
	if err != nil || !said {
		return "", nil, err
	}
	return "", noToSupervision(v), nil
}

// consentToSend finds the consent to a referral that names the receiver itself; a consent to
// all of a kind was not given for a probation office to choose among them.
func (t *tx) consentToSend(c *models.Client, to *models.Organisation) (string, error) {
	var given []models.Consent
	err := t.Where("client_id = ? AND state = ? AND purpose = ? AND recipient_id = ? AND from_date <= ? AND until_date >= ?",
		c.ID, models.ConsentGiven, models.PurposeReferral, to.ID, t.today, t.today).Order("until_date DESC, id").Limit(1).Find(&given).Error
	if err != nil || len(given) == 0 {
		return "", err
	}
	return given[0].ID, nil
}

// cancelReferralsOn takes back what was sent on a court duty that has ended, as a withdrawal
// does with a consent. What the receiver recorded of its own stays its own.
func (t *tx) cancelReferralsOn(duty string) error {
	var open []models.Referral
	if err := t.Where("supervision_id = ? AND consent_id IS NULL AND state IN ?", duty, models.OpenReferralStates).Order("id").Find(&open).Error; err != nil {
		return err
	}
	for i := range open {
		r, before := &open[i], open[i].Version
		r.DutyEnded(t.now)
		if err := changed(t.Model(r).Where("version = ?", before).Select("state", "settled_at", "version").Updates(r)); err != nil {
			return err
		}
		t.alsoTouched(r.ID)
		t.gone("referral", r.ID, r.ToOrganisationID)
	}
	return nil
}

// tellSender tells the sender's change feed, unless that is a probation office: a feed would
// go on naming the days of somebody whom it supervises no more.
func (t *tx) tellSender(r *models.Referral) {
	if !r.Supervised() {
		t.tell("referral", r.ID, r.FromOrganisationID)
	}
}

// noteSupervised remembers on what a probation office was shown how its referrals stand, and
// enters it in the log of the organisation whose client it is.
func (s *Session) noteSupervised(r *reading, rows []referralRow) error {
	if s.actor.OrganisationKind != models.KindProbation || len(rows) == 0 {
		return nil
	}
	all, err := s.supervisions(func() *gorm.DB { return r.DB }, r.today)
	if err != nil {
		return err
	}
	by := map[string]*Supervision{}
	for i := range all {
		by[all[i].ID] = &all[i]
	}
	for i := range rows {
		v := by[rows[i].SupervisionID]
		if v == nil {
			return models.NotFound("referral")
		}
		if v.Basis == "court_duty" {
			r.permits = append(r.permits, permitRef{dutyTable, v.ID})
		} else {
			r.relied(models.Consent{ID: v.ID, Version: v.Version})
		}
		v.Entries = []SupervisedEntry{{OrganisationID: rows[i].FromClientOrganisation, Category: models.CatAttendance}}
		r.discloseSupervised(v)
	}
	return nil
}
