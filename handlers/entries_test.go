package handlers

import (
	"encoding/json"
	"testing"

	"jol/models"
	"jol/models/store"
)

// Readers outside care learn that a contact took place, and not what was handed out.
func TestEntryAnswer_OutsideCareSeesAttendance(t *testing.T) {
	t.Parallel()
	contact := &models.Contact{On: "2026-10-05", Intervention: "NSP", Setting: "community", Appointment: "attended", Syringes: 20}
	e := store.SeenEntry{Entry: models.Entry{EntryID: "e", OrganisationID: "o", Kind: models.EntryContact}, Content: contact}
	got, err := json.Marshal(entryAnswer(e))
	if want := `{"id":"e","organisation":"o","on":"2026-10-05","attended":true}`; err != nil || string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	e.Whole = true
	if _, whole := entryAnswer(e).(ContactView); !whole {
		t.Error("care sees less")
	}
}

// Every kind has an answer, and a member of the correction.
func TestEntryAnswer_KnowsEveryKind(t *testing.T) {
	t.Parallel()
	in := correctionRequest{
		Screening: &screeningRequest{}, Assessment: &assessmentRequest{}, Diagnosis: &diagnosisRequest{}, SocialPlan: &socialPlanRequest{},
		ClinicalPlan: &clinicalPlanRequest{}, InfectionTest: &infectionTestRequest{}, DrugTest: &drugTestRequest{}, Observation: &observationRequest{},
		MentalHealthCheck: &mentalHealthCheckRequest{}, ReproductiveStatus: &reproductiveStatusRequest{}, CounsellingNote: &counsellingNoteRequest{},
		Contact: &contactEntryRequest{}, NaloxoneTraining: &naloxoneTrainingRequest{},
	}
	kinds := map[models.EntryKind]bool{}
	for _, content := range []models.EntryContent{
		in.Screening.content(), in.Assessment.content(), in.Diagnosis.content(), in.SocialPlan.content(), in.ClinicalPlan.content(),
		in.InfectionTest.content(), in.DrugTest.content(), in.Observation.content(), in.MentalHealthCheck.content(), in.ReproductiveStatus.content(),
		in.CounsellingNote.content(), in.Contact.content(), in.NaloxoneTraining.content(),
	} {
		kinds[content.Kind()] = true
		if entryAnswer(store.SeenEntry{Content: content, Whole: true}) == nil {
			t.Errorf("%s has no answer", content.Kind())
		}
	}
	if len(kinds) != len(models.EntryKinds()) {
		t.Errorf("%d kinds of %d", len(kinds), len(models.EntryKinds()))
	}
	if _, err := in.part(); !models.IsKind(err, models.KindInvalid) {
		t.Errorf("many contents at once: %v", err)
	}
}
