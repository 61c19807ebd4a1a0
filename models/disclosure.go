package models

import "time"

// Disclosure is one entry of the disclosure log: an organisation's record of a client was
// shown or given to somebody else. It names the consent it rested on, or the ground on
// which it happened without one.
type Disclosure struct {
	ID             string `gorm:"primaryKey"`
	ClientID       ClientID
	OrganisationID OrganisationID // whose record it is
	RecipientID    OrganisationID // empty when the recipient is not in the directory
	Recipient      string         // code list disclosure_recipient, for those
	Categories     []Category     `gorm:"serializer:json"`
	ConsentID      string
	Ground         string // code list disclosure_ground, or the relation that opened it: team, custody, emergency
	Reference      string // of a lawful request: a random id, never a case number
	ClientTold     bool
	NotToldReason  string
	At             time.Time
	ActorID        UserID
}
