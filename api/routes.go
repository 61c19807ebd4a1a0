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
	{Method: "POST", Path: "/api/v1/users", Scoped: handlers.CreateUser, Category: models.CatUser, Verb: models.Create,
		Action: "user.create", Create: true},
	{Method: "PATCH", Path: "/api/v1/users/:id", Scoped: handlers.ChangeUser, Category: models.CatUser, Verb: models.Change,
		Action: "user.change", Change: true},

	{Method: "POST", Path: "/api/v1/clients", Scoped: handlers.RegisterClient, Category: models.CatIdentity, Verb: models.Create,
		Action: "client.create", Create: true},
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
		Action: "consent.create", Create: true},
	{Method: "GET", Path: "/api/v1/consents/:id", Scoped: handlers.GetConsent, Category: models.CatConsent, Verb: models.Read,
		Action: "consent.read"},
	// A withdrawal needs no If-Match: nothing may stand in its way, and it can be repeated.
	{Method: "POST", Path: "/api/v1/consents/:id/withdrawal", Scoped: handlers.WithdrawConsent, Category: models.CatConsent, Verb: models.Change,
		Action: "consent.withdraw"},

	{Method: "GET", Path: "/api/v1/referrals", Scoped: handlers.ListReferrals, Category: models.CatReferral, Verb: models.Read,
		Action: "referral.read", Query: []string{"direction", "state", "overdue", "limit", "cursor"}},
	{Method: "GET", Path: "/api/v1/referrals/:id", Scoped: handlers.GetReferral, Category: models.CatReferral, Verb: models.Read,
		Action: "referral.read"},
	{Method: "POST", Path: "/api/v1/referrals", Scoped: handlers.CreateReferral, Category: models.CatReferral, Verb: models.Create,
		Action: "referral.create", Create: true},
	{Method: "POST", Path: "/api/v1/referrals/:id/:action", Scoped: handlers.MoveReferral, Category: models.CatReferral, Verb: models.Change,
		Action: "referral.change", Change: true},

	{Method: "GET", Path: "/api/v1/clients/:code/episodes", Scoped: handlers.ListEpisodes, Category: models.CatEpisode, Verb: models.Read,
		Action: "episode.read"},
	{Method: "POST", Path: "/api/v1/clients/:code/episodes", Scoped: handlers.StartEpisode, Category: models.CatEpisode, Verb: models.Create,
		Action: "episode.create", Create: true},
	{Method: "GET", Path: "/api/v1/episodes/:id", Scoped: handlers.GetEpisode, Category: models.CatEpisode, Verb: models.Read,
		Action: "episode.read"},
	{Method: "POST", Path: "/api/v1/episodes/:id/contacts", Scoped: handlers.RecordContact, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.contact", Change: true},
	{Method: "POST", Path: "/api/v1/episodes/:id/closure", Scoped: handlers.CloseEpisode, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.close", Change: true},
	{Method: "POST", Path: "/api/v1/episodes/:id/edition", Scoped: handlers.MoveEpisode, Category: models.CatEpisode, Verb: models.Change,
		Action: "episode.edition", Change: true},

	// Tasks, anchors and the life cycle of episodes.

	// The clinical record, overdoses, naloxone and alerts.

	// Agonist treatment.

	// Custody, release and being told.

	// Agreements, passes, disclosure, break-glass and functional notes.

	// Devices, sync and changes.

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

	{Method: "GET", Path: "/api/v1/audit-events", Scoped: handlers.ListAuditEvents, Category: models.CatAudit, Verb: models.Read,
		Action: "audit.read", Query: []string{"action", "limit", "cursor"}},
}

// key names a route in test output and in the OpenAPI check.
func (r Route) key() string { return r.Method + " " + r.Path }

// takesBody reports whether a request with this method may carry a body that means
// something. A body on any other method is never read.
func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete
}
