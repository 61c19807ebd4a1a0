package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// ReleaseFromCustody ends a stay because the person goes free. It is never refused for
// want of paper. From the same transaction on exactly one organisation is responsible:
// whoever accepted a referral for the release, or else the default clinic of the exit
// region, or else, where there is none, still the health unit.
func (s *Session) ReleaseFromCustody(ctx context.Context, id string, r models.CustodyRelease) (seen *SeenSpell, err error) {
	if err := r.Check(s.store.opt.Country, s.store.now(), s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "custody_spell.release", func(t *tx) error {
		spell, c, err := t.spell(id, models.Change)
		if err != nil {
			return err
		}
		if err := t.base(spell.Version); err != nil {
			return err
		}
		treated, err := t.exists(&models.Episode{}, "client_id = ? AND structured = ? AND end_date = ''", c.ID, true)
		if err != nil {
			return err
		}
		if err := spell.Release(r, treated); err != nil {
			return err
		}
		t.audit(id, string(c.ID))
		if err := t.keepSpell(spell); err != nil {
			return err
		}
		if err := t.settleCustodyTasks(c.ID, id, "unplanned_release_preparation", models.TaskDone); err != nil {
			return err
		}
		if err := t.leftCustody(spell); err != nil {
			return err
		}
		if err := t.anchor(c.ID, "release", r.At); err != nil {
			return err
		}
		if err := t.goFree(spell, c, r); err != nil {
			return err
		}
		seen, err = t.seenSpell(id)
		return err
	})
	return seen, err
}

// goFree hands the person over, and records it in the release case.
func (t *tx) goFree(spell *models.CustodySpell, c *models.Client, r models.CustodyRelease) error {
	rc, err := t.caseOf(spell.ID)
	if err != nil {
		return err
	}
	if rc == nil {
		if err := t.openCase(newID(), spell); err != nil {
			return err
		}
		if rc, err = t.caseOf(spell.ID); err != nil {
			return err
		}
	}
	rc.Released(spell)
	if err := t.handOver(rc, c, r); err != nil {
		return err
	}
	t.alsoTouched(rc.ID)
	t.tell("release_case", rc.ID, rc.OrganisationID, rc.ReceiverID)
	columns := []string{"state", "exit_region", "unplanned", "released_at", "receiver_id", "by_default", "version"}
	if err := changed(t.Model(rc).Where("version = ?", rc.Version-1).Select(columns).Updates(rc)); err != nil {
		return err
	}
	if !rc.Unplanned {
		return nil
	}
	return t.emergencyPack(spell, rc)
}

// handOver decides who is responsible from the release on.
func (t *tx) handOver(rc *models.ReleaseCase, c *models.Client, r models.CustodyRelease) error {
	var now models.Organisation
	if err := t.Where("id = ?", c.ResponsibleID).Take(&now).Error; err != nil {
		return err
	}
	if now.Kind != models.KindPrisonHealth { // it accepted, or never handed over
		rc.ReceiverID = now.ID
		return nil
	}
	accepted, err := t.acceptedForRelease(c)
	if err != nil {
		return err
	}
	if accepted != "" { // from a unit that was not responsible then
		rc.ReceiverID = accepted
		return t.setResponsible(c.PersonID, accepted)
	}
	clinic, err := t.defaultClinic(r.ExitRegion)
	if err != nil {
		return err
	}
	if clinic == nil {
		return t.nobodyThere(rc, r.ExitRegion)
	}
	return t.fallTo(clinic, rc, c, r)
}

// acceptedForRelease is the care organisation that last accepted a referral of the person
// for a release from this stay.
func (t *tx) acceptedForRelease(c *models.Client) (models.OrganisationID, error) {
	var accepted []models.Referral
	err := t.Joins("JOIN clients fc ON fc.id = referrals.from_client_id").
		Joins("JOIN organisations ro ON ro.id = referrals.to_organisation_id AND ro.kind <> ? AND ro.active = ?", models.KindPrisonHealth, true).
		Where("fc.person_id = ? AND referrals.from_organisation_id = ? AND referrals.reason = 'release' AND referrals.to_client_id <> '' AND referrals.state IN ?", c.PersonID, c.OrganisationID,
			[]string{models.ReferralAccepted, models.ReferralAppointmentFixed, models.ReferralAttended, models.ReferralNoShow, models.ReferralReEngagement}).
		Order("referrals.sent_at DESC, referrals.id DESC").Limit(1).Find(&accepted).Error
	if err != nil || len(accepted) == 0 {
		return "", err
	}
	return accepted[0].ToOrganisationID, nil
}

func (t *tx) defaultClinic(region string) (*models.Organisation, error) {
	d, err := regionDefault(t.DB, region)
	if err != nil || d.OrganisationID == "" {
		return nil, err
	}
	o, err := t.organisation(d.OrganisationID)
	if models.IsKind(err, models.KindNotFound) { // closed since
		return nil, nil
	}
	return o, err
}

// nobodyThere leaves the health unit responsible, and tells it and the ministry's
// coordinator, who can do something about the region. The coordinator's notice is about
// the region and the day: not about the person.
func (t *tx) nobodyThere(rc *models.ReleaseCase, region string) error {
	if err := t.notify(rc.OrganisationID, "no_default_clinic", rc.ID, ""); err != nil {
		return err
	}
	var ministries []models.Organisation
	if err := t.Where("kind = ? AND active = ?", models.KindMinistry, true).Find(&ministries).Error; err != nil {
		return err
	}
	for _, m := range ministries {
		if err := t.notify(m.ID, "no_default_clinic", region+"/"+string(t.today), ""); err != nil {
			return err
		}
	}
	return nil
}

// fallTo makes the default clinic responsible. The release is the ground on which it is
// told, without consent: that somebody with this code was released, when, and no more.
func (t *tx) fallTo(clinic *models.Organisation, rc *models.ReleaseCase, c *models.Client, r models.CustodyRelease) error {
	own, err := t.recordAt(clinic, c)
	if err != nil {
		return err
	}
	if err := t.setResponsible(c.PersonID, clinic.ID); err != nil {
		return err
	}
	rc.ReceiverID, rc.ByDefault = clinic.ID, true
	t.alsoTouched(string(own))
	t.tell("client", string(own), clinic.ID)
	entry := models.Disclosure{
		ClientID: c.ID, OrganisationID: c.OrganisationID, RecipientID: clinic.ID, Ground: "continuity_of_care",
		Categories: []models.Category{models.CatIdentity, models.CatReleaseDate}, ClientTold: r.ClientTold,
	}
	if !r.ClientTold {
		entry.NotToldReason = "not_recorded"
	}
	t.disclosed(entry)
	return t.notify(clinic.ID, "default_clinic", rc.ID, "")
}

// recordAt returns the clinic's record of the person, and makes one when an act of care
// has not yet: the release is one. A record with the same code is not taken for the same
// person.
func (t *tx) recordAt(clinic *models.Organisation, from *models.Client) (models.ClientID, error) {
	var same []models.Client
	if err := t.Where("organisation_id = ? AND person_id = ?", clinic.ID, from.PersonID).Order("id").Limit(1).Find(&same).Error; err != nil {
		return "", err
	}
	if len(same) > 0 {
		return same[0].ID, nil
	}
	code, err := t.codeFor(from.ID, clinic.Kind)
	if err != nil {
		return "", err
	}
	var sameCode []models.Client
	if err := t.Where("organisation_id = ? AND code = ?", clinic.ID, code).Order("local_no").Find(&sameCode).Error; err != nil {
		return "", err
	}
	own := models.Client{
		ID: models.ClientID(newID()), OrganisationID: clinic.ID, PersonID: from.PersonID, Code: code, LocalNo: nextLocalNo(sameCode),
		Sex: from.Sex, LowQuality: from.LowQuality, Version: 1, CreatedAt: t.now,
	}
	if err := t.Create(&own).Error; err != nil {
		return "", err
	}
	return own.ID, t.copyLink(from.ID, own.ID)
}

// emergencyPack is what nobody had time to prepare: tasks with hard limits, and notices to
// whoever is responsible now and, by consent, to a civil society organisation.
func (t *tx) emergencyPack(spell *models.CustodySpell, rc *models.ReleaseCase) error {
	at := *spell.EndedAt
	within := func(d time.Duration) *time.Time { due := at.Add(d); return &due }
	tasks := []models.Task{
		{Kind: "release_naloxone", DueAt: within(0)},
		{Kind: "release_referral", DueAt: within(models.ClinicContact)},
	}
	if running, err := t.session.inAgonistTreatment(t.DB, &caseRow{ReleaseCase: models.ReleaseCase{ClientID: spell.ClientID}}); err != nil {
		return err
	} else if *running {
		tasks = append(tasks, models.Task{Kind: "release_dose_certificate", DueAt: within(0)})
	}
	for _, task := range tasks {
		task.ClientID, task.OrganisationID, task.SubjectID = spell.ClientID, spell.OrganisationID, rc.ID
		if err := t.custodyTask(task); err != nil {
			return err
		}
	}
	if err := t.receiverIsTold(spell, rc, within(models.ClinicContact)); err != nil {
		return err
	}
	return t.ngoIsTold(spell, rc, within(models.NGOContact))
}

// receiverIsTold gives the responsible organisation its task, on its own record.
func (t *tx) receiverIsTold(spell *models.CustodySpell, rc *models.ReleaseCase, due *time.Time) error {
	if rc.ReceiverID == "" {
		return nil
	}
	own, err := t.ownRecord(rc.ReceiverID, spell.PersonID)
	if err != nil || own == "" {
		return err
	}
	if err := t.custodyTask(models.Task{Kind: "release_clinic_contact", ClientID: own, OrganisationID: rc.ReceiverID, SubjectID: rc.ID, DueAt: due}); err != nil {
		return err
	}
	if rc.ByDefault {
		return nil // told already
	}
	return t.notify(rc.ReceiverID, "unplanned_release", rc.ID, "")
}

// ngoIsTold tells the civil society organisations that a consent in force names for the
// release date, and gives those that know the person a task. Without one, finding a
// contact is the health unit's task.
func (t *tx) ngoIsTold(spell *models.CustodySpell, rc *models.ReleaseCase, due *time.Time) error {
	var consents []models.Consent
	err := t.Joins("JOIN organisations no ON no.id = consents.recipient_id AND no.kind = ? AND no.active = ?", models.KindNGO, true).
		Where("consents.client_id = ? AND consents.state = ? AND consents.from_date <= ? AND consents.until_date >= ? AND consents.purpose IN ? AND consents.categories LIKE ?",
			spell.ClientID, models.ConsentGiven, t.today, t.today, models.PurposesFor(models.CatReleaseDate), `%"`+string(models.CatReleaseDate)+`"%`).
		Order("consents.id").Find(&consents).Error
	if err != nil {
		return err
	}
	known := false
	for _, k := range consents {
		if err := t.notify(k.RecipientID, "unplanned_release", rc.ID, k.ID); err != nil {
			return err
		}
		t.disclosed(models.Disclosure{
			ClientID: spell.ClientID, OrganisationID: spell.OrganisationID, RecipientID: k.RecipientID, ConsentID: k.ID,
			Categories: []models.Category{models.CatReleaseDate}, ClientTold: true,
		})
		own, err := t.ownRecord(k.RecipientID, spell.PersonID)
		if err != nil {
			return err
		}
		if own == "" {
			continue
		}
		known = true
		if err := t.custodyTask(models.Task{Kind: "release_ngo_contact", ClientID: own, OrganisationID: k.RecipientID, SubjectID: rc.ID, DueAt: due}); err != nil {
			return err
		}
	}
	if known {
		return nil
	}
	return t.custodyTask(models.Task{Kind: "release_ngo_contact", ClientID: spell.ClientID, OrganisationID: spell.OrganisationID, SubjectID: rc.ID, DueAt: due})
}

func (t *tx) ownRecord(org models.OrganisationID, person models.PersonID) (models.ClientID, error) {
	var own models.Client
	err := t.Where("organisation_id = ? AND person_id = ?", org, person).Order("id").Take(&own).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", nil
	}
	return own.ID, err
}
