package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// SeenNote is a functional note with the number that the person's notes have today.
type SeenNote struct {
	models.FunctionalNote
	Slip string
}

// heldRow is as much of a stay in custody as a functional note hangs on.
type heldRow struct {
	ID             string
	ClientID       models.ClientID
	OrganisationID models.OrganisationID
	InstitutionID  models.OrganisationID
}

func (heldRow) TableName() string { return "custody_spells" }

func (s *Session) functionalNote(q *gorm.DB, id string, verb models.Verb) (*SeenNote, error) {
	var n models.FunctionalNote
	if err := found(s.scoped(q, noteTable, models.CatFunctionalNote, verb).Where("functional_notes.id = ?", id).Take(&n).Error, "functional_note"); err != nil {
		return nil, err
	}
	return &SeenNote{n, s.noteSlip(n.SpellID)}, nil
}

// WriteNote tells the institution when, where and what to watch for, and nothing of why.
func (s *Session) WriteNote(ctx context.Context, n models.NewFunctionalNote) (note *SeenNote, out Outcome, err error) {
	out, err = s.create(ctx, "functional_note.create", func(tx *tx, id string, replayed bool) error {
		if !replayed { // a retry after the note's end is still the same note
			if err := n.Check(tx.now); err != nil {
				return err
			}
		}
		var held heldRow
		if err := s.scoped(tx.DB, spellTable, models.CatFunctionalNote, models.Create).Where("custody_spells.id = ?", n.SpellID).Take(&held).Error; err != nil {
			return at("/spell", found(err, "custody_spell"))
		}
		tx.alsoTouched(string(held.ClientID))
		if replayed {
			note, err = s.functionalNote(tx.DB, id, models.Read)
			return err
		}
		note = &SeenNote{Slip: s.noteSlip(held.ID), FunctionalNote: models.FunctionalNote{
			ID: id, SpellID: held.ID, ClientID: held.ClientID, OrganisationID: s.actor.OrganisationID, InstitutionID: held.InstitutionID,
			Place: n.Place, WatchFor: n.WatchFor, FromAt: n.From, UntilAt: n.Until, Version: 1, CreatedAt: tx.now,
		}}
		tx.tell("functional_note", id, s.actor.OrganisationID)
		return tx.Create(&note.FunctionalNote).Error
	})
	return note, out, err
}

// ListNotes returns the notes that stand for those who are held, as they are today: a note
// that lasts over days has nothing in one day's list that the next day's has as well, or it
// would tell which slips are one person's. So its times are those of today, and list and
// cursor go by numbers of the day. Notes of one institution are read at once, as the slips are.
func (s *Session) ListNotes(ctx context.Context, p Paging) (page Page[SeenNote], err error) {
	err = s.readRecords(ctx, "functional_note.read", func(r *reading) error {
		begins, ends := models.StartOfDay(r.today, s.actor.Zone), models.StartOfDay(r.today.AddDays(1), s.actor.Zone)
		var rows []models.FunctionalNote
		if err := s.scoped(r.Model(&models.FunctionalNote{}), noteTable, models.CatFunctionalNote, models.Read).
			Where("functional_notes.until_at > ? AND functional_notes.from_at < ? AND functional_notes.cancelled = ?", r.now, ends, false).Find(&rows).Error; err != nil {
			return err
		}
		after, err := s.pageKey("functional_notes", p)
		if err != nil {
			return err
		}
		slices.SortFunc(rows, func(a, b models.FunctionalNote) int { return strings.Compare(s.ofDay(a.ID), s.ofDay(b.ID)) })
		for _, n := range rows {
			if s.ofDay(n.ID) <= after {
				continue
			}
			if len(page.Items) == p.Limit {
				page.Next = s.cursor("functional_notes", s.ofDay(page.Items[p.Limit-1].ID))
				break
			}
			r.touched(n.ID)
			if n.FromAt.Before(begins) {
				n.FromAt = begins
			}
			if n.UntilAt.After(ends) {
				n.UntilAt = ends
			}
			page.Items = append(page.Items, SeenNote{n, s.noteSlip(n.SpellID)})
		}
		return nil
	})
	return page, err
}

// CancelNote takes a note away.
func (s *Session) CancelNote(ctx context.Context, id string) (note *SeenNote, err error) {
	err = s.write(ctx, "functional_note.cancel", func(tx *tx) error {
		if note, err = s.functionalNote(tx.DB, id, models.Create); err != nil {
			return err
		}
		if err := tx.base(note.Version); err != nil {
			return err
		}
		if note.Cancelled {
			return models.Fail(models.KindConflict, "functional_note.cancelled", "The note was cancelled already.")
		}
		note.Cancelled = true
		note.Version++
		tx.audit(id)
		tx.tell("functional_note", id, note.OrganisationID)
		return changed(tx.Model(&note.FunctionalNote).Where("version = ?", s.req.Base).Select("cancelled", "version").Updates(&note.FunctionalNote))
	})
	return note, err
}

// ListClientNotes returns the notes of one of the organisation's clients, newest first,
// cancelled ones too. Security keeps no clients and gets nothing here.
func (s *Session) ListClientNotes(ctx context.Context, handle string) (notes []SeenNote, err error) {
	err = s.readRecords(ctx, "functional_note.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		var rows []models.FunctionalNote
		err = s.scoped(r.Model(&models.FunctionalNote{}), noteTable, models.CatFunctionalNote, models.Read).
			Where("functional_notes.client_id = ?", c.ID).Order("functional_notes.id DESC").Limit(200).Find(&rows).Error
		for _, n := range rows {
			r.touched(n.ID)
			notes = append(notes, SeenNote{n, s.noteSlip(n.SpellID)})
		}
		return err
	})
	return notes, err
}
