package handlers

import (
	"slices"
	"time"

	"jol/models"
	"jol/models/store"
)

// CustodySpellView is a stay as the health unit sees it.
type CustodySpellView struct {
	ID                string                `json:"id" cat:"custody"`
	ClientCode        *string               `json:"clientCode" cat:"identity"` // null: another unit's client
	Institution       models.OrganisationID `json:"institution" cat:"custody"`
	Basis             string                `json:"basis" cat:"custody"`
	State             string                `json:"state" cat:"custody"`
	AdmittedAt        *time.Time            `json:"admittedAt" cat:"custody"`
	PlannedRelease    *models.Date          `json:"plannedRelease" cat:"releaseDate"`
	PlannedReleases   []PlannedReleaseView  `json:"plannedReleases"` // every value it had, the first one first
	ReleaseDecidedAt  *time.Time            `json:"releaseDecidedAt" cat:"releaseDate"`
	EndedAt           *time.Time            `json:"endedAt" cat:"custody"`
	ExitReason        *string               `json:"exitReason" cat:"custody"`
	ExitRegion        *string               `json:"exitRegion" cat:"custody"`
	ReferralOnRelease *string               `json:"referralOnRelease" cat:"releasePlan"`
	NaloxoneOnRelease *string               `json:"naloxoneOnRelease" cat:"naloxone"`
	InTreatmentAtExit *bool                 `json:"inTreatmentAtExit" cat:"treatmentFact"`
	Slip              *string               `json:"slip" cat:"custody"` // what the institution calls the person today
	ReleaseCase       *string               `json:"releaseCase" cat:"releaseCase"`
	Allowed           []string              `json:"allowed" cat:"custody"`
	Version           int64                 `json:"version" cat:"custody"`
}

// PlannedReleaseView is one value that a planned release had.
type PlannedReleaseView struct {
	On    models.Date           `json:"on" cat:"releaseDate"`
	SetAt time.Time             `json:"setAt" cat:"releaseDate"`
	SetBy models.OrganisationID `json:"setByOrganisation" cat:"releaseDate"`
}

// CustodySlipView is all that security and management see of somebody who is held: a
// number that is good for today, and what custody knows anyway.
type CustodySlipView struct {
	Slip           string       `json:"slip" cat:"custody"`
	AdmittedOn     models.Date  `json:"admittedOn" cat:"custody"`
	Basis          string       `json:"basis" cat:"custody"`
	PlannedRelease *models.Date `json:"plannedRelease" cat:"releaseDate"`
}

func plannedReleases(planned []models.PlannedRelease) []PlannedReleaseView {
	views := make([]PlannedReleaseView, len(planned))
	for i, p := range planned {
		views[i] = PlannedReleaseView{On: p.OnDate, SetAt: p.SetAt, SetBy: p.SetByID}
	}
	return views
}

func spellView(s store.SeenSpell) CustodySpellView {
	v := CustodySpellView{
		ID: s.ID, ClientCode: optional(s.ClientCode), Institution: s.InstitutionID, Basis: s.Basis, State: s.State, AdmittedAt: s.AdmittedAt,
		PlannedRelease: optional(s.PlannedRelease), PlannedReleases: plannedReleases(s.Planned), ReleaseDecidedAt: s.ReleaseDecidedAt, EndedAt: s.EndedAt,
		ExitReason: optional(s.ExitReason), ExitRegion: optional(models.RegionOfExit(s.ExitRegion, s.WentFree())), ReferralOnRelease: optional(s.ReferralOnRelease),
		NaloxoneOnRelease: optional(s.NaloxoneOnRelease), Slip: optional(s.Slip), ReleaseCase: optional(s.CaseID), Allowed: orNone(s.Allowed()), Version: s.Version,
	}
	if s.EndedAt != nil {
		v.InTreatmentAtExit = &s.InTreatmentAtExit
	}
	return v
}

func slipView(s store.SeenSlip) CustodySlipView {
	return CustodySlipView{Slip: s.Slip, AdmittedOn: s.AdmittedOn, Basis: s.Basis, PlannedRelease: optional(s.PlannedRelease)}
}

// orNone is an empty list instead of null.
func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// instant is a time as both databases keep it.
func instant(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	at := t.UTC().Truncate(time.Millisecond)
	return &at
}

type custodySpellRequest struct {
	Basis          string      `json:"basis" validate:"required" extensions:"x-code-list=custody_basis"` // what it rests on
	AdmittedAt     *time.Time  `json:"admittedAt"`                                                       // when; or expected
	Expected       bool        `json:"expected"`                                                         // true: not admitted yet
	PlannedRelease models.Date `json:"plannedRelease"`                                                   // as the unit was told
}

// OpenCustodySpell records that a client was admitted, or is expected.
//
//	@Summary	Record a stay in custody
//	@Tags		custody
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string				true	"client code"
//	@Param		body	body		custodySpellRequest	true	"admittedAt, or expected: true"
//	@Success	201		{object}	CustodySpellView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/custody-spells [post]
func OpenCustodySpell(c *Call) error {
	in, err := bind[custodySpellRequest](&c.Exchange)
	if err != nil {
		return err
	}
	s, out, err := c.Store.OpenSpell(c.Context, c.Param("code"), models.NewSpell{
		Basis: in.Basis, AdmittedAt: instant(in.AdmittedAt), Expected: in.Expected, PlannedRelease: in.PlannedRelease,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/custody-spells/"+s.ID, s.Version, spellView(*s))
}

// ListCustodySpells lists stays: to the health unit with their ids, to the institution as
// slips of today.
//
//	@Summary		Who is held
//	@Description	A health unit sees its stays, newest first. Security and management of the institution see slips, which are good for one day, in no order that means anything.
//	@Tags			custody
//	@Security		bearer
//	@Produce		json
//	@Param			state	query		string	false	"state, for a health unit"
//	@Param			limit	query		int		false	"page size, 1 to 200"
//	@Param			cursor	query		string	false	"cursor of the page before"
//	@Success		200		{object}	Page[CustodySpellView]
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/custody-spells [get]
func ListCustodySpells(c *Call) error {
	institution := c.Actor.OrganisationKind == models.KindPrison
	state, err := c.choice("state", func(s string) bool { return !institution && slices.Contains(models.CustodySpellMachine.States, s) })
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	if institution {
		page, err := c.Store.ListSlips(c.Context, paging)
		if err != nil {
			return err
		}
		return list(&c.Exchange, page, slipView)
	}
	page, err := c.Store.ListSpells(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, spellView)
}

// GetCustodySpell returns one stay to a health unit.
//
//	@Summary	One stay in custody
//	@Tags		custody
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"spell id"
//	@Success	200	{object}	CustodySpellView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-spells/{id} [get]
func GetCustodySpell(c *Call) error {
	s, err := c.Store.GetSpell(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(s.Version, spellView(*s))
}

type custodyMoveRequest struct {
	At *time.Time `json:"at"` // admission, death, escape: when; required there
}

// MoveCustodySpell makes a move that says no more than when it happened.
//
//	@Summary		Move a stay
//	@Description	admission, absence (somebody expected never came), residence (reception is done), death, escape. Release and transfer have addresses of their own.
//	@Tags			custody
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"spell id"
//	@Param			action	path		string				true	"action"	Enums(admission, absence, residence, death, escape)
//	@Param			body	body		custodyMoveRequest	false	"when"
//	@Success		200		{object}	CustodySpellView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/custody-spells/{id}/{action} [post]
func MoveCustodySpell(c *Call) error {
	action := c.Param("action")
	if !slices.Contains(models.SpellMoves, action) {
		return models.NotFound("custody_spell")
	}
	in, err := bind[custodyMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	s, err := c.Store.MoveSpell(c.Context, c.Param("id"), action, instant(in.At))
	if err != nil {
		return err
	}
	return c.Versioned(s.Version, spellView(*s))
}

type plannedReleaseRequest struct {
	On models.Date `json:"on" validate:"required"` // the day
}

// PlanCustodyRelease records the planned release as the health unit was told.
//
//	@Summary	Set the planned release
//	@Tags		custody
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"spell id"
//	@Param		body	body		plannedReleaseRequest	true	"the date"
//	@Success	200		{object}	CustodySpellView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-spells/{id}/planned-release [post]
func PlanCustodyRelease(c *Call) error {
	in, err := bind[plannedReleaseRequest](&c.Exchange)
	if err != nil {
		return err
	}
	s, err := c.Store.PlanRelease(c.Context, c.Param("id"), in.On)
	if err != nil {
		return err
	}
	return c.Versioned(s.Version, spellView(*s))
}

type custodyReleaseRequest struct {
	At                *time.Time `json:"at" validate:"required"`                                                             // when
	Planned           *bool      `json:"planned" validate:"required"`                                                        // whether the unit knew of it
	ExitRegion        string     `json:"exitRegion" extensions:"x-code-list=region"`                                         // where the client goes; absent or unknown when nobody knows
	ReferralOnRelease string     `json:"referralOnRelease" validate:"required" extensions:"x-code-list=referral_on_release"` // to what the client was referred
	NaloxoneOnRelease string     `json:"naloxoneOnRelease" validate:"required" extensions:"x-code-list=naloxone_on_release"` // whether naloxone went along
	ClientTold        bool       `json:"clientTold"`                                                                         // who is responsible from now on
}

// ReleaseFromCustody records that somebody went free. Exactly one organisation is
// responsible from then on.
//
//	@Summary	Release from custody
//	@Tags		custody
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"spell id"
//	@Param		body	body		custodyReleaseRequest	true	"the release"
//	@Success	200		{object}	CustodySpellView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-spells/{id}/release [post]
func ReleaseFromCustody(c *Call) error {
	in, err := bind[custodyReleaseRequest](&c.Exchange)
	if err != nil {
		return err
	}
	s, err := c.Store.ReleaseFromCustody(c.Context, c.Param("id"), models.CustodyRelease{
		At: *instant(in.At), Planned: *in.Planned, ExitRegion: in.ExitRegion, ReferralOnRelease: in.ReferralOnRelease,
		NaloxoneOnRelease: in.NaloxoneOnRelease, ClientTold: in.ClientTold,
	})
	if err != nil {
		return err
	}
	return c.Versioned(s.Version, spellView(*s))
}

type slipReleaseRequest struct {
	On       models.Date  `json:"on" validate:"required"`                               // the day
	Replaces *models.Date `json:"replaces" validate:"required" extensions:"x-nullable"` // the planned release as the list showed it, null when there was none
}

// SetReleaseDate lets the institution set the planned release of a slip of today.
//
//	@Summary	Set the planned release by slip
//	@Tags		custody
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		slip	path		string				true	"slip of today"
//	@Param		body	body		slipReleaseRequest	true	"the date, and the one it replaces"
//	@Success	200		{object}	CustodySlipView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-spells/by-slip/{slip}/release-date [post]
func SetReleaseDate(c *Call) error {
	in, err := bind[slipReleaseRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var replaces models.Date
	if in.Replaces != nil {
		replaces = *in.Replaces
	}
	s, err := c.Store.PlanReleaseBySlip(c.Context, c.Param("slip"), in.On, replaces)
	if err != nil {
		return err
	}
	return c.JSON(200, slipView(*s))
}

// ReportUnplannedRelease tells the health unit at once that somebody will go free without
// a plan. Nothing stands in its way and it may be repeated.
//
//	@Summary	Report an unplanned release by slip
//	@Tags		custody
//	@Security	bearer
//	@Produce	json
//	@Param		slip	path		string	true	"slip of today"
//	@Success	200		{object}	CustodySlipView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-spells/by-slip/{slip}/unplanned-release [post]
func ReportUnplannedRelease(c *Call) error {
	if err := bindNothing(&c.Exchange); err != nil {
		return err
	}
	s, err := c.Store.ReportUnplannedRelease(c.Context, c.Param("slip"))
	if err != nil {
		return err
	}
	return c.JSON(200, slipView(*s))
}

// CustodyTransferView is a transfer between institutions as one of the two health units
// sees it.
type CustodyTransferView struct {
	ID               string                `json:"id" cat:"transfer"`
	ClientCode       string                `json:"clientCode" cat:"identity"`
	FromOrganisation models.OrganisationID `json:"fromOrganisation" cat:"transfer"`
	ToOrganisation   models.OrganisationID `json:"toOrganisation" cat:"transfer"`
	State            string                `json:"state" cat:"transfer"`
	OrderedAt        time.Time             `json:"orderedAt" cat:"transfer"`
	DepartureAt      *time.Time            `json:"departureAt" cat:"transfer"` // planned
	DepartedAt       *time.Time            `json:"departedAt" cat:"transfer"`
	ArrivedAt        *time.Time            `json:"arrivedAt" cat:"transfer"`
	FileReceivedAt   *time.Time            `json:"fileReceivedAt" cat:"transfer"`
	ContinuityAlarm  bool                  `json:"continuityAlarm" cat:"transfer"` // arrived, and no file for 24 hours
	Allowed          []string              `json:"allowed" cat:"transfer"`
	Version          int64                 `json:"version" cat:"transfer"`
}

func transferView(t store.SeenTransfer) CustodyTransferView {
	return CustodyTransferView{
		ID: t.ID, ClientCode: t.ClientCode, FromOrganisation: t.FromOrganisationID, ToOrganisation: t.ToOrganisationID, State: t.State,
		OrderedAt: t.OrderedAt, DepartureAt: t.DepartureAt, DepartedAt: t.DepartedAt, ArrivedAt: t.ArrivedAt, FileReceivedAt: t.FileReceivedAt,
		ContinuityAlarm: t.Alarm, Allowed: orNone(t.CustodyTransfer.Allowed(t.Party)), Version: t.Version,
	}
}

type custodyTransferRequest struct {
	ToOrganisation models.OrganisationID `json:"toOrganisation" validate:"required"` // the health unit that serves the other institution
	DepartureAt    *time.Time            `json:"departureAt"`                        // planned, at most a year ahead
}

// OrderCustodyTransfer orders the move of a person to another institution.
//
//	@Summary	Order a transfer to another institution
//	@Tags		custody
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"spell id"
//	@Param		body	body		custodyTransferRequest	true	"the receiving health unit, and when the departure is planned"
//	@Success	201		{object}	CustodyTransferView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-spells/{id}/transfers [post]
func OrderCustodyTransfer(c *Call) error {
	in, err := bind[custodyTransferRequest](&c.Exchange)
	if err != nil {
		return err
	}
	t, out, err := c.Store.OrderTransfer(c.Context, c.Param("id"), in.ToOrganisation, instant(in.DepartureAt))
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/custody-transfers/"+t.ID, t.Version, transferView(*t))
}

// ListCustodyTransfers lists what the health unit sends and receives, newest first.
//
//	@Summary	Transfers between institutions
//	@Tags		custody
//	@Security	bearer
//	@Produce	json
//	@Param		alarm	query		string	false	"true: only those whose file has not come in time"	Enums(true, false)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[CustodyTransferView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-transfers [get]
func ListCustodyTransfers(c *Call) error {
	alarm, err := c.choice("alarm", oneOf("true", "false"))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListTransfers(c.Context, alarm == "true", paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, transferView)
}

// GetCustodyTransfer returns one transfer to one of its parties.
//
//	@Summary	One transfer between institutions
//	@Tags		custody
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"transfer id"
//	@Success	200	{object}	CustodyTransferView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/custody-transfers/{id} [get]
func GetCustodyTransfer(c *Call) error {
	t, err := c.Store.GetTransfer(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(t.Version, transferView(*t))
}

type transferMoveRequest struct {
	At     *time.Time `json:"at"`                          // departure, arrival, file-receipt: when; required there
	SameAs string     `json:"sameAs" format:"client-code"` // confirmation: the receiver's own record of the same person
}

// MoveCustodyTransfer makes one move of a transfer.
//
//	@Summary		Move a transfer between institutions
//	@Description	departure and cancellation are the sender's; arrival, file-receipt and confirmation the receiver's. Confirmation is an act of care: it joins the records, moves the stay, and hands the person over when the sender was responsible. It may name the receiver's own record of the same person in sameAs.
//	@Tags			custody
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"transfer id"
//	@Param			action	path		string				true	"action"	Enums(departure, arrival, file-receipt, confirmation, cancellation)
//	@Param			body	body		transferMoveRequest	false	"what the action says"
//	@Success		200		{object}	CustodyTransferView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/custody-transfers/{id}/{action} [post]
func MoveCustodyTransfer(c *Call) error {
	action := c.Param("action")
	if err := models.CustodyTransferMachine.Unknown(action); err != nil {
		return err
	}
	in, err := bind[transferMoveRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.SameAs != "" && action != "confirmation" {
		return invalid("/sameAs", "body.unknown_field")
	}
	t, err := c.Store.MoveTransfer(c.Context, c.Param("id"), action, instant(in.At), store.Acceptance{SameAs: in.SameAs})
	if err != nil {
		return err
	}
	return c.Versioned(t.Version, transferView(*t))
}
