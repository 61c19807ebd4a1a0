package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"jol/models"
)

// An outbox from the field races the withdrawal of what its commands rest on: whoever wins,
// each command is answered for itself, none is lost, and no referral is left open on a
// consent that is gone.
func TestRace_AnOutboxAgainstAWithdrawal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		doctor, ngo := w.as(t, models.RoleClinician), w.as(t, models.RoleNGOOutreach)
		_, sender := w.enrol(t, ngo)
		_, receiver := w.enrol(t, doctor)
		away, abroad := w.again(t, ngo), w.again(t, doctor) // signed in on their devices
		ended := map[string]int{}
		for round := range 8 {
			code := w.register(t, ngo, 100+round)
			consent := w.consent(t, ngo, code, w.Clinic)
			there := w.refer(t, ngo, code, w.Clinic, "")
			create := func() object {
				return w.command("referral.create", object{}, object{"clientCode": code, "toOrganisation": w.Clinic.ID, "reason": "step_up", "urgency": "routine", "needs": []string{"oat"}, "note": ""})
			}
			sent := []Scenario{
				outbox(away, sender, http.StatusOK, create(), create()),
				outbox(abroad, receiver, http.StatusOK, w.command("referral.change", object{"id": there, "action": "acceptance"}, object{}).on(1)),
				{Method: http.MethodPost, Path: "/api/v1/consents/" + consent + "/withdrawal", Token: ngo.Token, Status: http.StatusOK},
			}
			answers := make([]Answer, len(sent))
			var wg sync.WaitGroup
			for i := range sent {
				wg.Go(func() { answers[i] = sent[i].send(t, w.base) })
			}
			wg.Wait()
			for i, a := range answers {
				if a.Status != sent[i].Status {
					t.Fatalf("%s: %d %s", sent[i].Path, a.Status, a.Body)
				}
			}
			for i, n := range []int{2, 1} {
				var answer struct{ Results []syncResult }
				answers[i].Into(t, &answer)
				if len(answer.Results) != n {
					t.Errorf("%d results for %d commands", len(answer.Results), n)
				}
				for _, status := range statuses(answer.Results) {
					ended[status]++
					kind, why, _ := strings.Cut(status, " ")
					if kind == "conflict" && why != "referral.consent_required" && why != "consent.not_in_force" && why != "referral.not_possible" && why != "precondition.version" ||
						kind != "conflict" && kind != "accepted" {
						t.Errorf("a command ended as %s", status)
					}
				}
			}
		}
		if n := w.n(t, "referrals r JOIN consents k ON k.id = r.consent_id WHERE k.state = 'withdrawn' AND r.state <> 'consent_withdrawn'"); n != 0 {
			t.Errorf("%d referrals are open on a consent that was withdrawn", n)
		}
		kept := 0
		for status, n := range ended {
			if strings.HasPrefix(status, "conflict") {
				kept += n
			}
		}
		if n := w.n(t, "sync_conflicts WHERE state = 'waiting'"); n != kept {
			t.Errorf("%d commands met another state, %d wait in the inbox", kept, n)
		}
	})
}
