package handlers

import (
	"net/http"
	"slices"
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
	Organisation models.OrganisationID   `json:"organisation"` // one organisation; or kind
	Kind         models.OrganisationKind `json:"kind"`         // every organisation of a kind that cares
}

type consentRequest struct {
	State      string            `json:"state" enums:"given,offered,refused"` // given when left out
	Purpose    models.Purpose    `json:"purpose" validate:"required"`         // what for; linkage_* counts only, research is not taken here
	Recipient  recipientRequest  `json:"recipient"`                           // who may know; required but for linkage_*, which has none
	Categories []models.Category `json:"categories"`                          // what of the record; the referral itself needs none, linkage_* has none
	Until      models.Date       `json:"until" validate:"required"`           // last day, at most 24 months ahead
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
//	@Param		body	body		consentRequest	true	"purpose, recipient, categories, until; state when the client did not answer yet (offered) or said no (refused)"
//	@Success	201		{object}	ConsentView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/consents [post]
func GiveConsent(c *Call) error {
	in, err := bind[consentRequest](&c.Exchange)
	if err != nil {
		return err
	}
	k, out, err := c.Store.GiveConsent(c.Context, c.Param("code"), models.NewConsent{
		State: in.State, Purpose: in.Purpose, RecipientID: in.Recipient.Organisation, RecipientKind: in.Recipient.Kind,
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
	Consent             ConsentView               `json:"consent"`
	ClosedReferrals     []string                  `json:"closedReferrals" cat:"consent"`
	EndedShares         []models.OrganisationID   `json:"endedShares" cat:"consent"`
	EndedShareKinds     []models.OrganisationKind `json:"endedShareKinds" cat:"consent"`
	CancelledDeliveries []string                  `json:"cancelledDeliveries" cat:"consent"`
	CancelledTransfers  []string                  `json:"cancelledTransfers" cat:"consent"`
}

func withdrawalView(receipt *models.WithdrawalReceipt, code string) WithdrawalView {
	return WithdrawalView{
		Consent:         consentView(store.SeenConsent{Consent: receipt.Consent, ClientCode: code}),
		ClosedReferrals: receipt.ClosedReferrals, EndedShares: receipt.EndedShares, EndedShareKinds: receipt.EndedShareKinds, CancelledDeliveries: receipt.CancelledDeliveries,
		CancelledTransfers: receipt.CancelledTransfers,
	}
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
	return c.JSON(http.StatusOK, withdrawalView(receipt, code))
}

type invalidityRequest struct {
	Reason string `json:"reason" validate:"required" extensions:"x-code-list=consent_invalid_reason"` // why it was no free answer
}

// InvalidateConsent ends a consent that was no free answer, with everything that rests on
// it. It needs no If-Match and may be repeated.
//
//	@Summary	Find a consent invalid
//	@Tags		consents
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"consent id"
//	@Param		body	body		invalidityRequest	true	"reason: capacity_doubted, intoxicated, form_error"
//	@Success	200		{object}	WithdrawalView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/consents/{id}/invalidity [post]
func InvalidateConsent(c *Call) error {
	in, err := bind[invalidityRequest](&c.Exchange)
	if err != nil {
		return err
	}
	receipt, code, err := c.Store.InvalidateConsent(c.Context, c.Param("id"), in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, withdrawalView(receipt, code))
}

// consentMoveRequest is the body of every change; each reads its own fields and refuses
// the others.
type consentMoveRequest struct {
	Categories *[]models.Category `json:"categories"` // narrowing: what is left
	Until      models.Date        `json:"until"`      // narrowing; renewal, required there: the last day
}

// consentMoves are the changes that leave a consent or answer an offer.
var consentMoves = []string{"narrowing", "renewal", "acceptance", "refusal"}

// MoveConsent narrows or renews a consent, or records the answer to an offer, with the
// client present.
//
//	@Summary	Change a consent
//	@Tags		consents
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"consent id"
//	@Param		action	path		string				true	"action"	Enums(narrowing, renewal, acceptance, refusal)
//	@Param		body	body		consentMoveRequest	false	"narrowing: what is left; renewal: the new last day, at most 24 months ahead"
//	@Success	200		{object}	ConsentView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/consents/{id}/{action} [post]
func MoveConsent(c *Call) error {
	action := c.Param("action")
	if !slices.Contains(consentMoves, action) {
		return models.NotFound("consent")
	}
	in, err := bind[consentMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var checks models.Checks
	checks.Require(in.Categories == nil || action == "narrowing", "/categories", "body.unknown_field")
	checks.Require(in.Until == "" || action == "narrowing" || action == "renewal", "/until", "body.unknown_field")
	if err := checks.Err(); err != nil {
		return err
	}
	k, err := c.Store.MoveConsent(c.Context, c.Param("id"), action, models.ConsentMove{Categories: in.Categories, Until: in.Until})
	if err != nil {
		return err
	}
	return c.Versioned(k.Version, consentView(*k))
}

// ListConsents lists what a client has said, newest first.
//
//	@Summary	A client's consents
//	@Tags		consents
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[ConsentView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/consents [get]
func ListConsents(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListConsents(c.Context, c.Param("code"), p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, consentView)
}

// ConsentVersionView is what a consent said before a change.
type ConsentVersionView struct {
	Version    int64             `json:"version" cat:"consent"`
	Categories []models.Category `json:"categories" cat:"consent"`
	From       models.Date       `json:"from" cat:"consent"`
	Until      models.Date       `json:"until" cat:"consent"`
	State      string            `json:"state" cat:"consent"`
	Change     string            `json:"change" cat:"consent"`
	Reason     *string           `json:"reason" cat:"consent"`
	ChangedAt  time.Time         `json:"changedAt" cat:"consent"`
}

// ListConsentVersions lists what a consent said before each of its changes.
//
//	@Summary	Earlier versions of a consent
//	@Tags		consents
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"consent id"
//	@Success	200	{object}	Page[ConsentVersionView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/consents/{id}/versions [get]
func ListConsentVersions(c *Call) error {
	versions, err := c.Store.ListConsentVersions(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return list(&c.Exchange, store.Page[models.ConsentVersion]{Items: versions}, func(v models.ConsentVersion) ConsentVersionView {
		return ConsentVersionView{
			Version: v.Version, Categories: v.Categories, From: v.FromDate, Until: v.UntilDate, State: v.State, Change: v.Change,
			Reason: optional(v.Reason), ChangedAt: v.ChangedAt,
		}
	})
}
