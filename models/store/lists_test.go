package store

import (
	"maps"
	"slices"
	"testing"

	"jol/models"
	"jol/policies"
)

// The lists of this package that a new table can be forgotten in. What a table need not stand
// in, it is excused from here, with the reason.

// noHappening are columns that tie a row to a client and say nothing about its being in use.
var noHappening = map[string]string{
	"anchors.client_id":           "they date an episode, whose contacts and end count",
	"double_dosing.client_id":     "it follows from doses, which count",
	"linkage_entries.client_id":   "made with the client, dated by nothing",
	"disclosures.client_id":       "that others were told is not care, and reading must not keep a record for ever",
	"identity_changes.with_id":    "the other record's change: it counts for the record it is about",
	"custody_transfers.client_id": "the stay it belongs to counts",
}

// A row that dates something and is not among the happenings leaves a client due for erasure
// who was helped last year.
func TestRetention_KnowsWhatHappensToAClient(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, h := range happenings {
		known[h.table+"."+h.client] = true
	}
	columns := map[string]bool{}
	for _, tie := range ties {
		if tie.of != "" {
			continue
		}
		name := tie.table + "." + tie.column
		columns[name] = true
		if _, excused := noHappening[name]; excused == known[name] {
			t.Errorf("%s: give it a line in happenings (retention.go) or a reason in noHappening, and not both", name)
		}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(known)), slices.Collect(maps.Keys(noHappening))) {
		if !columns[name] {
			t.Errorf("%s ties nothing to a client (ties in erase.go)", name)
		}
	}
}

// keptAtErasure are the ties that erasure leaves alone.
var keptAtErasure = map[string]string{
	"tasks.subject_id":           "the client's own tasks go by client_id",
	"dose_transfers.consent_id":  "goes with from_client_id",
	"dose_transfers.order_id":    "goes with from_client_id",
	"consent_versions.client_id": "goes with its consent",
	"referrals.supervision_id":   "goes with from_client_id",
	"disclosures.client_id":      "the log is kept: random ids that lead nowhere any more",
	"disclosures.consent_id":     "the log is kept",
}

func TestErase_KeepsNothingWithoutAReason(t *testing.T) {
	t.Parallel()
	kept := map[string]bool{}
	for _, tie := range ties {
		name := tie.table + "." + tie.column
		if _, excused := keptAtErasure[name]; excused != (tie.how == eraseNot) {
			t.Errorf("%s: erasure does %q with it; eraseNot needs a reason in keptAtErasure, and nothing else has one", name, tie.how)
		}
		kept[name] = true
	}
	for name := range keptAtErasure {
		if !kept[name] {
			t.Errorf("%s is no tie", name)
		}
	}
}

// notToldWhenShut are tables that a consent reaches and whose rows nobody is told of one by one.
var notToldWhenShut = map[table]string{
	entryTable: "openedBy looks them up by the category of each",
	doseTable:  "they are read with their order, which is told",
	taskTable:  "no role reads tasks by consent",
	spellTable: "no role reads stays by consent: of its date and plan the release case tells",
}

// A table that a consent opens and openedBy does not know keeps its rows in the recipient's
// devices when the consent ends.
func TestChanges_EveryTableAConsentOpensIsShut(t *testing.T) {
	t.Parallel()
	told := map[table]bool{}
	for _, o := range opens {
		told[o.table] = true
		if _, ok := models.FeedKinds[o.kind]; !ok {
			t.Errorf("%s is not in models.FeedKinds", o.kind)
		}
	}
	s := &Session{store: &Store{opt: Options{Clock: models.Now, Zone: "Asia/Almaty"}}, actor: models.Actor{OrganisationID: "x", OrganisationKind: models.KindClinic}}
	reached := map[table]bool{}
	for _, tie := range ties {
		if s.reach(table(tie.table), models.Consented, models.CatTreatmentFact).sql != "" {
			reached[table(tie.table)] = true
		}
	}
	for reached := range reached {
		if _, excused := notToldWhenShut[reached]; excused == told[reached] {
			t.Errorf("%s is reached by consent: add it to opens (changes.go), or a reason to notToldWhenShut, and not both", reached)
		}
	}
	if len(reached) < len(opens)+len(notToldWhenShut) {
		t.Errorf("only %v are reached by consent: the check does not see them", reached)
	}
	p, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range models.Roles {
		for _, category := range []models.Category{models.CatTask, models.CatCustody} {
			if p.Grants(role).Through(category, models.Read, models.Consented) {
				t.Errorf("%s reads %s by consent: its table belongs into opens", role, category)
			}
		}
	}
}
