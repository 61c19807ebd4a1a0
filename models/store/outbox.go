package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// Outbox is what a sender of notices may do: raise what is due, take what waits, and say
// how it went. It reaches nothing about a person. What is taken is leased, not removed: a
// sender that dies has only delayed it, so that everything is delivered at least once.
type Outbox struct{ store *Store }

// NewOutbox returns the sender's side of a store.
func NewOutbox(s *Store) *Outbox { return &Outbox{s} }

// Delivery is one message to send. It says nothing but the id of its notice.
type Delivery struct {
	ID       string
	NoticeID string
	Channel  string
	Target   string
	Key      []byte // signs a webhook
}

const (
	// lease is how long a sender has: longer than its time-outs.
	lease = 2 * time.Minute
	// maxAttempts end after about seven hours; by then the next levels were told.
	maxAttempts = 12
	maxBackoff  = time.Hour
	// unansweredSince bounds how far back an unanswered referral is looked for.
	unansweredSince = 60 * 24 * time.Hour
)

// system is the session of the sender: no person acts.
func (o *Outbox) system() *Session {
	return o.store.system("outbox")
}

// unanswered are the records whose answer is due by a column that an index of its own
// orders, and who is told.
var unanswered = []struct {
	query string
	kind  string
}{
	{"SELECT id, to_organisation_id AS organisation_id, COALESCE(consent_id, '') AS consent_id FROM referrals WHERE state IN ('sent', 'received', 'info_requested') AND answer_due < ? AND answer_due > ?" +
		" AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.organisation_id = referrals.to_organisation_id AND n.kind = 'referral_unanswered' AND n.subject_id = referrals.id)", "referral_unanswered"},
	{"SELECT id, from_organisation_id AS organisation_id, '' AS consent_id FROM referrals WHERE supervision_id = '' AND state IN ('sent', 'received', 'info_requested') AND answer_due < ? AND answer_due > ?" +
		" AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.organisation_id = referrals.from_organisation_id AND n.kind = 'referral_unanswered' AND n.subject_id = referrals.id)", "referral_unanswered"},
	{"SELECT id, CASE WHEN state = 'requested' THEN from_organisation_id ELSE to_organisation_id END AS organisation_id, consent_id FROM dose_transfers WHERE state IN ('requested', 'sent') AND answer_due < ? AND answer_due > ?" +
		" AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.organisation_id = CASE WHEN dose_transfers.state = 'requested' THEN dose_transfers.from_organisation_id ELSE dose_transfers.to_organisation_id END" +
		" AND n.kind = 'transfer_unanswered' AND n.subject_id = dose_transfers.id)", "transfer_unanswered"},
	// The side that sent, or asked, hears of it as well: its client waits for a dose.
	{"SELECT id, CASE WHEN state = 'requested' THEN to_organisation_id ELSE from_organisation_id END AS organisation_id, '' AS consent_id FROM dose_transfers WHERE state IN ('requested', 'sent') AND answer_due < ? AND answer_due > ?" +
		" AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.organisation_id = CASE WHEN dose_transfers.state = 'requested' THEN dose_transfers.to_organisation_id ELSE dose_transfers.from_organisation_id END" +
		" AND n.kind = 'transfer_unanswered' AND n.subject_id = dose_transfers.id AND n.created_at > dose_transfers.answer_due)", "transfer_unanswered"},
	// An application for access to an institution never lapses in silence: both sides are
	// told, and again when an appeal has waited too long as well.
	{undecided("institution_id"), "access_overdue"},
	{undecided("ngo_id"), "access_overdue"},
}

func undecided(side string) string {
	return "SELECT id, " + side + " AS organisation_id, '' AS consent_id, decide_by AS answer_due FROM access_passes" +
		" WHERE state IN ('requested', 'appealed') AND decide_by < ? AND decide_by > ?" +
		" AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.organisation_id = access_passes." + side +
		" AND n.kind = 'access_overdue' AND n.subject_id = access_passes.id AND n.created_at > access_passes.decide_by)"
}

// Raise makes notices of what nobody answered, tells the next level of what nobody
// acknowledged, and ends what has lost its reason. It returns whether there is more.
func (o *Outbox) Raise(ctx context.Context) (more bool, err error) {
	var due []models.Notice
	var late []lateAnswer
	read := func(q *gorm.DB, now time.Time) error {
		due, late = nil, nil
		if err := q.Where("state = ? AND escalate_at <= ?", models.NoticeOpen, now).Order("escalate_at, id").Limit(maxBatch).Find(&due).Error; err != nil {
			return err
		}
		for _, u := range unanswered {
			var rows []lateAnswer
			if err := q.Raw(u.query+" ORDER BY answer_due LIMIT 100", now, now.Add(-unansweredSince)).Scan(&rows).Error; err != nil {
				return err
			}
			for i := range rows {
				rows[i].kind = u.kind
			}
			late = append(late, rows...)
		}
		return nil
	}
	// A look without a write first: most of the time there is nothing.
	if err := read(o.store.read.WithContext(ctx), o.store.now()); err != nil || len(due)+len(late) == 0 {
		return false, err
	}
	err = o.system().write(ctx, "notice.raise", func(t *tx) error {
		if err := read(t.DB, t.now); err != nil {
			return err
		}
		var ids []string
		for _, l := range late {
			if err := t.notify(l.OrganisationID, l.kind, l.ID, l.ConsentID); err != nil {
				return err
			}
			ids = append(ids, l.ID)
		}
		for i := range due {
			ids = append(ids, due[i].ID)
			if err := t.escalate(&due[i]); err != nil {
				return err
			}
		}
		t.audit(ids...)
		return nil
	})
	return len(due) == maxBatch, err
}

type lateAnswer struct {
	ID             string
	OrganisationID models.OrganisationID
	ConsentID      string
	kind           string
}

// escalate raises a notice, unless its reason has gone.
func (t *tx) escalate(n *models.Notice) error {
	stands, err := t.stands(n)
	if err != nil {
		return err
	}
	if stands {
		return t.raise(n)
	}
	return t.cancelNotices(t.Where("id = ?", n.ID))
}

// stands reports whether what a notice tells of is still so, as far as the notice's kind
// lets it be looked up.
func (t *tx) stands(n *models.Notice) (bool, error) {
	if n.ConsentID != "" {
		given, err := t.exists(&models.Consent{}, "id = ? AND state = ?", n.ConsentID, models.ConsentGiven)
		if err != nil || !given {
			return false, err
		}
	}
	switch n.Kind {
	case "referral_unanswered":
		return t.exists(&models.Referral{}, "id = ? AND state IN ?", n.SubjectID, []string{models.ReferralSent, models.ReferralReceived, models.ReferralInfoRequested})
	case "access_overdue":
		return t.exists(&models.AccessPass{}, "id = ? AND state IN ?", n.SubjectID, []string{models.PassRequested, models.PassAppealed})
	case "task_escalated":
		return t.exists(&models.Task{}, "id = ? AND state = ?", n.SubjectID, models.TaskOpen)
	case noticeDoseGap: // of an order that goes on, or of one dose
		over, err := t.exists(&models.DoseOrder{}, "id = ? AND state <> ?", n.SubjectID, models.OrderActive)
		return !over, err
	case "transfer_unanswered": // of a dose; a transfer between institutions takes its notices back itself
		over, err := t.exists(&models.DoseTransfer{}, "id = ? AND (state NOT IN ? OR state = ? AND ground <> '' AND to_organisation_id = ? AND answer_due < ?)",
			n.SubjectID, models.PendingTransferStates, models.TransferSent, n.OrganisationID, lapsedBefore(t.now))
		return !over, err
	}
	return true, nil
}

func (t *tx) exists(model any, where string, args ...any) (bool, error) {
	var n int64
	err := t.Model(model).Where(where, args...).Limit(1).Count(&n).Error
	return n > 0, err
}

// Claim takes messages to send now. Each comes again after the lease unless it is settled.
func (o *Outbox) Claim(ctx context.Context, limit int) (messages []Delivery, err error) {
	waiting := func(q *gorm.DB, now time.Time) *gorm.DB {
		return q.Model(&deliveryRow{}).Where("state = 'pending' AND next_at <= ?", now)
	}
	var n int64
	if err := waiting(o.store.read.WithContext(ctx), o.store.now()).Limit(1).Count(&n).Error; err != nil || n == 0 {
		return nil, err
	}
	err = o.system().write(ctx, "notice.send", func(t *tx) error {
		messages = nil
		var rows []deliveryRow
		if err := waiting(t.DB, t.now).Order("next_at, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		var ids []string
		for i := range rows {
			ids = append(ids, rows[i].ID)
			m, err := t.claimDelivery(&rows[i])
			if err != nil {
				return err
			}
			if m != nil {
				messages = append(messages, *m)
			}
		}
		t.audit(ids...)
		return nil
	})
	return messages, err
}

// claimDelivery leases one message, or ends it when nobody is to be told any more.
func (t *tx) claimDelivery(row *deliveryRow) (*Delivery, error) {
	var n models.Notice
	if err := t.Where("id = ?", row.NoticeID).Take(&n).Error; err != nil {
		return nil, err
	}
	var c models.DutyContact
	err := t.Where("id = ? AND active = ?", row.ContactID, true).Take(&c).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, err
	}
	stands := false
	if err == nil && n.State == models.NoticeOpen {
		if stands, err = t.stands(&n); err != nil {
			return nil, err
		}
	}
	if !stands {
		row.State = "cancelled"
		return nil, t.Model(row).Select("state").Updates(row).Error
	}
	row.NextAt = t.now.Add(lease)
	row.Attempts++
	if err := t.Model(row).Select("next_at", "attempts").Updates(row).Error; err != nil {
		return nil, err
	}
	return &Delivery{ID: row.ID, NoticeID: n.ID, Channel: c.Channel, Target: c.Target, Key: t.session.store.webhookKey(c.ID, c.Target)}, nil
}

// Waits reports whether the message is still to be sent: somebody may have acknowledged
// the notice, or withdrawn its consent, since it was taken.
func (o *Outbox) Waits(ctx context.Context, id string) (bool, error) {
	var n int64
	err := o.store.read.WithContext(ctx).Model(&deliveryRow{}).Where("id = ? AND state = 'pending'", id).Count(&n).Error
	return n > 0, err
}

// Settle says how sending went. What failed is tried again, later each time.
func (o *Outbox) Settle(ctx context.Context, id string, sent bool) error {
	return o.system().write(ctx, "notice.settle", func(t *tx) error {
		t.audit(id)
		var row deliveryRow
		if err := t.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		if row.State != "pending" && (row.State != "cancelled" || !sent) {
			return nil
		}
		switch {
		case sent:
			row.State, row.SentAt = "sent", &t.now
		case row.Attempts >= maxAttempts:
			row.State = "failed"
		default:
			row.NextAt = t.now.Add(min(time.Minute<<(row.Attempts-1), maxBackoff))
		}
		return t.Model(&row).Select("state", "sent_at", "next_at").Updates(&row).Error
	})
}

// webhookKey is the key that signs what is sent to a webhook: derived, so that it need not
// be kept, and of one contact at one address only. Whoever ran the address before knows the
// key of that address.
func (s *Store) webhookKey(contact, target string) []byte {
	m := hmac.New(sha256.New, s.opt.Keys.Cursor)
	m.Write([]byte("webhook\x00" + contact + "\x00" + target))
	return m.Sum(nil)
}

// WebhookKey gives the key to who manages the contact.
func (s *Session) WebhookKey(c models.DutyContact) []byte { return s.store.webhookKey(c.ID, c.Target) }
