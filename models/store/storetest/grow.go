package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Grow copies the first row of a table n times, with some columns set by SQL in which i
// counts from 1: enough to make a table large, and no use case.
func (w *World) Grow(t testing.TB, table string, n int, set map[string]string) {
	t.Helper()
	db, _, err := w.Pool()
	if err != nil {
		t.Fatal(err)
	}
	columns, err := columnsOf(db, table)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]string, len(columns))
	for i, c := range columns {
		columns[i] = `"` + c + `"`
		values[i] = `o."` + c + `"`
		if expression, ok := set[c]; ok {
			values[i] = expression
			delete(set, c)
		}
	}
	if len(set) > 0 {
		t.Fatalf("%s has no columns %v", table, set)
	}
	statement := fmt.Sprintf("INSERT INTO %s (%s) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %s FROM n, (SELECT * FROM %s ORDER BY id LIMIT 1) o",
		table, strings.Join(columns, ", "), n, strings.Join(values, ", "), table)
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("grow %s: %v", table, err)
	}
}

func columnsOf(db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(context.Background(), "SELECT * FROM "+table+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	return columns, errors.Join(err, rows.Err())
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

// Crowd gives an organisation n more clients, each with an open episode and a consent,
// one in ten with a referral in or out, and ten tasks each, spread over three weeks. It
// copies what is there: one client with one of each.
func (c *Country) Crowd(t testing.TB, n int) {
	t.Helper()
	c.Grow(t, "persons", n, map[string]string{"id": "'p' || i"})
	c.Grow(t, "clients", n, map[string]string{"id": "'c' || i", "person_id": "'p' || i", "local_no": "i + 1000"})
	c.Grow(t, "consents", n, map[string]string{"id": "'k' || i", "client_id": "'c' || i"})
	c.Grow(t, "episodes", n, map[string]string{"id": "'e' || i", "client_id": "'c' || i"})
	c.Grow(t, "anchors", n, map[string]string{"id": "'a' || i", "client_id": "'c' || i", "episode_id": "'e' || i"})
	one, other := "'"+string(c.Clinic.ID)+"'", "'"+string(c.Polyclinic.ID)+"'"
	c.Grow(t, "referrals", n, map[string]string{
		"id": "'r' || i", "from_client_id": "'c' || i", "to_client_id": "''", "consent_id": "'k' || i", "state": "'sent'",
		"from_organisation_id": "CASE i % 10 WHEN 0 THEN " + one + " WHEN 1 THEN " + other + " ELSE '" + string(c.NGO.ID) + "' END",
		"to_organisation_id":   "CASE i % 10 WHEN 1 THEN " + one + " ELSE " + other + " END",
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
