package models

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Every state of the machines of this part can be reached, and from every state but a
// final one somebody can go on.
func TestMachines_OfAccessHaveNoDeadStates(t *testing.T) {
	t.Parallel()
	final := map[string][]string{
		"agreement": {AgreementEnded}, "access_pass": {PassRevoked}, "visit": {"made", "cancelled"}, "consent": {ConsentRefused, ConsentWithdrawn, ConsentInvalid},
	}
	for _, m := range []*Machine{AgreementMachine, PassMachine, VisitMachine, ConsentMachine} {
		reached := slices.Clone(m.Start)
		for i := 0; i < len(reached); i++ {
			for _, v := range m.Moves {
				if slices.Contains(v.From, reached[i]) && !slices.Contains(reached, v.To) {
					reached = append(reached, v.To)
				}
				if !slices.Contains(m.States, v.To) {
					t.Errorf("%s: %s leads to %s, which is no state", m.Noun, v.Name, v.To)
				}
			}
		}
		for _, state := range m.States {
			if !slices.Contains(reached, state) {
				t.Errorf("%s: %s is never reached", m.Noun, state)
			}
			out := slices.ContainsFunc(m.Moves, func(v Move) bool { return slices.Contains(v.From, state) && len(v.By) > 0 })
			if out == slices.Contains(final[m.Noun], state) {
				t.Errorf("%s: %s has a way out: %v", m.Noun, state, out)
			}
		}
		if !slices.Contains(Machines(), m) {
			t.Errorf("%s is not listed", m.Noun)
		}
	}
}

func TestSlip_IsForOneDayAndOneStay(t *testing.T) {
	t.Parallel()
	key := []byte("a key")
	seen := map[string]bool{}
	for day := Date("2026-10-05"); day < "2026-12-05"; day = day.AddDays(1) {
		for _, id := range []string{"a", "b", "1\x002026-10-06"} {
			slip := DailySlip(key, day, id)
			if len(slip) != 8 || strings.Trim(slip, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
				t.Fatalf("%q", slip)
			}
			if seen[slip] {
				t.Errorf("%s comes twice", slip)
			}
			seen[slip] = true
			if slip != DailySlip(key, day, id) || slip == DailySlip([]byte("another"), day, id) {
				t.Error("a slip depends on the key, and on nothing that changes within the day")
			}
		}
	}
}

func TestBreakGlass_StateIsComputed(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)
	b := BreakGlass{UserID: "one", StartedAt: start, ExpiresAt: start.Add(time.Hour), ReviewDue: start.Add(ReviewHours * time.Hour)}
	for after, want := range map[time.Duration]string{
		0: "open", time.Hour - 1: "open", time.Hour: "to_review", 72 * time.Hour: "to_review", 72*time.Hour + 1: "overdue",
	} {
		if got := b.StateAt(start.Add(after)); got != want {
			t.Errorf("after %v: %s, want %s", after, got, want)
		}
	}
}
