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

	"anchor":           CatEpisode,
	"task":             CatTask,
	"entry":            "", // of many categories: FeedEntries
	"overdose":         CatOverdoseEvent,
	"naloxone_kit":     CatNaloxone,
	"alert":            CatAlert,
	"ews_report":       CatEWSReport,
	"dose_order":       CatOAT,
	"double_dosing":    CatOAT,
	"dose_transfer":    CatTransfer,
	"custody_spell":    CatCustody,
	"custody_transfer": CatTransfer,
	"release_case":     CatReleaseCase,
	"notice":           CatNotice,
	"functional_note":  CatFunctionalNote,
	"agreement":        CatAgreement,
	"access_pass":      CatAccessPass,
	"visit":            CatAccessPass,
	"break_glass":      CatBreakGlass,
	"court_duty":       CatDisclosureLog, // kept by whoever keeps the log
	"supervision":      CatAttendance,
	"disclosure":       CatDisclosureLog,
}

// FeedEntries is the kind whose records are of many categories: each is told to the roles
// that read its own.
const FeedEntries = "entry"

// FeedProgrammeAlert is stored of an alert in the feed of the ministry and told as "alert",
// to the programme only: of proposals too, and of what the reports did to an issued one.
const FeedProgrammeAlert = "programme_alert"
