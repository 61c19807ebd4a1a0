package policies

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"jol/models"
)

// row is one line of the policy: it allows the role the verb on the category's rows
// that the relation reaches.
type row struct {
	role     models.Role
	relation models.Relation
	category models.Category
	verb     models.Verb
}

// parse reads a policy table strictly: a wrong number of fields, a word outside the
// vocabulary, a repeated row or an empty table is an error that names the line.
// An empty table is refused because casbin then runs the matcher on empty strings.
func parse(text string) ([]row, error) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comment = '#'
	reader.TrimLeadingSpace = true
	reader.FieldsPerRecord = 5
	var rows []row
	seen := make(map[row]bool)
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("policy.csv: %w", err)
		}
		line, _ := reader.FieldPos(0)
		r, err := rowOf(record)
		if err != nil {
			return nil, fmt.Errorf("policy.csv line %d: %w", line, err)
		}
		if seen[r] {
			return nil, fmt.Errorf("policy.csv line %d: %v is there twice", line, r)
		}
		seen[r] = true
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return nil, errors.New("policy.csv: no rows")
	}
	return rows, nil
}

// rowOf checks the five fields of a record against the vocabulary.
func rowOf(record []string) (row, error) {
	r := row{models.Role(record[1]), models.Relation(record[2]), models.Category(record[3]), models.Verb(record[4])}
	switch {
	case record[0] != "p":
		return r, fmt.Errorf("%q is no policy row: the first field is p", record[0])
	case !slices.Contains(models.Roles, r.role):
		return r, fmt.Errorf("unknown role %q", r.role)
	case !slices.Contains(models.Relations, r.relation):
		return r, fmt.Errorf("unknown relation %q", r.relation)
	case !slices.Contains(models.Categories, r.category):
		return r, fmt.Errorf("unknown category %q", r.category)
	case !slices.Contains(models.Verbs, r.verb):
		return r, fmt.Errorf("unknown verb %q", r.verb)
	}
	return r, nil
}

// render writes checked rows the way casbin's string adapter reads them.
func render(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "p, %s, %s, %s, %s\n", r.role, r.relation, r.category, r.verb)
	}
	return b.String()
}
