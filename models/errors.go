// Package models holds Jol's domain: types, invariants and state machines.
//
// It imports the standard library only. Storage lives in models/store, access
// rules in policies, HTTP in api and handlers. A rule is a method on the type it
// protects; a use case is a method on store.Session.
package models

import (
	"errors"
	"fmt"
	"strings"
)

// Kind classifies an Error. The set is closed: api/problem.go maps each Kind to
// one HTTP status and nothing else does.
type Kind int

// The kinds, in the order in which a request meets them.
const (
	KindUnauthenticated      Kind = iota + 1 // no valid credentials
	KindForbidden                            // the role has no such action
	KindTooLarge                             // body over the limit
	KindUnsupportedMedia                     // body is not application/json
	KindMalformed                            // not JSON, or a required header is missing
	KindPreconditionRequired                 // If-Match is missing
	KindInvalid                              // well-formed, but a field breaks a rule
	KindNotFound                             // absent, or outside the caller's scope: never told apart
	KindPreconditionFailed                   // If-Match names an old version
	KindConflict                             // not possible in the present state
	KindTooMany                              // a rate limit or a throttle
	KindUnavailable                          // cannot be answered safely now
	KindNotAcceptable                        // no representation fits Accept
	KindMethodNotAllowed                     // the path exists, the method does not
)

// FieldError names one offending input field by JSON pointer and a stable code.
// It never carries the rejected value. The files of a protocol edition are the one
// exception: they say nothing about anybody, and whoever wrote them needs to know where.
type FieldError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Line    int    `json:"line,omitzero"`   // in a file of an edition; 0 where no single line is to blame
	Detail  string `json:"detail,omitzero"` // what is wrong there
}

// Error is the only error type that reaches a client. Code is stable and has the
// form noun.reason; Detail is plain English and never echoes input. Anything that
// is not an *Error becomes a 500 without detail.
type Error struct {
	Kind   Kind
	Code   string
	Detail string
	Fields []FieldError
	cause  error
}

// Error prints code and detail only: safe for a log, and without input values.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Unwrap returns the cause, which is for logs and errors.Is, never for clients.
func (e *Error) Unwrap() error { return e.cause }

// WithCause returns a copy that carries cause.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Fail builds an Error. Detail may be formatted; never pass input values to it.
func Fail(kind Kind, code, detail string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(detail, args...)}
}

// NotFound is the answer for absent and out-of-scope records alike. It takes only
// the noun, so that two reasons can never produce two texts.
func NotFound(noun string) *Error {
	return Fail(KindNotFound, noun+".not_found", "There is no such %s, or it is not yours to see.", strings.ReplaceAll(noun, "_", " "))
}

// IsKind reports whether err is an *Error of the kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// Checks collects field errors while an input is examined, so that a caller
// learns of all of them at once.
type Checks struct {
	fields []FieldError
	rule   string // of the text screen, when it refused something
}

// Add records a field error.
func (c *Checks) Add(pointer, code string) {
	c.fields = append(c.fields, FieldError{Pointer: pointer, Code: code})
}

// Require records a field error unless ok.
func (c *Checks) Require(ok bool, pointer, code string) {
	if !ok {
		c.Add(pointer, code)
	}
}

// identifies records that a text was refused by a rule of the screen.
func (c *Checks) identifies(pointer, rule string) {
	c.rule = rule
	c.Add(pointer, "text.identifies_person")
}

// Err returns nil when nothing was recorded. Otherwise it returns a KindInvalid
// error whose code is the first field's code, with every field listed.
func (c *Checks) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	detail := "One or more fields were refused; errors lists each with its reason."
	if c.rule != "" {
		detail += " Text that identifies a person is refused by rule " + c.rule + "."
	}
	return &Error{Kind: KindInvalid, Code: c.fields[0].Code, Detail: detail, Fields: c.fields}
}
