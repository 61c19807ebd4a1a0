package synthetic_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store/storetest"
	"jol/models/synthetic"
)

const password = "correct horse battery"

func importInto(t *testing.T, w *storetest.World, seed uint64, clients int) *synthetic.World {
	t.Helper()
	country := generate(t, seed, clients)
	in, err := country.Import(func(models.User) string { return password })
	if err != nil {
		t.Fatal(err)
	}
	reported := 0
	err = w.Import(t.Context(), in, func(done, total int) {
		if done < reported || total != clients {
			t.Errorf("progress went from %d to %d of %d", reported, done, total)
		}
		reported = done
	})
	if err != nil || reported != clients {
		t.Fatalf("%d of %d reported: %v", reported, clients, err)
	}
	return country
}

// pool gives the database behind a store, for looking at what was written.
func pool(t *testing.T, w *storetest.World) *sql.DB {
	t.Helper()
	db, _, err := w.Pool()
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func linkTable(w *storetest.World) string {
	if w.Engine == "postgres" {
		return "linkage.entries"
	}
	return "linkage_entries"
}

func TestImport_KeepsEveryRecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		country := importInto(t, w, 1, 5500) // more than one batch
		db, links := pool(t, w), linkTable(w)
		want := map[string]int{"clients": 0, "persons": 0, "consents": 0, "episodes": 0, "referrals": 0, "organisations": len(country.Organisations), "users": len(country.Users)}
		for p := range country.Persons() {
			want["persons"]++
			want["clients"] += len(p.Clients)
			want["consents"] += len(p.Consents)
			want["episodes"] += len(p.Episodes)
			want["referrals"] += len(p.Referrals)
			want["episode_contacts"] += len(p.Contacts)
			want["anchors"] += len(p.Anchors)
			want["tasks"] += len(p.Tasks)
			want["entries"] += len(p.Entries)
			want["overdoses"] += len(p.Overdoses)
			want["naloxone_kits"] += len(p.Kits)
			want["dose_orders"] += len(p.DoseOrders)
			want["dose_order_versions"] += len(p.OrderVersions)
			want["dose_events"] += len(p.Doses)
			want["dose_transfers"] += len(p.DoseTransfers)
			want["custody_spells"] += len(p.Spells)
			want["planned_releases"] += len(p.PlannedReleases)
			want["release_cases"] += len(p.ReleaseCases)
			want["functional_notes"] += len(p.FunctionalNotes)
		}
		want[links] = want["clients"]
		for table, n := range want {
			if n == 0 {
				t.Errorf("%s: nothing to import", table)
			}
			if got := count(t, db, "SELECT count(*) FROM "+table); got != n {
				t.Errorf("%s: %d rows of %d", table, got, n)
			}
		}
	})
}

// Each query looks for rows that must not exist; foreign keys see to the rest.
func TestImport_RecordsFitTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		importInto(t, w, 2, 1500)
		db, links := pool(t, w), linkTable(w)
		for name, query := range map[string]string{
			"episode at another organisation than its client": "SELECT count(*) FROM episodes e JOIN clients c ON c.id = e.client_id WHERE c.organisation_id <> e.organisation_id",
			"consent recorded by another organisation":        "SELECT count(*) FROM consents k JOIN clients c ON c.id = k.client_id WHERE c.organisation_id <> k.organisation_id",
			"referral from another organisation's client":     "SELECT count(*) FROM referrals r JOIN clients c ON c.id = r.from_client_id WHERE c.organisation_id <> r.from_organisation_id",
			"accepted for a client that is not there":         "SELECT count(*) FROM referrals r LEFT JOIN clients c ON c.id = r.to_client_id WHERE r.to_client_id <> '' AND (c.id IS NULL OR c.organisation_id <> r.to_organisation_id)",
			"accepted for another person":                     "SELECT count(*) FROM referrals r JOIN clients t ON t.id = r.to_client_id JOIN clients f ON f.id = r.from_client_id WHERE t.person_id <> f.person_id",
			"accepted under another code":                     "SELECT count(*) FROM referrals r JOIN clients t ON t.id = r.to_client_id WHERE t.code <> r.to_code",
			"dose handed over under another code":             "SELECT count(*) FROM dose_transfers d JOIN clients f ON f.id = d.from_client_id WHERE f.organisation_id <> d.from_organisation_id OR d.other_code = '' OR d.other_code = f.code AND f.code NOT LIKE 'C1-%'",
			"record at another organisation than its client":  "SELECT count(*) FROM entries e JOIN clients c ON c.id = e.client_id WHERE c.organisation_id <> e.organisation_id",
			"order of another person":                         "SELECT count(*) FROM dose_orders o JOIN clients c ON c.id = o.client_id WHERE c.person_id <> o.person_id OR c.organisation_id <> o.organisation_id",
			"stay of another person":                          "SELECT count(*) FROM custody_spells s JOIN clients c ON c.id = s.client_id WHERE c.person_id <> s.person_id OR c.organisation_id <> s.organisation_id",
			"client without linkage":                          "SELECT count(*) FROM clients c LEFT JOIN " + links + " l ON l.client_id = c.id WHERE l.client_id IS NULL OR l.low_quality <> c.low_quality",
			"low quality linked to another person":            "SELECT count(*) FROM " + links + " l JOIN " + links + " m ON m.link_id = l.link_id JOIN clients a ON a.id = l.client_id JOIN clients b ON b.id = m.client_id WHERE l.low_quality AND a.person_id <> b.person_id",
			"one person with two linkages":                    "SELECT count(*) FROM (SELECT c.person_id FROM clients c JOIN " + links + " l ON l.client_id = c.id GROUP BY c.person_id HAVING count(DISTINCT l.link_id) > 1) AS p",
			"person without a disclosure key":                 "SELECT count(*) FROM persons WHERE sdc_key = 0",
			"account without a password":                      "SELECT count(*) FROM users WHERE password_hash = ''",
		} {
			if n := count(t, db, query); n != 0 {
				t.Errorf("%s: %d", name, n)
			}
		}
		if count(t, db, "SELECT count(*) FROM clients WHERE low_quality") == 0 {
			t.Error("no record is of low quality")
		}
		if n, events := count(t, db, "SELECT count(*) FROM audit_events"), count(t, db, "SELECT count(*) FROM audit_events WHERE action = 'import.create'"); n != 2 || events != 2 {
			t.Errorf("%d audit events, %d of the import", n, events)
		}
	})
}

func TestImport_MarksTheDatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		country := importInto(t, w, 3, 30)
		value, ok, err := w.DeploymentMark(t.Context(), synthetic.Mark)
		var cfg synthetic.Config
		if err != nil || !ok || json.Unmarshal([]byte(value), &cfg) != nil || cfg != country.Config {
			t.Errorf("mark %q, %v, %v", value, ok, err)
		}
	})
}

// With the same keys two imports of one seed give the same rows, codes included, so
// that a demo can be described once and shown again.
func TestImport_SameSeedSameCodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		other := storetest.NewWorld(t, w.Engine)
		importInto(t, w, 4, 400)
		importInto(t, other, 4, 400)
		query := "SELECT id || code || local_no FROM clients ORDER BY id"
		if a, b := column(t, pool(t, w), query), column(t, pool(t, other), query); a == "" || a != b {
			t.Error("two imports of one seed gave different codes")
		}
	})
}

// The canary: no parent's name reaches the database, whatever the table or column.
func TestImport_NoNameIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		importInto(t, w, 5, 1500)
		dump := strings.ToLower(dumpAll(t, w))
		if !strings.Contains(dump, "narcology clinic") || !strings.Contains(dump, "c1-") {
			t.Fatal("the dump does not hold the records")
		}
		for _, name := range synthetic.Names() {
			if strings.Contains(dump, strings.ToLower(name)) {
				t.Errorf("the database holds the name %s", name)
			}
		}
	})
}

func dumpAll(t *testing.T, w *storetest.World) string {
	t.Helper()
	tables := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if w.Engine == "postgres" {
		tables = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('public', 'linkage')"
	}
	db := pool(t, w)
	var dump strings.Builder
	for table := range strings.SplitSeq(strings.TrimSpace(column(t, db, tables)), "\n") {
		dump.WriteString(column(t, db, "SELECT * FROM "+table))
	}
	return dump.String()
}

// column returns every value of a query's rows as text, a line each.
func column(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var text strings.Builder
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintln(&text, v)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// Episodes are pinned to editions that the catalogue has.
func TestPersons_EditionsExist(t *testing.T) {
	t.Parallel()
	catalog, err := protocols.Load(protocols.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range collect(t, 1, 300).persons {
		for _, e := range p.Episodes {
			if edition, ok := catalog.Edition(e.Protocol); !ok || edition != e.Edition {
				t.Fatalf("the catalogue has %s in edition %q, not %q", e.Protocol, edition, e.Edition)
			}
		}
	}
}

// An import takes the secondary indexes away and makes them again, every one.
func TestImport_LeavesTheIndexes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		query := "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
		if w.Engine == "postgres" {
			query = "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'linkage') ORDER BY schemaname, indexname"
		}
		before := column(t, pool(t, w), query)
		importInto(t, w, 6, 30)
		if after := column(t, pool(t, w), query); after != before || !strings.Contains(after, "dose_orders_one_active") {
			t.Errorf("the indexes are not what they were:\n%s\n\nnow\n%s", before, after)
		}
	})
}
