package models

import "log/slog"

// The typed ids keep one kind of record from being passed for another. They print
// as "hidden" in logs: an id in a log line is a trail to a person.
type (
	// PersonID is the random internal id of a person. It never leaves the service.
	PersonID string
	// ClientID identifies one organisation's record of a person (an enrolment).
	ClientID string
	// OrganisationID identifies an organisation.
	OrganisationID string
	// UserID identifies a user account.
	UserID string
)

// LogValue hides the id.
func (PersonID) LogValue() slog.Value { return slog.StringValue("hidden") }

// LogValue hides the id.
func (ClientID) LogValue() slog.Value { return slog.StringValue("hidden") }

// Actor is who asks: one user, acting for one organisation in one role.
type Actor struct {
	UserID           UserID
	Username         string
	Role             Role
	OrganisationID   OrganisationID
	OrganisationName string
	OrganisationKind OrganisationKind
	// Serves is the institution a prison_health unit serves; empty otherwise.
	Serves  OrganisationID
	Region  string
	Country string
	// Zone is the IANA time zone of the organisation, for civil dates.
	Zone string
	// DeviceID is the enrolled device the request comes from; empty without one.
	DeviceID string
}

// SystemUser is the user id of commands that run on the server itself.
const SystemUser = "system"

// System is the actor of commands that run on the server itself (demo data, seal).
func System(country string) Actor {
	return Actor{UserID: SystemUser, Username: "system", Role: "system", Country: country, Zone: "UTC"}
}
