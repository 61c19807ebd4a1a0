package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"jol/models"
)

// ReleaseFromCustody ends a stay because the person goes free. It is never refused for
// want of paper. From the same transaction on exactly one organisation is responsible:
// whoever accepted a referral for the release, or else the default clinic of the exit
// region, which is told at once; where there is none, whoever was before.
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
		if err := t.preparedNoMore(spell, models.AnchorPlannedRelease); err != nil {
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
	rc.ClientTold = r.ClientTold
	consent, err := t.handOver(spell, rc, c, r)
	if err != nil {
		return err
	}
	t.alsoTouched(rc.ID)
	t.tell("release_case", rc.ID, rc.OrganisationID, rc.ReceiverID)
	columns := []string{"state", "exit_region", "unplanned", "released_at", "receiver_id", "by_default", "client_told", "version"}
	if err := changed(t.Model(rc).Where("version = ?", rc.Version-1).Select(columns).Updates(rc)); err != nil {
		return err
	}
	if !rc.Unplanned {
		return nil
	}
	return t.emergencyPack(spell, rc, consent)
}

// handOver decides who is responsible from the release on, and who is told of it: whoever
// accepted the person out of this custody; or whoever is responsible and a consent lets know;
// or the default clinic. An organisation that was responsible before the arrest has accepted
// nothing of it and may know nothing of it: telling it of the release would tell it of both.
// It returns the consent that the receiver is told on, if it is one.
func (t *tx) handOver(spell *models.CustodySpell, rc *models.ReleaseCase, c *models.Client, r models.CustodyRelease) (string, error) {
	began, err := t.custodyBegan(spell)
	if err != nil {
		return "", err
	}
	to, consent, err := t.acceptedOutOfCustody(c, began)
	if err != nil {
		return "", err
	}
	if to == "" {
		if consent, err = t.consentToTell(c); err != nil {
			return "", err
		}
		if consent != "" {
			to = c.ResponsibleID
		}
	}
	if to != "" {
		rc.ReceiverID = to
		t.toldOfRelease(c, to, consent, r, models.CatReleaseDate)
		return consent, t.setResponsible(c.PersonID, to)
	}
	region := spell.ExitRegion
	if region == "" { // nobody knows: where the institution stands, so that somebody there is told
		var institution models.Organisation
		if err := t.Where("id = ?", spell.InstitutionID).Take(&institution).Error; err != nil {
			return "", err
		}
		region = institution.Region
	}
	clinic, err := t.defaultClinic(region)
	if err != nil {
		return "", err
	}
	if clinic == nil {
		return "", t.nobodyThere(rc, region)
	}
	return "", t.fallTo(clinic, rc, c, r)
}

// custodyBegan is when the person was admitted, to whichever institution the stay began in.
func (t *tx) custodyBegan(spell *models.CustodySpell) (time.Time, error) {
	first := *spell
	for first.FromSpellID != "" {
		id := first.FromSpellID
		first = models.CustodySpell{}
		if err := t.Where("id = ?", id).Take(&first).Error; err != nil {
			return time.Time{}, err
		}
	}
	return *first.AdmittedAt, nil
}

// acceptedOutOfCustody is the care organisation that accepted the person from a prison health
// unit since the custody began, and the consent that its referral rests on: by a referral for
// the release whose consent is in force now, or by a confirmed dose transfer. It is the one in
// charge, if that came to it so, through whichever hands; else the last that accepted a
// referral for the release. A referral for something else, or of an earlier stay, is no
// acceptance of this release; and a civil society organisation accepts one only if a consent
// that this unit recorded lets it know when.
func (t *tx) acceptedOutOfCustody(c *models.Client, began time.Time) (models.OrganisationID, string, error) {
	var handed []handedOn
	ofPerson := "JOIN clients fc ON fc.id = %[1]s.from_client_id AND fc.person_id = ? JOIN organisations fo ON fo.id = %[1]s.from_organisation_id JOIN organisations ro ON ro.id = %[1]s.to_organisation_id"
	kinds := ", fo.kind AS from_kind, ro.kind AS to_kind, ro.active"
	if err := t.Model(&models.Referral{}).Select("referrals.to_organisation_id, referrals.from_organisation_id, referrals.consent_id"+kinds).
		Joins(fmt.Sprintf(ofPerson, "referrals"), c.PersonID).
		Joins("JOIN consents k ON k.id = referrals.consent_id AND k.state = ? AND k.from_date <= ? AND k.until_date >= ?", models.ConsentGiven, t.today, t.today).
		Where("referrals.to_client_id <> '' AND referrals.reason = ? AND referrals.state NOT IN ? AND referrals.sent_at >= ?",
			models.ReasonRelease, []string{models.ReferralCancelled, models.ReferralConsentWithdrawn}, began).
		Order("referrals.sent_at DESC, referrals.id DESC").Scan(&handed).Error; err != nil {
		return "", "", err
	}
	told, err := t.consentsToTell(c)
	if err != nil {
		return "", "", err
	}
	handed = slices.DeleteFunc(handed, func(h handedOn) bool {
		ngo := &models.Organisation{ID: h.ToOrganisationID, Kind: h.ToKind}
		return h.ToKind == models.KindPrisonHealth || !h.Active || h.ToKind == models.KindNGO && told(ngo) == ""
	})
	var doses []handedOn
	if err := t.Model(&models.DoseTransfer{}).Select("dose_transfers.to_organisation_id, dose_transfers.from_organisation_id, dose_transfers.consent_id"+kinds).
		Joins(fmt.Sprintf(ofPerson, "dose_transfers"), c.PersonID).
		Where("dose_transfers.kind = ? AND dose_transfers.state IN ? AND dose_transfers.created_at >= ?",
			models.TransferMove, []string{models.TransferConfirmed, models.TransferFirstDose}, began).Scan(&doses).Error; err != nil {
		return "", "", err
	}
	if outOfCustody(c.ResponsibleID, append(doses, handed...)) {
		consent := ""
		if n := slices.IndexFunc(handed, func(h handedOn) bool { return h.ToOrganisationID == c.ResponsibleID }); n >= 0 {
			consent = handed[n].ConsentID
		}
		return c.ResponsibleID, consent, nil
	}
	for _, h := range handed {
		if h.FromKind == models.KindPrisonHealth {
			return h.ToOrganisationID, h.ConsentID, nil
		}
	}
	return "", "", nil
}

// handedOn is one acceptance of a person by an organisation from another.
type handedOn struct {
	ToOrganisationID, FromOrganisationID models.OrganisationID
	FromKind, ToKind                     models.OrganisationKind
	ConsentID                            string
	Active                               bool
}

// outOfCustody reports whether a person came to a care organisation by acceptances that
// begin at a prison health unit.
func outOfCustody(org models.OrganisationID, handed []handedOn) bool {
	reached := []models.OrganisationID{org}
	for i := 0; i < len(reached); i++ {
		for _, h := range handed {
			if h.ToOrganisationID != reached[i] || h.ToKind == models.KindPrisonHealth || !h.Active {
				continue
			}
			if h.FromKind == models.KindPrisonHealth {
				return true
			}
			if !slices.Contains(reached, h.FromOrganisationID) {
				reached = append(reached, h.FromOrganisationID)
			}
		}
	}
	return false
}

// consentToTell is a consent in force, recorded by the unit, that lets the organisation in
// charge know of the release: it shares the release date, or carries the dose.
func (t *tx) consentToTell(c *models.Client) (string, error) {
	var now models.Organisation
	if err := t.Where("id = ?", c.ResponsibleID).Take(&now).Error; err != nil || now.Kind == models.KindPrisonHealth || !now.Active {
		return "", err
	}
	told, err := t.consentsToTell(c)
	if err != nil {
		return "", err
	}
	return told(&now), nil
}

// consentsToTell answers, of an organisation, which consent that the unit recorded lets it
// know of the release today; empty when none does.
func (t *tx) consentsToTell(c *models.Client) (func(*models.Organisation) string, error) {
	var given []models.Consent
	err := t.Where("client_id = ? AND state = ?", c.ID, models.ConsentGiven).Order("until_date DESC, id").Find(&given).Error
	return func(o *models.Organisation) string {
		for i := range given {
			if given[i].TellsRelease(o, t.today) {
				return given[i].ID
			}
		}
		return ""
	}, err
}

// toldOfRelease enters in the disclosure log that somebody outside is told of the release:
// on a consent, or else because the person goes to them.
func (t *tx) toldOfRelease(c *models.Client, to models.OrganisationID, consent string, r models.CustodyRelease, categories ...models.Category) {
	entry := models.Disclosure{ClientID: c.ID, OrganisationID: c.OrganisationID, RecipientID: to, ConsentID: consent, Categories: categories, ClientTold: r.ClientTold}
	if consent == "" {
		entry.Ground = "continuity_of_care"
	}
	if !r.ClientTold {
		entry.NotToldReason = "not_recorded"
	}
	t.disclosed(entry)
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

// nobodyThere moves nothing, and tells the health unit and the ministry's
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
	t.toldOfRelease(c, clinic.ID, "", r, models.CatIdentity, models.CatReleaseDate)
	return t.notify(clinic.ID, "default_clinic", rc.ID, "")
}

// recordAt returns the clinic's record of the person, and makes one when an act of care
// has not yet: the release is one.
func (t *tx) recordAt(clinic *models.Organisation, from *models.Client) (models.ClientID, error) {
	known, err := recordOf(t.DB, clinic.ID, from.PersonID)
	if err != nil {
		return "", err
	}
	if known != nil {
		return known.ID, nil
	}
	code, err := t.codeFor(from.ID, clinic.Kind)
	if err != nil {
		return "", err
	}
	return t.recordFrom(from, clinic.ID, code)
}

// emergencyPack is what nobody had time to prepare: tasks with hard limits, and notices to
// whoever is responsible now and, by consent, to a civil society organisation.
func (t *tx) emergencyPack(spell *models.CustodySpell, rc *models.ReleaseCase, consent string) error {
	at := *spell.EndedAt
	within := func(d time.Duration) *time.Time { due := at.Add(d); return &due }
	tasks := []models.Task{
		{Kind: "release_naloxone", DueAt: within(0)},
		{Kind: "release_referral", DueAt: within(models.ClinicContact)},
	}
	if running, err := t.session.inAgonistTreatment(t.DB, &caseRow{ReleaseCase: models.ReleaseCase{ClientID: spell.ClientID}}); err != nil {
		return err
	} else if running != nil && *running {
		tasks = append(tasks, models.Task{Kind: "release_dose_certificate", DueAt: within(0)})
	}
	for _, task := range tasks {
		task.ClientID, task.OrganisationID, task.SubjectID = spell.ClientID, spell.OrganisationID, rc.ID
		if err := t.custodyTask(task); err != nil {
			return err
		}
	}
	if err := t.receiverIsTold(spell, rc, consent, within(models.ClinicContact)); err != nil {
		return err
	}
	return t.ngoIsTold(spell, rc, within(models.NGOContact))
}

// receiverIsTold gives the responsible organisation its task, on its own record.
func (t *tx) receiverIsTold(spell *models.CustodySpell, rc *models.ReleaseCase, consent string, due *time.Time) error {
	if rc.ReceiverID == "" {
		return nil
	}
	own, err := recordOf(t.DB, rc.ReceiverID, spell.PersonID)
	if err != nil || own == nil {
		return err
	}
	if err := t.custodyTask(models.Task{Kind: "release_clinic_contact", ClientID: own.ID, OrganisationID: rc.ReceiverID, SubjectID: rc.ID, DueAt: due}); err != nil {
		return err
	}
	if rc.ByDefault {
		return nil // told already
	}
	return t.notify(rc.ReceiverID, "unplanned_release", rc.ID, consent)
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
		own, err := recordOf(t.DB, k.RecipientID, spell.PersonID)
		if err != nil {
			return err
		}
		if own == nil {
			continue
		}
		known = true
		if err := t.custodyTask(models.Task{Kind: "release_ngo_contact", ClientID: own.ID, OrganisationID: k.RecipientID, SubjectID: rc.ID, DueAt: due}); err != nil {
			return err
		}
	}
	if known {
		return nil
	}
	return t.custodyTask(models.Task{Kind: "release_ngo_contact", ClientID: spell.ClientID, OrganisationID: spell.OrganisationID, SubjectID: rc.ID, DueAt: due})
}
