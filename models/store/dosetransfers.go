package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenDoseTransfer is a transfer as one party may see it.
type SeenDoseTransfer struct {
	models.DoseTransfer
	Party models.Party
	// ClientCode is the client's code in the reader's own sector.
	ClientCode string
	// Whole is false for a receiver whose consent is no longer in force, or from whom the
	// transfer was taken back: then only id and state may be shown.
	Whole bool
	// Dose says that medicine, dose, phase and last dose may be shown.
	Dose    bool
	Overdue bool
	// Hosts says that the receiver may record doses on the home site's order.
	Hosts bool
}

type doseTransferRow struct {
	models.DoseTransfer
	FromCode       string
	FromLocalNo    int
	ToCode         string
	ToLocalNo      int
	ConsentState   string
	ConsentFrom    models.Date
	ConsentUntil   models.Date
	ConsentVersion int64
	ConsentPurpose models.Purpose
	// ConsentCategories and the purpose say whether it still carries the dose.
	ConsentCategories []models.Category `gorm:"serializer:json"`
}

const transferNoun = "dose_transfer"

func (s *Session) doseTransferQuery(q *gorm.DB, verb models.Verb) *gorm.DB {
	return s.scoped(doseTransfersWith(q), doseTransferTable, models.CatTransfer, verb)
}

func doseTransfersWith(q *gorm.DB) *gorm.DB {
	return q.Model(&models.DoseTransfer{}).
		Select("dose_transfers.*, COALESCE(fc.code, dose_transfers.other_code) AS from_code, COALESCE(fc.local_no, 1) AS from_local_no, " +
			"COALESCE(tc.code, dose_transfers.other_code) AS to_code, COALESCE(tc.local_no, 1) AS to_local_no, " +
			"COALESCE(k.state, '') AS consent_state, COALESCE(k.from_date, '') AS consent_from, COALESCE(k.until_date, '') AS consent_until, COALESCE(k.version, 0) AS consent_version, " +
			"COALESCE(k.purpose, '') AS consent_purpose, COALESCE(k.categories, '[]') AS consent_categories").
		Joins("LEFT JOIN clients fc ON fc.id = dose_transfers.from_client_id").
		Joins("LEFT JOIN clients tc ON tc.id = dose_transfers.to_client_id").
		Joins("LEFT JOIN consents k ON k.id = dose_transfers.consent_id")
}

func (row *doseTransferRow) consent() models.Consent {
	return models.Consent{ID: row.ConsentID, State: row.ConsentState, FromDate: row.ConsentFrom, UntilDate: row.ConsentUntil, Version: row.ConsentVersion,
		Purpose: row.ConsentPurpose, Categories: row.ConsentCategories}
}

// rests reports whether the transfer still rests on what it was sent on.
func (row *doseTransferRow) rests(today models.Date, now time.Time) bool {
	consent := row.consent()
	if row.Kind == models.TransferGuest && today > row.UntilDate {
		return false
	}
	return row.Ground != "" && !row.Lapsed(now) || row.Ground == "" && consent.CarriesDose(today)
}

// seeTransfer decides what the session's organisation may see of a transfer now. Until it
// confirms, a receiver sees the dose only while it was sent, on a basis that holds.
func (s *Session) seeTransfer(row *doseTransferRow) SeenDoseTransfer {
	seen := SeenDoseTransfer{DoseTransfer: row.DoseTransfer, Party: models.Receiver, Overdue: row.Overdue(s.store.now()), Whole: true}
	confirmed := row.State == models.TransferConfirmed || row.State == models.TransferFirstDose
	if row.FromOrganisationID == s.actor.OrganisationID {
		seen.Party, seen.ClientCode, seen.Dose = models.Sender, models.CodeHandle(row.FromCode, row.FromLocalNo), row.OrderID != ""
		return seen
	}
	seen.ClientCode = models.CodeHandle(row.ToCode, row.ToLocalNo)
	seen.Hosts = row.Doses(s.today())
	switch {
	case confirmed: // a guest's home goes on telling it the last dose: while what that rests on holds
		seen.Dose = row.Kind != models.TransferGuest || row.rests(s.today(), s.store.now())
	case row.State == models.TransferSent:
		seen.Dose = row.rests(s.today(), s.store.now())
		seen.Whole = seen.Dose
	default: // requested, declined, cancelled: its own request it sees, somebody else's offer no more
		seen.Whole = row.ToClientID != ""
	}
	return seen
}

func (s *Session) noteTransfers(r *reading, rows []doseTransferRow) []SeenDoseTransfer {
	seen := make([]SeenDoseTransfer, len(rows))
	for i := range rows {
		seen[i] = s.seeTransfer(&rows[i])
		r.touched(rows[i].ID)
		goesOn := rows[i].State == models.TransferSent || rows[i].Kind == models.TransferGuest
		if seen[i].Party == models.Receiver && seen[i].Dose && goesOn && rows[i].Ground == "" {
			r.relied(rows[i].consent())
		}
	}
	return seen
}

// ListDoseTransfers returns the organisation's transfers, newest first.
func (s *Session) ListDoseTransfers(ctx context.Context, f PartyFilter, p Paging) (page Page[SeenDoseTransfer], err error) {
	err = s.readRecords(ctx, "dose_transfer.read", func(r *reading) error {
		q, ways := s.byParty(doseTransfersWith(r.DB), doseTransferTable, models.CatTransfer, f)
		if f.Direction == "in" && len(ways) > 0 { // what waits for the asked site's answer came in as well
			ways = append(ways, condition{"dose_transfers.from_organisation_id = ? AND dose_transfers.state = ?", []any{s.actor.OrganisationID, models.TransferRequested}})
		}
		if f.Overdue {
			q = q.Where("dose_transfers.state IN ? AND dose_transfers.answer_due < ?", models.PendingTransferStates, r.now).
				Where("(dose_transfers.from_organisation_id = ? OR dose_transfers.state = ? OR (dose_transfers.ground <> '' AND dose_transfers.answer_due >= ?) OR (dose_transfers.ground = '' AND k.state = ? AND k.until_date >= ?))",
					s.actor.OrganisationID, models.TransferRequested, lapsedBefore(r.now), models.ConsentGiven, r.today). // a stub is not waiting
				Where("(dose_transfers.from_organisation_id = ? OR dose_transfers.until_date = '' OR dose_transfers.until_date >= ?)", s.actor.OrganisationID, r.today)
		}
		rows, err := loadWays(s, q, ways, "dose_transfers", "dose_transfers.id", p, func(row doseTransferRow) string { return row.ID })
		page = Page[SeenDoseTransfer]{Items: s.noteTransfers(r, rows.Items), Next: rows.Next}
		return err
	})
	return page, err
}

// GetDoseTransfer returns one transfer to one of its parties.
func (s *Session) GetDoseTransfer(ctx context.Context, id string) (seen *SeenDoseTransfer, err error) {
	err = s.readRecords(ctx, "dose_transfer.read", func(r *reading) error {
		var row doseTransferRow
		if err := found(s.doseTransferQuery(r.DB, models.Read).Where("dose_transfers.id = ?", id).Take(&row).Error, transferNoun); err != nil {
			return err
		}
		seen = &s.noteTransfers(r, []doseTransferRow{row})[0]
		return nil
	})
	return seen, err
}

func (t *tx) doseTransfer(id string, verb models.Verb) (*doseTransferRow, error) {
	var row doseTransferRow
	return &row, found(t.session.doseTransferQuery(t.DB, verb).Where("dose_transfers.id = ?", id).Take(&row).Error, transferNoun)
}

// CreateDoseTransfer asks another site for a client's dose, or sends an own client's. A
// request looks at nothing of the asked site: it is answered by people, and whether the
// code is known there shows in nothing.
func (s *Session) CreateDoseTransfer(ctx context.Context, handle string, n models.NewDoseTransfer) (seen *SeenDoseTransfer, out Outcome, err error) {
	if err := n.Check(s.today()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "dose_transfer.create", func(t *tx, id string, replayed bool) error {
		c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return at("/clientCode", err)
		}
		t.alsoTouched(string(c.ID))
		if !replayed {
			if err := t.newTransfer(id, c, n); err != nil {
				return err
			}
		}
		row, err := t.doseTransfer(id, models.Read)
		if err == nil {
			d := s.seeTransfer(row)
			seen = &d
		}
		return err
	})
	return seen, out, err
}

// lapsedBefore is when the answer was due to an offer on a ground that lapses at a moment.
func lapsedBefore(now time.Time) time.Time {
	return now.Add(models.TransferAnswer - models.TransferLapse)
}

func (t *tx) newTransfer(id string, c *models.Client, n models.NewDoseTransfer) error {
	asked, pointer := n.FromOrganisationID, "/fromOrganisation"
	if asked == "" {
		asked, pointer = n.ToOrganisationID, "/toOrganisation"
	}
	other, err := t.doseSite(asked, pointer)
	if err != nil {
		return err
	}
	code, err := t.codeFor(c.ID, other.Kind)
	if err != nil {
		return err
	}
	d := &models.DoseTransfer{
		ID: id, OtherCode: code, Kind: n.Kind, Ground: n.Ground, ClientTold: n.ClientTold, NotToldReason: n.NotToldReason,
		AnswerDue: t.now.Add(models.TransferAnswer), UntilDate: n.Until, Version: 1, CreatedAt: t.now, CreatedBy: t.session.actor.UserID,
	}
	if n.FromOrganisationID != "" {
		d.FromOrganisationID, d.ToOrganisationID, d.ToClientID, d.State = other.ID, c.OrganisationID, c.ID, models.TransferRequested
		if err := t.requestBasis(d, c, other, n); err != nil {
			return err
		}
	} else {
		d.FromOrganisationID, d.ToOrganisationID, d.State = c.OrganisationID, other.ID, models.TransferSent
		if err := t.sendDose(d, c, n.Basis); err != nil {
			return err
		}
	}
	if err := t.Create(d).Error; err != nil {
		return err
	}
	t.tell(transferNoun, id, d.FromOrganisationID, d.ToOrganisationID)
	return t.notify(other.ID, "transfer_unanswered", id, d.ConsentID)
}

// doseSite is a site that treats: a clinic or a prison health unit, active, and another one.
func (t *tx) doseSite(id models.OrganisationID, pointer string) (*models.Organisation, error) {
	o, err := t.organisation(id)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return nil, err
	}
	var c models.Checks
	c.Require(err == nil && (o.Kind == models.KindClinic || o.Kind == models.KindPrisonHealth) && id != t.session.actor.OrganisationID, pointer, "dose_transfer.site_unknown")
	return o, c.Err()
}

// requestBasis says what the asking itself rests on: it tells the asked site that the
// asker has this client. With HeldBySender the request counts on the consent that the
// asked site holds; nothing is looked up there.
func (t *tx) requestBasis(d *models.DoseTransfer, c *models.Client, asked *models.Organisation, n models.NewDoseTransfer) error {
	entry := models.Disclosure{ClientID: c.ID, OrganisationID: c.OrganisationID, RecipientID: asked.ID, Categories: []models.Category{models.CatTreatmentFact},
		Ground: n.Ground, ClientTold: n.ClientTold, NotToldReason: n.NotToldReason, Reference: d.ID}
	switch n.Consent {
	case "":
	case models.HeldBySender:
		entry.Ground = models.HeldBySender
	default:
		var k models.Consent
		err := found(t.Where("id = ? AND client_id = ?", n.Consent, c.ID).Take(&k).Error, "consent")
		if err != nil && !models.IsKind(err, models.KindNotFound) {
			return err
		}
		var checks models.Checks
		checks.Require(err == nil && k.CoversDose(asked, t.today), "/consent", "dose_transfer.consent_does_not_cover")
		if err := checks.Err(); err != nil {
			return err
		}
		d.ConsentID, entry.ConsentID = k.ID, k.ID
	}
	t.disclosed(entry)
	return nil
}

// sendDose names the sender's client and order, finds what telling its dose rests on, and
// enters that in the disclosure log.
func (t *tx) sendDose(d *models.DoseTransfer, c *models.Client, basis models.Basis) error {
	to, err := t.organisation(d.ToOrganisationID)
	if err != nil {
		return err
	}
	var open []models.DoseOrder
	if err := t.Where("client_id = ? AND organisation_id = ? AND state <> ?", c.ID, c.OrganisationID, models.OrderEnded).Limit(1).Find(&open).Error; err != nil {
		return err
	}
	if len(open) == 0 {
		return models.Fail(models.KindConflict, "dose_transfer.no_order", "This client has no order at your organisation that is not ended.")
	}
	d.ConsentID, d.Ground, d.ClientTold, d.NotToldReason = "", basis.Ground, basis.ClientTold, basis.NotToldReason
	if basis.Ground == "" {
		k, err := t.doseConsent(c, to)
		if err != nil {
			return err
		}
		d.ConsentID, d.ClientTold = k.ID, true
	}
	last, err := lastTaken(t.DB, &open[0], t.now)
	if err != nil {
		return err
	}
	d.Carry(&open[0], lastDoseOf(&open[0], last))
	d.FromClientID, d.AnswerDue = c.ID, t.now.Add(models.TransferAnswer)
	t.disclosed(models.Disclosure{ClientID: c.ID, OrganisationID: c.OrganisationID, RecipientID: to.ID, Categories: []models.Category{models.CatOAT},
		ConsentID: d.ConsentID, Ground: d.Ground, ClientTold: d.ClientTold, NotToldReason: d.NotToldReason, Reference: d.ID})
	return nil
}

func lastDoseOf(o *models.DoseOrder, last *models.DoseEvent) *time.Time {
	if last != nil {
		return &last.At
	}
	return o.PriorDoseAt
}

// doseConsent finds the consent that allows telling the receiver the dose: the one that
// runs longest.
func (t *tx) doseConsent(c *models.Client, to *models.Organisation) (*models.Consent, error) {
	var given []models.Consent
	if err := t.Where("client_id = ? AND state = ?", c.ID, models.ConsentGiven).Order("until_date DESC, id").Find(&given).Error; err != nil {
		return nil, err
	}
	for i := range given {
		if given[i].CoversDose(to, t.today) {
			return &given[i], nil
		}
	}
	return nil, models.Fail(models.KindConflict, "dose_transfer.consent_required",
		"No dose-continuity consent in force names that organisation. Where nobody can ask the client, send on a ground, and say whether the client was told.")
}

// MoveDoseTransfer makes one move of a transfer. A confirmation is an act of care: it
// joins the records, ends the sender's order and opens the receiver's in one transaction.
func (s *Session) MoveDoseTransfer(ctx context.Context, id, action string, m models.DoseTransferMove, rules models.DoseRules) (seen *SeenDoseTransfer, err error) {
	if err := m.Check(action); err != nil {
		return nil, err
	}
	err = s.write(ctx, "dose_transfer."+action, func(t *tx) error {
		row, err := t.doseTransfer(id, models.Change)
		if err != nil {
			return err
		}
		d := &row.DoseTransfer
		if err := t.base(d.Version); err != nil {
			return err
		}
		party := models.Receiver
		if d.FromOrganisationID == s.actor.OrganisationID {
			party = models.Sender
		}
		lapsed := d.Lapsed(t.now) || d.Kind == models.TransferGuest && t.today > d.UntilDate
		if err := d.Do(action, party); err != nil {
			return err
		}
		if lapsed && action != "cancellation" && action != "decline" {
			return models.Fail(models.KindConflict, "dose_transfer.lapsed", "Nobody confirmed in time; ask the sender to send it anew.")
		}
		t.audit(id)
		if err := t.unneeded("transfer_unanswered", id); err != nil { // a sending asks the other side anew
			return err
		}
		switch action {
		case "sending":
			err = t.answerRequest(d, m)
		case "confirmation":
			err = t.confirm(row, m, rules)
		}
		if err != nil {
			return err
		}
		if err := t.saveTransfer(d); err != nil {
			return err
		}
		if row, err = t.doseTransfer(id, models.Change); err == nil {
			shown := s.seeTransfer(row)
			seen = &shown
		}
		return err
	})
	return seen, err
}

// saveTransfer writes the next version of a transfer.
func (t *tx) saveTransfer(d *models.DoseTransfer) error {
	columns := []string{"state", "from_client_id", "to_client_id", "order_id", "receiver_order_id", "consent_id", "ground", "client_told", "not_told_reason",
		"medicine", "schedule", "phase", "dose_ug", "last_dose_at", "answer_due", "version"}
	t.tell(transferNoun, d.ID, d.FromOrganisationID, d.ToOrganisationID)
	return changed(t.Model(d).Where("version = ?", d.Version-1).Select(columns).Updates(d))
}

// answerRequest sends what was asked for. The clinician recognises the client: the code
// of a request is a hint and joins nothing.
func (t *tx) answerRequest(d *models.DoseTransfer, m models.DoseTransferMove) error {
	c, err := t.session.clientByHandle(t.DB, m.ClientCode, models.CatIdentity, models.Read)
	if err != nil {
		return at("/clientCode", err)
	}
	t.alsoTouched(string(c.ID))
	if err := t.sendDose(d, c, m.Basis); err != nil {
		return err
	}
	return t.notify(d.ToOrganisationID, "transfer_unanswered", d.ID, d.ConsentID)
}

// confirm is the act of care by which the receiver takes the treatment on. For a guest
// nothing is handed over: the records are joined and the home site's order goes on.
func (t *tx) confirm(row *doseTransferRow, m models.DoseTransferMove, rules models.DoseRules) error {
	d := &row.DoseTransfer
	if !t.session.grants.Through(models.CatOAT, models.Change, models.Own) {
		return models.Fail(models.KindForbidden, "role.not_allowed", "A prescriber confirms a transfer.")
	}
	if !row.rests(t.today, t.now) {
		return models.Fail(models.KindConflict, "consent.not_in_force", "The consent this transfer rests on is not in force; ask the sender to send it anew.")
	}
	var from models.Client
	if err := withPerson(t.DB).Where("clients.id = ?", d.FromClientID).Take(&from).Error; err != nil {
		return err
	}
	var order models.DoseOrder
	if err := t.Where("id = ?", d.OrderID).Take(&order).Error; err != nil {
		return err
	}
	if d.Kind == models.TransferMove && order.State != models.OrderEnded { // before the join: a person has one
		order.HandedOver(t.now)
		if err := t.saveOrder(&order, "transfer"); err != nil {
			return err
		}
		if err := t.watchGap(&order, nil, nil, rules); err != nil {
			return err
		}
		t.alsoTouched(order.ID)
		if err := t.cancelOtherOffers(d); err != nil {
			return err
		}
	}
	own, err := t.joinTransferred(row, &from, m)
	if err != nil {
		return err
	}
	d.ToClientID = own
	t.alsoTouched(string(own))
	if d.Kind == models.TransferGuest { // a visitor's registration must not take the person over
		if err := t.tellOfGuestsEnd(d); err != nil {
			return err
		}
		return t.setResponsible(from.PersonID, from.ResponsibleID)
	}
	if err := t.orderAtReceiver(d, own, from.PersonID, rules); err != nil {
		return err
	}
	if from.ResponsibleID == d.FromOrganisationID {
		if err := t.setResponsible(from.PersonID, d.ToOrganisationID); err != nil {
			return err
		}
	}
	if t.session.actor.OrganisationKind == models.KindPrisonHealth {
		return t.suspendEpisode(from.ID, "custody")
	}
	return nil
}

const noticeGuestEnds = "guest_dosing_ends"

// tellOfGuestsEnd tells both sites when the last day of a guest begins: on the next one the
// home site doses again, and each may think that the other does. Of what was agreed before for
// a shorter time nobody is told.
func (t *tx) tellOfGuestsEnd(d *models.DoseTransfer) error {
	var shorter []string
	err := t.Model(&models.DoseTransfer{}).Where("order_id = ? AND to_organisation_id = ? AND kind = ? AND id <> ? AND until_date <= ?",
		d.OrderID, d.ToOrganisationID, models.TransferGuest, d.ID, d.UntilDate).Order("id").Pluck("id", &shorter).Error
	if err != nil {
		return err
	}
	for _, id := range shorter {
		if err := t.unneeded(noticeGuestEnds, id); err != nil {
			return err
		}
	}
	for _, site := range []models.OrganisationID{d.FromOrganisationID, d.ToOrganisationID} {
		if err := t.notifyAt(site, noticeGuestEnds, d.ID, "", models.StartOfDay(d.UntilDate, t.session.actor.Zone)); err != nil {
			return err
		}
	}
	return nil
}

// guestsEndNow tells the sites that dose on an order which has ended that they do no more.
func (t *tx) guestsEndNow(o *models.DoseOrder) error {
	var guests []models.DoseTransfer
	err := t.Where("order_id = ? AND kind = ? AND state IN ? AND until_date >= ?",
		o.ID, models.TransferGuest, []string{models.TransferConfirmed, models.TransferFirstDose}, t.today).Order("id").Find(&guests).Error
	if err != nil {
		return err
	}
	for i := range guests {
		if err := t.unneeded(noticeGuestEnds, guests[i].ID); err != nil { // its own site ended it
			return err
		}
		if err := t.notify(guests[i].ToOrganisationID, noticeGuestEnds, guests[i].ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// joinTransferred joins the record that the receiver named, in its request or now, or
// makes one of its own.
func (t *tx) joinTransferred(row *doseTransferRow, from *models.Client, m models.DoseTransferMove) (models.ClientID, error) {
	d := &row.DoseTransfer
	same, code := m.SameAs, d.OtherCode
	if d.ToClientID != "" { // other_code is of the sender's sector then
		if same == "" && !m.Separate {
			same = models.CodeHandle(row.ToCode, row.ToLocalNo)
		}
		var err error
		if code, err = t.codeFor(from.ID, t.session.actor.OrganisationKind); err != nil {
			return "", err
		}
	}
	return t.receiversRecord(joining{transferNoun, d.ToOrganisationID, code}, from, Acceptance{SameAs: same})
}

// orderAtReceiver opens the receiver's order with the dose the sender told. An order that
// the receiver opened before, to bridge the wait, is kept as its prescriber wrote it.
func (t *tx) orderAtReceiver(d *models.DoseTransfer, own models.ClientID, person models.PersonID, rules models.DoseRules) error {
	var open []models.DoseOrder
	if err := t.Where("person_id = ? AND state <> ?", person, models.OrderEnded).Limit(1).Find(&open).Error; err != nil {
		return err
	}
	if len(open) > 0 && open[0].OrganisationID == d.ToOrganisationID {
		d.ReceiverOrderID = open[0].ID
		t.alsoTouched(open[0].ID)
		return t.Model(&models.DoseOrder{}).Where("id = ? AND transfer_id = ''", open[0].ID).
			Updates(map[string]any{"transfer_id": d.ID, "prior_dose_at": d.LastDoseAt, "prior_dose_ug": d.DoseUg}).Error
	}
	o := &models.DoseOrder{
		ID: newID(), ClientID: own, PersonID: person, OrganisationID: d.ToOrganisationID, Medicine: d.Medicine, Schedule: d.Schedule, Phase: d.Phase,
		DoseUg: d.DoseUg, FromDate: t.today, TransferID: d.ID, PriorDoseAt: d.LastDoseAt, Outside: []string{},
	}
	if o.PriorDoseAt != nil {
		o.PriorDoseUg = d.DoseUg
	}
	err := t.openOrder(o, "transfer", rules)
	if errors.Is(err, gorm.ErrDuplicatedKey) { // a third site's: the person is confirmed there too
		return models.Fail(models.KindConflict, "dose_order.active_elsewhere", "This person has an agonist treatment that is not ended at another site.")
	}
	d.ReceiverOrderID = o.ID
	t.alsoTouched(o.ID)
	return err
}

// firstDoseAtReceiver closes the hand-over with the first dose given at the receiver.
func (t *tx) firstDoseAtReceiver(o *models.DoseOrder, e *models.DoseEvent) error {
	var waiting []models.DoseTransfer
	err := t.Where("state = ? AND to_organisation_id = ? AND (receiver_order_id = ? OR (order_id = ? AND kind = ?))",
		models.TransferConfirmed, e.OrganisationID, o.ID, o.ID, models.TransferGuest).Find(&waiting).Error
	if err != nil {
		return err
	}
	for i := range waiting {
		waiting[i].State = models.TransferFirstDose
		waiting[i].Version++
		if err := t.saveTransfer(&waiting[i]); err != nil {
			return err
		}
		t.alsoTouched(waiting[i].ID)
	}
	return nil
}

// carryDose keeps what a waiting receiver is told current: the sender goes on dosing until
// the receiver confirms, and may enter a dose late after that. A new version makes the
// receiver read again before it confirms.
func (t *tx) carryDose(o *models.DoseOrder) error {
	var told []models.DoseTransfer
	err := t.Where("order_id = ? AND state IN ?", o.ID, []string{models.TransferSent, models.TransferConfirmed, models.TransferFirstDose}).
		Where("(kind <> ? OR until_date >= ? AND (state = ? OR ground <> '' OR EXISTS (SELECT 1 FROM consents k WHERE k.id = dose_transfers.consent_id AND k.state = ? AND k.until_date >= ? AND (k.purpose = ? OR k.categories LIKE ?))))",
			models.TransferGuest, t.today, models.TransferSent, models.ConsentGiven, t.today, models.PurposeDoseContinuity, `%"`+models.CatOAT+`"%`). // a guest is told no more when its consent or its time has ended
		Where("(state <> ? OR ground = '' OR answer_due >= ?)", models.TransferSent, lapsedBefore(t.now)).
		Find(&told).Error
	if err != nil || len(told) == 0 {
		return err
	}
	last, err := lastTaken(t.DB, o, t.now)
	if err != nil {
		return err
	}
	for i := range told {
		d := &told[i]
		before := *d
		if d.State == models.TransferSent {
			d.Carry(o, lastDoseOf(o, last))
		} else {
			d.LastDoseAt = lastDoseOf(o, last)
		}
		if d.DoseUg == before.DoseUg && d.Phase == before.Phase && sameTime(d.LastDoseAt, before.LastDoseAt) {
			continue
		}
		d.Version++
		if err := t.saveTransfer(d); err != nil {
			return err
		}
		if d.ReceiverOrderID == "" {
			continue
		}
		err := t.Model(&models.DoseOrder{}).Where("id = ? AND transfer_id = ?", d.ReceiverOrderID, d.ID).
			Updates(map[string]any{"prior_dose_at": d.LastDoseAt, "prior_dose_ug": d.DoseUg}).Error
		if err != nil {
			return err
		}
		t.tell(orderNoun, d.ReceiverOrderID, d.ToOrganisationID)
	}
	return nil
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// cancelTransfersOf cancels the transfers that wait on a consent which was withdrawn, and
// returns their ids. It touches no order: nothing stops a treatment but its prescriber.
func (t *tx) cancelTransfersOf(consent string) ([]string, error) {
	return t.cancelTransfers(t.Where("consent_id = ? AND state IN ?", consent, models.PendingTransferStates))
}

// cancelOtherOffers cancels what the sender had offered to further sites: the treatment
// has gone on at one.
func (t *tx) cancelOtherOffers(d *models.DoseTransfer) error {
	_, err := t.cancelTransfers(t.Where("order_id = ? AND id <> ? AND state = ?", d.OrderID, d.ID, models.TransferSent))
	return err
}

func (t *tx) cancelTransfers(which *gorm.DB) ([]string, error) {
	var waiting []models.DoseTransfer
	if err := which.Order("id").Find(&waiting).Error; err != nil {
		return nil, err
	}
	ids := []string{}
	for i := range waiting {
		waiting[i].State = models.TransferCancelled
		waiting[i].Version++
		if err := t.saveTransfer(&waiting[i]); err != nil {
			return nil, err
		}
		if err := t.unneeded("transfer_unanswered", waiting[i].ID); err != nil {
			return nil, err
		}
		t.alsoTouched(waiting[i].ID)
		ids = append(ids, waiting[i].ID)
	}
	return ids, nil
}
