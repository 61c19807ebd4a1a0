package store_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"jol/models/store"
	"jol/models/store/storetest"
)

// meter counts what a query costs without a clock: on PostgreSQL the rows and index entries
// that its plan touched, on SQLite the steps of its machine.
type meter func(q store.Query) int

func newMeter(t *testing.T, w *storetest.World) meter {
	if w.Engine == "postgres" {
		return func(q store.Query) int { return rowsTouched(t, w, q) }
	}
	return machineSteps(t, strings.TrimPrefix(w.URL, "sqlite:"))
}

// node is a node of PostgreSQL's plan as it ran.
type node struct {
	Index    string  `json:"Index Name"`
	Table    string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Filtered float64 `json:"Rows Removed by Filter"`
	Checked  float64 `json:"Rows Removed by Index Recheck"`
	Plans    []node  `json:"Plans"`
}

func (n *node) touched() (all float64) {
	if n.Index != "" || n.Table != "" {
		all = (n.Rows + n.Filtered + n.Checked) * n.Loops
	}
	for i := range n.Plans {
		all += n.Plans[i].touched()
	}
	return all
}

// rowsTouched makes the scan of a whole table the last resort: small tables would be read
// so, and nothing learned of large ones. A page at random costs what docs/runbook/deploy.md sets.
func rowsTouched(t *testing.T, w *storetest.World, q store.Query) int {
	t.Helper()
	db, _, err := w.Pool()
	must(t, err)
	tx, err := db.BeginTx(ctx, nil)
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	for _, setting := range []string{"enable_seqscan = off", "random_page_cost = 1.1"} {
		_, err = tx.ExecContext(ctx, "SET LOCAL "+setting)
		must(t, err)
	}
	var text []byte
	must(t, tx.QueryRowContext(ctx, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) "+q.SQL, q.Vars...).Scan(&text))
	var plan []struct{ Plan node }
	must(t, json.Unmarshal(text, &plan))
	return int(plan[0].Plan.touched())
}

// planOf is the plan in words, for whoever must mend it.
func planOf(t *testing.T, w *storetest.World, q store.Query) string {
	t.Helper()
	db, _, err := w.Pool()
	must(t, err)
	explain, columns := "EXPLAIN QUERY PLAN ", []any{new(int), new(int), new(int), new(string)}
	if w.Engine == "postgres" {
		explain, columns = "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF) ", []any{new(string)}
	}
	rows, err := db.QueryContext(ctx, explain+q.SQL, q.Vars...)
	must(t, err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		must(t, rows.Scan(columns...))
		lines = append(lines, *columns[len(columns)-1].(*string))
	}
	must(t, rows.Err())
	return q.SQL + "\n" + strings.Join(lines, "\n")
}

// machineSteps asks SQLite itself, which database/sql cannot: the file is opened once more,
// below the driver.
func machineSteps(t *testing.T, path string) meter {
	t.Helper()
	tls := libc.NewTLS()
	t.Cleanup(tls.Close)
	text := func(s string) uintptr {
		p, err := libc.CString(s)
		must(t, err)
		return p
	}
	handle := func() uintptr { return text("12345678") } // room for a pointer
	at := func(p uintptr) uintptr { return **(**uintptr)(unsafe.Pointer(&p)) }
	done := func(rc int32, what string) {
		if rc != sqlite3.SQLITE_OK && rc != sqlite3.SQLITE_DONE {
			t.Fatalf("sqlite: %s: code %d", what, rc)
		}
	}
	file := handle()
	done(sqlite3.Xsqlite3_open_v2(tls, text(path), file, sqlite3.SQLITE_OPEN_READWRITE, 0), "open")
	t.Cleanup(func() { sqlite3.Xsqlite3_close_v2(tls, at(file)) })
	return func(q store.Query) int {
		out := handle()
		done(sqlite3.Xsqlite3_prepare_v2(tls, at(file), text(q.SQL), -1, out, 0), "prepare")
		stmt := at(out)
		for i, v := range q.Vars {
			switch v := reflect.ValueOf(v); {
			case v.CanInt():
				done(sqlite3.Xsqlite3_bind_int64(tls, stmt, int32(i+1), v.Int()), "bind")
			case v.Kind() == reflect.Bool:
				n := int64(0)
				if v.Bool() {
					n = 1
				}
				done(sqlite3.Xsqlite3_bind_int64(tls, stmt, int32(i+1), n), "bind")
			default:
				s := fmt.Sprint(v.Interface())
				if at, ok := v.Interface().(time.Time); ok {
					s = at.Format("2006-01-02 15:04:05.999999999-07:00") // _time_format=sqlite
				}
				done(sqlite3.Xsqlite3_bind_text(tls, stmt, int32(i+1), text(s), int32(len(s)), 0), "bind")
			}
		}
		rc := int32(sqlite3.SQLITE_ROW)
		for rc == sqlite3.SQLITE_ROW {
			rc = sqlite3.Xsqlite3_step(tls, stmt)
		}
		done(rc, "step")
		steps := sqlite3.Xsqlite3_stmt_status(tls, stmt, sqlite3.SQLITE_STMTSTATUS_VM_STEP, 0)
		done(sqlite3.Xsqlite3_finalize(tls, stmt), "finalize")
		return int(steps)
	}
}
