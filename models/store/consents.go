package store

import (
	"context"
	"slices"

	"jol/models"
)

// SeenConsent is a consent with the handle of its client.
type SeenConsent struct {
	models.Consent
	ClientCode string
	Today      models.Date
}

// GiveConsent records a consent that the client gave in the worker's presence.
func (s *Session) GiveConsent(ctx context.Context, handle string, n models.NewConsent) (k *SeenConsent, out Outcome, err error) {
	err = s.write(ctx, "consent.create", func(tx *tx) error {
		id, first, err := tx.claim(newID())
		if err != nil {
			return err
		}
		out = first
		if !out.Replayed { // a retry after midnight is still the same consent
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
		tx.auditOutcome(out.outcome(), id, string(c.ID))
		k = &SeenConsent{ClientCode: c.Handle(), Today: tx.today}
		if out.Replayed {
			return found(tx.Where("id = ? AND client_id = ?", id, c.ID).Take(&k.Consent).Error, "consent")
		}
		k.Consent = models.Consent{
			ID: id, ClientID: c.ID, OrganisationID: s.actor.OrganisationID, Purpose: n.Purpose, RecipientID: n.RecipientID,
			RecipientKind: n.RecipientKind, Categories: orEmpty(n.Categories), FromDate: tx.today, UntilDate: n.Until,
			State: models.ConsentGiven, Version: 1, CreatedAt: tx.now, CreatedBy: s.actor.UserID,
		}
		if err := tx.Create(&k.Consent).Error; err != nil {
			return err
		}
		tx.tell("consent", id, s.actor.OrganisationID)
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

// WithdrawConsent ends a consent at once and closes, in the same transaction, every
// open referral that rests on it. Withdrawing again returns the same receipt.
func (s *Session) WithdrawConsent(ctx context.Context, id string) (receipt *models.WithdrawalReceipt, code string, err error) {
	err = s.write(ctx, "consent.withdraw", func(tx *tx) error {
		var k models.Consent
		if err := found(s.scoped(tx.DB, consentTable, models.CatConsent, models.Change).Where("consents.id = ?", id).Take(&k).Error, "consent"); err != nil {
			return err
		}
		before := k.Version
		did, err := k.Withdraw(tx.now)
		if err != nil {
			return err
		}
		tx.audit(id)
		if did {
			if err := changed(tx.Model(&k).Where("version = ?", before).Select("state", "withdrawn_at", "version").Updates(&k)); err != nil {
				return err
			}
			if err := tx.closeReferralsOf(&k); err != nil {
				return err
			}
			tx.tell("consent", id, k.OrganisationID)
			if err := tx.tellRecipient(&k, true); err != nil {
				return err
			}
		}
		receipt = &models.WithdrawalReceipt{Consent: k, EndedShares: endedShares(&k), CancelledDeliveries: []string{}}
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
		if err := changed(t.Model(&open[i]).Where("version = ?", before).Select("state", "withdrawn_at", "version").Updates(&open[i])); err != nil {
			return err
		}
		t.alsoTouched(open[i].ID)
		t.tell("referral", open[i].ID, open[i].FromOrganisationID)
	}
	return nil
}

// endedShares names the recipient that lost access to categories of the record.
func endedShares(k *models.Consent) []string {
	if len(k.Categories) == 0 {
		return []string{}
	}
	return slices.DeleteFunc([]string{string(k.RecipientID), string(k.RecipientKind)}, func(s string) bool { return s == "" })
}
