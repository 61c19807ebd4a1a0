package synthetic

import (
	"slices"
	"strconv"

	"jol/models"
)

// Scheme is a way to tell whether two records are one human being.
type Scheme string

// Schemes. What lies between SchemeTrue and another is that scheme's error.
const (
	SchemeTrue    Scheme = "true"    // as only the generator knows
	SchemeRecord  Scheme = "record"  // every client record is somebody else
	SchemeCare    Scheme = "care"    // records joined by accepted referrals
	SchemeLinkage Scheme = "linkage" // care, and equal linkage ids wherever they are of full quality
	SchemeConsent Scheme = "consent" // linkage as far as clients allow it on the anchor: what sealing does
)

// Schemes lists every scheme.
var Schemes = []Scheme{SchemeTrue, SchemeRecord, SchemeCare, SchemeLinkage, SchemeConsent}

// Truth is what is known about the country beside its records.
type Truth struct {
	Clients   int // client records
	Referrals int
	By        map[Scheme]Count
}

// Count is what one scheme counts.
type Count struct {
	People int
	// Entrants are new TDI entries (docs/indicators.md, rules 3, 4, 6 and 7) by quarter,
	// such as 2026Q1.
	Entrants map[string]int
	// Splits is how often one human being is counted once more, and Merges how often
	// another is taken for one counted already: People is the truth, and the one more
	// and the other less.
	Splits, Merges int
}

// DoubleCounts is how many more people the scheme counts than there are. It is negative
// when it takes different people for one.
func (t Truth) DoubleCounts(s Scheme) int { return t.By[s].People - t.By[SchemeTrue].People }

// Truth goes through the country once more and counts it under each scheme.
func (w *World) Truth() Truth {
	t := Truth{By: map[Scheme]Count{}}
	groups := map[Scheme]map[any][]models.Episode{}
	for _, s := range Schemes {
		groups[s] = map[any][]models.Episode{}
	}
	human, splits := 0, map[Scheme]int{}
	belongs := map[Scheme]map[any]int{} // how many human beings a group holds
	for _, s := range Schemes {
		belongs[s] = map[any]int{}
	}
	for l := range w.lives() {
		human++
		own := map[Scheme]map[any]bool{}
		for _, s := range Schemes {
			own[s] = map[any]bool{}
		}
		for _, p := range l.persons {
			t.Clients += len(p.Clients)
			t.Referrals += len(p.Referrals)
			linkage := linkageOf(p)
			consented := w.consented(p, linkage)
			for _, c := range p.Clients {
				episodes := episodesOf(p, c.ID)
				for s, key := range map[Scheme]any{SchemeTrue: human, SchemeRecord: c.ID, SchemeCare: p.Person.ID, SchemeLinkage: linkage, SchemeConsent: consented} {
					groups[s][key] = append(groups[s][key], episodes...)
					own[s][key] = true
				}
			}
		}
		for _, s := range Schemes {
			splits[s] += len(own[s]) - 1
			for key := range own[s] {
				belongs[s][key]++
			}
		}
	}
	for _, s := range Schemes {
		count := Count{People: len(groups[s]), Entrants: map[string]int{}, Splits: splits[s]}
		for _, humans := range belongs[s] {
			count.Merges += humans - 1
		}
		for _, episodes := range groups[s] {
			for _, day := range newEntries(episodes) {
				count.Entrants[quarter(day)]++
			}
		}
		t.By[s] = count
	}
	return t
}

// linkageOf is what equal linkage ids are equal by: the folded registration, or the
// person where it is of low quality and therefore never linked.
func linkageOf(p models.ImportedPerson) any {
	r := p.Clients[0].Registration
	uic, err := models.NewUIC(r.Country, r.Sex, r.BirthYear, r.MotherInitials, r.FatherInitials)
	if err != nil || uic.Quality() == models.LinkLow {
		return p.Person.ID
	}
	return uic
}

// consented is what a person is counted by where clients are asked: the linkage across
// sectors, or within one, where a client allowed it and does on the anchor; otherwise the
// person alone.
func (w *World) consented(p models.ImportedPerson, linkage any) any {
	var lowest models.Sector
	for _, k := range p.Consents {
		if k.StateOn(w.Config.Anchor) != models.ConsentGiven || linkage == any(p.Person.ID) {
			continue // a link of low quality is never used
		}
		switch k.Purpose {
		case models.PurposeLinkageSector:
			return linkage
		case models.PurposeLinkageFacility:
			sector, _ := w.organisation(k.OrganisationID).Kind.Sector()
			if lowest == "" || sector < lowest { // one of them counts, and always the same one
				lowest = sector
			}
		}
	}
	if lowest == "" {
		return p.Person.ID
	}
	return [2]any{lowest, linkage}
}

func episodesOf(p models.ImportedPerson, id models.ClientID) (own []models.Episode) {
	for _, e := range p.Episodes {
		if e.ClientID == id {
			own = append(own, e)
		}
	}
	return own
}

// newEntries returns the start of the first new entry of each year. It is written anew
// here, so that counting can be tested against it.
func newEntries(episodes []models.Episode) (entries []models.Date) {
	treatment := slices.DeleteFunc(slices.Clone(episodes), func(e models.Episode) bool { return !e.Structured || e.EndReason == "11" })
	slices.SortFunc(treatment, func(a, b models.Episode) int { return a.StartDate.Time().Compare(b.StartDate.Time()) })
	counted := map[int]bool{}
	for _, e := range treatment {
		year := e.StartDate.Year()
		if e.PrimaryDrug == "80" || counted[year] {
			continue
		}
		before := slices.ContainsFunc(treatment, func(o models.Episode) bool {
			return o.StartDate < e.StartDate && activeUntil(o, e.StartDate) >= e.StartDate.AddDays(-182)
		})
		if !before {
			counted[year] = true
			entries = append(entries, e.StartDate)
		}
	}
	return entries
}

// activeUntil is the last day of an episode, seen from a day: one without contact for
// half a year ended when the client was last seen.
func activeUntil(e models.Episode, day models.Date) models.Date {
	switch {
	case e.EndDate != "":
		return e.EndDate
	case max(e.StartDate, e.LastContact).DaysUntil(day) >= inactivity:
		return max(e.StartDate, e.LastContact)
	}
	return day
}

func quarter(d models.Date) string {
	t := d.Time()
	return strconv.Itoa(t.Year()) + "Q" + strconv.Itoa((int(t.Month())+2)/3)
}
