package synthetic

import (
	"math"

	"jol/models"
)

// place is a region with its organisations.
type place struct {
	weight  float64
	region  string
	clinics []*models.Organisation
	ngos    []*models.Organisation
	health  *models.Organisation // prison health unit; nil where there is no prison
}

// settings says what exists where, every region of the country in order of rank: how many
// people a place has falls with its rank (Zipf). Population is not the measure; the first
// place simply has every kind of organisation, so that one region shows every pathway. The
// demo's accounts sit at the first of each kind, so that new places go to the end.
var settings = []struct {
	region, name      string
	hospital, prison  bool
	outpatientWithOAT bool
}{
	{region: "KZ-35", name: "Karaganda", hospital: true, prison: true, outpatientWithOAT: true},
	{region: "KZ-75", name: "Almaty city", hospital: true, outpatientWithOAT: true},
	{region: "KZ-55", name: "Pavlodar", prison: true, outpatientWithOAT: true},
	{region: "KZ-79", name: "Shymkent"},
	{region: "KZ-63", name: "East Kazakhstan", prison: true, outpatientWithOAT: true},
	{region: "KZ-71", name: "Astana"},
	{region: "KZ-39", name: "Kostanay", prison: true, outpatientWithOAT: true},
	{region: "KZ-61", name: "Turkistan"},
	{region: "KZ-15", name: "Aktobe", prison: true, outpatientWithOAT: true},
	{region: "KZ-19", name: "Almaty region", prison: true},
	{region: "KZ-31", name: "Zhambyl", prison: true, outpatientWithOAT: true},
	{region: "KZ-10", name: "Abai", outpatientWithOAT: true},
	{region: "KZ-27", name: "West Kazakhstan", outpatientWithOAT: true},
	{region: "KZ-11", name: "Akmola", prison: true},
	{region: "KZ-23", name: "Atyrau", outpatientWithOAT: true},
	{region: "KZ-43", name: "Kyzylorda", outpatientWithOAT: true},
	{region: "KZ-59", name: "North Kazakhstan", prison: true},
	{region: "KZ-47", name: "Mangystau"},
	{region: "KZ-33", name: "Jetisu"},
	{region: "KZ-62", name: "Ulytau"},
}

// addOrganisations makes the directory. Names are those of institutions.
func (w *World) addOrganisations(d *dice) {
	var all []*models.Organisation
	add := func(o models.Organisation) *models.Organisation {
		at := w.calendar.at(firstDay-30, len(all))
		o.ID, o.Name, o.Country = models.OrganisationID(d.id(at)), o.Name+" (demo)", w.Config.Country
		o.Active, o.Version, o.CreatedAt = true, 1, at
		o.Capabilities = models.DefaultCapabilities(w.Config.Country, o.Kind)
		o.Capabilities.THNAllowed = o.Kind == models.KindNGO
		o.Capabilities.NSPAllowed = o.Kind == models.KindNGO
		if o.Services == nil {
			o.Services = []string{}
		}
		all = append(all, &o)
		return &o
	}
	for rank, s := range settings {
		p := place{weight: 1 / math.Pow(float64(rank+1), 0.7), region: s.region}
		outpatient := []string{"detox", "psychosocial", "aftercare", "hiv_test", "hcv_test"}
		if s.outpatientWithOAT {
			outpatient = append([]string{"oat"}, outpatient...)
		}
		p.clinics = append(p.clinics, add(models.Organisation{
			Name: s.name + " narcology clinic", Kind: models.KindClinic, Region: s.region, CentreType: "1", Services: outpatient, ReportsStructured: true,
		}))
		if s.hospital {
			p.clinics = append(p.clinics, add(models.Organisation{
				Name: s.name + " rehabilitation hospital", Kind: models.KindClinic, Region: s.region, CentreType: "2",
				Services: []string{"detox", "rehabilitation", "psychosocial", "tb_test"}, ReportsStructured: true,
			}))
		}
		p.ngos = append(p.ngos, add(models.Organisation{
			Name: s.name + " harm reduction centre", Kind: models.KindNGO, Region: s.region, CentreType: "5",
			Services: []string{"naloxone", "nsp", "psychosocial", "hiv_test", "social", "housing", "legal"},
		}))
		if s.prison {
			prison := add(models.Organisation{Name: s.name + " penal institution", Kind: models.KindPrison, Region: s.region, CentreType: "6"})
			p.health = add(models.Organisation{
				Name: s.name + " prison health unit", Kind: models.KindPrisonHealth, Region: s.region, CentreType: "3",
				Services: []string{"detox", "psychosocial", "hiv_test", "hcv_test", "tb_test"}, ReportsStructured: true, Serves: prison.ID,
			})
		}
		w.places = append(w.places, p)
	}
	add(models.Organisation{Name: "Karaganda probation service", Kind: models.KindProbation, Region: "KZ-35", CentreType: "6"})
	add(models.Organisation{Name: "Ministry of health", Kind: models.KindMinistry, Region: "KZ-71", CentreType: "6"})
	for _, o := range all {
		w.Organisations = append(w.Organisations, *o)
	}
}

// nth returns the n-th organisation of a kind, in the order of the directory.
func (w *World) nth(kind models.OrganisationKind, n int) *models.Organisation {
	for i := range w.Organisations {
		if w.Organisations[i].Kind != kind {
			continue
		}
		if n == 0 {
			return &w.Organisations[i]
		}
		n--
	}
	return nil
}
