package models

// FeedDays is how many days a change feed says that something is gone. Whoever stays away
// longer begins anew (basis: editorial; longer than a device may be away).
const FeedDays = 90

// FeedKinds are the kinds of records of the change feeds, each the noun of its address, and
// the category a role must be able to read to be told of them. A kind that is not here is
// told to nobody.
var FeedKinds = map[string]Category{
	"client":          CatIdentity,
	"identity_change": CatIdentity,
	"consent":         CatConsent,
	"referral":        CatReferral,
	"episode":         CatEpisode,

	"task":             CatTask,
	"screening":        CatScreening,
	"assessment":       CatDiagnosis,
	"diagnosis":        CatDiagnosis,
	"plan":             CatPlanSocial,
	"test":             CatInfection,
	"drug_test":        CatDrugTest,
	"observation":      CatWithdrawal,
	"contact":          CatAttendance,
	"counselling_note": CatCounselling,
	"overdose":         CatOverdoseEvent,
	"naloxone_kit":     CatNaloxone,
	"alert":            CatAlert,
	"dose_order":       CatOAT,
	"dose_event":       CatOAT,
	"double_dosing":    CatOAT,
	"dose_transfer":    CatTransfer,
	"custody_spell":    CatCustody,
	"custody_transfer": CatTransfer,
	"release_case":     CatReleaseCase,
	"notice":           CatTask,
	"functional_note":  CatFunctionalNote,
	"agreement":        CatAgreement,
	"access_pass":      CatAccessPass,
	"visit":            CatAccessPass,
	"break_glass":      CatBreakGlass,
	"disclosure":       CatDisclosureLog,
}
