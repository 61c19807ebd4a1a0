package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"jol/models"
)

// Matrix renders the policy in Markdown for reviewers: a row for each category with
// the response fields that carry it, a column for each role, and in each cell the
// relations for each verb. Fields come from the response types, so that what is
// read there is what is enforced. A category outside the vocabulary gets a row of
// its own at the end, shut for every role. The same input gives the same text.
func (p *Policies) Matrix(fields map[models.Category][]string) string {
	var b strings.Builder
	b.WriteString("| category | response fields |")
	for _, role := range models.Roles {
		fmt.Fprintf(&b, " %s |", role)
	}
	b.WriteString("\n|" + strings.Repeat("---|", len(models.Roles)+2) + "\n")
	for _, category := range categoriesOf(fields) {
		fmt.Fprintf(&b, "| %s | %s |", category, fieldList(fields[category]))
		for _, role := range models.Roles {
			fmt.Fprintf(&b, " %s |", cell(p.grants[role][category]))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// categoriesOf returns the vocabulary in its own order, then any other category
// that a field names.
func categoriesOf(fields map[models.Category][]string) []models.Category {
	all := slices.Clone(models.Categories)
	for _, c := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(models.Categories, c) {
			all = append(all, c)
		}
	}
	return all
}

// fieldList prints field names sorted; "-" when no response carries the category.
func fieldList(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// cell prints the relations of each granted verb; "-" is a denial.
func cell(verbs map[models.Verb][]models.Relation) string {
	var parts []string
	for _, verb := range models.Verbs {
		if len(verbs[verb]) == 0 {
			continue
		}
		part := string(verb) + ":"
		for _, relation := range verbs[verb] {
			part += " " + string(relation)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, "; ")
}
