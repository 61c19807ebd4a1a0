package indicators

import "slices"

// planCounts are what the TDI part of the plan counts beside the catalogue: people
// entering treatment for alcohol, whom TDI leaves out, and the secondary drugs of both.
var planCounts = []Indicator{
	{
		ID:    "ALC01",
		Title: map[string]string{"en": "People entering treatment for alcohol", "ru": "Лица, начавшие лечение от алкогольной зависимости", "kk": "Алкогольге тәуелділікті емдеуге түскен адамдар"},
		Rule:  "TDI-6M, for primary drug 80.", PerClient: 1, OncePerYear: true, Count: countAlcoholEntrants,
	},
	{
		ID:    "TDI.SECONDARY",
		Title: map[string]string{"en": "Secondary drugs of people entering treatment", "ru": "Дополнительные наркотики лиц, начавших лечение", "kk": "Емдеуге түскен адамдардың қосымша есірткілері"},
		Rule:  "TDI-6M; each group of secondary drugs of a client counts once.", PerClient: secondaryDrugs, OncePerYear: true,
		Count: func(c ClientRows, f Frame) []Fact { return secondary(countEntrants(c, f)) },
	},
	{
		ID:    "ALC.SECONDARY",
		Title: map[string]string{"en": "Secondary drugs of people entering treatment for alcohol", "ru": "Дополнительные наркотики лиц, начавших лечение от алкогольной зависимости", "kk": "Алкогольге тәуелділікті емдеуге түскен адамдардың қосымша есірткілері"},
		Rule:  "TDI-6M, for primary drug 80; each group of secondary drugs of a client counts once.", PerClient: secondaryDrugs, OncePerYear: true,
		Count: func(c ClientRows, f Frame) []Fact { return secondary(countAlcoholEntrants(c, f)) },
	},
}

// secondaryDrugs is the most that TDI records of one client.
const secondaryDrugs = 3

// counted returns what a line of the plan counts: an indicator of the catalogue, or a
// count of the TDI part.
func counted(id string) (Indicator, bool) {
	if i, ok := ByID(id); ok {
		return i, true
	}
	for _, i := range planCounts {
		if i.ID == id {
			return i, true
		}
	}
	return Indicator{}, false
}

// countAlcoholEntrants is the mirror of TDI01: alcohol is what is looked for, and
// everything else is treatment that is no entry.
func countAlcoholEntrants(c ClientRows, f Frame) []Fact {
	if !slices.ContainsFunc(c.Episodes, func(e EpisodeRow) bool { return e.PrimaryDrug == alcohol }) {
		return nil
	}
	mirror := c
	mirror.Episodes = slices.Clone(c.Episodes)
	for i := range mirror.Episodes {
		if mirror.Episodes[i].PrimaryDrug == alcohol {
			mirror.Episodes[i].PrimaryDrug = notKnown
		} else {
			mirror.Episodes[i].PrimaryDrug = alcohol
		}
	}
	facts := countEntrants(mirror, f)
	for i := range facts {
		facts[i].Drug = alcohol
	}
	return facts
}

// secondary counts each group of secondary drugs once; a group that repeats adds nothing.
func secondary(entrants []Fact) []Fact {
	var facts []Fact
	for _, f := range entrants {
		seen := map[string]bool{}
		for _, code := range f.Entry.Items.SecondaryDrugs {
			if code == "" {
				continue
			}
			g := tdiGroup(code)
			if code == alcohol {
				g = "8"
			}
			if !seen[g] {
				seen[g] = true
				one := f
				one.Of = map[string]string{DimSecondaryGroup: g}
				facts = append(facts, one)
			}
		}
	}
	return facts
}

// isRate reports whether clients are counted for a denominator too.
func (i Indicator) isRate() bool { return i.Denominator != "" }
