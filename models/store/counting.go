package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"jol/models"
)

// Counting reads one statement, and so one snapshot: a row for each record that an
// indicator looks at, person by person as statistics know them. A row is the number of the
// person in this statement, what their key rests on, the record key, what the row is, and its
// fields in one text between bars: no code, date, id or number holds a bar, and JSON comes
// last. concat writes NULL as nothing. The service holds a few persons and a few thousand
// rows; sorting is the engine's, on disk where it must be.
//
// The first row is no person's: it says which counted records that snapshot has (factsSQL).
//
// The doses of an order are one row: making a text of them is cheaper for the engine than
// sorting them, and for the service than reading a row each. Times come as the engines keep
// them, in UTC: the service reads them quicker than an engine converts them.

// countedPart is one kind of row: its fields are SQL over the alias ck of a client.
type countedPart struct {
	what   string
	fields []string
	from   string
}

// flag writes a condition as 1 or 0.
func flag(condition string) string { return "CASE WHEN " + condition + " THEN '1' ELSE '0' END" }

// countingParts lists the rows. json is how the engine reads a text in JSON.
func countingParts(json func(column, key string) string, dayBefore, dayAfter func(string) string) []countedPart {
	site := " JOIN organisations o ON o.id = "
	entry := func(kind string) string {
		return "entries x ON x.client_id = ck.client_id AND x.kind = '" + kind + "' AND x.current AND x.correction <> '" + models.EnteredInError + "'" + site + "x.organisation_id"
	}
	offers := flag(`o.services LIKE '%"nsp"%'`)
	days := "CASE od.schedule WHEN 'alternate_day' THEN 1 WHEN 'weekly_depot' THEN 6 WHEN 'monthly_depot' THEN 27 ELSE 0 END"
	return []countedPart{
		{"E", []string{"e.id", "e.client_id", "e.organisation_id", "o.region", "o.kind", "e.sex", "e.age_at_start", "e.centre_type", "e.primary_drug",
			flag("e.structured"), "e.start_date", "e.created_at", "e.end_date", "e.end_reason", "e.closed_at", "e.last_contact", "e.legal_basis",
			"e.previous_treatment", "e.referral_source", "e.route", "e.injecting"},
			"episodes e ON e.client_id = ck.client_id" + site + "e.organisation_id"},
		{"A", []string{"x.episode_id", "x.on_date", "x.data"}, entry(string(models.EntryAssessment))},
		{"X", []string{"'" + models.RowContact + "'", "x.client_id", "x.code", "x.result", "x.quantity", "o.region", "o.kind", json("x.data", "setting"), "ck.sex",
			offers, "x.on_date", "x.created_at", "''", "''"}, entry(string(models.EntryContact)) + " AND x.result <> 'missed'"},
		{"X", []string{"'" + models.RowTest + "'", "x.client_id", "x.code", "x.result", "x.quantity", "o.region", "o.kind", "''", "ck.sex",
			offers, "x.on_date", "x.created_at", json("x.data", "returnedOn"), json("x.data", "linkedOn")}, entry(string(models.EntryTest))},
		{"X", []string{"'" + models.RowNaloxone + "'", "x.client_id", "''", "''", "1", "o.region", "o.kind", "''", "ck.sex", offers, "x.given_on", "''", "''", "''"},
			"naloxone_kits x ON x.client_id = ck.client_id AND x.client_id <> '' AND x.given_on <> ''" + site + "x.organisation_id"},
		{"X", []string{"'" + models.RowOverdose + "'", "x.client_id", "''", "x.outcome", "1", "o.region", "o.kind", "''", "ck.sex", offers, "x.at",
			"x.created_at", "''", "''"}, "overdoses x ON x.client_id = ck.client_id AND x.client_id <> ''" + site + "x.organisation_id"},
		{"K", []string{"x.client_id", "x.on_date", "x.created_at", "o.region"},
			"episode_contacts x ON x.client_id = ck.client_id JOIN episodes e ON e.id = x.episode_id" + site + "e.organisation_id"},
		{"R", []string{"o.region", "o.kind", "t.kind", "r.reason", "r.sent_at", "r.attended_on", "r.state", "r.settled_at"},
			"referrals r ON r.from_client_id = ck.client_id" + site + "r.from_organisation_id JOIN organisations t ON t.id = r.to_organisation_id"},
		{"I", []string{"o.region", "r.to_organisation_id", "r.sent_at", "r.attended_on", "r.state", "r.settled_at"},
			"referrals r ON r.to_client_id = ck.client_id AND r.to_client_id <> ''" + site + "r.from_organisation_id"},
		{"P", []string{"o.region", "ck.sex", "s.admitted_at", "s.created_at", "s.ended_at", "s.end_recorded_at", "s.exit_reason",
			"s.exit_region", "s.naloxone_on_release"},
			"custody_spells s ON s.client_id = ck.client_id AND s.admitted_at IS NOT NULL" + site + "s.institution_id"},
		{"G", []string{"(SELECT string_agg(d.on_date || ',' || d.created_at || ',' || w.region, ';') FROM taken d JOIN organisations w ON w.id = d.organisation_id AND w.kind <> 'prison_health'" +
			" WHERE d.client_id = dk.client_id AND d.on_date BETWEEN " + dayBefore("s.ended_at") + " AND " + dayAfter("s.ended_at") + ")"},
			"custody_spells s ON s.client_id = ck.client_id AND s.admitted_at IS NOT NULL AND s.exit_reason = 'released' JOIN client_key dk ON dk.person = ck.person"},
		{"Q", []string{"od.id", "o.region", "o.kind", "ck.sex", "od.medicine", "od.schedule", "od.from_date", "od.ended_at"},
			"dose_orders od ON od.client_id = ck.client_id" + site + "od.organisation_id"},
		{"V", []string{"v.order_id", "v.version", "v.phase", "v.dose_ug", "v.at"},
			"dose_orders od ON od.client_id = ck.client_id JOIN dose_order_versions v ON v.order_id = od.id"},
		{"D", []string{"od.id", days, "d.doses"}, "dose_orders od ON od.client_id = ck.client_id JOIN order_doses d ON d.order_id = od.id"},
	}
}

// clientKeySQL finds the persons that statistics count once, and numbers them: by the
// linkage id across sectors or within a sector where the client allowed that linkage, the
// confirmed person otherwise. Links of low quality are never used. taken are the doses that
// stand: not corrected, and not vomited later that day. The few corrections are gathered and
// joined: NOT IN, or a join with the table itself, is read anew for every dose where
// PostgreSQL takes them for many; of the condition said twice SQLite uses the first for its
// index, and from the second PostgreSQL learns that they are few.
const clientKeySQL = `
WITH person_key AS (
  SELECT c.person_id, COALESCE(
      MIN(CASE WHEN k.purpose = 'linkage_sector' THEN 'L' || l.link_id END),
      MIN(CASE WHEN k.purpose = 'linkage_facility' THEN 'F' || o.kind || l.link_id END),
      'P' || c.person_id) AS link
  FROM clients c
  JOIN organisations o ON o.id = c.organisation_id
  LEFT JOIN %s l ON l.client_id = c.id AND l.low_quality = ?
  LEFT JOIN consents k ON k.client_id = c.id AND k.state = 'given' AND k.from_date <= ? AND k.until_date >= ?
       AND k.purpose IN ('linkage_sector', 'linkage_facility')
  GROUP BY c.person_id),
client_key AS MATERIALIZED (
  SELECT c.id AS client_id, c.sex, SUBSTR(pk.link, 1, 1) AS scope, DENSE_RANK() OVER (ORDER BY pk.link) AS person,
    MIN(p.sdc_key) OVER (PARTITION BY pk.link) AS sdc_key
  FROM person_key pk JOIN persons p ON p.id = pk.person_id JOIN clients c ON c.person_id = p.id),
corrected AS MATERIALIZED (SELECT corrects AS id FROM dose_events WHERE corrects <> '' AND corrects > ''),
vomited AS MATERIALIZED (
  SELECT d.order_id, d.on_date, MAX(d.at) AS at FROM dose_events d LEFT JOIN corrected c ON c.id = d.id
  WHERE d.status = 'vomited' AND c.id IS NULL GROUP BY d.order_id, d.on_date),
taken AS NOT MATERIALIZED (
  SELECT d.* FROM dose_events d LEFT JOIN corrected c ON c.id = d.id LEFT JOIN vomited v ON v.order_id = d.order_id AND v.on_date = d.on_date
  WHERE d.status = 'given' AND (v.at IS NULL OR v.at < d.at) AND c.id IS NULL),
order_doses AS MATERIALIZED (
  SELECT d.order_id, string_agg(d.on_date || ',' || d.created_at || ',' || d.take_home_days, ';') AS doses FROM taken d GROUP BY d.order_id)
`

// factsRow is what the row of factsSQL is called in the counting statement.
const factsRow = "M"

// factsSQL says of a snapshot which writes of counted records it has: entries of the feeds are
// added and never changed, so two snapshots with as many of them and one sum of their numbers
// have the same. Times would not say it: a write takes its time when it begins and may commit
// after a snapshot that was taken later.
var factsSQL = "SELECT format('%s|%s', COUNT(*), COALESCE(SUM(seq), 0)) FROM changes WHERE kind IN ('" + strings.Join(countedKinds, "', '") + "')"

// countingSQL writes the statement in the engine's dialect; its arguments are false and
// the day on which consents must be in force, twice.
func (s *Store) countingSQL() string {
	day := func(shift string) func(string) string {
		return func(column string) string { return "date(" + column + ", '" + shift + "')" }
	}
	before, after := day("-1 day"), day("+3 day")
	if s.dialect == "postgres" {
		shift := func(by string) func(string) string {
			return func(column string) string { return "to_char(" + column + " " + by + ", 'YYYY-MM-DD')" }
		}
		before, after = shift("- interval '1 day'"), shift("+ interval '3 day'")
	}
	var selects []string
	for _, p := range countingParts(s.jsonField, before, after) {
		selects = append(selects, fmt.Sprintf("SELECT ck.person, ck.scope, ck.sdc_key, '%s' AS what, concat(%s) AS fields FROM client_key ck JOIN %s",
			p.what, strings.Join(p.fields, ", '|', "), p.from))
	}
	return fmt.Sprintf(clientKeySQL, s.linkTable()) +
		"SELECT person, scope, sdc_key, what, fields FROM (SELECT 0 AS person, '' AS scope, 0 AS sdc_key, '" + factsRow + "' AS what, (" + factsSQL + ") AS fields\nUNION ALL\n" +
		strings.Join(selects, "\nUNION ALL\n") + ") AS counted ORDER BY +person" // with the plus all rows are sorted once, without it SQLite sorts each part and merges all
}

// jsonField is a member of a text in JSON, empty where there is none.
func (s *Store) jsonField(column, key string) string {
	if s.dialect == "postgres" {
		return "COALESCE(" + column + "::json ->> '" + key + "', '')"
	}
	return "COALESCE(json_extract(" + column + ", '$." + key + "'), '')"
}

// count streams one snapshot, client by client, and seals it with a fresh key. It returns
// which counted records the snapshot had.
func (s *Store) count(ctx context.Context, sealing models.Sealing) (facts string, err error) {
	err = s.read.WithContext(ctx).Connection(func(db *gorm.DB) error {
		// Compiling a statement as wide as this takes seconds and saves none. All rows are read: a
		// planner that takes a part of the statement for small would join it row by row (70 s, not 2).
		if s.dialect == "postgres" {
			if err := db.Exec("SET jit = off; SET work_mem = '32MB'; SET enable_nestloop = off").Error; err != nil { // joins in memory, sorts in fewer files
				return err
			}
			defer db.WithContext(context.WithoutCancel(ctx)).Exec("RESET jit; RESET work_mem; RESET enable_nestloop")
		}
		facts, err = s.countRows(db, sealing)
		return err
	})
	if err != nil {
		return "", err
	}
	epoch := make([]byte, 32)
	rand.Read(epoch)
	defer clear(epoch)
	_, err = sealing.Seal(epoch)
	return facts, err
}

// countedRow is one row of the counting statement.
type countedRow struct {
	person, key         int64
	scope, what, fields string
}

// countRows reads, gathers the rows of each person, and counts, side by side. If any of them
// fails the others stop, and nothing is sealed.
func (s *Store) countRows(db *gorm.DB, sealing models.Sealing) (facts string, err error) {
	today := models.DateOf(s.now(), s.opt.Zone)
	rows, err := db.Raw(s.countingSQL(), false, today, today).Rows()
	if err != nil {
		return "", err
	}
	defer rows.Close()
	read, persons := make(chan []countedRow, 4), make(chan []models.ClientRows, 4)
	stages, ctx := errgroup.WithContext(db.Statement.Context)
	stages.Go(func() (err error) {
		defer close(read)
		facts, err = readCounted(ctx, rows, read)
		return err
	})
	stages.Go(func() error {
		defer close(persons)
		return gatherCounted(ctx, s.opt.Country, read, persons)
	})
	stages.Go(func() error {
		for batch := range persons {
			for _, p := range batch {
				if err := sealing.AddClient(p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	err = errors.Join(stages.Wait(), rows.Err()) // before facts is read
	return facts, err
}

// send gives a batch to the next stage, unless one has failed.
func send[T any](ctx context.Context, to chan<- []T, batch []T) error {
	select {
	case to <- batch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readCounted reads the rows of persons, and before them that of the facts. A reading that fails
// ends the rows early: countRows looks at their error.
func readCounted(ctx context.Context, rows *sql.Rows, to chan<- []countedRow) (facts string, err error) {
	const size = 256
	batch := make([]countedRow, 0, size)
	for rows.Next() {
		var r countedRow
		if err := rows.Scan(&r.person, &r.scope, &r.key, &r.what, &r.fields); err != nil {
			return "", err
		}
		if r.what == factsRow {
			facts = r.fields
			continue
		}
		if batch = append(batch, r); len(batch) == size {
			if err := send(ctx, to, batch); err != nil {
				return "", err
			}
			batch = make([]countedRow, 0, size)
		}
	}
	return facts, send(ctx, to, batch)
}

// gatherCounted puts the rows of each person together, which come one after the other.
func gatherCounted(ctx context.Context, country string, read <-chan []countedRow, to chan<- []models.ClientRows) error {
	const size = 16
	person, at := newCounted(country), int64(0) // persons are numbered from 1
	var batch []models.ClientRows
	for rows := range read {
		for i := range rows {
			r := &rows[i]
			if r.person != at {
				if at != 0 {
					batch = append(batch, person.rows())
				}
				if len(batch) == size {
					if err := send(ctx, to, batch); err != nil {
						return err
					}
					batch = nil
				}
				at = r.person
				person.begin(r.key, countedScopes[r.scope])
			}
			if err := person.add(r.what, r.fields); err != nil {
				return err
			}
		}
	}
	if at != 0 {
		batch = append(batch, person.rows())
	}
	return send(ctx, to, batch)
}

// countedScopes says what a person's key rests on, by its first letter.
var countedScopes = map[string]models.Scope{"L": models.ScopeNational, "F": models.ScopeSector, "P": models.ScopeFacility}
