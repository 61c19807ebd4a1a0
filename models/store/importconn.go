package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"gorm.io/gorm"
)

// importConn is the one connection an import writes on. While the mark of an unfinished import
// stands it does without what protects a database in service: if the machine stops, the data
// folder is thrown away anyway.
type importConn struct {
	*sql.Conn
	dialect string
	again   []string // statements that make indexes and foreign keys again
}

// Settings while rows come in and for the last batch, which takes the mark away: that one, and
// all before it, is on the disk when it is committed.
var (
	hasty = map[string][]string{
		"sqlite":   {"PRAGMA cache_size=-131072", "PRAGMA foreign_keys=0", "PRAGMA synchronous=OFF"},
		"postgres": {"SET synchronous_commit=off"},
	}
	careful = map[string][]string{
		"sqlite":   {"PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint"},
		"postgres": {"SET synchronous_commit=on"},
	}
	usual = map[string][]string{
		"sqlite":   {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=1", "PRAGMA cache_size=-2000", "PRAGMA wal_checkpoint(TRUNCATE)"},
		"postgres": {"RESET synchronous_commit"},
	}
)

// importConn takes a connection out of the pool. The store it returns writes on it alone.
func (s *Store) importConn(ctx context.Context) (*importConn, *Store, error) {
	pool, err := s.write.DB()
	if err != nil {
		return nil, nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	own := *s
	own.write = s.write.WithContext(ctx)
	own.write.Statement.ConnPool = conn
	return &importConn{Conn: conn, dialect: s.dialect}, &own, nil
}

func (c *importConn) set(ctx context.Context, statements map[string][]string) error {
	for _, s := range statements[c.dialect] {
		if _, err := c.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the connection back as it was, whatever has happened, or ends it.
func (c *importConn) Close() error {
	err := c.set(context.Background(), usual)
	if err != nil {
		_ = c.Raw(func(any) error { return driver.ErrBadConn }) // the pool throws it away
	}
	return errors.Join(err, c.Conn.Close())
}

// insert writes rows in the transaction that is open on the connection.
func (c *importConn) insert(ctx context.Context, rows []tableRows) error {
	return c.Raw(func(driverConn any) error {
		for _, r := range rows {
			if err := r.insert(ctx, driverConn); err != nil {
				return err
			}
		}
		return nil
	})
}

// unburden takes secondary indexes away while rows come in, and the foreign keys of PostgreSQL:
// to make an index of everything, and to look for everything a key refers to, is several times
// cheaper than row by row. Unique indexes and keys are checked when they are made again.
func (c *importConn) unburden(db *gorm.DB) error {
	query := "SELECT 'DROP INDEX ' || name AS away, sql AS again FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
	if c.dialect == "postgres" {
		query = `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS away,
			format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(k.oid)) AS again
			FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace AND n.nspname IN (current_schema(), 'linkage') WHERE k.contype = 'f'
			UNION ALL
			SELECT 'DROP INDEX ' || indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN (current_schema(), 'linkage')
			WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))`
	}
	var burden []struct{ Away, Again string }
	if err := db.Raw(query).Scan(&burden).Error; err != nil {
		return err
	}
	c.again = nil // the transaction may run again
	for _, b := range burden {
		if err := db.Exec(b.Away).Error; err != nil {
			return err
		}
		c.again = append(c.again, b.Again)
	}
	return nil
}

var errImportDangling = errors.New("import: a row refers to one that is not there")

// burden makes again what unburden took away. SQLite has kept its foreign keys and is asked
// which rows break them.
func (c *importConn) burden(db *gorm.DB) error {
	for _, statement := range c.again {
		if err := db.Exec(statement).Error; err != nil {
			return err
		}
	}
	if c.dialect == "postgres" {
		return nil
	}
	rows, err := db.Raw("PRAGMA foreign_key_check").Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		return errImportDangling
	}
	return rows.Err()
}
