package storetest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// A cursor tells its bearer nothing: not the country-wide number it stands at, from which
// lines told to others could be counted, nor how many digits it has, nor that it is the same.
func TestCursor_TellsNothing(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, auditor := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleAuditor, c.Ministry)
		nurse.Register(1)
		raw := func(cursor string) []byte {
			t.Helper()
			b, err := base64.RawURLEncoding.DecodeString(cursor)
			must(t, err)
			if len(b) == 0 {
				t.Fatal("no cursor")
			}
			return b
		}
		hides := func(cursor, told string) {
			t.Helper()
			if bytes.Contains(raw(cursor), []byte(told)) {
				t.Errorf("the cursor shows %q", told)
			}
		}
		trail := func() string {
			page, err := auditor.New().ListAuditEvents(ctx, "", store.Paging{Limit: 1})
			must(t, err)
			hides(page.Next, fmt.Sprintf("#%d", page.Items[0].Seq))
			return page.Next
		}
		organisations, err := nurse.New().ListOrganisations(ctx, store.OrganisationFilter{}, store.Paging{Limit: 2})
		must(t, err)
		hides(organisations.Next, string(organisations.Items[1].ID))
		first, again, listed := c.feed(t, nurse, "").Next, c.feed(t, nurse, "").Next, trail()
		hides(first, string(c.Today()))
		hides(first, fmt.Sprintf("%d|", scan[int64](t, c.World, "SELECT MAX(seq) FROM changes")))
		if first == again {
			t.Error("two cursors of one place are the same")
		}
		// Many digits later each is as long as before.
		c.plant(t, "changes", map[string]any{"seq": int64(12345678901), "kind": "client", "record_id": scan[string](t, c.World, "SELECT id FROM clients"), "organisation_id": string(c.Clinic.ID)})
		for i := range 12 {
			nurse.Register(i + 2)
		}
		if later := c.feed(t, nurse, "").Next; len(raw(later)) != len(raw(first)) || len(trail()) != len(listed) {
			t.Errorf("cursors of %d bytes, then %d", len(raw(first)), len(raw(later)))
		}
	})
}

// A cursor as they were before they were encrypted: signed, its key in clear.
func TestCursor_OldOnesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		nurse.Register(1)
		old := func(list, key string) string {
			m := hmac.New(sha256.New, TestKeys().Cursor)
			m.Write([]byte(strings.Join([]string{list, string(nurse.Actor.UserID), key}, "\x00")))
			return base64.RawURLEncoding.EncodeToString(append(m.Sum(nil), key...))
		}
		_, err := nurse.New().ListChanges(ctx, store.Paging{Limit: 5, Cursor: old("changes", "1|"+string(c.Today()))})
		wantError(t, err, models.KindInvalid, "cursor.invalid")
		_, err = nurse.New().ListOrganisations(ctx, store.OrganisationFilter{}, store.Paging{Limit: 5, Cursor: old("organisations", string(c.Clinic.ID))})
		wantError(t, err, models.KindInvalid, "cursor.invalid")
	})
}

// lastLine is the number of the newest line of all feeds.
func (c *Country) lastLine(t *testing.T) int64 {
	return scan[int64](t, c.World, "SELECT COALESCE(MAX(seq), 0) FROM changes")
}

// restoreFeed puts all feeds back to where they were at a line: what came after is lost and
// numbers are given out again, as by a backup of either engine. Restoring takes its time.
func (c *Country) restoreFeed(t *testing.T, line int64) {
	c.exec(t, "DELETE FROM changes WHERE seq > ?", line)
	if c.Engine == "postgres" {
		c.exec(t, fmt.Sprintf("ALTER TABLE public.changes ALTER COLUMN seq RESTART WITH %d", line+1))
	} else {
		c.exec(t, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'changes'", line)
	}
	c.Advance(10 * time.Minute)
}

// A cursor from before a restore never passes over what is written after it: whoever holds
// one is sent back to the beginning.
func TestChanges_CursorFromBeforeARestore(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other, ngo := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic), c.As(models.RoleNGOOutreach, c.NGO)
		person, lostAt := 0, int64(0)
		next := func() int { person++; return person }
		refer := func() string { // a hand-over to other: one line of its feed, two or three of the clinic's
			handle := nurse.Register(next())
			nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
			return nurse.Refer(handle, Asking(c.Polyclinic)).ID
		}
		told := func(since string) (ids []string, err error) {
			page, err := other.New().ListChanges(ctx, store.Paging{Limit: 200, Cursor: since})
			for _, item := range page.Items {
				ids = append(ids, item.ID)
			}
			return ids, err
		}
		// Each begins with a backup, ten lines of the other clinic that are lost, and its cursor behind them.
		for name, after := range map[string]func() (sent string){
			"nothing came yet":  func() string { return "" },
			"not as far yet":    refer,
			"only others wrote": func() string { c.untilLine(t, lostAt, func() { ngo.Register(next()) }); return "" },
			"this feed's own, at the very time of the cursor": func() string {
				c.Advance(-10 * time.Minute) // a clock that was wrong
				c.untilLine(t, lostAt-1, func() { ngo.Register(next()) })
				c.Advance(-time.Millisecond)
				other.Register(next())
				return ""
			},
			"another feed's now": func() string { id := refer(); c.untilLine(t, lostAt, func() { ngo.Register(next()) }); return id },
			"this feed's own now": func() string {
				id := refer()
				c.untilLine(t, lostAt, func() { other.Register(next()) })
				return id
			},
			"far beyond, and a hole where the cursor stands": func() string {
				id := refer()
				c.untilLine(t, lostAt, func() { ngo.Register(next()) })
				ngo.Register(next())
				c.exec(t, "DELETE FROM changes WHERE seq = ?", lostAt)
				return id
			},
		} {
			other.Register(next())
			backup := c.lastLine(t)
			kept := c.feed(t, other, "").Next
			for range 10 {
				other.Register(next())
			}
			lost := c.feed(t, other, "").Next
			lostAt = c.lastLine(t)
			c.restoreFeed(t, backup)
			sent := after()
			if ids, err := told(lost); err == nil {
				t.Errorf("%s: told %v from a cursor of lines that were lost; sent %s", name, ids, sent)
			} else {
				wantError(t, err, models.KindInvalid, "changes.too_old")
			}
			// The beginning, and a cursor that is as old as the backup, tell it.
			for _, since := range []string{"", kept} {
				if ids, err := told(since); err != nil || sent != "" && !slices.Contains(ids, sent) {
					t.Errorf("%s: told %v, %v; sent %s", name, ids, err, sent)
				}
			}
		}
	})
}

// untilLine writes until the number of the last line that was lost is given out again.
func (c *Country) untilLine(t *testing.T, line int64, write func()) {
	for range 50 {
		if c.lastLine(t) >= line {
			return
		}
		write()
	}
	t.Fatal("the number does not come again")
}

// A line behind which a cursor stands goes when a newer one of its record made it needless, or
// after 90 days: the cursor is good nevertheless.
func TestChanges_CursorOutlivesItsLine(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		rule, _ := models.RetentionOf("KZ")
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(handle, Asking(c.Polyclinic))
		at := c.feed(t, other, "").Next
		line := scan[int64](t, c.World, "SELECT MAX(seq) FROM changes WHERE organisation_id = ?", string(c.Polyclinic.ID))
		c.Advance(time.Hour)
		other.Move(r, "receipt")
		must(t, second2(c.Retention(ctx, rule, false)))
		if count(t, c.World, "changes WHERE seq = ?", line) != 0 {
			t.Fatal("the line is still there")
		}
		moved := c.feed(t, other, at)
		wantFeed(t, moved, store.Change{Kind: "referral", ID: r.ID})
		wantFeed(t, c.feed(t, other, moved.Next))
		// What is gone is forgotten in the end; who asked all the time goes on.
		nurse.Withdraw(k.ID)
		at = c.feed(t, other, moved.Next).Next
		for range 4 {
			c.Advance((models.FeedDays/3 + 1) * 24 * time.Hour)
			at = c.feed(t, other, at).Next
		}
		nurse.Register(2) // somebody writes meanwhile
		must(t, second2(c.Retention(ctx, rule, false)))
		if n := count(t, c.World, "changes WHERE organisation_id = ? AND gone", string(c.Polyclinic.ID)); n != 0 {
			t.Fatalf("%d lines of what is gone are still there", n)
		}
		at = c.feed(t, other, at).Next
		own := other.Register(3)
		wantFeed(t, c.feed(t, other, at), store.Change{Kind: "client", ID: own})
	})
}
