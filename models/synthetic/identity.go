package synthetic

import (
	"math"

	"jol/models"
)

// identity is who a human being is: what codes are made from, and what draws them to
// treatment. Twins are two human beings of one identity.
type identity struct {
	sex            string
	birthYear      int
	mother, father initials
	fatherUnknown  bool
	place          int // rank
	drug           *profile
}

// profile describes the people of one primary drug.
type profile struct {
	code       string
	men        float64 // share
	age, sd    float64 // at first entry, years
	routes     []choice[string]
	everInject float64 // of those whose usual route is another
}

func (p *profile) opioid() bool { return p.code[0] == '1' }

// Routes of the code list tdi_route.
const (
	inject = "1"
	smoke  = "2"
	eat    = "3"
	sniff  = "4"
)

// profiles are weighted by how often the drug is the primary one among entrants.
var profiles = []choice[*profile]{
	{22, &profile{"11", 0.86, 39, 8, []choice[string]{{68, inject}, {27, smoke}, {5, sniff}}, 0.6}},
	{5, &profile{"15", 0.90, 45, 9, []choice[string]{{30, inject}, {40, smoke}, {30, eat}}, 0.3}},
	{4, &profile{"16", 0.70, 27, 6, []choice[string]{{1, eat}}, 0.05}},
	{1, &profile{"12", 0.82, 38, 8, []choice[string]{{30, inject}, {70, eat}}, 0.7}},
	{26, &profile{"34", 0.78, 27, 6, []choice[string]{{30, inject}, {35, sniff}, {30, smoke}, {5, eat}}, 0.2}},
	{5, &profile{"32", 0.80, 29, 7, []choice[string]{{25, inject}, {30, sniff}, {45, smoke}}, 0.2}},
	{3, &profile{"31", 0.76, 28, 7, []choice[string]{{20, inject}, {60, sniff}, {20, eat}}, 0.15}},
	{1, &profile{"33", 0.60, 23, 4, []choice[string]{{1, eat}}, 0.02}},
	{14, &profile{"71", 0.92, 29, 8, []choice[string]{{97, smoke}, {3, eat}}, 0.03}},
	{6, &profile{"72", 0.90, 23, 5, []choice[string]{{1, smoke}}, 0.03}},
	{5, &profile{"44", 0.75, 27, 7, []choice[string]{{1, eat}}, 0.1}},
	{2, &profile{"42", 0.50, 41, 12, []choice[string]{{1, eat}}, 0.1}},
	{0.5, &profile{"60", 0.80, 18, 3, []choice[string]{{1, smoke}}, 0.01}},
	{0.5, &profile{"21", 0.70, 31, 6, []choice[string]{{85, sniff}, {10, smoke}, {5, inject}}, 0.1}},
	{3, &profile{"80", 0.75, 43, 10, []choice[string]{{1, eat}}, 0.02}},
	{1.5, &profile{"92", 0.80, 31, 8, []choice[string]{{40, inject}, {30, eat}, {30, "99"}}, 0.3}},
	{1.5, &profile{"99", 0.80, 33, 10, []choice[string]{{1, "99"}}, 0.1}},
}

// newIdentity draws a human being who first seeks help in the year.
func (w *World) newIdentity(d *dice, year int) identity {
	who := identity{drug: pick(d, profiles), mother: d.mother(), father: d.father(), sex: "F", place: w.anyPlace(d)}
	if d.chance(who.drug.men) {
		who.sex = "M"
	}
	age := int(math.Round(who.drug.age + who.drug.sd*d.NormFloat64()))
	who.birthYear = year - min(max(age, 14), 74)
	who.fatherUnknown = d.chance(0.025)
	return who
}

// anyPlace draws a place by its weight.
func (w *World) anyPlace(d *dice) int {
	total := 0.0
	for i := range w.places {
		total += w.places[i].weight
	}
	x := d.Float64() * total
	for i := range w.places {
		if x -= w.places[i].weight; x < 0 {
			return i
		}
	}
	return 0
}

// registration is what a worker types. Scripts differ between workers, some ask only
// for the mother, and at a second organisation letters and years are sometimes wrong.
func (l *life) registration() models.Registration {
	latin := l.chance(0.3)
	r := models.Registration{
		Country: l.w.Config.Country, Sex: l.who.sex, BirthYear: l.who.birthYear,
		MotherInitials: l.who.mother.typed(latin), FatherInitials: l.who.father.typed(latin),
	}
	if len(l.records) > 0 {
		if l.chance(0.06) {
			r.MotherInitials = misheard(r.MotherInitials)
		}
		if l.chance(0.03) {
			r.BirthYear += 2*l.IntN(2) - 1
		}
	}
	if l.who.fatherUnknown || l.chance(0.01) {
		r.FatherInitials = ""
	}
	return r
}
