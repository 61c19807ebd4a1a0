package indicators

import (
	"fmt"

	"jol/models"
)

// Begin checks a request and starts counting the release it names. It is the
// models.Sealer that main hands to the store.
func Begin(req models.SealRequest) (models.Sealing, error) {
	period, err := ParsePeriod(req.Period)
	if err != nil {
		return nil, err
	}
	plan, err := PlanFor(Profile(req.Profile))
	if err != nil {
		return nil, err
	}
	from, err := SealableFrom(Status(req.Status), period)
	if err != nil {
		return nil, err
	}
	if req.Today < from {
		return nil, models.Fail(models.KindConflict, "release.too_early", "This release can be sealed from %s on, when late entries are in.", from)
	}
	if Status(req.Status) == Revision {
		if err := mayRevise(req.Annual); err != nil {
			return nil, err
		}
	}
	country := Country{Code: req.Country, NotOffered: req.NotOffered}
	for _, r := range models.RegionsOf(req.Country, req.Today) {
		country.Regions = append(country.Regions, r.Code)
	}
	acc, err := NewAccumulator(plan, country, Status(req.Status), period)
	if err != nil {
		return nil, err
	}
	acc.knownUpTo(req.Today) // what was entered since the first possible day counts too
	acc.estimates = req.Estimates
	if Status(req.Status) == Revision {
		if acc.layout, err = layoutOfRelease(req.Annual.Tables); err != nil {
			return nil, err
		}
	}
	return sealing{acc}, nil
}

// sealing gives an accumulator the form the store knows.
type sealing struct{ acc *Accumulator }

// AddClient counts one client.
func (s sealing) AddClient(c models.ClientRows) error { return s.acc.AddClient(c) }

// Seal draws the noise and renders every table once.
func (s sealing) Seal(key []byte) (*models.Release, error) {
	sealed, err := s.acc.Seal(key)
	if err != nil {
		return nil, err
	}
	r := &models.Release{
		ID: sealed.ID, Country: sealed.Country, Period: sealed.Period, Status: string(sealed.Status),
		Profile: string(sealed.Profile), Plan: fmt.Sprintf("%s v%d", sealed.PlanID, sealed.PlanVersion), Budget: sealed.Budget, SHA256: sealed.SHA256,
	}
	for i, t := range sealed.Tables {
		r.Tables = append(r.Tables, models.ReleaseTable{
			ReleaseID: sealed.ID, TableID: t.ID, Position: i, Title: t.Title["en"], Dimensions: append([]string{}, t.Dimensions...),
			JSON: string(t.JSON()), CSV: string(t.CSV()),
		})
	}
	return r, nil
}
