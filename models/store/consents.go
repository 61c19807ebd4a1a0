package store

import (
	"context"
	"slices"
	"time"

	"jol/models"
)

// SeenConsent is a consent with the handle of its client.
type SeenConsent struct {
	models.Consent
	ClientCode string
	Today      models.Date
}

// GiveConsent records what the client answered in the worker's presence: a consent, a
// refusal, or an offer that waits for an answer.
func (s *Session) GiveConsent(ctx context.Context, handle string, n models.NewConsent) (k *SeenConsent, out Outcome, err error) {
	out, err = s.create(ctx, "consent.create", func(tx *tx, id string, replayed bool) error {
		if !replayed { // a retry after midnight is still the same consent
			if err := n.Check(tx.today); err != nil {
				return err
			}
			if err := tx.checkRecipient(n.RecipientID); err != nil {
				return err
			}
		}
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		tx.alsoTouched(string(c.ID))
		k = &SeenConsent{ClientCode: c.Handle(), Today: tx.today}
		if replayed {
			return found(tx.Where("id = ? AND client_id = ?", id, c.ID).Take(&k.Consent).Error, "consent")
		}
		k.Consent = models.Consent{
			ID: id, ClientID: c.ID, OrganisationID: s.actor.OrganisationID, Purpose: n.Purpose, RecipientID: n.RecipientID,
			RecipientKind: n.RecipientKind, Categories: orEmpty(n.Categories), FromDate: tx.today, UntilDate: n.Until,
			State: n.State, Version: 1, CreatedAt: tx.now, CreatedBy: s.actor.UserID,
		}
		if k.State == "" {
			k.State = models.ConsentGiven
		}
		if err := tx.Create(&k.Consent).Error; err != nil {
			return err
		}
		tx.tell("consent", id, s.actor.OrganisationID)
		if k.State != models.ConsentGiven {
			return nil
		}
		if err := tx.settleConsentTask(&k.Consent); err != nil {
			return err
		}
		return tx.tellRecipient(&k.Consent, false)
	})
	return k, out, err
}

func (t *tx) checkRecipient(id models.OrganisationID) error {
	if id == "" {
		return nil
	}
	o, err := t.organisation(id)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return err
	}
	if err != nil || !o.Receives() && o.Kind != models.KindProbation {
		var c models.Checks
		c.Add("/recipient/organisation", "consent.recipient_not_care")
		return c.Err()
	}
	return nil
}

// GetConsent returns a consent of the caller's scope.
func (s *Session) GetConsent(ctx context.Context, id string) (k *SeenConsent, err error) {
	err = s.readRecords(ctx, "consent.read", func(r *reading) error {
		ofPerson := r.Model(&models.Consent{}).Select("oc.person_id").Joins("JOIN clients oc ON oc.id = consents.client_id").Where("consents.id = ?", id)
		naming, err := s.consentsNaming(r, ofPerson)
		if err != nil {
			return found(err, "consent")
		}
		var row models.Consent
		if err := found(s.scoped(r.DB, consentTable, models.CatConsent, models.Read).Where("consents.id = ?", id).Take(&row).Error, "consent"); err != nil {
			return err
		}
		var c models.Client
		if err := r.Where("id = ?", row.ClientID).Take(&c).Error; err != nil {
			return err
		}
		r.touched(id, string(c.ID))
		if row.OrganisationID != s.actor.OrganisationID {
			r.relied(naming...)
			if err := s.disclose(r, consentTable, nil, shownRecord{row.ID, row.ClientID, row.OrganisationID, models.CatConsent}); err != nil {
				return err
			}
		}
		k = &SeenConsent{Consent: row, ClientCode: s.ownHandle(&c), Today: r.today}
		return nil
	})
	return k, err
}

// ownHandle returns the handle of the actor's own organisation's client and nothing
// for another's: no organisation learns another sector's code.
func (s *Session) ownHandle(c *models.Client) string {
	if c.OrganisationID != s.actor.OrganisationID {
		return ""
	}
	return c.Handle()
}

// WithdrawConsent ends a consent at once and closes, in the same transaction, whatever
// rests on it. Withdrawing again returns the same receipt.
func (s *Session) WithdrawConsent(ctx context.Context, id string) (receipt *models.WithdrawalReceipt, code string, err error) {
	return s.endConsent(ctx, "consent.withdraw", id, models.ConsentVersion{Change: "withdrawal"}, (*models.Consent).Withdraw)
}

// InvalidateConsent ends a consent that was no free answer, with what rests on it.
func (s *Session) InvalidateConsent(ctx context.Context, id, reason string) (receipt *models.WithdrawalReceipt, code string, err error) {
	if !models.InList("consent_invalid_reason", reason) {
		var c models.Checks
		c.Add("/reason", "consent.reason_unknown")
		return nil, "", c.Err()
	}
	return s.endConsent(ctx, "consent.invalidate", id, models.ConsentVersion{Change: "invalidity", Reason: reason}, (*models.Consent).Invalidate)
}

func (s *Session) endConsent(ctx context.Context, action, id string, ended models.ConsentVersion, end func(*models.Consent, time.Time) (bool, error)) (receipt *models.WithdrawalReceipt, code string, err error) {
	err = s.write(ctx, action, func(tx *tx) error {
		var k models.Consent
		if err := found(s.scoped(tx.DB, consentTable, models.CatConsent, models.Change).Where("consents.id = ?", id).Take(&k).Error, "consent"); err != nil {
			return err
		}
		before := k
		did, err := end(&k, tx.now)
		if err != nil {
			return err
		}
		tx.audit(id)
		if did {
			if err := changed(tx.Model(&k).Where("version = ?", before.Version).Select("state", "withdrawn_at", "version").Updates(&k)); err != nil {
				return err
			}
			if err := tx.endSharesOf(&before, &ended); err != nil {
				return err
			}
		} else if err := found(tx.Where("consent_id = ? AND version = ?", id, k.Version-1).Take(&ended).Error, "consent"); err != nil && !models.IsKind(err, models.KindNotFound) {
			return err // a consent that came in withdrawn has no receipt to repeat
		}
		receipt = &models.WithdrawalReceipt{Consent: k, EndedShares: endedShares(&k), EndedShareKinds: endedShareKinds(&k), CancelledDeliveries: orEmpty(ended.Deliveries), CancelledTransfers: orEmpty(ended.Transfers)}
		if err := tx.Model(&models.Referral{}).Where("consent_id = ? AND state = ?", id, models.ReferralConsentWithdrawn).Order("id").Pluck("id", &receipt.ClosedReferrals).Error; err != nil {
			return err
		}
		var c models.Client
		err = tx.Where("id = ?", k.ClientID).Take(&c).Error
		code = s.ownHandle(&c)
		return err
	})
	return receipt, code, err
}

// endSharesOf closes what rests on a consent that ends: open referrals, deliveries that
// were not made and transfers of dose data that were not answered; it never touches a
// running dose order. The recipients are told that it is gone.
func (t *tx) endSharesOf(k *models.Consent, ended *models.ConsentVersion) (err error) {
	if err = t.closeReferralsOf(k); err != nil {
		return err
	}
	if ended.Deliveries, err = t.cancelDeliveriesOf(k.ID, ""); err != nil {
		return err
	}
	if ended.Transfers, err = t.cancelTransfersOf(k.ID); err != nil {
		return err
	}
	if err = t.cancelTasksOf(k); err != nil {
		return err
	}
	if err = t.keepConsentVersion(k, ended); err != nil {
		return err
	}
	t.tell("consent", k.ID, k.OrganisationID)
	return t.tellRecipient(k, true)
}

// endNarrowed closes what rested on what a consent says no more, as its end would have: the
// dose that was told and not yet taken on, and what others were to do for a release and be
// told of it. The referral itself rests on the purpose, which cannot be narrowed.
func (t *tx) endNarrowed(k *models.Consent, narrowed *models.ConsentVersion) (err error) {
	if !k.CarriesDose(t.today) {
		if narrowed.Transfers, err = t.cancelTransfersOf(k.ID); err != nil {
			return err
		}
	}
	if k.SharesRelease(t.today) {
		return nil
	}
	if narrowed.Deliveries, err = t.cancelDeliveriesOf(k.ID, "unplanned_release"); err != nil {
		return err
	}
	return t.cancelTasksOf(k)
}

// keepConsentVersion keeps what the consent said before the change.
func (t *tx) keepConsentVersion(before *models.Consent, v *models.ConsentVersion) error {
	v.ConsentID, v.Version, v.ClientID = before.ID, before.Version, before.ClientID
	v.Categories, v.FromDate, v.UntilDate, v.State = orEmpty(before.Categories), before.FromDate, before.UntilDate, before.State
	v.Deliveries, v.Transfers = orEmpty(v.Deliveries), orEmpty(v.Transfers)
	v.ChangedAt, v.ChangedBy = t.now, t.session.actor.UserID
	return t.Create(v).Error
}

// MoveConsent narrows or renews a consent, or records the answer to an offer. What it
// said before is kept as a version.
func (s *Session) MoveConsent(ctx context.Context, id, action string, m models.ConsentMove) (k *SeenConsent, err error) {
	if err := m.Check(action, s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "consent."+action, func(tx *tx) error {
		var row models.Consent
		if err := found(s.scoped(tx.DB, consentTable, models.CatConsent, models.Change).Where("consents.id = ?", id).Take(&row).Error, "consent"); err != nil {
			return err
		}
		if err := tx.base(row.Version); err != nil {
			return err
		}
		before := row
		if err := row.Do(action, m, tx.today); err != nil {
			return err
		}
		tx.audit(id)
		if err := changed(tx.Model(&row).Where("version = ?", s.req.Base).Select("state", "categories", "from_date", "until_date", "version").Updates(&row)); err != nil {
			return err
		}
		version := &models.ConsentVersion{Change: action}
		if action == "narrowing" {
			if err := tx.endNarrowed(&row, version); err != nil {
				return err
			}
		}
		if err := tx.keepConsentVersion(&before, version); err != nil {
			return err
		}
		tx.tell("consent", id, row.OrganisationID)
		if err := tx.tellRecipient(&before, action == "narrowing"); err != nil {
			return err
		}
		if err := tx.settleConsentTask(&row); err != nil { // an offer that was accepted
			return err
		}
		var c models.Client
		if err := tx.Where("id = ?", row.ClientID).Take(&c).Error; err != nil {
			return err
		}
		k = &SeenConsent{Consent: row, ClientCode: s.ownHandle(&c), Today: tx.today}
		return nil
	})
	return k, err
}

// ListConsents returns what one of the organisation's clients has said, newest first.
func (s *Session) ListConsents(ctx context.Context, handle string, p Paging) (page Page[SeenConsent], err error) {
	err = s.readRecords(ctx, "consent.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		q := s.scoped(r.Model(&models.Consent{}), consentTable, models.CatConsent, models.Read).Where("consents.client_id = ?", c.ID)
		rows, err := loadPage(s, q, "consents", "consents.id", p, func(k models.Consent) string { return k.ID })
		page.Next = rows.Next
		for _, row := range rows.Items {
			r.touched(row.ID)
			page.Items = append(page.Items, SeenConsent{Consent: row, ClientCode: c.Handle(), Today: r.today})
		}
		return err
	})
	return page, err
}

// ListConsentVersions returns what a consent said before each of its changes, newest first.
func (s *Session) ListConsentVersions(ctx context.Context, id string) (versions []models.ConsentVersion, err error) {
	err = s.readRecords(ctx, "consent.read", func(r *reading) error {
		var k models.Consent
		if err := found(s.scoped(r.DB, consentTable, models.CatConsent, models.Read).
			Where("consents.id = ? AND consents.organisation_id = ?", id, s.actor.OrganisationID).Take(&k).Error, "consent"); err != nil {
			return err
		}
		r.touched(id)
		return r.Where("consent_id = ?", id).Order("version DESC").Find(&versions).Error
	})
	return versions, err
}

func (t *tx) closeReferralsOf(k *models.Consent) error {
	var all []models.Referral
	if err := t.Where("consent_id = ?", k.ID).Find(&all).Error; err != nil {
		return err
	}
	var open []models.Referral
	for i := range all {
		t.gone("referral", all[i].ID, all[i].ToOrganisationID) // a closed one too: it can be read no more
		if slices.Contains(models.OpenReferralStates, all[i].State) {
			open = append(open, all[i])
		}
	}
	for i := range open {
		before := open[i].Version
		open[i].Withdrawn(t.now)
		open[i].SettledAt = &t.now
		if err := changed(t.Model(&open[i]).Where("version = ?", before).Select("state", "withdrawn_at", "settled_at", "version").Updates(&open[i])); err != nil {
			return err
		}
		t.alsoTouched(open[i].ID)
		t.tellSender(&open[i])
		if err := t.handoverTakenBack(&open[i]); err != nil {
			return err
		}
	}
	return nil
}

// endedShares names the recipient that lost access to categories of the record.
func endedShares(k *models.Consent) []models.OrganisationID {
	if len(k.Categories) == 0 || k.RecipientID == "" {
		return []models.OrganisationID{}
	}
	return []models.OrganisationID{k.RecipientID}
}

// endedShareKinds is the kind that lost access, where the consent named a kind and nobody:
// which of them knew the person is not told.
func endedShareKinds(k *models.Consent) []models.OrganisationKind {
	if len(k.Categories) == 0 || k.RecipientKind == "" {
		return []models.OrganisationKind{}
	}
	return []models.OrganisationKind{k.RecipientKind}
}
