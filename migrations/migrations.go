// Package migrations holds the database schema as goose SQL files: shared files here,
// and a dialect's own file only where the engines must differ. Version numbers are
// unique across both.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql sqlite/*.sql postgres/*.sql
var files embed.FS

// merged shows the shared files and one dialect's files as one folder.
type merged struct{ shared, dialect fs.FS }

// Open finds a file in either folder.
func (m merged) Open(name string) (fs.File, error) {
	if f, err := m.dialect.Open(name); err == nil && name != "." {
		return f, nil
	}
	return m.shared.Open(name)
}

// Glob lists matches of both folders.
func (m merged) Glob(pattern string) ([]string, error) {
	a, err := fs.Glob(m.shared, pattern)
	if err != nil {
		return nil, err
	}
	b, err := fs.Glob(m.dialect, pattern)
	all := append(a, b...)
	slices.Sort(all)
	return all, err
}

// provider builds goose's migrator. dialect is "sqlite" or "postgres".
func provider(db *sql.DB, dialect string) (*goose.Provider, error) {
	sub, err := fs.Sub(files, dialect)
	if err != nil {
		return nil, err
	}
	fsys := merged{files, sub}
	if dialect == "sqlite" {
		return goose.NewProvider(goose.DialectSQLite3, db, fsys)
	}
	locker, err := lock.NewPostgresSessionLocker() // several processes may start at once
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, fsys, goose.WithSessionLocker(locker))
}

// Up brings the schema to the newest version and returns how many files it applied.
func Up(ctx context.Context, db *sql.DB, dialect string) (int, error) {
	p, err := provider(db, dialect)
	if err != nil {
		return 0, err
	}
	results, err := p.Up(ctx)
	return len(results), err
}

// Check reports an error unless the schema is exactly at this binary's version: an old
// binary must not write into a newer schema, nor a new one into an older.
func Check(ctx context.Context, db *sql.DB, dialect string) error {
	p, err := provider(db, dialect)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current != target {
		return fmt.Errorf("the database schema is at version %d, this binary needs %d: run `jol migrate`, or the matching binary", current, target)
	}
	return nil
}
