package models

import "slices"

// Role is what a user does in their organisation. One user has one role.
type Role string

// Roles, in the order of the confidentiality matrix.
const (
	RoleClinician            Role = "clinician"
	RoleNarcologist          Role = "narcologist"
	RoleNurse                Role = "nurse"
	RolePrisonMedical        Role = "prison_medical"
	RolePsychologist         Role = "psychologist"
	RoleSocialWorker         Role = "social_worker"
	RolePrisonSecurity       Role = "prison_security"
	RolePrisonManagement     Role = "prison_management"
	RoleProbationOfficer     Role = "probation_officer"
	RoleNGOOutreach          Role = "ngo_outreach"
	RoleNGOCoordinator       Role = "ngo_coordinator"
	RolePeerNavigator        Role = "peer_navigator"
	RoleMinistryAnalyst      Role = "ministry_analyst"
	RoleProgrammeCoordinator Role = "programme_coordinator"
	RoleProtocolEditor       Role = "protocol_editor"
	RoleReleaseSteward       Role = "release_steward"
	RoleAuditor              Role = "auditor"
	RoleAdministrator        Role = "administrator"
)

// Roles lists every role a user may hold.
var Roles = []Role{
	RoleClinician, RoleNarcologist, RoleNurse, RolePrisonMedical, RolePsychologist, RoleSocialWorker,
	RolePrisonSecurity, RolePrisonManagement, RoleProbationOfficer, RoleNGOOutreach, RoleNGOCoordinator,
	RolePeerNavigator, RoleMinistryAnalyst, RoleProgrammeCoordinator, RoleProtocolEditor, RoleReleaseSteward,
	RoleAuditor, RoleAdministrator,
}

// Clinical reports whether the role may confirm that two records are one person.
func (r Role) Clinical() bool {
	return r == RoleClinician || r == RoleNarcologist || r == RoleNurse || r == RolePrisonMedical
}

// OrganisationKind says what an organisation is. It decides the code sector and
// which roles its users may hold.
type OrganisationKind string

// Organisation kinds.
const (
	KindClinic       OrganisationKind = "clinic"
	KindPrisonHealth OrganisationKind = "prison_health"
	KindPrison       OrganisationKind = "prison"
	KindNGO          OrganisationKind = "ngo"
	KindProbation    OrganisationKind = "probation"
	KindMinistry     OrganisationKind = "ministry"
)

// OrganisationKinds lists every kind.
var OrganisationKinds = []OrganisationKind{KindClinic, KindPrisonHealth, KindPrison, KindNGO, KindProbation, KindMinistry}

// Roles returns the roles that users of an organisation of this kind may hold.
func (k OrganisationKind) Roles() []Role {
	switch k {
	case KindClinic:
		return []Role{RoleClinician, RoleNarcologist, RoleNurse, RolePsychologist, RoleSocialWorker, RoleAdministrator}
	case KindPrisonHealth:
		return []Role{RolePrisonMedical, RoleNarcologist, RoleNurse, RolePsychologist, RoleAdministrator}
	case KindPrison:
		return []Role{RolePrisonSecurity, RolePrisonManagement}
	case KindNGO:
		return []Role{RoleNGOOutreach, RoleNGOCoordinator, RolePeerNavigator, RoleSocialWorker, RolePsychologist, RoleAdministrator}
	case KindProbation:
		return []Role{RoleProbationOfficer}
	case KindMinistry:
		return []Role{RoleMinistryAnalyst, RoleProgrammeCoordinator, RoleProtocolEditor, RoleReleaseSteward, RoleAuditor, RoleAdministrator}
	}
	return nil
}

// Sector returns the code sector of the kind; ok is false for kinds that never
// hold client records.
func (k OrganisationKind) Sector() (s Sector, ok bool) {
	switch k {
	case KindClinic:
		return SectorClinic, true
	case KindPrisonHealth:
		return SectorPrison, true
	case KindNGO:
		return SectorNGO, true
	}
	return "", false
}

// Category is a class of data. Every response field that says something about a
// person declares one.
type Category string

// Categories: first the confidentiality matrix, then the service's own resources.
const (
	CatIdentity         Category = "identity"
	CatTreatmentFact    Category = "treatmentFact"
	CatScreening        Category = "screening"
	CatDiagnosis        Category = "diagnosis"
	CatInfection        Category = "infection"
	CatMentalHealth     Category = "mentalHealth"
	CatWithdrawal       Category = "withdrawal"
	CatOAT              Category = "oat"
	CatDrugTest         Category = "drugTest"
	CatReproductive     Category = "reproductive"
	CatCounselling      Category = "counselling"
	CatPlanSocial       Category = "planSocial"
	CatPlanClinical     Category = "planClinical"
	CatReleaseDate      Category = "releaseDate"
	CatReleasePlan      Category = "releasePlan"
	CatAttendance       Category = "attendance"
	CatNaloxone         Category = "naloxone"
	CatOverdoseEvent    Category = "overdoseEvent"
	CatOverdoseClinical Category = "overdoseClinical"
	CatIncident         Category = "incident"
	CatComplaint        Category = "complaint"
	CatAccessPass       Category = "accessPass"
	CatConsent          Category = "consent"
	CatDisclosureLog    Category = "disclosureLog"

	CatReferral       Category = "referral"
	CatEpisode        Category = "episode"
	CatTask           Category = "task"
	CatNotice         Category = "notice"
	CatCustody        Category = "custody"
	CatTransfer       Category = "transfer"
	CatReleaseCase    Category = "releaseCase"
	CatFunctionalNote Category = "functionalNote"
	CatAgreement      Category = "agreement"
	CatBreakGlass     Category = "breakGlass"
	CatAlert          Category = "alert"
	CatEWSReport      Category = "ewsReport"
	CatProtocol       Category = "protocol"
	CatIndicator      Category = "indicator"
	CatOwnFigures     Category = "ownFigures"
	CatOrganisation   Category = "organisation"
	CatUser           Category = "user"
	CatAudit          Category = "audit"
)

// ClientCategories are the categories about a person: the ones a consent can name.
var ClientCategories = []Category{
	CatIdentity, CatTreatmentFact, CatScreening, CatDiagnosis, CatInfection, CatMentalHealth, CatWithdrawal,
	CatOAT, CatDrugTest, CatReproductive, CatCounselling, CatPlanSocial, CatPlanClinical, CatReleaseDate,
	CatReleasePlan, CatAttendance, CatNaloxone, CatOverdoseEvent, CatOverdoseClinical, CatIncident, CatComplaint,
	CatAccessPass, CatConsent, CatDisclosureLog,
}

// ResourceCategories are the service's own resources.
var ResourceCategories = []Category{
	CatReferral, CatEpisode, CatTask, CatNotice, CatCustody, CatTransfer, CatReleaseCase, CatFunctionalNote, CatAgreement,
	CatBreakGlass, CatAlert, CatEWSReport, CatProtocol, CatIndicator, CatOwnFigures, CatOrganisation, CatUser, CatAudit,
}

// Categories lists every category.
var Categories = slices.Concat(ClientCategories, ResourceCategories)

// Consentable is the category that a consent names to open rows of this one: a consent
// speaks of a release plan and its date, not of the resources that hold them.
func (c Category) Consentable() Category {
	switch c {
	case CatReleaseCase:
		return CatReleasePlan
	case CatCustody:
		return CatReleaseDate
	}
	return c
}

// Verb is what is done to a category.
type Verb string

// Verbs.
const (
	Read    Verb = "read"
	Create  Verb = "create"
	Change  Verb = "change"
	Approve Verb = "approve"
)

// Verbs lists every verb.
var Verbs = []Verb{Read, Create, Change, Approve}

// Relation ties an actor to a row. store/scope.go turns relations into SQL.
type Relation string

// Relations, as defined in docs/access.md.
const (
	Own       Relation = "own"       // the record's organisation is the actor's; referral: either party
	Team      Relation = "team"      // the treating team in charge; store/scope.go says exactly when
	InCustody Relation = "custody"   // open custody spell at the institution the actor serves
	Consented Relation = "consented" // a consent in force covers recipient, category and purpose
	Emergency Relation = "emergency" // the actor's unexpired break-glass
	Country   Relation = "country"   // any row of the deployment's country
	Any       Relation = "any"       // no row condition: resources that are about nobody
)

// Relations lists every relation.
var Relations = []Relation{Own, Team, InCustody, Consented, Emergency, Country, Any}

// Grants says through which relations an actor may do a verb to a category. The
// zero value grants nothing.
type Grants map[Category]map[Verb][]Relation

// Has reports whether any relation grants verb on category.
func (g Grants) Has(c Category, v Verb) bool { return len(g[c][v]) > 0 }

// Through reports whether the relation grants verb on category.
func (g Grants) Through(c Category, v Verb, r Relation) bool { return slices.Contains(g[c][v], r) }

// Purpose is what a consent allows data to be used for.
type Purpose string

// Purposes. The two linkage purposes allow counting only; research never passes
// through this API.
const (
	PurposeTreatment           Purpose = "treatment"
	PurposeReferral            Purpose = "referral"
	PurposeTreatmentContinuity Purpose = "treatment_continuity"
	PurposeDoseContinuity      Purpose = "dose_continuity"
	PurposeLinkageFacility     Purpose = "linkage_facility"
	PurposeLinkageSector       Purpose = "linkage_sector"
	PurposeResearch            Purpose = "research"
)

// Purposes lists every purpose.
var Purposes = []Purpose{
	PurposeTreatment, PurposeReferral, PurposeTreatmentContinuity, PurposeDoseContinuity,
	PurposeLinkageFacility, PurposeLinkageSector, PurposeResearch,
}

// PurposesFor returns the purposes under which a category may be disclosed: dose
// data needs a continuity purpose, all else a referral or treatment continuity.
func PurposesFor(c Category) []Purpose {
	if c == CatOAT {
		return []Purpose{PurposeDoseContinuity, PurposeTreatmentContinuity}
	}
	return []Purpose{PurposeReferral, PurposeTreatmentContinuity}
}

// Countries served by the code base; one deployment serves one.
var Countries = []string{"KZ", "KG", "TJ", "TM", "UZ"}
