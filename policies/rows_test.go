package policies

import (
	"strings"
	"testing"

	"jol/models"
)

func TestLoad_RefusesBrokenTables(t *testing.T) {
	t.Parallel()
	good := "p, clinician, own, identity, read\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "no rows"},
		"comments only":     {"# nothing\n\n", "no rows"},
		"unknown role":      {good + "p, client, own, identity, read\n", "line 2: unknown role"},
		"role in capitals":  {"p, Clinician, own, identity, read\n", "unknown role"},
		"wildcard role":     {"p, *, own, identity, read\n", "unknown role"},
		"empty role":        {"p, , own, identity, read\n", "unknown role"},
		"unknown relation":  {"p, clinician, friend, identity, read\n", "unknown relation"},
		"unknown category":  {"p, clinician, own, identities, read\n", "unknown category"},
		"pattern category":  {"p, clinician, own, .*, read\n", "unknown category"},
		"unknown verb":      {"p, clinician, own, identity, delete\n", "unknown verb"},
		"trailing space":    {"p, clinician, own, identity, read \n", "unknown verb"},
		"duplicate":         {good + "# again\n" + good, "line 3"},
		"too few fields":    {"p, clinician, identity, read\n", "wrong number of fields"},
		"too many fields":   {"p, clinician, own, identity, read, allow\n", "wrong number of fields"},
		"deny effect":       {good + "p, clinician, own, identity, read, deny\n", "wrong number of fields"},
		"role inheritance":  {"g, nurse, own, identity, read\n", "no policy row"},
		"second policy":     {"p2, clinician, own, identity, read\n", "no policy row"},
		"short inheritance": {"g, nurse, clinician\n", "wrong number of fields"},
		"broken quotes":     {"p, clinician, own, \"identity, read\n", "policy.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := load(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			if p != nil {
				t.Error("a refused table gave a policy")
			}
		})
	}
}

func TestLoad_AllowsOnlyItsRows(t *testing.T) {
	t.Parallel()
	p, err := load("# comment\np, nurse, own, naloxone, read\n")
	if err != nil {
		t.Fatal(err)
	}
	if !p.Allow("nurse", "naloxone", "read") {
		t.Error("the row is not granted")
	}
	for _, bad := range [][3]string{{"clinician", "naloxone", "read"}, {"nurse", "oat", "read"}, {"nurse", "naloxone", "create"}, {"nurse", "own", "naloxone"}} {
		if p.Allow(models.Role(bad[0]), models.Category(bad[1]), models.Verb(bad[2])) {
			t.Errorf("%v is allowed", bad)
		}
	}
}

func TestModel_ComparesAndDoesNothingElse(t *testing.T) {
	t.Parallel()
	if !strings.Contains(modelText, "m = r.role == p.role && r.category == p.category && r.verb == p.verb\n") {
		t.Error("the matcher is not plain equality")
	}
	for _, word := range []string{"Match", "||", "eval", "g(", "g =", "deny", "in ("} {
		if strings.Contains(modelText, word) {
			t.Errorf("the model contains %q", word)
		}
	}
}
