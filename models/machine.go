package models

import (
	"slices"
	"strings"
)

// Move is one arrow of a state machine: who may make it, from which states, where it leads.
type Move struct {
	Name string  // the last path segment, POST /<noun>s/{id}/<name>, or what the system does by itself
	By   []Party // empty: the system makes it as part of another use case
	From []string
	To   string
}

// Machine is the life of a resource as data, so that every one is drawn in the docs and
// searched for dead ends by the same code.
type Machine struct {
	Noun   string // of error codes and of the audit trail
	States []string
	Start  []string // states a new record may have
	Moves  []Move
}

// Next returns the state a move leads to. A move that is not possible from here is a
// conflict that names those that are; an unknown one is not found.
func (m *Machine) Next(state, name string, by Party) (string, error) {
	i := slices.IndexFunc(m.Moves, func(v Move) bool { return v.Name == name && len(v.By) > 0 })
	if i < 0 {
		return "", NotFound(m.Noun)
	}
	words := strings.ReplaceAll(m.Noun, "_", " ")
	if !slices.ContainsFunc(m.Moves, func(v Move) bool { return v.Name == name && slices.Contains(v.By, by) }) {
		return "", Fail(KindConflict, m.Noun+".other_party", "This step of the %s belongs to the other party.", words)
	}
	for _, v := range m.Moves {
		if v.Name == name && slices.Contains(v.By, by) && slices.Contains(v.From, state) {
			return v.To, nil
		}
	}
	possible := m.Allowed(state, by)
	for _, other := range m.parties() { // what it waits for may be the other party's to do
		if moves := m.Allowed(state, other); other != by && len(moves) > 0 {
			possible = append(possible, "by the "+strings.ReplaceAll(string(other), "_", " ")+" "+strings.Join(moves, ", "))
		}
	}
	if len(possible) == 0 {
		return "", Fail(KindConflict, m.Noun+".not_possible", "The %s is %s; nothing more can be done with it.", words, state)
	}
	return "", Fail(KindConflict, m.Noun+".not_possible", "The %s is %s; possible now: %s.", words, state, strings.Join(possible, ", "))
}

// parties are those who make moves, in the order of the moves.
func (m *Machine) parties() (all []Party) {
	for _, v := range m.Moves {
		for _, by := range v.By {
			if !slices.Contains(all, by) {
				all = append(all, by)
			}
		}
	}
	return all
}

// Unknown answers an action that the machine has not got, or that has an address of its own:
// it names those there are. It says nothing about any record.
func (m *Machine) Unknown(action string, elsewhere ...string) error {
	var names []string
	for _, v := range m.Moves {
		if len(v.By) > 0 && !slices.Contains(names, v.Name) && !slices.Contains(elsewhere, v.Name) {
			names = append(names, v.Name)
		}
	}
	if slices.Contains(names, action) {
		return nil
	}
	return Fail(KindNotFound, m.Noun+".not_found", "There is no such action. Those for a record of this kind (%s) are: %s.", strings.ReplaceAll(m.Noun, "_", " "), strings.Join(names, ", "))
}

// Allowed lists the moves the party can make now.
func (m *Machine) Allowed(state string, by Party) []string {
	var out []string
	for _, v := range m.Moves {
		if slices.Contains(v.By, by) && slices.Contains(v.From, state) && !slices.Contains(out, v.Name) {
			out = append(out, v.Name)
		}
	}
	return out
}

// Machines are all state machines, for the diagrams in the docs and the tests that walk them.
func Machines() []*Machine {
	return []*Machine{
		ReferralMachine,
		EpisodeMachine,
		TaskMachine,
		CustodySpellMachine, CustodyTransferMachine, ReleaseCaseMachine, NoticeMachine,
		DoseOrderMachine, DoseTransferMachine, DoubleDosingMachine,
		OverdoseMachine, KitMachine, AlertMachine, EWSReportMachine,
		AgreementMachine, PassMachine, VisitMachine, ConsentMachine,
	}
}
