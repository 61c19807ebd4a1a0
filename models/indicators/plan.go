package indicators

import (
	"maps"
	"math"
	"slices"

	"jol/models"
)

// Profile says for whom a release is made.
type Profile string

// Profiles. The ministry profile is for readers under an agreement, open_data for
// public download (disclosure control §1).
const (
	Ministry Profile = "ministry"
	OpenData Profile = "open_data"
)

// Profiles lists every profile.
var Profiles = []Profile{Ministry, OpenData}

// Noise is how counts are protected. All three are in counts or squared counts.
type Noise struct {
	Variance int // V
	Bound    int // D
	Floor    int // T: a result below it is not shown
}

// scaled adapts noise made for clients (one each) to a count to which a client adds
// up to m, events or the units of a sum: variance m^2 V, bound and floor alike
// (disclosure control §2.4a). A value under m times five may come from fewer than
// five clients.
func (n Noise) scaled(m int) Noise {
	return Noise{Variance: m * m * n.Variance, Bound: m * n.Bound, Floor: m * n.Floor}
}

// p95 returns the half width of the interval around a count: 1.96 standard
// deviations, rounded up. It is 4 at V = 4 (disclosure control §2.6).
func (n Noise) p95() int { return int(math.Ceil(1.96 * math.Sqrt(float64(n.Variance)))) }

// Depth is the greatest number of attributes a table may have beside geography,
// for the country and for regions. NoTable publishes none.
type Depth struct{ Country, Region int }

// NoTable as a depth means that not even a total is published.
const NoTable = -1

// Part is a group of tables under one noise and one depth per status.
type Part struct {
	Noise Noise // for one client; scaled by the indicator's PerClient
	Depth map[Status]Depth
}

// Filter keeps the facts that have one code in one dimension; the zero value keeps all.
type Filter struct{ Dimension, Code string }

// Source names one measure of another table of the plan.
type Source struct {
	Table, Measure string
	// InYears says that the two are equal in a year and differ in a quarter.
	InYears bool
}

// TableLine is one table of the plan.
type TableLine struct {
	ID         string
	Indicator  string
	Part       string
	Dimensions []string
	// Where makes the table one of a split, such as women: a client is in one of them.
	Where Filter
	// YearOnly keeps the table out of quarters.
	YearOnly bool
	// Same says that cells of this table equal some that are drawn elsewhere: the published
	// ones are shown again, not drawn again (disclosure control §2.4a). Its keys are codes of
	// the last dimension, such as a measure.
	Same map[string]Source
}

// Plan is the closed list of what may be sealed under a profile. A table that is
// not in it cannot be asked for (disclosure control §1, part 2).
type Plan struct {
	ID      string
	Version int
	Profile Profile
	Parts   map[string]Part
	Tables  []TableLine
	// PublishedBudget is the budget printed with every release. A test holds it
	// equal to Budget.
	PublishedBudget float64
}

// PlanFor returns the release plan of the profile; release.profile_unknown if
// there is none.
//
// The depths are those of disclosure control §2.4 and §2.4a. The open_data profile
// has one attribute fewer everywhere, no revision and no TDI tables, and its
// indicators carry more noise, which keeps its budget under 1.5.
func PlanFor(profile Profile) (Plan, error) {
	plan := Plan{ID: "full", Version: 3, Profile: profile, Tables: planTables}
	none := Depth{NoTable, NoTable}
	switch profile {
	case Ministry:
		plan.PublishedBudget = ministryBudget
		plan.Parts = map[string]Part{
			partEntrants: {Noise{Variance: 4, Bound: 12, Floor: 5}, map[Status]Depth{
				Provisional: {1, 0}, Final: {2, 1}, Annual: {3, 2}, Revision: {3, 2},
			}},
			partIndicators: {Noise{Variance: 9, Bound: 18, Floor: 5}, map[Status]Depth{
				Provisional: none, Final: {0, NoTable}, Annual: {0, 0}, Revision: {0, 0},
			}},
			partTDI: {Noise{Variance: 9, Bound: 18, Floor: 5}, map[Status]Depth{
				Provisional: none, Final: none, Annual: {3, NoTable}, Revision: {3, NoTable},
			}},
		}
	case OpenData:
		plan.PublishedBudget = openDataBudget
		plan.Parts = map[string]Part{
			partEntrants: {Noise{Variance: 16, Bound: 24, Floor: 10}, map[Status]Depth{
				Provisional: {0, NoTable}, Final: {1, 0}, Annual: {2, 1}, Revision: none,
			}},
			partIndicators: {Noise{Variance: 100, Bound: 60, Floor: 25}, map[Status]Depth{
				Provisional: none, Final: none, Annual: {0, NoTable}, Revision: none,
			}},
			partTDI: {Noise{Variance: 100, Bound: 60, Floor: 25}, map[Status]Depth{
				Provisional: none, Final: none, Annual: none, Revision: none,
			}},
		}
	default:
		return Plan{}, models.Fail(models.KindInvalid, "release.profile_unknown", "The profile is ministry, open_data, or both.")
	}
	return plan, nil
}

// TablesFor returns the tables of a release with the status, in plan order.
func (p Plan) TablesFor(s Status) []TableLine {
	var lines []TableLine
	quarters := s == Provisional || s == Final
	for _, line := range p.Tables {
		depth, ok := p.Parts[line.Part].Depth[s]
		if !ok || line.YearOnly && quarters {
			continue
		}
		if quarters {
			line.Same = maps.Clone(line.Same)
			maps.DeleteFunc(line.Same, func(_ string, source Source) bool { return source.InYears })
		}
		limit := depth.Country
		if slices.Contains(line.Dimensions, DimRegion) {
			limit = depth.Region
		}
		if line.attributes() <= limit {
			lines = append(lines, line)
		}
	}
	return lines
}

// OnlyAnnual reports whether a table of the profile's plan is sealed for years alone.
func OnlyAnnual(profile Profile, table string) bool {
	plan, err := PlanFor(profile)
	if err != nil {
		return false
	}
	holds := func(s Status) bool {
		return slices.ContainsFunc(plan.TablesFor(s), func(l TableLine) bool { return l.ID == table })
	}
	return holds(Annual) && !holds(Final) && !holds(Provisional)
}

// attributes counts the dimensions that describe a client beside geography. The class of
// substance, by which SDG351 has its two denominators, is part of that indicator.
func (l TableLine) attributes() int {
	n := 0
	for _, d := range l.Dimensions {
		if d != DimRegion && d != DimMeasure && d != DimSubstanceClass {
			n++
		}
	}
	return n
}

// isRate reports whether the table holds numerators and denominators.
func (l TableLine) isRate() bool { return slices.Contains(l.Dimensions, DimMeasure) }

// noiseOf returns the noise of a table's cells.
func (p Plan) noiseOf(line TableLine, indicator Indicator) Noise {
	return p.Parts[line.Part].Noise.scaled(indicator.PerClient)
}

// isRate reports whether clients are counted for a denominator too.
func (i Indicator) isRate() bool { return i.Denominator != "" }
