package indicators

import (
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

// forEvents scales noise made for clients (one each) to a count to which a client
// adds up to m: variance m^2 V, bound and floor alike (disclosure control §2.4a).
// A value under m times five may come from fewer than five clients.
func (n Noise) forEvents(m int) Noise {
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

// TableLine is one table of the plan.
type TableLine struct {
	ID         string
	Indicator  string
	Part       string
	Dimensions []string
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

// The parts of the plan.
const (
	partEntrants   = "entrants"
	partIndicators = "indicators"
)

// planTables is the list itself: attributes of entrants one at a time, and the
// completion of referrals.
var planTables = []TableLine{
	{"TDI01.total", "TDI01", partEntrants, nil},
	{"TDI01.region", "TDI01", partEntrants, []string{DimRegion}},
	{"TDI01.sex", "TDI01", partEntrants, []string{DimSex}},
	{"TDI01.age", "TDI01", partEntrants, []string{DimAge}},
	{"TDI01.drug", "TDI01", partEntrants, []string{DimDrug}},
	{"TDI01.centre", "TDI01", partEntrants, []string{DimCentre}},
	{"REF01.total", "REF01", partIndicators, []string{DimMeasure}},
	{"REF01.region", "REF01", partIndicators, []string{DimRegion, DimMeasure}},
}

// PlanFor returns the release plan of the profile; release.profile_unknown if
// there is none.
//
// The depths are those of disclosure control §2.4 and §2.4a. The open_data profile
// has one attribute fewer everywhere. REF01 is in no provisional release: its
// numbers are final 60 days after the period, provisional ones appear after 30.
func PlanFor(profile Profile) (Plan, error) {
	plan := Plan{ID: "short", Version: 1, Profile: profile, Tables: slices.Clone(planTables)}
	none := Depth{NoTable, NoTable}
	switch profile {
	case Ministry:
		plan.PublishedBudget = 3.889
		plan.Parts = map[string]Part{
			partEntrants: {Noise{Variance: 4, Bound: 12, Floor: 5}, map[Status]Depth{
				Provisional: {1, 0}, Final: {2, 1}, Annual: {3, 2}, Revision: {3, 2},
			}},
			partIndicators: {Noise{Variance: 9, Bound: 18, Floor: 5}, map[Status]Depth{
				Provisional: none, Final: {0, NoTable}, Annual: {0, 0}, Revision: {0, 0},
			}},
		}
	case OpenData:
		plan.PublishedBudget = 0.719
		plan.Parts = map[string]Part{
			partEntrants: {Noise{Variance: 16, Bound: 24, Floor: 10}, map[Status]Depth{
				Provisional: {0, NoTable}, Final: {1, 0}, Annual: {2, 1}, Revision: {2, 1},
			}},
			partIndicators: {Noise{Variance: 16, Bound: 24, Floor: 10}, map[Status]Depth{
				Provisional: none, Final: none, Annual: {0, NoTable}, Revision: {0, NoTable},
			}},
		}
	default:
		return Plan{}, models.Fail(models.KindInvalid, "release.profile_unknown", "The profile is ministry or open_data.")
	}
	return plan, nil
}

// TablesFor returns the tables of a release with the status, in plan order.
func (p Plan) TablesFor(s Status) []TableLine {
	var lines []TableLine
	for _, line := range p.Tables {
		depth, ok := p.Parts[line.Part].Depth[s]
		if !ok {
			continue
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

// attributes counts the dimensions that describe a client beside geography.
func (l TableLine) attributes() int {
	n := 0
	for _, d := range l.Dimensions {
		if d != DimRegion && d != DimMeasure {
			n++
		}
	}
	return n
}

// isRate reports whether the table holds numerators and denominators.
func (l TableLine) isRate() bool { return slices.Contains(l.Dimensions, DimMeasure) }

// noiseOf returns the noise of a table's cells.
func (p Plan) noiseOf(line TableLine, indicator Indicator) Noise {
	return p.Parts[line.Part].Noise.forEvents(indicator.PerClient)
}

// Budget sums m^2 / (2 variance) over every draw one client can be in for a year:
// provisional, final, annual and one revision (disclosure control §2.4a). A client
// enters treatment in one quarter of a year but can be referred in all four, and a
// rate is two draws. It says what a reader who knows everyone else could use; it is
// no privacy promise.
func Budget(p Plan) float64 {
	rho := 0.0
	for _, s := range Statuses {
		for _, line := range p.TablesFor(s) {
			indicator, _ := ByID(line.Indicator)
			draws := 1
			if line.isRate() {
				draws = 2
			}
			if (s == Provisional || s == Final) && !indicator.OncePerYear {
				draws *= 4
			}
			m := float64(indicator.PerClient)
			rho += float64(draws) * m * m / (2 * float64(p.noiseOf(line, indicator).Variance))
		}
	}
	return rho
}
