package models

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write generated files instead of comparing them")

// final are the states in which a record's life ends. A state that is not named here must
// have a way out that somebody, or time, takes.
var final = map[string][]string{
	"referral":         {ReferralAttended, ReferralDeclined, ReferralClosedLost, ReferralCancelled, ReferralConsentWithdrawn},
	"episode":          {}, // a closed one can be taken up again
	"task":             {TaskDone, TaskSkipped, TaskCancelled},
	"custody_spell":    {SpellReleased, SpellTransferred, SpellUnplannedReleased, SpellDied, SpellEscaped, SpellNotAdmitted},
	"custody_transfer": {CustodyTransferConfirmed, CustodyTransferCancelled},
	"release_case":     {CaseClosed},
	"notice":           {},
	"dose_order":       {OrderEnded},
	"dose_transfer":    {TransferFirstDose, TransferDeclined, TransferCancelled},
	"double_dosing":    {"settled"},
	"overdose":         {OverdoseClosed},
	"naloxone_kit":     {KitUsed, KitLost},
	"alert":            {AlertRetracted},
	"ews_report":       {EWSRetracted},
	"agreement":        {AgreementEnded},
	"access_pass":      {PassRevoked},
	"visit":            {"made", "cancelled"},
	"consent":          {ConsentRefused, ConsentWithdrawn, ConsentInvalid},
}

// unmoved are states that only the system leaves: what is waited for, and who sees to it.
var unmoved = map[string]string{
	"dose_transfer confirmed": "the first dose at the receiver",
	"release_case ready":      "the release",
	"release_case released":   "attendance, or 180 days",
	"notice acknowledged":     "the reason comes again",
	"notice cancelled":        "the reason comes again",
}

// walk finds, breadth first, the states that can be reached and the number of moves to each.
func walk(m *Machine) map[string]int {
	depth := map[string]int{}
	queue := slices.Clone(m.Start)
	for _, state := range queue {
		depth[state] = 0
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		for _, v := range m.Moves {
			if _, seen := depth[v.To]; !seen && slices.Contains(v.From, state) {
				depth[v.To] = depth[state] + 1
				queue = append(queue, v.To)
			}
		}
	}
	return depth
}

// faults are what is wrong with a machine.
func faults(m *Machine) (found []string) {
	say := func(format string, args ...any) {
		found = append(found, m.Noun+": "+fmt.Sprintf(format, args...))
	}
	reached := walk(m)
	for _, state := range m.States {
		if _, ok := reached[state]; !ok {
			say("%s is never reached", state)
		}
		ways, byHand := 0, 0
		for _, v := range m.Moves {
			if slices.Contains(v.From, state) && v.To != state {
				ways++
				byHand += len(v.By)
			}
		}
		_, waits := unmoved[m.Noun+" "+state]
		switch isFinal := slices.Contains(final[m.Noun], state); {
		case isFinal && ways > 0:
			say("%s is called final and has a way out", state)
		case !isFinal && ways == 0:
			say("%s is a dead end", state)
		case !isFinal && byHand == 0 && !waits:
			say("nobody can lead out of %s", state)
		}
	}
	arrows := map[string]bool{}
	for _, v := range m.Moves {
		for _, state := range append(slices.Clone(v.From), v.To) {
			if !slices.Contains(m.States, state) {
				say("%s names %s, which is no state", v.Name, state)
			}
		}
		if v.Name == "" || len(v.From) == 0 {
			say("a move %q from %v", v.Name, v.From)
		}
		if v.By != nil && (len(v.By) == 0 || slices.Contains(v.By, "")) {
			say("%s has no actor", v.Name)
		}
		for _, by := range append(slices.Clone(v.By), map[bool][]Party{true: {"system"}}[len(v.By) == 0]...) {
			for _, from := range v.From {
				// One move of one party leads from a state to one other.
				if key := fmt.Sprint(v.Name, " by ", by, " from ", from); arrows[key] {
					say("%s twice", key)
				} else {
					arrows[key] = true
				}
			}
		}
	}
	if len(m.Start) == 0 {
		say("nothing begins")
	}
	for i, state := range m.States {
		if slices.Contains(m.States[:i], state) {
			say("%s is listed twice", state)
		}
	}
	return found
}

func TestMachines_HaveNoDeadStates(t *testing.T) {
	t.Parallel()
	nouns := map[string]bool{}
	for _, m := range Machines() {
		if nouns[m.Noun] {
			t.Errorf("two machines of %s", m.Noun)
		}
		nouns[m.Noun] = true
		if _, ok := final[m.Noun]; !ok {
			t.Errorf("%s: say which of its states are final", m.Noun)
		}
		for _, fault := range faults(m) {
			t.Error(fault)
		}
	}
	for state := range unmoved {
		if noun, _, _ := strings.Cut(state, " "); !nouns[noun] {
			t.Errorf("no machine of %s", noun)
		}
	}
	for noun := range final {
		if !nouns[noun] {
			t.Errorf("no machine of %s", noun)
		}
	}
}

// A machine that Machines() does not list is drawn nowhere and searched by no test.
func TestMachines_AreAllListed(t *testing.T) {
	t.Parallel()
	var made, listed []string
	eachFile(t, func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, v := range n.Values {
					if ref, ok := v.(*ast.UnaryExpr); ok {
						v = ref.X
					}
					if lit, ok := v.(*ast.CompositeLit); ok {
						if of, ok := lit.Type.(*ast.Ident); ok && of.Name == "Machine" {
							made = append(made, n.Names[i].Name)
						}
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "Machines" {
					ast.Inspect(n.Body, func(n ast.Node) bool {
						if name, ok := n.(*ast.Ident); ok && name.Name != "Machine" {
							listed = append(listed, name.Name)
						}
						return true
					})
				}
			}
			return true
		})
	})
	if len(made) < 15 {
		t.Fatalf("only %v found: does the check still see them?", made)
	}
	for _, name := range made {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is not in Machines() (machine.go)", name)
		}
	}
}

// eachFile parses the sources of the package.
func eachFile(t *testing.T, see func(*ast.File)) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		see(file)
	}
}

// What Next answers is what the moves say: for every state, move and party.
func TestMachines_NextFollowsTheMoves(t *testing.T) {
	t.Parallel()
	for _, m := range Machines() {
		var parties []Party
		for _, v := range m.Moves {
			parties = append(parties, v.By...)
		}
		parties = append(parties, "nobody")
		for _, state := range m.States {
			for _, v := range m.Moves {
				for _, by := range parties {
					to, err := m.Next(state, v.Name, by)
					i := slices.IndexFunc(m.Moves, func(w Move) bool {
						return w.Name == v.Name && slices.Contains(w.By, by) && slices.Contains(w.From, state)
					})
					if (err == nil) != (i >= 0) || err == nil && to != m.Moves[i].To {
						t.Errorf("%s: %s of %s from %s leads to %q, %v", m.Noun, v.Name, by, state, to, err)
					}
					if slices.Contains(m.Allowed(state, by), v.Name) != (i >= 0) {
						t.Errorf("%s: what %s may do from %s does not agree with %s", m.Noun, by, state, v.Name)
					}
				}
			}
		}
	}
}

// The walk must be able to find each fault.
func TestMachines_FaultsAreFound(t *testing.T) {
	t.Parallel()
	by := []Party{Holder}
	for want, m := range map[string]*Machine{
		"far is never reached":           {States: []string{"near", "far"}, Start: []string{"near"}, Moves: []Move{{"back", by, []string{"far"}, "near"}, {"stay", by, []string{"near"}, "near"}}},
		"end is a dead end":              {States: []string{"start", "end"}, Start: []string{"start"}, Moves: []Move{{"go", by, []string{"start"}, "end"}}},
		"nobody can lead out of start":   {States: []string{"start", "end"}, Start: []string{"start"}, Moves: []Move{{"go", nil, []string{"start"}, "end"}}},
		"go has no actor":                {States: []string{"start"}, Start: []string{"start"}, Moves: []Move{{"go", []Party{}, []string{"start"}, "start"}}},
		"go names away, which is no sta": {States: []string{"start"}, Start: []string{"start"}, Moves: []Move{{"go", by, []string{"start"}, "away"}}},
		"go by holder from start twice":  {States: []string{"start", "end"}, Start: []string{"start"}, Moves: []Move{{"go", by, []string{"start"}, "end"}, {"go", by, []string{"start"}, "start"}}},
	} {
		m.Noun = "made up"
		if found := strings.Join(faults(m), "\n"); !strings.Contains(found, want) {
			t.Errorf("%q is not found, but %q", want, found)
		}
	}
}

const machinesFile = "../docs/state-machines.md"

func TestMachines_Generated(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(`# State machines

Generated from models.Machines(); do not edit (` + "`make generate`" + `). In brackets stands who makes a move; moves of the
*system* follow from another use case or from time. Every state can be reached, and every state that is not final has a way
out: a test walks them breadth first.
`)
	for _, m := range Machines() {
		fmt.Fprintf(&b, "\n## %s\n\n```mermaid\nstateDiagram-v2\n", strings.ReplaceAll(m.Noun, "_", " "))
		for _, state := range m.Start {
			fmt.Fprintf(&b, "  [*] --> %s\n", state)
		}
		for _, v := range m.Moves {
			by := "system"
			if len(v.By) > 0 {
				names := make([]string, len(v.By))
				for i, party := range v.By {
					names[i] = string(party)
				}
				by = strings.Join(names, " or ")
			}
			for _, from := range v.From {
				fmt.Fprintf(&b, "  %s --> %s: %s (%s)\n", from, v.To, v.Name, by)
			}
		}
		for _, state := range final[m.Noun] {
			fmt.Fprintf(&b, "  %s --> [*]\n", state)
		}
		b.WriteString("```\n")
	}
	if *update {
		if err := os.WriteFile(machinesFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(machinesFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != b.String() {
		t.Error("docs/state-machines.md is stale; run: make generate")
	}
}
