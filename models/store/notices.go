package store

import "jol/models"

// notify tells an organisation's duty worker that something urgent waits, without saying
// what: once for one subject, until somebody acknowledges it. consent is the one the
// notice rests on, if any: its withdrawal cancels what was not delivered.
func (t *tx) notify(to models.OrganisationID, kind, subject, consent string) error { return nil }

// cancelDeliveriesOf cancels what a consent's withdrawal catches before it was delivered,
// and returns the ids. STUB: helper custody's function takes its place.
func (t *tx) cancelDeliveriesOf(consent string) ([]string, error) { return nil, nil }
