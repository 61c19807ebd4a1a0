package handlers

import "jol/models"

// RecordScreening records a screening result: ASSIST, AUDIT or DUDIT, by items or score; the band is computed.
//
//	@Summary	Record screening
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		screeningRequest	true	"a screening result"
//	@Success	201		{object}	ScreeningView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/screenings [post]
func RecordScreening(c *Call) error { return recordEntry[screeningRequest](c) }

// ListScreenings lists those about the person behind a client that the caller may see.
//
//	@Summary	Screening results of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ScreeningView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/screenings [get]
func ListScreenings(c *Call) error { return listEntries(c, models.EntryScreening) }

// RecordAssessment records an assessment: the TDI items that the episode does not hold; warnings say what does not fit together.
//
//	@Summary	Record assessment
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		assessmentRequest	true	"an assessment"
//	@Success	201		{object}	AssessmentView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/assessments [post]
func RecordAssessment(c *Call) error { return recordEntry[assessmentRequest](c) }

// ListAssessments lists those about the person behind a client that the caller may see.
//
//	@Summary	Assessments of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[AssessmentView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/assessments [get]
func ListAssessments(c *Call) error { return listEntries(c, models.EntryAssessment) }

// RecordDiagnosis records a diagnosis: ICD-11 is stored, ICD-10 follows from it.
//
//	@Summary	Record diagnosis
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		diagnosisRequest	true	"a diagnosis"
//	@Success	201		{object}	DiagnosisView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/diagnoses [post]
func RecordDiagnosis(c *Call) error { return recordEntry[diagnosisRequest](c) }

// ListDiagnoses lists those about the person behind a client that the caller may see.
//
//	@Summary	Diagnoses of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DiagnosisView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/diagnoses [get]
func ListDiagnoses(c *Call) error { return listEntries(c, models.EntryDiagnosis) }

// RecordSocialPlan records the social part of a plan.
//
//	@Summary	Record social plan
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		socialPlanRequest	true	"the social part of a plan"
//	@Success	201		{object}	SocialPlanView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/social-plans [post]
func RecordSocialPlan(c *Call) error { return recordEntry[socialPlanRequest](c) }

// ListSocialPlans lists those about the person behind a client that the caller may see.
//
//	@Summary	Social plans of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[SocialPlanView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/social-plans [get]
func ListSocialPlans(c *Call) error { return listEntries(c, models.EntrySocialPlan) }

// RecordClinicalPlan records the clinical part of a plan.
//
//	@Summary	Record clinical plan
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		clinicalPlanRequest	true	"the clinical part of a plan"
//	@Success	201		{object}	ClinicalPlanView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/clinical-plans [post]
func RecordClinicalPlan(c *Call) error { return recordEntry[clinicalPlanRequest](c) }

// ListClinicalPlans lists those about the person behind a client that the caller may see.
//
//	@Summary	Clinical plans of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ClinicalPlanView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/clinical-plans [get]
func ListClinicalPlans(c *Call) error { return listEntries(c, models.EntryClinicalPlan) }

// RecordTest records a test for an infection.
//
//	@Summary	Record infection test
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		infectionTestRequest	true	"a test for an infection"
//	@Success	201		{object}	InfectionTestView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/tests [post]
func RecordTest(c *Call) error { return recordEntry[infectionTestRequest](c) }

// ListTests lists those about the person behind a client that the caller may see.
//
//	@Summary	Tests for infections of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[InfectionTestView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/tests [get]
func ListTests(c *Call) error { return listEntries(c, models.EntryTest) }

// RecordDrugTest records a clinical drug test.
//
//	@Summary	Record drug test
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		drugTestRequest	true	"a clinical drug test"
//	@Success	201		{object}	DrugTestView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/drug-tests [post]
func RecordDrugTest(c *Call) error { return recordEntry[drugTestRequest](c) }

// ListDrugTests lists those about the person behind a client that the caller may see.
//
//	@Summary	Drug tests of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[DrugTestView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/drug-tests [get]
func ListDrugTests(c *Call) error { return listEntries(c, models.EntryDrugTest) }

// RecordObservation records withdrawal signs on COWS or CIWA-Ar; the band is computed.
//
//	@Summary	Record observation
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		observationRequest	true	"withdrawal signs on COWS or CIWA-Ar"
//	@Success	201		{object}	ObservationView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/observations [post]
func RecordObservation(c *Call) error { return recordEntry[observationRequest](c) }

// ListObservations lists those about the person behind a client that the caller may see.
//
//	@Summary	Withdrawal observations of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ObservationView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/observations [get]
func ListObservations(c *Call) error { return listEntries(c, models.EntryObservation) }

// RecordMentalHealthCheck records a look at mental health and suicide risk.
//
//	@Summary	Record mental health check
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		mentalHealthCheckRequest	true	"a look at mental health and suicide risk"
//	@Success	201		{object}	MentalHealthCheckView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/mental-health-checks [post]
func RecordMentalHealthCheck(c *Call) error { return recordEntry[mentalHealthCheckRequest](c) }

// ListMentalHealthChecks lists those about the person behind a client that the caller may see.
//
//	@Summary	Mental health checks of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[MentalHealthCheckView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/mental-health-checks [get]
func ListMentalHealthChecks(c *Call) error { return listEntries(c, models.EntryMentalHealth) }

// RecordReproductiveStatus records whether the client is pregnant.
//
//	@Summary	Record reproductive status
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		reproductiveStatusRequest	true	"whether the client is pregnant"
//	@Success	201		{object}	ReproductiveStatusView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/reproductive-statuses [post]
func RecordReproductiveStatus(c *Call) error { return recordEntry[reproductiveStatusRequest](c) }

// ListReproductiveStatuses lists those about the person behind a client that the caller may see.
//
//	@Summary	Reproductive statuses of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ReproductiveStatusView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/reproductive-statuses [get]
func ListReproductiveStatuses(c *Call) error { return listEntries(c, models.EntryReproductive) }

// RecordCounsellingNote records a counselling note; its text is screened.
//
//	@Summary	Record counselling note
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		counsellingNoteRequest	true	"a counselling note"
//	@Success	201		{object}	CounsellingNoteView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/counselling-notes [post]
func RecordCounsellingNote(c *Call) error { return recordEntry[counsellingNoteRequest](c) }

// ListCounsellingNotes lists those about the person behind a client that the caller may see.
//
//	@Summary	Counselling notes of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[CounsellingNoteView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/counselling-notes [get]
func ListCounsellingNotes(c *Call) error { return listEntries(c, models.EntryCounselling) }

// RecordClientContact records a contact and what was handed out; of an attended one the open episode's last contact follows.
//
//	@Summary	Record contact
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		contactEntryRequest	true	"a contact and what was handed out"
//	@Success	201		{object}	ContactView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/contacts [post]
func RecordClientContact(c *Call) error { return recordEntry[contactEntryRequest](c) }

// ListContacts lists those about the person behind a client that the caller may see.
//
//	@Summary	Contacts of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[ContactView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/contacts [get]
func ListContacts(c *Call) error { return listEntries(c, models.EntryContact) }

// RecordNaloxoneTraining records training in naloxone.
//
//	@Summary	Record naloxone training
//	@Tags		record
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		body	body		naloxoneTrainingRequest	true	"training in naloxone"
//	@Success	201		{object}	NaloxoneTrainingView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/naloxone-trainings [post]
func RecordNaloxoneTraining(c *Call) error { return recordEntry[naloxoneTrainingRequest](c) }

// ListNaloxoneTrainings lists those about the person behind a client that the caller may see.
//
//	@Summary	Naloxone trainings of a client
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[NaloxoneTrainingView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/naloxone-trainings [get]
func ListNaloxoneTrainings(c *Call) error { return listEntries(c, models.EntryTraining) }
