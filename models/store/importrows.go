package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm/schema"
)

// tableRows are rows of one table as the driver takes them.
type tableRows struct {
	table   string
	columns []string
	values  []driver.Value // row after row
}

// rowSchemas are gorm's readings of the types, which are slow to come by.
var rowSchemas sync.Map

// addRows reads the columns of the rows, in the order of their keys: an index page is then
// touched once for many rows. An empty table stands for the type's own.
func addRows[T any, K cmp.Ordered](ctx context.Context, all *[]tableRows, table string, rows []T, key func(*T) K) error {
	if len(rows) == 0 {
		return nil
	}
	s, err := schema.Parse(&rows[0], &rowSchemas, schema.NamingStrategy{})
	if err != nil {
		return err
	}
	if table == "" {
		table = s.Table
	}
	out := tableRows{table: table}
	var fields []*schema.Field
	for _, name := range s.DBNames {
		if f := s.FieldsByDBName[name]; f.Creatable {
			fields, out.columns = append(fields, f), append(out.columns, name)
		}
	}
	sorted := make([]*T, len(rows))
	for i := range rows {
		sorted[i] = &rows[i]
	}
	slices.SortFunc(sorted, func(a, b *T) int { return cmp.Compare(key(a), key(b)) })
	out.values = make([]driver.Value, 0, len(rows)*len(fields))
	for _, row := range sorted {
		v := reflect.ValueOf(row).Elem()
		for _, f := range fields {
			plain, err := plainValue(ctx, f, v)
			if err != nil {
				return err
			}
			out.values = append(out.values, plain)
		}
	}
	*all = append(*all, out)
	return nil
}

// plainValue is a field as the driver takes it, NULL where gorm would leave the column to its
// default, which is NULL.
func plainValue(ctx context.Context, f *schema.Field, row reflect.Value) (driver.Value, error) {
	if f.Serializer == nil && !f.HasDefaultValue {
		switch v := f.ReflectValueOf(ctx, row); v.Kind() { // most are texts
		case reflect.String:
			return v.String(), nil
		case reflect.Int, reflect.Int64:
			return v.Int(), nil
		}
	}
	value, zero := f.ValueOf(ctx, row)
	if zero && f.HasDefaultValue {
		return nil, nil
	}
	return driver.DefaultParameterConverter.ConvertValue(value)
}

// insert hands the rows to the driver itself: PostgreSQL copies them in, SQLite runs one
// prepared statement again and again.
func (r tableRows) insert(ctx context.Context, driverConn any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch conn := driverConn.(type) {
	case *stdlib.Conn:
		_, err := conn.Conn().CopyFrom(ctx, pgx.Identifier(strings.Split(r.table, ".")), r.columns, r.source())
		return err
	case driver.Conn:
		rest, err := r.insertEach(conn, rowsPerStatement)
		if err == nil {
			_, err = rest.insertEach(conn, 1)
		}
		return err
	}
	return fmt.Errorf("import: no way to write through a %T", driverConn)
}

// source gives the rows to a copy, one by one in the same slice.
func (r tableRows) source() pgx.CopyFromSource {
	n, left := len(r.columns), r.values
	row := make([]any, n)
	return pgx.CopyFromFunc(func() ([]any, error) {
		if len(left) == 0 {
			return nil, nil
		}
		for i := range row {
			row[i] = left[i]
		}
		left = left[n:]
		return row, nil
	})
}

// rowsPerStatement is how many rows one statement takes on SQLite: 20 took 0.6 to 0.8 of the
// time of one, 100 no less than 20.
const rowsPerStatement = 20

// insertEach inserts so many rows a statement, and returns those that are too few for one.
func (r tableRows) insertEach(conn driver.Conn, rows int) (rest tableRows, err error) {
	rest = r
	width := rows * len(r.columns)
	if len(r.values) < width {
		return rest, nil
	}
	row := "(?" + strings.Repeat(", ?", len(r.columns)-1) + ")"
	statement, err := conn.Prepare("INSERT INTO " + r.table + " (" + strings.Join(r.columns, ", ") + ") VALUES " + row + strings.Repeat(", "+row, rows-1))
	if err != nil {
		return rest, err
	}
	defer func() { _ = statement.Close() }() // it has nothing to tell that its last row did not
	args := make([]driver.NamedValue, width)
	for ; len(rest.values) >= width; rest.values = rest.values[width:] {
		for i := range args {
			args[i] = driver.NamedValue{Ordinal: i + 1, Value: rest.values[i]}
		}
		// Without a context that can end: watching it costs more than the row.
		if _, err := statement.(driver.StmtExecContext).ExecContext(context.Background(), args); err != nil {
			return rest, err
		}
	}
	return rest, nil
}
