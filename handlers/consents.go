package handlers

import (
	"net/http"
	"time"

	"jol/models"
	"jol/models/store"
)

// RecipientView names who may receive data: one organisation, or a kind of them.
type RecipientView struct {
	Organisation *models.OrganisationID   `json:"organisation"`
	Kind         *models.OrganisationKind `json:"kind"`
}

type recipientRequest struct {
	Organisation models.OrganisationID   `json:"organisation"`
	Kind         models.OrganisationKind `json:"kind"`
}

type consentRequest struct {
	Purpose    models.Purpose    `json:"purpose"`
	Recipient  recipientRequest  `json:"recipient"`
	Categories []models.Category `json:"categories"`
	Until      models.Date       `json:"until"`
}

// ConsentView is a consent. State is "expired" after until, although nothing was stored.
type ConsentView struct {
	ID          string            `json:"id" cat:"consent"`
	ClientCode  *string           `json:"clientCode" cat:"consent"`
	Purpose     models.Purpose    `json:"purpose" cat:"consent"`
	Recipient   RecipientView     `json:"recipient" cat:"consent"`
	Categories  []models.Category `json:"categories" cat:"consent"`
	From        models.Date       `json:"from" cat:"consent"`
	Until       models.Date       `json:"until" cat:"consent"`
	State       string            `json:"state" cat:"consent"`
	InForce     bool              `json:"inForce" cat:"consent"`
	WithdrawnAt *time.Time        `json:"withdrawnAt" cat:"consent"`
	Version     int64             `json:"version" cat:"consent"`
}

func consentView(k store.SeenConsent) ConsentView {
	return ConsentView{
		ID: k.ID, ClientCode: optional(k.ClientCode), Purpose: k.Purpose, Recipient: RecipientView{optional(k.RecipientID), optional(k.RecipientKind)},
		Categories: k.Categories, From: k.FromDate, Until: k.UntilDate, State: k.StateOn(k.Today), InForce: k.InForce(k.Today),
		WithdrawnAt: k.WithdrawnAt, Version: k.Version,
	}
}

// GiveConsent records what the client allows.
//
//	@Summary	Record a consent
//	@Tags		consents
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string			true	"client code of your sector"
//	@Param		body	body		consentRequest	true	"purpose, recipient, categories, until"
//	@Success	201		{object}	ConsentView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/consents [post]
func GiveConsent(c *Call) error {
	in, err := bind[consentRequest](&c.Exchange)
	if err != nil {
		return err
	}
	k, out, err := c.Store.GiveConsent(c.Context, c.Param("code"), models.NewConsent{
		Purpose: in.Purpose, RecipientID: in.Recipient.Organisation, RecipientKind: in.Recipient.Kind,
		Categories: in.Categories, Until: in.Until,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/consents/"+k.ID, k.Version, consentView(*k))
}

// GetConsent returns a consent of the caller's scope.
//
//	@Summary	One consent
//	@Tags		consents
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"consent id"
//	@Success	200	{object}	ConsentView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/consents/{id} [get]
func GetConsent(c *Call) error {
	k, err := c.Store.GetConsent(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(k.Version, consentView(*k))
}

// WithdrawalView is the receipt of a withdrawal: what it closed.
type WithdrawalView struct {
	Consent             ConsentView `json:"consent"`
	ClosedReferrals     []string    `json:"closedReferrals" cat:"consent"`
	EndedShares         []string    `json:"endedShares" cat:"consent"`
	CancelledDeliveries []string    `json:"cancelledDeliveries" cat:"consent"`
}

// WithdrawConsent ends a consent at once, with everything that rests on it. It needs no
// If-Match and may be repeated.
//
//	@Summary	Withdraw a consent
//	@Tags		consents
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"consent id"
//	@Success	200	{object}	WithdrawalView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/consents/{id}/withdrawal [post]
func WithdrawConsent(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	receipt, code, err := c.Store.WithdrawConsent(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, WithdrawalView{
		Consent:         consentView(store.SeenConsent{Consent: receipt.Consent, ClientCode: code}),
		ClosedReferrals: receipt.ClosedReferrals, EndedShares: receipt.EndedShares, CancelledDeliveries: receipt.CancelledDeliveries,
	})
}
