// Package storetest runs the store's conformance suite: the same cases on embedded
// SQLite and on a real PostgreSQL. A missing engine fails the run; it is never skipped.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"jol/migrations"
	"jol/models"
	"jol/models/store"
)

// Engines are the databases every case runs on.
var Engines = []string{"sqlite", "postgres"}

// Each runs the case once on each engine, in parallel, each time on a database of its own.
func Each(t *testing.T, run func(t *testing.T, w *World)) {
	t.Helper()
	t.Parallel()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			run(t, NewWorld(t, engine))
		})
	}
}

// World is an open, migrated, empty store with a clock that tests can move.
type World struct {
	*store.Store
	Engine string
	URL    string
	// Ledger is the file of burnt release ids; it outlives the database.
	Ledger string
	now    atomic.Int64 // Unix milliseconds
}

// Start is when every world begins: a Monday in a quarter of its own.
var Start = time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)

// Now tells the world's time.
func (w *World) Now() time.Time { return time.UnixMilli(w.now.Load()).UTC() }

// Advance moves the world's clock.
func (w *World) Advance(d time.Duration) { w.now.Add(d.Milliseconds()) }

// TestKeys are public: never for use.
func TestKeys() store.Keys {
	key := func(name string) []byte {
		sum := sha256.Sum256([]byte("test key " + name))
		return sum[:]
	}
	return store.Keys{Country: key("country"), Sector: key("sector"), Record: key("record"), Cursor: key("cursor")}
}

// NewWorld opens a fresh database of the engine from a migrated template.
func NewWorld(t testing.TB, engine string) *World {
	t.Helper()
	w := &World{Engine: engine, Ledger: filepath.Join(t.TempDir(), "releases.ledger")}
	w.now.Store(Start.UnixMilli())
	switch engine {
	case "sqlite":
		w.URL = "sqlite:" + sqliteCopy(t)
	case "postgres":
		w.URL = postgresCopy(t)
	}
	w.Store = w.Open(t)
	return w
}

// Open opens the world's database once more, as a second process would, with options
// changed by the case.
func (w *World) Open(t testing.TB, change ...func(*store.Options)) *store.Store {
	t.Helper()
	opt := store.Options{
		URL: w.URL, Country: "KZ", Zone: "Asia/Almaty", Keys: TestKeys(), Clock: w.Now, RegistrationsPerDay: 300,
		TokenLife: time.Hour, FastHash: true, Ledger: w.Ledger,
	}
	for _, f := range change {
		f(&opt)
	}
	s, err := store.Open(opt)
	if err != nil {
		t.Fatalf("open %s: %v", w.Engine, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// sqliteTemplate is a migrated file that every test copies (2 ms).
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "jol-template")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "template.db")
	s, err := store.Open(store.Options{URL: "sqlite:" + path, Country: "KZ", Keys: TestKeys(), Clock: models.Now})
	if err != nil {
		return nil, err
	}
	db, dialect, err := s.Pool()
	if err != nil {
		return nil, err
	}
	if _, err := migrations.Up(context.Background(), db, dialect); err != nil {
		return nil, err
	}
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// memoryDir is a directory in memory where there is one: durability is not under test
// here, and syncing to disk took four fifths of the time.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "jol-test")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func sqliteCopy(t testing.TB) string {
	t.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("sqlite template: %v", err)
	}
	path := filepath.Join(memoryDir(t), "jol.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// admin runs one statement on the server's maintenance database.
func admin(statement string) error {
	db, err := gorm.Open(postgres.Open(os.Getenv("JOL_TEST_DATABASE_URL")), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return err
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	defer pool.Close()
	return db.Exec(statement).Error
}

func withDatabase(name string) (string, error) {
	u, err := url.Parse(os.Getenv("JOL_TEST_DATABASE_URL"))
	if err != nil {
		return "", fmt.Errorf("JOL_TEST_DATABASE_URL is no URL")
	}
	u.Path = "/" + name
	return u.String(), nil
}

// postgresTemplate is a migrated database that every test clones (20 ms). Its name
// follows the process, because packages test side by side on one server.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	if os.Getenv("JOL_TEST_DATABASE_URL") == "" {
		return "", fmt.Errorf("JOL_TEST_DATABASE_URL is not set: run `make test`, which starts a throw-away PostgreSQL")
	}
	name := "jol_template_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := admin("CREATE DATABASE " + name); err != nil {
		return "", err
	}
	dsn, err := withDatabase(name)
	if err != nil {
		return "", err
	}
	s, err := store.Open(store.Options{URL: dsn, Country: "KZ", Keys: TestKeys(), Clock: models.Now})
	if err != nil {
		return "", err
	}
	db, dialect, err := s.Pool()
	if err != nil {
		return "", err
	}
	if _, err := migrations.Up(context.Background(), db, dialect); err != nil {
		return "", err
	}
	return name, s.Close()
})

var cloning sync.Mutex // PostgreSQL clones a template for one session at a time

func postgresCopy(t testing.TB) string {
	t.Helper()
	template, err := postgresTemplate()
	if err != nil {
		t.Fatalf("postgres: %v", err)
	}
	name := "jol_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	cloning.Lock()
	err = admin("CREATE DATABASE " + name + " TEMPLATE " + template)
	cloning.Unlock()
	if err != nil {
		t.Fatalf("postgres clone: %v", err)
	}
	t.Cleanup(func() { _ = admin("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") })
	dsn, err := withDatabase(name)
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Key returns a request with a fresh idempotency key, as HTTP would make it.
func Key(body string) store.Request {
	sum := sha256.Sum256([]byte(body))
	return store.Request{ID: uuid.NewString(), Key: uuid.NewString(), BodyHash: hex.EncodeToString(sum[:])}
}
