package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// doseOrderRequest says what was ordered. The service never computes or proposes a dose.
type doseOrderRequest struct {
	Medicine        string      `json:"medicine" validate:"required" extensions:"x-code-list=oat_medicine"` // what is ordered
	Schedule        string      `json:"schedule" validate:"required" extensions:"x-code-list=oat_schedule"` // one that the medicine has
	Phase           string      `json:"phase" validate:"required" extensions:"x-code-list=oat_phase"`       // of treatment
	DoseMg          *float64    `json:"doseMg" validate:"required"`                                         // above 0, three decimals
	From            models.Date `json:"from" validate:"required"`                                           // first day, at most 30 days ahead
	LowTolerance    bool        `json:"lowTolerance"`                                                       // narrower guards count
	IdentityChecked bool        `json:"identityChecked" validate:"required"`                                // on paper, as controlled medicines need
	GuardReason     string      `json:"guardReason" extensions:"x-code-list=dose_guard_reason"`             // required where the dose lies outside the guards
}

// micrograms reads a dose; 0 is not one, and the domain says so.
func micrograms(mg *float64) int64 {
	if mg == nil {
		return 0
	}
	ug, ok := models.Micrograms(*mg)
	if !ok {
		return 0
	}
	return ug
}

func milligrams(ug int64) float64 { return float64(ug) / 1000 }

// DoseOrderView is an agonist treatment order as a treating clinician sees it.
type DoseOrderView struct {
	ID                string                 `json:"id" cat:"oat"`
	ClientCode        *string                `json:"clientCode" cat:"identity"` // null for another organisation's record
	Organisation      models.OrganisationID  `json:"organisation" cat:"oat"`
	Episode           *string                `json:"episode" cat:"oat"`
	Medicine          string                 `json:"medicine" cat:"oat"`
	Schedule          string                 `json:"schedule" cat:"oat"`
	Phase             string                 `json:"phase" cat:"oat"`
	DoseMg            float64                `json:"doseMg" cat:"oat"`
	LowTolerance      bool                   `json:"lowTolerance" cat:"oat"`
	From              models.Date            `json:"from" cat:"oat"`
	State             string                 `json:"state" cat:"oat"`
	Reason            *string                `json:"reason" cat:"oat"` // of the hold or the end
	EndedAt           *time.Time             `json:"endedAt" cat:"oat"`
	Transfer          *string                `json:"transfer" cat:"transfer"` // that opened the order here
	IdentityCheckedAt time.Time              `json:"identityCheckedAt" cat:"oat"`
	IdentityCheckedBy models.UserID          `json:"identityCheckedBy" cat:"oat"`
	OutsideGuards     []string               `json:"outsideGuards" cat:"oat"` // ids of the guards the dose in force lies outside of
	GuardReason       *string                `json:"guardReason" cat:"oat"`
	Guards            []DoseGuardView        `json:"guards" cat:"oat"`
	LastDoseAt        *time.Time             `json:"lastDoseAt" cat:"oat"` // taken, here or at the site the order came from
	Gap               *OrderGapView          `json:"gap" cat:"oat"`        // null when no dose was taken yet
	History           []DoseOrderVersionView `json:"history" cat:"oat"`
	// DoseContinuityConsent is none, given or refused. It is a warning and stops nothing.
	DoseContinuityConsent *string  `json:"doseContinuityConsent" cat:"consent"`
	Allowed               []string `json:"allowed" cat:"oat"`
	Version               int64    `json:"version" cat:"oat"`
}

// DoseGuardView is a limit that is shown; a dose above it asks for a reason.
type DoseGuardView struct {
	ID      string  `json:"id" cat:"oat"`
	When    string  `json:"when" cat:"oat"`
	AboveMg float64 `json:"aboveMg" cat:"oat"`
	Basis   string  `json:"basis" cat:"oat"`
	Source  *string `json:"source" cat:"oat"`
}

// OrderGapView is the gap since the last dose taken, at the moment of reading.
type OrderGapView struct {
	HoursSinceLastDose   float64 `json:"hoursSinceLastDose" cat:"oat"`
	MissedScheduledDoses int     `json:"missedScheduledDoses" cat:"oat"`
	Band                 string  `json:"band" cat:"oat"`
	Rule                 *string `json:"rule" cat:"oat"`
	Basis                string  `json:"basis" cat:"oat"`
	Source               *string `json:"source" cat:"oat"`
}

// DoseOrderVersionView is one version of an order; none is overwritten.
type DoseOrderVersionView struct {
	Version       int64         `json:"version" cat:"oat"`
	Action        string        `json:"action" cat:"oat"`
	Phase         string        `json:"phase" cat:"oat"`
	DoseMg        float64       `json:"doseMg" cat:"oat"`
	State         string        `json:"state" cat:"oat"`
	Reason        *string       `json:"reason" cat:"oat"`
	OutsideGuards []string      `json:"outsideGuards" cat:"oat"`
	GuardReason   *string       `json:"guardReason" cat:"oat"`
	At            time.Time     `json:"at" cat:"oat"`
	By            models.UserID `json:"by" cat:"oat"`
}

func doseOrderView(o store.SeenDoseOrder) DoseOrderView {
	v := DoseOrderView{
		ID: o.ID, ClientCode: optional(o.ClientCode), Organisation: o.OrganisationID, Episode: optional(o.EpisodeID), Medicine: o.Medicine, Schedule: o.Schedule,
		Phase: o.Phase, DoseMg: milligrams(o.DoseUg), LowTolerance: o.LowTolerance, From: o.FromDate, State: o.State, Reason: optional(o.Reason),
		EndedAt: o.EndedAt, Transfer: optional(o.TransferID), IdentityCheckedAt: o.IdentityCheckedAt, IdentityCheckedBy: o.IdentityCheckedBy,
		OutsideGuards: o.Outside, GuardReason: optional(o.GuardReason), Guards: make([]DoseGuardView, len(o.Guards)), LastDoseAt: o.PriorDoseAt,
		History: make([]DoseOrderVersionView, len(o.History)), Allowed: []string{}, Version: o.Version,
	}
	if o.Own {
		v.DoseContinuityConsent = &o.ContinuityConsent
		v.Allowed = append(v.Allowed, models.DoseOrderMachine.Allowed(o.State, models.Prescriber)...)
	}
	if o.LastDose != nil {
		v.LastDoseAt = &o.LastDose.At
	}
	for i, g := range o.Guards {
		v.Guards[i] = DoseGuardView{ID: g.ID, When: g.When, AboveMg: milligrams(g.AboveUg), Basis: g.Basis, Source: optional(g.Source)}
	}
	if g := o.Gap; g != nil {
		v.Gap = &OrderGapView{HoursSinceLastDose: float64(int(g.Hours*10)) / 10, MissedScheduledDoses: g.MissedDoses, Band: g.Band, Rule: optional(g.Rule),
			Basis: g.Basis, Source: optional(g.Source)}
	}
	for i, h := range o.History {
		v.History[i] = DoseOrderVersionView{Version: h.Version, Action: h.Action, Phase: h.Phase, DoseMg: milligrams(h.DoseUg), State: h.State,
			Reason: optional(h.Reason), OutsideGuards: h.Outside, GuardReason: optional(h.GuardReason), At: h.At, By: h.ByUser}
	}
	return v
}

// CreateDoseOrder starts agonist treatment.
//
//	@Summary		Order agonist treatment
//	@Description	Identity is checked on paper; only that it was, when and by whom is kept. A dose outside a guard is 422 dose.reason_required; sent again with guardReason it is recorded. doseContinuityConsent in the answer is a warning: the consent is asked for at the start.
//	@Tags			agonist treatment
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			code	path		string				true	"client code"
//	@Param			body	body		doseOrderRequest	true	"order"
//	@Success		201		{object}	DoseOrderView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/clients/{code}/dose-orders [post]
func CreateDoseOrder(c *Call) error {
	in, err := bind[doseOrderRequest](&c.Exchange)
	if err != nil {
		return err
	}
	o, out, err := c.Store.CreateDoseOrder(c.Context, c.Param("code"), models.NewDoseOrder{
		Medicine: in.Medicine, Schedule: in.Schedule, Phase: in.Phase, DoseUg: micrograms(in.DoseMg), From: in.From, LowTolerance: in.LowTolerance,
		IdentityChecked: in.IdentityChecked, GuardReason: in.GuardReason,
	}, c.Protocols.DoseRules())
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/dose-orders/"+o.ID, o.Version, doseOrderView(*o))
}

// ListDoseOrders lists the orders of the person behind a client, newest first.
//
//	@Summary	Agonist treatment of a client
//	@Tags		agonist treatment
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code"
//	@Success	200		{object}	Page[DoseOrderView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/dose-orders [get]
func ListDoseOrders(c *Call) error {
	all, err := c.Store.ListDoseOrders(c.Context, c.Param("code"), c.Protocols.DoseRules())
	if err != nil {
		return err
	}
	return list(&c.Exchange, store.Page[store.SeenDoseOrder]{Items: all}, doseOrderView)
}

// GetDoseOrder returns an order with its history and the gap now.
//
//	@Summary	One dose order
//	@Tags		agonist treatment
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"dose order id"
//	@Success	200	{object}	DoseOrderView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/dose-orders/{id} [get]
func GetDoseOrder(c *Call) error {
	o, err := c.Store.GetDoseOrder(c.Context, c.Param("id"), c.Protocols.DoseRules())
	if err != nil {
		return err
	}
	return c.Versioned(o.Version, doseOrderView(*o))
}

// doseOrderChangeRequest is the body of every action; each action reads its own fields
// and refuses the others.
type doseOrderChangeRequest struct {
	DoseMg      *float64 `json:"doseMg"`                                                         // dose-change, required there; resumption, when the dose changes
	Phase       string   `json:"phase" extensions:"x-code-list=oat_phase"`                       // phase-change: required there
	Reason      string   `json:"reason" extensions:"x-code-list=oat_hold_reason oat_end_reason"` // hold, ending: why, of the list for it; required there
	GuardReason string   `json:"guardReason" extensions:"x-code-list=dose_guard_reason"`         // dose-change, resumption: required outside the guards
}

func (in doseOrderChangeRequest) checkFields(action string) error {
	var c models.Checks
	dose := action == "dose-change" || action == "resumption"
	c.Require(in.DoseMg == nil || dose, "/doseMg", "body.unknown_field")
	c.Require(in.GuardReason == "" || dose, "/guardReason", "body.unknown_field")
	c.Require(in.Phase == "" || action == "phase-change", "/phase", "body.unknown_field")
	c.Require(in.Reason == "" || action == "hold" || action == "ending", "/reason", "body.unknown_field")
	return c.Err()
}

// ChangeDoseOrder makes one move of an order; every version is kept.
//
//	@Summary		Change a dose order
//	@Description	dose-change, phase-change, taper, hold, resumption, ending. No withdrawal or expiry of a consent does any of these.
//	@Tags			agonist treatment
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string					true	"dose order id"
//	@Param			action	path		string					true	"action"	Enums(dose-change, phase-change, taper, hold, resumption, ending)
//	@Param			body	body		doseOrderChangeRequest	false	"what the action says"
//	@Success		200		{object}	DoseOrderView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/dose-orders/{id}/{action} [post]
func ChangeDoseOrder(c *Call) error {
	action := c.Param("action")
	if err := models.DoseOrderMachine.Unknown(action); err != nil {
		return err
	}
	in, err := bind[doseOrderChangeRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if err := in.checkFields(action); err != nil {
		return err
	}
	o, err := c.Store.ChangeDoseOrder(c.Context, c.Param("id"), action, models.DoseOrderChange{
		DoseUg: micrograms(in.DoseMg), HasDose: in.DoseMg != nil, Phase: in.Phase, Reason: in.Reason, GuardReason: in.GuardReason,
	}, c.Protocols.DoseRules())
	if err != nil {
		return err
	}
	return c.Versioned(o.Version, doseOrderView(*o))
}

type doseRequest struct {
	Status       string     `json:"status" validate:"required" extensions:"x-code-list=dose_status"` // what happened
	At           *time.Time `json:"at" validate:"required"`                                          // when, not in the future
	DoseMg       *float64   `json:"doseMg"`                                                          // of a given dose, required there
	TakeHomeDays int        `json:"takeHomeDays" minimum:"0" maximum:"30"`                           // days of doses taken home
	Witnessed    bool       `json:"witnessed"`                                                       // taken under eyes
	GuardReason  string     `json:"guardReason" extensions:"x-code-list=dose_guard_reason"`          // required where the dose lies outside the guards
	Corrects     string     `json:"corrects" format:"uuid"`                                          // the entry that this one takes the place of; error needs it
}

// DoseView is one entry of the dispensing record.
type DoseView struct {
	ID            string                `json:"id" cat:"oat"`
	Order         string                `json:"order" cat:"oat"`
	Organisation  models.OrganisationID `json:"organisation" cat:"oat"` // that recorded it
	Status        string                `json:"status" cat:"oat"`
	At            time.Time             `json:"at" cat:"oat"`
	On            models.Date           `json:"on" cat:"oat"`
	DoseMg        *float64              `json:"doseMg" cat:"oat"`
	TakeHomeDays  int                   `json:"takeHomeDays" cat:"oat"`
	Witnessed     bool                  `json:"witnessed" cat:"oat"`
	OutsideGuards []string              `json:"outsideGuards" cat:"oat"`
	GuardReason   *string               `json:"guardReason" cat:"oat"`
	Corrects      *string               `json:"corrects" cat:"oat"`
	RecordedAt    time.Time             `json:"recordedAt" cat:"oat"`
	RecordedBy    models.UserID         `json:"recordedBy" cat:"oat"`
}

func doseView(e models.DoseEvent) DoseView {
	v := DoseView{
		ID: e.ID, Order: e.OrderID, Organisation: e.OrganisationID, Status: e.Status, At: e.At, On: e.OnDate, TakeHomeDays: e.TakeHomeDays, Witnessed: e.Witnessed,
		OutsideGuards: e.Outside, GuardReason: optional(e.GuardReason), Corrects: optional(e.Corrects), RecordedAt: e.CreatedAt, RecordedBy: e.CreatedBy,
	}
	if e.Status == models.DoseGiven {
		mg := milligrams(e.DoseUg)
		v.DoseMg = &mg
	}
	return v
}

// RecordDose adds an entry to the dispensing record; none is ever edited.
//
//	@Summary		Record a dose
//	@Description	A dose outside a guard is 422 dose.reason_required; sent again with guardReason it is recorded. A correction is a new entry that names the one it corrects.
//	@Tags			agonist treatment
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string		true	"dose order id"
//	@Param			body	body		doseRequest	true	"what happened"
//	@Success		201		{object}	DoseView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/dose-orders/{id}/doses [post]
func RecordDose(c *Call) error {
	in, err := bind[doseRequest](&c.Exchange)
	if err != nil {
		return err
	}
	n := models.NewDose{Status: in.Status, DoseUg: micrograms(in.DoseMg), HasDose: in.DoseMg != nil, TakeHomeDays: in.TakeHomeDays, Witnessed: in.Witnessed,
		GuardReason: in.GuardReason, Corrects: in.Corrects}
	if in.At != nil {
		n.At = *in.At
	}
	e, out, err := c.Store.RecordDose(c.Context, c.Param("id"), n, c.Protocols.DoseRules())
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/dose-orders/"+e.OrderID+"/doses", 1, doseView(*e))
}

// ListDoses lists the entries of an order, newest entry first.
//
//	@Summary	Doses of an order
//	@Tags		agonist treatment
//	@Security	bearer
//	@Produce	json
//	@Param		id		path		string	true	"dose order id"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DoseView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/dose-orders/{id}/doses [get]
func ListDoses(c *Call) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDoses(c.Context, c.Param("id"), paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, doseView)
}

// DoubleDosingView says that an own client may have been dosed elsewhere too, on a day. It
// says nothing of where, by whom, or what.
type DoubleDosingView struct {
	ID         string      `json:"id" cat:"oat"`
	ClientCode string      `json:"clientCode" cat:"identity"`
	Order      string      `json:"order" cat:"oat"`
	On         models.Date `json:"on" cat:"oat"`
	State      string      `json:"state" cat:"oat"`
	Outcome    *string     `json:"outcome" cat:"oat"`
	Version    int64       `json:"version" cat:"oat"`
}

func doubleDosingView(d store.SeenDoubleDosing) DoubleDosingView {
	return DoubleDosingView{ID: d.ID, ClientCode: d.ClientCode, Order: d.OrderID, On: d.OnDate, State: d.State, Outcome: optional(d.Outcome), Version: d.Version}
}

// ListDoubleDosing lists possible double dosing of the organisation's own clients.
//
//	@Summary	Possible double dosing
//	@Tags		agonist treatment
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"open or settled"	Enums(open, settled)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DoubleDosingView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/double-dosing [get]
func ListDoubleDosing(c *Call) error {
	state, err := c.choice("state", oneOf(models.DoubleDosingMachine.States...))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListDoubleDosing(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, doubleDosingView)
}

type settlementRequest struct {
	Outcome string `json:"outcome" validate:"required" extensions:"x-code-list=double_dosing_outcome"` // what the prescriber found out
}

// SettleDoubleDosing records what the prescriber found out.
//
//	@Summary	Settle a possible double dosing
//	@Tags		agonist treatment
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string				true	"id"
//	@Param		body	body		settlementRequest	true	"outcome"
//	@Success	200		{object}	DoubleDosingView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/double-dosing/{id}/settlement [post]
func SettleDoubleDosing(c *Call) error {
	in, err := bind[settlementRequest](&c.Exchange)
	if err != nil {
		return err
	}
	d, err := c.Store.SettleDoubleDosing(c.Context, c.Param("id"), in.Outcome)
	if err != nil {
		return err
	}
	return c.Versioned(d.Version, doubleDosingView(*d))
}
