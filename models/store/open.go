package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"gorm.io/driver/postgres"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	msqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"jol/models"
)

// Open connects, without migrating. The caller closes the store.
func Open(opt Options) (*Store, error) {
	s := &Store{opt: opt, turn: make(chan struct{}, 1)}
	var err error
	if path, ok := strings.CutPrefix(opt.URL, "sqlite:"); ok {
		err = s.openSQLite(path)
	} else {
		err = s.openPostgres(opt.URL)
	}
	if err != nil {
		return nil, err
	}
	if s.cursors, err = cursorBox(opt.Keys.Cursor); err != nil {
		return nil, err
	}
	if s.linker, err = models.NewLinker(opt.Country, opt.Keys.Country, opt.Keys.Sector); err != nil {
		return nil, err
	}
	s.reads = newReadLog(s)
	return s, nil
}

// config is built anew for each open: gorm keeps state in it.
func config() *gorm.Config {
	return &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true, // tx.go opens the transactions
		// gorm's default logger prints values; this one never does.
		Logger: logger.NewSlogLogger(slog.Default(), logger.Config{LogLevel: logger.Silent, ParameterizedQueries: true}),
	}
}

// openSQLite opens one writing connection, which begins immediate transactions, and
// a small pool of readers beside it. synchronous=FULL: a committed write survives
// power loss.
func (s *Store) openSQLite(path string) error {
	s.dialect = "sqlite"
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite itself would let others read
	if err != nil {
		return errors.New("the database file cannot be opened for writing")
	}
	f.Close()
	base := "file:" + path + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_time_format=sqlite"
	if s.write, err = openPool(sqliteDialector{&gormsqlite.Dialector{DriverName: "sqlite", DSN: base + "&_txlock=immediate"}}, 1); err != nil {
		return err
	}
	s.read, err = openPool(sqliteDialector{&gormsqlite.Dialector{DriverName: "sqlite", DSN: base + "&_pragma=query_only(1)"}}, 4)
	return err
}

// openPostgres uses one pool for reads and writes. pgx caches statements, so gorm's
// PrepareStmt stays off.
func (s *Store) openPostgres(url string) error {
	s.dialect = "postgres"
	db, err := openPool(postgres.New(postgres.Config{DSN: url}), 16)
	if err != nil {
		// The driver's message may quote the URL, which holds the password.
		return errors.New("cannot connect to PostgreSQL; run `jol check` for what is wrong with JOL_DATABASE_URL")
	}
	s.write, s.read = db, db
	return nil
}

func openPool(d gorm.Dialector, size int) (*gorm.DB, error) {
	db, err := gorm.Open(d, config())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return db, pool.PingContext(context.Background())
}

// sqliteDialector translates the errors of modernc's driver, which gorm's SQLite
// dialect does not know.
type sqliteDialector struct{ *gormsqlite.Dialector }

// Translate maps constraint errors to gorm's own.
func (sqliteDialector) Translate(err error) error {
	var e *msqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
			return errors.Join(gorm.ErrDuplicatedKey, err)
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return errors.Join(gorm.ErrForeignKeyViolated, err)
		case sqlite3.SQLITE_CONSTRAINT_CHECK:
			return errors.Join(gorm.ErrCheckConstraintViolated, err)
		}
	}
	return err
}
