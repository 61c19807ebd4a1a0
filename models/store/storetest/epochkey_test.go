package storetest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"jol/models"
	"jol/models/store"
)

// shared is a log that tests in parallel may write to.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) text() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.buf.Bytes())
}

// The epoch key of a sealing is in no table, no file of the service and no log line: who
// has it could draw the same noise again and take it off.
func TestRelease_EpochKeyIsNowhere(t *testing.T) {
	log, before := &shared{}, slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) {
			c := NewWorld(t, engine).Settle(t, grantsOf)
			k := &counter{}
			steward := c.As(models.RoleReleaseSteward, c.Ministry).Through(c.Open(t, func(o *store.Options) { o.Sealer = k.begin }))
			nurse := c.As(models.RoleNurse, c.Clinic)
			nurse.Start(nurse.Register(1))
			must(t, second(steward.New().SealRelease(ctx, quarter("2026Q3"))))
			slog.Info("after the sealing") // so that an empty log fails
			places := map[string][]byte{"log": log.text(), "tables": c.everything(t)}
			for _, dir := range []string{filepath.Dir(c.Ledger), filepath.Dir(strings.TrimPrefix(c.URL, "sqlite:"))} {
				readFiles(t, dir, places)
			}
			if !bytes.Contains(places["tables"], []byte("KZ-2026Q3-final")) || !bytes.Contains(places["log"], []byte("after the sealing")) || len(places) < 3 {
				t.Fatalf("the search is broken: %d places", len(places))
			}
			key := k.keys[0]
			for where, text := range places {
				for _, form := range []string{string(key), hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)), base64.StdEncoding.EncodeToString(key),
					base64.RawURLEncoding.EncodeToString(key), fmt.Sprint(key), strings.Trim(fmt.Sprint(key), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(key), "[]"), " ", ",")} {
					if bytes.Contains(text, []byte(form)) {
						t.Errorf("the epoch key is in %s", where)
					}
				}
			}
		})
	}
}

func readFiles(t *testing.T, dir string, places map[string][]byte) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		return // PostgreSQL has no file of its own here
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		places[filepath.Join(dir, f.Name())] = text
	}
}

// everything writes out every row of every table.
func (c *Country) everything(t *testing.T) []byte {
	t.Helper()
	db := c.sqlDB(t)
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if c.Engine == "postgres" {
		list = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
	}
	names := texts(t, c, list)
	var all bytes.Buffer
	for _, name := range names {
		rows, err := db.QueryContext(ctx, "SELECT * FROM "+name)
		must(t, err)
		columns, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			must(t, rows.Scan(into...))
			for _, v := range values {
				if b, ok := v.([]byte); ok {
					all.Write(b)
				} else {
					fmt.Fprint(&all, v)
				}
				all.WriteByte('\n')
			}
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
	return all.Bytes()
}

func texts(t *testing.T, c *Country, query string) (all []string) {
	t.Helper()
	rows, err := c.sqlDB(t).QueryContext(ctx, query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		all = append(all, s)
	}
	must(t, rows.Err())
	return all
}
