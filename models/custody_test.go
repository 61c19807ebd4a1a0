package models

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// Every state of a machine is reached from a start, and from every state that is no end a
// move leads on.
func TestMachines_HaveNoDeadStates(t *testing.T) {
	t.Parallel()
	ends := map[string][]string{
		"custody_spell":    {SpellReleased, SpellTransferred, SpellUnplannedReleased, SpellDied, SpellEscaped, SpellNotAdmitted},
		"custody_transfer": {CustodyTransferConfirmed, CustodyTransferCancelled},
		"release_case":     {CaseClosed},
	}
	for _, m := range []*Machine{&CustodySpells, &CustodyTransfers, &ReleaseCases, &Notices} {
		reached := slices.Clone(m.Start)
		for i := 0; i < len(reached); i++ {
			for _, move := range m.Moves {
				if !slices.Contains(m.States, move.To) {
					t.Errorf("%s: %s leads to %s, which is no state", m.Noun, move.Name, move.To)
				}
				if slices.Contains(move.From, reached[i]) && !slices.Contains(reached, move.To) {
					reached = append(reached, move.To)
				}
			}
		}
		for _, state := range m.States {
			if !slices.Contains(reached, state) {
				t.Errorf("%s: %s is never reached", m.Noun, state)
			}
			leads := slices.ContainsFunc(m.Moves, func(v Move) bool { return slices.Contains(v.From, state) && v.To != state })
			if leads == slices.Contains(ends[m.Noun], state) {
				t.Errorf("%s: %s leads on: %v", m.Noun, state, leads)
			}
		}
	}
}

func TestRoleMailbox(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]bool{
		"duty@clinic.example": true, "dezhurny.klinika2@clinic.example": true, "on-call@a.b.example": true, "Nurse_Ward12@clinic.example": true,
		"aigul@clinic.example": false, "duty.aigul@clinic.example": false, "duty+aigul@clinic.example": false, "a.duty@clinic.example": false,
		"duty1984@clinic.example": false, "870112345678@clinic.example": false, "@clinic.example": false, "duty@": false, "duty@localhost": false,
		"duty@clinic..example": false, "duty@clinic.example\r\nBcc: x@y.z": false, "дежурный@clinic.example": false, "duty": false, "12@clinic.example": false,
		"duty@-clinic.example": false, "duty@clinic.example@x.example": false,
	} {
		if err := CheckDutyContact(ChannelEmail, target, 1, ContactRule{}); (err == nil) != want {
			t.Errorf("%q: %v", target, err)
		}
	}
}

func TestContactRule_ReachesNoInnerAddress(t *testing.T) {
	t.Parallel()
	opened := ContactRule{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450::1": true, "127.0.0.1": false, "::1": false, "10.0.0.1": false, "10.1.2.3": false, "192.168.1.1": false,
		"172.16.0.1": false, "169.254.169.254": false, "0.0.0.0": false, "100.64.0.1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"fe80::1": false, "fc00::1": false, "224.0.0.1": false, "255.255.255.255": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false,
	} {
		if (ContactRule{}).Reaches(netip.MustParseAddr(address)) != want {
			t.Errorf("%s: reached is not %v", address, want)
		}
	}
	if !opened.Reaches(netip.MustParseAddr("10.1.2.3")) || opened.Reaches(netip.MustParseAddr("10.2.2.3")) {
		t.Error("an opened network is not what is opened")
	}
	for target, want := range map[string]bool{
		"https://duty.example/jol": true, "https://8.8.8.8:8443/": true, "https://10.1.2.3/": false, "https://duty": false, "https://x.localhost/": false,
		"https:duty.example": false, "//duty.example": false, "https://": false, "https://duty.example/ x": false, "https://duty.example/#x": false,
	} {
		if err := CheckDutyContact(ChannelWebhook, target, 1, ContactRule{}); (err == nil) != want {
			t.Errorf("%q: %v", target, err)
		}
	}
	if CheckDutyContact(ChannelWebhook, "http://127.0.0.1:9/x", 1, ContactRule{Plain: true}) != nil || CheckDutyContact(ChannelWebhook, "http://10.0.0.1/", 1, ContactRule{Plain: true}) == nil {
		t.Error("the demo reaches its own machine and no other inner address")
	}
}

func TestDailySlip_IsAnotherEachDay(t *testing.T) {
	t.Parallel()
	a, b := DailySlip([]byte("key"), "2026-10-05", "spell"), DailySlip([]byte("key"), "2026-10-06", "spell")
	if a == b || a != DailySlip([]byte("key"), "2026-10-05", "spell") || a == DailySlip([]byte("other"), "2026-10-05", "spell") || len(a) != 8 {
		t.Errorf("%s %s", a, b)
	}
}

func TestReleaseCase_Risk(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)
	c := ReleaseCase{ReleasedAt: &at}
	for days, want := range map[int]string{0: "peak", 7: "peak", 8: "elevated", 28: "elevated", 29: "none"} {
		if got := c.Risk(at.AddDate(0, 0, days)); got != want {
			t.Errorf("day %d: %s", days, got)
		}
	}
}
