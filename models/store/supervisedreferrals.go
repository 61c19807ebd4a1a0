package store

import (
	"gorm.io/gorm"

	"jol/models"
)

// sendSupervised sends somebody whom the actor's probation office supervises into care: on a
// consent of the client that names the receiver, or on the court duty alone. Probation
// gives no code and gets none.
func (t *tx) sendSupervised(id string, n models.NewReferral) (*SeenReferral, error) {
	v, err := t.session.supervision(func() *gorm.DB { return t.DB }, t.today, n.SupervisionID)
	if err != nil {
		return nil, at("/supervision", err)
	}
	var c models.Client
	if err := withPerson(t.DB).Where("clients.id = ?", v.ClientID).Take(&c).Error; err != nil {
		return nil, err
	}
	t.alsoTouched(string(c.ID))
	t.alsoTouched(v.ID)
	to, err := t.receiver(n.ToOrganisationID)
	if err != nil {
		return nil, err
	}
	var checks models.Checks
	checks.Require(to.Kind == models.KindClinic || to.Kind == models.KindNGO, "/toOrganisation", "referral.receiver_unknown")
	if err := checks.Err(); err != nil {
		return nil, err
	}
	consent, err := t.consentToSend(&c, to)
	if err != nil {
		return nil, err
	}
	if consent == "" { // the duty does not go over a no; what is answered is what an unknown receiver is
		said, err := t.exists(&models.Consent{}, "client_id IN (SELECT id FROM clients WHERE person_id = ?) AND recipient_id = ? AND state IN ?",
			c.PersonID, to.ID, []string{models.ConsentRefused, models.ConsentWithdrawn, models.ConsentInvalid})
		if err != nil {
			return nil, err
		}
		checks.Require(!said, "/toOrganisation", "referral.receiver_unknown")
		if err := checks.Err(); err != nil {
			return nil, err
		}
	}
	if consent == "" && v.Basis != "court_duty" {
		return nil, models.Fail(models.KindConflict, "referral.consent_required", "No consent in force covers sending this client to that organisation.")
	}
	return t.send(id, &c, to, consent, n)
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
