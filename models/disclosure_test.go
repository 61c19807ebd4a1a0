package models

import "testing"

// Every entry of the log says whether the client was told, and if not, why; each ground and
// reason that the service writes is in its code list.
func TestDisclosure_SaysWhetherTheClientWasTold(t *testing.T) {
	t.Parallel()
	for _, ground := range []string{string(Team), string(InCustody), string(Emergency), HeldBySender, "continuity_of_care", "court_duty", "imminent_danger"} {
		d := Disclosure{Ground: ground}
		d.Complete()
		if !InList("disclosure_ground", ground) || d.ClientTold || !InList("disclosure_not_told", d.NotToldReason) {
			t.Errorf("%s: %+v", ground, d)
		}
	}
	for want, d := range map[string]Disclosure{"": {ConsentID: "k"}, "danger": {Ground: "emergency", NotToldReason: "danger"}} {
		if d.Complete(); d.ClientTold != (want == "") || d.NotToldReason != want {
			t.Errorf("%q: %+v", want, d)
		}
	}
}

// What only the service does cannot be entered by hand as a legal ground.
func TestNewDisclosure_TakesLegalGroundsOnly(t *testing.T) {
	t.Parallel()
	no := false
	for _, ground := range []string{"team", "custody", "emergency", "held_by_sender", "continuity_of_care"} {
		n := NewDisclosure{Recipient: "police", Categories: []Category{CatInfection}, Ground: ground, ClientTold: &no, NotToldReason: "danger"}
		if err := n.Check(); err == nil {
			t.Errorf("%s was taken", ground)
		}
	}
	n := NewDisclosure{Recipient: "police", Categories: []Category{CatInfection}, Ground: "lawful_request", ClientTold: &no, NotToldReason: "not_recorded"}
	if err := n.Check(); err == nil {
		t.Error("nobody recorded it: taken as a reason")
	}
}
