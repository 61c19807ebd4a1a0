package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

type referralRequest struct {
	ClientCode     string                `json:"clientCode" format:"client-code"`                                       // own client; exactly one of clientCode and supervision
	Supervision    string                `json:"supervision" format:"uuid"`                                             // of a probation office, instead of clientCode
	ToOrganisation models.OrganisationID `json:"toOrganisation" validate:"required"`                                    // who is asked to take over
	Reason         string                `json:"reason" validate:"required" extensions:"x-code-list=referral_reason"`   // why
	Urgency        string                `json:"urgency" validate:"required" extensions:"x-code-list=referral_urgency"` // how soon
	Needs          []string              `json:"needs" extensions:"x-code-list=referral_need"`                          // what is asked for
	Note           string                `json:"note" maxLength:"500"`                                                  // free text, screened
}

// ReferralView is a referral as its sender sees it, and its receiver while the consent
// is in force. ClientCode is the reader's own sector's code.
type ReferralView struct {
	ID               string                `json:"id" cat:"referral"`
	ClientCode       string                `json:"clientCode" cat:"referral"`
	FromOrganisation models.OrganisationID `json:"fromOrganisation" cat:"referral"`
	ToOrganisation   models.OrganisationID `json:"toOrganisation" cat:"referral"`
	Reason           string                `json:"reason" cat:"referral"`
	Urgency          string                `json:"urgency" cat:"referral"`
	Needs            []string              `json:"needs" cat:"referral"`
	Note             string                `json:"note" cat:"referral"`
	State            string                `json:"state" cat:"referral"`
	Overdue          bool                  `json:"overdue" cat:"referral"`
	SentAt           time.Time             `json:"sentAt" cat:"referral"`
	AnswerDue        time.Time             `json:"answerDue" cat:"referral"`
	AppointmentAt    *time.Time            `json:"appointmentAt" cat:"referral"`
	AttendedOn       *models.Date          `json:"attendedOn" cat:"referral"`
	DeclineReason    *string               `json:"declineReason" cat:"referral"`
	Alternative      *string               `json:"alternative" cat:"referral"`
	WithdrawnAt      *time.Time            `json:"withdrawnAt" cat:"referral"`
	Consent          *string               `json:"consent" cat:"referral"` // null: sent on a court duty
	Allowed          []string              `json:"allowed" cat:"referral"` // actions this reader's side can take now
	Version          int64                 `json:"version" cat:"referral"`
}

// ReferralStubView is all a receiver sees of a referral whose consent is not in force.
type ReferralStubView struct {
	ID          string     `json:"id" cat:"referral"`
	State       string     `json:"state" cat:"referral"`
	WithdrawnAt *time.Time `json:"withdrawnAt" cat:"referral"`
}

// SupervisedReferralView is a referral as the probation office sees that sent it: what it
// asked, how it stands and when the person came. No code, no consent, no words, no reason
// of a refusal.
type SupervisedReferralView struct {
	ID             string                `json:"id" cat:"referral"`
	Supervision    string                `json:"supervision" cat:"referral"`
	ToOrganisation models.OrganisationID `json:"toOrganisation" cat:"referral"`
	Reason         string                `json:"reason" cat:"referral"`
	Urgency        string                `json:"urgency" cat:"referral"`
	Needs          []string              `json:"needs" cat:"referral"`
	State          string                `json:"state" cat:"referral"`
	Overdue        bool                  `json:"overdue" cat:"referral"`
	SentAt         time.Time             `json:"sentAt" cat:"referral"`
	AnswerDue      time.Time             `json:"answerDue" cat:"referral"`
	AttendedOn     *models.Date          `json:"attendedOn" cat:"referral"`
	Version        int64                 `json:"version" cat:"referral"`
}

// referralAnswer picks the response type for what may be seen.
func referralAnswer(r store.SeenReferral) any {
	if !r.Whole {
		return ReferralStubView{ID: r.ID, State: r.State, WithdrawnAt: r.WithdrawnAt}
	}
	if r.Party == models.Sender && r.Supervised() {
		return SupervisedReferralView{
			ID: r.ID, Supervision: r.SupervisionID, ToOrganisation: r.ToOrganisationID, Reason: r.Reason, Urgency: r.Urgency, Needs: r.Needs,
			State: models.SeenAs(r.State), Overdue: r.Overdue, SentAt: r.SentAt, AnswerDue: r.AnswerDue, AttendedOn: optional(r.AttendedOn), Version: r.Version,
		}
	}
	return ReferralView{
		ID: r.ID, ClientCode: r.ClientCode, FromOrganisation: r.FromOrganisationID, ToOrganisation: r.ToOrganisationID,
		Reason: r.Reason, Urgency: r.Urgency, Needs: r.Needs, Note: r.Note, State: r.State, Overdue: r.Overdue,
		SentAt: r.SentAt, AnswerDue: r.AnswerDue, AppointmentAt: r.AppointmentAt, AttendedOn: optional(r.AttendedOn),
		DeclineReason: optional(r.DeclineReason), Alternative: optional(r.Alternative), WithdrawnAt: r.WithdrawnAt, Consent: optional(r.ConsentID),
		Allowed: r.Allowed(r.Party), Version: r.Version,
	}
}

// partyFilter reads the filters of a list of what one organisation sends another.
func partyFilter(x *Exchange, states []string) (f store.PartyFilter, err error) {
	if f.Direction, err = x.choice("direction", oneOf("in", "out")); err != nil {
		return f, err
	}
	if f.State, err = x.choice("state", oneOf(states...)); err != nil {
		return f, err
	}
	overdue, err := x.choice("overdue", oneOf("true", "false"))
	f.Overdue = overdue == "true"
	return f, err
}

// ListReferrals lists what the organisation sent and received, newest first.
//
//	@Summary	Referral inbox and outbox
//	@Tags		referrals
//	@Security	bearer
//	@Produce	json
//	@Param		direction	query		string	false	"in or out"	Enums(in, out)
//	@Param		state		query		string	false	"referral state"
//	@Param		overdue		query		string	false	"true: only those waiting too long"	Enums(true, false)
//	@Param		limit		query		int		false	"page size, 1 to 200"
//	@Param		cursor		query		string	false	"cursor of the page before"
//	@Success	200			{object}	Page[ReferralView]
//	@Failure	default		{object}	ProblemView
//	@Router		/api/v1/referrals [get]
func ListReferrals(c *Call) error {
	filter, err := partyFilter(&c.Exchange, models.ReferralStates)
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListReferrals(c.Context, filter, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, referralAnswer)
}

// GetReferral returns one referral to one of its parties.
//
//	@Summary	One referral
//	@Tags		referrals
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"referral id"
//	@Success	200	{object}	ReferralView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/referrals/{id} [get]
func GetReferral(c *Call) error {
	r, err := c.Store.GetReferral(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(r.Version, referralAnswer(*r))
}

// CreateReferral sends a client on, resting on a consent in force.
//
//	@Summary	Send a referral
//	@Description	clientCode, or from a probation office supervision: one of the two. Probation refers to a clinic or NGO, with reason other and no note, on a consent with purpose referral that names the receiver or on the court duty; it is answered state and attendance, without a code.
//	@Tags		referrals
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		referralRequest	true	"referral; the note is screened for identifying text"
//	@Success	201		{object}	ReferralView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/referrals [post]
func CreateReferral(c *Call) error {
	in, err := bind[referralRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.ClientCode == "" && in.Supervision == "" {
		return invalid("/clientCode", "referral.client_or_supervision")
	}
	if in.ClientCode != "" && in.Supervision != "" {
		return invalid("/supervision", "referral.client_or_supervision")
	}
	r, out, err := c.Store.CreateReferral(c.Context, in.ClientCode, models.NewReferral{
		SupervisionID: in.Supervision, ToOrganisationID: in.ToOrganisation, Reason: in.Reason, Urgency: in.Urgency, Needs: in.Needs, Note: in.Note,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/referrals/"+r.ID, r.Version, referralAnswer(*r))
}

// referralMoveRequest is the body of every action; each action reads its own fields and
// refuses the others, so that a misplaced field is not lost in silence.
type referralMoveRequest struct {
	SameAs      string      `json:"sameAs" format:"client-code"`                    // acceptance: the receiver's own record of the same person
	At          *time.Time  `json:"at"`                                             // appointment: when; required there
	On          models.Date `json:"on"`                                             // attendance: the day; required there
	Reason      string      `json:"reason" extensions:"x-code-list=decline_reason"` // decline: why; required there
	Alternative string      `json:"alternative" maxLength:"500"`                    // decline: what is offered instead, screened; required there
}

// checkFields refuses fields that the action does not read.
func (in referralMoveRequest) checkFields(action string) error {
	var c models.Checks
	c.Require(in.SameAs == "" || action == "acceptance", "/sameAs", "body.unknown_field")
	c.Require(in.At == nil || action == "appointment", "/at", "body.unknown_field")
	c.Require(in.On == "" || action == "attendance", "/on", "body.unknown_field")
	c.Require(in.Reason == "" || action == "decline", "/reason", "body.unknown_field")
	c.Require(in.Alternative == "" || action == "decline", "/alternative", "body.unknown_field")
	return c.Err()
}

// MoveReferral makes one move of the referral state machine.
//
//	@Summary		Move a referral
//	@Description	receipt, acceptance, decline, info-request, appointment, attendance, no-show, re-engagement, closure, cancellation. Acceptance may name the receiver's own record of the same person in sameAs, when a clinician has confirmed it.
//	@Tags			referrals
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"referral id"
//	@Param			action	path		string				true	"action"	Enums(receipt, acceptance, decline, info-request, appointment, attendance, no-show, re-engagement, closure, cancellation)
//	@Param			body	body		referralMoveRequest	false	"what the action says"
//	@Success		200		{object}	ReferralView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/referrals/{id}/{action} [post]
func MoveReferral(c *Call) error {
	action := c.Param("action")
	if err := models.ReferralMachine.Unknown(action); err != nil {
		return err
	}
	in, err := bind[referralMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if err := in.checkFields(action); err != nil {
		return err
	}
	move := models.ReferralMove{On: in.On, Reason: in.Reason, Alternative: in.Alternative}
	if in.At != nil {
		move.AppointmentAt = in.At.UTC().Truncate(time.Millisecond)
	}
	r, err := c.Store.MoveReferral(c.Context, c.Param("id"), action, move, store.Acceptance{SameAs: in.SameAs})
	if err != nil {
		return err
	}
	return c.Versioned(r.Version, referralAnswer(*r))
}
