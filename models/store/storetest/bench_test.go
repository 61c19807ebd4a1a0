package storetest

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/store"
)

// BenchmarkReferralCreate is the write path: authorised, idempotent, audited, durable.
// "jol" is the use case; "raw" sends the same statements in the same kind of transaction
// through database/sql alone. The share of raw is jol's ns/op divided into raw's, from
// one run: absolute numbers say more about the disk than about the code.
func BenchmarkReferralCreate(b *testing.B) {
	for _, engine := range Engines {
		for _, callers := range []int{1, 16} {
			name := engine + "/callers=" + strconv.Itoa(callers)
			b.Run(name+"/jol", func(b *testing.B) { benchJol(b, engine, callers) })
			b.Run(name+"/raw", func(b *testing.B) { benchRaw(b, engine, callers) })
		}
	}
}

// benchWorld has one outreach worker with as many clients as there are callers, each
// with a consent: callers do not wait for one another's rows.
func benchWorld(b *testing.B, engine string, callers int) (*Country, Worker, []string) {
	b.Helper()
	c := NewWorld(b, engine).Settle(b, grantsOf)
	outreach := c.As(models.RoleNGOOutreach, c.NGO)
	handles := make([]string, callers)
	for i := range handles {
		handles[i] = outreach.Register(i)
		_, _, err := outreach.New().GiveConsent(context.Background(), handles[i], models.NewConsent{
			Purpose: models.PurposeReferral, RecipientID: c.Clinic.ID, Until: models.DateOf(c.Now(), "Asia/Almaty").AddDays(90),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return c, outreach, handles
}

// inParallel runs b.N operations from a fixed number of callers.
func inParallel(b *testing.B, callers int, do func(caller int) error) {
	b.Helper()
	b.ReportAllocs()
	var left atomic.Int64
	left.Store(int64(b.N))
	failed := make(chan error, callers)
	done := make(chan struct{}, callers)
	b.ResetTimer()
	for caller := range callers {
		go func() {
			defer func() { done <- struct{}{} }()
			for left.Add(-1) >= 0 {
				if err := do(caller); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for range callers {
		<-done
	}
	b.StopTimer()
	select {
	case err := <-failed:
		b.Fatal(err)
	default:
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

func benchJol(b *testing.B, engine string, callers int) {
	c, outreach, handles := benchWorld(b, engine, callers)
	inParallel(b, callers, func(caller int) error {
		_, _, err := outreach.New().CreateReferral(context.Background(), handles[caller], models.NewReferral{
			ToOrganisationID: c.Clinic.ID, Reason: "step_up", Urgency: "routine", Needs: []string{"oat"}, Note: "Prefers mornings.",
		})
		return err
	})
}

// rawStatements are what CreateReferral sends between BEGIN and COMMIT, on PostgreSQL with
// rawFeedLock before the last; TestStatements_AreFewAndKnown pins their number.
var rawStatements = []string{
	`INSERT INTO idempotency_keys (user_id, key, body_hash, resource_id, status, created_at) VALUES (?, ?, ?, ?, 201, ?) ON CONFLICT DO NOTHING`,
	`SELECT clients.id, persons.responsible_id FROM clients JOIN persons ON persons.id = clients.person_id WHERE clients.organisation_id = ? AND clients.code = ? AND clients.local_no = 1`,
	`SELECT id, kind FROM organisations WHERE id = ? AND active = ?`,
	`SELECT id, purpose FROM consents WHERE client_id = ? AND state = 'given' ORDER BY until_date DESC, id`,
	`SELECT link_id, low_quality FROM LINKTABLE WHERE client_id = ?`,
	`INSERT INTO referrals (id, from_organisation_id, to_organisation_id, from_client_id, to_client_id, to_code, consent_id, reason, urgency, needs, note, state, sent_at, answer_due, attended_on, decline_reason, alternative, version, created_by)
	 VALUES (?, ?, ?, ?, '', 'C1', ?, 'step_up', 'routine', '["oat"]', 'Prefers mornings.', 'sent', ?, ?, '', '', '', 1, ?)`,
	`INSERT INTO audit_events (at, actor_id, actor_role, organisation_id, action, outcome, objects, request_id) VALUES (?, ?, 'ngo_outreach', ?, 'referral.create', 'ok', ?, ?)`,
	`INSERT INTO disclosures (id, client_id, organisation_id, recipient_id, recipient, categories, consent_id, ground, reference, client_told, not_told_reason, at, actor_id)
	 VALUES (?, ?, ?, ?, '', '["referral"]', ?, '', '', ?, '', ?, ?)`,
	`INSERT INTO changes (organisation_id, kind, record_id, gone, at) VALUES (?, 'referral', ?, ?, ?), (?, 'referral', ?, ?, ?)`,
}

const rawFeedLock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)), pg_advisory_xact_lock(hashtextextended($2, 0))"

func benchRaw(b *testing.B, engine string, callers int) {
	c, outreach, handles := benchWorld(b, engine, callers)
	db, dialect, err := c.Pool()
	if err != nil {
		b.Fatal(err)
	}
	statements := make([]string, len(rawStatements))
	for i, s := range rawStatements {
		statements[i] = dialectSQL(dialect, s)
	}
	inParallel(b, callers, func(caller int) error {
		for { // a lost race runs again, as it does in tx.go
			err := rawReferral(db, dialect, statements, c, outreach, handles[caller])
			if err == nil || !strings.Contains(err.Error(), "40001") {
				return err
			}
		}
	})
}

// dialectSQL numbers the placeholders for PostgreSQL and names the linkage table.
func dialectSQL(dialect, s string) string {
	if dialect == "sqlite" {
		return strings.ReplaceAll(s, "LINKTABLE", "linkage_entries")
	}
	s = strings.ReplaceAll(s, "LINKTABLE", "linkage.entries")
	for n := 1; strings.Contains(s, "?"); n++ {
		s = strings.Replace(s, "?", "$"+strconv.Itoa(n), 1)
	}
	return s
}

func rawReferral(db *sql.DB, dialect string, statements []string, c *Country, w Worker, handle string) error {
	ctx, now, id, org, user := context.Background(), c.Now(), uuid.NewString(), string(w.Actor.OrganisationID), string(w.Actor.UserID)
	opts := &sql.TxOptions{}
	if dialect == "postgres" {
		opts.Isolation = sql.LevelSerializable
	}
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, statements[0], user, uuid.NewString(), "hash", id, now); err != nil {
		return err
	}
	var client, consent, skip string
	if err := tx.QueryRowContext(ctx, statements[1], org, handle).Scan(&client, &skip); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, statements[2], string(c.Clinic.ID), true).Scan(&skip, &skip); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, statements[3], client).Scan(&consent, &skip); err != nil {
		return err
	}
	var low bool
	if err := tx.QueryRowContext(ctx, statements[4], client).Scan(&skip, &low); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, statements[5], id, org, string(c.Clinic.ID), client, consent, now, now.Add(72*time.Hour), user); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, statements[6], now, user, org, `["`+id+`","`+client+`"]`, uuid.NewString()); err != nil {
		return err
	}
	to := string(c.Clinic.ID)
	if _, err := tx.ExecContext(ctx, statements[7], uuid.NewString(), client, org, to, consent, true, now, user); err != nil {
		return err
	}
	if dialect == "postgres" {
		if _, err := tx.ExecContext(ctx, rawFeedLock, min(org, to), max(org, to)); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, statements[8], org, id, false, now, to, id, false, now); err != nil {
		return err
	}
	return tx.Commit()
}

// BenchmarkReferralRead is a receiver's read: authorised, audited before it answers.
func BenchmarkReferralRead(b *testing.B) {
	for _, engine := range Engines {
		b.Run(engine, func(b *testing.B) {
			c, outreach, handles := benchWorld(b, engine, 1)
			sent, _, err := outreach.New().CreateReferral(context.Background(), handles[0], models.NewReferral{
				ToOrganisationID: c.Clinic.ID, Reason: "step_up", Urgency: "routine",
			})
			if err != nil {
				b.Fatal(err)
			}
			clinician := c.As(models.RoleClinician, c.Clinic)
			inParallel(b, 16, func(int) error {
				_, err := clinician.New().GetReferral(context.Background(), sent.ID)
				return err
			})
		})
	}
}

// BenchmarkWorkLists are the lists that a worker opens all day, at an organisation with
// 10,000 open episodes and 100,000 tasks: authorised, and audited before they answer.
func BenchmarkWorkLists(b *testing.B) {
	for _, engine := range Engines {
		c := NewWorld(b, engine).Settle(b, grantsOf)
		nurse := c.As(models.RoleNurse, c.Clinic)
		nurse.Actor.UserID = "user 7" // the crowd's
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		nurse.Refer(handle, Asking(c.Polyclinic))
		nurse.Start(handle)
		c.Crowd(b, 10_000)
		tasks := func(f store.TaskFilter) func() (int, error) {
			return func() (int, error) {
				page, err := nurse.New().ListTasks(context.Background(), f, store.Paging{Limit: 50})
				return len(page.Items), err
			}
		}
		for _, list := range []struct {
			name string
			read func() (int, error)
		}{
			{"own", tasks(store.TaskFilter{Assignee: nurse.Actor.UserID})},
			{"organisation", tasks(store.TaskFilter{})},
			{"overdue", tasks(store.TaskFilter{Due: "overdue"})},
			{"week", tasks(store.TaskFilter{Due: "week"})},
			{"step", tasks(store.TaskFilter{Step: "step-7"})},
			{"role", tasks(store.TaskFilter{Role: models.RoleNurse})},
			{"inbox", func() (int, error) {
				page, err := nurse.New().ListReferrals(context.Background(), store.PartyFilter{Direction: "in"}, store.Paging{Limit: 50})
				return len(page.Items), err
			}},
		} {
			b.Run(engine+"/"+list.name, func(b *testing.B) {
				for b.Loop() {
					if n, err := list.read(); err != nil || n != 50 {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}
