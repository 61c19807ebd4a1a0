package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
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

// pageKey reads a cursor. It holds the last key of the page before, encrypted and bound to the
// caller and the list, so that it can neither be read nor forged nor handed on. A key that is
// read tells of others: between two places of one's own in a change feed, how many lines
// somebody else was told. Keys of one list must be equally long, or the length tells.
func (s *Session) pageKey(list string, p Paging) (key string, err error) {
	if p.Cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return "", errCursor
	}
	plain, err := s.store.cursors.Open(nil, nil, raw, s.cursorOf(list))
	if err != nil {
		return "", errCursor
	}
	return string(plain), nil
}

func (s *Session) cursor(list, key string) string {
	return base64.RawURLEncoding.EncodeToString(s.store.cursors.Seal(nil, nil, []byte(key), s.cursorOf(list)))
}

// cursorBox is AES-256-GCM; what it seals begins with a random nonce. The key is derived,
// because others make digests under the one it comes from.
func cursorBox(secret []byte) (cipher.AEAD, error) {
	key, err := hkdf.Expand(sha256.New, secret, "page cursor", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// cursorOf is what a cursor is bound to.
func (s *Session) cursorOf(list string) []byte {
	return []byte(list + "\x00" + string(s.actor.UserID))
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

// cursorInt marks a numeric key, so that it is compared as a number. All are equally long.
func cursorInt(n int64) string { return fmt.Sprintf("#%019d", n) }

func cursorValue(key string) any {
	if digits, ok := strings.CutPrefix(key, "#"); ok {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return n
		}
	}
	return key
}
