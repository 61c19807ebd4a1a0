// Package policies decides which role may do what: the confidentiality matrix as
// rows of policy.csv, asked through casbin.
//
// It answers "may this role do this at all?" (Allow) and "through which relations?"
// (Grants). Which rows of the database a relation reaches is decided in
// models/store, which fields are shown in handlers. Only this package imports casbin.
package policies

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"

	"jol/models"
)

//go:embed model.conf
var modelText string

//go:embed policy.csv
var policyText string

// Policies is the loaded policy. It never changes after New and is safe for
// concurrent use.
type Policies struct {
	enforcer *casbin.SyncedCachedEnforcer
	grants   map[models.Role]models.Grants
}

// New loads the embedded policy. It fails on any row that casbin would quietly
// skip, so that a service with half a policy never starts.
func New() (*Policies, error) {
	return load(policyText)
}

// load builds Policies from the text of a policy table.
func load(text string) (*Policies, error) {
	rows, err := parse(text)
	if err != nil {
		return nil, err
	}
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return nil, fmt.Errorf("policy model: %w", err)
	}
	// false: casbin's log prints every decision and stays off.
	enforcer, err := casbin.NewSyncedCachedEnforcer(m, stringadapter.NewAdapter(render(rows)), false)
	if err != nil {
		return nil, fmt.Errorf("policy enforcer: %w", err)
	}
	loaded, err := enforcer.GetPolicy()
	if err != nil {
		return nil, fmt.Errorf("policy rows: %w", err)
	}
	if len(loaded) != len(rows) {
		return nil, fmt.Errorf("policy rows: casbin took %d of %d", len(loaded), len(rows))
	}
	return &Policies{enforcer: enforcer, grants: grantsOf(rows)}, nil
}

// Allow reports whether the role may do verb on category through any relation. It
// is the route gate: one casbin Enforce, and an error is a denial.
func (p *Policies) Allow(role models.Role, category models.Category, verb models.Verb) bool {
	// casbin caches decisions on plain strings only.
	ok, err := p.enforcer.Enforce(string(role), string(category), string(verb))
	return err == nil && ok
}

// Grants returns everything the role may do, by category, verb and relation; an
// unknown role has nothing. The result is shared by all requests: read it, never
// change it.
func (p *Policies) Grants(role models.Role) models.Grants {
	return p.grants[role]
}

// grantsOf groups the rows by role, relations in the order of models.Relations.
func grantsOf(rows []row) map[models.Role]models.Grants {
	byRole := make(map[models.Role]models.Grants)
	for _, r := range rows {
		if byRole[r.role] == nil {
			byRole[r.role] = make(models.Grants)
		}
		g := byRole[r.role]
		if g[r.category] == nil {
			g[r.category] = make(map[models.Verb][]models.Relation)
		}
		g[r.category][r.verb] = append(g[r.category][r.verb], r.relation)
	}
	for _, g := range byRole {
		for _, verbs := range g {
			for _, relations := range verbs {
				slices.SortFunc(relations, func(a, b models.Relation) int {
					return slices.Index(models.Relations, a) - slices.Index(models.Relations, b)
				})
			}
		}
	}
	return byRole
}
