package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenTransfer is a transfer between institutions as one of the two health units sees it.
type SeenTransfer struct {
	models.CustodyTransfer
	Party      models.Party
	ClientCode string // the reader's own record, once there is one
	Alarm      bool
}

type transferRow struct {
	models.CustodyTransfer
	FromCode    string
	FromLocalNo int
	OwnCode     string
	OwnLocalNo  int
}

func (s *Session) transferQuery(q *gorm.DB, verb models.Verb) *gorm.DB {
	return s.scoped(custodyTransfersWith(q), custodyTransferTable, models.CatTransfer, verb)
}

func custodyTransfersWith(q *gorm.DB) *gorm.DB {
	return q.Model(&models.CustodyTransfer{}).
		Select("custody_transfers.*, fc.code AS from_code, fc.local_no AS from_local_no, COALESCE(tc.code, custody_transfers.to_code) AS own_code, COALESCE(tc.local_no, 1) AS own_local_no").
		Joins("JOIN clients fc ON fc.id = custody_transfers.client_id").
		Joins("LEFT JOIN clients tc ON tc.id = custody_transfers.to_client_id")
}

func (s *Session) seeCustodyTransfer(row *transferRow) SeenTransfer {
	seen := SeenTransfer{CustodyTransfer: row.CustodyTransfer, Party: models.Receiver, Alarm: row.Alarm(s.store.now())}
	seen.ClientCode = models.CodeHandle(row.OwnCode, row.OwnLocalNo)
	if row.FromOrganisationID == s.actor.OrganisationID {
		seen.Party, seen.ClientCode = models.Sender, models.CodeHandle(row.FromCode, row.FromLocalNo)
	}
	return seen
}

// ListTransfers lists the transfers a health unit sends and receives, newest first. alarm
// leaves those whose file has not come in time.
func (s *Session) ListTransfers(ctx context.Context, alarm bool, p Paging) (page Page[SeenTransfer], err error) {
	err = s.readRecords(ctx, "custody_transfer.read", func(r *reading) error {
		q, ways := custodyTransfersWith(r.DB), s.ways(custodyTransferTable, models.CatTransfer, models.Read)
		if alarm {
			q = q.Where("custody_transfers.file_received_at IS NULL AND custody_transfers.state <> ? AND custody_transfers.arrived_at < ?", models.CustodyTransferCancelled, r.now.Add(-models.FileAlarm))
		}
		rows, err := loadWays(s, q, ways, "custody_transfers", "custody_transfers.id", p, func(row transferRow) string { return row.ID })
		page.Next = rows.Next
		for i := range rows.Items {
			r.touched(rows.Items[i].ID)
			page.Items = append(page.Items, s.seeCustodyTransfer(&rows.Items[i]))
		}
		return err
	})
	return page, err
}

// GetTransfer returns one transfer to one of its parties.
func (s *Session) GetTransfer(ctx context.Context, id string) (seen *SeenTransfer, err error) {
	err = s.readRecords(ctx, "custody_transfer.read", func(r *reading) error {
		row, err := s.custodyTransfer(r.DB, id, models.Read)
		if err != nil {
			return err
		}
		r.touched(id)
		one := s.seeCustodyTransfer(row)
		seen = &one
		return nil
	})
	return seen, err
}

func (s *Session) custodyTransfer(q *gorm.DB, id string, verb models.Verb) (*transferRow, error) {
	var row transferRow
	return &row, found(s.transferQuery(q, verb).Where("custody_transfers.id = ?", id).Take(&row).Error, "custody_transfer")
}

// OrderTransfer orders the move of a person to another institution and makes the tasks of
// the sending unit. The stay stays with the sender until the receiver confirms.
func (s *Session) OrderTransfer(ctx context.Context, spellID string, to models.OrganisationID, departure *time.Time) (seen *SeenTransfer, out Outcome, err error) {
	if err := models.CheckTransferOrder(to, departure, s.store.now()); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "custody_transfer.create", func(t *tx, id string, replayed bool) error {
		spell, c, err := t.spell(spellID, models.Change)
		if err != nil {
			return err
		}
		t.alsoTouched(spellID)
		if !replayed {
			if err := t.orderTransfer(id, spell, c, to, departure); err != nil {
				return err
			}
		}
		row, err := s.custodyTransfer(t.DB, id, models.Change)
		if err == nil {
			one := s.seeCustodyTransfer(row)
			seen = &one
		}
		return err
	})
	return seen, out, err
}

func (t *tx) orderTransfer(id string, spell *models.CustodySpell, c *models.Client, to models.OrganisationID, departure *time.Time) error {
	o, err := t.organisation(to)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return err
	}
	var checks models.Checks
	checks.Require(err == nil && o.Kind == models.KindPrisonHealth && o.Serves != spell.InstitutionID, "/toOrganisation", "custody_transfer.receiver_unknown")
	if err := checks.Err(); err != nil {
		return err
	}
	if spell.State, err = models.CustodySpellMachine.Next(spell.State, "transfers", models.HealthUnit); err != nil {
		return err
	}
	spell.Version++
	if err := t.keepSpell(spell); err != nil {
		return err
	}
	code, err := t.codeFor(c.ID, o.Kind)
	if err != nil {
		return err
	}
	transfer := models.CustodyTransfer{
		ID: id, SpellID: spell.ID, ClientID: c.ID, FromOrganisationID: spell.OrganisationID, ToOrganisationID: to, ToCode: code,
		State: models.CustodyTransferOrdered, OrderedAt: t.now, DepartureAt: departure, Version: 1, CreatedBy: t.session.actor.UserID,
	}
	if err := t.Create(&transfer).Error; err != nil {
		return err
	}
	t.tell("custody_transfer", id, spell.OrganisationID, to)
	if err := t.anchor(c.ID, "transfer_decided", t.now); err != nil {
		return err
	}
	return t.transferTasks(&transfer)
}

// transferTasks are the sender's. The receiver has no record of the person yet that a task
// could be about: it has the transfer in its list.
func (t *tx) transferTasks(transfer *models.CustodyTransfer) error {
	var before, after *time.Time
	if transfer.DepartureAt != nil {
		at, answered := transfer.DepartureAt.Add(models.FileBefore), transfer.DepartureAt.Add(models.CustodyTransferAnswer)
		before, after = &at, &answered
	}
	for _, task := range []models.Task{{Kind: "transfer_file", DueAt: before}, {Kind: "transfer_dose_certificate", DueAt: before}, {Kind: "transfer_confirmation", DueAt: after}} {
		task.ClientID, task.OrganisationID, task.SubjectID = transfer.ClientID, transfer.FromOrganisationID, transfer.ID
		if err := t.custodyTask(task); err != nil {
			return err
		}
	}
	return nil
}

// MoveTransfer makes one move of a transfer.
func (s *Session) MoveTransfer(ctx context.Context, id, action string, at *time.Time, accept Acceptance) (seen *SeenTransfer, err error) {
	if err := models.CheckTransferMove(action, at, s.store.now()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "custody_transfer."+strings.ReplaceAll(action, "-", "_"), func(t *tx) error {
		row, err := s.custodyTransfer(t.DB, id, models.Change)
		if err != nil {
			return err
		}
		if err := t.base(row.Version); err != nil {
			return err
		}
		transfer := &row.CustodyTransfer
		by := s.seeCustodyTransfer(row).Party
		if err := transfer.Do(action, by, at); err != nil {
			return err
		}
		t.audit(id, transfer.SpellID)
		if err := t.follow(action, transfer, accept); err != nil {
			return err
		}
		if err := t.keepTransfer(transfer); err != nil {
			return err
		}
		if row, err = s.custodyTransfer(t.DB, id, models.Change); err != nil {
			return err
		}
		one := s.seeCustodyTransfer(row)
		seen = &one
		return nil
	})
	return seen, err
}

func (t *tx) keepTransfer(transfer *models.CustodyTransfer) error {
	t.tell("custody_transfer", transfer.ID, transfer.FromOrganisationID)
	if transfer.State == models.CustodyTransferCancelled {
		t.gone("custody_transfer", transfer.ID, transfer.ToOrganisationID)
	} else {
		t.tell("custody_transfer", transfer.ID, transfer.ToOrganisationID)
	}
	return changed(t.Model(transfer).Where("version = ?", transfer.Version-1).
		Select("state", "departed_at", "arrived_at", "file_received_at", "to_client_id", "version").Updates(transfer))
}

// follow does what a move of the transfer brings with it.
func (t *tx) follow(action string, transfer *models.CustodyTransfer, accept Acceptance) error {
	switch action {
	case "departure":
		if err := t.spellFollows(transfer.SpellID, action); err != nil {
			return err
		}
		if err := t.anchor(transfer.ClientID, "transfer_departure", *transfer.DepartedAt); err != nil {
			return err
		}
		due := transfer.DepartedAt.Add(models.CustodyTransferAnswer)
		return t.bothWhenDue("transfer_unanswered", transfer, due)
	case "arrival":
		return t.bothWhenDue("continuity_alarm", transfer, transfer.ArrivedAt.Add(models.FileAlarm))
	case "file-receipt":
		if err := t.settleCustodyTasks(transfer.ClientID, transfer.ID, "transfer_file", models.TaskDone); err != nil {
			return err
		}
		return t.unneeded("continuity_alarm", transfer.ID)
	case "confirmation":
		return t.confirmTransfer(transfer, accept)
	case "cancellation":
		if err := t.spellFollows(transfer.SpellID, action); err != nil {
			return err
		}
		return t.endTransfer(transfer)
	}
	return nil
}

// bothWhenDue tells both units when nothing has happened until then.
func (t *tx) bothWhenDue(kind string, transfer *models.CustodyTransfer, due time.Time) error {
	for _, org := range []models.OrganisationID{transfer.FromOrganisationID, transfer.ToOrganisationID} {
		if err := t.notifyAt(org, kind, transfer.ID, "", due); err != nil {
			return err
		}
	}
	return nil
}

// spellFollows makes the stay's part of a move of its transfer.
func (t *tx) spellFollows(id, action string) error {
	var spell models.CustodySpell
	if err := t.Where("id = ?", id).Take(&spell).Error; err != nil {
		return err
	}
	for _, move := range models.CustodySpellMachine.Moves {
		if move.Name == action && len(move.By) == 0 && len(move.From) == 1 && spell.State == move.From[0] {
			spell.State = move.To
			spell.Version++
			return t.keepSpell(&spell)
		}
	}
	return models.Fail(models.KindConflict, "custody_transfer.not_possible", "The stay is %s; this step does not fit it.", spell.State)
}

// endTransfer takes back what a transfer that does not happen has left open.
func (t *tx) endTransfer(transfer *models.CustodyTransfer) error {
	if err := t.settleCustodyTasks(transfer.ClientID, transfer.ID, "", models.TaskCancelled); err != nil {
		return err
	}
	if err := t.unneeded("transfer_unanswered", transfer.ID); err != nil {
		return err
	}
	return t.unneeded("continuity_alarm", transfer.ID)
}

// cancelTransfer ends the open transfer of a stay that ended otherwise.
func (t *tx) cancelTransfer(spell, why string) error {
	var transfer models.CustodyTransfer
	err := t.Where("spell_id = ? AND state IN ?", spell, []string{models.CustodyTransferOrdered, models.CustodyTransferInTransit, models.CustodyTransferArrived}).Take(&transfer).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	transfer.State = models.CustodyTransferCancelled
	transfer.Version++
	t.alsoTouched(transfer.ID)
	if err := t.keepTransfer(&transfer); err != nil {
		return err
	}
	return t.endTransfer(&transfer)
}

// confirmTransfer is the receiver's act of care, as accepting a referral is: it joins the records,
// moves the stay, and hands over the person when the sender was responsible.
func (t *tx) confirmTransfer(transfer *models.CustodyTransfer, accept Acceptance) error {
	var old models.CustodySpell
	if err := t.Where("id = ?", transfer.SpellID).Take(&old).Error; err != nil {
		return err
	}
	var from models.Client
	if err := withPerson(t.DB).Where("clients.id = ?", transfer.ClientID).Take(&from).Error; err != nil {
		return err
	}
	old.EndedAt, old.ExitReason = transfer.ArrivedAt, "transferred_prison"
	if err := t.spellMoved(&old); err != nil { // before the new one opens: the database keeps one a person
		return err
	}
	own, err := t.receiversRecord(joining{"custody_transfer", transfer.ToOrganisationID, transfer.ToCode}, &from, accept)
	if err != nil {
		return err
	}
	transfer.ToClientID = own
	t.alsoTouched(string(own))
	if from.ResponsibleID == transfer.FromOrganisationID {
		if err := t.setResponsible(from.PersonID, transfer.ToOrganisationID); err != nil {
			return err
		}
	}
	if err := t.received(transfer, &old, own, from.PersonID); err != nil {
		return err
	}
	if err := t.settleCustodyTasks(transfer.ClientID, transfer.ID, "transfer_confirmation", models.TaskDone); err != nil {
		return err
	}
	t.disclosed(models.Disclosure{
		ClientID: from.ID, OrganisationID: from.OrganisationID, RecipientID: transfer.ToOrganisationID,
		Categories: []models.Category{models.CatIdentity, models.CatCustody, models.CatReleaseDate}, Ground: "custody",
	})
	return t.unneeded("transfer_unanswered", transfer.ID)
}

// spellMoved closes the sender's stay, and what was planned for a release from it.
func (t *tx) spellMoved(old *models.CustodySpell) error {
	if old.State != models.SpellInTransit {
		return models.Fail(models.KindConflict, "custody_transfer.not_possible", "The stay is %s; this step does not fit it.", old.State)
	}
	old.State = models.SpellTransferred
	old.Version++
	if err := t.keepSpell(old); err != nil {
		return err
	}
	if err := t.unneeded("unplanned_release", old.ID); err != nil {
		return err
	}
	return t.noReleaseHere(old)
}

// received opens the receiver's stay, with what the sender knew of the release.
func (t *tx) received(transfer *models.CustodyTransfer, old *models.CustodySpell, own models.ClientID, person models.PersonID) error {
	receiver, err := t.organisation(transfer.ToOrganisationID)
	if err != nil {
		return err
	}
	spell := &models.CustodySpell{
		ID: newID(), ClientID: own, PersonID: person, OrganisationID: receiver.ID, InstitutionID: receiver.Serves, Basis: old.Basis,
		State: models.SpellAdmitted, AdmittedAt: transfer.ArrivedAt, FromSpellID: old.ID, Version: 1, CreatedAt: t.now, CreatedBy: t.session.actor.UserID,
	}
	t.alsoTouched(spell.ID)
	if err := t.anchor(own, "transfer_arrival", *transfer.ArrivedAt); err != nil {
		return err
	}
	return t.admit(spell, old.PlannedRelease)
}
