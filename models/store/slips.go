package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"jol/models"
)

// slip is the number under which an institution knows a stay today.
func (s *Session) slip(spell string) string { return s.slipIn("daily slips", spell) }

// noteSlip is the number under which the functional notes about one person stand today. It is
// no slip of the list of stays: security reads both lists, and by dates of admission that it
// knows would have a name for each note. Whose it is the health unit says, to whom it must.
func (s *Session) noteSlip(spell string) string {
	return s.slipIn("daily slips of functional notes", spell)
}

// slipIn gives each list a key of its own, so that no number of one says anything in another.
func (s *Session) slipIn(list, id string) string {
	m := hmac.New(sha256.New, s.store.opt.Keys.Cursor)
	m.Write([]byte(list))
	return models.DailySlip(m.Sum(nil), s.today(), id)
}

// spellBySlip finds the stay that has the slip today among those the session reaches.
// There are as many as an institution has places, so that each is tried: nothing that
// could be kept and compared tomorrow is stored.
func (t *tx) spellBySlip(slip string, verb models.Verb) (*models.CustodySpell, error) {
	var open []models.CustodySpell
	q := t.session.scoped(t.DB, spellTable, models.CatReleaseDate, verb)
	if err := q.Where("custody_spells.ended_at IS NULL AND custody_spells.admitted_at IS NOT NULL").Find(&open).Error; err != nil {
		return nil, err
	}
	var match *models.CustodySpell
	for i := range open {
		if hmac.Equal([]byte(t.session.slip(open[i].ID)), []byte(slip)) {
			if match != nil { // 40 bits: as good as never, and then for one day
				return nil, models.Fail(models.KindConflict, "custody_spell.slip_ambiguous", "Two people have this slip today; ask the health unit.")
			}
			match = &open[i]
		}
	}
	if match == nil {
		return nil, models.NotFound("custody_spell")
	}
	return match, nil
}

// slipPage pages a list in the order of the slips. Those who are held in one institution
// are read at once: the order is not one that an index could have.
func (s *Session) slipPage(r *reading, rows []models.CustodySpell, p Paging) (page Page[SeenSlip], err error) {
	after, err := s.pageKey("slips", p)
	if err != nil {
		return page, err
	}
	all := make([]SeenSlip, len(rows))
	ids := map[string]string{}
	for i := range rows {
		all[i] = *s.seeSlip(&rows[i])
		ids[all[i].Slip] = rows[i].ID
	}
	slices.SortFunc(all, func(a, b SeenSlip) int { return strings.Compare(a.Slip, b.Slip) })
	for _, seen := range all {
		if seen.Slip <= after {
			continue
		}
		if len(page.Items) == p.Limit {
			page.Next = s.cursor("slips", page.Items[len(page.Items)-1].Slip)
			break
		}
		r.touched(ids[seen.Slip])
		page.Items = append(page.Items, seen)
	}
	return page, nil
}

// ofDay is a record's number for one civil day, longer than a slip because two of them must
// never be one: what an institution's list is ordered by and its cursor holds.
func (s *Session) ofDay(id string) string {
	m := hmac.New(sha256.New, s.store.opt.Keys.Cursor)
	m.Write([]byte("of the day\x00" + string(s.today()) + "\x00" + id))
	return hex.EncodeToString(m.Sum(nil))
}
