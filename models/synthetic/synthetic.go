// Package synthetic makes up a country: organisations, accounts and people with their
// pathways through treatment, of whom nothing is real. It serves the demo, load tests,
// and tests of counting, because the truth behind the records is known (Truth).
//
// The same Config gives the same data byte for byte, ids included. Parents' names are
// internal to the generator: only the letters a worker would type leave it, and the
// store forgets them. Proportions are plausible and no more; nothing here is an estimate
// for any country.
package synthetic

import (
	"encoding/json"
	"errors"
	"iter"

	"jol/models"
)

// Config names one synthetic country. Its JSON is what marks the database.
type Config struct {
	Country string `json:"country"` // KZ
	Seed    uint64 `json:"seed"`
	// Clients is the number of client records: enrolments, of which a person has one
	// to three.
	Clients int `json:"clients"`
	// Anchor is the "today" of the data: nothing that has happened lies on or after it,
	// and the open work (referrals just sent, appointments to come) lies around it. Pass
	// the day the data are made; the mark keeps it, so that a restart moves nothing.
	Anchor models.Date `json:"anchor"`
}

// Mark is the name of the deployment row that says the data are synthetic.
const Mark = "demo"

// World is a generated country. It holds organisations and accounts; people are made
// each time they are asked for, always the same.
type World struct {
	Config        Config
	Organisations []models.Organisation
	// Users have no password. The first account of each kind of organisation comes first.
	Users []models.User

	calendar calendar
	places   []place // by rank: the first has most people and every kind of organisation
}

// Generate makes the country of the configuration.
func Generate(cfg Config) (*World, error) {
	if cfg.Country != "KZ" {
		return nil, errors.New("synthetic: the only synthetic country is KZ")
	}
	if cfg.Clients < 1 {
		return nil, errors.New("synthetic: at least one client is needed")
	}
	if _, ok := models.ParseDate(string(cfg.Anchor)); !ok {
		return nil, errors.New("synthetic: the anchor is not a date")
	}
	w := &World{Config: cfg, calendar: newCalendar(cfg.Anchor)}
	d := newDice(cfg.Seed, streamInstitutions)
	w.addOrganisations(d)
	w.addUsers(d)
	return w, nil
}

// Persons yields everybody as the records know them. A human being whom two
// organisations know without a referral between them is two persons.
func (w *World) Persons() iter.Seq[models.ImportedPerson] {
	return func(yield func(models.ImportedPerson) bool) {
		for l := range w.lives() {
			for _, p := range l.persons {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// Import is the whole country for the store. The caller draws the passwords.
func (w *World) Import(password func(models.User) string) (models.Import, error) {
	value, err := json.Marshal(w.Config)
	if err != nil {
		return models.Import{}, err
	}
	in := models.Import{
		Mark: Mark, Value: string(value), Organisations: w.Organisations, Clients: w.Config.Clients, Persons: w.Persons(),
	}
	for _, u := range w.Users {
		in.Users = append(in.Users, models.ImportedUser{User: u, Password: password(u)})
	}
	return in, nil
}
