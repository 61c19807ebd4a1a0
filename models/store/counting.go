package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// Counting reads one statement, and so one snapshot: a row for each record that an
// indicator looks at, in the order of the persons that statistics know. A row is the
// person's key, the record key, what it is, and its fields in one text between bars: no
// code, date, id or number holds a bar, and JSON comes last. format writes NULL as nothing.
// The service holds one person and a few thousand rows; sorting is the engine's, on disk where
// it must be.
//
// The first row is no person's: it says which counted records that snapshot has (factsSQL).
//
// The doses of an order are one row: making a text of them is cheaper for the engine than
// sorting them, and for the service than reading a row each.

// countedPart is one kind of row: its fields are SQL over the alias ck of a client.
type countedPart struct {
	what   string
	fields []string
	from   string
}

// flag writes a condition as 1 or 0.
func flag(condition string) string { return "CASE WHEN " + condition + " THEN '1' ELSE '0' END" }

// countingParts lists the rows. epoch and json are how the engine writes the seconds of a
// TIMESTAMP and a text in JSON; either may be NULL.
func countingParts(epoch func(string) string, json func(column, key string) string, dayBefore, dayAfter func(string) string) []countedPart {
	site := " JOIN organisations o ON o.id = "
	entry := func(kind string) string {
		return "entries x ON x.client_id = ck.client_id AND x.kind = '" + kind + "' AND x.current AND x.correction <> '" + models.EnteredInError + "'" + site + "x.organisation_id"
	}
	offers := flag(`o.services LIKE '%"nsp"%'`)
	days := "CASE od.schedule WHEN 'alternate_day' THEN 1 WHEN 'weekly_depot' THEN 6 WHEN 'monthly_depot' THEN 27 ELSE 0 END"
	return []countedPart{
		{"E", []string{"e.id", "e.client_id", "e.organisation_id", "o.region", "o.kind", "e.sex", "e.age_at_start", "e.centre_type", "e.primary_drug",
			flag("e.structured"), "e.start_date", epoch("e.created_at"), "e.end_date", "e.end_reason", epoch("e.closed_at"), "e.last_contact", "e.legal_basis",
			"e.previous_treatment", "e.referral_source", "e.route", "e.injecting"},
			"episodes e ON e.client_id = ck.client_id" + site + "e.organisation_id"},
		{"A", []string{"x.episode_id", "x.on_date", "x.data"}, entry(string(models.EntryAssessment))},
		{"X", []string{"'" + models.RowContact + "'", "x.client_id", "x.code", "x.result", "x.quantity", "o.region", "o.kind", json("x.data", "setting"), "ck.sex",
			offers, "x.on_date", epoch("x.created_at"), "''", "''"}, entry(string(models.EntryContact)) + " AND x.result <> 'missed'"},
		{"X", []string{"'" + models.RowTest + "'", "x.client_id", "x.code", "x.result", "x.quantity", "o.region", "o.kind", "''", "ck.sex",
			offers, "x.on_date", epoch("x.created_at"), json("x.data", "returnedOn"), json("x.data", "linkedOn")}, entry(string(models.EntryTest))},
		{"X", []string{"'" + models.RowNaloxone + "'", "x.client_id", "''", "''", "1", "o.region", "o.kind", "''", "ck.sex", offers, "x.given_on", "''", "''", "''"},
			"naloxone_kits x ON x.client_id = ck.client_id AND x.client_id <> '' AND x.given_on <> ''" + site + "x.organisation_id"},
		{"X", []string{"'" + models.RowOverdose + "'", "x.client_id", "''", "x.outcome", "1", "o.region", "o.kind", "''", "ck.sex", offers, epoch("x.at"),
			epoch("x.created_at"), "''", "''"}, "overdoses x ON x.client_id = ck.client_id AND x.client_id <> ''" + site + "x.organisation_id"},
		{"K", []string{"x.client_id", "x.on_date", epoch("x.created_at"), "o.region"},
			"episode_contacts x ON x.client_id = ck.client_id JOIN episodes e ON e.id = x.episode_id" + site + "e.organisation_id"},
		{"R", []string{"o.region", "o.kind", "t.kind", "r.reason", epoch("r.sent_at"), "r.attended_on", "r.state", epoch("r.settled_at")},
			"referrals r ON r.from_client_id = ck.client_id" + site + "r.from_organisation_id JOIN organisations t ON t.id = r.to_organisation_id"},
		{"I", []string{"o.region", "r.to_organisation_id", epoch("r.sent_at"), "r.attended_on", "r.state", epoch("r.settled_at")},
			"referrals r ON r.to_client_id = ck.client_id AND r.to_client_id <> ''" + site + "r.from_organisation_id"},
		{"P", []string{"o.region", "ck.sex", epoch("s.admitted_at"), epoch("s.created_at"), epoch("s.ended_at"), epoch("s.end_recorded_at"), "s.exit_reason",
			"s.exit_region", "s.naloxone_on_release"},
			"custody_spells s ON s.client_id = ck.client_id AND s.admitted_at IS NOT NULL" + site + "s.institution_id"},
		{"G", []string{"d.on_date", epoch("d.created_at"), "w.region"},
			"custody_spells s ON s.client_id = ck.client_id AND s.admitted_at IS NOT NULL AND s.exit_reason = 'released'" +
				" JOIN client_key dk ON dk.link = ck.link JOIN taken d ON d.client_id = dk.client_id AND d.on_date BETWEEN " + dayBefore("s.ended_at") + " AND " + dayAfter("s.ended_at") +
				" JOIN organisations w ON w.id = d.organisation_id AND w.kind <> 'prison_health'"},
		{"Q", []string{"od.id", "o.region", "o.kind", "ck.sex", "od.medicine", "od.schedule", "od.from_date", epoch("od.ended_at")},
			"dose_orders od ON od.client_id = ck.client_id" + site + "od.organisation_id"},
		{"V", []string{"v.order_id", "v.version", "v.phase", "v.dose_ug", epoch("v.at")},
			"dose_orders od ON od.client_id = ck.client_id JOIN dose_order_versions v ON v.order_id = od.id"},
		{"D", []string{"od.id", days, "d.doses"}, "dose_orders od ON od.client_id = ck.client_id JOIN order_doses d ON d.order_id = od.id"},
	}
}

// clientKeySQL gives every person the key under which statistics count them once: the
// linkage id across sectors or within a sector where the client allowed that linkage, the
// confirmed person otherwise. Links of low quality are never used. taken are the doses that
// stand: not corrected, and not vomited later that day. Corrections are joined and not left
// to NOT IN, with which PostgreSQL reads all of them for every dose where it takes them for
// too many to hash.
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
  SELECT c.id AS client_id, c.sex, pk.link, p.sdc_key
  FROM person_key pk JOIN persons p ON p.id = pk.person_id JOIN clients c ON c.person_id = p.id),
vomited AS MATERIALIZED (
  SELECT d.order_id, d.on_date, MAX(d.at) AS at FROM dose_events d LEFT JOIN dose_events c ON c.corrects = d.id AND c.corrects <> ''
  WHERE d.status = 'vomited' AND c.corrects IS NULL GROUP BY d.order_id, d.on_date),
taken AS NOT MATERIALIZED (
  SELECT d.* FROM dose_events d LEFT JOIN dose_events c ON c.corrects = d.id AND c.corrects <> ''
  LEFT JOIN vomited v ON v.order_id = d.order_id AND v.on_date = d.on_date
  WHERE d.status = 'given' AND (v.at IS NULL OR v.at < d.at) AND c.corrects IS NULL),
order_doses AS MATERIALIZED (
  SELECT d.order_id, string_agg(format('%%s,%%s,%%s', d.on_date, %s, d.take_home_days), ';') AS doses FROM taken d GROUP BY d.order_id)
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
	epoch := func(column string) string { return "strftime('%s', " + column + ")" }
	day := func(shift string) func(string) string {
		return func(column string) string { return "date(" + column + ", '" + shift + "')" }
	}
	before, after := day("-1 day"), day("+3 day")
	order := "+link, +sdc_key" // with the plus all rows are sorted once, without it each part and then all of them are merged
	if s.dialect == "postgres" {
		epoch = func(column string) string { return "floor(extract(epoch FROM " + column + "))::bigint" }
		shift := func(by string) func(string) string {
			return func(column string) string { return "to_char(" + column + " " + by + ", 'YYYY-MM-DD')" }
		}
		before, after = shift("- interval '1 day'"), shift("+ interval '3 day'")
		order = `link COLLATE "C", sdc_key` // any order of persons will do, and this one compares bytes
	}
	var selects []string
	for _, p := range countingParts(epoch, s.jsonField, before, after) {
		layout := strings.TrimSuffix(strings.Repeat("%s|", len(p.fields)), "|")
		selects = append(selects, fmt.Sprintf("SELECT ck.link, ck.sdc_key, '%s' AS what, format('%s', %s) AS fields FROM client_key ck JOIN %s",
			p.what, layout, strings.Join(p.fields, ", "), p.from))
	}
	return fmt.Sprintf(clientKeySQL, s.linkTable(), epoch("d.created_at")) +
		"SELECT link, sdc_key, what, fields FROM (SELECT '' AS link, 0 AS sdc_key, '" + factsRow + "' AS what, (" + factsSQL + ") AS fields\nUNION ALL\n" +
		strings.Join(selects, "\nUNION ALL\n") + ") AS counted ORDER BY " + order
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
	link, what, fields string
	key                int64
}

// countRows reads in one goroutine and counts in this one: each costs about half.
func (s *Store) countRows(db *gorm.DB, sealing models.Sealing) (facts string, err error) {
	today := models.DateOf(s.now(), s.opt.Zone)
	rows, err := db.Raw(s.countingSQL(), false, today, today).Rows()
	if err != nil {
		return "", err
	}
	defer rows.Close()
	batches, stop, done := make(chan []countedRow, 4), make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(batches)
		done <- readCounted(rows, batches, stop)
	}()
	facts, err = s.countBatches(batches, sealing)
	close(stop)
	return facts, errors.Join(err, <-done, rows.Err())
}

// readCounted sends the rows in batches until it is told to stop.
func readCounted(rows *sql.Rows, batches chan<- []countedRow, stop <-chan struct{}) error {
	const size = 1024
	batch := make([]countedRow, 0, size)
	for rows.Next() {
		var r countedRow
		if err := rows.Scan(&r.link, &r.key, &r.what, &r.fields); err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) == size {
			select {
			case batches <- batch:
			case <-stop:
				return nil
			}
			batch = make([]countedRow, 0, size)
		}
	}
	select {
	case batches <- batch:
	case <-stop:
	}
	return nil
}

// countBatches gathers the rows of each person, which come together. A reading that fails
// ends the batches early; what was gathered by then is not sealed, because countRows fails.
func (s *Store) countBatches(batches <-chan []countedRow, sealing models.Sealing) (facts string, err error) {
	person := newCounted(s.opt.Country)
	group := ""
	flush := func() error {
		if group == "" {
			return nil
		}
		return sealing.AddClient(person.rows())
	}
	for batch := range batches {
		for i := range batch {
			r := &batch[i]
			if r.what == factsRow {
				facts = r.fields
				continue
			}
			if r.link != group {
				if err := flush(); err != nil {
					return "", err
				}
				group = r.link
				person.begin(r.key, scopeOfLink(r.link))
			}
			if err := person.add(r.what, r.fields); err != nil {
				return "", err
			}
		}
	}
	return facts, flush()
}

// scopeOfLink tells from its first letter what a person's key rests on.
func scopeOfLink(link string) models.Scope {
	switch link[0] {
	case 'L':
		return models.ScopeNational
	case 'F':
		return models.ScopeSector
	}
	return models.ScopeFacility
}
