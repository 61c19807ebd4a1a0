package indicators

import (
	"fmt"

	"jol/models"
)

// firstDay is the first day of which anything is released (editorial: no register of this
// region is older in a form that could be entered). A table of a year without records is
// nothing but noise.
const firstDay models.Date = "2000-01-01"

// Begin is the models.Sealer of a deployment that counts by DefaultRules.
func Begin(req models.SealRequest) (models.Sealing, error) { return BeginUnder(DefaultRules)(req) }

// BeginUnder returns the models.Sealer that main hands to the store: it checks a request and
// starts counting the release it names, by the rules of the deployment.
func BeginUnder(rules Rules) models.Sealer {
	return func(req models.SealRequest) (models.Sealing, error) { return begin(req, rules) }
}

func begin(req models.SealRequest, rules Rules) (models.Sealing, error) {
	period, err := ParsePeriod(req.Period)
	if err != nil {
		return nil, err
	}
	if period.start < firstDay {
		return nil, models.Fail(models.KindInvalid, "release.period_unknown", "Releases begin with the year 2000.")
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
		if len(plan.TablesFor(Revision)) == 0 {
			return nil, models.Fail(models.KindConflict, "release.revision_gate", "The open_data profile has no revision: a second draw would spend more than its budget.")
		}
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
	acc.under(rules)
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
		Definitions: s.acc.definitions,
	}
	for i, t := range sealed.Tables {
		r.Tables = append(r.Tables, models.ReleaseTable{
			ReleaseID: sealed.ID, TableID: t.ID, Position: i, Title: t.Title["en"], Dimensions: append([]string{}, t.Dimensions...),
			JSON: string(t.JSON()),
		})
	}
	return r, nil
}
