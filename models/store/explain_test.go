package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
	"jol/models/store/storetest"
)

// lookups are the reads whose cost must grow with their answer and not with the table.
// Append what must be fast: a name, and the use case in a world that plans holds.
var lookups = []lookup{
	{"tasks of an organisation", func(p *plans) error { return p.tasks(store.TaskFilter{}) }},
	{"tasks overdue", func(p *plans) error { return p.tasks(store.TaskFilter{Due: "overdue"}) }},
	{"tasks of the week", func(p *plans) error { return p.tasks(store.TaskFilter{Due: "week"}) }},
	{"tasks of a step", func(p *plans) error { return p.tasks(store.TaskFilter{Step: "tp-screen-assist"}) }},
	{"tasks of a worker", func(p *plans) error { return p.tasks(store.TaskFilter{Assignee: p.nurse.Actor.UserID}) }},
	{"tasks of an episode", func(p *plans) error { return p.tasks(store.TaskFilter{Episode: p.episode}) }},
	{"tasks for a role", func(p *plans) error { return p.tasks(store.TaskFilter{Role: models.RoleNurse}) }},
	{"settled tasks of an episode", func(p *plans) error {
		return p.tasks(store.TaskFilter{Episode: p.episode, State: models.TaskDone})
	}},
	{"one task", func(p *plans) error { _, err := p.nurse.New().GetTask(ctx, p.task); return err }},
	{"referral inbox", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "in"}, store.Paging{Limit: 50})
		return err
	}},
	{"referral inbox of a state", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "in", State: models.ReferralSent}, store.Paging{Limit: 50})
		return err
	}},
	{"referral outbox", func(p *plans) error {
		_, err := p.nurse.New().ListReferrals(ctx, store.PartyFilter{Direction: "out"}, store.Paging{Limit: 50})
		return err
	}},
	{"one referral", func(p *plans) error { _, err := p.nurse.New().GetReferral(ctx, p.referral); return err }},
	{"one consent", func(p *plans) error { _, err := p.nurse.New().GetConsent(ctx, p.consent); return err }},
	{"episodes of a client", func(p *plans) error { _, err := p.nurse.New().ListEpisodes(ctx, p.handle); return err }},
	{"one episode", func(p *plans) error { _, err := p.nurse.New().GetEpisode(ctx, p.episode); return err }},
	{"anchors of an episode", func(p *plans) error { _, err := p.nurse.New().ListAnchors(ctx, p.episode); return err }},
	{"one client", func(p *plans) error { _, err := p.nurse.New().GetClient(ctx, p.handle); return err }},
}

// lookup is one use case that must read no table about clients from end to end.
type lookup struct {
	name string
	run  func(p *plans) error
}

// plans is a world in which every lookup finds something.
type plans struct {
	*storetest.Country
	t                                        *testing.T
	nurse                                    storetest.Worker
	handle, episode, task, consent, referral string
	entry, overdose, order, held, spell      string
}

func (p *plans) tasks(f store.TaskFilter) error {
	// The next page too: its key is a condition of its own.
	page, err := p.nurse.New().ListTasks(ctx, f, store.Paging{Limit: 1})
	if err == nil && page.Next != "" {
		_, err = p.nurse.New().ListTasks(ctx, f, store.Paging{Limit: 1, Cursor: page.Next})
	}
	return err
}

// clientLevel are the tables that grow with the number of clients.
var clientLevel = []string{
	"clients", "persons", "consents", "referrals", "episodes", "anchors", "tasks", "task_dues", "entries", "overdoses", "naloxone_kits",
	"dose_orders", "dose_events", "dose_transfers", "double_dosing", "custody_spells", "custody_transfers", "release_cases", "notices", "deliveries",
	"disclosures", "break_glass", "functional_notes", "changes", "audit_events", "ews_reports",
}

// A full scan of a table about clients costs more with each client, whatever is asked.
func TestLookups_ScanNoTableOfClients(t *testing.T) {
	each(t, func(t *testing.T, c *storetest.Country) {
		p := &plans{Country: c, t: t, nurse: c.As(models.RoleNurse, c.Clinic)}
		p.handle = p.nurse.Register(1)
		p.consent = p.nurse.Give(p.handle, models.PurposeReferral, c.Polyclinic).ID
		p.referral = p.nurse.Refer(p.handle, storetest.Asking(c.Polyclinic)).ID
		p.episode = p.nurse.Start(p.handle).ID
		for range 3 {
			at := c.Now().Add(time.Hour)
			task, _, err := p.nurse.New().CreateTask(ctx, p.handle, models.NewTask{Kind: "call", DueAt: &at, Assignee: p.nurse.Actor.UserID})
			must(t, err)
			p.task = task.ID
		}
		p.settle(t)
		c.Crowd(t, 2000)
		p.crowd(t, 2000)
		for _, l := range slices.Concat(lookups, moreLookups) {
			sent, err := c.Queries(func() error { return l.run(p) })
			if err != nil {
				t.Fatalf("%s: %v", l.name, err)
			}
			if len(sent) == 0 {
				t.Fatalf("%s sent no query", l.name)
			}
			scanned := false
			for _, q := range sent {
				if full := fullScans(t, c.World, q); len(full) > 0 {
					scanned = true
					if slices.Contains(knownScans[c.Engine], l.name) {
						continue
					}
					t.Errorf("%s reads all of %v:\n%s", l.name, full, q.SQL)
				}
			}
			// PostgreSQL chooses by what it guesses of the tables; SQLite always alike.
			if c.Engine == "sqlite" && !scanned && slices.Contains(knownScans[c.Engine], l.name) {
				t.Errorf("%s is known to read all of a table and does not; take it off the list", l.name)
			}
		}
		sent, err := c.Queries(func() error { _, err := p.nurse.New().GetTask(ctx, p.task); return err })
		must(t, err)
		whole := store.Query{SQL: "SELECT * FROM tasks WHERE branch = 'x'"} // the check must be able to fail
		if len(fullScans(t, c.World, whole)) != 1 || len(fullScans(t, c.World, sent[0])) != 0 {
			t.Error("the check does not see a full scan, or sees one that is none")
		}
	})
}

// fullScans lists the tables of clients that a query would read from end to end.
func fullScans(t *testing.T, w *storetest.World, q store.Query) (full []string) {
	t.Helper()
	db, _, err := w.Pool()
	must(t, err)
	tx, err := db.BeginTx(ctx, nil)
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	if w.Engine == "postgres" {
		return postgresScans(ctx, t, tx, q)
	}
	rows, err := tx.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q.SQL, q.Vars...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		if rest, ok := strings.CutPrefix(detail, "SCAN "); ok {
			name, _, _ := strings.Cut(rest, " ")
			if table, ok := tableOf(q.SQL, name); ok {
				full = append(full, table)
			}
		}
	}
	must(t, rows.Err())
	return full
}

// node is a node of PostgreSQL's plan.
type node struct {
	Type  string `json:"Node Type"`
	Table string `json:"Relation Name"`
	Cond  string `json:"Index Cond"`
	Plans []node `json:"Plans"`
}

// postgresScans makes a scan of a whole table the last resort, and takes walking a whole
// index for one.
func postgresScans(ctx context.Context, t *testing.T, tx *sql.Tx, q store.Query) (full []string) {
	t.Helper()
	_, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off")
	must(t, err)
	var text []byte
	must(t, tx.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+q.SQL, q.Vars...).Scan(&text))
	var plan []struct{ Plan node }
	must(t, json.Unmarshal(text, &plan))
	var walk func(n node)
	walk = func(n node) {
		whole := n.Type == "Seq Scan" || strings.HasPrefix(n.Type, "Index") && n.Cond == ""
		for _, table := range clientLevel {
			if whole && n.Table == table {
				full = append(full, fmt.Sprintf("%s (%s)", table, n.Type))
			}
		}
		for _, child := range n.Plans {
			walk(child)
		}
	}
	walk(plan[0].Plan)
	return full
}

// tableOf finds the table that a plan calls by its name or alias.
func tableOf(query, name string) (string, bool) {
	plain := strings.NewReplacer("`", "", `"`, "").Replace(query)
	for _, table := range clientLevel {
		if name == table || strings.Contains(plain, " "+table+" "+name+" ") {
			return table, true
		}
	}
	return "", false
}
