package indicators

import (
	"math"
	"math/rand/v2"

	"jol/models"
)

// mix says how uneven a country is.
type mix struct {
	zipf    float64 // exponent of the sizes of regions
	drugs   []float64
	centres []float64
	women   float64
}

var (
	// uneven has many small counts, for the attacks.
	uneven = mix{1.4, []float64{400, 12, 5, 9, 90, 4, 2, 6, 1, 9, 1, 0.05, 0.02, 60, 3, 2}, []float64{70, 20, 6, 1, 0.7, 0.3}, 0.1}
	// even is nearer to the country that the figures of utility were first measured on.
	even = mix{1, []float64{40, 3, 2, 3, 12, 4, 2, 3, 4, 5, 3, 1, 1, 10, 4, 3}, []float64{60, 20, 9, 4, 5, 2}, 0.18}
)

// people makes n entrants of 2026: regions by Zipf, attributes that depend on each other.
func people(seed uint64, n int, regions []string) []ClientRows {
	return peopleOf(uneven, seed, n, regions)
}

func peopleOf(m mix, seed uint64, n int, regions []string) []ClientRows {
	rng, more := rand.New(rand.NewPCG(seed, 77)), rand.New(rand.NewPCG(seed, 78))
	weights := make([]float64, len(regions))
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -m.zipf)
	}
	pick := func(weights []float64, codes ...string) string {
		sum := 0.0
		for i := range codes {
			sum += weights[i]
		}
		x := rng.Float64() * sum
		for i, c := range codes {
			if x -= weights[i]; x < 0 {
				return c
			}
		}
		return codes[len(codes)-1]
	}
	all := make([]ClientRows, n)
	for i := range all {
		drug := pick(m.drugs, "11", "12", "16", "15", "34", "32", "21", "42", "60", "72", "43", "51", "52", "71", "90", "91")
		women := m.women
		age := 18 + int(rng.ExpFloat64()*14)
		if drug[0] == '4' {
			women, age = 0.45, age+8
		}
		sex := "M"
		if rng.Float64() < women {
			sex = "F"
		}
		centre := pick(m.centres, "1", "2", "3", "4", "5", "99")
		if sex == "F" && centre == "3" && rng.IntN(2) == 0 {
			centre = "1"
		}
		three := func(codes ...string) string { return pick([]float64{60, 30, 6, 2, 0.7, 0.5, 0.3, 1}, codes...) }
		e := EpisodeRow{
			Region: pick(weights, regions...), Sex: sex, AgeAtStart: min(age, 80), CentreType: centre, PrimaryDrug: drug, Structured: true,
			Start: models.Date("2026-01-01").AddDays(rng.IntN(365)), PreviousTreatment: three("2", "1", "99"), ReferralSource: three("6", "4", "1", "2", "3", "5", "7", "99"),
			Route: three("1", "2", "4", "3", "5", "99"), Injecting: three("2.3", "1", "2.2", "2.1", "3", "99"),
			Items: models.TDIItems{
				LivingWith: three("2", "1", "3", "4", "5", "6", "7", "99"), LivingWhere: three("1", "2", "3", "4", "99"), Children: three("0", "1", "99"),
				Labour: three("4", "1", "2", "3", "5", "6", "99"), Education: three("3", "2", "4", "1", "99"), Frequency: three("1", "2", "3", "4", "5", "99"),
				AgeFirstUse: max(10, min(age, 80)-rng.IntN(15)), Polydrug: three("1", "2", "99"), OST: three("1", "2", "3", "99"),
				HIVTest: three("2.2", "1", "2.1", "99"), HCVTest: three("2.2", "1", "2.1", "99"), Sharing: three("1", "2.1", "2.3", "99"),
				AgeFirstInjection: max(12, min(age, 80)-rng.IntN(10)), AgeFirstOST: max(15, min(age, 80)-rng.IntN(5)),
			},
		}
		e.LastContact = e.Start.AddDays(rng.IntN(200))
		if rng.IntN(3) == 0 {
			e.Items.SecondaryDrugs[0] = "71"
		}
		all[i] = ClientRows{SDCKey: int64(rng.Uint64()), Episodes: []EpisodeRow{e}}
		if rng.IntN(4) == 0 {
			r := ReferralRow{Region: e.Region, SentOn: e.Start.AddDays(rng.IntN(60))}
			if rng.IntN(2) == 0 {
				r.AttendedOn = r.SentOn.AddDays(rng.IntN(45))
			}
			all[i].Referrals = []ReferralRow{r}
		}
		all[i].Entries = visits(rng, e)
		care(more, &all[i])
	}
	return all
}

// visits are contacts for needles, tests and naloxone of some of those who inject.
func visits(rng *rand.Rand, e EpisodeRow) (all []models.EntryRow) {
	one := models.EntryRow{Region: e.Region, Sector: "ngo", Sex: e.Sex, Age: e.AgeAtStart, NSPOffered: true}
	if e.Injecting != "2.3" || rng.IntN(4) > 0 {
		return nil
	}
	one.Kind, one.Code, one.On, one.Quantity = models.RowContact, "NSP", e.Start.AddDays(rng.IntN(50)), int64(rng.IntN(40))
	all = append(all, one)
	if rng.IntN(3) == 0 {
		one.Kind, one.Code, one.Quantity = models.RowTest, "HCV_RNA", 0
		one.Result = []string{"neg", "pos"}[rng.IntN(2)]
		one.ReturnedOn = one.On
		if rng.IntN(2) == 0 {
			one.LinkedOn = one.On.AddDays(rng.IntN(120))
		}
		all = append(all, one)
	}
	return all
}
