package store_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
)

// contacts gives an organisation a mailbox on each of the levels.
func contacts(t *testing.T, c *storetest.Country, o *models.Organisation, levels ...int) (ids []string) {
	t.Helper()
	admin := c.As(models.RoleAdministrator, c.Ministry)
	for _, level := range levels {
		d, _, err := admin.New().AddDutyContact(ctx, string(o.ID), store.NewDutyContact{Channel: "email", Target: "duty@clinic.example", Level: level})
		must(t, err)
		ids = append(ids, d.ID)
	}
	return ids
}

func claim(t *testing.T, s *store.Store) []store.Delivery {
	t.Helper()
	_, err := store.NewOutbox(s).Raise(ctx)
	must(t, err)
	messages, err := store.NewOutbox(s).Claim(ctx, 50)
	must(t, err)
	return messages
}

func notices(t *testing.T, w storetest.Worker, state string) []models.Notice {
	t.Helper()
	page, err := w.New().ListNotices(ctx, state, store.Paging{Limit: 50})
	must(t, err)
	return page.Items
}

func TestNotice_IsToldOnceAndAgainAfterAcknowledgement(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.Clinic, 1)
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		for range 3 {
			must(t, nurse.New().Notify(ctx, c.Clinic.ID, "dose_gap", "subject", ""))
		}
		told := notices(t, nurse, "")
		if len(told) != 1 || told[0].Level != 1 || len(claim(t, c.Store)) != 1 {
			t.Fatalf("told %+v", told)
		}
		if len(notices(t, other, "")) != 0 {
			t.Error("another organisation sees it")
		}
		if _, err := other.New().AcknowledgeNotice(ctx, told[0].ID); !models.IsKind(err, models.KindNotFound) {
			t.Errorf("another organisation acknowledged it: %v", err)
		}
		n, err := nurse.New().AcknowledgeNotice(ctx, told[0].ID)
		must(t, err)
		again, err := nurse.New().AcknowledgeNotice(ctx, told[0].ID)
		must(t, err)
		if n.State != models.NoticeAcknowledged || again.Version != n.Version || n.AcknowledgedBy != nurse.Actor.UserID {
			t.Errorf("acknowledged %+v, again %+v", n, again)
		}
		c.Advance(48 * time.Hour)
		if m := claim(t, c.Store); len(m) != 0 {
			t.Errorf("an acknowledged notice is sent: %+v", m)
		}
		must(t, nurse.New().Notify(ctx, c.Clinic.ID, "dose_gap", "subject", "")) // it happened again
		if told := notices(t, nurse, "open"); len(told) != 1 || told[0].ID != n.ID || len(claim(t, c.Store)) != 1 {
			t.Errorf("the second time it says %+v", told)
		}
	})
}

func TestNotice_EscalatesUntilAcknowledged(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		ids := contacts(t, c, c.Clinic, 1, 3, 3)
		nurse := c.As(models.RoleNurse, c.Clinic)
		must(t, nurse.New().Notify(ctx, c.Clinic.ID, "dose_gap", "subject", ""))
		sent := func(want int) {
			t.Helper()
			messages := claim(t, c.Store)
			if len(messages) != want {
				t.Fatalf("at %v %d messages, want %d", c.Now(), len(messages), want)
			}
			for _, m := range messages {
				must(t, store.NewOutbox(c.Store).Settle(ctx, m.ID, true))
			}
		}
		sent(1)
		c.Advance(29 * time.Minute)
		sent(0)
		c.Advance(time.Minute)
		sent(2) // no contact on level 2
		c.Advance(23 * time.Hour)
		sent(0)
		c.Advance(time.Hour)
		sent(2) // the last level daily
		admin := c.As(models.RoleAdministrator, c.Ministry)
		no := false
		_, err := admin.On(1).ChangeDutyContact(ctx, string(c.Clinic.ID), ids[2], models.DutyContactChange{Active: &no})
		must(t, err)
		c.Advance(24 * time.Hour)
		sent(1)
		_, err = nurse.New().AcknowledgeNotice(ctx, notices(t, nurse, "open")[0].ID)
		must(t, err)
		c.Advance(24 * time.Hour)
		sent(0)
	})
}

// Nobody to tell is no end of it: when there is a contact it is told.
func TestNotice_WaitsForAContact(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		must(t, nurse.New().Notify(ctx, c.Clinic.ID, "dose_gap", "subject", ""))
		if len(claim(t, c.Store)) != 0 || len(notices(t, nurse, "open")) != 1 {
			t.Fatal("it is not in the list, or was sent to nobody")
		}
		contacts(t, c, c.Clinic, 1)
		c.Advance(time.Hour)
		if m := claim(t, c.Store); len(m) != 1 {
			t.Errorf("%d messages", len(m))
		}
	})
}

func TestNotice_OfALaterTimeIsNotShownBefore(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.Clinic, 1)
		nurse := c.As(models.RoleNurse, c.Clinic)
		must(t, nurse.New().Notify(ctx, c.Clinic.ID, "continuity_alarm", "subject", "", c.Now().Add(time.Hour)))
		if len(claim(t, c.Store)) != 0 || len(notices(t, nurse, "")) != 0 {
			t.Error("told too early")
		}
		c.Advance(time.Hour)
		if len(claim(t, c.Store)) != 1 || len(notices(t, nurse, "")) != 1 {
			t.Error("not told")
		}
	})
}

// A sender that dies between taking a message and sending it has only delayed it; one that
// dies after sending sends it again, under the same id.
func TestOutbox_SurvivesASenderThatDies(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.Clinic, 1)
		must(t, c.As(models.RoleNurse, c.Clinic).New().Notify(ctx, c.Clinic.ID, "dose_gap", "subject", ""))
		first := claim(t, c.Store) // and the process is gone
		second := c.Open(t)
		if m := claim(t, second); len(m) != 0 {
			t.Fatalf("taken twice at a time: %+v", m)
		}
		c.Advance(2 * time.Minute)
		again := claim(t, second)
		if len(first) != 1 || len(again) != 1 || again[0].ID != first[0].ID || again[0].NoticeID != first[0].NoticeID {
			t.Fatalf("first %+v, after the restart %+v", first, again)
		}
		must(t, store.NewOutbox(second).Settle(ctx, again[0].ID, true))
		c.Advance(20 * time.Minute)
		if m := claim(t, second); len(m) != 0 {
			t.Errorf("sent again: %+v", m)
		}
	})
}

func TestOutbox_TriesAgainLaterEachTime(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.Clinic, 1)
		nurse := c.As(models.RoleNurse, c.Clinic)
		must(t, nurse.New().Notify(ctx, c.Clinic.ID, "dose_gap", "subject", ""))
		box := store.NewOutbox(c.Store)
		_, err := nurse.New().AcknowledgeNotice(ctx, "nothing")
		if !models.IsKind(err, models.KindNotFound) {
			t.Fatal(err)
		}
		var waits []time.Duration
		last := c.Now()
		for step := 0; step < 200 && len(waits) < 6; step++ {
			messages, err := box.Claim(ctx, 10)
			must(t, err)
			for _, m := range messages {
				waits, last = append(waits, c.Now().Sub(last)), c.Now()
				must(t, box.Settle(ctx, m.ID, false))
			}
			c.Advance(time.Minute)
		}
		want := []time.Duration{0, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute}
		if !slices.Equal(waits, want) {
			t.Errorf("tried after %v, want %v", waits, want)
		}
	})
}

// Two senders do not take one message at the same time.
func TestOutbox_TwoSenders(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.Clinic, 1)
		nurse := c.As(models.RoleNurse, c.Clinic)
		for _, subject := range []string{"a", "b", "c", "d", "e"} {
			must(t, nurse.New().Notify(ctx, c.Clinic.ID, "dose_gap", subject, ""))
		}
		second := c.Open(t)
		taken := make(chan []store.Delivery, 2)
		for _, s := range []*store.Store{c.Store, second} {
			go func() {
				messages, err := store.NewOutbox(s).Claim(ctx, 10)
				if err != nil {
					t.Error(err)
				}
				taken <- messages
			}()
		}
		ids := map[string]bool{}
		for range 2 {
			for _, m := range <-taken {
				if ids[m.ID] {
					t.Errorf("%s was taken twice", m.ID)
				}
				ids[m.ID] = true
			}
		}
		if len(ids) != 5 {
			t.Errorf("%d of 5 taken", len(ids))
		}
	})
}

func TestNotice_EndsWithItsConsent(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.NGO, 1)
		nurse, ngo := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.NGO)
		other := nurse.Give(handle, models.PurposeReferral, c.NGO)
		must(t, nurse.New().Notify(ctx, c.NGO.ID, "unplanned_release", "one", k.ID))
		must(t, nurse.New().Notify(ctx, c.NGO.ID, "unplanned_release", "two", other.ID))
		ids, err := nurse.New().CancelDeliveriesOf(ctx, k.ID)
		must(t, err)
		left := claim(t, c.Store)
		if len(ids) != 1 || len(left) != 1 || left[0].ID == ids[0] || len(notices(t, ngo, "")) != 1 {
			t.Errorf("cancelled %v, left %+v", ids, left)
		}
		if none, err := nurse.New().CancelDeliveriesOf(ctx, k.ID); err != nil || none == nil || len(none) != 0 {
			t.Errorf("a second time %v %v", none, err)
		}
		// Withdrawn while a sender holds it: it is not sent any more.
		_, err = nurse.New().CancelDeliveriesOf(ctx, other.ID)
		must(t, err)
		if waits, err := store.NewOutbox(c.Store).Waits(ctx, left[0].ID); err != nil || waits {
			t.Errorf("still to be sent: %v %v", waits, err)
		}
		must(t, store.NewOutbox(c.Store).Settle(ctx, left[0].ID, false))
		c.Advance(24 * time.Hour)
		if m := claim(t, c.Store); len(m) != 0 {
			t.Errorf("sent after the withdrawal: %+v", m)
		}
		// A consent that ended by another way than cancelDeliveriesOf is looked at again too.
		late := nurse.Give(handle, models.PurposeReferral, c.NGO)
		must(t, nurse.New().Notify(ctx, c.NGO.ID, "unplanned_release", "three", late.ID))
		nurse.Withdraw(late.ID)
		if m := claim(t, c.Store); len(m) != 0 {
			t.Errorf("sent on a withdrawn consent: %+v", m)
		}
	})
}

// A receiver that never answers: both parties are told, once, and not of what was answered.
func TestOutbox_FindsReferralsNobodyAnswered(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		contacts(t, c, c.Polyclinic, 1)
		contacts(t, c, c.Clinic, 1)
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		waiting := nurse.Refer(handle, storetest.Asking(c.Polyclinic))
		answered := other.Move(nurse.Refer(handle, storetest.Asking(c.Polyclinic)), "acceptance")
		c.Advance(72 * time.Hour)
		if m := claim(t, c.Store); len(m) != 0 {
			t.Fatalf("told on time: %+v", m)
		}
		c.Advance(time.Millisecond)
		if m := claim(t, c.Store); len(m) != 2 {
			t.Fatalf("%d told of %s, want both parties", len(m), waiting.ID)
		}
		for _, w := range []storetest.Worker{nurse, other} {
			if got := notices(t, w, ""); len(got) != 1 || got[0].SubjectID != waiting.ID || got[0].SubjectID == answered.ID || got[0].Kind != "referral_unanswered" {
				t.Errorf("%s was told %+v", w.Actor.OrganisationName, got)
			}
		}
		if m := claim(t, c.Store); len(m) != 0 {
			t.Errorf("told twice: %+v", m)
		}
		other.Move(waiting, "acceptance")
		c.Advance(48 * time.Hour)
		if m := claim(t, c.Store); len(m) != 0 {
			t.Errorf("escalated although it was answered: %+v", m)
		}
		// Nobody is told of a referral whose consent is gone.
		nurse.Refer(handle, storetest.Asking(c.Polyclinic))
		nurse.Withdraw(k.ID)
		c.Advance(96 * time.Hour)
		if m := claim(t, c.Store); len(m) != 0 {
			t.Errorf("told on a withdrawn consent: %+v", m)
		}
	})
}

func TestDutyContact_IsNoPersonsAndNoInnerAddress(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		admin := c.As(models.RoleAdministrator, c.Clinic)
		for _, bad := range []store.NewDutyContact{
			{Channel: "email", Target: "aigul.s@clinic.example", Level: 1},
			{Channel: "webhook", Target: "http://127.0.0.1/x", Level: 1},
			{Channel: "sms", Target: "duty", Level: 1},
			{Channel: "email", Target: "duty@clinic.example", Level: 4},
		} {
			if _, _, err := admin.New().AddDutyContact(ctx, string(c.Clinic.ID), bad); !models.IsKind(err, models.KindInvalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		good := store.NewDutyContact{Channel: "email", Target: "duty@clinic.example", Level: 1}
		for _, o := range []*models.Organisation{c.Polyclinic, c.Ministry} {
			if _, _, err := admin.New().AddDutyContact(ctx, string(o.ID), good); !models.IsKind(err, models.KindNotFound) {
				t.Errorf("of %s: %v", o.Name, err)
			}
		}
		d, _, err := admin.New().AddDutyContact(ctx, string(c.Clinic.ID), good)
		must(t, err)
		personal, no := "s.aigul@clinic.example", false
		if _, err := admin.On(1).ChangeDutyContact(ctx, string(c.Clinic.ID), d.ID, models.DutyContactChange{Target: &personal}); !models.IsKind(err, models.KindInvalid) {
			t.Error(err)
		}
		if _, err := admin.On(7).ChangeDutyContact(ctx, string(c.Clinic.ID), d.ID, models.DutyContactChange{Active: &no}); !models.IsKind(err, models.KindPreconditionFailed) {
			t.Error(err)
		}
		if _, err := admin.On(1).ChangeDutyContact(ctx, string(c.Polyclinic.ID), d.ID, models.DutyContactChange{Active: &no}); !models.IsKind(err, models.KindNotFound) {
			t.Error(err)
		}
		page, err := admin.New().ListDutyContacts(ctx, string(c.Clinic.ID), store.Paging{Limit: 10})
		if err != nil || len(page.Items) != 1 || !page.Items[0].Active {
			t.Errorf("%+v %v", page, err)
		}
	})
}

// What nobody answered is found by an index of its own, not by a look at every referral.
func TestOutbox_LooksUpByIndex(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		db, dialect, err := c.Pool()
		must(t, err)
		for _, query := range store.UnansweredQueries() {
			plan, explain := "", "EXPLAIN QUERY PLAN "
			if dialect == "postgres" {
				explain = "EXPLAIN "
				for i := 1; strings.Contains(query, "?"); i++ {
					query = strings.Replace(query, "?", "'2026-10-0"+strconv.Itoa(i)+"'", 1)
				}
			} else {
				query = strings.ReplaceAll(query, "?", "'2026-10-05'")
			}
			conn, err := db.Conn(ctx)
			must(t, err)
			if dialect == "postgres" {
				_, err = conn.ExecContext(ctx, "SET enable_seqscan = off")
				must(t, err)
			}
			rows, err := conn.QueryContext(ctx, explain+query)
			must(t, err)
			columns, err := rows.Columns()
			must(t, err)
			for rows.Next() {
				values := make([]any, len(columns))
				for i := range values {
					values[i] = new(any)
				}
				must(t, rows.Scan(values...))
				plan += fmt.Sprintln(*values[len(values)-1].(*any))
			}
			must(t, rows.Err())
			must(t, conn.Close())
			if !strings.Contains(plan, "_unanswered") || strings.Contains(plan, "SCAN referrals") || strings.Contains(plan, "SCAN dose_transfers") {
				t.Errorf("%s\n%s", query, plan)
			}
		}
	})
}
