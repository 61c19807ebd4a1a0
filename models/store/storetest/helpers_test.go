package storetest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"jol/models"
	"jol/policies"
)

var ctx = context.Background()

// policy is the one that runs in production.
var policy = sync.OnceValue(func() *policies.Policies {
	p, err := policies.New()
	if err != nil {
		panic(err)
	}
	return p
})

func grantsOf(role models.Role) models.Grants { return policy().Grants(role) }

// each runs a case on both engines in a settled country with the real policy.
func each(t *testing.T, run func(t *testing.T, c *Country)) {
	t.Helper()
	Each(t, func(t *testing.T, w *World) { run(t, w.Settle(t, grantsOf)) })
}

// wantError checks the kind and the code of an error.
func wantError(t testing.TB, err error, kind models.Kind, code string) {
	t.Helper()
	var e *models.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want %s", err, code)
	}
	if e.Kind != kind || e.Code != code {
		t.Fatalf("error is %s (kind %d), want %s (kind %d)", e.Code, e.Kind, code, kind)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sqlDB is the database itself, for looking behind the store.
func (w *World) sqlDB(t testing.TB) *sql.DB {
	t.Helper()
	db, _, err := w.Pool()
	must(t, err)
	return db
}

// bound writes placeholders as the engine has them.
func (w *World) bound(query string) string {
	if w.Engine == "postgres" {
		for i := 1; strings.Contains(query, "?"); i++ {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", i), 1)
		}
	}
	return query
}

// scan asks for one value behind the store's back.
func scan[T any](t testing.TB, w *World, query string, args ...any) (v T) {
	t.Helper()
	must(t, w.sqlDB(t).QueryRowContext(ctx, w.bound(query), args...).Scan(&v))
	return v
}

// exec changes something behind the store's back.
func (w *World) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	_, err := w.sqlDB(t).ExecContext(ctx, w.bound(statement), args...)
	must(t, err)
}

// count is scan for numbers of rows.
func count(t testing.TB, w *World, query string, args ...any) int {
	t.Helper()
	return scan[int](t, w, "SELECT count(*) FROM "+query, args...)
}

// linkTable is where the engine keeps linkage.
func (w *World) linkTable() string {
	if w.Engine == "postgres" {
		return "linkage.entries"
	}
	return "linkage_entries"
}

// tables lists every table of the service.
func (w *World) tables(t testing.TB) []string {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if w.Engine == "postgres" {
		query = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('public', 'linkage')"
	}
	rows, err := w.sqlDB(t).QueryContext(ctx, query)
	must(t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		names = append(names, name)
	}
	must(t, rows.Err())
	if len(names) < 15 {
		t.Fatalf("only %d tables found", len(names))
	}
	return names
}

// cell is one value of a dump, and where it was found.
type cell struct{ table, column, text string }

// dump reads every cell of every table.
func (w *World) dump(t testing.TB, only ...string) []cell {
	t.Helper()
	if len(only) == 0 {
		only = w.tables(t)
	}
	var cells []cell
	for _, table := range only {
		rows, err := w.sqlDB(t).QueryContext(ctx, "SELECT * FROM "+table)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			must(t, rows.Scan(values...))
			for i, v := range values {
				cells = append(cells, cell{table, columns[i], fmt.Sprint(*v.(*any))})
			}
		}
		must(t, rows.Err())
		rows.Close()
	}
	return cells
}

// auditEvent is one event as it is stored.
type auditEvent struct {
	Seq     int64
	Actor   string
	Action  string
	Outcome string
	Objects []string
}

// events reads the trail after a sequence number.
func (w *World) events(t testing.TB, after int64) []auditEvent {
	t.Helper()
	rows, err := w.sqlDB(t).QueryContext(ctx, fmt.Sprintf("SELECT seq, actor_id, action, outcome, objects FROM audit_events WHERE seq > %d ORDER BY seq", after))
	must(t, err)
	defer rows.Close()
	var out []auditEvent
	for rows.Next() {
		var e auditEvent
		var objects string
		must(t, rows.Scan(&e.Seq, &e.Actor, &e.Action, &e.Outcome, &objects))
		must(t, json.Unmarshal([]byte(objects), &e.Objects))
		out = append(out, e)
	}
	must(t, rows.Err())
	return out
}

// lastSeq is the sequence number of the newest event.
func (w *World) lastSeq(t testing.TB) int64 {
	t.Helper()
	return scan[int64](t, w, "SELECT COALESCE(max(seq), 0) FROM audit_events")
}

// together runs n functions at once, released by one signal.
func together(n int, run func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			run(i)
		})
	}
	close(start)
	wg.Wait()
}
