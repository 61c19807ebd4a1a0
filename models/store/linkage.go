package store

import (
	"crypto/rand"
	"encoding/hex"

	"jol/models"
)

// The linkage tables stand apart, on PostgreSQL in a schema of their own so that another
// database role can own them. This file writes them when a client is registered or a
// referral accepted, and reads them to address a referral in the receiver's sector and to
// compute an age; releases.go counts with them and import.go fills them. One question starts
// from them, and only after an agonist was given: was it given to the same code elsewhere that
// day? Its answer never leaves as such (docs/adr/0005). No other question about a person does.

// linkRow ties a client record to its linkage id. The birth year is kept here only.
type linkRow struct {
	ClientID    models.ClientID `gorm:"primaryKey"`
	LinkID      string          // hexadecimal; random for low quality
	LowQuality  bool
	BirthYear   int
	FoldVersion int
}

func (s *Store) linkTable() string {
	if s.dialect == "postgres" {
		return "linkage.entries"
	}
	return "linkage_entries"
}

// pseudonym is what a registration computes in memory: the initials are gone when it
// returns.
type pseudonym struct {
	link models.LinkID
	low  bool
}

// pseudonymOf folds and hashes a registration. A record without both parents is of low
// quality: it gets a random link id, so that it is never taken for another person.
func (s *Store) pseudonymOf(r models.Registration) (pseudonym, error) {
	uic, err := models.NewUIC(r.Country, r.Sex, r.BirthYear, r.MotherInitials, r.FatherInitials)
	if err != nil {
		return pseudonym{}, err
	}
	if uic.Quality() == models.LinkFull {
		return pseudonym{link: s.linker.Link(uic)}, nil
	}
	random := make([]byte, 32)
	rand.Read(random)
	link, err := models.ParseLinkID(hex.EncodeToString(random))
	return pseudonym{link: link, low: true}, err
}

func (t *tx) saveLink(client models.ClientID, p pseudonym, birthYear int) error {
	row := linkRow{ClientID: client, LinkID: p.link.Hex(), LowQuality: p.low, BirthYear: birthYear, FoldVersion: models.FoldVersion}
	return t.Table(t.session.store.linkTable()).Create(&row).Error
}

func (t *tx) linkOf(client models.ClientID) (row linkRow, err error) {
	err = t.Table(t.session.store.linkTable()).Where("client_id = ?", client).Take(&row).Error
	return row, err
}

// codeFor returns a client's code in the sector of a receiver.
func (t *tx) codeFor(client models.ClientID, kind models.OrganisationKind) (string, error) {
	sector, ok := kind.Sector()
	if !ok {
		return "", models.NotFound("organisation")
	}
	row, err := t.linkOf(client)
	if err != nil {
		return "", err
	}
	link, err := models.ParseLinkID(row.LinkID)
	if err != nil {
		return "", err
	}
	return string(t.session.store.linker.Code(link, sector)), nil
}

// copyLink gives a receiver's new record the linkage of the record it came from.
func (t *tx) copyLink(from, to models.ClientID) error {
	row, err := t.linkOf(from)
	if err != nil {
		return err
	}
	row.ClientID = to
	return t.Table(t.session.store.linkTable()).Create(&row).Error
}

// dosedElsewhere returns what stands for each other site that gave an agonist, on the civil
// day of a dose, to a client with the same linkage id: order, client and site, and no more.
// A record of low quality has an id of chance and matches nobody; neither does an entry
// that was corrected, or one on an order that had not begun or was ended by that day.
func (t *tx) dosedElsewhere(e *models.DoseEvent) (others []models.DoseEvent, err error) {
	own, err := t.linkOf(e.ClientID)
	if err != nil || own.LowQuality {
		return nil, err
	}
	err = t.Model(&models.DoseEvent{}).Distinct("dose_events.order_id", "dose_events.client_id", "dose_events.organisation_id", "dose_events.on_date").
		Joins("JOIN "+t.session.store.linkTable()+" le ON le.client_id = dose_events.client_id").
		Where("le.link_id = ? AND NOT le.low_quality AND dose_events.on_date = ? AND dose_events.status = ?", own.LinkID, e.OnDate, models.DoseGiven).
		Joins("JOIN dose_orders eo ON eo.id = dose_events.order_id AND eo.from_date <= dose_events.on_date AND (eo.ended_at IS NULL OR eo.ended_at >= ?)", models.StartOfDay(e.OnDate, t.session.actor.Zone)).
		Where("dose_events.organisation_id <> ?", e.OrganisationID).Where(inForce).Find(&others).Error
	return others, err
}

// ageAt returns completed years as far as a birth year can tell: before July the
// birthday is taken to lie ahead, so that errors of one year go both ways.
func (t *tx) ageAt(client models.ClientID, on models.Date) (int, error) {
	row, err := t.linkOf(client)
	return models.AgeFromYear(row.BirthYear, on), err
}
