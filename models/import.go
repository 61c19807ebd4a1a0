package models

import "iter"

// Import is the data of a whole deployment, as the synthetic country or a migration
// hands it to the store. It is written into an empty database only.
type Import struct {
	// Mark and Value become a row of the deployment table when everything is in.
	Mark, Value   string
	Organisations []Organisation
	Users         []ImportedUser
	// Clients is how many client records Persons holds, for reporting progress.
	Clients int
	// Persons yields the people one by one, so that no country has to fit in memory.
	Persons iter.Seq[ImportedPerson]
}

// ImportedUser is an account with the password it starts with; only its hash is kept.
type ImportedUser struct {
	User
	Password string
}

// ImportedPerson is a person with everything that hangs on them. It refers to nothing
// but its own records, organisations and users. The store fills in what needs keys: the
// person's SDCKey, the clients' Code, LocalNo and LowQuality, the referrals' ToCode, and the
// OtherCode of the dose transfers.
type ImportedPerson struct {
	Person    Person
	Clients   []ImportedClient
	Consents  []Consent
	Episodes  []Episode
	Referrals []Referral

	Contacts        []EpisodeContact
	Anchors         []Anchor
	Tasks           []Task
	Entries         []Entry
	Overdoses       []Overdose
	Kits            []NaloxoneKit
	DoseOrders      []DoseOrder
	OrderVersions   []DoseOrderVersion
	Doses           []DoseEvent
	DoseTransfers   []DoseTransfer
	Spells          []CustodySpell
	PlannedReleases []PlannedRelease
	ReleaseCases    []ReleaseCase
	FunctionalNotes []FunctionalNote
}

// ImportedClient is a client record with what a worker typed to make it. The initials
// are used in memory and forgotten.
type ImportedClient struct {
	Client
	Registration Registration
	// LinkedAs names the earlier record of the same person whose linkage this one took
	// over when a referral was accepted; Registration does not count then.
	LinkedAs ClientID
}
