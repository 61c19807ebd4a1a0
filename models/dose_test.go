package models

import (
	"slices"
	"testing"
	"time"
)

func TestMicrograms_RoundsNothingInSilence(t *testing.T) {
	t.Parallel()
	for mg, want := range map[float64]int64{80: 80_000, 0.1: 100, 12.345: 12_345, 2.7: 2_700, 0.001: 1, 1_000_000: 1_000_000_000} {
		if ug, ok := Micrograms(mg); !ok || ug != want {
			t.Errorf("%v mg is %d, %v", mg, ug, ok)
		}
	}
	for _, mg := range []float64{0, -1, 0.0001, 12.3456, 1_000_001, 1e308} {
		if ug, ok := Micrograms(mg); ok {
			t.Errorf("%v mg is %d", mg, ug)
		}
	}
	for ug := int64(1); ug < 400_000; ug++ { // whatever three decimals can say
		if got, ok := Micrograms(float64(ug) / 1000); !ok || got != ug {
			t.Fatalf("%d came back as %d, %v", ug, got, ok)
		}
	}
}

// Breadth first from the start: every state can be reached and every state that is not an
// end can be left.
func TestMachines_HaveNoDeadState(t *testing.T) {
	t.Parallel()
	ends := map[string][]string{
		"dose_order": {OrderEnded}, "dose_transfer": {TransferFirstDose, TransferDeclined, TransferCancelled}, "double_dosing": {"settled"},
	}
	for _, m := range []*Machine{DoseOrderMachine, DoseTransferMachine, DoubleDosingMachine} {
		reached := slices.Clone(m.Start)
		for i := 0; i < len(reached); i++ {
			leaves := false
			for _, v := range m.Moves {
				if !slices.Contains(v.From, reached[i]) {
					continue
				}
				leaves = leaves || v.To != reached[i]
				if !slices.Contains(reached, v.To) {
					reached = append(reached, v.To)
				}
			}
			if leaves == slices.Contains(ends[m.Noun], reached[i]) {
				t.Errorf("%s: %s is left: %v", m.Noun, reached[i], leaves)
			}
		}
		slices.Sort(reached)
		if all := slices.Sorted(slices.Values(m.States)); !slices.Equal(all, reached) {
			t.Errorf("%s: reached %v of %v", m.Noun, reached, all)
		}
	}
}

func TestDoseEvent_TakenHomeReachesAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)
	e := DoseEvent{At: at, TakeHomeDays: 2}
	for hours, days := range map[int]int{0: 0, 23: 0, 24: 1, 47: 1, 48: 2, 500: 2} {
		if got := e.TakenUntil(at.Add(time.Duration(hours) * time.Hour)); !got.Equal(at.AddDate(0, 0, days)) {
			t.Errorf("after %d hours the last dose was at %v", hours, got)
		}
	}
}

// A schedule without published bands always asks, once a dose was missed.
func TestDose_NoRuleAsks(t *testing.T) {
	t.Parallel()
	rules := DoseRules{Guards: func(string) []DoseGuard { return nil }}
	n := NewDose{Status: DoseGiven, DoseUg: 100_000}
	o := &DoseOrder{Medicine: "buprenorphine_depot", DoseUg: 100_000, State: OrderActive}
	for missed, want := range map[int][]string{0: {}, 1: {GuardAfterGap}} {
		if outside, _ := n.Guard(o, DoseDay{GapBefore: &DoseGap{Band: "no_rule", MissedDoses: missed}}, rules); !slices.Equal(outside, want) {
			t.Errorf("%d missed: %v", missed, outside)
		}
	}
}
