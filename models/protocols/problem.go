package protocols

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one reason why content was refused. Line is 0 where no single line is
// to blame.
type Problem struct {
	File   string
	Line   int
	Reason string
}

// String formats the problem as file:line: reason, the form editors can jump to.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Reason
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

// ContentError lists everything that is wrong with a content tree, so that an
// editor sees all of it after one run.
type ContentError struct{ Problems []Problem }

// Error prints one problem a line.
func (e *ContentError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, fmt.Sprintf("protocol content refused, %d problem(s)", len(e.Problems)))
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// position is where something was written; it only serves messages.
type position struct {
	file string
	line int
}

type problems []Problem

func (ps *problems) add(at position, format string, args ...any) {
	*ps = append(*ps, Problem{File: at.file, Line: at.line, Reason: fmt.Sprintf(format, args...)})
}

// err returns the problems by file and line, or nil when there are none.
func (ps problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return &ContentError{Problems: slices.Compact(ps)}
}
