package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Grow copies the first row of a table n times, with some columns set by SQL in which i
// counts from 1: enough to make a table large, and no use case.
func (w *World) Grow(t testing.TB, table string, n int, set map[string]string) {
	t.Helper()
	w.fill(t, table, n, set, "SELECT * FROM "+table+" ORDER BY id LIMIT 1", func(c *sql.ColumnType) string { return `o."` + c.Name() + `"` })
}

// Fill writes n rows that say nothing but what is set, as Grow sets it: texts are empty,
// numbers 0, times unknown. It needs no row to copy.
func (w *World) Fill(t testing.TB, table string, n int, set map[string]string) {
	t.Helper()
	w.fill(t, table, n, set, "SELECT 1", func(c *sql.ColumnType) string {
		switch c.DatabaseTypeName() {
		case "TEXT":
			return "''"
		case "TIMESTAMP":
			return "NULL"
		case "BOOL", "BOOLEAN":
			return "FALSE"
		}
		return "0"
	})
}

func (w *World) fill(t testing.TB, table string, n int, set map[string]string, from string, unset func(*sql.ColumnType) string) {
	t.Helper()
	db, _, err := w.Pool()
	if err != nil {
		t.Fatal(err)
	}
	types, err := columnsOf(db, table)
	if err != nil {
		t.Fatal(err)
	}
	var columns, values []string
	for _, c := range types {
		value, ok := set[c.Name()]
		switch {
		case !ok && c.Name() == "seq": // the engine counts
			continue
		case !ok:
			value = unset(c)
		}
		delete(set, c.Name())
		columns, values = append(columns, `"`+c.Name()+`"`), append(values, value)
	}
	if len(set) > 0 {
		t.Fatalf("%s has no columns %v", table, set)
	}
	statement := fmt.Sprintf("INSERT INTO %s (%s) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %s FROM n, (%s) o",
		table, strings.Join(columns, ", "), n, strings.Join(values, ", "), from)
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("fill %s: %v", table, err)
	}
}

func columnsOf(db *sql.DB, table string) ([]*sql.ColumnType, error) {
	rows, err := db.QueryContext(context.Background(), "SELECT * FROM "+table+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	return columns, errors.Join(err, rows.Err())
}

// SQLTime is a time as the engine's SQL has it.
func (w *World) SQLTime(at time.Time) string {
	stamp := "'" + at.UTC().Format("2006-01-02 15:04:05.999") + "+00:00'" // as the driver writes it
	if w.Engine == "postgres" {
		return "timestamp " + stamp
	}
	return stamp
}

// Analyse gives the engine's planner what it knows of tables in production.
func (w *World) Analyse(t testing.TB) {
	t.Helper()
	db, _, err := w.Pool()
	if err == nil {
		_, err = db.ExecContext(context.Background(), "ANALYZE")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Crowd gives an organisation n more clients, each with an open episode, a consent and a
// referral, one in ten of these out and one in ten in, and ten tasks each, spread over three
// weeks. It copies what is there: one client with one of each. The organisation's referrals
// are the oldest of all, so that who walks down the table meets everybody else's first.
func (c *Country) Crowd(t testing.TB, n int) {
	t.Helper()
	c.Grow(t, "persons", n, map[string]string{"id": "'p' || i"})
	c.Grow(t, "clients", n, map[string]string{"id": "'c' || i", "person_id": "'p' || i", "local_no": "i + 1000"})
	c.Grow(t, "consents", n, map[string]string{"id": "'k' || i", "client_id": "'c' || i"})
	c.Grow(t, "episodes", n, map[string]string{"id": "'e' || i", "client_id": "'c' || i"})
	c.Grow(t, "anchors", n, map[string]string{"id": "'a' || i", "client_id": "'c' || i", "episode_id": "'e' || i"})
	one, other := "'"+string(c.Clinic.ID)+"'", "'"+string(c.Polyclinic.ID)+"'"
	c.Grow(t, "referrals", n, map[string]string{
		"id": "'r' || (1000000 + i)", "from_client_id": "'c' || i", "to_client_id": "CASE i % 2 WHEN 0 THEN '' ELSE 'd' || i END", "consent_id": "'k' || i",
		"state":                fmt.Sprintf("CASE WHEN i %% %d < 4 THEN 'sent' ELSE 'declined' END", n/10),
		"from_organisation_id": fmt.Sprintf("CASE WHEN i <= %d THEN %s WHEN i <= %d THEN %s ELSE '%s' END", n/10, one, n/5, other, c.NGO.ID),
		"to_organisation_id":   fmt.Sprintf("CASE WHEN i > %d AND i <= %d THEN %s ELSE %s END", n/10, n/5, one, other),
	})
	due := "datetime('2026-09-28', '+' || (i * 7 % 30240) || ' minutes') || '+00:00'"
	if c.Engine == "postgres" {
		due = "timestamp '2026-09-28' + (i * 7 % 30240) * interval '1 minute'"
	}
	c.Grow(t, "tasks", 10*n, map[string]string{
		"id": "'t' || i", "client_id": "'c' || (i % " + fmt.Sprint(n) + " + 1)", "episode_id": "'e' || (i % " + fmt.Sprint(n) + " + 1)", "due_at": due,
		"kind": "''", "step": "'step-' || (i % 40)", "assignee_id": "'user ' || (i % 20)", "state": "CASE WHEN i % 10 = 0 THEN 'done' ELSE 'open' END",
		"roles": "CASE WHEN i % 3 = 0 THEN '[\"nurse\"]' ELSE '[\"narcologist\",\"social_worker\"]' END",
	})
	c.Analyse(t)
}
