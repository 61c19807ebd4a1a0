package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// The state machine of the contract, written once more by hand: state → "party action" →
// next state. What is not here must be refused.
var machine = map[string]map[string]string{
	"sent": {
		"receiver receipt": "received", "receiver acceptance": "accepted", "receiver decline": "declined",
		"receiver info-request": "info_requested", "sender cancellation": "cancelled",
	},
	"received": {
		"receiver acceptance": "accepted", "receiver decline": "declined", "receiver info-request": "info_requested",
		"sender cancellation": "cancelled",
	},
	"info_requested": {"receiver acceptance": "accepted", "receiver decline": "declined", "sender cancellation": "cancelled"},
	"accepted": {
		"receiver appointment": "appointment_fixed", "receiver attendance": "attended", "receiver no-show": "no_show",
		"sender cancellation": "cancelled",
	},
	"appointment_fixed": {
		"receiver appointment": "appointment_fixed", "receiver attendance": "attended", "receiver no-show": "no_show",
		"sender cancellation": "cancelled",
	},
	"no_show": {
		"receiver appointment": "appointment_fixed", "sender re-engagement": "re_engagement", "receiver re-engagement": "re_engagement",
		"sender closure": "closed_lost", "receiver closure": "closed_lost",
	},
	"re_engagement": {"receiver appointment": "appointment_fixed", "sender closure": "closed_lost", "receiver closure": "closed_lost"},
	"attended":      {}, "declined": {}, "cancelled": {}, "closed_lost": {}, "consent_withdrawn": {},
}

var moves = []string{"receipt", "acceptance", "decline", "info-request", "appointment", "attendance", "no-show", "re-engagement", "closure", "cancellation"}

// pathsTo finds a shortest list of moves to each state.
func pathsTo() map[string][]string {
	paths := map[string][]string{"sent": {}}
	for queue := []string{"sent"}; len(queue) > 0; queue = queue[1:] {
		for _, move := range sortedKeys(machine[queue[0]]) {
			next := machine[queue[0]][move]
			if _, known := paths[next]; !known {
				paths[next] = append(slices.Clone(paths[queue[0]]), move)
				queue = append(queue, next)
			}
		}
	}
	return paths
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestReferralMachine_NamesEveryStateAndAction(t *testing.T) {
	t.Parallel()
	var names []string
	for _, m := range models.ReferralMachine.Moves {
		if len(m.By) > 0 {
			names = append(names, m.Name)
		}
	}
	if !slices.Equal(names, moves) {
		t.Errorf("the actions are %v", names)
	}
	if got := sortedKeys(machine); len(got) != len(models.ReferralStates) {
		t.Errorf("the states are %v", models.ReferralStates)
	}
	for _, state := range models.ReferralStates {
		open := len(machine[state]) > 0
		if slices.Contains(models.OpenReferralStates, state) != open {
			t.Errorf("%s is open: %v", state, !open)
		}
	}
}

// Every state is reached on both engines, and from it every move is tried by both parties.
func TestReferralMachine_AllowsExactlyTheContract(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		parties := map[string]Worker{"sender": c.As(models.RoleNurse, c.Clinic), "receiver": c.As(models.RoleNurse, c.Polyclinic)}
		handle := parties["sender"].Register(1)
		consent := parties["sender"].Give(handle, models.PurposeReferral, c.Polyclinic)
		paths := pathsTo()
		reach := func(state string) *store.SeenReferral {
			r := parties["sender"].Refer(handle, Asking(c.Polyclinic))
			for _, move := range paths[state] {
				party, action, _ := strings.Cut(move, " ")
				r = parties[party].Move(r, action)
			}
			return r
		}
		for _, state := range sortedKeys(machine) {
			if state == "consent_withdrawn" {
				continue // below: it ends the consent the others rest on
			}
			r := reach(state)
			if r.State != state {
				t.Fatalf("reached %s, want %s", r.State, state)
			}
			for _, party := range []string{"receiver", "sender"} {
				for _, action := range moves {
					r = tryOne(t, parties[party], party, action, r, func() *store.SeenReferral { return reach(state) })
				}
			}
		}
		open := reach("appointment_fixed")
		parties["sender"].Withdraw(consent.ID)
		for _, action := range moves {
			_, err := parties["sender"].TryMove(open.ID, open.Version+1, action)
			if !models.IsKind(err, models.KindConflict) {
				t.Errorf("%s of a withdrawn referral gives %v", action, err)
			}
		}
	})
}

// tryOne tries one move and returns a referral in the same state for the next.
func tryOne(t *testing.T, w Worker, party, action string, r *store.SeenReferral, fresh func() *store.SeenReferral) *store.SeenReferral {
	t.Helper()
	next, allowed := machine[r.State][party+" "+action]
	moved, err := w.TryMove(r.ID, r.Version, action)
	if allowed {
		if err != nil {
			t.Errorf("%s by %s from %s: %v", action, party, r.State, err)
			return r
		}
		if moved.State != next || moved.Version != r.Version+1 {
			t.Errorf("%s by %s from %s leads to %s version %d", action, party, r.State, moved.State, moved.Version)
		}
		return fresh()
	}
	if !models.IsKind(err, models.KindConflict) {
		t.Errorf("%s by %s from %s gives %v, want a conflict", action, party, r.State, err)
		return fresh()
	}
	if strings.Contains(err.Error(), "referral.other_party") {
		return r
	}
	for move := range machine[r.State] { // the refusal names what is possible
		if by, name, _ := strings.Cut(move, " "); by == party && !strings.Contains(err.Error(), name) {
			t.Errorf("%s from %s: %v does not name %s", action, r.State, err, name)
		}
	}
	return r
}

// Nobody has failed to come before the hour they were asked for.
func TestReferral_NoShowWaitsForTheAppointment(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, poly := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := poly.Move(poly.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance"), "appointment")
		c.now.Store(r.AppointmentAt.Add(-time.Millisecond).UnixMilli())
		_, err := poly.On(r.Version).MoveReferral(ctx, r.ID, "no-show", models.ReferralMove{}, store.Acceptance{})
		wantError(t, err, models.KindConflict, "referral.appointment_ahead")
		c.Advance(time.Millisecond)
		_, err = poly.On(r.Version).MoveReferral(ctx, r.ID, "no-show", models.ReferralMove{}, store.Acceptance{})
		must(t, err)
	})
}
