package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenBreakGlass is an emergency access with the handle of its client.
type SeenBreakGlass struct {
	models.BreakGlass
	ClientCode string
	Now        time.Time
	// Opened are the records that nothing but this access opened.
	Opened []string
}

type breakGlassRow struct {
	models.BreakGlass
	Code    string
	LocalNo int
}

func (s *Session) breakGlassQuery(q *gorm.DB, verb models.Verb) *gorm.DB {
	q = q.Model(&models.BreakGlass{}).Select("break_glass.*, bc.code, bc.local_no").Joins("JOIN clients bc ON bc.id = break_glass.client_id")
	return s.scoped(q, breakGlassTable, models.CatBreakGlass, verb)
}

func (s *Session) seeBreakGlass(row breakGlassRow) *SeenBreakGlass {
	return &SeenBreakGlass{BreakGlass: row.BreakGlass, ClientCode: models.CodeHandle(row.Code, row.LocalNo), Now: s.store.now(), Opened: []string{}}
}

func (s *Session) breakGlass(q *gorm.DB, id string, verb models.Verb) (*SeenBreakGlass, error) {
	var row breakGlassRow
	if err := found(s.breakGlassQuery(q, verb).Where("break_glass.id = ?", id).Take(&row).Error, "break_glass"); err != nil {
		return nil, err
	}
	return s.seeBreakGlass(row), nil
}

// BreakGlass opens, for the doctor who asks and for nobody else, the records of the
// confirmed person behind one of the organisation's clients. It never joins records by a
// code. The responsible organisation and every other that has a record are told.
func (s *Session) BreakGlass(ctx context.Context, handle string, n models.NewBreakGlass) (b *SeenBreakGlass, out Outcome, err error) {
	if err := n.Check(); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "break_glass.create", func(tx *tx, id string, replayed bool) error {
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return at("/clientCode", err)
		}
		tx.alsoTouched(string(c.ID))
		if replayed {
			b, err = s.breakGlass(tx.DB, id, models.Read)
			return err
		}
		b = &SeenBreakGlass{ClientCode: c.Handle(), Now: tx.now, Opened: []string{}, BreakGlass: models.BreakGlass{
			ID: id, ClientID: c.ID, PersonID: c.PersonID, OrganisationID: s.actor.OrganisationID, UserID: s.actor.UserID, Reason: n.Reason,
			Note: strings.TrimSpace(n.Note), Hours: n.Hours, StartedAt: tx.now, ExpiresAt: tx.now.Add(time.Duration(n.Hours) * time.Hour),
			ReviewDue: tx.now.Add(models.ReviewHours * time.Hour), Version: 1,
		}}
		tx.tell("break_glass", id, s.actor.OrganisationID)
		// The organisations whose records are opened are told when that happens (recordOpened).
		if err := tx.notify(c.ResponsibleID, "break_glass", id, ""); err != nil {
			return err
		}
		return tx.Create(&b.BreakGlass).Error
	})
	return b, out, err
}

// GetBreakGlass returns one emergency access, with every record it opened, to the
// organisation that reviews it.
func (s *Session) GetBreakGlass(ctx context.Context, id string) (b *SeenBreakGlass, err error) {
	err = s.readRecords(ctx, "break_glass.read", func(r *reading) error {
		if b, err = s.breakGlass(r.DB, id, models.Read); err != nil {
			return err
		}
		r.touched(id, string(b.ClientID))
		var events []auditRow
		err := r.Where("organisation_id = ? AND action = ? AND actor_id = ? AND at >= ?", s.actor.OrganisationID, "break_glass.open", b.UserID, b.StartedAt).
			Order("seq").Find(&events).Error
		seen := map[string]bool{}
		for _, e := range events {
			if len(e.Objects) == 2 && e.Objects[1] == id && !seen[e.Objects[0]] {
				seen[e.Objects[0]] = true
				b.Opened = append(b.Opened, e.Objects[0])
			}
		}
		return err
	})
	return b, err
}

// ListBreakGlass returns the organisation's emergency accesses, newest first, those in
// one computed state when it is given.
func (s *Session) ListBreakGlass(ctx context.Context, state string, p Paging) (page Page[SeenBreakGlass], err error) {
	err = s.readRecords(ctx, "break_glass.read", func(r *reading) error {
		q := s.breakGlassQuery(r.DB, models.Read)
		switch state {
		case "reviewed":
			q = q.Where("break_glass.reviewed_at IS NOT NULL")
		case "overdue":
			q = q.Where("break_glass.reviewed_at IS NULL AND break_glass.review_due < ?", r.now)
		case "open":
			q = q.Where("break_glass.reviewed_at IS NULL AND break_glass.review_due >= ? AND break_glass.expires_at > ?", r.now, r.now)
		case "to_review":
			q = q.Where("break_glass.reviewed_at IS NULL AND break_glass.review_due >= ? AND break_glass.expires_at <= ?", r.now, r.now)
		}
		rows, err := loadPage(s, q, "break_glass", "break_glass.id", p, func(row breakGlassRow) string { return row.ID })
		page.Next = rows.Next
		for _, row := range rows.Items {
			r.touched(row.ID, string(row.ClientID))
			page.Items = append(page.Items, *s.seeBreakGlass(row))
		}
		return err
	})
	return page, err
}

// EndBreakGlass closes an emergency access early. Nothing may stand in its way, and it can
// be repeated.
func (s *Session) EndBreakGlass(ctx context.Context, id string) (b *SeenBreakGlass, err error) {
	err = s.write(ctx, "break_glass.end", func(tx *tx) error {
		if b, err = s.breakGlass(tx.DB, id, models.Create); err != nil {
			return err
		}
		tx.audit(id)
		before := b.Version
		if !b.End(tx.now) {
			return nil
		}
		tx.tell("break_glass", id, b.OrganisationID)
		return changed(tx.Model(&b.BreakGlass).Where("version = ?", before).Select("expires_at", "version").Updates(&b.BreakGlass))
	})
	return b, err
}

// ReviewBreakGlass records what a colleague found.
func (s *Session) ReviewBreakGlass(ctx context.Context, id, outcome string) (b *SeenBreakGlass, err error) {
	if !models.InList("break_glass_outcome", outcome) {
		var c models.Checks
		c.Add("/outcome", "break_glass.outcome_unknown")
		return nil, c.Err()
	}
	err = s.write(ctx, "break_glass.review", func(tx *tx) error {
		if b, err = s.breakGlass(tx.DB, id, models.Approve); err != nil {
			return err
		}
		if err := tx.base(b.Version); err != nil {
			return err
		}
		if err := b.Review(s.actor.UserID, outcome, tx.now); err != nil {
			return err
		}
		tx.audit(id)
		tx.tell("break_glass", id, b.OrganisationID)
		return changed(tx.Model(&b.BreakGlass).Where("version = ?", s.req.Base).Select("reviewed_at", "reviewed_by", "outcome", "version").Updates(&b.BreakGlass))
	})
	return b, err
}
