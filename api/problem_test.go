package api

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"jol/models"
)

// kindsInSource counts the Kind constants where they are declared, so that a new one
// cannot be added without a family.
func kindsInSource(t *testing.T) int {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../models/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(f, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Kind") {
			n++
		}
		return true
	})
	return n
}

func TestProblem_EveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	n := kindsInSource(t)
	if n == 0 || len(families) != n {
		t.Errorf("%d kinds, %d families", n, len(families))
	}
	statuses, names := map[int]bool{500: true}, map[string]bool{internalFamily.name: true}
	for k := models.Kind(1); int(k) <= n; k++ {
		f := families[k]
		if f.status < 400 || f.status > 599 || f.title == "" || statuses[f.status] || names[f.name] {
			t.Errorf("kind %d: bad family %+v", k, f)
		}
		statuses[f.status], names[f.name] = true, true
	}
}

func TestProblem_UnknownErrorsSayNothing(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := f.serve(t)
	for _, path := range []string{"/broken", "/panic", "/statusless", "/unencodable", "/raw"} {
		a := Scenario{Path: "/api/v1" + path, Token: nurseToken, Status: 500, Code: "internal.error", Absent: []string{"canary"}}.Run(t, base)
		if a.Header.Get("ETag") != "" {
			t.Errorf("%s: a header of the success survived", path)
		}
		if !strings.Contains(f.log.String(), a.Header.Get("X-Request-Id")) {
			t.Errorf("%s: the log does not name the request", path)
		}
	}
	a := Scenario{Path: "/api/v1/unavailable", Token: nurseToken, Status: 503, Code: "x.y", Absent: []string{"canary"}}.Run(t, base)
	if a.Header.Get("Retry-After") == "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", a.Header)
	}
	log := f.log.String()
	if strings.Contains(log, "canary") {
		t.Errorf("the log holds a value: %s", log)
	}
	if !strings.Contains(log, "fakeRoutes.func") || !strings.Contains(log, "*errors.errorString") {
		t.Errorf("the log does not help to find the fault: %s", log)
	}
}

type stateError struct{}

func (stateError) Error() string    { return "canary" }
func (stateError) SQLState() string { return "40001" }

func TestProblem_Causes(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("canary: %w", errors.Join(stateError{}, errAudit.WithCause(context.DeadlineExceeded)))
	got := causes(err, 8)
	want := "*fmt.wrapError > *errors.joinError > [api.stateError(40001), *models.Error(audit.unavailable) > context deadline exceeded]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := causes(err, 1); got != "*fmt.wrapError" {
		t.Errorf("depth is not bounded: %s", got)
	}
}
