package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

// EntryHead is what every entry of the clinical record has. It takes the category of the
// view it is a part of.
type EntryHead struct {
	ID           string                `json:"id"`
	ClientCode   *string               `json:"clientCode"` // of the caller's own client
	Organisation models.OrganisationID `json:"organisation"`
	Episode      *string               `json:"episode"`    // to the organisation that wrote it
	Correction   *string               `json:"correction"` // why this version was made
	RecordedAt   time.Time             `json:"recordedAt"`
	Version      int64                 `json:"version"`
}

func entryHead(e store.SeenEntry) EntryHead {
	head := EntryHead{
		ID: e.EntryID, ClientCode: optional(e.ClientCode), Organisation: e.OrganisationID, Correction: optional(e.Correction),
		RecordedAt: e.CreatedAt, Version: e.Version,
	}
	if e.ClientCode != "" {
		head.Episode = optional(e.EpisodeID)
	}
	return head
}

// ScreeningView is a screening of the clinical record.
type ScreeningView struct {
	EntryHead        `cat:"screening"`
	models.Screening `cat:"screening"`
}

// AssessmentView is an assessment of the clinical record.
type AssessmentView struct {
	EntryHead         `cat:"diagnosis"`
	models.Assessment `cat:"diagnosis"`
}

// DiagnosisView is a diagnosis of the clinical record.
type DiagnosisView struct {
	EntryHead        `cat:"diagnosis"`
	models.Diagnosis `cat:"diagnosis"`
	ICD10            string `json:"icd10" cat:"diagnosis"` // derived
}

// SocialPlanView is a social plan of the clinical record.
type SocialPlanView struct {
	EntryHead         `cat:"planSocial"`
	models.SocialPlan `cat:"planSocial"`
}

// ClinicalPlanView is a clinical plan of the clinical record.
type ClinicalPlanView struct {
	EntryHead           `cat:"planClinical"`
	models.ClinicalPlan `cat:"planClinical"`
}

// InfectionTestView is an infection test of the clinical record.
type InfectionTestView struct {
	EntryHead  `cat:"infection"`
	On         models.Date  `json:"on" cat:"infection"`
	Test       string       `json:"test" cat:"infection"`
	Result     string       `json:"result" cat:"infection"`
	ReturnedOn *models.Date `json:"returnedOn" cat:"infection"`
	LinkedOn   *models.Date `json:"linkedOn" cat:"infection"`
}

// DrugTestView is a drug test of the clinical record.
type DrugTestView struct {
	EntryHead       `cat:"drugTest"`
	models.DrugTest `cat:"drugTest"`
}

// ObservationView is an observation of the clinical record.
type ObservationView struct {
	EntryHead          `cat:"withdrawal"`
	models.Observation `cat:"withdrawal"`
}

// MentalHealthCheckView is a mental health check of the clinical record.
type MentalHealthCheckView struct {
	EntryHead                `cat:"mentalHealth"`
	models.MentalHealthCheck `cat:"mentalHealth"`
}

// ReproductiveStatusView is a reproductive status of the clinical record.
type ReproductiveStatusView struct {
	EntryHead                 `cat:"reproductive"`
	models.ReproductiveStatus `cat:"reproductive"`
}

// CounsellingNoteView is a counselling note of the clinical record.
type CounsellingNoteView struct {
	EntryHead              `cat:"counselling"`
	models.CounsellingNote `cat:"counselling"`
}

// ContactView is a contact of the clinical record.
type ContactView struct {
	EntryHead      `cat:"attendance"`
	models.Contact `cat:"attendance"`
}

// NaloxoneTrainingView is a naloxone training of the clinical record.
type NaloxoneTrainingView struct {
	EntryHead               `cat:"naloxone"`
	models.NaloxoneTraining `cat:"naloxone"`
}

// AttendanceView is what readers outside care learn of a contact: that it took place. What
// was handed out would tell them more than attendance.
type AttendanceView struct {
	ID           string                `json:"id" cat:"attendance"`
	Organisation models.OrganisationID `json:"organisation" cat:"attendance"`
	On           models.Date           `json:"on" cat:"attendance"`
	Attended     bool                  `json:"attended" cat:"attendance"`
}

// entryAnswer picks the response type of an entry.
func entryAnswer(e store.SeenEntry) any {
	head := entryHead(e)
	switch x := e.Content.(type) {
	case *models.Screening:
		return ScreeningView{head, *x}
	case *models.Assessment:
		return AssessmentView{head, *x}
	case *models.Diagnosis:
		icd10, _ := models.ICD10FromICD11(x.ICD11)
		return DiagnosisView{head, *x, icd10}
	case *models.SocialPlan:
		return SocialPlanView{head, *x}
	case *models.ClinicalPlan:
		return ClinicalPlanView{head, *x}
	case *models.InfectionTest:
		return InfectionTestView{head, x.On, x.Test, x.Result, optional(x.ReturnedOn), optional(x.LinkedOn)}
	case *models.DrugTest:
		return DrugTestView{head, *x}
	case *models.Observation:
		return ObservationView{head, *x}
	case *models.MentalHealthCheck:
		return MentalHealthCheckView{head, *x}
	case *models.ReproductiveStatus:
		return ReproductiveStatusView{head, *x}
	case *models.CounsellingNote:
		return CounsellingNoteView{head, *x}
	case *models.Contact:
		if !e.Whole {
			return AttendanceView{ID: e.EntryID, Organisation: e.OrganisationID, On: x.On, Attended: x.Attended()}
		}
		return ContactView{head, *x}
	case *models.NaloxoneTraining:
		return NaloxoneTrainingView{head, *x}
	}
	return nil
}
