package models

// RetentionRule says how long a country keeps the record of a client after the last thing
// that happened in it.
type RetentionRule struct {
	Country string
	Years   int
	Basis   string // S seen in a source, G general knowledge, E editorial default
	Note    string
}

// RetentionRules is one rule a country. They are editorial defaults and no legal advice:
// none of the countries' rules on keeping medical records was read for them. Whoever
// operates the service settles its rule with its own law before the first erasure.
var RetentionRules = []RetentionRule{
	{"KZ", 10, "E", "settle with the health ministry's rules on keeping medical records"},
	{"KG", 10, "E", "settle with the health ministry's rules on keeping medical records"},
	{"TJ", 10, "E", "settle with the health ministry's rules on keeping medical records"},
	{"TM", 10, "E", "settle with the health ministry's rules on keeping medical records"},
	{"UZ", 10, "E", "settle with the health ministry's rules on keeping medical records"},
}

// RetentionOf returns the rule of a country.
func RetentionOf(country string) (RetentionRule, bool) {
	for _, r := range RetentionRules {
		if r.Country == country {
			return r, true
		}
	}
	return RetentionRule{}, false
}

// Last returns the civil date before which the last thing must lie for a record to be erased.
func (r RetentionRule) Last(today Date) Date { return today.AddMonths(-12 * r.Years) }

// What the service keeps for itself, in days (basis: editorial).
const (
	KeyDays      = 90 // idempotency keys: as long as an outbox may lie
	SettledDays  = 90 // conflicts that were settled
	OldTokenDays = 30 // bearer tokens that have ended
)
