package synthetic

import "jol/models"

// assess is the rest of the entry items of an episode. Some episodes have none, and of
// most items a few are missing.
func (c *care) assess(v *visit) {
	rate := 0.92
	if !v.episode.Structured {
		rate = 0.25
	}
	if !c.likely(rate) {
		return
	}
	day := min(v.start+c.between(0, 6), v.end)
	e, prison := v.episode, v.org.Kind == models.KindPrisonHealth
	a := models.Assessment{AssessmentItems: models.AssessmentItems{
		On: c.date(day), LivingWith: pick(c.dice, livingWith), Children: pick(c.dice, children), LivingWhere: pick(c.dice, livingWhere),
		Labour: pick(c.dice, labour), Education: pick(c.dice, education), Frequency30d: pick(c.dice, frequencies),
		FrequencyReference: "before_entry", AgeFirstUse: c.ageBefore(e, 1, 20), SecondaryDrugs: c.secondary(e.PrimaryDrug),
		OSTStatus: pick(c.dice, ostOthers), HIVTest: pick(c.dice, tested), HCVTest: pick(c.dice, tested), Sharing: "99",
	}}
	a.Polydrug = pick(c.dice, polydrugs[min(len(a.SecondaryDrugs), 1)])
	if prison {
		a.LivingWith, a.LivingWhere, a.FrequencyReference = "5", "3", "before_detention"
	}
	if v.injects() {
		if a.AgeFirstInjection = c.ageBefore(e, 0, 15); a.AgeFirstInjection == nil {
			a.AgeFirstInjection = new(e.AgeAtStart)
		}
		a.Sharing = pick(c.dice, sharing)
	}
	if v.opioid {
		a.OSTStatus = pick(c.dice, ostOpioids)
	}
	if a.OSTStatus == "2" || a.OSTStatus == "3" {
		if a.AgeFirstOST = c.ageBefore(e, 0, 8); a.AgeFirstOST == nil {
			a.AgeFirstOST = new(e.AgeAtStart)
		}
	}
	if err := models.Complete(&a, models.EntryFacts{Sex: e.Sex, Episode: e, Organisation: v.org}); err != nil {
		panic("synthetic: an assessment breaks the rules: " + err.Error())
	}
	c.enter(v, day, &a)
}

// ageBefore draws an age some years before the episode; nil when it is not known.
func (c *care) ageBefore(e *models.Episode, low, high int) *int {
	age := max(e.AgeAtStart-c.between(low, high), 9)
	if age > e.AgeAtStart || c.chance(0.12) {
		return nil
	}
	return &age
}

// secondary draws none to three further drugs, each once.
func (c *care) secondary(primary string) []string {
	drugs := []string{}
	for i := c.IntN(len(secondaries)); len(drugs) < 3 && c.chance(0.35); i++ {
		if d := secondaries[i%len(secondaries)]; d != primary {
			drugs = append(drugs, d)
		}
	}
	return drugs
}

var (
	secondaries = []string{"80", "71", "34", "44", "15", "42", "16"}
	livingWith  = []choice[string]{{18, "1"}, {44, "2"}, {22, "3"}, {6, "4"}, {3, "6"}, {2, "7"}, {5, "99"}}
	children    = []choice[string]{{70, "0"}, {24, "1"}, {6, "99"}}
	livingWhere = []choice[string]{{76, "1"}, {15, "2"}, {3, "4"}, {6, "99"}}
	labour      = []choice[string]{{24, "1"}, {14, "2"}, {5, "3"}, {42, "4"}, {8, "5"}, {2, "6"}, {5, "99"}}
	education   = []choice[string]{{2, "1"}, {10, "2"}, {64, "3"}, {16, "4"}, {8, "99"}}
	frequencies = []choice[string]{{52, "1"}, {14, "2"}, {14, "3"}, {8, "4"}, {7, "5"}, {5, "99"}}
	tested      = []choice[string]{{26, "1"}, {30, "2.1"}, {34, "2.2"}, {2, "3"}, {8, "99"}}
	sharing     = []choice[string]{{30, "1"}, {34, "2.1"}, {16, "2.2"}, {9, "2.3"}, {4, "3"}, {7, "99"}}
	ostOpioids  = []choice[string]{{70, "1"}, {14, "2"}, {9, "3"}, {7, "99"}}
	ostOthers   = []choice[string]{{95, "1"}, {5, "99"}}
	polydrugs   = [2][]choice[string]{{{90, "2"}, {10, "99"}}, {{85, "1"}, {10, "2"}, {5, "99"}}}
)
