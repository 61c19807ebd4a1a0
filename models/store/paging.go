package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// Paging asks for one page of a list.
type Paging struct {
	Limit  int
	Cursor string // of the page before; empty for the first
}

// Page is one page, newest first, and the cursor of the next.
type Page[T any] struct {
	Items []T
	Next  string
}

var errCursor = at("/cursor", models.Fail(models.KindInvalid, "cursor.invalid", "The cursor is not one that this list gave to you."))

// pageKey reads a cursor. It holds the last key of the page before, signed and bound
// to the caller and the list, so that it can neither be forged nor handed on.
func (s *Session) pageKey(list string, p Paging) (key string, err error) {
	if p.Cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || len(raw) <= sha256.Size {
		return "", errCursor
	}
	key = string(raw[sha256.Size:])
	if !hmac.Equal(raw[:sha256.Size], s.signCursor(list, key)) {
		return "", errCursor
	}
	return key, nil
}

func (s *Session) cursor(list, key string) string {
	return base64.RawURLEncoding.EncodeToString(append(s.signCursor(list, key), key...))
}

func (s *Session) signCursor(list, key string) []byte {
	m := hmac.New(sha256.New, s.store.opt.Keys.Cursor)
	m.Write([]byte(strings.Join([]string{list, string(s.actor.UserID), key}, "\x00")))
	return m.Sum(nil)
}

// loadPage loads one page in descending order of column, a name from the code and
// never from a caller. It fetches limit+1 rows to know whether there is a next page.
func loadPage[T any](s *Session, q *gorm.DB, list, column string, p Paging, keyOf func(T) string) (Page[T], error) {
	return loadWays(s, q, []condition{{sql: "1 = 1"}}, list, column, p, keyOf)
}

// loadWays is loadPage for rows that are reached in one of several ways, instead of scoped:
// each way finds its page in an index of its own, and the pages are merged. No way, no row.
func loadWays[T any](s *Session, q *gorm.DB, ways []condition, list, column string, p Paging, keyOf func(T) string) (Page[T], error) {
	after, err := s.pageKey(list, p)
	if err != nil {
		return Page[T]{}, err
	}
	if after != "" {
		q = q.Where(column+" < ?", cursorValue(after))
	}
	q = q.Order(column + " DESC").Limit(p.Limit + 1).Session(&gorm.Session{})
	var rows []T
	for _, way := range ways {
		var some []T
		if err := q.Where("("+way.sql+")", way.args...).Find(&some).Error; err != nil {
			return Page[T]{}, err
		}
		rows = append(rows, some...)
	}
	if len(ways) > 1 {
		slices.SortFunc(rows, func(a, b T) int { return strings.Compare(keyOf(b), keyOf(a)) })
		rows = slices.CompactFunc(rows, func(a, b T) bool { return keyOf(a) == keyOf(b) })
	}
	page := Page[T]{Items: rows}
	if len(rows) > p.Limit {
		page.Items = rows[:p.Limit]
		page.Next = s.cursor(list, keyOf(rows[p.Limit-1]))
	}
	return page, nil
}

// cursorInt marks a numeric key, so that it is compared as a number.
func cursorInt(n int64) string { return "#" + strconv.FormatInt(n, 10) }

func cursorValue(key string) any {
	if digits, ok := strings.CutPrefix(key, "#"); ok {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return n
		}
	}
	return key
}
