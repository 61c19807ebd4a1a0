package api

import (
	"net/http"

	"jol/handlers"
	"jol/models"
)

// Route is one entry of the route table. There is no default: a path without an
// entry does not exist, and an entry without a category and verb lets nobody in
// unless it says AnyRole.
type Route struct {
	Method string
	Path   string // with :name parameters

	// Exactly one of the two is set. A public handler needs no account and cannot
	// reach client data by type.
	Public publicCall
	Scoped scopedCall

	// Category and Verb are what policies.Allow is asked for, once per request.
	Category models.Category
	Verb     models.Verb
	// AnyRole marks the few scoped routes that every signed-in user may call.
	AnyRole bool
	// Drafts lets a protocol editor who sends a token to a public route see there what is
	// not public yet.
	Drafts bool
	// Facilities marks a public route on which a caller who sends a token may name an
	// organisation of the directory.
	Facilities bool
	// Action is what the audit trail calls a denied request: noun.verb.
	Action string

	Create bool // needs an Idempotency-Key
	Change bool // needs an If-Match

	// Runs lets the handler carry out commands from the field: other routes of this table.
	Runs bool
	// Command is the type under which the route may be called from the field (POST /sync);
	// empty: it may not. Current is the path that reads the record it changes, with the same
	// parameters, shown at a conflict. Adds: it adds to the record, whatever its version.
	// Occurs names the member of the body that takes the time the command happened when the
	// body gives none: "on" for a civil date, any other for a time; OccursIn the one action
	// that has the member, where the others have none. Reason names the member that takes a
	// reason the route may ask for: without it the command waits in the inbox, and whoever
	// resolves it gives one. Unkept: the body may not wait in the inbox of conflicts.
	Command  string
	Current  string
	Adds     bool
	Occurs   string
	OccursIn string
	Reason   string
	Unkept   bool

	Query     []string // the query parameters it takes; any other is refused
	FreeQuery bool     // the handler judges the query itself
	MaxBody   int64    // bytes, when the common limit does not fit
}

// Routes is the route table, grouped by resource.
var Routes = []Route{
	{Method: "GET", Path: "/api/v1/protocols", Public: handlers.ListProtocols, Query: []string{"lang"}},
	{Method: "GET", Path: "/api/v1/protocols/:slug", Public: handlers.GetProtocol, Drafts: true, Query: []string{"role", "setting", "lang", "edition"}},
	{Method: "GET", Path: "/api/v1/protocols/:slug/graph.svg", Public: handlers.GetGraph, Query: []string{"lang"}},
	{Method: "GET", Path: "/api/v1/protocols/:slug/steps/:step", Public: handlers.GetStep, Drafts: true, Query: []string{"lang", "edition"}},
	{Method: "GET", Path: "/api/v1/protocol-search", Public: handlers.SearchProtocols, Query: []string{"q", "lang", "role", "setting", "phase", "limit"}},
	{Method: "GET", Path: "/api/v1/interface-words", Public: handlers.GetInterfaceWords, Query: []string{"lang"}},
	{Method: "GET", Path: "/api/v1/protocols/:slug/facts", Public: handlers.GetFacts, Query: []string{"lang"}},
	// Stateless, so there is nothing to create twice and no Idempotency-Key.
	{Method: "POST", Path: "/api/v1/protocols/:slug/evaluations", Public: handlers.EvaluateProtocol, Facilities: true, Query: []string{"lang"}, MaxBody: 32 << 10},

	{Method: "GET", Path: "/api/v1/protocols/:slug/editions", Public: handlers.ListEditions, Drafts: true},
	{Method: "GET", Path: "/api/v1/protocols/:slug/editions/:edition", Public: handlers.GetEdition, Drafts: true},
	{Method: "GET", Path: "/api/v1/protocols/:slug/editions/:edition/bundle", Public: handlers.GetBundle, Drafts: true},
	{Method: "GET", Path: "/api/v1/protocols/:slug/diff", Public: handlers.GetDiff, Drafts: true, Query: []string{"from", "to"}},
	{Method: "GET", Path: "/api/v1/protocols/:slug/impact", Scoped: handlers.GetImpact, Category: models.CatProtocol, Verb: models.Read,
		Action: "edition.impact", Query: []string{"from", "to", "limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/protocols/:slug/editions", Scoped: handlers.ImportEdition, Category: models.CatProtocol, Verb: models.Create,
		Action: "edition.create", Create: true, MaxBody: 4 << 20},
	{Method: "POST", Path: "/api/v1/protocols/:slug/editions/:edition/clinical-review", Scoped: handlers.ReviewClinically,
		Category: models.CatProtocol, Verb: models.Change, Action: "edition.clinical_review", Change: true},
	{Method: "POST", Path: "/api/v1/protocols/:slug/editions/:edition/language-review", Scoped: handlers.ReviewLanguage,
		Category: models.CatProtocol, Verb: models.Change, Action: "edition.language_review", Change: true},
	{Method: "POST", Path: "/api/v1/protocols/:slug/editions/:edition/approval", Scoped: handlers.ApproveEdition,
		Category: models.CatProtocol, Verb: models.Approve, Action: "edition.approval", Change: true},
	{Method: "POST", Path: "/api/v1/protocols/:slug/editions/:edition/publication", Scoped: handlers.PublishEdition,
		Category: models.CatProtocol, Verb: models.Approve, Action: "edition.publication", Change: true},
	{Method: "POST", Path: "/api/v1/protocols/:slug/editions/:edition/withdrawal", Scoped: handlers.WithdrawEdition,
		Category: models.CatProtocol, Verb: models.Approve, Action: "edition.withdrawal", Change: true},

	{Method: "GET", Path: "/api/v1/facility-limits", Scoped: handlers.ListFacilityLimits, Category: models.CatProtocol, Verb: models.Read,
		Action: "facility_limit.read", Query: []string{"organisation", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/facility-limits/:id", Scoped: handlers.GetFacilityLimit, Category: models.CatProtocol, Verb: models.Read,
		Action: "facility_limit.read"},
	{Method: "POST", Path: "/api/v1/facility-limits", Scoped: handlers.SetFacilityLimit, Category: models.CatProtocol, Verb: models.Create,
		Action: "facility_limit.create", Create: true},
	{Method: "POST", Path: "/api/v1/facility-limits/:id/end", Scoped: handlers.EndFacilityLimit, Category: models.CatProtocol, Verb: models.Change,
		Action: "facility_limit.end", Change: true},

	{Method: "GET", Path: "/api/v1/code-lists", Public: handlers.ListCodeLists},
	{Method: "GET", Path: "/api/v1/code-lists/:id", Public: handlers.GetCodeList},

	{Method: "GET", Path: "/fhir/metadata", Public: handlers.GetCapabilities, Query: []string{"_format"}},
	{Method: "GET", Path: "/fhir/PlanDefinition", Public: handlers.SearchPlanDefinitions, Query: fhirSearch},
	{Method: "GET", Path: "/fhir/PlanDefinition/:slug", Public: handlers.GetPlanDefinition, Query: []string{"_format"}},
	{Method: "GET", Path: "/fhir/ActivityDefinition", Public: handlers.SearchActivityDefinitions, Query: fhirSearch},
	{Method: "GET", Path: "/fhir/ActivityDefinition/:step", Public: handlers.GetActivityDefinition, Query: []string{"_format"}},

	{Method: "POST", Path: "/api/v1/tokens", Public: handlers.CreateToken, MaxBody: 4 << 10},
	{Method: "DELETE", Path: "/api/v1/tokens/current", Scoped: handlers.RevokeToken, AnyRole: true, Action: "token.revoke"},
	{Method: "GET", Path: "/api/v1/me", Scoped: handlers.GetMe, AnyRole: true, Action: "me.read"},

	{Method: "GET", Path: "/api/v1/organisations", Scoped: handlers.ListOrganisations, Category: models.CatOrganisation, Verb: models.Read,
		Action: "organisation.read", Query: []string{"kind", "region", "service", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/organisations/:id", Scoped: handlers.GetOrganisation, Category: models.CatOrganisation, Verb: models.Read,
		Action: "organisation.read"},
	{Method: "POST", Path: "/api/v1/organisations", Scoped: handlers.CreateOrganisation, Category: models.CatOrganisation, Verb: models.Create,
		Action: "organisation.create", Create: true},
	{Method: "PATCH", Path: "/api/v1/organisations/:id", Scoped: handlers.ChangeOrganisation, Category: models.CatOrganisation, Verb: models.Change,
		Action: "organisation.change", Change: true},

	{Method: "GET", Path: "/api/v1/users", Scoped: handlers.ListUsers, Category: models.CatUser, Verb: models.Read,
		Action: "user.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/colleagues", Scoped: handlers.ListColleagues, Category: models.CatOrganisation, Verb: models.Read,
		Action: "colleague.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/users", Scoped: handlers.CreateUser, Category: models.CatUser, Verb: models.Create,
		Action: "user.create", Create: true},
	{Method: "PATCH", Path: "/api/v1/users/:id", Scoped: handlers.ChangeUser, Category: models.CatUser, Verb: models.Change,
		Action: "user.change", Change: true},

	{Method: "POST", Path: "/api/v1/clients", Scoped: handlers.RegisterClient, Category: models.CatIdentity, Verb: models.Create,
		Action: "client.create", Create: true, Command: "client.create", Unkept: true}, // initials never wait
	{Method: "GET", Path: "/api/v1/clients/:code", Scoped: handlers.GetClient, Category: models.CatIdentity, Verb: models.Read,
		Action: "client.read"},
	{Method: "GET", Path: "/api/v1/clients/:code/pathway", Scoped: handlers.GetPathway, Category: models.CatIdentity, Verb: models.Read,
		Action: "pathway.read"},
	{Method: "POST", Path: "/api/v1/clients/:code/identity-changes", Scoped: handlers.RequestIdentityChange, Category: models.CatIdentity, Verb: models.Change,
		Action: "identity_change.create", Create: true},
	{Method: "GET", Path: "/api/v1/identity-changes", Scoped: handlers.ListIdentityChanges, Category: models.CatIdentity, Verb: models.Approve,
		Action: "identity_change.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/identity-changes/:id/approval", Scoped: handlers.ApproveIdentityChange, Category: models.CatIdentity, Verb: models.Approve,
		Action: "identity_change.approve", Change: true},

	{Method: "POST", Path: "/api/v1/clients/:code/consents", Scoped: handlers.GiveConsent, Category: models.CatConsent, Verb: models.Create,
		Action: "consent.create", Create: true, Command: "consent.create", Current: "/api/v1/clients/:code"},
	{Method: "GET", Path: "/api/v1/consents/:id", Scoped: handlers.GetConsent, Category: models.CatConsent, Verb: models.Read,
		Action: "consent.read"},
	{Method: "GET", Path: "/api/v1/clients/:code/consents", Scoped: handlers.ListConsents, Category: models.CatConsent, Verb: models.Read,
		Action: "consent.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/consents/:id/versions", Scoped: handlers.ListConsentVersions, Category: models.CatConsent, Verb: models.Read,
		Action: "consent.read"},
	{Method: "POST", Path: "/api/v1/consents/:id/invalidity", Scoped: handlers.InvalidateConsent, Category: models.CatConsent, Verb: models.Change,
		Action: "consent.invalidate"},
	// A withdrawal needs no If-Match: nothing may stand in its way, and it can be repeated.
	{Method: "POST", Path: "/api/v1/consents/:id/withdrawal", Scoped: handlers.WithdrawConsent, Category: models.CatConsent, Verb: models.Change,
		Action: "consent.withdraw", Command: "consent.withdraw", Current: "/api/v1/consents/:id"},
	{Method: "POST", Path: "/api/v1/consents/:id/:action", Scoped: handlers.MoveConsent, Category: models.CatConsent, Verb: models.Change,
		Action: "consent.change", Change: true},

	{Method: "GET", Path: "/api/v1/referrals", Scoped: handlers.ListReferrals, Category: models.CatReferral, Verb: models.Read,
		Action: "referral.read", Query: []string{"direction", "state", "overdue", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/referrals/:id", Scoped: handlers.GetReferral, Category: models.CatReferral, Verb: models.Read,
		Action: "referral.read"},
	{Method: "POST", Path: "/api/v1/referrals", Scoped: handlers.CreateReferral, Category: models.CatReferral, Verb: models.Create,
		Action: "referral.create", Create: true, Command: "referral.create"},
	{Method: "POST", Path: "/api/v1/referrals/:id/:action", Scoped: handlers.MoveReferral, Category: models.CatReferral, Verb: models.Change,
		Action: "referral.change", Change: true, Command: "referral.change", Current: "/api/v1/referrals/:id"},

	{Method: "GET", Path: "/api/v1/clients/:code/episodes", Scoped: handlers.ListEpisodes, Category: models.CatEpisode, Verb: models.Read,
		Action: "episode.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/episodes", Scoped: handlers.StartEpisode, Category: models.CatEpisode, Verb: models.Create,
		Action: "episode.create", Create: true, Command: "episode.create", Current: "/api/v1/clients/:code/episodes"},
	{Method: "GET", Path: "/api/v1/episodes/:id", Scoped: handlers.GetEpisode, Category: models.CatEpisode, Verb: models.Read,
		Action: "episode.read"},
	{Method: "POST", Path: "/api/v1/episodes/:id/contacts", Scoped: handlers.RecordContact, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.contact", Change: true, Command: "episode.contact", Current: "/api/v1/episodes/:id", Adds: true, Occurs: "on"},
	{Method: "POST", Path: "/api/v1/episodes/:id/closure", Scoped: handlers.CloseEpisode, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.close", Change: true, Command: "episode.close", Current: "/api/v1/episodes/:id"},
	{Method: "POST", Path: "/api/v1/episodes/:id/edition", Scoped: handlers.MoveEpisode, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.edition", Change: true},

	// Tasks, anchors and the life cycle of episodes.
	{Method: "POST", Path: "/api/v1/episodes/:id/reopening", Scoped: handlers.ReopenEpisode, Category: models.CatEpisode, Verb: models.Create,
		Action: "episode.reopening", Create: true},
	{Method: "GET", Path: "/api/v1/episodes/:id/anchors", Scoped: handlers.ListAnchors, Category: models.CatEpisode, Verb: models.Read,
		Action: "episode.read"},
	{Method: "POST", Path: "/api/v1/episodes/:id/anchors", Scoped: handlers.RecordAnchor, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.anchor", Create: true},
	{Method: "POST", Path: "/api/v1/episodes/:id/:action", Scoped: handlers.ChangeEpisodeState, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.change", Change: true, Command: "episode.change", Current: "/api/v1/episodes/:id"},
	{Method: "GET", Path: "/api/v1/tasks", Scoped: handlers.ListTasks, Category: models.CatTask, Verb: models.Read,
		Action: "task.read", Query: []string{"due", "state", "step", "role", "assignee", "episode", "lang", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/tasks/:id", Scoped: handlers.GetTask, Category: models.CatTask, Verb: models.Read,
		Action: "task.read", Query: []string{"lang"}},
	{Method: "POST", Path: "/api/v1/clients/:code/tasks", Scoped: handlers.CreateTask, Category: models.CatTask, Verb: models.Create,
		Action: "task.create", Create: true, Command: "task.create"},
	{Method: "POST", Path: "/api/v1/tasks/:id/:action", Scoped: handlers.MoveTask, Category: models.CatTask, Verb: models.Change,
		Action: "task.change", Change: true, Command: "task.change", Current: "/api/v1/tasks/:id", Occurs: "on", OccursIn: "completion"},

	// The clinical record, overdoses, naloxone and alerts.
	{Method: "POST", Path: "/api/v1/clients/:code/screenings", Scoped: handlers.RecordScreening, Category: models.CatScreening, Verb: models.Create,
		Action: "screening.create", Create: true, Command: "screening.create", Current: "/api/v1/clients/:code/screenings", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/screenings", Scoped: handlers.ListScreenings, Category: models.CatScreening, Verb: models.Read,
		Action: "screening.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/assessments", Scoped: handlers.RecordAssessment, Category: models.CatDiagnosis, Verb: models.Create,
		Action: "assessment.create", Create: true},
	{Method: "GET", Path: "/api/v1/clients/:code/assessments", Scoped: handlers.ListAssessments, Category: models.CatDiagnosis, Verb: models.Read,
		Action: "assessment.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/diagnoses", Scoped: handlers.RecordDiagnosis, Category: models.CatDiagnosis, Verb: models.Create,
		Action: "diagnosis.create", Create: true},
	{Method: "GET", Path: "/api/v1/clients/:code/diagnoses", Scoped: handlers.ListDiagnoses, Category: models.CatDiagnosis, Verb: models.Read,
		Action: "diagnosis.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/social-plans", Scoped: handlers.RecordSocialPlan, Category: models.CatPlanSocial, Verb: models.Create,
		Action: "social_plan.create", Create: true, Command: "social_plan.create", Current: "/api/v1/clients/:code/social-plans", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/social-plans", Scoped: handlers.ListSocialPlans, Category: models.CatPlanSocial, Verb: models.Read,
		Action: "social_plan.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/clinical-plans", Scoped: handlers.RecordClinicalPlan, Category: models.CatPlanClinical, Verb: models.Create,
		Action: "clinical_plan.create", Create: true},
	{Method: "GET", Path: "/api/v1/clients/:code/clinical-plans", Scoped: handlers.ListClinicalPlans, Category: models.CatPlanClinical, Verb: models.Read,
		Action: "clinical_plan.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/tests", Scoped: handlers.RecordTest, Category: models.CatInfection, Verb: models.Create,
		Action: "infection_test.create", Create: true, Command: "infection_test.create", Current: "/api/v1/clients/:code/tests", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/tests", Scoped: handlers.ListTests, Category: models.CatInfection, Verb: models.Read,
		Action: "infection_test.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/drug-tests", Scoped: handlers.RecordDrugTest, Category: models.CatDrugTest, Verb: models.Create,
		Action: "drug_test.create", Create: true, Command: "drug_test.create", Current: "/api/v1/clients/:code/drug-tests", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/drug-tests", Scoped: handlers.ListDrugTests, Category: models.CatDrugTest, Verb: models.Read,
		Action: "drug_test.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/observations", Scoped: handlers.RecordObservation, Category: models.CatWithdrawal, Verb: models.Create,
		Action: "observation.create", Create: true, Command: "observation.create", Current: "/api/v1/clients/:code/observations", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/observations", Scoped: handlers.ListObservations, Category: models.CatWithdrawal, Verb: models.Read,
		Action: "observation.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/mental-health-checks", Scoped: handlers.RecordMentalHealthCheck, Category: models.CatMentalHealth, Verb: models.Create,
		Action: "mental_health_check.create", Create: true, Command: "mental_health_check.create", Current: "/api/v1/clients/:code/mental-health-checks", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/mental-health-checks", Scoped: handlers.ListMentalHealthChecks, Category: models.CatMentalHealth, Verb: models.Read,
		Action: "mental_health_check.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/reproductive-statuses", Scoped: handlers.RecordReproductiveStatus, Category: models.CatReproductive, Verb: models.Create,
		Action: "reproductive_status.create", Create: true, Command: "reproductive_status.create", Current: "/api/v1/clients/:code/reproductive-statuses", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/reproductive-statuses", Scoped: handlers.ListReproductiveStatuses, Category: models.CatReproductive, Verb: models.Read,
		Action: "reproductive_status.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/counselling-notes", Scoped: handlers.RecordCounsellingNote, Category: models.CatCounselling, Verb: models.Create,
		Action: "counselling_note.create", Create: true, Command: "counselling_note.create", Current: "/api/v1/clients/:code/counselling-notes", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/counselling-notes", Scoped: handlers.ListCounsellingNotes, Category: models.CatCounselling, Verb: models.Read,
		Action: "counselling_note.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/contacts", Scoped: handlers.RecordClientContact, Category: models.CatAttendance, Verb: models.Create,
		Action: "contact.create", Create: true, Command: "contact.create", Current: "/api/v1/clients/:code/contacts", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/contacts", Scoped: handlers.ListContacts, Category: models.CatAttendance, Verb: models.Read,
		Action: "contact.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/naloxone-trainings", Scoped: handlers.RecordNaloxoneTraining, Category: models.CatNaloxone, Verb: models.Create,
		Action: "naloxone_training.create", Create: true, Command: "naloxone_training.create", Current: "/api/v1/clients/:code/naloxone-trainings", Occurs: "on"},
	{Method: "GET", Path: "/api/v1/clients/:code/naloxone-trainings", Scoped: handlers.ListNaloxoneTrainings, Category: models.CatNaloxone, Verb: models.Read,
		Action: "naloxone_training.read", Query: []string{"limit", "cursor"}},
	// An entry's category is known when it is found: the store looks in the categories that the role may read, or write.
	{Method: "GET", Path: "/api/v1/entries/:id", Scoped: handlers.GetEntry, AnyRole: true, Action: "entry.read"},
	{Method: "POST", Path: "/api/v1/entries/:id/corrections", Scoped: handlers.CorrectEntry, AnyRole: true, Action: "entry.correct", Change: true,
		Command: "entry.correct", Current: "/api/v1/entries/:id"},

	{Method: "POST", Path: "/api/v1/overdoses", Scoped: handlers.ReportOverdose, Category: models.CatOverdoseEvent, Verb: models.Create,
		Action: "overdose.create", Create: true, Command: "overdose.create", Occurs: "at"},
	{Method: "GET", Path: "/api/v1/overdoses", Scoped: handlers.ListOverdoses, Category: models.CatOverdoseEvent, Verb: models.Read,
		Action: "overdose.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/overdoses/:id", Scoped: handlers.GetOverdose, Category: models.CatOverdoseEvent, Verb: models.Read,
		Action: "overdose.read"},
	{Method: "POST", Path: "/api/v1/overdoses/:id/:action", Scoped: handlers.MoveOverdose, Category: models.CatOverdoseEvent, Verb: models.Change,
		Action: "overdose.change", Change: true, Command: "overdose.change", Current: "/api/v1/overdoses/:id"},

	{Method: "POST", Path: "/api/v1/naloxone-kits", Scoped: handlers.StockKit, Category: models.CatNaloxone, Verb: models.Create,
		Action: "naloxone_kit.create", Create: true},
	{Method: "GET", Path: "/api/v1/naloxone-kits", Scoped: handlers.ListKits, Category: models.CatNaloxone, Verb: models.Read,
		Action: "naloxone_kit.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/naloxone-kits/:id", Scoped: handlers.GetKit, Category: models.CatNaloxone, Verb: models.Read,
		Action: "naloxone_kit.read"},
	{Method: "POST", Path: "/api/v1/naloxone-kits/:id/:action", Scoped: handlers.MoveKit, Category: models.CatNaloxone, Verb: models.Change,
		Action: "naloxone_kit.change", Change: true, Command: "naloxone_kit.change", Current: "/api/v1/naloxone-kits/:id", Occurs: "on"},

	{Method: "POST", Path: "/api/v1/alerts", Scoped: handlers.IssueAlert, Category: models.CatAlert, Verb: models.Create,
		Action: "alert.create", Create: true},
	{Method: "GET", Path: "/api/v1/alerts", Scoped: handlers.ListAlerts, Category: models.CatAlert, Verb: models.Read,
		Action: "alert.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/alerts/:id", Scoped: handlers.GetAlert, Category: models.CatAlert, Verb: models.Read,
		Action: "alert.read"},
	{Method: "POST", Path: "/api/v1/alerts/:id/issue", Scoped: handlers.IssueProposal, Category: models.CatAlert, Verb: models.Change,
		Action: "alert.issue", Change: true},
	{Method: "POST", Path: "/api/v1/alerts/:id/retraction", Scoped: handlers.RetractAlert, Category: models.CatAlert, Verb: models.Change,
		Action: "alert.retract", Change: true},

	// The early warning: reports about substances. Who has to judge a report confirms it.
	{Method: "POST", Path: "/api/v1/ews-reports", Scoped: handlers.ReportEWS, Category: models.CatEWSReport, Verb: models.Create,
		Action: "ews_report.create", Create: true},
	{Method: "GET", Path: "/api/v1/ews-reports", Scoped: handlers.ListEWSReports, Category: models.CatEWSReport, Verb: models.Read,
		Action: "ews_report.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/ews-reports/:id", Scoped: handlers.GetEWSReport, Category: models.CatEWSReport, Verb: models.Read,
		Action: "ews_report.read"},
	{Method: "POST", Path: "/api/v1/ews-reports/:id/confirmation", Scoped: handlers.ConfirmEWS, Category: models.CatEWSReport, Verb: models.Approve,
		Action: "ews_report.confirm", Change: true},
	{Method: "POST", Path: "/api/v1/ews-reports/:id/retraction", Scoped: handlers.RetractEWS, Category: models.CatEWSReport, Verb: models.Change,
		Action: "ews_report.retract", Change: true},
	{Method: "GET", Path: "/api/v1/ews-figures", Scoped: handlers.GetEWSFigures, Category: models.CatEWSReport, Verb: models.Read,
		Action: "ews_report.count", Query: []string{"period"}},

	// Agonist treatment. Prescribing needs the verb change, so that a nurse, who creates dose
	// events, does not make orders.
	{Method: "POST", Path: "/api/v1/clients/:code/dose-orders", Scoped: handlers.CreateDoseOrder, Category: models.CatOAT, Verb: models.Change,
		Action: "dose_order.create", Create: true},
	{Method: "GET", Path: "/api/v1/clients/:code/dose-orders", Scoped: handlers.ListDoseOrders, Category: models.CatOAT, Verb: models.Read,
		Action: "dose_order.read"},
	{Method: "GET", Path: "/api/v1/dose-orders/:id", Scoped: handlers.GetDoseOrder, Category: models.CatOAT, Verb: models.Read,
		Action: "dose_order.read"},
	{Method: "POST", Path: "/api/v1/dose-orders/:id/doses", Scoped: handlers.RecordDose, Category: models.CatOAT, Verb: models.Create,
		Action: "dose_order.dose", Create: true, Command: "dose_order.dose", Current: "/api/v1/dose-orders/:id", Occurs: "at", Reason: "guardReason"},
	{Method: "GET", Path: "/api/v1/dose-orders/:id/doses", Scoped: handlers.ListDoses, Category: models.CatOAT, Verb: models.Read,
		Action: "dose_order.doses", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/dose-orders/:id/:action", Scoped: handlers.ChangeDoseOrder, Category: models.CatOAT, Verb: models.Change,
		Action: "dose_order.change", Change: true},
	{Method: "GET", Path: "/api/v1/dose-transfers", Scoped: handlers.ListDoseTransfers, Category: models.CatTransfer, Verb: models.Read,
		Action: "dose_transfer.read", Query: []string{"direction", "state", "overdue", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/dose-transfers/:id", Scoped: handlers.GetDoseTransfer, Category: models.CatTransfer, Verb: models.Read,
		Action: "dose_transfer.read"},
	{Method: "POST", Path: "/api/v1/dose-transfers", Scoped: handlers.CreateDoseTransfer, Category: models.CatTransfer, Verb: models.Create,
		Action: "dose_transfer.create", Create: true},
	{Method: "POST", Path: "/api/v1/dose-transfers/:id/:action", Scoped: handlers.MoveDoseTransfer, Category: models.CatTransfer, Verb: models.Change,
		Action: "dose_transfer.change", Change: true},
	{Method: "GET", Path: "/api/v1/double-dosing", Scoped: handlers.ListDoubleDosing, Category: models.CatOAT, Verb: models.Read,
		Action: "double_dosing.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/double-dosing/:id/settlement", Scoped: handlers.SettleDoubleDosing, Category: models.CatOAT, Verb: models.Change,
		Action: "double_dosing.settlement", Change: true},

	// Custody, release and being told.
	{Method: "POST", Path: "/api/v1/clients/:code/custody-spells", Scoped: handlers.OpenCustodySpell, Category: models.CatCustody, Verb: models.Create,
		Action: "custody_spell.create", Create: true},
	{Method: "GET", Path: "/api/v1/custody-spells", Scoped: handlers.ListCustodySpells, Category: models.CatCustody, Verb: models.Read,
		Action: "custody_spell.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/custody-spells/:id", Scoped: handlers.GetCustodySpell, Category: models.CatCustody, Verb: models.Read,
		Action: "custody_spell.read"},
	{Method: "POST", Path: "/api/v1/custody-spells/:id/planned-release", Scoped: handlers.PlanCustodyRelease, Category: models.CatCustody, Verb: models.Change,
		Action: "custody_spell.plan_release", Change: true},
	{Method: "POST", Path: "/api/v1/custody-spells/:id/release", Scoped: handlers.ReleaseFromCustody, Category: models.CatCustody, Verb: models.Change,
		Action: "custody_spell.release", Change: true},
	{Method: "POST", Path: "/api/v1/custody-spells/:id/transfers", Scoped: handlers.OrderCustodyTransfer, Category: models.CatTransfer, Verb: models.Create,
		Action: "custody_spell.transfer", Create: true},
	{Method: "POST", Path: "/api/v1/custody-spells/:id/release-case", Scoped: handlers.OpenReleaseCase, Category: models.CatReleaseCase, Verb: models.Create,
		Action: "custody_spell.release_case", Create: true},
	{Method: "POST", Path: "/api/v1/custody-spells/:id/:action", Scoped: handlers.MoveCustodySpell, Category: models.CatCustody, Verb: models.Change,
		Action: "custody_spell.change", Change: true},
	// An institution has slips and no version; what it replaces it says in the body. Nothing
	// may stand in the way of a report that somebody goes free.
	{Method: "POST", Path: "/api/v1/custody-spells/by-slip/:slip/release-date", Scoped: handlers.SetReleaseDate, Category: models.CatReleaseDate, Verb: models.Change,
		Action: "custody_spell.plan_release"},
	{Method: "POST", Path: "/api/v1/custody-spells/by-slip/:slip/unplanned-release", Scoped: handlers.ReportUnplannedRelease, Category: models.CatReleaseDate, Verb: models.Change,
		Action: "custody_spell.report_release"},
	{Method: "GET", Path: "/api/v1/custody-transfers", Scoped: handlers.ListCustodyTransfers, Category: models.CatTransfer, Verb: models.Read,
		Action: "custody_transfer.read", Query: []string{"alarm", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/custody-transfers/:id", Scoped: handlers.GetCustodyTransfer, Category: models.CatTransfer, Verb: models.Read,
		Action: "custody_transfer.read"},
	{Method: "POST", Path: "/api/v1/custody-transfers/:id/:action", Scoped: handlers.MoveCustodyTransfer, Category: models.CatTransfer, Verb: models.Change,
		Action: "custody_transfer.change", Change: true},
	{Method: "GET", Path: "/api/v1/release-cases", Scoped: handlers.ListReleaseCases, Category: models.CatReleaseCase, Verb: models.Read,
		Action: "release_case.read", Query: []string{"due", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/release-cases/:id", Scoped: handlers.GetReleaseCase, Category: models.CatReleaseCase, Verb: models.Read,
		Action: "release_case.read"},
	{Method: "POST", Path: "/api/v1/release-cases/:id/:action", Scoped: handlers.MoveReleaseCase, Category: models.CatReleaseCase, Verb: models.Change,
		Action: "release_case.change", Change: true},
	{Method: "GET", Path: "/api/v1/release-handovers", Scoped: handlers.ListReleaseHandovers, Category: models.CatReleaseCase, Verb: models.Read,
		Action: "release_case.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/regions/:region/default-clinic", Scoped: handlers.GetDefaultClinic, Category: models.CatOrganisation, Verb: models.Read,
		Action: "region_default.read"},
	{Method: "PUT", Path: "/api/v1/regions/:region/default-clinic", Scoped: handlers.SetDefaultClinic, Category: models.CatOrganisation, Verb: models.Change,
		Action: "region_default.change", Change: true},
	{Method: "GET", Path: "/api/v1/notices", Scoped: handlers.ListNotices, Category: models.CatNotice, Verb: models.Read,
		Action: "notice.read", Query: []string{"state", "limit", "cursor"}},
	// Acknowledging needs no If-Match, like a withdrawal: it can be repeated.
	{Method: "POST", Path: "/api/v1/notices/:id/acknowledgement", Scoped: handlers.AcknowledgeNotice, Category: models.CatNotice, Verb: models.Change,
		Action: "notice.acknowledge"},
	{Method: "GET", Path: "/api/v1/organisations/:id/duty-contacts", Scoped: handlers.ListDutyContacts, Category: models.CatUser, Verb: models.Read,
		Action: "duty_contact.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/organisations/:id/duty-contacts", Scoped: handlers.AddDutyContact, Category: models.CatUser, Verb: models.Create,
		Action: "duty_contact.create", Create: true},
	{Method: "PATCH", Path: "/api/v1/organisations/:id/duty-contacts/:contact", Scoped: handlers.ChangeDutyContact, Category: models.CatUser, Verb: models.Change,
		Action: "duty_contact.change", Change: true},

	// Agreements, passes, disclosure, break-glass and functional notes.
	{Method: "GET", Path: "/api/v1/agreements", Scoped: handlers.ListAgreements, Category: models.CatAgreement, Verb: models.Read,
		Action: "agreement.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/agreements", Scoped: handlers.CreateAgreement, Category: models.CatAgreement, Verb: models.Create,
		Action: "agreement.create", Create: true},
	{Method: "GET", Path: "/api/v1/agreements/:id", Scoped: handlers.GetAgreement, Category: models.CatAgreement, Verb: models.Read,
		Action: "agreement.read"},
	{Method: "POST", Path: "/api/v1/agreements/:id/countersignature", Scoped: handlers.CountersignAgreement, Category: models.CatAgreement, Verb: models.Approve,
		Action: "agreement.countersignature", Change: true},
	{Method: "POST", Path: "/api/v1/agreements/:id/:action", Scoped: handlers.MoveAgreement, Category: models.CatAgreement, Verb: models.Change,
		Action: "agreement.change", Change: true},
	{Method: "GET", Path: "/api/v1/access-passes", Scoped: handlers.ListPasses, Category: models.CatAccessPass, Verb: models.Read,
		Action: "access_pass.read", Query: []string{"overdue", "limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/access-passes", Scoped: handlers.ApplyForPass, Category: models.CatAccessPass, Verb: models.Create,
		Action: "access_pass.create", Create: true},
	{Method: "GET", Path: "/api/v1/access-passes/:id", Scoped: handlers.GetPass, Category: models.CatAccessPass, Verb: models.Read,
		Action: "access_pass.read"},
	{Method: "POST", Path: "/api/v1/access-passes/:id/approval", Scoped: handlers.ApprovePass, Category: models.CatAccessPass, Verb: models.Approve,
		Action: "access_pass.approval", Change: true},
	{Method: "POST", Path: "/api/v1/access-passes/:id/conditional-approval", Scoped: handlers.ApprovePassOnConditions, Category: models.CatAccessPass, Verb: models.Approve,
		Action: "access_pass.conditional_approval", Change: true},
	{Method: "POST", Path: "/api/v1/access-passes/:id/refusal", Scoped: handlers.RefusePass, Category: models.CatAccessPass, Verb: models.Approve,
		Action: "access_pass.refusal", Change: true},
	{Method: "POST", Path: "/api/v1/access-passes/:id/:action", Scoped: handlers.MovePass, Category: models.CatAccessPass, Verb: models.Change,
		Action: "access_pass.change", Change: true},
	{Method: "GET", Path: "/api/v1/visits", Scoped: handlers.ListVisits, Category: models.CatAccessPass, Verb: models.Read,
		Action: "visit.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/visits", Scoped: handlers.PlanVisit, Category: models.CatAccessPass, Verb: models.Create,
		Action: "visit.create", Create: true},
	{Method: "GET", Path: "/api/v1/visits/:id", Scoped: handlers.GetVisit, Category: models.CatAccessPass, Verb: models.Read,
		Action: "visit.read"},
	{Method: "POST", Path: "/api/v1/visits/:id/:action", Scoped: handlers.MoveVisit, Category: models.CatAccessPass, Verb: models.Change,
		Action: "visit.change", Change: true},
	{Method: "GET", Path: "/api/v1/clients/:code/disclosures", Scoped: handlers.ListDisclosures, Category: models.CatDisclosureLog, Verb: models.Read,
		Action: "disclosure.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/clients/:code/disclosures", Scoped: handlers.EnterDisclosure, Category: models.CatDisclosureLog, Verb: models.Create,
		Action: "disclosure.create", Create: true},
	{Method: "GET", Path: "/api/v1/clients/:code/summary", Scoped: handlers.GetSummary, Category: models.CatDisclosureLog, Verb: models.Read,
		Action: "summary.read", Query: []string{"lang"}},
	{Method: "POST", Path: "/api/v1/clients/:code/court-duties", Scoped: handlers.RecordDuty, Category: models.CatDisclosureLog, Verb: models.Create,
		Action: "court_duty.create", Create: true},
	{Method: "POST", Path: "/api/v1/court-duties/:id/ending", Scoped: handlers.EndDuty, Category: models.CatDisclosureLog, Verb: models.Create,
		Action: "court_duty.end", Change: true},
	{Method: "GET", Path: "/api/v1/supervisions", Scoped: handlers.ListSupervisions, Category: models.CatAttendance, Verb: models.Read,
		Action: "supervision.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/supervisions/:id", Scoped: handlers.GetSupervision, Category: models.CatAttendance, Verb: models.Read,
		Action: "supervision.read"},
	{Method: "POST", Path: "/api/v1/break-glass", Scoped: handlers.BreakGlass, Category: models.CatBreakGlass, Verb: models.Create,
		Action: "break_glass.create", Create: true},
	{Method: "GET", Path: "/api/v1/break-glass", Scoped: handlers.ListBreakGlass, Category: models.CatBreakGlass, Verb: models.Read,
		Action: "break_glass.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/break-glass/:id", Scoped: handlers.GetBreakGlass, Category: models.CatBreakGlass, Verb: models.Read,
		Action: "break_glass.read"},
	// Ending emergency access needs no If-Match, as a withdrawal does not.
	{Method: "POST", Path: "/api/v1/break-glass/:id/end", Scoped: handlers.EndBreakGlass, Category: models.CatBreakGlass, Verb: models.Create,
		Action: "break_glass.end"},
	{Method: "POST", Path: "/api/v1/break-glass/:id/review", Scoped: handlers.ReviewBreakGlass, Category: models.CatBreakGlass, Verb: models.Approve,
		Action: "break_glass.review", Change: true},
	{Method: "POST", Path: "/api/v1/functional-notes", Scoped: handlers.WriteNote, Category: models.CatFunctionalNote, Verb: models.Create,
		Action: "functional_note.create", Create: true},
	{Method: "GET", Path: "/api/v1/functional-notes", Scoped: handlers.ListNotes, Category: models.CatFunctionalNote, Verb: models.Read,
		Action: "functional_note.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/clients/:code/functional-notes", Scoped: handlers.ListClientNotes, Category: models.CatFunctionalNote, Verb: models.Read,
		Action: "functional_note.read"},
	{Method: "POST", Path: "/api/v1/functional-notes/:id/cancellation", Scoped: handlers.CancelNote, Category: models.CatFunctionalNote, Verb: models.Create,
		Action: "functional_note.cancel", Change: true},

	// Devices, sync and changes. What a command may do is asked for each command anew.
	{Method: "GET", Path: "/api/v1/device-state", Public: handlers.GetDeviceState},
	{Method: "GET", Path: "/api/v1/devices", Scoped: handlers.ListDevices, Category: models.CatUser, Verb: models.Read,
		Action: "device.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/devices", Scoped: handlers.EnrolDevice, Category: models.CatUser, Verb: models.Create,
		Action: "device.create", Create: true},
	// Nothing may stand in the way of shutting a device out: no If-Match, and it can be repeated.
	{Method: "POST", Path: "/api/v1/devices/:id/shut-out", Scoped: handlers.ShutOutDevice, Category: models.CatUser, Verb: models.Change,
		Action: "device.shut_out"},
	{Method: "POST", Path: "/api/v1/sync", Scoped: handlers.SyncCommands, AnyRole: true, Action: "sync.create", Runs: true, MaxBody: 2 << 20},
	{Method: "GET", Path: "/api/v1/sync/conflicts", Scoped: handlers.ListSyncConflicts, AnyRole: true, Runs: true,
		Action: "sync_conflict.read", Query: []string{"state", "limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/sync/conflicts/:id/resolution", Scoped: handlers.ResolveSyncConflict, AnyRole: true, Runs: true,
		Action: "sync_conflict.resolve"},
	{Method: "GET", Path: "/api/v1/changes", Scoped: handlers.ListChanges, AnyRole: true, Action: "changes.read", Query: []string{"since", "limit"}},

	{Method: "GET", Path: "/api/v1/indicators", Scoped: handlers.ListIndicators, Category: models.CatIndicator, Verb: models.Read,
		Action: "indicator.read"},
	{Method: "GET", Path: "/api/v1/indicators/:id", Scoped: handlers.GetIndicator, Category: models.CatIndicator, Verb: models.Read,
		Action: "indicator.read"},
	{Method: "GET", Path: "/api/v1/releases", Scoped: handlers.ListReleases, Category: models.CatIndicator, Verb: models.Read,
		Action: "release.read", Query: []string{"limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/releases/:id", Scoped: handlers.GetRelease, Category: models.CatIndicator, Verb: models.Read,
		Action: "release.read"},
	// Any query to a sealed table asks for something that was not sealed; the handler says so.
	{Method: "GET", Path: "/api/v1/releases/:id/tables/:table", Scoped: handlers.GetReleaseTable, Category: models.CatIndicator, Verb: models.Read,
		Action: "release.read", FreeQuery: true},
	{Method: "GET", Path: "/api/v1/releases/:id/exports/:format", Scoped: handlers.GetReleaseExport, Category: models.CatIndicator, Verb: models.Read,
		Action: "release.export"},
	{Method: "GET", Path: "/api/v1/releases/:id/report", Scoped: handlers.GetSituationReport, Category: models.CatIndicator, Verb: models.Read,
		Action: "release.read"},
	{Method: "GET", Path: "/api/v1/releases/:id/worksheets/:worksheet", Scoped: handlers.GetWorksheet, Category: models.CatIndicator, Verb: models.Read,
		Action: "release.read"},
	{Method: "POST", Path: "/api/v1/releases", Scoped: handlers.SealRelease, Category: models.CatIndicator, Verb: models.Create,
		Action: "release.create", Create: true},
	{Method: "GET", Path: "/api/v1/denominators", Scoped: handlers.ListDenominators, Category: models.CatIndicator, Verb: models.Read,
		Action: "denominator.read", Query: []string{"limit", "cursor"}},
	{Method: "POST", Path: "/api/v1/denominators", Scoped: handlers.LoadDenominators, Category: models.CatIndicator, Verb: models.Create,
		Action: "denominator.create", Create: true},

	// The one live count: of the caller's own organisation only. Which figures it has, the role decides.
	{Method: "GET", Path: "/api/v1/own-figures", Scoped: handlers.GetOwnFigures, Category: models.CatOwnFigures, Verb: models.Read,
		Action: "own_figures.read", Query: []string{"asOf"}},

	{Method: "GET", Path: "/api/v1/audit-events", Scoped: handlers.ListAuditEvents, Category: models.CatAudit, Verb: models.Read,
		Action: "audit.read", Query: []string{"action", "limit", "cursor"}},
}

// takesBody reports whether a request with this method may carry a body that means
// something. A body on any other method is never read.
func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete
}
